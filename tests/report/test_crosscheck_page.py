"""The crosscheck as a page, a CSV and a command."""

import io
from dataclasses import replace

import pandas as pd
import pytest
from typer.testing import CliRunner

import carstats as cs
from carstats.crosschecking import rscript
from carstats.report.pages.second_program import crosscheck_files, crosscheck_page
from carstats.run.cli import app


@pytest.fixture(autouse=True)
def without_r(monkeypatch):
    rscript.r_version.cache_clear()
    monkeypatch.setattr(rscript.shutil, "which", lambda name: None)


@pytest.fixture(scope="module")
def cohort():
    study = cs.simulate_study(seed=5, n=60)
    return cs.define_cohort(study, cs.infused())


@pytest.fixture(scope="module")
def results(cohort):
    own = cs.baseline_table(cohort)
    return [
        cs.survival_at(cohort, "relapse_free_survival", at=365, by="target"),
        cs.response_rate(cohort, "response"),
        replace(own, spec=replace(own.spec, analysis="my_own")),
    ]


@pytest.mark.crosscheck
def test_page_and_csv(cohort, results):
    found = cs.crosscheck(results, cohort)
    files = crosscheck_files(found, made_with="carstats test")
    page = files["crosscheck.html"].decode()
    for text in ("numbers recomputed by", "Coverage", "No number differs.", "survival_curves.R",
                 "the crosscheck does not know the analysis", "Synthetic data"):  # fmt: skip
        assert text in page
    rows = pd.read_csv(io.BytesIO(files["crosscheck.csv"]), keep_default_na=False)
    assert len(rows) == len(found.frame)
    assert {"value", "witness_value", "difference", "tolerance", "verdict"} <= set(rows)
    # Nothing of a subject is in them.
    for name in cohort.subjects["subject_id"]:
        assert name not in page
        assert name not in files["crosscheck.csv"].decode()


@pytest.mark.crosscheck
def test_page_shows_what_differs(cohort, results):
    frame = results[1].frame.assign(estimate=0.123456)
    found = cs.crosscheck(replace(results[1], frame=frame), cohort)
    page = crosscheck_page(found, made_with="carstats test")
    assert "Numbers that differ" in page
    assert "0.123456" in page
    assert any("response_rate, estimate: 1 differ" in line for line in found.lines())


def test_page_without_a_number():
    found = cs.crosscheck([])
    assert "No number was recomputed." in crosscheck_page(found, made_with="carstats test")


def test_the_same_bytes_twice(cohort, results):
    first, second = (
        crosscheck_files(cs.crosscheck(results, cohort), made_with="carstats test")
        for _ in range(2)
    )
    assert first == second


def small_study(folder):
    pd.DataFrame(
        {
            "subject_id": ["a", "b", "c"],
            "disease": ["SLE", "SSc", "SLE"],
            "target": "CD19",
            "platform": "CAR-T",
            "cell_source": "autologous",
            "last_contact_day": [400, 210, 300],
            "age": [30, 41, 52],
        }
    ).to_csv(folder / "subjects.csv", index=False)
    return folder


@pytest.mark.crosscheck
def test_command(tmp_path):
    (tmp_path / "study").mkdir()
    folder = small_study(tmp_path / "study")
    run = CliRunner().invoke(app, ["crosscheck", str(folder), "--out", str(tmp_path / "out")])
    assert run.exit_code == 0, run.output
    assert "numbers recomputed by pandas" in run.output
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"crosscheck.html", "crosscheck.csv"}
    chinese = CliRunner().invoke(app, ["crosscheck", str(folder), "--lang", "zh"])
    assert chinese.exit_code == 0, chinese.output


@pytest.mark.crosscheck
def test_command_fails_where_a_number_differs(tmp_path, monkeypatch, cohort, results):
    frame = results[1].frame.assign(estimate=0.123456)
    wrong = cs.crosscheck(replace(results[1], frame=frame), cohort)
    monkeypatch.setattr(cs, "crosscheck", lambda study, **options: wrong)
    run = CliRunner().invoke(app, ["crosscheck", str(small_study(tmp_path))])
    assert run.exit_code == 1
    assert "differ" in run.output


def test_command_of_a_study_that_cannot_be_read(tmp_path):
    run = CliRunner().invoke(app, ["crosscheck", str(tmp_path / "none")])
    assert run.exit_code == 2
