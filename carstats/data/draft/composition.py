"""How the phrases of a heading make one meaning: a thing, what of it, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from carstats.data.draft.kinds import (
    Meant,
    drug_meaning,
    event_meaning,
    measure_meaning,
    response_meaning,
    thing_meaning,
    toxicity_meaning,
)
from carstats.data.draft.lexicon import Piece, Sense
from carstats.data.draft.spelling import Spelled
from carstats.data.schema import TABLES

# What an item of SLEDAI is where the heading names what it is measured by.
_ITEMS = {
    "platelets": "thrombocytopenia", "thrombocytopenia": "thrombocytopenia",
    "leucocytes": "leucopenia", "leukopenia": "leucopenia", "C3": "low_complement",
    "C4": "low_complement", "anti-dsDNA": "increased_dna_binding", "temperature": "fever",
    "+fever": "fever", "+rash": "rash", "+alopecia": "alopecia", "+headache": "lupus_headache",
    "seizure": "seizure", "proteinuria_24h": "proteinuria",
}  # fmt: skip
# What may stand beside a column's name, by the column's kind, and beside what is not read.
_BENIGN = {
    "text": {"name", "present", "status"},
    "term": {"name", "present"},
    "flag": {"present", "status"},
    "number": {"level", "number", "days", "months", "years", "weeks", "score"},
    "day": {"date", "when", "onset", "first", "days", "end"},
}
_BESIDE = {"name", "level", "present", "status", "days", "months", "years", "weeks", "scale",
           "score", "date", "when", "absolute"}  # fmt: skip
_VAGUE = ("own column", "ignore", "free text", "identifier")


def composed(found: Sequence[Piece], parts: Spelled) -> Meant | None:
    """Return what the phrases of a heading mean together; None if they mean nothing."""
    named = [piece for piece in found if piece.senses and not _is_filler(piece)]
    if len(named) > 1:
        named = [p for p in named if not any(s.kind == "word" for s in p.senses)] or named
    named = _without_repeats(named)
    if not named:
        return None
    if len(named) == 1 and (direct := _direct(named[0], parts)):
        vague = direct.target in _VAGUE and any(_is_topic(piece) for piece in found)
        return replace(direct, sure=direct.sure and not vague)
    for kind in ("identifier", "where"):
        if any(p.senses[0].kind == kind and not _has_role(p) for p in named):
            return Meant(kind)
    heads, roles = _split(named, parts)
    if not heads:
        direct = [p for p in named if any(sense.direct for sense in p.senses)]
        return _direct(direct[0], parts, sure=len(named) == 1) if direct else None
    made = _item(heads, parts) or _together(heads, roles, parts)
    unit = next((r for r in ("days", "weeks", "months", "years") if r in roles), "")
    return replace(made, time_unit=unit) if made and unit else made


def _is_topic(piece: Piece) -> bool:
    return any(sense.kind == "word" and sense.other for sense in piece.senses)


def _is_filler(piece: Piece) -> bool:
    return all(sense.kind in ("word", "visit") for sense in piece.senses) or (
        piece.senses[0].kind == "visit" and piece.day is not None
    )


def _has_role(piece: Piece) -> bool:
    return any(sense.kind == "role" for sense in piece.senses)


def _without_repeats(named: Sequence[Piece]) -> list[Piece]:
    kept: list[Piece] = []
    for piece in named:
        senses = {(s.kind, s.name) for s in piece.senses}
        if not any(senses & {(s.kind, s.name) for s in other.senses} for other in kept):
            kept.append(piece)
    return kept


def _direct(piece: Piece, parts: Spelled, sure: bool = True) -> Meant | None:
    """Return what a phrase means by itself."""
    senses = [s for s in piece.senses if s.direct] or [s for s in piece.senses if s.kind == "thing"]
    if not senses:
        return None
    sense = senses[0]
    if parts.unit.casefold().endswith(("/ul", "/ml")):
        # Cells of a volume of blood are a measure, and no dose.
        sense = next((s for s in senses if s.kind == "measure"), sense)
    if sense.kind == "column":
        # Another column of the same spelling is another meaning.
        others = tuple(dict.fromkeys(_shown(s) for s in senses[1:] if s.kind != sense.kind))
        made = _column(sense, {*_time_role(parts)}, parts)
        return replace(made, sure=made.sure and sure, others=(*made.others, *others))
    made = _item([sense], parts) or _head(sense, set(_time_role(parts)), parts)
    return replace(made, sure=made.sure and sure) if made else None


def _time_role(parts: Spelled) -> tuple[str, ...]:
    said = (parts.time_unit,) if parts.time_unit else ()
    return (*said, "present") if parts.yes_no else said


def _shown(sense: Sense) -> str:
    names = {"measure": "assessments", "toxicity": "toxicities", "response": "responses",
             "event": "events", "drug": "medications"}  # fmt: skip
    plain = {"own": "own column", "free": "free text"}
    if sense.kind in names:
        return f"{names[sense.kind]}:{sense.name.partition('=')[0]}"
    return plain.get(sense.kind, sense.name or sense.kind)


def _others(sense: Sense) -> tuple[str, ...]:
    if not sense.other:
        return ()
    kind, colon, name = sense.other.partition(":")
    names = {"measure": "assessments", "toxicity": "toxicities", "response": "responses",
             "event": "events", "drug": "medications"}  # fmt: skip
    plain = {"own": "own column", "free": "free text"}
    if colon and kind in names:
        return (f"{names[kind]}:{name.partition('=')[0]}",)
    return (plain.get(sense.other, sense.other),)


def _split(named: Sequence[Piece], parts: Spelled) -> tuple[list[Sense], set[str]]:
    """Return what a heading is about, and what of it."""
    heads: list[Sense] = []
    roles = set(_time_role(parts))
    for piece in named:
        about = next((s for s in piece.senses if s.kind in ("thing", "measure", "toxicity", "event",
                      "response", "drug")), None)  # fmt: skip
        role = next((s for s in piece.senses if s.kind == "role"), None)
        column = next((s for s in piece.senses if s.direct), None)
        if about is not None:
            heads.append(about)
        elif role is not None:
            roles.add(role.name)
        elif column is not None:
            heads.append(column)
    return heads, roles


def _item(heads: Sequence[Sense], parts: Spelled) -> Meant | None:
    """Return the item of SLEDAI that a heading names."""
    names = [h.name for h in heads]
    score = "SLEDAI-2K" in names or parts.item
    items = [n for n in names if n.startswith("SLEDAI_")]
    items += [f"SLEDAI_{_ITEMS[n]}" for n in names if n in _ITEMS and not parts.unit]
    if not score or not items or parts.unit:
        return None
    rest = {n for n in names if not n.startswith("SLEDAI") and n not in _ITEMS}
    return Meant(f"assessments:{items[0]}", sure=len(set(items)) == 1 and not rest)


def _together(heads: Sequence[Sense], roles: set[str], parts: Spelled) -> Meant | None:
    kinds = [head.kind for head in heads]
    if len(heads) == 1:
        return _head(heads[0], roles, parts)
    if "free" in kinds:
        return Meant("free text", sure=False)
    # The sample or the disease that a value is of does not change what it is.
    made = _head(heads[0], roles, parts)
    others = tuple(
        other.target for head in heads[1:] if (other := _head(head, roles, parts)) is not None
    )
    return replace(made, sure=False, others=others) if made else None


def _head(head: Sense, roles: set[str], parts: Spelled) -> Meant | None:
    made = _OF[head.kind](head, roles, parts) if head.kind in _OF else None
    if made is None:
        return None
    others = _others(head)
    # A unit or a range says which of two measures of one name it is.
    said = head.kind == "measure" and made.sure and bool(parts.unit or parts.scale)
    said = said and head.other not in ("own", "measure:autoantibody")
    if (
        others
        and not said
        and not (roles & {"date", "grade", "dose"} or (parts.yes_no and head.kind == "drug"))
    ):
        made = replace(made, sure=False, others=(*made.others, *others))
    if roles & {"planned", "prior", "change"} and made.target not in ("own column", "ignore"):
        made = replace(made, sure=False, others=(*made.others, "own column"))
    return made


def _column(head: Sense, roles: set[str], parts: Spelled) -> Meant:
    others = _others(head)
    table, _, name = head.name.partition(".")
    described = TABLES[table].column(name) if table in TABLES and ":" not in head.name else None
    benign = _BENIGN[described.kind] if described else _BENIGN["day"]
    if ":" in head.name:
        benign = benign | _BENIGN["number"] | {"present"}
    # A column of an episode of one drug says its class behind it.
    target, _, kind = head.name.partition("=")
    return Meant(target, not others and roles <= benign, others, kind)


def _plain(target: str):
    def of(head: Sense, roles: set[str], parts: Spelled) -> Meant:
        others = _others(head)
        return Meant(target, not others and roles <= _BESIDE, others)

    return of


_OF = {
    "column": _column,
    "own": _plain("own column"),
    "ignore": _plain("ignore"),
    "free": _plain("free text"),
    "identifier": lambda head, roles, parts: Meant("identifier", not head.other, _others(head)),
    "where": lambda head, roles, parts: Meant("where"),
    "thing": thing_meaning,
    "event": event_meaning,
    "measure": measure_meaning,
    "toxicity": toxicity_meaning,
    "response": response_meaning,
    "drug": drug_meaning,
}
