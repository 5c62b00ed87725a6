"""`Counts`: what a study comes to when its subjects are counted and then forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from carstats.cohort.cohort import chosen_endpoint
from carstats.counts.checks import (
    TABLES,
    check_known,
    check_names,
    check_others,
    check_sums,
    checked,
)
from carstats.data.vocabulary import Vocabulary
from carstats.errors import CarstatsError, check_choice, listed
from carstats.messages import message, message_n

# The columns of the overview that are numbers.
_NUMBERS = ["n", "n_missing", "n_event", "n_competing", "person_days"]
# By kind of outcome its table, the column of its name, and the category of that in a vocabulary.
_KINDS = {
    "time-to-event": ("times", "endpoint", "endpoint"),
    "response": ("responses", "endpoint", "endpoint"),
    "toxicity": ("toxicities", "term", "toxicity"),
}


@dataclass(frozen=True, eq=False, repr=False)
class Counts:
    """Numbers of subjects by stratum and outcome; made by `count_outcomes`.

    They take the place of a `Cohort` in every analysis that is a function of counts, and give the
    same numbers. Counts of several sources add up: ``first + second``.

    Attributes
    ----------
    by : tuple of str
        The columns of the strata: an analysis may report by them, adjust for them, and take them as
        covariates.
    subjects : pandas.DataFrame
        The columns of `by` and ``n``, the subjects of each stratum.
    times : pandas.DataFrame or None
        Of each stratum and time-to-event ``endpoint``, the number ``n`` with each ``time`` in days
        and ``status`` ("censored", "event", "competing" with its ``cause``; blank without a
        record); ``time_low`` and ``time_high``, the visits between which an event lies that a visit
        found (blank where its day is known); ``entry_time`` where entry was delayed, ``reached``,
        the last of `landmarks` that the data cut-off had reached, and ``applies``, whether the
        endpoint is asked of them.
    responses : pandas.DataFrame or None
        Of each stratum and response ``endpoint`` at the visit, the number ``n`` with each
        ``response`` (1, 0, or blank: not evaluable); ``infused`` where it is recorded, and
        ``early``, whether the data cut-off came before the visit.
    toxicities : pandas.DataFrame or None
        Of each stratum and ``term``, the number ``n`` by the worst ``grade`` that is proven (0: no
        episode; blank: an episode, and no grade of any); ``open`` where an episode without a grade
        leaves a worse one possible, beside 0 where it is not known whether there was one.
    levels : pandas.DataFrame
        The strata, those without subjects among them.
    visit : dict
        When the responses were asked: ``at`` and ``window``, days; empty where they have none.
    landmarks : tuple of float
        The days that `landmark_rate` can be asked at.
    vocabulary : Vocabulary
        The terms, with their labels and order.
    label : str
        What the counted are called in tables.
    report_by : tuple of str
        The columns that analyses report by where nothing else is said.
    about : dict
        What results say of their origin: ``synthetic``, ``fingerprint``, ``criteria``,
        ``estimands``, ``settings``, ``strata_only``, ``origin``; by term the ``scales`` of grades;
        the toxicities ``unrecorded`` in a study that records others.

    Examples
    --------
    >>> counts = cs.count_outcomes(cohort, ["relapse_free_survival"], by="target")
    >>> cs.survival_at(counts, "relapse_free_survival", at=365, by="target")
    """

    by: tuple[str, ...]
    subjects: pd.DataFrame
    times: pd.DataFrame | None = None
    responses: pd.DataFrame | None = None
    toxicities: pd.DataFrame | None = None
    levels: pd.DataFrame | None = None
    visit: dict[str, Any] = field(default_factory=dict)
    landmarks: tuple[float, ...] = ()
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    label: str = ""
    report_by: tuple[str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)

    # What an analysis that needs subjects asks before it refuses.
    has_no_subjects: ClassVar[bool] = True

    def __post_init__(self) -> None:
        by = (self.by,) if isinstance(self.by, str) or not np.iterable(self.by) else self.by
        object.__setattr__(self, "by", tuple(by))
        days = self.landmarks if np.iterable(self.landmarks) else (self.landmarks,)
        object.__setattr__(self, "landmarks", tuple(days))
        check_names(self.by)
        check_others(self)
        for name, columns in TABLES.items():
            frame = getattr(self, name)
            if frame is not None or name == "subjects":
                object.__setattr__(self, name, checked(name, frame, self.by, columns))
        for table, column, category in _KINDS.values():
            frame = getattr(self, table)
            if frame is not None:
                check_known(self.vocabulary, table, category, frame[column].unique())
            check_sums(self, table)
        if self.levels is None:
            object.__setattr__(self, "levels", self.subjects[list(self.by)].drop_duplicates())

    def __len__(self) -> int:
        return int(self.subjects["n"].sum())

    def endpoints(self, kind: str) -> list[str]:
        """Return what was counted: endpoints of "time-to-event", of "response", "toxicity" terms.

        Parameters
        ----------
        kind : str
            One of the three.

        Returns
        -------
        list of str
            The names, in the vocabulary's order.

        Raises
        ------
        CarstatsError
            If `kind` is another word.
        """
        table, column, category = _KINDS[check_choice("kind", kind, tuple(_KINDS))]
        frame = getattr(self, table)
        present = set() if frame is None else set(frame[column])
        return [name for name in self.vocabulary.names(category) if name in present]

    def risk_table(self, endpoint: str) -> pd.DataFrame:
        """Return the numbers at risk, with each kind of event and censored, at each time.

        Parameters
        ----------
        endpoint : str
            A time-to-event endpoint that was counted.

        Returns
        -------
        pandas.DataFrame
            For each stratum and distinct time: the columns of `by`, ``time``, ``n_risk`` just
            before it, ``n_event``, ``n_competing``, ``n_censor``, and ``person_days`` lived between
            the time before and this one.

        Raises
        ------
        CarstatsError
            If it was not counted.
        """
        rows = counted_rows(self, endpoint, "time-to-event")
        rows = rows[rows["applies"] & rows["time"].notna()]
        keys = list(self.by)
        parts = []
        for key, mine in rows.groupby(keys, sort=False) if keys else [((), rows)]:
            table = mine.pivot_table(index="time", columns="status", values="n", aggfunc="sum")
            table = table.reindex(columns=["event", "competing", "censored"]).fillna(0)
            time, left = table.index.to_numpy(float), table.sum(axis=1).to_numpy()
            joined = np.zeros(time.size) + left.sum()
            if "entry_time" in mine:
                entry, many = mine["entry_time"].fillna(-np.inf).to_numpy(), mine["n"].to_numpy()
                joined = np.array([many[entry < day].sum() for day in time], float)
            at_risk = joined - np.append(0.0, np.cumsum(left)[:-1])
            named = dict(zip(keys, key, strict=True))
            parts.append(
                pd.DataFrame(
                    {
                        **{column: [value] * time.size for column, value in named.items()},
                        "time": time,
                        "n_risk": at_risk.astype(int),
                        "n_event": table["event"].to_numpy(int),
                        "n_competing": table["competing"].to_numpy(int),
                        "n_censor": table["censored"].to_numpy(int),
                        "person_days": at_risk * np.diff(time, prepend=0.0),
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)

    def __add__(self, other: Counts) -> Counts:
        return together([self, other])

    def __radd__(self, other: object) -> Counts:
        """Return the counts themselves where `sum` begins with 0."""
        return self if isinstance(other, int) and other == 0 else together([self, other])

    @property
    def overview(self) -> pd.DataFrame:
        """What was counted, by stratum and outcome.

        Returns
        -------
        pandas.DataFrame
            For each outcome and stratum: ``outcome``, the columns of `by`, ``n`` whom it is asked
            of, ``n_missing`` without a record, not evaluable or not known whether it happened,
            ``n_event`` (with the event, with the response, with an episode of any grade),
            ``n_competing`` and ``person_days`` of a time-to-event endpoint.
        """
        return pd.concat(
            [
                _overview(self, counted_rows(self, name, kind), kind, name)
                for kind in _KINDS
                for name in self.endpoints(kind)
            ]
            or [pd.DataFrame(columns=["outcome", *self.by, *_NUMBERS])],
            ignore_index=True,
        )

    def _shown(self) -> tuple[str, pd.DataFrame]:
        """Return a line and the overview of all strata together, for a display."""
        line = (
            message_n(
                "Counts of {n} subject by {columns}", "Counts of {n} subjects by {columns}",
                len(self), columns=", ".join(self.by),
            )
            if self.by
            else message_n("Counts of {n} subject", "Counts of {n} subjects", len(self))
        )  # fmt: skip
        whole = self.overview.groupby("outcome", sort=False)[_NUMBERS].sum(min_count=1)
        return line, whole.reset_index()

    def __repr__(self) -> str:
        line, whole = self._shown()
        table = whole.to_string(index=False, na_rep="", float_format="{:.10g}".format)
        return f"{line}\n{table}" if len(whole) else line

    def _repr_html_(self) -> str:
        line, whole = self._shown()
        table = whole.to_html(index=False, na_rep="", float_format="{:.10g}".format, border=0)
        return f"<p>{escape(line)}</p>{table}"


def _overview(counts: Counts, rows: pd.DataFrame, kind: str, name: str) -> pd.DataFrame:
    """Return the numbers of one outcome in each stratum."""
    rows = rows[rows["applies"]]
    n, rival, days = rows["n"], float("nan"), float("nan")
    if kind == "time-to-event":
        known, event = rows["time"].notna(), rows["status"] == "event"
        entry = rows["entry_time"].fillna(0.0) if "entry_time" in rows else 0.0
        rival, days = n.where(rows["status"] == "competing", 0), n * (rows["time"] - entry)
    elif kind == "response":
        known, event = rows["response"].notna(), rows["response"] == 1
    else:
        # Not proven, but maybe so: not known whether there was an episode.
        known, event = ~(rows["open"] & (rows["grade"] == 0)), rows["grade"] != 0
    found = rows[list(counts.by)].assign(
        outcome=name, n=n, n_missing=n.where(~known, 0), n_event=n.where(event, 0),
        n_competing=rival, person_days=days,
    )  # fmt: skip
    keys = ["outcome", *counts.by]
    return found.groupby(keys, sort=False, observed=True)[_NUMBERS].sum(min_count=1).reset_index()


def check_somebody(counts: Counts) -> None:
    """Refuse counts of nobody, which do not know what they were asked."""
    if not len(counts):
        raise CarstatsError(message("the counts are of nobody: no subject was counted."))


def counted_rows(counts: Counts, endpoint: str | None, kind: str) -> pd.DataFrame:
    """Return the rows of a table of counts that are of one endpoint or term."""
    check_somebody(counts)
    table, column, category = _KINDS[kind]
    if endpoint is None:
        endpoint = chosen_endpoint(counts, None, kind)
    group = None if kind == "toxicity" else kind
    argument = "term" if kind == "toxicity" else "endpoint"
    name = counts.vocabulary.require(argument, category, endpoint, group)
    has = counts.endpoints(kind)
    if name not in has:
        raise CarstatsError(
            message(
                "{name} was not counted. The counts have: {known}.",
                name=repr(name),
                known=listed(has, 40) if has else message("none"),
            )
        )
    frame = getattr(counts, table)
    return frame[frame[column] == name].reset_index(drop=True)


def together(parts: Sequence[Counts]) -> Counts:
    """Return counts that are the sums of several, which must be of the same things."""
    # A source without subjects was asked of the same, and has no row to say so.
    first = next((part for part in parts if len(part)), parts[0])
    for other in parts:
        _require_alike(first, other)
    tables = {}
    for name in TABLES:
        frames = [getattr(part, name) for part in parts if getattr(part, name) is not None]
        tables[name] = summed(frames) if frames else None
    levels = pd.concat([part.levels for part in parts], ignore_index=True).drop_duplicates()
    # Nobody's record of a toxicity is in any of them.
    silent = [set(part.about.get("unrecorded", ())) for part in parts if len(part)]
    unrecorded = sorted(set.intersection(*silent)) if silent else []
    about = {**first.about, "scales": _scales(parts), "unrecorded": unrecorded}
    return replace(first, **tables, levels=levels, label=_label(parts), about=about)


def summed(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Add up tables of counts."""
    columns = list(dict.fromkeys(column for frame in frames for column in frame))
    whole = pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
    keys = [column for column in columns if column != "n"]
    if not keys:
        return pd.DataFrame({"n": [int(whole["n"].sum())]})
    found = whole.groupby(keys, sort=False, dropna=False)["n"].sum()
    return found.reset_index()


def _label(parts: Sequence[Counts]) -> str:
    labels = list(dict.fromkeys(part.label for part in parts if part.label))
    return labels[0] if len(labels) == 1 else ""


def _scales(parts: Sequence[Counts]) -> dict[str, str | None]:
    """Return by term the scale of the grades; none where nobody had a grade."""
    found: dict[str, str | None] = {}
    for part in parts:
        for term, scale in part.about.get("scales", {}).items():
            found[term] = found.get(term) or scale
    return found


def _require_alike(first: Counts, other: Counts) -> None:
    """Refuse to add counts of different things."""
    if not isinstance(other, Counts):
        raise CarstatsError(
            message("only Counts are added to Counts; this is {kind}.", kind=type(other).__name__)
        )
    pairs = {
        "by": (list(first.by), list(other.by)),
        "visit": (dict(first.visit), dict(other.visit)),
        "landmarks": (list(first.landmarks), list(other.landmarks)),
    }
    for kind in _KINDS if len(other) else ():
        pairs[kind] = (sorted(first.endpoints(kind)), sorted(other.endpoints(kind)))
    scales = [part.about.get("scales", {}) for part in (first, other)]
    for term in scales[0].keys() & scales[1].keys():
        if all(scale[term] for scale in scales):
            pairs[f"grading_scale, {term}"] = (scales[0][term], scales[1][term])
    for name, (mine, theirs) in pairs.items():
        if mine != theirs:
            raise CarstatsError(
                message(
                    "the counts are not of the same things and cannot be added: {what} is {mine} "
                    "in one and {theirs} in another.",
                    what=name,
                    mine=_told(mine),
                    theirs=_told(theirs),
                )
            )


def _told(value: object) -> str:
    if isinstance(value, list):
        return listed(value, 40) if value else message("none")
    return repr(value)
