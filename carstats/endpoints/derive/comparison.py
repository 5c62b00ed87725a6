"""Where what the rules derive and what a study adjudicated differ."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.data.study import Study
from carstats.endpoints.derive.derivation import derive_all
from carstats.endpoints.derive.intercurrent import Strategies
from carstats.endpoints.options import Rules
from carstats.endpoints.record.reasons import FLAGS
from carstats.messages import Joined, Message, mark, message
from carstats.messages import found as found_message

_KEYS = {"events": ["subject_id", "endpoint"], "responses": ["subject_id", "endpoint", "day"]}
# What decided a derived row: the component of an event, the reason of a response.
_DECIDED = {"events": "component", "responses": "reason"}
_MOST = 3
_COMPARED = {
    "events": ("status", "time", "time_low", "time_high", "cause"),
    "responses": ("response", "evaluable"),
}


def disagreements(
    study: Study,
    *,
    strategies: Strategies | None = None,
    rules: Rules | None = None,
    identifiers: bool = False,
) -> pd.DataFrame:
    """List where the derived and the adjudicated endpoints of a study differ.

    Parameters
    ----------
    study : Study
        A study that brings events, responses or toxicities of its own.
    strategies : Strategies, optional
        As in `derive`.
    rules : Rules, optional
        As in `derive`.
    identifiers : bool, optional
        Whether to list every difference with its subject and both values. By default differences
        are counted and no subject is named.

    Returns
    -------
    pandas.DataFrame
        For each table, endpoint (or toxicity) and kind of difference: ``n_compared`` rows (of
        toxicities subjects), ``n_differ``, and ``why``: what decided the derived side most often,
        without a value of a subject. Endpoints without a difference have one row with the kind
        ``"none"``. Kinds are the column that differs, ``"only adjudicated"`` and ``"only
        derived"``. With `identifiers`: ``subject_id``, ``day``, ``adjudicated``, ``derived``, and
        ``why``: what decided this one.

    Raises
    ------
    CarstatsError
        As `derive`.

    See Also
    --------
    derive : Fills the tables; the adjudicated rows win.
    explain : Shows one subject's course through a rule, in words.

    Notes
    -----
    ``"only derived"`` is counted for endpoints that the study adjudicates at all, and for responses
    from its first adjudicated day on: it may have judged scheduled visits only.

    Examples
    --------
    >>> cs.disagreements(study)
    """
    found = derive_all(study, strategies=strategies, rules=rules)
    differences, compared = [], []
    for name, key in _KEYS.items():
        given, derived = getattr(study, name), getattr(found, name)
        if given is None or not len(given):
            continue
        derived = derived[derived["endpoint"].isin(given["endpoint"])]
        derived = derived.rename(columns={_DECIDED[name]: "why"})
        if name == "responses":
            first = given.groupby("endpoint")["day"].min()
            derived = derived[derived["day"] >= derived["endpoint"].map(first)]
        known = set(derived["endpoint"])
        both = given[given["endpoint"].isin(known)].merge(
            derived, on=key, how="outer", suffixes=("", "_derived"), indicator=True
        )
        compared += [(name, e, len(rows)) for e, rows in both.groupby("endpoint", sort=False)]
        differences += _different(name, both)
    if study.toxicities is not None and len(study.toxicities):
        rows, counts = _toxicities(study.toxicities, found.toxicities)
        differences += rows
        compared += counts
    columns = ["table", "endpoint", "kind", "subject_id", "day", "adjudicated", "derived", "why"]
    listing = (
        pd.concat(differences, ignore_index=True)[columns]
        if differences
        else pd.DataFrame({name: [] for name in columns})
    )
    return listing if identifiers else _counted(listing, compared)


def _different(name: str, both: pd.DataFrame) -> list[pd.DataFrame]:
    parts = []
    for side, kind in (("left_only", "only adjudicated"), ("right_only", "only derived")):
        rows = both[both["_merge"] == side]
        parts.append(_listed(name, rows, kind, None, None))
    rows = both[both["_merge"] == "both"]
    for column in _COMPARED[name]:
        if f"{column}_derived" not in rows:
            continue
        ours, theirs = rows[column].astype(object), rows[f"{column}_derived"].astype(object)
        same = (ours == theirs).fillna(False).astype(bool) | (ours.isna() & theirs.isna())
        if column.startswith("time"):
            gap = ours.astype(float) - theirs.astype(float)
            same |= gap.abs() < 1e-6
        wrong = rows[~same]
        parts.append(_listed(name, wrong, column, ours[~same], theirs[~same]))
    return [part for part in parts if len(part)]


def _listed(table: str, rows: pd.DataFrame, kind: str, ours, theirs) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "table": table,
            "endpoint": rows["endpoint"].to_numpy(object),
            "kind": kind,
            "subject_id": rows["subject_id"].to_numpy(object),
            "day": rows["day"].to_numpy(float) if "day" in rows else np.nan,
            "adjudicated": None if ours is None else ours.to_numpy(object),
            "derived": None if theirs is None else theirs.to_numpy(object),
            "why": rows["why"].to_numpy(object) if "why" in rows else None,
        }
    )


def _toxicities(given: pd.DataFrame, derived: pd.DataFrame):
    """Compare by subject and term whether there is an episode, and its worst grade."""
    parts, compared = [], []
    for term in sorted(set(given["term"]) & set(derived["term"])):
        (ours, _), (theirs, proven) = (_worst(frame, term) for frame in (given, derived))
        both = pd.DataFrame({"adjudicated": ours, "derived": theirs, "proven": proven})
        below = (both["adjudicated"] < both["proven"]).to_numpy()
        only = {
            "only adjudicated": ~both.index.isin(theirs.index),
            "only derived": ~both.index.isin(ours.index),
            "grade": (
                both["adjudicated"].notna().to_numpy()
                & both["derived"].notna().to_numpy()
                & (both["adjudicated"] != both["derived"]).to_numpy()
            )
            # Of a grade that is only proven, what lies below it differs.
            | below,
        }
        compared.append(("toxicities", term, len(both)))
        for kind, mask in only.items():
            rows = both[mask].reset_index().assign(endpoint=term)
            parts.append(_listed("toxicities", rows, kind, rows["adjudicated"], rows["derived"]))
    return [part for part in parts if len(part)], compared


def _worst(frame: pd.DataFrame, term: str) -> tuple[pd.Series, pd.Series]:
    """Return each subject's worst grade of a term, and where it is open what is proven of it."""
    rows = frame[frame["term"] == term].reindex(
        columns=["subject_id", "grade", "grade_at_least"]
    ).astype({"grade": float, "grade_at_least": float})  # fmt: skip
    groups = rows.groupby("subject_id")
    grade, proven = groups["grade"].max(), groups["grade_at_least"].max()
    # A worse grade that is proven of one episode leaves the worst of all open.
    open_ = proven > grade.fillna(0.0)
    return grade.mask(open_), proven.where(open_)


def _counted(listing: pd.DataFrame, compared) -> pd.DataFrame:
    rows = []
    for table, endpoint, n in compared:
        here = listing[(listing["table"] == table) & (listing["endpoint"] == endpoint)]
        for kind, part in here.groupby("kind", sort=False):
            rows.append((table, endpoint, kind, int(n), len(part), _most_often(part["why"])))
        if not len(here):
            rows.append((table, endpoint, "none", int(n), 0, ""))
    columns = ["table", "endpoint", "kind", "n_compared", "n_differ", "why"]
    return pd.DataFrame(rows, columns=columns)


def _most_often(reasons: pd.Series) -> str:
    """Return what decided the derived rows most often, in words without a value of a subject."""
    counts: dict[str, int] = {}
    for reason in reasons[reasons.notna()]:
        for part in dict.fromkeys(_parts(found_message(str(reason)))):
            counts[part] = counts.get(part, 0) + 1
    most = sorted(counts.items(), key=lambda item: -item[1])[:_MOST]
    return message(", ").join(message("{part} ({n})", part=part, n=n) for part, n in most)


def _parts(reason: str) -> list[str]:
    """Return what a reason names: its components, or its sentence without days and values."""
    if isinstance(reason, Joined):
        return [name for part in reason.parts for name in _parts(found_message(part))]
    if not isinstance(reason, Message):
        return [reason]
    places = vars(reason)["values"]
    for place in ("component", "names"):
        if place in places:
            return [places[place]]
    if "what" in places:
        return _parts(found_message(str(places["what"])))
    if not places:
        return [reason]
    return [message(_WITHOUT_DAY[reason.key])] if reason.key in _WITHOUT_DAY else []


_WITHOUT_DAY = {
    FLAGS["stable treatment"]: mark("a drug begun lately"),
    FLAGS["major organ"]: mark("activity in a major organ"),
    FLAGS["haemolytic_or_gastrointestinal"]: mark("haemolytic or gastrointestinal activity"),
    FLAGS["new activity"]: mark("new activity"),
    FLAGS["step one"]: mark("heart or renal failure"),
    FLAGS["bleeding"]: mark("bleeding"),
    FLAGS["drug-free"]: mark("a drug for the disease"),
    FLAGS["steroid-free"]: mark("a glucocorticoid"),
    FLAGS["antimalarial-free"]: mark("an antimalarial"),
    FLAGS["one count"]: mark("met at one count only"),
    "rescue on day {day}": mark("rescue"),
    "unplanned re-infusion on day {day}": mark("unplanned re-infusion"),
}
