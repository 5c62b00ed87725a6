"""Ratios of the rates of a toxicity per person-time between strata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import level_labels, stratum_mask
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number
from carstats.estimators.rates.rate import rate_ratio
from carstats.estimators.rates.recurrent_rate import recurrent_rate, recurrent_rate_ratio
from carstats.estimators.tests.multiplicity import ADJUSTMENTS, adjust_p_values
from carstats.messages import Joined, joined_notes, mark, message
from carstats.result import Result
from carstats.toxicity.differences import compared_levels
from carstats.toxicity.episodes import (
    checked_terms,
    checked_windows,
    episodes_of,
    followup_end,
    severe_enough,
    term_labels,
    term_words,
)
from carstats.toxicity.exposure import Exposure, exposure_of
from carstats.toxicity.merging import merged_episodes
from carstats.wording import because, level_text

RATIO_METHODS = ("exact", "robust")
_METHODS = {
    "exact": mark("ratio of rates, exact conditional test and {level} % limits{adjusted}"),
    "robust": mark(
        "ratio of rates on effective counts (t), melded test and {level} % limits{adjusted}"
    ),
}


def exposure_adjusted_ratio(
    cohort: Cohort,
    term: str | Iterable[str],
    *,
    by: str,
    reference: object = None,
    events: str = "first",
    method: str | None = None,
    min_grade: int = 1,
    min_severity: str | None = None,
    window: tuple[float, float] | None = None,
    gap: float = 0,
    grading_scale: str | Mapping[str, str] | None = None,
    adjust: str = "none",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the ratio of the rates of a toxicity per person-time between strata.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`. Strata that were not randomised differ in more than `by`.
    term : str or list of str
        Toxicities of the study's vocabulary.
    by : str
        The column whose levels are compared.
    reference : object, optional
        The level that the others are compared with; by default the first.
    events : {"first", "all"}
        Which events and what time count, as for `exposure_adjusted_rate`.
    method : {"exact", "robust"}, optional
        "exact", the default for first events, is the conditional binomial test of two Poisson rates
        with the limits that invert it. For all events it would ignore that some subjects have many;
        the default there is "robust", the same on the effective numbers of events.
    min_grade : {1, 2, 3, 4, 5}
        Smallest grade that counts.
    min_severity : str, optional
        Smallest severity that counts.
    window : (float, float), optional
        Only events and time in these days; by default from day 0 on.
    gap : float
        Records at most so many days apart are one episode.
    grading_scale : str or mapping of str to str, optional
        The scale whose grades count, where a study has several.
    adjust : {"none", "Holm", "Bonferroni", "Benjamini-Hochberg"}
        Adjustment of the p-values for all rows of the result.
    conf_level : float
        Confidence level; the limits are not adjusted.

    Returns
    -------
    Result
        For each term and level but the reference: the `by` column, ``term``, ``contrast``, ``n``,
        ``n_missing``, ``n_event``, ``person_years``, ``n_reference``, ``n_event_reference``,
        ``person_years_reference``, ``estimate`` (ratio), ``conf_low``, ``conf_high``, ``p_value``
        (of the test that the limits invert), ``p_adjusted``, ``note``. With events in one stratum
        only, one limit is 0 or infinite; without any the ratio is NaN.

    Raises
    ------
    CarstatsError
        As for `exposure_adjusted_rate` and `toxicity_difference`.

    References
    ----------
    Przyborowski J, Wilenski H. Biometrika 1940; 31: 313-323.
    Fay MP, Proschan MA, Brittain E. Biometrics 2015; 71: 146-156.
    Korn EL, Graubard BI. Survey Methodology 1998; 24: 193-201.

    Examples
    --------
    >>> cs.exposure_adjusted_ratio(cohort, "infection", by="target", reference="CD19")
    """
    events = check_choice("events", events, ("first", "all"))
    method = method or ("exact" if events == "first" else "robust")
    method = check_choice("method", method, RATIO_METHODS)
    adjust = check_choice("adjust", adjust, ADJUSTMENTS)
    check_conf_level(conf_level)
    check_number("gap", gap, low=0)
    severe = severe_enough(cohort, min_grade, min_severity)
    _, terms = checked_terms(cohort, term, None)
    windows = [(0.0, np.inf)] if window is None else checked_windows(window)
    if len(windows) > 1:
        raise CarstatsError(
            message("`window` is {given}; it takes one window.", given=repr(window))
        )
    levels, reference = compared_levels(cohort, by, reference)
    study, labels = cohort.study, level_labels(cohort.study.vocabulary, [by])
    named: dict[Any, str] = {**labels.get(by, {})}
    episodes = merged_episodes(episodes_of(cohort, terms, severe, grading_scale), severe, gap=gap)
    episodes = episodes[episodes["counts"]]
    subjects = cohort.subjects.assign(followed_to=followup_end(cohort.subjects))
    strata = {level: subjects[stratum_mask(subjects, [by], (level,))] for level in levels}

    def seen(name: str, level: Any) -> Exposure:
        rows = strata[level]
        mine = (episodes["term"] == name) & episodes["subject_id"].isin(rows["subject_id"])
        return exposure_of(rows, episodes[mine], windows[0], events)

    found = []
    for name in terms:
        base = seen(name, reference)
        for level in (level for level in levels if level != reference):
            words = Joined(
                (named.get(level, str(level)), named.get(reference, str(reference))), " / "
            )
            row = _ratio(seen(name, level), base, method, conf_level)
            found.append({by: level, "term": name, "contrast": words, **row})
    frame = pd.DataFrame(found)
    place = list(frame.columns).index("p_value") + 1
    frame.insert(place, "p_adjusted", adjust_p_values(frame["p_value"], method=adjust))
    several = ""
    if len(frame) > 1 and adjust == "none":
        several = message("; {n} comparisons, not adjusted", n=len(frame))
    elif len(frame) > 1:
        several = message("; p-values adjusted after {adjust}", adjust=adjust)
    spec = cohort.spec(
        "exposure_adjusted_ratio",
        endpoint=message(
            "{toxicity}: ratio of rates per person-time",
            toxicity=severe.of(term_words(study, terms)),
        ),
        method=message(_METHODS[method], level=level_text(conf_level), adjusted=several),
        by=[by],
        conf_level=conf_level,
        terms=terms,
        reference=str(reference),
        events=events,
        limits=method,
        min_grade=min_grade,
        min_severity=min_severity,
        window=None if window is None else list(map(float, window)),
        gap=float(gap),
        grading_scale=grading_scale,
        adjust=adjust,
    )
    return Result(frame, spec, labels | term_labels(study, terms))


def _ratio(mine: Exposure, base: Exposure, method: str, conf_level: float) -> dict[str, Any]:
    counts, years = (mine.counts, base.counts), (mine.years, base.years)
    k, time = tuple(y.sum() for y in counts), tuple(t.sum() for t in years)
    notes: list[str] = []
    if min(time) == 0:
        notes.append(message("nobody followed in a stratum"))
    elif not sum(k):
        notes.append(message("nobody had it"))
    if method == "exact":
        found = rate_ratio(k, time, conf_level=conf_level, minlike=False)
    else:
        found = recurrent_rate_ratio(counts, years, conf_level=conf_level)
        for y, t in zip(counts, years, strict=True):
            notes += [because(r) for r in recurrent_rate(y, t, conf_level=conf_level).reasons]
    values = [float(found.estimate), float(found.low), float(found.high), float(found.p_value)]
    if np.isnan(values[0]):
        # From 0 to infinity is no interval.
        values[1:3] = np.nan, np.nan
    return {
        "n": int(counts[0].size),
        "n_missing": mine.undated + base.undated,
        "n_event": int(k[0]),
        "person_years": float(time[0]),
        "n_reference": int(counts[1].size),
        "n_event_reference": int(k[1]),
        "person_years_reference": float(time[1]),
        **dict(zip(("estimate", "conf_low", "conf_high", "p_value"), values, strict=True)),
        "note": joined_notes(*notes),
    }
