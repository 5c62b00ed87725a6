"""What counts must be, what they add up to, and what is no function of them."""

import re

import pandas as pd
import pytest

import carstats as cs

TIMES = pd.DataFrame(
    {
        "target": ["CD19", "CD19", "BCMA"],
        "endpoint": "relapse",
        "applies": True,
        "time": [10.0, 20.0, 10.0],
        "status": ["event", "censored", "event"],
        "cause": None,
        "n": [2, 3, 4],
    }
)
SUBJECTS = pd.DataFrame({"target": ["CD19", "BCMA"], "n": [5, 4]})


def made(times=TIMES, subjects=SUBJECTS, **more):
    return cs.Counts(("target",), subjects, times, **more)


def test_counts_add_up():
    twice = made() + made()
    assert len(twice) == 18
    assert list(twice.times["n"]) == [4, 6, 8]
    assert "relapse" in repr(twice)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"n": [-2, 7, 4]}, "holds -2 in `n`; a count is a whole number from 0"),
        ({"n": [2.5, 2.5, 4]}, "holds 2.5 in `n`"),
        ({"n": ["two", 3, 4]}, "`n` of times holds 'two', which is no number"),
        ({"n": [2, 3, 5]}, "do not add up: 10 in `times`, 9 subjects"),
        ({"n": [3, 3, 3]}, "do not add up in the stratum CD19: 6 in `times`, 5 subjects"),
        ({"time": [-1, 20, 10]}, "holds -1.0 in `time`"),
        ({"n": [float("inf"), 3, 4]}, "holds inf in `n`"),
        ({"time": ["late", 20, 10]}, "`time` of times holds 'late', which is no number"),
        ({"time": [None, 20, 10]}, "has no `time` beside 'event' in `status`: give both"),
        ({"status": [None, "event", "event"]}, "has no `status` beside 10.0 in `time`"),
        (
            {"status": ["gone", "event", "event"]},
            "holds 'gone' in `status`. A status is 'censored'",
        ),
        ({"cause": ["death", None, None]}, "holds 'death' in `cause`. A cause is that of"),
        ({"applies": ["no", "yes", "yes"]}, "holds 'no' in `applies`. It takes True and False"),
        ({"entry_time": [10, None, None]}, "holds 10.0 in `entry_time`. Entry is a number of days"),
        ({"target": [1, "CD19", "BCMA"]}, "`target` of `times` of the counts holds 'int', 'str'"),
        ({"endpoint": "relapsee"}, "names 'relapsee', which its vocabulary does not have"),
        ({"target": [None, "CD19", "BCMA"]}, "`target` is missing in `times`"),
    ],
)
def test_counts_that_cannot_be_are_refused(change, match):
    with pytest.raises(cs.CarstatsError, match=re.escape(match)):
        made(TIMES.assign(**change))


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"times": [1]}, "`times` of the counts is list; it takes a table"),
        ({"subjects": None}, "`subjects` of the counts is NoneType"),
        ({"visit": {"at": 3}}, "`visit` of the counts is {'at': 3}; it says a day and a window"),
        ({"landmarks": "x"}, "`landmarks` is 'x'; it takes a finite number"),
        ({"levels": ["CD19"]}, "`levels` of the counts is a table with the columns of `by`"),
        ({"vocabulary": "x"}, "`vocabulary` of the counts is a Vocabulary"),
        ({"by": ("target", "target")}, "`by` names 'target' twice"),
        ({"by": 3}, "`by` names 3; it takes names of columns"),
        ({"responses": TIMES}, "`visit` of the counts is missing: it says when"),
    ],
)
def test_what_is_said_of_the_counts_is_checked(arguments, match):
    given = {"by": ("target",), "subjects": SUBJECTS, "times": TIMES, **arguments}
    with pytest.raises(cs.CarstatsError, match=re.escape(match)):
        cs.Counts(**given)


def test_the_overview_says_what_was_counted():
    table = made().overview.set_index("target")
    assert table.loc["CD19", ["n", "n_missing", "n_event", "n_competing"]].tolist() == [5, 0, 2, 0]
    assert table.loc["CD19", "person_days"] == 2 * 10 + 3 * 20
    assert "person_days" in made()._repr_html_()
    assert len(sum([made(), made()])) == 18


def test_counts_are_kept_in_a_file_and_added_later(tmp_path):
    cohort = cs.define_cohort(cs.read_study("data/synthetic"), cs.infused(), cs.aged(high=60))
    counts = cs.count_outcomes(cohort, ["relapse", "remission", "CRS"], by="target", landmarks=[84])
    for given, ask in (
        (counts, lambda c: cs.response_rate(c, "remission", by="target")),
        (made(), lambda c: cs.survival_at(c, "relapse", at=15)),
    ):
        pd.to_pickle(given, tmp_path / "counts.pickle")
        kept = pd.read_pickle(tmp_path / "counts.pickle")
        first, again = ask(given + given), ask(given + kept)
        pd.testing.assert_frame_equal(first.frame, again.frame)
        assert first.spec == again.spec
    assert first.spec.criteria == ()
    names = tuple(criterion.name for criterion in cohort.criteria)
    for result in (cs.toxicity_rate(counts, "CRS"), cs.pooled_rate(counts, "CRS", trials="target")):
        assert result.spec.criteria == names


def test_a_column_that_lacks_is_named():
    with pytest.raises(cs.CarstatsError, match="`times` of the counts has no column 'status'"):
        made(TIMES.drop(columns="status"))


def test_counts_of_different_things_are_not_added():
    other = made(TIMES.assign(endpoint="overall_survival"))
    with pytest.raises(cs.CarstatsError, match="not of the same things"):
        made() + other
    with pytest.raises(cs.CarstatsError, match="only Counts are added"):
        made() + 3


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: cs.withdrawal_weighted_curve(c, "relapse", censoring="age"),
        lambda c: cs.toxicity_table(c),
        lambda c: cs.exposure_adjusted_rate(c, "CRS"),
        lambda c: cs.baseline_table(c),
        lambda c: cs.score_change(c, "SLEDAI-2K"),
        lambda c: cs.toxicity_timing(c, "CRS"),
        lambda c: cs.best_response_rate(c, "remission"),
        lambda c: cs.sustained_response_rate(c, "remission"),
    ],
)
def test_what_is_no_function_of_counts_says_so(ask):
    with pytest.raises(cs.CarstatsError, match="`cohort` is Counts, which do not hold what this"):
        ask(made())


@pytest.mark.parametrize(
    ("ask", "match"),
    [
        (lambda c: cs.write_study(c, "folder"), "`study` is Counts; it takes a Study"),
        (lambda c: cs.derive(c), "`study` is Counts; it takes a Study"),
        (lambda c: cs.define_cohort(c), "`study` is Counts; it takes a Study"),
        (lambda c: cs.study_report(c, "folder"), "`data` is Counts; it takes the path of a"),
        (lambda c: cs.read_study(c), "`path` is Counts; it takes the path of a"),
        (lambda c: cs.read_adam(c), "`folder` is Counts; it takes the path of a"),
        (lambda c: cs.plot(c), "`result` is Counts"),
        (lambda c: cs.tabulate(c), "`result` is Counts"),
        (lambda c: cs.crosscheck(c), "`what` is Counts"),
        (lambda c: cs.landmark_curve(c, at=5, group="response"), "`group` asks for what counts"),
        (lambda c: cs.cox_regression(c, "relapse", "target", changing="CRS"), "which do not hold"),
    ],
)
def test_what_takes_something_else_says_so(ask, match):
    with pytest.raises(cs.CarstatsError, match=match):
        ask(made())


def test_columns_of_our_own_are_not_named():
    with pytest.raises(cs.CarstatsError) as raised:
        cs.survival_curve(made(), by="disease")
    assert "__" not in str(raised.value)


def test_what_was_not_counted_is_said():
    with pytest.raises(cs.CarstatsError, match="'overall_survival' was not counted"):
        cs.survival_curve(made(), "overall_survival")
    with pytest.raises(cs.CarstatsError, match=r"`by` names .*'disease'"):
        cs.survival_curve(made(), "relapse", by="disease")
    with pytest.raises(cs.CarstatsError, match="`at` is 100; the counts say who"):
        cs.landmark_rate(made(), "relapse", at=100)


def test_a_visit_that_was_not_counted_is_refused():
    study = cs.read_study("data/synthetic")
    counts = cs.count_outcomes(cs.define_cohort(study, cs.infused()), ["remission", "CRS"])
    with pytest.raises(cs.CarstatsError, match=r"counted at day 168, days 140 to 196"):
        cs.response_rate(counts, "remission", at=84)
    with pytest.raises(cs.CarstatsError, match="`window` asks for what counts do not hold"):
        cs.toxicity_rate(counts, "CRS", window=(0, 30))
    with pytest.raises(cs.CarstatsError, match="no endpoint and no toxicity of the study"):
        cs.count_outcomes(cs.define_cohort(study), ["remision"])


def test_a_stratum_is_not_called_as_a_column_of_the_counts():
    frame = pd.DataFrame({"months": [1, 2], "relapsed": [0, 1], "status": ["a", "b"]})
    cohort = cs.cohort_from_frame(frame, time="months", event="relapsed", by="status")
    with pytest.raises(cs.CarstatsError, match="`by` names 'status', which counts have"):
        cs.count_outcomes(cohort, "relapsed")
    with pytest.raises(cs.CarstatsError, match="`kind`"):
        made().endpoints("other")
