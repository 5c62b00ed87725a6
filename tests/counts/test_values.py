"""What a table may not hold: one message with its file, column and value, and what to do."""

import re

import numpy as np
import pandas as pd
import pytest

import carstats as cs

duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")

ENDPOINTS = {
    "relapse": {"time": "days", "status": "status", "cause": "why", "entry": "from"},
    "responded": {"response": "responded"},
    "CRS": {"grade": "crs"},
}
FRAME = pd.DataFrame(
    {
        "arm": ["A", "B"] * 3,
        "days": [4.0, 5.0, 6.5, 6.5, 8.0, np.nan],
        "status": [0, 1, 1, 0, 0, None],
        "why": ["death", None, "death", None, None, None],
        "from": [0.0, 1.0, None, None, 2.0, None],
        "responded": [1.0, 0.0, 1.0, None, 1.0, 0.0],
        "crs": [0, 1, 2, 3, 4, 5],
    }
)


def written(frame, folder, name="rows.csv"):
    frame.to_csv(folder / name, index=False)
    return folder / name


def count(source, **more):
    return cs.count_outcomes(source, **{"endpoints": ENDPOINTS, "by": "arm", **more})


def refused(text, source, **more):
    with pytest.raises(cs.CarstatsError, match=re.escape(text)):
        count(source, **more)


def test_a_table_is_read_as_it_says(tmp_path):
    counts = count(written(FRAME, tmp_path))
    assert list(counts.subjects["n"]) == [3, 3]
    rows = counts.times.set_index("time")
    # A cause beside 0 is a competing event, one beside 1 is the event's own; entry at 0 is none.
    assert list(rows.loc[[4.0, 6.5], "status"]) == ["competing", "event", "censored"]
    assert list(rows.loc[[4.0, 6.5], "cause"]) == ["death", None, None]
    assert rows["entry_time"].dropna().to_dict() == {5.0: 1.0, 8.0: 2.0}
    assert rows.loc[np.isnan(rows.index), "status"].tolist() == [None]


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("days", -3, "`days`: holds -3.0. A time is a number of days from 0."),
        ("days", np.inf, "`days`: holds inf. A time is a number"),
        ("days", np.nan, "`days`: is blank for 1 subject whose `status` is 1. Give both"),
        ("days", "unknown", "`days`: holds 'unknown', which is no number. Correct it"),
        ("days", "12,5", "`days`: holds '12,5', which is no number."),
        ("days", "2024-05-01", "`days`: holds '2024-05-01', which is no number."),
        ("status", 2, "`status`: holds 2. A status is 0 or 1, False or True"),
        ("status", "gone", "`status`: holds 'gone'. A status is"),
        ("status", None, "`status`: is blank for 1 subject whose `days` is 6.5. Give both"),
        ("arm", None, "`arm`: is blank for 1 of 6 subjects. Give them a level"),
        ("arm", " ", "`arm`: is blank for 1 of 6 subjects."),
        ("from", 7, "`from`: holds 7.0, not before the time 6.5. Who entered"),
        ("from", "late", "`from`: holds 'late', which is no number."),
        ("responded", 2, "`responded`: holds 2.0. A response is 0 or 1"),
        ("responded", "yes", "`responded`: holds 'yes', which is no number."),
        ("crs", 7, "`crs`: holds 7.0. A grade is a whole number from 0"),
        ("crs", 2.5, "`crs`: holds 2.5. A grade is"),
        ("crs", None, "`crs`: is blank in some rows. Give 0"),
    ],
)
def test_a_cell_is_named_with_its_column(column, value, text, tmp_path):
    frame = FRAME.astype({column: object})
    frame.loc[2, column] = value
    path = written(frame, tmp_path)
    refused(f"{path}, {text}", path)


def test_all_columns_that_are_wrong_are_named_at_once(tmp_path):
    path = written(FRAME.assign(responded=2, status=3), tmp_path)
    refused("2 problems:", path)


def test_numbers_that_are_text_or_dates_are_named(tmp_path):
    FRAME.astype({"days": "string"}).to_parquet(tmp_path / "text.parquet")
    refused("`days`: is text and not numbers: '4.0'. Store it as", tmp_path / "text.parquet")
    days = pd.to_datetime("2024-05-01")
    refused(
        "`days`: is of type date and holds no numbers", written(FRAME.assign(days=days), tmp_path)
    )


def test_a_blank_column_is_blank(tmp_path):
    counts = count(written(FRAME.assign(responded=None), tmp_path))
    assert counts.responses["response"].isna().all()


def test_tables_without_rows_are_refused(tmp_path):
    refused("has no rows: there is nobody to count", written(FRAME.iloc[:0], tmp_path))
    (tmp_path / "none.csv").touch()
    refused("none.csv is empty: not a single character", tmp_path / "none.csv")
    (tmp_path / "folder").mkdir()
    refused("folder has no Parquet (.parquet) and no CSV", tmp_path / "folder")
    refused("there is no file", tmp_path / "*.parquet")


def test_of_several_files_the_one_to_blame_is_named(tmp_path):
    written(FRAME, tmp_path, "a.csv")
    other = written(FRAME.assign(crs=9), tmp_path, "b.csv")
    refused(f"{other}, `crs`: holds 9.0", tmp_path)
    written(FRAME.drop(columns="crs"), tmp_path, "b.csv")
    refused(f"{other}: 'CRS' names 'crs', not in the table", tmp_path / "*.csv")
    # A site that has nobody yet is none to blame.
    written(FRAME.iloc[:0], tmp_path, "b.csv")
    assert len(count(tmp_path)) == 6
    FRAME.to_parquet(tmp_path / "c.parquet")
    refused("3 files of the kinds '.csv', '.parquet'", tmp_path)


def test_a_file_that_is_not_what_it_is_called_is_refused(tmp_path):
    (tmp_path / "rows.parquet").write_text("arm,days\n", encoding="utf-8")
    refused("rows.parquet cannot be read", tmp_path / "rows.parquet")
    (tmp_path / "rows.duckdb").write_text("no database", encoding="utf-8")
    refused("rows.duckdb cannot be read", tmp_path / "rows.duckdb")
    latin = FRAME.assign(arm="é").to_csv(index=False).encode("latin-1")
    (tmp_path / "latin.csv").write_bytes(latin)
    refused("latin.csv cannot be read", tmp_path / "latin.csv")


def test_a_subject_has_one_row(tmp_path):
    frame = FRAME.assign(subject_id=list("abcdea"), who=range(6))
    path = written(frame, tmp_path)
    refused("`subject_id`: has 6 rows and 5 different subjects; a subject has one row", path)
    assert len(count(path, subject="who")) == 6
    refused("'subject' names 'id', not in the table", path, subject="id")


def test_engines_that_cannot_answer_say_so(tmp_path):
    refused("`source` is dict", FRAME.to_dict())
    refused("`source` is an address", "postgres://user@host/database")
    connection = duckdb.connect()
    connection.close()
    refused("the table cannot be counted: Connection Error", connection, table="rows")
    ibis = pytest.importorskip("ibis", reason="ibis is not installed")
    kinds = {"arm": "string", "days": "float64", "status": "int64"}
    unbound = ibis.table(kinds, name="rows")
    refused(
        "contains unbound tables",
        unbound,
        endpoints={"relapse": {"time": "days", "status": "status"}},
    )
    refused("`source` is FloatingColumn", unbound["days"])


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"by": ["arm", "arm"]}, "`by` names 'arm' twice"),
        ({"by": 3}, "`by` names 3; it takes names of columns"),
        ({"by": "days"}, "`by` names 'days', which is of type float64; a stratum is a category"),
        ({"endpoints": {"CRS": {"grade": "crs"}, "crs": {"grade": "crs"}}}, "names 'CRS' twice"),
        ({"endpoints": {"x": {"time": "crs", "status": "crs"}}}, "'x' names 'crs' for two things"),
        ({"endpoints": {" ": {"grade": "crs"}}}, "an endpoint has no name"),
        ({"landmarks": [30]}, "`landmarks` are of a cohort"),
    ],
)  # fmt: skip
def test_arguments_that_cannot_be_are_refused(more, text, tmp_path):
    refused(text, written(FRAME, tmp_path), **more)
