"""Response categories over visits, as stacked columns."""

from __future__ import annotations

from matplotlib.axes import Axes

from carstats.data.vocabulary import within_sentence
from carstats.report.figures.frame import Page, figure, panel
from carstats.report.figures.grid import grid
from carstats.report.figures.keys import draw_key, key_height
from carstats.report.figures.labels import abbreviations, stratum_names, titled
from carstats.report.format import count, number, percent
from carstats.report.style import GREY, INK, SIZE, SMALL, clean
from carstats.response.told import definitions_in
from carstats.result import Result
from carstats.words import in_words, sentence, sentences, tr

# What is no endpoint of the call has its own look; endpoints go from dark to light, best first.
_OTHER = {
    "response lost": "#D9822B",
    "no response": "#F4DCC2",
    "died": "#3A3A3A",
    "missing": "#BDBDBD",
    "not planned": "#FFFFFF",
    "not due": "#FFFFFF",
}
_HATCH = {"not planned": "xxx"}
_OUTLINED = ("not planned", "not due")
_BEST = ("#00304F", "#0072B2", "#7FB8DC", "#C6DDF0")
_COLUMN = 150.0


_COLUMNS = ("time", "category", "n", "n_event", "estimate")


@figure(*_COLUMNS)
def categories_figure(page: Page, result: Result) -> None:
    """Draw what `response_categories` returns: stacked columns, a panel for each stratum."""
    strata, names = result.strata(), stratum_names(result)
    shown = _shown(result)
    shapes = {_label(result, category): _shape(result, category) for category in shown}
    top = key_height(list(shapes), page.inner) + 4
    heads = [names[key] if result.by else "" for key, _ in strata]
    counts = [int(rows["n"].iloc[0]) for _, rows in strata]
    panels = grid(page, heads, numbers=counts, left=31.0, tall=_COLUMN, foot=2.2 * SIZE)
    title = titled(result.spec.endpoint, result)
    page.begin(
        top + panels.height + 1.4 * SIZE,
        title=title,
        notes=[
            _rules(result),
            tr("Numbers in the columns are subjects."),
            abbreviations(result),
        ],
        alt=sentences(tr("Stacked columns. {title}.", title=title), _alt(result, names)),
    )
    draw_key(page, 0, shapes)
    for i, (_, rows) in enumerate(strata):
        ax = panels.axes(page, top, i)
        _draw(ax, result, rows, shown)
        ax.set_ylabel("" if i % panels.across else tr("Subjects (%)"), labelpad=1)
        if not panels.last_of_column(i):
            ax.set_xlabel("")


@panel(*_COLUMNS)
def plot_categories(result: Result, ax: Axes) -> Axes:
    """Draw what `response_categories` returns without `by` on axes."""
    return _draw(ax, result, result.strata()[0][1], _shown(result))


def _shown(result: Result) -> list[str]:
    """Return the categories that somebody is in, the best first."""
    totals = result.frame.groupby("category", sort=False)["n_event"].sum()
    return [category for category, total in totals.items() if total or category not in _OTHER]


def _label(result: Result, category: str) -> str:
    return clean(result.labels.get("category", {}).get(category, category))


def _look(result: Result, category: str) -> str:
    if category in _OTHER:
        return _OTHER[category]
    endpoints = [c for c in dict.fromkeys(result.frame["category"]) if c not in _OTHER]
    return _BEST[min(endpoints.index(category), len(_BEST) - 1)]


def _shape(result: Result, category: str):
    """Return the shape of a category in the key."""
    def draw(ax: Axes, x: float, y: float) -> None:
        ax.barh(y, 13, 7.5, left=x, gid="key", **_fill(result, category))

    return draw


def _fill(result: Result, category: str) -> dict[str, object]:
    return {
        "facecolor": _look(result, category), "hatch": _HATCH.get(category), "linewidth": 0.4,
        "edgecolor": GREY if category in _OUTLINED else "white",
    }  # fmt: skip


def _draw(ax: Axes, result: Result, rows, shown: list[str]) -> Axes:
    days = list(dict.fromkeys(rows["time"]))
    # A number stands in a part that is as high as it.
    least = 1.02 * SMALL / (ax.get_window_extent().height * 72 / ax.get_figure().dpi)
    for x, day in enumerate(days):
        bottom = 0.0
        visit = rows[rows["time"] == day].set_index("category")
        for category in shown:
            share = float(visit.loc[category, "estimate"])
            if not share > 0:
                continue
            ax.bar(x, share, 0.78, bottom, **_fill(result, category))
            if share >= least:
                dark = category == "died" or _look(result, category) in _BEST[:2]
                paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
                ax.text(
                    x, bottom + share / 2, count(visit.loc[category, "n_event"]), ha="center",
                    va="center_baseline", color="white" if dark else INK, size=SMALL, gid="number",
                    bbox=paper if category in _HATCH else None,
                )  # fmt: skip
            bottom += share
    ax.set(xlim=(-0.55, len(days) - 0.45), ylim=(0, 1), yticks=[0, 0.25, 0.5, 0.75, 1])
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"])
    ax.set_xticks(range(len(days)), [number(day / 7, 0) for day in days])
    ax.set_xlabel(tr("Weeks since infusion"), labelpad=2)
    ax.tick_params(axis="x", length=0)
    if not rows["n"].iloc[0]:
        ax.text(0.5, 0.5, tr("no subjects"), transform=ax.transAxes, ha="center", color=GREY)
    return ax


def _rules(result: Result) -> str:
    """Say what each endpoint is in the diseases, where it is another one in each."""
    named: dict[str, list[str]] = {}
    for category, rows in result.frame.groupby("category", sort=False):
        for text in definitions_in(rows["note"].dropna()):
            label = _label(result, category)
            named.setdefault(text, []).append(within_sentence(label) if named else label)
    return sentences(
        *(sentence(tr("{name}: {text}", name=tr(", ").join(labels), text=in_words(text)))
          for text, labels in named.items())
    )  # fmt: skip


def _alt(result: Result, names: dict) -> str:
    words = []
    for key, rows in result.strata():
        for day in dict.fromkeys(rows["time"]):
            here = rows[(rows["time"] == day) & (rows["n_event"] > 0)]
            parts = (
                tr(
                    "{category} {rate}",
                    category=within_sentence(_label(result, row.category)),
                    rate=percent(row.estimate),
                )
                for row in here.itertuples()
            )
            words.append(
                tr(
                    "{name}, week {week}: {text}",
                    name=names[key],
                    week=number(day / 7, 0),
                    text=tr(", ").join(parts),
                )
            )
    return tr("{text}.", text=tr("; ").join(words))
