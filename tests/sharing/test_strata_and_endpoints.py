"""Strata and endpoints of one file together: the attacker subtracts across both."""

import numpy as np
import pytest

import carstats as cs
from carstats.sharing.outcomes import RESPONSE, TIMES, outcome_of
from carstats.sharing.shared import shared_content
from tests.sharing.attack import bounds, equations

BY = ["disease", "target"]
# Each is within the next one.
CHAINS = [
    ("drug_free_remission", "remission", "response"),
    ("relapse", "relapse_free_survival", "event_free_survival"),
]


@pytest.fixture(scope="module")
def everybody():
    return cs.define_cohort(cs.simulate_study(seed=901, n=600), cs.infused())


@pytest.mark.parametrize("least", [3, 5])
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 12))]
)
def test_no_few_subjects_of_a_stratum_are_computed_from_two_endpoints(everybody, seed, least):
    rng = np.random.default_rng(seed)
    drawn = rng.choice(everybody.subjects["subject_id"].to_numpy(), 20 + 3 * seed, replace=False)
    cohort = cs.define_cohort(everybody.study, cs.where("subject_id", list(drawn)), label="some")
    content = shared_content(cohort, site="x", min_cell=least)
    levels = list(map(tuple, cohort.subjects[BY].astype(str).to_numpy()))
    keys = sorted(set(levels))
    cells = [dict(zip(BY, key, strict=True)) for key in keys]
    for chain in CHAINS:
        kind = RESPONSE if "remission" in chain else TIMES
        names = [name for name in chain if name in content["definitions"]]
        whole = [outcome_of(everybody, kind, name, 168).piece.tolist() for name in names]
        mine = [outcome_of(cohort, kind, name, 168) for name in names]
        # The attacker knows which pieces of the endpoints go together in any subject of any site.
        possible = sorted(set(zip(*whole, strict=True)))
        place = {pieces: i for i, pieces in enumerate(possible)}
        true = np.zeros((len(cells), len(possible)), int)
        of_each = zip(*(outcome.piece.tolist() for outcome in mine), strict=True)
        for key, pieces in zip(levels, of_each, strict=False):
            true[keys.index(key), place[pieces]] += 1
        system = []
        for at, (name, outcome) in enumerate(zip(names, mine, strict=True)):
            pieces = np.array(possible)[:, at]
            for inside, value in equations(content, cells, name, outcome.size):
                told = np.zeros((len(cells), outcome.size), bool)
                told.ravel()[inside] = True
                system.append((np.flatnonzero(told[:, pieces]), value))
        for at in range(len(names) - 1):
            # In the wider endpoint and not in the narrower one.
            had = [[_had(kind, p, mine[0].size) for p in pieces] for pieces in possible]
            between = [i for i, told in enumerate(had) if told[at + 1] and not told[at]]
            for column in BY:
                for level in sorted({cell[column] for cell in cells}):
                    group = [i for i, cell in enumerate(cells) if cell[column] == level]
                    if 1 <= true[np.ix_(group, between)].sum() < least:
                        spots = np.arange(true.size).reshape(true.shape)
                        target = spots[np.ix_(group, between)].ravel()
                        low, high = bounds(system, true.size, target)
                        assert high - low >= 1, (names[at : at + 2], column, level, low, high)


def _had(kind, piece, size):
    return piece == 0 if kind == RESPONSE else piece < size - 1 and piece % 3 == 0
