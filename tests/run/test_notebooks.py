"""Notebooks as pages: their text in two languages, what a page holds, and what it must not."""

import re
import textwrap
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from carstats import errors
from carstats.errors import CarstatsError
from carstats.language import in_language
from carstats.report.tables.files import Table
from carstats.report.tables.model import MIMETYPE, Row, Spanner
from carstats.run import notebooks
from carstats.run.notebooks import (
    markdown_paragraphs,
    notebook_bytes,
    run_notebook,
    translated_markdown,
)
from carstats.run.notebooks import page_of as notebook_html
from carstats.translation import current_language
from tests.report.page_checks import page_problems

ROOT = Path(__file__).parents[2]

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


CODE = '# What it "shows" & <tells>\nx = 1 < 2'
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


def shown(data, kind="display_data", **more):
    return new_output(kind, data=data, **more)


def notebook(*outputs, head="# The title"):
    return new_notebook(cells=[new_markdown_cell(head), new_code_cell(CODE, outputs=list(outputs))])


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


@pytest.fixture(autouse=True)
def jupyter_alone(monkeypatch):
    """The notebooks of these tests do not ask the second program."""
    needed = [name for name in notebooks.NEEDED if name not in ("lifelines", "statsmodels")]
    monkeypatch.setattr(notebooks, "NEEDED", needed)


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
    source = tmp_path / "text.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell(TEXT)]), source)
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
    page = notebook_html(
        notebook(
            shown({"image/png": PIXEL, "text/plain": "<Figure>"}),
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
    assert [p.text for p in read.find_all("pre")] == [CODE, "a < b", "printed\n"]
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
    with in_language("zh"):
        page = notebook_html(notebook(shown({"text/markdown": "**模拟数据。** 这些 **A** 词"})))
    assert "<strong>模拟数据。</strong>这些 <strong>A</strong> 词" in page


@pytest.fixture
def source(tmp_path):
    """A notebook with outputs and marks that an editor left in it."""
    cells = [
        new_markdown_cell("# A title\n\nFollow-up"),
        new_code_cell(
            "# A line from one to two\n%matplotlib inline\nimport os, sys\n"
            "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
            metadata={"collapsed": True},
            outputs=[new_output("stream", name="stdout", text="of an earlier run\n")],
        ),
        new_code_cell(
            "given = os.environ\n"
            'print(given["CARSTATS_LANGUAGE"], os.path.basename(given["CARSTATS_DATA"]))\n'
            'print("/home/somebody", file=sys.stderr)'
        ),
    ]
    path = tmp_path / "short.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata={"edited": "2026-01-01"}), path)
    return path


def test_a_notebook_is_run_and_kept_without_what_changes_by_machine(source, tmp_path):
    data = tmp_path / "study"
    runs = [run_notebook(source, data) for _ in range(2)]
    assert notebook_bytes(runs[0]) == notebook_bytes(runs[1])
    text = notebook_bytes(runs[0]).decode()
    assert "en study\\n" in text
    assert "an earlier run" not in text
    assert not re.search(r"20\d\d-\d\d|collapsed|" + str(tmp_path), text)
    assert [cell["id"] for cell in runs[0].cells] == ["cell-0", "cell-1", "cell-2"]
    page = notebook_html(runs[0])
    assert page_problems(page) == []
    read = soup(page)
    assert read.find("img")["alt"] == "A line from one to two"
    assert read.find("img")["src"].startswith("data:image/png;base64,")
    assert "somebody" not in page.replace("/home/somebody&quot;, file", "").replace(
        '"/home/somebody", file', ""
    )


def test_a_notebook_speaks_the_language_that_is_set(source, tmp_path):
    with in_language("zh"):
        run = run_notebook(source, tmp_path / "study")
        page = notebook_html(run)
    assert run.cells[2].outputs[0].text == "zh study\n"
    assert run.cells[0].source == "# A title\n\n随访"
    assert page_problems(page, "zh") == []
    assert "<summary>代码</summary>" in page
    assert current_language() == "en"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("from carstats.errors import CarstatsError\nraise CarstatsError('no data')", "no data"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_notebook_that_fails_says_why(code, words, tmp_path):
    source = tmp_path / "wrong.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(code)]), source)
    with pytest.raises(CarstatsError, match=f"the notebook wrong.ipynb stopped: {words}"):
        run_notebook(source)


def test_what_is_no_notebook_is_refused(tmp_path):
    (tmp_path / "bad.ipynb").write_text("# not one")
    with pytest.raises(CarstatsError, match=r"cannot read the notebook .*bad\.ipynb"):
        run_notebook(tmp_path / "bad.ipynb")
    with pytest.raises(CarstatsError, match=r"cannot read the notebook .*none\.ipynb"):
        run_notebook(tmp_path / "none.ipynb")


def test_a_library_that_lacks_is_named_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(errors, "find_spec", lambda n: None if n == "nbclient" else n)
    with pytest.raises(CarstatsError, match=r'needs nbclient.*pip install "carstats\[notebooks'):
        run_notebook(tmp_path / "any.ipynb")


NOTEBOOKS = sorted((ROOT / "analyses" / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebooks_are_whole_and_small(path):
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    assert 10 <= len(notebook.cells) <= 14
    assert path.stat().st_size < 1_000_000
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    # Run from top to bottom, with nothing on stderr and no error kept.
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]
    text = "\n".join(cell.source for cell in code)
    assert "sns." in text
    assert re.search(r"^from (lifelines|statsmodels)|^import statsmodels", text, re.M)
    for cell in code:
        if any("image/png" in output.get("data", {}) for output in cell.outputs):
            assert cell.source.startswith("# "), "a picture's text is its cell's first comment"


def test_there_are_five():
    assert [p.stem for p in NOTEBOOKS] == ["cohort", "evidence", "relapse", "response", "toxicity"]
