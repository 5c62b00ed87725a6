"""Time the counting of ten million Parquet rows by DuckDB, and what is made of the counts.

python -m benchmarks.counts [rows]
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import carstats as cs

EVENT = {"relapse": {"time": "days", "status": "relapsed"}}
RIVALS = {"relapse": {"time": "days", "status": "status"}}
ANALYSES = {
    "Kaplan-Meier, three strata": (EVENT, "target", lambda c: cs.survival_curve(c, by="target")),
    "log-rank": (EVENT, "target", lambda c: cs.logrank_test(c, by="target")),
    "cumulative incidence": (RIVALS, "target", lambda c: cs.cumulative_incidence(c, by="target")),
    "Cox, four categories": (EVENT, "region", lambda c: cs.cox_regression(c, None, "region")),
}


def registry(path: Path, n: int) -> None:
    """Write a registry of n subjects with whole days, as Parquet."""
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


def main() -> None:
    n = int(float(sys.argv[1])) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "registry.parquet"
        registry(path, n)
        # The engine and its libraries are there before the clock starts.
        cs.count_outcomes(path, EVENT)
        start = time.perf_counter()
        duckdb.sql(f"select target, days, relapsed, count(*) from '{path}' group by all").fetchall()
        print(f"{n:,} rows; grouped by DuckDB alone {time.perf_counter() - start:.2f} s")
        for name, (endpoints, by, analyse) in ANALYSES.items():
            start = time.perf_counter()
            counts = cs.count_outcomes(path, endpoints, by=by)
            middle = time.perf_counter()
            analyse(counts)
            end = time.perf_counter()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{name}: counted {middle - start:.2f} s, analysed {end - middle:.2f} s, "
                f"in all {end - start:.2f} s; peak {peak:.0f} MB (the making of the file included)"
            )


if __name__ == "__main__":
    main()
