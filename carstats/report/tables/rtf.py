"""A table as RTF, which statistical departments file with submissions; rtflite writes it."""

from __future__ import annotations

from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.tables.model import Content
from carstats.report.tables.widths import column_shares, landscape, unbroken

# A4 and its margins in inches: left, right, top, bottom, header, footer.
_PAGE, _MARGINS = (8.27, 11.69), [1, 1, 1, 1, 0.5, 0.5]
# rtflite gives the rows of a second page the looks of the first's; the reader's program breaks the
# pages instead and repeats the heads.
_NO_BREAK = 1_000_000
_INDENT = 200


def table_rtf(table: Content) -> bytes:
    """Return a table as RTF."""
    try:
        import polars
        import rtflite
    except ImportError as error:
        raise CarstatsError(
            message('RTF needs rtflite, which is not installed: pip install "carstats[rtf]".')
        ) from error
    width, turned = len(table.align), landscape(table)
    shares = [round(1000 * part) for part in column_shares(table)]
    cells, formats, insets = [], [], []
    for group, rows in table.groups():
        if group:
            cells.append([_escaped(group), *[""] * (width - 1)])
            formats.append(["b", *[""] * (width - 1)])
            insets.append([0] * width)
        for row in rows:
            first = _escaped(row.cells[0]) + _raised(row.marks)
            cells.append([first, *map(_escaped, row.cells[1:])])
            formats.append([""] * width)
            insets.append([row.indent * _INDENT, *[0] * (width - 1)])
    names = [f"c{i}" for i in range(width)]
    # rtflite says that it takes pandas too, but not beside every version of narwhals.
    frame = polars.DataFrame(cells, schema=dict.fromkeys(names, polars.String), orient="row")
    sides = [side[0] for side in table.align]
    plain = {
        "text_convert": [[False]], "text_hyphenation": [[False]], "border_left": [[""]],
        "border_right": [[""]],
    }  # fmt: skip
    document = rtflite.RTFDocument(
        df=frame,
        rtf_page=rtflite.RTFPage(
            orientation="landscape" if turned else "portrait",
            width=_PAGE[turned],
            height=_PAGE[not turned],
            margin=_MARGINS,
            col_width=_PAGE[turned] - 2,
            nrow=_NO_BREAK,
            border_first="single",
            border_last="single",
        ),
        rtf_title=rtflite.RTFTitle(
            text=[_escaped(table.title)], text_convert=[False], text_justification=["l"],
            text_format=["b"], text_font_size=[10],
        ),
        rtf_column_header=_heads(rtflite, table, shares, sides, plain),
        rtf_body=rtflite.RTFBody(
            col_rel_width=shares, text_justification=[sides], text_format=formats,
            text_indent_left=insets, as_colheader=False, border_first=[["single"]],
            border_last=[["single"]], **plain,
        ),
        rtf_footnote=rtflite.RTFFootnote(
            text=[_raised(letters) + _escaped(text) for letters, text in table.footnotes()],
            text_convert=[[False]], as_table=False, text_justification=[["l"]],
            text_font_size=[[8]],
        ) if table.footnotes() else None,
    )  # fmt: skip
    heads = bool(table.heads) + bool(table.heads and table.spanners)
    text = document.rtf_encode().replace(r"\trowd", r"\trowd\trkeep")
    return (text.replace(r"\trowd", r"\trowd\trhdr", heads) if heads else text).encode("ascii")


def _heads(rtflite, table: Content, shares: list[int], sides: list[str], plain: dict) -> list:
    """Return the lines of heads: those over several columns, then one for each."""
    if not table.heads:
        return []
    texts = [
        _escaped(unbroken(head)) + _raised(letters)
        for head, letters in zip(table.heads, table.head_marks, strict=True)
    ]
    found = []
    if table.spanners:
        over, widths, rules, column = [], [], [], 0
        for spanner in sorted(table.spanners, key=lambda s: s.first):
            blank = range(column, spanner.first)
            over += [""] * len(blank) + [_escaped(spanner.text)]
            widths += [shares[i] for i in blank] + [sum(shares[spanner.first : spanner.last + 1])]
            rules += [""] * len(blank) + ["single"]
            column = spanner.last + 1
        rest = range(column, len(shares))
        over, widths = [*over, *[""] * len(rest)], [*widths, *(shares[i] for i in rest)]
        rules += [""] * len(rest)
        found.append(
            rtflite.RTFColumnHeader(
                text=over, col_rel_width=widths, text_format=[["b"]], border_bottom=[rules],
                text_justification=[["c"]], **plain,
            )
        )  # fmt: skip
    found.append(
        rtflite.RTFColumnHeader(
            text=texts, col_rel_width=shares, text_format=[["b"]], text_justification=[sides],
            border_top=[[""]], border_bottom=[["single"]], **plain,
        )
    )  # fmt: skip
    return found


def _escaped(text: str) -> str:
    """Return a text in which RTF finds no command and no character beyond ASCII."""
    found = []
    for character in text:
        if character in "\\{}":
            found.append(f"\\{character}")
        elif character == "\n":
            found.append(" ")
        elif " " <= character < "\x7f":
            found.append(character)
        elif character >= "\x80":
            # Two halves for what lies beyond the first plane; each as a signed number of 16 bits.
            units = character.encode("utf-16-le", "replace")
            for i in range(0, len(units), 2):
                unit = int.from_bytes(units[i : i + 2], "little")
                found.append(f"\\uc1\\u{unit - 65536 if unit > 32767 else unit}?")
    return "".join(found)


def _raised(letters: str) -> str:
    return f"{{\\super {letters}}}" if letters else ""
