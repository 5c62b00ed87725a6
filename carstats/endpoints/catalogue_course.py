"""The catalogue: off treatment, time-to-event endpoints and immunology, for every disease."""

from __future__ import annotations

from carstats.endpoints.catalogue import Endpoint

COURSE = (
    Endpoint(
        "drug_free",
        "any",
        "state",
        "No glucocorticoid, immunosuppressant, biologic, targeted synthetic drug, plasma exchange"
        " or disease-directed immunoglobulin in the 28 days up to the visit; antimalarials "
        "allowed.",
        "look_back=28; variant='standard'",
        "carstats",
        status="design",
        function="rules.drug_free.judge_treatment",
    ),
    Endpoint(
        "drug_free_strict",
        "any",
        "state",
        "Drug-free, and no antimalarial.",
        "look_back=28; variant='strict'",
        "carstats",
        status="design",
        function="rules.drug_free.judge_treatment",
    ),
    Endpoint(
        "drug_free_lenient",
        "any",
        "state",
        "Drug-free, but prednisone up to 5 mg a day allowed.",
        "look_back=28; lenient_mg=5",
        "carstats",
        status="design",
        function="rules.drug_free.judge_treatment",
    ),
    Endpoint(
        "steroid_free",
        "any",
        "response",
        "No glucocorticoid in the 28 days up to the visit.",
        "look_back=28; replacement_mg=5",
        "carstats",
        status="design",
        function="rules.drug_free.judge_treatment",
    ),
    Endpoint(
        "immunosuppressant_free",
        "any",
        "response",
        "No counted drug other than a glucocorticoid in the 28 days up to the visit.",
        "look_back=28",
        "carstats",
        status="design",
        function="rules.drug_free.judge_treatment",
    ),
    Endpoint(
        "remission",
        "any",
        "response",
        "The disease's remission at a visit, such as DORIS in SLE.",
        "those of the disease's rule",
        "carstats",
        status="design",
        function="derive.responses.derive_responses",
    ),
    Endpoint(
        "response",
        "any",
        "response",
        "The disease's response at a visit, such as SRI-4 in SLE, moderate TIS in IIM, MG-ADL in "
        "MG.",
        "those of the disease's rule",
        "carstats",
        status="design",
        function="derive.responses.derive_responses",
    ),
    Endpoint(
        "drug_free_remission",
        "any",
        "response",
        "Remission while drug-free.",
        "those of remission and of drug_free",
        "carstats",
        status="design",
        function="derive.responses.derive_responses",
    ),
    Endpoint(
        "drug_free_remission_sustained",
        "any",
        "response",
        "Drug-free remission for 24 weeks without a break up to the visit: a look back over the "
        "adequate visits.",
        "sustained_weeks=24; sustained_tolerance_days=14; gap_intervals=1.5",
        "carstats",
        status="design",
        function="record.confirmation.reaches_back",
    ),
    Endpoint(
        "functional_cure_2y",
        "any",
        "response",
        "Sustained strict drug-free remission without relapse for 24 months after infusion, with "
        "return of naive B cells; at a fixed landmark.",
        "24 months",
        "carstats",
        status="design",
    ),
    Endpoint(
        "relapse",
        "any",
        "time-to-event",
        "From infusion, a relapse after a response by the rule of the disease (SLE_relapse, "
        "IIM_relapse, SSc_event, MG_relapse, NMOSD_attack, ITP_loss; elsewhere the loss of the "
        "response) or rescue; primary non-response (dated at the close of the week-24 window), "
        "death and elective re-treatment compete.",
        "relapse='flare' or 'loss of response'; week-24 window 140 to 196 days",
        "carstats",
        status="design",
        function="derive.time_to_event.relapse",
    ),
    Endpoint(
        "relapse_free_survival",
        "any",
        "time-to-event",
        "From infusion to relapse, rescue or death of any cause.",
        "none",
        "carstats",
        status="design",
        function="derive.time_to_event.relapse_free_survival",
    ),
    Endpoint(
        "event_free_survival",
        "any",
        "time-to-event",
        "From infusion to the first of no response by the close of the week-24 window (dated "
        "there), relapse, rescue, relapse-driven re-infusion, death.",
        "week-24 window 140 to 196 days",
        "carstats",
        status="design",
        function="derive.time_to_event.event_free_survival",
    ),
    Endpoint(
        "overall_survival",
        "any",
        "time-to-event",
        "From infusion to death of any cause; censored at the last contact.",
        "none",
        "carstats",
        status="design",
        function="derive.time_to_event.overall_survival",
    ),
    Endpoint(
        "time_to_response",
        "any",
        "time-to-event",
        "From infusion to the first visit that meets the response, confirmed at the next adequate "
        "visit; death, rescue and re-infusion compete; interval-censored.",
        "confirm_visits=2; confirm_days=0",
        "carstats",
        status="design",
        function="derive.time_to_event.time_to_response",
    ),
    Endpoint(
        "duration_of_response",
        "any",
        "time-to-event",
        "From the first visit in response to relapse, rescue or re-infusion; death competes.",
        "none",
        "carstats",
        status="design",
        function="derive.time_to_event.duration_of_response",
    ),
    Endpoint(
        "drug_free_duration",
        "any",
        "time-to-event",
        "From the later of the first remission visit and the off-drug date to relapse or any "
        "restart of treatment; death competes. Never from infusion.",
        "look_back=28",
        "carstats",
        status="design",
        function="rules.drug_free.drug_free_start",
    ),
    Endpoint(
        "SSc_event_free_survival",
        "SSc",
        "time-to-event",
        "From infusion to the composite event of SSc; death competes.",
        "those of SSc_event",
        "Auth 2024",
        function="rules.muscle_skin.ssc.ssc_event",
    ),
    Endpoint(
        "B_cell_aplasia",
        "any",
        "biomarker",
        "CD19+ B cells below a threshold; no consensus: undetectable, below 1/uL, below 10/uL, "
        "below 0.1 % of lymphocytes.",
        "preset",
        "carstats",
        status="design",
        function="rules.blood.bcells.b_cell_aplasia",
    ),
    Endpoint(
        "b_cell_reconstitution",
        "any",
        "time-to-event",
        "From infusion to the first of two consecutive samples at or above the threshold; death "
        "and re-infusion compete; interval-censored.",
        "threshold; visits=2",
        "carstats",
        status="design",
        function="rules.blood.bcells.b_cell_reconstitution",
    ),
    Endpoint(
        "naive_B_cell_share",
        "any",
        "biomarker",
        "IgD+CD27- share of B cells at their return.",
        "none",
        "carstats",
        status="design",
        function="rules.blood.bcells.naive_share_at_return",
    ),
    Endpoint(
        "igg_recovery",
        "any",
        "time-to-event",
        "From infusion to the first of two consecutive IgG values at or above the threshold "
        "without immunoglobulin in the 28 days before; death and re-infusion compete.",
        "threshold; mask=28; visits=2",
        "carstats",
        status="design",
        function="rules.blood.immunoglobulin.igg_recovery",
    ),
    Endpoint(
        "seroconversion",
        "any",
        "time-to-event",
        "From infusion to the first of two consecutive negative tests on the same assay; masked "
        "for 12 weeks after immunoglobulin (8 to 12 by the field).",
        "consecutive=2; antibody_mask_days=84",
        "carstats",
        status="design",
        function="rules.blood.serology.seroconversion",
    ),
    Endpoint(
        "complement_normalised",
        "SLE",
        "biomarker",
        "C3 and C4 at or above their lower limits of normal.",
        "the laboratory's lower limits",
        "carstats",
        status="design",
        function="rules.blood.serology.complement_normal",
    ),
    Endpoint(
        "rescue",
        "any",
        "event",
        "More treatment of the disease than before, after day 0: a daily dose of glucocorticoids "
        "more than 5 mg of prednisone above the reference on 3 days, or a dose of 100 mg; an "
        "immunosuppressant, biologic, targeted drug, plasma exchange or immunoglobulin that was "
        "not given before, or more of it. The reference follows a taper; what was held and is "
        "resumed by day 56 is none; reasons conditioning and toxicity never count.",
        "rescue_before_days=28; rescue_step_mg=5; rescue_days=3; rescue_pulse_mg=100; "
        "rescue_hold_days=14; rescue_resume_days=56; rescue_washout_days=90; "
        "rescue_course_days=56; licats_steroid_days=14; replacement_immunoglobulin_counts=True "
        "(MG, IIM, ITP, CIDP)",
        "carstats",
        status="design",
        function="derive.intercurrent.classify_medications",
    ),
)
