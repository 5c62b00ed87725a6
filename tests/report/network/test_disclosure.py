"""The page that is signed shows each number of the file, and no other."""

import json
import re
from html.parser import HTMLParser

import pytest

import carstats as cs
from carstats.report.network.disclosure import disclosure_page
from carstats.sharing.shared import shared_content
from tests.report.page_checks import page_problems
from tests.sharing.sites import content_of


class Page(HTMLParser):
    """The tables of a page: title, and the cells of each row of its body."""

    def __init__(self, page):
        super().__init__()
        self.tables, self.inside = [], False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        self.inside &= tag not in ("td", "th")

    def handle_data(self, data):
        if self.inside:
            self.tables[-1][-1][-1] += data.strip()


def numbers(cells):
    """Return the numbers of a row but for its name."""
    return [int(n) for cell in cells[1:] for n in re.findall(r"^\d+$", cell.replace(",", ""))]


def counted(row):
    """Return the numbers of each line that a row of the file takes on the page."""
    if "responders" in row:
        keys = ("asked", "responders", "evaluable", "missing", "not_asked")
        return [[row[key] for key in keys if row[key] is not None]]
    if "worst_grade" in row:
        return [[row["asked"], *(g["subjects"] for g in row["worst_grade"]), row["not_asked"]]]
    keys = ("at_risk", "events", "competing", "censored", "without_event")
    lines = [[i[key] for key in keys if i[key] is not None] for i in row["intervals"]]
    first = [[row[key]] for key in ("not_asked", "no_record") if row[key] is not None]
    return [*first, *lines, [row["asked"], row["person_years_on_the_grid"]]]


def grades(cells):
    """Return the numbers of a row of toxicities: asked, by grade, not asked."""
    told = [int(part.rsplit(":", 1)[1].replace(",", "")) for part in cells[2].split(";")]
    return [int(cells[1]), *told, int(cells[3])]


def counts_of(cells):
    """Return the cells that are a number, and those of the grades."""
    whole = [cell for cell in cells if re.fullmatch(r"[\d,.]+", cell)]
    parts = [cell for cell in cells if re.search(r"5[:：]", cell)]
    return whole + [n for cell in parts for n in re.findall(r"[:：]\s*(\d+)", cell)]


def times(cells):
    found = numbers(cells[:-1])
    return [*found, float(cells[-1])] if cells[-1] else found


@pytest.mark.parametrize(("by", "least"), [(["disease", "target"], 5), ("target", 1), (None, 3)])
def test_each_number_of_the_file_is_on_the_page_and_no_other(by, least):
    cohort = cs.define_cohort(cs.read_study("data/synthetic"), cs.infused(), label="infused")
    content = shared_content(cohort, site="x", by=by, min_cell=least)
    tables = iter(Page(disclosure_page(content, "x.json", made_with="carstats")).tables)
    tried = 0
    for table in content["tables"]:
        strata = [numbers(cells) for cells in next(tables) if len(cells) > 1][1:]
        assert strata == [[stratum["subjects"]] for stratum in table["strata"]]
        for section, read in (("responses", numbers), ("toxicities", grades), ("curves", times)):
            if not table[section]:
                continue
            rows = [cells for cells in next(tables) if len(cells) > 1][1:]
            expected = [line for row in table[section] for line in counted(row)]
            assert [read(cells) for cells in rows] == expected
            tried += len(expected)
    assert tried > 40


@pytest.mark.parametrize("language", ["en", "zh"])
def test_both_languages_say_the_same_numbers(language):
    cohort = cs.define_cohort(cs.read_study("data/synthetic"), cs.infused(), label="infused")
    content = shared_content(cohort, site="St. Anna <1>")
    with cs.in_language(language):
        text = disclosure_page(content, "x.json", made_with="carstats 1")
    assert not page_problems(text, lang=language)
    tables = Page(text).tables
    half = len(tables) // 2
    first, second = (
        [shown for table in part for cells in table if (shown := counts_of(cells))]
        for part in (tables[:half], tables[half:])
    )
    assert len(tables) == 2 * half > 20
    assert first == second
    assert len(first) > 100
    sections = re.findall(r'<section class="language" lang="([\w-]+)">', text)
    assert sections == (["en", "zh-Hans"] if language == "en" else ["zh-Hans", "en"])
    assert text.count("St. Anna &lt;1&gt;") == 2
    for words in ("Signature", "签名", "I have read this page", content["fingerprint"]):
        assert words in text


def test_a_page_of_one_language_has_no_word_of_the_other_but_names():
    content = content_of(min_cell=3)
    text = disclosure_page(content, "x.json", made_with="carstats 1")
    english, chinese = text.split('<section class="language"')[1:]
    assert not re.search("[\u4e00-\u9fff]", english)
    told = re.sub("<[^>]+>", " ", chinese.split("</section>")[0])
    # Names of the file's own keys stay as they stand in the file, in tables that say so.
    before = told.split("文件中的内容")[0]
    assert re.search("[\u4e00-\u9fff]", before)


def test_what_else_is_in_the_file_is_on_the_page():
    content = content_of(min_cell=3)
    page = disclosure_page(content, "x.json", made_with="carstats")
    source = content["definitions"]["response"]["rules"][0]["source"]
    for told in ("4.0, 8.0, 12.0, 24.0", "day: 168.0", "made: as the site recorded it", source,
                 "infusions_recorded"):  # fmt: skip
        assert told in page
    assert "send one" in page


def test_an_outcome_that_is_hidden_has_its_label():
    content = content_of(
        (1,) * 4 + (0,) * 16, [(168, "event", 84)] * 3 + [(364, "censored", 0)] * 17
    )
    assert content["definitions"] == {}
    page = disclosure_page(content, "x.json", made_with="carstats")
    assert "Relapse-free survival" in page
    assert "relapse_free_survival" not in page
    assert json.dumps(content).count("relapse_free_survival") == 1
