"""An analysis run once more with other options, for its sibling."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np

from carstats.cohort.cohort import Cohort
from carstats.crosschecking.choosing import cohort_of
from carstats.crosschecking.registry import ANALYSES
from carstats.data.study import Study
from carstats.errors import CarstatsError
from carstats.result import Result

# Analyses whose windows are pairs of days, the last of them without an end.
_WINDOWED = ("toxicity_rate", "exposure_adjusted_rate", "infections_by_organism")


def run_again(
    result: Result, study: Study | None, cohort: Cohort | None, options: Mapping[str, Any]
) -> Result | None:
    """Run the analysis of a result with other options; None where that is not possible."""
    spec = result.spec
    known = ANALYSES[spec.analysis]
    if study is None or not known.home:
        return None
    cohort = cohort or cohort_of(study, spec.criteria, spec.cohort)
    if cohort is None:
        return None
    function = getattr(import_module(f"carstats.{known.home}"), spec.analysis)
    names = list(inspect.signature(function).parameters)
    first = names[1]
    given: dict[str, Any] = {}
    for name in names[2:]:
        value = spec.options.get(known.renamed.get(name, name))
        if value is not None:
            given[name] = value
    by = [c for c in spec.by if c in cohort.subjects]
    if by:
        given["by"] = by[0] if len(by) == 1 else by
    if spec.strata:
        given["strata"] = list(spec.strata)
    if spec.conf_level is not None and "conf_level" in names:
        given["conf_level"] = spec.conf_level
    if spec.analysis in _WINDOWED and given.get("window"):
        given["window"] = [(a, np.inf if b is None else b) for a, b in given["window"]]
    given |= {k: v for k, v in options.items() if k in names}
    given.pop(first, None)
    asked = spec.options[known.argument] if known.argument in spec.options else spec.endpoints[0]
    if first in ("term", "measure") and isinstance(asked, list | tuple) and len(asked) == 1:
        asked = asked[0]
    try:
        other = function(cohort, asked, **given)
    except CarstatsError:
        return None
    return replace(other, spec=replace(other.spec, fingerprint=spec.fingerprint))
