"""The lists of headings and values with what they mean, and how a proposal is judged by them."""

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SHARED = Path(__file__).parents[4] / "shared" / "facts"
# Measures that the list calls by a name of its own, and carstats has.
_CALLED = {
    "24h urine protein": "proteinuria_24h", "SLICC damage index": "SDI", "CLASI": "CLASI-A",
    "CDASI": "CDASI-A", "CAR copies": "CAR_transgene", "CAR-positive T cells": "CAR_T_percent",
    "B cells per cent": "B_cells_percent", "WBC": "leucocytes", "FVC litres": "FVC_L",
    "anti-dsDNA CLIFT titre": "anti-dsDNA_CLIFT", "rheumatoid factor": "RF", "CD4 T cells": "CD4",
    "CD8 T cells": "CD8", "NK cells": "NK_cells", "albumin": "serum_albumin",
    "uric acid": "uric_acid", "sIL2R": "sIL-2R", "swollen joint count": "SJC28",
    "SF-36 PCS": "SF-36_PCS", "SF-36 MCS": "SF-36_MCS", "SF-36 PF": "SF-36_PF",
    "fatigue VAS": "fatigue_VAS",
}  # fmt: skip


@dataclass(frozen=True)
class Counts:
    """Of the unambiguous ones: how many, how many right, and those wrong without a mark."""

    n: int
    right: int
    wrong: list[str]


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a list; skip the test where it is not there."""
    if not path.exists():
        assert not os.environ.get("CI"), f"CI is set, and {path} is not there"
        pytest.skip(f"{path.name} is not there")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def same_target(wanted: str, target: str) -> bool:
    """Return whether a target is the one wanted; a measure that carstats lacks is one's own."""
    if not wanted.startswith("assessments:+"):
        return wanted == target
    name = wanted.removeprefix("assessments:+")
    return target in (f"assessments:{_CALLED.get(name, name)}", "own column")


def judged(rows, judge, name) -> Counts:
    """Count what is right, and what is wrong without a mark, among the unambiguous rows."""
    clear = [row for row in rows if "AMBIGUOUS" not in row["note"]]
    right, wrong = 0, []
    for row in clear:
        good, sure = judge(row)
        right += good
        if sure and not good:
            wrong.append(row[name])
    return Counts(len(clear), right, wrong)
