"""Every estimator against the stored references: the one grid of the tests and of the user."""

import csv
import io
import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

import carstats as cs
from carstats.report.pages.validation import validation_files, validation_page
from carstats.run.cli import app
from carstats.validation import run
from carstats.validation.comparison import Against, reference
from carstats.validation.grid import proportions
from carstats.validation.grid.all import GRID
from carstats.validation.run import validate


@pytest.mark.parametrize("part", GRID, ids=lambda part: part.__name__)
def test_estimators_equal_the_references(part):
    found = list(part())
    # The whole grid, by the number that a reader of the scripts can count.
    assert len(found) == GRID[part]
    assert not [one for one in found if not one.passed]


def test_the_grid_is_wide_enough():
    assert sum(GRID.values()) >= 7_500
    # Sixteen data sets, four scales, two levels, eight statistics.
    assert GRID[next(p for p in GRID if p.__name__ == "survival_curves")] == 16 * 4 * 2 * 8


@pytest.fixture
def one_part(monkeypatch):
    """A validation of one part alone, which is quick."""
    monkeypatch.setattr(run, "GRID", {proportions.stratified_tables: 42})


def test_passes_and_says_where(one_part):
    found = validate()
    assert found.passed
    assert "42 of 42 comparisons (42 expected)" in str(found.summary())
    assert {"carstats", "Python", "numpy", "scipy", "pandas"} <= set(found.machine)
    assert len(found.references["cox.json"]) == 64
    assert found.date == ""
    assert validate(date=True).date.count("-") == 2


def test_a_planted_error_fails(one_part, monkeypatch):
    honest = proportions.mantel_haenszel_test

    def wrong(k, n):
        test = honest(k, n)
        return replace(test, statistic=test.statistic * (1 + 1e-6))

    monkeypatch.setattr(proportions, "mantel_haenszel_test", wrong)
    found = validate()
    assert not found.passed
    assert not found.incomplete
    assert set(found.frame.loc[~found.frame["passed"], "estimator"]) == {"mantel_haenszel_test"}
    assert "FAIL" in validation_page(found)
    assert str(found.summary()).startswith("Failed: ")


def test_a_part_that_lost_references_fails(monkeypatch):
    monkeypatch.setattr(run, "GRID", {proportions.stratified_tables: 43})
    found = validate()
    assert found.frame["passed"].all()
    assert found.incomplete == ["stratified_tables"]
    assert not found.passed


def test_a_part_that_raises_is_said(monkeypatch):
    def broken():
        raise FileNotFoundError("/home/somebody/reference.json")
        yield

    monkeypatch.setattr(run, "GRID", {broken: 3})
    found = validate()
    assert not found.passed
    assert "broken: 0 of 3 comparisons FileNotFoundError" in "\n".join(map(str, found.lines()))
    page = validation_page(found)
    assert "FileNotFoundError" in page
    assert "somebody" not in page


def test_the_same_bytes_twice_and_nothing_of_the_machine(one_part):
    first, second = (validation_files(validate()) for _ in range(2))
    assert first == second
    assert set(first) == {"validation.html", "validation.csv", "validation.json"}
    rows = list(csv.DictReader(io.StringIO(first["validation.csv"].decode())))
    assert len(rows) == 42
    assert json.loads(first["validation.json"])["passed"] is True
    page = first["validation.html"].decode()
    for text in ("Installation qualification", "Operational qualification", "Reviewed by",
                 "No comparison failed.", "SHA-256"):  # fmt: skip
        assert text in page


@pytest.mark.parametrize(
    ("obtained", "given", "passed"),
    [
        ([1.0, 2.0], [1.0, 2.0 + 1e-11], True),
        ([1.0, 2.0], [1.0, 2.0 + 1e-9], False),
        ([float("nan")], [float("nan")], True),
        ([float("nan")], [1.0], False),
        ([1.0], [float("nan")], False),
        ([float("inf")], [float("inf")], True),
        ([float("inf")], [1.0], False),
        ([1.0], [1.0, 1.0], False),
        ([], [], True),
    ],
)
def test_what_is_alike(obtained, given, passed):
    found = Against("one", "two").one("a", "b", "c", obtained, given, rtol=1e-10)
    assert found.passed is passed


def test_command(tmp_path, one_part):
    done = CliRunner().invoke(app, ["validate", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "Passed: 42 of 42" in done.output
    assert {file.name for file in tmp_path.iterdir()} == {
        "validation.html", "validation.csv", "validation.json",
    }  # fmt: skip


def test_command_fails_where_a_comparison_does(monkeypatch):
    monkeypatch.setattr(run, "GRID", {proportions.stratified_tables: 43})
    done = CliRunner().invoke(app, ["validate"])
    assert done.exit_code == 1
    with cs.in_language("zh"):
        assert validation_page(validate())


def test_references_are_the_files_of_the_scripts():
    assert len(reference("cox")) == 12
