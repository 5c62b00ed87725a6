"""Score limits for the odds ratio of two proportions."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from carstats.estimators.root_finding import find_root

# Log odds ratios beyond this are infinite.
_FAR = 40.0


def odds_ratio_limits(
    n_event: tuple[int, int], n: tuple[int, int], *, conf_level: float = 0.95
) -> tuple[float, float]:
    """Compute limits of the odds ratio by the score test of Miettinen and Nurminen.

    Parameters
    ----------
    n_event : (int, int)
        Events of the first and of the second group.
    n : (int, int)
        Their subjects, at least 1.
    conf_level : float
        Confidence level.

    Returns
    -------
    low, high : float
        The odds ratios that the test does not reject, variance with the factor N / (N - 1); 0 and
        infinity where nobody or everybody has the event.

    References
    ----------
    Miettinen O, Nurminen M. Stat Med 1985; 4: 213-226, section on the odds ratio.
    """
    from scipy.special import expit

    k1, n1 = n_event[0], n[0]
    events, total = sum(n_event), sum(n)
    if events in (0, total):
        return 0.0, np.inf
    z = NormalDist().inv_cdf(0.5 + conf_level / 2)

    def score(log_odds: float) -> float:
        """Return the statistic, which falls as the supposed odds ratio grows."""
        logits = _constrained(log_odds, events, n)
        spread = [m * expit(x) * expit(-x) for m, x in zip(n, logits, strict=True)]
        variance = total / (total - 1) / (1 / spread[0] + 1 / spread[1])
        return float((k1 - n1 * expit(logits[0])) / np.sqrt(variance))

    most, least = k1 == min(n1, events), k1 == max(0, events - n[1])
    low = -np.inf if least else find_root(lambda t: z - score(t), -_FAR, _FAR)
    high = np.inf if most else find_root(lambda t: -z - score(t), -_FAR, _FAR)
    return float(np.exp(low)), float(np.exp(high))


def _constrained(log_odds: float, events: int, n: tuple[int, int]) -> tuple[float, float]:
    """Return the log odds of the most likely proportions: those that give the events seen."""
    from scipy.special import expit

    def excess(logit: float) -> float:
        return n[0] * expit(logit + log_odds) + n[1] * expit(logit) - events

    logit = find_root(excess, -_FAR - abs(log_odds), _FAR + abs(log_odds), width=1e-14)
    return logit + log_odds, logit
