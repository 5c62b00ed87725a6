"""Every survival analysis on what small cohorts bring, and on bad arguments."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from tests.conftest import subjects_table
from tests.survival.survival_data import RFS, cohort_of

# Name: call with a cohort whose groups are targets and whose strata are sites.
ONE_GROUP = {
    "survival_curve": lambda c: cs.survival_curve(c, RFS, by="target", band="Hall-Wellner"),
    "survival_at": lambda c: cs.survival_at(c, RFS, at=[0, 5], by="target"),
    "survival_quantile": lambda c: cs.survival_quantile(c, RFS, by="target"),
    "followup_time": lambda c: cs.followup_time(c, RFS, by="target"),
    "landmark_rate": lambda c: cs.landmark_rate(c, RFS, at=5, by="target"),
    "cumulative_incidence": lambda c: cs.cumulative_incidence(c, RFS, by="target"),
    "incidence_rate": lambda c: cs.incidence_rate(c, RFS, by="target"),
    "cure_fraction": lambda c: cs.cure_fraction(c, RFS, by="target"),
    "withdrawal_weighted_curve": lambda c: cs.withdrawal_weighted_curve(
        c, RFS, censoring="site_id", by="target"
    ),
    "interval_censored_curve": lambda c: cs.interval_censored_curve(c, RFS, by="target"),
    "interval_sensitivity": lambda c: cs.interval_sensitivity(c, RFS, at=5, by="target"),
    "bootstrap_interval": lambda c: cs.bootstrap_interval(c, RFS, by="target", n_resamples=50),
    "subject_timelines": lambda c: cs.subject_timelines(c, by="target"),
}
TWO_GROUPS = {
    "logrank_test": lambda c: cs.logrank_test(c, RFS, by="target"),
    "logrank_test stratified exact": lambda c: cs.logrank_test(
        c, RFS, by="target", strata="site_id", method="exact"
    ),
    "logrank_test pairwise": lambda c: cs.logrank_test(
        c, RFS, by="target", pairwise=True, method="permutation", n_resamples=20
    ),
    "survival_difference": lambda c: cs.survival_difference(c, RFS, at=3, by="target"),
    "gray_test": lambda c: cs.gray_test(c, RFS, by="target", strata="site_id"),
    "interval_censored_test": lambda c: cs.interval_censored_test(c, RFS, by="target"),
}
# Whatever ends follow-up but an event is follow-up: a competing event is none of its ends.
COMPETE = {
    "cumulative_incidence",
    "followup_time",
    "gray_test",
    "incidence_rate",
    "subject_timelines",
}

EDGES = {
    "no event": ([3, 5, 7, 9], [0, 0, 0, 0]),
    "one subject": ([4], [1]),
    "one censored": ([4], [0]),
    "all tied": ([6, 6, 6, 6], [1, 1, 1, 1]),
    "all tied, some censored": ([6, 6, 6, 6], [1, 0, 1, 0]),
    "an event on day 0": ([0, 5, 6, 7], [1, 0, 1, 0]),
    "all on day 0": ([0, 0, 0, 0], [0, 0, 0, 0]),
    "delayed entry": ([5, 6, 8, 9], [1, 0, 1, 1]),
    "two causes on one day": ([5, 5, 5, 9], [1, 2, 0, 2]),
}


def edge(name):
    """Return the cohort; the last of its two groups is emptied by a criterion."""
    time, status = EDGES[name]
    n = len(time)
    entry = [0, 2, 3, 0] if name == "delayed entry" else None
    made = cohort_of(
        [*time, 5],
        [*status, 0],
        group=[*(i % 2 for i in range(n)), 2],
        entry=None if entry is None else [*entry, 0],
        site_id=["A"] * (n + 1),
        cutoff_day=[100] * (n + 1),
        age=[40] * n + [10],
    )
    return cs.define_cohort(made.study, cs.aged(18))


@pytest.mark.parametrize("name", EDGES)
@pytest.mark.parametrize("analysis", {**ONE_GROUP, **TWO_GROUPS})
def test_every_analysis_answers(analysis, name):
    cohort = edge(name)
    call = {**ONE_GROUP, **TWO_GROUPS}[analysis]
    interval = analysis.startswith("interval")
    if name == "two causes on one day" and analysis not in COMPETE:
        with pytest.raises(cs.CarstatsError, match=r"competing events \(death 2\)"):
            call(cohort)
        return
    if name == "delayed entry" and interval:
        with pytest.raises(cs.CarstatsError, match="delayed entry"):
            call(cohort)
        return
    result = call(cohort)
    frame = result.frame
    assert len(frame)
    assert result.caption().endswith(".")
    assert str(len(cohort)) in result.spec.population
    assert result.spec.analysis == analysis.split()[0]
    if analysis in ONE_GROUP and analysis != "subject_timelines":
        keys = [key for key, _ in result.strata()]
        # The stratum that a criterion emptied keeps its row, its NaN and its note.
        assert keys[-1] == ("CD19+BCMA",)
        empty = dict(result.strata())[keys[-1]]
        assert empty["n"].eq(0).all()
        assert empty["estimate"].isna().all()
        assert "no subjects" in empty["note"].iloc[0]
        waiting = frame.get("n_not_eligible", pd.Series(0, frame.index))
        total = (frame["n"] + waiting).groupby(frame["target"]).first().sum()
        assert total == len(cohort)
    if {"conf_low", "conf_high", "estimate"} <= set(frame):
        known = frame.dropna(subset=["conf_low", "conf_high", "estimate"])
        assert (known["conf_low"] <= known["estimate"] + 1e-12).all()
        assert (known["estimate"] <= known["conf_high"] + 1e-12).all()
    if "p_value" in frame and frame["p_value"].isna().any():
        assert frame.loc[frame["p_value"].isna(), "note"].str.len().gt(0).all()


@pytest.mark.parametrize("analysis", {**ONE_GROUP, **TWO_GROUPS})
def test_row_order_does_not_matter(analysis):
    rng = np.random.default_rng(4)
    n = 24
    data = {
        "time": rng.integers(1, 12, n),
        "status": rng.integers(0, 2, n),
        "group": np.arange(n) % 2,
        "site_id": [f"C{i % 3}" for i in range(n)],
        "cutoff_day": [100] * n,
    }
    call = {**ONE_GROUP, **TWO_GROUPS}[analysis]
    first = call(cohort_of(**data)).frame
    second = call(cohort_of(**data, order=rng.permutation(n))).frame
    if analysis in ("bootstrap_interval", "logrank_test pairwise"):
        # Random numbers fall to the subjects in their order.
        assert first["estimate" if "estimate" in first else "statistic"].equals(
            second["estimate" if "estimate" in second else "statistic"]
        )
        return
    if analysis == "subject_timelines":
        columns = ["target", "item"]
        assert first.groupby(columns).size().equals(second.groupby(columns).size())
        return
    pd.testing.assert_frame_equal(first, second)


MISUSE = {
    "band": (lambda c: cs.survival_curve(c, RFS, band="pointwise"), "`band` is 'pointwise'"),
    "p": (lambda c: cs.survival_quantile(c, RFS, p=50), "`p` is 50; it takes a part between"),
    "horizon": (
        lambda c: cs.restricted_mean(c, RFS, at=9, by="target"),
        "`at` is 9, beyond the follow-up of CD19 to 7",
    ),
    "reference alone": (
        lambda c: cs.restricted_mean(c, RFS, at=5, reference="CD19"),
        "`reference` goes with `contrast`",
    ),
    "contrast": (
        lambda c: cs.restricted_mean(c, RFS, at=5, by="target", contrast="minus"),
        "`contrast` is 'minus'",
    ),
    "weight": (lambda c: cs.logrank_test(c, RFS, by="target", weight="x"), "`weight` is 'x'"),
    "method": (lambda c: cs.logrank_test(c, RFS, by="target", method="x"), "`method` is 'x'"),
    "scores": (
        lambda c: cs.logrank_test(c, RFS, by="target", trend=[1]),
        "`trend` has 1 scores for 2 groups",
    ),
    "no groups": (lambda c: cs.logrank_test(c, RFS, by=[]), "`by` is empty"),
    "one group": (
        lambda c: cs.survival_difference(c, RFS, at=3, by="disease"),
        "`by` gives one group",
    ),
    "unknown group": (
        lambda c: cs.survival_difference(c, RFS, at=3, by="target", reference="CD20"),
        "`reference` is 'CD20'",
    ),
    "strata": (lambda c: cs.gray_test(c, RFS, by="target", strata="x"), "`strata` names"),
    "cause": (lambda c: cs.gray_test(c, RFS, by="target", cause="x"), "`cause` is 'x'; the causes"),
    "variance": (lambda c: cs.cumulative_incidence(c, RFS, variance="x"), "`variance` is 'x'"),
    "covariate": (lambda c: cs.fine_gray_regression(c, RFS, "agee"), "`covariates` names"),
    "no covariate": (lambda c: cs.cox_regression(c, RFS, []), "`covariates` is empty"),
    "Cox cause": (lambda c: cs.cox_regression(c, RFS, "target", cause="x"), "`cause` is 'x'"),
    "Cox method": (lambda c: cs.cox_regression(c, RFS, "target", method="x"), "`method` is 'x'"),
    "cutoff": (lambda c: cs.landmark_rate(c, RFS, at=5), "no subject has `cutoff_day`"),
    "nobody left": (lambda c: cs.landmark_curve(c, RFS, at=99), "no subject is at risk"),
    "distribution": (
        lambda c: cs.interval_censored_regression(c, RFS, "target", distribution="x"),
        "`distribution` is 'x'",
    ),
    "interval scores": (
        lambda c: cs.interval_censored_test(c, RFS, by="target", scores="x"),
        "`scores` is 'x'",
    ),
    "resamples": (
        lambda c: cs.interval_censored_curve(c, RFS, n_resamples=-1),
        "`n_resamples` is -1",
    ),
    "rate": (lambda c: cs.incidence_rate(c, RFS, method="x"), "`method` is 'x'"),
    "censoring": (
        lambda c: cs.withdrawal_weighted_curve(c, RFS, censoring="x"),
        "`censoring` names",
    ),
    "statistic": (lambda c: cs.bootstrap_interval(c, RFS, statistic="x"), "`statistic` is 'x'"),
    "median with a day": (lambda c: cs.bootstrap_interval(c, RFS, at=5), "`at` goes with"),
    "no day": (
        lambda c: cs.bootstrap_interval(c, RFS, statistic="survival at"),
        "`at` is None",
    ),
    "bootstrap horizon": (
        lambda c: cs.bootstrap_interval(c, RFS, statistic="restricted mean", at=99),
        "beyond the follow-up",
    ),
    "response": (lambda c: cs.subject_timelines(c, response="x"), "`response` is 'x'"),
    "study for cohort": (lambda c: cs.gray_test(c.study, RFS, by="target"), "`cohort` is Study"),
    "level": (lambda c: cs.followup_time(c, RFS, conf_level=95), "`conf_level` is 95"),
}


@pytest.mark.parametrize("case", MISUSE)
def test_misuse_is_refused_in_words(case):
    cohort = cohort_of([3, 5, 7, 8], [1, 1, 0, 0], group=[0, 1, 0, 1])
    call, message = MISUSE[case]
    with pytest.raises(cs.CarstatsError, match=message):
        call(cohort)


def course_study():
    """Three subjects: one in response who relapses, one re-infused who dies, one without data."""
    subjects = subjects_table(3, last_contact_day=[400, 300, 500], death_day=[None, 300, None])
    visit = {"subject_id": "S01", "endpoint": "response"}
    responses = pd.DataFrame(
        [
            visit | {"day": 90, "response": True},
            visit | {"day": 180, "response": True},
            visit | {"day": 270, "response": False},
            visit | {"day": 180, "response": True, "endpoint": "drug_free_remission"},
        ]
    ).assign(evaluable=True)
    infusions = pd.DataFrame(
        {
            "subject_id": ["S01", "S02", "S02", "S03", "S03"],
            "infusion_number": [1, 1, 2, 1, 2],
            "day": [0, 0, 120, 0, 7],
            "planned": [True, True, False, True, True],
        }
    )
    events = pd.DataFrame(
        {
            "subject_id": ["S01", "S02", "S03"],
            "endpoint": "relapse",
            "status": ["event", "competing", "censored"],
            "time": [270.0, 300.0, 500.0],
        }
    )
    return cs.Study(subjects=subjects, responses=responses, infusions=infusions, events=events)


def test_a_response_that_lasts_goes_on_unassessed_to_the_end_of_follow_up():
    study = course_study()
    seen = pd.DataFrame(
        {
            "subject_id": "S03",
            "endpoint": "response",
            "day": [90.0, 180.0],
            "response": [True, True],
        }
    )
    study = replace(study, responses=pd.concat([study.responses, seen], ignore_index=True))
    frame = cs.subject_timelines(cs.define_cohort(study)).frame
    own = frame[frame["number"] == 1].set_index("item")[["start", "stop"]]
    # Followed to day 500, last assessed on day 180.
    assert own.loc["response"].tolist() == [90, 180]
    assert own.loc["response, not assessed since"].tolist() == [180, 500]


def test_timelines_are_numbered_and_hold_no_identifier():
    result = cs.subject_timelines(cs.define_cohort(course_study()))
    frame = result.frame
    assert not frame.astype(str).apply(lambda c: c.str.contains("S0")).any(axis=None)
    rows = [tuple(row) for row in frame[["number", "item", "start", "stop"]].to_numpy()]
    assert rows == [
        # By descending follow-up: S03, S01, S02. A planned second infusion is none of relapse.
        (1, "follow-up", 0, 500),
        (1, "ongoing", 500, 500),
        (2, "follow-up", 0, 400),
        (2, "response", 90, 270),
        (2, "drug-free", 180, 180),
        # Seen last on day 180; the relapse ends it.
        (2, "drug-free, not assessed since", 180, 270),
        (2, "relapse", 270, 270),
        (3, "follow-up", 0, 300),
        (3, "re-infusion", 120, 120),
        (3, "death", 300, 300),
    ]
