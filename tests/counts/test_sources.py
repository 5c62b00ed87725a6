"""Where a table may be: files by their names, folders, frames in memory, databases."""

import os
import re
import sqlite3
from contextlib import closing

import pandas as pd
import pytest

import carstats as cs

duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")

FRAME = pd.DataFrame(
    {
        "arm": ["A", "B"] * 3,
        "days": [4.0, 5.0, 6.5, 6.5, 8.0, 9.0],
        "relapsed": [0, 1, 1, 0, 0, 1],
    }
)
ENDPOINTS = {"relapse": {"time": "days", "status": "relapsed"}}


def count(source, **more):
    return cs.count_outcomes(source, **{"endpoints": ENDPOINTS, "by": "arm", **more})


def refused(text, source, **more):
    with pytest.raises(cs.CarstatsError, match=re.escape(text)):
        count(source, **more)


def days(counts):
    return sorted(counts.times["time"])


def test_a_column_has_the_type_that_holds_it_in_all_files(tmp_path):
    """Whole days in the first file take no fraction from those of the second."""
    FRAME.assign(days=[1, 2, 3, 4, 5, 6]).to_parquet(tmp_path / "a.parquet")
    FRAME.to_parquet(tmp_path / "b.parquet")
    assert days(count(tmp_path)) == [1, 2, 3, 4, 4, 5, 5, 6, 6.5, 6.5, 8, 9]
    # And no order of columns is another column.
    FRAME[["relapsed", "days", "arm"]].to_csv(tmp_path / "a.csv", index=False)
    FRAME.to_csv(tmp_path / "b.csv", index=False)
    assert set(days(count(tmp_path / "*.csv"))) == set(FRAME["days"])


@pytest.mark.parametrize("lacking", ["a.parquet", "b.parquet"])
def test_a_file_that_lacks_a_column_is_named(lacking, tmp_path):
    for name in ("a.parquet", "b.parquet"):
        table = FRAME.drop(columns="relapsed") if name == lacking else FRAME
        table.to_parquet(tmp_path / name)
    refused(f"{tmp_path / lacking}: 'relapse' names 'relapsed', not in the table", tmp_path)


def test_a_name_is_a_name_and_no_pattern(tmp_path):
    FRAME.to_parquet(tmp_path / "x[1].parquet")
    FRAME[:2].to_parquet(tmp_path / "x1.parquet")
    assert len(count(tmp_path / "x[1].parquet")) == 6
    assert len(count(tmp_path / "x*.parquet")) == 8


def test_a_folder_of_parts_has_their_column(tmp_path):
    """As Spark and others write a table; what begins with _ or . is theirs."""
    for site in ("s1", "s2"):
        (tmp_path / f"site={site}").mkdir()
        FRAME.to_parquet(tmp_path / f"site={site}" / "part.parquet")
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / ".part.parquet").touch()
    (tmp_path / "old").mkdir()
    FRAME.to_parquet(tmp_path / "old" / "part.parquet")
    counts = count(tmp_path, by=["site", "arm"])
    assert counts.subjects["n"].tolist() == [3, 3, 3, 3]
    assert len(count(tmp_path / "**" / "part.parquet")) == 18


def test_frames_in_memory_are_counted(tmp_path):
    polars = pytest.importorskip("polars", reason="polars is not installed")
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    table = pyarrow.Table.from_pandas(FRAME)
    for source in (
        FRAME,
        FRAME.convert_dtypes(),
        FRAME.assign(arm=FRAME["arm"].astype("category")),
        polars.from_pandas(FRAME),
        polars.from_pandas(FRAME).lazy(),
        table,
        duckdb.sql("select * from FRAME"),
    ):
        assert days(count(source)) == days(count(FRAME)) == [4, 5, 6.5, 6.5, 8, 9]
    refused("`source` is Series; it takes a Cohort", FRAME["days"])
    refused("`source` is RecordBatchReader; it takes", table.to_reader())
    refused("the table, `days`: holds 'x', which is no number", FRAME.assign(days=[4, "x"] * 3))
    doubled = pd.concat([FRAME, FRAME[["days"]]], axis=1)
    refused("`source` has the column 'days' twice", doubled)
    refused("LazyFrame cannot be read: unable to find column", polars.LazyFrame().select("no"))


def test_what_is_no_file_of_a_table_is_refused(tmp_path):
    for name in ("rows.db", "rows.sqlite"):
        with closing(sqlite3.connect(tmp_path / name)) as file:
            FRAME.to_sql("rows", file, index=False)
        refused("is a database of SQLite. Give a table of it through Ibis", tmp_path / name)
    refused("there is no file", "")
    refused("File name too long", "x" * 5000 + ".parquet")
    refused("is an address, not the path of a file", "s3://bucket/rows.parquet")
    FRAME.to_parquet(tmp_path / "rows.parquet")
    refused("`table` is 'x'; it names a table of a database", tmp_path / "rows.parquet", table="x")
    refused("`table` is 'x'; it names a table of a database", FRAME, table="x")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="who runs this may read all")
def test_a_file_that_may_not_be_read_is_said(tmp_path):
    FRAME.to_parquet(tmp_path / "rows.parquet")
    (tmp_path / "rows.parquet").chmod(0)
    refused("rows.parquet cannot be read", tmp_path / "rows.parquet")


@pytest.mark.parametrize(
    "name", ['sel"ect', "group by", "a b", "o'neil", "组 别", "x; drop table rows; --", "*", "a\nb"]
)
def test_a_column_may_have_any_name(name, tmp_path):
    frame = FRAME.rename(columns={"arm": name})
    for source in (frame, tmp_path / "rows.parquet"):
        frame.to_parquet(tmp_path / "rows.parquet")
        assert count(source, by=name).subjects["n"].tolist() == [3, 3]


@pytest.mark.parametrize("cause", [0, "0", "none", "NA", False])
def test_a_cause_that_says_none_is_no_competing_event(cause):
    asked = {"relapse": ENDPOINTS["relapse"] | {"cause": "why"}}
    refused("the table, `why`: holds", FRAME.assign(why=[cause] * 6), endpoints=asked)
    assert (count(FRAME.assign(why="death"), endpoints=asked).times["status"] != "censored").all()


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"endpoints": {None: {"grade": "arm"}}}, "an endpoint has no name"),
        ({"landmarks": "x"}, "`landmarks` is 'x'"),
        ({"landmarks": [None]}, "`landmarks` is None"),
    ],
)
def test_arguments_that_cannot_be_are_refused(more, text):
    refused(text, FRAME, **more)
    refused("is of type integer[]; a status and a cause", FRAME.assign(relapsed=[[1]] * 6))


def test_a_landmark_of_a_table_is_refused_without_a_way_round():
    with pytest.raises(cs.CarstatsError, match="a table does not say who could have been followed"):
        cs.landmark_rate(count(FRAME), "relapse", at=5)


def test_an_endpoint_is_counted_once():
    cohort = cs.define_cohort(cs.read_study("data/synthetic"))
    with pytest.raises(cs.CarstatsError, match="`endpoints` names 'CRS' twice"):
        cs.count_outcomes(cohort, ["CRS", "crs"])
    assert len(cs.count_outcomes(cohort, "CRS", landmarks=None)) == len(cohort)


def test_a_toxicity_that_nobody_recorded_keeps_its_caution():
    """Where a study has no record of it at all, none may mean that it was not collected."""
    study = cs.read_study("data/synthetic")
    table = study.toxicities[study.toxicities["term"] != "CRS"]
    cohort = cs.define_cohort(cs.Study(subjects=study.subjects, toxicities=table))
    counts = cs.count_outcomes(cohort, ["CRS", "infection"], by="target")
    for first, second in ((cohort, counts), (cohort, counts + counts)):
        notes = [cs.toxicity_rate(each, "CRS").frame["note"][0] for each in (first, second)]
        assert all("none only if it was collected" in note for note in notes)
