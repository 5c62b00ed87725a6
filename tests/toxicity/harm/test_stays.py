"""Days in hospital and intensive care: whole days, unions, the dead, those not followed."""

import pandas as pd
import pytest
from scipy.stats import beta

import carstats as cs
from carstats.estimators.bounded_mean import bounded_mean
from tests.conftest import subjects_table

WARD, UNIT = "hospital stay", "intensive care"


def cohort(rows, n=4, **columns):
    """Return a cohort from rows of subject, class, first and last day."""
    table = pd.DataFrame(rows, columns=["subject_id", "drug_class", "start_day", "stop_day"])
    table = table.assign(
        subject_id=[f"S{i:02d}" for i in table["subject_id"]], drug="ward",
        start_day=table["start_day"].astype(float), stop_day=table["stop_day"].astype(float),
    )  # fmt: skip
    return cs.define_cohort(cs.Study(subjects=subjects_table(n, **columns), medications=table))


def found(given, care=WARD, at=30, **options):
    frame = cs.hospital_days(given, care, at=at, **options).frame
    return frame.set_index("parameter")


# In for the infusion to day 12; to day 8 and again; no stay; in from day 28 on.
ROWS = [(1, WARD, -5, 12), (2, WARD, -5, 8), (2, WARD, 20, 24), (4, WARD, 28, 40)]


def test_by_hand():
    frame = found(cohort(ROWS))
    # Days 1 to 12; 1 to 8 and 20 to 24; none; 28 to 30.
    days = [12, 13, 0, 3]
    assert frame.loc["days", "estimate"] == 7
    limits = bounded_mean(days, 30)
    assert frame.loc["days", ["conf_low", "conf_high"]].tolist() == [limits.low, limits.high]
    assert frame.loc["days", ["minimum", "maximum"]].tolist() == [0, 13]
    assert frame.loc["admitted", ["n", "n_event"]].tolist() == [4, 3]
    assert frame.loc["admitted", "conf_low"] == pytest.approx(beta.ppf(0.025, 3, 2))
    assert frame.loc["days of those admitted", "estimate"] == 12
    assert frame.loc["days alive and at home", "estimate"] == 23
    # Of the two in care on day 0: discharged on days 12 and 8.
    assert frame.loc["stay of the infusion", ["n", "estimate"]].tolist() == [2, 10]


def test_overlapping_stays_and_intensive_care_are_one_day():
    rows = [*ROWS, (1, UNIT, 3, 6), (1, WARD, 10, 12), (2, UNIT, 8, 10)]
    frame = found(cohort(rows))
    # The second was in intensive care for two days more than the hospital stays say.
    assert frame.loc["days", "maximum"] == 15
    assert "1 with days of intensive care outside the hospital stays" in frame.loc["days", "note"]
    unit = found(cohort(rows), UNIT)
    assert unit.loc["admitted", "n_event"] == 2
    assert unit.loc["days", "estimate"] == (4 + 3) / 4
    assert "stay of the infusion" not in unit.index


def test_the_dead_and_those_not_followed():
    given = cohort(ROWS, last_contact_day=[20, 1000, 25, 1000], death_day=[20, None, None, None])
    frame = found(given)
    assert frame.loc["days", "n"] == 3
    assert "1 not followed so far, left out" in frame.loc["days", "note"]
    # Twenty days alive less twelve in hospital; 30 less 13; 30 less 3.
    assert frame.loc["days alive and at home", "estimate"] == pytest.approx((8 + 17 + 27) / 3)


def test_a_stay_that_goes_on_and_one_without_days():
    rows = [(1, WARD, -5, None), (2, WARD, None, None), (3, WARD, None, 4)]
    frame = found(cohort(rows, last_contact_day=[40, 1000, 1000, 1000]))
    assert frame.loc["days", ["n", "n_missing"]].tolist() == [4, 1]
    assert "1 with a stay without a day" in frame.loc["days", "note"]
    assert frame.loc["days", "maximum"] == 30
    stay = frame.loc["stay of the infusion"]
    assert stay[["n", "n_missing", "estimate"]].tolist() == [2, 1, 4]
    assert "1 in care still at the last contact" in stay["note"]


def test_one_subject_and_an_empty_stratum():
    frame = found(cohort([(1, WARD, -1, 5)], n=1))
    assert frame.loc["days", "conf_high"] == pytest.approx(5 + 25 * 0.975)
    assert "too few for limits of the median" in frame.loc["stay of the infusion", "note"]
    given = cohort(ROWS, infused=[True] * 3 + [False], target=["CD19"] * 3 + ["BCMA"]).study
    strata = cs.hospital_days(cs.define_cohort(given, cs.infused()), by="target").frame
    empty = strata[strata["target"] == "BCMA"]
    assert set(empty["n"]) == {0}
    assert empty["note"].str.startswith("no subjects").iloc[0]


def test_refusals():
    with pytest.raises(cs.CarstatsError, match="the study has no stays in hospital"):
        cs.hospital_days(cohort([(1, "other", 0, 3)]))
    with pytest.raises(cs.CarstatsError, match="no stays in hospital"):
        cs.hospital_days(cohort([(1, "other", 0, 3)]), UNIT)
    # Stays are recorded, none of intensive care.
    assert found(cohort(ROWS), UNIT).loc["admitted", "n_event"] == 0
    with pytest.raises(cs.CarstatsError, match="`at`"):
        cs.hospital_days(cohort(ROWS), at=0)
    with pytest.raises(cs.CarstatsError, match="`at` is empty"):
        cs.hospital_days(cohort(ROWS), at=[])
    with pytest.raises(cs.CarstatsError, match="counted up to day 3660"):
        cs.hospital_days(cohort(ROWS), at=1e6)
    with pytest.raises(cs.CarstatsError, match="is before `start_day`"):
        cohort([(1, WARD, 9, 3)])


def test_stays_are_no_treatment_of_the_disease():
    study = cohort([(1, WARD, 50, 60), (2, UNIT, 50, 52)]).study
    from carstats.endpoints.derive.intercurrent import classify_medications

    assert set(classify_medications(study)["kind"]) == {"background"}


def test_the_table_groups_by_days():
    table = cs.tabulate(cs.hospital_days(cohort(ROWS), at=[30, 90]))
    groups = list(dict.fromkeys(row.group for row in table.rows))
    assert groups == ["Days 1 to 30", "Days 1 to 90", "The stay of the infusion"]
    assert table.rows[0].cells[:3] == ("In hospital", "3/4", "75\u00a0% (19–99)")


def test_who_dies_in_care_is_not_discharged_and_no_stay_outlasts_the_follow_up():
    rows = [(1, WARD, -1, 12), (2, WARD, -1, 10), (3, WARD, -1, 25), (4, WARD, -1, 60)]
    given = cohort(rows, last_contact_day=[100, 10, 10, 40], death_day=[None, 10, 10, None])
    frame = found(given)
    # The second dies on the last day of the stay, the third before a day that is written down.
    first = frame.loc["stay of the infusion"]
    assert first[["n", "n_missing", "n_event", "estimate"]].tolist() == [4, 3, 1, 12]
    assert "3 in care still at the last contact or death" in first["note"]
    assert frame.loc["days", "estimate"] == (12 + 10 + 10 + 30) / 4
    assert frame.loc["days alive and at home", "estimate"] == 18 / 4
