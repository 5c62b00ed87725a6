"""Where the hierarchical model of baskets is evaluated: nodes for mu, tau and theta."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import CarstatsError, check_choice, check_number
from carstats.messages import message

TAU_PRIORS = ("half-normal", "half-Cauchy", "uniform", "fixed")

# Standard deviations of mu's and scales of tau's normal prior that are covered; more of tau's:
# baskets that disagree push it far into the tail of a tight prior.
_REACH, _TAU_REACH = 6.0, 9.0
# Largest step between nodes, in standard deviations of the narrowest normal that can arise. A sum
# over equally spaced nodes is then off by exp(-2 (pi / 0.6)^2), and its sinc interpolant, which the
# probability above a rate needs, by exp(-(pi / 0.6)^2 / 2): 1e-24 and 1e-6.
_STEP, _THETA_STEP = 0.6, 0.5
# Beyond these log odds (1e-13) a likelihood has reached its limit, 0 or 1.
_EDGE = 30.0
# The nodes for mu are a * sinh(v), v equally spaced: far from 0 a rate changes slowly with mu.
STRETCH = 4.0
# tau = c sinh(u), u equally spaced (bent to end with a uniform prior). In tau the likelihood has
# singularities at +-2i / sqrt(n), the error of a basket's log odds; with c = 1.8 times that, or
# times the deviation of mu if less, every second node is within half of it from the next.
_TAU_STEP = 0.14
_TAU_STRETCH = 1.8


@dataclass(frozen=True)
class BasketPrior:
    """Priors of the hierarchical model, on the log odds.

    Attributes
    ----------
    rate, sd : float
        mu, the log odds of a typical basket, is normal around logit(`rate`) with this standard
        deviation.
    tau_prior : {"half-normal", "half-Cauchy", "uniform", "fixed"}
        Prior of tau, the standard deviation between baskets.
    tau_scale : float
        Scale of the half-normal and the half-Cauchy, upper end of the uniform from 0, or the fixed
        value of tau itself.
    exchangeable : float or sequence of float, shape (K,)
        Prior probability that a basket belongs with the others; 1 is the hierarchical model of
        Berry, less than 1 the EXNEX model of Neuenschwander.
    nex_rate, nex_sd : float or sequence of float, shape (K,)
        A basket that does not belong with the others has log odds that are normal around
        logit(`nex_rate`) with this standard deviation.

    Examples
    --------
    >>> prior = cs.BasketPrior(rate=0.3, tau_scale=0.5)
    >>> cs.basket_response(cohort, "response", prior=prior)
    """

    rate: float = 0.5
    sd: float = 2.0
    tau_prior: str = "half-normal"
    tau_scale: float = 1.0
    exchangeable: float | Sequence[float] = 1.0
    nex_rate: float | Sequence[float] = 0.5
    nex_sd: float | Sequence[float] = 2.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "tau_prior", check_choice("tau_prior", self.tau_prior, TAU_PRIORS))
        check_rate("prior_rate", self.rate)
        for name, value in {"prior_sd": self.sd, "tau_scale": self.tau_scale}.items():
            check_number(name, value, low=0)
            if value == 0 and not (name == "tau_scale" and self.tau_prior == "fixed"):
                raise CarstatsError(message("`{name}` is 0; it takes a number above 0.", name=name))
        for value in np.atleast_1d(self.exchangeable):
            if not 0 <= value <= 1:
                raise CarstatsError(
                    message(
                        "`exchangeable` is {value}; it is a probability from 0 to 1.",
                        value=repr(value),
                    )
                )
        for value in np.atleast_1d(self.nex_rate):
            check_rate("nex_rate", value)
        for value in np.atleast_1d(self.nex_sd):
            check_number("nex_sd", value, low=1e-6)


@dataclass(frozen=True)
class Grid:
    """Nodes and weights; T nodes for tau, M for mu, J for theta.

    Attributes
    ----------
    tau, tau_weight : ndarray, shape (T,)
        Nodes, and prior density times step.
    mu, mu_weight : ndarray, shape (M,)
        The same for mu.
    v, v_step : ndarray, shape (M,); float
        The equally spaced places of `mu` before stretching.
    theta, theta_step : ndarray, shape (J,); float
        Equally spaced log odds of a basket.
    """

    tau: NDArray[np.float64]
    tau_weight: NDArray[np.float64]
    mu: NDArray[np.float64]
    mu_weight: NDArray[np.float64]
    v: NDArray[np.float64]
    v_step: float
    theta: NDArray[np.float64]
    theta_step: float


def make_grid(prior: BasketPrior, n: ArrayLike, *, halvings: tuple[int, int] = (0, 0)) -> Grid:
    """Choose the nodes from the largest information that the baskets can hold.

    halvings : How many times to halve the steps of tau, and those of mu and theta.

    Returns: the grid. A node at tau = 0, complete pooling, is in it unless tau is fixed.

    Everything is smooth, and even in tau, so equally spaced nodes converge faster than any power
    of the step. At log odds x, n subjects hold the information n p (1 - p), p = expit(x), about
    them: with prior precision 1/s^2 no density of mu is narrower than 1/sqrt(1/s^2 + N p (1 - p)).
    """
    n = np.asarray(n, float)
    fine_tau, fine = 0.5 ** np.array(halvings)
    centre = logit(prior.rate)
    ends = np.arcsinh((centre + np.array([-1, 1]) * _REACH * prior.sd) / STRETCH)
    v = np.linspace(*ends, 401)
    p = expit(STRETCH * np.sinh(v))
    spread = 1 / np.sqrt(prior.sd**-2 + n.sum() * p * (1 - p))
    step = fine * _STEP * float((spread / (STRETCH * np.cosh(v))).min())
    # An even number of steps, so that every second node is a grid of its own.
    half = int(np.ceil((ends[1] - ends[0]) / step / 2))
    v = np.linspace(*ends, 2 * half + 1)
    mu = STRETCH * np.sinh(v)
    density = np.exp(-0.5 * ((mu - centre) / prior.sd) ** 2) / (prior.sd * np.sqrt(2 * np.pi))
    v_step = float(v[1] - v[0])
    most = max(float(n.max(initial=0.0)), 4.0)
    stretch = _TAU_STRETCH * min(2 / np.sqrt(most), prior.sd)
    tau, tau_weight = _tau_nodes(prior, fine_tau * _TAU_STEP, stretch)
    wide = fine * _THETA_STEP / np.sqrt(most / 4)
    theta = np.linspace(-_EDGE, _EDGE, 2 * int(np.ceil(_EDGE / wide)) + 1)
    return Grid(
        tau,
        tau_weight,
        mu,
        density * STRETCH * np.cosh(v) * v_step,
        v,
        v_step,
        theta,
        float(theta[1] - theta[0]),
    )


def _tau_nodes(prior: BasketPrior, step: float, stretch: float) -> tuple[NDArray, NDArray]:
    kind, scale = prior.tau_prior, prior.tau_scale
    if kind == "fixed":
        return np.array([float(scale)]), np.ones(1)
    c = min(stretch, scale)
    # To 9 scales of the half-normal, 4e-7 of the half-Cauchy, 6e-8 of the uniform's end.
    reach = {"half-normal": _TAU_REACH, "half-Cauchy": 1.6e6, "uniform": 9}[kind]
    last = np.arcsinh(reach * scale / c)
    u = np.arange(2 * int(np.ceil(last / step / 2)) + 1) * step
    # The integrand is even in u: half of a sum over the whole line, 0 counted once.
    counted = np.where(u == 0, 0.5, 1.0) * step * c * np.cosh(u)
    tau = c * np.sinh(u)
    if kind == "uniform":
        part = tau / scale
        return scale * np.tanh(part), counted / np.cosh(part) ** 2 / scale
    z = tau / scale
    if kind == "half-normal":
        return tau, counted * np.sqrt(2 / np.pi) * np.exp(-0.5 * z**2) / scale
    return tau, counted * (2 / np.pi) / (1 + z**2) / scale


def check_rate(argument: str, value: object) -> None:
    """Raise unless `value` is a rate strictly between 0 and 1."""
    check_number(argument, value)
    if not 0 < float(value) < 1:
        raise CarstatsError(
            message(
                "`{argument}` is {value}; it is a rate between 0 and 1.",
                argument=argument,
                value=repr(value),
            )
        )


def logit(p: ArrayLike) -> NDArray[np.float64]:
    """Return the log odds of probabilities."""
    p = np.asarray(p, float)
    return np.log(p) - np.log1p(-p)


def expit(x: ArrayLike) -> NDArray[np.float64]:
    """Return the probabilities of log odds."""
    return 1 / (1 + np.exp(-np.asarray(x, float)))


def likelihood(x: ArrayLike, y: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """Return the binomial likelihood of log odds, relative to its largest value.

    Returns: from 0 to 1; 1 everywhere without subjects.
    """
    x, y, n = np.asarray(x, float)[..., None], np.asarray(y, float), np.asarray(n, float)
    rate = np.where(n > 0, y / np.maximum(n, 1), 0.5)
    inside = (rate > 0) & (rate < 1)
    safe = np.where(inside, rate, 0.5)
    entropy = np.where(inside, y * np.log(safe) + (n - y) * np.log(1 - safe), 0.0)
    return np.exp(y * x - n * np.logaddexp(0, x) - entropy)


def step_weight(distance: ArrayLike) -> NDArray[np.float64]:
    """Return what a node counts in the integral over all x above a point.

    Returns: the integral of the node's sinc function over all x above the point: 0 far below the
    point, 1/2 on it, 1 far above it.

    Stenger F. Numerical Methods Based on Sinc and Analytic Functions. Springer 1993, section 3.6.
    """
    from scipy.special import sici

    return 0.5 + sici(np.pi * np.asarray(distance, float))[0] / np.pi
