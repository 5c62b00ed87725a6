"""How deep and how long B cells are gone: hand cases."""

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from tests.kinetics.tiny import sampled

BACK = "0:150 14:2 90:4 180:12 270:40"
ONCE = "0:150 14:2 90:12 180:4 270:40"
GONE = "0:150 14:0 90:<5 180:6"
NEVER = "0:150 14:80 90:90"


def depletion(profiles, **options):
    cohort = sampled(profiles, measure="B_cells", unit="/uL", lloq=None)
    return cs.b_cell_depletion(cohort, **options).frame.set_index("parameter")


def test_depth_and_return_by_hand():
    found = depletion([BACK, GONE, NEVER])
    low = found.loc["lowest count"]
    # 2, 0 and 80.
    assert (low["n"], low["n_event"], low["estimate"]) == (3, 2, 2)
    assert found.loc["day of the first below", "estimate"] == 14
    back = found.loc["days until return"]
    assert (back["n_missing"], back["n_event"]) == (1, 1)
    assert back["estimate"] == 180
    assert back["estimate_low"] == 90
    assert back["note"].startswith("median between days 90 and 180")
    # From the first sample below, on day 14.
    span = found.loc["days below"]
    assert (span["estimate_low"], span["estimate"]) == (76, 166)


def test_one_sample_above_is_no_return():
    back = depletion([ONCE]).loc["days until return"]
    assert np.isnan(back["estimate"])
    assert back["n_event"] == 0
    assert back["note"].startswith("not reached by day 180")


def test_another_threshold_and_a_limit_above_it():
    found = depletion([BACK], below=3)
    assert found.loc["days until return", "note"].startswith("median between days 14 and 90")
    vague = depletion(["0:150 14:<20 90:2"])
    assert "1 value below a limit above the threshold left out" in vague.loc["lowest count", "note"]
    with pytest.raises(cs.CarstatsError, match=r"`below` is 0"):
        depletion([BACK], below=0)


def test_shares_of_what_returns():
    study = sampled([BACK, GONE], measure="B_cells", unit="/uL", lloq=None, cohort=False)
    more = pd.DataFrame(
        [("S01", 170, "naive_B_percent", 85), ("S01", 182, "naive_B_percent", 90),
         ("S01", 182, "memory_B_percent", 3), ("S02", 182, "naive_B_percent", 10)],
        columns=["subject_id", "day", "measure", "value"],
    ).assign(unit="% of B cells")  # fmt: skip
    rows = pd.concat([study.assessments, more], ignore_index=True)
    cohort = cs.define_cohort(cs.Study(subjects=study.subjects, assessments=rows))
    found = cs.b_cell_depletion(cohort).frame.set_index("parameter")
    assert found.loc["naive at return", "estimate"] == 90
    assert found.loc["memory at return", "estimate"] == 3
    assert found.loc["naive at return", "n_event"] == 1
    assert "of 1 whose B cells returned" in found.loc["naive at return", "note"]
    assert "transitional at return" not in found.index


def test_limits_of_the_return_are_ends_of_intervals():
    # Six return between days 30 k and 30 k + 30: the limits are the least and the largest end.
    profiles = [f"14:2 {30 * k}:4 {30 * k + 30}:20 {30 * k + 60}:30" for k in range(1, 7)]
    back = depletion(profiles).loc["days until return"]
    assert (back["conf_low"], back["conf_high"]) == (30, 210)
    # Who has not returned leaves the upper one open.
    back = depletion([*profiles[:5], "14:2 180:4"]).loc["days until return"]
    assert back["conf_low"] == 30
    assert np.isnan(back["conf_high"])
    five = depletion(profiles[:5]).loc["days until return"]
    assert np.isnan(five["conf_low"])
    assert "too few for limits of the median" in five["note"]


@pytest.mark.slow
@pytest.mark.parametrize("n", [6, 12, 25, 40])
def test_limits_of_the_return_cover(n):
    from carstats.kinetics.aplasia import _until_return

    rng, covered, told = np.random.default_rng(n), 0, 0
    visits, median = np.array([14, 28, 56, 84, 168, 252, 364, 504]), 120.0
    for _ in range(1000):
        true = median * np.exp(0.5 * rng.standard_normal(n))
        place = np.searchsorted(visits, true)
        end = rng.choice(visits[3:], n)
        high = np.where(place < len(visits), visits[np.minimum(place, len(visits) - 1)], np.inf)
        high = np.where(high <= end, high, np.inf)
        low = np.where(np.isfinite(high), np.append(0, visits)[place], end)
        own = pd.DataFrame({"status": np.where(np.isfinite(high), "event", "censored"),
                            "time_low": low, "time_high": high})  # fmt: skip
        row = _until_return("days until return", own, n, 0.0, 0.95)
        told += 1
        top = np.inf if np.isnan(row["conf_high"]) else row["conf_high"]
        covered += row["conf_low"] <= median <= top
    print(f"n = {n}: {100 * covered / told:.1f} %")
    assert covered / told > 0.935


def aplasia(profiles, **options):
    cohort = sampled(profiles, measure="B_cells", unit="/uL", lloq=None, **options.pop("more", {}))
    return cs.b_cell_aplasia(cohort, **options)


def test_spans_and_the_curve_by_hand():
    result = aplasia([BACK, GONE, NEVER, "0:150 14:3 60:20 90:30"])
    rows = result.frame[result.frame["kind"] == "subject"]
    # The longest first: GONE below on days 14 to 180, BACK 14 to 90, the last 14 only.
    assert rows["subject"].tolist() == [1, 2, 3]
    assert rows["start"].tolist() == [14, 14, 14]
    assert rows["time_low"].tolist() == [180, 90, 14]
    assert np.isnan(rows["time_high"].iloc[0])
    assert rows["time_high"].tolist()[1:] == [180, 60]
    assert rows["last_time"].tolist() == [180, 270, 90]
    curve = result.frame[result.frame["kind"] == "curve"]
    # (14, 60] and (90, 180] are apart: a third falls in each.
    assert curve["time_low"].tolist() == [0, 14, 90]
    assert curve["time_high"].tolist() == [0, 60, 180]
    assert np.allclose(curve["estimate"], [1, 2 / 3, 1 / 3], atol=1e-6)
    first = result.frame.iloc[0]
    assert (first["n"], first["n_missing"], first["n_below"], first["n_event"]) == (4, 0, 3, 2)


def test_a_stratum_where_nobody_fell_below_keeps_its_rows():
    frame = aplasia([BACK, NEVER], by="target", more={"target": ["CD19", "BCMA"]}).frame
    none = frame[frame["target"] == "BCMA"]
    assert none["n"].tolist() == [1]
    assert none["n_below"].tolist() == [0]
    assert none["note"].item() == "nobody fell below"
    assert np.isnan(none["estimate"].item())


@pytest.mark.parametrize("n", [1, 3, 40, 80])
def test_the_figure_has_a_bar_for_each_subject(n):
    result = aplasia([f"0:90 14:2 {60 + k}:3 {120 + k}:20 {150 + k}:30" for k in range(n)])
    figure = cs.plot(result)
    top = figure.axes[1]
    bars = [p for p in top.patches if p.get_gid() == "below"]
    assert len(bars) == n
    assert len([p for p in top.patches if p.get_gid() == "return"]) == n
    text = " ".join(t.get_text() for t in figure.texts)
    assert f"{n} of {n} fell below, {n} returned" in " ".join(text.split())


def test_the_figure_draws_a_stratum_with_nobody():
    result = aplasia([BACK, NEVER], by="target", more={"target": ["CD19", "BCMA"]})
    figure = cs.plot(result, style="journal")
    assert "nobody" in [t.get_text() for ax in figure.axes for t in ax.texts]
    assert "S01" not in str(result.frame.to_dict())


def test_the_table_says_between_which_days():
    cohort = sampled([BACK, GONE, NEVER], measure="B_cells", unit="/uL", lloq=None)
    table = cs.tabulate(cs.b_cell_depletion(cohort))
    rows = {row.cells[0]: row.cells[1:] for row in table.rows}
    assert rows["Days from infusion to return"][:2] == ("1/2", "90 to 180")
    assert rows["Day of the first sample below"][:2] == ("2/3", "14 (14 to 14)")
    assert rows["Lowest count, /µL"][0] == "3/3"


def test_nobody_fell_below_and_nobody_sampled_say_so():
    found = depletion([NEVER, "-3:120"])
    assert found.loc["lowest count", "note"].endswith("1 without a value after the infusion")
    for name in ("day of the first below", "days until return", "days below"):
        assert found.loc[name, "note"] == "nobody fell below"
