"""The commands `share` and `combine`: what they write, print and refuse."""

import json
import re

import pandas as pd
import pytest
from typer.testing import CliRunner

import carstats as cs
from carstats.run import network
from carstats.run.cli import app
from tests.report.page_checks import page_problems
from tests.sharing.sites import content_of, written

KINDS = [(168, "event", 84), (500, "event", 448), (360, "censored", 0)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("study")
    cs.write_study(cs.simulate_study(seed=3, n=40), place)
    return place


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    place = tmp_path_factory.mktemp("sites")
    for name, yes in (("A", 9), ("B", 12), ("C", 7), ("D", 3)):
        times = [KINDS[i % 3] for i in range(20)]
        written(place, content_of((1,) * yes + (0,) * (20 - yes), times, site=name))
    return place


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_share_writes_the_file_and_the_page(folder, tmp_path):
    made = run("share", folder, "--out", tmp_path, "--site", "St. Anna / 1")
    assert made.exit_code == 0, made.output
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "St_Anna_1.counts.json", "disclosure.html",
    ]  # fmt: skip
    text = (tmp_path / "St_Anna_1.counts.json").read_text(encoding="utf-8")
    content = json.loads(text)
    assert content["site"] == "St. Anna / 1"
    assert text == json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    page = (tmp_path / "disclosure.html").read_text(encoding="utf-8")
    assert content["fingerprint"] in page
    for word in ("Name", "Role", "Date", "Signature", "Read this before"):
        assert word in page
    assert "http" not in re.sub(r"<meta[^>]*>", "", page)


def test_the_page_has_every_number_of_the_file(folder, tmp_path):
    run("share", folder, "--out", tmp_path, "--site", "A", "--min-cell", "3")
    content = json.loads((tmp_path / "A.counts.json").read_text(encoding="utf-8"))
    page = (tmp_path / "disclosure.html").read_text(encoding="utf-8")
    cells = set(re.findall(r">([\d,]+)<", page))
    for table in content["tables"]:
        for row in table["responses"]:
            assert {str(row[k]) for k in ("asked", "responders", "not_asked")} <= cells
        for row in table["curves"]:
            told = {str(i[k]) for i in row["intervals"] for k in ("at_risk", "events")}
            assert told <= cells
        for row in table["toxicities"]:
            for grade in row["worst_grade"]:
                assert f":\u00a0{grade['subjects']}" in page
    assert "needs the agreement of the sites" in page


def test_the_same_study_gives_the_same_bytes(folder, tmp_path):
    for name in ("one", "two"):
        run("share", folder, "--out", tmp_path / name, "--site", "A")
    for file in ("A.counts.json", "disclosure.html"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_share_in_chinese(folder, tmp_path):
    made = run("share", folder, "--out", tmp_path, "--site", "甲", "--lang", "zh")
    assert made.exit_code == 0, made.output
    assert (tmp_path / "甲.counts.json").exists()
    assert 'lang="zh' in (tmp_path / "disclosure.html").read_text(encoding="utf-8")


def test_nothing_is_half_written(folder, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise cs.CarstatsError("no page")

    monkeypatch.setattr(network, "disclosure_page", broken)
    made = run("share", folder, "--out", tmp_path / "out", "--site", "A")
    assert made.exit_code == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--min-cell", "0"), "min_cell"),
        (("--by", "ward"), "ward"),
        (("--endpoint", "remision"), "remision"),
        (("--site", " "), "site"),
    ],
)
def test_share_refuses(folder, tmp_path, options, words):
    made = run("share", folder, "--out", tmp_path / "out", *options)
    assert made.exit_code == 2
    assert words in made.output
    assert not (tmp_path / "out").exists()


def test_combine_writes_the_page_tables_and_figures(sites, tmp_path):
    made = run("combine", sites, "--out", tmp_path)
    assert made.exit_code == 0, made.output
    files = {p.name for p in tmp_path.iterdir()}
    assert {"network.html", "network.docx", "numbers.csv"} <= files
    assert {f"figure_response_response.{kind}" for kind in ("svg", "pdf", "png")} <= files
    assert {f"table_response_response.{kind}" for kind in ("csv", "json")} <= files
    page = (tmp_path / "network.html").read_text(encoding="utf-8")
    for words in ("whatever is hidden", "All sites but one", "A new site", "Possible"):
        assert words in page
    table = pd.read_csv(tmp_path / "table_response_response.csv")
    added = table[table["site_id"].eq("counts added")].iloc[0]
    assert (added["n_event"], added["n"]) == (28, 60)


def test_combine_refuses_in_one_message_and_writes_nothing(sites, tmp_path):
    copies = tmp_path / "in"
    copies.mkdir()
    text = (sites / "A.counts.json").read_text(encoding="utf-8")
    (copies / "A.json").write_text(text.replace('"responders": 9', '"responders": 8'), "utf-8")
    for given in ([copies], [sites, sites / "A.counts.json"], [tmp_path / "none.json"]):
        made = run("combine", *given, "--out", tmp_path / "out")
        assert made.exit_code == 2
        assert made.output.startswith("Error: ")
        assert "Traceback" not in made.output
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_pages_are_sound(folder, sites, tmp_path, lang):
    site = "<script>alert(1)</script> & \"A\" '甲'"
    run("share", folder, "--out", tmp_path, "--site", site, "--lang", lang)
    run("combine", sites, "--out", tmp_path, "--lang", lang, "--endpoint", "response")
    for name in ("disclosure.html", "network.html"):
        page = (tmp_path / name).read_text(encoding="utf-8")
        assert page_problems(page) == []
        assert "<script>alert" not in page


def test_a_site_of_a_few_sends_no_number(tmp_path):
    cs.write_study(cs.simulate_study(seed=3, n=3), tmp_path / "study")
    made = run("share", tmp_path / "study", "--out", tmp_path / "out", "--site", "A")
    assert made.exit_code == 0, made.output
    assert "Fewer than 5 subjects: the file holds no number." in made.output
    assert run("combine", tmp_path / "out", "--out", tmp_path / "network").exit_code == 0
