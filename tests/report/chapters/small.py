"""A study of five, small enough to be worked by hand."""

import pandas as pd

from carstats.data.study import Study

ENDS = ("censored", "event", "censored")


def small_study(**changes):
    """Return five subjects: a to d infused, b relapsed, d dead; `changes` replaces tables."""
    subjects = pd.DataFrame(
        {
            "subject_id": ["P-a", "P-b", "P-c", "P-d", "P-e"],
            "disease": ["SLE", "SLE", "SSc", "MG", "SLE"],
            "target": ["CD19", "CD19", "CD19", "BCMA", "CD19"],
            "platform": "CAR-T",
            "cell_source": "autologous",
            "last_contact_day": [400.0, 400.0, 400.0, 200.0, 30.0],
            "cutoff_day": [500.0, 500.0, 500.0, 500.0, 500.0],
            "infused": [True, True, True, True, False],
            "death_day": [None, None, None, 200.0, None],
        }
    )
    tables = {
        "subjects": subjects,
        "responses": pd.DataFrame(
            {
                "subject_id": ["P-a", "P-b", "P-d"],
                "endpoint": "remission",
                "day": 168.0,
                "response": [True, False, True],
            }
        ),
        "toxicities": pd.DataFrame(
            {
                "subject_id": ["P-a", "P-b"],
                "term": "CRS",
                "onset_day": 2.0,
                "grade": [1.0, 3.0],
                "grading_scale": "ASTCT",
            }
        ),
        "events": pd.DataFrame(
            {
                "subject_id": ["P-a", "P-b", "P-c", "P-d"] * 2,
                "endpoint": ["relapse_free_survival"] * 4 + ["relapse"] * 4,
                "status": [*ENDS, "event", *ENDS, "competing"],
                "time": [400.0, 300.0, 400.0, 200.0] * 2,
                "cause": [None] * 7 + ["death"],
            }
        ),
    }
    return Study(**{**tables, **changes}, label="Five subjects")
