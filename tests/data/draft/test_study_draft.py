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
