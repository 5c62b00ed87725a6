"""One cohort seen three ways: Kaplan–Meier, cumulative incidence, interval-censored."""

from __future__ import annotations

from dataclasses import replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.figures.incidence import plot_incidence
from carstats.report.figures.sheet import (
    MARGIN,
    Sheet,
    abbreviations,
    page_width,
    require,
    stratum_names,
    texts_of,
    titled,
)
from carstats.report.figures.survival.curves import plot_survival
from carstats.report.figures.survival.interval import plot_interval
from carstats.report.figures.survival.words import FEW_AT_RISK
from carstats.report.format import counted, percent
from carstats.report.style import LINE_HEIGHT, PAGE_MM, SIZE, drawing, looks, wrap
from carstats.result import Result
from carstats.words import sentences, tr

_ROW, _PANEL, _LEFT, _GAP = SIZE * LINE_HEIGHT, 130.0, 40.0, 10.0


def views_figure(
    curve: Result,
    incidence: Result,
    interval: Result,
    *,
    width: float = PAGE_MM,
    heading: str | None = None,
) -> Figure:
    """Draw a survival curve, the incidence of its event and the interval-censored curve together.

    Parameters
    ----------
    curve : Result
        What `survival_curve` returns.
    incidence : Result
        What `cumulative_incidence` returns, of an endpoint that other events compete with.
    interval : Result
        What `interval_censored_curve` returns.
    width : float
        Width in millimetres: side by side from 150 on, else below each other.
    heading : str, optional
        The line above; by default the endpoint of the curve and what it is reported by.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, its caption under it.

    Raises
    ------
    CarstatsError
        If a result is of another kind, or they are of other strata.
    """
    require(curve, "views_figure", "time", "n_risk", "n_censor", "estimate", "conf_low")
    require(incidence, "views_figure", "time", "cause", "n_risk", "estimate", "conf_low")
    require(interval, "views_figure", "time_low", "time_high", "mass", "estimate")
    incidence = _of_the_event(incidence)
    views = (curve, incidence, interval)
    keys = [[key for key, _ in view.strata()] for view in views]
    if keys[1] != keys[0] or keys[2] != keys[0]:
        raise CarstatsError(
            message("views_figure draws results of the same strata; these are of others.")
        )
    with drawing([*texts_of(*views), heading or ""]):
        names, look = stratum_names(curve), looks(curve)
        inner = page_width(width) - 2 * MARGIN
        columns = 3 if width >= 150 else 1
        room = inner / columns - _LEFT - _GAP
        lines = [line for name in names.values() for line in wrap(name, inner - 24, most=3)]
        key = len(lines) * _ROW + 4
        tall = 2.4 * _ROW + _PANEL + 3.4 * SIZE
        sheet = Sheet(
            width,
            tall * (3 // columns) + key,
            heading=titled(curve.spec.endpoint, curve) if heading is None else heading,
            caption=sentences(
                *(_labelled(letter, view) for letter, view in zip("abc", views, strict=True)),
                tr("Bands are pointwise limits.") if len(keys[0]) <= 3 else "",
                tr("Faded: fewer than five at risk.")
                if (curve.frame["n_risk"] < FEW_AT_RISK).any()
                else "",
                tr("Boxes: the curve falls somewhere within, the data do not say where."),
                abbreviations(curve),
            ),
            synthetic=curve.spec.synthetic,
            alt=_alt(curve, incidence, interval, names),
        )
        titles = (tr("Kaplan–Meier"), tr("Cumulative incidence"), tr("Interval-censored"))
        for i, (view, plot) in enumerate(
            zip(views, (plot_survival, plot_incidence, plot_interval), strict=True)
        ):
            across, down = (i, 0) if columns == 3 else (0, i)
            x = MARGIN + across * inner / columns + _LEFT
            ax = sheet.axes(x, down * tall + 2.4 * _ROW, room, _PANEL)
            plot(view, ax)
            _plain(ax)
            what = wrap(view.spec.endpoint, room + _LEFT, most=1)[0]
            top = sheet.top + down * tall
            left = x - _LEFT
            sheet.write(left, top, f"{'abc'[i]}   {titles[i]}", weight="bold", va="top")
            sheet.write(left, top + _ROW, what, va="top")
        under = sheet.axes(MARGIN, tall * (3 // columns), inner, key)
        _key(under, names, look, inner)
    return sheet.figure


def _of_the_event(incidence: Result) -> Result:
    """Keep the curve of the endpoint itself: the first cause."""
    frame = incidence.frame
    own = frame[frame["cause"] == frame["cause"].iloc[0]].drop(columns="cause")
    return Result(own.reset_index(drop=True), replace(incidence.spec), incidence.labels)


def _labelled(letter: str, view: Result) -> str:
    return tr("{letter}: {caption}", letter=letter, caption=view.caption())


def _plain(ax: Axes) -> None:
    """Leave the names to the key: at the end of a curve they would run into the next panel."""
    for text in [text for text in ax.texts if text.get_gid() == "direct label"]:
        text.remove()


def _key(ax: Axes, names: dict[tuple, str], look: dict, inner: float) -> None:
    rows = [(key, line, i == 0) for key, name in names.items()
            for i, line in enumerate(wrap(name, inner - 24, most=3))]  # fmt: skip
    ax.set(xlim=(0, inner), ylim=(len(rows), 0))
    ax.set_axis_off()
    for at, (key, line, first) in enumerate(rows):
        style = {"color": look[key].colour, "linestyle": look[key].dash, "linewidth": 1.4}
        if first:
            ax.plot((0, 16), (at + 0.5,) * 2, gid="key", **style)
        ax.text(20, at + 0.5, line, color=look[key].colour, va="center_baseline", gid="stratum")


def _alt(curve: Result, incidence: Result, interval: Result, names: dict[tuple, str]) -> str:
    parts = []
    rows = zip(curve.strata(), incidence.strata(), interval.strata(), strict=True)
    for (key, free), (_, had), (_, between) in rows:
        last = [part["estimate"].dropna() for part in (free, had, between)]
        shares = [percent(values.iloc[-1]) if len(values) else "–" for values in last]
        parts.append(
            tr(
                "{name}: {subjects}; at the last time {free} free of the event, {had} with it by "
                "cumulative incidence, {between} free by intervals",
                name=names[key], subjects=counted(int(free["n_risk"].iloc[0]), "subject"),
                free=shares[0], had=shares[1], between=shares[2],
            )
        )  # fmt: skip
    return sentences(titled(curve.spec.endpoint, curve), *parts)
