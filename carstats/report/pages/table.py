"""A table on a page of its own style: plain HTML that a screen reader can follow cell by cell."""

from __future__ import annotations

from html import escape

from carstats.report.tables.model import Row, Table

_LONGEST_NUMBER = 40
# A table of up to so many rows is kept on one page in print.
_SHORT = 20
# A table of more columns is set closer.
_NARROW = 7


def table_on_page(table: Table, place: str) -> str:
    """Return a table as HTML without a style of its own."""
    title = f'<p class="title" id="{place}">{escape(table.title)}</p>'
    if table.heads:
        body = "\n".join(_group(table, group, rows) for group, rows in table.groups())
        inner = (
            f'<div class="scroll" role="region" tabindex="0" aria-labelledby="{place}">\n'
            f'<table aria-labelledby="{place}">\n<thead>\n{_head(table)}\n</thead>\n{body}\n'
            "</table>\n</div>"
        )
    else:
        inner = "\n".join(f"<p>{escape(row.cells[0])}</p>" for row in table.rows)
    notes = "\n".join(
        f'<p class="note">{_raised(letters)}{" " if letters else ""}{escape(note)}</p>'
        for letters, note in table.footnotes()
    )
    kind = "table"
    kind += " short" if len(table.rows) <= _SHORT else ""
    kind += " wide" if len(table.heads) > _NARROW else ""
    return f'<div class="{kind}">\n{title}\n{inner}\n{notes}\n</div>'


def _head(table: Table) -> str:
    covered = {i: s for s in table.spanners for i in range(s.first, s.last + 1)}
    above, below = [], []
    for i, (text, marks) in enumerate(zip(table.heads, table.head_marks, strict=True)):
        # A column without a name is one whose cells need none.
        words = escape(text) + _raised(marks)
        tall = ' rowspan="2"' if table.spanners and i not in covered else ""
        tag = f'th scope="col"{tall}{_side(table, i)}' if words else f"td{tall}"
        cell = f"<{tag}>{words}</{tag[:2]}>"
        (below if i in covered else above).append(cell)
        if i in covered and covered[i].first == i:
            wide = covered[i].last - i + 1
            above.append(
                f'<th scope="colgroup" class="span" colspan="{wide}">{escape(covered[i].text)}</th>'
            )
    rows = [above, below] if table.spanners else [above]
    return "\n".join(f"<tr>{''.join(row)}</tr>" for row in rows)


def _group(table: Table, group: str, rows: list[Row]) -> str:
    head = (
        f'<tr class="group"><th scope="rowgroup" colspan="{len(table.heads)}">'
        f"{escape(group)}</th></tr>\n"
        if group
        else ""
    )
    return f"<tbody>\n{head}{''.join(_row(table, row) for row in rows)}</tbody>"


def _row(table: Table, row: Row) -> str:
    first, *others = row.cells
    depth = min(3, row.indent)
    inset = f' class="in{depth}"' if depth else ""
    cells = "".join(
        f"<td{_side(table, i)}>{escape(text)}</td>" for i, text in enumerate(others, start=1)
    )
    return f'<tr><th scope="row"{inset}>{escape(first)}{_raised(row.marks)}</th>{cells}</tr>\n'


def _side(table: Table, column: int) -> str:
    # A column with a sentence in it is none of numbers, which stay on one line to the right.
    long = any(len(row.cells[column]) > _LONGEST_NUMBER for row in table.rows)
    return ' class="num"' if table.align[column] == "right" and not long else ""


def _raised(marks: str) -> str:
    return f"<sup>{escape(marks)}</sup>" if marks else ""
