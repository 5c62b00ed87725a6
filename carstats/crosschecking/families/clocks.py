"""Toxicities over time, by statsmodels, lifelines and scipy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.applying import term_applies
from carstats.crosschecking.asking import Asked, followed_to
from carstats.crosschecking.families.competing import aalen_johansen, emptied, log_log
from carstats.crosschecking.families.curves import lifelines_curve
from carstats.crosschecking.families.toxicities import episodes
from carstats.crosschecking.times import step


def _least(asked: Asked) -> object:
    return asked.option("min_severity") or asked.option("min_grade")


def _died(subjects: pd.DataFrame) -> pd.Series:
    if "death_day" not in subjects:
        return pd.Series(False, subjects.index)
    return subjects["death_day"].notna()


def rival_days(asked: Asked, subjects: pd.DataFrame, competing: Iterable[str]) -> pd.Series:
    """Return the day of death or of an unplanned re-infusion of each subject; inf without one."""
    rival = followed_to(subjects).where(_died(subjects), np.inf)
    again = asked.study.infusions
    if "re-infusion" in competing and again is not None:
        planned = again["planned"].map(lambda v: True if pd.isna(v) else bool(v))
        later = again[(again["infusion_number"] > 1) & ~planned].groupby("subject_id")["day"].min()
        rival = np.minimum(rival, later.reindex(subjects.index).fillna(np.inf))
    return rival


def first_times(asked: Asked) -> pd.DataFrame:
    """Return each subject's time to the first episode, a death or re-infusion, or the end."""
    term = asked.key["term"]
    subjects = asked.subjects[term_applies(asked.subjects, term)].set_index("subject_id")
    rows = episodes(asked, [term], _least(asked))
    bad = rows[rows["bad"]]
    onset = bad[bad["onset_day"] >= 0].groupby("subject_id")["onset_day"].min()
    end = followed_to(subjects).clip(lower=0.0)
    rival = rival_days(asked, subjects, asked.option("competing"))
    onset = onset.reindex(subjects.index)
    lost = onset.isna() & subjects.index.isin(bad.loc[bad["onset_day"].isna(), "subject_id"])
    stop = np.minimum(end, rival)
    happened = onset <= stop
    cause = np.where(happened, "it", np.where(rival <= end, "rival", ""))
    time = onset.where(happened, stop).astype(float).mask(lost)
    doubtful = subjects.index.isin(rows.loc[rows["unclear"], "subject_id"]) & ~happened
    return pd.DataFrame({"time": time, "cause": cause, "doubtful": doubtful}, index=subjects.index)


def incidence_counts(asked: Asked) -> dict[str, Any]:
    """Count who is at risk and what happens at each time."""
    rows = first_times(asked)
    seen = rows.dropna(subset="time")
    at = asked.rows["time"].to_numpy(float)
    missing = int((rows["time"].isna() | rows["doubtful"]).sum())
    found = {"n": np.full(len(at), len(rows)), "n_missing": np.full(len(at), missing)}
    time = seen["time"].to_numpy(float)
    found["n_risk"] = np.array([(time >= day).sum() for day in at])
    whole = asked.option("at") is not None
    for name, cause in (("n_event", "it"), ("n_competing", "rival"), ("n_censor", "")):
        mine = time[seen["cause"].eq(cause).to_numpy()]
        found[name] = np.array([((mine <= d) if whole else (mine == d)).sum() for d in at])
        if not whole:
            found[name][0] = 0
    if not whole and len(time):
        found["n_risk"][0] = len(time)
    return found


def incidence(asked: Asked) -> dict[str, Any]:
    """Return the Aalen-Johansen estimate of the first episode, with its error."""
    seen = first_times(asked).dropna(subset="time")
    at = asked.rows["time"].to_numpy(float)
    found = aalen_johansen(seen["time"], seen["cause"], "it", at)
    if asked.option("at") is not None and len(seen) and not seen["cause"].ne("").all():
        beyond = at > seen["time"].max()
        found = {name: np.where(beyond, np.nan, values) for name, values in found.items()}
    return found


def incidence_limits(asked: Asked) -> dict[str, Any]:
    """Return log-log limits where they are asked for and the estimate has an error."""
    from scipy.stats import norm

    if asked.option("conf_type") != "log-log":
        return {}
    if first_times(asked)["doubtful"].any():
        # The upper limit is that of all that may have happened.
        return {}
    found = incidence(asked)
    return log_log(found["estimate"], found["std_error"], norm.ppf(0.5 + asked.level / 2))


def at_the_ends(asked: Asked, column: str, ours: float, theirs: float, place: int) -> str:
    """Return why errors and limits differ: at the beginning, or once nobody is left."""
    if column.startswith("conf_") and np.isnan(theirs) and asked.rows["estimate"].iloc[place] == 0:
        return "beta product at zero"
    seen = first_times(asked).dropna(subset="time")
    return emptied(seen["time"], seen["cause"], asked.rows["time"].iloc[place], theirs)


def joined(asked: Asked, terms: list[str]) -> pd.DataFrame:
    """Return episodes, the overlapping records of a subject, term and system as one."""
    rows = episodes(asked, terms, _least(asked))
    system = rows["system"] if "system" in rows else pd.Series(None, rows.index, dtype=object)
    if "resolution_day" not in rows:
        rows["resolution_day"] = np.nan
    gap = float(asked.option("gap", 0.0))
    found: list[dict[str, Any]] = []
    for key, part in rows.groupby(
        [rows["subject_id"], rows["term"], system.astype(object).fillna("")], sort=True
    ):
        current: dict[str, Any] | None = None
        for row in part.sort_values("onset_day", kind="stable").itertuples():
            end = np.inf if pd.isna(row.resolution_day) else row.resolution_day
            level = row.proven
            if current and row.onset_day <= current["end"] + gap:
                current["end"] = max(current["end"], end)
                current["level"] = max(current["level"], level)
                current["bad"] = current["bad"] or row.bad
                continue
            current = {
                "subject_id": key[0], "term": key[1], "onset": row.onset_day, "end": end,
                "level": level, "bad": row.bad,
            }  # fmt: skip
            found.append(current)
            if pd.isna(row.onset_day):
                current = None
    columns = ["subject_id", "term", "onset", "end", "level", "bad"]
    made = pd.DataFrame(found, columns=columns)
    return made[made["bad"].astype(bool)]


def mean_counts(asked: Asked) -> dict[str, Any]:
    """Return the mean number of episodes: those at each day times the survival until it."""
    subjects = asked.subjects.set_index("subject_id")
    rows = joined(asked, list(asked.option("terms")))
    n = len(subjects)
    at = asked.rows["time"].to_numpy(float)
    found: dict[str, Any] = {"n": n}
    found["n_missing"] = rows.loc[rows["onset"].isna(), "subject_id"].nunique()
    if not n:
        return {**found, "estimate": np.nan}
    end = followed_to(subjects).clip(lower=0.0)
    dead = _died(subjects)
    dated = rows[rows["onset"] >= 0]
    inside = dated["onset"] <= dated["subject_id"].map(end)
    onset = dated.loc[inside, "onset"].to_numpy(float)
    survival = lifelines_curve(end, dead, 0.95).survival_function_.iloc[:, 0]
    days, count = np.unique(onset, return_counts=True)
    risk = np.array([(end >= day).sum() for day in days])
    alive = step(survival.index, survival, days - 1e-6, 1.0)
    steps = np.cumsum(alive * count / risk) if len(days) else np.empty(0)
    found["estimate"] = step(days, steps, at, 0.0)
    found["n_risk"] = np.array([(end >= day).sum() for day in at])
    found["n_event"] = np.array([(onset == day).sum() for day in at])
    found["n_censor"] = np.array([(end[~dead] == day).sum() for day in at])
    found["n_risk"][0] = n
    for name in ("n_event", "n_censor"):
        found[name][0] = 0
    found["estimate"][0] = 0.0
    return found


def chosen_episodes(asked: Asked, term: str) -> pd.DataFrame:
    """Return the first, the worst or every episode of each subject."""
    chosen = joined(asked, [term]).sort_values(["subject_id", "onset"], kind="stable")
    which = asked.option("episode")
    if which == "worst":
        chosen = chosen.sort_values("level", ascending=False, kind="stable")
    return chosen if which == "all" else chosen.drop_duplicates("subject_id")


def durations(asked: Asked, chosen: pd.DataFrame) -> pd.DataFrame:
    """Return how long episodes last and whether they have ended; NaN without an onset."""
    ended = np.isfinite(chosen["end"].astype(float))
    follow = chosen["subject_id"].map(followed_to(asked.subjects.set_index("subject_id")))
    last = chosen["end"].astype(float).where(ended, follow)
    time = (last - chosen["onset"].astype(float) + 1).astype(float)
    return pd.DataFrame({"time": time, "last": last, "event": ended})


def timing(asked: Asked) -> dict[str, Any]:
    """Return the medians of onset, duration and resolution with what a library has of limits."""
    found = []
    for row in asked.rows.itertuples():
        chosen = chosen_episodes(asked, row.term)
        seen = chosen[chosen["onset"].notna()]
        one: dict[str, Any] = {"n": len(chosen), "n_missing": len(chosen) - len(seen)}
        if row.measure == "onset":
            one |= {"n_event": len(seen), "n_censor": 0} | sample(seen["onset"], asked.level)
        else:
            lasted = durations(asked, seen)
            ended = lasted["event"]
            one |= {"n_event": int(ended.sum()), "n_censor": int((~ended).sum())}
            time = lasted["time"] if row.measure == "duration" else lasted["last"]
            one |= _from_a_curve(time.astype(float), ended)
        found.append(one)
    columns = dict.fromkeys(name for one in found for name in one)
    return {name: [one.get(name) for one in found] for name in columns}


def _from_a_curve(time: pd.Series, ended: pd.Series) -> dict[str, float]:
    from statsmodels.duration.survfunc import SurvfuncRight

    names = {"q1": 0.25, "estimate": 0.5, "q3": 0.75}
    if not len(time):
        return dict.fromkeys([*names, "minimum", "maximum"], np.nan)
    found = {"minimum": time.min(), "maximum": time.max()}
    if not ended.any():
        return found | dict.fromkeys(names, np.nan)
    fit = SurvfuncRight(time.to_numpy(), ended.to_numpy().astype(int))
    for name, p in names.items():
        value = float(fit.quantile(p))
        found[name] = value if np.isfinite(value) else np.nan
        # Where the curve is level at exactly 1 - p it is the middle of the plateau, R's rule.
        level = np.flatnonzero(np.abs(fit.surv_prob - (1 - p)) < 1e-9)
        if len(level):
            place = level[0]
            later = fit.surv_times[place + 1 :]
            end = later[0] if len(later) else time.max()
            found[name] = (float(fit.surv_times[place]) + float(end)) / 2
    return found


def sample(values: pd.Series, level: float) -> dict[str, float]:
    """Return the median, quartiles and range of a sample, and scipy's limits of the median."""
    from scipy.stats import quantile_test

    values = values.dropna().astype(float)
    names = ("estimate", "conf_low", "conf_high", "q1", "q3", "minimum", "maximum")
    if values.empty:
        return dict.fromkeys(names, np.nan)
    limits = quantile_test(values.to_numpy(), q=0, p=0.5).confidence_interval(level)
    few = np.isnan(limits.low) or np.isnan(limits.high)
    told = [values.median(), *(2 * [np.nan] if few else limits), *values.quantile([0.25, 0.75])]
    return dict(zip(names, map(float, [*told, values.min(), values.max()]), strict=True))
