"""The second program: it agrees on a study, finds what is planted, and says what it cannot do."""

import ast
import builtins
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from carstats.crosschecking import compare, plan, rscript
from carstats.crosschecking.asking import Check
from carstats.crosschecking.registry import ANALYSES, LISTINGS
from carstats.crosschecking.verdicts import REASONS

pytestmark = pytest.mark.crosscheck
ROOT = Path(__file__).parents[2]
RFS = "relapse_free_survival"


@pytest.fixture(scope="module")
def study():
    return cs.simulate_study(seed=5, n=90)


@pytest.fixture(scope="module")
def cohort(study):
    return cs.define_cohort(study, cs.infused())


@pytest.fixture(autouse=True)
def without_r(monkeypatch):
    """R costs seconds a call; its own test asks for it."""
    rscript.r_version.cache_clear()
    monkeypatch.setattr(rscript.shutil, "which", lambda name: None)


def test_the_plan_has_every_analysis_of_the_scripts(study):
    results = [plan.result_or_error(make) for *_, make in plan.planned_results(study)]
    made = {result.spec.analysis for result in results if isinstance(result, cs.Result)}
    text = "".join(
        p.read_text(encoding="utf-8")
        for p in ROOT.glob("analyses/*.py")
        if "published" not in p.name and "evidence" not in p.name
    )
    called = set(re.findall(r"\bcs\.([a-z_]+)\(", text))
    known = {name for name in called if name in ANALYSES or name in LISTINGS}
    # What is called besides makes cohorts, studies, catalogues or drawings, and no result.
    others = {"define_cohort", "endpoint_catalogue", "estimand_of", "plot", "read_study",
              "set_language", "tabulate", "where", "with_disease", "infused",
              "potential_followup"}  # fmt: skip
    assert called - known <= others
    assert known - set(LISTINGS) <= made


def test_the_second_program_shares_no_code():
    allowed = {"plan.py": {"baseline", "kinetics", "response", "survival", "toxicity"}}
    common = {"ard", "cohort", "criteria", "crosschecking", "data", "errors", "messages", "result"}
    # Which disease a clinical rule is for is no statistic.
    rules = {"carstats.endpoints.rules.disease_states", "carstats.endpoints.rules.lupus.states"}
    for path in (ROOT / "carstats" / "crosschecking").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("carstats"):
                part = node.module.split(".")[1]
                fine = part in common | allowed.get(path.name, set()) or node.module in rules
                assert fine, f"{path.name} imports {node.module}"


def test_counts_worked_by_hand(cohort):
    frame = cs.crosscheck(cs.response_rate(cohort, "response"), cohort).frame
    n = int(cohort.subjects["infused"].sum())
    assert frame.set_index("statistic").loc["n", "witness_value"] == n
    found = frame.set_index("statistic").loc["conf_low"]
    assert found["witness"].startswith("statsmodels ")
    assert found["difference"] <= 1e-9


def test_a_sibling_stands_beside_the_beta_product(cohort):
    found = cs.crosscheck(cs.survival_at(cohort, RFS, at=365), cohort)
    low = found.frame[found.frame["statistic"] == "conf_low"].set_index("beside")
    assert low.loc["", "verdict"] == "none"
    assert low.loc["", "reference"] == "tests/reference/survival_curves.R"
    assert low.loc["with conf_type 'log-log'", "verdict"] == "agrees"
    limits = found.coverage().set_index("kind").loc["limit"]
    assert (limits["n"], limits["n_recomputed"], limits["n_sibling"]) == (2, 0, 2)


def test_criteria_are_told_from_their_words(study):
    criteria = (cs.infused(), cs.with_disease("SLE", "SSc"), cs.aged(18, 60),
                cs.where("sex", "F"), cs.potential_followup(days=100))  # fmt: skip
    cohort = cs.define_cohort(study, *criteria)
    found = cs.crosscheck([cohort.flow(), cs.baseline_table(cohort)], study)
    assert set(found.frame["verdict"]) == {"agrees"}


def test_a_window_of_ones_own_is_taken_as_it_is(cohort):
    result = cs.response_rate(cohort, "response", at=168, window=(100, 180))
    assert set(cs.crosscheck(result, cohort).frame["verdict"]) == {"agrees"}


def test_a_criterion_that_is_not_told_needs_the_cohort(study):
    odd = cs.define_cohort(study, cs.where("age", 40.0)) if (
        study.subjects["age"] == 40).any() else cs.define_cohort(study)  # fmt: skip
    own = replace(odd.criteria[0], name="born in spring") if odd.criteria else None
    cohort = cs.define_cohort(study, own) if own else odd
    result = cs.baseline_table(cohort)
    if own:
        row = cs.crosscheck(result, study).frame.iloc[0]
        assert row["verdict"] == "not compared"
        assert "give the cohort" in row["reason"]
    assert set(cs.crosscheck(result, cohort).frame["verdict"]) == {"agrees"}


def tiny(events, **columns):
    """Return a study of subjects with (time, status[, low, high])."""
    ids = [f"s{i}" for i in range(len(events))]
    rows = pd.DataFrame(
        [(*row, np.nan, np.nan)[:4] for row in events],
        columns=["time", "status", "time_low", "time_high"],
    )
    rows = rows.assign(subject_id=ids, endpoint=RFS)
    subjects = {
        "subject_id": ids, "disease": "SLE", "target": "CD19", "platform": "CAR-T",
        "cell_source": "autologous", "last_contact_day": rows["time"].max(), "infused": True,
    }  # fmt: skip
    return cs.Study(subjects=pd.DataFrame(subjects | columns), events=rows)


def reasons(found):
    return set(found.frame.loc[found.frame["verdict"] == "known", "reason"])


def test_known_a_plateau_of_the_curve():
    study = tiny([(10.0, "event"), (20.0, "event"), (30.0, "event"), (50.0, "event")])
    found = cs.crosscheck(cs.survival_quantile(cs.define_cohort(study), RFS), study)
    row = found.frame.query("statistic == 'estimate' and beside == ''").iloc[0]
    assert (row["value"], row["verdict"]) == (25.0, "known")
    # 3/4 of 2/3 is 1/2 but for the last digit, and falls to either side.
    assert row["witness_value"] in (20.0, 30.0)
    assert REASONS["plateau"] in reasons(found)
    assert not found.differs


def test_a_column_of_the_subjects_called_as_one_of_the_events():
    study = tiny([(10.0, "event"), (20.0, "censored"), (30.0, "event")], time=["x", "y", "z"])
    found = cs.crosscheck(cs.survival_curve(cs.define_cohort(study), RFS, by="target"), study)
    assert not found.frame["verdict"].isin(["differs", "raised"]).any()
    assert found.frame.query("statistic == 'estimate'")["verdict"].eq("agrees").all()


def test_known_the_boundary_of_an_interval():
    # lifelines lets the event of (10, 20] be at 10, where another one is known to be.
    events = [(10.0, "event", 10.0, 10.0), (20.0, "event", 10.0, 20.0), (30.0, "censored")]
    study = tiny(events)
    found = cs.crosscheck(cs.interval_censored_curve(cs.define_cohort(study), RFS), study)
    assert reasons(found) == {REASONS["interval boundary"]}
    estimates = found.frame.query("statistic == 'estimate'")
    assert {"agrees", "known"} == set(estimates["verdict"])


def test_known_ties_that_barnard_loses():
    targets = ["CD19"] * 5 + ["BCMA"] * 5
    base = tiny([(100.0, "censored")] * 10, target=targets)
    had = pd.DataFrame({"subject_id": ["s5", "s6", "s7"], "term": "CRS", "onset_day": 3.0})
    study = cs.Study(subjects=base.subjects, toxicities=had)
    result = cs.toxicity_difference(cs.define_cohort(study), "CRS", by="target")
    found = cs.crosscheck(result, study)
    right, row = found.frame.query("statistic == 'p_value' and beside == ''").iloc
    assert (right["verdict"], row["verdict"]) == ("agrees", "known")
    assert row["value"] == pytest.approx(0.0618, abs=5e-5)
    assert row["witness_value"] == pytest.approx(0.058, abs=5e-4)
    assert row["reason"] == REASONS["barnard ties"]


def test_known_jeffreys_at_the_ends(cohort):
    result = cs.toxicity_rate(cohort, "GvHD", min_grade=4, method="Jeffreys")
    assert result.frame["n_event"].iloc[0] == 0
    found = cs.crosscheck(result, cohort)
    assert reasons(found) == {REASONS["jeffreys at the ends"]}


def test_known_the_variance_of_a_restricted_mean(cohort):
    found = cs.crosscheck(cs.restricted_mean(cohort, RFS, at=300), cohort)
    assert reasons(found) == {REASONS["restricted variance"]}
    assert found.frame.query("statistic == 'estimate'")["verdict"].tolist() == ["agrees"] * 2
    # By the definition it is right, and an error in it is found.
    errors = found.frame.query("statistic == 'std_error'")
    assert errors["verdict"].tolist() == ["known", "agrees"]


@pytest.mark.parametrize("column", ["estimate", "std_error", "conf_low", "p_value"])
def test_an_error_of_a_restricted_mean_is_found(cohort, column):
    for contrast in ("difference", "ratio"):
        result = cs.restricted_mean(
            cohort, RFS, at=200, by="sex", contrast=contrast, method="Greenwood"
        )
        assert set(cs.crosscheck(result, cohort).frame["verdict"]) == {"agrees"}
        wrong = result.frame.assign(**{column: result.frame[column] * 0.99})
        found = cs.crosscheck(replace(result, frame=wrong), cohort).frame
        assert set(found.loc[found["verdict"] == "differs", "statistic"]) == {column}
    result = cs.restricted_mean(cohort, RFS, at=200)
    wrong = result.frame.assign(std_error=result.frame["std_error"] * 0.99)
    assert cs.crosscheck(replace(result, frame=wrong), cohort).differs


def test_a_row_left_out_or_doubled_is_found(cohort):
    rates = cs.response_rate(cohort, "response", by="target")
    level = rates.frame["target"].iloc[0]
    found = cs.crosscheck(replace(rates, frame=rates.frame.iloc[1:]), cohort)
    assert found.frame.query("verdict == 'differs'")["reason"].tolist() == [f"no row of {level}"]
    twice = pd.concat([rates.frame, rates.frame.iloc[:1]])
    found = cs.crosscheck(replace(rates, frame=twice), cohort)
    assert found.frame.query("verdict == 'differs'")["reason"].tolist() == ["a row stands twice"]
    curve = cs.survival_curve(cohort, RFS)
    step = curve.frame.index[curve.frame["n_event"] > 0][1]
    found = cs.crosscheck(replace(curve, frame=curve.frame.drop(index=step)), cohort)
    assert "n_event" in set(found.frame.query("verdict == 'differs'")["statistic"])


def test_groups_that_cannot_differ_have_no_statistic():
    # All of one group have left when the first of the other relapses.
    times = [(1.0, "censored"), (2.0, "censored"), (10.0, "event"), (20.0, "event")]
    study = tiny(times, target=["CD19", "CD19", "BCMA", "BCMA"])
    result = cs.logrank_test(cs.define_cohort(study), RFS, by="target", method="asymptotic")
    assert not cs.crosscheck(result, study).differs


def test_a_mean_without_an_event_has_no_error():
    study = tiny([(10.0, "censored"), (20.0, "censored")])
    found = cs.crosscheck(cs.restricted_mean(cs.define_cohort(study), RFS, at=15), study)
    assert not found.differs
    assert reasons(found) == {REASONS["restricted variance"]}


def test_known_limits_of_one(cohort):
    result = cs.survival_curve(cohort, RFS, conf_type="log-log")
    assert reasons(cs.crosscheck(result, cohort)) == {REASONS["limits at one"]}


def test_a_result_without_its_study(cohort):
    found = cs.crosscheck(cs.baseline_table(cohort))
    assert found.frame["verdict"].tolist() == ["not compared"]
    assert "study was not given" in found.frame["reason"].iloc[0]
    assert not found.differs
    assert "No number was recomputed." in repr(found)


def test_a_result_of_another_study(cohort, study):
    result = cs.baseline_table(cohort)
    result = replace(result, spec=replace(result.spec, fingerprint="one"))
    other = replace(study, fingerprint="two")
    row = cs.crosscheck(result, other).frame.iloc[0]
    assert row["verdict"] == "not compared"
    assert "other files" in row["reason"]


def test_an_analysis_that_is_not_known(cohort):
    result = cs.baseline_table(cohort)
    own = replace(result, spec=replace(result.spec, analysis="my_own"))
    row = cs.crosscheck(own, cohort).frame.iloc[0]
    assert (row["verdict"], row["family"]) == ("not compared", "other")
    assert "does not know the analysis my_own" in row["reason"]


def test_a_library_that_is_missing(cohort, monkeypatch):
    original = builtins.__import__

    def without(name, *rest, **named):
        if name.split(".")[0] == "lifelines":
            raise ModuleNotFoundError("No module named 'lifelines'", name="lifelines")
        return original(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    found = cs.crosscheck(cs.survival_at(cohort, RFS, at=365), cohort)
    row = found.frame.query("statistic == 'estimate'").iloc[0]
    assert row["verdict"] == "not compared"
    assert row["reason"] == "lifelines is not installed"
    assert found.frame.query("statistic == 'std_error'")["verdict"].tolist() == ["agrees"]


def test_a_second_program_that_raises(cohort, monkeypatch):
    def fails(asked):
        raise ZeroDivisionError(asked.subjects["subject_id"].iloc[0])

    broken = replace(ANALYSES["baseline_table"], checks=(Check("pandas", fails, ("n", "median")),))
    monkeypatch.setitem(compare.ANALYSES, "baseline_table", broken)
    found = cs.crosscheck(cs.baseline_table(cohort), cohort)
    rows = found.frame[found.frame["verdict"] == "raised"]
    assert set(rows["statistic"]) == {"n", "median"}
    assert set(rows["reason"]) == {"pandas: ZeroDivisionError"}
    assert not found.differs


def test_what_is_no_study_and_no_result(cohort, study):
    with pytest.raises(cs.CarstatsError, match="`what` is int; it takes a Study"):
        cs.crosscheck(3)
    with pytest.raises(cs.CarstatsError, match="`what` is str; it takes a Study"):
        cs.crosscheck(["a"], study)
    with pytest.raises(cs.CarstatsError, match="`data` is str"):
        cs.crosscheck(cs.baseline_table(cohort), "data")
    with pytest.raises(cs.CarstatsError, match="`data` is given with a study"):
        cs.crosscheck(study, study)


def test_a_study_of_subjects_alone_and_an_empty_list():
    base = tiny([(100.0, "censored")] * 3)
    found = cs.crosscheck(cs.Study(subjects=base.subjects))
    assert set(found.frame["analysis"]) == {"attrition", "baseline_table"}
    assert set(found.frame["verdict"]) == {"agrees"}
    assert cs.crosscheck([]).frame.empty
    assert "No number" in repr(cs.crosscheck([]))


def test_records_of_subjects_are_no_numbers(cohort):
    assert cs.crosscheck(cs.toxicity_listing(cohort, "CRS"), cohort).frame.empty


def test_r_is_asked_where_it_is_found(cohort, monkeypatch):
    monkeypatch.undo()
    rscript.r_version.cache_clear()
    if rscript.shutil.which("Rscript") is None:
        pytest.skip("no Rscript here: the third program is never needed")
    found = cs.crosscheck(cs.cox_regression(cohort, RFS, "age"), cohort).frame
    by_r = found[found["witness"].str.startswith("R ")]
    if by_r.empty:
        pytest.skip("R has no package survival here")
    assert {"coef", "ph_p_value"} <= set(by_r["statistic"])
    assert set(by_r["verdict"]) == {"agrees"}


def test_no_p_value_of_a_group_under_three_is_no_difference():
    cohort = cs.define_cohort(cs.simulate_study(9, 40), cs.infused())
    result = cs.logrank_test(cohort, "relapse_free_survival", by="disease")
    assert result.frame["p_method"].eq("none").all()
    found = cs.crosscheck(result, cohort).frame["verdict"]
    assert found.isin(["agrees", "none"]).all()
    assert found.eq("agrees").any()


def test_a_fit_without_a_maximum_is_no_difference():
    cohort = cs.define_cohort(cs.simulate_study(9, 40), cs.infused())
    result = cs.cox_regression(cohort, "relapse_free_survival", "site_id")
    found = cs.crosscheck(result, cohort).frame
    assert found["verdict"].isin(["agrees", "none"]).all()
    assert found["verdict"].eq("agrees").any()
