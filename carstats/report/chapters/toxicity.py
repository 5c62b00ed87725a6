"""Toxicity: how many had it and how badly, when it came, infections, and oncology beside it."""

from __future__ import annotations

from functools import partial

from carstats.errors import CarstatsError
from carstats.estimators.proportions.proportion import proportion_limits
from carstats.report.chapters.blocks import (
    Block,
    Heading,
    TableBlock,
    figure_block,
    paragraphs,
    points,
)
from carstats.report.chapters.context import MOST_COLUMNS, Context, part
from carstats.report.figures import (
    benchmark_figure,
    differences_figure,
    toxicity_figure,
    windows_figure,
)
from carstats.report.format import counted, number, of, percent, rate
from carstats.report.tables.toxicity import tabulate_grades, tabulate_toxicities
from carstats.toxicity.benchmark import toxicity_benchmark
from carstats.toxicity.differences import toxicity_difference
from carstats.toxicity.grades import toxicity_grades
from carstats.toxicity.rates import toxicity_rate
from carstats.toxicity.table import toxicity_table
from carstats.toxicity.timing.onset import toxicity_timing
from carstats.words import sentences, tr

_SIGNALS = ("CRS", "ICANS", "infection")


def toxicity(context: Context) -> list[Block]:
    """Return who had which toxicity, by worst grade, and when it came."""
    n = len(context.cohort)
    if context.toxicities is None:
        return paragraphs(tr("The study did not collect toxicities. That is not the same as none."))
    if not context.frequent:
        high = float(proportion_limits(0, n)[1]) if n else float("nan")
        return paragraphs(
            tr(
                "No toxicity was recorded in {n}. A true rate of up to {high} of subjects with a "
                "toxicity is compatible with it.",
                n=counted(n, "subject"),
                high=percent(high),
            )
        )
    known = [term for term in _SIGNALS if term in context.frequent]
    words = tr(
        "Each subject is counted once for each toxicity, by the worst grade. {count} had at least "
        "one recorded toxicity of any kind. The numbers in brackets are 95\u00a0% limits.",
        count=of(context.toxicities["subject_id"].nunique(), n),
    )
    return [
        *paragraphs(words),
        *points(*(_line(context, term) for term in known)),
        Heading(tr("By worst grade")),
        *part(lambda: _grades(context)),
        Heading(tr("When it comes, and how long it lasts")),
        *_timing(context, [term for term in known if term != "infection"]),
        Heading(tr("Infections")),
        *_infections(context),
        Heading(tr("What this means, and what it does not")),
        *points(*_not_shown(n)),
    ]


def toxicity_more(context: Context) -> list[Block]:
    """Return the tables of all toxicities, differences between targets, and the benchmark."""
    if not context.frequent:
        return []
    cohort, blocks = context.cohort, []
    targets = context.present("target")

    def tables() -> list[Block]:
        grades = toxicity_grades(cohort, context.frequent[:10])
        return [TableBlock(tabulate_grades(grades), {"grades": grades})]

    def by_system() -> list[Block]:
        counts = toxicity_table(cohort, by="target" if len(targets) <= MOST_COLUMNS else None)
        return [TableBlock(tabulate_toxicities(counts), {"counts": counts})]

    def differences() -> list[Block]:
        # A comparison of each with each: with many targets a page of it is enough.
        most = 8 if len(targets) <= MOST_COLUMNS else 2
        result = toxicity_difference(cohort, context.frequent[:most], by="target")
        draw = partial(differences_figure, result)
        return [figure_block(draw, {"": result}, "toxicity_differences")]

    blocks += [*part(tables), *part(by_system)]
    if len(targets) > 1:
        blocks += [Heading(tr("By target")), *part(differences)]
    return [*blocks, *_benchmark(context)]


def _line(context: Context, term: str) -> str:
    every = toxicity_rate(context.cohort, term).frame.iloc[0]
    try:
        severe = toxicity_rate(context.cohort, term, min_grade=3).frame.iloc[0]
    except CarstatsError:
        # Not graded, or on two scales that cannot be put together.
        severe = None
    limits = ("estimate", "conf_low", "conf_high")
    return sentences(
        tr(
            "**{term}**: {count} had it, {rate}.",
            term=context.label("toxicity", term),
            count=of(every["n_event"], every["n"], every["n_possible"]),
            rate=rate(*(every[c] for c in limits), possible=every["estimate_possible"]),
        ),
        tr(
            "Of grade 3 or worse: {count}; a true rate of up to {high} is compatible with it.",
            count=of(severe["n_event"], severe["n"], severe["n_possible"]),
            high=percent(severe["conf_high"]),
        )
        if severe is not None and severe["conf_high"] == severe["conf_high"]
        else "",
    )


def _grades(context: Context) -> list[Block]:
    grades = toxicity_grades(context.cohort, context.frequent[:10])
    any_one = context.toxicities["subject_id"].nunique()
    message = tr("{count} had a recorded toxicity", count=of(any_one, len(context.cohort)))
    words = tr(
        "The most frequent toxicities stand first. A toxicity without a grade is shown as not "
        "graded; it is not taken for a mild one."
    )
    draw = partial(toxicity_figure, grades)
    block = figure_block(draw, {"grades": grades}, "toxicity", message)
    return [block, *paragraphs(words)]


def _timing(context: Context, acute: list[str]) -> list[Block]:
    nothing = tr("The study records no cytokine release or neurotoxicity with a day of onset.")
    if not acute:
        return paragraphs(nothing)
    try:
        frame = toxicity_timing(context.cohort, acute).frame
    except CarstatsError:
        return paragraphs(nothing)
    words = []
    for term, rows in frame.groupby("term", sort=False):
        found = rows.set_index("measure")
        onset, lasting = found.loc["onset"], found.loc["duration"]
        if onset["estimate"] == onset["estimate"]:
            words.append(
                tr(
                    "**{term}**, {n}: median onset on day {day} (range {first} to {last}), median "
                    "duration {duration} days.",
                    term=context.label("toxicity", term),
                    day=number(onset["estimate"], 0),
                    first=number(onset["minimum"], 0),
                    last=number(onset["maximum"], 0),
                    duration=number(lasting["estimate"], 0),
                    n=counted(onset["n"], "subject"),
                )
            )
    return points(*words) or paragraphs(nothing)


def _infections(context: Context) -> list[Block]:
    if "infection" not in context.frequent:
        return paragraphs(
            tr(
                "No toxicity is recorded under the name {term}. Infections under other names "
                "stand in the table of toxicities.",
                term=context.label("toxicity", "infection"),
            )
        )
    records = context.toxicities
    dated = records.loc[records["term"] == "infection", "onset_day"].notna().any()
    if not dated:
        return paragraphs(tr("The study records infections without the day on which they began."))

    def windows() -> list[Block]:
        rates = toxicity_rate(context.cohort, "infection", window="standard", by="target")
        first = toxicity_rate(context.cohort, "infection").frame.iloc[0]
        message = tr(
            "Infections: {count}, {rate}",
            count=of(first["n_event"], first["n"], first["n_possible"]),
            rate=rate(first["estimate"], first["conf_low"], first["conf_high"]),
        )
        draw = partial(windows_figure, rates)
        return [figure_block(draw, {"rates": rates}, "infections", message)]

    return [
        *part(windows),
        *paragraphs(
            tr(
                "Early infections are commonly ascribed to the cytopenias after lymphodepletion, "
                "later ones to the lack of B cells and antibodies; these data do not show the "
                "cause. The share in each window is of those still followed when it began. The "
                "windows differ in length, so the shares do not show when infections came fastest."
            )
        ),
    ]


def _benchmark(context: Context) -> list[Block]:
    if "CRS" not in context.frequent:
        return []

    def compared() -> list[Block]:
        result = toxicity_benchmark(context.cohort, "CRS", min_grade=3)
        own = result.frame[result.frame["row"] == "observed"].iloc[0]
        trials = result.frame[result.frame["row"] == "reference"].iloc[0]
        words = (
            tr(
                "Cytokine release syndrome of grade 3 or worse was seen in {own} here, {own_rate}; "
                "the average over {n} oncology trials graded on the same scale is {mean_rate}. "
                "Those trials differ in disease, in dose and in how ill the subjects were: the "
                "comparison shows how far apart the rates are, not why.",
                own=of(own["n_event"], own["n"]),
                own_rate=rate(own["estimate"], own["conf_low"], own["conf_high"]),
                mean_rate=rate(trials["estimate"], trials["conf_low"], trials["conf_high"]),
                n=int(trials["n_trials"]),
            )
            if trials["estimate"] == trials["estimate"]
            else tr("There is no rate to compare with oncology.")
        )
        draw = partial(benchmark_figure, result)
        return [*paragraphs(words), figure_block(draw, {"": result}, "crs_benchmark")]

    return [Heading(tr("Severe cytokine release, compared with oncology")), *part(compared)]


def _not_shown(n: int) -> list[str]:
    return [
        tr(
            "An event that happens to one subject in fifty would be missed altogether by {share} "
            "of studies with {n} subjects. What was not seen is not thereby absent.",
            n=n,
            share=percent(0.98**n),
        ),
        tr(
            "To say “rarer and milder than in oncology” takes the same scale, the same window and "
            "the same care in looking. Where the scale is not stated, the comparison is not made."
        ),
        tr(
            "Toxicities are counted as reported. Mild ones are missed more easily than severe "
            "ones, late ones more easily than early ones."
        ),
        tr("Differences between targets are differences between groups that chance did not form."),
    ]
