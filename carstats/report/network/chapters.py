"""The chapters of a network's report: what was sent, responses, toxicities, times, definitions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from carstats.counts.counted import Counts
from carstats.report.chapters.blocks import (
    Block,
    Caution,
    Chapter,
    Heading,
    TableBlock,
    figure_block,
    paragraphs,
)
from carstats.report.chapters.context import part
from carstats.report.figures import estimates_figure, interval_figure
from carstats.report.format import count, of, p_value, percent, percent_limits, rate
from carstats.report.network.tables import definitions_table, network_table
from carstats.report.tables import tabulate_result, tabulate_sites
from carstats.response.comparisons import response_test
from carstats.response.differences import response_difference
from carstats.response.rates import response_rate
from carstats.result import Result
from carstats.sharing.curves import site_differences, site_survival
from carstats.sharing.network import Network
from carstats.sharing.outcomes import RESPONSE, TIMES, TOXICITY
from carstats.sharing.rates import site_rate
from carstats.sharing.together import (
    SITE,
    competing_counts,
    response_counts,
    spans_of,
    time_cohort,
    toxicity_counts,
)
from carstats.survival.competing import cumulative_incidence
from carstats.survival.interval_censored.curves import (
    interval_censored_curve,
    interval_censored_test,
)
from carstats.toxicity.rates import toxicity_rate
from carstats.words import in_words, sentences, tr

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Visits at which curves are read, days.
_READ = (168.0, 364.0, 728.0)
# So many outcomes of a kind are drawn; all are tabulated.
_DRAWN = 3
_BY = "target"
_MAJOR = 3


def network_chapters(network: Network) -> list[Chapter]:
    """Return the chapters of a network's report, their figures still to be drawn."""
    made: list[tuple[str, str, Callable[[Network], list[Block]]]] = [
        ("sites", tr("What the sites sent"), _sites),
        ("response", tr("Responses"), _responses),
        ("times", tr("Times to events"), _times),
        ("toxicity", tr("Toxicities"), _toxicities),
        ("definitions", tr("What the numbers mean"), _definitions),
    ]
    return [Chapter(name, title, tuple(make(network))) for name, title, make in made]


def _sites(network: Network) -> list[Block]:
    words = tr(
        "Each site counted its own subjects and sent the counts; no subject left it. Definitions, "
        "visits and grading scales agree at all sites, which their fingerprints say."
    )
    versions = {content["carstats"] for content in network.contents}
    other = tr("The files were made by {n} versions of carstats, with the same definitions.",
               n=count(len(versions))) if len(versions) > 1 else ""  # fmt: skip
    hides = any(content["hidden"] or not content["tables"] for content in network.contents)
    care = tr(
        "Numbers that would have stood for a few subjects are hidden. The sites that hide an "
        "outcome are no chance selection: what is rare is hidden where it happened, so that a sum "
        "over the other sites misses it. The row “whatever is hidden” holds for all sites."
    )
    return [
        *paragraphs(sentences(words, other)),
        TableBlock(network_table(network)),
        *([Caution(care)] if hides else []),
    ]


def _definitions(network: Network) -> list[Block]:
    words = tr(
        "The grid has the visits of the schedule: what a visit found counts at its planned week, "
        "also where it took place some days before or after. By these a curve differs from that "
        "of exact days."
    )
    defined = {name: network.definition(name) for name in network.names}
    table = [TableBlock(definitions_table(defined))] if defined else []
    return [*table, *paragraphs(words)]


def _rates(network: Network, kind: str, name: str, min_grade: int, draw: bool) -> list[Block]:
    """Return each site and all together of one outcome."""
    result = site_rate(network, name, min_grade=min_grade)
    stem = f"{kind}_{name}" + (f"_grade_{min_grade}" if min_grade > 1 else "")
    row = result.frame[result.frame["part"] == "together"].iloc[0]
    told = tr("{outcome}: {counted}, {rate}", outcome=in_words(result.spec.endpoint),
              counted=of(row["n_event"], row["n"]),
              rate=rate(row["estimate"], row["conf_low"], row["conf_high"]))  # fmt: skip
    blocks: list[Block] = [Heading(in_words(result.spec.endpoint))]
    if draw:
        shown = Result(result.frame[result.frame["estimate"].notna()].reset_index(drop=True),
                       result.spec, result.labels)  # fmt: skip
        draw_it = partial(estimates_figure, shown, heading=in_words(result.spec.endpoint))
        blocks.append(figure_block(draw_it, {"": shown}, stem, told))
    title = tr("{outcome}, by site", outcome=in_words(result.spec.endpoint))
    return [*blocks, TableBlock(tabulate_sites(result, title=title), {stem: result})]


def _told(counts: Counts | None) -> bool:
    """Say whether targets can be compared."""
    return counts is not None and len(set(counts.subjects[_BY])) > 1


def _responses(network: Network) -> list[Block]:
    blocks: list[Block] = []
    for place, name in enumerate(network.outcomes(RESPONSE)):
        blocks += part(partial(_rates, network, RESPONSE, name, 1, place < _DRAWN))
        blocks += part(partial(_responses_by_target, network, name))
    return blocks or paragraphs(tr("No site shows a response."))


def _responses_by_target(network: Network, name: str) -> list[Block]:
    counts = response_counts(network, name, [_BY])
    if not _told(counts):
        return []
    at = counts.visit.get("at", 168)
    rates = response_rate(counts, name, at=at, by=_BY)
    differences = response_difference(counts, name, at=at, by=_BY, strata=SITE)
    title = tr("{outcome}, by target", outcome=in_words(rates.spec.endpoint))
    second = tr("{outcome}, differences within sites", outcome=in_words(rates.spec.endpoint))
    return [
        TableBlock(tabulate_result(rates, title=title), {f"{name}_by_target": rates}),
        TableBlock(
            tabulate_result(differences, title=second), {f"{name}_differences": differences}
        ),
        *part(partial(_tested, counts, name, at)),
        *paragraphs(_left_out(network, RESPONSE, name)),
    ]


def _tested(counts: Counts, name: str, at: float) -> list[Block]:
    """Return the Mantel-Haenszel test of the targets within sites."""
    test = response_test(counts, name, at=at, by=_BY, strata=SITE)
    title = tr("{outcome}, by target within sites", outcome=in_words(test.spec.endpoint))
    return [TableBlock(tabulate_result(test, title=title), {f"{name}_test": test})]


def _left_out(network: Network, kind: str, name: str) -> str:
    """Say how many subjects cannot be told by target."""
    told = sum(row["asked"] for _, _, row in network.rows(kind, name, [_BY])[0])
    gone = sum(row["asked"] for _, _, row in network.rows(kind, name, ())[0]) - told
    if gone <= 0:
        return ""
    return tr("Subjects in no target of their own, for their site shows targets together: {n}.",
              n=count(gone))  # fmt: skip


def _toxicities(network: Network) -> list[Block]:
    blocks: list[Block] = []
    for place, name in enumerate(network.outcomes(TOXICITY)):
        for grade in (1, _MAJOR):
            drawn = place < _DRAWN and grade == 1
            blocks += part(partial(_rates, network, TOXICITY, name, grade, drawn))
        blocks += part(partial(_toxicity_by_target, network, name))
    return blocks or paragraphs(tr("No site shows a toxicity."))


def _toxicity_by_target(network: Network, name: str) -> list[Block]:
    counts = toxicity_counts(network, name, 1, [_BY])
    if not _told(counts):
        return []
    rates = toxicity_rate(counts, name, by=_BY)
    title = tr("{outcome}, by target", outcome=in_words(rates.spec.endpoint))
    return [
        TableBlock(tabulate_result(rates, title=title), {f"{name}_by_target": rates}),
        *paragraphs(_left_out(network, TOXICITY, name)),
    ]


def _times(network: Network) -> list[Block]:
    blocks: list[Block] = []
    for name in network.outcomes(TIMES):
        blocks += part(partial(_curve, network, name))
    words = tr(
        "A visit finds the event: it lies after the visit before. Who is censored at a visit was "
        "seen there free of it. Of intervals that were joined to hide small numbers the curve is "
        "known at their ends only; the boxes and the possible values say how far."
    )
    return [*paragraphs(words), *blocks] if blocks else paragraphs(tr("No site shows a time."))


def _curve(network: Network, name: str) -> list[Block]:
    cohort = time_cohort(network, name)
    if cohort is None:
        return []
    competes = _competes(network, name)
    care_of = "censor" if competes else None
    if competes and competing_counts(network, name)[0] is not None:
        label = in_words(network.vocabulary.label("endpoint", name))
        found = part(partial(_incidence, network, name))
        return [Heading(label), *found, *_tests(network, name)]
    curve = interval_censored_curve(cohort, name, competing=care_of)
    label = in_words(curve.spec.endpoint)
    blocks: list[Block] = [
        Heading(label), figure_block(_without(curve), {"": curve}, f"curve_{name}"),
    ]  # fmt: skip
    for day in _READ:
        if day not in network.visits:
            continue
        result = site_survival(network, name, at=day)
        if result.frame["estimate"].notna().any():
            title = tr("{outcome}: no event by week {week}", outcome=label, week=f"{day / 7:g}")
            named = {f"{name}_day_{day:g}": result}
            blocks.append(TableBlock(tabulate_sites(result, title=title), named))
    if competes:
        care = tr(
            "No site tells competing events from censored times: what follows is cause-specific, "
            "not a probability."
        )
        blocks.insert(1, Caution(care))
    return [*blocks, *_tests(network, name)]


def _without(curve: Result) -> Callable[..., Figure]:
    """Draw curves under a heading that says which way they go."""
    words = tr("{outcome}: without the event", outcome=in_words(curve.spec.endpoint))
    return partial(interval_figure, curve, heading=words)


def _tests(network: Network, name: str) -> list[Block]:
    """Return whether sites, and within sites targets, differ."""
    found: list[Block] = []
    sites = site_differences(network, name)
    if sites is not None:
        row = sites.frame.iloc[0]
        found += paragraphs(
            tr("Between the sites: {p}, I² {share}.", p=p_value(row["p_value"]),
               share=percent(row["i2"]))
        )  # fmt: skip
    cohort = time_cohort(network, name, [_BY])
    if cohort is not None and len(set(cohort.subjects[_BY])) > 1:
        test = interval_censored_test(cohort, name, by=_BY, strata=SITE, competing="censor")
        title = tr("{outcome}, by target within sites", outcome=in_words(test.spec.endpoint))
        if not _competes(network, name):
            curves = interval_censored_curve(cohort, name, by=_BY)
            found.append(figure_block(_without(curves), {"": curves}, f"curve_{name}_by_target"))
        found.append(TableBlock(tabulate_result(test, title=title), {f"{name}_test": test}))
        found += paragraphs(_left_out(network, TIMES, name))
    return found


def _competes(network: Network, name: str) -> bool:
    rows, _ = network.rows(TIMES, name, ())
    return any(i["competing"] is None or i["competing"] for _, _, r in rows for i in r["intervals"])


def _incidence(network: Network, name: str) -> list[Block]:
    """Return the cumulative incidence over the sites that tell competing events.

    It is told at visits that no joined interval goes across: within one nobody knows when.
    """
    counts, left = competing_counts(network, name)
    spans = spans_of(network, name)
    days = [day for day in _READ if day in network.visits]
    open_ = [day for day in days if any(low < day < high for low, high in spans)]
    ends = [day for day in network.visits if not any(low < day < high for low, high in spans)]
    result = cumulative_incidence(counts, name)
    frame = result.frame[result.frame["cause"] == name]
    lines = []
    for day in sorted({*days, *ends[-1:]} - set(open_)):
        rows = frame[frame["time"] <= day + 1e-6]
        if len(rows):
            last = rows.iloc[-1]
            lines.append(
                tr("by week {week} {value} ({limits})", week=f"{day / 7:g}",
                   value=percent(last["estimate"]),
                   limits=percent_limits(last["conf_low"], last["conf_high"]))
            )  # fmt: skip
    gone = tr("Sites left out, for they hide competing events: {n}.", n=count(left)) if left else ""
    weeks = tr(", ").join(f"{day / 7:g}" for day in open_)
    unknown = tr("By week {weeks} it is not known: joined intervals go across.", weeks=weeks)
    told = tr("Cumulative incidence, competing events counted: {parts}.",
              parts=tr("; ").join(lines)) if lines else ""  # fmt: skip
    return paragraphs(sentences(told, unknown if open_ else "", gone))
