"""How deep and how long B cells are gone: hand cases."""

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from tests.kinetics.tiny import sampled

BACK = "0:150 14:2 90:4 180:12 270:40"
ONCE = "0:150 14:2 90:12 180:4 270:40"
GONE = "0:150 14:0 90:<5 180:6"
NEVER = "0:150 14:80 90:90"


def depletion(profiles, **options):
    cohort = sampled(profiles, measure="B_cells", unit="/uL", lloq=None)
    return cs.b_cell_depletion(cohort, **options).frame.set_index("parameter")


def test_depth_and_return_by_hand():
    found = depletion([BACK, GONE, NEVER])
    low = found.loc["lowest count"]
    # 2, 0 and 80.
    assert (low["n"], low["n_event"], low["estimate"]) == (3, 2, 2)
    assert found.loc["day of the first below", "estimate"] == 14
    back = found.loc["days until return"]
    assert (back["n_missing"], back["n_event"]) == (1, 1)
    assert back["estimate"] == 180
    assert back["note"] == "median between days 90 and 180"


def test_one_sample_above_is_no_return():
    back = depletion([ONCE]).loc["days until return"]
    assert np.isnan(back["estimate"])
    assert back["n_event"] == 0
    assert back["note"] == "not reached by day 180"


def test_another_threshold_and_a_limit_above_it():
    found = depletion([BACK], below=3)
    assert found.loc["days until return", "note"] == "median between days 14 and 90"
    vague = depletion(["0:150 14:<20 90:2"])
    assert "1 value below a limit above the threshold left out" in vague.loc["lowest count", "note"]
    with pytest.raises(cs.CarstatsError, match=r"`below` is 0"):
        depletion([BACK], below=0)


def test_shares_of_what_returns():
    study = sampled([BACK, GONE], measure="B_cells", unit="/uL", lloq=None, cohort=False)
    more = pd.DataFrame(
        [("S01", 170, "naive_B_percent", 85), ("S01", 182, "naive_B_percent", 90),
         ("S01", 182, "memory_B_percent", 3), ("S02", 182, "naive_B_percent", 10)],
        columns=["subject_id", "day", "measure", "value"],
    ).assign(unit="% of B cells")  # fmt: skip
    rows = pd.concat([study.assessments, more], ignore_index=True)
    cohort = cs.define_cohort(cs.Study(subjects=study.subjects, assessments=rows))
    found = cs.b_cell_depletion(cohort).frame.set_index("parameter")
    assert found.loc["naive at return", "estimate"] == 90
    assert found.loc["memory at return", "estimate"] == 3
    assert found.loc["naive at return", "n_event"] == 1
    assert "of 1 whose B cells returned" in found.loc["naive at return", "note"]
    assert "transitional at return" not in found.index
