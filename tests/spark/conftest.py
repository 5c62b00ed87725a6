"""Engines beside DuckDB, each on this machine alone: what `make test-spark` installs."""

import os

import pytest

HERE = "127.0.0.1"


def spark():
    """Return a Spark of two cores and a small heap that listens to nobody else and says little."""
    from pyspark.sql import SparkSession

    os.environ["SPARK_LOCAL_IP"] = HERE
    settings = {
        "spark.driver.bindAddress": HERE,
        "spark.driver.host": HERE,
        "spark.driver.memory": "512m",
        "spark.log.level": "ERROR",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master("local[2]").appName("carstats")
    return builder.config(map=settings).getOrCreate()


@pytest.fixture(scope="session")
def engines(tmp_path_factory):
    """Return the connection of each engine through Ibis, opened when it is first asked for."""
    import ibis

    opened = {}

    def engine(name):
        if name not in opened:
            opened[name] = {
                "duckdb": ibis.duckdb.connect,
                "polars": ibis.polars.connect,
                "pyspark": lambda: ibis.pyspark.connect(spark()),
                "postgres": lambda: ibis.connect(os.environ["CARSTATS_POSTGRES"]),
            }[name]()
        return opened[name]

    yield engine
    if "pyspark" in opened:
        opened["pyspark"]._session.stop()
    if "postgres" in opened:
        opened["postgres"].con.close()
