"""Every chapter of a report, on studies that have all of it, little of it, and nothing."""

import pytest

from carstats.report.chapters.blocks import Caution, FigureBlock, Heading, Paragraph, TableBlock
from carstats.report.chapters.contents import CONTENTS, make_chapter
from carstats.report.chapters.context import context_of
from carstats.report.chapters.strata import with_cautions
from tests.report.chapters.small import small_study

BY_NAME = {entry.name: entry for entry in CONTENTS}


def words(chapter):
    """Return the sentences of a chapter."""
    parts = []
    for block in chapter.blocks:
        parts += [block.text] if hasattr(block, "text") else list(getattr(block, "items", ()))
    return "\n".join(parts).replace("\u00a0", " ")


def made(name, study):
    return make_chapter(BY_NAME[name], context_of(study))


def test_the_order_is_that_of_a_reader():
    core = [entry.name for entry in CONTENTS if not entry.appendix]
    assert core == [
        "answers", "flow", "characteristics", "response", "relapse", "toxicity", "harm", "cells",
        "course", "antibodies", "drugs", "basket", "methods", "second",
    ]  # fmt: skip
    assert CONTENTS[-1].name == "data"


@pytest.mark.parametrize("entry", CONTENTS, ids=lambda entry: entry.name)
@pytest.mark.parametrize("lacks", ["nothing", "tables", "strata"])
def test_a_chapter_has_something_to_say(entry, lacks):
    study = small_study()
    if lacks == "tables":
        study = small_study(events=None, responses=None, toxicities=None)
    if lacks == "strata":
        study = small_study(subjects=study.subjects.assign(disease="SLE", target="CD19"))
    chapter = make_chapter(entry, context_of(study))
    if chapter is None:
        assert entry.appendix
        return
    assert chapter.blocks
    assert not isinstance(chapter.blocks[-1], Heading)
    assert "nan" not in words(chapter).lower().split()


def test_what_the_data_do_not_allow_is_said_in_a_sentence(monkeypatch):
    from carstats.errors import CarstatsError
    from carstats.report.chapters import toxicity

    def refused(_):
        raise CarstatsError("two scales that cannot be put together.")

    monkeypatch.setattr(toxicity, "toxicity", refused)
    text = words(made("toxicity", small_study()))
    assert text.startswith("This part cannot be made from the study's data: two scales")


def test_response_counts_the_missing_as_failures():
    text = words(made("response", small_study()))
    assert "**Remission**, week 24: 2 of 4 subjects, 50 % (7–93). For 1 the outcome" in text
    assert "Among the 3 whose outcome is known it was 67 %" in text


def test_the_numbers_of_many_subjects_are_not_recomputed_in_a_report(monkeypatch):
    monkeypatch.setattr("carstats.report.chapters.second_program._MOST", 1)
    told = words(made("second", small_study()))
    assert "more than 1 subjects are not recomputed in a report" in told
    assert "carstats crosscheck" in told


def test_relapse_is_told_beside_what_competes():
    chapter = made("relapse", small_study())
    assert "an estimated 25 % (1–81) had relapsed" in words(chapter)
    assert [b.name for b in chapter.blocks if isinstance(b, FigureBlock)] == [
        "relapse", "relapse_free",
    ]  # fmt: skip
    assert "recorded no time to relapse" in words(made("relapse", small_study(events=None)))


def test_toxicity_that_was_not_collected_is_not_none():
    text = words(made("toxicity", small_study(toxicities=None)))
    assert text == "The study did not collect toxicities. That is not the same as none."
    none = small_study(toxicities=small_study().toxicities.head(0))
    assert "No toxicity was recorded in 4 subjects. A true rate of up to 60 %" in words(
        made("toxicity", none)
    )


def test_a_column_of_one_subject_has_a_warning_before_it():
    blocks = made("characteristics", small_study()).blocks
    assert isinstance(blocks[0], Caution)
    assert "a single subject (BCMA)" in blocks[0].text
    assert isinstance(blocks[1], TableBlock)
    everyone = small_study().subjects.assign(target="CD19")
    others = made("characteristics", small_study(subjects=everyone)).blocks
    assert not [block for block in others if isinstance(block, Caution)]


def test_a_line_for_each_subject_has_a_warning_once():
    import carstats as cs
    from carstats.report.figures import swimmer_figure

    study = small_study(
        subjects=small_study().subjects.assign(disease="SLE", target="CD19", death_day=None)
    )
    lines = cs.subject_timelines(context_of(study).cohort)
    block = FigureBlock(swimmer_figure(lines), {"": lines}, "swimmer")
    found = with_cautions([Paragraph("before"), block, block])
    assert [type(b).__name__ for b in found] == [
        "Paragraph", "Caution", "FigureBlock", "FigureBlock",
    ]  # fmt: skip
    assert "each line or bar of the figure below is one subject" in found[1].text


def test_notes_that_name_a_subject_are_counted_and_not_printed():
    from dataclasses import replace

    notes = ("Dates were counted from 1900.", "Subject P-b has two rows.", "P-c and P-d differ.")
    text = words(made("data", replace(small_study(), notes=notes)))
    assert "Dates were counted from 1900." in text
    assert "P-" not in text
    assert "2 more notes name subjects" in text
    numbers = small_study().subjects.assign(subject_id=["1", "2", "3", "4", "5"])
    bare = small_study(subjects=numbers, events=None, responses=None, toxicities=None)
    told = ("2 of 5 cells are blank.", "Left out: subjects 3, 4.")
    text = words(made("data", replace(bare, notes=told)))
    assert "2 of 5 cells are blank." in text
    assert "subjects 3" not in text
