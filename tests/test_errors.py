"""One cause is one problem: rows are counted and the first of them named."""

import pandas as pd
import pytest

import carstats as cs
from carstats.errors import (
    CarstatsError,
    Problem,
    check_choice,
    check_installed,
    grouped,
    names_given,
)
from carstats.messages import message


def at(row, what="is wrong.", column="dx", remedy=None):
    return Problem(what, "a.csv", row, column, remedy)


def test_the_same_in_several_rows():
    (problem,) = grouped([at(3), at(9), at(6)])
    assert str(problem) == "a.csv, 3 rows (3, 9, 6), `dx`: is wrong."
    assert (problem.row, problem.rows) == (3, (3, 9, 6))


def test_many_rows_are_cut():
    error = CarstatsError([at(row) for row in range(3, 22)])
    assert str(error) == "a.csv, 19 rows (3, 4, 5, 6, 7, 8, …), `dx`: is wrong."


def test_one_row_is_told_as_ever():
    assert str(CarstatsError(at(3, remedy="Mend it."))) == "a.csv, row 3, `dx`: is wrong. Mend it."


def test_columns_words_and_remedies_that_differ_are_several():
    problems = [at(3), at(3, column="target"), at(4, "is missing."), at(5, remedy="Mend it.")]
    assert len(grouped(problems)) == 4


def test_groups_are_grouped_again():
    (problem,) = grouped([*grouped([at(3), at(4)]), at(5)])
    assert problem.rows == (3, 4, 5)


def test_the_same_without_a_row_is_said_once():
    assert len(grouped([at(None), at(None)])) == 1


def days(row, day):
    return at(
        row, message("day {day:g} is after the last contact on day {last:g}.", day=day, last=9.0)
    )


def test_numbers_alone_that_differ_are_one_cause():
    (problem,) = grouped([days(2, 10.0), days(3, 11.0), days(5, 12.0)])
    assert str(problem) == (
        "a.csv, row 2, `dx`: day 10 is after the last contact on day 9. 2 more rows are alike"
        " (3, 5)."
    )
    assert len(grouped([days(2, 10.0), days(3, 11.0)])) == 2


def test_cells_that_differ_are_told_up_to_eight():
    def cell(row):
        return at(row, message("{cell} is no disease.", cell=f"'D{row}x'"))

    assert len(grouped(map(cell, range(2, 10)))) == 8
    (problem,) = grouped(map(cell, range(2, 42)))
    assert "'D2x' is no disease. 39 more rows are alike (3, 4, 5, 6, 7, 8, …)." in str(problem)


@pytest.mark.parametrize(
    ("asked", "allowed", "meant"),
    [
        ("wilson", ("Clopper-Pearson", "Wilson"), "Wilson"),
        ("clopper_pearson", ("Clopper-Pearson", "Wilson"), "Clopper-Pearson"),
        ("log_log", ("log-log", "log", "plain"), "log-log"),
        ("LOG", ("log-log", "log", "plain"), "log"),
        ("loglog", ("beta product", "log-log"), "log-log"),
        ("Beta–product mid.p", ("beta product", "beta product mid-P"), "beta product mid-P"),
        ("differences", ("difference", "ratio"), "difference"),
        ("cp", ("Clopper-Pearson", "Wilson"), "Clopper-Pearson"),
        ("exact", ("exact", "Clopper-Pearson"), "exact"),
        ("BH", ("Holm", "Benjamini-Hochberg"), "Benjamini-Hochberg"),
        ("ASINSQRT", ("arcsine", "plain"), "arcsine"),
        (3, (1, 2, 3), 3),
    ],
)
def test_an_option_is_told_without_regard_to_case_and_signs(asked, allowed, meant):
    assert check_choice("option", asked, allowed) == meant


@pytest.mark.parametrize("asked", ["wilsn", "", "cp", None, 4, "log"])
def test_an_option_that_is_none_of_those_allowed_is_refused(asked):
    with pytest.raises(CarstatsError, match=r"`option` is .*allowed: 'Wilson', 'log-log'"):
        check_choice("option", asked, ("Wilson", "log-log"))


def test_the_option_that_was_meant_is_what_a_result_says():
    study = cs.simulate_study(12, 1)
    cohort = cs.define_cohort(study, cs.infused())
    loose = cs.survival_curve(cohort, "relapse_free_survival", conf_type="log_log")
    assert loose.spec.options["conf_type"] == "log-log"
    strict = cs.survival_curve(cohort, "relapse_free_survival", conf_type="log-log")
    assert loose.frame.equals(strict.frame)
    assert loose.spec.method == strict.spec.method


def test_what_is_not_installed_is_one_or_several():
    with pytest.raises(CarstatsError, match=r"nowhere, which is not installed\. Install it: pip"):
        check_installed("some", "nowhere", "pandas")
    with pytest.raises(CarstatsError, match=r"this needs a1, b2, which are not installed\. Inst"):
        check_installed("some", "a1", "b2")


def test_names_are_one_or_several():
    assert [names_given("by", given) for given in (None, "a", ("a", "b"))] == [
        [],
        ["a"],
        ["a", "b"],
    ]
    with pytest.raises(CarstatsError, match="`by` is 3; it takes a name, or several in a list"):
        names_given("by", 3)


def test_a_table_is_named_and_not_shown():
    """Nobody's cells stand in a message."""
    frame = pd.DataFrame({"age": [51]})
    for given in (frame, frame["age"]):
        with pytest.raises(CarstatsError, match=r"`method` is (DataFrame|Series); allowed: 'a'"):
            check_choice("method", given, ("a",))
