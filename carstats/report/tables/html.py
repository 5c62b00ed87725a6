"""A table as HTML that a screen reader can follow cell by cell: on a page, alone, in a notebook."""

from __future__ import annotations

import re
from html import escape

from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.tables.model import Content, Row
from carstats.report.tables.widths import unbroken
from carstats.translation import LANGUAGE_TAGS

_LONGEST_NUMBER = 40
# A table of up to so many rows is kept on one page in print.
_SHORT = 20
# A table of more columns is set closer.
_NARROW = 7
# For a table that no page gives its looks.
_STYLE = """
.ct{font:14px/1.45 "Helvetica Neue",Arial,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",
"DejaVu Sans",sans-serif;color:#1a1a1a;background:#fff;text-align:left}
.ct .title{font-weight:700;font-size:16px;margin:0 0 .4rem}
.ct .scroll{overflow-x:auto}
.ct table{border-collapse:collapse;border-block:1px solid;margin:0}
.ct :is(th,td){font-weight:400;text-align:left;vertical-align:top;padding:3px 8px 3px 0;
border:0;background:none;white-space:normal}
.ct thead{border-bottom:1px solid}
.ct thead th,.ct .group th{font-weight:700;vertical-align:bottom}
.ct thead th{word-break:keep-all;min-width:3em}
.ct .span{text-align:center;border-bottom:1px solid #bdbdbd}
.ct .num{text-align:right;padding:3px 0 3px 14px}
.ct td.num{white-space:nowrap}
.ct tbody th{min-width:8em}
.ct .in1{padding-left:1.2em}.ct .in2{padding-left:2.2em}.ct .in3{padding-left:3.2em}
.ct .note{font-size:12px;line-height:1.4;margin:.3rem 0 0;max-width:60em}
.ct sup{font-size:75%;line-height:0}
"""


def table_html(table: Content, table_id: str, *, styled: bool = False) -> str:
    """Return a table as HTML; `styled` brings its looks along, which a page has of its own."""
    if not re.fullmatch(r"[A-Za-z][\w-]*", table_id):
        raise CarstatsError(
            message(
                "`table_id` is {table_id!r}; it is a letter, then letters and digits.",
                table_id=table_id,
            )
        )
    title = f'<p class="title" id="{table_id}">{escape(table.title)}</p>'
    if table.heads:
        body = "\n".join(_group(table, group, rows) for group, rows in table.groups())
        inner = (
            f'<div class="scroll" role="region" tabindex="0" aria-labelledby="{table_id}">\n'
            f'<table aria-labelledby="{table_id}">\n<thead>\n{_head(table)}\n</thead>\n{body}\n'
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
    kind += " ct" if styled else ""
    style = f"<style>{_STYLE}</style>\n" if styled else ""
    return f'{style}<div class="{kind}">\n{title}\n{inner}\n{notes}\n</div>'


def table_page(table: Content, table_id: str | None = None) -> str:
    """Return a table as an HTML page that opens by itself."""
    return (
        f'<!DOCTYPE html>\n<html lang="{LANGUAGE_TAGS[table.language]}">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(table.title)}</title>\n"
        "<style>body{margin:1rem;color:#1a1a1a;background:#fff}</style>\n"
        "</head>\n<body>\n<main>\n"
        f"{table_html(table, table_id or table.identifier(), styled=True)}\n"
        "</main>\n</body>\n</html>\n"
    )


def _head(table: Content) -> str:
    covered = {i: s for s in table.spanners for i in range(s.first, s.last + 1)}
    above, below = [], []
    for i, (text, marks) in enumerate(zip(table.heads, table.head_marks, strict=True)):
        # A column without a name is one whose cells need none.
        words = escape(unbroken(text)) + _raised(marks)
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


def _group(table: Content, group: str, rows: list[Row]) -> str:
    head = (
        f'<tr class="group"><th scope="rowgroup" colspan="{len(table.heads)}">'
        f"{escape(group)}</th></tr>\n"
        if group
        else ""
    )
    return f"<tbody>\n{head}{''.join(_row(table, row) for row in rows)}</tbody>"


def _row(table: Content, row: Row) -> str:
    first, *others = row.cells
    depth = min(3, row.indent)
    inset = f' class="in{depth}"' if depth else ""
    cells = "".join(
        f"<td{_side(table, i)}>{escape(text)}</td>" for i, text in enumerate(others, start=1)
    )
    return f'<tr><th scope="row"{inset}>{escape(first)}{_raised(row.marks)}</th>{cells}</tr>\n'


def _side(table: Content, column: int) -> str:
    # A column with a sentence in it is none of numbers, which stay on one line to the right.
    long = any(len(row.cells[column]) > _LONGEST_NUMBER for row in table.rows)
    return ' class="num"' if table.align[column] == "right" and not long else ""


def _raised(marks: str) -> str:
    return f"<sup>{escape(marks)}</sup>" if marks else ""
