"""Check boxes as REDCap exports them, a column a box: what a tick in each says."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from carstats.data.check import read_flag
from carstats.data.readers.context import shown
from carstats.messages import message, message_n


def ticked(rows, spec: Mapping, needed: bool = False) -> np.ndarray:
    """Return what the check boxes of each row say, as REDCap exports them: a column a box."""
    boxes = spec["checkboxes"]
    unread: set[int] = set()
    said = {heading: _ticks(rows, heading, unread) for heading in boxes}
    together = {frozenset(names): value for value, names in spec.get("several", {}).items()}
    if "both" in spec and len(boxes) == 2:
        together[frozenset(boxes)] = spec["both"]
    out = np.full(len(rows), None, dtype=object)
    for i in range(len(rows)):
        ticks = [heading for heading, cells in said.items() if cells[i]]
        if i in unread:
            # Refused already; that there is no value would be untrue.
            out[i] = next(iter(boxes.values()))
        elif len(ticks) == 1:
            out[i] = boxes[ticks[0]]
        elif ticks and frozenset(ticks) in together:
            out[i] = together[frozenset(ticks)]
        elif ticks:
            what = message(
                "{n} boxes are ticked: {boxes}.",
                n=len(ticks),
                boxes=message(", ").join(f"{h} ({boxes[h]})" for h in ticks),
            )
            remedy = message(
                "Untick one, or say what they mean together: several = {example}.",
                example='{ "' + "+".join(str(boxes[h]) for h in ticks) + '" = ['
                + ", ".join(f'"{h}"' for h in ticks) + "] }",
            )  # fmt: skip
            rows.fault(i, ticks[0], what, remedy)
        elif any(cells[i] is not None for cells in said.values()):
            out[i] = spec.get("none")
            if needed and "none" not in spec:
                boxes_said = message(", ").join(f"`{heading}`" for heading in boxes)
                what = message("no box is ticked among {boxes}.", boxes=boxes_said)
                remedy = message("Tick one, or say what none means: none = {value}.", value='"…"')
                rows.fault(i, next(iter(boxes)), what, remedy)
    unsaid = sum(
        out[i] is None and any(cells[i] is not None for cells in said.values())
        for i in range(len(rows))
    )
    if unsaid:
        note = message_n(
            "{sheet}: {n} row has no box ticked among {headings}.",
            "{sheet}: {n} rows have no box ticked among {headings}.",
            unsaid,
            sheet=rows.sheet.name,
            headings=message(", ").join(f"`{h}`" for h in boxes),
        )
        rows.context.notes += [note] if note not in rows.context.notes else []
    return out


def _ticks(rows, heading: str, unread: set[int]) -> list[bool | None]:
    ticks: list[bool | None] = []
    for i, cell in enumerate(rows.cells(heading)):
        tick = None
        if cell is not None and not (isinstance(cell, str) and rows.context.is_missing(cell)):
            tick = read_flag(cell)
            if tick is None:
                what = message("{cell} is neither ticked nor not.", cell=shown(cell))
                rows.fault(i, heading, what, message("A box is 0 or 1, Checked or Unchecked."))
                unread.add(i)
        ticks.append(tick)
    return ticks
