"""What the treatment does over time: B cells, IgG, and the antibody that is measured most."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.report.chapters.blocks import Block, Heading, figure_block, paragraphs
from carstats.report.chapters.context import Context, part
from carstats.report.figures import trajectory_figure
from carstats.report.format import count, number, of, sentence_list
from carstats.toxicity.timing.trajectories import measure_trajectory
from carstats.words import tr

# Of several antibodies the one with most values is drawn.
_ANTIBODIES = ("anti-dsDNA", "autoantibody", "AChR", "AQP4")
_HALF_YEAR = 168.0


@dataclass(frozen=True)
class _Measure:
    name: str
    scale: str = "linear"
    below: float | None = None


def course(context: Context) -> list[Block]:
    """Return the medians over the visits of each measure that the study has."""
    known = set() if context.study.assessments is None else _measures(context.study.assessments)
    antibodies = [name for name in _ANTIBODIES if name in known]
    drawn: list[Block] = []
    wanted = [_Measure("B_cells", "log", 10.0), _Measure("IgG", below=4.0)]
    wanted += [_Measure(name, "log") for name in antibodies[:1]]
    for measure in wanted:
        if measure.name in known:
            drawn += _one(context, context.cohort, measure)
    lacking = [
        name
        for name, there in (
            (tr("B cells"), "B_cells" in known),
            (tr("IgG"), "IgG" in known),
        )
        if not there
    ]
    said = tr("The study did not collect: {names}.", names=sentence_list(lacking))
    return [*drawn, *paragraphs(said if lacking else "")]


def _measures(assessments: pd.DataFrame) -> set[str]:
    return set(assessments.loc[assessments["value"].notna(), "measure"])


def _one(context: Context, cohort: Cohort, measure: _Measure) -> list[Block]:
    label = cohort.study.vocabulary.label("measure", measure.name)

    def drawn() -> list[Block]:
        result = measure_trajectory(cohort, measure.name, below=measure.below, by=context.by)
        message = _at_half_year(cohort, measure, tr(str(label)))
        draw = partial(trajectory_figure, result, scale=measure.scale, limit=measure.below)
        name = f"course_{measure.name}"
        return [figure_block(draw, {"": result}, name, message)]

    return [Heading(tr(str(label))), *part(drawn)]


def _at_half_year(cohort: Cohort, measure: _Measure, label: str) -> str:
    """Return the median at week 24, and how many were below the threshold, in one sentence."""
    frame = measure_trajectory(cohort, measure.name, below=measure.below).frame
    found = frame[(frame["time"] == _HALF_YEAR) & frame["estimate"].notna()]
    if found.empty:
        return tr("{measure} over time", measure=label)
    row = found.iloc[0]
    if measure.below is None:
        return tr(
            "{measure} at week 24: median {median} in {n} with a value",
            measure=label,
            median=number(row["estimate"]),
            n=count(row["n_event"]),
        )
    return tr(
        "{measure} at week 24: {count} below {limit}",
        measure=label,
        count=of(row["n_below"], row["n_event"]),
        limit=f"{measure.below:g}",
    )
