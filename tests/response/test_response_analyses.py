"""Comparisons, regressions and courses of response: worked by hand, against R, and at the edges."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from carstats.estimators.proportions.exact_stratified import exact_mantel_haenszel
from carstats.estimators.proportions.proportion import proportion_limits
from carstats.estimators.proportions.proportion_difference import proportion_contrast
from carstats.estimators.proportions.unconditional import unconditional_p_value
from carstats.estimators.regression.logistic import logistic_regression
from carstats.report.figures import spider_figure, visit_box_figure, waterfall_figure
from carstats.report.figures.response.categories import categories_figure
from carstats.report.figures.response.heatmap import heatmap_figure
from carstats.report.pages.save import figure_bytes
from carstats.wording import because
from tests.conftest import subjects_table
from tests.reference import HERE, reference

MODELS = reference("response_models")
SEX2 = pd.read_csv(HERE / "sex2.csv")


def rows(endpoint, *given):
    table = pd.DataFrame(given, columns=["subject_id", "day", "response"])
    return table.assign(endpoint=endpoint)


def at_visit(responded, endpoint="remission", day=168):
    """Return responses such as "yyn-", where - means no row."""
    known = [(f"S{i + 1:02d}", day, c == "y") for i, c in enumerate(responded) if c != "-"]
    return rows(endpoint, *known)


def cohort_of(responded, **columns):
    study = cs.Study(
        subjects=subjects_table(len(responded), **columns), responses=at_visit(responded)
    )
    return cs.define_cohort(study)


EIGHT_OF_EIGHT = cohort_of("y" * 18 + "n" * 5, target=["CD19"] * 8 + ["BCMA"] * 15)


# Rates.


def test_populations_count_whom_they_say():
    cohort = cohort_of("yyn--y", infused=[True, True, True, True, False, False])
    found = {
        population: cs.response_rate(cohort, "remission", population=population)
        for population in ("treated", "evaluable", "intention to treat")
    }
    counts = {p: tuple(r.frame[["n", "n_missing", "n_event"]].iloc[0]) for p, r in found.items()}
    assert counts == {
        "treated": (4, 1, 2), "evaluable": (3, 1, 2), "intention to treat": (6, 2, 3),
    }  # fmt: skip
    assert "2 never infused left out" in found["treated"].caption()
    infused = cs.define_cohort(cohort.study, cs.infused())
    with pytest.raises(cs.CarstatsError, match="Make it without infused"):
        cs.response_rate(infused, "remission", population="intention to treat")


def test_missing_is_failure_left_out_or_bounded():
    cohort = cohort_of("yyn--")
    failure = cs.response_rate(cohort, "remission").frame.iloc[0]
    excluded = cs.response_rate(cohort, "remission", missing="excluded").frame.iloc[0]
    bounds = cs.response_rate(cohort, "remission", missing="bounds").frame
    assert (failure["n_event"], failure["n"]) == (2, 5)
    assert (excluded["n_event"], excluded["n"], excluded["n_missing"]) == (2, 3, 2)
    assert bounds["case"].tolist() == ["worst", "best"]
    assert bounds["n_event"].tolist() == [2, 4]
    assert bounds["estimate_evaluable"].tolist() == [2 / 3, 2 / 3]


def test_several_endpoints_stand_side_by_side():
    study = cs.Study(
        subjects=subjects_table(4, target=["CD19", "CD19", "BCMA", "BCMA"]),
        responses=pd.concat([at_visit("yn-n"), at_visit("yyyn", "response")]),
    )
    found = cs.response_rate(cs.define_cohort(study), ["remission", "response"], by="target")
    assert found.by == ["target", "endpoint"]
    assert found.frame["endpoint"].tolist() == ["remission", "response"] * 2
    assert found.frame["n_event"].tolist() == [1, 2, 0, 1]
    assert found.label(("CD19", "remission")) == "CD19 · Remission"
    with pytest.raises(cs.CarstatsError, match="`endpoint` is empty"):
        cs.response_rate(cs.define_cohort(study), [])


@pytest.mark.parametrize("method", ["Jeffreys", "mid-P", "Blaker", "Agresti-Coull"])
def test_every_method_reaches_the_rate(method):
    row = cs.response_rate(cohort_of("yyn-"), "remission", method=method).frame.iloc[0]
    assert_allclose(
        [row["conf_low"], row["conf_high"]], proportion_limits(2, 4, method=method), rtol=1e-12
    )


SUSTAINED = {
    "at both and between": ([(168, 1), (252, 1), (364, 1)], 1),
    "lost between": ([(168, 1), (252, 0), (364, 1)], 0),
    "lost at the end": ([(168, 1), (364, 0)], 0),
    "not yet at the first": ([(168, 0), (364, 1)], 0),
    "nothing between": ([(168, 1), (364, 1)], 1),
    "the end is missing": ([(168, 1), (252, 1)], None),
    "failed, the end is missing": ([(168, 1), (252, 0)], 0),
    "a failure before the visit does not count": ([(100, 0), (168, 1), (364, 1)], 1),
}


@pytest.mark.parametrize("case", SUSTAINED)
def test_sustained_response(case):
    visits, expect = SUSTAINED[case]
    # A second subject gives both visits data.
    given = [("S01", d, bool(r)) for d, r in visits] + [("S02", 168, False), ("S02", 364, False)]
    study = cs.Study(subjects=subjects_table(2), responses=rows("remission", *given))
    row = cs.sustained_response_rate(cs.define_cohort(study), "remission").frame.iloc[0]
    assert (row["n_event"], row["n_missing"]) == (expect or 0, int(expect is None))


def test_best_response_is_any_up_to_the_day():
    given = [("S01", 84, False), ("S01", 168, True), ("S02", 400, True), ("S02", 84, False)]
    study = cs.Study(subjects=subjects_table(3), responses=rows("remission", *given))
    cohort = cs.define_cohort(study)
    row = cs.best_response_rate(cohort, "remission", until=364).frame.iloc[0]
    assert (row["n"], row["n_event"], row["n_missing"]) == (3, 1, 1)
    with pytest.raises(cs.CarstatsError, match="Assessments lie on days 84 to 400"):
        cs.best_response_rate(cohort, "remission", until=50)
    with pytest.raises(cs.CarstatsError, match="a day after `at`"):
        cs.sustained_response_rate(cohort, "remission", at=168, until=168)


# Differences and tests.


def test_differences_carry_counts_estimate_and_limits():
    frame = cs.response_difference(EIGHT_OF_EIGHT, "remission", by="target").frame
    row = frame.iloc[0]
    assert row["contrast"] == "CD19 v BCMA"
    assert tuple(row[["n_event", "n", "n_event_reference", "n_reference"]]) == (8, 8, 10, 15)
    found = proportion_contrast((8, 10), (8, 15), method="Agresti-Min")
    assert_allclose([row["estimate"], row["conf_low"]], [1 / 3, found.low])
    assert row["p_value"] == row["p_adjusted"] == unconditional_p_value(8, 10, 8, 15)
    score = cs.response_difference(
        EIGHT_OF_EIGHT, "remission", by="target", method="Miettinen-Nurminen"
    ).frame.iloc[0]
    # The score statistic with N - 1: (1/3)^2 / (18/23 5/23 (1/8 + 1/15) 23/22).
    assert_allclose(score["statistic"], (1 / 9) / (18 / 23 * 5 / 23 * (1 / 8 + 1 / 15) * 23 / 22))
    turned = cs.response_difference(EIGHT_OF_EIGHT, "remission", by="target", reference="CD19")
    assert_allclose(turned.frame["estimate"], -1 / 3)
    ratio = cs.response_difference(EIGHT_OF_EIGHT, "remission", by="target", contrast="ratio")
    assert_allclose(ratio.frame["estimate"], 1.5)


@pytest.mark.parametrize("method", ["Newcombe", "SCAS", "Chan-Zhang", "Agresti-Min", "melded"])
def test_every_method_of_differences(method):
    row = cs.response_difference(EIGHT_OF_EIGHT, "remission", by="target", method=method)
    row = row.frame.iloc[0]
    assert row["conf_low"] < 1 / 3 < row["conf_high"]
    assert np.isnan(row["p_value"]) == (method == "Newcombe")


def test_all_pairs_and_a_stratum_that_a_criterion_emptied():
    cohort = cohort_of("yynynn", target=["CD19"] * 2 + ["BCMA"] * 2 + ["CD19+BCMA"] * 2,
                       age=[30, 30, 30, 30, 5, 5])  # fmt: skip
    adults = cs.define_cohort(cohort.study, cs.aged(18))
    frame = cs.response_difference(adults, "remission", by="target").frame
    assert len(frame) == 3
    assert frame["note"].tolist() == ["", *["no subjects in CD19+BCMA"] * 2]
    assert frame["conf_low"].isna().tolist() == [False, True, True]
    frame = cs.response_test(adults, "remission", by="target").frame
    assert frame["p_value"].isna().tolist() == [False, True, True]
    assert frame["p_adjusted"].iloc[0] == frame["p_value"].iloc[0]


def test_differences_adjusted_for_strata():
    # 3/5 v 1/6 in SLE, 5/8 v 2/9 in SSc, 4/4 alone in MG.
    responded = "yyynn" + "ynnnnn" + "yyyyynnn" + "yynnnnnnn" + "yyyy"
    target = ["CD19"] * 5 + ["BCMA"] * 6 + ["CD19"] * 8 + ["BCMA"] * 9 + ["CD19"] * 4
    disease = ["SLE"] * 11 + ["SSc"] * 17 + ["MG"] * 4
    cohort = cohort_of(responded, target=target, disease=disease)
    found = cs.response_difference(
        cohort, "remission", by="target", strata="disease", method="Mantel-Haenszel"
    )
    row = found.frame.iloc[0]
    w = np.array([30 / 11, 72 / 17])
    assert_allclose(row["estimate"], w @ [3 / 5 - 1 / 6, 5 / 8 - 2 / 9] / w.sum())
    assert row["note"].startswith("1 stratum has one group only and says nothing")
    assert found.spec.strata == ("disease",)
    tests = cs.response_test(
        cohort, "remission", by="target", strata="disease", method="Cochran-Mantel-Haenszel"
    ).frame
    assert tests["test"].tolist() == ["Cochran-Mantel-Haenszel", "Breslow-Day"]
    assert_allclose(tests["statistic"].iloc[0], row["statistic"])
    with pytest.raises(cs.CarstatsError, match="`strata` does not go with 'Fisher'"):
        cs.response_test(cohort, "remission", by="target", strata="disease", method="Fisher")
    # Without a name: the exact test of two strata, the chi-squared of more.
    row = cs.response_test(cohort, "remission", by="target", strata="disease").frame.iloc[0]
    want = exact_mantel_haenszel([[3, 1], [5, 2]], [[5, 6], [8, 9]])
    assert row["test"] == "exact Cochran-Mantel-Haenszel"
    assert_allclose(
        [row["p_value"], row["estimate"], row["conf_low"], row["conf_high"]],
        [want.p_value, want.odds_ratio, want.low, want.high],
    )
    assert row["note"] == "2 of 3 strata inform; as the study defines it in each of 3 diseases"
    three = cs.response_test(cohort, "remission", by="disease", strata="target").frame
    assert three["test"].tolist() == ["Cochran-Mantel-Haenszel"]
    with pytest.raises(cs.CarstatsError, match="compares two strata; `by` has 3"):
        cs.response_test(cohort, "remission", by="disease", method="exact Cochran-Mantel-Haenszel")


@pytest.mark.parametrize("method", ["auto", "SCAS", "Miettinen-Nurminen"])
@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95])
def test_an_adjusted_difference_and_its_test_are_one_inversion(method, level):
    cohort = cohort_of(
        "yyynn" + "ynnnnn" + "yyyyynnn" + "yynnnnnnn",
        target=["CD19"] * 5 + ["BCMA"] * 6 + ["CD19"] * 8 + ["BCMA"] * 9,
        disease=["SLE"] * 11 + ["SSc"] * 17,
    )
    row = cs.response_difference(
        cohort, "remission", by="target", strata="disease", method=method, conf_level=level
    ).frame.iloc[0]
    assert (row["conf_low"] > 0 or row["conf_high"] < 0) == (row["p_value"] < 1 - level)


def test_three_of_three_against_none_of_three():
    cohort = cohort_of("yyynnn", target=["CD19"] * 3 + ["BCMA"] * 3)
    difference = cs.response_difference(cohort, "remission", by="target")
    test = cs.response_test(cohort, "remission", by="target")
    # Barnard: (1/2)^6 in either corner, at a common proportion of one half.
    for row in (difference.frame.iloc[0], test.frame.iloc[0]):
        assert_allclose(row["p_value"], 2 / 64)
    both = difference.frame[["conf_low", "conf_high"]], test.frame[["conf_low", "conf_high"]]
    assert_allclose(*both)
    assert difference.frame["conf_low"].iloc[0] > 0
    assert difference.spec.method == "difference of proportions, Agresti–Min 95 % limits"
    assert test.spec.method.startswith("Barnard's exact test (pooled score)")


def test_no_interval_goes_from_nought_to_infinity():
    nobody = cohort_of("nnnnnn", target=["CD19"] * 3 + ["BCMA"] * 3)
    ratio = cs.response_difference(nobody, "remission", by="target", contrast="ratio")
    fisher = cs.response_test(nobody, "remission", by="target", method="Fisher")
    exact = cs.response_test(
        nobody, "remission", by="target", method="exact Cochran-Mantel-Haenszel"
    )
    for result in (ratio, fisher, exact):
        assert result.frame[["estimate", "conf_low", "conf_high"]].isna().all(axis=None)
        assert result.frame["note"].iloc[0]


def test_a_marginal_difference_needs_what_identifies_it():
    cohort = cohort_of("yyyyynnnnn" + "ynyn", target=["CD19"] * 5 + ["BCMA"] * 5 + ["CD20"] * 4)
    for method in ("Firth", "maximum likelihood"):
        two = cohort_of("yyyyynnnnn", target=["CD19"] * 5 + ["BCMA"] * 5)
        row = cs.marginal_response_difference(two, "remission", "target", method=method).frame
        numbers = ["estimate", "std_error", "conf_low", "conf_high", "p_value", "mean"]
        assert row[numbers].isna().all(axis=None)
        assert "the covariates separate the responses" in row["note"].iloc[0]
    rows = cs.marginal_response_difference(cohort, "remission", "target", reference="CD20").frame
    # Two of four against five of five: a level where all respond has no finite odds.
    assert rows["estimate"].isna().all()
    odds = cs.response_regression(cohort, "remission", "target").frame
    assert odds["note"].str.contains("finite by Firth's penalty alone").all()
    assert odds["conf_high"].notna().all()


def test_all_pairs_say_whether_they_are_adjusted():
    cohort = cohort_of("yynyynnnn", target=["CD19"] * 3 + ["BCMA"] * 3 + ["CD20"] * 3)
    found = cs.response_difference(cohort, "remission", by="target")
    assert found.spec.method.endswith("; 3 pairs, p-values adjusted by Holm, limits not")
    test = cs.response_test(cohort, "remission", by="target")
    assert test.spec.method.endswith("; 3 pairs, p-values adjusted by Holm, limits not")
    assert_allclose(found.frame["p_adjusted"], test.frame["p_adjusted"])
    plain = cs.response_difference(cohort, "remission", by="target", adjust="none")
    assert plain.spec.method.endswith("; 3 pairs, not adjusted")


@pytest.mark.parametrize(
    ("method", "measure"),
    [("Fisher", "odds ratio"), ("Fisher central", "difference"), ("Barnard", "difference"),
     ("Chan-Zhang", "difference")],
)  # fmt: skip
def test_tests_come_with_the_interval_that_inverts_them(method, measure):
    row = cs.response_test(EIGHT_OF_EIGHT, "remission", by="target", method=method).frame.iloc[0]
    assert row["measure"] == measure
    null = 1 if measure == "odds ratio" else 0
    outside = not row["conf_low"] <= null <= row["conf_high"]
    assert outside == (row["p_value"] < 0.05)


def test_boschloo_says_that_no_interval_inverts_it():
    row = cs.response_test(EIGHT_OF_EIGHT, "remission", by="target", method="Boschloo").frame
    assert row["note"].iloc[0] == "no interval inverts Boschloo's test"
    assert row["conf_low"].isna().all()


def test_pairs_are_adjusted_and_the_trend_is_one_row():
    target = ["CD19"] * 6 + ["BCMA"] * 6 + ["CD19+BCMA"] * 6
    cohort = cohort_of("ynnnnn" + "yyynnn" + "yyyyyn", target=target)
    frame = cs.response_test(cohort, "remission", by="target").frame
    p = np.sort(frame["p_value"])
    assert_allclose(frame["p_adjusted"].min(), min(3 * p[0], 1))
    trend = cs.response_test(cohort, "remission", by="target", method="trend").frame
    # 1, 3, 5 of 6: every table listed in stratified_tables.R.
    assert_allclose(trend["p_value"], 0.04524886877828053)
    with pytest.raises(cs.CarstatsError, match="`scores` are those of the trend"):
        cs.response_test(cohort, "remission", by="target", scores=[1, 2, 3])
    with pytest.raises(cs.CarstatsError, match="`reference` does not go with 'trend'"):
        cs.response_test(cohort, "remission", by="target", method="trend", reference="CD19")


MISUSE = {
    "one stratum": (lambda c: cs.response_difference(c, "remission", by="disease"), "one stratum"),
    "no column": (lambda c: cs.response_difference(c, "remission", by=[]), "`by` names no column"),
    "an unknown reference": (
        lambda c: cs.response_difference(c, "remission", by="target", reference="CD20"),
        "`reference` is 'CD20'; the strata are 'CD19', 'BCMA'",
    ),
    "a method of the other contrast": (
        lambda c: cs.response_difference(
            c, "remission", by="target", contrast="ratio", method="Newcombe"
        ),
        "`method` is 'Newcombe'",
    ),
    "the same twice": (
        lambda c: cs.response_difference(c, "remission", by="target", strata="target"),
        "both name 'target'",
    ),
    "an unknown covariate": (
        lambda c: cs.response_regression(c, "remission", "height"),
        "`covariates` names",
    ),
    "an unknown level": (
        lambda c: cs.response_regression(c, "remission", "target", reference={"target": "CD20"}),
        "`reference` of `target` is 'CD20'",
    ),
    "an unknown population": (
        lambda c: cs.response_rate(c, "remission", population="everybody"),
        "`population` is 'everybody'",
    ),
    "an unknown treatment of the missing": (
        lambda c: cs.response_rate(c, "remission", missing="LOCF"),
        "`missing` is 'LOCF'",
    ),
    "an endpoint without data": (
        lambda c: cs.response_difference(c, "DORIS", by="target"),
        "It has: 'remission'",
    ),
    "a visit without data": (
        lambda c: cs.response_test(c, "remission", by="target", at=364),
        "Assessments lie on days 168 to 168",
    ),
    "two strata of three": (
        lambda c: cs.response_tipping_point(c, "remission", by="target", first="CD20"),
        "`first` is 'CD20'",
    ),
}


@pytest.mark.parametrize("case", MISUSE)
def test_misuse_is_refused_in_words(case):
    call, message = MISUSE[case]
    with pytest.raises(cs.CarstatsError, match=message):
        call(EIGHT_OF_EIGHT)


def test_tipping_point_lists_every_assumption():
    cohort = cohort_of("yyyyyyy-" + "nnnnnn--", target=["CD19"] * 8 + ["BCMA"] * 8)
    found = cs.response_tipping_point(cohort, "remission", by="target")
    frame = found.frame
    assert len(frame) == 2 * 3
    begin = frame[(frame["assumed"] == 0) & (frame["assumed_reference"] == 0)].iloc[0]
    assert (begin["n_event"], begin["n_event_reference"]) == (7, 0)
    assert not begin["tips"]
    assert (frame["tips"] == (frame["p_value"] >= 0.05)).all()
    assert "change" in found.caption()


# Regression.


def test_firth_equals_logistf():
    expect = next(e["expect"] for e in reference("published_values") if e["id"] == "FL-01")
    names = ["age", "oc", "vic", "vicl", "vis", "dia"]
    fit = logistic_regression(SEX2[names], SEX2["case"])
    assert_allclose(fit.coefficient[0], expect["(Intercept)"], rtol=1e-6)
    for j, name in enumerate(names, start=1):
        estimate, ends = expect[name]
        # logistf converges to 1e-5 of its score.
        assert_allclose(fit.coefficient[j], estimate, atol=1e-6)
        assert_allclose([fit.low[j], fit.high[j]], ends, atol=1e-5)


def test_firth_equals_firthmodels():
    import firthmodels

    x, y = SEX2[["age", "vic", "vis"]].astype(float), SEX2["case"]
    theirs = firthmodels.FirthLogisticRegression(
        backend="numpy", gtol=1e-8, xtol=1e-8, max_iter=200
    ).fit(x, y)
    fit = logistic_regression(x, y)
    assert_allclose(fit.coefficient[1:], theirs.coef_, atol=1e-8)
    limits = theirs.conf_int(method="pl", tol=1e-8, max_iter=200)[:-1]
    assert_allclose(np.transpose([fit.low, fit.high])[1:], limits, atol=1e-7)


def test_maximum_likelihood_equals_r():
    names = ["age", "oc", "vic", "vicl", "vis"]
    fit = logistic_regression(SEX2[names], SEX2["case"], method="maximum likelihood")
    assert_allclose(fit.coefficient, MODELS["coefficient"], rtol=1e-8)
    assert_allclose(fit.std_error, MODELS["std_error"], rtol=1e-7)
    assert_allclose(fit.log_likelihood, MODELS["log_likelihood"][0], rtol=1e-10)
    assert_allclose(np.transpose([fit.low, fit.high])[1:], MODELS["limits"], atol=1e-7)


def test_separation_has_a_firth_estimate_only():
    x, y = [[0], [0], [1], [1]], [0, 0, 1, 1]
    assert "separate" in because(logistic_regression(x, y, method="maximum likelihood").note)
    # Two by two with half a subject added to each cell: log(2.5 / 0.5 x 2.5 / 0.5).
    fit = logistic_regression(x, y)
    assert_allclose(fit.coefficient[1], 2 * np.log(5), rtol=1e-8)
    assert np.isfinite([fit.low[1], fit.high[1]]).all()
    assert "determine" in because(logistic_regression([[1], [1]], [0, 1]).note)


def test_regression_rows_and_marginal_difference():
    target = ["CD19"] * 10 + ["BCMA"] * 10
    age = [*range(20, 30), *range(25, 34), None]
    cohort = cohort_of("yyyyyyynnn" + "yyynnnnnnn", target=target, age=age)
    frame = cs.response_regression(cohort, "remission", ["target", "age"]).frame
    assert frame["term"].tolist() == ["target", "age"]
    assert frame["level"].tolist() == ["BCMA", ""]
    assert (frame["n_missing"] == 1).all()
    assert (frame["n"].iloc[0], frame["n_event"].iloc[0]) == (9, 3)
    alone = cs.marginal_response_difference(
        cohort, "remission", "target", method="maximum likelihood", reference="BCMA"
    ).frame.iloc[0]
    # With one covariate it is the plain difference, with Wald's error.
    assert alone["contrast"] == "CD19 v BCMA"
    assert_allclose(alone["estimate"], 0.4, atol=1e-8)
    assert_allclose(alone["std_error"], np.sqrt(2 * 0.21 / 10), rtol=1e-6)


def test_marginal_difference_equals_r():
    n = len(SEX2)
    columns = {name: SEX2[name].astype(float) for name in ("age", "oc", "vicl", "vis")}
    subjects = subjects_table(n, **columns, vic=SEX2["vic"].map({0: "a", 1: "b"}))
    subjects["age"] = SEX2["age"].astype(float)
    subjects["subject_id"] = [f"S{i + 1:02d}" for i in range(n)]
    study = cs.Study(subjects=subjects, responses=at_visit("".join("ny"[v] for v in SEX2["case"])))
    found = cs.marginal_response_difference(
        cs.define_cohort(study), "remission", "vic", adjust=["age", "oc", "vicl", "vis"],
        method="maximum likelihood",
    ).frame.iloc[0]  # fmt: skip
    assert_allclose([found["estimate"], found["std_error"]], MODELS["marginal"], rtol=1e-6)


# Time.


def landmark_cohort():
    subjects = pd.DataFrame(MODELS["subjects"])
    ids = [f"S{i + 1:02d}" for i in range(len(subjects))]
    events = pd.DataFrame(
        {
            "subject_id": ids,
            "endpoint": "relapse_free_survival",
            "status": np.where(subjects["event"] == 1, "event", "censored"),
            "time": subjects["time"],
        }
    )
    first = [(i, d, True) for i, d in zip(ids, subjects["response"], strict=True) if d == d]
    first += [(i, 20, False) for i in ids]
    study = cs.Study(
        subjects=subjects_table(len(ids)), events=events, responses=rows("response", *first)
    )
    return cs.define_cohort(study)


def test_exposure_that_begins_with_the_response_equals_r():
    row = cs.response_exposure(landmark_cohort(), "relapse_free_survival").frame.iloc[0]
    ends = [row["estimate"], row["conf_low"], row["conf_high"]]
    assert_allclose(
        ends, MODELS["hazard_ratio"], rtol=1e-5
    )  # coxph stops at 1e-9 of its likelihood
    assert row["n"] == 12
    assert row["n_exposed"] == 8
    assert row["n_event"] + row["n_event_reference"] == 8


def test_landmark_compares_those_still_at_risk():
    found = cs.landmark_comparison(landmark_cohort(), "relapse_free_survival", landmark=60)
    row = found.frame.iloc[0]
    # By day 60 in response: S01, S02 (relapsed on day 30), S05, S08, S11; at risk after it, all
    # but S02 and S06.
    assert (row["n"], row["n_reference"], row["n_before"], row["n_missing"]) == (4, 6, 2, 0)
    assert row["df"] == 1
    assert row["conf_low"] <= row["estimate"] <= row["conf_high"]


def test_responders_are_not_compared_from_the_infusion():
    with pytest.raises(cs.CarstatsError, match="cannot be compared from the infusion"):
        cs.landmark_comparison(landmark_cohort(), "relapse_free_survival", landmark=0)
    with pytest.raises(cs.CarstatsError, match="after the landmark"):
        cs.landmark_comparison(
            landmark_cohort(), "relapse_free_survival", landmark=60, window=(1, 90)
        )


def test_few_events_have_no_hazard_ratio():
    study = landmark_cohort().study
    events = study.events.assign(status="censored")
    events.loc[0, "status"] = "event"
    cohort = cs.define_cohort(
        cs.Study(subjects=study.subjects, events=events, responses=study.responses)
    )
    row = cs.response_exposure(cohort, "relapse_free_survival").frame.iloc[0]
    assert np.isnan(row["estimate"])
    assert row["note"].startswith("fewer than 5 events")


def test_time_to_response_by_hand():
    given = [("S01", 28, True), ("S02", 28, False), ("S02", 84, True), ("S03", 28, False)]
    subjects = subjects_table(
        5, death_day=[None, None, None, 50, None], last_contact_day=[400, 400, 400, 50, 400]
    )
    study = cs.Study(subjects=subjects, responses=rows("response", *given))
    found = cs.time_to_response(cs.define_cohort(study))
    frame = found.frame
    # S05 was never assessed: censored at 0. 1/4 at day 28; S03 leaves there; S04 dies on day 50.
    assert frame["time"].tolist() == [0, 0, 28, 50, 84]
    assert_allclose(frame["estimate"], [0, 0, 0.25, 0.25, 0.625])
    assert (frame["n_missing"] == 1).all()
    assert frame["n_competing"].tolist() == [0, 0, 0, 1, 0]


def test_categories_add_up_and_take_the_best():
    subjects = subjects_table(
        6,
        cutoff_day=[400] * 5 + [100],
        death_day=[None] * 4 + [60, None],
        last_contact_day=[400] * 4 + [60, 100],
    )
    responses = pd.concat([at_visit("yn"), at_visit("yyn", "response")])
    study = cs.Study(subjects=subjects, responses=responses)
    found = cs.response_categories(
        cs.define_cohort(study), ["remission", "response"], at=[168]
    ).frame.set_index("category")["n_event"]
    expect = {"remission": 1, "response": 1, "no response": 1, "died": 1, "missing": 1}
    rest = {"not due": 1, "not planned": 0, "response lost": 0}
    assert found.to_dict() == {**expect, **rest}


def test_a_lost_response_is_none_that_never_came():
    study = cs.Study(
        subjects=subjects_table(3, cutoff_day=[400] * 3),
        responses=pd.concat([at_visit("yn-"), at_visit("nny").assign(day=252)]),
    )
    found = cs.response_categories(cs.define_cohort(study), ["remission"], at=[168, 252]).frame
    counts = found.pivot_table("n_event", "category", "time")
    # S01 was in remission on day 168 and is not on day 252; S02 never was; S03 is on day 252.
    assert counts[252].to_dict() == {
        "remission": 1, "response lost": 1, "no response": 1, "died": 0, "missing": 0,
        "not planned": 0, "not due": 0,
    }  # fmt: skip
    assert counts[168]["response lost"] == 0


def test_a_visit_that_nobody_had_was_not_planned():
    table = subjects_table(3, cutoff_day=[400, 400, 100])
    study = cs.Study(subjects=table, responses=at_visit("yn-"))
    found = cs.response_categories(cs.define_cohort(study), ["remission"], at=252).frame
    counts = found.set_index("category")["n_event"]
    assert (counts["not planned"], counts["missing"], counts["not due"]) == (2, 0, 1)
    # Where the study's settings name the visit, those without it are missing.
    planned = replace(study, settings={"schedule": {"weeks": [24, 36]}})
    found = cs.response_categories(cs.define_cohort(planned), ["remission"], at=252).frame
    counts = found.set_index("category")["n_event"]
    assert (counts["not planned"], counts["missing"], counts["not due"]) == (0, 2, 1)


def course_study():
    given = [
        ("S01", -7, 20.0), ("S01", 0, 16.0), ("S01", 84, 4.0), ("S01", 160, 6.0), ("S01", 176, 2.0),
        ("S02", -1, 10.0), ("S02", 168, 10.0), ("S03", 168, 3.0), ("S04", 0, 8.0),
        ("S04", 170, 9.0),
    ]  # fmt: skip
    table = pd.DataFrame(given, columns=["subject_id", "day", "value"])
    table = table.assign(measure="SLEDAI-2K", unit="points")
    return cs.Study(
        subjects=subjects_table(5, target=["CD19", "CD19", "CD19", "BCMA", "BCMA"]),
        assessments=table,
    )


def test_course_of_a_score_by_hand():
    found = cs.score_course(cs.define_cohort(course_study()), "SLEDAI-2K", by="target")
    frame = found.frame
    assert "subject_id" not in frame
    assert "2 without a baseline or a later value left out" in found.caption()
    week_24 = frame[frame["visit"] == 168]
    # Days 160 and 176 are equally near: the later counts.
    assert week_24["change"].tolist() == [-14, 0, 1]
    assert week_24["percent_change"].tolist() == [-87.5, 0, 12.5]
    assert frame["subject"].unique().tolist() == [1, 2, 3]
    with pytest.raises(cs.CarstatsError, match="It has: 'SLEDAI-2K'"):
        cs.score_course(cs.define_cohort(course_study()), "mRSS")


def test_baseline_of_a_score_lies_before_lymphodepletion():
    study = cs.Study(
        subjects=subjects_table(2, lymphodepletion_day=[-5, None]),
        assessments=pd.DataFrame(
            {
                "subject_id": ["S01"] * 3 + ["S02"] * 3,
                "day": [-8, -2, 84] * 2,
                "measure": "SLEDAI-2K",
                "value": [10, 14, 4] * 2,
            }
        ),
    )
    found = cs.score_course(cs.define_cohort(study), "SLEDAI-2K")
    later = found.frame[found.frame["time"] == 84].set_index("subject")["change"]
    # Conditioning moved S01's score from 10 to 14; S02 had none, so that the last counts.
    assert later.to_dict() == {1: -6, 2: -10}
    assert "the last value before lymphodepletion" in found.caption()
    change = cs.score_change(cs.define_cohort(study), "SLEDAI-2K", at=84).frame
    assert change["estimate"].tolist() == [-8]


def test_seroconversion_counts_the_positive():
    cohort = cs.define_cohort(course_study())
    row = cs.seroconversion_rate(cohort, "SLEDAI-2K", above=9).frame.iloc[0]
    assert (row["n"], row["n_event"], row["n_negative"], row["n_no_baseline"]) == (2, 1, 1, 2)
    nobody = cs.seroconversion_rate(cohort, "SLEDAI-2K", above=99).frame.iloc[0]
    assert nobody["note"] == "nobody positive before the infusion"
    assert np.isnan(nobody["estimate"])
    with pytest.raises(cs.CarstatsError, match="values lie on days -7 to 176"):
        cs.seroconversion_rate(cohort, "SLEDAI-2K", above=9, at=364)


# Figures: what was drawn.


def texts(figure, gid):
    return [t.get_text() for ax in figure.axes for t in ax.texts if t.get_gid() == gid]


def test_heat_map_has_counts_in_every_cell():
    cohort = cohort_of("yynyn", target=["CD19", "CD19", "BCMA", "BCMA", "CD19"],
                       disease=["SLE", "SLE", "SLE", "SSc", "SLE"])  # fmt: skip
    rates = cs.response_rate(cohort, "remission", by=["disease", "target"])
    for width in (85, 180):
        found = texts(heatmap_figure(rates, width=width), "cell")
        assert any(text.startswith("2/3") for text in found)
        assert "–" in found  # nobody has SSc and CD19
    with pytest.raises(cs.CarstatsError, match="needs two columns in `by`"):
        heatmap_figure(cs.response_rate(cohort, "remission", by="target"))


def test_stacked_columns_reach_one():
    study = cs.Study(
        subjects=subjects_table(4, target=["CD19", "CD19", "BCMA", "BCMA"]),
        responses=at_visit("yn-y"),
    )
    found = cs.response_categories(cs.define_cohort(study), ["remission"], at=[168], by="target")
    figure = categories_figure(found)
    _, *panels = figure.axes
    assert len(panels) == 2
    for ax in panels:
        assert_allclose(max(p.get_y() + p.get_height() for p in ax.patches), 1)
    assert categories_figure(found, width=85).axes


def test_courses_draw_every_subject():
    course = cs.score_course(cs.define_cohort(course_study()), "SLEDAI-2K", by="target")
    ax, _ = waterfall_figure(course).axes
    assert [round(p.get_height()) for p in ax.patches] == [1, 0, -14]
    # A panel for each target, in it a line for each subject.
    panels = spider_figure(course, what="percent_change").axes
    lines = [[line for line in ax.lines if line.get_gid() == "subject"] for ax in panels]
    assert [len(found) for found in lines] == [2, 1]
    figure = visit_box_figure(course)
    assert texts(figure, "number")[:2] == ["2", "1"]
    assert figure_bytes(figure, "svg") == figure_bytes(visit_box_figure(course), "svg")
    with pytest.raises(cs.CarstatsError, match="`at` is 28: nobody has a value"):
        waterfall_figure(course, at=28)


def test_equal_scores_lie_side_by_side():
    alike = pd.DataFrame(
        [(f"S{i + 1:02d}", day, 8.0) for i in range(5) for day in (-1, 168)],
        columns=["subject_id", "day", "value"],
    ).assign(measure="SLEDAI-2K", unit="points")
    study = cs.Study(subjects=subjects_table(5), assessments=alike)
    figure = visit_box_figure(cs.score_course(cs.define_cohort(study), "SLEDAI-2K"))
    figure_bytes(figure, "png")
    points = [c.get_offsets() for c in figure.axes[0].collections if len(c.get_offsets()) == 5]
    assert len(points) == 2
    for places in points:
        assert len(set(np.round(places[:, 0], 6))) == 5
        assert set(places[:, 1]) == {8.0}


def test_a_score_is_asked_of_the_diseases_that_have_it():
    study = course_study()
    table = study.subjects.assign(disease=["SLE", "SLE", "SLE", "SLE", "MG"])
    cohort = cs.define_cohort(replace(study, subjects=table))
    course = cs.score_course(cohort, "SLEDAI-2K")
    # S03 has no baseline; S05 has myasthenia gravis, in which nobody has the score.
    assert "5 subjects, 1 of a disease in which it is not measured, 1 without" in course.caption()
    change = cs.score_change(cohort, "SLEDAI-2K", at=168)
    assert change.frame["n"].tolist() == [4]
    assert change.frame["n_missing"].tolist() == [1]
    assert "1 without a baseline or a later value" in change.caption()
