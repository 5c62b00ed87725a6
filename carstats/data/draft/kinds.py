"""What a thing, an event, a measure, a toxicity, a response or a drug means with its roles."""

from __future__ import annotations

import re
from dataclasses import dataclass

from carstats.data.draft.lexicon import Sense
from carstats.data.draft.spelling import Spelled
from carstats.data.vocabulary import Vocabulary

_RESPONSES = frozenset(Vocabulary().names("endpoint", "response"))
_COUNTED = ("B_cells", "CD3", "CD4", "CD8", "NK_cells", "CAR_T_cells", "CAR_NK_cells")
_PERCENT = {"B_cells": "B_cells_percent", "CAR_T_cells": "CAR_T_percent"}
_LASTING = ("overall_survival", "relapse_free_survival", "event_free_survival",
            "duration_of_response", "drug_free_duration")  # fmt: skip
# Measures whose worst value is the measure itself.
_WORST = ("ICE", "temperature", "vasopressors", "oxygen_flow", "oxygen_device")
_WHEN = {"date", "when", "onset", "day"}


@dataclass(frozen=True)
class Meant:
    """What the phrases of a heading mean together."""

    target: str
    sure: bool = True
    others: tuple[str, ...] = ()
    drug_class: str = ""
    time_unit: str = ""


def thing_meaning(head: Sense, roles: set[str], parts: Spelled) -> Meant | None:
    """Return what a date of the study means: an infusion, a death, a last contact."""
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


def event_meaning(head: Sense, roles: set[str], parts: Spelled) -> Meant:
    """Return what a time-to-event endpoint means with its roles."""
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


def measure_meaning(head: Sense, roles: set[str], parts: Spelled) -> Meant:
    """Return what a measure means with its roles."""
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
    if name == "CAR_transgene" and re.search(r"(?:copies|拷贝)/[mu]l", parts.unit.casefold()):
        return Meant("assessments:CAR_copies_blood")
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
                     "percent"}  # fmt: skip
    sure = sure or (name.startswith("SLEDAI_") and roles <= {"new", "present"})
    if head.other and (parts.unit or parts.scale):
        return _by_unit(head, place, parts, sure)
    return Meant(place, sure)


def _by_unit(head: Sense, place: str, parts: Spelled, sure: bool) -> Meant:
    """Return which of two measures of one name a unit or a range says."""
    if head.name == "PGA":
        ten = "10" in (parts.scale + parts.unit)
        return Meant("assessments:physician_global" if ten else place, False)
    return Meant(place, sure)


def toxicity_meaning(head: Sense, roles: set[str], parts: Spelled) -> Meant:
    """Return what a toxicity means with its roles."""
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


def response_meaning(head: Sense, roles: set[str], parts: Spelled) -> Meant:
    """Return what a response means with its roles."""
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


def drug_meaning(head: Sense, roles: set[str], parts: Spelled) -> Meant:
    """Return what a drug means with its roles."""
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
        # "Last dose of" may be its date.
        return meant(f"{place}.{dose}", roles <= {"dose", "present", "days", "score"})
    if roles & {"level", "time", "outcome", "cause", "treatment"}:
        return meant("own column", False)
    if drug == "prednisone" and not roles and not parts.yes_no:
        return meant(f"{place}.present", False, f"{place}.prednisone_equivalent_mg")
    return meant(f"{place}.present", roles <= {"present", "status"})
