"""Conditions, recodes and check boxes of a mapping: what they take, and what is said if nothing."""

import tomllib

import pytest

from carstats.data.readers.reading import read_study
from carstats.errors import CarstatsError

EXPORT = """\
record_id,redcap_repeat_instrument,dx,target___1,target___2,infused,last,arm,ae_term,ae_grade,\
ae_start
1,,1,1,0,2024-01-01,2024-12-31,1,,,
1,ae,,0,0,,,,CRS,2,2024-01-03
2,,1,1,1,2024-01-01,2024-12-31,-1,,,
3,,2,0,1,2024-01-01,2024-12-31,1,,,
3,ae,,,,,,,CRS,1,2024-01-04
"""
MAPPING = """
[study]
infusion_date = "infused"
[subjects]
where = { redcap_repeat_instrument = "" }
[subjects.columns]
subject_id = "record_id"
disease = "dx"
last_contact_day = "last"
target = { checkboxes = { "target___1" = "CD19", "target___2" = "BCMA" }, both = "CD19+BCMA" }
[subjects.constants]
platform = "CAR-T"
cell_source = "autologous"
[subjects.values.disease]
1 = "SLE"
2 = "SSc"
[toxicities]
where = { redcap_repeat_instrument = "ae" }
[toxicities.columns]
term = "ae_term"
grade = "ae_grade"
onset_day = "ae_start"
"""


def study(tmp_path, *changes, export=EXPORT):
    (tmp_path / "export.csv").write_text(export)
    text = MAPPING
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return read_study(tmp_path, tomllib.loads(text))


def problems(*given, **options):
    with pytest.raises(CarstatsError) as caught:
        study(*given, **options)
    return [str(problem) for problem in caught.value.problems]


class TestConditions:
    def test_rows_seen_and_kept_are_noted(self, tmp_path):
        notes = study(tmp_path).notes
        assert (
            "export.csv: [toxicities] takes 2 of 5 rows (where redcap_repeat_instrument = 'ae')."
            in notes
        )
        assert (
            "export.csv: [subjects] takes 3 of 5 rows (where redcap_repeat_instrument = blank)."
            in notes
        )

    def test_none_kept_lists_what_the_column_has(self, tmp_path):
        (found,) = problems(tmp_path, ('"ae" }', '"Adverse Events" }'))
        assert found == (
            "export.csv, `redcap_repeat_instrument`: [toxicities] takes no row of 5: no cell is"
            " 'Adverse Events'. The column has: blank (3), 'ae' (2). Correct the condition, or say"
            " may_be_empty = true beside it if none is right."
        )

    def test_none_kept_may_be_right(self, tmp_path):
        made = study(tmp_path, ('"ae" }', '"x" }\nmay_be_empty = true'))
        assert len(made.toxicities) == 0
        assert any("takes 0 of 5 rows" in note for note in made.notes)

    def test_a_code_is_taken_with_its_sign(self, tmp_path):
        made = study(tmp_path, ('instrument = "" }', 'instrument = "", arm = "1" }'))
        assert len(made.subjects) == 2

    def test_no_row_fulfils_both(self, tmp_path):
        (found,) = problems(tmp_path, ('instrument = "" }', 'instrument = "ae", arm = "1" }'))
        assert "none fulfils all of redcap_repeat_instrument = 'ae' and arm = '1'" in found

    def test_identifiers_are_not_listed(self, tmp_path):
        (found,) = problems(tmp_path, ('instrument = "" }', 'instrument = "", record_id = "9" }'))
        assert "The column has: 3 different values" in found

    def test_a_column_with_a_condition(self, tmp_path):
        entry = 'death_day = { column = "last", where = { arm = "9" } }'
        (found,) = problems(tmp_path, ("[subjects.constants]", f"{entry}\n[subjects.constants]"))
        assert "`arm`: [subjects] death_day takes no row of 3" in found
        entry = entry.replace("} }", "}, may_be_empty = true }")
        made = study(tmp_path, ("[subjects.constants]", f"{entry}\n[subjects.constants]"))
        assert made.subjects["death_day"].isna().all()

    def test_a_table_of_headings_alone(self, tmp_path):
        (tmp_path / "ae.csv").write_text(EXPORT.splitlines()[0] + "\n")
        made = study(
            tmp_path,
            ("[toxicities]\n", '[toxicities]\nfile = "ae.csv"\n'),
            ("[study]\n", '[study]\nfile = "export.csv"\n'),
        )
        assert len(made.toxicities) == 0


class TestRecodes:
    def test_a_code_is_recoded_with_its_sign(self, tmp_path):
        (found,) = problems(tmp_path, export=EXPORT.replace("2,,1,1,1", "2,,-1,1,1"))
        assert "row 4, `dx`: '-1' is not one of" in found
        assert '[subjects.values.disease] "-1" = "…"' in found

    def test_none_of_them_met_is_a_problem(self, tmp_path):
        change = ('1 = "SLE"\n2 = "SSc"', '7 = "SLE"')
        export = EXPORT.replace(",,1,", ",,SLE,").replace(",,2,", ",,SSc,")
        (found,) = problems(tmp_path, change, export=export)
        assert "none of the values that [subjects.values.disease] recodes is there" in found
        assert "The column has: 'SLE' (2), 'SSc' (1)" in found
        allowed = ("[subjects]\n", "[subjects]\nmay_be_empty = true\n")
        assert len(study(tmp_path, change, allowed, export=export).subjects) == 3

    def test_some_of_them_met_is_noted(self, tmp_path):
        made = study(tmp_path, ('2 = "SSc"', '2 = "SSc"\n8 = "MG"'))
        assert "export.csv: [subjects.values.disease]: no cell is '8'." in made.notes


class TestCheckBoxes:
    def test_one_two_and_the_other(self, tmp_path):
        assert study(tmp_path).subjects["target"].tolist() == ["CD19", "CD19+BCMA", "BCMA"]

    def test_labels(self, tmp_path):
        export = EXPORT.replace(",1,0,2024", ",Checked,Unchecked,2024")
        assert study(tmp_path, export=export).subjects["target"][0] == "CD19"

    def test_several(self, tmp_path):
        change = (
            'both = "CD19+BCMA"',
            'several = { "CD19+BCMA" = ["target___2", "target___1"] }',
        )
        assert study(tmp_path, change).subjects["target"][1] == "CD19+BCMA"

    def test_two_ticks_without_a_meaning(self, tmp_path):
        (found,) = problems(tmp_path, (', both = "CD19+BCMA"', ""))
        assert "row 4, `target___1`: 2 boxes are ticked: target___1 (CD19), target___2" in found
        assert 'several = { "CD19+BCMA" = ["target___1", "target___2"] }' in found

    def test_no_tick(self, tmp_path):
        export = EXPORT.replace(",1,0,2024", ",0,0,2024")
        (found,) = problems(tmp_path, export=export)
        assert "row 2, `target___1`: no box is ticked among `target___1`, `target___2`" in found
        change = ('both = "CD19+BCMA"', 'both = "CD19+BCMA", none = "none"')
        assert study(tmp_path, change, export=export).subjects["target"][0] == "none"

    def test_neither_ticked_nor_not(self, tmp_path):
        (found,) = problems(tmp_path, export=EXPORT.replace(",1,0,2024", ",-1,0,2024"))
        assert "row 2, `target___1`: '-1' is neither ticked nor not" in found

    @pytest.mark.parametrize("entry", ['"target___1"', '["target___1", "target___2"]'])
    def test_boxes_mapped_as_a_column_are_refused(self, tmp_path, entry):
        old = "target = " + MAPPING.split("target = ")[1].split("\n")[0]
        (found,) = problems(tmp_path, (old, f"target = {entry}"))
        assert "names the check box 'target___1', which says only yes or no" in found
        assert "target = { checkboxes = {" in found

    @pytest.mark.parametrize(
        "entry",
        [
            '{ checkboxes = ["target___1"] }',
            '{ checkboxes = { "target___1" = "CD19" }, both = "x" }',
            '{ checkboxes = { "target___1" = ["x"] } }',
            '{ checkboxes = { "target___1" = "x" }, several = { "y" = ["z"] } }',
            '{ checkboxes = { "target___1" = "x" }, column = "y" }',
        ],
    )
    def test_not_check_boxes(self, tmp_path, entry):
        old = MAPPING.split("target = ")[1].split("\n")[0]
        assert "takes check boxes as {" in problems(tmp_path, (old, entry))[0]


class TestGrammar:
    """not, in, comparisons and blank, the same in every condition."""

    TOTALS = EXPORT + "total,,,,,,,,,,\n"

    def where(self, tmp_path, condition, export=EXPORT):
        old = 'where = { redcap_repeat_instrument = "" }'
        made = study(tmp_path, (old, f"where = {condition}"), export=export)
        return made.subjects["subject_id"].tolist(), made.notes

    @pytest.mark.parametrize(
        ("condition", "n"),
        [
            ("{ infused = { blank = false } }", 3),
            ('{ redcap_repeat_instrument = { not = "ae" } }', 3),
            ('{ redcap_repeat_instrument = { not = ["ae"] } , dx = { in = [1] } }', 2),
            ('{ dx = { ">=" = 1, "<" = 2 } }', 2),
            ('{ infused = { ">=" = 2024-01-01 }, dx = { ">" = 1 } }', 1),
            ('{ last = { "<=" = "2024-12-31" } }', 3),
            ("{ ae_term = { blank = true } }", 3),
        ],
    )
    def test_rows_taken(self, tmp_path, condition, n):
        assert len(self.where(tmp_path, condition)[0]) == n

    def test_totals_rows_are_left_out(self, tmp_path):
        condition = '{ record_id = { not = ["total", "sum"] }, redcap_repeat_instrument = "" }'
        ids, notes = self.where(tmp_path, condition, self.TOTALS)
        assert len(ids) == 3
        assert (
            "export.csv: [subjects] takes 3 of 6 rows (where record_id is not 'total' or 'sum' and"
            " redcap_repeat_instrument = blank)." in notes
        )
        # One of them may be misspelt.
        assert "export.csv: [subjects]: no cell of `record_id` is 'sum'." in notes

    def test_what_no_comparison_reads_is_named(self, tmp_path):
        found = problems(
            tmp_path,
            ('where = { redcap_repeat_instrument = "" }', 'where = { record_id = { "<" = 9 } }'),
            export=self.TOTALS,
        )
        assert any(
            "row 7, `record_id`: 'total' is not a number, and a condition compares it with 9" in f
            for f in found
        )

    def test_none_taken_lists_what_the_column_has(self, tmp_path):
        (found,) = problems(
            tmp_path, ('"ae" }', '"ae" , ae_grade = { ">" = 4 } }'),
        )  # fmt: skip
        assert "`ae_grade`: [toxicities] takes no row of 5: for none is ae_grade > 4." in found

    @pytest.mark.parametrize(
        "condition",
        ['{ is = "x" }', "{ }", '{ ">=" = "many" }', '{ blank = "yes" }', "{ in = { x = 1 } }",
         '{ ">" = true }'],
    )  # fmt: skip
    def test_what_is_no_condition(self, tmp_path, condition):
        found = problems(tmp_path, ('"ae" }', f'"ae", dx = {condition} }}'))
        assert "[toxicities] where dx is" in found[0] or "takes one value" in found[0]

    def test_within_a_column(self, tmp_path):
        made = study(
            tmp_path,
            ('last_contact_day = "last"',
             'last_contact_day = { column = "last", where = { arm = { ">" = -5 } } }'),
        )  # fmt: skip
        assert made.subjects["last_contact_day"].tolist() == [365, 365, 365]
