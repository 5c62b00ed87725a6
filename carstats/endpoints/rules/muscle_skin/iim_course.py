"""Idiopathic inflammatory myopathy: relapse, and the response of the skin."""

from __future__ import annotations

from numpy.typing import ArrayLike
from pandas.arrays import BooleanArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.logic import (
    all_of,
    any_of,
    at_least,
    compare,
    flags,
    given,
    numbers,
    percent_change,
)


@rule(
    "IIM_relapse",
    "IIM",
    "event",
    definition=(
        "An earlier moderate response lost, with two of: physician global up 2 cm, MMT8 down 20"
        " %, creatine kinase doubled; or rescue."
    ),
    thresholds="global_rise=2; mmt_fall=20; ck_times=2; components=2",
    source="carstats",
    status="design",
)
def iim_relapse(
    response_lost: ArrayLike,
    reference_global: ArrayLike,
    physician_global: ArrayLike,
    reference_mmt: ArrayLike,
    mmt: ArrayLike,
    reference_ck: ArrayLike,
    ck: ArrayLike,
    rescue: ArrayLike = False,
    *,
    global_rise: float = 2.0,
    mmt_fall: float = 20.0,
    ck_times: float = 2.0,
    components: int = 2,
    mmt_range: float = 80.0,
) -> BooleanArray:
    """Judge a relapse of myositis.

    NA where it is not known to be met and a component is missing. Status: design; verify (the IMACS
    worsening limits).

    Parameters
    ----------
    response_lost : Whether an earlier moderate or major improvement is lost; where False the rest
        is not consulted.
    reference_global, physician_global : Physician global activity at the response and now, 0 to 10
        cm.
    reference_mmt, mmt : MMT8 at the response and now, 0 to `mmt_range`.
    reference_ck, ck : Creatine kinase at the response and now, U/L.
    rescue : Rescue treatment for the disease: a relapse by itself.
    global_rise : Rise of the physician global that counts, cm.
    mmt_fall : Fall of MMT8 that counts, percent of the reference.
    ck_times : Multiple of the reference creatine kinase that counts.
    components : How many of the three must have worsened.
    mmt_range : Largest MMT: 80 for MMT8, 150 for its bilateral form.
    """
    first_global, now_global, first_mmt, now_mmt, first_ck, now_ck = numbers(
        reference_global=(reference_global, 0, 10),
        physician_global=(physician_global, 0, 10),
        reference_mmt=(reference_mmt, 0, mmt_range),
        mmt=(mmt, 0, mmt_range),
        reference_ck=(reference_ck, 0, 1e7),
        ck=(ck, 0, 1e7),
    )
    lost, rescue = flags(response_lost=response_lost, rescue=rescue)
    worse = at_least(
        components,
        compare(now_global - first_global, ">=", global_rise),
        compare(-percent_change(first_mmt, now_mmt), ">=", mmt_fall),
        compare(now_ck - ck_times * first_ck, ">=", 0),
    )
    return any_of(rescue, given(lost, worse))


@rule(
    "CDASI_response",
    "IIM",
    "response",
    definition="CDASI activity down by 40 % or by 4 points.",
    thresholds="percent=40; points=4",
    source="carstats",
    after="TIS_major_juvenile",
)
def cdasi_response(
    baseline: ArrayLike, follow_up: ArrayLike, *, percent: float = 40.0, points: float = 4.0
) -> BooleanArray:
    """Judge a response of the skin by CDASI activity.

    NA where a value is missing.

    Parameters
    ----------
    baseline, follow_up : CDASI activity before lymphodepletion and now, 0 to 100.
    percent, points : Either fall is enough; 4 to 5 points have been used.
    """
    first, now = numbers(baseline=(baseline, 0, 100), follow_up=(follow_up, 0, 100))
    # Percentages are compared as points, which a baseline of 0 leaves defined; it cannot improve.
    share = all_of(compare(first, ">", 0), compare(first - now - percent / 100 * first, ">=", 0))
    return any_of(share, compare(first - now, ">=", points))
