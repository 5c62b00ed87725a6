"""The public names of carstats, written here alone: each is imported when it is first used."""

from .baseline import baseline_table
from .cohort.cohort import Cohort, define_cohort
from .cohort.criteria import (
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
from .cohort.from_frame import cohort_from_frame
from .counts.counted import Counts
from .counts.making import count_outcomes
from .crosschecking.run import crosscheck
from .data.published import oncology_benchmarks, published_trials
from .data.readers.adam import read_adam
from .data.readers.reading import read_study
from .data.study import Study
from .data.vocabulary import Vocabulary
from .data.writer import write_study
from .endpoints.catalogue import endpoint_catalogue
from .endpoints.derive.comparison import disagreements
from .endpoints.derive.derivation import derive
from .endpoints.derive.estimand import estimand_of
from .endpoints.derive.intercurrent import Strategies
from .endpoints.explanation.document import explain
from .endpoints.options import Rules
from .endpoints.rules.minimal_differences import important_differences
from .errors import CarstatsError
from .estimators.pooling.basket_grid import BasketPrior
from .evidence.overlap import report_overlap
from .evidence.overview import evidence_map
from .evidence.person_time import pooled_incidence, trial_incidence
from .evidence.pooled import pooled_rate
from .evidence.randomised import randomised_comparison
from .evidence.regression import pooled_regression
from .evidence.sensitivity import leave_one_out, pooled_sensitivity
from .evidence.trials import trial_rate
from .kinetics.aplasia import b_cell_aplasia, b_cell_depletion
from .kinetics.exposure import exposure_listing, exposure_response
from .kinetics.parameters import cellular_kinetics
from .kinetics.persistence import (
    persistence_curve,
    persistence_rate,
    time_to_below_quantification,
)
from .kinetics.profiles import kinetic_profiles
from .language import in_language, set_language
from .report.verbs import plot, tabulate
from .response.antibodies.map import antibody_map
from .response.antibodies.panel import antibody_panel, protection_kept
from .response.antibodies.seroconversion import seroconversion_rate
from .response.antibodies.titres import titre_change
from .response.basket import (
    basket_leave_one_out,
    basket_response,
    basket_sensitivity,
)
from .response.basket_design import basket_operating_characteristics
from .response.categories import response_categories
from .response.comparisons import response_test
from .response.course import score_course
from .response.differences import response_difference
from .response.landmark import landmark_comparison, response_exposure
from .response.rates import best_response_rate, response_rate, sustained_response_rate
from .response.regression import marginal_response_difference, response_regression
from .response.responders import score_responder_rate
from .response.score_differences import score_difference
from .response.scores import score_change
from .response.timing import time_to_response
from .response.tipping import response_tipping_point
from .result import Result
from .run.network import combine_counts, share_counts
from .run.report import study_report
from .sharing.curves import site_survival
from .sharing.network import Network
from .sharing.rates import site_rate
from .survival.benchmark import survival_benchmark
from .survival.comparisons import survival_difference
from .survival.competing import cumulative_incidence, fine_gray_regression, gray_test
from .survival.cure import cure_fraction
from .survival.curves import survival_at, survival_curve
from .survival.interval_censored.curves import (
    interval_censored_curve,
    interval_censored_test,
)
from .survival.interval_censored.models import (
    interval_censored_regression,
    interval_sensitivity,
)
from .survival.landmark import landmark_curve, landmark_rate
from .survival.logrank import logrank_test
from .survival.means import restricted_mean
from .survival.quantiles import followup_time, survival_quantile
from .survival.rate_ratios import incidence_rate_ratio
from .survival.rates import incidence_rate, withdrawal_weighted_curve
from .survival.regression import cox_regression
from .survival.resampling import bootstrap_interval
from .survival.time_lost import restricted_time_lost
from .survival.timelines import subject_timelines
from .synthetic.simulation import simulate_study
from .toxicity.benchmark import toxicity_benchmark
from .toxicity.differences import toxicity_difference
from .toxicity.exposure import exposure_adjusted_rate
from .toxicity.exposure_ratio import exposure_adjusted_ratio
from .toxicity.grades import toxicity_grades
from .toxicity.harm.deaths import causes_of_death
from .toxicity.harm.infections import infections_by_organism
from .toxicity.harm.replacement import immunoglobulin_replacement
from .toxicity.harm.stays import hospital_days
from .toxicity.harm.treatment import crs_treatment
from .toxicity.listing import toxicity_listing
from .toxicity.rates import toxicity_rate
from .toxicity.signals import toxicity_signals
from .toxicity.table import toxicity_table
from .toxicity.timing.comparison import toxicity_estimators
from .toxicity.timing.incidence import toxicity_incidence
from .toxicity.timing.off import time_to_taper
from .toxicity.timing.onset import toxicity_duration, toxicity_timing
from .toxicity.timing.profiles import glucocorticoid_profiles
from .toxicity.timing.recovery import time_to_recovery
from .toxicity.timing.recurrent import mean_cumulative_count
from .toxicity.timing.taper import cumulative_dose, glucocorticoid_course
from .toxicity.timing.trajectories import measure_trajectory
from .toxicity.timing.use import drug_use

__version__: str

__all__ = [
    "BasketPrior",
    "CarstatsError",
    "Cohort",
    "Counts",
    "Network",
    "Result",
    "Rules",
    "Strategies",
    "Study",
    "Vocabulary",
    "aged",
    "antibody_map",
    "antibody_panel",
    "b_cell_aplasia",
    "b_cell_depletion",
    "baseline_table",
    "basket_leave_one_out",
    "basket_operating_characteristics",
    "basket_response",
    "basket_sensitivity",
    "best_response_rate",
    "bootstrap_interval",
    "causes_of_death",
    "cellular_kinetics",
    "cohort_from_frame",
    "combine_counts",
    "count_outcomes",
    "cox_regression",
    "crosscheck",
    "crs_treatment",
    "cumulative_dose",
    "cumulative_incidence",
    "cure_fraction",
    "define_cohort",
    "derive",
    "disagreements",
    "drug_use",
    "endpoint_catalogue",
    "estimand_of",
    "evidence_map",
    "explain",
    "exposure_adjusted_rate",
    "exposure_adjusted_ratio",
    "exposure_listing",
    "exposure_response",
    "fine_gray_regression",
    "followup_time",
    "glucocorticoid_course",
    "glucocorticoid_profiles",
    "gray_test",
    "has_baseline",
    "hospital_days",
    "immunoglobulin_replacement",
    "important_differences",
    "in_language",
    "incidence_rate",
    "incidence_rate_ratio",
    "infections_by_organism",
    "infused",
    "interval_censored_curve",
    "interval_censored_regression",
    "interval_censored_test",
    "interval_sensitivity",
    "kinetic_profiles",
    "landmark_comparison",
    "landmark_curve",
    "landmark_rate",
    "leave_one_out",
    "logrank_test",
    "marginal_response_difference",
    "mean_cumulative_count",
    "measure_trajectory",
    "oncology_benchmarks",
    "persistence_curve",
    "persistence_rate",
    "plot",
    "pooled_incidence",
    "pooled_rate",
    "pooled_regression",
    "pooled_sensitivity",
    "potential_followup",
    "protection_kept",
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
    "score_responder_rate",
    "seroconversion_rate",
    "set_language",
    "share_counts",
    "simulate_study",
    "site_rate",
    "site_survival",
    "study_report",
    "subject_timelines",
    "survival_at",
    "survival_benchmark",
    "survival_curve",
    "survival_difference",
    "survival_quantile",
    "sustained_response_rate",
    "tabulate",
    "time_to_below_quantification",
    "time_to_recovery",
    "time_to_response",
    "time_to_taper",
    "titre_change",
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
