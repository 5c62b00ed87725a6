"""What a basket design would do: its operating characteristics by simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.errors import CarstatsError, check_conf_level, check_number
from carstats.estimators.pooling.basket import basket_batch
from carstats.estimators.pooling.basket_grid import BasketPrior, check_rate
from carstats.estimators.proportions.proportion import proportion_limits
from carstats.messages import message
from carstats.response.basket import checked_prior
from carstats.response.basket_words import model_words, prior_options
from carstats.result import Result, Spec


def basket_operating_characteristics(
    n: Sequence[int],
    scenarios: Mapping[str, Sequence[float]],
    *,
    reference: float = 0.5,
    threshold: float = 0.9,
    model: str = "hierarchical",
    prior: BasketPrior | None = None,
    n_trials: int = 10_000,
    seed: int = 1,
    conf_level: float = 0.95,
    progress: Callable[[int, int], None] | None = None,
) -> Result:
    """Estimate how often a basket design would call each basket effective.

    Parameters
    ----------
    n : sequence of int
        Subjects in each basket.
    scenarios : dict of str to sequence of float
        True response rates of the baskets, by the scenario's name.
    reference : float
        The rate that a basket must exceed.
    threshold : float
        A basket is called effective if the posterior probability that its rate is above
        `reference` exceeds this.
    model : {"hierarchical", "EXNEX"}
        As for `basket_response`.
    prior : BasketPrior, optional
        As for `basket_response`.
    n_trials : int
        Trials simulated for each scenario.
    seed : int
        Seed of the simulated responses; the analyses themselves use no random numbers.
    conf_level : float
        Level of the limits that say how exact the simulation is.
    progress : callable, optional
        Called with the number of distinct trials analysed and of all, scenario by scenario.

    Returns
    -------
    Result
        For each ``scenario`` and ``basket`` (1 to K): ``n`` trials, ``n_missing`` (0), ``n_event``
        that call it effective, ``estimate`` = n_event / n with Clopper-Pearson ``conf_low`` and
        ``conf_high``, ``note``, ``n_subjects``, ``true_rate``, ``bias`` and ``rmse`` of the
        posterior mean. Basket ``"any false"``: trials that call effective at least one basket
        whose true rate is not above `reference` (NaN without such a basket).

    Raises
    ------
    CarstatsError
        If an argument is not possible.

    References
    ----------
    Berry SM, Broglio KR, Groshen S, Berry DA. Clin Trials 2013; 10: 720-734.

    Examples
    --------
    >>> cs.basket_operating_characteristics(
    ...     n=[8, 5], scenarios={"null": [0.5, 0.5], "one": [0.9, 0.5]}, n_trials=20)
    """
    prior = checked_prior(model, prior)
    check_rate("reference", reference)
    check_rate("threshold", threshold)
    check_number("n_trials", n_trials, low=1)
    check_number("seed", seed, low=0)
    check_conf_level(conf_level)
    sizes = _checked_sizes(n)
    wanted = _checked_scenarios(scenarios, sizes.size)
    rng = np.random.default_rng(int(seed))
    rows = []
    for name, rates in wanted.items():
        y = rng.binomial(sizes, rates, (int(n_trials), sizes.size))
        mean, above = basket_batch(y, sizes, prior, reference=reference, progress=progress)
        called = above > threshold
        false = rates <= reference
        for k, rate in enumerate(rates):
            off = mean[:, k] - rate
            rows.append(
                {
                    **_called(name, str(k + 1), called[:, k], conf_level),
                    "note": "",
                    "n_subjects": int(sizes[k]),
                    "true_rate": rate,
                    "bias": off.mean(),
                    "rmse": np.sqrt((off**2).mean()),
                }
            )
        wrong = called[:, false].any(axis=1) if false.any() else np.empty(0, bool)
        rows.append(
            {
                **_called(name, "any false", wrong, conf_level),
                "note": ""
                if false.any()
                else message("every basket's true rate is above the reference"),
                "n_subjects": int(sizes.sum()),
                "true_rate": np.nan,
                "bias": np.nan,
                "rmse": np.nan,
            }
        )
    spec = Spec(
        "basket_operating_characteristics",
        endpoint=message(
            "Baskets called effective: P(rate > {reference}) > {threshold}",
            reference=f"{reference:g}", threshold=f"{threshold:g}",
        ),
        population=message(
            "{n} simulated trials of {baskets} baskets for each scenario",
            n=int(n_trials), baskets=sizes.size,
        ),
        method=message(
            "{model}; limits are of the simulation, seed {seed}",
            model=model_words(model, prior), seed=seed,
        ),
        conf_level=conf_level,
        by=("scenario", "basket"),
        options={
            "n": sizes.tolist(),
            "scenarios": {name: rates.tolist() for name, rates in wanted.items()},
            "reference": reference, "threshold": threshold, "model": model,
            "prior": prior_options(prior),
            "n_trials": int(n_trials), "seed": seed,
        },
        synthetic=True,
    )  # fmt: skip
    return Result(pd.DataFrame(rows), spec, {"basket": {"any false": message("any false")}})


def _checked_sizes(n: Sequence[int]) -> NDArray[np.int64]:
    """Return the subjects of each basket; raise where they are no numbers of subjects."""
    sizes = _numbers(n)
    if sizes is None or not sizes.size or ((sizes < 0) | (sizes != np.floor(sizes))).any():
        raise CarstatsError(
            message("`n` is {value!r}; it takes the number of subjects of each basket, such as "
                    "{example}.", value=n, example="[8, 5]")
        )  # fmt: skip
    return sizes.astype(int)


def _checked_scenarios(
    scenarios: Mapping[str, Sequence[float]], n: int
) -> dict[str, NDArray[np.float64]]:
    """Return the rates of each scenario; raise where they are none of n baskets."""
    if not isinstance(scenarios, Mapping) or not scenarios:
        raise CarstatsError(
            message(
                "`scenarios` is empty; give at least one, such as {example}.",
                example="{'null': rates}",
            )
            if isinstance(scenarios, Mapping)
            else message(
                "`scenarios` is {value!r}; it takes the rates of the baskets by the name of each "
                "scenario, such as {example}.",
                value=scenarios,
                example="{'null': rates}",
            )
        )
    found = {}
    for name, given in scenarios.items():
        rates = _numbers(given)
        if rates is None or rates.size != n or not ((rates >= 0) & (rates <= 1)).all():
            raise CarstatsError(
                message(
                    "`scenarios` gives {given} for {name}; it takes a rate from 0 to 1 for each "
                    "of the {n} baskets.",
                    given=given,
                    name=repr(name),
                    n=n,
                )
            )
        found[name] = rates
    return found


def _numbers(given: object) -> NDArray[np.float64] | None:
    """Return numbers in a row; None where something is given that is not."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        return None
    values = list(given)
    if not all(isinstance(value, Number) and not isinstance(value, complex) for value in values):
        return None
    numbers = np.asarray(values, float)
    return numbers if np.isfinite(numbers).all() else None


def _called(scenario: str, basket: str, called, conf_level: float) -> dict[str, Any]:
    k, n = int(called.sum()), len(called)
    low, high = proportion_limits(k, n, conf_level=conf_level)
    return {
        "scenario": scenario,
        "basket": basket,
        "n": n,
        "n_missing": 0,
        "n_event": k,
        "estimate": k / n if n else np.nan,
        "conf_low": float(low),
        "conf_high": float(high),
    }
