"""Counts of several sites as trials to pool: one line a site, with its responders or affected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from carstats.counts.counted import Counts, check_somebody, counted_rows
from carstats.errors import CarstatsError, listed, names_given
from carstats.messages import message, message_n

# The columns that usually say which hospital or which trial a subject is of.
_USUAL = ("site_id", "study_id")


@dataclass(frozen=True)
class Trials:
    """Counts of each level of a column, as trials.

    Attributes
    ----------
    rows : pandas.DataFrame
        ``study``, ``n_event`` and ``n``, with the columns to report by. Of a response ``n`` are the
        infused, one that is missing being a failure; of a toxicity all, with an episode of any
        grade.
    origin : dict
        What a `Spec` says of them: endpoint, population, cohort and where the data come from.
    """

    rows: pd.DataFrame
    origin: dict[str, Any]


def as_trials(
    counts: Counts, outcome: str | None, by: str | Iterable[str] | None, trials: str | None
) -> Trials:
    """Return the levels of a column of counts as trials."""
    check_somebody(counts)
    if trials is None:
        trials = next((column for column in _USUAL if column in counts.by), None)
    if trials is None or trials not in counts.by:
        raise CarstatsError(
            message(
                "`trials` is {column}; it names the column of the counts whose levels are pooled, "
                "such as 'site_id'. They were counted by: {known}.",
                column=repr(trials),
                known=listed(counts.by, 20) if counts.by else message("none"),
            )
        )
    by = names_given("by", by)
    if trials in by:
        raise CarstatsError(
            message("`by` and `trials` both name {column}; they are different things.",
                    column=repr(trials))
        )  # fmt: skip
    lacking = [column for column in by if column not in counts.by]
    if lacking:
        raise CarstatsError(
            message("`by` names {columns}; the counts were counted by: {known}.",
                    columns=listed(lacking), known=listed(counts.by, 20))
        )  # fmt: skip
    kind, name = _outcome(counts, outcome)
    rows = counted_rows(counts, name, kind)
    if kind == "toxicity":
        happened = rows["grade"] != 0
    else:
        happened = rows["response"] == 1
        if "infused" in rows and not counts.about.get("strata_only", False):
            rows = rows[rows["infused"].fillna(False).astype(bool)]
    rows = rows[rows["applies"]]
    keys = [*by, trials]
    events = rows["n"].where(happened[rows.index], 0)
    found = rows[keys].assign(n_event=events, n=rows["n"]).groupby(keys, observed=True).sum()
    found = found.reset_index().rename(columns={trials: "study"})
    population = message_n(
        "{n} subject; the {levels} levels of {column} are the trials",
        "{n} subjects; the {levels} levels of {column} are the trials",
        int(found["n"].sum()), levels=found["study"].nunique(), column=trials,
    )  # fmt: skip
    origin = {
        "endpoint": _label(counts, kind, name),
        "endpoints": (name,),
        "population": population,
        "cohort": counts.label,
        **{
            key: counts.about[key]
            for key in ("synthetic", "fingerprint", "criteria")
            if key in counts.about
        },
    }
    return Trials(found, origin)


def _outcome(counts: Counts, outcome: str | None) -> tuple[str, str]:
    """Return whether an outcome is a response or a toxicity of the counts, and its name."""
    has = {kind: counts.endpoints(kind) for kind in ("response", "toxicity")}
    known = [(kind, name) for kind, names in has.items() for name in names]
    if outcome is None and len(known) == 1:
        return known[0]
    for kind, category in (("response", "endpoint"), ("toxicity", "toxicity")):
        name = counts.vocabulary.canonical(category, outcome or "")
        if name in has[kind]:
            return kind, str(name)
    names = [name for _, name in known]
    raise CarstatsError(
        message(
            "`outcome` is {outcome}; of the counts it is a response or a toxicity: {known}.",
            outcome=repr(outcome),
            known=listed(names, 40) if names else message("none"),
        )
    )


def _label(counts: Counts, kind: str, name: str) -> str:
    """Return what an outcome of the counts is called in a result."""
    if kind == "toxicity":
        return message("{toxicity}, any grade", toxicity=counts.vocabulary.label("toxicity", name))
    label = counts.vocabulary.label("endpoint", name)
    if not counts.visit:
        return label
    return message("{label}, day {day}", label=label, day=f"{counts.visit['at']:g}")
