"""Shares that change by the minimal important difference: by hand, and where there is none."""

import math

import pandas as pd
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from carstats.data.measures import MEASURE_TABLE
from carstats.endpoints.rules.minimal_differences import difference_of
from tests.conftest import subjects_table


def cohort_of(measure, pairs, unit, n=None, **columns):
    """Return a cohort from each subject's value before and at day 168; None where not seen."""
    rows = [
        {"subject_id": f"S{i + 1:02d}", "day": day, "measure": measure, "value": value,
         "unit": unit}
        for i, pair in enumerate(pairs)
        for day, value in zip((0, 168), pair, strict=True)
        if value is not None
    ]  # fmt: skip
    subjects = subjects_table(n or len(pairs), **columns)
    return cs.define_cohort(cs.Study(subjects=subjects, assessments=pd.DataFrame(rows)))


FATIGUE = [(20, 24), (20, 23.9), (30, 26), (30, None), (50, 52)]


def test_improvement_by_hand():
    # FACIT-Fatigue in SSc: 4 better, 3 worse; higher is better. One of five gains 4.
    cohort = cohort_of("FACIT-Fatigue", FATIGUE, "0-52", disease="SSc")
    result = cs.score_responder_rate(cohort, "FACIT-Fatigue", at=168)
    row = result.frame.iloc[0]
    assert (row["n"], row["n_event"], row["n_missing"], row["n_evaluable"]) == (5, 1, 1, 4)
    assert row["estimate"] == 0.2
    # Clopper-Pearson of 1 of 5.
    assert_allclose([row["conf_low"], row["conf_high"]], [0.005050763, 0.716417936], atol=1e-8)
    assert row["estimate_evaluable"] == 0.25
    assert (row["threshold"], row["of"]) == (4, "points")
    said = "minimal important difference 4 in SSc (10.3390/ijerph20010771)"
    assert said in result.spec.method
    # 50 of 52 cannot rise by 4.
    assert "1 with a baseline too near the end of the scale for it" in row["note"]
    assert "memory" not in row["note"]


def test_worsening_counts_a_missing_value_as_worse():
    cohort = cohort_of("FACIT-Fatigue", FATIGUE, "0-52", disease="SSc")
    result = cs.score_responder_rate(cohort, "FACIT-Fatigue", change="worsening")
    row = result.frame.iloc[0]
    assert (row["n_event"], row["estimate"], row["estimate_evaluable"]) == (2, 0.4, 0.25)
    assert result.spec.population.endswith("missing = worse")
    assert "counted as worse" in str(cs.tabulate(result).notes)
    both = cs.score_responder_rate(
        cohort, "FACIT-Fatigue", change="worsening", missing="bounds"
    ).frame.set_index("case")
    assert both["n_event"].to_dict() == {"worst": 2, "best": 1}
    left = cs.score_responder_rate(
        cohort, "FACIT-Fatigue", change="worsening", missing="excluded"
    ).frame.iloc[0]
    assert (left["n"], left["n_event"]) == (4, 1)


def test_lower_is_better_where_the_vocabulary_says_so():
    pairs = [(1.0, 0.875), (1.0, 0.9), (0.5, 1.0)]
    cohort = cohort_of("HAQ-DI", pairs, "0-3")
    assert cs.score_responder_rate(cohort, "HAQ-DI").frame["n_event"].item() == 1
    worse = cs.score_responder_rate(cohort, "HAQ-DI", change="worsening").frame
    assert worse["n_event"].item() == 1
    other = cs.score_responder_rate(cohort, "HAQ-DI", threshold=0.5, better="higher").frame
    assert other["n_event"].item() == 1
    assert other["note"].item() == ""


def test_a_percentage_is_of_the_baseline():
    # Timed walk in MS: 20 % less.
    cohort = cohort_of("T25FW", [(10, 8), (10, 8.1), (5, 4)], "s", disease="MS")
    result = cs.score_responder_rate(cohort, "T25FW")
    assert result.frame["n_event"].item() == 2
    assert "20\u00a0% of baseline" in result.spec.endpoint
    assert "from memory: check it before you publish" in result.frame["note"].item()
    assert "Hobart J 2013, from memory)" in result.spec.method


def test_strata_of_one_disease_have_their_own():
    pairs = [(30, 34), (30, 26), (10, 14), (10, 9)]
    cohort = cohort_of("FACIT-Fatigue", pairs, "0-52", disease=["SLE", "SLE", "SSc", "SSc"])
    frame = cs.score_responder_rate(
        cohort, "FACIT-Fatigue", by="disease", change="worsening"
    ).frame.set_index("disease")
    assert frame["threshold"].to_dict() == {"SLE": 4, "SSc": 3}
    assert frame["n_event"].to_dict() == {"SLE": 1, "SSc": 0}
    with pytest.raises(cs.CarstatsError, match=r"not the same in 'SLE', 'SSc'.*`by`='disease'"):
        cs.score_responder_rate(cohort, "FACIT-Fatigue", change="worsening")
    # Both are better by 4.
    assert cs.score_responder_rate(cohort, "FACIT-Fatigue").frame["n_event"].item() == 2


def test_a_subtype_of_all_has_its_own():
    pairs = [(20, 16), (20, 15)]
    kinds = ["diffuse cutaneous", "diffuse cutaneous"]
    cohort = cohort_of("mRSS", pairs, "0-51", disease="SSc", disease_subtype=kinds)
    assert cs.score_responder_rate(cohort, "mRSS").frame["threshold"].item() == 5
    cohort = cohort_of("mRSS", pairs, "0-51", disease="SSc", disease_subtype=[kinds[0], "other"])
    assert cs.score_responder_rate(cohort, "mRSS").frame["threshold"].item() == 4


@pytest.mark.parametrize(
    ("measure", "unit", "disease", "why", "first"),
    [
        ("MG-QOL15r", "0-30", "MG", "none is established", 20),
        ("EQ-5D-5L", "index", "SLE", "another one for each value set", 0.5),
        ("FACIT-Fatigue", "0-52", "MG", "none is known", 20),
    ],
)
def test_where_none_is_known_it_is_refused_with_the_remedy(measure, unit, disease, why, first):
    cohort = cohort_of(measure, [(first, 1), (first, first)], unit, disease=disease)
    with pytest.raises(cs.CarstatsError, match=rf"{why}.*Give a `threshold`"):
        cs.score_responder_rate(cohort, measure)
    frame = cs.score_responder_rate(cohort, measure, threshold=0.2).frame
    assert frame["n_evaluable"].item() == 2


def test_bad_arguments():
    cohort = cohort_of("IgG", [(8, 10)], "g/L")
    with pytest.raises(cs.CarstatsError, match=r"does not say whether more 'IgG' is better"):
        cs.score_responder_rate(cohort, "IgG", threshold=1)
    with pytest.raises(cs.CarstatsError, match=r"`threshold` is -1; it takes a number above 0"):
        cs.score_responder_rate(cohort, "IgG", threshold=-1, better="higher")
    with pytest.raises(cs.CarstatsError, match=r"`at`=28: no 'IgG' from day"):
        cs.score_responder_rate(cohort, "IgG", threshold=1, better="higher", at=28)


def test_a_baseline_of_zero_has_no_percentage():
    cohort = cohort_of("T25FW", [(10, 8), (10, 9)], "s", disease="MS")
    assert cs.score_responder_rate(cohort, "T25FW").frame["n_evaluable"].item() == 2
    cohort = cohort_of("HAQ-DI", [(0, 0), (1, 0.5)], "0-3", disease="IIM")
    row = cs.score_responder_rate(cohort, "HAQ-DI").frame.iloc[0]
    assert (row["n"], row["n_evaluable"], row["n_event"]) == (2, 1, 1)
    assert "1 with a baseline of 0, of which there is no percentage" in row["note"]


def test_an_empty_stratum_has_its_row():
    cohort = cohort_of("FACIT-Fatigue", [(20, 24)], "0-52", n=2, disease=["SSc", "SSc"],
                       infused=[True, False], sex=["F", "M"])  # fmt: skip
    frame = cs.score_responder_rate(cohort, "FACIT-Fatigue", by="sex").frame.set_index("sex")
    assert frame["n"].to_dict() == {"F": 1, "M": 0}
    assert frame.loc["M", "note"] == "no subjects"


def test_the_table_is_sound():
    frame = cs.important_differences()
    assert set(frame["measure"]) <= set(MEASURE_TABLE)
    assert set(frame["disease"]) <= {*cs.Vocabulary().names("disease"), "any"}
    assert set(frame["change"]) == {"improvement", "worsening"}
    assert set(frame["of"]) == {"points", "percent"}
    assert set(frame["standing"]) == {"checked", "partly checked", "from memory", "none"}
    assert (frame["size"].isna() == frame["standing"].eq("none")).all()
    assert frame.loc[frame["size"].isna(), "note"].ne("").all()
    assert not frame.duplicated(["measure", "disease", "subtype", "change"]).any()
    known = frame[frame["size"].notna() & frame["of"].eq("points")]
    for row in known.itertuples():
        measure = MEASURE_TABLE[row.measure]
        assert measure.higher_is
        assert row.size < measure.high - measure.low
    assert list(cs.important_differences("MG-ADL")["size"]) == [2, 2]
    with pytest.raises(cs.CarstatsError, match="not in the study's vocabulary"):
        cs.important_differences("no such")


@pytest.mark.parametrize(
    ("measure", "disease", "change", "size"),
    [
        ("SF-36_PCS", "SLE", "improvement", 2.1), ("SF-36_MCS", "SLE", "worsening", 1.2),
        ("HAQ-DI", "RA", "improvement", 0.375), ("QMG", "MG", "improvement", 3),
        ("pain_VAS", "SLE", "improvement", 1.58), ("CDAI", "RA", "improvement", 12),
        ("MGC", "MG", "improvement", 3), ("EQ-VAS", "AAV", "improvement", 10),
    ],
)  # fmt: skip
def test_published_differences(measure, disease, change, size):
    assert difference_of(measure, disease, [""], change).size == size


def test_directions():
    better = {
        "FACIT-Fatigue",
        "SF-36_PF",
        "EQ-VAS",
        "MMT8",
        "FVC",
        "6MWD",
        "PROMIS_physical_function",
    }
    worse = {"HAQ-DI", "SLEDAI-2K", "pain_VAS", "DLQI", "PROMIS_fatigue", "UPCR"}
    assert {MEASURE_TABLE[m].higher_is for m in better} == {"better"}
    assert {MEASURE_TABLE[m].higher_is for m in worse} == {"worse"}
    assert MEASURE_TABLE["IgG"].higher_is == ""


@pytest.mark.parametrize("n", [1, 3, 40])
def test_limits_hold_their_form_at_any_size(n):
    cohort = cohort_of("FACIT-Fatigue", [(20, 30)] * n, "0-52", disease="SSc")
    row = cs.score_responder_rate(cohort, "FACIT-Fatigue").frame.iloc[0]
    assert row["estimate"] == 1
    assert row["conf_high"] == 1
    assert math.isclose(row["conf_low"], 0.025 ** (1 / n), rel_tol=1e-9)
