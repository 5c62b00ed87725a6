"""Several infusions, in columns or in rows of a sheet of their own."""

import copy

import openpyxl
import pandas as pd
import pytest

import carstats as cs
from carstats.data.readers.reading import read_study
from carstats.errors import CarstatsError
from tests.conftest import subjects_table
from tests.data.test_mapping import problems, read

COLUMNS = {"study": {"infusion_date": ["inf_1", "inf_2", "inf_3"]}}
ROWS = [
    {"inf_1": "2024-01-01", "inf_2": "2024-04-01", "inf_3": None, "infused": "Y"},
    {"infused": "Y", "inf_1": "2024-02-01", "inf_2": None, "inf_3": None},
]
MAPPING = {
    "study": {
        "file": "book.xlsx",
        "infusion_date": {"sheet": "infusions list", "column": "date"},
        "pseudonymise": False,
    },
    "subjects": {
        "columns": {"subject_id": "id", "disease": "dx", "last_contact_day": "last"},
        "constants": {"target": "CD19", "platform": "CAR-T", "cell_source": "autologous"},
    },
    "infusions": {"later": "unplanned"},
}


def infusions(study):
    names = ["subject_id", "infusion_number", "day", "planned"]
    return study.infusions[names].to_numpy().tolist()


def refused(*given, **options):
    with pytest.raises(CarstatsError) as caught:
        read(*given, **options)
    return problems(caught)


class TestColumns:
    def test_the_first_is_day_0_and_the_others_follow(self, tmp_path):
        study = read(tmp_path, ROWS, **COLUMNS, infusions={"later": "planned"})
        assert infusions(study) == [
            ["S001", 1, 0, True], ["S001", 2, 91, True], ["S002", 1, 0, True]]  # fmt: skip

    def test_whether_the_later_were_planned_is_asked(self, tmp_path):
        (found,) = refused(tmp_path, ROWS, **COLUMNS)
        assert "does not say whether the 1 infusion after the first was planned" in found
        assert 'later = "planned" (or "unplanned")' in found
        study = read(tmp_path, ROWS, **COLUMNS, infusions={"later": "unplanned"})
        assert infusions(study)[1] == ["S001", 2, 91, False]

    def test_one_infusion_each_needs_no_word(self, tmp_path):
        assert len(read(tmp_path, ROWS[1:], **COLUMNS).infusions) == 1

    def test_out_of_order_is_refused(self, tmp_path):
        rows = [{"infused": "Y", "inf_1": "2024-03-01", "inf_2": "2024-01-01", "inf_3": None}]
        found = refused(tmp_path, rows, **COLUMNS, infusions={"later": "planned"})
        assert "row 2, `inf_2`: is not after the infusion in the columns before it" in found[0]

    def test_another_word_is_refused(self, tmp_path):
        (found,) = refused(tmp_path, ROWS, **COLUMNS, infusions={"later": "maybe"})
        assert "[infusions] later is 'maybe'; allowed: 'planned', 'unplanned'" in found


def book(tmp_path, rows, **infusion_date):
    made = openpyxl.Workbook()
    made.active.title = "subjects sheet"
    for row in (
        ["id", "dx", "last"], ["P1", "SLE", "2024-12-31"], ["P2", "SSc", "2024-12-31"],
    ):  # fmt: skip
        made.active.append(row)
    sheet = made.create_sheet("infusions list")
    sheet.append(["id", "date", "dose", "plan"])
    for row in rows:
        sheet.append(row)
    made.save(tmp_path / "book.xlsx")
    mapping = copy.deepcopy(MAPPING)
    mapping["study"]["infusion_date"].update(infusion_date)
    return read_study(tmp_path, mapping)


class TestRows:
    def test_a_row_per_infusion(self, tmp_path):
        rows = [["P2", "2024-02-01", 50], ["P1", "2024-04-01", 80], ["P1", "2024-01-01", 100]]
        study = book(tmp_path, rows, dose="dose")
        assert sorted(infusions(study)) == [
            ["P1", 1, 0, True], ["P1", 2, 91, False], ["P2", 1, 0, True]]  # fmt: skip
        assert study.subjects["last_contact_day"].tolist() == [365, 334]
        assert sorted(study.infusions["dose"]) == [50, 80, 100]

    def test_planned_in_a_column(self, tmp_path):
        rows = [["P1", "2024-01-01", 1, "N"], ["P1", "2024-04-01", 1, "Y"],
                ["P2", "2024-02-01", 1, None]]  # fmt: skip
        study = book(tmp_path, rows, planned="plan")
        assert [row[3] for row in infusions(study)] == [False, True, True]

    @pytest.mark.parametrize(
        ("rows", "words"),
        [
            ([["P1", "2024-01-01"], ["P1", "2024-01-01"], ["P2", "2024-02-01"]],
             "row 3, `date`: is the date of another infusion of the subject"),
            ([["P1", "2024-01-01"], ["P2", "2024-02-01"], ["P3", "2024-02-01"]],
             "row 4, `date`: names a subject that the subjects table does not have"),
            ([["P1", "2024-01-01"], ["P2", None]], "row 3, `date`: is missing"),
            ([["P1", "2024-01-01"], [None, "2024-01-01"], ["P2", "2024-02-01"]],
             "row 3, `id`: is missing"),
            ([["P1", "2024-01-01"]], "nothing else says when the subject's time begins"),
            ([["P1", "2024-01"], ["P2", "2024-02-01"]], "'2024-01' is a partial date"),
        ],
    )  # fmt: skip
    def test_refused(self, tmp_path, rows, words):
        with pytest.raises(CarstatsError, match=words):
            book(tmp_path, rows)


def test_a_dose_in_single_cells_is_refused_with_the_unit():
    table = pd.DataFrame(
        {"subject_id": ["S01", "S02"], "infusion_number": 1, "day": 0.0, "planned": True,
         "dose": [100, 150_000_000]}
    )  # fmt: skip
    with pytest.raises(cs.CarstatsError, match=r"row 1, `dose`: .*100000.*Cells infused, 10\^6"):
        cs.Study(subjects=subjects_table(2), infusions=table)
