"""Myositis rules: every step of the point table, thresholds, enzymes, relapse."""

import numpy as np
import pytest

from carstats.endpoints.rules.muscle_skin.iim import (
    CORE_MEASURES,
    SLOTS,
    absolute_improvement,
    enzyme_improvement,
    improvement_category,
    improvement_points,
    improvement_response,
    total_improvement_score,
)
from carstats.endpoints.rules.muscle_skin.iim_course import cdasi_response, iim_relapse
from carstats.errors import CarstatsError
from tests.endpoints.rules.verdict import named, one, told

BEST = {
    "physician_global": 100,
    "patient_global": 100,
    "mmt": 100,
    "haq": 100,
    "enzyme": 100,
    "extramuscular": 100,
}


def test_maxima_add_up_to_100():
    # 20 + 10 + 32.5 + 10 + 7.5 + 20 = 100, with the adult measures and with the juvenile ones.
    assert total_improvement_score(BEST) == [100]
    for slot in SLOTS:
        assert len({m.points for m in CORE_MEASURES.values() if m.slot == slot}) == 1
    juvenile = dict.fromkeys(
        ("physician_global", "patient_global", "cmas", "chaq", "chq_phs", "das"), 100
    )
    assert total_improvement_score(juvenile) == [100]


# 5 % belongs to the step up to 5, a little more to the next.
EDGES = [-20, 0, 5, 5.1, 15, 15.1, 25, 25.1, 40, 40.1]
MUSCLE_EDGES = [-20, 0, 2, 2.1, 10, 10.1, 20, 20.1, 30, 30.1]


@pytest.mark.parametrize(
    ("measure", "edges", "points"),
    [
        ("physician_global", EDGES, [0, 0, 0, 7.5, 7.5, 15, 15, 17.5, 17.5, 20]),
        ("patient_global", EDGES, [0, 0, 0, 2.5, 2.5, 5, 5, 7.5, 7.5, 10]),
        ("mmt", MUSCLE_EDGES, [0, 0, 0, 10, 10, 20, 20, 27.5, 27.5, 32.5]),
        ("cmas", MUSCLE_EDGES, [0, 0, 0, 10, 10, 20, 20, 27.5, 27.5, 32.5]),
        ("haq", EDGES, [0, 0, 0, 5, 5, 7.5, 7.5, 7.5, 7.5, 10]),
        ("enzyme", EDGES, [0, 0, 0, 2.5, 2.5, 5, 5, 7.5, 7.5, 7.5]),
        ("extramuscular", EDGES, [0, 0, 0, 7.5, 7.5, 12.5, 12.5, 15, 15, 20]),
    ],
)
def test_point_table(measure, edges, points):
    np.testing.assert_array_equal(improvement_points(measure, edges), points)


def test_edges_hold_despite_floating_point():
    # 8.4 to 6.9 of 10 is 15 %, in double precision 15.000000000000005 or so: 7.5 points, not 15.
    change = absolute_improvement("physician_global", [8.4, 10.0, 6.1], [6.9, 8.5, 4.6])
    np.testing.assert_allclose(change, 15, rtol=1e-12)
    np.testing.assert_array_equal(improvement_points("physician_global", change), [7.5] * 3)


def test_absolute_improvement():
    # (8 - 3)/10, (60 - 76 turned round)/80 = 20 %, (1.5 - 0.75)/3 = 25 %, (-4/10).
    assert absolute_improvement("physician_global", 8, 3) == [50]
    assert absolute_improvement("mmt", 60, 76) == [20]
    assert absolute_improvement("haq", 1.5, 0.75) == [25]
    assert absolute_improvement("extramuscular", 2, 6) == [-40]
    assert absolute_improvement("mmt", 120, 135, measure_range=150) == [10]
    assert absolute_improvement("das", 15, 10) == [25]
    assert np.isnan(absolute_improvement("haq", None, 1)).all()


def test_worked_subject():
    # PhGA 7 -> 2: 50 % -> 20; PtGA 6 -> 4: 20 % -> 5; MMT8 62 -> 72: 12.5 % -> 20;
    # HAQ 1.5 -> 1.5: 0 % -> 0; CK 3,000 -> 300 at ULN 200: 2,700/3,000 = 90 % -> 7.5;
    # extramuscular 3 -> 1: 20 % -> 12.5. Sum 65: major.
    changes = {
        "physician_global": absolute_improvement("physician_global", 7, 2),
        "patient_global": absolute_improvement("patient_global", 6, 4),
        "mmt": absolute_improvement("mmt", 62, 72),
        "haq": absolute_improvement("haq", 1.5, 1.5),
        "enzyme": enzyme_improvement({"CK": 3000}, {"CK": 300}, {"CK": 200}),
        "extramuscular": absolute_improvement("extramuscular", 3, 1),
    }
    score = total_improvement_score(changes)
    assert score == [20 + 5 + 20 + 0 + 7.5 + 12.5]
    assert named(improvement_category(score)) == ["major"]
    assert named(improvement_category(score, form="juvenile")) == ["moderate"]
    assert one(improvement_response(score, "major")) is True
    assert one(improvement_response(score, "major", form="juvenile")) is False


def test_enzyme_that_was_most_abnormal_at_baseline():
    limits = {"CK": 200, "aldolase": 8, "LDH": 250}
    # CK 400/200 = 2, aldolase 24/8 = 3, LDH 500/250 = 2: aldolase, (24 - 12)/(6 x 8) = 25 %.
    first, now = {"CK": 400, "aldolase": 24, "LDH": 500}, {"CK": 100, "aldolase": 12, "LDH": 900}
    assert enzyme_improvement(first, now, limits) == [25]
    # Ranges: CK 15 x 200 = 3,000; LDH 3 x 250 = 750.
    assert enzyme_improvement({"CK": 1800}, {"CK": 300}, limits) == [50]
    assert enzyme_improvement({"LDH": 600}, {"LDH": 450}, limits) == [20]
    # A tie goes to the first in order: CK 2 and LDH 2.
    tied = enzyme_improvement({"LDH": 500, "CK": 400}, {"LDH": 500, "CK": 100}, limits)
    assert tied == [10]


def test_enzyme_missing():
    limits = {"CK": 200, "LDH": 250}
    first = {"CK": [400, None, None], "LDH": [None, 500, None]}
    now = {"CK": [None, 100, 100], "LDH": [100, 350, 100]}
    np.testing.assert_array_equal(enzyme_improvement(first, now, limits), [np.nan, 20, np.nan])


def test_thresholds():
    scores = [19.9, 20, 39.9, 40, 59.9, 60, None]
    assert named(improvement_category(scores)) == [
        *("none", "minimal", "minimal", "moderate", "moderate", "major"),
        None,
    ]
    scores = [29.9, 30, 44.9, 45, 69.9, 70]
    assert named(improvement_category(scores, form="juvenile")) == [
        *("none", "minimal", "minimal", "moderate", "moderate", "major")
    ]
    assert told(improvement_response([39.9, 40, None], "moderate")) == [False, True, None]
    assert told(improvement_response([44.9, 45], "moderate", form="juvenile")) == [False, True]


def test_a_missing_measure_makes_the_score_missing():
    assert np.isnan(total_improvement_score(BEST | {"haq": None})).all()
    assert total_improvement_score(BEST | {"haq": None}, missing="zero points") == [90]
    assert np.isnan(total_improvement_score(BEST | {"mmt": None}, missing="zero points")).all()


def test_rescue_and_death_score_zero_whatever_is_missing():
    many = total_improvement_score(
        BEST | {"haq": [100, None, 100, 100]},
        [True, True, False, None],
        [False, False, True, False],
    )
    np.testing.assert_array_equal(many, [0, 0, 0, np.nan])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: absolute_improvement("physician_global", 11, 2),
            "`baseline physician_global` is 11",
        ),
        (lambda: absolute_improvement("mmt", 81, 2), "`baseline mmt` is 81; allowed: 0 to 80"),
        (lambda: absolute_improvement("enzyme", 1, 2), "`measure` is 'enzyme'"),
        (lambda: absolute_improvement("chq_phs", 1, 2), "`measure_range` is needed"),
        (lambda: enzyme_improvement({"GGT": 1}, {"GGT": 1}, {"GGT": 1}), "enzymes 'GGT'"),
        (lambda: enzyme_improvement({"CK": 1}, {}, {"CK": 1}), "`follow_up` lacks 'CK'"),
        (lambda: enzyme_improvement({"CK": 1}, {"CK": 1}, {"CK": 0}), "`uln CK` is 0"),
        (lambda: total_improvement_score({"mmt": 1}), "lacks 'physician', 'patient'"),
        (lambda: total_improvement_score(BEST | {"chaq": 1}), "has 'function' twice"),
        (lambda: total_improvement_score(BEST | {"vas": 1}), "`improvements` names 'vas'"),
        (lambda: improvement_category(101), "`score` is 101; allowed: 0 to 100"),
        (lambda: improvement_response(50, "good"), "`level` is 'good'"),
        (lambda: improvement_response(50, "major", form="child"), "`form` is 'child'"),
    ],
)
def test_bad_values_are_named(call, message):
    with pytest.raises(CarstatsError, match=message):
        call()


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        # (lost, PhGA then and now, MMT8 then and now, CK then and now, rescue)
        ((True, 1, 3, 80, 64, 100, 100), True),
        ((True, 1, 2.9, 80, 64, 100, 100), False),
        ((True, 1, 3, 80, 64.1, 100, 100), False),
        ((True, 1, 3, 80, 80, 100, 200), True),
        ((True, 1, 3, 80, 80, 100, 199), False),
        ((False, 1, 9, 80, 10, 100, 999), False),
        ((False, None, None, None, None, None, None), False),
        ((True, 1, 3, 80, 64, 100, None), True),
        ((True, 1, 3, 80, 80, 100, None), None),
        ((False, 1, 1, 80, 80, 100, 100, True), True),
        ((True, 1, 1, 80, 80, 100, 100, None), None),
    ],
)
def test_iim_relapse(subject, expected):
    assert one(iim_relapse(*subject)) is expected


def test_cdasi_response():
    # 40 % of 5 is 2; 4 points of 20 are 20 %.
    assert told(cdasi_response([5, 5, 20, 20, 0, None], [3, 3.1, 16, 17, 0, 1])) == [
        *(True, False, True, False, False),
        None,
    ]
