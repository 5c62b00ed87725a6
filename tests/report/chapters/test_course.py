"""The dose of glucocorticoid on a day, worked by hand."""

import pandas as pd

from carstats.report.chapters.blocks import FigureBlock
from carstats.report.chapters.context import context_of
from carstats.report.chapters.course import course, daily_dose
from tests.report.chapters.small import small_study

STEROIDS = pd.DataFrame(
    {
        "subject_id": ["P-a", "P-a", "P-b", "P-c"],
        "drug": "prednisone",
        "drug_class": "glucocorticoid",
        "start_day": [-30.0, 0.0, None, -5.0],
        "stop_day": [27.0, 60.0, None, 14.0],
        "prednisone_equivalent_mg": [20.0, 5.0, None, 10.0],
    }
)


def test_the_dose_of_a_day_is_the_sum_of_what_runs_then():
    subjects = small_study().subjects
    found = daily_dose(subjects, STEROIDS, (0.0, 28.0, 300.0))
    dose = {(row.subject_id, row.day): row.value for row in found.itertuples()}
    assert dose["P-a", 0.0] == 25.0
    # The first ended the day before; of P-b the dose is not known; P-d takes none.
    assert dose["P-a", 28.0] == 5.0
    assert dose["P-c", 28.0] == 0.0
    assert ("P-b", 28.0) not in dose
    assert dose["P-d", 28.0] == 0.0
    # Nobody is asked about a day after the last contact.
    assert ("P-d", 300.0) not in dose


def test_the_chapter_draws_what_the_study_has():
    blocks = course(context_of(small_study(medications=STEROIDS)))
    (figure,) = [block for block in blocks if isinstance(block, FigureBlock)]
    assert figure.name == "course_glucocorticoid_dose"
    # Of three with a value at week 24, P-a, P-c and P-d, all take none.
    assert figure.message.replace("\u00a0", " ").endswith("at week 24: 3/3 below 5")
    text = "\n".join(block.text for block in blocks if hasattr(block, "text"))
    assert "did not collect: B cells, IgG and autoantibodies" in text
    without = course(context_of(small_study()))
    assert "did not collect medications" in "\n".join(b.text for b in without)
