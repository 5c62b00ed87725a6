"""Files that are not what carstats wrote are refused, each in one message."""

import copy
import json
import os

import pytest

import carstats as cs
from carstats.sharing.definitions import definition_fingerprint, fingerprint
from carstats.sharing.reading import read_shared
from tests.sharing.sites import content_of, written


def sealed(content):
    """Return a content with a fingerprint that fits: an attacker can compute it too."""
    rest = {key: value for key, value in content.items() if key != "fingerprint"}
    return {**rest, "fingerprint": fingerprint(rest)}


@pytest.fixture(scope="module")
def content():
    kinds = [(168, "event", 84), (500, "event", 448), (360, "censored", 0)]
    return content_of((1,) * 9 + (0,) * 6 + (None,) * 5, [kinds[i % 3] for i in range(20)])


def test_what_was_written_is_read(tmp_path, content):
    assert read_shared(written(tmp_path, content)) == content


def change(row, **values):
    row.update(values)


def relabelled(content, **values):
    definition = content["definitions"]["response"]
    definition.update(values)
    definition["fingerprint"] = definition_fingerprint(definition)


CHANGES = {
    "negative": (lambda c: change(c["tables"][0]["responses"][0], responders=-1), "not allowed"),
    "a fraction": (lambda c: change(c["tables"][0]["responses"][0], responders=9.0), "not allowed"),
    "a yes": (lambda c: change(c["tables"][0]["responses"][0], missing=True), "not allowed"),
    "huge": (lambda c: change(c["tables"][0]["responses"][0], responders=10**30), "not allowed"),
    "text": (lambda c: change(c["tables"][0]["responses"][0], responders="9"), "not allowed"),
    "more responders": (
        lambda c: change(c["tables"][0]["responses"][0], responders=16), "do not add up"),
    "evaluable": (
        lambda c: change(c["tables"][0]["responses"][0], evaluable=14), "response do not add up"),
    "subjects": (lambda c: change(c, subjects=21), "do not add up"),
    "events": (lambda c: change(c["tables"][0]["curves"][0]["intervals"][0], events=7),
               "relapse_free_survival do not add up"),
    "visits": (lambda c: change(c["tables"][0]["curves"][0]["intervals"][0], to_week=5.0),
               "do not add up"),
    "another key": (lambda c: change(c, note="x"), "keys"),
    "a key less": (lambda c: c.pop("hidden"), "keys"),
    "definition": (lambda c: change(c["definitions"]["response"]["visit"], day=84.0),
                   "fingerprint of the definition of response"),
    "label": (lambda c: relabelled(c, label=5), "`label` of response is 5"),
    "rules": (lambda c: relabelled(c, rules=[{}]), "response has not the keys"),
    "visit": (lambda c: relabelled(c, visit="x"), "`visit` of response"),
    "scales": (lambda c: relabelled(c, grading_scales=[{}]), "`grading_scales` of response"),
    "kind": (lambda c: change(c["definitions"]["response"], kind=[]), "keys"),
    "outcome unknown": (
        lambda c: change(c["tables"][0]["responses"][0], outcome="DORIS"), "do not add up"),
    "twice": (lambda c: c["tables"][0]["responses"].append(
        dict(c["tables"][0]["responses"][0])), "do not add up"),
    "few, where none may be": (
        lambda c: change(c["tables"][0]["responses"][0], responders=2), "a number of 2, and"),
    "a name that does not print": (lambda c: change(c, site="A\u202e"), "keys"),
    "a layout in other words": (lambda c: change(c, layout_is="=1+1"), "keys"),
    "person-years": (
        lambda c: change(c["tables"][0]["curves"][0], person_years_on_the_grid=99.0),
        "do not add up"),
    "schema": (lambda c: change(c, schema=1), "its schema is 1"),
    "schema yes": (lambda c: change(c, schema=True), "its schema is true"),
    "other content": (lambda c: change(c, content="x"), "not a file that carstats share wrote"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_numbers_that_cannot_be_are_refused_though_the_fingerprint_fits(tmp_path, content, name):
    edit, match = CHANGES[name]
    other = copy.deepcopy(content)
    edit(other)
    with pytest.raises(cs.CarstatsError, match=match) as raised:
        read_shared(written(tmp_path, sealed(other), "x"))
    assert len(raised.value.problems) == 1


def test_an_edited_number_is_found_by_the_fingerprint(tmp_path, content):
    other = copy.deepcopy(content)
    other["site"] = "B"
    with pytest.raises(cs.CarstatsError, match="fingerprint does not fit"):
        read_shared(written(tmp_path, other))


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "no JSON, or was cut short"),
        (b"{", "no JSON, or was cut short"),
        (b"[1, 2]", "not a file that carstats share wrote"),
        (b'{"type": "FeatureCollection"}', "not a file that carstats share wrote"),
        (b"null", "not a file that carstats share wrote"),
        (b'{"a": NaN}', "holds NaN"),
        (b'{"a": Infinity}', "holds Infinity"),
        (b'{"a": 1, "a": 2}', "'a' stands in it twice"),
        ('{"a": "é"}'.encode("latin-1"), "not text in UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not text in UTF-8"),
        (b"[" * 100_000, "no JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "no JSON that carstats writes|not a file"),
        (
            b'{"content": "counts of outcomes, to be shared", "schema": 2, "site": "\\ud800"}',
            "no JSON that carstats writes",
        ),
        (
            b'{"content": "counts of outcomes, to be shared", "schema": 2, "subjects": 1e999}',
            "no JSON that carstats writes",
        ),
        (b"\x00\x01PK", "no JSON|UTF-8"),
    ],
)
def test_hostile_files(tmp_path, data, match):
    file = tmp_path / "x.json"
    file.write_bytes(data)
    with pytest.raises(cs.CarstatsError, match=match):
        read_shared(file)


@pytest.mark.parametrize("share", [0.3, 0.99])
def test_a_file_cut_short(tmp_path, content, share):
    text = json.dumps(content, indent=2, sort_keys=True)
    file = tmp_path / "x.json"
    file.write_text(text[: int(len(text) * share)], encoding="utf-8")
    with pytest.raises(cs.CarstatsError, match="cut short"):
        read_shared(file)


def test_no_file_a_folder_and_a_huge_file(tmp_path):
    with pytest.raises(cs.CarstatsError, match="cannot be read"):
        read_shared(tmp_path / "none.json")
    with pytest.raises(cs.CarstatsError, match="is a folder"):
        read_shared(tmp_path)
    file = tmp_path / "x.json"
    with file.open("wb") as hole:
        hole.truncate(10**9)
    with pytest.raises(cs.CarstatsError, match="larger than any"):
        read_shared(file)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.json")
    with pytest.raises(cs.CarstatsError, match="it is no file"):
        read_shared(tmp_path / "x.json")
