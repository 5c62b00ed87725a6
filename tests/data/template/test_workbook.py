"""The template: a workbook that is typed into and read without a mapping."""

import datetime as dt

import openpyxl
import pytest

import carstats as cs
from carstats.data.template.layout import TITLES, fields
from carstats.data.template.workbook import template_workbook
from carstats.errors import CarstatsError

DAY0 = dt.date(2023, 3, 1)
TYPED = {
    "subjects": {
        "subject_id": "P1", "sex": ("F", "女"), "age": 31, "disease": ("SLE", "系统性红斑狼疮"),
        "target": "CD19", "platform": "CAR-T", "cell_source": ("autologous", "自体"),
        "infusion_date": DAY0, "enrolment_date": DAY0 - dt.timedelta(30),
        "last_contact_day": DAY0 + dt.timedelta(300), "date": DAY0 + dt.timedelta(200),
        "censor": DAY0 + dt.timedelta(290),
    },
    "visits": {
        "subject_id": "P1", "day": DAY0 + dt.timedelta(90), "SLEDAI-2K": 2, "haemoglobin": 110,
        "prednisone": 5, "remission": ("yes", "是"),
    },
    "toxicities": {
        "subject_id": "P1", "term": ("CRS", "细胞因子释放综合征"), "grade": 2,
        "onset_day": DAY0 + dt.timedelta(2), "serious": ("no", "否"),
    },
}  # fmt: skip


def typed(path, lang, row=3):
    book = template_workbook(lang)
    for table, cells in TYPED.items():
        columns = [f for f in fields() if f.sheet == table]
        for i, field in enumerate(columns, start=1):
            value = cells.get(field.name)
            value = value[lang == "zh"] if isinstance(value, tuple) else value
            book[TITLES[table][lang]].cell(row, i, None).value = value
    book.save(path)
    return path


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("row", [2, 3])
def test_what_was_typed_is_read_and_the_example_is_not(lang, row, tmp_path):
    study = cs.read_study(typed(tmp_path / "registry.xlsx", lang, row))
    assert study.subjects["subject_id"].tolist() == ["S001"]
    assert study.subjects["disease"].tolist() == ["SLE"]
    measures = study.assessments.set_index("measure")["value"]
    assert measures.to_dict() == {"SLEDAI-2K": 2, "haemoglobin": 11}
    assert study.assessments["day"].unique().tolist() == [90]
    assert study.toxicities[["term", "grade", "onset_day"]].values.tolist() == [["CRS", 2, 2]]
    relapse = study.events[study.events["endpoint"] == "relapse"]
    assert relapse[["status", "time"]].values.tolist() == [["event", 200]]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_folder_with_the_template_alone_is_read_too(lang, tmp_path):
    typed(tmp_path / "registry.xlsx", lang)
    (tmp_path / "study.toml").write_text('[study]\nname = "Ours"\n', encoding="utf-8")
    assert cs.read_study(tmp_path).label == "Ours"


def test_a_template_in_which_nothing_was_typed_is_refused(tmp_path):
    template_workbook("en").save(tmp_path / "a.xlsx")
    with pytest.raises(CarstatsError, match="no subject is typed in yet"):
        cs.read_study(tmp_path / "a.xlsx")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_spreadsheet_checks_lists_dates_and_ranges(lang, tmp_path):
    template_workbook(lang).save(tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    rules = {table: book[titles[lang]].data_validations.dataValidation
             for table, titles in TITLES.items()}  # fmt: skip
    assert {rule.type for rule in rules["subjects"]} == {"list", "date", "decimal", "whole"}
    sledai = next(r for r in rules["visits"] if r.type == "decimal")
    assert (sledai.formula1, sledai.formula2) == ("0", "105")
    grade = next(r for r in rules["toxicities"] if r.type == "whole")
    assert (grade.formula1, grade.formula2) == ("1", "5")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_word_of_a_list_is_read(lang):
    known = cs.Vocabulary()
    lists = template_workbook(lang)["lists" if lang == "en" else "列表"]
    for column in lists.iter_cols(values_only=True):
        name, *words = [cell for cell in column if cell is not None]
        if hasattr(known, name):
            assert [w for w in words if known.canonical(name, w) is None] == []


@pytest.mark.parametrize(("lang", "example"), [("en", "EXAMPLE"), ("zh", "示例")])
def test_a_subject_under_the_example_s_identifier_is_asked_about(lang, example, tmp_path):
    path = typed(tmp_path / "a.xlsx", lang, row=2)
    book = openpyxl.load_workbook(path)
    book[TITLES["subjects"][lang]]["A2"] = example
    book.save(path)
    with pytest.raises(CarstatsError, match=f"row 2.*identifier is still '{example}'"):
        cs.read_study(path)


def test_a_column_of_last_assessments_that_nobody_filled_is_no_day_0(tmp_path):
    path = typed(tmp_path / "a.xlsx", "en")
    book = openpyxl.load_workbook(path)
    sheet = book[TITLES["subjects"]["en"]]
    headings = {cell.value: cell.column for cell in sheet[1]}
    for heading in (
        "Date of relapse",
        "Last disease assessment",
        "Last assessment without relapse",
    ):
        sheet.cell(3, headings[heading]).value = None
    last = sheet.cell(3, headings["Last contact"]).value
    book.save(path)
    study = cs.read_study(path)
    days = (last - sheet.cell(3, headings["Date of infusion"]).value).days
    rows = study.events[study.events["endpoint"] == "relapse"]
    assert rows[["status", "time"]].values.tolist() == [["censored", days]]
    assert any("the last contact is taken for it" in note for note in study.notes)


def test_limits_are_written_in_full():
    sheet = template_workbook("en")[TITLES["visits"]["en"]]
    assert not any("e+" in (rule.error or "") for rule in sheet.data_validations.dataValidation)
