"""The sections of `study.toml` that set the rules of derived endpoints: their keys and types.

What a value means, and which are allowed, is said where the rules are
(`carstats.endpoints.options`, `carstats.endpoints.derive.intercurrent`); here a misspelt key or a
text for a number is found on reading.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from carstats.errors import listed
from carstats.messages import mark, message

_NUMBER, _TEXT, _FLAG, _LIST, _PAIRS = (
    mark("a number"),
    mark("a text"),
    mark("true or false"),
    mark("a list"),
    mark("a table of names and numbers"),
)
_TYPES = {
    _NUMBER: (int, float), _TEXT: (str,), _FLAG: (bool,), _LIST: (list,), _PAIRS: (dict,),
}  # fmt: skip

RULE_SECTIONS: dict[str, dict[str, str]] = {
    "rules": {
        **dict.fromkeys(
            (
                "steroid_mg", "steroid_shadow_days", "rescue_before_days", "rescue_step_mg",
                "rescue_days", "rescue_pulse_mg", "rescue_hold_days", "rescue_resume_days",
                "rescue_washout_days", "rescue_course_days", "licats_steroid_days",
                "component_days", "drug_free_days", "confirm_visits", "confirm_days",
                "sustained_weeks", "sustained_tolerance_days", "gap_intervals", "death_intervals",
                "licats_days", "licats_resolution_days", "igg_threshold", "igg_mask_days",
                "antibody_mask_days",
            ),
            _NUMBER,
        ),
        "replacement_immunoglobulin_counts": _FLAG,
        **dict.fromkeys(
            (
                "gap", "late_death", "b_cell_preset", "iechs", "ctcae_version", "response",
                "time_to_response", "relapse",
            ),
            _TEXT,
        ),
        "complement_lln": _PAIRS,
        "antibody_positive": _PAIRS,
        "waived": _LIST,
    },
    "strategies": dict.fromkeys(
        (
            "rescue", "reinfusion", "relapse_rescue", "relapse_reinfusion", "relapse_death",
            "toxicity", "supportive", "background", "withdrawal",
        ),
        _TEXT,
    ),
    "schedule": {"weeks": _LIST, "primary_week": _NUMBER},
}  # fmt: skip
"""Section, key, and what the key takes."""


def rule_problems(data: dict) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the sections of the rules, and what to do about it."""
    for section, known in RULE_SECTIONS.items():
        for key, value in data.get(section, {}).items():
            if key not in known:
                close = difflib.get_close_matches(key, list(known), 1, 0.6)
                yield (
                    message("[{section}] has no key {key}.", section=section, key=repr(key)),
                    message("Did you mean {name}?", name=repr(close[0]))
                    if close
                    else message("Known are {names}.", names=listed(known, 60)),
                )
                continue
            kind = known[key]
            wrong = not isinstance(value, _TYPES[kind])
            if wrong or (isinstance(value, bool) and kind != _FLAG):
                yield (
                    message(
                        "[{section}] {key} is {value}; it takes {kind}.",
                        section=section,
                        key=key,
                        value=repr(value),
                        kind=message(kind),
                    ),
                    "",
                )


def rules_given(data: dict) -> dict[str, dict[str, object]]:
    """Return the sections of the rules that a `study.toml` has, as a study keeps them."""
    return {name: dict(data[name]) for name in RULE_SECTIONS if data.get(name)}
