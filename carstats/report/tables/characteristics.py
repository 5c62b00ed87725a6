"""The rows of a table of characteristics: means, medians, counts, what is missing."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from carstats.report.format import (
    count,
    decimals,
    interval,
    mean_sd,
    median_quartiles,
    number,
)
from carstats.report.tables.model import Row
from carstats.report.tables.parts import column_title, share
from carstats.result import Result
from carstats.words import in_words, tr

STATISTICS = ("mean", "median", "range")


def digits_of(rows: pd.DataFrame) -> tuple[int, bool]:
    """Return a characteristic's decimals, and whether its extremes are whole numbers."""
    extremes = pd.concat([rows["low"], rows["high"]]).dropna()
    return decimals(rows["std_dev"].max()), bool((extremes % 1 == 0).all())


def levels_apart(
    result: Result, lines: list[tuple[str, str, bool]], named: Mapping[str, str]
) -> list[str]:
    """Return the standardised difference of each characteristic, in its first line."""
    variables = result.frame.drop_duplicates("variable")
    found = {}
    for row in variables.to_dict("records"):
        title = named.get(row["variable"]) or column_title(str(row["variable"]))
        if row["kind"] != "number":
            title = tr("{characteristic}, n (%)", characteristic=title)
        found[title] = number(row["smd"], 2)
    texts, before = [], None
    for title, *_ in lines:
        texts.append(found.get(title, "") if title != before else "")
        before = title
    return texts


def characteristic_rows(
    result: Result,
    title: str,
    group: pd.DataFrame,
    shown: list[str],
    digits: int,
    whole: bool,
) -> list[tuple[str, str, bool, str]]:
    """Return a characteristic's rows in a stratum: heading, name, whether of the missing, text."""
    first = group.iloc[0]
    if first["kind"] == "number":
        low, median, high = (first[c] for c in ("low", "median", "high"))
        quartiles = median_quartiles(median, first["q1"], first["q3"], digits)
        texts = {
            "mean": (tr("Mean (SD)"), mean_sd(first["estimate"], first["std_dev"], digits)),
            "median": (tr("Median [quartiles]"), quartiles),
            "range": (tr("Range"), interval(low, high, 0 if whole else digits)),
        }
        shown_texts = (texts[name] for name in STATISTICS if name in shown)
        rows = [(title, name, False, text) for name, text in shown_texts]
    else:
        labels = result.labels.get(first["variable"], {})
        title = tr("{characteristic}, n (%)", characteristic=title)
        rows = [
            (title, in_words(labels.get(level, str(level))), False, share(k, part))
            for level, k, part in zip(
                group["level"], group["n_event"], group["estimate"], strict=True
            )
        ]
    return [*rows, (title, tr("Missing"), True, count(first["n_missing"]))]


def stacked_rows(
    heads: list[str], columns: list[list[str]], lines: list[tuple[str, str, bool]], kept: list[int]
) -> tuple[Row, ...]:
    """Return the rows with the strata below each other as headings."""
    rows = []
    for head, column in zip(heads, columns, strict=True):
        before = None
        for i in kept:
            if lines[i][0] != before:
                before = lines[i][0]
                rows.append(Row((before, ""), head, 1))
            rows.append(Row((lines[i][1], column[i]), head, 2))
    return tuple(rows)
