"""The reference numbers, read for the tests."""

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def reference(name):
    """Return what a reference script wrote."""
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


def array(values):
    """Return a list with nulls as an array of floats with NaN; R's Inf is written as a string."""
    return np.array([np.nan if v in (None, "NaN", "NA") else float(v) for v in values])
