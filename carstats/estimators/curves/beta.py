"""Beta laws, constants included: what is known of a probability at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

BetaParameters = tuple[NDArray[np.float64], NDArray[np.float64]]

# From here on the first term that the expansion leaves out, of the order of the smaller parameter
# to the power -3, is below 2e-11 of a quantile (2e-12 at levels of 0.025 and 0.975).
_LARGE, _TAIL = 3_000.0, 1e-4


def beta_quantile(p: ArrayLike, a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Compute quantiles of beta distributions, constants included.

    a, b : Parameters; a = 0 is the constant 0, b = 0 the constant 1.

    Where both parameters are large, a million quantiles by root finding would take seconds: there
    they are those of Cornish and Fisher's expansion, equal to 2e-11.
    """
    from scipy.special import betaincinv

    p, a, b = np.asarray(p, float), np.asarray(a, float), np.asarray(b, float)
    large = (np.minimum(a, b) >= _LARGE) & (np.minimum(p, 1 - p) >= _TAIL)
    if not large.any():
        proper = (a > 0) & (b > 0)
        found = betaincinv(np.where(proper, a, 1.0), np.where(proper, b, 1.0), p)
        return np.where(proper, found, np.where(a > 0, 1.0, 0.0))
    a, b, p = (np.broadcast_to(v, large.shape) if v.ndim else v for v in (a, b, p))
    if large.all():
        return _of_large(p, a, b)
    found = np.empty(large.shape)
    for mine, quantile in ((large, _of_large), (~large, beta_quantile)):
        found[mine] = quantile(*(v[mine] if v.ndim else v for v in (p, a, b)))
    return found


def _of_large(p, a, b):
    """Expand the quantile of the logit, whose cumulants are polygamma functions of a and b.

    Cornish EA, Fisher RA. Rev Inst Int Stat 1938; 5: 307-320 (to the sixth cumulant; also
    Abramowitz M, Stegun IA. Handbook of Mathematical Functions 1964; 26.2.49).
    """
    from scipy.special import ndtri

    z = ndtri(p)
    # Polygamma functions in powers of 1 / (x - 1/2).
    u, v = 1 / (a - 0.5), 1 / (b - 0.5)
    u2, v2 = u * u, v * v
    u3, v3, u4, v4 = u2 * u, v2 * v, u2 * u2, v2 * v2
    deviation = np.sqrt(u + v - (u3 + v3) / 12)
    one = 1 / deviation
    two = one * one
    skew = (v2 - u2 + (u4 - v4) / 4) * (two * one)
    fourth = (2 * (u3 + v3) - (u4 * u + v4 * v)) * (two * two)
    fifth = 6 * (v4 - u4) * (two * two * one)
    sixth = 24 * (u4 * u + v4 * v) * (two * two * two)
    square, q = skew * skew, z * z
    w = (
        z
        + skew * ((q - 1) / 6)
        + fourth * (z * (q - 3) / 24)
        - square * (z * (2 * q - 5) / 36)
        + fifth * ((q * q - 6 * q + 3) / 120)
        - skew * fourth * ((q * q - 5 * q + 2) / 24)
        + skew * square * ((12 * q * q - 53 * q + 17) / 324)
        + sixth * (z * (q * q - 10 * q + 15) / 720)
        - fourth * fourth * (z * (3 * q * q - 24 * q + 29) / 384)
        - skew * fifth * (z * (2 * q * q - 17 * q + 21) / 180)
        + square * fourth * (z * (14 * q * q - 103 * q + 107) / 288)
        - square * square * (z * (252 * q * q - 1688 * q + 1511) / 7776)
    )
    logit = np.log(v / u) + (u2 - v2) / 24 + deviation * w
    return 1 / (1 + np.exp(-logit))


def beta_cdf(x: ArrayLike, a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Compute distribution functions of beta distributions, constants included.

    a, b : Parameters; a = 0 is the constant 0, b = 0 the constant 1.

    Returns: the probabilities of at most `x`.
    """
    from scipy.special import betainc

    a, b = np.asarray(a, float), np.asarray(b, float)
    proper = (a > 0) & (b > 0)
    found = betainc(np.where(proper, a, 1.0), np.where(proper, b, 1.0), x)
    return np.where(proper, found, np.where((a > 0) & (np.asarray(x) < 1), 0.0, 1.0))
