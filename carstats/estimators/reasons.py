"""Why an estimate, a test or its limits are missing or weakened: codes, without words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Nothing to estimate from.
NO_SUBJECTS = "no_subjects"
NO_EVENT = "no_event"
NO_EVENT_OF_CAUSE = "no_event_of_cause"
NO_EVENT_COUNTED = "no_event_counted"
ALL_ARRANGEMENTS_ALIKE = "all_arrangements_alike"

# Comparisons of groups.
ONE_GROUP = "one_group"
FEWER_THAN_TWO_GROUPS = "fewer_than_two_groups"
NO_EVENT_TELLS_APART = "no_event_tells_apart"
SUBJECTS_NOT_TOLD_APART = "subjects_not_told_apart"
NO_EVENT_AT_RISK_TOGETHER = "no_event_at_risk_together"
GROUPS_NOT_COMPARED = "groups_not_compared"
CONTRASTS_NOT_INFORMATIVE = "contrasts_not_informative"
ENTRIES_PERMUTED = "entries_permuted"
GROUP_TOO_SMALL = "group_too_small"
SMALLEST_P = "smallest_p"
FOLLOWUP_DIFFERS = "followup_differs"
FOLLOWUP_DIFFERS_LINEAR = "followup_differs_linear"
ASYMPTOTIC_IN_SMALL_GROUP = "asymptotic_in_small_group"
FIRST_FOLLOWED_TO = "first_followed_to"
FIRST_EMPTY = "first_empty"
SECOND_FOLLOWED_TO = "second_followed_to"
SECOND_EMPTY = "second_empty"
CURVE_AT_ITS_END = "curve_at_its_end"

# Rates of events that recur.
POISSON_LIMITS = "poisson_limits"
ONE_SUBJECT_POISSON = "one_subject_poisson"
FEW_SUBJECTS_WITH_EVENT = "few_subjects_with_event"

# Regressions.
SEPARATION = "separation"
RESPONSES_SEPARATED = "responses_separated"
NOT_IDENTIFIED = "not_identified"
FIRTH_SEPARATED = "firth_separated"
COVARIATES_CONSTANT_AT_EVENTS = "covariates_constant_at_events"
COVARIATE_DETERMINED = "covariate_determined"
COVARIATES_DETERMINED = "covariates_determined"
FOLLOWS_FROM_OTHERS = "follows_from_others"
HARDLY_TOLD_APART = "hardly_told_apart"
FEW_EVENTS_A_TERM = "few_events_a_term"
NO_CONVERGENCE = "no_convergence"
NO_MAXIMUM = "no_maximum"
NO_MAXIMUM_FEW_EVENTS = "no_maximum_few_events"
NO_CLEAR_MAXIMUM = "no_clear_maximum"
EVENT_AT_ZERO = "event_at_zero"
EVENTS_AT_ONE_TIME = "events_at_one_time"
FEWER_VALUES_THAN_COEFFICIENTS = "fewer_values_than_coefficients"
TOO_FEW_VALUES = "too_few_values"
VALUES_DO_NOT_VARY = "values_do_not_vary"

# Limits and bands of a curve.
NOBODY_HAD_EVENT = "nobody_had_event"
EVERYBODY_HAD_EVENT = "everybody_had_event"
NOBODY_AT_RISK = "nobody_at_risk"
RESAMPLES_ALIKE = "resamples_alike"
NO_ERROR_OF_CURVE = "no_error_of_curve"
NO_SANDWICH = "no_sandwich"
DESCRIPTIVE_LIMITS = "descriptive_limits"
BAND_NO_EVENTS = "band_no_events"
BAND_CURVE_AT_ZERO = "band_curve_at_zero"
BAND_EMPTY_RANGE = "band_empty_range"
BAND_FROM_FIRST_EVENT = "band_from_first_event"
BAND_FROM_ZERO = "band_from_zero"
BAND_TO_LAST_EVENT = "band_to_last_event"

# Follow-up.
TOO_FEW_EVENTS = "too_few_events"
SHORT_PLATEAU = "short_plateau"
FOLLOWUP_NOT_SHOWN = "followup_not_shown"
ONE_WEIGHT_GROUP = "one_weight_group"
NOT_REPRESENTED = "not_represented"

# Profiles of cells.
NEVER_QUANTIFIED = "never_quantified"
NO_SAMPLE = "no_sample"
NOT_FOLLOWED = "not_followed"
NO_DECLINE = "no_decline"
ONE_VALUE = "one_value"
TOO_MUCH_EXTRAPOLATED = "too_much_extrapolated"


@dataclass(frozen=True)
class Reason:
    """Why something is missing or weakened.

    Attributes
    ----------
    code : str
        One of the constants of this module.
    values : mapping of str to object
        Numbers, and names of groups, that belong to it.
    """

    code: str
    values: Mapping[str, object] = field(default_factory=dict)
