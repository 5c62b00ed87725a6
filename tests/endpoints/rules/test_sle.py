"""SLE rules, one tiny subject for each rule and boundary."""

import numpy as np
import pandas as pd
import pytest

from carstats.endpoints.rules.lupus.sle import doris_2021, doris_complete_off, lldas, sri
from carstats.endpoints.rules.lupus.sle_flare import (
    selena_flare_index,
    severe_manifestation,
    sle_relapse,
)
from carstats.endpoints.rules.lupus.sledai import (
    SLEDAI_ITEMS,
    clinical_sledai,
    clinical_sledai_from_total,
    major_organ_activity,
    new_activity,
    sledai_2k,
    sledai_band,
    sledai_change,
    sledai_excl_haem,
)
from carstats.errors import CarstatsError
from tests.endpoints.rules.verdict import named, one, told


def items(*present, **values):
    """Return the 24 items, absent but for those named."""
    return {name: name in present for name in SLEDAI_ITEMS} | values


# SLEDAI-2K ---------------------------------------------------------------------------------------


def test_sledai_self_check():
    # 8 x 8 + 6 x 4 + 7 x 2 + 3 x 1 = 64 + 24 + 14 + 3 = 105.
    weights = list(SLEDAI_ITEMS.values())
    assert [weights.count(w) for w in (8, 4, 2, 1)] == [8, 6, 7, 3]
    everything = items(*SLEDAI_ITEMS)
    assert sledai_2k(everything, attributable=True) == [105]
    assert clinical_sledai(everything, attributable=True) == [105 - 2 - 2]
    assert sledai_excl_haem(everything, attributable=True) == [105 - 1 - 1]


def test_sledai_of_arthritis_rash_and_low_complement():
    subject = items("arthritis", "rash", "low_complement")
    assert sledai_2k(subject, attributable=True) == [4 + 2 + 2]
    assert clinical_sledai(subject, attributable=True) == [4 + 2]


def test_cytopenia_of_lymphodepletion_does_not_score():
    subject = items("leucopenia", "fever", "arthritis")
    due = {"leucopenia": False, "fever": False}
    assert sledai_2k(subject, attributable=True) == [6]
    assert sledai_2k(subject, attributable=due) == [4]
    assert sledai_excl_haem(subject, attributable=True) == [5]


def test_sledai_with_a_missing_item_or_attribution_is_missing():
    assert np.isnan(sledai_2k(items(pyuria=None), attributable=True)).all()
    assert np.isnan(sledai_2k(items("pyuria"), attributable={"pyuria": None})).all()
    # Not present: its attribution is not consulted. Not attributable: whether it is there is not.
    assert sledai_2k(items(), attributable={"pyuria": None}) == [0]
    assert sledai_2k(items(pyuria=None), attributable={"pyuria": False}) == [0]


def test_sledai_of_a_table():
    table = pd.DataFrame([items("rash"), items("seizure", "fever")])
    np.testing.assert_array_equal(sledai_2k(table, attributable=True), [2, 9])


@pytest.mark.parametrize(
    ("given", "attributable", "message"),
    [
        ({"rash": True}, True, "`items` lacks 'seizure'"),
        (items(headache=True), True, "`items` names 'headache', not an item of SLEDAI-2K"),
        (items(), False, "`attributable` is False"),
        (items(), {"headache": True}, "`attributable` names 'headache'"),
        (items(rash=3), True, "`rash` is 3; it takes true or false"),
    ],
)
def test_sledai_items_that_cannot_be_used(given, attributable, message):
    with pytest.raises(CarstatsError, match=message):
        sledai_2k(given, attributable=attributable)


def test_clinical_sledai_from_the_total():
    result = clinical_sledai_from_total(
        [8, 4, 4, 6], [True, True, False, None], [True, True, False, 0]
    )
    np.testing.assert_array_equal(result, [4, 0, 4, np.nan])
    with pytest.raises(CarstatsError, match="smaller than the points of its items"):
        clinical_sledai_from_total(2, True, True)


def test_sledai_bands_at_their_edges():
    assert named(sledai_band([0, 1, 4, 5, 10, 11, 105, None])) == [
        "remission",
        *["low"] * 2,
        *["moderate"] * 2,
        *["high"] * 2,
        None,
    ]


def test_sledai_change_at_its_edges():
    assert named(sledai_change([8, 8, 4, 4, None], [4, 5, 7, 8, 3])) == [
        "improved",
        "unchanged",
        "unchanged",
        "flare",
        None,
    ]


# DORIS -------------------------------------------------------------------------------------------


def test_doris_met():
    assert one(doris_2021(0, 0.4, 5, True)) is True


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ((0, 0.4, 5.0, True), True),
        ((0, 0.4, 5.01, True), False),
        ((0, 0.5, 0, True), False),
        ((0, 0.49, 0, True), True),
        ((1, 0, 0, True), False),
        ((0, 0, 0, False), False),
        ((None, 0, 0, True), None),
        ((0, None, 0, True), None),
        ((0, 0, None, True), None),
        ((0, 0, 0, None), None),
        ((4, None, 0, True), False),
    ],
)
def test_doris_boundaries(subject, expected):
    assert one(doris_2021(*subject)) is expected


def test_doris_other_published_readings():
    assert one(doris_2021(0, 0, 5, True, gc_cut=("<", 5.0))) is False
    assert one(doris_2021(0, 0.5, 0, True, pga_cut=("<=", 0.5))) is True


def test_doris_complete_off():
    assert one(doris_complete_off(0, 0.4, 0, False, False)) is True
    assert one(doris_complete_off(0, 0.4, 1, False, False)) is False
    assert one(doris_complete_off(0, 0.4, 0, True, False)) is False
    assert one(doris_complete_off(0, 0.4, 0, False, True)) is False
    assert one(doris_complete_off(0, 0.4, 0, False, None)) is None


# LLDAS -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"sledai": 5}, False),
        ({"major_organ": True}, False),
        ({"haemolytic_or_gastrointestinal": True}, False),
        ({"new_since_previous": True}, False),
        ({"new_since_previous": None}, None),
        ({"pga": 1.01}, False),
        ({"prednisone_mg": 7.6}, False),
        ({"standard_treatment": False}, False),
        ({"sledai": 5, "pga": None}, False),
    ],
)
def test_lldas(changed, expected):
    at_the_limits = {
        "sledai": 4,
        "major_organ": False,
        "haemolytic_or_gastrointestinal": False,
        "new_since_previous": False,
        "pga": 1.0,
        "prednisone_mg": 7.5,
        "standard_treatment": True,
    }
    assert one(lldas(**at_the_limits | changed)) is expected


def test_lldas_components_from_items():
    assert one(major_organ_activity(items("fever"), attributable=True)) is True
    assert one(major_organ_activity(items("rash", "arthritis"), attributable=True)) is False
    assert one(major_organ_activity(items("fever"), attributable={"fever": False})) is False
    assert one(new_activity(items("rash"), items("rash"), attributable=True)) is False
    assert one(new_activity(items("rash"), items("arthritis"), attributable=True)) is True
    first_visit = dict.fromkeys(SLEDAI_ITEMS)
    assert one(new_activity(items("rash"), first_visit, attributable=True)) is None


# SRI ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "options", "expected"),
    [
        ((10, 6, 0, 1, 1.0, 1.29), {}, True),
        ((10, 7, 0, 0, 1, 1), {}, False),
        ((10, 6, 1, 0, 1, 1), {}, False),
        ((10, 6, 0, 2, 1, 1), {}, False),
        ((10, 6, 0, 0, 1.0, 1.3), {}, False),
        ((10, 6, None, 0, 1, 1), {}, None),
        ((5, 0, 0, 0, 1, 1), {}, None),
        ((6, 2, 0, 0, 1, 1), {}, True),
        ((5, 0, 0, 0, 1, 1), {"baseline_min": 0}, True),
        ((12, 6, 0, 0, 1, 1), {"points": 6}, True),
        ((12, 6, 0, 0, 1, 1), {"points": 8}, False),
        ((10, None, 0, 0, 1, 1, True), {}, False),
        ((10, 6, 0, 0, 1, 1, True), {}, False),
    ],
)
def test_sri(subject, options, expected):
    assert one(sri(*subject, **options)) is expected


# Flare index -------------------------------------------------------------------------------------

QUIET = {
    "previous_sledai": 4,
    "sledai": 4,
    "previous_pga": 0.5,
    "pga": 0.5,
    "severe_feature": False,
    "mild_feature": False,
    "hospitalised": False,
    "previous_prednisone_mg": 5,
    "prednisone_mg": 5,
    "weight_kg": 60,
    "new_immunosuppressant": False,
    "new_nsaid_or_antimalarial": False,
}


def flare(with_medication=True, **changed):
    (verdict,) = named(selena_flare_index(**QUIET | changed, with_medication=with_medication))
    return verdict


@pytest.mark.parametrize(
    ("changed", "with_items", "without"),
    [
        ({}, "none", "none"),
        ({"sledai": 6}, "none", "none"),
        ({"sledai": 7}, "mild/moderate", "mild/moderate"),
        ({"sledai": 12}, "mild/moderate", "mild/moderate"),
        ({"sledai": 13}, "severe", "severe"),
        ({"previous_sledai": 14, "sledai": 13}, "none", "none"),
        ({"pga": 1.49}, "none", "none"),
        ({"pga": 1.5}, "mild/moderate", "mild/moderate"),
        ({"previous_pga": 1.5, "pga": 2.5}, "mild/moderate", "mild/moderate"),
        ({"previous_pga": 1.5, "pga": 2.6}, "severe", "severe"),
        ({"mild_feature": True}, "mild/moderate", "mild/moderate"),
        ({"hospitalised": True}, "severe", "severe"),
        # 0.5 mg/kg of 60 kg is 30 mg: an increase to 30 is not above it, to 31 it is.
        ({"previous_prednisone_mg": 20, "prednisone_mg": 30}, "mild/moderate", "none"),
        ({"previous_prednisone_mg": 20, "prednisone_mg": 31}, "severe", "none"),
        ({"previous_prednisone_mg": 40, "prednisone_mg": 40}, "none", "none"),
        ({"new_immunosuppressant": True}, "severe", "none"),
        ({"new_nsaid_or_antimalarial": True}, "mild/moderate", "none"),
        # Nephritis without treatment: the clause of the index with medication is not met.
        ({"severe_feature": True}, "none", "severe"),
        ({"severe_feature": True, "prednisone_mg": 10}, "severe", "severe"),
        ({"severe_feature": True, "prednisone_mg": 9}, "mild/moderate", "severe"),
        # A severe item decides; without one, a missing item leaves it open.
        ({"sledai": 13, "pga": None}, "severe", "severe"),
        ({"pga": None}, None, None),
        ({"sledai": 7, "mild_feature": None}, "mild/moderate", "mild/moderate"),
        ({"mild_feature": None}, None, None),
        ({"sledai": 7, "hospitalised": None}, None, None),
        ({"prednisone_mg": None}, None, "none"),
        ({"weight_kg": None}, "none", "none"),
        ({"weight_kg": None, "prednisone_mg": 10}, None, "none"),
    ],
)
def test_flare_index(changed, with_items, without):
    assert flare(**changed) == with_items
    assert flare(with_medication=False, **changed) == without


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ((False, 60, False, 12, 12), False),
        ((False, 59, False, 12, 12), True),
        ((True, 200, False, None, None), True),
        ((False, 200, True, 7, 9), False),
        ((False, 200, True, 6.9, 9), True),
        ((False, 200, True, 9, 12), False),
        ((False, 200, True, 8.9, 12), True),
        ((False, 200, False, 6, 12), False),
        ((False, None, False, 12, 12), None),
    ],
)
def test_severe_manifestation(subject, expected):
    assert one(severe_manifestation(*subject)) is expected


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        # (SFI, SFI without medication, confirmed or treated, renal flare, rescue)
        (("none", "none", None, False), False),
        (("severe", "none", None, False), True),
        (("mild/moderate", "none", True, False), False),
        (("mild/moderate", "mild/moderate", True, False), True),
        (("mild/moderate", "mild/moderate", False, False), False),
        (("mild/moderate", "mild/moderate", None, False), None),
        (("none", "none", None, True), True),
        (("none", "none", None, False, True), True),
        ((None, "none", None, False), None),
        ((None, None, None, True), True),
    ],
)
def test_sle_relapse(subject, expected):
    assert one(sle_relapse(*subject)) is expected


def test_sle_relapse_reads_the_flare_index():
    verdict = selena_flare_index(**QUIET | {"sledai": [4, 13]})
    assert told(sle_relapse(verdict, verdict, True, False)) == [False, True]


def test_many_subjects_at_once():
    assert told(doris_2021([0, 0, 1], 0.2, [5, 6, 0], True)) == [True, False, False]
