"""Outcomes of engineered-cell therapy in autoimmune disease: from study tables to figures.

The public names are imported when they are first used, so that `import carstats` costs little more
than the standard library, and a figure pays only for what it draws.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOMES = {
    "CarstatsError": "errors",
    "Cohort": "cohort",
    "Result": "result",
    "Study": "data.study",
    "Vocabulary": "vocabulary",
    "aged": "criteria",
    "baseline_table": "baseline",
    "define_cohort": "cohort",
    "has_baseline": "criteria",
    "infused": "criteria",
    "oncology_benchmarks": "data.published",
    "potential_followup": "criteria",
    "published_trials": "data.published",
    "read_adam": "data.adam",
    "read_study": "data.readers",
    "response_rate": "response",
    "simulate_study": "data.synthetic",
    "survival_at": "survival.curves",
    "survival_curve": "survival.curves",
    "toxicity_grades": "toxicity",
    "toxicity_rate": "toxicity",
    "trial_rate": "evidence",
    "where": "criteria",
    "with_cell_source": "criteria",
    "with_disease": "criteria",
    "with_platform": "criteria",
    "with_target": "criteria",
    "write_study": "data.writer",
}

__all__ = [
    "CarstatsError",
    "Cohort",
    "Result",
    "Study",
    "Vocabulary",
    "aged",
    "baseline_table",
    "define_cohort",
    "has_baseline",
    "infused",
    "oncology_benchmarks",
    "potential_followup",
    "published_trials",
    "read_adam",
    "read_study",
    "response_rate",
    "simulate_study",
    "survival_at",
    "survival_curve",
    "toxicity_grades",
    "toxicity_rate",
    "trial_rate",
    "where",
    "with_cell_source",
    "with_disease",
    "with_platform",
    "with_target",
    "write_study",
]

if TYPE_CHECKING:
    from carstats.baseline import baseline_table
    from carstats.cohort import Cohort, define_cohort
    from carstats.criteria import (
        aged,
        has_baseline,
        infused,
        potential_followup,
        where,
        with_cell_source,
        with_disease,
        with_platform,
        with_target,
    )
    from carstats.data.adam import read_adam
    from carstats.data.published import oncology_benchmarks, published_trials
    from carstats.data.readers import read_study
    from carstats.data.study import Study
    from carstats.data.synthetic import simulate_study
    from carstats.data.writer import write_study
    from carstats.errors import CarstatsError
    from carstats.evidence import trial_rate
    from carstats.response import response_rate
    from carstats.result import Result
    from carstats.survival.curves import survival_at, survival_curve
    from carstats.toxicity import toxicity_grades, toxicity_rate
    from carstats.vocabulary import Vocabulary


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'carstats' has no attribute {name!r}")
    value = getattr(import_module(f"carstats.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
