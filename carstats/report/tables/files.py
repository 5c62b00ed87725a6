"""A table as a file: HTML here, LaTeX, Word and RTF in modules of their own."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from carstats.errors import CarstatsError, check_choice
from carstats.messages import message
from carstats.report.tables.latex import table_latex
from carstats.report.tables.rtf import table_rtf
from carstats.report.tables.widths import unbroken
from carstats.report.tables.word import table_word
from carstats.translation import LANGUAGE_TAGS

if TYPE_CHECKING:
    from carstats.report.tables.model import Table

__all__ = ["FORMATS", "table_bytes", "table_html", "table_latex", "table_page", "table_rtf",
           "table_word"]  # fmt: skip
# The ending of each format's file.
FORMATS = {"html": "html", "latex": "tex", "word": "docx", "rtf": "rtf"}
_FONTS = ["Helvetica Neue", "Arial", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei",
          "DejaVu Sans", "sans-serif"]  # fmt: skip
_STYLE = """
#{id} .gt_title {{ font-weight: bold !important; padding-left: 5px; }}
#{id} .gt_row {{ vertical-align: top; }}
#{id} .gt_row.gt_stub {{ min-width: 8em; }}
#{id} .gt_indent_2 {{ text-indent: 0; padding-left: 1.2em; }}
#{id} .gt_indent_4 {{ text-indent: 0; padding-left: 2.2em; }}
#{id} .short {{ white-space: nowrap; }}
#{id} .gt_sourcenote {{ line-height: 1.4; max-width: 1px; }}
#{id} sup {{ font-size: 75%; line-height: 0; }}
"""
# Private characters stand round a footnote's letter while the text is escaped.
_OPEN, _CLOSE = "\ue000", "\ue001"


def table_html(table: Table, table_id: str | None = None) -> str:
    """Return a table as a fragment of HTML with its styles."""
    # Loading it takes as long as drawing a figure, which only tables should pay.
    from great_tables import GT, html

    table_id = table.identifier() if table_id is None else table_id
    if not re.fullmatch(r"[A-Za-z][\w-]*", table_id):
        raise CarstatsError(
            message(
                "`table_id` is {table_id!r}; it is a letter, then letters and digits.",
                table_id=table_id,
            )
        )
    names = [f"c{i}" for i in range(len(table.align))]
    body = [(row.cells[0] + _marked(row.marks), *row.cells[1:], row.group) for row in table.rows]
    frame = pd.DataFrame(body, columns=[*names, "group"], dtype=object)
    grouped = any(row.group for row in table.rows)
    if not grouped:
        frame = frame.drop(columns="group")
    gt = GT(frame, rowname_col="c0", groupname_col="group" if grouped else None, id=table_id)
    gt = gt.tab_header(title=table.title)
    if table.heads:
        heads = [
            unbroken(head) + _marked(m)
            for head, m in zip(table.heads, table.head_marks, strict=True)
        ]
        gt = gt.tab_stubhead(heads[0]).cols_label(dict(zip(names[1:], heads[1:], strict=True)))
    for place, spanner in enumerate(table.spanners):
        columns = names[spanner.first : spanner.last + 1]
        gt = gt.tab_spanner(unbroken(spanner.text), columns, id=f"span{place}")
    for side in ("left", "right"):
        columns = [name for name, given in zip(names, table.align, strict=True) if given == side]
        gt = gt.cols_align(side, columns=columns) if columns else gt
    for depth in {row.indent for row in table.rows} - {0}:
        places = [i for i, row in enumerate(table.rows) if row.indent == depth]
        gt = gt.tab_stub_indent(rows=places, indent=min(5, 2 * depth))
    for letters, note in table.footnotes():
        gt = gt.tab_source_note(html(escape(_marked(letters) + note)))
    gt = gt.tab_options(
        table_font_names=_FONTS,
        table_font_size="14px",
        heading_align="left",
        heading_title_font_size="16px",
        heading_border_bottom_color="#1a1a1a",
        table_font_color="#1a1a1a",
        table_margin_left="0",
        table_margin_right="0",
        table_border_top_style="none",
        table_border_bottom_style="none",
        table_body_border_top_color="#1a1a1a",
        table_body_border_bottom_color="#1a1a1a",
        column_labels_font_weight="bold",
        column_labels_border_top_color="#1a1a1a",
        column_labels_border_bottom_color="#1a1a1a",
        column_labels_hidden=not table.heads,
        row_group_font_weight="bold",
        row_group_border_top_style="none",
        row_group_border_bottom_style="none",
        stub_border_style="none",
        table_body_hlines_style="none",
        source_notes_font_size="12px",
        source_notes_padding="2px",
        data_row_padding="3px",
        row_group_padding="3px",
    )
    text = gt.opt_css(_STYLE.format(id=table_id)).as_raw_html()
    # A short text stays on one line; a browser would break it after its en dash.
    text = re.sub(r'gt_right">([^<]{1,24})</td>', r'gt_right short">\1</td>', text)
    # Who has no mouse scrolls a wide table by its keys.
    region = f'<div id="{table_id}" role="region" tabindex="0" aria-labelledby="{table_id}-title"'
    text = text.replace(f'<div id="{table_id}"', region, 1)
    return re.sub(f"{_OPEN}([a-z,]+){_CLOSE}", r"<sup>\1</sup>", text)


def table_page(table: Table, table_id: str | None = None) -> str:
    """Return a table as an HTML page that opens by itself."""
    return (
        f'<!DOCTYPE html>\n<html lang="{LANGUAGE_TAGS[table.language]}">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(table.title)}</title>\n"
        "<style>body{margin:1rem;color:#1a1a1a;background:#fff}</style>\n"
        f"</head>\n<body>\n<main>\n{table_html(table, table_id)}\n</main>\n</body>\n</html>\n"
    )


def table_bytes(table: Table, kind: str, table_id: str | None = None) -> bytes:
    """Return a table as a file's content."""
    kind = check_choice("formats", kind, tuple(FORMATS))
    if kind == "html":
        return table_page(table, table_id).encode()
    if kind == "latex":
        return table_latex(table).encode()
    return table_word(table) if kind == "word" else table_rtf(table)


def _marked(letters: str) -> str:
    return f"{_OPEN}{letters}{_CLOSE}" if letters else ""
