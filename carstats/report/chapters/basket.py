"""Diseases of few subjects, and what they borrow from each other."""

from __future__ import annotations

from functools import partial

from carstats.report.chapters.blocks import Block, figure_block, paragraphs
from carstats.report.chapters.context import Context, part
from carstats.report.figures import basket_figure
from carstats.report.format import counted, of, percent, percent_interval
from carstats.words import tr


def basket(context: Context) -> list[Block]:
    """Return the rates of the diseases with what each borrows from the others."""
    if not context.responses:
        return paragraphs(tr("The study recorded no responses."))
    name = context.responses[0]
    at = context.visit(name)
    if context.followed(at).subjects["disease"].nunique() < 2:
        return paragraphs(tr("With fewer than two diseases there is nothing to borrow from."))

    def borrowed() -> list[Block]:
        result = context.borrowed
        frame = result.frame[result.frame["n"] > 0]
        small = frame.loc[frame["n"].idxmin()]
        words = tr(
            "A rate of few subjects says little by itself. If the diseases are believed to be "
            "alike, each can borrow from the others; how much is decided by how alike the data "
            "look. {disease} is the smallest group ({n}): the raw rate is {raw} with limits "
            "{raw_limits}; with borrowing it is {shrunk} with limits {limits}. Whether borrowing "
            "is right is a clinical question, and both are shown.",
            disease=context.label("disease", small["disease"]),
            n=counted(small["n"], "subject"),
            raw=percent(small["raw_estimate"]),
            raw_limits=percent_interval(small["raw_low"], small["raw_high"]),
            shrunk=percent(small["estimate"]),
            limits=percent_interval(small["conf_low"], small["conf_high"]),
        )
        message = tr(
            "{endpoint} in {disease} ({count}): {raw} alone, {shrunk} with borrowing",
            endpoint=context.label("endpoint", name),
            disease=context.label("disease", small["disease"]),
            count=of(small["n_event"], small["n"]),
            raw=percent(small["raw_estimate"]),
            shrunk=percent(small["estimate"]),
        )
        draw = partial(basket_figure, result)
        return [*paragraphs(words), figure_block(draw, {"": result}, "basket", message)]

    return part(borrowed)
