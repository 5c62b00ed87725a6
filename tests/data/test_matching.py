"""Names are matched loosely, codes strictly: no sign is ever lost."""

import pytest

from carstats.data.check import read_flag
from carstats.data.likeness import like_table, near_names
from carstats.data.matching import code_key, find_name, is_grade_range, nearest, read_grade
from carstats.data.vocabulary import Vocabulary, folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Last contact-day", "last_contact_day"),
        ("ＳＬＥＤＡＩ－２Ｋ", "sledai 2k"),
        ("IL‑6", "il6"),
        ("\ufeffgra\u200bde", "grade"),
        ("life threatening", "Life-threatening"),
        ("Crohn’s", "crohns"),
    ],
)
def test_names_alike(one, other):
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("-1", "1"), ("−1", "1"), ("1-2", "12"), ("1 2", "12"), ("CD19-", "CD19"), ("-", "")],
)
def test_names_that_are_two(one, other):
    assert folded(one) != folded(other)
    assert code_key(one) != code_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (" Y ", "y"),
        ("１", "1"),
        ("1.0", "1"),
        ("SLE 合并 LN", "sle合并ln"),
        ("−3", "-3"),
        ("Adverse  Events", "adverse events"),
        ("ae\u200b", "ae"),
    ],
)
def test_codes_alike(one, other):
    assert code_key(one) == code_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("adverse-events", "adverse events"), ("a_b", "ab"), ("01", "1"), ("I-II", "iii")],
)
def test_codes_that_are_two(one, other):
    assert code_key(one) != code_key(other)


@pytest.mark.parametrize(
    ("cell", "grade"),
    [("2", 2), ("2.0", 2), ("Ⅱ级", 2), ("Grade II", 2), ("CTCAE 3级", 3), ("无", 0), ("0级", 0)],
)
def test_grades(cell, grade):
    assert read_grade(cell) == grade


@pytest.mark.parametrize(
    "cell",
    ["-3", "−3", "- 3", "＋3", "I-II", "1-2", "2~3", "1–2级", "6", "3+", "≥3", "2.5", "Grade-"],
)
def test_no_grades(cell):
    assert read_grade(cell) is None


@pytest.mark.parametrize(
    ("cell", "is_range"),
    [
        ("I-II", True), ("Ⅰ-Ⅱ级", True), ("1~2", True), ("2–3级", True), ("1至2级", True),
        ("grade 1-2", True), ("1/2", True), ("-3", False), ("3", False), ("severe", False),
    ],
)  # fmt: skip
def test_ranges_of_grades(cell, is_range):
    assert is_grade_range(cell) is is_range


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (1, True), (1.0, True), ("1.0", True), ("Ｙ", True), ("Checked", True), ("是", True),
        (0, False), ("0.0", False), ("Unchecked", False), ("无", False),
        (-1, None), (-1.0, None), ("-1", None), ("−1", None), ("1-", None), ("2", None),
    ],
)  # fmt: skip
def test_flags(cell, said):
    assert read_flag(cell) is said


def test_a_sign_is_part_of_a_term():
    vocabulary = Vocabulary().extended(disease=["1"])
    assert vocabulary.canonical("disease", " 1 ") == "1"
    assert vocabulary.canonical("disease", "-1") is None
    assert vocabulary.canonical("target", "CD19-") is None
    assert vocabulary.canonical("target", "cd-19") == "CD19"


def test_a_heading_is_found_whatever_its_spelling():
    assert find_name("Grade", ["grade", "Grade"]) == ["Grade"]
    assert find_name("GRADE", ["grade", "g"]) == ["grade"]
    assert find_name("gra-de", ["grade", "Grade"]) == ["grade", "Grade"]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("death_days", "death_day"), ("cut_off_days", "cutoff_day"), ("grades", "grade"),
        ("death_date", None), ("dose2", None), ("ecog", None), ("visit_1", None),
    ],
)  # fmt: skip
def test_nearest(name, near):
    assert nearest(name, ["death_day", "cutoff_day", "grade", "dose", "visit", "age"]) == near


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("Toxicity", "toxicities"), ("Events (2)", "events"), ("AE", "toxicities"),
        ("不良事件", "toxicities"), ("subjects_final_v2", "subjects"), ("Reponses", "responses"),
        ("events - Kopie", "events"), ("labs 2024-05-01", "assessments"),
        ("Notes", None), ("Sheet1", None), ("(1)", None), ("dictionary", None),
    ],
)  # fmt: skip
def test_names_that_look_like_a_table(name, table):
    assert like_table(name) == table


def test_a_column_that_is_there_is_not_looked_for():
    assert near_names("toxicities", ["subject_id", "grades"]) == {"grades": "grade"}
    assert near_names("toxicities", ["subject_id", "grade", "grades"]) == {}
