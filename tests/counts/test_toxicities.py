"""Toxicities counted by worst grade: what is not known stays so, and scales stay apart."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from tests.conftest import subjects_table
from tests.counts.analyses import equal

ASKED = {
    "any": lambda c: cs.toxicity_rate(c, ["CRS", "infection"], by="target"),
    "severe": lambda c: cs.toxicity_rate(c, "CRS", min_grade=3),
    "grades": lambda c: cs.toxicity_grades(c, ["CRS", "infection"], by="target"),
    "difference": lambda c: cs.toxicity_difference(c, ["CRS", "infection"], by="target",
                                                   min_grade=2),
    "ratio": lambda c: cs.toxicity_difference(c, "infection", by="target", contrast="ratio"),
    "signals": lambda c: cs.toxicity_signals(c, ["CRS", "infection"], by="target"),
    "oncology": lambda c: cs.toxicity_benchmark(c, "CRS", by="target", grading_scale="ASTCT"),
}  # fmt: skip


def cohort_of(seed, n=40):
    """Return subjects with several episodes each, some without a grade, a date, or neither."""
    rng = np.random.default_rng(seed)
    m = 3 * n
    grade = rng.choice([1, 2, 3, 5, np.nan], m, p=[0.3, 0.2, 0.1, 0.05, 0.35])
    least = np.where(np.isnan(grade), rng.choice([0, 1, 3, np.nan], m), np.nan)
    episodes = pd.DataFrame(
        {
            "subject_id": [f"S{i:02d}" for i in rng.integers(1, n + 1, m)],
            "term": rng.choice(["CRS", "infection"], m),
            "onset_day": rng.choice([-3.0, 2.0, 9.0], m, p=[0.1, 0.6, 0.3]),
            "grade": grade,
            "grade_at_least": least,
        }
    )
    subjects = subjects_table(
        n,
        target=list(rng.choice(["CD19", "BCMA"], n)),
        site_id=list(rng.choice(["A", "B"], n)),
        costimulation="4-1BB",
    )
    return cs.define_cohort(cs.Study(subjects=subjects, toxicities=episodes))


def counted(cohort, **options):
    by = ["target", "site_id", "costimulation"]
    sites = [
        replace(cohort, subjects=mine.reset_index(drop=True))
        for _, mine in cohort.subjects.groupby("site_id")
    ]
    return sum(cs.count_outcomes(site, ["CRS", "infection"], by=by, **options) for site in sites)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ASKED)
def test_what_is_not_known_of_subjects_is_not_known_of_counts(name, seed):
    cohort = cohort_of(seed)
    first, second = ASKED[name](cohort), ASKED[name](counted(cohort))
    # A note says which single records are not known, and who had one before the infusion.
    for result in (first, second):
        result.frame["note"] = ""
    equal(first, second)


def test_the_overview_counts_what_is_proven():
    counts = counted(cohort_of(1))
    rates = cs.toxicity_rate(counts, "CRS").frame.iloc[0]
    rows = counts.overview[counts.overview["outcome"] == "CRS"]
    assert rows["n_event"].sum() == rates["n_event"]
    assert rows["n_missing"].sum() == rates["n_missing"] > 0
    pooled = cs.pooled_rate(counts, "CRS").frame.iloc[0]
    assert pooled["n_event"] == rates["n_event"]


def of_scales(*scales):
    """Return a cohort whose subjects had CRS once each, of grade 3 by one of some scales."""
    episodes = pd.DataFrame(
        {
            "subject_id": [f"S{i:02d}" for i in range(1, len(scales) + 1)],
            "term": "CRS",
            "onset_day": 1.0,
            "grade": 3,
            "grading_scale": scales,
        }
    )
    subjects = subjects_table(len(scales) + 2)
    return cs.define_cohort(cs.Study(subjects=subjects, toxicities=episodes))


def test_grades_of_several_scales_are_not_counted_together():
    cohort = of_scales("ASTCT", "ASTCT", "Lee 2014")
    with pytest.raises(cs.CarstatsError, match="'CRS' is graded on 2 scales"):
        cs.count_outcomes(cohort, "CRS")
    counts = cs.count_outcomes(cohort, "CRS", grading_scale="ASTCT")
    asked = {"min_grade": 3, "grading_scale": "ASTCT"}
    equal(cs.toxicity_rate(cohort, "CRS", **asked), cs.toxicity_rate(counts, "CRS", **asked))
    row = cs.toxicity_rate(counts, "CRS", min_grade=3).frame.iloc[0]
    assert (row["n_event"], row["n_missing"], row["n"]) == (2, 1, 5)
    with pytest.raises(cs.CarstatsError, match="`grading_scale` is 'Lee 2014'; allowed: 'ASTCT'"):
        cs.toxicity_rate(counts, "CRS", min_grade=3, grading_scale="Lee 2014")


def test_counts_of_different_scales_are_not_added():
    first = cs.count_outcomes(of_scales("ASTCT"), "CRS")
    other = cs.count_outcomes(of_scales("Lee 2014"), "CRS")
    with pytest.raises(cs.CarstatsError, match="grading_scale, CRS is 'ASTCT' in one and 'Lee"):
        first + other
    assert len(first + first) == 6
