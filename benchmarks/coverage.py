"""Write docs/coverage.md: the exact coverage of all limits, by enumeration and not by simulation.

python benchmarks/coverage.py
"""

from pathlib import Path

import numpy as np
from scipy.special import betainc
from scipy.stats import binom

from carstats.estimators.proportion import METHODS, proportion_limits
from carstats.estimators.proportion_difference import DIFFERENCE_METHODS, proportion_contrast

ROOT = Path(__file__).parents[1]
SIZES = range(3, 31)
PAIRS = (3, 5, 8, 10, 15, 20, 30)
# The exact methods are computed table by table; larger groups take minutes and say the same.
LARGEST = {"melded": 10, "Chan-Zhang": 5, "Agresti-Min": 5}
WORDS = """# Coverage of the confidence limits

How often 95 % limits hold the true value, exactly: every possible outcome is listed with its
probability. `python benchmarks/coverage.py` writes this file.

## One proportion

For every n from 3 to 30: the least coverage over all true proportions and, behind it, the mean
over all of them, in per cent. Between two limits the coverage is the probability of a run of
outcomes, which has no minimum inside; the least value therefore lies at a limit, and is found there
without a grid. The mean is an integral in closed form. Near a proportion of 0 or 1 the least
coverage of a method that is right on average may be far below 95 %.
"""
WORDS_WIDTH = """
## Mean width of the limits of one proportion

In percentage points, averaged over all true proportions.
"""
WORDS_PAIRS = """
## Difference of two proportions

Two groups of n subjects each, over the pairs of true proportions 0.01, 0.02, … 0.99: the least
coverage and, behind it, the mean, in per cent. A dash stands where the exact methods were not
computed.
"""


def single(method, n):
    """Return least and mean coverage, and mean width, over all proportions."""
    k = np.arange(n + 1)
    low, high = proportion_limits(k, n, method=method)
    ends = np.unique(np.concatenate([low, high]))
    ends = ends[(ends > 0) & (ends < 1)]
    worst = 1.0
    for side in (-1e-10, 1e-10):
        p = np.clip(ends + side, 1e-12, 1 - 1e-12)[:, None]
        inside = (low <= p) & (p <= high)
        worst = min(worst, (inside * binom.pmf(k, n, p)).sum(axis=1).min())
    a, b = k + 1.0, n - k + 1.0
    mean = (betainc(a, b, high) - betainc(a, b, low)).sum() / (n + 1)
    return worst, mean, (high - low).sum() / (n + 1)


def pair(method, n):
    """Return least and mean coverage of a difference over a grid of pairs."""
    k1, k2 = (v.ravel() for v in np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij"))
    found = proportion_contrast((k1, k2), (n, n), method=method)
    p = np.arange(1, 100) / 100
    mass = binom.pmf(np.arange(n + 1), n, p[:, None])
    covered = np.empty((p.size, p.size))
    shape = (n + 1, n + 1)
    for i, first in enumerate(p):
        for j, second in enumerate(p):
            delta = first - second
            inside = (found.low <= delta + 1e-12) & (delta - 1e-12 <= found.high)
            covered[i, j] = mass[i] @ inside.reshape(shape) @ mass[j]
    return covered.min(), covered.mean()


def per_cent(value):
    """Write a fraction in per cent."""
    return f"{100 * value:.1f}"


def dashed(name):
    """Write the name of a method with the dash between two people."""
    return name if name == "mid-P" else name.replace("-", "–")


def table(head, rows):
    """Return a table in Markdown."""
    lines = [f"| n | {' | '.join(head)} |", f"|--:|{'--:|' * len(head)}"]
    return "\n".join([*lines, *(f"| {n} | {' | '.join(cells)} |" for n, cells in rows)])


def main():
    """Compute the tables and write the file."""
    found = {n: [single(method, n) for method in METHODS] for n in SIZES}
    coverage = [(n, [f"{per_cent(a)} / {per_cent(b)}" for a, b, _ in v]) for n, v in found.items()]
    width = [(n, [per_cent(c) for _, _, c in v]) for n, v in found.items()]
    pairs = []
    for n in PAIRS:
        cells = []
        for method in DIFFERENCE_METHODS:
            known = n <= LARGEST.get(method, n)
            cells.append(" / ".join(map(per_cent, pair(method, n))) if known else "–")
        pairs.append((n, cells))
    head, head_2 = ([dashed(m) for m in names] for names in (METHODS, DIFFERENCE_METHODS))
    parts = [WORDS, table(head, coverage), WORDS_WIDTH, table(head, width), WORDS_PAIRS]
    text = "\n".join([*parts, table(head_2, pairs), ""])
    (ROOT / "docs" / "coverage.md").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
