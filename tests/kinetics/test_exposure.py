"""Exposure by outcome: landmarks, groups, censored peaks, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from tests.kinetics.tiny import sampled

PEAKS = (100, 900, 2000, 4000, 8000, 30000)


def cohort(peaks=PEAKS, *, toxicities=None, responses=None, events=None, infusions=None, **columns):
    profiles = [f"0:<50 10:{p} 28:<50" if p else "0:<50 10:<50 28:<50" for p in peaks]
    study = sampled(profiles, cohort=False, **columns)
    tables = {"toxicities": toxicities, "responses": responses, "events": events,
              "infusions": infusions}  # fmt: skip
    given = {name: pd.DataFrame(rows) for name, rows in tables.items() if rows is not None}
    return cs.define_cohort(
        cs.Study(subjects=study.subjects, assessments=study.assessments, **given)
    )


def crs(grades):
    return [
        {"subject_id": f"S{i + 1:02d}", "term": "CRS", "onset_day": 3, "grade": g}
        for i, g in enumerate(grades) if g != 0
    ]  # fmt: skip


def responding(answers, day=168):
    return [
        {"subject_id": f"S{i + 1:02d}", "endpoint": "response", "day": day, "response": a}
        for i, a in enumerate(answers) if a is not None
    ]  # fmt: skip


def parts(result):
    frame = result.frame
    return frame[frame["row"] == "group"].set_index("level"), frame[frame["row"] == "order"].iloc[0]


def test_peaks_that_rise_with_the_grade():
    c = cohort(toxicities=crs([0, 0, 0, 1, 1, 2]))
    groups, order = parts(cs.exposure_response(c, "Cmax", "CRS"))
    assert groups["n"].tolist() == [3, 2, 1]
    assert groups["estimate"].tolist() == [900, 6000, 30000]
    # Of the 60 ways to give three, two and one a grade two are as far from no order.
    assert_allclose(order["p_value"], 2 / 60)
    assert order["p_method"] == "exact"
    assert "same days" in order["note"]


def test_a_peak_below_quantification_ranks_lowest():
    c = cohort((0, 900, 2000, 4000, 8000, 30000), responses=responding([False] * 3 + [True] * 3))
    groups, order = parts(cs.exposure_response(c, "Cmax", "response"))
    assert groups.loc["0", "estimate"] == 900
    assert np.isnan(groups.loc["0", "minimum"])
    assert groups.loc["0", "note"].startswith("1 below quantification, ranked lowest")
    assert_allclose(order["p_value"], 2 / 20)


def test_the_landmark_leaves_out_whom_it_must():
    c = cohort(
        responses=responding([None, False, True, True, True, None]),
        last_contact_day=[40, 1000, 1000, 1000, 1000, 1000],
    )
    result = cs.exposure_response(c, "Cmax", "response", landmark=60)
    _, order = parts(result)
    assert (order["n"], order["n_missing"]) == (4, 2)
    assert "1 not at risk on the landmark" in order["note"]
    assert "1 without a known outcome" in order["note"]
    assert "no p-value" in order["note"]
    assert result.spec.options["landmark"] == 60
    assert "does not tell a cause" in result.spec.method


def test_relapse_by_a_day():
    times = [(20, "event"), (100, "event"), (200, "event"), (400, "censored"), (300, "censored"),
             (196, "competing")]  # fmt: skip
    rows = [
        {"subject_id": f"S{i + 1:02d}", "endpoint": "relapse", "status": status, "time": day,
         "cause": "death" if status == "competing" else None}
        for i, (day, status) in enumerate(times)
    ]  # fmt: skip
    groups, order = parts(cs.exposure_response(cohort(events=rows), "Cmax", "relapse"))
    assert groups["n"].tolist() == [1, 2]
    for said in ("1 not at risk on the landmark", "1 with a competing event",
                 "1 without a known outcome"):  # fmt: skip
        assert said in order["note"]


def test_toxicity_after_a_landmark():
    late = [{"subject_id": f"S{i:02d}", "term": "infection", "onset_day": day, "grade": 2}
            for i, day in ((1, 10), (2, 60), (3, 90))]  # fmt: skip
    result = cs.exposure_response(cohort(toxicities=late), "Cmax", "infection", landmark=28)
    groups, order = parts(result)
    assert groups["n"].tolist() == [3, 2]
    assert "1 not at risk on the landmark" in order["note"]


def test_an_episode_without_a_grade_is_unknown():
    _, order = parts(cs.exposure_response(cohort(toxicities=crs([0, None, 1, 1, 2, 0])), "Cmax",
                                          "CRS"))  # fmt: skip
    assert order["n"] == 5


def test_what_began_before_the_infusion_does_not_count_and_a_worse_one_may_be_unknown():
    rows = crs([0, 0, 1, 2, 1, 5])
    rows += [{**row, "onset_day": 9, "grade": None} for row in rows if row["grade"] in (2, 5)]
    rows.append({"subject_id": "S01", "term": "CRS", "onset_day": -6, "grade": 4})
    groups, order = parts(cs.exposure_response(cohort(toxicities=rows), "Cmax", "CRS"))
    # The first had it before; the second episode of the fourth may be worse than grade 2, that of
    # the sixth is not.
    assert groups["n"].to_dict() == {"0": 2, "1": 2, "5": 1}
    assert "1 without a known outcome" in order["note"]


def test_the_dose():
    given = [(1, "a"), (2, "a"), (3, "b"), (None, "b")]
    rows = [
        {"subject_id": f"S{i + 1:02d}", "infusion_number": 1, "day": 0, "planned": True,
         "dose": dose, "product": product}
        for i, (dose, product) in enumerate(given)
    ]  # fmt: skip
    c = cohort(PEAKS[:4], toxicities=crs([0, 1, 1, 1]), infusions=rows)
    _, order = parts(cs.exposure_response(c, "dose", "CRS"))
    assert order["n"] == 3
    assert "1 without the exposure" in order["note"]
    assert "doses of 2 products, which differ in more than the dose: a (2), b (1)" in order["note"]


def dosed(products, **columns):
    rows = [
        {"subject_id": f"S{i + 1:02d}", "infusion_number": 1, "day": 0, "planned": True,
         "dose": dose, "product": product}
        for i, (dose, product) in enumerate(products)
    ]  # fmt: skip
    n = len(products)
    return cohort(PEAKS[:n], toxicities=crs([0, 1, 1, 1][:n]), infusions=rows, **columns)


def test_doses_by_weight_and_in_all_come_to_one_unit():
    given = [(1, "a (10^6/kg)"), (2, "a (10^6/kg)"), (90, "b (10^6)"), (120, "b (10^6)")]
    c = dosed(given, weight_kg=[50, 60, None, 80])
    whole = cs.exposure_listing(c, "dose", "CRS")
    assert whole.frame["value"].tolist() == [50, 90, 120, 120]
    assert whole.spec.options["unit"] == "10⁶ cells"
    _, order = parts(cs.exposure_response(c, "dose", "CRS"))
    assert "2 doses brought to the unit by the body weight" in order["note"]
    each = cs.exposure_listing(c, "dose per kg", "CRS")
    # The third has no weight.
    assert each.frame["value"].tolist() == [1, 1.5, 2]
    assert each.spec.options["unit"] == "10⁶ cells/kg"
    _, order = parts(cs.exposure_response(c, "dose per kg", "CRS"))
    assert "1 without the exposure" in order["note"]


def test_a_dose_by_weight_needs_the_weight():
    c = dosed([(1, "a (10^6/kg)"), (2, "a (10^6/kg)")])
    assert cs.exposure_listing(c, "dose per kg", "CRS").frame["value"].tolist() == [1, 2]
    with pytest.raises(cs.CarstatsError, match=r"cells per kilogram: that takes `weight_kg`"):
        cs.exposure_response(c, "dose", "CRS")


def test_a_listing_with_an_empty_stratum_is_drawn():
    c = cohort(responses=responding([False] * 3 + [True, True, None]),
               target=["CD19"] * 5 + ["BCMA"])  # fmt: skip
    listed = cs.exposure_listing(c, "Cmax", "response", by="target")
    assert listed.frame["below"].dtype == bool
    assert set(listed.frame["target"]) == {"CD19"}
    cs.plot(listed)


def test_strata_of_nobody_keep_their_row():
    c = cohort(toxicities=crs([0, 1, 2, 0, 1, 2]), target=["CD19"] * 6)
    result = cs.exposure_response(c, "Cmax", "CRS", by="target")
    assert result.frame["target"].tolist() == ["CD19"] * 4


def test_what_is_refused():
    c = cohort(toxicities=crs([0, 1, 2, 0, 1, 2]), responses=responding([True] * 6))
    ask = cs.exposure_response
    with pytest.raises(cs.CarstatsError, match=r"known on day 28 only"):
        ask(c, "Cmax", "response", landmark=7)
    with pytest.raises(cs.CarstatsError, match=r"known at the end of sampling only"):
        ask(c, "Tlast", "response")
    with pytest.raises(cs.CarstatsError, match=r"`outcome` is 'ICANS'; the study has"):
        ask(c, "Cmax", "ICANS")
    with pytest.raises(cs.CarstatsError, match=r"`at` is 20; it takes a day after"):
        ask(c, "Cmax", "response", at=20)
    with pytest.raises(cs.CarstatsError, match=r"`exposure` is 'dose', and the study has no dose"):
        ask(c, "dose", "CRS")


def test_the_listing_and_its_figure():
    c = cohort((0, 0, *PEAKS), toxicities=crs([0, 1, 2, 0, 1, 2, 0, 0]))
    listed = cs.exposure_listing(c, "Cmax", "CRS")
    assert listed.frame["subject"].tolist() == list(range(1, 9))
    assert "subject_id" not in listed.frame
    figure = cs.plot(listed)
    below = figure.findobj(lambda artist: artist.get_gid() == "below")
    assert sum(len(line.get_xdata()) for line in below) == 2
    assert "does not tell a cause" in figure.caption


def test_the_table_has_medians_by_level_and_the_correlation():
    c = cohort((0, *PEAKS), toxicities=crs([0, 0, 0, 1, 1, 1, 1]))
    table = cs.tabulate(cs.exposure_response(c, "Cmax", "CRS"))
    rows = [row.cells for row in table.rows]
    # One below quantification, 100 and 900; 2,000, 4,000, 8,000 and 30,000.
    assert rows[0][:3] == ("none", "3", "100 (below to 500)")
    assert rows[0][4] == "below to 900"
    assert rows[1][2] == "6,000 (3,500 to 13,500)"
    # The groups do not overlap: 2 of 35 arrangements.
    assert rows[-1][0] == "Rank correlation"
    assert rows[-1][2] == "0.87"
    assert rows[-1][5] == "0.06"


def test_the_nadir_of_b_cells_is_of_the_first_infusion():
    profiles = ["7:3 20:1 200:90 220:0", "7:5 20:4", "7:9 20:8 35:2"]
    study = sampled(profiles, cohort=False, measure="B_cells", unit="/uL", lloq=None)
    given = [{"subject_id": f"S{i:02d}", "infusion_number": 1, "day": 0, "planned": True}
             for i in (1, 2, 3)]  # fmt: skip
    given.append({"subject_id": "S01", "infusion_number": 2, "day": 210, "planned": False})
    tables = {"infusions": pd.DataFrame(given), "toxicities": pd.DataFrame(crs([1, 2, 0]))}
    c = cs.define_cohort(cs.Study(subjects=study.subjects, assessments=study.assessments, **tables))
    # After the re-infusion 0 on its tenth day, and the third subject's 2 on day 35: neither counts.
    listed = cs.exposure_listing(c, "B-cell nadir", "CRS")
    assert sorted(listed.frame["value"]) == [1, 4, 8]
    assert "to day 28" in listed.spec.options["label"]


def test_few_values_get_no_box():
    cohort = cs.define_cohort(cs.simulate_study(seed=5, n=60), cs.infused())
    shown = cs.exposure_listing(cohort, "Cmax", "CRS")
    sizes = shown.frame["level"].value_counts()
    figure = cs.plot(shown)
    lines = [line for ax in figure.axes for line in ax.lines if line.get_gid() == "median"]
    assert len(lines) == int((sizes < 5).sum()) > 0
