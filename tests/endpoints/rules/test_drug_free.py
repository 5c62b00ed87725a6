"""Drug-free rules, one tiny subject for each variant, drug and boundary of the look-back."""

import numpy as np
import pandas as pd
import pytest

from carstats.endpoints.rules.drug_free import drug_free_start, judge_treatment
from carstats.errors import CarstatsError
from tests.endpoints.rules.verdict import one, told


def episode(drug, drug_class, start, stop, mg=None, reason="background", subject="a"):
    return {
        "subject_id": subject,
        "drug": drug,
        "drug_class": drug_class,
        "start_day": start,
        "stop_day": stop,
        "prednisone_equivalent_mg": mg,
        "reason": reason,
    }


def prednisone(start, stop, mg, reason="background"):
    return episode("prednisone", "glucocorticoid", start, stop, mg, reason)


COLUMNS = list(episode("", "", 0, 0))


def judge(*episodes, day=168, disease="SLE", **options):
    table = pd.DataFrame(list(episodes), columns=COLUMNS)
    return judge_treatment(["a"], [day], disease, table, **options)


def test_never_treated():
    result = judge()
    assert one(result.drug_free) is True
    assert one(result.steroid_free) is True
    assert one(result.immunosuppressant_free) is True
    assert result.prednisone_mg == [0]
    assert np.isnan(result.off_drug_day).all()


@pytest.mark.parametrize(
    ("stop", "expected"), [(139, True), (140, False), (168, False), (None, False)]
)
def test_look_back_of_28_days(stop, expected):
    # Visit on day 168: the look-back is day 140 to day 168, both included.
    assert one(judge(prednisone(-100, stop, 10)).drug_free) is expected
    mycophenolate = episode("mycophenolate", "immunosuppressant", None, stop)
    assert one(judge(mycophenolate).drug_free) is expected


def test_treatment_that_starts_after_the_visit_does_not_count():
    assert one(judge(prednisone(169, None, 10)).drug_free) is True
    assert one(judge(prednisone(168, None, 10)).drug_free) is False


def test_steroid_free_and_immunosuppressant_free_are_apart():
    on_steroids = judge(prednisone(0, None, 5))
    assert one(on_steroids.steroid_free) is False
    assert one(on_steroids.immunosuppressant_free) is True
    assert one(on_steroids.drug_free) is False
    on_azathioprine = judge(episode("azathioprine", "immunosuppressant", 0, None))
    assert one(on_azathioprine.steroid_free) is True
    assert one(on_azathioprine.immunosuppressant_free) is False


@pytest.mark.parametrize(
    ("drug_class", "strict", "standard"),
    [
        ("immunosuppressant", False, False),
        ("biologic", False, False),
        ("targeted synthetic", False, False),
        ("plasma exchange", False, False),
        ("antimalarial", False, True),
        ("antifibrotic", True, True),
        ("cholinesterase inhibitor", True, True),
        ("supportive", True, True),
        ("lymphodepletion", True, True),
        ("other", True, True),
    ],
)
def test_classes(drug_class, strict, standard):
    given = episode("x", drug_class, 0, None)
    assert one(judge(given, variant="strict").drug_free) is strict
    assert one(judge(given).drug_free) is standard
    assert one(judge(given, variant="lenient").drug_free) is standard


def test_antifibrotic_and_pyridostigmine_by_option():
    nintedanib = episode("nintedanib", "antifibrotic", 0, None)
    assert one(judge(nintedanib, disease="SSc", antifibrotic_counts=True).drug_free) is False
    pyridostigmine = episode("pyridostigmine", "cholinesterase inhibitor", 0, None)
    result = judge(pyridostigmine, disease="MG", cholinesterase_inhibitor_counts=True)
    assert one(result.drug_free) is False


@pytest.mark.parametrize(("mg", "expected"), [(5.0, True), (5.1, False), (2.5, True)])
def test_lenient_allows_5_mg(mg, expected):
    assert one(judge(prednisone(0, None, mg), variant="lenient").drug_free) is expected
    assert one(judge(prednisone(0, None, mg)).drug_free) is False


def test_lenient_adds_up_glucocorticoids_that_run_together():
    together = prednisone(0, None, 4), episode("hydrocortisone", "glucocorticoid", 100, 150, 2)
    assert one(judge(*together, variant="lenient").drug_free) is False
    # 4 mg and 2 mg one after the other never exceed 5 mg.
    apart = prednisone(0, 144, 4), prednisone(145, None, 2)
    result = judge(*apart, variant="lenient")
    assert one(result.drug_free) is True
    assert result.prednisone_mg == [2]


def test_lenient_looks_back_on_the_dose():
    taper = prednisone(0, 140, 7.5), prednisone(141, None, 5)
    assert one(judge(*taper, variant="lenient").drug_free) is False
    assert one(judge(*taper, variant="lenient", day=169).drug_free) is True


def test_dose_that_is_not_known():
    unknown = prednisone(0, None, None)
    assert one(judge(unknown).drug_free) is False
    lenient = judge(unknown, variant="lenient")
    assert one(lenient.drug_free) is None
    assert np.isnan(lenient.prednisone_mg).all()
    # Something else is known to be taken: that decides.
    azathioprine = episode("azathioprine", "immunosuppressant", 0, None)
    assert one(judge(unknown, azathioprine, variant="lenient").drug_free) is False


def test_glucocorticoids_for_toxicity_do_not_count():
    crs = prednisone(150, 155, 40, "toxicity")
    assert one(judge(crs).drug_free) is True
    assert judge(crs, day=152).prednisone_mg == [0]
    assert one(judge(crs, ignored_reasons=()).drug_free) is False


def test_adrenal_replacement():
    replacement = episode("hydrocortisone", "glucocorticoid", 30, None, 5, "replacement")
    assert one(judge(replacement).steroid_free) is True
    assert one(judge(replacement, allow_adrenal=False).steroid_free) is False
    more = episode("hydrocortisone", "glucocorticoid", 30, None, 5.1, "replacement")
    assert one(judge(more).steroid_free) is False
    plain = prednisone(0, None, 5)
    assert one(judge(plain, adrenal_insufficiency=True).steroid_free) is True
    assert (
        one(judge(plain, adrenal_insufficiency=[True], allow_adrenal=False).steroid_free) is False
    )
    assert one(judge(prednisone(0, None, 6), adrenal_insufficiency=True).steroid_free) is False


@pytest.mark.parametrize(
    ("disease", "reason", "expected"),
    [
        ("SLE", "replacement", True),
        ("SLE", "supportive", True),
        ("SLE", "disease", False),
        ("SLE", None, None),
        ("MG", "replacement", False),
        ("MG", "disease", False),
        ("MG", None, False),
        ("IIM", "replacement", False),
        ("ITP", "replacement", False),
        ("CIDP", "replacement", False),
        ("SSc", "replacement", True),
    ],
)
def test_immunoglobulin(disease, reason, expected):
    given = episode("IVIG", "immunoglobulin", 100, None, None, reason)
    assert one(judge(given, disease=disease).drug_free) is expected


def test_replacement_immunoglobulin_by_option():
    given = episode("IVIG", "immunoglobulin", 100, None, None, "replacement")
    result = judge(given, disease="MG", replacement_immunoglobulin_counts=False)
    assert one(result.drug_free) is True


def test_thrombopoietin_agonists_count_in_itp():
    given = episode("Eltrombopag", "supportive", 100, None, None, "supportive")
    assert one(judge(given, disease="ITP").drug_free) is False
    assert one(judge(given, disease="SLE").drug_free) is True


def test_tocilizumab_for_crs_and_for_the_disease():
    assert one(judge(episode("t", "tocilizumab", 150, 150, None, "toxicity")).drug_free) is True
    assert one(judge(episode("t", "tocilizumab", 150, 150, None, "disease")).drug_free) is False


def test_off_drug_day_is_the_last_day_of_the_last_drug():
    taken = prednisone(-100, 90, 10), episode("azathioprine", "immunosuppressant", None, -20)
    assert judge(*taken).off_drug_day == [90]
    assert np.isnan(judge(*taken, day=100).off_drug_day).all()
    taper = prednisone(0, 60, 10), prednisone(61, None, 5)
    assert judge(*taper, variant="lenient").off_drug_day == [60]
    # Antimalarials are drugs to the strict variant only.
    chloroquine = episode("hydroxychloroquine", "antimalarial", None, 120)
    assert judge(*taken, chloroquine).off_drug_day == [90]
    assert judge(*taken, chloroquine, variant="strict").off_drug_day == [120]


def test_drug_free_remission_starts_at_the_later_day():
    np.testing.assert_array_equal(
        drug_free_start([84, 168, 84, None], [100, 90, None, 100]), [100, 168, 84, np.nan]
    )


def test_subjects_and_visits_in_any_order():
    table = pd.DataFrame(
        [
            episode("azathioprine", "immunosuppressant", 0, 50, subject="b"),
            episode("azathioprine", "immunosuppressant", 100, None, subject="a"),
            episode("azathioprine", "immunosuppressant", None, None, subject="not seen"),
        ]
    )
    result = judge_treatment(["b", "a", "b", "c", "a"], [60, 84, 168, 28, 168], "SLE", table)
    assert told(result.drug_free) == [False, True, True, True, False]
    np.testing.assert_array_equal(result.off_drug_day, [np.nan, np.nan, 50, np.nan, np.nan])


def test_medications_without_dose_and_reason():
    table = pd.DataFrame(
        {"subject_id": ["a"], "drug": ["x"], "drug_class": ["biologic"], "start_day": [1.0]}
    )
    with pytest.raises(CarstatsError, match="`medications` lacks the columns 'stop_day'"):
        judge_treatment(["a"], [168], ["SLE"], table)
    assert one(judge_treatment(["a"], [168], "SLE", table.assign(stop_day=9)).drug_free) is True


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": "loose"}, "`variant` is 'loose'; allowed: 'strict', 'standard', 'lenient'"),
        ({"look_back": -1}, "`look_back` is -1"),
        ({"day": None}, "`subject` or `day` is missing"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(CarstatsError, match=message):
        judge(**options)


def test_an_episode_cannot_stop_before_it_starts():
    with pytest.raises(CarstatsError, match="episode 0 stops before it starts"):
        judge(prednisone(10, 5, 5))


def test_ten_thousand_subjects_equal_a_loop():
    rng = np.random.default_rng(3)
    subjects, visits = 10_000, 4
    n = 30_000
    start = rng.integers(-200, 300, n).astype(float)
    table = pd.DataFrame(
        {
            "subject_id": rng.integers(0, subjects, n),
            "drug": "x",
            "drug_class": rng.choice(["glucocorticoid", "biologic", "antimalarial"], n),
            "start_day": np.where(rng.random(n) < 0.1, np.nan, start),
            "stop_day": np.where(rng.random(n) < 0.1, np.nan, start + rng.integers(0, 90, n)),
            "prednisone_equivalent_mg": rng.choice([2.5, 5.0, 10.0], n),
            "reason": "background",
        }
    )
    subject = np.repeat(np.arange(subjects), visits)
    day = np.tile([28, 84, 168, 252], subjects)
    fast = judge_treatment(subject, day, "SLE", table, variant="lenient")
    for s in range(100):
        rows = table[table["subject_id"] == s].fillna({"start_day": -1e4, "stop_day": 1e4})
        for v in range(visits):
            days = np.arange(day[v] - 28, day[v] + 1)
            runs = (rows["start_day"].to_numpy()[:, None] <= days) & (
                days <= rows["stop_day"].to_numpy()[:, None]
            )
            steroid = (rows["drug_class"] == "glucocorticoid").to_numpy()
            dose = rows["prednisone_equivalent_mg"].to_numpy()[steroid] @ runs[steroid]
            biologic = runs[(rows["drug_class"] == "biologic").to_numpy()].any()
            place = visits * s + v
            assert bool(fast.steroid_free[place]) is bool((dose <= 5).all())
            assert bool(fast.immunosuppressant_free[place]) is not bool(biologic)
            assert fast.prednisone_mg[place] == dose[-1]
