"""Searches over days of all subjects at once."""

import numpy as np
import pandas as pd
import pytest

from carstats.endpoints.record.searches import Days, at, runs_between
from carstats.endpoints.record.worksheets import latest

NAN = np.nan


@pytest.mark.parametrize("first", [0.0, -30.0, 738_000.0])
def test_the_day_before_and_after_is_that_of_the_subject(first):
    days = Days([0, 0, 1, 1, -1], first + np.array([1.0, 5.0, 2.0, NAN, 3.0]))
    who, when = np.array([0, 0, 0, 1, 1, 2]), first + np.array([1.0, 3.0, 5.0, 1.0, 9.0, 3.0])
    assert days.last(who, when).tolist() == [-1, 0, 0, -1, 2, -1]
    assert days.last(who, when, before=False).tolist() == [0, 0, 1, -1, 2, -1]
    assert days.next(who, when).tolist() == [1, 1, -1, 2, -1, -1]
    assert days.next(who, when, after=False).tolist() == [0, 1, 1, 2, -1, -1]
    assert days.count(who, when).tolist() == [1, 1, 2, 0, 1, 0]
    assert days.count(who, when, before=True).tolist() == [0, 1, 1, 0, 1, 0]


def test_values_of_rows_and_of_none():
    assert at([3.0, 4.0], np.array([1, -1])).tolist()[0] == 4.0
    assert np.isnan(at([3.0, 4.0], np.array([1, -1]))[1])
    assert at([], np.array([-1, -1]), 0.0).tolist() == [0.0, 0.0]


def test_an_episode_without_ends_runs_on_every_day():
    rows = [np.array([0]), np.array([-np.inf]), np.array([np.inf])]
    assert runs_between(np.array([0, 1]), np.zeros(2), np.zeros(2), *rows).tolist() == [True, False]


def test_last_event_of_each_row_of_a_table():
    events = pd.DataFrame({"subject_id": ["b", "a", "a"], "day": [3.0, 1.0, 5.0]})
    rows = pd.DataFrame({"subject_id": ["a", "a", "a", "b", "c"], "day": [0, 1, 9, NAN, 4]})
    assert latest(rows, events).tolist() == [-1, 1, 2, -1, -1]
    assert latest(rows, events, before=True).tolist() == [-1, -1, 2, -1, -1]
    assert latest(rows, events, ahead=True).tolist() == [1, 1, -1, -1, -1]
    assert latest(rows, events, ahead=True, before=True).tolist() == [1, 2, -1, -1, -1]
