"""The table of adverse events: every term and system, any and severe, with totals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.cohort.strata import check_by, estimate_by, level_labels
from carstats.errors import CarstatsError, check_choice, check_conf_level, names_given
from carstats.estimators.proportions.proportion import METHODS
from carstats.messages import joined_notes, mark, message
from carstats.result import Result
from carstats.toxicity.episodes import (
    asked,
    episodes_of,
    graded,
    levels_of,
    term_labels,
    zero_note,
)
from carstats.toxicity.unknown import before_note, bounded_limits, range_note
from carstats.wording import limits_words

TOTAL = "any toxicity"
_UNSTATED = mark("system not stated")
# The vocabulary's systems and the criteria, which a table prints.
_SYSTEMS = (
    mark("blood"), mark("immune"), mark("infection"), mark("liver"), mark("neoplasm"),
    mark("nervous system"),
)  # fmt: skip
_CRITERIA = (
    mark("any"), mark("grade >=2"), mark("grade >=3"), mark("moderate or worse"),
    mark("severe or worse"), mark("serious"),
)  # fmt: skip


@dataclass(frozen=True)
class _Criterion:
    name: str
    least: int = 1
    serious: bool = False


def toxicity_table(
    cohort: Cohort,
    terms: str | Iterable[str] | None = None,
    *,
    by: str | Iterable[str] | None = None,
    scale: str | None = None,
    grading_scale: str | Mapping[str, str] | None = None,
    at_least: float = 0.0,
    method: str = "Clopper-Pearson",
    conf_level: float = 0.95,
) -> Result:
    """Count subjects with any, grade 2, grade 3 or worse, and serious toxicity, by system and term.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    terms : str or list of str, optional
        Toxicities of the study's vocabulary; by default all that the cohort's subjects had. A term
        that nobody had, asked for by name, has its rows of zeros.
    by : str or list of str, optional
        Columns of the subjects table.
    scale : {"grade", "severity"}, optional
        What says how bad an episode was; by default the grade, or the severity of a study without
        grades.
    grading_scale : str or mapping of str to str, optional
        The scale whose grades count, where a study has several.
    at_least : float
        Leave out terms that fewer than this part of every stratum had; totals count them still.
    method : str
        Confidence limits, as for `toxicity_rate`.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum, first the total, then each system followed by its terms, those of most
        subjects first: ``row`` ("total", "system", "term"), ``system``, ``term``, ``criterion``
        ("any", "grade >=2", "grade >=3", "serious"; by severity "moderate or worse", "severe or
        worse"), ``n`` subjects, ``n_missing`` (no episode that is proven to count and one that
        may: of unknown grade, not said whether serious, or not known whether it happened),
        ``n_event`` subjects proven, ``n_episodes`` records, ``estimate`` = n_event / n,
        ``conf_low`` (of n_event), ``conf_high`` (of n_possible), ``n_possible`` = n_event +
        n_missing, ``estimate_possible``, ``note``. A system is the episode's own, or where none is
        recorded the vocabulary's. Episodes that began before the infusion do not count; the note
        of the total says how many subjects have one.

    Raises
    ------
    CarstatsError
        If a term is not in the vocabulary, the study has no toxicities, or an argument is not
        allowed.

    Examples
    --------
    >>> cs.tabulate(cs.toxicity_table(cohort, by="target"))
    """
    check_cohort(cohort)
    method = check_choice("method", method, METHODS)
    check_conf_level(conf_level)
    if not isinstance(at_least, int | float) or not 0 <= at_least <= 1:
        raise CarstatsError(
            message(
                "`at_least` is {at_least}; it is a fraction from 0 to 1.", at_least=repr(at_least)
            )
        )
    study = cohort.study
    by = check_by(cohort.subjects, by)
    had = cohort.table("toxicities")
    if terms is None:
        names = [t for t in study.vocabulary.names("toxicity") if t in set(had["term"])]
    else:
        given = names_given("terms", terms)
        names = [study.vocabulary.require("terms", "toxicity", name) for name in given]
    episodes = episodes_of(cohort, names)
    has = {s: bool(levels_of(study, had, s).notna().any()) for s in ("grade", "severity")}
    if scale is None:
        scale = "severity" if has["severity"] and not has["grade"] else "grade"
    scale = check_choice("scale", scale, ("grade", "severity"))
    rows = had.loc[episodes.index]
    level, least = graded(cohort, rows, scale, grading_scale)
    groups = {t.name: t.group for t in study.vocabulary.toxicity}
    given = episodes["system"].where(episodes["system"].notna(), episodes["term"].map(groups))
    episodes = episodes.assign(
        level=level, least=least, system=given.replace("", None).fillna(_UNSTATED)
    )
    apart = episodes[episodes["before"]]
    episodes = episodes[~episodes["before"]]
    severe = (2, 3)
    if scale == "severity":
        words = study.vocabulary.names("severity")
        worse = [_Criterion(f"{words[place - 1]} or worse", place) for place in severe]
    else:
        worse = [_Criterion(f"grade >={place}", place) for place in severe]
    criteria = [_Criterion("any"), *worse, _Criterion("serious", serious=True)]
    order = _rows(cohort, episodes, names, groups, by, at_least)

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        mine = episodes[episodes["subject_id"].isin(stratum["subject_id"])]
        by_system = dict(list(mine.groupby("system", sort=False)))
        found = []
        for kind, system, term in order:
            part = mine if kind == "total" else by_system.get(system, mine.iloc[:0])
            part = part[part["term"] == term] if kind == "term" else part
            who = asked(stratum, term) if kind == "term" else stratum
            n_asked, part = len(who), part[part["subject_id"].isin(who["subject_id"])]
            for criterion in criteria:
                k, unknown, records = _count(part, criterion)
                label = {"row": kind, "system": system, "term": term}
                counts = {"n": n_asked, "n_missing": unknown, "n_event": k}
                found.append(
                    {**label, "criterion": criterion.name, **counts, "n_episodes": records}
                )
        frame = pd.DataFrame(found)
        n, k, m = (frame[c].to_numpy() for c in ("n", "n_event", "n_missing"))
        low, high = bounded_limits(k, m, n, method=method, conf_level=conf_level)
        frame["estimate"] = np.where(n > 0, k / np.maximum(n, 1), np.nan)
        frame["conf_low"], frame["conf_high"] = low, high
        frame["n_possible"] = k + m
        frame["estimate_possible"] = np.where(n > 0, (k + m) / np.maximum(n, 1), np.nan)
        frame["note"] = [_note(*row) for row in zip(n, k, m, high, frame["criterion"], strict=True)]
        if len(apart):
            total = (frame["row"] == "total") & (frame["criterion"] == "any")
            set_apart = before_note(apart, stratum)
            frame.loc[total, "note"] = [
                joined_notes(t, set_apart) for t in frame.loc[total, "note"]
            ]
        outside = (frame["n"] == 0) & bool(len(stratum))
        frame["note"] = frame["note"].mask(outside, message("does not apply"))
        return frame

    spec = cohort.spec(
        "toxicity_table",
        endpoint=message("Toxicity by system and term"),
        method=message(
            "subjects with at least one episode, {limits}",
            limits=limits_words(method, conf_level),
        ),
        by=by,
        conf_level=conf_level,
        terms=names,
        scale=scale,
        grading_scale=grading_scale,
        at_least=at_least,
        limits=method,
    )
    labels = level_labels(study.vocabulary, by) | term_labels(study, names)
    return Result(
        estimate_by(study.vocabulary, cohort.eligible, cohort.subjects, by, estimate), spec, labels
    )


def _count(episodes: pd.DataFrame, criterion: _Criterion) -> tuple[int, int, int]:
    """Return subjects with the event, subjects who may have had it, and records that count."""
    if criterion.serious:
        counts = episodes["serious"].fillna(False).astype(bool) & (episodes["least"] > 0)
        unknown = episodes["serious"].isna() | (episodes["least"] == 0)
    else:
        counts = episodes["least"] >= criterion.least
        unknown = episodes["level"].isna() & ~counts
    had = set(episodes.loc[counts, "subject_id"])
    may = set(episodes.loc[unknown, "subject_id"]) - had
    return len(had), len(may), int(counts.sum())


def _rows(cohort, episodes, names, groups, by, at_least) -> list[tuple[str, str, str]]:
    """Return the rows in printed order: total, systems, and each system's terms."""
    pairs = episodes.groupby(["system", "term"])["subject_id"].nunique()
    systems = episodes.groupby("system")["subject_id"].nunique().to_dict()
    keep = dict.fromkeys(pairs.index, True)
    if at_least > 0 and len(episodes):
        who = cohort.subjects.set_index("subject_id")
        strata = pd.Series(0, who.index)
        if by:
            strata = who.groupby(by, sort=False, dropna=False).ngroup()
        sizes = strata.value_counts()
        stratum = episodes["subject_id"].map(strata)
        part = episodes.groupby(["system", "term", stratum])["subject_id"].nunique()
        share = part / part.index.get_level_values(2).map(sizes)
        keep = (share.groupby(level=[0, 1]).max() >= at_least).to_dict()
    place = {name: i for i, name in enumerate(names)}
    order = [("total", TOTAL, TOTAL)]
    absent = [name for name in names if name not in set(episodes["term"])]
    for name in absent:
        systems.setdefault(groups.get(name) or _UNSTATED, 0)
    for system in sorted(systems, key=lambda s: (-systems[s], s)):
        terms = [(t, k) for (s, t), k in pairs.items() if s == system and keep[(s, t)]]
        terms += [(t, 0) for t in absent if (groups.get(t) or _UNSTATED) == system]
        order.append(("system", system, ""))
        terms = sorted(terms, key=lambda pair: (-pair[1], place[pair[0]]))
        order += [("term", system, term) for term, _ in terms]
    return order


def _note(n: int, k: int, unknown: int, high: float, criterion: str) -> str:
    if not n:
        return message("no subjects")
    why = "serious" if criterion == "serious" else "occurrence" if criterion == "any" else "grade"
    return joined_notes(range_note(n, k, unknown, why), zero_note(n, k, high))
