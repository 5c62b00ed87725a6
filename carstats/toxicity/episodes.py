"""Episodes of toxicity, ready to be counted: whose, when, and whether they are bad enough."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.cohort.strata import check_by, counted, listed_rows
from carstats.data.study import Study
from carstats.data.vocabulary import within_sentence
from carstats.endpoints.derive.applicability import term_applies
from carstats.errors import CarstatsError, check_choice, listed, names_given
from carstats.messages import mark, message
from carstats.toxicity.unknown import began_before, lower_bounds

GRADES = (1, 2, 3, 4, 5)
DAYS_PER_YEAR = 365.25
# Windows of onset that do not overlap (endpoint rules, 7.7).
STANDARD_WINDOWS = ((0.0, 30.0), (31.0, 100.0), (101.0, 365.0), (366.0, np.inf))
COMPETING = ("death", "re-infusion")
UNSTATED = mark("not stated")
# Scales whose versions and parts grade alike.
_VERSIONED = ("ASTCT", "CTCAE", "EHA/EBMT", "T-ICAHT", "MAGIC")
# Version 6 of CTCAE, however it is written: its grades are not those of the versions before.
_CTCAE_6 = re.compile(r"CTCAE\s*(v|version)?\.?\s*6(\D|$)", re.IGNORECASE)
# The severities as they stand within a sentence.
_SEVERITIES = {
    "mild": mark("mild"),
    "moderate": mark("moderate"),
    "severe": mark("severe"),
    "life-threatening": mark("life-threatening"),
    "fatal": mark("fatal"),
}


@dataclass(frozen=True)
class Severe:
    """Which episodes count: those of a grade, or a severity, and all worse ones.

    Attributes
    ----------
    scale : str
        ``"grade"`` or ``"severity"``.
    least : int
        Smallest grade, or the place of the smallest severity from 1.
    name : str
        The severity's name; empty for a grade.
    """

    scale: str = "grade"
    least: int = 1
    name: str = ""

    def of(self, toxicity: str) -> str:
        """Return what counts of a toxicity: ``"Infection, grade 3 or worse"``."""
        if self.least > 1 and self.name:
            severity = severity_word(self.name)
            return message("{toxicity}, {severity} or worse", toxicity=toxicity, severity=severity)
        if self.least > 1:
            return message(
                "{toxicity}, grade {grade} or worse", toxicity=toxicity, grade=self.least
            )
        if self.scale == "grade":
            return message("{toxicity}, any grade", toxicity=toxicity)
        return message("{toxicity}, any severity", toxicity=toxicity)


def severity_word(name: str) -> str:
    """Return a severity as it stands within a sentence; a study's own as it is."""
    return message(_SEVERITIES.get(name, name))


def severe_enough(cohort: Cohort, min_grade: int, min_severity: str | None) -> Severe:
    """Check the two thresholds of which one may be given."""
    check_cohort(cohort)
    min_grade = check_choice("min_grade", min_grade, GRADES)
    if min_severity is None:
        return Severe("grade", int(min_grade))
    if min_grade > 1:
        raise CarstatsError(
            message("`min_grade` and `min_severity` are both given; give one of them.")
        )
    name = cohort.study.vocabulary.require("min_severity", "severity", min_severity)
    return Severe("severity", cohort.study.vocabulary.names("severity").index(name) + 1, name)


def checked_terms(cohort: Cohort, term, by) -> tuple[list[str], list[str]]:
    """Return the checked `by` columns and the names of the terms; an unknown term is an error."""
    check_cohort(cohort)
    terms = names_given("term", term)
    if not terms:
        raise CarstatsError(message("`term` is empty; name at least one toxicity."))
    vocabulary = cohort.study.vocabulary
    names = [vocabulary.require("term", "toxicity", name) for name in terms]
    return check_by(cohort.subjects, by), list(dict.fromkeys(names))


def frequent_terms(cohort: Cohort) -> list[str]:
    """Return the terms that the cohort's subjects had, that of most subjects first."""
    counts = cohort.table("toxicities").groupby("term")["subject_id"].nunique()
    order = [name for name in cohort.study.vocabulary.names("toxicity") if name in counts]
    if not order:
        raise CarstatsError(
            message("no subject of the cohort had a toxicity; name the `terms` to count.")
        )
    return sorted(order, key=lambda name: -counts[name])


def episodes_of(
    cohort: Cohort,
    terms: Iterable[str],
    severe: Severe | None = None,
    grading_scale: str | Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return the episodes of some terms with how bad each was."""
    severe = severe or Severe()
    rows = cohort.table("toxicities")
    rows = rows[rows["term"].isin(list(terms))]
    level, least = graded(cohort, rows, severe.scale, grading_scale, compared=severe.least > 1)
    if severe.least > 1 and len(rows) and not (level.notna() | (least != 1)).any():
        _refuse_ungraded(cohort, rows, terms, severe)
    columns = {
        "subject_id": rows["subject_id"],
        "term": rows["term"],
        "onset_day": rows["onset_day"].astype(float),
        "resolution_day": _column(rows, "resolution_day", np.nan).astype(float),
        "system": _column(rows, "system", None).astype(object),
        "serious": _column(rows, "serious", None).astype("boolean"),
        "infusion_number": _column(rows, "infusion_number", np.nan).astype(float),
        "level": level,
        "least": least,
        "before": began_before(rows),
    }
    return with_verdict(pd.DataFrame(columns, index=rows.index), severe)


def _refuse_ungraded(cohort: Cohort, rows: pd.DataFrame, terms, severe: Severe) -> None:
    words = {"grade": mark("grades"), "severity": mark("severities")}
    other = "severity" if severe.scale == "grade" else "grade"
    places = {
        "argument": "min_grade" if severe.scale == "grade" else "min_severity",
        "terms": listed(terms),
        "what": message(words[severe.scale]),
    }
    if levels_of(cohort.study, rows, other).notna().any():
        raise CarstatsError(
            message(
                "`{argument}` asks for {what}, and no episode of {terms} has one. It has {other}. "
                "Use min_grade=1, or give {what}.",
                other=message(words[other]), **places,
            )
        )  # fmt: skip
    raise CarstatsError(
        message(
            "`{argument}` asks for {what}, and no episode of {terms} has one. Use min_grade=1, or "
            "give {what}.",
            **places,
        )
    )


def graded(
    cohort: Cohort,
    rows: pd.DataFrame,
    scale: str,
    grading_scale: str | Mapping[str, str] | None = None,
    *,
    compared: bool = True,
) -> tuple[pd.Series, pd.Series]:
    """Return how bad each episode was, NaN where not known, and the least that is proven.

    Where grades are `compared`, those of another scale than the one chosen are not known.
    """
    level = levels_of(cohort.study, rows, scale)
    if scale == "grade" and compared:
        least = lower_bounds(rows, level, scale)
        stated = level.fillna(least.where(least > 1))
        kept = one_scale(cohort, rows, stated, grading_scale)
        other = stated.notna() & kept.isna()
        return level.mask(other), least.mask(other, 1.0)
    return level, lower_bounds(rows, level, scale)


def with_verdict(episodes: pd.DataFrame, severe: Severe) -> pd.DataFrame:
    """Return episodes with whether each counts, and whether it might.

    Those that began before the infusion do neither.
    """
    after = ~episodes["before"] if "before" in episodes else True
    counts = (episodes["least"] >= max(severe.least, 1)) & after
    return episodes.assign(counts=counts, unknown=episodes["level"].isna() & ~counts & after)


def levels_of(study: Study, rows: pd.DataFrame, scale: str) -> pd.Series:
    """Return each episode's grade, or the place of its severity from 1; NaN where missing."""
    if scale not in rows:
        return pd.Series(np.nan, rows.index)
    if scale == "grade":
        return rows["grade"].astype(float)
    codes = {name: i for i, name in enumerate(study.vocabulary.names("severity"), start=1)}
    return rows["severity"].map(codes).astype(float)


def one_scale(
    cohort: Cohort,
    rows: pd.DataFrame,
    level: pd.Series,
    grading_scale: str | Mapping[str, str] | None,
) -> pd.Series:
    """Return the grades of one scale for each term; grades on another become missing."""
    if "grading_scale" not in rows:
        if grading_scale is not None:
            raise CarstatsError(
                message("`grading_scale` is given, and no episode states its scale.")
            )
        return level
    level = level.copy()
    everyone = cohort.study.table("toxicities")
    # A table has few distinct scales: read each once.
    stated = rows["grading_scale"].map(lru_cache(scale_family))
    chosen = grading_scale if isinstance(grading_scale, Mapping) else {}
    for name in [n for n in chosen if n not in set(everyone["term"])]:
        cohort.study.vocabulary.require("grading_scale", "toxicity", name)
    for term, part in rows[level.notna()].groupby("term", sort=False):
        scales = stated[part.index]
        wanted = chosen.get(term) if isinstance(grading_scale, Mapping) else grading_scale
        has = list(dict.fromkeys(scales))
        if wanted is None and len(has) > 1:
            where = message("; ").join(
                message(
                    "{scale}: rows {rows}",
                    scale=scale,
                    rows=listed_rows(_of_scale(everyone, term, scale)),
                )
                for scale in has
            )
            raise CarstatsError(
                message(
                    "{term} is graded on {n} scales, which are not interchangeable ({where} of "
                    "the toxicities). Choose one with `grading_scale`.",
                    term=repr(term),
                    n=len(has),
                    where=where,
                )
            )
        if wanted is not None:
            check_choice("grading_scale", scale_family(wanted), has)
            level.loc[part.index[(scales != scale_family(wanted)).to_numpy()]] = np.nan
    return level


def _of_scale(everyone: pd.DataFrame, term: str, scale: str) -> pd.Series:
    graded = everyone["grade"].notna() & (everyone["term"] == term)
    return graded & (everyone["grading_scale"].map(scale_family) == scale)


def scale_family(scale: object) -> str:
    """Return what makes grades comparable: the scale without its version or remarks.

    "CTCAE 4.03" and "CTCAE v5 (revised)" are CTCAE; "CTCAE v6", which grades neutrophils and
    platelets otherwise, is a scale of its own; "Lee 2014", "Penn" and "ASTCT" are three.
    """
    if not isinstance(scale, str) or not scale.strip() or scale.strip() == UNSTATED:
        return UNSTATED
    text = scale.split("(")[0].strip()
    if _CTCAE_6.match(text):
        return "CTCAE v6"
    return next((name for name in _VERSIONED if text.startswith(name)), text)


def _column(rows: pd.DataFrame, name: str, otherwise: object) -> pd.Series:
    return rows[name] if name in rows else pd.Series(otherwise, rows.index, dtype=object)


def asked(subjects: pd.DataFrame, term: str) -> pd.DataFrame:
    """Return the subjects of whom a toxicity is asked: graft-versus-host disease of some only."""
    return subjects[term_applies(subjects, term)]


def nobody_asked(stratum: pd.DataFrame, term: str) -> str:
    """Return the note of a stratum without subjects, or to which a toxicity does not apply."""
    if not len(stratum):
        return message("no subjects")
    return "" if term_applies(stratum, term).any() else message("does not apply")


def left_unasked(stratum: pd.DataFrame, term: str) -> str:
    """Return how many of a stratum a toxicity is not asked of, where it is asked of others."""
    n = counted(stratum[~term_applies(stratum, term)])
    return message("{n} to whom it does not apply", n=n) if 0 < n < counted(stratum) else ""


def followup_end(subjects: pd.DataFrame) -> pd.Series:
    """Return the day on which each subject's follow-up ended: last contact or death."""
    last = subjects["last_contact_day"].astype(float)
    if "death_day" not in subjects:
        return last
    return np.maximum(last, subjects["death_day"].astype(float).fillna(-np.inf))


def died(subjects: pd.DataFrame) -> pd.Series:
    """Return whether each subject's follow-up ended by death."""
    if "death_day" not in subjects:
        return pd.Series(False, subjects.index)
    return subjects["death_day"].notna()


def checked_windows(window) -> list[tuple[float, float]]:
    """Return windows of days as pairs, in the order given."""
    if isinstance(window, str):
        window = check_choice("window", window, ("standard",))
        return list(STANDARD_WINDOWS)
    window = list(window) if isinstance(window, Iterable) else [window]
    pairs = window if window and isinstance(window[0], list | tuple) else [window]
    for pair in pairs:
        fine = (
            isinstance(pair, list | tuple)
            and len(pair) == 2
            and all(hasattr(day, "__float__") for day in pair)
            and 0 <= float(pair[0]) <= float(pair[1])
        )
        if not fine:
            raise CarstatsError(
                message(
                    "`window` is {window}; it takes the first and last day of onset, such as (0, "
                    "30), several such pairs, or 'standard'.",
                    window=repr(window),
                )
            )
    return [(float(low), float(high)) for low, high in pairs]


def zero_note(n: int, k: int, high: float) -> str:
    """Say what no event among so few rules out: ``"0 of 15: at most 21.8 %"``."""
    if not n or k or high != high:
        return ""
    return message("0 of {n}: at most {high} %", n=n, high=f"{100 * high:.1f}")


def none_in_years(years: float, high: float) -> str:
    """Say what no event in so many person-years rules out, in three figures."""
    figures = f"{float(f'{high:.3g}'):g}"
    seen = f"{years:.1f}" if years >= 0.1 else f"{years:.1g}"
    return message("0 in {years} person-years: at most {high}", years=seen, high=figures)


def term_words(study: Study, terms: Iterable[str]) -> str:
    """Return the printed names of terms, for a title."""
    first, *others = (study.vocabulary.label("toxicity", name) for name in terms)
    return message(", ").join([first, *map(within_sentence, others)])


def term_labels(study: Study, terms: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the printed label of each term, for `Result.labels`."""
    return {"term": {name: study.vocabulary.label("toxicity", name) for name in terms}}
