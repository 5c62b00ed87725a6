"""How the engineered cells expand, how much of them there is, and how long they stay."""

from __future__ import annotations

from functools import partial

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
from carstats.report.figures import interval_figure, profiles_figure
from carstats.report.format import count, of, rate
from carstats.report.tables import tabulate_kinetics
from carstats.report.tables.kinetics import digits
from carstats.words import in_words, sentences, tr

# The share above quantification is told at this day, and drawn at the last visits as well.
_QUARTER = 90.0


def cells(context: Context) -> list[Block]:
    """Return profiles, parameters and persistence of each measure of the cells."""
    rows = context.study.assessments
    known = set() if rows is None else set(rows["measure"])
    found: list[Block] = []
    for name in MEASURES:
        if name in known:
            found += [Heading(context.label("measure", name)), *_one(context, name)]
    lacking = tr("The study did not collect samples of the engineered cells.")
    return found or paragraphs(lacking)


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
