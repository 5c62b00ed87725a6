"""Cohorts: criteria, attrition, strata."""

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import carstats as cs
from carstats.cohort.strata import stratum_mask, stratum_places
from tests.conftest import subjects_table


def six_subjects():
    return cs.Study(
        subjects=subjects_table(
            6,
            disease=["SLE", "SLE", "SSc", "SSc", "MG", "SLE"],
            target=["CD19", "BCMA", "CD19", "CD19", "BCMA", "CD19"],
            infused=[True, True, False, True, True, True],
            cutoff_day=[400, 100, 400, None, 400, 168],
            age=[30, 17, 50, 60, None, 18],
            lymphodepletion_day=[-5, -5, -5, -5, None, -5],
            region=["N", "S", "N", "S", "N", "N"],
        ),
        assessments=pd.DataFrame(
            {
                "subject_id": ["S01", "S02", "S04", "S05", "S06"],
                "day": [-10, -3, -6, 0, -7],
                "measure": "SLEDAI-2K",
                "value": [8, 9, 10, 11, None],
            }
        ),
    )


@pytest.fixture
def study():
    return six_subjects()


def kept(study, *criteria):
    return cs.define_cohort(study, *criteria).subjects["subject_id"].str[-1].astype(int).tolist()


def test_criteria_keep_the_right_subjects(study):
    assert kept(study) == [1, 2, 3, 4, 5, 6]
    assert kept(study, cs.infused()) == [1, 2, 4, 5, 6]
    assert kept(study, cs.with_disease("SLE", "系统性硬化症")) == [1, 2, 3, 4, 6]
    assert kept(study, cs.with_target("BCMA")) == [2, 5]
    assert kept(study, cs.with_platform("CAR-NK")) == []
    assert kept(study, cs.with_cell_source("autologous")) == [1, 2, 3, 4, 5, 6]
    assert kept(study, cs.aged(18, 50)) == [1, 3, 6]
    assert kept(study, cs.aged(18)) == [1, 3, 4, 6]
    assert kept(study, cs.where("region", "S")) == [2, 4]
    assert kept(study, cs.where("region", ["S", "N"])) == [1, 2, 3, 4, 5, 6]


def test_potential_followup_is_by_the_cutoff_and_includes_its_day(study):
    assert kept(study, cs.potential_followup(days=168)) == [1, 3, 5, 6]
    assert kept(study, cs.potential_followup(days=169)) == [1, 3, 5]


def test_baseline_lies_before_lymphodepletion(study):
    # S02's is after its start; S05 has no lymphodepletion, so day 0 counts; S06 has no value.
    assert kept(study, cs.has_baseline("SLEDAI-2K")) == [1, 4, 5]


def test_attrition_counts_everyone(study):
    cohort = cs.define_cohort(
        study, cs.infused(), cs.potential_followup(days=168), cs.with_disease("SLE", "MG")
    )
    expected = pd.DataFrame(
        {
            "criterion": [
                "all subjects",
                "infused",
                "potential follow-up of at least 168 days",
                "disease SLE or MG",
            ],
            "n_before": [6, 6, 5, 3],
            "n_after": [6, 5, 3, 3],
            "n_left_out": [0, 1, 2, 0],
            "n_missing": [0, 0, 1, 0],
        }
    )
    assert_frame_equal(cohort.attrition, expected)
    by_disease = cohort.flow(by="disease").frame
    totals = by_disease.groupby("criterion", sort=False)[
        ["n_before", "n_after", "n_left_out"]
    ].sum()
    assert_frame_equal(
        totals.reset_index(), expected[["criterion", "n_before", "n_after", "n_left_out"]]
    )
    assert by_disease["disease"].drop_duplicates().tolist() == ["SLE", "SSc", "MG"]


def test_a_stratum_that_a_criterion_empties_keeps_its_row(study):
    cohort = cs.define_cohort(study, cs.infused(), cs.with_disease("SLE", "MG"), cs.aged(18))
    sizes = cs.baseline_table(cohort, by="disease", variables=["age"]).frame
    assert dict(zip(sizes["disease"], sizes["n"], strict=True)) == {"SLE": 2, "MG": 0}


def test_an_empty_cohort_is_answered(study):
    cohort = cs.define_cohort(study, cs.aged(90))
    assert len(cohort) == 0
    assert cohort.attrition["n_after"].tolist() == [6, 0]


MISUSE = {
    "a term outside the vocabulary": (
        lambda s: kept(s, cs.with_disease("gout")),
        "`disease` is 'gout'",
    ),
    "no disease": (lambda s: kept(s, cs.with_disease()), "takes at least one disease"),
    "a criterion not called": (
        lambda s: kept(s, cs.infused),
        r"infused is not a criterion; call it",
    ),
    "no study": (lambda s: cs.define_cohort(s.subjects), "`study` is DataFrame"),
    "a value nobody has": (
        lambda s: kept(s, cs.where("region", "X")),
        "names 'X', which no subject has in `region`. It has: 'N', 'S'",
    ),
    "no such column": (lambda s: kept(s, cs.where("regoin", "N")), "no column 'regoin'"),
    "negative days": (lambda s: cs.potential_followup(days=-1), "`days` is -1"),
    "words for days": (lambda s: cs.potential_followup(days="28"), "`days` is '28'"),
    "ages turned round": (lambda s: cs.aged(50, 20), r"`high` is 20; .* at least `low` \(50\)"),
    "an unknown measure": (
        lambda s: kept(s, cs.has_baseline("SLEDAI-3K")),
        "`measure` is 'SLEDAI-3K'",
    ),
}


@pytest.mark.parametrize("case", MISUSE)
def test_misuse_is_refused_in_words(study, case):
    call, message = MISUSE[case]
    with pytest.raises(cs.CarstatsError, match=message):
        call(study)


def test_infused_unknown_is_refused():
    study = cs.Study(subjects=subjects_table(2).drop(columns="infused"))
    with pytest.raises(cs.CarstatsError, match=r"no column 'infused'.*\[subjects.constants\]"):
        kept(study, cs.infused())


def test_places_of_strata_are_those_of_a_comparison():
    subjects = pd.DataFrame(
        {"a": ["x", None, "y", "x", "z"], "b": pd.Series([1, 1, 2, 2, 1], dtype="Int64")}
    )
    keys = [("x", 1), ("y", 2), ("x", 2), ("w", 1)]
    places = stratum_places(subjects, ["a", "b"], keys)
    assert places.tolist() == [0, -1, 1, 2, -1]
    for place, key in enumerate(keys):
        assert ((places == place) == stratum_mask(subjects, ["a", "b"], key)).all()
    assert stratum_places(subjects, [], [()]).tolist() == [0] * 5


def test_a_table_has_the_rows_of_its_subjects_that_are_asked_for():
    study = cs.Study(
        subjects=pd.DataFrame(
            {
                "subject_id": ["a", "b"], "disease": ["SLE", "SSc"], "target": "CD19",
                "platform": "CAR-T", "cell_source": "autologous", "last_contact_day": 400,
            }
        ),
        toxicities=pd.DataFrame(
            {
                "subject_id": ["a", "a", "b"], "term": ["CRS", "infection", "CRS"],
                "onset_day": [3, 40, 5], "grade": [1, 2, 2],
            }
        ),
    )  # fmt: skip
    cohort = cs.define_cohort(study, cs.with_disease("SLE"))
    assert list(cohort.table("toxicities")["onset_day"]) == [3, 40]
    assert list(cohort.table("toxicities", term="CRS")["onset_day"]) == [3]
    assert cohort.table("toxicities", term="CRS", grade=2).empty
    with pytest.raises(cs.CarstatsError, match="the table `toxicities` has no column `terms`"):
        cohort.table("toxicities", terms="CRS")
