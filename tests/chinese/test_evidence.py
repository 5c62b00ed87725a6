"""Cohorts and the published evidence in Chinese: the words change, the numbers do not."""

import dataclasses
import re

import pytest
from pandas.testing import assert_frame_equal

import carstats as cs
from carstats.evidence.person_time import FLARE_RATES
from carstats.evidence.words import ENDPOINTS, WORDS
from carstats.language import in_language
from carstats.report import figures
from carstats.translation import tr
from carstats.words import in_words
from tests.cohort.test_cohort import six_subjects
from tests.evidence.test_evidence import table_of
from tests.report.test_figures_evidence import caption, fits, texts

TRIALS = cs.published_trials()
ASKED = {"outcome": "response", "endpoint_class": "remission"}
# Targets, indices, methods, a journal; names of trials come from the table.
NAMES = {
    "ACR", "ADL", "AIHA", "BCMA", "CAR", "Clopper", "DORIS", "EULAR", "EUSTAR", "Hao", "LLDAS",
    "Lupus", "Med", "MFR", "MGC", "MSE", "Pearson", "Poisson", "Sci", "SLE", "SLEDAI", "SRI",
    "TIS", "Treg", "Wald", "mITT", "CRP", "DAS", "EDSS", "ICAHT", "PDAI", "PGA", "SELENA",
}  # fmt: skip


@pytest.fixture
def chinese():
    with in_language("zh"):
        yield


def analyses():
    return [
        cs.trial_rate(TRIALS, **ASKED),
        cs.pooled_rate(TRIALS, **ASKED, by="target", conf_type="Wald"),
        cs.pooled_rate(TRIALS, **ASKED, model="Bayesian"),
        cs.pooled_regression(TRIALS, **ASKED, on="target", conf_type="Wald"),
        cs.leave_one_out(TRIALS, **ASKED, conf_type="Wald"),
        cs.pooled_sensitivity(TRIALS, **ASKED, conf_type="Wald"),
        cs.randomised_comparison(TRIALS, "response"),
        cs.trial_incidence(TRIALS),
        cs.pooled_incidence(TRIALS, by="disease"),
        cs.evidence_map(TRIALS),
        cs.report_overlap(TRIALS),
    ]


def english_words(text, *data):
    allowed = NAMES.union(*(re.findall("[A-Za-z]{3,}", str(value)) for value in data))
    return set(re.findall("[A-Za-z]{3,}", text)) - allowed


def test_results_say_the_same_in_chinese():
    english = [(result, result.caption()) for result in analyses()]
    with in_language("zh"):
        translated = [(result, result.caption()) for result in analyses()]
    methods = "Chan Fisher meta Miettinen Nurminen tau Zhang"
    for (plain, before), (result, after) in zip(english, translated, strict=True):
        assert_frame_equal(
            plain.frame.select_dtypes("number"), result.frame.select_dtypes("number")
        )
        names = [*TRIALS["first_author"], *result.frame.get("other_id", [])]
        with in_language("zh"):
            words = " ".join([after, *map(in_words, result.frame.get("note", []))])
        assert not english_words(words, *names, methods), words
        # The numbers of a caption are those of the English one, whatever their order.
        numbers = [sorted(re.findall(r"\d+(?:\.\d+)?", text)) for text in (before, after)]
        assert numbers[0] == numbers[1]


def test_a_caption_reads_as_chinese(chinese):
    result = cs.trial_rate(TRIALS, **ASKED)
    assert result.caption() == (
        "已发表试验：缓解。12 项试验，95 例受试者，每例仅计一次；另有 17 项试验未报告此计数。"
        "按报告的计数，Clopper–Pearson 95% 置信限。"
    )


def drawn():
    rates, pooled = cs.trial_rate(TRIALS, **ASKED), cs.pooled_rate(TRIALS, **ASKED)
    left = cs.leave_one_out(TRIALS, **ASKED, conf_type="Wald")
    pairs = cs.report_overlap(TRIALS)
    incidence = cs.trial_incidence(TRIALS), cs.pooled_incidence(TRIALS, by="disease")
    return {
        "trials": (figures.trials_figure({"Remission": rates}), rates),
        "pooled": (figures.pooled_figure({"Remission": (rates, pooled)}), rates),
        "leave one out": (figures.leave_one_out_figure(left), left),
        "map": (figures.evidence_map_figure(cs.evidence_map(TRIALS), width=85), left),
        "overlap": (figures.overlap_figure(pairs), pairs),
        "incidence": (figures.trial_incidence_figure(*incidence, FLARE_RATES), incidence[0]),
    }


def test_figures_have_no_english_words(chinese):
    for name, (figure, result) in drawn().items():
        fits(figure)
        columns = ("trial", "other_trial", "trials", "study_id", "other_id", "left_out")
        data = [value for c in columns if c in result.frame for value in result.frame[c]]
        written = [t.get_text() for t in figure.findobj(lambda a: hasattr(a, "get_text"))]
        left = english_words(" ".join([*written, figure.get_label()]), *data)
        assert not left, f"{name}: {left}"


def test_a_result_in_one_language_is_drawn_in_another():
    with in_language("zh"):
        result = cs.leave_one_out(table_of((3, 3), (8, 8), (5, 5)), "response")
    assert "homogeneity" in "".join(result.frame["note"])
    assert "Where homogeneity is assumed" in caption(figures.leave_one_out_figure(result))
    plain = cs.leave_one_out(table_of((3, 3), (8, 8), (5, 5)), "response")
    with in_language("zh"):
        figure = figures.leave_one_out_figure(plain)
    assert "假定同质时" in caption(figure)
    assert "无" in texts(figure)


def test_the_words_of_the_published_tables_are_translated(chinese):
    columns = ("outcome", "endpoint_class", "population", "basis", "valency")
    printed = {word for column in columns for word in TRIALS[column].dropna()}
    assert printed - {"LICATS"} <= set(WORDS)
    ours = TRIALS[TRIALS["outcome"].isin(["response", "relapse"])]
    abbreviated = {"DORIS", "LLDAS", "MFR", "MGC >=5", "SRI-4"}
    assert set(ours["endpoint"].dropna()) - abbreviated <= set(ENDPOINTS)
    assert not english_words(" ".join(map(tr, (*WORDS, *ENDPOINTS))), "CRS ICANS")


@pytest.mark.parametrize("figure", ["trials", "pooled", "incidence", "one out"])
def test_a_forest_without_room_is_refused_in_words(figure):
    rates, pooled = (f(TRIALS, **ASKED) for f in (cs.trial_rate, cs.pooled_rate))
    incidence = cs.trial_incidence(TRIALS), cs.pooled_incidence(TRIALS, by="disease")
    draw = {
        "trials": lambda: figures.trials_figure({"A": rates}, width=85),
        "pooled": lambda: figures.pooled_figure({"A": (rates, pooled)}, width=85),
        "incidence": lambda: figures.trial_incidence_figure(*incidence, [], width=85),
        "one out": lambda: figures.leave_one_out_figure(
            cs.leave_one_out(TRIALS, **ASKED, conf_type="Wald"), width=85
        ),
    }
    with pytest.raises(cs.CarstatsError, match="`width` is 85; the texts beside the data"):
        draw[figure]()


def test_criteria_print_in_chinese(chinese):
    criteria = [cs.infused(), cs.potential_followup(days=168), cs.with_disease("SLE", "MG")]
    criteria += [cs.aged(18), cs.has_baseline("SLEDAI-2K"), cs.where("region", ["N", "S"])]
    cohort = cs.define_cohort(six_subjects(), *criteria, label="队列甲")
    assert list(map(in_words, cohort.attrition["criterion"])) == [
        "全部受试者", "已输注", "潜在随访至少 168 天", "疾病为 SLE 或 MG", "年龄不小于 18 岁",
        "治疗前有 SLEDAI-2K", "region 为 N 或 S",
    ]  # fmt: skip
    assert cohort.flow().caption() == "受试者。1 例受试者（队列甲）。按所示顺序依次应用各项标准。"
    assert repr(cohort).splitlines()[0] == "队列 '队列甲'：6 例受试者中的 1 例"
    figure = figures.attrition_figure(cohort.flow(), cohort.flow(by="disease"))
    fits(figure)
    assert {"排除：2", "其中 1 例数值缺失"} <= set(texts(figure, "box"))
    english = english_words(" ".join([*texts(figure, "box"), figure.get_label()]), "region")
    assert not english


def test_baseline_says_yes_and_no_in_chinese(chinese):
    table = cs.baseline_table(cs.define_cohort(six_subjects()), variables=["infused"])
    assert {k: in_words(v) for k, v in table.labels["infused"].items()} == {"yes": "是", "no": "否"}
    assert set(table.frame["level"]) == {"yes", "no"}


def test_a_derived_endpoint_carries_its_estimand_in_chinese(chinese):
    bare = dataclasses.replace(cs.simulate_study(21, 20), events=None, responses=None)
    cohort = cs.define_cohort(cs.derive(bare), cs.infused())
    strict = cs.response_rate(cohort, "drug_free_remission_strict", at=168)
    assert "变量：无药缓解（严格标准）" in repr(strict)
    assert strict.spec.estimand == cohort.study.estimands["drug_free_remission_strict"]
    curve = cs.survival_curve(cohort, "relapse_free_survival")
    assert curve.spec.estimand == cohort.study.estimands["relapse_free_survival"]
    assert cs.toxicity_rate(cohort, "CRS", min_grade=1).spec.estimand == ""
