"""The chapters of a report as slides: one message each as the title, real tables, notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any

from carstats.report.chapters.blocks import Caution, Chapter, Picture, TableBlock
from carstats.report.tables.files import Table
from carstats.report.tables.widths import column_shares, letters
from carstats.report.tables.word import FILE_DATE, plain, undated
from carstats.translation import current_language
from carstats.words import tr

LATIN, CHINESE = "Arial", "微软雅黑"
_LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
# Millimetres of a wide slide, its margin, and where the body begins and ends.
_WIDTH, _HEIGHT, _MARGIN, _TOP, _BOTTOM = 338.7, 190.5, 15.0, 34.0, 176.0
# Points of a title and of a table, the largest that has room; a point, and the width of a letter of
# a point, in millimetres.
_TITLE_SIZES, _TABLE_SIZES = (26, 22, 18, 14, 10), (15, 12, 10.5, 9, 8)
_POINT, _LETTER = 25.4 / 72, 0.55 * 25.4 / 72
# More rows than these are too small to be read from the last row of seats.
_MOST_ROWS = 13


def report_slides(chapters: Sequence[Chapter], title: str, *, synthetic: bool) -> bytes:
    """Return what of the chapters has a message as slides: a figure or a table each."""
    from pptx import Presentation
    from pptx.util import Mm

    deck = Presentation()
    deck.slide_width, deck.slide_height = Mm(_WIDTH), Mm(_HEIGHT)
    _cover(deck, title, synthetic)
    for chapter in chapters:
        warned: list[str] = []
        for block in chapter.blocks:
            if isinstance(block, Caution):
                warned.append(block.text)
            elif isinstance(block, Picture) and block.message:
                _figure(deck, block, synthetic, warned)
            elif isinstance(block, TableBlock) and block.message:
                _tables(deck, block, synthetic, warned)
    properties = deck.core_properties
    properties.author = properties.last_modified_by = "carstats"
    properties.title, properties.language = plain(title), _LANGUAGES[current_language()]
    properties.created = properties.modified = FILE_DATE
    properties.revision = 1
    with BytesIO() as file:
        deck.save(file)
        return undated(file.getvalue())


def _cover(deck: Any, title: str, synthetic: bool) -> None:
    slide = _slide(deck, title, 60.0, 32)
    lines = [tr("Report on the outcomes of engineered-cell therapy")]
    if synthetic:
        lines.append(tr("Synthetic data: the subjects of this report do not exist."))
    box = _box(slide, _MARGIN, 92.0, _WIDTH - 2 * _MARGIN, 30.0)
    for place, line in enumerate(lines):
        paragraph = box.paragraphs[0] if place == 0 else box.add_paragraph()
        _run(paragraph, line, 18)


def _figure(deck: Any, picture: Picture, synthetic: bool, warned: list[str]) -> None:
    from pptx.util import Mm

    slide = _slide(deck, picture.message)
    wide, high = Mm(_WIDTH - 2 * _MARGIN), Mm(_BOTTOM - _TOP)
    shape = slide.shapes.add_picture(BytesIO(picture.slide or picture.png), 0, Mm(_TOP))
    scale = min(wide / shape.width, high / shape.height)
    shape.width, shape.height = int(scale * shape.width), int(scale * shape.height)
    shape.left = (Mm(_WIDTH) - shape.width) // 2
    shape._element.nvPicPr.cNvPr.set("descr", plain(picture.alt))
    _close(slide, [picture.title, picture.caption, *warned], synthetic)


def _tables(deck: Any, block: TableBlock, synthetic: bool, warned: list[str]) -> None:
    parts = list(_parts(block.table))
    own = [block.told.get(part.rows[0].group, "") if part.rows else "" for part in parts]
    untold, place = own.count(""), 0
    for part, words in zip(parts, own, strict=True):
        title = words or block.message
        if not words and untold > 1:
            place += 1
            title = tr("{title} ({n} of {all})", title=title, n=place, all=untold)
        slide = _slide(deck, title)
        _grid(slide, part)
        words = " ".join(f"{m} {text}".strip() for m, text in block.table.footnotes())
        _close(slide, [block.table.title, words, *warned], synthetic)


def _parts(table: Table) -> Iterator[Table]:
    """Yield a table in parts of so many rows as a slide takes, no group torn where it fits."""
    if not table.heads:
        yield table
        return
    rows: list = []
    for _, own in table.groups():
        for start in range(0, len(own), _MOST_ROWS - 1):
            piece = own[start : start + _MOST_ROWS - 1]
            if rows and _lines([*rows, *piece]) > _MOST_ROWS:
                yield replace(table, rows=tuple(rows))
                rows = []
            rows += piece
    yield replace(table, rows=tuple(rows))


def _lines(rows: list) -> int:
    groups = [row.group for row in rows]
    heads = sum(bool(g) and (i == 0 or groups[i - 1] != g) for i, g in enumerate(groups))
    return len(rows) + heads


def _grid(slide: Any, table: Table) -> None:
    from pptx.util import Mm

    if not table.heads:
        box = _box(slide, _MARGIN, _TOP, _WIDTH - 2 * _MARGIN, 60.0)
        _run(box.paragraphs[0], table.rows[0].cells[0], 18)
        return
    lines: list[tuple[tuple[str, ...], bool, int]] = [(table.heads, True, 0)]
    for group, rows in table.groups():
        if group:
            lines.append(((group, *[""] * (len(table.heads) - 1)), True, 0))
        lines += [(row.cells, False, row.indent) for row in rows]
    wide, high = _WIDTH - 2 * _MARGIN, min(_BOTTOM - _TOP, 9.5 * len(lines))
    shape = slide.shapes.add_table(
        len(lines), len(table.heads), Mm(_MARGIN), Mm(_TOP), Mm(wide), Mm(high)
    )
    shape._element.nvGraphicFramePr.cNvPr.set("descr", plain(table.title))
    grid = shape.table
    grid.horz_banding = False
    shares = column_shares(table)
    for column, part in zip(grid.columns, shares, strict=True):
        column.width = Mm(wide * part)
    cells = [texts if any(texts[1:]) else texts[:1] for texts, *_ in lines]
    size = _fitting(
        _TABLE_SIZES,
        _BOTTOM - _TOP,
        lambda size: sum(
            1.2 + max(
                _height(text, size, wide * (1 if len(texts) == 1 else part) - 7)
                for text, part in zip(texts, shares, strict=False)
            )
            for texts in cells
        ),
    )  # fmt: skip
    for line, (texts, bold, indent) in enumerate(lines):
        grid.rows[line].height = Mm(high / len(lines))
        for column, text in enumerate(texts):
            _cell(grid.cell(line, column), text, size, bold=bold,
                  right=table.align[column] == "right", indent=0 if column else indent,
                  head=line == 0)  # fmt: skip


def _fitting(
    sizes: Sequence[float], room: float, height: Callable[[float], float]
) -> float:  # fmt: skip
    """Return the largest of the type sizes with which a text is not higher than its room."""
    return next((size for size in sizes if height(size) <= room), sizes[-1])


def _height(text: str, size: float, width: float) -> float:
    """Return how many millimetres high a text stands in a column of so many; a little generous."""
    line = max(1, int(width / (_LETTER * size)))
    return 1.2 * _POINT * size * max(1, -(-letters(plain(text)) // line))


def _cell(
    cell: Any, text: str, size: float, *, bold: bool, right: bool, indent: int, head: bool
) -> None:
    from pptx.dml.color import RGBColor
    from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
    from pptx.util import Mm

    cell.margin_top = cell.margin_bottom = Mm(0.6)
    cell.margin_left = Mm(1.5 + 4 * indent)
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    cell.fill.solid()
    cell.fill.fore_color.rgb = RGBColor(0xEC, 0xEC, 0xEC) if head else RGBColor(255, 255, 255)
    paragraph = cell.text_frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.RIGHT if right else PP_ALIGN.LEFT
    _run(paragraph, text, size, bold=bold)


def _slide(deck: Any, title: str, top: float = 8.0, size: float = 26) -> Any:
    """Return a new slide with its title, in the place that Office knows as the title."""
    from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
    from pptx.util import Mm

    slide = deck.slides.add_slide(deck.slide_layouts[5])
    shape = slide.shapes.title
    shape.left, shape.top = Mm(_MARGIN), Mm(top)
    shape.width, shape.height = Mm(_WIDTH - 2 * _MARGIN), Mm(24)
    frame = shape.text_frame
    frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR.MIDDLE
    frame.paragraphs[0].alignment = PP_ALIGN.LEFT
    sizes = (size, *(s for s in _TITLE_SIZES if s < size))
    wide = _WIDTH - 2 * _MARGIN - 8
    size = _fitting(sizes, 24, lambda size: _height(title, size, wide))
    _run(frame.paragraphs[0], title, size, bold=True)
    return slide


def _box(slide: Any, left: float, top: float, width: float, height: float) -> Any:
    from pptx.util import Mm

    frame = slide.shapes.add_textbox(Mm(left), Mm(top), Mm(width), Mm(height)).text_frame
    frame.word_wrap = True
    return frame


def _close(slide: Any, notes: list[str], synthetic: bool) -> None:
    """Write the stamp at the foot; the title, the method line and warnings into the notes."""
    if synthetic:
        box = _box(slide, _MARGIN, 178.0, _WIDTH - 2 * _MARGIN, 9.0)
        _run(box.paragraphs[0], tr("Synthetic data."), 12)
    frame = slide.notes_slide.notes_text_frame
    for place, words in enumerate(filter(None, notes)):
        _run(frame.add_paragraph() if place else frame.paragraphs[0], words, 12, bold=not place)


def _run(paragraph: Any, text: str, size: float, *, bold: bool = False) -> None:
    from pptx.dml.color import RGBColor
    from pptx.oxml.ns import qn
    from pptx.util import Pt

    run = paragraph.add_run()
    run.text = plain(text).replace("\n", " ")
    font = run.font
    font.size, font.bold, font.name = Pt(size), bold, LATIN
    font.color.rgb = RGBColor(0x1A, 0x1A, 0x1A)
    properties = run._r.get_or_add_rPr()
    properties.set("lang", _LANGUAGES[current_language()])
    latin = properties.find(qn("a:latin"))
    east = properties.makeelement(qn("a:ea"), {"typeface": CHINESE})
    latin.addnext(east)
