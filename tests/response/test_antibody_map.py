"""The map of subjects by antibodies, and vaccine titres that still protect, by hand."""

import pandas as pd
import pytest
from scipy.stats import beta

import carstats as cs
from tests.conftest import subjects_table
from tests.response.test_antibodies import cohort

# By subject: before and at week 24. The limit is 30; 5 was never measured.
ROWS = [
    (1, -3, "anti-dsDNA", 80, None), (1, 170, "anti-dsDNA", None, 10),
    (2, -3, "anti-dsDNA", 160, None), (2, 170, "anti-dsDNA", 40, None),
    (3, -3, "anti-dsDNA", None, 10), (3, 170, "anti-dsDNA", 20, None),
    (4, -3, "anti-dsDNA", 320, None),
    (6, -3, "anti-dsDNA", 12, None), (6, 170, "anti-dsDNA", 90, None),
    (7, 170, "anti-dsDNA", 20, None),
    (1, -3, "C3", 1.2, None), (1, 170, "C3", 0.5, None), (2, -3, "C3", 0.4, None),
]  # fmt: skip


def shown(rows=ROWS, n=7, **options):
    return cs.antibody_map(cohort(rows, n), {"anti-dsDNA": 30}, **options)


def test_each_state_by_hand():
    frame = shown(protective={"C3": 0.5}).frame
    cells = frame[frame["kind"] == "cell"]
    dna = cells[cells["measure"] == "anti-dsDNA"].set_index("subject")["state"]
    # Sorted: who lost it first, then stayed positive, gained, stayed negative; the last are those
    # of whom nothing is known at the visit. 5 has no value, and 7 none before.
    assert dna.tolist() == ["lost", "positive", "gained", "negative", "unseen"]
    assert dna.index.tolist() == [1, 2, 3, 4, 5]
    c3 = cells[cells["measure"] == "C3"].set_index("subject")["state"]
    # 0.5 at a limit of 0.5 protects; 0.4 did not, and was not measured again.
    assert c3.tolist() == ["positive", "missing", "missing", "missing", "missing"]
    assert set(cells["group"]) == {"autoantibody", "vaccine"}


def test_counts_are_those_of_the_panel():
    result = shown(protective={"C3": 0.5})
    count = result.frame[result.frame["kind"] == "count"].set_index("measure")
    panel = cs.antibody_panel(cohort(ROWS, 7), {"anti-dsDNA": 30}).frame.iloc[0]
    kept = cs.protection_kept(cohort(ROWS, 7), {"C3": 0.5}).frame.iloc[0]
    for name, row in (("anti-dsDNA", panel), ("C3", kept)):
        assert tuple(count.loc[name, ["n", "n_missing", "n_event"]]) == (
            row["n"], row["n_missing"], row["n_event"],
        )  # fmt: skip
    assert tuple(count.loc["anti-dsDNA", ["n", "n_missing", "n_event"]]) == (3, 1, 1)
    assert "2 without values before and at the visit left out" in result.spec.population


def test_no_identifier_and_no_day_is_in_it():
    result = shown(by="target")
    text = result.frame.to_csv() + str(result.spec)
    assert not any(f"S{i:02d}" in text for i in range(1, 8))
    assert "170" not in result.frame.to_csv()


def test_strata_stand_one_after_another_and_an_empty_one_has_its_counts():
    rows = [row for row in ROWS if row[0] not in (3, 4)]
    c = cohort(rows, 7, target=["CD19", "BCMA", "CD19+BCMA", "CD19+BCMA", "CD19", "BCMA", "CD19"])
    frame = cs.antibody_map(c, {"anti-dsDNA": 30}, by="target").frame
    assert list(dict.fromkeys(frame["target"])) == ["CD19", "BCMA", "CD19+BCMA"]
    empty = frame[frame["target"] == "CD19+BCMA"]
    assert (empty["kind"].tolist(), empty["n"].tolist()) == (["count"], [0])


def test_a_limit_of_quantification_above_the_threshold_says_nothing():
    rows = [(1, -3, "anti-dsDNA", 80, None), (1, 170, "anti-dsDNA", None, 50)]
    frame = shown(
        [*rows, (2, -3, "anti-dsDNA", 80, None), (2, 170, "anti-dsDNA", 3, None)], 2
    ).frame
    assert frame.loc[frame["kind"] == "cell", "state"].tolist() == ["lost", "unseen"]
    row = cs.antibody_panel(cohort(rows, 1), {"anti-dsDNA": 60}).frame.iloc[0]
    assert (row["n"], row["n_event"]) == (1, 1)
    with pytest.raises(cs.CarstatsError, match="no 'anti-dsDNA' from day 140 to 196"):
        cs.antibody_panel(cohort(rows, 1), {"anti-dsDNA": 30})


def test_all_below_quantification_is_nobody_positive():
    rows = [(i, day, "anti-dsDNA", None, 10) for i in (1, 2) for day in (-3, 170)]
    row = cs.antibody_panel(cohort(rows, 2), {"anti-dsDNA": 30}).frame.iloc[0]
    assert (row["n"], row["n_negative"]) == (0, 2)
    assert row["note"] == "nobody positive before the infusion"
    frame = shown(rows, 2).frame
    assert frame.loc[frame["kind"] == "cell", "state"].tolist() == ["negative", "negative"]
    change = cs.titre_change(cohort(rows, 2), "anti-dsDNA").frame.iloc[0]
    assert (change["n"], change["n_no_baseline"]) == (0, 2)


def test_what_is_refused():
    c = cohort(ROWS, 7)
    with pytest.raises(cs.CarstatsError, match=r"`above` is {}; it takes measures"):
        cs.antibody_map(c)
    with pytest.raises(cs.CarstatsError, match=r"`protective` is {}; it takes measures"):
        cs.antibody_map(c, {"C3": 1}, protective={})
    with pytest.raises(cs.CarstatsError, match="'C3' is named twice"):
        cs.antibody_map(c, {"C3": 1}, protective={"C3": 1})
    with pytest.raises(cs.CarstatsError, match="no subject of the study has the measure 'IgG'"):
        cs.antibody_map(c, {"IgG": 1})
    late = [(1, 400, "anti-dsDNA", 80, None)]
    with pytest.raises(cs.CarstatsError, match="nobody of the cohort has a value"):
        shown(late, 1)


def test_protection_by_hand():
    rows = [(i, -3, "C3", v, None) for i, v in enumerate((1.2, 0.8, 0.5, 0.4), 1)]
    rows += [(1, 168, "C3", 0.6, None), (2, 168, "C3", None, 0.2)]
    row = cs.protection_kept(cohort(rows), {"C3": 0.5}).frame.iloc[0]
    # Three were protected; one still is, one is below quantification, one was not measured.
    assert (row["n"], row["n_event"], row["n_missing"], row["n_negative"]) == (3, 1, 1, 1)
    assert row["conf_low"] == pytest.approx(beta.ppf(0.025, 1, 3))
    assert (row["n_evaluable"], row["estimate_evaluable"]) == (2, 0.5)
    seen = cs.protection_kept(cohort(rows), {"C3": 0.5}, missing="excluded").frame.iloc[0]
    assert (seen["n"], seen["estimate"]) == (2, 0.5)


def test_immunoglobulin_is_counted_where_it_may_have_brought_the_titre():
    rows = [(i, day, "C3", 1.0, None) for i in (1, 2, 3) for day in (-3, 168)]
    drugs = pd.DataFrame(
        {
            "subject_id": ["S01", "S02", "S03"], "drug": "IVIG", "drug_class": "immunoglobulin",
            # Of the third it ended before the infusion.
            "start_day": [30.0, 170.0, -90.0], "stop_day": [None, None, -60.0],
        }
    )  # fmt: skip
    base = cohort(rows, 3).study
    study = cs.Study(subjects=subjects_table(3), assessments=base.assessments, medications=drugs)
    row = cs.protection_kept(cs.define_cohort(study), {"C3": 0.5}).frame.iloc[0]
    assert row["note"] == "1 of those protected had immunoglobulin since the infusion"


def test_titres_of_two_units_without_a_unit_are_refused():
    table = pd.DataFrame(
        {"subject_id": ["S01", "S02"], "day": -3.0, "measure": "vaccine_tetanus",
         "value": [0.9, 0.4]}
    )  # fmt: skip
    with pytest.raises(cs.CarstatsError, match="may be in IU/mL as well as in mIU/mL"):
        cs.Study(subjects=subjects_table(2), assessments=table)
    mixed = table.assign(unit=["IU/mL", "mIU/mL"])
    study = cs.Study(subjects=subjects_table(2), assessments=mixed)
    assert study.assessments["value"].tolist() == [0.9, 0.0004]


@pytest.mark.parametrize("style", ["report", "slide", "journal"])
def test_the_map_is_drawn(style):
    figure = cs.plot(shown(protective={"C3": 0.5}), style=style)
    texts = [t.get_text() for ax in figure.axes for t in ax.texts]
    # One of the three positive turned negative; one of the one protected is so still.
    assert {"1/3", "1/1"} <= set(texts)
    assert {"Autoantibodies", "n/N", "Positive, then negative"} <= set(texts)
    cells = [c for ax in figure.axes for c in ax.collections if c.get_gid() == "lost"]
    # The cell, and the key.
    assert sum(len(c.get_paths()) for c in cells) == 2


def test_a_map_as_a_table_counts_the_shifts():
    table = cs.tabulate(shown(protective={"C3": 0.5}))
    assert table.rows[0].cells == ("Anti-dsDNA antibodies", "1", "1", "1", "1", "1", "0")


def test_the_panel_as_a_table_has_the_fold_change():
    rows = [(i, -3, "anti-dsDNA", 160, None) for i in (1, 2, 3)]
    rows += [(i, 168, "anti-dsDNA", v, None) for i, v in ((1, 20), (2, 20), (3, 160))]
    c = cohort(rows, 3)
    panel = cs.antibody_panel(c, {"anti-dsDNA": 30})
    change = cs.titre_change(c, "anti-dsDNA")
    cells = cs.tabulate(panel, change=change).rows[0].cells
    # Changes of -3, -3 and 0 log2: a geometric mean of 2^-2.
    assert cells[1:3] == ("3", "2 (67\u00a0%)")
    assert cells[4] == "2/3"
    assert cells[5].startswith("0.25 (")
    with pytest.raises(cs.CarstatsError, match="`change` is of other strata"):
        cs.tabulate(panel, change=cs.titre_change(c, "anti-dsDNA", by="target"))
