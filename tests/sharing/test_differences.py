"""Two endpoints of the same subjects betray no few subjects by their difference."""

import itertools

import numpy as np

import carstats as cs
from carstats.sharing.differences import Shown
from carstats.sharing.hiding import Joining
from carstats.sharing.outcomes import RESPONSE, Outcome, outcome_of
from carstats.sharing.shared import share_counts

TOLD = Joining((0, 1, 1, 2))


def response(pieces):
    return Outcome("response", RESPONSE, 4, np.array(pieces))


def test_a_response_within_another_that_has_two_more_is_hidden():
    everyone = np.ones(20, bool)
    shown = Shown(5)
    shown.add(response([0] * 12 + [1] * 8), TOLD, everyone)
    # Ten of the twelve: two responded who are not in remission.
    assert shown.betrays(response([0] * 10 + [1] * 10), TOLD, everyone)
    assert not shown.betrays(response([0] * 7 + [1] * 13), TOLD, everyone)
    # As many, but not of the same: the difference is the number of nobody.
    assert not shown.betrays(response([1] * 8 + [0] * 10 + [1] * 2), TOLD, everyone)
    alone = Shown(1)
    alone.add(response([0] * 12 + [1] * 8), TOLD, everyone)
    assert not alone.betrays(response([0] * 10 + [1] * 10), TOLD, everyone)


def test_responders_of_the_endpoints_of_a_file_are_never_a_few_apart():
    """Read from the file alone: remission is a response, a relapse an event of the survival."""
    study = cs.read_study("data/synthetic")
    everybody = cs.define_cohort(study, cs.infused()).subjects["subject_id"].to_numpy()
    for seed in range(6):
        ids = np.random.default_rng(seed).choice(everybody, 45, replace=False)
        cohort = cs.define_cohort(study, cs.where("subject_id", list(ids)), label="some")
        content = share_counts(cohort, site="x")
        rows = {r["outcome"]: r for r in content["tables"][0]["responses"]}
        sets = {n: outcome_of(cohort, RESPONSE, n, 168).piece == 0 for n in rows}
        for a, b in itertools.combinations(rows, 2):
            if not (sets[a] & ~sets[b]).any() or not (sets[b] & ~sets[a]).any():
                apart = abs(rows[a]["responders"] - rows[b]["responders"])
                assert apart == 0 or apart >= 5, (a, b)
        curves = {r["outcome"]: r for r in content["tables"][0]["curves"]}
        if {"relapse", "relapse_free_survival"} <= set(curves):
            totals = [sum(i["events"] for i in curves[n]["intervals"])
                      for n in ("relapse", "relapse_free_survival")]  # fmt: skip
            assert totals[1] - totals[0] == 0 or totals[1] - totals[0] >= 5
