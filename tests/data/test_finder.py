"""What looks like a table and is not read is said; near misses name the nearest."""

import datetime as dt
import gzip
import io
import zipfile

import openpyxl
import pandas as pd
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904, to_excel

from carstats.data.readers.reading import read_study
from carstats.data.study import Study
from carstats.data.writer import write_study
from carstats.errors import CarstatsError

HEAD = ["subject_id", "disease", "target", "platform", "cell_source", "last_contact_day"]
ROWS = [
    ["A1", "SLE", "CD19", "CAR-T", "autologous", 400],
    ["A2", "SSc", "BCMA", "CAR-T", "autologous", 210],
]
SUBJECTS = "\n".join(",".join(map(str, row)) for row in [HEAD, *ROWS]) + "\n"
TOXICITIES = "subject_id,term,onset_day,grade\nA1,CRS,2,3\n"
MAPPING = {
    "study": {"file": "a.xlsx", "infusion_date": "infused"},
    "subjects": {
        "columns": {"subject_id": "id", "disease": "dx", "last_contact_day": "last"},
        "constants": {"target": "CD19", "platform": "CAR-T", "cell_source": "autologous"},
    },
}


def book(sheets, leave_out=()):
    """Return a workbook's bytes, without some of its parts."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    data = io.BytesIO()
    made.save(data)
    out = io.BytesIO()
    with zipfile.ZipFile(data) as whole, zipfile.ZipFile(out, "w") as part:
        for name in whole.namelist():
            if name not in leave_out:
                part.writestr(name, whole.read(name))
    return out.getvalue()


def folder(tmp_path, **files):
    for name, content in files.items():
        path = tmp_path / name.replace("__", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return tmp_path


def problems(place, mapping=None):
    with pytest.raises(CarstatsError) as caught:
        read_study(place, mapping)
    return [str(problem) for problem in caught.value.problems]


class TestFiles:
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("toxicity.csv", "Is it the table `toxicities`?"),
            ("events (2).csv", "Is it the table `events`?"),
            ("ae.xlsx", "Is it the table `toxicities`?"),
            ("subjects - copy.csv", "The table `subjects` is there beside it"),
            ("events.ods", "format is not one of those"),
            ("responses.csv.gz", "is compressed, and is not read. Unpack it"),
            ("events.xls", "is in the old Excel format"),
            ("toxicities.json", "Save it as .csv or .xlsx"),
        ],
    )
    def test_near_misses(self, tmp_path, name, said):
        folder(tmp_path, subjects__csv=SUBJECTS)
        (tmp_path / name).write_bytes(gzip.compress(b"x"))
        (found,) = problems(tmp_path)
        assert found.startswith(f"{name}: ")
        assert said in found
        (tmp_path / "study.toml").write_text(f'[study]\nignore = ["{name}"]\n')
        assert len(read_study(tmp_path).subjects) == 2

    def test_what_looks_like_no_table_is_noted(self, tmp_path):
        folder(tmp_path, subjects__csv=SUBJECTS, other__csv="a\n1\n", photos__zip="x")
        assert read_study(tmp_path).notes == (
            "Files that no table was read from: 'other.csv', 'photos.zip'.",
        )

    def test_a_link_to_nothing(self, tmp_path):
        folder(tmp_path, subjects__csv=SUBJECTS)
        (tmp_path / "events.csv").symlink_to(tmp_path / "gone.csv")
        assert problems(tmp_path)[0].startswith("events.csv: is a link to a file that is not there")

    def test_a_folder_called_as_a_table(self, tmp_path):
        folder(tmp_path, subjects__csv=SUBJECTS)
        (tmp_path / "events").mkdir()
        assert problems(tmp_path) == [
            "events: is a folder, and is not read. Put its files into the folder of the study."
        ]

    def test_tables_beside_a_file_that_is_named_are_noted(self, tmp_path):
        folder(tmp_path, subjects__csv=SUBJECTS, toxicities__csv=TOXICITIES)
        study = read_study(tmp_path / "subjects.csv")
        assert study.toxicities is None
        assert study.notes == ("Files that no table was read from: 'toxicities.csv'.",)

    def test_tables_in_a_folder_within_are_noted(self, tmp_path):
        folder(tmp_path, subjects__csv=SUBJECTS)
        (tmp_path / "old").mkdir()
        (tmp_path / "old" / "events.csv").write_text("x")
        (tmp_path / "old" / "photo.csv").write_text("x")
        assert read_study(tmp_path).notes == (
            "Files that no table was read from: 'old/events.csv'.",
        )

    def test_two_files_of_one_name(self, tmp_path):
        (tmp_path / "x").mkdir()
        (tmp_path / "y").mkdir()
        (tmp_path / "a.csv").write_text("id,dx,infused,last\nP1,SLE,2024-01-01,2024-12-31\n")
        (tmp_path / "x/d.csv").write_text("id,what,on\nP1,CRS,2024-01-03\n")
        (tmp_path / "y/d.csv").write_text("id,what,on,met\nP1,remission,2024-03-01,1\n")
        mapping = {
            **MAPPING,
            "study": {"file": "a.csv", "infusion_date": "infused"},
            "toxicities": {
                "file": "x/d.csv",
                "columns": {"subject_id": "id", "term": "what", "onset_day": "on"},
            },
            "responses": {
                "file": "y/d.csv",
                "columns": {"subject_id": "id", "endpoint": "what", "day": "on", "response": "met"},
            },
        }
        study = read_study(tmp_path, mapping)
        assert study.toxicities["term"].tolist() == ["CRS"]
        assert study.responses["endpoint"].tolist() == ["remission"]
        (tmp_path / "y/d.csv").write_text("id,what,on,met\nP1,remission,2024-03-01,0\n")
        assert read_study(tmp_path, mapping).fingerprint != study.fingerprint
        (tmp_path / "y/d.csv").write_text("id,what,on,met\nP1,remission,2024-03-01,x\n")
        assert problems(tmp_path, mapping)[0].startswith("y/d.csv, row 2, `met`")


class TestSheets:
    def test_near_misses(self, tmp_path):
        sheets = {"subjects": [HEAD, *ROWS], "Toxicity": [["x"]], "Events (2)": [["x"]]}
        found = problems(folder(tmp_path, b__xlsx=book(sheets)))
        assert [text.split(". ")[0] for text in found] == [
            "b.xlsx: the sheet 'Toxicity' is not read",
            "b.xlsx: the sheet 'Events (2)' is not read",
        ]
        assert 'ignore = ["Toxicity"]' in found[0]

    def test_other_sheets_are_noted(self, tmp_path):
        data = book({"subjects": [HEAD, *ROWS], "Key": [["x"]]})
        notes = read_study(folder(tmp_path, b__xlsx=data)).notes
        assert notes == ("b.xlsx: sheets that no table was read from: 'Key'.",)

    def test_a_tables_workbook_is_read_from_the_sheet_of_its_name(self, tmp_path):
        data = book(
            {"Key": [["x"]], "Toxicities": [["subject_id", "term", "onset_day"], ["A1", "CRS", 2]]}
        )
        study = read_study(folder(tmp_path, subjects__csv=SUBJECTS, toxicities__xlsx=data))
        assert study.toxicities["term"].tolist() == ["CRS"]

    @pytest.mark.parametrize("titles", [("subjects",), ("subjects", "toxicities")])
    def test_a_part_that_is_gone(self, tmp_path, titles):
        part = f"xl/worksheets/sheet{len(titles)}.xml"
        data = book({title: [HEAD, *ROWS] for title in titles}, leave_out=[part])
        found = problems(folder(tmp_path, b__xlsx=data))
        assert f"names the sheet {titles[-1]}, whose part of the file is gone" in found[0]

    def test_hidden_rows(self, tmp_path):
        made = openpyxl.Workbook()
        for row in [
            ["id", "dx", "infused", "last"],
            ["P1", "SLE", "2024-01-01", 9],
            ["P2", "SLE", "2024-01-01", 8],
        ]:
            made.active.append(row)
        made.active.row_dimensions[3].hidden = True
        made.active.column_dimensions["B"].hidden = True
        made.save(tmp_path / "a.xlsx")
        study = read_study(tmp_path, MAPPING)
        assert len(study.subjects) == 2
        assert any("1 hidden row (3) was read as any other" in note for note in study.notes)
        assert any("1 column is hidden" in note for note in study.notes)
        skip = {**MAPPING, "study": {**MAPPING["study"], "hidden_rows": "skip"}}
        assert len(read_study(tmp_path, skip).subjects) == 1

    @pytest.mark.parametrize("general", [[], ["C2"], ["D2"], ["C2", "D2"]])
    def test_dates_count_from_1904_also_as_plain_numbers(self, tmp_path, general):
        made = openpyxl.Workbook()
        made.epoch = CALENDAR_MAC_1904
        sheet = made.active
        sheet.append(["id", "dx", "infused", "last"])
        sheet.append(["P1", "SLE", dt.datetime(2024, 1, 1), dt.datetime(2024, 12, 31)])
        for cell in general:
            sheet[cell].value = int(to_excel(sheet[cell].value, CALENDAR_MAC_1904))
            sheet[cell].number_format = "General"
        made.save(tmp_path / "a.xlsx")
        study = read_study(tmp_path, MAPPING)
        assert study.subjects["last_contact_day"].tolist() == [365]
        assert any("dates count from 1904" in note for note in study.notes)
        if general:
            wrong = {**MAPPING, "study": {**MAPPING["study"], "epoch": 1900}}
            other = "C2" in general and "D2" in general
            assert (not other) or read_study(tmp_path, wrong).subjects["last_contact_day"][0] == 365

    def test_a_stray_blank_at_the_far_end(self, tmp_path):
        made = openpyxl.Workbook()
        made.active.title = "subjects"
        for row in [HEAD, *ROWS]:
            made.active.append(row)
        made.active["XFD5000"] = " "
        made.save(tmp_path / "b.xlsx")
        assert len(read_study(tmp_path).subjects) == 2


class TestColumns:
    def test_near_misses(self, tmp_path):
        text = SUBJECTS.replace("_day\n", "_day,death_days,cut_off_days\n").replace(
            "00\n", "00,,500\n"
        )
        text = text.replace("210\n", "210,,500\n")
        found = problems(
            folder(
                tmp_path, subjects__csv=text, toxicities__csv=TOXICITIES.replace("grade", "grades")
            )
        )
        assert [(text.split(":")[0], "Is it `" in text) for text in found] == [
            ("subjects.csv, `death_days`", True),
            ("subjects.csv, `cut_off_days`", True),
            ("toxicities.csv, `grades`", True),
        ]
        assert 'own_columns = ["grades"]' in found[2]

    def test_of_a_required_column_it_is_one_problem(self, tmp_path):
        (found,) = problems(folder(tmp_path, subjects__csv=SUBJECTS.replace("disease", "diseases")))
        assert "the column `disease`" in found
        assert "Is it 'diseases'?" in found

    def test_a_column_of_the_studys_own(self, tmp_path):
        toml = '[study]\nown_columns = ["grades"]\n'
        text = TOXICITIES.replace("grade", "grades")
        folder(tmp_path, subjects__csv=SUBJECTS, toxicities__csv=text, study__toml=toml)
        study = read_study(tmp_path)
        assert study.toxicities["grades"].tolist() == [3]
        back = read_study(write_study(study, tmp_path / "out"))
        assert back.toxicities["grades"].tolist() == [3]

    def test_a_data_frame_is_told_the_same(self):
        frame = pd.DataFrame(ROWS, columns=HEAD).assign(death_days=500)
        with pytest.raises(CarstatsError, match=r"`death_days`: is not read.*Is it `death_day`"):
            Study(subjects=frame)

    def test_text_of_other_columns_stays_out_of_messages(self, tmp_path):
        text = SUBJECTS.replace("_day\n", "_day,remark\n").replace("00\n", "00,=Zhang San\n")
        text = text.replace("210\n", "210,fine\n")
        (found,) = problems(folder(tmp_path, subjects__csv=text))
        assert found == "subjects.csv, row 2, `remark`: holds a formula. Replace it by its value."

    def test_columns_are_told(self, tmp_path):
        source = read_study(
            folder(
                tmp_path,
                subjects__csv=SUBJECTS.replace("_day\n", "_day,ecog\n").replace("0\n", "0,1\n"),
            )
        ).source("subjects")
        assert source.columns[-1] == "ecog"
        assert source.ignored == ()
