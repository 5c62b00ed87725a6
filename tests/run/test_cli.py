"""The command line as a user meets it: what it prints, where, and its exit codes."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.main import get_command
from typer.testing import CliRunner

import carstats
from carstats import errors
from carstats.report.printing import inert
from carstats.run.cli import MORE, START, TRUST, app

ROOT = Path(__file__).parents[2]
PATH = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))


def carstats_command(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "carstats.run.cli", *map(str, arguments)],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": PATH, **environment},
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
            "cutoff_day": 500,
            "infused": True,
        }
    ).to_csv(place / "subjects.csv", index=False)
    return place


def test_version_and_help():
    run = carstats_command("--version")
    assert run.stdout.decode().strip() == f"carstats {carstats.__version__}"
    text = carstats_command("--help").stdout.decode()
    for name in ("check", "reproduce", "verify", "simulate"):
        assert name in text


def test_help_is_a_map():
    text = carstats_command("--help").stdout.decode()
    panels = [text.index(f"{panel}:") for panel in (START, TRUST, MORE)]
    assert panels == sorted(panels)
    listed = [text.index(f"\n  {name} ") for name in ("check", "report", "crosscheck", "endpoints")]
    assert panels[0] < listed[0] < listed[1] < panels[1] < listed[2] < panels[2] < listed[3]
    # Every command stands in it, its first sentence whole.
    for name, command in get_command(app).commands.items():
        assert f"\n  {name} " in text
        assert " ".join(command.get_short_help_str(500).split()) in " ".join(text.split())


def test_a_shell_completes():
    def completed(words):
        environment = {**os.environ, "PYTHONPATH": PATH, "COMP_CWORD": str(words.count(" "))}
        environment |= {"_CARSTATS_COMPLETE": "complete_bash", "COMP_WORDS": words}
        code = "from carstats.run.cli import app; app(prog_name='carstats')"
        command = [sys.executable, "-c", code]
        run = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        return run.stdout.split()

    assert completed("carstats re") == ["report", "reproduce"]
    assert completed("carstats check --lang ") == ["en", "zh"]
    assert completed("carstats reproduce --only relapse_t") == ["relapse_three_ways"]
    script = carstats_command(
        "--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1"
    )
    assert script.returncode == 0
    assert b"complete -o default -F" in script.stdout


def test_progress_and_problems_in_chinese(folder, tmp_path):
    made = carstats_command(
        "reproduce",
        "--data",
        folder,
        "--out",
        tmp_path / "o",
        "--only",
        "igg_course",
        "--lang",
        "zh",
    )
    assert "未完成" in made.stdout.decode()
    gone = [
        carstats_command(*command, "--lang", "zh").stderr.decode()
        for command in (
            ("verify", "--out", tmp_path / "none"),
            ("crosscheck", tmp_path / "none"),
            ("simulate", "--out", folder / "subjects.csv"),
        )
    ]
    assert all(words.startswith("错误：") for words in gone), gone


def test_verify_says_what_differs_and_ends_with_one(folder, tmp_path):
    table = pd.read_csv(folder / "subjects.csv")
    out = tmp_path / "out"
    carstats_command("reproduce", "--data", folder, "--out", out, "--only", "attrition")
    for name in ("results.csv", "methods.csv", "index.html", "manifest.json"):
        (out / "figures" / name).unlink()
    same = carstats_command("verify", "--data", folder, "--out", out)
    assert same.returncode == 0, same.stdout.decode()
    table.assign(infused=[True, False]).to_csv(folder / "subjects.csv", index=False)
    other = carstats_command("verify", "--data", folder, "--out", out)
    assert other.returncode == 1
    assert re.search(r"attrition\.csv +differs: row \d+, column n_", other.stdout.decode())


def test_help_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['carstats', '--help']\n"
        "from carstats.run.cli import app\n"
        "try:\n    app()\nexcept SystemExit:\n    print(*sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": PATH}
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
    environment = {**os.environ, "PYTHONPATH": PATH}
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
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    called = getattr(node.func, "id", getattr(node.func, "attr", ""))
                    own = isinstance(node.func, ast.Attribute) and called == "print"
                    assert own or called not in ("print", "echo", "secho"), (file, node.lineno)


@pytest.mark.parametrize(
    ("command", "lacks", "extra"),
    [
        (["crosscheck", "study"], "lifelines", "crosscheck"),
        (["reproduce", "--out", "out"], "nbclient", "notebooks,crosscheck"),
        (["reproduce", "--only", "cohort"], "ipykernel", "notebooks,crosscheck"),
    ],
)
def test_a_command_names_the_extra_it_needs_before_it_begins(
    monkeypatch, tmp_path, command, lacks, extra
):
    monkeypatch.setattr(errors, "find_spec", lambda name: None if name == lacks else name)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert f"this needs {lacks}, which is not installed" in result.output
    assert f'pip install "carstats[{extra}]"' in result.output
    assert list(tmp_path.iterdir()) == []
