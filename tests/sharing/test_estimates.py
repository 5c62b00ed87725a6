"""Each site, the sites together and without each; what is hidden is bounded, not left out."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from carstats.sharing.curves import site_survival
from carstats.sharing.network import network_of
from carstats.sharing.parts import inconsistency
from carstats.sharing.rates import hidden_range, site_rate
from carstats.sharing.shared import shared_content
from tests.sharing.sites import content_of, plain_study

RFS = "relapse_free_survival"
TIMES = [(168, "event", 84), (500, "event", 448), (360, "censored", 0)]


def site(name, yes, no, missing=0, **options):
    n = yes + no + missing
    return content_of((1,) * yes + (0,) * no + (None,) * missing,
                      [TIMES[i % 3] for i in range(n)], site=name, **options)  # fmt: skip


@pytest.fixture(scope="module")
def network():
    made = [site("A", 9, 6, 5), site("B", 12, 8), site("C", 4, 14), site("D", 7, 23)]
    return network_of([(c["site"], c) for c in made])


def test_each_site_all_and_all_but_one(network):
    frame = site_rate(network, "response").frame.set_index(["part", "site_id"])
    assert tuple(frame.loc[("sites", "A"), ["n_event", "n"]]) == (9, 20)
    # The site C hides its four responders.
    assert ("sites", "C") not in frame.index
    added = frame.loc[("together", "counts added")]
    assert (added["n_event"], added["n"]) == (28, 70)
    without = frame.loc[("without", "A")]
    assert (without["n_event"], without["n"]) == (19, 50)
    plain = pd.DataFrame({"study": ["A", "B", "D"], "n_event": [9, 12, 7], "n": [20, 20, 30]})
    pooled = cs.pooled_rate(plain).frame.iloc[0]
    mine = frame.loc[("together", "sites that may differ")]
    for column in ("estimate", "conf_low", "conf_high", "tau2", "predict_low", "p_heterogeneity"):
        assert mine[column] == pytest.approx(pooled[column], nan_ok=True)


def test_what_a_site_hides_is_anything(network):
    assert hidden_range(network, "response", "response") == (28, 28 + 18, 88)
    frame = site_rate(network, "response").frame.set_index(["part", "site_id"])
    row = frame.loc[("together", "whatever is hidden")]
    assert row["possible_low"] == pytest.approx(28 / 88)
    assert row["possible_high"] == pytest.approx(46 / 88)
    # The truth, 32 of 88, lies within.
    assert row["possible_low"] <= 32 / 88 <= row["possible_high"]


def test_curves_with_every_number_are_determined():
    made = [site(name, 9, 6 + i, 5, min_cell=1) for i, name in enumerate("AB")]
    found = site_survival(network_of([(c["site"], c) for c in made]), RFS, at=364.0).frame
    for _, row in found.iterrows():
        assert row["possible_low"] == pytest.approx(row["estimate"], abs=1e-9)
        assert row["possible_high"] == pytest.approx(row["estimate"], abs=1e-9)
    # Seven of 20 at week 24, and nobody since: 13 of 20.
    assert found["estimate"].iloc[0] == pytest.approx(13 / 20)


@pytest.mark.parametrize(
    "seen",
    [
        [(28, "censored", 0)] * 9 + [(364, "censored", 0)],
        [(28, "censored", 0)] * 9 + [(252, "event", 168)],
        [(28, "event", 0)] * 3 + [(84, "censored", 0)] * 5 + [(252, "event", 168)] * 2,
    ],
)
def test_whatever_two_who_are_hidden_had_the_estimate_lies_between(seen):
    """Kaplan-Meier of all, for every filling of the two subjects of whom nothing is shown."""
    network = network_of([
        ("A", content_of((1,) * 10, seen, site="A", by=None, min_cell=1)),
        ("B", content_of((1, 0), [(364, "censored", 0)] * 2, site="B", min_cell=3)),
    ])  # fmt: skip
    frame = site_survival(network, RFS, at=252.0).frame.set_index("site_id")
    row = frame.loc["whatever is hidden"]
    days = [28, 84, 168, 252, 364]
    each = [(day, event) for day in days for event in (True, False)]
    found = []
    for two in itertools.combinations_with_replacement(each, 2):
        people = [(day, status == "event") for day, status, _ in seen] + list(two)
        alive = 1.0
        for day in [day for day in days if day <= 252]:
            at_risk = sum(time >= day for time, _ in people)
            if at_risk:
                alive *= 1 - sum(p == (day, True) for p in people) / at_risk
        found.append(alive)
    assert row["possible_low"] == pytest.approx(min(found))
    assert row["possible_high"] == pytest.approx(max(found))


def test_inconsistency():
    assert inconsistency(10.0, 4) == pytest.approx(0.6)
    assert inconsistency(3.0, 4) == 0
    assert np.isnan(inconsistency(np.nan, 0))


@pytest.mark.parametrize(
    ("infused", "n", "said"),
    [(None, 20, "20 subjects, infusions not recorded, missing = failure"),
     ([True] * 10, 20, "20 subjects, missing = failure"),
     # Who was never infused is not asked.
     ([False] + [True] * 9, 18, "20 subjects, missing = failure")],
)  # fmt: skip
def test_a_network_says_whether_infusions_are_recorded(infused, n, said):
    made = []
    for name, responders in (("A", 6), ("B", 5)):
        study = plain_study([1] * responders + [0] * (10 - responders), [TIMES[0]] * 10)
        subjects = study.subjects if infused is None else study.subjects.assign(infused=infused)
        cohort = cs.define_cohort(replace(study, subjects=subjects))
        made.append(shared_content(cohort, site=name, by=None, min_cell=1))
    result = site_rate(network_of([(c["site"], c) for c in made]), "response")
    assert result.spec.population == said
    added = result.frame[result.frame["site_id"].eq("counts added")]
    assert list(added["n"]) == [n]
