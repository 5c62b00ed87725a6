"""Proportions, two of them, tables in strata, and rates against R."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from carstats.estimators.proportions.exact_stratified import exact_mantel_haenszel
from carstats.estimators.proportions.proportion import proportion_limits
from carstats.estimators.proportions.proportion_difference import proportion_contrast
from carstats.estimators.proportions.stratified_tables import (
    breslow_day_test,
    mantel_haenszel_test,
    stratified_contrast,
)
from carstats.estimators.proportions.two_by_two import fisher_test, trend_test
from carstats.estimators.proportions.unconditional import boschloo_p_value, unconditional_p_value
from carstats.estimators.rates.rate import event_rate, rate_ratio
from carstats.estimators.rates.recurrent_rate import recurrent_rate, recurrent_rate_ratio
from carstats.validation.comparison import Against, Comparison, reference

_EXACT = ("Clopper-Pearson", "Wilson")
_MORE = ("Jeffreys", "mid-P", "Blaker", "Agresti-Coull")
_SCORES = (
    ("mn", "Miettinen-Nurminen", "difference"),
    ("mee", "Mee", "difference"),
    ("newcombe", "Newcombe", "difference"),
    ("mn_ratio", "Miettinen-Nurminen", "ratio"),
    ("koopman", "Koopman", "ratio"),
)


def proportions() -> Iterator[Comparison]:
    """Compare the limits of every k of n to 40 with R, a comparison for each n."""
    rows = np.array(reference("proportions")["rows"])
    to = Against("proportion_limits", "proportions.R")
    for place, method in zip((3, 5), _EXACT, strict=True):
        for level, n in {(a, b) for a, b in rows[:, :2]}:
            mine = rows[(rows[:, 0] == level) & (rows[:, 1] == n)]
            low, high = proportion_limits(mine[:, 2], mine[:, 1], method=method, conf_level=level)
            yield from to.all(
                f"0 to {n:g} of {n:g}", f"{method} {level:g}", rtol=1e-9, atol=1e-12,
                low=(low, mine[:, place]), high=(high, mine[:, place + 1]),
            )  # fmt: skip
    more = reference("proportion_limits")
    rows = np.array(more["rows"])
    to = Against("proportion_limits", "proportion_limits.R")
    for method in _MORE:
        place = more["columns"].index(f"{method}_low")
        for level, n in {(a, b) for a, b in rows[:, :2]}:
            mine = rows[(rows[:, 0] == level) & (rows[:, 1] == n)]
            low, high = proportion_limits(mine[:, 2], mine[:, 1], method=method, conf_level=level)
            # R's uniroot and halving stop within 1e-12; its numbers are written with 15 digits.
            yield from to.all(
                f"0 to {n:g} of {n:g}", f"{method} {level:g}", atol=2e-10,
                low=(low, mine[:, place]), high=(high, mine[:, place + 1]),
            )  # fmt: skip


def differences() -> Iterator[Comparison]:
    """Compare contrasts of two proportions and exact tests, a comparison for each pair of sizes."""
    pairs = reference("proportion_differences")
    rows = np.array(pairs["rows"])
    to = Against("proportion_contrast", "proportion_differences.R")
    for column, method, contrast in _SCORES:
        place = pairs["columns"].index(f"{column}_low")
        for n1, n2 in sorted({(a, b) for a, b in rows[:, [1, 3]]}):
            mine = rows[(rows[:, 1] == n1) & (rows[:, 3] == n2)]
            k1, _, k2, _ = mine[:, :4].T
            found = proportion_contrast((k1, k2), (n1, n2), method=method, contrast=contrast)
            high = np.where(mine[:, place + 1] == -9, np.inf, mine[:, place + 1])
            # R maximises the likelihood by uniroot.
            yield from to.all(
                f"of {n1:g} and {n2:g}", f"{method}, {contrast}", atol=2e-7, rtol=2e-6,
                low=(found.low, mine[:, place]), high=(found.high, high),
            )  # fmt: skip
    tests = Against("unconditional_p_value", "proportion_differences.R")
    for k1, n1, k2, n2, barnard, boschloo, chan_zhang, fisher in pairs["exact"][::2]:
        counts = tuple(int(v) for v in (k1, k2, n1, n2))
        name = f"{k1:g}/{n1:g} and {k2:g}/{n2:g}"
        # The script's grid and optimize() find the largest to 1e-8.
        yield from tests.all(
            name, "exact tests", atol=2e-7, Barnard=(unconditional_p_value(*counts), barnard),
            Chan_Zhang=(unconditional_p_value(*counts, tails="central"), chan_zhang),
            Boschloo=(boschloo_p_value(*counts), boschloo),
        )  # fmt: skip
        yield tests.one(name, "exact tests", "Fisher", fisher_test(*counts).p_value, fisher,
                        rtol=1e-9)  # fmt: skip
    for k1, n1, k2, n2, low, high in pairs["limits"]:
        found = proportion_contrast((k1, k2), (n1, n2), method="Chan-Zhang")
        # The R script looks at a grid of 1,001 nuisances.
        yield to.one(f"{k1:g}/{n1:g} and {k2:g}/{n2:g}", "Chan-Zhang", "limits",
                     (float(found.low), float(found.high)), (low, high), atol=2e-5)  # fmt: skip


def stratified_tables() -> Iterator[Comparison]:
    """Compare tests and contrasts of tables in strata with mantelhaen.test and the formulas."""
    tables = reference("stratified_tables")
    to = Against("mantel_haenszel_test", "stratified_tables.R")
    for name, data in tables["sets"].items():
        k, n = np.atleast_2d(data["k"]), np.atleast_2d(data["n"])
        if "cmh" not in data:
            continue
        test = mantel_haenszel_test(k, n)
        yield to.one(name, "Cochran-Mantel-Haenszel", "statistic, p_value",
                     (test.statistic, test.p_value), data["cmh"], rtol=1e-9)  # fmt: skip
        test = breslow_day_test(k, n)
        if name != "one":
            yield to.one(name, "Breslow-Day", "statistic, p_value",
                         (test.statistic, test.p_value), data["breslow_day"],
                         rtol=1e-7)  # fmt: skip
        for contrast in ("difference", "ratio"):
            found = stratified_contrast(k, n, contrast=contrast)
            yield to.one(name, contrast, "estimate, std_error", (found.estimate, found.std_error),
                         data[contrast], rtol=1e-12)  # fmt: skip
    three = tables["three"]
    test = mantel_haenszel_test(three["k"], three["n"])
    yield to.one("three", "Cochran-Mantel-Haenszel", "statistic, df, p_value",
                 (test.statistic, test.df, test.p_value),
                 (three["statistic"], three["df"], three["p"]), rtol=1e-9)  # fmt: skip
    to = Against("fisher_test", "stratified_tables.R")
    for k1, n1, k2, n2, p_value, odds in tables["fisher"]:
        found = fisher_test(int(k1), int(k2), int(n1), int(n2))
        name = f"{k1:g}/{n1:g} and {k2:g}/{n2:g}"
        yield to.one(name, "", "p_value", found.p_value, p_value, rtol=1e-9)
        # fisher.test finds the odds ratio by uniroot with its default tolerance.
        yield to.one(name, "", "odds ratio", found.odds_ratio, np.inf if odds == -9 else odds,
                     rtol=1e-3)  # fmt: skip
    to = Against("trend_test", "stratified_tables.R")
    for place, data in enumerate(tables["trend"], start=1):
        found = trend_test(data["k"], data["n"], data["s"])
        yield to.one(f"table {place}", "exact", "p_values",
                     (found.p_value, found.p_greater, found.p_less), data["p"],
                     rtol=1e-9)  # fmt: skip
    to = Against("exact_mantel_haenszel", "exact_stratified.R")
    for name, one in reference("exact_stratified").items():
        rows = np.array(one["rows"])
        found = exact_mantel_haenszel(rows[:, :2], rows[:, 2:])
        yield to.one(name, "exact", "p_value", found.p_value, one["p_value"], rtol=1e-10)
        yield to.one(name, "exact", "odds ratio", found.odds_ratio, one["odds_ratio"], rtol=1e-3)


def rates() -> Iterator[Comparison]:
    """Compare rates and their ratios with poisson.test, Byar's formula and effective counts."""
    r = reference("rates")
    to = Against("event_rate", "rates.R")
    for level, k, t, estimate, low, high, byar_low, byar_high in r["rates"]:
        name = f"{k:g} in {t:g}"
        found = event_rate(k, t, conf_level=level)
        yield to.one(name, f"exact {level:g}", "estimate, low, high",
                     (found.estimate, found.low, found.high), (estimate, low, high),
                     rtol=1e-10)  # fmt: skip
        found = event_rate(k, t, method="Byar", conf_level=level)
        yield to.one(name, f"Byar {level:g}", "low, high", (found.low, found.high),
                     (byar_low, byar_high), rtol=1e-10)  # fmt: skip
    to = Against("rate_ratio", "rates.R")
    for level, k1, k2, t1, t2, low, high, p_value in np.array(r["ratios"], float):
        found = rate_ratio((k1, k2), (t1, t2), conf_level=level)
        yield to.one(f"{k1:g} in {t1:g} and {k2:g} in {t2:g}", f"exact {level:g}",
                     "low, high, p_value", (found.low, found.high, found.p_value_minlike),
                     (low, np.inf if np.isnan(high) else high, p_value), rtol=1e-9)  # fmt: skip
    sets = reference("recurrent_rate")
    to = Against("recurrent_rate", "recurrent_rate.R")
    for name, one in sets["rates"].items():
        rate = recurrent_rate(one["counts"], one["exposure"], conf_level=one["conf_level"])
        yield to.one(name, f"{one['conf_level']:g}", "estimate, dispersion, low, high",
                     (rate.estimate, rate.dispersion, rate.low, rate.high),
                     (one["rate"], one["phi"], one["low"], one["high"]), rtol=1e-9)  # fmt: skip
    to = Against("recurrent_rate_ratio", "recurrent_rate.R")
    for name, one in sets["ratios"].items():
        counts, times = (one["first"], one["second"]), (one["first_time"], one["second_time"])
        ratio = recurrent_rate_ratio(counts, times)
        yield to.one(name, "0.95", "low, high, p_value", (ratio.low, ratio.high, ratio.p_value),
                     one["expected"], rtol=1e-5)  # fmt: skip
