"""The chapter of drugs: the taper, who came off, what was taken; and where there is none of it."""

import pandas as pd

from carstats.report.chapters.blocks import FigureBlock, TableBlock
from carstats.report.chapters.context import context_of
from carstats.report.chapters.course.drugs import drugs, drugs_more
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


def told(blocks):
    return "\n".join(b.text for b in blocks if hasattr(b, "text")).replace("\u00a0", " ")


def test_the_taper_of_what_the_study_has():
    blocks = drugs(context_of(small_study(medications=STEROIDS)))
    taper, off = [block for block in blocks if isinstance(block, FigureBlock)]
    # At week 24 the dose of P-b is not known; P-a, P-c and P-d take none.
    assert taper.message == "Off glucocorticoids at week 24: 3/3; at most 5 mg a day: 3/3"
    assert (taper.name, off.name) == ("taper", "off_glucocorticoid")
    text = told(blocks)
    # Three took it on day 0; P-b goes on.
    assert "of 3 who took it on the day of the infusion, 67 %" in text
    assert "(1 were off already)" in text
    (table,) = [block for block in blocks if isinstance(block, TableBlock)]
    # In 28 days P-a takes 27 times 25 mg and once 5, P-c 14 times 10.
    result = table.results["cumulative_dose"].frame.iloc[0]
    assert result["maximum"] == 27 * 25 + 5
    assert [type(b) for b in drugs_more(context_of(small_study(medications=STEROIDS)))][1:] == [
        TableBlock
    ]


def test_without_doses_off_is_still_told():
    bare = STEROIDS.drop(columns="prednisone_equivalent_mg")
    blocks = drugs(context_of(small_study(medications=bare)))
    assert "without a dose, or none" in told(blocks)
    assert "of 3 who took it" in told(blocks)
    assert drugs_more(context_of(small_study(medications=bare))) == []


def test_other_drugs_and_none():
    more = STEROIDS.assign(drug="tacrolimus", drug_class="immunosuppressant")
    blocks = drugs(context_of(small_study(medications=more)))
    text = told(blocks)
    assert "Immunosuppressant: of 3 who took it on the day of the infusion" in text
    (figure,) = [block for block in blocks if isinstance(block, FigureBlock)]
    assert figure.message == "Immunosuppressant at week 24: 1/4"
    assert "did not collect medications" in told(drugs(context_of(small_study())))
