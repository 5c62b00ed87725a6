"""Regressions of responses, by statsmodels and firthmodels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.asking import Asked, NotToldError
from carstats.crosschecking.families.comparing import members_of, printed
from carstats.crosschecking.families.visits import answered

# Beyond this a log odds ratio per standard deviation is that of a covariate that separates.
_SEPARATES = 10.0


def _complete(asked: Asked) -> tuple[pd.DataFrame, int]:
    """Return who has every covariate, and how many have not."""
    rows = answered(asked)
    if asked.option("missing") == "excluded" or asked.option("population") == "evaluable":
        rows = rows[rows["_answer"].notna()]
    whole = rows[list(asked.option("covariates"))].notna().all(axis=1)
    return rows[whole], int((~whole).sum())


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def odds_counts(asked: Asked) -> dict[str, Any]:
    """Count subjects and responders of each level; of a number all."""
    rows, lacking = _complete(asked)
    met = rows["_answer"].eq(1)
    found: dict[str, list[int]] = {"n": [], "n_event": []}
    for row in asked.rows.itertuples():
        mine = pd.Series(True, rows.index)
        if row.level != "":
            mine = rows[row.term].astype(str).eq(str(row.level))
        found["n"].append(int(mine.sum()))
        found["n_event"].append(int((mine & met).sum()))
    return {**found, "n_missing": lacking, "df": 1.0}


def _matrix(asked: Asked, rows: pd.DataFrame) -> np.ndarray:
    """Return the columns of the rows' terms, after one of ones."""
    columns = [np.ones(len(rows))]
    for row in asked.rows.itertuples():
        values = rows[row.term]
        if row.level == "":
            columns.append(values.to_numpy(float))
        else:
            columns.append(values.astype(str).eq(str(row.level)).to_numpy(float))
    return np.column_stack(columns)


def _maximum(y: np.ndarray, x: np.ndarray, offset: np.ndarray | None = None) -> Any:
    """Return statsmodels' maximum likelihood; where covariates separate there is none."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    fit = GLM(y, x, family=Binomial(), offset=offset).fit(tol=1e-13, maxiter=200)
    if (np.abs(fit.params) * x.std(axis=0) > _SEPARATES).any():
        raise NotToldError("separated")
    return fit


def odds_ratios(asked: Asked) -> dict[str, Any]:
    """Return maximum-likelihood odds ratios with likelihood-ratio tests and profile limits."""
    from scipy.stats import chi2

    if asked.option("method") != "maximum likelihood":
        return {}
    rows, _ = _complete(asked)
    y, x = rows["_answer"].eq(1).to_numpy(float), _matrix(asked, rows)
    fit = _maximum(y, x)
    found: dict[str, Any] = {
        "estimate": np.exp(fit.params[1:]),
        "log_odds": fit.params[1:],
        "log_std_error": fit.bse[1:],
    }
    ratio = np.array(
        [2 * (fit.llf - _maximum(y, np.delete(x, j, 1)).llf) for j in range(1, x.shape[1])]
    )
    bounds = np.exp([_profile(y, x, j, fit, asked.level) for j in range(1, x.shape[1])])
    found |= {"statistic": ratio, "p_value": chi2.sf(ratio, 1)}
    return found | {"conf_low": bounds[:, 0], "conf_high": bounds[:, 1]}


def _profile(y: np.ndarray, x: np.ndarray, j: int, fit: Any, level: float) -> list[float]:
    """Return where the likelihood, maximised over the others, has come down to the quantile."""
    from scipy.optimize import brentq
    from scipy.stats import chi2

    others = np.delete(x, j, 1)
    wanted = fit.llf - chi2.ppf(level, 1) / 2

    def above(value: float) -> float:
        from statsmodels.genmod.families import Binomial
        from statsmodels.genmod.generalized_linear_model import GLM

        told = GLM(y, others, family=Binomial(), offset=x[:, j] * value).fit(tol=1e-12, maxiter=200)
        return float(told.llf - wanted)

    ends = []
    for sign in (-1, 1):
        step = sign * 2 * fit.bse[j]
        while above(fit.params[j] + step) > 0:
            step *= 1.5
        ends.append(brentq(above, fit.params[j], fit.params[j] + step, xtol=1e-9))
    return ends


def penalised_fit(asked: Asked) -> tuple[Any, float, np.ndarray]:
    """Return firthmodels' fit, its intercept, and by what each column was divided before it."""
    from firthmodels import FirthLogisticRegression

    rows, _ = _complete(asked)
    y, x = rows["_answer"].eq(1).to_numpy(int), _matrix(asked, rows)[:, 1:]
    if len(set(y)) < 2:
        raise NotToldError("all or none")
    # The solver's steps are those of the columns: they are brought to one size.
    size = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    fit = FirthLogisticRegression(gtol=1e-10, xtol=1e-10, max_iter=200).fit(x / size, y)
    return fit, float(np.ravel(fit.intercept_)[0]), size


def penalised_odds_ratios(asked: Asked) -> dict[str, Any]:
    """Return Firth's odds ratios with their penalised likelihood-ratio tests and limits."""
    if asked.option("method") != "Firth":
        return {}
    fit, _, size = penalised_fit(asked)
    fit.lrt()
    limits = fit.conf_int(alpha=1 - asked.level, method="pl") / np.append(size, 1.0)[:, None]
    coef = np.ravel(fit.coef_) / size
    return {
        "estimate": np.exp(coef),
        "log_odds": coef,
        "log_std_error": np.ravel(fit.bse_)[: len(coef)] / size,
        "p_value": np.ravel(fit.lrt_pvalues_)[: len(coef)],
        "conf_low": np.exp(limits[: len(coef), 0]),
        "conf_high": np.exp(limits[: len(coef), 1]),
    }


def of_the_augmented(asked: Asked, column: str, ours: float, theirs: float, place: int) -> str:
    """Return why errors differ: firthmodels takes the information of the augmented data."""
    if column != "log_std_error":
        return ""
    rows, _ = _complete(asked)
    x = _matrix(asked, rows)
    coef = asked.rows["log_odds"].to_numpy(float)
    # The intercept that goes with them is where the penalised score is 0; both programs have it.
    told = penalised_fit(asked)
    p = 1 / (1 + np.exp(-(x[:, 1:] @ coef + told[1])))
    weight = p * (1 - p)
    inverse = np.linalg.inv((x * weight[:, None]).T @ x)
    hat = weight * np.einsum("ij,jk,ik->i", x, inverse, x)
    augmented = np.linalg.inv((x * (weight * (1 + hat))[:, None]).T @ x)
    errors = np.sqrt(np.diag(inverse))[place + 1], np.sqrt(np.diag(augmented))[place + 1]
    close = abs(ours - errors[0]) < 1e-5 and abs(theirs - errors[1]) < 1e-5
    return "augmented data" if close else ""


def marginal_counts(asked: Asked) -> dict[str, Any]:
    """Count who is in the model, who has the event and who lacks a covariate."""
    rows, lacking = _complete(asked)
    n_event = int(rows["_answer"].eq(1).sum())
    return {"n": len(rows), "n_missing": lacking, "n_event": n_event, "df": 1.0}


def marginal_differences(asked: Asked) -> dict[str, Any]:
    """Return differences of mean predictions of statsmodels' fit, by the delta method."""
    from scipy.stats import norm

    if asked.option("method") != "maximum likelihood":
        return {}
    rows, _ = _complete(asked)
    covariate, more = asked.option("covariate"), asked.option("adjust")
    others = [np.ones(len(rows))]
    for name in more:
        if _is_number(rows[name]):
            others.append(rows[name].to_numpy(float))
        else:
            dummies = pd.get_dummies(rows[name].astype(str), drop_first=True)
            others += list(dummies.to_numpy(float).T)
    if _is_number(rows[covariate]):
        own, places = rows[covariate].to_numpy(float)[:, None], [0] * len(asked.rows)
        step = 1.0
    else:
        values = printed(asked, rows[covariate], covariate)
        names = [members_of(asked, place, " v ")[0] for place in range(len(asked.rows))]
        own = np.column_stack([values.eq(name) for name in names]).astype(float)
        places, step = list(range(len(names))), 0.0
    y, x = rows["_answer"].eq(1).to_numpy(float), np.column_stack([*others, own])
    fit = _maximum(y, x)
    found = []
    for place in places:
        one, base = x.copy(), x.copy()
        if step:
            one[:, -1] += step
        else:
            one[:, len(others) :], base[:, len(others) :] = 0.0, 0.0
            one[:, len(others) + place] = 1.0
        means = [fit.predict(z) for z in (one, base)]
        slopes = [(m * (1 - m)) @ z / len(z) for m, z in zip(means, (one, base), strict=True)]
        gap, slope = float(means[0].mean() - means[1].mean()), slopes[0] - slopes[1]
        error = float(np.sqrt(slope @ fit.cov_params() @ slope))
        z = norm.ppf(0.5 + asked.level / 2)
        found.append(
            {
                "estimate": gap, "std_error": error, "statistic": (gap / error) ** 2,
                "p_value": 2 * norm.sf(abs(gap / error)), "mean": means[0].mean(),
                "mean_reference": means[1].mean(), "conf_low": max(gap - z * error, -1.0),
                "conf_high": min(gap + z * error, 1.0),
            }
        )  # fmt: skip
    return dict(pd.DataFrame(found))
