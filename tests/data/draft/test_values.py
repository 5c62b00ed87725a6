"""Values: the nearest term of each, and that nothing wrong goes without a mark."""

import pytest

from carstats.data.draft.values import meaning
from tests.data.draft.benchmark import HERE, SHARED, judged, rows_of


def judge(row):
    found = meaning(row["column"], row["value"])
    return found.term in (row["term"], row["term"].removeprefix("+")), found.sure


@pytest.mark.parametrize(
    "path", [HERE / "values_sample.csv", HERE / "values_further.csv", SHARED / "values_open.csv"]
)
def test_at_least_85_per_cent_are_right_and_none_is_wrong_without_a_mark(path):
    counts = judged(rows_of(path), judge, "value")
    assert counts.wrong == []
    assert counts.right >= 0.85 * counts.n


@pytest.mark.parametrize(
    ("column", "value", "term"),
    [
        ("subjects.disease", "狼疮性肾炎", "SLE"),
        ("subjects.disease", "皮肌炎", "IIM"),
        ("subjects.disease", "复发难治性 SLE（LN IV型）", "SLE"),
        ("subjects.disease", "M32.102", "SLE"),
        ("subjects.target", "CD19 & BCMA", "CD19+BCMA"),
        ("toxicities.term", "Neutrophil count decreased", "neutropenia"),
        ("toxicities.term", "Upper respiratory tract infection", "infection"),
        ("toxicities.grade", "Ⅲ度骨髓抑制", "3"),
        ("subjects.sex", "1. Male", "M"),
        ("medications.drug_class", "醋酸泼尼松片", "glucocorticoid"),
    ],
)
def test_a_value_finds_its_term(column, value, term):
    found = meaning(column, value)
    assert (found.term, found.sure) == (term, True)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("subjects.disease", "DM"),
        ("subjects.disease", "SLE/SS重叠"),
        ("toxicities.grade", "≥3级"),
        ("toxicities.grade", "1～2级"),
        ("responses.response", "PR"),
        ("events.status", "1"),
        ("subjects.disease_subtype", "LN-"),
    ],
)
def test_what_may_be_two_things_is_marked_or_right(column, value):
    found = meaning(column, value)
    assert not found.sure or (value, found.term) == ("LN-", "non-renal")


def test_a_name_is_no_term():
    assert meaning("subjects.disease", "张三").term == ""
