"""What the chapters call an endpoint and a visit, one name through the whole report."""

from __future__ import annotations

from carstats.report.chapters.context import Context
from carstats.report.format import counted, number
from carstats.words import tr


def overall_survival(context: Context) -> str | None:
    """Return the name of overall survival if the study has it with anybody followed."""
    return "overall_survival" if "overall_survival" in context.event_endpoints else None


def visit_name(day: float) -> str:
    """Return what a visit is called: ``"week 24"`` where it is a whole number of weeks."""
    weeks = day / 7
    if day >= 14 and abs(weeks - round(weeks)) < 1e-9:
        return tr("week {n}", n=number(weeks, 0))
    return tr("day {day}", day=number(day, 0))


def not_followed(context: Context, day: float) -> str:
    """Say how many are too early for a visit, empty where nobody is."""
    left = len(context.cohort) - len(context.followed(day))
    if not left:
        return ""
    return tr(
        "Not counted: {n} whose data cut-off came before the visit's window closed.",
        n=counted(left, "subject"),
    )
