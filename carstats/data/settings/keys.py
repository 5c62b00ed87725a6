"""The keys that `study.toml` may have, each with the types that it takes."""

from __future__ import annotations

from datetime import date

from carstats.data.formats.dates import EPOCHS, ORDERS

FROM_DATA = "from data"
# The words of a condition beyond a value and a list of values.
COMPARISONS = (">", ">=", "<", "<=")
CONDITIONS = ("not", "in", "blank", *COMPARISONS)
STUDY_KEYS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "synthetic": (bool,),
    "file": (str,),
    "sheet": (str,),
    "header_row": (int,),
    "encoding": (str,),
    "delimiter": (str,),
    "decimal": (str,),
    "epoch": (int,),
    "hidden_rows": (str,),
    "own_columns": (list,),
    "ignore": (list,),
    "outside": (list,),
    "infusion_date": (str, list, dict),
    "enrolment_date": (str,),
    "cutoff_date": (str, date),
    "missing": (list,),
    "date_order": (str,),
    "partial_dates": (str, dict),
    "pseudonymise": (bool,),
    "undecided": (list,),
}
ALLOWED: dict[str, tuple] = {
    "date_order": ORDERS,
    "epoch": EPOCHS,
    "decimal": (",", "."),
    "hidden_rows": ("read", "skip"),
}
# Keys that say how files are read and what is in them, and map nothing.
PLAIN_KEYS = {"name", "synthetic", "encoding", "delimiter", "decimal", "epoch", "hidden_rows"}
PLAIN_KEYS |= {"own_columns", "ignore", "outside", "header_row", "undecided"}
TABLE_KEYS: dict[str, tuple[type, ...]] = {
    "file": (str,),
    "sheet": (str,),
    "header_row": (int,),
    "where": (dict,),
    "may_be_empty": (bool,),
    "columns": (dict,),
    "values": (dict,),
    "constants": (dict,),
}
# What only one table has.
OWN_KEYS: dict[str, dict[str, tuple[type, ...]]] = {
    "assessments": {"missing": (list, dict), "range": (dict,)},
    "events": {"others": (str,)},
    "infusions": {"later": (str,)},
}
_COLUMN = (str, list, dict)
_CONSTANT = (str, dict)
TERM_KEYS: dict[str, dict[str, tuple[type, ...]]] = {
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
        "organism": _COLUMN,
        "blank": (str,),
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
VISIT_KEYS: dict[str, tuple[type, ...]] = {
    "file": (str,),
    "sheet": (str,),
    "header_row": (int,),
    "where": (dict,),
    "may_be_empty": (bool,),
    "columns": (dict,),
    "measures": (dict,),
    "events": (dict,),
    "responses": (dict,),
    "medications": (dict,),
}
_WHEN = (str, int, float, bool, list, dict)
# What a heading of a sheet of visits may be given: its term, and what goes with it.
VISIT_TERM_KEYS: dict[str, dict[str, tuple[type, ...]]] = {
    "measures": {"measure": (str,), "unit": (str, dict)},
    "events": {"endpoint": (str,), "when": _WHEN, "blank": (str,), "competing": (dict,)},
    "responses": {"endpoint": (str,), "when": _WHEN, "blank": (str,)},
    "medications": {
        "drug": (str,), "drug_class": (str,), "amount": (str,), "dose_unit": (str,),
        "when": _WHEN, "blank": (str,), "reason": (str,),
    },
}  # fmt: skip
TERM_CATEGORY = {
    "assessments": "measure",
    "toxicities": "toxicity",
    "events": "endpoint",
    "responses": "endpoint",
}
ADAM_KEYS = {
    "competing": (dict,),
    "treatment_emergent": (bool,),
    "aval_is_study_day": (bool,),
}


def texts_of(spec: object) -> set[str]:
    """Return every text within an entry of a mapping."""
    if isinstance(spec, str):
        return {spec}
    inner = spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ()
    return set().union(*map(texts_of, inner))
