"""An attacker: what the numbers of a shared file force a hidden number to be."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

from carstats.sharing.outcomes import GRADES

SECTIONS = ("responses", "curves", "toxicities")


def equations(content, cells, outcome, size):
    """Yield what a file says of the subjects of each cell in each piece, as sums.

    cells : The levels of the finest strata, each a dict.

    Yields: places in the flat table of cells and pieces, and what they add up to.
    """
    weeks = [0.0, *content["schedule"]["weeks"]]
    shape = (len(cells), size)
    places = np.arange(len(cells) * size).reshape(shape)
    for table in content["tables"]:
        strata = {s["name"]: s for s in table["strata"]}
        named = [s["levels"] for s in table["strata"] if s["levels"]]

        def inside(name, strata=strata, named=named, table=table):
            levels = strata[name]["levels"]
            if name == "all":
                return list(range(len(cells)))
            if levels:
                return [i for i, c in enumerate(cells) if levels.items() <= c.items()]
            return [i for i, c in enumerate(cells)
                    if not any(each.items() <= c.items() for each in named)]  # fmt: skip

        for name, stratum in strata.items():
            yield places[inside(name)].ravel(), stratum["subjects"]
        for row in (r for section in SECTIONS for r in table[section]):
            if row["outcome"] != outcome:
                continue
            mine = places[sorted(set(itertools.chain(*map(inside, row["strata"]))))]
            yield mine[:, :-1].ravel(), row["asked"]
            yield mine[:, -1].ravel(), row["not_asked"]
            if "responders" in row:
                yield mine[:, 0].ravel(), row["responders"]
                if row["missing"] is not None:
                    yield mine[:, 2].ravel(), row["missing"]
                    yield mine[:, :2].ravel(), row["evaluable"]
            for grade in row.get("worst_grade", ()):
                wanted = [
                    i for i, (g, doubt) in enumerate(GRADES)
                    if grade["from"] <= g <= grade["to"]
                    and (grade["may_be_worse"] == "some"
                         or doubt == (grade["may_be_worse"] == "all"))
                ]  # fmt: skip
                yield mine[:, wanted].ravel(), grade["subjects"]
            if "intervals" in row:
                if row["no_record"] is not None:
                    yield mine[:, :3].ravel(), row["no_record"]
                yield from _curve(row, mine, weeks)


def _curve(row, mine, weeks):
    for interval in row["intervals"]:
        first = 0 if interval["with_no_record"] else weeks.index(interval["after_week"]) + 2
        first = min(first, 1) if interval["from_the_start"] else first
        last = weeks.index(interval["to_week"]) + 1
        rows = range(first, last + 1)
        for key, kinds in (
            ("events", (0,)), ("competing", (1,)), ("censored", (2,)), ("without_event", (1, 2))
        ):  # fmt: skip
            if interval[key] is not None:
                yield mine[:, [3 * r + k for r in rows for k in kinds]].ravel(), interval[key]
        # Who is at risk has not left in a row before.
        later = range(first, mine.shape[1] // 3)
        start = 3 if row["no_record"] is not None else 0
        yield mine[:, [p for r in later for p in (3 * r, 3 * r + 1, 3 * r + 2) if p >= start]
                   ].ravel(), interval["at_risk"]  # fmt: skip


def bounds(system, size, target):
    """Return the least and largest sum of some places that the equations allow."""
    rows, columns, right = [], [], []
    for i, (places, value) in enumerate(system):
        rows += [i] * len(places)
        columns += list(places)
        right.append(value)
    matrix = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(right), size)).tocsr()
    cost = np.zeros(size)
    cost[target] = 1
    found = []
    for sign in (1, -1):
        answer = linprog(sign * cost, A_eq=matrix, b_eq=right, method="highs")
        assert answer.status == 0, answer.message
        found.append(sign * answer.fun)
    return round(found[0], 6), round(found[1], 6)
