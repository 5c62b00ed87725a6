"""The life table of counts by interval: by hand, against Kaplan-Meier, and where it is empty."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose

from carstats.estimators.curves.kaplan_meier import kaplan_meier
from carstats.estimators.curves.life_table import life_table, possible_survival
from carstats.estimators.curves.risk_table import risk_table

EDGES = [0.0, 10.0, 20.0, 40.0]


def test_by_hand():
    # 20 subjects: 5 of 20, then 3 of 12, then none of the 6 that are left.
    found = life_table(EDGES, [0, 1, 2], [1, 2, 3], [5, 3, 0], [3, 3, 6])
    np.testing.assert_allclose(found.n_risk, [20, 12, 6])
    np.testing.assert_allclose(found.survival, [15 / 20, 15 / 20 * 9 / 12, 15 / 20 * 9 / 12])


def test_half_of_those_censored_within_an_interval_are_at_risk():
    # The actuarial rule: 5 of 20 - 4 / 2.
    found = life_table(EDGES[:2], [0], [1], [5], [4], half=True)
    assert found.n_risk[0] == 9
    assert found.survival[0] == pytest.approx(1 - 5 / (9 - 2))


def test_joined_intervals_are_spread_evenly_over_their_days():
    # Of 4 events in 40 days one lies in each 10.
    found = life_table(EDGES, [0], [3], [4], [8])
    np.testing.assert_allclose(found.n_event, [1, 1, 2])
    np.testing.assert_allclose(found.n_censor, [2, 2, 4])
    np.testing.assert_allclose(found.survival, np.cumprod([11 / 12, 8 / 9, 4 / 6]))


def test_with_single_intervals_it_is_kaplan_meier_with_greenwoods_log_log_limits():
    rng = np.random.default_rng(1)
    time, status = rng.choice(EDGES[1:], 60), rng.integers(0, 2, 60)
    counts = [(i, i + 1, int(((time == end) & (status == 1)).sum()),
               int(((time == end) & (status == 0)).sum()))
              for i, end in enumerate(EDGES[1:])]  # fmt: skip
    begin, end, events, censored = zip(*counts, strict=True)
    found = life_table(EDGES, begin, end, events, censored)
    curve = kaplan_meier(risk_table(time, status), conf_type="log-log")
    np.testing.assert_allclose(found.survival, np.ravel(curve.survival), atol=1e-12)
    inside = (found.survival > 0) & (found.survival < 1)
    np.testing.assert_allclose(found.low[inside], np.ravel(curve.low)[inside], atol=1e-12)
    np.testing.assert_allclose(found.high[inside], np.ravel(curve.high)[inside], atol=1e-12)


def test_where_nobody_is_at_risk_nothing_is_known():
    nobody = life_table(EDGES, [], [], [], [])
    assert np.isnan(nobody.survival).all()
    none = life_table(EDGES, [0, 0], [0, 1], [0, 0], [4, 3])
    # Four were censored at the start and never at risk.
    assert none.n_risk[0] == 3
    assert none.survival[0] == 1
    assert np.isnan(none.survival[1:]).all()
    # Clopper and Pearson's for 0 of 3.
    assert_allclose(none.low, [0.025 ** (1 / 3), np.nan, np.nan])
    assert_allclose(none.high, [1, np.nan, np.nan])
    every = life_table(EDGES, [0], [1], [3], [0])
    assert every.survival[0] == 0


def estimate(places, at):
    """Return the Kaplan-Meier estimate at an edge: (place, event) of each subject."""
    places = [p for p in places if p[0] > 0 or p[1]]
    survival = 1.0
    for edge in range(1, at + 1):
        n = sum(place >= edge for place, _ in places)
        d = sum(place == edge and event for place, event in places)
        survival *= 1 - d / n if n else 1
    return survival


@pytest.mark.parametrize("seed", range(12))
def test_every_place_that_numbers_can_have_lies_within_the_bounds_and_they_are_attained(seed):
    rng = np.random.default_rng(seed)
    size, at = 4, int(rng.integers(1, 5))
    rows, known = [], []
    for _ in range(3):
        cuts = sorted({0, *rng.choice(range(1, size), rng.integers(0, 2), False).tolist(), size})
        for i, j in itertools.pairwise(cuts):
            rows.append((i, j, int(rng.integers(0, 2)), int(rng.integers(0, 3)), i == 0))
    for i, j, d, c, start in rows:
        known += [[(p, True) for p in range(i + 1, j + 1)]] * d
        known += [[(p, False) for p in range(0 if start else i + 1, j + 1)]] * c
    found = [estimate(places, at) for places in _every(known, rng)]
    begin, end, d, c, start = zip(*rows, strict=True)
    low, high = possible_survival(at, begin, end, d, c, start=start)
    if np.isnan(low):
        return
    assert low <= min(found) + 1e-12
    assert high >= max(found) - 1e-12


def _every(known, rng):
    """Yield every choice of a place for each subject, or many of them, and the two extremes."""
    n = int(np.prod([float(len(each)) for each in known]))
    if n <= 20_000:
        yield from itertools.product(*known)
        return
    for _ in range(4_000):
        yield [each[rng.integers(len(each))] for each in known]


def test_the_bounds_of_one_joined_interval_by_hand():
    # Two events and two censored between the start and edge 2, at edge 2 and 1.
    assert possible_survival(2, [0], [2], [2], [2]) == pytest.approx((0.0, 0.5))
    assert possible_survival(1, [0], [2], [2], [2]) == pytest.approx((0.5, 1.0))
    # Single intervals leave nothing open.
    assert possible_survival(2, [0, 1], [1, 2], [1, 1], [1, 1]) == pytest.approx((3 / 8, 3 / 8))


def test_where_all_have_the_event_the_upper_limit_is_exact():
    table = life_table([0, 10, 20], [0], [1], [4], [0])
    assert_allclose([table.survival[0], table.low[0]], 0)
    assert_allclose(table.high[0], 1 - 0.025 ** (1 / 4))
