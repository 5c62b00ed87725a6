"""From the study to those who are counted: the flow chart and what the study holds."""

from __future__ import annotations

from functools import partial

from carstats.data.terms import CARE
from carstats.report.chapters.blocks import Block, TableBlock, figure_block, paragraphs
from carstats.report.chapters.context import YEAR, Context, part
from carstats.report.chapters.strata import cross_table
from carstats.report.figures import attrition_figure
from carstats.report.format import count, counted, months, percent
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.report.tables.subjects import tabulate_attrition
from carstats.words import sentences, tr

_NAMES = (
    "subjects", "infusions", "assessments", "medications", "toxicities", "events", "responses",
)  # fmt: skip


def flow(context: Context) -> list[Block]:
    """Return the flow chart, and for how long those counted were followed."""
    cohort = context.cohort
    whole = cohort.flow(from_enrolment=True)
    by_disease = cohort.flow(by="disease", from_enrolment=True)
    results = {"all": whole, "by disease": by_disease}
    n = counted(len(cohort), "subject")
    return part(
        lambda: [
            figure_block(
                partial(attrition_figure, whole, by_disease),
                results,
                "flow",
                tr("{n} are counted, of {all} in the study", n=n, all=len(context.study.subjects)),
                width=140,
            )
        ]
    ) + paragraphs(_followed(context))


def flow_more(context: Context) -> list[Block]:
    """Return the flow as a table and the tables that the study has."""
    whole = context.cohort.flow(from_enrolment=True)
    blocks: list[Block] = [TableBlock(tabulate_attrition(whole), {"all": whole})]
    if len(context.present("disease")) > 10:
        blocks += cross_table(context)
    held = context.study.tables()
    drugs = held.get("medications")
    stays = drugs is not None and drugs["drug_class"].isin(CARE).any()
    names = {
        "subjects": tr("Subjects"),
        "infusions": tr("Infusions"),
        "assessments": tr("Assessments"),
        "medications": tr("Medications and hospital stays") if stays else tr("Medications"),
        "toxicities": tr("Toxicities"),
        "events": tr("Times to events"),
        "responses": tr("Responses"),
    }
    rows = [
        Row((names[name], count(len(held[name])), count(held[name]["subject_id"].nunique())))
        if name in held
        else Row((names[name], tr("not collected"), ""))
        for name in _NAMES
    ]
    table = Table(
        title=tr("Tables of the study"),
        heads=(tr("Table"), tr("Records"), tr("Subjects with a record")),
        rows=tuple(rows),
        notes=(
            tr(
                "What a table that was not collected would hold is unknown; an empty table says "
                "that nothing happened."
            ),
        ),
        synthetic=context.study.synthetic,
    )
    return [*blocks, TableBlock(table)]


def _followed(context: Context) -> str:
    contact = context.cohort.subjects["last_contact_day"]
    if contact.empty:
        return ""
    n = int((contact >= YEAR).sum())
    return sentences(
        tr(
            "Half of the subjects counted were followed for {median} or longer from the first "
            "infusion to the last contact; the shortest such time is {low}, the longest {high}.",
            median=months(contact.median()),
            low=months(contact.min()),
            high=months(contact.max()),
        ),
        tr(
            "{n} of {all} ({share}) were followed for a year or longer. What is said about later "
            "times rests on these alone.",
            n=n,
            all=len(contact),
            share=percent(n / len(contact)),
        ),
    )
