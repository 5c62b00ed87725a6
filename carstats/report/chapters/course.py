"""What the treatment does over time: B cells, IgG, antibodies, and the dose of glucocorticoid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, define_cohort
from carstats.data.terms import Term
from carstats.errors import CarstatsError
from carstats.messages import mark
from carstats.report.chapters.blocks import Block, Heading, figure_block, paragraphs
from carstats.report.chapters.context import Context, part
from carstats.report.figures import trajectory_figure
from carstats.report.format import count, number, of, sentence_list
from carstats.toxicity.timing.trajectories import VISITS, measure_trajectory
from carstats.words import sentences, tr

_DOSE = "glucocorticoid_dose"
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
            (tr("autoantibodies"), bool(antibodies)),
        )
        if not there
    ]
    said = tr("The study did not collect: {names}.", names=sentence_list(lacking))
    return [*drawn, *_glucocorticoid(context), *paragraphs(said if lacking else "")]


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


def _glucocorticoid(context: Context) -> list[Block]:
    drugs = context.study.medications
    heading = Heading(tr("Glucocorticoid dose"))
    if drugs is None:
        return [heading, *paragraphs(tr("The study did not collect medications."))]
    steroids = drugs[drugs["drug_class"] == "glucocorticoid"]
    if "prednisone_equivalent_mg" not in drugs or steroids["prednisone_equivalent_mg"].isna().all():
        words = tr("The study records glucocorticoids without a dose, or none.")
        return [heading, *paragraphs(words)]
    try:
        cohort = _with_dose(context, steroids)
    except CarstatsError as error:
        words = tr("This part cannot be made from the study's data: {reason}", reason=error)
        return [heading, *paragraphs(words)]
    words = sentences(
        tr(
            "The dose of a day is the sum of all glucocorticoids that were taken then, in "
            "milligrams of prednisone; a subject without a record of one counts as taking none."
        ),
        tr("A day with a glucocorticoid of unknown dose is left out."),
    )
    _, *figures = _one(context, cohort, _Measure(_DOSE, below=5.0))
    return [heading, *figures, *paragraphs(words)]


def _with_dose(context: Context, steroids: pd.DataFrame) -> Cohort:
    """Return the cohort with the daily dose at the planned visits as a measure of its own."""
    study = context.study
    values = daily_dose(context.cohort.subjects, steroids, VISITS)
    term = Term(_DOSE, mark("Glucocorticoid, prednisone equivalent"), group="mg/day")
    rows = [values] if study.assessments is None else [study.assessments, values]
    wider = replace(
        study,
        assessments=pd.concat(rows, ignore_index=True),
        vocabulary=study.vocabulary.extended(measure=[term]),
    )
    return define_cohort(wider, *context.cohort.criteria, label=context.cohort.label)


def daily_dose(
    subjects: pd.DataFrame, steroids: pd.DataFrame, days: tuple[float, ...]
) -> pd.DataFrame:
    """Return the dose of each subject on each day up to the last contact, as assessments."""
    start = steroids["start_day"].fillna(-np.inf).to_numpy(float)
    stop = steroids["stop_day"].fillna(np.inf).to_numpy(float)
    dose = steroids["prednisone_equivalent_mg"].to_numpy(float)
    rows = []
    for day in days:
        there = subjects.loc[subjects["last_contact_day"] >= day, "subject_id"]
        runs = (start <= day) & (stop >= day)
        taken = steroids.loc[runs, ["subject_id"]].assign(dose=dose[runs])
        # A sum that skips the unknown would take it for none.
        total = taken.groupby("subject_id")["dose"].sum(min_count=1)
        unknown = taken.loc[taken["dose"].isna(), "subject_id"].unique()
        value = there.map(total).fillna(0.0).mask(there.isin(unknown))
        rows.append(pd.DataFrame({"subject_id": there, "day": float(day), "value": value}))
    frame = pd.concat(rows, ignore_index=True)
    return frame.assign(measure=_DOSE).dropna(subset=["value"]).reset_index(drop=True)
