"""Table 1."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from carstats.report.tables.subjects import tabulate_baseline
from tests.conftest import subjects_table
from tests.reference import array, reference

SAMPLES = reference("baseline")["samples"]


@pytest.mark.parametrize("name", SAMPLES)
def test_summaries_equal_r(name):
    sample = SAMPLES[name]
    values = np.atleast_1d(sample["x"])
    study = cs.Study(subjects=subjects_table(len(values), score=values.astype(float)))
    row = cs.baseline_table(cs.define_cohort(study), variables=["score"]).frame.iloc[0]
    ours = row[["estimate", "std_dev", "q1", "median", "q3", "low", "high"]].astype(float)
    theirs = [*sample["mean"], *sample["sd"], *sample["quartiles"], *sample["range"]]
    assert_allclose(ours, array(theirs), rtol=1e-12)


def test_categories_are_shares_of_those_known():
    study = cs.Study(subjects=subjects_table(4, sex=["F", "F", "M", None]))
    rows = cs.baseline_table(cs.define_cohort(study), variables=["sex"]).frame
    assert rows["level"].tolist() == ["F", "M"]
    assert rows["n_event"].tolist() == [2, 1]
    assert_allclose(rows["estimate"], [2 / 3, 1 / 3])
    assert rows["n_missing"].tolist() == [1, 1]


def test_default_variables_are_those_the_study_has():
    study = cs.Study(subjects=subjects_table(2, age=[30, 40], weight_kg=[None, None]))
    frame = cs.baseline_table(cs.define_cohort(study), by="disease").frame
    assert frame["variable"].drop_duplicates().tolist() == [
        "age",
        "target",
        "platform",
        "cell_source",
    ]


def test_standardised_differences_stand_beside_table_one():
    study = cs.Study(
        subjects=subjects_table(
            7, disease=["SLE"] * 4 + ["SSc"] * 3, age=[30, 40, 50, 60, 45, 55, None],
            sex=["F", "F", "M", "F", "M", "M", "F"],
        )
    )  # fmt: skip
    cohort = cs.define_cohort(study)
    result = cs.baseline_table(
        cohort, by="disease", variables=["age", "sex", "target"], standardised=True
    )
    smd = result.frame.drop_duplicates("variable").set_index("variable")["smd"]
    # Means 45 and 50, variances 500/3 and 50; shares 3/4 and 1/3; one target alike in both.
    assert_allclose(smd["age"], 5 / np.sqrt((500 / 3 + 50) / 2))
    assert_allclose(smd["sex"], (3 / 4 - 1 / 3) / np.sqrt((3 / 16 + 2 / 9) / 2))
    assert smd["target"] == 0
    assert "smd" not in cs.baseline_table(cohort, by="disease").frame
    table = tabulate_baseline(result)
    assert table.heads[-1] == "SMD"
    shown = [row.cells[-1] for row in table.rows]
    assert shown[0] == "0.48"
    assert shown.count("") == len(shown) - 3
    with pytest.raises(cs.CarstatsError, match="`standardised` compares strata"):
        cs.baseline_table(cohort, standardised=True)


def test_every_stratum_has_every_row():
    study = cs.Study(
        subjects=subjects_table(
            3, disease=["SLE", "SLE", "SSc"], age=[30, 40, None], sex=["F", "M", "F"]
        )
    )
    frame = cs.baseline_table(cs.define_cohort(study), by="disease", variables=["age", "sex"]).frame
    assert (frame.groupby("disease").size() == 3).all()
    ssc = frame[frame["disease"] == "SSc"].set_index("level")
    assert ssc.loc["", "n_missing"] == 1
    assert np.isnan(ssc.loc["", "estimate"])
    assert ssc.loc["M", "n_event"] == 0


def test_identifiers_and_free_text_are_refused():
    study = cs.Study(subjects=subjects_table(40, remark=[f"text {i}" for i in range(40)]))
    cohort = cs.define_cohort(study)
    with pytest.raises(cs.CarstatsError, match="40 different texts"):
        cs.baseline_table(cohort, variables=["remark"])
    with pytest.raises(cs.CarstatsError, match=r"`variables` names \['subject_id'\]"):
        cs.baseline_table(cohort, variables=["subject_id"])
