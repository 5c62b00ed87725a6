"""Does each estimator find the truth in 20,000 simulated subjects?"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import NormalDist

import numpy as np

from benchmarks.evidence.simulated import generator
from carstats.estimators.curves.aalen_johansen import aalen_johansen
from carstats.estimators.curves.curve_difference import greenwood_difference, melded_difference
from carstats.estimators.curves.ipcw import weighted_survival
from carstats.estimators.curves.kaplan_meier import kaplan_meier, step_values
from carstats.estimators.curves.mean_cumulative import mean_cumulative
from carstats.estimators.curves.mean_limits import law_limits, mean_laws
from carstats.estimators.curves.quantile import curve_quantile
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.curves.rmst import mean_contrast, mean_survival
from carstats.estimators.curves.time_lost import mean_time_lost
from carstats.estimators.curves.turnbull import turnbull
from carstats.estimators.pooling.basket import fit_baskets
from carstats.estimators.pooling.beta_binomial import fit_beta_binomial
from carstats.estimators.pooling.binomial_normal import fit_binomial_normal
from carstats.estimators.proportions.exact_stratified import exact_mantel_haenszel
from carstats.estimators.proportions.odds_ratio import odds_ratio_limits
from carstats.estimators.proportions.proportion import METHODS, proportion_limits
from carstats.estimators.proportions.proportion_difference import proportion_contrast
from carstats.estimators.proportions.stratified_tables import stratified_contrast
from carstats.estimators.rates.count_regression import negative_binomial, robust_poisson
from carstats.estimators.rates.rate import event_rate, rate_ratio
from carstats.estimators.rates.recurrent_rate import recurrent_rate
from carstats.estimators.regression.cox import cox
from carstats.estimators.regression.cure import mixture_cure
from carstats.estimators.regression.fine_gray import fine_gray
from carstats.estimators.regression.logistic import logistic_regression
from carstats.estimators.regression.mmrm import fit_mmrm
from carstats.estimators.regression.parametric import aft_regression
from carstats.estimators.sample_median import sample_median

SUBJECTS = 20_000
# A truth further off than this many standard errors is not found: once in 16,000 by chance.
FAR = 4.0
Z = NormalDist().inv_cdf(0.975)
# What is estimated, its truth, the estimate, its standard error.
Found = tuple[str, float, float, float]


def truths(subjects: int = SUBJECTS) -> Iterator[Found]:
    """Yield what each estimator finds."""
    rng = generator(13)
    yield from _proportions(subjects, rng)
    yield from _curves(subjects, rng)
    yield from _competing(subjects, rng)
    yield from _rates(subjects, rng)
    yield from _hazards(subjects, rng)
    yield from _intervals(subjects, rng)
    yield from _values(subjects, rng)
    yield from _trials(subjects, rng)


def all_truths() -> list[Found]:
    """Return what each estimator finds in `SUBJECTS` subjects."""
    return list(truths())


def _by_limits(name: str, truth: float, estimate, low, high, scale=lambda v: v) -> Found:
    """The standard error from 95 % limits, on the scale on which they are symmetric."""
    wide = float(scale(high) - scale(low)) / (2 * Z)
    return name, float(scale(truth)), float(scale(estimate)), wide


def _proportions(n: int, rng) -> Iterator[Found]:
    k = rng.binomial(n, 0.3)
    for method in METHODS:
        low, high = proportion_limits(k, n, method=method)
        yield _by_limits(f"proportion, {method}", 0.3, k / n, low, high)
    half = n // 2
    a, b = rng.binomial(half, 0.4), rng.binomial(half, 0.3)
    one = proportion_contrast((a, b), (half, half))
    yield _by_limits("difference of proportions", 0.1, one.estimate, one.low, one.high)
    two = proportion_contrast((a, b), (half, half), contrast="ratio")
    yield _by_limits("ratio of proportions", 4 / 3, two.estimate, two.low, two.high, np.log)
    low, high = odds_ratio_limits((a, b), (half, half))
    odds = a / (half - a) / (b / (half - b))
    yield _by_limits("odds ratio", 14 / 9, odds, low, high, np.log)
    sizes = np.full((10, 2), n // 20)
    base = np.linspace(0.2, 0.5, 10)
    events = rng.binomial(sizes, np.column_stack([base + 0.1, base]))
    pooled = stratified_contrast(events, sizes)
    yield "stratified difference", 0.1, pooled.estimate, pooled.std_error
    odds = base / (1 - base) * 2
    few = np.full((10, 2), 40)
    events = rng.binomial(few, np.column_stack([odds / (1 + odds), base]))
    exact = exact_mantel_haenszel(events, few)
    yield _by_limits(
        "common odds ratio, exact", 2.0, exact.odds_ratio, exact.low, exact.high, np.log
    )


def _censored(event, rng):
    left = rng.uniform(0, 3, event.size)
    return np.minimum(event, left), (event <= left).astype(int)


def _read(curve, table, at=1.0, before=1.0):
    return float(step_values(table.time, curve, [at], np.float64(before))[0])


def _curves(n: int, rng) -> Iterator[Found]:
    hazard = -np.log(0.7)
    time, status = _censored(rng.exponential(1 / hazard, n), rng)
    table = risk_table(time, status)
    curve = kaplan_meier(table)
    yield "Kaplan–Meier", 0.7, _read(curve.survival, table), _read(curve.std_error, table)
    quantile = curve_quantile(table, curve, 0.3)
    yield _by_limits("quantile of a curve", 1.0, quantile.estimate, quantile.low, quantile.high)
    area, mean = (1 - 0.7) / hazard, mean_survival(table, 1.0)
    yield "restricted mean", area, float(mean.estimate), float(mean.std_error)
    low, high = law_limits(mean_laws(table, 1.0))
    yield _by_limits("restricted mean, beta product", area, mean.estimate, low, high)
    entry = rng.uniform(0, 0.5, n)
    late = time > entry
    truncated = risk_table(time[late], status[late], entry=entry[late])
    curve = kaplan_meier(truncated)
    yield (
        "Kaplan–Meier, delayed entry", 0.7, _read(curve.survival, truncated),
        _read(curve.std_error, truncated),
    )  # fmt: skip
    other, seen = _censored(rng.exponential(1 / -np.log(0.5), n), rng)
    second = risk_table(other, seen)
    plain = greenwood_difference(table, second, 1.0)
    yield "difference of curves, Greenwood", 0.2, plain.estimate, plain.std_error
    melded = melded_difference(table, second, 1.0)
    yield _by_limits("difference of curves, melded", 0.2, melded.estimate, melded.low, melded.high)
    difference = mean_contrast(mean, mean_survival(second, 1.0))
    truth = area - 0.5 / np.log(2)
    yield (
        "difference of restricted means",
        truth,
        *map(float, (difference.estimate, difference.std_error)),
    )
    group = np.repeat([0, 1], n // 2)
    # Those of group 1 fail more and are lost more: only the weights make it right.
    event = rng.exponential(1 / np.where(group == 1, 1.0, 0.3))
    left = rng.exponential(1 / np.where(group == 1, 0.8, 0.1))
    seen = np.minimum(np.minimum(event, left), 3.0)
    weighed = weighted_survival(
        seen, (event <= np.minimum(left, 3.0)).astype(int), group, n_resamples=50
    )
    place = np.searchsorted(weighed.time, 1.0, side="right") - 1
    yield _by_limits(
        "curve weighted for withdrawal", (np.exp(-0.3) + np.exp(-1)) / 2,
        weighed.survival[place], weighed.low[place], weighed.high[place],
    )  # fmt: skip


def _competing(n: int, rng) -> Iterator[Found]:
    event, cause = rng.exponential(1.0, n), np.where(rng.random(n) < 0.6, 1, 2)
    time, status = _censored(event, rng)
    status = status * cause
    table = risk_table(time, status, n_causes=2)
    curve = aalen_johansen(table)
    read = [_read(v[:, 0], table, before=0.0) for v in (curve.estimate, curve.std_error)]
    yield "Aalen–Johansen", 0.6 * (1 - np.exp(-1)), *read
    limits = [_read(v[:, 0], table, before=0.0) for v in (curve.low, curve.high)]
    yield _by_limits("Aalen–Johansen, beta product", 0.6 * (1 - np.exp(-1)), read[0], *limits)
    lost = mean_time_lost(table, 1.0)
    yield "time lost to a cause", 0.6 * np.exp(-1), lost.estimate[0], lost.std_error[0]
    # Fine and Gray's own way to simulate: a mixture whose subdistribution hazards are proportional.
    x, p, beta = rng.integers(0, 2, n), 0.5, 0.5
    chance = 1 - (1 - p) ** np.exp(beta * x)
    first = rng.random(n) < chance
    u = rng.random(n) * chance
    mine = -np.log(1 - (1 - (1 - u) ** np.exp(-beta * x)) / p)
    event = np.where(first, mine, rng.exponential(1.0, n))
    time, status = _censored(event, rng)
    fit = fine_gray(time, status * np.where(first, 1, 2), x[:, None].astype(float))
    yield "Fine–Gray", beta, fit.coef[0], float(np.sqrt(fit.covariance[0, 0]))


def _rates(n: int, rng) -> Iterator[Found]:
    time, status = _censored(rng.exponential(2.0, n), rng)
    rate = event_rate(status.sum(), time.sum())
    yield _by_limits("rate of first events", 0.5, rate.estimate, rate.low, rate.high)
    x = np.repeat([0, 1], n // 2)
    follow = rng.uniform(0.5, 1.5, n)
    y = rng.poisson(np.where(x == 1, 1.0, 0.5) * follow * rng.gamma(1.0, 1.0, n))
    one = recurrent_rate(y[x == 0], follow[x == 0])
    yield _by_limits("rate of recurrent events", 0.5, one.estimate, one.low, one.high)
    design = np.column_stack([np.ones(n), x])
    for name, fitted in (
        ("negative binomial", negative_binomial),
        ("robust Poisson", robust_poisson),
    ):
        fit = fitted(y, follow, design)
        yield f"log rate ratio, {name}", np.log(2), fit.coefficients[1], fit.std_errors[1]
    plain = rng.poisson(np.where(x == 1, 1.0, 0.5) * follow)
    ratio = rate_ratio(
        (plain[x == 1].sum(), plain[x == 0].sum()), (follow[x == 1].sum(), follow[x == 0].sum())
    )
    yield _by_limits("rate ratio", 2.0, ratio.estimate, ratio.low, ratio.high, np.log)
    # Events at rate 2 until death at rate 0.5: the mean number by time 1. A tenth of the subjects:
    # its error takes a table of subjects by times.
    n = n // 10
    death, left = rng.exponential(2.0, n), rng.uniform(0.5, 2.0, n)
    end = np.minimum(death, left)
    number = rng.poisson(2.0 * end)
    subject = np.repeat(np.arange(n), number)
    mean = mean_cumulative(
        rng.random(subject.size) * end[subject], subject, end, died=death <= left
    )
    place = np.searchsorted(mean.time, 1.0, side="right") - 1
    truth = 2.0 * (1 - np.exp(-0.5)) / 0.5
    yield "mean cumulative count (a tenth)", truth, mean.estimate[place], mean.std_error[place]


def _hazards(n: int, rng) -> Iterator[Found]:
    x = np.column_stack([rng.integers(0, 2, n), rng.normal(size=n)])
    event = rng.exponential(1 / (0.5 * np.exp(x @ [0.7, -0.3])))
    time, status = _censored(event, rng)
    fit = cox(time, status, x)
    error = np.sqrt(np.diag(fit.covariance))
    yield "Cox, two groups", 0.7, fit.coef[0], error[0]
    yield "Cox, a measure", -0.3, fit.coef[1], error[1]


def _intervals(n: int, rng) -> Iterator[Found]:
    x = rng.integers(0, 2, n)
    event = (rng.exponential(size=n) / 0.4) ** (1 / 1.5) * np.exp(0.3 * x)
    # Visits every half unit, to 3; who has not had it by then is censored.
    low = np.minimum(np.floor(event * 2) / 2, 3.0)
    high = np.where(low < 3.0, low + 0.5, np.inf)
    aft = aft_regression(low, high, x[:, None].astype(float))
    yield "Weibull, interval-censored", 0.3, aft.coef[1], float(np.sqrt(aft.covariance[1, 1]))
    base = x == 0
    curve = turnbull(low[base], high[base])
    place = np.searchsorted(curve.right, 1.0 + 1e-9) - 1
    truth = float(np.exp(-0.4))
    yield (
        "interval-censored curve", truth, float(curve.survival[place]),
        float(np.sqrt(truth * (1 - truth) / base.sum())),
    )  # fmt: skip
    cured = rng.random(n) < 0.35
    event = np.where(cured, np.inf, rng.weibull(1.3, n))
    left = rng.uniform(2, 6, n)
    time = np.minimum(event, left)
    fit = mixture_cure(time, np.where(event <= left, time, np.inf))
    yield _by_limits("cured part", 0.35, fit.estimate, fit.low, fit.high)


def _values(n: int, rng) -> Iterator[Found]:
    middle = sample_median(rng.exponential(1.0, n))
    yield _by_limits("median of values", np.log(2), middle.estimate, middle.low, middle.high)
    x = rng.integers(0, 2, (n, 1))
    y = (rng.random(n) < 1 / (1 + np.exp(1.0 - 0.8 * x[:, 0]))).astype(int)
    for method in ("Firth", "maximum likelihood"):
        fit = logistic_regression(x, y, method=method, profiled=False)
        yield f"logistic, {method}", 0.8, fit.coefficient[1], fit.std_error[1]
    visits, some = 3, n // 4
    group = rng.integers(0, 2, some)
    own = rng.normal(size=(some, 1))
    change = own + rng.normal(size=(some, visits)) + np.outer(group, [0.2, 0.5, 0.8])
    # Lost at random given the visit before: those who did badly leave.
    gone = rng.random(some) < np.where(change[:, 0] < 0, 0.4, 0.1)
    change[gone, 1:] = np.nan
    at = np.broadcast_to(np.eye(visits), (some, visits, visits))
    design = np.concatenate([at, at * group[:, None, None]], axis=2)
    fit = fit_mmrm(change, design)
    yield (
        "mixed model for repeated measures (a quarter)", 0.8, fit.coef[5],
        float(np.sqrt(fit.covariance[5, 5])),
    )  # fmt: skip


def _trials(n: int, rng) -> Iterator[Found]:
    trials, size = n // 50, 50
    each = rng.beta(6, 14, trials)
    sizes = np.full(trials, size)
    k = rng.binomial(size, each)
    fit = fit_beta_binomial(k, sizes)
    yield _by_limits("pooled proportion, beta-binomial", 0.3, fit.mean, fit.low, fit.high)
    log_odds = rng.normal(-0.8, 0.5, trials)
    k = rng.binomial(size, 1 / (1 + np.exp(-log_odds)))
    model = fit_binomial_normal(k, sizes)
    error = float(np.sqrt(model.covariance[0, 0]))
    yield "pooled log odds, binomial-normal", -0.8, model.coefficients[0], error
    rates = np.array([0.2, 0.3, 0.4, 0.6])
    here = np.full(4, n // 4)
    baskets = fit_baskets(rng.binomial(here, rates), here)
    for place, rate in enumerate(rates):
        yield (
            f"basket {place + 1} of 4, hierarchical", float(rate), float(baskets.mean[place]),
            float(baskets.std_dev[place]),
        )  # fmt: skip
