"""Of many subjects figures draw what they come to, and no mark for each."""

import importlib

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from carstats.report.chapters.blocks import figure_block
from carstats.report.chapters.strata import with_cautions
from carstats.report.figures.crowd import draw_band, ordered, steps_seen, without_subjects
from carstats.report.pages.picture import picture_of

STUDY = cs.read_study("data/synthetic")
COHORT = cs.define_cohort(STUDY, cs.infused(), label="all")


@pytest.fixture
def few(monkeypatch):
    """Make three subjects many."""
    for name in (
        "course.waterfall", "course.spider", "course.boxes", "kinetics.profiles",
        "toxicity.timeline", "kinetics.exposure", "course.taper", "response.antibodies",
        "kinetics.aplasia", "survival.words", "crowd",
    ):  # fmt: skip
        monkeypatch.setattr(importlib.import_module(f"carstats.report.figures.{name}"), "MOST", 3)


def parts(figure, name):
    return [child for ax in figure.axes for child in ax.get_children() if child.get_gid() == name]


def text_of(figure):
    return " ".join(text.get_text() for text in figure.findobj(plt.Text)).replace("\n", " ")


def test_a_spider_of_many_is_a_band_and_a_median(few):
    course = cs.score_course(COHORT, "SLEDAI-2K", by="target")
    figure = cs.plot(course, kind="spider")
    assert not parts(figure, "subject")
    assert len(parts(figure, "quartiles")) == 3
    assert parts(figure, "median")
    assert "more than 3 are not drawn one by one" in text_of(figure)
    plt.close(figure)


def test_a_waterfall_of_many_is_a_line_for_each_stratum(few):
    course = cs.score_course(COHORT, "SLEDAI-2K", by="target")
    figure = cs.plot(course, kind="waterfall")
    lines = parts(figure, "order")
    assert len(lines) == 3
    assert not [patch for ax in figure.axes for patch in ax.patches]
    here = course.frame[(course.frame["visit"] == 168) & (course.frame["target"] == "CD19")]
    drawn = lines[0].get_ydata()
    assert (drawn[0], drawn[-1]) == (here["change"].max(), here["change"].min())
    alone = cs.plot(cs.score_course(COHORT, "SLEDAI-2K"), kind="waterfall")
    assert len(parts(alone, "order")) == 1
    plt.close("all")


def test_boxes_and_profiles_of_many_have_no_points(few):
    figure = cs.plot(cs.score_course(COHORT, "SLEDAI-2K", by="target"), kind="visits")
    assert not [c for ax in figure.axes for c in ax.collections if len(c.get_offsets()) > 1]
    profiles = cs.plot(cs.kinetic_profiles(COHORT, by="target"))
    assert not parts(profiles, "subject")
    assert parts(profiles, "quartiles")
    plt.close("all")


def test_exposure_and_taper_of_many_draw_no_subject(few):
    figure = cs.plot(cs.exposure_listing(COHORT, "Cmax", "CRS"))
    assert not [c for ax in figure.axes for c in ax.collections if len(c.get_offsets()) > 1]
    assert all(len(line.get_xdata()) == 1 for line in parts(figure, "below"))
    taper = cs.plot(cs.glucocorticoid_profiles(COHORT, by="target"))
    assert not parts(taper, "subject") + parts(taper, "pulse")
    assert parts(taper, "median")
    assert "courses drawn" not in taper.caption
    assert "subjects (all)." in taper.caption
    for each in (figure, taper):
        assert "more than 3 subjects are not drawn one by one" in text_of(each)
    plt.close("all")


def test_a_timeline_of_many_counts_the_open_episodes(few):
    listing = cs.toxicity_listing(COHORT, ["CRS", "infection"])
    figure = cs.plot(listing, until=60)
    assert not parts(figure, "episode") + parts(figure, "number")
    lines = parts(figure, "open")
    assert len(lines) == 2
    rows = listing.frame[(listing.frame["term"] == "CRS") & listing.frame["onset_day"].notna()]
    drawn = dict(zip(*lines[0].get_data(), strict=True))
    for day in (0, 3, 7, 14, 60):
        inside = (rows["onset_day"].map(np.floor) <= day) & (rows["end_day"].map(np.floor) >= day)
        assert drawn[day] == inside.sum()
    assert "open to the end of follow-up" in text_of(figure)
    by = cs.plot(cs.toxicity_listing(COHORT, ["CRS"], by="target"), until=60)
    assert len(parts(by, "open")) == 3
    plt.close("all")


def test_the_band_is_between_the_quartiles_and_the_order_is_thinned():
    figure, ax = plt.subplots()
    draw_band(ax, [1, 1, 1, 1, 1, 2, 2], [0, 1, 2, 3, 4, 5, 6], "k")
    (band,) = ax.collections
    # The second place has two values only.
    assert np.unique(band.get_paths()[0].vertices, axis=0).tolist() == [[1.0, 1.0], [1.0, 3.0]]
    share, values = ordered([3, 1, 2])
    assert (share.tolist(), values.tolist()) == ([0, 50, 100], [3, 2, 1])
    share, values = ordered(np.arange(10_000))
    assert share.size == 400
    assert (values[0], values[-1]) == (9999, 0)
    plt.close(figure)


def test_a_map_of_many_divides_its_columns_by_state(few):
    shown = cs.antibody_map(COHORT, protective={"vaccine_tetanus": 0.1}, by="target")
    figure = cs.plot(shown)
    assert not parts(figure, "subject")
    assert "A row is a subject." not in text_of(figure)
    assert "A column is all subjects of a stratum" in text_of(figure)
    cells = shown.frame[(shown.frame["kind"] == "cell") & (shown.frame["target"] == "CD19")]
    states = cells["state"].value_counts(normalize=True)
    ax = next(ax for ax in figure.axes if parts_of(ax, "n/N"))
    segments = [parts_of(ax, state)[0].get_paths()[0].vertices for state in states.index]
    # A segment has half a point or less of space at either end.
    assert_allclose([np.ptp(each[:, 1]) / 120 for each in segments], states, atol=1.01 / 120)
    plt.close(figure)


def parts_of(ax, name):
    return [child for child in ax.get_children() if child.get_gid() == name]


def test_aplasia_of_many_is_the_share_below_at_each_time(few):
    spans = cs.b_cell_aplasia(COHORT)
    figure = cs.plot(spans)
    (below,), (around,) = parts(figure, "below"), parts(figure, "return")
    rows = spans.frame[spans.frame["kind"] == "subject"]
    day = 60.0
    sure = ((rows["start"] <= day) & (rows["time_low"] >= day)).mean()
    high = rows["time_high"].fillna(rows["time_low"])
    whole = ((rows["start"] <= day) & (high >= day)).mean()

    def top(area):
        edge = area.get_paths()[0].vertices
        return edge[np.abs(edge[:, 0] - day / 30.4375) < 0.06, 1].max()

    assert top(below) == pytest.approx(sure, abs=0.06)
    assert top(around) == pytest.approx(whole, abs=0.06)
    assert not [patch for patch in figure.findobj(plt.Rectangle) if patch.get_gid() == "below"]
    assert "pale: the return lies between two samples there" in text_of(figure)
    plt.close(figure)


def test_the_censored_of_many_are_not_marked(few):
    curve = cs.survival_curve(COHORT, "overall_survival", by="target")
    two = cs.survival_curve(COHORT, "overall_survival", by=["disease", "target"])
    for figure in (cs.plot(curve), cs.plot(two, kind="panels")):
        assert parts(figure, "curve")
        assert not parts(figure, "censored")
        assert "Of more than 3 subjects the censored are not marked." in text_of(figure)
        assert "Vertical ticks" not in text_of(figure)
        plt.close(figure)


def test_courses_of_more_than_a_page_has_rows_for_are_areas_of_states():
    study = cs.simulate_study(3, 130)
    courses = cs.subject_timelines(cs.define_cohort(study, cs.infused()), by="target")
    figure = cs.plot(courses)
    areas = {name: parts(figure, name) for name in ("response", "drug-free", "death", "ended")}
    assert all(areas.values())
    assert "more than 100 are not drawn one by one" in text_of(figure)
    # On the day of the infusion everybody is followed and in no state.
    (first, *_) = parts(figure, "follow-up")
    edge = first.get_paths()[0].vertices
    assert (edge[edge[:, 0] == 0, 1].min(), edge[edge[:, 0] == 0, 1].max()) == (0.0, 1.0)
    plt.close(figure)


def test_the_numbers_of_many_have_no_row_for_a_subject(few):
    profiles = cs.kinetic_profiles(COHORT, by="target")
    assert set(without_subjects(profiles)["kind"]) == {"median"}
    shown = cs.antibody_map(COHORT, protective={"vaccine_tetanus": 0.1})
    rows = without_subjects(shown)
    assert rows.loc[rows["kind"] == "subjects", "n"].sum() == shown.frame["subject"].max()
    assert (rows["kind"] == "count").sum() == 1
    course = cs.score_course(COHORT, "SLEDAI-2K")
    told = without_subjects(course)
    values = course.frame.loc[course.frame["visit"] == 168, "change"].dropna()
    row = told[(told["visit"] == 168) & (told["measured"] == "change")].iloc[0]
    assert (row["n"], row["median"]) == (len(values), values.median())
    assert list(told) == ["visit", "measured", "n", "lower_quartile", "median", "upper_quartile"]
    block = figure_block(lambda **options: cs.plot(course, kind="spider"), {"": course}, "spider")
    assert picture_of(block).csv.count("\n") == len(told) + 1
    plt.close("all")


def test_of_few_the_numbers_stay_and_the_reader_is_told_that_lines_are_subjects(monkeypatch):
    course = cs.score_course(COHORT, "SLEDAI-2K")
    assert without_subjects(course) is course.frame

    def block():
        return figure_block(lambda **options: cs.plot(course, kind="spider"), {"": course}, "s")

    assert len(with_cautions([block()])) == 2
    for name in ("figures.crowd", "figures.course.spider", "chapters.strata"):
        monkeypatch.setattr(importlib.import_module(f"carstats.report.{name}"), "MOST", 3)
    assert len(with_cautions([block()])) == 1
    plt.close("all")


def test_steps_that_no_eye_tells_apart_are_one():
    few = np.sort(np.random.default_rng(1).random(1000))
    assert steps_seen(few).tolist() == list(range(1000))
    many = np.sort(np.random.default_rng(1).random(100_000))
    kept = steps_seen(many)
    assert (kept[0], kept[-1]) == (0, 99_999)
    assert kept.size <= 4098
    # What is left out stands within a part in four thousand before what is kept.
    after = many[kept[np.searchsorted(kept, np.arange(many.size))]]
    assert (after - many).max() <= 1 / 4096 * np.ptp(many)


def test_what_is_drawn_does_not_grow_with_the_subjects():
    """Four times as many subjects are not twice as much to draw, and no more marks."""

    def drawn(n):
        study = cs.simulate_study(2, n)
        cohort = cs.define_cohort(study, cs.infused(), label="all")
        results = {
            "curve": cs.survival_curve(cohort, "overall_survival", by="target"),
            "map": cs.antibody_map(cohort, protective={"vaccine_tetanus": 0.1}, by="target"),
            "aplasia": cs.b_cell_aplasia(cohort, by="target"),
            "courses": cs.subject_timelines(cohort, by="target"),
            "taper": cs.glucocorticoid_profiles(cohort, by="target"),
            "profiles": cs.kinetic_profiles(cohort, by="target"),
            "competing": cs.cumulative_incidence(cohort, "relapse", by="target"),
        }
        found = {}
        for name, result in results.items():
            block = figure_block(
                lambda result=result, **options: cs.plot(result, **options), {"": result}, name
            )
            picture = picture_of(block, slide=False)
            found[name] = (picture.svg.count("<"), len(picture.svg))
            plt.close(block.figure)
        return pd.DataFrame(found, index=["elements", "bytes"])

    growth = drawn(2400) / drawn(650)
    assert growth.loc["elements"].max() < 1.3, growth
    assert growth.loc["bytes"].max() < 2, growth
