"""Counting a cohort's subjects, or the rows of a table where the data are, by outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, chosen_columns
from carstats.cohort.strata import check_by
from carstats.counts.checks import check_names
from carstats.counts.counted import Counts
from carstats.counts.data_sets import counts_of_table
from carstats.errors import CarstatsError, check_number, listed, names_given
from carstats.messages import message
from carstats.response.outcomes import checked_window, visit_outcome
from carstats.survival.times import endpoint_times
from carstats.toxicity.episodes import asked, graded, scale_family
from carstats.toxicity.unknown import began_before, uncollected_note, worst_proven


def count_outcomes(
    source: Any,
    endpoints: str | Iterable[str] | Mapping[str, Mapping[str, str]],
    *,
    by: str | Iterable[str] | None = None,
    at: float = 168,
    window: tuple[float, float] | None = None,
    landmarks: Iterable[float] = (),
    grading_scale: str | Mapping[str, str] | None = None,
    table: str | None = None,
    subject: str | None = None,
    label: str = "",
) -> Counts:
    """Count subjects by stratum and outcome: all that curves, rates and tests need to know of them.

    Parameters
    ----------
    source : Cohort, path, data frame, DuckDB connection or Ibis table
        A cohort; a Parquet or CSV file, or several by a folder or a pattern such as
        ``"registry/*.parquet"``; a frame of pandas or Polars or a table of Arrow; a DuckDB database
        as its file or an open connection, with `table`; or a table of any engine that Ibis knows
        (Spark, Postgres, SQLite, …), which does the counting where the data are. A table has a row
        per subject.
    endpoints : str, list of str, or mapping of str to mapping
        Of a cohort the names of its endpoints and toxicities. Of a table by each name the columns
        that say what became of the subjects: ``{"time": …, "status": …}`` with times in days and a
        status of 0 and 1, False and True, or "censored", "event" and "competing" (then ``"cause"``
        may name it; ``"entry"`` is delayed entry in days; ``"low"`` the last visit that was free of
        an event which the visit at its time found); ``{"response": …}`` of 0 and 1, blank where not
        evaluable; or ``{"grade": …}``, the worst grade of a toxicity, 0 where none.
    by : str or list of str, optional
        The columns of the strata: everything that an analysis is to report by, adjust for or take
        as a covariate. By default those of `cohort_from_frame`.
    at : float
        Day of the visit that responses are of, as for `response_rate`. A table has them already.
    window : (float, float), optional
        First and last day that count for the visit.
    landmarks : list of float, optional
        Days at which `landmark_rate` will be asked; of a cohort.
    grading_scale : str or mapping of str to str, optional
        The scale whose grades are counted, for all toxicities or by name, where a study has
        several.
    table : str, optional
        The table of a database.
    subject : str, optional
        The column of a table that says who the subject is, by default ``subject_id`` where there is
        one: a subject of two rows is refused.
    label : str, optional
        What the counted are called in tables; by default as the cohort.

    Returns
    -------
    Counts
        Without a row of any subject. It takes the place of the cohort in the analyses that are
        functions of counts.

    Raises
    ------
    CarstatsError
        If an endpoint or column does not exist, a column is of mixed types or holds what is not
        allowed, an engine is not installed, or a stratum is missing for a subject.

    Examples
    --------
    >>> counts = cs.count_outcomes(cohort, ["relapse_free_survival", "CRS"], by="target")
    >>> cs.survival_curve(counts, "relapse_free_survival", by="target")
    >>> cs.toxicity_rate(counts, "CRS", min_grade=2)
    """
    days = _days(landmarks)
    if isinstance(source, Counts):
        raise CarstatsError(message("`source` is Counts already; add them up: first + second."))
    if not isinstance(source, Cohort):
        if days:
            raise CarstatsError(
                message(
                    "`landmarks` are of a cohort, which knows who could have been followed to the "
                    "day; a table does not."
                )
            )
        if grading_scale is not None:
            raise CarstatsError(
                message("`grading_scale` is of a cohort; a table has the grades of one scale.")
            )
        return counts_of_table(source, endpoints, by, table=table, subject=subject, label=label)
    if isinstance(endpoints, Mapping):
        raise CarstatsError(
            message("`endpoints` of a cohort are names; columns are those of a table.")
        )
    names = names_given("endpoints", endpoints)
    if not names:
        raise CarstatsError(message("`endpoints` is empty; name what is to be counted."))
    by = check_by(source.subjects, chosen_columns(source, by))
    check_names(by)
    study = source.study
    parts: dict[str, list[pd.DataFrame]] = {"times": [], "responses": [], "toxicities": []}
    own_clock, scales, unrecorded = False, {}, []
    seen: set[tuple[str, str]] = set()
    for name in names:
        kind, known = _kind(source, name)
        if (kind, known) in seen:
            raise CarstatsError(message("`endpoints` names {name} twice.", name=repr(known)))
        seen.add((kind, known))
        if kind == "time-to-event":
            rows, own = _times(source, known, by, days)
            parts["times"].append(rows)
            own_clock |= own
        elif kind == "response":
            parts["responses"].append(_responses(source, known, by, at, window))
        else:
            rows, scale = _toxicities(source, known, by, grading_scale)
            parts["toxicities"].append(rows)
            scales |= scale
            unrecorded += [known] if uncollected_note(source, known) else []
    visit = {}
    if parts["responses"] and not study.strata_only:
        visit = {"at": float(at), "window": list(checked_window(source, window, at))}
    return Counts(
        by=tuple(by),
        subjects=_grouped(source.subjects[by], by),
        **{name: pd.concat(found, ignore_index=True) for name, found in parts.items() if found},
        levels=source.eligible[by].dropna().drop_duplicates().reset_index(drop=True),
        visit=visit,
        landmarks=days,
        vocabulary=study.vocabulary,
        label=label or source.label,
        report_by=source.by,
        about={
            "synthetic": study.synthetic,
            "fingerprint": study.fingerprint,
            "criteria": tuple(criterion.name for criterion in source.criteria),
            "estimands": dict(study.estimands),
            "settings": dict(study.settings),
            "strata_only": study.strata_only,
            "scales": scales,
            "unrecorded": unrecorded,
            "origin": "" if study.infusions is None or own_clock else "infusion",
        },
    )


def _days(landmarks: object) -> tuple[float, ...]:
    """Return landmarks as days; raise where one is none."""
    given = [] if landmarks is None else landmarks if np.iterable(landmarks) else [landmarks]
    for day in [given] if isinstance(given, str) else given:
        check_number("landmarks", day, low=0)
    return tuple(map(float, given))


def _kind(cohort: Cohort, name: str) -> tuple[str, str]:
    """Return what a name is: an endpoint of one of two kinds, or a toxicity; and its spelling."""
    study = cohort.study
    for kind in ("time-to-event", "response"):
        known = study.vocabulary.canonical("endpoint", name)
        if known in study.endpoints(kind):
            return kind, str(known)
    term = study.vocabulary.canonical("toxicity", name)
    if term is not None and study.toxicities is not None:
        return "toxicity", term
    has = [*study.endpoints("time-to-event"), *study.endpoints("response")]
    raise CarstatsError(
        message(
            "`endpoints` names {name}, which is no endpoint and no toxicity of the study. It has: "
            "{known}.",
            name=repr(name),
            known=listed(has, 40) if has else message("none"),
        )
    )


def _times(cohort: Cohort, name: str, by: list[str], landmarks) -> tuple[pd.DataFrame, bool]:
    """Count the subjects at each time of an endpoint."""
    times = endpoint_times(cohort, name, by)
    others = times.others if times.others is not None else times.rows.iloc[:0]
    rows = pd.concat(
        [times.rows.assign(applies=True), others.assign(applies=False)], ignore_index=False
    )
    code = rows["event_code"].to_numpy(float)
    status = np.select([code == 0, code == 1, code > 1], ["censored", "event", "competing"], "")
    causes = dict(enumerate(times.causes[1:], start=2))
    frame = rows[by].assign(
        endpoint=name,
        applies=rows["applies"].astype(bool),
        time=rows["event_time"],
        status=pd.Series(status, rows.index, object).where(status != "", None),
        cause=pd.Series(code, rows.index).map(causes).astype(object),
    )
    if "entry_time" in rows:
        frame["entry_time"] = rows["entry_time"].where(np.isfinite(rows["entry_time"]))
    if landmarks:
        frame["reached"] = _reached(cohort, landmarks)[rows.index]
    found = (code == 1) & (rows["time_low"] < rows["time_high"]).to_numpy()
    if found.any():
        # Visits found it: an event lies in between, and `time` is what a curve of days takes.
        frame["time_low"] = rows["time_low"].where(found)
        frame["time_high"] = rows["time_high"].where(found)
    return _grouped(frame, list(frame.columns)), times.origin


def _reached(cohort: Cohort, landmarks: tuple[float, ...]) -> pd.Series:
    """Return the last of some days that each subject's data cut-off had reached."""
    subjects = cohort.subjects
    if "cutoff_day" not in subjects or subjects["cutoff_day"].isna().any():
        raise CarstatsError(
            message(
                "`landmarks` needs `cutoff_day` of every subject: who could have been followed to "
                "the day. Give it, for example as cutoff_date under [study] of study.toml."
            )
        )
    days = np.sort(np.asarray(landmarks, float))
    place = np.searchsorted(days, subjects["cutoff_day"].to_numpy(float), side="right")
    return pd.Series(np.append(np.nan, days)[place], subjects.index)


def _responses(cohort: Cohort, name: str, by: list[str], at: float, window) -> pd.DataFrame:
    """Count the subjects by their response at a visit."""
    outcome = visit_outcome(cohort, name, at, window)
    subjects = cohort.subjects
    response = subjects["subject_id"].map(outcome.response)
    frame = subjects[by].assign(
        endpoint=outcome.name, applies=outcome.asked_of(subjects), response=response, early=False
    )
    if "infused" in subjects:
        frame["infused"] = subjects["infused"].astype("boolean")
    if "cutoff_day" in subjects:
        frame["early"] = response.isna() & (subjects["cutoff_day"] < outcome.due)
    return _grouped(frame, list(frame.columns))


def _toxicities(
    cohort: Cohort, name: str, by: list[str], grading_scale: str | Mapping[str, str] | None
) -> tuple[pd.DataFrame, dict[str, str | None]]:
    """Count the subjects by the worst grade of a toxicity that is proven; and its scale."""
    episodes = cohort.table("toxicities")
    episodes = episodes[episodes["term"] == name]
    level, least = graded(cohort, episodes, "grade", grading_scale)
    episodes = episodes.assign(level=level, least=least)
    after = episodes[~began_before(episodes)]
    subjects = cohort.subjects
    who, worst = subjects["subject_id"], worst_proven(after, ungraded=np.nan, unknown=0.0)
    frame = subjects[by].assign(
        term=name,
        applies=who.isin(asked(subjects, name)["subject_id"]),
        grade=who.map(worst).where(who.isin(after["subject_id"]), 0.0),
        open=who.isin(after.loc[after["level"].isna(), "subject_id"]),
    )
    scales: dict[str, str | None] = {}
    if "grading_scale" in episodes:
        stated = episodes.loc[level.notna(), "grading_scale"].map(scale_family)
        scales[name] = next(iter(stated), None)
    return _grouped(frame, list(frame.columns)), scales


def _grouped(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Count the rows of each combination."""
    if not keys:
        return pd.DataFrame({"n": [len(rows)]})
    return rows.groupby(keys, sort=True, dropna=False, observed=True).size().reset_index(name="n")
