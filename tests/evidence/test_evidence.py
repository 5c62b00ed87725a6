"""Synthesis of published trials: who is counted, what is pooled, and when it is refused."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from carstats.evidence.person_time import FLARE_RATES
from tests.reference import reference

R = reference("evidence")
TRIALS = cs.published_trials()


def table_of(*counts, **columns):
    """Return a table of trials from (n_event, n_evaluable), one trial each, in two targets."""
    frame = pd.DataFrame(
        {
            "study_id": [f"T{i + 1}" for i in range(len(counts))],
            "outcome": "response",
            "endpoint": "DORIS",
            "endpoint_class": "remission",
            "timepoint_weeks": 24.0,
            "population": "treated",
            "n_event": [k for k, _ in counts],
            "n_evaluable": [n for _, n in counts],
            "basis": "abstract",
            "disease": "SLE",
            "target": "CD19",
            "platform": "CAR-T",
            "cell_source": "autologous",
            "overlaps_with": None,
            "synthesis": "all",
            "n_treated": [n for _, n in counts],
        }
    )
    return frame.assign(**columns)


def only(result):
    assert len(result.frame) == 1
    return result.frame.iloc[0]


def test_published_counts_are_those_of_the_reference():
    for name, options in (
        ("remission", {"outcome": "response", "endpoint_class": "remission"}),
        ("crs", {"outcome": "CRS any"}),
        ("relapse", {"outcome": "relapse"}),
    ):
        frame = cs.trial_rate(TRIALS, **options).frame
        pairs = sorted(zip(frame["n_event"], frame["n"], strict=True))
        row = R["pooled"][name]
        assert pairs == sorted(zip(row["n_event"], row["n"], strict=True))


def test_pooled_rate_equals_metafor():
    row = only(cs.pooled_rate(TRIALS, "response", endpoint_class="remission", conf_type="Wald"))
    mean, error, tau = R["pooled"]["remission"]["metafor"]
    limits = mean + np.array([-1, 1]) * 1.959963984540054 * error
    expected = 1 / (1 + np.exp(-np.append(mean, limits)))
    assert_allclose(row[["estimate", "conf_low", "conf_high"]].astype(float), expected, atol=1e-4)
    assert_allclose(row["tau2"], tau**2, atol=1e-3)
    assert row["predict_low"] < row["conf_low"] < row["conf_high"] < row["predict_high"]
    assert (row["n"], row["n_event"], row["n_trials"]) == (95, 71, 12)


@pytest.mark.parametrize("model", ["binomial-normal", "beta-binomial", "Bayesian"])
def test_models_agree_roughly_and_name_endpoints(model):
    row = only(cs.pooled_rate(TRIALS, "response", endpoint_class="remission", model=model))
    assert 0.7 < row["estimate"] < 0.9
    assert "DORIS remission at week 24" in row["endpoint"]
    assert "company release 5" in row["basis"]


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ([(0, 3), (0, 8), (0, 15)], "no trial has an event"),
        ([(3, 3), (8, 8), (15, 15)], "every subject has the event"),
        ([(3, 5), (4, 8)], "2 trials of two or more subjects"),
        ([(3, 5), (4, 8), (1, 1), (0, 1)], "2 trials of two or more subjects"),
    ],
)
@pytest.mark.parametrize("model", ["binomial-normal", "beta-binomial"])
def test_homogeneity_is_assumed_in_words(counts, reason, model):
    row = only(cs.pooled_rate(table_of(*counts), "response", model=model))
    assert row["note"].startswith(f"homogeneity assumed (test: p = {row['p_heterogeneity']:.2g}):")
    assert reason in row["note"]
    assert np.isnan(row["tau2"])
    assert np.isnan(row["predict_low"])
    k, n = np.sum(counts, axis=0)
    # The pooled count's own Clopper-Pearson interval.
    single = cs.trial_rate(table_of((k, n)), "response").frame.iloc[0]
    columns = ["n", "n_event", "estimate", "conf_low", "conf_high"]
    assert_allclose(row[columns].astype(float), single[columns].astype(float))


@pytest.mark.parametrize(
    ("counts", "p_value", "reason"),
    [
        # 2 (3 log 26/3 + 23 log 26/23) = 18.6 on two degrees of freedom: exp(-9.3).
        # The two unlike trials of which metafor's model says 23.5 %, 1.9 to 83.0.
        ([(5, 119), (116, 170)], "4.5e-32", "2 trials of two or more subjects"),
        ([(3, 3), (0, 8), (0, 15)], "9.2e-05", "which speaks against it"),
        ([(0, 6), (6, 6)], "4.5e-05", "2 trials of two or more subjects"),
    ],
)
@pytest.mark.parametrize("model", ["binomial-normal", "beta-binomial"])
def test_trials_that_differ_are_not_pooled_as_alike(counts, p_value, reason, model):
    row = only(cs.pooled_rate(table_of(*counts), "response", model=model))
    assert row[["estimate", "conf_low", "conf_high", "tau2"]].isna().all()
    assert row["note"].startswith(f"not pooled: the trials differ (p = {p_value})")
    assert row["note"].endswith(reason) or reason in row["note"]
    assert (row["n_trials"], row["n"]) == (len(counts), sum(n for _, n in counts))


def test_a_table_of_study_and_counts_is_enough():
    counts = [(3, 5), (4, 8), (1, 6), (7, 9)]
    plain = pd.DataFrame(counts, columns=["n_event", "n"]).assign(study=["A", "B", "C", "D"])
    row = only(cs.pooled_rate(plain))
    want = only(cs.pooled_rate(table_of(*counts), "response"))
    columns = ["n_trials", "n", "n_event", "estimate", "conf_low", "conf_high", "tau2"]
    assert_allclose(row[columns].astype(float), want[columns].astype(float))
    assert (row["endpoint"], row["basis"]) == ("event", "as given 4")
    halves = cs.pooled_rate(plain.assign(arm=["x", "x", "y", "y"]), "remission", by="arm").frame
    assert halves["n"].tolist() == [13, 15]
    lacking = pd.concat([plain, pd.DataFrame({"study": ["E"], "n_event": [None], "n": [4]})])
    assert only(cs.pooled_rate(lacking))["n_missing"] == 1
    with pytest.raises(cs.CarstatsError, match="`outcome` is not given"):
        cs.pooled_rate(TRIALS)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"n_event": [6, 1]}, "6 of 5 is more than all"),
        ({"n_event": [1.5, 1]}, "1.5 is no count"),
        ({"n_event": ["two", 1]}, "'two' is no count"),
        ({"n": [-3, 4], "n_event": [None, 1]}, "-3 is no count"),
        ({"study": ["A", "A"]}, "'A' stands in two rows"),
        ({"study": ["A", None]}, "a study has no name"),
    ],
)
def test_a_table_of_counts_is_checked(change, match):
    table = pd.DataFrame({"study": ["A", "B"], "n_event": [1, 2], "n": [5, 4]}).assign(**change)
    with pytest.raises(cs.CarstatsError, match=match):
        cs.pooled_rate(table)


def test_one_trial_in_a_stratum_has_its_own_exact_interval():
    frame = cs.pooled_rate(TRIALS, "response", endpoint_class="remission", by="target").frame
    assert frame["n"].sum() == 95
    alone = TRIALS[TRIALS["study_id"] != "BCMA_LN_TJ2025"]
    frame = cs.pooled_rate(alone, "response", endpoint_class="remission", by="target").frame
    row = frame.set_index("target").loc["BCMA"]
    # binom.test(4, 12)
    limits = row[["conf_low", "conf_high"]].astype(float)
    assert_allclose(limits, [0.0992460, 0.6511245], atol=1e-6)
    assert "one trial" in row["note"]
    assert np.isnan(row["tau2"])


def test_a_trial_of_one_subject_is_a_trial():
    row = only(cs.pooled_rate(table_of((1, 1), (3, 8), (7, 9), (2, 6)), "response"))
    assert (row["n_trials"], row["n"]) == (4, 24)
    assert row["note"] == ""
    assert only(cs.pooled_rate(table_of((1, 1)), "response"))["conf_low"] == pytest.approx(0.025)


def test_an_outcome_that_no_chosen_trial_reports_has_a_row_that_says_so():
    row = only(cs.pooled_rate(TRIALS, "LICATS"))
    assert (row["n_trials"], row["n"]) == (0, 0)
    assert np.isnan(row["estimate"])
    assert row["note"] == "no trial gives such a count"
    assert cs.trial_rate(TRIALS, "LICATS").frame.empty
    assert cs.trial_incidence(TRIALS, "LICATS").frame.empty


def test_bayes_answers_where_nothing_informs_and_says_so():
    row = only(cs.pooled_rate(table_of((0, 3), (0, 8)), "response", model="Bayesian"))
    assert row["note"].startswith("tau rests on its prior")
    assert 0 < row["conf_low"] < row["estimate"] < row["conf_high"] < row["predict_high"] < 1


def test_classes_of_endpoints_never_join():
    with pytest.raises(cs.CarstatsError, match="not alike"):
        cs.pooled_rate(TRIALS, "response")
    for name, n_trials in (("improvement", 3), ("relapse-free", 1)):
        row = only(cs.pooled_rate(TRIALS, "response", endpoint_class=name))
        assert row["n_trials"] == n_trials


@pytest.mark.parametrize("function", [cs.trial_rate, cs.pooled_rate])
def test_subjects_are_counted_once_unless_it_is_said(function):
    asked = {"outcome": "response", "endpoint_class": "remission"}
    nested = ["MACK2022", "MULL2024_SLE", "MOUG2021"]
    with pytest.raises(cs.CarstatsError, match="MACK2022 and MULL2024_SLE"):
        function(TRIALS, **asked, reports=nested)
    result = function(TRIALS, **asked, reports=nested, overlapping="allow")
    assert result.frame["n"].sum() == 14
    assert "some counted more than once" in result.caption()
    with pytest.raises(cs.CarstatsError, match="`reports` names"):
        function(TRIALS, **asked, reports=["MACK2023"])


def test_a_table_whose_synthesis_overlaps_is_refused():
    table = table_of((3, 5), (4, 8), (2, 9), overlaps_with=["T2", None, None])
    with pytest.raises(cs.CarstatsError, match="T1 and T2"):
        cs.pooled_rate(table, "response")


def test_overlap_is_found_by_chain_and_not_between_diseases():
    frame = cs.report_overlap(TRIALS).frame
    pairs = dict(zip(zip(frame["study_id"], frame["other_id"], strict=True), frame["link"],
                     strict=True))  # fmt: skip
    assert pairs["MACK2022", "MULL2024_SLE"] == "named"
    # The first case is in the series of five, which is in the whole series.
    assert pairs["MOUG2021", "MULL2024_ALL"] == "by chain"
    assert ("MULL2024_IIM", "MULL2024_SLE") not in pairs


def test_a_report_that_is_named_but_unknown_is_shown_and_no_error():
    table = table_of((3, 5), (4, 8), overlaps_with=["NOWHERE2020", None])
    row = only(cs.report_overlap(table))
    assert (row["other_id"], row["other_use"]) == ("NOWHERE2020", "not in the table")
    assert only(cs.pooled_rate(table, "response"))["n"] == 13


def test_a_missing_count_is_missing_and_not_zero():
    row = only(cs.pooled_rate(table_of((3, 5), (None, 8), (4, 6)), "response"))
    assert (row["n_trials"], row["n_missing"], row["n"]) == (2, 1, 11)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_event": [9, 1]}, "9 events among 5"),
        ({"n_event": [0.5, 1]}, "is not a count"),
        ({"population": "everyone"}, "allowed: 'treated'"),
        ({"synthesis": "some"}, "allowed: 'all'"),
        ({"study_id": "T1", "disease": ["SLE", "SSc"]}, "'T1' is described in 2 ways"),
    ],
)
def test_bad_tables_are_refused(change, message):
    with pytest.raises(cs.CarstatsError, match=message):
        cs.pooled_rate(table_of((3, 5), (1, 4)).assign(**change), "response")


def test_a_lacking_column_is_named():
    with pytest.raises(cs.CarstatsError, match="lacks the columns"):
        cs.pooled_rate(TRIALS.drop(columns="platform"), "response")
    with pytest.raises(cs.CarstatsError, match="takes a table"):
        cs.pooled_rate(None, "response")


def test_bad_arguments_are_refused():
    asked = {"outcome": "response", "endpoint_class": "remission"}
    for option in ({"model": "normal"}, {"conf_type": "exact"}, {"denominator": "all"},
                   {"basis": "hearsay"}, {"overlapping": "yes"}, {"tau_scale": 0}):  # fmt: skip
        (name,) = option
        with pytest.raises(cs.CarstatsError, match=f"`{name}`"):
            cs.pooled_rate(TRIALS, **asked, **option)
    with pytest.raises(cs.CarstatsError, match="profile limits only"):
        cs.pooled_rate(TRIALS, **asked, model="beta-binomial", conf_type="Wald")
    with pytest.raises(cs.CarstatsError, match="`costimulation` is not reported by"):
        cs.pooled_rate(TRIALS, **asked, by="costimulation")


def test_regression_equals_lme4():
    result = cs.pooled_regression(TRIALS, "response", "target", endpoint_class="remission")
    frame = result.frame.set_index("target")
    assert frame.loc["CD19", "contrast"] == "reference"
    row = R["regressions"]["remission_target"]
    # The reference fit has BCMA as its base.
    base = dict(zip(row["levels"], [0, *row["coefficients"][1:]], strict=True))
    for level in ("BCMA", "CD19+BCMA"):
        expected = np.exp(base[level] - base["CD19"])
        assert_allclose(frame.loc[level, "estimate"], expected, rtol=1e-3)
    assert_allclose(frame["tau2"], row["tau"][0] ** 2, atol=1e-3)
    assert (frame["conf_low"].dropna() < frame["estimate"].dropna()).all()


def test_a_level_without_events_has_one_limit():
    table = table_of((3, 8), (5, 9), (2, 7), (6, 8), (0, 6), (4, 9),
                     target=["CD19"] * 4 + ["BCMA"] + ["CD19"])  # fmt: skip
    frame = cs.pooled_regression(table, "response", "target").frame.set_index("target")
    assert frame.loc["BCMA", ["estimate", "conf_low"]].tolist() == [0, 0]
    assert 0 < frame.loc["BCMA", "conf_high"] < 10
    mirrored = table.assign(n_event=table["n_evaluable"] - table["n_event"])
    other = cs.pooled_regression(mirrored, "response", "target").frame.set_index("target")
    assert other.loc["BCMA", "estimate"] == np.inf
    assert_allclose(other.loc["BCMA", "conf_low"], 1 / frame.loc["BCMA", "conf_high"], rtol=1e-5)


def test_regression_says_why_it_cannot():
    frame = cs.pooled_regression(TRIALS, "CRS grade >=3", "target").frame
    assert frame["estimate"].isna().all()
    assert frame["note"].str.contains("not estimable").all()
    alike = cs.pooled_regression(TRIALS, "response", "platform", endpoint_class="remission").frame
    assert "nothing to compare" in alike["note"].iloc[0]
    unknown = cs.pooled_regression(TRIALS, "CRS any", "costimulation")
    assert "do not report it" in unknown.caption()


def test_leave_one_out_drops_a_cohort_with_all_its_trials():
    frame = cs.leave_one_out(TRIALS, "response", endpoint_class="remission", conf_type="Wald").frame
    assert frame["left_out"].iloc[0] == "none"
    rows = frame.set_index("left_out")
    assert (rows.loc["RESET", "n_trials"], rows.loc["RESET", "n"]) == (10, 91)
    assert len(frame) == 12


def test_sensitivity_to_basis_denominator_and_endpoint():
    frame = cs.pooled_sensitivity(
        TRIALS, "response", endpoint_class="remission", conf_type="Wald"
    ).frame
    rows = frame.set_index("choice")
    assert (rows.loc["main analysis", "n_event"], rows.loc["main analysis", "n"]) == (71, 95)
    # 12/12 per protocol for 12/13 treated.
    narrow = rows.loc["narrowest denominator reported"]
    assert (narrow["n_event"], narrow["n"]) == (71, 94)
    assert "12/13 to 12/12" in narrow["trials"]
    # SRI-4 10/10 for DORIS 5/10 at week 24.
    other = rows.loc["response where a trial reports both at one visit"]
    assert "5/10 to 10/10" in other["trials"]
    assert "mixes endpoints" in other["note"]
    assert rows.loc["counts that stand in an abstract only", "n"] == 45
    assert rows.loc["without counts of a company release alone", "n"] == 70


def test_the_randomised_comparison():
    frame = cs.randomised_comparison(TRIALS, "response", endpoint_class="response").frame
    mitt = frame[frame["population"] == "modified intention to treat"]
    assert (mitt[["n_event", "n", "n_event_control", "n_control"]] == [10, 14, 3, 12]).all(
        axis=None
    )
    rows = mitt.set_index(["contrast", "method"])
    assert_allclose(rows.loc[("difference", "Miettinen-Nurminen"), "estimate"], 10 / 14 - 3 / 12)
    odds = rows.loc[("odds ratio", "Miettinen-Nurminen")]
    assert_allclose(odds["estimate"], 7.5)
    assert_allclose(list(odds[["conf_low", "conf_high"]]), R["odds"][0][4:], rtol=1e-5)
    # fisher.test(matrix(c(10, 4, 3, 9), 2))
    assert_allclose(rows.loc[("odds ratio", "Fisher"), "p_value"], 0.0471802, atol=1e-6)
    assert (rows["conf_low"] < rows["estimate"]).all()
    assert (rows["estimate"] < rows["conf_high"]).all()
    with pytest.raises(cs.CarstatsError, match="no control group"):
        cs.randomised_comparison(TRIALS, "CRS any")


def test_relapse_by_follow_up():
    frame = cs.trial_incidence(TRIALS).frame.set_index("study_id")
    # 8 subjects for a median of 15 months: 10 years without a relapse.
    row = frame.loc["MULL2024_SLE"]
    assert (row["subject_years"], row["estimate"], row["conf_low"]) == (10, 0, 0)
    assert_allclose(row["conf_high"], -np.log(0.025) / 10)
    assert np.isnan(frame.loc["AIHA2025", "estimate"])
    assert frame.loc["AIHA2025", "note"] == "follow-up not reported"
    total = cs.pooled_incidence(TRIALS)
    assert (only(total)["n_event"], only(total)["n_missing"]) == (3, 1)
    assert "approximate" in total.caption().lower()
    assert "Li 2025 (2 of 11)" in total.caption()
    assert [rate.high for rate in FLARE_RATES] == [0.12, 0.23, 0.49]


def test_the_map_counts_every_subject_once():
    frame = cs.evidence_map(TRIALS).frame
    lupus = frame[(frame["disease"] == "SLE") & (frame["target"] == "CD19")].iloc[0]
    assert "MULL2024_SLE" in lupus["trials"]
    assert not frame["trials"].str.contains("MULL2024_ALL|MACK2022|TAUB2024|D08_2B_PBO").any()
    assert frame["n"].sum() == 280
