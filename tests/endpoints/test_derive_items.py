"""Totals from items, haemophagocytosis, classes of infection, complement and creatine kinase."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from carstats.endpoints.derive.derivation import derive
from carstats.endpoints.derive.visits import find_visits
from carstats.endpoints.options import Rules
from carstats.endpoints.rules.drug_free import judge_treatment
from carstats.endpoints.rules.lupus.sledai import SLEDAI_ITEMS
from carstats.endpoints.rules.score_changes import mg_qol15r_change, mmt8_change, mrs_change
from carstats.errors import CarstatsError
from tests.endpoints.tiny_study import event, one, outcome, responses


def items(day, *scored):
    return [(day, f"SLEDAI_{name}", float(name in scored)) for name in SLEDAI_ITEMS]


def lupus(extra, **more):
    return one({}, disease="SLE", measure="SLEDAI-2K", baseline=None, extra=extra, **more)


# --- SLEDAI-2K -----------------------------------------------------------------------------------


def test_totals_are_the_sums_of_the_items():
    study = lupus([*items(-10, *SLEDAI_ITEMS), *items(84, "seizure", "rash", "low_complement")])
    visits = find_visits(study)
    assert visits.subject_baseline("SLEDAI-2K")[0].tolist() == [105.0]
    assert visits.subject_baseline("cSLEDAI")[0].tolist() == [101.0]
    assert visits.day.tolist() == [84.0]
    assert visits.measure("SLEDAI-2K").tolist() == [12.0]
    assert visits.measure("cSLEDAI").tolist() == [10.0]


def test_total_that_was_recorded_stays_and_a_missing_item_leaves_none():
    given = lupus([*items(84, "seizure"), (84, "SLEDAI-2K", 4.0)])
    assert find_visits(given).measure("SLEDAI-2K").tolist() == [4.0]
    assert find_visits(given).measure("cSLEDAI").tolist() == [8.0]
    few = lupus([*items(56, "seizure"), *items(84, "seizure")[1:], (84, "PGA", 1.0)])
    assert find_visits(few).day.tolist() == [56.0, 84.0]
    np.testing.assert_array_equal(find_visits(few).measure("SLEDAI-2K"), [8.0, np.nan])


def test_total_is_adequate_where_every_item_is():
    study = lupus([*items(56, "rash"), *items(84, "rash")], inadequate=[84])
    assert find_visits(study).adequate.tolist() == [True, False]


def test_sri_from_items_only():
    rows = [*items(-10, "arthritis", "rash"), *items(84, "rash")]
    rows += [(-10, "PGA", 2.0), (84, "PGA", 1.0), (84, "new_BILAG_A", 0), (84, "new_BILAG_B", 0)]
    assert responses(lupus(rows), "SRI-4") == {84: True}


def test_lldas_compares_with_the_visit_before_and_first_with_the_baseline():
    def rows(day, *scored):
        return [*items(day, *scored), (day, "PGA", 1.0), (day, "haemolytic_or_gastrointestinal", 0)]

    study = lupus([*rows(28, "rash"), *rows(84, "rash"), *rows(168, "alopecia")])
    # The baseline has no items: what scores at the first visit may be new.
    assert responses(study, "LLDAS") == {28: None, 84: True, 168: False}
    before = lupus([*items(-9, "rash", "arthritis"), *rows(28, "rash"), *rows(84, "alopecia")])
    assert responses(before, "LLDAS") == {28: True, 84: False}
    # A visit with SLEDAI-2K 0 has no new activity, whatever came before.
    assert responses(lupus([*rows(28), *rows(84, "rash")]), "LLDAS") == {28: True, 84: False}


@pytest.mark.parametrize(("before", "mg", "met"), [(7.5, 7.5, True), (7.6, 7.6, False)])
def test_dose_cap_is_a_condition_at_the_visit_and_no_event(before, mg, met):
    def rows(day):
        more = [(day, "PGA", 0.4), (day, "haemolytic_or_gastrointestinal", 0)]
        return [*items(day), *more]

    steroid = [
        ("prednisone", "glucocorticoid", -50.0, 99.0, before, "disease"),
        ("prednisone", "glucocorticoid", 100.0, None, mg, "disease"),
    ]
    study = lupus([*rows(28), *rows(84), *rows(168)], drugs=steroid)
    assert responses(study, "LLDAS")[168] is met
    assert responses(study, "DORIS")[168] is False
    assert responses(study, "remission") == {28: True, 84: True, 168: True}


# --- toxicities ----------------------------------------------------------------------------------

CRS = [("CRS", 2.0, 7.0)]


def iechs(extra, rules=None, toxicities=CRS):
    study = one({28: 4.0}, extra=[(-10, "ferritin", 200.0), *extra], toxicities=toxicities)
    found = derive(study, rules=rules).toxicities
    return found[found["term"] == "IEC-HS"]


def test_iechs_meets_its_criteria_after_crs_with_a_supporting_sign():
    (row,) = iechs([(9, "ferritin", 2000.0), (9, "fibrinogen", 149.0)]).to_dict("records")
    assert (row["onset_day"], row["grading_scale"]) == (9, "ASTCT")
    assert row["attribution"] == "derived: meets the criteria, to be adjudicated"
    assert np.isnan(row["grade"])


@pytest.mark.parametrize("extra", [
    [(9, "ferritin", 2000.0)],                           # after CRS, no sign
    [(3, "ferritin", 2000.0), (3, "ALT", 201.0)],        # a sign, CRS at its height
])  # fmt: skip
def test_possible_iechs_is_a_toxicity_only_where_asked_for(extra):
    assert iechs(extra).empty
    (row,) = iechs(extra, Rules(iechs="possible")).to_dict("records")
    assert row["attribution"] == "derived: possible, to be adjudicated"


@pytest.mark.parametrize("extra", [
    [(9, "ferritin", 400.0), (9, "fibrinogen", 100.0)],  # not above twice the baseline or limit
    [(61, "ferritin", 2000.0), (61, "fibrinogen", 100.0)],
    [(9, "fibrinogen", 100.0)],
])  # fmt: skip
def test_no_iechs(extra):
    assert iechs(extra, Rules(iechs="possible")).empty


def test_infections_get_the_class_of_their_organism():
    episodes = [("infection", 20.0, 30.0), ("infection", 40.0, 44.0)]
    study = one({28: 4.0}, toxicities=episodes, last=60)
    toxicities = study.toxicities.assign(
        organism=["CMV", "Escherichia coli"], grade=[2, 3], hospitalised=[False, True],
        iv_antimicrobials=[False, True],
    )  # fmt: skip
    found = derive(dataclasses.replace(study, toxicities=toxicities)).toxicities
    assert found["infection_class"].tolist() == ["viral", "bacterial"]
    assert found["serious"].tolist() == [False, True]
    # What the study says of it stays.
    own = dataclasses.replace(study, toxicities=toxicities.assign(serious=[True, None]))
    assert derive(own).toxicities["serious"].tolist() == [True, True]


# --- laboratory endpoints and others -------------------------------------------------------------


def complement(*days, **values):
    return [(d, name, v) for name, row in values.items() for d, v in zip(days, row, strict=True)]


def test_complement_is_normal_when_both_components_are():
    rows = complement(-10, 28, 56, C3=(0.5, 0.9, 1.0), C4=(0.05, 0.09, 0.1))
    row = event(lupus([*rows, (84, "PGA", 1.0)]), "complement_normalisation")
    assert row[["status", "time", "time_low"]].tolist() == ["event", 56, 28]
    # Where the study has no C4, C3 decides.
    assert event(lupus(rows[:3]), "complement_normalisation")["time"] == 28
    normal = lupus(complement(-10, 28, C3=(0.9, 0.5)))
    assert derive(normal, endpoints=["complement_normalisation"]).events.empty


def test_creatine_kinase_is_normal_at_the_first_of_two_values():
    def muscle(*values):
        rows = list(zip((-10, 28, 56, 84), ("CK",) * 4, values, strict=True))
        return one({84: 80.0}, disease="IIM", measure="MMT8", baseline=60.0, extra=rows)

    assert outcome(muscle(900.0, 300.0, 200.0, 150.0), "ck_normalisation")[:2] == ("event", 56)
    assert outcome(muscle(900.0, 200.0, 201.0, 150.0), "ck_normalisation")[0] == "censored"
    assert derive(muscle(200.0, 300.0, 100.0, 100.0), endpoints=["ck_normalisation"]).events.empty


def test_sclerosis_with_a_renal_crisis_has_not_improved():
    before = {"FVC": 80.0, "patient_global": 6.0, "physician_global": 6.0, "HAQ-DI": 2.0}
    after = {"FVC": 85.0, "patient_global": 2.0, "physician_global": 2.0, "HAQ-DI": 0.5}
    rows = [(d, n, v) for d, part in ((-10, before), (168, after)) for n, v in part.items()]
    calm = one({168: 10.0}, disease="SSc", measure="mRSS", baseline=25.0, extra=rows)
    assert responses(calm, "CRISS") == responses(calm, "revised_CRISS") == {168: True}
    crisis = one(
        {168: 10.0},
        disease="SSc",
        measure="mRSS",
        baseline=25.0,
        extra=[*rows, (60, "renal_failure", 1.0)],
    )
    assert responses(crisis, "CRISS") == responses(crisis, "revised_CRISS") == {168: False}


def test_changes_of_scores():
    assert mmt8_change([60, 70], [75, None]).tolist()[0] == 15.0
    assert mg_qol15r_change(20, 5).tolist() == [-15.0]
    assert mrs_change(4, 2).tolist() == [-2.0]
    with pytest.raises(CarstatsError, match="`baseline` is 31"):
        mg_qol15r_change(31, 5)


def test_treatment_without_visits_is_empty():
    drugs = pd.DataFrame(
        {"subject_id": ["a"], "drug": "x", "drug_class": "biologic", "start_day": [1.0],
         "stop_day": [9.0]}
    )  # fmt: skip
    found = judge_treatment([], [], [], drugs)
    assert len(found.drug_free) == len(found.prednisone_mg) == len(found.off_drug_day) == 0
