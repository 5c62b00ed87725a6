"""The frame: one set-up for every figure, and the styles it is brought to."""

import re
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from PIL import Image

import carstats as cs
from carstats.report import figures
from carstats.report.figures.canvas import Canvas
from carstats.report.figures.frame import POINTS_PER_MM, figure, x_unit
from carstats.report.pages.save import figure_bytes, save_figure
from carstats.report.style import text_width, wrap
from tests.report.test_verbs import curves, texts  # noqa: F401

WIDTHS = {"nature-1": 89, "nature-2": 183, "lancet-1": 75, "lancet-2": 154, "nejm-1": 80}


def millimetres(drawn):
    return [25.4 * side for side in drawn.get_size_inches()]


@pytest.mark.parametrize(("width", "mm"), WIDTHS.items())
def test_a_journals_figure_keeps_its_rules(curves, width, mm):  # noqa: F811
    for result in (curves["curves"], curves["both"], curves["incidence"]):
        drawn = cs.plot(result, style="journal", width=width)
        wide, high = millimetres(drawn)
        assert wide == pytest.approx(mm)
        assert high <= 170
        sizes = {t.get_fontsize() for t in drawn.findobj(Text) if t.get_text()}
        assert min(sizes) >= 5
        assert max(sizes) <= 7
        assert texts(drawn, "stamp") == ([] if not result.spec.synthetic else ["Synthetic data"])
        assert not texts(drawn, "heading-1")
        assert not texts(drawn, "caption")
    assert texts(cs.plot(curves["both"], style="journal", width=width), "letter") == ["a", "b"]
    assert not texts(cs.plot(curves["both"]), "letter")


def test_a_journals_text_is_live_and_its_font_travels_along(curves):  # noqa: F811
    drawn = cs.plot(curves["curves"], style="journal")
    svg = figure_bytes(drawn, "svg").decode()
    assert ">Number at risk</text>" in svg
    families = set(re.findall(r"font-family: ([^;\"]*)", svg))
    assert families == {"Arial, 'Carstats Journal', Helvetica, sans-serif"}
    assert svg.count("@font-face{font-family:'Carstats Journal'") == 2
    pdf = figure_bytes(drawn, "pdf")
    assert b"Carstats-Journal" in pdf
    assert svg == figure_bytes(cs.plot(curves["curves"], style="journal"), "svg").decode()
    assert "<text" not in figure_bytes(cs.plot(curves["curves"]), "svg").decode()


def test_what_a_journals_figure_does_not_say_stands_in_the_legend(curves, tmp_path):  # noqa: F811
    drawn = cs.plot(curves["curves"])
    paths = save_figure(drawn, curves["curves"], tmp_path, "f", style="journal", width="lancet-1")
    assert "f.legend.txt" in {path.name for path in paths}
    legend = (tmp_path / "f.legend.txt").read_text(encoding="utf-8")
    assert legend.startswith("Relapse-free survival by target. Relapse-free survival.")
    assert "Kaplan–Meier" in legend
    assert 'width="212.' in (tmp_path / "f.svg").read_text(encoding="utf-8")
    plain = save_figure(drawn, curves["curves"], tmp_path / "plain", "f")
    assert "f.legend.txt" not in {path.name for path in plain}


def test_a_slide_is_wide_and_its_type_large(curves):  # noqa: F811
    drawn = cs.plot(curves["curves"], style="slide")
    wide, high = millimetres(drawn)
    assert wide / high == pytest.approx(16 / 9)
    assert min(t.get_fontsize() for t in drawn.findobj(Text) if t.get_text()) >= 12
    assert texts(drawn, "heading-1")
    assert not texts(drawn, "caption")


def test_a_figure_that_would_be_too_high_says_so():
    many = {f"site {i}": i for i in range(70)}
    study = cs.simulate_study(seed=1, n=140)
    subjects = study.subjects.assign(site_id=[list(many)[i % 70] for i in range(140)])
    cohort = cs.define_cohort(cs.Study(subjects=subjects, events=study.events, synthetic=True))
    result = cs.survival_curve(cohort, "relapse_free_survival", by="site_id")
    with pytest.raises(cs.CarstatsError, match=r"survival_figure would be \d+ mm high"):
        cs.plot(result, style="journal")


def test_a_figure_is_a_function_that_draws_on_a_page(curves):  # noqa: F811
    seen = {}

    @figure("time", "estimate", width=100)
    def small_figure(page, result, *, more=0.0):
        """Draw little."""
        page.begin(50 + more, title="Small", notes=["A note."], alt="A line.")
        ax = page.axes(10, 5, 40, 30)
        ax.plot((0, 1), (0, 1))
        page.write(0, 2, "here", gid="here")
        seen["mm"] = page.mm

    drawn = small_figure(curves["curves"], more=10)
    assert (drawn.title, drawn.get_label()) == ("Small", "A line.")
    assert drawn.caption.endswith("A note.")
    assert seen["mm"] == 100
    small_figure(curves["curves"], style="journal")
    assert seen["mm"] == pytest.approx(89 / 0.875)
    place = drawn.axes[0].get_position()
    assert place.width * drawn.get_figwidth() * 72 == pytest.approx(40)
    assert place.x0 * 100 * POINTS_PER_MM == pytest.approx(15)
    with pytest.raises(cs.CarstatsError, match="small_figure draws a Result, not int"):
        small_figure(3)
    with pytest.raises(cs.CarstatsError, match="small_figure needs the columns"):
        small_figure(cs.Result(curves["curves"].frame[["target", "time"]], curves["curves"].spec))


def test_the_axis_says_since_when(curves):  # noqa: F811
    assert x_unit(curves["curves"]) == (30.4375, "Months")
    cohort = cs.define_cohort(cs.simulate_study(seed=2, n=40), cs.infused())
    result = cs.survival_curve(cohort, "relapse_free_survival")
    assert x_unit(result)[1] == "Months since infusion"
    late = cs.landmark_curve(cohort, "relapse_free_survival", at=90)
    assert x_unit(late)[1] == "Months since the landmark"
    events = cohort.study.events.assign(origin_day=-5.0)
    own = cs.Study(subjects=cohort.study.subjects, infusions=cohort.study.infusions, events=events)
    other = cs.survival_curve(cs.define_cohort(own), "relapse_free_survival")
    assert x_unit(other)[1] == "Months"


def test_captions_name_limits_only_where_they_are_drawn(curves):  # noqa: F811
    three = cs.plot(curves["curves"])
    assert "95 % pointwise beta-product limits" in three.caption.replace("\u00a0", " ")
    four = figures.survival_figure(curves["both"])
    assert "limits" not in four.caption
    assert "Kaplan–Meier" in four.caption
    assert "limits" not in cs.plot(curves["incidence"]).caption


def test_end_labels_are_in_the_order_of_the_curves_where_five_are_at_risk():
    # CD19 lies above BCMA while five of each are at risk; afterwards its last three relapse.
    from tests.conftest import study_of_times

    times = "40+ 40+ 40+ 40+ 40+ 50+ 50+ 60 60 60 10 10 10 10 10 30+ 30+ 30+ 30+ 70+"
    study = study_of_times(times, target=["CD19"] * 10 + ["BCMA"] * 10)
    result = cs.survival_curve(cs.define_cohort(study), "relapse_free_survival", by="target")
    drawn = figures.survival_figure(result, width=180)
    labels = drawn.findobj(lambda a: a.get_gid() == "direct label")
    heights = {label.get_text(): label.xy[1] for label in labels}
    assert heights["CD19"] > heights["BCMA"]


@pytest.mark.parametrize("size", [6.1, 7, 8])
def test_text_keeps_its_width_at_few_dots(size):
    """A PNG of few dots once lost the last letters of its captions to hinting."""
    drawn = Canvas(figsize=(7, 0.5))
    drawn.text(0, 0.5, "Illicit little lines of the followed (Fay, Brittain and Proschan 2013)",
               size=size, family="Carstats Sans")  # fmt: skip

    def width(dots):
        with BytesIO() as file:
            drawn.savefig(file, format="png", dpi=dots)
            file.seek(0)
            dark = np.asarray(Image.open(file).convert("L")) < 160
        return 72 / dots * np.flatnonzero(dark.any(axis=0)).max()

    widths = [width(dots) for dots in (72, 100, 110, 160, 300)]
    assert widths == pytest.approx([widths[-1]] * 5, rel=0.03)


def test_numbers_stay_with_what_they_belong_to():
    assert wrap("Log-rank test: p = 0.16", 60)[-1] == "p\u00a0=\u00a00.16"
    assert wrap("No reason recorded: 10", text_width("No reason recorded:") + 1) == [
        "No reason",
        "recorded:\u00a010",
    ]


def test_a_frames_column_begins_a_heading_in_capitals():
    frame = pd.DataFrame({"months": [1.0, 2.0, 3.0], "relapsed": [1, 0, 1]})
    cohort = cs.cohort_from_frame(frame, time="months", event="relapsed", unit="months")
    drawn = cs.plot(cs.survival_quantile(cohort, "relapsed"))
    assert drawn.title.startswith("Relapsed")
    own = cs.plot(cs.survival_quantile(cohort, "relapsed"), title="mine")
    assert own.title == "mine"
