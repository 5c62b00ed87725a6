"""ICAHT, T-ICAHT, CTCAE, IgG, B cells and antibodies: one small subject for every rule and edge."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from carstats import CarstatsError
from carstats.endpoints.rules.blood.bcells import (
    aplasia_at,
    b_cell_aplasia,
    b_cell_reconstitution,
    naive_share,
    naive_share_at_return,
)
from carstats.endpoints.rules.blood.immunoglobulin import (
    hypogammaglobulinaemia,
    igg_course,
    igg_recovery,
    ivig_masked,
    passive_antibodies,
)
from carstats.endpoints.rules.blood.serology import (
    complement_normal,
    complement_normalisation,
    log2_change,
    seroconversion,
)
from carstats.endpoints.rules.toxicity.ctcae import ctcae_grade, ctcae_shift
from carstats.endpoints.rules.toxicity.icaht import early_icaht, early_icaht_grade, late_icaht
from carstats.endpoints.rules.toxicity.t_icaht import (
    early_t_icaht,
    late_t_icaht,
    late_t_icaht_grade,
)

NAN = np.nan


def verdicts(array):
    """Return a nullable boolean array as a list of True, False and None."""
    return [None if value is pd.NA else bool(value) for value in array]


def samples(values, name="S", **columns):
    """Return a table of samples from a mapping of day to value."""
    return pd.DataFrame(
        {"subject_id": name, "day": list(values), "value": list(values.values())} | columns
    )


def daily(low_days, low=0.4, high=2.0, first=0, last=30, name="S"):
    """Return counts of every day: `low` on `low_days`, else `high`."""
    return samples({d: low if d in low_days else high for d in range(first, last + 1)}, name)


def only(frame):
    """Return the single row of a table."""
    (row,) = frame.to_dict("records")
    return row


# --- early ICAHT ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "grade"), [(0, 0), (1, 1), (6, 1), (7, 2), (13, 2), (14, 3), (30, 3), (31, 4)]
)
def test_early_icaht_days_at_or_below_500(days, grade):
    # 31 days are days 0 to 30: never above 500
    row = only(early_icaht(daily(range(days), low=0.5)))
    assert row["days_severe_low"] == row["days_severe_high"] == days
    assert row["grade"] == grade
    assert row["rule"] == "daily values"


@pytest.mark.parametrize(("days", "grade"), [(6, 1), (7, 3), (13, 3), (14, 4)])
def test_early_icaht_days_at_or_below_100(days, grade):
    row = only(early_icaht(daily(range(5, 5 + days), low=0.1)))
    assert row["days_profound_low"] == days
    assert row["grade"] == grade


def test_early_icaht_just_above_a_threshold_does_not_count():
    assert only(early_icaht(daily(range(20), low=0.501)))["grade"] == 0
    assert only(early_icaht(daily(range(5, 12), low=0.101)))["grade"] == 2  # 7 days, none ≤ 100


def test_early_icaht_unit_is_explicit_and_an_implausible_value_is_named():
    per_ul = daily(range(7), low=500, high=2000)
    assert only(early_icaht(per_ul, unit="/uL"))["grade"] == 2
    with pytest.raises(CarstatsError, match=r"`ANC` is 500 10\^9/L.*implausible.*/uL"):
        early_icaht(per_ul)
    with pytest.raises(CarstatsError, match="`ANC` is -1"):
        early_icaht(samples({1: -1}))


def test_early_icaht_2_days_above_are_no_recovery_and_3_are():
    # low on days 3 to 6 and on the day after the rise: 4 + 2 + 1 = 7 days, or 4 + 1 = 5
    two = only(early_icaht(daily([3, 4, 5, 6, 9])))
    assert (two["days_severe_low"], two["grade"], two["recovery_day"]) == (7, 2, 10)
    three = only(early_icaht(daily([3, 4, 5, 6, 10])))
    assert (three["days_severe_low"], three["grade"], three["recovery_day"]) == (5, 1, 7)


def test_early_icaht_days_are_cumulative_unless_the_longest_stretch_is_asked_for():
    table = daily([2, 3, 4, 5, 10, 11, 12])  # 4 days, a recovery, 3 days
    assert only(early_icaht(table))["grade"] == 2
    longest = only(early_icaht(table, count="longest"))
    assert (longest["days_severe_low"], longest["grade"]) == (4, 1)


def test_early_icaht_one_day_above_500_is_not_never_above():
    low = [d for d in range(31) if d != 15]
    row = only(early_icaht(daily(low)))
    assert (row["days_severe_low"], row["grade"]) == (31, 3)  # the single day counts, G4 does not
    # a count above 500 on days 0 to 2 may be let pass by name
    late_fall = daily(range(3, 31))
    assert only(early_icaht(late_fall))["grade"] == 3
    assert only(early_icaht(late_fall, lead_days=3))["grade"] == 4


def test_early_icaht_death_without_recovery_is_grade_4():
    row = only(early_icaht(daily(range(9), last=8), censor_days={"S": 8}))
    assert (row["days_severe_low"], row["grade"]) == (9, 4)


def test_early_icaht_days_after_censoring_do_not_count():
    table = daily(range(5, 15))  # days 5 to 14
    assert only(early_icaht(table))["grade"] == 2
    assert only(early_icaht(table, censor_days={"S": 10}))["grade"] == 1  # days 5 to 10 are 6


def test_early_icaht_excludes_days_before_infusion_and_reports_the_baseline():
    table = daily(range(-8, 0), first=-8)
    row = only(early_icaht(table))
    assert (row["grade"], row["baseline"], row["baseline_day"]) == (0, 0.4, -1)
    assert row["baseline_rule"] == "before infusion"
    earlier = only(early_icaht(table, lymphodepletion_days={"S": -5}))
    assert (earlier["baseline_day"], earlier["baseline_rule"]) == (-6, "before lymphodepletion")


def test_early_icaht_thrice_weekly_samples_are_carried_forward():
    days = [0, 2, 4, 7, 9, 11, 14, 16, 18, 21, 23, 25, 28, 30]
    table = samples({d: 0.3 if d in (7, 9, 11) else 1.8 for d in days})
    row = only(early_icaht(table))
    # 7, 8 | 9, 10 | 11, 12, 13: 7 days
    assert row["days_severe_low"] == row["days_severe_high"] == 7
    assert (row["grade"], row["rule"]) == (2, "last value carried forward")


def test_early_icaht_longer_gaps_give_bounds():
    table = samples({0: 2.0, 3: 2.0, 6: 0.3, 13: 0.3, 16: 2.0, 20: 2.0, 24: 2.0, 28: 2.0})
    row = only(early_icaht(table))
    # 6 to 9 (carried 3 days) and 13 to 15 are 7; 10, 11, 12 are unknown: up to 10
    assert (row["days_severe_low"], row["days_severe_high"]) == (7, 10)
    assert (row["grade"], row["rule"]) == (2, "interval bounds")
    sparse = only(early_icaht(samples({0: 2.0, 6: 0.3, 13: 0.3, 20: 2.0, 27: 2.0})))
    # known 6-9, 13-16: 8; unknown 4, 5, 10-12, 17-19: up to 16; 24-26 lie between two normal
    assert (sparse["days_severe_low"], sparse["days_severe_high"]) == (8, 16)
    assert (sparse["grade_low"], sparse["grade_high"]) == (2, 3)
    assert np.isnan(sparse["grade"])


def test_early_icaht_does_not_grade_0_what_was_hardly_sampled():
    one = only(early_icaht(samples({5: 3.0})))
    assert np.isnan(one["grade"])
    assert (one["grade_low"], one["grade_high"]) == (0, 4)  # days 9 to 30 could be anything
    weekly = only(early_icaht(samples({0: 3.0, 7: 3.0, 14: 3.0, 21: 3.0, 28: 3.0})))
    assert weekly["grade"] == 0


def test_early_icaht_subject_without_counts_has_a_row():
    found = early_icaht(daily(range(7)), subjects=["S", "T"])
    assert found["subject_id"].tolist() == ["S", "T"]
    assert found["rule"].tolist() == ["daily values", "no values"]
    assert_array_equal(found["grade"], [2, NAN])


def test_early_icaht_lowest_of_a_day_counts():
    twice = pd.concat([daily([]), samples({4: 0.2})])
    assert only(early_icaht(twice))["grade"] == 1


def test_early_icaht_grade_of_missing_days():
    assert_array_equal(early_icaht_grade([NAN, 3, NAN], [0, NAN, 14]), [NAN, NAN, 4])


# --- late ICAHT -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "grade"),
    [(1.51, 0), (1.5, 1), (1.01, 1), (1.0, 2), (0.51, 2), (0.5, 3), (0.11, 3), (0.1, 4)],
)
def test_late_icaht_edges(count, grade):
    assert only(late_icaht(samples({31: count, 60: count, 90: 3.0})))["grade"] == grade


def test_late_icaht_begins_on_day_31_and_needs_two_values():
    assert only(late_icaht(samples({30: 0.1, 31: 0.1, 40: 2.0})))["grade"] == 0  # one low value
    assert only(late_icaht(samples({31: 0.1, 32: 0.4, 40: 2.0})))["grade"] == 3  # both ≤ 0.5
    assert np.isnan(only(late_icaht(samples({30: 0.1, 31: 0.1})))["grade"])
    assert np.isnan(only(late_icaht(samples({31: 0.1, 50: 0.1}), censor_days={"S": 49}))["grade"])


# --- T-ICAHT ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "days", "grade"),
    [
        (50, 20, 0), (49, 1, 1), (49, 6, 1), (49, 7, 2), (20, 7, 2), (19, 1, 3), (19, 13, 3),
        (19, 14, 4),
    ],
)  # fmt: skip
def test_early_t_icaht_edges(low, days, grade):
    assert only(early_t_icaht(daily(range(5, 5 + days), low, 200)))["grade"] == grade


@pytest.mark.parametrize(
    ("low", "days", "grade"),
    [(100, 20, 0), (99, 2, 1), (50, 2, 1), (49, 2, 2), (20, 9, 2), (19, 2, 3), (19, 13, 3),
     (19, 14, 4)],
)  # fmt: skip
def test_late_t_icaht_edges(low, days, grade):
    table = daily(range(40, 40 + days), low, 200, first=31, last=100)
    assert only(late_t_icaht(table))["grade"] == grade


def test_late_t_icaht_window_is_days_31_to_100_and_one_low_value_is_not_enough():
    outside = daily([29, 30, 101, 102], 10, 200, first=25, last=105)
    assert only(late_t_icaht(outside))["grade"] == 0
    assert only(late_t_icaht(daily([50], 10, 200, first=31, last=100)))["grade"] == 0


def test_late_t_icaht_sparse_counts_below_20_have_bounds():
    row = only(late_t_icaht(samples({35: 150, 42: 15, 56: 15, 63: 150, 91: 150})))
    # known 42-45 and 56-59: 8 days; unknown 39-41, 46-55, 60-62: up to 24
    assert row["days_very_low_low"] == 8
    assert (row["grade_low"], row["grade_high"]) == (3, 4)
    assert_array_equal(late_t_icaht_grade([10, 60], [NAN, NAN]), [NAN, 1])


# --- CTCAE ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "lln", "values", "grades"),
    [
        (
            "neutrophils",
            2.0,
            [2.0, 1.99, 1.5, 1.49, 1.0, 0.99, 0.5, 0.49],
            [0, 1, 1, 2, 2, 3, 3, 4],
        ),
        ("platelets", 150, [150, 149, 75, 74, 50, 49, 25, 24], [0, 1, 1, 2, 2, 3, 3, 4]),
        ("haemoglobin", 12, [12, 11.9, 10, 9.9, 8, 7.9, 5], [0, 1, 1, 2, 2, 3, 3]),
        ("lymphocytes", 1.0, [1.0, 0.9, 0.8, 0.79, 0.5, 0.49, 0.2, 0.19], [0, 1, 1, 2, 2, 3, 3, 4]),
        ("leucocytes", 4.0, [4.0, 3.9, 3.0, 2.9, 2.0, 1.9, 1.0, 0.9], [0, 1, 1, 2, 2, 3, 3, 4]),
    ],
)
def test_ctcae_edges(test, lln, values, grades):
    assert_array_equal(ctcae_grade(values, test, lln=lln), grades)


@pytest.mark.parametrize(
    ("test", "values", "v5", "v6"),
    [
        ("neutrophils", [1.5, 1.49, 1.0, 0.99, 0.7, 0.5, 0.49, 0.1, 0.09],
         [1, 2, 2, 3, 3, 3, 4, 4, 4], [1, 1, 1, 2, 2, 2, 3, 3, 4]),
        ("platelets", [75, 74, 50, 49, 25, 24, 10, 9], [1, 2, 2, 3, 3, 4, 4, 4],
         [1, 2, 2, 3, 3, 3, 3, 4]),
    ],
)  # fmt: skip
def test_ctcae_versions(test, values, v5, v6):
    assert_array_equal(ctcae_grade(values, test, lln=300.0 if test == "platelets" else 2.0), v5)
    limit = 300.0 if test == "platelets" else 2.0
    assert_array_equal(ctcae_grade(values, test, lln=limit, version="v6"), v6)


def test_ctcae_version_is_in_the_row_and_checked():
    table = samples({-9: 1.2, 4: 0.7})
    for version, grade in (("v5", 3), ("v6", 2)):
        row = only(ctcae_shift(table, "neutrophils", lln=2.0, version=version))
        assert (row["grade"], row["grading_scale"]) == (grade, f"CTCAE {version}")
    with pytest.raises(CarstatsError, match="`version` is 'v4'"):
        ctcae_grade(1.0, "neutrophils", version="v4")


def test_ctcae_without_a_limit_cannot_tell_0_from_1():
    assert_array_equal(ctcae_grade([3.0, 1.4, None], "neutrophils"), [NAN, 2, NAN])


def test_ctcae_haemoglobin_in_g_per_litre_is_named():
    with pytest.raises(CarstatsError, match=r"`haemoglobin` is 95 g/dL.*g/L"):
        ctcae_grade(95, "haemoglobin", lln=12)
    assert_array_equal(ctcae_grade(95, "haemoglobin", lln=120, unit="g/L"), [2])


def test_ctcae_shift_from_the_baseline():
    table = samples({-9: 1.2, -2: 0.3, 4: 0.4, 8: 0.3, 20: 2.5})
    row = only(ctcae_shift(table, "neutrophils", lln=2.0, lymphodepletion_days={"S": -5}))
    # baseline 1.2 is grade 2, worst 0.4 is grade 4
    assert (row["baseline_grade"], row["grade"], row["shift"]) == (2, 4, 2)
    assert (row["onset_day"], row["worst_day"], row["term"]) == (4, 4, "neutropenia")


def test_ctcae_shift_baseline_that_cannot_be_graded_is_not_replaced_by_an_older_one():
    row = only(ctcae_shift(samples({-9: 0.4, -2: 3.0, 4: 0.4}), "neutrophils"))
    assert (row["baseline_day"], row["grade"]) == (-2, 4)
    assert np.isnan(row["baseline_grade"])
    assert np.isnan(only(ctcae_shift(samples({4: 3.0}), "neutrophils"))["grade"])


# --- IgG --------------------------------------------------------------------------------------


def test_igg_presets():
    assert verdicts(hypogammaglobulinaemia([7.0, 6.99, None])) == [False, True, None]
    assert verdicts(hypogammaglobulinaemia([4.0, 3.99], preset="severe")) == [False, True]
    assert verdicts(hypogammaglobulinaemia(650, unit="mg/dL")) == [True]
    with pytest.raises(CarstatsError, match=r"`IgG` is 650 g/L.*implausible.*mg/dL"):
        hypogammaglobulinaemia(650)
    with pytest.raises(CarstatsError, match="`preset`"):
        hypogammaglobulinaemia(5, preset="mild")


def test_ivig_masks_27_days_and_not_28():
    assert ivig_masked([0, 27, 28, NAN]).tolist() == [True, True, False, False]
    assert passive_antibodies([83, 84]).tolist() == [True, False]
    assert passive_antibodies([55, 56], mask_days=56).tolist() == [True, False]


def test_igg_course():
    table = samples({-10: 9.0, 30: 6.0, 60: 3.9, 87: 8.0, 88: 6.5, 120: 7.0})
    ivig = pd.DataFrame({"subject_id": ["S"], "day": [60]})
    row = only(igg_course(table, ivig))
    # the sample of day 60 is the day of IVIG, that of day 87 is 27 days after: both masked
    assert (row["onset_day"], row["nadir"], row["nadir_day"]) == (30, 6.0, 30)
    assert (row["n_values"], row["n_masked"], row["n_ivig"]) == (3, 2, 1)
    assert (row["resolution_day"], row["severity"], row["baseline"]) == (88, "mild", 9.0)
    assert not row["low_before"]
    # no two neighbours are both known to be below; at most from day 30 to day 120
    assert (row["days_below_low"], row["days_below_high"]) == (0, 90)


def test_igg_course_severe_and_days_below():
    row = only(igg_course(samples({0: 8.0, 30: 3.9, 60: 5.0, 90: 7.5, 120: 8.0})))
    assert (row["severity"], row["low"]) == ("severe", True)
    assert (row["days_below_low"], row["days_below_high"]) == (30, 90)  # 30-60; 0-30, 60-90
    never = only(igg_course(samples({0: 8.0, 30: 7.0})))
    assert (never["low"], never["days_below_high"]) == (False, 0)
    assert np.isnan(never["onset_day"])


def test_igg_recovery_needs_two_samples_without_ivig():
    table = samples({20: 5.0, 50: 6.0, 80: 7.0, 110: 7.2})
    row = only(igg_recovery(table))
    assert (row["status"], row["time_low"], row["time_high"]) == ("event", 50, 80)
    ivig = pd.DataFrame({"subject_id": ["S"], "day": [83]})
    masked = only(igg_recovery(table, ivig))  # day 110 is 27 days after
    assert (masked["status"], masked["time"]) == ("censored", 50)
    assert masked["note"] == "a return not confirmed"
    earlier = pd.DataFrame({"subject_id": ["S"], "day": [82]})
    late = samples({20: 5.0, 50: 6.0, 80: 7.0, 110: 7.2, 140: 7.1})
    # day 110 is 28 days after day 82: days 80 and 110 are in a row
    assert only(igg_recovery(late, earlier))["time"] == 80


def test_igg_never_low_cannot_recover():
    row = only(igg_recovery(samples({20: 8.0, 50: 9.0})))
    assert row["status"] is None
    assert row["note"] == "IgG never below the threshold"


# --- B cells ----------------------------------------------------------------------------------


def cells(values, name="S", **columns):
    return samples(values, name, **columns).rename(columns={"value": "count"})


def test_b_cell_aplasia_presets():
    assert verdicts(b_cell_aplasia([9.9, 10, None])) == [True, False, None]
    assert verdicts(b_cell_aplasia([0.9, 1], preset="<1/uL")) == [True, False]
    assert verdicts(b_cell_aplasia(percent=[0.09, 0.1], preset="<0.1%")) == [True, False]
    assert verdicts(b_cell_aplasia([0.4, 0.5], preset="undetectable", lloq=0.5)) == [True, False]
    with pytest.raises(CarstatsError, match="`lloq` is not given"):
        b_cell_aplasia(1, preset="undetectable")
    with pytest.raises(CarstatsError, match="`percent` is not given"):
        b_cell_aplasia(1, preset="<0.1%")
    with pytest.raises(CarstatsError, match="`count` is -1; allowed: 0 to 100000"):
        b_cell_aplasia(-1)


def test_reconstitution_is_the_first_of_two_consecutive_samples():
    table = cells({-7: 120, 7: 0, 28: 0, 56: 12, 84: 3, 112: 10, 140: 40})
    row = only(b_cell_reconstitution(table))
    # day 56 is a single blip; the return lies in (84, 112]
    assert (row["status"], row["time"]) == ("event", 112)
    assert (row["time_low"], row["time_high"], row["away_day"]) == (84, 112, 7)
    assert row["endpoint"] == "b_cell_reconstitution"


def test_reconstitution_depends_on_the_preset():
    table = cells({7: 0, 28: 2, 56: 5, 84: 30, 112: 50})
    assert only(b_cell_reconstitution(table, preset="<1/uL"))["time"] == 28
    assert only(b_cell_reconstitution(table))["time"] == 84


def test_reconstitution_at_the_last_sample_is_not_confirmed():
    row = only(b_cell_reconstitution(cells({7: 0, 28: 0, 56: 50})))
    assert (row["status"], row["time"], row["note"]) == ("censored", 28, "a return not confirmed")
    blank = cells({7: 0, 28: 50, 42: NAN, 56: 50})  # a sample without a value is none
    assert only(b_cell_reconstitution(blank))["time"] == 28


def test_reconstitution_competes_with_reinfusion():
    rival = pd.DataFrame({"subject_id": ["S"], "day": [100], "cause": ["re-infusion"]})
    row = only(b_cell_reconstitution(cells({7: 0, 84: 20, 100: 20, 130: 30}), competing=rival))
    assert (row["status"], row["time"], row["cause"]) == ("competing", 100, "re-infusion")
    early = only(b_cell_reconstitution(cells({7: 0, 60: 20, 84: 20, 130: 0}), competing=rival))
    assert (early["status"], early["time"]) == ("event", 60)


def test_reconstitution_without_aplasia_does_not_apply():
    found = b_cell_reconstitution(cells({7: 80, 28: 90}), subjects=["S", "T"])
    assert found["status"].tolist() == [None, None]
    assert found["note"].tolist() == ["no aplasia seen", "no samples"]


def test_aplasia_at_an_event_is_by_the_nearest_sample_within_14_days():
    table = cells({-7: 100, 7: 0, 100: 50})
    events = pd.DataFrame({"subject_id": list("SSSSSST"), "onset_day": [0, 7, 21, 22, 86, 114, 7]})
    # day 0: the sample before the infusion does not speak for it, that of day 7 does
    expected = [True, True, True, None, False, False, None]
    assert verdicts(aplasia_at(table, events)) == expected
    assert verdicts(aplasia_at(table, events.iloc[:1], within_days=6)) == [None]
    # of two as near the later
    twice = cells({5: 0, 15: 50})
    assert verdicts(aplasia_at(twice, events.iloc[[0]].assign(onset_day=10))) == [False]


def test_naive_share():
    assert_array_equal(naive_share([30, 0, None], [40, 0, 10]), [75, NAN, NAN])
    with pytest.raises(CarstatsError, match="`naive` is 5 of 4"):
        naive_share(5, 4)
    table = cells({7: 0, 84: 20, 112: 40}).assign(naive=[0, 18, 38])
    shares = naive_share_at_return(table, b_cell_reconstitution(table))
    assert shares[["day", "naive_percent"]].to_numpy().tolist() == [[84.0, 90.0]]


# --- antibodies and complement ----------------------------------------------------------------


def antibody_tests(values, name="S", assay="ELISA", cutoff=10.0):
    return samples(values, name, antibody="anti-dsDNA", assay=assay, cutoff=cutoff)


def test_seroconversion_needs_two_consecutive_negatives():
    row = only(seroconversion(antibody_tests({-7: 80, 28: 9, 56: 12, 84: 9.9, 112: 5})))
    assert (row["status"], row["time_low"], row["time_high"]) == ("event", 56, 84)
    one = only(seroconversion(antibody_tests({-7: 80, 28: 12, 56: 9})))
    assert (one["status"], one["time"], one["note"]) == ("censored", 28, "a return not confirmed")


def test_seroconversion_value_at_the_cutoff_is_positive_by_default():
    table = antibody_tests({-7: 80, 28: 10, 56: 10})
    assert only(seroconversion(table))["status"] == "censored"
    assert only(seroconversion(table, positive_from=">"))["time"] == 28


def test_seroconversion_is_judged_on_one_assay():
    mixed = pd.concat(
        [antibody_tests({-7: 80, 28: 5}), antibody_tests({-7: 80, 56: 5}, assay="CLIA")]
    )
    found = seroconversion(mixed)
    assert found["assay"].tolist() == ["ELISA", "CLIA"]
    assert found["status"].tolist() == ["censored", "censored"]


def test_seroconversion_needs_a_positive_baseline():
    found = seroconversion(pd.concat([antibody_tests({-7: 5, 28: 20, 56: 5, 84: 5}, "N"),
                                      antibody_tests({28: 5, 56: 5}, "U")]))  # fmt: skip
    assert found["status"].tolist() == [None, None]
    assert found["note"].tolist() == [
        "not positive at baseline", "no sample judged up to the infusion"
    ]  # fmt: skip


def test_seroconversion_masks_antibodies_of_immunoglobulin():
    table = antibody_tests({-7: 80, 28: 5, 56: 30, 120: 5, 150: 5})
    ivig = pd.DataFrame({"subject_id": ["S"], "day": [30]})
    row = only(seroconversion(table, ivig))
    # day 56 is 26 days after IVIG and not judged; days 120 and 150 are 90 and 120 days after
    assert (row["time_low"], row["time_high"]) == (0, 120)


def test_log2_change_and_its_censoring():
    found = log2_change([80, 80, 5, 5, None], [20, 5, 80, 5, 20], lloq=10)
    # 20/80 is 2^-2; below 10 counts as 10: at most -3, at least +3
    assert_allclose(found.change, [-2, -3, 3, NAN, NAN])
    assert found.censoring.tolist() == ["none", "left", "right", "both", None]


def test_complement_is_normal_from_its_limit():
    assert verdicts(complement_normal([0.9, 0.89, None], 0.9)) == [True, False, None]
    table = samples({-7: 0.5, 28: 0.7, 56: 0.9}, lln=0.9)
    row = only(complement_normalisation(table))
    assert (row["status"], row["time_low"], row["time_high"]) == ("event", 28, 56)
    normal = only(complement_normalisation(samples({-7: 1.0, 28: 0.7, 56: 0.9}, lln=0.9)))
    assert (normal["status"], normal["note"]) == (None, "not low at baseline")


# --- tables -----------------------------------------------------------------------------------


def test_tables_say_what_is_wrong_with_them():
    with pytest.raises(CarstatsError, match=r"`ANC` lacks 'value'"):
        early_icaht(pd.DataFrame({"subject_id": ["S"], "day": [1]}))
    with pytest.raises(CarstatsError, match=r"`ANC.day` is 1.5; it takes whole days"):
        early_icaht(samples({1.5: 1.0}))
    with pytest.raises(CarstatsError, match="`subjects` names 'S' more than once"):
        early_icaht(samples({1: 1.0}), subjects=["S", "S"])
    with pytest.raises(CarstatsError, match="takes a dict or a Series"):
        early_icaht(samples({1: 1.0}), censor_days=[3])


def test_ten_thousand_subjects_at_once():
    n = 10_000
    days = np.arange(-5, 35)
    values = np.random.default_rng(1).gamma(1.0, 1.0, n * len(days))
    table = pd.DataFrame({"subject_id": np.repeat(np.arange(n), len(days)),
                          "day": np.tile(days, n), "value": values})  # fmt: skip
    for rule in (early_icaht, late_icaht, igg_course, igg_recovery):
        assert len(rule(table)) == n
    assert len(b_cell_reconstitution(table.rename(columns={"value": "count"}))) == n
