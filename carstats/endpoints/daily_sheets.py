"""The daily worksheets of CRS and ICANS as a study holds them: one measure a column."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.endpoints.crs import OXYGEN
from carstats.endpoints.icans import CONSCIOUSNESS, OEDEMA, SEIZURE
from carstats.endpoints.visits import Visits, infused

CRS_SHEET = {
    "temperature": "temperature",
    "hypotension": "hypotension",
    "vasopressors": "vasopressors",
    "vasopressin": "vasopressin",
    "oxygen_device": "oxygen",
    "oxygen_flow": "oxygen_flow",
    "CRS_treated": "treated",
    "fever_other_cause": "fever_other_cause",
}
"""The measures of the CRS worksheet and the columns that they fill."""

ICANS_SHEET = {
    "ICE": "ice",
    "consciousness": "consciousness",
    "seizure": "seizure",
    "motor_weakness": "motor_weakness",
    "cerebral_oedema": "oedema",
}
"""The measures of the ICANS worksheet and the columns that they fill."""

CODES = {
    "oxygen_device": tuple(OXYGEN),
    "consciousness": tuple(CONSCIOUSNESS),
    "seizure": tuple(SEIZURE),
    "cerebral_oedema": tuple(OEDEMA),
}
"""The words that the numbers of a measure stand for: the first is 0."""

# What is recorded where it happened: a blank is no.
_BLANK_IS_NO = ("fever_other_cause",)
# What does not tell whether a day was looked at.
_NOT_A_SIGN = ("treated", "fever_other_cause", "oxygen_flow")
_FIRST_DAY = -30.0


def samples(visits: Visits, name: str, first: float = -np.inf) -> pd.DataFrame:
    """Return a measure's values of the infused, one row a subject and whole day."""
    if name not in visits.measured:
        return pd.DataFrame({"subject_id": pd.Series([], dtype=object), "day": [], "value": []})
    rows = visits.table[visits.table["measure"] == name]
    who = rows["subject"].to_numpy()
    kept = infused(visits.study)[who] & (rows["day"] >= first) & rows["value"].notna()
    rows = rows[kept]
    ids = visits.study.subjects["subject_id"].to_numpy(object)
    frame = pd.DataFrame(
        {
            "subject_id": ids[rows["subject"]],
            "day": np.floor(rows["day"].to_numpy()),
            "value": rows["value"].to_numpy(),
        }
    )
    return frame.drop_duplicates(["subject_id", "day"], keep="last").reset_index(drop=True)


def crs_sheet(visits: Visits) -> pd.DataFrame | None:
    """Return the CRS worksheet of a study; None where it has none.

    Parameters
    ----------
    visits : Visits
        The visits, with the checked assessments.

    Returns
    -------
    pandas.DataFrame or None
        As `crs_daily_grades` takes it: a row for each subject and day on which a temperature, a
        sign of hypotension or an oxygen device is known, and for the day of a death from CRS.
    """
    sheet = _sheet(visits, CRS_SHEET, "temperature")
    if sheet is None:
        return None
    for column in ("hypotension", "vasopressors", "oxygen"):
        if column not in sheet:
            sheet[column] = None if column == "oxygen" else np.nan
    return _with_deaths(visits, sheet, "CRS")


def icans_sheet(visits: Visits) -> pd.DataFrame | None:
    """Return the ICANS worksheet of a study from day 0 on; None where it has none.

    Parameters
    ----------
    visits : Visits
        The visits, with the checked assessments.

    Returns
    -------
    pandas.DataFrame or None
        As `icans_daily_grades` takes it, with the score before the infusion (10 where unknown).
    """
    sheet = _sheet(visits, ICANS_SHEET, "ice")
    if sheet is None:
        return None
    sheet = _with_deaths(visits, sheet[sheet["day"] >= 0], "ICANS")
    before = visits.subject_baseline("ICE")[0]
    baseline = dict(zip(visits.study.subjects["subject_id"], before, strict=True))
    sheet["baseline_ice"] = sheet["subject_id"].map(baseline).fillna(10.0)
    return sheet.reset_index(drop=True)


def _sheet(visits: Visits, columns: dict[str, str], needed: str) -> pd.DataFrame | None:
    """Return a daily worksheet from its measures; None where what it needs was never measured."""
    parts = {column: samples(visits, name, _FIRST_DAY) for name, column in columns.items()}
    if not len(parts[needed]):
        return None
    sheet = None
    for column, part in parts.items():
        if not len(part):
            continue
        part = part.rename(columns={"value": column})
        key = ["subject_id", "day"]
        sheet = part if sheet is None else sheet.merge(part, on=key, how="outer")
    signs = [column for column in parts if column in sheet and column not in _NOT_A_SIGN]
    sheet = sheet[sheet[signs].notna().any(axis=1)].reset_index(drop=True)
    for column in _BLANK_IS_NO:
        if column in sheet:
            sheet[column] = sheet[column].fillna(0.0)
    for measure, words in CODES.items():
        column = columns.get(measure)
        if column in sheet:
            code = sheet[column].fillna(-1).astype(int).to_numpy()
            names = np.array([*words, None], dtype=object)
            sheet[column] = names[np.where((code >= 0) & (code < len(words)), code, len(words))]
    return sheet


def _with_deaths(visits: Visits, sheet: pd.DataFrame, term: str) -> pd.DataFrame:
    """Mark the day on which a subject died of a toxicity, where the study names it as the cause."""
    subjects = visits.study.subjects
    if "death_day" not in subjects or "death_cause" not in subjects:
        return sheet
    canonical = visits.study.vocabulary.canonical
    causes = [canonical("toxicity", cause) for cause in subjects["death_cause"]]
    died = (np.array(causes, dtype=object) == term) & subjects["death_day"].notna().to_numpy()
    if not (died & infused(visits.study)).any():
        return sheet
    rows = subjects.loc[died & infused(visits.study), ["subject_id", "death_day"]]
    rows = rows.rename(columns={"death_day": "day"}).assign(death=1.0)
    rows["day"] = np.floor(rows["day"].astype(float))
    sheet = sheet.merge(rows, on=["subject_id", "day"], how="outer")
    return sheet.assign(death=sheet["death"].fillna(0.0))
