"""Off treatment: the family of drug-free rules, judged from medication episodes.

There is no consensus on what drug-free means. The three variants are meant to stand side by side,
with off glucocorticoids and off immunosuppressants told apart: an abstract that says
"immunosuppressants were stopped" may leave glucocorticoids out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.arrays import BooleanArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.logic import TOLERANCE, any_of, boolean, flags, numbers
from carstats.endpoints.record.searches import Days, at, runs_between
from carstats.errors import CarstatsError, check_choice, check_number, listed
from carstats.messages import message

VARIANTS = ("strict", "standard", "lenient")

# Classes that treat the disease whatever the reason given; a reason of IGNORED_REASONS frees them.
_ALWAYS = ("immunosuppressant", "biologic", "targeted synthetic", "plasma exchange")
# Classes that treat the disease only where the reason says so.
_BY_REASON = ("immunoglobulin", "tocilizumab")
_DISEASE_REASONS = ("disease", "background")

# Where these are treatment of the disease, whatever the reason given (endpoints of section 0.4).
IMMUNOGLOBULIN_DISEASES = ("MG", "IIM", "ITP", "CIDP")
THROMBOPOIETIN_DISEASES = ("ITP",)
THROMBOPOIETIN_DRUGS = (
    "eltrombopag",
    "romiplostim",
    "avatrombopag",
    "hetrombopag",
    "lusutrombopag",
    "rhTPO",
    "TPO-RA",
)

# Treatment policy for what toxicity and conditioning need (ICH E9(R1)): it does not count.
IGNORED_REASONS = ("toxicity", "conditioning")


@dataclass(frozen=True)
class DrugFree:
    """Verdicts on treatment at visits, in the order of the visits.

    Attributes
    ----------
    drug_free : pandas.arrays.BooleanArray
        No counted drug in the look-back.
    steroid_free : pandas.arrays.BooleanArray
        No glucocorticoid above the variant's dose.
    immunosuppressant_free : pandas.arrays.BooleanArray
        No other counted drug; a strict variant's antimalarials are not among them.
    prednisone_mg : numpy.ndarray
        Dose on the day of the visit, mg of prednisone, for whatever reason but toxicity and
        conditioning; NaN where an episode has no dose.
    off_drug_day : numpy.ndarray
        Last day of the last counted drug before the visit: the day from which the time off drugs
        counts. NaN where the subject is not drug-free or no counted drug with a last day is on
        record.
    """

    drug_free: BooleanArray
    steroid_free: BooleanArray
    immunosuppressant_free: BooleanArray
    prednisone_mg: NDArray[np.float64]
    off_drug_day: NDArray[np.float64]


@rule(
    "drug_free",
    "any",
    "state",
    definition=(
        "No glucocorticoid, immunosuppressant, biologic, targeted synthetic drug, plasma "
        "exchange or disease-directed immunoglobulin in the 28 days up to the visit; "
        "antimalarials allowed."
    ),
    thresholds="look_back=28; variant='standard'",
    source="carstats",
    status="design",
)
@rule(
    "drug_free_strict",
    "any",
    "state",
    definition="Drug-free, and no antimalarial.",
    thresholds="look_back=28; variant='strict'",
    source="carstats",
    status="design",
)
@rule(
    "drug_free_lenient",
    "any",
    "state",
    definition="Drug-free, but prednisone up to 5 mg a day allowed.",
    thresholds="look_back=28; lenient_mg=5",
    source="carstats",
    status="design",
)
@rule(
    "steroid_free",
    "any",
    "response",
    definition="No glucocorticoid in the 28 days up to the visit.",
    thresholds="look_back=28; replacement_mg=5",
    source="carstats",
    status="design",
)
@rule(
    "immunosuppressant_free",
    "any",
    "response",
    definition="No counted drug other than a glucocorticoid in the 28 days up to the visit.",
    thresholds="look_back=28",
    source="carstats",
    status="design",
)
def judge_treatment(
    subject: ArrayLike,
    day: ArrayLike,
    disease: ArrayLike,
    medications: pd.DataFrame,
    *,
    variant: str = "standard",
    look_back: float = 28.0,
    lenient_mg: float = 5.0,
    allow_adrenal: bool = True,
    adrenal_insufficiency: ArrayLike = False,
    replacement_mg: float = 5.0,
    antifibrotic_counts: bool = False,
    cholinesterase_inhibitor_counts: bool = False,
    replacement_immunoglobulin_counts: bool = True,
    ignored_reasons: Iterable[str] = IGNORED_REASONS,
) -> DrugFree:
    """Judge at each visit whether a subject is off drugs, over the 28 days up to the visit.

    Parameters
    ----------
    subject, day, disease : Subject, day and disease of each visit, in any order.
    medications : Treatment episodes: ``subject_id``, ``drug``, ``drug_class``, ``start_day``
        (missing: before the records begin), ``stop_day`` (the last day on the drug; missing:
        ongoing), and where known ``prednisone_equivalent_mg`` and ``reason``.
    variant : ``"strict"``: no glucocorticoid, immunosuppressant, biologic, targeted synthetic drug,
        plasma exchange or disease-directed immunoglobulin, and no antimalarial; ``"standard"``:
        antimalarials are allowed; ``"lenient"``: and prednisone up to `lenient_mg` a day.
    look_back : Days before the visit in which no counted drug may have been given, the first of
        them and the visit included.
    lenient_mg : Largest daily dose of the lenient variant, all glucocorticoids together, mg of
        prednisone.
    allow_adrenal : Whether physiological replacement in documented adrenal insufficiency is
        allowed: a glucocorticoid given for ``"replacement"``, or for a subject flagged by
        `adrenal_insufficiency`.
    adrenal_insufficiency : Whether adrenal insufficiency is documented, one value a visit.
    replacement_mg : Largest daily dose that is replacement, mg of prednisone.
    antifibrotic_counts, cholinesterase_inhibitor_counts : Whether nintedanib and the like,
        pyridostigmine and the like count as drugs.
    replacement_immunoglobulin_counts : Whether in MG, IIM, ITP and CIDP, where immunoglobulin is
        treatment, it counts also where the reason given is ``"replacement"`` or ``"supportive"``.
    ignored_reasons : Reasons whose episodes do not count.

    Returns
    -------
    The verdicts. NA where the look-back has an episode that would decide, with its dose or its
    reason missing.

    Notes
    -----
    In ITP thrombopoietin receptor agonists count. Growth factors, antimicrobials and other
    supportive drugs never do.
    """
    variant = check_choice("variant", variant, VARIANTS)
    check_number("look_back", look_back, low=0)
    check_number("lenient_mg", lenient_mg, low=0)
    check_number("replacement_mg", replacement_mg, low=0)
    needed = ("subject_id", "drug", "drug_class", "start_day", "stop_day")
    absent = [name for name in needed if name not in medications]
    if absent:
        what = message("`medications` lacks the columns {names}.", names=listed(absent))
        raise CarstatsError(what)
    visits = _visits(subject, day, disease)
    (adrenal,) = flags(adrenal_insufficiency=adrenal_insufficiency)
    adrenal = np.broadcast_to(adrenal._data & ~adrenal._mask, visits.codes.shape)
    episodes = _episodes(medications, visits, tuple(ignored_reasons))
    late = visits.day
    early = late - look_back

    def within(mask):
        return visits.any_between(episodes[mask], early, late)

    classes, reason = episodes["drug_class"], episodes["reason"]
    counted, unknown = _other_drugs(
        episodes,
        antifibrotic_counts,
        cholinesterase_inhibitor_counts,
        replacement_immunoglobulin_counts,
    )
    others = within(counted)
    other_free = boolean(~others, within(unknown) & ~others)

    steroids = episodes[classes == "glucocorticoid"]
    dose = steroids["dose"]
    limit = lenient_mg if variant == "lenient" else 0.0
    replaced = (reason.loc[steroids.index] == "replacement") & allow_adrenal
    disease_dose = _doses(steroids[~replaced | ~(dose <= replacement_mg + TOLERANCE)])
    all_doses = _doses(steroids)
    over = visits.any_between(disease_dose[disease_dose["dose"] > limit + TOLERANCE], early, late)
    if allow_adrenal:
        most = visits.any_between(
            all_doses[all_doses["dose"] > max(limit, replacement_mg) + TOLERANCE], early, late
        )
        over = np.where(adrenal, most, over)
    undosed = within((classes == "glucocorticoid") & episodes["dose"].isna() & (limit > 0))
    # Without a dose an episode is above 0 but perhaps not above the lenient limit.
    doubtful = undosed & ~over
    if limit == 0:
        blank = within((classes == "glucocorticoid") & episodes["dose"].isna())
        over = over | (blank & ~(adrenal & allow_adrenal))
        doubtful = blank & ~over
    steroid_free = boolean(~over, doubtful)

    parts = [steroid_free, other_free]
    antimalarial = (classes == "antimalarial") & (variant == "strict")
    parts.append(boolean(~within(antimalarial), False))
    # Off drugs means none of them: one that is known to be there decides, an unknown one does not.
    free = ~any_of(*(~part for part in parts))

    ends = [
        episodes[counted | antimalarial],
        disease_dose[disease_dose["dose"] > limit + TOLERANCE],
    ]
    if limit == 0:
        ends.append(steroids[dose.isna()])
    code, stop = (
        np.concatenate([part[name].to_numpy(dtype=float) for part in ends])
        for name in ("code", "stop")
    )
    last = at(stop, Days(code, stop).last(visits.codes, early))
    return DrugFree(
        free,
        steroid_free,
        other_free,
        visits.dose_on_day(all_doses, steroids[dose.isna()]),
        np.where(free._data & ~free._mask, last, np.nan),
    )


def drug_free_start(first_remission_day: ArrayLike, off_drug_day: ArrayLike) -> NDArray[np.float64]:
    """Return the day from which drug-free remission counts: the later of remission and off drugs.

    Status: design.

    Parameters
    ----------
    first_remission_day : Day of the first visit in remission.
    off_drug_day : Last day on a counted drug (`DrugFree.off_drug_day`); missing where there was
        none.

    Returns
    -------
    The day; NaN where there is no remission. It is never the infusion as such: time before
    remission off drugs is time in which the event cannot happen.
    """
    first, off = numbers(
        first_remission_day=(first_remission_day, -np.inf, np.inf),
        off_drug_day=(off_drug_day, -np.inf, np.inf),
    )
    return np.where(np.isnan(first), np.nan, np.fmax(first, off))


def named_like(drugs: pd.Series, parts: Iterable[str]) -> NDArray[np.bool_]:
    """Return which drugs have one of the parts in their name; each name is looked at once."""
    parts = [part.casefold() for part in parts]
    codes, names = pd.factorize(drugs.map(str).to_numpy(object))
    hits = [any(part in name.casefold() for part in parts) for name in names]
    return np.array(hits, dtype=bool)[codes] if len(names) else np.zeros(0, bool)


def _episodes(medications: pd.DataFrame, visits: _Visits, ignored: tuple[str, ...]) -> pd.DataFrame:
    """Return the episodes of subjects who have visits, without those given for ignored reasons."""
    n = len(medications)
    reason = medications["reason"] if "reason" in medications else pd.Series([None] * n)
    dose = (
        medications["prednisone_equivalent_mg"]
        if "prednisone_equivalent_mg" in medications
        else pd.Series([np.nan] * n)
    )
    code = visits.names.get_indexer(medications["subject_id"].to_numpy(dtype=object))
    start, stop, dose = (
        pd.to_numeric(column).to_numpy(dtype=float, na_value=np.nan)
        for column in (medications["start_day"], medications["stop_day"], dose)
    )
    table = pd.DataFrame(
        {
            "code": code,
            "drug": medications["drug"].to_numpy(dtype=object),
            "drug_class": medications["drug_class"].to_numpy(dtype=object),
            "start": np.where(np.isnan(start), -np.inf, start),
            "stop": np.where(np.isnan(stop), np.inf, stop),
            "dose": dose,
            "reason": np.where(reason.isna(), None, reason.to_numpy(dtype=object)),
        }
    )
    wrong = table["start"] > table["stop"]
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        what = message("`medications`: episode {row} stops before it starts.", row=row)
        raise CarstatsError(what)
    # With no visit at all there is no subject whose disease could be looked up.
    diseases = np.append(visits.disease_of, None)
    table["disease"] = diseases[np.where(code >= 0, code, len(diseases) - 1)]
    return table[(code >= 0) & ~table["reason"].isin(ignored)].reset_index(drop=True)


def _other_drugs(episodes, antifibrotic, cholinesterase_inhibitor, replacement):
    """Return which episodes are counted drugs besides glucocorticoids, and which may be."""
    classes, reason = episodes["drug_class"], episodes["reason"]
    counted = classes.isin(_ALWAYS)
    if antifibrotic:
        counted |= classes == "antifibrotic"
    if cholinesterase_inhibitor:
        counted |= classes == "cholinesterase inhibitor"
    by_reason = classes.isin(_BY_REASON)
    counted |= by_reason & reason.isin(_DISEASE_REASONS)
    treats = (classes == "immunoglobulin") & episodes["disease"].isin(IMMUNOGLOBULIN_DISEASES)
    counted |= treats & (reason.isna() | replacement)
    stimulant = named_like(episodes["drug"], THROMBOPOIETIN_DRUGS)
    counted |= stimulant & episodes["disease"].isin(THROMBOPOIETIN_DISEASES)
    return counted, by_reason & reason.isna() & ~counted


def _doses(steroids: pd.DataFrame) -> pd.DataFrame:
    """Return spans of one daily dose each: the sum of the episodes that run on a day."""
    known = steroids[steroids["dose"] > 0]
    if known.empty:
        return pd.DataFrame({"code": [], "start": [], "stop": [], "dose": []}).astype({"code": int})
    code = np.r_[known["code"], known["code"]]
    # The dose changes on the first day of an episode and on the day after its last.
    when = np.r_[known["start"], known["stop"] + 1.0]
    change = np.r_[known["dose"], -known["dose"]]
    steps = pd.DataFrame({"code": code, "start": when, "change": change})
    steps = steps.groupby(["code", "start"], as_index=False)["change"].sum()
    total = steps.groupby("code")["change"].cumsum().round(9)
    following = steps.groupby("code")["start"].shift(-1)
    spans = steps.assign(dose=total, stop=(following - 1.0).fillna(np.inf))
    return spans.loc[spans["dose"] > 0, ["code", "start", "stop", "dose"]]


@dataclass(frozen=True)
class _Visits:
    """Visits with the positions of their subjects, and the disease of each subject."""

    names: pd.Index
    codes: NDArray[np.int_]
    day: NDArray[np.float64]
    disease_of: NDArray[np.object_]

    def any_between(self, episodes, early, late) -> NDArray[np.bool_]:
        """Return whether an episode of each visit's subject runs on a day from early to late."""
        code, start, stop = (episodes[name].to_numpy() for name in ("code", "start", "stop"))
        return runs_between(self.codes, early, late, code, start, stop)

    def dose_on_day(self, spans, undosed) -> NDArray[np.float64]:
        """Return the dose on the day of each visit; NaN where an episode of unknown dose runs."""
        row = Days(spans["code"], spans["start"]).last(self.codes, self.day, before=False)
        runs = at(spans["stop"], row, -np.inf) >= self.day
        dose = np.where(runs, at(spans["dose"], row, 0.0), 0.0)
        return np.where(self.any_between(undosed, self.day, self.day), np.nan, dose)


def _visits(subject, day, disease) -> _Visits:
    names = np.atleast_1d(np.asarray(subject, dtype=object))
    (days,) = numbers(day=(day, -np.inf, np.inf))
    days = np.broadcast_to(days, names.shape) if len(days) == 1 else days
    diseases = np.atleast_1d(np.asarray(disease, dtype=object))
    diseases = np.broadcast_to(diseases, names.shape) if len(diseases) == 1 else diseases
    if len(days) != len(names) or len(diseases) != len(names):
        raise CarstatsError(message("`subject`, `day` and `disease` differ in length."))
    codes, unique = pd.factorize(names)
    if (codes < 0).any() or np.isnan(days).any():
        raise CarstatsError(
            message("`subject` or `day` is missing for a visit; every visit needs both.")
        )
    of = np.empty(len(unique), dtype=object)
    of[codes] = diseases
    return _Visits(pd.Index(unique), codes, days, of)
