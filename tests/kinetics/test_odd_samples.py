"""Odd samples of the cells, from files to the row: answered there, or refused with the remedy."""

import time

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from tests.conftest import subjects_table
from tests.data.test_limits import UNIT, read


def rows(folder, text):
    study = read(folder, "".join(f"{line},{UNIT},{limit}\n" for line, limit in text))
    return cs.define_cohort(study)


def first(cohort):
    return cs.cellular_kinetics(cohort).frame.set_index("parameter")


def drawn(cohort):
    cs.tabulate(cs.cellular_kinetics(cohort))
    return cs.plot(cs.kinetic_profiles(cohort))


def test_no_limit_of_quantification(tmp_path):
    cohort = rows(tmp_path, [("A,10,CAR_transgene,500", ""), ("A,28,CAR_transgene,100", "")])
    assert "2 values without a limit of quantification" in first(cohort).loc["Cmax", "note"]
    with pytest.raises(cs.CarstatsError, match=r"Give `limit`.*`lloq`"):
        cs.persistence_rate(cohort)
    drawn(cohort)


def test_a_limit_that_changes(tmp_path):
    cohort = rows(tmp_path, [("A,10,CAR_transgene,500", "50"), ("A,28,CAR_transgene,<25", "")])
    assert "limits of quantification from 25 to 50" in first(cohort).loc["Cmax", "note"]
    drawn(cohort)


def test_samples_before_the_infusion_alone_are_told_in_every_row(tmp_path):
    cohort = rows(tmp_path, [("A,-7,CAR_transgene,500", "50")])
    assert first(cohort)["note"].str.contains("without a sample after the infusion").all()
    curve = cs.persistence_curve(cohort).frame
    assert "not sampled" in curve["note"][0]
    assert "no subjects" not in curve["note"][0]


def test_one_sample(tmp_path):
    frame = first(rows(tmp_path, [("A,10,CAR_transgene,500", "50")]))
    assert np.isclose(frame.loc["Cmax", "estimate"], 500)
    assert "1 without a sample after the infusion" in frame.loc["Cmax", "note"]
    assert np.isnan(frame.loc["half-life", "estimate"])
    assert "fewer than three values after the peak" in frame.loc["half-life", "note"]


def test_all_below_quantification(tmp_path):
    cohort = rows(tmp_path, [("A,10,CAR_transgene,<50", ""), ("B,10,CAR_transgene,<50", "")])
    assert "2 below quantification" in first(cohort).loc["Cmax", "note"]
    drawn(cohort)


def test_samples_before_the_infusion_only(tmp_path):
    cohort = rows(tmp_path, [("A,-3,CAR_transgene,500", "50"), ("B,0,CAR_transgene,<50", "")])
    assert "2 without a sample after the infusion" in first(cohort).loc["Cmax", "note"]
    drawn(cohort)


def test_mixed_units_become_one_or_are_refused(tmp_path):
    study = read(tmp_path, f"A,10,CAR_transgene,500,{UNIT},50\nA,20,CAR_transgene,0.5,copies/ng,\n")
    assert study.assessments["value"].tolist() == [500, 500]
    with pytest.raises(cs.CarstatsError, match="of another measure, CAR_T_percent"):
        read(tmp_path, "A,10,CAR_T_cells,500,/uL,1\nA,20,CAR_T_cells,30,%,1\n")


def test_two_hundred_subjects_with_sixty_samples_take_under_a_second():
    day = np.tile(np.arange(1, 61) * 6.0, 200)
    ids = np.repeat([f"S{i + 1:02d}" for i in range(200)], 60)
    rng = np.random.default_rng(1)
    value = np.exp(9 - day / 40 + 0.3 * rng.standard_normal(len(day)))
    frame = pd.DataFrame({"subject_id": ids, "day": day, "measure": "CAR_transgene", "unit": UNIT,
                          "value": np.where(value < 50, np.nan, value), "lloq": 50.0})  # fmt: skip
    cohort = cs.define_cohort(cs.Study(subjects=subjects_table(200), assessments=frame))
    cs.cellular_kinetics(cohort)
    begin = time.process_time()
    cs.cellular_kinetics(cohort)
    assert time.process_time() - begin < 1
