"""The check of `study.toml`: every unknown key, wrong type and misspelt name."""

from __future__ import annotations

import difflib
import re

from carstats.data.formats.dates import PARTIAL_RULES
from carstats.data.schema import TABLES
from carstats.data.settings.columns import ColumnChecker
from carstats.data.settings.keys import (
    ALLOWED,
    FROM_DATA,
    OWN_KEYS,
    TABLE_KEYS,
    TERM_CATEGORY,
    TERM_KEYS,
)
from carstats.data.vocabulary import CATEGORIES, Term, Vocabulary
from carstats.errors import listed
from carstats.messages import mark, message, message_n

# Control characters and those that turn the direction of writing, of the words after them too.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LARGEST = 1e15
# A mapping is a few levels deep.
_DEEPEST = 12
_WORDS = {
    str: mark("a text"),
    bool: mark("true or false"),
    int: mark("a whole number"),
    list: mark("a list"),
    dict: mark("a table"),
}
# A column of one's own may be called anything, but hardly this close to one of carstats'.
_TYPING_ERROR = 0.9


class Checker(ColumnChecker):
    """Notes every unknown key and wrong type of a `study.toml`."""

    def well_formed(self, data: object, depth: int = 0) -> None:
        """Refuse text that no file can hold, and what is nested too deep to be a mapping."""
        if depth > _DEEPEST:
            if not self.problems:
                self.add(message("is nested too deep."))
        elif isinstance(data, str):
            if _SURROGATE.search(data):
                what = message("{text} holds half of a character.", text=ascii(data[:60]))
                self.add(what, message("Write it anew."))
        elif isinstance(data, int | float) and not abs(data) < _LARGEST:
            what = message("{value} is no number that a study holds.", value=str(data)[:20])
            self.add(what, message("Correct it."))
        elif isinstance(data, dict | list):
            for key in data if isinstance(data, dict) else ():
                self.well_formed(key, depth + 1)
            for value in data.values() if isinstance(data, dict) else data:
                self.well_formed(value, depth + 1)

    def undecided(self, items: object) -> None:
        """Refuse a draft of which anything is still to be decided."""
        if not isinstance(items, list) or not items:
            return
        what = message_n(
            "is a draft, and {n} line of it is still to be decided: {items}.",
            "is a draft, and {n} lines of it are still to be decided: {items}.",
            len(items),
            items=listed(map(str, items), 20),
        )
        remedy = message(
            "Each begins with `# ?`. Take that away where the line is right, correct it, or delete"
            " it; then delete its name from `undecided` under [study]."
        )
        self.add(what, remedy)

    def choices(self, study: dict) -> None:
        rules = study.get("partial_dates")
        for rule in rules.values() if isinstance(rules, dict) else [rules] if rules else ():
            if rule not in PARTIAL_RULES:
                self.add(
                    message(
                        "[study] {key} is {value!r}; allowed: {allowed}.",
                        key="partial_dates",
                        value=rule,
                        allowed=listed(PARTIAL_RULES),
                    )
                )
        self.infusion_date(study.get("infusion_date"))
        for key, allowed in ALLOWED.items():
            if key in study and study[key] not in allowed:
                self.add(
                    message(
                        "[study] {key} is {value!r}; allowed: {allowed}.",
                        key=key,
                        value=study[key],
                        allowed=listed(allowed),
                    )
                )
        if isinstance(study.get("delimiter"), str) and len(study["delimiter"]) != 1:
            what = message(
                "[study] delimiter is {value!r}; it is one character.", value=study["delimiter"]
            )
            self.add(what)

    def infusion_date(self, given: object) -> None:
        """Check where the dates of the infusions are: a heading, several, or another sheet's."""
        if isinstance(given, dict) and {"file", "sheet", "where", "subject_id"} & set(given):
            known = dict.fromkeys(("column", "file", "sheet"), (str,))
            known |= {"header_row": (int,), "where": (dict,), "may_be_empty": (bool,)}
            known |= dict.fromkeys(("subject_id", "planned", "product", "dose"), (str, list, dict))
            self.keys(given, known, "study.infusion_date")
            self.condition(given.get("where"), "[study] infusion_date where")
            for key in ("column", "subject_id", "planned", "product", "dose"):
                if key in given or key == "column":
                    self.column(given.get(key), f"[study] infusion_date {key}")
        elif isinstance(given, list | dict):
            self.column(given, "[study] infusion_date")

    def keys(self, section: dict, allowed: dict[str, tuple[type, ...]], where: str) -> None:
        place = f"[{where}] " if where else ""
        for key, value in section.items():
            if key not in allowed:
                self.unknown(key, allowed, where)
            elif key == "header_row" and isinstance(value, int) and value < 1:
                self.add(
                    message(
                        "{place}header_row is {value!r}; the first row is 1.",
                        place=place,
                        value=value,
                    )
                )
            elif not isinstance(value, allowed[key]) or (
                isinstance(value, bool) and bool not in allowed[key]
            ):
                words = message(" or ").join(
                    message(_WORDS[t]) for t in allowed[key] if t in _WORDS
                )
                self.add(
                    message(
                        "{place}{key} is {value!r}; it takes {words}.",
                        place=place,
                        key=key,
                        value=value,
                        words=words,
                    )
                )

    def unknown(self, key: str, allowed, where: str) -> None:
        close = difflib.get_close_matches(key, list(allowed), 1, 0.6)
        hint = (
            message("Did you mean {near!r}?", near=close[0])
            if close
            else message("Known are {names}.", names=listed(allowed, 20))
        )
        what = (
            message("[{section}] has no key {key!r}.", section=where, key=key)
            if where
            else message("[{key}] is no section.", key=key)
        )
        self.add(what, hint)

    def printable(self, what: str, text: object) -> None:
        if isinstance(text, str) and _UNSEEN.search(text):
            remedy = message("Write it anew on one line.")
            self.add(
                message(
                    "{what} is {text}, with characters that cannot be seen.",
                    what=what,
                    text=ascii(text),
                ),
                remedy,
            )

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
            remedy = message(
                "Write {example} or {other}.",
                example='endpoint = { "name" = "time-to-event" }',
                other='"response"',
            )
            self.add(
                message("[vocabulary] endpoint does not say of what kind its terms are."), remedy
            )
            return []
        self.add(
            message(
                "[vocabulary] {category} is {value!r}; it takes a list of terms or {word}.",
                category=category,
                value=terms,
                word=f'"{FROM_DATA}"',
            )
        )
        return []

    def term(self, given: dict) -> Term | None:
        known = {"name", "label", "aliases", "group"}
        if (
            set(given) <= known
            and all(isinstance(v, list if k == "aliases" else str) and v for k, v in given.items())
            and all(isinstance(alias, str) for alias in given.get("aliases", ()))
            and "name" in given
        ):
            for key in ("name", "label"):
                self.printable(f"[vocabulary] {key}", given.get(key))
            return Term(**{**given, "aliases": tuple(given.get("aliases", ()))})
        self.add(
            message(
                "[vocabulary] {term!r} is no term; it has a name, and may have {keys}.",
                term=given,
                keys="label, aliases, group",
            )
        )
        return None

    def table(self, name: str, section: dict, vocabulary: Vocabulary, from_data: set[str]) -> None:
        allowed = {**TABLE_KEYS, **OWN_KEYS.get(name, {})}
        own = {k: v for k, v in section.items() if k in allowed}
        self.keys(own, allowed, name)
        parts = {
            part: own[part] if isinstance(own.get(part), dict) else {}
            for part in ("columns", "constants", "values", "where")
        }
        known = [*TABLES[name].names(), *(["date"] if name == "events" else [])]
        for part in ("columns", "constants", "values"):
            for column in parts[part]:
                close = difflib.get_close_matches(column, known, 1, _TYPING_ERROR)
                if column not in known and close:
                    remedy = message(
                        "Did you mean {near!r}? Else choose another name.", near=close[0]
                    )
                    what = message(
                        "[{table}.{part}] has {column!r}.", table=name, part=part, column=column
                    )
                    self.add(what, remedy)
        for column, spec in parts["columns"].items():
            self.column(spec, f"[{name}.columns] {column}")
            self.checkboxes(name, column, spec)
            self.kind_of(name, column, spec)
        for column, recodes in parts["values"].items():
            if not isinstance(recodes, dict):
                what = message(
                    "[{table}.values.{column}] takes pairs such as {example}.",
                    table=name,
                    column=column,
                    example='"男" = "M"',
                )
                self.add(what)
                continue
            for key, value in recodes.items():
                self.scalar(value, f"[{name}.values.{column}] {key}")
        for column, value in parts["constants"].items():
            self.scalar(value, f"[{name}.constants] {column}")
        self.condition(parts["where"], f"[{name}] where")
        for term, keys in section.items():
            if term in allowed:
                continue
            if not isinstance(keys, dict) or not TERM_KEYS[name]:
                self.unknown(term, {**allowed, **TERM_KEYS[name]}, name)
                continue
            self.one_term(name, term, keys, vocabulary, from_data)

    def one_term(self, name, term, keys, vocabulary: Vocabulary, from_data: set[str]) -> None:
        where = f"{name}.{term}"
        category = TERM_CATEGORY.get(name)
        # Without columns it declares only, and `declared_measures` looks at it.
        if category and not (category == "measure" and "columns" not in keys):
            self.known_term(where, category, term, vocabulary, from_data)
        if name == "infusions" and not (term.isdecimal() and int(term)):
            what = message(
                "[{section}]: an infusion has a number, such as [infusions.2].", section=where
            )
            self.add(what)
        self.term_keys(name, where, keys)

    def known_term(
        self, where: str, category: str, term: str, vocabulary: Vocabulary, from_data: set[str]
    ) -> None:
        """Refuse a term that is not in the vocabulary, and name the nearest."""
        if vocabulary.canonical(category, term) is None and category not in from_data:
            allowed = [*vocabulary.names(category), *TABLE_KEYS]
            close = difflib.get_close_matches(term, allowed, 1, 0.5)
            what = message(
                "[{section}]: {term!r} is not in the vocabulary.", section=where, term=term
            )
            remedy = message(
                "A term of the study's own is added under [vocabulary] {category}.",
                category=category,
            )
            if close:
                remedy = message(
                    "Did you mean {near!r}? A term of the study's own is added under [vocabulary]"
                    " {category}.",
                    near=close[0],
                    category=category,
                )
            self.add(what, remedy)

    def term_keys(self, name: str, where: str, keys: dict) -> None:
        """Check what the section of one term says."""
        self.keys(keys, TERM_KEYS[name], where)
        for key, spec in keys.items():
            if isinstance(spec, dict) and key in ("competing", "columns"):
                for cause, inner in spec.items():
                    if key == "competing" or not isinstance(inner, int | float):
                        self.column(inner, f"[{where}] {key} {cause}")
            elif key == "values" and isinstance(spec, dict):
                for code, value in spec.items():
                    self.scalar(value, f"[{where}] values {code}")
            elif key not in ("values", "missing", "range") and isinstance(spec, dict | list):
                self.column(spec, f"[{where}] {key}")
        needs = {"events": ("date", "time"), "toxicities": ("grade", "present", "severity"),
                 "responses": ("columns",), "assessments": ("columns",),
                 "medications": ("start", "stop", "present")}.get(name)  # fmt: skip
        declares = name == "assessments" and set(keys) & {"missing", "range"}
        if needs and not set(needs) & set(keys) and not declares:
            words = message(" or ").join(needs)
            self.add(message("[{section}] needs {words}.", section=where, words=words))
        if name == "medications" and "drug_class" not in keys:
            what = message(
                "[{section}] needs drug_class, such as {example}.",
                section=where,
                example='"glucocorticoid"',
            )
            self.add(what)
        if name == "events" and "status" in keys and "time" not in keys:
            what = message("[{section}] has a status but no time.", section=where)
            self.add(what, message("Give both, or a date alone."))
