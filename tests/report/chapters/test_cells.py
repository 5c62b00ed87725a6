"""The chapter of the cells: what it shows, and what it says where nothing was sampled."""

import carstats as cs
from carstats.report.chapters.blocks import FigureBlock, Heading, Paragraph, TableBlock
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
    first, *rest = cells(Context(study))
    assert "did not collect samples of the engineered cells" in first.text
    heads = [b.text for b in rest if isinstance(b, Heading)]
    assert "How long B cells are gone" in heads


def test_b_cells_exposures_and_their_return():
    study = cs.simulate_study(seed=3, n=60)
    found = cells(Context(study))
    heads = [b.text for b in found if isinstance(b, Heading)]
    assert heads[-3:] == [
        "Exposure and outcome", "How long B cells are gone", "Return of B cells and relapse",
    ]  # fmt: skip
    told = " ".join(b.text for b in found if isinstance(b, Paragraph))
    assert "B cells fell below 10\u00a0per µL in" in told
    assert "After the return of B cells" in told or "too few to tell" in told
    tables = [b.table for b in found if isinstance(b, TableBlock)]
    rows = {row.cells[0] for row in tables[-2].rows}
    assert {"Cmax of CAR transgene", "Cell dose", "Cell dose by weight"} <= rows
    text = " ".join(map(str, tables[-2].notes))
    assert text.count("of several products") == 1
    assert "syn19" not in text + " ".join(map(str, tables[-2].marked))


def test_few_relapses_are_said_to_be_few():
    study = cs.simulate_study(seed=3, n=12)
    told = " ".join(b.text for b in cells(Context(study)) if isinstance(b, Paragraph))
    assert "too few to tell whether they come after the return" in told
