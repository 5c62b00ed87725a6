"""One comparison: the numbers of an estimator beside those of a reference."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.data.packaged import packaged_folder

SCRIPTS = "tests/reference"


@dataclass(frozen=True)
class Comparison:
    """Some numbers of one statistic, of one data set under one option, beside the reference's.

    Attributes
    ----------
    estimator : str
        The function that was run.
    source : str
        The reference script.
    data_set, option, statistic : str
        What it was run on, how, and what is compared.
    n : int
        How many numbers; those below are of the one that is farthest off.
    reference, obtained, difference, tolerance : float
        The reference's number, that of this machine, how far they are apart, and how far they may.
    passed : bool
        Whether every number is within its tolerance, and missing where the reference's is.
    """

    estimator: str
    source: str
    data_set: str
    option: str
    statistic: str
    n: int
    reference: float
    obtained: float
    difference: float
    tolerance: float
    passed: bool


@dataclass(frozen=True)
class Against:
    """The comparisons of one estimator with one reference file."""

    estimator: str
    source: str

    def all(
        self,
        data_set: str,
        option: str,
        *,
        rtol: float = 0.0,
        atol: float = 0.0,
        **numbers: tuple[ArrayLike, ArrayLike],
    ) -> Iterator[Comparison]:
        """Yield a comparison of each statistic, given as (obtained, reference)."""
        for statistic, (obtained, reference) in numbers.items():
            yield self.one(data_set, option, statistic, obtained, reference, rtol=rtol, atol=atol)

    def one(
        self,
        data_set: str,
        option: str,
        statistic: str,
        obtained: ArrayLike,
        reference: ArrayLike,
        *,
        rtol: float = 0.0,
        atol: float = 0.0,
    ) -> Comparison:
        """Compare the numbers of one statistic; two that are missing, or infinite alike, agree."""
        ours = np.atleast_1d(np.asarray(obtained, float)).ravel()
        theirs = np.atleast_1d(np.asarray(reference, float)).ravel()
        if ours.size != theirs.size:
            gap, allowed = np.array([np.inf]), np.array([0.0])
            ours, theirs = np.array([float(ours.size)]), np.array([float(theirs.size)])
        else:
            alike = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
            with np.errstate(invalid="ignore"):
                gap = np.where(alike, 0.0, np.abs(ours - theirs))
            gap = np.where(np.isnan(gap), np.inf, gap)
            with np.errstate(invalid="ignore"):
                allowed = np.nan_to_num(atol + rtol * np.abs(theirs), posinf=0.0)
        if not gap.size:
            return Comparison(self.estimator, self.source, data_set, option, statistic, 0,
                              np.nan, np.nan, 0.0, atol, True)  # fmt: skip
        # How far off it is, in tolerances; of nothing allowed any difference is too much.
        far = np.divide(gap, allowed, out=np.where(gap > 0, np.inf, 0.0), where=allowed > 0)
        worst = int(np.argmax(far))
        if not far[worst]:
            known = np.flatnonzero(~np.isnan(theirs))
            worst = int(known[0]) if known.size else 0
        return Comparison(
            self.estimator, self.source, data_set, option, statistic, int(ours.size),
            float(theirs[worst]), float(ours[worst]), float(gap[worst]), float(allowed[worst]),
            bool((gap <= allowed).all()),
        )  # fmt: skip


@cache
def reference(name: str) -> Any:
    """Return what a reference script wrote."""
    file: Path = packaged_folder(SCRIPTS) / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8"))


def array(values: Iterable[Any]) -> NDArray[np.float64]:
    """Return a list with nulls as floats with NaN; R's Inf is written as a string."""
    return np.array([np.nan if v in (None, "NaN", "NA") else float(v) for v in values])


def matrix(values: Any, n_rows: int) -> NDArray[np.float64]:
    """Return a matrix of R with nulls as NaN."""
    return array(np.array(values, object).ravel().tolist()).reshape(n_rows, -1)


def published(identifier: str) -> Any:
    """Return published values by their number."""
    return next(e["expect"] for e in reference("published_values") if e["id"] == identifier)
