"""How far the mean change of a score differs between strata, by a mixed model for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import check_by, level_labels, stratum_keys
from carstats.errors import CarstatsError, check_choice, check_conf_level, names_given
from carstats.estimators.identified import independent_columns
from carstats.estimators.regression.mmrm import COVARIANCES
from carstats.estimators.tests.multiplicity import ADJUSTMENTS, adjust_p_values
from carstats.messages import Joined, joined_notes, message, message_n
from carstats.response.pairs import column_list, pairs_words
from carstats.response.scores import STRUCTURES, changes_from_baseline, fit_structure
from carstats.result import Result
from carstats.wording import because, level_text


def score_difference(
    cohort: Cohort,
    measure: str,
    *,
    by: str,
    reference: object = None,
    covariates: str | Iterable[str] = (),
    at: Iterable[float] = (28, 84, 168, 252, 364),
    structure: str = "auto",
    adjust: str = "none",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the difference between strata in the mean change of a score, by visit (MMRM).

    One mixed model for repeated measures for all strata: a mean for each stratum and visit, one
    slope on baseline, covariates, one covariance between visits, by REML. What is missing at random
    given what was seen does not bias it.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; its infused subjects are counted. Strata that were not randomised
        differ in more than `by`.
    measure : str
        A measure of the assessments, such as ``"SLEDAI-2K"``.
    by : str
        The column of the subjects table whose levels are compared.
    reference : object, optional
        The level that the others are compared with; by default the first.
    covariates : str or list of str
        Further columns to adjust for: numbers by their slope, categories by their levels. Who lacks
        one is left out and counted.
    at : list of float
        Days of the visits, as for `score_change`.
    structure : {"auto", "unstructured", "heterogeneous AR(1)", "compound symmetry"}
        Covariance between visits, as for `score_change`.
    adjust : {"none", "Holm", "Bonferroni", "Benjamini-Hochberg"}
        Adjustment of the p-values for all rows of the result.
    conf_level : float
        Confidence level; the limits are not adjusted.

    Returns
    -------
    Result
        For each level but the reference and each visit (``time``): ``contrast``, ``n`` and
        ``n_reference`` subjects seen at the visit and in the model, ``n_missing`` of both not seen
        or left out, ``estimate`` (level less reference), ``std_error``, ``df`` (Satterthwaite's),
        ``conf_low``, ``conf_high``, ``statistic`` (t), ``p_value``, ``p_adjusted``, ``note``. NaN
        with a note where a stratum has fewer than two values at the visit or there is no fit.

    Raises
    ------
    CarstatsError
        If `by` has fewer than two levels or not the reference, a covariate does not exist, or as
        for `score_change`.

    References
    ----------
    Mallinckrodt CH, Lane PW, Schnell D, Peng Y, Mancuso JP. Drug Inf J 2008; 42: 303-319.
    Satterthwaite FE. Biometrics Bull 1946; 2: 110-114.
    Fai AHT, Cornelius PL. J Stat Comput Simul 1996; 54: 363-378.

    Examples
    --------
    >>> cs.score_difference(lupus, "SLEDAI-2K", by="target", at=[84, 168])
    """
    structure = check_choice("structure", structure, ("auto", *COVARIANCES))
    adjust = check_choice("adjust", adjust, ADJUSTMENTS)
    check_conf_level(conf_level)
    changes = changes_from_baseline(cohort, measure, at)
    subjects, days = changes.subjects, changes.days
    if len(check_by(subjects, by)) != 1 or not isinstance(by, str):
        raise CarstatsError(
            message("`by` is {by}; it takes the one column whose levels are compared.", by=repr(by))
        )
    more = names_given("covariates", covariates)
    # Missing values are counted below: only the names are checked here.
    check_by(subjects.iloc[:0], more, "covariates")
    vocabulary = cohort.study.vocabulary
    levels = [key[0] for key in stratum_keys(vocabulary, cohort.eligible, [by])]
    if len(levels) < 2:
        raise CarstatsError(
            message("`by` is {by}, which has one level; a comparison takes two.", by=repr(by))
        )
    reference = levels[0] if reference is None else reference
    reference = check_choice("reference", reference, levels)
    whole = subjects[more].notna().all(axis=1).to_numpy(bool) if more else True
    start = changes.base.reindex(subjects["subject_id"]).to_numpy(float)
    y = changes.table.to_numpy(float)
    y = np.where((whole & ~np.isnan(start))[:, None], y, np.nan)
    group = subjects[by].map({level: i for i, level in enumerate(levels)}).to_numpy(int)
    rows, fitted = _contrasts(
        y, start, group, levels.index(reference), _columns(subjects, more), structure, conf_level
    )
    labels = level_labels(vocabulary, [by])
    named = [labels.get(by, {}).get(level, str(level)) for level in levels]
    found = []
    for row in rows:
        level, visit = row.pop("level"), row.pop("visit")
        start_of = {by: levels[level], "time": float(days[visit])}
        pair = Joined((named[level], named[levels.index(reference)]), " − ")
        found.append({**start_of, "contrast": pair, **row})
    frame = pd.DataFrame(found)
    place = list(frame.columns).index("p_value") + 1
    frame.insert(place, "p_adjusted", adjust_p_values(frame["p_value"], method=adjust))
    words: str = message(
        "mixed model for repeated measures (REML, {structure} covariance) adjusted for {columns}, "
        "Satterthwaite t {level} % limits",
        structure=message(STRUCTURES[fitted]) if fitted else message("no"),
        columns=Joined([message("baseline"), *([column_list(more)] if more else [])],
                       message(", ")),
        level=level_text(conf_level),
    )  # fmt: skip
    if len(frame) > 1:
        words = pairs_words(words, adjust, len(frame))
    spec = cohort.spec(
        "score_difference",
        endpoint=message(
            "{measure}: difference in change from baseline",
            measure=vocabulary.label("measure", changes.measure),
        ),
        population=changes.population,
        method=words,
        by=[by],
        conf_level=conf_level,
    )
    options = {
        "measure": changes.measure, "unit": changes.unit, "at": [float(d) for d in days],
        "reference": str(reference), "covariates": more, "structure": structure, "adjust": adjust,
    }  # fmt: skip
    return Result(frame, replace(spec, options=options), labels)


def _columns(subjects: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Return covariates as numbers, each centred; NaN where missing."""
    parts = [np.empty((len(subjects), 0))]
    for name in names:
        values = subjects[name]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            parts.append(values.to_numpy(float)[:, None])
            continue
        known = values.dropna()
        for level in sorted(known.unique(), key=str)[1:]:
            column = np.where(values.notna(), (values == level).to_numpy(bool), np.nan)
            parts.append(column.astype(float)[:, None])
    return np.hstack(parts)


def _contrasts(
    y, start, group, reference: int, more, structure: str, conf_level: float
) -> tuple[list[dict[str, Any]], str]:
    """Return the contrasts of each level with the reference at each visit, and the covariance."""
    size, q = int(group.max()) + 1, y.shape[1]
    seen = ~np.isnan(y)
    counts = np.array([seen[group == g].sum(axis=0) for g in range(size)])
    # A mean of one value has no error of its own in any of the covariances.
    cells = counts >= 2
    y = np.where(cells[group], y, np.nan)
    used = (~np.isnan(y)).any(axis=1)
    visits = np.flatnonzero(cells.any(axis=0))
    means = [(g, int(v)) for g in range(size) for v in visits if cells[g, v]]
    total = np.array([int((group == g).sum()) for g in range(size)])
    rows: list[dict[str, Any]] = [
        {
            "level": g, "visit": v,
            "n": int(counts[g, v]), "n_reference": int(counts[reference, v]),
            "n_missing": int(total[g] + total[reference] - counts[g, v] - counts[reference, v]),
            **dict.fromkeys(("estimate", "std_error", "df", "conf_low", "conf_high"), np.nan),
            "statistic": np.nan, "p_value": np.nan,
            "note": "" if cells[g, v] and cells[reference, v]
            else message("fewer than two values at the visit in a stratum"),
        }
        for g in range(size) if g != reference for v in range(q)
    ]  # fmt: skip
    asked = [row for row in rows if not row["note"]]
    if not asked:
        return rows, ""
    y, group = y[used][:, visits], group[used]
    extra = np.column_stack([start[used], more[used]])
    extra = extra - extra.mean(axis=0)
    kept = independent_columns(extra, group)
    x = np.zeros((len(y), visits.size, len(means) + int(kept.sum())))
    place = {int(v): i for i, v in enumerate(visits)}
    for j, (g, v) in enumerate(means):
        x[group == g, place[int(v)], j] = 1.0
    x[:, :, len(means) :] = extra[:, None, kept]
    wanted = np.zeros((len(asked), x.shape[2]))
    for i, row in enumerate(asked):
        wanted[i, means.index((row["level"], row["visit"]))] = 1.0
        wanted[i, means.index((reference, row["visit"]))] = -1.0
    fit = fit_structure(y, x, structure, wanted)
    dropped = int((~kept).sum())
    said = message_n(
        "{n} covariate follows from the others and was left out",
        "{n} covariates follow from the others and were left out",
        dropped,
    )
    for i, row in enumerate(asked):
        row["note"] = joined_notes(because(fit.reason), said if dropped else "")
        if not fit.reason:
            values = fit.contrast[i], fit.contrast_error[i], fit.contrast_df[i]
            estimate, error, df = map(float, values)
            row |= _limits(estimate, error, df, conf_level)
    return rows, "" if fit.reason else fit.structure


def _limits(mean: float, error: float, df: float, conf_level: float) -> dict[str, float]:
    from scipy.special import stdtr, stdtrit

    half = float(stdtrit(df, 0.5 + conf_level / 2)) * error
    t = mean / error
    return {
        "estimate": mean, "std_error": error, "df": df, "conf_low": mean - half,
        "conf_high": mean + half, "statistic": t, "p_value": 2 * float(stdtr(df, -abs(t))),
    }  # fmt: skip
