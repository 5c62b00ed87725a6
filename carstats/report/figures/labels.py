"""What figures call things: strata, levels, headings, abbreviations; and what they refuse."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.axes import Axes

from carstats.data.vocabulary import column_name
from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.format import sentence_list
from carstats.report.setting import setting
from carstats.report.style import clean
from carstats.report.tables.abbreviations import in_full
from carstats.response.told import definitions_in
from carstats.result import Result
from carstats.words import full_stop, in_words, sentence, tr

# Longer labels than this make room for the data by giving way to the study's own short name.
_LONG = 18


def require(result: Result, figure: str, *columns: str) -> None:
    """Raise unless a result has the columns that a figure draws."""
    if not isinstance(result, Result):
        raise CarstatsError(
            message(
                "{figure} draws a Result, not {given}.", figure=figure, given=type(result).__name__
            )
        )
    lacking = [column for column in (*result.by, *columns) if column not in result.frame]
    if lacking:
        raise CarstatsError(
            message(
                "{figure} needs the columns {names}, which this result of {analysis!r} does not"
                " have.",
                figure=figure,
                names=lacking,
                analysis=result.spec.analysis,
            )
        )


def require_one_row(result: Result, figure: str) -> None:
    """Raise unless a result has one row for each stratum."""
    if any(len(rows) != 1 for _, rows in result.strata()):
        raise CarstatsError(
            message(
                "{figure} draws one row for each stratum; this result of {analysis!r} has more.",
                figure=figure,
                analysis=result.spec.analysis,
            )
        )


def level_names(result: Result, column: str) -> dict[object, str]:
    """Return the printed name of each level of a column, short where the label is long."""
    given = result.labels.get(column, {})
    labels = {
        level: clean(given.get(level, level)) for level in dict.fromkeys(result.frame[column])
    }
    # All levels give way together: "SLE" beside "Systemic sclerosis" would read as two kinds; a
    # label that was asked for stays.
    asked = setting().named
    if max((len(labels[level]) for level in labels if level not in asked), default=0) <= _LONG:
        return labels
    return {
        level: clean(level) if len(clean(level)) < 0.7 * len(label) and level not in asked else label
        for level, label in labels.items()
    }


def stratum_names(result: Result) -> dict[tuple, str]:
    """Return the printed name of each stratum: its levels joined by a middle dot."""
    names = [level_names(result, column) for column in result.by]
    return {
        key: " · ".join(name[level] for name, level in zip(names, key, strict=True))
        or tr("All subjects")
        for key, _ in result.strata()
    }


def abbreviations(result: Result, columns: Iterable[str] | None = None) -> str:
    """Return the sentence that spells out a figure's short names; empty where it has none."""
    pairs = []
    for column in result.by if columns is None else columns:
        labels = result.labels.get(column, {})
        for level, name in level_names(result, column).items():
            label = clean(labels.get(level, level))
            if str(labels.get(level, level)).endswith(f"({name})"):
                # A label that ends in the abbreviation does not spell it out.
                label = in_full(name)
            if name != label:
                pairs.append(tr("{name}: {text}", name=name, text=label))
    return full_stop(tr("; ").join(dict.fromkeys(pairs)))


def rules_named(result: Result) -> str:
    """Say what the endpoint is in each disease, where it is another one in each; else nothing."""
    if "note" not in result.frame:
        return ""
    named = definitions_in(result.frame["note"].dropna())
    return sentence(tr("; ").join(map(in_words, named))) if named else ""


def texts_of(*results: Result) -> list[str]:
    """Return what a figure of these results may write, for the choice of its fonts."""
    # A result keeps the language that it was made in; the figure has words of the one set now.
    texts = ["–−≥…%·", tr("All subjects")]
    for result in results:
        texts += [result.caption(), result.spec.endpoint, result.spec.cohort]
        for column in result.frame.select_dtypes(exclude="number"):
            texts += [clean(value) for value in result.frame[column].dropna().unique()]
        texts += [clean(label) for labels in result.labels.values() for label in labels.values()]
    return texts


def titled(what: str, result: Result) -> str:
    """Return a heading with what a result is reported by: ``"Relapse by disease and target"``."""
    if not result.by:
        return what
    strata = sentence_list([column_name(column) for column in result.by])
    return tr("{what} by {strata}", what=what, strata=strata)


def plain_axes(ax: Axes) -> None:
    """Take everything off axes that are drawn on in points."""
    for side in ("top", "right", "bottom", "left"):
        ax.spines[side].set_visible(False)
    ax.set(xticks=[], yticks=[])
    ax.patch.set_visible(False)
