"""How a benchmark is timed: a row of the table, calls, commands in turn, and R beside them."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
NOT_HERE = "not here"


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    what : str
        What is done.
    own : float or None
        The seconds carstats takes; None where what it needs is not installed.
    beside : str
        What does the same; empty where nothing is timed beside it.
    other : float or None
        The seconds that takes; None where it is not installed.
    ratio : float or None
        The median of the rounds' ratios; by default `own` by `other`.
    aim : float or None
        The ratio that is aimed at, at most; the seconds where nothing is beside it.
    """

    what: str
    own: float | None
    beside: str = ""
    other: float | None = None
    ratio: float | None = None
    aim: float | None = None

    def cells(self) -> list[str]:
        """Return the cells of the line."""
        ratio = self.ratio
        if self.own is None:
            return [self.what, NOT_HERE, *[""] * 5]
        if ratio is None and self.other:
            ratio = self.own / self.other
        judged = ratio if self.beside else self.own
        held = ""
        if self.aim is not None and judged is not None:
            held = "held" if judged <= self.aim else "**missed**"
        other = "–" if not self.beside else NOT_HERE if self.other is None else _short(self.other)
        aim = "" if self.aim is None else f"{self.aim:g}" if self.beside else f"{self.aim:g} s"
        shown = "" if ratio is None else _short(ratio)
        return [self.what, _short(self.own), self.beside or "–", other, shown, aim, held]


def _short(value: float) -> str:
    """Return three digits, without an exponent."""
    return (
        f"{value:.0f}" if value >= 100 else f"{float(f'{value:.3g}'):.6f}".rstrip("0").rstrip(".")
    )


def seconds(run: Callable[[], object], rounds: int = 9) -> float:
    """Return the median wall time of a call; the first is not counted."""
    run()
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def once(run: Callable[[], object]) -> float:
    """Return the wall time of one call."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def command_seconds(command: Sequence[str]) -> float:
    """Run a command to its end and return the wall time; `{out}` stands for a folder of its own."""
    # Compiled files are kept between the rounds, as they are of an installed package.
    own = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    own |= {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    with tempfile.TemporaryDirectory() as out:
        command = [part.replace("{out}", out) for part in command]
        begun = time.perf_counter()
        run = subprocess.run(
            command, cwd=ROOT, env=own, capture_output=True, text=True, check=False
        )
        taken = time.perf_counter() - begun
    if run.returncode:
        sys.exit(f"{' '.join(command)} ended with {run.returncode}:\n{run.stderr or run.stdout}")
    return taken


def in_turn(commands: Sequence[Sequence[str]], repeat: int) -> list[list[float]]:
    """Return the times of commands that take turns, so that all meet the same load.

    A first round is not counted: it fills the caches of the file system and compiled files.
    """
    rounds = [[command_seconds(command) for command in commands] for _ in range(1 + repeat)]
    return [list(times) for times in zip(*rounds[1:], strict=True)]


def beside(
    what: str,
    own: list[float],
    name: str,
    other: list[float] | None,
    aim: float | None = None,
) -> Row:
    """Return the row of two commands that took turns."""
    mine = statistics.median(own)
    if other is None:
        return Row(what, mine, name, None, aim=aim)
    ratios = [a / b for a, b in zip(own, other, strict=True)]
    return Row(what, mine, name, statistics.median(other), statistics.median(ratios), aim)


def has(*packages: str) -> bool:
    """Return whether Python packages are installed."""
    return all(find_spec(package) is not None for package in packages)


def has_r(*packages: str) -> bool:
    """Return whether R is here with some packages."""
    if shutil.which("Rscript") is None:
        return False
    asked = ", ".join(f'"{package}"' for package in packages)
    script = f"quit(status = !all(sapply(c({asked}), requireNamespace, quietly = TRUE)))"
    run = subprocess.run(["Rscript", "--vanilla", "-e", script], capture_output=True, check=False)
    return run.returncode == 0


def by_r(
    packages: Sequence[str], script: str, data: pd.DataFrame | None = None
) -> list[float] | None:
    """Return the seconds that an R script prints last, by a space; None where R lacks something."""
    if not has_r(*packages):
        return None
    loads = "".join(f"suppressMessages(library({package}));" for package in packages)
    with tempfile.TemporaryDirectory() as folder:
        if data is not None:
            data.to_csv(Path(folder) / "data.csv", index=False)
        run = subprocess.run(
            ["Rscript", "--vanilla", "-e", loads + script],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if run.returncode:
        sys.exit(f"R ended with {run.returncode}:\n{run.stderr or run.stdout}")
    return [float(word) for word in run.stdout.splitlines()[-1].split()]
