"""Toxicity by window, over time, per person-time, in differences; the edges of each."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from tests.conftest import subjects_table
from tests.reference import array, reference

R = reference("toxicity")["study"]


def cohort_of(n, *rows, columns=("subject_id", "term", "onset_day", "grade"), **subjects):
    """Return a cohort of n subjects with these episodes."""
    tables = {k: subjects.pop(k) for k in ("infusions", "medications", "assessments", "events")
              if k in subjects}  # fmt: skip
    table = pd.DataFrame(list(rows), columns=list(columns))
    return cs.define_cohort(
        cs.Study(subjects=subjects_table(n, **subjects), toxicities=table, **tables)
    )


@pytest.fixture(scope="module")
def reference_cohort():
    n = len(R["contact"])
    ids = np.array([f"S{i + 1:02d}" for i in range(n)])
    onset = array(R["onset"])
    had = ~np.isnan(onset)
    episodes = pd.DataFrame(
        {
            "subject_id": ids[had],
            "term": "infection",
            "onset_day": onset[had],
            "resolution_day": array(R["stop"])[had],
            "grade": 2,
        }
    )
    subjects = subjects_table(
        n, last_contact_day=R["contact"], death_day=array(R["death"]), target=R["group"]
    )
    return cs.define_cohort(cs.Study(subjects=subjects, toxicities=episodes))


@pytest.mark.parametrize("case", R["incidence"], ids=lambda c: c["group"])
def test_incidence_equals_survfit_and_cuminc(reference_cohort, case):
    frame = cs.toxicity_incidence(
        reference_cohort, "infection", at=case["at"], by="target", conf_type="log-log"
    ).frame
    rows = frame[frame["target"] == case["group"]]
    assert_allclose(rows["estimate"], case["cuminc"], rtol=1e-10)
    for column, name in (("estimate", "estimate"), ("std_error", "se"), ("conf_low", "low"),
                         ("conf_high", "high")):  # fmt: skip
        assert_allclose(rows[column], case[name], rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("case", R["incidence"], ids=lambda c: c["group"])
def test_four_estimators_equal_r(reference_cohort, case):
    frame = cs.toxicity_estimators(reference_cohort, "infection", at=case["at"], by="target").frame
    rows = frame[frame["target"] == case["group"]].set_index("estimator")["estimate"]
    for name, column in (
        ("incidence proportion", "proportion"),
        ("incidence density", "density"),
        ("one minus Kaplan-Meier", "one_minus_km"),
        ("Aalen-Johansen", "estimate"),
    ):
        assert_allclose(rows[name], case[column], rtol=1e-9, err_msg=name)
    # What the comparison is for: the order of the two biased ones around the right one.
    assert (rows["incidence proportion"].to_numpy() <= rows["Aalen-Johansen"] + 1e-12).all()
    assert (rows["Aalen-Johansen"].to_numpy() <= rows["one minus Kaplan-Meier"] + 1e-12).all()


def test_durations_equal_survfit(reference_cohort):
    case = R["duration"]
    curve = cs.toxicity_duration(reference_cohort, "infection", conf_type="log-log").frame
    assert curve["time"].tolist() == [0, *case["time"]]
    rows = curve.iloc[1:]
    assert_allclose(rows["estimate"], case["surv"], rtol=1e-10, atol=1e-15)
    inside = (rows["estimate"] > 0) & (rows["estimate"] < 1)
    for column, name in (("std_error", "se"), ("conf_low", "low"), ("conf_high", "high")):
        assert_allclose(rows.loc[inside, column], array(case[name])[inside], rtol=1e-9)
    timing = cs.toxicity_timing(reference_cohort, "infection").frame.set_index("measure")
    assert timing.loc["duration", "estimate"] == case["median"]
    assert (
        timing.loc["duration", "n_censor"]
        == np.isnan(array(R["stop"])[~np.isnan(array(R["onset"]))]).sum()
    )


def test_first_events_per_year_equal_poisson_test(reference_cohort):
    row = cs.exposure_adjusted_rate(reference_cohort, "infection").frame.iloc[0]
    assert_allclose(row[["estimate", "conf_low", "conf_high"]].astype(float), R["first_rate"],
                    rtol=1e-10)  # fmt: skip


class TestWindows:
    def test_the_denominator_is_those_followed_at_the_start(self):
        cohort = cohort_of(
            4, ("S01", "infection", 20, 1), ("S01", "infection", 200, 3),
            ("S02", "infection", 31, 2), last_contact_day=[400, 31, 90, 101],
        )  # fmt: skip
        frame = cs.toxicity_rate(cohort, "infection", window="standard").frame
        assert frame["n"].tolist() == [4, 4, 2, 1]
        assert frame["n_event"].tolist() == [1, 1, 1, 0]
        assert frame["window_end"].tolist() == [30, 100, 365, np.inf]
        assert frame["note"].tolist()[1] == "2 of the 4 left before day 100"
        assert frame["note"].tolist()[3] == "0 of 1: at most 97.5 %"

    def test_nobody_followed_so_far_is_missing_with_a_note(self):
        row = cs.toxicity_rate(
            cohort_of(2, ("S01", "CRS", 1, 1), last_contact_day=50), "CRS", window=(366, np.inf)
        ).frame.iloc[0]
        assert (row["n"], row["note"]) == (0, "nobody followed to day 366")
        assert np.isnan(row["estimate"])

    def test_an_unknown_onset_is_counted_as_missing(self):
        cohort = cohort_of(3, ("S01", "CRS", None, 2), ("S02", "CRS", 3, 2))
        row = cs.toxicity_rate(cohort, "CRS", window=(0, 30)).frame.iloc[0]
        assert (row["n_event"], row["n_missing"]) == (1, 1)
        assert "1 of unknown onset: proven 1 of 3 (33 %), possible 2 of 3 (67 %)" in row["note"]
        assert cs.toxicity_rate(cohort, "CRS").frame["n_event"].iloc[0] == 2

    @pytest.mark.parametrize("window", ["weekly", (30,), (5, 1), (-1, 5), ("a", 3), 7])
    def test_a_bad_window_is_refused(self, window):
        with pytest.raises(cs.CarstatsError, match="`window` is"):
            cs.toxicity_rate(cohort_of(1), "CRS", window=window)


def test_no_event_has_its_bound_in_words():
    row = cs.toxicity_rate(cohort_of(15), "ICANS").frame.iloc[0]
    assert row["note"] == "0 of 15: at most 21.8 %"


class TestScales:
    COLUMNS = ("subject_id", "term", "onset_day", "grade", "grading_scale")

    def mixed(self):
        return cohort_of(
            3, ("S01", "CRS", 1, 3, "Penn"), ("S02", "CRS", 1, 1, "ASTCT"),
            ("S03", "CRS", 2, 3, "ASTCT 2019"), columns=self.COLUMNS,
        )  # fmt: skip

    def test_several_scales_are_refused_naming_the_rows(self):
        with pytest.raises(cs.CarstatsError, match=r"2 scales.*Penn: rows 1; ASTCT: rows 2, 3"):
            cs.toxicity_rate(self.mixed(), "CRS", min_grade=3)
        for function in (cs.toxicity_grades, cs.toxicity_table):
            with pytest.raises(cs.CarstatsError, match="2 scales"):
                function(self.mixed())
        assert cs.toxicity_rate(self.mixed(), "CRS").frame["n_event"].iloc[0] == 3

    def test_a_chosen_scale_makes_the_others_ungraded(self):
        row = cs.toxicity_rate(self.mixed(), "CRS", min_grade=3, grading_scale="ASTCT").frame.iloc[
            0
        ]
        assert (row["n_event"], row["n_missing"]) == (1, 1)
        with pytest.raises(cs.CarstatsError, match="`grading_scale` is 'CTCAE'; allowed"):
            cs.toxicity_rate(self.mixed(), "CRS", min_grade=3, grading_scale="CTCAE")

    def test_severities_have_a_threshold_of_their_own(self):
        cohort = cohort_of(
            4, ("S01", "CRS", 1, "mild"), ("S02", "CRS", 1, "severe"), ("S03", "CRS", 1, None),
            columns=("subject_id", "term", "onset_day", "severity"),
        )  # fmt: skip
        row = cs.toxicity_rate(cohort, "CRS", min_severity="moderate").frame.iloc[0]
        assert (row["n_event"], row["n_missing"]) == (1, 1)
        with pytest.raises(cs.CarstatsError, match="both given"):
            cs.toxicity_rate(cohort, "CRS", min_grade=2, min_severity="mild")
        with pytest.raises(cs.CarstatsError, match="`min_severity` is 'awful'"):
            cs.toxicity_rate(cohort, "CRS", min_severity="awful")


class TestEpisodes:
    COLUMNS = ("subject_id", "term", "onset_day", "resolution_day", "grade", "system")

    def overlapping(self):
        return cohort_of(
            2, ("S01", "infection", 5, 12, 1, "lung"), ("S01", "infection", 10, 20, 3, "lung"),
            ("S01", "infection", 11, 15, 2, "skin"), ("S01", "infection", 40, None, 2, "lung"),
            ("S01", "infection", 60, 70, 1, "lung"), columns=self.COLUMNS, last_contact_day=100,
        )  # fmt: skip

    def test_records_that_overlap_are_one_episode(self):
        rows = cs.toxicity_listing(self.overlapping(), "infection").frame
        assert rows["onset_day"].tolist() == [5, 11, 40]
        assert rows["grade"].tolist() == [3, 2, 2]
        assert rows["n_records"].tolist() == [2, 1, 2]
        assert rows["ongoing"].tolist() == [False, False, True]
        assert rows["end_day"].tolist() == [20, 15, 100]

    def test_a_gap_joins_what_nearly_touches(self):
        rows = cs.toxicity_listing(self.overlapping(), "infection", gap=20).frame
        assert len(rows) == 2

    def test_counts_of_episodes(self):
        cohort = self.overlapping()
        row = cs.exposure_adjusted_rate(cohort, "infection", events="all").frame.iloc[0]
        assert (row["n_event"], row["n_with_event"]) == (3, 1)
        assert_allclose(row["person_years"], 2 * 101 / 365.25)
        last = cs.mean_cumulative_count(cohort, "infection").frame.iloc[-1]
        assert_allclose(last["estimate"], 1.5)

    def test_the_time_at_risk_adds_up_over_the_windows(self):
        rate = cs.exposure_adjusted_rate
        parts = rate(self.overlapping(), "infection", events="all", window="standard").frame
        whole = rate(self.overlapping(), "infection", events="all").frame.iloc[0]
        assert_allclose(parts["person_years"].sum(), whole["person_years"])
        assert parts["n_event"].sum() == whole["n_event"]

    def test_numbers_stand_for_the_subjects_unless_asked(self):
        assert cs.toxicity_listing(self.overlapping()).frame["subject"].tolist() == [1, 1, 1]
        named = cs.toxicity_listing(self.overlapping(), identifiers=True).frame
        assert set(named["subject"]) == {"S01"}

    def test_ongoing_episodes_are_censored(self):
        frame = cs.toxicity_timing(self.overlapping(), "infection", episode="all").frame
        rows = frame.set_index("measure")
        assert rows["n"].tolist() == [3, 3, 3]
        assert rows.loc["duration", "n_censor"] == 1
        assert rows.loc["duration", "maximum"] == 61
        assert "the maximum is censored" in rows.loc["duration", "note"]

    def test_a_term_that_nobody_had(self):
        cohort = self.overlapping()
        assert cs.toxicity_timing(cohort, "ICANS").frame["note"].tolist() == ["nobody had it"] * 3
        assert cs.toxicity_duration(cohort, "ICANS").frame["note"].tolist() == ["no episode"]
        row = cs.toxicity_incidence(cohort, "ICANS", at=50).frame.iloc[0]
        assert (row["estimate"], row["conf_low"], row["note"]) == (0, 0, "0 of 2: at most 84.2 %")
        rate = cs.exposure_adjusted_rate(cohort, "ICANS", events="all").frame.iloc[0]
        assert_allclose(rate["conf_high"], 3.688879 / rate["person_years"], rtol=1e-6)
        assert cs.mean_cumulative_count(cohort, "ICANS").frame["estimate"].max() == 0
        table = cs.toxicity_table(cohort, ["ICANS", "infection"]).frame
        assert table[table["term"] == "ICANS"]["n_event"].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("episode", "words"),
    [
        (("S01", "CRS", 2000, 2), "row 1, `onset_day`: day 2000 is after|after the subject's last"),
        (("S09", "CRS", 3, 2), "names a subject that the subjects table does not have"),
    ],
)
def test_impossible_rows_are_errors_that_name_them(episode, words):
    with pytest.raises(cs.CarstatsError, match=words):
        cohort_of(2, episode)
    with pytest.raises(cs.CarstatsError, match="before `onset_day`"):
        cohort_of(2, ("S01", "CRS", 9, 4), columns=("subject_id", "term", "onset_day",
                                                    "resolution_day"))  # fmt: skip


def test_death_and_reinfusion_compete():
    infusions = pd.DataFrame(
        {"subject_id": ["S01", "S01", "S02", "S02"], "infusion_number": [1, 2, 1, 2],
         "day": [0, 50, 0, 7], "planned": [True, False, True, True]}
    )  # fmt: skip
    cohort = cohort_of(
        4, ("S01", "infection", 80, 1), ("S02", "infection", 20, 1), infusions=infusions,
        last_contact_day=[100, 100, 60, 100], death_day=[None, None, 60, None],
    )  # fmt: skip
    both = cs.toxicity_incidence(cohort, "infection", at=100).frame.iloc[0]
    assert (both["n_event"], both["n_competing"], both["n_censor"]) == (1, 2, 1)
    death = cs.toxicity_incidence(cohort, "infection", at=100, competing="death").frame.iloc[0]
    assert (death["n_event"], death["n_competing"]) == (2, 1)
    with pytest.raises(cs.CarstatsError, match="leaves out 'death'"):
        cs.toxicity_incidence(cohort, "infection", competing="re-infusion")


class TestDifferences:
    def cohort(self):
        rows = [(f"S{i:02d}", "CRS", 2, 2) for i in (1, 2, 3, 11)]
        return cohort_of(20, *rows, target=["CD19"] * 10 + ["BCMA"] * 10)

    def test_score_limits_and_their_test(self):
        row = cs.toxicity_difference(
            self.cohort(), "CRS", by="target", method="Miettinen-Nurminen"
        ).frame.iloc[0]
        assert row["contrast"] == "BCMA − CD19"
        assert_allclose(row["estimate"], -0.2)
        # The score test of 1/10 against 3/10 with the factor N / (N - 1).
        z = -0.2 / np.sqrt(0.2 * 0.8 * 0.2 * 20 / 19)
        assert_allclose(row["statistic"], z)

    @pytest.mark.parametrize("method", ["Miettinen-Nurminen", "SCAS", "melded", "Chan-Zhang",
                                        "Agresti-Min"])  # fmt: skip
    def test_the_p_value_goes_with_the_limits(self, method):
        for level in (0.5, 0.8, 0.95):
            row = cs.toxicity_difference(
                self.cohort(), "CRS", by="target", method=method, conf_level=level
            ).frame.iloc[0]
            assert (row["p_value"] < 1 - level) == (row["conf_high"] < 0)

    def test_signals_are_sorted_and_adjusted(self):
        frame = cs.toxicity_signals(self.cohort(), ["ICANS", "CRS"], by="target").frame
        assert frame["term"].tolist() == ["CRS", "ICANS"]
        assert (frame["p_adjusted"] >= frame["p_value"]).all()
        assert_allclose(frame["probability"].iloc[1], 0.5, atol=1e-6)
        assert frame["probability"].iloc[0] < 0.2

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"by": ["target", "disease"]}, "`by` is"),
            ({"by": "disease"}, "takes two levels"),
            ({"by": "target", "reference": "CD20"}, "`reference` is 'CD20'"),
            ({"by": "target", "method": "Wald"}, "`method` is 'Wald'"),
        ],
    )
    def test_misuse(self, options, words):
        with pytest.raises(cs.CarstatsError, match=words):
            cs.toxicity_difference(self.cohort(), "CRS", **options)


def test_an_emptied_stratum_keeps_its_row():
    cohort = cs.define_cohort(
        cohort_of(2, ("S01", "CRS", 1, 1), target=["CD19", "BCMA"], age=[30, 70]).study,
        cs.aged(0, 50),
    )
    for function in (
        lambda **o: cs.toxicity_rate(cohort, "CRS", **o),
        lambda **o: cs.toxicity_rate(cohort, "CRS", window=(0, 30), **o),
        lambda **o: cs.toxicity_incidence(cohort, "CRS", at=10, **o),
        lambda **o: cs.toxicity_estimators(cohort, "CRS", at=10, **o),
        lambda **o: cs.exposure_adjusted_rate(cohort, "CRS", **o),
        lambda **o: cs.exposure_adjusted_rate(cohort, "CRS", events="all", **o),
        lambda **o: cs.mean_cumulative_count(cohort, "CRS", **o),
        lambda **o: cs.toxicity_timing(cohort, "CRS", **o),
        lambda **o: cs.toxicity_duration(cohort, "CRS", **o),
        lambda **o: cs.toxicity_table(cohort, **o),
    ):
        frame = function(by="target").frame
        empty = frame[frame["target"] == "BCMA"]
        assert len(empty)
        assert empty["estimate"].isna().all()
        assert empty["note"].iloc[0].startswith("no subjects")
    row = cs.toxicity_difference(cohort, "CRS", by="target").frame.iloc[0]
    assert np.isnan(row["estimate"])
    assert row["note"] == "no subjects in a stratum"
