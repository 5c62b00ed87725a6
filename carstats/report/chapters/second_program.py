"""The numbers recomputed by a second program."""

from __future__ import annotations

from carstats.crosschecking.outcome import Crosscheck
from carstats.crosschecking.run import crosscheck
from carstats.crosschecking.verdicts import DIFFERS, KNOWN
from carstats.report.chapters.blocks import Block, Caution, TableBlock, paragraphs, points
from carstats.report.chapters.context import Context
from carstats.report.tables.second_program import coverage_table
from carstats.words import in_words, tr

# More subjects are not recomputed: other libraries take each by itself.
_MOST = 2_000


def second_program(context: Context) -> list[Block]:
    """Recompute the numbers of the study, and say how many agree and what differs and why."""
    if len(context.study.subjects) > _MOST:
        return paragraphs(
            tr(
                "The numbers of more than {n} subjects are not recomputed in a report: it would "
                "take longer than all its other chapters. The command “carstats crosscheck” does "
                "it, and writes a page with every number beside that of the second program.",
                n=f"{_MOST:,}",
            )
        )
    return blocks_of(crosscheck(context.study, with_r=False))


def blocks_of(found: Crosscheck) -> list[Block]:
    """Return what a crosscheck found as the blocks of a chapter."""
    how = tr(
        "Subjects, denominators, visit windows and times were counted anew from the study's "
        "tables, and the estimates made by other libraries; what clinical rules derive was taken "
        "as it is."
    )
    blocks: list[Block] = paragraphs(in_words(found.summary()), how)
    frame = found.frame
    differing = frame[frame["verdict"].eq(DIFFERS)]
    if len(differing):
        names = ", ".join(dict.fromkeys(differing["analysis"]))
        words = tr("{n} numbers differ: {names}.", n=len(differing), names=names)
        blocks.append(Caution(words))
    # Of the numbers counted in the summary: one that another witness confirms is not among them.
    numbers = found.numbers()
    known = numbers[numbers["verdict"].eq(KNOWN)].groupby("reason", sort=False).size()
    blocks += points(
        *(
            tr("Differs for a known reason ({n} ×): {reason}.", n=f"{n:,}", reason=in_words(reason))
            for reason, n in known.items()
        )
    )
    if len(found.coverage()):
        blocks.append(TableBlock(coverage_table(found)))
    return blocks + paragraphs(
        tr(
            "The command “carstats crosscheck” writes a page with every number beside that of the "
            "second program."
        )
    )
