"""B-cell aplasia and its end: presets of thresholds, reconstitution, naive share."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.arrays import BooleanArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.logic import boolean, compare, numbers
from carstats.endpoints.record.return_times import first_return
from carstats.endpoints.record.worksheets import check_table, latest
from carstats.errors import CarstatsError, check_choice, check_number
from carstats.messages import message

PRESETS = {
    "undetectable": ("count", None), "<1/uL": ("count", 1.0), "<10/uL": ("count", 10.0),
    "<0.1%": ("percent", 0.1),
}  # fmt: skip
"""Aplasia: what is measured (cells/µL or % of lymphocytes) and the value that it is below."""


@rule(
    "B_cell_aplasia",
    "any",
    "biomarker",
    definition=(
        "CD19+ B cells below a threshold; no consensus: undetectable, below 1/uL, below 10/uL, "
        "below 0.1 % of lymphocytes."
    ),
    thresholds="preset",
    source="carstats",
    status="design",
)
def b_cell_aplasia(
    count: ArrayLike | None = None,
    percent: ArrayLike | None = None,
    *,
    preset: str = "<10/uL",
    lloq: ArrayLike | None = None,
) -> BooleanArray:
    """Judge B-cell aplasia by one of the presets in use.

    Parameters
    ----------
    count : CD19+ B cells per µL (CD20+ after a CD19 product, which may mask CD19), 0 to 100,000.
    percent : B cells in percent of lymphocytes, 0 to 100.
    preset : {"undetectable", "<1/uL", "<10/uL", "<0.1%"}. The threshold; "undetectable" is below
        `lloq`.
    lloq : The assay's lower limit of quantification, cells/µL.

    Returns
    -------
    Whether B cells are below the threshold; NA where not measured.

    Notes
    -----
    There is no consensus threshold: name the preset with every result. A product against BCMA alone
    does not aim at B cells in blood, and tissue is not blood. Status: design (presets); verify
    (CD20 where CD19 is masked).
    """
    values, cut = _measured(count, percent, preset, lloq)
    return compare(values, "<", cut)


def aplasia_at(
    samples: pd.DataFrame,
    events: pd.DataFrame,
    *,
    day: str = "onset_day",
    preset: str = "<10/uL",
    within_days: int = 14,
) -> BooleanArray:
    """Judge whether events happened during B-cell aplasia.

    Status: design.

    Parameters
    ----------
    samples : One row per sample: `subject_id`, `day`, and `count` (/µL) or `percent`; optionally
        `lloq`.
    events : `subject_id` and the day of each event.
    day : The column of `events` that holds it.
    preset : As in `b_cell_aplasia`.
    within_days : The most days between an event and the sample that speaks for it, before or after.

    Returns
    -------
    In the order of `events`: by the nearest sample from day 0 on, of two the later; NA where none
    is near enough: aplasia is undocumented.
    """
    check_number("within_days", within_days, low=0)
    table, aplasia = _judged(samples, preset)
    use = (table["day"] >= 0).to_numpy()
    table, known = table[use].reset_index(drop=True), aplasia._data[use]
    if not len(table):
        return boolean(np.zeros(len(events), bool), np.ones(len(events), bool))
    back, ahead = (latest(events, table, day, ahead=side) for side in (False, True))
    sampled, wanted = table["day"].to_numpy(float), events[day].to_numpy(float)
    since = np.where(back >= 0, wanted - sampled[back], np.inf)
    until = np.where(ahead >= 0, sampled[ahead] - wanted, np.inf)
    row = np.where(until <= since, ahead, back)
    return boolean(known[row], ~(np.minimum(since, until) <= within_days))


@rule(
    "b_cell_reconstitution",
    "any",
    "time-to-event",
    definition=(
        "From infusion to the first of two consecutive samples at or above the threshold; death"
        " and re-infusion compete; interval-censored."
    ),
    thresholds="threshold; visits=2",
    source="carstats",
    status="design",
)
def b_cell_reconstitution(
    samples: pd.DataFrame,
    *,
    preset: str = "<10/uL",
    consecutive: int = 2,
    subjects: Iterable[object] | None = None,
    competing: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Find when B cells return: the first of two consecutive samples at or above the threshold.

    Parameters
    ----------
    samples : One row per sample: `subject_id`, `day`, and `count` (/µL) or `percent`; optionally
        `lloq`.
    preset : As in `b_cell_aplasia`: reconstitution is its opposite.
    consecutive : Samples in a row that must be at or above the threshold; a single one is ignored.
    competing : `subject_id`, `day`, `cause`: death, re-infusion, anti-CD20. Samples from then on
        are not read.

    Returns
    -------
    As from `first_return`, `endpoint` ``"b_cell_reconstitution"``: the return lies in (`time_low`,
    `time_high`].

    Notes
    -----
    A mean over subjects whose B cells have returned is biased while others' have not. Status:
    design.
    """
    table, aplasia = _judged(samples, preset)
    return first_return(
        table.assign(returned=~aplasia),
        endpoint="b_cell_reconstitution",
        away=message("no aplasia seen"),
        consecutive=consecutive,
        subjects=subjects,
        competing=competing,
    )


def naive_share(naive: ArrayLike, b_cells: ArrayLike) -> NDArray[np.float64]:
    """Return the share of naive cells (IgD+ CD27-) among B cells, in percent.

    Parameters
    ----------
    naive, b_cells : Cells per µL; naive ones are some of the B cells.

    Returns
    -------
    Percent; NaN where there are no B cells or a count is missing.
    """
    part, whole = numbers(naive=(naive, 0, 100_000), b_cells=(b_cells, 0, 100_000))
    if (part > whole * (1 + 1e-9)).any():
        first = int(np.flatnonzero(part > whole * (1 + 1e-9))[0])
        raise CarstatsError(
            message(
                "`{part}` is {some} of {all} `{whole}`; it is at most all of them.",
                part="naive",
                some=f"{part[first]:g}",
                all=f"{whole[first]:g}",
                whole="b_cells",
            )
        )
    return 100.0 * part / np.where(whole > 0, whole, np.nan)


@rule(
    "naive_B_cell_share",
    "any",
    "biomarker",
    definition="IgD+CD27- share of B cells at their return.",
    thresholds="none",
    source="carstats",
    status="design",
)
def naive_share_at_return(samples: pd.DataFrame, returned: pd.DataFrame) -> pd.DataFrame:
    """Give each subject's naive share at the sample that showed B cells to have returned.

    Parameters
    ----------
    samples : `subject_id`, `day`, `naive` and `count`, cells per µL.
    returned : As from `b_cell_reconstitution`.

    Returns
    -------
    `subject_id`, `day`, `naive_percent` of those whose B cells returned; missing where the subset
    was not measured that day.
    """
    table = check_table("samples", samples, ["subject_id", "day", "naive", "count"])
    back = returned[returned["status"] == "event"][["subject_id", "time"]]
    found = back.rename(columns={"time": "day"}).merge(table, on=["subject_id", "day"], how="left")
    share = naive_share(found["naive"], found["count"]) if len(found) else np.array([], float)
    return found[["subject_id", "day"]].assign(naive_percent=share)


def _judged(samples, preset):
    columns = ["subject_id", "day"]
    table = check_table("samples", samples, columns, ["count", "percent", "lloq"])
    if not len(table):
        return table, boolean(np.zeros(0, bool), np.zeros(0, bool))
    parts = {name: table[name] for name in ("count", "percent", "lloq") if name in table}
    aplasia = b_cell_aplasia(**parts, preset=preset)
    measured = ~aplasia._mask
    return table[measured].reset_index(drop=True), aplasia[measured]


def _measured(count, percent, preset, lloq):
    preset = check_choice("preset", preset, PRESETS)
    what, cut = PRESETS[preset]
    given = {"count": count, "percent": percent}[what]
    if given is None:
        raise CarstatsError(
            message(
                "`{argument}` is not given; the preset {preset} needs it.",
                argument=what,
                preset=repr(preset),
            )
        )
    (values,) = numbers(**{what: (given, 0, 100 if what == "percent" else 100_000)})
    if cut is not None:
        return values, cut
    if lloq is None:
        raise CarstatsError(
            message(
                "`{argument}` is not given; the preset {preset} needs it.",
                argument="lloq",
                preset=repr(preset),
            )
        )
    values, cut = numbers(count=(given, 0, 100_000), lloq=(lloq, 0, 100))
    return values, cut
