"""What a pooled rate rests on: one cohort, one basis, one denominator, one endpoint."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from carstats.data.published import COMPANY_RELEASE
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number
from carstats.evidence.pooled import CONF_TYPES, MODELS, pool
from carstats.evidence.table import Counts, one_class, select_counts
from carstats.evidence.words import in_trials
from carstats.messages import joined_notes, mark, message
from carstats.result import Result, Spec
from carstats.wording import level_text

_SWAPPED = {"remission": "response", "response": "remission"}
# Code compares the choices, so they are translated when printed.
_MAIN = mark("main analysis")
_ABSTRACT = mark("counts that stand in an abstract only")
_NO_RELEASE = mark("without counts of a company release alone")
_ABSTRACTS = ("abstract", "congress abstract")
_NARROW = mark("narrowest denominator reported")
_TREATED = mark("all treated, missing = failure")
_OTHER = {
    "response": mark("response where a trial reports both at one visit"),
    "remission": mark("remission where a trial reports both at one visit"),
}
_MODELS = {
    "binomial-normal": mark("binomial-normal"),
    "beta-binomial": mark("beta-binomial"),
    "Bayesian": mark("Bayesian"),
}


def leave_one_out(
    table: pd.DataFrame,
    outcome: str,
    *,
    endpoint_class: str | None = None,
    near_weeks: float = 24,
    denominator: str = "reported",
    basis: str | Iterable[str] | None = None,
    reports: Iterable[str] | None = None,
    model: str = "binomial-normal",
    conf_type: str = "profile",
    tau_scale: float = 1.0,
    conf_level: float = 0.95,
) -> Result:
    """Estimate the pooled rate again without each cohort in turn.

    A cohort may hold several trials, such as one product in three diseases; they go together.

    Parameters
    ----------
    table : pandas.DataFrame
        Made by `published_trials`, or of the same shape.
    outcome : str
        An outcome of the table.
    endpoint_class : str, optional
        Which class of endpoints counts; needed where the trials report several.
    near_weeks : float
        The visit preferred where a trial reports several, weeks from the infusion.
    denominator : {"reported", "treated", "narrowest"}
        Which denominator, as for `trial_rate`.
    basis : str or list of str, optional
        Which bases of a count are enough; by default all.
    reports : list of str, optional
        The reports to use, instead of those that ``synthesis`` marks.
    model : {"binomial-normal", "beta-binomial", "Bayesian"}
        How the trials are pooled, as for `pooled_rate`.
    conf_type : {"profile", "Wald"}
        Limits of the binomial-normal model.
    tau_scale : float
        Scale of the half-normal prior of the Bayesian model, on log odds.
    conf_level : float
        Level of the limits and of the prediction interval.

    Returns
    -------
    Result
        First all trials (``left_out`` is ``"none"``), then a row per cohort: ``left_out``,
        ``trials`` (those it held), and the columns of `pooled_rate`.

    Raises
    ------
    CarstatsError
        As for `pooled_rate`.

    Examples
    --------
    >>> lupus_trials = trials[trials["disease"] == "SLE"]
    >>> cs.leave_one_out(lupus_trials, "CRS any")
    """
    settings = _checked(model, conf_type, tau_scale, conf_level)
    options: dict[str, Any] = {
        "endpoint_class": endpoint_class,
        "near_weeks": near_weeks,
        "denominator": denominator,
        "basis": basis,
        "reports": reports,
    }
    counts = select_counts(table, outcome, **options)
    one_class(counts)
    rows = [{"left_out": "none", "trials": "", **_row(counts.rows, settings)}]
    for cohort in counts.rows["cohort"].drop_duplicates():
        gone = counts.rows["cohort"] == cohort
        names = message(", ").join(
            dict.fromkeys(_named(row) for _, row in counts.rows[gone].iterrows())
        )
        rows.append({"left_out": cohort, "trials": names, **_row(counts.rows[~gone], settings)})
    how = message("one cohort left out in turn")
    spec = _spec("leave_one_out", counts, outcome, options, settings, how)
    return Result(pd.DataFrame(rows), spec)


def pooled_sensitivity(
    table: pd.DataFrame,
    outcome: str,
    *,
    endpoint_class: str | None = None,
    near_weeks: float = 24,
    model: str = "binomial-normal",
    conf_type: str = "profile",
    tau_scale: float = 1.0,
    conf_level: float = 0.95,
) -> Result:
    """Estimate the pooled rate again under other choices of what is counted.

    Parameters
    ----------
    table : pandas.DataFrame
        Made by `published_trials`, or of the same shape.
    outcome : str
        An outcome of the table.
    endpoint_class : str, optional
        Which class of endpoints counts; needed where the trials report several.
    near_weeks : float
        The visit preferred where a trial reports several, weeks from the infusion.
    model : {"binomial-normal", "beta-binomial", "Bayesian"}
        How the trials are pooled, as for `pooled_rate`.
    conf_type : {"profile", "Wald"}
        Limits of the binomial-normal model.
    tau_scale : float
        Scale of the half-normal prior of the Bayesian model, on log odds.
    conf_level : float
        Level of the limits and of the prediction interval.

    Returns
    -------
    Result
        One row per choice: ``choice`` (main analysis; counts that stand in an abstract only;
        without the counts of a company release alone; the narrowest denominator; all treated
        subjects, missing = failure; and, where trials report remission and response at one visit,
        the other of the two for these), ``trials`` (those
        whose count differs from the main analysis), and the columns of `pooled_rate`. The row of
        the other endpoint mixes classes on purpose, to show what the choice does.

    Raises
    ------
    CarstatsError
        As for `pooled_rate`.

    Examples
    --------
    >>> lupus_trials = trials[trials["disease"] == "SLE"]
    >>> cs.pooled_sensitivity(lupus_trials, "CRS any")
    """
    settings = _checked(model, conf_type, tau_scale, conf_level)
    asked: dict[str, Any] = {"endpoint_class": endpoint_class, "near_weeks": near_weeks}
    main = select_counts(table, outcome, **asked)
    one_class(main)
    chosen = [(_MAIN, main.rows)]
    bases = set(main.rows["basis"])
    found = [basis for basis in _ABSTRACTS if basis in bases]
    if found:
        abstract = select_counts(table, outcome, **asked, basis=found)
        chosen.append((_ABSTRACT, abstract.rows))
    if COMPANY_RELEASE in bases:
        own = table[table["basis"] != COMPANY_RELEASE]
        chosen.append((_NO_RELEASE, select_counts(own, outcome, **asked).rows))
    narrow = select_counts(table, outcome, **asked, denominator="narrowest")
    chosen.append((_NARROW, narrow.rows))
    treated = select_counts(table, outcome, **asked, denominator="treated")
    chosen.append((_TREATED, treated.rows))
    if endpoint_class in _SWAPPED:
        other = _SWAPPED[endpoint_class]
        swapped = _with_other_endpoint(table, outcome, near_weeks, main.rows, other)
        if swapped is not None:
            chosen.append((_OTHER[other], swapped))
    rows = [
        {"choice": name, "trials": _differing(main.rows, some), **_row(some, settings)}
        for name, some in chosen
    ]
    for row in rows:
        if row["choice"] in _OTHER.values():
            row["note"] = joined_notes(row["note"], message("mixes endpoints on purpose"))
    how = message("one choice changed in turn")
    spec = _spec("pooled_sensitivity", main, outcome, asked, settings, how)
    return Result(pd.DataFrame(rows), spec)


def _checked(model, conf_type, tau_scale, conf_level) -> dict[str, Any]:
    model = check_choice("model", model, MODELS)
    conf_type = check_choice("conf_type", conf_type, CONF_TYPES)
    check_number("tau_scale", tau_scale, low=1e-3)
    check_conf_level(conf_level)
    if model == "beta-binomial" and conf_type == "Wald":
        raise CarstatsError(
            message('`conf_type` is "Wald"; the beta-binomial has profile limits only.')
        )
    return {
        "model": model, "conf_type": conf_type, "tau_scale": tau_scale, "conf_level": conf_level,
    }  # fmt: skip


def _row(rows: pd.DataFrame, settings: dict[str, Any]) -> dict[str, Any]:
    return {"n_trials": len(rows), **pool(rows, **settings)}


def _named(row: pd.Series) -> str:
    """Name a trial with its disease: one report may hold several."""
    disease = row["disease"]
    return message("{trial} ({disease})", trial=row["trial"], disease=message(disease))


def _differing(main: pd.DataFrame, other: pd.DataFrame) -> str:
    """Name the trials that are new, gone or counted otherwise."""
    before, after = (
        {row["study_id"]: (_named(row), row["n_event"], row["n"]) for _, row in rows.iterrows()}
        for rows in (main, other)
    )
    parts = []
    for report in dict.fromkeys([*before, *after]):
        if before.get(report) == after.get(report):
            continue
        old, new = (
            "{1}/{2}".format(*counts[report]) if report in counts else message("not counted")
            for counts in (before, after)
        )
        name = (before.get(report) or after[report])[0]
        parts.append(message("{trial} {before} to {after}", trial=name, before=old, after=new))
    return message("; ").join(parts)


def _with_other_endpoint(table, outcome, near_weeks, main, other) -> pd.DataFrame | None:
    """Return the counts with the other endpoint where both were assessed at one visit."""
    found = select_counts(table, outcome, endpoint_class=other, near_weeks=near_weeks).rows
    found = found.set_index("study_id")
    rows = main.copy()
    changed = False
    for i, row in main.iterrows():
        if row["study_id"] not in found.index:
            continue
        twin = found.loc[row["study_id"]]
        weeks = (row["timepoint_weeks"], twin["timepoint_weeks"])
        # Two visits that are both unnamed are the report's own one; the subjects must be the same.
        same = weeks[0] == weeks[1] or (pd.isna(weeks[0]) and pd.isna(weeks[1]))
        if same and row["n"] == twin["n"]:
            rows.loc[i, ["n_event", "endpoint"]] = [twin["n_event"], twin["endpoint"]]
            changed = True
    rows["n_event"] = rows["n_event"].astype(int)
    return rows if changed else None


def _spec(analysis, counts: Counts, outcome, options, settings, how) -> Spec:
    level, model = settings["conf_level"], settings["model"]
    return Spec(
        analysis,
        endpoint=in_trials(counts.what),
        population=counts.population(),
        method=message(
            "{model} model as for the pooled rate, {how}, {level} % limits",
            model=message(_MODELS[model]), how=how, level=level_text(level),
        ),
        conf_level=level,
        options={"outcome": outcome, **options, **settings},
    )  # fmt: skip
