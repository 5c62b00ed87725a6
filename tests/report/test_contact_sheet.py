"""The page of all figures and tables: everything is on it, and it needs nothing from elsewhere."""

import shutil

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure

from carstats.errors import CarstatsError
from carstats.language import in_language
from carstats.report.figures.canvas import Canvas
from carstats.report.pages.contact_sheet import contact_sheet
from carstats.report.pages.save import save_figure
from carstats.result import Result, Spec

FRAME = pd.DataFrame({"target": ["CD19"], "n": [3], "estimate": [0.5]})


def result(analysis, endpoint, **spec):
    given = {"by": ("target",), "cohort": "infused", "fingerprint": "ab", "synthetic": True} | spec
    return Result(FRAME, Spec(analysis, endpoint, "3 subjects", "a <method>", **given))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("figures")
    figure = Canvas(figsize=(3, 1.5))
    figure.set_label('What it "shows"')
    figure.title, figure.caption = "Relapse of the subjects", "A caption & its second line."
    save_figure(figure, result("survival_curve", "Relapse"), place, "relapse")
    plain = Figure(figsize=(3, 1))
    save_figure(plain, result("response_rate", "Remission"), place, "remission")
    save_figure(plain, result("attrition", "Subjects", by=()), place, "flow")
    published = result("trial_rate", "Trials", cohort="", fingerprint=None, synthetic=False)
    save_figure(plain, published, place, "published")
    save_figure(plain, result("toxicity_table", "Toxicity"), place, "table")
    for kind in ("svg", "pdf", "png"):
        (place / f"table.{kind}").unlink()
    for kind in ("html", "docx", "tex"):
        (place / f"table.{kind}").write_text("x")
    (place / "results.csv").write_text("")
    (place / "notes.txt").write_text("")
    return place


@pytest.fixture(scope="module")
def page(folder):
    return BeautifulSoup(contact_sheet(folder), "html.parser")


def test_every_output_is_shown_under_its_topic(page):
    shown = {
        section.h2.text: [article["id"] for article in section.find_all("article")]
        for section in page.find_all("section")
    }
    assert shown == {
        "Cohort": ["flow"],
        "Relapse": ["relapse"],
        "Response": ["remission"],
        "Toxicity": ["table"],
        "Published evidence": ["published"],
    }
    titles = {article["id"]: article.h3.text for article in page.find_all("article")}
    assert titles["relapse"] == "Relapse of the subjects"
    assert titles["remission"] == "Remission by target"
    assert titles["flow"] == "Subjects"


def test_links_lead_to_files_and_contents_to_articles(page, folder):
    places = [link["href"] for link in page.find_all("a")]
    assert {p for p in places if p[0] != "#"} <= {file.name for file in folder.iterdir()}
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    contents = [link["href"][1:] for link in page.nav.find_all("a")]
    assert sorted(contents) == sorted(ids)
    linked = {article["id"]: [a.text for a in article.ul.find_all("a")]
              for article in page.find_all("article")}  # fmt: skip
    assert linked["relapse"] == ["SVG", "PDF", "PNG", "CSV", "JSON"]
    assert linked["table"] == ["HTML", "Word", "LaTeX", "CSV", "JSON"]
    assert "results.csv" in places
    assert "methods.csv" not in places


def test_pictures_have_their_text_and_their_size(page):
    image = page.find(id="relapse").img
    assert image["alt"] == 'What it "shows"'
    assert (image["width"], image["height"]) == ("288", "144")
    assert image["loading"] == "lazy"
    assert page.find(id="relapse").find(class_="caption").text == "A caption & its second line."
    table = page.find(id="table")
    assert table.img is None
    assert table.iframe["src"] == table.find(class_="table").a["href"] == "table.html"
    assert "sandbox" in table.iframe.attrs
    assert table.iframe["title"]


def test_the_page_asks_for_nothing_from_elsewhere(folder):
    text = contact_sheet(folder)
    assert text == contact_sheet(folder)
    assert "http:" not in text
    assert "https:" not in text
    assert "<script" not in text
    assert "url(" not in text
    assert "<method>" not in text
    assert 'name="viewport"' in text
    assert "@media print" in text


def test_the_page_says_that_data_are_synthetic(page, folder, tmp_path):
    assert "synthetic data" in page.header.text
    for kind in ("json", "csv", "svg"):
        shutil.copy(folder / f"published.{kind}", tmp_path)
    assert "synthetic" not in contact_sheet(tmp_path)


def test_the_page_in_chinese(folder):
    with in_language("zh"):
        page = BeautifulSoup(contact_sheet(folder), "html.parser")
    assert page.html["lang"] == "zh-Hans"
    words = " ".join(tag.text for tag in page.find_all(["h1", "h2"]))
    assert not any(letter.isascii() and letter.isalpha() for letter in words)


def test_a_file_that_is_no_origin_is_named(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "all")
    (tmp_path / "all" / "other.json").write_text("{}")
    assert "other" not in contact_sheet(tmp_path / "all")
    (tmp_path / "all" / "other.json").write_text('{"carstats": "1", "results": []}')
    with pytest.raises(CarstatsError, match=r"other\.json .* --only other"):
        contact_sheet(tmp_path / "all")
    (tmp_path / "all" / "other.json").write_text("{")
    with pytest.raises(CarstatsError, match=r"cannot read .*other\.json"):
        contact_sheet(tmp_path / "all")


def test_no_two_titles_are_alike(tmp_path):
    figure = Canvas(figsize=(3, 1))
    figure.title = "Flow"
    for stem in ("first", "second", "table"):
        save_figure(figure, result("attrition", "Subjects", by=()), tmp_path, stem)
    (tmp_path / "table.svg").unlink()
    shown = BeautifulSoup(contact_sheet(tmp_path), "html.parser")
    titles = {article["id"]: article.h3.text for article in shown.find_all("article")}
    assert titles == {"first": "Flow (first)", "second": "Flow (second)", "table": "Flow (table)"}
