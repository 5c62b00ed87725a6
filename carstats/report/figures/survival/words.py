"""What stands in words about survival curves: caption, medians, test, alternative text."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from carstats.data.vocabulary import within_sentence
from carstats.errors import CarstatsError
from carstats.messages import Joined, Message, found, mark, message
from carstats.report.figures.crowd import MOST, many_at_risk
from carstats.report.figures.labels import abbreviations, require, titled
from carstats.report.format import (
    DAYS_PER_MONTH,
    confidence,
    count,
    counted,
    number,
    p_of,
    percent,
    with_limits,
)
from carstats.report.style import text_width, wrap
from carstats.result import Result
from carstats.words import caption, full_stop, in_words, sentence, sentences, tr

FEW_AT_RISK = 5
# Behind a median that rests on fewer.
FEW_MARK = "†"
MOST_BANDS = 3


# The method lines of curves, as they are where the limits are not drawn.
_WITHOUT_LIMITS = {
    "Kaplan–Meier{aside}, {limits}": mark("Kaplan–Meier{aside}"),
    "Kaplan–Meier from day {day} on{group}{aside}, {limits}": mark(
        "Kaplan–Meier from day {day} on{group}{aside}"
    ),
    "Aalen–Johansen, {level} % pointwise beta-product limits": mark("Aalen–Johansen"),
    "Aalen–Johansen, {level} % pointwise mid-P beta-product limits": mark("Aalen–Johansen"),
    "Aalen–Johansen, {level} % pointwise log-log limits": mark("Aalen–Johansen"),
    "Aalen–Johansen, {level} % pointwise log limits": mark("Aalen–Johansen"),
    "Aalen–Johansen, {level} % pointwise plain limits": mark("Aalen–Johansen"),
    "Aalen–Johansen, {level} % pointwise arcsine limits": mark("Aalen–Johansen"),
    "Aalen–Johansen, {competing}, {limits}": mark("Aalen–Johansen, {competing}"),
    "Aalen–Johansen, {how}, {limits}": mark("Aalen–Johansen, {how}"),
    "{episodes}, Kaplan–Meier from onset, {limits}": mark("{episodes}, Kaplan–Meier from onset"),
    "Ghosh–Lin, death ends the episodes, {level} % pointwise limits with robust errors": mark(
        "Ghosh–Lin, death ends the episodes"
    ),
}


def caption_of(result: Result, *, limits: bool) -> str:
    """Return the method line of curves, without their limits where those are not drawn."""
    if limits:
        return result.caption()
    return caption(replace(result.spec, method=_without_limits(found(result.spec.method))))


def _without_limits(said: str) -> str:
    if isinstance(said, Joined):
        return Joined(map(_without_limits, said.parts), said.separator)
    if isinstance(said, Message) and said.key in _WITHOUT_LIMITS:
        return message(_WITHOUT_LIMITS[said.key], **said.values)
    return said


def notes_of(*results: Result, band: bool, ticks: bool = True, short: bool = True) -> list[str]:
    """Return the sentences that say what the lines and ticks of curves mean, of those drawn."""
    frames = [result.frame for result in results]
    later = [rows.iloc[1:] for result in results for _, rows in result.strata()]
    few = any((rows["n_risk"] < FEW_AT_RISK).any() for rows in later)
    ticks = ticks and any((frame["n_censor"] > 0).any() for frame in frames)
    crowd = ticks and many_at_risk(results[0])
    return [
        tr("Bands are pointwise limits.") if band else "",
        tr("Thin lines: simultaneous band.") if any("band_low" in f for f in frames) else "",
        tr("Of more than {most} subjects the censored are not marked.", most=count(MOST))
        if crowd else
        tr("Vertical ticks: censored.") if ticks else "",
        tr("Faded: fewer than five at risk.") if few else "",
        abbreviations(results[0]) if short else "",
    ]


def has_limits(result: Result, most: int) -> bool:
    """Return whether limits are drawn: of few curves, where there are any."""
    return len(result.strata()) <= most and bool(result.frame["conf_low"].notna().any())


def lines_of_medians(medians: Result | None, names: dict[tuple, str], room: float) -> list[str]:
    """Return the lines of medians above curves, broken between strata where that is possible."""
    if medians is None:
        return []
    require(medians, "survival_figure", "p", "n_risk", "estimate", "conf_low", "conf_high")
    parts = []
    for key, rows in medians.strata():
        row = rows[rows["p"] == 0.5]
        if row.empty or key not in names:
            raise CarstatsError(
                message("`medians` takes survival_quantile(…, p=0.5) of the strata drawn.")
            )
        name = f"{names[key]}\u00a0" if medians.by else ""
        parts.append(name + _reached(row.iloc[0]))
    few = medians.frame.loc[medians.frame["p"] == 0.5, "n_risk"] < FEW_AT_RISK
    if few.any():
        parts.append(tr("{mark} fewer than five at risk then", mark=FEW_MARK))
    level = confidence(medians.spec.conf_level)
    first, *others = parts
    lines = [tr("Median in months ({level}): {parts}", level=level, parts=first)]
    for part in others:
        longer = tr("; ").join((lines[-1], part))
        if text_width(longer) <= room:
            lines[-1] = longer
        else:
            lines[-1] += tr("; ").rstrip()
            lines.append(part)
    return [piece for line in lines for piece in wrap(line, room)]


def _reached(row: pd.Series) -> str:
    middle, low, high = (
        "NR" if value != value else number(value / DAYS_PER_MONTH)
        for value in (row["estimate"], row["conf_low"], row["conf_high"])
    )
    few = FEW_MARK if row["n_risk"] < FEW_AT_RISK else ""
    return with_limits(middle + few, f"{low}–{high}").replace(" (", "\u00a0(")


def words_of_test(test: Result | None) -> list[str]:
    """Return the line with the test above curves, if there is one."""
    if test is None:
        return []
    require(test, "survival_figure", "p_value", "statistic")
    if len(test.frame) != 1:
        raise CarstatsError(message("`test` takes one test of all strata, without pairwise=True."))
    name = in_words(test.spec.method)
    name = f"{name[:1].upper()}{name[1:]}"
    row = test.frame.iloc[0]
    why = row.get("note", "") if row["p_value"] != row["p_value"] else ""
    return [tr("{name}: {text}", name=name, text=in_words(why) or p_of(row))]


def alt_of(result: Result, names: dict[tuple, str]) -> str:
    """Return what survival curves show, for readers who do not see them."""
    parts = []
    for key, rows in result.strata():
        last = rows.dropna(subset=["estimate"]).tail(1)
        if last.empty:
            parts.append(tr("{name}: no subjects followed", name=names[key]))
            continue
        month = last["time"].iloc[0] / DAYS_PER_MONTH
        parts.append(
            tr(
                "{name}: {subjects}, {events}, {estimate} at the last time, month {month}",
                name=names[key],
                subjects=counted(int(rows["n_risk"].iloc[0]), "subject"),
                events=counted(int(rows["n_event"].sum()), "event"),
                estimate=percent(last["estimate"].iloc[0]),
                month=f"{month:.0f}",
            )
        )
    return curves_in_words(result, parts)


def curves_in_words(result: Result, parts: list[str]) -> str:
    """Return what curves show in words: of what, then what there is to say of each."""
    curves = tr("Curves of {endpoint}", endpoint=within_sentence(result.spec.endpoint))
    return sentences(sentence(titled(curves, result)), full_stop(tr("; ").join(parts)))
