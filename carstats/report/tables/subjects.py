"""Tables of subjects: who they are, how many stay in, and how many had an outcome."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pandas as pd

from carstats.errors import CarstatsError, check_choice
from carstats.messages import message
from carstats.report.format import (
    confidence,
    count,
    incidence,
    interval,
    number,
    percent,
    rate,
    with_limits,
)
from carstats.report.tables.abbreviations import spelled_out
from carstats.report.tables.characteristics import (
    STATISTICS,
    characteristic_rows,
    digits_of,
    levels_apart,
    stacked_rows,
)
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.report.tables.parts import (
    Marks,
    check_columns,
    column_title,
    footnoted,
    fraction,
    is_synthetic,
    level_label,
    sentence_table,
    stratum_heads,
)
from carstats.result import Result
from carstats.words import tr

# Results with these columns are not of rates, or not of rates alone.
_OTHER = {
    "alpha_n", "contrast", "n_trials", "p", "raw_estimate", "row", "subject_years", "time", "trial",
}  # fmt: skip
# More columns of medians with their quartiles than this leave no room for the names of the rows.
_BESIDE = 7


def tabulate_baseline(
    result: Result,
    overall: Result | None = None,
    *,
    statistics: Iterable[str] = STATISTICS,
    labels: Mapping[str, str] | None = None,
    title: str | None = None,
) -> Table:
    """Return Table 1: rows by characteristic, a column per stratum.

    Parameters
    ----------
    result : Result
        What `baseline_table` returns.
    overall : Result, optional
        The same variables of all subjects, without `by`: a first column. What `by` names is left
        out of it.
    statistics : list of {"mean", "median", "range"}
        What is printed of numbers: mean (SD), median [quartiles], range; in this order.
    labels : mapping, optional
        What variables are called, such as ``{"crp": "CRP, mg/L"}``; the others have their own name.
    title : str, optional
        The heading; by default the endpoint.

    Returns
    -------
    Table
        With more than seven columns of numbers the strata stand below each other.

    Raises
    ------
    CarstatsError
        If a result is not one of baseline characteristics, the two have other variables, or
        `labels` names a variable that they do not have.
    """
    results = [result] if overall is None else [overall, result]
    for each in results:
        check_columns(
            each, "tabulate_baseline", message("what {names} returns", names="baseline_table"),
            {"variable", "kind", "level", "median"},
        )  # fmt: skip
    shown = [statistics] if isinstance(statistics, str) else list(statistics)
    shown = [check_choice("statistics", name, STATISTICS) for name in shown]
    named = dict(labels or {})
    variables = {name for each in results for name in each.frame["variable"]}
    if unknown := sorted(set(named) - variables):
        raise CarstatsError(
            message(
                "`labels` names {unknown}; the variables are {known}.",
                unknown=unknown,
                known=sorted(variables),
            )
        )
    title = title or tr("Baseline characteristics")
    heads, columns, lines = [], [], []
    # One count of decimals for a characteristic, whatever the spread in a stratum.
    numbers = pd.concat([each.frame for each in results]).groupby("variable")
    digits = {name: digits_of(rows) for name, rows in numbers}
    for each in results:
        names = stratum_heads(each)
        for key, rows in each.strata():
            cells = [
                cell
                for name, group in rows.groupby("variable", sort=False)
                # What the others are split by is a characteristic of all subjects together.
                if name not in result.by
                for cell in characteristic_rows(
                    each, named.get(name) or column_title(str(name)), group, shown, *digits[name]
                )
            ]
            lines = lines or [cell[:3] for cell in cells]
            if [cell[:3] for cell in cells] != lines:
                raise CarstatsError(
                    message("`overall` and `result` have other variables or levels.")
                )
            heads.append(names[key])
            columns.append([cell[3] for cell in cells])
    if not lines:
        return sentence_table(title, tr("No characteristic was recorded."), results)
    if "smd" in result.frame and len(heads) < _BESIDE:
        heads.append(tr("SMD"))
        columns.append(levels_apart(result, lines, named))
    # A line of the missing stands only where some stratum lacks a value.
    kept = [
        i for i, line in enumerate(lines)
        if not line[2] or any(column[i] not in ("0", "") for column in columns)
    ]  # fmt: skip
    if len(heads) <= _BESIDE:
        rows = tuple(
            Row((lines[i][1], *(column[i] for column in columns)), lines[i][0], 1) for i in kept
        )
    else:
        rows, heads = stacked_rows(heads, columns, lines, kept), [tr("Summary")]
    whole = set(shown) == set(STATISTICS)
    notes = footnoted([result], rows, "" if whole else tr("%: of those known."), method=whole)
    table = Table(
        title,
        (tr("Characteristic"), *heads),
        rows,
        notes=notes,
        synthetic=is_synthetic(*results),
    )
    return spelled_out(table)


def tabulate_attrition(result: Result, *, title: str | None = None) -> Table:
    """Return the flow of subjects: a row per criterion.

    Parameters
    ----------
    result : Result
        What ``cohort.flow()`` returns.
    title : str, optional
        The heading.

    Returns
    -------
    Table
        Strata, if any, as headings.

    Raises
    ------
    CarstatsError
        If the result is not a flow.
    """
    names = ("n_before", "n_left_out", "n_missing", "n_after")
    check_columns(result, "tabulate_attrition", message("a flow"), {"criterion", *names})
    rows = []
    for key, part in result.strata():
        for line in part.to_dict("records"):
            text = tr(str(line["criterion"]))
            cells = (text[:1].upper() + text[1:], *(count(line[name]) for name in names))
            rows.append(Row(cells, result.label(key) if key else "", int(bool(key))))
    heads = (tr("Criterion"), tr("Before"), tr("Number left out"), tr("Of these, value missing"))
    table = Table(
        title or tr("Flow of subjects"),
        (*heads, tr("After")),
        tuple(rows),
        notes=footnoted([result], rows, tr("Each column counts subjects.")),
        synthetic=result.spec.synthetic,
    )
    return spelled_out(table)


def tabulate_rates(
    result: Result, overall: Result | None = None, *, title: str | None = None
) -> Table:
    """Return rates: a row per stratum with n/N, the rate and its interval.

    Parameters
    ----------
    result : Result
        What `response_rate`, `toxicity_rate` or another function of rates returns.
    overall : Result, optional
        The same rate of all subjects, without `by`: a first row.
    title : str, optional
        The heading; by default the endpoint.

    Returns
    -------
    Table
        The first column of `by` as headings where there are several; where the result has them,
        also the missing and the rate of the evaluable.

    Raises
    ------
    CarstatsError
        If the result has no rates of subjects, or `overall` is not one rate of the same kind.
    """
    check_columns(
        result, "tabulate_rates", message("rates"),
        {"n", "n_event", "estimate", "conf_low", "conf_high"},
    )  # fmt: skip
    frame = result.frame
    if _OTHER & set(frame):
        raise CarstatsError(
            message("tabulate_rates prints rates, not {analysis!r}.", analysis=result.spec.analysis)
        )
    title = title or result.spec.endpoint
    if frame.empty:
        return sentence_table(title, tr("Nobody is counted here."), [result])
    names = [*result.by]
    names += ["term"] if "term" in frame and len(set(frame["term"])) > 1 else []
    named = [
        (column_title(c), [level_label(result, c, v) for v in frame[c]])
        for c in dict.fromkeys(names)
    ]
    if "window_start" in frame:
        days = zip(frame["window_start"], frame["window_end"], strict=True)
        named.append((tr("Onset, days"), [_window(*window) for window in days]))
    groups = named.pop(0)[1] if len(named) > 1 else [""] * len(frame)
    named = named or [("", [tr("All subjects")] * len(frame))]
    if overall is not None:
        kinds = {(r.spec.analysis, r.spec.endpoint, r.spec.population) for r in (overall, result)}
        if len(kinds) > 1 or len(overall.frame) != 1:
            raise CarstatsError(
                message("`overall` is the rate of `result` in one row, without `by`.")
            )
        groups = ["", *groups]
        # The name stands in the first column; a second one, such as of days, says nothing of it.
        first = [tr("All subjects"), *[""] * (len(named) - 1)]
        named = [(head, [a, *texts]) for a, (head, texts) in zip(first, named, strict=True)]
        frame = pd.concat([overall.frame, frame], ignore_index=True)[list(frame)]
        result = replace(result, frame=frame)
    counted, *notes = _counted(result)
    columns = [*named, *counted]
    if "n_missing" in frame:
        columns.append((tr("Missing"), [count(n) for n in frame["n_missing"]]))
        notes.append(_missing_note(result))
    if "n_evaluable" in frame and not (frame["n"] == frame["n_evaluable"]).all():
        of_these = [percent(part) for part in frame["estimate_evaluable"]]
        columns.append((tr("Evaluable"), [count(n) for n in frame["n_evaluable"]]))
        columns.append((tr("Rate of the evaluable"), of_these))
    marks = Marks()
    letters = [marks.add(note) for note in frame["note"]] if "note" in frame else [""] * len(frame)
    rows = tuple(
        Row(cells, group, int(bool(group)), letter)
        for cells, group, letter in zip(
            zip(*(texts for _, texts in columns), strict=True), groups, letters, strict=True
        )
    )
    table = Table(
        title,
        tuple(head for head, _ in columns),
        rows,
        notes=footnoted([result], rows, *notes),
        marked=tuple(marks.notes),
        align=("left",) * len(named) + ("right",) * (len(columns) - len(named)),
        synthetic=result.spec.synthetic,
    )
    return spelled_out(table)


def _counted(result: Result) -> tuple:
    """Return the columns of counts and rates, each its head and texts, and what they count."""
    frame, level = result.frame, confidence(result.spec.conf_level)
    limits = list(zip(*(frame[c] for c in ("estimate", "conf_low", "conf_high")), strict=True))
    if "person_years" in frame:
        per = count(result.spec.options.get("per", 1))
        name = tr("Events per person-year")
        if per != "1":
            name = tr("Events per {n} person-years", n=per)
        columns = [
            (tr("Subjects"), [count(n) for n in frame["n"]]),
            (tr("Events"), [count(n) for n in frame["n_event"]]),
            (tr("Person-years"), [number(years) for years in frame["person_years"]]),
            (with_limits(name, level), [incidence(*row) for row in limits]),
        ]
        return (columns,)
    bounded = "n_possible" in frame
    most = frame["n_possible"] if bounded else [None] * len(frame)
    possible = frame["estimate_possible"] if bounded else [None] * len(frame)
    of_all = [fraction(*row) for row in zip(frame["n_event"], frame["n"], most, strict=True)]
    rates = [rate(*row, possible=more) for row, more in zip(limits, possible, strict=True)]
    columns = [(tr("n/N"), of_all), (with_limits(tr("Rate"), level), rates)]
    if "n_not_eligible" in frame:
        columns.append((tr("Not yet followed"), [count(n) for n in frame["n_not_eligible"]]))
        return columns, tr(
            "n: subjects known to be free of the event at the day; N: those asked about it."
        )
    if "n_evaluable" in frame:
        return columns, tr("n: subjects with the outcome; N: subjects counted.")
    return columns, tr("n: subjects with the event; N: subjects counted.")


def _missing_note(result: Result) -> str:
    """Return how the missing were counted."""
    if "n_not_eligible" in result.frame:
        return tr(
            "Missing: subjects lost before the day without the event, counted as not known to be "
            "free."
        )
    if result.spec.analysis == "toxicity_rate":
        return tr(
            "Missing: subjects who may have had the event, of unknown grade, day of onset or "
            "occurrence. n and the rate reach from what is proven to what is possible."
        )
    how = result.spec.options.get("missing")
    if result.spec.analysis == "score_responder_rate" and how == "failure":
        if result.spec.options["change"] == "worsening":
            return tr("Missing: subjects without a baseline or a value, counted as worse.")
        return tr("Missing: subjects without a baseline or a value, counted as not better.")
    if how == "failure" and result.spec.options.get("population") != "evaluable":
        return tr("Missing: subjects without an evaluable assessment, counted as without response.")
    if how == "bounds":
        return tr(
            "Missing: subjects without an evaluable assessment, counted as failures in the worst "
            "case and as responses in the best."
        )
    if how is not None:
        return tr("Missing: subjects without an evaluable assessment, left out of N.")
    return tr("Missing: subjects whose outcome is not known.")


def _window(low: float, high: float) -> str:
    if math.isinf(high):
        return tr("{low} or later", low=number(low, 0))
    return interval(low, high, 0)
