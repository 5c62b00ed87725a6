"""Rows of results that hold quantities of several kinds: shares, medians, rates, means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from carstats.estimators.proportions.proportion import proportion_limits
from carstats.estimators.rates.recurrent_rate import recurrent_rate
from carstats.estimators.sample_median import sample_median
from carstats.messages import joined_notes, mark, message
from carstats.toxicity.episodes import DAYS_PER_YEAR, none_in_years, zero_note
from carstats.wording import because

# What an estimate is counted in.
UNITS = {
    "share": mark("share of subjects"),
    "days": mark("days"),
    "doses": mark("doses"),
    "mg": mark("mg of prednisone"),
    "per person-year": mark("per person-year"),
}
COLUMNS = (
    "unit", "n", "n_missing", "n_event", "estimate", "conf_low", "conf_high", "q1", "q3",
    "minimum", "maximum", "note",
)  # fmt: skip


def unit_labels() -> dict[str, dict[str, str]]:
    """Return the printed units, for `Result.labels`."""
    return {"unit": {name: message(words) for name, words in UNITS.items()}}


def row_of(unit: str, n: int, n_missing: int, n_event: int, *values: float, note: str = "") -> dict:
    """Return a row: estimate, limits, quartiles and range as far as they are given."""
    filled = [*values, *[np.nan] * (7 - len(values))]
    return dict(zip(COLUMNS, (unit, n, n_missing, n_event, *filled, note), strict=True))


def share_row(k: int, n: int, unknown: int, conf_level: float, *notes: str) -> dict[str, Any]:
    """Return a share with Clopper-Pearson limits; those of whom it is not known widen the upper."""
    low, _ = proportion_limits(k, n, conf_level=conf_level)
    _, high = proportion_limits(k + unknown, n, conf_level=conf_level)
    none = zero_note(n, k + unknown, float(high))
    return row_of(
        "share", n, unknown, k, k / n if n else np.nan, float(low), float(high),
        note=joined_notes(none, *notes) or _nobody(n),
    )  # fmt: skip


def median_row(
    unit: str, values: Iterable[float], n: int, conf_level: float, *notes: str
) -> dict[str, Any]:
    """Return the median of the values known among n, with limits free of a distribution."""
    m = sample_median(np.asarray(list(values), float), conf_level=conf_level)
    few = message("too few for limits of the median") if m.n and np.isnan(m.low) else ""
    return row_of(
        unit, n, n - m.n, m.n, m.estimate, m.low, m.high, m.q1, m.q3, m.minimum, m.maximum,
        note=joined_notes(few, *notes) or _nobody(n),
    )  # fmt: skip


def _nobody(n: int) -> str:
    return "" if n else message("nobody to count")


def yearly_row(counts, days, unknown: int, conf_level: float, *notes: str) -> dict[str, Any]:
    """Return events per person-year, with limits on the effective number of events."""
    years = np.asarray(days, float) / DAYS_PER_YEAR
    found = recurrent_rate(counts, years, conf_level=conf_level)
    n, k = int((years > 0).sum()), int(np.asarray(counts)[years > 0].sum())
    none = ""
    if n and not k:
        none = none_in_years(float(years.sum()), found.high)
    seen = message("{years} person-years", years=f"{years.sum():.1f}") if k else ""
    return row_of(
        "per person-year", n, unknown, k, found.estimate, found.low, found.high,
        note=joined_notes(none, seen, because(*found.reasons), *notes),
    )  # fmt: skip


def table_of(rows: Iterable[tuple[dict[str, Any], dict[str, Any]]]) -> pd.DataFrame:
    """Return rows with what names them in front."""
    return pd.DataFrame([{**names, **row} for names, row in rows])
