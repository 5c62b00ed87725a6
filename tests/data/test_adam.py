"""CDISC analysis data sets: the pilot study, and small data sets for each rule."""

import os
import re
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from carstats.data.readers.adam import read_adam
from carstats.errors import CarstatsError

PILOT = Path(__file__).parents[3] / "shared" / "data" / "cdiscpilot"
MAPPING = {
    "subjects": {
        "constants": {
            "disease": "SLE",
            "target": "CD19",
            "platform": "CAR-T",
            "cell_source": "autologous",
        }
    }
}
ADSL = """STUDYID,USUBJID,SITEID,AGE,SEX,TRTSDT,TRTEDT,RFENDT,DTHDT
X,X-1,10,30,F,2024-01-01,2024-01-01,2024-12-31,
X,X-2,10,41,M,2024-02-01,2024-02-01,2024-12-31,
X,X-3,11,52,U,2024-03-01,2024-03-01,2024-08-28,2024-08-28
"""
ADTTE = """USUBJID,PARAMCD,PARAM,AVAL,AVALU,STARTDT,ADT,CNSR,EVNTDESC
X-1,RELAPSE,Relapse,61,DAYS,2024-01-01,2024-03-01,0,Relapse
X-2,RELAPSE,Relapse,201,DAYS,2024-02-01,2024-08-19,1,Last visit
X-3,RELAPSE,Relapse,181,DAYS,2024-03-01,2024-08-28,2,Death
"""
ADAE = """USUBJID,AEDECOD,AEBODSYS,ASTDT,ASTDY,AENDT,AENDY,AETOXGR,AESEV,AESER,AEREL,TRTEMFL
X-1,Cytokine release syndrome,Immune,2024-01-03,3,2024-01-05,5,2,,N,NONE,Y
X-1,Itch,Skin,,4,,,1,MILD,N,RELATED,Y
X-2,Headache,Nervous,,-2,,,1,MILD,N,,N
"""
ADRS = """USUBJID,PARAMCD,AVALC,ADT,ADY,AVISIT
X-1,REMIS,Y,2024-04-01,92,Month 3
X-2,REMIS,N,,91,Month 3
"""


def folder_with(tmp_path, **tables):
    for name, text in {"adsl": ADSL, **tables}.items():
        if text is not None:
            (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def mapping(**sections):
    return {**MAPPING, **sections}


def rows(study, *columns, table="events"):
    frame = study.table(table)[list(columns)].astype(object)
    return frame.where(frame.notna(), None).to_numpy().tolist()


@pytest.fixture(scope="module")
def pilot():
    if not PILOT.is_dir():
        assert "CI" not in os.environ, f"{PILOT} is not there, and CI needs it"
        pytest.skip(f"the CDISC pilot data are not at {PILOT}")
    return read_adam(
        PILOT,
        {
            "study": {"name": "CDISC pilot"},
            "subjects": {
                "columns": {
                    "target": "TRT01A",
                    "death_day": {"column": "RFENDT", "where": {"DTHFL": "Y"}},
                },
                "constants": {
                    "disease": "Alzheimer disease",
                    "platform": "transdermal patch",
                    "cell_source": "none",
                },
            },
            "events": {"values": {"endpoint": {"TTDE": "dermatologic_event"}}},
            "vocabulary": {
                "disease": ["Alzheimer disease"],
                "target": "from data",
                "platform": ["transdermal patch"],
                "endpoint": {"dermatologic_event": "time-to-event"},
            },
        },
    )


class TestPilot:
    def test_subjects(self, pilot):
        assert len(pilot.subjects) == 254
        assert pilot.subjects["target"].value_counts().to_dict() == {
            "Placebo": 86,
            "Xanomeline High Dose": 84,
            "Xanomeline Low Dose": 84,
        }
        assert pilot.subjects["death_day"].notna().sum() == 3
        assert pilot.subjects["subject_id"][0] == "01-701-1015"

    def test_events(self, pilot):
        assert pilot.events["status"].value_counts().to_dict() == {"event": 152, "censored": 102}
        assert set(pilot.events["endpoint"]) == {"dermatologic_event"}
        # 01-701-1015: 2 to 3 January 2014; AVAL says 2.
        assert pilot.events["time"][0] == 1
        assert any("AVAL counts the first day as 1" in note for note in pilot.notes)

    def test_toxicities(self, pilot):
        frame = pilot.toxicities
        assert len(frame) == 1191
        assert frame["term"].nunique() == 242
        assert frame["severity"].value_counts().to_dict() == {
            "mild": 770,
            "moderate": 378,
            "severe": 43,
        }
        assert frame["onset_day"].isna().sum() == 11
        assert (frame["attribution"] == "NONE").sum() == 322
        assert "grade" not in frame


class TestEvents:
    def test_cnsr_0_is_the_event(self, tmp_path):
        study = read_adam(folder_with(tmp_path, adtte=ADTTE), MAPPING)
        assert [status for (status,) in rows(study, "status")] == ["event", "censored", "censored"]

    @pytest.mark.parametrize("key", ["2", "Death", "death"])
    def test_competing_by_code_or_description(self, tmp_path, key):
        adam = {"competing": {key: "death"}}
        study = read_adam(folder_with(tmp_path, adtte=ADTTE), mapping(adam=adam))
        assert rows(study, "status", "cause")[2] == ["competing", "death"]
        assert rows(study, "status", "cause")[:2] == [["event", None], ["censored", None]]

    @pytest.mark.parametrize("key", ["1", "Last visit"])
    def test_a_competing_cause_may_have_the_first_code(self, tmp_path, key):
        adam = {"competing": {key: "withdrawal"}}
        study = read_adam(folder_with(tmp_path, adtte=ADTTE), mapping(adam=adam))
        assert rows(study, "status", "cause") == [
            ["event", None], ["competing", "withdrawal"], ["censored", None],
        ]  # fmt: skip

    def test_competing_for_one_endpoint_only(self, tmp_path):
        more = ADTTE + "X-3,PFS2,Other,181,DAYS,2024-03-01,2024-08-28,2,Death\n"
        adam = {"competing": {"RELAPSE": {"2": "death"}}}
        study = read_adam(folder_with(tmp_path, adtte=more), mapping(adam=adam))
        assert rows(study, "endpoint", "status")[2:] == [
            ["relapse", "competing"],
            ["PFS2", "censored"],
        ]

    def test_a_code_that_never_occurs_is_noted(self, tmp_path):
        adam = {"competing": {"Deth": "death"}}
        study = read_adam(folder_with(tmp_path, adtte=ADTTE), mapping(adam=adam))
        assert any("no censored row has 'Deth'" in note for note in study.notes)

    @pytest.mark.parametrize(
        ("cell", "message"),
        [
            ("", "is missing"),
            ("x", "'x' is not a censoring code"),
            ("-1", "'-1' is not"),
            ("0.5", "not"),
        ],
    )
    def test_bad_cnsr(self, tmp_path, cell, message):
        text = ADTTE.replace(",0,Relapse", f",{cell},Relapse")
        with pytest.raises(CarstatsError, match=f"adtte.csv, row 2, `CNSR`: .*{message}"):
            read_adam(folder_with(tmp_path, adtte=text), MAPPING)

    def test_time_is_the_difference_of_the_dates(self, tmp_path):
        study = read_adam(folder_with(tmp_path, adtte=ADTTE), MAPPING)
        assert rows(study, "time", "origin_day") == [[60, 0], [200, 0], [180, 0]]

    def test_origin_after_the_infusion(self, tmp_path):
        text = ADTTE.replace("2024-01-01,2024-03-01", "2024-02-01,2024-03-01").replace("61,", "30,")
        study = read_adam(folder_with(tmp_path, adtte=text), MAPPING)
        assert rows(study, "time", "origin_day")[0] == [29, 31]

    @pytest.mark.parametrize(
        ("unit", "factor"), [("MONTHS", 30.4375), ("WEEKS", 7), ("YEARS", 365.25), ("DAYS", 1)]
    )
    def test_units_without_dates(self, tmp_path, unit, factor):
        text = f"USUBJID,PARAMCD,AVAL,AVALU,CNSR\nX-1,OS,0.5,{unit},1\nX-2,OS,0.25,{unit},0\n"
        study = read_adam(folder_with(tmp_path, adtte=text), MAPPING)
        assert rows(study, "endpoint", "time", "status") == [
            ["overall_survival", 0.5 * factor, "censored"],
            ["overall_survival", 0.25 * factor, "event"],
        ]
        assert any("no dates tell how AVAL is counted" in note for note in study.notes)

    def test_unit_in_the_parameter_and_days_counted_from_1(self, tmp_path):
        text = "USUBJID,PARAMCD,PARAM,AVAL,CNSR\nX-1,OS,Survival (months),2,1\n"
        study = read_adam(folder_with(tmp_path, adtte=text), MAPPING)
        assert rows(study, "time") == [[60.875]]
        text = "USUBJID,PARAMCD,AVAL,CNSR\nX-1,OS,2,1\n"
        adam = {"aval_is_study_day": True}
        study = read_adam(folder_with(tmp_path, adtte=text), mapping(adam=adam))
        assert rows(study, "time") == [[1]]

    def test_bad_unit_and_missing_time(self, tmp_path):
        text = ADTTE.replace("61,DAYS", "61,HOURS")
        with pytest.raises(CarstatsError, match="row 2, `AVALU`: 'HOURS' is not one of 'DAYS'"):
            read_adam(folder_with(tmp_path, adtte=text), MAPPING)
        text = ADTTE.replace("61,DAYS,2024-01-01,2024-03-01", ",DAYS,2024-01-01,")
        with pytest.raises(CarstatsError, match=r"row 2, `AVAL`: .* the row has no time"):
            read_adam(folder_with(tmp_path, adtte=text), MAPPING)


class TestOthers:
    def test_subjects(self, tmp_path):
        study = read_adam(folder_with(tmp_path), MAPPING)
        columns = (
            "subject_id",
            "study_id",
            "site_id",
            "age",
            "sex",
            "last_contact_day",
            "death_day",
        )
        assert rows(study, *columns, table="subjects") == [
            ["X-1", "X", "10", 30, "F", 365, None],
            ["X-2", "X", "10", 41, "M", 334, None],
            ["X-3", "X", "11", 52, None, 180, 180],
        ]
        assert study.subjects["infused"].all()
        assert any("adsl.csv RFENDT" in note for note in study.notes)

    def test_toxicities(self, tmp_path):
        study = read_adam(folder_with(tmp_path, adae=ADAE), MAPPING)
        columns = ("subject_id", "term", "onset_day", "resolution_day", "grade", "attribution")
        assert rows(study, *columns, table="toxicities") == [
            ["X-1", "CRS", 2, 4, 2, "NONE"],
            ["X-1", "Itch", 3, None, 1, "RELATED"],
            ["X-2", "Headache", -2, None, 1, None],
        ]
        assert "Itch" in study.vocabulary.names("toxicity", "Skin")

    def test_study_days_without_dates(self, tmp_path):
        lines = [line.split(",") for line in ADAE.splitlines()]
        text = "\n".join(",".join(line[:3] + line[4:5] + line[6:]) for line in lines)
        study = read_adam(folder_with(tmp_path, adae=text + "\n"), MAPPING)
        assert rows(study, "onset_day", "resolution_day", table="toxicities")[0] == [2, 4]

    def test_treatment_emergent(self, tmp_path):
        adam = {"treatment_emergent": True}
        study = read_adam(folder_with(tmp_path, adae=ADAE), mapping(adam=adam))
        assert study.toxicities["term"].tolist() == ["CRS", "Itch"]

    def test_treatment_emergent_where_none_is(self, tmp_path):
        text = ADAE.replace(",Y\n", ",N\n")
        adam = {"treatment_emergent": True}
        with pytest.raises(CarstatsError, match=r"`TRTEMFL`: .* no cell is 'Y'.* 'N' \(3\)"):
            read_adam(folder_with(tmp_path, adae=text), mapping(adam=adam))
        allowed = mapping(adam=adam, toxicities={"may_be_empty": True})
        assert len(read_adam(folder_with(tmp_path, adae=text), allowed).toxicities) == 0

    @pytest.mark.parametrize("grade", ["-4", "-1", "1-2", "II-III"])
    def test_a_grade_has_no_sign_and_is_no_range(self, tmp_path, grade):
        text = ADAE.replace("2024-01-05,5,2,", f"2024-01-05,5,{grade},")
        with pytest.raises(CarstatsError, match=f"row 2, `AETOXGR`: '{grade}' is .*not a grade"):
            read_adam(folder_with(tmp_path, adae=text), MAPPING)

    def test_a_mapping_of_data_sets_that_are_not_there(self, tmp_path):
        sections = mapping(
            events={"values": {"endpoint": {"RFS": "relapse_free_survival"}}},
            responses={"where": {"PARAMCD": "X"}, "values": {"response": {"CR": True}}},
        )
        study = read_adam(folder_with(tmp_path), sections)
        assert len(study.subjects) == 3
        assert any(note.startswith("[events]: no file of it is there") for note in study.notes)
        assert any(note.startswith("[responses]: the folder has no data") for note in study.notes)

    def test_a_death_without_its_day_is_noted(self, tmp_path):
        text = ADSL.replace("DTHDT", "DTHFL").replace(",2024-08-28\n", ",Y\n")
        study = read_adam(folder_with(tmp_path, adsl=text), MAPPING)
        assert any("1 subject has DTHFL = Y and no day of death" in n for n in study.notes)

    def test_responses(self, tmp_path):
        study = read_adam(folder_with(tmp_path, adrs=ADRS), MAPPING)
        assert rows(study, "endpoint", "day", "response", "visit", table="responses") == [
            ["REMIS", 91, True, "Month 3"],
            ["REMIS", 90, False, "Month 3"],
        ]
        assert "REMIS" in study.vocabulary.names("endpoint", "response")

    def test_responses_recoded(self, tmp_path):
        text = ADRS.replace(",Y,", ",CR,").replace(",N,", ",PD,")
        folder = folder_with(tmp_path, adrs=text)
        with pytest.raises(CarstatsError, match=r"row 2, `AVALC`: 'CR' is neither yes nor no"):
            read_adam(folder, MAPPING)
        values = {"values": {"response": {"CR": True, "PD": False}}}
        study = read_adam(folder, mapping(responses=values))
        assert study.responses["response"].tolist() == [True, False]

    def test_numeric_dates_count_from_1960(self, tmp_path):
        days = (pd.Timestamp("2024-01-01") - pd.Timestamp("1960-01-01")).days
        frame = pd.DataFrame(
            {
                "USUBJID": ["a"],
                "TRTSDT": [float(days)],
                "RFENDT": [float(days + 30)],
                "DTHDT": [None],
            }
        )
        frame["DTHDT"] = frame["DTHDT"].astype(float)
        pyreadstat.write_xport(frame, tmp_path / "adsl.xpt")
        study = read_adam(tmp_path, MAPPING)
        assert study.subjects["last_contact_day"].tolist() == [30]

    @pytest.mark.parametrize("cell", ["99999999", "10/01/2024"])
    def test_a_date_that_is_none_is_told_and_nothing_else(self, tmp_path, cell):
        text = ADSL.replace("2024-01-01,2024-12-31", f"2024-01-01,{cell}")
        with pytest.raises(CarstatsError) as caught:
            read_adam(folder_with(tmp_path, adsl=text), MAPPING)
        (problem,) = caught.value.problems
        assert str(problem).startswith(f"adsl.csv, row 2, `RFENDT`: '{cell}' ")

    def test_order_of_day_and_month(self, tmp_path):
        text = ADSL.replace("2024-12-31", "31/12/2024")
        study = read_adam(folder_with(tmp_path, adsl=text), mapping(study={"date_order": "dmy"}))
        assert study.subjects["last_contact_day"].tolist() == [365, 334, 180]

    @pytest.mark.parametrize("name", ["adae (2).csv", "ADTTE.ods", "adrs.csv.gz"])
    def test_what_looks_like_a_data_set_is_told(self, tmp_path, name):
        folder_with(tmp_path)
        (tmp_path / name).write_text("x")
        with pytest.raises(CarstatsError, match=rf"{re.escape(name)}: .*is.* not read"):
            read_adam(tmp_path, MAPPING)

    def test_untreated_subjects(self, tmp_path):
        text = ADSL.replace("2024-02-01,2024-02-01", ",")
        with pytest.raises(CarstatsError, match=r"row 3, `TRTSDT`: is missing.*\[subjects\] where"):
            read_adam(folder_with(tmp_path, adsl=text, adtte=ADTTE), MAPPING)
        sections = {"subjects": {**MAPPING["subjects"], "where": {"USUBJID": ["X-1", "X-3"]}}}
        study = read_adam(folder_with(tmp_path, adsl=text, adtte=ADTTE), sections)
        assert len(study.subjects) == len(study.events) == 2


class TestBroken:
    @pytest.mark.parametrize(
        ("tables", "message"),
        [
            ({"adsl": None, "adtte": ADTTE}, "has no data set ADSL. It has: 'adtte.csv'"),
            ({"adsl": ADSL.replace("TRTSDT", "TRT")}, "adsl.csv: has no variable TRTSDT"),
            ({"adtte": ADTTE.replace("CNSR", "CENS")}, "adtte.csv: has no variable CNSR"),
            (
                {"adtte": ADTTE.replace("X-2", "X-9")},
                "adtte.csv, row 3, `USUBJID`: names a subject",
            ),
            ({"adae": ADAE.replace("2024-01-05", "2024-01-02")}, "row 2, `AENDT`: 1 is before"),
            (
                {"adsl": ADSL.replace("2024-02-01,2", "2024-02-31,2")},
                "row 3, `TRTSDT`: .* no day of",
            ),
            (
                {"adsl": ADSL.replace("X-2", "X-1")},
                "row 3, `USUBJID`: has the same subject as row 2",
            ),
            (
                {"adtte": ADTTE.replace("X-2", "X-1")},
                "row 3, .* has the same `subject_id` and `end",
            ),
            ({"adae": ""}, r"adae.csv: is empty \(0 bytes\)"),
        ],
    )
    def test_refused(self, tmp_path, tables, message):
        with pytest.raises(CarstatsError, match=message):
            read_adam(folder_with(tmp_path, **tables), MAPPING)

    def test_what_adam_lacks_is_asked_for(self, tmp_path):
        with pytest.raises(CarstatsError, match=r"`disease` .* is missing.*\[subjects.constants\]"):
            read_adam(folder_with(tmp_path))

    def test_not_a_folder(self, tmp_path):
        with pytest.raises(CarstatsError, match="is not a folder"):
            read_adam(tmp_path / "nowhere")

    def test_unknown_key(self, tmp_path):
        with pytest.raises(CarstatsError, match="Did you mean 'competing'"):
            read_adam(folder_with(tmp_path), mapping(adam={"compeing": {}}))


def test_read_study_knows_an_adam_folder(tmp_path):
    from carstats.data.readers.reading import read_study

    folder = folder_with(tmp_path, adtte=ADTTE)
    study = read_study(folder, MAPPING)
    assert rows(study, "subject_id", "status") == rows(
        read_adam(folder, MAPPING), "subject_id", "status"
    )
