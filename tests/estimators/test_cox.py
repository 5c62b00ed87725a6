"""Cox regression and its check of proportional hazards against survival::coxph and cox.zph."""

import csv

import numpy as np
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from carstats.estimators.reasons import COVARIATES_CONSTANT_AT_EVENTS, NO_EVENT, SEPARATION, Reason
from carstats.estimators.regression.cox import cox
from carstats.estimators.regression.schoenfeld import TRANSFORMS, proportional_hazards
from tests.reference import HERE, array, reference
from tests.survival.survival_data import RFS, cohort_of

COX = reference("cox")
PUBLISHED = {row["id"]: row["expect"] for row in reference("published_values")}


def arrays(name):
    data = COX[name]
    strata = array(data["strata"]) if data["strata"] else None
    entry = array(data["entry"]) if data["entry"] else None
    x = np.array(data["covariates"], float)
    return array(data["time"]), array(data["status"]).astype(int), x, strata, entry


def test_the_grid_is_whole():
    assert len(COX) == 12
    kinds = [(bool(d["strata"]), bool(d["entry"])) for d in COX.values()]
    assert {(False, False), (True, False), (False, True), (True, True)} == set(kinds)
    assert all(set(d["zph"]) == {"km", "identity"} for d in COX.values())


@pytest.mark.parametrize("name", COX)
def test_cox_equals_coxph(name):
    time, status, x, strata, entry = arrays(name)
    fit = cox(time, status, x, strata=strata, entry=entry)
    want = COX[name]
    assert fit.reason is None
    assert_allclose(fit.coef, want["coef"], rtol=1e-9)
    assert_allclose(fit.covariance, want["covariance"], rtol=1e-8, atol=1e-14)
    assert_allclose(fit.robust, want["robust"], rtol=1e-8, atol=1e-14)
    likelihoods = [fit.log_likelihood_null, fit.log_likelihood]
    assert_allclose(likelihoods, want["log_likelihood"], rtol=1e-12)
    for transform, table in want["zph"].items():
        test = proportional_hazards(fit, time, status, entry=entry, transform=transform)
        found = [*test.statistic, test.statistic_all, *test.p_value, test.p_value_all]
        assert_allclose(found, table, rtol=1e-8)


def test_the_logarithm_is_cox_zph_of_the_logarithms():
    # A change of the scale of time changes no partial likelihood, and g = identity then is log.
    time, status, x, *_ = arrays("veteran")
    logged = proportional_hazards(cox(time, status, x), time, status, transform="log")
    moved = np.log(time)
    same = proportional_hazards(cox(moved, status, x), moved, status, transform="identity")
    assert_allclose(logged.statistic, same.statistic)
    assert TRANSFORMS == ("km", "identity", "log")
    with pytest.raises(cs.CarstatsError, match="`transform` is 'rank'"):
        proportional_hazards(cox(time, status, x), time, status, transform="rank")


@pytest.mark.parametrize("name", ["veteran_strata", "heavy_ties_entry"])
def test_order_and_unit_do_not_matter(name):
    time, status, x, strata, entry = arrays(name)
    order = np.random.default_rng(2).permutation(time.size)
    entered = None if entry is None else entry[order]
    fit = cox(time, status, x, strata=strata, entry=entry)
    again = cox(time[order], status[order], 10 * x[order], strata=strata[order], entry=entered)
    assert_allclose(again.coef * 10, fit.coef, rtol=1e-9)
    assert_allclose(again.robust_error * 10, fit.robust_error, rtol=1e-9)


def test_without_a_fit_there_is_a_reason():
    x = np.array([0.0, 0, 0, 1, 1, 1])
    time = np.arange(1.0, 7.0)
    assert cox(time, [0] * 6, x).reason == Reason(NO_EVENT)
    assert cox(time, [0, 0, 0, 1, 1, 1], np.ones(6)).reason == Reason(COVARIATES_CONSTANT_AT_EVENTS)
    fit = cox(time, [1, 1, 1, 0, 0, 0], x)
    assert fit.reason == Reason(SEPARATION)
    assert np.isnan(fit.coef).all()
    assert np.isnan(proportional_hazards(fit, time, [1, 1, 1, 0, 0, 0]).p_value).all()
    with pytest.raises(cs.CarstatsError, match="missing or infinite"):
        cox(time, [1] * 6, x * np.nan)


def test_freireich(freireich):
    want = PUBLISHED["CX-01"]
    row = cs.cox_regression(cs.define_cohort(freireich), RFS, "target").frame.iloc[0]
    assert row["contrast"] == "BCMA / CD19"
    assert_allclose([row["coef"], row["std_error"]], want["efron"], atol=1e-4)
    assert_allclose(row[["estimate", "conf_low", "conf_high"]].astype(float), want["HR_efron"],
                    rtol=1e-3)  # fmt: skip
    zph = COX["freireich"]["zph"]["km"]
    assert_allclose([row["ph_p_value"], row["ph_p_value_all"]], zph[2:], rtol=1e-8)


def test_strata_and_robust_errors_through_the_public_name():
    time, status, x, strata, _ = arrays("veteran_strata")
    cohort = cohort_of(time, status, x1=x[:, 0], x2=x[:, 1], site_id=strata.astype(str))
    options = {"strata": "site_id", "method": "partial likelihood"}
    result = cs.cox_regression(cohort, RFS, ["x1", "x2"], robust=True, **options)
    want = COX["veteran_strata"]
    assert_allclose(result.frame["coef"], want["coef"], rtol=1e-9)
    assert_allclose(result.frame["std_error"], np.sqrt(np.diag(want["robust"])), rtol=1e-8)
    assert "stratified by site, Efron ties, Wald robust 95 % limits" in result.caption()
    assert result.spec.strata == ("site_id",)


def test_delayed_entry_and_a_cause_through_the_public_name():
    time, status, x, _, entry = arrays("heart_entry")
    # The heart data have rows that begin on day 0: observed from the start.
    cohort = cohort_of(time, status, entry=entry, x1=x[:, 0], x2=x[:, 1])
    frame = cs.cox_regression(cohort, RFS, ["x1", "x2"]).frame
    assert_allclose(frame["coef"], COX["heart_entry"]["coef"], rtol=1e-9)
    death, transplant = arrays("pbc_death"), arrays("pbc_transplant")
    code = death[1] + 2 * transplant[1]
    both = cohort_of(death[0], code, x1=transplant[2][:, 0], x2=transplant[2][:, 1])
    options = {"cause": "death", "method": "partial likelihood"}
    frame = cs.cox_regression(both, RFS, ["x1", "x2"], **options).frame
    assert_allclose(frame["coef"], COX["pbc_transplant"]["coef"], rtol=1e-9)
    assert frame["n_event"].eq(transplant[1].sum()).all()


def test_firth_of_the_breast_data():
    want = PUBLISHED["FC-01"]
    with (HERE / "breast.csv").open(encoding="utf-8") as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    names = {"T": "x1", "N": "x2", "G": "x3", "CD": "x4"}
    columns = {ours: [row[theirs] for row in rows] for theirs, ours in names.items()}
    cohort = cohort_of([r["TIME"] for r in rows], [int(r["CENS"]) for r in rows], **columns)
    frame = cs.cox_regression(cohort, RFS, list(names.values()), method="Firth").frame
    for row, key in zip(frame.itertuples(), names, strict=True):
        coef, limits, p_value = want[key]
        assert_allclose(row.coef, coef, atol=1e-5)
        assert_allclose([row.conf_low, row.conf_high], limits, rtol=1e-5)
        assert_allclose(row.p_value, p_value, rtol=1e-4)
    # G separates: the choice of "auto".
    auto = cs.cox_regression(cohort, RFS, list(names.values()))
    assert auto.spec.options["method"] == "Firth"
    assert_allclose(auto.frame["coef"], frame["coef"])


def test_auto_chooses_and_says_so():
    few = cohort_of(range(1, 9), [1] * 6 + [0] * 2, group=[0, 1] * 4)
    found = cs.cox_regression(few, RFS, "target")
    assert found.frame["note"].tolist() == ["fewer than 10 events a coefficient"]
    assert "Firth's penalised likelihood" in found.caption()
    site = cohort_of(range(1, 9), [1] * 6 + [0] * 2, group=[0, 1] * 4, site_id=["A", "B"] * 4)
    with pytest.raises(cs.CarstatsError, match="`method` 'Firth' has neither strata"):
        cs.cox_regression(site, RFS, "target", strata="site_id", method="Firth")
    four = cs.cox_regression(cohort_of(range(1, 7), [1] * 4 + [0] * 2, group=[0, 1] * 3), RFS,
                             "target")  # fmt: skip
    assert four.frame["estimate"].isna().all()
    assert "4 events: a regression needs at least 5" in four.frame["note"].iloc[0]
    assert "not fitted" in four.caption()
    apart = cohort_of(range(1, 13), [1] * 6 + [0] * 6, group=[1] * 6 + [0] * 6)
    alone = cs.cox_regression(apart, RFS, "target", method="partial likelihood")
    assert "method='Firth' has one" in alone.frame["note"].iloc[0]
    with pytest.raises(cs.CarstatsError, match="`robust` goes with the partial likelihood"):
        cs.cox_regression(apart, RFS, "target", method="Firth", robust=True)
    with pytest.raises(cs.CarstatsError, match="does not vary among the subjects"):
        cs.cox_regression(apart, RFS, "disease")


class TestWhatIsNotIdentified:
    """Covariates that follow from others, and events that are few."""

    def cohort(self, disease):
        time = [30, 60, 90, 120, 150, 180, 210, 240, 35, 65, 95, 125, 155, 185, 215, 245]
        status = [1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1]
        return cohort_of(time, status, group=[0] * 8 + [1] * 8, disease=disease)

    @pytest.mark.parametrize("method", ["auto", "partial likelihood"])
    def test_the_second_of_two_that_determine_each_other_has_no_estimate(self, method):
        cohort = self.cohort(["SLE"] * 8 + ["MG"] * 8)
        frame = cs.cox_regression(cohort, RFS, ["target", "disease"], method=method).frame
        alone = cs.cox_regression(cohort, RFS, "target", method=method).frame
        columns = ["estimate", "conf_low", "conf_high", "p_value"]
        # As R: the first has the estimate that it has alone, the other NA.
        assert_allclose(frame[columns].iloc[0].astype(float), alone[columns].iloc[0].astype(float))
        assert frame[columns].iloc[1].isna().all()
        assert frame["note"].iloc[1].startswith("follows from the covariates before it")

    def test_a_covariate_named_twice_is_refused(self):
        with pytest.raises(cs.CarstatsError, match="`covariates` names 'target' twice"):
            cs.cox_regression(self.cohort(["SLE"] * 16), RFS, ["target", "target"])

    def test_the_profiles_of_two_that_differ_in_one_subject_are_followed(self):
        cohort = self.cohort(["SLE"] * 9 + ["MG"] * 7)
        frame = cs.cox_regression(cohort, RFS, ["target", "disease"]).frame
        # Nelder and Mead's maximum of l + log|I| / 2, free and with the coefficient at 0.
        assert_allclose(frame["coef"].abs(), [2.4981258, 2.8112973], rtol=1e-6)
        assert_allclose(frame["p_value"], [0.0538412, 0.0357674], rtol=1e-5)

    def test_the_unit_of_a_covariate_costs_no_limit(self):
        time = [171, 181, 16, 38, 176, 41, 29, 131, 64, 226, 214, 64, 7, 29, 221, 26, 212, 4, 107,
                73, 54, 65, 29, 136, 261, 25, 27, 315, 8]  # fmt: skip
        age = [27, 38, 35, 60, 60, 28, 45, 25, 49, 46, 39, 29, 51, 60, 44, 39, 58, 47, 39, 37, 32,
               37, 28, 28, 38, 55, 32, 56, 45]  # fmt: skip
        had, second = [7, 11, 16, 18, 20, 25, 27], [1, 4, 6, 7, 9, 10, 11, 14, 16, 18, 19, 21, 22,
                                                    24, 25, 27]  # fmt: skip
        status = np.isin(np.arange(29), had).astype(int)
        cohort = cohort_of(time, status, group=np.isin(np.arange(29), second), age=age)
        frame = cs.cox_regression(cohort, RFS, ["target", "age"]).frame
        assert_allclose(frame["p_value"], [0.9213971, 0.5937789], rtol=1e-6)
        assert frame["conf_low"].notna().all()

    def test_what_is_hardly_told_apart_says_so_without_a_warning(self):
        time, status = [13, 252, 26, 15, 18, 202, 623, 18, 76, 29], [1, 1, 0, 0, 0, 1, 0, 0, 1, 1]
        age = [63, 51, 39, 38, 36, 37, 45, 23, 43, 46]
        cohort = cohort_of(time, status, group=[0, 1, 0, 1, 0, 0, 1, 1, 0, 0], age=age)
        frame = cs.cox_regression(cohort, RFS, ["target", "age"]).frame
        assert_allclose(frame["coef"], [-4.1159927, 0.1954668], rtol=1e-6)
        assert frame[["conf_low", "conf_high", "p_value"]].isna().all(axis=None)
        assert frame["note"].str.contains("hardly tell this covariate").all()

    def test_wald_limits_of_few_events_say_so(self):
        cohort = self.cohort(["SLE"] * 9 + ["MG"] * 7)
        result = cs.cox_regression(cohort, RFS, ["target"], method="partial likelihood")
        assert result.frame["note"].eq("").all()
        result = cs.cox_regression(cohort, RFS, ["target", "disease"], method="partial likelihood")
        assert result.frame["note"].str.contains("fewer than 10 events a coefficient").all()
        assert result.spec.method.endswith("whose coverage in small cohorts is shown")


@pytest.mark.parametrize("strata", [False, True])
@pytest.mark.parametrize("entry", [False, True])
@pytest.mark.parametrize("ties", [False, True])
def test_indicators_counted_by_pattern_are_those_of_the_subjects(ties, entry, strata):
    # Twice an indicator is none, so that its subjects are added up one by one.
    rng = np.random.default_rng(7)
    n = 120
    x = rng.integers(0, 2, (n, 2)).astype(float)
    time = rng.exponential(np.exp(-0.5 * x[:, 0])) + 0.1
    time = np.ceil(4 * time) if ties else time
    status = rng.integers(0, 2, n)
    more = {
        "strata": rng.integers(0, 3, n) if strata else None,
        "entry": time * rng.choice([0.0, 0.5], n) if entry else None,
    }
    weights = rng.integers(1, 4, n) if ties else None
    one, two = (cox(time, status, v, weights=weights, **more) for v in (x, 2 * x))
    assert one._strata[0][0].patterns is not None
    assert two._strata[0][0].patterns is None
    assert_allclose(one.coef, 2 * two.coef, rtol=1e-10)
    assert_allclose(one.covariance, 4 * two.covariance, rtol=1e-10)
    assert_allclose(one.robust, 4 * two.robust, rtol=1e-10)
    assert_allclose(one.residual, two.residual / 2, atol=1e-10)
    tests = [
        proportional_hazards(fit, time, status, entry=more["entry"], weights=weights)
        for fit in (one, two)
    ]
    assert_allclose(tests[0].statistic, tests[1].statistic, rtol=1e-8)
