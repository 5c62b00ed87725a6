"""Controlled terms: diseases, targets, platforms, endpoints, toxicities; their order and labels.

The order in which terms stand in `carstats.data.terms` is the order of rows in tables and of strata
in figures. Aliases are other spellings of a term that a file may use, in English and Chinese; they
are compared without regard to case, spaces, hyphens within a word and full-width forms.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from carstats.data.terms import (
    CELL_SOURCES,
    DISEASES,
    DRUG_CLASSES,
    ENDPOINTS,
    MEASURES,
    PLATFORMS,
    REASONS,
    SEVERITIES,
    SEXES,
    STATUSES,
    TARGETS,
    TOXICITIES,
    VALENCIES,
    Term,
)
from carstats.errors import CarstatsError, listed
from carstats.messages import Joined, Message, found, mark, message

# What columns of the subjects table are called within a sentence.
_COLUMNS = {
    "age": mark("age"),
    "basket": mark("basket"),
    "case": mark("case"),
    "category": mark("category"),
    "cell_source": mark("cell source"),
    "construct": mark("construct"),
    "costimulation": mark("co-stimulatory domain"),
    "cutoff_day": mark("cutoff day"),
    "death_cause": mark("death cause"),
    "death_day": mark("death day"),
    "disease": mark("disease"),
    "disease_duration_years": mark("disease duration"),
    "disease_subtype": mark("disease subtype"),
    "enrolment_day": mark("enrolment day"),
    "infused": mark("infused"),
    "last_contact_day": mark("last contact day"),
    "leukapheresis_day": mark("leukapheresis day"),
    "lymphodepletion_day": mark("lymphodepletion day"),
    "endpoint": mark("endpoint"),
    "left_out": mark("left out"),
    "n_prior_therapies": mark("number of earlier therapies"),
    "platform": mark("cell platform"),
    "scenario": mark("scenario"),
    "sex": mark("sex"),
    "site_id": mark("site"),
    "study_id": mark("study"),
    "target": mark("target"),
    "valency": mark("valency"),
    "weight_kg": mark("weight"),
}


def column_name(column: str) -> str:
    """Return what a column is called within a sentence."""
    return message(_COLUMNS[column]) if column in _COLUMNS else column.replace("_", " ")


def within_sentence(label: str) -> str:
    """Return a label as it stands within a sentence: small letters first, but for abbreviations."""
    word = label.split(" ")[0]
    if not (word[:1].isupper() and word[1:].islower()):
        return label
    known = found(label)
    if isinstance(known, Joined):
        first, *others = known.parts
        return Joined((within_sentence(first), *others), known.separator)
    small = label[0].lower() + label[1:]
    # The same key: a language may have no small letters.
    return known.reading(small) if isinstance(known, Message) else small


# Dashes and minus signs of every kind, apostrophes, and characters that no screen shows.
_ALIKE = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-") | dict.fromkeys(map(ord, "'’"))
_ALIKE |= dict.fromkeys((0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F)))
_ALIKE |= dict.fromkeys((*range(0x2060, 0x2065), *range(0x2066, 0x206A), 0xFEFF, 0x180E))
_SEPARATORS = re.compile(r"[\s_-]+")


def folded(text: str) -> str:
    """Return a name's spelling for comparison: width, case, spaces, - and _ made alike.

    What separates two digits is kept, as is a hyphen at either end of a word: "CD19-" is not CD19,
    and "-1" is not 1. Codes are compared by `carstats.data.matching.code_key`.
    """
    text = unicodedata.normalize("NFKC", str(text)).casefold().translate(_ALIKE).strip()

    def within(found: re.Match[str]) -> str:
        before, after = text[: found.start()][-1:], text[found.end() :][:1]
        if before.isdigit() and after.isdigit():
            return "-"
        inside = before.isalnum() and after.isalnum()
        return "-" if "-" in found[0] and not inside else ""

    return _SEPARATORS.sub(within, text)


@dataclass(frozen=True)
class Vocabulary:
    """The terms that a study's tables may use, each category in its printed order.

    Parameters
    ----------
    disease, target, platform, cell_source, endpoint, toxicity, measure, drug_class : tuple of Term
        The terms of each category; by default carstats' own. `extended` adds a study's own.
    sex, status, severity, valency, reason : tuple of Term
        Terms that a study seldom adds to.

    Notes
    -----
    Terms are checked against the vocabulary and not against the data: a misspelt toxicity is an
    error and not a rate of zero.

    Examples
    --------
    >>> cs.Vocabulary().names("disease")[:2]
    """

    disease: tuple[Term, ...] = DISEASES
    target: tuple[Term, ...] = TARGETS
    platform: tuple[Term, ...] = PLATFORMS
    cell_source: tuple[Term, ...] = CELL_SOURCES
    endpoint: tuple[Term, ...] = ENDPOINTS
    toxicity: tuple[Term, ...] = TOXICITIES
    measure: tuple[Term, ...] = MEASURES
    drug_class: tuple[Term, ...] = DRUG_CLASSES
    sex: tuple[Term, ...] = field(default=SEXES, repr=False)
    status: tuple[Term, ...] = field(default=STATUSES, repr=False)
    severity: tuple[Term, ...] = field(default=SEVERITIES, repr=False)
    valency: tuple[Term, ...] = field(default=VALENCIES, repr=False)
    reason: tuple[Term, ...] = field(default=REASONS, repr=False)

    @cached_property
    def _spellings(self) -> dict[str, dict[str, str]]:
        spellings: dict[str, dict[str, str]] = {}
        for category in CATEGORIES:
            table = spellings.setdefault(category, {})
            # A name always wins over another term's alias, so names are entered last.
            for term in getattr(self, category):
                for spelling in (*term.aliases, term.label):
                    table[folded(spelling)] = term.name
            for term in getattr(self, category):
                table[folded(term.name)] = term.name
        return spellings

    def names(self, category: str, group: str | None = None) -> list[str]:
        """Return the names of a category in order, of one `group` if it is given."""
        return [t.name for t in getattr(self, category) if group is None or t.group == group]

    def canonical(self, category: str, value: object) -> str | None:
        """Return the name that `value` is a spelling of; None if the category has no such term."""
        return self._spellings[category].get(folded(str(value)))

    def require(self, argument: str, category: str, value: object, group: str | None = None) -> str:
        """Return the name that an argument is a spelling of.

        Raises
        ------
        CarstatsError
            If the category has no such term; the message lists what it has.
        """
        name = self.canonical(category, value) if isinstance(value, str) else None
        allowed = self.names(category, group)
        if name is None or name not in allowed:
            raise CarstatsError(
                message(
                    "`{argument}` is {value}, not in the study's vocabulary. It has: {allowed}.",
                    argument=argument,
                    value=repr(value),
                    allowed=listed(allowed, 40),
                )
            )
        return name

    def label(self, category: str, name: object) -> str:
        """Return a term's printed label; an unknown value as it is."""
        for term in getattr(self, category, ()):
            if term.name == name:
                return message(term.label)
        return str(name)

    def extended(self, **terms: Iterable[Term | str]) -> Vocabulary:
        """Return a vocabulary with a study's own terms added behind those that it has.

        Parameters
        ----------
        **terms : iterable of Term or str
            For each category the terms to add; those that it has already are left as they are.

        Returns
        -------
        Vocabulary
            The longer vocabulary; this one is unchanged.

        Raises
        ------
        CarstatsError
            If a category is not one of carstats'.
        """
        changed = {}
        for category, added in terms.items():
            if category not in CATEGORIES:
                raise CarstatsError(
                    message(
                        "the vocabulary has no category {category}. It has: {categories}.",
                        category=repr(category),
                        categories=listed(CATEGORIES, 20),
                    )
                )
            known = set(self.names(category))
            new = [term if isinstance(term, Term) else Term(str(term)) for term in added]
            unique = {term.name: term for term in new if term.name not in known}
            changed[category] = (*getattr(self, category), *unique.values())
        return replace(self, **changed)

    def with_measure(
        self,
        name: str,
        *,
        missing: Iterable[float] | None = None,
        limits: tuple[float, float] | None = None,
    ) -> Vocabulary:
        """Return a vocabulary in which a measure has codes for missing or another range.

        Parameters
        ----------
        name : str
            The measure, or a spelling of it.
        missing : iterable of float, optional
            The numbers that say that there is no value, such as 99 or -9.
        limits : (float, float), optional
            The smallest and the largest value that the study allows, in the measure's unit.

        Returns
        -------
        Vocabulary
            The vocabulary with it; this one is unchanged.

        Raises
        ------
        CarstatsError
            If there is no such measure, or the limits are not in order.
        """
        name = self.require("name", "measure", name)
        if limits is not None and not float(limits[0]) < float(limits[1]):
            raise CarstatsError(
                message(
                    "`limits` is {limits}; the first is below the second.",
                    limits=repr(tuple(limits)),
                )
            )
        changed: dict[str, Any] = {}
        if missing is not None:
            changed["missing"] = tuple(map(float, missing))
        if limits is not None:
            changed["limits"] = (float(limits[0]), float(limits[1]))
        terms = [replace(t, **changed) if t.name == name else t for t in self.measure]
        return replace(self, measure=tuple(terms))


CATEGORIES = tuple(Vocabulary.__dataclass_fields__)
