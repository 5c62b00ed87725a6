"""The chapter of the course of B cells: what it says where the study has nothing of it."""

from carstats.report.chapters.context import context_of
from carstats.report.chapters.course.b_cells import course
from tests.report.chapters.small import small_study


def test_what_was_not_collected_is_said():
    text = "\n".join(block.text for block in course(context_of(small_study())))
    assert "did not collect: B cells and IgG" in text
