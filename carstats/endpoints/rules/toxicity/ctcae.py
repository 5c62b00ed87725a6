"""CTCAE grades (v5, v6) of low blood counts and haemoglobin, and how they shift from baseline."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from carstats.data.units import convert
from carstats.endpoints.record.daily_counts import last_before_infusion
from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.grades import aligned
from carstats.endpoints.record.logic import compare, numbers
from carstats.endpoints.record.worksheets import check_table, subject_index
from carstats.errors import check_choice

VERSIONS = ("v5", "v6")
"""Versions of CTCAE; their grades are not pooled."""

THRESHOLDS = {
    "v5": {
        "neutrophils": (1.5, 1.0, 0.5),
        "platelets": (75.0, 50.0, 25.0),
        "haemoglobin": (10.0, 8.0),
        "lymphocytes": (0.8, 0.5, 0.2),
        "leucocytes": (3.0, 2.0, 1.0),
    },
    "v6": {
        "neutrophils": (1.0, 0.5, 0.1),
        "platelets": (75.0, 50.0, 10.0),
        "haemoglobin": (10.0, 8.0),
        "lymphocytes": (0.8, 0.5, 0.2),
        "leucocytes": (3.0, 2.0, 1.0),
    },
}
"""Values below which a test is grade 2, 3 and 4: x 10^9/L, haemoglobin g/dL. Of version 6 only
neutrophils and grade 4 of platelets are known to differ; the rest is taken from version 5."""

TERMS = {
    "neutrophils": "neutropenia",
    "platelets": "thrombocytopenia",
    "haemoglobin": "anaemia",
    "lymphocytes": "lymphopenia",
    "leucocytes": "leukopenia",
}
# The measure whose units and plausible values a test has; leucocytes have those of lymphocytes.
_MEASURE = {"neutrophils": "ANC", "leucocytes": "lymphocytes"}


@rule(
    "neutropenia",
    "any",
    "toxicity",
    definition=(
        "ANC below 1.5 grade 2, 1.0 grade 3, 0.5 grade 4 (10^9/L); by version 6 below 1.0, 0.5,"
        " 0.1."
    ),
    thresholds="v5 1.5, 1.0, 0.5; v6 1.0, 0.5, 0.1; ctcae_version='v5'",
    source="CTCAE v5 and v6, never pooled",
)
@rule(
    "thrombocytopenia",
    "any",
    "toxicity",
    definition=(
        "Platelets below the limit grade 1, 75 grade 2, 50 grade 3, 25 grade 4 (10^9/L); by "
        "version 6 grade 4 below 10."
    ),
    thresholds="LLN, 75, 50, 25; v6 LLN, 75, 50, 10; ctcae_version='v5'",
    source="CTCAE v5 and v6, never pooled",
)
@rule(
    "anaemia",
    "any",
    "toxicity",
    definition="Haemoglobin below the limit grade 1, 10 grade 2, 8 grade 3 (g/dL).",
    thresholds="LLN, 10, 8",
    source="CTCAE v5 and v6, never pooled",
)
@rule(
    "lymphopenia",
    "any",
    "toxicity",
    definition="Lymphocytes below 0.5 grade 3, 0.2 grade 4 (10^9/L).",
    thresholds="0.5, 0.2",
    source="CTCAE v5 and v6, never pooled",
)
def ctcae_grade(
    value: ArrayLike,
    test: str,
    *,
    version: str = "v5",
    lln: ArrayLike = np.nan,
    unit: str | None = None,
    thresholds: tuple[float, ...] | None = None,
) -> NDArray[np.float64]:
    """Grade a low blood count or haemoglobin by CTCAE.

    Parameters
    ----------
    value : ×10⁹/L; haemoglobin g/dL.
    test : {"neutrophils", "platelets", "haemoglobin", "lymphocytes", "leucocytes"}. What was
        measured.
    version : {"v5", "v6"}. Version of CTCAE. Neutrophils of 0.7 are grade 3 in v5 and grade 2 in
        v6.
    lln : The laboratory's lower limit of normal, in the unit of `value`. Without it grade 1 cannot
        be told from 0: the grade is then NaN where it is not 2 or more.
    unit : Unit of `value` and `lln` where it is another, such as ``"/uL"`` or ``"g/L"``.
    thresholds : Values below which it is grade 2, 3 and 4; None: those of the version in
        `THRESHOLDS`.

    Returns
    -------
    0 to 4; haemoglobin 0 to 3, as grade 4 of anaemia is clinical. NaN where missing.

    Notes
    -----
    A value at a boundary has the lower grade: neutrophils of 1.0 are grade 2 in v5.

    References
    ----------
    National Cancer Institute. Common Terminology Criteria for Adverse Events v5.0, 27 Nov 2017;
    v6.0, 2025.

    Examples
    --------
    >>> ctcae_grade([0.49, 0.5, 1.0, 1.5, 2.0], "neutrophils", lln=2.0)
    array([4., 3., 2., 1., 0.])
    >>> ctcae_grade(0.7, "neutrophils", version="v6")
    array([2.])
    """
    version = check_choice("version", version, VERSIONS)
    test = check_choice("test", test, THRESHOLDS[version])
    measure = _MEASURE.get(test, test)
    unit = unit or ("g/dL" if test == "haemoglobin" else "10^9/L")
    number = convert(measure, value, unit).value
    limit = convert(measure, lln, unit).value
    number, limit = aligned(value=number, lln=limit)
    cuts = THRESHOLDS[version][test] if thresholds is None else thresholds
    numbers(thresholds=(cuts, 0, np.inf))
    grade = sum(compare(number, "<", cut)._data.astype(float) for cut in cuts)
    below = compare(number, "<", limit)
    mild = np.where(below._mask, np.nan, below._data.astype(float))
    return np.where(np.isnan(number), np.nan, np.where(grade > 0, grade + 1, mild))


def ctcae_shift(
    samples: pd.DataFrame,
    test: str,
    *,
    version: str = "v5",
    unit: str | None = None,
    lln: float = np.nan,
    subjects: Iterable[object] | None = None,
    lymphodepletion_days: object = None,
    window: tuple[int, int | None] = (0, None),
    thresholds: tuple[float, ...] | None = None,
) -> pd.DataFrame:
    """Give each subject's grade at baseline, the worst grade after infusion and their difference.

    Status: verify.

    Parameters
    ----------
    samples : One row per sample: `subject_id`, `day`, `value`, optionally `lln`.
    test, version, thresholds : As in `ctcae_grade`.
    lln : Lower limit of normal where `samples` has no column of that name.
    window : First and last day that count as after infusion; None for no end.

    Returns
    -------
    One row per subject: `subject_id`, `term`, `onset_day` (first day of grade 1 or more after
    infusion), `grade` (worst), `grading_scale`, `system`, `worst_day`, `baseline_grade`,
    `baseline_day`, `baseline_rule`, `shift` (worst minus baseline), `n_values`. `grade` is missing
    where a value that could not be graded could be the worst.
    """
    table = check_table("samples", samples, ["subject_id", "day", "value"], ["lln"])
    limits = table["lln"].to_numpy() if "lln" in table else lln
    if len(table):
        value = ctcae_grade(
            table["value"].to_numpy(),
            test,
            version=version,
            lln=limits,
            unit=unit,
            thresholds=thresholds,
        )
    else:
        version = check_choice("version", version, VERSIONS)
        test = check_choice("test", test, THRESHOLDS[version])
        value = np.array([], float)
    table["measured"] = table["value"].notna()
    table["value"] = value
    index = subject_index(table, subjects)
    first, last = window
    after = table[(table["day"] >= first) & table["measured"]]
    if last is not None:
        after = after[after["day"] <= last]
    groups = after.groupby("subject_id", sort=False)
    # A grade that is not known is 0 or 1: it matters where nothing worse was found.
    unknown = after["value"].isna().groupby(after["subject_id"]).any().reindex(index)
    worst = groups["value"].max().reindex(index)
    worst = worst.mask(unknown.eq(True) & (worst.fillna(0) < 1))
    graded = after[after["value"] >= 1]
    is_worst = graded["value"].to_numpy() == worst.reindex(graded["subject_id"]).to_numpy()
    # The baseline is the last value measured, also where that cannot be graded.
    rows = table[table["measured"]].assign(value=np.flatnonzero(table["measured"]).astype(float))
    baseline = last_before_infusion(rows, index, lymphodepletion_days)
    baseline_grade = table["value"].reindex(baseline["baseline"]).to_numpy(float)
    found = pd.DataFrame({
        "term": TERMS[test],
        "onset_day": graded.groupby("subject_id")["day"].min().reindex(index),
        "grade": worst,
        "grading_scale": f"CTCAE {version}",
        "system": "blood",
        "worst_day": graded[is_worst].groupby("subject_id")["day"].min().reindex(index),
        "baseline_grade": baseline_grade,
        "baseline_day": baseline["baseline_day"],
        "baseline_rule": baseline["baseline_rule"],
        "shift": worst - baseline_grade,
        "n_values": groups.size().reindex(index, fill_value=0),
    }, index=index)  # fmt: skip
    return found.reset_index()
