"""The first page: numbers worked by hand from five subjects (limits: Clopper-Pearson tables)."""

from carstats.report.chapters.blocks import Caution, Paragraph, TableBlock
from carstats.report.chapters.context import context_of
from carstats.report.chapters.summary import answers, summary
from tests.report.chapters.small import small_study


def cells(table):
    """Return the table's rows by their names, without the signs of no-break."""
    return {
        row.cells[0]: tuple(cell.replace("\u00a0", " ") for cell in row.cells[1:])
        for row in table.rows
    }


def test_the_answers_are_those_of_the_subjects():
    found = cells(answers(context_of(small_study())))
    assert found["Infused"] == ("4/5", "–")
    assert found["Deaths"] == ("1/4", "25 % (1–81)")
    assert found["Remission, week 24"] == ("2/4", "50 % (7–93)")
    assert found["Drug-free remission"] == ("not collected", "–")
    assert found["Relapse while followed"] == ("1/4", "–")
    # The death on day 200 competes: at day 365 one of four has relapsed, on day 300.
    assert found["Relapse by one year (cumulative incidence)"][1].startswith("25 % ")
    assert found["Overall survival at one year"][1].startswith("75 % ")
    assert found["Cytokine release syndrome"] == ("2/4", "50 % (7–93)")
    assert found["Cytokine release syndrome, grade 3 or worse"] == ("1/4", "25 % (1–81)")
    assert found["Neurotoxicity (ICANS)"] == ("0/4", "0 % (0–60)")


def test_what_was_assumed_stands_in_footnotes():
    table = answers(context_of(small_study()))
    marked = "\n".join(table.marked)
    assert "1 of 4 without an evaluable assessment at the visit count as failures." in marked
    assert "Rests on fewer than five subjects at risk." in marked
    assert any("What was not collected is unknown" in text for _, text in table.footnotes())


def test_a_study_of_subjects_alone_says_what_it_lacks():
    found = cells(answers(context_of(small_study(events=None, responses=None, toxicities=None))))
    for name in ("Remission", "Drug-free remission", "Relapse", "Toxicities"):
        assert found[name] == ("not collected", "–"), name
    assert found["Deaths"] == ("1/4", "25 % (1–81)")


def test_deaths_that_were_not_collected_are_not_none():
    study = small_study()
    subjects = study.subjects.drop(columns="death_day")
    found = cells(answers(context_of(small_study(subjects=subjects))))
    assert found["Deaths"] == ("not collected", "–")
    assert "Overall survival at one year" not in found


def test_seriousness_that_was_not_collected_is_not_a_range():
    toxicities = small_study().toxicities
    for kept in (
        toxicities.drop(columns="serious", errors="ignore"),
        toxicities.assign(serious=None),
    ):
        found = cells(answers(context_of(small_study(toxicities=kept))))
        assert found["Any serious toxicity"] == ("not collected", "–")
    told = toxicities.assign(serious=[True] + [False] * (len(toxicities) - 1))
    found = cells(answers(context_of(small_study(toxicities=told))))
    assert found["Any serious toxicity"] == ("1/4", "25 % (1–81)")


def test_groups_of_one_are_named_on_the_first_page():
    blocks = summary(context_of(small_study()))
    (words,) = [block.text for block in blocks if isinstance(block, Caution)]
    assert words.startswith("Privacy: 2 groups here are a single subject each")
    assert "Systemic sclerosis · CD19" in words
    (_, cross) = [block.table for block in blocks if isinstance(block, TableBlock)]
    assert cells(cross)["All"] == ("3", "1", "4")


def test_the_first_sentence_says_why_subjects_are_not_counted():
    first, *_ = [b.text for b in summary(context_of(small_study())) if isinstance(b, Paragraph)]
    assert "The study has 5 subjects. Counted here: 4 subjects; not infused: 1." in first
    subjects = small_study().subjects.drop(columns="infused")
    blocks = summary(context_of(small_study(subjects=subjects)))
    first, *_ = [b.text for b in blocks if isinstance(b, Paragraph)]
    assert first.startswith("The study has 5 subjects. Whether a subject was infused is not rec")


def test_each_table_of_the_first_page_is_a_sentence_with_its_number_on_a_slide():
    found, cross = [b for b in summary(context_of(small_study())) if isinstance(b, TableBlock)]
    assert found.message == "Of 4 subjects: Remission, week 24: 2/4, 50\u00a0% (7–93)"
    assert found.told == {"Toxicity": "Cytokine release syndrome: 2/4, 50\u00a0% (7–93)"}
    assert cross.message == "Most frequent disease: Systemic lupus erythematosus, 2/4"
