"""One subject's blood counts and IgG through the rules of their toxicities, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from carstats.endpoints.derive.daily_sheets import samples
from carstats.endpoints.derive.toxicity_episodes import CYTOPENIAS, icaht_courses
from carstats.endpoints.record.visits import Visits
from carstats.endpoints.rules.toxicity.ctcae import ctcae_grade
from carstats.messages import mark, message


def grade_words(grade: float, at_least: float = np.nan) -> str:
    """Return a grade in words: ``"grade 3"``, ``"grade 3 or more"``, ``"no grade"``."""
    if not pd.isna(grade):
        return message("grade {grade}", grade=f"{grade:g}")
    if not pd.isna(at_least):
        return message("grade {grade} or more", grade=f"{at_least:g}")
    return message("no grade")


def icaht_lines(visits: Visits, subject: object) -> Iterator[str]:
    """Yield the grades of ICAHT with the days that decided them."""
    seen = False
    for name, found in icaht_courses(visits):
        for row in found[found["subject_id"] == subject].itertuples():
            seen = True
            exact = row.grade == row.grade
            yield message(
                "{measure}, {scale}: {grade}; values on {n} days, {rule}",
                measure=visits.study.vocabulary.label("measure", name),
                scale=row.grading_scale,
                grade=grade_words(row.grade)
                if exact or row.grade_low != row.grade_low
                else message(
                    "grade {low} to {high}", low=f"{row.grade_low:g}", high=f"{row.grade_high:g}"
                ),
                n=row.n_values,
                rule=message(_RULE_WORDS.get(row.rule, row.rule)),
            )
            days = [
                (message(words), getattr(row, f"{column}_low"), getattr(row, f"{column}_high"))
                for column, words in _DAY_WORDS.items()
                if hasattr(row, f"{column}_low")
            ]
            for what, low, high in days:
                if low == high:
                    yield message("  days {what}: {low}", what=what, low=f"{low:g}")
                elif low == low:
                    yield message(
                        "  days {what}: {low} to {high}",
                        what=what,
                        low=f"{low:g}",
                        high=f"{high:g}",
                    )
    if not seen:
        yield message("no counts of this subject")


_DAY_WORDS = {
    "days_severe": mark("at or below 500/µL"),
    "days_profound": mark("at or below 100/µL"),
    "days_low": mark("below 50 × 10⁹/L"),
    "days_very_low": mark("below 20 × 10⁹/L"),
}
_RULE_WORDS = {
    "daily values": mark("a value every day"),
    "last value carried forward": mark("days without a value carried forward"),
    "interval bounds": mark("longer gaps leave bounds"),
    "no values": mark("no values"),
    "values as measured": mark("as measured"),
}


def cytopenia_lines(name: str) -> Callable[[Visits, object], Iterator[str]]:
    """Return what explains the grades of a blood count."""

    def lines(visits: Visits, subject: object) -> Iterator[str]:
        rows = samples(visits, name, 0)
        rows = rows[rows["subject_id"] == subject].sort_values("day")
        version = visits.rules.ctcae_version
        grades = ctcae_grade(rows["value"], CYTOPENIAS[name][1], version=version)
        low = grades >= 2
        yield message(
            "days with a value from day 0 on: {n}, of grade 2 or more by CTCAE {version}: {low}",
            n=len(rows),
            low=int(low.sum()),
            version=version,
        )
        for day, value, grade in zip(
            rows["day"][low], rows["value"][low], grades[low], strict=True
        ):
            yield message(
                "day {day}: grade {grade}: {value} {unit}",
                day=f"{day:g}",
                grade=f"{grade:g}",
                value=f"{value:g}",
                unit="g/dL" if name == "haemoglobin" else "× 10⁹/L",
            )

    return lines


def igg_lines(visits: Visits, subject: object) -> Iterator[str]:
    """Yield every IgG of a subject."""
    rows = samples(visits, "IgG")
    rows = rows[rows["subject_id"] == subject].sort_values("day")
    if not len(rows):
        yield message("no IgG of this subject")
    for row in rows.itertuples():
        yield message("day {day}: IgG {value} g/L", day=f"{row.day:g}", value=f"{row.value:g}")
