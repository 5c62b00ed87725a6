"""Names of files and sheets that look like a study table without being one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from carstats.data.matching import nearest
from carstats.data.schema import TABLES
from carstats.data.vocabulary import folded
from carstats.errors import Problem
from carstats.messages import message

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
# What others call the columns whose absence would be read as "none had it", "none is known"; whole
# headings in small letters, without what stands in brackets.
_HEADED = {
    "age": r"age (at .*|years?|yrs?)|年龄",
    "sex": r"gender|性别",
    "weight_kg": r"(body )?weight( kg)?|体重",
    "n_prior_therapies": r"(n |no of |number of )?(prior|previous) (therapies|treatments|lines.*)",
    "enrolment_day": r"(enroll?ment|consent|inclusion)( day| date)?|入组(日期|时间)?",
    "leukapheresis_day": r"(leuk)?apheresis( day| date)?|采集(日期|时间)|单采(日期|时间)?",
    "lymphodepletion_day": r"(ld|lymphodepletion)( day| date)?|清淋(日期|时间)?",
    "cutoff_day": r"(data )?cut ?off( day| date)?|dco|截止(日期|时间)",
    "death_day": r"(?!.*\b(cause|reason)\b).*\b(death|died|dead|deceased)\b.*"
    r"|dod|死亡(日期|时间|天数)?",
    "death_cause": r"(cause|reason) of death|death reason|死亡原因|死因",
    "onset_day": r"(ae )?(onset|start|begin)( day| date)?|(开始|发生|起始)(日期|时间)",
    "resolution_day": r"(ae )?(end|stop|resolved|recovery|resolution)( day| date)?"
    r"|(结束|缓解|恢复)(日期|时间)",
    "grade": r".*\bgrades?\b.*|(ae)?toxgr|ctcae|.*(分级|级别|等级)",
    "start_day": r"(start|begin)( date)?|开始(日期|时间)",
    "stop_day": r"(stop|end)( day| date)?|(停药|结束)(日期|时间)",
    "prednisone_equivalent_mg": r"(prednisone|prednisolone|pred)( dose| mg| equivalent)*",
    "cause": r"competing (cause|event|risk)|cause( of .*)?",
}
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")


def bare_name(name: str) -> str:
    """Return a name without what programs and people add to that of a copy."""
    bare = name.strip()
    while (shorter := _COPY.sub("", bare)) not in (bare, ""):
        bare = shorter
    return bare


def like_table(name: str) -> str | None:
    """Return the table that a name looks like; None if it looks like none or is one."""
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
    found = {
        extra: nearest(extra, lacking) or _headed(extra, lacking)
        for extra in columns
        if extra not in names
    }
    return {extra: near for extra, near in found.items() if near}


def _headed(heading: str, lacking: list[str]) -> str | None:
    """Return the column that others call so: what stands in brackets is its unit or its range."""
    words = _BRACKETS.sub(" ", unicodedata.normalize("NFKC", heading).casefold())
    words = " ".join(re.sub(r"[\W_]+", " ", words).split())
    for name in lacking:
        if words == name.replace("_", " ") or re.fullmatch(_HEADED.get(name, "(?!)"), words):
            return name
    return None
