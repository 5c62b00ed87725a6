"""Autoantibodies and complement: seroconversion, change of titre, return to normal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.arrays import BooleanArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.logic import boolean, compare, numbers
from carstats.endpoints.record.return_times import first_return
from carstats.endpoints.record.worksheets import check_table, days_since
from carstats.endpoints.rules.blood.immunoglobulin import passive_antibodies
from carstats.errors import CarstatsError, check_choice
from carstats.messages import message


@dataclass(frozen=True)
class TitreChange:
    """A change of titre and what the assay's limit leaves unknown of it.

    Attributes
    ----------
    change : numpy.ndarray
        log2(value / baseline); NaN where missing or where both are below the limit.
    censoring : numpy.ndarray of str
        ``"none"``; ``"left"``: the value is below the limit, the true change is at most `change`;
        ``"right"``: the baseline is, it is at least `change`; ``"both"``; None where missing.
    """

    change: NDArray[np.float64]
    censoring: NDArray[np.object_]


def log2_change(baseline: ArrayLike, value: ArrayLike, *, lloq: ArrayLike) -> TitreChange:
    """Compute the change of a titre on the log2 scale, flagged where it is censored.

    Parameters
    ----------
    baseline, value : Titres or concentrations on the same assay, same unit, at least 0.
    lloq : The assay's lower limit of quantification, above 0; what is below it is set to it.

    Returns
    -------
    The change and its censoring: -1 is a halving.

    Notes
    -----
    Use a model for censored data (Tobit) rather than these changes as if they were known.
    """
    before, after, limit = numbers(
        baseline=(baseline, 0, np.inf), value=(value, 0, np.inf), lloq=(lloq, 0, np.inf)
    )
    if (limit == 0).any():
        raise CarstatsError(
            message(
                "`{argument}` is {value}; it takes the smallest value that the assay measures.",
                argument="lloq",
                value=0,
            )
        )
    low_before, low_after = before < limit, after < limit
    missing = np.isnan(before) | np.isnan(after) | np.isnan(limit)
    change = np.log2(np.maximum(after, limit)) - np.log2(np.maximum(before, limit))
    words = np.select(
        [low_before & low_after, low_after, low_before], ["both", "left", "right"], "none"
    ).astype(object)
    return TitreChange(
        np.where(missing | (low_before & low_after), np.nan, change),
        np.where(missing, None, words),
    )


@rule(
    "seroconversion",
    "any",
    "time-to-event",
    definition=(
        "From infusion to the first of two consecutive negative tests on the same assay; masked"
        " for 12 weeks after immunoglobulin (8 to 12 by the field)."
    ),
    thresholds="consecutive=2; antibody_mask_days=84",
    source="carstats",
    status="design",
)
def seroconversion(
    samples: pd.DataFrame,
    ivig: pd.DataFrame | None = None,
    *,
    consecutive: int = 2,
    positive_from: str = ">=",
    mask_days: int = 84,
    subjects: Iterable[object] | None = None,
    competing: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Find when an antibody turns negative: two consecutive negatives on the same assay.

    Parameters
    ----------
    samples : One row per test: `subject_id`, `day`, `antibody`, `assay`, `value`, `cutoff` (in the
        unit of `value`).
    ivig : Infusions of immunoglobulin: `subject_id`, `day`. Tests that they mask are not judged.
    consecutive : Negatives in a row.
    positive_from : {">=", ">"}. Whether a value equal to the cut-off is positive.
    mask_days : As in `passive_antibodies`.
    competing : `subject_id`, `day`, `cause`; tests from then on are not read.

    Returns
    -------
    As from `first_return` for each antibody and assay, with the columns `antibody`, `assay` and
    `away_at_baseline` (whether the last unmasked test up to day 0 was positive); `endpoint`
    ``"seroconversion"``. A subject who was not positive at baseline has no status.

    Notes
    -----
    Antibodies from long-lived plasma cells stay after a product against CD19 alone: that is not its
    failure. Status: design (masking).
    """
    positive_from = check_choice("positive_from", positive_from, (">=", ">"))
    columns = ["subject_id", "day", "antibody", "assay", "value", "cutoff"]
    table = check_table("samples", samples, columns)
    for column in ("antibody", "assay", "cutoff"):
        if table[column].isna().any():
            raise CarstatsError(
                message(
                    "`{argument}` has no `{column}` in {k} of {n} rows; negatives are compared on "
                    "one assay with its cut-off.",
                    argument="samples",
                    column=column,
                    k=int(table[column].isna().sum()),
                    n=len(table),
                )
            )
    table = table[table["value"].notna()].reset_index(drop=True)
    if not len(table):
        raise CarstatsError(
            message(
                "`{argument}` has no values; seroconversion needs tests of an antibody.",
                argument="samples",
            )
        )
    given = None if ivig is None else check_table("ivig", ivig, ["subject_id", "day"])
    value, cutoff = numbers(value=(table["value"], 0, np.inf), cutoff=(table["cutoff"], 0, np.inf))
    hidden = passive_antibodies(days_since(table, given), mask_days=mask_days)
    positive = compare(value, positive_from, cutoff)
    positive = boolean(positive._data, positive._mask | hidden)
    table = table.assign(positive=positive, returned=~positive)
    parts = []
    # A loop over antibodies and assays: a handful, whatever the number of subjects.
    for (antibody, assay), tests in table.groupby(["antibody", "assay"], sort=False):
        before = tests[(tests["day"] <= 0) & tests["positive"].notna()]
        before = before.drop_duplicates("subject_id", keep="last").set_index("subject_id")
        follow = pd.concat([before.reset_index().assign(day=0.0), tests[tests["day"] > 0]])
        follow = follow.sort_values("day", kind="stable")
        found = first_return(
            follow, endpoint="seroconversion", away=message("not positive at baseline"),
            consecutive=consecutive, competing=competing,
            subjects=tests["subject_id"].unique() if subjects is None else subjects,
        )  # fmt: skip
        at_baseline = before["positive"].reindex(found["subject_id"]).astype("boolean")
        found.insert(1, "antibody", antibody)
        found.insert(2, "assay", assay)
        found["away_at_baseline"] = at_baseline.array
        parts.append(only_away(found, "not positive at baseline"))
    return pd.concat(parts, ignore_index=True)


@rule(
    "complement_normalised",
    "SLE",
    "biomarker",
    definition="C3 and C4 at or above their lower limits of normal.",
    thresholds="the laboratory's lower limits",
    source="carstats",
    status="design",
    after="seroconversion",
)
def complement_normal(value: ArrayLike, lln: ArrayLike) -> BooleanArray:
    """Judge whether complement is normal: at or above the lower limit of normal.

    Parameters
    ----------
    value, lln : C3 or C4 and the laboratory's lower limit, in one unit.

    Returns
    -------
    Whether it is normal; NA where either is missing.
    """
    value, limit = numbers(value=(value, 0, np.inf), lln=(lln, 0, np.inf))
    return compare(value, ">=", limit)


@rule(
    "complement_normalisation",
    "SLE",
    "time-to-event",
    definition=(
        "From infusion to the first day on which C3 and C4, as far as the study measures them, "
        "are at or above their limits, in subjects low before; death and re-infusion compete."
    ),
    thresholds="complement_lln: C3 0.9 g/L, C4 0.1 g/L; consecutive=1",
    source="carstats",
    status="design",
    after="PERR_confirmed",
)
def complement_normalisation(
    samples: pd.DataFrame,
    *,
    consecutive: int = 1,
    subjects: Iterable[object] | None = None,
    competing: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Find when low complement returns to normal.

    Parameters
    ----------
    samples : One row per sample of one component: `subject_id`, `day`, `value`, `lln`.
    consecutive : Normal samples in a row.

    Returns
    -------
    As from `first_return`, `endpoint` ``"complement_normalisation"``, with `away_at_baseline`. A
    subject whose last sample up to day 0 was normal has no status.
    """
    table = check_table("samples", samples, ["subject_id", "day", "value", "lln"])
    table = table[table["value"].notna()].reset_index(drop=True)
    if not len(table):
        raise CarstatsError(
            message(
                "`{argument}` has no values; normalisation needs samples of complement.",
                argument="samples",
            )
        )
    table = table.assign(returned=complement_normal(table["value"], table["lln"]))
    before = table[(table["day"] <= 0) & table["returned"].notna()]
    before = before.drop_duplicates("subject_id", keep="last")
    follow = pd.concat([before.assign(day=0.0), table[table["day"] > 0]])
    found = first_return(
        follow.sort_values("day", kind="stable"), endpoint="complement_normalisation",
        away=message("not low at baseline"), consecutive=consecutive, competing=competing,
        subjects=table["subject_id"].unique() if subjects is None else subjects,
    )  # fmt: skip
    low = ~before.set_index("subject_id")["returned"].reindex(found["subject_id"])
    found["away_at_baseline"] = low.astype("boolean").array
    return only_away(found, message("not low at baseline"))


def only_away(found, reason):
    """Take the status from subjects who were not seen away from normal at baseline."""
    away, tested = found["away_at_baseline"], found["n_samples"] > 0
    out = ~away.fillna(False).to_numpy(bool)
    found.loc[out, ["status", "cause"]] = None
    found.loc[out, ["time", "time_low", "time_high", "away_day"]] = np.nan
    found.loc[out, "note"] = reason
    found.loc[away.isna() & tested, "note"] = message("no sample judged up to the infusion")
    found.loc[~tested, "note"] = message("no samples")
    return found
