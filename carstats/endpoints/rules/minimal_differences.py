"""Minimal important differences of scores: the change that matters, by measure and disease.

`minimal_differences.csv` is the only place that has them. Of a published range it holds the larger
end, which fewer reach; `note` has the range. Where `size` is blank none is established, or it is
another one by what a study has to say.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from carstats.data.vocabulary import Vocabulary
from carstats.messages import message

CHECKED = "checked"


@dataclass(frozen=True)
class Difference:
    """One minimal important difference.

    Attributes
    ----------
    measure, disease, subtype : str
        Of what, in whom; ``"any"`` for any disease, an empty subtype for all of one.
    change : str
        ``"improvement"`` or ``"worsening"``.
    size : float
        How much, without a sign; NaN where none is established.
    of : str
        ``"points"`` in the unit of the measure, or ``"percent"`` of the baseline.
    standing : str
        ``"checked"`` where the source was read, ``"partly checked"``, ``"from memory"``,
        ``"none"``.
    source, note : str
        The paper, and what is odd about the number.
    """

    measure: str
    disease: str
    subtype: str
    change: str
    size: float
    of: str
    standing: str
    source: str
    note: str


@cache
def _table() -> tuple[Difference, ...]:
    path = Path(__file__).with_name("minimal_differences.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Difference(**{**row, "measure": measure, "disease": disease,
                          "size": float(row["size"] or "nan")})
            for row in csv.DictReader(file)
            for measure in row["measure"].split(";")
            for disease in row["disease"].split(";")
        )  # fmt: skip


def difference_of(
    measure: str, disease: str, subtypes: Iterable[str], change: str
) -> Difference | None:
    """Return the difference of a measure in subjects of one disease; None where none is known.

    That of a subtype holds where everybody has it.
    """
    known = [d for d in _table() if d.measure == measure and d.change == change]
    kinds = set(subtypes)
    subtype = kinds.pop() if len(kinds) == 1 else ""
    for where in ((disease, subtype), (disease, ""), ("any", "")):
        for difference in known:
            if (difference.disease, difference.subtype) == where:
                return difference
    return None


def important_differences(measure: str | None = None) -> pd.DataFrame:
    """List the minimal important differences of scores with their sources.

    They are what `score_responder_rate` takes by default.

    Parameters
    ----------
    measure : str, optional
        Only those of this measure.

    Returns
    -------
    pandas.DataFrame
        A row for each measure, disease and change: ``measure``, ``disease``, ``subtype`` (blank for
        all), ``change`` (``"improvement"`` or ``"worsening"``), ``size`` without a sign (NaN where
        none is established), ``of`` (``"points"`` in the unit of the measure, or ``"percent"`` of
        the baseline), ``standing`` (``"checked"``, ``"partly checked"``, ``"from memory"``,
        ``"none"``), ``source`` and ``note``.

    Raises
    ------
    CarstatsError
        If there is no such measure.

    Notes
    -----
    Only what is ``"checked"`` was read where its source says. Check any other number before a
    result that rests on it is published. Of a published range the larger end is taken, which fewer
    subjects reach.

    Examples
    --------
    >>> cs.important_differences("MG-ADL")[["disease", "change", "size"]]
    """
    rows = _table()
    if measure is not None:
        name = Vocabulary().require("measure", "measure", measure)
        rows = tuple(d for d in rows if d.measure == name)
    frame = pd.DataFrame([asdict(d) for d in rows], columns=list(Difference.__dataclass_fields__))
    return frame.assign(note=[message(text) if text else "" for text in frame["note"]])
