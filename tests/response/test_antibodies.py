"""Panels of antibodies: each with its own denominator, and titres on the log2 scale."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from tests.conftest import subjects_table


def cohort(rows, n=4, **columns):
    """Return a cohort from rows of subject, day, measure, value and limit."""
    table = pd.DataFrame(rows, columns=["subject_id", "day", "measure", "value", "lloq"])
    table["subject_id"] = [f"S{i:02d}" for i in table["subject_id"]]
    table = table.astype({"value": float, "lloq": float})
    table["unit"] = table["measure"].map({"anti-dsDNA": "IU/mL", "C3": "g/L"})
    return cs.define_cohort(cs.Study(subjects=subjects_table(n, **columns), assessments=table))


ROWS = [
    (1, -3, "anti-dsDNA", 80, None), (1, 170, "anti-dsDNA", None, 10),
    (2, -3, "anti-dsDNA", 160, None), (2, 170, "anti-dsDNA", 40, None),
    (3, -3, "anti-dsDNA", None, 10), (3, 170, "anti-dsDNA", None, 10),
    (4, -3, "anti-dsDNA", 320, None),
    (1, -3, "C3", 1.2, None), (1, 170, "C3", 0.4, None), (2, -3, "C3", 0.5, None),
]  # fmt: skip


def test_each_antibody_has_its_denominator():
    frame = cs.antibody_panel(cohort(ROWS), {"anti-dsDNA": 30, "C3": 1}).frame
    frame = frame.set_index("measure")
    assert frame["n"].tolist() == [3, 1]
    # One fell below quantification, which is negative and not missing.
    assert frame["n_event"].tolist() == [1, 1]
    assert frame["n_missing"].tolist() == [1, 0]
    assert frame["n_negative"].tolist() == [1, 1]


def test_a_limit_above_the_threshold_says_nothing():
    rows = [(1, -3, "anti-dsDNA", 80, None), (1, 170, "anti-dsDNA", None, 50)]
    rows += [(2, -3, "anti-dsDNA", 80, None), (2, 170, "anti-dsDNA", 20, None)]
    found = cs.seroconversion_rate(cohort(rows, 2), "anti-dsDNA", above=30).frame.iloc[0]
    assert (found["n"], found["n_event"], found["n_missing"]) == (2, 1, 1)


def test_strata_keep_their_antibodies_together():
    result = cs.antibody_panel(
        cohort(ROWS, target=["CD19", "CD19", "BCMA", "BCMA"]), {"anti-dsDNA": 30, "C3": 1},
        by="target",
    )  # fmt: skip
    assert result.frame["target"].tolist() == ["CD19", "CD19", "BCMA", "BCMA"]
    assert result.frame["measure"].tolist() == ["anti-dsDNA", "C3"] * 2


def test_changes_on_the_log2_scale():
    rows = [(i, -3, "anti-dsDNA", b, None) for i, b in enumerate((80, 160, 320), 1)]
    rows += [(i, 168, "anti-dsDNA", v, None) for i, v in enumerate((40, 40, 40), 1)]
    row = cs.titre_change(cohort(rows), "anti-dsDNA").frame.iloc[0]
    # Changes of -1, -2 and -3: a mean of -2 with t limits of two degrees of freedom.
    half = 4.302652729911275 / np.sqrt(3)
    found = row[["estimate", "conf_low", "conf_high"]].astype(float)
    assert_allclose(found, [-2, -2 - half, half - 2])
    assert (row["n"], row["n_missing"], row["n_no_baseline"]) == (3, 0, 1)


def test_a_titre_below_quantification_is_censored_not_dropped():
    rows = [(i, -3, "anti-dsDNA", 160, None) for i in range(1, 5)]
    seen = [(i, 168, "anti-dsDNA", v, None) for i, v in enumerate((80, 40, 20), 1)]
    row = cs.titre_change(cohort([*rows, *seen, (4, 168, "anti-dsDNA", None, 10)]),
                          "anti-dsDNA").frame.iloc[0]  # fmt: skip
    alone = cs.titre_change(cohort([*rows, *seen], 4), "anti-dsDNA").frame.iloc[0]
    assert (row["n_below"], row["n_event"]) == (1, 3)
    assert row["estimate"] < alone["estimate"]
    assert "1 below quantification at the visit, censored there" in row["note"]


def test_what_is_refused():
    c = cohort(ROWS)
    with pytest.raises(cs.CarstatsError, match=r"`above` is {}; it takes measures"):
        cs.antibody_panel(c, {})
    with pytest.raises(cs.CarstatsError, match=r"'bounds' is of one antibody"):
        cs.antibody_panel(c, {"C3": 1}, missing="bounds")
    with pytest.raises(cs.CarstatsError, match=r"has a value of 'IgG'"):
        cs.titre_change(c, "IgG")


def test_a_titre_of_zero_without_a_limit_is_told_and_no_other_visit_takes_its_place():
    rows = [(1, -3, "anti-dsDNA", 80, None), (1, 150, "anti-dsDNA", 40, None),
            (1, 168, "anti-dsDNA", 0, None), (2, -3, "anti-dsDNA", 80, None),
            (2, 168, "anti-dsDNA", 20, None)]  # fmt: skip
    row = cs.titre_change(cohort(rows, 2), ["anti-dsDNA", "anti-dsDNA"]).frame
    assert len(row) == 1
    row = row.iloc[0]
    assert (row["n"], row["n_missing"], row["n_event"], row["estimate"]) == (2, 1, 1, -2)
    assert "1 of 0 without a limit of quantification, left out" in row["note"]


def test_one_measure_under_two_spellings_and_none():
    c = cohort(ROWS)
    with pytest.raises(cs.CarstatsError, match="'anti-dsDNA' is named twice"):
        cs.antibody_panel(c, {"anti-dsDNA": 30, "Anti-dsDNA": 40})
    with pytest.raises(cs.CarstatsError, match="'anti-dsDNA' is named twice"):
        cs.protection_kept(c, {"anti-dsDNA": 30, "anti-dsDNA ": 40})
    with pytest.raises(cs.CarstatsError, match="`measures` names no measure"):
        cs.titre_change(c, [])
