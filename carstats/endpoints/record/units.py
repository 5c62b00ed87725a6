"""Doses of glucocorticoids in milligrams of prednisone; units of values are in `data.units`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.data.units import EXACT_UPCR as EXACT_UPCR
from carstats.data.units import KDIGO_UPCR as KDIGO_UPCR
from carstats.data.units import MEASURES as MEASURES
from carstats.data.units import UPCR_CONVERTERS as UPCR_CONVERTERS
from carstats.data.units import convert as convert
from carstats.endpoints.record.logic import numbers
from carstats.errors import CarstatsError, check_choice
from carstats.messages import message

# Doses in mg that equal 5 mg of prednisone (Meikle and Tyler, Am J Med 1977;63:200; the table that
# drug labels print). Betamethasone is also given as 0.75 mg: 0.6 is the label's.
_EQUAL_TO_5_MG = {
    "prednisone": 5.0,
    "prednisolone": 5.0,
    "methylprednisolone": 4.0,
    "triamcinolone": 4.0,
    "hydrocortisone": 20.0,
    "cortisone": 25.0,
    "dexamethasone": 0.75,
    "betamethasone": 0.6,
    "deflazacort": 6.0,
}


def prednisone_equivalent(drug: ArrayLike, dose_mg: ArrayLike) -> NDArray[np.float64]:
    """Return doses of glucocorticoids in milligrams of prednisone.

    Status: verify.

    References
    ----------
    Meikle AW, Tyler FH. Potency and duration of action of glucocorticoids. Am J Med 1977;63:200.
    """
    (dose,) = numbers(dose_mg=(dose_mg, 0, 5000))
    names = np.atleast_1d(np.asarray(drug, dtype=object))
    unique, index = np.unique([str(name).strip().casefold() for name in names], return_inverse=True)
    for name in unique:
        check_choice("drug", str(name), _EQUAL_TO_5_MG)
    if len(names) not in (1, len(dose)) and len(dose) != 1:
        raise CarstatsError(
            message("`drug` has {n} values and `dose_mg` {doses}.", n=len(names), doses=len(dose))
        )
    factor = np.array([5.0 / _EQUAL_TO_5_MG[name] for name in unique])[index]
    return dose * factor
