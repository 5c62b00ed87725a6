"""Why a response is none, and why a visit cannot be judged: components by code, put in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas.arrays import BooleanArray

from carstats.messages import Message, joined_notes, mark, message
from carstats.vocabulary import Vocabulary

Floats = NDArray[np.float64]

# What is no measure of the vocabulary, by the code that a component has.
WORDS = {
    "prednisone": mark("prednisone, mg a day"),
    "TIS": mark("Total Improvement Score"),
    "CRISS": mark("probability of improvement (ACR-CRISS)"),
    "improved items": mark("core items improved"),
    "counts": mark("counts in a row that meet it"),
}
# Components that are there or not: what refutes the endpoint where they are.
FLAGS = {
    "stable treatment": mark("a drug for the disease begun in the 28 days up to day {day}"),
    "major organ": mark("activity in a major organ on day {day}"),
    "haemolytic_or_gastrointestinal": mark(
        "haemolytic anaemia or gastrointestinal activity on day {day}"
    ),
    "new activity": mark("activity on day {day} that the visit before did not have"),
    "step one": mark("heart or renal failure recorded by day {day}"),
    "bleeding": mark("bleeding on day {day}"),
    "drug-free": mark("a drug for the disease in the {days} days up to day {day}"),
    "steroid-free": mark("a glucocorticoid in the {days} days up to day {day}"),
    "antimalarial-free": mark("an antimalarial in the {days} days up to day {day}"),
    "one count": mark("met at one count only, on day {day}"),
}
_LIMITS = {
    "<=": mark("at most {cut}"),
    "<": mark("below {cut}"),
    ">=": mark("at least {cut}"),
    ">": mark("above {cut}"),
}


@dataclass(frozen=True)
class Part:
    """One component of a rule at the visits.

    Attributes
    ----------
    code : str
        A measure of the vocabulary, or a key of `WORDS` or `FLAGS`.
    met : pandas.arrays.BooleanArray
        Whether it is as the rule asks; where it is known not to be, it refutes the endpoint.
    value, day : ndarray of float, optional
        What was found, and on which day.
    limit : (str, float), optional
        What the rule asks of it: an operator and a number, or an array of numbers.
    baseline : ndarray of float, optional
        Where the rule asks for a fall: from what.
    rises : bool
        Whether the rule asks about a rise and not a fall.
    percent : bool
        Whether the limit is a percentage of the baseline.
    bound : ndarray of bool, optional
        Where the value is only known to be so much or more.
    """

    code: str
    met: BooleanArray
    value: Floats | None = None
    day: Floats | None = None
    limit: tuple[str, float | Floats] | None = None
    baseline: Floats | None = None
    rises: bool = False
    percent: bool = False
    bound: NDArray[np.bool_] | None = None

    def refutes(self) -> NDArray[np.bool_]:
        """Return at which visits it refutes the endpoint."""
        return ~self.met._data & ~self.met._mask

    def words(self, row: int, vocabulary: Vocabulary, look_back: float = 28.0) -> Message:
        """Return in words how it refutes the endpoint at a visit."""
        day = _plain(self.day[row]) if self.day is not None else ""
        if self.code in FLAGS:
            places = {"days": _plain(look_back)} if "{days}" in FLAGS[self.code] else {}
            return message(FLAGS[self.code], day=day, **places)
        known = self.code in WORDS
        name = message(WORDS[self.code]) if known else vocabulary.label("measure", self.code)
        operator, cut = self.limit
        cut = cut if np.isscalar(cut) else np.asarray(cut)[row]
        number = f"{_plain(cut)} %" if self.percent else _plain(cut)
        limit = message(_LIMITS[operator], cut=number)
        value = _plain(self.value[row])
        if self.bound is not None and self.bound[row]:
            value = message(_LIMITS[">="], cut=value)
        places = {"component": name, "value": value, "day": day, "limit": limit}
        if self.baseline is None:
            return message("{component} {value} on day {day}; needed: {limit}", **places)
        places["baseline"] = _plain(self.baseline[row])
        if self.rises:
            return message(
                "{component} {value} on day {day}, from {baseline}; needed: a rise {limit}",
                **places,
            )
        return message(
            "{component} {value} on day {day}, from {baseline}; needed: a fall {limit}", **places
        )


def _plain(number: float) -> str:
    return f"{float(number):.6g}"


def refuted_by(
    parts: Sequence[Part], rows: NDArray[np.int_], vocabulary: Vocabulary, look_back: float = 28.0
) -> list[str]:
    """Return for each visit of `rows` what refutes the endpoint there, in words.

    Parameters
    ----------
    parts : sequence of Part
        The components of the rule.
    rows : ndarray of int
        Visits at which the endpoint is not met.
    vocabulary : Vocabulary
        The study's.
    look_back : float, optional
        Days of the drug-free rules.

    Returns
    -------
    list of str
        One text a visit; "not met" where no component is known to refute it.
    """
    refutes = [part.refutes() for part in parts]
    return [
        joined_notes(
            *(
                part.words(row, vocabulary, look_back)
                for part, mask in zip(parts, refutes, strict=True)
                if mask[row]
            )
        )
        or message("not met")
        for row in rows
    ]


def lacking(parts: Sequence[tuple[str, Floats]], rows: NDArray[np.int_]) -> list[str]:
    """Return for each visit of `rows` which components are missing, in words.

    Parameters
    ----------
    parts : sequence of (str, ndarray)
        Measures and their values; ``"baseline "`` before a name is that of the baseline.
    rows : ndarray of int
        Visits that are not evaluable.

    Returns
    -------
    list of str
        One text a visit, with the measures as the study tables name them.
    """
    out = []
    for row in rows:
        names = []
        for name, value in parts:
            if np.isnan(value[row]):
                measure = name.removeprefix("baseline ")
                names.append(
                    measure if measure == name else message("baseline {name}", name=measure)
                )
        if names:
            out.append(message("missing: {names}", names=message(", ").join(names)))
        else:
            out.append(message("not evaluable by its rule"))
    return out
