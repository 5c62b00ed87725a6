"""Panels: of each antibody how many turn negative, of each vaccine titre how many keep it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import check_by, estimate_by, level_labels
from carstats.errors import CarstatsError, check_choice, check_conf_level
from carstats.estimators.proportions.proportion import METHODS
from carstats.messages import joined_notes, message, message_n
from carstats.response.antibodies.seroconversion import seroconversion_rate
from carstats.response.antibodies.sides import checked_limits, side_row, sides
from carstats.response.outcomes import (
    MISSING,
    analysis_set,
    checked_window,
    joined_words,
    missing_words,
    visit_words,
)
from carstats.result import Result
from carstats.wording import limits_words


def antibody_panel(
    cohort: Cohort,
    above: Mapping[str, float],
    *,
    at: float = 168,
    window: tuple[float, float] | None = None,
    by: str | Iterable[str] | None = None,
    missing: str = "failure",
    method: str = "Clopper-Pearson",
    conf_level: float = 0.95,
) -> Result:
    """Estimate of each of several antibodies the proportion of those positive who turn negative.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; of each antibody its infused subjects with a positive baseline are
        counted.
    above : mapping of str to float
        Measures and the upper limit of normal of each: a value above it is positive.
    at : float
        Day of the visit.
    window : (float, float), optional
        First and last day that count, as for `response_rate`; the nearest value counts.
    by : str or list of str, optional
        Columns of the subjects table.
    missing : {"failure", "excluded"}
        What a missing value is, as for `response_rate`.
    method : {"Clopper-Pearson", "Wilson", "Jeffreys", "mid-P", "Blaker", "Agresti-Coull"}
        Confidence limits.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum and ``measure`` the columns of `seroconversion_rate`; ``n`` is the
        denominator of that antibody.

    Raises
    ------
    CarstatsError
        As `seroconversion_rate`; also if `above` names none.

    Examples
    --------
    >>> result = cs.antibody_panel(lupus, {"anti-dsDNA": 30}, by="target")
    """
    above = checked_limits(cohort, "above", above, "{'anti-dsDNA': 30}")
    _refuse_bounds(missing)
    results = {
        measure: seroconversion_rate(
            cohort, measure, above=limit, at=at, window=window, by=by, missing=missing,
            method=method, conf_level=conf_level,
        )
        for measure, limit in above.items()
    }  # fmt: skip
    first = next(iter(results.values()))
    parts = {result.spec.options["measure"]: result.frame for result in results.values()}
    frame = _together(parts, first.by)
    vocabulary = cohort.study.vocabulary
    names = list(parts)
    low, high = first.spec.options["window"]
    spec = cohort.spec(
        "antibody_panel",
        endpoint=message("Antibodies negative {when}", when=visit_words(at, low, high)),
        population=joined_words(
            message(", of each antibody those positive before the infusion"),
            missing_words(first.spec.options["missing"]),
        ),
        method=first.spec.method, by=first.by, conf_level=conf_level,
    )  # fmt: skip
    options = dict(first.spec.options) | {"above": above}
    del options["measure"]
    labels = {"measure": {name: vocabulary.label("measure", name) for name in names}}
    return Result(frame, replace(spec, options=options), first.labels | labels)


def protection_kept(
    cohort: Cohort,
    at_least: Mapping[str, float],
    *,
    at: float = 168,
    window: tuple[float, float] | None = None,
    by: str | Iterable[str] | None = None,
    missing: str = "failure",
    method: str = "Clopper-Pearson",
    conf_level: float = 0.95,
) -> Result:
    """Estimate of each vaccine titre the proportion of those protected who still are.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; of each titre its infused subjects protected before the infusion
        are counted.
    at_least : mapping of str to float
        Titres and the least that protects, in the unit of the data, such as
        ``{"vaccine_tetanus": 0.1}`` (IU/mL).
    at : float
        Day of the visit.
    window : (float, float), optional
        First and last day that count, as for `response_rate`; the nearest value counts.
    by : str or list of str, optional
        Columns of the subjects table.
    missing : {"failure", "excluded"}
        What a missing value is, as for `response_rate`: no longer protected, or left out.
    method : {"Clopper-Pearson", "Wilson", "Jeffreys", "mid-P", "Blaker", "Agresti-Coull"}
        Confidence limits.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum and ``measure`` the columns of `antibody_panel`: ``n`` protected before,
        ``n_event`` of them still protected, ``n_negative`` not protected before. The note counts
        those still protected who had immunoglobulin since the infusion, for it carries antibodies
        of its donors.

    Raises
    ------
    CarstatsError
        If a measure is unknown or without data, `at_least` names none, or an argument is not
        allowed.

    Examples
    --------
    >>> treated = cs.define_cohort(cs.simulate_study(seed=1, n=60), cs.infused())
    >>> kept = cs.protection_kept(treated, {"vaccine_tetanus": 0.1}, by="target")
    """
    limits = checked_limits(cohort, "at_least", at_least, "{'vaccine_tetanus': 0.1}")
    _refuse_bounds(missing)
    method = check_choice("method", method, METHODS)
    missing = check_choice("missing", missing, MISSING)
    check_conf_level(conf_level)
    low, high = checked_window(cohort, window, at)
    subjects, words = analysis_set(cohort, "treated")
    by = check_by(subjects, by)
    vocabulary = cohort.study.vocabulary
    parts, named = {}, {}
    for given, limit in limits.items():
        name, known = sides(cohort, given, limit, at, (low, high), at_least=True)
        known["given"] = _immunoglobulin(cohort, known["day"])
        named[name] = limit

        def estimate(stratum: pd.DataFrame, known: pd.DataFrame = known) -> pd.DataFrame:
            row = side_row(
                stratum, known, 1.0, low, missing == "excluded", "", method, conf_level,
                message("nobody protected before the infusion"),
            )  # fmt: skip
            mine = known.reindex(stratum["subject_id"])
            n = int(((mine["before"] == 1) & (mine["after"] == 1) & mine["given"]).sum())
            told = message_n(
                "{n} of those protected had immunoglobulin since the infusion",
                "{n} of those protected had immunoglobulin since the infusion",
                n,
            )
            return pd.DataFrame([{**row, "note": joined_notes(row["note"], told if n else "")}])

        parts[name] = estimate_by(vocabulary, cohort.eligible, subjects, by, estimate)
    spec = cohort.spec(
        "protection_kept",
        endpoint=message("Vaccine titres that protect {when}", when=visit_words(at, low, high)),
        population=joined_words(
            joined_words(words, message("of each titre those protected before the infusion")),
            missing_words(missing),
        ),
        method=limits_words(method, conf_level), by=by, conf_level=conf_level,
    )  # fmt: skip
    options = {"at_least": named, "at": float(at), "window": [low, high], "missing": missing}
    spec = replace(spec, options=options | {"method": method})
    labels = {"measure": {name: vocabulary.label("measure", name) for name in parts}}
    return Result(_together(parts, by), spec, level_labels(vocabulary, by) | labels)


def _refuse_bounds(missing: str) -> None:
    if missing == "bounds":
        raise CarstatsError(
            message("`missing` 'bounds' is of one antibody: seroconversion_rate().")
        )


def _together(parts: Mapping[str, pd.DataFrame], by: Iterable[str]) -> pd.DataFrame:
    """Return the rows of all measures, those of a stratum together, in the order given."""
    by, frames = list(by), []
    for name, part in parts.items():
        part = part.copy()
        part.insert(len(by), "measure", name)
        frames.append(part)
    frame = pd.concat(frames, ignore_index=True)
    if not by:
        return frame
    keys = list(frame[by].itertuples(index=False, name=None))
    order = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    places = np.argsort([order[key] for key in keys], kind="stable")
    return frame.iloc[places].reset_index(drop=True)


def _immunoglobulin(cohort: Cohort, day: pd.Series) -> pd.Series:
    """Return who had immunoglobulin between the infusion and the sample of a day."""
    given = pd.Series(False, day.index)
    if cohort.study.medications is None:
        return given
    rows = cohort.table("medications")
    rows = rows[rows["drug_class"] == "immunoglobulin"]
    start = rows["start_day"].astype(float).fillna(-np.inf)
    stop = rows["stop_day"].astype(float).fillna(np.inf)
    sample = rows["subject_id"].map(day)
    had = rows.loc[(start <= sample) & (stop >= 0), "subject_id"]
    return given.mask(given.index.isin(had), True)
