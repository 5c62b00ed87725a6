"""What is not known of a toxicity is not absent: what is proven, what is possible, and the words.

An episode without a grade happened, and counts as any grade. Of "grade 3 or more" the proven are
those whose grade, or whose ``grade_at_least``, is 3 or more; the possible are they and all whose
grade is not known. ``grade_at_least`` 0 says that it is not known whether there was an episode.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.estimators.proportions.proportion import proportion_limits
from carstats.messages import message, message_n


def lower_bounds(rows: pd.DataFrame, level: pd.Series, scale: str) -> pd.Series:
    """Return the least that each episode is proven to have been."""
    bound = pd.Series(np.nan, rows.index)
    if "grade_at_least" in rows:
        bound = rows["grade_at_least"].astype(float)
        bound = bound if scale == "grade" else bound.where(bound == 0)
    return level.fillna(bound).fillna(1.0)


def worst_proven(rows: pd.DataFrame, *, ungraded: float, unknown: float) -> pd.Series:
    """Return by subject the worst that is proven of episodes: a grade, or a code without one.

    The codes are of an episode without a grade, and of one of which it is not known whether it was.
    """
    who = rows["subject_id"]
    proven = rows["least"].where(rows["level"].notna() | (rows["least"] > 1)).groupby(who).max()
    happened = (rows["least"] > 0).groupby(who).any()
    return proven.fillna(happened.map({True: ungraded, False: unknown}))


def began_before(rows: pd.DataFrame) -> pd.Series:
    """Return which episodes began before the infusion: none of its effects.

    An episode that worsened after it has a record of its own from then on, which counts.
    """
    return rows["onset_day"].astype(float) < 0


def bounded_limits(k, unknown, n, *, method: str, conf_level: float):
    """Return limits that hold whatever the unknown are: lower of k, upper of k + unknown."""
    low, high = proportion_limits(k, n, method=method, conf_level=conf_level)
    if np.any(np.asarray(unknown) > 0):
        _, high = proportion_limits(
            np.asarray(k) + np.asarray(unknown), n, method=method, conf_level=conf_level
        )
    return low, high


def possible_columns(n: int, k: int, unknown: int) -> dict[str, float]:
    """Return how many may have had it, and what part of all they are."""
    return {"n_possible": k + unknown, "estimate_possible": (k + unknown) / n if n else np.nan}


def range_note(n: int, k: int, unknown: int, why: str) -> str:
    """Say what is proven and what is possible; nothing where all is known."""
    if not unknown or not n:
        return ""
    places = {
        "unknown": unknown, "least": k, "most": k + unknown, "n": n,
        "low": f"{100 * k / n:.0f}", "high": f"{100 * (k + unknown) / n:.0f}",
    }  # fmt: skip
    if why == "grade":
        return message(
            "{unknown} of unknown grade: proven {least} of {n} ({low} %), possible {most} of {n} "
            "({high} %)",
            **places,
        )
    if why == "onset":
        return message(
            "{unknown} of unknown onset: proven {least} of {n} ({low} %), possible {most} of {n} "
            "({high} %)",
            **places,
        )
    if why == "occurrence":
        return message(
            "{unknown} not known whether they had it: proven {least} of {n} ({low} %), possible "
            "{most} of {n} ({high} %)",
            **places,
        )
    if why == "serious":
        return message(
            "{unknown} not said whether serious: proven {least} of {n} ({low} %), possible {most} "
            "of {n} ({high} %)",
            **places,
        )
    return message(
        "{unknown} of unknown grade, onset or occurrence: proven {least} of {n} ({low} %), "
        "possible {most} of {n} ({high} %)",
        **places,
    )


def why_unknown(episodes: pd.DataFrame, *, undated: bool = False) -> str:
    """Return the code of what is not known of some episodes: grade, onset, occurrence, several."""
    doubtful = episodes[episodes["unknown"]]
    reasons = {
        "occurrence": bool((doubtful["least"] == 0).any()),
        "grade": bool((doubtful["least"] > 0).any()),
        "onset": undated,
    }
    named = [name for name, holds in reasons.items() if holds]
    return named[0] if len(named) == 1 else "several"


def before_note(episodes: pd.DataFrame, subjects: pd.DataFrame) -> str:
    """Say how many of the subjects had episodes before the infusion, which are set apart."""
    early = episodes[episodes["before"]]
    return early_note(int(subjects["subject_id"].isin(set(early["subject_id"])).sum()))


def early_note(n: int) -> str:
    """Say how many had episodes before the infusion."""
    if not n:
        return ""
    return message_n(
        "{n} with an episode that began before the infusion, not counted",
        "{n} with episodes that began before the infusion, not counted",
        n,
    )


def uncollected_note(cohort: Cohort, term: str) -> str:
    """Say that a study with toxicities has no record of a term: it may not have been collected.

    An empty table says that none was seen.
    """
    records = cohort.study.table("toxicities")
    if not len(records) or (records["term"] == term).any():
        return ""
    return message("no record of it in the study: none only if it was collected")


def doubtful_subjects(episodes: pd.DataFrame, subjects: pd.DataFrame) -> int:
    """Return how many of the subjects have an episode that may count."""
    maybe = set(episodes.loc[episodes["unknown"], "subject_id"])
    return int(subjects["subject_id"].isin(maybe).sum())


def bounded_note(n: int) -> str:
    """Say that episodes that may count are in the upper limits alone."""
    if not n:
        return ""
    return message_n(
        "{n} with an episode of unknown grade that may count: in the upper limit alone",
        "{n} with episodes of unknown grade that may count: in the upper limit alone",
        n,
    )


def left_out_note(episodes: pd.DataFrame, subjects: pd.DataFrame) -> str:
    """Say how many have an episode that may count, where only proven ones can be timed."""
    n = doubtful_subjects(episodes, subjects)
    if not n:
        return ""
    return message_n(
        "{n} with an episode of unknown grade that may count, left out",
        "{n} with episodes of unknown grade that may count, left out",
        n,
    )
