"""What carstats says when something is wrong: `CarstatsError`, and the checks of arguments.

An error is shown in the language that is set; what it is made of are messages.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from carstats.messages import Joined, Message, message, message_n

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

    @property
    def said(self) -> Message:
        """The place, what is wrong there and the remedy, as one message."""
        parts = [self.file] if self.file else []
        if self.row is not None:
            parts.append(message("row {n}", n=self.row))
        if self.column is not None:
            parts.append(f"`{self.column}`")
        text = self.what if isinstance(self.what, Message) else Joined((self.what,), "")
        if parts:
            place = parts[0]
            for part in parts[1:]:
                place = message("{place}, {part}", place=place, part=part)
            text = message("{place}: {what}", place=place, what=text)
        return message("{first} {second}", first=text, second=self.remedy) if self.remedy else text

    def __str__(self) -> str:
        return _shown(self.said)


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
        super().__init__(str.__str__(self.said))

    @property
    def said(self) -> Message:
        """Every problem, as one message; it stands where the error is named in another one."""
        if len(self.problems) == 1:
            return self.problems[0].said
        n = len(self.problems)
        lines = [message_n("{n} problem:", "{n} problems:", n)]
        lines += [Joined(("  ", problem.said), "") for problem in self.problems[:_SHOWN]]
        if n > _SHOWN:
            lines.append(message("  … and {n} more.", n=n - _SHOWN))
        return Joined(lines, "\n")

    def __str__(self) -> str:
        return _shown(self.said)


def _shown(said: Message) -> str:
    """Return a message in the language that is set: an error may be raised before it is known."""
    from carstats.language import in_words

    return in_words(said)


def listed(values: Iterable[object], most: int = 12) -> Message:
    """Name values in a message: quoted, separated by commas, cut after `most`."""
    values = list(values)
    names = message(", ").join(
        Joined(("'", value, "'"), "") if isinstance(value, Message) else repr(str(value))
        for value in values[:most]
    )
    if len(values) > most:
        return message("{names}, … ({n} in all)", names=names, n=len(values))
    return names


def check_choice(argument: str, value: object, allowed: Collection[str]) -> None:
    """Raise unless `value` is one of `allowed`."""
    if value not in allowed:
        raise CarstatsError(
            message(
                "`{argument}` is {value!r}; allowed: {allowed}.",
                argument=argument, value=value, allowed=listed(allowed),
            )
        )  # fmt: skip


def check_conf_level(value: float) -> None:
    """Raise unless `value` is a confidence level strictly between 0 and 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise CarstatsError(
            message(
                "`conf_level` is {value!r}; it is a fraction between 0 and 1, such as 0.95.",
                value=value,
            )
        )


def check_number(argument: str, value: object, *, low: float = float("-inf")) -> None:
    """Raise unless `value` is a finite number of at least `low`."""
    good = not isinstance(value, bool) and hasattr(value, "__float__")
    if good and low <= float(value) < float("inf"):
        return
    if low == float("-inf"):
        raise CarstatsError(
            message("`{argument}` is {value!r}; it takes a finite number.",
                    argument=argument, value=value)
        )  # fmt: skip
    raise CarstatsError(
        message("`{argument}` is {value!r}; it takes a finite number of at least {low:g}.",
                argument=argument, value=value, low=low)
    )  # fmt: skip
