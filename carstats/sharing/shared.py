"""The content of a shared file: what leaves, what is hidden and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import check_by, stratum_keys, stratum_mask, stratum_name
from carstats.cohort.strata import level_labels as labels_of_levels
from carstats.endpoints.options import schedule_of
from carstats.errors import CarstatsError, check_number, listed
from carstats.messages import mark, message
from carstats.sharing.definitions import definition_of, fingerprint
from carstats.sharing.differences import Shown
from carstats.sharing.hiding import (
    Joining,
    can_show,
    group_strata,
    has_competing,
    joinings,
)
from carstats.sharing.numbers import row_of
from carstats.sharing.outcomes import (
    GRADES,
    MISSING,
    OTHER,
    RESPONSE,
    TIMES,
    TOXICITY,
    Outcome,
    outcome_of,
    shareable,
)

KIND, SCHEMA = "counts of outcomes, to be shared", 2
LEAST = 5
# The whole site; strata too small to be named, together.
ALL, OTHERS = "all", "all others"
SECTIONS = {RESPONSE: "responses", TIMES: "curves", TOXICITY: "toxicities"}
CELLS, MARGINS, WHOLE, NOTHING = "cells", "margins", "whole", "nothing"
# What a layout is, as the file says it.
_LAYOUTS = {
    CELLS: "the whole, and every combination of the columns that is large enough",
    MARGINS: "the whole, and each column alone, for of their combinations little would be left",
    WHOLE: "the whole alone, for by the columns nothing would be left",
    NOTHING: "no number, for there are fewer subjects than the smallest number",
}
BY = ("disease", "target")
# Columns that are of one subject each.
_OWN = ("subject_id", "age", "weight_kg", "disease_duration_years")
_LONGEST_NAME = 80
# With a smaller share of the subjects in cells of their own, margins are shown instead.
_LITTLE = 0.5
# What is hidden of an outcome, as the file says it.
NOTHING_TOLD = mark("nothing is shown")
STRATA = mark("some strata are shown together")
NOT_EVALUABLE = mark("those who did not respond are not told from those who were not evaluable")
NO_COMPETING = mark("competing events are not told from censored times")
VISITS_JOINED = mark("several visits are shown as one interval")
GRADES_JOINED = mark("several grades are shown as one number")


@dataclass(frozen=True)
class _Table:
    """Strata that a table of the file is by: names, levels and members."""

    by: tuple[str, ...]
    names: list[str]
    levels: list[dict[str, str]]
    members: list[NDArray[np.bool_]]


@dataclass
class _Draft:
    """What is being put into the file."""

    cohort: Cohort
    least: int
    at: float
    shown: Shown
    joined: dict[tuple[str, str], Joining] = field(default_factory=dict)
    definitions: dict[str, Any] = field(default_factory=dict)
    hidden: list[dict[str, str]] = field(default_factory=list)

    def again(self) -> _Draft:
        """Return a draft to go on with that may be thrown away."""
        return replace(self, shown=self.shown.copy(), hidden=list(self.hidden))


def shared_content(
    cohort: Cohort,
    *,
    site: str,
    by: str | Iterable[str] | None = BY,
    endpoints: Iterable[str] | None = None,
    at: float = 168,
    min_cell: int = LEAST,
) -> dict[str, Any]:
    """Return what the file of a site holds, with a fingerprint over it; see `share_counts`."""
    check_number("min_cell", min_cell, low=1)
    if int(min_cell) != min_cell:
        raise CarstatsError(message("`min_cell` is {value}; it is a whole number.", value=min_cell))
    check_number("at", at, low=0)
    name = site_name(site)
    if not name:
        raise CarstatsError(
            message(
                "`site` is {given}; name the site as the network knows it, in 1 to {most} letters.",
                given=repr(site)[:60], most=_LONGEST_NAME,
            )
        )  # fmt: skip
    columns = check_by(cohort.subjects, by)
    own = [c for c in columns if c in _OWN or c.endswith(("_day", "_date"))]
    if own:
        raise CarstatsError(
            message(
                "`by` names {columns}, which tells subjects from each other and may not leave. "
                "Count by groups, such as disease and target.",
                columns=listed(own),
            )
        )
    least, n = int(min_cell), len(cohort.subjects)
    draft = _Draft(cohort, least, at, Shown(least))
    outcomes = [outcome_of(cohort, kind, name, at) for kind, name in shareable(cohort, endpoints)]
    whole = _Table((), [ALL], [{}], [np.ones(n, bool)])
    layout, tables = NOTHING, []
    if n >= least:
        kept = [outcome for outcome in outcomes if outcome is not None]
        tables.append(_filled(draft, whole, kept))
        layout, finer = _finer(draft, columns, kept)
        tables += finer
    schedule = schedule_of(cohort.study)
    content = {
        "content": KIND,
        "schema": SCHEMA,
        "carstats": _version(),
        "site": name,
        "synthetic": bool(cohort.study.synthetic),
        "minimum_cell": least,
        "minimum_cell_lowered_by_agreement": least < LEAST,
        "subjects": n if n >= least else None,
        "counted": str(cohort.label),
        "infusions_recorded": "infused" in cohort.subjects,
        "asked_by": list(columns),
        "layout": layout,
        "layout_is": layout_words(layout, columns),
        "schedule": {"weeks": [float(week) for week in schedule.weeks]},
        "definitions": draft.definitions,
        "tables": tables,
        "hidden": draft.hidden,
    }
    return {**content, "fingerprint": fingerprint(content)}


def site_name(given: object) -> str:
    """Return a site's name with single spaces; empty where it does not print or is too long."""
    name = " ".join(str(given).split())
    return name if name.isprintable() and len(name) <= _LONGEST_NAME else ""


def layout_words(layout: str, by: Sequence[str]) -> str:
    """Return what a layout is, as the file says it."""
    return _LAYOUTS[layout] if by or layout == NOTHING else "the whole alone"


def _version() -> str:
    import sys

    # A layer imports no part above it; the package itself is loaded whenever a part of it is.
    return str(sys.modules["carstats"].__version__)


def _finer(
    draft: _Draft, by: list[str], outcomes: list[Outcome]
) -> tuple[str, list[dict[str, Any]]]:
    """Return the tables by strata: of cells, or where little of them survives of margins."""
    if not by:
        return WHOLE, []
    found = []
    for layout in (CELLS, MARGINS) if len(by) > 1 else (CELLS,):
        trial = draft.again()
        columns = [by] if layout == CELLS else [[column] for column in by]
        strata = [table for each in columns if (table := _table(draft.cohort, each, draft.least))]
        tables = [_filled(trial, table, outcomes) for table in strata]
        told = max((_share_told(table, trial) for table in tables), default=0.0)
        found.append((told, layout, tables, trial))
        if told >= _LITTLE:
            break
    told, layout, tables, trial = max(found, key=lambda each: each[0])
    draft.hidden, draft.shown = trial.hidden, trial.shown
    return (layout, tables) if tables else (WHOLE, [])


def _share_told(table: dict[str, Any], draft: _Draft) -> float:
    """Return how many of the subjects stand in a stratum of their own, over what is shown."""
    if not draft.joined:
        return 0.0
    told = sum(
        row["asked"] + row["not_asked"]
        for section in SECTIONS.values()
        for row in table[section]
        if len(row["strata"]) == 1 and row["strata"] != [OTHERS]
    )
    return told / (len(draft.cohort.subjects) * len(draft.joined))


def _table(cohort: Cohort, by: list[str], least: int) -> _Table | None:
    """Return the strata that are large enough, and the others together; None for fewer than two."""
    subjects = cohort.subjects
    vocabulary = cohort.study.vocabulary
    labels = labels_of_levels(vocabulary, by)
    found = []
    for key in stratum_keys(vocabulary, subjects, by):
        member = stratum_mask(subjects, by, key).to_numpy(bool)
        levels = {column: str(level) for column, level in zip(by, key, strict=True)}
        found.append((str(stratum_name(labels, by, key)), levels, member))
    large = [each for each in found if each[2].sum() >= least]
    rest = [each for each in found if each[2].sum() < least]
    while rest and sum(each[2].sum() for each in rest) < least and large:
        # A few who are left over would be the difference from the whole.
        smallest = min(large, key=lambda each: int(each[2].sum()))
        large.remove(smallest)
        rest.append(smallest)
    if rest:
        large.append((OTHERS, {}, np.any([each[2] for each in rest], axis=0)))
    if len(large) < 2:
        return None
    names, levels, members = map(list, zip(*large, strict=True))
    return _Table(tuple(by), names, levels, members)


def _filled(draft: _Draft, table: _Table, outcomes: list[Outcome]) -> dict[str, Any]:
    """Return a table with the numbers of every outcome that may be shown in it."""
    found: dict[str, Any] = {
        "by": list(table.by),
        "strata": [
            {"name": name, "levels": levels, "subjects": int(member.sum())}
            for name, levels, member in zip(
                table.names, table.levels, table.members, strict=True
            )
        ],
        **{section: [] for section in SECTIONS.values()},
    }  # fmt: skip
    for outcome in outcomes:
        found[SECTIONS[outcome.kind]] += _rows(draft, table, outcome)
    return found


def _rows(draft: _Draft, table: _Table, outcome: Outcome) -> list[dict[str, Any]]:
    """Return the rows of one outcome in one table; none where nothing of it may be shown."""
    key = (outcome.kind, outcome.name)
    within = draft.joined.get(key)
    if table.by and within is None:
        # What the whole does not show no part of it does.
        return []
    groups, joining = _chosen(draft, table, outcome, within)
    if joining is None:
        _say(draft, table, outcome, NOTHING_TOLD)
        return []
    if not table.by:
        draft.joined[key] = joining
        draft.definitions[outcome.name] = definition_of(draft.cohort, outcome, draft.at)
    rows = []
    weeks = [float(week) for week in schedule_of(draft.cohort.study).weeks]
    for group in groups:
        member = np.any([table.members[i] for i in group], axis=0)
        counts = outcome.counts(member)
        if table.by and counts[-1] == counts.sum():
            continue
        draft.shown.add(outcome, joining, member)
        rows.append(
            {
                "outcome": outcome.name,
                "strata": [table.names[i] for i in group],
                **row_of(outcome, joining, counts, weeks),
            }
        )
    return rows


def _chosen(
    draft: _Draft, table: _Table, outcome: Outcome, within: Joining | None
) -> tuple[list[list[int]], Joining | None]:
    """Return the groups of strata and the joining of pieces that tell most and betray nothing."""
    least = draft.least

    def useful(member: NDArray[np.bool_]) -> bool:
        return can_show(outcome, member, least, within)

    kept = list(range(len(table.members)))
    single = [i for i in kept if useful(table.members[i])]
    while True:
        groups = group_strata(table.members, single, useful)
        if not groups:
            return [], None
        members = [np.any([table.members[i] for i in group], axis=0) for group in groups]
        counts = np.array([outcome.counts(member) for member in members])
        for joining in joinings(outcome, counts, least, within):
            if not any(draft.shown.betrays(outcome, joining, member) for member in members):
                _say_joined(draft, table, outcome, groups, joining)
                return groups, joining
        alone = [group[0] for group in groups if len(group) == 1 and group[0] in single]
        if not alone or not table.by:
            return [], None
        # Where no common way to join can be found, the smallest goes to the others.
        single.remove(min(alone, key=lambda i: (int(table.members[i].sum()), i)))


def _say_joined(
    draft: _Draft, table: _Table, outcome: Outcome, groups: list[list[int]], joining: Joining
) -> None:
    """Note what of an outcome is not told apart."""
    block = joining.block
    several = [name for group in groups if len(group) > 1 for name in
               (table.names[i] for i in group)]  # fmt: skip
    if several:
        _say(draft, table, outcome, STRATA)
    if outcome.kind == RESPONSE:
        if block[OTHER] == block[MISSING]:
            _say(draft, table, outcome, NOT_EVALUABLE)
        return
    if outcome.kind == TIMES:
        if not has_competing(joining):
            _say(draft, table, outcome, NO_COMPETING)
        rows = (outcome.size - 1) // 3
        if len({block[3 * row] for row in range(rows)}) < rows:
            _say(draft, table, outcome, VISITS_JOINED)
        return
    if joining.size - 1 < len(GRADES):
        _say(draft, table, outcome, GRADES_JOINED)


def _say(draft: _Draft, table: _Table, outcome: Outcome, what: str) -> None:
    draft.hidden.append({"by": ", ".join(table.by), "outcome": outcome.name, "what": what})
