"""The engineered cells: how they expand and stay, what goes with it; how long B cells are gone."""

from __future__ import annotations

from functools import partial

from carstats.errors import CarstatsError
from carstats.kinetics.aplasia import b_cell_aplasia, b_cell_depletion
from carstats.kinetics.exposure import exposure_listing, exposure_response
from carstats.kinetics.parameters import cellular_kinetics
from carstats.kinetics.persistence import (
    persistence_curve,
    persistence_rate,
    time_to_below_quantification,
)
from carstats.kinetics.profiles import kinetic_profiles
from carstats.kinetics.samples import MEASURES
from carstats.report.chapters.blocks import Block, Heading, TableBlock, figure_block, paragraphs
from carstats.report.chapters.context import Context, part
from carstats.report.figures import (
    aplasia_figure,
    exposure_figure,
    interval_figure,
    profiles_figure,
)
from carstats.report.format import count, of, p_value, rate, ratio
from carstats.report.tables import tabulate_depletion, tabulate_exposures, tabulate_kinetics
from carstats.report.tables.kinetics import digits
from carstats.result import Result
from carstats.survival.regression import cox_regression
from carstats.words import in_words, sentences, tr

# The share above quantification is told at this day, and drawn at the last visits as well.
_QUARTER = 90.0
_EXPOSURES = ("Cmax", "AUC0-28", "B-cell nadir", "dose", "dose per kg")
_RETURN, _RELAPSE, _CRS = "b_cell_reconstitution", "relapse", "CRS"


def cells(context: Context) -> list[Block]:
    """Return profiles, parameters and persistence of each measure of the cells."""
    rows = context.study.assessments
    known = set() if rows is None else set(rows["measure"])
    found: list[Block] = []
    for name in MEASURES:
        if name in known:
            found += [Heading(context.label("measure", name)), *_one(context, name)]
    lacking = tr("The study did not collect samples of the engineered cells.")
    found = found or paragraphs(lacking)
    if compared := part(partial(_exposures, context, known)):
        found += [Heading(tr("Exposure and outcome")), *compared]
    if "B_cells" in known:
        found += [Heading(tr("How long B cells are gone")), *part(partial(_aplasia, context)),
                  Heading(tr("Return of B cells and relapse")),
                  *part(partial(_return_and_relapse, context))]  # fmt: skip
    return found


def _one(context: Context, measure: str) -> list[Block]:
    cohort, by = context.cohort, context.by

    def profiles() -> list[Block]:
        listed = kinetic_profiles(cohort, measure, by=by)
        row = cellular_kinetics(cohort, measure).frame.iloc[0]
        message = tr(
            "Geometric mean of the peaks {mean} {unit} in {n}",
            mean=digits(row["estimate"]), unit=in_words(row["unit"]),
            n=count(row["n"] - row["n_missing"]),
        )  # fmt: skip
        draw = partial(profiles_figure, listed)
        return [figure_block(draw, {"": listed}, f"profiles_{measure}", message)]

    def parameters() -> list[Block]:
        result = cellular_kinetics(cohort, measure, by=by)
        table = TableBlock(tabulate_kinetics(result), {f"kinetics_{measure}": result})
        words = tr(
            "A subject whose cells were never above quantification counts with a peak and an area "
            "somewhere below the limit; the geometric means allow for that. A half-life describes "
            "the days that its note names, mostly the contraction after the peak."
        )
        return [table, *paragraphs(words)]

    def persistence() -> list[Block]:
        curve = persistence_curve(cohort, measure, by=by)
        draw = partial(interval_figure, curve)
        share = persistence_rate(cohort, measure, at=_QUARTER).frame.iloc[0]
        middle = time_to_below_quantification(cohort, measure).frame.iloc[0]
        told = tr(
            "On day {day} the cells were above quantification in {count} of those sampled, {rate}.",
            day=f"{_QUARTER:g}", count=of(share["n_event"], share["n"]),
            rate=rate(share["estimate"], share["conf_low"], share["conf_high"]),
        )  # fmt: skip
        half = tr("In fewer than half of the subjects they were seen to fall below it.")
        if middle["estimate_high"] == middle["estimate_high"]:
            half = tr(
                "In half of the subjects they fell below it by a day between {low} and {high}.",
                low=f"{middle['estimate_low']:g}", high=f"{middle['estimate_high']:g}",
            )  # fmt: skip
        return [
            *paragraphs(sentences(told, half)),
            figure_block(draw, {"": curve}, f"persistence_{measure}"),
        ]

    return [*part(profiles), *part(parameters), *part(persistence)]


def _exposures(context: Context, known: set) -> list[Block]:
    """Return how each exposure goes with response, CRS and relapse, and one of them drawn."""
    terms = set() if context.toxicities is None else set(context.toxicities["term"])
    outcomes = [*context.responses[-1:], *([_CRS] if _CRS in terms else [])]
    outcomes += [_RELAPSE] if _RELAPSE in context.event_endpoints else []
    measure = next((name for name in MEASURES if name in known), "")
    kinetic = _EXPOSURES[:2] if measure else ()
    results: list[Result] = []
    for outcome in outcomes:
        for exposure in (*kinetic, *_EXPOSURES[2:]):
            try:
                options = {"measure": measure} if measure else {}
                results.append(exposure_response(context.cohort, exposure, outcome, **options))
            except CarstatsError:
                # What the study does not record is no row.
                continue
    if not results:
        return []
    words = tr(
        "Who has a higher exposure may differ from the others in much else: severe disease, more "
        "inflammation, another product. What is known later than the infusion is compared from a "
        "landmark on. With few subjects the limits are wide, and no correlation found is none "
        "excluded."
    )
    table = tabulate_exposures(results, title=tr("Exposure and outcome"))
    named = {f"exposure_{i}": result for i, result in enumerate(results, start=1)}
    blocks: list[Block] = [*paragraphs(words), TableBlock(table, named)]
    shown = _CRS if _CRS in outcomes else outcomes[0]
    if measure:
        listed = exposure_listing(context.cohort, "Cmax", shown, measure=measure)
        if len(listed.frame):
            draw = partial(exposure_figure, listed)
            blocks.append(figure_block(draw, {"": listed}, f"exposure_{measure}"))
    return blocks


def _aplasia(context: Context) -> list[Block]:
    """Return the spans without B cells, and depth, duration and what comes back as a table."""
    spans = b_cell_aplasia(context.cohort, by=context.by)
    row = b_cell_aplasia(context.cohort).frame.iloc[0]
    told = tr(
        "B cells fell below {below} per µL in {gone}, and were seen to return in {back} of "
        "them. The return lies between the last sample below and the first of two above.",
        below=f"{spans.spec.options['below']:g}", gone=of(row["n_below"], row["n"]),
        back=of(row["n_event"], row["n_below"]),
    )  # fmt: skip
    depletion = b_cell_depletion(context.cohort, by=context.by)
    table = TableBlock(tabulate_depletion(depletion), {"b_cell_depletion": depletion})
    blocks: list[Block] = [*paragraphs(told)]
    if row["n_below"]:
        draw = partial(aplasia_figure, spans)
        blocks.append(figure_block(draw, {"": spans}, "b_cell_aplasia"))
    return [*blocks, table]


def _return_and_relapse(context: Context) -> list[Block]:
    """Return the hazard of relapse after the return of B cells against before it."""
    if not {_RETURN, _RELAPSE} <= set(context.event_endpoints):
        return paragraphs(tr("The study does not record both the return of B cells and relapse."))
    row = cox_regression(context.cohort, _RELAPSE, changing=_RETURN).frame.iloc[0]
    if row["estimate"] != row["estimate"]:
        return paragraphs(
            tr("The relapses are too few to tell whether they come after the return of B cells: "
               "{note}.", note=in_words(row["note"]))
        )  # fmt: skip
    return paragraphs(
        tr(
            "After the return of B cells relapse came {ratio} times as often as before it, per day "
            "at risk ({p}; {events} relapses in {n} subjects whose B cells were followed; Cox "
            "regression in which the return is a covariate that changes on its day). Nobody is "
            "counted as returned before that day. Relapse may follow from the return, or both from "
            "a product that did less.",
            ratio=ratio(row["estimate"], row["conf_low"], row["conf_high"]),
            p=p_value(row["p_value"]), events=count(row["n_event"]),
            n=count(row["n"] - row["n_missing"]),
        ),
        _noted(row["note"]),
    )  # fmt: skip


def _noted(note: str) -> str:
    return tr("Note: {note}.", note=in_words(note)) if note else ""
