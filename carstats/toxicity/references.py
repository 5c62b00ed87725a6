"""The counts that a benchmark compares: of a cohort, of published trials, of oncology trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import check_by, stratum_keys, stratum_mask
from carstats.data.vocabulary import Vocabulary
from carstats.errors import CarstatsError, listed, names_given
from carstats.messages import joined_notes, message
from carstats.toxicity.episodes import (
    UNSTATED,
    checked_terms,
    levels_of,
    scale_family,
    severe_enough,
)
from carstats.toxicity.rates import rate_rows

_REFERENCE = [
    "trial_family", "primary", "trial", "disease", "target", "costimulation", "outcome", "n_event",
    "n_evaluable", "grading_scale",
]  # fmt: skip
_PUBLISHED = [
    "study_id", "disease", "target", "outcome", "population", "grading_scale", "n_event",
    "n_evaluable", "synthesis",
]  # fmt: skip


@dataclass(frozen=True)
class Side:
    """One stratum of what is compared with the reference.

    Attributes
    ----------
    key : tuple
        Levels of the `by` columns.
    counts : list of (int, int)
        Events and subjects: one pair for a cohort, one for each published trial.
    n_missing : int
        Subjects without a certain event who may have had one.
    scale : str
        The grading scale's family.
    targets, costimulation : tuple of str
        What the subjects' products have.
    note : str
        What a reader should know beside that nobody had it.
    """

    key: tuple
    counts: list[tuple[int, int]]
    n_missing: int
    scale: str
    targets: tuple[str, ...]
    costimulation: tuple[str, ...]
    note: str = ""


def accepted_scales(accept_scales: Mapping[str, str] | None) -> dict[str, str]:
    """Return the families of the scales accepted by name, each with the reason."""
    if accept_scales is None:
        return {}
    good = isinstance(accept_scales, Mapping) and all(
        isinstance(reason, str) and len(reason.strip()) > 2 for reason in accept_scales.values()
    )
    if not good:
        raise CarstatsError(
            message(
                "`accept_scales` is {accept_scales}; it maps the scale to the reason why its "
                "grades may be compared, such as {{'Lee 2014': '{example}'}}.",
                accept_scales=repr(accept_scales),
                example=message("hypotension and oxygen graded as by ASTCT"),
            )
        )
    return {scale_family(scale): reason.strip() for scale, reason in accept_scales.items()}


def cohort_sides(
    cohort: Cohort, term: str, min_grade: int, by, grading_scale: str | None
) -> list[Side]:
    """Return the strata of a cohort with their counts and their grading scale."""
    by = check_by(cohort.subjects, by)
    scale = _cohort_scale(cohort, term, grading_scale)
    # Grades that state no scale are of the one that the caller names: there is none to choose.
    chosen = grading_scale if set(_stated_scales(cohort, term)) - {UNSTATED} else None
    severe = severe_enough(cohort, min_grade, None)
    by, terms = checked_terms(cohort, term, by)
    rates = rate_rows(cohort, terms, severe, None, by, chosen, bounded=False)
    keys = stratum_keys(cohort.study.vocabulary, cohort.eligible, by)
    sides = []
    for key, row in zip(keys, rates.itertuples(), strict=True):
        mine = cohort.subjects[stratum_mask(cohort.subjects, by, key)]
        sides.append(
            Side(
                key, [(int(row.n_event), int(row.n))], int(row.n_missing), scale,
                _levels(mine, "target"), _levels(mine, "costimulation"), row.note,
            )
        )  # fmt: skip
    return sides


def _levels(rows: pd.DataFrame, column: str) -> tuple[str, ...]:
    if column not in rows:
        return (UNSTATED,)
    return tuple(sorted(rows[column].fillna(UNSTATED).unique()))


def _cohort_scale(cohort: Cohort, term: str, grading_scale: str | None) -> str:
    """Return the one scale that the study graded the term by."""
    if grading_scale is not None:
        return scale_family(grading_scale)
    found = _stated_scales(cohort, term)
    if len(found) > 1:
        raise CarstatsError(
            message(
                "{term} is graded on several scales: {found}. Choose one with `grading_scale`.",
                term=repr(term),
                found=listed(found),
            )
        )
    if not found or found == [UNSTATED]:
        had = (cohort.study.table("toxicities")["term"] == term).any()
        why = message("the study does not state it") if had else message("nobody had it")
        raise CarstatsError(
            message(
                "the grading scale of {term} is not known ({why}). Say with `grading_scale` "
                "which one was used; grades of different scales cannot be compared.",
                term=repr(term),
                why=why,
            )
        )
    return found[0]


def _stated_scales(cohort: Cohort, term: str) -> list[str]:
    """Return the scales that the study's grades of a term are of; empty without grades."""
    rows = cohort.study.table("toxicities")
    rows = rows[rows["term"] == term]
    graded = rows[levels_of(cohort.study, rows, "grade").notna()] if len(rows) else rows
    if "grading_scale" not in graded:
        return [UNSTATED] if len(graded) else []
    return list(dict.fromkeys(graded["grading_scale"].map(scale_family)))


def published_sides(
    table: pd.DataFrame, outcome: str, by, grading_scale: str | None, accepted: dict[str, str]
) -> tuple[list[Side], int]:
    """Return the strata of published trials, every subject counted once, and the trials left out.

    The left out report the outcome on another scale, or do not state theirs.
    """
    lacking = [column for column in _PUBLISHED if column not in table]
    if lacking:
        raise CarstatsError(
            message("the published trials lack the columns {lacking}.", lacking=listed(lacking))
        )
    once = table[table["synthesis"].isin(["all", "toxicity"])]
    rows = once[(once["outcome"] == outcome) & once["n_event"].notna()]
    # The widest denominator of a trial: whoever was treated.
    rows = rows[rows["n_evaluable"].notna()].sort_values("n_evaluable", ascending=False)
    rows = rows.drop_duplicates("study_id").sort_index()
    if rows.empty:
        raise CarstatsError(
            message(
                "no published trial reports {outcome}. They report: {known}.",
                outcome=repr(outcome),
                known=listed(dict.fromkeys(once["outcome"])),
            )
        )
    family = rows["grading_scale"].map(scale_family)
    wanted = scale_family(grading_scale) if grading_scale else "ASTCT"
    use = (family == wanted) | family.isin(accepted)
    if not use.any():
        raise CarstatsError(
            message(
                "no published trial reports {outcome} by {wanted} (there are: {counts}). "
                "`accept_scales` takes others by name, with the reason.",
                outcome=repr(outcome),
                wanted=wanted,
                counts=_counted(family),
            )
        )
    kept = rows[use]
    by = names_given("by", by)
    unknown = [column for column in by if column not in kept]
    if unknown:
        raise CarstatsError(
            message("`by` names {unknown}, not in the published trials.", unknown=unknown)
        )
    sides = []
    for key in stratum_keys(Vocabulary(), kept, by):
        part = kept[stratum_mask(kept, by, key)]
        counts = [(int(k), int(n)) for k, n in zip(part["n_event"], part["n_evaluable"],
                                                   strict=True)]  # fmt: skip
        others = int((family[part.index] != wanted).sum())
        note = ""
        if others:
            note = message(
                "{others} of {n} trials graded otherwise, accepted", others=others, n=len(part)
            )
        sides.append(
            Side(key, counts, 0, wanted, _levels(part, "target"), _levels(part, "costimulation"),
                 note)
        )  # fmt: skip
    return sides, int((~use).sum())


def _counted(family: pd.Series) -> str:
    """Return how many trials used each scale."""
    return message(", ").join(
        message("{scale} {n}", scale=message(scale), n=n)
        for scale, n in family.value_counts().items()
    )


def reference_trials(
    reference: pd.DataFrame, outcome: str, scale: str, accepted: Mapping[str, str]
) -> pd.DataFrame:
    """Return one report of each trial family on the scale, or on one accepted by name.

    The primary report is taken where it has the outcome on such a scale, else the family's largest
    other one, and ``note`` says so.
    """
    lacking = [column for column in _REFERENCE if column not in reference]
    if lacking:
        raise CarstatsError(
            message("`reference` lacks the columns {lacking}.", lacking=listed(lacking))
        )
    rows = reference[(reference["outcome"] == outcome) & reference["n_event"].notna()]
    if rows.empty:
        raise CarstatsError(
            message(
                "no reference trial reports {outcome}. They report: {known}.",
                outcome=repr(outcome),
                known=listed(dict.fromkeys(reference["outcome"]), 20),
            )
        )
    family = rows["grading_scale"].map(scale_family)
    use = (family == scale) | family.isin(list(accepted))
    if not use.any():
        raise CarstatsError(
            message(
                "{outcome} is graded by {scale} here, and by no reference trial (they use: "
                "{counts}). Grades of different scales are not interchangeable: JULIET's "
                "neurotoxicity is 50 of 111 by CTCAE and 19 of 111 by ASTCT. `accept_scales` "
                "takes a scale by name, with the reason.",
                outcome=repr(outcome),
                scale=scale,
                counts=_counted(family[_one_each(rows, family).index]),
            )
        )
    kept = _one_each(rows[use], family[use]).copy()
    kept["family"] = family[kept.index]
    second = kept["primary"] != "yes"
    reasons = kept["family"].map(accepted).where(kept["family"] != scale)
    kept["note"] = [
        joined_notes(
            message("not the trial's primary report") if other else "",
            message("graded by {scale}, accepted: {reason}", scale=message(name), reason=reason)
            if isinstance(reason, str) else "",
        )
        for other, name, reason in zip(second, kept["grading_scale"].fillna(UNSTATED), reasons,
                                       strict=True)
    ]  # fmt: skip
    return kept


def _one_each(rows: pd.DataFrame, family: pd.Series) -> pd.DataFrame:
    """Return one row for each trial family, the primary report first, then the largest."""
    order = rows.assign(second=rows["primary"] != "yes").sort_values(
        ["second", "n_evaluable"], ascending=[True, False], kind="stable"
    )
    return rows.loc[order.drop_duplicates("trial_family").index].sort_index()
