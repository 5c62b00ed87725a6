"""Harm of the synthetic study: what was there stays, and its truth is found again."""

import numpy as np
import pytest

import carstats as cs
from carstats.synthetic.harm import HARM, harm_truth
from carstats.synthetic.model import MODEL

TRUTH = harm_truth(MODEL)


@pytest.fixture(scope="module")
def cohort():
    return cs.define_cohort(cs.simulate_study(seed=5, n=1200), cs.infused())


def test_shares_of_the_truth_add_up():
    assert sum(TRUTH["organism"].values()) == pytest.approx(1, abs=1e-5)
    assert TRUTH["second_malignancy_per_100_person_years"] == 100 * HARM.malignancy_rate


def test_organisms_and_treatment_are_those_of_the_truth(cohort):
    found = cs.infections_by_organism(cohort, window=None, serious=False).frame
    counts = found.set_index("organism")["n_event"]
    assert counts["other"] == 0
    for name, share in TRUTH["organism"].items():
        # Four standard errors; the few fatal infections have other sites.
        error = 4 * np.sqrt(share * (1 - share) / counts["any"])
        assert counts[name] / counts["any"] == pytest.approx(share, abs=error)
    treated = cs.crs_treatment(cohort).frame.set_index(["parameter", "among"])
    row = treated.loc[("tocilizumab", "with CRS")]
    error = 4 * np.sqrt(0.25 / row["n"])
    assert row["estimate"] == pytest.approx(TRUTH["tocilizumab_given_crs"], abs=error)


def test_second_malignancies_come_at_their_rate(cohort):
    row = cs.exposure_adjusted_rate(
        cohort,
        "second malignancy",
        per=100,
        window=(HARM.malignancy_from + 1, 3000),
        conf_level=0.9999,
    ).frame.iloc[0]
    assert row["conf_low"] <= TRUTH["second_malignancy_per_100_person_years"] <= row["conf_high"]


def test_intensive_care_lies_within_the_hospital_stays(cohort):
    found = cs.hospital_days(cohort, at=[90, 1000]).frame
    assert not found["note"].str.contains("outside the hospital stays").any()
    admitted = found[(found["parameter"] == "admitted") & (found["time"] == 90)].iloc[0]
    assert admitted["n_event"] == admitted["n"]
    crs = cohort.table("toxicities").query("term == 'CRS'")
    unit = cohort.table("medications").query("drug_class == 'intensive care'")
    severe = set(crs.loc[crs["grade"] >= 3, "subject_id"])
    assert severe <= set(unit["subject_id"])
