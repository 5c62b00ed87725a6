"""The toxicity analyses and their figures in Chinese: words, numbers, and no English left over."""

import re

import matplotlib.text
import pytest

import carstats as cs
from carstats.report import figures
from carstats.report.pages import save
from carstats.translation import tr
from carstats.words import in_words
from tests.report.test_figures import assert_nothing_touches, by_gid
from tests.toxicity.test_toxicity_analyses import cohort_of

# Abbreviations, names of people, methods and trials, and units.
NAMES = set(
    re.findall(
        "[A-Za-z]+",
        "Aalen-Johansen ASTCT BCMA Benjamini-Hochberg 4-1BB beta CAR CD CI Clopper-Pearson CRS "
        "Agresti-Min Barnard "
        "Ghosh-Lin Holm ICANS IgG Kaplan-Meier LICATS log melded Melded Miettinen-Nurminen "
        "Poisson FELIX CARTITUDE US standard-of-care cilta-cel Blood",
    )
)


@pytest.fixture(scope="module")
def cohort():
    return cs.define_cohort(cs.simulate_study(seed=3, n=60), cs.infused())


@pytest.fixture
def chinese():
    with cs.in_language("zh"):
        yield


def english_of(text):
    return {word for word in re.findall("[A-Za-z]{2,}", text) if word not in NAMES}


def analyses(cohort):
    """Return a result of each kind by name."""
    terms = ["CRS", "infection", "ICANS"]
    return {
        "rate": cs.toxicity_rate(cohort, "infection", window="standard", by="target"),
        "grades": cs.toxicity_grades(cohort, terms, by="target"),
        "differences": cs.toxicity_difference(cohort, terms, by="target", adjust="Holm"),
        "ratio": cs.toxicity_difference(cohort, "CRS", by="target", contrast="ratio"),
        "signals": cs.toxicity_signals(cohort, by="target", level="BCMA"),
        "incidence": cs.toxicity_incidence(cohort, "infection", by="target"),
        "estimators": cs.toxicity_estimators(cohort, "infection", at=[100, 2000]),
        "timing": cs.toxicity_timing(cohort, terms),
        "duration": cs.toxicity_duration(cohort, "CRS", episode="worst"),
        "count": cs.mean_cumulative_count(cohort, "infection", by="target"),
        "exposure": cs.exposure_adjusted_rate(cohort, terms, events="all", per=100),
        "listing": cs.toxicity_listing(cohort, terms, by="target"),
        "table": cs.toxicity_table(cohort, by="target"),
        "recovery": cs.time_to_recovery(cohort, "b_cell_reconstitution", at=[100, 365]),
        "replacement": cs.time_to_recovery(cohort, "immunoglobulin_replacement"),
        "course": cs.measure_trajectory(cohort, "IgG", below=4),
        "benchmark": cs.toxicity_benchmark(cohort, "CRS", min_grade=3, by="target"),
        "published": cs.toxicity_benchmark(cs.published_trials(), "CRS", min_grade=3),
    }


@pytest.fixture(scope="module")
def in_chinese(cohort):
    """Return the results as they are when Chinese is set while they are made."""
    with cs.in_language("zh"):
        return analyses(cohort)


def drawn(found):
    """Yield the name of each figure with the figure at its widths."""
    draws = {
        "rate": (figures.windows_figure, 85),
        "grades": (figures.toxicity_figure, 85),
        "differences": (figures.differences_figure, 120),
        "signals": (figures.signals_figure, 85),
        "incidence": (figures.incidence_figure, 85),
        "count": (figures.incidence_figure, 85),
        "listing": (figures.timeline_figure, 85),
        "benchmark": (figures.benchmark_figure, 120),
    }
    for name, (draw, narrow) in draws.items():
        for width in (narrow, 180):
            yield name, draw(found[name], width=width)


def test_captions_and_notes_have_no_english(in_chinese, chinese):
    for name, result in in_chinese.items():
        assert not english_of(result.caption()), name
        said = result.frame["note"].fillna("") if "note" in result.frame else []
        notes = " ".join(map(in_words, said))
        assert not english_of(notes), name


def test_figures_have_no_english_and_nothing_touches(in_chinese, chinese):
    for name, figure in drawn(in_chinese):
        texts = [text.get_text() for text in figure.findobj(matplotlib.text.Text)]
        assert not english_of(" ".join([*texts, figure.get_label()])), name
        # Captions are broken for the resolution of print.
        figure.set_dpi(save.DPI)
        assert_nothing_touches(figure)


def test_numbers_are_those_of_the_english_result(cohort, in_chinese):
    for name, result in analyses(cohort).items():
        numbers = result.frame.select_dtypes("number")
        assert numbers.equals(in_chinese[name].frame[numbers.columns]), name
        assert result.spec.options == in_chinese[name].spec.options, name


def test_sentences_carry_the_numbers(chinese):
    cohort = cohort_of(15, ("S01", "infection", 5, 2), ("S02", "infection", None, None))
    rate = cs.toxicity_rate(cohort, "CRS", conf_level=0.9)
    assert rate.caption() == (
        "细胞因子释放综合征，任何级别。15 例受试者。"
        "至少发生一次的受试者，Clopper–Pearson 90% 置信限。"
    )
    assert in_words(rate.frame["note"].item()) == (
        "0/15：至多 18.1%；研究中没有该项记录：仅当确已收集时才为无"
    )
    severe = cs.toxicity_rate(cohort, "infection", min_grade=2)
    assert in_words(severe.spec.endpoint) == "感染，2 级及以上"
    assert in_words(severe.frame["note"].item()) == (
        "1 名分级不详：已证实 1/15（7%），可能 2/15（13%）"
    )
    rate = cs.exposure_adjusted_rate(cohort, "infection", per=100)
    assert in_words(rate.spec.endpoint) == "感染，任何级别：每 100 人年首次事件数"


def test_a_note_of_what_does_not_apply_replaces_that_of_the_onset(cohort):
    both = []
    for language in ("en", "zh"):
        with cs.in_language(language):
            found = cs.time_to_recovery(cohort, "b_cell_reconstitution", at=100)
            both.append(in_words(found.frame["note"].iloc[0]))
            assert tr("{n} with an event of unknown onset left out", n=1)[1:] not in both[-1]
    assert re.findall(r"\d+", both[0].split(";")[0]) != []
    assert "left out: it does not apply" in both[0]
    assert "未纳入：不适用或无记录" in both[1]


def test_long_names_are_written_whole_or_cut_to_their_room(chinese):
    names = ["甲组" * 20, "A stratum whose name runs on for some sixty characters <&>", "=1+1"]
    cohort = cohort_of(
        12, *[(f"S{i:02d}", "infection", i, 2) for i in range(1, 7)], site_id=names * 4
    )
    curves = figures.incidence_figure(cs.toxicity_incidence(cohort, "infection", by="site_id"))
    lines = [text.get_text() for text in by_gid(curves.axes[1], "stratum")]
    assert "".join(lines[:2]).startswith("=1+1")
    for figure in (
        curves,
        figures.incidence_figure(
            cs.toxicity_incidence(cohort, "infection", by="site_id"), width=85
        ),
        figures.windows_figure(
            cs.toxicity_rate(cohort, "infection", window=(0, 30), by="site_id"), width=85
        ),
        figures.timeline_figure(cs.toxicity_listing(cohort, by="site_id"), width=85),
        figures.signals_figure(
            cs.toxicity_signals(cohort, by="site_id", level=names[0], reference=names[1]), width=85
        ),
        figures.differences_figure(
            cs.toxicity_difference(cohort, "infection", by="site_id"), width=120
        ),
    ):
        figure.set_dpi(save.DPI)
        assert_nothing_touches(figure)


def test_a_benchmark_takes_the_scale_of_grades_that_state_none():
    cohort = cohort_of(4, ("S01", "CRS", 2, 1), target=["CD19"] * 4)
    found = cs.toxicity_benchmark(cohort, "CRS", min_grade=3, grading_scale="ASTCT")
    first = found.frame.iloc[0]
    assert (first["n"], first["n_event"]) == (4, 0)
    # Nobody had it: said once.
    assert first["note"].count("0 of 4: at most") == 1
