"""Rescue is more treatment for the disease than before, judged on the daily dose.

Never on where one row of the medication table ends and the next begins: a taper in steps, a hold
around the infusion and an unchanged dose are no rescue, a flare treated after a taper is one.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.data.study import Study
from carstats.data.units import folded_unit
from carstats.endpoints.options import Rules
from carstats.endpoints.record.searches import runs_between

# Toxicities whose glucocorticoid has no reason of its own in many tables.
_STEROID_TOXICITIES = ("CRS", "ICANS", "IEC-HS", "LICATS")
# Days that an episode without a last day is taken to last; LICATS has its own.
OPEN_EPISODE = 14.0
# Given as single doses some weeks apart: a gap between two of them is no stop.
_INTERMITTENT = ("biologic", "immunoglobulin", "plasma exchange")
# Masses that a recorded daily dose may be in, in mg; "mg", "mg/d" and "mg/day" are alike.
_MILLIGRAMS = {"ug": 0.001, "mg": 1.0, "g": 1000.0}
_DAILY = re.compile(r"(?:/(?:d|day|24h|天|日)|daily)$")
# No rounding of a dose makes a rescue.
_TOLERANCE = 1e-6


def toxicity_steroids(
    study: Study, rules: Rules, toxicities: pd.DataFrame | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which medications are glucocorticoids for a toxicity and not the disease."""
    drugs = study.table("medications")
    none = np.zeros(len(drugs), bool)
    if toxicities is None or not len(toxicities) or not len(drugs):
        return none, none
    rows = toxicities[toxicities["term"].isin(_STEROID_TOXICITIES)]
    rows = rows[rows["onset_day"].notna()].reindex(
        columns=["subject_id", "term", "onset_day", "resolution_day"]
    )
    if not len(rows):
        return none, none
    index = pd.Index(study.subjects["subject_id"])
    whose = index.get_indexer(rows["subject_id"])
    onset = rows["onset_day"].to_numpy(float)
    licats = (rows["term"] == "LICATS").to_numpy()
    lasts = np.where(licats, rules.licats_resolution_days, OPEN_EPISODE)
    end = rows["resolution_day"].astype(float).to_numpy()
    end = np.where(np.isnan(end), onset + lasts, end)

    who = index.get_indexer(drugs["subject_id"])
    start = np.nan_to_num(drugs["start_day"].to_numpy(float), nan=-np.inf)
    stop = np.nan_to_num(drugs["stop_day"].to_numpy(float), nan=np.inf)
    steroid = (drugs["drug_class"] == "glucocorticoid").to_numpy() & (start >= 1)
    reason = drugs["reason"] if "reason" in drugs else pd.Series([None] * len(drugs))
    overlaps = runs_between(who, start, stop, whose, onset, end)
    within = runs_between(who, start, start, whose[licats], onset[licats], end[licats])
    short = stop - start + 1 <= rules.licats_steroid_days
    return steroid & reason.isna().to_numpy() & overlaps, steroid & within & short


def glucocorticoid_rescue(
    who: NDArray[np.int_],
    start: NDArray[np.float64],
    stop: NDArray[np.float64],
    dose: NDArray[np.float64],
    counts: NDArray[np.bool_],
    before_only: NDArray[np.bool_],
    rules: Rules,
) -> NDArray[np.float64]:
    """Return for each glucocorticoid row the first day on which it is rescue; `inf` for none.

    Notes
    -----
    Status: design. The reference is the highest daily dose of days -28 to 0; from day 14 on it is
    the lowest value that the highest dose of 14 days has had since. A row without a dose is rescue
    from its first day where no glucocorticoid was given in the reference, and otherwise unknown.
    """
    out = np.full(len(who), np.inf)
    new = counts & (start >= 1) & (dose != 0)
    used = np.flatnonzero((counts | before_only) & np.isin(who, who[new]))
    used = used[np.argsort(who[used], kind="stable")]
    for rows in np.split(used, np.flatnonzero(np.diff(who[used])) + 1) if len(used) else ():
        day = _first_rescue(
            np.floor(start[rows]), np.floor(stop[rows]), dose[rows], counts[rows], rules
        )
        out[rows] = np.where(new[rows], day, np.inf)
    return out


def _first_rescue(start, stop, dose, counts, rules: Rules) -> NDArray[np.float64]:
    """Return the first day of rescue of each row of one subject."""
    first = -int(rules.rescue_before_days)
    ends = np.r_[start, stop]
    horizon = int(ends[np.isfinite(ends)].max(initial=0)) + int(rules.rescue_days) + 1
    days = np.arange(first, max(horizon, 1) + 1)
    runs = (days >= start[:, None]) & (days <= stop[:, None])
    known = np.nan_to_num(dose)
    disease = (runs * known[:, None])[counts].sum(axis=0)
    other = (runs * known[:, None])[~counts].sum(axis=0)
    total = disease + other
    early = days <= 0
    # What is background counts as far as it was given before, and never more.
    given = disease + np.minimum(other, other[early].max(initial=0.0))
    reference = np.full(len(days), total[early].max(initial=0.0))
    hold = int(rules.rescue_hold_days)
    trailing = _trailing_maximum(total, hold)
    late = days >= max(hold, 1)
    lowest = np.minimum.accumulate(np.where(late, trailing, np.inf))
    reference = np.minimum(reference, lowest)
    after = days >= 1
    high = after & (given > reference + rules.rescue_step_mg + _TOLERANCE)
    rescue = _runs_of(high, max(int(np.ceil(rules.rescue_days)), 1))
    pulse = after & (given >= rules.rescue_pulse_mg - _TOLERANCE)
    rescue |= pulse & (given > reference + _TOLERANCE)
    # Without a dose: treatment where there was none.
    unknown = np.isnan(dose)
    off = after & (reference <= _TOLERANCE) & ~(runs & unknown[:, None])[:, early].any()
    blind = (runs & (unknown & counts & (start >= 1))[:, None]).any(axis=0)
    rescue |= _runs_of(blind & off, max(int(np.ceil(rules.rescue_days)), 1))
    found = np.full(len(start), np.inf)
    for row in range(len(start)):
        mine = np.flatnonzero(runs[row] & rescue)
        if len(mine):
            found[row] = days[mine[0]]
    return found


def _trailing_maximum(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return the highest value of the `width` days up to each day."""
    padded = np.r_[np.zeros(max(width, 1) - 1), values]
    return np.lib.stride_tricks.sliding_window_view(padded, max(width, 1)).max(axis=1)


def _runs_of(flags: NDArray[np.bool_], least: int) -> NDArray[np.bool_]:
    """Return the days that belong to a run of at least so many days in a row."""
    edges = np.diff(np.r_[0, flags.astype(int), 0])
    begin, end = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    out = np.zeros(len(flags), bool)
    for a, b in zip(begin, end, strict=True):
        out[a:b] = b - a >= least
    return out


def drug_rescue(
    study: Study,
    who: NDArray[np.int_],
    counts: NDArray[np.bool_],
    earlier: NDArray[np.bool_],
    rules: Rules,
) -> NDArray[np.float64]:
    """Return for each row of another drug than glucocorticoids its day of rescue; `inf` for none.

    Notes
    -----
    Status: design. A drug that was held and is resumed up to day 56 at no more than its former dose
    is no rescue. Doses are compared in mg a day where the unit is a mass a day (µg, mg, g), and
    otherwise within one unit.
    """
    drugs = study.table("medications")
    start = np.nan_to_num(drugs["start_day"].to_numpy(float), nan=-np.inf)
    stop = np.nan_to_num(drugs["stop_day"].to_numpy(float), nan=np.inf)
    out = np.full(len(drugs), np.inf)
    names = drugs["drug"].astype(str).str.strip().str.casefold().to_numpy(object)
    dose, unit = _doses(drugs)
    gap = np.where(
        drugs["drug_class"].isin(_INTERMITTENT), rules.rescue_course_days, rules.rescue_hold_days
    )
    new = np.flatnonzero(counts & (start >= 1))
    if not len(new):
        return out
    groups = pd.DataFrame({"who": who, "name": names})[counts | earlier]
    rows_of = groups.groupby(["who", "name"]).indices
    where = groups.index.to_numpy()
    for row in new:
        mine = where[rows_of[(who[row], names[row])]]
        mine = mine[mine != row]
        former = mine[start[mine] <= 0]
        reference = former[stop[former] >= -rules.rescue_before_days]
        same = unit[mine] == unit[row]
        then = mine[same & (start[mine] <= 0) & (stop[mine] >= -rules.rescue_before_days)]
        then = then if len(then) else mine[same & (start[mine] <= 0)]
        known = dose[then][~np.isnan(dose[then])]
        if not np.isnan(dose[row]) and len(known) and dose[row] > known.max() + _TOLERANCE:
            out[row] = start[row]
            continue
        if len(reference) and _goes_on(start[row], mine, start, stop, gap[row]):
            continue
        held = former[stop[former] >= -rules.rescue_washout_days]
        if len(held) and start[row] <= rules.rescue_resume_days:
            continue
        out[row] = start[row]
    return out


def _doses(drugs: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    """Return the recorded doses and their units: masses a day in mg, others as they are."""
    if "dose" not in drugs:
        return np.full(len(drugs), np.nan), np.full(len(drugs), "", object)
    dose = drugs["dose"].astype(float).to_numpy()
    given = drugs["dose_unit"] if "dose_unit" in drugs else pd.Series([None] * len(drugs))
    units = [folded_unit(unit) if isinstance(unit, str) else "" for unit in given]
    plain = [_DAILY.sub("", unit) for unit in units]
    factor = np.array([_MILLIGRAMS.get(unit, 1.0) for unit in plain])
    same = ["mg" if unit in _MILLIGRAMS else whole
            for unit, whole in zip(plain, units, strict=True)]  # fmt: skip
    return dose * factor, np.array(same, object)


def _goes_on(begin, rows, start, stop, gap) -> bool:
    """Return whether a drug's course reaches from the infusion to a day without too long a gap."""
    reached = begin
    for row in rows[np.argsort(-start[rows], kind="stable")]:
        if start[row] <= reached and stop[row] >= reached - 1 - gap:
            reached = min(reached, start[row])
    return reached <= 0


def new_drug_day(
    study: Study, drug_class: str, rules: Rules, reasons: tuple[object, ...]
) -> NDArray[np.float64]:
    """Return for each medication its day where it is a new drug of a class, else `inf`."""
    drugs = study.table("medications")
    who = pd.Index(study.subjects["subject_id"]).get_indexer(drugs["subject_id"])
    reason = drugs["reason"] if "reason" in drugs else pd.Series([None] * len(drugs))
    reason = reason.astype(object).where(reason.notna(), None)
    mine = (drugs["drug_class"] == drug_class).to_numpy()
    counts = mine & np.array([value in reasons for value in reason], bool)
    earlier = mine & ~reason.isin(["conditioning", "toxicity"]).to_numpy()
    return drug_rescue(study, who, counts, earlier, rules)
