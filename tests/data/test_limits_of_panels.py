"""What laboratories write for values below quantification and for titres, read everywhere alike."""

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from carstats.data.limits import split_limits
from tests.conftest import subjects_table


@pytest.mark.parametrize(
    ("cell", "measure", "value", "limit"),
    [
        ("<10", "anti-dsDNA", None, 10), ("＜10", "anti-dsDNA", None, 10),
        ("< 0.1", "vaccine_tetanus", None, 0.1), ("≤2", "anti-Sm", None, 2),
        ("<=2", "anti-Sm", None, 2), ("低于5", "anti-SSA", None, 5),
        ("<50", "CAR_transgene", None, 50), ("<1:80", "ANA", None, 80),
        ("1:320", "ANA", 320, np.nan), ("1：640", "ANA", 640, np.nan),
        ("<3", "a measure of the study's own", None, 3),
        # A rule reads these as they are: they stay what they were, and are asked for.
        ("<0.1", "UPCR", "<0.1", np.nan), ("<1", "autoantibody", "<1", np.nan),
        ("1:320", "anti-Sm", "1:320", np.nan), (">1000", "anti-dsDNA", ">1000", np.nan),
        ("12", "anti-dsDNA", "12", np.nan),
    ],
)  # fmt: skip
def test_a_cell(cell, measure, value, limit):
    plain, limits = split_limits([cell], measure)
    assert plain[0] == value
    np.testing.assert_equal(limits, [limit])


def test_a_frame_of_assessments():
    table = pd.DataFrame(
        {"subject_id": ["S01", "S01", "S02"], "day": [-3, 170, -3], "measure": "anti-dsDNA",
         "value": ["120", "<10", "80"], "unit": "IU/mL", "lloq": [None, None, 5]}
    )  # fmt: skip
    study = cs.Study(subjects=subjects_table(2), assessments=table)
    found = study.assessments
    assert any("1 cell such as" in note for note in study.notes)
    np.testing.assert_equal(found["value"].tolist(), [120.0, np.nan, 80.0])
    np.testing.assert_equal(found["lloq"].tolist(), [np.nan, 10.0, 5.0])
    plain = cs.Study(subjects=subjects_table(2), assessments=table.drop(columns="lloq"))
    np.testing.assert_equal(plain.assessments["lloq"].tolist(), [np.nan, 10.0, np.nan])
    wrong = table.assign(measure="UPCR", unit="g/g")
    with pytest.raises(cs.CarstatsError, match="'<10' is not a number"):
        cs.Study(subjects=subjects_table(2), assessments=wrong)


def test_a_limit_is_converted_with_its_unit():
    table = pd.DataFrame(
        {"subject_id": ["S01"], "day": -3, "measure": "vaccine_tetanus", "value": ["<100"],
         "unit": "mIU/mL"}
    )  # fmt: skip
    found = cs.Study(subjects=subjects_table(1), assessments=table).assessments
    assert found["lloq"].tolist() == [0.1]


SUBJECTS = """病历号,诊断,CAR-T靶点,平台,细胞来源,回输日期,末次随访日期
1,系统性红斑狼疮,CD19,CAR-T,自体,2024-01-05,2025-01-05
2,系统性红斑狼疮,BCMA,CAR-T,自体,2024-01-05,2025-01-05
"""
VISITS = """病历号,检查日期,抗dsDNA抗体,抗SSA/Ro60,ANA,破伤风抗体(IU/mL)
1,2024-01-02,180,45,1:320,1.2
1,2024-07-04,＜10,<5,1:80,0.9
2,2024-01-02,90,<5,<1:80,0.4
"""
MAPPING = """[study]
file = "s.csv"
infusion_date = "回输日期"
[subjects.columns]
subject_id = "病历号"
disease = "诊断"
target = "CAR-T靶点"
platform = "平台"
cell_source = "细胞来源"
last_contact_day = "末次随访日期"
[visits]
file = "v.csv"
[visits.columns]
subject_id = "病历号"
day = "检查日期"
[visits.measures]
"抗dsDNA抗体" = { measure = "anti-dsDNA", unit = "IU/mL" }
"抗SSA/Ro60" = "anti-SSA"
"ANA" = "ANA"
"破伤风抗体(IU/mL)" = "vaccine_tetanus"
"""


def test_a_sheet_of_visits(tmp_path):
    for name, text in (("s.csv", SUBJECTS), ("v.csv", VISITS), ("study.toml", MAPPING)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    study = cs.read_study(tmp_path)
    rows = study.assessments.set_index(["subject_id", "day", "measure"])
    assert rows.loc[("S001", 181, "anti-dsDNA"), "lloq"] == 10
    assert np.isnan(rows.loc[("S001", 181, "anti-dsDNA"), "value"])
    assert rows.loc[("S001", -3, "ANA"), "value"] == 320
    assert rows.loc[("S002", -3, "ANA"), "lloq"] == 80
    assert rows.loc[("S001", 181, "vaccine_tetanus"), "value"] == 0.9
    told = '`抗SSA/Ro60`: 2 cells such as "<10" were read as below that limit of quantification.'
    assert told in study.notes
    above = {"anti-dsDNA": 15, "ANA": 80, "anti-SSA": 20}
    frame = cs.antibody_panel(cs.define_cohort(study), above).frame.set_index("measure")
    assert frame["n"].tolist() == [2, 1, 1]
    assert frame["n_event"].tolist() == [1, 1, 1]


WIDE = """病历号,诊断,CAR-T靶点,平台,细胞来源,回输日期,末次随访日期,基线抗dsDNA抗体(IU/mL),6月抗dsDNA抗体(IU/mL),基线抗SSA/Ro60,6月抗SSA/Ro60,基线ANA滴度,6月ANA滴度,基线破伤风抗体(IU/mL),6月麻疹IgG(mIU/mL)
1,系统性红斑狼疮,CD19,CAR-T,自体,2024-01-05,2025-01-05,180,<10,45,<5,1:320,1:80,1.2,900
2,系统性红斑狼疮,BCMA,CAR-T,自体,2024-01-05,2025-01-05,90,＜10,12,11,1：640,<1:80,0.5,150
"""  # noqa: E501


def test_a_panel_in_a_wide_sheet_is_found_by_the_draft(tmp_path):
    from carstats.data.draft.study_draft import draft_study

    (tmp_path / "s.csv").write_text(WIDE, encoding="utf-8")
    draft = draft_study(tmp_path)
    (tmp_path / "study.toml").write_text(draft.paper.text(str), encoding="utf-8")
    study = cs.read_study(tmp_path)
    found = study.assessments.groupby("measure").size()
    assert found.to_dict() == {
        "ANA": 4, "anti-SSA": 4, "anti-dsDNA": 4, "vaccine_measles": 2, "vaccine_tetanus": 2,
    }  # fmt: skip
    assert study.assessments["lloq"].notna().sum() == 4


def test_one_antibody_alone_may_be_the_disease_s_own(tmp_path):
    from carstats.data.draft.headings import proposal

    found = proposal("AChR抗体(nmol/L)")
    assert (found.target, found.sure) == ("assessments:anti-AChR", False)
    assert found.others == ("assessments:autoantibody",)


def test_units_of_a_kit_are_asked_with_what_to_do(tmp_path):
    from carstats.data.draft.study_draft import draft_study

    sheet = WIDE.replace("基线抗SSA/Ro60", "基线抗SSA/Ro60(RU/mL)")
    (tmp_path / "s.csv").write_text(sheet, encoding="utf-8")
    text = draft_study(tmp_path).paper.text(str)
    assert "the headings say RU/mL, units of one kit: divide the values by" in text
