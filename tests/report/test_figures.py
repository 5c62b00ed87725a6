"""Figures: what was drawn is read back from the axes."""

import csv
import hashlib
import io
import json
import xml.etree.ElementTree as ElementTree
from importlib.util import find_spec
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontEntry, fontManager, get_font

import carstats as cs
from carstats.data.vocabulary import Term
from carstats.errors import CarstatsError
from carstats.report import figures, style
from carstats.report.figures.frame import STAMP
from carstats.report.figures.labels import stratum_names
from carstats.report.figures.survival.curves import spread
from carstats.report.pages import save
from carstats.report.pages.results_file import results_files
from carstats.result import Result, Spec
from tests.conftest import events_table, subjects_table

LABELS = {
    "disease": {"SLE": "Systemic lupus erythematosus", "SSc": "Systemic sclerosis"},
    "target": {"CD19": "CD19", "BCMA": "BCMA", "CD19+BCMA": "CD19+BCMA"},
}
AWKWARD = "A hospital of sixty characters <b> & $x_1$ with a long name,"


def spec(by=(), **options):
    return Spec("made", "Relapse-free survival", "Infused", "by hand", 0.95, tuple(by), **options)


def curve(times, events):
    """Return a stratum's rows as `survival_curve` does."""
    times, events = np.asarray(times, float), np.asarray(events, bool)
    rows, estimate = [(0.0, len(times), 0, 0, 1.0)], 1.0
    for time in np.unique(times):
        at_risk = int((times >= time).sum())
        failed = int(((times == time) & events).sum())
        estimate *= 1 - failed / at_risk
        rows.append((time, at_risk, failed, int((times == time).sum()) - failed, estimate))
    columns = ["time", "n_risk", "n_event", "n_censor", "estimate"]
    frame = pd.DataFrame(rows, columns=columns).assign(n=len(times), n_missing=0, note="")
    return frame.assign(
        conf_low=(frame["estimate"] - 0.2).clip(0),
        conf_high=(frame["estimate"] + 0.2).clip(upper=1),
    )


def curves(strata, by=("target",), labels=LABELS, **options):
    frames = []
    for key, rows in strata.items():
        key = key if isinstance(key, tuple) else (key,)
        frames.append(rows.assign(**dict(zip(by, key, strict=True))))
    frame = pd.concat(frames, ignore_index=True)
    return Result(frame[[*by, *frame.columns.drop(list(by))]], spec(by, **options), labels)


def rates(rows, by=("disease", "target"), labels=LABELS, **options):
    """Return rates; `rows` gives n_event and n for each key."""
    made = []
    for key, (k, n) in rows.items():
        estimate = k / n if n else np.nan
        limits = (max(estimate - 0.2, 0), min(estimate + 0.2, 1)) if n else (np.nan, np.nan)
        made.append((*key, n, 0, k, estimate, *limits, n, estimate, ""))
    columns = ["n", "n_missing", "n_event", "estimate", "conf_low", "conf_high"]
    columns = [*by, *columns, "n_evaluable", "estimate_evaluable", "note"]
    return Result(pd.DataFrame(made, columns=columns), spec(by, **options), labels)


def grades(counts, by=(), keys=((),), labels=LABELS):
    """Return grades; `counts` gives for each term none, 1 to 5 and ungraded."""
    rows = []
    for key in keys:
        for term, row in counts.items():
            n = sum(row)
            for grade, k in zip([0, 1, 2, 3, 4, 5, np.nan], row, strict=True):
                rows.append((*key, term, grade, n, k, k / n if n else np.nan))
    columns = [*by, "term", "grade", "n", "n_event", "estimate"]
    terms = {"term": {"CRS": "Cytokine release syndrome"}}
    return Result(pd.DataFrame(rows, columns=columns), spec(by), labels | terms)


def flow(by=(), key=(), last=20):
    rows = [
        ("all subjects", 30, 30, 0, 0),
        ("infused", 30, 28, 2, 0),
        ("disease SLE", 28, last, 8, 1),
    ]
    columns = ["criterion", "n_before", "n_after", "n_left_out", "n_missing"]
    return pd.DataFrame(rows, columns=columns).assign(**dict(zip(by, key, strict=True)))


def trials(**changes):
    frame = pd.DataFrame(
        {
            "trial": ["Müller 2024", "Feng 2025", "Kohler 2025"],
            "disease": ["SLE", "SLE", "RA"],
            "target": ["CD19", "CD19+BCMA", "CD19"],
            "platform": ["CAR-T", "CAR-T", "CAR-Treg"],
            "endpoint": ["DORIS at 6 months", "DORIS", "ACR20 >=50 %"],
            "timepoint_weeks": [26.0, 12.0, np.nan],
            "basis": ["abstract", "unverified", "abstract"],
            "n": [8, 15, 6],
            "n_event": [8, 12, 4],
            "estimate": [1.0, 0.8, 4 / 6],
            "conf_low": [0.63, 0.52, 0.22],
            "conf_high": [1.0, 0.96, 0.96],
        }
    )
    return Result(frame.assign(**changes), spec(), LABELS)


def written(figure):
    """Return every text of a figure."""
    found = figure.findobj(matplotlib.text.Text)
    return [text.get_text() for text in found if text.get_text() and text.get_visible()]


def by_gid(axes, gid):
    return list(axes.findobj(lambda a: a.get_gid() == gid))


def assert_nothing_touches(figure, tolerance=1.0):
    """Assert that no two texts overlap and that none leaves the figure, in points."""
    with style.drawing():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        renderer = canvas.get_renderer()
        found = [t for t in figure.findobj(matplotlib.text.Text) if t.get_text().strip()]
        boxes = [
            (t.get_text(), t.get_window_extent(renderer).padded(-tolerance * figure.dpi / 72))
            for t in found
            if t.get_visible() and t.get_window_extent(renderer).width > 0
        ]
    page = figure.bbox
    for text, box in boxes:
        assert box.x0 >= -1, f"{text!r} leaves the left edge"
        assert box.x1 <= page.x1 + 1, f"{text!r} leaves the right edge"
        assert box.y0 >= -1, f"{text!r} leaves the lower edge"
        assert box.y1 <= page.y1 + 1, f"{text!r} leaves the upper edge"
    for i, (one, a) in enumerate(boxes):
        for other, b in boxes[i + 1 :]:
            apart = a.x1 <= b.x0 or b.x1 <= a.x0 or a.y1 <= b.y0 or b.y1 <= a.y0
            assert apart, f"{one!r} touches {other!r}"


@pytest.fixture
def two():
    one = curve([60, 90, 120, 200, 300, 400, 500, 600], [1, 0, 1, 1, 0, 1, 0, 0])
    other = curve([30, 400, 420], [0, 0, 0])
    return curves({"CD19": one, "BCMA": other})


def test_curve_steps_stand_at_the_estimates(two):
    axes = figures.plot_survival(two, Figure().subplots())
    parts = by_gid(axes, "curve")
    colour = style.level_looks(two, "target")["CD19"].colour
    drawn = np.concatenate([line.get_ydata() for line in parts if line.get_color() == colour])
    assert set(np.round(drawn, 12)) == {
        *np.round(two.frame.loc[two.frame["target"] == "CD19", "estimate"], 12)
    }
    months = np.concatenate([line.get_xdata() for line in parts if line.get_color() == colour])
    assert months.max() == pytest.approx(600 / 30.4375)
    assert {line.get_drawstyle() for line in parts} == {"steps-post"}


def test_curve_is_faded_and_not_cut_where_few_remain(two):
    axes = figures.plot_survival(two, Figure().subplots())
    colour = style.level_looks(two, "target")["CD19"].colour
    full, faded = (line for line in by_gid(axes, "curve") if line.get_color() == colour)
    assert full.get_alpha() == 1
    assert faded.get_alpha() < 0.5
    # Eight start: the step into day 300 is taken by four, so the line fades from day 200 on.
    assert full.get_xdata()[-1] == faded.get_xdata()[0] == pytest.approx(200 / 30.4375)
    assert "Faded: fewer than five at risk." in " ".join(written(figures.survival_figure(two)))


def test_numbers_at_risk_are_those_just_before_the_tick(two):
    figure = figures.survival_figure(two, width=180)
    ticks = figure.axes[0].get_xticks()
    table = [text.get_text() for text in by_gid(figure.axes[1], "at risk")]
    days = {"CD19": [60, 90, 120, 200, 300, 400, 500, 600], "BCMA": [30, 400, 420]}
    expected = [
        str(sum(day >= tick * 30.4375 - 1e-9 for day in of_one))
        for of_one in days.values()
        for tick in ticks
    ]
    assert table == expected
    assert table[0] == "8"


def test_table_stands_under_the_ticks(two):
    figure = figures.survival_figure(two)
    above, under = figure.axes
    assert above.get_xlim() == under.get_xlim()
    assert above.get_position().x0 == pytest.approx(under.get_position().x0)
    assert above.get_position().width == pytest.approx(under.get_position().width)


def test_names_at_the_ends_keep_apart_and_near():
    assert spread([0.0, 0.5, 1.0, 1.0], 0.1, 0, 1.03) == pytest.approx([0, 0.5, 0.93, 1.03])
    assert spread([0.4, 0.4, 0.4], 0.1, 0, 1.03) == pytest.approx([0.3, 0.4, 0.5])
    assert spread([0.0, 0.02, 0.15], 0.1, 0, 1.03) == pytest.approx([0, 0.1, 0.2])


def test_more_than_four_strata_have_no_bands():
    few = curves({name: curve([100, 200], [1, 0]) for name in ["CD19", "BCMA"]})
    assert by_gid(figures.plot_survival(few, Figure().subplots()), "band")
    many = curves({f"S{i}": curve([100, 200], [1, 0]) for i in range(5)}, by=("site",))
    assert not by_gid(figures.plot_survival(many, Figure().subplots()), "band")


@pytest.mark.parametrize("width", [85, 180])
def test_odd_curves_are_drawn(width):
    blank = {**dict.fromkeys(curve([1], [0]).columns, np.nan), "n": 0, "note": "no subjects"}
    empty = pd.DataFrame([blank])
    strata = {
        "nobody": empty,
        "one": curve([200], [0]),
        "none relapsed": curve([100, 900], [0, 0]),
        "all at 0": curve([0, 0], [0, 0]),
        "all at once": curve([50] * 6, [1] * 6),
    }
    result = curves(strata, by=("group",), labels={})
    figure = figures.survival_figure(result, width=width)
    assert_nothing_touches(figure)
    assert "nobody: no subjects followed" in figure.get_label()
    only_empty = curves({"nobody": empty}, by=("group",), labels={})
    assert_nothing_touches(figures.survival_figure(only_empty, width=width))


@pytest.mark.parametrize("width", [85, 180])
def test_long_and_many_names_do_not_touch(width):
    names = [f"{AWKWARD} {i:02d}" for i in range(25)]
    result = curves({n: curve([100, 300, 400], [1, 0, 0]) for n in names}, by=("site",), labels={})
    figure = figures.survival_figure(result, width=width)
    assert_nothing_touches(figure)
    assert all("…" not in text.get_text() for text in by_gid(figure.axes[1], "stratum"))
    forest = rates({(n,): (1, 1) for n in names}, by=("site",), labels={})
    assert_nothing_touches(figures.response_figure(forest, width=width))
    bars = grades({"CRS": (5, 1, 0, 0, 0, 0, 0)}, ("site",), [(n,) for n in names], labels={})
    assert_nothing_touches(figures.toxicity_figure(bars, width=width))


def without_chinese(monkeypatch, *, later=()):
    """Make matplotlib forget every font that has Chinese; `later` are files installed since."""
    there = [f for f in fontManager.ttflist if Path(f.fname).exists()]
    latin = [f for f in there if ord("京") not in get_font(f.fname).get_charmap()]
    monkeypatch.setattr(fontManager, "ttflist", latin)
    monkeypatch.setattr(style.font_manager, "findSystemFonts", lambda: list(later))
    monkeypatch.setattr(style, "find_spec", lambda _: None)
    caches = (style._font_families, style._characters, style._add_new_fonts, style._add_extra_fonts)
    for cached in caches:
        cached.cache_clear()
    return caches


def bundled_chinese():
    """The font that carstats[zh] brings, which is in the lock."""
    folder = find_spec("zhplot").submodule_search_locations[0]
    (path, *_) = sorted(Path(folder, "fonts").glob("*.ttf"))
    return path


def test_chinese_names_without_a_font_are_refused(monkeypatch):
    result = curves({"北京协和医院": curve([100], [1])}, by=("site",), labels={})
    caches = without_chinese(monkeypatch)
    try:
        with pytest.raises(CarstatsError, match="Install a font"):
            figures.survival_figure(result)
    finally:
        for cached in caches:
            cached.cache_clear()


def test_a_font_that_came_after_matplotlibs_list_is_found(monkeypatch):
    caches = without_chinese(monkeypatch, later=[bundled_chinese()])
    try:
        assert len(style.font_families("京")) == 2
    finally:
        for cached in caches:
            cached.cache_clear()


def test_a_font_of_one_weight_draws_bold_without_a_word(monkeypatch, caplog):
    """Such as the system's own where carstats[zh] is not installed."""
    caches = without_chinese(monkeypatch, later=[bundled_chinese()])
    try:
        with style.drawing(["京"]):
            figure = Figure()
            figure.text(0.5, 0.5, "京", weight="bold")
            figure.savefig(io.BytesIO())
        assert "findfont" not in caplog.text
    finally:
        for cached in caches:
            cached.cache_clear()


def test_a_font_that_was_removed_since_matplotlibs_list_is_passed_over(monkeypatch, tmp_path):
    caches = without_chinese(monkeypatch)
    gone = FontEntry(fname=str(tmp_path / "gone.ttf"), name="Noto Sans SC")
    monkeypatch.setattr(fontManager, "ttflist", [*fontManager.ttflist, gone])
    try:
        with pytest.raises(CarstatsError, match="Install a font"):
            style.font_families("京")
    finally:
        for cached in caches:
            cached.cache_clear()


def test_chinese_names_use_an_installed_font():
    result = curves({"北京协和医院": curve([100], [1])}, by=("site",), labels={})
    figure = figures.survival_figure(result)
    name = by_gid(figure.axes[1], "stratum")[0]
    assert len(name.get_fontfamily()) > 1
    assert_nothing_touches(figure)


def test_a_character_without_a_font_is_refused():
    result = curves({"\U0001f9ff\U00016800": curve([100], [1])}, by=("site",), labels={})
    with pytest.raises(CarstatsError, match="no installed font can write"):
        figures.survival_figure(result)


def test_a_stratum_looks_the_same_in_every_figure():
    both = curves({"CD19": curve([1], [0]), "CD19+BCMA": curve([1], [0])})
    alone = curves({"CD19+BCMA": curve([1], [0])})
    assert style.looks(both)[("CD19+BCMA",)] == style.looks(alone)[("CD19+BCMA",)]
    forest = rates({("SLE", "CD19+BCMA"): (1, 2)})
    look = style.level_looks(forest, "target")["CD19+BCMA"]
    assert look.colour == style.looks(alone)[("CD19+BCMA",)].colour


def test_strata_differ_in_more_than_colour():
    result = rates({("SLE", f"T{i}"): (1, 2) for i in range(25)}, labels={})
    looks = list(style.looks(result).values())
    assert len({(look.colour, look.dash) for look in looks}) == 25
    three = list(style.looks(curves({t: curve([1], [0]) for t in LABELS["target"]})).values())
    for aspect in ("colour", "dash", "marker"):
        assert len({str(getattr(look, aspect)) for look in three}) == 3


def test_short_names_are_spelled_out_under_the_figure():
    result = curves({d: curve([100], [1]) for d in ("SLE", "SSc")}, by=("disease",))
    assert list(stratum_names(result).values()) == ["SLE", "SSc"]
    caption = " ".join(" ".join(written(figures.survival_figure(result))).split())
    assert "SLE: Systemic lupus erythematosus; SSc: Systemic sclerosis." in caption


def test_stamp_is_on_synthetic_data_only(two):
    made = curves({"CD19": curve([1], [0])}, synthetic=True)
    assert STAMP in written(figures.survival_figure(made))
    assert STAMP not in written(figures.survival_figure(two))


def test_response_rows_have_numbers_and_marks():
    result = rates({("SLE", "CD19"): (15, 34), ("SLE", "BCMA"): (0, 0), ("SSc", "CD19"): (0, 12)})
    figure = figures.response_figure(result)
    texts = written(figure)
    assert {"15/34", "0/0", "0/12", "44\u00a0% (24–64)", "0\u00a0% (0–20)"} <= set(texts)
    assert "Systemic lupus erythematosus" in texts
    marks = [line.get_xdata()[0] for line in by_gid(figure.axes[0], "estimate")]
    assert marks == pytest.approx([15 / 34, 0])
    lines = [tuple(line.get_xdata()) for line in by_gid(figure.axes[0], "interval")]
    assert lines[1] == (0, 0.2)
    assert_nothing_touches(figure)
    assert_nothing_touches(figures.response_figure(result, width=85))


def test_response_without_strata():
    figure = figures.response_figure(rates({(): (3, 9)}, by=()), width=85)
    assert {"All subjects", "3/9"} <= set(written(figure))


def test_toxicity_bars_are_the_estimates():
    result = grades({"CRS": (40, 30, 20, 5, 3, 1, 1), "ICANS": (100, 0, 0, 0, 0, 0, 0)})
    figure = figures.toxicity_figure(result)
    bars = by_gid(figure.axes[0], "bar")
    assert [bar.get_width() for bar in bars] == pytest.approx([0.01, 0.3, 0.2, 0.05, 0.03, 0.01])
    assert {"60/100", "9–10/100", "0/100", "Cytokine release syndrome"} <= set(written(figure))
    assert "Not graded" in written(figure)
    assert_nothing_touches(figure)
    assert_nothing_touches(figures.toxicity_figure(result, width=85))


def test_toxicity_by_stratum_keeps_the_empty_one():
    result = grades({"CRS": (0,) * 7}, ("target",), [("CD19",), ("BCMA",)])
    assert written(figures.toxicity_figure(result)).count("0/0") == 4


def test_attrition_counts():
    whole = Result(flow(), spec())
    parts = [flow(("disease",), ("SLE",), 15), flow(("disease",), ("SSc",), 5)]
    strata = Result(pd.concat(parts, ignore_index=True), spec(("disease",)), LABELS)
    figure = figures.attrition_figure(whole, strata)
    texts = written(figure)
    assert {"n = 30", "n = 28", "n = 20", "Left out: 2", "Left out: 8", "15", "5"} <= set(texts)
    assert "Not met: disease SLE" in texts
    assert_nothing_touches(figure)
    with pytest.raises(CarstatsError, match="other subjects"):
        figures.attrition_figure(whole, Result(parts[0], spec(("disease",)), LABELS))
    with pytest.raises(CarstatsError, match="by strata"):
        figures.attrition_figure(strata)


def test_trials_in_panels():
    panels = {"Remission": trials(), "Response": trials(n_event=[1, 1, 1])}
    figure = figures.trials_figure(panels)
    texts = written(figure)
    assert {"a   Remission", "b   Response", "12/15", "DORIS, week 12", "DORIS at 6 months"} <= set(
        texts
    )
    assert any(text.startswith("ACR20 ≥50") for text in texts)
    first, second, _ = by_gid(figure.axes[0], "estimate")
    assert second.get_markerfacecolor() == "white" != first.get_markerfacecolor()
    assert_nothing_touches(figure)


def test_plots_draw_on_axes_of_the_caller_and_leave_settings_alone(two):
    before = dict(matplotlib.rcParams)
    figure = Figure(figsize=(12, 4))
    axes = figure.subplots(1, 4)
    assert figures.plot_survival(two, axes[0]) is axes[0]
    assert figures.plot_response(rates({("SLE", "CD19"): (1, 3)}), axes[1]) is axes[1]
    assert figures.plot_toxicity(grades({"CRS": (1, 1, 0, 0, 0, 0, 0)}), axes[2]) is axes[2]
    assert figures.plot_attrition(Result(flow(), spec()), axes[3]) is axes[3]
    assert figures.plot_trials(trials(), Figure().subplots())
    assert dict(matplotlib.rcParams) == before


def test_wrong_results_are_refused(two):
    with pytest.raises(CarstatsError, match="one row for each stratum"):
        figures.response_figure(two)
    for draw in (figures.toxicity_figure, figures.attrition_figure):
        with pytest.raises(CarstatsError, match="needs the columns"):
            draw(two)
    with pytest.raises(CarstatsError, match="draws a Result, not DataFrame"):
        figures.survival_figure(two.frame)
    with pytest.raises(CarstatsError, match="`width` is 20"):
        figures.survival_figure(two, width=20)


def test_saved_figure_is_whole_and_the_same_twice(two, tmp_path):
    for folder in ("one", "other"):
        figure = figures.survival_figure(two)
        save.save_figure(figure, two, tmp_path / folder, "curves")
    digests = [
        {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in (tmp_path / folder).iterdir()}
        for folder in ("one", "other")
    ]
    assert digests[0] == digests[1]
    assert set(digests[0]) == {f"curves.{kind}" for kind in ("svg", "pdf", "png", "csv", "json")}
    back = pd.read_csv(tmp_path / "one" / "curves.csv", dtype=str)
    assert [float(text) for text in back["estimate"]] == list(two.frame["estimate"])
    made = json.loads((tmp_path / "one" / "curves.json").read_text("utf-8"))
    assert made["results"][0]["by"] == ["target"]
    assert made["caption"].startswith("Relapse-free survival. Infused. By hand. Bands are")
    assert "CD19: 8 subjects" in made["alt"]
    assert made["script"] == "analyses/curves.py"
    text = (tmp_path / "one" / "curves.json").read_text("utf-8")
    assert str(tmp_path) not in text


def test_several_results_are_told_apart_by_panel(two, tmp_path):
    figure = figures.survival_figure(two)
    save.save_figure(figure, {"a": two, "b": two}, tmp_path, "both")
    table = pd.read_csv(tmp_path / "both.csv")
    assert table.columns[0] == "panel"
    assert list(table["panel"].unique()) == ["a", "b"]
    assert table["n_risk"].dtype.kind == "i"


def test_what_cannot_be_written_leaves_what_was_there(tmp_path, monkeypatch):
    save.write_files(tmp_path, {"a.csv": b"old", "b.csv": b"old"})

    def full(self, *_):
        raise OSError(28, "No space left on device")

    opened = type(tmp_path).open
    monkeypatch.setattr(
        type(tmp_path),
        "open",
        lambda path, *a, **k: full(path) if path.name.startswith(".b") else opened(path, *a, **k),
    )
    with pytest.raises(CarstatsError, match="No space left on device"):
        save.write_files(tmp_path, {"a.csv": b"new", "b.csv": b"new"})
    assert sorted(f.name for f in tmp_path.iterdir()) == ["a.csv", "b.csv"]
    assert (tmp_path / "a.csv").read_bytes() == b"old"


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(CarstatsError, match="cannot write to"):
        save.write_files(tmp_path / "out", {"a": b""})


def test_what_cannot_be_put_in_place_leaves_every_file_as_it_was(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"old")
    (tmp_path / "c.csv").mkdir()
    with pytest.raises(CarstatsError, match="cannot write to"):
        save.write_files(tmp_path, {"a.csv": b"new", "b.csv": b"new", "c.csv": b"new"})
    assert sorted(f.name for f in tmp_path.iterdir()) == ["a.csv", "c.csv"]
    assert (tmp_path / "a.csv").read_bytes() == b"old"


def test_no_label_is_markup_in_a_figure_or_its_json(tmp_path):
    name = '</text><script>alert("1")</script>&amp;$x^2$ \\input{a}'
    subjects = subjects_table(22, target=name)
    events = events_table("6+ 7 9 " + "10+ " * 19)
    terms = cs.Vocabulary().extended(target=[Term(name)])
    cohort = cs.define_cohort(cs.Study(subjects=subjects, events=events, vocabulary=terms))
    curve = cs.survival_curve(cohort, "relapse_free_survival", by="target")
    save.save_figure(figures.survival_figure(curve), curve, tmp_path, "odd")
    drawn = (tmp_path / "odd.svg").read_text(encoding="utf-8")
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(drawn).iter()}
    assert "path" in tags
    assert not tags & {"script", "foreignObject", "image", "a"}
    assert "<script" not in drawn
    assert json.loads((tmp_path / "odd.json").read_text(encoding="utf-8"))


def test_no_cell_of_a_csv_is_a_formula(two, tmp_path):
    texts = ["=1+1", "@SUM(A1)", "+HYPERLINK(A1)", "-1+cmd", "\t=1", "-0.5", "-", "fine"]
    frame = pd.DataFrame({"=site": texts, "estimate": [-0.5] * len(texts)})
    result = Result(frame, Spec("made", by=("=site",)))
    save.save_figure(figures.survival_figure(two), result, tmp_path, "odd")
    read = pd.read_csv(tmp_path / "odd.csv", dtype=str)
    assert list(read["'=site"]) == [
        "'=1+1", "'@SUM(A1)", "'+HYPERLINK(A1)", "'-1+cmd", "'\t=1", "-0.5", "-", "fine",
    ]  # fmt: skip
    assert set(read["estimate"]) == {"-0.5"}
    gathered = results_files(tmp_path)["results.csv"].decode()
    assert "'=1+1" in gathered
    assert not [line for line in csv.reader(gathered.splitlines()) if "=1+1" in line]
