"""What a recomputation is asked, and what a check is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from typing import Any

import numpy as np
import pandas as pd

from carstats.data.study import Study
from carstats.result import Spec

COUNT, ESTIMATE, LIMIT, P_VALUE = "count", "estimate", "limit", "p-value"
# What an analysis is of.
STUDY, TRIALS, NOTHING = "study", "trials", "nothing"
# Two sums of the same terms in another order; and what ends by an iteration in either program.
EXACT, ROUNDING, FITTED, STOPPED_EARLY = 0.0, 1e-9, 1e-6, 2e-3

Values = Mapping[str, Any]


class NotToldError(Exception):
    """Whom an endpoint is asked of is a clinical rule, which is not worked out a second time."""


@dataclass(frozen=True, eq=False)
class Asked:
    """Some rows of a result, and the subjects that they are about.

    Attributes
    ----------
    rows : pandas.DataFrame
        The rows.
    key : dict
        What tells them from the others: the columns that the check splits by.
    subjects, everyone : pandas.DataFrame
        The subjects of the stratum, and of the cohort.
    spec : Spec
        How the result says that it was made.
    study : Study
        The tables.
    defaults : bool
        Whether the analysis was called with its default windows, which are then worked out here.
    memo : dict
        What was worked out before of the same subjects; see `once`.
    """

    rows: pd.DataFrame
    key: Mapping[str, Any]
    subjects: pd.DataFrame
    everyone: pd.DataFrame
    spec: Spec
    study: Study
    defaults: bool = False
    memo: dict[Any, Any] = field(default_factory=dict)

    def once(self, key: tuple, of: pd.DataFrame, make: Callable[[], Any]) -> Any:
        """Return what `make` gives of a frame, made once for several checks of the same frame."""
        place = (*key, id(of))
        if place not in self.memo:
            # The frame is kept, so that no other one takes its place in memory.
            self.memo[place] = (make(), of)
        return self.memo[place][0]

    def option(self, name: str, otherwise: Any = None) -> Any:
        """Return an option of the analysis."""
        value = self.spec.options.get(name)
        return otherwise if value is None else value

    @property
    def endpoint(self) -> str:
        """The endpoint that was asked for, the first of several."""
        return str(self.option("endpoint") or self.spec.endpoints[0])

    @property
    def level(self) -> float:
        """The confidence level."""
        return self.spec.conf_level or 0.95

    def table(self, name: str) -> pd.DataFrame:
        """Return the rows of a table that are about the stratum's subjects."""
        frame = self.study.table(name)

        def mine() -> pd.DataFrame:
            return frame[frame["subject_id"].isin(set(self.subjects["subject_id"]))]

        return self.once(("table", name), self.subjects, mine)


@dataclass(frozen=True)
class Check:
    """How some columns of a result are made again.

    Attributes
    ----------
    witness : str
        The library whose numbers they are.
    recompute : callable
        Takes `Asked` and returns columns by name: a value for each row, or one for all. A column
        that it does not return has no second program.
    columns : tuple of str
        What it can return, for the verdict where it raises.
    keys : tuple of str
        Columns, besides the strata's, that split the rows.
    tolerance : float
        Largest difference, relative to the value where that is above 1.
    known : callable, optional
        Takes `Asked`, the column, both values and the row's place; returns the code of the known
        reason why they differ, or nothing.
    whole : bool
        Whether all rows are asked for at once, whatever their stratum.
    """

    witness: str
    recompute: Callable[[Asked], Values]
    columns: tuple[str, ...]
    keys: tuple[str, ...] = ()
    tolerance: float = ROUNDING
    known: Callable[[Asked, str, float, float, int], str] | None = None
    whole: bool = False


@dataclass(frozen=True)
class Sibling:
    """The analysis once more with an option that has a second program.

    Attributes
    ----------
    options : dict
        What is changed.
    columns : tuple of str
        What is then compared.
    """

    options: Mapping[str, Any]
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Analysis:
    """An analysis and its second program.

    Attributes
    ----------
    home : str
        The module of the function.
    checks : tuple of Check
        How its numbers are made again; of two that return a column the first counts.
    family : str
        What coverage is counted by.
    siblings : tuple of Sibling
        What is run beside it where its default has no second program.
    reference : str
        The R script of ``tests/reference`` that covers the rest.
    argument : str
        The option that stands first, after the cohort.
    renamed : dict
        Arguments by the options that hold them under another name.
    of : str
        What it is of: a study, a table of trials, or nothing but its own simulation.
    """

    home: str
    checks: tuple[Check, ...]
    family: str
    siblings: tuple[Sibling, ...] = ()
    reference: str = ""
    argument: str = "endpoint"
    renamed: Mapping[str, str] = field(default_factory=dict)
    of: str = STUDY


def kind_of(column: str) -> str:
    """Return whether a column holds counts, limits, p-values, or estimates and what goes along."""
    if "p_value" in column or column in ("p_adjusted", "p_smallest", "p_heterogeneity", "alpha_n"):
        return P_VALUE
    if column.endswith(("_low", "_high")) and not column.startswith("estimate_"):
        return LIMIT
    if column == "n_expected":
        return ESTIMATE
    return COUNT if column == "n" or column.startswith("n_") else ESTIMATE


@cache
def version_of(library: str) -> str:
    """Return a library and its version; the library of `a, b` is both."""
    names = library.split(", ")
    return ", ".join(f"{name} {metadata.version(name)}" for name in names)


def followed_to(subjects: pd.DataFrame) -> pd.Series:
    """Return the last day on which each subject was seen: the last contact, or the death."""
    days = subjects[[c for c in ("last_contact_day", "death_day") if c in subjects]]
    return days.astype(float).max(axis=1)


def share(k: float, n: float) -> float:
    """Return a proportion, NaN of nobody."""
    return k / n if n else np.nan
