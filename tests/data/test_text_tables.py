"""Delimiter, heading row and decimal sign of a text file: found out and said, or asked for."""

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from carstats.data.formats import text_tables
from carstats.data.formats.sheets import Reading
from carstats.data.formats.text_tables import text_table
from carstats.errors import CarstatsError

NAMES = frozenset({"id", "dx", "weight"})


def table(text, **known):
    return text_table(text.encode(), "a.csv", Reading(names=NAMES, **known))


def cells(sheet):
    return sheet.frame.to_numpy().tolist()


class TestDelimiter:
    @pytest.mark.parametrize("sign", [";", "\t", "|"])
    def test_found_and_said(self, sign):
        sheet = table("id,dx\n1,SLE\n".replace(",", sign))
        assert cells(sheet) == [["1", "SLE"]]
        assert sheet.notes == (
            f"a.csv: read as separated by {sign!r}. [study] delimiter sets another.",
        )

    def test_a_comma_needs_no_note(self):
        assert table("id,dx\n1,SLE\n").notes == ()

    def test_told_by_the_headings_looked_for(self):
        assert list(table("id;dx;a,b,c\n1;SLE;x,y,z\n").frame.columns) == ["id", "dx", "a,b,c"]

    def test_asked_for_where_two_fit(self):
        with pytest.raises(CarstatsError, match=r"separated by ',' or ';'. Say which.*delimiter"):
            table("p;x,y\n1;2,5\n2;3,5\n")
        assert list(table("p;x,y\n1;2,5\n", delimiter=";").frame.columns) == ["p", "x,y"]

    def test_line_of_a_spreadsheet_program(self):
        sheet = table("sep=;\nid;dx\n1;SLE\n")
        assert cells(sheet) == [["1", "SLE"]]
        assert list(sheet.frame.index) == [3]
        assert "row 1 names the delimiter" in sheet.notes[0]


class TestHeadingRow:
    @pytest.mark.parametrize(
        ("above", "row"),
        [("Trial X\n", 2), ("Trial X,\nexported,\n,\n", 4), ("\n\n", 3), ('"Trial, X"\n', 2)],
    )
    def test_found_below_a_title_and_said(self, above, row):
        sheet = table(f"{above}id,dx\n1,SLE\n")
        assert cells(sheet) == [["1", "SLE"]]
        assert list(sheet.frame.index) == [row + 1]
        assert f"the headings were found in row {row}" in sheet.notes[0]
        assert "`header_row`" in sheet.notes[0]

    def test_given(self):
        assert table("Trial X\nid,dx\n1,SLE\n", header_row=2).notes == ()

    def test_a_title_above_unknown_headings_is_one_problem(self):
        with pytest.raises(CarstatsError, match="Say header_row = 2") as caught:
            table("Trial X,,\np,q,r\n" + "1,2,3\n" * 50)
        assert len(caught.value.problems) == 1

    def test_what_no_screen_shows_is_no_part_of_a_heading(self):
        sheet = table("\ufeffid,\u200bdx\u00a0,we\u00adight\n1,SLE,2\n")
        assert list(sheet.frame.columns) == ["id", "dx", "weight"]


class TestDecimalComma:
    TEXT = "id;dx;weight\n1;SLE;70,5\n2;SSc;81\n3;MG;NA\n"

    def test_found_and_said(self):
        sheet = table(self.TEXT)
        assert [row[2] for row in cells(sheet)] == ["70.5", "81", "NA"]
        assert any("decimal commas were read in `weight`" in n for n in sheet.notes)

    def test_below_a_limit(self):
        assert [row[2] for row in cells(table(self.TEXT.replace("81", "<0,5")))][1] == "<0,5"

    def test_thousands_with_points(self):
        sheet = table(self.TEXT.replace("81", "1.234,5"))
        assert [row[2] for row in cells(sheet)] == ["70.5", "1234.5", "NA"]

    @pytest.mark.parametrize(
        "cells_", [("1,750", "2,500"), ("70,5", "1.234"), ("1.750", "2.500"), ("1.750", "81")]
    )
    def test_doubtful_ones_are_refused_where_read(self, cells_):
        sheet = table("id;dx;weight\n1;SLE;{}\n2;MG;{}\n".format(*cells_))
        assert "decimal or a thousands separator" in str(sheet.faults(["weight"])[0])
        assert sheet.faults(["dx"]) == []

    def test_points_are_plain_where_another_number_says_so(self):
        sheet = table("id;dx;weight\n1;SLE;1.750\n2;MG;0.5\n")
        assert sheet.faults(["weight"]) == []
        assert cells(sheet)[0][2] == "1.750"
        assert table("id,dx,weight\n1,SLE,1.750\n").faults(["weight"]) == []

    def test_identifiers_are_no_numbers(self):
        sheet = table("id;dx;weight\n1.001;SLE;70,5\n2.014;MG;80\n")
        assert sheet.faults(["id"], doubts=False) == []
        assert cells(sheet)[0][0] == "1.001"

    def test_given(self):
        text = "id;dx;weight\n1;SLE;1,750\n"
        assert cells(table(text, decimal=","))[0][2] == "1.750"
        assert cells(table(text, decimal="."))[0][2] == "1,750"
        assert cells(table('id,dx,weight\n1,SLE,"2,5"\n', decimal=","))[0][2] == "2.5"

    def test_not_beside_points_nor_in_lists(self):
        assert cells(table("id;dx;weight\n1;SLE;70,5\n2;MG;81.5\n"))[0][2] == "70,5"
        assert cells(table("id;dx;weight\n1;SLE;1,3\n2;MG;1,2,3\n"))[0][2] in ("1,3",)


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_fast_way_gives_the_cells_of_the_slow_one(quoted, end, monkeypatch):
    rng = np.random.default_rng(5)
    cells = ["a", "1", "2.5", "", " x ", "中文", "NA", 'a"b' if quoted else "-"]
    cells += ['"a,b"', '"x\ny"', '"said ""no"""', '""'] * quoted
    # Pieces of a few bytes: a row, a cell and a letter may lie across their ends.
    monkeypatch.setattr(text_tables, "_PIECE", 7)
    for _ in range(60):
        width, n = rng.integers(1, 5), rng.integers(1, 7)
        rows = [["subject_id", "day", "x", "y"][:width]]
        rows += [[str(rng.choice(cells)) for _ in range(width)] for _ in range(n)]
        data = end.join(",".join(row) for row in rows).encode() + end.encode() * int(
            rng.integers(3)
        )
        with monkeypatch.context() as slowly:
            slowly.setattr(text_tables, "_even", lambda *_: None)
            wanted = text_tables.text_table(data, "f.csv").frame
        found = text_tables.text_table(data, "f.csv").frame
        assert_frame_equal(found.replace("", None), wanted)
