"""The check of what an entry of `study.toml` may be: a heading, several, a condition, a join."""

from __future__ import annotations

from datetime import date

from carstats.data.formats.dates import NotADate, date_ordinal
from carstats.data.formats.day_units import TIME_UNITS
from carstats.data.schema import TABLES
from carstats.data.settings.keys import COMPARISONS, CONDITIONS, texts_of
from carstats.errors import Problem, listed
from carstats.messages import mark, message

_TAKE = {
    "when": mark("columns of yes and no"),
    "schedule": mark("columns of days"),
    "unit": mark("columns of days"),
}


class ColumnChecker:
    """Notes what is wrong with the entries for columns of a `study.toml`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []

    def add(self, what: str, remedy: str | None = None) -> None:
        self.problems.append(Problem(what, self.name, remedy=remedy))

    def scalar(self, value: object, where: str) -> None:
        if not isinstance(value, str | bool | int | float | date):
            self.add(message("{place} is {value!r}; it takes one value.", place=where, value=value))

    def condition(self, where: object, place: str) -> None:
        """Check the conditions of several headings, each a value, a list or a table."""
        for heading, wanted in where.items() if isinstance(where, dict) else ():
            self.wanted(wanted, f"{place} {heading}")

    def wanted(self, wanted: object, place: str) -> None:
        """Check one condition: a value, a list of values, or a table of words and comparisons."""
        if not isinstance(wanted, dict):
            for value in wanted if isinstance(wanted, list) else [wanted]:
                self.scalar(value, place)
            return
        good = bool(wanted) and set(wanted) <= set(CONDITIONS)
        for word, value in wanted.items() if good else ():
            if word == "blank":
                good = good and isinstance(value, bool)
            elif word in COMPARISONS:
                good = good and _comparable(value)
            else:
                self.wanted(value if isinstance(value, list) else [value], place)
        if not good:
            self.add(
                message(
                    "{place} is {value!r}, which is no condition. It takes a value, a list of"
                    " values, or {examples}.",
                    place=place,
                    value=wanted,
                    examples='{ not = "…" }, { in = ["…"] }, { ">=" = 18, "<" = 70 },'
                    ' { ">" = "2024-01-31" }, { blank = true }',
                )
            )

    def kind_of(self, table: str, column: str, spec: object) -> None:
        """Refuse what is said of an entry and means nothing for its kind of column."""
        described = TABLES[table].column(column)
        kind = described.kind if described else "day" if column.endswith("_day") else "own"
        timed = kind == "day" or column in ("time", "time_low", "time_high", "date")
        said = spec if isinstance(spec, dict) else {}
        for key, fits in (("when", kind in ("flag", "own")), ("schedule", timed), ("unit", timed)):
            if key in said and not fits:
                what = message(
                    "[{table}.columns] {column} has {key}, which {kinds} take.",
                    table=table,
                    column=column,
                    key=key,
                    kinds=message(_TAKE[key]),
                )
                self.add(what)

    def checkboxes(self, table: str, column: str, spec: object) -> None:
        """Refuse check boxes of REDCap (``target___1``) that are mapped as one column of terms."""
        described = TABLES[table].column(column)
        headings = sorted(h for h in texts_of(spec) if "___" in h) if described else []
        boxes = isinstance(spec, dict) and "checkboxes" in spec
        if boxes and described and described.kind in ("day", "number"):
            what = message(
                "[{table}.columns] {column} is no column that check boxes can give.",
                table=table,
                column=column,
            )
            self.add(what)
        if not headings or boxes or described.kind not in ("term", "text"):
            return
        what = message(
            "[{table}.columns] {column} names the check box {heading!r}, which says only yes or"
            " no.",
            table=table,
            column=column,
            heading=headings[0],
        )
        pairs = ", ".join(f'"{heading}" = "…"' for heading in headings)
        line = f"{column} = {{ checkboxes = {{ {pairs} }} }}"
        self.add(what, message("Say what each box means: {line}", line=line))

    def column(self, spec: object, where: str) -> None:
        """Check an entry that names a heading or several, with what is said of them."""
        if isinstance(spec, dict) and "checkboxes" in spec:
            self.boxes(spec, where)
            return
        if isinstance(spec, dict):
            names = "join" if "join" in spec else "column"
            known = {names, "where", "may_be_empty", "unit", "when", "schedule"}
            known |= {"with"} if names == "join" else set()
            good = isinstance(spec.get(names), list if names == "join" else str | list)
            good = good and set(spec) <= known
            good = good and isinstance(spec.get("where", {}), dict)
            good = good and isinstance(spec.get("may_be_empty", False), bool)
            good = good and isinstance(spec.get("with", ""), str)
            good = good and (names != "join" or len(spec["join"]) > 1)
            self.condition(spec.get("where"), f"{where} where")
            if "when" in spec:
                self.wanted(spec["when"], f"{where} when")
            if "schedule" in spec:
                self.schedule(spec["schedule"], where)
            if good and spec.get("unit", "days") not in TIME_UNITS:
                self.add(
                    message(
                        "{place} has the unit {unit}; allowed: {allowed}.",
                        place=where,
                        unit=repr(spec["unit"]),
                        allowed=listed(TIME_UNITS),
                    )
                )
            spec = spec.get(names) if good else None
        if not (isinstance(spec, str) or (isinstance(spec, list) and spec
                and all(isinstance(s, str) for s in spec))):  # fmt: skip
            self.add(
                message(
                    "{place} takes a heading, a list of headings or {example}.",
                    place=where,
                    example='{ column = …, where = {…}, unit = … }, { join = ["…", "…"] }',
                )
            )

    def schedule(self, schedule: object, place: str) -> None:
        """Check the days that the labels of visits stand for."""
        days = schedule.values() if isinstance(schedule, dict) else [None]
        if schedule and all(isinstance(d, int | float) and not isinstance(d, bool) for d in days):
            return
        self.add(
            message(
                "{place} takes a schedule as {example}: the label of a visit and its day.",
                place=place,
                example='{ "baseline" = -7, "month 3" = 91 }',
            )
        )

    def boxes(self, spec: dict, where: str) -> None:
        boxes, several = spec["checkboxes"], spec.get("several", {})
        good = isinstance(boxes, dict) and bool(boxes)
        good = good and set(spec) <= {"checkboxes", "both", "several", "none"}
        good = good and ("both" not in spec or len(boxes) == 2)
        good = good and isinstance(several, dict)
        good = good and all(
            isinstance(names, list) and len(names) > 1 and set(names) <= set(boxes)
            for names in (several.values() if isinstance(several, dict) else ())
        )
        values = [*(boxes.values() if isinstance(boxes, dict) else ())]
        values += [spec[key] for key in ("both", "none") if key in spec]
        if not good or not all(isinstance(value, str | int | float) for value in values):
            self.add(
                message(
                    "{place} takes check boxes as {example}.",
                    place=where,
                    example='{ checkboxes = { "box___1" = "CD19", "box___2" = "BCMA" }, '
                    'both = "CD19+BCMA" }',
                )
            )


def _comparable(value: object) -> bool:
    """Return whether a condition can compare cells with a value: a number, or one whole date."""
    if isinstance(value, bool):
        return False
    if isinstance(value, str):
        try:
            date_ordinal(value)
        except NotADate:
            return False
    return isinstance(value, int | float | date | str)
