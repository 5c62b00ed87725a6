"""Time the basket models: one analysis of eight baskets, and 10,000 simulated trials of a design.

python benchmarks/basket.py [--repeat N]
"""

import argparse
import statistics
import time

import numpy as np

from carstats.estimators.pooling.basket import basket_batch, fit_baskets
from carstats.estimators.pooling.basket_grid import BasketPrior

EIGHT = ([3, 9, 2, 6, 4, 0, 5, 7], [15, 15, 4, 8, 12, 3, 5, 10])
PRIORS = {
    "hierarchical, half-normal(1)": BasketPrior(),
    "hierarchical, half-Cauchy(0.5)": BasketPrior(tau_prior="half-Cauchy", tau_scale=0.5),
    "hierarchical, uniform(0, 3)": BasketPrior(tau_prior="uniform", tau_scale=3),
    "EXNEX, half-normal(1)": BasketPrior(exchangeable=0.5),
}


def seconds(call):
    """Return how long a call takes."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def analyses(repeat):
    """Yield each prior and the median seconds of one analysis under it."""
    for name, prior in PRIORS.items():
        fit_baskets(*EIGHT, prior)
        taken = [seconds(lambda prior=prior: fit_baskets(*EIGHT, prior)) for _ in range(repeat)]
        yield name, statistics.median(taken)


def main():
    """Print the medians; the limit for one analysis is 50 ms on an idle machine."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=15, help="counted rounds (default 15)")
    repeat = parser.parse_args().repeat
    print("| what | seconds |", "|---|--:|", sep="\n")
    for name, taken in analyses(repeat):
        print(f"| eight baskets, {name} | {taken:.3f} |", flush=True)
    n = np.full(8, 20)
    y = np.random.default_rng(1).binomial(n, 0.3, (10_000, 8))
    taken = seconds(lambda: basket_batch(y, n))
    print(f"| 10,000 trials of eight baskets of 20 | {taken:.2f} |")


if __name__ == "__main__":
    main()
