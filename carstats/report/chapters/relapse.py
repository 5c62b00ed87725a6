"""Time to relapse: competing events first, then the curve of who is free of the event."""

from __future__ import annotations

from functools import partial

from carstats.errors import CarstatsError
from carstats.report.chapters.blocks import (
    Block,
    Heading,
    TableBlock,
    figure_block,
    paragraphs,
    points,
)
from carstats.report.chapters.context import TWO_YEARS, YEAR, Context, part
from carstats.report.chapters.endpoints import incidence_at
from carstats.report.figures import competing_figure, landmark_figure, survival_figure
from carstats.report.format import counted, month_count, months, p_value, rate, sentence_list
from carstats.report.tables.times import tabulate_times
from carstats.survival.competing import cumulative_incidence
from carstats.survival.curves import survival_at, survival_curve
from carstats.survival.landmark import landmark_rate
from carstats.survival.logrank import logrank_test
from carstats.survival.quantiles import followup_time, survival_quantile
from carstats.words import sentences, tr, tr_n


def relapse(context: Context) -> list[Block]:
    """Return the incidence of relapse with what competes, and the curve of who is free of it."""
    if context.curve_endpoint is None and "relapse" not in context.event_endpoints:
        return paragraphs(tr("The study recorded no time to relapse."))
    return [
        *part(lambda: _incidence(context)),
        *part(lambda: _curve(context)),
    ]


def relapse_more(context: Context) -> list[Block]:
    """Return the times as tables, the curves by disease, and the landmarks."""
    if not _followed(context):
        return []
    endpoint, cohort = context.curve_endpoint, context.cohort

    def by_disease() -> list[Block]:
        curves = survival_curve(cohort, endpoint, by="disease")
        found = {
            "curves": curves,
            "quantiles": survival_quantile(cohort, endpoint, by="disease"),
            "at": survival_at(cohort, endpoint, at=[YEAR, TWO_YEARS], by="disease"),
            "followup": followup_time(cohort, endpoint, by="disease"),
        }
        others = {name: result for name, result in found.items() if name != "curves"}
        return [
            figure_block(
                partial(survival_figure, curves), {"": curves}, "relapse_by_disease", width=160
            ),
            TableBlock(tabulate_times(curves, **others), found),
        ]

    return [
        *part(lambda: _times(context)),
        Heading(tr("By disease")),
        *part(by_disease),
        *_landmarks(context),
    ]


def _followed(context: Context) -> bool:
    if context.curve_endpoint is None:
        return False
    frame = survival_curve(context.cohort, context.curve_endpoint).frame
    return bool(frame["n_risk"].gt(0).any())


def _incidence(context: Context) -> list[Block]:
    if "relapse" not in context.event_endpoints:
        return paragraphs(
            tr("The study records no event that competes with relapse, or no time to relapse.")
        )
    rows = [(day, incidence_at(context, day)) for day in (YEAR, TWO_YEARS)]
    said = [
        tr(
            "By {time} an estimated {rate} had relapsed, where death, re-infusion and no response "
            "may come first (cumulative incidence).",
            time=_span(day),
            rate=rate(row["estimate"], row["conf_low"], row["conf_high"]),
        )
        for day, row in rows
        if row is not None
    ]
    curves = cumulative_incidence(context.cohort, "relapse", by=context.by)
    first = rows[0][1]
    message = (
        tr(
            "Relapse by one year: {rate}",
            rate=rate(first["estimate"], first["conf_low"], first["conf_high"]),
        )
        if first is not None
        else tr("Relapse and what competes with it")
    )
    return [
        *paragraphs(
            sentences(
                *said,
                tr(
                    "Some outcomes, such as death, another treatment or primary non-response, rule "
                    "out a later relapse under the first treatment. Taking these subjects as "
                    "merely lost to follow-up (censored) would make relapse look more frequent "
                    "than it is; here each outcome has its own share, and the shares add up to the "
                    "share with any of them."
                ),
            )
        ),
        figure_block(
            partial(competing_figure, curves), {"": curves}, "relapse", message, width=160
        ),
    ]


def _curve(context: Context) -> list[Block]:
    endpoint, cohort = context.curve_endpoint, context.cohort
    if endpoint is None:
        return []
    name = context.label("endpoint", endpoint)
    heading = Heading(name)
    if not _followed(context):
        words = tr("Nobody was followed for {endpoint}.", endpoint=name.lower())
        return [heading, *paragraphs(words)]
    whole = survival_curve(cohort, endpoint).frame
    curves = survival_curve(cohort, endpoint, by=context.by)
    results = {"curves": curves, "medians": survival_quantile(cohort, endpoint, by=context.by)}
    several = len(curves.strata()) > 1 and whole["n_event"].sum() > 0
    if several:
        results["test"] = logrank_test(cohort, endpoint, by=context.by)
    test = results.get("test")
    message = _first_rate(context, endpoint)
    draw = partial(survival_figure, curves, medians=results["medians"], test=test)
    return [
        heading,
        *paragraphs(_in_words(context, endpoint, whole)),
        figure_block(draw, results, "relapse_free", message, width=160),
        *paragraphs(_comparison(context, test)),
        Heading(tr("What this means, and what it does not")),
        *points(*_not_shown(whole)),
    ]


def _in_words(context: Context, endpoint: str, whole) -> str:
    cohort = context.cohort
    median = survival_quantile(cohort, endpoint).frame.iloc[0]
    seen = followup_time(cohort, endpoint).frame.iloc[0]
    at = survival_at(cohort, endpoint, at=[YEAR, TWO_YEARS]).frame
    return sentences(
        tr(
            "{endpoint}: the question is how long a subject stays free of the event, which the "
            "appendix defines. Of {n}, {events} had the event while followed.",
            endpoint=context.label("endpoint", endpoint),
            n=counted(int(whole["n"].iloc[0]), "subject"),
            events=int(whole["n_event"].sum()),
        ),
        tr(
            "The median follow-up for this endpoint (reverse Kaplan–Meier) is {time}.",
            time=months(seen["estimate"]),
        )
        if seen["estimate"] == seen["estimate"]
        else "",
        *(_rate_at(row) for _, row in at.iterrows() if row["estimate"] == row["estimate"]),
        tr(
            "The median time to the event is {time} months.",
            time=month_count(median["estimate"], median["conf_low"], median["conf_high"]),
        )
        if median["estimate"] == median["estimate"]
        else tr(
            "The median time was not reached: at the end of follow-up more than half were "
            "estimated to be free of the event."
        ),
        tr(
            "Free of relapse from the infusion on also counts those who never responded: it is not "
            "the chance of staying in remission."
        )
        if endpoint == "relapse_free_survival"
        else "",
    )


def _rate_at(row) -> str:
    return tr(
        "At {time} an estimated {rate} were still free of it.",
        time=_span(row["time"]),
        rate=rate(row["estimate"], row["conf_low"], row["conf_high"]),
    )


def _first_rate(context: Context, endpoint: str) -> str:
    row = survival_at(context.cohort, endpoint, at=YEAR).frame.iloc[0]
    name = context.label("endpoint", endpoint)
    if row["estimate"] != row["estimate"]:
        return name
    return tr(
        "{endpoint} at one year: {rate}",
        endpoint=name,
        rate=rate(row["estimate"], row["conf_low"], row["conf_high"]),
    )


def _comparison(context: Context, test) -> str:
    if context.by is None:
        return ""
    times = survival_at(context.cohort, context.curve_endpoint, at=TWO_YEARS, by=context.by)
    beyond = [
        context.label("target", row.target)
        for row in times.frame.itertuples()
        if row.n > 0 and not row.n_risk
    ]
    return sentences(
        tr("Nobody was followed to two years among: {groups}.", groups=sentence_list(beyond))
        if beyond and len(beyond) < len(times.strata())
        else "",
        tr(
            "The log-rank test asks whether the curves differ by more than chance: {p}. A large "
            "p-value does not show that they are alike.",
            p=p_value(test.frame["p_value"].iloc[0]),
        )
        if test is not None and test.frame["p_value"].notna().all()
        else "",
        tr(
            "As the groups were not formed by chance, a difference between them need not be due to "
            "the target."
        )
        if test is not None
        else "",
    )


def _times(context: Context) -> list[Block]:
    endpoint, cohort, by = context.curve_endpoint, context.cohort, context.by
    found = {
        "quantiles": survival_quantile(cohort, endpoint, by=by),
        "at": survival_at(cohort, endpoint, at=[YEAR, TWO_YEARS], by=by),
        "followup": followup_time(cohort, endpoint, by=by),
    }
    curves = survival_curve(cohort, endpoint, by=by)
    if len(curves.strata()) > 1 and curves.frame["n_event"].sum() > 0:
        found["test"] = logrank_test(cohort, endpoint, by=by)
    return [TableBlock(tabulate_times(curves, **found), {"curves": curves, **found})]


def _landmarks(context: Context) -> list[Block]:
    endpoint, cohort = context.curve_endpoint, context.cohort
    try:
        rows = {day: landmark_rate(cohort, endpoint, at=day) for day in (YEAR, TWO_YEARS)}
    except CarstatsError:
        # Without a data cut-off nobody is known to have been followed for long enough.
        return paragraphs(
            tr("The study cannot say who could have been followed for one or two years.")
        )
    asked = {day: result.frame.iloc[0] for day, result in rows.items()}
    words = [
        tr(
            "Of {n} whose data cut-off came {time} or more after the infusion, {known} are known "
            "to have been free of the event then: {rate}; {missing} were lost before then and are "
            "counted as not free.",
            n=counted(row["n"], "subject"),
            time=_span(day),
            known=int(row["n_event"]),
            rate=rate(row["estimate"], row["conf_low"], row["conf_high"]),
            missing=int(row["n_missing"]),
        )
        for day, row in asked.items()
        if row["n"]
    ]
    if not words:
        return []

    def forest() -> list[Block]:
        by_target = {
            f"day {day}": landmark_rate(cohort, endpoint, at=day, by="target") for day in rows
        }
        draw = partial(landmark_figure, list(by_target.values()))
        return [figure_block(draw, by_target, "landmarks")]

    closing = tr(
        "The curve and this count answer different questions: the curve uses everybody for as "
        "long as they were seen; the count uses only those who could have been seen for so "
        "long, and takes those lost as not free, which tends to make it the lower of the two."
    )
    return [
        Heading(tr("Free of the event at one and two years")),
        *paragraphs(sentences(*words, closing)),
        *part(forest),
    ]


def _not_shown(whole) -> list[str]:
    late = whole[whole["time"] >= TWO_YEARS]
    n = int(late["n_risk"].iloc[0]) if len(late) else 0
    return [
        tr_n(
            "{n} of {all} was still followed and free of the event at two years. What is known "
            "of later times rests on this subject alone.",
            "{n} of {all} were still followed and free of the event at two years. What is known "
            "of later times rests on these alone.",
            n,
            all=int(whole["n"].iloc[0]),
        )
        if n
        else tr(
            "Nobody was still followed and free of the event at two years: nothing is known of "
            "later times."
        ),
        tr(
            "“No relapse beyond two years” cannot be read off a curve that is level because few "
            "are left to relapse. “Cure” would need many subjects followed for many years."
        ),
        tr_n(
            "With {n} event, the limits matter more than the curve between them, which is only "
            "one of many that fit the data.",
            "With {n} events, the limits matter more than the curve between them, which is only "
            "one of many that fit the data.",
            int(whole["n_event"].sum()),
        ),
        tr(
            "A relapse found at a visit is dated by that visit. It happened at some time since the "
            "visit before, so the curve may lag by up to that interval."
        ),
        tr(
            "There is no untreated comparison group. Whether cell therapy does better than other "
            "treatment is not a question that this study can answer."
        ),
    ]


def _span(day: float) -> str:
    return tr("one year") if day == YEAR else tr("two years")
