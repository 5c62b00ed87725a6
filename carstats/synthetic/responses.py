"""Responses of the synthetic study at its visits."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.synthetic.course import Course
from carstats.synthetic.visits import Visits

_RESPONSES = {
    "SLE": ("response", "SRI-4", "remission", "DORIS", "CRR", "drug_free_remission"),
    "SSc": ("response", "revised_CRISS", "remission", "drug_free_remission"),
    "MG": ("response", "MG-ADL_response", "remission", "MSE", "drug_free_remission"),
}
_COMMON_RESPONSES = ("response", "remission", "drug_free_remission")
_FIRST_RESPONSE_WEEK = 12


def responses_table(course: Course, visits: Visits, drugs) -> pd.DataFrame:
    """Return the responses at the scheduled visits from week 12 on, by subject and day."""
    dose, drug_free = drugs
    state, disease = visits.states(course), course.of("disease")
    # Not in response from the day of rescue or re-infusion, whatever the visit finds.
    failed = np.nan_to_num(visits.day, nan=-1.0) >= visits.treated_again[:, None]
    state = np.where(failed, 3, state)
    well, deep = (state == 1) | (state == 2), state == 2
    met = {
        "response": well,
        "SRI-4": well,
        "MG-ADL_response": well,
        "remission": deep,
        "MSE": deep,
        "DORIS": deep & (dose <= 5),
        "CRR": deep,
        "revised_CRISS": well,
        "drug_free_remission": deep & drug_free,
    }
    asked = ~np.isnan(visits.day) & (visits.week >= _FIRST_RESPONSE_WEEK)
    parts = []
    for code, (name, values) in enumerate(met.items()):
        has = [name in _RESPONSES.get(d, _COMMON_RESPONSES) for d in course.model.diseases]
        here = np.isin(disease, [d for d, h in zip(course.model.diseases, has, strict=True) if h])
        if name == "CRR":
            here &= course.nephritis
        subject, column = np.nonzero(asked & here[:, None])
        good = visits.adequate[subject, column] | failed[subject, column]
        parts.append(
            pd.DataFrame(
                {
                    "subject": subject,
                    "code": code,
                    "endpoint": name,
                    "day": visits.day[subject, column],
                    "response": pd.array(
                        np.where(good, values[subject, column], None), dtype="boolean"
                    ),
                    "visit": [f"week {week:g}" for week in visits.week[subject, column]],
                    "evaluable": good,
                    "reason": np.where(good, None, "assessment incomplete"),
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    order = np.lexsort((table["day"], table["code"], table["subject"]))
    return table.iloc[order].drop(columns="code").reset_index(drop=True)
