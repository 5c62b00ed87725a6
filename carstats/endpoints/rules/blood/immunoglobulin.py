"""Hypogammaglobulinaemia: thresholds, masking after IVIG, time below, unassisted recovery."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.arrays import BooleanArray

from carstats.data.units import convert
from carstats.endpoints.record.daily_counts import last_before_infusion
from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.logic import boolean, compare, numbers
from carstats.endpoints.record.return_times import first_return
from carstats.endpoints.record.worksheets import check_table, days_since, subject_index
from carstats.errors import CarstatsError, check_choice, check_number
from carstats.messages import message

PRESETS = {"any": 7.0, "severe": 4.0}
"""IgG, g/L, below which there is hypogammaglobulinaemia, and severe hypogammaglobulinaemia."""


@rule(
    "hypogammaglobulinaemia",
    "any",
    "toxicity",
    definition="IgG below 7 g/L; below 4 g/L severe; masked for 28 days after immunoglobulin.",
    thresholds="7, 4 g/L; mask 28 days",
    source="EBMT",
)
def hypogammaglobulinaemia(
    igg: ArrayLike, *, preset: str = "any", threshold: float | None = None, unit: str = "g/L"
) -> BooleanArray:
    """Judge whether IgG is low.

    Parameters
    ----------
    igg : Serum IgG.
    preset : {"any", "severe"}. Below 7 g/L, or below 4 g/L (EBMT threshold for replacement).
    unit : Unit of `igg`: ``"g/L"``, ``"mg/dL"`` and others.

    Returns
    -------
    Whether IgG is below the threshold; NA where missing.

    Notes
    -----
    CTCAE 5.0 has no numeric term for it.
    """
    return compare(convert("IgG", igg, unit).value, "<", _cut(preset, threshold))


def ivig_masked(days_since_ivig: ArrayLike, *, mask_days: int = 28) -> NDArray[np.bool_]:
    """Say whether IgG is masked by immunoglobulin given before.

    Status: design.

    Parameters
    ----------
    days_since_ivig : Days since the last infusion of immunoglobulin; missing where none was given.
    mask_days : Days from the infusion that are masked: 27 is, 28 is not.

    Returns
    -------
    True where the value says nothing about the subject's own IgG. The day of the infusion is
    masked.
    """
    check_number("mask_days", mask_days, low=0)
    (since,) = numbers(days_since_ivig=(days_since_ivig, 0, 100_000))
    return since < mask_days


def passive_antibodies(days_since_ivig: ArrayLike, *, mask_days: int = 84) -> NDArray[np.bool_]:
    """Say whether an autoantibody test may show antibodies that came with immunoglobulin.

    Status: design.

    Parameters
    ----------
    days_since_ivig : Days since the last infusion of immunoglobulin; missing where none was given.
    mask_days : Days from the infusion that are masked: 84 (12 weeks); 56 (8 weeks) is the shorter
        choice.

    Returns
    -------
    True where the test is masked.
    """
    return ivig_masked(days_since_ivig, mask_days=mask_days)


def igg_course(
    samples: pd.DataFrame,
    ivig: pd.DataFrame | None = None,
    *,
    preset: str = "any",
    threshold: float | None = None,
    unit: str = "g/L",
    mask_days: int = 28,
    subjects: Iterable[object] | None = None,
    lymphodepletion_days: object = None,
) -> pd.DataFrame:
    """Describe low IgG after infusion for each subject, in the columns of the toxicities table.

    Parameters
    ----------
    samples : One row per sample: `subject_id`, `day`, `value`.
    ivig : Infusions of immunoglobulin: `subject_id`, `day`.
    preset : As in `hypogammaglobulinaemia`.
    mask_days : As in `ivig_masked`.

    Returns
    -------
    One row per subject: `subject_id`, `term`, `low` (whether IgG was below the threshold from day
    0; missing without an unmasked sample), `onset_day` (first such sample), `severity`
    (``"severe"`` below 4 g/L, else ``"mild"``), `resolution_day` (last sample below, if a later one
    is not), `system`, `nadir`, `nadir_day`, `days_below_low` and `days_below_high` (bounds of the
    time below, between samples), `baseline`, `baseline_day`, `baseline_rule`, `low_before` (already
    low at baseline), `n_values`, `n_masked`, `n_ivig` (infusions from day 0).

    Notes
    -----
    IgG lost in the urine (nephritis) lowers it as well: read it beside the baseline. Between two
    samples below, the days count as below; between one below and one that is not, or where one is
    masked, they count in the upper bound only. Status: verify (thresholds); design (masking).
    """
    cut = _cut(preset, threshold)
    table = _samples(samples, ivig, unit, mask_days)
    index = subject_index(table, subjects)
    after = table[table["day"] >= 0]
    open_ = after[~after["masked"]]
    low = open_[_under(open_["value"], cut)]
    nadir = open_.sort_values("value", kind="stable").drop_duplicates("subject_id")
    nadir = nadir.set_index("subject_id").reindex(index)
    last_low = low.groupby("subject_id")["day"].max().reindex(index)
    last = open_.groupby("subject_id")["day"].max().reindex(index)
    n_values, n_all = (_size(rows, index) for rows in (open_, after))
    baseline = last_before_infusion(table[~table["masked"]], index, lymphodepletion_days)
    infused = pd.DataFrame({"subject_id": [], "day": []}) if ivig is None else ivig
    severe = _under(nadir["value"], PRESETS["severe"])
    is_low = pd.Series(index.isin(low["subject_id"]), index).astype("boolean")
    found = pd.DataFrame({
        "term": "hypogammaglobulinaemia",
        "low": is_low.mask(n_values == 0),
        "onset_day": low.groupby("subject_id")["day"].min().reindex(index),
        "severity": pd.Series(np.where(severe, "severe", "mild"), index).where(last_low.notna()),
        "resolution_day": last_low.where(last > last_low),
        "system": "immune",
        "nadir": nadir["value"],
        "nadir_day": nadir["day"],
        **_days_below(after, cut, index),
        "baseline": baseline["baseline"],
        "baseline_day": baseline["baseline_day"],
        "baseline_rule": baseline["baseline_rule"],
        "low_before": compare(baseline["baseline"].to_numpy(float), "<", cut),
        "n_values": n_values,
        "n_masked": n_all - n_values,
        "n_ivig": _size(infused[infused["day"] >= 0], index),
    }, index=index)  # fmt: skip
    return found.reset_index()


@rule(
    "igg_recovery",
    "any",
    "time-to-event",
    definition=(
        "From infusion to the first of two consecutive IgG values at or above the threshold "
        "without immunoglobulin in the 28 days before; death and re-infusion compete."
    ),
    thresholds="threshold; mask=28; visits=2",
    source="carstats",
    status="design",
    after="naive_B_cell_share",
)
def igg_recovery(
    samples: pd.DataFrame,
    ivig: pd.DataFrame | None = None,
    *,
    preset: str = "any",
    threshold: float | None = None,
    unit: str = "g/L",
    mask_days: int = 28,
    consecutive: int = 2,
    subjects: Iterable[object] | None = None,
    competing: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Find when IgG recovers without help: two consecutive unmasked samples at the threshold.

    Status: verify (thresholds); design (masking, two samples).

    Parameters
    ----------
    samples : One row per sample: `subject_id`, `day`, `value`.
    ivig : Infusions of immunoglobulin: `subject_id`, `day`. A sample that they mask breaks the row.
    preset : As in `hypogammaglobulinaemia`.
    mask_days : As in `ivig_masked`.
    consecutive : Samples in a row that must be at or above the threshold.
    competing : `subject_id`, `day`, `cause`: death, re-infusion.

    Returns
    -------
    As from `first_return`, `endpoint` ``"igg_recovery"``.
    """
    cut = _cut(preset, threshold)
    table = _samples(samples, ivig, unit, mask_days)
    value = table["value"].to_numpy(float)
    return first_return(
        table.assign(returned=boolean(~_under(value, cut), table["masked"].to_numpy(bool))),
        endpoint="igg_recovery",
        away=message("IgG never below the threshold"),
        consecutive=consecutive,
        subjects=subjects,
        competing=competing,
    )


def _cut(preset, threshold):
    preset = check_choice("preset", preset, PRESETS)
    if threshold is None:
        return PRESETS[preset]
    check_number("threshold", threshold, low=0)
    if threshold > 30:
        raise CarstatsError(
            message(
                "`{argument}` is {value} g/L; allowed: 0 to 30 g/L.",
                argument="threshold",
                value=f"{threshold:g}",
            )
        )
    return float(threshold)


def _samples(samples, ivig, unit, mask_days):
    """Return samples in g/L, each with whether immunoglobulin masks it."""
    table = check_table("samples", samples, ["subject_id", "day", "value"])
    table = table[table["value"].notna()].reset_index(drop=True)
    given = None if ivig is None else check_table("ivig", ivig, ["subject_id", "day"])
    if not len(table):
        return table.assign(masked=np.array([], bool))
    since = days_since(table, given)
    value = convert("IgG", table["value"].to_numpy(), unit).value
    return table.assign(value=value, masked=ivig_masked(since, mask_days=mask_days))


def _under(values, cut):
    return np.asarray(values, dtype=float) < cut - 1e-9


def _size(rows, index):
    return rows.groupby("subject_id").size().reindex(index, fill_value=0)


def _days_below(after, cut, index):
    """Return bounds of each subject's days below, from the states of neighbouring samples."""
    rows = after.assign(below=np.where(after["masked"], np.nan, _under(after["value"], cut)))
    following = rows.groupby("subject_id")[["day", "below"]].shift(-1)
    length = (following["day"] - rows["day"]).fillna(0.0)
    both = (rows["below"] == 1) & (following["below"] == 1)
    neither = (rows["below"] == 0) & (following["below"] == 0)
    subject, seen = rows["subject_id"], index.isin(rows["subject_id"])
    low = length.where(both, 0.0).groupby(subject).sum().reindex(index)
    high = length.mask(neither, 0.0).groupby(subject).sum().reindex(index)
    return {"days_below_low": low.where(seen), "days_below_high": high.where(seen)}
