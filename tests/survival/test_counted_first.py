"""Subjects of a large cohort who are alike are counted first: no number depends on it."""

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from carstats.cohort.strata import alike
from carstats.survival import times
from carstats.survival.times import endpoint_times, unobserved
from tests.counts.analyses import COMPETING, OF_TIMES, answer, equal, same
from tests.counts.test_same_numbers import drawn
from tests.survival.survival_data import RFS


@pytest.mark.parametrize("entry", [False, True])
@pytest.mark.parametrize("causes", [2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_subjects_counted_first_give_the_numbers_of_their_rows(monkeypatch, seed, causes, entry):
    cohort = drawn(90, seed, [3, 5, 8, 12][seed], 3, causes, entry)
    cohort.subjects["age"] = np.random.default_rng(seed).choice([40.0, 50.0, np.nan], 90)
    asked = {
        **OF_TIMES,
        "cox of numbers": lambda c: cs.cox_regression(c, RFS, ["target", "age"], method="Firth"),
        "landmark": lambda c: cs.landmark_rate(c, RFS, at=3, by="target", competing="censor"),
    }
    for name, ask in asked.items():
        if causes == 3 and name not in (*COMPETING, "landmark"):
            continue
        rows = answer(ask, cohort)
        monkeypatch.setattr(times, "COUNTED_FROM", 1)
        counts = answer(ask, cohort)
        if name in OF_TIMES:
            # What was counted before is not counted again.
            again = cs.count_outcomes(cohort, RFS, by=["target", "site_id"], landmarks=[4])
            same(ask, cohort, again)
        monkeypatch.undo()
        if isinstance(rows, str):
            assert rows == counts
        else:
            equal(rows, counts)


def test_a_large_cohort_is_counted_and_a_small_one_or_one_without_ties_is_not(monkeypatch):
    cohort = drawn(60, 1, 4, 2, 2, False)
    assert len(endpoint_times(cohort, RFS, "target", counts=True).rows) == 60
    monkeypatch.setattr(times, "COUNTED_FROM", 60)
    found = endpoint_times(cohort, RFS, "target", counts=True)
    assert len(found.rows) <= 2 * 2 * 4
    assert len(found.cohort) == 60
    assert len(endpoint_times(cohort, RFS, "target").rows) == 60
    apart = drawn(60, 1, 10_000, 2, 2, False)
    assert len(endpoint_times(apart, RFS, "target", counts=True).rows) == 60


def test_a_covariate_that_is_not_there_is_refused_with_all_columns(monkeypatch):
    monkeypatch.setattr(times, "COUNTED_FROM", 1)
    with pytest.raises(cs.CarstatsError, match=r"names \['sexx'\].* It has: .*'target'"):
        cs.cox_regression(drawn(40, 1, 4, 2, 2, False), RFS, "sexx")


def test_rows_that_are_alike_are_found_in_their_order():
    frame = pd.DataFrame(
        {"a": ["x", "y", "x", None, "x", None], "b": [1.0, 2, 1, np.nan, 3, np.nan]}
    )
    first, number = alike(frame, ["a", "b"])
    assert first.tolist() == [0, 1, 3, 4]
    assert number.tolist() == [2, 1, 2, 1]
    first, number = alike(frame, [])
    assert (first.tolist(), number.tolist()) == ([0], [6])


def test_spans_without_anyone_at_risk():
    rows = pd.DataFrame(
        {"entry_time": [-np.inf, 5.0, 5.0, 9.0, 4.0], "event_time": [2.0, 7.0, 8.0, 12.0, np.nan]}
    )
    assert unobserved(rows) == [(2.0, 5.0), (8.0, 9.0)]
    assert unobserved(rows.iloc[[0]]) == []
    assert unobserved(rows.iloc[[1]]) == [(0.0, 5.0)]
    assert unobserved(rows.iloc[[4]]) == []


def test_what_was_counted_already_is_not_counted_again(monkeypatch):
    cohort = drawn(90, 3, 6, 3, 2, False)
    counts = cs.count_outcomes(cohort, [RFS], by=["target", "site_id"])
    whole = cs.survival_curve(counts, RFS)
    covariate = cs.cox_regression(counts, RFS, "target")
    monkeypatch.setattr(times, "COUNTED_FROM", 1)
    equal(cs.survival_curve(counts, RFS), whole)
    equal(cs.cox_regression(counts, RFS, "target"), covariate)
