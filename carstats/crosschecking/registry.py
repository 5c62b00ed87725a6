"""The one table of what is made again: an analysis, its second program, what stands beside it."""

from __future__ import annotations

from carstats.crosschecking.answers.evidence import EVIDENCE
from carstats.crosschecking.answers.kinetics import KINETICS
from carstats.crosschecking.answers.response import RESPONSE
from carstats.crosschecking.answers.survival import SURVIVAL
from carstats.crosschecking.answers.toxicity import TOXICITY
from carstats.crosschecking.asking import Analysis

ANALYSES: dict[str, Analysis] = {**SURVIVAL, **RESPONSE, **TOXICITY, **KINETICS, **EVIDENCE}
# Records of single subjects: they hold no statistic.
LISTINGS = (
    "antibody_map",
    "b_cell_aplasia",
    "exposure_listing",
    "glucocorticoid_profiles",
    "kinetic_profiles",
    "score_course",
    "subject_timelines",
    "toxicity_listing",
)
