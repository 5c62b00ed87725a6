"""Differences of a score between strata by a mixed model, against lmerTest and nlme."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import carstats as cs
from carstats.estimators.identified import independent_columns
from carstats.estimators.regression.mmrm import fit_mmrm
from tests.conftest import subjects_table
from tests.reference import array, reference

R = reference("mmrm_contrast")
DAYS = [84, 168, 252]


def cohort_of_reference(**columns):
    """The reference's subjects: the change at a visit is what R has as y."""
    y = np.array([array(row) for row in R["y"]])
    n = len(y)
    subjects = subjects_table(
        n, target=np.where(np.array(R["group"]) == 0, "CD19", "BCMA"), age=R["age"], **columns
    )
    names = subjects["subject_id"].to_numpy()
    # Where the scale begins does not matter to the differences.
    base = np.array(R["base"]) + 50
    rows = [(names[i], -10, base[i]) for i in range(n)]
    rows += [
        (names[i], day, base[i] + y[i, j])
        for i in range(n)
        for j, day in enumerate(DAYS)
        if not np.isnan(y[i, j])
    ]
    table = pd.DataFrame(rows, columns=["subject_id", "day", "value"])
    study = cs.Study(subjects=subjects, assessments=table.assign(measure="CRP"))
    return cs.define_cohort(study)


def differences(**options):
    asked = {"by": "target", "reference": "CD19", "at": DAYS, "covariates": "age"}
    return cs.score_difference(cohort_of_reference(), "CRP", **(asked | options))


def test_equals_lmertest_with_compound_symmetry():
    result = differences(structure="compound symmetry")
    frame, want = result.frame, np.array(R["symmetric"])
    # lmer stops at 1e-5 of its parameters.
    assert_allclose(frame["estimate"], want[:, 0], rtol=1e-4)
    assert_allclose(frame["std_error"], want[:, 1], rtol=1e-4)
    assert_allclose(frame["df"], want[:, 2], rtol=1e-3)
    assert_allclose(frame["p_value"], want[:, 3], rtol=1e-3)
    assert frame["contrast"].unique().tolist() == ["BCMA − CD19"]
    assert "adjusted for baseline, age, Satterthwaite t 95 % limits" in result.spec.method


def test_equals_gls_unstructured():
    frame, want = differences(structure="unstructured").frame, np.array(R["unstructured"])
    # gls stops a little before the maximum.
    assert_allclose(frame["estimate"], want[:, 0], rtol=1e-4, atol=1e-4)
    assert_allclose(frame["std_error"], want[:, 1], rtol=1e-4)
    half = stats.t.ppf(0.975, frame["df"]) * frame["std_error"]
    assert_allclose(frame["conf_high"] - frame["estimate"], half)
    assert_allclose(frame["p_value"], 2 * stats.t.sf(frame["statistic"].abs(), frame["df"]))


def test_a_contrast_is_the_coefficient_of_another_design():
    rng = np.random.default_rng(6)
    y, group = rng.normal(size=(20, 2)).cumsum(axis=1), np.repeat([0, 1], 10)
    cells = np.zeros((20, 2, 4))
    for g in (0, 1):
        for v in (0, 1):
            cells[group == g, v, 2 * g + v] = 1
    # The same model with the second group's means less the first's as coefficients.
    turned = cells.copy()
    turned[..., :2] += cells[..., 2:]
    asked = fit_mmrm(y, cells, contrasts=[[-1, 0, 1, 0], [0, -1, 0, 1]])
    plain = fit_mmrm(y, turned)
    assert_allclose(asked.contrast, plain.coef[2:], rtol=1e-6)
    assert_allclose(asked.contrast_error, plain.std_error[2:], rtol=1e-6)
    assert_allclose(asked.contrast_df, plain.df[2:], rtol=1e-4)
    # Complete data: the textbook's two-sample t with the pooled variance at each visit.
    assert_allclose(asked.contrast_df, 18, rtol=1e-5)
    t, _ = stats.ttest_ind(y[group == 1], y[group == 0])
    assert_allclose(asked.contrast / asked.contrast_error, t, rtol=1e-6)


def test_counts_missing_and_adjustment():
    frame = differences(structure="compound symmetry", adjust="Holm").frame
    y = np.array([array(row) for row in R["y"]])
    group = np.array(R["group"])
    seen = ~np.isnan(y)
    assert frame["n"].tolist() == seen[group == 1].sum(axis=0).tolist()
    assert frame["n_reference"].tolist() == seen[group == 0].sum(axis=0).tolist()
    assert frame["n_missing"].tolist() == (~seen).sum(axis=0).tolist()
    assert (frame["p_adjusted"] >= frame["p_value"]).all()


def test_a_covariate_that_follows_from_the_strata_is_left_out():
    target = np.where(np.array(R["group"]) == 0, "SLE", "SSc")
    cohort = cohort_of_reference(disease=target)
    asked = {"by": "target", "reference": "CD19", "at": DAYS, "structure": "compound symmetry"}
    frame = cs.score_difference(cohort, "CRP", covariates="disease", **asked).frame
    assert "1 covariate follows from the others and was left out" in frame["note"].iloc[0]
    plain = cs.score_difference(cohort, "CRP", **asked).frame
    assert_allclose(frame["estimate"], plain["estimate"])


def test_weak_visits_and_bad_arguments():
    frame = differences(at=[84, 700]).frame
    late = frame[frame["time"] == 700].iloc[0]
    assert np.isnan(late["estimate"])
    assert late["note"] == "fewer than two values at the visit in a stratum"
    with pytest.raises(cs.CarstatsError, match="`reference` is 'CD20'"):
        differences(reference="CD20")
    with pytest.raises(cs.CarstatsError, match="has one level; a comparison takes two"):
        differences(by="platform", reference=None)
    with pytest.raises(cs.CarstatsError, match="`covariates` names"):
        differences(covariates="nothing")


def test_columns_that_follow_from_others_are_found():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 9))
    design = np.column_stack([a, b, 2 * a - b + 3, np.ones(9), b])
    assert independent_columns(design).tolist() == [True, True, False, False, False]
    # Within strata a column that tells them apart is a constant.
    strata = np.repeat([0, 1], [4, 5])
    within = independent_columns(np.column_stack([strata, a]), strata)
    assert within.tolist() == [False, True]
