"""The hazard ratio of two groups, from the counts of their risk table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carstats.estimators.curves.risk_table import RiskTable
from carstats.estimators.root_finding import find_root

# Under this number of events no hazard ratio is given: its limits would say nothing.
MIN_EVENTS = 5
_FAR = 30.0


@dataclass(frozen=True)
class HazardRatio:
    """A hazard ratio.

    Attributes
    ----------
    hazard_ratio : float
        Second group by first; 0 or infinite where only one of them has events while the other is
        at risk, NaN without events.
    low, high : float
        Profile-likelihood limits.
    """

    hazard_ratio: float
    low: float
    high: float


def two_group_cox(table: RiskTable, *, conf_level: float = 0.95) -> HazardRatio:
    """Estimate the hazard ratio of two groups.

    Parameters
    ----------
    table : RiskTable
        Counts with the group as the batch axis; a subject may pass from one to the other.
    conf_level : float
        Confidence level.

    Returns
    -------
    HazardRatio
        With Efron's handling of ties.

    References
    ----------
    Cox DR. J R Stat Soc B 1972; 34: 187-220. Efron B. J Am Stat Assoc 1977; 72: 557-565.
    """
    from scipy.special import chdtri

    events = table.n_event.sum(axis=-1)
    informs = (events.sum(axis=0) > 0) & (table.n_risk > 0).all(axis=0)
    n, d = table.n_risk[:, informs], events[:, informs]
    if not d.size:
        return HazardRatio(np.nan, 0.0, np.inf)
    # Efron: the j-th of d tied events sees the d less j / d of each.
    total = d.sum(axis=0).astype(int)
    place = np.repeat(np.arange(total.size), total)
    share = np.concatenate([np.arange(m) / m for m in total])
    first, second = (n[g][place] - share * d[g][place] for g in (0, 1))
    seen = d[1].sum()

    def score(beta: float) -> float:
        weight = second * np.exp(beta)
        return float(seen - (weight / (weight + first)).sum())

    def log_likelihood(beta: float) -> float:
        return float(seen * beta - np.log(second * np.exp(beta) + first).sum())

    beta = find_root(lambda b: -score(b), -_FAR, _FAR)
    best = log_likelihood(beta)
    drop = float(chdtri(1, 1 - conf_level)) / 2
    low = find_root(lambda b: log_likelihood(b) - best + drop, -_FAR, beta)
    high = find_root(lambda b: best - drop - log_likelihood(b), beta, _FAR)
    ends = [0.0 if b <= -_FAR else np.inf if b >= _FAR else float(np.exp(b)) for b in
            (beta, low, high)]  # fmt: skip
    return HazardRatio(*ends)
