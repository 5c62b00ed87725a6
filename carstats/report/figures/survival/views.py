"""One cohort seen three ways: Kaplan–Meier, cumulative incidence, interval-censored."""

from __future__ import annotations

from dataclasses import replace

from matplotlib.axes import Axes

from carstats.data.vocabulary import within_sentence
from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.figures.frame import Page, figure
from carstats.report.figures.incidence import MOST_BANDS as MOST_INCIDENCE_BANDS
from carstats.report.figures.incidence import plot_incidence
from carstats.report.figures.labels import require, stratum_names, titled
from carstats.report.figures.survival.curves import plot_survival
from carstats.report.figures.survival.interval import plot_interval
from carstats.report.figures.survival.words import MOST_BANDS, caption_of, has_limits, notes_of
from carstats.report.format import counted, percent, sentence_list
from carstats.report.style import LINE_HEIGHT, SIZE, clean, looks, wrap
from carstats.result import Result
from carstats.words import full_stop, sentence, sentences, tr

_ROW, _PANEL, _LEFT, _GAP = SIZE * LINE_HEIGHT, 130.0, 40.0, 10.0


@figure("time", "n_risk", "n_censor", "estimate", "conf_low")
def views_figure(page: Page, curve: Result, incidence: Result, interval: Result) -> None:
    """Draw a survival curve, the incidence of its event and the interval-censored curve together.

    Of the same strata: what `survival_curve`, `cumulative_incidence` (of an endpoint that other
    events compete with) and `interval_censored_curve` return.
    """
    require(incidence, "views_figure", "time", "cause", "n_risk", "estimate", "conf_low")
    require(interval, "views_figure", "time_low", "time_high", "mass", "estimate")
    others, incidence = _competing(incidence), _of_the_event(incidence)
    views = (curve, incidence, interval)
    keys = [[key for key, _ in view.strata()] for view in views]
    if keys[1] != keys[0] or keys[2] != keys[0]:
        raise CarstatsError(
            message("views_figure draws results of the same strata; these are of others.")
        )
    names, look, inner = stratum_names(curve), looks(curve), page.inner
    columns = 3 if page.mm >= 150 else 1
    room = inner / columns - _LEFT - _GAP
    lines = [line for name in names.values() for line in wrap(name, inner - 24, most=3)]
    key = len(lines) * _ROW + 4
    tall = 2.4 * _ROW + _PANEL + 3.4 * SIZE
    limits = (has_limits(curve, MOST_BANDS), has_limits(incidence, MOST_INCIDENCE_BANDS), True)
    page.begin(
        tall * (3 // columns) + key,
        title=titled(tr("{endpoint} in three ways", endpoint=curve.spec.endpoint), curve),
        caption=sentences(
            *(
                tr("{letter}: {caption}", letter=letter, caption=caption_of(view, limits=shown))
                for letter, view, shown in zip("abc", views, limits, strict=True)
            )
        ),
        notes=[
            *notes_of(curve, band=limits[0] or limits[1]),
            tr("b: {causes} compete.", causes=sentence_list(others)) if others else "",
            tr("Boxes: the curve falls somewhere within, the data do not say where."),
        ],
        alt=_alt(curve, incidence, interval, names),
    )
    titles = (tr("Kaplan–Meier"), tr("Cumulative incidence"), tr("Interval-censored"))
    plots = (plot_survival, plot_incidence, plot_interval)
    for i, (view, plot) in enumerate(zip(views, plots, strict=True)):
        across, down = (i, 0) if columns == 3 else (0, i)
        left, top = across * inner / columns, down * tall
        ax = page.axes(left + _LEFT, top + 2.4 * _ROW, room, _PANEL)
        plot(view, ax)
        _plain(ax)
        what = wrap(view.spec.endpoint, room + _LEFT, most=1)[0]
        page.write(left, top, f"{'abc'[i]}   {titles[i]}", weight="bold")
        page.write(left, top + _ROW, what)
    _key(page.axes(0, tall * (3 // columns), inner, key), names, look, inner)


def _competing(incidence: Result) -> list[str]:
    """Return what the events are called that compete with the first."""
    labels = incidence.labels.get("cause", {})
    causes = list(dict.fromkeys(incidence.frame["cause"]))[1:]
    return [within_sentence(clean(labels.get(cause, cause))) for cause in causes]


def _of_the_event(incidence: Result) -> Result:
    """Keep the curve of the endpoint itself: the first cause."""
    frame = incidence.frame
    own = frame[frame["cause"] == frame["cause"].iloc[0]].drop(columns="cause")
    return Result(own.reset_index(drop=True), replace(incidence.spec), incidence.labels)


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
                "{name}: {subjects}; at the last time {free} by Kaplan–Meier, {had} with the event "
                "by cumulative incidence, {between} by intervals",
                name=names[key], subjects=counted(int(free["n_risk"].iloc[0]), "subject"),
                free=shares[0], had=shares[1], between=shares[2],
            )
        )  # fmt: skip
    return sentences(sentence(titled(curve.spec.endpoint, curve)), *map(full_stop, parts))
