"""Relapse and the other time-to-event endpoints: one tiny subject for every rule and boundary."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from carstats.endpoints.derive.derivation import derive
from carstats.endpoints.derive.intercurrent import Strategies
from carstats.endpoints.options import Rules
from carstats.synthetic.simulation import simulate_study
from tests.endpoints import tiny_study
from tests.endpoints.tiny_study import one, responses

WELL, ILL = 4.0, 9.0
LOSS = Rules(relapse="loss of response")
DISEASE, TOXIC = "disease", "toxicity"


def rescue(day):
    return [("rituximab", "biologic", float(day), day + 14.0, None, DISEASE)]


# The clocks are the same whatever a relapse is: here it is the loss of the response, which one
# visit shows. The rules of the diseases are in test_derive_relapse.


def event(study, endpoint, *, rules=LOSS, **options):
    return tiny_study.event(study, endpoint, rules=rules, **options)


def outcome(study, endpoint, *, rules=LOSS, **options):
    return tiny_study.outcome(study, endpoint, rules=rules, **options)


# --- relapse --------------------------------------------------------------------------------------


def test_relapse_lies_between_the_last_clean_visit_and_the_visit_that_found_it():
    row = event(one({84: WELL, 168: WELL, 252: ILL}), "relapse")
    assert row[["status", "time", "time_low", "time_high"]].tolist() == ["event", 252, 168, 252]


def test_relapse_skips_a_visit_that_is_not_adequate():
    study = one({84: WELL, 168: WELL, 252: ILL, 336: ILL}, inadequate=[168, 252])
    row = event(study, "relapse")
    assert row[["status", "time", "time_low"]].tolist() == ["event", 336, 84]


def test_relapse_on_the_day_of_last_follow_up_is_an_event():
    study = one({84: WELL, 168: ILL}, last=168)
    assert outcome(study, "relapse") == ("event", 168, "relapse")


def test_relapse_needs_a_response_before_it():
    study = one({84: ILL, 168: ILL, 252: ILL}, last=260)
    assert outcome(study, "relapse") == ("competing", 196, "primary non-response")
    assert outcome(study, "relapse_free_survival") == ("censored", 252, None)
    assert outcome(study, "event_free_survival") == ("event", 196, "no response")


@pytest.mark.parametrize(
    ("days", "last", "expected"),
    [
        ((84, 140), 196, ("competing", 196, "primary non-response")),
        ((84, 139), 196, ("censored", 139, None)),
        ((84, 140), 195, ("censored", 140, None)),
        ((84, 300), 300, ("competing", 196, "primary non-response")),
    ],
)
def test_primary_non_response_needs_the_close_of_the_window_and_an_assessment(days, last, expected):
    assert outcome(one(dict.fromkeys(days, ILL), last=last), "relapse") == expected


@pytest.mark.parametrize(("day", "expected"), [
    (196, ("censored", 300, None)), (197, ("competing", 196, "primary non-response")),
])  # fmt: skip
def test_response_counts_up_to_the_close_of_the_week_24_window(day, expected):
    study = one({84: ILL, day: WELL, 300: WELL})
    assert outcome(study, "relapse") == expected


@pytest.mark.parametrize(("day", "expected"), [
    (196, ("event", 300, "relapse")), (197, ("event", 196, "no response")),
])  # fmt: skip
def test_event_free_survival_knows_a_response_on_the_closing_day_of_week_24(day, expected):
    study = one({84: ILL, day: WELL, 300: ILL})
    assert outcome(study, "event_free_survival") == expected


def test_no_assessment_after_baseline_is_censored_at_0():
    study = one({}, last=300)
    assert outcome(study, "relapse") == ("censored", 0, None)
    assert outcome(study, "overall_survival") == ("censored", 300, None)


def test_last_contact_does_not_extend_relapse_free_time():
    study = one({84: WELL, 168: WELL}, last=400)
    assert outcome(study, "relapse_free_survival") == ("censored", 168, None)


def test_local_toxicity_at_day_12_is_not_mistaken_for_a_flare():
    scores = {8: WELL, 12: ILL, 30: WELL, 84: WELL}
    study = one(scores)
    assert outcome(study, "relapse") == ("censored", 84, None)
    # The same worsening that does not resolve in time, or that needed treatment, is a relapse.
    assert outcome(one({8: WELL, 12: ILL, 41: WELL}), "relapse") == ("event", 12, "relapse")
    treated = one(scores, drugs=rescue(15))
    assert outcome(treated, "relapse") == ("event", 12, "relapse")
    # After the return of B cells it is no local toxicity.
    cells = one(scores, extra=[(10, "B_cells", 40.0)])
    assert outcome(cells, "relapse") == ("event", 12, "relapse")
    assert outcome(one(scores, extra=[(10, "B_cells", 0.0)]), "relapse")[0] == "censored"


def test_recorded_local_toxicity_is_neither_relapse_nor_non_response():
    study = one({8: WELL, 12: ILL, 60: WELL}, toxicities=[("LICATS", 10.0, 20.0)])
    assert outcome(study, "relapse") == ("censored", 60, None)
    assert responses(study)[12] is None


def test_worsening_after_the_window_of_local_toxicity_is_a_relapse():
    assert outcome(one({20: WELL, 42: ILL, 64: WELL}), "relapse")[0] == "censored"
    assert outcome(one({20: WELL, 43: ILL, 64: WELL}), "relapse") == ("event", 43, "relapse")


def test_attack_has_its_day_and_needs_a_response():
    extra = [(d, "attack", float(d == 230)) for d in (84, 168, 230)]
    study = one(
        {84: 3.0, 168: 3.0, 230: 5.0}, disease="NMOSD", measure="EDSS", baseline=4.0, extra=extra
    )
    row = event(study, "relapse")
    assert row[["status", "time", "time_low", "time_high"]].tolist() == ["event", 230, 230, 230]
    # A worse score without an attack is no relapse where attacks are recorded.
    calm = dataclasses.replace(
        study, assessments=study.assessments.assign(
            value=study.assessments["value"].where(study.assessments["measure"] != "attack", 0.0)
        )
    )  # fmt: skip
    assert event(calm, "relapse")["status"] == "censored"


def test_what_cannot_be_judged_is_no_primary_non_response():
    # Lupus without BILAG: the response is never evaluable.
    extra = [(d, "PGA", 0.3) for d in (-10, 84, 168)]
    study = one(
        {84: 4.0, 168: 4.0},
        disease="SLE",
        measure="SLEDAI-2K",
        baseline=12.0,
        extra=extra,
        last=300,
    )
    assert outcome(study, "relapse") == ("censored", 0, None)
    waived = dataclasses.replace(LOSS, waived=("new_BILAG_A", "new_BILAG_B"))
    assert outcome(study, "relapse", rules=waived) == ("censored", 168, None)
    # A disease for which there is no response, and says so.
    vasculitis = one({84: 0.0, 168: 0.0}, disease="AAV", measure="BVAS", baseline=8.0, last=300)
    assert outcome(vasculitis, "relapse") == ("censored", 0, None)
    assert any(note.startswith("AAV: carstats has no rule") for note in derive(vasculitis).notes)
    assert responses(vasculitis, "remission") == {84: True, 168: True}


@pytest.mark.parametrize(("disease", "measure", "before", "after"), [
    ("SjD", "ESSDAI", 10.0, 7.0), ("CIDP", "INCAT", 4.0, 3.0), ("SPS", "T25FW", 10.0, 8.0),
    ("RA", "DAS28-CRP", 5.0, 3.2), ("SSc", "mRSS", 20.0, 15.0), ("AIHA", "haemoglobin", 8.0, 10.0),
])  # fmt: skip
def test_response_of_each_disease_reaches_its_limit(disease, measure, before, after):
    study = one({168: after}, disease=disease, measure=measure, baseline=before)
    assert responses(study) == {168: True}


# --- rescue, re-infusion, death -------------------------------------------------------------------


@pytest.mark.parametrize(("day", "expected"), [
    (251, ("event", 251, "rescue")), (252, ("event", 252, "relapse")),
    (253, ("event", 252, "relapse")),
])  # fmt: skip
def test_rescue_before_on_and_after_the_visit_that_found_the_relapse(day, expected):
    study = one({84: WELL, 168: WELL, 252: ILL}, drugs=rescue(day), last=260)
    assert outcome(study, "relapse") == expected
    assert outcome(study, "relapse_free_survival") == expected


def test_rescue_before_a_response_is_no_relapse_but_an_event_of_survival():
    study = one({84: ILL, 168: ILL}, drugs=rescue(120), last=200)
    assert outcome(study, "relapse") == ("competing", 196, "primary non-response")
    assert outcome(study, "relapse_free_survival") == ("event", 120, "rescue")
    assert outcome(study, "event_free_survival") == ("event", 120, "rescue")


@pytest.mark.parametrize(("strategy", "expected"), [
    ("composite", ("event", 200, "rescue")), ("competing", ("competing", 200, "rescue")),
    ("hypothetical", ("censored", 168, None)), ("treatment policy", ("censored", 252, None)),
])  # fmt: skip
def test_strategies_for_rescue_after_a_response(strategy, expected):
    study = one({84: WELL, 168: WELL, 252: WELL}, drugs=rescue(200))
    chosen = Strategies(relapse_rescue=strategy)
    assert outcome(study, "relapse", strategies=chosen) == expected


def test_steroids_for_toxicity_are_no_rescue():
    row = ("prednisone", "glucocorticoid", 200.0, 205.0, 60.0, TOXIC)
    study = one({84: WELL, 168: WELL, 252: WELL}, drugs=[row])
    assert outcome(study, "relapse_free_survival") == ("censored", 252, None)


@pytest.mark.parametrize(("planned", "expected"), [
    (True, ("censored", 252, None)), (False, ("competing", 200, "re-infusion")),
])  # fmt: skip
def test_planned_infusions_do_not_compete_and_unplanned_do(planned, expected):
    study = one({84: WELL, 168: WELL, 252: WELL}, again=[(200.0, planned)])
    assert outcome(study, "relapse") == expected


def test_reinfusion_for_a_relapse_comes_after_it():
    study = one({84: WELL, 168: ILL, 252: ILL}, again=[(200.0, False)])
    assert outcome(study, "relapse") == ("event", 168, "relapse")
    assert outcome(study, "event_free_survival") == ("event", 168, "relapse")


@pytest.mark.parametrize(("death", "status"), [(294, "event"), (295, "censored")])
def test_death_counts_within_one_and_a_half_scheduled_intervals(death, status):
    # Week 24 (day 168) is followed by week 36: 84 days, one and a half of them 126.
    study = one({84: WELL, 168: WELL}, death=float(death))
    expected = (status, death, "death") if status == "event" else ("censored", 168, None)
    assert outcome(study, "relapse_free_survival") == expected
    assert outcome(study, "relapse")[0] == ("competing" if status == "event" else "censored")
    always = dataclasses.replace(LOSS, late_death="event")
    assert outcome(study, "relapse_free_survival", rules=always) == ("event", death, "death")
    assert outcome(study, "overall_survival") == ("event", death, "death")


def test_gap_keeps_the_interval_or_censors():
    # From week 12 on the next visit is due in 84 days; a gap of 127 is more than 1.5 of them.
    wide, narrow = one({84: WELL, 211: ILL}), one({84: WELL, 210: ILL})
    assert event(wide, "relapse")[["status", "time_low"]].tolist() == ["event", 84]
    censor = dataclasses.replace(LOSS, gap="censor")
    assert outcome(wide, "relapse", rules=censor) == ("censored", 84, None)
    assert outcome(narrow, "relapse", rules=censor) == ("event", 210, "relapse")


# --- the other endpoints --------------------------------------------------------------------------


def test_time_to_response_lies_between_two_visits():
    row = event(one({28: ILL, 84: WELL, 112: WELL}), "time_to_response")
    assert row[["status", "time", "time_low", "time_high"]].tolist() == ["event", 84, 28, 84]
    assert outcome(one({28: ILL}, drugs=rescue(60), last=70), "time_to_response") == (
        "competing", 60, "rescue",
    )  # fmt: skip


@pytest.mark.parametrize(("scores", "expected"), [
    ({28: WELL, 56: WELL}, ("event", 28, "response")),
    ({28: WELL, 55: WELL}, ("event", 28, "response")),
    ({28: WELL}, ("censored", 28, None)),
    ({28: WELL, 56: ILL, 84: WELL, 112: WELL}, ("event", 84, "response")),
])  # fmt: skip
def test_time_to_response_is_that_of_a_confirmed_one(scores, expected):
    assert outcome(one(scores), "time_to_response") == expected
    first = dataclasses.replace(LOSS, time_to_response="first")
    assert outcome(one(scores), "time_to_response", rules=first) == ("event", 28, "response")


def test_duration_of_response_starts_at_the_first_visit_in_response():
    row = event(one({28: ILL, 84: WELL, 168: WELL, 252: ILL}), "duration_of_response")
    assert row[["origin_day", "time", "time_low"]].tolist() == [84, 168, 84]
    assert len(derive(one({28: ILL}), endpoints=["duration_of_response"]).events) == 0


@pytest.mark.parametrize(("strategy", "expected"), [
    ("composite", ("event", 116, "rescue")), ("competing", ("competing", 116, "rescue")),
    ("hypothetical", ("censored", 84, None)), ("treatment policy", ("censored", 168, None)),
])  # fmt: skip
def test_duration_of_response_ends_with_rescue_by_its_strategy(strategy, expected):
    study = one({84: WELL, 168: WELL, 252: WELL}, drugs=rescue(200))
    chosen = Strategies(relapse_rescue=strategy)
    assert outcome(study, "duration_of_response", strategies=chosen) == expected


def test_drug_free_duration_starts_at_the_later_of_remission_and_last_drug():
    stop = [("mycophenolate", "immunosuppressant", -100.0, 120.0, None, "background")]
    scores = {84: 1.0, 168: 1.0, 252: 1.0, 336: ILL}
    row = event(one(scores, drugs=stop), "drug_free_duration")
    assert row[["origin_day", "status", "time"]].tolist() == [120, "event", 216]
    row = event(one({84: ILL, 168: 1.0, 252: 1.0}), "drug_free_duration")
    assert row[["origin_day", "status", "time"]].tolist() == [168, "censored", 84]


def test_drug_free_duration_never_starts_at_the_infusion():
    study = simulate_study(4, 300)
    rows = derive(study, endpoints=["drug_free_duration"]).events
    rows = rows[rows["endpoint"] == "drug_free_duration"]
    assert len(rows) > 50
    assert (rows["origin_day"] > 0).all()


def test_drug_free_duration_ends_when_a_drug_is_begun_again():
    drugs = [("mycophenolate", "immunosuppressant", 200.0, None, None, "background")]
    study = one({84: 1.0, 168: 1.0, 252: 1.0}, drugs=drugs)
    assert outcome(study, "drug_free_duration") == ("event", 116, "treatment")


@pytest.mark.parametrize(("values", "expected"), [
    ((0, 0, 12, 15), ("event", 84)), ((0, 12, 0, 15), ("censored", 84)),
    ((0, 0, 9.9, 10), ("censored", 84)), ((0, 10, 10, 3), ("event", 56)),
])  # fmt: skip
def test_b_cells_are_back_at_the_first_of_two_samples(values, expected):
    samples = [(d, "B_cells", float(v)) for d, v in zip((28, 56, 84, 112), values, strict=True)]
    study = one({28: WELL}, extra=samples)
    row = event(study, "b_cell_reconstitution")
    assert (row["status"], row["time"]) == expected


def test_product_against_bcma_alone_has_no_b_cell_endpoint():
    study = one({28: WELL}, extra=[(28, "B_cells", 0.0), (56, "B_cells", 0.0)])
    study = dataclasses.replace(study, subjects=study.subjects.assign(target="BCMA"))
    assert len(derive(study, endpoints=["b_cell_reconstitution"]).events) == 0


def test_seroconversion_needs_two_negatives_and_a_positive_baseline():
    def tests(*values):
        days = (-10, 28, 56, 84)
        extra = [(d, "autoantibody", v) for d, v in zip(days, values, strict=False)]
        return one({84: WELL}, extra=extra)

    row = event(tests(5.0, 2.0, 0.9, 0.5), "seroconversion")
    assert row[["status", "time", "time_low"]].tolist() == ["event", 56, 28]
    assert outcome(tests(5.0, 2.0, 0.9, 1.0), "seroconversion")[0] == "censored"
    assert len(derive(tests(0.5, 0.2, 0.1), endpoints=["seroconversion"]).events) == 0


def test_intervals_of_every_endpoint_are_in_order():
    rows = derive(dataclasses.replace(simulate_study(8, 400), events=None)).events
    assert (rows["time_low"] >= 0).all()
    found = rows[rows["status"] == "event"]
    assert (found["time_low"] <= found["time"]).all()
    assert (found["time_high"] == found["time"]).all()
    assert rows.loc[rows["status"] == "censored", "time_high"].isna().all()
    assert (rows["cause"].notna() == (rows["status"] == "competing")).all()
    composite = rows["endpoint"].str.endswith("survival") & (rows["status"] == "event")
    assert rows.loc[composite, "component"].notna().all()
    assert np.isfinite(rows["time"]).all()
