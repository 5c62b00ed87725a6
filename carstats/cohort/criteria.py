"""Criteria: the rules by which `define_cohort` keeps subjects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from carstats.data.study import Study
from carstats.errors import CarstatsError, check_number, listed
from carstats.messages import mark, message


@dataclass(frozen=True)
class Criterion:
    """A rule that keeps some subjects of a study.

    Attributes
    ----------
    name : str
        The criterion in words, as the attrition table prints it, in the language that is set
        when the criterion is made.
    keeps : callable
        Takes the study and its subjects and returns, for each subject, True, False or missing
        (missing: it cannot be judged, and the subject is left out).
    selects_strata : bool
        Whether it names the levels of a column that are wanted; the others are then no strata of
        the cohort, while a stratum that another criterion empties keeps its row.
    """

    name: str
    keeps: Callable[[Study, pd.DataFrame], pd.Series]
    selects_strata: bool = False


def infused() -> Criterion:
    """Keep the subjects who were infused.

    Returns
    -------
    Criterion
        For `define_cohort`.

    Examples
    --------
    >>> cs.define_cohort(study, cs.infused())
    """

    def keeps(study: Study, subjects: pd.DataFrame) -> pd.Series:
        remedy = message(
            "Give `infused`, for example infused = true under [subjects.constants] of study.toml."
        )
        return _column(subjects, "infused", remedy)

    return Criterion(message("infused"), keeps)


def with_disease(*diseases: str) -> Criterion:
    """Keep the subjects with one of the diseases.

    Parameters
    ----------
    *diseases : str
        Terms of the study's vocabulary, such as ``"SLE"``.

    Returns
    -------
    Criterion
        For `define_cohort`, which raises CarstatsError for a term that is not in the vocabulary.

    Examples
    --------
    >>> cs.define_cohort(study, cs.infused(), cs.with_disease("SLE", "SSc"))
    """
    return _with("disease", diseases)


def with_target(*targets: str) -> Criterion:
    """Keep the subjects whose product is directed at one of the targets.

    Parameters
    ----------
    *targets : str
        Terms of the study's vocabulary, such as ``"CD19"``, ``"BCMA"``, ``"CD19+BCMA"``.

    Returns
    -------
    Criterion
        For `define_cohort`, which raises CarstatsError for a term that is not in the vocabulary.

    Examples
    --------
    >>> cs.define_cohort(study, cs.with_target("CD19"))
    """
    return _with("target", targets)


def with_platform(*platforms: str) -> Criterion:
    """Keep the subjects treated with one of the cell platforms.

    Parameters
    ----------
    *platforms : str
        Terms of the study's vocabulary: ``"CAR-T"``, ``"CAR-NK"``, ``"CAR-Treg"``.

    Returns
    -------
    Criterion
        For `define_cohort`, which raises CarstatsError for a term that is not in the vocabulary.

    Examples
    --------
    >>> cs.define_cohort(study, cs.with_platform("CAR-T"))
    """
    return _with("platform", platforms)


def with_cell_source(*sources: str) -> Criterion:
    """Keep the subjects whose cells come from one of the sources.

    Parameters
    ----------
    *sources : str
        Terms of the study's vocabulary: ``"autologous"``, ``"allogeneic"``, ``"in vivo"``.

    Returns
    -------
    Criterion
        For `define_cohort`, which raises CarstatsError for a term that is not in the vocabulary.

    Examples
    --------
    >>> cs.define_cohort(study, cs.with_cell_source("autologous"))
    """
    return _with("cell_source", sources)


def potential_followup(*, days: float) -> Criterion:
    """Keep the subjects who could have been followed for so long by the data cut-off.

    Potential follow-up runs to `cutoff_day`, never to the last contact: selecting on the last
    contact would leave out those who died or withdrew early.

    Parameters
    ----------
    days : float
        Days from the first infusion.

    Returns
    -------
    Criterion
        For `define_cohort`; a subject without `cutoff_day` is left out and counted as missing.

    Raises
    ------
    CarstatsError
        If `days` is not a finite number of at least 0.

    Examples
    --------
    >>> cs.define_cohort(study, cs.potential_followup(days=196))
    """
    check_number("days", days, low=0)

    def keeps(study: Study, subjects: pd.DataFrame) -> pd.Series:
        remedy = message("Give it, or cutoff_date under [study] of study.toml.")
        cutoff = _column(subjects, "cutoff_day", remedy)
        return (cutoff >= days).astype("boolean").mask(cutoff.isna())

    name = message("potential follow-up of at least {days} days", days=f"{days:g}")
    return Criterion(name, keeps)


def aged(low: float = 0, high: float = float("inf")) -> Criterion:
    """Keep the subjects of an age, both ends included.

    Parameters
    ----------
    low, high : float, optional
        Youngest and oldest age in years.

    Returns
    -------
    Criterion
        For `define_cohort`; a subject without an age is left out and counted as missing.

    Raises
    ------
    CarstatsError
        If `low` is not a number or `high` is below it.

    Examples
    --------
    >>> cs.define_cohort(study, cs.aged(18, 65))
    """
    check_number("low", low)
    if isinstance(high, str) or not high >= low:
        raise CarstatsError(
            message(
                "`high` is {high}; it takes a number of at least `low` ({low}).",
                high=repr(high),
                low=f"{low:g}",
            )
        )
    name = (
        message("aged {low} or over", low=f"{low:g}")
        if high == float("inf")
        else message("aged {low} to {high}", low=f"{low:g}", high=f"{high:g}")
    )

    def keeps(study: Study, subjects: pd.DataFrame) -> pd.Series:
        age = _column(subjects, "age", message("Give it in the subjects table."))
        return age.between(low, high).astype("boolean").mask(age.isna())

    return Criterion(name, keeps)


def has_baseline(measure: str) -> Criterion:
    """Keep the subjects with an adequate value of a measure before treatment.

    Before treatment means before lymphodepletion where its day is known, else before the infusion.

    Parameters
    ----------
    measure : str
        A measure of the study's vocabulary, such as ``"SLEDAI-2K"``.

    Returns
    -------
    Criterion
        For `define_cohort`, which raises CarstatsError where the study has no assessments.

    Examples
    --------
    >>> cs.define_cohort(study, cs.has_baseline("SLEDAI-2K"))
    """

    def keeps(study: Study, subjects: pd.DataFrame) -> pd.Series:
        name = study.vocabulary.require("measure", "measure", measure)
        values = study.table("assessments")
        values = values[(values["measure"] == name) & values["value"].notna()]
        if "adequate" in values:
            values = values[values["adequate"].fillna(True)]
        start = pd.Series(0.0, subjects.index)
        if "lymphodepletion_day" in subjects:
            start = subjects["lymphodepletion_day"].fillna(0.0)
        first = values["subject_id"].map(start.set_axis(subjects["subject_id"]))
        before = (values["day"] < first) | ((values["day"] == 0) & (first == 0))
        return subjects["subject_id"].isin(values.loc[before, "subject_id"])

    return Criterion(message("{measure} before treatment", measure=measure), keeps)


def where(column: str, values: Any) -> Criterion:
    """Keep the subjects with one of the values in a column of the subjects table.

    Parameters
    ----------
    column : str
        A column of the subjects table, the study's own ones included.
    values : str, number, bool or list of these
        What to keep.

    Returns
    -------
    Criterion
        For `define_cohort`, which raises CarstatsError if no subject of the study has the value:
        a misspelt value must not give an empty cohort.

    Examples
    --------
    >>> cs.define_cohort(study, cs.where("sex", "F"))
    """
    wanted = list(values) if isinstance(values, list | tuple | set | frozenset) else [values]
    name = message("{column} is {values}", column=column, values=_either(wanted))

    def keeps(study: Study, subjects: pd.DataFrame) -> pd.Series:
        found = _column(subjects, column, message("Choose a column of the subjects table."))
        absent = [value for value in wanted if not (found == value).any()]
        if absent:
            raise CarstatsError(
                message(
                    "`values` names {absent}, which no subject has in `{column}`. It has: {found}.",
                    absent=listed(absent),
                    column=column,
                    found=listed(found.dropna().unique()),
                )
            )
        return found.isin(wanted).astype("boolean").mask(found.isna())

    return Criterion(name, keeps, selects_strata=True)


def _with(column: str, terms: tuple[str, ...]) -> Criterion:
    if not terms:
        raise CarstatsError(
            message(
                "with_{column}() takes at least one {thing}.",
                column=column,
                thing=message(_SELECTED[column]),
            )
        )

    def keeps(study: Study, subjects: pd.DataFrame) -> pd.Series:
        study.require_described()
        names = [study.vocabulary.require(column, column, term) for term in terms]
        return subjects[column].isin(names)

    return Criterion(message(_TERMS[column], terms=_either(terms)), keeps, True)


_SELECTED = {
    "disease": mark("disease"),
    "target": mark("target"),
    "platform": mark("platform"),
    "cell_source": mark("cell source"),
}
_TERMS = {
    "disease": mark("disease {terms}"),
    "target": mark("target {terms}"),
    "platform": mark("platform {terms}"),
    "cell_source": mark("cell source {terms}"),
}


def _either(values: Iterable[object]) -> str:
    return message(" or ").join(map(str, values))


def _column(subjects: pd.DataFrame, name: str, remedy: str) -> pd.Series:
    if name not in subjects:
        raise CarstatsError(
            message(
                "the subjects table has no column {name}. It has: {columns}. {remedy}",
                name=repr(name),
                columns=listed(subjects.columns, 40),
                remedy=remedy,
            )
        )
    return subjects[name]
