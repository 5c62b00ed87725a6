"""Response and remission at a visit, over the visits, and the course of disease activity."""

from __future__ import annotations

from functools import partial

from carstats.report.chapters.blocks import (
    Block,
    Heading,
    TableBlock,
    figure_block,
    paragraphs,
    points,
)
from carstats.report.chapters.context import Context, part
from carstats.report.chapters.endpoints import not_followed, said
from carstats.report.figures import categories_figure, response_figure, waterfall_figure
from carstats.report.format import counted, landmark, of, percent, rate
from carstats.report.tables.subjects import tabulate_rates
from carstats.response.categories import response_categories
from carstats.response.course import score_course
from carstats.response.rates import response_rate
from carstats.words import tr

PAIR = ["disease", "target"]
_VISITS = [84, 168, 252, 364]


def response(context: Context) -> list[Block]:
    """Return the rates at the visit, the forest by disease and target, and the visits."""
    if not context.responses:
        return paragraphs(tr("The study recorded no responses."))
    lines = [_line(context, name) for name in context.responses]
    blocks = paragraphs(
        tr(
            "The question is how many subjects did well at a visit. All those whose data cut-off "
            "came no earlier than the end of the visit's window are counted, including the ones "
            "who dropped out."
        ),
        not_followed(context, context.visit(context.responses[0])),
    )
    blocks += points(*lines)
    if not any(lines):
        return paragraphs(
            tr("The study recorded no responses, or nobody could be followed to a visit.")
        )
    return [
        *blocks,
        Heading(tr("By disease and target")),
        *paragraphs(
            tr(
                "Each line is a group of subjects with the same disease and target. The marker is "
                "the share with the outcome, the line its 95\u00a0% confidence limits. A long line "
                "means a small group; groups whose lines overlap widely cannot be told apart, "
                "which does not show that they are alike."
            )
        ),
        *part(lambda: _forest(context)),
        Heading(tr("Over the visits")),
        *part(lambda: _over_visits(context)),
        *_not_shown(context),
    ]


def response_more(context: Context) -> list[Block]:
    """Return the rates as a table, and the scores of disease activity."""
    if not context.responses:
        return []
    name = context.responses[0]
    at = context.visit(name)

    def table() -> list[Block]:
        rates = response_rate(context.followed(at), name, at=at, by=PAIR)
        return [TableBlock(tabulate_rates(rates), {"rates": rates})]

    return [*part(table), *_activity(context)]


def _line(context: Context, name: str) -> str:
    at = context.visit(name)
    row = response_rate(context.followed(at), name, at=at).frame.iloc[0]
    n = int(row["n"])
    if not n:
        return ""
    # Where everybody was seen there is nothing to be cautious about.
    if not row["n_missing"]:
        return tr(
            "**{endpoint}**, {visit}: {known} of {n}, {rate}. It is known for everybody.",
            endpoint=context.label("endpoint", name),
            visit=landmark(at),
            known=int(row["n_event"]),
            n=counted(n, "subject"),
            rate=rate(row["estimate"], row["conf_low"], row["conf_high"]),
        )
    return tr(
        "**{endpoint}**, {visit}: {known} of {n}, {rate}. For {missing} the outcome is not known; "
        "they are counted as failures, which is the cautious reading. Among the {seen} whose "
        "outcome is known it was {share}.",
        endpoint=context.label("endpoint", name),
        visit=landmark(at),
        known=int(row["n_event"]),
        n=counted(n, "subject"),
        rate=rate(row["estimate"], row["conf_low"], row["conf_high"]),
        missing=int(row["n_missing"]),
        seen=int(row["n_evaluable"]),
        share=percent(row["estimate_evaluable"]),
    )


def _forest(context: Context) -> list[Block]:
    name = context.responses[0]
    at = context.visit(name)
    rates = response_rate(context.followed(at), name, at=at, by=PAIR)
    draw = partial(response_figure, rates)
    return [figure_block(draw, {"rates": rates}, "response", said(context, name))]


def _over_visits(context: Context) -> list[Block]:
    counts = response_categories(context.cohort, context.responses, at=_VISITS, by="target")
    words = tr(
        "Each subject appears once at each visit, with the best outcome met then. Grey, hatched "
        "and white parts are unknown: not assessed, no such visit in the study, or the visit not "
        "yet due. They are shown because without them the subjects assessed would look like "
        "everybody."
    )
    draw = partial(categories_figure, counts)
    message = _first_and_last(context, context.responses[0])
    block = figure_block(draw, {"counts": counts}, "response_visits", message)
    return [block, *paragraphs(words)]


def _first_and_last(context: Context, name: str) -> str:
    """Return a response at the first and the last visit in one sentence."""
    ends = []
    for at in (_VISITS[0], _VISITS[-1]):
        row = response_rate(context.followed(at), name, at=at).frame.iloc[0]
        ends.append((landmark(at), of(row["n_event"], row["n"])))
    return tr(
        "{endpoint}: {first} at {early}, {last} at {late}",
        endpoint=context.label("endpoint", name),
        first=ends[0][1],
        early=ends[0][0],
        last=ends[1][1],
        late=ends[1][0],
    )


def _activity(context: Context) -> list[Block]:
    scores = context.study.assessments
    measure = "SLEDAI-2K"
    if scores is None or measure not in set(scores["measure"]):
        return []

    def bars() -> list[Block]:
        course = score_course(context.cohort, measure, by="target")
        visits = course.frame.loc[course.frame["visit"] > 0, "visit"]
        if visits.empty:
            return []
        day = 168 if (visits == 168).any() else visits.mode().iloc[0]
        words = tr(
            "The bars show how far the score of each subject ({measure}) changed from baseline: "
            "downward is better. A score that falls is not remission; what counts as remission is "
            "defined in the appendix.",
            measure=context.label("measure", measure),
        )
        draw = partial(waterfall_figure, course, at=day)
        return [*paragraphs(words), figure_block(draw, {"course": course}, "activity")]

    found = part(bars)
    return [Heading(tr("Disease activity")), *found] if found else []


def _not_shown(context: Context) -> list[Block]:
    return [
        Heading(tr("What this means, and what it does not")),
        *points(
            tr(
                "A rate of 100\u00a0% is not certainty: with three of three, the limits reach down "
                "to 29\u00a0%."
            ),
            tr(
                "“Drug-free” means without glucocorticoids and immunosuppressants at the visit, as "
                "far as the records of medication go."
            )
            if "drug_free_remission" in context.responses
            else "",
            tr(
                "Response at a visit says nothing about how long it lasts; for that, see the "
                "chapter on relapse."
            ),
            tr(
                "A comparison of relapse between responders and non-responders would favour "
                "responders even without any effect, because they must first stay well for long "
                "enough to be found to respond. It is not made here."
            ),
            tr(
                "Subjects selected for early trials differ from those seen in the clinic, and "
                "there is no untreated comparison group."
            ),
        ),
    ]
