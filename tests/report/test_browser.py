"""The pages as a browser shows them: on a desk and on two phones.

Skipped with the reason where no Chromium or Chrome is installed; `CARSTATS_BROWSER` names one, and
then it must work.
"""

import sys
from pathlib import Path

import pytest

from tests.report.page_checks import page_problems

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "reports").glob("*.html")), ROOT / "figures" / "index.html"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_without_a_browser(page):
    assert page_problems(page.read_text("utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_in_a_browser(browser, page):
    from tests.report.browser import drawn_problems

    assert drawn_problems(browser, page) == []


BAD = """<!DOCTYPE html><html><head><title>x</title>
<meta name="viewport" content="width=device-width"></head><body style="margin:0"><h1>One</h1>
<h3 id="a">Three</h3><p id="a" style="color:#999">grey</p><p style="opacity:.4">faint</p>
<img src="https://example.invalid/x.png"><a href="#b">b</a><div style="width:700px">wide</div>
<div style="overflow:auto;width:50px"><div style="width:90px">inner</div></div>
<script>console.error("told")</script></body></html>"""


def test_the_checks_without_a_browser_see_what_is_wrong():
    found = "\n".join(page_problems(BAD, "en"))
    for words in (
        "'a' 2 times", "h3 after h1", "has no alt", "#b leads nowhere", "language None", "<script>",
        "asks for https://example.invalid", "viewport or main",
    ):  # fmt: skip
        assert words in found, found
    sneaky = BAD.replace("<p ", '<p onclick="x()" ').replace("<h3", "<style>@import 'x'</style><h3")
    found = "\n".join(page_problems(sneaky.replace('"#b"', '"javascript:x()"')))
    for words in ("onclick", "the style asks for a file", "runs javascript:x()"):
        assert words in found, found


def test_the_checks_see_what_is_wrong(browser, tmp_path):
    from tests.report.browser import drawn_problems

    page = tmp_path / "bad.html"
    page.write_text(BAD)
    found = "\n".join(drawn_problems(browser, page))
    for words in (
        "id a twice", "h3 after h1", "without alt", "#b leads nowhere", "no language", "told",
        "asks for https://example.invalid", "at 360 px: 700 px wide", "scrolls by mouse alone",
        "not one main", "grey", "faint",
    ):  # fmt: skip
        assert words in found, found


@pytest.mark.parametrize("name", ["no-such-browser", "true"])
def test_a_browser_that_is_named_must_work(name, monkeypatch):
    if sys.platform == "win32":
        pytest.skip("the browser is driven over a pipe, which Windows does not have")
    from tests.report.browser import VARIABLE, Browser, NoBrowserError, find_browser

    monkeypatch.setenv(VARIABLE, name)
    with pytest.raises(NoBrowserError), Browser(find_browser()):
        pass
