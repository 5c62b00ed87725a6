"""The report in Word and on slides: text, figures with alternatives, real tables, two scripts."""

import io
import re
import struct
import zipfile
import zlib

import pytest
from docx import Document
from pptx import Presentation

from carstats.language import in_language
from carstats.report.chapters.blocks import (
    Caution,
    Chapter,
    Heading,
    Paragraph,
    Picture,
    Points,
    TableBlock,
)
from carstats.report.pages.document import report_document
from carstats.report.pages.slides import report_slides
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row


def png():
    """Return a picture of two grey dots."""

    def part(kind, data):
        code = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", code)

    head = struct.pack(">IIBBBBB", 2, 1, 8, 0, 0, 0, 0)
    dot = zlib.compress(b"\x00\x80\x80")
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", dot) + part(b"IEND", b"")


PICTURE = Picture(
    "curve", "A curve that falls", "Survival", "By Kaplan & Meier.", "It falls to 50 %", "<svg/>",
    png(), "", 180.0, 90.0,
)  # fmt: skip
ROWS = tuple(Row((f"row {i}", f"{i}/20"), f"Group {i // 10}", 1) for i in range(20))
TABLE = Table("Rates", ("Row", "n/N"), ROWS, notes=("Who.",))
CHAPTERS = [
    Chapter(
        "one",
        "First & <second>",
        (
            Heading("A part"), Paragraph("**Strong** words\x0b."), Points(("one", "two")),
            Caution("Privacy: one."), PICTURE, TableBlock(TABLE, message="Rates of 20"),
        ),
    ),
    Chapter("more", "Detail", (Paragraph("More."), TableBlock(TABLE)), True),
]  # fmt: skip


def test_a_document_has_text_figures_and_tables():
    content = report_document(CHAPTERS, "A study", synthetic=True)
    document = Document(io.BytesIO(content))
    styled = [(p.style.name, p.text) for p in document.paragraphs if p.text]
    for line in (
        ("Title", "A study"),
        ("Heading 1", "First & <second>"),
        ("Heading 2", "A part"),
        ("List Bullet", "two"),
        ("Heading 1", "Appendix"),
        ("Heading 2", "Detail"),
        ("Table note", "By Kaplan & Meier."),
    ):
        assert line in styled
    assert any(text == "Figure 1. Survival" for style, text in styled if style == "Caption")
    (strong,) = [r.text for p in document.paragraphs for r in p.runs if r.bold and "Str" in r.text]
    assert strong == "Strong"
    assert len(document.tables) == 2
    (shape,) = document.inline_shapes
    assert shape._inline.docPr.get("descr") == "A curve that falls"
    # A figure of 180 mm is brought to the width of the text.
    assert shape.width.mm == pytest.approx(160, abs=0.1)
    assert shape.height.mm == pytest.approx(80, abs=0.1)
    assert content == report_document(CHAPTERS, "A study", synthetic=True)


def test_slides_have_a_message_each_real_tables_and_notes():
    content = report_slides(CHAPTERS, "A study", synthetic=True)
    deck = Presentation(io.BytesIO(content))
    titles = [slide.shapes.title.text_frame.text for slide in deck.slides]
    assert titles == ["A study", "It falls to 50 %", "Rates of 20 (1 of 2)", "Rates of 20 (2 of 2)"]
    figure, first, second = list(deck.slides)[1:]
    (picture,) = [s for s in figure.shapes if s.shape_type == 13]
    assert picture._element.nvPicPr.cNvPr.get("descr") == "A curve that falls"
    assert picture.left >= 0
    assert picture.left + picture.width <= deck.slide_width
    assert picture.top + picture.height <= deck.slide_height
    told = figure.notes_slide.notes_text_frame.text
    assert "By Kaplan & Meier." in told
    assert "Privacy: one." in told
    rows = []
    for slide in (first, second):
        (grid,) = [shape.table for shape in slide.shapes if shape.has_table]
        assert grid.cell(0, 1).text == "n/N"
        rows += [grid.cell(i, 0).text for i in range(1, len(grid.rows))]
        assert "Who." in slide.notes_slide.notes_text_frame.text
    assert [text for text in rows if text.startswith("row")] == [f"row {i}" for i in range(20)]
    assert content == report_slides(CHAPTERS, "A study", synthetic=True)


def xml(content, pattern):
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        names = [name for name in parts.namelist() if re.search(pattern, name)]
        assert names
        return "\n".join(parts.read(name).decode() for name in names)


def test_both_scripts_have_their_fonts():
    with in_language("zh"):
        document = report_document(CHAPTERS, "研究", synthetic=True)
        slides = report_slides(CHAPTERS, "研究", synthetic=True)
    styles = xml(document, "styles.xml")
    for name in ("Title", "Heading1", "ListBullet"):
        style = re.search(rf'<w:style [^>]*w:styleId="{name}".*?</w:style>', styles, re.DOTALL)[0]
        assert 'w:eastAsia="宋体"' in style, name
    text = xml(slides, r"slides/slide\d+\.xml")
    runs = re.findall(r"<a:rPr.*?</a:rPr>", text, re.DOTALL)
    assert runs
    for run in runs:
        assert 'typeface="微软雅黑"' in run
        assert 'lang="zh-CN"' in run
    assert "carstats" in xml(slides, "core.xml")


WIDE = Table("Wide", tuple(f"Head {i}" for i in range(8)), (Row(("x",) * 8),))


def test_a_wide_table_takes_its_words_along_and_leaves_no_empty_page():
    wide = TableBlock(WIDE)
    chapters = [
        Chapter("one", "Upright", (Paragraph("First."), TableBlock(TABLE))),
        Chapter("two", "Turned", (wide, Caution("Before the next."), wide, Paragraph("Closing."))),
        Chapter("more", "Detail", (Paragraph("More."),), True),
    ]
    document = Document(io.BytesIO(report_document(chapters, "A study", synthetic=True)))
    assert len(document.sections) == 3
    texts = [[]]
    for element in document.element.body:
        texts[-1].append("".join(element.itertext()))
        if element.xpath("./w:pPr/w:sectPr"):
            texts.append([])
    first, turned, last = ("|".join(part) for part in texts)
    assert "Upright" in first
    assert "Turned" not in first
    for words in ("Turned", "Before the next.", "Closing."):
        assert words in turned
    assert last.strip("|").startswith("Appendix")
    # Turning back begins a page: a break of its own would leave an empty one.
    assert not document.element.body.xpath('.//w:br[@w:type="page"]')


def test_a_part_of_a_table_has_its_own_sentence():
    block = TableBlock(TABLE, message="Rates of 20", told={"Group 1": "Of the second group 3"})
    chapters = [Chapter("one", "One", (block,))]
    deck = Presentation(io.BytesIO(report_slides(chapters, "A study", synthetic=False)))
    titles = [slide.shapes.title.text_frame.text for slide in deck.slides]
    assert titles == ["A study", "Rates of 20", "Of the second group 3"]


def test_what_is_long_has_smaller_type_and_stays_within_the_slide():
    words = "a rather long name of an outcome that needs several lines of a narrow column " * 2
    rows = tuple(Row((words, "1/2", "x")) for _ in range(10))
    table = TableBlock(Table("Long", ("Outcome", "n/N", "Rate"), rows), message=words)
    deck = Presentation(
        io.BytesIO(report_slides([Chapter("one", "One", (table,))], words, synthetic=False))
    )
    sizes = []
    for slide in deck.slides:
        (run,) = slide.shapes.title.text_frame.paragraphs[0].runs
        sizes.append(run.font.size.pt)
    assert max(sizes) <= 18
    (grid,) = [shape.table for shape in deck.slides[1].shapes if shape.has_table]
    (run,) = grid.cell(1, 0).text_frame.paragraphs[0].runs
    assert run.font.size.pt < 15
