"""What becomes of antibodies: who turns negative of which, and what vaccines gave."""

from __future__ import annotations

from functools import partial

from carstats.cohort.cohort import Cohort, define_cohort
from carstats.cohort.criteria import with_disease
from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.chapters.blocks import Block, Heading, TableBlock, figure_block, paragraphs
from carstats.report.chapters.context import MOST_COLUMNS, Context, part
from carstats.report.chapters.endpoints import not_followed
from carstats.report.figures import antibody_map_figure
from carstats.report.format import count, landmark, of, sentence_list
from carstats.report.tables import tabulate_antibodies
from carstats.response.antibodies.conventions import PROTECTIVE, conventional_limits
from carstats.response.antibodies.map import antibody_map
from carstats.response.antibodies.panel import antibody_panel, protection_kept
from carstats.response.antibodies.titres import titre_change
from carstats.response.outcomes import visit_window, within
from carstats.words import in_words, sentences, tr

_AT = 168.0


def antibodies(context: Context) -> list[Block]:
    """Return the panel of the disease with most subjects, and the vaccine titres of all."""
    found = _panels(context)
    blocks: list[Block] = []
    if found:
        blocks += paragraphs(not_followed(context, _AT))
        blocks += _one(context, *found[0])
    vaccines = _limits(context, context.followed(_AT))[1]
    if vaccines:
        blocks += [Heading(tr("Vaccine titres")), *part(partial(_vaccines, context, vaccines))]
    lacking = tr("The study did not collect antibodies before the infusion and about week 24.")
    return blocks or paragraphs(lacking)


def antibodies_more(context: Context) -> list[Block]:
    """Return the panels of the other diseases."""
    blocks: list[Block] = []
    for found in _panels(context)[1:]:
        blocks += _one(context, *found)
    return blocks


def _panels(context: Context) -> list[tuple[str, Cohort]]:
    """Return the diseases that have a panel, with their cohorts, that of most subjects first."""
    found, followed = [], context.followed(_AT)
    for name in context.present("disease"):
        try:
            cohort = define_cohort(
                context.study, *followed.criteria, with_disease(name),
                label=message("{label}, {disease}", label=followed.label,
                              disease=context.study.vocabulary.label("disease", name)),
            )  # fmt: skip
        except CarstatsError:
            # Nobody of the disease was infused.
            continue
        if len(cohort) and _limits(context, cohort)[0]:
            found.append((name, cohort))
    return sorted(found, key=lambda each: -len(each[1]))


def _limits(context: Context, cohort: Cohort) -> tuple[dict[str, float], dict[str, float]]:
    """Return the limits of the autoantibodies and the vaccine titres that were measured twice."""
    if context.study.assessments is None:
        return {}, {}
    rows = cohort.table("assessments")
    told = rows["value"].notna()
    if "lloq" in rows:
        told |= rows["lloq"].notna()
    rows = rows[told]
    inside = within(rows["day"], *visit_window(_AT, context.study)) & (rows["day"] > 0)
    both = set(rows.loc[rows["day"] <= 0, "measure"]) & set(rows.loc[inside, "measure"])
    own = conventional_limits(context.study, both - {"autoantibody"})
    return own, {name: limit for name, limit in PROTECTIVE.items() if name in both}


def _one(context: Context, disease: str, cohort: Cohort) -> list[Block]:
    above, protective = _limits(context, cohort)
    levels = cohort.subjects["target"].nunique()
    by = "target" if 1 < levels <= MOST_COLUMNS else None

    def drawn() -> list[Block]:
        shown = antibody_map(cohort, above, protective=protective or None, at=_AT, by=by)
        whole = antibody_panel(cohort, above, at=_AT).frame
        most = whole.loc[whole["n"].idxmax()]
        told = tr(
            "{antibody}: {count} of those positive before were negative at {visit}",
            antibody=context.label("measure", most["measure"]), visit=landmark(_AT),
            count=of(most["n_event"], most["n"]),
        )  # fmt: skip
        draw = partial(antibody_map_figure, shown)
        return [figure_block(draw, {"": shown}, f"antibodies_{disease}", told)]

    def tabulated() -> list[Block]:
        panel = antibody_panel(cohort, above, at=_AT, by=by)
        change = titre_change(cohort, list(above), at=_AT, by=by)
        results = {f"antibodies_{disease}": panel, f"titres_{disease}": change}
        table = TableBlock(tabulate_antibodies(panel, change=change), results)
        words = tr(
            "Positive is above the usual upper limit of normal of the assay, which stands under "
            "the figure. A laboratory's own limits may differ."
        )
        return [table, *paragraphs(words)]

    return [Heading(context.label("disease", disease)), *part(drawn), *part(tabulated)]


def _vaccines(context: Context, protective: dict[str, float]) -> list[Block]:
    cohort, by = context.followed(_AT), context.by
    kept = protection_kept(cohort, protective, at=_AT, by=by)
    change = titre_change(cohort, list(protective), at=_AT, by=by)
    whole = protection_kept(cohort, protective, at=_AT).frame
    told = [
        tr("{antibody} {n}", antibody=context.label("measure", row.measure),
           n=of(row.n_event, row.n_evaluable))
        for row in whole.itertuples() if row.n_evaluable
    ]  # fmt: skip
    words = sentences(
        tr(
            "Of those protected before the infusion and measured at {visit}, still protected: "
            "{counts}.",
            visit=landmark(_AT), counts=sentence_list(told),
        ) if told else "",
        tr("A titre protects from {limits}.", limits=_said(context, protective)),
        tr(
            "Immunoglobulin that is given brings antibodies of its donors; notes count who had it."
        ),
    )  # fmt: skip
    results = {"vaccine_titres": kept, "vaccine_titres_change": change}
    return [*paragraphs(words), TableBlock(tabulate_antibodies(kept, change=change), results)]


def _said(context: Context, limits: dict[str, float]) -> str:
    """Return limits with their measures and units, in words."""
    measures = {term.name: term for term in context.study.vocabulary.measure}
    told = [
        tr("{measure} {limit} {unit}", measure=context.label("measure", name),
           limit=count(limit) if limit >= 1000 else f"{limit:g}",
           unit=in_words(measures[name].group))
        for name, limit in limits.items()
    ]  # fmt: skip
    return sentence_list(told)
