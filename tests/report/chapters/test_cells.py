"""The chapter of the cells: what it shows, and what it says where nothing was sampled."""

import carstats as cs
from carstats.report.chapters.blocks import FigureBlock, Paragraph, TableBlock
from carstats.report.chapters.cells import cells
from carstats.report.chapters.context import Context
from tests.kinetics.tiny import sampled

PROFILES = ["0:<50 7:8000 10:40000 28:1250 60:<50", "0:<50 7:100 10:300 28:60 90:<50"]


def blocks(**columns):
    return cells(Context(sampled(PROFILES, cohort=False, **columns)))


def test_profiles_parameters_and_persistence():
    found = blocks()
    assert [type(b) for b in found if not isinstance(b, Paragraph)][1:] == [
        FigureBlock, TableBlock, FigureBlock,
    ]  # fmt: skip
    told = " ".join(b.text for b in found if isinstance(b, Paragraph))
    assert "fell below it by a day between 28 and 60" in told
    figure = next(b for b in found if isinstance(b, FigureBlock))
    # The geometric mean of 40,000 and 300 is 3,464.
    assert figure.message == "Geometric mean of the peaks 3,460 copies/µg DNA in 2"


def test_a_study_without_samples_says_so():
    study = cs.simulate_study(seed=3, n=12)
    rows = study.assessments[study.assessments["measure"] != "CAR_transgene"]
    study = cs.Study(subjects=study.subjects, assessments=rows)
    (only,) = cells(Context(study))
    assert "did not collect samples of the engineered cells" in only.text
