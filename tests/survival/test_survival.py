"""Time-to-event analyses of a cohort."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from tests.conftest import PLACEBO, SIX_MP, events_table, study_of_times, subjects_table

COLUMNS = [
    "time",
    "n",
    "n_missing",
    "n_risk",
    "n_event",
    "n_censor",
    "estimate",
    "std_error",
    "conf_low",
    "conf_high",
    "note",
]
RFS = "relapse_free_survival"


def everyone(study):
    return cs.define_cohort(study)


def test_strata_are_columns_and_add_up(freireich):
    result = cs.survival_curve(everyone(freireich), RFS, by=["disease", "target"])
    assert list(result.frame) == ["disease", "target", *COLUMNS]
    assert [key for key, _ in result.strata()] == [("SLE", "CD19"), ("SLE", "BCMA")]
    for _, rows in result.strata():
        assert rows["time"].iloc[0] == 0
        assert rows["estimate"].iloc[0] == 1
        assert rows["n_event"].sum() + rows["n_censor"].sum() == rows["n"].iloc[0] == 21


def test_curve_of_freireich(freireich):
    # Textbook values of the 6-MP arm: S(10) = 0.753, S(20) = 0.627 (Kalbfleisch and Prentice).
    at = cs.survival_at(everyone(freireich), RFS, at=[10, 20], by="target", conf_type="log-log")
    six_mp = at.frame[at.frame["target"] == "CD19"]
    assert_allclose(six_mp["estimate"], [0.752941, 0.627451], atol=1e-6)
    assert_allclose(six_mp["std_error"], [0.0963, 0.1140], atol=1e-4)
    assert six_mp["n_event"].tolist() == [5, 7]
    assert six_mp["n_risk"].tolist() == [15, 8]


def test_at_reads_the_curve(freireich):
    cohort = everyone(freireich)
    curve = cs.survival_curve(cohort, RFS).frame.drop_duplicates("time", keep="last")
    at = cs.survival_at(cohort, RFS, at=list(curve["time"])).frame
    for column in ("estimate", "std_error", "conf_low", "conf_high"):
        assert_allclose(at[column], curve[column])
    assert (at["n_risk"].to_numpy() == curve["n_risk"].to_numpy()).all()


def test_nothing_is_extrapolated(freireich):
    at = cs.survival_at(everyone(freireich), RFS, at=[35, 36], by="target").frame
    six_mp, placebo = at[at["target"] == "CD19"], at[at["target"] == "BCMA"]
    assert six_mp["estimate"].notna().tolist() == [True, False]
    assert six_mp["note"].tolist() == ["", "followed to day 35 only"]
    # Everybody on placebo relapsed: the curve is 0 from then on.
    assert placebo["estimate"].tolist() == [0, 0]


def test_limits_say_which_they_are(freireich):
    for conf_type in ("beta product", "log-log", "log", "plain", "arcsine"):
        result = cs.survival_curve(everyone(freireich), RFS, conf_type=conf_type, conf_level=0.9)
        assert f"90 % pointwise {conf_type.replace(' ', '-')}" in result.caption().replace(
            "plain (linear)", "plain"
        )
        assert result.spec.options["conf_type"] == conf_type


EDGES = {
    "one event": ("5", [1, 0], [0.025, 0], [1, 0.975]),
    "one censored": ("5+", [1, 1], [0.025, 0], [1, 1]),
    "all censored on one day": ("9+ 9+ 9+", [1, 1], [0.025 ** (1 / 3), 0], [1, 1]),
    "all tied": ("7 7 7", [1, 0], [0.025 ** (1 / 3), 0], [1, 1 - 0.025 ** (1 / 3)]),
    "an event on day 0": (
        "0 5+",
        [1, 0.5, 0.5],
        [0.025**0.5, 0.01257912, 0],
        [1, 0.98742088, 0.98742088],
    ),
}


@pytest.mark.parametrize("case", EDGES)
def test_edges(case):
    times, estimate, low, high = EDGES[case]
    frame = cs.survival_curve(everyone(study_of_times(times)), RFS).frame
    assert_allclose(frame["estimate"], estimate)
    assert_allclose(frame["conf_low"], low, atol=1e-8)
    assert_allclose(frame["conf_high"], high, atol=1e-8)


def test_an_empty_stratum_keeps_its_row():
    study = study_of_times("5 6 7+", target=["CD19", "CD19", "BCMA"], age=[30, 40, 12])
    cohort = cs.define_cohort(study, cs.aged(18))
    frame = cs.survival_curve(cohort, RFS, by="target").frame
    empty = frame[frame["target"] == "BCMA"]
    assert empty["n"].tolist() == [0]
    assert empty["note"].tolist() == ["no subjects"]
    assert empty[["estimate", "conf_low", "conf_high"]].isna().all(axis=None)
    at = cs.survival_at(cohort, RFS, at=6, by="target").frame
    assert at["estimate"].isna().tolist() == [False, True]


def test_subjects_without_a_record_are_counted():
    study = cs.Study(subjects=subjects_table(3), events=events_table("5 6+"))
    frame = cs.survival_curve(everyone(study), RFS).frame
    assert frame["n"].iloc[0] == 3
    assert frame["n_missing"].iloc[0] == 1
    assert frame["n_risk"].iloc[0] == 2
    assert frame["note"].iloc[0] == "1 of 3 without a record of the endpoint"


def test_a_stratum_without_any_record_is_said_to_be_so():
    study = cs.Study(
        subjects=subjects_table(3, target=["CD19", "CD19", "BCMA"]), events=events_table("5 6+")
    )
    row = cs.survival_curve(everyone(study), RFS, by="target").frame.iloc[-1]
    assert (row["target"], row["n"], row["n_missing"]) == ("BCMA", 1, 1)
    assert np.isnan(row["estimate"])
    assert row["note"] == "1 of 1 without a record of the endpoint"


def test_those_never_assessed_are_counted():
    frame = cs.survival_curve(everyone(study_of_times("0+ 5 6+")), RFS).frame
    assert frame["note"].iloc[0] == "1 censored at day 0: never assessed"


def test_delayed_entry_counts_from_its_day():
    events = events_table("40 60 70+").assign(entry_day=[None, 20, 50])
    study = cs.Study(subjects=subjects_table(3), events=events)
    frame = cs.survival_curve(everyone(study), RFS).frame
    assert frame["n_risk"].tolist()[1:] == [2, 2, 1]
    assert_allclose(frame["estimate"], [1, 0.5, 0.25, 0.25])
    at = cs.survival_at(everyone(study), RFS, at=[40, 55]).frame
    assert at["n_risk"].tolist() == [2, 2]


def relapse_study():
    events = events_table("40 60+ 70").assign(endpoint="relapse")
    events.loc[2, ["status", "cause"]] = ["competing", "death"]
    return cs.Study(subjects=subjects_table(3), events=events)


def test_competing_events_are_refused_and_named():
    with pytest.raises(cs.CarstatsError, match=r"competing events \(death 1\)"):
        cs.survival_curve(everyone(relapse_study()), "relapse")


def test_competing_events_are_censored_when_asked():
    result = cs.survival_curve(everyone(relapse_study()), "relapse", competing="censor")
    assert_allclose(result.frame["estimate"], [1, 2 / 3, 2 / 3, 2 / 3])
    assert "cause-specific, not a probability" in result.caption()


MISUSE = {
    "an unknown endpoint": (lambda c: cs.survival_curve(c, "relaps"), "`endpoint` is 'relaps'"),
    "a response endpoint": (lambda c: cs.survival_curve(c, "DORIS"), "`endpoint` is 'DORIS'"),
    "an endpoint without data": (
        lambda c: cs.survival_curve(c, "relapse"),
        "no subject of the study has the endpoint 'relapse'.*It has: 'relapse_free_survival'",
    ),
    "an unknown column": (
        lambda c: cs.survival_curve(c, RFS, by="diseas"),
        r"`by` names \['diseas'\], not in the subjects table. It has: 'disease'",
    ),
    "a column twice": (lambda c: cs.survival_curve(c, RFS, by=["target"] * 2), "a column twice"),
    "a missing level": (
        lambda c: cs.survival_curve(c, RFS, by="sex"),
        "`sex` is missing for 1 of 42",
    ),
    "a confidence type": (
        lambda c: cs.survival_curve(c, RFS, conf_type="log odds"),
        "'beta product'",
    ),
    "a level in per cent": (
        lambda c: cs.survival_curve(c, RFS, conf_level=95),
        "`conf_level` is 95",
    ),
    "a study for a cohort": (lambda c: cs.survival_curve(c.study, RFS), "`cohort` is Study"),
    "a negative day": (lambda c: cs.survival_at(c, RFS, at=-1), "`at` is -1"),
    "a word for a day": (lambda c: cs.survival_at(c, RFS, at="10"), "`at` is '10'"),
    "another word for competing": (
        lambda c: cs.survival_curve(c, RFS, competing="ignore"),
        "`competing` is 'ignore'",
    ),
}


@pytest.mark.parametrize("case", MISUSE)
def test_misuse_is_refused_in_words(case):
    study = study_of_times(f"{SIX_MP} {PLACEBO}", sex=[None, *["F"] * 41])
    call, message = MISUSE[case]
    with pytest.raises(cs.CarstatsError, match=message):
        call(everyone(study))


def test_a_study_without_events_is_refused():
    with pytest.raises(cs.CarstatsError, match="no table `events`"):
        cs.survival_curve(everyone(cs.Study(subjects=subjects_table(1))), RFS)


def test_row_order_does_not_matter(freireich):
    order = np.random.default_rng(3).permutation(42)
    shuffled = cs.Study(
        subjects=freireich.subjects.iloc[order], events=freireich.events.iloc[order[::-1]]
    )
    ours = cs.survival_curve(everyone(freireich), RFS, by="target").frame
    theirs = cs.survival_curve(everyone(shuffled), RFS, by="target").frame
    pd.testing.assert_frame_equal(ours, theirs)
