"""Tables: what they say, worked out by hand, and that every file says the same."""

import json
import re

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from carstats.errors import CarstatsError
from carstats.report.tables import (
    MIMETYPE,
    Row,
    Spanner,
    Table,
    tabulate_attrition,
    tabulate_baseline,
    tabulate_evidence,
    tabulate_grades,
    tabulate_rates,
    tabulate_times,
    tabulate_toxicities,
)
from carstats.report.tables.widths import landscape
from carstats.result import Result, Spec
from tests.conftest import events_table, study_of_times, subjects_table

S = "\u00a0"
AWKWARD = '<b>&amp; 50 % of $x_1$ #1 {a} ^b ~c \\d | "e" [f] *g -- 🎉 中文'
LONG = "A characteristic whose name goes on for well over sixty letters, and more"


def awkward(**options):
    """Return a table of everything that a writer might stumble over."""
    given = {
        "title": f"Title {AWKWARD}",
        "heads": (f"Of {AWKWARD}", f"A {AWKWARD}", "B (n = 2)", "C"),
        "rows": (
            Row((AWKWARD, "1", "−2.5", "–"), f"Group {AWKWARD}", 1, "a,b"),
            Row((LONG, "=1+1", "12 (39\u00a0%)", "4.2 (1.1–9.9)"), f"Group {AWKWARD}", 2),
            Row(("[x]", "*", "", "not reached (12.3 to not reached)"), "Second"),
        ),
        "notes": ("One note & more.",),
        "spanners": (Spanner("Both <i>", 2, 3),),
        "marked": ("First < mark.", "Second mark."),
        "head_marks": ("", "b", "", ""),
        "synthetic": True,
    }
    return Table(**(given | options))


def spec(analysis="made", by=(), **options):
    return Spec(analysis, "Endpoint", "3 subjects", "by hand", 0.95, tuple(by), **options)


def cohort_of(*episodes, n=4, **columns):
    """Return a cohort with episodes given as subject, term, grade, serious."""
    names = ["subject_id", "term", "grade", "serious"]
    toxicities = pd.DataFrame(episodes, columns=names).assign(onset_day=3)
    return cs.define_cohort(cs.Study(subjects=subjects_table(n, **columns), toxicities=toxicities))


def column(table, i):
    """Return what each row says in a column."""
    return {row.cells[0]: row.cells[i] for row in table.rows}


@pytest.fixture(scope="module")
def cohort():
    return cs.define_cohort(cs.simulate_study(seed=3, n=80), cs.infused())


# The model


def test_a_table_goes_to_json_and_back():
    table = awkward()
    assert Table.from_json(table.to_json()) == table
    assert Table.from_json(json.dumps(table.to_json())) == table
    assert table._repr_mimebundle_()[MIMETYPE] == table.to_json()
    assert table.identifier() == awkward().identifier() != awkward(title="Other").identifier()
    with pytest.raises(CarstatsError, match="not a table of carstats"):
        Table.from_json({"title": "x"})
    with pytest.raises(CarstatsError, match="not a table of carstats"):
        Table.from_json("{")


def test_a_table_whose_rows_do_not_fit_is_refused():
    with pytest.raises(CarstatsError, match="not 2 wide"):
        Table("T", ("a", "b"), (Row(("x",)),))
    with pytest.raises(CarstatsError, match="`align` has 1 values for 2 columns"):
        Table("T", ("a", "b"), (), align=("left",))


def test_footnotes_stand_in_order_and_say_that_the_data_are_synthetic():
    notes = awkward(notes=("One.", "Two.")).footnotes()
    assert notes == [("", "One. Two."), ("a", "First < mark."), ("b", "Second mark."),
                     ("", "Synthetic data.")]  # fmt: skip
    with cs.in_language("zh"):
        chinese = awkward(notes=("甲。", "乙。"))
    assert chinese.footnotes()[0] == ("", "甲。乙。")
    assert chinese.footnotes()[-1] == ("", "模拟数据。")


def test_a_table_prints_as_text():
    text = str(Table("T", ("", "n"), (Row(("a", "1"), "G", 1, "a"),), marked=("Note.",)))
    assert text == "T\n         n\nG\n  a [a]  1\na) Note."


# What the tables say


def test_baseline_by_hand():
    subjects = subjects_table(4, age=[20.0, 30.0, 40.0, np.nan], sex=["F", "F", "M", "M"])
    subjects["target"] = ["CD19", "CD19", "BCMA", "BCMA"]
    cohort = cs.define_cohort(cs.Study(subjects=subjects))
    chosen = {"variables": ["age", "sex"]}
    table = tabulate_baseline(
        cs.baseline_table(cohort, by="target", **chosen), cs.baseline_table(cohort, **chosen)
    )
    assert table.heads == ("Characteristic", "All subjects (n = 4)", "CD19 (n = 2)", "BCMA (n = 2)")
    cells = {(row.group, row.cells[0]): row.cells[1:] for row in table.rows}
    assert cells["Age, years", "Mean (SD)"] == ("30.0 (10.0)", "25.0 (7.1)", "40.0 (–)")
    assert cells["Age, years", "Median [quartiles]"][0] == "30.0 [25.0–35.0]"
    assert cells["Age, years", "Range"] == ("20–40", "20–30", "40–40")
    assert cells["Age, years", "Missing"] == ("1", "0", "1")
    assert cells["Sex, n (%)", "Female"] == (f"2 (50{S}%)", f"2 (100{S}%)", "0")
    assert ("Sex, n (%)", "Missing") not in cells
    assert {"BCMA: B-cell maturation antigen; SD: standard deviation.", "4 subjects."} <= set(
        table.notes
    )


def test_baseline_as_it_is_asked_for():
    subjects = subjects_table(3, crp=[10.0, 20.0, np.nan], disease_subtype="AQP4-IgG-positive")
    result = cs.baseline_table(
        cs.define_cohort(cs.Study(subjects=subjects)), variables=["crp", "disease_subtype"]
    )
    table = tabulate_baseline(result, statistics="median", labels={"crp": "CRP, mg/L"})
    assert [(row.group, row.cells[0]) for row in table.rows][:2] == [
        ("CRP, mg/L", "Median [quartiles]"),
        ("CRP, mg/L", "Missing"),
    ]
    assert not any("standard deviation" in note for note in table.notes)
    assert "%: of those known." in table.notes
    assert any("AQP4-IgG: immunoglobulin G against" in note for note in table.notes)
    with pytest.raises(CarstatsError, match=r"`labels` names \['age'\]"):
        tabulate_baseline(result, labels={"age": "Age"})
    with pytest.raises(CarstatsError, match="statistics"):
        tabulate_baseline(result, statistics=["mode"])


def test_many_strata_of_a_baseline_stand_below_each_other():
    sites = [f"Site {i:02d}" for i in range(25)]
    cohort = cs.define_cohort(
        cs.Study(subjects=subjects_table(25, site_id=sites, age=np.arange(25.0)))
    )
    table = tabulate_baseline(cs.baseline_table(cohort, by="site_id", variables=["age"]))
    assert table.heads == ("Characteristic", "Summary")
    assert [group for group, _ in table.groups()] == [f"{site} (n = 1)" for site in sites]
    assert not landscape(table)


def test_small_numbers_keep_their_figures():
    cohort = cs.define_cohort(cs.Study(subjects=subjects_table(3, ratio=[0.01, 0.02, 0.03])))
    table = tabulate_baseline(cs.baseline_table(cohort, variables=["ratio"]))
    assert column(table, 1)["Mean (SD)"] == "0.020 (0.010)"


def test_rates_by_hand():
    frame = pd.DataFrame(
        {
            "disease": ["SLE", "SLE", "SSc"], "target": ["CD19", "BCMA", "CD19"],
            "n": [15, 0, 1], "n_missing": [2, 0, 1], "n_event": [9, 0, 0],
            "estimate": [0.6, np.nan, 0.0], "conf_low": [0.36, np.nan, 0.0],
            "conf_high": [0.81, np.nan, 0.975], "n_evaluable": [13, 0, 0],
            "estimate_evaluable": [9 / 13, np.nan, np.nan], "note": ["", "no subjects", "x"],
        }
    )  # fmt: skip
    options = {"missing": "failure", "population": "treated"}
    result = Result(frame, spec("response_rate", ("disease", "target"), options=options))
    table = tabulate_rates(result, title="Remission")
    assert table.heads == ("Target", "n/N", f"Rate (95{S}% CI)", "Missing", "Evaluable",
                           "Rate of the evaluable")  # fmt: skip
    assert [row.group for row in table.rows] == ["SLE", "SLE", "SSc"]
    assert table.rows[0].cells == ("CD19", "9/15", f"60{S}% (36–81)", "2", "13", f"69{S}%")
    assert table.rows[1].cells == ("BCMA", "–", "–", "0", "0", "–")
    assert [row.marks for row in table.rows] == ["", "a", "b"]
    assert table.marked == ("No subjects.", "X.")
    notes = " ".join(table.notes)
    assert "counted as without response" in notes
    assert "–: not applicable" in notes


def test_rates_with_all_subjects_above(cohort):
    options = {"at": 168, "missing": "failure"}
    rates = cs.response_rate(cohort, "response", by=["disease", "target"], **options)
    whole = cs.response_rate(cohort, "response", **options)
    table = tabulate_rates(rates, whole)
    plain = tabulate_rates(rates)
    assert table.rows[0].cells == ("All subjects", *tabulate_rates(whole).rows[0].cells[1:])
    assert [r.cells for r in table.rows[1:]] == [r.cells for r in plain.rows]
    assert table.rows[0].group == ""
    assert table.notes == plain.notes
    with pytest.raises(CarstatsError, match="without `by`"):
        tabulate_rates(rates, rates)


def test_rates_of_several_terms_and_windows_are_told_apart(cohort):
    rates = cs.toxicity_rate(cohort, ["CRS", "ICANS"], window="standard")
    table = tabulate_rates(rates)
    assert table.heads[:2] == ("Onset, days", "n/N")
    assert {row.group for row in table.rows} == {
        "Cytokine release syndrome",
        "Neurotoxicity (ICANS)",
    }
    assert table.rows[3].cells[0] == "366 or later"
    with pytest.raises(CarstatsError, match="tabulate_rates prints rates, not 'toxicity_table'"):
        tabulate_rates(cs.toxicity_table(cohort))
    with pytest.raises(CarstatsError, match="tabulate_rates prints rates, not DataFrame"):
        tabulate_rates(rates.frame)


def test_rates_per_person_year_are_not_percentages(freireich):
    cohort = cs.define_cohort(freireich)
    table = tabulate_rates(cs.incidence_rate(cohort, "relapse_free_survival", by="target"))
    assert table.heads[1:5] == ("Subjects", "Events", "Person-years",
                                f"Events per person-year (95{S}% CI)")  # fmt: skip
    assert table.rows[0].cells[1:4] == ("21", "9", "1.0")
    # 9 events in 359 days: 9.16 a year; exact Poisson limits of 9 are 4.12 and 17.08.
    assert table.rows[0].cells[4] == "9.16 (4.19–17.38)"
    with pytest.raises(CarstatsError, match="tabulate_rates prints rates, not 'cure_fraction'"):
        tabulate_rates(cs.cure_fraction(cohort, "relapse_free_survival"))


def test_a_landmark_says_that_it_counts_the_free(cohort):
    table = tabulate_rates(cs.landmark_rate(cohort, "relapse_free_survival", at=365))
    assert "Not yet followed" in table.heads
    assert (
        "n: subjects known to be free of the event at the day; N: those asked about it."
        in table.notes
    )
    assert any("counted as not known to be free" in note for note in table.notes)


def times(study, by="target", ratios=False):
    cohort, endpoint = cs.define_cohort(study), "relapse_free_survival"
    return {
        "curves": cs.survival_curve(cohort, endpoint, by=by),
        "quantiles": cs.survival_quantile(cohort, endpoint, by=by),
        "at": cs.survival_at(cohort, endpoint, at=[30, 365], by=by),
        "followup": cs.followup_time(cohort, endpoint, by=by),
        **({"test": cs.logrank_test(cohort, endpoint, by=by),
            "ratios": cs.cox_regression(cohort, endpoint, by)} if ratios else {}),
    }  # fmt: skip


def test_times_of_freireich(freireich):
    given = times(freireich, ratios=True)
    table = tabulate_times(given.pop("curves"), **given)
    assert table.heads == ("", "CD19 (n = 21)", "BCMA (n = 21)")
    rows = {(row.group, row.cells[0]): row.cells[1:] for row in table.rows}
    assert rows["", "Events, n/N"] == ("9/21", "21/21")
    # Medians of 23 and 8 (days here), as published; a month is 30.4375 days.
    median = rows["Time to the event, months", f"Median (95{S}% CI)"]
    assert [text.split(" ")[0] for text in median] == ["0.8", "0.3"]
    assert median[0].endswith("to not reached)")
    # Placebo against 6-MP: log hazard ratio 1.57 by Efron, log-rank chi-squared 16.8.
    ratio = rows["Cox regression", f"Hazard ratio (95{S}% CI)"]
    assert "1 (reference)" in ratio
    assert any(text.startswith(("4.82", "0.21")) for text in ratio)
    assert rows["Cox regression", "p value"] in {("–", "<0.001"), ("<0.001", "–")}
    assert any(note.startswith("Log-rank test") and "p < 0.001" in note for note in table.notes)
    assert "Number at risk at" not in {row.group for row in table.rows}
    assert any("range of all observed times" in note for note in table.notes)
    with_risk = tabulate_times(**given, at_risk=True)
    risk = [row.cells for row in with_risk.rows if row.group == "Number at risk at"]
    assert risk == [("1 month", "4", "0"), ("12 months", "0", "0")]


def test_times_of_many_strata_are_rows_and_of_other_results_refused(freireich):
    study = study_of_times("5 6+ 7 8+ 9 10+", site_id=list("ABCDEF"))
    given = times(study, by="site_id")
    table = tabulate_times(**given)
    assert [row.cells[0] for row in table.rows] == list("ABCDEF")
    assert {spanner.text for spanner in table.spanners} >= {"Follow-up, months"}
    # One subject without an event: nothing is estimated and nothing fails.
    assert column(table, 3)["B"].startswith("not reached")
    other = times(freireich)
    with pytest.raises(CarstatsError, match="prints what survival_at returns"):
        tabulate_times(quantiles=other["quantiles"], at=other["quantiles"])
    alone = cs.survival_at(cs.define_cohort(freireich), "relapse_free_survival", at=[30])
    with pytest.raises(CarstatsError, match=r"`at` is by \[\]"):
        tabulate_times(quantiles=other["quantiles"], at=alone)
    ratios = cs.cox_regression(cs.define_cohort(freireich), "relapse_free_survival", "target")
    with pytest.raises(CarstatsError, match="no hazard ratios of the strata"):
        tabulate_times(quantiles=given["quantiles"], ratios=ratios)


def test_nobody_and_no_events():
    empty = cs.define_cohort(study_of_times("5 6+"), cs.with_disease("SSc"))
    quantiles = cs.survival_quantile(empty, "relapse_free_survival")
    assert tabulate_times(quantiles=quantiles).rows[0].cells == ("Nobody is counted here.",)
    quiet = cs.Study(subjects=subjects_table(2), events=events_table("5+ 6+"))
    table = tabulate_times(
        quantiles=cs.survival_quantile(cs.define_cohort(quiet), "relapse_free_survival")
    )
    assert column(table, 1)["Events, n/N"] == "0/2"
    assert column(table, 1)[f"Median (95{S}% CI)"].startswith("not reached")


def test_toxicities_by_hand():
    had = cohort_of(
        ("S01", "CRS", 1, False), ("S01", "CRS", 3, True), ("S02", "CRS", None, None),
        ("S03", "infection", 2, False), target=["CD19", "CD19", "BCMA", "BCMA"],
    )  # fmt: skip
    table = tabulate_toxicities(cs.toxicity_table(had, by="target"))
    assert table.spanners == (Spanner("CD19 (n = 2)", 1, 3), Spanner("BCMA (n = 2)", 4, 6))
    assert table.heads[1:4] == ("Any grade", "Grade ≥\u200a3", "Serious")
    rows = {row.cells[0]: row.cells[1:] for row in table.rows if row.cells[0] != "Infection"}
    half = f"1 (50{S}%)"
    # Of S02 neither the grade nor whether it was serious is known: one of two, or both.
    either = f"1–2 (50–100{S}%)"
    assert rows["Any toxicity"] == (f"2 (100{S}%)", either, either, half, "0", "0")
    assert rows["Cytokine release syndrome"][3:] == ("0", "0", "0")
    assert any("of 1 subject at most in a row it is not known" in note for note in table.notes)
    # With nobody said to be serious or not, a column of noughts would claim that none was.
    silent = tabulate_toxicities(cs.toxicity_table(cohort_of(("S01", "CRS", 1, None))))
    assert "Serious" not in silent.heads
    assert "Serious: not recorded." in silent.notes


def test_toxicities_of_many_strata_and_none(cohort):
    table = tabulate_toxicities(cs.toxicity_table(cohort, by="disease"))
    assert not table.spanners
    assert len(table.heads) == 4
    assert all("(n = " in group for group, _ in table.groups())
    none = tabulate_toxicities(cs.toxicity_table(cohort_of()))
    assert none.heads == ()
    assert none.rows == (Row(("No toxicity was recorded.",)),)


def test_grades_add_up_to_the_stratum(cohort):
    table = tabulate_grades(cs.toxicity_grades(cohort, by="target"))
    assert table.heads[:7] == ("Toxicity", "None", "1", "2", "3", "4", "5")
    for row in table.rows:
        n = int(re.search(r"\(n = (\d+)\)", row.group)[1])
        assert sum(int(cell.split(" ")[0]) for cell in row.cells[1:]) == n
    with pytest.raises(CarstatsError, match="prints what toxicity_grades returns"):
        tabulate_grades(cs.toxicity_rate(cohort, "CRS"))


def test_attrition_counts_each_criterion():
    subjects = subjects_table(4, infused=[True, True, False, True])
    subjects["disease"] = ["SLE", "SSc", "SSc", "SSc"]
    cohort = cs.define_cohort(cs.Study(subjects=subjects), cs.infused())
    table = tabulate_attrition(cohort.flow())
    assert [row.cells for row in table.rows] == [
        ("All subjects", "4", "0", "0", "4"),
        ("Infused", "4", "1", "0", "3"),
    ]
    by_disease = tabulate_attrition(cohort.flow(by="disease"))
    assert [len(rows) for _, rows in by_disease.groups()] == [2, 2]


def test_published_trials_with_their_sources():
    trials = cs.published_trials()
    rates = cs.trial_rate(trials, "response", endpoint_class="remission")
    pooled = cs.pooled_rate(trials, "response", endpoint_class="remission")
    table = tabulate_evidence(rates, pooled=pooled, trials=trials)
    assert len(table.rows) == len(rates.frame) + 2
    first = dict(zip(table.heads, table.rows[0].cells, strict=True))
    assert first["Source"].startswith("doi:10.")
    full = table.notes[-1]
    assert "LLDAS: lupus low disease activity state" in full
    # Used by another abbreviation's full form alone.
    assert "SLE: systemic lupus erythematosus" in full
    assert "CD19" not in full
    line = rates.frame.iloc[0]
    assert first["n/N"] == f"{line['n_event']}/{line['n']}"
    assert table.rows[-2].group == "Pooled"
    by_target = tabulate_evidence(cs.pooled_rate(trials, "CRS any", by="target"))
    assert by_target.heads[-1] == "Prediction interval"
    incidence = tabulate_evidence(cs.trial_incidence(trials, "relapse"))
    assert "Subject-years" in incidence.heads
    pooled_incidence = tabulate_evidence(cs.pooled_incidence(trials, "relapse", by="disease"))
    assert "Subject-years" in pooled_incidence.heads
    with pytest.raises(CarstatsError, match="tabulate_evidence prints what trial_rate"):
        tabulate_evidence(cs.evidence_map(trials))
