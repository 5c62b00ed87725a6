"""What a heading means to carstats: table and column, measure and visit, and how sure that is."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

from carstats.data.draft.composition import Meant, composed
from carstats.data.draft.lexicon import Piece, Sense, lexicon, pieces
from carstats.data.draft.spelling import Spelled, spelled
from carstats.data.draft.visits import may_be_calendar
from carstats.data.matching import nearest

BASELINE = "baseline"
# How long a heading is that may be misspelt, and how near it is to what it should be.
_LEAST, _LONGEST, _NEAR = 4, 40, 0.84

_SEVERE = re.compile(
    r"(?:[≥>＞]=?\s*(?:g|gr|grade|级)?|(?:g|gr|grade)\s*)\s*[2-5]|[2-5]\s*(?:[-~至到]\s*[3-5]\s*)?[级度]"
    r"|[2-5]\s*\+",
    re.I,
)
_CELLS = r"(?:car[- ]?(?:t|nk)\s*(?:细胞|cells?)?\s*)?"
_ORDINAL = re.compile(
    rf"(?:第\s*)?([3-9三四五六])\s*次\s*{_CELLS}(?:回输|输注)|第\s*([3-9三四五六])\s*{_CELLS}(?:回输|输注)"
    rf"|\b([3-9])(?:rd|th)\s+{_CELLS}infusion|\b(third|fourth|fifth)\s+{_CELLS}infusion"
    r"|(?:^|[^a-z])inf(?:usion)?[_ ]?([3-9])(?=[^\d]|$)",
    re.I,
)
_NUMBERS = {"三": "3", "四": "4", "五": "5", "六": "6", "third": "3", "fourth": "4", "fifth": "5"}


@dataclass(frozen=True)
class Proposal:
    """What a heading is taken for.

    Attributes
    ----------
    heading : str
        The heading.
    target : str
        ``table.column``, ``study.infusion_date``, ``assessments:MEASURE``,
        ``toxicities:TERM.part``, ``responses:ENDPOINT``, ``events:ENDPOINT.part``,
        ``infusions:N.part``, ``medications:DRUG.part``, ``own column``, ``identifier``,
        ``free text``, ``ignore`` or ``where``; empty where nothing is known.
    sure : bool
        Whether it may stand without being looked at.
    others : tuple of str
        What else it may be.
    unit : str
        The unit that the heading says.
    time_unit : str
        ``years``, ``months``, ``weeks`` or ``days``, if its unit is one.
    day : int, ``"baseline"`` or None
        The visit that the heading names.
    codes : tuple of (str, str)
        The codes with their words that the heading says.
    words : tuple of str
        The phrases that it was read as.
    drug_class : str
        The class of a drug.
    """

    heading: str
    target: str = ""
    sure: bool = False
    others: tuple[str, ...] = ()
    unit: str = ""
    time_unit: str = ""
    day: int | str | None = None
    codes: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = ()
    drug_class: str = ""


@lru_cache(maxsize=8192)
def proposal(heading: str) -> Proposal:
    """Return what a heading means, by itself and without the cells under it."""
    if target := standard_names().get(heading.strip()):
        target, _, other = target.partition("?")
        others = (other,) if other else ()
        return Proposal(heading, target, not others, others, words=(heading.strip(),))
    return proposed(heading, lexicon())


@cache
def standard_names() -> dict[str, str]:
    """Return what CDISC's own names mean, which stand in capitals: `cdisc.csv`."""
    path = Path(__file__).with_name("cdisc.csv")
    plain = {"own": "own column", "free": "free text"}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["heading"]: plain.get(row["means"], row["means"])
                for row in csv.DictReader(file)}  # fmt: skip


def proposed(heading: str, known: Mapping[str, tuple[Sense, ...]]) -> Proposal:
    """Return what a heading means by the phrases of a lexicon."""
    if found := _ORDINAL.search(heading):
        # A third infusion is said as the second is.
        number = next(g for g in found.groups() if g).casefold()
        second = f"{heading[: found.start()]} 2nd infusion {heading[found.end() :]}"
        meant = proposed(second, known)
        target = meant.target.replace("infusions:2.", f"infusions:{_NUMBERS.get(number, number)}.")
        return replace(meant, heading=heading, target=target)
    parts = spelled(heading)
    if heading.startswith("redcap_") or "___" in heading:
        parts = replace(parts, unit="", time_unit="")
    found = pieces(parts.tokens, dict(known))
    made = Proposal(
        heading, unit=parts.unit, time_unit=parts.time_unit, codes=parts.codes,
        words=tuple(piece.text for piece in found if piece.senses),
    )  # fmt: skip
    if not found:
        return made
    if form_status(heading, found):
        return replace(made, target="ignore", sure=True)
    day, doubtful = _visit(found)
    meant = composed(found, parts)
    unknown = [piece for piece in found if not piece.senses and piece.text.isalnum()]
    if meant is None or (unknown and not _holds(found, unknown)):
        return _misspelt(made, parts.tokens, known)
    if meant.target.endswith(".present") and _SEVERE.search(heading):
        # "No" is then no grade 3, and not none.
        meant = replace(meant, sure=False, others=(*meant.others, "own column"))
    others = (*meant.others, *(("visit",) if doubtful and _timed(meant) else ()))
    return replace(
        made, target=meant.target, others=others, drug_class=meant.drug_class,
        sure=meant.sure and not unknown and not others, day=day if _timed(meant) else None,
        time_unit=parts.time_unit or meant.time_unit,
    )  # fmt: skip


def _misspelt(
    made: Proposal, tokens: Sequence[str], known: Mapping[str, tuple[Sense, ...]]
) -> Proposal:
    """Return what a heading is a slip of the pen of, marked; nothing if it is of none."""
    text = "".join(tokens)
    if not _LEAST <= len(text) <= _LONGEST:
        return made
    alike = [key for key in known if abs(len(key) - len(text)) <= 2 and key[:1] == text[:1]]
    near = nearest(text, alike, _NEAR)
    if near is None:
        return made
    found = composed([Piece(near, known[near])], Spelled((near,)))
    if found is None:
        return made
    return replace(made, target=found.target, others=found.others, drug_class=found.drug_class)


def form_status(heading: str, found: Sequence[Piece]) -> bool:
    """Return whether a heading is REDCap's column of a form's state."""
    return heading.islower() and heading.endswith("_complete") and len(found) < 8


def _timed(meant: Meant) -> bool:
    kind, colon, _ = meant.target.partition(":")
    return bool(colon) and kind in ("assessments", "responses", "medications")


def _visit(found: Sequence[Piece]) -> tuple[int | str | None, bool]:
    """Return the visit that a heading names, and whether it may be a month of the calendar."""
    days = {piece.day for piece in found if piece.day is not None}
    base = any(sense.kind == "visit" and sense.name == BASELINE
               for piece in found for sense in piece.senses if len(piece.senses) == 1
               or _only_visit(piece))  # fmt: skip
    if len(days) == 1:
        doubtful = any(may_be_calendar(piece.text) for piece in found if piece.day is not None)
        return days.pop(), doubtful
    return (BASELINE if base and not days else None), len(days) > 1


def _only_visit(piece: Piece) -> bool:
    return any(sense.kind == "visit" for sense in piece.senses)


def _holds(found: Sequence[Piece], unknown: Sequence[Piece]) -> bool:
    """Return whether what is known of a heading is more than what is not."""
    size = sum(len(piece.text) for piece in unknown)
    known = sum(
        len(piece.text) for piece in found if any(s.kind not in ("word",) for s in piece.senses)
    )
    return known >= size
