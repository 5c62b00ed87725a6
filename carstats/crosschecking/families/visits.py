"""Responses at visits and changes of scores, counted anew from the tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.applying import applies, window_of
from carstats.crosschecking.asking import Asked, NotToldError, share
from carstats.crosschecking.families.comparing import adjusted, group_names
from carstats.crosschecking.families.proportions import with_limits


def at_visit(rows: pd.DataFrame, day: float, low: float, high: float, value: str) -> pd.Series:
    """Return each subject's value on the day nearest to a visit, of two the later."""
    # A whole last day counts to its end.
    inside = rows[(rows["day"] >= low) & (rows["day"] // 1 <= high)]
    # The distance counts first; a later day is a little nearer.
    away = (inside["day"] - day).abs() - 1e-6 * inside["day"]
    nearest = inside.loc[away.groupby(inside["subject_id"]).idxmin()]
    return nearest.set_index("subject_id")[value].astype(float)


def judged(asked: Asked, endpoint: str) -> pd.DataFrame:
    """Return the assessments of a response endpoint that can be judged."""
    rows = asked.table("responses").dropna(subset="response")
    rows = rows[rows["endpoint"].eq(endpoint)]
    if "evaluable" in rows:
        rows = rows[rows["evaluable"].map(lambda v: True if pd.isna(v) else bool(v))]
    return rows


def counted(asked: Asked) -> pd.DataFrame:
    """Return the subjects of the population: those infused, unless everybody is asked for."""
    subjects = asked.subjects
    if "infused" not in subjects or asked.option("population") == "intention to treat":
        return subjects
    return subjects[subjects["infused"].map(lambda v: False if pd.isna(v) else bool(v))]


def asked_of(asked: Asked, subjects: pd.DataFrame, endpoints: list[str]) -> pd.Series:
    """Return to which subjects one of the endpoints applies."""
    meant: set[str] = set()
    for name in endpoints:
        told = applies(asked.study, name)
        if told is None:
            raise NotToldError(name)
        meant |= set(asked.study.subjects.loc[told, "subject_id"])
    return subjects["subject_id"].isin(meant)


def _answers(asked: Asked, endpoint: str) -> pd.Series:
    rows = judged(asked, endpoint)
    if asked.spec.analysis == "best_response_rate":
        until = float(asked.option("until"))
        return rows.query("0 < day <= @until").groupby("subject_id")["response"].max()
    day = float(asked.option("at"))
    low, high = window_of(day, asked.study)
    if not asked.defaults:
        low, high = asked.option("window", (low, high))
    first = at_visit(rows, day, low, high, "response")
    if asked.spec.analysis != "sustained_response_rate":
        return first
    until = float(asked.option("until"))
    low, high = window_of(until, asked.study)
    last = at_visit(rows, until, low, high, "response")
    inner = rows.query("day >= @start and day <= @low", local_dict={
        "start": window_of(day, asked.study)[1], "low": low})  # fmt: skip
    worst = inner.groupby("subject_id")["response"].min().astype(float)
    both = pd.DataFrame({"first": first, "between": worst, "last": last})
    failed = both.eq(0).any(axis=1)
    held = both["first"].eq(1) & both["last"].eq(1) & ~failed
    return held[failed | held].astype(float)


def answered(asked: Asked) -> pd.DataFrame:
    """Return who is counted of an endpoint that applies, each with the answer at the visit."""
    key = ("answered", asked.spec.analysis, repr(sorted(asked.spec.options.items())))
    return asked.once(key, asked.subjects, lambda: _answered(asked))


def _answered(asked: Asked) -> pd.DataFrame:
    subjects = counted(asked)
    subjects = subjects[asked_of(asked, subjects, [asked.endpoint])]
    answer = _answers(asked, asked.endpoint).reindex(subjects["subject_id"])
    return subjects.assign(_answer=answer.to_numpy(float))


def rates(asked: Asked) -> dict[str, Any]:
    """Return the response rates of a stratum's rows, which differ by endpoint and case."""
    everyone = counted(asked)
    found = []
    for row in asked.rows.itertuples():
        endpoint = getattr(row, "endpoint", asked.option("endpoint"))
        subjects = everyone[asked_of(asked, everyone, [endpoint])]
        answer = _answers(asked, endpoint).reindex(subjects["subject_id"])
        seen, met = int(answer.notna().sum()), int((answer == 1).sum())
        lacking = len(subjects) - seen
        excluded = asked.option("missing") == "excluded"
        k = met + (lacking if getattr(row, "case", "") == "best" else 0)
        one = with_limits(
            k, seen if excluded else len(subjects), asked.option("method"), asked.level
        )
        one |= {"n_missing": lacking, "n_evaluable": seen, "estimate_evaluable": share(met, seen)}
        one["n_not_applicable"] = len(everyone) - len(subjects)
        found.append(one)
    return dict(pd.DataFrame(found))


def basket(asked: Asked) -> dict[str, Any]:
    """Return the counts and raw rates of a basket; its model has no second program."""
    rows = answered(asked)
    seen, met = int(rows["_answer"].notna().sum()), int(rows["_answer"].eq(1).sum())
    n = seen if asked.option("missing") == "excluded" else len(rows)
    one = with_limits(met, n, "Clopper-Pearson", asked.level)
    found = {
        "n": n,
        "n_missing": len(rows) - seen,
        "n_event": met,
        "raw_estimate": one["estimate"],
        "raw_low": one["conf_low"],
        "raw_high": one["conf_high"],
    }
    if "left_out" in asked.rows:
        # A basket that is left out brings nobody to the model; its own rate stands beside.
        mine = group_names(asked, asked.subjects, list(asked.key)).iloc[:1].tolist()
        own = [[str(name)] == mine for name in asked.rows["left_out"]]
        for name in ("n", "n_missing", "n_event"):
            found[name] = [0 if left else found[name] for left in own]
    return found


def categories(asked: Asked) -> dict[str, Any]:
    """Count subjects by the best endpoint met at each visit, each subject once."""
    subjects = counted(asked)
    endpoints = list(asked.option("endpoints"))
    subjects = subjects[asked_of(asked, subjects, endpoints)]
    counts = []
    for day in asked.rows["time"].unique():
        low, high = window_of(float(day), asked.study)
        ids = subjects["subject_id"]
        answers = [
            ids.map(at_visit(judged(asked, name), day, low, high, "response")) for name in endpoints
        ]
        died = _before(subjects, "death_day", low)
        early = _before(subjects, "cutoff_day", low) & ~died
        best = pd.Series("missing", subjects.index, dtype=object)
        best = best.where(_in_plan(asked, subjects, endpoints, day), "not planned")
        best = best.mask(early, "not due").mask(died, "died")
        told = pd.concat(answers, axis=1).notna().any(axis=1)
        best = best.mask(told, "no response")
        best = best.mask(told & _met_before(asked, ids, endpoints, day, low, high), "response lost")
        for name, answer in zip(reversed(endpoints), reversed(answers), strict=True):
            best = best.mask(answer.eq(1), name)
        mine = asked.rows[asked.rows["time"] == day]
        counts += [int((best == category).sum()) for category in mine["category"]]
    n = len(subjects)
    return {"n": n, "n_event": counts, "estimate": [share(k, n) for k in counts]}


def _in_plan(asked: Asked, subjects: pd.DataFrame, endpoints: list[str], day: float) -> pd.Series:
    """Return who belongs to a study that has the visit, by its settings or by what was done."""
    weeks = asked.study.settings.get("schedule", {}).get("weeks", [])
    if float(day) in [7.0 * week for week in weeks]:
        return pd.Series(True, subjects.index)
    low, high = window_of(float(day), asked.study)
    rows = asked.study.responses
    rows = rows[
        rows["endpoint"].isin(endpoints) & rows["day"].ge(low) & (rows["day"] // 1).le(high)
    ]
    everyone = asked.study.subjects
    if "study_id" not in subjects or subjects["study_id"].isna().any():
        return pd.Series(len(rows) > 0, subjects.index)
    studies = everyone.set_index("subject_id")["study_id"].reindex(rows["subject_id"].unique())
    return subjects["study_id"].isin(set(studies))


def _met_before(
    asked: Asked, ids: pd.Series, endpoints: list[str], day: float, low: float, high: float
) -> pd.Series:
    """Return who met an endpoint before the assessment that counts for a visit."""
    rows = pd.concat([judged(asked, name) for name in endpoints])
    first = rows.query("response == 1 and day > 0").groupby("subject_id")["day"].min()
    counted_on = pd.concat(
        [at_visit(judged(asked, n).assign(on=lambda t: t["day"]), day, low, high, "on")
         for n in endpoints]
    ).groupby(level=0).max()  # fmt: skip
    return ids.map(first).lt(ids.map(counted_on))


def _before(subjects: pd.DataFrame, column: str, day: float) -> pd.Series:
    if column not in subjects:
        return pd.Series(False, subjects.index)
    return subjects[column].astype(float).lt(day)


def _with_measure(asked: Asked) -> pd.DataFrame:
    """Return who is counted of the diseases in which the measure was taken."""
    subjects = counted(asked)
    rows = asked.study.assessments.dropna(subset="value")
    rows = rows[rows["measure"].eq(asked.option("measure"))]
    diseases = asked.study.subjects.merge(rows[["subject_id"]].drop_duplicates())["disease"]
    return subjects[subjects["disease"].isin(set(diseases))]


def _measured(asked: Asked, subjects: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return the values of the measure after the infusion, and each subject's baseline."""
    rows = asked.table("assessments")
    rows = rows[rows["measure"].eq(asked.option("measure"))]
    above = asked.option("above")
    if above is not None and "lloq" in rows:
        # What is below quantification is negative where that limit is.
        zero = rows["value"].isna() & (rows["lloq"] <= above)
        rows = rows.assign(value=rows["value"].where(~zero, 0.0))
    rows = rows.dropna(subset="value")
    if "adequate" in rows:
        rows = rows[rows["adequate"].map(lambda v: True if pd.isna(v) else bool(v))]
    start = pd.Series(np.nan, subjects["subject_id"])
    if "lymphodepletion_day" in subjects:
        start = subjects.set_index("subject_id")["lymphodepletion_day"].astype(float)
    begins = rows["subject_id"].map(start)
    early = rows[(rows["day"] < begins) | (begins.isna() & (rows["day"] <= 0))]
    latest = rows[rows["day"] <= 0]
    values = [
        part.loc[part.groupby("subject_id")["day"].idxmax()].set_index("subject_id")["value"]
        for part in (early, latest)
    ]
    base = values[0].combine_first(values[1]).astype(float).reindex(subjects["subject_id"])
    return rows[rows["day"] > 0], base


def _changes(asked: Asked) -> tuple[pd.DataFrame, pd.Series]:
    """Return each subject's change from baseline at the visits, and the baselines."""
    after, base = _measured(asked, _with_measure(asked))
    visits = {
        float(day): at_visit(after, day, *window_of(float(day), asked.study), "value")
        for day in dict.fromkeys(asked.rows["time"])
    }
    return pd.DataFrame({day: v.reindex(base.index) - base for day, v in visits.items()}), base


def seroconversions(asked: Asked) -> dict[str, Any]:
    """Return how many of those above a threshold before are at or below it at a visit."""
    subjects = counted(asked)
    after, base = _measured(asked, subjects)
    above, day = float(asked.option("above")), float(asked.option("at"))
    value = at_visit(after, day, *asked.option("window"), "value")
    positive = base.index[base > above]
    told = value.reindex(positive)
    seen, met = int(told.notna().sum()), int((told <= above).sum())
    found = []
    for row in asked.rows.itertuples():
        lacking = len(positive) - seen
        excluded = asked.option("missing") == "excluded"
        k = met + (lacking if getattr(row, "case", "") == "best" else 0)
        n = seen if excluded else len(positive)
        one = with_limits(k, n, asked.option("method"), asked.level)
        one |= {"n_missing": lacking, "n_evaluable": seen, "estimate_evaluable": share(met, seen)}
        one |= {"n_negative": int((base <= above).sum()), "n_no_baseline": int(base.isna().sum())}
        found.append(one)
    return dict(pd.DataFrame(found))


def panel(asked: Asked) -> dict[str, Any]:
    """Return the seroconversions of one antibody of several."""
    from dataclasses import replace

    measure = str(asked.key["measure"])
    options = {**asked.spec.options, "measure": measure, "above": asked.option("above")[measure]}
    return seroconversions(replace(asked, spec=replace(asked.spec, options=options)))


def titres(asked: Asked) -> dict[str, Any]:
    """Return scipy's mean change of log2 titres with t limits, where all are quantified."""
    from dataclasses import replace

    from scipy.stats import ttest_1samp

    measure = str(asked.key["measure"])
    rows = asked.table("assessments")
    rows = rows[rows["measure"].eq(measure)]
    if ("lloq" in rows and rows["lloq"].notna().any()) or (rows["value"] <= 0).any():
        return {}
    options = {**asked.spec.options, "measure": measure}
    asked = replace(asked, spec=replace(asked.spec, options=options))
    subjects = counted(asked)
    rows = rows[rows["value"].notna() & rows["subject_id"].isin(subjects["subject_id"])]
    before = rows[rows["day"] <= 0].sort_values("day")
    base = before.groupby("subject_id")["value"].last()
    value = at_visit(rows[rows["day"] > 0], float(asked.option("at")), *asked.option("window"),
                     "value")  # fmt: skip
    change = np.log2(value.reindex(base.index) / base).dropna()
    n = len(base)
    one: dict[str, Any] = {"n": n, "n_missing": n - len(change), "n_event": len(change)}
    one |= {"n_below": 0, "n_no_baseline": len(subjects) - n}
    if len(change) > 1:
        limits = ttest_1samp(change, 0).confidence_interval(asked.level)
        one |= {"estimate": change.mean(), "conf_low": limits.low, "conf_high": limits.high}
    return one


def difference_counts(asked: Asked) -> dict[str, Any]:
    """Count who of two strata has a change at each visit, and who has not."""
    from dataclasses import replace

    column = asked.spec.by[0]
    whole = list(asked.option("covariates", []))
    found = {}
    for end, level in (("", asked.key[column]), ("_reference", asked.option("reference"))):
        mine = asked.everyone[asked.everyone[column].astype(str) == str(level)]
        changes, _ = _changes(replace(asked, subjects=mine))
        if whole:
            there = mine.set_index("subject_id")[whole].notna().all(axis=1)
            changes = changes.where(there.reindex(changes.index))
        found[f"n{end}"] = changes.notna().sum().to_numpy()
        found[f"_{end}"] = len(changes)
    total = found.pop("_") + found.pop("__reference")
    return {**found, "n_missing": total - found["n"] - found["n_reference"]}


def adjusted_tests(asked: Asked) -> dict[str, Any]:
    """Adjust the p-values of all rows."""
    p_values = asked.rows["p_value"].astype(float).tolist()
    return {"p_adjusted": adjusted(p_values, asked.option("adjust", "none"))}


def change_counts(asked: Asked) -> dict[str, Any]:
    """Count subjects, and those without a change at each visit."""
    changes, _ = _changes(asked)
    return {"n": len(changes), "n_missing": changes.isna().sum().to_numpy()}


def mean_changes(asked: Asked) -> dict[str, Any]:
    """Return the means of those seen with t limits; of other models see `mixed_changes`."""
    from statsmodels.stats.weightstats import DescrStatsW

    if asked.option("method") != "observed":
        return {}
    changes, base = _changes(asked)
    found = []
    for day in changes:
        seen = changes[day].dropna()
        row = {"estimate": np.nan, "baseline": base[seen.index].mean() if len(seen) else np.nan}
        row |= dict.fromkeys(("std_error", "df", "conf_low", "conf_high"), np.nan)
        if len(seen):
            row["estimate"] = float(seen.mean())
        if len(seen) > 1:
            told = DescrStatsW(seen)
            row |= {"std_error": float(told.std_mean), "df": len(seen) - 1.0}
            if row["std_error"] > 0:
                limits = told.tconfint_mean(1 - asked.level)
                row |= dict(zip(("conf_low", "conf_high"), map(float, limits), strict=True))
        found.append(row)
    return dict(pd.DataFrame(found))


def mixed_changes(asked: Asked) -> dict[str, Any]:
    """Return the means of statsmodels' mixed model with an intercept for each subject.

    It is the model for repeated measures with compound symmetry, where no two changes of a subject
    correlate negatively. Other covariances and Satterthwaite's degrees of freedom it has not, and
    its errors are those of a numerical Hessian.
    """
    if asked.option("method") != "MMRM" or asked.option("structure") != "compound symmetry":
        return {}
    fit, fitted = _mixed_once(asked)
    means = dict(zip(fitted, fit.fe_params, strict=False))
    # Of so few that carstats refuses the model and says why there is nothing to compare.
    refused = asked.rows["estimate"].isna()
    days = zip(asked.rows["time"], refused, strict=True)
    return {"estimate": [None if no else means.get(float(day), np.nan) for day, no in days]}


def no_correlation(asked: Asked, column: str, ours: float, theirs: float, place: int) -> str:
    """Return why mixed models differ: the intercepts' variance is at its bound, 0."""
    fit, _ = _mixed_once(asked)
    return "negative correlation" if float(fit.cov_re[0, 0]) < 1e-3 * float(fit.scale) else ""


def mixed_differences(asked: Asked) -> dict[str, Any]:
    """Return the differences of statsmodels' mixed model with a mean for each stratum and visit."""
    if asked.option("structure") != "compound symmetry" or asked.option("covariates"):
        return {}
    fit, means = _mixed_difference(asked)
    values = dict(zip(means, fit.fe_params, strict=False))
    reference, column = str(asked.option("reference")), asked.spec.by[0]
    found = [
        values.get((str(level), float(day)), np.nan) - values.get((reference, float(day)), np.nan)
        for level, day in zip(asked.rows[column], asked.rows["time"], strict=True)
    ]
    return {"estimate": found}


def no_correlation_between(
    asked: Asked, column: str, ours: float, theirs: float, place: int
) -> str:
    """Return why mixed models differ: the intercepts' variance is at its bound, 0."""
    fit, _ = _mixed_difference(asked)
    return "negative correlation" if float(fit.cov_re[0, 0]) < 1e-3 * float(fit.scale) else ""


def _mixed_difference(asked: Asked) -> tuple[Any, list[tuple[str, float]]]:
    from statsmodels.regression.mixed_linear_model import MixedLM

    column = asked.spec.by[0]
    changes, base = _changes(asked)
    level = counted(asked).set_index("subject_id")[column].astype(str)
    long = changes.melt(ignore_index=False, var_name="visit", value_name="change")
    long = long[long["change"].notna() & level[long.index].notna().to_numpy()]
    cell = pd.Series(
        list(zip(level[long.index], long["visit"].astype(float), strict=True)), long.index
    )
    kept = cell.map(cell.value_counts()) > 1
    long, cell = long[kept.to_numpy()], cell[kept.to_numpy()]
    means = sorted(set(cell))
    matrix = np.array([[float(one == name) for name in means] for one in cell])
    start = base[long.index] - base[long.index.unique()].mean()
    if start.std() > 0:
        matrix = np.column_stack([matrix, start.to_numpy()])
    model = MixedLM(long["change"].to_numpy(), matrix, groups=long.index)
    return model.fit(reml=True, method=["powell", "lbfgs"], maxiter=500), means


def _mixed_once(asked: Asked) -> tuple[Any, list[float]]:
    key = ("mixed", asked.option("measure"), tuple(asked.rows["time"]))
    return asked.once(key, asked.subjects, lambda: _mixed_model(asked))


def _mixed_model(asked: Asked) -> tuple[Any, list[float]]:
    """Return statsmodels' fit and the visits that it has a mean for."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    changes, base = _changes(asked)
    fitted = [day for day in changes if changes[day].notna().sum() > 1]
    long = changes[fitted].melt(ignore_index=False, var_name="visit", value_name="change").dropna()
    start = base[long.index] - base[long.index.unique()].mean()
    matrix = pd.get_dummies(long["visit"]).reindex(columns=fitted).astype(float)
    if start.std() > 0:
        matrix["start"] = start.to_numpy()
    model = MixedLM(long["change"].to_numpy(), matrix.to_numpy(), groups=long.index)
    return model.fit(reml=True, method=["powell", "lbfgs"], maxiter=500), fitted
