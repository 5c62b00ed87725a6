"""The order of a report: what answers first, how it was done last, the rest in the appendix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module

from carstats.messages import mark
from carstats.report.chapters.blocks import Block, Chapter, Heading
from carstats.report.chapters.context import Context, part
from carstats.report.chapters.strata import with_cautions
from carstats.words import tr


@dataclass(frozen=True)
class Entry:
    """A line of the contents: the chapter's name, its title, and the functions it is made by."""

    name: str
    title: str
    makers: tuple[str, ...]
    appendix: bool = False


# A maker is a module of this folder and its function: a worker loads what it needs.
CONTENTS = (
    Entry("answers", mark("The answers on one page"), ("summary.summary",)),
    Entry("flow", mark("Who is counted"), ("counted.flow",)),
    Entry("characteristics", mark("Who they were"), ("characteristics.characteristics",)),
    Entry("response", mark("Response and remission"), ("response.response",)),
    Entry("relapse", mark("Time to relapse"), ("relapse.relapse",)),
    Entry("toxicity", mark("Toxicity"), ("toxicity.toxicity",)),
    Entry("harm", mark("Harm beyond cytokine release"), ("harm.harm",)),
    Entry("cells", mark("Expansion and persistence of the cells"), ("cells.cells",)),
    Entry("course", mark("B cells and immunoglobulin"), ("course.b_cells.course",)),
    Entry("antibodies", mark("Antibodies"), ("course.antibodies.antibodies",)),
    Entry("drugs", mark("Glucocorticoids and other drugs"), ("course.drugs.drugs",)),
    Entry("basket", mark("Small groups, and what they borrow from each other"), ("basket.basket",)),
    Entry("methods", mark("Estimands and methods"), ("methods.methods",)),
    Entry("second", mark("A second program"), ("second_program.second_program",)),
    Entry("more-flow", mark("More on who is counted"), ("counted.flow_more",), True),
    Entry("more-response", mark("More on response"), ("response.response_more",), True),
    Entry("more-relapse", mark("More on relapse"), ("relapse.relapse_more",), True),
    Entry("more-toxicity", mark("More on toxicity"), ("toxicity.toxicity_more",), True),
    Entry(
        "more-antibodies", mark("More on antibodies"), ("course.antibodies.antibodies_more",), True
    ),
    Entry("more-drugs", mark("More on drugs"), ("course.drugs.drugs_more",), True),
    Entry("more-methods", mark("Endpoints and their definitions"), ("methods.methods_more",), True),
    Entry("data", mark("How the data were read"), ("data_notes.data_notes",), True),
)


def make_chapter(entry: Entry, context: Context) -> Chapter | None:
    """Return a chapter of a study; none where an appendix has nothing to show."""
    blocks: list[Block] = []
    for name in entry.makers:
        module, _, function = name.rpartition(".")
        maker: Callable[[Context], list[Block]] = getattr(
            import_module(f"carstats.report.chapters.{module}"), function
        )
        blocks += part(partial(maker, context))
    kept = _filled(with_cautions(blocks))
    if not kept and entry.appendix:
        return None
    return Chapter(entry.name, tr(entry.title), tuple(kept), entry.appendix)


def _filled(blocks: list[Block]) -> list[Block]:
    """Leave out a heading that stands over nothing."""
    kept: list[Block] = []
    for block in reversed(blocks):
        over = kept[-1] if kept else None
        alone = over is None or (isinstance(over, Heading) and isinstance(block, Heading)
                                 and over.level <= block.level)  # fmt: skip
        if isinstance(block, Heading) and alone:
            continue
        kept.append(block)
    return kept[::-1]
