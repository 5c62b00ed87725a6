"""Two files of numbers are compared number by number, and what differs is said with its place."""

import json

import pytest

from carstats.run.differences import csv_difference, json_difference

TABLE = 'target,estimate,note\nCD19,0.5,\nBCMA,0.25,"few, very\nfew"\n'


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (TABLE, ""),
        (TABLE.replace("\n", "\r\n"), ""),
        (TABLE.replace("0.5", "0.5000000001"), ""),
        (TABLE.replace("0.5", "0.500000001"), "row 2, column estimate: 0.5 → 0.500000001"),
        (TABLE.replace("0.25", "0.6"), "row 3, column estimate: 0.25 → 0.6"),
        (TABLE.replace("0.25", ""), "row 3, column estimate: 0.25 → blank"),
        (TABLE.replace("few,", "many,"), "row 3, column note: few, very\nfew → many, very\nfew"),
        (
            TABLE.replace("0.25", "1").replace("0.5", "2"),
            "row 2, column estimate: 0.5 → 2, and 1 more",
        ),
        (
            TABLE.replace("note", "notes"),
            "columns target, estimate, note → target, estimate, notes",
        ),
        (TABLE.rsplit("BCMA")[0], "2 rows → 1 rows"),
        (TABLE.replace("CD19,0.5,", "CD19,0.5"), "row 2: 3 cells → 2 cells"),
        ("", "one of them is empty"),
    ],
)
def test_tables_are_compared_number_by_number(new, words):
    assert csv_difference(TABLE, new) == words


@pytest.mark.parametrize(("old", "new", "same"), [
    ("1e-17", "-2e-17", True), ("nan", "nan", True), ("nan", "1", False), ("inf", "inf", True),
    ("1e-10", "2e-10", False), ("1", "1.0", True), ("CD19", "CD20", False), ("", "0", False),
])  # fmt: skip
def test_the_last_digits_do_not_count(old, new, same):
    assert (csv_difference(f"a\n{old}\n", f"a\n{new}\n") == "") is same


def test_origins_are_compared_with_their_place():
    before = json.dumps({"results": [{"method": "a", "at": 168, "ok": True}], "alt": ""})
    assert json_difference(before, before) == ""
    assert json_difference(before, before.replace("168", "168.00000000001")) == ""
    after = before.replace("168", "169")
    assert json_difference(before, after) == "results: at: 168 → 169"
    assert json_difference(before, before.replace("true", "1")) == "results: ok: True → 1"
    assert json_difference(before, "{}") == "alt gone, and 1 more"
    assert json_difference("{}", before) == "alt added, and 1 more"
    assert "not JSON" in json_difference("{", before)
    # Which version wrote a file is told once, from the manifest.
    assert json_difference('{"carstats": "1"}', '{"carstats": "2"}') == ""


def test_of_long_texts_the_place_where_they_part_is_shown():
    told = json_difference(json.dumps({"caption": "a" * 500 + "old" + "b" * 500}),
                           json.dumps({"caption": "a" * 500 + "new" + "b" * 500}))  # fmt: skip
    assert len(told) < 200
    assert "aold" in told
    assert "anew" in told
