"""The share of subjects whose score is better, or worse, by as much as matters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import check_by, estimate_by, level_labels
from carstats.data.measures import MEASURE_TABLE
from carstats.endpoints.rules.minimal_differences import CHECKED, Difference, difference_of
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number, listed
from carstats.estimators.proportions.proportion import METHODS
from carstats.messages import joined_notes, mark, message, message_n
from carstats.response.course import asked_subjects, baselines, measure_rows
from carstats.response.outcomes import (
    MISSING,
    analysis_set,
    asked,
    case_labels,
    checked_window,
    joined_words,
    missing_words,
    visit_words,
    within,
)
from carstats.response.rates import rate_row
from carstats.result import Result
from carstats.wording import limits_words

CHANGES = ("improvement", "worsening")
OF = ("points", "percent")
_TITLES = {
    ("improvement", "points"): mark("{measure} better by {size} or more"),
    ("improvement", "percent"): mark("{measure} better by {size}\u00a0% of baseline or more"),
    ("worsening", "points"): mark("{measure} worse by {size} or more"),
    ("worsening", "percent"): mark("{measure} worse by {size}\u00a0% of baseline or more"),
}
_BY_DISEASE = {
    "improvement": mark("{measure} better by the minimal important difference of the disease"),
    "worsening": mark("{measure} worse by the minimal important difference of the disease"),
}
_STANDINGS = {
    "partly checked": mark("the minimal important difference was not seen in its source"),
    "from memory": mark("minimal important difference from memory: check it before you publish"),
}
# How the method names one, by how it is known.
_SOURCES = {
    "checked": mark("{size} in {disease} ({source})"),
    "partly checked": mark("{size} in {disease} ({source}, number not seen there)"),
    "from memory": mark("{size} in {disease} ({source}, from memory)"),
}


@dataclass(frozen=True)
class _Threshold:
    """How much of a change counts, or a note why there is no such number."""

    size: float
    of: str
    note: str = ""
    source: str = ""


def score_responder_rate(
    cohort: Cohort,
    measure: str,
    *,
    change: str = "improvement",
    threshold: float | None = None,
    of: str = "points",
    better: str | None = None,
    at: float = 168,
    window: tuple[float, float] | None = None,
    by: str | Iterable[str] | None = None,
    missing: str = "failure",
    method: str = "Clopper-Pearson",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the proportion whose score is better by the minimal important difference at a visit.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; its infused subjects of the diseases in which the study has the
        measure are counted.
    measure : str
        A measure of the assessments, such as ``"FACIT-Fatigue"`` or ``"HAQ-DI"``.
    change : {"improvement", "worsening"}
        What is counted. Whether higher is better says the vocabulary.
    threshold : float, optional
        How much counts, without a sign; by default the minimal important difference of the measure
        in the disease (`important_differences`). Strata of one disease each have their own.
    of : {"points", "percent"}
        Whether a `threshold` is in the unit of the measure or in per cent of the baseline.
    better : {"higher", "lower"}, optional
        Which end of the measure is better, where the vocabulary does not say.
    at : float
        Day of the visit.
    window : (float, float), optional
        First and last day that count, as for `response_rate`; the nearest value counts, of two
        equally near the later.
    by : str or list of str, optional
        Columns of the subjects table; one rate for each stratum.
    missing : {"failure", "excluded", "bounds"}
        What a missing baseline or value is: a failure, that is no improvement, or a worsening; left
        out; or both, as for `response_rate`.
    method : {"Clopper-Pearson", "Wilson", "Jeffreys", "mid-P", "Blaker", "Agresti-Coull"}
        Confidence limits.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum the columns of `response_rate`, with ``threshold`` and ``of``; ``note``
        says what is odd about the minimal important difference, whether it was read in its source,
        and how many had a baseline too near the end of the scale for it; the method names it.

    Raises
    ------
    CarstatsError
        If the measure is unknown or without data, there is no minimal important difference and no
        `threshold`, a stratum has diseases with different ones, which end is better is not known,
        or an argument is not allowed.

    Notes
    -----
    A share of responders says less than the mean change: give `score_change` beside it.

    Examples
    --------
    >>> cs.score_responder_rate(lupus, "SLEDAI-2K", at=168, by="target")
    """
    change, of = check_choice("change", change, CHANGES), check_choice("of", of, OF)
    method = check_choice("method", method, METHODS)
    missing = check_choice("missing", missing, MISSING)
    check_conf_level(conf_level)
    low, high = checked_window(cohort, window, at)
    name, rows = measure_rows(cohort, measure)
    if threshold is not None:
        check_number("threshold", threshold)
        if threshold <= 0:
            raise CarstatsError(
                message(
                    "`threshold` is {threshold}; it takes a number above 0: `change` says in "
                    "which direction.",
                    threshold=f"{threshold:g}",
                )
            )
    sign = _sign(name, better) * (1 if change == "improvement" else -1)
    subjects, words = asked_subjects(cohort, name, *analysis_set(cohort, "treated"))
    by = check_by(subjects, by)
    inside = rows[within(rows["day"], low, high) & (rows["day"] > 0)]
    if inside.empty:
        raise CarstatsError(
            message(
                "`at`={at}: no {name} from day {low} to {high}. Its values lie on days {first} to "
                "{last}.",
                at=f"{at:g}", name=repr(name), low=f"{low:g}", high=f"{high:g}",
                first=f"{rows['day'].min():g}", last=f"{rows['day'].max():g}",
            )
        )  # fmt: skip
    base, _ = baselines(rows, subjects)
    order = inside.assign(distance=(inside["day"] - at).abs()).sort_values(
        ["distance", "day"], ascending=[True, False], kind="stable"
    )
    value = order.drop_duplicates("subject_id").set_index("subject_id")["value"].astype(float)
    subjects = subjects.assign(
        start=subjects["subject_id"].map(base), now=subjects["subject_id"].map(value)
    )
    cases = ("worst", "best") if missing == "bounds" else ("",)
    given = None if threshold is None else _Threshold(float(threshold), of)
    used: list[_Threshold] = []

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        size = given or _important(name, stratum, change)
        used.append(size)
        unit = stratum["start"].abs().mask(stratum["start"] == 0) / 100
        unit = unit if size.of == "percent" else pd.Series(1.0, stratum.index)
        moved = sign * (stratum["now"] - stratum["start"]) / unit
        met = (moved >= size.size - 1e-9).astype(float).where(moved.notna())
        far = _no_room(name, stratum["start"], sign, size.size * unit)
        note = message_n(
            "{n} with a baseline too near the end of the scale for it",
            "{n} with a baseline too near the end of the scale for it", far,
        )  # fmt: skip
        nought = int((stratum["start"] == 0).sum()) if size.of == "percent" else 0
        none = message_n(
            "{n} with a baseline of 0, of which there is no percentage: counted as missing",
            "{n} with a baseline of 0, of which there is no percentage: counted as missing", nought,
        )  # fmt: skip
        found = []
        for case in cases:
            # A worsening is the failure: in the worst case those not seen have it.
            counts = (case or "worst") == ("best" if change == "improvement" else "worst")
            row = rate_row(
                stratum, met, low, missing == "excluded",
                "best" if counts and missing != "excluded" else "worst", method, conf_level,
            )  # fmt: skip
            told = joined_notes(row.pop("note"), size.note if len(stratum) else "",
                                note if far else "", none if nought else "")  # fmt: skip
            found.append({**({"case": case} if case else {}), **row, "threshold": size.size,
                          "of": size.of, "note": told})  # fmt: skip
        return pd.DataFrame(found)

    vocabulary = cohort.study.vocabulary
    frame = estimate_by(vocabulary, cohort.eligible, subjects, by, estimate)
    frame["n_evaluable"] = frame["n_evaluable"].astype(int)
    shown = [*by, *(["case"] if missing == "bounds" else [])]
    spec = cohort.spec(
        "score_responder_rate",
        endpoint=asked(
            _title(vocabulary.label("measure", name), change, used), visit_words(at, low, high)
        ),
        population=joined_words(words, _missing_words(missing, change)),
        method=_method(limits_words(method, conf_level), used),
        by=shown,
        conf_level=conf_level,
    )
    options = {"measure": name, "change": change, "better": better, "at": float(at),
               "window": [low, high], "missing": missing, "method": method,
               "threshold": None if threshold is None else float(threshold), "of": of}  # fmt: skip
    labels = level_labels(vocabulary, by) | {"case": case_labels()}
    return Result(frame, replace(spec, options=options), {k: v for k, v in labels.items() if v})


def _sign(name: str, better: str | None) -> int:
    """Return 1 where a higher value is better, -1 where a lower one is."""
    if better is not None:
        return 1 if check_choice("better", better, ("higher", "lower")) == "higher" else -1
    known = MEASURE_TABLE.get(name)
    if known is None or not known.higher_is:
        raise CarstatsError(
            message(
                "the vocabulary does not say whether more {name} is better. Give `better`: "
                "'higher' or 'lower'.",
                name=repr(name),
            )
        )
    return 1 if known.higher_is == "better" else -1


def _important(name: str, stratum: pd.DataFrame, change: str) -> _Threshold:
    """Return the minimal important difference of a stratum's subjects."""
    found: dict[str, Difference | None] = {}
    for disease, rows in stratum.groupby("disease", sort=True):
        kinds = [""]
        if "disease_subtype" in rows:
            kinds = rows["disease_subtype"].fillna("").astype(str).unique()
        found[str(disease)] = difference_of(name, str(disease), kinds, change)
    known = {d for d in found.values() if d is not None}
    sizes = {(d.size, d.of) for d in known}
    if len(found) > 1 and (len(sizes) > 1 or None in found.values()):
        raise CarstatsError(
            message(
                "the minimal important difference of {name} is not the same in {diseases}. Give "
                "`by`='disease', keep one disease (with_disease), or give a `threshold`.",
                name=repr(name), diseases=listed(found),
            )
        )  # fmt: skip
    if not found:
        return _Threshold(np.nan, "points")
    one = min(known, key=lambda d: d.disease, default=None)
    if one is None or np.isnan(one.size):
        raise _none_known(name, change, found, one)
    odd = message(one.note) if one.note else ""
    number = f"{one.size:g}"
    size = number if one.of == "points" else message("{size} % of baseline", size=number)
    where = message("any disease") if one.disease == "any" else one.disease
    told = message(_SOURCES[one.standing], size=size, disease=where, source=one.source)
    sure = "" if one.standing == CHECKED else message(_STANDINGS[one.standing])
    return _Threshold(one.size, one.of, joined_notes(odd, sure), told)


def _none_known(name: str, change: str, diseases, one: Difference | None) -> CarstatsError:
    why = message(one.note) if one is not None and one.note else message("none is known")
    return CarstatsError(
        message(
            "there is no minimal important difference of {name} in {diseases} for "
            "`change`={change}: {why}. Give a `threshold`, leave the disease out "
            "(with_disease), or report the change itself (score_change).",
            name=repr(name), diseases=listed(diseases), change=repr(change), why=why,
        )
    )  # fmt: skip


def _no_room(name: str, start: pd.Series, sign: int, size) -> int:
    """Return how many baselines are too near the end of the scale for a change to be possible."""
    known = MEASURE_TABLE.get(name)
    if known is None:
        return 0
    room = known.high - start if sign > 0 else start - known.low
    return int((room < size - 1e-9).sum())


def _title(label: str, change: str, used: list[_Threshold]) -> str:
    sizes = {(t.size, t.of) for t in used if not np.isnan(t.size)}
    if len(sizes) != 1:
        return message(_BY_DISEASE[change], measure=label)
    size, of = sizes.pop()
    return message(_TITLES[change, of], measure=label, size=f"{size:g}")


def _method(limits: str, used: list[_Threshold]) -> str:
    """Return the words of the limits, with where the thresholds are from."""
    sources = list(dict.fromkeys(t.source for t in used if t.source))
    if not sources:
        return limits
    return message("{limits}; minimal important difference {sources}", limits=limits,
                   sources=message(", ").join(sources))  # fmt: skip


def _missing_words(missing: str, change: str) -> str:
    if missing == "failure" and change == "worsening":
        return message("missing = worse")
    return missing_words(missing)
