"""Two endpoints of the same subjects betray no few subjects by their difference."""

import itertools

import numpy as np
import pytest

import carstats as cs
from carstats.sharing.differences import Shown
from carstats.sharing.hiding import Joining
from carstats.sharing.outcomes import RESPONSE, TIMES, TOXICITY, Outcome, outcome_of
from carstats.sharing.shared import shared_content
from tests.sharing.attack import bounds, equations

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
    # Seven others excluded by it, and one of twenty is left.
    assert shown.betrays(response([1] * 12 + [0] * 7 + [1]), TOLD, everyone)
    alone = Shown(1)
    alone.add(response([0] * 12 + [1] * 8), TOLD, everyone)
    assert not alone.betrays(response([0] * 10 + [1] * 10), TOLD, everyone)


def test_deaths_of_a_toxicity_are_not_a_few_less_than_all_deaths():
    everyone = np.ones(20, bool)
    rows = 4
    died = Outcome("overall_survival", TIMES, 3 * rows + 1, np.array([6] * 6 + [11] * 14), "days")
    shown = Shown(5)
    shown.add(died, Joining((*range(3 * rows), 3 * rows)), everyone)
    pieces = np.array([10] * 5 + [0] * 15)
    infection = Outcome("infection", TOXICITY, 13, pieces)
    by_grade = Joining((*range(12), 12))
    # Six died, five of an infection: one died of something else.
    assert shown.betrays(infection, by_grade, everyone)
    joined = Joining((*range(8), *[8] * 4, 9))
    assert not shown.betrays(infection, joined, everyone)


def test_responders_of_the_endpoints_of_a_file_are_never_a_few_apart():
    """Read from the file alone: remission is a response, a relapse an event of the survival."""
    study = cs.read_study("data/synthetic")
    everybody = cs.define_cohort(study, cs.infused()).subjects["subject_id"].to_numpy()
    for seed in range(6):
        ids = np.random.default_rng(seed).choice(everybody, 45, replace=False)
        cohort = cs.define_cohort(study, cs.where("subject_id", list(ids)), label="some")
        content = shared_content(cohort, site="x")
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


KINDS = {
    "response": RESPONSE, "drug_free_remission": RESPONSE, "remission": RESPONSE,
    "relapse_free_survival": TIMES, "relapse": TIMES, "overall_survival": TIMES,
    "event_free_survival": TIMES,
}  # fmt: skip


def happened(name, piece, size):
    """Return whether a piece is the outcome, another one, or not asked."""
    if KINDS[name] == RESPONSE:
        return 0 if piece == 0 else 1 if piece < 3 else 2
    return 2 if piece == size - 1 else int(piece % 3 != 0)


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 20))]
)
def test_who_knows_which_outcomes_can_go_together_computes_no_few_subjects(seed):
    """The attacker knows every combination that any subject of any site has, and no other."""
    study = cs.read_study("data/synthetic")
    everybody = cs.define_cohort(study, cs.infused())
    whole = {name: outcome_of(everybody, kind, name, 168) for name, kind in KINDS.items()}
    rng = np.random.default_rng(seed)
    drawn = rng.choice(everybody.subjects["subject_id"].to_numpy(), rng.choice([35, 60]), False)
    cohort = cs.define_cohort(study, cs.where("subject_id", list(drawn)), label="some")
    content = shared_content(cohort, site="x", by=None)
    shown = [name for name in KINDS if name in content["definitions"]]
    mine = {name: outcome_of(cohort, KINDS[name], name, 168) for name in shown}
    for names in itertools.chain(*(itertools.combinations(shown, k) for k in (2, 3))):
        possible = sorted(set(zip(*(whole[name].piece.tolist() for name in names), strict=True)))
        place = {pieces: i for i, pieces in enumerate(possible)}
        true = np.zeros(len(possible), int)
        for pieces in zip(*(mine[name].piece.tolist() for name in names), strict=True):
            true[place[pieces]] += 1
        system, sets = [], {}
        for at, name in enumerate(names):
            for cells, value in equations(content, [{}], name, mine[name].size):
                inside = set(cells.tolist())
                system.append(([i for p, i in place.items() if p[at] in inside], value))
        for pieces, i in place.items():
            told = [happened(n, p, mine[n].size) for n, p in zip(names, pieces, strict=True)]
            sets.setdefault(tuple(told), []).append(i)
        for told, target in sets.items():
            if 1 <= true[target].sum() <= 4:
                low, high = bounds(system, len(possible), target)
                assert high > low, (names, told, low)
