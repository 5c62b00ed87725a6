"""Why a response is none, and why a visit cannot be judged: components by code, put in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas.arrays import BooleanArray

from carstats.data.vocabulary import Vocabulary
from carstats.messages import Message, joined_notes, mark, message

Floats = NDArray[np.float64]

# What is no measure of the vocabulary, by the code that a component has.
WORDS = {
    "prednisone": mark("prednisone (mg a day)"),
    "TIS": mark("Total Improvement Score"),
    "CRISS": mark("probability of improvement (ACR-CRISS)"),
    "improved items": mark("core items improved"),
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
    "low baseline": mark("SLEDAI-2K before the infusion too low for this endpoint"),
    "one count": mark("met at one count only, on day {day}"),
}
_VALUE = mark("{component} {value} on day {day}; needed: {limit}")
_FALL = mark("{component} {value} on day {day}, from {baseline}; needed: a fall of {limit}")
_RISE = mark("{component} {value} on day {day}, from {baseline}; needed: a rise of {limit}")
_TOO_LOW = "low baseline"
_ITEM, _FEW_ITEMS = "SLEDAI_", 3
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
        """Return in words what was found at a visit and what was needed."""
        return self.texts(np.array([row]), vocabulary, look_back)[0]

    def texts(
        self, rows: NDArray[np.int_], vocabulary: Vocabulary, look_back: float = 28.0
    ) -> list[Message]:
        """Return the same at several visits."""
        days = self.day[rows] if self.day is not None else np.full(len(rows), np.nan)
        if self.code in FLAGS:
            places = {"days": _plain(look_back)} if "{days}" in FLAGS[self.code] else {}
            text = FLAGS[self.code]
            if "{day}" not in text:
                return [message(text, **places)] * len(days)
            return [message(text, day=_plain(day), **places) for day in days]
        known = self.code in WORDS
        name = message(WORDS[self.code]) if known else vocabulary.label("measure", self.code)
        operator, cut = self.limit
        cuts = np.broadcast_to(np.asarray(cut, float), self.value.shape)[rows]
        bound = np.zeros(len(rows), bool) if self.bound is None else self.bound[rows]
        first = np.full(len(rows), np.nan) if self.baseline is None else self.baseline[rows]
        text = _VALUE if self.baseline is None else _RISE if self.rises else _FALL
        limits: dict[float, Message] = {}
        out = []
        for value, day, cut, least, baseline in zip(
            self.value[rows], days, cuts, bound, first, strict=True
        ):
            if cut not in limits:
                number = f"{_plain(cut)} %" if self.percent else _plain(cut)
                limits[cut] = message(_LIMITS[operator], cut=number)
            shown: str = _plain(value)
            if least:
                shown = message(_LIMITS[">="], cut=shown)
            places = {"component": name, "value": shown, "day": _plain(day), "limit": limits[cut]}
            if self.baseline is not None:
                places["baseline"] = _plain(baseline)
            out.append(message(text, **places))
        return out


def _plain(number: float) -> str:
    return f"{float(number):.6g}"


def refuted_by(
    parts: Sequence[Part],
    rows: NDArray[np.int_],
    vocabulary: Vocabulary,
    look_back: float = 28.0,
    before: Sequence[str | None] | None = None,
) -> list[str]:
    """Return for each visit of `rows` what refutes the endpoint there, in words."""
    first = [None] * len(rows) if before is None else before
    found: list[list[str]] = [[text] if text else [] for text in first]
    for part in parts:
        here = np.flatnonzero(part.refutes()[rows])
        for place, text in zip(here, part.texts(rows[here], vocabulary, look_back), strict=True):
            found[place].append(text)
    return [
        texts[0] if len(texts) == 1 else joined_notes(*texts) if texts else message("not met")
        for texts in found
    ]


def lacking(
    parts: Sequence[tuple[str, Floats]],
    rows: NDArray[np.int_],
    open_: Sequence[Part] = (),
    vocabulary: Vocabulary | None = None,
) -> list[str]:
    """Return for each visit of `rows` which components are missing, in words."""
    out = []
    for row in rows:
        names = []
        for name, value in parts:
            if np.isnan(value[row]):
                measure = name.removeprefix("baseline ")
                names.append(
                    measure if measure == name else message("baseline {name}", name=measure)
                )
        unknown = [part for part in open_ if part.code in FLAGS and part.met._mask[row]]
        if names:
            listed = message(", ").join(items_counted(names))
            out.append(message("missing: {names}", names=listed))
        elif unknown:
            words = [part.words(row, vocabulary or Vocabulary()) for part in unknown]
            out.append(message("not known: {what}", what=joined_notes(*words)))
        elif any(part.code == _TOO_LOW and part.refutes()[row] for part in open_):
            out.append(message(FLAGS[_TOO_LOW]))
        else:
            out.append(message("not evaluable by its rule"))
    return out


def items_counted(names: Sequence[str]) -> list[str]:
    """Return measures with the items of SLEDAI-2K, if more than a few, as one entry."""
    items = [name for name in names if str(name).startswith(_ITEM)]
    if len(items) <= _FEW_ITEMS:
        return list(names)
    others = [name for name in names if name not in items]
    return [*others, message("{n} items of SLEDAI-2K", n=len(items))]
