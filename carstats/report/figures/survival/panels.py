"""Survival curves in small panels, one for each level of the first column."""

from __future__ import annotations

from dataclasses import replace

from matplotlib.figure import Figure

from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.figures.sheet import (
    MARGIN,
    Sheet,
    page_width,
    require,
    stratum_names,
    texts_of,
    titled,
)
from carstats.report.figures.survival.curves import name_rows, plot_risk_table, plot_survival
from carstats.report.figures.survival.words import FEW_AT_RISK, curves_in_words
from carstats.report.format import counted, percent
from carstats.report.style import LINE_HEIGHT, PAGE_MM, SIZE, clean, drawing, text_width, wrap
from carstats.result import Result
from carstats.words import sentences, tr

_PANEL, _ROW, _KEY = 88.0, SIZE * LINE_HEIGHT, 20.0
_COLUMNS = ("time", "n_risk", "n_event", "n_censor", "estimate", "conf_low", "conf_high")


def survival_panels_figure(
    result: Result, *, width: float = PAGE_MM, heading: str | None = None
) -> Figure:
    """Draw survival curves of two columns: a panel for each level of the first.

    Parameters
    ----------
    result : Result
        What `survival_curve` returns with two columns in `by`, such as disease and target.
    width : float
        Width in millimetres: 85 for a column, 180 for a page.
    heading : str, optional
        The line above; by default the endpoint and what it is reported by.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, its caption under it, with the numbers at risk under each panel.

    Raises
    ------
    CarstatsError
        If the result is not one of curves by two columns, or a character cannot be written.
    """
    require(result, "survival_panels_figure", *_COLUMNS)
    if len(result.by) != 2:
        raise CarstatsError(
            message(
                "survival_panels_figure draws curves by two columns; this result has {by}. Use "
                "survival_figure.",
                by=result.by,
            )
        )
    with drawing([*texts_of(result), heading or ""]):
        panels = _panels(result)
        inner = page_width(width) - 2 * MARGIN
        columns = min(len(panels), 2 if width >= 150 else 1)
        names = [name for _, panel in panels for name in stratum_names(panel).values()]
        left = max(text_width(name) for name in names) + _KEY + 8
        beside = left <= 0.45 * inner / columns
        left = left if beside else 44.0
        room = inner / columns - left - 16
        tables = [_table_lines(panel, left + room, beside=beside) for _, panel in panels]
        sheets = [_PANEL + (lines + 1) * _ROW + 3.2 * SIZE + 16 for lines in tables]
        rows = [max(sheets[i : i + columns]) for i in range(0, len(sheets), columns)]
        bands = any(len(panel.strata()) <= 3 for _, panel in panels)
        sheet = Sheet(
            width,
            sum(rows),
            heading=titled(result.spec.endpoint, result) if heading is None else heading,
            caption=sentences(
                result.caption(),
                tr("Bands are pointwise limits.") if bands else "",
                tr("Vertical ticks: censored.") if (result.frame["n_censor"] > 0).any() else "",
                tr("Faded: fewer than five at risk.")
                if (result.frame["n_risk"] < FEW_AT_RISK).any()
                else "",
            ),
            synthetic=result.spec.synthetic,
            alt=_alt(result, panels),
        )
        end = result.frame["time"].max()
        for i, (name, panel) in enumerate(panels):
            across, down = i % columns, sum(rows[: i // columns])
            x = MARGIN + across * inner / columns + left
            title = wrap(name, room + left, SIZE, "bold", most=1)[0]
            ax = sheet.axes(x, down + _ROW + 4, room, _PANEL)
            plot_survival(_to_the_end(panel, end), ax)
            ax.set_title(title, loc="left", fontsize=SIZE, weight="bold", pad=4, gid="panel")
            ax.set_ylabel(tr("Free of the event (%)"), labelpad=3)
            # The names stand under the panel; beside it they would run into the next.
            for text in [text for text in ax.texts if text.get_gid() == "direct label"]:
                text.remove()
            top = down + _ROW + 4 + _PANEL + 3.2 * SIZE
            table = sheet.axes(x, top, room, tables[i] * _ROW)
            plot_risk_table(panel, table, ax, beside=beside, outdent=left)
    return sheet.figure


def _panels(result: Result) -> list[tuple[str, Result]]:
    first, second = result.by
    labels = result.labels.get(first, {})
    found = []
    for level in dict.fromkeys(result.frame[first]):
        rows = result.frame[result.frame[first] == level].drop(columns=first)
        spec = replace(result.spec, by=(second,))
        part = Result(rows.reset_index(drop=True), spec, result.labels)
        found.append((clean(labels.get(level, level)), part))
    return found


def _to_the_end(panel: Result, end: float) -> Result:
    """Give a panel the time axis of all: a last row that draws nothing."""
    last = panel.frame.iloc[[-1]].copy()
    last["time"], last["n_risk"], last["n_event"], last["n_censor"] = end, 0, 0, 0
    last[["estimate", "conf_low", "conf_high"]] = float("nan")
    frame = panel.frame.copy()
    return Result(_appended(frame, last), panel.spec, panel.labels)


def _appended(frame, row):
    import pandas as pd

    return pd.concat([frame, row.astype(frame.dtypes)], ignore_index=True)


def _table_lines(panel: Result, room: float, *, beside: bool) -> int:
    """Return how many lines the numbers at risk of a panel take, their heading among them."""
    rows = name_rows(stratum_names(panel), room, beside=beside)
    return 1 + sum(len(lines) + (not beside) for lines in rows.values())


def _alt(result: Result, panels: list[tuple[str, Result]]) -> str:
    parts = []
    for name, panel in panels:
        names = stratum_names(panel)
        for key, rows in panel.strata():
            last = rows.dropna(subset=["estimate"]).tail(1)
            if last.empty:
                parts.append(tr("{panel}, {name}: nobody followed", panel=name, name=names[key]))
                continue
            parts.append(
                tr(
                    "{panel}, {name}: {subjects}, {estimate} at the last time",
                    panel=name,
                    name=names[key],
                    subjects=counted(int(rows["n_risk"].iloc[0]), "subject"),
                    estimate=percent(last["estimate"].iloc[0]),
                )
            )
    return curves_in_words(result, parts)
