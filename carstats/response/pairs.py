"""Two strata side by side: their counts, and which of them are compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, chosen_columns
from carstats.cohort.strata import (
    check_by,
    counted,
    level_labels,
    stratum_keys,
    stratum_mask,
    stratum_name,
)
from carstats.counts.counted import Counts
from carstats.counts.standing import counted_visit
from carstats.data.vocabulary import column_name
from carstats.errors import CarstatsError, check_choice, listed
from carstats.messages import message
from carstats.response.outcomes import (
    MISSING,
    analysis_set,
    asked_of,
    checked_window,
    joined_words,
    missing_words,
    visit_outcome,
)
from carstats.response.told import definition_words
from carstats.result import Spec


@dataclass(frozen=True, eq=False)
class Compared:
    """What a comparison of responses between strata starts from.

    Attributes
    ----------
    subjects : pandas.DataFrame
        The subjects who are counted, with ``response`` (1, 0 or missing).
    keys : list of tuple
        The strata that are compared.
    names : list of str
        Their printed names.
    by, strata : list of str
        Columns that are compared, and adjusted for.
    blocks : list of tuple
        The strata that are adjusted for; without any, the empty key.
    others : pandas.DataFrame
        The subjects to whom the endpoint does not apply.
    left_out : bool
        Whether those with a missing response are no part of the denominator.
    spec : Spec
        With endpoint and population.
    cohort : Cohort
        The cohort.
    """

    subjects: pd.DataFrame
    keys: list[tuple[Any, ...]]
    names: list[str]
    by: list[str]
    strata: list[str]
    blocks: list[tuple[Any, ...]]
    others: pd.DataFrame
    left_out: bool
    spec: Spec
    cohort: Cohort

    def counts(self, place: int, block: tuple[Any, ...] = ()) -> tuple[int, int, int]:
        """Return subjects, missing and responders of a stratum, within a block if one is given."""
        rows = self.subjects[stratum_mask(self.subjects, self.by, self.keys[place])]
        if block:
            rows = rows[stratum_mask(rows, self.strata, block)]
        missing = counted(rows[rows["response"].isna()])
        n = counted(rows) - (missing if self.left_out else 0)
        return n, missing, counted(rows[rows["response"] == 1])

    def applies_to(self, place: int) -> bool:
        """Return whether the endpoint applies to anybody of a stratum, or the stratum is empty."""
        if stratum_mask(self.subjects, self.by, self.keys[place]).any():
            return True
        return not stratum_mask(self.others, self.by, self.keys[place]).any()

    def definitions(self, places: Iterable[int]) -> str:
        """Name what the endpoint is in each disease, where strata of several are compared."""
        masks = [stratum_mask(self.subjects, self.by, self.keys[place]) for place in places]
        asked = self.subjects[np.logical_or.reduce(masks)]
        return definition_words(self.cohort, self.spec.options["endpoint"], asked, single=False)

    def block_counts(self, places: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return events and subjects of strata (columns) within every block (rows)."""
        cells = [[self.counts(place, block) for place in places] for block in self.blocks]
        table = np.array(cells, int)
        return table[..., 2], table[..., 0]


def compared(
    source: Cohort | Counts,
    endpoint: str | None,
    by: str | Iterable[str] | None,
    strata: str | Iterable[str] | None,
    at: float,
    window: tuple[float, float] | None,
    population: str,
    missing: str,
    analysis: str,
    words: str = "",
    **options: object,
) -> Compared:
    """Return the strata that a comparison is about.

    `words` say what a missing response is, where that is not what `missing` says.
    """
    missing = check_choice("missing", missing, MISSING[:2])
    cohort, window = counted_visit(source, endpoint, at, window)
    outcome = visit_outcome(cohort, endpoint, at, window)
    subjects, population_words = analysis_set(cohort, population)
    by = check_by(subjects, chosen_columns(cohort, by))
    strata = check_by(subjects, strata, "strata")
    subjects, others, population_words = asked_of(
        cohort, [outcome.name], subjects, population_words
    )
    if not by:
        raise CarstatsError(
            message("`by` names no column; give the one whose strata are compared.")
        )
    if set(by) & set(strata):
        raise CarstatsError(
            message(
                "`by` and `strata` both name {names}.", names=listed(sorted(set(by) & set(strata)))
            )
        )
    vocabulary = cohort.study.vocabulary
    keys = stratum_keys(vocabulary, cohort.eligible, by)
    if len(keys) < 2:
        raise CarstatsError(
            message(
                "`by` {by} has one stratum, {stratum}; a comparison takes two.",
                by=listed(by),
                stratum=keys[0] if keys else message("none"),
            )
        )
    if population == "evaluable":
        only = message("evaluable only")
        missing, population_words = "excluded", joined_words(population_words, only)
    labels = level_labels(vocabulary, by)
    names = [stratum_name(labels, by, key) for key in keys]
    spec = cohort.spec(
        analysis,
        endpoint=outcome.title,
        endpoints=(outcome.name,),
        population=joined_words(population_words, words or missing_words(missing)),
        method="",
    )
    known: dict[str, object] = {"endpoint": outcome.name, "population": population}
    if not cohort.study.strata_only:
        known |= {"at": float(at), "window": list(checked_window(cohort, window, at))}
    spec = replace(spec, options={**known, "missing": missing, "by": list(by), **options})
    subjects = subjects.assign(response=subjects["subject_id"].map(outcome.response))
    blocks = stratum_keys(vocabulary, subjects, strata)
    return Compared(
        subjects, keys, names, by, strata, blocks, others, missing == "excluded", spec, cohort
    )  # fmt: skip


def pairs(table: Compared, reference: object) -> Iterator[tuple[int, int]]:
    """Yield the pairs to compare: all in order, or each other stratum against the reference."""
    if reference is None:
        yield from combinations(range(len(table.keys)), 2)
        return
    wanted = tuple(reference) if isinstance(reference, tuple | list) else (reference,)
    if wanted not in table.keys:
        known = [key[0] if len(key) == 1 else key for key in table.keys]
        raise CarstatsError(
            message(
                "`reference` is {reference}; the strata are {known}.",
                reference=repr(reference),
                known=listed(known, 20),
            )
        )
    base = table.keys.index(wanted)
    yield from ((place, base) for place in range(len(table.keys)) if place != base)


def column_list(columns: Iterable[str]) -> str:
    """Return columns as a method line names them: ``"disease, target"``."""
    return message(", ").join(map(column_name, columns))


def adjusted_for(what: str, columns: Iterable[str]) -> str:
    """Return what is estimated with the columns that it is adjusted for."""
    return message("{what} adjusted for {columns}", what=what, columns=column_list(columns))


def against(first: str, second: str) -> str:
    """Return the words for two that are compared: ``"CD19 v BCMA"``."""
    return message("{first} v {second}", first=first, second=second)


def pairs_words(words: str, adjust: str, n: int) -> str:
    """Return the words of a method with what is done about several pairs."""
    if adjust == "none":
        return message("{words}; {n} pairs, not adjusted", words=words, n=n)
    return message(
        "{words}; {n} pairs, p-values adjusted by {method}, limits not",
        words=words, n=n, method=adjust.replace("-", "–"),
    )  # fmt: skip


def pair_columns(table: Compared, first: int, second: int) -> dict[str, Any]:
    """Return the columns that say what was compared, with the counts of both."""
    (n, lacking, k), (n_2, lacking_2, k_2) = table.counts(first), table.counts(second)
    return {
        "contrast": against(table.names[first], table.names[second]),
        "n": n,
        "n_missing": lacking,
        "n_event": k,
        "n_reference": n_2,
        "n_missing_reference": lacking_2,
        "n_event_reference": k_2,
    }


def empty_note(table: Compared, row: dict[str, Any], places: tuple[int, int]) -> str:
    """Say which of the two has nobody to be counted, or nobody to whom the endpoint applies."""
    first, second = (table.names[place] for place in places)
    outside = [table.names[place] for place in places if not table.applies_to(place)]
    if outside:
        return message("does not apply to {names}", names=message(", ").join(outside))
    if not row["n"] and not row["n_reference"]:
        return message("no subjects in {first} and {second}", first=first, second=second)
    if row["n"] and row["n_reference"]:
        return ""
    return message("no subjects in {name}", name=second if row["n"] else first)
