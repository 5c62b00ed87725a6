"""How the tests of clinical rules read a verdict."""

import pandas as pd


def told(verdict):
    """Return a verdict as a list of True, False and None (not evaluable)."""
    return [None if value is pd.NA else bool(value) for value in verdict]


def one(verdict):
    """Return the verdict on the only subject."""
    (value,) = told(verdict)
    return value


def named(categories):
    """Return an ordered verdict as a list of words, None where not evaluable."""
    return [None if pd.isna(value) else value for value in categories]
