"""Immunoglobulin replacement: courses, reasons, days, who is on it still."""

import pandas as pd
import pytest
from scipy.stats import beta

import carstats as cs
from tests.conftest import subjects_table


def cohort(rows, n=4, **columns):
    """Return a cohort from rows of subject, first day, last day and reason."""
    table = pd.DataFrame(rows, columns=["subject_id", "start_day", "stop_day", "reason"])
    table = table.assign(
        subject_id=[f"S{i:02d}" for i in table["subject_id"]], drug="IVIG",
        drug_class="immunoglobulin", start_day=table["start_day"].astype(float),
        stop_day=table["stop_day"].astype(float),
    )  # fmt: skip
    return cs.define_cohort(cs.Study(subjects=subjects_table(n, **columns), medications=table))


def found(*given, **options):
    return cs.immunoglobulin_replacement(*given, **options).frame.set_index("parameter")


def test_by_hand():
    # An episode of 101 days; four doses of four weeks each, the last two months after the others.
    rows = [(1, 50, 150, "replacement")]
    rows += [(2, day, day, None) for day in (100, 128, 156, 300)]
    frame = found(cohort(rows))
    assert frame.loc["ever", ["n", "n_event"]].tolist() == [4, 2]
    assert frame.loc["ever", "conf_high"] == pytest.approx(beta.ppf(0.975, 3, 2))
    assert frame.loc["days to the first", "estimate"] == 75
    assert frame.loc["courses", "n_event"] == 3
    assert frame.loc["courses", "estimate"] == pytest.approx(3 / (4 * 1001 / 365.25))
    # 101 days; 84 and 28 days.
    assert frame.loc["days on", ["minimum", "maximum"]].tolist() == [101, 112]
    assert frame.loc["on at last contact", ["n", "n_event"]].tolist() == [2, 0]


def test_doses_56_days_apart_are_one_course_and_57_are_two():
    assert found(cohort([(1, 10, 10, None), (1, 66, 66, None)])).loc["courses", "n_event"] == 1
    assert found(cohort([(1, 10, 10, None), (1, 67, 67, None)])).loc["courses", "n_event"] == 2


def test_who_is_on_it_still():
    rows = [(1, 900, None, "replacement"), (2, 980, 980, None), (3, 900, 999, None)]
    frame = found(cohort(rows))
    assert frame.loc["on at last contact", ["n", "n_event"]].tolist() == [3, 2]
    # Nobody is on it for longer than followed.
    assert frame.loc["days on", "maximum"] == 101


def test_begun_before_the_infusion():
    rows = [
        (1, -100, 50, "replacement"),
        (2, -100, -50, "replacement"),
        (3, None, 5, "replacement"),
    ]
    frame = found(cohort(rows))
    assert frame.loc["ever", "n_event"] == 2
    assert "2 on it already at the infusion" in frame.loc["ever", "note"]
    assert frame.loc["courses", "n_event"] == 0
    assert frame.loc["days to the first", ["n", "n_missing"]].tolist() == [2, 2]
    # Day 0 counts: days 0 to 50, and 0 to 5.
    assert frame.loc["days on", ["minimum", "maximum"]].tolist() == [6, 51]


def test_what_treats_the_disease_is_not_replacement():
    rows = [(1, 10, 90, None), (2, 10, 90, "replacement"), (3, 10, 90, "disease")]
    frame = found(cohort(rows, disease="MG"))
    ever = frame.loc["ever"]
    assert ever[["n_event", "n_missing"]].tolist() == [1, 1]
    # Upper limit of two of four, lower of one.
    assert ever["conf_high"] == pytest.approx(beta.ppf(0.975, 3, 2))
    assert ever["conf_low"] == pytest.approx(beta.ppf(0.025, 1, 4))
    assert "that may be replacement: in the upper limit alone" in ever["note"]
    assert "1 with immunoglobulin for another reason alone, not counted" in ever["note"]


def test_a_record_without_any_day_may_be_one():
    ever = found(cohort([(1, None, None, "replacement")])).loc["ever"]
    assert ever[["n_event", "n_missing"]].tolist() == [0, 1]


def test_nobody_and_refusals():
    frame = found(cohort([(1, 10, 20, "disease")]))
    assert frame.loc["ever", "n_event"] == 0
    assert "0 of 4: at most 60.2 %" in frame.loc["ever", "note"]
    assert "0 in 11.0 person-years: at most" in frame.loc["courses", "note"]
    assert frame.loc["days on", "n"] == 0
    with pytest.raises(cs.CarstatsError, match="stop_day"):
        cohort([(1, 20, 10, "replacement")])
    with pytest.raises(cs.CarstatsError, match="'whim' is not one of 'disease'"):
        cohort([(1, 20, 30, "whim")])
    with pytest.raises(cs.CarstatsError, match="medications"):
        cs.immunoglobulin_replacement(cs.define_cohort(cs.Study(subjects=subjects_table(2))))


def test_the_time_to_it_is_of_the_same_rows():
    rows = [(1, 10, 90, None), (2, 10, 90, "replacement")]
    curve = cs.time_to_recovery(cohort(rows, disease="MG"), "immunoglobulin_replacement", at=100)
    assert curve.frame["n_event"].tolist() == [1]
