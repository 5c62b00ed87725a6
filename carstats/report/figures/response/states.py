"""The states of many subjects over time: the shares in response, drug-free, lost or dead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes

from carstats.messages import message
from carstats.report.figures.crowd import PLACES
from carstats.report.figures.frame import Page, x_unit
from carstats.report.figures.grid import grid
from carstats.report.figures.keys import Shape, draw_key, key_height
from carstats.report.figures.labels import abbreviations, stratum_names, titled
from carstats.report.format import count, counted, percent
from carstats.report.style import GREY, INK, RULE, SIZE, SMALL, looks
from carstats.result import Result
from carstats.words import caption, full_stop, in_words, sentences, tr

_LEFT = 34.0
_STEPS = (1, 2, 3, 6, 12, 24, 36, 60, 120)
_UNSEEN = ", not assessed since"
# From the bottom to the top, each with its fill: what covers another stands before it.
_FILLS = {
    "drug-free": "#14591D",
    "response": "#8CC474",
    "unseen": "#DCEBD3",
    "follow-up": "#C4C4C4",
    "ended": "white",
    "death": INK,
}


def draw_states(page: Page, result: Result, most: int) -> None:
    """Draw the shares of each stratum's subjects that are in each state, as areas over time."""
    names, shades, strata = stratum_names(result), looks(result), result.strata()
    strata = [(key, rows) for key, rows in strata if len(rows)]
    heads = [names[key] if result.by else "" for key, _ in strata]
    numbers = [rows["number"].nunique() for _, rows in strata]
    days, unit = x_unit(result)
    end = float(result.frame["stop"].max()) / days
    end = end if end > 0 else 1.0
    at = np.linspace(0.0, end, PLACES)
    shares = {key: _shares(rows, at * days) for key, rows in strata}
    shapes = _shapes(result, shares.values())
    panels = grid(page, heads, numbers=numbers, left=_LEFT, tall=150.0, foot=1.9 * SIZE)
    top = key_height(list(shapes), page.inner, SMALL) + 3
    shown = replace(result.spec, endpoint=message("Courses of the subjects"))
    page.begin(
        top + panels.height + 1.8 * SIZE,
        title=titled(shown.endpoint, result),
        caption=caption(shown),
        notes=[
            tr("The share of subjects in each state over time; more than {most} are not drawn one "
               "by one.", most=count(most)),
            abbreviations(result),
        ],
        alt=_alt(result, sum(numbers), shares, names),
    )  # fmt: skip
    draw_key(page, 0, shapes, SMALL)
    step = next((s for s in _STEPS if end / s <= max(panels.wide / 22, 2)), end)
    ticks = np.arange(0, end + 1e-9, step)
    for i, (key, _) in enumerate(strata):
        ax = panels.axes(page, top, i, color=shades[key].colour)
        _areas(ax, at, shares[key])
        ax.set(xlim=(0, end), ylim=(0, 1))
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.set_yticks([0, 0.5, 1], ["0", "50", "100"])
        ax.tick_params(labelbottom=panels.last_of_column(i), labelleft=i % panels.across == 0)
    middle = panels.left + (page.inner - panels.left) / 2
    page.write(middle, top + panels.height + 0.2 * SIZE, unit, ha="center", gid="x label")
    page.write(
        0, top + panels.head + (panels.height - panels.head - panels.foot) / 2, tr("Subjects (%)"),
        rotation=90, va="center", gid="y label",
    )  # fmt: skip


def _shares(rows, at: np.ndarray) -> dict[str, np.ndarray]:
    """Return the share in each state at each day; of several, that which covers the others."""
    numbers = np.unique(rows["number"])
    place = {state: i for i, state in enumerate(_FILLS)}
    state = np.full((numbers.size, at.size), place["ended"], np.int8)
    order = ("follow-up", f"response{_UNSEEN}", f"drug-free{_UNSEEN}", "response", "drug-free",
             "death")  # fmt: skip
    for item in order:
        mine = rows[rows["item"] == item]
        shown = place["unseen" if item.endswith(_UNSEEN) else item]
        who = np.searchsorted(numbers, mine["number"])
        first = np.searchsorted(at, mine["start"].to_numpy(float))
        last = np.searchsorted(at, mine["stop"].to_numpy(float), side="right")
        for i, start, stop in zip(who, first, last, strict=True):
            state[i, start : None if item == "death" else stop] = shown
    return {name: (state == i).mean(axis=0) for name, i in place.items()}


def _areas(ax: Axes, at: np.ndarray, shares: dict[str, np.ndarray]) -> None:
    below = np.zeros(at.size)
    for state, share in shares.items():
        if share.any():
            ax.fill_between(
                at, below, below + share, step="post", facecolor=_FILLS[state], linewidth=0,
                gid=state,
            )  # fmt: skip
        below = below + share
    ax.grid(axis="y", color=RULE, linewidth=0.4, zorder=0)


def _shapes(result: Result, shares) -> dict[str, Shape]:
    """Return the key: the states that occur, in the order in which they are stacked."""
    labels = result.labels.get("item", {})
    names = {state: in_words(labels.get(state, state)) for state in ("drug-free", "response")}
    names |= {
        "unseen": tr("Not assessed since"), "follow-up": tr("Followed, in neither"),
        "ended": tr("Follow-up ended"), "death": tr("Death"),
    }  # fmt: skip
    drawn = {state for own in shares for state, share in own.items() if share.any()}

    def shape(state: str) -> Shape:
        edge = GREY if state == "ended" else _FILLS[state]
        return lambda ax, x, y: ax.barh(
            y, 13, 7, left=x, facecolor=_FILLS[state], edgecolor=edge, linewidth=0.6, gid="key"
        )

    return {names[state]: shape(state) for state in _FILLS if state in drawn}


def _alt(result: Result, n: int, shares: dict, names: dict[tuple, str]) -> str:
    """Say what is in each state half-way through the time that is drawn."""
    parts = []
    for key, own in shares.items():
        middle = PLACES // 2
        text = tr(
            "half-way {response} in response, {free} drug-free",
            response=percent(own["response"][middle] + own["drug-free"][middle]),
            free=percent(own["drug-free"][middle]),
        )  # fmt: skip
        parts.append(tr("{name}: {text}", name=names[key], text=text) if result.by else text)
    title = titled(tr("Courses of {subjects}", subjects=counted(n, "subject")), result)
    return sentences(
        tr("Areas of {title}.", title=title), full_stop(tr("; ").join(parts))
    )  # fmt: skip
