"""Headings: what each is taken for, and that nothing wrong goes without a mark."""

import pytest

from carstats.data.draft.headings import BASELINE, proposal
from tests.data.draft.benchmark import HERE, SHARED, judged, rows_of, same_target


def judge(row):
    found = proposal(row["heading"])
    good = same_target(row["target"], found.target)
    timed = row["target"].split(":")[0] in ("assessments", "responses", "medications")
    if row["day"] and timed:
        good = good and str(found.day) == row["day"]
    return good, found.sure


@pytest.mark.parametrize(
    "path",
    [
        HERE / "headings_sample.csv",
        HERE / "headings_further.csv",
        HERE / "headings_cells.csv",
        SHARED / "headings_open.csv",
    ],
)
def test_at_least_85_per_cent_are_right_and_none_is_wrong_without_a_mark(path):
    counts = judged(rows_of(path), judge, "heading")
    assert counts.wrong == []
    assert counts.right >= 0.85 * counts.n


@pytest.mark.parametrize(
    ("heading", "target", "day", "unit"),
    [
        ("Hb(g/L)", "assessments:haemoglobin", None, "g/L"),
        ("血红蛋白 g/L", "assessments:haemoglobin", None, "g/L"),
        ("★肌酐(酶法)(μmol/L)", "assessments:creatinine", None, "umol/L"),
        ("sledai_wk12", "assessments:SLEDAI-2K", 84, ""),
        ("基线SLEDAI", "assessments:SLEDAI-2K", BASELINE, ""),
        ("IgG(g/L)_3m", "assessments:IgG", 91, "g/L"),
        ("回输后三个月 C3（g/L）", "assessments:C3", 91, "g/L"),
        ("ＭＧ－ＡＤＬ 半年", "assessments:MG-ADL", 182, ""),
        ("infusion_dt", "study.infusion_date", None, ""),
        ("回输曰期", "study.infusion_date", None, ""),
        ("Date de poussée", "events:relapse.date", None, ""),
        ("crsgrade", "toxicities:CRS.grade", None, ""),
        ("血小板减少恢复日期", "toxicities:thrombocytopenia.resolution", None, ""),
        ("家属电话", "identifier", None, ""),
        ("baseline_complete", "ignore", None, ""),
        ("CNSR", "events.status", None, ""),
    ],
)
def test_a_heading_says_what_when_and_in_which_unit(heading, target, day, unit):
    found = proposal(heading)
    assert (found.target, found.day, found.unit, found.sure) == (target, day, unit, True)


@pytest.mark.parametrize(
    "heading",
    [
        "DM",
        "12月SLEDAI",
        "用力肺活量",
        "CRS",
        "激素",
        "登记号",
        "CRP峰值",
        "IgG 变化",
        "计划SLEDAI",
    ],
)
def test_what_may_be_two_things_is_marked(heading):
    assert not proposal(heading).sure


@pytest.mark.parametrize("heading", ["", " ", "Column1", "xyz_17", "?", "#", "()", "⌘" * 300])
def test_what_nobody_knows_is_taken_for_nothing(heading):
    assert proposal(heading).target == ""


def test_codes_in_a_heading_are_read():
    assert proposal("性别（男1女2）").codes == (("1", "男"), ("2", "女"))
    assert proposal("是否复发(1是0否)").codes == (("1", "是"), ("0", "否"))
    assert proposal("性别 1=男 2=女").codes == (("1", "男"), ("2", "女"))


@pytest.mark.parametrize(
    ("heading", "target"),
    [
        ("Product CD4/CD8", "subjects.construct"),
        ("Weight at birth", "subjects.weight_kg"),
        ("Disease status", "subjects.disease"),
        ("采集日期", "subjects.leukapheresis_day"),
        ("Last dose of MMF", "medications:mycophenolate mofetil.dose"),
        ("Rituximab infusion date", "study.infusion_date"),
        ("Donor sex", "subjects.sex"),
        ("母亲年龄", "subjects.age"),
    ],
)
def test_what_only_looks_like_a_column_does_not_stand(heading, target):
    found = proposal(heading)
    assert not (found.sure and found.target == target)


def test_a_third_infusion_is_none_of_the_first():
    assert proposal("3rd infusion date").target == "infusions:3.date"
    assert proposal("第三次回输日期").target == "infusions:3.date"
    assert proposal("2nd infusion date").target == "infusions:2.date"
