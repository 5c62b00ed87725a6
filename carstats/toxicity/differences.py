"""Differences of toxicity rates between strata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import check_by, level_labels, stratum_keys
from carstats.counts.counted import Counts
from carstats.counts.standing import counted_terms, refuse_unknown
from carstats.errors import CarstatsError, check_choice, check_conf_level, listed
from carstats.estimators.tests.multiplicity import ADJUSTMENTS, adjust_p_values
from carstats.messages import Joined, joined_notes, message
from carstats.result import Result
from carstats.toxicity.contrasts import bounded_comparison, check_contrast
from carstats.toxicity.episodes import severe_enough, term_labels, term_words
from carstats.toxicity.rates import toxicity_rate
from carstats.wording import compared_limits


def toxicity_difference(
    cohort: Cohort | Counts,
    term: str | Iterable[str],
    *,
    by: str,
    reference: object = None,
    min_grade: int = 1,
    min_severity: str | None = None,
    window: tuple[float, float] | None = None,
    grading_scale: str | Mapping[str, str] | None = None,
    contrast: str = "difference",
    method: str = "auto",
    adjust: str = "none",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the difference or ratio of toxicity rates between strata.

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`. Strata that were not randomised differ in more than `by`.
    term : str or list of str
        Toxicities of the study's vocabulary.
    by : str
        The column whose levels are compared.
    reference : object, optional
        The level that the others are compared with; by default the first.
    min_grade : {1, 2, 3, 4, 5}
        Smallest grade that counts.
    min_severity : str, optional
        Smallest severity that counts.
    window : (float, float), optional
        First and last day of onset; the denominators are then those followed at its start.
    grading_scale : str or mapping of str to str, optional
        The scale whose grades count, where a study has several.
    contrast : {"difference", "ratio"}
        What to estimate.
    method : str
        Limits, as for `response_difference`: by default Agresti-Min, exact, up to the size of 50
        against 50, and Miettinen-Nurminen beyond; "Miettinen-Nurminen", "SCAS", "melded",
        "Chan-Zhang", "Agresti-Min", for differences also "Mee", "Newcombe". The p-value is of the
        test that they invert; "Newcombe" has none.
    adjust : {"none", "Holm", "Bonferroni", "Benjamini-Hochberg"}
        Adjustment of the p-values for all rows of the result.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each term and level but the reference: the `by` column, ``term``, ``contrast`` in words,
        ``n``, ``n_missing`` of both strata, ``n_event``, ``rate``, ``n_reference``,
        ``n_event_reference``, ``rate_reference``, ``estimate``, ``conf_low``, ``conf_high``,
        ``statistic``, ``df``, ``p_value``, ``p_adjusted``, ``note``. The rates and the estimate
        are of what is proven. Where somebody's grade is not known, the limits reach over all that
        it may be, and the p-value is the largest of those.

    Raises
    ------
    CarstatsError
        If `by` has fewer than two levels or not the reference, or as for `toxicity_rate`.

    References
    ----------
    Miettinen O, Nurminen M. Stat Med 1985; 4: 213-226.
    Fay MP, Proschan MA, Brittain E. Biometrics 2015; 71: 146-156 (melded).

    Examples
    --------
    >>> cs.toxicity_difference(cohort, "CRS", by="target", reference="CD19")
    """
    refuse_unknown("min_severity", cohort, min_severity)
    first, _ = counted_terms(cohort, term)
    contrast, method = check_contrast(contrast, method)
    adjust = check_choice("adjust", adjust, ADJUSTMENTS)
    check_conf_level(conf_level)
    severe = severe_enough(first, min_grade, min_severity)
    levels, reference = compared_levels(first, by, reference)
    rates = toxicity_rate(
        cohort, term, min_grade=min_grade, min_severity=min_severity, window=window, by=by,
        grading_scale=grading_scale, conf_level=conf_level,
    )  # fmt: skip
    study, labels = first.study, level_labels(first.study.vocabulary, [by])
    named: dict[Any, str] = {**labels.get(by, {})}
    rows, used = [], []
    terms = list(dict.fromkeys(rates.frame["term"]))
    for name in terms:
        of_term = rates.frame[rates.frame["term"] == name].set_index(by)
        base = of_term.loc[reference]
        for level in levels:
            if level == reference:
                continue
            mine = of_term.loc[level]
            k = int(mine["n_event"]), int(base["n_event"])
            n = int(mine["n"]), int(base["n"])
            m = int(mine["n_missing"]), int(base["n_missing"])
            found = bounded_comparison(k, m, n, contrast, method, conf_level)
            used.append(found.method)
            sign = " − " if contrast == "difference" else " / "
            rows.append(
                {
                    by: level,
                    "term": name,
                    "contrast": Joined(
                        (named.get(level, str(level)), named.get(reference, str(reference))), sign
                    ),
                    "n": n[0],
                    "n_missing": sum(m),
                    "n_event": k[0],
                    "rate": mine["estimate"],
                    "n_reference": n[1],
                    "n_event_reference": k[1],
                    "rate_reference": base["estimate"],
                    "estimate": found.estimate,
                    "conf_low": np.nan if np.isnan(found.estimate) else found.low,
                    "conf_high": np.nan if np.isnan(found.estimate) else found.high,
                    "statistic": found.z,
                    "df": np.nan,
                    "p_value": found.p_value,
                    "note": joined_notes(
                        _empty(mine, base),
                        message("nobody had it") if min(n) and not sum(k) else "",
                        _bounds_note(sum(m)),
                    ),
                }
            )
    frame = pd.DataFrame(rows)
    at = list(frame.columns).index("p_value") + 1
    frame.insert(at, "p_adjusted", adjust_p_values(frame["p_value"], method=adjust))
    toxicity = severe.of(term_words(study, terms))
    spec = first.spec(
        "toxicity_difference",
        endpoint=message("{toxicity}: difference of rates", toxicity=toxicity)
        if contrast == "difference"
        else message("{toxicity}: ratio of rates", toxicity=toxicity),
        method=_method_words(compared_limits(used, conf_level), adjust, len(frame)),
        by=[by],
        conf_level=conf_level,
        terms=terms,
        reference=str(reference),
        min_grade=min_grade,
        min_severity=min_severity,
        window=None if window is None else list(map(float, window)),
        grading_scale=grading_scale,
        contrast=contrast,
        limits=method,
        limits_used=sorted(set(used)),
        adjust=adjust,
    )
    return Result(frame, spec, labels | term_labels(study, terms))


def _method_words(limits: str, adjust: str, n: int) -> str:
    """Say what the limits are and, of several comparisons, whether p-values are adjusted."""
    if n < 2:
        return limits
    if adjust == "none":
        return message("{limits}; {n} comparisons, p-values not adjusted", limits=limits, n=n)
    return message(
        "{limits}; {n} comparisons, p-values adjusted after {adjust}",
        limits=limits, n=n, adjust=adjust,
    )  # fmt: skip


def _bounds_note(unknown: int) -> str:
    if not unknown:
        return ""
    return message("{n} who may have had it: limits and p-value for whatever they had", n=unknown)


def compared_levels(cohort: Cohort, by: object, reference: object) -> tuple[list, object]:
    """Return the levels of the column that are compared, in order, and the reference."""
    if not isinstance(by, str):
        raise CarstatsError(
            message("`by` is {by}; it takes the one column whose levels are compared.", by=repr(by))
        )
    check_by(cohort.subjects, by)
    keys = stratum_keys(cohort.study.vocabulary, cohort.eligible, [by])
    levels = [key[0] for key in keys]
    if len(levels) < 2:
        raise CarstatsError(
            message(
                "`by` is {by}, which has {levels} in the cohort; a comparison takes two levels "
                "at least.",
                by=repr(by),
                levels=listed(levels) or message("no level"),
            )
        )
    reference = levels[0] if reference is None else reference
    if reference not in levels:
        raise CarstatsError(
            message(
                "`reference` is {reference}; `{by}` has: {levels}.",
                reference=repr(reference),
                by=by,
                levels=listed(levels),
            )
        )
    return levels, reference


def _empty(mine: pd.Series, base: pd.Series) -> str:
    """Say that a stratum has no subjects, or none of whom the toxicity is asked."""
    notes = {row["note"] for row in (mine, base) if not row["n"]}
    if not notes:
        return ""
    outside = message("does not apply")
    return outside if outside in notes else message("no subjects in a stratum")
