"""Toxicity-rate analyses of a cohort."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from tests.conftest import subjects_table


def cohort_of(n, *rows, **columns):
    table = pd.DataFrame(rows, columns=["subject_id", "term", "grade"]).assign(onset_day=3)
    return cs.define_cohort(cs.Study(subjects=subjects_table(n, **columns), toxicities=table))


def rate(cohort, term="CRS", **options):
    return cs.toxicity_rate(cohort, term, **options).frame.iloc[0]


def test_subjects_are_counted_once_at_their_worst():
    cohort = cohort_of(4, ("S01", "CRS", 1), ("S01", "CRS", 3), ("S02", "CRS", 2))
    assert [rate(cohort, min_grade=g)["n_event"] for g in (1, 2, 3, 4, 5)] == [2, 2, 1, 0, 0]


def test_zero_events_are_a_result():
    row = rate(cohort_of(15, ("S01", "CRS", 1)), "ICANS")
    assert (row["n"], row["n_event"], row["estimate"], row["conf_low"]) == (15, 0, 0, 0)
    assert_allclose(row["conf_high"], 0.2180194, atol=1e-7)


def test_a_study_with_no_episode_at_all_is_zero_of_n():
    cohort = cohort_of(3)
    assert rate(cohort)["n_event"] == 0
    assert rate(cohort, min_grade=3)["n_event"] == 0


def test_ungraded_episodes():
    cohort = cohort_of(
        3, ("S01", "CRS", None), ("S02", "CRS", 1), ("S02", "CRS", None), ("S03", "CRS", 3)
    )
    assert rate(cohort)["n_event"] == 3
    row = rate(cohort, min_grade=3)
    assert (row["n_event"], row["n_missing"]) == (1, 2)
    assert row["note"] == "2 of unknown grade: proven 1 of 3 (33 %), possible 3 of 3 (100 %)"


def test_strata_come_from_the_subjects():
    cohort = cohort_of(
        3, ("S01", "CRS", 1), disease=["SLE", "SSc", "SSc"], target=["CD19", "CD19", "BCMA"]
    )
    frame = cs.toxicity_rate(cohort, ["CRS", "ICANS"], by=["disease", "target"]).frame
    assert len(frame) == 6
    assert frame["n"].sum() == 6
    crs = frame[frame["term"] == "CRS"]
    assert crs["disease"].tolist() == ["SLE", "SSc", "SSc"]
    assert crs["estimate"].tolist() == [1, 0, 0]


def test_an_empty_cohort_is_nan_with_a_note():
    study = cohort_of(1, ("S01", "CRS", 1)).study
    row = rate(cs.define_cohort(study, cs.with_disease("MG")))
    assert row["n"] == 0
    assert np.isnan(row["estimate"])
    assert row["note"] == "no subjects"


def test_grades_add_up_and_the_most_frequent_comes_first():
    cohort = cohort_of(
        5,
        ("S01", "CRS", 1),
        ("S01", "infection", 2),
        ("S02", "infection", 3),
        ("S02", "infection", 1),
        ("S03", "infection", None),
    )
    frame = cs.toxicity_grades(cohort).frame
    assert frame["term"].drop_duplicates().tolist() == ["infection", "CRS"]
    infection = frame[frame["term"] == "infection"]
    assert infection["n_event"].tolist() == [2, 0, 1, 1, 0, 0, 1]
    assert infection["grade"].tolist()[:6] == [0, 1, 2, 3, 4, 5]
    assert np.isnan(infection["grade"].iloc[6])
    assert (frame.groupby("term")["n_event"].sum() == 5).all()


MISUSE = {
    "an unknown term": (lambda c: rate(c, "CSR"), "`term` is 'CSR', not in the study's vocabulary"),
    "no term": (lambda c: rate(c, []), "`term` is empty"),
    "grade 6": (lambda c: rate(c, min_grade=6), "`min_grade` is 6"),
    "grade 0": (lambda c: rate(c, min_grade=0), "`min_grade` is 0"),
    "no cohort": (lambda c: cs.toxicity_rate(c.study, "CRS"), "`cohort` is Study"),
    "no table": (
        lambda c: rate(cs.define_cohort(cs.Study(subjects=subjects_table(1)))),
        "no table `toxicities`",
    ),
    "nobody had any": (
        lambda c: cs.toxicity_grades(cs.define_cohort(c.study, cs.with_disease("MG"))),
        "no subject of the cohort had a toxicity",
    ),
}


@pytest.mark.parametrize("case", MISUSE)
def test_misuse_is_refused_in_words(case):
    call, message = MISUSE[case]
    with pytest.raises(cs.CarstatsError, match=message):
        call(cohort_of(1, ("S01", "CRS", 1)))


def severities():
    table = pd.DataFrame(
        {"subject_id": ["S01"], "term": "CRS", "onset_day": 3, "severity": ["MILD"]}
    )
    return cs.define_cohort(cs.Study(subjects=subjects_table(1), toxicities=table))


def test_severities_stand_in_where_there_is_no_grade():
    result = cs.toxicity_grades(severities())
    had = result.frame[result.frame["n_event"] > 0].iloc[0]
    assert (had["grade"], had["level"]) == (1, "mild")
    assert result.spec.endpoint == "Worst severity of each toxicity"
    with pytest.raises(cs.CarstatsError, match="`scale` is 'grade'; the episodes have: 'severity'"):
        cs.toxicity_grades(severities(), scale="grade")


def test_grades_asked_of_severities_are_refused():
    cohort = severities()
    with pytest.raises(cs.CarstatsError, match=r"no episode of 'CRS' has one\. It has severities"):
        rate(cohort, min_grade=3)
