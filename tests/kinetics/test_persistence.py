"""How long cells stay above quantification: shares, curve, median."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import beta

import carstats as cs
from tests.kinetics.tiny import sampled

LONG = "7:8000 28:900 90:80 180:<50 360:<50"
SHORT = "7:8000 28:900 90:<50 180:<50"
NEVER = "7:<50 28:<50 90:<50"
LOST = "7:8000 28:900"


def test_shares_by_hand():
    cohort = sampled(
        [LONG, SHORT, NEVER, LOST, LOST], death_day=[None] * 4 + [60],
        last_contact_day=[1000] * 4 + [60],
    )  # fmt: skip
    frame = cs.persistence_rate(cohort, at=[28, 90]).frame
    assert frame["n"].tolist() == [5, 3]
    assert frame["n_event"].tolist() == [4, 1]
    assert frame["n_missing"].tolist() == [0, 1]
    assert frame["n_dead"].tolist() == [0, 1]
    assert_allclose(frame["conf_low"], [beta.ppf(0.025, 4, 2), beta.ppf(0.025, 1, 3)])
    assert_allclose(frame["conf_high"], [beta.ppf(0.975, 5, 1), beta.ppf(0.975, 2, 2)])


def test_the_window_and_the_nearest_sample():
    cohort = sampled(["80:<50 88:90 92:<50 100:70"])
    assert cs.persistence_rate(cohort, at=90).frame["n_event"].item() == 0
    assert cs.persistence_rate(cohort, at=90, window=(85, 90)).frame["n_event"].item() == 1
    nobody = cs.persistence_rate(cohort, at=28).frame
    assert np.isnan(nobody["estimate"].item())
    assert nobody["note"].item() == "nobody sampled"
    with pytest.raises(cs.CarstatsError, match=r"`window` is 95 to 99"):
        cs.persistence_rate(cohort, at=90, window=(95, 99))
    with pytest.raises(cs.CarstatsError, match=r"`window` is of one day"):
        cs.persistence_rate(cohort, at=[28, 90], window=(80, 99))


def test_without_any_limit_it_is_refused_with_the_remedy():
    cohort = sampled(["7:800 28:20"], lloq=None)
    for ask in (cs.persistence_rate, cs.persistence_curve, cs.time_to_below_quantification):
        with pytest.raises(cs.CarstatsError, match=r"no limit|Give `limit`"):
            ask(cohort)
    assert cs.persistence_rate(cohort, at=28, limit=50).frame["n_event"].item() == 0


def test_the_curve_lies_between_the_samples():
    frame = cs.persistence_curve(sampled([LONG, SHORT, NEVER, LOST])).frame
    # Left of 7 the one never above; one in (28, 90], one in (90, 180]; one unknown after 28.
    assert frame["time_low"].tolist() == [0, 0, 28, 90]
    assert frame["time_high"].tolist() == [0, 7, 90, 180]
    # The lost one's quarter is shared out by the two who fell later.
    assert_allclose(frame["mass"], [0, 0.25, 0.375, 0.375])
    assert "1 never above quantification" in frame["note"].iloc[0]


def test_the_median_is_an_interval():
    row = cs.time_to_below_quantification(sampled([LONG, SHORT, SHORT])).frame.iloc[0]
    assert (row["estimate_low"], row["estimate_high"]) == (28, 90)
    still = "7:8000 90:900"
    open_ = cs.time_to_below_quantification(sampled([still, still, SHORT])).frame.iloc[0]
    assert np.isnan(open_["estimate_low"])
    assert open_["note"] == "not reached by day 90"
    with pytest.raises(cs.CarstatsError, match=r"`p` is 1; it takes"):
        cs.time_to_below_quantification(sampled([LONG]), p=1)


def test_one_sample_below_at_the_end_is_said():
    note = cs.persistence_curve(sampled(["7:800 28:900 90:<50"])).frame["note"].iloc[0]
    assert "1 below it at one sample only" in note


def test_planned_infusions_are_one_course_and_a_reinfusion_ends_it():
    again = "7:800 28:<50 100:900 180:900"
    planned = sampled([again], infusions=[[0, 90]])
    assert cs.persistence_rate(planned, at=180).frame["n_event"].item() == 1
    study = planned.study
    infusions = study.infusions.assign(planned=[True, False])
    later = cs.Study(subjects=study.subjects, assessments=study.assessments, infusions=infusions)
    frame = cs.persistence_rate(cs.define_cohort(later), at=[28, 180]).frame
    assert frame["n"].tolist() == [1, 0]
    curve = cs.persistence_curve(cs.define_cohort(later)).frame
    assert curve["time_high"].tolist() == [0, 28]


def test_empty_strata_keep_their_rows():
    cohort = sampled([LONG, ""], target=["CD19", "BCMA"])
    for ask in (cs.persistence_rate, cs.persistence_curve, cs.time_to_below_quantification):
        frame = ask(cohort, by="target").frame
        assert set(frame["target"]) == {"CD19", "BCMA"}
    assert frame.loc[frame["target"] == "BCMA", "note"].item() == "1 not sampled"
