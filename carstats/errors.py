"""What carstats says when something is wrong: `CarstatsError`, and the checks of arguments.

An error is shown in the language that is set; what it is made of are messages.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from typing import Any

from carstats.messages import Joined, Message, message, message_n
from carstats.translation import in_words

_SHOWN = 60
_ROWS_SHOWN = 6
# From so many lines on, problems that differ in the cell alone are told by the first of them.
_ALIKE = 8


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
    rows : tuple of int, optional
        All rows that it is wrong in, where these are several; `row` is then the first.
    """

    what: str
    file: str | None = None
    row: int | None = None
    column: str | None = None
    remedy: str | None = None
    rows: tuple[int, ...] = ()

    def where(self) -> str:
        """Return the row, or how many rows and the first of them."""
        if len(self.rows) < 2:
            return message("row {n}", n=self.row)
        return message("{n} rows ({rows})", n=len(self.rows), rows=_first_rows(self.rows))

    @property
    def said(self) -> Message:
        """The place, what is wrong there and the remedy, as one message."""
        parts = [self.file] if self.file else []
        if self.row is not None:
            parts.append(self.where())
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
        What is wrong; several problems are listed one a line, and what is the same in several
        rows is one problem.

    Attributes
    ----------
    problems : tuple of Problem
        All problems, also those that the message leaves out for length.
    notes : tuple of str
        What was guessed before they were found: a wrong guess may be their cause.

    Examples
    --------
    >>> try:
    ...     cs.response_rate(cohort, "remision")
    ... except cs.CarstatsError as error:
    ...     print(error)
    """

    notes: tuple[str, ...] = ()

    def __init__(self, problems: str | Problem | Iterable[Problem]) -> None:
        if isinstance(problems, str):
            problems = [Problem(problems)]
        elif isinstance(problems, Problem):
            problems = [problems]
        self.problems = grouped(problems)
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
    """Return a message in the language that is set."""
    return in_words(said)


def _first_rows(rows: Iterable[int]) -> str:
    rows = list(rows)
    shown = ", ".join(map(str, rows[:_ROWS_SHOWN]))
    return f"{shown}, …" if len(rows) > _ROWS_SHOWN else shown


def grouped(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems with the same cause as one, in the order of the first of each.

    The cause is the same where file, column and words are the same; also where only numbers in the
    words differ, such as days, or very many cells are each wrong in the same way.
    """
    merged: dict[tuple, list[Problem]] = {}
    for problem in problems:
        key = (problem.file, problem.column, str(problem.what), str(problem.remedy or ""))
        merged.setdefault((*key, problem.row is None), []).append(problem)
    first = [_one(group, group[0].what) for group in merged.values()]
    kinds: dict[tuple, list[Problem]] = {}
    for problem in first:
        kinds.setdefault(_kind(problem), []).append(problem)
    said: dict[int, Problem | None] = {}
    for kind, group in kinds.items():
        if kind[0] and (len(group) > _ALIKE or (len(group) > 2 and _differ_in_numbers(group))):
            rows = _rows([p for p in group if p is not group[0]])
            what = message_n(
                "{first} {n} more row is alike ({rows}).",
                "{first} {n} more rows are alike ({rows}).",
                len(rows),
                first=group[0].what,
                rows=_first_rows(rows),
            )
            alike = replace(group[0], what=what, rows=_rows(group))
            said |= {id(p): None for p in group} | {id(group[0]): _Alike(**vars(alike))}
    chosen = (said.get(id(p), p) for p in first)
    return tuple(p for p in chosen if p is not None)


class _Alike(Problem):
    """Problems that differ in the cell alone: the first one's row stands in front."""

    def where(self) -> str:
        return message("row {n}", n=self.row)


def _one(group: list[Problem], what: str) -> Problem:
    rows = _rows(group)
    return replace(group[0], what=what, rows=rows) if len(rows) > 1 else group[0]


def _rows(group: Iterable[Problem]) -> tuple[int, ...]:
    rows = (row for p in group for row in (p.rows or (p.row,)) if row is not None)
    return tuple(dict.fromkeys(rows))


def _kind(problem: Problem) -> tuple:
    """Return what problems that differ in their values alone have in common."""
    what = problem.what
    if problem.row is None or not isinstance(what, Message) or not what.key:
        return (False, id(problem))
    return (True, problem.file, problem.column, what.key)


def _differ_in_numbers(group: list[Problem]) -> bool:
    texts = {
        tuple((k, str(v)) for k, v in p.what.values.items() if not _is_number(v))
        for p in group
        if isinstance(p.what, Message)
    }
    return len(texts) == 1


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


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


# What R and SAS call an option, without spaces and signs, and the name it has here.
_ALIASES = {
    "agresti": "Agresti-Coull", "ac": "Agresti-Coull", "beta": "Clopper-Pearson",
    "binomial": "Clopper-Pearson", "cp": "Clopper-Pearson", "exact": "Clopper-Pearson",
    "score": "Wilson", "wilsonscore": "Wilson", "newcombescore": "Newcombe",
    "mn": "Miettinen-Nurminen", "fisherexact": "Fisher", "cmh": "Cochran-Mantel-Haenszel",
    "mantelhaenszel": "Cochran-Mantel-Haenszel",
    "arcsin": "arcsine", "asin": "arcsine", "asinsqrt": "arcsine", "cloglog": "log-log",
    "identity": "plain", "linear": "plain", "bpcp": "beta product", "midp": "beta product mid-P",
    "ep": "equal precision", "hw": "Hall-Wellner",
    "breslow": "Gehan-Wilcoxon", "gehan": "Gehan-Wilcoxon", "wilcoxon": "Gehan-Wilcoxon",
    "peto": "Peto-Peto", "tarone": "Tarone-Ware", "fh": "Fleming-Harrington",
    "bh": "Benjamini-Hochberg", "fdr": "Benjamini-Hochberg", "stepbon": "Holm",
    "ml": "maximum likelihood", "mle": "maximum likelihood", "nb": "negative binomial",
    "arh(1)": "heterogeneous AR(1)", "cs": "compound symmetry", "un": "unstructured",
    "itt": "intention to treat",
}  # fmt: skip


def check_choice(argument: str, value: Any, allowed: Collection[Any]) -> Any:
    """Return the one of `allowed` that is meant: case, spaces and hyphens do not tell them apart.

    A plural and what R or SAS call it are taken too; anything else raises.
    """
    if not getattr(value, "ndim", 0) and value in allowed:
        return value
    if isinstance(value, str):
        told = _told_apart(value)
        meant = {told, told.removesuffix("s"), f"{told}s", _told_apart(_ALIASES.get(told, told))}
        found = [name for name in allowed if isinstance(name, str) and _told_apart(name) in meant]
        exact = [name for name in found if _told_apart(name) == told]
        if len(exact or found) == 1:
            return (exact or found)[0]
    raise CarstatsError(
        message(
            "`{argument}` is {value!r}; allowed: {allowed}.",
            argument=argument, value=value, allowed=listed(allowed),
        )
    )  # fmt: skip


def _told_apart(name: str) -> str:
    """Return what of an option's name is compared."""
    return name.casefold().translate(dict.fromkeys(map(ord, " -_.–'’")))


def check_installed(extra: str, *libraries: str) -> None:
    """Raise, naming the extra that brings them, unless the libraries are installed."""
    lacking = [name for name in libraries if find_spec(name) is None]
    if lacking:
        raise CarstatsError(
            message_n(
                "this needs {names}, which is not installed. Install it: {command}",
                "this needs {names}, which are not installed. Install them: {command}",
                len(lacking),
                names=message(", ").join(lacking), command=f'pip install "carstats[{extra}]"',
            )
        )  # fmt: skip


def names_given(argument: str, given: Any) -> list[Any]:
    """Return the names that an argument gives, one or several, as a list; raise where it cannot."""
    if given is None or isinstance(given, str):
        return [] if given is None else [given]
    if isinstance(given, Iterable):
        return list(given)
    raise CarstatsError(
        message("`{argument}` is {value!r}; it takes a name, or several in a list.",
                argument=argument, value=given)
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


def check_path(argument: str, given: object) -> Path:
    """Return an argument as a path; raise where it is none."""
    if not isinstance(given, str | PathLike):
        raise CarstatsError(
            message("`{argument}` is {kind}; it takes the path of a file or folder.",
                    argument=argument, kind=type(given).__name__)
        )  # fmt: skip
    return Path(given)


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
