"""The command line as a user meets it: what it prints, where, and its exit codes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import carstats
from carstats.report.printing import inert

ROOT = Path(__file__).parents[2]


def carstats_command(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "carstats.run.cli", *map(str, arguments)],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=False,
    )


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "study"
    place.mkdir()
    pd.DataFrame(
        {
            "subject_id": ["a", "b"],
            "disease": ["SLE", "SSc"],
            "target": "CD19",
            "platform": "CAR-T",
            "cell_source": "autologous",
            "last_contact_day": [400, 210],
        }
    ).to_csv(place / "subjects.csv", index=False)
    return place


def test_version_and_help():
    run = carstats_command("--version")
    assert run.stdout.decode().strip() == f"carstats {carstats.__version__}"
    text = carstats_command("--help").stdout.decode()
    for name in ("check", "reproduce", "verify", "simulate"):
        assert name in text


def test_help_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['carstats', '--help']\n"
        "from carstats.run.cli import app\n"
        "try:\n    app()\nexcept SystemExit:\n    print(*sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    loaded = set(run.stdout.split())
    assert not loaded & {"pandas", "numpy", "matplotlib", "scipy", "great_tables", "nbclient"}


def test_check_prints_what_was_read(folder):
    run = carstats_command("check", folder)
    text = run.stdout.decode()
    assert run.returncode == 0
    assert "2 rows" in text
    assert "disease: SLE 1, SSc 1" in text
    assert run.stderr == b""


def test_check_lists_problems_without_a_traceback(folder):
    table = pd.read_csv(folder / "subjects.csv").assign(disease=["SLE", "XYZ"], sex=["F", "Q"])
    table.to_csv(folder / "subjects.csv", index=False)
    run = carstats_command("check", folder)
    assert run.returncode == 2
    assert run.stdout == b""
    words = run.stderr.decode()
    assert words.startswith("Error: 2 problems:")
    assert "row 3" in words
    assert "Traceback" not in words


def test_a_terminal_that_is_not_utf8(folder):
    table = pd.read_csv(folder / "subjects.csv").assign(disease=["SLE", "未知病"])
    table.to_csv(folder / "subjects.csv", index=False)
    run = carstats_command("check", folder, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert run.returncode == 2
    assert b"subjects.csv, row 3" in run.stderr
    assert b"Traceback" not in run.stderr


def test_reproduce_lists_what_could_not_be_made(folder, tmp_path):
    out = tmp_path / "out"
    run = carstats_command(
        "reproduce", "--data", folder, "--out", out, "--only", "toxicity_by_grade"
    )
    assert run.returncode == 2
    line = run.stdout.decode().splitlines()[0]
    assert line.startswith("toxicity_by_grade: not made. the study has no table `toxicities`")
    assert b"1 of 1 analyses could not be made" in run.stderr
    assert not out.exists()


def test_reproduce_refuses_what_cannot_be_read(tmp_path):
    run = carstats_command("reproduce", "--data", tmp_path / "absent", "--out", tmp_path)
    assert run.returncode == 2
    assert b"Traceback" not in run.stderr
    assert list(tmp_path.iterdir()) == []


def test_results_of_own_data_do_not_land_in_the_repository(folder, tmp_path):
    command = [sys.executable, "-m", "carstats.run.cli", "reproduce", "--data", "study"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [*command, "--only", "attrition"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()
    assert (tmp_path / "carstats-results" / "figures" / "attrition.csv").is_file()


def test_simulate_writes_a_study_that_can_be_read(tmp_path):
    run = carstats_command("simulate", "--out", tmp_path / "made", "--seed", 3, "--n", 20)
    assert run.returncode == 0, run.stderr.decode()
    study = carstats.read_study(tmp_path / "made")
    assert len(study.subjects) == 20
    assert study.synthetic


OBEYED = "\x1b[31m\x07\x9b\x7f\r\u202e\u2067\u200f\u2028"


def test_nothing_printed_is_obeyed_by_a_terminal(folder):
    name = f"own{OBEYED}column"
    table = pd.read_csv(folder / "subjects.csv").assign(**{name: 1, f"sex{OBEYED}?": "F"})
    table.to_csv(folder / "subjects.csv", index=False)
    read = carstats_command("check", folder)
    assert "own\\x1b[31m\\x07" in read.stdout.decode() or read.returncode == 2
    table = table.assign(disease=f"XYZ{OBEYED}")
    table.to_csv(folder / "subjects.csv", index=False)
    refused = carstats_command("check", folder)
    gone = carstats_command("check", folder / f"no{OBEYED[:-1]}where", "--lang", "zh")
    report = carstats_command("report", folder / f"no{OBEYED[:-1]}where", "--out", folder / "o")
    assert refused.returncode == gone.returncode == report.returncode == 2
    for run in (read, refused, gone, report):
        said = (run.stdout + run.stderr).decode()
        assert said
        assert not set(said) & set(OBEYED.replace("[31m", ""))


def test_written_out():
    assert inert("a\x1b[2Jb\u202ec\td\n") == "a\\x1b[2Jb\\u202ec\td\n"
    words = "登记表 é 👩\u200d⚕️ 1\u00a0000"
    assert inert(words) == words


def test_only_one_place_prints():
    for file in (ROOT / "carstats").rglob("*.py"):
        if file.name != "printing.py":
            code = re.sub(r'"""(.*?)"""', "", file.read_text(encoding="utf-8"), flags=re.S)
            assert not re.search(r"(?<![\w.])print\(|\becho\(", code), file
