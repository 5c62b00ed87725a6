"""Rheumatoid arthritis, pemphigus, cytopenias, vasculitis and Sjögren disease."""

import math

import pytest

from carstats.endpoints.record.confirmation import confirmed
from carstats.endpoints.rules.blood.immune_cytopenias import (
    aiha_complete_response,
    itp_loss,
    itp_response,
)
from carstats.endpoints.rules.muscle_skin.joints import (
    acr_response,
    boolean_remission,
    cdai,
    cdai_band,
    das28,
    das28_remission,
    joint_count_halved,
)
from carstats.endpoints.rules.other_diseases import (
    aav_remission,
    essdai_response,
    pemphigus_relapse,
    pemphigus_remission,
    pemphigus_remission_minimal,
    sjogren_cress,
    sjogren_star,
)
from carstats.errors import CarstatsError
from tests.endpoints.rules.verdict import named, one, told


def test_das28_by_hand():
    # 0.56 x 3 + 0.28 x 2 + 0.36 ln(e) + 0.014 x 50 + 0.96 = 1.68 + 0.56 + 0.36 + 0.7 + 0.96 = 4.26.
    assert das28(9, 4, math.e - 1, 50) == pytest.approx([4.26])
    # With ESR: 1.68 + 0.56 + 0.70 x 2 + 0.7 = 4.34.
    assert das28(9, 4, math.e**2, 50, marker="ESR") == pytest.approx([4.34])
    assert told(das28_remission([2.59, 2.6, None])) == [True, False, None]
    with pytest.raises(CarstatsError, match="`tender` is 29; allowed: 0 to 28"):
        das28(29, 0, 1, 1)


def test_cdai():
    assert cdai(1, 1, 0.4, 0.4) == pytest.approx([2.8])
    # 1 + 1 + 0.4 + 0.4 is 2.8 to the eye, whatever the double says.
    assert named(cdai_band(cdai(1, 1, 0.4, 0.4))) == ["remission"]
    assert named(cdai_band([2.9, 10, 10.1, 22, 22.1, None])) == [
        *("low", "low", "moderate", "moderate", "high"),
        None,
    ]


def test_boolean_remission():
    assert one(boolean_remission(1, 1, 1, 2)) is True
    assert one(boolean_remission(1, 1, 1, 2, patient_max=1)) is False
    for subject in ((2, 1, 1, 2), (1, 2, 1, 2), (1, 1, 1.1, 2), (1, 1, 1, 2.1)):
        assert one(boolean_remission(*subject)) is False
    assert one(boolean_remission(1, None, 1, 2)) is None


ACR = {
    "tender": 20,
    "swollen": 10,
    "pain": 50,
    "patient": 50,
    "physician": 50,
    "haq": 2,
    "acute_phase": 30,
}
# 20 % better: 16 tender, 8 swollen, 40, 40 and 40 of 100.
ACR20 = ACR | {"tender": 16, "swollen": 8, "pain": 40, "patient": 40, "physician": 40}


@pytest.mark.parametrize(
    ("now", "options", "expected"),
    [
        (ACR20, {}, True),
        (ACR20 | {"tender": 17}, {}, False),
        (ACR20 | {"swollen": 9}, {}, False),
        (ACR20 | {"pain": 41}, {}, False),
        (ACR20, {"percent": 50}, False),
        (ACR20 | {"haq": None}, {}, True),
        (ACR20 | {"pain": 50, "haq": None}, {}, None),
        (ACR20 | {"tender": None}, {}, None),
        (ACR20, {"rescue": True}, False),
        ({name: value * 0.5 for name, value in ACR.items()}, {"percent": 50}, True),
        ({name: value * 0.3 for name, value in ACR.items()}, {"percent": 70}, True),
        ({name: value * 0.31 for name, value in ACR.items()}, {"percent": 70}, False),
    ],
)
def test_acr_response(now, options, expected):
    assert one(acr_response(ACR, now, **options)) is expected


def test_joint_count_halved():
    first = {"tender": 20, "swollen": 10}
    assert one(joint_count_halved(first, {"tender": 20, "swollen": 5})) is True
    assert one(joint_count_halved(first, {"tender": 11, "swollen": 6})) is False
    assert one(joint_count_halved(first, {"tender": None, "swollen": 5})) is True
    assert one(joint_count_halved(first, {"tender": None, "swollen": 6})) is None


def test_pemphigus():
    assert told(pemphigus_remission([0, 0, 1, 0], [60, 59, 90, None])) == [True, False, False, None]
    assert one(pemphigus_remission_minimal(0, 10, True, 60)) is True
    assert one(pemphigus_remission_minimal(0, 10.1, True, 60)) is False
    assert one(pemphigus_relapse(3, False, False)) is True
    assert one(pemphigus_relapse(3, True, False)) is False
    assert one(pemphigus_relapse(2, None, False)) is False
    assert one(pemphigus_relapse(0, None, True)) is True
    assert one(pemphigus_relapse(3, None, False)) is None


@pytest.mark.parametrize(
    ("subject", "level", "expected"),
    [
        # (baseline, now, bleeding, rescue)
        ((10, 100, False), "complete", True),
        ((10, 99, False), "complete", False),
        ((None, 100, False), "complete", True),
        ((10, 100, True), "complete", False),
        ((10, 30, False), "response", True),
        ((10, 29, False), "response", False),
        ((20, 40, False), "response", True),
        ((20, 39, False), "response", False),
        ((None, 40, False), "response", None),
        ((10, 100, False, True), "complete", False),
        ((10, None, None, True), "complete", False),
    ],
)
def test_itp_response(subject, level, expected):
    assert one(itp_response(*subject, level=level)) is expected


def test_itp_response_needs_two_counts_a_week_apart():
    met = itp_response(10, [120, 130, 90], False, level="complete")
    assert told(confirmed(["a"] * 3, [28, 35, 56], met, span=7))[0] is True
    assert told(confirmed(["a"] * 3, [28, 34, 56], met, span=7))[0] is False


def test_itp_loss():
    levels = ["complete", "complete", "response", "response", "response", None]
    counts = [100, 99, 30, 29, 31, 50]
    assert told(itp_loss(levels, 10, counts, False)) == [False, True, False, True, False, None]
    assert one(itp_loss("response", 10, None, True)) is True
    # Twice a baseline of 20 is 40: lost at 39 as the paper has it, not by the count of 30 alone.
    assert one(itp_loss("response", 20, 39, False)) is True
    assert one(itp_loss("response", 20, 40, False)) is False
    assert one(itp_loss("response", 20, 39, False, times=None)) is False


def test_aiha_complete_response():
    assert one(aiha_complete_response(12, 12, False, False, False)) is True
    assert one(aiha_complete_response(11.9, 12, False, False, False)) is False
    assert one(aiha_complete_response(13, 12, True, False, False)) is False
    assert one(aiha_complete_response(13, 12, False, True, False)) is False
    assert one(aiha_complete_response(13, 12, False, False, True)) is False
    assert one(aiha_complete_response(13, 12, None, False, False)) is None


def test_aav_and_sjogren():
    assert told(aav_remission([0, 0, 1, None], [0, 2.5, 0, 0])) == [True, False, False, None]
    assert told(essdai_response([10, 10], [7, 8])) == [True, False]
    assert one(sjogren_star(True, False, True, True, False)) is True
    assert one(sjogren_star(True, False, True, False, False)) is False
    assert one(sjogren_star(True, True, None, False, False)) is None
    assert one(sjogren_cress(True, True, True, None, False)) is True
    assert one(sjogren_cress(True, True, False, None, False)) is None
