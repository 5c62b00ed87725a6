"""The numbers recomputed by a second program."""

from __future__ import annotations

from carstats.report.chapters.blocks import Block, paragraphs
from carstats.report.chapters.context import Context
from carstats.words import tr


def second_program(context: Context) -> list[Block]:
    """Say how the numbers of the study are recomputed."""
    return paragraphs(
        tr(
            "carstats crosscheck recomputes the numbers of a study from its tables by other "
            "libraries and says where they differ; it was not run for this report."
        )
    )
