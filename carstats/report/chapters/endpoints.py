"""What several chapters say of an endpoint: its rate at a visit, its incidence at a day."""

from __future__ import annotations

import pandas as pd

from carstats.errors import CarstatsError
from carstats.report.chapters.context import Context
from carstats.report.format import counted, landmark, of, rate
from carstats.response.rates import response_rate
from carstats.survival.competing import cumulative_incidence
from carstats.words import tr


def overall_survival(context: Context) -> str | None:
    """Return the name of overall survival if the study has it with anybody followed."""
    return "overall_survival" if "overall_survival" in context.event_endpoints else None


def not_followed(context: Context, day: float) -> str:
    """Say how many are too early for a visit, empty where nobody is."""
    left = len(context.cohort) - len(context.followed(day))
    if not left:
        return ""
    return tr(
        "Not counted: {n} whose data cut-off came before the visit's window closed.",
        n=counted(left, "subject"),
    )


def said(context: Context, name: str) -> str:
    """Return a response in one sentence with its number, for the title of a slide."""
    at = context.visit(name)
    row = response_rate(context.followed(at), name, at=at).frame.iloc[0]
    return tr(
        "{endpoint}, {visit}: {count}, {rate}",
        endpoint=context.label("endpoint", name),
        visit=landmark(at),
        count=of(row["n_event"], row["n"]),
        rate=rate(row["estimate"], row["conf_low"], row["conf_high"]),
    )


def incidence_at(context: Context, day: float) -> pd.Series | None:
    """Return the row of the cumulative incidence of relapse at a day, None beyond follow-up."""
    try:
        frame = cumulative_incidence(context.cohort, "relapse").frame
    except CarstatsError:
        return None
    own = frame[frame["cause"] == "relapse"]
    then = own[own["time"] <= day]
    if then.empty or own["time"].max() < day or then["estimate"].isna().iloc[-1]:
        return None
    row = then.iloc[-1].copy()
    later = own[own["time"] >= day]
    row["n_risk"] = later["n_risk"].iloc[0]
    return row
