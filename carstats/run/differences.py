"""Where two files of numbers differ: by row and column, the old value and the new."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from io import StringIO

from carstats.messages import message

# The last digits depend on the processor and on the versions of numpy and scipy. Between Python
# 3.13 with numpy 2.2 and scipy 1.15 and Python 3.11 with numpy 2.4 and scipy 1.17 sums and beta
# functions differ by 1e-16 to 1e-13 of the number, and what a search for a maximum ends with (the
# mixed model, profile limits) by up to 2e-10. A change of method or of data changes far more. Below
# the absolute tolerance a number is zero but for rounding.
RELATIVE_TOLERANCE = 1e-9
ABSOLUTE_TOLERANCE = 1e-12


def csv_difference(old: str, new: str) -> str:
    """Return in words how two tables differ, empty where they do not; row 1 is the heading."""
    before, after = (list(csv.reader(StringIO(text, newline=None))) for text in (old, new))
    if not before or not after:
        return "" if before == after else message("one of them is empty")
    if before[0] != after[0]:
        return message("columns {old} → {new}", old=", ".join(before[0]), new=", ".join(after[0]))
    if len(before) != len(after):
        return message("{old} rows → {new} rows", old=len(before) - 1, new=len(after) - 1)
    found = []
    for number, (one, other) in enumerate(zip(before, after, strict=True), start=1):
        if len(one) != len(other):
            return message(
                "row {row}: {old} cells → {new} cells", row=number, old=len(one), new=len(other)
            )
        for column, a, b in zip(before[0], one, other, strict=True):
            if not alike(a, b):
                found.append((number, column, a, b))
    if not found:
        return ""
    row, column, a, b = found[0]
    return _and_more(
        message(
            "row {row}, column {column}: {old} → {new}",
            row=row,
            column=column,
            old=a or message("blank"),
            new=b or message("blank"),
        ),
        len(found) - 1,
    )


def json_difference(old: str, new: str) -> str:
    """Return in words how two origins differ, empty where they do not."""
    try:
        before, after = json.loads(old), json.loads(new)
    except json.JSONDecodeError as error:
        return message("the earlier file is not JSON ({error})", error=error)
    found = list(_differences(before, after, ()))
    if not found:
        return ""
    return _and_more(found[0], len(found) - 1)


def alike(a: object, b: object) -> bool:
    """Return whether two values are the same, numbers to the named tolerances."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if a == b:
        return True
    try:
        one, other = float(a), float(b)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)


def _and_more(first: str, others: int) -> str:
    if not others:
        return first
    return message("{first}, and {n} more", n=others, first=first)


def _differences(a: object, b: object, place: tuple[str, ...]) -> Iterator[str]:
    """Yield how two parts of a JSON file differ; `place` is the way to them."""
    where = ": ".join(place)
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted({*a, *b}):
            if key not in b:
                yield message("{place} gone", place=": ".join([*place, key]))
            elif key not in a:
                yield message("{place} added", place=": ".join([*place, key]))
            # Which version wrote a file is told once, from the manifest.
            elif (*place, key) != ("carstats",):
                yield from _differences(a[key], b[key], (*place, key))
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for one, other in zip(a, b, strict=True):
            yield from _differences(one, other, place)
    elif not alike(a, b):
        old, new = _where_they_part(repr(a), repr(b))
        yield message("{place}: {old} → {new}", place=where, old=old, new=new)


def _where_they_part(old: str, new: str, shown: int = 60) -> tuple[str, str]:
    """Return two texts, of long ones what stands where they begin to differ."""
    if max(len(old), len(new)) <= 2 * shown:
        return old, new
    pairs = enumerate(zip(old, new, strict=False))
    same = next((i for i, (a, b) in pairs if a != b), min(len(old), len(new)))
    start = max(same - shown // 3, 0)

    def shown_of(text: str) -> str:
        cut = " …" if len(text) > start + shown else ""
        return ("… " if start else "") + text[start : start + shown] + cut

    return shown_of(old), shown_of(new)
