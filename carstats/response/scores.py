"""The mean change of a score from baseline, by visit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import check_by, estimate_by, level_labels
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number
from carstats.estimators.reasons import TOO_FEW_VALUES, Reason
from carstats.estimators.regression.mmrm import COVARIANCES, MmrmFit, fit_mmrm
from carstats.messages import joined_notes, mark, message
from carstats.response.course import asked_subjects, baselines, measure_rows
from carstats.response.outcomes import analysis_set, joined_words, visit_window, within
from carstats.result import Result
from carstats.wording import because, level_text

METHODS = ("observed", "MMRM")
_WORDS = {
    "observed": mark("means of those seen, t limits"),
    "MMRM": mark("mixed model for repeated measures (REML, Satterthwaite), at the mean baseline"),
}
STRUCTURES = {
    "unstructured": mark("unstructured"),
    "heterogeneous AR(1)": mark("heterogeneous AR(1)"),
    "compound symmetry": mark("compound symmetry"),
}


def score_change(
    cohort: Cohort,
    measure: str,
    *,
    at: Iterable[float] = (28, 84, 168, 252, 364),
    by: str | Iterable[str] | None = None,
    method: str = "observed",
    structure: str = "auto",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the mean change of a score from baseline at visits.

    Baseline is the last adequate value before lymphodepletion, or before the infusion where there
    was none; where only a value between the two exists it is taken, and counted in the note.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; its infused subjects are counted.
    measure : str
        A measure of the assessments, such as ``"SLEDAI-2K"``; it is asked of the diseases in which
        the study has it.
    at : list of float
        Days of the visits, with the default windows of `response_rate`. Of several adequate
        assessments in a window the nearest counts, of two equally near the later.
    by : str or list of str, optional
        Columns of the subjects table; each stratum has estimates, and a model, of its own.
    method : {"observed", "MMRM"}
        Means of those seen at a visit with t limits; or the mixed model for repeated measures: a
        mean for each visit, one slope on baseline, a covariance between visits, by REML with
        Satterthwaite's degrees of freedom, at the stratum's mean baseline. The model also uses
        those who miss a visit, and is unbiased if what is missing depends only on what was seen;
        the means need it not to depend on the score at all.
    structure : {"auto", "unstructured", "heterogeneous AR(1)", "compound symmetry"}
        Covariance between visits. "auto" takes the first of these that the data can carry:
        unstructured if each two of q visits were seen together in at least q + 3 subjects;
        heterogeneous AR(1) if each visit has at least 3 values and the model 3 for each mean and
        slope; compound symmetry if 3 subjects were seen twice. The note says which was fitted.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum and visit (``time``, days): ``n`` subjects, ``n_missing`` without a
        baseline or without a value in the window, ``estimate`` with ``conf_low``, ``conf_high``,
        ``note``, ``std_error``, ``df``, and ``baseline``, the mean baseline of those counted (for
        the MMRM of those in the model). One subject has no limits.

    Raises
    ------
    CarstatsError
        If the measure is unknown or without data, nobody has a baseline, or an argument is not
        allowed.

    References
    ----------
    Mallinckrodt CH, Lane PW, Schnell D, Peng Y, Mancuso JP. Drug Inf J 2008; 42: 303-319.

    Examples
    --------
    >>> figure = cs.plot(cs.score_change(lupus, "SLEDAI-2K", by="target"))
    """
    method = check_choice("method", method, METHODS)
    structure = check_choice("structure", structure, ("auto", *COVARIANCES))
    check_conf_level(conf_level)
    changes = changes_from_baseline(cohort, measure, at)
    by = check_by(changes.subjects, by)
    days, base, late = changes.days, changes.base, changes.late

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        own = changes.table.loc[stratum["subject_id"]]
        start = base.reindex(own.index)
        fit = _means if method == "observed" else _model
        found = fit(own.to_numpy(float), start.to_numpy(float), structure, conf_level)
        odd = int(late.reindex(own.index).eq(True).sum())
        rest = message("baseline of {n} between lymphodepletion and infusion", n=odd) if odd else ""
        for row in found:
            row["note"] = joined_notes(row["note"], rest)
        return pd.DataFrame([{"time": float(d), **r} for d, r in zip(days, found, strict=True)])

    spec = cohort.spec(
        "score_change",
        endpoint=message(
            "{measure}: change from baseline",
            measure=cohort.study.vocabulary.label("measure", changes.measure),
        ),
        population=changes.population,
        method=message(
            "{method}; {level} % limits; baseline: last before lymphodepletion",
            method=message(_WORDS[method]),
            level=level_text(conf_level),
        ),
        by=by,
        conf_level=conf_level,
    )
    options: dict[str, Any] = {"measure": changes.measure, "unit": changes.unit}
    options |= {"at": [float(d) for d in days], "method": method, "structure": structure}
    frame = estimate_by(cohort.study.vocabulary, cohort.eligible, changes.subjects, by, estimate)
    return Result(frame, replace(spec, options=options), level_labels(cohort.study.vocabulary, by))


@dataclass(frozen=True, eq=False)
class Changes:
    """Changes of a score from baseline.

    Attributes
    ----------
    table : pandas.DataFrame
        A row for each subject (index ``subject_id``), a column for each day; NaN where not seen.
    base, late : pandas.Series
        Baseline of each subject, and whether it came after lymphodepletion.
    subjects : pandas.DataFrame
        The subjects who are counted.
    days : list of float
        The visits.
    measure, unit, population : str
        What was measured, its unit where there is one, and who is counted.
    """

    table: pd.DataFrame
    base: pd.Series
    late: pd.Series
    subjects: pd.DataFrame
    days: list[float]
    measure: str
    unit: str
    population: str


def changes_from_baseline(cohort: Cohort, measure: str, at: float | Iterable[float]) -> Changes:
    """Return the changes of a score from baseline at visits."""
    days = [at] if isinstance(at, int | float) else list(at)
    for day in days:
        check_number("at", day, low=1)
    if not days or len(set(days)) < len(days) or sorted(days) != days:
        raise CarstatsError(
            message("`at` is {days}; it takes different days in rising order.", days=days)
        )
    name, rows = measure_rows(cohort, measure)
    subjects, words = asked_subjects(cohort, name, *analysis_set(cohort, "treated"))
    base, late = baselines(rows, subjects)
    if not subjects["subject_id"].isin(base.index).any():
        raise CarstatsError(
            message("nobody of the cohort has {name} before treatment.", name=repr(name))
        )
    changes = pd.DataFrame({day: _at_visit(cohort, rows, day) for day in days})
    changes = changes.reindex(subjects["subject_id"]).sub(
        base.reindex(subjects["subject_id"]), axis=0
    )
    later = rows.loc[rows["day"] > 0, "subject_id"]
    known = subjects["subject_id"].isin(base.index) & subjects["subject_id"].isin(later)
    if not known.all():
        lacking = message("{n} without a baseline or a later value", n=int((~known).sum()))
        words = joined_words(words, lacking)
    units = rows["unit"].dropna().unique() if "unit" in rows else []
    unit = units[0] if len(units) == 1 else ""
    return Changes(changes, base, late, subjects, days, name, unit, words)


def _at_visit(cohort: Cohort, rows: pd.DataFrame, day: float) -> pd.Series:
    low, high = visit_window(day, cohort.study)
    inside = rows[within(rows["day"], low, high) & (rows["day"] > 0)]
    order = inside.assign(distance=(inside["day"] - day).abs()).sort_values(
        ["distance", "day"], ascending=[True, False], kind="stable"
    )
    return order.drop_duplicates("subject_id").set_index("subject_id")["value"].astype(float)


def _row(change, baseline, note: str = "") -> dict[str, Any]:
    seen = ~np.isnan(change)
    blank = dict.fromkeys(("estimate", "conf_low", "conf_high"), np.nan)
    return {
        "n": len(change),
        "n_missing": int((~seen).sum()),
        **blank,
        "note": note if len(change) else message("no subjects"),
        "std_error": np.nan,
        "df": np.nan,
        "baseline": float(baseline[seen].mean()) if seen.any() else np.nan,
    }


def _limits(row: dict[str, Any], mean: float, error: float, df: float, conf_level: float) -> None:
    from scipy.special import stdtrit

    half = float(stdtrit(df, 0.5 + conf_level / 2)) * error
    row |= {"estimate": mean, "conf_low": mean - half, "conf_high": mean + half}
    row |= {"std_error": error, "df": df}


def _means(changes, baseline, structure: str, conf_level: float) -> list[dict[str, Any]]:
    found = []
    for change in changes.T:
        seen = change[~np.isnan(change)]
        row = _row(change, baseline, "" if seen.size else message("nobody seen at the visit"))
        if seen.size == 1:
            row |= {"estimate": float(seen[0]), "note": message("one subject: no limits")}
        elif seen.size:
            error = float(seen.std(ddof=1) / np.sqrt(seen.size))
            _limits(row, float(seen.mean()), error, float(seen.size - 1), conf_level)
            if error == 0:
                note = message("all alike: no limits")
                row |= {"conf_low": np.nan, "conf_high": np.nan, "note": note}
        found.append(row)
    return found


def _model(changes, baseline, structure: str, conf_level: float) -> list[dict[str, Any]]:
    used = ~np.isnan(changes).all(axis=1)
    # A mean of one value has no error of its own in any of the covariances.
    visits = np.flatnonzero((~np.isnan(changes)).sum(axis=0) >= 2)
    few = message("too few values for a model")
    if visits.size:
        few = message("fewer than two values at the visit")
    found = [_row(change, baseline, few) for change in changes.T]
    if not visits.size:
        return found
    y, start = changes[used][:, visits], baseline[used]
    fit = _fitted(y, start - start.mean(), structure)
    for i, visit in enumerate(visits):
        note = because(fit.reason)
        if not fit.reason:
            named = message(STRUCTURES[fit.structure])
            note = message("{structure} covariance", structure=named)
        row = _row(changes[:, visit], baseline, note)
        if not fit.reason:
            row["baseline"] = float(start.mean())
            error = float(fit.std_error[i])
            _limits(row, float(fit.coef[i]), error, float(fit.df[i]), conf_level)
        found[visit] = row
    return found


def _fitted(y, start, structure: str) -> MmrmFit:
    """Fit a mean for each visit and a slope on baseline."""
    n, q = y.shape
    x = np.tile(np.eye(q), (n, 1, 1))
    if np.ptp(start) > 0:
        x = np.concatenate([x, np.repeat(start[:, None, None], q, axis=1)], axis=2)
    return fit_structure(y, x, structure)


def fit_structure(y, x, structure: str, contrasts=None) -> MmrmFit:
    """Fit the first covariance that the data can carry, or the one asked for."""
    q = y.shape[1]
    seen = ~np.isnan(y)
    together = seen.T.astype(int) @ seen
    allowed = {
        "unstructured": together.min() >= q + 3,
        "heterogeneous AR(1)": np.diag(together).min() >= 3 and seen.sum() >= 3 * x.shape[2],
        "compound symmetry": (seen.sum(axis=1) >= 2).sum() >= 3,
    }
    tried = [structure] if structure != "auto" else [s for s, fine in allowed.items() if fine]
    none = np.empty(0)
    fit = MmrmFit(none, none, none, none, np.nan, "", Reason(TOO_FEW_VALUES))
    for choice in tried:
        fit = fit_mmrm(y, x, structure=choice, contrasts=contrasts)
        if not fit.reason:
            break
    return fit
