"""Parameters of expansion: hand cases, bad inputs, strata and infusions."""

import time

import numpy as np
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from tests.kinetics.tiny import sampled

HAND1 = "0:<50 3:200 7:8000 10:40000 14:20000 21:5000 28:1250 60:<50 90:<50"
HAND5 = "0:<50 7:500 10:500 14:250 21:125 28:62.5"
NONE = "0:<50 7:<50 14:<50 28:<50 90:<50"


def rows(result):
    return result.frame.set_index("parameter")


def test_one_subject_is_the_hand_case():
    found = rows(cs.cellular_kinetics(sampled([HAND1])))
    assert found.loc["Cmax", "median"] == 40000
    assert found.loc["Tmax", "estimate"] == 10
    assert_allclose(found.loc["AUC0-28", "estimate"], 298792.46532945533)
    assert found.loc["Tlast", "estimate"] == 28
    assert_allclose(found.loc["half-life", "estimate"], 3.5)
    assert "one value" in found.loc["Cmax", "note"]
    assert found.loc["half-life", "note"].startswith("declines of days 14 to 28")


def test_a_peak_below_quantification_is_censored_not_dropped():
    peaks = [f"0:<50 10:{v}" for v in (40000, 12000, 9000, 2500)] + ["0:<50 10:<50"]
    row = rows(cs.cellular_kinetics(sampled(peaks))).loc["Cmax"]
    # survival::survreg(type = "left", dist = "lognormal"): facts, HAND6.
    assert_allclose(row["estimate"], 2726.6276036577674, rtol=1e-6)
    assert (row["n"], row["n_missing"], row["n_event"], row["median"]) == (5, 0, 4, 9000)
    assert "1 below quantification, censored at the limit" in row["note"]


def test_all_below_quantification():
    found = rows(cs.cellular_kinetics(sampled([NONE, NONE])))
    assert found["estimate"].isna().all()
    assert (found["n_event"] == 0).all()
    assert "never above the limit of quantification" in found.loc["Cmax", "note"]
    assert "2 never above quantification" in found.loc["Tmax", "note"]


def test_one_sample_and_none():
    found = rows(cs.cellular_kinetics(sampled(["10:500", ""])))
    assert (found.loc["Cmax", ["n", "n_missing", "n_event"]] == [2, 1, 1]).all()
    assert "1 with the peak at the last sample: a lower bound" in found.loc["Cmax", "note"]
    assert "fewer than three values after the peak" in found.loc["AUC0-28", "note"]


def test_samples_before_the_infusion_alone_are_none():
    found = rows(cs.cellular_kinetics(sampled(["-5:<50 0:<50", HAND1])))
    assert found.loc["Cmax", "n_missing"] == 1


def test_a_value_on_the_day_of_the_infusion_is_carried_over_and_no_peak():
    found = rows(cs.cellular_kinetics(sampled(["0:90000 7:500 14:100 28:<50"])))
    assert found.loc["Cmax", "median"] == 500
    assert "1 above quantification before the infusion" in found.loc["Cmax", "note"]
    still = rows(cs.cellular_kinetics(sampled(["0:90000 7:500 14:100 28:60"]), expands=False))
    assert still.loc["Tmax", "estimate"] == 0
    assert "1 within a day of the infusion" in still.loc["Tmax", "note"]


def test_a_limit_that_changes_is_said():
    found = rows(cs.cellular_kinetics(sampled([HAND1, "0:<25 7:100 14:<100 28:<50"])))
    assert "limits of quantification from 25 to 100" in found.loc["Cmax", "note"]


def test_no_limit_at_all():
    profile = "0:0 7:8000 14:900 28:0 60:?"
    found = rows(cs.cellular_kinetics(sampled([profile, "0:0 7:0"], lloq=None)))
    note = found.loc["Cmax", "note"]
    assert "2 values without a limit of quantification, taken as quantified" in note
    assert "1 blank value without a limit left out" in note
    assert "1 below a limit that is not given" in note
    assert found.loc["Cmax", "n_missing"] == 1
    with_limit = rows(cs.cellular_kinetics(sampled([profile, "0:0 7:0"], lloq=None), limit=1000))
    assert with_limit.loc["Cmax", "n_event"] == 1
    assert with_limit.loc["Tlast", "estimate"] == 7
    assert "censored at the limit" in with_limit.loc["Cmax", "note"]


def test_a_late_second_peak_is_counted_and_not_taken():
    found = rows(cs.cellular_kinetics(sampled(["0:<50 10:900 28:100 90:5000 180:<50"])))
    assert found.loc["Cmax", "median"] == 900
    assert "1 with a higher value outside the days of the peak" in found.loc["Cmax", "note"]


def test_above_quantification_only_after_the_days_of_the_peak():
    row = rows(cs.cellular_kinetics(sampled([HAND1, HAND5, "0:<50 10:<50 60:300"]))).loc["Cmax"]
    assert (row["n_missing"], row["n_event"]) == (0, 2)


def test_an_area_not_followed_is_missing_and_one_of_nothing_is_censored():
    found = rows(cs.cellular_kinetics(sampled([HAND1, HAND5, NONE, "0:<50 7:<50"])))
    row = found.loc["AUC0-28"]
    assert (row["n"], row["n_missing"], row["n_event"]) == (4, 1, 2)
    assert "below quantification and not sampled so long (1)" in row["note"]


def test_repeated_infusions_by_infusion():
    cohort = sampled(
        ["0:<50 3:1000 7:100 10:2000 14:400 17:<50", "0:<50 3:500 7:<50"],
        infusions=[[0, 7], [0]], platform="CAR-NK",
    )  # fmt: skip
    result = cs.cellular_kinetics(cohort, infusion="each", expands=False, horizons=[7])
    assert result.by == ["infusion_number"]
    cmax = result.frame[result.frame["parameter"] == "Cmax"].set_index("infusion_number")
    assert cmax["n"].tolist() == [2, 1]
    assert cmax["maximum"].tolist() == [1000, 2000]
    assert "1 above quantification before the infusion" in cmax.loc[2, "note"]
    tmax = result.frame[result.frame["parameter"] == "Tmax"].set_index("infusion_number")
    assert tmax["estimate"].tolist() == [3, 3]
    first = cs.cellular_kinetics(cohort, expands=False)
    assert rows(first).loc["Cmax", "maximum"] == 2000


def test_strata_keep_their_rows_and_the_uninfused_do_not_count():
    cohort = sampled(
        [HAND1, HAND5, HAND1], target=["CD19", "BCMA", "BCMA"], infused=[True, True, False]
    )
    result = cs.cellular_kinetics(cohort, by="target")
    cmax = result.frame[result.frame["parameter"] == "Cmax"]
    assert cmax["n"].tolist() == [1, 1]
    assert result.frame["parameter"].nunique() == 6


def test_the_rule_is_named():
    result = cs.cellular_kinetics(sampled([HAND1]), below="half the limit", tail="triangle")
    assert "half their limit" in result.spec.method
    assert "triangle" in result.spec.method


def test_units_of_a_file_become_one():
    study = sampled(["7:80 14:<5"], lloq=5, unit="copies/100 ng", cohort=False)
    assert study.assessments["lloq"].tolist() == [50, 50]
    found = rows(cs.cellular_kinetics(cs.define_cohort(study)))
    assert found.loc["Cmax", "median"] == 800


def test_what_is_not_allowed():
    cohort = sampled([HAND1])
    with pytest.raises(cs.CarstatsError, match=r"nobody .* has a sample of 'CAR_T_cells'. It has"):
        cs.cellular_kinetics(cohort, "CAR_T_cells")
    with pytest.raises(cs.CarstatsError, match=r"`horizons` has 0"):
        cs.cellular_kinetics(cohort, horizons=[0])
    with pytest.raises(cs.CarstatsError, match=r"`below`"):
        cs.cellular_kinetics(cohort, below="limit")
    with pytest.raises(cs.CarstatsError, match=r"`infusion`"):
        cs.cellular_kinetics(cohort, infusion="last")
    with pytest.raises(cs.CarstatsError, match=r"below the limit of quantification of its sample"):
        sampled(["7:20"])


def test_two_hundred_subjects_of_sixty_samples_take_less_than_a_second():
    rng = np.random.default_rng(1)
    values = np.exp(rng.normal(6, 2, (200, 60)))
    profiles = [
        " ".join(f"{d}:{v:.0f}" if v > 50.5 else f"{d}:<50" for d, v in enumerate(one))
        for one in values
    ]
    cohort = sampled(profiles, target=["CD19", "BCMA"] * 100)
    cs.cellular_kinetics(cohort, by="target")
    begun = time.process_time()
    cs.cellular_kinetics(cohort, by="target")
    assert time.process_time() - begun < 1
