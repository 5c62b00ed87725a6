"""What carstats says when something is wrong: `CarstatsError`, and the checks of arguments."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

_SHOWN = 60


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the input, and what to do about it.

    Attributes
    ----------
    what : str
        What is wrong, in words, with what is allowed.
    file : str, optional
        The file, sheet or table the value came from.
    row : int, optional
        The row as the file shows it: the heading is row 1.
    column : str, optional
        The column's heading as the file has it.
    remedy : str, optional
        What the user can do.
    """

    what: str
    file: str | None = None
    row: int | None = None
    column: str | None = None
    remedy: str | None = None

    def __str__(self) -> str:
        place = [self.file] if self.file else []
        if self.row is not None:
            place.append(f"row {self.row}")
        if self.column is not None:
            place.append(f"`{self.column}`")
        text = f"{', '.join(place)}: {self.what}" if place else self.what
        return f"{text} {self.remedy}" if self.remedy else text


class CarstatsError(ValueError):
    """An input or an argument that cannot be used, with every problem found in it.

    Parameters
    ----------
    problems : str, Problem or iterable of Problem
        What is wrong; several problems are listed one a line.

    Attributes
    ----------
    problems : tuple of Problem
        All problems, also those that the message leaves out for length.
    """

    def __init__(self, problems: str | Problem | Iterable[Problem]) -> None:
        if isinstance(problems, str):
            problems = [Problem(problems)]
        elif isinstance(problems, Problem):
            problems = [problems]
        self.problems = tuple(problems)
        super().__init__(self._message())

    def _message(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        lines = [f"{len(self.problems)} problems:"]
        lines += [f"  {problem}" for problem in self.problems[:_SHOWN]]
        if len(self.problems) > _SHOWN:
            lines.append(f"  … and {len(self.problems) - _SHOWN} more.")
        return "\n".join(lines)


def listed(values: Iterable[object], most: int = 12) -> str:
    """Name values in a message: quoted, separated by commas, cut after `most`."""
    values = list(values)
    text = ", ".join(repr(str(value)) for value in values[:most])
    return f"{text}, … ({len(values)} in all)" if len(values) > most else text


def check_choice(argument: str, value: object, allowed: Collection[str]) -> None:
    """Raise unless `value` is one of `allowed`."""
    if value not in allowed:
        raise CarstatsError(f"`{argument}` is {value!r}; allowed: {listed(allowed)}.")


def check_conf_level(value: float) -> None:
    """Raise unless `value` is a confidence level strictly between 0 and 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise CarstatsError(
            f"`conf_level` is {value!r}; it is a fraction between 0 and 1, such as 0.95."
        )


def check_number(argument: str, value: object, *, low: float = float("-inf")) -> None:
    """Raise unless `value` is a finite number of at least `low`."""
    good = not isinstance(value, bool) and hasattr(value, "__float__")
    if not good or not low <= float(value) < float("inf"):
        least = "" if low == float("-inf") else f" of at least {low:g}"
        raise CarstatsError(f"`{argument}` is {value!r}; it takes a finite number{least}.")
