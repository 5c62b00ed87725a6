"""The table of a network: what each site says, all of them, and all but one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from carstats.messages import message
from carstats.report.format import (
    NONE,
    confidence,
    count,
    number,
    of,
    p_number,
    percent,
    percent_limits,
    rate,
    with_limits,
)
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.report.tables.parts import Marks, check_columns
from carstats.result import Result
from carstats.words import in_words, sentence, tr

# Closer values are one.
_DIGITS = 1e-9


def tabulate_sites(result: Result, *, title: str | None = None) -> Table:
    """Return each site, all of them and all but one: rates with how sites differ, or curves."""
    check_columns(result, "tabulate_sites", message("what sites say"), {"part", "site_id"})
    frame = result.frame
    marks = Marks()
    differ = "i2" in frame
    opened = "possible_low" in frame and bool(
        (frame["possible_high"] - frame["possible_low"] > _DIGITS).any()
    )
    rows = []
    for _, row in frame.iterrows():
        cells = [_name(result, row), _counted(row),
                 rate(row["estimate"], row["conf_low"], row["conf_high"])]  # fmt: skip
        if opened:
            low, high = row.get("possible_low", np.nan), row.get("possible_high", np.nan)
            cells.append(percent_limits(low, high) if high - low > _DIGITS else NONE)
        if differ:
            cells += [
                percent_limits(row["predict_low"], row["predict_high"]),
                number(row["tau2"], 2), percent(row["i2"]), p_number(row["p_heterogeneity"]),
            ]  # fmt: skip
        group = in_words(result.labels["part"][row["part"]])
        rows.append(Row(tuple(cells), group, 1, marks.add(row["note"])))
    level = confidence(result.spec.conf_level)
    heads = [tr("Site"), "n/N", with_limits(tr("Estimate"), level)]
    if opened:
        heads.append(tr("Possible"))
    if differ:
        heads += [tr("A new site"), "τ²", "I²", tr("p (sites alike)")]
    return Table(
        title or result.spec.endpoint, tuple(heads), tuple(rows),
        notes=(sentence(result.spec.population), sentence(result.spec.method)),
        marked=tuple(marks.notes), synthetic=result.spec.synthetic,
    )  # fmt: skip


def _counted(row: Mapping[str, Any] | pd.Series) -> str:
    """Return n of N; where no estimate can be made of hidden numbers the least and the most n."""
    low, high = (row.get(key, np.nan) for key in ("possible_low", "possible_high"))
    if np.isnan(row["estimate"]) and high > low:
        return f"{count(round(low * row['n']))}–{of(round(high * row['n']), row['n'])}"
    return of(row["n_event"], row["n"])


def _name(result: Result, row: Mapping[str, Any] | pd.Series) -> str:
    name = in_words(result.labels["site_id"].get(row["site_id"], row["site_id"]))
    return tr("without {site}", site=name) if row["part"] == "without" else name
