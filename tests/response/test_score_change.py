"""Change of a score from baseline: means with t limits, and the mixed model against nlme::gls."""

import itertools

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import carstats as cs
from carstats.estimators.regression.mmrm import COVARIANCES, fit_mmrm
from carstats.report.figures.response.scores import score_change_figure
from carstats.wording import because
from tests.conftest import subjects_table
from tests.reference import array, reference

MMRM = reference("mmrm")
FITS = {(fit["data"], fit["structure"]): fit for fit in MMRM["fits"]}


def design(data):
    y = np.array([array(row) for row in data["y"]])
    base = array(data["base"])
    n, q = y.shape
    slope = np.repeat((base - base.mean())[:, None, None], q, axis=1)
    return y, np.concatenate([np.tile(np.eye(q), (n, 1, 1)), slope], axis=2)


def test_reference_grid_is_whole():
    assert set(FITS) == set(itertools.product(MMRM["data"], COVARIANCES))


@pytest.mark.parametrize("case", list(FITS), ids=str)
def test_mixed_model_equals_gls(case):
    r = FITS[case]
    fit = fit_mmrm(*design(MMRM["data"][case[0]]), structure=case[1])
    assert fit.reason is None
    # Both optimise numerically; gls stops a little before the maximum.
    assert_allclose(fit.coef, r["coef"], atol=1e-5, rtol=1e-5)
    assert_allclose(fit.std_error, r["std_error"], rtol=1e-5)
    assert_allclose(fit.log_likelihood, r["log_likelihood"], atol=1e-6)
    assert_allclose(fit.df, r["df"], rtol=1e-4)
    if r["lmer_df"]:
        assert_allclose(fit.df, r["lmer_df"], rtol=1e-5)


def test_lmer_is_a_witness_of_the_degrees_of_freedom():
    assert sum(bool(fit["lmer_df"]) for fit in FITS.values()) >= 3


@pytest.mark.parametrize("structure", COVARIANCES)
def test_complete_data_without_covariates_give_the_means(structure):
    y = np.random.default_rng(2).normal(size=(12, 3)).cumsum(axis=1)
    fit = fit_mmrm(y, np.tile(np.eye(3), (12, 1, 1)), structure=structure)
    assert_allclose(fit.coef, y.mean(axis=0), atol=1e-9)
    if structure == "unstructured":
        # The textbook: the sample covariance, and a t on n - 1 for each mean.
        assert_allclose(fit.between, np.cov(y.T), rtol=1e-6)
        assert_allclose(fit.df, 11, rtol=1e-6)


def test_row_order_is_irrelevant_and_scale_is_carried():
    y, x = design(MMRM["data"]["missing"])
    fit, turned = fit_mmrm(y, x), fit_mmrm(1000 * y[::-1], x[::-1])
    assert_allclose(turned.coef, 1000 * fit.coef, rtol=1e-6)
    assert_allclose(turned.df, fit.df, rtol=1e-6)


@pytest.mark.parametrize(
    ("y", "reason"),
    [
        ([[1.0, 2.0]], "fewer values"),
        ([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]], "do not vary"),
        ([[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]], "no clear maximum"),
    ],
)
def test_no_model_where_there_is_none(y, reason):
    fit = fit_mmrm(y, np.tile(np.eye(2), (len(y), 1, 1)))
    assert reason in because(fit.reason)
    assert np.isnan(fit.coef).all()


def assessments(rows):
    frame = pd.DataFrame(rows, columns=["subject_id", "day", "value"])
    return frame.assign(measure="SLEDAI-2K", unit="points", adequate=True)


def cohort_of(rows, n=4, criteria=(), **columns):
    study = cs.Study(subjects=subjects_table(n, **columns), assessments=assessments(rows))
    return cs.define_cohort(study, *criteria)


ROWS = [
    ("S01", -10, 20), ("S01", -2, 14), ("S01", 28, 10), ("S01", 168, 4),
    ("S02", 0, 12), ("S02", 28, 8), ("S02", 80, 5), ("S02", 88, 7),
    ("S03", -3, 16), ("S03", 28, 15),
    ("S04", 28, 3),
]  # fmt: skip


def test_means_by_hand():
    cohort = cohort_of(ROWS, lymphodepletion_day=[-5, None, -5, -5])
    frame = cs.score_change(cohort, "SLEDAI-2K", at=[28, 84, 168]).frame
    # S01 20 -> 10, S02 12 -> 8, S03 16 -> 15 (its only value lies after lymphodepletion began);
    # S04 has no baseline. In the window of day 84 days 80 and 88 are as near: the later counts.
    changes = np.array([-10, -4, -1])
    t = stats.t.ppf(0.975, 2) * changes.std(ddof=1) / np.sqrt(3)
    first, second, third = frame.iloc[0], frame.iloc[1], frame.iloc[2]
    assert (first["n"], first["n_missing"], first["df"]) == (4, 1, 2)
    assert_allclose(first["estimate"], -5)
    assert_allclose([first["conf_low"], first["conf_high"]], [-5 - t, -5 + t])
    assert first["note"] == "baseline of 1 between lymphodepletion and infusion"
    assert (second["estimate"], third["estimate"]) == (-5, -16)
    assert second["note"].startswith("one subject: no limits")
    assert np.isnan(second["conf_low"])
    assert list(frame)[:7] == [
        "time", "n", "n_missing", "estimate", "conf_low", "conf_high", "note",
    ]  # fmt: skip


def test_an_assessment_not_adequate_does_not_count():
    rows = assessments(ROWS)
    rows.loc[(rows["subject_id"] == "S01") & (rows["day"] == 28), "adequate"] = False
    study = cs.Study(subjects=subjects_table(4), assessments=rows)
    frame = cs.score_change(cs.define_cohort(study), "SLEDAI-2K", at=[28]).frame
    assert frame["n_missing"].iloc[0] == 2


def test_alike_changes_have_no_limits():
    rows = [(f"S{i:02d}", d, v) for i in (1, 2, 3) for d, v in ((0, 10 + i), (28, 6 + i))]
    row = cs.score_change(cohort_of(rows), "SLEDAI-2K", at=[28]).frame.iloc[0]
    assert row["estimate"] == -4
    assert np.isnan(row["conf_low"])
    assert row["note"] == "all alike: no limits"


def course(n, visits=(28, 84, 168), seed=5):
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        base = round(24 + rng.normal(0, 3))
        rows.append((f"S{i + 1:02d}", 0, base))
        own = rng.normal(0, 2)
        rows += [
            (f"S{i + 1:02d}", day, round(base - 3 * (k + 1) + own + rng.normal(0, 1)))
            for k, day in enumerate(visits)
            if rng.random() > 0.15
        ]
    return rows


def test_the_model_is_that_of_the_estimator():
    cohort = cohort_of(course(16), n=16)
    found = cs.score_change(cohort, "SLEDAI-2K", at=[28, 84, 168], method="MMRM").frame
    table = pd.DataFrame(course(16), columns=["s", "d", "v"]).pivot_table("v", "s", "d").to_numpy()
    y = table[:, 1:] - table[:, :1]
    used = ~np.isnan(y).all(axis=1)
    base = table[used, 0] - table[used, 0].mean()
    x = np.concatenate(
        [np.tile(np.eye(3), (used.sum(), 1, 1)), np.tile(base[:, None, None], (1, 3, 1))], axis=2
    )
    fit = fit_mmrm(y[used], x)
    assert_allclose(found["estimate"], fit.coef[:3])
    half = stats.t.ppf(0.975, fit.df[:3]) * fit.std_error[:3]
    assert_allclose(found["conf_high"] - found["estimate"], half)
    assert set(found["note"]) == {"unstructured covariance"}


def test_small_strata_fall_back_and_say_so():
    notes = {}
    for n in (7, 4, 2):
        cohort = cohort_of(course(n), n=n)
        frame = cs.score_change(cohort, "SLEDAI-2K", at=[28, 84, 168], method="MMRM").frame
        notes[n] = frame["note"].iloc[0]
        known = frame["estimate"].notna()
        assert (known == frame["note"].str.contains("covariance")).all()
    assert notes[7] in {f"{kind} covariance" for kind in COVARIANCES[1:]}
    assert "too few" in notes[2] or "fewer" in notes[2]


def test_strata_and_empty_strata():
    target = ["CD19"] * 8 + ["BCMA"]
    cohort = cohort_of(course(8), n=9, criteria=[cs.aged(18)], target=target, age=[30] * 8 + [5])
    for method in ("observed", "MMRM"):
        frame = cs.score_change(cohort, "SLEDAI-2K", at=[28], by="target", method=method).frame
        assert frame["target"].tolist() == ["CD19", "BCMA"]
        assert frame["n"].tolist() == [8, 0]
        assert frame["note"].iloc[1] == "no subjects"
        assert np.isnan(frame["estimate"].iloc[1])


MISUSE = {
    "an unknown measure": (lambda c: cs.score_change(c, "SLEDAX"), "`measure` is 'SLEDAX'"),
    "a measure without data": (lambda c: cs.score_change(c, "mRSS"), "It has: 'SLEDAI-2K'"),
    "a method": (lambda c: cs.score_change(c, "SLEDAI-2K", method="LOCF"), "`method` is 'LOCF'"),
    "a structure": (
        lambda c: cs.score_change(c, "SLEDAI-2K", method="MMRM", structure="Toeplitz"),
        "`structure` is 'Toeplitz'",
    ),
    "falling visits": (lambda c: cs.score_change(c, "SLEDAI-2K", at=[84, 28]), "rising order"),
    "a visit before the infusion": (lambda c: cs.score_change(c, "SLEDAI-2K", at=[-3]), "`at`"),
    "no cohort": (lambda c: cs.score_change(c.study, "SLEDAI-2K"), "`cohort` is Study"),
}


@pytest.mark.parametrize("case", MISUSE)
def test_misuse_is_refused_in_words(case):
    call, message = MISUSE[case]
    with pytest.raises(cs.CarstatsError, match=message):
        call(cohort_of(ROWS))


def test_nobody_with_a_baseline_is_refused():
    with pytest.raises(cs.CarstatsError, match="before treatment"):
        cs.score_change(cohort_of([("S01", 28, 3)]), "SLEDAI-2K")


@pytest.mark.parametrize("width", [85, 180])
def test_the_figure_draws_means_and_who_was_seen(width):
    found = cs.score_change(cohort_of(ROWS), "SLEDAI-2K", at=[28, 84, 168])
    curves, table = score_change_figure(found, width=width).axes
    (marks,) = [line for line in curves.lines if line.get_gid() == "estimate"]
    assert_allclose(marks.get_ydata(), found.frame["estimate"])
    seen = [text.get_text() for text in table.texts if text.get_gid() == "seen"]
    assert seen == ["3", "1", "1"]
