"""Studies of one named subject, for tests of the derived endpoints."""

from __future__ import annotations

import pandas as pd

from carstats.data.measures import MEASURE_TABLE
from carstats.data.study import Study
from carstats.endpoints.derive.derivation import derive, derive_all

UNITS = {name: measure.unit for name, measure in MEASURE_TABLE.items()}


def one(
    scores,
    *,
    disease="MG",
    measure="MG-ADL",
    baseline=10.0,
    extra=(),
    inadequate=(),
    drugs=(),
    again=(),
    toxicities=None,
    last=None,
    death=None,
    depletion=-5.0,
    **tables,
):
    """Return a study of subject "a".

    `scores` is {day: value}; `extra` rows are (day, measure, value[, unit]), without a unit in the
    canonical one; `drugs` rows are
    (drug, class, start, stop, mg, reason); `again` rows are (day, planned); `toxicities` rows are
    (term, onset, resolution).
    """
    rows = [(day, measure, value, UNITS.get(measure)) for day, value in scores.items()]
    if baseline is not None:
        rows.insert(0, (-10.0, measure, baseline, UNITS.get(measure)))
    rows += [(*row, UNITS.get(row[1])) if len(row) == 3 else row for row in extra]
    assessments = pd.DataFrame(rows, columns=["day", "measure", "value", "unit"])
    assessments["adequate"] = ~assessments["day"].isin(list(inadequate))
    days = [row[0] for row in rows] + [day for day, _ in again] + [death or 0]
    end = max(days) if last is None else last
    subjects = {
        "subject_id": ["a"],
        "disease": disease,
        "target": "CD19",
        "platform": "CAR-T",
        "cell_source": "autologous",
        "last_contact_day": end,
        "lymphodepletion_day": depletion,
        "infused": True,
    }
    if death is not None:
        subjects["death_day"] = death
    names = ["drug", "drug_class", "start_day", "stop_day", "prednisone_equivalent_mg", "reason"]
    infusions = [(1, 0, True)] + [(i, day, plan) for i, (day, plan) in enumerate(again, 2)]
    found = {
        "subjects": pd.DataFrame(subjects),
        "assessments": assessments.assign(subject_id="a"),
        "medications": pd.DataFrame(drugs, columns=names).assign(subject_id="a"),
        "infusions": pd.DataFrame(infusions, columns=["infusion_number", "day", "planned"]).assign(
            subject_id="a"
        ),
    }
    if toxicities is not None:
        found["toxicities"] = pd.DataFrame(
            toxicities, columns=["term", "onset_day", "resolution_day"]
        ).assign(subject_id="a")
    return Study(**(found | tables))


def tables(study, **options):
    """Return the derived tables; only what a study adjudicates has to be merged with them."""
    given = study.events is not None or study.responses is not None
    return derive(study, **options) if given else derive_all(study, again=False, **options)


def responses(study, endpoint="response", **options):
    """Return {day: True, False or None} of a derived response endpoint."""
    table = tables(study, endpoints=[endpoint], **options).responses
    return {
        row.day: None if pd.isna(row.response) else bool(row.response) for row in table.itertuples()
    }


def reason(study, day, endpoint="response", **options):
    """Return why a visit is not evaluable."""
    table = tables(study, endpoints=[endpoint], **options).responses
    return table.loc[table["day"] == day, "reason"].item()


def event(study, endpoint, **options):
    """Return the one derived row of a time-to-event endpoint."""
    table = tables(study, endpoints=[endpoint], **options).events
    assert len(table) == 1, table
    return table.iloc[0]


def outcome(study, endpoint, **options):
    """Return (status, time, cause or component) of the derived row."""
    row = event(study, endpoint, **options)
    what = row["cause"] if row["status"] == "competing" else row["component"]
    return row["status"], row["time"], None if pd.isna(what) else what
