"""Time the limits of proportions beside statsmodels: whole grids against its scalar loop.

python benchmarks/response.py
"""

import statistics
import time
from importlib.metadata import version

import numpy as np
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from carstats.estimators.proportions.proportion import proportion_limits
from carstats.estimators.proportions.proportion_difference import proportion_contrast

N = np.repeat(np.arange(1, 41), np.arange(2, 42))
K = np.concatenate([np.arange(n + 1) for n in range(1, 41)])
PAIRS = [
    ("Clopper-Pearson", "beta"),
    ("Wilson", "wilson"),
    ("Jeffreys", "jeffreys"),
    ("Agresti-Coull", "agresti_coull"),
    ("mid-P", None),
    ("Blaker", None),
]


def seconds(function, repeat=5):
    """Return the median wall time of a call, the first one not counted."""
    times = []
    for _ in range(repeat + 1):
        begun = time.perf_counter()
        function()
        times.append(time.perf_counter() - begun)
    return statistics.median(times[1:])


def loop(method):
    """Compute the grid one by one."""
    for k, n in zip(K.tolist(), N.tolist(), strict=True):
        proportion_confint(k, n, method=method)


def difference_loop():
    """Compute Newcombe's limits of all pairs one by one."""
    for k, n in zip(K.tolist(), N.tolist(), strict=True):
        confint_proportions_2indep(k, n, 10, 20, method="newcomb", compare="diff")


def main():
    """Print the table."""
    print(f"statsmodels {version('statsmodels')}, numpy {np.__version__}; {N.size} pairs k of n\n")
    print("| limits | carstats, ms | statsmodels in a loop, ms | ratio |\n|---|--:|--:|--:|")

    def line(name, own, other):
        own_time = 1000 * seconds(own)
        beside = "– | –"
        if other is not None:
            theirs = 1000 * seconds(other, 2)
            beside = f"{theirs:.1f} | {theirs / own_time:.0f}"
        print(f"| {name} | {own_time:.2f} | {beside} |", flush=True)

    for name, theirs in PAIRS:
        line(
            name,
            lambda name=name: proportion_limits(K, N, method=name),
            None if theirs is None else lambda theirs=theirs: loop(theirs),
        )
    line(
        "Newcombe difference against 10/20",
        lambda: proportion_contrast((K, 10), (N, 20), method="Newcombe"),
        difference_loop,
    )
    line(
        "Miettinen–Nurminen difference against 10/20",
        lambda: proportion_contrast((K, 10), (N, 20)),
        None,
    )


if __name__ == "__main__":
    main()
