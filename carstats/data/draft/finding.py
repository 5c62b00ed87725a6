"""The sheets of a folder that nobody has described, and where their headings are."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from carstats.data.check import cell_text
from carstats.data.draft.cells import Cells, look
from carstats.data.draft.headings import Proposal, proposal
from carstats.data.formats.binary import column_labels, quiet
from carstats.data.formats.encodings import decoded
from carstats.data.formats.files import WORKBOOKS, Files
from carstats.data.formats.sheets import UNNAMED, Reading, Sheet
from carstats.data.matching import seen
from carstats.data.vocabulary import folded
from carstats.errors import CarstatsError, Problem
from carstats.messages import message

# So many rows are looked at for the headings, and so many of a text file for its delimiter.
_TOP, _SNIFFED = 30, 60
_MOST_COLUMNS = 2000
_CHOICE = re.compile(r"(.+?)\s*\(choice\s*=\s*(.+)\)\s*")
_WORDY = re.compile(r"[^\W\d_]")


@dataclass(eq=False)
class Column:
    """One column of a sheet: its heading as a mapping names it, what it is taken for, its cells."""

    heading: str
    proposal: Proposal
    cells: Cells
    group: str = ""
    place: int = 0


@dataclass(eq=False)
class Found:
    """One sheet that was found.

    Attributes
    ----------
    path : Path
        The file.
    title : str
        The sheet of a workbook; empty for any other file.
    header_row : int
        The row of its headings.
    sheet : Sheet
        Its cells.
    columns : list of Column
        Its columns.
    where : dict
        The rows that are meant, where a file holds several tables.
    above : int
        How many rows of text stand above the headings.
    """

    path: Path
    title: str
    header_row: int
    sheet: Sheet
    columns: list[Column] = field(default_factory=list)
    where: dict = field(default_factory=dict)
    grouped: bool = False

    def of(self, *targets: str) -> list[Column]:
        """Return the columns that are taken for any of some targets."""
        return [c for c in self.columns if c.proposal.target in targets]

    def first(self, *targets: str) -> Column | None:
        """Return the first column that is taken for a target, the surest first."""
        for target in targets:
            named = sorted(self.of(target), key=lambda c: not c.proposal.sure)
            if named:
                return named[0]
        return None

    def kinds(self, prefix: str) -> list[Column]:
        """Return the columns whose target begins so."""
        return [c for c in self.columns if c.proposal.target.startswith(prefix)]


def found_in(path: Path, files: Files) -> list[Found]:
    """Return the sheets of a file that have headings and rows."""
    if path.suffix.lower() in WORKBOOKS:
        sheets = [(title, _top_of_sheet(path, title, files)) for title in files.sheet_names(path)]
    else:
        top = _top_of_text(path, files) if path.suffix.lower() in (".csv", ".tsv", ".txt") else []
        sheets = [("", top)]
    return [one for title, top in sheets if (one := _sheet(path, title, top, files)) is not None]


def _top_of_sheet(path: Path, title: str, files: Files) -> list[list[object]]:
    sheet = files.book(path).values[title]
    sheet.reset_dimensions()
    try:
        with quiet():
            rows = [list(row[:_MOST_COLUMNS]) for row in sheet.iter_rows(
                values_only=True, max_row=_TOP)]  # fmt: skip
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return []
    return rows


def _top_of_text(path: Path, files: Files) -> list[list[object]]:
    try:
        text, _ = decoded(files.content(path), path.name)
    except CarstatsError as error:
        files.problems += [p for p in error.problems if p not in files.problems]
        return []
    lines = text.split("\n")[:_SNIFFED]
    body = "\n".join(lines)
    counts = {sign: [line.count(sign) for line in lines if line.strip()] for sign in ",;\t|"}
    # The delimiter makes many rows of the same number of cells.
    best = max(counts, key=lambda s: (_usual(counts[s]), sum(counts[s])))
    try:
        return [list(row) for row in csv.reader(io.StringIO(body), delimiter=best)][:_TOP]
    except csv.Error:
        return []


def _usual(counts: Sequence[int]) -> int:
    filled = [n for n in counts if n]
    return max((filled.count(n) for n in set(filled)), default=0)


def _texts(row: Sequence[object]) -> list[str]:
    return ["" if cell is None else seen(cell_text(cell)) for cell in row]


def _score(row: Sequence[object]) -> float:
    """Return how much a row reads as headings."""
    texts = [text for text in _texts(row) if text]
    if not texts:
        return -1.0
    wordy = [text for text in texts if _WORDY.search(text)]
    known = sum(bool(proposal(text).target) for text in wordy if len(text) <= 60)
    return known + 0.2 * len(set(wordy)) - 0.5 * (len(texts) - len(wordy))


def heading_row(top: Sequence[Sequence[object]]) -> tuple[int, bool] | None:
    """Return the row of the headings, and whether the row above names groups of them."""
    if not top:
        return 1, False
    scores = [_score(row) for row in top]
    best = max(range(len(scores)), key=lambda i: (scores[i], -i), default=None)
    if best is None or scores[best] < 0:
        return None
    filled = [sum(bool(text) for text in _texts(row)) for row in top]
    if scores[best] < 1:
        # Nothing is known: the first row of several texts.
        best = next((i for i, n in enumerate(filled) if n >= 2), best)
    below = best + 1
    # A second line of headings under a first that leaves gaps: the lower one names the columns.
    if (
        below < len(top)
        and scores[below] > 0.5
        and _all_words(top[below])
        and filled[best] < filled[below]
    ):
        return below + 1, True
    above = _texts(top[best - 1]) if best else []
    grouped = len({t for t in above if t}) >= 2 and _all_words(top[best - 1])
    return best + 1, grouped


def _is_data(row: Sequence[object]) -> bool:
    """Return whether what would be the row of the headings holds what a subject's row does."""
    texts = [text for text in _texts(row) if text]
    known = sum(bool(proposal(text).target) for text in texts)
    data = [text for text in texts if not _WORDY.search(text) and re.search(r"\d", text)]
    told = [text for text in data if re.search(r"\d{5,}|\d[-/.]\d{1,2}[-/.]\d", text)]
    return bool(texts) and known * 2 < len(texts) and (bool(told) or len(data) * 2 > len(texts))


def _all_words(row: Sequence[object]) -> bool:
    texts = [text for text in _texts(row) if text]
    return bool(texts) and all(_WORDY.search(text) for text in texts)


def _sheet(path: Path, title: str, top, files: Files) -> Found | None:
    if path.suffix.lower() in WORKBOOKS and not any(any(_texts(row)) for row in top):
        name = f"{path.name}, {title}" if title else path.name
        remedy = message("It is empty, or holds pictures alone: a picture of a table is not read.")
        files.problems.append(Problem(message("has no cell that holds anything."), name,
                                      remedy=remedy))  # fmt: skip
        return None
    row = heading_row(top)
    if row is None:
        return None
    number, grouped = row
    if top and _is_data(top[number - 1]):
        what = message("has no headings: row {row} holds a date or numbers, as a subject's does.",
                       row=number)  # fmt: skip
        remedy = message("Write a row of headings above the first subject.")
        files.problems.append(Problem(what, path.name, number, remedy=remedy))
        return None
    text = path.suffix.lower() in (".csv", ".tsv", ".txt", *WORKBOOKS)
    reading = Reading(sheet=title or None, header_row=number if text and top else None)
    sheet = files.sheet(path, reading)
    if sheet is None:
        return None
    made = Found(path, title, number if top else 1, sheet, grouped=grouped)
    groups = _groups(top[number - 2]) if grouped else []
    made.columns = columns_of(sheet, groups, column_labels(path))
    return made


def _groups(row: Sequence[object]) -> list[str]:
    """Return the group of each column: a merged cell names those to its right too."""
    out, last = [], ""
    for text in _texts(row):
        last = text or last
        out.append(last)
    return out


def _labelled(meant: Proposal, label: str) -> Proposal:
    """Return what a column is taken for, whose label in a file of SPSS or SAS says it in words."""
    said = proposal(label) if label else None
    if said is None or not said.target or said.target == meant.target:
        return meant
    if not meant.target or (said.sure and not meant.sure):
        return said
    return replace(meant, sure=False, others=(*meant.others, said.target))


def columns_of(
    sheet: Sheet, groups: Sequence[str] = (), labels: Mapping[str, str] | None = None
) -> list[Column]:
    """Return the columns of a sheet; a heading that stands several times is named by its place."""
    headings = list(map(str, sheet.frame.columns))
    alike = [folded(heading) for heading in headings]
    columns = []
    for i, heading in enumerate(headings):
        if heading.startswith(UNNAMED):
            continue
        place = alike[: i + 1].count(alike[i])
        name = f"{heading}#{place}" if alike.count(alike[i]) > 1 else heading
        group = groups[i] if i < len(groups) else ""
        meant = _labelled(proposal(heading), (labels or {}).get(heading, ""))
        if group and group != heading and (both := proposal(f"{group} {heading}")).target:
            meant = both if both.day is not None or not meant.target else meant
        # A check box of REDCap is read with the others of its question.
        meant = replace(meant, heading=name, target="" if box(heading) else meant.target)
        columns.append(Column(name, meant, look(sheet.frame.iloc[:, i]), group, i))
    return columns


def box(heading: str) -> tuple[str, str] | None:
    """Return the question and the choice of a check box of REDCap; None if a heading is none.

    With REDCap's own names it is ``target___1``, with labels ``Target (choice=CD19)``.
    """
    stem, sign, code = heading.partition("___")
    if sign and code:
        return stem, code
    found = _CHOICE.fullmatch(heading)
    return (found[1], found[2]) if found else None


def part(found: Found, rows, where: dict) -> Found:
    """Return a sheet's rows that a condition takes, as a sheet of their own."""
    frame = found.sheet.frame[rows]
    sheet = replace(found.sheet, frame=frame)
    columns = [
        Column(c.heading, c.proposal, look(frame.iloc[:, c.place]), c.group, c.place)
        for c in found.columns
    ]
    return Found(found.path, found.title, found.header_row, sheet, columns, where)
