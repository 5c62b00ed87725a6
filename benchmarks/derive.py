"""Time the derivation of endpoints: many subjects at once, and one subject after another.

python benchmarks/derive.py [--subjects N] [--sample K]
"""

import argparse
import time
from dataclasses import replace

from carstats.data.study import Study
from carstats.endpoints.derive.derivation import derive, derive_all
from carstats.synthetic.simulation import simulate_study


def one_by_one(study, subjects):
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


def main():
    """Print the seconds and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subjects", type=int, default=10_000)
    parser.add_argument("--sample", type=int, default=100)
    options = parser.parse_args()
    whole = simulate_study(21, options.subjects)
    study = replace(whole, events=None, responses=None, toxicities=None)

    begun = time.perf_counter()
    found = derive(study)
    everyone = time.perf_counter() - begun
    begun = time.perf_counter()
    derive_all(study)
    rules = time.perf_counter() - begun

    step = max(1, options.subjects // options.sample)
    parts = one_by_one(study, study.subjects["subject_id"].iloc[::step])
    derive_all(parts[0])
    begun = time.perf_counter()
    for part in parts:
        derive_all(part)
    each = (time.perf_counter() - begun) / len(parts)

    rows = sum(len(getattr(found, name)) for name in ("events", "responses", "toxicities"))
    print(f"{options.subjects} subjects: {everyone:.1f} s with the check of the filled study, ")
    print(f"of which {rules:.1f} s are the rules; {rows} rows derived.")
    print(f"One subject at a time: {1000 * each:.0f} ms each ({len(parts)} subjects timed), ")
    print(f"{each * options.subjects:.0f} s for all: {each * options.subjects / rules:.0f} times.")


if __name__ == "__main__":
    main()
