"""Every public analysis has a second program, or the reference that covers it is named."""

import inspect
from dataclasses import replace

import pytest

import carstats as cs
from carstats.crosschecking import rscript
from carstats.crosschecking.asking import TRIALS
from carstats.crosschecking.registry import ANALYSES, LISTINGS
from tests.reference import HERE

pytestmark = pytest.mark.crosscheck
RFS = "relapse_free_survival"
REMISSION = {"outcome": "response", "endpoint_class": "remission"}
TABLE = cs.published_trials()
# How each analysis is asked of the study of the tests.
ASKED = {
    "attrition": lambda c: c.flow(by="disease"),
    "baseline_table": lambda c: cs.baseline_table(c, by="target"),
    "survival_curve": lambda c: cs.survival_curve(c, RFS, by="target"),
    "survival_at": lambda c: cs.survival_at(c, RFS, at=[200, 365], by="target"),
    "survival_quantile": lambda c: cs.survival_quantile(c, RFS, p=[0.25, 0.5]),
    "followup_time": lambda c: cs.followup_time(c, RFS, by="target"),
    "landmark_rate": lambda c: cs.landmark_rate(c, RFS, at=183, by="target"),
    "incidence_rate": lambda c: cs.incidence_rate(c, RFS, by="target"),
    # One group: lifelines integrates its variance numerically, seconds for each.
    "restricted_mean": lambda c: cs.restricted_mean(c, RFS, at=300, method="Greenwood"),
    "logrank_test": lambda c: cs.logrank_test(c, RFS, by="target", n_resamples=99),
    "cox_regression": lambda c: cs.cox_regression(c, RFS, ["target", "age"]),
    "cumulative_incidence": lambda c: cs.cumulative_incidence(c, "relapse"),
    "interval_censored_curve": lambda c: cs.interval_censored_curve(c, RFS),
    "response_rate": lambda c: cs.response_rate(c, "response", by="target"),
    "best_response_rate": lambda c: cs.best_response_rate(c, "response", by="target"),
    "sustained_response_rate": lambda c: cs.sustained_response_rate(c, "response"),
    "response_categories": lambda c: cs.response_categories(c, by="target"),
    "basket_response": lambda c: cs.basket_response(c, "response", by="target"),
    "score_change": lambda c: cs.score_change(c, "SLEDAI-2K"),
    "toxicity_rate": lambda c: cs.toxicity_rate(c, ["CRS", "GvHD"], min_grade=2, by="target"),
    "toxicity_grades": lambda c: cs.toxicity_grades(c, by="target"),
    "toxicity_table": lambda c: cs.toxicity_table(c, by="target"),
    "toxicity_difference": lambda c: cs.toxicity_difference(
        c, ["CRS", "neutropenia"], by="target", method="Newcombe"
    ),
    "toxicity_benchmark": lambda c: cs.toxicity_benchmark(c, "CRS", min_grade=3),
    "toxicity_incidence": lambda c: cs.toxicity_incidence(c, "infection"),
    "mean_cumulative_count": lambda c: cs.mean_cumulative_count(c, "infection"),
    "toxicity_timing": lambda c: cs.toxicity_timing(c, ["CRS", "neutropenia"]),
    "measure_trajectory": lambda c: cs.measure_trajectory(c, "IgG", below=4),
    "survival_benchmark": lambda c: cs.survival_benchmark(c, RFS, {180: 0.9, 365: 0.7}),
    "survival_difference": lambda c: cs.survival_difference(c, RFS, at=[200, 365], by="target"),
    "bootstrap_interval": lambda c: cs.bootstrap_interval(
        c, RFS, statistic="survival at", at=300, n_resamples=20
    ),
    "cure_fraction": lambda c: cs.cure_fraction(c, RFS),
    "fine_gray_regression": lambda c: cs.fine_gray_regression(c, "relapse", "age"),
    "gray_test": lambda c: cs.gray_test(c, "relapse", by="target"),
    "incidence_rate_ratio": lambda c: cs.incidence_rate_ratio(c, RFS, by="sex"),
    "interval_censored_regression": lambda c: cs.interval_censored_regression(
        c, RFS, ["target", "age"]
    ),
    "interval_censored_test": lambda c: cs.interval_censored_test(
        c, RFS, by="target", n_resamples=99
    ),
    "interval_sensitivity": lambda c: cs.interval_sensitivity(c, RFS, at=[200, 365]),
    "landmark_curve": lambda c: cs.landmark_curve(c, RFS, at=60),
    "restricted_time_lost": lambda c: cs.restricted_time_lost(c, "relapse", at=300),
    "withdrawal_weighted_curve": lambda c: cs.withdrawal_weighted_curve(c, RFS, censoring="sex"),
    "landmark_comparison": lambda c: cs.landmark_comparison(c, RFS, landmark=190),
    "response_exposure": lambda c: cs.response_exposure(c, RFS),
    "response_difference": lambda c: cs.response_difference(
        c, "response", by="target", missing="excluded"
    ),
    "response_test": lambda c: cs.response_test(c, "response", by="sex", method="Boschloo"),
    "response_tipping_point": lambda c: cs.response_tipping_point(
        c, "response", by="target", first="CD19", second="BCMA"
    ),
    "response_regression": lambda c: cs.response_regression(c, "response", ["target", "age"]),
    "marginal_response_difference": lambda c: cs.marginal_response_difference(
        c, "response", "target", adjust=["age", "sex"], method="maximum likelihood"
    ),
    "time_to_response": lambda c: cs.time_to_response(c),
    "score_difference": lambda c: cs.score_difference(
        c, "SLEDAI-2K", by="target", at=[28, 84], structure="compound symmetry"
    ),
    "score_responder_rate": lambda c: cs.score_responder_rate(c, "SLEDAI-2K", by="target"),
    "seroconversion_rate": lambda c: cs.seroconversion_rate(c, "anti-dsDNA", above=10),
    "basket_leave_one_out": lambda c: cs.basket_leave_one_out(c, "response", by="target"),
    "exposure_adjusted_rate": lambda c: cs.exposure_adjusted_rate(
        c, ["infection", "CRS"], window="standard", per=100
    ),
    "exposure_adjusted_ratio": lambda c: cs.exposure_adjusted_ratio(c, "infection", by="target"),
    "time_to_recovery": lambda c: cs.time_to_recovery(c, "b_cell_reconstitution"),
    "causes_of_death": lambda c: cs.causes_of_death(c, at=200, by="target"),
    "infections_by_organism": lambda c: cs.infections_by_organism(c, by="target"),
    "immunoglobulin_replacement": lambda c: cs.immunoglobulin_replacement(c, by="target"),
    "hospital_days": lambda c: cs.hospital_days(c, at=[30, 60], by="target"),
    "crs_treatment": lambda c: cs.crs_treatment(c, by="target"),
    "cellular_kinetics": lambda c: cs.cellular_kinetics(c, by="target"),
    "glucocorticoid_course": lambda c: cs.glucocorticoid_course(c, by="target"),
    "antibody_panel": lambda c: cs.antibody_panel(c, {"anti-dsDNA": 30}, by="target"),
    "cumulative_dose": lambda c: cs.cumulative_dose(c, by="target"),
    "drug_use": lambda c: cs.drug_use(c, at=[0, 84, 364], by="target"),
    "time_to_taper": lambda c: cs.time_to_taper(c, by="target"),
    "protection_kept": lambda c: cs.protection_kept(c, {"vaccine_tetanus": 0.1}, by="target"),
    "titre_change": lambda c: cs.titre_change(c, "anti-dsDNA"),
    "b_cell_depletion": lambda c: cs.b_cell_depletion(c, by="target"),
    "exposure_response": lambda c: cs.exposure_response(c, "Cmax", "CRS"),
    "persistence_rate": lambda c: cs.persistence_rate(c, at=[28, 90], by="target"),
    "persistence_curve": lambda c: cs.persistence_curve(c, by="target"),
    "time_to_below_quantification": lambda c: cs.time_to_below_quantification(c, by="target"),
    "toxicity_duration": lambda c: cs.toxicity_duration(c, "CRS"),
    "toxicity_estimators": lambda c: cs.toxicity_estimators(c, "infection", at=[90, 180]),
    "toxicity_signals": lambda c: cs.toxicity_signals(
        c, ["CRS", "infection"], by="target", level="BCMA"
    ),
    "trial_rate": lambda c: cs.trial_rate(TABLE, **REMISSION),
    "trial_incidence": lambda c: cs.trial_incidence(TABLE),
    "pooled_incidence": lambda c: cs.pooled_incidence(TABLE, by="disease"),
    "randomised_comparison": lambda c: cs.randomised_comparison(TABLE),
    "report_overlap": lambda c: cs.report_overlap(TABLE),
    "evidence_map": lambda c: cs.evidence_map(TABLE),
    "pooled_rate": lambda c: cs.pooled_rate(TABLE, **REMISSION),
    "pooled_regression": lambda c: cs.pooled_regression(
        TABLE, "response", "target", endpoint_class="remission", conf_type="Wald"
    ),
    "pooled_sensitivity": lambda c: cs.pooled_sensitivity(TABLE, **REMISSION, conf_type="Wald"),
    "leave_one_out": lambda c: cs.leave_one_out(TABLE, **REMISSION, conf_type="Wald"),
    "basket_operating_characteristics": lambda c: cs.basket_operating_characteristics(
        [6, 8], {"null": [0.2, 0.2]}, n_trials=20
    ),
}
# Models that no Python library has; their numbers are covered by R alone.
BY_R_ALONE = {"pooled_rate", "pooled_regression", "pooled_sensitivity", "leave_one_out"}
LATER = ("n", "n_reference", "p_adjusted")
# Cohorts, documents and lists, which are no result of one study; nor are those of a network, whose
# subjects stay in their hospitals.
NO_ANALYSIS = {"crosscheck", "estimand_of", "site_rate", "site_survival", "study_report"}


@pytest.fixture(scope="module")
def cohort():
    return cs.define_cohort(cs.simulate_study(seed=5, n=90), cs.infused())


@pytest.fixture(autouse=True)
def without_r(monkeypatch):
    """R costs seconds a call; its own test asks for it."""
    rscript.r_version.cache_clear()
    monkeypatch.setattr(rscript.shutil, "which", lambda name: None)


def compared(result, cohort):
    of = ANALYSES[result.spec.analysis].of
    return cs.crosscheck(result, TABLE if of == TRIALS else cohort)


@pytest.mark.parametrize("name", ASKED)
def test_agrees_and_finds_a_planted_error(cohort, name):
    result = ASKED[name](cohort)
    frame = compared(result, cohort).frame
    assert not frame["verdict"].isin(["differs", "raised", "not compared"]).any()
    named = set(frame.loc[frame["verdict"] == "none", "reference"])
    assert all(path and (HERE.parents[1] / path).is_file() for path in named)
    assert (frame["verdict"] == "agrees").any() == (name not in BY_R_ALONE)
    own = frame[frame["beside"].eq("") & frame["verdict"].eq("agrees")]
    # An error in one number of each column that has a witness is found in that number. The sizes
    # of the groups decide on methods, and p-values are adjusted from those beside: they come
    # second.
    last = {column: int(rows["row"].iloc[-1]) - 1 for column, rows in own.groupby("statistic")}
    for sizes in (False, True):
        planted = result.frame.copy()
        chosen = [column for column in last if (column in LATER) == sizes]
        for column in chosen:
            planted[column] = planted[column].astype(float)
            planted.iloc[last[column], planted.columns.get_loc(column)] += (
                1.5 if column.startswith("n") and sizes else 0.01
            )
        found = compared(replace(result, frame=planted), cohort)
        wrong = found.frame[found.frame["verdict"] == "differs"]
        missed = set(chosen) - {
            column for column, row in zip(wrong["statistic"], wrong["row"], strict=True)
            if row == last.get(column, -1) + 1
        }  # fmt: skip
        assert not missed, missed


def test_every_public_analysis_is_asked():
    public = {
        name
        for name in cs.__all__
        if inspect.isfunction(getattr(cs, name))
        and inspect.signature(getattr(cs, name)).return_annotation == "Result"
    }
    assert public - NO_ANALYSIS - set(LISTINGS) <= set(ASKED) | {"basket_sensitivity"}
    assert set(ASKED) | {"basket_sensitivity"} == set(ANALYSES)


def test_an_analysis_of_trials_without_their_table(cohort):
    result = cs.trial_rate(TABLE, **REMISSION)
    for data in (None, cohort):
        row = cs.crosscheck(result, data).frame.iloc[0]
        assert row["verdict"] == "not compared"
        assert "table of trials was not given" in row["reason"]


def test_mantel_and_haenszel_within_strata(cohort):
    result = cs.response_test(cohort, "response", by="sex", strata="disease",
                              method="Cochran-Mantel-Haenszel")  # fmt: skip
    assert set(result.frame["test"]) == {"Cochran-Mantel-Haenszel", "Breslow-Day"}
    found = cs.crosscheck(result, cohort).frame
    told = found[found["statistic"] == "p_value"]
    assert told["verdict"].tolist() == ["agrees", "agrees"]
    assert told["witness"].str.startswith("statsmodels ").all()


@pytest.mark.parametrize(
    "make",
    [
        lambda c: cs.response_regression(c, "response", ["target", "age"]),
        lambda c: cs.response_difference(c, "response", by="target", strata="sex"),
        lambda c: cs.survival_difference(c, RFS, at=200, by="target"),
        lambda c: cs.exposure_adjusted_ratio(c, "infection", by="target", events="all"),
        lambda c: cs.toxicity_duration(c, "CRS"),
    ],
    ids=["Firth", "stratified score", "melded", "effective counts", "beta product"],
)
def test_a_sibling_stands_beside_what_has_no_second_program(cohort, make):
    found = cs.crosscheck(make(cohort), cohort)
    numbers = found.numbers()
    assert numbers["verdict"].eq("none").any()
    assert numbers.loc[numbers["verdict"].eq("none"), "sibling"].any()
