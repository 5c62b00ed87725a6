"""The strata that a caller of a data frame names."""

from __future__ import annotations

import pandas as pd

from carstats.cohort.frame_columns import column_of, rows_named
from carstats.errors import CarstatsError
from carstats.messages import message

# In so many rows a column of numbers that mostly differ is a measurement and no stratum.
_MEASURED = 6


def stratum_of(frame: pd.DataFrame, name: object) -> str:
    """Return a stratum's column; one that is missing for some, or a measurement, is refused."""
    column = column_of(frame, "by", name)
    if column is None:
        raise CarstatsError(
            message("`by` has None in it; it takes names of columns, or [] for all together.")
        )
    _blank_free(frame, column)
    _of_levels(frame, column)
    return column


def _blank_free(frame: pd.DataFrame, column: str) -> None:
    """Refuse a stratum that is missing for some."""
    missing = frame[column].isna()
    if missing.any():
        raise CarstatsError(
            message(
                "`by`: {name} is missing in {n} of {of} rows (rows {rows}). Give them a level, or"
                " leave them out before: frame.dropna(subset=[{name}]).",
                name=repr(column),
                n=int(missing.sum()),
                of=len(frame),
                rows=rows_named(missing),
            )
        )


def _of_levels(frame: pd.DataFrame, column: str) -> None:
    """Refuse a stratum that is a measurement: as good as every subject has a value of its own."""
    values = frame[column]
    plain = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if plain and len(values) >= _MEASURED and values.nunique() > len(values) / 2:
        raise CarstatsError(
            message(
                "`by`: {name} holds {n} different numbers in {of} rows; a stratum is a category."
                " Make one first: frame[{group}] = pd.cut(frame[{name}], 3).astype(str).",
                name=repr(column),
                n=int(values.nunique()),
                of=len(values),
                group=repr(f"{column}_group"),
            )
        )
