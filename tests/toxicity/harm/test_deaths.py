"""Deaths by cause: by hand, against R, and what the input must have."""

import json

import numpy as np
import pytest
from scipy.stats import beta, chi2

import carstats as cs
from tests.conftest import subjects_table
from tests.reference import HERE

R = json.loads((HERE / "harm.json").read_text(encoding="utf-8"))["deaths"]


def cohort(days, causes, **columns):
    """Return a cohort from the last day of each subject and a cause, or None for those alive."""
    dead = [day if cause is not None else None for day, cause in zip(days, causes, strict=True)]
    table = subjects_table(
        len(days), last_contact_day=days, death_day=dead,
        death_cause=[cause or None for cause in causes], **columns,
    )  # fmt: skip
    return cs.define_cohort(cs.Study(subjects=table), cs.infused())


def test_against_r():
    causes = [None if c == "" else c for c in R["cause"]]
    found = cs.causes_of_death(cohort(R["day"], causes), at=365).frame.set_index("cause")
    assert found["person_years"].tolist() == pytest.approx([R["person_years"]] * 4)
    for row in R["by_cause"]:
        mine = found.loc[row["cause"]]
        assert mine["n_event"] == row["n_event"]
        assert mine["conf_low"] == pytest.approx(row["share_low"], abs=1e-9)
        assert mine[["rate", "rate_low"]].tolist() == pytest.approx([row["rate"], row["rate_low"]])
        if row["cause"] in ("any cause", "unknown"):
            assert mine["conf_high"] == pytest.approx(row["share_high"], abs=1e-9)
            assert mine["rate_high"] == pytest.approx(row["rate_high"])
            continue
        # The one dead of an unknown cause may have died of either: 3 of 12 at most.
        assert mine["n_missing"] == 1
        assert mine["conf_high"] == pytest.approx(beta.ppf(0.975, 4, 9))
        most = 100 * chi2.ppf(0.975, 8) / 2 / R["person_years"]
        assert mine["rate_high"] == pytest.approx(most)
    for row in R["by_cause"]:
        mine = found.loc[row["cause"]]
        assert mine["incidence"] == pytest.approx(row["incidence"], abs=1e-12)
    # The causes add up to the whole.
    assert found["incidence"].iloc[1:].sum() == pytest.approx(found["incidence"].iloc[0])


def test_nobody_died():
    found = cs.causes_of_death(cohort([364] * 4, [None] * 4)).frame
    assert found["cause"].tolist() == ["any cause"]
    row = found.iloc[0]
    assert row["conf_high"] == pytest.approx(beta.ppf(0.975, 1, 4))
    # Four subjects, 365 days each: 0 events in 3.9973 person-years.
    assert row["rate_high"] == pytest.approx(100 * chi2.ppf(0.975, 2) / 2 / (4 * 365 / 365.25))
    assert "0 in 4.0 person-years: at most" in row["note"]
    assert "followed to day 364 only" in row["note"]
    assert np.isnan(row["incidence"])


def test_a_cause_that_is_not_known_and_one_of_the_studys_own():
    found = cs.causes_of_death(cohort([10, 20, 30, 900], ["", "Infection", "accident", None]))
    frame = found.frame.set_index("cause")
    assert frame["n_event"].to_dict() == {
        "any cause": 3, "accident": 1, "infection": 1, "unknown": 1,
    }  # fmt: skip
    assert frame.index[-1] == "unknown"
    # Of four that are followed for long enough one or two died of infection.
    infection = frame.loc["infection"]
    assert (infection["n_missing"], infection["incidence"]) == (1, 0.25)
    assert infection["incidence_high"] == pytest.approx(beta.ppf(0.975, 3, 2))
    assert infection["note"].startswith("1 dead of an unknown cause, which may be this")


def test_strata_have_every_cause_and_an_empty_one_says_so():
    given = cohort([10, 900, 900], ["infection", None, None], target=["CD19", "CD19", "BCMA"])
    frame = cs.causes_of_death(given, by="target").frame
    assert frame.groupby("target")["cause"].apply(list).to_dict() == {
        "BCMA": ["any cause", "infection"], "CD19": ["any cause", "infection"],
    }  # fmt: skip
    study = cs.Study(subjects=subjects_table(2, death_day=None, infused=[True, False],
                                             target=["CD19", "BCMA"]))  # fmt: skip
    empty = cs.causes_of_death(cs.define_cohort(study, cs.infused()), by="target").frame
    assert empty.loc[empty["target"] == "BCMA", "note"].tolist() == ["no subjects"]


def test_refusals():
    with pytest.raises(cs.CarstatsError, match="no days of death"):
        cs.causes_of_death(cs.define_cohort(cs.Study(subjects=subjects_table(2))))
    with pytest.raises(cs.CarstatsError, match="`at` is -1"):
        cs.causes_of_death(cohort([5], [None]), at=-1)
    with pytest.raises(cs.CarstatsError, match=r"row 1, `death_cause`: has a cause of death"):
        cs.Study(subjects=subjects_table(2, death_cause=["无", "sepsis"]))


def test_the_table_has_the_follow_up():
    table = cs.tabulate(cs.causes_of_death(cohort([100, 900], ["infection", None])))
    assert table.rows[0].group == "All subjects: 2.7 person-years, median follow-up 16.4 months"
    assert table.rows[1].cells[:2] == ("Infection", "1/2")
