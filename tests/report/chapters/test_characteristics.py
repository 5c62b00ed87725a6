"""Table 1: standardised differences only where they are asked for and there are groups."""

import pytest

from carstats.report.chapters.blocks import TableBlock
from carstats.report.chapters.characteristics import characteristics
from carstats.report.chapters.context import context_of
from tests.report.chapters.small import small_study


@pytest.mark.parametrize("asked", [True, False])
def test_standardised_differences_are_an_option(asked):
    (block,) = [
        b
        for b in characteristics(context_of(small_study(), smd=asked))
        if isinstance(b, TableBlock)
    ]
    assert ("SMD" in block.table.heads) is asked


def test_without_groups_there_is_no_difference_to_give():
    study = small_study(subjects=small_study().subjects.assign(target="CD19"))
    blocks = characteristics(context_of(study, smd=True))
    (block,) = [b for b in blocks if isinstance(b, TableBlock)]
    assert "SMD" not in block.table.heads
