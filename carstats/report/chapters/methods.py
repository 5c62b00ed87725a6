"""Estimands and methods: what is estimated, before how."""

from __future__ import annotations

import sys
from collections.abc import Callable

from carstats.endpoints.catalogue import endpoint_catalogue
from carstats.errors import CarstatsError
from carstats.report.chapters.blocks import (
    Block,
    Heading,
    TableBlock,
    paragraphs,
    points,
)
from carstats.report.chapters.context import YEAR, Context
from carstats.report.tables.abbreviations import spelled_out
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.response.rates import response_rate
from carstats.result import Result
from carstats.survival.curves import survival_curve
from carstats.survival.landmark import landmark_rate
from carstats.survival.logrank import logrank_test
from carstats.survival.quantiles import followup_time, survival_quantile
from carstats.toxicity.differences import toxicity_difference
from carstats.toxicity.rates import toxicity_rate
from carstats.words import in_words, sentence, sentences, tr


def methods(context: Context) -> list[Block]:
    """Return the estimand in general, the methods of the estimates, and the software."""
    return [
        *_general(context),
        Heading(tr("Methods")),
        *_lines(context),
        *points(
            tr(
                "Limits are two-sided and at the level of 95\u00a0% unless stated. Those of rates, "
                "their differences, curves, quantiles, means and incidences are exact or built for "
                "few subjects. Regressions have none that are, which their method says "
                "(asymptotic): in small cohorts their limits may be too short."
            ),
            tr(
                "Strata come from the table of subjects: a group in which nothing happened has its "
                "line, as none of its subjects."
            ),
            tr(
                "Missing outcomes are counted, never dropped; each number says how they are "
                "counted."
            ),
            tr(
                "Groups of fewer than 50 are compared by permutation, and a group of one or two "
                "has no p-value. P-values are not adjusted for the number of tests unless stated. "
                "In a study of this kind they describe, and prove nothing."
            ),
            tr("Days are counted from the first infusion; a month has 30.4375 days."),
            tr("Numbers are rounded for print only, halves upwards."),
        ),
        Heading(tr("Software and data")),
        *paragraphs(_software(context)),
    ]


def methods_more(context: Context) -> list[Block]:
    """Return the definitions of the endpoints and the estimands of those that were derived."""
    endpoints = _endpoints(context)
    estimands: list[Block] = []
    for name in endpoints:
        if lines := in_words(context.study.estimands.get(name, "")).splitlines():
            estimands += paragraphs(f"**{context.label('endpoint', name)}**")
            estimands += points(*lines)
    table = _definitions(context, endpoints)
    return [*table, *([Heading(tr("Estimands")), *estimands] if estimands else [])]


def _endpoints(context: Context) -> list[str]:
    study = context.study
    return [*study.endpoints("time-to-event"), *study.endpoints("response")]


def _definitions(context: Context, endpoints: list[str]) -> list[Block]:
    if not endpoints:
        return paragraphs(tr("The study has no endpoint of efficacy."))
    catalogue = endpoint_catalogue().drop_duplicates("name").set_index("name")
    ours = {*context.study.estimands, *context.derived}
    given = [name for name in endpoints if name not in ours]
    rows = [
        Row(
            (
                context.label("endpoint", name),
                in_words(catalogue.loc[name, "definition"]).replace("_", " ")
                if name in catalogue.index
                else tr("as the study defines it"),
                str(catalogue.loc[name, "source"]) if name in catalogue.index else "–",
            )
        )
        for name in endpoints
    ]
    notes = [
        tr(
            "The definition is that of the source beside it; “carstats” stands for this software's "
            "own. Where the study's own table gave the outcome of an endpoint, its definition is "
            "the study's, which may differ."
        )
    ]
    if given:
        names = tr(", ").join(context.label("endpoint", name) for name in given)
        notes.append(tr("Given by the study and not derived: {names}.", names=names))
    if context.derived:
        names = tr(", ").join(context.label("endpoint", name) for name in context.derived)
        notes.append(tr("Derived for this report from what the study gives: {names}.", names=names))
    table = Table(
        title=tr("Endpoints of the study"),
        heads=(tr("Endpoint"), tr("Customary definition"), tr("Source")),
        rows=tuple(rows),
        notes=tuple(notes),
        align=("left", "left", "left"),
        synthetic=context.study.synthetic,
    )
    return [TableBlock(spelled_out(table))]


def _general(context: Context) -> list[Block]:
    if not _endpoints(context):
        return paragraphs(
            tr("Without an endpoint there is nothing to estimate but the share with a toxicity.")
        )
    return [
        *paragraphs(tr("What is estimated, before how it is estimated:")),
        *points(
            tr(
                "**Population**: all infused subjects, whether they responded, stayed or dropped "
                "out."
            )
            if "infused" in context.study.subjects
            else tr("**Population**: all subjects of the study; infusions are not recorded."),
            tr("**Treatment**: the first infusion of engineered cells with its lymphodepletion."),
            tr(
                "**Variable**: the endpoint as the study's own table gives it, or as it was "
                "derived; the appendix defines each."
            ),
            tr(
                "**Intercurrent events**: for times to an event, death, another infusion or other "
                "treatment count as the endpoint's definition says: as the event, or as competing "
                "with it. For responses, they count as the study's own table gives the outcome."
            ),
            tr(
                "**Missing data**: for responses, a subject not assessed at the visit counts as a "
                "failure; for times to an event, a subject lost to follow-up is censored when last "
                "seen."
            ),
            tr(
                "**Summary**: the probability of being free of the event over time; the share with "
                "the response at a visit; the share with a toxicity. None of them is a comparison "
                "with subjects who were not treated."
            ),
        ),
    ]


def _lines(context: Context) -> list[Block]:
    """Return what each kind of estimate of the report is, and how it was made."""
    lines = []
    for make in _makers(context):
        try:
            spec = make().spec
        except CarstatsError:
            # What this study does not allow is not in the report either.
            continue
        lines.append(sentences(sentence(spec.endpoint), sentence(spec.method)))
    if not lines:
        return paragraphs(tr("The study's data allow none of the analyses of this report."))
    return points(*dict.fromkeys(lines))


def _makers(context: Context) -> list[Callable[[], Result]]:
    cohort, by, found = context.cohort, context.by, []
    if timed := context.curve_endpoint:
        found += [
            lambda: survival_curve(cohort, timed, by=by),
            lambda: survival_quantile(cohort, timed, by=by),
            lambda: followup_time(cohort, timed, by=by),
            lambda: landmark_rate(cohort, timed, at=YEAR),
        ]
        if by:
            found.append(lambda: logrank_test(cohort, timed, by=by))
    if context.responses:
        name = context.responses[0]
        at = context.visit(name)
        asked = context.followed(at)
        found += [
            lambda: response_rate(asked, name, at=at, by="target"),
            lambda: context.borrowed,
        ]
    if context.frequent:
        term = context.frequent[0]
        found.append(lambda: toxicity_rate(cohort, term, by="target"))
        if by:
            found.append(lambda: toxicity_difference(cohort, [term], by="target"))
    return found


def _software(context: Context) -> str:
    return sentences(
        # This layer imports no part above it; the package itself is loaded whenever a part is.
        tr("Made with carstats {version}.", version=sys.modules["carstats"].__version__),
        tr(
            "Its estimators are compared with those of R (survival, cmprsk and others) over grids "
            "of small data sets; the comparison is part of the package."
        ),
        tr(
            "The data are identified by their SHA-256 fingerprint, {fingerprint}: the same data "
            "give the same report.",
            fingerprint=context.study.fingerprint[:16],
        )
        if context.study.fingerprint
        else "",
    )
