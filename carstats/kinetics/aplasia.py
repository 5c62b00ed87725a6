"""B cells after the infusion: how deep and how long they are gone, and which come back."""

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
from carstats.endpoints.record.return_times import first_return
from carstats.errors import CarstatsError, check_conf_level, check_number
from carstats.estimators.curves.turnbull import Turnbull, turnbull
from carstats.estimators.sample_median import sample_median
from carstats.kinetics.samples import Samples, kinetic_samples
from carstats.messages import joined_notes, mark, message, message_n
from carstats.result import Result
from carstats.wording import level_text

# Shares of the B cells that come back, in per cent.
_SUBSETS = {
    "naive at return": "naive_B_percent",
    "memory at return": "memory_B_percent",
    "transitional at return": "transitional_B_percent",
}
# A share belongs to the return if it was measured so many days before or after it.
_NEAR = 14.0
_NAMES = {
    "lowest count": mark("lowest count"),
    "day of the first below": mark("day of the first below"),
    "days until return": mark("days until return"),
    "days below": mark("days below"),
    "naive at return": mark("naive at return"),
    "memory at return": mark("memory at return"),
    "transitional at return": mark("transitional at return"),
}
_COLUMNS = (
    "parameter", "unit", "n", "n_missing", "n_event", "estimate", "conf_low", "conf_high", "q1",
    "q3", "minimum", "maximum", "estimate_low", "note",
)  # fmt: skip
_TURNBULL = mark("the return interval-censored (Turnbull)")


def b_cell_depletion(
    cohort: Cohort,
    *,
    below: float = 10.0,
    by: str | Iterable[str] | None = None,
    limit: float | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate how deep and how long B cells are gone, and which ones return.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; its infused subjects are counted.
    below : float
        Cells per µL below which B cells are gone. There is no consensus: name it with the result.
    by : str or list of str, optional
        Columns of the subjects table.
    limit : float, optional
        Limit of quantification of the samples that come without one of their own.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum a row for each ``parameter``, an ``estimate`` that is a median, with
        distribution-free ``conf_low`` and ``conf_high``, ``q1``, ``q3``, ``minimum``, ``maximum``:
        ``"lowest count"`` (``n_event`` fell below the threshold), ``"day of the first below"``,
        ``"days until return"`` (from the infusion to the first of two consecutive samples at the
        threshold or above, of those who fell below; interval-censored: the median lies between
        ``estimate_low`` and ``estimate``; ``n_event`` returned), ``"days below"`` (the same from
        the first sample below on), and the shares naive, memory and transitional at the return
        where the study has them. ``n`` subjects, ``n_missing`` without a value, ``unit``, ``note``.
        Death and a re-infusion that was not planned censor the return. The limits of its median
        are order statistics of the ends of the intervals: they hold whatever the censoring.

    Raises
    ------
    CarstatsError
        If nobody of the study has B cells, or an argument is not allowed.

    References
    ----------
    Turnbull BW. J R Stat Soc B 1976; 38: 290-295.

    Examples
    --------
    >>> result = cs.b_cell_depletion(cohort, by="target")
    """
    check_conf_level(conf_level)
    check_cohort(cohort)
    by = check_by(cohort.subjects, by)
    samples, rows, vague, back = _returns(cohort, below, limit)
    shares = {name: _at_return(cohort, measure, back) for name, measure in _SUBSETS.items()}

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        mine = rows[rows["subject_id"].isin(stratum["subject_id"])]
        own = back.reindex(stratum["subject_id"])
        lowest = mine.groupby("subject_id")["value"].min()
        n, gone = len(stratum), own["away_day"]
        odd = int(vague.reindex(stratum["subject_id"]).sum())
        wide = message_n("{n} value below a limit above the threshold left out",
                         "{n} values below a limit above the threshold left out", odd)  # fmt: skip
        away = n - len(lowest)
        bare = message_n("{n} without a value after the infusion",
                         "{n} without a value after the infusion", away)  # fmt: skip
        note = joined_notes("" if n else message("no subjects"), wide if odd else "",
                            bare if away else "")  # fmt: skip
        none = message("nobody fell below") if n and not gone.notna().any() else ""
        made = [
            _row("lowest count", samples.unit, lowest, n, int((lowest < below).sum()), conf_level,
                 note),
            _row("day of the first below", message("days"), gone, n, int(gone.notna().sum()),
                 conf_level, none),
            _until_return("days until return", own, n, 0.0, conf_level),
            _until_return("days below", own, n, gone, conf_level),
        ]  # fmt: skip
        for name, values in shares.items():
            if values is not None:
                found = values.reindex(stratum["subject_id"])
                returned = int((own["status"] == "event").sum())
                few = message("of {n} whose B cells returned", n=returned)
                made.append(
                    _row(name, message("% of B cells"), found, n, int(found.notna().sum()),
                         conf_level, few)
                )  # fmt: skip
        return pd.DataFrame(made, columns=_COLUMNS)

    spec = cohort.spec(
        "b_cell_depletion",
        endpoint=_title(samples, below),
        method=message(
            "medians with distribution-free {level} % limits; {turnbull}",
            level=level_text(conf_level), turnbull=message(_TURNBULL),
        ),
        by=by, conf_level=conf_level, below=float(below), limit=limit,
    )  # fmt: skip
    vocabulary = cohort.study.vocabulary
    frame = estimate_by(vocabulary, cohort.eligible, samples.subjects, by, estimate)
    names = {"parameter": {name: message(words) for name, words in _NAMES.items()}}
    return Result(frame, spec, level_labels(vocabulary, by) | names)


def _counts(samples: Samples, below: float) -> tuple[pd.DataFrame, pd.Series]:
    """Return the counts after the infusion, 0 below quantification; and those that say nothing."""
    frame = samples.frame
    rows = frame[(frame["infusion_number"] == 1) & (frame["time"] > 0)]
    rows = rows.rename(columns={"time": "day", "value": "count"})
    vague = rows["count"].isna() & (rows["lloq"] > below)
    left = rows.loc[vague, "subject_id"].value_counts()
    rows = rows[~vague]
    value = rows["count"].fillna(0.0)
    return rows[["subject_id", "day"]].assign(value=value).reset_index(drop=True), left


def _at_return(cohort: Cohort, measure: str, back: pd.DataFrame) -> pd.Series | None:
    """Return by subject a share of the B cells at their return; None where never measured."""
    rows = cohort.table("assessments", measure=measure)
    rows = rows[rows["value"].notna()]
    if rows.empty:
        return None
    when = rows["subject_id"].map(back["time"].where(back["status"] == "event"))
    off = (rows["day"] - when).abs()
    near = rows.assign(off=off)[off <= _NEAR].sort_values(["off", "day"], kind="stable")
    return near.drop_duplicates("subject_id").set_index("subject_id")["value"].astype(float)


def _row(name, unit, values, n: int, n_event: int, conf_level: float, note: str) -> dict:
    m = sample_median(values, conf_level=conf_level)
    few = message("too few for limits of the median") if m.n and np.isnan(m.low) else ""
    return dict(zip(_COLUMNS, (
        name, unit, n, n - m.n, n_event, m.estimate, m.low, m.high, m.q1, m.q3, m.minimum,
        m.maximum, np.nan, joined_notes(few, note),
    ), strict=True))  # fmt: skip


def _ends(own: pd.DataFrame, since=0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return between which days B cells returned in those who fell below, from a day on."""
    shift = since if np.isscalar(since) else since[own["status"].notna()].to_numpy(float)
    known = own[own["status"].notna()]
    returned = (known["status"] == "event").to_numpy()
    high = np.where(returned, known["time_high"].to_numpy(float), np.inf)
    return known["time_low"].to_numpy(float) - shift, high - shift


def _until_return(name: str, own: pd.DataFrame, n: int, since, conf_level: float) -> dict:
    """Return the row of a time to the return, whose median lies between two samples."""
    low, high = _ends(own, since)
    fit = turnbull(low, high)
    fallen = np.flatnonzero(fit.survival <= 0.5 + 1e-9)
    reached = bool(fallen.size) and bool(np.isfinite(fit.right[fallen[0]]))
    nan, left, middle, said = np.nan, np.nan, np.nan, ""
    if reached:
        left, middle = max(float(fit.left[fallen[0]]), 0.0), float(fit.right[fallen[0]])
        said = message("median between days {low} and {high}", low=f"{left:g}", high=f"{middle:g}")
    elif not low.size:
        said = message("nobody fell below") if n else ""
    else:
        last = float(np.where(np.isfinite(high), high, low).max())
        said = message("not reached by day {day}", day=f"{last:g}")
    # Whatever day in its interval a return has, its order statistics lie between those of the ends.
    with np.errstate(invalid="ignore"):
        least = sample_median(low, conf_level=conf_level).low
        most = sample_median(high, conf_level=conf_level).high
    few = message("too few for limits of the median") if low.size and np.isnan(least) else ""
    return dict(zip(_COLUMNS, (
        name, message("days"), n, n - low.size, int(np.isfinite(high).sum()), middle, least,
        most if np.isfinite(most) else nan, nan, nan, nan, nan, left, joined_notes(said, few),
    ), strict=True))  # fmt: skip


def b_cell_aplasia(
    cohort: Cohort,
    *,
    below: float = 10.0,
    by: str | Iterable[str] | None = None,
    limit: float | None = None,
) -> Result:
    """List for each subject how long B cells are gone, with the curve of those not yet back.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; its infused subjects are listed.
    below : float
        Cells per µL below which B cells are gone, as for `b_cell_depletion`.
    by : str or list of str, optional
        Columns of the subjects table to tell strata apart.
    limit : float, optional
        Limit of quantification of the samples that come without one of their own.

    Returns
    -------
    Result
        For each stratum, ``kind`` ``"subject"``, those who fell below, the longest first:
        ``subject``, a number that is no identifier, ``start`` (first sample below), ``time_low``
        (last sample below), ``time_high`` (the sample that found the return; NaN where none did)
        and ``last_time`` (last sample). Then, ``kind`` ``"curve"``, the steps of Turnbull's curve
        of the return since the infusion among them: ``time_low``, ``time_high``, ``mass``,
        ``estimate`` (the share not yet back), ``last_time``. ``n`` infused, ``n_missing`` without
        a sample, ``n_below`` fell below, ``n_event`` returned, ``note``.

    Raises
    ------
    CarstatsError
        As `b_cell_depletion`.

    References
    ----------
    Turnbull BW. J R Stat Soc B 1976; 38: 290-295.

    Examples
    --------
    >>> cells = cs.define_cohort(cs.simulate_study(seed=1, n=60), cs.infused())
    >>> figure = cs.plot(cs.b_cell_aplasia(cells))
    """
    check_cohort(cohort)
    by = check_by(cohort.subjects, by)
    samples, rows, _, back = _returns(cohort, below, limit)
    last = rows.groupby("subject_id")["day"].max()
    vocabulary, parts, number = cohort.study.vocabulary, [], 0
    for key in stratum_keys(vocabulary, cohort.eligible, by):
        stratum = samples.subjects[stratum_mask(samples.subjects, by, key)]
        own = back.reindex(stratum["subject_id"])
        low, high = _ends(own)
        known = own[own["status"].notna()]
        listed = pd.DataFrame(
            {"kind": "subject", "start": known["away_day"].astype(float), "time_low": low,
             "time_high": np.where(np.isfinite(high), high, np.nan),
             "last_time": last.reindex(known.index).astype(float)}
        )  # fmt: skip
        # The longest first; of two that last as long, who is known to be back comes later.
        listed = listed.assign(end=listed["time_high"].fillna(np.inf)).sort_values(
            ["time_low", "end", "start"], ascending=[False, False, True], kind="stable"
        )
        listed = listed.drop(columns="end").assign(
            subject=np.arange(number + 1, number + 1 + len(listed))
        )
        number += len(listed)
        n = len(stratum)
        missing = n - int(stratum["subject_id"].isin(last.index).sum())
        part = pd.concat([listed, _curve(turnbull(low, high), low, high)], ignore_index=True)
        part = part.assign(n=n, n_missing=missing, n_below=low.size,
                           n_event=int(np.isfinite(high).sum()))  # fmt: skip
        part["note"] = "" if low.size else message("nobody fell below") if n else _NOBODY
        parts.append(pd.DataFrame({**{c: [v] * len(part) for c, v in zip(by, key, strict=True)},
                                   **part.to_dict("list")}))  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    frame = frame[[*by, *_LISTED]].astype({"subject": float})
    spec = cohort.spec(
        "b_cell_aplasia", endpoint=_title(samples, below), method=message(_TURNBULL), by=by,
        population=message_n(", {n} fell below", ", {n} fell below", number),
        below=float(below), limit=limit, unit=samples.unit,
    )  # fmt: skip
    return Result(frame, spec, level_labels(vocabulary, by))


_NOBODY = message("no subjects")
_LISTED = (
    "kind", "subject", "start", "time_low", "time_high", "mass", "estimate", "last_time", "n",
    "n_missing", "n_below", "n_event", "note",
)  # fmt: skip


def _curve(fit: Turnbull, low: np.ndarray, high: np.ndarray) -> pd.DataFrame:
    """Return the steps of the curve of those who are not yet back."""
    shown = (fit.mass > 0) & np.isfinite(fit.right)
    last = float(np.where(np.isfinite(high), high, low).max()) if low.size else np.nan
    return pd.DataFrame(
        {
            "kind": "curve", "subject": 0,
            "time_low": np.append(0.0, np.maximum(fit.left[shown], 0.0)),
            "time_high": np.append(0.0, fit.right[shown]),
            "mass": np.append(0.0, fit.mass[shown]),
            "estimate": np.append(1.0 if low.size else np.nan, fit.survival[shown]),
            "last_time": last,
        }
    )  # fmt: skip


def _returns(cohort: Cohort, below: float, limit: float | None):
    """Return the samples, the counts, those that say nothing, and each subject's return."""
    check_number("below", below)
    if below <= 0:
        raise CarstatsError(message("`below` is {below}; it takes a number above 0.", below=below))
    samples = kinetic_samples(cohort, "B_cells", "course", limit)
    rows, vague = _counts(samples, below)
    back = first_return(
        rows.assign(returned=(rows["value"] >= below).astype("boolean")),
        endpoint="b_cell_reconstitution", away="", subjects=samples.subjects["subject_id"],
    )  # fmt: skip
    return samples, rows, vague, back.set_index("subject_id")


def _title(samples: Samples, below: float) -> str:
    return message("B cells below {below} {unit}", below=f"{below:g}", unit=samples.unit)
