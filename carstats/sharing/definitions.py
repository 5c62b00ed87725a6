"""What each shared number means: the rule with its thresholds and options, and its fingerprint."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from functools import cache
from typing import Any

from carstats.cohort.cohort import Cohort
from carstats.endpoints.catalogue import endpoint_catalogue
from carstats.endpoints.derive.intercurrent import strategies_of
from carstats.endpoints.options import rules_of
from carstats.response.outcomes import checked_window
from carstats.sharing.outcomes import RESPONSE, TIMES, TOXICITY, Outcome
from carstats.toxicity.episodes import scale_family

_RULE = ("definition", "thresholds", "source", "doi", "status")
DERIVED, RECORDED = "derived by carstats", "as the site recorded it"


def fingerprint(content: object) -> str:
    """Return SHA-256 over a content as JSON, its keys sorted, without blanks."""
    text = json.dumps(
        content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def definition_of(cohort: Cohort, outcome: Outcome, at: float) -> dict[str, Any]:
    """Return how an outcome was made, in plain values, and the fingerprint of that."""
    study = cohort.study
    category = "toxicity" if outcome.kind == TOXICITY else "endpoint"
    found: dict[str, Any] = {
        "kind": outcome.kind,
        "label": str(study.vocabulary.label(category, outcome.name)),
        "rules": _rules(outcome.name),
    }
    # What describes and is compared by itself stands outside the fingerprint.
    beside: dict[str, Any] = {}
    if outcome.kind == TOXICITY:
        rows = study.toxicities[study.toxicities["term"] == outcome.name]
        if "grading_scale" in rows:
            scales = rows["grading_scale"].dropna().map(scale_family)
            beside["grading_scales"] = sorted(set(map(str, scales)))
    elif outcome.name in study.estimands:
        found["made"] = DERIVED
        found["options"] = _options(rules_of(study)) | _options(strategies_of(study))
        beside["estimand"] = str(study.estimands[outcome.name]).splitlines()
    else:
        found["made"] = RECORDED
    if outcome.kind == RESPONSE:
        low, high = checked_window(cohort, None, at)
        found["visit"] = {"day": float(at), "from_day": low, "to_day": high}
    if outcome.kind == TIMES:
        found["clock"] = outcome.clock
    return {**found, **beside, "fingerprint": fingerprint(found)}


def definition_fingerprint(definition: dict[str, Any]) -> str:
    """Return the fingerprint that a definition must have."""
    beside = ("fingerprint", "grading_scales", "estimand")
    return fingerprint({key: value for key, value in definition.items() if key not in beside})


def _options(settings: Any) -> dict[str, Any]:
    """Return the options of rules or strategies; the schedule stands by itself."""
    names = [field.name for field in fields(settings) if field.name != "schedule"]
    return {name: _plain(getattr(settings, name)) for name in names}


def _rules(name: str) -> list[dict[str, str]]:
    """Return the rows of the catalogue of rules that have a name."""
    return [dict(row) for row in _catalogue().get(name, ())]


@cache
def _catalogue() -> dict[str, list[dict[str, str]]]:
    """Return the rules by name; the catalogue is the same as long as the program runs."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in endpoint_catalogue().to_dict("records"):
        told = {"disease": str(row["disease"]), **{key: str(row[key] or "") for key in _RULE}}
        found.setdefault(row["name"], []).append(told)
    return found


def _plain(value: object) -> object:
    """Return an option as JSON has it."""
    return [_plain(each) for each in value] if isinstance(value, tuple) else value
