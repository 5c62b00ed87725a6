"""The table of published trials, checked, and the counts that answer one question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from carstats.data.published import count_problems
from carstats.data.vocabulary import Vocabulary
from carstats.errors import CarstatsError, Problem, check_choice, check_number, listed, names_given
from carstats.evidence.links import check_counted_once, refuse_overlap
from carstats.evidence.words import n_subjects, n_trials
from carstats.messages import message, message_n

# Widest denominator first: whoever was treated, then those whom the authors chose to count.
POPULATIONS = ("treated", "modified intention to treat", "evaluable", "per protocol", "subset")
DENOMINATORS = ("reported", "treated", "narrowest")
_EFFICACY = ("response", "drug-free", "immunosuppressant-free", "relapse")
_USES = ("all", "efficacy", "toxicity", "control", "none")
_NEEDED = (
    "study_id", "outcome", "endpoint", "endpoint_class", "timepoint_weeks", "population", "n_event",
    "n_evaluable", "basis", "disease", "target", "platform", "cell_source", "overlaps_with",
    "synthesis", "n_treated",
)  # fmt: skip
# A table of one's own may lack these; they are then missing, and the cohort is the report itself.
_OPTIONAL = (
    "first_author", "year", "disease_detail", "valency", "costimulation", "grading_scale",
    "followup_median_months", "cohort", "trial_name", "source",
)  # fmt: skip
_OF_THE_TRIAL = ("disease", "target", "platform", "cell_source", "synthesis", "overlaps_with")


@dataclass(frozen=True)
class Counts:
    """The counts that answer one question, each subject in one row unless asked otherwise.

    Attributes
    ----------
    rows : pandas.DataFrame
        One row per report, in printed order, with ``n``, ``n_event`` and all trial columns.
    without : pandas.DataFrame
        The reports that a synthesis would use but that give no such count, one row each.
    shared : list of (str, str)
        Reports among the rows that share subjects; empty unless that was allowed.
    what : str
        The outcome or the class of endpoints, as it prints.
    """

    rows: pd.DataFrame
    without: pd.DataFrame
    shared: list[tuple[str, str]]
    what: str

    def population(self) -> str:
        """Say who is counted."""
        return message(
            "{trials}, {subjects}, {once}; {others}",
            trials=n_trials(len(self.rows)), subjects=n_subjects(self.rows["n"].sum()),
            once=message("some counted more than once") if self.shared
            else message("each counted once"),
            others=message_n(
                "{n} other trial gives no such count", "{n} other trials give no such count",
                len(self.without),
            ),
        )  # fmt: skip


def check_trials(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of trials with every column that the analyses read."""
    if not isinstance(table, pd.DataFrame):
        raise CarstatsError(
            message(
                "`table` is {name}; it takes a table of published_trials().",
                name=type(table).__name__,
            )
        )
    absent = [c for c in _NEEDED if c not in table]
    if absent:
        raise CarstatsError(
            message(
                "`table` lacks the columns {absent}. published_trials() shows the shape.",
                absent=absent,
            )
        )
    table = table.reset_index(drop=True)
    added = {c: np.nan for c in _OPTIONAL if c not in table}
    table = table.assign(**added)
    table["cohort"] = table["cohort"].where(table["cohort"].notna(), table["study_id"])
    table["trial"] = table["study_id"].map(_names(reports_in(table)))
    problems = count_problems(table, message("the table of trials"))
    for column, allowed in (("synthesis", _USES), ("population", POPULATIONS)):
        wrong = ~table[column].isin(allowed)
        problems += [
            Problem(
                message(
                    "{value}; allowed: {allowed}.",
                    value=repr(table.loc[i, column]),
                    allowed=listed(allowed),
                ),
                message("the table of trials"),
                int(i) + 2,
                column,
            )
            for i in table.index[wrong]
        ]
    for column in _OF_THE_TRIAL:
        kinds = table.groupby("study_id")[column].nunique(dropna=False)
        problems += [
            Problem(
                message(
                    "{report} is described in {n} ways.",
                    report=repr(report),
                    n=kinds[report],
                ),
                column=column,
            )
            for report in kinds.index[kinds > 1]
        ]
    if problems:
        raise CarstatsError(problems)
    return table


def reports_in(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row per report, in the order of the table."""
    return table.drop_duplicates("study_id")


def reports_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row per report, in printed order."""
    return in_order(reports_in(table))


def select_counts(
    table: pd.DataFrame,
    outcome: str,
    *,
    endpoint_class: str | None = None,
    near_weeks: float = 24,
    denominator: str = "reported",
    basis: str | Iterable[str] | None = None,
    reports: Iterable[str] | None = None,
    overlapping: str = "refuse",
) -> Counts:
    """Choose for every trial the one count that answers a question."""
    table = check_trials(table)
    outcome = check_choice("outcome", outcome, list(dict.fromkeys(table["outcome"])))
    denominator = check_choice("denominator", denominator, DENOMINATORS)
    overlapping = check_choice("overlapping", overlapping, ("refuse", "allow"))
    check_number("near_weeks", near_weeks, low=0)
    classes = list(table["endpoint_class"].dropna().unique())
    if endpoint_class is not None:
        endpoint_class = check_choice("endpoint_class", endpoint_class, classes)
    bases = _bases(table, basis)
    if reports is None:
        use = "efficacy" if outcome in _EFFICACY else "toxicity"
        once = table[table["synthesis"].isin(["all", use])]
    else:
        reports = names_given("reports", reports)
        unknown = sorted(set(reports) - set(table["study_id"]))
        if unknown:
            raise CarstatsError(
                message(
                    "`reports` names {unknown}, not in the table. It has: {known}.",
                    unknown=unknown,
                    known=listed(table["study_id"].unique(), 60),
                )
            )
        once = table[table["study_id"].isin(reports)]
    # A count that is missing is not zero: the trial then gives no such count.
    rows = once[(once["outcome"] == outcome) & once["n_event"].notna() & (once["n_evaluable"] > 0)]
    if endpoint_class is not None:
        rows = rows[rows["endpoint_class"] == endpoint_class]
    rows = rows[rows["basis"].isin(bases)]
    rows = in_order(_one_each(rows, near_weeks, denominator))
    shared = check_counted_once(reports_of(table), rows["study_id"])
    if overlapping == "refuse":
        refuse_overlap(shared)
    size = rows["n_evaluable"].astype(int)
    if denominator == "treated":
        size = np.maximum(size, rows["n_treated"].fillna(0).astype(int))
    rows = rows.assign(
        n=size,
        n_event=rows["n_event"].astype(int),
        endpoint=rows["endpoint"].where(rows["endpoint"].notna(), outcome),
        population="treated, missing = failure" if denominator == "treated" else rows["population"],
    )
    without = in_order(once[~once["study_id"].isin(rows["study_id"])].drop_duplicates("study_id"))
    return Counts(rows.reset_index(drop=True), without, shared, endpoint_class or outcome)


def one_class(counts: Counts) -> None:
    """Raise if the counts mix classes of endpoints."""
    classes = counts.rows["endpoint_class"].dropna().unique()
    if len(classes) > 1:
        raise CarstatsError(
            message(
                "the trials report endpoints of the classes {classes}, which are not alike. Say "
                "which with `endpoint_class`.",
                classes=listed(classes),
            )
        )


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows in the vocabulary's order of diseases and targets, then by year and name."""
    vocabulary = Vocabulary()
    places = {
        column: {name: place for place, name in enumerate(vocabulary.names(column))}
        for column in ("disease", "target")
    }
    keys = {f"{c}_place": rows[c].map(p).fillna(len(p)) for c, p in places.items()}
    ordered = rows.assign(**keys).sort_values([*keys, "year", "study_id"], kind="stable")
    return ordered.drop(columns=list(keys))


def _names(reports: pd.DataFrame) -> pd.Series:
    """Name reports by first author and year, and by the trial where these do not tell them apart.

    Without an author the trial's name or the identifier stands in its place; index study_id.
    """
    # As objects: pandas 3 cannot join its texts to a column in which all is missing.
    words = reports["first_author"].astype("object").fillna("").astype(str).str.split()
    surname = pd.Series([[*word, None][0] for word in words], reports.index, dtype=object)
    year = reports["year"].map(lambda value: "" if pd.isna(value) else f" {int(value)}")
    year = year.astype("object")
    trial = reports["trial_name"].astype("object")
    authored = surname.fillna("") + year
    once = ~authored.duplicated(keep=False) | trial.isna()
    told = authored.where(once, authored + ", " + trial.fillna(""))
    # Some names of trials hold the year already.
    dated = [str(t).endswith(y.strip()) and bool(y) for t, y in zip(trial, year, strict=True)]
    unnamed = trial.where(dated, trial + year).where(
        trial.notna(), reports["study_id"].str.replace("_", " ")
    )
    named = told.where(surname.notna(), unnamed)
    return pd.Series(named.to_numpy(), index=reports["study_id"].to_numpy())


def trial_labels(frame: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return the printed labels of the trial columns of a frame."""
    vocabulary = Vocabulary()
    return {
        column: {name: vocabulary.label(column, name) for name in frame[column].unique()}
        for column in ("disease", "target", "platform", "cell_source")
        if column in frame
    }


def _bases(table: pd.DataFrame, basis: str | Iterable[str] | None) -> list[str]:
    known = list(table["basis"].dropna().unique())
    if basis is None:
        return [*known, np.nan]
    chosen = names_given("basis", basis)
    for name in chosen:
        check_choice("basis", name, known)
    return chosen


def _one_each(rows: pd.DataFrame, near_weeks: float, denominator: str) -> pd.DataFrame:
    order = POPULATIONS[::-1] if denominator == "narrowest" else POPULATIONS
    rank = rows["population"].map({name: place for place, name in enumerate(order)})
    distance = (rows["timepoint_weeks"] - near_weeks).abs()
    ranked = rows.assign(rank=rank, distance=distance)
    ranked = ranked.sort_values(["rank", "distance"], na_position="last", kind="stable")
    return ranked.drop_duplicates("study_id").drop(columns=["rank", "distance"])
