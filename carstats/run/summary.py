"""A study in a dozen lines: who, how many, from when to when, events, grades."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from carstats.data.study import Study
from carstats.data.terms import CARE
from carstats.words import in_words, labels_of, tr

# So many measures, endpoints and toxicities are named, the most frequent first.
_MOST = 8


def summary_lines(study: Study) -> Iterator[str]:
    """Yield a study in a dozen lines, by which a wrong mapping is seen."""
    label = labels_of(study.vocabulary)
    subjects = study.subjects
    yield tr("In short:")
    yield tr("  who: {words}", words=_who(study))
    yield tr("  days: {words}", words=_days(subjects))
    if study.infusions is not None and len(study.infusions):
        numbers = study.infusions["infusion_number"].value_counts()
        later = int(numbers[numbers.index > 1].sum())
        yield tr("  infusions: {n}, of which {later} are second or later", n=len(study.infusions),
                 later=later)  # fmt: skip
    if study.assessments is not None and len(study.assessments):
        yield tr("  measures: {words}", words=_measures(study.assessments, label))
    if study.responses is not None and len(study.responses):
        yield tr("  responses: {words}", words=_responses(study.responses, label))
    if study.events is not None and len(study.events):
        yield tr("  events: {words}", words=_events(study.events, label))
    if study.toxicities is not None and len(study.toxicities):
        yield tr("  toxicities: {words}", words=_toxicities(study.toxicities, label))
    if study.medications is not None and len(study.medications):
        care = study.medications["drug_class"].isin(CARE)
        drugs = study.medications.loc[~care, "drug"]
        if len(drugs):
            yield tr("  drugs: {words}", words=_counted(drugs))
        if care.any():
            stays = study.medications.loc[care, "drug_class"].map(
                lambda name: tr(str(label("drug_class", name)))
            )
            yield tr("  stays: {words}", words=_counted(stays))


def _joined(parts: list[str], n: int) -> str:
    shown = tr(", ").join(parts[:_MOST])
    return tr("{names}, … ({n} in all)", names=shown, n=n) if n > _MOST else shown


def _counted(values: pd.Series) -> str:
    counts = values.value_counts()
    return _joined([f"{name} {n}" for name, n in counts.items()][:_MOST], len(counts))


def _who(study: Study) -> str:
    subjects = study.subjects
    parts = [tr("{n} subjects", n=len(subjects))]
    if "infused" in subjects:
        parts.append(tr("{n} infused", n=int(subjects["infused"].eq(True).sum())))
    if "sex" in subjects and subjects["sex"].notna().any():
        counts = subjects["sex"].value_counts()
        parts.append(tr(" and ").join(f"{n} {name}" for name, n in counts.items()))
    if "age" in subjects and subjects["age"].notna().any():
        ages = subjects["age"].dropna()
        parts.append(tr("age {low} to {high}", low=f"{ages.min():g}", high=f"{ages.max():g}"))
    return tr(", ").join(parts)


def _days(subjects: pd.DataFrame) -> str:
    last = subjects["last_contact_day"].dropna()
    parts = []
    if "enrolment_day" in subjects and subjects["enrolment_day"].notna().any():
        first = subjects["enrolment_day"].dropna()
        parts.append(tr("enrolled on day {low} to {high}", low=f"{first.min():g}",
                        high=f"{first.max():g}"))  # fmt: skip
    if len(last):
        parts.append(tr("last contact on day {low} to {high}, median {median}",
                        low=f"{last.min():g}", high=f"{last.max():g}",
                        median=f"{last.median():g}"))  # fmt: skip
    if "death_day" in subjects:
        parts.append(tr("{n} deaths", n=int(subjects["death_day"].notna().sum())))
    return tr(", ").join(parts)


def _measures(table: pd.DataFrame, label) -> str:
    parts = []
    counts = table["measure"].value_counts()
    for name in counts.index[:_MOST]:
        rows = table[table["measure"] == name]
        values = rows["value"].dropna()
        span = f"{values.min():.4g}–{values.max():.4g}" if len(values) else "–"
        unit = (
            rows["unit"].dropna().iloc[0] if "unit" in rows and rows["unit"].notna().any() else ""
        )
        parts.append(f"{label('measure', name)} {len(values)} ({span}{' ' if unit else ''}{unit})")
    return _joined(parts, len(counts))


def _responses(table: pd.DataFrame, label) -> str:
    parts = []
    counts = table["endpoint"].value_counts()
    for name in counts.index[:_MOST]:
        rows = table[table["endpoint"] == name]
        met = int(rows["response"].eq(True).sum())
        parts.append(tr("{name} {met} of {n}", name=label("endpoint", name), met=met, n=len(rows)))
    return _joined(parts, len(counts))


def _events(table: pd.DataFrame, label) -> str:
    parts = []
    names = list(dict.fromkeys(table["endpoint"]))
    for name in names[:_MOST]:
        rows = table[table["endpoint"] == name]
        counts = rows["status"].value_counts()
        said = [f"{n} {in_words(label('status', status))}" for status, n in counts.items()]
        parts.append(f"{label('endpoint', name)}: {' / '.join(said)}")
    return _joined(parts, len(names))


def _toxicities(table: pd.DataFrame, label) -> str:
    parts = []
    counts = table["term"].value_counts()
    for name in counts.index[:_MOST]:
        rows = table[table["term"] == name]
        grades = rows["grade"].dropna().astype(int).value_counts().sort_index() \
            if "grade" in rows else pd.Series(dtype=int)  # fmt: skip
        said = " ".join(f"G{grade}×{n}" for grade, n in grades.items())
        parts.append(f"{label('toxicity', name)} {len(rows)}{f' ({said})' if said else ''}")
    return _joined(parts, len(counts))
