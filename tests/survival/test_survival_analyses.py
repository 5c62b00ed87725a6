"""The public survival analyses against R and published values."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from carstats.estimators.curves.kaplan_meier import kaplan_meier
from carstats.estimators.curves.quantile import curve_quantile
from carstats.estimators.curves.resampling import bootstrap_survival
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.curves.rmst import mean_survival
from tests.conftest import PLACEBO, SIX_MP, study_of_times
from tests.reference import array, reference
from tests.survival.survival_data import RFS, cohort_of, cohort_of_set, visits

PUBLISHED = {row["id"]: row["expect"] for row in reference("published_values")}
LOGRANK = reference("logrank")["data_sets"]
COMPETING = reference("competing")["data_sets"]
FINE_GRAY = reference("fine_gray")["data_sets"]
INTERVAL = reference("interval")["data_sets"]


@pytest.fixture
def cohort(freireich):
    return cs.define_cohort(freireich)


def only(result):
    """Return the one row of a result."""
    assert len(result.frame) == 1
    return result.frame.iloc[0]


def target(result, name):
    return result.frame[result.frame["target"] == name].iloc[0]


@pytest.mark.parametrize(
    ("conf_type", "key"),
    [("log", "log"), ("plain", "plain/log-log/logit/arcsin"), ("log-log", None), ("arcsine", None)],
)
def test_median_of_freireich(cohort, conf_type, key):
    key = key or "plain/log-log/logit/arcsin"
    found = cs.survival_quantile(cohort, RFS, by="target", conf_type=conf_type)
    expected = PUBLISHED["KM-07"]
    placebo = key.replace("/logit/arcsin", "/arcsin")
    for name, arm, limits in (("CD19", "6-MP", key), ("BCMA", "placebo", placebo)):
        row = target(found, name)
        assert row["estimate"] == expected[arm]["median"]
        assert_allclose([row["conf_low"], row["conf_high"]], array(expected[arm][limits]))


def test_plateau_of_a_median():
    want = PUBLISHED["KM-08"]
    time = [54, 75, 77, 84, 87, 92, 103, 105, 112, 118]
    plateau = cohort_of(time, [1] * 5 + [0] * 5)
    found = cs.survival_quantile(plateau, RFS, p=[0.25, 0.5], conf_type="log-log").frame
    assert found["estimate"].tolist() == [want["q25"], want["R_median"]]
    at = cs.survival_at(plateau, RFS, at=[80, 100, 120], conf_type="log-log").frame
    for row, key in zip(at.iloc[:2].itertuples(), ("S80", "S100"), strict=True):
        assert_allclose([row.estimate, row.conf_low, row.conf_high], want[key], atol=1e-4)
    # R carries the curve on to 120, SAS and carstats do not.
    assert np.isnan(at["estimate"].iloc[2])


@pytest.mark.parametrize(("time", "key"), [([3, 5, 5, 8, 12, 14], "n6"), ([1, 2, 3, 4], "n4")])
def test_median_where_the_curve_is_exactly_one_half(time, key):
    want = PUBLISHED["KM-09"][key]
    row = only(cs.survival_quantile(cohort_of(time, [1] * len(time)), RFS, conf_type="log"))
    assert row["estimate"] == want["median"]
    assert_allclose([row["conf_low"], row["conf_high"]], array(want["log_ci"]))


def test_beta_product_of_freireich():
    want = PUBLISHED["BP-01"]
    six_mp = cs.define_cohort(study_of_times(SIX_MP))
    at = cs.survival_at(six_mp, RFS, at=[10, 20]).frame
    assert_allclose(at[["estimate", "conf_low", "conf_high"]], [want["S10"], want["S20"]], 1e-7)
    found = cs.survival_quantile(six_mp, RFS, p=[0.5, 0.25]).frame
    assert_allclose(found[["estimate", "conf_low", "conf_high"]].iloc[0], array(want["median"]))
    assert_allclose(found[["estimate", "conf_low", "conf_high"]].iloc[1], array(want["q75"]))
    mid = cs.survival_at(six_mp, RFS, at=10, conf_type="beta product mid-P").frame
    assert_allclose(mid[["conf_low", "conf_high"]].iloc[0], want["midp_S10"], atol=2e-5)


@pytest.mark.parametrize("band", ["equal precision", "Hall-Wellner"])
def test_a_band_lies_around_the_curve_and_the_pointwise_limits(cohort, band):
    result = cs.survival_curve(cohort, RFS, by="target", conf_type="log-log", band=band)
    frame = result.frame.dropna(subset=["band_low"])
    assert (frame["band_low"] <= frame["estimate"]).all()
    assert (frame["band_high"] >= frame["estimate"]).all()
    inner = frame[frame["conf_low"].notna() & (frame["time"] == 10)]
    assert (inner["band_low"] < inner["conf_low"]).all()
    assert f"{band.replace('-', '–')} band" in result.caption()


def test_median_follow_up_is_the_reverse_curve(cohort):
    six_mp = target(cs.followup_time(cohort, RFS, by="target"), "CD19")
    time, status = _parsed(SIX_MP)
    table = risk_table(time, 1 - status)
    curve = kaplan_meier(table, conf_type="log-log")
    assert six_mp["estimate"] == float(curve_quantile(table, curve).estimate)
    assert six_mp["n_censor"] == 12
    assert (six_mp["low"], six_mp["high"]) == (6, 35)
    # Everybody on placebo had the event: nobody's follow-up ended otherwise.
    placebo = target(cs.followup_time(cohort, RFS, by="target"), "BCMA")
    assert np.isnan(placebo["estimate"])
    assert placebo["note"] == "not reached"


def _parsed(text):
    words = text.split()
    time = np.array([float(w.strip("+")) for w in words])
    return time, np.array(["+" not in w for w in words], int)


@pytest.mark.parametrize(("at", "key"), [(12, "tau12")])
def test_restricted_mean_of_freireich(cohort, at, key):
    found = cs.restricted_mean(cohort, RFS, at=at, by="target")
    for name, arm in (("CD19", "6-MP"), ("BCMA", "placebo")):
        row = target(found, name)
        assert_allclose([row["estimate"], row["std_error"]], PUBLISHED["RM-01"][key][arm], 5e-3)


@pytest.mark.parametrize("pair", [380, 500])
def test_restricted_means_compared(pair):
    data = reference("restricted_mean")
    want = data["pairs"][f"veteran {pair} 0.95"]
    group = data["groups"]["veteran"]
    veterans = cohort_of(
        group["time"], group["status"], group=np.unique(group["g"], return_inverse=True)[1]
    )
    for measure in ("difference", "ratio"):
        row = only(cs.restricted_mean(veterans, RFS, at=pair, by="target", contrast=measure,
                                      reference="CD19", method="Greenwood"))  # fmt: skip
        columns = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]
        assert_allclose(row[columns].astype(float), want[measure], rtol=1e-9)
        assert row["contrast"] == f"BCMA {'−' if measure == 'difference' else '/'} CD19"


@pytest.mark.parametrize(
    ("weight", "exponents", "key"),
    [
        ("Gehan-Wilcoxon", (0, 0), "Gehan-Wilcoxon"),
        ("Tarone-Ware", (0, 0), "Tarone-Ware"),
        ("Peto-Peto", (0, 0), "Peto-Peto(SAS Peto)"),
        ("Fleming-Harrington", (1, 0), "FH(1,0)"),
        ("Fleming-Harrington", (0, 1), "FH(0,1)"),
        ("Fleming-Harrington", (1, 1), "FH(1,1)"),
    ],
)
def test_weighted_logrank_of_freireich(cohort, weight, exponents, key):
    result = cs.logrank_test(cohort, RFS, by="target", weight=weight, exponents=exponents)
    assert_allclose(only(result)["statistic"], PUBLISHED["LR-02"][key], rtol=1e-6)


@pytest.mark.parametrize("name", LOGRANK)
def test_logrank_equals_r(name):
    data = LOGRANK[name]
    cohort = cohort_of_set(data["data"])
    for kind, strata in (("plain", None), ("stratified", "site_id")):
        want = data["defined"].get(f"log-rank {kind}")
        if want is None or (strata and "site_id" not in cohort.subjects):
            continue
        if cohort.subjects["target"].nunique() < 2:
            continue
        row = only(cs.logrank_test(cohort, RFS, by="target", strata=strata))
        assert_allclose(row["statistic"], array(want["statistic"])[0], rtol=1e-8, atol=1e-10)


def test_exact_and_permutation_say_which_they_are(cohort):
    coin = LOGRANK["freireich"]["coin"]["log-rank plain exact"]
    exact = cs.logrank_test(cohort, RFS, by="target", method="permutation", n_resamples=999)
    row = only(exact)
    assert (row["p_method"], row["n_resamples"]) == ("resampling", 999)
    assert_allclose(row["p_value"], 1 / 1000)
    small = cohort_of([1, 2, 3, 4, 5, 6], [1] * 6, group=[0, 0, 0, 1, 1, 1])
    row = only(cs.logrank_test(small, RFS, by="target", method="exact"))
    # Of the 20 arrangements the observed one and its mirror image are the most extreme.
    assert (row["p_method"], row["n_resamples"]) == ("exact", 0)
    assert_allclose(row["p_value"], 0.1)
    assert array(coin["p_value"])[0] < 1e-4


def test_the_default_goes_by_the_smallest_group():
    def test_of(sizes, **options):
        n = sum(sizes)
        group = np.repeat(np.arange(len(sizes)), sizes)
        time = np.random.default_rng(n).permutation(n) + 1
        cohort = cohort_of(time, np.arange(n) % 3 > 0, group=group)
        result = cs.logrank_test(cohort, RFS, by="target", **options)
        return result, only(result)

    result, row = test_of([2, 30])
    assert np.isnan(row["p_value"])
    assert row["p_method"] == "none"
    assert row["statistic"] > 0
    assert "a group of 2: no p-value by default under 3 in a group" in row["note"]
    assert result.spec.method == "log-rank test"
    result, row = test_of([2, 30], method="studentised")
    assert row["p_method"] == "studentised exact"
    assert result.spec.method == "log-rank test, studentised permutation, all 496 arrangements"
    result, row = test_of([3, 9])
    assert result.spec.method == "log-rank test, studentised permutation, all 220 arrangements"
    result, row = test_of([49, 60])
    assert (row["p_method"], row["n_resamples"]) == ("studentised resampling", 9_999)
    assert result.spec.method.endswith("studentised permutation, 9,999 random arrangements")
    result, row = test_of([50, 60])
    assert (row["p_method"], row["note"]) == ("asymptotic", "")
    result, row = test_of([49, 60], method="asymptotic")
    assert "asymptotic, with 49 in the smallest group" in row["note"]


def test_pairs_of_unlike_sizes_say_the_whole_rule():
    sizes = [2, 4, 60]
    time = np.random.default_rng(3).permutation(66) + 1
    cohort = cohort_of(time, [1] * 66, group=np.repeat([0, 1, 2], sizes))
    result = cs.logrank_test(cohort, RFS, by="target", pairwise=True)
    assert result.frame["p_method"].tolist() == ["none", "none", "studentised resampling"]
    assert result.frame["p_adjusted"].isna().tolist() == [True, True, False]


def test_a_p_value_that_cannot_reach_the_level_says_so():
    row = only(cs.logrank_test(cohort_of([1, 2, 3, 4, 5, 6], [1] * 6, group=[0, 0, 0, 1, 1, 1]),
                               RFS, by="target"))  # fmt: skip
    assert_allclose([row["p_value"], row["p_smallest"]], 0.1)
    assert row["note"] == "p cannot be below 0.1 with groups of these sizes"


def test_unlike_follow_up_is_said():
    # Medians of follow-up 20 and 80: the reverse Kaplan-Meier of those censored there.
    time = [20] * 6 + [80] * 6 + [5, 15, 10, 40, 60]
    status = [0] * 12 + [1] * 5
    cohort = cohort_of(time, status, group=[0] * 6 + [1] * 6 + [0, 0, 1, 1, 1])
    note = only(cs.logrank_test(cohort, RFS, by="target"))["note"]
    assert "followed unalike (median 20 to 80 days): exact where follow-up is alike" in note
    note = only(cs.logrank_test(cohort, RFS, by="target", method="exact"))["note"]
    assert "permuted linear scores may then reject far too often or too seldom" in note


def test_gray_and_interval_tests_have_no_p_with_a_group_under_three():
    cohort = cohort_of([1, 2, 3, 4, 5, 6], [1, 1, 2, 1, 1, 1], group=[0, 0, 1, 1, 1, 1])
    gray = only(cs.gray_test(cohort, RFS, by="target"))
    assert np.isnan(gray["p_value"])
    assert gray["statistic"] >= 0
    assert "no p-value by default under 3" in gray["note"]
    small = visits([0, 5, 10, 5, 0, 10, 5], [5, 10, np.inf, np.inf, 5, 20, 10],
                   group=[0, 0, 1, 1, 1, 1, 1])  # fmt: skip
    result = cs.interval_censored_test(small, RFS, by="target")
    assert np.isnan(only(result)["p_value"])
    assert only(result)["p_method"] == "none"
    three = visits([0, 5, 10, 5, 0, 10, 5], [5, 10, np.inf, np.inf, 5, 20, 10],
                   group=[0, 0, 0, 1, 1, 1, 1])  # fmt: skip
    row = only(cs.interval_censored_test(three, RFS, by="target"))
    assert (row["p_method"], row["n_resamples"]) == ("exact", 0)


def test_trend_pairs_and_holm():
    data = LOGRANK["veteran_cells"]
    cells = cohort_of_set(data["data"])
    trend = only(cs.logrank_test(cells, RFS, by="target", trend=[1, 4, 9, 16]))
    want = array(data["defined"]["log-rank plain trend"]["statistic"])[0]
    assert_allclose(trend["statistic"], want, rtol=1e-9)
    assert trend["df"] == 1
    pairs = cs.logrank_test(cells, RFS, by="target", pairwise=True).frame
    assert len(pairs) == 6
    assert (pairs["p_adjusted"] >= pairs["p_value"]).all()
    assert_allclose(pairs["p_adjusted"].min(), 6 * pairs["p_value"].min())


@pytest.mark.parametrize("method", ["melded beta product", "Greenwood"])
def test_difference_equals_r(method):
    data = reference("curve_differences")
    want, group = data["rows"]["veteran 100 0.95"], data["groups"]["veteran"]
    veterans = cohort_of(
        group["time"], group["status"], group=np.unique(group["g"], return_inverse=True)[1]
    )
    row = only(
        cs.survival_difference(veterans, RFS, at=100, by="target", reference="BCMA", method=method)
    )
    assert_allclose(row["estimate"], want["surv"][0] - want["surv"][1], rtol=1e-10)
    limits = want["melded" if method.startswith("melded") else "greenwood"]
    assert_allclose([row["conf_low"], row["conf_high"]], limits, atol=5e-8)


@pytest.mark.parametrize("name", COMPETING)
def test_incidence_and_gray_equal_r(name):
    data = COMPETING[name]
    cohort = cohort_of_set(data["data"])
    frame = cs.cumulative_incidence(cohort, RFS).frame
    assert_allclose(frame[frame["cause"] == RFS]["estimate"].iloc[1:],
                    np.array([row[0] for row in data["curve"]["estimate"]], float),
                    atol=1e-10)  # fmt: skip
    total = frame.groupby("time")["estimate"].sum()
    assert (total <= 1 + 1e-12).all()
    for kind, strata in (("plain", None), ("stratified", "site_id")):
        want = data.get("gray", {}).get(f"0 {kind}")
        if not want or "site_id" not in cohort.subjects:
            continue
        causes = want.get("cause", [])
        if 1 not in causes or cohort.subjects["target"].nunique() < 2:
            continue
        statistic = array(want["statistic"])[causes.index(1)]
        if not statistic >= 0:  # cuminc's -1: see the README
            continue
        row = only(cs.gray_test(cohort, RFS, by="target", strata=strata))
        assert_allclose(row["statistic"], statistic, rtol=1e-7, atol=1e-9)


def test_incidence_by_hand():
    want = PUBLISHED["CR-01"]
    hand = cohort_of([1, 1, 2, 2, 2, 3, 4, 4, 5, 5], [1, 2, 1, 1, 2, 0, 1, 0, 2, 1])
    frame = cs.cumulative_incidence(hand, RFS, variance="Aalen").frame
    one = frame[frame["cause"] == RFS].set_index("time")
    for day, value in want["cif1"].items():
        assert_allclose(one.loc[float(day), "estimate"], value)
        assert_allclose(one.loc[float(day), "std_error"] ** 2, want["var1"][day], rtol=1e-6)
    other = frame[frame["cause"] == "death"].set_index("time")
    assert_allclose(other.loc[5.0, "estimate"], want["cif2_5"])


@pytest.mark.parametrize("name", ["small", "ties", "smooth"])
def test_fine_gray_equals_crr(name):
    data = FINE_GRAY[name]["data"]
    cohort = cohort_of(data["time"], data["status"], x1=data["a"], x2=data["b"])
    for cause, code in ((None, 1), ("death", 2)):
        want = FINE_GRAY[name]["fits"][f"cause {code} together"]
        if "coef" not in want:  # a covariate separates: crr stops
            continue
        frame = cs.fine_gray_regression(cohort, RFS, ["x1", "x2"], cause=cause).frame
        assert_allclose(frame["coef"], want["coef"], rtol=1e-7)
        assert_allclose(frame["std_error"], np.sqrt(np.diag(want["var"])), rtol=1e-7)


def test_interval_curve_of_bcos():
    want = PUBLISHED["IC-01"]["Rad"]
    data = INTERVAL["bcos_rad"]["data"]
    cohort = visits(array(data["low"]), _high(data["high"]))
    frame = cs.interval_censored_curve(cohort, RFS).frame
    masses = PUBLISHED["IC-01"]["Rad_masses"]
    found = {f"({r.time_low:g},{r.time_high:g}]": r.mass for r in frame.iloc[1:].itertuples()}
    for name in found:
        assert_allclose(found[name], masses[name], atol=1e-4)
    assert frame["estimate"].is_monotonic_decreasing
    assert frame["n"].eq(46).all()
    sensitivity = cs.interval_sensitivity(cohort, RFS, at=[12, 24, 36]).frame
    turnbull = sensitivity[sensitivity["assumption"] == "interval"]
    assert_allclose(turnbull["estimate_low"].iloc[:2], [want["S12"], want["S24"]], atol=1e-4)


def _high(values):
    return np.array([np.inf if v in (None, "Inf") else float(v) for v in values])


@pytest.mark.parametrize("scores", ["Sun", "Finkelstein", "Wilcoxon"])
def test_interval_test_of_bcos(scores):
    data = INTERVAL["bcos"]["data"]
    cohort = visits(array(data["low"]), _high(data["high"]), group=data["group"])
    row = only(
        cs.interval_censored_test(cohort, RFS, by="target", scores=scores, method="permutation")
    )
    z, p = PUBLISHED["IC-02"][scores]
    assert_allclose([abs(row["z"]), row["p_value"]], [abs(z), p], atol=1e-4)
    assert row["note"] == (
        "asymptotic, with 46 in the smallest group: may reject more often than stated"
    )
    # 46 and 48 are permuted by default, at random: three standard errors of 9,999 draws.
    drawn = only(cs.interval_censored_test(cohort, RFS, by="target", scores=scores))
    assert drawn["p_method"] == "resampling"
    assert abs(drawn["p_value"] - p) < 3 * np.sqrt(p / 9_999)


def test_interval_regression_of_bcos():
    want = PUBLISHED["IC-04"]
    data = INTERVAL["bcos"]["data"]
    cohort = visits(array(data["low"]), _high(data["high"]), group=data["group"])
    row = only(cs.interval_censored_regression(cohort, RFS, "target"))
    assert_allclose(abs(row["coef"]), abs(want["RadChem"]), atol=1e-5)
    assert_allclose(row["estimate"], np.exp(row["coef"]))


def test_incidence_rate():
    rate = only(cs.incidence_rate(cohort_of([365.25] * 4, [1, 1, 0, 0]), RFS))
    assert_allclose(rate["estimate"], 2 / 4)
    assert_allclose(rate["person_years"], 4)
    # Garwood: chi-squared quantiles with 2k and 2k + 2 degrees of freedom, halved.
    assert_allclose([rate["conf_low"], rate["conf_high"]], [0.2422093 / 4, 7.2246877 / 4], 1e-6)
    want = PUBLISHED["E-01"]["0/50"]
    nobody = only(cs.incidence_rate(cohort_of([365.25] * 50, [0] * 50), RFS))
    assert_allclose(nobody[["estimate", "conf_low", "conf_high"]].astype(float), want, 1e-7)


@pytest.mark.parametrize("name", ["smooth", "ties", "three", "veteran"])
def test_weighted_curve_equals_r(name):
    data = reference("ipcw")["data_sets"][name]
    found = cs.withdrawal_weighted_curve(cohort_of_set(data["data"]), RFS, censoring="target").frame
    assert_allclose(found["estimate"].iloc[1:], data["curve"]["survival"], atol=1e-9)


@pytest.mark.parametrize("name", reference("cure")["data_sets"])
def test_cure_fraction_is_warranted_or_refused(name):
    data = reference("cure")["data_sets"][name]
    row = only(cs.cure_fraction(cohort_of(data["data"]["time"], data["data"]["status"]), RFS))
    assert_allclose(row["alpha_n"], data["followup"]["alpha_n"], rtol=1e-8)
    assert np.isnan(row["estimate"]) == ("no cured part is estimated" in row["note"])


def test_landmark_rate_counts_by_cutoff():
    # S1 had the event, S2 is free, S3 was lost early, S4 could not be followed so far.
    cohort = cohort_of([50, 400, 60, 80], [1, 0, 0, 0], cutoff_day=[500, 500, 500, 90])
    row = only(cs.landmark_rate(cohort, RFS, at=100))
    counts = ["n", "n_not_eligible", "n_missing", "n_event"]
    assert row[counts].tolist() == [3, 1, 1, 1]
    assert_allclose([row["estimate"], row["estimate_best"]], [1 / 3, 2 / 3])
    assert (
        row["note"] == "1 lost before day 100, counted as not known to be free; 1 not yet eligible"
    )


def test_landmark_curve_starts_anew(cohort):
    curves = cs.landmark_curve(cohort, RFS, at=10, by="target").frame
    six_mp = curves[curves["target"] == "CD19"]
    time, status = _parsed(SIX_MP)
    table = risk_table(time[time > 10] - 10, status[time > 10])
    assert_allclose(six_mp["estimate"].iloc[1:], kaplan_meier(table).survival)
    assert six_mp["n"].iloc[0] == (time > 10).sum()
    grouped = cs.landmark_curve(cohort, RFS, at=10, group=lambda s: s["target"] == "CD19")
    assert grouped.by == ["group"]


@pytest.mark.parametrize("statistic", ["median", "restricted mean", "survival at"])
def test_bootstrap_is_what_a_loop_gives(statistic):
    time, status = _parsed(PLACEBO)
    at = None if statistic == "median" else 10.0
    found = bootstrap_survival(time, status, statistic=statistic, at=at, n_resamples=40, seed=5)
    rng = np.random.default_rng(5)
    drawn = rng.integers(0, time.size, size=(40, time.size), dtype=np.int32)
    for rows, value in zip(drawn, found.draws, strict=True):
        table = risk_table(time[rows], status[rows])
        curve = kaplan_meier(table, conf_type="plain")
        wanted = {
            "median": lambda table=table, curve=curve: curve_quantile(table, curve).estimate,
            "restricted mean": lambda table=table: mean_survival(table, 10.0, extend=True).estimate,
            "survival at": lambda rows=rows: (time[rows] > 10).mean(),
        }[statistic]()
        assert_allclose(value, wanted)
    cohort = cs.define_cohort(study_of_times(PLACEBO))
    again = [
        only(cs.bootstrap_interval(cohort, RFS, statistic=statistic, at=at, seed=seed))
        for seed in (7, 7, 8)
    ]
    assert again[0].equals(again[1])
    assert again[0]["conf_low"] <= again[0]["estimate"] <= again[0]["conf_high"]
