"""The published trials: what each reported, as counts with the basis they rest on."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from carstats.data.packaged import packaged_folder
from carstats.errors import CarstatsError, Problem


def published_trials(folder: str | Path | None = None) -> pd.DataFrame:
    """Return the published trials of engineered cells in autoimmune disease.

    Parameters
    ----------
    folder : str or pathlib.Path, optional
        Where ``published_studies.csv`` and ``published_outcomes.csv`` are, for a table of one's own
        in the same shape; by default the one that carstats brings.

    Returns
    -------
    pandas.DataFrame
        One row per reported count: ``study_id``, ``outcome``, ``endpoint``, ``endpoint_class``,
        ``timepoint_weeks``, ``population``, ``grading_scale``, ``n_event``, ``n_evaluable``,
        ``basis``, then the trial's columns (``disease``, ``target``, ``platform``, ``n_treated``,
        ``overlaps_with``, ``synthesis`` …). A report without any count has no row;
        ``attrs["n_reports"]`` counts them all. Reports of one cohort are nested: select with
        ``synthesis`` before adding up.

    Raises
    ------
    CarstatsError
        If a file cannot be read, a column is missing, a count exceeds its denominator or is not a
        whole number, or a study is unknown.
    """
    home = packaged_folder("data/published") if folder is None else Path(folder)
    trials = _read(home / "published_studies.csv", _TRIAL)
    counts = _read(home / "published_outcomes.csv", _COUNT)
    problems = count_problems(counts, "published_outcomes.csv")
    known = set(trials["study_id"])
    problems += [
        Problem(
            f"{row.study_id!r} is not in published_studies.csv.",
            "published_outcomes.csv",
            int(row.Index) + 2,
            "study_id",
        )
        for row in counts[~counts["study_id"].isin(known)].itertuples()
    ]
    problems += _overlap_problems(trials, known)
    if problems:
        raise CarstatsError(problems)
    table = counts.merge(trials, on="study_id", how="left", validate="many_to_one")
    table.attrs["n_reports"] = len(trials)
    return table


def oncology_benchmarks(folder: str | Path | None = None) -> pd.DataFrame:
    """Return the toxicity counts of the pivotal oncology trials of CAR-T.

    Parameters
    ----------
    folder : str or pathlib.Path, optional
        Where ``oncology_benchmarks.csv`` is; by default the one that carstats brings.

    Returns
    -------
    pandas.DataFrame
        One row per count: ``trial_family``, ``primary``, ``trial``, ``product``, ``disease``,
        ``target``, ``costimulation``, ``outcome``, ``n_event``, ``n_evaluable``,
        ``grading_scale``, ``counts``, ``basis``.

    Raises
    ------
    CarstatsError
        If the file cannot be read or a count exceeds its denominator.
    """
    home = packaged_folder("data/published") if folder is None else Path(folder)
    table = _read(home / "oncology_benchmarks.csv", _BENCHMARK)
    problems = count_problems(table, "oncology_benchmarks.csv")
    if problems:
        raise CarstatsError(problems)
    return table


_TRIAL = [
    "study_id", "first_author", "year", "doi", "disease", "disease_detail", "target", "platform",
    "cell_source", "n_treated", "followup_median_months", "overlaps_with", "synthesis",
]  # fmt: skip
_COUNT = [
    "study_id", "outcome", "endpoint", "endpoint_class", "timepoint_weeks", "population",
    "grading_scale", "n_event", "n_evaluable", "basis",
]  # fmt: skip
_BENCHMARK = [
    "trial_family", "primary", "trial", "target", "outcome", "n_event", "n_evaluable",
    "grading_scale", "basis",
]  # fmt: skip


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    try:
        # "none" is a value here (no target, no cells), so only blanks are missing.
        table = pd.read_csv(path, encoding="utf-8", keep_default_na=False, na_values=[""])
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise CarstatsError(Problem(f"cannot be read ({error}).", path.name)) from error
    absent = [column for column in columns if column not in table]
    if absent:
        raise CarstatsError([Problem("the column is missing.", path.name, None, c) for c in absent])
    return table


def count_problems(table: pd.DataFrame, name: str) -> list[Problem]:
    """Return what is wrong with the counts of a table: no whole number, or more than counted.

    Parameters
    ----------
    table : pandas.DataFrame
        With ``n_event`` and ``n_evaluable``; a missing count is no problem.
    name : str
        What messages call the table.

    Returns
    -------
    list of Problem
        In the order of the rows, column by column.
    """
    problems = []
    numbers = table[["n_event", "n_evaluable"]].apply(pd.to_numeric, errors="coerce")
    for column in numbers:
        given = table[column].notna()
        whole = numbers[column].notna() & (numbers[column] % 1 == 0) & (numbers[column] >= 0)
        problems += [
            Problem(f"{table.loc[i, column]!r} is not a count.", name, int(i) + 2, column)
            for i in table.index[given & ~whole]
        ]
    over = numbers["n_event"] > numbers["n_evaluable"]
    problems += [
        Problem(
            f"{numbers.loc[i, 'n_event']:g} events among {numbers.loc[i, 'n_evaluable']:g}.",
            name,
            int(i) + 2,
            "n_event",
        )
        for i in table.index[over]
    ]
    return problems


def _overlap_problems(trials: pd.DataFrame, known: set[str]) -> list[Problem]:
    problems = [
        Problem("stands twice.", "published_studies.csv", int(i) + 2, "study_id")
        for i in trials.index[trials["study_id"].duplicated()]
    ]
    # A report may be nested in one whose rows are not in the table; only its spelling is checked
    # against a near miss, because such a report is a fact about the literature.
    lower = {name.casefold(): name for name in known}
    for row in trials[trials["overlaps_with"].notna()].itertuples():
        for name in str(row.overlaps_with).split():
            if name not in known and name.casefold() in lower:
                problems.append(
                    Problem(
                        f"{name!r} is spelt {lower[name.casefold()]!r} elsewhere.",
                        "published_studies.csv",
                        int(row.Index) + 2,
                        "overlaps_with",
                    )
                )
    return problems
