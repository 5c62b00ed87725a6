"""The chapter of harm: what it shows, and what it says where a study lacks it."""

import pandas as pd

from carstats.report.chapters.blocks import FigureBlock, Heading, Paragraph, TableBlock
from carstats.report.chapters.context import context_of
from carstats.report.chapters.harm import harm
from tests.report.chapters.small import small_study


def drugs(*rows):
    """Return medications from rows of subject, class, first and last day, reason."""
    names = ["subject_id", "drug_class", "start_day", "stop_day", "reason"]
    table = pd.DataFrame(rows, columns=names).astype({"start_day": float, "stop_day": float})
    return table.assign(drug=table["drug_class"], subject_id="P-" + table["subject_id"])


def told(blocks):
    return " ".join(b.text for b in blocks if isinstance(b, Paragraph)).replace("\u00a0", " ")


def test_a_study_that_has_all_of_it():
    study = small_study()
    infection = study.toxicities.assign(
        term="infection", organism=["CMV", "Escherichia coli"], serious=[True, False],
        grading_scale="CTCAE v5", onset_day=40.0,
    )  # fmt: skip
    given = drugs(
        ("a", "hospital stay", -5, 12, None),
        ("b", "intensive care", 3, 5, "toxicity"),
        ("b", "tocilizumab", 2, 2, "toxicity"),
        ("a", "immunoglobulin", 60, 300, "replacement"),
    )
    records = pd.concat([study.toxicities, infection], ignore_index=True)
    blocks = harm(context_of(small_study(toxicities=records, medications=given)))
    # Deaths, infections by target, replacement, hospital, intensive care, treatment.
    assert sum(isinstance(b, TableBlock) for b in blocks) == 6
    figure = [b for b in blocks if isinstance(b, FigureBlock)][-1]
    # Both are serious: one is said to be, the other of grade 3. Years: 401, 401, 401 and 201 days.
    assert figure.message == "Serious infections: 2 in 2/4, 52.0 per 100 person-years"
    text = told(blocks)
    assert "1/4 died, 25 % (1–81), in 3.8 person-years (median follow-up 13.1 months)." in text
    assert "No second malignancy was recorded in 3.8 person-years" in text
    assert "none only if they were asked for" in text


def test_what_a_study_lacks_is_said():
    study = small_study(toxicities=None)
    text = told(harm(context_of(study)))
    assert "did not collect toxicities" in text
    assert "did not collect the organisms of infections" in text
    assert "did not collect medications" in text
    assert "did not collect days in hospital" in text
    bare = small_study(subjects=study.subjects.drop(columns="death_day"))
    assert "did not collect days of death" in told(harm(context_of(bare)))


def test_no_heading_stands_over_nothing():
    for study in (small_study(), small_study(toxicities=None, events=None)):
        blocks = harm(context_of(study))
        pairs = zip(blocks, [*blocks[1:], Heading("")], strict=True)
        assert not any(isinstance(a, Heading) and isinstance(b, Heading) for a, b in pairs)
