"""Tables of the published trials: what each reports, and what they say together."""

from __future__ import annotations

import pandas as pd

from carstats.messages import mark, message
from carstats.report.format import (
    NONE,
    confidence,
    count,
    incidence,
    interval,
    number,
    percent_interval,
    rate,
    with_limits,
)
from carstats.report.tables.abbreviations import spelled_out
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
)
from carstats.result import Result
from carstats.words import in_words, tr

# What a count rests on where the trial's own paper or abstract does not give it.
_BASES = {
    "derived": mark("The count was worked out from others."),
    "secondary report": mark("The count is from a report that quotes the trial."),
    "two secondary reports": mark("The count is from two reports that quote the trial."),
    "review table": mark("The count is from the table of a review."),
    "company release": mark("The count is from a company's release alone."),
    "unverified": mark("The count has not been seen in the trial's own text."),
}
_LIMITS = {"n", "n_event", "estimate", "conf_low", "conf_high"}


def tabulate_evidence(
    result: Result,
    *,
    pooled: Result | None = None,
    trials: pd.DataFrame | None = None,
    title: str | None = None,
) -> Table:
    """Return the published trials side by side, or their pooled rates.

    Parameters
    ----------
    result : Result
        What `trial_rate`, `trial_incidence`, `pooled_rate` or `pooled_incidence` returns.
    pooled : Result, optional
        The pooled rate of the same trials: a last row.
    trials : pandas.DataFrame, optional
        What `published_trials` returns: adds each trial's follow-up and source.
    title : str, optional
        The heading; by default the endpoint.

    Returns
    -------
    Table
        A row per trial under its disease, or a row per stratum of pooled trials.

    Raises
    ------
    CarstatsError
        If a result is not one of published trials.
    """
    names = "trial_rate, trial_incidence, pooled_rate or pooled_incidence"
    maker = message("what {names} returns", names=names)
    check_columns(result, "tabulate_evidence", maker, _LIMITS)
    if pooled is not None:
        other = message("what {names} returns", names="pooled_rate")
        check_columns(pooled, "tabulate_evidence", other, _LIMITS | {"n_trials"})
    title = title or result.spec.endpoint
    if result.frame.empty:
        return sentence_table(title, tr("No trial reports it."), [result])
    if "n_trials" in result.frame:
        return _pooled_table(result, title)
    check_columns(result, "tabulate_evidence", maker, {"trial", "disease", "target"})
    marks = Marks()
    frame, reports = result.frame, _reports(trials)
    person_time = "subject_years" in frame
    columns = [(tr("Trial"), "left"), (column_title("target"), "left")]
    columns += [] if person_time else [(tr("Endpoint"), "left"), (tr("Week"), "right")]
    counted_in = len(columns)
    columns += [(tr("n/N"), "right")]
    columns += [(tr("Subject-years"), "right")] if person_time else []
    level = confidence(result.spec.conf_level)
    name = tr("Rate per subject-year") if person_time else tr("Rate")
    columns += [(with_limits(name, level), "right")]
    timed = person_time or reports is not None
    columns += [(tr("Follow-up, months"), "right")] if timed else []
    columns += [(tr("Source"), "left")] if reports is not None else []
    rows = []
    for line in frame.to_dict("records"):
        report = {} if reports is None else reports.get(line["study_id"], {})
        cells = [line["trial"], level_label(result, "target", line["target"])]
        if person_time:
            cells += [
                fraction(line["n_event"], line["n"]),
                number(line["subject_years"]),
                incidence(*(line[c] for c in ("estimate", "conf_low", "conf_high"))),
                number(line["followup_median_months"]),
            ]
        else:
            cells += [
                in_words(line["endpoint"]).replace(">=", "≥"),
                number(line["timepoint_weeks"], 0),
                fraction(line["n_event"], line["n"]),
                rate(*(line[c] for c in ("estimate", "conf_low", "conf_high"))),
            ]
            cells += [_followup(report)] if timed else []
        cells += [_source(report)] if reports is not None else []
        basis = _BASES.get(str(line.get("basis")))
        letters = marks.add(tr(basis) if basis else "", str(line.get("note") or ""))
        rows.append(Row(tuple(cells), level_label(result, "disease", line["disease"]), 1, letters))
    if pooled is not None:
        rows += _pooled_rows(pooled, len(columns), counted_in)
    table = Table(
        title,
        tuple(head for head, _ in columns),
        tuple(rows),
        notes=footnoted(
            [result, *([pooled] if pooled is not None else [])], rows,
            tr("n: subjects with the event; N: subjects counted."),
            tr("Follow-up: median, as reported.") if timed else "",
        ),
        marked=tuple(marks.notes),
        align=tuple(side for _, side in columns),
        synthetic=is_synthetic(result, pooled),
    )  # fmt: skip
    return spelled_out(table)


def _pooled_table(result: Result, title: str) -> Table:
    """Return pooled rates: a row per stratum."""
    frame, marks, rows = result.frame, Marks(), []
    person_time = "subject_years" in frame
    write = incidence if person_time else rate
    predicted = "predict_low" in frame
    for key, part in result.strata():
        line = part.iloc[0]
        cells = [result.label(key), count(line["n_trials"]), fraction(line["n_event"], line["n"])]
        cells += [number(line["subject_years"])] if person_time else []
        cells += [write(line["estimate"], line["conf_low"], line["conf_high"])]
        cells += [_predicted(line, person_time)] if predicted else []
        rows.append(Row(tuple(cells), marks=marks.add(str(line.get("note") or ""))))
    level = confidence(result.spec.conf_level)
    name = tr("Rate per subject-year") if person_time else tr("Pooled rate")
    heads = [
        tr(", ").join(column_title(column) for column in result.by),
        tr("Trials"),
        tr("n/N"),
        *([tr("Subject-years")] if person_time else []),
        with_limits(name, level),
        *([tr("Prediction interval")] if predicted else []),
    ]
    table = Table(
        title,
        tuple(heads),
        tuple(rows),
        notes=footnoted(
            [result], rows,
            tr("n: subjects with the event; N: subjects counted."),
            tr("Prediction interval: where the true rate of a new trial may lie.")
            if predicted else "",
        ),
        marked=tuple(marks.notes),
        synthetic=result.spec.synthetic,
    )  # fmt: skip
    return spelled_out(table)


def _pooled_rows(pooled: Result, width: int, place: int) -> list[Row]:
    """Return the rows that stand under the trials: the pooled rate and where a new one may lie."""
    rows = []
    for key, part in pooled.strata():
        line = part.iloc[0]
        name = pooled.label(key) if key else tr("All trials")
        cells = [tr("{name} (trials: {n})", name=name, n=count(line["n_trials"])), *[""] * width]
        cells[place] = fraction(line["n_event"], line["n"])
        cells[place + 1] = rate(line["estimate"], line["conf_low"], line["conf_high"])
        rows.append(Row(tuple(cells[:width]), tr("Pooled"), 1))
        if "predict_low" in part and line["predict_low"] == line["predict_low"]:
            cells = [tr("Prediction interval, a new trial"), *[""] * width]
            cells[place + 1] = _predicted(line, person_time=False)
            rows.append(Row(tuple(cells[:width]), tr("Pooled"), 2))
    return rows


def _predicted(line: pd.Series, person_time: bool) -> str:
    ends = line["predict_low"], line["predict_high"]
    if person_time:
        return interval(*ends, 2)
    text = percent_interval(*ends)
    return text if text == NONE else tr("{limits}\u00a0%", limits=text)


def _reports(trials: pd.DataFrame | None) -> dict[str, dict] | None:
    if trials is None:
        return None
    first = trials.drop_duplicates("study_id").set_index("study_id", drop=False)
    return first.to_dict("index")


def _followup(report: dict) -> str:
    """Return the median follow-up as reported, or the shortest and the longest."""
    median = report.get("followup_median_months")
    if median is not None and median == median:
        return number(median)
    ends = [report.get(f"followup_{end}_months") for end in ("min", "max")]
    return interval(*ends) if all(end is not None and end == end for end in ends) else NONE


def _source(report: dict) -> str:
    """Return where a trial is published: the DOI, else its registration, journal and year."""
    texts = {name: report.get(name) for name in ("doi", "journal", "year", "registration")}
    known = {name: value for name, value in texts.items() if value is not None and value == value}
    if "doi" in known:
        return f"doi:{known['doi']}"
    place, year = str(known.get("journal", "")), str(int(known.get("year", 0)) or "")
    if year not in place:
        place = f"{place} {year}".strip()
    return tr("; ").join(p for p in (place, str(known.get("registration", ""))) if p) or NONE
