"""Compare what the analyses write now with what is committed in `figures/`."""

from __future__ import annotations

import csv
import json
import math
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from carstats.data.packaged import packaged_folder
from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.pages.contact_sheet import PAGE
from carstats.run.reproduce import Outcome, find_analyses, reproduce

# Processors and versions of the numerical libraries differ in the last digits of a sum or of an
# incomplete beta function, by far less than this; a change of method differs by far more.
RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9
_SIZE = re.compile(r' width="\d+" height="\d+"')
_COMPARED = (".csv", ".json")
_DRAWN = (".svg", ".pdf", ".png", ".html", ".docx", ".rtf", ".tex")


@dataclass(frozen=True)
class Comparison:
    """One output: what it is called, and whether it is the same.

    Attributes
    ----------
    name : str
        The file's name.
    verdict : str
        ``"same"``, or what differs.
    same : bool
        Whether it passes.
    """

    name: str
    verdict: str
    same: bool


def verify(
    committed: str | Path | None = None, *, report: Callable[[Outcome, int], None] | None = None
) -> list[Comparison]:
    """Make all figures and tables anew and compare their numbers and their origin.

    The CSV files are compared number by number, to the named tolerances, and the JSON files and
    the page of all figures exactly. Drawings must be there; their bytes, and their sizes on the
    page, depend on the fonts and the version of matplotlib.
    """
    if committed is None:
        committed = packaged_folder("analyses").parent / "figures"
    committed = Path(committed)
    if not committed.is_dir():
        raise CarstatsError(
            message(
                "there is no folder {folder} to compare with. Verify inside the repository, "
                "after carstats reproduce.",
                folder=committed,
            )
        )
    with tempfile.TemporaryDirectory() as folder:
        outcomes = reproduce(out=folder, notebooks=False, lang="en", report=report)
        lines = compare_folders(Path(folder) / "figures", committed)
    made = {outcome.name: outcome.reason for outcome in outcomes if outcome.reason}
    lines += [Comparison(name, f"not made: {reason}", False) for name, reason in made.items()]
    return sorted(lines, key=lambda line: line.name)


def compare_folders(new: Path, committed: Path) -> list[Comparison]:
    """Compare two folders of outputs."""
    stems = {script.stem for script in find_analyses(notebooks=False)}
    names = {f.name for folder in (new, committed) if folder.is_dir() for f in folder.iterdir()}
    return [
        _compare(new / name, committed / name, stems) for name in sorted(names) if name[0] != "."
    ]


def _compare(new: Path, committed: Path, stems: set[str]) -> Comparison:
    name = new.name
    if not new.is_file():
        by_script = committed.stem in stems
        words = "no longer written by its script" if by_script else "not made by any script"
        return Comparison(name, words, False)
    if not committed.is_file():
        return Comparison(name, "missing", False)
    if committed.suffix in _COMPARED:
        differs = _csv_difference if committed.suffix == ".csv" else _json_difference
        difference = differs(committed.read_text("utf-8"), new.read_text("utf-8"))
        return Comparison(name, f"differs: {difference}" if difference else "same", not difference)
    if name == PAGE:
        pages = (_SIZE.sub("", file.read_text("utf-8")) for file in (new, committed))
        same = len(set(pages)) == 1
        return Comparison(name, "same" if same else "differs: its words or its links", same)
    if committed.suffix in _DRAWN:
        if not committed.stat().st_size:
            return Comparison(name, "empty", False)
        same = committed.read_bytes() == new.read_bytes()
        return Comparison(
            name, "same" if same else "drawn from the same script; bytes differ", True
        )
    return Comparison(name, "not made by any script", False)


def _csv_difference(old: str, new: str) -> str:
    """Return the first difference of two tables in words; row 1 is the heading."""
    before, after = (list(csv.reader(text.splitlines())) for text in (old, new))
    if not before or not after:
        return "" if before == after else "one of them is empty"
    if before[0] != after[0]:
        return f"columns {', '.join(before[0])} → {', '.join(after[0])}"
    if len(before) != len(after):
        return f"{len(before) - 1} rows → {len(after) - 1} rows"
    for number, (one, other) in enumerate(zip(before, after, strict=True), start=1):
        if len(one) != len(other):
            return f"row {number}: {len(one)} cells → {len(other)} cells"
        for column, a, b in zip(before[0], one, other, strict=True):
            if not _alike(a, b):
                return f"column {column}, row {number}: {a or 'blank'} → {b or 'blank'}"
    return ""


def _alike(a: str, b: str) -> bool:
    if a == b:
        return True
    try:
        one, other = float(a), float(b)
    except ValueError:
        return False
    return math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)


def _json_difference(old: str, new: str) -> str:
    try:
        before, after = json.loads(old), json.loads(new)
    except json.JSONDecodeError as error:
        return f"the committed file is not JSON ({error})"
    return _difference(before, after, "")


def _difference(a: object, b: object, where: str) -> str:
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted({*a, *b}):
            if key not in a or key not in b:
                return f"{where}{key} {'added' if key in b else 'gone'}"
            found = _difference(a[key], b[key], f"{where}{key}: ")
            if found:
                return found
        return ""
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return next(filter(None, (_difference(x, y, where) for x, y in zip(a, b, strict=True))), "")
    return "" if a == b else f"{where}{a!r} → {b!r}"
