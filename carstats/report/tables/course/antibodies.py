"""The table of a panel of antibodies: who turned negative, how far titres fell, what protects."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.format import NONE, count, percent_interval, with_limits
from carstats.report.tables.abbreviations import spelled_out
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.report.tables.parts import (
    Marks,
    check_columns,
    footnoted,
    fraction,
    level_label,
    sentence_table,
    share,
)
from carstats.result import Result
from carstats.words import tr

_COLUMNS = {"measure", "n", "n_event", "estimate", "conf_low", "conf_high", "n_evaluable"}
_KEPT = "protection_kept"


def tabulate_antibodies(
    result: Result,
    *,
    change: Result | None = None,
    kept: Result | None = None,
    title: str | None = None,
) -> Table:
    """Return a panel of antibodies as a table: of those positive who turned negative, and titres.

    Parameters
    ----------
    result : Result
        What `antibody_panel` returns, or `protection_kept` alone.
    change : Result, optional
        What `titre_change` returns of the same strata: the fold change of each titre.
    kept : Result, optional
        What `protection_kept` returns of the same strata: rows of the vaccine titres.
    title : str, optional
        The heading; by default the endpoint.

    Returns
    -------
    Table
        The strata as headings, a row for each antibody and then for each vaccine titre.

    Raises
    ------
    CarstatsError
        If a result is of something else or of other strata.
    """
    maker = message("what {names} returns", names="antibody_panel, protection_kept")
    check_columns(result, "tabulate_antibodies", maker, _COLUMNS)
    panels = [result] if kept is None else [result, kept]
    strata = [key for key, _ in result.strata()]
    for other, name in ((change, "change"), (kept, "kept")):
        if other is not None and (
            "measure" not in other.frame or [key for key, _ in other.strata()] != strata
        ):
            raise CarstatsError(
                message("`{name}` is of other strata than the panel, or no such result.", name=name)
            )
    title = title or result.spec.endpoint
    if result.frame.empty:
        return sentence_table(title, tr("Nobody is counted here."), [result])
    folds = {} if change is None else _folds(change)
    marks, rows = Marks(), []
    for key in strata:
        for panel in panels:
            head = result.label(key) if key else ""
            if panel.spec.analysis == _KEPT and kept is not None:
                vaccines = tr("vaccine titres that still protect")
                head = tr("{name}: {text}", name=head, text=vaccines) if head else vaccines
            for row in dict(panel.strata())[key].itertuples():
                cells = [
                    level_label(panel, "measure", row.measure), count(row.n),
                    share(row.n_event, row.estimate) if row.n else NONE,
                    percent_interval(row.conf_low, row.conf_high) if row.n else NONE,
                    fraction(row.n_event, row.n_evaluable),
                ]  # fmt: skip
                cells += [folds.get((key, row.measure), NONE)] if change is not None else []
                rows.append(Row(tuple(cells), head, int(bool(head)), marks.add(row.note)))
    vaccines = result.spec.analysis == _KEPT
    before = tr("Protected before") if vaccines else tr("Positive before")
    heads = ["", before, tr("n (%)"), tr("Limits, %"), tr("Of those measured")]
    if change is not None:
        heads.append(tr("Titre, fold change"))
    table = Table(
        title,
        tuple(heads),
        tuple(rows),
        notes=footnoted([result], rows, *_notes(panels, change)),
        marked=tuple(marks.notes),
        align=("left",) + ("right",) * (len(heads) - 1),
        synthetic=result.spec.synthetic,
    )
    return spelled_out(table)


def tabulate_shifts(result: Result, *, title: str | None = None) -> Table:
    """Return a map of antibodies as a table of shifts: how many subjects of each state.

    Parameters
    ----------
    result : Result
        What `antibody_map` returns.
    title : str, optional
        The heading; by default the endpoint.

    Returns
    -------
    Table
        The strata as headings, a row for each antibody, a column for each state.

    Raises
    ------
    CarstatsError
        If the result is no such map.
    """
    maker = message("what {names} returns", names="antibody_map")
    check_columns(result, "tabulate_shifts", maker, {"kind", "measure", "state"})
    states = list(result.labels["state"])
    rows = []
    for key, part in result.strata():
        cells = part[part["kind"] == "cell"]
        head = result.label(key) if key else ""
        for measure, here in cells.groupby("measure", sort=False):
            counts = here["state"].value_counts()
            told = [count(counts.get(state, 0)) for state in states]
            name = level_label(result, "measure", measure)
            rows.append(Row((name, *told), head, int(bool(head))))
    heads = ["", *(level_label(result, "state", state) for state in states)]
    table = Table(
        title or result.spec.endpoint,
        tuple(heads),
        tuple(rows),
        notes=footnoted([result], rows, method=False),
        align=("left",) + ("right",) * len(states),
        synthetic=result.spec.synthetic,
    )
    return spelled_out(table)


def _notes(panels: list[Result], change: Result | None) -> Iterable[str]:
    analyses = {panel.spec.analysis for panel in panels}
    if "antibody_panel" in analyses:
        yield tr("n: negative at the visit, of those positive before.")
    if _KEPT in analyses:
        yield tr("Of vaccine titres positive is protective, and n are still protected.")
    if change is not None:
        yield tr(
            "Fold change: geometric mean of the titre at the visit over that before, with limits; "
            "0.5 is a halving; of all with a quantified titre before, values below quantification "
            "at the visit censored there."
        )


def _folds(change: Result) -> dict[tuple, str]:
    """Return by stratum and measure the fold change of a titre with its limits."""
    found = {}
    for key, rows in change.strata():
        for row in rows.itertuples():
            if pd.isna(row.estimate):
                continue
            told = _fold(row.estimate)
            if not pd.isna(row.conf_low):
                told = with_limits(
                    told,
                    tr("{low} to {high}", low=_fold(row.conf_low), high=_fold(row.conf_high)),
                )
            found[key, row.measure] = told
    return found


def _fold(log2: float) -> str:
    """Write a power of 2 with two leading digits; far out only that it is."""
    value = 2.0 ** float(log2)
    if value < 0.001:
        return "<0.001"
    if value >= 1000:
        return ">1000"
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"
