"""Responses, baskets and scores in Chinese: the same numbers, and no English but names."""

import re
from dataclasses import replace
from itertools import pairwise

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from numpy.testing import assert_array_equal

import carstats as cs
from carstats.data.packaged import packaged_folder
from carstats.errors import CarstatsError
from carstats.report.figures import spider_figure, visit_box_figure, waterfall_figure
from carstats.report.figures.course.trajectory import trajectory_figure
from carstats.report.figures.response.basket import basket_figure, basket_sensitivity_figure
from carstats.report.figures.response.categories import categories_figure
from carstats.report.figures.response.heatmap import heatmap_figure
from carstats.report.figures.response.rates import response_figure
from carstats.report.figures.response.scores import score_change_figure
from carstats.words import in_words

REMISSION = "drug_free_remission"
NAMES = """
    Aalen Agresti Armitage Barnard Benjamini Boschloo Byar Chan Clopper Cochran Cox Efron Firth
    Fisher Haenszel Hochberg Holm IgG Johansen Kaplan Mantel Meier Mid Miettinen Min Newcombe mRSS
    Nurminen Pearson Satterthwaite Zhang delta dsDNA followup log logistic logit melded potential
    rank
"""
LONG = "A hospital of sixty characters <b> & $x_1$ with a long name, 2"


def english(text):
    """Return the words of three or more Latin letters that are no names."""
    words = re.findall(r"[A-Za-z]{3,}", str(text))
    return [word for word in words if not word.isupper() and word not in NAMES.split()]


@pytest.fixture(scope="module")
def study():
    return cs.read_study(packaged_folder("data/synthetic"))


@pytest.fixture(scope="module")
def cohort(study):
    return cs.define_cohort(study, cs.infused())


RATES = {
    "rate": lambda c: cs.response_rate(c, REMISSION, by=["disease", "target"]),
    "everybody": lambda c: cs.response_rate(
        cs.define_cohort(c.study), REMISSION, population="intention to treat"
    ),
    "evaluable": lambda c: cs.response_rate(
        cs.define_cohort(c.study), REMISSION, population="evaluable", method="mid-P"
    ),
    "bounds": lambda c: cs.response_rate(c, [REMISSION, "response"], missing="bounds"),
    "sustained": lambda c: cs.sustained_response_rate(c, REMISSION, at=168, until=364),
    "best": lambda c: cs.best_response_rate(c, REMISSION, until=364),
    "negative": lambda c: cs.seroconversion_rate(c, "anti-dsDNA", above=30, by="disease"),
    "categories": lambda c: cs.response_categories(c, by="target"),
    "time": lambda c: cs.time_to_response(c, REMISSION, by="target", conf_type="plain"),
}
COMPARISONS = {
    "difference": lambda c: cs.response_difference(c, REMISSION, by="disease"),
    "adjusted": lambda c: cs.response_difference(
        c, REMISSION, by="target", strata="disease", method="Mantel-Haenszel", missing="excluded"
    ),
    **{
        test: lambda c, test=test: cs.response_test(c, REMISSION, by="target", method=test)
        for test in ("Fisher", "Fisher central", "Boschloo", "trend")
    },
    "within": lambda c: cs.response_test(
        c, REMISSION, by="target", strata="disease", method="Cochran-Mantel-Haenszel"
    ),
    "landmark": lambda c: cs.landmark_comparison(c, "relapse", landmark=168, competing="censor"),
    "exposure": lambda c: cs.response_exposure(c, "relapse_free_survival"),
    "regression": lambda c: cs.response_regression(c, REMISSION, ["age", "sex"]),
    "marginal": lambda c: cs.marginal_response_difference(c, REMISSION, "target", adjust="age"),
    "tipping": lambda c: cs.response_tipping_point(
        cs.define_cohort(c.study, cs.infused(), cs.with_disease("SSc")),
        REMISSION,
        by="target",
        first="CD19",
        second="BCMA",
    ),
}
MODELS = {
    "baskets": lambda c: cs.basket_response(c, REMISSION, model="EXNEX"),
    "left out": lambda c: cs.basket_leave_one_out(c, REMISSION, by="target"),
    "sensitivity": lambda c: cs.basket_sensitivity(c, REMISSION, tau=[0, 1]),
    "design": lambda _: cs.basket_operating_characteristics([5, 6], {"": [0.6, 0.8]}, n_trials=20),
    "means": lambda c: cs.score_change(c, "SLEDAI-2K", by="disease"),
    "model": lambda c: cs.score_change(c, "SLEDAI-2K", by="target", method="MMRM"),
    "course": lambda c: cs.score_course(c, "SLEDAI-2K", by="target"),
}


@pytest.mark.parametrize("made", [*RATES.values(), *COMPARISONS.values(), *MODELS.values()],
                         ids=[*RATES, *COMPARISONS, *MODELS])  # fmt: skip
def test_results_in_chinese(cohort, made):
    result = made(cohort)
    with cs.in_language("zh"):
        words = [result.caption()]
        labels = [in_words(label) for names in result.labels.values() for label in names.values()]
        words += [label for label in labels if any("一" <= c <= "鿿" for c in label)]
        for column in {"note", "contrast"} & set(result.frame):
            words += map(in_words, result.frame[column].unique())
    assert [(text, english(text)) for text in words if english(text)] == []
    assert not re.search(r"[，；。：]{2}| [，。；：]|[一-鿿][A-Za-z0-9]", words[0]), words[0]


def test_the_words_change_and_not_the_numbers(cohort):
    made = {}
    for language in ("en", "zh"):
        with cs.in_language(language):
            result = cs.response_rate(cohort, REMISSION, by="target", conf_level=0.9)
            made[language] = result, result.caption()
    numbers = [result.frame.select_dtypes("number") for result, _ in made.values()]
    assert_array_equal(*numbers)
    assert made["en"][1] == (
        "Drug-free remission at week 24 (days 140 to 196). 229 subjects, missing = failure. "
        "Clopper–Pearson 90 % limits."
    )
    assert made["zh"][1] == (
        "无药缓解，第 24 周（第 140 至 196 天）。229 例受试者，缺失视为失败。"
        "Clopper–Pearson 90% 置信限。"
    )


FIGURES = {
    "forest": (response_figure, RATES["rate"], {}),
    "bounds": (response_figure, RATES["bounds"], {}),
    "heat map": (heatmap_figure, RATES["rate"], {}),
    "categories": (categories_figure, RATES["categories"], {}),
    "baskets": (basket_figure, MODELS["baskets"], {}),
    "sensitivity": (basket_sensitivity_figure, MODELS["sensitivity"], {}),
    "change": (score_change_figure, lambda c: cs.score_change(c, "SLEDAI-2K", by="target"), {}),
    "waterfall": (waterfall_figure, MODELS["course"], {"what": "percent_change"}),
    "spider": (spider_figure, MODELS["course"], {}),
    "boxes": (visit_box_figure, MODELS["course"], {}),
    "course": (
        trajectory_figure,
        lambda c: cs.measure_trajectory(c, "B_cells", by="target"),
        {"scale": "log", "limit": 10},
    ),
}


def outside(figure):
    """Return the texts that reach over the edge of a figure."""
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(300)
    canvas.draw()
    found = []
    for text in figure.findobj(Text):
        box = text.get_window_extent(canvas.get_renderer())
        # Ticks beyond the axes have texts that are not drawn.
        drawn = text.get_gid() or text.get_text().strip(" −0123456789.")
        if drawn and not (
            box.x0 >= -1 and box.y0 >= -1
            and box.x1 <= figure.bbox.width + 1 and box.y1 <= figure.bbox.height + 1
        ):  # fmt: skip
            found.append(text.get_text())
    return found


@pytest.mark.parametrize("width", [85, 180])
@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_figures_in_chinese(cohort, figure, width):
    draw, made, options = figure
    with cs.in_language("zh"):
        drawn = draw(made(cohort), width=width, **options)
    texts = [drawn.get_label(), *(text.get_text() for text in drawn.findobj(Text))]
    assert [(text, english(text)) for text in texts if english(text)] == []
    assert outside(drawn) == []


def test_an_english_result_is_drawn_in_chinese(cohort):
    result = cs.response_rate(cohort, REMISSION, by="target")
    with cs.in_language("zh"):
        drawn = response_figure(result)
    texts = [text.get_text() for text in drawn.findobj(Text)]
    assert "缺失" in texts
    assert any(text.startswith("无药缓解") for text in texts)
    assert [(text, english(text)) for text in texts if english(text)] == []


@pytest.mark.parametrize("kind", ["waterfall", "spider", "boxes", "sensitivity", "change"])
def test_long_names_stay_within_the_figure(cohort, kind):
    draw, _, options = FIGURES[kind]
    result = (
        cs.basket_sensitivity(cohort, REMISSION, by="target", tau=[0, 1])
        if kind == "sensitivity"
        else FIGURES[kind][1](cohort)
    )
    names = {"CD19": LONG, "BCMA": "=SUM(A1)", "CD19+BCMA": "难治性系统性红斑狼疮" * 5}
    long = replace(
        result,
        frame=result.frame.assign(target=result.frame["target"].map(names)),
        labels={"target": {name: name for name in names.values()}},
    )
    assert outside(draw(long, width=85, **options)) == []


def test_a_heat_map_that_does_not_fit_is_refused(cohort):
    result = RATES["rate"](cohort)
    first = result.frame[result.frame["target"] == "CD19"]
    frame = pd.concat([first.assign(target=f"T{i}") for i in range(20)])
    many = replace(result, frame=frame)
    with pytest.raises(CarstatsError, match=r"20 columns do not fit in 85 mm.*'target', 'disease'"):
        heatmap_figure(many, width=85)


def test_boxes_name_every_column(cohort):
    course = cs.score_course(cohort, "IgG", by=["disease", "target"])
    drawn = visit_box_figure(course)
    assert drawn.get_label().startswith("Boxes of Serum IgG by visit, disease and target: ")
    assert drawn.axes[0].get_ylabel() == "g/L"
    # So many strata have no room beside one another: each has a panel and its name.
    named = [text for text in drawn.texts if text.get_gid() == "name"]
    assert len(named) == len(course.strata())
    values = [ax for ax in drawn.axes if len(ax.get_yticks())]
    assert len({ax.get_ylim() for ax in values}) == 1


def test_ticks_of_tau_do_not_touch(cohort):
    result = cs.basket_sensitivity(cohort, REMISSION)
    with cs.in_language("zh"):
        drawn = basket_sensitivity_figure(result, width=60)
    renderer = FigureCanvasAgg(drawn).get_renderer()
    boxes = [tick.get_window_extent(renderer) for tick in drawn.axes[0].get_xticklabels()]
    assert len(boxes) > 2
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
