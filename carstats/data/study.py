"""`Study`: the tables of one study or of several pooled, checked when it is made."""

from __future__ import annotations

from copy import copy
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carstats.data.check import check_table
from carstats.data.cross_check import cross_check, settled
from carstats.data.event_rows import with_others
from carstats.data.schema import TABLES
from carstats.data.source import Source
from carstats.data.vocabulary import Vocabulary
from carstats.errors import CarstatsError, Problem, check_choice
from carstats.messages import message

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


@dataclass(frozen=True, eq=False, repr=False)
class Study:
    """The tables of a study, checked and in one shape.

    Day 0 is the first infusion (for a subject never infused, the enrolment). A table that was not
    collected is None, which is not the same as an empty one: the toxicity rates of a study without
    a `toxicities` table are refused, those of a study with an empty one are 0 of n.

    Parameters
    ----------
    subjects : pandas.DataFrame
        One row per subject: ``subject_id``, ``disease``, ``target``, ``platform``, ``cell_source``,
        ``last_contact_day`` and the optional columns of the data dictionary.
    infusions, assessments, medications, toxicities, events, responses : pandas.DataFrame, optional
        The other tables of the data dictionary.
    label : str, optional
        What the study is called under figures and tables.
    synthetic : bool, optional
        Whether the data are simulated; every figure drawn from them then says so.
    vocabulary : Vocabulary, optional
        The allowed terms; carstats' own by default.
    sources : mapping of str to Source, optional
        What messages call each table; the readers give it.
    fingerprint : str, optional
        SHA-256 of the files that the study was read from.
    notes : tuple of str, optional
        What the reader did that the user should know.
    estimands : mapping of str to str, optional
        The estimand of each endpoint that was derived and not given; `derive` gives it, and every
        result of such an endpoint carries it.
    censor_others : bool, optional
        Whether `events` names only those who had the event: whoever has no row of an endpoint is
        then censored at the last contact, and a note says how many are. It is done once, and False
        from then on.
    settings : mapping of str to mapping, optional
        The parameters of the rules that differ from carstats' own: ``"rules"``, ``"strategies"``
        and ``"schedule"``, as `study.toml` has them.
    strata_only : bool, optional
        Whether `subjects` has no more than ``subject_id`` and columns of the caller's own, as
        `cohort_from_frame` makes it: no disease, target, platform, cell source or last contact is
        asked for, and an analysis that needs one says that it is not there.

    Raises
    ------
    CarstatsError
        With every problem found: columns, types, terms, and the rules across tables.

    Examples
    --------
    >>> import pandas as pd
    >>> import carstats as cs
    >>> study = cs.Study(subjects=pd.DataFrame({
    ...     "subject_id": ["a", "b"], "disease": ["SLE", "SSc"], "target": "CD19",
    ...     "platform": "CAR-T", "cell_source": "autologous", "last_contact_day": [400, 210]}))
    >>> study
    Study: 2 subjects (SLE 1, SSc 1); subjects only
    """

    subjects: pd.DataFrame
    infusions: pd.DataFrame | None = None
    assessments: pd.DataFrame | None = None
    medications: pd.DataFrame | None = None
    toxicities: pd.DataFrame | None = None
    events: pd.DataFrame | None = None
    responses: pd.DataFrame | None = None
    label: str = ""
    synthetic: bool = False
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    sources: Mapping[str, Source] = field(default_factory=dict)
    fingerprint: str | None = None
    notes: tuple[str, ...] = ()
    estimands: Mapping[str, str] = field(default_factory=dict)
    censor_others: bool = False
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    strata_only: bool = False

    def __post_init__(self) -> None:
        self._check(TABLES)

    def _check(self, new: Collection[str]) -> None:
        """Check the tables that are new, each by itself, and the rules across all."""
        problems: list[Problem] = []
        notes: list[str] = list(self.notes)
        tables: dict[str, pd.DataFrame] = {}
        for name in TABLES:
            frame = getattr(self, name)
            if frame is None:
                continue
            if name not in new:
                tables[name] = frame
                continue
            if not isinstance(frame, pd.DataFrame):
                raise CarstatsError(
                    message(
                        "`{table}` is {kind}; it takes a pandas.DataFrame.",
                        table=name,
                        kind=type(frame).__name__,
                    )
                )
            checked = check_table(name, frame, self.source(name), self.vocabulary, self.strata_only)
            tables[name] = checked[0]
            # What was given is not held while the rules across tables are checked.
            object.__setattr__(self, name, checked[0])
            del frame
            problems += checked[1]
            notes += checked[2]
        if "subjects" not in tables:
            raise CarstatsError(
                message("`subjects` is missing; a study needs its table of subjects.")
            )
        if not len(tables["subjects"]):
            problems.append(
                self.source("subjects").problem(
                    message("has no rows."), None, None, message("A study needs a subject.")
                )
            )
        # The rules across tables read clean columns only.
        if not problems:
            if self.censor_others and "events" in tables:
                tables["events"] = with_others(tables, notes)
            tables = tables if self.strata_only else settled(tables, self.source)
            problems, more = cross_check(tables, self.source, self.strata_only)
            notes += more
        if problems:
            raise CarstatsError(problems)
        for name, frame in tables.items():
            if name in new or frame is not getattr(self, name):
                # Every row from 0 on, without another copy of the largest tables.
                frame.index = pd.RangeIndex(len(frame))
                object.__setattr__(self, name, frame)
        object.__setattr__(self, "censor_others", False)
        object.__setattr__(self, "notes", tuple(dict.fromkeys(notes)))
        if not self.strata_only:
            object.__setattr__(self, "subjects", _filled(self.subjects, self.infusions))

    def source(self, table: str) -> Source:
        """Return what messages call a table."""
        return self.sources.get(table, Source(f"{table} table"))

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of the study.

        Parameters
        ----------
        name : str
            ``"subjects"``, ``"infusions"``, ``"assessments"``, ``"medications"``, ``"toxicities"``,
            ``"events"`` or ``"responses"``.

        Returns
        -------
        pandas.DataFrame
            The table.

        Raises
        ------
        CarstatsError
            If the study does not have it.
        """
        frame = getattr(self, name) if name in TABLES else None
        if frame is None:
            has = ", ".join(self.tables())
            raise CarstatsError(
                message("the study has no table `{table}`. It has: {has}.", table=name, has=has)
            )
        return frame

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables that the study has, by name."""
        return {name: getattr(self, name) for name in TABLES if getattr(self, name) is not None}

    def require_described(self) -> None:
        """Raise unless the subjects have their disease, target and last contact."""
        if self.strata_only:
            raise CarstatsError(
                message(
                    "this needs each subject's disease, target and last contact, which a cohort"
                    " made from a data frame has not. Make a Study of its tables, or read them with"
                    " read_study()."
                )
            )

    def endpoints(self, kind: str) -> list[str]:
        """Return the endpoints that the study's tables hold, in the vocabulary's order.

        Parameters
        ----------
        kind : str
            ``"time-to-event"`` for those of `events`, ``"response"`` for those of `responses`.

        Returns
        -------
        list of str
            Their names; empty where the study does not have the table.

        Raises
        ------
        CarstatsError
            If `kind` is another word.
        """
        kind = check_choice("kind", kind, ("time-to-event", "response"))
        frame = self.events if kind == "time-to-event" else self.responses
        present = set() if frame is None else set(frame["endpoint"].unique())
        return [name for name in self.vocabulary.names("endpoint") if name in present]

    def __repr__(self) -> str:
        order = self.vocabulary.names("disease")
        counts = {} if self.strata_only else self.subjects["disease"].value_counts()
        diseases = ", ".join(f"{name} {counts[name]}" for name in order if name in counts)
        rest = ", ".join(f"{len(t)} {n}" for n, t in self.tables().items() if n != "subjects")
        kind = f"Study {self.label!r}" if self.label else "Study"
        subjects = "subject" if len(self.subjects) == 1 else "subjects"
        diseases = f" ({diseases})" if diseases else ""
        return f"{kind}: {len(self.subjects)} {subjects}{diseases}; {rest or 'subjects only'}"


def study_of(made: dict[str, Any]) -> Study:
    """Return the study of what a reader hands over: a table as it was read goes once checked."""
    study = object.__new__(Study)
    for part in fields(Study):
        default = part.default if part.default_factory is MISSING else part.default_factory()
        object.__setattr__(study, part.name, made.pop(part.name, default))
    study._check(TABLES)
    return study


def with_tables(study: Study, tables: Mapping[str, pd.DataFrame | None], **changed: Any) -> Study:
    """Return a study with other tables: they are checked, the ones that it had are shared."""
    made, new = copy(study), frozenset(tables)
    for name, value in {**tables, **changed}.items():
        object.__setattr__(made, name, value)
    del tables, value
    made._check(new)
    return made


def _filled(subjects: pd.DataFrame, infusions: pd.DataFrame | None) -> pd.DataFrame:
    """Fill `infused` from the infusions and `valency` from the target where not given."""
    subjects = subjects.copy()
    if "infused" not in subjects and infusions is not None:
        subjects["infused"] = subjects["subject_id"].isin(infusions["subject_id"]).astype("boolean")
    single_or_dual = np.where(subjects["target"].str.contains("+", regex=False), "dual", "single")
    given = (
        subjects["valency"] if "valency" in subjects else pd.Series(None, subjects.index, object)
    )
    subjects["valency"] = given.where(given.notna(), single_or_dual)
    known = TABLES["subjects"].names()
    own = [column for column in subjects if column not in known]
    return subjects[[*(column for column in known if column in subjects), *own]]
