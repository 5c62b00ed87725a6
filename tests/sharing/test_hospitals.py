"""The synthetic study as six hospitals, and what sharing costs them."""

import pytest

import carstats as cs
from carstats.sharing.hospitals import six_hospitals
from carstats.sharing.loss import shared_and_exact
from carstats.sharing.network import network_of
from carstats.sharing.shared import NOTHING, shared_content

RFS = "relapse_free_survival"


@pytest.fixture(scope="module")
def cohort():
    return cs.define_cohort(cs.read_study("data/synthetic"), cs.infused())


def test_every_subject_is_in_one_hospital_and_two_are_tiny(cohort):
    parts = six_hospitals(cohort)
    ids = [i for part in parts.values() for i in part.subjects["subject_id"]]
    assert sorted(ids) == sorted(cohort.subjects["subject_id"])
    assert [len(part.subjects) for part in parts.values()] == [87, 57, 39, 35, 8, 3]
    again = six_hospitals(cohort)
    assert all(list(parts[n].subjects["subject_id"]) == list(again[n].subjects["subject_id"])
               for n in parts)  # fmt: skip


def test_a_small_study_has_no_tiny_hospitals():
    study = cs.simulate_study(seed=1, n=12)
    parts = six_hospitals(cs.define_cohort(study))
    assert sum(len(part.subjects) for part in parts.values()) == 12


def test_what_is_lost_is_within_the_possible_values(cohort):
    networks = {}
    for how, least in (("all", 1), ("hidden", 5)):
        contents = [(name, shared_content(part, site=name, endpoints=[RFS], min_cell=least))
                    for name, part in six_hospitals(cohort).items()]  # fmt: skip
        networks[how] = network_of(contents)
    assert networks["hidden"].contents[-1]["layout"] == NOTHING
    frame = shared_and_exact(cohort, RFS, networks, at=(168, 364, 728)).frame
    for _, rows in frame.groupby("time"):
        of = rows.set_index("assumption")
        exact = cs.survival_at(cohort, RFS, at=rows["time"].iloc[0]).frame["estimate"].iloc[0]
        assert of.loc["exact", "estimate"] == pytest.approx(exact, abs=1e-12)
        shown = of.loc["all", "estimate"]
        assert of.loc["hidden", "possible_low"] <= shown <= of.loc["hidden", "possible_high"]
