"""Survival curves in small panels, one for each level of the first column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.figures.crowd import many_at_risk
from carstats.report.figures.frame import Page, figure
from carstats.report.figures.labels import stratum_names, titled
from carstats.report.figures.risk_table import (
    KEY,
    ROW,
    checked_tables,
    name_rows,
    number_room,
    plot_risk_table,
    table_height,
)
from carstats.report.figures.survival.curves import COLUMNS, plot_survival
from carstats.report.figures.survival.words import (
    MOST_BANDS,
    caption_of,
    curves_in_words,
    has_limits,
    notes_of,
)
from carstats.report.format import counted, percent
from carstats.report.style import SIZE, clean, text_width, wrap
from carstats.result import Result
from carstats.words import tr

_PANEL = 88.0


@figure(*COLUMNS)
def survival_panels_figure(
    page: Page, result: Result, *, under: str | Sequence[str] = "at risk"
) -> None:
    """Draw survival curves of two columns in `by`: a panel for each level of the first.

    `under` says what is counted under each panel, as for `survival_figure`.
    """
    if len(result.by) != 2:
        raise CarstatsError(
            message(
                "survival_panels_figure draws curves by two columns; this result has {by}. Use "
                "survival_figure.",
                by=result.by,
            )
        )
    tables = checked_tables(under, result, "survival_panels_figure")
    panels, inner = _panels(result), page.inner
    columns = min(len(panels), 2 if page.mm >= 150 else 1)
    names = [name for _, part in panels for name in stratum_names(part).values()]
    left = max(text_width(name) for name in names) + KEY
    left += number_room(result.frame["n_risk"].max(), 8)
    beside = left <= 0.45 * inner / columns
    left = left if beside else 44.0
    room = inner / columns - left - 16
    lines = [name_rows(stratum_names(part), left + room, beside=beside) for _, part in panels]
    heights = [table_height(each, beside=beside) for each in lines]
    sheets = [_PANEL + len(tables) * high + ROW + 3.2 * SIZE + 16 for high in heights]
    rows = [max(sheets[i : i + columns]) for i in range(0, len(sheets), columns)]
    limits = any(has_limits(part, MOST_BANDS) for _, part in panels)
    page.begin(
        sum(rows),
        title=titled(result.spec.endpoint, result),
        caption=caption_of(result, limits=limits),
        notes=notes_of(result, band=limits, short=False),
        alt=_alt(result, panels),
    )
    end, ticks = result.frame["time"].max(), not many_at_risk(result)
    for i, (name, part) in enumerate(panels):
        x, top = (i % columns) * inner / columns, sum(rows[: i // columns])
        title = wrap(name, room + left - page.letter_width(), SIZE, "bold", most=1)[0]
        page.panel(i, x + left, top + 2, title, weight="bold", gid="panel")
        ax = page.axes(x + left, top + ROW + 4, room, _PANEL)
        plot_survival(_to_the_end(part, end), ax, ticks=ticks)
        # The names stand under the panel; beside it they would run into the next.
        for text in [text for text in ax.texts if text.get_gid() == "direct label"]:
            text.remove()
        top += ROW + 4 + _PANEL + 3.2 * SIZE
        for what in tables:
            table = page.axes(x + left, top, room, heights[i])
            plot_risk_table(part, table, ax, what=what, beside=beside, outdent=left, names=lines[i])
            top += heights[i]


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
    frame = pd.concat([panel.frame, last.astype(panel.frame.dtypes)], ignore_index=True)
    return Result(frame, panel.spec, panel.labels)


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
