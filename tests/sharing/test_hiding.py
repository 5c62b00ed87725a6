"""What an attacker can compute from a shared file: nothing that stands for one to four subjects."""

import numpy as np
import pytest

import carstats as cs
from carstats.sharing.hiding import Joining, group_strata, large_enough
from carstats.sharing.outcomes import TIMES, TOXICITY, outcome_of, shareable
from carstats.sharing.shared import shared_content
from tests.sharing.attack import bounds, equations

BY = ["disease", "target"]


@pytest.fixture(scope="module")
def everybody():
    study = cs.read_study("data/synthetic")
    return cs.define_cohort(study, cs.infused())


def some(everybody, n, seed):
    ids = everybody.subjects["subject_id"].to_numpy()
    drawn = np.random.default_rng(seed).choice(ids, n, replace=False)
    return cs.define_cohort(everybody.study, cs.where("subject_id", list(drawn)), label="some")


def attacked(cohort, content, most, seed):
    """Yield each hidden number of one to four subjects with what the file forces it to be."""
    rng = np.random.default_rng(seed)
    levels = cohort.subjects[BY].astype(str).to_numpy()
    keys = sorted(set(map(tuple, levels)))
    cells = [dict(zip(BY, key, strict=True)) for key in keys]
    where = np.array([keys.index(tuple(row)) for row in levels])
    for kind, name in shareable(cohort):
        outcome = outcome_of(cohort, kind, name, 168)
        if outcome is None or name not in content["definitions"]:
            continue
        true = np.zeros((len(cells), outcome.size), int)
        np.add.at(true, (where, outcome.piece), 1)
        system = list(equations(content, cells, name, outcome.size))
        for places, value in system:
            assert true.ravel()[places].sum() == value
        groups = [list(range(len(cells))), *([i] for i in range(len(cells)))]
        groups += [[i for i, cell in enumerate(cells) if cell[column] == level]
                   for column in BY for level in sorted({c[column] for c in cells})]  # fmt: skip
        pieces = [[piece] for piece in range(outcome.size)]
        if kind == TIMES:
            pieces += [list(range(status, outcome.size - 1, 3)) for status in range(3)] + [
                [0, 1, 2]
            ]
        if kind == TOXICITY:
            pieces += [list(range(2 * grade, outcome.size - 1)) for grade in (1, 3)]
        small = [(g, p) for g in groups for p in pieces if 1 <= true[np.ix_(g, p)].sum() <= 4]
        rng.shuffle(small)
        places = np.arange(true.size).reshape(true.shape)
        for group, piece in small[:most]:
            target = places[np.ix_(group, piece)].ravel()
            yield name, group, piece, bounds(system, true.size, target)


@pytest.mark.parametrize(("n", "seed"), [(7, 1), (12, 2), (20, 3), (35, 4), (60, 5), (110, 6)])
def test_no_small_number_can_be_computed_nor_narrowed(everybody, n, seed):
    cohort = some(everybody, n, seed)
    content = shared_content(cohort, site="x")
    tried = 0
    for name, group, piece, (low, high) in attacked(cohort, content, 4, seed):
        tried += 1
        # Whatever is added and subtracted, as many values are left as the smallest number.
        assert high - low >= 5, (name, group, piece, low, high)
    assert tried


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_no_small_number_can_be_computed_in_many_sites(everybody, seed):
    n = int(np.random.default_rng(seed).integers(6, 130))
    cohort = some(everybody, n, 100 + seed)
    for name, group, piece, (low, high) in attacked(
        cohort, shared_content(cohort, site="x"), 8, seed
    ):
        assert high - low >= 5, (name, group, piece, low, high)


def numbers(content):
    """Yield every count of subjects of a file."""
    for table in content["tables"]:
        for stratum in table["strata"]:
            yield stratum["subjects"]
        for row in table["responses"]:
            yield from (
                row[k] for k in ("asked", "responders", "evaluable", "missing", "not_asked")
            )
        for row in table["toxicities"]:
            yield from (grade["subjects"] for grade in row["worst_grade"])
        for row in table["curves"]:
            yield row["no_record"]
            for each in row["intervals"]:
                keys = ("at_risk", "events", "competing", "censored", "without_event")
                yield from (each[key] for key in keys)


@pytest.mark.parametrize("least", [2, 5, 10])
def test_no_number_below_the_minimum_is_shown(everybody, least):
    content = shared_content(some(everybody, 60, 7), site="x", min_cell=least)
    shown = [n for n in numbers(content) if n is not None]
    assert len(shown) > 100
    assert [n for n in shown if 0 < n < least] == []


def test_responders_and_the_others_are_hidden_together():
    assert large_enough(np.array([0, 5, 12]), 5)
    assert not large_enough(np.array([0, 4, 12]), 5)
    fine, coarse = Joining((0, 1, 2, 3)), Joining((0, 1, 1, 2))
    assert coarse.coarsens(fine)
    assert not fine.coarsens(coarse)
    assert list(coarse.sums(np.array([7, 3, 2, 0]))) == [7, 5, 0]


def test_a_stratum_left_over_takes_the_smallest_with_it():
    strata = [np.arange(20) < 8, (np.arange(20) >= 8) & (np.arange(20) < 18), np.arange(20) >= 18]
    groups = group_strata(strata, [0, 1], lambda member: member.sum() >= 5)
    assert groups == [[1], [0, 2]]
