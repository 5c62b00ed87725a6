"""What a randomised comparison among the published trials says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carstats.errors import CarstatsError, check_choice, check_conf_level
from carstats.estimators.proportions.odds_ratio import odds_ratio_limits
from carstats.estimators.proportions.proportion_difference import proportion_contrast
from carstats.estimators.proportions.two_by_two import fisher_test
from carstats.evidence.table import check_trials, in_order, trial_labels
from carstats.messages import mark, message, message_n
from carstats.result import Result, Spec
from carstats.wording import level_text

_WHICH = {
    "Miettinen-Nurminen": mark("score limits without a test"),
    "Chan-Zhang": mark("exact unconditional limits"),
    "Fisher": mark("exact conditional limits, with the test they invert"),
}


def randomised_comparison(
    table: pd.DataFrame,
    outcome: str = "response",
    *,
    endpoint_class: str | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Compare a randomised trial's treated subjects with its control group.

    A control group is a report whose ``synthesis`` is ``"control"``; it is compared with the other
    report of its cohort, in the same population, at the same visit, on the same endpoint.

    Parameters
    ----------
    table : pandas.DataFrame
        Made by `published_trials`, or of the same shape.
    outcome : str
        An outcome of the table.
    endpoint_class : str, optional
        Which class of endpoints counts.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each comparison six rows: ``study_id``, ``control_id``, ``trial``, ``disease``,
        ``target``, ``endpoint``, ``timepoint_weeks``, ``population``, ``basis``, ``n``,
        ``n_event``, ``n_control``, ``n_event_control``, ``contrast`` (``"difference"``,
        ``"ratio"``, ``"odds ratio"``), ``method``, ``estimate``, ``conf_low``, ``conf_high``,
        ``p_value`` (Fisher's, with the limits that invert it), ``note``. The odds ratio of Fisher's
        rows is the conditional estimate.

    Raises
    ------
    CarstatsError
        If the table does not have the shape of `published_trials` or no control group reports the
        outcome beside a treated group.

    References
    ----------
    Miettinen O, Nurminen M. Stat Med 1985; 4: 213-226.
    Chan ISF, Zhang Z. Biometrics 1999; 55: 1202-1209.
    Fay MP. Biostatistics 2010; 11: 373-374.

    Examples
    --------
    >>> cs.randomised_comparison(trials, "response")
    """
    check_conf_level(conf_level)
    table = check_trials(table)
    outcome = check_choice("outcome", outcome, list(dict.fromkeys(table["outcome"])))
    rows = table[(table["outcome"] == outcome) & table["n_event"].notna()]
    rows = rows[rows["n_evaluable"] > 0]
    if endpoint_class is not None:
        endpoint_class = check_choice(
            "endpoint_class", endpoint_class, list(table["endpoint_class"].dropna().unique())
        )
        rows = rows[rows["endpoint_class"] == endpoint_class]
    pairs = _pairs(in_order(rows))
    if not pairs:
        raise CarstatsError(
            message(
                "no control group of the table reports {outcome} beside a treated group of its "
                "cohort, in one population, at one visit and on one endpoint.",
                outcome=repr(outcome),
            )
        )
    frame = pd.DataFrame([made for pair in pairs for made in _contrasts(*pair, conf_level)])
    spec = Spec(
        "randomised_comparison",
        endpoint=message("Randomised comparison: {outcome}", outcome=message(outcome)),
        population=message_n(
            "{n} comparison, populations as the authors name them",
            "{n} comparisons, populations as the authors name them",
            len(pairs),
        ),
        method=message(
            "{level} % limits: Miettinen–Nurminen, exact unconditional (Chan–Zhang), and Fisher's "
            "exact test with the odds ratios that it does not reject",
            level=level_text(conf_level),
        ),
        conf_level=conf_level,
        options={"outcome": outcome, "endpoint_class": endpoint_class},
    )
    return Result(frame, spec, trial_labels(frame))


def _pairs(rows: pd.DataFrame) -> list[tuple[pd.Series, pd.Series]]:
    controls = rows[rows["synthesis"] == "control"]
    treated = rows[rows["synthesis"].isin(["all", "efficacy", "toxicity"])]
    pairs = []
    for _, control in controls.iterrows():
        mine = treated[treated["cohort"] == control["cohort"]]
        for column in ("population", "endpoint", "timepoint_weeks"):
            blank = pd.isna(control[column])
            mine = mine[mine[column].isna() if blank else mine[column] == control[column]]
        pairs += [(row, control) for _, row in mine.iterrows()]
    return pairs


def _contrasts(row: pd.Series, control: pd.Series, conf_level: float) -> list[dict[str, Any]]:
    counts = (int(row["n_event"]), int(control["n_event"]))
    sizes = (int(row["n_evaluable"]), int(control["n_evaluable"]))
    start = {
        "study_id": row["study_id"],
        "control_id": control["study_id"],
        "trial": row["trial"],
        **{c: row[c] for c in ("disease", "target", "endpoint", "timepoint_weeks", "population")},
        "basis": row["basis"],
        "n": sizes[0],
        "n_event": counts[0],
        "n_control": sizes[1],
        "n_event_control": counts[1],
    }
    made = []
    for contrast in ("difference", "ratio"):
        for method in ("Miettinen-Nurminen", "Chan-Zhang"):
            found = proportion_contrast(
                counts, sizes, contrast=contrast, method=method, conf_level=conf_level
            )
            values = (float(found.estimate), float(found.low), float(found.high), np.nan)
            made.append(_with(start, contrast, method, values))
    odds = _odds_ratio(counts, sizes)
    low, high = odds_ratio_limits(counts, sizes, conf_level=conf_level)
    made.append(_with(start, "odds ratio", "Miettinen-Nurminen", (odds, low, high, np.nan)))
    test = fisher_test(*counts, *sizes, conf_level=conf_level)
    values = (test.odds_ratio, test.low, test.high, test.p_value)
    made.append(_with(start, "odds ratio", "Fisher", values))
    return made


def _with(start, contrast, method, values) -> dict[str, Any]:
    names = ("estimate", "conf_low", "conf_high", "p_value")
    numbers = dict(zip(names, values, strict=True))
    return {
        **start,
        "contrast": contrast,
        "method": method,
        **numbers,
        "note": message(_WHICH[method]),
    }


def _odds_ratio(counts, sizes) -> float:
    above = counts[0] * (sizes[1] - counts[1])
    below = counts[1] * (sizes[0] - counts[0])
    if not above and not below:
        return float("nan")
    return above / below if below else float("inf")
