"""Analyses of a few subjects: limits where nobody or everybody has had it, and what is marked."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from carstats.estimators.curves.mean_limits import law_limits, mean_laws
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.proportions.proportion import proportion_limits
from carstats.report import figures
from carstats.report.tables import tabulate_times
from tests.conftest import subjects_table
from tests.reference import reference
from tests.survival.survival_data import RFS, cohort_of, visits

WITNESS = reference("small_sample_limits")


def of(*names):
    """Return the cohort of the witness's data sets, each a group."""
    sets = [WITNESS["means"][name] for name in names]
    group = np.repeat(np.arange(len(sets)), [len(one["time"]) for one in sets])
    joined = [np.concatenate([one[key] for one in sets]) for key in ("time", "status")]
    return cohort_of(*joined, group=group)


def test_restricted_means_have_limits_without_an_event():
    result = cs.restricted_mean(of("R1", "R2"), RFS, at=90, by="target")
    first, second = (row for _, row in result.frame.iterrows())
    assert_allclose([first["conf_low"], first["conf_high"]], [43.0358624906, 90], atol=1e-5)
    assert_allclose([second["conf_low"], second["conf_high"]], [34.5480586, 89.6969542], atol=1e-5)
    assert np.isnan(first["std_error"])
    assert not result.frame["note"].any()
    assert "Restricted mean to day 90 by Kaplan–Meier, joint beta-product 95 % limits." in (
        result.caption()
    )


def test_each_method_of_a_restricted_mean_is_named():
    cohort = of("R3", "R6")
    mid = cs.restricted_mean(cohort, RFS, at=90, by="target", method="beta product mid-P")
    assert_allclose(mid.frame.loc[0, ["conf_low", "conf_high"]].astype(float),
                    WITNESS["means"]["R3"]["mid_p"], atol=2e-5)  # fmt: skip
    assert "joint mid-P beta-product 95 % limits" in mid.caption()
    normal = cs.restricted_mean(cohort, RFS, at=90, by="target", method="Greenwood").frame.iloc[0]
    half = 1.959963984540054 * normal["std_error"]
    assert_allclose(normal["conf_low"], normal["estimate"] - half)
    with pytest.raises(cs.CarstatsError, match="`method`"):
        cs.restricted_mean(cohort, RFS, at=90, method="Wald")


def test_contrasts_of_restricted_means_are_melded():
    pair = WITNESS["differences"][0]
    result = cs.restricted_mean(
        of("R3", "R6"), RFS, at=90, by="target", contrast="difference", reference="BCMA"
    )
    row = result.frame.iloc[0]
    assert row["contrast"] == "CD19 − BCMA"
    assert_allclose(row["estimate"], pair["estimate"])
    assert_allclose([row["conf_low"], row["conf_high"]], pair["mid_p"], atol=6e-4)
    assert_allclose(row["p_value"], pair["p_mid"], atol=6e-6)
    assert "statistic" not in result.frame
    assert "melded mid-P joint beta-product 95 % limits" in result.caption()
    # With nobody failing in a group there are limits, and no error.
    free = cs.restricted_mean(of("R1", "R2"), RFS, at=90, by="target", contrast="ratio").frame
    assert np.isfinite(free[["conf_low", "conf_high", "p_value"]].to_numpy(float)).all()
    assert not free["note"].any()


def test_a_group_without_subjects_has_no_contrast():
    cohort = of("R3", "R6")
    events = cohort.study.events
    alone = events[events["subject_id"].isin(cohort.subjects["subject_id"].iloc[:8])]
    cohort = cs.define_cohort(cs.Study(subjects=cohort.subjects, events=alone))
    row = cs.restricted_mean(cohort, RFS, at=90, by="target", contrast="difference").frame.iloc[0]
    assert np.isnan(row["p_value"])
    assert row["note"] == "a group without subjects: no limits"


def test_a_mean_of_zero_has_no_ratio():
    cohort = cohort_of([0, 0, 4, 9], [1, 1, 0, 0], group=[0, 0, 1, 1])
    row = cs.restricted_mean(cohort, RFS, at=4, by="target", contrast="ratio").frame.iloc[0]
    assert np.isnan(row["estimate"])
    assert row["note"] == "a group whose mean is 0: no ratio"
    lone = cs.restricted_mean(cohort, RFS, at=4, by="target").frame.iloc[0]
    # Two of two: between 0 and Clopper and Pearson's .842 of the horizon.
    assert_allclose([lone["conf_low"], lone["conf_high"]], [0, 4 * 0.8418861], atol=1e-6)


@pytest.mark.parametrize("status", [[0] * 5, [1] * 5, [2] * 5])
def test_incidences_have_limits_at_none_and_at_all(status):
    cohort = cohort_of([40, 50, 60, 70, 80], status)
    frame = cs.cumulative_incidence(cohort, RFS).frame
    mine = frame[frame["cause"] == RFS]
    assert mine[["conf_low", "conf_high"]].notna().all(axis=None)
    assert not mine["note"].any()
    low, high = proportion_limits(0, 5)
    assert_allclose([mine["conf_low"].iloc[0], mine["conf_high"].iloc[0]], [low, high])
    if any(status):
        done = 5 if status[0] == 1 else 0
        assert_allclose(mine[["conf_low", "conf_high"]].iloc[-1], proportion_limits(done, 5))
    plain = cs.cumulative_incidence(cohort, RFS, conf_type="log-log").frame
    plain = plain[plain["cause"] == RFS]
    assert plain["conf_low"].isna().iloc[[0, -1]].all()
    assert "no limits" in plain["note"].iloc[-1]


def test_one_construction_for_every_incidence():
    """Relapse, toxicity, response and recovery of the same times have the same limits."""
    time, code = [28, 56, 84, 84, 120], [1, 2, 1, 0, 0]
    subjects = subjects_table(
        5,
        last_contact_day=[28, 56, 84, 84, 120],
        death_day=[None, 56, None, None, None],
    )
    ids = subjects["subject_id"]
    tox = pd.DataFrame({"subject_id": [ids[0], ids[2]], "term": "infection", "onset_day": [28, 84]})
    responses = pd.DataFrame(
        {
            "subject_id": ids[[0, 1, 2, 3, 4]], "endpoint": "response",
            "day": [28, 28, 84, 84, 120], "response": [True, False, True, False, False],
        }
    )  # fmt: skip
    study = cs.Study(subjects=subjects, toxicities=tox, responses=responses)
    cohort = cs.define_cohort(study)
    columns = ["estimate", "conf_low", "conf_high"]
    curve = cs.cumulative_incidence(cohort_of(time, code), RFS).frame
    relapse = curve[curve["cause"] == RFS].set_index("time")[columns]
    toxicity = cs.toxicity_incidence(cohort, "infection").frame.set_index("time")[columns]
    response = cs.time_to_response(cohort).frame.set_index("time")[columns]
    assert_allclose(toxicity.loc[relapse.index], relapse)
    assert_allclose(response.loc[relapse.index], relapse)
    captions = (cs.toxicity_incidence(cohort, "infection"), cs.time_to_response(cohort))
    assert all("95 % pointwise beta product limits" in c.caption() for c in captions)


def test_the_time_lost_of_a_cohort():
    one = WITNESS["incidences"]["C3"]
    result = cs.restricted_time_lost(cohort_of(one["time"], one["status"]), RFS, at=90)
    mine, death = (row for _, row in result.frame.iterrows())
    # Without censoring: the mean of 90 less the time of the event, 0 without it.
    assert_allclose([mine["estimate"], death["estimate"]], [(85 + 70 + 50) / 10, (80 + 60) / 10])
    assert (mine["n"], mine["n_event"], death["n_event"]) == (10, 3, 2)
    assert mine["conf_low"] < mine["estimate"] < mine["conf_high"]
    assert "Restricted mean time lost to day 90 by Aalen–Johansen, 95 % beta-product limits" in (
        result.caption()
    )
    assert result.labels["cause"][RFS] == "Relapse-free survival"
    with pytest.raises(cs.CarstatsError, match="beyond the follow-up"):
        cs.restricted_time_lost(cohort_of([5, 9], [1, 0]), RFS, at=10)


# Five are at risk when the curve comes down to a half, and four.
FIVE = ([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 1, 1, 1, 1, 0, 0, 0, 0])
FOUR = ([1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 0, 1, 1, 0, 0, 0])


def test_medians_that_rest_on_few_are_marked():
    five = cs.survival_quantile(cohort_of(*FIVE), RFS).frame.iloc[0]
    assert (five["estimate"], five["n_risk"], five["note"]) == (5, 5, "")
    four = cs.survival_quantile(cohort_of(*FOUR), RFS).frame.iloc[0]
    assert (four["estimate"], four["n_risk"]) == (5, 4)
    assert four["note"] == "the median rests on 4 subjects at risk then"
    one = cs.survival_quantile(cohort_of([5], [1]), RFS).frame.iloc[0]
    assert one["note"] == "the median rests on 1 subject at risk then"
    never = cs.survival_quantile(cohort_of([5, 6], [0, 0]), RFS).frame.iloc[0]
    assert np.isnan(never["n_risk"])
    assert never["note"] == "not reached"
    followed = cs.followup_time(cohort_of([5, 6, 9], [0, 0, 1]), RFS).frame.iloc[0]
    assert "the median follow-up rests on 2 subjects at risk then" in followed["note"]


def test_marks_are_printed_with_the_median():
    both = [np.concatenate(values) for values in zip(FIVE, FOUR, strict=True)]
    cohort = cohort_of(*both, group=np.repeat([0, 1], [9, 8]))
    medians = cs.survival_quantile(cohort, RFS, by="target")
    table = tabulate_times(quantiles=medians)
    assert table.marked == ("The median rests on 4 subjects at risk then.",)
    figure = figures.survival_figure(cs.survival_curve(cohort, RFS, by="target"), medians=medians)
    drawn = " ".join(
        t.get_text() for ax in figure.axes for t in ax.texts
    ) + " ".join(t.get_text() for t in figure.texts)  # fmt: skip
    assert "0.2†" in drawn
    assert drawn.count("†") == 2
    assert "† fewer than five at risk then" in drawn.replace("\n", " ")


def test_landmarks_say_who_is_known_to_be_free():
    cohort = cohort_of([50, 400, 60, 400], [1, 0, 0, 0], cutoff_day=[500] * 4)
    result = cs.landmark_rate(cohort, RFS, at=100)
    assert result.frame["note"].iloc[0] == "1 lost before day 100, counted as not known to be free"
    assert "Known to be free of the event at day 100" in result.caption()
    figure = figures.landmark_figure([result])
    axis = next(ax for ax in figure.axes if ax.get_xlabel())
    assert axis.get_xlabel() == "Relapse-free survival, known (%)"


def test_limits_of_a_mean_are_the_laws_in_every_stratum():
    row = cs.restricted_mean(of("R10"), RFS, at=90, conf_level=0.9).frame.iloc[0]
    one = WITNESS["means"]["R10"]
    laws = mean_laws(risk_table(one["time"], one["status"]), 90)
    assert_allclose([row["conf_low"], row["conf_high"]], law_limits(laws, conf_level=0.9))


def test_no_error_is_not_certainty():
    """Where nothing varies there are no limits, and the row says why."""
    free = cohort_of([40, 50, 60, 70], [0] * 4)
    said = {
        "the curve has no error: no limits": cs.restricted_mean(
            free, RFS, at=40, method="Greenwood"
        ),
        "every resample gives the same value: no limits": cs.bootstrap_interval(
            free, RFS, statistic="restricted mean", at=40, n_resamples=50
        ),
    }
    for note, result in said.items():
        row = result.frame.iloc[0]
        assert row["estimate"] == 40
        assert np.isnan([row["std_error"], row["conf_low"], row["conf_high"]]).all()
        assert row["note"] == note
    weighted = cs.withdrawal_weighted_curve(free, RFS, censoring="platform", n_resamples=50).frame
    assert weighted["conf_low"].iloc[1:].isna().all()
    assert weighted["note"].iloc[1:].eq("every resample gives the same value: no limits").all()
    followed = cs.followup_time(cohort_of([90] * 4, [0] * 4), RFS).frame.iloc[0]
    assert followed["estimate"] == 90
    assert "the curve has no error: no limits" in followed["note"]


def test_a_single_group_has_no_pairs():
    row = cs.logrank_test(cohort_of([5, 6], [1, 0]), RFS, by="target", pairwise=True).frame.iloc[0]
    assert np.isnan(row["p_value"])
    assert row["note"] == "only one group has subjects"


def test_events_on_one_day_have_no_sandwich_error():
    cohort = cohort_of([90] * 6, [1] * 6, age=[20, 30, 40, 50, 60, 70])
    row = cs.fine_gray_regression(cohort, RFS, "age").frame.iloc[0]
    assert np.isnan([row["estimate"], row["conf_low"], row["p_value"]]).all()
    assert row["note"] == "the sandwich error is 0 and says nothing: no limits"


def test_the_start_of_an_interval_censored_curve_is_certain():
    cohort = visits([0, 0, 10], [0, 28, np.inf])
    frame = cs.interval_censored_curve(cohort, RFS, n_resamples=50).frame
    assert frame.loc[0, ["estimate", "conf_low", "conf_high"]].eq(1).all()
    assert frame["conf_low"].le(frame["estimate"]).all()


@pytest.mark.parametrize(
    ("contrast", "note"),
    [
        ("difference", "all or none responded: no test"),
        ("ratio", "nobody responded: the ratio is undefined"),
    ],
)
def test_adjusted_contrasts_say_that_nobody_responded(contrast, note):
    responses = pd.DataFrame(
        {
            "subject_id": [f"S{i:02d}" for i in range(1, 9)],
            "endpoint": "response",
            "day": 168,
            "response": False,
        }
    )
    subjects = subjects_table(8, target=["CD19", "BCMA"] * 4)
    cohort = cs.define_cohort(cs.Study(subjects=subjects, responses=responses))
    options = {"by": "target", "strata": "platform", "contrast": contrast}
    row = cs.response_difference(cohort, "response", **options).frame.iloc[0]
    assert np.isnan(row["p_value"])
    assert row["note"] == note
    assert np.isnan(row["conf_low"]) == (contrast == "ratio")
