"""Log-rank tests against R, brute force, published values and edges."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from carstats.errors import CarstatsError
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.reasons import ENTRIES_PERMUTED, NO_SUBJECTS, Reason
from carstats.estimators.tests.exact_logrank import permutation_logrank
from carstats.estimators.tests.logrank import (
    WEIGHTS,
    group_tables,
    logrank_of_tables,
    logrank_scores,
    weighted_logrank,
)
from carstats.estimators.tests.multiplicity import ADJUSTMENTS, adjust_p_values
from carstats.estimators.tests.permutation_sums import MAX_ARRANGEMENTS
from carstats.wording import because
from tests.reference import array, reference

SETS = reference("logrank")["data_sets"]
R_WEIGHTS = {
    **{w: {"weight": w} for w in WEIGHTS[:-1]},
    "FH 1 0": {"weight": "Fleming-Harrington", "exponents": (1, 0)},
    "FH 0 1": {"weight": "Fleming-Harrington", "exponents": (0, 1)},
    "FH 1 1": {"weight": "Fleming-Harrington", "exponents": (1, 1)},
    "FH 0.5 0.5": {"weight": "Fleming-Harrington", "exponents": (0.5, 0.5)},
}
HOW = ("plain", "stratified")
GRID = list(itertools.product(SETS, R_WEIGHTS, HOW))
# Sums of at most some hundred terms in double precision; solve() of R loses a digit or two.
SAME = {"rtol": 1e-9, "atol": 1e-10}


def columns(name, how="plain"):
    """Return time, status and group of a data set, and its strata and entries as options."""
    d = {k: np.array(v) for k, v in SETS[name]["data"].items()}
    options = {"strata": d["strata"]} if how == "stratified" else {}
    if "entry" in d:
        options["entry"] = d["entry"]
    size = d["time"].size
    group = np.broadcast_to(d["group"], size)
    if options.get("strata") is not None:
        options["strata"] = np.broadcast_to(d["strata"], size)
    return (d["time"], np.broadcast_to(d["status"], size), group), options


def test_reference_grid_is_whole():
    assert len(SETS) == 13
    for name, one in SETS.items():
        wanted = {f"{w} {h}{t}" for w in R_WEIGHTS for h in HOW for t in ("", " trend")}
        assert set(one["defined"]) == wanted, name
    assert sum(len(one["survdiff"]) for one in SETS.values()) == 6 * 10
    kinds = [key.rsplit(" ", 1)[1] for one in SETS.values() for key in one["coin"]]
    assert {k: kinds.count(k) for k in set(kinds)} == {
        "asymptotic": 115,
        "exact": 25,
        "approximate": 14,
    }


@pytest.mark.parametrize(("name", "weight", "how"), GRID)
def test_equals_the_definition(name, weight, how):
    r = SETS[name]["defined"][f"{weight} {how}"]
    data, options = columns(name, how)
    test = weighted_logrank(*data, **options, **R_WEIGHTS[weight])
    assert_allclose(test.observed, array(r["observed"]), **SAME)
    assert_allclose(test.expected, array(r["expected"]), **SAME)
    assert_allclose(test.variance, np.array(r["variance"], float), **SAME)
    assert_allclose(test.statistic, array(r["statistic"])[0], **SAME)
    assert np.isnan(test.statistic) == bool(test.df == 0) == np.isnan(test.p_value)
    assert bool(test.note) or test.df == test.observed.size - 1
    trend = np.arange(1, test.observed.size + 1) ** 2
    test = weighted_logrank(*data, **options, **R_WEIGHTS[weight], trend=trend)
    r = array(SETS[name]["defined"][f"{weight} {how} trend"]["statistic"])
    assert_allclose(test.statistic, r[0], **SAME)


@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for name, one in SETS.items() for key in one["survdiff"]]
)
def test_equals_survdiff(name, key):
    r = SETS[name]["survdiff"][key]
    rho, how = key.split()
    data, options = columns(name, how)
    weight = {"weight": "Fleming-Harrington", "exponents": (float(rho), 0.0)}
    test = weighted_logrank(*data, **options, **(weight if float(rho) else {}))
    assert_allclose(test.observed, array(r["observed"]), **SAME)
    assert_allclose(test.expected, array(r["expected"]), **SAME)
    assert_allclose(test.variance, np.array(r["variance"], float), **SAME)
    assert_allclose(test.statistic, array(r["statistic"])[0], **SAME)


@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for name, one in SETS.items() for key in one["coin"]]
)
def test_permutation_equals_coin(name, key):
    r = {k: v[0] for k, v in SETS[name]["coin"][key].items()}
    weight, how, kind = key.rsplit(" ", 2)
    data, options = columns(name, "stratified" if how == "overall" else how)
    options["scoring"] = "overall" if how == "overall" else "within strata"
    method = "exact" if kind == "exact" else "auto"
    draws = 1 if kind == "asymptotic" else 200_000
    options |= {"method": method, "n_resamples": draws, **R_WEIGHTS[weight]}
    test = permutation_logrank(*data, **options)
    if len(set(data[2])) == 2:
        # coin's scores have the other sign, its sum is over the first group: the signs cancel.
        z = (test.statistic - test.expected) / math.sqrt(test.variance)
        assert_allclose(z, r["statistic"], **SAME)
    else:
        # Three and more groups: coin's default is the quadratic form too.
        assert_allclose(test.statistic, r["statistic"], **SAME)
    if kind == "exact":
        # coin rounds scores that are no whole numbers: its last digits are lost.
        assert_allclose(test.p_value, r["p_value"], rtol=1e-6)
    if kind == "approximate":
        error = math.sqrt(max(r["p_value"], 1 / draws) * (1 - r["p_value"]) / draws)
        both = math.sqrt(2) if test.n_resamples else 1
        assert abs(test.p_value - r["p_value"]) < 4 * both * error


PUBLISHED = next(e["expect"] for e in reference("published_values") if e["id"] == "LR-02")
NAMES = {
    "Gehan-Wilcoxon": "Gehan-Wilcoxon",
    "Tarone-Ware": "Tarone-Ware",
    "Peto-Peto": "Peto-Peto(SAS Peto)",
    "FH 1 0": "FH(1,0)",
    "FH 0 1": "FH(0,1)",
    "FH 1 1": "FH(1,1)",
}


@pytest.mark.parametrize("weight", NAMES)
def test_equals_published_values(weight):
    data, _ = columns("freireich")
    test = weighted_logrank(*data, **R_WEIGHTS[weight])
    assert_allclose(test.statistic, PUBLISHED[NAMES[weight]], rtol=1e-6)


def test_by_hand():
    # Times 1 (a), 2 (b), 3+ (a), 4 (b). At 1: 4 at risk, 2 of b. At 2: 3 at risk, 2 of b. At 4: b.
    test = weighted_logrank([1, 2, 3, 4], [1, 1, 0, 1], [0, 1, 0, 1])
    assert_allclose(test.expected[1], 2 / 4 + 2 / 3 + 1)
    assert_allclose(test.variance[1, 1], 1 / 4 + 2 / 9)
    assert_allclose(test.statistic, (2 - 13 / 6) ** 2 / (17 / 36))
    assert_allclose(test.p_value, math.erfc(math.sqrt(test.statistic / 2)))
    assert test.z < 0


def test_strata_of_one_kind_are_no_strata():
    data, _ = columns("freireich")
    plain = weighted_logrank(*data)
    assert weighted_logrank(*data, strata=["x"] * 42).statistic == plain.statistic
    assert weighted_logrank(*data, entry=np.full(42, -np.inf)).statistic == plain.statistic


def test_two_groups_are_a_trend():
    data, options = columns("lung", "stratified")
    plain = weighted_logrank(*data, **options)
    trend = weighted_logrank(*data, **options, trend=[3, 7])
    assert_allclose([trend.statistic, trend.z], [plain.statistic, plain.z])


def test_group_tables_are_risk_tables():
    data, options = columns("truncated", "stratified")
    tables = group_tables(*data, **options)
    for stratum, table in enumerate(tables):
        rows = options["strata"] == stratum
        member = np.array([data[2][rows] == g for g in (0, 1)], float)
        expect = risk_table(
            data[0][rows], data[1][rows], entry=options["entry"][rows], weights=member
        )
        for field in ("time", "n_risk", "n_event", "n_censor", "n_after"):
            assert_allclose(getattr(table, field), getattr(expect, field))
    assert logrank_of_tables(tables) is not None
    assert_allclose(
        logrank_of_tables(tables).statistic, weighted_logrank(*data, **options).statistic
    )


def test_tables_of_no_stratum():
    assert logrank_of_tables([]).note == Reason(NO_SUBJECTS)


@pytest.mark.parametrize(("name", "weight", "how"), GRID)
def test_scores_add_up_to_observed_less_expected(name, weight, how):
    data, options = columns(name, how)
    scores = logrank_scores(*data[:2], **options, **R_WEIGHTS[weight])
    test = weighted_logrank(*data, **options, **R_WEIGHTS[weight])
    sums = [scores[data[2] == g].sum() for g in range(test.observed.size)]
    assert_allclose(sums, test.observed - test.expected, atol=1e-9)


def brute_force(data, strata, **options):
    """Sums of the later group's scores over every allocation, and the observed one."""
    scores = logrank_scores(*data[:2], strata=strata, **options)
    parts = []
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        chosen = int(data[2][rows].sum())
        parts.append([scores[list(c)].sum() for c in itertools.combinations(rows, chosen)])
    sums = np.array([sum(c) for c in itertools.product(*parts)])
    return sums, scores[data[2] == 1].sum()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 1), st.integers(0, 1), st.integers(0, 1)),
        min_size=2,
        max_size=11,
    ),
    st.sampled_from(list(R_WEIGHTS)),
)
def test_exact_equals_enumeration(sample, weight):
    time, status, group, strata = np.array(sample).T
    data = (time.astype(float), status, group)
    test = permutation_logrank(*data, strata=strata, **R_WEIGHTS[weight])
    if len(set(group)) < 2:
        assert test.method == "none"
        assert np.isnan(test.p_value)
        return
    sums, observed = brute_force(data, strata, **R_WEIGHTS[weight])
    assert test.method == "exact"
    assert test.n_resamples == 0
    assert test.n_arrangements == sums.size
    assert_allclose(test.statistic, observed, atol=1e-9)
    assert_allclose([test.expected, test.variance], [sums.mean(), sums.var()], atol=1e-9)
    assert_allclose(test.p_value, (np.abs(sums) >= abs(observed) - 1e-9).mean())
    assert_allclose(test.p_less, (sums <= observed + 1e-9).mean())
    assert_allclose(test.p_greater, (sums >= observed - 1e-9).mean())


def test_exact_reaches_beyond_enumeration():
    # 5.4e11 arrangements; the number that coin's split-up algorithm gives.
    data, _ = columns("freireich")
    test = permutation_logrank(*data, method="exact")
    assert test.n_arrangements == math.comb(42, 21) > MAX_ARRANGEMENTS
    expect = SETS["freireich"]["coin"]["log-rank plain exact"]["p_value"]
    assert_allclose(test.p_value, expect, rtol=1e-9)
    assert permutation_logrank(*data).method == "resampling"


def test_exact_out_of_reach_is_refused_in_words():
    time = np.random.default_rng(5).exponential(size=90)
    data = (time, np.ones(90, int), np.arange(90) % 2)
    with pytest.raises(CarstatsError, match=r"about 10\^26 arrangements in a stratum"):
        permutation_logrank(*data, method="exact")
    with pytest.raises(CarstatsError, match="compares two groups; here are 3"):
        permutation_logrank(time, data[1], np.arange(90) % 3, method="exact")


def test_resampling_is_near_exact_and_seeded():
    data, options = columns("small", "stratified")
    exact = permutation_logrank(*data, **options)
    drawn = [
        permutation_logrank(*data, **options, method="resampling", n_resamples=20_000, seed=s)
        for s in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0].method == "resampling"
    assert drawn[0].n_resamples == 20_000
    for test in drawn:
        for field in ("p_value", "p_less", "p_greater"):
            p = getattr(exact, field)
            assert abs(getattr(test, field) - p) < 4 * math.sqrt(p * (1 - p) / 20_000)
        # (b + 1) / (B + 1)
        count = test.p_value * 20_001
        assert_allclose(count, round(count))
        assert count >= 1


def test_large_samples_are_resampled_alike():
    rng = np.random.default_rng(8)
    time, status, group = rng.integers(1, 99, 700), rng.integers(0, 2, 700), rng.integers(0, 2, 700)
    test = permutation_logrank(time, status, group, n_resamples=4_000, seed=3)
    chi = weighted_logrank(time, status, group)
    # For n = 700 the two tests have nearly the same p-value.
    assert abs(test.p_value - chi.p_value) < 0.03


def test_three_groups_and_trend_by_enumeration():
    data, _ = columns("small")
    group = np.arange(9) % 3
    time, status = data[0][:9], data[1][:9]
    scores = logrank_scores(time, status)
    every = np.array(list(set(itertools.permutations(group.tolist()))))
    sums = np.stack([(scores * (every == g)).sum(axis=1) for g in range(3)], axis=1)
    own = np.array([scores[group == g].sum() for g in range(3)])
    test = permutation_logrank(time, status, group, n_resamples=20_000, seed=1)
    assert test.n_arrangements == len(every) == 1680
    distance = (sums**2).sum(axis=1)  # equal groups: the quadratic form is a multiple of it
    p = (distance >= (own**2).sum() - 1e-9).mean()
    assert abs(test.p_value - p) < 4 * math.sqrt(p * (1 - p) / 20_000)
    trend = np.array([0, 1, 5])
    test = permutation_logrank(time, status, group, trend=trend, n_resamples=20_000, seed=1)
    values = sums @ trend
    assert_allclose([test.statistic, test.variance], [own @ trend, values.var()])
    p = (np.abs(values) >= abs(own @ trend) - 1e-9).mean()
    assert abs(test.p_value - p) < 4 * math.sqrt(p * (1 - p) / 20_000)


def test_trend_of_two_groups_keeps_its_direction():
    data, options = columns("small", "stratified")
    up = permutation_logrank(*data, **options, trend=[0, 2])
    down = permutation_logrank(*data, **options, trend=[2, 0])
    plain = permutation_logrank(*data, **options)
    assert_allclose([up.statistic, down.statistic], [2 * plain.statistic, -2 * plain.statistic])
    assert up.p_value == down.p_value == plain.p_value
    assert up.p_less == down.p_greater == plain.p_less


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (([], [], []), "no subjects"),
        (([5], [1], [0]), "only one group has subjects"),
        (([5, 6], [1, 0], [1, 1]), "only one group has subjects"),
        (([5, 6], [0, 0], [0, 1]), "no events"),
        (([4, 4, 4, 4], [1, 1, 1, 1], [0, 0, 1, 1]), "could have had it or not"),
        (([1, 2], [0, 1], [0, 1]), "could have had it or not"),
    ],
)
def test_nothing_to_compare(data, note):
    test = weighted_logrank(*data, n_groups=2)
    assert np.isnan([test.statistic, test.p_value, test.z]).all()
    assert test.df == 0
    assert note in because(test.note)
    assert note in because(weighted_logrank(*data, n_groups=2, trend=[0, 1]).note)
    test = permutation_logrank(*data)
    if len(set(data[2])) < 2:
        assert because(test.note) == note
        assert np.isnan(test.p_value)
    else:
        # All arrangements give the same statistic: there is nothing against equality.
        assert test.p_value == 1


def test_an_empty_group_is_left_out_and_said():
    data, _ = columns("freireich")
    group = np.where(data[2] == 1, 2, 0)
    test = weighted_logrank(data[0], data[1], group, n_groups=3)
    assert_allclose(test.statistic, weighted_logrank(*data).statistic)
    assert test.df == 1
    assert test.z > 0
    assert "1 of 3 groups not compared" in because(test.note)


@pytest.mark.parametrize("weight", ["log-rank", "Peto-Peto", "Tarone-Ware"])
def test_never_at_risk_together_has_no_variance_of_rounding(weight):
    for n in range(3, 60):
        time, status = np.append(np.arange(n) + 1.0, 0.5), np.arange(n + 1) % 3 > 0
        status[-1] = False
        found = weighted_logrank(time, status, np.arange(n + 1) == n, weight=weight)
        assert not found.variance.any()
        assert found.df == 0
        assert math.isnan(found.p_value)


def test_left_truncated_permutation_says_what_it_permutes():
    data, options = columns("truncated")
    test = permutation_logrank(*data, **options)
    assert test.method == "exact"
    assert test.note == Reason(ENTRIES_PERMUTED)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_order_and_labels_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    n = 20
    time, status = rng.integers(0, 9, n).astype(float), rng.integers(0, 2, n)
    group, strata = rng.integers(0, 3, n), rng.integers(0, 2, n)
    one = weighted_logrank(time, status, group, n_groups=3, strata=strata)
    o = rng.permutation(n)
    two = weighted_logrank(time[o], status[o], 2 - group[o], n_groups=3, strata=strata[o])
    assert_allclose(one.statistic, two.statistic, rtol=1e-9)
    assert_allclose(one.observed - one.expected, (two.observed - two.expected)[::-1], atol=1e-9)


def test_p_values_are_adjusted_as_by_r():
    cases = reference("rates")["adjusted"]
    assert len(cases) == 4
    for case in cases.values():
        assert len(case) == 1 + len(ADJUSTMENTS)
        for method in ADJUSTMENTS:
            found = adjust_p_values(array(case["p"]), method=method)
            assert_allclose(found, array(case[method]), rtol=1e-12)
    with pytest.raises(CarstatsError, match="`method` is 'Hommel'"):
        adjust_p_values([0.1], method="Hommel")
