"""Time carstats beside what it is compared with: medians of interleaved runs, in one table.

python benchmarks/run.py [--repeat N] [--write]
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import basket
import numpy as np
import survival

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results.md"
LIBRARIES = ("carstats", "numpy", "pandas", "matplotlib", "lifelines")


def command_line(*arguments):
    """Return the command that runs the installed `carstats`."""
    beside = Path(sys.executable).parent
    script = shutil.which("carstats", path=str(beside)) or shutil.which("carstats")
    if script is None:
        sys.exit("carstats is not installed beside this Python: use `make benchmark`.")
    return [script, *arguments]


def seconds(command, out):
    """Run a command to its end and return the wall time; `{out}` stands for a folder of its own."""
    command = [part.replace("{out}", str(out)) for part in command]
    begun = time.perf_counter()
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - begun
    if run.returncode:
        sys.exit(f"{' '.join(command)} ended with {run.returncode}:\n{run.stderr or run.stdout}")
    return taken


def medians(commands, repeat, warm=1):
    """Run the commands in turn, `repeat` rounds after `warm` uncounted ones; return each median."""
    times = [[] for _ in commands]
    for round_ in range(warm + repeat):
        for command, taken in zip(commands, times, strict=True):
            with tempfile.TemporaryDirectory() as out:
                spent = seconds(command, out)
            if round_ >= warm:
                taken.append(spent)
    return [statistics.median(taken) for taken in times]


def rows(repeat):
    """Yield a row per benchmark: what, carstats, against, other, measure, value, limit."""
    python = sys.executable
    script = str(ROOT / "analyses" / "relapse_free_by_target.py")
    other = str(Path(__file__).parent / "lifelines_km.py")

    own, base = medians(
        [[python, "-c", "import carstats"], [python, "-c", "import pandas"]], repeat
    )
    yield "`import carstats`", own, "`import pandas`", base, "ratio", own / base, 1.3

    first_use = "from carstats import define_cohort, read_study, survival_curve"
    own, base = medians([[python, "-c", first_use], [python, "-c", "import pandas"]], repeat)
    yield "names of a survival analysis", own, "`import pandas`", base, "ratio", own / base, None

    own, base = medians([command_line("--help"), [python, "-c", ""]], repeat)
    yield "`carstats --help`", own, "bare interpreter", base, "seconds more", own - base, 0.5

    figure = ["--out", "{out}"]
    own, base = medians([[python, script, *figure], [python, other, *figure]], repeat)
    yield "Kaplan–Meier figure", own, "the same by lifelines", base, "ratio", own / base, 0.6

    if survminer():
        drawn = ["Rscript", "--vanilla", str(Path(__file__).parent / "survminer_km.R"), "{out}"]
        own, base = medians([[python, script, *figure], drawn], repeat)
        yield "Kaplan–Meier figure", own, "the same by survminer", base, "ratio", own / base, 0.5

    yield from estimators()

    study = str(ROOT / "data" / "synthetic")
    (own,) = medians([command_line("report", study, "--out", "{out}")], repeat=1, warm=0)
    yield "`carstats report`", own, "–", None, "seconds", own, None

    (own,) = medians([command_line("reproduce", "--out", "{out}")], repeat=1, warm=0)
    yield "`carstats reproduce`", own, "–", None, "seconds", own, 60.0


def survminer():
    """Return whether R draws with survminer here."""
    asked = 'quit(status = !requireNamespace("survminer", quietly = TRUE))'
    found = shutil.which("Rscript")
    return found and not subprocess.run([found, "-e", asked], capture_output=True).returncode


def estimators():
    """Yield the rows of the estimators; what a comparison needs and is not there leaves a blank."""
    rng = np.random.default_rng(20240603)
    for part in (survival.bootstrap, survival.permutation, survival.subdistribution):
        for what, own, other, theirs, least in part(rng):
            ratio = own / theirs if theirs else float("nan")
            yield what, own, other, theirs, "ratio", ratio, 1 / float(least.split()[-1])
    for n, what, own in survival.sizes(rng):
        yield f"{what}, {n:,} subjects", own, "–", None, "seconds", own, None
    for name, own in basket.analyses(repeat=9):
        yield f"eight baskets, {name}", own, "–", None, "seconds", own, 0.05


def line(what, own, against, base, measure, value, limit):
    """Write a row of the table."""
    beside = "" if base is None else f"{base:.4g}"
    unit = " s" if "seconds" in measure else ""
    judged = "– | "
    if limit is not None:
        judged = f"{limit:g}{unit} | {'within' if value <= limit else '**over**'}"
    return (
        f"| {what} | {own:.4g} | {against} | {beside} | {measure} | {value:.3g}{unit} | {judged} |"
    )


def main():
    """Print the table as it grows; keep it on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=9, help="counted rounds (default 9)")
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}")
    options = parser.parse_args()

    os.environ["MPLBACKEND"] = "Agg"
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    head = [
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores; {libraries}.",
        f"Seconds of wall time, medians of {options.repeat} interleaved rounds "
        "(`carstats reproduce`: one run).",
        "",
        "| what | carstats | against | other | measure | value | limit | |",
        "|---|--:|---|--:|---|--:|--:|---|",
    ]
    print(*head, sep="\n", flush=True)
    table = []
    for row in rows(options.repeat):
        table.append(line(*row))
        print(table[-1], flush=True)
    if options.write:
        text = "\n".join(["# What was measured", "", *head, *table, ""])
        RESULTS.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
