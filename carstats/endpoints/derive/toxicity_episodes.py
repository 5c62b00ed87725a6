"""Toxicities read from worksheets and laboratory values, as rows of the toxicities table."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from carstats.data.study import Study
from carstats.endpoints.derive.daily_sheets import crs_sheet, icans_sheet, samples
from carstats.endpoints.derive.iechs_episodes import iechs_episodes
from carstats.endpoints.derive.immune_events import immunoglobulin_days
from carstats.endpoints.derive.intercurrent import find_intercurrent
from carstats.endpoints.derive.worsenings import judge_licats
from carstats.endpoints.record.declaring import Endpoint, declare, rule
from carstats.endpoints.record.episodes import check_infusions, merge_episodes
from carstats.endpoints.record.naming import term_words
from carstats.endpoints.record.visits import Visits, infused
from carstats.endpoints.record.worksheets import latest
from carstats.endpoints.rules.blood.immunoglobulin import igg_course
from carstats.endpoints.rules.toxicity.crs import OUTSIDE, crs_episodes
from carstats.endpoints.rules.toxicity.ctcae import ctcae_grade
from carstats.endpoints.rules.toxicity.icaht import early_icaht, late_icaht
from carstats.endpoints.rules.toxicity.icans import icans_episodes
from carstats.endpoints.rules.toxicity.t_icaht import early_t_icaht, late_t_icaht
from carstats.messages import found as found_message
from carstats.messages import joined_notes, message

COLUMNS = (
    "subject_id", "term", "onset_day", "grade", "grade_at_least", "severity", "resolution_day",
    "grading_scale", "system", "infusion_number", "attribution", "flag",
)  # fmt: skip

CRS_WINDOW_DAYS = 30
"""Last day after an infusion on which CRS may begin (endpoint rules, 7.1)."""

CYTOPENIAS = {
    "ANC": ("neutropenia", "neutrophils"),
    "platelets": ("thrombocytopenia", "platelets"),
    "haemoglobin": ("anaemia", "haemoglobin"),
    "lymphocytes": ("lymphopenia", "lymphocytes"),
}
"""Measures whose low values are a cytopenia: its term, and the test by which CTCAE grades it."""

# In these diseases a low count is the disease itself.
_OF_DISEASE = {"anaemia": "AIHA", "thrombocytopenia": "ITP"}


@rule(
    "ICAHT",
    "any",
    "toxicity",
    definition=(
        "Early and late neutropenia by cumulative days at or below 500 and 100/uL, and after "
        "day 30 by depth."
    ),
    thresholds="early 7, 14 days; late 1500, 1000, 500, 100/uL",
    source="Rejeski 2023 (EHA/EBMT), Blood 142:865",
    doi="10.1182/blood.2023020578",
    after="IEC-HS",
)
def derive_toxicities(
    visits: Visits, recorded: Collection[str] = (), *, terms: Collection[str] | None = None
) -> pd.DataFrame:
    """Return the toxicities that worksheets and laboratory values show.

    CRS and ICANS from daily worksheets (a fever outside the window of CRS under a term of its own),
    ICAHT of neutrophils and platelets, CTCAE grades of cytopenia, hypogammaglobulinaemia not masked
    by immunoglobulin, LICATS candidates, and IEC-HS that meets its criteria (or is possible, by the
    rules). Status: verify and design, as the rules that are used; LICATS candidates need a review.
    """
    wanted = {
        "CRS": _crs,
        "ICANS": _icans,
        "ICAHT": _icaht,
        "hypogammaglobulinaemia": _low_igg,
        "LICATS": _licats,
        "IEC-HS": _iechs,
    }
    wanted |= {term: _cytopenia(name) for name, (term, _) in CYTOPENIAS.items()}
    if terms is not None:
        asked = {"CRS" if term == OUTSIDE else term for term in terms}
        wanted = {term: find for term, find in wanted.items() if term in asked}
    parts = [find(visits) for term, find in wanted.items() if term not in recorded]
    parts = [part.reindex(columns=list(COLUMNS)).astype(object) for part in parts if len(part)]
    if not parts:
        return pd.DataFrame({name: [] for name in COLUMNS})
    table = pd.concat(parts, ignore_index=True)
    for name in ("onset_day", "grade", "grade_at_least", "resolution_day", "infusion_number"):
        table[name] = table[name].astype(float)
    position = pd.Index(visits.study.subjects["subject_id"]).get_indexer(table["subject_id"])
    order = np.lexsort((table["onset_day"], position))
    derived = table["attribution"].where(table["attribution"].notna(), message("derived"))
    return table.assign(attribution=derived).iloc[order].reset_index(drop=True)


def infusion_days(visits: Visits) -> pd.DataFrame | None:
    """Return the infusions that begin a window of CRS; None: one on day 0 for everyone."""
    table = visits.study.infusions
    if table is None:
        return None
    table = table[["subject_id", "day", "infusion_number"]].assign(
        day=np.floor(table["day"].astype(float))
    )
    # Who was infused has an infusion on day 0, whatever the table of infusions leaves out.
    treated = visits.study.subjects.loc[infused(visits.study), "subject_id"]
    without = treated[~treated.isin(table["subject_id"])]
    first = pd.DataFrame({"subject_id": without, "day": 0.0, "infusion_number": 1.0})
    return pd.concat([table, first], ignore_index=True) if len(first) else table


def _crs(visits: Visits) -> pd.DataFrame:
    sheet = crs_sheet(visits)
    if sheet is None:
        return pd.DataFrame()
    return _flagged(crs_episodes(sheet, infusion_days(visits)), visits)


def _icans(visits: Visits) -> pd.DataFrame:
    sheet = icans_sheet(visits)
    if sheet is None:
        return pd.DataFrame()
    return _flagged(icans_episodes(sheet, infusion_days(visits)), visits)


def _flagged(episodes: pd.DataFrame, visits: Visits) -> pd.DataFrame:
    """Add to episodes of CRS or ICANS what should be checked of each."""
    infected = _with_infection(episodes, visits)
    flags = []
    for row, infection in zip(episodes.itertuples(), infected, strict=True):
        named = row.term != OUTSIDE
        late = message("first onset after day {day}", day=14)
        flags.append(
            joined_notes(
                late if named and row.late_first_onset and row.in_window else "",
                _after_window() if named and not row.in_window else "",
                message("infection on these days") if infection else "",
            )
            or None
        )
    return episodes.assign(flag=np.array(flags, dtype=object))


def flag_recorded(study: Study, toxicities: pd.DataFrame | None) -> pd.DataFrame | None:
    """Mark recorded CRS that began more than 30 days after an infusion: it is kept, and flagged."""
    if toxicities is None or study.toxicities is None:
        return toxicities
    rows = toxicities[(toxicities["term"] == "CRS") & toxicities["onset_day"].notna()]
    if not len(rows) or "CRS" not in set(study.toxicities["term"]):
        return toxicities
    order = rows.reset_index()[["index", "subject_id", "onset_day"]]
    order["onset_day"] = order["onset_day"].astype(float)
    doses = check_infusions(study.infusions, rows["subject_id"])
    place = latest(order, doses, "onset_day")
    since = order["onset_day"].to_numpy() - doses["day"].to_numpy(float)[np.maximum(place, 0)]
    late = order["index"].to_numpy()[(place >= 0) & (since > CRS_WINDOW_DAYS)]
    if not len(late):
        return toxicities
    flag = toxicities["flag"].astype(object) if "flag" in toxicities else None
    toxicities = toxicities.assign(flag=flag)
    toxicities.loc[late, "flag"] = _after_window()
    return toxicities


def flag_notes(study: Study, toxicities: pd.DataFrame | None) -> list[str]:
    """Return a note for each term whose episodes are flagged for a check."""
    if toxicities is None or "flag" not in toxicities:
        return []
    rows = toxicities[toxicities["flag"].notna()]
    counts = rows.groupby(["term", rows["flag"].astype(str)], sort=False).size()
    return [
        message(
            "{term}: check {n} ({flag}).",
            term=term_words(study.vocabulary, "toxicity", term),
            n=int(n),
            flag=found_message(flag),
        )
        for (term, flag), n in counts.items()
    ]


def _after_window() -> str:
    return message("onset more than {day} days after an infusion", day=CRS_WINDOW_DAYS)


def _with_infection(episodes: pd.DataFrame, visits: Visits) -> np.ndarray:
    """Return during which episodes the study records an infection."""
    known = visits.study.toxicities
    if known is None or not len(episodes):
        return np.zeros(len(episodes), bool)
    rows = known[(known["term"] == "infection") & known["onset_day"].notna()]
    rows = rows.reindex(columns=["subject_id", "onset_day", "resolution_day"])
    rows.columns = ["subject_id", "begins", "ends"]
    pairs = episodes.reset_index(drop=True).reset_index().merge(rows, on="subject_id")
    meets = (pairs["begins"] <= pairs["last_day"]) & ~(pairs["ends"] < pairs["onset_day"])
    return np.isin(np.arange(len(episodes)), pairs.loc[meets, "index"])


def _iechs(visits: Visits) -> pd.DataFrame:
    if "ferritin" not in visits.measured:
        return pd.DataFrame()
    known = visits.study.toxicities
    given = known is not None and (known["term"] == "CRS").any()
    crs = known if given else _crs(visits)
    found = iechs_episodes(visits, crs[crs["term"] == "CRS"] if len(crs) else crs)
    if not len(found) or visits.rules.iechs == "possible":
        return found
    return found[found["status"] == "meets"]


def _depletion(visits: Visits) -> dict[str, float] | None:
    subjects = visits.study.subjects
    if "lymphodepletion_day" not in subjects:
        return None
    known = subjects[subjects["lymphodepletion_day"].notna()]
    return dict(zip(known["subject_id"], known["lymphodepletion_day"], strict=True))


def icaht_courses(visits: Visits) -> list[tuple[str, pd.DataFrame]]:
    """Grade ICAHT of neutrophils and of platelets, early and late."""
    courses = []
    ice = find_intercurrent(visits.study, visits.rules)
    end = np.minimum(np.minimum(ice.rescue, ice.reinfusion) - 1, ice.death)
    known = np.isfinite(end)
    stop = dict(zip(visits.study.subjects["subject_id"][known], np.floor(end[known]), strict=True))
    spared = visits.study.subjects.set_index("subject_id")["disease"]
    for name, rules in _ICAHT.items():
        rows = samples(visits, name)
        if name == "platelets":
            rows = rows[(rows["subject_id"].map(spared) != "ITP").to_numpy(bool)]
        if not len(rows):
            continue
        depletion = _depletion(visits)
        courses += [
            (name, rule(rows, lymphodepletion_days=depletion, censor_days=stop)) for rule in rules
        ]
    return courses


_ICAHT = {"ANC": (early_icaht, late_icaht), "platelets": (early_t_icaht, late_t_icaht)}


def _icaht(visits: Visits) -> pd.DataFrame:
    parts = []
    for _, found in icaht_courses(visits):
        proven = found["grade_low"].where(found["grade"].isna())
        parts.append(found.assign(grade_at_least=proven)[found["grade_low"] >= 1])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _cytopenia(name: str):
    """Return the rule that finds the episodes of one cytopenia of grade 2 or more."""
    term, test = CYTOPENIAS[name]

    def find(visits: Visits) -> pd.DataFrame:
        rows = samples(visits, name, 0)
        disease = visits.study.subjects.set_index("subject_id")["disease"]
        if term in _OF_DISEASE:
            rows = rows[(rows["subject_id"].map(disease) != _OF_DISEASE[term]).to_numpy(bool)]
        if not len(rows):
            return pd.DataFrame()
        # Without a lower limit of normal grade 1 cannot be told from none.
        version = visits.rules.ctcae_version
        grade = np.nan_to_num(ctcae_grade(rows["value"], test, version=version))
        return merge_episodes(
            rows.assign(grade=grade),
            term=term,
            grading_scale=f"CTCAE {version}",
            system="blood",
            infusions=infusion_days(visits),
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
    """Keep of the worsenings of organs those that are LICATS candidates for sure."""
    found = judge_licats(visits)
    if not len(found):
        return found
    sure = found["licats_candidate"].fillna(False).astype(bool)
    return found[sure].assign(attribution=message("derived: LICATS candidate, to be reviewed"))


_CTCAE = "CTCAE, version in the row"
for _term, _definition, _thresholds, _source in (
    ("leukopenia", "White cells by CTCAE grade.", "CTCAE grades", _CTCAE),
    (
        "cytopenia",
        "Any of neutropenia, thrombocytopenia, anaemia, lymphopenia.",
        "those of its components",
        _CTCAE,
    ),
    (
        "febrile neutropenia",
        "Fever with neutropenia as recorded, CTCAE grade.",
        "as recorded",
        _CTCAE,
    ),
    ("hepatotoxicity", "Raised liver enzymes as recorded, CTCAE grade.", "as recorded", _CTCAE),
    ("coagulopathy", "Coagulopathy as recorded, CTCAE grade.", "as recorded", _CTCAE),
    ("GvHD", "Graft-versus-host disease as recorded.", "as recorded", "as recorded"),
    ("infusion reaction", "Infusion reaction as recorded, CTCAE grade.", "as recorded", _CTCAE),
    (
        "second malignancy",
        "New malignancy, T-cell lymphoma included, for as long as followed (15 years).",
        "as recorded",
        "FDA class warning 2024",
    ),
):
    # No rule reads them: a study records them.
    declare(__name__, Endpoint(_term, "any", "toxicity", _definition, _thresholds, _source))
