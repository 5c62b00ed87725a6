"""Links between reports: who names whom, and which reports share subjects."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from carstats.errors import CarstatsError
from carstats.messages import message


def overlapping_pairs(reports: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return the pairs of reports that share subjects, each with how that is known."""
    diseases = dict(zip(reports["study_id"], reports["disease"], strict=True))
    parts = _publications(reports)
    named: dict[str, set[str]] = {}
    for report, others in zip(reports["study_id"], reports["overlaps_with"], strict=True):
        for other in str(others).split() if pd.notna(others) else []:
            named.setdefault(report, set()).add(other)
            named.setdefault(other, set()).add(report)
    pairs = {}
    for report in diseases:
        for other in _reached(named, report):
            direct = other in named[report]
            known = other in diseases
            kinds = {diseases[report], diseases.get(other)}
            # The parts of one publication split its subjects.
            split = known and parts[report] is not None and parts[report] == parts[other]
            if direct or (known and not split and (len(kinds) == 1 or "mixed" in kinds)):
                ordered = tuple(sorted((report, other))) if known else (report, other)
                pairs[ordered] = "named" if direct else "by chain"
    return pairs


def _publications(reports: pd.DataFrame) -> dict[str, tuple[object, ...] | None]:
    """Return what tells a report's publication from others; None where it is not known."""
    columns = ["cohort", "first_author", "year"]
    known = reports.reindex(columns=columns)
    keys = [tuple(row) if pd.notna(row).all() else None for row in known.to_numpy(dtype=object)]
    return dict(zip(reports["study_id"], keys, strict=True))


def _reached(named: dict[str, set[str]], start: str) -> set[str]:
    found, waiting = set(), [start]
    while waiting:
        for other in named.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found - {start}


def check_counted_once(reports: pd.DataFrame, chosen: Collection[str]) -> list[tuple[str, str]]:
    """Return the chosen reports that share subjects, in pairs."""
    chosen = set(chosen)
    return [pair for pair in sorted(overlapping_pairs(reports)) if set(pair) <= chosen]


def refuse_overlap(pairs: list[tuple[str, str]]) -> None:
    """Raise for reports that share subjects."""
    if pairs:
        shown = message("; ").join(
            message("{first} and {second}", first=first, second=second)
            for first, second in pairs[:6]
        )
        more = message(" and {n} pairs more", n=len(pairs) - 6) if len(pairs) > 6 else ""
        raise CarstatsError(
            message(
                "these reports share subjects, who would be counted twice: {shown}{more}. Choose "
                "one of them with `reports` or in the table's `synthesis`, or say "
                'overlapping="allow".',
                shown=shown,
                more=more,
            )
        )
