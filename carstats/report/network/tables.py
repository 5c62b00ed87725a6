"""Tables of a network: who sent what, and what its numbers mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from carstats.data.vocabulary import column_name
from carstats.messages import mark
from carstats.report.format import count, of
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.sharing.definitions import DERIVED, RECORDED
from carstats.sharing.network import Network
from carstats.sharing.shared import CELLS, MARGINS, NOTHING, WHOLE
from carstats.words import tr

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
                    of(len(shown), len(shown) + len(hidden)),
                    content["carstats"],
                )
            )
        )  # fmt: skip
    heads = (tr("Site"), tr("Subjects"), tr("Smallest number"), tr("Shown"),
             tr("Outcomes shown, n/N"), "carstats")  # fmt: skip
    align = ("left", "right", "right", "left", "right", "right")
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
