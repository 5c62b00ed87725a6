"""Check boxes as REDCap exports them: a column a box, ``target___1`` and ``target___2``."""

from __future__ import annotations

from carstats.data.draft.finding import Column, Found
from carstats.data.draft.headings import proposal
from carstats.data.draft.sections import Paper, quoted, table
from carstats.data.schema import TABLES
from carstats.messages import message


def box_lines(paper: Paper, found: Found) -> None:
    """Ask what each box of a question means, where the question is a column of carstats'."""
    questions: dict[str, list[Column]] = {}
    for column in found.columns:
        stem, sign, code = column.heading.partition("___")
        if sign and code:
            questions.setdefault(stem, []).append(column)
    for stem, boxes in questions.items():
        meant = proposal(stem)
        name = meant.target.partition(".")[2]
        described = (
            TABLES["subjects"].column(name) if meant.target.startswith("subjects.") else None
        )
        if described is None or described.kind not in ("term", "text"):
            why = message("Check boxes of a question that was not recognised:")
            paper.unread.append((why, [box.heading for box in boxes]))
            continue
        section = ("subjects", "columns")
        # What stands for a missing column is asked no more.
        constants = paper.sections.get(("subjects", "constants"), [])
        constants[:] = [line for line in constants if line.name != name]
        pairs = [(box.heading, quoted("")) for box in boxes]
        parts = [("checkboxes", table(pairs))]
        if name == "target" and len(boxes) == 2:
            parts.append(("both", quoted("")))
        why = message("what does a tick in each box mean (the codebook of the project says it)?")
        paper.ask(section, name, table(parts), why)
