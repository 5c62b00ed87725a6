"""The taper of glucocorticoids: daily dose, low dose, off, cumulative dose, by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

import carstats as cs
from tests.conftest import subjects_table


def cohort(rows, n=3, **columns):
    """Return a cohort from rows of subject, first day, last day and dose."""
    table = pd.DataFrame(rows, columns=["subject_id", "start_day", "stop_day", "dose"])
    table = table.assign(
        subject_id=[f"S{i:02d}" for i in table["subject_id"]], drug="prednisone",
        drug_class="glucocorticoid", prednisone_equivalent_mg=table["dose"].astype(float),
    ).drop(columns="dose")  # fmt: skip
    return cs.define_cohort(cs.Study(subjects=subjects_table(n, **columns), medications=table))


# One tapers from 20 to 5 and off; one takes 10 throughout; one takes none.
ROWS = [(1, -30, 10, 20), (1, 11, 20, 5), (2, None, None, 10)]


def course(*given, **options):
    return cs.glucocorticoid_course(*given, **options).frame.set_index("time")


def test_doses_and_shares_by_hand():
    found = course(cohort(ROWS), at=[0, 10, 11, 20, 21])
    assert found["estimate"].tolist() == [10, 10, 5, 5, 0]
    assert found["n_below"].tolist() == [1, 1, 2, 2, 2]
    assert found["n_off"].tolist() == [1, 1, 1, 1, 2]
    assert found.loc[21, "off_low"] == pytest.approx(beta.ppf(0.025, 2, 2))
    # Day 1 to 21: 10 x 20 + 10 x 5 = 250, 210 and 0.
    assert found.loc[21, "cumulative"] == 210
    assert found.loc[0, "cumulative"] == 0


def test_two_at_once_add_up_and_an_unknown_dose_is_missing():
    rows = [(1, 0, 50, 10), (1, 5, 9, 40), (2, 0, 50, None), (3, 0, 50, 7)]
    found = course(cohort(rows), at=[7, 60])
    assert found.loc[7, ["n", "n_missing", "n_event"]].tolist() == [3, 1, 2]
    assert found.loc[7, "maximum"] == 50
    assert "1 with a dose that is not recorded" in found.loc[7, "note"]
    # By day 60 the daily dose of that subject is known again, the sum is not.
    assert found.loc[60, "n_missing"] == 0
    assert found.loc[60, "cumulative"] == np.median([50 * 10 + 5 * 40, 50 * 7])


def test_who_has_left_does_not_count():
    found = course(cohort(ROWS, last_contact_day=[15, 1000, 1000]), at=[10, 20])
    assert found["n"].tolist() == [3, 2]


def test_strata_and_refusals():
    c = cohort(ROWS, target=["CD19", "CD19", "BCMA"])
    frame = cs.glucocorticoid_course(c, at=[0], by="target").frame
    assert frame["n"].tolist() == [2, 1]
    with pytest.raises(cs.CarstatsError, match=r"no doses of glucocorticoids"):
        cs.glucocorticoid_course(cohort([(1, 0, 9, None)]))
    with pytest.raises(cs.CarstatsError, match=r"increasing days"):
        cs.glucocorticoid_course(c, at=[9, 3])


def test_the_taper_is_drawn():
    figure = cs.plot(cs.glucocorticoid_course(cohort(ROWS), at=[0, 28, 84]))
    assert figure.title.startswith("Glucocorticoid, prednisone equivalent")
