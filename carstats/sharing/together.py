"""Numbers of a network as counts and intervals that the analyses take.

A curve's numbers say in which interval of the schedule an event was found. Where visits find the
event, who is censored at a visit was seen there free of it, and leaves after those whom the visit
found: nothing is assumed. Of those who are censored within an interval of several visits, or on a
day between two, it is not known how long they were at risk: as the life table does, half of them
are taken to leave at its beginning and half at its end; all at the one or at the other gives the
range in which the answer lies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, define_cohort
from carstats.counts.counted import Counts
from carstats.data.study import Study
from carstats.endpoints.derive.applicability import APPLIES
from carstats.messages import message
from carstats.sharing.network import Network
from carstats.sharing.numbers import ALL as EVERY
from carstats.sharing.numbers import NONE
from carstats.sharing.outcomes import RESPONSE, TIMES, TOXICITY, VISITS
from carstats.sharing.shared import SECTIONS

SITE = "site_id"
FIRST, HALF, LAST = "first", "half", "last"


class _Counted(Study):
    """Subjects made of counts: the shared files were checked."""

    def __post_init__(self) -> None:
        return


def response_counts(network: Network, name: str, by: Sequence[str] = ()) -> Counts | None:
    """Return a response of the sites that show it; who did not respond is not told from missing.

    Where a site hides who was not evaluable these count as evaluable: no response either way.
    """
    rows, _ = network.rows(RESPONSE, name, by)
    found: list[dict[str, Any]] = []
    # Who was never infused was not asked; where infusions are not recorded all were.
    recorded = all(content["infusions_recorded"] for content in network.contents)
    given = {"infused": True} if recorded else {}
    for site, levels, row in rows:
        missing = row["missing"] or 0
        numbers = {1.0: row["responders"], 0.0: row["asked"] - row["responders"] - missing,
                   np.nan: missing}  # fmt: skip
        base = {SITE: site, **levels, "endpoint": name, **given}
        found += [{**base, "applies": True, "response": r, "n": n} for r, n in numbers.items() if n]
        if row["not_asked"]:
            found.append({**base, "applies": False, "response": np.nan, "n": row["not_asked"]})
    visit = network.definition(name).get("visit")
    when = {} if visit is None else {
        "at": float(visit["day"]), "window": [visit["from_day"], visit["to_day"]]
    }  # fmt: skip
    return _counts(network, by, "responses", found, visit=when)


def toxicity_counts(
    network: Network, name: str, min_grade: int, by: Sequence[str] = ()
) -> Counts | None:
    """Return a toxicity of a grade or worse of the sites that tell it; the others are left out."""
    rows, _ = network.rows(TOXICITY, name, by)
    found = []
    for site, levels, row in rows:
        base = {SITE: site, **levels, "term": name}
        mine = []
        for grade in row["worst_grade"]:
            low, high, doubt = grade["from"], grade["to"], grade["may_be_worse"]
            if not grade["subjects"]:
                continue
            if low < min_grade and (high >= min_grade or doubt not in (NONE, EVERY)):
                mine = None
                break
            mine.append({**base, "applies": True, "grade": float(low), "open": doubt == EVERY,
                         "n": grade["subjects"]})  # fmt: skip
        if mine is None:
            continue
        if row["not_asked"]:
            mine.append({**base, "applies": False, "grade": 0.0, "open": False,
                         "n": row["not_asked"]})  # fmt: skip
        found += mine
    return _counts(network, by, "toxicities", found)


def time_counts(
    network: Network, name: str, by: Sequence[str] = (), placing: str = HALF
) -> Counts | None:
    """Return times of an endpoint as counts at the ends of the intervals."""
    found = [
        {SITE: site, **levels, "endpoint": name, "applies": status is not None or not out,
         "time": time, "status": status, "cause": None, "n": n}
        for site, levels, row in network.rows(TIMES, name, by)[0]
        for status, _, _, time, n, out in _subjects(network, row, placing)
    ]  # fmt: skip
    return _counts(network, by, "times", found)


def competing_counts(network: Network, name: str) -> tuple[Counts | None, int]:
    """Return times with competing events of the sites that tell these, and how many do not."""
    telling = _telling(network, name)
    chosen = replace(network, contents=tuple(telling))
    left = len({site for site, _, _ in network.rows(TIMES, name, ())[0]}) - len(telling)
    return time_counts(chosen, name) if telling else None, left


def spans_of(network: Network, name: str) -> set[tuple[float, float]]:
    """Return the days between which the sites that tell competing events count, each pair once."""
    chosen = replace(network, contents=tuple(_telling(network, name)))
    return {
        (7.0 * interval["after_week"], 7.0 * interval["to_week"])
        for _, _, row in chosen.rows(TIMES, name, ())[0]
        for interval in row["intervals"]
    }


def _telling(network: Network, name: str) -> list[dict[str, Any]]:
    """Return the files that tell competing events of an outcome from censored times."""
    return [
        content
        for content in network.contents
        for row in (r for t in content["tables"][:1] for r in t[SECTIONS[TIMES]])
        if row["outcome"] == name and all(i["competing"] is not None for i in row["intervals"])
    ]


def time_cohort(
    network: Network, name: str, by: Sequence[str] = (), placing: str = HALF
) -> Cohort | None:
    """Return times of an endpoint as a cohort of intervals, a row for each subject that is counted.

    Only what is asked is in it.
    """
    subjects, events = [], []
    for site, levels, row in network.rows(TIMES, name, by)[0]:
        for status, low, high, time, n, out in _subjects(network, row, placing):
            for _ in range(0 if out else n):
                number = str(len(subjects) + 1)
                subjects.append({"subject_id": number, SITE: site, **levels})
                if status is not None:
                    events.append({"subject_id": number, "endpoint": name, "status": status,
                                   "time": time, "time_low": low, "time_high": high})  # fmt: skip
    if not events:
        return None
    study = _Counted(
        subjects=pd.DataFrame(subjects).assign(**{APPLIES: True}),
        events=pd.DataFrame(events),
        vocabulary=network.vocabulary,
        synthetic=network.synthetic,
    )
    return define_cohort(study, label=_label(network))


def _subjects(
    network: Network, row: dict[str, Any], placing: str
) -> Iterator[tuple[str | None, float, float, float, int, bool]]:
    """Yield status, ends of the interval, time and number of those whom a row counts.

    The last says whether they are those to whom the endpoint does not apply.
    """
    visits = network.visits
    if row["not_asked"]:
        yield None, np.nan, np.nan, np.nan, row["not_asked"], True
    if row["no_record"]:
        yield None, np.nan, np.nan, np.nan, row["no_record"], False
    for interval in row["intervals"]:
        low, high = 7.0 * interval["after_week"], 7.0 * interval["to_week"]
        if interval["events"]:
            yield "event", low, high, high, interval["events"], False
        if interval["competing"]:
            yield "competing", high, np.nan, high, interval["competing"], False
        left = interval["censored"]
        left = interval["without_event"] if left is None else left
        early = low
        if row["clock"] == VISITS and not interval["from_the_start"]:
            # Those censored at the visit before left before this interval.
            early = next(day for day in visits if day > low)
        before = left if placing == FIRST else 0 if placing == LAST else (left + 1) // 2
        if early == high:
            before = 0
        for day, n in ((early, before), (high, left - before)):
            if n:
                yield "censored", day, np.nan, day, n, False


def interval_rows(network: Network, rows: Sequence[dict[str, Any]]) -> dict[str, list]:
    """Return rows of curves as the numbers that `life_table` takes; competing events censored."""
    place = {day: i for i, day in enumerate(network.visits)}
    found: dict[str, list] = {
        key: [] for key in ("begin", "end", "n_event", "n_censor", "half", "start")
    }
    for row in rows:
        for interval in row["intervals"]:
            found["begin"].append(place[7.0 * interval["after_week"]])
            found["end"].append(place[7.0 * interval["to_week"]])
            found["n_event"].append(interval["events"])
            found["n_censor"].append(interval["without_event"])
            found["half"].append(row["clock"] != VISITS)
            found["start"].append(interval["from_the_start"])
    return found


def _counts(
    network: Network, by: Sequence[str], table: str, rows: list[dict[str, Any]], **more: Any
) -> Counts | None:
    if not rows:
        return None
    keys = [SITE, *by]
    frame = pd.DataFrame(rows)
    columns = [c for c in frame if c != "n"]
    frame = frame.groupby(columns, sort=False, dropna=False)["n"].sum().reset_index()
    people = frame.groupby(keys, sort=False)["n"].sum().reset_index()
    return Counts(
        by=tuple(keys),
        subjects=people,
        **{table: frame},
        vocabulary=network.vocabulary,
        label=_label(network),
        about={"synthetic": network.synthetic, "origin": "infusion"},
        **more,
    )


def _label(network: Network) -> str:
    labels = list(dict.fromkeys(str(content["counted"]) for content in network.contents))
    return message(labels[0]) if len(labels) == 1 else ""
