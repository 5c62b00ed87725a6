"""Whole commands in new processes: imports, the cold figure, the report, the reproduction."""

import statistics
import sys
from collections.abc import Iterator

from benchmarks.timing import ROOT, Row, beside, command_seconds, has, has_r, in_turn
from carstats.run.notebooks import NEEDED

PYTHON = sys.executable
CARSTATS = [PYTHON, "-m", "carstats.run.cli"]
HERE = ROOT / "benchmarks"
FIGURE = "cold Kaplan–Meier figure in SVG, PDF and PNG"


def starting(repeat: int) -> Iterator[Row]:
    """Yield what it costs to begin."""
    names = "from carstats import define_cohort, read_study, survival_curve"
    programs = ["import carstats", names, "import pandas"]
    bare, first, pandas = in_turn([[PYTHON, "-c", line] for line in programs], repeat)
    yield beside("`import carstats`", bare, "`import pandas`", pandas, 1.0)
    yield beside("`import carstats` and the names of an analysis", first, "`import pandas`", pandas)
    (helped,) = in_turn([[*CARSTATS, "--help"]], repeat)
    yield Row("`carstats --help`", statistics.median(helped), aim=0.5)


def figure(repeat: int) -> Iterator[Row]:
    """Yield the same figure by carstats, lifelines and survminer, in turn."""
    frame = f"{FIGURE}, of two CSV files"
    study = f"{FIGURE}, of a study whose seven tables are checked, with test and medians"
    commands = {
        "frame": [PYTHON, str(HERE / "carstats_km.py"), "--out", "{out}"],
        "study": [PYTHON, str(ROOT / "analyses" / "relapse_free_by_target.py"), "--out", "{out}"],
    }
    if has("lifelines"):
        commands["lifelines"] = [PYTHON, str(HERE / "lifelines_km.py"), "--out", "{out}"]
    if has_r("survival", "survminer"):
        script = str(HERE / "survminer_km.R")
        commands["survminer"] = ["Rscript", "--vanilla", script, "{out}"]
    times = dict(zip(commands, in_turn(list(commands.values()), repeat), strict=True))
    for what, own in ((study, times["study"]), (frame, times["frame"])):
        yield beside(what, own, "survminer, two CSV files", times.get("survminer"), 0.45)
        yield beside(what, own, "lifelines, two CSV files", times.get("lifelines"), 0.5)


def whole() -> Iterator[Row]:
    """Yield the commands that make all of a study, each run once."""
    hospital = str(ROOT / "docs" / "examples" / "hospital")
    runs = {
        "`carstats check`, a hospital's sheet": (["check", hospital], None),
        "`carstats report`, a hospital's sheet": (["report", hospital, "--out", "{out}"], None),
        "`carstats report`, the synthetic study": (
            ["report", str(ROOT / "data" / "synthetic"), "--out", "{out}"],
            None,
        ),
        "`carstats reproduce`: all figures, tables, notebooks": (
            ["reproduce", "--out", "{out}"],
            60.0,
        ),
    }
    for what, (command, aim) in runs.items():
        able = command[0] != "reproduce" or has(*NEEDED)
        yield Row(what, command_seconds([*CARSTATS, *command]) if able else None, aim=aim)
