"""The rows of any result in words: what tells them apart, and its estimates as they print."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from carstats.ard import LABELS, NAMES, ONE, TWO, key_columns, rules_of
from carstats.data.vocabulary import column_name, within_sentence
from carstats.messages import mark
from carstats.report.format import (
    NONE,
    count,
    interval,
    number,
    of,
    percent,
    percent_interval,
    percent_limits,
    rate,
    ratio,
    with_limits,
)
from carstats.report.style import clean
from carstats.result import Result
from carstats.words import in_words, tr

# What is estimated: a share, a difference of shares, a ratio, a number of days, another number.
SHARES, DIFFERENCES, RATIOS, DAYS, NUMBERS = "share", "difference", "ratio", "days", "number"
# Closer values are one.
_CLOSE = 1e-9
_RATIOS = {
    "cox_regression": mark("Hazard ratio"),
    "exposure_adjusted_ratio": mark("Ratio of rates"),
    "fine_gray_regression": mark("Subdistribution hazard ratio"),
    "incidence_rate_ratio": mark("Ratio of rates"),
    "interval_censored_regression": mark("Time ratio"),
    "pooled_regression": mark("Odds ratio"),
    "response_exposure": mark("Hazard ratio"),
    "response_regression": mark("Odds ratio"),
}
_IN_DAYS = {
    "bootstrap_interval", "followup_time", "restricted_mean", "restricted_time_lost",
    "survival_quantile", "toxicity_timing",
}  # fmt: skip
_ESTIMATED = {
    SHARES: mark("Proportion"),
    DIFFERENCES: mark("Difference, percentage points"),
    RATIOS: mark("Ratio"),
    DAYS: mark("Days"),
    NUMBERS: mark("Estimate"),
}
_HEADS = {
    "among": mark("Among"), "assumption": mark("Assumption"), "assumed": mark("Assumed"),
    "category": mark("Category"),
    "assumed_reference": mark("Assumed in the reference"), "cause": mark("Event"),
    "choice": mark("Choice"), "contrast": mark("Contrast"), "criterion": mark("Criterion"),
    "drug": mark("Drug"),
    "estimator": mark("Estimator"), "grade": mark("Grade"), "item": mark("Item"),
    "left_out": mark("Left out"), "level": mark("Level"), "measure": mark("Measure"),
    "min_grade": mark("Grade from"), "onset_day": mark("Day of onset"),
    "organism": mark("Organism"),
    "p": mark("Quantile"), "parameter": mark("Parameter"),
    "reference": mark("Reference"), "row": mark("Row"), "scenario": mark("Scenario"),
    "start": mark("From day"), "stop": mark("To day"), "study_id": mark("Study"),
    "subject": mark("Subject"), "system": mark("System"), "term": mark("Term"),
    "time": mark("Day"), "time_high": mark("To day"), "time_low": mark("From day"),
    "trial": mark("Trial"), "variable": mark("Characteristic"), "window_end": mark("To day"),
    "window_start": mark("From day"),
}  # fmt: skip


# A trial has a name besides its key; what is compared is always said.
_KEYS = {"study_id", "control_id", "other_id"}
_KEPT = {"contrast"}
# What is estimated, where the endpoint does not say it.
_WHAT = {
    "bootstrap_interval": mark("bootstrap limits"),
    "cure_fraction": mark("cure fraction"),
    "followup_time": mark("median follow-up"),
    "incidence_rate": mark("events per person-year"),
    "interval_sensitivity": mark("by when the event is dated"),
    "landmark_comparison": mark("difference"),
    "restricted_mean": mark("restricted mean"),
    "restricted_time_lost": mark("restricted time lost"),
    "survival_benchmark": mark("against the benchmark"),
    "survival_difference": mark("difference"),
    "survival_quantile": mark("quantiles"),
}


def heading_of(result: Result, kind: str) -> str:
    """Return what a result is of: its endpoint and what is estimated of it."""
    endpoint, what = in_words(result.spec.endpoint), ""
    if result.spec.analysis in _WHAT:
        what = tr(_WHAT[result.spec.analysis])
    elif kind == RATIOS and result.spec.analysis in _RATIOS:
        what = within_sentence(tr(_RATIOS[result.spec.analysis]))
    return tr("{what}: {text}", what=endpoint, text=what) if what and endpoint else endpoint or what


def head_of(column: str) -> str:
    """Return what a column of a result is called."""
    if column in _HEADS:
        return tr(_HEADS[column])
    stat = NAMES.get(column, column.replace("_", "."))
    if stat in LABELS:
        return tr(LABELS[stat])
    name = column_name(column)
    return name[:1].upper() + name[1:]


def named_rows(result: Result) -> dict[str, list[str]]:
    """Return by its head the texts of each column that tells the rows of a result apart.

    A column that says the same of every row is left out, unless the result is reported by it.
    """
    frame = result.frame
    groups, variable = key_columns(result)
    found = {}
    for column in [*groups, *variable]:
        if column in _KEYS and "trial" in frame:
            continue
        if column == "window_start":
            # A window is one name, not two.
            found[tr("Days")] = [
                tr("{low} to {high}", low=text_of(result, column, first),
                   high=text_of(result, "window_end", last))
                for first, last in zip(frame[column], frame["window_end"], strict=True)
            ]  # fmt: skip
            continue
        if column == "window_end" and "window_start" in frame:
            continue
        if column in _KEPT or column in result.by or len(set(frame[column].astype(str))) > 1:
            found[head_of(column)] = [text_of(result, column, value) for value in frame[column]]
    return found


def headed_rows(result: Result) -> tuple[list[str], dict[str, list[str]]]:
    """Return a heading for each row, blank where there is none, and what names it under that.

    The headings are of the first column whose rows stand together.
    """
    names = named_rows(result)
    if len(names) > 1:
        for head, texts in names.items():
            runs = sum(a != b for a, b in pairwise(texts)) + 1
            if runs == len(set(texts)) < len(texts):
                if head == head_of("time"):
                    texts = [tr("Day {day}", day=text) for text in texts]
                return texts, {other: names[other] for other in names if other != head}
    return [""] * len(result.frame), names


def text_of(result: Result, column: str, value: object) -> str:
    """Return a level of a column as it prints."""
    label = result.labels.get(column, {}).get(value)
    if label is not None:
        return clean(label)
    if pd.isna(value):
        return ""
    if column == "p":
        return percent(float(value))
    if isinstance(value, float | int | np.number) and not isinstance(value, bool):
        return "∞" if np.isinf(value) else f"{float(value):g}"
    return clean(in_words(str(value)) if not isinstance(value, str) else value)


def kinds_of(result: Result) -> list[str]:
    """Return what the estimate of each row is: one of the names above."""
    frame, analysis = result.frame, result.spec.analysis
    rules = np.broadcast_to(np.asarray(rules_of(result, frame, "estimate")), len(frame))
    given = frame.reindex(columns=["contrast", "measure"]).astype(object).fillna("").astype(str)
    said = given["contrast"] + given["measure"] + str(result.spec.options.get("contrast"))
    below = frame["estimate"].min() < 0
    found = []
    for rule, words, contrast in zip(rules, said, given["contrast"], strict=True):
        if rule == ONE:
            found.append(DAYS if analysis in _IN_DAYS else NUMBERS)
        elif rule == TWO:
            found.append(RATIOS if analysis in _RATIOS or "ratio" in words else NUMBERS)
        else:
            found.append(DIFFERENCES if contrast or below else SHARES)
    return found


def estimated(result: Result, kind: str) -> str:
    """Return what the estimates of a result are called."""
    if kind == RATIOS and result.spec.analysis in _RATIOS:
        return tr(_RATIOS[result.spec.analysis])
    return tr(_ESTIMATED[kind])


def unit_of(result: Result, kind: str) -> str:
    """Return the unit that days are printed in: days up to some months, then months."""
    limits = result.frame.reindex(columns=["estimate", "conf_low", "conf_high"]).max().max()
    return "months" if kind == DAYS and limits > 130 else "days"


def writer_of(kind: str, days: float = 1.0) -> Callable[[pd.Series], str]:
    """Return what writes an estimate of a kind with its limits, of days in units of so many."""

    def write(row: pd.Series) -> str:
        estimate, low, high = (row.get(c, np.nan) for c in ("estimate", "conf_low", "conf_high"))
        if kind == SHARES:
            return rate(estimate, low, high, possible=row.get("estimate_possible"))
        if kind == RATIOS:
            return ratio(estimate, low, high)
        if pd.isna(estimate):
            return number(estimate)
        if kind == DIFFERENCES:
            return with_limits(number(100 * estimate, 0), percent_interval(low, high))
        if kind == DAYS:
            estimate, low, high = (value / days for value in (estimate, low, high))
        digits = int(days > 1) if kind == DAYS else 2 if abs(estimate) < 10 else 1
        if pd.isna(low) and pd.isna(high):
            return number(estimate, digits)
        return with_limits(number(estimate, digits), interval(low, high, digits))

    return write


def events_of(row: Mapping[str, Any] | pd.Series) -> str:
    """Return n of N; where no estimate can be made of hidden numbers the least and the most n."""
    low, high = (row.get(key, np.nan) for key in ("possible_low", "possible_high"))
    if np.isnan(row["estimate"]) and high > low:
        return f"{count(round(low * row['n']))}–{of(round(high * row['n']), row['n'])}"
    return of(row["n_event"], row["n"])


def possible(frame: pd.DataFrame) -> list[str]:
    """Return what each estimate can be, as the hidden numbers are; empty where none is hidden."""
    if "possible_low" not in frame:
        return []
    ends = frame[["possible_low", "possible_high"]].astype(float)
    open_ = (ends["possible_high"] - ends["possible_low"] > _CLOSE).tolist()
    pairs = zip(open_, ends.itertuples(index=False, name=None), strict=True)
    return [percent_limits(*pair) if wide else NONE for wide, pair in pairs] if any(open_) else []
