"""What `derive` gives is checked once: the tables that it adds, not again those it had."""

import dataclasses

import pandas as pd
import pytest

import carstats as cs
from carstats.data.study import with_tables
from carstats.errors import CarstatsError

WHOLE = cs.simulate_study(8, 40)
BARE = dataclasses.replace(WHOLE, events=None, responses=None)
RESULTS = ["events", "responses"]


@pytest.mark.parametrize("study", [WHOLE, BARE], ids=["adjudicated", "bare"])
def test_a_derived_study_is_what_a_check_of_every_table_makes(study):
    found = cs.derive(study)
    again = dataclasses.replace(found)
    assert found.notes == again.notes
    for name, frame in again.tables().items():
        pd.testing.assert_frame_equal(getattr(found, name), frame)


def test_tables_that_stay_are_shared_and_the_study_itself_stays():
    found = cs.derive(BARE)
    assert found.assessments is BARE.assessments
    assert found.medications is BARE.medications
    assert (BARE.events, BARE.responses) == (None, None)


def test_a_new_table_is_checked_and_so_are_the_rules_across_tables():
    events = WHOLE.events.assign(time=1e4)
    with pytest.raises(CarstatsError, match="after the subject's last contact"):
        with_tables(BARE, {"events": events})
    with pytest.raises(CarstatsError, match="is not one of"):
        with_tables(BARE, {"events": WHOLE.events.assign(status="perhaps")})


def test_a_study_keeps_no_column_of_the_frame_that_it_was_made_of():
    own = WHOLE.subjects.assign(score=1.0)
    study = cs.Study(subjects=own)
    own.loc[:, "score"] = 2.0
    own.loc[:, "age"] = 99.0
    assert (study.subjects["score"] == 1.0).all()
    assert study.subjects["age"].equals(WHOLE.subjects["age"])
