"""Strata: the only code that groups subjects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from carstats.data.terms import FREE_WORDS
from carstats.data.vocabulary import CATEGORIES, Vocabulary
from carstats.errors import CarstatsError, listed, names_given
from carstats.messages import Joined, message

_RESULT_COLUMNS = frozenset(
    {"n", "n_missing", "n_event", "n_risk", "n_censor", "time", "estimate", "std_error", "conf_low",
     "conf_high", "p_value", "note", "contrast", "cause"}
)  # fmt: skip


# Where only some columns of the subjects are the user's own, as of counts, `attrs` says which.
OWN = "columns"


def named_columns(subjects: pd.DataFrame) -> list[str]:
    """Return the columns of the subjects that an argument may name: not those of carstats' own."""
    columns = subjects.attrs.get(OWN, subjects.columns)
    return [c for c in columns if c != "subject_id" and not str(c).startswith("__")]


def require_columns(subjects: pd.DataFrame, columns: Iterable[str], argument: str = "by") -> None:
    """Refuse columns that the subjects do not have."""
    has = named_columns(subjects)
    unknown = [column for column in columns if column not in has]
    if unknown and OWN in subjects.attrs:
        raise CarstatsError(
            message(
                "`{argument}` names {unknown}; the counts were counted by: {has}.",
                argument=argument,
                unknown=listed(unknown),
                has=listed(has, 40) if has else message("none"),
            )
        )
    if unknown:
        raise CarstatsError(
            message(
                "`{argument}` names {unknown}, not in the subjects table. It has: {has}.",
                argument=argument,
                unknown=unknown,
                has=listed(has, 40),
            )
        )


def check_by(
    subjects: pd.DataFrame, by: str | Iterable[str] | None, argument: str = "by"
) -> list[str]:
    """Return the columns to group by as a list."""
    by = names_given(argument, by)
    require_columns(subjects, by, argument)
    taken = [column for column in by if column in _RESULT_COLUMNS] if argument == "by" else []
    if taken:
        raise CarstatsError(
            message(
                "`by` names {column}, which every result has a column of its own for; rename it.",
                column=repr(taken[0]),
            )
        )
    if len(set(by)) < len(by):
        raise CarstatsError(
            message("`{argument}` names a column twice: {by}.", argument=argument, by=by)
        )
    for column in by:
        missing = subjects[column].isna()
        if missing.any():
            raise CarstatsError(
                message(
                    "`{column}` is missing for {missing} of {n} subjects (rows {rows} of "
                    "the subjects). Leave them out in define_cohort() or give them a level.",
                    column=column,
                    missing=int(missing.sum()),
                    n=len(subjects),
                    rows=listed_rows(missing),
                )
            )
    return by


# Column of a table of subjects whose rows stand for several subjects each, as counts make it.
WEIGHT = "__subjects__"


def counted(rows: pd.DataFrame) -> int:
    """Count the subjects of some rows: one each, or as many as a row stands for."""
    return int(rows[WEIGHT].sum()) if WEIGHT in rows else len(rows)


def weights_of(rows: pd.DataFrame) -> np.ndarray | None:
    """Return how many subjects each row stands for; None where it is one."""
    return rows[WEIGHT].to_numpy(float) if WEIGHT in rows else None


def rows_of(rows: pd.DataFrame, mask: Any) -> pd.DataFrame:
    """Return the rows of a mask; where it is of all, they are not copied."""
    mask = np.asarray(mask, bool)
    return rows if mask.all() else rows[mask]


def alike(rows: pd.DataFrame, columns: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the first row of each combination of columns, in the rows' order, and its number."""
    codes, size = np.zeros(len(rows), np.int64), 1
    for column in columns:
        mine, levels = pd.factorize(rows[column], use_na_sentinel=False)
        codes, size = codes * len(levels) + mine, size * len(levels)
        if size > len(rows):
            # The codes stay small: those that no row has are left out.
            codes, present = pd.factorize(codes)
            size = len(present)
    number = np.bincount(codes, minlength=size)
    first = np.empty(size, np.intp)
    first[codes[::-1]] = np.arange(len(rows))[::-1]
    first, number = first[number > 0], number[number > 0]
    order = np.argsort(first)
    return first[order], number[order]


def single_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each subject."""
    if WEIGHT not in rows:
        return rows
    places = np.repeat(np.arange(len(rows)), rows[WEIGHT].to_numpy(int))
    return rows.drop(columns=WEIGHT).iloc[places].reset_index(drop=True)


def listed_rows(mask: pd.Series, most: int = 8) -> str:
    """Name the rows of a mask in a message, counted from 1."""
    rows = [str(i + 1) for i in np.flatnonzero(mask.to_numpy())]
    return ", ".join(rows[:most]) + (", …" if len(rows) > most else "")


def stratum_keys(
    vocabulary: Vocabulary, everyone: pd.DataFrame, by: list[str]
) -> list[tuple[Any, ...]]:
    """Return the strata in printed order."""
    if not by:
        return [()]
    keys = everyone[by].dropna().drop_duplicates()
    orders = [_order(vocabulary, column, keys[column]) for column in by]
    rows = list(keys.itertuples(index=False, name=None))
    return sorted(
        rows, key=lambda row: [order[value] for order, value in zip(orders, row, strict=True)]
    )


def _order(vocabulary: Vocabulary, column: str, levels: pd.Series) -> dict[Any, int]:
    ordered = levels.cat.categories if isinstance(levels.dtype, pd.CategoricalDtype) else ()
    levels = list(levels.unique())
    if len(ordered):
        return {value: place for place, value in enumerate(v for v in ordered if v in levels)}
    known = vocabulary.names(column) if column in CATEGORIES else []
    first = [name for name in known if name in levels]
    rest = sorted((value for value in levels if value not in first), key=_natural)
    return {value: place for place, value in enumerate([*first, *rest])}


def _natural(value: Any) -> tuple[bool, float, str]:
    number = isinstance(value, int | float | np.number | bool)
    return (not number, float(value) if number else 0.0, str(value))


def stratum_mask(subjects: pd.DataFrame, by: list[str], key: tuple[Any, ...]) -> pd.Series:
    """Return which subjects belong to a stratum."""
    mask = pd.Series(True, subjects.index)
    for column, value in zip(by, key, strict=True):
        mask &= (subjects[column] == value).fillna(False).astype(bool)
    return mask


def stratum_places(
    subjects: pd.DataFrame, by: list[str], keys: Sequence[tuple[Any, ...]]
) -> np.ndarray:
    """Return each subject's place among strata, by one look at each column; -1 in none."""
    codes = []
    for column in by:
        mine, levels = pd.factorize(subjects[column])
        codes.append((mine, {level: code for code, level in enumerate(levels)}))
    places = np.full(len(subjects), -1)
    for place, key in enumerate(keys):
        here = np.ones(len(subjects), bool)
        for (mine, levels), value in zip(codes, key, strict=True):
            here &= mine == levels.get(value, -2)
        places[here] = place
    return places


def level_labels(vocabulary: Vocabulary, by: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the printed label of every level of `by` that the vocabulary or carstats knows."""
    labels = {}
    for column in by:
        if column in CATEGORIES:
            names = vocabulary.names(column)
            labels[column] = {name: vocabulary.label(column, name) for name in names}
        elif column in FREE_WORDS:
            labels[column] = {word: message(word) for word in FREE_WORDS[column]}
    return labels


def stratum_name(labels: Mapping[str, Mapping[str, str]], by: Iterable[str], key: tuple) -> str:
    """Return what a stratum is called: ``"SLE · CD19"``."""
    names = [labels.get(c, {}).get(v, str(v)) for c, v in zip(by, key, strict=True)]
    return names[0] if len(names) == 1 else Joined(names, " · ")


def side_by_side(parts: Sequence[pd.DataFrame], rows: int = 1) -> pd.DataFrame:
    """Put tables of the same strata together: in each stratum the `rows` of each, in order."""
    placed = [part.assign(_place=np.arange(len(part)) // rows) for part in parts]
    whole = pd.concat(placed, ignore_index=True).sort_values("_place", kind="stable")
    return whole.drop(columns="_place").reset_index(drop=True)


def estimate_by(
    vocabulary: Vocabulary,
    everyone: pd.DataFrame,
    subjects: pd.DataFrame,
    by: list[str],
    estimate: Callable[[pd.DataFrame], pd.DataFrame | dict[str, Any]],
) -> pd.DataFrame:
    """Estimate in every stratum, and put the strata in front as columns."""
    parts = []
    keys = stratum_keys(vocabulary, everyone, by)
    places = stratum_places(subjects, by, keys)
    for place, key in enumerate(keys):
        found = estimate(subjects[places == place])
        rows = found if isinstance(found, pd.DataFrame) else pd.DataFrame([found])
        columns = {c: pd.Series([v]).repeat(len(rows)).array for c, v in zip(by, key, strict=True)}
        values = {c: rows[c].to_numpy() for c in rows}
        # Not copied: they are when they are put together.
        parts.append(pd.DataFrame(columns | values, copy=False))
    return pd.concat(parts, ignore_index=True)
