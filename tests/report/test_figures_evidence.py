"""The figures of the published evidence: what was drawn is read back."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from numpy.testing import assert_allclose

import carstats as cs
from carstats.evidence.person_time import FLARE_RATES
from carstats.report import figures, style
from carstats.report.pages import save
from tests.evidence.test_evidence import table_of

TRIALS = cs.published_trials()


def artists(figure, gid):
    return [artist for artist in figure.findobj() if artist.get_gid() == gid]


def texts(figure, gid="name"):
    return [artist.get_text() for artist in artists(figure, gid)]


def caption(figure):
    return " ".join(texts(figure, "caption")).replace("\n", " ")


def fits(figure):
    """Fail if a text runs out of the figure."""
    figure.set_dpi(save.DPI)
    with style.drawing():
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
    width, height = figure.canvas.get_width_height()
    for text in figure.findobj(lambda artist: hasattr(artist, "get_text")):
        if text.get_text().strip() and text.get_visible():
            box = text.get_window_extent(renderer)
            assert box.x0 > -2, text
            assert box.x1 < width + 2, text
            assert box.y0 > -2, text
            assert box.y1 < height + 2, text


def pooled(table=TRIALS, **options):
    asked = {"outcome": "response", "endpoint_class": "remission"}
    rates = cs.trial_rate(table, **asked)
    return rates, cs.pooled_rate(table, **asked, conf_type="Wald", **options)


def test_pooled_forest_has_diamond_and_prediction():
    rates, result = pooled()
    figure = figures.pooled_figure({"Remission": (rates, result)})
    row = result.frame.iloc[0]
    (diamond,) = artists(figure, "pooled")
    corners = diamond.get_xy()[:, 0]
    assert_allclose([corners.min(), corners.max()], row[["conf_low", "conf_high"]].astype(float))
    (bar,) = artists(figure, "prediction")
    assert_allclose(bar.get_xdata(), row[["predict_low", "predict_high"]].astype(float))
    assert len(artists(figure, "estimate")) == len(rates.frame)
    assert "71/95" in texts(figure, "number")
    assert "prediction interval" in caption(figure)
    fits(figure)


def test_pooled_forest_by_target_names_each_and_repeats_the_notes():
    rates, result = pooled(by="target")
    figure = figures.pooled_figure({"Remission": (rates, result)})
    assert len(artists(figure, "pooled")) == 3
    # Two trials alone have no prediction.
    assert len(artists(figure, "prediction")) == 2
    assert "BCMA, 2 trials" in texts(figure)
    assert "Homogeneity assumed" in caption(figure)


def test_pooled_forest_where_homogeneity_is_assumed():
    figure = figures.pooled_figure({"All": pooled(table_of((3, 3), (8, 8), (5, 5)))})
    assert not artists(figure, "prediction")
    assert "Homogeneity assumed" in caption(figure)
    fits(figure)


def test_leave_one_out_marks_all_trials():
    result = cs.leave_one_out(TRIALS, "response", endpoint_class="remission", conf_type="Wald")
    figure = figures.leave_one_out_figure(result)
    (line,) = artists(figure, "overall")
    assert set(line.get_xdata()) == {result.frame["estimate"].iloc[0]}
    assert len(artists(figure, "estimate")) == len(result.frame)
    # Trials by name, and no keys of the table.
    assert "Li 2025 (AIHA)" in texts(figure)
    assert "Tianjin-AIHA" not in texts(figure)
    fits(figure)


def test_map_draws_areas_by_subjects():
    result = cs.evidence_map(TRIALS)
    figure = figures.evidence_map_figure(result)
    radii = [circle.get_radius() for circle in artists(figure, "subjects")]
    assert_allclose(np.square(radii) / np.square(radii).sum(), result.frame["n"] / 280)
    assert "69 (12)" in texts(figure, "number")
    fits(figure)


def test_overlap_joins_the_reports_that_are_named():
    result = cs.report_overlap(TRIALS)
    figure = figures.overlap_figure(result)
    assert len(artists(figure, "link")) == (result.frame["link"] == "named").sum()
    names = set(result.frame["trial"]) | set(result.frame["other_trial"])
    assert sorted(texts(figure)) == sorted(names)
    # The names of trials and not the keys of the table, also of a report without any count.
    assert "CASTLE" in names
    assert not [name for name in names if "_" in name]
    fits(figure)


def test_overlap_without_any_is_drawn():
    figure = figures.overlap_figure(cs.report_overlap(table_of((1, 5), (2, 6))))
    assert not artists(figure, "link")


def test_relapse_rates_stand_beside_the_flare_rates():
    rates = cs.trial_incidence(TRIALS)
    by_disease = cs.pooled_incidence(TRIALS, by="disease")
    figure = figures.trial_incidence_figure(rates, by_disease, FLARE_RATES)
    numbers = texts(figure, "number")
    assert {"0.10–0.12", "0.23", "0.49", "follow-up not reported"} <= set(numbers)
    # The trials with follow-up, and lupus together.
    assert len(artists(figure, "estimate")) == rates.frame["estimate"].notna().sum() + 1
    # One event in 2.5 years: the upper limit leaves the axis.
    assert len(artists(figure, "beyond")) == 1
    assert "Not a comparison of treatments" in caption(figure)
    assert "Hao 2022" in caption(figure)
    fits(figure)


def test_other_results_are_refused():
    rates, result = pooled()
    with pytest.raises(cs.CarstatsError, match="needs the columns"):
        figures.pooled_figure({"a": (rates, rates)})
    for function in (figures.leave_one_out_figure, figures.evidence_map_figure,
                     figures.overlap_figure):  # fmt: skip
        with pytest.raises(cs.CarstatsError, match="needs the columns"):
            function(result)
