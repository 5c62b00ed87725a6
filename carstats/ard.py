"""A result as Analysis Results Data: one row for each statistic, in the shape of R's `cards`.

What identifies a row of ``Result.frame`` becomes groups and the variable; every other column is a
statistic of its own row. `Result.to_ard` documents the columns.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import pandas as pd

from carstats.messages import key_of, mark


class Numbers(Protocol):
    """What of a `Result` becomes rows."""

    @property
    def frame(self) -> pd.DataFrame:
        """One row for each stratum."""

    @property
    def spec(self) -> Any:
        """How the numbers were made."""

    @property
    def by(self) -> list[str]:
        """The columns that identify a stratum."""


# What tells the rows of a stratum apart, the most general first; the last is the `variable`.
KEYS = (
    "scenario", "choice", "left_out", "disease", "target", "trial", "study_id", "control_id",
    "other_id", "population", "timepoint_weeks", "endpoint", "contrast", "row", "system",
    "term", "among", "organism", "drug", "min_grade", "window_start", "window_end", "cause",
    "measure", "assumption", "assumed", "assumed_reference", "estimator", "parameter", "tau", "p",
    "time_low", "time_high", "time", "category", "criterion", "reference", "grade", "level",
    "method",
)  # fmt: skip
# Identify a row only where a row is one published report; elsewhere they describe a sum of reports.
_OF_A_REPORT = {"population", "timepoint_weeks", "endpoint"}
# A row with one of these is a record of one subject and no statistic.
_OF_A_SUBJECT = {"subject", "subject_id", "number"}
_MEASURED = ("endpoint", "endpoints", "term", "terms", "measure", "outcome")

NAMES = {
    "n": "N",
    "n_event": "n",
    "n_missing": "N_miss",
    "std_dev": "sd",
    "q1": "p25",
    "q3": "p75",
    "low": "min",
    "high": "max",
    "minimum": "min",
    "maximum": "max",
    "df": "parameter",
}
LABELS = {
    "N": mark("Subjects"),
    "n": mark("Subjects with the event"),
    "N_miss": mark("Missing"),
    "alpha.n": mark("p-value of sufficient follow-up"),
    "band.high": mark("Upper end of the band"),
    "band.low": mark("Lower end of the band"),
    "baseline": mark("Baseline"),
    "of": mark("Unit of the threshold"),
    "threshold": mark("Threshold"),
    "basis": mark("Kind of report"),
    "source": mark("Source"),
    "below": mark("Proportion below the threshold"),
    "below.high": mark("Upper limit of the proportion below the threshold"),
    "below.low": mark("Lower limit of the proportion below the threshold"),
    "bias": mark("Bias"),
    "borrowing.weight": mark("Weight of the other baskets"),
    "benchmark": mark("Benchmark"),
    "cell.source": mark("Cell source"),
    "coef": mark("Coefficient"),
    "cohort": mark("Cohort"),
    "conf.high": mark("Upper confidence limit"),
    "conf.low": mark("Lower confidence limit"),
    "correlation": mark("Correlation"),
    "costimulation": mark("Costimulation"),
    "disease.detail": mark("Disease as reported"),
    "dispersion": mark("Dispersion"),
    "endpoint": mark("Endpoint"),
    "ess": mark("Effective sample size"),
    "ess.borrowed": mark("Effective sample size borrowed"),
    "estimate": mark("Estimate"),
    "estimate.best": mark("Estimate, lost subjects free of the event"),
    "estimate.evaluable": mark("Estimate among evaluable subjects"),
    "estimate.high": mark("Upper bound of the estimate"),
    "estimate.low": mark("Lower bound of the estimate"),
    "followup": mark("Median follow-up, days"),
    "followup.median.months": mark("Median follow-up, months"),
    "grading.scale": mark("Grading scale"),
    "i2": mark("Share of the differences that is more than chance"),
    "incidence": mark("Cumulative incidence"),
    "incidence.high": mark("Upper limit of the cumulative incidence"),
    "incidence.low": mark("Lower limit of the cumulative incidence"),
    "kind": mark("Kind of variable"),
    "largest.weight": mark("Largest weight"),
    "last.event": mark("Day of the last event"),
    "last.followup": mark("Last day of follow-up"),
    "link": mark("How the reports are linked"),
    "last.time": mark("Last day of the curve"),
    "log.odds": mark("Log odds ratio"),
    "log.std.error": mark("Standard error of the log odds ratio"),
    "mass": mark("Probability mass"),
    "max": mark("Maximum"),
    "mean": mark("Mean"),
    "mean.reference": mark("Mean of the reference"),
    "median": mark("Median"),
    "min": mark("Minimum"),
    "heterogeneity": mark("Statistic of heterogeneity"),
    "heterogeneity.df": mark("Degrees of freedom of heterogeneity"),
    "p.heterogeneity": mark("p-value of heterogeneity"),
    "n.after": mark("Subjects after the criterion"),
    "n.before": mark("Subjects before"),
    "n.censor": mark("Censored"),
    "n.competing": mark("Competing events"),
    "n.control": mark("Subjects of the control group"),
    "n.episodes": mark("Episodes"),
    "n.evaluable": mark("Evaluable subjects"),
    "n.event.control": mark("Control subjects with the event"),
    "n.event.reference": mark("Reference subjects with the event"),
    "n.expected": mark("Expected events"),
    "n.exposed": mark("Subjects exposed"),
    "n.left.out": mark("Subjects left out"),
    "mean.dose": mark("Mean dose"),
    "mean.dose.high": mark("Upper limit of the mean dose"),
    "mean.dose.low": mark("Lower limit of the mean dose"),
    "n.masked": mark("Values set aside"),
    "n.missing.reference": mark("Missing in the reference"),
    "n.already": mark("Subjects there on day 0 already"),
    "n.left": mark("Subjects not followed so far"),
    "n.negative": mark("Subjects negative at baseline"),
    "n.no.baseline": mark("Subjects without a baseline"),
    "n.not.eligible": mark("Subjects not eligible"),
    "n.not.reached": mark("Resamples that do not reach it"),
    "cv.percent": mark("Geometric coefficient of variation, %"),
    "n.dead": mark("Subjects dead before"),
    "cumulative": mark("Cumulative dose, mg"),
    "n.off": mark("Subjects off"),
    "off": mark("Proportion off"),
    "off.high": mark("Upper limit of the proportion off"),
    "off.low": mark("Lower limit of the proportion off"),
    "n.below": mark("Subjects below the threshold"),
    "n.not.applicable": mark("Subjects to whom it does not apply"),
    "n.possible": mark("Subjects who may have had the event"),
    "estimate.possible": mark("Estimate, subjects who may have had the event counted"),
    "n.reference": mark("Reference subjects"),
    "n.resamples": mark("Resamples"),
    "n.risk": mark("Number at risk"),
    "n.risk.weighted": mark("Number at risk, weighted"),
    "n.subjects": mark("Subjects in the basket"),
    "n.trials": mark("Trials"),
    "n.with.event": mark("Subjects with an episode"),
    "other.n": mark("Subjects of the other report"),
    "other.trial": mark("Other trial"),
    "other.use": mark("Outcomes pooled of the other report"),
    "p": mark("Proportion"),
    "p.above": mark("Probability above the reference rate"),
    "p.adjusted": mark("Adjusted p-value"),
    "p.smallest": mark("Smallest possible p-value"),
    "p.exchangeable": mark("Probability of exchangeability"),
    "p.method": mark("How the p-value was found"),
    "p.value": mark("p-value"),
    "p25": mark("Lower quartile"),
    "p75": mark("Upper quartile"),
    "parameter": mark("Degrees of freedom"),
    "person.years": mark("Person-years"),
    "person.years.reference": mark("Person-years of the reference"),
    "ph.p.value": mark("p-value of proportional hazards"),
    "ph.p.value.all": mark("p-value of proportional hazards, all terms"),
    "platform": mark("Cell platform"),
    "possible.high": mark("Largest possible value"),
    "possible.low": mark("Smallest possible value"),
    "predict.high": mark("Upper end of the prediction interval"),
    "predict.low": mark("Lower end of the prediction interval"),
    "probability": mark("Posterior probability"),
    "probability.lower": mark("Probability that the rate is lower"),
    "q.n": mark("Statistic of sufficient follow-up"),
    "rate": mark("Rate"),
    "rate.high": mark("Upper limit of the rate"),
    "rate.low": mark("Lower limit of the rate"),
    "rate.reference": mark("Rate of the reference"),
    "raw.estimate": mark("Estimate without borrowing"),
    "raw.high": mark("Upper limit without borrowing"),
    "raw.low": mark("Lower limit without borrowing"),
    "reference.target": mark("Target of the reference trial"),
    "rmse": mark("Root mean squared error"),
    "sd": mark("Standard deviation"),
    "smd": mark("Standardised difference"),
    "spread": mark("Standard deviation between trials"),
    "statistic": mark("Test statistic"),
    "summary": mark("Summary"),
    "std.error": mark("Standard error"),
    "subject.years": mark("Subject-years"),
    "survival": mark("Survival"),
    "survival.reference": mark("Survival of the reference"),
    "tau.high": mark("Upper limit of tau"),
    "tau.low": mark("Lower limit of tau"),
    "tau2": mark("Variance between trials"),
    "tips": mark("Whether the conclusion changes"),
    "trials": mark("Trials by name"),
    "true.rate": mark("True rate"),
    "unit": mark("Unit"),
    "unique": mark("Whether the estimate is unique"),
    "use": mark("Outcomes pooled"),
    "z": mark("Standardised statistic"),
}

COUNT, SHARE, P_VALUE, ONE, TWO, THREE = "xx", "xx%", "p", "xx.x", "xx.xx", "xx.xxx"
_ESTIMATES = {
    "band_high", "band_low", "conf_high", "conf_low", "estimate", "estimate_best",
    "estimate_evaluable", "estimate_high", "estimate_low", "predict_high", "predict_low",
}  # fmt: skip
_SHARES = {
    "below", "below_high", "below_low", "borrowing_weight", "i2", "incidence", "incidence_high",
    "incidence_low", "mass", "mean", "mean_reference", "off", "off_high", "off_low",
    "p_above", "p_exchangeable", "possible_high", "possible_low", "probability",
    "probability_lower", "rate", "rate_reference", "raw_estimate", "raw_high", "raw_low",
    "survival", "survival_reference", "true_rate",
}  # fmt: skip
_P_VALUES = {
    "alpha_n", "p_adjusted", "p_heterogeneity", "p_smallest", "p_value", "ph_p_value",
    "ph_p_value_all",
}  # fmt: skip
_ONE_DECIMAL = {
    "baseline", "df", "ess", "ess_borrowed", "followup_median_months", "high", "last_event",
    "last_followup", "last_time", "low", "maximum", "mean_dose", "mean_dose_high", "mean_dose_low",
    "median", "minimum", "n_expected",
    "n_risk_weighted", "person_years",
    "person_years_reference", "q1", "q3", "std_dev", "subject_years",
}  # fmt: skip
_ERRORS = {"bias", "rmse", "spread", "std_error"}
# Estimates in days or in points of a scale, and those that are ratios, rates or means; the
# estimates of every other analysis are proportions or differences of proportions.
_IN_UNITS = {
    "b_cell_depletion", "baseline_table", "cellular_kinetics", "cumulative_dose", "followup_time",
    "glucocorticoid_course", "measure_trajectory", "restricted_mean",
    "restricted_time_lost", "score_change", "score_difference", "survival_quantile",
    "time_to_below_quantification", "titre_change", "toxicity_timing",
}  # fmt: skip
_NO_SHARES = {
    "cox_regression", "exposure_adjusted_rate", "exposure_adjusted_ratio", "exposure_response",
    "fine_gray_regression",
    "incidence_rate", "incidence_rate_ratio", "interval_censored_regression", "logrank_test",
    "gray_test", "infections_by_organism", "mean_cumulative_count", "pooled_incidence",
    "pooled_regression",
    "response_exposure", "response_regression", "trial_incidence",
}  # fmt: skip

# The rows of these are quantities of several kinds, as their unit says.
_BY_UNIT = {"crs_treatment", "hospital_days", "immunoglobulin_replacement"}


def result_ard(result: Numbers) -> pd.DataFrame:
    """Return a result as Analysis Results Data; `Result.to_ard` says what the columns are."""
    frame, spec = result.frame, result.spec
    if _OF_A_SUBJECT & set(frame):
        frame = frame.iloc[:0]
    groups, variable = key_columns(result)
    keys = {*groups, *variable, "note"}
    columns = [c for c in frame if c not in keys]
    n, k = len(frame), len(columns)
    stat, names, rules = (np.empty((n, k), dtype=object) for _ in range(3))
    for i, column in enumerate(columns):
        stat[:, i] = _plain(frame[column])
        names[:, i] = _names(frame, column, spec.analysis)
        rules[:, i] = rules_of(result, frame, column)
    row = np.repeat(np.arange(1, n + 1), k)
    ard: dict[str, object] = {}
    for i, column in enumerate(groups, start=1):
        ard[f"group{i}"] = column
        ard[f"group{i}_level"] = np.repeat(_plain(frame[column]), k)
    named = [np.repeat(_plain(frame[column]), k) for column in variable]
    if variable[:1] == ["variable"]:
        ard["variable"], ard["variable_level"] = named if len(named) == 2 else (*named, "")
    elif variable:
        ard["variable"], ard["variable_level"] = variable[0], named[0]
    else:
        ard["variable"], ard["variable_level"] = _measured(result), ""
    words = {name: LABELS.get(name, name) for name in set(names.flat)}
    note = _plain(frame["note"]) if "note" in frame else np.full(n, "", dtype=object)
    ard |= {
        "context": spec.analysis,
        "stat_name": names.ravel(),
        "stat_label": [words[name] for name in names.flat],
        "stat": stat.ravel(),
        "fmt_fun": rules.ravel(),
        "warning": np.repeat(note, k),
        "error": "",
        "endpoint": spec.endpoint,
        "population": spec.population,
        "method": spec.method,
        "conf_level": spec.conf_level,
        "row": row,
        "warning_key": np.repeat(message_keys(note), k),
        "method_key": spec.method_key,
    }
    return pd.DataFrame(ard, index=range(n * k))


def message_keys(texts: np.ndarray) -> np.ndarray:
    """Return the key of each text in the catalogue of messages; empty where it has none."""
    keys = {text: key_of(text) if isinstance(text, str) else "" for text in dict.fromkeys(texts)}
    return np.array([keys[text] for text in texts], dtype=object)


def key_columns(result: Numbers) -> tuple[list[str], list[str]]:
    """Return the columns that become groups, and the one or two that are the variable."""
    frame = result.frame
    by = [c for c in result.by if c in frame and c != "endpoint"]
    if "variable" in frame:
        return by, [c for c in ("variable", "level") if c in frame]
    told = _OF_A_REPORT if "study_id" not in frame else set()
    told = told - set(result.by)
    own = [c for c in KEYS if c in frame and c not in by and c not in told]
    return [*by, *own[:-1]], own[-1:]


def _measured(result: Numbers) -> str:
    """Return the name of what was measured, for a result whose rows have no key of their own."""
    for option in _MEASURED:
        value = result.spec.options.get(option)
        if isinstance(value, list | tuple) and len(value) == 1:
            value = value[0]
        if isinstance(value, str):
            return value
    return result.spec.analysis


def _plain(column: pd.Series) -> np.ndarray:
    """Return a column's values as they are, whatever its type; what is missing is NaN."""
    values = column.astype(object).to_numpy(copy=True)
    values[pd.isna(values)] = np.nan
    return values


def _names(frame: pd.DataFrame, column: str, analysis: str) -> str | np.ndarray:
    if column == "estimate" and analysis == "baseline_table":
        return np.where(_is_number(frame), "mean", "p")
    return NAMES.get(column, column.replace("_", "."))


def _is_number(frame: pd.DataFrame) -> pd.Series:
    return frame["kind"] == "number"


def rules_of(result: Numbers, frame: pd.DataFrame, column: str) -> str | np.ndarray:
    """Return how the statistics of a column print; blank for words."""
    analysis = result.spec.analysis
    if column in _P_VALUES:
        return P_VALUE
    if column in _ONE_DECIMAL:
        return ONE
    if column == "n" or column.startswith("n_") or column == "other_n":
        return COUNT
    # Of deaths it is one per person-time.
    if column in _SHARES and (column != "rate" or "person_years" not in frame):
        return SHARE
    if column in _ESTIMATES:
        if analysis == "baseline_table":
            return np.where(_is_number(frame), ONE, SHARE)
        return _estimate_rules(result, frame)
    if column in _ERRORS:
        return TWO if analysis in _IN_UNITS else THREE
    return TWO if _holds_numbers(frame[column]) else ""


def _holds_numbers(column: pd.Series) -> bool:
    """Say whether a column, which may have been read as text, is one of numbers."""
    if pd.api.types.is_bool_dtype(column):
        return False
    if pd.api.types.is_numeric_dtype(column):
        return True
    return bool(pd.to_numeric(column, errors="coerce").notna().any())


def _estimate_rules(result: Numbers, frame: pd.DataFrame) -> str | np.ndarray:
    analysis, options = result.spec.analysis, result.spec.options
    if analysis in _BY_UNIT:
        return frame["unit"].map({"share": SHARE, "per person-year": TWO}).fillna(ONE).to_numpy()
    if analysis in _NO_SHARES or "ratio" in str(options.get("contrast")):
        return TWO
    if analysis in _IN_UNITS or options.get("statistic") in ("median", "restricted mean"):
        return ONE
    ratio = np.zeros(len(frame), dtype=bool)
    for column in ("contrast", "measure"):
        if column in frame:
            ratio |= frame[column].astype(str).str.contains("ratio").to_numpy()
    return np.where(ratio, TWO, SHARE)
