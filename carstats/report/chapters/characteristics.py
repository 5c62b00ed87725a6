"""Who they were: Table 1."""

from __future__ import annotations

from carstats.baseline import baseline_table
from carstats.report.chapters.blocks import Block, TableBlock, paragraphs, points
from carstats.report.chapters.context import Context, part
from carstats.report.format import counted, sentence_list
from carstats.report.tables.subjects import tabulate_baseline
from carstats.words import tr, tr_n


def characteristics(context: Context) -> list[Block]:
    """Return Table 1 by target, with everybody in its first column."""
    targets = context.present("target")
    too_many = (
        tr("The study has {n} targets, too many for a column each.", n=len(targets))
        if context.by is None and len(targets) > 1
        else ""
    )

    def table() -> list[Block]:
        everyone = baseline_table(context.cohort)
        results = {"all": everyone}
        if context.by:
            results["by target"] = baseline_table(
                context.cohort, by=context.by, standardised=context.smd
            )
            printed = tabulate_baseline(results["by target"], everyone)
        else:
            printed = tabulate_baseline(everyone)
        words = tr("Who was treated: {n}", n=counted(len(context.cohort), "subject"))
        return [TableBlock(printed, results, words)]

    return [*paragraphs(too_many), *part(table), *points(*_read_with_care(context))]


def _read_with_care(context: Context) -> list[str]:
    subjects, targets = context.cohort.subjects, context.present("target")
    small = [context.label("target", t) for t in targets if (subjects["target"] == t).sum() < 10]
    if len(targets) < 2:
        return []
    return [
        tr(
            "The groups were formed by who was offered which product, not by chance. Differences "
            "in outcome between them cannot be ascribed to the product."
        ),
        tr(
            "The table of characteristics gives no p-values: they would ask whether chance formed "
            "the groups, and it is known that it did not."
        ),
        tr_n(
            "{groups} has fewer than ten subjects: its rates can hardly be told from any other.",
            "{groups} have fewer than ten subjects each: their rates can hardly be told from any "
            "other.",
            len(small),
            groups=sentence_list(small),
        )
        if small
        else "",
    ]
