"""What a laboratory writes for a value it did not quantify, "<10", and for a titre, "1:320"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import pandas as pd

from carstats.data.measures import MEASURE_TABLE
from carstats.messages import message_n

# Of these a value below quantification is analysed as such. Of others, such as a proteinuria of
# "<0.1" that a rule of response reads, a number is asked for.
_STARTS = ("anti-", "vaccine_", "CAR_", "ANCA")
_NAMES = frozenset({"ANA", "AQP4-IgG", "MOG-IgG"})
_BELOW = re.compile(r"(?:<=?|≤|below|低于|小于)\s*(?:1\s*[:/]\s*)?(\d+(?:\.\d+)?)", re.I)
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


def with_limits(frame: pd.DataFrame, heading: str) -> tuple[pd.DataFrame, list[str]]:
    """Return assessments whose cells such as "<10" are blank, their limits in ``lloq``; a note."""
    if not {"measure", "value"} <= set(frame) or frame["value"].dtype != object:
        return frame, []
    plain, limits = split_limits(frame["value"].tolist(), frame["measure"].tolist())
    said = ~np.isnan(limits)
    changed: dict[str, object] = {"value": pd.Series(plain, frame.index, dtype=object)}
    if said.any():
        given = frame["lloq"] if "lloq" in frame else pd.Series(np.nan, frame.index, dtype=object)
        changed["lloq"] = given.mask(said, pd.Series(limits, frame.index))
    note = limits_note(heading, limits)
    return frame.assign(**changed), [note] if note else []


def limits_note(heading: str, limits: np.ndarray) -> str:
    """Return the note that counts the cells of a heading that were read as below a limit."""
    n = int((~np.isnan(limits)).sum())
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


def _censored(name: str) -> bool:
    return name.startswith(_STARTS) or name in _NAMES or name not in MEASURE_TABLE
