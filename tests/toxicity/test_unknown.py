"""Unknown is not absent: proven and possible, lower bounds of grades, and before the infusion."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import beta

import carstats as cs
from carstats.report.figures.toxicity.rates import toxicity_figure
from carstats.report.tables import tabulate_grades, tabulate_toxicities
from carstats.report.tables.subjects import tabulate_rates
from tests.conftest import subjects_table


def cohort_of(n, rows, **subjects):
    """Return a cohort; rows are (subject number, onset, grade, grade_at_least)."""
    table = pd.DataFrame(
        [(f"S{i:02d}", "CRS", *rest) for i, *rest in rows],
        columns=["subject_id", "term", "onset_day", "grade", "grade_at_least"],
    )
    return cs.define_cohort(cs.Study(subjects=subjects_table(n, **subjects), toxicities=table))


def limits(k, m, n):
    """Return the Clopper-Pearson lower limit of k and the upper one of k + m."""
    return (
        beta.ppf(0.025, k, n - k + 1) if k else 0.0,
        beta.ppf(0.975, k + m + 1, n - k - m) if k + m < n else 1.0,
    )


GRADED = [(i, 3.0, grade, None) for i, grade in enumerate([1, 1, 2, 2, 3, 3, 3], 1)]
# Of subjects 8 to 19 it is not known whether they had it, or only how bad it was.
PERHAPS = [(i, None, None, 0) for i in range(8, 20)]
UNGRADED = [(i, 2.0, None, (3, 2, None)[i % 3]) for i in range(9, 21)]


class TestRate:
    @pytest.mark.parametrize(("grade", "k"), [(1, 7), (2, 5), (3, 3), (4, 0)])
    def test_twelve_of_twenty_two_not_known(self, grade, k):
        row = cs.toxicity_rate(cohort_of(22, GRADED + PERHAPS), "CRS", min_grade=grade).frame.iloc[
            0
        ]
        assert (row["n"], row["n_event"], row["n_missing"], row["n_possible"]) == (
            22,
            k,
            12,
            k + 12,
        )
        assert_allclose([row["estimate"], row["estimate_possible"]], [k / 22, (k + 12) / 22])
        assert_allclose([row["conf_low"], row["conf_high"]], limits(k, 12, 22), rtol=1e-6)
        assert f"proven {k} of 22" in row["note"]
        assert f"possible {k + 12} of 22" in row["note"]

    @pytest.mark.parametrize(("grade", "k", "m"), [(1, 19, 0), (2, 13, 4), (3, 7, 8), (4, 0, 12)])
    def test_lower_bounds_prove_what_they_reach(self, grade, k, m):
        # Four each are known to be at least 3, at least 2, and not at all.
        row = cs.toxicity_rate(cohort_of(22, GRADED + UNGRADED), "CRS", min_grade=grade).frame.iloc[
            0
        ]
        assert (row["n_event"], row["n_missing"]) == (k, m)
        assert_allclose([row["conf_low"], row["conf_high"]], limits(k, m, 22), rtol=1e-6)

    def test_a_proven_event_leaves_nothing_unknown(self):
        rows = [(1, 3.0, 3, None), (1, 9.0, None, None), (2, 3.0, 1, None)]
        row = cs.toxicity_rate(cohort_of(2, rows), "CRS", min_grade=3).frame.iloc[0]
        assert (row["n_event"], row["n_missing"]) == (1, 0)

    def test_a_grade_on_another_scale_is_not_known(self):
        rows = [(1, 3.0, 3, None), (2, 3.0, 3, None), (3, 3.0, None, 4)]
        table = cohort_of(3, rows).study.toxicities.assign(
            grading_scale=["ASTCT", "Lee 2014", "Lee 2014"]
        )
        cohort = cs.define_cohort(cs.Study(subjects=subjects_table(3), toxicities=table))
        row = cs.toxicity_rate(cohort, "CRS", min_grade=3, grading_scale="ASTCT").frame.iloc[0]
        assert (row["n_event"], row["n_missing"]) == (1, 2)

    def test_an_uncollected_term_is_said(self):
        cohort = cohort_of(2, [(1, 3.0, 1, None)])
        note = cs.toxicity_rate(cohort, "ICANS").frame["note"][0]
        assert "no record of it in the study: none only if it was collected" in note


BEFORE = [(1, -3.0, 3, None), (2, -3.0, 2, None), (2, 1.0, 3, None), (3, 0.0, 1, None)]


class TestBeforeTheInfusion:
    def test_is_set_apart_and_said(self):
        row = cs.toxicity_rate(cohort_of(4, BEFORE), "CRS").frame.iloc[0]
        # S01 had it before only; S02 was worse after, by a record of its own; S03 on day 0.
        assert (row["n_event"], row["n_missing"]) == (2, 0)
        assert "2 with episodes that began before the infusion, not counted" in row["note"]

    def test_in_grades_tables_curves_and_rates(self):
        cohort = cohort_of(4, BEFORE)
        grades = cs.toxicity_grades(cohort, "CRS").frame.set_index("level")["n_event"]
        assert (grades["none"], grades["1"], grades["3"]) == (2, 1, 1)
        table = cs.toxicity_table(cohort).frame.iloc[0]
        assert (table["n_event"], table["n_episodes"]) == (2, 2)
        assert "2 with episodes that began before" in table["note"]
        curve = cs.toxicity_incidence(cohort, "CRS", at=30).frame
        assert_allclose(curve["estimate"], 0.5)
        rate = cs.exposure_adjusted_rate(cohort, "CRS", events="all", method="exact").frame
        assert rate["n_event"].tolist() == [2]
        assert "2 with episodes that began before" in rate["note"][0]
        timing = cs.toxicity_timing(cohort, "CRS").frame
        assert timing["n"].tolist() == [2, 2, 2]

    def test_an_episode_before_does_not_take_in_the_one_after(self):
        table = cohort_of(2, [(1, -10.0, 1, None), (1, 2.0, 3, None)]).study.toxicities
        cohort = cs.define_cohort(
            cs.Study(
                subjects=subjects_table(2), toxicities=table.assign(resolution_day=[20.0, 9.0])
            )
        )
        row = cs.toxicity_timing(cohort, "CRS").frame.iloc[0]
        assert (row["n"], row["estimate"]) == (1, 2)

    def test_an_unknown_onset_counts(self):
        row = cs.toxicity_rate(cohort_of(2, [(1, None, 2, None)]), "CRS").frame.iloc[0]
        assert row["n_event"] == 1


class TestGrades:
    def test_the_worst_grade_may_be_higher(self):
        cohort = cohort_of(22, GRADED + UNGRADED)
        frame = cs.toxicity_grades(cohort, "CRS").frame.set_index("level")
        assert frame["n_event"].sum() == 22
        assert frame.loc[["none", "1", "2", "3", "not graded"], "n_event"].tolist() == [
            3, 2, 6, 7, 4,
        ]  # fmt: skip
        assert frame.loc[["2", "3"], "n_missing"].tolist() == [4, 4]
        assert frame.loc["2", "note"] == "4 of these at least of this grade"
        text = " ".join(tabulate_grades(cs.toxicity_grades(cohort, "CRS")).notes)
        assert "The worst grade of 8 subjects is known to be at least" in text

    def test_an_ungraded_episode_beside_a_graded_one(self):
        rows = [(1, 3.0, 2, None), (1, 30.0, None, None)]
        frame = cs.toxicity_grades(cohort_of(2, rows), "CRS").frame.set_index("level")
        assert frame.loc["2", ["n_event", "n_missing"]].tolist() == [1, 1]

    def test_whether_it_happened_is_not_known(self):
        cohort = cohort_of(22, GRADED + PERHAPS)
        result = cs.toxicity_grades(cohort, "CRS")
        frame = result.frame.set_index("level")
        assert frame.loc["none", "n_event"] == 3
        assert frame.loc["not known whether it happened", "n_event"] == 12
        numbers = [t.get_text() for t in toxicity_figure(result).axes[0].texts]
        assert "7–19/22" in numbers
        assert "3–15/22" in numbers


class TestElsewhere:
    COHORT = staticmethod(lambda: cohort_of(22, GRADED + UNGRADED, target=["CD19", "BCMA"] * 11))

    def test_a_table_prints_both(self):
        cohort = self.COHORT()
        row = cs.toxicity_table(cohort).frame.query("row == 'total' and criterion == 'grade >=3'")
        assert row[["n_event", "n_missing", "n_possible"]].to_numpy().tolist() == [[7, 8, 15]]
        assert_allclose(row[["conf_low", "conf_high"]].to_numpy()[0], limits(7, 8, 22), rtol=1e-6)
        cells = tabulate_toxicities(cs.toxicity_table(cohort)).rows[0].cells
        assert cells[2] == "7–15 (32–68\u00a0%)"
        rate = tabulate_rates(cs.toxicity_rate(cohort, "CRS", min_grade=3)).rows[0].cells
        assert rate[1] == "7–15/22"
        assert rate[2].startswith("32–68\u00a0% (14–86)")

    def test_a_curve_is_bounded(self):
        frame = cs.toxicity_incidence(self.COHORT(), "CRS", min_grade=3, at=30).frame
        assert_allclose(frame["estimate"], 7 / 22)
        assert frame["n_missing"].tolist() == [8]
        # Fifteen of 22 by then if all that may have been were.
        possible = cohort_of(22, [(i, 2.0, 3, None) for i in range(1, 16)])
        upper = cs.toxicity_incidence(possible, "CRS", at=30).frame["conf_high"]
        assert_allclose(frame["conf_high"], upper)

    def test_a_difference_covers_whatever_they_had(self):
        cohort = self.COHORT()
        row = cs.toxicity_difference(cohort, "CRS", by="target", min_grade=3).frame.iloc[0]
        rates = cs.toxicity_rate(cohort, "CRS", by="target", min_grade=3).frame
        (k0, k1), (m0, m1) = rates["n_event"], rates["n_missing"]
        assert_allclose(row["estimate"], (k1 - k0) / 11)
        assert row["conf_low"] < (k1 - k0 - m0) / 11
        assert row["conf_high"] > (k1 + m1 - k0) / 11
        assert row["p_value"] == 1
        assert row["n_missing"] == m0 + m1

    def test_what_is_known_is_compared_as_before(self):
        known = cohort_of(22, GRADED, target=["CD19", "BCMA"] * 11)
        row = cs.toxicity_difference(known, "CRS", by="target", min_grade=3).frame.iloc[0]
        assert row["p_value"] < 1
        assert "may have had it" not in row["note"]

    def test_rates_per_time_and_mean_counts_are_bounded(self):
        cohort = self.COHORT()
        proven = cohort_of(22, [(i, 2.0, 3, None) for i in range(1, 16)])
        for function, options in (
            (cs.exposure_adjusted_rate, {}), (cs.mean_cumulative_count, {}),
        ):  # fmt: skip
            frame = function(cohort, "CRS", min_grade=3, **options).frame
            assert frame["n_missing"].iloc[0] == 8
            assert "8 with episodes of unknown grade that may count" in frame["note"].iloc[0]
            most = function(proven, "CRS", min_grade=3, **options).frame["estimate"].iloc[-1]
            assert frame["conf_high"].iloc[-1] > most > frame["estimate"].iloc[-1]

    def test_timing_says_what_it_leaves_out(self):
        frame = cs.toxicity_timing(self.COHORT(), "CRS", min_grade=3).frame
        assert frame["n"].tolist() == [7, 7, 7]
        assert frame["note"].str.contains("8 with episodes of unknown grade").all()

    def test_four_estimators_and_the_listing(self):
        cohort = self.COHORT()
        frame = cs.toxicity_estimators(cohort, "CRS", at=30, min_grade=3).frame
        assert (frame["conf_high"] > 15 / 22).all()
        assert frame["n_missing"].tolist() == [8] * 4
        listing = cs.toxicity_listing(cohort, "CRS", min_grade=3).frame
        assert listing["note"].str.contains("at least grade 3").sum() == 4

    def test_a_benchmark_is_bounded(self):
        frame = cs.toxicity_benchmark(
            self.COHORT(), "CRS", min_grade=3, grading_scale="ASTCT"
        ).frame
        observed = frame[frame["row"] == "observed"].iloc[0]
        assert observed["n_missing"] == 8
        assert_allclose([observed["conf_low"], observed["conf_high"]], limits(7, 8, 22), rtol=1e-6)


class TestReading:
    MAPPING = (
        '[study]\nname = "x"\nfile = "a.csv"\ninfusion_date = "day0"\n[subjects.columns]\n'
        'subject_id = "id"\ndisease = "dx"\ntarget = "target"\nlast_contact_day = "last"\n'
        '[subjects.constants]\nplatform = "CAR-T"\ncell_source = "autologous"\n'
        '[toxicities.CRS]\ngrade = "g"\ngrading_scale = "ASTCT"\n'
    )

    def read(self, path, cells, mapping=""):
        rows = [f"P{i},SLE,CD19,2023-01-10,2024-01-10,{cell}" for i, cell in enumerate(cells, 1)]
        (path / "a.csv").write_text("id,dx,target,day0,last,g\n" + "\n".join(rows) + "\n")
        (path / "study.toml").write_text(self.MAPPING + mapping)
        return cs.read_study(path)

    @pytest.mark.parametrize("word", ["unknown", "UNK", "NA", "不详"])
    def test_twelve_grades_unknown(self, tmp_path, word):
        cells = [1, 1, 2, 2, 3, 3, 3, 0, 0, 0] + [word] * 12
        study = self.read(tmp_path, cells)
        row = cs.toxicity_rate(cs.define_cohort(study), "CRS").frame.iloc[0]
        assert (row["n_event"], row["n"], row["n_missing"]) == (7, 22, 12)
        assert any(f"`g`: 12 cells '{word}'" in note for note in study.notes)
        assert any("12 of 22 subjects are not known to have had it" in n for n in study.notes)

    def test_a_known_onset_is_an_episode(self, tmp_path):
        (tmp_path / "a.csv").write_text(
            "id,dx,target,day0,last,g,on\nP1,SLE,CD19,2023-01-10,2024-01-10,unknown,2023-01-12\n"
            "P2,SLE,CD19,2023-01-10,2024-01-10,0,\n"
        )
        (tmp_path / "study.toml").write_text(self.MAPPING + 'onset = "on"\n')
        cohort = cs.define_cohort(cs.read_study(tmp_path))
        any_grade = cs.toxicity_rate(cohort, "CRS").frame.iloc[0]
        assert (any_grade["n_event"], any_grade["n_missing"]) == (1, 0)

    def test_an_unknown_grade_in_a_long_table(self):
        table = pd.DataFrame(
            {"subject_id": ["S01", "S02"], "term": "CRS", "onset_day": 3.0,
             "grade": ["unknown", "3"]}
        )  # fmt: skip
        study = cs.Study(subjects=subjects_table(3), toxicities=table)
        assert np.isnan(study.toxicities["grade"][0])
        row = cs.toxicity_rate(cs.define_cohort(study), "CRS", min_grade=3).frame.iloc[0]
        assert (row["n_event"], row["n_missing"]) == (1, 1)


def test_the_bound_in_words_is_the_limit_printed():
    cohort = cohort_of(4, [(1, None, None, 0)])
    most = f"0 of 4: at most {100 * limits(0, 1, 4)[1]:.1f} %"
    for frame in (
        cs.toxicity_rate(cohort, "CRS").frame,
        cs.toxicity_incidence(cohort, "CRS", at=30).frame,
        cs.toxicity_estimators(cohort, "CRS", at=30).frame,
    ):
        assert most in frame["note"][0]
    rate = cs.exposure_adjusted_rate(cohort, "CRS").frame.iloc[0]
    assert f"at most {rate['conf_high']:.3g}" in rate["note"]


def test_every_curve_says_what_began_before():
    cohort = cohort_of(4, BEFORE)
    for frame in (
        cs.toxicity_incidence(cohort, "CRS").frame,
        cs.toxicity_estimators(cohort, "CRS", at=30).frame,
        cs.mean_cumulative_count(cohort, "CRS").frame,
    ):
        assert "2 with episodes that began before the infusion, not counted" in frame["note"][0]
