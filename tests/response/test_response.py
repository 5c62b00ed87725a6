"""Response-rate analyses of a cohort."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from carstats.response.outcomes import visit_window
from tests.conftest import subjects_table


def responses(*rows):
    return pd.DataFrame(rows, columns=["subject_id", "day", "response"]).assign(endpoint="DORIS")


def cohort_of(n, *rows, **columns):
    study = cs.Study(subjects=subjects_table(n, **columns), responses=responses(*rows))
    return cs.define_cohort(study)


def rate(cohort, **options):
    return cs.response_rate(cohort, "DORIS", **options).frame.iloc[0]


def test_missing_is_failure_with_the_evaluable_rate_beside_it():
    row = rate(cohort_of(4, ("S01", 168, True), ("S02", 170, False), ("S03", 168, None)))
    assert (row["n"], row["n_missing"], row["n_event"], row["n_evaluable"]) == (4, 2, 1, 2)
    assert row["estimate"] == 0.25
    assert row["estimate_evaluable"] == 0.5
    # Clopper-Pearson of 1 in 4: binom.test(1, 4).
    assert_allclose([row["conf_low"], row["conf_high"]], [0.006309463, 0.805879550], atol=1e-9)


WINDOW = {
    "first day of the window": (140, 1),
    "the day before the window": (139, None),
    "last day of the window": (196, 1),
    "the day after the window": (197, None),
}


@pytest.mark.parametrize("case", WINDOW)
def test_window_of_week_24(case):
    day, found = WINDOW[case]
    cohort = cohort_of(2, ("S01", day, True), ("S02", 168, False))
    assert rate(cohort)["n_event"] == (found or 0)


def test_the_nearest_evaluable_visit_counts_and_of_two_the_later():
    assert rate(cohort_of(1, ("S01", 160, True), ("S01", 170, False)))["n_event"] == 0
    assert rate(cohort_of(1, ("S01", 164, False), ("S01", 172, True)))["n_event"] == 1
    # The nearest is not evaluable: the next counts.
    assert rate(cohort_of(1, ("S01", 168, None), ("S01", 180, True)))["n_event"] == 1


def test_a_visit_marked_not_evaluable_does_not_count():
    rows = responses(("S01", 168, True), ("S02", 168, True)).assign(evaluable=[False, True])
    study = cs.Study(subjects=subjects_table(2), responses=rows)
    row = rate(cs.define_cohort(study))
    assert (row["n_event"], row["n_missing"]) == (1, 1)


@pytest.mark.parametrize(
    ("at", "window"),
    [(28, (21, 35)), (84, (70, 98)), (168, (140, 196)), (364, (336, 392)), (728, (686, 770))],
)
def test_default_windows(at, window):
    assert visit_window(at) == window


def test_windows_may_be_given():
    cohort = cohort_of(1, ("S01", 100, True))
    assert rate(cohort, at=91, window=(80, 120))["n_event"] == 1


def test_strata_and_empty_strata():
    cohort = cohort_of(
        4,
        ("S01", 168, True),
        ("S02", 168, True),
        target=["CD19", "CD19", "BCMA", "CD19+BCMA"],
        age=[30, 30, 30, 5],
    )
    adults = cs.define_cohort(cohort.study, cs.aged(18))
    frame = cs.response_rate(adults, "DORIS", by="target").frame
    assert frame["target"].tolist() == ["CD19", "BCMA", "CD19+BCMA"]
    assert frame["n"].tolist() == [2, 1, 0]
    assert frame["estimate"].tolist()[:2] == [1, 0]
    assert frame["note"].tolist() == ["", "nobody evaluable", "no subjects"]
    assert np.isnan(frame["conf_high"].iloc[2])


def test_those_not_yet_due_are_named():
    row = rate(cohort_of(2, ("S01", 168, True), cutoff_day=[400, 60]))
    assert row["note"].startswith("1 of the missing had not reached the visit")


def test_wilson():
    rows = [(f"S{i + 1:02d}", 168, i < 2) for i in range(10)]
    row = rate(cohort_of(10, *rows), method="Wilson", conf_level=0.9)
    # prop.test(2, 10, conf.level = 0.9, correct = FALSE)
    assert_allclose([row["conf_low"], row["conf_high"]], [0.0685579877, 0.4592071943], atol=1e-9)


MISUSE = {
    "an unknown endpoint": (lambda c: cs.response_rate(c, "DORIS2"), "`endpoint` is 'DORIS2'"),
    "a time-to-event endpoint": (
        lambda c: cs.response_rate(c, "relapse"),
        "`endpoint` is 'relapse'",
    ),
    "an endpoint without data": (lambda c: cs.response_rate(c, "LLDAS"), "It has: 'DORIS'"),
    "a visit without data": (lambda c: rate(c, at=365), "Assessments lie on days 168 to 168"),
    "a method": (lambda c: rate(c, method="Wald"), "`method` is 'Wald'"),
    "a window beside the visit": (lambda c: rate(c, window=(1, 2)), "does not contain `at`"),
    "half a window": (lambda c: rate(c, window=140), "`window` is 140"),
    "no cohort": (lambda c: cs.response_rate(c.study, "DORIS"), "`cohort` is Study"),
}


@pytest.mark.parametrize("case", MISUSE)
def test_misuse_is_refused_in_words(case):
    call, message = MISUSE[case]
    with pytest.raises(cs.CarstatsError, match=message):
        call(cohort_of(1, ("S01", 168, True)))
