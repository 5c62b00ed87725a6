"""Variants of responses: off drugs, and held over several visits."""

from __future__ import annotations

from carstats.endpoints.record.declaring import Endpoint, declare

VARIANTS = {
    "drug_free_remission": "standard",
    "drug_free_remission_strict": "strict",
    "drug_free_remission_lenient": "lenient",
}
"""Endpoints of remission off drugs, and what off drugs means in each."""

HELD = {
    f"{name}_{how}": (name, how)
    for how, names in (
        ("confirmed", ("response", "remission", "drug_free_remission", "DORIS", "CRR", "PERR")),
        ("sustained", ("response", "remission", "drug_free_remission", "DORIS")),
    )
    for name in names
}
"""Endpoints that hold over visits: the endpoint they hold, and how."""

EITHER_WAY = ("CRR", "PERR")
"""Of these the visit before confirms as well: a look forward alone would fail every last visit."""

_BLISS = ("Furie 2020, BLISS-LN", "10.1056/NEJMoa2001180")


def _variant(
    name: str,
    disease: str,
    definition: str,
    thresholds: str,
    function: str,
    source: tuple[str, str] = ("carstats", ""),
    after: str = "",
) -> None:
    entry = Endpoint(name, disease, "response", definition, thresholds, *source, "design", function)
    declare(__name__, entry, after=after)


for _name, _disease, _definition in (
    (
        "response_confirmed",
        "any",
        "The disease's response, met again at the next adequate visit: a look forward.",
    ),
    (
        "remission_confirmed",
        "any",
        "The disease's remission, met again at the next adequate visit: a look forward.",
    ),
    (
        "drug_free_remission_confirmed",
        "any",
        "Drug-free remission, met again at the next adequate visit: a look forward.",
    ),
    (
        "DORIS_confirmed",
        "SLE",
        "DORIS remission, met again at the next adequate visit: a look forward.",
    ),
    (
        "CRR_confirmed",
        "SLE",
        "Complete renal response, met at the adequate visit before or after it too.",
    ),
    (
        "PERR_confirmed",
        "SLE",
        "Primary efficacy renal response, met at the adequate visit before or after it too.",
    ),
):
    _either = HELD[_name][0] in EITHER_WAY
    _variant(
        _name,
        _disease,
        _definition,
        "confirm_visits=2; confirm_days=0",
        f"record.confirmation.{'either_way' if _either else 'next_visit'}",
        *([_BLISS] if _either else []),
    )

for _name, _disease, _definition, _after in (
    (
        "DORIS_sustained",
        "SLE",
        "DORIS remission for 24 weeks without a break up to the visit: a look back over the "
        "adequate visits, two or more.",
        "DORIS_complete_off",
    ),
    (
        "drug_free_remission_sustained",
        "any",
        "Drug-free remission for 24 weeks without a break up to the visit: a look back over the "
        "adequate visits.",
        "drug_free_remission",
    ),
    (
        "response_sustained",
        "any",
        "The disease's response for 24 weeks without a break up to the visit: a look back over the "
        "adequate visits.",
        "DORIS_confirmed",
    ),
    (
        "remission_sustained",
        "any",
        "The disease's remission for 24 weeks without a break up to the visit: a look back over "
        "the adequate visits.",
        "response_sustained",
    ),
):
    _variant(
        _name,
        _disease,
        _definition,
        "sustained_weeks=24; sustained_tolerance_days=14; gap_intervals=1.5",
        "record.confirmation.reaches_back",
        after=_after,
    )

_variant(
    "drug_free_remission_strict",
    "any",
    "Remission while drug-free, and without an antimalarial.",
    "drug_free_days=28; variant='strict'",
    "rules.drug_free.judge_treatment",
    after="remission_sustained",
)
_variant(
    "drug_free_remission_lenient",
    "any",
    "Remission while drug-free but for prednisone up to 5 mg a day.",
    "drug_free_days=28; variant='lenient'; lenient_mg=5",
    "rules.drug_free.judge_treatment",
    after="drug_free_remission_strict",
)
