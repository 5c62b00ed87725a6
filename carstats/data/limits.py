"""What a laboratory writes for a value it did not quantify, "<10", and for a titre, "1:320"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import pandas as pd

from carstats.data.measures import MEASURE_TABLE
from carstats.data.source import Source
from carstats.data.vocabulary import Vocabulary
from carstats.errors import Problem
from carstats.messages import mark, message, message_n

# Of these a value below quantification is analysed as such. Of others, such as a proteinuria of
# "<0.1" that a rule of response reads, a number is asked for.
_STARTS = ("anti-", "vaccine_", "CAR_", "ANCA")
_NAMES = frozenset({"ANA", "AQP4-IgG", "MOG-IgG", "B_cells"})
_BELOW = re.compile(
    r"(?:<=?|≤|below|less than|低于|小于|少于)\s*(?:1\s*[:/]\s*)?(\d+(?:\.\d+)?(?:e[+-]?\d+)?)",
    re.I,
)
# Words that say that a value is below a limit which they do not name.
_WORDS = frozenset({
    "blq", "bql", "bloq", "blod", "<lloq", "<loq", "<lod", "<llod", "belowlloq", "belowloq",
    "belowlod", "belowlimit", "belowdetectionlimit", "belowlimitofquantification",
    "belowlimitofdetection", "undetectable", "notdetected", "notdetectable", "undetected",
    "低于定量下限", "低于检测下限", "低于检出限", "低于检测限", "低于下限", "检测下限以下",
    "定量下限以下", "小于检测下限", "未检出", "检测不到", "检不出", "未测出",
})  # fmt: skip
NO_LIMIT = mark("{value} says that the value is below a limit, and no limit is given.")
NAME_IT = mark(
    "Write the limit, as in '<50', or recode the word so under [assessments.values.value]; or give "
    "the limit of the sample in `lloq`."
)
_TITRE = re.compile(r"1\s*[:/]\s*(\d+)")
TITRES = "1:titre"


def split_limits(cells: Sequence[object], measures: str | Sequence[object]) -> tuple:
    """Return cells with those below quantification blank and titres as numbers, and the limits.

    `measures` names the measure of each cell, or of all.
    """
    plain = np.array([*cells, None], dtype=object)[:-1]
    limits = np.full(len(plain), np.nan)
    names = [measures] * len(plain) if isinstance(measures, str) else measures
    for i, (cell, name) in enumerate(zip(plain, names, strict=True)):
        if not isinstance(cell, str) or not isinstance(name, str):
            continue
        text = unicodedata.normalize("NFKC", cell).strip()
        known = MEASURE_TABLE.get(name)
        if _censored(name) and (found := _BELOW.fullmatch(text)):
            plain[i], limits[i] = None, float(found[1])
        elif known and known.unit == TITRES and (found := _TITRE.fullmatch(text)):
            plain[i] = float(found[1])
    return plain, limits


def says_below(cell: object) -> bool:
    """Return whether a cell says in a word, such as ``BLQ``, that a value is below a limit."""
    if not isinstance(cell, str):
        return False
    return "".join(unicodedata.normalize("NFKC", cell).casefold().split()) in _WORDS


def with_limits(
    frame: pd.DataFrame, source: Source, vocabulary: Vocabulary
) -> tuple[pd.DataFrame, list[Problem], list[str]]:
    """Return assessments whose cells such as "<10" are blank, their limits in ``lloq``.

    A word such as ``BLQ`` takes the limit of its row; without one it is a problem.
    """
    if not {"measure", "value"} <= set(frame) or frame["value"].dtype != object:
        return frame, [], []
    meant = {name: vocabulary.canonical("measure", name) for name in frame["measure"].unique()}
    names = [meant[name] or name for name in frame["measure"]]
    plain, limits = split_limits(frame["value"].tolist(), names)
    said = ~np.isnan(limits)
    given = frame["lloq"] if "lloq" in frame else pd.Series(np.nan, frame.index, dtype=object)
    # A limit may be written with the sign of what lies below it.
    bare, own = split_limits(given.tolist(), names)
    given = pd.Series(np.where(np.isnan(own), bare, own), frame.index, dtype=object)
    known = pd.to_numeric(given, errors="coerce").notna().to_numpy()
    word = np.array([says_below(c) and _is_censored(n) for c, n in zip(plain, names, strict=True)],
                    dtype=bool)  # fmt: skip
    problems = [
        source.problem(
            message(NO_LIMIT, value=repr(str(plain[i]).strip())), frame.index[i], "value",
            message(NAME_IT),
        )
        for i in np.flatnonzero(word & ~known)
    ]  # fmt: skip
    plain[word] = None
    changed: dict[str, object] = {"value": pd.Series(plain, frame.index, dtype=object)}
    if "lloq" in frame or said.any():
        changed["lloq"] = given.mask(said, pd.Series(limits, frame.index))
    note = limits_note(source.headings.get("value", "value"), int((said | (word & known)).sum()))
    return frame.assign(**changed), problems, [note] if note else []


def limits_note(heading: str, n: int) -> str:
    """Return the note that counts the cells of a heading that were read as below a limit."""
    return (
        message_n(
            '`{heading}`: {n} cell such as "<10" was read as below that limit of quantification.',
            '`{heading}`: {n} cells such as "<10" were read as below that limit of quantification.',
            n,
            heading=heading,
        )
        if n
        else ""
    )


def _is_censored(name: object) -> bool:
    return isinstance(name, str) and _censored(name)


def _censored(name: str) -> bool:
    return name.startswith(_STARTS) or name in _NAMES or name not in MEASURE_TABLE
