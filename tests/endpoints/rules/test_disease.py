"""What all clinical rules share: missing components, ranges, visits in a row, units, catalogue."""

import importlib
import inspect

import numpy as np
import pandas as pd
import pytest

from carstats.data.units import convert
from carstats.data.vocabulary import Vocabulary
from carstats.endpoints.catalogue import endpoint_catalogue
from carstats.endpoints.record.confirmation import best_sustained, confirmed
from carstats.endpoints.record.declaring import KINDS, STATUSES
from carstats.endpoints.record.logic import (
    all_of,
    any_of,
    at_least,
    boolean,
    compare,
    failed_by,
    flags,
    given,
    numbers,
    texts,
)
from carstats.endpoints.rules.lupus import nephritis, sle
from carstats.endpoints.rules.muscle_skin import ssc
from carstats.endpoints.rules.nerve import mg, neurology
from carstats.errors import CarstatsError
from tests.endpoints.rules.verdict import one, told

YES, NO, UNKNOWN = (flags(x=value)[0] for value in (True, False, None))


# Missing components ------------------------------------------------------------------------------


def test_all_of_is_refuted_by_a_component_whatever_is_missing():
    assert one(all_of(YES, YES)) is True
    assert one(all_of(YES, NO)) is False
    assert one(all_of(YES, UNKNOWN)) is None
    assert one(all_of(NO, UNKNOWN)) is False


def test_any_of_is_decided_by_a_component_that_is_met():
    assert one(any_of(YES, UNKNOWN)) is True
    assert one(any_of(NO, UNKNOWN)) is None
    assert one(any_of(NO, NO)) is False


def test_at_least_is_decided_by_enough_components():
    assert one(at_least(2, YES, YES, UNKNOWN)) is True
    assert one(at_least(2, YES, NO, UNKNOWN)) is None
    assert one(at_least(2, NO, NO, UNKNOWN)) is False
    assert one(at_least(2, YES, NO, NO)) is False


def test_a_component_that_is_not_consulted_cannot_be_missing():
    assert one(given(NO, UNKNOWN)) is False
    assert one(given(YES, UNKNOWN)) is None
    assert one(given(UNKNOWN, NO)) is False
    assert one(given(UNKNOWN, YES)) is None
    assert one(given(YES, YES)) is True


def test_an_intercurrent_event_fails_a_response_whatever_is_missing():
    assert one(failed_by(YES, YES)) is False
    assert one(failed_by(UNKNOWN, YES)) is False
    assert one(failed_by(YES, UNKNOWN)) is None
    assert one(failed_by(YES, NO)) is True
    assert one(failed_by(YES, NO, YES)) is False


# Values, ranges, lengths -------------------------------------------------------------------------


def test_equal_to_a_threshold_despite_floating_point():
    # 100 * (10 - 8.6) / 10 is 14.000000000000004 and 0.1 + 0.2 is 0.30000000000000004.
    percent = np.array([100 * (10 - 8.6) / 10])
    assert percent[0] != 14
    assert one(compare(percent, "<=", 14)) is True
    assert one(compare(percent, ">", 14)) is False
    assert one(compare(np.array([0.1 + 0.2]), "<", 0.3)) is False
    assert one(compare(np.array([0.1 + 0.2]), ">=", 0.3)) is True
    assert one(compare(np.array([14 + 1e-6]), ">", 14)) is True


def test_scalars_lists_series_and_none_are_read_alike():
    a, b = numbers(
        a=([1, None, np.nan], 0, 9), b=(pd.Series([2.0, 3.0, 4.0], index=[7, 8, 9]), 0, 9)
    )
    np.testing.assert_array_equal(a, [1, np.nan, np.nan])
    np.testing.assert_array_equal(b, [2, 3, 4])
    assert told(flags(x=[1, 0, None, np.nan, pd.NA, True])[0]) == [True, False, *[None] * 3, True]
    assert told(flags(x=pd.array([True, None], dtype="boolean"))[0]) == [True, None]
    assert list(numbers(a=(pd.array([1, None], dtype="Int64"), 0, 9))[0][:1]) == [1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sle.doris_2021(0, 3.5, 0, True), "`pga` is 3.5; allowed: 0 to 3"),
        (
            lambda: sle.doris_2021([0, 102], 0, 0, True),
            "`csledai` is 102 at position 1; allowed: 0",
        ),
        (lambda: sle.doris_2021(0, 0, -1, True), "`prednisone_mg` is -1"),
        (lambda: sle.lldas(106, 0, 0, 0, 0, 0, 1), "`sledai` is 106; allowed: 0 to 105"),
        (lambda: ssc.mrss_response([52, 53], 40), r"`baseline` is 52 .*1 more.*0 to 51"),
        (lambda: mg.mg_adl_response(10, 25), "`follow_up` is 25; allowed: 0 to 24"),
        (lambda: mg.qmg_response(40, 10), "`baseline` is 40; allowed: 0 to 39"),
        (lambda: mg.mgc_response(51, 10), "`baseline` is 51; allowed: 0 to 50"),
        (lambda: neurology.edss_progression(0, 11), "`edss` is 11; allowed: 0 to 10"),
        (lambda: nephritis.perr(150, 90, 90), "`upcr` is 150; allowed: 0 to 40"),
        (lambda: sle.doris_2021(0, float("inf"), 0, True), "`pga` is inf"),
        (lambda: sle.doris_2021("0", 0, 0, True), "`csledai` is '0'; it takes numbers"),
        (lambda: sle.doris_2021(True, 0, 0, True), "`csledai` is True; it takes numbers"),
        (lambda: sle.doris_2021(0, 0, 0, 2), "`stable_treatment` is 2; it takes true or false"),
        (
            lambda: sle.doris_2021([0, 0], [0, 0, 0], 0, True),
            "lengths differ: `csledai` 2, `pga` 3",
        ),
        (lambda: sle.doris_2021(0, 0, 0, True, gc_cut=5), "`gc_cut` is 5; it takes a pair"),
        (lambda: sle.doris_2021(0, 0, 0, True, gc_cut=(">", 5)), "`gc_cut` is '>'; allowed: '<'"),
        (lambda: nephritis.crr(0.5, 90, 90, upcr_op="="), "`upcr_op` is '='"),
        (lambda: numbers(a=([[1]], 0, 2)), "`a` has 2 dimensions"),
        (lambda: texts("sex", ["F", "X"], ("F", "M")), "`sex` is 'X'; allowed: 'F', 'M'"),
    ],
)
def test_bad_values_are_named(call, message):
    with pytest.raises(CarstatsError, match=message):
        call()


def test_ten_thousand_subjects_at_once():
    rng = np.random.default_rng(1)
    n = 10_000
    met = sle.doris_2021(rng.integers(0, 3, n), rng.random(n), 2.5 * rng.integers(0, 4, n), True)
    subject, day = np.repeat(np.arange(n // 10), 10), np.tile(28 * np.arange(10), n // 10)
    again = confirmed(subject, day, met, span=56)
    assert len(again) == n
    assert again.sum() < met.sum()


# Visits in a row ---------------------------------------------------------------------------------


def test_confirmed_at_the_next_visit():
    met = [True, True, False, True]
    assert told(confirmed(["a"] * 4, [28, 56, 84, 112], met)) == [True, False, False, None]


def test_confirmation_does_not_reach_into_the_next_subject():
    assert told(confirmed(["a", "b", "b"], [28, 28, 56], [True] * 3)) == [None, True, None]


def test_confirmed_over_a_span_needs_every_visit_up_to_its_end():
    # Day 0 to day 28 exactly: the visit on day 14 has to hold as well.
    assert told(confirmed(["a"] * 3, [0, 14, 28], [True] * 3, span=28)) == [True, None, None]
    assert told(confirmed(["a"] * 3, [0, 14, 28], [True, False, True], span=28))[0] is False
    assert told(confirmed(["a"] * 2, [0, 27], [True] * 2, span=28)) == [None, None]


def test_more_than_a_week_apart():
    assert told(confirmed(["a"] * 2, [0, 7], [True] * 2, longer_than=7)) == [None, None]
    assert told(confirmed(["a"] * 2, [0, 8], [True] * 2, longer_than=7)) == [True, None]


def test_a_visit_that_is_not_evaluable_leaves_the_row_open():
    assert told(confirmed(["a"] * 3, [0, 28, 56], [True, None, True])) == [None, None, None]
    assert told(confirmed(["a"] * 3, [0, 28, 56], [True, None, False], visits=3))[0] is None


def test_sustained_for_24_weeks_without_a_long_gap():
    day, met = [168, 252, 336], [True] * 3
    assert told(confirmed(["a"] * 3, day, met, span=168, max_gap=1.5 * 84))[0] is True
    # 168 to 336 in one step of 168 days is more than 1.5 intervals of 84 days.
    assert told(confirmed(["a"] * 2, [168, 336], [True] * 2, span=168, max_gap=126))[0] is None
    assert told(confirmed(["a"] * 2, [168, 336], [True] * 2, span=168))[0] is True
    assert told(confirmed(["a"] * 3, [0, 168, 252], met, span=84, max_gap=126)) == [
        None,
        True,
        None,
    ]


def test_visits_may_stand_in_any_order():
    assert told(confirmed(["b", "a", "b", "a"], [56, 28, 28, 56], [True, True, True, False])) == [
        None,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("subject", "day", "message"),
    [
        (["a", "a"], [28, 28], "`day` 28 is given twice for subject 'a'"),
        (["a", None], [28, 56], "`subject` or `day` is missing"),
        (["a"], [28, 56], "`day` has 2 values for 1 visits"),
        (["a", "a", "a"], [28, 56, 84], "`met` has 2 values for 3 visits"),
    ],
)
def test_visits_that_cannot_be_used(subject, day, message):
    with pytest.raises(CarstatsError, match=message):
        confirmed(subject, day, [True, True])


def test_best_sustained_value():
    # Pairs: (10, 4) -> 10, (4, 6) -> 6, (6, 7) -> 7; each known from the visit after the pair on.
    best = best_sustained(["a"] * 5, [0, 28, 56, 84, 112], [10, 4, 6, 7, 9])
    np.testing.assert_array_equal(best, [np.nan, np.nan, 10, 6, 6])
    gap = best_sustained(["a"] * 4, [0, 28, 56, 84], [3, None, 3, 3])
    np.testing.assert_array_equal(gap, [np.nan] * 4)


# Units -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "value", "unit", "expected"),
    [
        ("UPCR", 0.5, "g/g", 0.5),
        ("UPCR", 0.5, "mg/mg", 0.5),
        ("UPCR", 500, "mg/g", 0.5),
        ("UPCR", 113.1, "mg/mmol", 1.0),
        ("IgG", 700, "mg/dL", 7.0),
        ("IgG", 7, "g/L", 7.0),
        ("creatinine", 88.4, "µmol/L", 1.0),
        ("creatinine", 88.4, "umol/l", 1.0),
        ("platelets", 150_000, "/µL", 150),
        ("platelets", 150, "×10⁹/L", 150),
        ("platelets", 150, "10*9/L", 150),
        ("platelets", 150, "x10^9/L", 150),
        ("haemoglobin", 105, "g/L", 10.5),
        ("CRP", 1, "mg/dL", 10),
        ("B_cells", 0.01, "10^9/L", 10),
    ],
)
def test_conversion(measure, value, unit, expected):
    assert convert(measure, value, unit).value == pytest.approx([expected], rel=1e-12)


def test_the_converter_of_upcr_is_reported():
    exact, rounded = (
        convert("UPCR", 50, "mg/mmol"),
        convert("UPCR", 50, "mg/mmol", upcr_converter="KDIGO"),
    )
    # 50 / 113.1 = 0.44208...; KDIGO prints 50 mg/mmol as 0.5 g/g.
    assert exact.value == pytest.approx([50 / 113.1])
    assert rounded.value == pytest.approx([0.5])
    assert exact.converter == "UPCR: 113.1 mg/mmol = 1 g/g"
    assert rounded.converter == "UPCR: 100 mg/mmol = 1 g/g (rounded as in KDIGO 2024)"
    assert convert("IgG", 700, "mg/dL").converter == "IgG: 100 mg/dL = 1 g/L"
    assert exact.unit == "g/g"


@pytest.mark.parametrize(
    ("measure", "value", "unit", "message"),
    [
        (
            "IgG",
            700,
            "g/L",
            r"`IgG` is 700 g/L, which is implausible; allowed: 0 to 100 g/L.*mg/dL",
        ),
        ("UPCR", [0.4, 120], "g/g", r"`UPCR` is 120 g/g at position 1, .*mg/g or mg/mmol"),
        ("creatinine", 80, "mg/dL", "80 mg/dL, which is implausible.*Is it in umol/L"),
        ("creatinine", 0.9, "umol/L", "implausible.*Is it in mg/dL"),
        ("platelets", 150_000, "10^9/L", "implausible.*Is it in /uL"),
        ("IgG", -1, "g/L", "`IgG` is -1 g/L, which is implausible"),
        ("UPCR", 1, "mmol/mol", "`unit` is 'mmol/mol', not a unit of UPCR. It has: 'g/g', 'mg/mg'"),
        ("albumin", 1, "g/L", "`measure` is 'albumin'; allowed: 'UPCR'"),
    ],
)
def test_implausible_values_and_unknown_units_are_named(measure, value, unit, message):
    with pytest.raises(CarstatsError, match=message):
        convert(measure, value, unit)


# Catalogue ---------------------------------------------------------------------------------------

CATALOGUE = endpoint_catalogue()


def test_catalogue_has_every_endpoint_and_toxicity_of_the_vocabulary():
    vocabulary = Vocabulary()
    names = set(CATALOGUE["name"])
    assert set(vocabulary.names("endpoint")) <= names
    assert set(vocabulary.names("toxicity")) <= names
    assert set(CATALOGUE["disease"]) <= {"any", *vocabulary.names("disease")}


def test_catalogue_entries_are_whole():
    assert not CATALOGUE["name"].duplicated().any()
    assert set(CATALOGUE["status"]) == set(STATUSES)
    assert set(CATALOGUE["kind"]) <= set(KINDS)
    for column in ("definition", "thresholds", "source"):
        assert CATALOGUE[column].str.len().gt(0).all()
    assert CATALOGUE["doi"].str.match(r"^(10\.\d{4,}/\S+)?$").all()


@pytest.mark.parametrize("path", sorted({path for path in CATALOGUE["function"] if path}))
def test_catalogue_names_a_function_that_says_its_status(path):
    module, name = path.rsplit(".", 1)
    function = getattr(importlib.import_module(f"carstats.endpoints.{module}"), name)
    statuses = set(CATALOGUE.loc[CATALOGUE["function"] == path, "status"])
    if path != "record.confirmation.confirmed":
        words = f"{function.__doc__} {inspect.getmodule(function).__doc__}".lower()
        assert {s for s in statuses if s != "verified"} <= {s for s in STATUSES if s in words}


def test_boolean_keeps_missing_apart():
    assert told(boolean([True, False, True], [False, False, True])) == [True, False, None]
