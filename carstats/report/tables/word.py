"""Tables as a Word file: real tables in the style of journals, ready for a manuscript."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from carstats.errors import CarstatsError
from carstats.language import in_language
from carstats.messages import message
from carstats.report.tables.model import Content, Row
from carstats.report.tables.widths import column_shares, landscape, unbroken
from carstats.translation import current_language
from carstats.words import tr

_LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
LATIN, CHINESE = "Times New Roman", "宋体"
# A4 in millimetres, and its margins.
_PAGE, _MARGIN = (210, 297), 25
_SIZES = {"Normal": 11, "Caption": 10, "Table text": 9, "Table note": 8}
# A rule's width in eighths of a point: above and below the table, and under its heads.
_HEAVY, _LIGHT = 12, 6
# No dates of the day: the same tables give the same bytes.
FILE_DATE = datetime(2026, 1, 1, tzinfo=UTC)
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
# Word refuses characters that XML does not allow.
_FORBIDDEN = {code: None for code in range(32) if code not in (9, 10, 13)} | {
    0xFFFE: None,
    0xFFFF: None,
}


def table_word(*tables: Content) -> bytes:
    """Return tables as a Word file."""
    if not tables:
        raise CarstatsError(message("`tables` is empty; give at least one table."))
    # Loading it takes as long as drawing a figure, which only tables should pay.
    from docx import Document

    document = Document()
    set_styles(document)
    set_page(document.sections[0], landscape(tables[0]))
    for place, table in enumerate(tables):
        turned = landscape(table)
        if place and turned != landscape(tables[place - 1]):
            set_page(document.add_section(), turned)
        elif place:
            document.add_paragraph()
        add_table(document, table, place + 1)
    return file_bytes(document, tables[0].title, tables[0].language)


def file_bytes(document: Any, title: str, language: str = "") -> bytes:
    """Return a document of python-docx as a file, the same bytes for the same content."""
    properties = document.core_properties
    properties.author = properties.last_modified_by = "carstats"
    properties.title = plain(title)
    properties.comments, properties.language = "", _LANGUAGES[language or current_language()]
    properties.created = properties.modified = FILE_DATE
    properties.revision = 1
    with BytesIO() as file:
        document.save(file)
        return undated(file.getvalue())


def plain(text: str) -> str:
    """Return a text without the characters that Office files refuse."""
    return str(text).translate(_FORBIDDEN)


def add_table(document: Any, table: Content, number: int) -> None:
    """Add a table to a document of python-docx that has the styles of `table_word`."""
    _add_title(document, table, number)
    heads = [_heads(table)] if table.heads else []
    above = [_spanner_row(table)] if table.spanners and heads else []
    body: list[tuple[Row | None, tuple[str, ...]]] = []
    width = len(table.align)
    for group, rows in table.groups():
        body += [(None, (group, *[""] * (width - 1)))] if group else []
        body += [(row, row.cells) for row in rows]
    grid = document.add_table(rows=len(above) + len(heads) + len(body), cols=width)
    _lay_out(grid, table, document.sections[-1])
    lines = list(grid.rows)
    for line, texts in zip(lines, [*above, *heads], strict=False):
        for i, cell in enumerate(line.cells):
            _write(cell, texts[i][0], "right" if table.align[i] == "right" else "left",
                   marks=texts[i][1], bold=True, keep=True)  # fmt: skip
        _repeat(line)
    for spanner in table.spanners if above else ():
        cells = lines[0].cells[spanner.first : spanner.last + 1]
        merged = cells[0].merge(cells[-1]) if len(cells) > 1 else cells[0]
        _write(merged, unbroken(spanner.text), "center", bold=True, keep=True)
        _rule(merged, "bottom", _LIGHT)
    last = len(body) - 1
    for place, (line, (row, texts)) in enumerate(
        zip(lines[len(above) + len(heads) :], body, strict=True)
    ):
        cells = line.cells
        if row is None:
            merged = cells[0].merge(cells[-1]) if width > 1 else cells[0]
            _write(merged, texts[0], "left", bold=True, keep=True)
            continue
        # The first rows stay with the heads, the last with the footnotes.
        keep = place < 2 or place >= last - 1
        for i, cell in enumerate(cells):
            _write(cell, texts[i], table.align[i], marks=row.marks if i == 0 else "",
                   indent=row.indent if i == 0 else 0, keep=keep)  # fmt: skip
    for cell in lines[0].cells:
        _rule(cell, "top", _HEAVY)
    for cell in lines[len(above) + len(heads) - 1].cells if heads else ():
        _rule(cell, "bottom", _LIGHT)
    for cell in lines[-1].cells:
        _rule(cell, "bottom", _HEAVY)
    for marks, text in table.footnotes():
        paragraph = set_style(document.add_paragraph(), "Table note")
        _run(paragraph, marks).font.superscript = True
        _run(paragraph, text)


def set_styles(document: Any) -> None:
    """Give the styles their fonts, sizes and language."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    for name, size in _SIZES.items():
        if name not in [style.name for style in document.styles]:
            document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH).base_style = document.styles[
                "Normal"
            ]
        style = document.styles[name]
        style.font.name, style.font.size = LATIN, Pt(size)
        style.font.color.rgb = RGBColor(0, 0, 0)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for script in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(script), None)
        fonts.set(qn("w:eastAsia"), CHINESE)
        fonts.set(qn("w:cs"), LATIN)
        style.paragraph_format.space_before = Pt(0)
        style.paragraph_format.space_after = Pt({"Normal": 6, "Caption": 4}.get(name, 0))
        style.paragraph_format.line_spacing = 1.0
    title, note = document.styles["Caption"], document.styles["Table note"]
    title.font.bold, title.paragraph_format.keep_with_next = True, True
    note.paragraph_format.space_before = Pt(2)
    default = document.styles.element.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}")
    for lang in default.iter(qn("w:lang")):
        lang.set(qn("w:val"), _LANGUAGES["en"])
        lang.set(qn("w:eastAsia"), _LANGUAGES["zh"])


def set_style(paragraph: Any, name: str) -> Any:
    """Give a paragraph a style and return it; python-docx reads all styles through for each."""
    paragraph._p.style = None if name == "Normal" else name.replace(" ", "")
    return paragraph


def set_page(section: Any, turned: bool) -> None:
    """Make a section A4, upright or turned on its side."""
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm

    width, height = _PAGE[::-1] if turned else _PAGE
    section.orientation = WD_ORIENT.LANDSCAPE if turned else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(width), Mm(height)
    for side in ("left", "right", "top", "bottom"):
        setattr(section, f"{side}_margin", Mm(_MARGIN))


def _add_title(document: Any, table: Content, number: int) -> None:
    """Add the title with a number that Word counts."""
    with in_language(table.language):
        before, after = tr("Table {n}. {title}", n="\ue000", title=table.title).split("\ue000", 1)
    paragraph = document.add_paragraph(style="Caption")
    _run(paragraph, before)
    for kind, text in (("begin", ""), ("", " SEQ Table \\* ARABIC "), ("separate", str(number)),
                       ("end", "")):  # fmt: skip
        add_field(paragraph, kind, text)
    _run(paragraph, after)


def add_field(paragraph: Any, kind: str, text: str) -> None:
    """Add a part of a number that Word counts."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    run = paragraph.add_run()
    element = OxmlElement("w:fldChar" if kind else "w:instrText")
    if kind:
        element.set(qn("w:fldCharType"), kind)
    else:
        element.set(qn("xml:space"), "preserve")
        element.text = text
    run._r.append(element)
    if kind == "separate":
        paragraph.add_run(text)


def _heads(table: Content) -> list[tuple[str, str]]:
    heads = [unbroken(head) for head in table.heads]
    return list(zip(heads, table.head_marks, strict=True))


def _spanner_row(table: Content) -> list[tuple[str, str]]:
    return [("", "")] * len(table.heads)


def _lay_out(grid: Any, table: Content, section: Any) -> None:
    """Set the widths, the space in the cells and what a screen reader says."""
    from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Emu

    grid.alignment, grid.autofit = WD_TABLE_ALIGNMENT.LEFT, False
    room = section.page_width - section.left_margin - section.right_margin
    widths = [Emu(int(room * part)) for part in column_shares(table)]
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = width
    heads = bool(table.heads) + bool(table.spanners and table.heads)
    for place, line in enumerate(grid.rows):
        properties = line._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        for cell, width in zip(line.cells, widths, strict=True):
            cell.width = width
            if place < heads:
                cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.BOTTOM
    properties = grid._tbl.tblPr
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), "55")
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    look = properties.find(qn("w:tblLook"))
    place = len(properties) if look is None else list(properties).index(look)
    properties.insert(place, margins)
    caption = OxmlElement("w:tblCaption")
    caption.set(qn("w:val"), table.title.translate(_FORBIDDEN))
    properties.append(caption)


def _write(
    cell: Any, text: str, side: str, *, marks: str = "", bold: bool = False, indent: int = 0,
    keep: bool = False,
) -> None:  # fmt: skip
    """Write a cell's one paragraph."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm

    for extra in cell.paragraphs[1:]:
        extra._p.getparent().remove(extra._p)
    paragraph = cell.paragraphs[0]
    set_style(paragraph, "Table text")
    for run in paragraph.runs:
        run._r.getparent().remove(run._r)
    paragraph.alignment = WD_ALIGN_PARAGRAPH[side.upper()]
    paragraph.paragraph_format.keep_with_next = keep or None
    if indent:
        paragraph.paragraph_format.left_indent = Mm(3 * indent)
    _run(paragraph, text).bold = bold or None
    if marks:
        _run(paragraph, marks).font.superscript = True


def _run(paragraph: Any, text: str) -> Any:
    return paragraph.add_run(text.translate(_FORBIDDEN))


def _repeat(line: Any) -> None:
    from docx.oxml import OxmlElement

    line._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _rule(cell: Any, side: str, width: int) -> None:
    """Draw a rule above or below a cell."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    properties = cell._tc.get_or_add_tcPr()
    borders = properties.find(qn("w:tcBorders"))
    if borders is None:
        borders = OxmlElement("w:tcBorders")
        # The schema has an order: after the span of the cell, before how its text is aligned.
        after = [qn(f"w:{name}") for name in ("tcW", "gridSpan", "hMerge", "vMerge")]
        place = sum(child.tag in after for child in properties)
        properties.insert(place, borders)
    found = borders.find(qn(f"w:{side}"))
    rule = OxmlElement(f"w:{side}") if found is None else found
    for name, value in (("val", "single"), ("sz", str(width)), ("space", "0"), ("color", "000000")):
        rule.set(qn(f"w:{name}"), value)
    if found is None:
        borders.insert(0 if side == "top" else len(borders), rule)


def undated(content: bytes) -> bytes:
    """Return the file packed again without the time of day."""
    with BytesIO() as file:
        with (
            zipfile.ZipFile(BytesIO(content)) as old,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for entry in old.infolist():
                fresh = zipfile.ZipInfo(entry.filename, _ZIP_DATE)
                fresh.compress_type, fresh.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
                new.writestr(fresh, old.read(entry.filename))
        return file.getvalue()
