"""How long toxicities last, when responses begin, and four estimators of one probability."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.asking import Asked, NotToldError, share
from carstats.crosschecking.families.clocks import chosen_episodes, durations, first_times
from carstats.crosschecking.families.competing import aalen_johansen, emptied, log_log
from carstats.crosschecking.families.curves import lifelines_curve, statsmodels_curve
from carstats.crosschecking.families.proportions import binomial_limits
from carstats.crosschecking.families.rates import exact_limits
from carstats.crosschecking.families.visits import asked_of, counted, judged
from carstats.crosschecking.times import step, steps_and_counts


def _lasting(asked: Asked) -> pd.DataFrame:
    return durations(asked, chosen_episodes(asked, asked.option("terms")[0]))


def duration_counts(asked: Asked) -> dict[str, Any]:
    """Count the episodes that go on, end and are left at each duration."""
    rows = _lasting(asked)
    found = steps_and_counts(asked, rows, rows["event"], ~rows["event"])
    if not rows["time"].notna().any():
        found |= dict.fromkeys(("n_risk", "n_event", "n_censor"), 0)
    return found


def duration_curve(asked: Asked) -> dict[str, Any]:
    """Return lifelines' curve of the durations, with log-log limits if asked for."""
    seen = _lasting(asked).dropna(subset="time")
    if seen.empty:
        return {"estimate": np.nan}
    at = asked.rows["time"].to_numpy(float)
    fit = lifelines_curve(seen["time"], seen["event"], asked.level)
    curve = fit.survival_function_.iloc[:, 0]
    found = {"estimate": step(curve.index, curve, at, 1.0)}
    found["estimate"][0] = 1.0
    if asked.option("conf_type") == "log-log":
        limits = fit.confidence_interval_
        for i, name in enumerate(("conf_low", "conf_high")):
            found[name] = step(limits.index, limits.iloc[:, i], at, 1.0)
            found[name][0] = np.nan
    return found


def duration_errors(asked: Asked) -> dict[str, Any]:
    """Return Greenwood's errors of the durations by statsmodels."""
    seen = _lasting(asked).dropna(subset="time")
    if seen.empty:
        return {"std_error": np.nan}
    fit = statsmodels_curve(seen, seen["event"])
    found = step(fit.surv_times, fit.surv_prob_se, asked.rows["time"].to_numpy(float), 0.0)
    found[0] = 0.0
    return {"std_error": found}


def _responding(asked: Asked) -> pd.DataFrame:
    """Return each subject's first response, or a death or re-infusion, or the last assessment."""
    subjects = counted(asked)
    subjects = subjects[asked_of(asked, subjects, [asked.endpoint])].set_index("subject_id")
    rows = judged(asked, asked.endpoint)
    rows = rows[rows["day"] > 0]
    first = rows[rows["response"].astype(bool)].groupby("subject_id")["day"].min()
    first = first.reindex(subjects.index).astype(float)
    last = rows.groupby("subject_id")["day"].max().reindex(subjects.index).astype(float)
    rival = pd.Series(np.inf, subjects.index)
    if "death_day" in subjects:
        rival = subjects["death_day"].astype(float).fillna(np.inf)
    again = asked.study.infusions
    if again is not None and "planned" in again:
        planned = again["planned"].map(lambda v: True if pd.isna(v) else bool(v))
        later = again[~planned & (again["day"] > 0)].groupby("subject_id")["day"].min()
        rival = np.minimum(rival, later.reindex(subjects.index).fillna(np.inf).astype(float))
    met = first <= rival
    gone = ~met & np.isfinite(rival)
    time = first.where(met, rival.where(gone, last.fillna(0.0)))
    cause = np.where(met, "it", np.where(gone, "rival", ""))
    never = last.isna() & ~gone
    return pd.DataFrame({"time": time, "cause": cause, "never": never}, index=subjects.index)


def _recovering(asked: Asked) -> pd.DataFrame:
    """Return each subject's recovery as the events table has it."""
    events = asked.study.events
    name = asked.option("endpoint")
    if events is None or not events["endpoint"].eq(name).any():
        # It was derived by the clinical rules, which are not worked out a second time.
        raise NotToldError(name)
    mine = events[events["endpoint"].eq(name) & events["status"].notna()].set_index("subject_id")
    ids = pd.Index(asked.subjects["subject_id"])
    names = {"event": "it", "competing": "rival", "censored": ""}
    time, cause = mine["time"].reindex(ids).astype(float), mine["status"].map(names).reindex(ids)
    return pd.DataFrame({"time": time, "cause": cause, "never": time.isna()}, index=ids)


def recovery_counts(asked: Asked) -> dict[str, Any]:
    """Count who is at risk, recovers, competes and is censored at each time."""
    return {} if asked.option("at") is not None else counted_at(asked, _recovering(asked))


def recovery_incidence(asked: Asked) -> dict[str, Any]:
    """Return the Aalen-Johansen estimate of the recovery, with log-log limits."""
    return {} if asked.option("at") is not None else incidence_at(asked, _recovering(asked))


def response_counts(asked: Asked) -> dict[str, Any]:
    """Count who is at risk, responds, competes and is censored at each time."""
    found = counted_at(asked, _responding(asked))
    # The first row counts everybody, those who were never assessed too.
    found["n_risk"][0] = found["n"][0]
    return found


def counted_at(asked: Asked, rows: pd.DataFrame) -> dict[str, Any]:
    """Count who is at risk and what happens at each time of a curve."""
    at = asked.rows["time"].to_numpy(float)
    time = rows["time"].to_numpy(float)
    found = {
        "n": np.full(len(at), len(rows)), "n_missing": np.full(len(at), int(rows["never"].sum())),
        "n_risk": np.array([(time >= day).sum() for day in at]),
    }  # fmt: skip
    for name, cause in (("n_event", "it"), ("n_competing", "rival"), ("n_censor", "")):
        mine = time[rows["cause"].eq(cause).to_numpy()]
        found[name] = np.array([(mine == day).sum() for day in at])
        found[name][0] = 0
    found["n_risk"][0] = rows["time"].notna().sum()
    return found


def response_incidence(asked: Asked) -> dict[str, Any]:
    """Return the Aalen-Johansen estimate of the first response, with log-log limits."""
    return incidence_at(asked, _responding(asked))


def incidence_at(asked: Asked, rows: pd.DataFrame) -> dict[str, Any]:
    """Return the Aalen-Johansen estimate at the times of a curve, with log-log limits."""
    from scipy.stats import norm

    rows = rows.dropna(subset="time")
    at = asked.rows["time"].to_numpy(float)
    found = aalen_johansen(rows["time"], rows["cause"], "it", at)
    if len(rows):
        for values in found.values():
            values[0] = 0.0
    if asked.option("conf_type") == "log-log":
        z = norm.ppf(0.5 + asked.level / 2)
        found |= log_log(found["estimate"], found["std_error"], z)
    return found


def at_the_ends(asked: Asked, column: str, ours: float, theirs: float, place: int) -> str:
    """Return why errors and limits differ: at the beginning, or once nobody is left."""
    if column.startswith("conf_") and np.isnan(theirs) and asked.rows["estimate"].iloc[place] == 0:
        return "beta product at zero"
    response = asked.spec.analysis == "time_to_response"
    rows = (_responding if response else _recovering)(asked).dropna(subset="time")
    return emptied(rows["time"], rows["cause"], asked.rows["time"].iloc[place], theirs)


def four_estimators(asked: Asked) -> dict[str, Any]:
    """Return a proportion, a density, one minus Kaplan-Meier and Aalen-Johansen by a day."""
    rows = first_times(asked)
    if rows["doubtful"].any():
        raise NotToldError("the grades that are not known")
    seen = rows.dropna(subset="time")
    found: list[dict[str, Any]] = []
    for row in asked.rows.itertuples():
        day = float(row.time)
        by_then = seen["time"] <= day
        k, n = int((by_then & seen["cause"].eq("it")).sum()), len(seen)
        one: dict[str, Any] = {
            "n": len(rows), "n_missing": len(rows) - n, "n_event": k,
            "n_competing": int((by_then & seen["cause"].eq("rival")).sum()),
            "n_censor": int(((seen["time"] < day) & seen["cause"].eq("")).sum()),
        }  # fmt: skip
        name = str(row.estimator)
        ended = len(seen) and day > seen["time"].max() and not seen["cause"].ne("").all()
        if name == "incidence proportion":
            limits = binomial_limits(k, n, "Clopper-Pearson", asked.level) or (np.nan, np.nan)
            one |= {"estimate": share(k, n), "conf_low": limits[0], "conf_high": limits[1]}
        elif name == "incidence density":
            exposure = float(seen["time"].clip(upper=day).sum())
            rates = share(k, exposure), *exact_limits(k, exposure, asked.level)
            told = [1 - np.exp(-rate * day) for rate in rates]
            one |= dict(zip(("estimate", "conf_low", "conf_high"), told, strict=True))
        elif ended or not len(seen):
            one["estimate"] = np.nan
        elif name.startswith("one minus"):
            curve = lifelines_curve(seen["time"], seen["cause"].eq("it"), 0.95)
            curve = curve.survival_function_.iloc[:, 0]
            one["estimate"] = 1 - float(step(curve.index, curve, np.array([day]), 1.0)[0])
        else:
            told = aalen_johansen(seen["time"], seen["cause"], "it", np.array([day]))
            one["estimate"] = float(told["estimate"][0])
        found.append(one)
    columns = dict.fromkeys(c for one in found for c in one)
    return {c: [one.get(c) for one in found] for c in columns}
