"""Visits, intercurrent events and responses: one tiny subject for every rule and boundary."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from carstats.data.vocabulary import Vocabulary
from carstats.endpoints.derive.comparison import disagreements
from carstats.endpoints.derive.derivation import (
    EVENT_ENDPOINTS,
    RESPONSE_ENDPOINTS,
    derive,
    derive_all,
)
from carstats.endpoints.derive.estimand import estimand_of
from carstats.endpoints.derive.intercurrent import (
    Strategies,
    classify_medications,
    find_intercurrent,
)
from carstats.endpoints.derive.visits import find_visits
from carstats.endpoints.options import Rules, Schedule
from carstats.errors import CarstatsError
from carstats.synthetic.simulation import simulate_study
from tests.endpoints.tiny_study import event, one, reason, responses

WELL, ILL = 4.0, 9.0


def drug(start, *, cls="biologic", stop=None, mg=None, why="disease", name="drug"):
    return (name, cls, float(start), stop, mg, why)


def prednisone(start, stop, mg, why="disease"):
    return drug(start, cls="glucocorticoid", stop=stop, mg=mg, why=why, name="prednisone")


# --- the synthetic study derives to its own truth ------------------------------------------------


@pytest.fixture(scope="module", params=[(21, 240), (5, 900)])
def recorded(request):
    study = simulate_study(*request.param)
    return study, derive(dataclasses.replace(study, events=None, responses=None))


@pytest.mark.parametrize(
    "endpoint",
    [
        "relapse",
        "relapse_free_survival",
        "event_free_survival",
        "overall_survival",
        "b_cell_reconstitution",
    ],
)
def test_every_event_row_of_the_synthetic_study_is_derived(recorded, endpoint):
    study, found = recorded
    truth = study.events[study.events["endpoint"] == endpoint].reset_index(drop=True)
    derived = found.events[found.events["endpoint"] == endpoint].reset_index(drop=True)
    pd.testing.assert_frame_equal(derived[truth.columns], truth, check_dtype=False)


def test_every_response_row_of_the_synthetic_study_is_derived(recorded):
    study, found = recorded
    key = ["subject_id", "endpoint", "day"]
    columns = ["response", "visit", "evaluable"]
    truth = study.responses.set_index(key)[columns]
    derived = found.responses.set_index(key)[columns].reindex(truth.index)
    # An incomplete visit is no response where what is known refutes it: the antibody of NMOSD.
    refuted = ~truth["evaluable"] & derived["evaluable"]
    assert not derived.loc[refuted, "response"].any()
    assert refuted.mean() < 0.01
    pd.testing.assert_frame_equal(derived[~refuted], truth[~refuted], check_dtype=False)
    # Beside them are visits before week 12 and unscheduled ones, such as that of an attack.
    same = found.responses["endpoint"].isin(study.responses["endpoint"])
    more = found.responses[same & ~found.responses.set_index(key).index.isin(truth.index)]
    neuro = study.subjects.loc[study.subjects["disease"] == "NMOSD", "subject_id"]
    early = more["visit"].isin(["week 4", "week 8"]) | more["visit"].isna()
    assert (early | more["subject_id"].isin(neuro)).all()


def test_derivation_does_not_depend_on_the_order_of_rows():
    study = simulate_study(3, 60)
    bare = dataclasses.replace(study, events=None, responses=None)
    mixed = dataclasses.replace(
        bare,
        assessments=bare.assessments.sample(frac=1, random_state=1),
        medications=bare.medications.sample(frac=1, random_state=2),
        infusions=bare.infusions.sample(frac=1, random_state=3),
    )
    first, second = derive(bare), derive(mixed)
    pd.testing.assert_frame_equal(first.events, second.events)
    pd.testing.assert_frame_equal(first.responses, second.responses)


# --- baseline and visits -------------------------------------------------------------------------


def test_baseline_is_the_last_adequate_value_before_lymphodepletion():
    study = one({28: 8.0}, extra=[(-6.0, "MG-ADL", 9.0), (-5.0, "MG-ADL", 3.0)])
    found, fallback = find_visits(study).subject_baseline("MG-ADL")
    assert (found.tolist(), fallback.tolist()) == ([9.0], [False])


def test_baseline_inadequate_before_lymphodepletion_is_passed_over():
    study = one({28: 8.0}, extra=[(-6.0, "MG-ADL", 9.0)], inadequate=[-6.0])
    assert find_visits(study).subject_baseline("MG-ADL")[0].tolist() == [10.0]


def test_baseline_falls_back_to_the_last_before_infusion_and_says_so():
    study = one({28: 8.0}, baseline=None, extra=[(-2.0, "MG-ADL", 9.0)])
    found, fallback = find_visits(study).subject_baseline("MG-ADL")
    assert (found.tolist(), fallback.tolist()) == ([9.0], [True])
    assert "MG-ADL: the baseline of 1 subject is from after" in " ".join(derive(study).notes)


def test_baseline_without_lymphodepletion_may_be_day_0():
    study = one({28: 8.0}, extra=[(0.0, "MG-ADL", 7.0)], depletion=np.nan)
    found, fallback = find_visits(study).subject_baseline("MG-ADL")
    assert (found.tolist(), fallback.tolist()) == ([7.0], [False])


@pytest.mark.parametrize(
    ("day", "label"),
    [
        (20, None), (21, "week 4"), (35, "week 4"), (36, None), (42, "week 8"), (69, "week 8"),
        (70, "week 12"), (98, "week 12"), (99, None), (139, None), (140, "week 24"),
        (196, "week 24"), (197, None), (392, "week 52"), (393, None), (406, "week 64"),
        (490, "week 76"),
    ],
)  # fmt: skip
def test_visit_windows_have_their_edges(day, label):
    assert Schedule().labels(np.array([float(day)])).tolist() == [label]


@pytest.mark.parametrize(("mg", "day", "known"), [
    (20.0, 24.0, True), (20.5, 24.0, None), (60.0, 25.0, True), (60.0, 9.0, None),
    (60.0, 7.0, True),
])  # fmt: skip
def test_visit_within_14_days_of_strong_steroids_for_toxicity_is_not_adequate(mg, day, known):
    study = one({day: WELL}, drugs=[prednisone(8, 10.0, mg, "toxicity")])
    assert responses(study) == {day: known}
    if known is None:
        assert "prednisone for toxicity" in reason(study, day)


def test_shadow_of_steroids_is_a_parameter():
    study = one({24: WELL}, drugs=[prednisone(8, 10.0, 60.0, "toxicity")])
    assert responses(study, rules=Rules(steroid_shadow_days=7)) == {24: True}


# --- responses -----------------------------------------------------------------------------------


def lupus(pga, *, dose=0.0, stop=None, csledai=0.0, day=168.0):
    extra = [(day, "cSLEDAI", csledai), (day, "PGA", pga)] if pga is not None else [
        (day, "cSLEDAI", csledai)
    ]  # fmt: skip
    drugs = [prednisone(-100, stop, dose, "background")] if dose else []
    return one(
        {day: 2.0}, disease="SLE", measure="SLEDAI-2K", baseline=12.0, extra=extra, drugs=drugs
    )


@pytest.mark.parametrize(("dose", "met"), [(5.0, True), (5.5, False), (2.5, True)])
def test_doris_allows_5_mg_on_the_day(dose, met):
    assert responses(lupus(0.2, dose=dose), "DORIS") == {168: met}


def test_doris_counts_the_dose_of_the_day_and_not_of_the_day_before():
    assert responses(lupus(0.2, dose=7.5, stop=167.0), "DORIS") == {168: True}
    assert responses(lupus(0.2, dose=7.5, stop=168.0), "DORIS") == {168: False}


def test_missing_component_is_not_evaluable_and_named():
    study = lupus(None)
    assert responses(study, "DORIS") == {168: None}
    assert reason(study, 168, "DORIS") == "missing: PGA"
    assert "BILAG" in reason(lupus(0.2), 168, "SRI-4")


def test_what_was_never_collected_can_be_waived_by_name():
    study = lupus(0.2)
    study = dataclasses.replace(
        study,
        assessments=pd.concat(
            [
                study.assessments,
                pd.DataFrame({"subject_id": ["a"], "day": -10.0, "measure": "PGA", "value": 2.0,
                              "unit": None, "adequate": True}),
            ]
        ),
    )  # fmt: skip
    assert responses(study, "SRI-4") == {168: None}
    assert responses(study, "SRI-4", rules=Rules(waived=("new_BILAG_A", "new_BILAG_B"))) == {
        168: True
    }


def test_endpoint_that_was_never_measured_is_left_out_with_a_note():
    found = derive(lupus(0.2))
    assert "CRR" not in set(found.responses["endpoint"])
    assert any(
        note.startswith("CRR was not derived: the study has no 'UPCR'") for note in found.notes
    )
    # A visit of an endpoint is a day on which a component of it was measured: there is none.
    assert not len(derive(lupus(0.2), endpoints=["CRR"]).responses)


@pytest.mark.parametrize(("start", "met"), [(99, False), (100, False), (101, True)])
def test_rescue_the_day_before_on_and_after_the_visit(start, met):
    assert responses(one({100: WELL}, drugs=[drug(start)])) == {100: met}


def test_rescue_is_a_failure_also_where_the_visit_is_not_adequate():
    study = one({100: WELL, 200: WELL}, inadequate=[200], drugs=[drug(150)])
    assert responses(study) == {100: True, 200: False}


def test_strategies_for_rescue():
    study = one({100: WELL}, drugs=[drug(50)])
    assert responses(study, strategies=Strategies(rescue="treatment policy")) == {100: True}
    assert responses(study, strategies=Strategies(rescue="hypothetical")) == {100: None}
    assert "intercurrent" in reason(study, 100, strategies=Strategies(rescue="hypothetical"))


@pytest.mark.parametrize(("planned", "met"), [(True, True), (False, False)])
def test_planned_and_unplanned_reinfusion(planned, met):
    assert responses(one({100: WELL}, again=[(50.0, planned)])) == {100: met}


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (drug(0), "background"),
        (drug(1), "rescue"),
        (drug(1, why="background"), "background"),
        (drug(1, why="toxicity", cls="tocilizumab"), "toxicity"),
        (drug(1, why=None, cls="tocilizumab"), "toxicity"),
        (drug(1, why=None), "rescue"),
        (drug(1, why="conditioning"), "conditioning"),
        (drug(1, why="conditioning", cls="lymphodepletion"), "conditioning"),
        (drug(1, cls="immunoglobulin"), "rescue"),
        (drug(1, cls="immunoglobulin", why="replacement"), "rescue"),
        (drug(1, cls="plasma exchange"), "rescue"),
        (drug(1, cls="supportive", why="supportive"), "supportive"),
        (drug(1, cls="antimalarial"), "background"),
        (drug(1, cls="antifibrotic"), "background"),
        (drug(1, cls="thrombopoietin agonist"), "supportive"),
        (prednisone(1, 10.0, 5.0), "background"),
        (prednisone(1, 10.0, 5.5), "rescue"),
        (prednisone(1, 10.0, 60.0, "toxicity"), "toxicity"),
    ],
)
def test_kinds_of_medication(row, kind):
    assert classify_medications(one({28: WELL}, drugs=[row]))["kind"].tolist() == [kind]


@pytest.mark.parametrize(("disease", "kind"), [("MG", "rescue"), ("SLE", "supportive")])
def test_immunoglobulin_without_a_reason_is_treatment_where_it_treats(disease, kind):
    study = one({28: WELL}, disease=disease, drugs=[drug(30, cls="immunoglobulin", why=None)])
    assert classify_medications(study)["kind"].tolist() == [kind]


def test_thrombopoietin_agonist_is_treatment_in_itp():
    row = drug(30, cls="thrombopoietin agonist", name="romiplostim")
    study = one({28: 50.0}, disease="ITP", measure="platelets", baseline=10.0, drugs=[row])
    assert classify_medications(study)["kind"].tolist() == ["rescue"]


@pytest.mark.parametrize(("start", "stop"), [(56, 56.0), (50, 60.0), (57, 70.0), (63, 700.0)])
def test_taper_is_no_rescue_whenever_it_comes(start, stop):
    before = prednisone(-50, start - 1.0, 20.0)
    study = one({28: WELL}, drugs=[before, prednisone(start, stop, 10.0)], last=100)
    assert find_intercurrent(study).rescue.tolist() == [np.inf]


def test_rise_of_the_dose_is_no_taper():
    before = prednisone(-50, 29.0, 10.0)
    study = one({28: WELL}, drugs=[before, prednisone(30, 40.0, 20.0)], last=100)
    assert find_intercurrent(study).rescue.tolist() == [30.0]


def test_drugs_for_toxicity_are_ignored():
    rows = [prednisone(30, 33.0, 60.0, "toxicity"), drug(30, cls="tocilizumab", why="toxicity")]
    study = one({84: 1.0}, drugs=rows)
    assert responses(study) == {84: True}
    assert responses(study, "drug_free_remission") == {84: True}


@pytest.mark.parametrize(
    ("endpoint", "free"),
    [
        ("drug_free_remission", True),
        ("drug_free_remission_strict", False),
        ("steroid_free", True),
        ("immunosuppressant_free", True),
    ],
)
def test_antimalarial_breaks_the_strict_variant_only(endpoint, free):
    rows = [drug(-400, cls="antimalarial", why="background")]
    assert responses(one({168: 1.0}, drugs=rows), endpoint) == {168: free}


@pytest.mark.parametrize(("stop", "free"), [(139.0, True), (140.0, False)])
def test_drug_free_looks_back_28_days(stop, free):
    rows = [drug(-100, stop=stop, cls="immunosuppressant", why="background")]
    assert responses(one({168: 1.0}, drugs=rows), "drug_free_remission") == {168: free}


def test_lenient_variant_allows_5_mg_and_off_steroids_is_kept_apart():
    study = one({168: 1.0}, drugs=[prednisone(-100, None, 5.0, "background")])
    assert responses(study, "drug_free_remission_lenient") == {168: True}
    assert responses(study, "drug_free_remission") == {168: False}
    assert responses(study, "steroid_free") == {168: False}
    assert responses(study, "immunosuppressant_free") == {168: True}


def test_replacement_immunoglobulin_is_treatment_where_it_treats():
    """Endpoints of section 0.4: one rule for rescue and for drug-free, and one parameter."""
    given = drug(100, cls="immunoglobulin", why="replacement")
    spared = Rules(replacement_immunoglobulin_counts=False)
    for disease, measure, scores in (
        ("MG", "MG-ADL", {168: 1.0}),
        ("IIM", "MMT8", {168: 80.0}),
    ):
        study = one(scores, disease=disease, measure=measure, baseline=None, drugs=[given])
        assert classify_medications(study)["kind"].tolist() == ["rescue"]
        assert classify_medications(study, spared)["kind"].tolist() == ["supportive"]
        assert responses(study, "immunosuppressant_free") == {168: False}
        assert responses(study, "immunosuppressant_free", rules=spared) == {168: True}
    lupus = one({168: 4.0}, disease="SLE", measure="SLEDAI-2K", baseline=12.0, drugs=[given])
    assert classify_medications(lupus)["kind"].tolist() == ["supportive"]
    assert responses(lupus, "immunosuppressant_free") == {168: True}


def test_confirmed_response_looks_forward_to_the_next_adequate_visit():
    assert responses(one({84: WELL, 112: WELL}), "response_confirmed") == {84: True, 112: None}
    assert responses(one({84: WELL, 112: ILL}), "response_confirmed") == {84: False, 112: False}
    # With days between the two as a parameter.
    later, apart = one({84: WELL, 111: WELL}), Rules(confirm_days=28)
    assert responses(later, "response_confirmed") == {84: True, 111: None}
    assert responses(later, "response_confirmed", rules=apart) == {84: None, 111: None}
    # A visit that is not adequate is not the next one.
    skipped = one({84: WELL, 112: ILL, 168: WELL}, inadequate=[112])
    assert responses(skipped, "response_confirmed")[84] is True


def test_sustained_remission_looks_back_24_weeks_without_a_gap():
    whole = one({168: 1.0, 252: 1.0, 336: 1.0})
    found = responses(whole, "remission_sustained")
    assert found == {168: False, 252: False, 336: True}
    gap = one({168: 1.0, 336: 1.0})
    assert responses(gap, "remission_sustained")[336] is False
    assert "after a gap without a visit" in reason(gap, 336, "remission_sustained")


def test_local_toxicity_is_neither_response_nor_failure():
    study = one({28: ILL, 84: ILL}, toxicities=[("LICATS", 20.0, 30.0)])
    assert responses(study) == {28: None, 84: False}
    assert "LICATS" in reason(study, 28)


def test_never_infused_have_neither_events_nor_responses():
    study = one({28: WELL}, infusions=None)
    study = dataclasses.replace(study, subjects=study.subjects.assign(infused=False))
    found = derive_all(study)
    assert len(found.events) == len(found.responses) == 0


def test_tables_that_a_study_lacks_leave_their_part_out():
    study = one({84: 1.0, 168: 1.0}, medications=None, infusions=None)
    found = derive(study)
    assert responses(study) == {84: True, 168: True}
    assert responses(study, "drug_free_remission") == {84: None, 168: None}
    assert reason(study, 84, "steroid_free") == "the study has no medications"
    assert "relapse" in set(found.events["endpoint"])
    empty = dataclasses.replace(study, assessments=study.assessments.iloc[:0])
    assert derive(empty).responses.empty
    assert event(empty, "relapse")["time"] == 0


def test_disease_without_a_rule_has_events_and_no_response():
    study = one({84: 1.0}, disease="IgG4-RD")
    assert "response" not in set(derive(study).responses["endpoint"])
    assert event(study, "relapse")["status"] == "censored"


def test_derived_toxicities_say_that_other_terms_are_unknown():
    study = one({84: 4.0}, extra=[(5, "ANC", 0.4), (9, "ANC", 2.0)])
    assert "of other terms nothing is known" in derive(study).notes[-1]


# --- the adjudicated win -------------------------------------------------------------------------


def test_adjudicated_rows_win_and_the_rest_is_filled():
    given = pd.DataFrame(
        {"subject_id": ["a"], "endpoint": "response", "day": [84.0], "response": [False]}
    )
    study = one({84: WELL, 168: WELL}, responses=given)
    assert responses(study) == {84: False, 168: True}


def test_disagreements_count_and_name_no_subject():
    given = pd.DataFrame(
        {"subject_id": ["a"], "endpoint": "relapse", "status": ["event"], "time": [84.0]}
    )
    study = one({28: WELL, 84: WELL}, events=given)
    found = disagreements(study)
    assert found["kind"].tolist() == ["status"]
    assert found[["n_compared", "n_differ"]].to_numpy().tolist() == [[1, 1]]
    assert "subject_id" not in found
    listing = disagreements(study, identifiers=True)
    assert listing[["subject_id", "adjudicated", "derived"]].to_numpy().tolist() == [
        ["a", "event", "censored"]
    ]


def test_the_synthetic_study_agrees_with_itself():
    found = disagreements(simulate_study(21, 120))
    events = found[found["table"] == "events"]
    assert set(events["kind"]) == {"none"}
    assert len(events) == 5


# --- names, estimands, bad input -----------------------------------------------------------------


def test_every_derived_endpoint_is_in_the_vocabulary():
    names = set(Vocabulary().names("endpoint"))
    assert names == {*EVENT_ENDPOINTS, *RESPONSE_ENDPOINTS}


@pytest.mark.parametrize("endpoint", [*EVENT_ENDPOINTS, *RESPONSE_ENDPOINTS])
def test_estimand_prints_its_five_parts(endpoint):
    text = str(estimand_of(endpoint))
    lines = [line.split(":")[0] for line in text.splitlines()]
    assert lines == ["Population", "Treatment", "Variable", "Intercurrent events", "Summary"]


def test_estimand_says_what_the_endpoint_does_about_each_event():
    def strategies(endpoint, **chosen):
        return dict(estimand_of(endpoint, strategies=Strategies(**chosen)).strategies)

    assert strategies("response")["rescue"] == "composite"
    relapse = strategies("relapse")
    assert (relapse["rescue"], relapse["reinfusion"], relapse["death"]) == (
        "composite",
        "competing",
        "competing",
    )
    survival = strategies("relapse_free_survival")
    assert (survival["reinfusion"], survival["death"]) == ("treatment policy", "composite")
    assert strategies("overall_survival")["rescue"] == "treatment policy"
    chosen = strategies("event_free_survival", relapse_rescue="hypothetical")
    assert chosen["rescue"] == "hypothetical"


def test_bad_arguments_are_refused():
    study = one({28: WELL})
    with pytest.raises(CarstatsError, match="`endpoints` is 'relaps'"):
        derive(study, endpoints=["relaps"])
    with pytest.raises(CarstatsError, match="`rescue` is 'ignore'"):
        Strategies(rescue="ignore")
    with pytest.raises(CarstatsError, match="no table `assessments`"):
        derive(dataclasses.replace(study, assessments=None))
    with pytest.raises(CarstatsError, match="takes a Study"):
        derive(study.subjects)
    with pytest.raises(CarstatsError, match="`endpoint` is 'hope'"):
        estimand_of("hope")


def test_wrong_units_and_scores_out_of_range_are_all_named():
    extra = [
        (28, "UPCR", 80.0, "g/g"), (28, "IgG", 900.0, "g/L"), (27, "IgG", 9.0, "mmol/L"),
    ]  # fmt: skip
    with pytest.raises(CarstatsError) as caught:
        one({28: 30.0}, extra=extra)
    text = str(caught.value)
    assert "4 problems" in text
    assert "row 1, `value`: MG-ADL is 30, outside its range of 0 to 24." in text
    assert "UPCR is 80 g/g" in text
    assert "Is it in mg/g or mg/mmol?" in text
    assert "IgG is 900 g/L" in text
    assert "Is it in mg/dL or mg/L?" in text
    assert "'mmol/L' is not a unit of IgG" in text


@pytest.mark.parametrize(("value", "unit"), [(0.45, "g/g"), (50.895, "mg/mmol"), (450, "mg/g")])
def test_units_are_converted(value, unit):
    extra = [(168, "eGFR", 95.0), (-10, "eGFR", 95.0), (168, "UPCR", value, unit)]
    extra.append((-10, "UPCR", 2.0, "g/g"))
    study = one({168: 4.0}, disease="SLE", measure="SLEDAI-2K", baseline=12.0, extra=extra)
    assert responses(study, "CRR") == {168: True}
