"""Run every estimator against the stored references, and say where and with what it was done."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib import metadata
from pathlib import Path

import pandas as pd

from carstats import __version__
from carstats.data.packaged import packaged_folder
from carstats.messages import Joined, Message, message
from carstats.validation.comparison import SCRIPTS
from carstats.validation.grid.all import GRID

# What the estimators stand on, and what they are asked by.
LIBRARIES = ("numpy", "scipy", "pandas")
# What a part of the grid may raise where a file or a library is broken.
_RAISED = (ArithmeticError, AttributeError, ImportError, LookupError, OSError, RuntimeError,
           TypeError, ValueError)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Validation:
    """The comparisons of a machine with the references; made by `validate`.

    Attributes
    ----------
    frame : pandas.DataFrame
        A row for each comparison: ``part`` of the grid, ``estimator``, ``source`` (the reference
        script), ``data_set``, ``option``, ``statistic``, ``n`` numbers, and of the one that is
        farthest off ``reference``, ``obtained``, ``difference``, ``tolerance``; ``passed``.
    parts : pandas.DataFrame
        A row for each part of the grid: ``part``, ``expected`` and ``found`` comparisons, and
        ``error``, the kind of error that ended it, if one did.
    machine : dict of str to str
        The versions of carstats, Python and the libraries, and the machine.
    references : dict of str to str
        The SHA-256 of every reference file.
    date : str
        The day, where it was asked for.
    """

    frame: pd.DataFrame
    parts: pd.DataFrame
    machine: dict[str, str]
    references: dict[str, str]
    date: str = ""

    @property
    def passed(self) -> bool:
        """Whether the grid is whole and every comparison is within its tolerance."""
        whole = self.parts["found"].eq(self.parts["expected"]).all() and not self.incomplete
        return bool(whole and len(self.frame) and self.frame["passed"].all())

    @property
    def incomplete(self) -> list[str]:
        """The parts of the grid that have not the comparisons that they must come to."""
        odd = self.parts["found"].ne(self.parts["expected"]) | self.parts["error"].ne("")
        return self.parts.loc[odd, "part"].tolist()

    def by_estimator(self) -> pd.DataFrame:
        """Count the comparisons of each estimator with each reference file."""
        groups = self.frame.groupby(["estimator", "source"], sort=False)
        return groups.agg(
            n_comparisons=("passed", "size"), n_numbers=("n", "sum"), n_passed=("passed", "sum"),
            largest=("difference", "max"), tolerance=("tolerance", "max"),
        ).reset_index()  # fmt: skip

    def summary(self) -> Message:
        """Return in one sentence how many comparisons were made and passed."""
        passed = int(self.frame["passed"].sum()) if len(self.frame) else 0
        places = {
            "passed": f"{passed:,}",
            "n": f"{len(self.frame):,}",
            "expected": f"{int(self.parts['expected'].sum()):,}",
            "numbers": f"{int(self.frame['n'].sum()) if len(self.frame) else 0:,}",
            "estimators": self.frame["estimator"].nunique() if len(self.frame) else 0,
        }
        if self.passed:
            return message(
                "Passed: {passed} of {n} comparisons ({expected} expected) of {numbers} numbers, "
                "{estimators} estimators, are within their tolerances.",
                **places,
            )
        return message(
            "Failed: {passed} of {n} comparisons ({expected} expected) of {numbers} numbers, "
            "{estimators} estimators, are within their tolerances.",
            **places,
        )

    def lines(self) -> list[Message]:
        """Return the summary, where it was run, and what failed."""
        where = [message("{name} {version}", name=k, version=v) for k, v in self.machine.items()]
        lines = [self.summary(), message(", ").join(where)]
        lines += [
            message("{part}: {found} of {expected} comparisons {error}", part=row.part,
                    found=row.found, expected=row.expected, error=row.error)
            for row in self.parts.itertuples() if row.part in self.incomplete
        ]  # fmt: skip
        failed = self.frame[~self.frame["passed"]] if len(self.frame) else self.frame
        lines += [
            message(
                "{estimator}, {data_set}, {option}, {statistic}: {obtained} for {reference}, "
                "tolerance {tolerance}",
                estimator=row.estimator, data_set=row.data_set, option=row.option or "–",
                statistic=row.statistic, obtained=f"{row.obtained:.10g}",
                reference=f"{row.reference:.10g}", tolerance=f"{row.tolerance:.1e}",
            )
            for row in failed.itertuples()
        ]  # fmt: skip
        return lines

    def __repr__(self) -> str:
        return Joined(self.lines(), "\n")


def validate(
    *, progress: Callable[[int, int], None] | None = None, date: bool = False
) -> Validation:
    """Run every estimator against the references that travel with carstats.

    Parameters
    ----------
    progress : callable, optional
        Called with the number of parts done and their number.
    date : bool
        Whether the day belongs to the result; without it two runs give the same bytes.

    Returns
    -------
    Validation
        Every comparison, with the versions and the machine.
    """
    rows, parts = [], []
    for number, (part, expected) in enumerate(GRID.items(), start=1):
        made, error = [], ""
        try:
            for comparison in part():
                made.append({"part": part.__name__, **asdict(comparison)})
        except _RAISED as raised:
            error = type(raised).__name__
        rows += made
        found = {"part": part.__name__, "expected": expected, "found": len(made), "error": error}
        parts.append(found)
        if progress is not None:
            progress(number, len(GRID))
    today = pd.Timestamp.today().strftime("%Y-%m-%d") if date else ""
    return Validation(
        pd.DataFrame(rows), pd.DataFrame(parts), machine_of(), _references(), today
    )  # fmt: skip


def machine_of() -> dict[str, str]:
    """Return the versions that the numbers were made with, and what kind of machine it is."""
    found = {"carstats": __version__, "Python": platform.python_version()}
    found |= {name: metadata.version(name) for name in LIBRARIES}
    found[platform.system() or sys.platform] = platform.machine()
    return found


def _references() -> dict[str, str]:
    folder: Path = packaged_folder(SCRIPTS)
    files = sorted([*folder.glob("*.json"), *folder.glob("*.csv")])
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in files}
