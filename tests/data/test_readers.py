"""Reading and writing the study's own tables, and every way in which a file can be broken."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pyreadstat
import pytest
from pandas.testing import assert_frame_equal

from carstats.data.readers.reading import read_study
from carstats.data.study import Study
from carstats.data.vocabulary import Term, Vocabulary
from carstats.data.writer import write_study
from carstats.errors import CarstatsError

HEAD = "subject_id,disease,target,platform,cell_source,last_contact_day"
SUBJECTS = f"{HEAD},sex\nA1,SLE,CD19,CAR-T,autologous,400,女\nA2,SSc,BCMA,CAR-T,autologous,210,M\n"
EVENTS = "subject_id,endpoint,status,time\nA1,relapse,event,120\nA2,relapse,censored,210\n"


def folder_with(tmp_path: Path, **files: str | bytes) -> Path:
    folder = tmp_path / "study"
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        name = name.replace("__", ".")
        path = folder / (name if "." in name else f"{name}.csv")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def workbook(path: Path, sheets: dict[str, list[list]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def rows_of(text: str) -> list[list]:
    cells = [line.split(",") for line in text.splitlines()]
    return [[int(c) if c.isdigit() else c for c in row] for row in cells]


def whole_study() -> Study:
    """A study with an empty table, own columns and terms, blanks and awkward text."""
    return Study(
        subjects=pd.DataFrame(
            {
                "subject_id": ["007", "b"],
                "disease": ["SLE", "odd disease"],
                "target": ["none", "CD19"],
                "platform": "CAR-T",
                "cell_source": "none",
                "last_contact_day": [400, 210.5],
                "infused": [True, None],
                "remark": ['x, "y"\nz', None],
                "score": [0.1 + 0.2, None],
            }
        ),
        toxicities=pd.DataFrame({"subject_id": [], "term": [], "onset_day": []}),
        events=pd.DataFrame(
            {
                "subject_id": ["b", "007"],
                "endpoint": "relapse",
                "status": ["event", "censored"],
                "time": [1 / 3, 400],
            }
        ),
        label='Lupus "登记"',
        synthetic=True,
        vocabulary=Vocabulary().extended(
            disease=["odd disease"],
            endpoint=[Term("skin clear", "Clear skin", ("clear",), "response")],
        ),
    )


class TestRead:
    def test_folder_of_csv(self, tmp_path):
        study = read_study(folder_with(tmp_path, subjects=SUBJECTS, events=EVENTS))
        assert study.label == "study"
        assert study.synthetic is False
        assert list(study.subjects["sex"]) == ["F", "M"]
        assert list(study.events["time"]) == [120.0, 210.0]
        assert study.toxicities is None

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_encodings_delimiters_and_line_ends(self, tmp_path, encoding, delimiter, end):
        text = SUBJECTS.replace(",", delimiter).replace("\n", end)
        study = read_study(folder_with(tmp_path, subjects=text.encode(encoding)))
        assert list(study.subjects["sex"]) == ["F", "M"]

    @pytest.mark.parametrize(
        ("text", "encoding", "expected"),
        [
            ("女", "gb18030", "女"),  # C5 AE, which is also UTF-8
            ("é", "utf-8", "é"),
            ("±", "utf-8", "±"),
            ("Dvořák", "utf-8", "Dvořák"),
            ("Łódź", "utf-8", "Łódź"),
            ("µ", "utf-8", "µ"),
            ("Москва", "utf-8", "Москва"),
            ("女", "utf-8", "女"),
        ],
    )
    def test_short_texts_in_both_encodings(self, tmp_path, text, encoding, expected):
        table = SUBJECTS.replace(",sex", ",own").replace("女", text).encode(encoding)
        assert read_study(folder_with(tmp_path, subjects=table)).subjects["own"][0] == expected

    def test_quoted_cells_blank_lines_and_trailing_delimiters(self, tmp_path):
        text = f'{HEAD},note,,\n"A1",SLE,CD19,CAR-T,autologous,400,"a, ""b""\nc",,\n\n,,,,,,,,\n'
        text += "A2,SLE,CD19,CAR-T,autologous,x,,,\n"
        with pytest.raises(CarstatsError, match=r"row 5, `last_contact_day`: 'x' is not a number"):
            read_study(folder_with(tmp_path, subjects=text))
        study = read_study(folder_with(tmp_path, subjects=text.replace(",x,", ",9,")))
        assert study.subjects["note"].tolist()[0] == 'a, "b"\nc'

    def test_workbook_with_a_sheet_per_table(self, tmp_path):
        path = workbook(
            tmp_path / "all.xlsx",
            {"Subjects": rows_of(SUBJECTS), "events": rows_of(EVENTS), "notes": [["x"]]},
        )
        study = read_study(path)
        assert study.label == "all"
        assert len(study.events) == 2
        assert len(read_study(tmp_path).events) == 2

    def test_statistical_files_and_parquet(self, tmp_path):
        frame = pd.read_csv(io.StringIO(SUBJECTS))
        folder = tmp_path / "a"
        folder.mkdir()
        pyreadstat.write_sav(frame, folder / "subjects.sav")
        pd.read_csv(io.StringIO(EVENTS)).to_parquet(folder / "events.parquet")
        study = read_study(folder)
        assert list(study.subjects["sex"]) == ["F", "M"]
        assert list(study.events["status"]) == ["event", "censored"]

    def test_lists_and_records_of_parquet_are_left_out_and_said(self, tmp_path):
        frame = pd.read_csv(io.StringIO(SUBJECTS))
        nested = frame.assign(drugs=[["a", "b"]] * 2, dose=[{"mg": 1}] * 2)
        nested.to_parquet(tmp_path / "subjects.parquet")
        study = read_study(tmp_path)
        assert not {"drugs", "dose"} & set(study.subjects)
        assert any("subjects.parquet: 'drugs', 'dose' left out" in note for note in study.notes)

    def test_headings_differ_in_case_and_are_named_as_the_file_has_them(self, tmp_path):
        text = SUBJECTS.replace("last_contact_day", "Last contact day")
        assert (
            read_study(folder_with(tmp_path, subjects=text)).subjects["last_contact_day"][0] == 400
        )
        with pytest.raises(CarstatsError, match="row 2, `Last contact day`"):
            read_study(folder_with(tmp_path, subjects=text.replace("400", "four")))

    def test_small_toml_beside_standard_tables(self, tmp_path):
        toml = '[study]\nname = "Mine"\nsynthetic = true\n[vocabulary]\ndisease = ["odd"]\n'
        folder = folder_with(tmp_path, subjects=SUBJECTS.replace("SSc", "odd"), study__toml=toml)
        study = read_study(folder)
        assert (study.label, study.synthetic) == ("Mine", True)
        assert "odd" in set(study.subjects["disease"])

    def test_header_only_table_is_an_empty_one(self, tmp_path):
        study = read_study(
            folder_with(tmp_path, subjects=SUBJECTS, toxicities="subject_id,term,onset_day\n")
        )
        assert len(study.toxicities) == 0

    def test_fingerprint_ignores_line_ends_only(self, tmp_path):
        first = read_study(folder_with(tmp_path, subjects=SUBJECTS)).fingerprint
        same = read_study(
            folder_with(tmp_path, subjects=SUBJECTS.replace("\n", "\r\n"))
        ).fingerprint
        other = read_study(
            folder_with(tmp_path, subjects=SUBJECTS.replace("400", "401"))
        ).fingerprint
        assert first == same != other
        assert len(first) == 64

    def test_csv_imports_nothing_heavy(self, tmp_path):
        folder = folder_with(tmp_path, subjects=SUBJECTS, events=EVENTS)
        code = (
            "import sys, pandas; from carstats.data.readers.reading import read_study;"
            f"read_study({str(folder)!r});"
            "heavy = {'openpyxl', 'pyreadstat', 'scipy', 'carstats.data.readers.mapping'};"
            "print(heavy & set(sys.modules))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "set()"

    def test_calendar_dates_are_refused(self, tmp_path):
        text = SUBJECTS.replace(",sex", ",biopsy").replace("女", "2024/3/5")
        with pytest.raises(CarstatsError, match="row 2, `biopsy`: holds calendar dates"):
            read_study(folder_with(tmp_path, subjects=text))
        text = SUBJECTS.replace("400", "2024-03-05")
        with pytest.raises(CarstatsError, match=r"is not a number. Give days from the infusion"):
            read_study(folder_with(tmp_path, subjects=text))

    def test_ignored_files_are_noted(self, tmp_path):
        folder = folder_with(tmp_path, subjects=SUBJECTS, other="a,b\n1,2\n", README__txt="hello")
        assert read_study(folder).notes == ("Files that no table was read from: 'other.csv'.",)


class TestBroken:
    """Each broken input gives one CarstatsError that names the file and the way out."""

    @pytest.mark.parametrize(
        ("files", "message"),
        [
            ({"events": EVENTS}, "has no file of the table `subjects`"),
            ({}, "no file of data"),
            ({"subjects": ""}, r"subjects\.csv: is empty \(0 bytes\)"),
            ({"subjects": HEAD + "\n"}, r"subjects\.csv: has no rows"),
            ({"subjects": "\n\n"}, "has no headings in row 1"),
            (
                {"subjects": SUBJECTS, "events": b"PK\x03\x04\0\0junk"},
                r"events\.csv: is not a text",
            ),
            ({"subjects": b"\x01\x02" + SUBJECTS.encode()}, "control characters"),
            ({"subjects": b"a,b\n\xff\xff,1\n"}, "is not text in utf-8-sig or gb18030"),
            (
                {"subjects": SUBJECTS.replace(",210", "")},
                "row 3: has 6 cells where the heading has 7",
            ),
            ({"subjects": SUBJECTS.replace("210", "210,1")}, "row 3: has 8 cells"),
            ({"subjects": SUBJECTS.replace("A2", '"A2')}, "is not a table"),
            ({"subjects": SUBJECTS.replace("disease", "target")}, "`target` stands 2 times"),
            (
                {"subjects": SUBJECTS.replace("disease", "dis")},
                "the column `disease` .* is missing",
            ),
            ({"subjects": SUBJECTS.replace(",sex", ",")}, "holds values under no heading"),
            (
                {"subjects": SUBJECTS.replace("SSc", "lupsu")},
                "row 3, `disease`: 'lupsu' is not one",
            ),
            ({"subjects": SUBJECTS, "subjects__xpt": b"x"}, "are both the table `subjects`"),
            ({"subjects__xlsx": b"no zip"}, r"subjects\.xlsx: cannot be read as an Excel workbook"),
            ({"subjects__xls": b"old"}, "is in the old Excel format"),
            ({"subjects__parquet": b"PAR1xxxx"}, r"subjects\.parquet: cannot be read as a Parquet"),
            ({"subjects__sav": b"$FL2xxxx"}, r"subjects\.sav: cannot be read as an SPSS file"),
            (
                {"subjects__sas7bdat": b"xxxx"},
                r"subjects\.sas7bdat: cannot be read as a SAS data set",
            ),
            ({"subjects": SUBJECTS, "study__toml": "[study"}, r"study\.toml: is not TOML"),
            ({"subjects": SUBJECTS, "study__toml": "[study]\nnmae = 'x'"}, "Did you mean 'name'"),
            ({"subjects": SUBJECTS, "study__toml": "[stduy]\n"}, "Did you mean 'study'"),
            ({"subjects": SUBJECTS, "study__toml": "[study]\nname = 3"}, "it takes a text"),
        ],
    )
    def test_refused(self, tmp_path, files, message):
        with pytest.raises(CarstatsError, match=message):
            read_study(folder_with(tmp_path, **files))

    @pytest.mark.parametrize(
        "cell",
        ["=1+1", "@SUM(A1)", "+A1", "-cmd|' /C calc'!A0", "-2+3", "  =HYPERLINK(1)", "#REF!"],
    )
    def test_formula(self, tmp_path, cell):
        text = SUBJECTS.replace(",M\n", f",{cell}\n")
        with pytest.raises(
            CarstatsError, match=r"subjects\.csv, row 3, `sex`: .* formula"
        ) as caught:
            read_study(folder_with(tmp_path, subjects=text))
        assert len(caught.value.problems) == 1

    @pytest.mark.parametrize("cell", ["-", "++", "+/-", "-3.5", "+5%", "a=b"])
    def test_not_a_formula(self, tmp_path, cell):
        text = SUBJECTS.replace(",sex", ",own").replace(",M\n", f",{cell}\n")
        assert len(read_study(folder_with(tmp_path, subjects=text)).subjects) == 2

    def test_workbook_formulas(self, tmp_path):
        rows = rows_of(SUBJECTS)
        rows[1][5] = "=200+200"
        workbook(tmp_path / "book.xlsx", {"subjects": rows})
        with pytest.raises(CarstatsError, match=r"row 2, `last_contact_day`: .* formula without"):
            read_study(tmp_path / "book.xlsx")
        # A spreadsheet program stores the result beside the formula.
        with zipfile.ZipFile(tmp_path / "book.xlsx") as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        sheet = "xl/worksheets/sheet1.xml"
        assert b"<f>200+200</f><v" in parts[sheet]
        text = parts[sheet].replace(b"<f>200+200</f><v />", b"<f>200+200</f><v>400</v>")
        parts[sheet] = text.replace(b"<f>200+200</f><v></v>", b"<f>200+200</f><v>400</v>")
        with zipfile.ZipFile(tmp_path / "book.xlsx", "w") as archive:
            for name, data in parts.items():
                archive.writestr(name, data)
        assert read_study(tmp_path / "book.xlsx").subjects["last_contact_day"][0] == 400

    def test_all_problems_of_all_files_at_once(self, tmp_path):
        folder = folder_with(
            tmp_path,
            subjects=SUBJECTS.replace("400", "x").replace("SSc", "SScc"),
            events=EVENTS.replace("censored", "120"),
            responses="",
            medications="a,b\n1\n",
        )
        with pytest.raises(CarstatsError) as caught:
            read_study(folder)
        places = {(p.file, p.row, p.column) for p in caught.value.problems}
        assert ("subjects.csv", 2, "last_contact_day") in places
        assert ("subjects.csv", 3, "disease") in places
        assert ("events.csv", 3, "status") in places
        assert ("responses.csv", None, None) in places
        assert ("medications.csv", 2, None) in places

    def test_missing_path(self, tmp_path):
        with pytest.raises(CarstatsError, match="nowhere: does not exist"):
            read_study(tmp_path / "nowhere")

    def test_folder_without_rights(self, tmp_path, monkeypatch):
        def refuse(self):
            raise PermissionError(13, "Permission denied")

        folder = folder_with(tmp_path, subjects=SUBJECTS)
        monkeypatch.setattr(Path, "iterdir", refuse)
        with pytest.raises(CarstatsError, match="may not be read"):
            read_study(folder)

    def test_file_without_rights(self, tmp_path, monkeypatch):
        def refuse(self):
            raise PermissionError(13, "Permission denied")

        folder = folder_with(tmp_path, subjects=SUBJECTS)
        monkeypatch.setattr(Path, "read_bytes", refuse)
        with pytest.raises(CarstatsError, match=r"subjects\.csv: may not be read"):
            read_study(folder)

    def test_parquet_without_pyarrow(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(CarstatsError, match=r"pip install \"carstats\[parquet\]\""):
            read_study(folder_with(tmp_path, subjects__parquet=b"PAR1"))

    @pytest.mark.parametrize("part", [0.02, 0.3, 0.5, 0.9])
    @pytest.mark.parametrize("suffix", ["xpt", "sav", "xlsx", "parquet"])
    def test_cut_off_file(self, tmp_path, suffix, part):
        frame = pd.DataFrame({f"V{i}": [f"text {i} {j}" for j in range(40)] for i in range(9)})
        path = tmp_path / f"subjects.{suffix}"
        {
            "xpt": pyreadstat.write_xport,
            "sav": pyreadstat.write_sav,
            "xlsx": lambda f, p: f.to_excel(p, index=False),
            "parquet": lambda f, p: f.to_parquet(p),
        }[suffix](frame, path)
        data = path.read_bytes()
        # A transport file is cut at a whole record of 80 bytes, where its form alone cannot tell.
        length = int(len(data) * part)
        path.write_bytes(data[: length // 80 * 80 if suffix == "xpt" else length])
        with pytest.raises(CarstatsError, match=rf"subjects\.{suffix}: cannot be read as"):
            read_study(tmp_path)


class TestWrite:
    @pytest.mark.parametrize("format", ["csv", "xlsx", "parquet"])
    def test_round_trip(self, tmp_path, format):
        study = whole_study()
        back = read_study(write_study(study, tmp_path / "out", format))
        assert back.tables().keys() == study.tables().keys()
        for name, frame in study.tables().items():
            assert_frame_equal(back.table(name), frame, check_exact=True)
        assert (back.label, back.synthetic) == (study.label, True)
        assert back.vocabulary == study.vocabulary

    def test_bytes_are_the_same_on_repeat(self, tmp_path):
        one = write_study(whole_study(), tmp_path / "one")
        two = write_study(read_study(one), tmp_path / "two")
        for path in one.iterdir():
            assert path.read_bytes() == (two / path.name).read_bytes()
        assert b"\r" not in (one / "subjects.csv").read_bytes()
        assert b"400," in (one / "subjects.csv").read_bytes()

    def test_text_that_looks_like_a_formula_stays_text(self, tmp_path):
        frame = pd.read_csv(io.StringIO(SUBJECTS)).assign(own=["=1+1", "x"])
        path = write_study(Study(subjects=frame), tmp_path / "out", "xlsx") / "study.xlsx"
        sheet = openpyxl.load_workbook(path)["subjects"]
        cells = {cell.value: cell.data_type for row in sheet for cell in row}
        assert cells["=1+1"] == "s"

    def test_full_disk_leaves_what_was_there(self, tmp_path, monkeypatch):
        folder = write_study(whole_study(), tmp_path / "out")
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        written = Path.write_bytes

        def fill(self, data):
            written(self, data[:10])
            if "events" in self.name:
                raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "write_bytes", fill)
        with pytest.raises(CarstatsError, match="No space left on device"):
            write_study(whole_study(), folder)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        with pytest.raises(CarstatsError, match="cannot be written"):
            write_study(whole_study(), tmp_path / "new")
        assert not (tmp_path / "new").exists()

    def test_other_tables_and_mappings_are_not_mixed_in(self, tmp_path):
        folder = folder_with(tmp_path, responses="a,b\n")
        with pytest.raises(CarstatsError, match=r"responses\.csv: would be read with"):
            write_study(whole_study(), folder)
        (folder / "responses.csv").unlink()
        (folder / "study.toml").write_text('[study]\ninfusion_date = "d"\n')
        with pytest.raises(CarstatsError, match=r"study\.toml: is a mapping"):
            write_study(whole_study(), folder)

    def test_format(self, tmp_path):
        with pytest.raises(CarstatsError, match="`format` is 'sas'"):
            write_study(whole_study(), tmp_path, "sas")
        (tmp_path / "file").write_text("x")
        with pytest.raises(CarstatsError, match="cannot be written"):
            write_study(whole_study(), tmp_path / "file")


@pytest.mark.slow
def test_a_large_sheet_is_read_in_seconds(tmp_path):
    """5,000 rows by 200 columns: 24 measures, dates in three spellings, 100 columns of its own."""
    import time

    headings = [f"SLEDAI{i}" for i in range(24)] + [f"own{i}" for i in range(171)]
    lines = [",".join(["id", "dx", "age", "inf", "last", *headings])]
    for i in range(5000):
        cells = [str((i + j) % 20) for j in range(24)] + ["abc"[(i + j) % 3] for j in range(171)]
        dates = ["2024年1月5日" if i % 2 else "2024/1/5", "2024-12-01"]
        lines.append(",".join([f"P{i}", "SLE", f"{30 + i % 40}岁", *dates, *cells]))
    (tmp_path / "sheet.csv").write_text("\n".join(lines), encoding="utf-8")
    columns = {"subject_id": "id", "disease": "dx", "age": "age", "last_contact_day": "last"}
    mapping = {
        "study": {"infusion_date": "inf"},
        "subjects": {
            "columns": columns | {f"own{i}": f"own{i}" for i in range(100)},
            "constants": {"target": "CD19", "platform": "CAR-T", "cell_source": "autologous"},
        },
        "assessments": {"SLEDAI-2K": {"columns": {f"SLEDAI{i}": 7 * i for i in range(24)}}},
    }
    begin = time.process_time()
    study = read_study(tmp_path, mapping)
    assert len(study.assessments) == 120_000
    assert time.process_time() - begin < 5
