"""Time to relapse in words: what is not known is not said as a number."""

from carstats.report.chapters.blocks import Paragraph, Points
from carstats.report.chapters.context import context_of
from carstats.report.chapters.relapse import relapse
from tests.report.chapters.small import small_study


def words(study):
    blocks = relapse(context_of(study))
    texts = [block.text for block in blocks if isinstance(block, Paragraph)]
    return "\n".join(texts + [t for b in blocks if isinstance(b, Points) for t in b.items])


def test_nothing_is_said_of_two_years_where_nobody_was_followed_so_long():
    said = words(small_study())
    assert "Nobody was still followed and free of the event at two years: nothing is known" in said
    assert "0 of 4" not in said
    # That holds for every target: it is not said again of all of them.
    assert "Nobody was followed to two years among" not in said


def test_one_who_was_followed_for_two_years_is_one():
    study = small_study()
    events = study.events.assign(time=study.events["time"].replace({400.0: 800.0}).where(
        study.events["subject_id"].ne("P-c"), 400.0))  # fmt: skip
    said = words(small_study(events=events))
    assert "1 of 4 was still followed and free of the event at two years." in said


def test_the_follow_up_of_the_endpoint_is_not_taken_for_that_of_page_one():
    assert "The median follow-up for this endpoint (reverse Kaplan–Meier) is" in words(
        small_study()
    )
