"""The check of the assessments' values: units, ranges and codes for missing, once and for all.

What comes out is in the unit of `measures.csv`, row by row; nothing downstream looks at a unit or a
range again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from carstats.data.measures import MEASURE_TABLE, Conversion, Measure
from carstats.data.source import Source
from carstats.data.units import (
    conversion,
    converted,
    either,
    folded_unit,
    plausible,
    raw,
    rivals,
    units_that_fit,
    why_not,
    why_not_code,
)
from carstats.data.vocabulary import Term, Vocabulary
from carstats.errors import Problem, listed
from carstats.messages import message, message_n

_SAME = Conversion(1.0)


@dataclass
class _Column:
    """The values of one measure in one unit, and where they stand."""

    name: str
    unit: str
    places: np.ndarray
    given: np.ndarray


class _Check:
    def __init__(self, frame: pd.DataFrame, source: Source, vocabulary: Vocabulary) -> None:
        self.frame, self.source = frame, source
        self.terms = {term.name: term for term in vocabulary.measure}
        self.value = frame["value"].to_numpy(float).copy()
        self.lloq = frame["lloq"].to_numpy(float).copy() if "lloq" in frame else None
        unit = frame["unit"].to_numpy(object) if "unit" in frame else np.full(len(frame), None)
        self.unit = np.where(pd.isna(unit), "", unit).astype(object)
        self.problems: list[Problem] = []
        self.notes: list[str] = []

    def fault(self, places: np.ndarray, what: str, column: str, remedy: str) -> None:
        """Note one problem for several rows."""
        rows = self.frame.index[places]
        if len(places) > 1:
            what = message(
                "{problem} {n} rows ({rows}).",
                problem=what, n=len(places), rows=row_words(rows),
            )  # fmt: skip
        self.problems.append(self.source.problem(what, rows[0], column, remedy))

    def run(self) -> None:
        """Check and convert every measure."""
        codes, names = pd.factorize(self.frame["measure"], use_na_sentinel=True)
        for i, name in enumerate(names):
            places = np.flatnonzero(codes == i)
            term = self.terms.get(name, Term(str(name)))
            self._without_codes(term, places)
            known = MEASURE_TABLE.get(name)
            if known is not None and term.group in ("", known.unit):
                self._standard(known, term, places)
            else:
                self._own(term, places)

    def _without_codes(self, term: Term, places: np.ndarray) -> None:
        for code in term.missing:
            coded = places[self.value[places] == code]
            self.value[coded] = np.nan
            if len(coded):
                self.notes.append(
                    message_n(
                        "{table}: {n} value of {measure} is {code}, a code for missing.",
                        "{table}: {n} values of {measure} are {code}, a code for missing.",
                        len(coded), table=self.source.name, measure=term.name, code=f"{code:g}",
                    )
                )  # fmt: skip

    def _columns(self, name: str, places: np.ndarray) -> list[_Column]:
        """Return the filled rows of a measure by the spelling of their unit."""
        filled = places[~np.isnan(self.value[places])]
        found = []
        for unit in dict.fromkeys(self.unit[filled]):
            mine = filled[self.unit[filled] == unit]
            found.append(_Column(name, unit, mine, self.value[mine]))
        return found

    def _standard(self, known: Measure, term: Term, places: np.ndarray) -> None:
        limits = term.limits or (known.low, known.high)
        for column in self._columns(term.name, places):
            how = conversion(known, column.unit) if column.unit else _SAME
            if how is None:
                self._unknown_unit(known, column)
                continue
            if not column.unit and not term.limits and self._may_be_another(known, column):
                continue
            result = converted(column.given, how)
            inside = self._inside(known, column, how, result, limits)
            self._on_steps(known, column, result, inside)
            self._rare(known, column, result, inside)
            self.value[column.places] = result
            if how.changes:
                self.notes.append(
                    message_n(
                        "{table}: {n} value of {measure} was converted from {unit} to {to}.",
                        "{table}: {n} values of {measure} were converted from {unit} to {to}.",
                        len(result), table=self.source.name, measure=term.name,
                        unit=column.unit, to=known.unit,
                    )
                )  # fmt: skip
        self._limits_of_quantification(known, places)
        self.unit[places] = known.unit

    def _unknown_unit(self, known: Measure, column: _Column) -> None:
        places = {"measure": known.name, "unit": repr(column.unit), "canonical": known.unit}
        why = why_not(known, column.unit)
        others = [name for name in known.units if name != known.unit]
        if why:
            what = message(
                "{measure} in {unit} is not {measure} in {canonical}: {why}.", why=why, **places
            )
        elif others:
            what = message(
                "{unit} is not a unit of {measure}, which is kept in {canonical} and converted "
                "from {others}.",
                others=listed(others, 12), **places,
            )  # fmt: skip
        else:
            what = message("{unit} is not a unit of {measure}, which is kept in {canonical}.",
                           **places)  # fmt: skip
        remedy = message(
            "Give the values in {canonical}, or as a measure of their own under "
            "[vocabulary] measure.",
            canonical=known.unit,
        )
        if why_not_code(known, column.unit) == "kit":
            remedy = message(
                "If the laboratory's assay is calibrated in {canonical}, write that as the unit; "
                "else give a measure of its own under [vocabulary] measure.",
                canonical=known.unit,
            )
        self.fault(column.places, what, "unit", remedy)

    def _may_be_another(self, known: Measure, column: _Column) -> bool:
        """Note values without a unit that are not plausible, or are so in another unit too."""
        values = column.given
        places = {"measure": known.name, "canonical": known.unit}
        impossible = (values < known.low) | (values > known.high)
        if impossible.any() and not units_that_fit(known, values[impossible], _SAME):
            # Not a matter of the unit: said as any other value that cannot be.
            return False
        rare = ~plausible(known, values)
        if rare.any():
            shown = _shown(values[rare])
            what = message(
                "{measure} without a unit: {values} is not plausible in {canonical}.",
                values=shown, **places,
            )  # fmt: skip
            self.fault(column.places[rare], what, "unit", _say(known, values[rare]))
            return True
        said = values[values != 0]
        others = rivals(known, said) if len(said) else []
        if others:
            what = message(
                "{measure} without a unit: {values} may be in {canonical} as well as in {others}.",
                values=_shown(values), others=either(others), **places,
            )  # fmt: skip
            remedy = message("Fill the column `unit`.")
            self.fault(column.places, what, "unit", remedy)
        return bool(others)

    def _inside(self, known, column: _Column, how, result, limits) -> np.ndarray:
        low, high = limits
        slack = 1e-9 * max(1.0, abs(high) if np.isfinite(high) else 1.0)
        wrong = (result < low - slack) | (result > high + slack)
        if wrong.any():
            unit = column.unit or known.unit
            what = message(
                "{measure} is {values}, outside its range of {low} to {high}.",
                measure=known.name, values=_with_unit(_shown(column.given[wrong]), unit),
                low=f"{raw(low, how):.6g}", high=f"{raw(high, how):.6g}",
            )  # fmt: skip
            self.fault(column.places[wrong], what, "value", _mend(known, column, wrong, how))
        return ~wrong

    def _on_steps(self, known: Measure, column: _Column, result, inside) -> None:
        if not known.step:
            return
        off = inside & (np.abs(result / known.step - np.round(result / known.step)) > 1e-6)
        off |= inside & np.isin(result, known.never)
        if off.any():
            places = {"measure": known.name, "values": _shown(column.given[off])}
            if known.step == 1:
                what = message("{measure} is {values}; it is a whole number.", **places)
            else:
                first = [v for v in np.arange(4) * known.step if v not in known.never]
                what = message(
                    "{measure} is {values}; it has only the steps {some} and so on.",
                    some=_shown(np.array([*first, 4 * known.step])), **places,
                )  # fmt: skip
            self.fault(column.places[off], what, "value", message("Correct the value."))

    def _rare(self, known: Measure, column: _Column, result, inside) -> None:
        rare = inside & ~plausible(known, result)
        if rare.any():
            self.notes.append(
                message_n(
                    "{table}: {n} value of {measure} lies outside {low} to {high}, which is rare.",
                    "{table}: {n} values of {measure} lie outside {low} to {high}, which is rare.",
                    int(rare.sum()), table=self.source.name, measure=known.name,
                    low=f"{known.plausible_low:g}",
                    high=_with_unit(f"{known.plausible_high:g}", known.unit),
                )
            )  # fmt: skip

    def _limits_of_quantification(self, known: Measure, places: np.ndarray) -> None:
        if self.lloq is None:
            return
        for i in places[~np.isnan(self.lloq[places])]:
            how = conversion(known, self.unit[i]) if self.unit[i] else _SAME
            if how is not None:
                self.lloq[i] = converted(self.lloq[[i]], how)[0]
        below = places[self.value[places] < self.lloq[places] * (1 - 1e-9)]
        if len(below):
            what = message("{measure} is below the limit of quantification of its sample.",
                           measure=known.name)  # fmt: skip
            remedy = message("A value below the limit is blank; the limit stands in `lloq`.")
            self.fault(below, what, "value", remedy)

    def _own(self, term: Term, places: np.ndarray) -> None:
        """Check a measure that the study added to the vocabulary: one unit, its own limits."""
        columns = self._columns(term.name, places)
        said = {folded_unit(c.unit): c for c in columns if c.unit}
        if term.group:
            other = [c for unit, c in said.items() if unit != folded_unit(term.group)]
        else:
            other = list(said.values())[1:]
        for column in other:
            what = message(
                "{measure} is in {unit} here and in {canonical} elsewhere.",
                measure=term.name, unit=repr(column.unit),
                canonical=repr(term.group or next(iter(said.values())).unit),
            )  # fmt: skip
            remedy = message("Give the values of a measure of the study's own in one unit.")
            self.fault(column.places, what, "unit", remedy)
        if term.limits:
            low, high = term.limits
            filled = places[~np.isnan(self.value[places])]
            wrong = (self.value[filled] < low) | (self.value[filled] > high)
            if wrong.any():
                what = message(
                    "{measure} is {values}, outside its range of {low} to {high}.",
                    measure=term.name, values=_shown(self.value[filled][wrong]),
                    low=f"{low:g}", high=f"{high:g}",
                )  # fmt: skip
                self.fault(filled[wrong], what, "value", message("Correct the value."))
        if term.group:
            self.unit[places] = term.group


def _say(known: Measure, values: np.ndarray) -> str:
    others = units_that_fit(known, values, _SAME)
    if others:
        return message("Fill the column `unit`: is it {units}?", units=either(others))
    for code in known.not_from.values():
        other = MEASURE_TABLE.get(code.partition(":")[2])
        if other is not None and plausible(other, values).all():
            return message(
                "Fill the column `unit`; in {unit} it is another measure, {measure}.",
                unit=other.unit, measure=other.name,
            )  # fmt: skip
    return message("Fill the column `unit`, or correct the value.")


def _mend(known: Measure, column: _Column, wrong: np.ndarray, how: Conversion) -> str:
    others = units_that_fit(known, column.given[wrong], how)
    if others:
        return message(
            "Is it in {units}? Then say so in `unit`; else correct the value.",
            units=either(others),
        )
    code, low, high = _example(column.given[wrong], known, how)
    return message(
        "Correct the value; a code for missing, or a wider range, is declared in study.toml: "
        '[assessments] missing = {{ "{measure}" = [{code}] }}, '
        'range = {{ "{measure}" = [{low}, {high}] }}; '
        "of a data frame, in the vocabulary: Vocabulary().with_measure({name}, missing=({code},)).",
        measure=known.name,
        name=repr(known.name),
        code=code,
        low=low,
        high=high,
    )


def _example(values: np.ndarray, known: Measure, how: Conversion) -> tuple[str, str, str]:
    """Return the first of the values, and a range that takes them all, in the canonical unit."""
    kept = [v for v in (known.low, known.high, *converted(values, how)) if math.isfinite(v)]
    return f"{values[0]:g}", f"{min(kept):g}", f"{max(kept):g}"


def _with_unit(text: str, unit: str) -> str:
    # The unit of a score is its range, which is said anyway.
    return text if unit[:1].isdigit() and "-" in unit else f"{text} {unit}"


def _shown(values: np.ndarray) -> str:
    """Return some distinct numbers for a message."""
    distinct = list(dict.fromkeys(f"{value:.10g}" for value in values))
    more = ", …" if len(distinct) > 6 else ""
    return ", ".join(distinct[:6]) + more


def row_words(rows: pd.Index) -> str:
    """Return row numbers for a message: ``3, 6, 9, …``."""
    distinct = list(dict.fromkeys(int(row) for row in rows))
    return ", ".join(map(str, distinct[:12])) + (", …" if len(distinct) > 12 else "")


def check_values(
    frame: pd.DataFrame, source: Source, vocabulary: Vocabulary
) -> tuple[pd.DataFrame, list[Problem], list[str]]:
    """Check the values of assessments and bring them to the units of `measures.csv`.

    Notes
    -----
    A blank unit is the canonical one only where every value of the measure without a unit is
    plausible in it, and they are not all so in another unit that would change them. A measure that
    a study added to its vocabulary is in one unit throughout, and is not converted.
    """
    if not {"measure", "value"} <= set(frame) or not len(frame):
        return frame, [], []
    check = _Check(frame, source, vocabulary)
    check.run()
    unit = pd.Series(np.where(check.unit == "", None, check.unit), frame.index, dtype=object)
    changed = {"value": check.value, "unit": unit}
    if check.lloq is not None:
        changed["lloq"] = check.lloq
    names = [*frame, *([] if "unit" in frame else ["unit"])]
    if "unit" not in frame:
        names.insert(names.index("value") + 1, names.pop())
    return frame.assign(**changed)[names], check.problems, check.notes
