"""`study.toml`: what it may hold, checked before any data are touched."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from carstats.data.dates import ORDERS
from carstats.data.day_units import TIME_UNITS
from carstats.data.formats import decoded
from carstats.data.measure_settings import declared_measures
from carstats.data.rule_settings import RULE_SECTIONS, rule_problems
from carstats.data.schema import TABLES
from carstats.errors import CarstatsError, Problem, listed
from carstats.messages import message
from carstats.vocabulary import CATEGORIES, Term, Vocabulary

FILE_NAME = "study.toml"
FROM_DATA = "from data"
# Control characters and those that turn the direction of writing, of the words after them too.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_STUDY_KEYS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "synthetic": (bool,),
    "file": (str,),
    "sheet": (str,),
    "header_row": (int,),
    "encoding": (str,),
    "infusion_date": (str,),
    "enrolment_date": (str,),
    "cutoff_date": (str, date),
    "missing": (list,),
    "date_order": (str,),
    "pseudonymise": (bool,),
}
_TABLE_KEYS: dict[str, tuple[type, ...]] = {
    "file": (str,),
    "sheet": (str,),
    "header_row": (int,),
    "where": (dict,),
    "columns": (dict,),
    "values": (dict,),
    "constants": (dict,),
}
# What only one table has.
_OWN_KEYS: dict[str, dict[str, tuple[type, ...]]] = {
    "assessments": {"missing": (list, dict), "range": (dict,)},
    "events": {"others": (str,)},
}
CENSORED_OTHERS = "censored at last contact"
_COLUMN = (str, list, dict)
_CONSTANT = (str, dict)
_TERM_KEYS: dict[str, dict[str, tuple[type, ...]]] = {
    "subjects": {},
    "infusions": {"date": _COLUMN, "planned": (bool,), "dose": _COLUMN, "product": _CONSTANT},
    "assessments": {"columns": (dict,), "unit": _CONSTANT, "missing": (list,), "range": (list,)},
    "medications": {
        "drug_class": (str,),
        "start": _COLUMN,
        "stop": _COLUMN,
        "present": _COLUMN,
        "prednisone_equivalent_mg": _COLUMN,
        "reason": _CONSTANT,
    },
    "toxicities": {
        "grade": _COLUMN,
        "present": _COLUMN,
        "onset": _COLUMN,
        "resolution": _COLUMN,
        "severity": _COLUMN,
        "serious": _COLUMN,
        "grading_scale": _CONSTANT,
        "system": _CONSTANT,
        "attribution": _COLUMN,
    },
    "events": {
        "date": _COLUMN,
        "time": _COLUMN,
        "status": _COLUMN,
        "censor": _COLUMN,
        "low": _COLUMN,
        "competing": (dict,),
        "values": (dict,),
    },
    "responses": {"columns": (dict,)},
}
_TERM_CATEGORY = {
    "assessments": "measure",
    "toxicities": "toxicity",
    "events": "endpoint",
    "responses": "endpoint",
}
_ADAM_KEYS = {
    "competing": (dict,),
    "treatment_emergent": (bool,),
    "aval_is_study_day": (bool,),
}
_WORDS = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    list: "a list",
    dict: "a table",
}
# A column of one's own may be called anything, but hardly this close to one of carstats'.
_TYPING_ERROR = 0.9


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
    """

    data: dict = field(default_factory=dict)
    name: str = FILE_NAME
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    from_data: set[str] = field(default_factory=set)

    @property
    def study(self) -> dict:
        """The section ``[study]``."""
        return self.data.get("study", {})

    def table(self, name: str) -> dict:
        """Return a table's section without its terms."""
        return {k: v for k, v in self.data.get(name, {}).items() if k in _TABLE_KEYS}

    def terms(self, name: str) -> dict[str, dict]:
        """Return a table's sections for single terms that map something."""
        keys = {*_TABLE_KEYS, *_OWN_KEYS.get(name, {})}
        found = {k: v for k, v in self.data.get(name, {}).items() if k not in keys}
        if name == "assessments":
            return {k: v for k, v in found.items() if "columns" in v}
        return found

    def headings(self, table: str) -> set[str]:
        """Return the headings that the mapping reads for a table or for the subjects' clocks."""
        found = {self.study.get(f"{name}_date") for name in ("infusion", "enrolment", "cutoff")}
        found |= _texts(self.table(table).get("columns", {}))
        for spec in self.terms(table).values():
            found |= _texts(spec) | set(spec.get("columns", {}))
        return {name for name in found if isinstance(name, str)}

    @property
    def maps(self) -> bool:
        """Whether it maps anything, or only names the study and its vocabulary."""
        plain = {"name", "synthetic", "encoding"}
        tables = (name for name in TABLES if self.data.get(name))
        return bool(set(self.study) - plain) or any(
            self.table(name) or self.terms(name) or not _OWN_KEYS.get(name) for name in tables
        )

    @property
    def others_censored(self) -> bool:
        """Whether whoever has no row of an endpoint is censored at the last contact."""
        return "others" in self.data.get("events", {})


def _texts(spec: object) -> set[str]:
    if isinstance(spec, str):
        return {spec}
    inner = spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ()
    return set().union(*map(_texts, inner))


def read_settings(path: Path, data: bytes) -> dict:
    """Return the contents of a TOML file.

    Parameters
    ----------
    path : Path
        The file.
    data : bytes
        Its bytes.

    Returns
    -------
    dict
        Its contents, not yet checked.

    Raises
    ------
    CarstatsError
        If it is not TOML; the message has the line.
    """
    try:
        return tomllib.loads(decoded(data, path.name))
    except tomllib.TOMLDecodeError as error:
        remedy = "A heading or value that is not plain a-z, 0-9, _ or - stands in quotation marks."
        raise CarstatsError(Problem(f"is not TOML: {error}.", path.name, remedy=remedy)) from None


def check_settings(data: dict, name: str = FILE_NAME, adam: bool = False) -> Settings:
    """Check the contents of a `study.toml`.

    Parameters
    ----------
    data : dict
        The contents.
    name : str, optional
        What messages call it.
    adam : bool, optional
        Whether it may hold a section ``[adam]``.

    Returns
    -------
    Settings
        The same, checked.

    Raises
    ------
    CarstatsError
        With every unknown key and wrong type.
    """
    checker = _Checker(name)
    sections = dict.fromkeys([*TABLES, "study", "vocabulary", *RULE_SECTIONS], (dict,))
    if adam:
        sections["adam"] = (dict,)
    checker.keys(data, sections, "")
    if checker.problems:
        raise CarstatsError(checker.problems)
    checker.keys(data.get("study", {}), _STUDY_KEYS, "study")
    checker.keys(data.get("adam", {}), _ADAM_KEYS, "adam")
    checker.printable("[study] name", data.get("study", {}).get("name"))
    order = data.get("study", {}).get("date_order")
    if order is not None and order not in ORDERS:
        checker.add(f"[study] date_order is {order!r}; allowed: {listed(ORDERS)}.")
    for what, remedy in rule_problems(data):
        checker.add(what, remedy or None)
    vocabulary, from_data = checker.vocabulary(data.get("vocabulary", {}))
    vocabulary, faults = declared_measures(data.get("assessments", {}), vocabulary)
    for what, remedy in faults:
        checker.add(what, remedy)
    others = data.get("events", {}).get("others", CENSORED_OTHERS)
    if others != CENSORED_OTHERS:
        checker.add(
            message(
                "[events] others is {given}; allowed: {allowed}.",
                given=repr(others), allowed=repr(CENSORED_OTHERS),
            )
        )  # fmt: skip
    for table in TABLES:
        checker.table(table, data.get(table, {}), vocabulary, from_data)
    if checker.problems:
        raise CarstatsError(checker.problems)
    return Settings(data, name, vocabulary, from_data)


class _Checker:
    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []

    def add(self, what: str, remedy: str | None = None) -> None:
        self.problems.append(Problem(what, self.name, remedy=remedy))

    def keys(self, section: dict, allowed: dict[str, tuple[type, ...]], where: str) -> None:
        place = f"[{where}] " if where else ""
        for key, value in section.items():
            if key not in allowed:
                self.unknown(key, allowed, where)
            elif key == "header_row" and isinstance(value, int) and value < 1:
                self.add(f"{place}header_row is {value!r}; the first row is 1.")
            elif not isinstance(value, allowed[key]) or (
                isinstance(value, bool) and bool not in allowed[key]
            ):
                words = " or ".join(_WORDS[t] for t in allowed[key] if t in _WORDS)
                self.add(f"{place}{key} is {value!r}; it takes {words}.")

    def unknown(self, key: str, allowed, where: str) -> None:
        close = difflib.get_close_matches(key, list(allowed), 1, 0.6)
        hint = f"Did you mean {close[0]!r}?" if close else f"Known are {listed(allowed, 20)}."
        self.add(f"[{where}] has no key {key!r}." if where else f"[{key}] is no section.", hint)

    def printable(self, what: str, text: object) -> None:
        if isinstance(text, str) and _UNSEEN.search(text):
            remedy = "Write it anew on one line."
            self.add(f"{what} is {text!a}, with characters that cannot be seen.", remedy)

    def vocabulary(self, section: dict) -> tuple[Vocabulary, set[str]]:
        from_data, added = set(), {}
        for category, terms in section.items():
            if category not in CATEGORIES:
                self.unknown(category, CATEGORIES, "vocabulary")
            elif terms == FROM_DATA:
                from_data.add(category)
            else:
                added[category] = [t for t in map(self.term, self.listing(category, terms)) if t]
        return Vocabulary().extended(**added), from_data

    def listing(self, category: str, terms: object) -> list:
        if isinstance(terms, dict):
            return [{"name": name, "group": group} for name, group in terms.items()]
        if isinstance(terms, list):
            kinds = [t if isinstance(t, dict) else {"name": t} for t in terms]
            if category != "endpoint" or all(t.get("group") for t in kinds):
                return kinds
            remedy = 'Write endpoint = { "name" = "time-to-event" } or "response".'
            self.add("[vocabulary] endpoint does not say of what kind its terms are.", remedy)
            return []
        self.add(
            f'[vocabulary] {category} is {terms!r}; it takes a list of terms or "{FROM_DATA}".'
        )
        return []

    def term(self, given: dict) -> Term | None:
        known = {"name", "label", "aliases", "group"}
        if set(given) <= known and all(
            isinstance(v, list if k == "aliases" else str) and v for k, v in given.items()
        ):
            for key in ("name", "label"):
                self.printable(f"[vocabulary] {key}", given.get(key))
            return Term(**{**given, "aliases": tuple(given.get("aliases", ()))})
        self.add(
            f"[vocabulary] {given!r} is no term; it has a name, and may have label, aliases, group."
        )
        return None

    def table(self, name: str, section: dict, vocabulary: Vocabulary, from_data: set[str]) -> None:
        allowed = {**_TABLE_KEYS, **_OWN_KEYS.get(name, {})}
        own = {k: v for k, v in section.items() if k in allowed}
        self.keys(own, allowed, name)
        columns = own.get("columns", {})
        known = [*TABLES[name].names(), *(["date"] if name == "events" else [])]
        for part in ("columns", "constants", "values"):
            for column in own.get(part, {}) if isinstance(own.get(part, {}), dict) else ():
                close = difflib.get_close_matches(column, known, 1, _TYPING_ERROR)
                if column not in known and close:
                    remedy = f"Did you mean {close[0]!r}? Else choose another name."
                    self.add(f"[{name}.{part}] has {column!r}.", remedy)
        for column, spec in columns.items() if isinstance(columns, dict) else ():
            self.column(spec, f"[{name}.columns] {column}")
        for column, recodes in own.get("values", {}).items():
            if not isinstance(recodes, dict):
                self.add(f'[{name}.values.{column}] takes pairs such as "男" = "M".')
        for term, keys in section.items():
            if term in allowed:
                continue
            if not isinstance(keys, dict) or not _TERM_KEYS[name]:
                self.unknown(term, {**allowed, **_TERM_KEYS[name]}, name)
                continue
            self.one_term(name, term, keys, vocabulary, from_data)

    def one_term(self, name, term, keys, vocabulary: Vocabulary, from_data: set[str]) -> None:
        where = f"{name}.{term}"
        category = _TERM_CATEGORY.get(name)
        if category and vocabulary.canonical(category, term) is None and category not in from_data:
            allowed = [*vocabulary.names(category), *_TABLE_KEYS]
            close = difflib.get_close_matches(term, allowed, 1, 0.5)
            hint = f"Did you mean {close[0]!r}? " if close else ""
            self.add(
                f"[{where}]: {term!r} is not in the vocabulary.",
                f"{hint}A term of the study's own is added under [vocabulary] {category}.",
            )
        if name == "infusions" and not (term.isdigit() and int(term)):
            self.add(f"[{where}]: an infusion has a number, such as [infusions.2].")
        self.keys(keys, _TERM_KEYS[name], where)
        for key, spec in keys.items():
            if isinstance(spec, dict) and key in ("competing", "columns"):
                for cause, inner in spec.items():
                    if key == "competing" or not isinstance(inner, int | float):
                        self.column(inner, f"[{where}] {key} {cause}")
            elif key not in ("values", "missing", "range") and isinstance(spec, dict | list):
                self.column(spec, f"[{where}] {key}")
        needs = {"events": ("date", "time"), "toxicities": ("grade", "present", "severity"),
                 "responses": ("columns",), "assessments": ("columns",),
                 "medications": ("start", "stop", "present")}.get(name)  # fmt: skip
        declares = name == "assessments" and set(keys) & {"missing", "range"}
        if needs and not set(needs) & set(keys) and not declares:
            self.add(f"[{where}] needs {' or '.join(needs)}.")
        if name == "medications" and "drug_class" not in keys:
            self.add(f'[{where}] needs drug_class, such as "glucocorticoid".')
        if name == "events" and "status" in keys and "time" not in keys:
            self.add(f"[{where}] has a status but no time.", "Give both, or a date alone.")

    def column(self, spec: object, where: str) -> None:
        if isinstance(spec, dict):
            known = {"column", "where", "unit"}
            good = isinstance(spec.get("column"), str | list) and set(spec) <= known
            good = good and isinstance(spec.get("where", {}), dict)
            if good and spec.get("unit", "days") not in TIME_UNITS:
                self.add(
                    message(
                        "{place} has the unit {unit}; allowed: {allowed}.",
                        place=where, unit=repr(spec["unit"]), allowed=listed(TIME_UNITS),
                    )
                )  # fmt: skip
            spec = spec.get("column") if good else None
        if not (isinstance(spec, str) or (isinstance(spec, list) and spec
                and all(isinstance(s, str) for s in spec))):  # fmt: skip
            self.add(
                f"{where} takes a heading, a list of headings or"
                " {{ column = …, where = {{…}}, unit = … }}."
            )
