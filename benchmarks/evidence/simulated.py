"""Many studies at once: sorted times, and their risk table with a batch axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carstats.estimators.curves.risk_table import RiskTable

# The horizon is 1. Censoring is uniform from 0 to these; None: everybody is followed to the end.
CENSORING = {"none": None, "uniform": 2.0, "heavy": 1.1}
SHAPES = {"constant": 1.0, "early": 0.5, "late": 3.0}


@dataclass(frozen=True)
class Studies:
    """Sorted times of many studies of n subjects.

    Attributes
    ----------
    time : ndarray, shape (studies, n)
        In increasing order.
    code : ndarray of int, shape (studies, n)
        0 for censored, 1 and 2 for the causes.
    """

    time: NDArray[np.float64]
    code: NDArray[np.intp]

    def table(self, causes: int = 1) -> RiskTable:
        """Return the counts on a grid of ranks, from 1: without ties a study's times are ranks."""
        n = self.time.shape[1]
        at_risk = np.broadcast_to(np.arange(n, 0, -1.0), self.time.shape)
        events = np.stack([self.code == c for c in range(1, causes + 1)], axis=-1).astype(float)
        return RiskTable(
            np.arange(1.0, n + 1), at_risk, events, 1 - events.sum(axis=-1), at_risk - 1
        )

    def place(self, at: float = 1.0) -> NDArray[np.intp]:
        """Return how many times are at or before a time: where its values stand."""
        return (self.time <= at).sum(axis=1)


def generator(*numbers: int) -> np.random.Generator:
    """Return the generator of a setting."""
    return np.random.default_rng([20240603, *numbers])


def simulated(
    n: int,
    studies: int,
    free: float,
    censoring: str,
    rng: np.random.Generator,
    *,
    shape: str = "constant",
    share: float = 1.0,
) -> Studies:
    """Simulate studies of which a part `free` is free of every event at time 1.

    Parameters
    ----------
    n, studies : int
        Subjects of a study, and how many studies.
    free : float
        Probability of no event by time 1.
    censoring : str
        A key of `CENSORING`.
    rng : Generator
        Random numbers.
    shape : str
        A key of `SHAPES`: of the Weibull distribution of the time.
    share : float
        Probability that an event is of cause 1 and not of cause 2.
    """
    event = (rng.exponential(size=(studies, n)) / -np.log(free)) ** (1 / SHAPES[shape])
    cause = np.where(rng.random((studies, n)) < share, 1, 2)
    end = CENSORING[censoring]
    left = np.inf if end is None else rng.uniform(0, end, (studies, n))
    time, code = np.minimum(event, left), np.where(event <= left, cause, 0)
    order = np.argsort(time, axis=1)
    return Studies(np.take_along_axis(time, order, 1), np.take_along_axis(code, order, 1))


def read(values, start, place):
    """Read step functions at a place of their steps, `start` before the first."""
    first = np.broadcast_to(np.asarray(start, float), values.shape[:1])[:, None]
    whole = np.concatenate([first, values], axis=1)
    return np.take_along_axis(whole, place[:, None], axis=1)[:, 0]
