"""A study as six hospitals that may not share their subjects."""

from __future__ import annotations

import hashlib

import numpy as np

from carstats.cohort.cohort import Cohort, define_cohort
from carstats.cohort.criteria import where

# The shares of the subjects; the last two hospitals have a handful whatever the study.
_SHARES = (0.4, 0.26, 0.18, 0.16)
_TINY = (8, 3)
NAMES = ("A", "B", "C", "D", "E", "F")


def six_hospitals(cohort: Cohort) -> dict[str, Cohort]:
    """Divide a cohort among six hospitals of unlike size, two of them tiny.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.

    Returns
    -------
    dict of str to Cohort
        By the hospital's name its subjects; one subject is always in the same hospital. Of a cohort
        of fewer than 30 subjects the tiny hospitals are empty, and left out.
    """
    ids = sorted(map(str, cohort.subjects["subject_id"]), key=_place)
    tiny = sum(_TINY) if len(ids) >= 30 else 0
    ends = np.round(np.cumsum(_SHARES) * (len(ids) - tiny)).astype(int).tolist()
    ends += [ends[-1] + _TINY[0], ends[-1] + tiny] if tiny else []
    parts = [ids[i:j] for i, j in zip([0, *ends[:-1]], ends, strict=True)]
    study = cohort.study
    return {
        name: define_cohort(study, where("subject_id", part), label=cohort.label)
        for name, part in zip(NAMES, parts, strict=False)
        if part
    }


def _place(subject: str) -> str:
    return hashlib.sha256(subject.encode()).hexdigest()
