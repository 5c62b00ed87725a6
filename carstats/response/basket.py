"""Response rates of strata that borrow from each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.errors import CarstatsError, check_choice, check_number, names_given
from carstats.estimators.pooling.basket import ACCURACY, BasketFit, fit_baskets
from carstats.estimators.pooling.basket_grid import BasketPrior, check_rate
from carstats.messages import joined_notes, mark, message
from carstats.response.basket_words import bare_words, model_words, prior_options
from carstats.response.rates import response_rate
from carstats.result import Result
from carstats.wording import level_text

MODELS = ("hierarchical", "EXNEX")
# Below, a basket has no probability of being above the reference: 1 of 1 would read "97 %".
LEAST = 5
_DEFAULT_TAU = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
_TOLD = mark(
    "borrowing weight: posterior mean of 1 / (1 + tau² n p (1 − p)); effective sample size: "
    "m (1 − m) / v − 1 of the posterior mean m and variance v"
)


def basket_response(
    cohort: Cohort,
    endpoint: str,
    *,
    by: str | Iterable[str] = "disease",
    at: float = 168,
    window: tuple[float, float] | None = None,
    reference: float = 0.5,
    model: str = "hierarchical",
    prior: BasketPrior | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate response rates of strata that borrow strength from each other.

    The log odds of response of the strata (baskets) are normal(mu, tau^2). With little difference
    between them tau is small and each estimate is drawn towards the common one; with much, each
    stands on its own subjects. In the EXNEX model a basket belongs to the others with a
    probability, and otherwise has a prior of its own. Computed by numerical integration: no
    sampling noise, the same digits each time, checked against a grid of every second node to
    5e-5 (reported as ``accuracy`` in the options).

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    endpoint : str
        A response endpoint of the study. Missing counts as failure, as in `response_rate`.
    by : str or list of str
        Columns of the subjects table whose strata are the baskets.
    at : float
        Day of the visit, as for `response_rate`.
    window : (float, float), optional
        First and last day that count for the visit.
    reference : float
        A rate; the probability that the basket's rate is above it is given.
    model : {"hierarchical", "EXNEX"}
        Berry's model, in which all baskets are exchangeable, or Neuenschwander's.
    prior : BasketPrior, optional
        The priors. By default mu is normal(0, 2^2), a rate of 50 % with 95 % between 2 and 98 %;
        tau is half-normal with scale 1; for EXNEX each basket belongs with probability 0.5 and
        else has log odds normal(0, 2^2).
    conf_level : float
        Level of the credible limits and of the raw rate's limits.

    Returns
    -------
    Result
        For each basket ``n``, ``n_missing``, ``n_event``, ``estimate`` (posterior mean) with
        equal-tailed ``conf_low`` and ``conf_high``, ``note``; beside it the raw rate
        (``raw_estimate``, ``raw_low``, ``raw_high``, Clopper-Pearson), ``p_above``
        (no probability for a basket of fewer than five subjects),
        ``borrowing_weight``, ``ess``, ``ess_borrowed`` and ``p_exchangeable``. A basket without
        subjects has its prediction from the others. ``borrowing_weight`` is the posterior mean of
        1 / (1 + tau^2 n p (1 - p)): the share of the precision of the basket's log odds that does
        not come from its own subjects, 0 where it stands alone. ``ess`` is m (1 - m) / v - 1 for
        posterior mean m and variance v, the a + b of a beta distribution as wide as the posterior;
        ``ess_borrowed`` is ``ess`` - ``n``, negative where the others only add doubt. A basket to
        which the endpoint does not apply has NaN with the note, and lends nothing.

    Raises
    ------
    CarstatsError
        As for `response_rate`; if a prior is not possible or `by` is empty.

    References
    ----------
    Berry SM, Broglio KR, Groshen S, Berry DA. Clin Trials 2013; 10: 720-734.
    Neuenschwander B, Wandel S, Roychoudhury S, Bailey S. Pharm Stat 2016; 15: 123-134.
    Morita S, Thall PF, Mueller P. Biometrics 2008; 64: 595-602.

    Examples
    --------
    >>> result = cs.basket_response(cohort, "response", at=168, reference=0.5)
    >>> figure = cs.plot(result)
    """
    prior = checked_prior(model, prior)
    check_rate("reference", reference)
    raw = _raw(cohort, endpoint, by, at, window, conf_level)
    counts = raw.frame
    fit = _fit(counts, prior, reference, conf_level)
    frame = _basket_frame(counts, fit, raw.by)
    method = message(
        "{method}; {definitions}", method=_method(model_words(model, prior), conf_level),
        definitions=message(_TOLD),
    )  # fmt: skip
    more = {"reference": reference, "accuracy": fit.accuracy, "tau_median": fit.tau_median}
    return _result(raw, "basket_response", frame, method, model, prior, more)


def basket_leave_one_out(
    cohort: Cohort,
    endpoint: str,
    *,
    by: str | Iterable[str] = "disease",
    at: float = 168,
    window: tuple[float, float] | None = None,
    reference: float = 0.5,
    model: str = "hierarchical",
    prior: BasketPrior | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate the baskets' response rates with the subjects of each basket left out in turn.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    endpoint : str
        A response endpoint of the study.
    by : str or list of str
        Columns of the subjects table whose strata are the baskets.
    at : float
        Day of the visit, as for `response_rate`.
    window : (float, float), optional
        First and last day that count for the visit.
    reference : float
        A rate; the probability that the basket's rate is above it is given.
    model : {"hierarchical", "EXNEX"}
        As for `basket_response`.
    prior : BasketPrior, optional
        As for `basket_response`.
    conf_level : float
        Level of the credible limits and of the raw rate's limits.

    Returns
    -------
    Result
        The columns of `basket_response` for each basket left out (``left_out``, by its label) and
        each basket. The row of the basket left out itself has ``n`` = 0: what the others predict
        for it, beside its raw rate.

    Raises
    ------
    CarstatsError
        As for `basket_response`.

    Examples
    --------
    >>> cs.basket_leave_one_out(cohort, "response")
    """
    prior = checked_prior(model, prior)
    check_rate("reference", reference)
    raw = _raw(cohort, endpoint, by, at, window, conf_level)
    counts, parts = raw.frame, []
    asked = _apply(counts)
    for k, (key, _) in enumerate(raw.strata()):
        if not asked[k]:
            continue
        fewer = counts.copy()
        fewer.loc[k, ["n", "n_event", "n_missing", "n_not_applicable"]] = 0
        fit = _fit(fewer, prior, reference, conf_level)
        found = _basket_frame(fewer, fit, raw.by)
        found.loc[k, "note"] = message("left out: predicted from the others")
        found.insert(0, "left_out", raw.label(key))
        parts.append(found)
    frame = pd.concat(parts, ignore_index=True)
    method = _method(model_words(model, prior), conf_level)
    method = message("{method}; each left out in turn", method=method)
    more = {"reference": reference}
    found = _result(raw, "basket_leave_one_out", frame, method, model, prior, more)
    return replace(found, spec=replace(found.spec, by=("left_out", *raw.by)))


def basket_sensitivity(
    cohort: Cohort,
    endpoint: str,
    *,
    by: str | Iterable[str] = "disease",
    at: float = 168,
    window: tuple[float, float] | None = None,
    tau: Sequence[float] = _DEFAULT_TAU,
    reference: float = 0.5,
    model: str = "hierarchical",
    prior: BasketPrior | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate the baskets' response rates for given standard deviations between baskets.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    endpoint : str
        A response endpoint of the study.
    by : str or list of str
        Columns of the subjects table whose strata are the baskets.
    at : float
        Day of the visit, as for `response_rate`.
    window : (float, float), optional
        First and last day that count for the visit.
    tau : sequence of float
        Values of tau, log odds: 0 pools all baskets, a large one lets each stand alone.
    reference : float
        A rate; the probability that the basket's rate is above it is given.
    model : {"hierarchical", "EXNEX"}
        As for `basket_response`.
    prior : BasketPrior, optional
        As for `basket_response`; the prior of tau is not used.
    conf_level : float
        Level of the credible limits and of the raw rate's limits.

    Returns
    -------
    Result
        The columns of `basket_response` for each basket and value of ``tau``, which is a column.

    Raises
    ------
    CarstatsError
        As for `basket_response`; if a `tau` is negative or there is none.

    Examples
    --------
    >>> cs.basket_sensitivity(cohort, "response", tau=[0.1, 1.0])
    """
    prior = checked_prior(model, prior)
    check_rate("reference", reference)
    values = list(tau)
    for value in values:
        check_number("tau", value, low=0)
    values = [float(value) for value in values]
    if not values:
        raise CarstatsError(
            message("`tau` is empty; give at least one standard deviation, such as 0.5.")
        )
    raw = _raw(cohort, endpoint, by, at, window, conf_level)
    counts, parts = raw.frame, []
    for value in values:
        fixed = replace(prior, tau_prior="fixed", tau_scale=value)
        found = _basket_frame(counts, _fit(counts, fixed, reference, conf_level), raw.by)
        found.insert(len(raw.by), "tau", value)
        parts.append(found)
    frame = pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
    words = message("{model}, tau fixed", model=bare_words(model, prior))
    return _result(
        raw,
        "basket_sensitivity",
        frame,
        _method(words, conf_level),
        model,
        prior,
        {"reference": reference, "tau": values},
    )


def checked_prior(model: str, prior: BasketPrior | None) -> BasketPrior:
    """Return the priors of a model, the default ones for None."""
    model = check_choice("model", model, MODELS)
    exnex = model == "EXNEX"
    prior = prior or BasketPrior(exchangeable=0.5 if exnex else 1.0)
    if not isinstance(prior, BasketPrior):
        raise CarstatsError(
            message("`prior` is {name}; it takes a BasketPrior.", name=type(prior).__name__)
        )
    if not exnex and np.min(prior.exchangeable) < 1:
        raise CarstatsError(
            message(
                "`prior` has `exchangeable` below 1, which the hierarchical model does not know. "
                "Use model='EXNEX'."
            )
        )
    return prior


def _raw(cohort: Cohort, endpoint: str, by, at: float, window, conf_level: float) -> Result:
    if not names_given("by", by):
        raise CarstatsError(
            message("`by` is empty; name the columns whose strata are the baskets.")
        )
    if not isinstance(endpoint, str):
        raise CarstatsError(message("`endpoint` takes one endpoint here."))
    raw = response_rate(cohort, endpoint, at=at, window=window, by=by, conf_level=conf_level)
    if raw.frame.empty:
        raise CarstatsError(
            message("the cohort has no basket: no subject of the study is eligible.")
        )
    return raw


def _apply(counts: pd.DataFrame) -> np.ndarray:
    """Return the baskets to which the endpoint applies: from the others nothing is borrowed."""
    return ((counts["n"] > 0) | (counts["n_not_applicable"] == 0)).to_numpy()


def _fit(
    counts: pd.DataFrame, prior: BasketPrior, reference: float, conf_level: float
) -> BasketFit:
    asked = _apply(counts)
    if not asked.any():
        raise CarstatsError(message("`endpoint` does not apply to any of the baskets."))
    found = counts[asked]
    own = {
        name: np.asarray(value)[asked]
        for name, value in vars(prior).items()
        if np.ndim(value) == 1 and len(value) == len(counts)
    }
    return fit_baskets(
        found["n_event"], found["n"], replace(prior, **own), reference=reference,
        conf_level=conf_level,
    )  # fmt: skip


def _basket_frame(counts: pd.DataFrame, fit: BasketFit, by: list[str]) -> pd.DataFrame:
    asked = _apply(counts)
    empty = asked & (counts["n"] == 0).to_numpy()
    # What is said of so few comes from the others and the prior: it reads as more than it is.
    small = (counts["n"] < LEAST).to_numpy()
    few = message("fewer than {n} subjects: no probability", n=LEAST)
    note = counts["note"].mask(empty, message("no subjects: predicted from the others"))
    told = ""
    if fit.accuracy >= ACCURACY:
        told = message("numerical accuracy {accuracy}", accuracy=f"{fit.accuracy:.1g}")
    lacking = small & asked & ~empty
    note = [joined_notes(n, told, few if a else "") for n, a in zip(note, lacking, strict=True)]

    def spread(values) -> np.ndarray:
        out = np.full(len(counts), np.nan)
        out[asked] = values
        return out

    return counts[[*by, "n", "n_missing", "n_event"]].assign(
        estimate=spread(fit.mean),
        conf_low=spread(fit.low),
        conf_high=spread(fit.high),
        note=note,
        raw_estimate=counts["estimate"],
        raw_low=counts["conf_low"],
        raw_high=counts["conf_high"],
        p_above=np.where(small, np.nan, spread(fit.above)),
        borrowing_weight=spread(fit.borrowing_weight),
        ess=spread(fit.ess),
        ess_borrowed=spread(fit.ess_borrowed),
        p_exchangeable=spread(fit.p_exchangeable),
    )


def _result(raw: Result, analysis: str, frame, method: str, model: str, prior, more) -> Result:
    options = {**raw.spec.options, "model": model, "prior": prior_options(prior), **more}
    spec = replace(raw.spec, analysis=analysis, method=method, options=options)
    return Result(frame, spec, raw.labels)


def _method(model: str, conf_level: float) -> str:
    return message("{model}; {level} % credible limits", model=model, level=level_text(conf_level))
