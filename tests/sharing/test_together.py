"""A network's numbers are those of the subjects together, where every number is shown."""

import itertools

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from carstats.estimators.curves.turnbull import turnbull
from carstats.sharing.network import network_of
from carstats.sharing.shared import shared_content
from carstats.sharing.together import (
    FIRST,
    LAST,
    competing_counts,
    response_counts,
    time_cohort,
    time_counts,
    toxicity_counts,
)

EXACT = 1e-12
WEEKS = (4, 8, 12, 24, 36, 52, 64, 76, 88, 104, 130, 156)
RFS = "relapse_free_survival"


@pytest.fixture(scope="module")
def cohort():
    return cs.define_cohort(cs.read_study("data/synthetic"), cs.infused(), label="infused")


def shared(cohort, least, by="target"):
    files = []
    for site in sorted(set(cohort.subjects["site_id"])):
        part = cs.define_cohort(cohort.study, cs.infused(), cs.where("site_id", site),
                                label="infused")  # fmt: skip
        files.append((site, shared_content(part, site=site, by=by, min_cell=least,
                                         endpoints=["response", RFS, "relapse", "CRS",
                                                    "overall_survival"])))  # fmt: skip
    return network_of(files)


@pytest.fixture(scope="module")
def network(cohort):
    return shared(cohort, 1)


@pytest.fixture(scope="module")
def hidden(cohort):
    return shared(cohort, 5)


def same(mine, theirs, columns):
    for column in columns:
        if pd.api.types.is_numeric_dtype(theirs.frame[column]):
            np.testing.assert_allclose(mine.frame[column].to_numpy(float),
                                       theirs.frame[column].to_numpy(float), rtol=0, atol=EXACT,
                                       err_msg=column)  # fmt: skip
        else:
            assert list(mine.frame[column]) == list(theirs.frame[column])


def test_responses_equal_those_of_the_subjects_together(cohort, network):
    followed = cs.define_cohort(cohort.study, cs.infused(), cs.potential_followup(days=196))
    columns = ("n", "n_missing", "n_event", "estimate", "conf_low", "conf_high")
    whole = response_counts(network, "response")
    same(cs.response_rate(whole, "response"), cs.response_rate(followed, "response"), columns)
    counts = response_counts(network, "response", ["target"])
    same(cs.response_rate(counts, "response", by="target"),
         cs.response_rate(followed, "response", by="target"), ("target", *columns))  # fmt: skip
    options = {"by": "target", "strata": "site_id"}
    same(cs.response_difference(counts, "response", **options),
         cs.response_difference(followed, "response", **options),
         ("contrast", "n", "estimate", "conf_low", "conf_high", "p_value"))  # fmt: skip
    same(cs.response_test(counts, "response", **options),
         cs.response_test(followed, "response", **options), ("statistic", "p_value"))  # fmt: skip


@pytest.mark.parametrize("grade", [1, 2, 3])
def test_toxicities_equal_those_of_the_subjects_together(cohort, network, grade):
    counts = toxicity_counts(network, "CRS", grade, ["target"])
    options = {"min_grade": grade, "by": "target"}
    columns = ("target", "n", "n_event", "estimate", "conf_low", "conf_high", "n_possible")
    same(cs.toxicity_rate(counts, "CRS", **options), cs.toxicity_rate(cohort, "CRS", **options),
         columns)  # fmt: skip


def on_the_grid(cohort, endpoint):
    """Return the intervals of each subject on the visits of the schedule, put there by hand."""
    events = cohort.study.events
    rows = events[events["endpoint"].eq(endpoint)
                  & events["subject_id"].isin(cohort.subjects["subject_id"])]  # fmt: skip
    visits = [0.0, *(7.0 * week for week in WEEKS)]
    low, high = [], []
    for day, status in zip(rows["time"], rows["status"], strict=True):
        nearest = max(range(len(visits)), key=lambda i: (-abs(visits[i] - day), i))
        if status == "event":
            nearest = max(nearest, 1)
            low.append(visits[nearest - 1])
            high.append(visits[nearest])
        else:
            low.append(visits[nearest])
            high.append(np.inf)
    return np.array(low), np.array(high)


def test_intervals_equal_the_analysis_of_the_same_subjects_on_the_grid(cohort, network):
    low, high = on_the_grid(cohort, RFS)
    fit = turnbull(low, high)
    kept = fit.mass > 0
    kept &= np.isfinite(fit.right)
    curve = cs.interval_censored_curve(time_cohort(network, RFS), RFS).frame
    np.testing.assert_allclose(curve["estimate"].iloc[1:], fit.survival[kept], atol=EXACT)
    assert list(curve["time_high"].iloc[1:]) == list(fit.right[kept])
    # The life table of the same: Kaplan-Meier at the visits.
    found = cs.survival_at(time_counts(network, RFS), RFS, at=364, conf_type="log-log").frame.iloc[
        0
    ]
    at = fit.survival[np.flatnonzero(fit.right == 364)[0]]
    assert found["estimate"] == pytest.approx(at, abs=1e-9)


def test_the_test_of_targets_within_sites_equals_that_of_the_subjects_on_the_grid(cohort, network):
    mine = cs.interval_censored_test(time_cohort(network, RFS, ["target"]), RFS, by="target",
                                     strata="site_id", method="score").frame.iloc[0]  # fmt: skip
    events, (low, high) = cohort.study.events, on_the_grid(cohort, RFS)
    rows = events[events["endpoint"].eq(RFS)
                  & events["subject_id"].isin(cohort.subjects["subject_id"])]  # fmt: skip
    happened = np.isfinite(high)
    placed = rows.assign(time=np.where(happened, high, low), time_low=low,
                         time_high=np.where(happened, high, np.nan))  # fmt: skip
    late = {"last_contact_day": 2000, "cutoff_day": 2000, "death_day": np.nan, "death_cause": None}
    subjects = cohort.study.subjects.assign(**late)
    study = cs.Study(subjects=subjects, events=placed.drop(columns=["cause"]))
    theirs = cs.interval_censored_test(
        cs.define_cohort(study, cs.where("subject_id", list(cohort.subjects["subject_id"]))), RFS,
        by="target", strata="site_id", method="score",
    ).frame.iloc[0]  # fmt: skip
    assert mine["statistic"] == pytest.approx(theirs["statistic"], abs=1e-9)


def test_hidden_places_are_bounded(network, hidden):
    """Whoever is hidden, the curve with every number lies between the two extremes."""
    whole = cs.survival_at(time_counts(network, RFS), RFS, at=1092).frame["estimate"].iloc[0]
    found = [
        turnbull(rows["time_low"], rows["time_high"]).survival[-2]
        for placing in (FIRST, LAST)
        for rows in [_rows(hidden, placing)]
    ]
    assert min(found) <= whole <= max(found)


def _rows(network, placing):
    from carstats.survival.times import endpoint_times

    rows = endpoint_times(time_cohort(network, RFS, placing=placing), RFS).rows
    return rows[rows["event_time"].notna()]


def test_competing_events_are_those_of_the_sites_that_tell_them(cohort, network, hidden):
    counts, left = competing_counts(network, "relapse")
    assert left == 0
    statuses = counts.times.groupby("status")["n"].sum()
    events = cohort.study.events
    rows = events[events["endpoint"].eq("relapse")
                  & events["subject_id"].isin(cohort.subjects["subject_id"])]  # fmt: skip
    for status, n in rows["status"].value_counts().items():
        assert statuses[status] == n
    assert competing_counts(hidden, "relapse")[1] > 0


def test_nothing_is_counted_twice(network, hidden):
    for each, by in itertools.product((network, hidden), ([], ["target"])):
        rows, without = each.rows("response", "response", by)
        told = sum(row["asked"] + row["not_asked"] for _, _, row in rows)
        assert told + sum(without.values()) == sum(c["subjects"] for c in each.contents)
