"""What is found for one construction in one setting, and how it is summed up and printed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95
SIZES = (3, 5, 8, 12, 20, 30)
# Groups of equal and of unequal size.
PAIRS = ((3, 3), (5, 5), (8, 8), (12, 12), (20, 20), (30, 30), (3, 9), (5, 15), (12, 30))


@dataclass(frozen=True)
class Cell:
    """How one construction did in one setting.

    Attributes
    ----------
    construction, n, censoring : str
        What, of how many, how followed.
    covered, below, above : float
        Share of studies whose limits hold the truth, and whose lower limit lies above it or whose
        upper limit below it. Limits that do not exist do not cover.
    width : float
        Mean width of the limits that exist.
    absent : float
        Share of studies without limits.
    studies : int
        How many were simulated; 0 where all outcomes were listed.
    """

    construction: str
    n: str
    censoring: str
    covered: float
    below: float
    above: float
    width: float
    absent: float
    studies: int


def cell(construction, n, censoring, low, high, truth, *, weight=None) -> Cell:
    """Sum up limits of many studies, or of all outcomes with their probabilities."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    truth = np.broadcast_to(truth, low.shape)
    studies = low.size if weight is None else 0
    weight = np.full(low.shape, 1 / low.size) if weight is None else np.asarray(weight)
    some = ~(np.isnan(low) | np.isnan(high))
    above, below = some & (low > truth + 1e-12), some & (high < truth - 1e-12)
    finite = some & np.isfinite(high - low)
    share = (weight * finite).sum()
    width = (weight * np.where(finite, high - low, 0.0)).sum() / share if share else np.nan
    missed = (weight * above).sum(), (weight * below).sum()
    absent = float((weight * ~some).sum())
    covered = (weight * some).sum() - sum(missed)
    found = (float(v) for v in (covered, *missed, width))
    return Cell(construction, str(n), censoring, *found, absent, studies)


def error(studies: int) -> float:
    """Standard error of a simulated coverage at the level; 0 where all outcomes were listed."""
    return float(np.sqrt(LEVEL * (1 - LEVEL) / studies)) if studies else 0.0


def holds(cells: Iterable[Cell]) -> bool:
    """Say whether no setting lies further below the level than three errors of its simulation."""
    return all(c.covered >= LEVEL - 3 * error(c.studies) - 1e-9 for c in cells)


def per_cent(value: float) -> str:
    """Write a share in per cent."""
    return "–" if np.isnan(value) else f"{100 * value:.1f}"


def markdown(heads: list[str], rows: Iterable[list[str]]) -> str:
    """Return a table."""
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def coverage_table(cells: list[Cell], constructions: Iterable[str]) -> str:
    """Return a table of coverage: the first construction is the default and has more columns."""
    default, *others = constructions
    rows = []
    for n, censoring in dict.fromkeys((c.n, c.censoring) for c in cells):
        here = [c for c in cells if (c.n, c.censoring) == (n, censoring)]
        mine = [c for c in here if c.construction == default]
        row = [n, censoring, _summed(mine), _missed(mine), _width(mine)]
        for name in others:
            its = [c for c in here if c.construction == name]
            row.append(f"{_summed(its)} ({_width(its)})" if its else "–")
        rows.append(row)
    heads = ["n", "censoring", f"**{default}**", "misses", "width", *others]
    return markdown(heads, rows)


def _summed(cells: list[Cell]) -> str:
    covered = [c.covered for c in cells]
    return f"{per_cent(min(covered))} / {per_cent(float(np.mean(covered)))}"


def _missed(cells: list[Cell]) -> str:
    return f"{per_cent(max(c.below for c in cells))}, {per_cent(max(c.above for c in cells))}"


def _width(cells: list[Cell]) -> str:
    widths = [c.width for c in cells if not np.isnan(c.width)]
    return f"{np.mean(widths):.2f}" if widths else "–"


def verdicts(title: str, cells: list[Cell], default: str) -> list[list[str]]:
    """Return a row for each construction: what it covers at least, and whether it holds."""
    rows = []
    for name in dict.fromkeys(c.construction for c in cells):
        its = [c for c in cells if c.construction == name]
        least = min(its, key=lambda c: c.covered)
        where = f"n = {least.n}" + (f", {least.censoring}" if least.censoring else "")
        rows.append(
            [
                title,
                f"**{name}**" if name == default else name,
                per_cent(least.covered),
                where,
                per_cent(float(np.mean([c.covered for c in its]))),
                _width(its),
                "yes" if holds(its) else "no",
            ]
        )
    return rows
