"""The toxicity figures: what was drawn, at the widths of a column and a page."""

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from carstats.errors import CarstatsError
from carstats.report import figures
from carstats.report.pages import save
from tests.conftest import subjects_table
from tests.report.test_figures import assert_nothing_touches, by_gid, written
from tests.toxicity.test_toxicity_analyses import cohort_of


@pytest.fixture(scope="module")
def cohort():
    return cs.define_cohort(cs.simulate_study(seed=3, n=80), cs.infused())


def drawn(cohort):
    """Return each figure's function on a result of its own."""
    mean = cs.mean_cumulative_count(cohort, "infection", by="target")
    incidence = cs.toxicity_incidence(cohort, "CRS", by="target")
    episodes = cs.toxicity_listing(cohort, ["CRS", "infection"], by="target")
    return {
        "windows": (
            figures.windows_figure,
            cs.toxicity_rate(cohort, "infection", window="standard", by="target"),
            {},
        ),
        "differences": (
            figures.differences_figure,
            cs.toxicity_difference(cohort, ["CRS", "infection", "ICANS"], by="target"),
            {},
        ),
        "incidence": (figures.incidence_figure, incidence, {"until": 30}),
        "mean count": (figures.incidence_figure, mean, {}),
        "timeline": (figures.timeline_figure, episodes, {"until": 60}),
        "trajectory": (
            figures.trajectory_figure,
            cs.measure_trajectory(cohort, "B_cells", by="target"),
            {"scale": "log", "limit": 10},
        ),
        "benchmark": (
            figures.benchmark_figure,
            cs.toxicity_benchmark(cohort, "CRS", min_grade=3, by="target"),
            {},
        ),
    }


@pytest.fixture(scope="module")
def results(cohort):
    return drawn(cohort)


NAMES = ["windows", "differences", "incidence", "mean count", "timeline", "trajectory", "benchmark"]


@pytest.mark.parametrize("name", NAMES)
def test_figures_are_drawn_with_stamp_caption_and_words(results, name):
    draw, result, options = results[name]
    figure = draw(result, width=180, **options)
    assert "Synthetic data" in [text.get_text() for text in figure.texts]
    assert result.caption()[:20] in next(
        text.get_text() for text in figure.texts if text.get_gid() == "caption"
    )
    assert figure.get_label()
    narrow = 120 if name in ("differences", "benchmark") else 85
    for sized in (figure, draw(result, width=narrow, **options)):
        # Captions are broken for the resolution of print.
        sized.set_dpi(save.DPI)
        assert_nothing_touches(sized)
    if narrow == 120:
        with pytest.raises(CarstatsError, match="takes 120 mm or more"):
            draw(result, width=85, **options)


@pytest.mark.parametrize("name", NAMES)
def test_figures_are_the_same_bytes_twice(results, name):
    draw, result, options = results[name]
    one, two = (save.figure_bytes(draw(result, **options), "svg") for _ in range(2))
    assert one == two


@pytest.mark.parametrize("name", NAMES)
def test_other_results_are_refused(results, name):
    draw, _, options = results[name]
    other = results["timeline" if name != "timeline" else "windows"][1]
    with pytest.raises(CarstatsError, match="needs the columns"):
        draw(other, **options)


def test_steps_stand_at_the_estimates(results):
    _, result, options = results["incidence"]
    axes = figures.incidence_figure(result, **options).axes[0]
    key, rows = result.strata()[0]
    inside = rows[rows["time"] <= 30]
    line = by_gid(axes, "curve")[0]
    assert set(np.round(line.get_ydata(), 12)) <= set(np.round(inside["estimate"], 12))
    assert line.get_xdata().max() <= 30
    assert key


def test_at_risk_is_written_under_the_ticks(results):
    _, result, _ = results["mean count"]
    figure = figures.incidence_figure(result)
    texts = [t.get_text() for t in by_gid(figure.axes[1], "at risk")]
    assert texts[0] == str(int(result.strata()[0][1]["n_risk"].iloc[0]))


def test_timeline_lines_run_from_onset_to_end(cohort):
    result = cs.toxicity_listing(cohort, "CRS")
    figure = figures.timeline_figure(result)
    lines = by_gid(figure.axes[0], "episode")
    assert len(lines) == len(result.frame)
    row = result.frame.iloc[0]
    assert tuple(lines[0].get_xdata()) == (row["onset_day"], row["end_day"])
    assert not any(name in written(figure) for name in cohort.subjects["subject_id"])


def test_differences_stand_on_their_zero_line(results):
    _, result, _ = results["differences"]
    figure = figures.differences_figure(result)
    other = figure.axes[1]
    assert len(by_gid(other, "zero")) == 1
    points = [float(line.get_xdata()[0]) for line in by_gid(other, "estimate")]
    assert points == pytest.approx(result.frame["estimate"].tolist())


@pytest.mark.parametrize("width", [85, 180])
def test_signals_are_filled_and_named(width):
    hits = [(f"S{i:02d}", "CRS", 2, 2) for i in range(1, 10)]
    hits += [("S01", "infection", 5, 1), ("S12", "infection", 5, 1)]
    cohort = cohort_of(20, *hits, target=["CD19"] * 10 + ["BCMA"] * 10)
    figure = figures.signals_figure(cs.toxicity_signals(cohort, by="target"), width=width)
    names = [text.get_text() for text in by_gid(figure.axes[0], "name")]
    assert names == ["CRS"]
    assert [len(dots.get_offsets()) for dots in by_gid(figure.axes[0], "signal")] == [1]
    figure.set_dpi(save.DPI)
    assert_nothing_touches(figure)
    alone = cs.toxicity_signals(cohort, ["ICANS"], by="target")
    assert not by_gid(figures.signals_figure(alone).axes[0], "name")


def test_an_empty_timeline_and_a_lone_term():
    alone = cohort_of(2, ("S01", "CRS", None, 1))
    figure = figures.timeline_figure(cs.toxicity_listing(alone, "CRS"))
    assert any("1 episode of unknown onset" in text for text in written(figure))
    two = cs.toxicity_incidence(alone, ["CRS", "ICANS"])
    with pytest.raises(CarstatsError, match="draws one term"):
        figures.incidence_figure(two)


def severities(*rows):
    table = pd.DataFrame(rows, columns=["subject_id", "term", "severity"]).assign(onset_day=3)
    return cs.define_cohort(cs.Study(subjects=subjects_table(4), toxicities=table))


@pytest.mark.parametrize("width", [85, 180])
def test_severities_are_named_and_nothing_graded_is_a_dash(width):
    cohort = severities(("S01", "CRS", "mild"), ("S02", "CRS", "fatal"), ("S03", "infection", None))
    figure = figures.toxicity_figure(cs.toxicity_grades(cohort), width=width)
    texts = written(figure)
    # Only severities that occurred are in the key.
    assert {"Mild", "Fatal", "≥severe"} <= set(texts)
    assert "Life-threatening" not in texts
    assert not {"Grade", "≥3", "Grade ≥3"} & set(texts)
    numbers = [t.get_text() for t in by_gid(figure.axes[0], "number")]
    assert numbers == ["2/4", "1/4", "1/4", "–"]
    assert_nothing_touches(figure)
