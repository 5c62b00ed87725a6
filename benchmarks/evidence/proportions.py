"""Limits of a proportion and of a difference of two, by listing every outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from benchmarks.evidence.cells import SIZES, Cell, cell
from carstats.estimators.proportions.proportion import METHODS, proportion_limits
from carstats.estimators.proportions.proportion_difference import proportion_contrast
from carstats.estimators.proportions.proportion_test import default_method, proportion_test
from carstats.estimators.proportions.two_by_two import fisher_test

ONE = ("Clopper-Pearson", *(m for m in METHODS if m != "Clopper-Pearson"))
TWO = ("default", "Miettinen-Nurminen", "Newcombe")
# True proportions of each group.
GRID = np.arange(1, 20) / 20


def proportion_cells(sizes=SIZES) -> list[Cell]:
    """One proportion: on a grid, and on both sides of every limit, where the least value lies."""
    found = []
    for n in sizes:
        k = np.arange(n + 1)
        for method in ONE:
            low, high = proportion_limits(k, n, method=method)
            ends = np.unique(np.concatenate([low, high]))
            ends = ends[(ends > 0) & (ends < 1)]
            for p in np.concatenate([np.arange(1, 200) / 200, ends - 1e-9, ends + 1e-9]):
                found.append(cell(method, n, "", low, high, p, weight=binom.pmf(k, n, p)))
    return found


@dataclass(frozen=True)
class Tables:
    """The default comparison of two proportions for every outcome of two groups.

    Attributes
    ----------
    low, high, p_value, fisher : ndarray, shape (n1 + 1, n2 + 1)
        Limits and p-value of the default, and Fisher's p-value, by the events of both groups.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    p_value: NDArray[np.float64]
    fisher: NDArray[np.float64]


def tables(n1: int, n2: int) -> Tables:
    """Compute the default for every outcome; events and non-events change places by symmetry."""
    low, high, p, fisher = np.full((4, n1 + 1, n2 + 1), np.nan)
    for a in range(n1 + 1):
        for b in range(n2 + 1):
            if np.isnan(p[a, b]):
                t = proportion_test((a, b), (n1, n2))
                exact = fisher_test(a, b, n1, n2).p_value
                places = [((a, b), t.low, t.high), ((n1 - a, n2 - b), -t.high, -t.low)]
                if n1 == n2:
                    places += [((b, a), -t.high, -t.low), ((n2 - b, n1 - a), t.low, t.high)]
                for where, lowest, highest in places:
                    low[where], high[where] = lowest, highest
                    p[where], fisher[where] = t.p_value, exact
    return Tables(low, high, p, fisher)


def difference_cells(found: dict[tuple[int, int], Tables]) -> list[Cell]:
    """The difference of two proportions over a grid of pairs of true ones."""
    cells = []
    for (n1, n2), listed in found.items():
        k1, k2 = (v.ravel() for v in np.indices((n1 + 1, n2 + 1)))
        limits = {"default": (listed.low.ravel(), listed.high.ravel())}
        for method in TWO[1:]:
            other = proportion_contrast((k1, k2), (n1, n2), method=method)
            limits[method] = other.low, other.high
        for p in GRID:
            for q in GRID:
                weight = np.outer(binom.pmf(range(n1 + 1), n1, p), binom.pmf(range(n2 + 1), n2, q))
                for kind, (low, high) in limits.items():
                    cells.append(
                        cell(kind, f"{n1} + {n2}", default_method(n1, n2).replace("-", "–"),
                             low, high, p - q, weight=weight.ravel())
                    )  # fmt: skip
    return cells
