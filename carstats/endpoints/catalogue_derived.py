"""The catalogue: variants of responses that `derive` judges over several visits or treatments."""

from __future__ import annotations

from carstats.endpoints.catalogue import Endpoint

_OFF = "rules.drug_free.judge_treatment"
_FORWARD = "record.confirmation.next_visit"
_BACK = "record.confirmation.reaches_back"
_AGAIN = "confirm_visits=2; confirm_days=0"
_SINCE = "sustained_weeks=24; sustained_tolerance_days=14; gap_intervals=1.5"
_BLISS = "Furie 2020, BLISS-LN"
_BLISS_DOI = "10.1056/NEJMoa2001180"

DERIVED = (
    Endpoint(
        "response_confirmed",
        "any",
        "response",
        "The disease's response, met again at the next adequate visit: a look forward.",
        _AGAIN,
        "carstats",
        status="design",
        function=_FORWARD,
    ),
    Endpoint(
        "remission_confirmed",
        "any",
        "response",
        "The disease's remission, met again at the next adequate visit: a look forward.",
        _AGAIN,
        "carstats",
        status="design",
        function=_FORWARD,
    ),
    Endpoint(
        "drug_free_remission_confirmed",
        "any",
        "response",
        "Drug-free remission, met again at the next adequate visit: a look forward.",
        _AGAIN,
        "carstats",
        status="design",
        function=_FORWARD,
    ),
    Endpoint(
        "DORIS_confirmed",
        "SLE",
        "response",
        "DORIS remission, met again at the next adequate visit: a look forward.",
        _AGAIN,
        "carstats",
        status="design",
        function=_FORWARD,
    ),
    Endpoint(
        "response_sustained",
        "any",
        "response",
        "The disease's response for 24 weeks without a break up to the visit: a look back over "
        "the adequate visits.",
        _SINCE,
        "carstats",
        status="design",
        function=_BACK,
    ),
    Endpoint(
        "remission_sustained",
        "any",
        "response",
        "The disease's remission for 24 weeks without a break up to the visit: a look back over "
        "the adequate visits.",
        _SINCE,
        "carstats",
        status="design",
        function=_BACK,
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
        "Complete renal response, met at the adequate visit before or after it too.",
        _AGAIN,
        _BLISS,
        _BLISS_DOI,
        status="design",
        function="record.confirmation.either_way",
    ),
    Endpoint(
        "PERR_confirmed",
        "SLE",
        "response",
        "Primary efficacy renal response, met at the adequate visit before or after it too.",
        _AGAIN,
        _BLISS,
        _BLISS_DOI,
        status="design",
        function="record.confirmation.either_way",
    ),
    Endpoint(
        "complement_normalisation",
        "SLE",
        "time-to-event",
        "From infusion to the first day on which C3 and C4, as far as the study measures them, are "
        "at or above their limits, in subjects low before; death and re-infusion compete.",
        "complement_lln: C3 0.9 g/L, C4 0.1 g/L; consecutive=1",
        "carstats",
        status="design",
        function="rules.blood.serology.complement_normalisation",
    ),
    Endpoint(
        "ck_normalisation",
        "IIM",
        "time-to-event",
        "From infusion to the first of two consecutive values of creatine kinase at or below the "
        "upper limit, in subjects above it before; death and re-infusion compete.",
        "CK_ULN=200 U/L; consecutive=2",
        "carstats",
        status="design",
        function="rules.muscle_skin.enzyme_return.ck_normalisation",
    ),
    Endpoint(
        "MMT8_change",
        "IIM",
        "score",
        "Change of MMT8 from baseline, points; positive is stronger.",
        "mmt_range=80 (150 for the bilateral form)",
        "carstats",
        function="rules.score_changes.mmt8_change",
    ),
    Endpoint(
        "MG-QOL15r_change",
        "MG",
        "score",
        "Change of MG-QOL15r from baseline, points of 30; negative is better.",
        "none",
        "carstats",
        function="rules.score_changes.mg_qol15r_change",
    ),
    Endpoint(
        "mRS_change",
        "SPS",
        "score",
        "Change of the modified Rankin scale from baseline, grades; negative is less disabled.",
        "none",
        "KYSA-8",
        function="rules.score_changes.mrs_change",
    ),
)
