"""Drugs over time by hand: time to off and to a low dose, sums of windows, who takes which."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, t

import carstats as cs
from tests.conftest import subjects_table

COLUMNS = ["subject_id", "start_day", "stop_day", "dose"]


def cohort(rows, n=3, drug="prednisone", drug_class="glucocorticoid", infusions=None, **columns):
    """Return a cohort from rows of subject, first day, last day and dose."""
    table = pd.DataFrame(rows, columns=COLUMNS)
    table = table.assign(
        subject_id=[f"S{i:02d}" for i in table["subject_id"]], drug=drug, drug_class=drug_class,
        prednisone_equivalent_mg=table["dose"].astype(float),
    ).drop(columns="dose")  # fmt: skip
    study = cs.Study(
        subjects=subjects_table(n, **columns), medications=table, infusions=infusions
    )  # fmt: skip
    return cs.define_cohort(study)


def steps(*given, **options):
    """Return the day and the kind of everything that happens on a curve."""
    frame = cs.time_to_taper(*given, **options).frame.iloc[1:]
    kinds = ("n_event", "n_competing", "n_censor")
    return [(r["time"], kind) for _, r in frame.iterrows() for kind in kinds if r[kind]]


def test_the_first_day_of_a_stretch_that_holds():
    # Off from day 21 on; the gap on day 11 is no stretch.
    rows = [(1, -30, 10, 20), (1, 12, 20, 5)]
    assert steps(cohort(rows, 1)) == [(21, "n_event")]
    # At most 5 mg from day 11 on: the gap belongs to it.
    assert steps(cohort(rows, 1), at_most=5) == [(11, "n_event")]
    # A gap of one day is a stretch of one day.
    assert steps(cohort(rows, 1), hold=1) == [(11, "n_event")]


@pytest.mark.parametrize(("gap", "found"), [(28, 11), (27, 100)])
def test_a_stretch_of_28_days_counts_and_one_of_27_does_not(gap, found):
    rows = [(1, -30, 10, 20), (1, 11 + gap, 99, 20)]
    assert steps(cohort(rows, 1)) == [(found, "n_event")]


def test_who_is_off_on_day_0_is_counted_apart():
    rows = [(1, -30, -1, 20), (2, -30, 40, 20), (3, 5, 9, 100)]
    result = cs.time_to_taper(cohort(rows, 4), at=[100]).frame.iloc[0]
    # 1 stopped before, 3 had a pulse after, 4 has no record.
    assert (result["n"], result["n_already"], result["n_event"]) == (1, 3, 1)
    assert "3 off on day 0, not counted" in result["note"]
    assert result["estimate"] == 1


def test_overlapping_courses_add_up_and_a_pulse_ends_a_stretch():
    rows = [(1, -30, 100, 4), (1, -10, 50, 4), (1, 60, 62, 1250)]
    # 8 mg until day 50, 4 until 100 but for the pulse: at most 5 mg for 9 days, then from 63 on.
    assert steps(cohort(rows, 1), at_most=5) == [(63, "n_event")]
    assert steps(cohort(rows, 1), at_most=5, hold=9) == [(51, "n_event")]


def test_a_course_without_a_last_day_goes_on_and_one_without_a_dose_is_above():
    rows = [(1, None, None, 10), (2, -30, 20, None)]
    c = cohort(rows, 2, last_contact_day=[100, 100])
    # 100 - 28 + 1: a stretch that began later would not have been seen to its end.
    assert steps(c) == [(21, "n_event"), (73, "n_censor")]
    low = cs.time_to_taper(c, at_most=5, at=[50]).frame.iloc[0]
    assert (low["n"], low["n_event"]) == (2, 1)
    assert "1 with a dose that is not recorded, taken as above" in low["note"]


@pytest.mark.parametrize(
    ("last", "found"), [(48, (21, "n_event")), (47, (20, "n_censor")), (10, (0, "n_censor"))]
)
def test_everybody_is_followed_to_the_end_of_a_stretch(last, found):
    c = cohort([(1, -30, 20, 20)], 1, last_contact_day=[last])
    assert steps(c) == [found]


def test_death_and_an_unplanned_reinfusion_compete():
    rows = [(1, -30, 20, 20), (2, -30, None, 20), (3, -30, None, 20)]
    given = pd.DataFrame(
        {"subject_id": ["S01", "S02", "S03", "S03"], "infusion_number": [1, 1, 1, 2],
         "day": [0, 0, 0, 60], "planned": [True, True, True, False]}
    )  # fmt: skip
    c = cohort(
        rows, 3, infusions=given, last_contact_day=[30, 300, 300], death_day=[30, None, None]
    )
    # 1 died ten days after the last dose.
    assert steps(c) == [(30, "n_competing"), (60, "n_competing"), (273, "n_censor")]


def test_limits_of_few_are_the_binomial_ones_without_censoring():
    rows = [(i, -30, 10 * i, 20) for i in (1, 2, 3)] + [(4, -30, None, 20)]
    row = cs.time_to_taper(cohort(rows, 4), at=[35]).frame.iloc[0]
    assert (row["n"], row["n_event"], row["estimate"]) == (4, 3, 0.75)
    assert row["conf_low"] == pytest.approx(beta.ppf(0.025, 3, 2))
    assert row["conf_high"] == pytest.approx(beta.ppf(0.975, 4, 1))


def test_other_drugs_are_taken_or_not():
    rows = [(1, -90, 40, None), (2, -90, None, None)]
    c = cohort(rows, 3, drug="mycophenolate", drug_class="immunosuppressant",
               last_contact_day=[200] * 3)  # fmt: skip
    result = cs.time_to_taper(c, "immunosuppressant", at=[100]).frame.iloc[0]
    assert (result["n"], result["n_already"], result["n_event"]) == (2, 1, 1)
    with pytest.raises(cs.CarstatsError, match="only glucocorticoids have a common dose"):
        cs.time_to_taper(c, "immunosuppressant", at_most=5)
    with pytest.raises(cs.CarstatsError, match="statin"):
        cs.time_to_taper(c, "statin")
    with pytest.raises(cs.CarstatsError, match="no doses of glucocorticoids"):
        cs.time_to_taper(c, at_most=5)
    both = cs.time_to_taper(c, ["glucocorticoid", "immunosuppressant"], at=[100]).frame.iloc[0]
    assert both["n_event"] == 1
    assert cs.time_to_taper(c, by="target").frame["n"].tolist() == [0]


def test_sums_of_windows_by_hand():
    rows = [(1, -30, 10, 20), (1, 11, 20, 5), (2, None, None, 10), (3, 5, 7, 1000), (4, 1, 9, None)]
    c = cohort(rows, 5, last_contact_day=[300, 300, 300, 300, 15])
    result = cs.cumulative_dose(c, windows=[(1, 10), (11, 20)]).frame
    sums = np.array([200, 100, 3000, 0])
    first = result.iloc[0]
    # 5 takes none; of 4 the dose is not known.
    assert tuple(first[["n", "n_missing", "n_event", "n_left"]]) == (5, 1, 4, 0)
    assert (first["estimate"], first["maximum"]) == (150, 3000)
    half = t.ppf(0.975, 3) * sums.std(ddof=1) / 2
    assert first["mean_dose"] == pytest.approx(825)
    assert (first["mean_dose_low"], first["mean_dose_high"]) == (0, pytest.approx(825 + half))
    assert "t limits of the mean: too low where few take much more" in first["note"]
    second = result.iloc[1]
    assert tuple(second[["n", "n_left", "estimate"]]) == (4, 1, 25)
    # All took as much: limits without a width would be none.
    alike = cs.cumulative_dose(cohort([(i, 1, 10, 20) for i in (1, 2, 3)], 3), windows=[(1, 10)])
    row = alike.frame.iloc[0]
    assert row["mean_dose"] == 200
    assert np.isnan(row["mean_dose_low"])
    assert "t limits" not in row["note"]
    for wrong, match in (([(9, 3)], "ends before it begins"), ([5], "first and the last day"),
                         ([], "names no window")):  # fmt: skip
        with pytest.raises(cs.CarstatsError, match=match):
            cs.cumulative_dose(c, windows=wrong)


def test_who_takes_any_none_and_which():
    table = pd.DataFrame(
        {
            "subject_id": ["S01", "S01", "S02", "S03"],
            "drug": ["Mycophenolate", "tacrolimus", "mycophenolate ", "azathioprine"],
            "drug_class": "immunosuppressant", "start_day": [-90.0, -90.0, None, -90.0],
            "stop_day": [50.0, 10.0, None, -10.0],
        }
    )  # fmt: skip
    c = cs.define_cohort(
        cs.Study(
            subjects=subjects_table(4, last_contact_day=[300, 300, 300, 40]), medications=table
        )
    )
    frame = cs.drug_use(c, at=[0, 20, 60]).frame
    counts = {drug: rows["n_event"].tolist() for drug, rows in frame.groupby("drug", sort=False)}
    # One drug in two spellings is one; what ended before day 0 has no row.
    assert counts == {
        "any": [2, 2, 1], "none": [2, 2, 2], "Mycophenolate": [2, 2, 1], "tacrolimus": [1, 0, 0],
    }  # fmt: skip
    assert frame["n"].tolist() == [4, 4, 3] * 4
    assert frame["conf_low"].iloc[0] == pytest.approx(beta.ppf(0.025, 2, 3))
    figure = cs.plot(cs.drug_use(c, at=[0, 20, 60]))
    assert figure.title == "Taken: Immunosuppressant"
    assert cs.tabulate(cs.drug_use(c, at=[0])).rows[0].cells[0] == "Any"


def test_the_listing_has_each_course_and_the_medians_of_the_course():
    rows = [(1, -30, 10, 20), (1, 11, 20, 5), (2, 5, 9, None)]
    c = cohort(rows, 3, last_contact_day=[100, 60, 40])
    frame = cs.glucocorticoid_profiles(c, at=[0, 28]).frame
    doses = frame[frame["kind"] == "dose"]
    mine = [list(zip(own["time"], own["value"], strict=True))
            for _, own in doses.groupby("subject")]  # fmt: skip
    assert mine[0] == [(-28, 20), (11, 5), (21, 0), (100, 0)]
    assert [day for day, _ in mine[1]] == [-28, 5, 10, 60]
    assert np.isnan(mine[1][1][1])
    assert mine[2] == [(-28, 0), (40, 0)]
    medians = frame[frame["kind"] == "median"]
    course = cs.glucocorticoid_course(c, at=[0, 28]).frame
    assert medians["value"].tolist() == course["estimate"].tolist()
    assert medians["n_off"].tolist() == course["n_off"].tolist()
    assert not any(f"S0{i}" in frame.to_csv() for i in (1, 2, 3))


@pytest.mark.parametrize("style", ["report", "slide", "journal"])
def test_the_taper_is_drawn_with_pulses_at_the_edge(style):
    rows = [(1, -30, 10, 20), (2, 5, 7, 1250), (3, -30, None, 5)]
    figure = cs.plot(cs.glucocorticoid_profiles(cohort(rows), at=[0, 28, 84]), style=style)
    axes = figure.axes
    lines = [line for ax in axes for line in ax.lines if line.get_gid() == "subject"]
    assert len(lines) == 3
    assert max(max(line.get_ydata()) for line in lines) == 60
    assert any(
        len(line.get_xdata()) for ax in axes for line in ax.lines if line.get_gid() == "pulse"
    )
    assert "More than 60 mg a day in 1 subject: drawn at the upper edge." in figure.caption
    off = next(line for ax in axes for line in ax.lines if line.get_gid() == "off")
    # Of three: 2 is off on day 0; 1 and 2 on days 28 and 84.
    assert np.round(off.get_ydata()).tolist() == [33, 67, 67]


def test_tables_of_the_taper_and_of_sums():
    c = cohort([(1, -30, 10, 20), (2, None, None, 10)])
    row = cs.tabulate(cs.glucocorticoid_course(c, at=[0, 28])).rows[1].cells
    assert row[:3] == ("28", "3", "0.0")
    assert row[4].startswith("2 (67")
    listed = cs.tabulate(cs.glucocorticoid_profiles(c, at=[0, 28])).rows[1].cells
    assert listed == ("28", "3", "0.0", "2 (67\u00a0%)", "2 (67\u00a0%)")
    sums = cs.tabulate(cs.cumulative_dose(c, windows=[(1, 10)])).rows[0].cells
    assert sums[:4] == ("1 to 10", "3", "0", "100")
    assert sums[4] == "0–200"


@pytest.mark.parametrize("care", ["hospital stay", "ICU"])
def test_a_stay_is_no_drug(care):
    study = cs.simulate_study(seed=5, n=20)
    cohort = cs.define_cohort(study)
    with pytest.raises(cs.CarstatsError, match="care and no drug: `hospital_days`"):
        cs.drug_use(cohort, care)
    with pytest.raises(cs.CarstatsError, match="care and no drug"):
        cs.time_to_taper(cohort, care)
