"""`carstats draft`: from a folder that nobody described to a study, in one or two rounds."""

import csv
import shutil
import tomllib
from pathlib import Path

import pytest
from openpyxl import Workbook

import carstats as cs
from carstats.data.draft.study_draft import draft_study
from carstats.errors import CarstatsError
from tests.data.draft.deciding import decide

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
# What a user answers beside what is offered: codes of a codebook, what is counted once.
ANSWERS: dict[str, dict[str, str | None]] = {
    "hospital": {},
    "wide-sheet": {},
    "visits": {},
    "redcap": {
        "target = {": 'target = { checkboxes = { car_target___1 = "CD19",'
        ' car_target___2 = "BCMA" }, both = "CD19+BCMA" }',
        "1 = \"\"": '1 = "SLE"',
        "2 = \"\"": '2 = "SSc"',
        "grade = \"crs_grade\"": None,
    },
    "cdisc": {},
}  # fmt: skip


def drafted(source: Path, tmp_path: Path) -> Path:
    folder = tmp_path / source.name
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("study.toml", "*.py"))
    (folder / "study.toml").write_text(draft_study(folder).paper.text(str), encoding="utf-8")
    return folder


def sheet(folder: Path, *rows, name="a.csv", encoding="utf-8") -> Path:
    folder.mkdir(exist_ok=True)
    with (folder / name).open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return folder


@pytest.mark.parametrize("name", list(ANSWERS))
def test_an_example_is_read_after_one_round(name, tmp_path):
    folder = drafted(EXAMPLES / name, tmp_path)
    with pytest.raises(CarstatsError, match=r"is a draft, and .* still to be decided"):
        cs.read_study(folder)
    answers = dict(ANSWERS[name])
    if name == "redcap":
        text = (folder / "study.toml").read_text(encoding="utf-8")
        # The toxicities that the log has are read from the log alone.
        kept = [part for part in text.split("\n\n") if not part.startswith("[toxicities.CRS]")]
        (folder / "study.toml").write_text("\n\n".join(kept), encoding="utf-8")
    decide(folder / "study.toml", answers)
    study = cs.read_study(folder)
    assert len(study.subjects) == {"hospital": 12, "redcap": 7}.get(name, 8)


def test_the_wide_sheet_is_understood(tmp_path):
    folder = drafted(EXAMPLES / "wide-sheet", tmp_path)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    assert data["study"]["header_row"] == 3
    assert data["study"]["infusion_date"] == "CAR-T回输日期"
    assert data["subjects"]["where"] == {"病历号": {"not": ["合计"]}}
    assert data["subjects"]["values"]["sex"] == {"1": "M", "2": "F"}
    assert data["subjects"]["values"]["disease"]["狼疮性肾炎"] == "SLE"
    assert data["subjects"]["values"]["target"] == {"CD19 & BCMA": "CD19+BCMA"}
    assert data["assessments"]["haemoglobin"]["unit"] == "g/L"
    assert data["assessments"]["SLEDAI-2K"]["columns"]["12月SLEDAI"] == 365


def test_a_draft_shows_no_free_text_no_name_and_no_date(tmp_path):
    for name in ("wide-sheet", "visits", "redcap"):
        text = (drafted(EXAMPLES / name, tmp_path) / "study.toml").read_text(encoding="utf-8")
        for private in ("示例甲", "死于感染", "A001", "2023", "Example1", "P-01", "see letter"):
            assert private not in text


def test_what_a_number_means_is_asked(tmp_path):
    rows = [
        ["ID", "Sex", "Dx", "Target", "Infusion date", "Last contact date", "CRS", "ANC day 28"]
    ]
    rows += [[f"S{i}", 1 + i % 2, i % 2, "CD19", "2023-01-01", "2024-01-01", i % 2, 2 + i]
             for i in range(6)]  # fmt: skip
    paper = draft_study(sheet(tmp_path / "a", *rows)).paper
    asked = paper.undecided()
    assert "[subjects.values.sex] 1" in asked
    assert "[subjects.values.disease] 0" in asked
    assert "[toxicities.CRS] present" in asked


def test_a_date_that_may_be_of_two_months_is_asked(tmp_path):
    head = ["Subject ID", "Dx", "Infusion date", "Last contact date"]
    both = sheet(tmp_path / "a", head, ["S1", "SLE", "3/4/2023", "5/6/2024"])
    assert "[study] date_order" in draft_study(both).paper.undecided()
    proved = sheet(tmp_path / "b", head, ["S1", "SLE", "3/4/2023", "5/26/2024"])
    assert 'date_order = "mdy"' in draft_study(proved).paper.text(str)


def test_headings_in_two_lines_are_read_together(tmp_path):
    folder = sheet(
        tmp_path / "a",
        ["", "", "基线", "", "3月", ""],
        ["病历号", "诊断", "SLEDAI", "C3(g/L)", "SLEDAI", "C3(g/L)"],
        ["a", "SLE", "10", "0.5", "2", "0.9"],
    )
    data = tomllib.loads(draft_study(folder).paper.text(str))
    assert data["assessments"]["SLEDAI-2K"]["columns"] == {"SLEDAI#1": -7, "SLEDAI#2": 91}


def test_the_decided_draft_is_valid_toml(tmp_path):
    folder = sheet(
        tmp_path / "a",
        ['ID "x"', "诊断\n换行", "a=b", "[sec]", "#c"],
        ["1", 'S"L\\E', "1", "2", "3"],
    )
    place = tmp_path / "study.toml"
    place.write_text(draft_study(folder).paper.text(str), encoding="utf-8")
    decide(place)
    tomllib.loads(place.read_text(encoding="utf-8"))


def test_a_sheet_of_which_nothing_is_known_says_so(tmp_path):
    folder = sheet(tmp_path / "a", ["Column1"] * 300, *[[i] * 300 for i in range(4)])
    paper = draft_study(folder).paper
    assert "[subjects.columns] subject_id" in paper.undecided()
    assert any(len(headings) > 100 for _, headings in paper.unread)


def test_nothing_to_draft_from_is_refused(tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(CarstatsError, match="has no file of data"):
        draft_study(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    Workbook().save(tmp_path / "empty" / "a.xlsx")
    with pytest.raises(CarstatsError, match=r"a\.xlsx"):
        draft_study(tmp_path / "empty")
    with pytest.raises(CarstatsError, match="no sheet with headings and rows"):
        draft_study(sheet(tmp_path / "head", ["病历号", "诊断"]))
    with pytest.raises(CarstatsError, match="does not exist"):
        draft_study(tmp_path / "nowhere")


def test_carstats_own_tables_need_no_mapping(tmp_path):
    folder = Path(__file__).parents[3] / "data" / "synthetic"
    assert draft_study(folder).open == 0


class TestGuide:
    """docs/own-data.md: its examples are read, and its code runs."""

    @pytest.mark.parametrize("name", list(ANSWERS))
    def test_an_example_is_read_as_committed(self, name):
        study = cs.read_study(EXAMPLES / name)
        assert len(study.subjects) == {"hospital": 12, "redcap": 7}.get(name, 8)
        assert study.events["status"].isin(["event", "censored", "competing"]).all()

    def test_what_the_guide_answers_is_in_the_committed_mappings(self):
        text = (EXAMPLES.parent / "own-data.md").read_text(encoding="utf-8")
        for name in ("wide-sheet", "visits", "redcap", "cdisc"):
            part = text[text.index(f"`docs/examples/{name}`") :]
            said = tomllib.loads(part[part.index("```toml") + 7 :].split("```")[0])
            mapping = (EXAMPLES / name / "study.toml").read_text(encoding="utf-8")
            assert _within(said, tomllib.loads(mapping)), name

    def test_the_code_of_the_guide_runs(self):
        text = (EXAMPLES.parent / "own-data.md").read_text(encoding="utf-8")
        code = text[text.index("```python") + 9 :].split("```")[0]
        made: dict = {}
        exec(compile(code, "own-data.md", "exec"), made)
        assert set(made["curve"].frame["arm"]) == {"CD19", "BCMA"}


def _within(part: object, whole: object) -> bool:
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and _within(part[key], whole[key]) for key in part)
    return part == whole


def workbook(folder: Path, **sheets) -> Path:
    folder.mkdir(exist_ok=True)
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        page = book.create_sheet(title)
        for row in rows:
            page.append(list(row))
    book.save(folder / "a.xlsx")
    return folder


PEOPLE = [
    ["编号", "姓名", "性别", "年龄", "疾病诊断", "靶点", "细胞类型", "细胞来源", "回输日期",
     "末次随访日期"],
    ["01", "张三", "女", "31", "系统性红斑狼疮", "CD19", "CAR-T", "自体", "2023-01-10",
     "2024-02-01"],
    ["02", "李四", "男", "44", "皮肌炎", "CD19/BCMA双靶", "CAR-T", "自体", "2023年3月1日",
     "2024.3.5"],
]  # fmt: skip


def read_after_one_round(folder: Path):
    text = draft_study(folder).paper.text(str)
    assert "张三" not in text
    (folder / "study.toml").write_text(text, encoding="utf-8")
    decide(folder / "study.toml")
    return cs.read_study(folder)


def test_a_chinese_workbook_of_visits_and_relapses(tmp_path):
    visits = [["编号", "访视", "随访日期", "SLEDAI", "补体C3(g/L)", "泼尼松(mg/d)",
               "是否复发", "LLDAS"],
              ["01", "基线", "2023-01-05", 12, 0.5, 20, "否", "否"],
              ["01", "6月", "2023-07-10", 2, 0.9, 5, "否", "是"],
              ["01", "12月", "2024-01-10", 8, 0.6, 15, "是", "否"],
              ["02", "基线", "2023-02-20", 0, 1.0, 10, "否", "否"]]  # fmt: skip
    log = [["编号", "不良事件名称", "分级", "开始日期", "结束日期", "转归"],
           ["01", "细胞因子释放综合征", "1级", "2023-01-12", "2023-01-15", "痊愈"],
           ["02", "中性粒细胞计数降低", "3级", "2023-03-09", "2023-03-20", "痊愈"],
           ["02", "发热", "1级", "2023-03-09", "2023-03-10", "痊愈"]]  # fmt: skip
    title = [["××医院 CAR-T 登记"], []]
    study = read_after_one_round(
        workbook(tmp_path / "a", 基本信息=title + PEOPLE, 随访=visits, 不良事件=log)
    )
    relapse = study.events[study.events["endpoint"] == "relapse"].set_index("subject_id")
    assert relapse.loc["S001", ["status", "time", "time_low"]].tolist() == ["event", 365, 181]
    assert sorted(study.toxicities["term"]) == ["CRS", "fever", "neutropenia"]
    assert set(study.assessments["measure"]) == {"SLEDAI-2K", "C3"}


def test_another_sheet_with_a_row_per_subject_is_read_too(tmp_path):
    effects = [
        ["编号", "基线SLEDAI", "3月SLEDAI", "3月DORIS"],
        ["01", 12, 2, "是"],
        ["02", 0, 0, "否"],
    ]
    study = read_after_one_round(workbook(tmp_path / "a", 基本信息=PEOPLE, 疗效=effects))
    assert study.assessments["value"].tolist() == [12, 2, 0, 0]
    assert study.responses["response"].tolist() == [True, False]


def test_a_longitudinal_project_of_redcap(tmp_path):
    head = ["record_id", "redcap_event_name", "redcap_repeat_instrument", "sex", "age", "diagnosis",
            "car_target", "platform", "cell_source", "infusion_date", "last_visit", "death_dt",
            "visit_dt", "sledai_total", "relapse_yn", "ae_term", "ae_grade", "ae_start_date",
            "ae_end_date"]  # fmt: skip
    rows = [head]

    def row(**cells):
        rows.append([cells.get(name, "") for name in head])

    for i, start in ((1, "2023-01-10"), (2, "2023-02-10")):
        row(record_id=i, redcap_event_name="baseline_arm_1", sex="Female", age=30 + i,
            diagnosis="SLE", car_target="CD19", platform="CAR-T", cell_source="autologous",
            infusion_date=start, last_visit="2024-03-01")  # fmt: skip
        for month, day in (("month_3_arm_1", "2023-05-01"), ("month_12_arm_1", "2024-01-20")):
            row(record_id=i, redcap_event_name=month, visit_dt=day, sledai_total=4,
                relapse_yn="No")  # fmt: skip
        row(record_id=i, redcap_event_name="ae_arm_1", redcap_repeat_instrument="adverse_events",
            ae_term="CRS", ae_grade="Grade 2", ae_start_date=start, ae_end_date=start)  # fmt: skip
    study = read_after_one_round(sheet(tmp_path / "a", *rows))
    assert (len(study.subjects), len(study.assessments), len(study.toxicities)) == (2, 4, 2)
    # An empty column of deaths says that nobody died.
    assert study.subjects["death_day"].isna().all()
    assert set(study.events["endpoint"]) == {"relapse", "relapse_free_survival"}


def test_a_column_that_holds_sentences_is_not_listed(tmp_path):
    states = ["患者王某 2024 年随访稳定，电话 13800000000", "失访后由家属告知情况，地址不详"]
    rows = [["病历号", "诊断", "回输日期", "末次随访日期", "是否复发"]]
    rows += [[f"A{i}", "SLE", "2023-01-01", "2024-01-01", states[i % 2]] for i in range(4)]
    text = draft_study(sheet(tmp_path / "a", *rows)).paper.text(str)
    assert "13800000000" not in text
    assert "家属" not in text


def test_the_template_is_known(tmp_path):
    from carstats.data.template.workbook import template_workbook

    template_workbook("zh").save(tmp_path / "a.xlsx")
    assert draft_study(tmp_path).open == 0


def test_an_old_excel_file_is_named(tmp_path):
    (tmp_path / "a.xls").write_bytes(b"x")
    with pytest.raises(CarstatsError, match="old Excel format"):
        draft_study(tmp_path)


def test_the_cells_decide_between_two_columns_of_terms(tmp_path):
    data = tomllib.loads(draft_study(workbook(tmp_path / "a", 基本信息=PEOPLE)).paper.text(str))
    assert data["subjects"]["columns"]["platform"] == "细胞类型"


def test_a_sheet_without_headings_is_refused_and_nobody_is_named(tmp_path):
    folder = sheet(tmp_path, ["P01", "Zhao", "F", "34", "SLE", "2023-01-01", "13912345678"],
                   ["P02", "Qian", "M", "44", "SLE", "2023-02-01", "13812345678"])  # fmt: skip
    with pytest.raises(CarstatsError, match=r"has no .*headings") as error:
        draft_study(folder)
    assert "Zhao" not in str(error.value)


def test_a_word_that_is_no_term_is_listed_only_among_terms(tmp_path):
    head = ["ID", "Sex", "Diagnosis", "Infection", "CRS grade", "infusion date"]
    rows = [[f"P{i}", "F", "SLE", f"seen at {name}'s, {i} May", "1", f"2023-01-1{i}"]
            for i, name in enumerate(["Zhao", "Qian", "Sun", "Li"])]  # fmt: skip
    text = draft_study(sheet(tmp_path, head, *rows)).paper.text(str)
    assert not any(name in text for name in ("Zhao", "Qian", "Sun", "Li,"))
