"""`read_adam`: CDISC analysis data sets (ADSL, ADTTE, ADRS, ADAE) to a `Study`.

The data sets are prepared here (what CDISC counts or codes in its own way), then mapped by the same
engine as any other file; a mapping of the user's is laid over the defaults.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from carstats.data.check import cell_text
from carstats.data.formats.dates import plain_number, read_dates
from carstats.data.formats.files import Files, stem_of, unread_kind
from carstats.data.formats.sheets import Sheet
from carstats.data.likeness import bare_name
from carstats.data.matching import code_key
from carstats.data.readers.adam_events import prepare_events
from carstats.data.readers.context import shown
from carstats.data.readers.finder import list_entries, list_files, reading_of
from carstats.data.readers.given_mapping import plain_mapping, refuse_near_mapping
from carstats.data.readers.mapping import map_tables
from carstats.data.settings.rules import rules_given
from carstats.data.settings.study_file import FILE_NAME, Settings, check_settings, read_settings
from carstats.data.study import Study, study_of
from carstats.errors import CarstatsError, Problem, check_path, listed
from carstats.messages import message, message_n

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

    Examples
    --------
    >>> cs.read_adam("docs/examples/cdisc")
    """
    folder = check_path("folder", folder)
    if not folder.is_dir():
        what, remedy = message("is not a folder."), message("Check the path.")
        raise CarstatsError(Problem(what, str(folder), remedy=remedy))
    files = Files(folder)
    settings, extra = _settings(folder, mapping, files)
    sheets, ignored = _read(folder, files, settings)
    if files.problems:
        raise CarstatsError(files.problems)
    notes: list[str] = []
    _prepare(sheets, settings, files.problems, notes)

    def opened(table: str, _: Mapping) -> Sheet | None:
        if table not in sheets:
            what = message("[{table}]: the folder has no data set for it.", table=table)
            notes.append(what)
        return sheets.get(table)

    try:
        made = map_tables(settings, opened, set(sheets) - {"subjects"}, files.problems)
        made["notes"] = (*files.notes, *notes, *made["notes"], *ignored)
        made |= {
            "label": settings.study.get("name", folder.resolve().name),
            "synthetic": settings.study.get("synthetic", False),
            "fingerprint": files.fingerprint(extra),
            "settings": rules_given(settings.data),
        }
        return study_of(made)
    except CarstatsError as error:
        error.notes = tuple(files.notes)
        raise


def _settings(folder: Path, mapping, files: Files) -> tuple[Settings, bytes]:
    if isinstance(mapping, Mapping):
        data = plain_mapping(mapping)
        return check_settings(data, "the mapping", adam=True), json.dumps(data).encode()
    path = folder / FILE_NAME if mapping is None else Path(mapping)
    if mapping is None and not path.is_file():
        refuse_near_mapping(folder)
        return Settings(), b""
    data = read_settings(path, files.content(path))
    return check_settings(data, path.name, adam=True), b""


def _read(
    folder: Path, files: Files, settings: Settings
) -> tuple[dict[str, Sheet], tuple[str, ...]]:
    found: dict[str, Path] = {}
    ignored = []
    paths = list_files(folder)
    for path in paths:
        name = path.stem.upper()
        if name not in _TABLES:
            ignored.append(path.name)
        elif name in found:
            what = message(
                "and {file} are both the data set {name}.", file=found[name].name, name=name
            )
            files.problems.append(Problem(what, path.name, remedy=message("Keep one of them.")))
        else:
            found[name] = path
    if "ADSL" not in found:
        what = message(
            "has no data set ADSL. It has: {files}.",
            files=listed(p.name for p in paths) or message("no data"),
        )
        remedy = message(
            "Give the folder that holds adsl.xpt, or use read_study() for other files."
        )
        files.problems.append(Problem(what, str(folder), remedy=remedy))
    passed_over = {str(name) for name in settings.study.get("ignore", ())}
    for path in list_entries(folder):
        name = bare_name(stem_of(path)).upper()
        if path in found.values() or name not in _TABLES or path.name in passed_over:
            continue
        if path in paths and path.suffix.lower() != ".xls":
            what = message("is not read.")
            remedy = message(
                "Is it the data set {name}? Then name it so; else say under [study]"
                " ignore = [{file}].",
                name=name,
                file=f'"{path.name}"',
            )
        else:
            what, remedy = unread_kind(path)
        files.problems.append(Problem(what, path.name, remedy=remedy))
    sheets = {}
    for name, path in found.items():
        names = frozenset(v for known in _DEFAULTS[_TABLES[name]].values() for v in known)
        names |= {"TRTSDT", *_ALIVE, "PARAM", "AVALU"}
        sheet = files.sheet(path, reading_of(settings, {}, names))
        if sheet is not None:
            frame = sheet.frame.copy()
            frame.columns = [heading.upper() for heading in frame.columns]
            sheets[_TABLES[name]] = replace(sheet, frame=frame)
    if not ignored:
        return sheets, ()
    return sheets, (message("Files that no table was read from: {files}.", files=listed(ignored)),)


def _prepare(sheets: dict[str, Sheet], settings: Settings, problems: list, notes: list) -> None:
    """Bring the data sets to what the engine reads, and lay the mapping over the defaults."""
    for table, sheet in sheets.items():
        twice = sheet.frame.columns[sheet.frame.columns.duplicated()]
        problems += [
            Problem(
                message("the heading {heading!r} stands {n} times.", heading=name, n=2),
                sheet.name,
                remedy=message("Rename one of them."),
            )
            for name in dict.fromkeys(twice)
        ]
        required = {"subjects": ["USUBJID", "TRTSDT"], "events": ["USUBJID", "PARAMCD", "CNSR"]}
        for name in required.get(table, ["USUBJID"]):
            if name not in sheet.frame:
                what = message(
                    "has no variable {name}. It has: {names}.",
                    name=name,
                    names=listed(sheet.frame.columns, 60),
                )
                problems.append(Problem(what, sheet.name))
        if not len(twice):
            _read_sas_dates(sheet.frame)
    if problems:
        raise CarstatsError(problems)
    order = settings.study.get("date_order")
    first = _first_doses(sheets["subjects"], order)
    for table in ("toxicities", "responses"):
        if table in sheets:
            problems += _no_day_zero(sheets[table])
            _place_study_days(sheets[table].frame, first, order)
    if "events" in sheets:
        options = settings.data.get("adam", {})
        prepare_events(sheets["events"], first, {**options, "date_order": order}, problems, notes)
    _add_latest(sheets, order, problems, notes)
    _lay_over(sheets, settings, notes)


def _read_sas_dates(frame: pd.DataFrame) -> None:
    # A numeric --DT variable counts days from 1960, as ADaM has it, whatever the file's format.
    for name in frame.columns:
        if name.endswith("DT") and name != "CNSDT":
            cells = [_sas_date(value) for value in frame[name].astype(object)]
            frame[name] = pd.Series(cells, frame.index, dtype=object)


def _sas_date(value: object) -> object:
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, dt.date):
        return value
    number = pd.to_numeric(value, errors="coerce")
    if pd.isna(number) or abs(number) > 60_000:
        return value
    return _SAS_ORIGIN + dt.timedelta(days=int(number))


def ordinals(frame: pd.DataFrame, name: str, order: str | None = None) -> np.ndarray:
    """Return a date variable as ordinals, NaN where it is no date; the engine names those."""
    if name not in frame:
        return np.full(len(frame), np.nan)
    cells = frame[name].to_numpy(dtype=object)
    present = np.array([c is not None and str(c).strip() != "" for c in cells], dtype=bool)
    return read_dates(cells, present, order)[0]


def _first_doses(sheet: Sheet, order: str | None) -> pd.Series:
    ids = [cell_text(value) for value in sheet.frame["USUBJID"]]
    dates = pd.Series(ordinals(sheet.frame, "TRTSDT", order), index=ids)
    return dates[~dates.index.duplicated()]


def _no_day_zero(sheet: Sheet) -> list[Problem]:
    """Return a problem for each study day 0 that has no date beside it: it may be day 1 or -1."""
    found = []
    for date, day in _STUDY_DAYS.items():
        if day not in sheet.frame:
            continue
        dates = sheet.frame[date] if date in sheet.frame else [None] * len(sheet.frame)
        for row, cell, known in zip(sheet.frame.index, sheet.frame[day], dates, strict=True):
            if plain_number(cell) == 0 and known in (None, "", pd.NaT):
                what = message("is study day 0, which CDISC does not have.")
                remedy = message("Day 1 is that of the first dose; give the date, or correct it.")
                found.append(Problem(what, sheet.name, int(row), day, remedy))
    return found


def _place_study_days(frame: pd.DataFrame, first: pd.Series, order: str | None) -> None:
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
        known = np.isfinite(ordinals(frame, date, order))
        for i in np.flatnonzero(~known & np.isfinite(days + start)):
            if frame[date].iloc[i] in (None, ""):
                filled = dt.date.fromordinal(int(start[i] + days[i]))
                frame.iloc[i, frame.columns.get_loc(date)] = filled


def _add_latest(
    sheets: dict[str, Sheet], order: str | None, problems: list, notes: list[str]
) -> None:
    """Add the latest date of each subject to the subjects: the day last known alive."""
    adsl = sheets["subjects"].frame
    ids = [cell_text(value) for value in adsl["USUBJID"]]
    latest = pd.Series(np.nan, index=ids)
    used = []
    unread = np.zeros(len(adsl), dtype=bool)
    named = [("subjects", name) for name in _ALIVE]
    named += [("events", "ADT"), ("toxicities", "ASTDT"), ("responses", "ADT")]
    for table, name in named:
        if table in sheets and name in sheets[table].frame:
            frame = sheets[table].frame
            days = pd.Series(ordinals(frame, name, order), [cell_text(v) for v in frame["USUBJID"]])
            if table == "subjects":
                unread |= _note_bad_dates(sheets[table], name, order, problems)
            days = days.groupby(level=0).max().reindex(ids).to_numpy()
            latest[:] = np.fmax(latest.to_numpy(), days)
            used.append(f"{sheets[table].name} {name}")
    # What is wrong is the date that could not be read, and not that there is none.
    start = ordinals(adsl, "TRTSDT", order)
    latest[:] = np.where(unread & np.isnan(latest), start, latest)
    adsl[_LATEST] = [None if d != d else dt.date.fromordinal(int(d)) for d in latest]
    notes.append(
        message("The last contact is the latest of {dates}.", dates=message(", ").join(used))
        if used
        else message("The last contact is the latest of no date at all.")
    )


def _note_bad_dates(sheet: Sheet, name: str, order: str | None, problems: list) -> np.ndarray:
    """Note each cell of a variable that is no date, and return which rows have one."""
    cells = sheet.frame[name].to_numpy(dtype=object)
    present = np.array([c is not None and str(c).strip() != "" for c in cells], dtype=bool)
    bad = np.zeros(len(cells), dtype=bool)
    for i, fault in read_dates(cells, present, order)[1].items():
        what = message("{cell} {fault}", cell=shown(cells[i]), fault=fault.what)
        row = int(sheet.frame.index[i])
        problems.append(Problem(what, sheet.name, row, name, fault.remedy))
        bad[i] = True
    return bad


def _lay_over(sheets: dict[str, Sheet], settings: Settings, notes: list[str]) -> None:
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
    adsl = sheets["subjects"].frame
    if "death_day" not in data["subjects"]["columns"] and "DTHFL" in adsl:
        dead = sum(code_key(cell_text(c)) == "y" for c in adsl["DTHFL"] if c is not None)
        if dead:
            notes.append(
                message_n(
                    "{n} subject has DTHFL = Y and no day of death: there is no DTHDT. Map"
                    " death_day under [subjects.columns].",
                    "{n} subjects have DTHFL = Y and no day of death: there is no DTHDT. Map"
                    " death_day under [subjects.columns].",
                    dead,
                )
            )
    values = data["subjects"].setdefault("values", {}).setdefault("sex", {})
    unknown = {"U", "UNDIFFERENTIATED", "UNKNOWN"} - set(values)
    values |= dict.fromkeys(sorted(unknown), "")
    settings.assumed["subjects", "sex"] = frozenset(unknown)
    if data.get("adam", {}).get("treatment_emergent") and "toxicities" in sheets:
        data["toxicities"].setdefault("where", {})["TRTEMFL"] = "Y"
    settings.from_data |= {"toxicity", "endpoint"}
