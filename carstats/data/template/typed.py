"""What was typed into the template beside the example row, before it is read."""

from __future__ import annotations

from pathlib import Path

from carstats.data.check import cell_text
from carstats.data.formats.files import Files
from carstats.data.formats.sheets import Reading
from carstats.data.template.layout import TITLES, example_id, fields
from carstats.errors import Problem
from carstats.messages import message

# So many cells that differ from the example's say that a subject was typed over it.
_TYPED = 2


def typed_problems(path: Path, lang: str, files: Files) -> list[Problem]:
    """Return what is wrong with the example rows: a subject under its identifier, or nobody else.

    A sheet that was renamed or lacks the identifier's heading is left to the reader.
    """
    problems: list[Problem] = []
    for table, titles in TITLES.items():
        of_sheet = [f for f in fields() if f.sheet == table]
        person = next((f for f in of_sheet if f.kind == "id" or f.name == "subject_id"), None)
        if titles[lang] not in files.sheet_names(path) or person is None:
            continue
        names = frozenset(f.heading[lang] for f in of_sheet)
        sheet = files.sheet(path, Reading(sheet=titles[lang], names=names))
        heading = person.heading[lang]
        if sheet is None or heading not in sheet.frame or sheet.frame.columns.duplicated().any():
            continue
        ids = sheet.frame[heading].map(_said)
        for row in sheet.frame.index[ids == example_id(lang)]:
            said = {f.heading[lang]: f.example[lang] for f in of_sheet if f is not person}
            other = sum(
                bool(cell := _said(sheet.frame.at[row, name])) and not cell.startswith(example)
                for name, example in said.items()
                if name in sheet.frame
            )
            if other >= _TYPED:
                what = message("the row was typed over the example, and its identifier is still"
                               " {example}.", example=repr(example_id(lang)))  # fmt: skip
                remedy = message("Write the subject's identifier.")
                problems.append(Problem(what, sheet.name, int(row), heading, remedy))
        if table == "subjects" and not problems and set(ids) <= {example_id(lang), ""}:
            what = message("no subject is typed in yet.")
            remedy = message("Type over the example row, or below it.")
            problems.append(Problem(what, sheet.name, remedy=remedy))
    return problems


def _said(cell: object) -> str:
    return "" if cell is None or cell != cell else cell_text(cell).strip()
