"""Two verbs for every result: `plot` draws it, `tabulate` prints it as a table."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from carstats.errors import CarstatsError, check_choice, listed
from carstats.messages import message
from carstats.report.views import CURVES, FOREST, RATES, VIEWS, Views
from carstats.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from carstats.report.tables.files import Table

Results = Result | Sequence[Result] | Mapping[str, Any]
TIME_UNITS = ("days", "weeks", "months", "years")


def plot(
    result: Results,
    *,
    kind: str | None = None,
    width: float | str | None = None,
    style: str = "report",
    title: str | None = None,
    labels: Mapping[Any, str] | None = None,
    colors: Mapping[Any, str] | None = None,
    order: Sequence[Any] | None = None,
    time_unit: str | None = None,
    ax: Axes | None = None,
    **options: Any,
) -> Figure | Axes:
    """Draw the result of any analysis.

    Parameters
    ----------
    result : Result, list of Result, or dict
        What an analysis returned; several where its figure takes several, as landmark rates.
    kind : str, optional
        Which of an analysis's figures, such as ``"panels"`` of survival curves or ``"waterfall"``
        of scores; by default the usual one.
    width : float or str, optional
        Millimetres, or a name: ``"column"``, ``"page"``, ``"nature-1"``, ``"nature-2"``,
        ``"lancet-1"``, ``"lancet-2"``, ``"nejm-1"``, ``"nejm-2"``, ``"slide"``.
    style : {"report", "journal", "slide"}
        With title and caption; for a journal (type of 5 to 7 points, text that stays text, letters
        for panels, no title or caption, at most 170 mm high); for a slide (large type, 16:9).
    title : str, optional
        The line above.
    labels : dict, optional
        What levels are called, such as ``{"CD19": "CD19 CAR-T"}``.
    colors : dict, optional
        Colours of levels, as matplotlib takes them.
    order : list, optional
        Levels in the order wanted; the others follow.
    time_unit : {"days", "weeks", "months", "years"}, optional
        Of axes of time, for figures that have one.
    ax : matplotlib.axes.Axes, optional
        Draw the main panel alone, on these axes.
    **options
        What the figure takes besides: for survival curves ``medians``, ``test`` and ``under``
        (``"at risk"``, ``"events"``, ``"censored"``), for incidences ``until`` and ``under``.

    Returns
    -------
    matplotlib.figure.Figure or matplotlib.axes.Axes
        The figure, which Jupyter shows and ``savefig`` writes; with `ax` these axes.

    Raises
    ------
    CarstatsError
        If the analysis has no figure (the message says what does the work), or an option, a level
        or a colour is not known.

    Examples
    --------
    >>> curves = cs.survival_curve(cohort, "relapse_free_survival", by="target")
    >>> figure = cs.plot(curves, width="page", labels={"CD19": "CD19 CAR-T"})
    """
    from carstats.report import figures
    from carstats.report.style import drawing

    views = _views(result)
    if time_unit is not None:
        time_unit = check_choice("time_unit", time_unit, TIME_UNITS)
    _check_levels("labels", labels or (), _first(result))
    _check_levels("order", order := _listed(order), _first(result))
    shown, options = _given(result, options, lambda each: _relabelled(each, labels, order))
    colours = _colours(list(_each(shown)), colors)
    if not views.figures:
        raise CarstatsError(
            message(
                "{analysis} has no figure: {instead}.",
                analysis=_first(result).spec.analysis,
                instead=message(views.instead),
            )
        )
    named = frozenset(labels or ())
    with drawing(colours=colours, time_unit=time_unit, named=named):
        if ax is not None:
            return _on_axes(figures, views, shown, ax, title, options, width, style)
        name = views.figures[_kind(views, kind, shown)]
        draw = getattr(figures, name)
        if name == "trials_figure" and isinstance(shown, Result):
            shown = {str(shown.spec.endpoint): shown}
        _check_options(draw, options)
        return draw(shown, width=width, style=style, heading=title, **options)


def tabulate(
    result: Result,
    *,
    title: str | None = None,
    labels: Mapping[Any, str] | None = None,
    order: Sequence[Any] | None = None,
    **options: Any,
) -> Table:
    """Return the result of any analysis as a table.

    Parameters
    ----------
    result : Result
        What an analysis returned. A curve is read off at round days; with ``medians`` (what
        `survival_quantile` returns) and ``at``, ``followup``, ``means``, ``test`` or ``ratios``
        survival curves become the summary of a time to an event.
    title : str, optional
        The heading; by default the endpoint.
    labels : dict, optional
        What levels are called, such as ``{"CD19": "CD19 CAR-T"}``.
    order : list, optional
        Levels in the order wanted; the others follow.
    **options
        What the table takes besides, such as ``overall`` for rates.

    Returns
    -------
    Table
        ``table.save("x.docx")`` writes it, as ``.docx``, ``.html``, ``.tex``, ``.rtf`` or ``.csv``;
        Jupyter shows it.

    Raises
    ------
    CarstatsError
        If it is not a result, or an option or a level is not known.

    Examples
    --------
    >>> rates = cs.response_rate(cohort, "response", by="target")
    >>> path = cs.tabulate(rates).save("response.docx")
    """
    from carstats.report import tables

    if not isinstance(result, Result):
        raise _no_result(result)
    views = _views(result)
    _check_levels("labels", labels or (), _first(result))
    _check_levels("order", order := _listed(order), _first(result))
    shown, options = _given(result, options, lambda each: _relabelled(each, labels, order))
    name = views.table
    if views is CURVES and "medians" in options:
        name, options["quantiles"] = "tabulate_times", options.pop("medians")
    elif name == "tabulate_times":
        shown, options = None, {"quantiles": shown, **options}
    make = getattr(tables, name)
    _check_options(make, options)
    return make(shown, title=title, **options)


def _each(result: Any) -> Iterable[Result]:
    """Yield every result among what was given."""
    if isinstance(result, Result):
        yield result
    elif isinstance(result, Mapping):
        for each in result.values():
            yield from _each(each)
    elif isinstance(result, list | tuple):
        for each in result:
            yield from _each(each)


def _first(result: Any) -> Result:
    return next(iter(_each(result)))


def _views(result: Any) -> Views:
    found = list(_each(result))
    if not found:
        raise _no_result(result)
    return VIEWS.get(found[0].spec.analysis, FOREST)


def _no_result(given: Any) -> CarstatsError:
    return CarstatsError(
        message(
            "`result` is {given}; it takes what an analysis such as survival_curve() returns.",
            given=type(given).__name__,
        )
    )


def _given(
    result: Any, options: dict[str, Any], change: Callable[[Result], Result]
) -> tuple[Any, dict[str, Any]]:
    """Change every result that was given, in whatever it was given."""

    def changed(value: Any) -> Any:
        if isinstance(value, Result):
            return change(value)
        if isinstance(value, Mapping):
            return {name: changed(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(changed, value))
        return value

    return changed(result), {name: changed(value) for name, value in options.items()}


def _levels(result: Result) -> dict[str, list[Any]]:
    """Return by its column the levels of a result that have names."""
    columns = [c for c in dict.fromkeys([*result.by, *result.labels]) if c in result.frame]
    columns += [c for c in ("term", "cause") if c in result.frame and c not in columns]
    return {column: list(dict.fromkeys(result.frame[column])) for column in columns}


def _check_levels(argument: str, given: Iterable[Any], result: Result) -> None:
    known = [level for levels in _levels(result).values() for level in levels]
    unknown = [level for level in given if level not in known]
    if unknown:
        raise CarstatsError(
            message(
                "`{argument}` names {unknown}, which this result of {analysis!r} does not have. "
                "It has: {known}.",
                argument=argument,
                unknown=listed(unknown),
                analysis=result.spec.analysis,
                known=listed(known) or message("none"),
            )
        )


def _listed(order: Sequence[Any] | None) -> list[Any]:
    return [order] if isinstance(order, str) else list(order or ())


def _relabelled(result: Result, labels: Mapping[Any, str] | None, order: list[Any]) -> Result:
    """Return a result with other names of its levels, and those in another order."""
    known = _levels(result)
    named = {
        column: {level: labels[level] for level in levels if level in labels}
        for column, levels in known.items()
        if labels
    }
    merged = {column: {**result.labels.get(column, {}), **names} for column, names in named.items()}
    frame = result.frame
    touched = [column for column, levels in known.items() if set(order) & set(levels)]
    if touched:
        # Strata keep together: the columns before keep their order.
        columns = [c for c in known if c in result.by or c in touched]
        ranks = {}
        for column in columns:
            levels = known[column]
            first = [level for level in order if level in levels]
            ranked = [*first, *(level for level in levels if level not in first)]
            ranks[column] = frame[column].map({level: i for i, level in enumerate(ranked)})
        places = frame[[]].assign(**ranks).sort_values(columns, kind="stable").index
        frame = frame.loc[places].reset_index(drop=True)
    return replace(result, frame=frame, labels={**result.labels, **merged})


def _colours(results: Sequence[Result], colors: Mapping[Any, str] | None) -> Mapping[Any, str]:
    if not colors:
        return {}
    from matplotlib.colors import is_color_like

    _check_levels("colors", colors, results[0])
    wrong = [colour for colour in colors.values() if not is_color_like(colour)]
    if wrong:
        raise CarstatsError(
            message(
                "`colors` has {wrong}, not a colour of matplotlib, such as '#0072B2'.",
                wrong=listed(wrong),
            )
        )
    return dict(colors)


def _kind(views: Views, kind: str | None, result: Any) -> str:
    """Return which figure of an analysis is drawn: the usual one, or what the result has."""
    if kind is not None:
        return check_choice("kind", kind, tuple(views.figures))
    first = _first(result)
    usual, *others = views.figures
    several = any(len(rows) > 1 for _, rows in first.strata())
    if usual == "curves" and "panels" in others and len(first.by) == 2:
        return "panels"
    if "windows" in others and "window_start" in first.frame:
        return "windows"
    if usual == "differences" and not _is_difference(first):
        return "forest"
    if views is RATES and several:
        return "heat map"
    return usual


def _is_difference(result: Result) -> bool:
    return result.spec.options.get("contrast", "difference") == "difference"


def _on_axes(
    figures: Any, views: Views, result: Any, ax: Any, title: str | None, options: dict[str, Any],
    width: Any, style: str,
) -> Axes:  # fmt: skip
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise CarstatsError(
            message("`ax` is {given}; it takes matplotlib axes.", given=type(ax).__name__)
        )
    if width is not None or style != "report":
        raise CarstatsError(
            message("`width` and `style` are of whole figures; with `ax` the axes have their own.")
        )
    if not views.panel or not isinstance(result, Result):
        raise CarstatsError(
            message(
                "the figure of {analysis} is no single panel: leave out `ax`.",
                analysis=_first(result).spec.analysis,
            )
        )
    draw = getattr(figures, views.panel)
    _check_options(draw, options)
    draw(result, ax, **options)
    if title:
        ax.set_title(title)
    return ax


def _check_options(draw: Callable[..., Any], options: Mapping[str, Any]) -> None:
    parameters = list(inspect.signature(draw).parameters)[1:]
    known = [
        name for name in parameters if name not in ("ax", "heading", "width", "style", "title")
    ]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise CarstatsError(
            message(
                "{figure} does not take {unknown}; it takes: {known}.",
                figure=draw.__name__,
                unknown=listed(unknown),
                known=listed(known) or message("none"),
            )
        )
