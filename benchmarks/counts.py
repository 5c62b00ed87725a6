"""Time counting and what is made of counts, beside what a user would run instead, in one run.

python -m benchmarks.counts [--write] [--rows 10000000] [--subjects 1000000] [--rounds 3]
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results_counts.md"
EVENT = {"relapse": {"time": "days", "status": "relapsed"}}
RIVALS = {"relapse": {"time": "days", "status": "status"}}
# Each measurement is a process of its own, whose peak of memory is therefore its own. It prints
# wall seconds, CPU seconds and its peak in MB: of the first call, then the medians of the others.
TIMED = """
import resource, statistics, time
def spent():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), usage.ru_utime + usage.ru_stime
def timed(run, rounds):
    taken = []
    for _ in range(rounds + 1):
        wall, cpu = spent()
        run()
        now = spent()
        taken.append((now[0] - wall, now[1] - cpu))
    rest = taken[1:] or taken
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(*taken[0], *(statistics.median(column) for column in zip(*rest)), peak)
"""
GROUPED = """
import duckdb
def run():
    duckdb.sql("select {by}, days, {status}, count(*) from '{path}' group by all").df()
"""
COUNTED = """
import carstats as cs
def run():
    counts = cs.count_outcomes({path!r}, {endpoints!r}, by={by!r})
    cs.{call}
"""
IN_MEMORY = """
import pandas as pd, carstats as cs
frame = pd.read_parquet({path!r})
cohort = cs.cohort_from_frame(frame, time="days", event="event", unit="days")
def run():
    cs.{call}
"""
READ = """
import carstats as cs
def run():
    cs.read_study({path!r})
"""
PANDAS = """
import pandas as pd
from pathlib import Path
def run():
    for path in sorted(Path({path!r}).glob("*.{suffix}")):
        pd.read_{suffix}(path)
"""
R = """
library(survival)
d <- read.csv("{path}"); d$group <- factor(d$group)
run <- function() {call}
first <- system.time(run())
rest <- replicate({rounds}, {{ t <- system.time(run()); c(t[["elapsed"]], t[[1]] + t[[2]]) }})
cat(first[["elapsed"]], first[[1]] + first[[2]], median(rest[1, ]), median(rest[2, ]), NA)
"""
REGISTRY = {
    "Kaplan–Meier, three strata": (EVENT, "target", 'survival_curve(counts, by="target")', 0.5),
    "log-rank, three groups": (EVENT, "target", 'logrank_test(counts, by="target")', 3),
    "cumulative incidence": (RIVALS, "target", 'cumulative_incidence(counts, by="target")', 3),
    "Cox, four categories": (EVENT, "region", 'cox_regression(counts, None, "region")', 3),
}
COHORT = {
    "curve by four groups": ('survival_curve(cohort, by="group")', "survfit({}, data = d)"),
    "curve by four groups, log limits as R's": (
        'survival_curve(cohort, by="group", conf_type="log")',
        "survfit({}, data = d)",
    ),
    "log-rank of four groups": ('logrank_test(cohort, by="group")', "survdiff({}, data = d)"),
    "Cox, four groups": ('cox_regression(cohort, None, "group")', "coxph({}, data = d)"),
}


def registry(path: Path, n: int) -> None:
    """Write a registry of n subjects with whole days, as Parquet."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(1)
    days = np.minimum(rng.exponential(600, n).astype(np.int32) + 1, 1500)
    status = rng.integers(0, 3, n, dtype=np.int8)

    def words(codes, names):
        return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names))

    table = {
        "target": words(rng.integers(0, 3, n, dtype=np.int8), ["CD19", "BCMA", "CD19+BCMA"]),
        "region": words(rng.integers(0, 4, n, dtype=np.int8), list("abcd")),
        "days": days,
        "relapsed": (status == 1).astype(np.int8),
        "status": words(status, ["censored", "event", "competing"]),
    }
    pq.write_table(pa.table(table), path)


def subjects(folder: Path, n: int, distinct: bool) -> None:
    """Write n subjects of four groups, followed in whole days or to times that all differ."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(2)
    group = rng.integers(0, 4, n)
    days = np.minimum(rng.exponential(600 / (1 + 0.1 * group)) + 1, 1500)
    frame = pd.DataFrame(
        {
            "days": days if distinct else np.floor(days),
            "event": (rng.random(n) < 0.5).astype(int),
            "group": np.array(list("abcd"))[group],
        }
    )
    frame.to_parquet(folder / "subjects.parquet")
    frame.to_csv(folder / "subjects.csv", index=False)


def study(folder: Path, rows: int) -> int:
    """Write a synthetic study of about so many rows as CSV and as Parquet; return their number."""
    import carstats as cs

    made = cs.simulate_study(21, max(rows // 202, 1))
    for suffix in ("csv", "parquet"):
        cs.write_study(made, folder / suffix, format=suffix)
    return sum(map(len, made.tables().values()))


def in_own_process(code: str, rounds: int) -> list[float]:
    """Return what a piece of code takes: first and median wall and CPU seconds, and its peak."""
    code = f"{TIMED}{code}\ntimed(run, {rounds})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )  # fmt: skip
    return [float(value) for value in done.stdout.split()[-5:]]


def by_r(path: Path, call: str, rounds: int) -> list[float] | None:
    """Return the same of R; None where it is not installed."""
    if shutil.which("Rscript") is None:
        return None
    code = R.format(path=path, call=call.format("Surv(days, event) ~ group"), rounds=rounds)
    done = subprocess.run(
        ["Rscript", "--vanilla", "-e", code], capture_output=True, text=True, check=False
    )
    values = done.stdout.split()[-5:]
    return [float(value.replace("NA", "nan")) for value in values] if len(values) == 5 else None


def line(what: str, own: list[float], against: str, other: list[float] | None, limit: str) -> str:
    """Write a row of the table."""
    first, _, wall, cpu, peak = own
    beside = ["", ""] if other is None else [f"{other[2]:.2f}", f"{other[3]:.2f}"]
    ratio = "" if other is None else f"{cpu / other[3]:.2f}"
    cells = [what, f"{first:.2f}", f"{wall:.2f}", f"{cpu:.2f}", f"{peak:.0f}", against, *beside,
             ratio, limit]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def measured(folder: Path, options: argparse.Namespace):
    """Yield the rows of the table."""
    rounds, rows = options.rounds, options.rows
    path = folder / "registry.parquet"
    registry(path, rows)
    for name, (endpoints, by, call, limit) in REGISTRY.items():
        status = next(iter(endpoints.values()))["status"]
        own = in_own_process(
            COUNTED.format(path=str(path), endpoints=endpoints, by=by, call=call), rounds
        )
        other = in_own_process(GROUPED.format(path=path, by=by, status=status), rounds)
        yield line(
            f"{rows:,} Parquet rows: {name}", own, "DuckDB's GROUP BY alone", other,
            f"{limit:g} s, 500 MB",
        )  # fmt: skip
    for distinct, kind in ((False, "whole days"), (True, "times that all differ")):
        subjects(folder, options.subjects, distinct)
        for name, (call, of_r) in COHORT.items():
            own = in_own_process(
                IN_MEMORY.format(path=str(folder / "subjects.parquet"), call=call), rounds
            )
            other = by_r(folder / "subjects.csv", of_r, rounds)
            yield line(
                f"{options.subjects:,} subjects in memory, {kind}: {name}", own,
                f"R's {of_r.split('(')[0]}", other, "half of R's",
            )  # fmt: skip
    n = study(folder / "study", options.subjects)
    for suffix, limit in (("parquet", 5), ("csv", 15)):
        path = folder / "study" / suffix
        own = in_own_process(READ.format(path=str(path)), rounds)
        other = in_own_process(PANDAS.format(path=str(path), suffix=suffix), rounds)
        yield line(
            f"`read_study` of {n:,} rows, {suffix}", own, f"pandas' read_{suffix}, unchecked",
            other, f"{limit} s per million",
        )  # fmt: skip


def main() -> None:
    """Print the table as it grows; keep it on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}")
    parser.add_argument("--rows", type=lambda n: int(float(n)), default=10_000_000)
    parser.add_argument("--subjects", type=lambda n: int(float(n)), default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    head = [
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores; numpy {version('numpy')}, pandas {version('pandas')}, "
        f"duckdb {version('duckdb')}.",
        "Seconds: of the first call, which imports what it needs, and medians of wall and of CPU "
        f"time of {options.rounds} more; the peak is that of the process, everything included. The "
        "ratio is that of the CPU times, which depends least on what else the machine does.",
        "",
        "| what | first | wall | CPU | peak, MB | against | wall | CPU | ratio | wanted |",
        "|---|--:|--:|--:|--:|---|--:|--:|--:|--:|",
    ]
    print(*head, sep="\n", flush=True)
    table = []
    with tempfile.TemporaryDirectory() as folder:
        for row in measured(Path(folder), options):
            table.append(row)
            print(row, flush=True)
    if options.write:
        text = "\n".join(["# What was measured: counts", "", *head, *table, ""])
        RESULTS.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
