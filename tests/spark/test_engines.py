"""One Ibis expression gives the same counts of the same rows in every engine.

`make test-spark` runs these, with Spark on this machine. A Postgres joins them where its address is
given: ``CARSTATS_POSTGRES=postgres://user@127.0.0.1/db make test-spark``.
"""

import os
import sqlite3
from contextlib import closing
from functools import cache

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import carstats as cs
from carstats.counts.counted import TABLES, summed
from tests.counts.analyses import equal
from tests.spark.registry import BY, ENDPOINTS, registry

pytestmark = [
    pytest.mark.spark,
    # Spark's own library leaves its sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
    ),
]

ENGINES = ["pyspark", "polars", "sqlite"]
if os.environ.get("CARSTATS_POSTGRES"):
    ENGINES.append("postgres")
# Types of Arrow as Postgres calls them.
POSTGRES = {
    "bool": "boolean",
    "decimal128(3, 0)": "numeric(3, 0)",
    "decimal128(3, 1)": "numeric(3, 1)",
    "decimal128(8, 2)": "numeric",
    "dictionary<values=string, indices=int32, ordered=0>": "text",
    "double": "double precision",
    "float": "real",
    "int8": "smallint",
    "int16": "smallint",
    "int32": "integer",
    "string": "varchar(20)",
}
ANALYSES = {
    "curve": lambda c: cs.survival_curve(c, "relapse_free_survival", by="Arm"),
    "quantile": lambda c: cs.survival_quantile(c, "overall_survival", by=["Arm", "prior"]),
    "log-rank": lambda c: cs.logrank_test(c, "overall_survival", by="Arm", strata="siteID"),
    "incidence": lambda c: cs.cumulative_incidence(c, "relapse", by="é 中文"),
    "Gray": lambda c: cs.gray_test(c, "relapse", by="Arm", strata="siteID"),
    "Cox": lambda c: cs.cox_regression(c, "relapse_free_survival", BY[:2], strata="prior"),
    "rate": lambda c: cs.incidence_rate(c, "relapse", by=BY[:2]),
    "response": lambda c: cs.response_rate(c, "responded", by=BY),
    "difference": lambda c: cs.response_difference(c, "responded", by="prior", strata="siteID"),
    "CMH": lambda c: cs.response_test(c, "evaluated", by="Arm", strata="siteID"),
    "toxicity": lambda c: cs.toxicity_rate(c, ["CRS", "ICANS"], min_grade=2, by="Arm"),
}  # fmt: skip


def as_table(engine, name, rows: pa.Table, folder):
    """Return rows as a table of an engine, through Ibis."""
    if name in ("duckdb", "polars", "pyspark"):
        pq.write_table(rows, folder / "rows.parquet")
        return engine(name).read_parquet(str(folder / "rows.parquet"))
    if name == "sqlite":
        # It knows numbers and texts; yes and no are declared.
        frame = rows.to_pandas().astype({"months": float, "coded": float, "icans": float})
        with closing(sqlite3.connect(folder / "rows.sqlite")) as file:
            frame.to_sql("Registry", file, index=False, dtype={"prior": "BOOLEAN"})
        import ibis

        return ibis.sqlite.connect(folder / "rows.sqlite").table("Registry")
    types = [POSTGRES.get(str(kind), str(kind)) for kind in rows.schema.types]
    names = [f'"{column}"' for column in rows.column_names]
    declared = ", ".join(map(" ".join, zip(names, types, strict=True)))
    connection = engine(name).con
    connection.execute('drop table if exists "Registry"')
    connection.execute(f'create table "Registry" ({declared})')
    with connection.cursor().copy('copy "Registry" from stdin') as copy:
        for row in rows.to_pylist():
            copy.write_row(list(row.values()))
    connection.commit()
    return engine(name).table("Registry")


def tidy(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of counts with each cell once and in one order."""
    table = summed([table])
    return table.sort_values([*table.columns[:-1]], ignore_index=True)


@pytest.fixture(scope="module", params=[1, 2])
def rows(request):
    return registry(request.param)


@pytest.fixture(scope="module")
def counted(rows, engines, tmp_path_factory):
    """Return what counts the rows in an engine, in each engine once."""

    @cache
    def counts(name):
        table = as_table(engines, name, rows, tmp_path_factory.mktemp(name))
        return cs.count_outcomes(table, ENDPOINTS, by=BY)

    return counts


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_counts_as_duckdb_does(name, rows, counted):
    first, again = counted("duckdb"), counted(name)
    assert len(first) == len(again) == rows.num_rows
    for table in TABLES:
        pd.testing.assert_frame_equal(tidy(getattr(first, table)), tidy(getattr(again, table)))
    for ask in ANALYSES.values():
        equal(ask(first), ask(again))


def test_the_counts_of_spark_give_the_numbers_of_the_rows(rows, counted):
    """The rows themselves, as cohorts in memory, are the witness."""
    counts = counted("pyspark")
    frame = rows.to_pandas().astype({"Arm": str})
    frame["STATUS"] = frame["STATUS"].str.strip().str.lower()
    frame["entry day"] = frame["entry day"].fillna(0)
    frame["relapse"] = frame["STATUS"].map({"event": 1.0, "censored": 0.0, "competing": 0.0})
    cohort = cs.cohort_from_frame(
        frame, time="Days", event="relapse", cause="why", start="entry day", unit="days",
        response="responded",
    )  # fmt: skip
    for name in ("incidence", "Gray", "rate", "response", "difference"):
        equal(ANALYSES[name](cohort), ANALYSES[name](counts))
    frame["relapse_free_survival"] = frame["coded"].astype(float)
    cohort = cs.cohort_from_frame(
        frame, time="whole", event="relapse_free_survival", unit="days", response="asText"
    )
    for name in ("curve", "Cox"):
        equal(ANALYSES[name](cohort), ANALYSES[name](counts))
    proven = frame["Worst CRS"].groupby(frame["Arm"]).apply(lambda g: (g >= 3).sum())
    rate = cs.toxicity_rate(counts, "CRS", min_grade=3, by="Arm").frame
    assert dict(zip(rate["Arm"], rate["n_event"], strict=True)) == dict(proven)


def test_an_engine_that_cannot_answer_says_so(rows, engines, tmp_path):
    connection = engines("pyspark")
    table = as_table(engines, "pyspark", rows, tmp_path)
    (tmp_path / "rows.parquet").unlink()
    with pytest.raises(cs.CarstatsError, match=r"the table cannot be counted: .*FILE_NOT_EXIST"):
        cs.count_outcomes(table, ENDPOINTS, by=BY)
    with pytest.raises(cs.CarstatsError, match="`source` is SparkSession; it takes a Cohort"):
        cs.count_outcomes(connection._session, ENDPOINTS, by=BY)
    with closing(sqlite3.connect(tmp_path / "mixed.sqlite")) as file:
        file.execute("create table rows (days real, relapsed integer)")
        file.executemany("insert into rows values (?, ?)", [(3.0, 1), ("late", 0)])
        file.commit()
    import ibis

    mixed = ibis.sqlite.connect(tmp_path / "mixed.sqlite")
    table, asked = mixed.table("rows"), {"relapse": {"time": "days", "status": "relapsed"}}
    with pytest.raises(cs.CarstatsError, match="rows, `days`: holds 'late', which is no number"):
        cs.count_outcomes(table, asked)
    mixed.disconnect()
    with pytest.raises(cs.CarstatsError, match="the table cannot be counted: Cannot operate"):
        cs.count_outcomes(table, asked)
