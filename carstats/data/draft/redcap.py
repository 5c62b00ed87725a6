"""Check boxes as REDCap exports them: a column a box, ``target___1`` and ``target___2``."""

from __future__ import annotations

from carstats.data.check import cell_text
from carstats.data.draft.finding import Column, Found, box
from carstats.data.draft.headings import proposal
from carstats.data.draft.sections import Paper, quoted, table
from carstats.data.draft.values import meaning
from carstats.data.matching import code_key
from carstats.data.schema import TABLES
from carstats.messages import message


def box_lines(paper: Paper, found: Found) -> None:
    """Ask what each box of a question means, where the question is a column of carstats'."""
    questions: dict[str, list[Column]] = {}
    for column in found.columns:
        if (said := box(column.heading)) is not None:
            questions.setdefault(said[0], []).append(column)
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
        choices = [(box(one.heading) or ("", ""))[1] for one in boxes]
        terms = [meaning(meant.target, choice) for choice in choices]
        sure = all(t.term and t.sure and not t.term.startswith("+") for t in terms)
        pairs = [(one.heading, quoted(t.term if t.sure else ""))
                 for one, t in zip(boxes, terms, strict=True)]  # fmt: skip
        parts = [("checkboxes", table(pairs))]
        if name == "target" and len(boxes) == 2:
            both = meaning(meant.target, "+".join(t.term for t in terms)) if sure else None
            parts.append(("both", quoted(both.term if both else "")))
        if sure and (name == "target" or not _ticked_together(found, boxes)):
            paper.on(section, name, table(parts), message("the headings say the choices"))
            continue
        why = message("what does a tick in each box mean (the codebook of the project says it)?")
        paper.ask(section, name, table(parts), why)


def _ticked_together(found: Found, boxes: list[Column]) -> bool:
    ticks = [found.sheet.frame.iloc[:, one.place].map(_tick).to_numpy() for one in boxes]
    return bool((sum(t.astype(int) for t in ticks) > 1).any())


def _tick(cell: object) -> bool:
    return (
        code_key(cell_text(cell)) in ("1", "checked", "true", "yes") if cell is not None else False
    )
