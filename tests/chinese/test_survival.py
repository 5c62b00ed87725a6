"""Survival analyses in Chinese: the same numbers, and no English but names and abbreviations."""

import re
from io import BytesIO

import pytest
from matplotlib.text import Text
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal

import carstats as cs
from carstats.report import figures
from carstats.words import in_words, method_line
from tests.conftest import PLACEBO, SIX_MP, study_of_times
from tests.survival.survival_data import RFS
from tests.survival.test_survival_edges import EDGES, ONE_GROUP, TWO_GROUPS, course_study, edge

# Names of people and methods, abbreviations, terms of the vocabulary, and functions.
NAMES = """
    Aalen BCMA Benjamini Bonferroni Brittain Brookmeyer Byar CAR Clopper Cox Crowley Efron Fay Fine
    Finkelstein Firth Fleming Garwood Gehan Gray Greenwood Hall Harrington Hochberg Holm Johansen
    Kaplan Log Maller Meier Pearson Peto Poisson Proschan SLE SSc Sun Tarone Turnbull Wald Ware
    Weibull Wellner Wilcoxon Zhou alpha beta landmark log logistic method mid rank rate rho
"""

CHINESE = re.compile("[一-鿿]")


def english(text):
    """Return the words of three or more Latin letters that are no names."""
    return [word for word in re.findall(r"[A-Za-z]{3,}", str(text)) if word not in NAMES.split()]


@pytest.fixture(scope="module")
def cohort():
    return cs.define_cohort(
        study_of_times(
            f"{SIX_MP} {PLACEBO}",
            target=["CD19"] * 21 + ["BCMA"] * 21,
            disease=["SLE", "SSc"] * 21,
            site_id=["1", "2", "3"] * 14,
            cutoff_day=[500] * 42,
        )
    )


def test_the_words_change_and_not_the_numbers(cohort):
    made, captions, named = {}, {}, {}
    for language in ("en", "zh"):
        with cs.in_language(language):
            made[language] = cs.survival_curve(cohort, RFS, by="disease", conf_level=0.9)
            captions[language] = made[language].caption()
            named[language] = made[language].label(("SLE",))
    assert_array_equal(
        made["zh"].frame.select_dtypes("number"), made["en"].frame.select_dtypes("number")
    )
    assert captions["en"] == (
        "Relapse-free survival. 42 subjects. Kaplan–Meier, 90 % pointwise beta-product limits "
        "(Fay, Brittain and Proschan 2013)."
    )
    assert captions["zh"] == (
        "至复发或死亡时间。42 例受试者。Kaplan–Meier 法，90% 逐点 beta 乘积置信限"
        "（Fay、Brittain 和 Proschan，2013）。"
    )
    assert named == {"en": "Systemic lupus erythematosus", "zh": "系统性红斑狼疮"}
    # A result is in no language: the two are the same, and each prints in either.
    assert_frame_equal(made["zh"].frame, made["en"].frame)
    assert made["zh"].spec == made["en"].spec
    assert made["zh"].caption() == captions["en"]
    with cs.in_language("zh"):
        assert made["en"].caption() == captions["zh"]


OPTIONS = {
    "band": lambda c: cs.survival_curve(c, RFS, conf_type="plain", band="equal precision"),
    "difference": lambda c: cs.restricted_mean(c, RFS, at=10, by="target", contrast="difference"),
    "mean": lambda c: cs.bootstrap_interval(c, RFS, statistic="restricted mean", at=10, seed=3),
    "adjusted": lambda c: cs.logrank_test(
        c, RFS, by="target", strata=["disease", "site_id"], pairwise=True, trend=True
    ),
    "weighted": lambda c: cs.logrank_test(c, RFS, by="target", weight="Fleming-Harrington"),
    "landmark": lambda c: cs.landmark_curve(c, RFS, at=5, group=lambda s: s["site_id"]),
    "Cox": lambda c: cs.cox_regression(c, RFS, "target", strata="disease", robust=True),
    "Firth": lambda c: cs.cox_regression(c, RFS, ["target", "disease"], method="Firth"),
    "Fine-Gray": lambda c: cs.fine_gray_regression(c, RFS, "target"),
    "failure time": lambda c: cs.interval_censored_regression(
        c, RFS, "target", distribution="log-logistic"
    ),
    "bootstrap": lambda c: cs.interval_censored_curve(c, RFS, n_resamples=5),
}


@pytest.mark.parametrize("call", [*ONE_GROUP.values(), *TWO_GROUPS.values(), *OPTIONS.values()])
def test_methods_and_notes_are_chinese(cohort, call):
    result = call(cohort)
    with cs.in_language("zh"):
        assert not english(result.caption()), result.caption()
        assert CHINESE.search(method_line(result.spec))
        for note in result.frame.get("note", []):
            assert not english(in_words(note)), note


@pytest.mark.parametrize("name", EDGES)
def test_notes_of_weak_strata_are_chinese(name):
    small = edge(name)
    for who, call in (ONE_GROUP | TWO_GROUPS).items():
        said, refusals = [], []
        try:
            said = list(call(small).frame.get("note", []))
        except cs.CarstatsError as error:
            # Competing events and delayed entry, which an analysis may refuse.
            refusals.append(error)
        with cs.in_language("zh"):
            assert all(CHINESE.search(str(error)) for error in refusals), who
            for note in said:
                assert not english(in_words(note)), (who, note)


@pytest.mark.parametrize("reference", ["SSc", "系统性硬化症"])
def test_a_reference_is_named_as_in_the_data_or_as_printed(cohort, reference):
    with cs.in_language("zh"):
        found = cs.survival_difference(cohort, RFS, at=5, by="disease", reference=reference)
        mean = cs.restricted_mean(
            cohort, RFS, at=10, by="disease", contrast="ratio", reference=reference
        )
    with cs.in_language("zh"):
        assert [in_words(c) for c in found.frame["contrast"]] == ["系统性红斑狼疮 − 系统性硬化症"]
        assert [in_words(c) for c in mean.frame["contrast"]] == ["系统性红斑狼疮 / 系统性硬化症"]


def figures_of(cohort):
    """Return a figure of each kind."""
    curves = cs.survival_curve(cohort, RFS, by="target", band="Hall-Wellner")
    medians = cs.survival_quantile(cohort, RFS, by="target")
    test = cs.logrank_test(cohort, RFS, by="target")
    rates = [cs.landmark_rate(cohort, RFS, at=day, by="target") for day in (6, 12)]
    courses = cs.subject_timelines(cs.define_cohort(course_study()), by="target")
    both = cs.survival_curve(cohort, RFS, by=["disease", "target"])
    incidence = cs.cumulative_incidence(cs.define_cohort(course_study()), "relapse", by="target")
    interval = cs.interval_censored_curve(cohort, RFS, by="target", n_resamples=5)
    return {
        "curves": figures.survival_figure(curves, medians=medians, test=test),
        "panels": figures.survival_panels_figure(both),
        "competing": figures.competing_figure(incidence),
        "interval": figures.interval_figure(interval),
        "landmarks": figures.landmark_figure(rates),
        "swimmer": figures.swimmer_figure(courses),
    }


def test_figures_are_chinese(cohort):
    with cs.in_language("zh"):
        made = figures_of(cohort)
    for name, figure in made.items():
        texts = [text.get_text() for text in figure.findobj(Text)]
        for text in (figure.get_label(), *texts):
            assert not english(text), (name, text)
        said = " ".join((figure.get_label(), *texts))
        assert "例受试者" in said
        # A glyph that no font has would be drawn as a box, and warned of: an error here.
        figure.savefig(BytesIO(), dpi=40)


def test_the_landmark_is_named_once_for_all_rows(cohort):
    rates = [cs.landmark_rate(cohort, RFS, at=day, by="target") for day in (6, 12)]
    with cs.in_language("zh"):
        figure = figures.landmark_figure(rates)
        assert "第 6 天" in method_line(rates[0].spec)
    caption = next(t.get_text() for t in figure.texts if t.get_gid() == "caption")
    assert "界标时点" in caption
    assert "第 6 天" not in caption
