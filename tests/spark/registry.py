"""A registry at random for each engine: ties, blanks, decimals, awkward names and strata."""

from decimal import Decimal

import numpy as np
import pyarrow as pa

ENDPOINTS = {
    "relapse": {"time": "Days", "status": "STATUS", "cause": "why", "entry": "entry day"},
    "overall_survival": {"time": "months", "status": "dead"},
    "relapse_free_survival": {"time": "whole", "status": "coded"},
    "responded": {"response": "responded"},
    "evaluated": {"response": "asText"},
    "CRS": {"grade": "Worst CRS"},
    "ICANS": {"grade": "icans"},
}
BY = ["Arm", "siteID", "prior", "é 中文"]


def registry(seed: int, n: int = 400) -> pa.Table:
    """Return n subjects."""
    rng = np.random.default_rng(seed)
    day = rng.integers(1, 40, n) / 2
    status = rng.choice(["Event", "censored", " competing"], n)
    absent = rng.random(n) < 0.1
    blank = rng.random(n) < 0.2

    def with_blanks(values, where, kind):
        pairs = zip(values, where, strict=True)
        return pa.array([None if no else value for value, no in pairs], kind)

    return pa.table(
        {
            "Arm": pa.array(rng.choice(["CD19", "BCMA", "O'Neil"], n)).dictionary_encode(),
            "siteID": pa.array(rng.integers(1, 4, n), pa.int32()),
            "prior": pa.array(rng.random(n) < 0.5),
            "é 中文": pa.array(rng.choice(["红斑狼疮", "SSc"], n)),
            "Days": pa.array(day, pa.float64()),
            "STATUS": pa.array(status, pa.string()),
            "why": with_blanks(["death"] * n, status != " competing", pa.string()),
            "entry day": with_blanks(np.maximum(day - 3, 0), blank, pa.float32()),
            "months": with_blanks(
                [Decimal(int(k)) / 10 for k in rng.integers(1, 30, n)], absent, pa.decimal128(8, 2)
            ),
            "dead": with_blanks(rng.random(n) < 0.4, absent, pa.bool_()),
            "whole": pa.array(rng.integers(0, 50, n), pa.int16()),
            "coded": pa.array(
                [Decimal(int(k)) for k in rng.integers(0, 2, n)], pa.decimal128(3, 1)
            ),
            "responded": with_blanks(rng.random(n) < 0.6, blank, pa.bool_()),
            "asText": with_blanks(rng.integers(0, 2, n), blank, pa.float32()),
            "Worst CRS": pa.array(rng.integers(0, 6, n), pa.int8()),
            "icans": pa.array(
                [Decimal(int(k)) for k in rng.integers(0, 5, n)], pa.decimal128(3, 0)
            ),
        }
    )
