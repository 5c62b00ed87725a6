"""What the template's sheets and columns are, and the mapping by which they are read."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from carstats.data.formats.files import WORKBOOKS, Files
from carstats.data.measures import MEASURE_TABLE

LANGUAGES = ("en", "zh")
# The sheet of explanations; by its name a workbook is known as the template.
GUIDE = {"en": "carstats guide", "zh": "carstats 说明"}
TITLES = {
    "subjects": {"en": "Subjects", "zh": "受试者"},
    "visits": {"en": "Visits", "zh": "访视"},
    "toxicities": {"en": "Toxicities", "zh": "毒性"},
    "medications": {"en": "Drugs", "zh": "用药"},
}
_OF_SUBJECTS = ("subjects", "study", "infusions.1", "events.relapse")


@dataclass(frozen=True)
class Field:
    """One column of the template: where it goes, what it may hold, its heading and example."""

    place: str
    name: str
    kind: str
    allowed: str
    heading: dict[str, str]
    help: dict[str, str]
    example: dict[str, str]

    @property
    def sheet(self) -> str:
        """The sheet that it stands on."""
        return "subjects" if self.place in _OF_SUBJECTS else self.place


@cache
def fields() -> tuple[Field, ...]:
    """Return the template's columns in order."""
    path = Path(__file__).with_name("columns.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Field(row["sheet"], row["name"], row["kind"], row["allowed"],
                  *({lang: row[f"{part}{lang}"] for lang in LANGUAGES}
                    for part in ("", "help_", "example_")))
            for row in csv.DictReader(file)
        )  # fmt: skip


def example_id(lang: str) -> str:
    """Return the identifier of the example row, which is never read."""
    return next(f.example[lang] for f in fields() if f.kind == "id")


def template_language(path: Path, files: Files) -> str | None:
    """Return the language of a workbook that is the template; None if it is none."""
    if path.suffix.lower() not in WORKBOOKS:
        return None
    titles = files.sheet_names(path)
    return next((lang for lang, title in GUIDE.items() if title in titles), None)


def template_mapping(path: Path, lang: str) -> dict:
    """Return the mapping by which a workbook of the template is read."""

    def on(place: str) -> dict[str, str]:
        return {f.name: f.heading[lang] for f in fields() if f.place == place}

    study = on("study")
    person = next(f.heading[lang] for f in fields() if f.kind == "id")
    # The example row is left out of every sheet, wherever it was not typed over.
    typed = {person: {"not": example_id(lang)}}
    mapping: dict = {
        "study": {"file": path.name, "sheet": TITLES["subjects"][lang], **study},
        "subjects": {
            "columns": on("subjects"),
            "where": typed,
        },
        "infusions": {"1": on("infusions.1")},
        "events": {"relapse": on("events.relapse")},
    }
    for table in ("toxicities", "medications"):
        mapping[table] = {"sheet": TITLES[table][lang], "may_be_empty": True, "where": typed,
                          "columns": on(table)}  # fmt: skip
    mapping["visits"] = {**_visits(lang), "where": typed, "may_be_empty": True}
    return mapping


def _visits(lang: str) -> dict:
    rows = [f for f in fields() if f.place == "visits"]
    measures = {}
    for f in rows:
        if f.kind.startswith("measure"):
            unit = f.kind.partition(":")[2] or MEASURE_TABLE[f.name].unit
            measures[f.heading[lang]] = {"measure": f.name, "unit": unit}
    return {
        "sheet": TITLES["visits"][lang],
        "columns": {f.name: f.heading[lang] for f in rows if f.name in ("subject_id", "day")},
        "measures": measures,
        "responses": {f.heading[lang]: f.name for f in rows if f.kind == "flag"},
        "medications": {
            f.heading[lang]: {"drug": "prednisone", "drug_class": "glucocorticoid",
                              "amount": "prednisone_equivalent_mg"}
            for f in rows if f.kind == "dose"
        },
    }  # fmt: skip


def limits_of(field: Field) -> tuple[float, float] | None:
    """Return the smallest and largest number that a column takes; None if it takes any."""
    if field.kind.startswith("measure"):
        known = MEASURE_TABLE[field.name]
        unit = field.kind.partition(":")[2]
        how = known.units[unit] if unit else None
        low, high = known.low, known.high
        return (low / how.factor, high / how.factor) if how else (low, high)
    found = re.fullmatch(r"(\d+):(\d+)", field.allowed)
    return (float(found[1]), float(found[2])) if found else None
