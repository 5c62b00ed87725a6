"""Time carstats beside what it is compared with, in one table.

python -m benchmarks.run [--repeat N] [--write]
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks import basket, derive, processes, proportions, survival
from benchmarks.timing import NOT_HERE, ROOT, Row

RESULTS = Path(__file__).parent / "results.md"
README = ROOT / "README.md"
LIBRARIES = ("carstats", "numpy", "pandas", "matplotlib", "lifelines", "duckdb")
COLUMNS = ("what", "carstats, s", "beside it", "its time, s", "ratio", "aim", "")
# How many columns `benchmarks.counts` prints.
COUNTED = 10
RULE = "|---|--:|---|--:|--:|--:|---|"
BEGIN, END = "<!-- benchmarks: written by `make benchmark ARGS=--write` -->", "<!-- /benchmarks -->"
# What the README quotes: how a line begins, what is beside it, and how the README calls it.
QUOTED = (
    (f"{processes.FIGURE}, of two CSV files", "survminer",
     "a cold Kaplan–Meier figure of two CSV files"),
    (f"{processes.FIGURE}, of two CSV files", "lifelines", "the same"),
    (f"{processes.FIGURE}, of a study", "survminer", "the same of a study that is checked whole"),
    ("10,000 bootstrap curves", "R's survfit", "10,000 bootstrap curves of 100 subjects"),
    ("10,000 permutations", "coin", "10,000 permutations of a log-rank test"),
    ("Fine–Gray", "cmprsk", "Fine–Gray, 10,000 subjects"),
    ("Kaplan–Meier with log-log limits, 1,000,000", "R's survfit", "a curve of a million subjects"),
    ("Aalen–Johansen with log-log limits, 100,000", "R's survfit",
     "cumulative incidence, 100,000 subjects"),
    ("10,000,000 Parquet rows: Kaplan", "", "a curve of ten million rows of Parquet"),
    ("EXNEX", "JAGS", "EXNEX, eight baskets"),
    ("`carstats report`, a hospital's sheet", "", "`carstats report`, a hospital's sheet"),
    ("`carstats reproduce`", "", "`carstats reproduce`"),
)  # fmt: skip


def rows(repeat: int) -> Iterator[Row]:
    """Yield every row, the short ones first."""
    yield from processes.starting(repeat)
    yield from processes.figure(repeat)
    yield from survival.rows()
    yield from proportions.rows()
    yield from basket.rows()
    yield from derive.rows()
    yield from registry()
    yield from processes.whole()


def registry() -> Iterator[Row]:
    """Yield the rows of a registry, counted and read in processes of their own."""
    command = [sys.executable, "-m", "benchmarks.counts", "--rounds", "1"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode:
        print(run.stderr, file=sys.stderr)
        yield Row("10,000,000 rows of Parquet counted", None)
    yield from rows_of(run.stdout)


def rows_of(table: str) -> Iterator[Row]:
    """Yield the rows of what `benchmarks.counts` prints: an aim in seconds stands alone."""
    for text in table.splitlines():
        cells = [cell.strip() for cell in text.strip("|").split("|")]
        if len(cells) != COUNTED or not re.fullmatch(r"[\d.]+", cells[2]):
            continue
        what, own, beside, other, wanted = (cells[place] for place in (0, 2, 5, 6, 9))
        if seconds := re.match(r"([\d.]+) s,", wanted):
            yield Row(what, float(own), aim=float(seconds[1]))
        else:
            beside_it = float(other) if re.fullmatch(r"[\d.]+", other) else None
            aim = 0.5 if wanted.startswith("half") else None
            yield Row(what, float(own), beside, beside_it, aim=aim)


def line(cells: list[str] | tuple[str, ...]) -> str:
    """Write a row of the table."""
    return f"| {' | '.join(cells)} |"


def head(repeat: int) -> list[str]:
    """Return the lines above the table: the date, the machine, the versions."""
    libraries = ", ".join(f"{name} {installed(name)}" for name in LIBRARIES)
    return [
        f"{datetime.date.today():%d %B %Y}, {machine()}.",
        f"Python {platform.python_version()}, {r_version()}; {libraries}.",
        "",
        f"Seconds of wall time, medians. Commands took turns, {repeat} rounds, each a new process;"
        " the ratio is the median of the rounds' ratios: how long carstats takes as a part of the"
        " other's time.",
        "",
        line(COLUMNS),
        RULE,
    ]


def machine() -> str:
    """Return what was measured on: the processor, how many cores, the system."""
    name = platform.processor() or platform.machine()
    cpu = Path("/proc/cpuinfo")
    if cpu.exists() and (found := re.search(r"^model name\s*: (.+)$", cpu.read_text(), re.M)):
        name = found[1].strip()
    elif platform.system() == "Darwin":
        asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
        name = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return f"{name}, {os.cpu_count()} cores, {platform.system()}"


def installed(name: str) -> str:
    """Return the version of a library."""
    try:
        return version(name)
    except PackageNotFoundError:
        return NOT_HERE


def r_version() -> str:
    """Return the version of R."""
    if shutil.which("Rscript") is None:
        return f"R {NOT_HERE}"
    asked = ["Rscript", "--vanilla", "-e", "cat(R.version.string)"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return said.replace("R version ", "R ").split(" (")[0]


def quoted(results: str) -> str:
    """Return what the README says, made of the file of results."""
    lines = [[cell.strip() for cell in row.strip("|").split("|")] for row in results.splitlines()]
    table = [cells for cells in lines if len(cells) == len(COLUMNS)]
    measured = next(row for row in results.splitlines() if row and not row.startswith("#"))
    said = []
    for what, name, words in QUOTED:
        for cells in table:
            mine, own, beside, other, ratio = cells[:5]
            if mine.startswith(what) and name in beside and NOT_HERE not in (own, other):
                alone = beside == "–"
                compared = "" if alone else f"{beside.split(',')[0]}: {other} s"
                said.append(line([words, f"{own} s", compared, "" if alone else part(ratio)]))
    return "\n".join(
        [
            BEGIN,
            f"Measured on {measured.rstrip('.')}; the ratio is carstats' time by the other's.",
            "",
            line(("", "carstats", "beside it", "ratio")),
            "|---|--:|---|--:|",
            *said,
            "",
            "[All that is timed](benchmarks/results.md), by `make benchmark`.",
            END,
        ]
    )


def part(ratio: str) -> str:
    """Return a ratio as it is read: 0.42, or one part of many."""
    value = float(ratio)
    return f"{value:.2f}" if value >= 0.1 else f"1 / {round(1 / value):,}"


def write(results: str) -> None:
    """Keep the table, and what the README quotes of it."""
    RESULTS.write_text(results, encoding="utf-8", newline="\n")
    text = README.read_text(encoding="utf-8")
    block = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.S)
    README.write_text(
        block.sub(lambda _: quoted(results), text, count=1), encoding="utf-8", newline="\n"
    )


def main() -> None:
    """Print the table as it grows; keep it on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=7, help="counted rounds (default 7)")
    parser.add_argument(
        "--write", action="store_true", help=f"keep it in {RESULTS.name}, and quote it in README.md"
    )
    options = parser.parse_args()
    top = head(options.repeat)
    print(*top, sep="\n", flush=True)
    table = []
    for row in rows(options.repeat):
        table.append(line(row.cells()))
        print(table[-1], flush=True)
    if options.write:
        write("\n".join(["# What was measured", "", *top, *table, ""]))


if __name__ == "__main__":
    main()
