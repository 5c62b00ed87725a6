"""What reads well in a hospital's files and means something else: refused, with its place."""

import pandas as pd
import pytest

import carstats as cs
from carstats.data.formats.day_units import named_unit
from carstats.data.likeness import near_names
from carstats.data.readers.adam import read_adam
from carstats.errors import CarstatsError
from tests.conftest import subjects_table
from tests.data.test_adam import ADAE, MAPPING, folder_with

SUBJECTS = "subject_id,disease,target,platform,cell_source,last_contact_day"
WIDE = {
    "study": {"infusion_date": "inf"},
    "subjects": {
        "columns": {"subject_id": "id", "disease": "dx", "last_contact_day": "last"},
        "constants": {"target": "CD19", "platform": "CAR-T", "cell_source": "autologous"},
    },
}


def wide(tmp_path, headings, *rows, **sections):
    (tmp_path / "my.csv").write_text("\n".join([headings, *rows]) + "\n", encoding="utf-8")
    subjects = {**WIDE["subjects"], **sections.pop("subjects", {})}
    return cs.read_study(tmp_path / "my.csv", {**WIDE, "subjects": subjects, **sections})


class TestHeadings:
    @pytest.mark.parametrize(
        ("table", "heading", "column"),
        [
            ("toxicities", "Max grade", "grade"),
            ("toxicities", "CTCAE_grade", "grade"),
            ("toxicities", "Grade (1-5)", "grade"),
            ("toxicities", "最高分级", "grade"),
            ("toxicities", "end_day", "resolution_day"),
            ("subjects", "Death date", "death_day"),
            ("subjects", "date_of_death", "death_day"),
            ("subjects", "死亡日期", "death_day"),
            ("subjects", "Cause of death", "death_cause"),
            ("subjects", "age (years)", "age"),
            ("subjects", "年龄（岁）", "age"),
            ("subjects", "gender", "sex"),
            ("subjects", "data cut-off", "cutoff_day"),
            ("medications", "end_date", "stop_day"),
        ],
    )
    def test_what_others_call_a_column(self, table, heading, column):
        assert near_names(table, ["subject_id", heading]) == {heading: column}
        # Beside the column itself it is the study's own.
        assert near_names(table, ["subject_id", column, heading]) == {}

    @pytest.mark.parametrize(
        "heading", ["agent", "deathly", "ecog", "grading", "centre", "dose_mg"]
    )
    def test_own_columns(self, heading):
        assert near_names("subjects", [heading]) == {}
        assert near_names("toxicities", [heading]) == {}

    def test_a_grade_under_another_heading_is_not_kept_in_silence(self, tmp_path):
        (tmp_path / "subjects.csv").write_text(f"{SUBJECTS}\nP1,SLE,CD19,CAR-T,autologous,300\n")
        (tmp_path / "toxicities.csv").write_text(
            "subject_id,term,onset_day,Max grade\nP1,CRS,3,4\n"
        )
        message = r'toxicities.csv, `Max grade`: is not read.*own_columns = \["Max grade"\]'
        with pytest.raises(CarstatsError, match=message):
            cs.read_study(tmp_path)
        (tmp_path / "study.toml").write_text('[study]\nown_columns = ["Max grade"]\n')
        assert "Max grade" in cs.read_study(tmp_path).toxicities


class TestTimes:
    @pytest.mark.parametrize(
        ("heading", "unit"),
        [
            ("fu_months", "months"), ("Follow-up (mo)", "months"), ("随访(月)", "months"),
            ("随访月数", "months"), ("FU [weeks]", "weeks"), ("time (yrs)", "years"),
            ("last", None), ("3 months", None), ("6月", None), ("复发月", None),
            ("month of visit", None), ("days", None), ("symptoms", None),
        ],
    )  # fmt: skip
    def test_units_in_headings(self, heading, unit):
        assert named_unit(heading) == unit

    def test_a_heading_in_months_is_not_read_as_days(self, tmp_path):
        columns = {"subject_id": "id", "disease": "dx", "last_contact_day": "fu (months)"}
        rows = ("id,dx,inf,fu (months)", "a,SLE,2024-01-01,12", "b,SLE,2024-01-01,24")
        message = r'`fu \(months\)`: holds numbers, .*column = "fu \(months\)", unit = "months"'
        with pytest.raises(CarstatsError, match=message):
            wide(tmp_path, *rows, subjects={"columns": columns})
        columns["last_contact_day"] = {"column": "fu (months)", "unit": "months"}
        study = wide(tmp_path, *rows, subjects={"columns": columns})
        assert list(study.subjects["last_contact_day"]) == [365.25, 730.5]
        columns["last_contact_day"] = {"column": "fu (months)", "unit": "days"}
        study = wide(tmp_path, *rows, subjects={"columns": columns})
        assert list(study.subjects["last_contact_day"]) == [12, 24]

    def test_whole_months_beside_follow_up_in_days(self):
        # 335, 365 and 548 days are 11, 12 and 18 months.
        subjects = subjects_table(3, last_contact_day=[335, 365, 548])
        rows = [("S01", 11.0), ("S02", 12.0), ("S03", 5.0)]
        events = pd.DataFrame(rows, columns=["subject_id", "time"]).assign(
            endpoint="relapse", status=["censored", "censored", "event"]
        )
        message = "row 0, `time`: the times are all under 60, and those censored are the days"
        with pytest.raises(CarstatsError, match=message):
            cs.Study(subjects=subjects, events=events)
        days = events.assign(time=[40.0, 12.0, 5.0])
        assert cs.Study(subjects=subjects, events=days).events["time"].tolist() == [40, 12, 5]

    def test_a_unit_that_contradicts_the_heading(self, tmp_path):
        columns = {"subject_id": "id", "disease": "dx"}
        columns["last_contact_day"] = {"column": "fu (weeks)", "unit": "months"}
        rows = ("id,dx,inf,fu (weeks)", "a,SLE,2024-01-01,52")
        with pytest.raises(CarstatsError, match="its heading says that they are weeks"):
            wide(tmp_path, *rows, subjects={"columns": columns})

    @pytest.mark.parametrize(
        ("column", "heading", "said", "unit"),
        [
            ("age", "age (months)", "months", "years"),
            ("disease_duration_years", "病程（月）", "months", "years"),
            ("weight_kg", "weight (lb)", "lb", "kg"),
        ],
    )
    def test_a_number_in_another_unit_by_its_heading(self, tmp_path, column, heading, said, unit):
        columns = {**WIDE["subjects"]["columns"], column: heading}
        rows = (f"id,dx,inf,last,{heading}", "a,SLE,2024-01-01,2024-10-01,96")
        message = f"the heading says {said}, and `{column}` is in {unit}"
        with pytest.raises(CarstatsError, match=message):
            wide(tmp_path, *rows, subjects={"columns": columns})
        own = heading.replace("months", "years").replace("月", "年").replace("lb", "kg")
        columns[column] = own
        rows = (rows[0].replace(heading, own), rows[1])
        study = wide(tmp_path, *rows, subjects={"columns": columns})
        assert study.subjects[column].tolist() == [96]

    def test_yes_and_no_are_no_dates(self, tmp_path):
        rows = ("id,dx,inf,last,rel", "a,SLE,2024-01-01,2024-10-01,1")
        with pytest.raises(CarstatsError, match="`rel`: holds only 0 and 1, as yes and no"):
            wide(tmp_path, *rows, events={"relapse": {"date": "rel"}})

    def test_identifiers_alike_are_said(self, tmp_path):
        rows = ("id,dx,inf,last", *(f"{n},SLE,2024-01-01,2024-10-01" for n in ("a1", "A01", "b")))
        study = wide(tmp_path, *rows)
        note = "1 subject has another one's identifier but for case, spaces or leading zeros"
        assert [n for n in study.notes if n.startswith(note)]
        assert len(study.subjects) == 3
        assert cs.Study(subjects=subjects_table(12)).notes == ()
        twice = subjects_table(2, subject_id=["P1", "p01"])
        assert [n for n in cs.Study(subjects=twice).notes if n.startswith(note)]

    def test_a_row_entered_twice_is_said(self):
        rows = [("S01", "CRS", 3, 2), ("S01", "CRS", 3, 2), ("S02", "CRS", 3, 2)]
        table = pd.DataFrame(rows, columns=["subject_id", "term", "onset_day", "grade"])
        notes = cs.Study(subjects=subjects_table(2), toxicities=table).notes
        assert notes == ("toxicities: 1 row says in every column what another does; both count.",)

    def test_a_code_is_no_last_contact(self):
        message = "row 1, `last_contact_day`: is before the infusion, and the subject was infused"
        with pytest.raises(CarstatsError, match=message):
            cs.Study(subjects=subjects_table(2, last_contact_day=[300, -9]))
        never = subjects_table(2, last_contact_day=[300, -9], infused=[True, False])
        assert cs.Study(subjects=never)

    def test_cdisc_has_no_day_0(self, tmp_path):
        folder = folder_with(tmp_path, adae=ADAE.replace(",,4,,", ",,0,,"))
        with pytest.raises(CarstatsError, match=r"adae\.csv, row 3, `ASTDY`: is study day 0"):
            read_adam(folder, MAPPING)


class TestUnits:
    ROWS = ("id,dx,inf,last,IgG (mg/dL)", "a,SLE,2024-01-01,2024-10-01,30")

    @pytest.mark.parametrize("given", [{"unit": "g/L"}, {}])
    def test_a_heading_that_contradicts_the_mapping(self, tmp_path, given):
        message = r"`IgG \(mg/dL\)`: the heading says mg/dL, and the mapping (g/L|no unit)"
        section = {"IgG": {"columns": {"IgG (mg/dL)": -7}, **given}}
        with pytest.raises(CarstatsError, match=message):
            wide(tmp_path, *self.ROWS, assessments=section)

    def test_a_heading_that_agrees(self, tmp_path):
        section = {"IgG": {"columns": {"IgG (mg/dL)": -7}, "unit": "mg/dl"}}
        study = wide(tmp_path, *self.ROWS, assessments=section)
        assert study.assessments[["value", "unit"]].to_numpy().tolist() == [[0.3, "g/L"]]

    def test_the_remedy_has_the_codes_of_the_file(self):
        rows = pd.DataFrame({"subject_id": ["S01"], "day": [-7], "measure": ["MG-ADL"]})
        message = r'missing = \{ "MG-ADL" = \[-9\] \}, range = \{ "MG-ADL" = \[-9, 24\] \}'
        with pytest.raises(CarstatsError, match=message):
            cs.Study(subjects=subjects_table(1), assessments=rows.assign(value=-9, unit="points"))


@pytest.mark.parametrize("text", ["[{}]\nx = 1\n", "{} = 1\n", "x = {}\n"])
def test_a_name_of_a_hundred_thousand_parts_is_refused_at_once(tmp_path, text):
    (tmp_path / "subjects.csv").write_text("subject_id\na\n")
    deep = "[" * 500 + "]" * 500 if text.startswith("x") else ".".join(["a"] * 100_000)
    (tmp_path / "study.toml").write_text(text.format(deep))
    with pytest.raises(cs.CarstatsError, match=r"study.toml: is nested too deep"):
        cs.read_study(tmp_path)


def test_an_adtte_of_headings_alone_has_no_events(tmp_path):
    head = "USUBJID,PARAMCD,PARAM,AVAL,AVALU,STARTDT,ADT,CNSR,EVNTDESC\n"
    study = read_adam(folder_with(tmp_path, adtte=head, adae=ADAE), MAPPING)
    assert len(study.events) == 0
    assert len(study.toxicities) == 3
