"""The chapter of antibodies: the map, the panel and the vaccine titres of what was measured."""

import pandas as pd

from carstats.report.chapters.blocks import FigureBlock, Heading, TableBlock
from carstats.report.chapters.context import context_of
from carstats.report.chapters.course.antibodies import antibodies, antibodies_more
from tests.report.chapters.small import small_study

ULN = "multiple of ULN"


def assessments():
    """Return titres: two with lupus lose anti-Sm or not, one with MG keeps its antibody."""
    rows = [
        ("P-a", -3, "anti-Sm", 4.0, ULN), ("P-a", 170, "anti-Sm", 0.5, ULN),
        ("P-b", -3, "anti-Sm", 8.0, ULN), ("P-b", 170, "anti-Sm", 2.0, ULN),
        ("P-d", -3, "anti-AChR", 8.0, "nmol/L"), ("P-d", 170, "anti-AChR", 4.0, "nmol/L"),
        ("P-a", -3, "vaccine_tetanus", 0.5, "IU/mL"), ("P-a", 170, "vaccine_tetanus", 0.4, "IU/mL"),
        # Without a value at the visit it has no place.
        ("P-a", -3, "ANA", 320, "1:titre"),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["subject_id", "day", "measure", "value", "unit"])


def test_the_panel_of_the_largest_disease_and_the_vaccines():
    context = context_of(small_study(assessments=assessments()))
    blocks = antibodies(context)
    (figure,) = [b for b in blocks if isinstance(b, FigureBlock)]
    assert figure.message == "Anti-Sm: 1/2 of those positive before were negative at week 24"
    assert figure.results[""].frame["measure"].unique().tolist() == ["anti-Sm", "vaccine_tetanus"]
    assert len([b for b in blocks if isinstance(b, TableBlock)]) == 2
    text = "\n".join(b.text for b in blocks if hasattr(b, "text"))
    assert "still protected: Anti-tetanus IgG 1/1." in text
    assert "A titre protects from Anti-tetanus IgG 0.1 IU/mL." in text
    more = antibodies_more(context)
    assert [b.text for b in more if isinstance(b, Heading)] == ["Myasthenia gravis"]


def test_nothing_measured_is_said():
    (only,) = antibodies(context_of(small_study()))
    assert "did not collect antibodies" in only.text
    assert antibodies_more(context_of(small_study())) == []


def test_the_limits_of_the_study_s_rules_come_first():
    rows = [("P-a", -3, "anti-dsDNA", 20.0, "IU/mL"), ("P-a", 170, "anti-dsDNA", 5.0, "IU/mL")]
    table = pd.DataFrame(rows, columns=["subject_id", "day", "measure", "value", "unit"])

    def positive(**changes):
        study = small_study(assessments=table, **changes)
        (figure,) = [b for b in antibodies(context_of(study)) if isinstance(b, FigureBlock)]
        return figure.results[""].spec.options["limits"]

    assert positive() == {"anti-dsDNA": 15.0}
    rules = {"rules": {"antibody_positive": (("anti-dsDNA", 10.0),)}}
    assert positive(settings=rules) == {"anti-dsDNA": 10.0}
