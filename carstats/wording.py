"""Words for reasons, methods and limits, shared by all analyses."""

from __future__ import annotations

from collections.abc import Collection

from carstats.estimators import reasons as why
from carstats.estimators.reasons import Reason
from carstats.messages import joined_notes, mark, message, message_n

_REASONS = {
    why.NO_SUBJECTS: mark("no subjects"),
    why.NO_EVENT: mark("no event"),
    why.NO_EVENT_OF_CAUSE: mark("no event of this cause"),
    why.NO_EVENT_COUNTED: mark("no events, or none that the weight counts"),
    why.ALL_ARRANGEMENTS_ALIKE: mark(
        "no events, or none that the weight counts: every arrangement is alike"
    ),
    why.ONE_GROUP: mark("only one group has subjects"),
    why.FEWER_THAN_TWO_GROUPS: mark("fewer than two groups"),
    why.NO_EVENT_TELLS_APART: mark("no event of this cause tells the groups apart"),
    why.SUBJECTS_NOT_TOLD_APART: mark("the data do not tell the subjects apart"),
    why.NO_EVENT_AT_RISK_TOGETHER: mark(
        "no event while subjects of two groups were at risk and could have had it or not"
    ),
    why.GROUPS_NOT_COMPARED: mark(
        "{n} of {total} groups not compared: never at risk at an event beside others"
    ),
    why.CONTRASTS_NOT_INFORMATIVE: mark(
        "only {n} of {total} contrasts between groups are informative"
    ),
    why.ENTRIES_PERMUTED: mark("entry times permuted with the event times"),
    why.GROUP_TOO_SMALL: mark("a group of {n}: no p-value by default under {least} in a group"),
    why.ASYMPTOTIC_IN_SMALL_GROUP: mark(
        "asymptotic, with {n} in the smallest group: may reject more often than stated"
    ),
    why.SMALLEST_P: mark("p cannot be below {p} with groups of these sizes"),
    why.FOLLOWUP_DIFFERS: mark(
        "followed unalike (median {low} to {high} days): exact where follow-up is alike, else up "
        "to about 6 % instead of 5 %"
    ),
    why.FOLLOWUP_DIFFERS_LINEAR: mark(
        "followed unalike (median {low} to {high} days): permuted linear scores may then reject "
        "far too often or too seldom"
    ),
    why.POISSON_LIMITS: mark("exact Poisson limits"),
    why.ONE_SUBJECT_POISSON: mark("one subject: exact Poisson limits"),
    why.FIRST_FOLLOWED_TO: mark("first group followed to {day} only"),
    why.FIRST_EMPTY: mark("first group has no subjects"),
    why.SECOND_FOLLOWED_TO: mark("second group followed to {day} only"),
    why.SECOND_EMPTY: mark("second group has no subjects"),
    why.CURVE_AT_ITS_END: mark("a curve is 1 or 0: Greenwood's error says nothing"),
    why.SEPARATION: mark(
        "a covariate separates those with the event from the others: no finite estimate"
    ),
    why.RESPONSES_SEPARATED: mark(
        "the covariates separate the responses: no finite estimate (see Firth)"
    ),
    why.NOT_IDENTIFIED: mark(
        "the covariates separate the responses: no marginal difference (response_difference() is "
        "exact)"
    ),
    why.FIRTH_SEPARATED: mark(
        "the covariates separate the responses: finite by Firth's penalty alone"
    ),
    why.COVARIATES_CONSTANT_AT_EVENTS: mark(
        "the covariates do not vary among those at risk at the events"
    ),
    why.COVARIATE_DETERMINED: mark("a covariate is constant or follows from the others"),
    why.COVARIATES_DETERMINED: mark(
        "covariates determine each other, or are constant: no estimate"
    ),
    why.FOLLOWS_FROM_OTHERS: mark(
        "follows from the covariates before it, or does not vary: no estimate of its own"
    ),
    why.HARDLY_TOLD_APART: mark(
        "the data hardly tell this covariate from the others: no p-value or limit could be found"
    ),
    why.FEW_EVENTS_A_TERM: mark("fewer than {n} events a coefficient: limits may be too short"),
    why.NO_CONVERGENCE: mark("no convergence in {n} iterations"),
    why.NO_MAXIMUM: mark("the likelihood has no maximum"),
    why.NO_MAXIMUM_FEW_EVENTS: mark(
        "the likelihood has no maximum: too few events, or a covariate separates"
    ),
    why.NO_CLEAR_MAXIMUM: mark("the likelihood has no clear maximum"),
    why.EVENT_AT_ZERO: mark(
        "an event at time 0 has no likelihood in this model: give it an interval"
    ),
    why.EVENTS_AT_ONE_TIME: mark("all events could be at one time: no finite scale"),
    why.FEWER_VALUES_THAN_COEFFICIENTS: mark("fewer values than the model has coefficients"),
    why.TOO_FEW_VALUES: mark("too few values for a model; see 'observed'"),
    why.VALUES_DO_NOT_VARY: mark("the values do not vary"),
    why.NEVER_QUANTIFIED: mark("never above the limit of quantification"),
    why.NO_SAMPLE: mark("no sample"),
    why.NOT_FOLLOWED: mark("below quantification and not sampled so long"),
    why.NO_DECLINE: mark("fewer than three values after the peak, or none that fall"),
    why.ONE_VALUE: mark("one value: no limits"),
    why.TOO_MUCH_EXTRAPOLATED: mark("{percent} % of the area would be extrapolated"),
    why.NOBODY_HAD_EVENT: mark("nobody has had the event: no limits"),
    why.EVERYBODY_HAD_EVENT: mark("everybody has had the event: no limits"),
    why.NOBODY_AT_RISK: mark("nobody at risk: no limits"),
    why.RESAMPLES_ALIKE: mark("every resample gives the same value: no limits"),
    why.NO_ERROR_OF_CURVE: mark("the curve has no error: no limits"),
    why.NO_SANDWICH: mark("the sandwich error is 0 and says nothing: no limits"),
    why.DESCRIPTIVE_LIMITS: mark(
        "descriptive: percentiles of {n} bootstrap resamples, no coverage guaranteed"
    ),
    why.BAND_NO_EVENTS: mark("no events"),
    why.BAND_CURVE_AT_ZERO: mark("no event leaves the curve above 0"),
    why.BAND_EMPTY_RANGE: mark("the range holds no part of the curve between 1 and 0"),
    why.BAND_FROM_FIRST_EVENT: mark("from the first event, {day}"),
    why.BAND_FROM_ZERO: mark("from 0"),
    why.BAND_TO_LAST_EVENT: mark("to {day}, the last event before the curve or follow-up ends"),
    why.SHORT_PLATEAU: mark(
        "the last event is at {last} and follow-up ends at {end}: the plateau of {plateau} is "
        "shorter than the time to the last event"
    ),
    why.FOLLOWUP_NOT_SHOWN: mark(
        "follow-up is not shown to suffice (Maller and Zhou, alpha_n = {alpha})"
    ),
    why.ONE_WEIGHT_GROUP: mark("one group: the Kaplan-Meier curve"),
    why.NOT_REPRESENTED: mark("no longer represented: group {groups}"),
}
# The methods and scales of limits that have a word for a name; the others have their authors'.
_METHODS = {
    "melded": mark("melded"),
    "mid-P": mark("mid-P"),
    "log-log": mark("log-log"),
    "log": mark("log"),
    "plain": mark("plain"),
    "arcsine": mark("arcsine"),
    "beta product": mark("beta product"),
    "beta product mid-P": mark("mid–P beta product"),
    "exact": mark("exact Poisson"),
    "negative binomial": mark("negative binomial, t"),
    "robust": mark("effective-count Poisson (t)"),
}
# How a reason's number is printed, where not by its leading digits.
_PRINTED = {"low": ".4g", "high": ".4g", "alpha": ".3f", "p": ".2g"}


def because(*reasons: Reason | None) -> str:
    """Put an estimator's reasons into words."""
    return joined_notes(*(_words(reason) for reason in reasons if reason is not None))


# A time or probability that rests on fewer at risk than this is marked.
FEW_AT_RISK = 5


def few_at_risk(n_risk: float, what: str) -> str:
    """Mark an estimate that rests on few subjects at risk."""
    if not n_risk < FEW_AT_RISK:
        return ""
    return message_n(
        "{what} rests on {n} subject at risk then",
        "{what} rests on {n} subjects at risk then",
        int(n_risk),
        what=what,
    )


def _words(reason: Reason) -> str:
    values = {name: _printed(name, value) for name, value in reason.values.items()}
    if reason.code == why.FEW_SUBJECTS_WITH_EVENT:
        return message_n(
            "{n} subject has an event: the limits assume that subjects with many are not rarer "
            "than seen",
            "{n} subjects have an event: the limits assume that subjects with many are not rarer "
            "than seen",
            values["n"],
        )
    if reason.code == why.TOO_FEW_EVENTS:
        return message_n(
            "{n} event: at least {needed} are needed to tell late events from none",
            "{n} events: at least {needed} are needed to tell late events from none",
            values.pop("n"),
            **values,
        )
    return message(_REASONS[reason.code], **values)


def _printed(name: str, value: object) -> object:
    if isinstance(value, float):
        return format(value, _PRINTED.get(name, "g"))
    if isinstance(value, tuple):
        # Groups, each with the time from which it is meant.
        return message(", ").join(
            message("{group} from {day}", group=group, day=f"{day:g}") for group, day in value
        )
    return value


def method_word(method: str) -> str:
    """Return a method of limits as it prints: ``"Clopper–Pearson"``, or its word."""
    return message(_METHODS[method]) if method in _METHODS else method.replace("-", "–")


def limits_words(method: str, conf_level: float) -> str:
    """Return what limits are, for a method line: ``"Clopper–Pearson 95 % limits"``."""
    word = method_word(method)
    return message("{method} {level} % limits", method=word, level=level_text(conf_level))


def pointwise_words(conf_type: str, conf_level: float) -> str:
    """Return what the limits of a curve are: ``"95 % pointwise log-log limits"``."""
    scale = method_word(conf_type)
    return message("{level} % pointwise {scale} limits", level=level_text(conf_level), scale=scale)


_HOW = {
    "studentised exact": mark(", studentised permutation, all {n} arrangements"),
    "studentised resampling": mark(", studentised permutation, {n} random arrangements"),
    "asymptotic": mark(", asymptotic"),
}


def how_tested(p_method: str, n_arrangements: float, n_resamples: int) -> str:
    """Return where a log-rank test's p-value comes from, after a comma; empty without one."""
    if p_method not in _HOW:
        return ""
    if p_method == "asymptotic":
        return message(_HOW[p_method])
    n = n_arrangements if p_method.endswith("exact") else n_resamples
    return message(_HOW[p_method], n=f"{n:,.0f}")


def asymptotic_words(method: str) -> str:
    """Return the method of a regression, with what its limits do not promise."""
    return message(
        "{method}; asymptotic: not among the limits whose coverage in small cohorts is shown",
        method=method,
    )


def compared_limits(used: Collection[str], conf_level: float) -> str:
    """Return what the limits of compared proportions are, by the methods that the rows used."""
    if len(set(used)) == 1:
        return limits_words(next(iter(used)), conf_level)
    return message(
        "Agresti–Min {level} % limits up to the size of 50 against 50, Miettinen–Nurminen's beyond",
        level=level_text(conf_level),
    )


def level_text(conf_level: float) -> str:
    """Return a confidence level in per cent, without its sign."""
    return f"{conf_level * 100:g}"
