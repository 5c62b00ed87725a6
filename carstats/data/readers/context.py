"""What the parts of a mapping share, and what its entries name."""

from __future__ import annotations

import datetime as dt
import unicodedata
from dataclasses import dataclass, field

import pandas as pd

from carstats.data.check import MISSING, cell_text
from carstats.data.settings.study_file import Settings
from carstats.data.source import Source
from carstats.errors import Problem


@dataclass
class Recode:
    """What became of the recodes of one column.

    Attributes
    ----------
    sheet : str
        The sheet that the column was read from.
    heading : str
        The column's heading.
    given : dict of str to object
        The recodes, by the spelling of the mapping.
    met : set of str
        Those that a cell has.
    held : dict of str to int
        The cells that no recode names, and how many there are.
    """

    sheet: str
    heading: str
    given: dict[str, object] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)
    held: dict[str, int] = field(default_factory=dict)


@dataclass
class Context:
    """What the parts of a mapping share: the settings, what was noted, and the subjects' clocks.

    Attributes
    ----------
    settings : Settings
        The mapping.
    problems : list of Problem
        Everything found wrong.
    notes : list of str
        What the user should know; counts only.
    subjects : pandas.DataFrame
        By the identifier in the file: ``day0`` (an ordinal), ``end``, ``last_contact``, ``death``,
        ``infused``.
    id_spec : str, list or dict
        The mapping's entry for the subject's identifier.
    absent : set of str
        The headings that the mapping names and the file has not, or has twice.
    left_out : set of str
        The subjects that ``[subjects] where`` does not take; their rows elsewhere go too.
    used : dict
        By sheet, which headings it has and which were read.
    missing : dict
        By sheet, heading and word, how many cells were taken for missing.
    slack : dict
        By table and column, how many days a time in months may be off.
    recodes : dict
        By table, column and sheet, what became of the recodes.
    serials : dict
        By sheet and heading, how many dates were plain numbers, and the year they count from.
    infusions : pair of pandas.DataFrame and Source, optional
        The infusions that stand in several columns or in rows of a sheet: ``subject_id``,
        ``date`` (an ordinal).
    partials : dict
        By sheet and heading, how many dates were partial, and the rule by which they were read.
    unplaced : set
        Sheet, row and first heading of cells that are filled and give no day: no date, or the
        subject has no day 0.
    """

    settings: Settings
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    subjects: pd.DataFrame | None = None
    id_spec: str | list | dict = "subject_id"
    absent: set[str] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)
    used: dict[str, tuple[list[str], set[str]]] = field(default_factory=dict)
    missing: dict[tuple[str, str, str], int] = field(default_factory=dict)
    slack: dict[tuple[str, str], float] = field(default_factory=dict)
    recodes: dict[tuple[str, str, str], Recode] = field(default_factory=dict)
    serials: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    infusions: tuple[pd.DataFrame, Source] | None = None
    partials: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    unplaced: set[tuple[str, int | None, str]] = field(default_factory=set)

    def partial_rule(self, heading: str) -> str | None:
        """Return by which rule partial dates of a column are read; None if they are refused.

        Every day of a subject counts from the infusion: its date is partial only by its own name.
        """
        rules = self.settings.study.get("partial_dates")
        if isinstance(rules, str):
            return None if heading in self.settings.infusion_headings() else rules
        return None if rules is None else rules.get(heading)

    @property
    def dated(self) -> bool:
        """Whether the study names the date of the infusion."""
        return "infusion_date" in self.settings.study

    def identifies(self, table: str, heading: str) -> bool:
        """Return whether a heading holds the subjects' identifiers, which are no numbers."""
        columns = [self.settings.table(table).get("columns", {})]
        columns += [visit.get("columns", {}) for visit in self.settings.visits]
        own = [spec["subject_id"] for spec in columns if "subject_id" in spec]
        return any(heading in split(spec)[0] for spec in (*own, self.id_spec))

    def is_listed(self, text: str) -> bool:
        """Return whether the mapping lists a text as a sign for missing."""
        given = self.settings.study.get("missing", ())
        return sign_of(text) in {sign_of(str(sign)) for sign in given}

    def is_missing(self, text: str, keep: frozenset[str] = frozenset()) -> bool:
        """Return whether a text is a sign for missing, other than those of `keep`."""
        return sign_of(text) not in keep and (sign_of(text) in MISSING or self.is_listed(text))


def sign_of(text: str) -> str:
    """Return a sign for missing as it is compared."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def split(spec: str | list | dict) -> tuple[list[str], dict]:
    """Return the headings that a mapping's entry names, and the rows it takes."""
    if isinstance(spec, dict) and "checkboxes" in spec:
        return list(spec["checkboxes"]), {}
    where = spec.get("where", {}) if isinstance(spec, dict) else {}
    names = (spec.get("join") or spec["column"]) if isinstance(spec, dict) else spec
    return ([names] if isinstance(names, str) else list(names)), where


def joined_text(value: object, first: object) -> str:
    """Return a cell as it is joined to others: a date without its midnight, a time as a clock."""
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, float) and 0 < value < 1 and isinstance(first, dt.date):
        minutes = round(value * 1440)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    return cell_text(value)


def shown(value: object) -> str:
    """Return a cell as a message shows it."""
    text = cell_text(value)
    return repr(text if len(text) <= 60 else text[:57] + "…")
