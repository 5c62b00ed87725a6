"""Deaths and their causes: how many, per person-time, and by a day with other causes competing."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.cohort.strata import check_by, estimate_by, level_labels
from carstats.data.terms import DEATH_CAUSES
from carstats.data.vocabulary import folded
from carstats.errors import CarstatsError, check_conf_level, check_number
from carstats.estimators.rates.rate import event_rate
from carstats.messages import joined_notes, mark, message, message_n
from carstats.result import Result
from carstats.toxicity.episodes import (
    DAYS_PER_YEAR,
    died,
    followup_end,
    none_in_years,
    zero_note,
)
from carstats.toxicity.timing.incidence import at_days, incidence_rows
from carstats.toxicity.unknown import bounded_limits
from carstats.wording import level_text

ANY = "any cause"
_UNKNOWN = "unknown"
_ANY_LABEL = mark("any cause")


def causes_of_death(
    cohort: Cohort,
    *,
    at: float = 365,
    per: float = 100,
    by: str | Iterable[str] | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate how many died and of what.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; usually the infused.
    at : float
        Day from the infusion by which the cumulative incidence of each cause is given.
    per : float
        Person-years that rates are given for.
    by : str or list of str, optional
        Columns of the subjects table.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum a row for ``"any cause"`` and each cause that a subject of the cohort died
        of: ``cause``, ``n`` subjects, ``n_missing`` (of a cause those dead of an unknown one, which
        may be it: in the upper limits alone), ``n_event`` deaths, ``estimate`` (their share,
        whatever the follow-up),
        ``conf_low``, ``conf_high`` (Clopper-Pearson); ``person_years`` and ``followup`` (median
        days) that were looked at; ``rate`` per `per` person-years, ``rate_low``, ``rate_high``
        (exact Poisson); ``time``, ``n_risk`` still followed then, ``incidence`` by that day
        (Aalen-Johansen, deaths of other causes competing), ``incidence_low``,
        ``incidence_high`` (beta product); ``note``. A death without a cause is ``"unknown"``.

    Raises
    ------
    CarstatsError
        If the study has no days of death, or an argument is not allowed.

    References
    ----------
    Clopper CJ, Pearson ES. Biometrika 1934; 26: 404-413.
    Garwood F. Biometrika 1936; 28: 437-442.
    Aalen OO, Johansen S. Scand J Stat 1978; 5: 141-150.

    Examples
    --------
    >>> cs.causes_of_death(cohort, at=365)
    """
    check_conf_level(conf_level)
    check_number("at", at, low=0)
    check_number("per", per, low=1e-9)
    check_cohort(cohort)
    by = check_by(cohort.subjects, by)
    subjects = cohort.subjects
    if "death_day" not in subjects:
        raise CarstatsError(
            message(
                "the study has no days of death. Give the subjects a column `death_day`, blank for "
                "those alive; without it nobody can be told from one who was lost."
            )
        )
    cause = _causes(subjects)
    names = [ANY, *_ordered(cause.dropna())]
    subjects = subjects.assign(
        cause_of_death=cause,
        event_time=np.maximum(followup_end(subjects), 0.0),
        unknown=False,
    )

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame([_row(stratum, name, at, per, conf_level) for name in names])

    level = level_text(conf_level)
    spec = cohort.spec(
        "causes_of_death",
        endpoint=message("Deaths by cause"),
        method=message(
            "Clopper–Pearson and exact Poisson {level} % limits; by day {day}: Aalen–Johansen, "
            "other causes competing, beta-product limits",
            level=level, day=f"{at:g}",
        ),
        by=by, conf_level=conf_level, at=float(at), per=float(per),
    )  # fmt: skip
    vocabulary = cohort.study.vocabulary
    labels = level_labels(vocabulary, by) | {"cause": _labels(names)}
    frame = estimate_by(vocabulary, cohort.eligible, subjects, by, estimate)
    return Result(frame, spec, labels)


def _given(subjects: pd.DataFrame) -> pd.Series:
    if "death_cause" not in subjects:
        return pd.Series(None, subjects.index, dtype=object)
    return subjects["death_cause"].astype(object)


def _causes(subjects: pd.DataFrame) -> pd.Series:
    """Return what each of the dead died of, carstats' own words as they stand there."""
    known = {folded(name): name for name in DEATH_CAUSES}
    given = _given(subjects)
    cause = given.map(lambda word: known.get(folded(str(word)), str(word)))
    cause = cause.where(given.notna(), _UNKNOWN)
    return cause.where(died(subjects), None)


def _ordered(causes: pd.Series) -> list[str]:
    """Return the causes, the most frequent first and the unknown last."""
    counts = causes.value_counts()
    return sorted(counts.index, key=lambda name: (name == _UNKNOWN, -counts[name], name))


def _labels(names: Iterable[str]) -> dict[str, str]:
    own = dict.fromkeys(names)
    found: dict[str, str] = {name: message(name) for name in DEATH_CAUSES if name in own}
    return found | {ANY: message(_ANY_LABEL)}


def _coded(stratum: pd.DataFrame, mine: pd.Series) -> pd.DataFrame:
    """Return the rows with 1 for a death that counts, 2 for another and 0 for none."""
    other = np.where(stratum["cause_of_death"].notna(), 2, 0)
    return stratum.assign(event_code=np.where(mine, 1, other))


def _by_day(rows: pd.DataFrame, at: float, conf_level: float, none: str) -> pd.Series:
    """Return the incidence of those coded 1 by a day, with limits."""
    curve = incidence_rows(rows, "beta product", conf_level, none)
    return at_days(curve, rows, np.array([at]), none).iloc[0]


def _row(stratum: pd.DataFrame, name: str, at: float, per: float, conf_level: float) -> dict:
    mine = stratum["cause_of_death"].notna() if name == ANY else stratum["cause_of_death"] == name
    # A death of unknown cause may be of any.
    maybe = (stratum["cause_of_death"] == _UNKNOWN) & (name not in (ANY, _UNKNOWN))
    rows, most = (_coded(stratum, those) for those in (mine, mine | maybe))
    n, k, unknown = len(stratum), int(mine.sum()), int(maybe.sum())
    days = stratum["event_time"].to_numpy(float)
    # The day of the infusion is one of follow-up, and so is the last.
    years = float((days + 1).sum() / DAYS_PER_YEAR) if n else 0.0
    low, high = bounded_limits(k, unknown, n, method="Clopper-Pearson", conf_level=conf_level)
    rate = event_rate(k, years / per, conf_level=conf_level)
    rate_high = float(event_rate(k + unknown, years / per, conf_level=conf_level).high)
    none = message("no subjects") if not n else ""
    then, limit = (_by_day(those, at, conf_level, none) for those in (rows, most))
    said = zero_note(n, k, float(high))
    if n and not k:
        said = joined_notes(said, none_in_years(years, rate_high))
    told = message_n(
        "{n} dead of an unknown cause, which may be this: in the upper limits alone",
        "{n} dead of unknown causes, which may be this: in the upper limits alone",
        unknown,
    )
    late = "" if np.isfinite(then["estimate"]) or not n else message(
        "followed to day {day} only", day=f"{days.max():g}"
    )  # fmt: skip
    return {
        "cause": name, "n": n, "n_missing": unknown, "n_event": k,
        "estimate": k / n if n else np.nan, "conf_low": float(low), "conf_high": float(high),
        "person_years": years, "followup": float(np.median(days)) if n else np.nan,
        "rate": float(rate.estimate), "rate_low": float(rate.low), "rate_high": rate_high,
        "time": float(at), "n_risk": int(then["n_risk"]), "incidence": float(then["estimate"]),
        "incidence_low": float(then["conf_low"]), "incidence_high": float(limit["conf_high"]),
        "note": joined_notes(none, said, told if unknown else "", late),
    }  # fmt: skip
