"""Damaged inputs of a study: seeded, small, of every kind that carstats reads.

``python -m tests.data.fuzz COUNT [SEED]`` reads that many and prints, for each kind, how many were
refused in words, how many were read, and every other end: an exception of another kind, more than
`SECONDS` or more than `MEGABYTES` above what the reader takes when it is only imported.
"""

from __future__ import annotations

import io
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyreadstat

import carstats as cs

ROOT = Path(__file__).parents[2]
SECONDS, MEGABYTES = 5, 500

# What people, programs and accidents leave in a cell.
CELLS = [
    "", " ", "NA", "none", "无", "-", "-1", "-3", "I-II", "1-2", "99", "-9", "1e308", "1e999",
    "nan", "inf", "0x10", "1,5", "1.234,5", "1 000", "１２", "½", "=1+1", "@SUM(A1)", "+SUM(A1)",
    "2024-02-30", "31/12/2024", "12/31/2024", "20240131", "45321", "99999999", "1900-01-00",
    "0000-00-00", "2024年1月31日", "2024-01", "9999-12-31", "yes", "NO", "是", "grade 3", "≥3",
    "<50",
    "S001", "\u200b", "\ufeff", "\u202e3", "a" * 5000, "\x00", "\x1b[31m", "🧬", "\ud800",
    "x;y;z", "\"", "'", "\\", "{}", "{0}", "{n}", "%s", "<b>", "$x$",
]  # fmt: skip
# What a mapping may hold in the place of a value.
TOML_VALUES = [
    '""', '"x"', "[]", "{}", "0", "-1", "1e400", "true", "nan", "2024-01-01", '["a", 1]',
    '{ column = 3 }', '{ where = "x" }', '[["a"]]', '"../../../etc/passwd"', '"/dev/zero"',
    '{ not = "x" }', '{ ">=" = 3, "<" = "2024-01-01" }', '{ in = [], blank = false }',
    '{ blank = true }', '{ join = ["x", "y"], with = "" }', '{ column = "x", when = { ">" = 0 } }',
    '{ column = "x", schedule = { a = 1 } }', '"middle"', '"日期#9"',
    '{ column = "x", where = { y = [] } }', '"\\u0000"', "1979-05-27T07:32:00Z",
    "[" * 400 + "]" * 400,
]  # fmt: skip
SUBJECTS = """subject_id,disease,target,platform,cell_source,last_contact_day,infused,age,sex
A1,SLE,CD19,CAR-T,autologous,400,yes,30,F
A2,SLE,BCMA,CAR-T,autologous,300,yes,41,M
A3,SSc,CD19,CAR-NK,allogeneic,210,no,52,F
A4,IIM,CD19+BCMA,CAR-T,autologous,90,yes,,F
"""
TABLES = {
    "subjects": SUBJECTS,
    "infusions": "subject_id,infusion_number,day,planned\nA1,1,0,yes\nA2,1,0,yes\nA4,1,0,yes\n",
    "assessments": "subject_id,day,measure,value,unit\nA1,-10,SLEDAI-2K,12,\nA1,168,SLEDAI-2K,0,\n"
    "A2,-8,SLEDAI-2K,9,\nA2,170,UPCR,0.4,g/g\n",
    "medications": "subject_id,drug,drug_class,start_day,stop_day,prednisone_equivalent_mg\n"
    "A1,prednisone,glucocorticoid,-100,40,20\nA2,mycophenolate,csIS,-300,,\n",
    "toxicities": "subject_id,term,grade,onset_day,resolution_day,grading_scale\n"
    "A1,CRS,2,3,6,ASTCT\nA2,infection,3,40,55,CTCAE v5\nA4,CRS,,2,4,ASTCT\n",
    "events": "subject_id,endpoint,status,time,cause\nA1,relapse_free_survival,censored,400,\n"
    "A2,relapse_free_survival,event,250,\nA4,relapse_free_survival,censored,90,\n",
    "responses": "subject_id,endpoint,day,response\nA1,DORIS,168,yes\nA2,DORIS,170,no\n",
}
MAPPED = """编号,诊断,靶点,性别,年龄,回输日期,末次随访,死亡日期,复发日期,CRS分级,CRS开始,6月缓解
P1,系统性红斑狼疮,CD19,女,30,2024-01-10,2025-02-01,,,2,2024-01-12,是
P2,系统性红斑狼疮,BCMA,男,41,2024-02-10,2024-12-01,,2024-09-01,0,,否
P3,皮肌炎,CD19,女,52,2024-03-10,2024-08-01,2024-08-01,,3,2024-03-12,
"""
MAPPED_TOML = """[study]
name = "fuzz"
file = "sheet.csv"
infusion_date = "回输日期"
[subjects.columns]
subject_id = "编号"
disease = "诊断"
target = "靶点"
sex = "性别"
age = "年龄"
last_contact_day = "末次随访"
death_day = "死亡日期"
[subjects.constants]
platform = "CAR-T"
cell_source = "autologous"
[subjects.values.disease]
"皮肌炎" = "IIM"
[events.relapse]
date = "复发日期"
censor = "末次随访"
competing = { death = "死亡日期" }
[toxicities.CRS]
grade = "CRS分级"
onset = "CRS开始"
[responses.remission]
columns = { "6月缓解" = 182 }
"""
REDCAP = """record_id,redcap_repeat_instrument,infusion_date,dx,target,last_seen,ae_term,grade,start
R1,,2024-01-10,SLE,CD19,2025-02-01,,,
R1,ae,,,,,CRS,2,2024-01-12
R1,ae,,,,,infection,3,2024-03-01
R2,,2024-02-10,SSc,BCMA,2024-12-01,,,
R2,ae,,,,,CRS,1,2024-02-11
"""
REDCAP_TOML = """[study]
file = "export.csv"
infusion_date = "infusion_date"
[subjects]
where = { redcap_repeat_instrument = "" }
[subjects.columns]
subject_id = "record_id"
disease = "dx"
target = "target"
last_contact_day = "last_seen"
[subjects.constants]
platform = "CAR-T"
cell_source = "autologous"
[toxicities]
file = "export.csv"
where = { redcap_repeat_instrument = "ae" }
[toxicities.columns]
subject_id = "record_id"
term = "ae_term"
grade = "grade"
onset_day = "start"
"""
VISITS = """id,visit,date,SLEDAI,C3 (mg/dL),CR,flare,pred,HCQ
R1,base,2024-01-05,12,50,N,N,20,Y
R1,m3,2024-04-10,2,90,Y,N,10,Y
R1,m6,2024-07-10,9,60,N,Y,15,N
R2,base,2024-02-01,6,70,N,N,5,N
R2,m3,2024-05-11,0,100,Y,N,0,N
"""
INFUSIONS = "id,when,dose\nR1,2024-01-10,100\nR1,2024-06-10,50\nR2,2024-02-10,80\n"
VISIT_SUBJECTS = "id,dx,last,died\nR1,SLE,2024-12-01,\nR2,SSc,2024-11-01,2024-11-01\ntotal,2,,\n"
VISITS_TOML = """[study]
file = "people.csv"
partial_dates = { date = "middle" }
infusion_date = { file = "given.csv", column = "when", dose = "dose" }
[subjects]
where = { id = { not = ["total", "sum"] } }
[subjects.columns]
subject_id = "id"
disease = "dx"
last_contact_day = ["last", "died"]
death_day = "died"
[subjects.constants]
target = "CD19"
platform = "CAR-T"
cell_source = "autologous"
[infusions]
later = "unplanned"
[visits]
file = "seen.csv"
where = { date = { blank = false }, visit = { in = ["base", "m3", "m6"] } }
measures = { SLEDAI = "SLEDAI-2K", "C3 (mg/dL)" = "C3" }
events = { flare = "relapse" }
[visits.columns]
day = "date"
visit = "visit"
[visits.responses]
CR = "drug_free_remission"
SLEDAI = { endpoint = "LLDAS", when = { "<=" = 4 } }
[visits.medications]
pred = { drug = "pred", drug_class = "glucocorticoid", amount = "prednisone_equivalent_mg" }
HCQ = { drug = "HCQ", drug_class = "antimalarial", blank = "unknown" }
"""
KEPT = """登记表,,,,,,,,,,,,
中心,编号,诊断,年龄,体重,回输1,回输2,末次(月),日期,日期,年,月,有药
北京,001,SLE,34岁,60kg,2024年3月5日,,9,2024/4/1,2024-05-06,2024,4,有
北京,002,SLE,２８,55,2024/02/01,2024.8.1,10,45400,,,,无
上海,001,SSc,41岁,70公斤,45352,,8,,2024年6月,2024,7,无
合计,,3例,,,,,,,,,,
"""
KEPT_TOML = """[study]
infusion_date = ["回输1", "回输2"]
partial_dates = { "日期#2" = "last", "年" = "first" }
[subjects]
where = { "编号" = { blank = false }, "中心" = { not = "合计" } }
[subjects.columns]
subject_id = { join = ["中心", "编号"], with = "-" }
disease = "诊断"
age = "年龄"
weight_kg = "体重"
last_contact_day = { column = "末次(月)", unit = "months" }
first_day = "日期#1"
second_day = "日期#2"
third_day = { join = ["年", "月"], with = "-" }
on_drugs = { column = "有药", when = "有" }
[subjects.constants]
target = "CD19"
platform = "CAR-T"
cell_source = "autologous"
[infusions]
later = "planned"
"""
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
ADAE = """USUBJID,AEDECOD,AEBODSYS,ASTDT,ASTDY,AENDT,AENDY,AETOXGR,AESEV,AESER,TRTEMFL
X-1,Cytokine release syndrome,Immune,2024-01-03,3,2024-01-05,5,2,,N,Y
X-1,Itch,Skin,,4,,,1,MILD,N,Y
X-2,Headache,Nervous,,-2,,,1,MILD,N,N
"""
ADAM_TOML = """[subjects.constants]
disease = "SLE"
target = "CD19"
platform = "CAR-T"
cell_source = "autologous"
"""


def folder_study(home: Path) -> None:
    """Write the standard tables as CSV files."""
    for name, text in TABLES.items():
        (home / f"{name}.csv").write_text(text, encoding="utf-8")


def workbook_study(home: Path) -> None:
    """Write the standard tables as the sheets of a workbook."""
    with pd.ExcelWriter(home / "study.xlsx") as book:
        for name, text in TABLES.items():
            frame = pd.read_csv(io.StringIO(text))
            frame.to_excel(book, sheet_name=name, index=False)


def mapped_study(home: Path) -> None:
    """Write a Chinese sheet of a row a subject and its mapping."""
    (home / "sheet.csv").write_text(MAPPED, encoding="utf-8")
    (home / "study.toml").write_text(MAPPED_TOML, encoding="utf-8")


def redcap_study(home: Path) -> None:
    """Write an export of two instruments and its mapping."""
    (home / "export.csv").write_text(REDCAP, encoding="utf-8")
    (home / "study.toml").write_text(REDCAP_TOML, encoding="utf-8")


def adam_study(home: Path) -> None:
    """Write analysis data sets and their mapping."""
    for name, text in (("adsl", ADSL), ("adtte", ADTTE), ("adae", ADAE)):
        frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
        (home / f"{name}.csv").write_text(frame.to_csv(index=False), encoding="utf-8")
    (home / "study.toml").write_text(ADAM_TOML, encoding="utf-8")


def visits_study(home: Path) -> None:
    """Write sheets of subjects, infusions and visits, a row each, and their mapping."""
    (home / "people.csv").write_text(VISIT_SUBJECTS, encoding="utf-8")
    (home / "given.csv").write_text(INFUSIONS, encoding="utf-8")
    (home / "seen.csv").write_text(VISITS, encoding="utf-8")
    (home / "study.toml").write_text(VISITS_TOML, encoding="utf-8")


def kept_study(home: Path) -> None:
    """Write a sheet as a hospital keeps it: titles, totals, joined and repeated columns."""
    (home / "sheet.csv").write_text(KEPT, encoding="utf-8")
    (home / "study.toml").write_text(KEPT_TOML, encoding="utf-8")


def spss_study(home: Path) -> None:
    """Write the subjects and toxicities as SPSS and SAS transport files."""
    subjects = pd.read_csv(io.StringIO(SUBJECTS))
    pyreadstat.write_sav(subjects, home / "subjects.sav")
    toxicities = pd.read_csv(io.StringIO(TABLES["toxicities"]))
    pyreadstat.write_sav(toxicities, home / "toxicities.sav")


KINDS: dict[str, Callable[[Path], None]] = {
    "folder": folder_study,
    "workbook": workbook_study,
    "mapped sheet": mapped_study,
    "REDCap": redcap_study,
    "visits": visits_study,
    "kept sheet": kept_study,
    "ADaM": adam_study,
    "SPSS": spss_study,
}


def damage(home: Path, rng: random.Random) -> None:
    """Damage one to three things of a study's files."""
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        files = sorted(path for path in home.iterdir() if path.is_file() and not path.is_symlink())
        if not files:
            return
        file = rng.choice(files)
        ways = [_bytes, _whole_file]
        if file.suffix == ".csv":
            ways = [_cell, _cell, _cell, _cell, _table, _table, _text, _bytes, _whole_file]
        elif file.suffix == ".toml":
            ways = [_toml, _toml, _toml, _toml, _text, _bytes]
        elif file.suffix == ".xlsx":
            ways = [_sheet_cell, _sheet_cell, _sheet_cell, _sheet, _bytes, _part, _whole_file]
        elif file.suffix == ".sav":
            ways = [_sav_cell, _sav_cell, _bytes, _whole_file]
        way = rng.choice(ways)
        # A file that was damaged before may be past being opened; it is damaged enough then.
        _opened(lambda file: way(file, rng), file)  # noqa: B023 - called at once


def _rows(file: Path) -> list[list[str]]:
    text = file.read_bytes().decode("utf-8", "surrogateescape")
    return [line.split(",") for line in text.splitlines()]


def _write(file: Path, rows: list[list[str]]) -> None:
    text = "".join(",".join(row) + "\n" for row in rows)
    file.write_bytes(text.encode("utf-8", "surrogatepass"))


def _cell(file: Path, rng: random.Random) -> None:
    rows = _rows(file)
    if not rows:
        return
    row = rng.choice(rows)
    row[rng.randrange(len(row))] = rng.choice(CELLS).replace(",", ";")
    _write(file, rows)


def _table(file: Path, rng: random.Random) -> None:
    rows = _rows(file)
    if not rows:
        return
    column, row = rng.randrange(len(rows[0])), rng.randrange(len(rows))
    way = rng.randrange(9)
    if way == 0:
        rows = [r[:column] + r[column + 1 :] for r in rows]
    elif way == 1:
        rows = [[*r, r[column] if column < len(r) else ""] for r in rows]
    elif way == 2:
        del rows[row]
    elif way == 3:
        rows.insert(row, list(rows[row]))
    elif way == 4:
        rows = rows[:1]
    elif way == 5:
        rows.insert(0, ["Title of the sheet"])
    elif way == 6:
        rows[row] = rows[row][: rng.randrange(len(rows[row]) + 1)]
    elif way == 7:
        rows[0] = [name.upper() for name in rows[0]]
    else:
        rows += [["Total", *["4"] * (len(rows[0]) - 1)]]
    _write(file, rows)


def _text(file: Path, rng: random.Random) -> None:
    text = file.read_bytes().decode("utf-8", "surrogateescape")
    way = rng.randrange(6)
    if way == 0:
        text = text.replace(",", ";")
    elif way == 1:
        text = text.replace(",", "\t")
    elif way == 2:
        text = text.replace("\n", "\r")
    elif way == 3:
        text = "\ufeff" + text
    elif way == 4:
        text = text.replace("-", "/")
    else:
        place = rng.randrange(len(text) + 1)
        text = text[:place] + rng.choice(CELLS) + text[place:]
    encoding = rng.choice(["utf-8", "utf-8", "utf-16", "gb18030", "cp1252", "utf-32"])
    file.write_bytes(text.encode(encoding, "replace"))


def _bytes(file: Path, rng: random.Random) -> None:
    content = bytearray(file.read_bytes())
    way = rng.randrange(4)
    if way == 0:
        content = content[: rng.randrange(len(content) + 1)]
    elif way == 1 and content:
        for _ in range(rng.choice([1, 3, 30])):
            content[rng.randrange(len(content))] = rng.randrange(256)
    elif way == 2:
        content = bytearray(rng.randbytes(rng.randrange(400)))
    else:
        place = rng.randrange(len(content) + 1)
        content[place:place] = rng.randbytes(rng.randrange(40))
    file.write_bytes(content)


def _whole_file(file: Path, rng: random.Random) -> None:
    way = rng.randrange(7)
    if way == 0:
        file.unlink()
    elif way == 1:
        file.write_bytes(b"")
    elif way == 2:
        file.rename(file.with_suffix(rng.choice([".txt", ".xlsx", ".csv", ".sav", ".ods", ".gz"])))
    elif way == 3:
        file.rename(file.with_name(f"{file.stem} (2){file.suffix}"))
    elif way == 4:
        shutil.copy(file, file.with_name(f"{file.stem}.tsv"))
    elif way == 5 and os.name == "posix":
        file.unlink()
        file.symlink_to(rng.choice(["absent", "/dev/zero", "/dev/null", "."]))
    else:
        file.unlink()
        file.mkdir()


def _toml(file: Path, rng: random.Random) -> None:
    lines = file.read_bytes().decode("utf-8", "surrogateescape").splitlines()
    if not lines:
        return
    place = rng.randrange(len(lines))
    key = lines[place].split("=")[0].strip()
    way = rng.randrange(6)
    if way <= 2 and "=" in lines[place]:
        lines[place] = f"{key} = {rng.choice(TOML_VALUES)}"
    elif way == 3:
        del lines[place]
    elif way == 4:
        tables = [
            "events",
            "responses",
            "events.values",
            "toxicities",
            "adam",
            "subjects",
            "x" * 90,
        ]
        tables += ["visits", "[visits]", "visits.events", "visits.columns", "infusions"]
        tables += ["a." * 3000 + "b", "subjects.values.disease", "assessments", "medications.x"]
        lines += [
            f"[{rng.choice(tables)}]",
            f"{key.strip('[]') or 'x'} = {rng.choice(TOML_VALUES)}",
        ]
    else:
        lines[place] = lines[place].replace('"', rng.choice(["'", "", '"""']), 1)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogateescape")


def _opened(reader: Callable, file: Path):
    """Return what a library reads, None where the file was damaged before."""
    try:
        return reader(file)
    except Exception:  # noqa: BLE001 - whatever a library raises at a damaged file
        return None


def _sheet_cell(file: Path, rng: random.Random) -> None:
    import datetime as dt

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import IllegalCharacterError

    book = _opened(load_workbook, file)
    if book is None:
        return
    sheet = rng.choice(book.worksheets)
    cell = sheet.cell(rng.randint(1, sheet.max_row), rng.randint(1, sheet.max_column))
    odd = [dt.timedelta(days=3), dt.time(3, 4), dt.datetime(1899, 1, 1), True, 1e308, -3, 45321]
    try:
        cell.value = rng.choice([*CELLS, *odd])
        if rng.random() < 0.05:
            sheet["XFD1048576"] = " "
        book.save(file)
    except (IllegalCharacterError, UnicodeEncodeError, ValueError):
        return


def _sheet(file: Path, rng: random.Random) -> None:
    from openpyxl import load_workbook

    book = _opened(load_workbook, file)
    if book is None:
        return
    sheet = rng.choice(book.worksheets)
    way = rng.randrange(6)
    if way == 0 and len(book.worksheets) > 1:
        book.remove(sheet)
    elif way == 1:
        sheet.title = rng.choice(["Toxicity", "Events (2)", "Tabelle1", "登记"])
    elif way == 2:
        sheet.insert_rows(1)
        sheet["A1"] = "Title"
    elif way == 3:
        sheet.sheet_state = "hidden"
    elif way == 4:
        sheet.merge_cells("A1:B2")
    else:
        sheet.delete_cols(rng.randint(1, sheet.max_column))
    book.save(file)


def _part(file: Path, rng: random.Random) -> None:
    """Damage or drop one part of a workbook, which is a zip archive."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile):
        return
    name = rng.choice(sorted(parts))
    if rng.random() < 0.5:
        del parts[name]
    else:
        content = parts[name]
        place = rng.randrange(len(content) + 1)
        parts[name] = content[:place] + rng.randbytes(5) + content[place + 5 :]
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def _sav_cell(file: Path, rng: random.Random) -> None:
    read = _opened(pyreadstat.read_sav, file)
    if read is None or read[0].empty:
        return
    frame = read[0]
    frame = frame.astype(object)
    column = rng.choice(list(frame))
    numbers = frame[column].map(lambda v: isinstance(v, float)).any()
    odd = [-9.0, 99999999.0, 1e300, float("nan")] if numbers else ["", "none", "-1", "x" * 300]
    frame.loc[rng.choice(list(frame.index)), column] = rng.choice(odd)
    if numbers:
        frame[column] = frame[column].astype(float)
    pyreadstat.write_sav(frame.infer_objects(), file)


class Hung(BaseException):
    """Reading took too long; no `except Exception` of a library can hold it."""


@contextmanager
def limits(megabytes: int = MEGABYTES):
    """End what takes more memory than now and `megabytes`."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + megabytes * 2**20, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def read(home: Path, seconds: int = SECONDS) -> str:
    """Return how reading a study ended: "read", "refused", or what went wrong.

    The seconds are the processor's, so that a busy machine fails nothing; what waits instead of
    working is ended after ten times as many on the clock.
    """

    def hung(*_):
        raise Hung

    for number in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(number, hung)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.alarm(10 * seconds)
    try:
        end = _end(home)
        for number in (signal.SIGPROF, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)
    except Hung:
        end = f"more than {seconds} s"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
    return end


def _end(home: Path) -> str:
    try:
        with limits():
            _usable(cs.read_study(home))
        return "read"
    except cs.CarstatsError as error:
        return "refused" if str(error).strip() else "refused without a word"
    except MemoryError:
        return f"more than {MEGABYTES} MB"
    except Exception as error:  # noqa: BLE001 - what is looked for
        return f"{type(error).__name__}: {str(error)[:160]}"


def _usable(study: cs.Study) -> None:
    """Fail where what was read does not hold together."""
    ids = set(study.subjects["subject_id"])
    assert len(ids) == len(study.subjects)
    for name in TABLES:
        table = getattr(study, name)
        assert table is None or set(table["subject_id"]) <= ids, name
    if study.toxicities is not None and len(study.toxicities):
        grade = study.toxicities["grade"].dropna() if "grade" in study.toxicities else []
        assert all(g in (1, 2, 3, 4, 5) for g in grade)


def run(count: int, seed: int = 1) -> tuple[Counter, list[str]]:
    """Read `count` damaged studies; return how they ended, and every wrong end with its seed."""
    ends: Counter = Counter()
    wrong = []
    kinds = list(KINDS)
    with tempfile.TemporaryDirectory() as scratch:
        clean = {}
        for kind, make in KINDS.items():
            clean[kind] = Path(scratch) / kind
            clean[kind].mkdir()
            make(clean[kind])
            assert read(clean[kind]) == "read", (kind, read(clean[kind]))
        for number in range(count):
            kind = kinds[number % len(kinds)]
            home = Path(scratch) / "damaged"
            shutil.copytree(clean[kind], home)
            damage(home, random.Random(f"{seed}-{number}"))
            end = read(home)
            ends[kind, end if end in ("read", "refused") else "wrong"] += 1
            if end not in ("read", "refused"):
                wrong.append(f"{kind}, {seed}-{number}: {end}")
            shutil.rmtree(home, ignore_errors=True)
    return ends, wrong


def keep(kind: str, key: str, folder: Path) -> None:
    """Write one damaged study again, to look at: `key` is what `run` prints, such as "1-17"."""
    folder.mkdir(parents=True)
    KINDS[kind](folder)
    damage(folder, random.Random(key))


if __name__ == "__main__":
    ends, wrong = run(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    for (kind, end), n in sorted(ends.items()):
        print(f"{kind:14} {end:8} {n}")
    print(*wrong, sep="\n")
    sys.exit(bool(wrong))
