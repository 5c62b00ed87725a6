"""The basket models: one analysis of eight baskets beside JAGS, and the trials of a design."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.timing import Row, by_r, once, seconds
from carstats.estimators.pooling.basket import basket_batch, fit_baskets
from carstats.estimators.pooling.basket_grid import BasketPrior

EIGHT = ([3, 9, 2, 6, 4, 0, 5, 7], [15, 15, 4, 8, 12, 3, 5, 10])
# The priors that are the defaults of BasketPrior; the models as tests/reference/basket.R has them.
MODELS = {"hierarchical": 1.0, "EXNEX": 0.5}
KEPT = 20_000

R_JAGS = f"""
y <- c({", ".join(map(str, EIGHT[0]))}); n <- c({", ".join(map(str, EIGHT[1]))})
model <- "model {{
  for (k in 1:8) {{
    y[k] ~ dbin(p[k], n[k])
    logit(p[k]) <- ex[k] * (mu + tau * z[k]) + (1 - ex[k]) * 2 * w[k]
    z[k] ~ dnorm(0, 1)
    w[k] ~ dnorm(0, 1)
    ex[k] ~ dbern(weight)
  }}
  mu ~ dnorm(0, 0.25)
  tau ~ dnorm(0, 1) T(0, )
}}"
run <- function(weight) {{
  fit <- jags.model(textConnection(model), list(y = y, n = n, weight = weight), n.chains = 2,
                    quiet = TRUE)
  update(fit, 2000, progress.bar = "none")
  coda.samples(fit, c("p", "tau"), {KEPT // 2}, progress.bar = "none")
}}
cat(sapply(c({", ".join(map(str, MODELS.values()))}), function(weight)
  median(replicate(3, system.time(run(weight))[["elapsed"]]))))
"""


def rows() -> Iterator[Row]:
    """Yield the rows of the basket models."""
    theirs = iter(by_r(["rjags"], R_JAGS) or ())
    for name, weight in MODELS.items():
        prior = BasketPrior(exchangeable=weight)
        own = seconds(lambda prior=prior: fit_baskets(*EIGHT, prior))
        what = f"{name} model of eight baskets, exact to 5e-5"
        beside = f"JAGS, {KEPT:,} draws kept of 24,000"
        yield Row(what, own, beside, next(theirs, None), aim=0.1)
    n = np.full(8, 20)
    y = np.random.default_rng(1).binomial(n, 0.3, (10_000, 8))
    yield Row("10,000 trials of a design of eight baskets", once(lambda: basket_batch(y, n)))
