"""One cause is one problem: rows are counted and the first of them named."""

from carstats.errors import CarstatsError, Problem, grouped
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
