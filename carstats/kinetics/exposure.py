"""Whether the exposure to the cells goes with response, toxicity and relapse: never why."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.cohort.strata import (
    check_by,
    estimate_by,
    level_labels,
    stratum_keys,
    stratum_mask,
)
from carstats.errors import check_conf_level, check_number
from carstats.estimators.sample_median import sample_median
from carstats.estimators.tests.rank_association import rank_association
from carstats.kinetics.pairing import Pairs, paired
from carstats.messages import joined_notes, mark, message, message_n
from carstats.result import Result
from carstats.wording import because, level_text

_ROWS = {"group": mark("Median"), "order": mark("Rank correlation")}


def exposure_response(
    cohort: Cohort,
    exposure: str = "Cmax",
    outcome: str = "response",
    *,
    measure: str = "CAR_transgene",
    at: float | None = None,
    landmark: float | None = None,
    by: str | Iterable[str] | None = None,
    limit: float | None = None,
    expands: bool = True,
    conf_level: float = 0.95,
    n_resamples: int = 9_999,
    seed: int = 1,
) -> Result:
    """Compare the exposure to the cells between those with an outcome and those without it.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; its infused subjects are counted.
    exposure : str
        ``"Cmax"`` or ``"Tmax"`` (to day 28), ``"AUC0-28"`` or to another day, ``"B-cell nadir"``
        (to the landmark, day 28 by default), or of the first infusion ``"dose"`` (10⁶ cells) or
        ``"dose per kg"``. A product whose name says "/kg" was dosed by weight; `weight_kg` brings
        a dose from one to the other.
    outcome : str
        A response endpoint, a time-to-event endpoint, or a toxicity, whose worst grade counts.
    measure : str
        The measure that the kinetic exposures are of.
    at : float, optional
        Day of the response's visit, 168 by default, or by which an event counts, 365 by default.
    landmark : float, optional
        The day from which the outcome counts, among those who are followed and without it then. By
        default the day on which the exposure is known; toxicities count from the infusion on.
    by : str or list of str, optional
        Columns of the subjects table.
    limit : float, optional
        Limit of quantification of the samples that come without one of their own.
    expands : bool
        As for `cellular_kinetics`.
    conf_level : float
        Confidence level.
    n_resamples, seed : int
        Random arrangements of the test where they are too many to list, and their seed.

    Returns
    -------
    Result
        For each stratum a ``row`` ``"group"`` for each ``level`` of the outcome, whose
        ``estimate`` is the median of the exposure, with ``conf_low``, ``conf_high``, ``q1``,
        ``q3``, ``minimum``, ``maximum``; then a row ``"order"`` whose ``estimate`` is Spearman's
        correlation, with ``statistic`` (Kendall's S), ``p_value`` and ``p_method``. ``n`` subjects
        counted, ``n_missing`` of the stratum not counted, ``note``. Those below quantification rank
        lowest.

    Raises
    ------
    CarstatsError
        If the exposure or outcome is unknown or not recorded, a landmark comes before the exposure
        is known, or an argument is not allowed.

    Notes
    -----
    An association is no cause: severe disease may both need more cells and respond less.

    References
    ----------
    Anderson JR, Cain KC, Gelber RD. J Clin Oncol 1983; 1: 710-719 (landmarks).

    Examples
    --------
    >>> cells = cs.define_cohort(cs.simulate_study(seed=1, n=60), cs.infused())
    >>> cs.exposure_response(cells, "Cmax", "response")
    """
    check_conf_level(conf_level)
    check_number("n_resamples", n_resamples, low=1)
    check_cohort(cohort)
    by = check_by(cohort.subjects, by)
    pairs = paired(cohort, exposure, outcome, measure, at, landmark, limit, expands)
    levels = sorted(pairs.frame.loc[pairs.frame["left"] == "", "group"].unique())

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        counted = stratum[stratum["left"] == ""]
        ranks = counted["value"].where(~counted["below"], -np.inf)
        rows = [_group(pairs, counted, ranks, group, conf_level) for group in (levels or [np.nan])]
        test = rank_association(
            ranks, counted["group"], conf_level=conf_level, n_resamples=n_resamples, seed=seed
        )
        note = joined_notes(
            "" if len(stratum) else message("no subjects"),
            *pairs.left_out(stratum),
            *pairs.notes,
            because(test.reason) if len(stratum) else "",
        )
        rows.append(
            {"row": "order", "level": "", "n": len(counted),
             "n_missing": len(stratum) - len(counted), "estimate": test.correlation,
             "conf_low": test.low, "conf_high": test.high, "statistic": test.statistic,
             "p_value": test.p_value, "p_method": test.p_method, "note": note}
        )  # fmt: skip
        return pd.DataFrame(rows, columns=_COLUMNS)

    spec = cohort.spec(
        "exposure_response",
        endpoint=_title(pairs), population=_from(pairs),
        method=message(
            "medians with distribution-free {level} % limits; permutation test of order "
            "(Wilcoxon's for two groups, else Jonckheere's); Spearman's correlation, Fisher's z "
            "with Bonett and Wright's error; an association, which does not tell a cause",
            level=level_text(conf_level),
        ),
        by=by, conf_level=conf_level, **_options(exposure, outcome, measure, at, pairs, limit),
        expands=bool(expands), n_resamples=n_resamples, seed=seed,
    )  # fmt: skip
    vocabulary = cohort.study.vocabulary
    frame = estimate_by(vocabulary, cohort.eligible, pairs.frame, by, estimate)
    labels = level_labels(vocabulary, by) | {
        "row": {name: message(words) for name, words in _ROWS.items()},
        "level": {f"{group:g}": pairs.levels[group] for group in levels},
    }
    return Result(frame, spec, labels)


_COLUMNS = [
    "row", "level", "n", "n_missing", "estimate", "conf_low", "conf_high", "q1", "q3", "minimum",
    "maximum", "statistic", "p_value", "p_method", "note",
]  # fmt: skip


def exposure_listing(
    cohort: Cohort,
    exposure: str = "Cmax",
    outcome: str = "response",
    *,
    measure: str = "CAR_transgene",
    at: float | None = None,
    landmark: float | None = None,
    by: str | Iterable[str] | None = None,
    limit: float | None = None,
    expands: bool = True,
) -> Result:
    """List the exposure of each subject with its outcome, for a figure.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; its infused subjects are listed.
    exposure, outcome, measure : str
        As for `exposure_response`.
    at, landmark : float, optional
        As for `exposure_response`.
    by : str or list of str, optional
        Columns of the subjects table.
    limit : float, optional
        As for `exposure_response`.
    expands : bool
        As for `exposure_response`.

    Returns
    -------
    Result
        For each subject that `exposure_response` counts: ``subject``, a number that is no
        identifier, ``level`` of the outcome, ``value`` of the exposure (NaN below quantification)
        and ``below``.

    Raises
    ------
    CarstatsError
        As `exposure_response`; also if nobody is counted.

    Examples
    --------
    >>> cells = cs.define_cohort(cs.simulate_study(seed=1, n=60), cs.infused())
    >>> figure = cs.plot(cs.exposure_listing(cells, "Cmax", "response"))
    """
    check_cohort(cohort)
    by = check_by(cohort.subjects, by)
    pairs = paired(cohort, exposure, outcome, measure, at, landmark, limit, expands)
    vocabulary, parts = cohort.study.vocabulary, []
    counted = pairs.frame[pairs.frame["left"] == ""]
    for key in stratum_keys(vocabulary, cohort.eligible, by):
        own = counted[stratum_mask(counted, by, key)].sort_values(["group", "value"], kind="stable")
        columns = {c: [v] * len(own) for c, v in zip(by, key, strict=True)}
        listed = {"level": [f"{g:g}" for g in own["group"]], "value": own["value"].tolist(),
                  "below": own["below"].tolist()}  # fmt: skip
        parts.append(pd.DataFrame(columns | listed))
    frame = pd.concat(parts, ignore_index=True).astype({"value": float, "below": bool})
    frame.insert(len(by), "subject", np.arange(1, len(frame) + 1))
    levels = sorted(counted["group"].unique())
    spec = cohort.spec(
        "exposure_listing",
        endpoint=_title(pairs),
        population=message_n("{base}, {n} counted", "{base}, {n} counted", len(frame),
                             base=_from(pairs)),
        method=message("an association, which does not tell a cause"), by=by,
        label=pairs.label, **_options(exposure, outcome, measure, at, pairs, limit),
    )  # fmt: skip
    labels = {"level": {f"{group:g}": pairs.levels[group] for group in levels}}
    return Result(frame, spec, level_labels(vocabulary, by) | labels)


def _options(exposure, outcome, measure, at, pairs: Pairs, limit) -> dict:
    return {"exposure": exposure, "outcome": outcome, "measure": measure, "at": at,
            "landmark": pairs.landmark, "limit": limit, "unit": pairs.unit}  # fmt: skip


def _title(pairs: Pairs) -> str:
    return message("{exposure} by {outcome}", exposure=pairs.label, outcome=pairs.outcome)


def _from(pairs: Pairs) -> str:
    if not pairs.landmark:
        return ""
    return message(", from day {day} on", day=f"{pairs.landmark:g}")


def _group(pairs: Pairs, counted, ranks, group: float, conf_level: float) -> dict:
    """Return the row of one group of the outcome."""
    here = ranks[counted["group"] == group].to_numpy(float)
    # Half-way between minus infinity and a number is no number.
    with np.errstate(invalid="ignore"):
        m = sample_median(here, conf_level=conf_level)
    below = int(np.isneginf(here).sum())
    known = {
        name: value if np.isfinite(value) else np.nan
        for name, value in (
            ("estimate", m.estimate), ("conf_low", m.low), ("conf_high", m.high), ("q1", m.q1),
            ("q3", m.q3), ("minimum", m.minimum), ("maximum", m.maximum),
        )
    }  # fmt: skip
    told = message_n("{n} below quantification, ranked lowest",
                     "{n} below quantification, ranked lowest", below)  # fmt: skip
    few = message("too few for limits of the median") if m.n and np.isnan(m.low) else ""
    return {
        "row": "group", "level": "" if np.isnan(group) else f"{group:g}", "n": m.n, "n_missing": 0,
        **known, "p_method": "none",
        "note": joined_notes(told if below else "", few),
    }  # fmt: skip
