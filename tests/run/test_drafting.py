"""`carstats draft` and `carstats template` on the command line."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from carstats.run.cli import app
from tests.data.draft.deciding import decide

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "hospital"


@pytest.fixture
def folder(tmp_path):
    shutil.copy(EXAMPLE / "登记表.xlsx", tmp_path)
    return tmp_path


def said(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_draft_check_report(folder, tmp_path):
    out = said("draft", folder)
    assert out.exit_code == 0
    assert "are to be decided" in out.output
    refused = said("check", folder)
    assert refused.exit_code == 2
    assert "[subjects.constants] platform" in refused.output
    decide(folder / "study.toml")
    read = said("check", folder)
    assert read.exit_code == 0
    short = read.output[read.output.index("In short:") :]
    assert "12 subjects, 11 infused" in short
    assert "age 24 to 61" in short
    assert "G1×4 G2×3 G3×1" in short
    assert len(short.strip().split("\n")) <= 12


def test_a_file_that_is_there_is_not_overwritten(folder):
    (folder / "study.toml").write_text("[study]\n", encoding="utf-8")
    assert "is there already" in said("draft", folder).output
    assert said("draft", folder, "--force").exit_code == 0


def test_template(tmp_path):
    place = tmp_path / "registry.xlsx"
    assert said("template", place, "--lang", "zh").exit_code == 0
    assert place.exists()
    assert "is there already" in said("template", place).output
    assert "no name of a workbook" in said("template", tmp_path / "a.csv").output
