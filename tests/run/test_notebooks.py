"""Notebooks as pages: their text in two languages, what a page holds, and what it must not."""

import textwrap

import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from carstats.errors import CarstatsError
from carstats.language import in_language
from carstats.report.chapters import notebooks
from carstats.report.chapters.notebooks import (
    Picture,
    markdown_paragraphs,
    notebook_html,
    run_notebook,
    translated_markdown,
)
from carstats.report.tables.files import Table
from carstats.report.tables.model import MIMETYPE, Row, Spanner
from carstats.translation import current_language
from tests.report.page_checks import page_problems

TEXT = """\
# A title
## Straight below it
A paragraph in
two lines, with **strong** and *soft* words.

- one
  goes on
- two
  - inside
* star

1. first
2. second,
   continued
10) tenth

> quoted in
> two lines

The end."""


def shown(data, kind="display_data", **more):
    return new_output(kind, data=data, **more)


def notebook(*outputs, head="# The title"):
    return new_notebook(
        cells=[new_markdown_cell(head), new_code_cell("x = 1 < 2", outputs=list(outputs))]
    )


def soup(page):
    return BeautifulSoup(page, "html.parser")


def table(title="Rates", **more):
    rows = (Row(("one", "1/2", "50 %"), group="G", indent=1, marks="a"), Row(("two", "–", "–")))
    given = {
        "notes": ("Who.",),
        "marked": ("Why.",),
        "spanners": (Spanner("Both", 1, 2),),
        "synthetic": True,
    }
    return Table(title, ("Row", "n/N", "Rate"), rows, **{**given, **more})


def test_text_is_taken_apart_and_put_together_again():
    assert translated_markdown(TEXT) == textwrap.dedent(
        """\
        # A title
        ## Straight below it
        A paragraph in two lines, with **strong** and *soft* words.

        - one goes on
        - two
          - inside
        * star

        1. first
        2. second, continued
        10) tenth

        > quoted in two lines

        The end."""
    )


def test_every_paragraph_is_a_message(tmp_path):
    source = tmp_path / "text.py"
    lines = "\n".join(f"# {line}".rstrip() for line in TEXT.splitlines())
    source.write_text(f"# %% [markdown]\n{lines}\n")
    assert markdown_paragraphs(source) == [
        "A title", "Straight below it",
        "A paragraph in two lines, with **strong** and *soft* words.",
        "one goes on", "two", "inside", "star", "first", "second, continued", "tenth",
        "quoted in two lines", "The end.",
    ]  # fmt: skip


def test_paragraphs_are_looked_up_one_by_one(monkeypatch):
    monkeypatch.setattr(notebooks, "tr", str.upper)
    assert translated_markdown("# one\n\n- two\n  three\n> four") == (
        "# ONE\n\n- TWO THREE\n> FOUR"
    )


def test_a_page_of_every_kind_of_output_is_whole():
    figure = Figure(figsize=(1, 1))
    figure.set_label('What it "shows" & <tells>')
    page = notebook_html(
        notebook(
            shown({"text/html": Picture(figure)._repr_html_()}),
            shown({"text/markdown": "## Part\n\nWords, **strong**.\n\n### Detail\n\n- item"}),
            shown({MIMETYPE: table().to_json(), "text/html": "<b>not this</b>"}),
            shown({MIMETYPE: table("Again").to_json()}),
            shown({"text/html": '<table id="t"><tr><td>1</td></tr></table>'}),
            shown({"text/html": '<table id="t"><tr><td headers="t">1</td></tr></table>'}),
            shown({"text/plain": "a < b"}, "execute_result", execution_count=1),
            new_output("stream", name="stdout", text="printed\n"),
            new_output("stream", name="stderr", text="/home/somebody/file.py: a warning\n"),
        )
    )
    assert page_problems(page, "en") == []
    read = soup(page)
    assert read.find("img")["alt"] == 'What it "shows" & <tells>'
    assert [link["href"] for link in read.nav.find_all("a")] == ["#section-1"]
    assert [h["id"] for h in read.main.find_all(["h2", "h3"])] == ["section-1", "section-1-1"]
    assert read.title.text == read.h1.text == "The title"
    assert [p.text for p in read.find_all("pre")] == ["x = 1 < 2", "a < b", "printed\n"]
    assert read.summary.text == "Code"
    assert "/home" not in page
    assert "not this" not in page
    for region in read.find_all(class_="scroll"):
        assert region["tabindex"] == "0"
        assert region.get("aria-label") or region.get("aria-labelledby")


def test_a_table_can_be_followed_cell_by_cell():
    read = soup(notebook_html(notebook(shown({MIMETYPE: table("A < B").to_json()}))))
    assert read.find(class_="title").text == "A < B"
    rows = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in read.find_all("tr")]
    assert rows == [
        ["Row", "Both"], ["n/N", "Rate"], ["G"], ["onea", "1/2", "50 %"], ["two", "–", "–"],
    ]  # fmt: skip
    scopes = [cell["scope"] for cell in read.find_all("th")]
    assert scopes == ["col", "colgroup", "col", "col", "rowgroup", "row", "row"]
    notes = [note.text for note in read.find_all(class_="note")]
    assert notes == ["Who.", "a Why.", "Synthetic data."]
    alone = Table("Nothing", (), (Row(("Nobody had any.",)),))
    page = notebook_html(notebook(shown({MIMETYPE: alone.to_json()})))
    assert page_problems(page) == []
    assert "Nobody had any." in soup(page).main.text
    assert not soup(page).find("table")


def test_a_label_neither_runs_nor_loads_nor_marks_anything():
    text = "[go](javascript:alert(1)) ![see](//example.invalid/x.png) &lt;b&gt; = *5* `6` _7_"
    page = notebook_html(notebook(shown({"text/markdown": f"> **Strong** {text}"})))
    assert page_problems(page) == []
    read = soup(page)
    assert read.blockquote.text.strip() == f"Strong {text}".replace("&lt;", "<").replace(
        "&gt;", ">"
    )
    assert [tag.name for tag in read.blockquote.find_all()] == ["p", "strong"]
    policy = read.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert "default-src 'none'" in policy


def test_a_notebooks_own_text_loads_no_picture():
    page = notebook_html(notebook(head="# T\n\n*soft* ![see](https://example.invalid/x.png)"))
    assert page_problems(page) == []
    assert "example.invalid" not in page
    assert "<em>soft</em>" in page


def test_chinese_strong_words_are_followed_by_no_gap():
    page = notebook_html(notebook(shown({"text/markdown": "**模拟数据。** 这些 **A** 词"})), "zh")
    assert "<strong>模拟数据。</strong>这些 <strong>A</strong> 词" in page


SOURCE = """\
# %% [markdown]
# # A title

# %%
import os
print(os.environ["CARSTATS_LANGUAGE"], os.environ.get("CARSTATS_MAPPING"))
"""


def test_the_language_and_the_mapping_reach_the_notebook(tmp_path, monkeypatch):
    source = tmp_path / "short.py"
    source.write_text(SOURCE)
    monkeypatch.setenv("CARSTATS_MAPPING", "of another study")
    run = run_notebook(source, tmp_path, "zh")
    assert run.cells[1].outputs[0].text == "zh None\n"
    page = notebook_html(run, "zh")
    assert page_problems(page, "zh") == []
    assert "<summary>代码</summary>" in page
    assert current_language() == "en"
    with in_language("zh"):
        run = run_notebook(source, tmp_path, mapping=tmp_path / "study.toml")
    assert run.cells[1].outputs[0].text == f"zh {tmp_path / 'study.toml'}\n"
    with pytest.raises(CarstatsError, match="`language`"):
        run_notebook(source, tmp_path, "xx")


def test_a_library_that_lacks_is_named_with_the_remedy(tmp_path, monkeypatch):
    find = notebooks.find_spec
    monkeypatch.setattr(notebooks, "find_spec", lambda n: None if n == "nbclient" else find(n))
    with pytest.raises(CarstatsError, match=r'needs nbclient.*pip install "carstats\[notebooks\]"'):
        run_notebook(tmp_path / "any.py")
