"""Antibodies of the synthetic study: their truth is found again, and nothing else has changed."""

from dataclasses import replace

import numpy as np
import pytest

import carstats as cs
from carstats.synthetic.antibodies import ANTIBODIES, antibodies_truth
from carstats.synthetic.simulation import simulate_hidden


@pytest.fixture(scope="module")
def hidden():
    return simulate_hidden(7, 3000)


@pytest.fixture(scope="module")
def responders(hidden):
    """Responders without relapse by week 24 to a product not CAR-Treg, whom the truth is of."""
    study, course = hidden.study, hidden.course
    quiet = course.responds & ~(course.relapse <= 210) & ~(hidden.visits.reinfusion <= 210)
    # Replacement of immunoglobulin lifts vaccine titres.
    drugs = study.medications
    given = drugs.loc[drugs["reason"] == "replacement", "subject_id"]
    quiet &= ~study.subjects["subject_id"].isin(given).to_numpy()
    marked = replace(study, subjects=study.subjects.assign(quiet=quiet))
    return cs.define_cohort(
        marked, cs.infused(), cs.with_platform("CAR-T", "CAR-NK"), cs.where("quiet", True)
    )


def test_samples_carry_their_limits_and_keep_to_follow_up(hidden):
    rows = hidden.study.assessments
    rows = rows[rows["measure"].isin(list(ANTIBODIES))]
    limits = rows.groupby("measure")["lloq"].agg(["min", "max"])
    for name, antibody in ANTIBODIES.items():
        assert tuple(limits.loc[name]) == (antibody.lloq, antibody.lloq)
    assert not (rows["value"] < rows["lloq"]).any()
    last = hidden.study.subjects.set_index("subject_id")["last_contact_day"]
    assert (rows["day"] <= rows["subject_id"].map(last)).all()


def test_an_antibody_is_measured_in_its_disease_alone(hidden):
    study = hidden.study
    disease = study.subjects.set_index("subject_id")["disease"]
    rows = study.assessments
    of = rows["subject_id"].map(disease)
    assert set(of[rows["measure"] == "anti-Jo-1"]) == {"IIM"}
    assert set(of[rows["measure"] == "anti-AChR"]) == {"MG"}
    assert set(of[rows["measure"] == "vaccine_tetanus"]) == set(disease)


@pytest.mark.parametrize("name", ["anti-Sm", "anti-SSA", "anti-AChR", "ANA"])
def test_seroconversion_is_the_true_one(responders, name):
    truth = antibodies_truth()
    result = cs.antibody_panel(
        responders, {name: ANTIBODIES[name].limit}, by="target", missing="excluded"
    )
    for row in result.frame.itertuples():
        true = truth[row.target]["negative"][name]
        # The visit is up to two weeks off, when a little less has fallen.
        assert abs(row.estimate - true) < 4 * np.sqrt(true * (1 - true) / row.n) + 0.03


def test_vaccine_titres_fall_with_bcma_and_stay_with_cd19(responders):
    truth = antibodies_truth()
    frame = cs.protection_kept(
        responders, {"vaccine_tetanus": 0.1}, by="target", missing="excluded"
    ).frame
    for row in frame.itertuples():
        true = truth[row.target]["still_protective"]["vaccine_tetanus"]
        assert abs(row.estimate - true) < 4 * np.sqrt(true * (1 - true) / row.n) + 0.03
    kept = frame.set_index("target")["estimate"]
    assert kept["CD19"] > 0.9 > kept["BCMA"] + 0.05


def test_the_change_of_a_titre_is_the_true_one(responders):
    frame = cs.titre_change(responders, ["vaccine_tetanus"], by="target").frame
    for row in frame.itertuples():
        true = antibodies_truth()[row.target]["log2_change"]["vaccine"]
        assert row.conf_low - 0.1 < true < row.conf_high + 0.1
