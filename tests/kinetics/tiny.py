"""Small cohorts with samples of transgene, each written in a line."""

import carstats as cs
from tests.conftest import subjects_table


def sampled(
    profiles,
    *,
    infusions=(),
    measure="CAR_transgene",
    lloq=50,
    unit="copies/ug DNA",
    cohort=True,
    **columns,
):
    """Return a cohort from texts such as "0:<50 7:8000 28:<25": day, colon, value or its limit.

    Values stand beside `lloq`, the limit of all samples that have none of their own; None for none.
    """
    import pandas as pd

    rows = []
    for i, text in enumerate(profiles):
        for sample in text.split():
            day, value = sample.split(":")
            below = value.startswith("<")
            rows.append(
                {
                    "subject_id": f"S{i + 1:02d}",
                    "day": float(day),
                    "measure": measure,
                    "value": None if below or value == "?" else float(value),
                    "unit": unit,
                    "lloq": float(value[1:]) if below else None if value in ("?", "0") else lloq,
                }
            )
    tables = {"assessments": pd.DataFrame(rows).astype({"value": float, "lloq": float})}
    if infusions:
        given = [
            {"subject_id": f"S{i + 1:02d}", "infusion_number": k + 1, "day": day, "planned": True}
            for i, days in enumerate(infusions)
            for k, day in enumerate(days)
        ]
        tables["infusions"] = pd.DataFrame(given)
    study = cs.Study(subjects=subjects_table(len(profiles), **columns), **tables)
    return cs.define_cohort(study) if cohort else study
