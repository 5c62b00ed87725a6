"""Reading a shared file: it is what carstats wrote, whole and unchanged, or it is refused."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.sharing.definitions import definition_fingerprint, fingerprint
from carstats.sharing.numbers import ALL, NONE, SOME, person_years
from carstats.sharing.outcomes import DAYS, RESPONSE, TIMES, TOXICITY, VISITS
from carstats.sharing.shared import (
    CELLS,
    KIND,
    MARGINS,
    NOTHING,
    SCHEMA,
    SECTIONS,
    WHOLE,
    layout_words,
    site_name,
)

# A file of all that a large site can share has some hundred kilobytes.
_LARGEST = 20_000_000
_MOST = 10**9
# Person-years are told to a tenth.
_ROUNDED = 0.051
COUNT, TEXT, NUMBER, YES, LIST, DICT = "count", "text", "number", "yes or no", "list", "dict"
MAYBE = "count or null"
_KEYS = {
    "content": TEXT, "schema": COUNT, "carstats": TEXT, "site": TEXT, "synthetic": YES,
    "minimum_cell": COUNT, "minimum_cell_lowered_by_agreement": YES, "subjects": MAYBE,
    "counted": TEXT, "infusions_recorded": YES, "asked_by": LIST, "layout": TEXT,
    "layout_is": TEXT, "schedule": DICT, "definitions": DICT,
    "tables": LIST, "hidden": LIST, "fingerprint": TEXT,
}  # fmt: skip
_TABLE = {"by": LIST, "strata": LIST, **dict.fromkeys(SECTIONS.values(), LIST)}
_STRATUM = {"name": TEXT, "levels": DICT, "subjects": COUNT}
_ROW = {"outcome": TEXT, "strata": LIST, "asked": COUNT, "not_asked": COUNT}
_ROWS = {
    RESPONSE: {**_ROW, "responders": COUNT, "evaluable": MAYBE, "missing": MAYBE},
    TOXICITY: {**_ROW, "worst_grade": LIST},
    TIMES: {**_ROW, "no_record": MAYBE, "clock": TEXT, "intervals": LIST,
            "person_years_on_the_grid": NUMBER},
}  # fmt: skip
_GRADE = {"from": COUNT, "to": COUNT, "may_be_worse": TEXT, "subjects": COUNT}
_INTERVAL = {
    "after_week": NUMBER, "to_week": NUMBER, "from_the_start": YES, "with_no_record": YES,
    "at_risk": COUNT, "events": COUNT, "competing": MAYBE, "censored": MAYBE,
    "without_event": COUNT,
}  # fmt: skip
_RULE = dict.fromkeys(("disease", "definition", "thresholds", "source", "doi", "status"), TEXT)
_VISIT = dict.fromkeys(("day", "from_day", "to_day"), NUMBER)
# Of a definition: what it has, and what it may have.
_DEFINITION = {"kind": TEXT, "label": TEXT, "rules": LIST, "fingerprint": TEXT}
_MORE = {"made": TEXT, "options": DICT, "visit": DICT, "clock": TEXT, "estimand": LIST,
         "grading_scales": LIST}  # fmt: skip
_HIDDEN = {"by": TEXT, "outcome": TEXT, "what": TEXT}


class _Wrong(ValueError):
    """What is wrong with a file, in words."""


def read_shared(path: str | Path) -> dict[str, Any]:
    """Read a file that `carstats share` wrote.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    dict
        What it holds.

    Raises
    ------
    CarstatsError
        If it cannot be read, is no such file, was made by another schema, was cut short or edited,
        or its numbers do not add up.
    """
    path = Path(path)
    try:
        content = _parsed(path)
        if content.get("content") != KIND:
            raise _Wrong(message("it is not a file that carstats share wrote"))
        schema = content.get("schema")
        if not _is(schema, COUNT) or schema != SCHEMA:
            raise _Wrong(
                message(
                    "its schema is {given}, and this version of carstats reads {known}; use the "
                    "same version of carstats at every site",
                    given=json.dumps(schema)[:40], known=SCHEMA,
                )
            )  # fmt: skip
        told = content.get("fingerprint")
        rest = {key: value for key, value in content.items() if key != "fingerprint"}
        if told != fingerprint(rest):
            raise _Wrong(
                message(
                    "its fingerprint does not fit its content: it was edited, or cut, after it was "
                    "made; ask the site to send it again"
                )
            )
        _check(content)
    except _Wrong as wrong:
        raise CarstatsError(
            message("{file} is refused: {reason}.", file=path.name, reason=wrong.args[0])
        ) from None
    except CarstatsError:
        raise
    except (RecursionError, ValueError):
        # Half a character, 1e999, or lists within lists, which no text can be made of.
        _refuse(path, message("it is no JSON that carstats writes"))
    return content


def _parsed(path: Path) -> dict[str, Any]:
    if path.is_dir():
        _refuse(path, message("it is a folder; name the files that the sites sent"))
    if path.exists() and not path.is_file():
        # A pipe or a device would never end.
        _refuse(path, message("it is no file"))
    if path.is_file() and path.stat().st_size > _LARGEST:
        _refuse(path, message("it is larger than any shared file can be"))
    try:
        text = path.read_bytes().decode("utf-8-sig")
        content = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except OSError as error:
        _refuse(path, message("it cannot be read ({reason})", reason=error.strerror or str(error)))
    except UnicodeDecodeError:
        _refuse(path, message("it is not text in UTF-8"))
    except json.JSONDecodeError as error:
        _refuse(
            path,
            message(
                "it is no JSON, or was cut short (line {line}, column {column})",
                line=error.lineno,
                column=error.colno,
            ),
        )
    except _Wrong as wrong:
        _refuse(path, wrong.args[0])
    except (RecursionError, ValueError):
        _refuse(path, message("it is no JSON that carstats writes"))
    if not isinstance(content, dict):
        _refuse(path, message("it is not a file that carstats share wrote"))
    return content


def _refuse(path: Path, reason: str) -> NoReturn:
    raise CarstatsError(message("{file} is refused: {reason}.", file=path.name, reason=reason))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Wrong(message("{key} stands in it twice", key=repr(twice[:40])))
    return found


def _no_constant(name: str) -> NoReturn:
    raise _Wrong(message("it holds {value}, which is no number", value=name))


def _is(value: object, kind: str) -> bool:
    """Say whether a value is of a kind; a yes is no number here, nor is 1.0 a count."""
    if kind == COUNT:
        return type(value) is int and 0 <= value <= _MOST
    if kind == MAYBE:
        return value is None or _is(value, COUNT)
    if kind == NUMBER:
        return type(value) in (int, float) and 0 <= value <= _MOST
    return type(value) is {TEXT: str, YES: bool, LIST: list, DICT: dict}[kind]


def _shape(where: str, value: object, keys: dict[str, str]) -> None:
    """Refuse what has not exactly these keys with values of these kinds."""
    if not isinstance(value, dict) or set(value) != set(keys):
        raise _Wrong(message("{place} has not the keys that carstats writes", place=where))
    for key, kind in keys.items():
        if not _is(value[key], kind):
            raise _Wrong(
                message(
                    "`{key}` of {place} is {value}, which is not allowed there",
                    key=key, place=where, value=json.dumps(value[key])[:40],
                )
            )  # fmt: skip


def _need(right: bool, where: str) -> None:
    if not right:
        raise _Wrong(message("the numbers of {place} do not add up", place=where))


def _check(content: dict[str, Any]) -> None:
    """Refuse what carstats could not have written."""
    _shape("the file", content, _KEYS)
    weeks = content["schedule"].get("weeks")
    right = content["layout"] in (CELLS, MARGINS, WHOLE, NOTHING) and content["minimum_cell"] >= 1
    right &= site_name(content["site"]) == content["site"] != ""
    right &= set(content["schedule"]) == {"weeks"}
    right &= isinstance(weeks, list) and all(_is(week, NUMBER) for week in weeks)
    right &= all(isinstance(name, str) for name in content["asked_by"])
    right = right and content["layout_is"] == layout_words(content["layout"], content["asked_by"])
    if not right or weeks != sorted(set(weeks)) or not weeks:
        raise _Wrong(message("{place} has not the keys that carstats writes", place="the file"))
    for each in content["hidden"]:
        _shape("`hidden`", each, _HIDDEN)
    for name, definition in content["definitions"].items():
        kind = definition.get("kind") if isinstance(definition, dict) else None
        if type(kind) is not str or kind not in SECTIONS:
            raise _Wrong(message("{place} has not the keys that carstats writes", place=name))
        more = {key: value for key, value in _MORE.items() if key in definition}
        _shape(name, definition, _DEFINITION | more)
        for rule in definition["rules"]:
            _shape(name, rule, _RULE)
        if "visit" in definition:
            _shape(name, definition["visit"], _VISIT)
        for key in ("estimand", "grading_scales"):
            for words in definition.get(key, ()):
                _shape(name, {key: words}, {key: TEXT})
        if definition.get("fingerprint") != definition_fingerprint(definition):
            raise _Wrong(
                message("the fingerprint of the definition of {name} does not fit it", name=name)
            )
    if content["layout"] == NOTHING:
        _need(content["subjects"] is None and not content["tables"], "`tables`")
        return
    _need(bool(content["tables"]) and content["subjects"] is not None, "`tables`")
    for table in content["tables"]:
        _check_table(content, table, [0.0, *map(float, weeks)])
    first = content["tables"][0]
    _need(not first["by"] and [s["subjects"] for s in first["strata"]] == [content["subjects"]],
          "`tables`")  # fmt: skip


def _check_table(content: dict[str, Any], table: Any, visits: list[float]) -> None:
    _shape("`tables`", table, _TABLE)
    for stratum in table["strata"]:
        _shape("`strata`", stratum, _STRATUM)
        right = all(isinstance(level, str) for level in stratum["levels"].values())
        if not right or (stratum["levels"] and list(stratum["levels"]) != list(table["by"])):
            keys = sorted(map(str, stratum["levels"]))
            if not right or keys != sorted(map(str, table["by"])):
                raise _Wrong(
                    message("{place} has not the keys that carstats writes", place="`strata`")
                )
    people = {stratum["name"]: stratum["subjects"] for stratum in table["strata"]}
    _need(len(people) == len(table["strata"]), "`strata`")
    _need(sum(people.values()) == content["subjects"], "`strata`")
    for kind, section in SECTIONS.items():
        seen: set[tuple[str, str]] = set()
        for row in table[section]:
            _shape(f"`{section}`", row, _ROWS[kind])
            where = row["outcome"]
            _large_enough(row, content["minimum_cell"])
            definition = content["definitions"].get(where)
            _need(definition is not None and definition["kind"] == kind, where)
            names = row["strata"]
            _need(bool(names) and all(type(n) is str and n in people for n in names), where)
            mine = {(where, name) for name in names}
            _need(len(mine) == len(names) and not mine & seen, where)
            seen |= mine
            _need(sum(people[n] for n in names) == row["asked"] + row["not_asked"], where)
            if kind == RESPONSE:
                _check_response(row)
            elif kind == TOXICITY:
                _check_grades(row)
            else:
                _check_curve(row, visits)


def _large_enough(row: dict[str, Any], least: int) -> None:
    """Refuse numbers of a few subjects in a file that says it has none."""
    parts = [row, *row.get("worst_grade", ()), *row.get("intervals", ())]
    known = {*_ROW, *(key for keys in _ROWS.values() for key in keys), *_GRADE, *_INTERVAL}
    counts = known - {"from", "to", "after_week", "to_week", "person_years_on_the_grid"}
    few = [part[key] for part in parts if isinstance(part, dict) for key in counts
           if type(part.get(key)) is int and 0 < part[key] < least]  # fmt: skip
    if few:
        raise _Wrong(
            message(
                "{outcome} has a number of {n}, and the file says that none is below {least} but 0",
                outcome=row["outcome"], n=few[0], least=least,
            )
        )  # fmt: skip


def _check_response(row: dict[str, Any]) -> None:
    where = row["outcome"]
    _need(row["responders"] <= row["asked"], where)
    _need((row["evaluable"] is None) == (row["missing"] is None), where)
    if row["evaluable"] is not None:
        _need(row["evaluable"] + row["missing"] == row["asked"], where)
        _need(row["responders"] <= row["evaluable"], where)


def _check_grades(row: dict[str, Any]) -> None:
    where = row["outcome"]
    for grade in row["worst_grade"]:
        _shape(where, grade, _GRADE)
        _need(grade["from"] <= grade["to"] <= 5, where)
        _need(grade["may_be_worse"] in (NONE, SOME, ALL), where)
    _need(sum(grade["subjects"] for grade in row["worst_grade"]) == row["asked"], where)
    order = [(g["from"], g["to"], g["may_be_worse"] == ALL) for g in row["worst_grade"]]
    _need(order == sorted(set(order)), where)
    for open_ in (False, True):
        mine = [each for each in order if each[2] == open_]
        _need(all(a[1] <= b[0] for a, b in pairwise(mine)), where)


def _check_curve(row: dict[str, Any], visits: list[float]) -> None:
    where = row["outcome"]
    _need(row["clock"] in (VISITS, DAYS), where)
    at_risk, week, first = row["asked"] - (row["no_record"] or 0), 0.0, True
    years = 0.0
    for interval in row["intervals"]:
        _shape(where, interval, _INTERVAL)
        low, high = float(interval["after_week"]), float(interval["to_week"])
        _need(low in visits and high in visits and low == week and low <= high, where)
        _need(first == interval["from_the_start"] and (first or low < high), where)
        _need(interval["with_no_record"] == (first and row["no_record"] is None), where)
        _need(interval["at_risk"] == at_risk, where)
        competing, censored = interval["competing"], interval["censored"]
        _need((competing is None) == (censored is None), where)
        if competing is not None:
            _need(competing + censored == interval["without_event"], where)
        gone = interval["events"] + interval["without_event"]
        years += person_years(low, high, at_risk, gone)
        at_risk -= gone
        _need(at_risk >= 0, where)
        week, first = high, False
    _need(at_risk == 0 and (not first or row["asked"] == row["no_record"]), where)
    _need(abs(years - row["person_years_on_the_grid"]) < _ROUNDED, where)
