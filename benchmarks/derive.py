"""The derivation of endpoints: many subjects at once, and one subject after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.timing import Row, once
from carstats.data.study import Study
from carstats.endpoints.derive.derivation import derive_all
from carstats.synthetic.simulation import simulate_study

SUBJECTS, SAMPLE = 2_000, 20


def one_by_one(study: Study, subjects: list) -> list[Study]:
    """Return a study of each subject alone: what a loop over subjects works on."""
    tables = {
        name: dict(tuple(frame.groupby("subject_id")))
        for name, frame in study.tables().items()
        if name != "subjects"
    }
    return [
        Study(
            subjects=study.subjects[study.subjects["subject_id"] == subject],
            **{
                name: parts.get(subject, getattr(study, name).iloc[:0])
                for name, parts in tables.items()
            },
        )
        for subject in subjects
    ]


def rows() -> Iterator[Row]:
    """Yield the row of the rules."""
    whole = simulate_study(21, SUBJECTS)
    study = replace(whole, events=None, responses=None, toxicities=None)
    together = once(lambda: derive_all(study))
    parts = one_by_one(study, study.subjects["subject_id"].iloc[:: SUBJECTS // SAMPLE].tolist())
    derive_all(parts[0])
    each = once(lambda: [derive_all(part) for part in parts]) / len(parts)
    what = f"every endpoint of {SUBJECTS:,} synthetic subjects derived"
    beside = f"the same rules, subject by subject (from {len(parts)})"
    yield Row(what, together, beside, each * SUBJECTS)
