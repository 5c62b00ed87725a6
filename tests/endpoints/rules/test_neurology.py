"""Myasthenia gravis and the other neurological diseases, one tiny subject for each boundary."""

import numpy as np
import pytest

from carstats.endpoints.record.confirmation import best_sustained, confirmed
from carstats.endpoints.rules.nerve.mg import (
    mg_adl_response,
    mg_relapse,
    mg_worsening,
    mgc_response,
    minimal_manifestations_or_better,
    minimal_symptom_expression,
    qmg_response,
)
from carstats.endpoints.rules.nerve.neurology import (
    adjudicated_attacks,
    attack_counts,
    edss_progression,
    incat_response,
    t25fw_change,
    t25fw_improved,
    t25fw_worse,
)
from carstats.errors import CarstatsError
from tests.endpoints.rules.verdict import one, told


def test_responders_at_their_points():
    assert told(mg_adl_response([8, 8, 8, None], [6, 7, None, 2])) == [True, False, None, None]
    assert told(qmg_response([18, 18], [15, 16])) == [True, False]
    assert one(qmg_response(18, 14, points=5)) is False
    assert told(mgc_response([20, 20], [17, 18])) == [True, False]
    assert told(mgc_response([20, 20], [15, 16], points=5)) == [True, False]


def test_rescue_fails_a_response():
    assert told(mg_adl_response([8, 8], [0, None], True)) == [False, False]
    assert one(minimal_symptom_expression(0, True)) is False


def test_mg_adl_response_for_four_weeks():
    response = mg_adl_response(8, [6, 6, 5, 6, 7])
    day = [28, 42, 56, 84, 112]
    assert told(confirmed(["a"] * 5, day, response, span=28)) == [True, True, True, False, False]


def test_minimal_symptom_expression():
    assert told(minimal_symptom_expression([0, 1, 2, None])) == [True, True, False, None]


def test_minimal_manifestations():
    assert told(minimal_manifestations_or_better(["CSR", "MM-3", "I", None])) == [
        *(True, True, False),
        None,
    ]
    with pytest.raises(CarstatsError, match="`status` is 'better'"):
        minimal_manifestations_or_better("better")


def test_mg_relapse_from_the_best_sustained_value():
    # 8, 3, 2, 4, 4: two visits in a row had 3 or less, so 4 is 1 worse and 5 would be 2 worse.
    day, score = [0, 28, 56, 84, 98], [8, 3, 2, 5, 5]
    worse = mg_worsening(best_sustained(["a"] * 5, day, score), score)
    assert told(worse) == [None, None, False, True, True]
    assert told(confirmed(["a"] * 5, day, worse, span=14))[3] is True
    assert told(confirmed(["a"] * 5, [*day[:4], 97], worse, span=14))[3] is None


def test_mg_relapse_components():
    assert one(mg_relapse(False)) is False
    assert one(mg_relapse(None, rescue=True)) is True
    assert one(mg_relapse(None)) is None
    assert told(mg_relapse([True, False], crisis=[False, True])) == [True, True]


def test_attacks_are_31_days_apart():
    # Onsets 0, 30 and 31: the second belongs to the first; the third is 31 days after the first.
    counted = adjudicated_attacks(["a"] * 3, [0, 30, 31], 48, True)
    assert told(counted) == [True, False, True]


def test_attack_needs_24_hours_and_new_signs():
    counted = adjudicated_attacks(["a", "b", "c", "d"], 10, [24, 23.9, 48, None], [1, 1, 0, 1])
    assert told(counted) == [True, False, False, None]


def test_attacks_chain_from_the_last_that_counts():
    # 0 counts, 20 does not, 40 is 40 days after 0, 60 is 20 after 40, 75 is 35 after 40.
    shuffled = adjudicated_attacks(["a"] * 5 + ["b"], [75, 0, 40, 20, 60, 20], 48, True)
    assert told(shuffled) == [True, True, True, False, False, True]


def test_attack_that_does_not_count_does_not_space_the_next():
    assert told(adjudicated_attacks(["a", "a"], [0, 10], [1, 48], True)) == [False, True]


def test_attack_counts_keep_subjects_without_attacks():
    counts = attack_counts(
        ["a", "a", "a", "b"], [-400, -100, 0, 50], ["a", "b", "c"], -365.25, 730.5
    )
    np.testing.assert_array_equal(counts.attacks_before, [1, 0, 0])
    np.testing.assert_array_equal(counts.attacks_after, [1, 1, 0])
    np.testing.assert_allclose(counts.years_before, 1)
    np.testing.assert_allclose(counts.years_after, 2)
    with pytest.raises(CarstatsError, match="`attack_subject`"):
        attack_counts(["z"], [1], ["a"], -100, 100)


def test_edss_progression():
    first = [0, 0, 1, 1, 5.5, 5.5, 6, 6, None]
    now = [1.5, 1.0, 2, 1.5, 6.5, 6.0, 6.5, 6.0, 3]
    assert told(edss_progression(first, now)) == [True, False] * 4 + [None]


def test_edss_progression_confirmed_over_12_weeks():
    met = edss_progression(2, [3, 3, 3])
    assert told(confirmed(["a"] * 3, [84, 126, 168], met, span=84))[0] is True
    assert told(confirmed(["a"] * 2, [84, 167], met[:2], span=84))[0] is None


def test_timed_walk():
    np.testing.assert_allclose(t25fw_change([10, 10], [12, 5.4]), [20, -46])
    assert told(t25fw_worse([10, 10, None], [12, 11.9, 5])) == [True, False, None]
    assert told(t25fw_improved([10, 10], [8, 8.1])) == [True, False]
    assert one(t25fw_improved(10, 5, True)) is False


def test_incat_response():
    assert told(incat_response([4, 4, None], [3, 4, 2])) == [True, False, None]
