"""What is planted in a study (names, identifiers) comes out nowhere, not even in errors."""

import json
import zipfile
from dataclasses import replace

import pytest

import carstats as cs
from carstats.crosschecking import compare
from carstats.crosschecking.asking import Check
from carstats.crosschecking.registry import ANALYSES
from carstats.errors import CarstatsError
from carstats.report.pages.second_program import crosscheck_files, crosscheck_pages
from carstats.run.listing import study_lines
from carstats.run.report import study_report

PLANTED = ("PLANTED-ID", "PLANTED NAME", "PLANTED REMARK", "1975-07-07")
MAPPING = {
    "study": {"infusion_date": "inf"},
    "subjects": {
        "columns": {"subject_id": "id", "disease": "dx", "last_contact_day": "last"},
        "constants": {"target": "CD19", "platform": "CAR-T", "cell_source": "autologous"},
    },
    "toxicities": {"CRS": {"grade": "crs", "onset": "on"}},
    "events": {"relapse": {"date": "rel"}},
}
HEADINGS = "id,name,remark,born,dx,inf,last,crs,on,rel"
GOOD = (
    "PLANTED-ID{n},PLANTED NAME,PLANTED REMARK,1975-07-07,SLE,2024-01-01,2024-12-01,2,2024-01-05,"
)
# Each row is wrong in another way, and one identifier stands twice.
BAD = [
    GOOD.replace("SLE", "XX"), GOOD.replace("2024-12-01", "soon"), GOOD.replace(",2,", ",2-3,"),
    GOOD.replace("2024-01-05", "2025-01-05"), GOOD + "2023-01-01", GOOD.replace("{n}", "0"),
    GOOD.replace("PLANTED REMARK", "=PLANTED REMARK"), GOOD.replace("2024-01-01", ""),
]  # fmt: skip


def read(tmp_path, rows):
    lines = [HEADINGS, *(row.format(n=i) for i, row in enumerate(rows))]
    (tmp_path / "sheet.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return cs.read_study(tmp_path / "sheet.csv", MAPPING)


def test_nothing_planted_is_listed(tmp_path):
    study = read(tmp_path, [GOOD] * 4)
    said = "\n".join([*study_lines(study, "study"), repr(study), *study.notes])
    said += "".join(frame.to_csv() for frame in study.tables().values())
    assert "4 rows" in said
    assert not [word for word in PLANTED if word in said]


def test_nothing_planted_is_in_an_error(tmp_path):
    with pytest.raises(CarstatsError) as caught:
        read(tmp_path, [GOOD, *BAD])
    error = caught.value
    said = "\n".join([str(error), repr(error), *map(repr, error.problems), *error.notes])
    assert len(error.problems) >= 5
    assert not [word for word in PLANTED if word in said]


@pytest.mark.parametrize("bad", BAD)
def test_nothing_planted_is_in_an_error_of_one_row(tmp_path, bad):
    try:
        study = read(tmp_path, [GOOD, bad])
        said = "\n".join(study_lines(study, "study"))
    except CarstatsError as error:
        said = f"{error}{error!r}{error.notes}"
    assert not [word for word in PLANTED if word in said]


def texts_of(file):
    """Yield the contents of a file, and of the parts of a Word file or of slides."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as parts:
            yield from (parts.read(name).decode("utf-8", "ignore") for name in parts.namelist())
    else:
        yield file.read_bytes().decode("utf-8", "ignore")


def planted_in(folder):
    """Return which planted words the files of a folder hold."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert files
    return {(f.name, word) for f in files for text in texts_of(f) for word in PLANTED
            if word in text}  # fmt: skip


def test_nothing_planted_is_in_the_second_program(tmp_path):
    study = read(tmp_path, [GOOD] * 8)
    found = cs.crosscheck(study, with_r=False)
    assert len(found.frame) > 50
    files = crosscheck_files(found, made_with="carstats test")
    said = b"".join(files.values()).decode() + repr(found)
    said += found.frame.to_csv()
    assert not [word for word in PLANTED if word in said]
    (tmp_path / "out").mkdir()
    crosscheck_pages(study, tmp_path / "out")
    assert not planted_in(tmp_path / "out")


def test_nothing_planted_is_in_an_error_of_the_second_program(tmp_path, monkeypatch):
    def fails(asked):
        raise ValueError(f"cannot convert {asked.subjects['subject_id'].iloc[0]}, PLANTED NAME")

    broken = Check("pandas", fails, ("n", "estimate", "median"))
    changed = cs.baseline_table.__name__
    monkeypatch.setitem(compare.ANALYSES, changed, replace(ANALYSES[changed], checks=(broken,)))
    study = read(tmp_path, [GOOD] * 4)
    found = cs.crosscheck(cs.baseline_table(cs.define_cohort(study)), study)
    assert found.frame["verdict"].eq("raised").any()
    said = found.frame.to_csv() + repr(found)
    said += b"".join(crosscheck_files(found, made_with="carstats test").values()).decode()
    assert not [word for word in PLANTED if word in said]


def test_nothing_planted_is_in_a_report(tmp_path):
    lines = [HEADINGS, *(GOOD.format(n=i) for i in range(8))]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "sheet.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "in" / "study.toml").write_text(toml(MAPPING), encoding="utf-8")
    told = []
    study_report(
        tmp_path / "in" / "sheet.csv", tmp_path / "out", mapping=tmp_path / "in" / "study.toml",
        report=lambda outcome, total: told.append(repr(outcome)),
    )  # fmt: skip
    kinds = {file.suffix for file in (tmp_path / "out").rglob("*")}
    assert {".html", ".docx", ".pptx"} <= kinds
    assert not planted_in(tmp_path / "out")
    assert not [word for word in PLANTED if word in "".join(told)]


def test_nothing_planted_is_in_what_names_the_files(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    lines = [HEADINGS, *(GOOD.format(n=i) for i in range(8))]
    (folder / "sheet.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = "\n".join(write_draft(folder / "sheet.csv"))
    assert not [word for word in PLANTED if word in said]
    assert not [word for word in PLANTED if word in (folder / "study.toml").read_text("utf-8")]
    study = read(tmp_path, [GOOD] * 8)
    attrition_table(study, tmp_path / "out" / "figures")
    write_manifest(tmp_path / "out", folder / "sheet.csv", find_analyses(), given=True)
    assert (tmp_path / "out" / "figures" / "manifest.json").is_file()
    assert not planted_in(tmp_path / "out")


def toml(tables, at=""):
    """Return nested tables as TOML."""
    lines = [f"[{at}]"] if at else []
    inner = {name: value for name, value in tables.items() if isinstance(value, dict)}
    lines += [f"{name} = {json.dumps(v)}" for name, v in tables.items() if name not in inner]
    parts = [toml(value, f"{at}.{name}" if at else name) for name, value in inner.items()]
    return "\n".join([*lines, *parts]) + "\n"
