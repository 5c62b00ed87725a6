"""Relapse by the rule of each disease: one tiny subject for every sign and boundary."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from carstats.endpoints.derive.derivation import derive
from carstats.endpoints.derive.flares import RELAPSE_RULES
from carstats.endpoints.options import Rules
from tests.endpoints.tiny_study import event, one, outcome, responses


def rescue(day):
    return [("rituximab", "biologic", float(day), day + 14.0, None, "disease")]


def found(study, **options):
    """Return (status, time, severity) of the derived relapse."""
    row = event(study, "relapse", **options)
    return row["status"], row["time"], None if pd.isna(row["severity"]) else row["severity"]


# --- lupus ----------------------------------------------------------------------------------------


def lupus(scores, drugs=(), extra=(), pga=None, **more):
    pga = dict.fromkeys(scores, 0.3) | (pga or {})
    rows = [(d, name, 0.0) for d in scores for name in ("new_BILAG_A", "new_BILAG_B")]
    rows += [(-10, "PGA", 2.0), *((d, "PGA", value) for d, value in pga.items()), *extra]
    return one(
        scores, disease="SLE", measure="SLEDAI-2K", baseline=12.0, extra=rows, drugs=drugs, **more
    )


@pytest.mark.parametrize(("scores", "expected"), [
    ({84: 4.0, 168: 7.0, 252: 4.0}, ("censored", 252, None)),
    ({84: 4.0, 168: 7.0, 252: 7.0}, ("event", 168, "mild/moderate")),
    ({84: 4.0, 168: 6.0, 252: 6.0}, ("censored", 252, None)),
    ({84: 4.0, 168: 12.0, 252: 4.0}, ("censored", 252, None)),
    ({84: 4.0, 168: 13.0, 252: 4.0}, ("event", 168, "severe")),
])  # fmt: skip
def test_flare_of_the_score(scores, expected):
    assert found(lupus(scores)) == expected


def test_loss_of_response_is_no_flare_and_an_option():
    # SLEDAI 8 to 10 after a baseline of 12: SRI-4 is lost, a rise of 2 is no flare.
    study = lupus({84: 8.0, 168: 10.0, 252: 10.0})
    assert found(study) == ("censored", 252, None)
    loss = Rules(relapse="loss of response")
    assert outcome(study, "relapse", rules=loss) == ("event", 168, "relapse")


@pytest.mark.parametrize(("day", "expected"), [
    (168, ("event", 168, "mild/moderate")), (170, ("event", 168, "mild/moderate")),
    (252, ("event", 168, "mild/moderate")), (253, ("event", 253, None)),
])  # fmt: skip
def test_mild_flare_that_is_treated_before_the_next_visit(day, expected):
    assert found(lupus({84: 4.0, 168: 7.0, 252: 4.0}, rescue(day), last=300)) == expected


def test_rescue_before_the_flare_is_found_is_the_event():
    study = lupus({84: 4.0, 168: 13.0}, rescue(150))
    assert outcome(study, "relapse") == ("event", 150, "rescue")


@pytest.mark.parametrize(("pga", "severity"), [(2.6, "severe"), (2.5, "mild/moderate")])
def test_flare_of_the_physician_global(pga, severity):
    # Seen twice, so that the mild one is confirmed.
    study = lupus({84: 4.0, 168: 4.0, 252: 4.0}, pga={168: pga, 252: pga})
    assert found(study) == ("event", 168, severity)


def items(day, **scored):
    return [(day, f"SLEDAI_{name}", float(value)) for name, value in scored.items()]


def test_new_manifestation_counts_and_an_old_one_does_not():
    new = [*items(84, vasculitis=0), *items(168, vasculitis=1), *items(252, vasculitis=1)]
    assert found(lupus({84: 4.0, 168: 4.0, 252: 4.0}, extra=new)) == ("event", 168, "severe")
    old = [*items(84, vasculitis=1), *items(168, vasculitis=1), *items(252, vasculitis=1)]
    assert found(lupus({84: 4.0, 168: 4.0, 252: 4.0}, extra=old)) == ("censored", 252, None)
    rash = [*items(84, rash=0), *items(168, rash=1), *items(252, rash=1)]
    study = lupus({84: 4.0, 168: 4.0, 252: 4.0}, extra=rash)
    assert found(study) == ("event", 168, "mild/moderate")


def test_medication_items_make_a_flare_of_a_new_immunosuppressant():
    drugs = [("azathioprine", "immunosuppressant", 100.0, None, None, "disease")]
    assert outcome(lupus({84: 4.0, 168: 4.0}, drugs), "relapse") == ("event", 100, "rescue")
    # For another reason it is neither rescue nor a flare, but what comes then is not of the cells.
    kept = [("azathioprine", "immunosuppressant", 100.0, None, None, "background")]
    study = lupus({84: 4.0, 168: 4.0}, kept)
    assert outcome(study, "relapse") == ("competing", 100, "other treatment")
    assert outcome(study, "relapse_free_survival") == ("censored", 168, None)


def kidney(values, egfr=95.0):
    days = (-10, *(84 * (i + 1) for i in range(len(values) - 1)))
    rows = [(d, "UPCR", v) for d, v in zip(days, values, strict=True)]
    rows += [(d, "eGFR", egfr) for d in days]
    return lupus(dict.fromkeys(days[1:], 4.0), extra=rows)


@pytest.mark.parametrize(("values", "expected"), [
    # After a complete response above 0.5 twice; once, or at 0.5, it is none.
    ((3.0, 0.3, 0.6, 0.6), ("event", 168, "severe")),
    ((3.0, 0.3, 0.6, 0.4), ("censored", 252, None)),
    ((3.0, 0.3, 0.5, 0.5), ("censored", 252, None)),
    # After a partial response doubled and above 1.0.
    ((3.0, 0.7, 1.4, 1.4), ("event", 168, "severe")),
    ((3.0, 0.7, 1.3, 1.3), ("censored", 252, None)),
    # Without a renal response before it there is no renal flare.
    ((3.0, 2.9, 6.0, 6.0), ("censored", 252, None)),
])  # fmt: skip
def test_renal_flare(values, expected):
    assert found(kidney(values)) == expected


def test_first_response_can_be_chosen():
    study = lupus({84: 8.0, 168: 2.0, 252: 15.0}, extra=[(d, "cSLEDAI", 0.0) for d in (168, 252)])
    assert found(study) == ("event", 252, "severe")
    strict = Rules(response="DORIS", time_to_response="first")
    assert event(study, "time_to_response", rules=strict)["time"] == 168
    # A flare before the first DORIS remission is none.
    early = lupus({84: 4.0, 168: 13.0, 252: 2.0}, extra=[(252, "cSLEDAI", 0.0)])
    assert found(early)[:2] == ("event", 168)
    assert outcome(early, "relapse", rules=strict) == ("competing", 196, "primary non-response")


# --- myositis -------------------------------------------------------------------------------------

BEFORE = {
    "physician_global": 7.0, "patient_global": 7.0, "MMT8": 50.0, "HAQ-DI": 2.0, "CK": 3000.0,
    "extramuscular_global": 6.0,
}  # fmt: skip
WELL = {
    "physician_global": 2.0, "patient_global": 2.0, "MMT8": 75.0, "HAQ-DI": 0.5, "CK": 300.0,
    "extramuscular_global": 1.0,
}  # fmt: skip


def myositis(**worse):
    # The total score is lost with the patient's measures, which are no signs of worsening.
    lost = WELL | {"patient_global": 7.0, "HAQ-DI": 2.0, "extramuscular_global": 6.0} | worse
    rows = [
        (d, name, value)
        for d, values in ((-10, BEFORE), (84, WELL), (168, lost))
        for name, value in values.items()
        if name != "MMT8"
    ]
    scores = {84: WELL["MMT8"], 168: lost["MMT8"]}
    return one(scores, disease="IIM", measure="MMT8", baseline=50.0, extra=rows)


@pytest.mark.parametrize(("worse", "status"), [
    ({"physician_global": 6.5, "CK": 600.0, "MMT8": 61.0}, "event"),
    ({"physician_global": 6.5, "CK": 599.0, "MMT8": 60.0}, "event"),
    ({"physician_global": 6.5, "CK": 599.0, "MMT8": 61.0}, "censored"),
    ({"physician_global": 3.9, "CK": 599.0, "MMT8": 52.0}, "censored"),
    # Worse in two signs, with the response kept.
    ({"physician_global": 4.0, "CK": 600.0, "patient_global": 2.0, "HAQ-DI": 0.5,
      "extramuscular_global": 1.0}, "censored"),
])  # fmt: skip
def test_myositis_needs_a_lost_response_and_two_signs(worse, status):
    assert outcome(myositis(**worse), "relapse")[0] == status


# --- sclerosis, myasthenia, the others ------------------------------------------------------------


def sclerosis(fvc, extra=(), drugs=()):
    rows = [(d, "FVC", v) for d, v in zip((-10, 84, 168), (80.0, 80.0, fvc), strict=True)]
    return one(
        {84: 10.0, 168: 25.0},
        disease="SSc",
        measure="mRSS",
        baseline=20.0,
        extra=[*rows, *extra],
        drugs=drugs,
    )


def test_sclerosis_relapses_by_its_lung_and_organs_and_not_by_its_skin():
    assert outcome(sclerosis(72.1), "relapse")[0] == "censored"
    assert outcome(sclerosis(72.0), "relapse") == ("event", 168, "relapse")
    diffusion = [(84, "DLCO", 60.0), (168, "DLCO", 51.0)]
    assert outcome(sclerosis(76.0, diffusion), "relapse")[0] == "event"
    assert outcome(sclerosis(76.1, diffusion), "relapse")[0] == "censored"
    assert outcome(sclerosis(80.0, [(168, "renal_failure", 1.0)]), "relapse")[0] == "event"
    new = [("nintedanib", "antifibrotic", 100.0, None, None, "disease")]
    # Dated by its day, which is known.
    row = event(sclerosis(80.0, drugs=new), "relapse")
    assert row[["status", "time", "time_low", "time_high"]].tolist() == ["event", 100, 100, 100]
    old = [("nintedanib", "antifibrotic", -100.0, None, None, "background")]
    assert outcome(sclerosis(80.0, drugs=old), "relapse")[0] == "censored"


@pytest.mark.parametrize(("scores", "expected"), [
    # Two visits in response set the best sustained value of 3.
    ({28: 3.0, 56: 3.0, 84: 5.0, 98: 5.0}, ("event", 84, None)),
    ({28: 3.0, 56: 3.0, 84: 5.0, 97: 5.0}, ("censored", 97, None)),
    ({28: 3.0, 56: 3.0, 84: 4.0, 112: 4.0}, ("censored", 112, None)),
    ({28: 3.0, 56: 3.0, 84: 5.0, 112: 4.0}, ("censored", 112, None)),
    # The best value was not sustained: 4 was.
    ({28: 2.0, 56: 4.0, 84: 5.0, 112: 5.0}, ("censored", 112, None)),
])  # fmt: skip
def test_myasthenia_is_worse_at_two_visits(scores, expected):
    assert found(one(scores)) == expected


@pytest.mark.parametrize("measure", ["crisis", "hospitalised"])
def test_crisis_and_admission_are_relapses_at_once(measure):
    study = one({28: 3.0, 84: 4.0, 168: 3.0}, extra=[(84, measure, 1.0)])
    assert found(study) == ("event", 84, "severe")


@pytest.mark.parametrize(("disease", "measure"), [("MG", "MG-ADL"), ("SLE", "SLEDAI-2K")])
def test_admission_between_visits_is_known_to_the_day(disease, measure):
    admission = [(120, "hospitalised", 1.0)]
    if disease == "MG":
        study = one({84: 3.0, 168: 3.0}, extra=admission)
    else:
        study = lupus({84: 4.0, 168: 4.0}, extra=admission)
    row = event(study, "relapse")
    assert row[["status", "time", "time_low", "severity"]].tolist() == [
        "event", 120, 120, "severe",
    ]  # fmt: skip
    # Before the first response it is none.
    early = one({84: 3.0, 168: 3.0}, extra=[(50, "hospitalised", 1.0)])
    assert found(early)[0] == "censored"


def test_thrombocytopenia_responds_with_two_counts_a_week_apart():
    def platelets(counts):
        bleeding = [(d, "bleeding", 0.0) for d in counts]
        scores = {d: float(v) for d, v in counts.items()}
        study = one(scores, disease="ITP", measure="platelets", baseline=10.0, extra=bleeding)
        return responses(study)

    assert platelets({28: 50, 35: 50}) == {28: True, 35: True}
    # Fewer days apart it is still open; with a low count between them it is no response.
    assert platelets({28: 50, 34: 50}) == {28: None, 34: None}
    assert platelets({28: 50, 34: 20, 36: 50}) == {28: False, 34: False, 36: None}


def test_thrombocytopenia_loses_what_it_had():
    def platelets(*counts):
        scores = {84 * (i + 1): float(v) for i, v in enumerate(counts)}
        bleeding = [(d, "bleeding", 0.0) for d in scores]
        return one(scores, disease="ITP", measure="platelets", baseline=10.0, extra=bleeding)

    assert outcome(platelets(50, 50, 30), "relapse")[0] == "censored"
    # Two counts say so; one may be an error.
    assert outcome(platelets(50, 50, 29), "relapse")[0] == "censored"
    assert outcome(platelets(50, 50, 29, 29), "relapse") == ("event", 252, "relapse")
    assert outcome(platelets(50, 50, 29, 31), "relapse")[0] == "censored"
    assert outcome(platelets(120, 120, 99, 99), "relapse") == ("event", 252, "relapse")
    assert outcome(platelets(120, 120, 100, 100), "relapse")[0] == "censored"


def test_disease_without_a_rule_relapses_when_its_response_is_lost():
    study = one({84: 2.5, 168: 5.0}, disease="RA", measure="DAS28-CRP", baseline=5.5)
    assert outcome(study, "relapse") == ("event", 168, "relapse")
    assert "RA" not in RELAPSE_RULES


def test_severity_stands_beside_the_relapse_only():
    rows = derive(lupus({84: 4.0, 168: 13.0, 252: 4.0})).events.set_index("endpoint")
    assert rows.loc["relapse_free_survival", "severity"] == "severe"
    assert rows["severity"].notna().equals(rows["component"] == "relapse")


def test_local_toxicity_is_no_flare():
    study = lupus({8: 4.0, 12: 13.0, 30: 4.0, 84: 4.0})
    assert found(study)[0] == "censored"
    treated = dataclasses.replace(
        study,
        medications=pd.DataFrame({
            "subject_id": ["a"], "drug": "rituximab", "drug_class": "biologic", "start_day": [15.0],
            "stop_day": [29.0], "prednisone_equivalent_mg": np.nan, "reason": "disease",
        }),
    )  # fmt: skip
    assert found(treated) == ("event", 12, "severe")
