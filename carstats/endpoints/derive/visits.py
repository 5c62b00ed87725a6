"""Which visits judge a disease: the days that belong together, and whether each is adequate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.data.study import Study
from carstats.endpoints.options import Rules, rules_of
from carstats.endpoints.record.joining import joined_days
from carstats.endpoints.record.rescue import toxicity_steroids
from carstats.endpoints.record.searches import keys, last_per_subject, runs_between
from carstats.endpoints.record.values import checked_values
from carstats.endpoints.record.visits import Visits, infused
from carstats.endpoints.rules.lupus.sledai_totals import with_clinical_sledai, with_sledai_totals
from carstats.messages import message

# The scores that judge the disease where no endpoint says which it reads.
DISEASE_SCORES: dict[str, tuple[str, ...]] = {
    "SLE": ("SLEDAI-2K", "cSLEDAI", "PGA"),
    "IIM": ("physician_global", "MMT8"),
    "SSc": ("mRSS",),
    "MG": ("MG-ADL", "QMG"),
    "NMOSD": ("EDSS", "attack"),
    "MOGAD": ("EDSS", "attack"),
    "MS": ("EDSS",),
    "RA": ("DAS28-CRP",),
    "AIHA": ("haemoglobin",),
    "ITP": ("platelets",),
    "AAV": ("BVAS",),
    "SjD": ("ESSDAI",),
    "CIDP": ("INCAT",),
    "SPS": ("T25FW",),
}


def find_visits(
    study: Study,
    rules: Rules | None = None,
    needs: Mapping[str, Iterable[str]] | None = None,
    values: pd.DataFrame | None = None,
) -> Visits:
    """Find the visits at which an endpoint can be judged, and whether each is adequate.

    A visit is a day after the infusion on which a component of the endpoint was measured, planned
    or not. Components of one visit may lie on different days of its window, at most 14 days apart:
    each is the one nearest to the scheduled day, of two the later, and the visit is dated at the
    latest of them. A visit is adequate if a component is, and if no more than 20 mg of prednisone a
    day was given for toxicity in the 14 days before. Status: design (the days after
    glucocorticoids, the windows).
    """
    rules = rules_of(study, rules)
    values = judged_values(study) if values is None else values
    needs = {
        disease: [name for name in names if name not in rules.waived]
        for disease, names in (DISEASE_SCORES if needs is None else needs).items()
    }
    diseases = study.subjects["disease"].to_numpy(object)
    who = values["subject"].to_numpy()
    measures = list(dict.fromkeys(name for names in needs.values() for name in names))
    kinds = list(dict.fromkeys(needs))
    # Which measures each disease needs; a disease that is not named needs none.
    wanted = np.array([[name in needs[kind] for name in measures] for kind in kinds], bool)
    wanted = np.vstack([wanted.reshape(len(kinds), len(measures)), np.zeros(len(measures), bool)])
    kind = pd.Index(kinds).get_indexer(diseases) if kinds else np.full(len(diseases), -1)
    column = pd.Index(measures).get_indexer(values["measure"].astype(object))
    judges = (column >= 0) & (values["day"] > 0).to_numpy() & infused(study)[who]
    judges &= np.append(wanted, np.zeros((len(kinds) + 1, 1), bool), axis=1)[kind[who], column]
    rows, column = values[judges], column[judges]
    key = keys(rows["subject"], rows["day"].to_numpy())
    key, first, which = np.unique(key, return_index=True, return_inverse=True)
    subject, day = rows["subject"].to_numpy()[first], rows["day"].to_numpy(float)[first]
    has = np.zeros((len(key), max(len(measures), 1)), bool)
    adequate = rows["adequate"].to_numpy(bool)
    has[which[adequate], column[adequate]] = True
    whole = (has[:, : len(measures)] | ~wanted[kind[subject]]).all(axis=1)
    place = rules.schedule.places(day)
    visit = joined_days(subject, day, place, has, whole, rules)
    _, visit = np.unique(visit, return_inverse=True)
    last = last_per_subject(int(visit.max(initial=-1)) + 1, visit, day, np.ones(len(day), bool))
    # The day that dates a visit stands for it, and visits are in order of subject and day.
    latest = np.flatnonzero(day == last[visit])
    order = np.empty(len(last), int)
    order[visit[latest]] = np.arange(len(latest))
    visit = order[visit]
    good = np.zeros(len(latest), bool)
    np.logical_or.at(good, visit, has.any(axis=1))
    subject, day, place = subject[latest], day[latest], place[latest]
    shadow = _shadowed(study, rules, subject, day)
    why = np.where(good, None, message("assessment not adequate")).astype(object)
    why[good & shadow] = message(
        "within {days} days after more than {dose} mg of prednisone for toxicity",
        days=f"{rules.steroid_shadow_days:g}",
        dose=f"{rules.steroid_mg:g}",
    )
    return Visits(
        study, rules, subject, day, good & ~shadow, why, place, values, key, visit
    )  # fmt: skip


def judged_values(study: Study) -> pd.DataFrame:
    """Return the checked assessments with the totals that follow from what was recorded.

    SLEDAI-2K and its clinical part from the 24 items; and, where it was not recorded, the clinical
    part from SLEDAI-2K: 0 where that is 0, and above 0 where that exceeds the 4 points of
    complement and anti-DNA (``bound``: known to be so much or more).
    """
    return with_clinical_sledai(with_sledai_totals(checked_values(study)))


def _shadowed(study: Study, rules: Rules, subject, day) -> NDArray[np.bool_]:
    """Return which visits follow glucocorticoids for toxicity too closely to judge the disease."""
    drugs = study.medications
    if drugs is None or "prednisone_equivalent_mg" not in drugs or "reason" not in drugs:
        return np.zeros(len(day), bool)
    for_toxicity = (drugs["reason"] == "toxicity").fillna(False).to_numpy(bool)
    # Without a reason and within a recorded episode of toxicity it is for that.
    for_toxicity = for_toxicity | toxicity_steroids(study, rules, study.toxicities)[0]
    strong = (drugs["drug_class"] == "glucocorticoid") & for_toxicity
    strong &= drugs["prednisone_equivalent_mg"] > rules.steroid_mg
    rows = drugs[strong.fillna(False).to_numpy(bool)]
    who = pd.Index(study.subjects["subject_id"]).get_indexer(rows["subject_id"])
    start = rows["start_day"].fillna(-np.inf).to_numpy(float)
    stop = rows["stop_day"].fillna(np.inf).to_numpy(float)
    return runs_between(subject, day - rules.steroid_shadow_days, day, who, start, stop)
