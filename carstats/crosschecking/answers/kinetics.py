"""Kinetics of the engineered cells: the second program of each analysis."""

from __future__ import annotations

from carstats.crosschecking.answers.shared import (
    LIFELINES,
    LIMITS,
    PANDAS,
    RATE,
    SCIPY,
    STATSMODELS,
)
from carstats.crosschecking.asking import EXACT, STOPPED_EARLY, Analysis, Check
from carstats.crosschecking.families.cells import exposures, kinetics

_COUNTS = ("n", "n_missing", "n_event", "last_time")
KINETICS: dict[str, Analysis] = {
    "cellular_kinetics": Analysis(
        "kinetics.parameters",
        (
            # lifelines' search stops a little before the maximum.
            Check(LIFELINES, exposures.censored, ("estimate",), (), STOPPED_EARLY),
            Check(f"{SCIPY}, {STATSMODELS}", exposures.parameters,
                  ("n", "n_missing", "n_event", "estimate", *LIMITS, "cv_percent", "median", "q1",
                   "q3", "minimum", "maximum")),
        ),
        "kinetics", reference="kinetics.R", argument="measure",
    ),
    "b_cell_depletion": Analysis(
        "kinetics.aplasia",
        (
            Check(f"{PANDAS}, {SCIPY}, {LIFELINES}", kinetics.depletion,
                  ("n", "n_missing", "n_event", "estimate", "estimate_low", *LIMITS, "q1", "q3",
                   "minimum", "maximum")),
        ),
        "kinetics", reference="interval.R", argument="below",
    ),
    "exposure_response": Analysis(
        "kinetics.exposure",
        (
            Check(SCIPY, exposures.exposures,
                  ("n", "n_missing", "estimate", *LIMITS, "q1", "q3", "minimum", "maximum",
                   "p_value")),
        ),
        "kinetics", reference="rank_association.R", argument="exposure",
    ),
    "persistence_rate": Analysis(
        "kinetics.persistence",
        (Check(f"{PANDAS}, {STATSMODELS}", kinetics.shares, (*RATE, "n_dead")),),
        "kinetics", reference="proportions.R", argument="measure",
    ),
    "persistence_curve": Analysis(
        "kinetics.persistence",
        (
            Check(PANDAS, kinetics.losses, _COUNTS, (), EXACT),
            Check(LIFELINES, kinetics.persistence, ("estimate", "mass"), (), STOPPED_EARLY),
        ),
        "kinetics", reference="interval.R", argument="measure",
    ),
    "time_to_below_quantification": Analysis(
        "kinetics.persistence", (Check(PANDAS, kinetics.losses, _COUNTS, (), EXACT),),
        "kinetics", reference="interval.R", argument="measure",
    ),
}  # fmt: skip
