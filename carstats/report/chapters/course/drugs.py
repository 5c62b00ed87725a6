"""The taper of glucocorticoids, and who is off other drugs."""

from __future__ import annotations

from functools import partial

import pandas as pd

from carstats.report.chapters.blocks import Block, Heading, TableBlock, figure_block, paragraphs
from carstats.report.chapters.context import YEAR, Context, part
from carstats.report.figures import drug_use_figure, incidence_figure, taper_figure
from carstats.report.format import landmark, number, of, rate
from carstats.report.tables import tabulate_doses, tabulate_taper
from carstats.toxicity.timing.doses import STEROID
from carstats.toxicity.timing.off import time_to_taper
from carstats.toxicity.timing.profiles import glucocorticoid_profiles
from carstats.toxicity.timing.taper import cumulative_dose, glucocorticoid_course
from carstats.toxicity.timing.use import drug_use
from carstats.words import sentences, tr

_HALF_YEAR = 168.0
_OTHERS = ("immunosuppressant", "biologic")
_VISITS = (0.0, 84.0, 168.0, 252.0, 364.0)
LOW = 5.0


def drugs(context: Context) -> list[Block]:
    """Return the taper, the time to off, what was taken, and the other drugs for the disease."""
    given = context.study.medications
    if given is None:
        return paragraphs(tr("The study did not collect medications."))
    blocks: list[Block] = [Heading(tr("Glucocorticoid dose"))]
    if _dosed(given):
        for maker in (_taper, _low, _off_steroids, _amount):
            blocks += part(partial(maker, context))
    else:
        blocks += paragraphs(tr("The study records glucocorticoids without a dose, or none."))
        if (given["drug_class"] == STEROID).any():
            blocks += part(partial(_off_steroids, context))
    for name in _OTHERS:
        if (given["drug_class"] == name).any():
            blocks += [Heading(context.label("drug_class", name)),
                       *part(partial(_use, context, name)),
                       *part(partial(_off, context, name))]  # fmt: skip
    return blocks


def drugs_more(context: Context) -> list[Block]:
    """Return the taper at each visit, as a table."""
    given = context.study.medications
    if given is None or not _dosed(given):
        return []

    def visits() -> list[Block]:
        course = glucocorticoid_course(context.cohort, low=LOW, by=context.by)
        return [TableBlock(tabulate_taper(course), {"glucocorticoid_course": course})]

    return [Heading(tr("Glucocorticoid dose")), *part(visits)]


def _dosed(given: pd.DataFrame) -> bool:
    """Say whether any glucocorticoid has its dose."""
    if "prednisone_equivalent_mg" not in given:
        return False
    steroids = given[given["drug_class"] == STEROID]
    return bool(steroids["prednisone_equivalent_mg"].notna().any())


def _off_steroids(context: Context) -> list[Block]:
    return _off(context, STEROID, drawn=True)


def _taper(context: Context) -> list[Block]:
    shown = glucocorticoid_profiles(context.cohort, low=LOW, by=context.by)
    whole = glucocorticoid_course(context.cohort, at=[_HALF_YEAR], low=LOW).frame.iloc[0]
    told = tr("Dose of glucocorticoids over time")
    if whole["n_event"]:
        told = tr(
            "Off glucocorticoids at {visit}: {off}; at most {low} mg a day: {few}",
            visit=landmark(_HALF_YEAR), off=of(whole["n_off"], whole["n_event"]), low=f"{LOW:g}",
            few=of(whole["n_below"], whole["n_event"]),
        )  # fmt: skip
    words = sentences(
        tr(
            "The dose of a day is the sum of all glucocorticoids that were taken then, in "
            "milligrams of prednisone; a subject without a record of one counts as taking none."
        ),
        tr("A day with a glucocorticoid of unknown dose is left out."),
    )
    draw = partial(taper_figure, shown)
    return [figure_block(draw, {"": shown}, "taper", told), *paragraphs(words)]


def _low(context: Context) -> list[Block]:
    row = time_to_taper(context.cohort, at_most=LOW, at=YEAR).frame.iloc[0]
    if not row["n"] or row["estimate"] != row["estimate"]:
        return []
    return paragraphs(
        tr(
            "Of {n} above {low} mg on the day of the infusion, {rate} came to {low} mg or less for "
            "four weeks within a year ({already} were there already).",
            n=f"{row['n']:.0f}", low=f"{LOW:g}", already=f"{row['n_already']:.0f}",
            rate=rate(row["estimate"], row["conf_low"], row["conf_high"]),
        )
    )  # fmt: skip


def _off(context: Context, name: str, *, drawn: bool = False) -> list[Block]:
    row = time_to_taper(context.cohort, name, at=YEAR).frame.iloc[0]
    label = context.label("drug_class", name)
    if not row["n"]:
        return paragraphs(
            tr("{drugs}: nobody took it on the day of the infusion.", drugs=label)
        )  # fmt: skip
    told = tr(
        "{drugs}: of {n} who took it on the day of the infusion, {rate} were off for four weeks "
        "within a year ({already} were off already).",
        drugs=label, n=f"{row['n']:.0f}", already=f"{row['n_already']:.0f}",
        rate=rate(row["estimate"], row["conf_low"], row["conf_high"]),
    )  # fmt: skip
    if not drawn:
        return paragraphs(told)
    curves = time_to_taper(context.cohort, name, by=context.by)
    draw = partial(incidence_figure, curves)
    return [*paragraphs(told), figure_block(draw, {"": curves}, f"off_{name}")]


def _amount(context: Context) -> list[Block]:
    taken = cumulative_dose(context.cohort, by=context.by)
    whole = cumulative_dose(context.cohort).frame.iloc[0]
    told = ""
    if whole["n_event"]:
        told = tr(
            "In the first four weeks the median of what was taken was {dose} mg of prednisone.",
            dose=number(whole["estimate"], 0),
        )
    return [*paragraphs(told), TableBlock(tabulate_doses(taken), {"cumulative_dose": taken})]


def _use(context: Context, name: str) -> list[Block]:
    used = drug_use(context.cohort, name, at=_VISITS, by=context.by)
    whole = drug_use(context.cohort, name, at=[_HALF_YEAR]).frame.iloc[0]
    told = tr(
        "{drugs} at {visit}: {n}", drugs=context.label("drug_class", name),
        visit=landmark(_HALF_YEAR), n=of(whole["n_event"], whole["n"]),
    )  # fmt: skip
    draw = partial(drug_use_figure, used)
    return [figure_block(draw, {"": used}, f"use_{name}", told)]
