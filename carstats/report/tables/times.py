"""The table of a time to an event: subjects, events, follow-up, times, landmarks and ratios."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from carstats.errors import CarstatsError
from carstats.messages import found, key_of, message, notes_in
from carstats.report.format import (
    DAYS_PER_MONTH,
    NONE,
    confidence,
    count,
    interval,
    landmark,
    month_count,
    p_number,
    p_of,
    p_value,
    percent,
    rate,
    ratio,
    sentence_list,
    with_limits,
)
from carstats.report.tables.abbreviations import spelled_out
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row, Spanner
from carstats.report.tables.parts import (
    Marks,
    check_columns,
    column_title,
    footnoted,
    fraction,
    is_synthetic,
    sentence_table,
    stratum_heads,
)
from carstats.result import Result
from carstats.words import sentence, tr

# The note of a quantile that the curve does not come to.
_NOT_REACHED = "not reached"
# Strata stand beside each other up to here, and below each other beyond.
_BESIDE = 5


def tabulate_times(
    curves: Result | None = None,
    *,
    quantiles: Result,
    at: Result | None = None,
    followup: Result | None = None,
    means: Result | None = None,
    test: Result | None = None,
    ratios: Result | None = None,
    at_risk: bool = False,
    title: str | None = None,
) -> Table:
    """Return the summary of a time to an event: a column per stratum, times in months.

    Parameters
    ----------
    curves : Result, optional
        What `survival_curve` returns: checked to be of the same endpoint and strata.
    quantiles : Result
        What `survival_quantile` returns: subjects, events, the median or other quantiles.
    at : Result, optional
        What `survival_at` or `landmark_rate` returns: the share free of the event at days.
    followup : Result, optional
        What `followup_time` returns.
    means : Result, optional
        What `restricted_mean` returns.
    test : Result, optional
        What `logrank_test` returns; stands in a footnote.
    ratios : Result, optional
        What `cox_regression` returns with the strata's column as a covariate.
    at_risk : bool
        Whether to print the numbers at risk on the days of `at`.
    title : str, optional
        The heading; by default the endpoint.

    Returns
    -------
    Table
        With more than five strata each is a row and the measures are columns.

    Raises
    ------
    CarstatsError
        If a result is of another kind, of other strata, or of another endpoint.
    """
    wanted = {
        "curves": (curves, "survival_curve", {"time", "n_risk", "n_censor", "estimate"}),
        "quantiles": (quantiles, "survival_quantile", {"p", "n", "n_event", "estimate"}),
        "at": (at, "survival_at", {"time", "n_risk", "estimate", "conf_low"}),
        "followup": (followup, "followup_time", {"n_censor", "q1", "q3", "estimate"}),
        "means": (means, "restricted_mean", {"time", "estimate", "std_error"}),
        "test": (test, "logrank_test", {"contrast", "statistic", "df", "p_value"}),
        "ratios": (ratios, "cox_regression", {"term", "contrast", "estimate", "ph_p_value"}),
    }
    given = {name: row for name, row in wanted.items() if row[0] is not None}
    for name, (result, maker, columns) in given.items():
        check_columns(
            result,
            f"tabulate_times(…, {name})",
            message("what {names} returns", names=maker),
            columns,
        )
        if result.spec.options.get("endpoint") != quantiles.spec.options.get("endpoint"):
            raise CarstatsError(
                message(
                    "`{name}` is of {endpoint!r} and `quantiles` of {other!r}; a table is of one "
                    "endpoint.",
                    name=name,
                    endpoint=result.spec.endpoint,
                    other=quantiles.spec.endpoint,
                )
            )
        if name in ("curves", "at", "followup", "means") and result.by != quantiles.by:
            raise CarstatsError(
                message(
                    "`{name}` is by {by} and `quantiles` by {other}.",
                    name=name,
                    by=result.by,
                    other=quantiles.by,
                )
            )
    results = [row[0] for row in given.values()]
    title = title or tr("{endpoint}: summary", endpoint=quantiles.spec.endpoint)
    strata = quantiles.strata()
    if not strata or not sum(rows["n"].iloc[0] for _, rows in strata):
        return sentence_table(title, tr("Nobody is counted here."), results)
    marks = Marks()
    beside = len(strata) <= _BESIDE
    lines = _lines(quantiles, at, followup, means, beside, at_risk)
    if ratios is not None:
        lines += _ratio_lines(ratios, quantiles, marks)
    heads = stratum_heads(quantiles)
    letters = {
        key: marks.add(*_once([n for r in (quantiles, at, followup) for n in _notes(r, key)]))
        for key, _ in strata
    }
    if beside:
        rows = tuple(
            Row((name, *(text(key) for key, _ in strata)), group, int(bool(group)))
            for group, name, text in lines
        )
        table_heads = ("", *heads.values())
        head_marks, spanners = ("", *letters.values()), ()
    else:
        rows = tuple(
            Row((quantiles.label(key), *(text(key) for _, _, text in lines)), marks=letters[key])
            for key, _ in strata
        )
        table_heads, head_marks = ("", *(name for _, name, _ in lines)), ()
        groups = [group for group, _, _ in lines]
        spanners = tuple(
            Spanner(group, 1 + groups.index(group), groups.index(group) + groups.count(group))
            for group in dict.fromkeys(groups)
            if group
        )
    # The test's method stands with its p-value.
    told = [result for result in results if result is not test]
    table = Table(
        title,
        table_heads,
        rows,
        notes=footnoted(
            told, rows, *_explained(quantiles, ratios, test, ranged=beside and followup is not None)
        ),
        spanners=spanners,
        marked=tuple(marks.notes),
        head_marks=head_marks,
        synthetic=is_synthetic(*results),
    )
    return spelled_out(table)


_Line = tuple[str, str, Callable[[tuple], str]]


def _lines(
    quantiles: Result,
    at: Result | None,
    followup: Result | None,
    means: Result | None,
    beside: bool,
    at_risk: bool,
) -> list[_Line]:
    """Return the rows as their heading, their name, and what they say of a stratum."""
    counts = _rows_by(quantiles)
    lines: list[_Line] = [("", tr("Events, n/N"), lambda key: _events(counts[key].iloc[0]))]
    if quantiles.frame["n_missing"].any():
        lines.append(
            ("", tr("Without a record"), lambda key: count(counts[key]["n_missing"].iloc[0]))
        )
    if followup is not None:
        group, found = tr("Follow-up, months"), _rows_by(followup)
        name = with_limits(tr("Median"), confidence(followup.spec.conf_level))
        lines.append((group, name, lambda key: _months(found[key].iloc[0])))
        # A column has less room than a row.
        for title, *ends in ((tr("Quartiles"), "q1", "q3"), (tr("Range"), "low", "high")) * beside:
            lines.append((group, title, lambda key, e=ends: _span(found[key].iloc[0], *e)))
    group = tr("Time to the event, months")
    level = confidence(quantiles.spec.conf_level)
    for place, p in enumerate(dict.fromkeys(quantiles.frame["p"])):
        name = tr("Median") if p == 0.5 else tr("{share} have had it", share=percent(p))
        lines.append(
            (group, with_limits(name, level), lambda key, i=place: _months(counts[key].iloc[i]))
        )
    if means is not None:
        found_means, days = _rows_by(means), dict.fromkeys(means.frame["time"])
        level = confidence(means.spec.conf_level)
        for place, day in enumerate(days):
            name = with_limits(tr("Restricted mean to {time}", time=landmark(day)), level)
            lines.append((group, name, lambda key, i=place: _months(found_means[key].iloc[i])))
    if at is not None:
        found_at, days = _rows_by(at), dict.fromkeys(at.frame["time"])
        known = at.spec.analysis == "landmark_rate"
        endpoint = quantiles.spec.endpoint
        group = tr("{endpoint} at", endpoint=endpoint)
        group = tr("{endpoint}, known, at", endpoint=endpoint) if known else group
        level = confidence(at.spec.conf_level)
        for place, day in enumerate(days):
            name = with_limits(landmark(day), level)
            lines.append((group, name, lambda key, i=place: _rate(found_at[key].iloc[i])))
        group = tr("Number at risk at")
        for place, day in enumerate(days if at_risk else ()):
            lines.append(
                (group, landmark(day), lambda key, i=place: count(found_at[key]["n_risk"].iloc[i]))
            )
    return lines


def _ratio_lines(ratios: Result, quantiles: Result, marks: Marks) -> list[_Line]:
    """Return the rows of the hazard ratios and their p-values."""
    column = quantiles.by[0] if len(quantiles.by) == 1 else None
    frame = ratios.frame[ratios.frame["term"] == column]
    values = [key[0] for key, _ in quantiles.strata()] if column else []
    pairs = {f"{a} / {b}": (a, b) for a in values for b in values}
    unknown = [contrast for contrast in frame["contrast"] if contrast not in pairs]
    if frame.empty or unknown:
        raise CarstatsError(
            message(
                "`ratios` has no hazard ratios of the strata; give cox_regression the one "
                "column of `by` as a covariate."
            )
        )
    rows = {pairs[row["contrast"]][0]: row for row in frame.to_dict("records")}
    references = {pairs[contrast][1] for contrast in frame["contrast"]}

    def text(key: tuple) -> str:
        if key[0] in references:
            return tr("1 (reference)")
        row = rows.get(key[0])
        return NONE if row is None else ratio(row["estimate"], row["conf_low"], row["conf_high"])

    def p_text(key: tuple) -> str:
        row = rows.get(key[0])
        return NONE if row is None else p_number(row["p_value"])

    for note in dict.fromkeys(frame["note"]):
        marks.add(note)
    group = tr("Cox regression")
    name = with_limits(tr("Hazard ratio"), confidence(ratios.spec.conf_level))
    return [(group, name, text), (group, tr("p value"), p_text)]


def _rows_by(result: Result) -> dict[tuple, pd.DataFrame]:
    return dict(result.strata())


def _events(row: pd.Series) -> str:
    return fraction(row["n_event"], row["n"])


def _months(row: pd.Series) -> str:
    if not row["n"]:
        return NONE
    return month_count(row["estimate"], row["conf_low"], row["conf_high"])


def _span(row: pd.Series, low: str, high: str) -> str:
    if not row["n"]:
        return NONE
    ends = (row[name] / DAYS_PER_MONTH for name in (low, high))
    return interval(*ends)


def _rate(row: pd.Series) -> str:
    return rate(row["estimate"], row["conf_low"], row["conf_high"])


def _notes(result: Result | None, key: tuple) -> list[str]:
    if result is None or "note" not in result.frame:
        return []
    rows = dict(result.strata()).get(key)
    # The cell says itself that a time is not reached.
    return [] if rows is None else [n for n in rows["note"] if n and key_of(n) != _NOT_REACHED]


def _once(notes: list[str]) -> list[str]:
    """Leave out a note that another one holds as a part of its list."""
    parts = {part for note in notes if len(notes_in(note)) > 1 for part in notes_in(note)}
    return [note for note in dict.fromkeys(notes) if note not in parts]


def _explained(
    quantiles: Result, ratios: Result | None, test: Result | None, *, ranged: bool
) -> list[str]:
    notes = []
    if ranged:
        # The range is not what its neighbours are: it counts those with the event too.
        notes.append(
            tr("Follow-up: quartiles by reverse Kaplan–Meier too; range of all observed times.")
        )
    notes += [
        tr("A month is 30.4375 days."),
        tr("n: subjects with the event; N: subjects counted."),
    ]
    if ratios is not None:
        others = [t for t in dict.fromkeys(ratios.frame["term"]) if t not in quantiles.by]
        if others:
            names = sentence_list([column_title(name) for name in others])
            notes.append(tr("Hazard ratios adjusted for: {names}.", names=names))
    if test is not None:
        for row in test.frame.to_dict("records"):
            p = p_of(row)
            if row["p_value"] != row["p_value"] and row.get("note"):
                p = row["note"]
            if len(test.frame) == 1:
                notes.append(sentence(tr("{method}: {p}", method=test.spec.method, p=p)))
            else:
                adjusted = p_value(row["p_adjusted"])
                words = tr(
                    "{method}, {contrast}: {p}, adjusted {adjusted}",
                    method=test.spec.method, contrast=found(row["contrast"]), p=p,
                    adjusted=adjusted,
                )  # fmt: skip
                notes.append(sentence(words))
    return notes
