"""Covariates of the subjects as the columns of a regression."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.cohort.cohort import Cohort, chosen_columns
from carstats.cohort.strata import named_columns, require_columns, rows_of, stratum_keys
from carstats.errors import CarstatsError, listed
from carstats.estimators.identified import independent_columns
from carstats.estimators.reasons import FOLLOWS_FROM_OTHERS, Reason
from carstats.messages import mark, message, message_n
from carstats.wording import because

# Fewer events than this support no regression: see the rule of the package's documentation.
MIN_EVENTS = 5
# With fewer events than this for each coefficient an estimate is biased away from 1 and Wald's
# limits are too short (Peduzzi P et al. J Clin Epidemiol 1995; 48: 1503-1510).
EVENTS_A_TERM = 10


def too_few_events(n_event: int) -> str:
    """Say in words that a regression has too few events to be fitted."""
    return message_n(
        "{n} event: a regression needs at least {needed}; compare curves or rates instead",
        "{n} events: a regression needs at least {needed}; compare curves or rates instead",
        n_event,
        needed=MIN_EVENTS,
    )


@dataclass(frozen=True)
class Design:
    """The covariates of a cohort's subjects.

    Attributes
    ----------
    columns : tuple of str
        Columns of the subjects table.
    terms : tuple of (str, str)
        For each column of `matrix` the covariate and its contrast: ``"SSc / SLE"`` for a level
        against the first, ``"per unit"`` for a number.
    matrix : ndarray, shape (n, p)
        The covariates; 0 where missing.
    complete : ndarray of bool, shape (n,)
        Which subjects have all of them.
    """

    columns: tuple[str, ...]
    terms: tuple[tuple[str, str], ...]
    matrix: NDArray[np.float64]
    complete: NDArray[np.bool_]

    def of(self, rows: pd.DataFrame) -> Design:
        """Return the covariates of some of the subjects: those of whom an endpoint is asked."""
        place = rows.index.to_numpy()
        return replace(self, matrix=self.matrix[place], complete=self.complete[place])


def covariate_columns(cohort: Cohort, covariates: str | Iterable[str] | None) -> list[str]:
    """Return the columns of a cohort's subjects that are its covariates."""
    columns = chosen_columns(cohort, covariates, "covariates")
    for name in columns:
        if columns.count(name) > 1:
            raise CarstatsError(message("`covariates` names {name} twice.", name=repr(name)))
    if not columns:
        has = listed(named_columns(cohort.subjects), 40)
        raise CarstatsError(message("`covariates` is empty. It has: {has}.", has=has))
    require_columns(cohort.subjects, columns, "covariates")
    return columns


def covariate_matrix(cohort: Cohort, covariates: str | Iterable[str] | None) -> Design:
    """Return columns of a cohort's subjects as covariates."""
    columns, subjects = covariate_columns(cohort, covariates), cohort.subjects
    terms, parts = [], []
    complete = subjects[columns].notna().all(axis=1).to_numpy(dtype=bool)
    known = rows_of(subjects, complete)
    for name in columns:
        values = subjects[name]
        codes, levels = pd.factorize(values)
        if (np.bincount(codes[complete]) > 0).sum() < 2:
            raise CarstatsError(
                message("`covariates`: {name} does not vary among the subjects.", name=repr(name))
            )
        if pd.api.types.is_bool_dtype(values):
            terms.append((name, mark("yes / no")))
            parts.append(values.fillna(False).to_numpy(dtype=float))
        elif pd.api.types.is_numeric_dtype(values):
            terms.append((name, mark("per unit")))
            parts.append(values.fillna(0.0).to_numpy(dtype=float))
        else:
            keys = stratum_keys(cohort.study.vocabulary, known, [name])
            first, *others = [key[0] for key in keys]
            terms += [(name, f"{level} / {first}") for level in others]
            code = {level: code for code, level in enumerate(levels)}
            parts += [(codes == code[level]).astype(float) for level in others]
    return Design(tuple(columns), tuple(terms), np.column_stack(parts), complete)


def own_columns(
    matrix: NDArray[np.float64], strata: NDArray[np.intp] | None = None
) -> tuple[NDArray[np.bool_], list[str]]:
    """Find the columns of a design with a coefficient of their own, and what to say of others."""
    kept = independent_columns(matrix, strata)
    why = because(Reason(FOLLOWS_FROM_OTHERS))
    return kept, ["" if mine else why for mine in kept]


def spread(values: NDArray[np.float64], kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Put the values of the columns that were fitted in their places; NaN elsewhere."""
    found = np.full(kept.size, np.nan)
    found[kept] = values
    return found


def ratio_rows(
    design: Design,
    coef: NDArray[np.float64],
    errors: NDArray[np.float64],
    conf_level: float,
    note: str | list[str],
) -> pd.DataFrame:
    """Return ratios with Wald limits, a row for each term of a design."""
    normal = NormalDist()
    z = normal.inv_cdf(0.5 + conf_level / 2)
    statistic = coef / errors
    p_value = [2 * normal.cdf(-abs(value)) if np.isfinite(value) else np.nan for value in statistic]
    return pd.DataFrame(
        {
            "term": [term for term, _ in design.terms],
            "contrast": [contrast for _, contrast in design.terms],
            "estimate": np.exp(coef),
            "coef": coef,
            "std_error": errors,
            "conf_low": np.exp(coef - z * errors),
            "conf_high": np.exp(coef + z * errors),
            "statistic": statistic,
            "p_value": p_value,
            "note": note,
        }
    )
