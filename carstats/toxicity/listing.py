"""The listing of episodes, one row each, for a tumour board or a timeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import level_labels, stratum_keys
from carstats.data.vocabulary import within_sentence
from carstats.errors import CarstatsError, check_number
from carstats.messages import joined_notes, message
from carstats.result import Result
from carstats.toxicity.episodes import (
    checked_terms,
    episodes_of,
    followup_end,
    frequent_terms,
    levels_of,
    severe_enough,
    term_labels,
    term_words,
)
from carstats.toxicity.merging import merged_episodes


def toxicity_listing(
    cohort: Cohort,
    terms: str | Iterable[str] | None = None,
    *,
    min_grade: int = 1,
    min_severity: str | None = None,
    gap: float = 0,
    by: str | Iterable[str] | None = None,
    grading_scale: str | Mapping[str, str] | None = None,
    identifiers: bool = False,
) -> Result:
    """List the episodes of toxicity one by one, the subjects numbered.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    terms : str or list of str, optional
        Toxicities of the study's vocabulary; by default all that the cohort's subjects had.
    min_grade : {1, 2, 3, 4, 5}
        Smallest grade that counts.
    min_severity : str, optional
        Smallest severity that counts.
    gap : float
        Records of one subject, term and system at most so many days apart are one episode.
    by : str or list of str, optional
        Columns of the subjects table to show and to sort by.
    grading_scale : str or mapping of str to str, optional
        The scale whose grades count, where a study has several.
    identifiers : bool
        Whether to show `subject_id`. By default a number stands for each subject, in the order of
        the first onset within the strata; it is not the same in another listing.

    Returns
    -------
    Result
        One row per episode: the `by` columns, ``subject``, ``term``, ``system``, ``onset_day``,
        ``resolution_day`` (NaN while ongoing), ``end_day`` (the resolution, or the end of
        follow-up), ``ongoing``, ``grade``, ``severity``, ``serious``, ``n_records``, ``note``.

    Raises
    ------
    CarstatsError
        If a term is not in the vocabulary, the study has no toxicities, or an argument is not
        allowed.

    Examples
    --------
    >>> cs.toxicity_listing(cohort, "CRS", min_grade=3)
    """
    if not isinstance(identifiers, bool):
        raise CarstatsError(
            message(
                "`identifiers` is {identifiers}; it takes True or False.",
                identifiers=repr(identifiers),
            )
        )
    check_number("gap", gap, low=0)
    severe = severe_enough(cohort, min_grade, min_severity)
    by, terms = checked_terms(cohort, frequent_terms(cohort) if terms is None else terms, by)
    study = cohort.study
    raw = episodes_of(cohort, terms, severe, grading_scale)
    table = cohort.table("toxicities").loc[raw.index]
    graded = levels_of(study, table, "grade")
    names = study.vocabulary.names("severity")
    severity = levels_of(study, table, "severity")
    # The level is that of the threshold's scale; where it is no grade, the other is what there is.
    shown = raw.assign(level=graded.where(graded.notna(), np.nan))
    rows = merged_episodes(shown, severe if severe.scale == "grade" else None, gap=gap)
    worst = merged_episodes(raw.assign(level=severity), None, gap=gap)["level"]
    rows["severity"] = [names[int(v) - 1] if v == v else None for v in worst]
    if severe.scale == "severity":
        rows["counts"] = (worst >= severe.least).to_numpy()
    rows = rows[rows["counts"]]
    subjects = cohort.subjects.set_index("subject_id")
    for column in by:
        rows[column] = rows["subject_id"].map(subjects[column])
    end = rows["subject_id"].map(followup_end(subjects))
    ongoing = rows["resolution_day"].isna() & rows["onset_day"].notna()
    rows = rows.assign(
        ongoing=ongoing,
        end_day=rows["resolution_day"].where(~ongoing, end),
        first=rows["onset_day"],
    )
    rows["first"] = rows.groupby("subject_id")["onset_day"].transform("min")
    places = {c: _places(study, c, cohort.eligible[c]) for c in by}
    keys = [rows[c].map(places[c]) for c in by]
    last_keys = [rows["onset_day"].fillna(np.inf), rows["subject_id"]]
    order = np.lexsort([*last_keys, rows["first"].fillna(np.inf), *reversed(keys)])
    rows = rows.iloc[order].reset_index(drop=True)
    numbers = {name: i for i, name in enumerate(dict.fromkeys(rows["subject_id"]), start=1)}
    rows["subject"] = rows["subject_id"] if identifiers else rows["subject_id"].map(numbers)
    rows["grade"] = rows["level"]
    day = np.select(
        [rows["onset_day"].isna(), rows["ongoing"]],
        [message("onset unknown"), message("ongoing or last day unknown")],
        "",
    )
    # Of a grade that is not known, what is proven of it.
    proven = rows["level"].isna() & (rows["least"] > 1) & (severe.scale == "grade")
    rows["note"] = [
        joined_notes(message("at least grade {grade}", grade=f"{least:g}") if known else "", words)
        for known, least, words in zip(proven, rows["least"], day, strict=True)
    ]
    columns = [
        *by, "subject", "term", "system", "onset_day", "resolution_day", "end_day", "ongoing",
        "grade", "severity", "serious", "n_records", "note",
    ]  # fmt: skip
    named = within_sentence(term_words(study, terms))
    spec = cohort.spec(
        "toxicity_listing",
        endpoint=message("Episodes of {toxicity}", toxicity=severe.of(named)),
        method=message("overlapping records joined")
        if identifiers
        else message(
            "overlapping records joined; subjects numbered in the order of their first onset"
        ),
        by=by,
        terms=terms,
        min_grade=min_grade,
        min_severity=min_severity,
        gap=float(gap),
        identifiers=identifiers,
    )
    labels = level_labels(study.vocabulary, by) | term_labels(study, terms)
    return Result(pd.DataFrame(rows[columns]), spec, labels)


def _places(study, column: str, values: pd.Series) -> dict[object, int]:
    keys = stratum_keys(study.vocabulary, values.to_frame(), [column])
    return {key[0]: place for place, key in enumerate(keys)}
