"""Small studies worked out by hand from the definitions: what each must give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from carstats.endpoints.derive.derivation import derive_all
from carstats.endpoints.derive.intercurrent import find_intercurrent

CASES = Path(__file__).parents[1] / "cases" / "rules"


def case(name):
    """Return a study folder of the cases and everything derived from it."""
    study = cs.read_study(CASES / name)
    return study, derive_all(study)


def answer(found, subject, endpoint, day):
    """Return True, False, "NE" or "no row" of one derived response."""
    rows = found.responses
    rows = rows[(rows["subject_id"] == subject) & (rows["endpoint"] == endpoint)]
    rows = rows[rows["day"] == day]
    if not len(rows):
        return "no row"
    value = rows["response"].iloc[0]
    return "NE" if pd.isna(value) else bool(value)


def test_six_subjects_in_lasting_remission_need_no_rescue():
    study, found = case("steroid")
    assert np.isinf(find_intercurrent(study).rescue).all()
    ids = study.subjects["subject_id"]
    assert [answer(found, who, "SRI-4", 168) for who in ids] == [True] * 6
    relapse = found.events[found.events["endpoint"] == "relapse"]
    assert (relapse["status"] == "censored").all()


def test_three_of_the_six_take_more_than_7_5_mg_and_the_rate_says_so():
    cohort = cs.define_cohort(cs.derive(case("steroid")[0]), cs.infused())
    (row,) = cs.response_rate(cohort, "SRI-4").frame.to_dict("records")
    assert (row["n_event"], row["n"]) == (6, 6)
    assert "3 of 6 responders take more than 7.5 mg of prednisone a day" in row["note"]


def test_dose_cap_is_a_condition_of_the_endpoint_at_its_visit():
    study, found = case("steroid")
    met = [answer(found, who, "DORIS", 168) for who in study.subjects["subject_id"]]
    # 20 mg, 10 mg, off, off, off, 60 mg on the day.
    assert met == [False, False, True, True, True, False]


def test_laboratory_values_two_days_after_the_score_and_without_one():
    _, found = case("off")
    assert [answer(found, "O1", "CRR", day) for day in (84, 86, 168, 170, 252)] == [
        "no row", True, "no row", True, True,
    ]  # fmt: skip
    assert [answer(found, "O2", "CRR", day) for day in (84, 168)] == [True, True]


def test_sustained_looks_back_and_confirmed_looks_forward():
    _, found = case("sustain")
    for who in ("sus1", "sus2"):
        assert answer(found, who, "DORIS_sustained", 252) is True
        assert answer(found, who, "DORIS_sustained", 168) is False
        assert answer(found, who, "DORIS_confirmed", 84) is True
    assert answer(found, "sus2", "DORIS_sustained", 364) is True
    # Nothing has confirmed a last visit yet.
    assert answer(found, "sus1", "DORIS_confirmed", 252) == "NE"


EXPECTED = pd.read_csv(CASES / "nephritis" / "expected.csv").to_dict("records")


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: f"{row['subject_id']}-{row['endpoint']}")
def test_renal_responses(row, nephritis):
    found = answer(nephritis, row["subject_id"], row["endpoint"], row["day"])
    assert str(found) == row["expected"], row["basis"]


@pytest.fixture(scope="module")
def nephritis():
    study = cs.read_study(CASES / "nephritis")
    return derive_all(study, endpoints=["CRR", "PERR", "KDIGO_CR", "KDIGO_PR"])
