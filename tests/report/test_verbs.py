"""The two verbs: every analysis is drawn and printed, by nothing, by one column and by two."""

import inspect
import re

import docx
import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

import carstats as cs
from carstats.report import figures, tables
from carstats.report.tables import Table
from carstats.report.views import VIEWS
from tests import test_ard
from tests.conftest import PLACEBO, SIX_MP, study_of_times

RFS = "relapse_free_survival"
ALL = test_ard.ANALYSES | test_ard.RECORDS
# What has no figure says so; the flow by strata is drawn beside the whole flow.
NO_FIGURE = {name for name, views in VIEWS.items() if not views.figures} | {"attrition"}


class Asked:
    """The public functions, each asked by the same columns where it can be."""

    def __init__(self, by):
        self.by = by

    def __getattr__(self, name):
        function = getattr(cs, name)
        if not inspect.isfunction(function) or "by" not in inspect.signature(function).parameters:
            return function
        return lambda *given, **options: function(*given, **{**options, "by": self.by})


@pytest.fixture(scope="module")
def curves():
    targets, diseases = ["CD19"] * 21 + ["BCMA"] * 21, ["SLE", "SSc"] * 21
    study = study_of_times(f"{SIX_MP} {PLACEBO}", target=targets, disease=diseases)
    cohort = cs.define_cohort(study)
    return {
        "curves": cs.survival_curve(cohort, RFS, by="target"),
        "medians": cs.survival_quantile(cohort, RFS, by="target"),
        "test": cs.logrank_test(cohort, RFS, by="target"),
        "both": cs.survival_curve(cohort, RFS, by=["disease", "target"]),
        "incidence": cs.cumulative_incidence(cohort, RFS, by="target"),
    }


def texts(figure, gid):
    return [text.get_text() for text in figure.findobj(lambda a: a.get_gid() == gid)]


def drawn_and_printed(result):
    table = cs.tabulate(result)
    assert isinstance(table, Table)
    assert str(table)
    assert table.rows
    name = result.spec.analysis
    if name in NO_FIGURE:
        with pytest.raises(cs.CarstatsError, match=r"has no figure|by strata"):
            cs.plot(result)
    else:
        figure = cs.plot(result)
        assert isinstance(figure, Figure)
        assert figure.get_label()
        assert figure.title
        assert figure.caption


@pytest.mark.parametrize("name", ALL)
def test_every_analysis_is_drawn_and_printed(name):
    drawn_and_printed(test_ard.made(name))


@pytest.mark.parametrize("by", [None, ["disease", "target"]], ids=["all", "two columns"])
@pytest.mark.parametrize("name", ALL)
def test_also_of_all_and_by_two_columns(name, by, monkeypatch):
    monkeypatch.setattr(test_ard, "cs", Asked(by))
    try:
        result = ALL[name](test_ard.cohort())
    except cs.CarstatsError:
        return  # The analysis itself takes no such question, as a test of no groups.
    if len(result.frame) > 60 and result.spec.analysis == "toxicity_timing":
        return
    drawn_and_printed(result)


def test_every_analysis_is_in_the_registry():
    made = {test_ard.made(name).spec.analysis for name in ALL} | test_ard.SLOW
    assert made == set(VIEWS)
    for views in VIEWS.values():
        assert all(hasattr(figures, name) for name in views.figures.values())
        assert not views.panel or hasattr(figures, views.panel)
        assert hasattr(tables, views.table)
        assert bool(views.figures) != bool(views.instead)


def test_levels_have_other_names_colours_and_order(curves):
    figure = cs.plot(
        curves["curves"],
        labels={"CD19": "CD19 CAR-T"},
        colors={"CD19": "#123456"},
        order=["BCMA", "CD19"],
        title="Free of relapse",
        time_unit="weeks",
        width="page",
        medians=curves["medians"],
        test=curves["test"],
    )
    assert texts(figure, "stratum") == ["BCMA", "CD19 CAR-T"]
    assert texts(figure, "heading-1") == ["Free of relapse"]
    assert "CD19 CAR-T" in " ".join(texts(figure, "statistics"))
    lines = figure.findobj(lambda a: a.get_gid() == "curve")
    assert "#123456" in {line.get_color() for line in lines}
    # Freireich's trial lasts 35 weeks.
    ends = [ax.get_xlim()[1] for ax in figure.axes if ax.get_xlabel().startswith("Weeks")]
    assert 35 / 7 < ends[0] < 35 / 7 * 1.05
    long = "CD19 CAR-T after fludarabine"
    assert long in texts(cs.plot(curves["curves"], labels={"CD19": long}), "stratum")
    table = cs.tabulate(curves["curves"], order=["BCMA"], labels={"BCMA": "B"})
    assert [group for group, _ in table.groups()] == ["B", "CD19"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": {"CD20": "x"}}, r"`labels` names 'CD20'.* It has: 'CD19', 'BCMA'"),
        ({"colors": {"CD20": "red"}}, r"`colors` names 'CD20'"),
        ({"colors": {"CD19": "no colour"}}, r"`colors` has 'no colour'"),
        ({"order": ["CD20"]}, r"`order` names 'CD20'"),
        ({"time_unit": "fortnights"}, r"`time_unit` is 'fortnights'"),
        ({"style": "poster"}, r"`style` is 'poster'"),
        ({"width": "nature-3"}, r"`width` is 'nature-3'"),
        ({"width": 20}, r"`width` is 20"),
        ({"width": float("nan")}, r"`width` is nan"),
        ({"kind": "pie"}, r"`kind` is 'pie'; allowed: 'curves', 'panels'"),
        ({"under": "the table"}, r"`under` is 'the table'"),
        ({"median": 1}, r"survival_figure does not take 'median'; it takes: 'medians', 'test'"),
        ({"ax": "here"}, r"`ax` is str"),
    ],
)
def test_what_is_not_known_is_refused_with_what_is(curves, options, message):
    with pytest.raises(cs.CarstatsError, match=message):
        cs.plot(curves["curves"], **options)


def test_what_is_no_result_is_refused():
    with pytest.raises(cs.CarstatsError, match="`result` is list"):
        cs.tabulate([test_ard.made("cox_regression")])
    for verb in (cs.plot, cs.tabulate):
        with pytest.raises(cs.CarstatsError, match="`result` is list; it takes what an analysis"):
            verb([])
    with pytest.raises(cs.CarstatsError, match="tabulate_result does not take 'overal'"):
        cs.tabulate(test_ard.made("cox_regression"), overal=1)


def test_the_main_panel_is_drawn_on_given_axes(curves):
    figure = Figure(figsize=(8, 4))
    axes = figure.subplots(1, 2)
    assert cs.plot(curves["curves"], ax=axes[0], colors={"CD19": "#123456"}) is axes[0]
    assert {"#123456"} <= {line.get_color() for line in axes[0].lines}
    cs.plot(test_ard.made("cox_regression"), ax=axes[1], title="Cox")
    assert axes[1].get_title() == "Cox"
    with pytest.raises(cs.CarstatsError, match="no single panel"):
        cs.plot(test_ard.made("score_course"), ax=axes[0])
    with pytest.raises(cs.CarstatsError, match="of whole figures"):
        cs.plot(curves["curves"], ax=axes[0], style="journal")


def test_two_columns_are_panels_unless_curves_are_asked_for(curves):
    assert texts(cs.plot(curves["both"]), "panel") == [
        "Systemic lupus erythematosus", "Systemic sclerosis",
    ]  # fmt: skip
    assert not texts(cs.plot(curves["both"], kind="curves"), "panel")


def test_counts_under_curves_are_those_of_the_definition(curves):
    figure = cs.plot(curves["curves"], under=["at risk", "events", "censored"], time_unit="days")
    ticks = [float(t.get_text()) for t in figure.axes[0].get_xticklabels()]
    for gid, column in (("events so far", "n_event"), ("censored so far", "n_censor")):
        counted = []
        for _, rows in curves["curves"].strata():
            counted += [rows.loc[rows["time"] <= day, column].sum() for day in ticks]
        assert [int(text) for text in texts(figure, gid)] == counted
    at_risk = [
        (rows["time"] >= day).dot(rows["n_event"] + rows["n_censor"])
        for _, rows in curves["curves"].strata()
        for day in ticks
    ]
    assert [int(text) for text in texts(figure, "at risk")] == at_risk


def test_a_curve_is_printed_at_round_days(curves):
    table = cs.tabulate(curves["curves"])
    # At day 28 the 6-MP group has 69 % left minus one more event: by hand 0.4482 from week 23 on.
    rows = {(row.group, row.cells[0]): row.cells for row in table.rows}
    assert rows["CD19", "28"][1].startswith("45")
    assert rows["CD19", "0"][2:4] == ("21", "21")
    summary = cs.tabulate(curves["curves"], medians=curves["medians"], test=curves["test"])
    assert any("Median" in row.cells[0] for row in summary.rows)


@pytest.mark.parametrize("ending", ["docx", "html", "tex", "csv", "rtf"])
def test_a_table_is_saved_by_its_ending(tmp_path, ending):
    table = cs.tabulate(test_ard.made("cox_regression"))
    path = table.save(tmp_path / "new" / f"cox.{ending}")
    content = path.read_bytes()
    assert content == table.save(tmp_path / f"again.{ending}").read_bytes()
    if ending == "docx":
        assert len(docx.Document(path).tables) == 1
    else:
        assert b"Hazard ratio" in content
    with pytest.raises(cs.CarstatsError, match=r"'x.pdf' ends in '.pdf'; .* .docx"):
        table.save(tmp_path / "x.pdf")


def test_a_forest_stands_on_the_scale_of_its_estimates():
    ratio = cs.plot(test_ard.made("cox_regression"))
    ax = ratio.axes[0]
    (mark,) = ratio.findobj(lambda a: a.get_gid() == "estimate")
    low, high = (float(t.get_text()) for t in (ax.get_xticklabels()[0], ax.get_xticklabels()[-1]))
    estimate = test_ard.made("cox_regression").frame["estimate"].iloc[0]
    place = np.log(estimate / low) / np.log(high / low)
    assert mark.get_xdata()[0] == pytest.approx(place)
    days = cs.plot(test_ard.made("followup_time"))
    assert days.axes[0].get_xlabel() == "Months"
    assert re.match(r"23\.9 ", next(t for t in texts(days, "number") if "(" in t))


def test_a_figure_shows_itself_in_jupyter(curves):
    figure = cs.plot(curves["curves"])
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert matplotlib.rcParams["font.family"] == matplotlib.rcParamsDefault["font.family"]


def test_attrition_prints_every_column(curves):
    cohort = test_ard.cohort()
    assert "n_after" in repr(cohort.attrition)
    assert "…" not in repr(cohort.attrition)
