"""Signals: which of all toxicities differ between two strata, with false discoveries controlled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from carstats.cohort.cohort import Cohort
from carstats.counts.counted import Counts
from carstats.counts.standing import counted_terms
from carstats.errors import CarstatsError, check_choice
from carstats.estimators.tests.multiplicity import ADJUSTMENTS, adjust_p_values
from carstats.messages import message
from carstats.result import Result
from carstats.toxicity.contrasts import probability_higher
from carstats.toxicity.differences import compared_levels, toxicity_difference
from carstats.toxicity.episodes import checked_terms, frequent_terms, severe_enough, term_words
from carstats.wording import compared_limits


def toxicity_signals(
    cohort: Cohort | Counts,
    terms: str | Iterable[str] | None = None,
    *,
    by: str,
    level: object = None,
    reference: object = None,
    min_grade: int = 1,
    min_severity: str | None = None,
    grading_scale: str | Mapping[str, str] | None = None,
    method: str = "melded",
    adjust: str = "Benjamini-Hochberg",
    conf_level: float = 0.95,
) -> Result:
    """Screen all toxicities for a difference between two strata.

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    terms : str or list of str, optional
        Toxicities of the study's vocabulary; by default all that the cohort's subjects had.
    by : str
        The column whose levels are compared.
    level, reference : object, optional
        The two levels; by default the second and the first of a column that has two.
    min_grade : {1, 2, 3, 4, 5}
        Smallest grade that counts.
    min_severity : str, optional
        Smallest severity that counts.
    grading_scale : str or mapping of str to str, optional
        The scale whose grades count, where a study has several.
    method : str
        Limits and test of each risk difference, as for `toxicity_difference`. "melded" goes with
        Fisher's test and holds its level with no event in a stratum.
    adjust : {"Benjamini-Hochberg", "Holm", "Bonferroni", "none"}
        Adjustment for the number of terms. With Benjamini-Hochberg ``p_adjusted`` below 0.1 keeps
        the expected part of false ones among the signals below one in ten.
    conf_level : float
        Confidence level of the limits, which are not adjusted.

    Returns
    -------
    Result
        The columns of `toxicity_difference` with ``probability``, the posterior probability under
        Jeffreys' priors that the rate of `level` is the higher (NaN where somebody may have had it,
        of unknown grade); smallest p-value first. A signal is
        a reason to look, and no proof.

    Raises
    ------
    CarstatsError
        As for `toxicity_difference`; also if `by` has more than two levels and none is chosen.

    References
    ----------
    Benjamini Y, Hochberg Y. J R Stat Soc B 1995; 57: 289-300.
    Mehrotra DV, Heyse JF. Stat Methods Med Res 2004; 13: 227-238.

    Examples
    --------
    >>> cs.toxicity_signals(cohort, by="target", level="BCMA", reference="CD19")
    """
    adjust = check_choice("adjust", adjust, ADJUSTMENTS)
    first, terms = counted_terms(cohort, terms)
    _, terms = checked_terms(first, frequent_terms(first) if terms is None else terms, None)
    levels, reference = compared_levels(first, by, reference)
    others = [name for name in levels if name != reference]
    if level is None and len(others) > 1:
        raise CarstatsError(
            message(
                "`by` is {by} with {n} levels; say with `level` which one to compare with "
                "{reference}.",
                by=repr(by),
                n=len(levels),
                reference=repr(reference),
            )
        )
    level = others[0] if level is None else level
    if level not in others:
        raise CarstatsError(
            message(
                "`level` is {level}; allowed: {allowed}.",
                level=repr(level),
                allowed=", ".join(map(repr, others)),
            )
        )
    found = toxicity_difference(
        cohort, terms, by=by, reference=reference, min_grade=min_grade, min_severity=min_severity,
        grading_scale=grading_scale, method=method, conf_level=conf_level,
    )  # fmt: skip
    frame = found.frame[found.frame[by] == level].reset_index(drop=True)
    # One family: the terms of this comparison.
    frame["p_adjusted"] = adjust_p_values(frame["p_value"], method=adjust)
    chances = [
        # Of rates that are not known there is no posterior.
        probability_higher((r.n_event, r.n_event_reference), (r.n, r.n_reference))
        if not r.n_missing
        else np.nan
        for r in frame.itertuples()
    ]
    frame.insert(list(frame.columns).index("note"), "probability", chances)
    order = np.lexsort([np.arange(len(frame)), frame["p_value"].fillna(2.0)])
    severe, limits = (
        severe_enough(first, min_grade, min_severity),
        compared_limits(found.spec.options["limits_used"], conf_level),
    )
    words = term_words(first.study, terms)
    if len(terms) > 3:
        words = message("{n} toxicities", n=len(terms))
    spec = first.spec(
        "toxicity_signals",
        endpoint=message("{toxicity}: difference of rates", toxicity=severe.of(words)),
        method=message("{limits}; {n} terms, p-values not adjusted", limits=limits, n=len(frame))
        if adjust == "none"
        else message(
            "{limits}; {n} terms, p-values adjusted after {adjust}",
            limits=limits,
            n=len(frame),
            adjust=adjust,
        ),
        by=[by],
        conf_level=conf_level,
        **(found.spec.options | {"level": str(level), "adjust": adjust}),
    )
    return Result(frame.iloc[order].reset_index(drop=True), spec, found.labels)
