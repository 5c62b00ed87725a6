"""Transgene of the synthetic study: its truth is found again, and nothing else has changed."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from carstats.synthetic.antibodies import ANTIBODIES
from carstats.synthetic.cells import (
    EXPANSION,
    MEASURE,
    REPERTOIRE,
    SUBSETS,
    cells_truth,
    subsets_truth,
)
from carstats.synthetic.simulation import simulate_hidden


@pytest.fixture(scope="module")
def hidden():
    return simulate_hidden(7, 4000)


@pytest.fixture(scope="module")
def quiet(hidden):
    """The infused with CAR-T cells that expand and no CRS, whom the truth is of."""
    study = hidden.study
    crs = study.toxicities.loc[study.toxicities["term"] == "CRS", "subject_id"]
    rows = study.assessments[study.assessments["measure"] == MEASURE]
    # Weak expansion is a hundredth of the usual: the peaks leave a gap there.
    high = rows.groupby("subject_id")["value"].max()
    strong = high.index[high > EXPANSION.peak * EXPANSION.weak_factor * 5]
    here = study.subjects["subject_id"].isin(strong) & ~study.subjects["subject_id"].isin(crs)
    subjects = study.subjects.assign(quiet=here)
    marked = replace(study, subjects=subjects)
    return cs.define_cohort(
        marked, cs.infused(), cs.with_platform("CAR-T"), cs.where("quiet", True)
    )


def test_samples_carry_their_limits_and_keep_to_follow_up(hidden):
    study = hidden.study
    rows = study.assessments[study.assessments["measure"] == MEASURE]
    assert set(rows["lloq"]) == {EXPANSION.lloq, EXPANSION.lloq_allogeneic}
    assert not (rows["value"] < rows["lloq"]).any()
    last = study.subjects.set_index("subject_id")["last_contact_day"]
    assert (rows["day"] <= rows["subject_id"].map(last)).all()
    infused = study.subjects.loc[study.subjects["infused"], "subject_id"]
    assert set(rows["subject_id"]) <= set(infused)


def test_other_measures_have_no_limit(hidden):
    rows = hidden.study.assessments
    with_limits = {MEASURE, *ANTIBODIES}
    assert rows.loc[~rows["measure"].isin(with_limits), "lloq"].isna().all()


def test_shares_above_quantification_are_the_true_ones(quiet):
    truth = cells_truth()
    frame = cs.persistence_rate(quiet, at=[90, 180]).frame
    for row in frame.itertuples():
        true = truth[f"above_quantification_{row.time:g}"]
        assert abs(row.estimate - true) < 4 * np.sqrt(true * (1 - true) / row.n) + 0.02


def test_the_peak_is_near_the_true_one(quiet):
    row = cs.cellular_kinetics(quiet).frame.iloc[0]
    # Samples miss the peak by up to two days of a fall or rise: the mean is a little lower.
    assert 0.55 * EXPANSION.peak < row["estimate"] < EXPANSION.peak
    assert_allclose(row["cv_percent"], cells_truth()["peak_cv_percent"], rtol=0.25)


def test_a_worse_release_of_cytokines_goes_with_a_higher_peak(hidden):
    study = hidden.study
    grade = study.toxicities[study.toxicities["term"] == "CRS"].groupby("subject_id")["grade"].max()
    rows = study.assessments[study.assessments["measure"] == MEASURE]
    peak = rows.groupby("subject_id")["value"].max()
    worst = grade.reindex(peak.index).fillna(0)
    low, high = (peak[(worst == g) & (peak > 500)] for g in (0, 2))
    assert np.log(high).mean() > np.log(low).mean() + 0.3


def test_nothing_else_changes_by_the_cells(hidden):
    rows = hidden.study.assessments
    added = rows["measure"].isin((MEASURE, *SUBSETS, *ANTIBODIES))
    # The samples of the cells are the last of their day but for those of antibodies, which came
    # later, and the subsets stand behind transgene.
    late = added.groupby([rows["subject_id"], rows["day"]]).cummax()
    assert (late == added).all()


def test_shares_of_the_subsets_are_the_true_ones(hidden):
    truth = subsets_truth()
    study = hidden.study
    rows = study.assessments[study.assessments["measure"].isin(SUBSETS)]
    before = rows[rows["day"] <= 0].groupby("measure")["value"].median()
    returns = dict(zip(hidden.course.ids(), hidden.course.b_cells, strict=True))
    since = rows["day"] - rows["subject_id"].map(returns)
    # Within two weeks the transitional cells settle by a tenth.
    soon = rows[(since >= 0) & (since <= 14)].groupby("measure")["value"].median()
    for name in SUBSETS:
        short = name.removesuffix("_B_percent")
        assert_allclose(before[name], truth[f"{short}_before"], rtol=0.06)
        assert_allclose(soon[name], truth[f"{short}_at_return"], rtol=0.12)


def test_subsets_add_up_and_need_b_cells(hidden):
    rows = hidden.study.assessments
    wide = rows.pivot_table(index=["subject_id", "day"], columns="measure", values="value")
    assert (wide["naive_B_percent"] + wide["memory_B_percent"]).max() <= 100.1
    there = wide[list(SUBSETS)].notna()
    assert (there.all(axis=1) == there.any(axis=1)).all()
    assert wide.loc[there.any(axis=1), "B_cells"].min() >= REPERTOIRE.least
