"""The measures of the assessments: unit, conversions, allowed and plausible values, one a line.

`measures.csv` is the only place that says what a measure is. Its columns: ``measure``, ``label``,
``label_zh`` and ``aliases`` (other spellings in a file); ``unit``, in which every study keeps it;
``converts_from``, the units that are converted, each ``unit=factor`` or ``unit=factor@offset`` for
(value + offset) * factor, with ``~`` before one that nobody leaves unsaid; ``not_from``, units that
are taken for `unit` and are not, with the reason (``kit``, ``surface`` or ``other:MEASURE``);
``low`` and ``high``, beyond which a value is rare enough to be said; ``hard_low`` and
``hard_high``, beyond which it is an error; ``step``, where only its multiples exist (``0.5 not
0.5``: but not 0.5 itself); ``higher_is``, ``better`` or ``worse`` where either is, else blank.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Conversion:
    """How a value in one unit becomes one in the canonical unit: (value + offset) * factor.

    Attributes
    ----------
    factor, offset : float
        The conversion.
    rival : bool
        Whether a value without a unit may be in this one.
    """

    factor: float
    offset: float = 0.0
    rival: bool = True

    @property
    def changes(self) -> bool:
        """Whether a value in this unit is another number in the canonical one."""
        return (self.factor, self.offset) != (1.0, 0.0)


@dataclass(frozen=True)
class Measure:
    """One measure.

    Attributes
    ----------
    name, label : str
        As the study tables and as a figure have it.
    aliases : tuple of str
        Other spellings, among them the Chinese name.
    unit : str
        The unit in which a study keeps it.
    units : dict of str to Conversion
        Every unit that it may be given in, `unit` first.
    not_from : dict of str to str
        Units that it is not converted from, with the reason's code.
    low, high : float
        The smallest and largest possible value.
    plausible_low, plausible_high : float
        The smallest and largest value that is not rare.
    step : float
        Only multiples of it exist; 0 where any value does.
    never : tuple of float
        Multiples of it that do not exist all the same.
    higher_is : str
        ``"better"`` or ``"worse"``; empty where neither is.
    """

    name: str
    label: str
    aliases: tuple[str, ...]
    unit: str
    units: dict[str, Conversion]
    not_from: dict[str, str]
    low: float
    high: float
    plausible_low: float
    plausible_high: float
    step: float = 0.0
    never: tuple[float, ...] = ()
    higher_is: str = ""

    @cached_property
    def factors(self) -> dict[str, float]:
        """What a value in each unit is multiplied by, of those that need no offset."""
        return {name: c.factor for name, c in self.units.items() if not c.offset}


def _number(text: str) -> float:
    top, _, bottom = text.partition("/")
    return float(top) / float(bottom) if bottom else float(top)


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]


def _conversions(unit: str, cell: str) -> dict[str, Conversion]:
    found = {unit: Conversion(1.0)}
    for part in _parts(cell):
        name, _, rule = part.rpartition("=")
        factor, _, offset = rule.partition("@")
        conversion = Conversion(_number(factor), float(offset or 0), not name.startswith("~"))
        found[name.removeprefix("~")] = conversion
    return found


def _measure(row: dict[str, str]) -> Measure:
    reasons = dict(part.rsplit("=", 1) for part in _parts(row["not_from"]))
    chinese = [row["label_zh"]] if row["label_zh"] else []
    step, _, never = row["step"].partition(" not ")
    return Measure(
        row["measure"],
        row["label"],
        tuple(dict.fromkeys([*_parts(row["aliases"]), *chinese])),
        row["unit"],
        _conversions(row["unit"], row["converts_from"]),
        reasons,
        *(float(row[name]) for name in ("hard_low", "hard_high", "low", "high")),
        float(step or 0),
        tuple(map(float, never.split())),
        row["higher_is"],
    )


def _read() -> dict[str, Measure]:
    path = Path(__file__).with_name("measures.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return {row["measure"]: _measure(row) for row in csv.DictReader(file)}


MEASURE_TABLE: dict[str, Measure] = _read()
