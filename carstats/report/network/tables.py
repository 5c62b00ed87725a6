"""Tables of a network: who sent what, and what each site and all of them say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from carstats.data.vocabulary import column_name
from carstats.messages import mark
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
from carstats.report.tables.parts import Marks
from carstats.result import Result
from carstats.sharing.definitions import DERIVED, RECORDED
from carstats.sharing.network import Network
from carstats.sharing.shared import CELLS, MARGINS, NOTHING, WHOLE
from carstats.words import in_words, sentence, tr

# Closer values are one.
_DIGITS = 1e-9
_SENT = {
    CELLS: mark("by combinations of {columns}"),
    MARGINS: mark("by {columns}, each alone"),
    WHOLE: mark("the whole alone"),
    NOTHING: mark("no number"),
}


def network_table(network: Network) -> Table:
    """Return what each site sent: subjects, smallest number, strata, and what is hidden."""
    rows = []
    for content in network.contents:
        people = content["subjects"]
        whole = content["tables"][:1]
        parts = ("responses", "curves", "toxicities")
        shown = {row["outcome"] for table in whole for part in parts for row in table[part]}
        hidden = {h["outcome"] for h in content["hidden"] if not h["by"]} - shown
        columns = tr(", ").join(tr(column_name(column)) for column in content["asked_by"])
        rows.append(
            Row(
                (
                    content["site"],
                    count(people) if people is not None
                    else tr("fewer than {least}", least=content["minimum_cell"]),
                    count(content["minimum_cell"]),
                    tr(_SENT[content["layout"]], columns=columns),
                    count(len(shown)),
                    count(len(hidden)),
                    content["carstats"],
                )
            )
        )  # fmt: skip
    heads = (tr("Site"), tr("Subjects"), tr("Smallest number"), tr("Shown"),
             tr("Outcomes shown"), tr("Outcomes hidden"), "carstats")  # fmt: skip
    align = ("left", "right", "right", "left", "right", "right", "right")
    return Table(tr("What the sites sent"), heads, tuple(rows), align=align,
                 synthetic=network.synthetic)  # fmt: skip


def definitions_table(definitions: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return what each shared number means: the rule, its standing, and how it was made."""
    rows = []
    for definition in definitions.values():
        rules = definition["rules"]
        words = tr(rules[0]["definition"]) if rules else tr("as the site records it")
        made = {DERIVED: tr("derived by carstats"), RECORDED: tr("as recorded")}
        cells = (
            tr(definition["label"]), words, made.get(definition.get("made", ""), ""),
            tr(rules[0]["status"]) if rules else "", definition["fingerprint"][:12],
        )  # fmt: skip
        rows.append(Row(cells))
    heads = (tr("Outcome"), tr("Definition"), tr("Made"), tr("Standing"), tr("Fingerprint begins"))
    return Table(tr("Definitions"), heads, tuple(rows), align=("left",) * 5)


def sites_table(result: Result) -> Table:
    """Return each site, all of them and all but one: rates with how sites differ, or curves."""
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
        result.spec.endpoint, tuple(heads), tuple(rows),
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
