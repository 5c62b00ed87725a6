"""Where what the rules derive and what a study adjudicated differ."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.data.study import Study
from carstats.endpoints.derivation import derive_all
from carstats.endpoints.intercurrent import Strategies
from carstats.endpoints.rules import Rules

_KEYS = {"events": ["subject_id", "endpoint"], "responses": ["subject_id", "endpoint", "day"]}
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
        toxicities subjects) and ``n_differ``; endpoints without a difference have one row with the
        kind ``"none"``. Kinds are the column that differs, ``"only adjudicated"`` and ``"only
        derived"``. With `identifiers`: ``subject_id``, ``day``, ``adjudicated``, ``derived``.

    Raises
    ------
    CarstatsError
        As `derive`.

    See Also
    --------
    derive : Fills the tables; the adjudicated rows win.

    Notes
    -----
    ``"only derived"`` is counted for endpoints that the study adjudicates at all, and for responses
    from its first adjudicated day on: it may have judged scheduled visits only.
    """
    found = derive_all(study, strategies=strategies, rules=rules)
    differences, compared = [], []
    for name, key in _KEYS.items():
        given, derived = getattr(study, name), getattr(found, name)
        if given is None or not len(given):
            continue
        derived = derived[derived["endpoint"].isin(given["endpoint"])]
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
    columns = ["table", "endpoint", "kind", "subject_id", "day", "adjudicated", "derived"]
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
        }
    )


def _toxicities(given: pd.DataFrame, derived: pd.DataFrame):
    """Compare by subject and term whether there is an episode, and its worst grade."""
    parts, compared = [], []
    for term in sorted(set(given["term"]) & set(derived["term"])):
        ours, theirs = (
            frame[frame["term"] == term].groupby("subject_id")["grade"].max()
            if "grade" in frame
            else frame[frame["term"] == term].groupby("subject_id").size() * np.nan
            for frame in (given, derived)
        )
        both = pd.DataFrame({"adjudicated": ours, "derived": theirs})
        only = {
            "only adjudicated": ~both.index.isin(theirs.index),
            "only derived": ~both.index.isin(ours.index),
            "grade": both["adjudicated"].notna().to_numpy()
            & both["derived"].notna().to_numpy()
            & (both["adjudicated"] != both["derived"]).to_numpy(),
        }
        compared.append(("toxicities", term, len(both)))
        for kind, mask in only.items():
            rows = both[mask].reset_index().assign(endpoint=term)
            parts.append(_listed("toxicities", rows, kind, rows["adjudicated"], rows["derived"]))
    return [part for part in parts if len(part)], compared


def _counted(listing: pd.DataFrame, compared) -> pd.DataFrame:
    counts = listing.groupby(["table", "endpoint", "kind"], sort=False).size()
    rows = []
    for table, endpoint, n in compared:
        here = counts[
            (counts.index.get_level_values(0) == table)
            & (counts.index.get_level_values(1) == endpoint)
        ]
        kinds = {key[2]: int(count) for key, count in here.items()} or {"none": 0}
        rows += [(table, endpoint, kind, int(n), count) for kind, count in kinds.items()]
    return pd.DataFrame(rows, columns=["table", "endpoint", "kind", "n_compared", "n_differ"])
