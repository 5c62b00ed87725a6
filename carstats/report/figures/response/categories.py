"""Response categories over visits, as stacked columns."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

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
from carstats.report.format import count, number, percent
from carstats.report.style import (
    GREY,
    INK,
    LINE_HEIGHT,
    PAGE_MM,
    SIZE,
    SMALL,
    clean,
    drawing,
    text_width,
    wrap,
)
from carstats.response.told import definitions_in
from carstats.words import in_words, sentence, sentences, tr
from carstats.result import Result
from carstats.data.vocabulary import within_sentence

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
_COLUMN, _LEAST = 150.0, 0.048
_ACROSS = 3


def categories_figure(
    result: Result, *, width: float = PAGE_MM, heading: str | None = None
) -> Figure:
    """Draw the subjects in each response category at each visit as stacked columns.

    Parameters
    ----------
    result : Result
        What `response_categories` returns; a panel for each stratum.
    width : float
        Width in millimetres: 85 for a column, 180 for a page.
    heading : str, optional
        The line above.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, its caption under it.

    Raises
    ------
    CarstatsError
        If the result has no categories.
    """
    require(result, "categories_figure", "time", "category", "n", "n_event", "estimate")
    with drawing([*texts_of(result), heading or ""]):
        inner = page_width(width) - 2 * MARGIN
        strata, names = result.strata(), stratum_names(result)
        across = min(len(strata), _ACROSS if inner > 320 else 1)
        down = -(-len(strata) // across)
        shown = _shown(result)
        labels = [wrap(_label(result, category), inner - 26, most=1)[0] for category in shown]
        legend = legend_rows(labels, inner)
        gap, left, foot = 14.0, 31.0, 3.2 * SIZE
        wide = (inner - left - gap * (across - 1)) / across
        heads = _panel_heads(result, names, wide)
        lines = max((len(head) for head in heads.values()), default=0)
        head = (2.4 + 1.2 * (lines - 1) if lines else 0.6) * SIZE
        panel = head + _COLUMN + foot
        top = legend * SIZE * LINE_HEIGHT * 1.15 + 6
        title = titled(result.spec.endpoint, result) if heading is None else heading
        sheet = Sheet(
            width,
            top + down * panel,
            heading=title,
            caption=sentences(
                result.caption(),
                _rules(result),
                tr("Numbers in the columns are subjects."),
                abbreviations(result),
            ),
            synthetic=result.spec.synthetic,
            alt=sentences(tr("Stacked columns. {title}.", title=title), _alt(result, names)),
        )
        for i, (key, rows) in enumerate(strata):
            row, column = divmod(i, across)
            ax = sheet.axes(
                MARGIN + left + column * (wide + gap), top + row * panel + head, wide, _COLUMN
            )
            _draw(ax, result, rows, shown)
            if result.by:
                ax.annotate(
                    "\n".join(heads[key]), (0, 1), xycoords="axes fraction", xytext=(0, 5),
                    textcoords="offset points", va="bottom", weight="bold", annotation_clip=False,
                    gid="name",
                )  # fmt: skip
            if column:
                ax.tick_params(labelleft=False)
            else:
                ax.set_ylabel(tr("Subjects (%)"), labelpad=1)
        handles = [_patch(result, category) for category in shown]
        sheet.figure.legend(
            handles, labels, loc="upper left", ncols=-(-len(labels) // legend), frameon=False,
            fontsize=SIZE, handlelength=1.2, handleheight=0.9, columnspacing=1.2,
            handletextpad=0.5, borderpad=0, borderaxespad=0, labelspacing=0.3,
            bbox_to_anchor=(MARGIN / sheet.width, 1 - sheet.top / sheet.height),
        )  # fmt: skip
    return sheet.figure


def plot_categories(result: Result, ax: Axes) -> Axes:
    """Draw the response categories of one stratum on axes.

    Parameters
    ----------
    result : Result
        What `response_categories` returns, without `by`.
    ax : matplotlib.axes.Axes
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.

    Raises
    ------
    CarstatsError
        If the result has no categories.
    """
    require(result, "plot_categories", "time", "category", "n", "n_event", "estimate")
    with drawing(texts_of(result)):
        return _draw(ax, result, result.strata()[0][1], _shown(result))


def _panel_heads(result: Result, names: dict, wide: float) -> dict[tuple, list[str]]:
    heads = {}
    for key, rows in result.strata() if result.by else ():
        name, n = names[key], count(rows["n"].iloc[0])
        lines = wrap(tr("{name} (N\u00a0=\u00a0{n})", name=name, n=n), wide, weight="bold")
        while len(lines) > 2 and name:
            # What is too long is cut before the number, which has no other place.
            name = name[:-1].rstrip()
            text = tr("{name} (N\u00a0=\u00a0{n})", name=f"{name}…", n=n)
            lines = wrap(text, wide, weight="bold")
        heads[key] = lines
    return heads


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


def _patch(result: Result, category: str) -> Patch:
    return Patch(
        facecolor=_look(result, category),
        edgecolor=GREY if category in _OUTLINED else "white", hatch=_HATCH.get(category), linewidth=0.4,
    )  # fmt: skip


def _draw(ax: Axes, result: Result, rows, shown: list[str]) -> Axes:
    days = list(dict.fromkeys(rows["time"]))
    for x, day in enumerate(days):
        bottom = 0.0
        visit = rows[rows["time"] == day].set_index("category")
        for category in shown:
            share = float(visit.loc[category, "estimate"])
            if not share > 0:
                continue
            colour = _look(result, category)
            ax.bar(
                x, share, 0.78, bottom, color=colour, hatch=_HATCH.get(category), linewidth=0.4,
                edgecolor=GREY if category in _OUTLINED else "white",
            )  # fmt: skip
            if share >= _LEAST:
                dark = category == "died" or (category not in _OTHER and colour in _BEST[:2])
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


def legend_rows(labels: list[str], inner: float, beside: float = 26.0) -> int:
    """Return in how many rows a legend fits, with so many points beside each label."""
    for rows in range(1, len(labels) + 1):
        across = -(-len(labels) // rows)
        # Matplotlib fills a legend by columns.
        columns = [labels[i * rows : (i + 1) * rows] for i in range(across)]
        wide = sum(max(map(text_width, column)) + beside for column in columns if column)
        if wide <= inner:
            return rows
    return len(labels)


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
