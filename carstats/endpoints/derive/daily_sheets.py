"""The daily worksheets of CRS and ICANS as a study holds them: one measure a column."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.endpoints.record.visits import Visits, infused
from carstats.endpoints.rules.blood.bcells import PRESETS
from carstats.endpoints.rules.toxicity.crs import OXYGEN
from carstats.endpoints.rules.toxicity.icans import CONSCIOUSNESS, OEDEMA, SEIZURE
from carstats.messages import mark

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
    "CAPD": "capd",
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

CODE_WORDS = (
    mark("none"), mark("low-flow nasal cannula"), mark("blow-by"),
    mark("high-flow nasal cannula"), mark("facemask"), mark("non-rebreather"), mark("Venturi"),
    mark("CPAP"), mark("BiPAP"), mark("intubation"), mark("alert"), mark("awakens spontaneously"),
    mark("awakens to voice"), mark("awakens to touch"), mark("vigorous stimuli"),
    mark("unarousable"), mark("brief"), mark("prolonged"), mark("focal"), mark("diffuse"),
    mark("posturing"), mark("VI palsy"), mark("papilloedema"), mark("Cushing triad"),
)  # fmt: skip
"""These words, for the tables that print them in another language."""

# What is recorded where it happened: a blank is no.
_BLANK_IS_NO = ("fever_other_cause",)
# What does not tell whether a day was looked at.
_NOT_A_SIGN = ("treated", "fever_other_cause", "oxygen_flow")
_FIRST_DAY = -30.0


# Of several values on one day the worst counts: the highest, of these the lowest.
_LOWEST = ("ICE", "ANC", "platelets", "haemoglobin", "lymphocytes")


def samples(visits: Visits, name: str, first: float = -np.inf) -> pd.DataFrame:
    """Return a measure's values of the infused, one row a subject and whole day.

    Of several values on one day the worst of a worksheet's measure or a blood count, the last of
    another one.
    """
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
    if not frame.duplicated(["subject_id", "day"]).any():
        return frame
    if name in _LOWEST or name in CRS_SHEET or name in ICANS_SHEET:
        order = frame.sort_values("value", ascending=name not in _LOWEST, kind="stable")
        frame = frame.loc[order.drop_duplicates(["subject_id", "day"], keep="last").index]
        return frame.sort_index().reset_index(drop=True)
    return frame.drop_duplicates(["subject_id", "day"], keep="last").reset_index(drop=True)


def below_limit(visits: Visits, name: str, cut: float) -> pd.DataFrame:
    """Return the samples of a measure that are blank because they were below their `lloq`."""
    table = visits.study.assessments
    if table is None or "lloq" not in table:
        return pd.DataFrame({"subject_id": pd.Series([], dtype=object), "day": [], "value": []})
    subjects = visits.study.subjects
    treated = subjects.loc[infused(visits.study), "subject_id"]
    limit = table["lloq"].astype(float)
    kept = (table["measure"] == name) & table["value"].isna() & (limit <= cut)
    kept &= table["subject_id"].isin(treated)
    if "adequate" in table:
        kept &= table["adequate"].fillna(True).astype(bool)
    rows = table.loc[kept, ["subject_id", "day"]]
    frame = rows.assign(day=np.floor(rows["day"].astype(float)), value=0.0)
    return frame.drop_duplicates(["subject_id", "day"]).reset_index(drop=True)


def b_cell_counts(visits: Visits, first: float = -np.inf) -> pd.DataFrame:
    """Return the counts of B cells, with those below their limit of quantification as 0."""
    what, cut = PRESETS[visits.rules.b_cell_preset]
    known = samples(visits, "B_cells", first)
    limit = cut if what == "count" and cut is not None else 0.0
    below = below_limit(visits, "B_cells", limit)
    both = pd.concat([known, below[below["day"] >= first]], ignore_index=True)
    both = both.drop_duplicates(["subject_id", "day"], keep="first")
    return both.rename(columns={"value": "count"}).reset_index(drop=True)


def crs_sheet(visits: Visits) -> pd.DataFrame | None:
    """Return the CRS worksheet of a study; None where it has none."""
    sheet = _sheet(visits, CRS_SHEET, "temperature")
    if sheet is None:
        return None
    for column in ("hypotension", "vasopressors", "oxygen"):
        if column not in sheet:
            sheet[column] = None if column == "oxygen" else np.nan
    return _with_deaths(visits, sheet, "CRS")


def icans_sheet(visits: Visits) -> pd.DataFrame | None:
    """Return the ICANS worksheet of a study from day 0 on; None where it has none."""
    sheet = _sheet(visits, ICANS_SHEET)
    if sheet is None:
        return None
    sheet = _with_deaths(visits, sheet[sheet["day"] >= 0], "ICANS")
    if "ice" not in sheet:
        sheet["ice"] = np.nan
    if "capd" in sheet:
        subjects = visits.study.subjects.set_index("subject_id")
        age = sheet["subject_id"].map(subjects.get("age", {})).astype(float)
        child = sheet["capd"].notna() & sheet["ice"].isna()
        sheet["age"] = age.where(age.notna(), np.where(child, 0.0, 99.0))
    before = visits.subject_baseline("ICE")[0]
    baseline = dict(zip(visits.study.subjects["subject_id"], before, strict=True))
    sheet["baseline_ice"] = sheet["subject_id"].map(baseline).fillna(10.0)
    return sheet.reset_index(drop=True)


def _sheet(visits: Visits, columns: dict[str, str], needed: str = "") -> pd.DataFrame | None:
    """Return a daily worksheet from its measures; None where what it needs was never measured."""
    parts = {column: samples(visits, name, _FIRST_DAY) for name, column in columns.items()}
    if not any(len(part) for column, part in parts.items() if needed in ("", column)):
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
