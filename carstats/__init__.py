"""Outcomes of engineered-cell therapy in autoimmune disease: from study tables to figures.

The public names are imported when they are first used, so that `import carstats` costs little more
than the standard library, and a figure pays only for what it draws.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOMES = {
    "BasketPrior": "estimators.pooling.basket_grid",
    "CarstatsError": "errors",
    "Cohort": "cohort.cohort",
    "Result": "result",
    "Rules": "endpoints.options",
    "Strategies": "endpoints.derive.intercurrent",
    "Study": "data.study",
    "Vocabulary": "data.vocabulary",
    "aged": "cohort.criteria",
    "baseline_table": "baseline",
    "basket_leave_one_out": "response.basket",
    "basket_operating_characteristics": "response.basket_design",
    "basket_response": "response.basket",
    "basket_sensitivity": "response.basket",
    "best_response_rate": "response.rates",
    "bootstrap_interval": "survival.resampling",
    "cox_regression": "survival.regression",
    "crosscheck": "crosschecking.run",
    "cumulative_incidence": "survival.competing",
    "cure_fraction": "survival.cure",
    "define_cohort": "cohort.cohort",
    "derive": "endpoints.derive.derivation",
    "disagreements": "endpoints.derive.comparison",
    "endpoint_catalogue": "endpoints.catalogue",
    "estimand_of": "endpoints.derive.estimand",
    "evidence_map": "evidence.overview",
    "explain": "endpoints.explanation.document",
    "exposure_adjusted_rate": "toxicity.exposure",
    "exposure_adjusted_ratio": "toxicity.exposure_ratio",
    "fine_gray_regression": "survival.competing",
    "followup_time": "survival.quantiles",
    "gray_test": "survival.competing",
    "has_baseline": "cohort.criteria",
    "incidence_rate": "survival.rates",
    "incidence_rate_ratio": "survival.rate_ratios",
    "in_language": "language",
    "infused": "cohort.criteria",
    "interval_censored_curve": "survival.interval_censored.curves",
    "interval_censored_regression": "survival.interval_censored.models",
    "interval_censored_test": "survival.interval_censored.curves",
    "interval_sensitivity": "survival.interval_censored.models",
    "landmark_comparison": "response.landmark",
    "landmark_curve": "survival.landmark",
    "landmark_rate": "survival.landmark",
    "leave_one_out": "evidence.sensitivity",
    "logrank_test": "survival.logrank",
    "marginal_response_difference": "response.regression",
    "mean_cumulative_count": "toxicity.timing.recurrent",
    "measure_trajectory": "toxicity.timing.trajectories",
    "oncology_benchmarks": "data.published",
    "pooled_incidence": "evidence.person_time",
    "pooled_rate": "evidence.pooled",
    "pooled_regression": "evidence.regression",
    "pooled_sensitivity": "evidence.sensitivity",
    "potential_followup": "cohort.criteria",
    "published_trials": "data.published",
    "randomised_comparison": "evidence.randomised",
    "read_adam": "data.readers.adam",
    "read_study": "data.readers.reading",
    "report_overlap": "evidence.overlap",
    "response_categories": "response.categories",
    "response_difference": "response.differences",
    "response_exposure": "response.landmark",
    "response_rate": "response.rates",
    "response_regression": "response.regression",
    "response_test": "response.comparisons",
    "response_tipping_point": "response.tipping",
    "restricted_mean": "survival.means",
    "restricted_time_lost": "survival.time_lost",
    "score_change": "response.scores",
    "score_course": "response.course",
    "score_difference": "response.score_differences",
    "seroconversion_rate": "response.seroconversion",
    "set_language": "language",
    "simulate_study": "synthetic.simulation",
    "study_report": "run.report",
    "subject_timelines": "survival.timelines",
    "survival_at": "survival.curves",
    "survival_benchmark": "survival.benchmark",
    "survival_curve": "survival.curves",
    "survival_difference": "survival.comparisons",
    "survival_quantile": "survival.quantiles",
    "sustained_response_rate": "response.rates",
    "time_to_recovery": "toxicity.timing.recovery",
    "time_to_response": "response.timing",
    "toxicity_benchmark": "toxicity.benchmark",
    "toxicity_difference": "toxicity.differences",
    "toxicity_duration": "toxicity.timing.onset",
    "toxicity_estimators": "toxicity.timing.comparison",
    "toxicity_grades": "toxicity.grades",
    "toxicity_incidence": "toxicity.timing.incidence",
    "toxicity_listing": "toxicity.listing",
    "toxicity_rate": "toxicity.rates",
    "toxicity_signals": "toxicity.signals",
    "toxicity_table": "toxicity.table",
    "toxicity_timing": "toxicity.timing.onset",
    "trial_incidence": "evidence.person_time",
    "trial_rate": "evidence.trials",
    "where": "cohort.criteria",
    "with_cell_source": "cohort.criteria",
    "with_disease": "cohort.criteria",
    "with_platform": "cohort.criteria",
    "with_target": "cohort.criteria",
    "withdrawal_weighted_curve": "survival.rates",
    "write_study": "data.writer",
}

__all__ = [
    "BasketPrior",
    "CarstatsError",
    "Cohort",
    "Result",
    "Rules",
    "Strategies",
    "Study",
    "Vocabulary",
    "aged",
    "baseline_table",
    "basket_leave_one_out",
    "basket_operating_characteristics",
    "basket_response",
    "basket_sensitivity",
    "best_response_rate",
    "bootstrap_interval",
    "cox_regression",
    "crosscheck",
    "cumulative_incidence",
    "cure_fraction",
    "define_cohort",
    "derive",
    "disagreements",
    "endpoint_catalogue",
    "estimand_of",
    "evidence_map",
    "explain",
    "exposure_adjusted_rate",
    "exposure_adjusted_ratio",
    "fine_gray_regression",
    "followup_time",
    "gray_test",
    "has_baseline",
    "in_language",
    "incidence_rate",
    "incidence_rate_ratio",
    "infused",
    "interval_censored_curve",
    "interval_censored_regression",
    "interval_censored_test",
    "interval_sensitivity",
    "landmark_comparison",
    "landmark_curve",
    "landmark_rate",
    "leave_one_out",
    "logrank_test",
    "marginal_response_difference",
    "mean_cumulative_count",
    "measure_trajectory",
    "oncology_benchmarks",
    "pooled_incidence",
    "pooled_rate",
    "pooled_regression",
    "pooled_sensitivity",
    "potential_followup",
    "published_trials",
    "randomised_comparison",
    "read_adam",
    "read_study",
    "report_overlap",
    "response_categories",
    "response_difference",
    "response_exposure",
    "response_rate",
    "response_regression",
    "response_test",
    "response_tipping_point",
    "restricted_mean",
    "restricted_time_lost",
    "score_change",
    "score_course",
    "score_difference",
    "seroconversion_rate",
    "set_language",
    "simulate_study",
    "study_report",
    "subject_timelines",
    "survival_at",
    "survival_benchmark",
    "survival_curve",
    "survival_difference",
    "survival_quantile",
    "sustained_response_rate",
    "time_to_recovery",
    "time_to_response",
    "toxicity_benchmark",
    "toxicity_difference",
    "toxicity_duration",
    "toxicity_estimators",
    "toxicity_grades",
    "toxicity_incidence",
    "toxicity_listing",
    "toxicity_rate",
    "toxicity_signals",
    "toxicity_table",
    "toxicity_timing",
    "trial_incidence",
    "trial_rate",
    "where",
    "with_cell_source",
    "with_disease",
    "with_platform",
    "with_target",
    "withdrawal_weighted_curve",
    "write_study",
]

if TYPE_CHECKING:
    from carstats.baseline import baseline_table
    from carstats.cohort.cohort import Cohort, define_cohort
    from carstats.cohort.criteria import (
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
    from carstats.crosschecking.run import crosscheck
    from carstats.data.published import oncology_benchmarks, published_trials
    from carstats.data.readers.adam import read_adam
    from carstats.data.readers.reading import read_study
    from carstats.data.study import Study
    from carstats.data.vocabulary import Vocabulary
    from carstats.data.writer import write_study
    from carstats.endpoints.catalogue import endpoint_catalogue
    from carstats.endpoints.derive.comparison import disagreements
    from carstats.endpoints.derive.derivation import derive
    from carstats.endpoints.derive.estimand import estimand_of
    from carstats.endpoints.derive.intercurrent import Strategies
    from carstats.endpoints.explanation.document import explain
    from carstats.endpoints.options import Rules
    from carstats.errors import CarstatsError
    from carstats.estimators.pooling.basket_grid import BasketPrior
    from carstats.evidence.overlap import report_overlap
    from carstats.evidence.overview import evidence_map
    from carstats.evidence.person_time import pooled_incidence, trial_incidence
    from carstats.evidence.pooled import pooled_rate
    from carstats.evidence.randomised import randomised_comparison
    from carstats.evidence.regression import pooled_regression
    from carstats.evidence.sensitivity import leave_one_out, pooled_sensitivity
    from carstats.evidence.trials import trial_rate
    from carstats.language import in_language, set_language
    from carstats.response.basket import (
        basket_leave_one_out,
        basket_response,
        basket_sensitivity,
    )
    from carstats.response.basket_design import basket_operating_characteristics
    from carstats.response.categories import response_categories
    from carstats.response.comparisons import response_test
    from carstats.response.course import score_course
    from carstats.response.differences import response_difference
    from carstats.response.landmark import landmark_comparison, response_exposure
    from carstats.response.rates import best_response_rate, response_rate, sustained_response_rate
    from carstats.response.regression import marginal_response_difference, response_regression
    from carstats.response.score_differences import score_difference
    from carstats.response.scores import score_change
    from carstats.response.seroconversion import seroconversion_rate
    from carstats.response.timing import time_to_response
    from carstats.response.tipping import response_tipping_point
    from carstats.result import Result
    from carstats.run.report import study_report
    from carstats.survival.benchmark import survival_benchmark
    from carstats.survival.comparisons import survival_difference
    from carstats.survival.competing import cumulative_incidence, fine_gray_regression, gray_test
    from carstats.survival.cure import cure_fraction
    from carstats.survival.curves import survival_at, survival_curve
    from carstats.survival.interval_censored.curves import (
        interval_censored_curve,
        interval_censored_test,
    )
    from carstats.survival.interval_censored.models import (
        interval_censored_regression,
        interval_sensitivity,
    )
    from carstats.survival.landmark import landmark_curve, landmark_rate
    from carstats.survival.logrank import logrank_test
    from carstats.survival.means import restricted_mean
    from carstats.survival.quantiles import followup_time, survival_quantile
    from carstats.survival.rate_ratios import incidence_rate_ratio
    from carstats.survival.rates import incidence_rate, withdrawal_weighted_curve
    from carstats.survival.regression import cox_regression
    from carstats.survival.resampling import bootstrap_interval
    from carstats.survival.time_lost import restricted_time_lost
    from carstats.survival.timelines import subject_timelines
    from carstats.synthetic.simulation import simulate_study
    from carstats.toxicity.benchmark import toxicity_benchmark
    from carstats.toxicity.differences import toxicity_difference
    from carstats.toxicity.exposure import exposure_adjusted_rate
    from carstats.toxicity.exposure_ratio import exposure_adjusted_ratio
    from carstats.toxicity.grades import toxicity_grades
    from carstats.toxicity.listing import toxicity_listing
    from carstats.toxicity.rates import toxicity_rate
    from carstats.toxicity.signals import toxicity_signals
    from carstats.toxicity.table import toxicity_table
    from carstats.toxicity.timing.comparison import toxicity_estimators
    from carstats.toxicity.timing.incidence import toxicity_incidence
    from carstats.toxicity.timing.onset import toxicity_duration, toxicity_timing
    from carstats.toxicity.timing.recovery import time_to_recovery
    from carstats.toxicity.timing.recurrent import mean_cumulative_count
    from carstats.toxicity.timing.trajectories import measure_trajectory


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'carstats' has no attribute {name!r}")
    value = getattr(import_module(f"carstats.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
