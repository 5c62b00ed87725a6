"""The first page: what was found, each with its n/N and limits, and what it does not show."""

from __future__ import annotations

from collections.abc import Callable

from carstats.errors import CarstatsError
from carstats.estimators.proportions.proportion import proportion_limits
from carstats.report.chapters.blocks import (
    Block,
    Caution,
    Heading,
    TableBlock,
    paragraphs,
    points,
)
from carstats.report.chapters.context import TWO_YEARS, YEAR, Context
from carstats.report.chapters.endpoints import (
    incidence_at,
    overall_survival,
    said,
)
from carstats.report.chapters.strata import cross_table, single_groups
from carstats.report.format import (
    DAYS_PER_MONTH,
    NONE,
    count,
    counted,
    interval,
    landmark,
    months,
    of,
    rate,
    with_limits,
)
from carstats.report.tables.abbreviations import spelled_out
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.report.tables.parts import Marks
from carstats.response.rates import response_rate
from carstats.survival.competing import cumulative_incidence
from carstats.survival.curves import survival_at
from carstats.survival.quantiles import followup_time
from carstats.toxicity.rates import toxicity_rate
from carstats.toxicity.table import toxicity_table
from carstats.words import sentences, tr, tr_n

# A cross table of more diseases than these is no first page.
_MOST_DISEASES = 10
_SIGNALS = ("CRS", "ICANS", "infection")


def summary(context: Context) -> list[Block]:
    """Return the page that answers."""
    blocks = paragraphs(_counted(context))
    blocks.append(
        TableBlock(
            answers(context), message=_in_one_sentence(context), told=_toxicity_said(context)
        )
    )
    if words := single_groups(context):
        blocks.append(Caution(words))
    if len(context.present("disease")) <= _MOST_DISEASES:
        blocks += cross_table(context)
    blocks.append(Heading(tr("What these numbers do not show")))
    return blocks + points(*_limits(context))


def _in_one_sentence(context: Context) -> str:
    """Return the first answer with its number, for the title of a slide."""
    n = counted(len(context.cohort), "subject")
    if not context.responses:
        return tr("What was found in {n}", n=n)
    return tr("Of {n}: {answer}", n=n, answer=said(context, context.responses[0]))


def _counted(context: Context) -> str:
    study, n = context.study, len(context.cohort)
    return sentences(
        tr(
            "The study has {all}. Counted here: {counted}; not infused: {left}.",
            all=counted(len(study.subjects), "subject"),
            counted=counted(n, "subject"),
            left=len(study.subjects) - n,
        )
        if "infused" in study.subjects
        else tr("The study has {all}.", all=counted(n, "subject")),
        tr(
            "Everybody who was infused is counted, including those who did not respond or were "
            "lost to follow-up: leaving them out would make any treatment look better than it is."
        )
        if "infused" in study.subjects
        else tr("Whether a subject was infused is not recorded; all subjects are counted."),
    )


def _toxicity_said(context: Context) -> dict[str, str]:
    """Return how many had cytokine release, for the slide that begins with the toxicities."""
    if context.toxicities is None:
        return {}
    try:
        every = toxicity_rate(context.cohort, "CRS").frame.iloc[0]
    except CarstatsError:
        # The row of the table says why; the slide keeps the title of the whole.
        return {}
    words = tr(
        "{term}: {count}, {rate}",
        term=context.label("toxicity", "CRS"),
        count=of(every["n_event"], every["n"], every["n_possible"]),
        rate=_possible(every)[1],
    )
    return {tr("Toxicity"): words}


class _Lines:
    """The rows of the table of answers, with the footnotes that they need."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.marks = Marks()
        self.lacks = False

    def add(self, group: str, name: str, counts: str, estimate: str = NONE, *notes: str) -> None:
        """Add a row."""
        self.rows.append(Row((name, counts, estimate), group, 1, self.marks.add(*notes)))

    def lack(self, group: str, name: str) -> None:
        """Add a row of what was not collected."""
        self.lacks = True
        self.add(group, name, tr("not collected"))

    def try_to_add(self, group: str, name: str, make: Callable[[], tuple]) -> None:
        """Add a row, or the reason for which the study's data do not give it."""
        try:
            self.add(group, name, *make())
        except CarstatsError as error:
            self.add(group, name, NONE, NONE, str(error))


def answers(context: Context) -> Table:
    """Return the table of the first page: a row for each question."""
    lines = _Lines()
    _follow_up(context, lines)
    _survival(context, lines)
    _responses(context, lines)
    _relapse(context, lines)
    _toxicity(context, lines)
    table = Table(
        title=tr("What was found"),
        heads=(tr("Outcome"), tr("n/N"), tr("Estimate (95\u00a0% CI)")),
        rows=tuple(lines.rows),
        notes=(
            tr("n: subjects with the outcome; N: subjects counted."),
            tr("–: not applicable or not estimable."),
            tr("What was not collected is unknown; it is not taken for none.")
            if lines.lacks
            else "",
        ),
        marked=tuple(lines.marks.notes),
        align=("left", "right", "right"),
        synthetic=context.study.synthetic,
    )
    return spelled_out(table)


def _follow_up(context: Context, lines: _Lines) -> None:
    group, cohort = tr("Subjects"), context.cohort
    name = tr("Infused") if "infused" in context.study.subjects else tr("All subjects")
    lines.add(group, name, of(len(cohort), len(context.study.subjects)))
    endpoint = overall_survival(context) or context.curve_endpoint
    if endpoint is None:
        median = cohort.subjects["last_contact_day"].median()
        lines.add(group, tr("Median time to the last contact"), count(len(cohort)), months(median))
        return

    def followed() -> tuple[str, str]:
        row = followup_time(cohort, endpoint).frame.iloc[0]
        ends = [row[c] / DAYS_PER_MONTH for c in ("conf_low", "conf_high")]
        median, limits = months(row["estimate"]), interval(*ends)
        return count(row["n"]), median if limits == NONE else with_limits(median, limits)

    lines.try_to_add(group, tr("Median follow-up (reverse Kaplan–Meier)"), followed)


def _survival(context: Context, lines: _Lines) -> None:
    group, cohort = tr("Survival"), context.cohort
    if "death_day" not in context.study.subjects:
        lines.lack(group, tr("Deaths"))
    else:
        died, n = int(cohort.subjects["death_day"].notna().sum()), len(cohort)
        low, high = (float(end) for end in proportion_limits(died, n))
        lines.add(group, tr("Deaths"), of(died, n), rate(died / n if n else None, low, high))
    endpoint = overall_survival(context)
    if endpoint is None:
        return
    for day, name in (
        (YEAR, tr("Overall survival at one year")),
        (TWO_YEARS, tr("Overall survival at two years")),
    ):
        row = survival_at(cohort, endpoint, at=day).frame.iloc[0]
        if row["estimate"] == row["estimate"]:
            still = tr_n("{n} at risk", "{n} at risk", int(row["n_risk"]))
            lines.add(group, name, still, _rate(row), *_few(row["n_risk"]))


def _responses(context: Context, lines: _Lines) -> None:
    group = tr("Response")
    wanted = dict.fromkeys(("remission", "drug_free_remission", *context.responses))
    for name in wanted:
        if name not in context.responses:
            lines.lack(group, context.label("endpoint", name))
            continue
        at = context.visit(name)

        def shown(name: str = name, at: float = at) -> tuple[str, ...]:
            row = response_rate(context.followed(at), name, at=at).frame.iloc[0]
            missing = int(row["n_missing"])
            note = (
                tr(
                    "{missing} of {n} without an evaluable assessment at the visit count as "
                    "failures.",
                    missing=missing,
                    n=int(row["n"]),
                )
                if missing
                else ""
            )
            return of(row["n_event"], row["n"]), _rate(row), note

        what = tr("{endpoint}, {visit}", endpoint=context.label("endpoint", name),
                  visit=landmark(at))  # fmt: skip
        lines.try_to_add(group, what, shown)


def _relapse(context: Context, lines: _Lines) -> None:
    group = tr("Relapse")
    if "relapse" not in context.event_endpoints:
        lines.lack(group, tr("Relapse"))
        return

    def whole() -> tuple[str, str]:
        frame = cumulative_incidence(context.cohort, "relapse").frame
        own = frame[frame["cause"] == "relapse"]
        return (of(own["n_event"].sum(), own["n"].iloc[0]),)

    lines.try_to_add(group, tr("Relapse while followed"), whole)
    for day, name in (
        (YEAR, tr("Relapse by one year (cumulative incidence)")),
        (TWO_YEARS, tr("Relapse by two years (cumulative incidence)")),
    ):
        row = incidence_at(context, day)
        if row is not None:
            still = tr_n("{n} at risk", "{n} at risk", int(row["n_risk"]))
            lines.add(group, name, still, _rate(row), *_few(row["n_risk"]))


def _toxicity(context: Context, lines: _Lines) -> None:
    group, cohort = tr("Toxicity"), context.cohort
    if context.toxicities is None:
        lines.lack(group, tr("Toxicities"))
        return
    for term in _SIGNALS:
        name = context.label("toxicity", term)
        for least, what in ((1, name), (3, tr("{term}, grade 3 or worse", term=name))):
            try:
                row = toxicity_rate(cohort, term, min_grade=least).frame.iloc[0]
            except CarstatsError:
                note = tr("Not graded, or on scales that cannot be put together.")
                lines.add(group, what, NONE, NONE, note)
                continue
            lines.add(group, what, *_possible(row))

    def serious() -> tuple[str, ...]:
        frame = toxicity_table(cohort).frame
        found = frame[(frame["row"] == "total") & (frame["criterion"] == "serious")]
        return _possible(found.iloc[0])

    episodes = context.toxicities
    if "serious" not in episodes or (len(episodes) and episodes["serious"].isna().all()):
        lines.lack(group, tr("Any serious toxicity"))
    elif len(episodes):
        lines.try_to_add(group, tr("Any serious toxicity"), serious)


def _possible(row) -> tuple[str, ...]:
    """Return n/N and the rate, from what is proven to what is possible."""
    note = (
        tr(
            "Where a grade, a day or an occurrence is not known, n and the rate reach from what is "
            "proven to what is possible."
        )
        if row["n_possible"] > row["n_event"]
        else ""
    )
    limits = [row[c] for c in ("estimate", "conf_low", "conf_high")]
    return (
        of(row["n_event"], row["n"], row["n_possible"]),
        rate(*limits, possible=row["estimate_possible"]),
        note,
    )


def _rate(row) -> str:
    return rate(row["estimate"], row["conf_low"], row["conf_high"])


def _few(n: float) -> tuple[str, ...]:
    """Return the footnote of a number that rests on fewer than five."""
    return (tr("Rests on fewer than five subjects at risk."),) if n < 5 else ()


def _limits(context: Context) -> list[str]:
    n = len(context.cohort)
    return [
        tr(
            "There is no comparison group: none of these numbers says what would have happened "
            "without the treatment, and differences between targets or diseases are differences "
            "between groups that chance did not form."
        ),
        tr(
            "The limits in brackets are 95\u00a0% confidence limits: a true value anywhere between "
            "them is compatible with the data. With few subjects they say more than the estimate."
        ),
        tr(
            "Response at a visit says nothing about how long it lasts, and a probability beyond "
            "the follow-up of most subjects rests on the few who were followed."
        )
        if context.responses or context.curve_endpoint
        else "",
        tr(
            "An event that happens to one subject in fifty would be missed altogether by {share} "
            "of studies with {n} subjects. What was not seen is not thereby absent.",
            n=n,
            share=rate(0.98**n, None, None),
        )
        if n
        else "",
    ]
