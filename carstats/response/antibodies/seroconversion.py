"""Seroconversion: from a positive antibody before the infusion to a negative one at a visit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import check_by, estimate_by, level_labels
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number
from carstats.estimators.proportions.proportion import METHODS
from carstats.messages import message
from carstats.response.antibodies.sides import side_row, sides
from carstats.response.course import measure_rows
from carstats.response.outcomes import (
    MISSING,
    analysis_set,
    case_labels,
    checked_window,
    joined_words,
    missing_words,
    visit_words,
    within,
)
from carstats.result import Result
from carstats.wording import limits_words


def seroconversion_rate(
    cohort: Cohort,
    measure: str,
    *,
    above: float,
    at: float = 168,
    window: tuple[float, float] | None = None,
    by: str | Iterable[str] | None = None,
    missing: str = "failure",
    method: str = "Clopper-Pearson",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the proportion of subjects positive before the infusion who are negative at a visit.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; its infused subjects with a positive baseline are counted.
    measure : str
        A measure of the assessments, such as ``"anti-dsDNA"``.
    above : float
        A value above it is positive: the upper limit of normal, in the unit of the data. A value
        below its limit of quantification is negative where that limit is no higher.
    at : float
        Day of the visit.
    window : (float, float), optional
        First and last day that count, as for `response_rate`; the nearest value counts.
    by : str or list of str, optional
        Columns of the subjects table; one rate for each stratum.
    missing : {"failure", "excluded", "bounds"}
        What a missing value is, as for `response_rate`.
    method : {"Clopper-Pearson", "Wilson", "Jeffreys", "mid-P", "Blaker", "Agresti-Coull"}
        Confidence limits.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum the columns of `response_rate`, where ``n`` counts those with a positive
        baseline, and ``n_negative`` and ``n_no_baseline``, who are not in it.

    Raises
    ------
    CarstatsError
        If the measure is unknown or without data, there is none in the window, or an argument is
        not allowed.

    Examples
    --------
    >>> cs.seroconversion_rate(lupus, "anti-dsDNA", above=100, at=168)
    """
    method = check_choice("method", method, METHODS)
    missing = check_choice("missing", missing, MISSING)
    check_conf_level(conf_level)
    check_number("above", above)
    low, high = checked_window(cohort, window, at)
    name, rows = measure_rows(cohort, measure, negative=above)
    inside = rows[within(rows["day"], low, high) & (rows["day"] > 0)]
    if inside.empty:
        raise CarstatsError(
            message(
                "`at`={at}: no {name} from day {low} to {high}. Its values lie on days {first} to "
                "{last}.",
                at=f"{at:g}",
                name=repr(name),
                low=f"{low:g}",
                high=f"{high:g}",
                first=f"{rows['day'].min():g}",
                last=f"{rows['day'].max():g}",
            )
        )
    _, known = sides(cohort, name, above, at, (low, high))
    subjects, words = analysis_set(cohort, "treated")
    by = check_by(subjects, by)
    counted = int((subjects["subject_id"].map(known["before"]) == 1).sum())
    cases = ("worst", "best") if missing == "bounds" else ("",)

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        nobody = message("nobody positive before the infusion")
        found = [
            {**({"case": case} if case else {}),
             **side_row(stratum, known, 0.0, low, missing == "excluded", case, method, conf_level,
                        nobody)}
            for case in cases
        ]  # fmt: skip
        return pd.DataFrame(found)

    vocabulary = cohort.study.vocabulary
    shown = [*by, *(["case"] if missing == "bounds" else [])]
    spec = cohort.spec(
        "seroconversion_rate",
        endpoint=message(
            "{measure} negative (at most {above}) {when}",
            measure=vocabulary.label("measure", name),
            above=f"{above:g}",
            when=visit_words(at, low, high),
        ),
        population=joined_words(
            joined_words(words, message("{n} positive before the infusion", n=counted)),
            missing_words(missing),
        ),
        method=limits_words(method, conf_level),
        by=shown,
        conf_level=conf_level,
    )
    options = {"measure": name, "above": float(above), "at": float(at), "window": [low, high]}
    options |= {"missing": missing, "method": method}
    frame = estimate_by(vocabulary, cohort.eligible, subjects, by, estimate)
    labels = level_labels(vocabulary, by) | {"case": case_labels()}
    frame["n_evaluable"] = frame["n_evaluable"].astype(int)
    return Result(frame, replace(spec, options=options), {k: v for k, v in labels.items() if v})
