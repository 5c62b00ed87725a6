"""The published trials: what each reported, as counts with the basis they rest on."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from carstats.data.packaged import packaged_folder
from carstats.errors import CarstatsError, Problem
from carstats.messages import message

# What a count rests on, from the trial's own text to a number that nobody found again.
COMPANY_RELEASE = "company release"


def published_trials(
    folder: str | Path | None = None, *, company_releases: bool = True
) -> pd.DataFrame:
    """Return the published trials of engineered cells in autoimmune disease.

    Parameters
    ----------
    folder : str or pathlib.Path, optional
        Where ``published_studies.csv`` and ``published_outcomes.csv`` are, for a table of one's own
        in the same shape; by default the one that carstats brings.
    company_releases : bool
        Whether counts that stand in a company's release alone are among them.

    Returns
    -------
    pandas.DataFrame
        One row per reported count: ``study_id``, ``outcome``, ``endpoint``, ``endpoint_class``,
        ``timepoint_weeks``, ``population``, ``grading_scale``, ``n_event``, ``n_evaluable``,
        ``basis`` (the kind of text that the count was found in: ``"abstract"``, ``"congress
        abstract"``, ``"review table"``, ``"two secondary reports"``, ``"secondary report"``,
        ``"company release"``; ``"derived"`` from other counts; ``"unverified"`` if it was not found
        again), ``source`` (that text), then the trial's columns (``trial_name``, ``disease``,
        ``target``, ``platform``, ``n_treated``, ``overlaps_with``, ``synthesis`` …). A report
        without any count has no row; ``attrs["n_reports"]`` counts them all and
        ``attrs["trial_names"]`` names them. Reports of one cohort are nested: select with
        ``synthesis`` before adding up.

    Raises
    ------
    CarstatsError
        If a file cannot be read, a column is missing, a count exceeds its denominator or is not a
        whole number, or a study is unknown.

    Examples
    --------
    >>> trials = cs.published_trials()
    >>> trials[["trial_name", "disease", "n_treated"]]
    """
    home = packaged_folder("data/published") if folder is None else Path(folder)
    trials = _read(home / "published_studies.csv", _TRIAL)
    counts = _read(home / "published_outcomes.csv", _COUNT)
    problems = count_problems(counts, "published_outcomes.csv")
    known = set(trials["study_id"])
    problems += [
        Problem(
            message("{name} is not in published_studies.csv.", name=repr(row.study_id)),
            "published_outcomes.csv",
            int(row.Index) + 2,
            "study_id",
        )
        for row in counts[~counts["study_id"].isin(known)].itertuples()
    ]
    problems += _overlap_problems(trials, known)
    if problems:
        raise CarstatsError(problems)
    if not company_releases:
        counts = counts[counts["basis"] != COMPANY_RELEASE]
    table = counts.merge(trials, on="study_id", how="left", validate="many_to_one")
    table.attrs["n_reports"] = len(trials)
    # Also of the reports that give no count, which others name.
    table.attrs["trial_names"] = dict(zip(trials["study_id"], trials["trial_name"], strict=True))
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

    Examples
    --------
    >>> cs.oncology_benchmarks()
    """
    home = packaged_folder("data/published") if folder is None else Path(folder)
    table = _read(home / "oncology_benchmarks.csv", _BENCHMARK)
    problems = count_problems(table, "oncology_benchmarks.csv")
    if problems:
        raise CarstatsError(problems)
    return table


_TRIAL = [
    "study_id", "trial_name", "first_author", "year", "doi", "disease", "disease_detail", "target",
    "platform", "cell_source", "n_treated", "followup_median_months", "overlaps_with", "synthesis",
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
        raise CarstatsError(
            Problem(message("cannot be read ({error}).", error=str(error)), path.name)
        ) from error
    absent = [column for column in columns if column not in table]
    if absent:
        what = message("the column is missing.")
        raise CarstatsError([Problem(what, path.name, None, column) for column in absent])
    return table


def count_problems(table: pd.DataFrame, name: str) -> list[Problem]:
    """Return what is wrong with the counts of a table: no whole number, or more than counted."""
    problems = []
    numbers = table[["n_event", "n_evaluable"]].apply(pd.to_numeric, errors="coerce")
    for column in numbers:
        given = table[column].notna()
        whole = numbers[column].notna() & (numbers[column] % 1 == 0) & (numbers[column] >= 0)
        problems += [
            Problem(
                message("{value} is not a count.", value=repr(table.loc[i, column])),
                name,
                int(i) + 2,
                column,
            )
            for i in table.index[given & ~whole]
        ]
    over = numbers["n_event"] > numbers["n_evaluable"]
    problems += [
        Problem(
            message(
                "{events} events among {n}.",
                events=f"{numbers.loc[i, 'n_event']:g}",
                n=f"{numbers.loc[i, 'n_evaluable']:g}",
            ),
            name,
            int(i) + 2,
            "n_event",
        )
        for i in table.index[over]
    ]
    return problems


def _overlap_problems(trials: pd.DataFrame, known: set[str]) -> list[Problem]:
    problems = [
        Problem(message("stands twice."), "published_studies.csv", int(i) + 2, "study_id")
        for i in trials.index[trials["study_id"].duplicated()]
    ]
    for row in trials[trials["overlaps_with"].notna()].itertuples():
        problems += [
            Problem(
                message("{name} is no study of the table.", name=repr(name)),
                "published_studies.csv",
                int(row.Index) + 2,
                "overlaps_with",
                message("Name studies that have a row."),
            )
            for name in str(row.overlaps_with).split()
            if name not in known
        ]
    return problems
