"""Tables that are counted where they are give the numbers of a cohort of their rows."""

import importlib.util

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from tests.counts.analyses import equal

duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
ibis = pytest.importorskip("ibis", reason="ibis is not installed")

ENDPOINTS = {
    "relapse": {"time": "days", "status": "status", "cause": "cause"},
    "responded": {"response": "responded"},
    "CRS": {"grade": "crs"},
}


def registry(frame):
    """Return a frame as a table of an engine, through Ibis."""
    connection = duckdb.connect()
    connection.register("given", frame)
    connection.execute("create table registry as select * from given")
    return ibis.duckdb.from_connection(connection).table("registry")


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(5)
    n = 300
    status = rng.choice(["censored", "event", "competing"], n)
    return pd.DataFrame(
        {
            "arm": rng.choice(["A", "B"], n),
            "site": rng.choice(["s1", "s2", "s3"], n),
            "days": rng.integers(1, 60, n) / 2,
            "status": status,
            "cause": np.where(status == "competing", "death", None),
            "relapsed": (status == "event").astype(int),
            "responded": rng.choice([0.0, 1.0, np.nan], n),
            "crs": rng.integers(0, 5, n),
        }
    )


@pytest.fixture(params=["parquet", "csv", "database", "connection", "ibis"])
def source(request, frame, tmp_path):
    """Return the table of each kind, as arguments of `count_outcomes`."""
    if request.param == "parquet":
        frame[:100].to_parquet(tmp_path / "a.parquet")
        frame[100:].to_parquet(tmp_path / "b.parquet")
        return {"source": str(tmp_path / "*.parquet")}
    if request.param == "csv":
        frame.to_csv(tmp_path / "rows.csv", index=False)
        return {"source": tmp_path / "rows.csv"}
    if request.param == "ibis":
        return {"source": registry(frame)}
    path = tmp_path / "rows.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("given", frame)
        connection.execute("create table registry as select * from given")
    if request.param == "database":
        return {"source": path, "table": "registry"}
    return {"source": duckdb.connect(str(path)), "table": "registry"}


def test_any_engine_gives_the_numbers_of_the_rows(source, frame):
    counts = cs.count_outcomes(**source, endpoints=ENDPOINTS, by=["arm", "site"])
    assert len(counts) == 300
    # The rows themselves, as a cohort whose event is called as the vocabulary calls it.
    renamed = frame.rename(columns={"relapsed": "relapse"})
    cohort = cs.cohort_from_frame(
        renamed, time="days", event="relapse", cause="cause", unit="days", response="responded"
    )
    for ask in (
        lambda c: cs.cumulative_incidence(c, "relapse", by="arm"),
        lambda c: cs.gray_test(c, "relapse", by="arm", strata="site"),
        lambda c: cs.incidence_rate(c, "relapse", by=["arm", "site"]),
        lambda c: cs.cox_regression(c, "relapse", "arm", strata="site"),
        lambda c: cs.response_rate(c, "responded", by="arm"),
        lambda c: cs.response_difference(c, "responded", by="arm", strata="site"),
    ):
        equal(ask(cohort), ask(counts))
    rate = cs.toxicity_rate(counts, "CRS", min_grade=3, by="arm").frame
    assert list(rate["n_event"]) == [
        int((frame["crs"][frame["arm"] == arm] >= 3).sum()) for arm in "AB"
    ]


def test_the_risk_table_is_what_the_rows_say(frame):
    counts = cs.count_outcomes(registry(frame), ENDPOINTS, by="arm")
    table = counts.risk_table("relapse")
    mine = frame[frame["arm"] == "B"]
    row = table[(table["arm"] == "B") & (table["time"] == 10.0)].iloc[0]
    assert row["n_risk"] == (mine["days"] >= 10).sum()
    assert row["n_event"] == ((mine["days"] == 10) & (mine["status"] == "event")).sum()
    total = table.loc[table["arm"] == "B", "person_days"].sum()
    assert total == pytest.approx(mine["days"].sum(), abs=1e-9)


def test_a_table_without_a_column_is_refused_with_the_nearest(frame):
    with pytest.raises(cs.CarstatsError, match="names 'dayss', not in the table; 'days' is"):
        cs.count_outcomes(registry(frame), {"relapse": {"time": "dayss", "status": "relapsed"}})
    with pytest.raises(cs.CarstatsError, match="names 'centre', not in the table"):
        cs.count_outcomes(registry(frame), ENDPOINTS, by="centre")


def test_an_engine_that_is_not_there_is_said(monkeypatch, frame, tmp_path):
    frame.to_parquet(tmp_path / "rows.parquet")
    there = importlib.util.find_spec
    monkeypatch.setattr(
        "carstats.counts.engines.find_spec", lambda name: None if name == "duckdb" else there(name)
    )
    with pytest.raises(cs.CarstatsError, match=r"DuckDB, which is not installed: pip install"):
        cs.count_outcomes(tmp_path / "rows.parquet", ENDPOINTS)


def test_columns_that_say_too_little_are_refused(frame):
    with pytest.raises(cs.CarstatsError, match=r"'relapse' has 'time'\. It takes time and status"):
        cs.count_outcomes(registry(frame), {"relapse": {"time": "days"}})
    with pytest.raises(cs.CarstatsError, match="`endpoints` of a table names the columns"):
        cs.count_outcomes(registry(frame), ["relapse"])
    with pytest.raises(cs.CarstatsError, match="`source` is int"):
        cs.count_outcomes(3, ENDPOINTS)
