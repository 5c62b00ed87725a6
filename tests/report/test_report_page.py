"""The page of a report: whole without a script, more with it, and short in print."""

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup

from carstats.language import in_language
from carstats.report.chapters.blocks import (
    Caution,
    Chapter,
    Heading,
    Mark,
    Paragraph,
    Picture,
    Points,
    TableBlock,
)
from carstats.report.chapters.contents import CONTENTS, make_chapter
from carstats.report.chapters.context import context_of
from carstats.report.pages.chapters import report_page
from carstats.report.pages.picture import drawn
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from tests.report.browser import find_browser
from tests.report.chapters.small import small_study
from tests.report.page_checks import page_problems

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="480pt" height="240pt" viewBox="0 0 480 240">'
    '<rect width="480" height="240" fill="#eee"/><text x="10" y="20">50 % &amp; more</text></svg>'
)
PICTURE = Picture(
    "curve", "A curve that falls", "A <title>", "By Kaplan & Meier.", "It falls", SVG, b"",
    "time,estimate\n0,1\n", 169.3, 84.7, (Mark(0.5, 0.5, "12 months: 50 %"),),
)  # fmt: skip
TABLE = Table("Rates", ("Row", "n/N"), (Row(("one", "1/2")),))
BLOCKS = (
    Heading("A part"),
    Paragraph("**Strong** & <plain>."),
    Points(("one", "two")),
    Caution("Privacy: one."),
    PICTURE,
    TableBlock(TABLE),
)
CHAPTERS = [Chapter("one", "First & foremost", BLOCKS), Chapter("more", "More", BLOCKS, True)]


def page(chapters=CHAPTERS, **given):
    return report_page(
        chapters, "A <study> & 研究", **{"synthetic": True, "made_with": "carstats 9", **given}
    )


def test_a_page_holds_every_block():
    html = page()
    assert page_problems(html, "en") == []
    read = BeautifulSoup(html, "html.parser")
    assert read.h1.text == read.title.text == "A <study> & 研究"
    assert [a["href"] for a in read.nav.find_all("a")] == ["#one", "#appendix", "#more"]
    heads = [(h.name, h.text) for h in read.main.find_all(["h2", "h3", "h4"])]
    assert heads == [
        ("h2", "First & foremost"), ("h3", "A part"), ("h2", "Appendix"), ("h3", "More"),
        ("h4", "A part"),
    ]  # fmt: skip
    first = read.find("section", {"aria-labelledby": "one"})
    assert first.strong.text == "Strong"
    assert first.select_one(".caution").text == "Privacy: one."
    assert [li.text for li in first.ul.find_all("li")] == ["one", "two"]
    assert first.img["alt"] == "A curve that falls"
    assert first.figcaption.text == "By Kaplan & Meier."
    numbers = first.select_one("a.numbers")
    assert numbers["download"] == "curve.csv"
    assert numbers["href"].startswith("data:text/csv")
    assert "do not exist" in read.header.text
    assert "do not exist" not in page(synthetic=False)


def test_a_page_in_chinese():
    with in_language("zh"):
        assert page_problems(page(), "zh") == []


def test_a_page_in_a_browser(browser, tmp_path):
    from tests.report.browser import drawn_problems

    file = tmp_path / "report.html"
    file.write_text(page(), encoding="utf-8")
    assert drawn_problems(browser, file) == []


HOVER = """(() => {
const image = document.querySelector('figure img'), box = image.getBoundingClientRect();
image.dispatchEvent(new PointerEvent('pointermove', {
  clientX: box.left + box.width / 2 + 3, clientY: box.top + box.height / 2}));
const tip = document.querySelector('.tip');
return [tip.hidden, tip.textContent];
})()"""
ENLARGED = """(() => {
document.querySelector('figure .enlarge').click();
const large = document.querySelector('dialog');
const found = [large.open, large.querySelector('img').getBoundingClientRect().width];
large.querySelector('button').click();
return [...found, large.open];
})()"""


@pytest.mark.parametrize("width", [1280, 390])
def test_the_script_tells_the_numbers_and_enlarges(browser, tmp_path, width):
    file = tmp_path / "report.html"
    file.write_text(page(), encoding="utf-8")
    browser.open(file, width)
    assert browser.run(HOVER) == [False, "12 months: 50 %"]
    opened, wide, still = browser.run(ENLARGED)
    assert opened
    assert wide >= 640
    assert not still
    (save,) = browser.run(
        "[...document.querySelectorAll('#figure-curve a[download$=\".svg\"]')]"
        ".map(a => a.href.slice(0, 18))"
    )
    assert save == "data:image/svg+xml"


def test_without_a_script_a_figure_is_enlarged_in_its_place(browser, tmp_path):
    file = tmp_path / "report.html"
    bare = re.sub("<script>.*</script>", "", page(), flags=re.DOTALL)
    assert "<script" not in bare
    file.write_text(bare, encoding="utf-8")
    browser.open(file, 390)
    wide = "document.querySelector('figure img').getBoundingClientRect().width"
    assert browser.run("document.querySelector('dialog')") is None
    assert browser.run(wide) <= 360
    browser.run("location.hash = 'figure-curve'")
    assert browser.run(wide) >= 600
    assert browser.run("document.documentElement.scrollWidth") == 390
    shown = "getComputedStyle(document.querySelector('figure .{}')).display"
    assert browser.run(shown.format("enlarge")) == "none"
    assert browser.run(shown.format("smaller")) == "inline-block"


@pytest.fixture(scope="module")
def small_report():
    """The chapters of the five subjects, drawn."""
    context = context_of(small_study())
    made = [make_chapter(entry, context) for entry in CONTENTS]
    return [drawn(chapter) for chapter in made if chapter is not None]


def test_a_figure_is_drawn_without_its_words(small_report):
    pictures = [block for c in small_report for block in c.blocks if isinstance(block, Picture)]
    assert len({picture.name for picture in pictures}) == len(pictures)
    curve = next(picture for picture in pictures if picture.name == "relapse_free")
    assert curve.title.startswith("Relapse-free survival")
    assert "Kaplan–Meier" in curve.caption
    assert curve.png.startswith(b"\x89PNG")
    assert curve.csv.startswith("panel,")
    # The step of the relapse on day 300: of four one had died on day 200, two are left of three.
    told = [mark.text.replace("\u00a0", " ") for mark in curve.marks]
    assert any("CD19 · 9.9 months · 67 %" in text for text in told), told
    rates = next(picture for picture in pictures if picture.name == "response")
    rows = [mark.text.replace("\u00a0", " ") for mark in rates.marks]
    assert "Myasthenia gravis · BCMA · 1/1 · – · 100 % (3–100)" in rows, rows
    assert [mark.y for mark in rates.marks] == sorted(mark.y for mark in rates.marks)
    for mark in (*curve.marks, *rates.marks):
        assert 0 <= mark.x <= 1
        assert 0 <= mark.y <= 1


def test_a_report_is_small_and_prints_on_few_pages(small_report, tmp_path, browser):
    html = page(small_report)
    assert page_problems(html, "en") == []
    if shutil.which("pdfinfo") is None:
        pytest.skip("pdfinfo, which counts the pages, is not installed")
    core = [replace(chapter) for chapter in small_report if not chapter.appendix]
    assert pages_of(page(core), tmp_path) <= 12
    assert pages_of(page(core[:1]), tmp_path) == 1


def pages_of(html, folder):
    """Return on how many sheets of A4 a page prints."""
    file, printed = folder / "printed.html", folder / "printed.pdf"
    file.write_text(html, encoding="utf-8")
    subprocess.run(
        [
            find_browser(), "--headless=new", "--no-sandbox", "--disable-gpu",
            "--no-pdf-header-footer", f"--user-data-dir={folder / 'profile'}",
            f"--print-to-pdf={printed}", file.as_uri(),
        ],
        capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    told = subprocess.run(["pdfinfo", printed], capture_output=True, text=True, check=True).stdout
    size = next(line for line in told.splitlines() if line.startswith("Page size"))
    assert "A4" in size
    return int(next(line for line in told.splitlines() if line.startswith("Pages")).split()[1])
