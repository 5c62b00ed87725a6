"""Stays in hospital and organisms as hospitals write them: drafted, read, refused."""

import csv
import tomllib

import pytest

import carstats as cs
from carstats.data.draft.headings import proposal
from carstats.data.draft.study_draft import draft_study

MAPPING = """\
[study]
file = "a.csv"
infusion_date = "Infusion date"

[subjects.columns]
subject_id = "ID"
disease = "Dx"
last_contact_day = "Last contact"

[subjects.constants]
target = "CD19"
platform = "CAR-T"
cell_source = "autologous"

[toxicities.infection]
present = "Infection"
onset = "Infection date"
organism = "Organism"

[medications."hospital stay"]
drug_class = "hospital stay"
start = "Admitted"
stop = "Discharged"
"""
HEAD = ["ID", "Dx", "Infusion date", "Last contact", "Infection", "Infection date", "Organism",
        "Admitted", "Discharged"]  # fmt: skip
ROWS = [
    ["P1", "SLE", "2023-03-10", "2024-03-10", "yes", "2023-03-20", "E. coli", "2023-03-04",
     "2023-03-24"],
    ["P2", "SLE", "2023-05-02", "2024-05-02", "no", "", "none", "2023-04-28", ""],
]  # fmt: skip


def written(folder, rows):
    folder.mkdir(exist_ok=True)
    with (folder / "a.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEAD, *rows])
    (folder / "study.toml").write_text(MAPPING, encoding="utf-8")
    return folder


def test_a_wide_sheet_has_stays_and_organisms(tmp_path):
    study = cs.read_study(written(tmp_path / "a", ROWS))
    assert study.toxicities["organism"].tolist() == ["E. coli"]
    stays = study.medications
    assert stays["start_day"].tolist() == [-6, -4]
    assert stays["stop_day"].iloc[0] == 14
    frame = cs.hospital_days(cs.define_cohort(study)).frame.set_index(["parameter", "time"])
    assert frame.loc[("days", 30), ["minimum", "maximum"]].tolist() == [14, 30]


def test_an_organism_without_an_infection_is_refused(tmp_path):
    rows = [ROWS[0], [*ROWS[1][:6], "CMV", *ROWS[1][7:]]]
    with pytest.raises(cs.CarstatsError, match="names an organism, and no column describes an"):
        cs.read_study(written(tmp_path / "a", rows))


def test_a_discharge_before_the_admission_is_refused(tmp_path):
    rows = [ROWS[0], [*ROWS[1][:8], "2023-04-01"]]
    with pytest.raises(cs.CarstatsError, match=r"`Discharged`: day .* is before the start"):
        cs.read_study(written(tmp_path / "a", rows))


@pytest.mark.parametrize(
    ("heading", "target", "kind", "sure"),
    [
        ("入院日期", "medications:hospital stay.start", "hospital stay", True),
        ("出院时间", "medications:hospital stay.stop", "hospital stay", True),
        ("转出ICU日期", "medications:intensive care.stop", "intensive care", True),
        ("icu_admit_dt", "medications:intensive care.start", "intensive care", True),
        ("Hospital admission date", "medications:hospital stay.start", "hospital stay", True),
        ("感染病原体", "toxicities:infection.organism", "", True),
        ("病原体", "toxicities:infection.organism", "", False),
        ("住院天数", "own column", "", False),
        ("ICU_days_cart", "own column", "", False),
    ],
)
def test_headings(heading, target, kind, sure):
    found = proposal(heading)
    assert (found.target, found.drug_class, found.sure) == (target, kind, sure)


def test_a_draft_proposes_the_sections(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    head = ["病历号", "诊断", "CAR-T回输日期", "末次随访日期", "入院日期", "出院日期"]
    head += ["ICU入住日期", "转出ICU日期", "是否感染", "感染病原体", "免疫球蛋白替代开始日期"]
    rows = [
        ["a", "SLE", "2023-03-10", "2024-03-10", "2023-03-04", "2023-03-24", "2023-03-12",
         "2023-03-14", "是", "大肠埃希菌", "2023-06-01"],
        ["b", "SLE", "2023-05-02", "2024-05-02", "2023-04-28", "2023-05-20", "", "", "否", "", ""],
    ]  # fmt: skip
    with (folder / "a.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    data = tomllib.loads(draft_study(folder).paper.text(str))
    assert data["medications"]["hospital stay"] == {
        "drug_class": "hospital stay", "start": "入院日期", "stop": "出院日期",
    }  # fmt: skip
    assert data["medications"]["intensive care"]["stop"] == "转出ICU日期"
    assert data["toxicities"]["infection"]["organism"] == "感染病原体"
    # The heading says why it was given.
    assert data["medications"]["IVIG"]["reason"] == "replacement"
