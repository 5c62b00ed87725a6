"""Lupus nephritis rules and the estimated GFR, one tiny subject for each boundary."""

import numpy as np
import pytest

from carstats.endpoints.record.confirmation import confirmed
from carstats.endpoints.rules.lupus.egfr import egfr_ckd_epi_2021, egfr_schwartz
from carstats.endpoints.rules.lupus.nephritis import (
    crr,
    eular_2023_target,
    kdigo_complete,
    kdigo_partial,
    perr,
    renal_flare,
)
from carstats.errors import CarstatsError
from tests.endpoints.rules.verdict import one, told


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ((0.7, 60, 120), True),
        ((0.71, 60, 120), False),
        ((0.7, 59.9, 120), False),
        # 20 % below 70 is 56.
        ((0.7, 56, 70), True),
        ((0.7, 55.9, 70), False),
        ((0.7, 60, None), True),
        ((0.7, 59, None), None),
        ((None, 90, 90), None),
        ((0.1, 90, 90, True), False),
        ((None, 90, 90, True), False),
        ((0.1, 90, 90, None), None),
    ],
)
def test_perr(subject, expected):
    assert one(perr(*subject)) is expected


@pytest.mark.parametrize(
    ("subject", "options", "expected"),
    [
        ((0.49, 90, 140), {}, True),
        ((0.5, 90, 140), {}, False),
        ((0.5, 90, 140), {"upcr_op": "<="}, True),
        ((0.4, 89.9, 140), {}, False),
        # 10 % below 80 is 72.
        ((0.4, 72, 80), {}, True),
        ((0.4, 71.9, 80), {}, False),
        ((0.4, 90, 90, True), {}, False),
    ],
)
def test_crr(subject, options, expected):
    assert one(crr(*subject, **options)) is expected


@pytest.mark.parametrize(
    ("subject", "options", "expected"),
    [
        # 85 % of 100 is 85; an eGFR that rises is kept, too.
        ((0.49, 85, 100), {}, True),
        ((0.49, 84.9, 100), {}, False),
        ((0.49, 85, 100), {"egfr_share": 90}, False),
        ((0.49, 90, 100), {"egfr_share": 90}, True),
        ((0.49, 140, 100), {}, True),
        ((0.5, 100, 100), {}, False),
        ((0.4, None, 100), {}, None),
    ],
)
def test_kdigo_complete(subject, options, expected):
    assert one(kdigo_complete(*subject, **options)) is expected


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ((4.0, 2.0, 100, 100), True),
        ((4.0, 2.01, 100, 100), False),
        ((8.0, 3.0, 100, 100), False),
        ((8.0, 2.99, 100, 100), True),
        ((4.0, 2.0, 84, 100), False),
        ((None, 2.0, 100, 100), None),
    ],
)
def test_kdigo_partial(subject, expected):
    assert one(kdigo_partial(*subject)) is expected


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        # (month, baseline UPCR, UPCR, eGFR, baseline eGFR)
        ((3, 2.0, 1.5, 90, 100), True),
        ((3, 2.0, 1.51, 90, 100), False),
        ((6, 2.0, 1.0, 90, 100), True),
        ((6, 2.0, 1.01, 90, 100), False),
        ((12, 2.0, 0.69, 90, 100), True),
        ((12, 2.0, 0.7, 90, 100), False),
        ((12, 4.0, 2.0, 90, 100), True),
        ((24, 4.0, 2.0, 90, 100), False),
        ((24, None, 0.6, 90, 100), True),
        ((12, None, 0.6, 90, 100), None),
        ((3, 2.0, 1.5, 89.9, 100), False),
        ((None, 2.0, 1.5, 90, 100), None),
    ],
)
def test_eular_trajectory(subject, expected):
    assert one(eular_2023_target(*subject)) is expected


def test_eular_month_is_a_milestone():
    with pytest.raises(CarstatsError, match="`month` is 4; allowed: 3, 6, 12 or 24"):
        eular_2023_target(4, 2, 1, 90, 90)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        # (response, reference UPCR, UPCR, reference eGFR, eGFR, haematuria categories)
        (("complete", 0.2, 0.51, 100, 100, 0), True),
        (("complete", 0.2, 0.5, 100, 100, 0), False),
        (("partial", 0.8, 1.6, 100, 100, 0), True),
        (("partial", 0.8, 1.59, 100, 100, 0), False),
        (("partial", 0.5, 1.0, 100, 100, 0), False),
        (("none", 0.5, 5.0, 100, 100, 0), False),
        (("none", 0.5, 0.5, 100, 89.9, 2), True),
        (("none", 0.5, 0.5, 100, 90, 2), False),
        (("none", 0.5, 0.5, 100, 80, 1), False),
        (("complete", None, 0.6, None, None, None), True),
        (("complete", None, 0.4, None, None, None), None),
        (("complete", 0.2, 0.4, 100, 100, None), False),
    ],
)
def test_renal_flare(subject, expected):
    assert one(renal_flare(*subject)) is expected


def test_renal_flare_is_seen_twice_more_than_a_week_apart():
    signs = renal_flare("complete", 0.2, [0.3, 0.6, 0.8], 100, 100, 0)
    assert told(confirmed(["a"] * 3, [0, 28, 35], signs, longer_than=7)) == [False, None, None]
    assert told(confirmed(["a"] * 3, [0, 28, 36], signs, longer_than=7)) == [False, True, None]


def test_time_to_upcr_below_half_is_the_first_of_two_visits_four_weeks_apart():
    below = np.array([0.6, 0.4, 0.45, 0.6, 0.3, 0.3]) < 0.5
    held = confirmed(["a"] * 6, [0, 28, 42, 84, 112, 140], below, span=28)
    assert told(held) == [False, False, False, False, True, None]


def test_ckd_epi_2021():
    # Woman of 40, 0.7 mg/dL (kappa): 142 x 1 x 1 x 0.9938^40 x 1.012 = 112.06.
    assert egfr_ckd_epi_2021(0.7, 40, "F", unit="mg/dL") == pytest.approx(
        [142 * 0.9938**40 * 1.012], rel=1e-12
    )
    # Man of 50, 1.8 mg/dL: twice kappa, 142 x 2^-1.2 x 0.9938^50 = 45.29.
    man = egfr_ckd_epi_2021(1.8, 50, "M", unit="mg/dL")
    assert man == pytest.approx([142 * 2**-1.2 * 0.9938**50], rel=1e-12)
    assert man == pytest.approx([45.29], abs=0.01)
    # Below kappa the exponent is -0.302 for men and -0.241 for women.
    assert egfr_ckd_epi_2021(0.45, 50, "M", unit="mg/dL") == pytest.approx(
        [142 * 0.5**-0.302 * 0.9938**50]
    )
    assert egfr_ckd_epi_2021(0.35, 50, "F", unit="mg/dL") == pytest.approx(
        [142 * 0.5**-0.241 * 0.9938**50 * 1.012]
    )


def test_ckd_epi_units_and_missing_values():
    same = egfr_ckd_epi_2021(88.4, 40, "F", unit="umol/L")
    assert same == pytest.approx(egfr_ckd_epi_2021(1.0, 40, "F", unit="mg/dL"))
    assert np.isnan(
        egfr_ckd_epi_2021([1, 1, None], [40, None, 40], [None, "F", "F"], unit="mg/dL")
    ).all()
    with pytest.raises(CarstatsError, match="implausible"):
        egfr_ckd_epi_2021(88.4, 40, "F", unit="mg/dL")
    with pytest.raises(CarstatsError, match="`age` is 12; allowed: 18 to 120"):
        egfr_ckd_epi_2021(0.6, 12, "F", unit="mg/dL")


def test_schwartz():
    # 0.413 x 140 / 0.7 = 82.6.
    assert egfr_schwartz(0.7, 140, unit="mg/dL") == pytest.approx([82.6])
