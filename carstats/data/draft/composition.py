"""How the phrases of a heading make one meaning: a thing, what of it, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from carstats.data.draft.lexicon import Piece, Sense
from carstats.data.draft.spelling import Spelled
from carstats.data.schema import TABLES
from carstats.data.vocabulary import Vocabulary

_RESPONSES = frozenset(Vocabulary().names("endpoint", "response"))
# What an item of SLEDAI is where the heading names what it is measured by.
_ITEMS = {
    "platelets": "thrombocytopenia", "thrombocytopenia": "thrombocytopenia",
    "leucocytes": "leucopenia", "leukopenia": "leucopenia", "C3": "low_complement",
    "C4": "low_complement", "anti-dsDNA": "increased_dna_binding", "temperature": "fever",
    "+fever": "fever", "+rash": "rash", "+alopecia": "alopecia", "+headache": "lupus_headache",
    "seizure": "seizure", "proteinuria_24h": "proteinuria",
}  # fmt: skip
_COUNTED = ("B_cells", "CD3", "CD4", "CD8", "NK_cells", "CAR_T_cells", "CAR_NK_cells")
_PERCENT = {"B_cells": "B_cells_percent", "CAR_T_cells": "CAR_T_percent"}
_LASTING = ("overall_survival", "relapse_free_survival", "event_free_survival",
            "duration_of_response", "drug_free_duration")  # fmt: skip
# Measures whose worst value is the measure itself.
_WORST = ("ICE", "temperature", "vasopressors", "oxygen_flow", "oxygen_device")
_WHEN = {"date", "when", "onset", "day"}
# What may stand beside a column's name, by the column's kind, and beside what is not read.
_BENIGN = {
    "text": {"name", "present", "status"},
    "term": {"name", "present", "status"},
    "flag": {"present", "status"},
    "number": {"level", "number", "days", "months", "years", "weeks", "score"},
    "day": {"date", "when", "onset", "first", "days", "end"},
}
_BESIDE = {"name", "level", "present", "status", "days", "months", "years", "weeks", "scale",
           "score", "date", "when", "absolute"}  # fmt: skip
_VAGUE = ("own column", "ignore", "free text", "identifier")


@dataclass(frozen=True)
class Meant:
    """What the phrases of a heading mean together."""

    target: str
    sure: bool = True
    others: tuple[str, ...] = ()
    drug_class: str = ""
    time_unit: str = ""


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
    if others and not (roles & {"date", "grade", "dose"} or parts.yes_no and head.kind == "drug"):
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
    return Meant(head.name, not others and roles <= benign, others)


def _plain(target: str):
    def of(head: Sense, roles: set[str], parts: Spelled) -> Meant:
        others = _others(head)
        return Meant(target, not others and roles <= _BESIDE, others)

    return of


def _thing(head: Sense, roles: set[str], parts: Spelled) -> Meant | None:
    name = head.name
    if "planned" in roles and roles & {"date", "when"}:
        return Meant("ignore")
    when = bool(roles & _WHEN)
    if name in ("infusion", "second infusion"):
        place = "study.infusion_date" if name == "infusion" else "infusions:2.date"
        number = 1 if name == "infusion" else 2
        if roles & {"dose", "number"}:
            return Meant(f"infusions:{number}.dose")
        if "present" in roles or "status" in roles:
            return Meant("subjects.infused" if number == 1 else "own column", number == 1)
        sure = when and roles <= _WHEN | {"first", "present"}
        if number == 2 and not roles:
            sure = True
        return Meant(place, sure, () if sure else ("own column",))
    if name == "death":
        if "cause" in roles:
            return Meant("subjects.death_cause")
        if roles & {"present", "status"} or not when:
            return Meant("own column")
        return Meant("subjects.death_day", roles <= _WHEN)
    column = {"leukapheresis": "leukapheresis_day", "lymphodepletion": "lymphodepletion_day",
              "last contact": "last_contact_day"}[name]  # fmt: skip
    if roles & {"end", "stop"}:
        return Meant("ignore", roles <= {"end", "stop", "date"})
    if roles & {"dose", "name"}:
        return Meant("own column")
    if "present" in roles:
        return Meant("own column", False)
    return Meant(f"subjects.{column}", roles <= {*_WHEN, "first", "days"})


def _event(head: Sense, roles: set[str], parts: Spelled) -> Meant:
    place = f"events:{head.name}"
    lasting = head.name in _LASTING
    timed = bool(roles & {"time", "days", "months", "weeks", "years"})
    if "low" in roles:
        return Meant(f"{place}.low")
    if roles & {"present", "status"} and not timed:
        return Meant(f"{place}.status", roles <= {"present", "status", "first"})
    if timed or (lasting and not roles & {"date", "onset"}):
        sure = bool(roles) or lasting
        return Meant(f"{place}.time", sure and not roles & {"change", "number", "prior"})
    if "when" in roles and head.name != "relapse":
        return Meant(f"{place}.date", False, (f"{place}.time",))
    if roles & {"cause", "number", "outcome", "treatment", "grade", "severity", "score", "name"}:
        return Meant("own column", False, (f"{place}.date",))
    if not roles and head.name == "relapse":
        return Meant(f"{place}.status", False, (f"{place}.date",))
    return Meant(f"{place}.date", roles <= {*_WHEN, "first"})


def _measure(head: Sense, roles: set[str], parts: Spelled) -> Meant:
    name = head.name
    place = f"assessments:{name}"
    if "improved" in roles:
        response = f"{name}_response"
        return (
            Meant(f"responses:{response}")
            if response in _RESPONSES
            else Meant("own column", False, ("responses:response",))
        )
    if "percent" in roles or (parts.unit.startswith("%") and name not in ("FVC", "DLCO", "LVEF")):
        if name in _PERCENT:
            return Meant(f"assessments:{_PERCENT[name]}")
        if name in ("ANC", "lymphocytes"):
            return Meant("ignore")
        if name in _COUNTED:
            return Meant("own column")
        roles = roles - {"percent"}
    if name in ("FVC", "DLCO") and parts.unit.casefold() in ("l", "ml"):
        return Meant(f"assessments:{name}_{'L' if name == 'FVC' else 'abs'}")
    if name in ("FVC", "DLCO") and parts.unit in ("%",):
        return Meant(place)
    if name == "UPCR" and parts.unit.casefold() in ("g/24h", "g/d", "mg/24h", "mg/d"):
        return Meant("assessments:proteinuria_24h", False, (place,))
    if name == "platelets" and head.other and parts.unit:
        return Meant(place)
    if "change" in roles:
        return Meant("own column", False, (place,))
    if "peak" in roles and name not in _WORST:
        return Meant("own column", False, (place,))
    if roles & {"date", "when"}:
        return Meant("assessments.day", roles <= {"date", "when"})
    sure = roles <= {"score", "level", "absolute", "number", "peak", "present", "status", "scale",
                     "percent", "grade", "dose", "last"} - ({"dose"} if parts.unit else set())  # fmt: skip
    if "last" in roles or (roles & {"grade", "dose"}):
        sure = False
    if head.other and (parts.unit or parts.scale):
        return _by_unit(head, place, parts, sure)
    return Meant(place, sure)


def _by_unit(head: Sense, place: str, parts: Spelled, sure: bool) -> Meant:
    """Return which of two measures of one name a unit or a range says."""
    if head.name == "PGA":
        ten = "10" in (parts.scale + parts.unit)
        return Meant("assessments:physician_global" if ten else place, False)
    return Meant(place, sure)


def _toxicity(head: Sense, roles: set[str], parts: Spelled) -> Meant:
    place = f"toxicities:{head.name}"
    if roles & {"outcome", "treatment", "cause"}:
        return Meant("free text", roles <= {"outcome", "treatment", "cause", "present"})
    if roles & {"attribution"}:
        return Meant(f"{place}.attribution")
    if "grade" in roles or (parts.scale.endswith("级") and not roles):
        return Meant(f"{place}.grade", roles <= {"grade", "scale", "peak", "present", "first"})
    if "severity" in roles:
        return Meant(f"{place}.severity", roles == {"severity"})
    if "serious" in roles:
        return Meant(f"{place}.serious", roles <= {"serious", "present"})
    if roles & {"time"} and "day" not in roles:
        return Meant("own column")
    if "last" in roles and "date" in roles:
        return Meant(f"{place}.resolution", False)
    if roles & {"end", "stop"}:
        dated = roles & {"date", "when"} or "end" in roles
        return Meant(
            f"{place}.resolution", bool(dated) and roles <= {"end", "stop", "date", "when"}
        )
    if roles & {"onset", "onset?", "date", "day", "when"}:
        sure = "onset?" not in roles and roles <= {*_WHEN, "days", "first", "present"}
        return Meant(f"{place}.onset", sure, () if sure else ("own column",))
    if "scale" in roles:
        return Meant(f"{place}.grade", roles <= {"scale", "peak"})
    if roles & {"name", "number"}:
        return Meant("own column")
    if "severe" in roles:
        return Meant(f"{place}.present", False, (f"{place}.grade",))
    if head.name in ("CRS", "ICANS", "ICAHT") and "present" not in roles:
        # Yes or no, or a grade: the cells say it.
        grade = head.name == "ICAHT"
        parts_of = (f"{place}.grade", f"{place}.present")
        first, other = parts_of if grade else parts_of[::-1]
        return Meant(first, False, (other,))
    return Meant(f"{place}.present", roles <= {"present", "status", "first"})


def _response(head: Sense, roles: set[str], parts: Spelled) -> Meant:
    place = f"responses:{head.name}"
    stops = {"steroid_free": "prednisone", "immunosuppressant_free": "immunosuppressant"}
    if head.name in stops and roles & {"date", "when"}:
        kind = "glucocorticoid" if head.name == "steroid_free" else "immunosuppressant"
        return Meant(f"medications:{stops[head.name]}.stop", roles <= _WHEN, drug_class=kind)
    if roles & {"date", "when", "time", "onset", "end"}:
        return Meant("own column", False, ("events:time_to_response.date", place))
    allowed = {"present", "status", "improved", "score", "confirmed", "sustained", "months",
               "name", "peak"}  # fmt: skip
    extra = roles & {"confirmed", "sustained"}
    for word in extra:
        if f"{head.name}_{word}" in _RESPONSES:
            return Meant(f"responses:{head.name}_{word}", roles <= allowed)
    return Meant(place, roles <= allowed and not extra)


def _drug(head: Sense, roles: set[str], parts: Spelled) -> Meant:
    drug, _, kind = head.name.partition("=")
    place = f"medications:{drug}"

    def meant(target: str, sure: bool = True, *others: str) -> Meant:
        return Meant(target, sure, others, kind)

    unit = parts.unit.casefold()
    if unit.endswith(("/kg", "/kg/d", "/m2")) or roles & {
        "prior",
        "number",
        "change",
        "peak",
        "per kg",
    }:
        return meant("own column")
    if "name" in roles:
        return meant("own column", False)
    dated = roles & {"date", "when"}
    if "stop" in roles or "end" in roles:
        free = {"glucocorticoid": "steroid_free", "immunosuppressant": "immunosuppressant_free"}
        ends = roles & {"stop", "end"}
        generic = drug in ("prednisone", "immunosuppressant")
        if not dated and "present" in roles and kind in free and generic:
            return meant(f"responses:{free[kind]}")
        return meant(f"{place}.stop", bool(ends) and roles <= {"stop", "end", *_WHEN, "last"})
    if roles & {"onset", "use date"} or dated:
        if "last" in roles:
            return meant(f"{place}.stop", False)
        return meant(
            f"{place}.start", not dated or roles <= {*_WHEN, "first", "present", "use date"}
        )
    if "dose" in roles or unit.startswith(("mg", "g/")) or unit == "g":
        if kind == "lymphodepletion" or unit.endswith("m2"):
            return meant("own column", kind == "lymphodepletion" and roles <= {"dose"})
        dose = "prednisone_equivalent_mg" if drug == "prednisone" else "dose"
        return meant(f"{place}.{dose}", roles <= {"dose", "present", "last", "days", "score"})
    if roles & {"level", "time", "outcome", "cause", "treatment"}:
        return meant("own column", False)
    if drug == "prednisone" and not roles and not parts.yes_no:
        return meant(f"{place}.present", False, f"{place}.prednisone_equivalent_mg")
    return meant(f"{place}.present", roles <= {"present", "status"})


_OF = {
    "column": _column,
    "own": _plain("own column"),
    "ignore": _plain("ignore"),
    "free": _plain("free text"),
    "identifier": lambda head, roles, parts: Meant("identifier", not head.other, _others(head)),
    "where": lambda head, roles, parts: Meant("where"),
    "thing": _thing,
    "event": _event,
    "measure": _measure,
    "toxicity": _toxicity,
    "response": _response,
    "drug": _drug,
}
