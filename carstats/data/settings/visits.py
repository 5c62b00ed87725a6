"""The check of ``[visits]``: the sheets that have a row per visit."""

from __future__ import annotations

from carstats.data.settings.check import Checker
from carstats.data.settings.keys import VISIT_KEYS, VISIT_TERM_KEYS
from carstats.data.vocabulary import Vocabulary
from carstats.errors import listed
from carstats.messages import message

_CATEGORY = {"measures": "measure", "events": "endpoint", "responses": "endpoint"}
_COLUMNS = ("subject_id", "day", "adequate", "visit")
_AMOUNTS = ("prednisone_equivalent_mg", "dose")
_BLANKS = ("no", "unknown")


def check_visits(checker: Checker, data: dict, vocabulary: Vocabulary, from_data: set[str]) -> None:
    """Note what is wrong with each section of visits."""
    given = data.get("visits", [])
    for section in given if isinstance(given, list) else [given]:
        if not isinstance(section, dict):
            checker.add(message("[visits] is {value!r}; it takes a table.", value=section))
            continue
        checker.keys(section, VISIT_KEYS, "visits")
        checker.condition(section.get("where"), "[visits] where")
        columns = section.get("columns", {})
        columns = columns if isinstance(columns, dict) else {}
        for column in set(columns) - set(_COLUMNS):
            checker.unknown(column, _COLUMNS, "visits.columns")
        for column, spec in columns.items():
            checker.column(spec, f"[visits.columns] {column}")
        if "day" not in columns:
            what = message("[visits.columns] names no day, which every visit has.")
            remedy = message("Write {line}.", line='day = "…"')
            checker.add(what, remedy)
        parts = {part: section.get(part, {}) for part in VISIT_TERM_KEYS}
        if not any(parts.values()):
            names = listed(VISIT_TERM_KEYS)
            checker.add(message("[visits] reads nothing; it takes {names}.", names=names))
        for part, headings in parts.items():
            for heading, spec in headings.items() if isinstance(headings, dict) else ():
                _check_term(checker, part, heading, spec, vocabulary, from_data)
        taken = {term_of(spec, "endpoint") for spec in parts["events"].values()}
        for endpoint in data.get("events", {}):
            if endpoint in taken:
                what = message("[visits] events and [events.{term}] both give it.", term=endpoint)
                checker.add(what, message("Keep one of them."))


def term_of(spec: object, key: str) -> str:
    """Return the term that a heading of a visits' sheet is mapped to."""
    return str(spec.get(key, "")) if isinstance(spec, dict) else str(spec)


def _check_term(
    checker: Checker, part: str, heading: str, spec: object, vocabulary: Vocabulary, from_data
) -> None:
    place = f"visits.{part}.{heading}"
    keys = VISIT_TERM_KEYS[part]
    key = next(iter(keys))
    if isinstance(spec, dict):
        checker.keys(spec, keys, place)
    if not isinstance(spec, dict | str) or not term_of(spec, key):
        example = f'"{heading}" = {{ {key} = "…" }}'
        checker.add(message("[{place}] names no {key}: {example}.", place=place, key=key,
                            example=example))  # fmt: skip
        return
    if part in _CATEGORY:
        term = term_of(spec, key)
        checker.known_term(place, _CATEGORY[part], term, vocabulary, from_data)
    told = spec if isinstance(spec, dict) else {}
    if part == "medications" and "drug_class" not in told:
        what = message(
            "[{section}] needs drug_class, such as {example}.",
            section=place,
            example='"glucocorticoid"',
        )
        checker.add(what)
    for word, allowed in (("amount", _AMOUNTS), ("blank", _BLANKS)):
        if word in told and told[word] not in allowed:
            checker.add(
                message(
                    "[{place}] {key} is {given}; allowed: {allowed}.",
                    place=place,
                    key=word,
                    given=repr(told[word]),
                    allowed=listed(allowed),
                )
            )
    if "when" in told:
        checker.wanted(told["when"], f"[{place}] when")
    competing = told.get("competing", {})
    for cause, inner in competing.items() if isinstance(competing, dict) else ():
        checker.column(inner, f"[{place}] competing {cause}")
