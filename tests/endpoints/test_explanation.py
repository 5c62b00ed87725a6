"""`explain`: a subject's course through a rule, in words; what decided, in `disagreements`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import carstats as cs
from carstats.endpoints.explanation.document import Explanation, explain
from tests.endpoints.tiny_study import one

CASES = Path(__file__).parents[1] / "cases" / "rules"


def text(study, endpoint, subject="a", **options):
    return repr(explain(study, endpoint, subject, **options))


def folder(name):
    return cs.read_study(CASES / name)


def lupus(scores, **more):
    """Return a lupus study with clinical SLEDAI and PGA of {day: (clinical, pga)}."""
    rows = [(-10, "cSLEDAI", 10.0), (-10, "PGA", 2.0)]
    for day, (clinical, pga) in scores.items():
        rows += [(day, "cSLEDAI", clinical), (day, "PGA", pga)]
    return one({}, disease="SLE", measure="SLEDAI-2K", baseline=12.0, extra=rows, last=200, **more)


# --- toxicities -----------------------------------------------------------------------------------


def test_crs_days_say_what_decided_their_grade():
    words = text(folder("crs_missing"), "CRS", "X5")
    assert words.splitlines() == [
        "Cytokine release syndrome, X5",
        "  derived: grade 3, day 2 to 3 (immune; ASTCT)",
        "  day 2: grade 1: 39 °C, fever; no hypotension; no oxygen",
        "  day 3: grade 3: temperature blank, within the episode taken for fever; hypotension 1, "
        "vasopressors 1; no oxygen",
    ]
    words = text(folder("crs_missing"), "CRS", "X4")
    assert "day 3: grade 2 or more: 39 °C, fever; hypotension 1, vasopressors blank" in words
    assert "oxygen device blank" in words


def test_a_late_fever_is_shown_and_no_crs():
    words = text(folder("late"), "CRS", "L1")
    assert "derived: Fever outside the CRS window, day 200" in words
    assert "day 200: no CRS, begun outside its window: 39 °C, fever" in words


def test_icans_days_name_the_blank_cell():
    words = text(folder("icans_missing"), "ICANS", "Y6")
    assert "day 5: grade 2 or more: ICE 5 (before: 10); Cerebral oedema blank" in words


def test_licats_shows_every_condition():
    study = folder("licats")
    yes = text(study, "LICATS", "LI2")
    assert "skin, worse on day 33, last seen on day 33, gone on day 50: LICATS candidate" in yes
    assert "in B-cell aplasia: yes, 0 B cells/µL on day 33" in yes
    no = text(study, "LICATS", "LI4")
    assert "mucosal ulcers, worse on day 12" in no
    assert "in an organ involved before: no" in no
    assert "no organ worsened after the infusion" in text(study, "LICATS", "LI5")
    narrow = text(study, "LICATS", "LI2", rules=cs.Rules(licats_days=28))
    assert "no LICATS (begun in the window: no" in narrow


def test_counts_show_their_days_and_version():
    rows = [(day, "ANC", 0.3 if day < 8 else 2.0) for day in range(31)]
    study = one({28: 4.0}, extra=rows)
    assert "days at or below 500/µL: 8" in text(study, "ICAHT")
    assert "EHA/EBMT early: grade 2; values on 31 days, a value every day" in text(study, "ICAHT")
    assert "day 3: grade 4: 0.3 × 10⁹/L" in text(study, "neutropenia")
    six = text(study, "neutropenia", rules=cs.Rules(ctcae_version="v6"))
    assert "day 3: grade 3: 0.3 × 10⁹/L" in six


def test_what_the_study_records_is_shown_where_there_is_no_rule():
    study = one({28: 4.0}, toxicities=[("infection", 5.0, 9.0)])
    assert "recorded: no grade, day 5 to 9" in text(study, "infection")
    assert "nothing was recorded, and there is no rule" in text(study, "GvHD")
    assert "no worksheet of this subject" in text(study, "CRS")
    assert "no ferritin of this subject" in text(study, "IEC-HS")
    assert "no IgG of this subject" in text(study, "hypogammaglobulinaemia")


# --- responses ------------------------------------------------------------------------------------


def test_a_visit_shows_components_values_thresholds_and_verdicts():
    drugs = [("prednisone", "glucocorticoid", -30.0, 100.0, 7.5, "disease")]
    words = text(lupus({84: (0.0, 0.3), 168: (2.0, 0.3)}, drugs=drugs), "DORIS")
    assert "drug: prednisone, day -30 to 100, 7.5 mg of prednisone a day (Disease)" in words
    assert "day 84, week 12 (days 70 to 98): not met" in words
    assert "Clinical SLEDAI 0 on day 84; needed: at most 0: met" in words
    assert "prednisone (mg a day) 7.5 on day 84; needed: at most 5: not met" in words
    assert "day 168, week 24 (days 140 to 196): not met" in words
    assert "Clinical SLEDAI 2 on day 168; needed: at most 0: not met" in words


def test_intercurrent_events_are_named():
    drugs = [("rituximab", "biologic", 100.0, 114.0, None, "disease")]
    study = lupus({84: (0.0, 0.3), 168: (0.0, 0.3)}, drugs=drugs, again=[(150, False)])
    words = text(study, "DORIS")
    assert "rescue on day 100" in words
    assert "unplanned re-infusion on day 150" in words
    assert "day 84, week 12 (days 70 to 98): met" in words
    assert "day 168, week 24 (days 140 to 196): not met (rescue on day 100)" in words


def test_sustained_and_drug_free_show_what_they_are_built_on():
    study = lupus({28: (0.0, 0.3), 196: (0.0, 0.3)})
    words = text(study, "DORIS_sustained")
    assert "DORIS at this visit: met" in words
    free = text(study, "drug_free_remission")
    assert "a glucocorticoid in the 28 days up to day 196: no" in free
    assert "Manual muscle" not in free  # of the subject's own disease only


def test_an_endpoint_of_another_disease_does_not_apply():
    assert "the endpoint does not apply to this subject" in text(one({28: 4.0}), "DORIS")
    assert "no visit at which it could be judged" in text(lupus({}), "DORIS")


def test_recorded_responses_stand_beside_the_rule():
    given = pd.DataFrame({"subject_id": ["a"], "endpoint": ["DORIS"], "day": [84.0],
                          "response": [False]})  # fmt: skip
    assert "recorded on day 84: not met" in text(lupus({84: (0.0, 0.3)}, responses=given), "DORIS")


# --- events ---------------------------------------------------------------------------------------


def test_an_event_shows_its_row_and_the_course_of_the_response():
    words = text(one({28: 4.0, 84: 4.0, 168: 9.0, 190: 9.0}), "relapse")
    assert "derived: event: relapse on day 168, after day 84" in words
    assert "first visit in response: day 28" in words
    assert "last adequate assessment: day 190" in words
    assert "baseline MG activities of daily living: 10" in words
    cells = [
        (7, "B_cells", 0.0, "/uL"),
        (90, "B_cells", 20.0, "/uL"),
        (120, "B_cells", 30.0, "/uL"),
    ]
    words = text(one({28: 4.0}, extra=cells), "b_cell_reconstitution")
    assert "derived: event on day 90" in words
    assert "day 120: CD19-positive B cells 30" in words


# --- the object and its errors --------------------------------------------------------------------


def test_every_endpoint_and_toxicity_is_explained():
    study = cs.simulate_study(21, 40)
    subject = study.subjects.loc[study.subjects["infused"].astype(bool), "subject_id"].iloc[0]
    words = study.vocabulary
    for name in (*words.names("toxicity"), "response", "relapse", "steroid_free", "LLDAS"):
        found = explain(study, name, subject)
        assert isinstance(found, Explanation)
        assert found.lines
        assert subject in found.title


def test_explanation_shows_as_a_page_and_in_chinese():
    found = explain(folder("late"), "crs", "L2")
    assert found.endpoint == "CRS"
    assert found._repr_html_().startswith("<p>Cytokine release syndrome, L2</p><ul><li>")
    with cs.in_language("zh"):
        assert "L2" in repr(found)


def test_explain_names_what_is_wrong():
    study = one({28: 4.0})
    with pytest.raises(cs.CarstatsError, match="`subject` is 'b'; the study has no such subject"):
        explain(study, "CRS", "b")
    with pytest.raises(
        cs.CarstatsError, match="`endpoint` is 'flu'; carstats explains: 'response'"
    ):
        explain(study, "flu", "a")
    with pytest.raises(cs.CarstatsError, match="`study` is str; it takes a Study"):
        explain("study", "CRS", "a")


# --- disagreements --------------------------------------------------------------------------------


def test_disagreements_say_what_decided_without_a_value_of_a_subject():
    given = pd.DataFrame({"subject_id": ["a", "a"], "endpoint": ["DORIS", "DORIS"],
                          "day": [84.0, 168.0], "response": [True, True]})  # fmt: skip
    study = lupus({84: (4.0, 0.3), 168: (2.0, 0.9)}, responses=given)
    (row,) = cs.disagreements(study).to_dict("records")
    assert (row["endpoint"], row["n_differ"]) == ("DORIS", 2)
    assert row["why"] == "Clinical SLEDAI (2), Physician global assessment (1)"
    listing = cs.disagreements(study, identifiers=True)
    assert "Clinical SLEDAI 4 on day 84; needed: at most 0" in listing["why"].iloc[0]


def test_a_lower_bound_disagrees_only_with_a_smaller_grade():
    study = folder("crs_missing")
    ids = ["X1", "X3", "X4"]
    given = pd.DataFrame({"subject_id": ids, "term": "CRS", "onset_day": 3.0,
                          "grade": [2.0, 1.0, 4.0]})  # fmt: skip
    study = type(study)(**(study.tables() | {"toxicities": given}))
    found = cs.disagreements(study, identifiers=True)
    # X1 is at least 3; X3 at least 1 and X4 at least 2 agree with 1 and 4
    assert found.loc[found["kind"] == "grade", "subject_id"].tolist() == ["X1"]
    assert set(found.loc[found["kind"] == "only derived", "subject_id"]) == {"X2", "X5", "X6", "X7"}


def test_who_was_never_infused_is_told():
    study = one({28: 4.0})
    subjects = study.subjects.assign(infused=False)
    tables = {"subjects": subjects, "assessments": study.assessments}
    assert "never infused" in text(type(study)(**tables), "CRS")


def test_a_hospital_stay_is_no_drug():
    study = cs.simulate_study(seed=5, n=20)
    stays = study.medications[study.medications["drug_class"] == "hospital stay"]
    text = str(explain(study, "drug_free_remission", stays["subject_id"].iloc[0]))
    assert "hospital stay, day " in text
    assert "ward" not in text
