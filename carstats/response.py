"""Response-rate analyses of a cohort."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.cohort import Cohort, check_cohort
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number, listed
from carstats.estimators.proportion import METHODS, proportion_limits
from carstats.result import Result
from carstats.strata import check_by, estimate_by, level_labels

# Half-widths of the visit windows: (up to this day, days either side). See the endpoint rules.
_WINDOWS = ((42, 7), (126, 14), (378, 28), (np.inf, 42))


def response_rate(
    cohort: Cohort,
    endpoint: str,
    *,
    at: float = 168,
    window: tuple[float, float] | None = None,
    by: str | Iterable[str] | None = None,
    method: str = "Clopper-Pearson",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the proportion of subjects with a response at a visit.

    The denominator is every subject of the cohort: a response that is missing or not evaluable
    counts as failure. The rate among the evaluable stands beside it.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; usually the infused, and those with potential follow-up to the end
        of the window.
    endpoint : str
        A response endpoint of the study, such as ``"drug_free_remission"``.
    at : float
        Day of the visit from the first infusion; 168 is week 24.
    window : (float, float), optional
        First and last day that count for the visit. The default is 7 days either side up to day
        42, 14 up to day 126, 28 up to day 378 and 42 beyond. Of several evaluable assessments the
        one nearest to `at` counts, of two equally near the later.
    by : str or list of str, optional
        Columns of the subjects table; one rate for each stratum.
    method : {"Clopper-Pearson", "Wilson"}
        Confidence limits.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum: ``n`` subjects, ``n_missing`` without an evaluable assessment in the
        window, ``n_event`` responders, ``estimate`` = n_event / n with ``conf_low`` and
        ``conf_high``, ``n_evaluable`` = n - n_missing, ``estimate_evaluable``, ``note``. A stratum
        without subjects has NaN.

    Raises
    ------
    CarstatsError
        If the endpoint is not in the vocabulary or not in the data, no subject of the study has it
        in the window, or an argument is not allowed.

    References
    ----------
    Clopper CJ, Pearson ES. Biometrika 1934; 26: 404-413.
    Wilson EB. J Am Stat Assoc 1927; 22: 209-212.
    """
    check_choice("method", method, METHODS)
    check_conf_level(conf_level)
    check_number("at", at)
    check_cohort(cohort)
    study = cohort.study
    name = study.vocabulary.require("endpoint", "endpoint", endpoint, "response")
    low, high = visit_window(at) if window is None else _checked_window(window, at)
    by = check_by(cohort.subjects, by)
    rows = study.table("responses")
    rows = rows[rows["endpoint"] == name]
    if rows.empty:
        raise CarstatsError(
            f"no subject of the study has the endpoint {name!r} in the responses table. "
            f"It has: {listed(study.endpoints('response')) or 'none'}."
        )
    if not rows["day"].between(low, high).any():
        days = rows["day"].round().astype(int).value_counts().sort_index().index
        raise CarstatsError(
            f"`at`={at:g}: no assessment of {name!r} from day {low:g} to {high:g}. "
            f"Assessments lie on days {days[0]} to {days[-1]}; give `at` or `window` accordingly."
        )
    visit = _nearest(rows, at, low, high)
    subjects = cohort.subjects.assign(response=cohort.subjects["subject_id"].map(visit))

    def estimate(stratum: pd.DataFrame) -> dict[str, object]:
        n, answered = len(stratum), int(stratum["response"].notna().sum())
        k = int((stratum["response"] == 1).sum())
        limit_low, limit_high = proportion_limits(k, n, method=method, conf_level=conf_level)
        return {
            "n": n,
            "n_missing": n - answered,
            "n_event": k,
            "estimate": k / n if n else np.nan,
            "conf_low": float(limit_low),
            "conf_high": float(limit_high),
            "n_evaluable": answered,
            "estimate_evaluable": k / answered if answered else np.nan,
            "note": _note(stratum, answered, low),
        }

    label = study.vocabulary.label("endpoint", name)
    spec = cohort.spec(
        "response_rate",
        endpoint=f"{label} at day {at:g} (window {low:g} to {high:g})",
        population=", missing = failure",
        method=f"{method.replace('-', '–')} {conf_level * 100:g} % limits",
        by=by,
        conf_level=conf_level,
    )
    options = {"endpoint": name, "at": float(at), "window": [low, high], "method": method}
    spec = replace(spec, options=options)
    return Result(
        estimate_by(study.vocabulary, cohort.eligible, subjects, by, estimate),
        spec,
        level_labels(study.vocabulary, by),
    )


def visit_window(at: float) -> tuple[float, float]:
    """Return the default window of a scheduled visit.

    Parameters
    ----------
    at : float
        Day of the visit.

    Returns
    -------
    tuple of float
        Its first and last day.
    """
    half = next(half for last, half in _WINDOWS if at <= last)
    return float(at - half), float(at + half)


def _checked_window(window: tuple[float, float], at: float) -> tuple[float, float]:
    if not isinstance(window, tuple | list) or len(window) != 2:
        raise CarstatsError(f"`window` is {window!r}; it takes its first and last day.")
    for day in window:
        check_number("window", day)
    low, high = map(float, window)
    if not low <= at <= high:
        raise CarstatsError(f"`window` is {window!r}, which does not contain `at` ({at:g}).")
    return low, high


def _nearest(rows: pd.DataFrame, at: float, low: float, high: float) -> pd.Series:
    """Return each subject's response at the evaluable assessment nearest to `at`, as 0 or 1."""
    rows = rows[rows["day"].between(low, high) & rows["response"].notna()]
    if "evaluable" in rows:
        rows = rows[rows["evaluable"].fillna(True).astype(bool)]
    rows = rows.assign(distance=(rows["day"] - at).abs())
    # Nearest first; of two equally near, the later.
    rows = rows.sort_values(["distance", "day"], ascending=[True, False], kind="stable")
    first = rows.drop_duplicates("subject_id")
    return first.set_index("subject_id")["response"].astype(float)


def _note(stratum: pd.DataFrame, answered: int, low: float) -> str:
    if not len(stratum):
        return "no subjects"
    notes = []
    if not answered:
        notes.append("nobody evaluable")
    if "cutoff_day" in stratum:
        early = int((stratum["response"].isna() & (stratum["cutoff_day"] < low)).sum())
        if early:
            notes.append(
                f"{early} of the missing had not reached the visit at the data cut-off "
                "(see potential_followup)"
            )
    return "; ".join(notes)
