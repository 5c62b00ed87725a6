"""Counts that stand where a cohort is asked for: rows that stand for several subjects each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.cohort.criteria import Criterion
from carstats.cohort.strata import OWN, WEIGHT
from carstats.counts.counted import Counts, check_somebody, counted_rows
from carstats.data.study import Study
from carstats.endpoints.derive.applicability import APPLIES
from carstats.errors import CarstatsError, listed, names_given
from carstats.messages import message


class _CountedStudy(Study):
    """What a result says of its study, and rows that stand for several subjects: all is checked."""

    def __post_init__(self) -> None:
        return


def _met(study: Study, subjects: pd.DataFrame) -> pd.Series:
    """Return that a criterion is met by all who were counted."""
    return pd.Series(True, subjects.index)


def counted_cohort(cohort: Any, endpoint: str | None, kind: str, *, single: bool = False) -> Any:
    """Return counts of one endpoint as a cohort whose rows stand for several subjects each.

    With `single` each row is one subject. Anything that is not `Counts` is returned as it is.
    """
    if not isinstance(cohort, Counts):
        return cohort
    rows = counted_rows(cohort, endpoint, kind)
    if single:
        rows = rows.loc[np.repeat(rows.index, rows["n"])].assign(n=1)
    rows = rows[rows["n"] > 0].reset_index(drop=True)
    rows.insert(0, "subject_id", [str(i + 1) for i in range(len(rows))])
    subjects = rows[["subject_id", *cohort.by]].assign(
        **{APPLIES: rows["applies"].to_numpy(bool)},
        **({} if single else {WEIGHT: rows["n"].to_numpy(int)}),
    )
    tables = {}
    about = dict(cohort.about)
    if kind == "time-to-event":
        known = rows[rows["time"].notna()]
        columns = ["subject_id", "endpoint", "time", "time_low", "time_high", "status", "cause"]
        tables["events"] = known[[column for column in columns if column in known]]
        if "entry_time" in rows:
            tables["events"] = tables["events"].assign(entry_day=known["entry_time"])
        if "reached" in rows:
            subjects["cutoff_day"] = rows["reached"].fillna(-np.inf)
    elif kind == "response":
        tables["responses"] = rows[["subject_id", "endpoint", "response"]].assign(
            day=float(cohort.visit.get("at", 0.0)), evaluable=rows["response"].notna()
        )
        if "infused" in rows:
            subjects["infused"] = rows["infused"].astype("boolean")
        if "early" in rows:
            early = rows["early"].to_numpy(bool)
            subjects["cutoff_day"] = np.where(early, -np.inf, np.inf)
    else:
        tables["toxicities"] = _episodes(rows, about.get("scales", {}))
        if rows["term"].isin(about.get("unrecorded", ())).any():
            # A record of something else, and of nobody here.
            other = pd.DataFrame({"subject_id": [""], "term": [""]})
            tables["toxicities"] = pd.concat([tables["toxicities"], other], ignore_index=True)
        subjects["last_contact_day"] = np.inf
    # What it needs of them beside the strata is nobody's to name.
    subjects.attrs[OWN] = cohort.by
    study = _CountedStudy(
        subjects=subjects,
        infusions=pd.DataFrame() if about.get("origin") == "infusion" else None,
        **tables,
        vocabulary=cohort.vocabulary,
        label=cohort.label,
        synthetic=bool(about.get("synthetic", False)),
        fingerprint=about.get("fingerprint"),
        estimands=about.get("estimands", {}),
        settings=about.get("settings", {}),
        strata_only=bool(about.get("strata_only", False)),
    )
    return Cohort(
        study,
        subjects,
        cohort.levels,
        criteria=tuple(Criterion(name, _met) for name in about.get("criteria", ())),
        label=cohort.label,
        by=cohort.report_by,
    )


def terms_of(counts: Counts, terms: str | Iterable[str] | None) -> list[str]:
    """Return the toxicities that an argument names; where it names none, all that were counted.

    Those of most subjects come first, as of a cohort.
    """
    check_somebody(counts)
    if terms is None:
        n = counts.overview.groupby("outcome")["n_event"].sum()
        terms = sorted(counts.endpoints("toxicity"), key=lambda name: -n[name])
        if not terms:
            raise CarstatsError(message("the counts have no toxicity: none was counted."))
    else:
        terms = names_given("terms", terms)
    names = [counts.vocabulary.require("term", "toxicity", name) for name in terms]
    if not names:
        raise CarstatsError(message("`term` is empty; name at least one toxicity."))
    return list(dict.fromkeys(names))


def counted_terms(source: Any, terms: str | Iterable[str] | None) -> tuple[Cohort, Any]:
    """Return counts of toxicities as a cohort of the first, and the names of all.

    A cohort and its terms are returned as they are.
    """
    if isinstance(source, Counts):
        names = terms_of(source, terms)
        return counted_cohort(source, names[0], "toxicity"), names
    check_cohort(source)
    return source, terms


def _episodes(rows: pd.DataFrame, scales: Mapping[str, str | None]) -> pd.DataFrame:
    """Return an episode of the worst grade, and one without a grade where a worse one may be."""
    proven, vague = rows[rows["grade"] > 0], rows[rows["open"]]
    episodes = pd.concat(
        [
            proven[["subject_id", "term", "grade"]],
            # At least 0: it is not known whether there was one.
            vague[["subject_id", "term"]].assign(
                grade=np.nan, grade_at_least=vague["grade"].where(vague["grade"] == 0)
            ),
        ],
        ignore_index=True,
    ).assign(onset_day=0.0)
    return episodes.assign(grading_scale=episodes["term"].map(scales)) if scales else episodes


def refuse_unknown(option: str, cohort: Any, asked: object) -> None:
    """Refuse an option of an analysis that counts do not have."""
    if isinstance(cohort, Counts) and asked:
        raise CarstatsError(
            message(
                "`{option}` asks for what counts do not hold: days, visits, doses, values or "
                "records of each subject. Make a Cohort with define_cohort(study, …).",
                option=option,
            )
        )


def counted_visit(
    cohort: Any, endpoint: str | None, at: float, window: Iterable[float] | None, **how: bool
) -> tuple[Any, Any]:
    """Return counts of a response at a visit as a cohort, and its window; a cohort as it is."""
    if isinstance(cohort, Counts):
        _check_visit(cohort, at, window)
        window = tuple(cohort.visit["window"]) if cohort.visit else window
    return counted_cohort(cohort, endpoint, "response", **how), window


def _check_visit(counts: Counts, at: float, window: Iterable[float] | None) -> None:
    """Refuse responses at another visit than the one that was counted."""
    if not counts.visit:
        return
    same = window is None or list(map(float, window)) == list(counts.visit["window"])
    if float(at) != float(counts.visit["at"]) or not same:
        low, high = counts.visit["window"]
        raise CarstatsError(
            message(
                "the responses were counted at day {at}, days {low} to {high}, and no other visit. "
                "Count again with count_outcomes(…, at={asked}).",
                at=f"{counts.visit['at']:g}", low=f"{low:g}", high=f"{high:g}", asked=f"{at:g}",
            )
        )  # fmt: skip


def check_landmark(cohort: Any, at: float) -> None:
    """Refuse a landmark whose eligible subjects were not counted."""
    if isinstance(cohort, Counts) and float(at) not in cohort.landmarks:
        if cohort.about.get("strata_only"):
            raise CarstatsError(
                message(
                    "`at` is {at}; a table does not say who could have been followed to the day. "
                    "survival_at(…, at=[{at}]) asks for the curve there.",
                    at=f"{at:g}",
                )
            )
        has = listed([f"{day:g}" for day in cohort.landmarks], 20) or message("none")
        raise CarstatsError(
            message(
                "`at` is {at}; the counts say who could have been followed to {has}. Count again "
                "with count_outcomes(…, landmarks=[{at}]).",
                at=f"{at:g}",
                has=has,
            )
        )
