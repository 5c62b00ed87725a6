"""Estimated glomerular filtration rate, for adults and for children."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.data.units import convert
from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.logic import check_lengths, numbers, texts


@rule(
    "eGFR",
    "any",
    "biomarker",
    definition="CKD-EPI 2021 without race, from creatinine, age and sex.",
    thresholds="none",
    source="Inker 2021, N Engl J Med 385:1737",
)
def egfr_ckd_epi_2021(
    creatinine: ArrayLike, age: ArrayLike, sex: ArrayLike, *, unit: str
) -> NDArray[np.float64]:
    """Estimate the GFR of adults from creatinine, age and sex, without race.

    Parameters
    ----------
    creatinine : Serum creatinine.
    age : Age, 18 to 120 years.
    sex : ``"F"`` or ``"M"``.
    unit : Unit of creatinine: ``"mg/dL"`` or ``"umol/L"``.

    Returns
    -------
    mL/min/1.73 m2; NaN where a value is missing.
    """
    scr = convert("creatinine", creatinine, unit).value
    (years,) = numbers(age=(age, 18, 120))
    sexes = texts("sex", sex, ("F", "M"))
    female = sexes == "F"
    known = np.where([value is None for value in sexes], np.nan, 1.0)
    kappa, alpha = np.where(female, 0.7, 0.9), np.where(female, -0.241, -0.302)
    check_lengths(creatinine=scr, age=years, sex=sexes)
    ratio = scr / kappa
    factor = np.minimum(ratio, 1.0) ** alpha * np.maximum(ratio, 1.0) ** -1.2
    return known * 142.0 * factor * 0.9938**years * np.where(female, 1.012, 1.0)


@rule(
    "eGFR_paediatric",
    "any",
    "biomarker",
    definition="Bedside Schwartz: 0.413 height / creatinine.",
    thresholds="k=0.413",
    source="Schwartz 2009, J Am Soc Nephrol 20:629",
)
def egfr_schwartz(
    creatinine: ArrayLike, height_cm: ArrayLike, *, unit: str, k: float = 0.413
) -> NDArray[np.float64]:
    """Estimate the GFR of children by the bedside Schwartz formula: 0.413 height / creatinine.

    Parameters
    ----------
    creatinine : Serum creatinine.
    height_cm : Height, 30 to 220 cm.
    unit : Unit of creatinine: ``"mg/dL"`` or ``"umol/L"``.
    k : The constant, for creatinine in mg/dL.

    Returns
    -------
    mL/min/1.73 m2; NaN where a value is missing.
    """
    scr = convert("creatinine", creatinine, unit).value
    (height,) = numbers(height_cm=(height_cm, 30, 220))
    check_lengths(creatinine=scr, height_cm=height)
    return k * height / scr
