"""The vocabulary, the catalogue of endpoints and the estimands in Chinese."""

from __future__ import annotations

import dataclasses
import io
import re

import pandas as pd
import pytest
from typer.testing import CliRunner

import carstats as cs
from carstats.data.schema import TABLES
from carstats.data.terms import DEATH_CAUSES, SUBTYPES, SYSTEMS, UNITS
from carstats.data.vocabulary import CATEGORIES, Vocabulary, column_name
from carstats.endpoints.catalogue import catalogue_in_markdown
from carstats.endpoints.derive.estimand import EVENT_ENDPOINTS, RESPONSE_ENDPOINTS
from carstats.endpoints.derive.flares import RELAPSE_RULES
from carstats.endpoints.derive.intercurrent import KINDS as MEDICATIONS
from carstats.endpoints.derive.time_to_event import COMPONENTS
from carstats.endpoints.record.declaring import KINDS, STATUSES
from carstats.endpoints.rules.toxicity.infections import CLASSES
from carstats.report.tables import tabulate_baseline
from carstats.run.cli import app
from carstats.translation import current_language, in_words, tr
from tests.endpoints.tiny_study import one

CHINESE = re.compile(r"[\u3400-\u9fff]")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
# What Chinese readers call by its letters alone.
LETTERS = {
    *("CD19", "BCMA", "CD19+BCMA", "CD20", "CD19+CD20", "CAR-T", "CAR-NK", "CAR-Treg", "CAAR-T"),
    *("SLEDAI-2K", "DAS28-CRP", "ESSDAI"),
}
# A word of four small letters is English; names of instruments, papers and trials are not.
ENGLISH = re.compile(r"(?<![A-Za-z-])[a-z]{4,}")
KEPT = {"carstats"}


@pytest.fixture
def chinese():
    with cs.in_language("zh"):
        yield


@pytest.fixture(scope="module")
def bare():
    return dataclasses.replace(
        cs.simulate_study(21, 60), events=None, responses=None, toxicities=None
    )


def terms():
    vocabulary = Vocabulary()
    return [
        pytest.param(category, term, id=f"{category}-{term.name}")
        for category in CATEGORIES
        for term in getattr(vocabulary, category)
    ]


def printed(category, name, vocabulary=None):
    return in_words((vocabulary or Vocabulary()).label(category, name))


def english_words(text):
    return sorted(set(ENGLISH.findall(text)) - KEPT)


# --- the vocabulary -------------------------------------------------------------------------------


@pytest.mark.parametrize(("category", "term"), terms())
def test_every_term_has_a_chinese_label(chinese, category, term):
    label = printed(category, term.name)
    if term.label in LETTERS:
        assert label == term.label
    else:
        assert CHINESE.search(label)
        assert english_words(label) == []
        assert not re.search(r"[()]|[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", label)


def test_letters_that_stay_are_labels():
    vocabulary = Vocabulary()
    labels = {t.label for category in CATEGORIES for t in getattr(vocabulary, category)}
    assert labels >= LETTERS


@pytest.mark.parametrize(
    ("category", "name", "label"),
    [
        ("disease", "SLE", "系统性红斑狼疮"),
        ("disease", "IIM", "特发性炎性肌病"),
        ("disease", "SSc", "系统性硬化症"),
        ("disease", "MG", "重症肌无力"),
        ("toxicity", "CRS", "细胞因子释放综合征"),
        ("toxicity", "ICANS", "免疫效应细胞相关神经毒性综合征"),
        ("toxicity", "hypogammaglobulinaemia", "低丙种球蛋白血症"),
        ("endpoint", "drug_free_remission", "无药缓解"),
        ("disease", "NMOSD", "视神经脊髓炎谱系疾病"),
        ("toxicity", "ICAHT", "免疫效应细胞相关血液毒性"),
        ("toxicity", "LICATS", "局部免疫效应细胞相关毒性综合征"),
        ("endpoint", "relapse_free_survival", "至复发或死亡时间"),
        ("drug_class", "lymphodepletion", "清淋"),
    ],
)
def test_terms_of_the_field(category, name, label):
    assert printed(category, name) != label
    with cs.in_language("zh"):
        assert printed(category, name) == label
    assert current_language() == "en"


def test_lupus_nephritis_is_a_subtype(chinese):
    assert "lupus nephritis" in SUBTYPES
    assert tr("lupus nephritis") == "狼疮性肾炎"


def test_subtypes_print_in_the_language_that_is_set():
    cohort = cs.define_cohort(
        cs.simulate_study(21, 60), cs.infused(), cs.where("disease_subtype", list(SUBTYPES[:2]))
    )
    rate = cs.response_rate(cohort, "response", at=168, by="disease_subtype")
    table = cs.baseline_table(cohort)
    assert [rate.label(key) for key, _ in rate.strata()] == ["lupus nephritis", "non-renal"]
    with cs.in_language("zh"):
        assert [rate.label(key) for key, _ in rate.strata()] == ["狼疮性肾炎", "无肾脏受累"]
        assert "狼疮性肾炎" in str(tabulate_baseline(table))
    assert "lupus nephritis" in str(tabulate_baseline(table))


def test_chinese_labels_tell_the_terms_of_a_category_apart(chinese):
    vocabulary = Vocabulary()
    for category in CATEGORIES:
        labels = [printed(category, name) for name in vocabulary.names(category)]
        assert len(set(labels)) == len(labels), category


def test_a_label_in_chinese_is_no_spelling_of_another_term():
    vocabulary = Vocabulary()
    for category in CATEGORIES:
        for name in vocabulary.names(category):
            with cs.in_language("zh"):
                label = printed(category, name)
            assert vocabulary.canonical(category, label) in (name, None)


@pytest.mark.parametrize(
    "words",
    [SYSTEMS, SUBTYPES, DEATH_CAUSES, UNITS, KINDS, STATUSES, MEDICATIONS, COMPONENTS, CLASSES],
)
def test_words_of_the_tables_are_translated(chinese, words):
    for word in words:
        assert CHINESE.search(tr(word)), word


def test_words_of_the_tables_cover_the_synthetic_study(bare):
    given = cs.simulate_study(21, 240)
    assert set(given.toxicities["system"].dropna()) <= set(SYSTEMS)
    assert set(given.subjects["disease_subtype"].dropna()) <= set(SUBTYPES)
    assert set(given.subjects["death_cause"].dropna()) <= set(DEATH_CAUSES)
    units = {term.group for term in Vocabulary().measure if re.search("[a-z]{4}", term.group)}
    assert units == set(UNITS)
    assert {term.group for term in Vocabulary().toxicity} <= set(SYSTEMS)
    derived = cs.derive(bare).events
    assert {*derived["cause"].dropna(), *derived["component"].dropna()} <= set(COMPONENTS)
    assert set(given.events["cause"].dropna()) <= set(COMPONENTS)


def test_columns_of_the_subjects_have_chinese_names(chinese):
    for column in TABLES["subjects"].names():
        if column != "subject_id":
            assert CHINESE.search(in_words(column_name(column))), column


def test_a_study_s_own_label_is_printed_as_given(chinese):
    longer = Vocabulary().extended(toxicity=["dermatologic_event"], disease=["Behçet"])
    assert printed("toxicity", "dermatologic_event", longer) == "Dermatologic event"
    assert printed("disease", "Behçet", longer) == "Behçet"


def test_labels_print_as_words():
    """A name in capitals or with underscores is no label, but for an abbreviation of the field."""
    vocabulary = Vocabulary()
    for category in CATEGORIES:
        for term in getattr(vocabulary, category):
            assert "_" not in term.label
            assert not term.label[0].islower() or term.label == "mRSS"
            assert not re.search(r"\b(dna|igg|crs|sle)\b", term.label)


# --- the catalogue of endpoints -------------------------------------------------------------------


def catalogues():
    """Return the catalogue as it is, and its words in Chinese."""
    english = cs.endpoint_catalogue()
    with cs.in_language("zh"):
        pd.testing.assert_frame_equal(cs.endpoint_catalogue(), english)
        told = {c: english[c].map(in_words) for c in ("definition", "thresholds")}
    return english, english.assign(**told)


def test_catalogue_prints_in_chinese():
    english, chinese = catalogues()
    same = ["name", "disease", "kind", "source", "doi", "status", "function"]
    pd.testing.assert_frame_equal(english[same], chinese[same])
    for column in ("definition", "thresholds"):
        for before, after in zip(english[column], chinese[column], strict=True):
            # The settings of a rule are names alone.
            assert CHINESE.search(after) or re.fullmatch(r"[\w='.；（）、 ]+", after), before
            assert set(english_words(after)) <= set(english_words(" ".join(english["name"]))) | {
                word for word in english_words(before) if "=" in before
            }, after


def test_catalogue_in_chinese_keeps_every_number():
    english, chinese = catalogues()
    for column in ("definition", "thresholds"):
        for before, after in zip(english[column], chinese[column], strict=True):
            lost = set(NUMBER.findall(before)) - set(NUMBER.findall(after))
            assert not lost, f"{before} | {after}: without {lost}"


def test_catalogue_in_chinese_has_full_width_punctuation():
    for text in pd.concat([catalogues()[1]["definition"], catalogues()[1]["thresholds"]]):
        assert not re.search(r"[\u4e00-\u9fff][,;:]|[;:] |[()]", text.replace("ln(CRP + 1)", ""))


@pytest.mark.parametrize(
    ("name", "definition"),
    [
        ("DORIS", ("临床 SLEDAI 为 0", "PGA <0.5", "泼尼松 ≤5 mg/d")),
        ("CRR", ("UPCR <0.5 g/g", "eGFR ≥90", "不超过 10%")),
        ("KDIGO_PR", ("<3 g/g", "85%")),
        ("mRSS_progression", ("超过 5 分", "至少 25%")),
        ("ICAHT_early", ("≤500/μL 持续 1～6 天为 1 级", "≥14 天为 3 级", "达 14 天为 4 级")),
        ("neutropenia", ("<1.5 为 2 级", "<1.0 为 3 级", "<0.5 为 4 级")),
    ],
)
def test_catalogue_in_chinese_has_the_thresholds(name, definition):
    table = catalogues()[1].set_index("name")
    for part in definition:
        assert part in table.loc[name, "definition"]


def test_markdown_in_chinese(chinese):
    head, _, *rows = in_words(catalogue_in_markdown()).splitlines()
    assert head == "| 名称 | 疾病 | 类别 | 定义 | 界值 | 来源 | 核对状态 | 函数 |"
    doris = next(row for row in rows if row.startswith("| `DORIS` |"))
    assert "| 系统性红斑狼疮 | 应答 | 临床 SLEDAI 为 0" in doris
    assert "| 已核实 | `rules.lupus.sle.doris_2021` |" in doris
    assert all(row.count(" | ") == head.count(" | ") for row in rows)


# --- estimands and notes --------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", [*EVENT_ENDPOINTS, *RESPONSE_ENDPOINTS])
def test_estimands_in_chinese(endpoint):
    english = str(cs.estimand_of(endpoint))
    with cs.in_language("zh"):
        text = str(cs.estimand_of(endpoint))
        label = printed("endpoint", endpoint)
    heads = [line.partition("：")[0] for line in text.splitlines()]
    assert heads == ["人群", "治疗", "变量", "伴发事件", "群体层面汇总"]
    assert text.splitlines()[2].startswith(f"变量：{label}")
    assert english_words(text) == []
    assert set(NUMBER.findall(english)) <= set(NUMBER.findall(text)) | set(NUMBER.findall(endpoint))


def test_estimand_keeps_the_names_that_code_compares(chinese):
    found = cs.estimand_of("relapse")
    assert dict(found.strategies)["reinfusion"] == "competing"
    assert "再次输注：作为竞争事件" in str(found)
    chosen = cs.estimand_of(
        "relapse",
        strategies=cs.Strategies(relapse_rescue="hypothetical"),
        rules=cs.Rules(relapse="loss of response", response="DORIS"),
    )
    assert "补救治疗：假想策略" in str(chosen)
    assert "复发按应答丧失判定，且须发生在首次达到“DORIS 缓解”之后。" in str(chosen)


def test_relapse_rules_are_translated(chinese):
    for words in RELAPSE_RULES.values():
        assert CHINESE.search(tr(words))
        assert english_words(tr(words)) == []
        assert set(NUMBER.findall(words)) <= set(NUMBER.findall(tr(words)))


def test_estimands_of_results_print_in_either_language(bare):
    cohort = cs.define_cohort(cs.derive(bare), cs.infused())
    curve = cs.survival_curve(cohort, "relapse_free_survival")
    strict = cs.response_rate(cohort, "drug_free_remission_strict", at=168)
    rate = cs.cumulative_incidence(cohort, "relapse", by="disease")
    assert curve.spec.estimand == str(cs.estimand_of("relapse_free_survival"))
    assert "Intercurrent events" in repr(strict)
    with cs.in_language("zh"):
        assert in_words(curve.spec.estimand) == str(cs.estimand_of("relapse_free_survival"))
        assert in_words(curve.spec.estimand).startswith("人群：全部已输注受试者（mITT）")
        assert "变量：无药缓解（严格标准）" in repr(strict)
        assert "伴发事件" in strict._repr_html_()
        assert "变量：复发：自输注起计" in repr(rate)


def test_a_rate_of_two_endpoints_carries_both_estimands(bare):
    cohort = cs.define_cohort(cs.derive(bare), cs.infused())
    both = cs.response_rate(cohort, ["SRI-4", "DORIS"], at=168)
    assert both.spec.endpoints == ("SRI-4", "DORIS")
    texts = [cohort.study.estimands[name] for name in ("SRI-4", "DORIS")]
    assert both.spec.estimand == "\n\n".join(texts)
    assert both.spec.to_dict()["endpoints"] == ["SRI-4", "DORIS"]
    with cs.in_language("zh"):
        assert re.findall("变量：(.*)", repr(both)) == ["SRI-4 应答", "DORIS 缓解"]


def analyses(cohort):
    """Return the endpoint whose estimand each result carries, by analysis."""
    names = {text: name for name, text in cohort.study.estimands.items()}
    results = {
        "curve": cs.survival_curve(cohort, "relapse_free_survival"),
        "incidence": cs.cumulative_incidence(cohort, "relapse", by="target"),
        "landmark": cs.landmark_comparison(
            cohort, "relapse", response="drug_free_remission", landmark=168, competing="censor"
        ),
        "exposure": cs.response_exposure(cohort, "relapse_free_survival"),
        "rate": cs.response_rate(cohort, "drug_free_remission_lenient", at=168),
        "sustained": cs.sustained_response_rate(cohort, "drug_free_remission"),
        "best": cs.best_response_rate(cohort, "response"),
        "timing": cs.time_to_response(cohort, "response"),
        "recovery": cs.time_to_recovery(cohort, "igg_recovery"),
        "categories": cs.response_categories(cohort),
        "score": cs.score_change(cohort, "SLEDAI-2K", at=168),
        "toxicity": cs.toxicity_rate(cohort, "anaemia"),
        "timelines": cs.subject_timelines(cohort),
        "baseline": cs.baseline_table(cohort),
    }
    return {name: names.get(result.spec.estimand) for name, result in results.items()}


def test_results_carry_the_same_estimand_in_both_languages():
    bare = dataclasses.replace(cs.simulate_study(21, 120), events=None, responses=None)
    english = analyses(cs.define_cohort(cs.derive(bare), cs.infused()))
    with cs.in_language("zh"):
        chinese = analyses(cs.define_cohort(cs.derive(bare), cs.infused()))
    assert chinese == english
    assert english == {
        "curve": "relapse_free_survival",
        "incidence": "relapse",
        "landmark": "relapse",
        "exposure": "relapse_free_survival",
        "rate": "drug_free_remission_lenient",
        "sustained": "drug_free_remission",
        "best": "response",
        "timing": "time_to_response",
        "recovery": "igg_recovery",
        **dict.fromkeys(["categories", "score", "toxicity", "timelines", "baseline"]),
    }


def test_notes_of_a_derivation_in_chinese(bare):
    seen = ["SLEDAI-2K", "PGA", "UPCR", "eGFR", "neutrophils", "haemoglobin", "IgG"]
    lacking = bare.assessments[bare.assessments["measure"].isin(seen)]
    made = cs.derive(dataclasses.replace(bare, assessments=lacking)).notes
    with cs.in_language("zh"):
        notes = [in_words(note) for note in made]
    assert len(notes) > 3
    said = "\n".join(notes)
    # A label that holds the name of its term is not followed by it.
    assert re.search("未推导终点“ACR-CRISS 应答(（CRISS）)?”", said)
    assert "医师总体疾病活动度（physician_global）" in said
    assert re.search(r"……（共 \d+ 项）", said)
    assert "贫血（anaemia）" in said
    assert all(CHINESE.search(note) for note in notes)


def test_a_baseline_after_lymphodepletion_is_noted_in_chinese(chinese):
    study = one({28: 8.0}, baseline=None, extra=[(-2.0, "MG-ADL", 9.0)])
    notes = [in_words(note) for note in cs.derive(study).notes]
    assert "重症肌无力日常生活活动评分（MG-ADL）：1 例受试者的基线值取自清淋开始之后。" in notes


def test_a_disease_without_a_rule_is_noted_in_chinese(chinese, bare):
    subjects = bare.subjects.assign(disease="IgG4-RD")
    notes = map(in_words, cs.derive(dataclasses.replace(bare, subjects=subjects)).notes)
    line = "IgG4 相关性疾病（IgG4-RD）：carstats 没有该疾病的应答规则，因此不判定复发。"
    assert line in notes


# --- the command line -----------------------------------------------------------------------------


def test_command_lists_endpoints_in_chinese():
    result = CliRunner().invoke(app, ["endpoints", "--disease", "SLE", "--lang", "zh"])
    assert result.exit_code == 0
    assert "DORIS（系统性红斑狼疮，应答，已核实）" in result.output
    assert "relapse（不限疾病，至事件时间，自定规则）" in result.output
    assert (
        "  界值：糖皮质激素（泼尼松当量）≤5.0 mg/d；PGA <0.5。来源：van Vollenhoven"
        in result.output
    )
    assert current_language() == "en"


def test_command_prints_the_chinese_catalogue_as_csv():
    result = CliRunner().invoke(app, ["endpoints", "--csv", "--lang", "zh"])
    table = pd.read_csv(io.StringIO(result.output), keep_default_na=False)
    pd.testing.assert_frame_equal(table, catalogues()[1])


@pytest.mark.parametrize("command", [["endpoints"], ["check", "."]])
def test_command_names_an_unknown_language(command):
    result = CliRunner().invoke(app, [*command, "--lang", "fr"])
    assert result.exit_code == 2
    assert "`language` is 'fr'" in result.output


def test_check_says_in_chinese_what_was_read_and_derived(tmp_path, bare):
    cs.write_study(bare, tmp_path)
    result = CliRunner().invoke(app, ["check", str(tmp_path), "--derive", "--lang", "zh"])
    assert result.exit_code == 0, result.output
    assert "：读取无误。" in result.output
    assert re.search(r"  subjects +60 行 +60 例受试者", result.output)
    assert "  疾病：系统性红斑狼疮 " in result.output
    assert "  细胞来源：自体 " in result.output
    assert "  事件终点：复发、至复发或死亡时间、" in result.output
    assert "  应答终点：缓解、应答、无药缓解、" in result.output
    assert "  说明：未推导终点“" in result.output
    assert current_language() == "en"


def test_language_of_a_command_can_come_from_the_environment():
    result = CliRunner().invoke(app, ["endpoints"], env={"CARSTATS_LANGUAGE": "zh"})
    assert "已核实" in result.output
