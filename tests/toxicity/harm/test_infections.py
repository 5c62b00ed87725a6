"""Infections by organism and window: what counts, in which group, and the limits."""

import json

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from carstats.endpoints.rules.toxicity.infections import infection_class
from tests.conftest import subjects_table
from tests.reference import HERE

RATES = json.loads((HERE / "harm.json").read_text(encoding="utf-8"))["rates"]


def cohort(rows, n=4, last=1000, **columns):
    """Return a cohort from rows of subject, onset, organism, grade, serious and site."""
    names = ["subject_id", "onset_day", "organism", "grade", "serious", "system"]
    table = pd.DataFrame(rows, columns=names)
    table = table.assign(
        subject_id=[f"S{i:02d}" for i in table["subject_id"]], term="infection",
        resolution_day=table["onset_day"] + 5, grade=table["grade"].astype(float),
    )  # fmt: skip
    study = cs.Study(subjects=subjects_table(n, last_contact_day=last, **columns), toxicities=table)
    return cs.define_cohort(study)


ROWS = [
    (1, 10, "Escherichia coli", 3, True, "urinary tract"),
    (1, 60, "CMV", 2, True, "bloodstream"),
    (2, 5, "Candida albicans; CMV", 4, False, "bloodstream"),
    (3, 200, None, 3, None, "respiratory tract"),
    (3, 400, "Rhinovirus", 1, False, "respiratory tract"),
]


def counts(found, window=None):
    frame = found.frame
    if window is not None:
        frame = frame[frame["window_start"] == window]
    return frame.set_index("organism")["n_event"].to_dict()


def test_groups_and_what_is_serious():
    found = cs.infections_by_organism(cohort(ROWS), window=None)
    # Grade 2 that is serious counts, grade 1 that is not does not; two groups count in both.
    assert counts(found) == {
        "any": 4, "bacterial": 1, "viral": 2, "fungal": 1, "other": 0, "not identified": 1,
    }  # fmt: skip
    assert "1 record with organisms of several groups, counted in each" in found.frame["note"][0]
    every = cs.infections_by_organism(cohort(ROWS), window=None, serious=False)
    assert counts(every)["any"] == 5
    assert counts(every)["viral"] == 3


def test_windows_by_onset_and_who_is_still_followed():
    found = cs.infections_by_organism(cohort(ROWS, last=[1000, 20, 1000, 1000]))
    assert counts(found, 0)["any"] == 2
    assert counts(found, 31)["viral"] == 1
    any_ = found.frame[found.frame["organism"] == "any"].set_index("window_start")
    assert any_["n"].tolist() == [4, 3, 3, 3]
    assert any_.loc[0, "person_years"] == pytest.approx((3 * 31 + 21) / 365.25)
    assert np.isinf(any_.loc[366, "window_end"])


@pytest.mark.parametrize("case", RATES)
def test_exact_limits_are_garwoods(case):
    k, years = case["k"], case["years"]
    # All of one subject: its days are the exposure.
    rows = [(1, 10 * i, "CMV", 3, True, "lung") for i in range(k)]
    found = cs.infections_by_organism(
        cohort(rows or [(1, -5, "CMV", 3, True, "lung")], n=1, last=years * 365.25 - 1),
        window=None, method="exact",
    )  # fmt: skip
    row = found.frame.set_index("organism").loc["viral"]
    assert row[["estimate", "conf_low", "conf_high"]].tolist() == pytest.approx(
        [case["estimate"], case["low"], case["high"]]
    )


def test_seriousness_that_is_not_known_is_in_the_upper_limit_alone():
    rows = [(1, 10, "CMV", 2, None, "lung"), (2, 20, "CMV", 3, True, "lung")]
    how = {"window": None, "method": "exact"}
    found = cs.infections_by_organism(cohort(rows), **how).frame.iloc[0]
    assert (found["n_event"], found["n_missing"]) == (1, 1)
    known = [(1, 10, "CMV", 2, False, "lung"), (2, 20, "CMV", 3, True, "lung")]
    other = cs.infections_by_organism(cohort(known), **how).frame.iloc[0]
    assert found["conf_high"] > other["conf_high"]
    assert found["estimate"] == other["estimate"]


def test_without_seriousness_the_grade_says_it():
    rows = [(1, 10, "CMV", 2, None, "lung"), (2, 20, "CMV", 3, None, "lung")]
    found = cs.infections_by_organism(cohort(rows), window=None).frame.iloc[0]
    assert (found["n_event"], found["n_missing"]) == (1, 0)
    assert "seriousness was not recorded: the grade alone says it" in found["note"]


def test_an_organism_that_is_not_known_here_is_counted_and_told():
    given = cohort([(1, 10, "Xenorhabdus", 3, True, "lung")])
    found = cs.infections_by_organism(given, window=None)
    assert counts(found)["other"] == 1
    assert "1 record names an organism that is not known here" in found.frame["note"][0]
    named = cs.infections_by_organism(given, window=None, organisms={"Xenorhabdus": "bacterial"})
    assert counts(named)["bacterial"] == 1
    assert "not known here" not in named.frame["note"][0]
    with pytest.raises(cs.CarstatsError, match="`organisms`"):
        cs.infections_by_organism(given, organisms={"Xenorhabdus": "germ"})


def test_an_organism_without_an_infection_is_told_and_not_counted():
    study = cohort(ROWS).study
    more = study.toxicities.iloc[:1].assign(term="CRS", organism="CMV", system="immune")
    given = cs.define_cohort(
        cs.Study(subjects=study.subjects, toxicities=pd.concat([study.toxicities, more]))
    )
    found = cs.infections_by_organism(given, window=None)
    assert counts(found)["any"] == 4
    assert "1 record of another toxicity names an organism, not counted" in found.frame["note"][0]


def test_before_the_infusion_and_without_a_day():
    rows = [(1, -3, "CMV", 3, True, "lung"), (2, None, "CMV", 3, True, "lung")]
    row = cs.infections_by_organism(cohort(rows), window=None).frame.iloc[0]
    assert (row["n_event"], row["n_missing"]) == (0, 1)
    assert "1 with an event of unknown onset, not counted" in row["note"]
    assert "began before the infusion" in row["note"]


def test_a_bound_of_few_days_has_figures_and_no_power_of_ten():
    from carstats.toxicity.episodes import none_in_years

    assert none_in_years(0.17, 2169.9) == "0 in 0.2 person-years: at most 2170"
    assert none_in_years(11 / 365.25, 12248.8) == "0 in 0.03 person-years: at most 12200"


def test_what_may_be_serious_is_told_in_its_window_alone():
    # Of the second it is not known; the third overlaps a serious one of its site.
    rows = [(1, 5, "CMV", 2, True, "lung"), (1, 40, "CMV", 2, None, "lung"),
            (2, 50, "CMV", 3, True, "skin"), (2, 52, "CMV", None, None, "skin")]  # fmt: skip
    found = cs.infections_by_organism(cohort(rows), window=[(0, 30), (31, 100)]).frame
    frame = found.set_index(["organism", "window_start"])
    assert frame.loc[("any", 0), ["n_event", "n_missing"]].tolist() == [1, 0]
    assert frame.loc[("any", 31), ["n_event", "n_missing"]].tolist() == [1, 1]
    assert "1 with an episode that may be serious" in frame.loc[("any", 31), "note"]


def test_none_recorded_and_refusals():
    study = cohort(ROWS).study
    none = study.toxicities.assign(term="CRS", system="immune")
    given = cs.define_cohort(cs.Study(subjects=study.subjects, toxicities=none))
    assert "none only if it was collected" in cs.infections_by_organism(given).frame["note"][1]
    bare = study.toxicities.drop(columns="organism")
    given = cs.define_cohort(cs.Study(subjects=study.subjects, toxicities=bare))
    with pytest.raises(cs.CarstatsError, match="the study has no organisms"):
        cs.infections_by_organism(given)
    with pytest.raises(cs.CarstatsError, match="`serious` is 'yes'"):
        cs.infections_by_organism(cohort(ROWS), serious="yes")


@pytest.mark.parametrize(
    ("organism", "group"),
    [
        ("Haemophilus influenzae", "bacterial"),
        ("流感嗜血杆菌", "bacterial"),
        ("隐球菌", "fungal"),
        ("大肠埃希菌", "bacterial"),
        ("诺卡菌", "bacterial"),
        ("EB病毒", "viral"),
        ("病原未明", "no organism"),
        ("respiratory secretions", "unclassified"),
    ],
)
def test_the_longest_known_part_of_a_name_is_the_organism(organism, group):
    assert infection_class([organism]).tolist() == [group]


def test_the_table_and_the_figure():
    found = cs.infections_by_organism(cohort(ROWS))
    table = cs.tabulate(found)
    assert table.heads == ("", "Days 0–30", "Days 31–100", "Days 101–365", "After day 365")
    assert table.rows[0].cells == ("Subjects", "4", "4", "4", "4")
    assert table.rows[2].cells[0] == "Any organism"
    figure = cs.plot(found)
    texts = [t.get_text() for t in figure.axes[0].texts]
    assert "Days 0–30: 4 subjects, 0.3 person-years" in texts
