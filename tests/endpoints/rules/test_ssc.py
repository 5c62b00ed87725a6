"""Systemic sclerosis rules, one tiny subject for each rule and boundary."""

import math

import numpy as np
import pytest

from carstats.endpoints.rules.muscle_skin.criss import (
    criss_lung_event,
    criss_probability,
    criss_response,
    criss_step_one,
    revised_criss,
)
from carstats.endpoints.rules.muscle_skin.ssc import (
    EUSTAR_WEIGHTS,
    eustar_active,
    eustar_activity,
    ild_progression,
    mrss_progression,
    mrss_response,
    ssc_event,
)
from carstats.errors import CarstatsError
from tests.endpoints.rules.verdict import one, told


def test_mrss_response_needs_5_points_and_25_percent():
    # 20 -> 15: 5 points and 25 %; 24 -> 19: 5 points, 20.8 %; 12 -> 8: 33 % but 4 points.
    assert told(mrss_response([20, 24, 12, 21, None, 0], [15, 19, 8, 16, 3, 0])) == [
        *(True, False, False, False),
        None,
        False,
    ]


def test_mrss_progression_is_more_than_5_points():
    assert told(mrss_progression([20, 20, 30, 0], [25, 26, 36, 6])) == [False, True, False, True]


def test_criss_probability_by_hand():
    # logit = -5.54 - 0.81 x -8 + 0.21 x 2 - 0.40 x -2 - 0.44 x -3 - 3.41 x -0.5
    #       = -5.54 + 6.48 + 0.42 + 0.80 + 1.32 + 1.705 = 5.185.
    p = criss_probability(-8, 2, -2, -3, -0.5)
    assert p == pytest.approx([1 / (1 + math.exp(-5.185))], rel=1e-12)
    # No change: 1 / (1 + exp(5.54)) = 1 / (1 + 254.68) = 0.0039112.
    assert criss_probability(0, 0, 0, 0, 0) == pytest.approx([0.0039112], abs=5e-8)
    assert np.isfinite(criss_probability([-51, 51], [195, -195], -10, -10, -3)).all()


def test_criss_event_and_missing():
    np.testing.assert_array_equal(
        criss_probability([-8, None, None, -8], 2, -2, -3, -0.5, [True, True, False, None]),
        [0, 0, np.nan, np.nan],
    )


def test_criss_response_at_its_cut():
    assert told(criss_response([0.6, 0.5999, 0, None])) == [True, False, False, None]
    with pytest.raises(CarstatsError, match="`probability` is 60; allowed: 0 to 1"):
        criss_response(60)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        # 15 % of 90 is 13.5: 76.5 and below 80.
        ((90, 76.5, True, True), True),
        ((90, 76.6, True, True), False),
        ((100, 80, True, True), False),
        ((100, 79.9, True, True), True),
        ((90, 70, False, True), False),
        ((90, 70, True, None), None),
        ((90, 88, None, None), False),
    ],
)
def test_criss_lung_event(subject, expected):
    assert one(criss_lung_event(*subject)) is expected


def test_criss_step_one():
    assert one(criss_step_one(False, False, False, False)) is False
    assert one(criss_step_one(False, None, True, None)) is True
    assert one(criss_step_one(False, None, False, False)) is None


START = {"mrss": 20, "fvc": 80, "patient": 5, "physician": 5, "haq": 1.5}


@pytest.mark.parametrize(
    ("now", "options", "expected"),
    [
        # 20 %: mRSS 16, HAQ 1.2; FVC 5 % of 80 is 84. Each exactly at its limit.
        ({"mrss": 16, "fvc": 84, "patient": 5, "physician": 5, "haq": 1.2}, {}, True),
        ({"mrss": 16, "fvc": 83.9, "patient": 5, "physician": 5, "haq": 1.2}, {}, False),
        ({"mrss": 16, "fvc": 84, "patient": 4, "physician": 5, "haq": 1.5}, {}, True),
        ({"mrss": 16, "fvc": 84, "patient": 4, "physician": 5, "haq": 1.5}, {"k": 25}, False),
        ({"mrss": 15, "fvc": 84, "patient": 3.75, "physician": 5, "haq": 1.5}, {"k": 25}, True),
        ({"mrss": 16, "fvc": 84, "patient": 5, "physician": 5, "haq": 1.5}, {"m": 2}, True),
        ({"mrss": 16, "fvc": 84, "patient": 4, "physician": None, "haq": None}, {}, True),
        ({"mrss": 16, "fvc": 84, "patient": 5, "physician": None, "haq": 1.5}, {}, None),
        (
            {"mrss": 16, "fvc": 84, "patient": 4, "physician": 4, "haq": 1},
            {"step_one": True},
            False,
        ),
        (
            {"mrss": None, "fvc": 84, "patient": 4, "physician": 5, "haq": 2},
            {"step_one": True},
            False,
        ),
    ],
)
def test_revised_criss(now, options, expected):
    assert one(revised_criss(START, now, **options)) is expected


def test_revised_criss_item_of_zero_cannot_improve():
    zero = START | {"haq": 0.0, "patient": 0.0}
    now = {"mrss": 16, "fvc": 84, "patient": 0, "physician": 5, "haq": 0}
    assert one(revised_criss(zero, now)) is False


def test_revised_criss_needs_all_items():
    with pytest.raises(CarstatsError, match="`follow_up` lacks 'haq'"):
        revised_criss(START, {k: v for k, v in START.items() if k != "haq"})


def test_eustar_activity():
    assert sum(EUSTAR_WEIGHTS.values()) == 10
    assert eustar_activity(True, True, 19, True, 1.1, 69) == [10]
    assert eustar_activity(False, False, 18, False, 1.0, 70) == [0]
    assert eustar_activity(True, False, 18, False, 1.0, 69) == [1.5 + 1.0]
    assert np.isnan(eustar_activity(True, True, 19, True, None, 69)).all()
    assert told(eustar_active([2.5, 2.25, None])) == [True, False, None]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        # (FVC then and now, DLCO then and now)
        ((80, 72, None, None), True),
        ((80, 72.1, 60, 60), False),
        ((80, 76, 60, 51), True),
        ((80, 76, 60, 51.1), False),
        ((80, 76.1, 60, 30), False),
        ((80, 76, 60, None), None),
        ((80, 79, None, None), False),
        ((None, 70, 60, 60), None),
    ],
)
def test_ild_progression(subject, expected):
    assert one(ild_progression(*subject)) is expected


def test_ssc_event():
    assert one(ssc_event(False, False, False, False, True)) is True
    assert one(ssc_event(False, False, False, False, False)) is False
    assert one(ssc_event(None, False, False, False, True)) is True
    assert one(ssc_event(None, False, False, False, False)) is None
