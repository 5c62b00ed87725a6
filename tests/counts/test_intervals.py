"""Events that visits found: counts keep the visits in between, and give what the subjects give."""

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from tests.counts.analyses import equal, same
from tests.counts.test_same_numbers import by_site
from tests.survival.survival_data import RFS, cohort_of

ASKED = {
    "curve of intervals": lambda c: cs.interval_censored_curve(c, RFS, by="target", n_resamples=19),
    "test of intervals": lambda c: cs.interval_censored_test(c, RFS, by="target", strata="site_id",
                                                             n_resamples=99),
    "regression": lambda c: cs.interval_censored_regression(c, RFS, "target"),
    "sensitivity": lambda c: cs.interval_sensitivity(c, RFS, at=[30, 90], by="target"),
    "cure": lambda c: cs.cure_fraction(c, RFS),
    "curve of days": lambda c: cs.survival_curve(c, RFS, by="target"),
    "rate": lambda c: cs.incidence_rate(c, RFS, by="target"),
    "log-rank": lambda c: cs.logrank_test(c, RFS, by="target"),
    "Cox": lambda c: cs.cox_regression(c, RFS, "target"),
    "landmark": lambda c: cs.landmark_curve(c, RFS, at=28, by="target"),
}  # fmt: skip


def seen_at_visits(seed, n=60):
    """Return subjects seen every 28 days, some visits missed; of a few the day is known."""
    rng = np.random.default_rng(seed)
    low = rng.integers(0, 5, n) * 28.0
    time = low + rng.integers(0, 3, n) * 28.0 + (low == 0)
    status = rng.integers(0, 2, n)
    return cohort_of(
        time,
        status,
        group=rng.integers(0, 2, n),
        low=np.where(status == 1, low, time),
        high=np.where(status == 1, time, np.nan),
        site_id=rng.choice(list("ABC"), n),
    )


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", ASKED)
def test_intervals_of_counts_are_those_of_the_subjects(name, seed):
    cohort = seen_at_visits(seed)
    same(ASKED[name], cohort, by_site(cohort, [RFS], ["target", "site_id"]))


def test_only_events_between_visits_are_told_apart():
    cohort = cohort_of([28, 28, 56, 56], [1, 1, 1, 0], low=[0, 28, 0, 56], high=[28, 28, 56, None])
    times = cs.count_outcomes(cohort, RFS).times
    between = times.dropna(subset="time_low")[["time_low", "time_high", "n"]]
    assert between.to_numpy().tolist() == [[0, 28, 1], [0, 56, 1]]
    exact = cs.count_outcomes(cohort_of([28, 56], [1, 0]), RFS).times
    assert "time_low" not in exact


def test_a_table_says_the_last_visit_free_of_the_event(tmp_path):
    pytest.importorskip("duckdb", reason="duckdb is not installed")
    frame = pd.DataFrame(
        {
            "arm": list("AABBAB") * 3,
            "free": [0.0, 28.0, 56.0, None, 28.0, 84.0] * 3,
            "day": [28.0, 56.0, 56.0, 84.0, 84.0, 84.0] * 3,
            "relapsed": [1, 1, 0, 0, 1, 1] * 3,
        }
    )
    frame.to_csv(tmp_path / "rows.csv", index=False)
    counts = cs.count_outcomes(
        tmp_path / "rows.csv",
        {"relapse": {"time": "day", "status": "relapsed", "low": "free"}},
        by="arm",
    )
    happened = frame["relapsed"] == 1
    rows = frame.assign(
        low=frame["free"].where(happened, frame["day"]), high=frame["day"].where(happened)
    )
    cohort = cs.cohort_from_frame(rows[["arm", "low", "high"]], low="low", high="high", unit="days")
    first = cs.interval_censored_curve(cohort, by="arm")
    equal(first, cs.interval_censored_curve(counts, "relapse", by="arm"))
    frame.assign(free=99).to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(
        cs.CarstatsError, match=r"`free`: holds 99\.0\. It is the last day on which"
    ):
        cs.count_outcomes(
            tmp_path / "rows.csv",
            {"relapse": {"time": "day", "status": "relapsed", "low": "free"}},
            by="arm",
        )


def test_intervals_that_cannot_be_are_refused():
    counts = cs.count_outcomes(seen_at_visits(1), RFS)
    for low, high in ((90, 28), (None, 28), (-1, 28)):
        times = counts.times.assign(time_low=low, time_high=high)
        with pytest.raises(cs.CarstatsError, match=r"in `time_low`\. An event that a visit found"):
            cs.Counts(by=(), subjects=counts.subjects, times=times)


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: cs.fine_gray_regression(c, RFS, "target"),
        lambda c: cs.interval_censored_regression(c, RFS, "target"),
        lambda c: cs.cox_regression(c, RFS, "target"),
    ],
)
def test_a_regression_leaves_out_to_whom_the_endpoint_does_not_apply(ask):
    counts = cs.count_outcomes(seen_at_visits(1), RFS, by="target")
    times = counts.times.assign(applies=counts.times["time"] > 28)
    applies = times[times["applies"]]
    people = applies.groupby("target", sort=False)["n"].sum().reset_index()
    first = ask(cs.Counts(by="target", subjects=counts.subjects, times=times)).frame
    second = ask(cs.Counts(by="target", subjects=people, times=applies)).frame
    pd.testing.assert_frame_equal(first, second)
