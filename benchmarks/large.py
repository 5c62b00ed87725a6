"""Measure time and memory of a study of many subjects: read, derived, reported.

python -m benchmarks.large [--write] [--subjects 100000] [--without-report]
"""

import argparse
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results_large.md"
# So many different subjects are simulated and then repeated: simulating takes longer than deriving.
DIFFERENT, ROWS, VISITS = 1_000, 18, 6
# Each measurement is a process of its own. It prints CPU seconds and the peak of its memory in MB,
# and the peak of the largest of its workers.
MEASURED = """
import resource, time
import carstats as cs
before = time.process_time()
{call}
own, workers = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
cpu = time.process_time() - before + workers.ru_utime + workers.ru_stime
print(cpu, own.ru_maxrss / 1024, workers.ru_maxrss / 1024)
"""
CALLS = {
    "`read_study`": "cs.read_study({path!r})",
    "`read_study` and `derive`": "cs.derive(cs.read_study({path!r}))",
    "the same and `write_study`": "cs.write_study(cs.derive(cs.read_study({path!r})), {derived!r}, "
    'format="parquet")',
    "`study_report` of what was written": "cs.study_report({derived!r}, {out!r})",
}


def study(folder: Path, n: int) -> int:
    """Write a study of n subjects, each with the first scores of the disease; return its rows."""
    from dataclasses import replace

    import numpy as np
    import pandas as pd

    import carstats as cs
    from carstats.endpoints.derive.visits import DISEASE_SCORES

    made = cs.simulate_study(21, min(n, DIFFERENT))
    table = made.assessments
    disease = table["subject_id"].map(made.subjects.set_index("subject_id")["disease"])
    kept = np.zeros(len(table), bool)
    for name, scores in DISEASE_SCORES.items():
        kept |= (disease == name) & table["measure"].isin([*scores[:2], "B_cells"])
    table = table[kept]
    # Of each measure the first day and some of the others, as many as `ROWS` has room for.
    by = table.groupby(["subject_id", "measure"])["day"]
    place = by.cumcount() * VISITS // (by.transform("size") - 1).clip(lower=1)
    table = table[~place.groupby([table["subject_id"], table["measure"]]).diff().eq(0)]
    table = table[table.groupby("subject_id").cumcount() < ROWS]
    cs.write_study(
        replace(made, assessments=table, responses=None, events=None), folder, format="parquet"
    )
    rows, times = 0, -(-n // len(made.subjects))
    # No two repetitions have the same days, so that what is said of a visit differs as well.
    shift = np.random.default_rng(3).integers(0, 8, times)
    for path in folder.glob("*.parquet"):
        part = pd.read_parquet(path)
        copies = []
        for i in range(times):
            copy = part.assign(subject_id=part["subject_id"] + f"-{i}")
            if path.stem == "assessments":
                copy["day"] = copy["day"].where(copy["day"] <= 28, copy["day"] - shift[i])
            copies.append(copy)
        whole = pd.concat(copies, ignore_index=True)
        whole.to_parquet(path)
        rows += len(whole)
    return rows


def main() -> None:
    """Print the table as it grows; keep it on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}")
    parser.add_argument("--subjects", type=lambda n: int(float(n)), default=100_000)
    parser.add_argument("--without-report", action="store_true", help="read and derive only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        places = {name: str(Path(folder) / name) for name in ("path", "derived", "out")}
        rows = study(Path(places["path"]), options.subjects)
        lines = [
            f"A study of {options.subjects:,} subjects, {rows:,} rows of Parquet. Python "
            f"{platform.python_version()} on {platform.system()} {platform.machine()}; numpy "
            f"{version('numpy')}, pandas {version('pandas')}. Each line is a process of its own; "
            "a report of so many has one worker, whose memory comes on top of it.",
            "",
            "| what | CPU, s | peak, MB | peak of the worker, MB |",
            "|---|--:|--:|--:|",
        ]
        print(*lines, sep="\n", flush=True)
        for what, call in CALLS.items():
            if options.without_report and ("report" in what or "write" in what):
                continue
            code = MEASURED.format(call=call.format(**places))
            done = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True
            )
            cpu, own, workers = map(float, done.stdout.split()[-3:])
            beside = f"{workers:,.0f}" if workers else ""
            lines.append(f"| {what} | {cpu:.0f} | {own:,.0f} | {beside} |")
            print(lines[-1], flush=True)
    if options.write:
        text = "\n".join(["# What was measured: many subjects", "", *lines, ""])
        RESULTS.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
