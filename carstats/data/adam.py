"""`read_adam`: CDISC analysis data sets (ADSL, ADTTE, ADRS, ADAE) to a `Study`.

The data sets are prepared here (what CDISC counts or codes in its own way), then mapped by the same
engine as any other file; a mapping of the user's is laid over the defaults.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from carstats.data.adam_events import prepare_events
from carstats.data.check import cell_text
from carstats.data.dates import plain_number, read_dates
from carstats.data.formats import Files, Sheet
from carstats.data.mapping import map_tables
from carstats.data.readers import list_files
from carstats.data.rule_settings import rules_given
from carstats.data.settings import FILE_NAME, Settings, check_settings, read_settings
from carstats.data.study import Study
from carstats.errors import CarstatsError, Problem, listed
from carstats.messages import message

_TABLES = {"ADSL": "subjects", "ADTTE": "events", "ADRS": "responses", "ADAE": "toxicities"}
_SAS_ORIGIN = dt.date(1960, 1, 1)
# Dates on which a subject was alive; the latest is the last contact.
_ALIVE = ("LSTALVDT", "EOSDT", "RFENDT", "TRTEDT", "EOTDT", "DTHDT")
_ENROLLED = ("ENRLDT", "RANDDT", "RFICDT", "RFSTDT")
_LATEST = "latest date of the subject"
_DEFAULTS = {
    "subjects": {
        "subject_id": ("USUBJID",),
        "study_id": ("STUDYID",),
        "site_id": ("SITEID",),
        "age": ("AGE",),
        "sex": ("SEX",),
        "death_day": ("DTHDT",),
        "death_cause": ("DTHCAUS",),
        "cutoff_day": ("DCUTDT", "CUTOFFDT"),
        "last_contact_day": (_LATEST,),
    },
    "events": {
        "subject_id": ("USUBJID",),
        "endpoint": ("PARAMCD",),
        "status": ("CNSR",),
        "time": ("AVAL",),
        "origin_day": ("STARTDT",),
        "cause": ("competing cause",),
    },
    "responses": {
        "subject_id": ("USUBJID",),
        "endpoint": ("PARAMCD",),
        "day": ("ADT", "ADY"),
        "response": ("AVALC", "AVAL"),
        "visit": ("AVISIT",),
    },
    "toxicities": {
        "subject_id": ("USUBJID",),
        "term": ("AEDECOD",),
        "system": ("AEBODSYS", "AESOC"),
        "onset_day": ("ASTDT", "ASTDY"),
        "resolution_day": ("AENDT", "AENDY"),
        "grade": ("ATOXGRN", "ATOXGR", "AETOXGRN", "AETOXGR"),
        "severity": ("AESEV", "ASEV"),
        "serious": ("AESER",),
        "attribution": ("AEREL", "AREL"),
    },
}
_STUDY_DAYS = {"ASTDT": "ASTDY", "AENDT": "AENDY", "ADT": "ADY"}


def read_adam(folder: str | Path, mapping: str | Path | Mapping | None = None) -> Study:
    """Read a study from CDISC analysis data sets.

    ADSL is required; ADTTE, ADRS and ADAE are read where they are. Day 0 is ``TRTSDT``; study days
    have no day 0 in CDISC, so a positive ``--DY``, and an ``AVAL`` counted that way, lose 1.
    ``CNSR = 0`` is an event; codes above 0 are censored unless the mapping names them as competing.
    Terms and endpoints of the data become the study's vocabulary.

    Parameters
    ----------
    folder : str or Path
        The folder with ``adsl``, ``adtte``, ``adrs`` and ``adae`` as ``.xpt``, ``.sas7bdat``,
        ``.csv`` or ``.parquet``.
    mapping : str, Path or mapping, optional
        A TOML file or its contents: what the data sets lack (disease, target, platform, cell
        source), recodes, and ``[adam]``. By default the ``study.toml`` in the folder.

    Returns
    -------
    Study
        The study. Its `notes` tell which dates were taken, in words.

    Raises
    ------
    CarstatsError
        With every problem found: a missing data set or variable, a ``CNSR`` that is no number,
        contradicting dates.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CarstatsError(Problem("is not a folder.", str(folder), remedy="Check the path."))
    files = Files()
    settings, extra = _settings(folder, mapping, files)
    sheets, ignored = _read(folder, files)
    if files.problems:
        raise CarstatsError(files.problems)
    notes: list[str] = []
    _prepare(sheets, settings, files.problems, notes)
    made = map_tables(
        settings, lambda table, _: sheets[table], set(sheets) - {"subjects"}, files.problems
    )
    made["notes"] = (*notes, *made["notes"], *ignored)
    return Study(
        **made,
        label=settings.study.get("name", folder.resolve().name),
        synthetic=settings.study.get("synthetic", False),
        fingerprint=files.fingerprint(extra),
        settings=rules_given(settings.data),
    )


def _settings(folder: Path, mapping, files: Files) -> tuple[Settings, bytes]:
    if isinstance(mapping, Mapping):
        data = json.loads(json.dumps(mapping, default=str))
        return check_settings(data, "the mapping", adam=True), json.dumps(data).encode()
    path = folder / FILE_NAME if mapping is None else Path(mapping)
    if mapping is None and not path.is_file():
        return Settings(), b""
    data = read_settings(path, files.content(path))
    return check_settings(data, path.name, adam=True), b""


def _read(folder: Path, files: Files) -> tuple[dict[str, Sheet], tuple[str, ...]]:
    found: dict[str, Path] = {}
    ignored = []
    paths = list_files(folder)
    for path in paths:
        name = path.stem.upper()
        if name not in _TABLES:
            ignored.append(path.name)
        elif name in found:
            what = f"and {found[name].name} are both the data set {name}."
            files.problems.append(Problem(what, path.name, remedy="Keep one of them."))
        else:
            found[name] = path
    if "ADSL" not in found:
        what = f"has no data set ADSL. It has: {listed(p.name for p in paths) or 'no data'}."
        remedy = "Give the folder that holds adsl.xpt, or use read_study() for other files."
        files.problems.append(Problem(what, str(folder), remedy=remedy))
    sheets = {}
    for name, path in found.items():
        sheet = files.sheet(path)
        if sheet is not None:
            frame = sheet.frame.copy()
            frame.columns = [heading.upper() for heading in frame.columns]
            sheets[_TABLES[name]] = Sheet(sheet.name, frame, sheet.workbook)
    if not ignored:
        return sheets, ()
    return sheets, (message("Files that no table was read from: {files}.", files=listed(ignored)),)


def _prepare(sheets: dict[str, Sheet], settings: Settings, problems: list, notes: list) -> None:
    """Bring the data sets to what the engine reads, and lay the mapping over the defaults."""
    for table, sheet in sheets.items():
        required = {"subjects": ["USUBJID", "TRTSDT"], "events": ["USUBJID", "PARAMCD", "CNSR"]}
        for name in required.get(table, ["USUBJID"]):
            if name not in sheet.frame:
                has = listed(sheet.frame.columns, 60)
                problems.append(Problem(f"has no variable {name}. It has: {has}.", sheet.name))
        _read_sas_dates(sheet.frame)
    if problems:
        raise CarstatsError(problems)
    first = _first_doses(sheets["subjects"])
    for table in ("toxicities", "responses"):
        if table in sheets:
            _place_study_days(sheets[table].frame, first)
    if "events" in sheets:
        options = settings.data.get("adam", {})
        prepare_events(sheets["events"], first, options, problems, notes)
    _add_latest(sheets, notes)
    _lay_over(sheets, settings)


def _read_sas_dates(frame: pd.DataFrame) -> None:
    # A numeric --DT variable counts days from 1960, as ADaM has it, whatever the file's format.
    for name in frame.columns:
        if name.endswith("DT") and name != "CNSDT":
            frame[name] = frame[name].astype(object).map(_sas_date)


def _sas_date(value: object) -> object:
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, dt.date):
        return value
    number = pd.to_numeric(value, errors="coerce")
    if pd.isna(number) or abs(number) > 60_000:
        return value
    return _SAS_ORIGIN + dt.timedelta(days=int(number))


def ordinals(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Return a date variable as ordinals, NaN where it is no date; the engine names those."""
    if name not in frame:
        return np.full(len(frame), np.nan)
    cells = frame[name].to_numpy(dtype=object)
    present = np.array([c is not None and str(c).strip() != "" for c in cells], dtype=bool)
    return read_dates(cells, present)[0]


def _first_doses(sheet: Sheet) -> pd.Series:
    ids = [cell_text(value) for value in sheet.frame["USUBJID"]]
    dates = pd.Series(ordinals(sheet.frame, "TRTSDT"), index=ids)
    return dates[~dates.index.duplicated()]


def _place_study_days(frame: pd.DataFrame, first: pd.Series) -> None:
    """Fill blank dates from the study days, or turn those into days where no date is given."""
    start = first.reindex([cell_text(value) for value in frame["USUBJID"]]).to_numpy()
    for date, day in _STUDY_DAYS.items():
        if day not in frame:
            continue
        days = frame[day].map(lambda v: np.nan if (n := plain_number(v)) is None else n)
        days = days.to_numpy(dtype=float)
        days = np.where(days > 0, days - 1, days)
        if date not in frame:
            frame[day] = days
            continue
        known = np.isfinite(ordinals(frame, date))
        for i in np.flatnonzero(~known & np.isfinite(days + start)):
            if frame[date].iloc[i] in (None, ""):
                filled = dt.date.fromordinal(int(start[i] + days[i]))
                frame.iloc[i, frame.columns.get_loc(date)] = filled


def _add_latest(sheets: dict[str, Sheet], notes: list[str]) -> None:
    """Add the latest date of each subject to the subjects: the day last known alive."""
    adsl = sheets["subjects"].frame
    ids = [cell_text(value) for value in adsl["USUBJID"]]
    latest = pd.Series(np.nan, index=ids)
    used = []
    named = [("subjects", name) for name in _ALIVE]
    named += [("events", "ADT"), ("toxicities", "ASTDT"), ("responses", "ADT")]
    for table, name in named:
        if table in sheets and name in sheets[table].frame:
            frame = sheets[table].frame
            days = pd.Series(ordinals(frame, name), [cell_text(v) for v in frame["USUBJID"]])
            days = days.groupby(level=0).max().reindex(ids).to_numpy()
            latest[:] = np.fmax(latest.to_numpy(), days)
            used.append(f"{sheets[table].name} {name}")
    adsl[_LATEST] = [None if d != d else dt.date.fromordinal(int(d)) for d in latest]
    notes.append(
        message("The last contact is the latest of {dates}.", dates=message(", ").join(used))
        if used
        else message("The last contact is the latest of no date at all.")
    )


def _lay_over(sheets: dict[str, Sheet], settings: Settings) -> None:
    data = settings.data = json.loads(json.dumps(settings.data, default=str))
    study = data.setdefault("study", {})
    study.setdefault("infusion_date", "TRTSDT")
    study.setdefault("pseudonymise", False)
    enrolled = [name for name in _ENROLLED if name in sheets["subjects"].frame]
    if enrolled:
        study.setdefault("enrolment_date", enrolled[0])
    for table, sheet in sheets.items():
        columns = data.setdefault(table, {}).setdefault("columns", {})
        constants = data[table].get("constants", {})
        for column, names in _DEFAULTS[table].items():
            name = next((name for name in names if name in sheet.frame), None)
            if name and column not in constants:
                columns.setdefault(column, name)
    values = data["subjects"].setdefault("values", {}).setdefault("sex", {})
    for code in ("U", "UNDIFFERENTIATED", "UNKNOWN"):
        values.setdefault(code, "")
    if data.get("adam", {}).get("treatment_emergent") and "toxicities" in data:
        data["toxicities"].setdefault("where", {})["TRTEMFL"] = "Y"
    settings.from_data |= {"toxicity", "endpoint"}
