"""What the cells of a column are: dates, numbers, yes or no, a few words; never shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from carstats.data.check import MISSING, cell_text, read_flag
from carstats.data.draft.values import is_missing, meaning
from carstats.data.formats.dates import NotADate, date_ordinal
from carstats.data.matching import code_key, read_grade

# So many different values of a column are looked at: enough to know what it holds.
_LOOKED_AT = 400
# A column of more different values is no list of terms.
FEW = 60
_LAST = re.compile(r"(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*\d{4}")
_PARTIAL = re.compile(r"(19|20)\d\d([-/.年]\s*\d{0,2}\s*月?)?$|\d{4}-UN.*|[A-Z]{3}\d{4}$", re.I)
_NONE = frozenset({"无", "無", "没有", "未", "否", "未发生", "no", "无复发", "未复发"})
# Also a titre: 1:320.
_NUMBER = re.compile(r"[<>≤≥]?\s*(?:[+-]?\d+([.,]\d+)?|1\s*:\s*\d+)\s*$")


@dataclass
class Cells:
    """What the cells of a column are.

    Attributes
    ----------
    n, filled : int
        The rows, and those that hold anything.
    kind : str
        ``"date"``, ``"number"``, ``"flag"``, ``"text"`` or ``"empty"``.
    values : dict of str to int
        Its different values with their counts; empty where there are too many to be terms.
    numbers : numpy.ndarray
        Its numbers.
    signs : tuple of str
        Words in it that say that there is no value.
    order : str
        ``"dmy"`` or ``"mdy"`` where its dates prove it, ``"?"`` where they may be either, else "".
    partial : bool
        Whether some of its dates lack their day.
    """

    n: int = 0
    filled: int = 0
    kind: str = "empty"
    values: dict[str, int] = field(default_factory=dict)
    numbers: np.ndarray = field(default_factory=lambda: np.array([]))
    signs: tuple[str, ...] = ()
    order: str = ""
    partial: bool = False

    @property
    def blank(self) -> int:
        """How many cells are empty."""
        return self.n - self.filled

    @property
    def zero_one(self) -> bool:
        """Whether it holds nothing but 0 and 1."""
        return bool(self.values) and set(map(code_key, self.words())) <= {"0", "1"}

    def words(self) -> list[str]:
        """Return its values but for the signs for missing."""
        return [v for v in self.values if v not in self.signs]


def look(column: pd.Series) -> Cells:
    """Return what the cells of a column are."""
    codes, distinct = pd.factorize(column, use_na_sentinel=True)
    counts = np.bincount(codes[codes >= 0], minlength=len(distinct))
    order = np.argsort(-counts, kind="stable")[:_LOOKED_AT]
    looked = [(distinct[i], int(counts[i])) for i in order]
    looked = [(v, n) for v, n in looked if cell_text(v).strip()]
    blank = len(column) - sum(
        int(n) for v, n in zip(distinct, counts, strict=True) if cell_text(v).strip()
    )
    cells = Cells(len(column), len(column) - blank)
    if not looked:
        return cells
    texts = [cell_text(v) for v, _ in looked]
    cells.signs = tuple(t for t in texts if _is_sign(t))
    rest = [v for v, _ in looked if cell_text(v) not in cells.signs]
    if len(distinct) <= FEW:
        cells.values = {cell_text(v): n for v, n in looked}
    cells.kind = _kind(rest, cells)
    if cells.kind in ("date", "number"):
        # Among dates and numbers "none" says that there is none.
        cells.signs += tuple(t for t in texts if code_key(t) in _NONE and t not in cells.signs)
    if cells.kind == "number":
        every = pd.to_numeric(pd.Series(list(distinct), dtype=object), errors="coerce")
        cells.numbers = every.dropna().to_numpy(float)
    return cells


def _is_sign(text: str) -> bool:
    return code_key(text) in MISSING or is_missing(text) is not None


def _kind(values: Iterable[object], cells: Cells) -> str:
    values = list(values)
    if not values:
        return "empty"
    texts = [cell_text(v) for v in values]
    flags = [read_flag(t) is not None or _says_flag(t) for t in texts]
    if all(flags) and len(values) <= 8:
        return "flag"
    numbers = [bool(_NUMBER.match(unicodedata.normalize("NFKC", t))) for t in texts]
    dates = [not number and _is_date(v, cells) for v, number in zip(values, numbers, strict=True)]
    n = len(values)
    if sum(dates) >= 0.5 * n or (any(dates) and sum(dates) + sum(numbers) >= 0.9 * n):
        return "date"
    if sum(numbers) >= 0.8 * n:
        serial = [t for t in texts if re.fullmatch(r"(19|20)\d{6}", t)]
        return "date" if len(serial) == n else "number"
    return "text"


def _says_flag(text: str) -> bool:
    found = meaning("flag", text)
    return found.sure and found.term in ("true", "false")


def _is_date(value: object, cells: Cells) -> bool:
    try:
        date_ordinal(value)
    except NotADate as fault:
        if fault.code == "order":
            _weigh(str(value), cells)
            return True
        if _PARTIAL.match(str(value).strip()):
            cells.partial = True
            return True
        return False
    return True


def _weigh(text: str, cells: Cells) -> None:
    """Note whether the day or the month comes first, where a date proves it."""
    found = _LAST.match(text.strip())
    if not found:
        return
    first, second = int(found[1]), int(found[2])
    proof = "dmy" if first > 12 else "mdy" if second > 12 else "?"
    if cells.order in ("", "?"):
        cells.order = proof
    elif proof not in ("?", cells.order):
        cells.order = "both"


def _grade(text: str) -> int | None:
    """Return the grade that a cell says, also in words: "Cytokine release syndrome Gr 2"."""
    if (grade := read_grade(text)) is not None:
        return grade
    found = meaning("toxicities.grade", text)
    return int(found.term) if found.sure and found.term.isdigit() else None


def has_grades(cells: Cells) -> bool:
    """Return whether cells are grades, and not only yes or no."""
    words = cells.words()
    grades = [_grade(w) for w in words]
    known = [g for g in grades if g is not None]
    named = any(g is not None and not w.strip().isdigit() and g > 0
                for w, g in zip(words, grades, strict=True))  # fmt: skip
    return bool(known) and len(known) >= 0.6 * len(words) and (max(known) > 1 or named)
