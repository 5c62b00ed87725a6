"""What each subject was exposed to and what came of it, from a landmark on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.data.vocabulary import within_sentence
from carstats.errors import CarstatsError, check_number, listed
from carstats.kinetics.profiles import profiles_of
from carstats.kinetics.samples import Samples, kinetic_samples, treated
from carstats.messages import mark, message, message_n

PEAK_DAY = 28.0
_EXPOSURES = ("Cmax", "Tmax", "AUC0-28", "B-cell nadir", "dose", "dose per kg")
DOSES = ("dose", "dose per kg")
PRODUCTS = mark("doses of {n} products, which differ in more than the dose: {products}")
# A product whose name says so was dosed by weight; any other in millions of cells.
_BY_WEIGHT = re.compile(r"/\s*(?:kg|公斤|千克)|per kg", re.I)
# A visit's response is the nearest so many days before or after.
_VISIT_REACH = 28.0


@dataclass
class Pairs:
    """Exposure and outcome of each infused subject.

    Attributes
    ----------
    frame : pandas.DataFrame
        The infused subjects' table with ``value`` (NaN where missing), ``below`` (below
        quantification, so lowest), ``group`` (number; NaN where not known) and ``left``: a code why
        a subject does not count.
    label, unit, outcome : str
        Words for the exposure, its unit and the outcome.
    levels : dict
        Words for the groups by their number.
    landmark : float
        The day from which the outcome counts; 0 for none.
    notes : list of str
        What holds of all rows.
    """

    frame: pd.DataFrame
    label: str
    unit: str
    outcome: str
    levels: dict[float, str]
    landmark: float
    notes: list[str] = field(default_factory=list)

    def left_out(self, rows: pd.DataFrame) -> list[str]:
        """Say how many of some subjects do not count, and why."""
        words = []
        for code, said in (
            ("landmark", lambda n: message_n("{n} not at risk on the landmark",
                                             "{n} not at risk on the landmark", n)),
            ("exposure", lambda n: message_n("{n} without the exposure",
                                             "{n} without the exposure", n)),
            ("rival", lambda n: message_n("{n} with a competing event",
                                          "{n} with a competing event", n)),
            ("outcome", lambda n: message_n("{n} without a known outcome",
                                            "{n} without a known outcome", n)),
        ):  # fmt: skip
            n = int((rows["left"] == code).sum())
            words += [said(n)] if n else []
        return words


def paired(
    cohort: Cohort, exposure: str, outcome: str, measure: str, at: float | None,
    landmark: float | None, limit: float | None, expands: bool,
) -> Pairs:  # fmt: skip
    """Return each infused subject's exposure and outcome."""
    study = cohort.study
    subjects = treated(cohort)
    if landmark is not None:
        check_number("landmark", landmark, low=0)
    known = _known_day(exposure, landmark)
    kind, name = _outcome_kind(cohort, outcome)
    default = 0.0 if kind == "toxicity" else known
    start = default if landmark is None else float(landmark)
    if start < known and (kind != "toxicity" or landmark is not None):
        raise CarstatsError(
            message(
                "`landmark` is {landmark}, and {exposure} is known on day {day} only: an earlier "
                "outcome cannot follow from it. Take `landmark`={day}.",
                landmark=f"{start:g}", exposure=repr(exposure), day=f"{known:g}",
            )
        )  # fmt: skip
    frame = subjects[["subject_id"]].copy()
    value, below, label, unit, notes = _exposures(
        cohort, exposure, measure, known, limit, expands
    )  # fmt: skip
    frame["value"] = frame["subject_id"].map(value).astype(float)
    frame["below"] = frame["subject_id"].isin(below)
    make = {"toxicity": _grades, "response": _responses, "event": _events}[kind]
    group, left, said, levels = make(cohort, subjects, name, at, start)
    frame["group"] = group.reindex(frame["subject_id"]).to_numpy(float)
    frame["left"] = left.reindex(frame["subject_id"]).fillna("").to_numpy(object)
    bare = (frame["left"] == "") & frame["value"].isna() & ~frame["below"]
    frame.loc[bare, "left"] = "exposure"
    frame.loc[(frame["left"] == "") & frame["group"].isna(), "left"] = "outcome"
    if kind == "toxicity" and known > 0 and start == 0:
        notes.append(message("exposure and toxicity are of the same days: neither is the first"))
    vocabulary = study.vocabulary
    label = label or vocabulary.label("measure", measure)
    whole = subjects.reset_index(drop=True).assign(
        **{c: frame[c].to_numpy() for c in ("value", "below", "group", "left")}
    )
    return Pairs(whole, label, unit, said, levels, start, notes)


def _known_day(exposure: str, landmark: float | None) -> float:
    """Return the day on which an exposure is known."""
    if exposure in ("Cmax", "Tmax"):
        return PEAK_DAY
    if exposure in DOSES:
        return 0.0
    if exposure == "B-cell nadir":
        return PEAK_DAY if landmark is None else float(landmark)
    found = re.fullmatch(r"AUC0-(\d+(?:\.\d+)?)", str(exposure))
    if found and float(found[1]) > 0:
        return float(found[1])
    raise CarstatsError(
        message(
            "`exposure` is {exposure}; it takes one of {known}, or AUC0- with another day. What "
            "is known at the end of sampling only, such as Tlast, is no exposure.",
            exposure=repr(exposure), known=listed(_EXPOSURES),
        )
    )  # fmt: skip


def _exposures(cohort, exposure: str, measure: str, known: float, limit, expands: bool):
    """Return values by subject, who is below quantification, words, the unit and notes."""
    if exposure in DOSES:
        return _doses(cohort, per_kg=exposure == "dose per kg")
    if exposure == "B-cell nadir":
        samples = kinetic_samples(cohort, "B_cells", "course", limit)
        rows = samples.frame[samples.frame["infusion_number"] == 1]
        rows = rows[rows["time"].between(0, known, inclusive="right")]
        lowest = rows.assign(value=rows["value"].fillna(0.0)).groupby("subject_id")["value"].min()
        label = message("Lowest {measure} to day {day}", measure=samples.label, day=f"{known:g}")
        return lowest, [], label, samples.unit, []
    samples = kinetic_samples(cohort, measure, "first", limit)
    since = 0.0 if not expands else float(np.nextafter(0.0, 1.0))
    if exposure.startswith("AUC"):
        value, below = _areas(samples, _known_day(exposure, None), since, expands)
    else:
        value, below = _peaks(samples, exposure, since)
    unit = message("days") if exposure == "Tmax" else samples.unit
    if exposure.startswith("AUC"):
        unit = message("{unit} × days", unit=samples.unit)
    label = message("{parameter} of {measure}", parameter=exposure, measure=samples.label)
    return value, below, label, unit, []


def _areas(samples: Samples, end: float, since: float, expands: bool):
    """Return the area to a day by subject, and of whom it is 0: all samples were below."""
    settings = {"horizons": [end], "peak_in_decline": not expands}
    found = profiles_of(samples, settings | {"peak_within": (since, PEAK_DAY)})
    areas = {subject: one.profile.areas[0].value for (subject, _), one in found.items()}
    value = {subject: np.nan if area == 0 else area for subject, area in areas.items()}
    return value, [subject for subject, area in areas.items() if area == 0]


def _peaks(samples: Samples, exposure: str, since: float):
    """Return the peak or its day by subject, and who was sampled then and is below all peaks."""
    rows = samples.frame.reset_index(drop=True)
    rows = rows[rows["subject_id"].isin(rows.loc[rows["time"] > 0, "subject_id"])]
    among = rows[rows["time"].between(since, PEAK_DAY)]
    seen = among[among["value"].notna()]
    # Of equal values the first; samples are in order of time.
    top = seen.loc[seen.groupby("subject_id")["value"].idxmax()].set_index("subject_id")
    # Without a peak there is no day of it, but a peak lower than all.
    if exposure == "Tmax":
        return top["time"], []
    return top["value"], sorted(set(among["subject_id"]) - set(top.index))


def _doses(cohort: Cohort, *, per_kg: bool):
    """Return the dose of the first infusion by subject, in millions of cells, or of each kilogram.

    Doses of several products are of one unit then, and are told apart in a note.
    """
    rows = cohort.table("infusions") if cohort.study.infusions is not None else None
    if rows is None or "dose" not in rows or rows["dose"].isna().all():
        raise CarstatsError(
            message(
                "`exposure` is {exposure}, and the study has no dose. Fill `dose` in the "
                "infusions.",
                exposure=repr("dose per kg" if per_kg else "dose"),
            )
        )  # fmt: skip
    first = rows.sort_values("day", kind="stable").drop_duplicates("subject_id")
    dosed = first[first["dose"].notna()].set_index("subject_id")
    product = dosed.get("product", pd.Series("", dosed.index)).fillna("").astype(str)
    weighed = product.str.contains(_BY_WEIGHT)
    subjects = cohort.subjects.set_index("subject_id")
    weight = subjects.get("weight_kg", pd.Series(np.nan, subjects.index)).astype(float)
    weight = weight.reindex(dosed.index)
    change = ~weighed if per_kg else weighed
    value = dosed["dose"].astype(float)
    value = value.where(~change, value / weight if per_kg else value * weight)
    if value.isna().all():
        raise CarstatsError(
            message(
                "`exposure` is {exposure}, and the doses are {given}: that takes `weight_kg` in "
                "the subjects table.",
                exposure=repr("dose per kg" if per_kg else "dose"),
                given=message("cells in all") if per_kg else message("cells per kilogram"),
            )
        )  # fmt: skip
    turned = int((change & value.notna()).sum())
    counts = product[value.notna()].value_counts().sort_index()
    notes = []
    if turned:
        notes.append(
            message_n("{n} dose brought to the unit by the body weight",
                      "{n} doses brought to the unit by the body weight", turned)
        )  # fmt: skip
    if len(counts) > 1:
        told = message(", ").join(
            message("{product} ({n})", product=name or message("not named"), n=n)
            for name, n in counts.items()
        )  # fmt: skip
        notes.append(message(PRODUCTS, n=len(counts), products=told))
    label = message("Cell dose by weight") if per_kg else message("Cell dose")
    unit = message("10⁶ cells/kg") if per_kg else message("10⁶ cells")
    return value, [], label, unit, notes


def _outcome_kind(cohort: Cohort, outcome: str) -> tuple[str, str]:
    study = cohort.study
    for kind, names in (("response", study.endpoints("response")),
                        ("event", study.endpoints("time-to-event"))):  # fmt: skip
        if outcome in names:
            return kind, outcome
    has = [*study.endpoints("response"), *study.endpoints("time-to-event")]
    if study.toxicities is not None and outcome in set(study.toxicities["term"]):
        return "toxicity", outcome
    terms = [] if study.toxicities is None else list(study.toxicities["term"].unique())
    raise CarstatsError(
        message(
            "`outcome` is {outcome}; the study has the endpoints {endpoints} and the toxicities "
            "{terms}.",
            outcome=repr(outcome), endpoints=listed(has) or message("none"),
            terms=listed(terms) or message("none"),
        )
    )  # fmt: skip


def _grades(cohort: Cohort, subjects, term: str, at, start: float):
    """Return the worst grade of each subject, 0 for none; NaN where an episode has no grade.

    An episode that began before the infusion is none of its effects.
    """
    rows = cohort.table("toxicities")
    rows = rows[(rows["term"] == term) & ~(rows["onset_day"] < 0)]
    ids = subjects["subject_id"]
    early = set(rows.loc[rows["onset_day"] <= start, "subject_id"]) if start else set()
    rows = rows[rows["onset_day"] > start] if start else rows
    grade = rows["grade"].astype(float) if "grade" in rows else pd.Series(np.nan, rows.index)
    # One without a grade may be worse than the others, unless those are the worst there is.
    graded = grade.groupby(rows["subject_id"])
    worst = graded.max()
    worst = worst.where(graded.count().eq(graded.size()) | worst.eq(5))
    group = ids.map(worst).where(ids.isin(rows["subject_id"]), 0.0)
    group.index = ids
    out = ids.isin(early) | (subjects["last_contact_day"].astype(float) < start)
    left = pd.Series(np.where(out, "landmark", ""), ids)
    levels = {float(g): message("grade {grade}", grade=g) if g else message("none")
              for g in range(6)}  # fmt: skip
    label = within_sentence(cohort.study.vocabulary.label("toxicity", term))
    said = message("worst grade of {term}", term=label)
    return group, left, said, levels


def _responses(cohort: Cohort, subjects, name: str, at, start: float):
    """Return whether each subject responds at the visit."""
    at = 168.0 if at is None else float(at)
    _check_later(at, start)
    rows = cohort.table("responses", endpoint=name)
    rows = rows[rows["response"].notna()]
    if "evaluable" in rows:
        rows = rows[rows["evaluable"].fillna(True).astype(bool)]
    off = (rows["day"].astype(float) - at).abs()
    near = rows.assign(off=off)[(off <= _VISIT_REACH) & (rows["day"] > start)]
    near = near.sort_values(["off", "day"], ascending=[True, False], kind="stable")
    near = near.drop_duplicates("subject_id").set_index("subject_id")
    group = near["response"].astype(float)
    ids = subjects["subject_id"]
    gone = subjects["last_contact_day"].astype(float) < start
    left = pd.Series(np.where(gone, "landmark", ""), ids)
    label = cohort.study.vocabulary.label("endpoint", name)
    said = message("{endpoint} around day {day}", endpoint=label, day=f"{at:g}")
    return group, left, said, {0.0: message("no"), 1.0: message("yes")}


def _events(cohort: Cohort, subjects, name: str, at, start: float):
    """Return whether each subject has the event between the landmark and a day."""
    at = 365.0 if at is None else float(at)
    _check_later(at, start)
    rows = cohort.table("events", endpoint=name)
    rows = rows[rows["status"].notna()].set_index("subject_id")
    day = rows["time"].astype(float)
    if "origin_day" in rows:
        day = day + rows["origin_day"].fillna(0).astype(float)
    happened = rows["status"] == "event"
    group = pd.Series(np.nan, rows.index)
    group[happened & (day <= at)] = 1.0
    group[day > at] = 0.0
    group[~happened & (day == at)] = 0.0
    left = pd.Series("", rows.index, dtype=object)
    left[(rows["status"] == "competing") & (day <= at)] = "rival"
    left[day <= start] = "landmark"
    label = cohort.study.vocabulary.label("endpoint", name)
    said = message("{endpoint} by day {day}", endpoint=label, day=f"{at:g}")
    return group, left, said, {0.0: message("no"), 1.0: message("yes")}


def _check_later(at: float, start: float) -> None:
    if at <= start:
        raise CarstatsError(
            message("`at` is {at}; it takes a day after the landmark, {landmark}.",
                    at=f"{at:g}", landmark=f"{start:g}")
        )  # fmt: skip
