"""Harm beyond cytokine release: deaths, malignancies, infections, replacement, days in hospital."""

from __future__ import annotations

from functools import partial

from carstats.data.terms import CARE, HOSPITAL
from carstats.report.chapters.blocks import Block, Heading, TableBlock, figure_block, paragraphs
from carstats.report.chapters.context import YEAR, Context, part
from carstats.report.figures import organisms_figure, survival_figure
from carstats.report.format import count, months, number, of, rate
from carstats.report.tables import tabulate_deaths, tabulate_organisms, tabulate_quantities
from carstats.survival.curves import survival_curve
from carstats.toxicity.exposure import exposure_adjusted_rate
from carstats.toxicity.harm.deaths import causes_of_death
from carstats.toxicity.harm.infections import infections_by_organism
from carstats.toxicity.harm.replacement import immunoglobulin_replacement
from carstats.toxicity.harm.stays import hospital_days
from carstats.toxicity.harm.treatment import crs_treatment, unrecorded_drugs
from carstats.words import sentences, tr

_SURVIVAL, _MALIGNANCY = "overall_survival", "second malignancy"
_PER = 100.0


def harm(context: Context) -> list[Block]:
    """Return each kind of harm with how long was looked at, or what the study lacks for it."""
    return [
        Heading(tr("Deaths")),
        *_deaths(context),
        Heading(tr("Second malignancies")),
        *_malignancies(context),
        Heading(tr("Serious infections by organism")),
        *_infections(context),
        Heading(tr("Immunoglobulin replacement")),
        *_replacement(context),
        Heading(tr("Days in hospital and in intensive care")),
        *_stays(context),
        Heading(tr("Treatment of cytokine release")),
        *_treatment(context),
    ]


def _deaths(context: Context) -> list[Block]:
    if "death_day" not in context.study.subjects:
        return paragraphs(
            tr("The study did not collect days of death: nobody can be told from one who was lost.")
        )

    def table() -> list[Block]:
        result = causes_of_death(context.cohort, at=YEAR, by=context.by)
        every = causes_of_death(context.cohort, at=YEAR).frame.iloc[0]
        told = tr(
            "{count} died, {rate}, in {years} person-years (median follow-up {months}).",
            count=of(every["n_event"], every["n"]),
            rate=rate(every["estimate"], every["conf_low"], every["conf_high"]),
            years=number(every["person_years"]), months=months(every["followup"]),
        )  # fmt: skip
        block = TableBlock(tabulate_deaths(result), {"causes_of_death": result}, told.rstrip("."))
        return [*paragraphs(told), block]

    def curve() -> list[Block]:
        if _SURVIVAL not in context.event_endpoints:
            return []
        result = survival_curve(context.cohort, _SURVIVAL, by=context.by)
        return [figure_block(partial(survival_figure, result), {"": result}, "overall_survival")]

    return [*part(table), *part(curve)]


def _malignancies(context: Context) -> list[Block]:
    if context.toxicities is None:
        return paragraphs(tr("The study did not collect toxicities. That is not the same as none."))

    def told() -> list[Block]:
        row = exposure_adjusted_rate(context.cohort, _MALIGNANCY, per=_PER).frame.iloc[0]
        places = {
            "years": number(row["person_years"]), "high": number(row["conf_high"]),
            "per": count(_PER),
        }  # fmt: skip
        if row["n_event"]:
            words = tr(
                "{n} had a second malignancy in {years} person-years: {rate} per {per} "
                "person-years (95\u00a0% limits {low} to {high}).",
                n=of(row["n_event"], row["n"]), rate=number(row["estimate"]),
                low=number(row["conf_low"]), **places,
            )  # fmt: skip
        else:
            words = tr(
                "No second malignancy was recorded in {years} person-years; a true rate of up to "
                "{high} per {per} person-years is compatible with it.",
                **places,
            )
        records = context.study.table("toxicities")
        unseen = not (records["term"] == _MALIGNANCY).any()
        longest = float(context.cohort.subjects["last_contact_day"].max())
        return paragraphs(
            sentences(
                words,
                tr("The study has no record of any: none only if they were asked for.")
                if unseen
                else "",
                tr(
                    "The longest follow-up is {months}; regulators ask for fifteen years, and what "
                    "comes later is not seen here.",
                    months=months(longest),
                ),
            )
        )

    return part(told) if len(context.cohort) else []


def _infections(context: Context) -> list[Block]:
    records = context.toxicities
    if records is None or "organism" not in records:
        return paragraphs(tr("The study did not collect the organisms of infections."))

    every = infections_by_organism(context.cohort, window=None).frame.iloc[0]
    if not every["n_event"] and not every["n_missing"]:
        return paragraphs(
            tr(
                "No serious infection was recorded in {years} person-years; a true rate of up to "
                "{high} per {per} person-years is compatible with it.",
                years=number(every["person_years"]), high=number(every["conf_high"]),
                per=count(_PER),
            )
        )  # fmt: skip

    def drawn() -> list[Block]:
        result = infections_by_organism(context.cohort)
        message = tr(
            "Serious infections: {n} in {k}, {rate} per {per} person-years",
            n=count(every["n_event"]), k=of(every["n_with_event"], every["n"]),
            rate=number(every["estimate"]), per=count(_PER),
        )  # fmt: skip
        draw = partial(organisms_figure, result)
        return [figure_block(draw, {"": result}, "infections_by_organism", message)]

    def table() -> list[Block]:
        if context.by is None:
            return []
        result = infections_by_organism(context.cohort, by=context.by)
        return [TableBlock(tabulate_organisms(result), {"infections_by_target": result})]

    return [*part(drawn), *part(table)]


def _replacement(context: Context) -> list[Block]:
    drugs = context.study.medications
    if drugs is None:
        return paragraphs(tr("The study did not collect medications."))
    if not (drugs["drug_class"] == "immunoglobulin").any():
        return paragraphs(tr("No immunoglobulin is recorded: none only if it was asked for."))

    def table() -> list[Block]:
        result = immunoglobulin_replacement(context.cohort, by=context.by)
        return [TableBlock(tabulate_quantities(result), {"immunoglobulin_replacement": result})]

    return part(table)


def _stays(context: Context) -> list[Block]:
    drugs = context.study.medications
    recorded = set() if drugs is None else set(drugs["drug_class"]) & set(CARE)
    if not recorded:
        return paragraphs(tr("The study did not collect days in hospital."))

    def table(care: str) -> list[Block]:
        # A study with intensive care alone does not say who was in hospital.
        result = hospital_days(context.cohort, care)
        name = "hospital_days" if care == HOSPITAL else "intensive_care_days"
        return [TableBlock(tabulate_quantities(result), {name: result})]

    shown = [care for care in CARE if care in recorded or HOSPITAL in recorded]
    words = tr("Who has no stay on record counts with no day.")
    return [*(block for care in shown for block in part(partial(table, care))), *paragraphs(words)]


def _treatment(context: Context) -> list[Block]:
    if context.toxicities is None or "CRS" not in context.frequent:
        return paragraphs(tr("No cytokine release syndrome is recorded."))
    if context.study.medications is None:
        return paragraphs(tr("The study did not collect medications."))
    if len(unrecorded_drugs(context.study)) == 2:
        return paragraphs(
            tr(
                "The study records no tocilizumab, and no glucocorticoid that was begun after the "
                "infusion: none only if they were asked for."
            )
        )

    def table() -> list[Block]:
        result = crs_treatment(context.cohort)
        words = tr(
            "A drug counts that was begun within an episode for toxicity, or for no recorded "
            "reason; what was given to prevent one is not counted."
        )
        return [TableBlock(tabulate_quantities(result), {"crs_treatment": result}),
                *paragraphs(words)]  # fmt: skip

    return part(table)
