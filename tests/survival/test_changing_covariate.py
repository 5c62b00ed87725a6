"""Cox regression with a covariate that changes on the day of an event, against coxph on tmerge."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from tests.conftest import subjects_table
from tests.reference import reference

R = reference("changing_covariate")


def rows_of(endpoint, days, statuses):
    return [
        {"subject_id": f"S{i + 1:02d}", "endpoint": endpoint, "status": status, "time": day}
        for i, (day, status) in enumerate(zip(days, statuses, strict=True))
    ]  # fmt: skip


@pytest.fixture(scope="module")
def cohort():
    data = pd.DataFrame(R["data"])
    known = data["change"].notna()
    change = data["change"].fillna(data["time"])
    events = rows_of(
        "relapse_free_survival", data["time"], np.where(data["event"] == 1, "event", "censored")
    ) + rows_of("b_cell_reconstitution", change, np.where(known, "event", "censored"))
    subjects = subjects_table(len(data), age=data["age"], last_contact_day=5000)
    return cs.define_cohort(cs.Study(subjects=subjects, events=pd.DataFrame(events)))


@pytest.mark.parametrize(("covariates", "name"), [(None, "alone"), ("age", "adjusted")])
def test_equals_coxph_on_the_data_of_tmerge(cohort, covariates, name):
    result = cs.cox_regression(
        cohort, "relapse_free_survival", covariates, changing="b_cell_reconstitution",
        method="partial likelihood",
    )  # fmt: skip
    expected = R["fits"][name]
    assert_allclose(result.frame["coef"], expected["coef"], rtol=1e-8)
    assert_allclose(result.frame["std_error"], expected["error"], rtol=1e-8)
    last = result.frame.iloc[-1]
    assert (last["term"], last["contrast"]) == ("b_cell_reconstitution", "after / before")
    assert (last["n"], last["n_missing"]) == (60, 0)


def study(returns, statuses=None):
    n = 12
    times = [100, 120, 140, 160, 180, 200, 220, 240, 260, 280, 300, 320]
    events = rows_of("relapse_free_survival", times, ["event"] * 8 + ["censored"] * 4)
    events += rows_of("b_cell_reconstitution", returns, statuses or ["event"] * len(returns))
    return cs.define_cohort(
        cs.Study(subjects=subjects_table(n, sex=["F", "M"] * 6), events=pd.DataFrame(events))
    )


RETURNS = [50, 300, 60, 90, 400, 100, 120, 320, 150, 330, 340, 200]


def fitted(cohort, **options):
    return cs.cox_regression(cohort, "relapse_free_survival", **options).frame


def test_subjects_without_a_record_are_left_out():
    statuses = ["event"] * 9 + ["censored"]
    frame = fitted(study(RETURNS[:10], statuses), changing="b_cell_reconstitution")
    assert frame["n_missing"].tolist() == [2]
    assert frame["n"].tolist() == [12]


def test_whom_nobody_looked_at_later_is_said():
    c = study(RETURNS, ["event"] * 10 + ["censored", "censored"])
    note = fitted(c, changing="b_cell_reconstitution")["note"].item()
    assert "1 taken as unchanged after the last day it was looked for" in note


def test_what_is_refused():
    c = study(RETURNS)
    with pytest.raises(cs.CarstatsError, match=r"the endpoint itself or named twice"):
        fitted(c, changing="relapse_free_survival")
    with pytest.raises(cs.CarstatsError, match=r"so no `changing`"):
        fitted(c, changing="b_cell_reconstitution", robust=True)
    with pytest.raises(cs.CarstatsError, match=r"has neither strata nor delayed entry"):
        fitted(c, changing="b_cell_reconstitution", method="Firth")
    with pytest.raises(cs.CarstatsError, match=r"no subject of the study has the endpoint"):
        fitted(c, changing="relapse")


def test_nobody_changes_before_the_end():
    frame = fitted(study([500] * 12), changing="b_cell_reconstitution", covariates="sex")
    assert frame["estimate"].isna().tolist() == [False, True]
