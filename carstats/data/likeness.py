"""Names of files and sheets that look like a study table without being one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from carstats.data.matching import nearest
from carstats.data.schema import TABLES
from carstats.errors import Problem
from carstats.messages import message
from carstats.vocabulary import folded

if TYPE_CHECKING:
    import pandas as pd

    from carstats.data.source import Source

# What others call the tables; compared without width, case, spaces and hyphens.
_CALLED = {
    "subjects": ("subject", "patients", "patient", "demographics", "participants", "患者"),
    "infusions": ("infusion", "回输"),
    "assessments": ("assessment", "labs", "laboratory", "scores", "评估", "实验室检查"),
    "medications": ("medication", "conmeds", "drugs", "合并用药", "用药"),
    "toxicities": ("toxicity", "tox", "ae", "aes", "adverse events", "adverse event", "不良事件"),
    "events": ("event", "time to event", "tte", "事件"),
    "responses": ("response", "efficacy", "疗效", "应答"),
}
# What programs and people add to the name of a copy.
_COPY = re.compile(
    r"[ _.-]*(?:\(\d+\)|（\d+）|copy|kopie|副本|final|new|old|v?\d+|export|data|table|"
    r"\d{4}[-_.]?\d\d[-_.]?\d\d)$",
    re.I,
)


def bare_name(name: str) -> str:
    """Return a name without what programs and people add to that of a copy."""
    bare = name.strip()
    while (shorter := _COPY.sub("", bare)) not in (bare, ""):
        bare = shorter
    return bare


def like_table(name: str) -> str | None:
    """Return the table that a name looks like; None if it looks like none or is one.

    Parameters
    ----------
    name : str
        The name of a sheet, or of a file without its ending.

    Returns
    -------
    str or None
        The table.
    """
    bare = bare_name(name)
    for table, others in _CALLED.items():
        if folded(bare) in {folded(other) for other in (table, *others)}:
            return table
    return nearest(bare, TABLES)


def named_like(name: str, tables: Iterable[str]) -> str | None:
    """Return the table that a name is, whatever its case and spaces."""
    return next((table for table in tables if folded(name) == folded(table)), None)


def near_misses(
    table: str, frame: pd.DataFrame, source: Source, told: Collection[str]
) -> list[Problem]:
    """Return a problem for each column whose name is nearly one that the table lacks.

    `told` are columns that are said to be missing anyway.
    """
    problems = []
    for extra, near in near_names(table, frame.columns).items():
        if extra in source.own or near in told:
            continue
        what = message("is not read: no column of `{table}` is called so.", table=table)
        remedy = message("Is it `{near}`? Then name it so, else give it another name.", near=near)
        if source.columns:
            remedy = message(
                "Is it `{near}`? Then name it so; if it is a column of the study's own, say under"
                " [study] own_columns = [{name}].",
                near=near,
                name=f'"{extra}"',
            )
        problems.append(source.problem(what, None, str(extra), remedy))
    return problems


def near_names(table: str, columns: Iterable[str]) -> dict[str, str]:
    """Return columns of the study's own that are nearly called as one that the table lacks."""
    names, columns = TABLES[table].names(), list(map(str, columns))
    lacking = [name for name in names if name not in columns]
    found = {extra: nearest(extra, lacking) for extra in columns if extra not in names}
    return {extra: near for extra, near in found.items() if near}
