"""The table of the benchmarks, and what the README says of it."""

import re

import pytest

from benchmarks import run, timing
from benchmarks.timing import Row


def test_ratio_is_carstats_time_as_a_part_of_the_others():
    assert Row("curve", 0.5, "survfit", 2.0, aim=0.3).cells() == [
        "curve", "0.5", "survfit", "2", "0.25", "0.3", "held",
    ]  # fmt: skip


def test_aim_that_is_not_reached_is_said():
    assert Row("curve", 1.0, "survfit", 2.0, aim=0.3).cells()[-2:] == ["0.3", "**missed**"]


def test_aim_of_what_stands_alone_is_in_seconds():
    assert Row("reproduce", 61.2, aim=60).cells() == [
        "reproduce", "61.2", "–", "–", "", "60 s", "**missed**",
    ]  # fmt: skip


def test_program_that_is_not_installed_is_not_here():
    assert Row("EXNEX", 0.02, "JAGS", None, aim=0.1).cells() == [
        "EXNEX", "0.02", "JAGS", "not here", "", "0.1", "",
    ]  # fmt: skip


def test_what_carstats_itself_lacks_a_library_for_is_not_here():
    assert Row("reproduce", None, aim=60).cells() == ["reproduce", "not here", *[""] * 5]


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0000841, "0.000084"), (23643.0, "23643"), (2, "2")]
)
def test_times_have_three_digits_and_no_exponent(value, shown):
    assert timing._short(value) == shown


def test_without_r_nothing_is_asked_of_it(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert not timing.has_r("survival")
    assert timing.by_r(["survival"], "stop()") is None
    assert run.r_version() == "R not here"


def test_ratio_of_commands_is_the_median_of_the_rounds():
    row = timing.beside("figure", [1.0, 2.0, 9.0], "lifelines", [2.0, 8.0, 10.0])
    assert (row.own, row.other, row.ratio) == (2.0, 8.0, 0.5)


def test_readme_quotes_the_file_of_results():
    assert run.quoted(run.RESULTS.read_text(encoding="utf-8")) in run.README.read_text(
        encoding="utf-8"
    )


def test_what_is_not_here_is_not_quoted():
    head = "# What was measured\n\n1 June 2026, a machine, 2 cores, Linux.\n\n"
    rows = [
        Row("EXNEX model of eight baskets", 0.02, "JAGS, 20,000 draws", None),
        Row("Fine–Gray regression", 0.008, "R's cmprsk::crr", 24.0),
    ]
    said = run.quoted(head + "\n".join(run.line(row.cells()) for row in rows))
    assert "Measured on 1 June 2026, a machine, 2 cores, Linux;" in said
    assert "| Fine–Gray, 10,000 subjects | 0.008 s | R's cmprsk::crr: 24 s | 1 / 3,003 |" in said
    assert not re.search("EXNEX|JAGS", said)


def test_counts_of_a_registry_are_rows_of_the_table():
    printed = (
        "| what | first | wall | CPU | peak, MB | against | wall | CPU | ratio | wanted |\n"
        "| ten rows: curve | 0.8 | 0.24 | 0.35 | 210 | SQL | 0.1 | 0.2 | 1.6 | 0.5 s, 500 MB |\n"
        "| cohort: curve | 0.4 | 0.31 | 0.31 | 592 | survfit | 1.55 | 1.5 | 0.20 | half of R's |\n"
        "| cohort: Cox | 0.4 | 0.31 | 0.31 | 592 | coxph | – | – | – | half of R's |\n"
    )
    alone, beside, lacking = run.rows_of(printed)
    assert alone.cells() == ["ten rows: curve", "0.24", "–", "–", "", "0.5 s", "held"]
    assert beside.cells() == ["cohort: curve", "0.31", "survfit", "1.55", "0.2", "0.5", "held"]
    assert lacking.cells()[3] == "not here"
