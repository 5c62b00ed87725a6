"""Limits built for few subjects: of restricted means, incidences and time lost."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import beta

from carstats.estimators.curves import mean_limits
from carstats.estimators.curves.aalen_johansen import aalen_johansen
from carstats.estimators.curves.incidence_limits import dirichlet_limits
from carstats.estimators.curves.kaplan_meier import kaplan_meier, step_values
from carstats.estimators.curves.mean_limits import law_limits, mean_laws
from carstats.estimators.curves.mean_melding import melded_means
from carstats.estimators.curves.mean_moments import area_moments, pieces_of
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.curves.rmst import mean_survival
from carstats.estimators.curves.time_lost import lost_moments, mean_time_lost
from carstats.estimators.proportions.proportion import proportion_limits
from tests.reference import reference

WITNESS = reference("small_sample_limits")
TAU = float(WITNESS["horizon"])
# The tabulated laws are good to about 1e-7 of the horizon; the witness's lower limit of R7 is
# certain to 1e-5 only.
OF_A_LAW = 2e-5


def table(name):
    one = WITNESS["means"][name]
    return risk_table(one["time"], one["status"])


def limits(name_or_table, at=TAU, **options):
    found = table(name_or_table) if isinstance(name_or_table, str) else name_or_table
    return law_limits(mean_laws(found, at), **options)


@pytest.mark.parametrize("name", WITNESS["means"])
def test_limits_of_a_restricted_mean_equal_the_witness(name):
    one = WITNESS["means"][name]
    assert_allclose(limits(name), one["limits"], atol=OF_A_LAW)
    assert_allclose(limits(name, mid_p=True), one["mid_p"], atol=OF_A_LAW)
    if "exact" in one:
        assert_allclose(limits(name), one["exact"], atol=OF_A_LAW)
    longer = mean_survival(table(name), TAU, extend=True)
    assert_allclose(longer.estimate, one["estimate"], atol=1e-8)


@pytest.mark.parametrize(
    "pair", WITNESS["differences"], ids=lambda p: f"{p['first']}-{p['second']}"
)
def test_melded_means_equal_the_witness(pair):
    laws = [mean_laws(table(pair[name]), TAU) for name in ("first", "second")]
    full, mid = melded_means(*laws, mid_p=False), melded_means(*laws)
    # The witness has four digits after the point, or three.
    assert_allclose([full.low, full.high], pair["full"], atol=6e-5)
    assert_allclose([mid.low, mid.high], pair["mid_p"], atol=6e-4)
    assert_allclose(mid.p_value, pair["p_mid"], atol=6e-6)
    if "p_full" in pair:
        assert_allclose(full.p_value, pair["p_full"], atol=6e-6)


def test_melded_means_turn_round_with_the_groups():
    one, two = mean_laws(table("R3"), TAU), mean_laws(table("R5"), TAU)
    there, back = melded_means(one, two), melded_means(two, one)
    assert_allclose([there.low, there.high], [-back.high, -back.low], atol=1e-5)
    assert_allclose(there.p_value, back.p_value, atol=1e-6)
    by = melded_means(one, two, measure="ratio"), melded_means(two, one, measure="ratio")
    assert_allclose([by[0].low, by[0].high], [1 / by[1].high, 1 / by[1].low], rtol=1e-6)
    # No difference is a ratio of one: the same p-value.
    assert_allclose(by[0].p_value, there.p_value, atol=1e-9)


def test_a_difference_and_its_p_value_agree():
    one, two = mean_laws(table("R8"), TAU), mean_laws(table("R5"), TAU)
    p = melded_means(one, two).p_value
    for mid_p in (True, False):
        p = melded_means(one, two, mid_p=mid_p).p_value
        found = melded_means(one, two, conf_level=1 - p, mid_p=mid_p)
        assert min(abs(found.low), abs(found.high)) < 1e-3


def test_two_groups_of_whom_nobody_failed():
    one, two = mean_laws(table("R1"), TAU), mean_laws(risk_table([95, 99], [0, 0]), TAU)
    found = melded_means(one, two)
    # Each mean is at most the horizon, and at least the lower limit: mid-P at 5 %.
    assert_allclose(found.low, TAU * 0.05 ** (1 / 5) - TAU, atol=1e-6)
    assert_allclose(found.high, TAU - TAU * 0.05 ** (1 / 2), atol=1e-6)
    assert found.p_value == 1


def test_restricted_means_without_an_event_by_hand():
    # Lower path: 0.025^(1/Y) while Y are at risk.
    low, high = limits(risk_table([30, 60, 100], [0, 0, 0]))
    by_hand = 30 * (0.025 ** (1 / 3) + 0.025 ** (1 / 2) + 0.025)
    assert_allclose([low, high], [by_hand, 90], atol=1e-9)
    # Beyond the last follow-up the lower path is 0 and the upper one stays.
    low, high = limits(risk_table([30, 60], [0, 0]))
    assert_allclose([low, high], [30 * (0.025 ** (1 / 2) + 0.025), 90], atol=1e-9)


def test_one_event_followed_fully_by_hand():
    # Upper path: 1 to day 30, then Beta(5, 1).
    assert_allclose(limits("R2")[1], 30 + 60 * 0.975 ** (1 / 5), atol=1e-9)


@pytest.mark.parametrize(("failed", "n"), [(0, 5), (1, 5), (3, 8), (5, 5), (2, 3)])
def test_events_at_once_are_a_proportion(failed, n):
    time = [1e-9] * failed + [100.0] * (n - failed)
    found = limits(risk_table(time, [1] * failed + [0] * (n - failed)))
    low, high = proportion_limits(n - failed, n)
    assert_allclose(np.array(found) / TAU, [low, high], atol=1e-6)
    mid = limits(risk_table(time, [1] * failed + [0] * (n - failed)), mid_p=True)
    assert_allclose(
        np.array(mid) / TAU, proportion_limits(n - failed, n, method="mid-P"), atol=1e-6
    )


def test_an_event_at_the_horizon_is_followed_to_it():
    assert_allclose(
        limits(risk_table([40, 90, 90, 95], [1, 1, 1, 0])),
        limits(risk_table([40, 91, 92, 95], [1, 1, 1, 0])),
        atol=1e-9,
    )


def test_order_of_the_rows_and_small_steps_of_a_tie_do_not_matter():
    time, status = np.array([20, 20, 35, 50, 50, 80, 95]), np.array([1, 1, 0, 1, 0, 1, 0])
    mixed = np.random.default_rng(3).permutation(7)
    assert limits(risk_table(time, status)) == limits(risk_table(time[mixed], status[mixed]))
    apart = time + np.array([0, 1e-6, 0, 0, 2e-6, 0, 0])
    assert_allclose(limits(risk_table(time, status)), limits(risk_table(apart, status)), atol=1e-3)


def test_with_many_events_the_matched_law_is_close():
    rng = np.random.default_rng(5)
    time, lost = rng.exponential(60, 80), rng.uniform(20, 200, 80)
    many = risk_table(np.minimum(time, lost), (time <= lost).astype(int))
    found = limits(many)
    pieces = pieces_of(many, TAU, None)
    laws = [mean_limits._matched(*moments, TAU) for moments in area_moments(pieces, TAU)]
    assert 40 < pieces.events.sum() < mean_limits.MAX_EVENTS
    matched = [law.quantile(p) for law, p in zip(laws, (0.025, 0.975), strict=True)]
    assert_allclose(found, matched, atol=1e-3 * TAU)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("late", [False, True])
def test_moments_of_many_events_are_those_of_event_after_event(ties, late):
    rng = np.random.default_rng(6)
    time = rng.exponential(60, 90) + 1
    time = np.ceil(time / 10) * 10 if ties else time
    entry = np.where(rng.random(90) < 0.3, time / 3, 0.0) if late else None
    counts = risk_table(time, (rng.random(90) < 0.6).astype(int), entry=entry)
    at_start = 60.0 if late else None
    pieces = pieces_of(counts, TAU, at_start)
    steps, rest, after = mean_limits._steps(pieces)
    for lower, (mean, square, low) in zip((True, False), area_moments(pieces, TAU), strict=True):
        means, squares = mean_limits._moments(steps, rest, after, TAU, lower=lower)
        assert_allclose([mean, square], [means[0], squares[0]], rtol=1e-12)
        assert low == (0.0 if lower else steps[0].time)


SUBJECTS = st.lists(st.tuples(st.integers(1, 120), st.booleans()), min_size=1, max_size=12)


@settings(deadline=None, max_examples=12)
@given(SUBJECTS)
def test_a_restricted_mean_lies_within_its_limits(subjects):
    time, status = np.array(subjects, float).T
    counts = risk_table(time, status)
    estimate = float(mean_survival(counts, TAU, extend=True).estimate)
    for mid_p in (False, True):
        low, high = limits(counts, mid_p=mid_p)
        assert 0 <= low <= estimate + 1e-9
        assert estimate - 1e-9 <= high <= TAU
    wide = limits(counts, conf_level=0.99)
    assert wide[0] <= limits(counts)[0] + 1e-6
    assert limits(counts)[1] <= wide[1] + 1e-6


@pytest.mark.parametrize("name", WITNESS["incidences"])
def test_limits_of_an_incidence_equal_the_witness(name):
    one = WITNESS["incidences"][name]
    counts = risk_table(one["time"], one["status"], n_causes=2)
    curve = aalen_johansen(counts)
    day, cause = [WITNESS["incidence_day"]], one["cause"] - 1
    found = [
        step_values(counts.time, values[:, cause], day, 0.0)[0]
        for values in (curve.estimate, curve.low, curve.high)
    ]
    assert_allclose(found[0], one["estimate"], atol=1e-10)
    assert_allclose(found[1:], one["limits"], atol=1e-11)


COMPETING = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2)), min_size=1, max_size=30)


@settings(deadline=None)
@given(COMPETING)
def test_incidence_limits_without_censoring_are_clopper_and_pearsons(rows):
    time, status = np.array(rows).T
    counts = risk_table(time, np.maximum(status, 1), n_causes=2)
    low, high, start = dirichlet_limits(counts)
    done = np.cumsum(counts.n_event, axis=0)
    want = proportion_limits(done, len(time))
    assert_allclose(low, want[0], atol=1e-9)
    assert_allclose(high, want[1], atol=1e-9)
    assert_allclose(start, proportion_limits(0, len(time))[1], atol=1e-12)


@settings(deadline=None)
@given(COMPETING)
def test_incidence_limits_never_fall_and_hold_the_estimate(rows):
    time, status = np.array(rows).T
    curve = aalen_johansen(risk_table(time, status, n_causes=2))
    for values in (curve.low, curve.high):
        assert np.isfinite(values).all()
        assert (np.diff(values, axis=0) >= -1e-9).all()
    assert (curve.low <= curve.estimate).all()
    assert (curve.estimate <= curve.high).all()
    assert (curve.high[0] >= curve.high_at_start - 1e-9).all()
    mid = aalen_johansen(risk_table(time, status, n_causes=2), conf_type="beta product mid-P")
    assert (mid.low >= curve.low - 1e-9).all()
    assert (mid.high <= curve.high + 1e-9).all()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 1)), min_size=1, max_size=30))
def test_with_one_cause_incidence_limits_are_those_of_the_curve(rows):
    time, status = np.array(rows).T
    counts = risk_table(time, status)
    low, high, _ = dirichlet_limits(counts)
    curve = kaplan_meier(counts)
    assert_allclose(low[:, 0], 1 - curve.high, atol=1e-8)
    assert_allclose(high[:, 0], 1 - curve.low, atol=1e-8)


def test_the_upper_limit_leaves_1_at_the_first_event_whatever_its_law():
    # Beta(1, 0), the constant 1, and after both of two had the event Beta(1, 2).
    curve = kaplan_meier(risk_table([1, 2, 2], [0, 1, 1]))
    assert_allclose(curve.high, [1, 1 - 0.025**0.5])


def test_incidence_limits_of_a_batch_are_those_of_each():
    rng = np.random.default_rng(2)
    time, status = rng.integers(1, 15, 12), rng.integers(0, 3, 12)
    weights = rng.integers(0, 3, (5, 12))
    batch = aalen_johansen(risk_table(time, status, n_causes=2, weights=weights))
    for row, w in enumerate(weights):
        alone = risk_table(np.repeat(time, w), np.repeat(status, w), n_causes=2)
        found = aalen_johansen(alone)
        place = np.searchsorted(batch.time, alone.time)
        assert_allclose(batch.low[row, place], found.low, atol=1e-12)
        assert_allclose(batch.high[row, place], found.high, atol=1e-12)
        assert_allclose(batch.high_at_start[row], found.high_at_start)
    nobody = aalen_johansen(risk_table([1.0], [1], weights=[[0.0]]))
    assert np.isnan(nobody.high).all()
    assert np.isnan(nobody.high_at_start).all()


def drawn_paths(time, status, cause, at, draws, rng):
    """Areas under the lower and upper paths of an incidence, drawn by their definition."""
    time, status = np.asarray(time, float), np.asarray(status)
    survival, gained = np.ones(draws), np.zeros(draws)
    lower, upper, now = np.zeros(draws), np.zeros(draws), 0.0

    def next_piece(until, u):
        area, edges = np.zeros(draws), np.unique(time[(time > now) & (time < until)])
        edges = np.concatenate([[now], edges, [until]])
        for a, b in itertools.pairwise(edges):
            after = (time > a).sum()
            area += (b - a) * (1 - u ** (1 / after) if after else 1.0)
        return area

    for day in np.unique(time[(status > 0) & (time < at)]):
        causes = status[(time == day) & (status > 0)]
        order = rng.permuted(np.tile(causes, (draws, 1)), axis=1)
        for place in range(causes.size):
            u = rng.random(draws)
            if not place:
                upper += gained * (day - now) + survival * next_piece(day, u)
                lower += gained * (day - now)
            factor = u ** (1 / ((time >= day).sum() - place))
            gained = gained + np.where(order[:, place] == cause, survival * (1 - factor), 0.0)
            survival = survival * factor
        now = day
    upper += gained * (at - now) + survival * next_piece(at, rng.random(draws))
    return lower + gained * (at - now), upper


@pytest.mark.parametrize("name", ["C2", "C3", "C4", "C6", "C8", "C10"])
def test_moments_of_the_time_lost_equal_draws(name):
    one = WITNESS["incidences"][name]
    counts = risk_table(one["time"], one["status"], n_causes=2)
    found = lost_moments(counts, TAU, one["cause"] - 1)
    drawn = drawn_paths(
        one["time"], one["status"], one["cause"], TAU, 40_000, np.random.default_rng(1)
    )
    for (mean, square), values in zip((found.least, found.most), drawn, strict=True):
        assert abs(values.mean() - mean) <= 4.5 * values.std() / 200 + 1e-9
        assert abs((values**2).mean() - square) <= 4.5 * (values**2).std() / 200 + 1e-9


@pytest.mark.parametrize("name", ["R1", "R2", "R3", "R5", "R10"])
def test_with_one_cause_the_time_lost_is_what_the_mean_lacks(name):
    counts = table(name)
    lost, mean = mean_time_lost(counts, TAU), mean_survival(counts, TAU)
    assert_allclose(lost.estimate[0], TAU - mean.estimate, atol=1e-9)
    assert_allclose(lost.std_error[0], mean.std_error, atol=1e-9)
    steps, *rest = mean_limits._steps(pieces_of(counts, TAU, None))
    moments = lost_moments(counts, TAU, 0)
    for lower, (first, second) in ((True, moments.most), (False, moments.least)):
        m, m2 = mean_limits._moments(steps, *rest, TAU, lower=lower)
        assert_allclose([first, second], [TAU - m[0], TAU**2 - 2 * TAU * m[0] + m2[0]], rtol=1e-9)
    # Two moments and the law itself: within a fiftieth of the horizon.
    low, high = limits(name)
    assert_allclose([lost.low[0], lost.high[0]], [TAU - high, TAU - low], atol=TAU / 50)


def test_the_times_lost_and_the_mean_add_up():
    one = WITNESS["incidences"]["C10"]
    counts = risk_table(one["time"], one["status"], n_causes=2)
    lost = mean_time_lost(counts, TAU)
    assert_allclose(lost.estimate.sum() + mean_survival(counts, TAU).estimate, TAU)
    assert (lost.low < lost.estimate).all()
    assert (lost.estimate < lost.high).all()


def test_time_lost_at_the_edges():
    nobody = mean_time_lost(risk_table([], [], n_causes=2), 5)
    assert np.isnan(nobody.estimate).all()
    none = mean_time_lost(risk_table([10, 10], [0, 0], n_causes=2), 5)
    assert_array_equal(none.estimate, 0)
    assert_array_equal(none.low, 0)
    # Exactly: 5 · Beta(1, 2).
    assert_allclose(none.high, 5 * beta.ppf(0.975, 1, 2))
    short = mean_time_lost(risk_table([3, 4], [1, 0]), 5)
    assert np.isnan(short.high).all()
    gone = mean_time_lost(risk_table([0, 0], [1, 1]), 5)
    assert_allclose([gone.estimate[0], gone.high[0]], [5, 5])
    # At most 5 · Beta(2, 1) is what two of two say from below.
    assert_allclose(gone.low[0], 5 * beta.ppf(0.025, 2, 1))
