"""A cohort from a data frame: nothing invented, R's numbers, and every slip of the pen named."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from carstats.errors import CarstatsError

REFERENCE = Path(__file__).parents[1] / "reference"


def reference(name):
    return json.loads((REFERENCE / f"{name}.json").read_text())


def small(**columns):
    """Six subjects in months; columns laid over them."""
    frame = {
        "months": [2.0, 4.0, 6.0, 8.0, 10.0, 12.0],
        "relapsed": [1, 0, 1, 0, 1, 0],
        "arm": ["A", "A", "A", "B", "B", "B"],
    }
    return pd.DataFrame({**frame, **columns})


def made(frame=None, **options):
    given = {"time": "months", "event": "relapsed", "by": "arm", **options}
    return cs.cohort_from_frame(small() if frame is None else frame, **given)


class TestTwoLines:
    def test_a_curve_of_each_arm(self):
        cohort = made(unit="months", by=["arm"])
        curve = cs.survival_curve(cohort).frame
        assert list(curve["arm"].unique()) == ["A", "B"]
        a = curve[curve["arm"] == "A"]
        # 1 of 3 at month 2; 2 are left at month 6, where one of one at risk has it.
        assert a["time"].tolist() == [0, 2 * 30.4375, 4 * 30.4375, 6 * 30.4375]
        assert a["estimate"].tolist() == [1, pytest.approx(2 / 3), pytest.approx(2 / 3), 0]

    def test_nothing_is_invented(self):
        study = made().study
        assert list(study.subjects.columns) == ["subject_id", "months", "relapsed", "arm"]
        assert list(study.tables()) == ["subjects", "events"]
        assert repr(study) == "Study: 6 subjects; 6 events"

    def test_all_together_where_by_is_empty_and_another_column_where_named(self):
        cohort = made(small(site=["x", "y"] * 3))
        assert "arm" not in cs.survival_curve(cohort, by=[]).frame
        assert list(cs.survival_curve(cohort, by="site").frame["site"].unique()) == ["x", "y"]

    def test_the_caption_says_what_was_reported_by(self):
        spec = cs.survival_curve(made()).spec
        assert (spec.by, spec.endpoints) == (("arm",), ("relapsed",))
        # At the start everybody is free of it, and no caption says that all have relapsed.
        assert spec.endpoint == "Free of relapsed"
        assert cs.cumulative_incidence(made()).spec.endpoint == "relapsed"

    def test_the_figure_and_the_table_of_a_curve(self):
        curve = cs.survival_curve(made())
        figure = cs.plot(curve)
        assert "Free of relapsed" in figure.axes[0].get_ylabel()
        assert "Free of relapsed" in str(cs.tabulate(curve))

    def test_a_baseline_table_leaves_the_outcome_out(self):
        frame = small(age=[30, 40, 50, 60, 70, 80], site=["x", "y"] * 3, name=list("abcdef"))
        # A text of everybody's own may be a name, and is printed only where it is asked for.
        assert set(cs.baseline_table(made(frame)).frame["variable"]) == {"age", "site"}
        with pytest.raises(CarstatsError, match="`variables` is empty; name the columns"):
            cs.baseline_table(made())

    def test_every_analysis_takes_the_only_endpoint(self):
        cohort = made(small(grew=[1, 0, 1, 1, 0, 0]), response="grew")
        for analysis in (
            cs.survival_curve, cs.survival_quantile, cs.incidence_rate, cs.logrank_test,
            cs.cumulative_incidence, cs.followup_time, cs.interval_censored_curve,
            cs.incidence_rate_ratio, cs.gray_test,
        ):  # fmt: skip
            assert len(analysis(cohort).frame), analysis
        assert cs.survival_at(cohort, at=100).frame["arm"].tolist() == ["A", "B"]
        rate = cs.response_rate(cohort).frame
        assert rate[["n", "n_event"]].to_numpy().tolist() == [[3, 2], [3, 1]]
        assert cs.response_difference(cohort).frame["estimate"][0] == pytest.approx(1 / 3)
        assert len(cs.response_test(cohort).frame) == 1
        assert cs.baseline_table(cohort, variables=["months"]).frame["n"].tolist() == [3, 3]

    def test_categories_keep_their_order(self):
        arm = pd.Categorical(["low"] * 3 + ["high"] * 3, categories=["low", "high"], ordered=True)
        assert list(cs.survival_at(made(small(arm=arm)), at=1).frame["arm"]) == ["low", "high"]

    def test_a_column_called_as_one_of_carstats_is_a_plain_one(self):
        cohort = made(small(sex=[1, 2] * 3, disease="x", infused="no", age="old"), by="sex")
        assert cs.survival_at(cohort, at=1).frame["sex"].tolist() == [1, 2]


class TestAgainstR:
    def test_cox_on_lung_with_its_codes(self):
        r = reference("cox")["lung"]
        columns = np.array(r["covariates"], float).T
        frame = pd.DataFrame(dict(zip(["age", "sex", "ph.ecog"], columns, strict=True)))
        frame = frame.assign(time=r["time"], status=np.array(r["status"]) + 1)
        with pytest.raises(CarstatsError, match=r"In R 1 is often censored.*event_value=2"):
            cs.cohort_from_frame(frame, time="time", event="status", unit="days")
        cohort = cs.cohort_from_frame(
            frame, time="time", event="status", unit="days", event_value=2
        )
        fit = cs.cox_regression(cohort, covariates=["age", "sex", "ph.ecog"]).frame
        assert fit["coef"].to_numpy() == pytest.approx(r["coef"], rel=1e-8)

    def test_cox_takes_by_where_no_covariate_is_named(self):
        r = reference("cox")["freireich"]
        frame = pd.DataFrame({"weeks": r["time"], "relapse": r["status"]})
        frame["treatment"] = [row[0] for row in r["covariates"]]
        cohort = cs.cohort_from_frame(frame, time="weeks", event="relapse", by="treatment")
        assert cs.cox_regression(cohort).frame["coef"][0] == pytest.approx(r["coef"][0], rel=1e-8)

    def test_delayed_entry(self):
        r = reference("cox")["heart_entry"]
        columns = np.array(r["covariates"], float).T
        frame = pd.DataFrame(dict(zip(["age", "transplant"], columns, strict=True)))
        frame = frame.assign(begin=r["entry"], end=r["time"], died=np.array(r["status"]) == 1)
        cohort = cs.cohort_from_frame(frame, start="begin", stop="end", event="died", unit="days")
        fit = cs.cox_regression(cohort, covariates=["age", "transplant"]).frame
        assert fit["coef"].to_numpy() == pytest.approx(r["coef"], rel=1e-6)

    def test_logrank_on_veteran(self):
        r = reference("logrank")["data_sets"]["veteran"]
        frame = pd.DataFrame({k: r["data"][k] for k in ("time", "status", "group")})
        cohort = cs.cohort_from_frame(frame, time="time", event="status", unit="days", by="group")
        found = cs.logrank_test(cohort, method="asymptotic").frame
        expected = r["survdiff"]["0 plain"]["statistic"][0]
        assert found["statistic"][0] == pytest.approx(expected, rel=1e-8)

    @pytest.mark.parametrize("how", ["codes", "words", "column"])
    def test_cumulative_incidence_by_hand_and_r(self, how):
        r = reference("competing")["data_sets"]["hand"]
        code, frame = np.array(r["data"]["status"]), pd.DataFrame({"day": r["data"]["time"]})
        options = {"time": "day", "event": "status"}
        if how == "codes":
            frame["status"] = code
            options |= {"event_value": 1, "censored_value": 0}
        elif how == "words":
            frame["status"] = np.array(["alive", "relapse", "death"])[code]
            options |= {"event_value": "relapse", "censored_value": "alive"}
        else:
            frame["status"] = code > 0
            frame["why"] = np.array([None, "relapse", "death"], dtype=object)[code]
            options |= {"cause": "why", "event_value": "relapse"}
        found = cs.cumulative_incidence(cs.cohort_from_frame(frame, **options)).frame
        first = found["cause"].iloc[0]
        found = found[(found["cause"] == first) & found["time"].isin(r["curve"]["time"])]
        expected = [row[0] for row in r["curve"]["estimate"]]
        assert found["estimate"].to_numpy() == pytest.approx(expected, abs=1e-12)

    def test_interval_censored_breast_cosmesis(self):
        r = reference("interval")["data_sets"]["bcos"]
        data = r["data"]
        frame = pd.DataFrame(
            {"left": data["low"], "right": [np.inf if v == "Inf" else v for v in data["high"]]}
        )
        cohort = cs.cohort_from_frame(frame, low="left", high="right", unit="days")
        curve = cs.interval_censored_curve(cohort).frame
        at = dict(zip(r["npmle"]["time"], r["npmle"]["survival"], strict=True))
        mine = curve[curve["time_high"].isin([0, 5])]
        assert mine["estimate"].to_numpy() == pytest.approx([at[0], at[5]], abs=1e-5)


class TestStatus:
    @pytest.mark.parametrize(
        "event",
        [
            [True, False] * 3, [1.0, 0.0] * 3, ["1", "0"] * 3, ["yes", "No"] * 3, ["是", "否"] * 3,
            ["event", "censored"] * 3, pd.array([True, False] * 3, dtype="boolean"),
            pd.Categorical(["Y", "N"] * 3),
        ],
    )  # fmt: skip
    def test_read_where_it_says_itself(self, event):
        events = made(small(relapsed=event)).study.events
        assert events["status"].tolist() == ["event", "censored"] * 3

    @pytest.mark.parametrize(
        ("event", "options", "words"),
        [
            ([1, 2] * 3, {}, "holds '1' .3., '2' .3.. In R 1 is often censored"),
            (["relapse", "none"] * 3, {}, "Say which is the event: event_value="),
            ([0, 1, 2] * 2, {}, "Say which is the event"),
            ([0, 1, 2] * 2, {"event_value": 1}, "Say which are censored: censored_value="),
            ([0, 1] * 3, {"event_value": 2}, "`event_value` is 2, which 'relapsed' never is"),
            ([0, 1, None] * 2, {}, r"is missing in 2 of 6 rows \(rows 3, 6\)"),
        ],
    )
    def test_asked_where_it_does_not(self, event, options, words):
        with pytest.raises(CarstatsError, match=words):
            made(small(relapsed=event), **options)

    def test_a_word_for_the_event(self):
        cohort = made(small(relapsed=["relapse", "none"] * 3), event_value="relapse")
        assert cohort.study.events["status"].tolist() == ["event", "censored"] * 3

    def test_a_cause_beside_zero_and_one(self):
        frame = small(why=[None, "death", None, None, None, "re-infusion"])
        events = made(frame, cause="why").study.events
        assert events["status"].tolist() == [
            "event", "competing", "event", "censored", "event", "competing"]  # fmt: skip
        assert events["cause"].dropna().tolist() == ["death", "re-infusion"]

    def test_a_cause_only_of_the_events_is_asked(self):
        frame = small(why=["relapse", None, "death", None, "relapse", None])
        with pytest.raises(CarstatsError, match="Say which cause is the event"):
            made(frame, cause="why")


class TestNamed:
    """What is mistyped is named, with the nearest or with the rows."""

    @pytest.mark.parametrize(
        ("frame", "options", "words"),
        [
            ({}, {"time": "month"}, "`time` names 'month', which is no column. Did you mean 'mon"),
            ({}, {"by": ["Arm "]}, "`by` names 'Arm ', which is no column. Did you mean 'arm'"),
            ({}, {"event": "died"}, "`event` names 'died', which is no column. It has: "),
            ({"months": [1, None, 3, 4, 5, 6]}, {}, r"'months' is missing in 1 of 6 rows .*2\)"),
            ({"months": [1, -2, 3, 4, 5, 6]}, {}, r"'months' is negative in 1 of 6 rows .*2\)"),
            ({"months": [1, np.inf, 3, 4, 5, 6]}, {}, "'months' is infinite in 1 of 6"),
            ({"months": list("123x56")}, {}, "'months' is no number in 1 of 6"),
            ({"months": pd.Timestamp("2024-01-01")}, {}, "'months' holds dates.*dt.days"),
            ({"months": pd.Timedelta(days=3)}, {}, "'months' holds dates.*dt.days"),
            ({"months": [True, False] * 3}, {}, "Are `time` and `event` exchanged"),
            ({"arm": ["A", None] * 3}, {}, r"`by`: 'arm' is missing in 3 of 6 rows"),
            ({"arm": pd.Timestamp("2024-01-01")}, {}, "'arm', which holds dates"),
            ({}, {"unit": "days"}, "`unit` is 'days', and the column's name says months"),
            ({"t": 3}, {"time": "t"}, "`unit` is missing: the times may be days"),
            ({}, {"unit": "fortnights"}, "fortnights"),
            ({}, {"event": None}, "`event` is missing"),
            ({}, {"time": None}, "`event` needs the times"),
            ({}, {"time": None, "event": None}, "name the columns"),
            ({}, {"stop": "months"}, "`time` and `stop` are the same times"),
            ({}, {"low": "months"}, "`high` is missing"),
            ({"who": [1, 1, 2, 3, 4, 5]}, {"id": "who"}, r"'who' stands in several rows .*1, 2"),
            ({"subject_id": [1, 1, 2, 3, 4, 5]}, {}, "'subject_id' stands in several rows"),
            ({"r": ["CR", "PR"] * 3}, {"response": "r"}, "'CR' .*neither yes nor no"),
            ({"s": 20}, {"start": "s"}, "`start` is not before `months` in 6 rows"),
            ({}, {"time": pd.Series([1])}, "`time` is Series; it takes the name of a column"),
        ],
    )
    def test_message(self, frame, options, words):
        with pytest.raises(CarstatsError, match=words):
            made(small(**frame), **options)

    @pytest.mark.parametrize(
        ("frame", "words"),
        [
            ([[1, 2]], "`frame` is list; it takes a data frame"),
            (small().iloc[:0], "has no rows"),
            (pd.concat([small(), small()], axis=1), "has the column 'months' several times"),
        ],
    )
    def test_no_frame(self, frame, words):
        with pytest.raises(CarstatsError, match=words):
            made(frame)

    def test_an_interval_that_ends_before_it_begins(self):
        frame = pd.DataFrame({"l": [1, 5], "h": [2, 4]})
        with pytest.raises(CarstatsError, match=r"`high` is below `low` in 1 rows \(rows 2\)"):
            cs.cohort_from_frame(frame, low="l", high="h", unit="days")

    def test_a_stratum_called_as_a_column_of_results(self):
        with pytest.raises(CarstatsError, match="`by` names 'n', which every result has a column"):
            cs.survival_curve(made(small(n=list("xxyyzz"))), by="n")

    def test_what_needs_more_says_so(self):
        cohort = made()
        for analysis in (
            lambda: cs.define_cohort(cohort.study, cs.with_disease("SLE")),
            lambda: cs.crosscheck(cohort.study),
            lambda: cs.subject_timelines(cohort),
        ):
            with pytest.raises(CarstatsError, match="a cohort made from a data frame has not"):
                analysis()
        with pytest.raises(CarstatsError, match="no response endpoint"):
            cs.response_rate(cohort)
        with pytest.raises(CarstatsError, match="no table `toxicities`"):
            cs.toxicity_rate(cohort, "CRS")

    def test_a_visit_of_a_response_without_a_day(self):
        cohort = made(small(grew=[1, 0] * 3), response="grew")
        with pytest.raises(CarstatsError, match="`at` names a day"):
            cs.response_rate(cohort, at=90)

    def test_several_endpoints_have_to_be_named(self):
        study = cs.simulate_study(n=30, seed=1)
        with pytest.raises(CarstatsError, match="`endpoint` is not given, and the study has"):
            cs.survival_curve(cs.define_cohort(study))


class TestFrames:
    def test_dates_are_left_out_and_said(self):
        cohort = made(small(seen=pd.Timestamp("2024-01-01"), born="1980-02-03", tags=[[1]] * 6))
        assert list(cohort.subjects.columns) == ["subject_id", "months", "relapsed", "arm"]
        assert cohort.study.notes == (
            "Columns of dates, or of several values in a cell, were left out: seen, born, tags.",
        )

    def test_an_index_with_a_name_is_a_column(self):
        frame = small(who=list("abcdef")).set_index("who")
        assert made(frame, id="who").subjects["subject_id"].tolist() == list("abcdef")

    def test_the_frame_stays_as_it_was(self):
        frame = small()
        made(frame)
        pd.testing.assert_frame_equal(frame, small())

    def test_polars(self):
        pl = pytest.importorskip("polars", reason="polars is not installed")
        arms = pl.Enum(["B", "A"])
        frame = pl.from_dict(small().to_dict("list")).with_columns(pl.col("arm").cast(arms))
        for given in (frame, frame.lazy()):
            found = cs.survival_at(made(given), at=100).frame
            assert found["arm"].tolist() == ["B", "A"]
            expected = cs.survival_at(made(), at=100).frame
            assert found["estimate"].tolist() == expected["estimate"].tolist()[::-1]

    def test_pyarrow(self):
        pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
        assert len(made(pa.Table.from_pandas(small()))) == 6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"by": [None]}, "`by` has None in it"),
        ({"by": "relapsed"}, "`event` and `by` both name 'relapsed'"),
        ({"by": "months"}, "`by`: 'months' holds 6 different numbers"),
        ({"by": "age"}, "`by`: 'age' holds 6 different numbers in 6 rows; a stratum is a category"),
        ({"event": "months"}, "`time` and `event` both name 'months'"),
    ],
)
def test_a_column_stands_for_one_thing_and_a_stratum_is_a_category(arguments, words):
    frame = pd.DataFrame({"months": [1.0, 2, 3, 4, 5, 6], "relapsed": [0, 1, 0, 1, 0, 1],
                          "age": [20.5, 31, 42, 53, 64, 75]})  # fmt: skip
    with pytest.raises(CarstatsError, match=re.escape(words)):
        cs.cohort_from_frame(frame, **{"time": "months", "event": "relapsed", **arguments})
