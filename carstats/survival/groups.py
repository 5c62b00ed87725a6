"""The groups that a test compares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.cohort.strata import rows_of, stratum_name
from carstats.data.vocabulary import column_name
from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.result import Spec
from carstats.survival.times import EndpointTimes


def grouped(times: EndpointTimes) -> tuple[pd.DataFrame, np.ndarray, list[str]]:
    """Return the subjects with a record, the group of each as a code, and the groups' names."""
    if not times.by:
        raise CarstatsError(message("`by` is empty; name the columns whose groups are compared."))
    names = [stratum_name(times.labels, times.by, key) for key in times.group_keys()]
    known = times.rows["event_time"].notna().to_numpy()
    return rows_of(times.rows, known), times.places[known], names


def stratum_codes(rows: pd.DataFrame, strata: tuple[str, ...]) -> np.ndarray | None:
    """Return each subject's stratum as a code; None without strata."""
    if not strata:
        return None
    return rows.groupby(list(strata), sort=True).ngroup().to_numpy()


def adjusted_in_words(strata: tuple[str, ...]) -> str:
    """Return what a method line says of the columns adjusted for; empty without any."""
    if not strata:
        return ""
    names = [column_name(column) for column in strata]
    both = message("{words} and {last}", words=message(", ").join(names[:-1]), last=names[-1])
    return message(", stratified by {columns}", columns=both if len(names) > 1 else names[0])


def ungrouped(spec: Spec) -> Spec:
    """Return a spec whose result has one row for all groups: they are compared, not reported."""
    return replace(spec, by=(), options={**spec.options, "by": list(spec.by)})
