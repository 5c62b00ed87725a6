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
    number,
    p_number,
    percent,
    percent_limits,
    rate,
    with_limits,
)
from carstats.report.rows import events_of, possible
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.report.tables.parts import Marks, check_columns
from carstats.result import Result
from carstats.words import in_words, sentence, sentences, tr


def tabulate_sites(result: Result, *, title: str | None = None) -> Table:
    """Return each site, all of them and all but one: rates with how sites differ, or curves."""
    check_columns(result, "tabulate_sites", message("what sites say"), {"part", "site_id"})
    frame = result.frame
    marks = Marks()
    free, differ = result.spec.analysis == "network_survival", "i2" in frame
    ranges = possible(frame)
    rows = []
    for place, row in frame.iterrows():
        cells = [_name(result, row), events_of(row),
                 rate(row["estimate"], row["conf_low"], row["conf_high"])]  # fmt: skip
        cells += ranges[place : place + 1]
        if differ:
            cells += [percent_limits(row["predict_low"], row["predict_high"]), _differences(row)]
        group = in_words(result.labels["part"][row["part"]])
        rows.append(Row(tuple(cells), group, 1, marks.add(row["note"])))
    level = confidence(result.spec.conf_level)
    heads = [
        tr("Site"),
        tr("Events, n/N") if free else "n/N",
        with_limits(tr("Without the event") if free else tr("Estimate"), level),
    ]
    notes = [sentence(result.spec.population), sentence(result.spec.method)]
    if ranges:
        heads.append(tr("Possible"))
        notes.append(tr("Possible: what the estimate can be, as the hidden numbers are."))
    if differ:
        heads += [tr("A new site"), "τ²; I²; p"]
        notes.append(
            tr(
                "A new site: interval of prediction. τ²: variance of the log odds between sites. "
                "I²: share of their differences that is more than chance. p: of the test that "
                "the sites are alike."
            )
        )
    return Table(
        title or result.spec.endpoint, tuple(heads), tuple(rows), notes=(sentences(*notes),),
        marked=tuple(marks.notes), synthetic=result.spec.synthetic,
    )  # fmt: skip


def _name(result: Result, row: Mapping[str, Any] | pd.Series) -> str:
    name = in_words(result.labels["site_id"].get(row["site_id"], row["site_id"]))
    return tr("without {site}", site=name) if row["part"] == "without" else name


def _differences(row: Mapping[str, Any] | pd.Series) -> str:
    """Return how sites differ, in one cell, so that the table fits an upright page."""
    if np.isnan(row["i2"]):
        return NONE
    return "; ".join((number(row["tau2"], 2), percent(row["i2"]), p_number(row["p_heterogeneity"])))
