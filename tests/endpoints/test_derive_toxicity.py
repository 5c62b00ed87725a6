"""Toxicities derived from worksheets and laboratory values."""

from __future__ import annotations

import pandas as pd

from carstats.endpoints.derive.derivation import derive, derive_all
from carstats.endpoints.rules.toxicity.crs import OXYGEN
from carstats.synthetic.simulation import simulate_study
from tests.endpoints.tiny_study import one

WELL = 4.0


def toxicities(study, term=None):
    table = derive(study).toxicities
    if table is None:
        return pd.DataFrame()
    return table if term is None else table[table["term"] == term].reset_index(drop=True)


def worksheet(days):
    """Return rows for {day: (temperature, hypotension, vasopressors, oxygen device)}."""
    names = ("temperature", "hypotension", "vasopressors", "oxygen_device")
    codes = list(OXYGEN)
    return [
        (day, name, float(codes.index(value)) if name == "oxygen_device" else float(value))
        for day, values in days.items()
        for name, value in zip(names, values, strict=True)
    ]


def test_crs_worksheet_becomes_an_episode():
    sheet = worksheet(
        {
            2: (39.0, 0, 0, "none"),
            3: (38.5, 1, 1, "none"),
            4: (38.2, 1, 0, "blow-by"),
            5: (36.8, 0, 0, "none"),
        }
    )
    (row,) = toxicities(one({28: WELL}, extra=sheet), "CRS").to_dict("records")
    assert (row["onset_day"], row["grade"], row["resolution_day"]) == (2, 3, 4)
    assert (row["grading_scale"], row["attribution"]) == ("ASTCT", "derived")


def test_icans_is_graded_from_the_ice_score():
    (row,) = toxicities(
        one(
            {28: WELL}, extra=[(5, "ICE", 10.0), (6, "ICE", 8.0), (7, "ICE", 5.0), (8, "ICE", 10.0)]
        ),
        "ICANS",
    ).to_dict("records")
    assert (row["onset_day"], row["grade"], row["resolution_day"]) == (6, 2, 7)


def test_ice_is_graded_against_the_score_before_the_cells():
    study = one({28: WELL}, extra=[(-10, "ICE", 8.0), (6, "ICE", 8.0), (7, "ICE", 8.0)])
    assert toxicities(study, "ICANS").empty


def test_cytopenia_of_grade_2_and_more():
    counts = [(3, "ANC", 1500.0, "/uL"), (5, "ANC", 0.9), (7, "ANC", 0.4), (9, "ANC", 2.0)]
    (row,) = toxicities(one({28: WELL}, extra=counts), "neutropenia").to_dict("records")
    assert (row["onset_day"], row["grade"], row["resolution_day"]) == (5, 4, 7)


def test_low_igg_masked_by_immunoglobulin_does_not_count():
    given = [("immunoglobulin IV", "immunoglobulin", 30.0, 30.0, None, "replacement")]
    hidden = one({84: WELL}, extra=[(40, "IgG", 600.0, "mg/dL")], drugs=given)
    assert toxicities(hidden, "hypogammaglobulinaemia").empty
    shown = one({84: WELL}, extra=[(60, "IgG", 390.0, "mg/dL")], drugs=given)
    (row,) = toxicities(shown, "hypogammaglobulinaemia").to_dict("records")
    assert (row["onset_day"], row["severity"]) == (60, "severe")


def kidney(*values, organ_before=2.0, cells=0.0):
    extra = [(d, "UPCR", v) for d, v in zip((-10, 12, 24), (organ_before, *values), strict=False)]
    extra += [(10, "B_cells", cells)]
    return one({28: 4.0}, disease="SLE", measure="SLEDAI-2K", baseline=12.0, extra=extra)


def test_proteinuria_at_day_12_that_resolves_is_a_licats_candidate():
    (row,) = toxicities(kidney(3.5, 1.5), "LICATS").to_dict("records")
    assert (row["onset_day"], row["system"]) == (12, "kidney")
    assert "candidate" in row["attribution"]


def test_no_candidate_without_aplasia_involved_organ_or_resolution():
    assert toxicities(kidney(3.5, 1.5, cells=50.0), "LICATS").empty
    assert toxicities(kidney(0.9, 0.3, organ_before=0.3), "LICATS").empty
    assert toxicities(kidney(3.5, 3.4), "LICATS").empty


def test_recorded_terms_win_and_others_are_added():
    counts = [(5, "ANC", 0.9), (7, "ANC", 0.4), (9, "ANC", 2.0), (7, "haemoglobin", 7.0)]
    study = one({28: WELL}, extra=counts, toxicities=[("neutropenia", 4.0, 9.0)])
    found = toxicities(study)
    assert found.loc[found["term"] == "neutropenia", "onset_day"].tolist() == [4]
    assert found.loc[found["term"] == "anaemia", "grade"].tolist() == [3]


def test_what_is_derived_of_the_synthetic_study_was_recorded():
    study = simulate_study(21, 240)
    found = derive_all(study).toxicities
    for term in ("neutropenia", "thrombocytopenia", "anaemia", "hypogammaglobulinaemia"):
        derived = set(found.loc[found["term"] == term, "subject_id"])
        recorded = study.toxicities[study.toxicities["term"] == term]
        assert derived
        assert derived <= set(recorded["subject_id"])
