"""The models of baskets and their priors, in words and as plain values."""

from __future__ import annotations

from typing import Any

import numpy as np

from carstats.estimators.pooling.basket_grid import BasketPrior
from carstats.messages import mark, message

_TAU = {
    "half-normal": mark("tau half-normal({scale})"),
    "half-Cauchy": mark("tau half-Cauchy({scale})"),
    "uniform": mark("tau uniform(0, {scale})"),
    "fixed": mark("tau = {scale}"),
}


def prior_options(prior: BasketPrior) -> dict[str, Any]:
    """Return the priors as plain values."""
    return {
        name: value if isinstance(value, str) else np.asarray(value, float).tolist()
        for name, value in vars(prior).items()
    }


def model_words(model: str, prior: BasketPrior) -> str:
    """Return the model and its priors in words, for a method line."""
    tau = message(_TAU[prior.tau_prior], scale=f"{prior.tau_scale:g}")
    return message("{model}, {tau}", model=bare_words(model, prior), tau=tau)


def _listed(value) -> str:
    return "/".join(f"{v:g}" for v in np.atleast_1d(value))


def bare_words(model: str, prior: BasketPrior) -> str:
    """Return the model and its priors without that of tau."""
    mean = {"rate": f"{prior.rate:g}", "sd": f"{prior.sd:g}"}
    if model == "hierarchical":
        return message(
            "Bayesian hierarchical model by numerical integration, mu ~ N(logit {rate}, {sd}²)",
            **mean,
        )
    return message(
        "EXNEX model by numerical integration, mu ~ N(logit {rate}, {sd}²), P(exchangeable) "
        "{exchangeable}, else N(logit {nex_rate}, {nex_sd}²)",
        **mean,
        exchangeable=_listed(prior.exchangeable),
        nex_rate=_listed(prior.nex_rate),
        nex_sd=_listed(prior.nex_sd),
    )
