"""Of many subjects figures draw what they come to, and no mark for each."""

import importlib

import matplotlib.pyplot as plt
import numpy as np
import pytest

import carstats as cs
from carstats.report.figures.crowd import draw_band, ordered

STUDY = cs.read_study("data/synthetic")
COHORT = cs.define_cohort(STUDY, cs.infused(), label="all")


@pytest.fixture
def few(monkeypatch):
    """Make three subjects many."""
    for name in (
        "course.waterfall", "course.spider", "course.boxes", "kinetics.profiles",
        "toxicity.timeline", "kinetics.exposure", "course.taper",
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
    assert "more than 500 are not drawn one by one" in text_of(figure)
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
