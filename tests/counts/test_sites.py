"""Sites that DuckDB counted, each from its own file: tests within sites equal those of the rows."""

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from tests.counts.analyses import answer, equal

pytest.importorskip("duckdb", reason="duckdb is not installed")

ENDPOINTS = {
    "relapse": {"time": "days", "status": "relapse"},
    "responded": {"response": "responded"},
}
ASKED = {
    "log-rank": lambda c: cs.logrank_test(c, "relapse", by="arm", strata="site", n_resamples=99),
    "log-rank, asymptotic": lambda c: cs.logrank_test(
        c, "relapse", by="arm", strata="site", method="asymptotic"
    ),
    "Gray": lambda c: cs.gray_test(c, "relapse", by="arm", strata="site"),
    "Cox": lambda c: cs.cox_regression(c, "relapse", "arm", strata="site"),
    "difference": lambda c: cs.response_difference(c, "responded", by="arm", strata="site"),
    "CMH": lambda c: cs.response_test(c, "responded", by="arm", strata="site"),
    "exact": lambda c: cs.response_test(c, "responded", by="arm"),
    "rates": lambda c: cs.response_rate(c, "responded", by=["site", "arm"]),
}


def registry(seed, n):
    """Return subjects of two arms at three sites, with many ties and some not evaluable."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "arm": rng.choice(["A", "B"], n),
            "site": rng.choice(["s1", "s2", "s3"], n, p=[0.6, 0.3, 0.1]),
            "days": rng.integers(1, 6, n),
            "relapse": rng.integers(0, 2, n),
            "responded": rng.choice([0.0, 1.0, np.nan], n, p=[0.4, 0.4, 0.2]),
        }
    )


@pytest.mark.parametrize(("seed", "n"), [(1, 12), (2, 30), (3, 80), (4, 300)])
def test_sites_counted_by_duckdb_give_the_numbers_of_the_rows(seed, n, tmp_path):
    frame = registry(seed, n)
    # A fourth site has nobody yet.
    for site in ("s1", "s2", "s3", "s4"):
        frame[frame["site"] == site].to_parquet(tmp_path / f"{site}.parquet")
    cohort = cs.cohort_from_frame(
        frame, time="days", event="relapse", unit="days", response="responded"
    )
    whole = cs.count_outcomes(tmp_path, ENDPOINTS, by=["arm", "site"])
    there = sorted(frame["site"].unique())
    added = sum(
        cs.count_outcomes(tmp_path / f"{site}.parquet", ENDPOINTS, by=["arm", "site"])
        for site in there
    )
    for ask in ASKED.values():
        first = answer(ask, cohort)
        for counts in (whole, added):
            second = answer(ask, counts)
            if isinstance(first, str) or isinstance(second, str):
                assert first == second
            else:
                equal(first, second)


def test_counts_of_many_cells_keep_their_numbers(tmp_path, monkeypatch):
    """Cells are never counted as if each were a subject, however many they are."""
    frame = registry(5, 400)
    frame.to_parquet(tmp_path / "rows.parquet")
    counts = cs.count_outcomes(tmp_path, ENDPOINTS, by=["arm", "site"])
    asked = [
        lambda: cs.survival_curve(counts, "relapse", by=[]),
        lambda: cs.incidence_rate(counts, "relapse", by=[]),
        lambda: cs.cox_regression(counts, "relapse", "arm"),
    ]
    few = [ask() for ask in asked]
    monkeypatch.setattr("carstats.survival.times.COUNTED_FROM", 10)
    for ask, first in zip(asked, few, strict=True):
        equal(first, ask())
