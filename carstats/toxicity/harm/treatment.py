"""What was given for cytokine release: tocilizumab, glucocorticoids, both, and how much."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import estimate_by, level_labels
from carstats.data.study import Study
from carstats.data.vocabulary import within_sentence
from carstats.endpoints.record.rescue import OPEN_EPISODE
from carstats.errors import check_conf_level
from carstats.messages import joined_notes, mark, message, message_n
from carstats.result import Result
from carstats.toxicity.episodes import checked_terms, episodes_of, followup_end
from carstats.toxicity.harm.quantities import (
    median_row,
    share_row,
    table_of,
    unit_labels,
)
from carstats.toxicity.unknown import doubtful_subjects, uncollected_note
from carstats.wording import level_text

_DRUGS = ("tocilizumab", "glucocorticoid")
# Other toxicities that the same drugs are given for.
_ALIKE = ("CRS", "ICANS", "IEC-HS", "LICATS")
# Reasons that are another's: what treats the disease or prepares it is not given for the toxicity.
_FOR_TOXICITY = ("toxicity", "supportive")
_PARAMETERS = {
    "tocilizumab": mark("tocilizumab"),
    "glucocorticoid": mark("glucocorticoid"),
    "both": mark("both"),
    "either": mark("either"),
    "doses of tocilizumab": mark("doses of tocilizumab, of those given it"),
    "days of glucocorticoid": mark("days of glucocorticoid, of those given it"),
    "glucocorticoid dose": mark("glucocorticoid in all, of those given it"),
}
_AMONG = {"with CRS": mark("of those with CRS"), "all": mark("of all subjects")}


def crs_treatment(
    cohort: Cohort,
    term: str = "CRS",
    *,
    by: str | Iterable[str] | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate how many were given tocilizumab or glucocorticoids for cytokine release.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; usually the infused.
    term : str
        The toxicity that is treated: ``"CRS"``, or another such as ``"ICANS"``.
    by : str or list of str, optional
        Columns of the subjects table.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum and ``parameter`` ``"tocilizumab"``, ``"glucocorticoid"``, ``"both"`` and
        ``"either"`` a row ``among`` those ``"with CRS"`` and one among ``"all"``: ``n``,
        ``n_missing`` (given it on a day that is not known, in the upper limit alone), ``n_event``,
        ``estimate``, ``conf_low``, ``conf_high`` (Clopper-Pearson). Of those given it also medians:
        ``"doses of tocilizumab"``, ``"days of glucocorticoid"`` and ``"glucocorticoid dose"`` (mg
        of prednisone in all), with ``q1``, ``q3``, ``minimum``, ``maximum``, ``unit``, ``note``.
        A drug is for it that began within an episode (one without a last day is taken to last 14
        days) with the reason ``"toxicity"``, ``"supportive"`` or none.

    Raises
    ------
    CarstatsError
        If the study has no toxicities or no medications, or an argument is not allowed.

    References
    ----------
    Clopper CJ, Pearson ES. Biometrika 1934; 26: 404-413.

    Examples
    --------
    >>> cs.crs_treatment(cohort, by="target")
    """
    check_conf_level(conf_level)
    by, (name,) = checked_terms(cohort, [term], by)
    episodes = episodes_of(cohort, [name])
    alike = [other for other in _ALIKE if other != name]
    given = _given(cohort, episodes[episodes["counts"]], episodes_of(cohort, alike))
    affected = set(episodes.loc[episodes["counts"], "subject_id"])
    others = ", ".join(alike)
    lacking = joined_notes(
        uncollected_note(cohort, name),
        *(message("the study records no {drug} begun after the infusion: none only if it was "
                  "asked for", drug=message(_PARAMETERS[drug]))
          for drug in unrecorded_drugs(cohort.study)),
    )  # fmt: skip
    amounts = (
        ("doses of tocilizumab", "doses", "tocilizumab", given.doses),
        ("days of glucocorticoid", "days", "glucocorticoid", given.days),
        ("glucocorticoid dose", "mg", "glucocorticoid", given.amount),
    )

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        who = stratum["subject_id"]
        sick = who[who.isin(affected)]
        note = joined_notes(
            message("no subjects") if stratum.empty else "",
            lacking,
            _about(stratum, given, others, doubtful_subjects(episodes, stratum)),
        )
        rows: list[tuple[dict, dict]] = []
        for among, of in (("with CRS", sick), ("all", who)):
            has = {drug: of.isin(given.during[drug]) for drug in _DRUGS}
            may = {drug: of.isin(given.unclear[drug] & affected) | has[drug] for drug in _DRUGS}
            first, second = _DRUGS
            ways = {
                first: (has[first], may[first]),
                second: (has[second], may[second]),
                "both": (has[first] & has[second], may[first] & may[second]),
                "either": (has[first] | has[second], may[first] | may[second]),
            }
            for way, (yes, perhaps) in ways.items():
                k = int(yes.sum())
                row = share_row(k, len(of), int(perhaps.sum()) - k, conf_level, note)
                rows.append(({"parameter": way, "among": among}, row))
            for parameter, unit, drug, values in amounts if among == "with CRS" else ():
                treated = who[who.isin(given.during[drug])]
                row = median_row(unit, treated.map(values), len(treated), conf_level)
                rows.append(({"parameter": parameter, "among": among}, row))
        return table_of(rows)

    study = cohort.study
    spec = cohort.spec(
        "crs_treatment",
        endpoint=message(
            "Treatment of {toxicity}",
            toxicity=within_sentence(study.vocabulary.label("toxicity", name)),
        ),
        method=message(
            "shares with Clopper–Pearson, medians with distribution-free {level} % limits; a drug "
            "that began within an episode",
            level=level_text(conf_level),
        ),
        by=by, conf_level=conf_level, term=name,
    )  # fmt: skip
    labels = level_labels(study.vocabulary, by) | unit_labels()
    labels["parameter"] = {key: message(words) for key, words in _PARAMETERS.items()}
    labels["among"] = {key: message(words) for key, words in _AMONG.items()}
    if name != "CRS":
        label = within_sentence(study.vocabulary.label("toxicity", name))
        labels["among"]["with CRS"] = message("of those with {toxicity}", toxicity=label)
    frame = estimate_by(study.vocabulary, cohort.eligible, cohort.subjects, by, estimate)
    return Result(frame, spec, labels)


def unrecorded_drugs(study: Study) -> list[str]:
    """Return the drugs of which a study records none that began on day 0 or later.

    A sheet with the glucocorticoids at the infusion alone does not say what was given for a
    toxicity.
    """
    rows = study.table("medications")
    later = rows[~(rows["start_day"] < 0) & rows["start_day"].notna()]
    known = set(later["drug_class"])
    known |= set(rows.loc[rows["drug_class"] == "tocilizumab", "drug_class"])
    return [drug for drug in _DRUGS if drug not in known]


@dataclass(frozen=True)
class _Given:
    """Who was given what: within an episode, perhaps within one, for toxicity outside of any.

    `shared` are those whose drug began within an episode of another toxicity too. `doses`, `days`,
    `amount` are by subject, of what began within an episode.
    """

    shared: set
    during: dict[str, set]
    unclear: dict[str, set]
    outside: dict[str, set]
    doses: pd.Series
    days: pd.Series
    amount: pd.Series


def _within(rows: pd.DataFrame, episodes: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return which drugs began within an episode, and of which it is not known."""
    onset = episodes["onset_day"]
    end = episodes["resolution_day"].fillna(onset + OPEN_EPISODE)
    spans = pd.DataFrame({"subject_id": episodes["subject_id"], "onset": onset, "end": end})
    pairs = rows[["subject_id", "start_day"]].reset_index(names="row")
    pairs = pairs.merge(spans, on="subject_id")
    start = np.floor(pairs["start_day"].astype(float))
    inside = (start >= np.floor(pairs["onset"])) & (start <= np.floor(pairs["end"]))
    within = rows.index.isin(pairs.loc[inside, "row"])
    vague = rows.index.isin(pairs.loc[start.isna() | pairs["onset"].isna(), "row"])
    return within, vague & ~within


def _given(cohort: Cohort, episodes: pd.DataFrame, others: pd.DataFrame) -> _Given:
    rows = cohort.table("medications")
    rows = rows[rows["drug_class"].isin(_DRUGS)]
    reason = rows["reason"] if "reason" in rows else pd.Series(None, rows.index, dtype=object)
    rows = rows[(reason.isna() | reason.isin(_FOR_TOXICITY)).astype(bool)]
    reason = reason[rows.index]
    # Of a drug for toxicity without a day, or of an episode without one, it is not known.
    within, vague = _within(rows, episodes)
    shared = within & _within(rows, others[others["counts"]])[0]
    vague &= (reason.notna() | (rows["drug_class"] == "tocilizumab")).to_numpy(bool)
    stray = ~within & ~vague & (reason == "toxicity").fillna(False).to_numpy(bool)
    stray &= ~(rows["start_day"] < 0).to_numpy(bool)

    def whose(mask) -> dict[str, set]:
        return {
            drug: set(rows.loc[mask & (rows["drug_class"] == drug).to_numpy(), "subject_id"])
            for drug in _DRUGS
        }

    mine = rows[within]
    first = np.floor(mine["start_day"].astype(float))
    last = np.floor(mine["stop_day"].astype(float))
    subjects = cohort.subjects.set_index("subject_id")
    until = mine["subject_id"].map(followup_end(subjects)).astype(float)
    length = last.fillna(until) - first + 1
    toci = mine["drug_class"] == "tocilizumab"
    steroid = mine["drug_class"] == "glucocorticoid"
    dose = mine.get("prednisone_equivalent_mg", pd.Series(np.nan, mine.index)).astype(float)
    by_subject = mine["subject_id"]
    return _Given(
        set(rows.loc[shared, "subject_id"]),
        whose(within), whose(vague), whose(stray),
        by_subject[toci].value_counts().astype(float),
        _days_covered(by_subject[steroid], first[steroid], length[steroid]),
        (dose * length)[steroid].groupby(by_subject[steroid]).sum(min_count=1).where(
            dose[steroid].notna().groupby(by_subject[steroid]).all()
        ),
    )  # fmt: skip


def _days_covered(who: pd.Series, first: pd.Series, length: pd.Series) -> pd.Series:
    """Return by subject on how many days at least one of some episodes ran."""
    days: dict[object, set[int]] = {}
    for subject, start, n in zip(who, first, length, strict=True):
        days.setdefault(subject, set()).update(range(int(start), int(start + n)))
    return pd.Series({subject: float(len(held)) for subject, held in days.items()}, dtype=float)


def _about(stratum: pd.DataFrame, given: _Given, others: str, doubtful: int) -> str:
    who = stratum["subject_id"]
    shared = int(who.isin(given.shared).sum())
    stray = {drug: int(who.isin(given.outside[drug] - given.during[drug]).sum()) for drug in _DRUGS}
    return joined_notes(
        message_n(
            "{n} had an episode of another toxicity then, which it may have been for ({others})",
            "{n} had episodes of other toxicities then, which it may have been for ({others})",
            shared,
            others=others,
        )
        if shared
        else "",
        message_n(
            "{n} given tocilizumab for toxicity outside the recorded episodes, not counted",
            "{n} given tocilizumab for toxicity outside the recorded episodes, not counted",
            stray["tocilizumab"],
        )
        if stray["tocilizumab"]
        else "",
        message_n(
            "{n} given a glucocorticoid for toxicity outside the recorded episodes, not counted",
            "{n} given a glucocorticoid for toxicity outside the recorded episodes, not counted",
            stray["glucocorticoid"],
        )
        if stray["glucocorticoid"]
        else "",
        message_n("{n} of whom it is not known whether they had it",
                  "{n} of whom it is not known whether they had it", doubtful)
        if doubtful
        else "",
    )  # fmt: skip
