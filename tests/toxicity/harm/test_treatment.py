"""What was given for cytokine release: which drugs count, of whom, and how much."""

import pandas as pd
import pytest

import carstats as cs
from tests.conftest import subjects_table

TOCI, STEROID = "tocilizumab", "glucocorticoid"


def cohort(drugs, crs=((1, 2, 6, 2), (2, 3, 8, 3), (3, 1, 2, 1)), n=5, more=()):
    """Return a cohort from drugs (subject, class, days, reason, dose) and episodes of CRS."""
    names = ["subject_id", "drug_class", "start_day", "stop_day", "reason", "dose"]
    table = pd.DataFrame(drugs, columns=names)
    table = table.assign(
        subject_id=[f"S{i:02d}" for i in table["subject_id"]], drug=table["drug_class"],
        start_day=table["start_day"].astype(float), stop_day=table["stop_day"].astype(float),
        prednisone_equivalent_mg=table["dose"].astype(float),
    ).drop(columns="dose")  # fmt: skip
    rows = [("CRS", *row) for row in crs] + list(more)
    toxicities = pd.DataFrame(
        rows, columns=["term", "subject_id", "onset_day", "resolution_day", "grade"]
    )
    toxicities = toxicities.assign(
        subject_id=[f"S{i:02d}" for i in toxicities["subject_id"]],
        onset_day=toxicities["onset_day"].astype(float),
        resolution_day=toxicities["resolution_day"].astype(float),
        grade=toxicities["grade"].astype(float), grading_scale="ASTCT",
    )  # fmt: skip
    study = cs.Study(subjects=subjects_table(n), medications=table, toxicities=toxicities)
    return cs.define_cohort(study)


def found(given, **options):
    return cs.crs_treatment(given, **options).frame.set_index(["parameter", "among"])


DRUGS = [
    (1, TOCI, 3, 3, "toxicity", None),
    (2, TOCI, 4, 4, "toxicity", None),
    (2, TOCI, 5, 5, None, None),
    (2, STEROID, 5, 7, "toxicity", 100),
]


def test_by_hand():
    frame = found(cohort(DRUGS))
    assert frame.loc[("tocilizumab", "with CRS"), ["n", "n_event"]].tolist() == [3, 2]
    assert frame.loc[("tocilizumab", "all"), ["n", "n_event"]].tolist() == [5, 2]
    assert frame.loc[("glucocorticoid", "with CRS"), "n_event"] == 1
    assert frame.loc[("both", "with CRS"), "n_event"] == 1
    assert frame.loc[("either", "all"), "n_event"] == 2
    doses = frame.loc[("doses of tocilizumab", "with CRS")]
    assert doses[["minimum", "maximum", "estimate"]].tolist() == [1, 2, 1.5]
    assert frame.loc[("days of glucocorticoid", "with CRS"), "estimate"] == 3
    assert frame.loc[("glucocorticoid dose", "with CRS"), "estimate"] == 300


def test_what_does_not_count():
    drugs = [
        (1, STEROID, -30, 40, "background", 10),  # taken all along
        (1, TOCI, 3, 3, "disease", None),  # for the disease
        (2, TOCI, 20, 20, "toxicity", None),  # after the episode
        (3, TOCI, -1, -1, "toxicity", None),  # before the infusion
        (4, STEROID, 5, 6, "toxicity", 50),  # no episode of it
    ]
    frame = found(cohort(drugs))
    assert frame.loc[("either", "all"), "n_event"] == 0
    note = frame.loc[("either", "all"), "note"]
    assert "1 given tocilizumab for toxicity outside the recorded episodes" in note
    assert "1 given a glucocorticoid for toxicity outside the recorded episodes" in note


@pytest.mark.parametrize(("day", "k"), [(1, 0), (2, 1), (6, 1), (7, 0)])
def test_the_first_and_the_last_day_of_an_episode_are_of_it(day, k):
    frame = found(cohort([(1, TOCI, day, day, "toxicity", None)]))
    assert frame.loc[("tocilizumab", "with CRS"), "n_event"] == k


def test_an_episode_without_a_last_day_lasts_14_days():
    for day, k in ((16, 1), (17, 0)):
        given = cohort([(1, TOCI, day, day, "toxicity", None)], crs=[(1, 2, None, 2)])
        assert found(given).loc[("tocilizumab", "with CRS"), "n_event"] == k


def test_a_drug_without_a_day_is_in_the_upper_limit_alone():
    row = found(cohort([(1, TOCI, None, None, "toxicity", None)])).loc[("tocilizumab", "with CRS")]
    assert row[["n_event", "n_missing", "estimate"]].tolist() == [0, 1, 0]
    assert row["conf_high"] == pytest.approx(0.905700, abs=1e-6)  # Clopper-Pearson, 1 of 3


def test_another_toxicity_at_the_same_time_is_told():
    more = [("ICANS", 2, 4, 6, 2)]
    note = found(cohort(DRUGS, more=more)).loc[("glucocorticoid", "all"), "note"]
    assert "1 had an episode of another toxicity then" in note
    icans = found(cohort(DRUGS, more=more), term="ICANS")
    assert icans.loc[("glucocorticoid", "with CRS"), ["n", "n_event"]].tolist() == [1, 1]


def test_a_dose_that_is_not_known_and_days_of_two_courses():
    drugs = [(2, STEROID, 5, 7, None, None), (2, STEROID, 6, 8, None, 40)]
    frame = found(cohort(drugs))
    # Days 5 to 8.
    assert frame.loc[("days of glucocorticoid", "with CRS"), "estimate"] == 4
    assert frame.loc[("glucocorticoid dose", "with CRS"), "n_missing"] == 1


def test_nobody_with_it_and_refusals():
    given = cohort(DRUGS, crs=[], more=[("ICANS", 2, 4, 6, 2)])
    frame = found(given)
    assert frame.loc[("either", "with CRS"), "n"] == 0
    assert "none only if it was collected" in frame.loc[("either", "all"), "note"]
    with pytest.raises(cs.CarstatsError, match="`term` is 'CSR', not in the study's vocabulary"):
        cs.crs_treatment(cohort(DRUGS), "CSR")


def test_the_table_says_of_whom():
    table = cs.tabulate(cs.crs_treatment(cohort(DRUGS)))
    assert table.title == "Treatment of cytokine release syndrome"
    assert [row.group for row in table.rows] == ["Of those with CRS"] * 7 + ["Of all subjects"] * 4


def test_nobody_given_a_drug_has_no_amount_and_the_row_says_so():
    frame = found(cohort([(4, TOCI, -9, -9, "toxicity", None)]))
    row = frame.loc[("doses of tocilizumab", "with CRS")]
    assert (row["n"], row["note"]) == (0, "nobody to count")


def test_a_drug_that_the_study_never_records_is_no_none():
    # Glucocorticoids at the infusion alone: what was given for CRS was not asked for.
    frame = found(cohort([(1, STEROID, -30, 10, None, 10)]))
    note = frame.loc[("tocilizumab", "with CRS"), "note"]
    assert "records no tocilizumab begun after the infusion" in note
    assert "records no glucocorticoid begun after the infusion" in note
    assert "none only if" not in str(found(cohort(DRUGS)).iloc[0]["note"])
