"""Expansion and exposure: peak, areas, half-life, and how long the cells can be measured."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.cohort.strata import check_by, estimate_by, level_labels
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number
from carstats.estimators.kinetics.lognormal import geometric_mean
from carstats.estimators.kinetics.profile import BELOW, TAIL
from carstats.estimators.reasons import NO_DECLINE, TOO_MUCH_EXTRAPOLATED, Reason
from carstats.estimators.sample_median import sample_median
from carstats.kinetics.profiles import profiles_of
from carstats.kinetics.samples import INFUSIONS, infusion_labels, kinetic_samples
from carstats.messages import joined_notes, mark, message, message_n
from carstats.result import Result
from carstats.wording import because, level_text

_BELOW = {
    "dropped": mark("values below quantification left out between two above it"),
    "zero": mark("values below quantification 0 between two above it"),
    "half the limit": mark("values below quantification half their limit between two above it"),
}
_TAIL = {
    "nothing": mark("no area after the last value above it"),
    "triangle": mark("a triangle to the first value below it after the last above"),
}
_COLUMNS = (
    "parameter", "unit", "n", "n_missing", "n_event", "summary", "estimate", "conf_low",
    "conf_high", "cv_percent", "median", "q1", "q3", "minimum", "maximum", "note",
)  # fmt: skip


def cellular_kinetics(
    cohort: Cohort,
    measure: str = "CAR_transgene",
    *,
    by: str | Iterable[str] | None = None,
    horizons: Iterable[float] = (28, 90),
    infusion: str = "first",
    limit: float | None = None,
    below: str = "dropped",
    tail: str = "nothing",
    peak_from: float = 0.0,
    peak_until: float = 28.0,
    expands: bool = True,
    conf_level: float = 0.95,
) -> Result:
    """Estimate how the engineered cells expand, and how much and how long they are there.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    measure : str
        A measure such as ``"CAR_transgene"`` (copies per µg of DNA), ``"CAR_T_cells"`` (per µL) or
        ``"CAR_NK_cells"``.
    by : str or list of str, optional
        Columns of the subjects table.
    horizons : list of float
        Days to which the areas under the curve are taken.
    infusion : {"first", "each"}
        Samples after the first infusion, whatever follows; or those of each infusion up to the
        next, with times since it and a row for each ``infusion_number``.
    limit : float, optional
        Limit of quantification of the samples that come without one of their own (`lloq`); values
        below it are then below quantification, as are values of 0.
    below : {"dropped", "zero", "half the limit"}
        What a value below the limit of quantification is between two that are above it. Before the
        first it is 0. It changes an area by more than half: every row's method names it.
    tail : {"nothing", "triangle"}
        What the area has after the last value above the limit.
    peak_from, peak_until : float
        Days among which the peak is sought. A sample of the first hours may hold transgene of the
        catheter: ``peak_from=1`` leaves it out.
    expands : bool
        Whether the cells expand. A sample on the day of the infusion is then one before it, and no
        peak. Where they do not (mRNA, CAR-NK) it may be the peak, and the decline begins with that.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum (with ``infusion="each"`` and infusion) a row for each ``parameter``:
        ``"Cmax"``, ``"Tmax"``, ``"AUC0-28"``, …, ``"Tlast"``, ``"half-life"``; ``unit``, ``n``
        subjects infused, ``n_missing`` (not sampled, or not to be estimated), ``n_event`` (with a
        value), ``summary`` (geometric mean or median), ``estimate``, ``conf_low``,
        ``conf_high``, ``cv_percent`` (geometric coefficient of variation), ``median``, ``q1``,
        ``q3``, ``minimum``, ``maximum``, ``note``. A peak or an area of cells that were never above
        quantification is taken as censored at the limit, or at the limit times the days.

    Raises
    ------
    CarstatsError
        If the measure is unknown or nobody has a sample of it, or an argument is not allowed.

    References
    ----------
    Gabrielsson J, Weiner D. Methods Mol Biol 2012; 929: 377-389.
    Mueller KT et al. Blood 2017; 130: 2317-2325 (tisagenlecleucel).

    Examples
    --------
    >>> cells = cs.define_cohort(cs.simulate_study(seed=1, n=60), cs.infused())
    >>> cs.tabulate(cs.cellular_kinetics(cells))
    """
    check_conf_level(conf_level)
    check_cohort(cohort)
    by = check_by(cohort.subjects, by)
    ends = _checked_horizons(horizons)
    infusion = check_choice("infusion", infusion, INFUSIONS)
    below, tail = check_choice("below", below, BELOW), check_choice("tail", tail, TAIL)
    check_number("peak_from", peak_from, low=0)
    check_number("peak_until", peak_until, low=peak_from)
    samples = kinetic_samples(cohort, measure, infusion, limit)
    since = float(peak_from) if peak_from or not expands else float(np.nextafter(0.0, 1.0))
    settings = {"horizons": ends, "below": below, "tail": tail, "peak_in_decline": not expands,
                "peak_within": (since, float(peak_until))}  # fmt: skip
    found = profiles_of(samples, settings)

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        rows: list[dict] = []
        mine = samples.infusions[samples.infusions["subject_id"].isin(stratum["subject_id"])]
        numbers = sorted(mine["infusion_number"].unique()) if infusion == "each" else [1]
        for number in numbers or [1]:
            who = mine.loc[mine["infusion_number"] == number, "subject_id"]
            here = [found[key] for key in ((s, number) for s in who) if key in found]
            beside = {"infusion_number": int(number)} if infusion == "each" else {}
            odd = samples.note(who) if len(who) else message("no subjects")
            rows += [
                {**beside, **row}
                for row in _rows(here, len(who), samples.unit, ends, conf_level, odd)
            ]
        return pd.DataFrame(rows)

    spec = cohort.spec(
        "cellular_kinetics",
        endpoint=message("{measure} ({unit})", measure=samples.label, unit=samples.unit),
        method=message(
            "linear up, log down; {below}; {tail}; {level} % limits: t of the logarithms, profile "
            "likelihood where values are censored, distribution-free for medians",
            below=message(_BELOW[below]), tail=message(_TAIL[tail]), level=level_text(conf_level),
        ),
        by=[*by, "infusion_number"] if infusion == "each" else by, conf_level=conf_level,
        measure=samples.measure, horizons=ends, infusion=infusion, limit=limit, below=below,
        tail=tail, peak_from=float(peak_from), peak_until=float(peak_until), expands=bool(expands),
    )  # fmt: skip
    frame = estimate_by(cohort.study.vocabulary, cohort.eligible, samples.subjects, by, estimate)
    return Result(frame, spec, level_labels(cohort.study.vocabulary, by) | infusion_labels(frame))


def _checked_horizons(horizons: Iterable[float]) -> list[float]:
    ends = list(horizons) if isinstance(horizons, Iterable) else [horizons]
    for end in ends:
        check_number("horizons", end, low=0)
        if end == 0:
            raise CarstatsError(message("`horizons` has 0; an area takes days above 0."))
    return [float(end) for end in ends]


def _rows(here, n: int, unit: str, ends, conf_level: float, odd: str) -> list[dict]:
    """Return the parameters' rows of one stratum and infusion."""
    profiles = [one.profile for one in here]
    never = sum(p.n_quantified == 0 for p in profiles)
    none = message_n("{n} never above quantification", "{n} never above quantification", never)
    none = none if never else ""
    limits = np.array([one.limit for one in here])
    no_peak = [one.peak_sought and np.isnan(one.profile.peak) for one in here]
    made = [
        _mean("Cmax", unit, [p.peak for p in profiles], limits, no_peak, n, conf_level,
              _about_peaks(here)),
        _middle("Tmax", message("days"), [p.peak_time for p in profiles], n, conf_level,
                joined_notes(none, _early(profiles))),
    ]  # fmt: skip
    for place, end in enumerate(ends):
        areas = [p.areas[place] for p in profiles]
        missing = joined_notes(*(
            message("{reason} ({n})", reason=because(Reason(code, given)), n=count)
            for code, given, count in _reasons(areas)
        ))  # fmt: skip
        beyond = sum(a.extrapolated > 0 and not a.reason for a in areas)
        told = message_n("{n} area partly extrapolated", "{n} areas partly extrapolated", beyond)
        # An area of 0 is one of samples that were all below quantification.
        values = [a.value for a in areas]
        made.append(
            _mean(f"AUC0-{end:g}", message("{unit} × days", unit=unit), values, limits * end,
                  [v == 0 for v in values], n, conf_level,
                  joined_notes(missing, told if beyond else ""))
        )  # fmt: skip
    ended = sum(np.isfinite(p.below_time) for p in profiles if p.n_quantified)
    open_ = len(profiles) - never - ended
    still = message_n("{n} still above quantification at the last sample",
                      "{n} still above quantification at the last sample", open_)  # fmt: skip
    made.append(
        _middle("Tlast", message("days"), [p.last_time for p in profiles], n, conf_level,
                joined_notes(none, still if open_ else ""))
    )  # fmt: skip
    half = [p.decline.half_life for p in profiles]
    made.append(
        _mean("half-life", message("days"), half, np.full(len(half), np.nan), [False] * len(half),
              n, conf_level, joined_notes(none, _declines(profiles)))
    )  # fmt: skip
    away = n - len(here)
    unsampled = message_n("{n} without a sample after the infusion",
                          "{n} without a sample after the infusion", away)  # fmt: skip
    made[0]["note"] = joined_notes(odd, unsampled if away else "", made[0]["note"])
    for row in made[1:]:
        # What holds of all rows is said once, unless nothing else says why there is no number.
        if np.isnan(row["estimate"]) and not row["note"]:
            row["note"] = unsampled if away else odd
    return made


def _reasons(areas) -> list[tuple[str, dict, int]]:
    """Return why areas are missing, each reason once with how many it is of."""
    codes = [a.reason.code for a in areas if a.reason]
    found = []
    for code in dict.fromkeys(codes):
        shares = [a.extrapolated for a in areas if a.reason and a.reason.code == code]
        given = {}
        if code == TOO_MUCH_EXTRAPOLATED:
            low, high = round(100 * min(shares)), round(100 * max(shares))
            given = {"percent": f"{low}" if low == high else f"{low}–{high}"}
        found.append((code, given, len(shares)))
    return found


def _mean(name, unit, values, limits, below, n, conf_level, note) -> dict:
    """Return the row of a geometric mean; of those that are below their limit it is censored."""
    values, limits = np.array(values, float), np.array(limits, float)
    below = np.array(below, bool)
    value = np.where(below, np.nan, values)
    # Without a limit nothing is known of those below it.
    used = ~np.isnan(value) | (below & (limits > 0))
    mean = geometric_mean(value[used], limits[used], conf_level=conf_level)
    ranks = np.where(below, -np.inf, value)[used]
    middle = _of_ranks(ranks, conf_level)
    censored, unknown = int((below & used).sum()), int((below & ~used).sum())
    told = message_n(
        "{n} below quantification, censored at the limit",
        "{n} below quantification, censored at the limit", censored,
    )  # fmt: skip
    lacking = message_n(
        "{n} below a limit that is not given", "{n} below a limit that is not given", unknown
    )
    return dict(zip(_COLUMNS, (
        name, unit, n, n - int(used.sum()), int((~np.isnan(value)).sum()), "geometric mean",
        mean.estimate, mean.low, mean.high, mean.cv_percent, *middle,
        joined_notes(told if censored else "", lacking if unknown else "", note,
                     because(mean.reason) if used.any() else ""),
    ), strict=True))  # fmt: skip


def _of_ranks(ranks: np.ndarray, conf_level: float) -> tuple[float, ...]:
    """Return median, quartiles and range of values of which the lowest are only known as such."""
    if not ranks.size:
        return (np.nan,) * 5
    with np.errstate(invalid="ignore"):
        found = np.quantile(ranks, [0.5, 0.25, 0.75, 0.0, 1.0])
    return tuple(float(v) if np.isfinite(v) else np.nan for v in found)


def _middle(name, unit, values, n, conf_level, note) -> dict:
    """Return the row of a median of times."""
    m = sample_median(values, conf_level=conf_level)
    few = message("too few for limits of the median") if m.n and np.isnan(m.low) else ""
    return dict(zip(_COLUMNS, (
        name, unit, n, n - m.n, m.n, "median", m.estimate, m.low, m.high, np.nan, m.estimate, m.q1,
        m.q3, m.minimum, m.maximum, joined_notes(few, note),
    ), strict=True))  # fmt: skip


def _about_peaks(here) -> str:
    """Say of peaks what makes them lower bounds or doubtful."""
    quantified = [one for one in here if one.profile.n_quantified]
    at_end = sum(one.profile.peak_time == one.profile.end for one in quantified)
    later = sum(one.later_peak for one in quantified)
    carried = sum(one.carried_over for one in quantified)
    return joined_notes(
        message_n("{n} with the peak at the last sample: a lower bound",
                  "{n} with the peak at the last sample: a lower bound", at_end) if at_end else "",
        message_n("{n} with a higher value outside the days of the peak",
                  "{n} with a higher value outside the days of the peak", later) if later else "",
        message_n("{n} above quantification before the infusion",
                  "{n} above quantification before the infusion", carried) if carried else "",
    )  # fmt: skip


def _early(profiles) -> str:
    """Say how many peaks lie within a day of the infusion: the catheter may hold the product."""
    early = sum(p.peak_time < 1 for p in profiles if p.n_quantified)
    if not early:
        return ""
    return message_n("{n} within a day of the infusion", "{n} within a day of the infusion", early)


def _declines(profiles) -> str:
    """Name the days that the declines were taken from: a short one is the contraction."""
    first = [p.decline.first for p in profiles if p.decline.n_points]
    last = [p.decline.last for p in profiles if p.decline.n_points]
    without = sum(p.n_quantified > 0 and not p.decline.n_points for p in profiles)
    none = message("{reason} ({n})", reason=because(Reason(NO_DECLINE)), n=without)
    none = none if without else ""
    if not first:
        return none
    days = message(
        "declines of days {first} to {last}", first=f"{min(first):g}", last=f"{max(last):g}"
    )
    return joined_notes(days, none)
