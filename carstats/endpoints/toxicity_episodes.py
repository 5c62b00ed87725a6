"""Toxicities read from worksheets and laboratory values, as rows of the toxicities table."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from carstats.endpoints.bcells import aplasia_at
from carstats.endpoints.crs import OXYGEN, crs_episodes
from carstats.endpoints.ctcae import ctcae_grade
from carstats.endpoints.episodes import merge_episodes
from carstats.endpoints.haematotoxicity import early_icaht, late_icaht
from carstats.endpoints.icans import CONSCIOUSNESS, OEDEMA, SEIZURE, icans_episodes
from carstats.endpoints.iechs_episodes import iechs_episodes
from carstats.endpoints.immune_events import immunoglobulin_days
from carstats.endpoints.immunoglobulin import igg_course
from carstats.endpoints.intercurrent import find_intercurrent
from carstats.endpoints.licats import licats_candidates
from carstats.endpoints.searches import Days, at
from carstats.endpoints.t_icaht import early_t_icaht, late_t_icaht
from carstats.endpoints.visits import Visits, infused

COLUMNS = (
    "subject_id", "term", "onset_day", "grade", "severity", "resolution_day", "grading_scale",
    "system", "infusion_number", "attribution",
)  # fmt: skip

# The measures of a daily worksheet and the worksheet's columns that they fill.
_CRS = {
    "temperature": "temperature",
    "hypotension": "hypotension",
    "vasopressors": "vasopressors",
    "vasopressin": "vasopressin",
    "oxygen_device": "oxygen",
    "oxygen_flow": "oxygen_flow",
    "CRS_treated": "treated",
}
_ICANS = {
    "ICE": "ice",
    "consciousness": "consciousness",
    "seizure": "seizure",
    "motor_weakness": "motor_weakness",
    "cerebral_oedema": "oedema",
}
_CODES = {
    "oxygen": tuple(OXYGEN),
    "consciousness": tuple(CONSCIOUSNESS),
    "seizure": tuple(SEIZURE),
    "oedema": tuple(OEDEMA),
}
_COUNTS = {
    "ANC": ("neutropenia", "neutrophils"),
    "platelets": ("thrombocytopenia", "platelets"),
    "haemoglobin": ("anaemia", "haemoglobin"),
    "lymphocytes": ("lymphopenia", "lymphocytes"),
}
# In these diseases a low count is the disease itself.
_OF_DISEASE = {"anaemia": "AIHA", "thrombocytopenia": "ITP"}
# Organs that a measure speaks for, from which value it was involved before, and the smallest rise
# over the value before that is a worsening: a multiple, or for flags and mRSS an addition (design).
_ORGANS = {
    "UPCR": ("kidney", 0.5, 1.5, 0.0),
    "CK": ("muscle", 200.0, 1.5, 0.0),
    "mRSS": ("skin", 1.0, 1.0, 5.0),
    "SLEDAI_rash": ("skin", 1.0, 1.0, 1.0),
    "SLEDAI_arthritis": ("joints", 1.0, 1.0, 1.0),
}


def derive_toxicities(visits: Visits, recorded: Collection[str] = ()) -> pd.DataFrame:
    """Return the toxicities that worksheets and laboratory values show.

    CRS and ICANS from daily worksheets, ICAHT of neutrophils and platelets, CTCAE grades of
    cytopenia, hypogammaglobulinaemia not masked by immunoglobulin, LICATS candidates, and IEC-HS
    that meets its criteria (or is possible, by the rules).

    Parameters
    ----------
    visits : Visits
        The visits, with the checked assessments; not only adequate ones count here.
    recorded : collection of str, optional
        Terms that need not be derived.

    Returns
    -------
    pandas.DataFrame
        In the columns of the toxicities table; `attribution` says that a row is derived. Of ICAHT
        a grade that sparse sampling leaves open is blank.

    Raises
    ------
    CarstatsError
        If a value of a worksheet is out of its range.

    Notes
    -----
    Status: verify and design, as the rules that are used; LICATS candidates need a review.
    """
    wanted = {
        "CRS": _crs,
        "ICANS": _icans,
        "ICAHT": _icaht,
        "hypogammaglobulinaemia": _low_igg,
        "LICATS": _licats,
        "IEC-HS": _iechs,
    }
    wanted |= {term: _cytopenia(name) for name, (term, _) in _COUNTS.items()}
    parts = [find(visits) for term, find in wanted.items() if term not in recorded]
    parts = [part.reindex(columns=list(COLUMNS)).astype(object) for part in parts if len(part)]
    if not parts:
        return pd.DataFrame({name: [] for name in COLUMNS})
    table = pd.concat(parts, ignore_index=True)
    for name in ("onset_day", "grade", "resolution_day", "infusion_number"):
        table[name] = table[name].astype(float)
    position = pd.Index(visits.study.subjects["subject_id"]).get_indexer(table["subject_id"])
    order = np.lexsort((table["onset_day"], position))
    derived = table["attribution"].where(table["attribution"].notna(), "derived")
    return table.assign(attribution=derived).iloc[order].reset_index(drop=True)


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


def _worksheet(visits: Visits, columns: dict[str, str]) -> pd.DataFrame | None:
    """Return a daily worksheet from its measures; None where the first of them is missing."""
    parts = {column: samples(visits, name, -30) for name, column in columns.items()}
    first = next(iter(parts.values()))
    if not len(first):
        return None
    sheet = first.rename(columns={"value": next(iter(parts))})
    for column, part in list(parts.items())[1:]:
        if len(part):
            part = part.rename(columns={"value": column})
            sheet = sheet.merge(part, on=["subject_id", "day"], how="outer")
    for column, words in _CODES.items():
        if column in sheet:
            code = sheet[column].fillna(-1).astype(int).to_numpy()
            names = np.array([*words, None], dtype=object)
            sheet[column] = names[np.where((code >= 0) & (code < len(words)), code, len(words))]
    return sheet


def _infusions(visits: Visits) -> pd.DataFrame | None:
    table = visits.study.infusions
    return None if table is None else table[["subject_id", "day", "infusion_number"]]


def _crs(visits: Visits) -> pd.DataFrame:
    sheet = _worksheet(visits, _CRS)
    if sheet is None:
        return pd.DataFrame()
    for column in ("hypotension", "vasopressors", "oxygen"):
        if column not in sheet:
            sheet[column] = None if column == "oxygen" else np.nan
    return crs_episodes(sheet, _infusions(visits))


def _icans(visits: Visits) -> pd.DataFrame:
    sheet = _worksheet(visits, _ICANS)
    if sheet is None:
        return pd.DataFrame()
    baseline = dict(
        zip(visits.study.subjects["subject_id"], visits.subject_baseline("ICE")[0], strict=True)
    )
    sheet["baseline_ice"] = sheet["subject_id"].map(baseline).fillna(10.0)
    return icans_episodes(sheet[sheet["day"] >= 0].reset_index(drop=True), _infusions(visits))


def _iechs(visits: Visits) -> pd.DataFrame:
    if "ferritin" not in visits.measured:
        return pd.DataFrame()
    known = visits.study.toxicities
    given = known is not None and (known["term"] == "CRS").any()
    crs = known[known["term"] == "CRS"] if given else _crs(visits)
    found = iechs_episodes(visits, crs)
    if not len(found) or visits.rules.iechs == "possible":
        return found
    return found[found["status"] == "meets"]


def _depletion(visits: Visits) -> dict[str, float] | None:
    subjects = visits.study.subjects
    if "lymphodepletion_day" not in subjects:
        return None
    known = subjects[subjects["lymphodepletion_day"].notna()]
    return dict(zip(known["subject_id"], known["lymphodepletion_day"], strict=True))


def _icaht(visits: Visits) -> pd.DataFrame:
    parts = []
    ice = find_intercurrent(visits.study, visits.rules)
    # Days from treatment of the disease or death on are not of the cells.
    end = np.minimum(ice.rescue - 1, ice.death)
    known = np.isfinite(end)
    stop = dict(zip(visits.study.subjects["subject_id"][known], np.floor(end[known]), strict=True))
    spared = visits.study.subjects.set_index("subject_id")["disease"]
    for name, rules in (("ANC", (early_icaht, late_icaht)), ("platelets", (early_t_icaht,
                        late_t_icaht))):  # fmt: skip
        rows = samples(visits, name)
        if name == "platelets":
            rows = rows[(rows["subject_id"].map(spared) != "ITP").to_numpy(bool)]
        if not len(rows):
            continue
        for rule in rules:
            found = rule(rows, lymphodepletion_days=_depletion(visits), censor_days=stop)
            parts.append(found[found["grade_low"] >= 1].assign(term="ICAHT"))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _cytopenia(name: str):
    """Return the rule that finds the episodes of one cytopenia of grade 2 or more."""
    term, test = _COUNTS[name]

    def find(visits: Visits) -> pd.DataFrame:
        rows = samples(visits, name, 0)
        disease = visits.study.subjects.set_index("subject_id")["disease"]
        if term in _OF_DISEASE:
            rows = rows[(rows["subject_id"].map(disease) != _OF_DISEASE[term]).to_numpy(bool)]
        if not len(rows):
            return pd.DataFrame()
        # Without a lower limit of normal grade 1 cannot be told from none.
        grade = np.nan_to_num(ctcae_grade(rows["value"], test))
        return merge_episodes(
            rows.assign(grade=grade),
            term=term,
            grading_scale="CTCAE 5.0",
            system="blood",
            infusions=_infusions(visits),
            min_grade=2,
        )

    return find


def _low_igg(visits: Visits) -> pd.DataFrame:
    rows = samples(visits, "IgG")
    if not len(rows):
        return pd.DataFrame()
    found = igg_course(
        rows,
        immunoglobulin_days(visits.study),
        threshold=visits.rules.igg_threshold,
        mask_days=int(visits.rules.igg_mask_days),
        lymphodepletion_days=_depletion(visits),
    )
    return found[found["low"].fillna(False).astype(bool)].assign(grading_scale="EBMT thresholds")


def _licats(visits: Visits) -> pd.DataFrame:
    """Find worsenings of organs that were involved before, and keep the LICATS candidates."""
    parts, before = [], []
    ids = visits.study.subjects["subject_id"].to_numpy(object)
    for name, (organ, involved, times, plus) in _ORGANS.items():
        if name not in visits.measured:
            continue
        rows = visits.table[(visits.table["measure"] == name) & visits.table["value"].notna()]
        if not len(rows):
            continue
        subject, day = rows["subject"].to_numpy(), rows["day"].to_numpy()
        value = rows["value"].to_numpy()
        first = visits.subject_baseline(name)[0]
        before.append(pd.DataFrame({"subject_id": ids[first >= involved], "organ": organ}))
        days = Days(subject, day)
        reference = at(value, days.last(subject, day))
        later = days.next(subject, day)
        worse = (day >= 0) & (day <= 42) & (value >= times * reference + plus) & (value > 0)
        # Over at the next sample that is back near the value before the worsening.
        back = at(value, later) <= np.maximum(reference * 1.25, reference)
        parts.append(
            pd.DataFrame(
                {
                    "subject_id": ids[subject],
                    "onset_day": np.floor(day),
                    "resolution_day": np.where(back, np.floor(at(day, later)), np.nan),
                    "observed_to_day": np.floor(at(day, later)),
                    "organ": organ,
                }
            )[worse]
        )
    if not parts:
        return pd.DataFrame()
    events = pd.concat(parts, ignore_index=True).drop_duplicates(
        ["subject_id", "organ", "onset_day"]
    )
    cells = samples(visits, "B_cells").rename(columns={"value": "count"})
    if not len(events) or not len(cells):
        return pd.DataFrame()
    events = events.reset_index(drop=True)
    events["in_aplasia"] = aplasia_at(cells, events, preset=visits.rules.b_cell_preset)
    found = licats_candidates(
        events,
        pd.concat(before, ignore_index=True),
        visits.study.medications,
        last_day=int(min(visits.rules.licats_days, 28)),
        extended_day=int(max(visits.rules.licats_days, 42)),
        resolves_within_days=int(visits.rules.licats_resolution_days),
    )
    sure = found["licats_candidate"].fillna(False).astype(bool)
    return found[sure].assign(attribution="derived: LICATS candidate, to be reviewed")
