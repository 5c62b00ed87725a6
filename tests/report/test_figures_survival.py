"""Figures of the survival analyses: what was drawn is read back from the axes."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from numpy.testing import assert_allclose

import carstats as cs
from carstats.report import figures
from carstats.report.format import DAYS_PER_MONTH
from carstats.report.pages.save import figure_bytes
from tests.conftest import PLACEBO, SIX_MP, study_of_times
from tests.survival.survival_data import RFS, cohort_of, visits
from tests.survival.test_survival_edges import course_study


@pytest.fixture(scope="module")
def cohort():
    targets = ["CD19"] * 21 + ["BCMA"] * 21
    diseases = ["SLE", "SSc"] * 21
    return cs.define_cohort(
        study_of_times(
            f"{SIX_MP} {PLACEBO}", target=targets, disease=diseases, cutoff_day=[500] * 42
        )
    )


def texts(figure, gid):
    return [t.get_text() for t in figure.findobj(lambda a: a.get_gid() == gid)]


def drawn(figure, gid):
    return figure.findobj(lambda a: a.get_gid() == gid)


def caption(figure):
    return " ".join(texts(figure, "caption")).replace("\n", " ").replace("\u00a0", " ")


def test_medians_and_test_stand_above_the_curves(cohort):
    curves = cs.survival_curve(cohort, RFS, by="target", band="equal precision")
    medians = cs.survival_quantile(cohort, RFS, by="target")
    test = cs.logrank_test(cohort, RFS, by="target")
    figure = figures.survival_figure(curves, medians=medians, test=test, width=180)
    said = " ".join(texts(figure, "statistics")).replace("\u00a0", " ")
    # 23 weeks, written as days, are 0.8 months; the upper limit is not reached.
    assert "CD19 0.8 (0.4–NR); BCMA 0.3 (0.1–0.4)" in said
    words = "Log-rank test, studentised permutation, 9,999 random arrangements: p < 0.001"
    assert words in said
    assert len(drawn(figure, "simultaneous band")) == 4
    assert "Thin lines: simultaneous band." in caption(figure)
    assert "NR: not reached." in caption(figure)
    plain = figures.survival_figure(cs.survival_curve(cohort, RFS, by="target"), width=180)
    assert not texts(plain, "statistics")
    assert not drawn(plain, "simultaneous band")


def test_who_leaves_on_the_day_of_a_tick_is_at_risk_there():
    months = [2.0, 4.0, 4.0, 5.0, 6.0, 8.0]
    words = " ".join(f"{DAYS_PER_MONTH * m}{end}" for m, end in zip(months, "+ +++ ", strict=True))
    cohort = cs.define_cohort(study_of_times(words))
    figure = figures.survival_figure(cs.survival_curve(cohort, RFS), width=180)
    ticks = figure.axes[0].get_xticks()
    assert {2, 4, 6, 8} <= set(ticks)
    expected = [str(sum(month >= tick for month in months)) for tick in ticks]
    assert texts(figure, "at risk") == expected


def test_a_p_value_that_cannot_be_small_says_so_above_the_curves():
    few = cs.define_cohort(study_of_times("1 2 3 4 5 6", target=["CD19"] * 3 + ["BCMA"] * 3))
    test = cs.logrank_test(few, RFS, by="target")
    figure = figures.survival_figure(cs.survival_curve(few, RFS, by="target"), test=test, width=180)
    said = " ".join(texts(figure, "statistics")).replace("\u00a0", " ")
    assert "all 20 arrangements: p = 0.10 (cannot be below 0.10)" in said


def test_one_cohort_is_seen_three_ways():
    study = course_study()
    cohort = cs.define_cohort(study)
    views = [
        cs.survival_curve(cohort, "relapse", by="target", competing="censor"),
        cs.cumulative_incidence(cohort, "relapse", by="target"),
        cs.interval_censored_curve(cohort, "relapse", by="target", competing="censor"),
    ]
    for width in (180, 85):
        figure = figures.views_figure(*views, width=width)
        said = caption(figure)
        assert "a: Relapse." in said
        assert "b: Relapse." in said
        assert "(Turnbull)" in said
        assert len(texts(figure, "stratum")) == len(views[0].strata())
        assert not texts(figure, "direct label")
        assert figure_bytes(figure, "svg")
    alone = cs.survival_curve(cohort, "relapse", competing="censor")
    with pytest.raises(cs.CarstatsError, match="results of the same strata"):
        figures.views_figure(alone, *views[1:])


def test_a_test_that_cannot_be_done_says_why():
    free = cs.define_cohort(study_of_times("5+ 6+ 7+ 8+", target=["CD19", "BCMA"] * 2))
    test = cs.logrank_test(free, RFS, by="target")
    figure = figures.survival_figure(cs.survival_curve(free, RFS, by="target"), test=test)
    assert texts(figure, "statistics")[0].startswith("Log-rank test: no events")


def test_long_names_stay_on_the_sheet(cohort):
    long = "Zentrum für experimentelle Rheumatologie und Immunologie Nord"
    sites = [f"{long} {i % 2}" for i in range(42)]
    named = cs.define_cohort(
        study_of_times(f"{SIX_MP} {PLACEBO}", site_id=sites, last_contact_day=40)
    )
    curves = cs.survival_curve(named, RFS, by="site_id")
    made = [
        figures.survival_figure(curves, medians=cs.survival_quantile(named, RFS, by="site_id")),
        figures.survival_panels_figure(
            cs.survival_curve(named, RFS, by=["disease", "site_id"]), width=85
        ),
        figures.competing_figure(cs.cumulative_incidence(named, RFS, by="site_id"), width=85),
        figures.interval_figure(cs.interval_censored_curve(named, RFS, by="site_id"), width=85),
        figures.swimmer_figure(cs.subject_timelines(named, by="site_id"), width=85),
    ]
    for figure in made:
        figure.set_dpi(300)
        figure.draw_without_rendering()
        for text in figure.findobj(Text):
            box = text.get_window_extent()
            inside = box.x0 >= -2 and box.x1 <= figure.bbox.x1 + 2
            assert inside or not text.get_visible() or not text.get_text(), text.get_text()


def test_medians_and_tests_of_something_else_are_refused(cohort):
    curves = cs.survival_curve(cohort, RFS, by="target")
    with pytest.raises(cs.CarstatsError, match="`medians` takes survival_quantile"):
        figures.survival_figure(curves, medians=cs.survival_quantile(cohort, RFS, by="disease"))
    test = cs.logrank_test(cohort, RFS, by="target")
    two = cs.Result(pd.concat([test.frame] * 2), test.spec)
    with pytest.raises(cs.CarstatsError, match="`test` takes one test"):
        figures.survival_figure(curves, test=two)


def test_panels_are_the_first_column(cohort):
    curves = cs.survival_curve(cohort, RFS, by=["disease", "target"])
    figure = figures.survival_panels_figure(curves)
    assert texts(figure, "panel") == ["Systemic lupus erythematosus", "Systemic sclerosis"]
    at_risk = texts(figure, "at risk")
    assert at_risk.count("11") >= 1
    assert at_risk.count("10") >= 1
    assert len({ax.get_xlim() for ax in figure.axes if ax.get_xlabel().startswith("Months")}) == 1
    with pytest.raises(cs.CarstatsError, match="by two columns"):
        figures.survival_panels_figure(cs.survival_curve(cohort, RFS, by="target"))


def test_competing_events_are_stacked():
    two = cohort_of([30, 60, 90, 120] * 2, [1, 2, 1, 0] * 2, group=[0] * 4 + [1] * 4)
    result = cs.cumulative_incidence(two, RFS, by="target")
    figure = figures.competing_figure(result)
    steps = drawn(figure, "any")
    assert len(steps) == 2
    # 1/4, then 1/4 of another cause, then 1/4: three quarters had any of them.
    assert_allclose(steps[0].get_ydata(), [0, 0.25, 0.5, 0.75, 0.75, 0.75])
    assert_allclose(steps[0].get_xdata() * DAYS_PER_MONTH, [0, 30, 60, 90, 120, 120])
    assert texts(figure, "key") == ["Relapse-free survival", "Death"]
    assert texts(figure, "stratum")[:1] in ([], ["CD19 (n = 4)"])
    assert texts(figure, "at risk")[0] == "4"
    assert "add up to the probability of any" in caption(figure)
    assert "CD19 (4 subjects)" in figure.get_label()


def test_what_happens_on_the_last_day_can_be_seen():
    last = cohort_of([30, 60, 90, 120], [1, 2, 0, 1])
    figure = figures.competing_figure(cs.cumulative_incidence(last, RFS))
    end = drawn(figure, "any")[0].get_xdata()[-1]
    assert 120 / DAYS_PER_MONTH < end < figure.axes[-1].get_xlim()[1]


def test_boxes_are_where_the_curve_is_not_known():
    cohort = visits([0, 30, 30, 90], [30, 60, 60, np.inf])
    result = cs.interval_censored_curve(cohort, RFS)
    figure = figures.interval_figure(result)
    boxes = drawn(figure, "box")
    found = [(b.get_x(), b.get_width(), b.get_y(), b.get_height()) for b in boxes]
    month = DAYS_PER_MONTH
    expected = [(0, 30 / month, 0.75, 0.25), (30 / month, 30 / month, 0.25, 0.5)]
    assert_allclose(sorted(found), expected, atol=1e-9)
    assert texts(figure, "counts") == ["4 subjects, 3 events"]
    # Nobody is followed beyond day 90, where the last is censored: the curve ends there.
    assert max(line.get_xdata()[1] for line in drawn(figure, "step")) == pytest.approx(90 / month)
    assert "the data do not say where" in caption(figure)


def test_landmarks_say_who_is_not_yet_eligible(cohort):
    rates = [cs.landmark_rate(cohort, RFS, at=day, by="target") for day in (6, 600)]
    figure = figures.landmark_figure(rates)
    numbers = texts(figure, "number")
    six_mp = rates[0].frame.iloc[0]
    assert f"{six_mp['n_event']}/21" in numbers
    assert numbers.count("21") == 2
    assert len(drawn(figure, "estimate")) == 2
    assert "Not yet: data cut-off before the landmark" in caption(figure)
    with pytest.raises(cs.CarstatsError, match="one or more results"):
        figures.landmark_figure([])


def test_swimmer_numbers_the_subjects():
    result = cs.subject_timelines(cs.define_cohort(course_study()), by="target")
    figure = figures.swimmer_figure(result)
    ax = figure.axes[-1]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["1", "2", "3"]
    bars = drawn(figure, "follow-up")
    assert_allclose([b.get_width() * DAYS_PER_MONTH for b in bars], [500, 400, 300])
    # Drug-free was last seen on day 180, and the relapse ended it.
    (unseen,) = drawn(figure, "drug-free, not assessed since")
    assert_allclose(unseen.get_x() * DAYS_PER_MONTH, 180)
    assert_allclose(unseen.get_width() * DAYS_PER_MONTH, 90)
    for mark, day in (("relapse", 270), ("re-infusion", 120), ("death", 300), ("ongoing", 500)):
        assert_allclose([x * DAYS_PER_MONTH for m in drawn(figure, mark) for x in m.get_xdata()],
                        [day])  # fmt: skip
    assert not any("S0" in t.get_text() for t in figure.findobj(lambda a: hasattr(a, "get_text")))
    with pytest.raises(cs.CarstatsError, match="draws 1 subject or more; here is none"):
        figures.swimmer_figure(cs.Result(result.frame.iloc[:0], result.spec))


@pytest.mark.parametrize("width", [85, 180])
def test_figures_are_the_same_bytes_again(cohort, width):
    made = {
        "swimmer": lambda: figures.swimmer_figure(
            cs.subject_timelines(cs.define_cohort(course_study())), width=width
        ),
        "interval": lambda: figures.interval_figure(
            cs.interval_censored_curve(cohort, RFS, by="target"), width=width
        ),
        "competing": lambda: figures.competing_figure(
            cs.cumulative_incidence(cohort, RFS, by="target"), width=width
        ),
    }
    for make in made.values():
        assert figure_bytes(make(), "svg") == figure_bytes(make(), "svg")
