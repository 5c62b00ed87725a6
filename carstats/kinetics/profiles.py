"""The profile of each subject: for its parameters, and as a listing to be drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.cohort.strata import check_by, level_labels, stratum_keys, stratum_mask
from carstats.errors import CarstatsError, check_choice, check_number
from carstats.estimators.kinetics.profile import Profile, kinetic_profile
from carstats.kinetics.samples import INFUSIONS, Samples, infusion_labels, kinetic_samples
from carstats.messages import message, message_n
from carstats.result import Result

# Days at which samples are planned in most protocols; the median is taken at them.
PLANNED = (3.0, 7.0, 10.0, 14.0, 21.0, 28.0, 60.0, 90.0, 180.0, 360.0)


@dataclass(frozen=True)
class Sampled:
    """A subject's profile after one infusion, with what its rows are told by.

    Attributes
    ----------
    profile : Profile
        What the samples say.
    limit : float
        The highest limit of quantification of the samples; NaN where none is known.
    peak_sought : bool
        Whether any sample lies among the days of the peak.
    carried_over, later_peak : bool
        Whether it was above quantification before the infusion; whether a value outside the days of
        the peak is higher.
    """

    profile: Profile
    limit: float
    peak_sought: bool
    carried_over: bool
    later_peak: bool


def profiles_of(samples: Samples, settings: dict) -> dict[tuple, Sampled]:
    """Return the profile of each subject and infusion that was sampled after it."""
    found = {}
    frame, (since, until) = samples.frame, settings["peak_within"]
    keys = list(zip(frame["subject_id"], frame["infusion_number"], strict=True))
    edges = np.flatnonzero([a != b for a, b in pairwise([None, *keys, None])])
    every = (frame[c].to_numpy(float) for c in ("time", "value", "lloq"))
    times, values, limits = every
    for start, stop in pairwise(edges):
        time, value, limit = times[start:stop], values[start:stop], limits[start:stop]
        if not (time > 0).any():
            continue
        profile = kinetic_profile(time, value, limit, **settings)
        among, seen = (time >= since) & (time <= until), ~np.isnan(value)
        outside = value[seen & ~among & (time > 0)]
        known = limit[~np.isnan(limit)]
        found[keys[start]] = Sampled(
            profile,
            float(known.max()) if known.size else np.nan,
            bool(among.any()),
            bool((seen & (time <= 0)).any()),
            bool(outside.size and not outside.max() <= profile.peak),
        )
    return found


def kinetic_profiles(
    cohort: Cohort,
    measure: str = "CAR_transgene",
    *,
    by: str | Iterable[str] | None = None,
    at: Iterable[float] = PLANNED,
    infusion: str = "first",
    limit: float | None = None,
) -> Result:
    """List the samples of each subject, and their medians at the planned days.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; its infused subjects are listed.
    measure : str
        A measure such as ``"CAR_transgene"``, ``"CAR_T_cells"`` or ``"CAR_NK_cells"``.
    by : str or list of str, optional
        Columns of the subjects table to tell strata apart.
    at : list of float
        Planned days, increasing. A sample belongs to the nearest, at most half-way to the next; of
        several of a subject the nearest counts.
    infusion : {"first", "each"}
        Samples after the first infusion, whatever follows; or those of each infusion.
    limit : float, optional
        Limit of quantification of the samples that come without one of their own.

    Returns
    -------
    Result
        For each stratum the samples, ``kind`` ``"sample"``: ``subject``, a number that is no
        identifier, ``time`` since the infusion, ``value`` (NaN below quantification), ``lloq``,
        ``below``, ``n`` = 1; then the medians, ``kind`` ``"median"``: ``subject`` 0, ``time``,
        ``n`` subjects with a sample there, ``value`` by ranks with those below quantification
        lowest, and ``below`` where it is one of them.

    Raises
    ------
    CarstatsError
        If the measure is unknown or nobody has a sample of it, or an argument is not allowed.

    Examples
    --------
    >>> cells = cs.define_cohort(cs.simulate_study(seed=1, n=60), cs.infused())
    >>> figure = cs.plot(cs.kinetic_profiles(cells))
    """
    check_cohort(cohort)
    by = check_by(cohort.subjects, by)
    infusion = check_choice("infusion", infusion, INFUSIONS)
    days = [float(day) for day in at] if isinstance(at, Iterable) else [float(at)]
    for day in days:
        check_number("at", day, low=0)
    if not days or any(b <= a for a, b in pairwise(days)):
        raise CarstatsError(message("`at` is {days}; it takes increasing days.", days=days))
    samples = kinetic_samples(cohort, measure, infusion, limit)
    vocabulary, parts, number, shown = cohort.study.vocabulary, [], 0, 0
    for key in stratum_keys(vocabulary, cohort.eligible, by):
        own = samples.subjects[stratum_mask(samples.subjects, by, key)]
        here = samples.of(own["subject_id"])
        several = here.groupby("infusion_number") if infusion == "each" else [(1, here)]
        for infused, rows in several:
            ids = list(dict.fromkeys(rows["subject_id"]))
            names = dict(zip(ids, range(number + 1, number + 1 + len(ids)), strict=True))
            beside = dict(zip(by, key, strict=True))
            beside |= {"infusion_number": int(infused)} if infusion == "each" else {}
            listed = pd.DataFrame(
                {
                    "kind": "sample", "subject": rows["subject_id"].map(names).astype(int),
                    "time": rows["time"], "n": 1, "value": rows["value"], "lloq": rows["lloq"],
                    "below": rows["value"].isna(),
                }
            )  # fmt: skip
            for part in (listed, _medians(rows, days)):
                columns = {c: [v] * len(part) for c, v in beside.items()}
                parts.append(pd.DataFrame({**columns, **part.to_dict("list")}))
            number, shown = number + len(ids), shown + len(ids)
    frame = pd.concat(parts, ignore_index=True)
    frame = frame.astype({"time": float, "value": float, "lloq": float, "below": bool})
    spec = cohort.spec(
        "kinetic_profiles",
        endpoint=message("{measure} ({unit})", measure=samples.label, unit=samples.unit),
        population=message_n(", {n} profile", ", {n} profiles", shown),
        method=message("medians at the planned days by ranks, values below quantification lowest"),
        by=[*by, "infusion_number"] if infusion == "each" else by, measure=samples.measure,
        unit=samples.unit, at=days, infusion=infusion, limit=limit,
    )  # fmt: skip
    return Result(frame, spec, level_labels(vocabulary, by) | infusion_labels(frame))


def _medians(rows: pd.DataFrame, days: list[float]) -> pd.DataFrame:
    """Return the median of a stratum's samples at each planned day that has one."""
    at, time = np.array(days), rows["time"].to_numpy(float)
    place = np.searchsorted((at[:-1] + at[1:]) / 2, time, side="left")
    # Before the first planned day and past the last as far as half of the step beside it.
    first = at[0] / 2
    last = at[-1] + ((at[-1] - at[-2]) / 2 if len(at) > 1 else at[-1] / 2)
    near = rows.assign(place=place, off=np.abs(time - at[place]))[(time >= first) & (time <= last)]
    near = near.sort_values(["place", "off", "time"], ascending=[True, True, False], kind="stable")
    near = near.drop_duplicates(["place", "subject_id"])
    found = []
    for place, here in near.groupby("place"):
        ranks = np.sort(here["value"].fillna(-np.inf).to_numpy())
        # Of two in the middle of which one is below quantification the median is below it too.
        middle = ranks[[(len(ranks) - 1) // 2, len(ranks) // 2]]
        value = float(middle.mean()) if np.isfinite(middle).all() else np.nan
        found.append(
            {"kind": "median", "subject": 0, "time": days[int(place)], "n": len(ranks),
             "value": value, "lloq": float(here["lloq"].max()), "below": bool(np.isnan(value))}
        )  # fmt: skip
    columns = ["kind", "subject", "time", "n", "value", "lloq", "below"]
    return pd.DataFrame(found, columns=columns)
