"""Where a table came from, as messages name it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from carstats.errors import Problem


@dataclass(frozen=True)
class Source:
    """Where a table came from: what messages call it, and the file's own headings.

    The index of the table's data frame holds the row numbers that the file shows.

    Attributes
    ----------
    name : str
        What messages call it.
    headings : dict of str to str
        By column, the heading that the file has.
    slack : mapping of str to float
        By column of days, how far in days a value may be from the truth: half the last digit that
        the file prints, where it counts in months or weeks.
    own : frozenset of str
        Columns of the study's own that may look like one of carstats'.
    columns : tuple of str
        The columns that the files gave.
    ignored : tuple of str
        The headings that nothing read.
    sheets : tuple of str
        What it was read from, if that is several.
    """

    name: str
    headings: dict[str, str] = field(default_factory=dict)
    slack: Mapping[str, float] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    columns: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()

    def problem(
        self, what: str, row: object, column: str | None, remedy: str | None = None
    ) -> Problem:
        """Return a problem at a row and column of this source."""
        heading = self.headings.get(column, column) if column else None
        return Problem(what, self.name, None if row is None else int(row), heading, remedy)
