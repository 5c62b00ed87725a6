"""`Study`: what it accepts, what it refuses, in which words."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from carstats.data.check import Source
from tests.conftest import events_table, subjects_table


def toxicities(**columns):
    table = {"subject_id": ["S01"], "term": ["CRS"], "onset_day": [3]} | columns
    return pd.DataFrame(table)


def test_terms_are_put_in_their_canonical_spelling():
    study = cs.Study(
        subjects=subjects_table(
            3,
            disease=["系统性红斑狼疮", "sle", "systemic sclerosis"],
            target=["anti-CD19 CAR-T", "BCMA/CD19", "bcma"],
            sex=["男", "Female", "f"],
            cell_source=["自体", "Allo", "autologous"],
        )
    )
    assert study.subjects["disease"].tolist() == ["SLE", "SLE", "SSc"]
    assert study.subjects["target"].tolist() == ["CD19", "CD19+BCMA", "BCMA"]
    assert study.subjects["sex"].tolist() == ["M", "F", "F"]
    assert study.subjects["valency"].tolist() == ["single", "dual", "single"]


def test_all_problems_come_at_once():
    subjects = subjects_table(4, disease=["SLE", "SLE", "gout", "SLE"], age=["40", "old", 300, 41])
    subjects = subjects.drop(columns="target").assign(last_contact_day=[1, np.inf, None, 45000])
    with pytest.raises(cs.CarstatsError) as caught:
        cs.Study(subjects=subjects)
    text = str(caught.value)
    assert len(caught.value.problems) == 7
    assert "the column `target` (Antigen that the product is directed at) is missing" in text
    assert "row 2, `disease`: 'gout' is not one of 'SLE', 'IIM'" in text
    assert "row 1, `age`: 'old' is not a number." in text
    assert "row 2, `age`: '300' is not between 0 and 120." in text
    assert "row 1, `last_contact_day`: 'inf' is infinite." in text
    assert "row 2, `last_contact_day`: is missing." in text
    assert "row 3, `last_contact_day`: '45000' looks like a calendar date" in text


def test_rows_and_headings_are_those_of_the_source():
    subjects = subjects_table(2, disease=["SLE", "gout"]).set_axis([14, 15])
    source = Source("登记表.xlsx", {"disease": "诊断"})
    with pytest.raises(
        cs.CarstatsError, match=r"登记表.xlsx, row 15, `诊断`: 'gout' is not one of"
    ):
        cs.Study(subjects=subjects, sources={"subjects": source})


CONTRADICTIONS = {
    "a duplicate subject": (
        {"subjects": subjects_table(2, subject_id=["S01", "S01"])},
        "has the same `subject_id` as row 0",
    ),
    "an unknown subject": (
        {"toxicities": toxicities(subject_id=["S99"])},
        "names a subject that the subjects table does not have",
    ),
    "two rows of an endpoint": (
        {"events": pd.concat([events_table("5")] * 2, ignore_index=True)},
        "has the same `subject_id` and `endpoint` as row 0",
    ),
    "an end before its start": (
        {"toxicities": toxicities(resolution_day=[2])},
        r"2 is before `onset_day` \(3\)",
    ),
    "death before the last contact": (
        {"subjects": subjects_table(1, death_day=[900])},
        "day 900 is before the last contact on day 1000",
    ),
    "grade 6": ({"toxicities": toxicities(grade=[6])}, "'6' is not between 1 and 5"),
    "grade 0": ({"toxicities": toxicities(grade=[0])}, "'0' is not between 1 and 5"),
    "grade 2.5": ({"toxicities": toxicities(grade=[2.5])}, "'2.5' is not a whole number"),
    "an event after the last contact": (
        {"events": events_table("1001")},
        "day 1001 is after the subject's last contact on day 1000",
    ),
    "a toxicity after the last contact": (
        {"toxicities": toxicities(onset_day=[1200])},
        "day 1200 is after the subject's last contact",
    ),
    "an infinite time": ({"events": events_table("5").assign(time=np.inf)}, "'inf' is infinite"),
    "a negative time": ({"events": events_table("5").assign(time=-1)}, "'-1' is below 0"),
    "a time for a status": (
        {"events": events_table("5").assign(status=[12.5])},
        "'12.5' is not one of 'censored', 'event', 'competing'",
    ),
    "a coded status": (
        {"events": events_table("5").assign(status=[1])},
        "'1' is not one of 'censored', 'event', 'competing'",
    ),
    "a misspelt toxicity": ({"toxicities": toxicities(term=["CSR"])}, "'CSR' is not one of 'CRS'"),
    "a first infusion not on day 0": (
        {
            "infusions": pd.DataFrame(
                {"subject_id": ["S01"], "infusion_number": [1], "day": [3], "planned": [True]}
            )
        },
        "the first infusion is on day 3",
    ),
    "an interval turned round": (
        {"events": events_table("9").assign(time_low=9, time_high=5)},
        r"5 is before `time_low` \(9\)",
    ),
    "entry after the end": (
        {"events": events_table("9").assign(entry_day=9)},
        "is not before the end of the subject's time",
    ),
    "a calendar date": (
        {"subjects": subjects_table(1, birth=pd.to_datetime(["1980-01-01"]))},
        "holds calendar dates, and a study keeps none",
    ),
    "a doubled heading": (
        {"subjects": pd.concat([subjects_table(1), subjects_table(1)[["disease"]]], axis=1)},
        "`disease` stands 2 times among the headings",
    ),
    "no rows": ({"subjects": subjects_table(1).iloc[:0]}, "has no rows"),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_contradictions_are_refused(case):
    tables, message = CONTRADICTIONS[case]
    with pytest.raises(cs.CarstatsError, match=message):
        cs.Study(**{"subjects": subjects_table(1)} | tables)


def test_an_event_on_the_day_of_death_after_the_last_contact_is_possible():
    cs.Study(subjects=subjects_table(1, death_day=[1010]), events=events_table("1010"))


def test_a_missing_table_is_not_an_empty_one():
    study = cs.Study(subjects=subjects_table(1), toxicities=toxicities().iloc[:0])
    assert len(study.table("toxicities")) == 0
    with pytest.raises(cs.CarstatsError, match=r"no table `events`\. It has: subjects, toxicities"):
        study.table("events")


def test_a_study_does_not_change():
    study = cs.Study(subjects=subjects_table(1))
    with pytest.raises(dataclasses.FrozenInstanceError):
        study.events = None


def test_a_study_of_something_else_is_refused():
    with pytest.raises(cs.CarstatsError, match=r"`events` is list; it takes a pandas.DataFrame"):
        cs.Study(subjects=subjects_table(1), events=[1, 2])


def test_infused_is_read_off_the_infusions():
    infusions = pd.DataFrame(
        {"subject_id": ["S02"], "infusion_number": [1], "day": [0], "planned": [True]}
    )
    study = cs.Study(subjects=subjects_table(2).drop(columns="infused"), infusions=infusions)
    assert study.subjects["infused"].tolist() == [False, True]


def test_own_terms_belong_to_the_study():
    vocabulary = cs.Vocabulary().extended(disease=["Alzheimer disease"], toxicity=["ERYTHEMA"])
    study = cs.Study(
        subjects=subjects_table(1, disease="Alzheimer disease"),
        toxicities=toxicities(term=["erythema"]),
        vocabulary=vocabulary,
    )
    assert study.toxicities["term"].tolist() == ["ERYTHEMA"]
    with pytest.raises(cs.CarstatsError, match="no category 'illness'"):
        vocabulary.extended(illness=["x"])


def test_spellings_are_unambiguous():
    from carstats.data.vocabulary import CATEGORIES, folded

    vocabulary = cs.Vocabulary()
    for category in CATEGORIES:
        seen = {}
        for term in getattr(vocabulary, category):
            for spelling in {folded(s) for s in (term.name, term.label, *term.aliases)}:
                assert seen.setdefault(spelling, term.name) == term.name, (category, spelling)


def test_repr_counts():
    study = cs.Study(subjects=subjects_table(2, disease=["SSc", "SLE"]), events=events_table("5 6"))
    assert repr(study) == "Study: 2 subjects (SLE 1, SSc 1); 2 events"


class TestWordsForMissing:
    def test_none_is_a_level_of_a_column_of_ones_own(self):
        subjects = subjects_table(10, prior_biologic=["none"] * 8 + ["rituximab"] * 2)
        study = cs.Study(subjects=subjects)
        assert study.subjects["prior_biologic"].value_counts().to_dict() == {
            "none": 8,
            "rituximab": 2,
        }
        assert study.notes == ()

    def test_none_is_a_level_of_a_text_and_of_terms_that_have_it(self):
        subjects = subjects_table(2, target=["none", "CD19"], death_cause=["None", None])
        study = cs.Study(subjects=subjects)
        assert study.subjects["target"].tolist() == ["none", "CD19"]
        assert study.subjects["death_cause"][0] == "None"

    def test_none_of_a_count_may_be_nought_and_is_refused(self):
        subjects = subjects_table(2, n_prior_therapies=["none", 3])
        with pytest.raises(cs.CarstatsError, match="`n_prior_therapies`: 'none' is not a number"):
            cs.Study(subjects=subjects)

    def test_what_is_taken_for_missing_is_counted(self):
        subjects = subjects_table(4, sex=["NA", "N/A", "NA", "F"], own=["x", ".", "null", None])
        notes = cs.Study(subjects=subjects).notes
        assert set(notes) == {
            "subjects table, `sex`: 2 cells 'NA' were taken for missing.",
            "subjects table, `sex`: 1 cell 'N/A' was taken for missing.",
            "subjects table, `own`: 1 cell '.' was taken for missing.",
            "subjects table, `own`: 1 cell 'null' was taken for missing.",
        }

    def test_however_pandas_stores_the_words(self):
        words = ["none", "NA"]
        subjects = subjects_table(
            2, own=pd.array(words, dtype="string"), kind=pd.Categorical(words)
        )
        study = cs.Study(subjects=subjects)
        assert study.subjects["own"].tolist()[0] == study.subjects["kind"].tolist()[0] == "none"
        assert study.subjects[["own", "kind"]].isna().iloc[1].all()
        assert len(study.notes) == 2
