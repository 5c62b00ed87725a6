"""Courses of B cells and IgG, recoveries, and the benchmark against the oncology trials."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from carstats.toxicity.episodes import scale_family
from tests.toxicity.test_toxicity_analyses import cohort_of


def values(*rows):
    table = pd.DataFrame(list(rows), columns=["subject_id", "day", "measure", "value"])
    return table.assign(unit=table["measure"].map({"B_cells": "/uL", "IgG": "g/L"}))


class TestTrajectories:
    def test_the_nearest_value_counts_and_baseline_is_before(self):
        cohort = cohort_of(
            2, assessments=values(
                ("S01", -10, "B_cells", 100), ("S01", -2, "B_cells", 90), ("S01", 1, "B_cells", 1),
                ("S01", 27, "B_cells", 2), ("S01", 30, "B_cells", 4), ("S02", 28, "B_cells", 20),
            ),
        )  # fmt: skip
        frame = cs.measure_trajectory(cohort, "B_cells", at=(0, 28, 56), below=10).frame
        assert frame["n_event"].tolist() == [1, 2, 0]
        assert frame["n_missing"].tolist() == [1, 0, 2]
        assert frame["estimate"].tolist()[:2] == [90, 11]
        assert frame["n_below"].tolist() == [0, 1, 0]
        assert frame["note"].iloc[0] == "too few for limits of the median"
        assert np.isnan(frame["estimate"].iloc[2])

    def test_igg_under_immunoglobulin_is_left_out(self):
        drugs = pd.DataFrame(
            {"subject_id": ["S01"], "drug": ["immunoglobulin IV"], "drug_class": ["immunoglobulin"],
             "start_day": [20], "stop_day": [20]}
        )  # fmt: skip
        cohort = cohort_of(
            2, medications=drugs,
            assessments=values(("S01", 28, "IgG", 9), ("S02", 28, "IgG", 5), ("S01", 60, "IgG", 4)),
        )  # fmt: skip
        frame = cs.measure_trajectory(cohort, "IgG", at=(0, 28, 56)).frame
        assert frame["n_masked"].tolist() == [0, 1, 0]
        assert frame["estimate"].tolist()[1:] == [5, 4]
        open_ = cs.measure_trajectory(cohort, "IgG", at=(0, 28, 56), mask_days=0).frame
        assert open_["estimate"].iloc[1] == 7

    @pytest.mark.parametrize(
        ("measure", "options", "words"),
        [
            ("B_cels", {}, "`measure` is 'B_cels'"),
            ("IgG", {}, "nobody of the study has a value of 'IgG'"),
            ("B_cells", {"at": (28, 28)}, "increasing"),
        ],
    )
    def test_misuse(self, measure, options, words):
        cohort = cohort_of(1, assessments=values(("S01", 3, "B_cells", 1)))
        with pytest.raises(cs.CarstatsError, match=words):
            cs.measure_trajectory(cohort, measure, **options)


class TestRecovery:
    def test_of_the_events_table(self):
        events = pd.DataFrame(
            {"subject_id": ["S01", "S02", "S03"], "endpoint": "b_cell_reconstitution",
             "status": ["event", "competing", "censored"], "time": [90, 120, 200],
             "cause": [None, "re-infusion", None]}
        )  # fmt: skip
        cohort = cohort_of(4, events=events)
        row = cs.time_to_recovery(cohort, "b_cell_reconstitution", at=150).frame.iloc[0]
        assert (row["n"], row["n_missing"], row["n_event"], row["n_competing"]) == (4, 1, 1, 1)
        assert_allclose(row["estimate"], 1 / 3)
        assert row["note"].startswith("1 of 4 left out")

    def test_derived_where_the_table_lacks_it(self):
        study = cs.simulate_study(seed=1, n=30)
        cohort = cs.define_cohort(study, cs.infused())
        result = cs.time_to_recovery(cohort, "igg_recovery", at=365)
        assert "derived" in result.spec.method
        assert result.frame["n_missing"].iloc[0] < result.frame["n"].iloc[0]

    def test_immunoglobulin_replacement(self):
        drugs = pd.DataFrame(
            {"subject_id": ["S01", "S02"], "drug": "immunoglobulin IV",
             "drug_class": "immunoglobulin", "start_day": [40, 10], "stop_day": [40, 10],
             "reason": ["replacement", "disease"]}
        )  # fmt: skip
        cohort = cohort_of(4, medications=drugs)
        row = cs.time_to_recovery(cohort, "immunoglobulin_replacement", at=100).frame.iloc[0]
        assert (row["n_event"], row["estimate"]) == (1, 0.25)

    def test_loss_of_the_cells_takes_two_samples(self):
        rows = [
            ("S01", d, "B_cells", v) for d, v in ((7, 500), (28, 5), (56, 60), (84, 3), (112, 2))
        ]
        cohort = cohort_of(2, assessments=values(*rows, ("S02", 7, "B_cells", 0)))
        options = {"measure": "B_cells", "below": 10}
        frame = cs.time_to_recovery(cohort, "loss_of_persistence", **options).frame
        # Dated at the first of the two; never detected, the other is left out.
        assert frame.loc[frame["n_event"] > 0, "time"].tolist() == [84]
        assert frame["n_missing"].iloc[0] == 1
        with pytest.raises(cs.CarstatsError, match="takes `measure`"):
            cs.time_to_recovery(cohort, "loss_of_persistence")

    def test_what_is_not_there_is_refused(self):
        with pytest.raises(cs.CarstatsError, match="cannot be derived"):
            cs.time_to_recovery(cohort_of(1), "igg_recovery")


def test_scales_are_told_apart_but_for_versions():
    assert {scale_family(s) for s in ("CTCAE", "CTCAE 4.03 (FDA definition)", "CTCAE 5.0")} == {
        "CTCAE"
    }
    assert scale_family("ASTCT ICANS (all CAR-T neurotoxicity 20, >=3 9)") == "ASTCT"
    assert scale_family("Lee 2014") == "Lee 2014"
    assert scale_family(np.nan) == scale_family("not stated") == "not stated"


COLUMNS = ("subject_id", "term", "onset_day", "grade", "grading_scale")


def benchmark(*rows, n=15, term="ICANS", **options):
    return cs.toxicity_benchmark(cohort_of(n, *rows, columns=COLUMNS), term, **options)


class TestBenchmark:
    def test_juliet_is_two_trials_by_two_scales(self):
        table = cs.oncology_benchmarks()
        juliet = table[table["trial"] == "JULIET neurotoxicity re-graded"]
        by_scale = juliet.set_index(["outcome", "grading_scale"])["n_event"]
        assert by_scale["neurotoxicity any", "CTCAE 4.03"] == 50
        assert by_scale["ICANS any", "ASTCT"] == 19
        frame = benchmark(("S01", "ICANS", 3, 1, "ASTCT")).frame
        row = frame[(frame["trial"] == "JULIET") & (frame["row"] == "trial")].iloc[0]
        assert (row["n_event"], row["n"], row["grading_scale"]) == (19, 111, "ASTCT")
        assert row["note"] == "not the trial's primary report"
        # By CTCAE the same subjects are no reference for ICANS at all.
        with pytest.raises(cs.CarstatsError, match="50 of 111 by CTCAE and 19 of 111 by ASTCT"):
            benchmark(("S01", "ICANS", 3, 1, "CTCAE 5.0"))

    def test_one_report_of_each_family_by_its_primary(self):
        frame = benchmark(("S01", "CRS", 3, 1, "Penn"), term="CRS", min_grade=3).frame
        trials = frame[frame["row"] == "trial"].set_index("trial")
        assert trials["n_event"].to_dict() == {"ELIANA": 35, "JULIET": 24}
        assert "fewer than 3 trials" in frame["note"].iloc[0]
        assert not frame["row"].isin(["reference", "new trial"]).any()
        difference = frame[frame["contrast"] == "observed − 2 trials added up"].iloc[0]
        assert_allclose(difference["estimate"], 0 - 59 / 186)
        assert difference["p_value"] < 0.05

    def test_a_scale_is_accepted_by_name_with_the_reason(self):
        episode = ("S01", "CRS", 3, 1, "ASTCT")
        few = benchmark(episode, term="CRS").frame
        reason = "a fever makes grade 1 by both"
        many = benchmark(episode, term="CRS", accept_scales={"Lee 2014": reason}).frame
        assert (many["row"] == "trial").sum() > (few["row"] == "trial").sum()
        accepted = many[(many["row"] == "trial") & (many["grading_scale"] == "Lee 2014")]
        assert accepted["note"].str.contains(reason).all()
        for bad in ({"Lee 2014": ""}, ["Lee 2014"]):
            with pytest.raises(cs.CarstatsError, match="`accept_scales` is"):
                benchmark(episode, term="CRS", accept_scales=bad)

    def test_an_unstated_scale_is_refused_unless_given(self):
        with pytest.raises(cs.CarstatsError, match=r"not known \(nobody had it\)"):
            benchmark(term="CRS")
        with pytest.raises(cs.CarstatsError, match="the study does not state it"):
            benchmark(("S01", "CRS", 3, 1, None), term="CRS")
        frame = benchmark(term="CRS", min_grade=3, grading_scale="ASTCT").frame
        assert "0 of 15: at most 21.8 %" in frame["note"].iloc[0]
        reference = frame[frame["row"] == "reference"].iloc[0]
        assert (reference["n_trials"], reference["n_event"], reference["n"]) == (3, 20, 460)
        assert 0.5 < reference["probability_lower"] < 1
        assert reference["spread"] > 0

    def test_matching_says_how_many(self):
        episode = ("S01", "CRS", 3, 1, "ASTCT")
        accept = {"Lee 2014": "the same need of support"}
        matched = benchmark(episode, term="CRS", min_grade=3, accept_scales=accept)
        assert matched.frame["note"].iloc[0].startswith("7 of 10 trials are of CD19: used")
        assert set(matched.frame.loc[matched.frame["row"] == "trial", "target"]) == {"CD19"}
        few = benchmark(episode, term="CRS", min_grade=3).frame["note"].iloc[0]
        assert few.startswith("1 of 3 trials are of CD19, too few to match: all are used")

    def test_published_trials_count_every_subject_once(self):
        result = cs.toxicity_benchmark(cs.published_trials(), "CRS", min_grade=3)
        first = result.frame.iloc[0]
        table = cs.published_trials()
        rows = table[
            (table["outcome"] == "CRS grade >=3")
            & (table["grading_scale"] == "ASTCT")
            & table["synthesis"].isin(["all", "toxicity"])
        ]
        assert (first["n"], first["n_event"]) == (rows["n_evaluable"].sum(), rows["n_event"].sum())
        assert "graded otherwise or not saying how left out" in result.spec.population
        with pytest.raises(cs.CarstatsError, match="no published trial reports 'LICATS any'"):
            cs.toxicity_benchmark(cs.published_trials(), "LICATS")
        with pytest.raises(cs.CarstatsError, match="`source` is str"):
            cs.toxicity_benchmark("trials", "CRS")
