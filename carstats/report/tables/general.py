"""The table of any result: what tells its rows apart, counts, estimates, p-values, notes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.ard import COUNT, P_VALUE, SHARE, TWO, key_columns, rules_of
from carstats.report.format import confidence, count, number, of, p_value, percent, with_limits
from carstats.report.rows import estimated, head_of, headed_rows, kinds_of, text_of, writer_of
from carstats.report.tables.abbreviations import spelled_out
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.report.tables.parts import WIDEST, Marks, footnoted, sentence_table
from carstats.result import Result
from carstats.words import tr

# How the estimates came about; the CSV of the numbers has them.
_BEHIND = {
    "coef", "conf_high", "conf_low", "estimate_possible", "log_odds", "log_std_error",
    "n_possible", "std_error", "note",
}  # fmt: skip
_PRINTED = {COUNT: count, SHARE: percent, P_VALUE: p_value, TWO: lambda value: number(value, 2)}
# A curve is read off at these days, as many of them as it reaches.
_READ = (0, 28, 84, 168, 252, 365, 548, 730, 1096, 1826)


def tabulate_result(result: Result, *, title: str | None = None) -> Table:
    """Return any result as a table, a row for each of its rows.

    A curve is read off at round days, those at risk just before them. Of a result with very many
    columns the first are printed.
    """
    title = title or result.spec.endpoint or head_of(result.spec.analysis)
    if "n_risk" in result.frame and result.frame["time"].nunique() > len(_READ):
        result = _read_off(result)
    frame = result.frame
    if frame.empty:
        return sentence_table(title, tr("Nobody is counted here."), [result])
    groups, names = headed_rows(result)
    named = list(names.items()) or [("", [tr("All subjects")] * len(frame))]
    columns = _columns(result)[: WIDEST + 1 - len(named)]
    marks = Marks()
    notes = frame["note"].astype(object).fillna("") if "note" in frame else [""] * len(frame)
    letters = [marks.add(note) for note in notes]
    cells = zip(*(texts for _, texts in [*named, *columns]), strict=True)
    rows = tuple(
        Row(line, group, int(bool(group)), letter)
        for line, group, letter in zip(cells, groups, letters, strict=True)
    )
    table = Table(
        title,
        tuple(head for head, _ in [*named, *columns]),
        rows,
        notes=footnoted([result], rows),
        marked=tuple(marks.notes),
        align=("left",) * len(named) + ("right",) * len(columns),
        synthetic=result.spec.synthetic,
    )
    return spelled_out(table)


def _columns(result: Result) -> list[tuple[str, list[str]]]:
    """Return every column of numbers or words with its head, the estimate with its limits."""
    frame = result.frame
    groups, variable = key_columns(result)
    skipped = {*groups, *variable, *_BEHIND, *result.by}
    found = []
    if {"n", "n_event"} <= set(frame) and "n_risk" not in frame:
        found.append(("n/N", [of(row.n_event, row.n) for row in frame.itertuples()]))
        skipped |= {"n", "n_event"}
    if "estimate" in frame:
        kinds = kinds_of(result)
        single = set(kinds) == {kinds[0]}
        head = estimated(result, kinds[0]) if single else tr("Estimate")
        level = result.spec.conf_level
        head = with_limits(head, confidence(level)) if level and "conf_low" in frame else head
        lines = zip(kinds, (row for _, row in frame.iterrows()), strict=True)
        found.append((head, [writer_of(kind)(row) for kind, row in lines]))
        skipped.add("estimate")
    p_values = [c for c in ("p_value", "p_adjusted") if c in frame]
    others = [c for c in frame if c not in skipped and c not in p_values]
    for column in [*p_values, *others]:
        if column != "n_missing" or frame[column].gt(0).any():
            found.append((head_of(column), _texts(result, column)))
    return found


def _texts(result: Result, column: str) -> list[str]:
    values = result.frame[column]
    rules = np.broadcast_to(np.asarray(rules_of(result, result.frame, column)), len(values))
    return [
        _PRINTED.get(rule, number)(np.nan if pd.isna(value) else float(value))
        if rule and not isinstance(value, bool | np.bool_ | str)
        else text_of(result, column, value)
        for rule, value in zip(rules, values, strict=True)
    ]


def _read_off(result: Result) -> Result:
    """Return a curve at round days: the step that holds then, and those at risk just before."""
    keys = [*result.by, *(c for c in ("term", "cause") if c in result.frame)]
    groups = result.frame.groupby(keys, sort=False) if keys else [((), result.frame)]
    rows = []
    last = result.frame["time"].max()
    for _, curve in groups:
        for day in (day for day in _READ if day <= last):
            row = curve[curve["time"] <= day + 1e-9].iloc[-1].copy()
            later = curve.loc[curve["time"] >= day - 1e-9, "n_risk"]
            row["time"], row["n_risk"] = float(day), later.iloc[0] if len(later) else 0
            # Nothing is said beyond the last follow-up of a stratum.
            if not len(later):
                row[["estimate", "conf_low", "conf_high"]] = np.nan
            for name in ("n_event", "n_censor", "n_competing"):
                if name in curve:
                    row[name] = curve.loc[curve["time"] <= day + 1e-9, name].sum()
            row["note"] = row["note"] if day == 0 else ""
            rows.append(row)
    frame = pd.DataFrame(rows).reset_index(drop=True)[list(result.frame)]
    return Result(frame, result.spec, result.labels)
