"""The chapters of a report as a Word file: headings, sentences, figures and real tables."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from carstats.report.chapters.blocks import (
    Block,
    Caution,
    Chapter,
    Heading,
    Paragraph,
    Picture,
    Points,
    TableBlock,
    strong_parts,
)
from carstats.report.tables.widths import landscape
from carstats.report.tables.word import (
    CHINESE,
    LATIN,
    add_field,
    add_table,
    file_bytes,
    plain,
    set_page,
    set_style,
    set_styles,
)
from carstats.words import tr

# The width of the text of an upright page, in millimetres, and the height that a figure may have.
_WIDE, _HIGH = 160.0, 200.0
# More blocks of text than these before a wide table stay on the upright page.
_MOST_WORDS = 3
_HEADINGS = {"Title": 20, "Heading 1": 15, "Heading 2": 12.5, "Heading 3": 11.5, "List Bullet": 11}


def report_document(chapters: Sequence[Chapter], title: str, *, synthetic: bool) -> bytes:
    """Return the chapters, whose figures are drawn, as a Word file."""
    # Loading it takes as long as drawing a figure.
    from docx import Document

    document = Document()
    set_styles(document)
    _set_headings(document)
    set_page(document.sections[0], False)
    _text(document, title, "Title")
    _text(document, tr("Report on the outcomes of engineered-cell therapy"), "Normal")
    if synthetic:
        _text(document, f"**{tr('Synthetic data: the subjects of this report do not exist.')}**")
    writer = _Writer(document)
    appendix = False
    for chapter in chapters:
        turned = _turned(chapter.blocks, 0, False)
        if chapter.appendix and not appendix:
            appendix = True
            # Turning begins a page of its own.
            if not writer.turn(turned):
                document.add_page_break()
            _text(document, tr("Appendix"), "Heading 1")
        writer.turn(turned)
        _text(document, chapter.title, "Heading 2" if appendix else "Heading 1")
        for place, block in enumerate(chapter.blocks):
            writer.turn(_turned(chapter.blocks, place, writer.turned))
            writer.add(block, 3 if appendix else 2)
    return file_bytes(document, title)


def _turned(blocks: Sequence[Block], place: int, now: bool) -> bool:
    """Return whether a block stands on a page turned on its side: where its table does.

    A few words before a wide table go with it; what closes a chapter stays where it is.
    """
    for ahead, block in enumerate(blocks[place:]):
        if isinstance(block, TableBlock):
            return ahead <= _MOST_WORDS and landscape(block.table)
        if isinstance(block, Picture) or (isinstance(block, Heading) and ahead and now):
            return False
    return now and not any(isinstance(block, Heading) for block in blocks[place:])


class _Writer:
    """Adds blocks to a document, and counts its figures and tables."""

    def __init__(self, document: Any) -> None:
        self.document, self.figures, self.tables, self.turned = document, 0, 0, False

    def turn(self, turned: bool) -> bool:
        """Begin a page that is turned, or upright, where the last one is not; return whether."""
        if turned == self.turned:
            return False
        set_page(self.document.add_section(), turned)
        self.turned = turned
        return True

    def add(self, block: Block, level: int) -> None:
        """Add a block."""
        match block:
            case Heading():
                _text(self.document, block.text, f"Heading {level}")
            case Paragraph():
                _text(self.document, block.text)
            case Points():
                for item in block.items:
                    _text(self.document, item, "List Bullet")
            case Caution():
                _box(_text(self.document, block.text))
            case TableBlock():
                self.tables += 1
                add_table(self.document, block.table, self.tables)
                self.document.add_paragraph()
            case Picture():
                self._figure(block)

    def _figure(self, picture: Picture) -> None:
        from docx.shared import Mm

        self.figures += 1
        scale = min(1.0, _WIDE / picture.width, _HIGH / picture.height)
        holder = self.document.add_paragraph(style="Normal")
        holder.paragraph_format.keep_with_next = True
        shape = holder.add_run().add_picture(BytesIO(picture.png), width=Mm(scale * picture.width))
        named = shape._inline.docPr
        named.set("descr", plain(picture.alt))
        named.set("name", f"{picture.name}")
        caption = self.document.add_paragraph(style="Caption")
        before, after = tr("Figure {n}. {title}", n="\ue000", title=picture.title).split(
            "\ue000", 1
        )
        caption.add_run(plain(before))
        for kind, text in (
            ("begin", ""), ("", " SEQ Figure \\* ARABIC "), ("separate", str(self.figures)),
            ("end", ""),
        ):  # fmt: skip
            add_field(caption, kind, text)
        caption.add_run(plain(after))
        if picture.caption:
            caption.paragraph_format.keep_with_next = True
            _text(self.document, picture.caption, "Table note")


def _text(document: Any, text: str, style: str = "Normal") -> Any:
    paragraph = set_style(document.add_paragraph(), style)
    for part, strong in strong_parts(plain(text)):
        paragraph.add_run(part).bold = strong or None
    return paragraph


def _box(paragraph: Any) -> None:
    """Draw a rule at a paragraph's side, as the page does beside a warning."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    properties = paragraph._p.get_or_add_pPr()
    borders, rule = OxmlElement("w:pBdr"), OxmlElement("w:left")
    for name, value in (("val", "single"), ("sz", "18"), ("space", "6"), ("color", "B34700")):
        rule.set(qn(f"w:{name}"), value)
    borders.append(rule)
    # The schema has an order: a border stands after the style and before the spacing.
    style = properties.find(qn("w:pStyle"))
    properties.insert(0 if style is None else 1, borders)


def _set_headings(document: Any) -> None:
    """Give headings and lists the report's fonts, in both scripts, and black ink."""
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    for name, size in _HEADINGS.items():
        style = document.styles[name]
        style.font.name, style.font.size = LATIN, Pt(size)
        style.font.color.rgb = RGBColor(0, 0, 0)
        style.font.bold = name != "List Bullet"
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for script in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(script), None)
        fonts.set(qn("w:eastAsia"), CHINESE)
        fonts.set(qn("w:cs"), LATIN)
