"""The files of tables: every format says what the table says."""

import io
import re
import sys
import zipfile
from html.parser import HTMLParser

import docx
import pandas as pd
import pytest

import carstats as cs
from carstats.errors import CarstatsError
from carstats.report.pages.save import save_table
from carstats.report.tables import (
    Row,
    Table,
    files,
    html,
    tabulate_rates,
    tabulate_toxicities,
    word,
)
from carstats.report.tables.widths import column_shares, landscape, letters
from carstats.result import Result
from tests.report.test_tables import S, awkward, spec


@pytest.fixture(scope="module")
def cohort():
    return cs.define_cohort(cs.simulate_study(seed=3, n=80), cs.infused())


class _Cells(HTMLParser):
    """The texts of cells, the ids, and the tags that are open."""

    def __init__(self, text):
        super().__init__()
        self.cells, self.ids, self.open, self.headers = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids += [given["id"]] if "id" in given else []
        self.headers += given.get("headers", "").split()
        if tag in ("td", "th", "p"):
            self.cells.append("")
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"td", "th", "p"} & set(self.open) and "sup" not in self.open:
            self.cells[-1] += data


def test_html_is_escaped_and_whole():
    table = awkward()
    page = html.table_page(table, "t1")
    parsed = _Cells(page)
    cells = [cell.strip() for cell in parsed.cells]
    assert not parsed.open
    rows = [text for row in table.rows for text in (row.group, *row.cells) if text]
    for text in [table.title, *table.heads, *rows]:
        assert text.replace(S, " ") in [cell.replace(S, " ") for cell in cells]
    assert '<p class="title" id="t1">' in page
    assert 'role="region" tabindex="0" aria-labelledby="t1"' in page
    assert {"One note & more.", "First < mark.", "Synthetic data."} <= set(cells)
    assert "Both <i>" in cells
    assert len(set(parsed.ids)) == len(parsed.ids)
    assert "<sup>a,b</sup>" in page
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert not re.search(r"(src|href)=|url\(|@import|<script", page)
    assert page == html.table_page(awkward(), "t1")
    with pytest.raises(CarstatsError, match="`table_id` is 'a b'"):
        html.table_html(table, "a b")


def test_html_ids_are_unique_in_chinese_too():
    with cs.in_language("zh"):
        rows = (Row(("年龄", "1"), "甲"), Row(("性别", "2"), "乙"), Row(("性别", "3"), "丙"))
        table = Table("表", ("项目", "数"), rows)
    page = html.table_page(table)
    parsed = _Cells(page)
    assert len(set(parsed.ids)) == len(parsed.ids)
    assert '<html lang="zh-Hans">' in page


def word_cells(content, number=0):
    """Return the texts of a Word table, row by row, a merged cell once."""
    table = docx.Document(io.BytesIO(content)).tables[number]
    return [
        [c.text.replace(S, " ") for i, c in enumerate(row.cells) if c._tc not in
         [d._tc for d in row.cells[:i]]]
        for row in table.rows
    ]  # fmt: skip


def test_word_says_what_the_table_says():
    table = awkward()
    content = word.table_word(table)
    rows = word_cells(content)
    marked = [f"{h}{m}".replace(S, " ") for h, m in zip(table.heads, table.head_marks, strict=True)]
    assert rows[0] == ["", "", "Both <i>"]
    assert rows[1] == marked
    body = []
    for group, members in table.groups():
        body.append([group])
        for row in members:
            first = row.cells[0] + row.marks
            body.append([text.replace(S, " ") for text in (first, *row.cells[1:])])
    assert rows[2:] == body
    document = docx.Document(io.BytesIO(content))
    texts = [paragraph.text for paragraph in document.paragraphs]
    assert texts[0] == f"Table 1. {table.title}"
    assert texts[1:] == [letters + text for letters, text in table.footnotes()]
    assert document.paragraphs[0].style.name == "Caption"
    xml = document.tables[0]._tbl.xml
    assert xml.count("<w:tblHeader/>") == 2
    assert xml.count("<w:cantSplit/>") == len(document.tables[0].rows)
    assert content == word.table_word(awkward())


def test_word_holds_several_tables_and_turns_the_page_for_wide_ones():
    wide = Table("Wide", tuple("abcdefgh"), (Row(tuple("12345678")),))
    with cs.in_language("zh"):
        chinese = Table("基线特征", ("", "全部"), (Row(("年龄", "39")),))
    content = word.table_word(chinese, wide, chinese)
    document = docx.Document(io.BytesIO(content))
    assert [s.orientation for s in document.sections] == [0, 1, 0]
    captions = [p.text for p in document.paragraphs if p.style.name == "Caption"]
    assert captions == ["表 1　基线特征", "Table 2. Wide", "表 3　基线特征"]
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert 'w:eastAsia="宋体"' in file.read("word/styles.xml").decode()
    with pytest.raises(CarstatsError, match="at least one table"):
        word.table_word()


def test_word_leaves_out_what_xml_does_not_allow():
    table = Table("T\x00", ("", "n"), (Row(("a\x0b", "1")),))
    assert word_cells(word.table_word(table))[1] == ["a", "1"]


def test_latex_is_escaped_and_balanced():
    text = files.table_latex(awkward())
    code = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    bare = re.sub(r"\\[\\{}$&%#_]", "", code)
    assert bare.count("{") == bare.count("}")
    begun, ended = (re.findall(rf"\\{word}{{(\w+)}}", code) for word in ("begin", "end"))
    assert begun == ended[::-1]
    rows = [
        line for line in code.splitlines() if line.endswith(r" \\") and "multicolumn" not in line
    ]
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {3}
    assert r"\textless{}b\textgreater{}\&amp; 50 \% of \$x\_1\$ \#1 \{a\}" in code
    assert r"\textbackslash{}d \textbar{} \textquotedbl{}e\textquotedbl{} {[}f] {*}g -{}-" in code
    assert r"\textsuperscript{a,b}" in code
    assert r"\cmidrule(lr){3-4}" in code
    assert text.startswith("% Needs XeLaTeX and")
    plain = files.table_latex(Table("T", ("", "n"), (Row(("ü ≥ 3", "1–2")),)))
    assert plain.startswith(
        r"% Needs \usepackage[T1]{fontenc}\usepackage{array,booktabs,longtable}"
    )
    assert r"ü $\geq$ 3 & 1--2 \\" in plain


def test_rtf_is_ascii_and_whole():
    content = files.table_rtf(awkward())
    text = content.decode("ascii")
    bare = re.sub(r"\\[\\{}]", "", text)
    assert bare.count("{") == bare.count("}")
    assert r"\{a\}" in text
    assert r"\uc1\u20013?\uc1\u25991?" in text
    # Beyond the first plane: two halves.
    assert r"\uc1\u-10180?\uc1\u-8311?" in text
    assert text.count(r"\trowd\trkeep") == text.count(r"\trowd") - 2
    assert text.count(r"\trhdr") == 2
    assert content == files.table_rtf(awkward())


def test_rtf_without_what_writes_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "rtflite", None)
    with pytest.raises(CarstatsError, match=r'pip install "carstats\[rtf\]"'):
        files.table_rtf(awkward())


@pytest.mark.parametrize("kind", ["html", "latex", "word"])
def test_a_sentence_instead_of_an_empty_grid(kind):
    table = Table("Toxicity", (), (Row(("No toxicity was recorded.",)),), synthetic=True)
    content = files.table_bytes(table, kind)
    if kind == "word":
        assert word_cells(content) == [["No toxicity was recorded."]]
    else:
        assert "No toxicity was recorded." in content.decode()


def test_widths_are_shares_of_the_page():
    shares = column_shares(awkward())
    assert sum(shares) == pytest.approx(1)
    assert shares[0] == max(shares)
    assert letters("ab") == 2
    assert letters("中") == 2
    assert not landscape(Table("T", tuple("abcdef"), ()))
    assert landscape(Table("T", tuple("abcdefg"), ()))


def test_a_table_is_saved_with_its_numbers(tmp_path):
    frame = pd.DataFrame({"label": ["=1+1"], "n": [3], "n_event": [1], "estimate": [1 / 3],
                          "conf_low": [0.0], "conf_high": [0.9]})  # fmt: skip
    result = Result(frame, spec())
    table = tabulate_rates(result)
    formats = ("html", "latex", "word", "rtf")
    made = save_table(table, result, tmp_path, "9_table", formats=formats)
    ends = ("csv", "docx", "html", "json", "rtf", "tex")
    assert sorted(path.name for path in made) == [f"9_table.{end}" for end in ends]
    # What a spreadsheet would run has an apostrophe in front.
    saved = frame.assign(label="'=1+1")
    assert pd.read_csv(tmp_path / "9_table.csv").equals(saved)
    before = {path: path.read_bytes() for path in made}
    save_table(table, result, tmp_path, "9_table", formats=formats)
    assert before == {path: path.read_bytes() for path in made}
    with pytest.raises(CarstatsError, match="`formats`"):
        save_table(table, result, tmp_path, "other", formats=["pdf"])
    assert not list(tmp_path.glob("other*"))


def test_every_table_speaks_chinese(cohort):
    with cs.in_language("zh"):
        table = tabulate_toxicities(cs.toxicity_table(cohort, by="target"))
        rates = tabulate_rates(cs.toxicity_rate(cohort, "CRS", by="target"))
        assert table.rows[0].cells[0] == "任何不良事件"
    words = " ".join([*table.heads, *rates.heads, *(t for _, t in rates.footnotes())])
    assert not re.search(r"\b(Any|Rate|Missing|subjects|Grade)\b", words)
    assert 'lang="zh-Hans"' in html.table_page(rates)
