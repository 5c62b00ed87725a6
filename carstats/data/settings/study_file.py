"""`study.toml`: what it may hold, checked before any data are touched."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from carstats.data.formats.encodings import decoded
from carstats.data.schema import TABLES
from carstats.data.settings.check import Checker
from carstats.data.settings.keys import (
    ADAM_KEYS,
    OWN_KEYS,
    PLAIN_KEYS,
    STUDY_KEYS,
    TABLE_KEYS,
    VISIT_TERM_KEYS,
    texts_of,
)
from carstats.data.settings.measures import declared_measures, wrong_words
from carstats.data.settings.rules import RULE_SECTIONS, rule_problems
from carstats.data.settings.visits import check_visits
from carstats.data.vocabulary import Vocabulary
from carstats.errors import CarstatsError, Problem
from carstats.messages import message

FILE_NAME = "study.toml"
_LONG_NAME = re.compile(r"[\w\"'-](?:[ \t]*\.[ \t]*[\w\"'-]+){60,}")


@dataclass
class Settings:
    """A checked `study.toml`.

    Attributes
    ----------
    data : dict
        What it holds, as TOML gives it.
    name : str
        What messages call it.
    vocabulary : Vocabulary
        carstats' terms and the study's own.
    from_data : set of str
        The categories whose terms are whatever the data hold.
    assumed : dict
        By table and column, the recodes that carstats itself adds: no cell need have them.
    """

    data: dict = field(default_factory=dict)
    name: str = FILE_NAME
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    from_data: set[str] = field(default_factory=set)
    assumed: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def may_be_empty(self, table: str) -> bool:
        """Return whether the mapping says that a condition of a table may take no row."""
        return self.data.get(table, {}).get("may_be_empty") is True

    @property
    def study(self) -> dict:
        """The section ``[study]``."""
        return self.data.get("study", {})

    def table(self, name: str) -> dict:
        """Return a table's section without its terms."""
        return {k: v for k, v in self.data.get(name, {}).items() if k in TABLE_KEYS}

    def terms(self, name: str) -> dict[str, dict]:
        """Return a table's sections for single terms that map something."""
        keys = {*TABLE_KEYS, *OWN_KEYS.get(name, {})}
        found = {k: v for k, v in self.data.get(name, {}).items() if k not in keys}
        if name == "assessments":
            return {k: v for k, v in found.items() if "columns" in v}
        return found

    def headings(self, table: str) -> set[str]:
        """Return the headings that the mapping reads for a table or for the subjects' clocks."""
        found = {self.study.get(f"{name}_date") for name in ("enrolment", "cutoff")}
        found |= self.infusion_headings()
        for spec in self.table(table).get("columns", {}).values():
            found |= _headings(spec)
        for spec in self.terms(table).values():
            found |= texts_of(spec) | set(spec.get("columns", {}))
        found |= set(self.table(table).get("where", {}))
        for visit in self.visits:
            found |= set().union(*(set(visit.get(part, {})) for part in VISIT_TERM_KEYS))
            found |= set(visit.get("where", {}))
            for spec in visit.get("columns", {}).values():
                found |= _headings(spec)
        # A heading that stands twice is found by its name without its place.
        return {re.sub(r"#\d+$", "", name) for name in found if isinstance(name, str)}

    def infusion_headings(self) -> set[str]:
        """Return the headings that hold the dates of the infusions."""
        return _headings(self.study.get("infusion_date"))

    @property
    def visits(self) -> list[dict]:
        """The sections of the sheets that have a row per visit."""
        given = self.data.get("visits", [])
        return given if isinstance(given, list) else [given]

    @property
    def maps(self) -> bool:
        """Whether it maps anything, or only names the study and its vocabulary."""
        tables = (name for name in TABLES if self.data.get(name))
        return bool(set(self.study) - PLAIN_KEYS or self.visits) or any(
            self.table(name) or self.terms(name) or not OWN_KEYS.get(name) for name in tables
        )

    @property
    def others_censored(self) -> bool:
        """Whether whoever has no row of an endpoint is censored at the last contact."""
        return "others" in self.data.get("events", {})


def _headings(spec: object) -> set[str]:
    if isinstance(spec, dict):
        where = set(spec["where"]) if isinstance(spec.get("where"), dict) else set()
        if isinstance(spec.get("checkboxes"), dict):
            return set(spec["checkboxes"]) | where
        return texts_of(spec.get("join", spec.get("column"))) | where
    return texts_of(spec)


def read_settings(path: Path, data: bytes) -> dict:
    """Return the contents of a TOML file."""
    text = decoded(data, path.name)[0]
    # The parser's time grows with the square of the parts of a name.
    if _LONG_NAME.search(text):
        raise CarstatsError(Problem(message("is nested too deep."), path.name))
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        remedy = message(
            "A heading or value that is not plain a-z, 0-9, _ or - stands in quotation marks."
        )
        what = message("is not TOML: {error}.", error=error)
        raise CarstatsError(Problem(what, path.name, remedy=remedy)) from None
    except RecursionError:
        what = message("is nested too deep.")
        raise CarstatsError(Problem(what, path.name)) from None


def check_settings(data: dict, name: str = FILE_NAME, adam: bool = False) -> Settings:
    """Check the contents of a `study.toml`."""
    checker = Checker(name)
    checker.well_formed(data)
    if checker.problems:
        raise CarstatsError(checker.problems)
    sections = dict.fromkeys([*TABLES, "study", "vocabulary", *RULE_SECTIONS], (dict,))
    sections["visits"] = (dict, list)
    if adam:
        sections["adam"] = (dict,)
    checker.keys(data, sections, "")
    if checker.problems:
        raise CarstatsError(checker.problems)
    checker.keys(data.get("study", {}), STUDY_KEYS, "study")
    checker.keys(data.get("adam", {}), ADAM_KEYS, "adam")
    checker.printable("[study] name", data.get("study", {}).get("name"))
    checker.choices(data.get("study", {}))
    checker.undecided(data.get("study", {}).get("undecided"))
    for what, remedy in rule_problems(data):
        checker.add(what, remedy or None)
    vocabulary, from_data = checker.vocabulary(data.get("vocabulary", {}))
    vocabulary, faults = declared_measures(data.get("assessments", {}), vocabulary)
    for what, remedy in [*faults, *wrong_words(data)]:
        checker.add(what, remedy)
    for table in TABLES:
        checker.table(table, data.get(table, {}), vocabulary, from_data)
    check_visits(checker, data, vocabulary, from_data)
    if checker.problems:
        raise CarstatsError(checker.problems)
    return Settings(data, name, vocabulary, from_data)
