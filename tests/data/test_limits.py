"""Values below a limit of quantification, as files write them: read, never dropped, never taken."""

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from carstats.data.limits import says_below, split_limits
from tests.conftest import subjects_table

SUBJECTS = (
    "subject_id,disease,target,platform,cell_source,last_contact_day,infused\n"
    "A,SLE,CD19,CAR-T,autologous,200,true\nB,SLE,CD19,CAR-T,autologous,200,true\n"
)
UNIT = "copies/ug DNA"


def read(folder, rows):
    (folder / "subjects.csv").write_text(SUBJECTS)
    head = "subject_id,day,measure,value,unit,lloq\n"
    (folder / "assessments.csv").write_text(head + rows)
    return cs.read_study(folder)


@pytest.mark.parametrize(
    ("cell", "limit"),
    [
        ("<50", 50), ("< 50", 50), ("＜50", 50), ("<=50", 50), ("≤ 0.5", 0.5), ("小于50", 50),
        ("低于 25", 25), ("below 50", 50), ("<1e2", 100),
    ],
)  # fmt: skip
def test_a_limit_is_read(cell, limit):
    plain, limits = split_limits([cell], "CAR_transgene")
    assert plain[0] is None
    assert limits[0] == limit


@pytest.mark.parametrize("cell", ["BLQ", "<LLOQ", "below LLOQ", "未检出", "低于定量下限",
                                  "undetectable", "Not detected"])  # fmt: skip
def test_a_word_says_no_limit(cell):
    assert says_below(cell)
    assert np.isnan(split_limits([cell], "CAR_transgene")[1][0])


@pytest.mark.parametrize("cell", ["50", 50.0, "", None, ">800", "ND50", "<", "NA", "lower", "-5"])
def test_any_other_cell_says_none(cell):
    assert not says_below(cell)
    plain, limits = split_limits([cell], "CAR_transgene")
    assert plain[0] == cell
    assert np.isnan(limits[0])


def test_what_a_rule_reads_stays_a_number(tmp_path):
    with pytest.raises(cs.CarstatsError, match=r"'<0\.1' is not a number"):
        read(tmp_path, "A,7,UPCR,<0.1,g/g,\n")


def test_a_table_of_its_own_names(tmp_path):
    study = read(
        tmp_path,
        f"A,7,CAR_transgene,<50,{UNIT},\nA,14,CAR_transgene,2000,{UNIT},50\n"
        f"B,7,CAR_transgene,BLQ,{UNIT},<25\nB,14,CAR_transgene,700,{UNIT},\n",
    )
    rows = study.assessments
    assert rows["value"].isna().tolist() == [True, False, True, False]
    assert rows["lloq"].tolist()[:3] == [50, 50, 25]
    assert any("`value`: 2 cells such as" in n for n in study.notes)
    frame = cs.persistence_rate(cs.define_cohort(study), at=[7]).frame
    assert (frame["n"].item(), frame["n_event"].item()) == (2, 0)


def test_the_limit_is_brought_to_the_unit_as_values_are(tmp_path):
    study = read(tmp_path, "A,7,CAR_T_cells,<0.1,10^3/uL,\nA,14,CAR_T_cells,0.4,10^3/uL,\n")
    assert study.assessments["lloq"].iloc[0] == 100
    assert study.assessments["value"].iloc[1] == 400


def test_a_word_without_a_limit_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(cs.CarstatsError, match=r"'BLQ' says that the value is below a limit.*"
                                               r"as in '<50'"):  # fmt: skip
        read(tmp_path, f"A,7,CAR_transgene,BLQ,{UNIT},\nA,14,CAR_transgene,700,{UNIT},\n")


def test_a_value_above_a_limit_is_no_number(tmp_path):
    with pytest.raises(cs.CarstatsError, match="'>800' is not a number"):
        read(tmp_path, f"A,7,CAR_transgene,>800,{UNIT},\n")


MAPPING = """
[study]
file = "sub.csv"
infusion_date = "回输日期"
[subjects.columns]
subject_id = "编号"
disease = "疾病"
last_contact_day = "末次随访"
[subjects.constants]
target = "CD19"
platform = "CAR-T"
cell_source = "autologous"
"""


def test_a_sheet_with_a_column_for_each_visit(tmp_path):
    (tmp_path / "sub.csv").write_text(
        "编号,疾病,回输日期,末次随访,D7,D28\nA,SLE,2024-01-05,2024-12-01,<50,3000\n"
        "B,SLE,2024-01-05,2024-12-01,900,BLQ\n"
    )
    (tmp_path / "study.toml").write_text(
        MAPPING + '[assessments.values.value]\n"BLQ" = "<25"\n'
        f'[assessments.CAR_transgene]\nunit = "{UNIT}"\n'
        '[assessments.CAR_transgene.columns]\n"D7" = 7\n"D28" = 28\n'
    )
    rows = cs.read_study(tmp_path).assessments.sort_values(["subject_id", "day"])
    assert rows["value"].fillna(-1).tolist() == [-1, 3000, 900, -1]
    assert rows["lloq"].fillna(-1).tolist() == [50, -1, -1, 25]


def test_a_sheet_of_visits(tmp_path):
    (tmp_path / "sub.csv").write_text("编号,疾病,回输日期,末次随访\nA,SLE,2024-01-05,2024-12-01\n")
    (tmp_path / "v.csv").write_text("编号,日期,B\nA,2024-01-12,<1\nA,2024-02-02,12\n")
    (tmp_path / "study.toml").write_text(
        MAPPING + '[visits]\nfile = "v.csv"\n[visits.columns]\nsubject_id = "编号"\nday = "日期"\n'
        '[visits.measures]\n"B" = { measure = "B_cells", unit = "/uL" }\n'
    )
    study = cs.read_study(tmp_path)
    assert study.assessments["lloq"].iloc[0] == 1
    frame = cs.b_cell_depletion(cs.define_cohort(study)).frame
    assert frame["n_event"].iloc[0] == 1


def test_a_data_frame_of_a_study():
    rows = pd.DataFrame(
        {"subject_id": ["S01", "S02"], "day": 7, "measure": "CAR_transgene",
         "value": ["<50", "300"], "unit": UNIT}
    )  # fmt: skip
    study = cs.Study(subjects=subjects_table(2), assessments=rows)
    assert np.isnan(study.assessments["value"].iloc[0])
    assert study.assessments["lloq"].iloc[0] == 50


def test_medians_over_time_rank_it_lowest():
    rows = pd.DataFrame(
        {"subject_id": ["S01", "S02", "S03"], "day": 28, "measure": "B_cells",
         "value": ["<5", "8", "40"], "unit": "/uL"}
    )  # fmt: skip
    cohort = cs.define_cohort(cs.Study(subjects=subjects_table(3), assessments=rows))
    row = cs.measure_trajectory(cohort, "B_cells", at=[28], below=10).frame.iloc[0]
    assert (row["n_event"], row["estimate"], row["n_below"]) == (3, 8, 2)
    assert np.isnan(row["minimum"])
    assert "1 below quantification, ranked lowest" in row["note"]
    # Of a value below 5 nothing is known where the threshold is 3.
    row = cs.measure_trajectory(cohort, "B_cells", at=[28], below=3).frame.iloc[0]
    assert (row["n_event"], row["n_below"]) == (2, 0)


def test_blood_and_dna_are_two_measures(tmp_path):
    with pytest.raises(cs.CarstatsError, match="of another measure, CAR_copies_blood"):
        read(tmp_path, "A,7,CAR_transgene,800,copies/uL,\n")
