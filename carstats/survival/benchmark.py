"""A curve against a benchmark: at given days, and over the whole of its follow-up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.counts.counted import Counts
from carstats.counts.standing import counted_cohort
from carstats.errors import CarstatsError, check_conf_level, check_number
from carstats.estimators.curves.kaplan_meier import kaplan_meier, step_values
from carstats.estimators.curves.rmst import known_until
from carstats.estimators.tests.curve_benchmark import beta_product_p_value, observed_expected
from carstats.messages import joined_notes, mark, message
from carstats.result import Result
from carstats.survival.times import endpoint_times, refuse_competing, stratum_note, stratum_table
from carstats.wording import level_text

MEASURES = (mark("probability free of the event"), mark("observed / expected events, ratio"))


def survival_benchmark(
    cohort: Cohort | Counts,
    endpoint: str,
    benchmark: Mapping[float, float],
    *,
    by: str | Iterable[str] | None = None,
    conf_level: float = 0.95,
    competing: str | None = None,
) -> Result:
    """Test a survival curve against given probabilities of being free of the event.

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`. The benchmark stands for other subjects: a difference is not the
        effect of what the cohort received.
    endpoint : str
        A time-to-event endpoint of the study.
    benchmark : mapping of float to float
        Days from the endpoint's origin, each with the probability of being free of the event then,
        between 0 and 1 and never rising: ``{182: 0.8, 365: 0.6}``. Taken as known.
    by : str or list of str, optional
        Columns of the subjects table; each stratum is tested.
    conf_level : float
        Confidence level; nothing is adjusted for the number of rows.
    competing : {"censor"}, optional
        What to do with competing events, as for `survival_curve`.

    Returns
    -------
    Result
        For each stratum a row for each day (``measure`` "probability free of the event": the
        Kaplan-Meier probability with beta-product limits, and the test that they invert) and one
        for the whole curve to the last day ("observed / expected events, ratio": events by those
        that the benchmark expects, its hazard constant from day to day; exact Poisson limits and
        test). Columns: ``measure``, ``time``, ``n``, ``n_missing``, ``n_event``, ``n_expected``,
        ``benchmark``, ``estimate``, ``conf_low``, ``conf_high``, ``p_value`` (two-sided, twice the
        smaller tail), ``note``. NaN with a note beyond the follow-up.

    Raises
    ------
    CarstatsError
        If the benchmark is no falling curve, the endpoint has competing events, or an argument is
        not allowed.

    References
    ----------
    Fay MP, Brittain EH, Proschan MA. Biostatistics 2013; 14: 723-736.
    Breslow NE. Appl Stat 1975; 24: 303-313.

    Examples
    --------
    >>> cs.survival_benchmark(cohort, "relapse_free_survival", {365: 0.5})
    """
    check_conf_level(conf_level)
    days, curve = _points(benchmark)
    subjects = counted_cohort(cohort, endpoint, "time-to-event", single=True)
    times = endpoint_times(subjects, endpoint, by)
    aside = refuse_competing(times, competing)

    def estimate(rows: pd.DataFrame) -> pd.DataFrame:
        start = {"n": len(rows), "n_missing": int(rows["event_time"].isna().sum())}
        at_days = [
            _at_day(rows, day, value, conf_level) for day, value in zip(days, curve, strict=True)
        ]
        found = [*at_days, _whole(rows, days, curve, conf_level)]
        frame = pd.DataFrame([{"measure": row.pop("measure"), **start, **row} for row in found])
        return frame[_COLUMNS]

    spec = times.spec(
        "survival_benchmark",
        message(
            "Kaplan–Meier against a benchmark{aside}, beta-product {level} % limits and the test "
            "that they invert; events against those expected, exact Poisson",
            aside=aside,
            level=level_text(conf_level),
        ),
        conf_level=conf_level,
        benchmark={f"{day:g}": value for day, value in zip(days, curve, strict=True)},
        competing=competing,
    )
    labels = times.labels | {"measure": {name: message(name) for name in MEASURES}}
    return Result(times.estimate(estimate), spec, labels)


_COLUMNS = [
    "measure", "time", "n", "n_missing", "n_event", "n_expected", "benchmark", "estimate",
    "conf_low", "conf_high", "p_value", "note",
]  # fmt: skip


def _points(benchmark: Mapping[float, float]) -> tuple[list[float], list[float]]:
    if not isinstance(benchmark, Mapping) or not benchmark:
        raise CarstatsError(
            message(
                "`benchmark` is {given}; it takes days with their probabilities, such as "
                "{example}.",
                given=repr(benchmark), example="{182: 0.8, 365: 0.6}",
            )
        )  # fmt: skip
    for day, value in benchmark.items():
        check_number("benchmark", day, low=1e-9)
        check_number("benchmark", value)
    days = sorted(map(float, benchmark))
    curve = [float(benchmark[day]) for day in sorted(benchmark)]
    falls = all(one >= other for one, other in pairwise(curve))
    if not falls or not all(0 < value < 1 for value in curve):
        raise CarstatsError(
            message(
                "`benchmark` is {given}; it takes probabilities between 0 and 1 that never rise.",
                given=dict(benchmark),
            )
        )  # fmt: skip
    return days, curve


def _row(measure: str, day: float, **values: object) -> dict[str, Any]:
    blank = dict.fromkeys(("estimate", "conf_low", "conf_high", "p_value"), np.nan)
    return {"measure": measure, "time": day, "n_expected": np.nan, **blank, **values}


def _at_day(rows: pd.DataFrame, day: float, value: float, conf_level: float) -> dict[str, Any]:
    table = stratum_table(rows)
    events = int(((rows["event_code"] == 1) & (rows["event_time"] <= day)).sum())
    row = _row(MEASURES[0], day, n_event=events, benchmark=value, note=stratum_note(rows))
    if not table.time.size:
        return row
    if known_until(table) < day:
        last = message("followed to {day} only", day=f"{table.time[-1]:g}")
        return {**row, "note": joined_notes(row["note"], last)}
    curve = kaplan_meier(table, conf_level=conf_level)
    start = curve.low_at_start
    return {
        **row,
        "estimate": float(step_values(table.time, curve.survival, [day], 1.0)[0]),
        "conf_low": float(step_values(table.time, curve.low, [day], start)[0]),
        "conf_high": float(step_values(table.time, curve.high, [day], 1.0)[0]),
        "p_value": beta_product_p_value(table, day, value),
    }


def _whole(
    rows: pd.DataFrame, days: list[float], curve: list[float], conf_level: float
) -> dict[str, Any]:
    known = rows[rows["event_time"].notna()]
    found = observed_expected(
        known["event_time"].to_numpy(),
        (known["event_code"] == 1).to_numpy().astype(int),
        days,
        curve,
        entry=known["entry_time"].to_numpy() if "entry_time" in known else None,
        conf_level=conf_level,
    )
    note = "" if found.n_expected > 0 or not len(rows) else message("no time")
    return _row(
        MEASURES[1], days[-1], n_event=found.n_event, n_expected=found.n_expected, benchmark=1.0,
        estimate=found.estimate, conf_low=found.low, conf_high=found.high, p_value=found.p_value,
        note=joined_notes(stratum_note(rows), note),
    )  # fmt: skip
