"""The catalogue: variants of responses that `derive` judges over several visits or treatments."""

from __future__ import annotations

from carstats.endpoints.catalogue import Endpoint

_OFF = "drug_free.judge_treatment"
_HELD = "confirmation.confirmed"
_BLISS = "Furie 2020, BLISS-LN"
_BLISS_DOI = "10.1056/NEJMoa2001180"

DERIVED = (
    Endpoint(
        "response_confirmed",
        "any",
        "response",
        "The disease's response, met again at the next adequate visit at least 4 weeks later.",
        "confirm_visits=2; confirm_days=28",
        "carstats",
        status="design",
        function=_HELD,
    ),
    Endpoint(
        "remission_sustained",
        "any",
        "response",
        "All adequate visits over 24 weeks in remission, no gap above 1.5 scheduled intervals.",
        "sustained_weeks=24; gap_intervals=1.5",
        "carstats",
        status="design",
        function=_HELD,
    ),
    Endpoint(
        "drug_free_remission_strict",
        "any",
        "response",
        "Remission while drug-free, and without an antimalarial.",
        "drug_free_days=28; variant='strict'",
        "carstats",
        status="design",
        function=_OFF,
    ),
    Endpoint(
        "drug_free_remission_lenient",
        "any",
        "response",
        "Remission while drug-free but for prednisone up to 5 mg a day.",
        "drug_free_days=28; variant='lenient'; lenient_mg=5",
        "carstats",
        status="design",
        function=_OFF,
    ),
    Endpoint(
        "CRR_confirmed",
        "SLE",
        "response",
        "Complete renal response at two consecutive visits at least 4 weeks apart.",
        "confirm_visits=2; confirm_days=28",
        _BLISS,
        _BLISS_DOI,
        function=_HELD,
    ),
    Endpoint(
        "PERR_confirmed",
        "SLE",
        "response",
        "Primary efficacy renal response at two consecutive visits at least 4 weeks apart.",
        "confirm_visits=2; confirm_days=28",
        _BLISS,
        _BLISS_DOI,
        function=_HELD,
    ),
)
