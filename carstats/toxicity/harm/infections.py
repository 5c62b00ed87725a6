"""Serious infections by group of organism and window, per person-time at risk."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import estimate_by, level_labels
from carstats.data.vocabulary import folded
from carstats.endpoints.rules.toxicity.infections import infection_class
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number
from carstats.messages import joined_notes, mark, message, message_n
from carstats.result import Result
from carstats.toxicity.episodes import (
    Severe,
    checked_terms,
    checked_windows,
    episodes_of,
    followup_end,
    term_words,
)
from carstats.toxicity.exposure import rate_row
from carstats.toxicity.merging import merged_episodes
from carstats.toxicity.unknown import before_note, bounded_note, uncollected_note
from carstats.wording import limits_words

ANY = "any"
GROUPS = ("bacterial", "viral", "fungal", "other", "not identified")
_LABELS = {
    ANY: mark("any organism"),
    "bacterial": mark("bacterial"),
    "viral": mark("viral"),
    "fungal": mark("fungal"),
    "other": mark("other organism"),
    "not identified": mark("not identified"),
}
_GROUP_OF = {"parasitic": "other", "unclassified": "other", "no organism": "not identified"}
# What stands between the names of two organisms in one cell.
_BETWEEN = re.compile(r"[;；,，、/+&|]|\band\b|\bwith\b|和|及")
_SERIOUS = Severe("grade", 3)
_METHODS = ("exact", "robust")


def infections_by_organism(
    cohort: Cohort,
    term: str = "infection",
    *,
    serious: bool = True,
    window: str | tuple[float, float] | Iterable[tuple[float, float]] | None = "standard",
    events: str = "all",
    method: str | None = None,
    per: float = 100,
    gap: float = 0,
    organisms: Mapping[str, str] | None = None,
    by: str | Iterable[str] | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate infections per person-time at risk, by group of organism and window of onset.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; usually the infused.
    term : str
        The toxicity that infections are recorded under.
    serious : bool
        Whether only serious ones count: recorded as serious, or of grade 3 or more. Where the study
        records of some whether they are serious, one without it and below grade 3 may be.
    window : (float, float), list of these, ``"standard"``, or None
        Days of onset, as for `toxicity_rate`; None is the whole follow-up.
    events : {"all", "first"}
        All episodes; or each subject's first of the group, whose time ends with it.
    method : {"robust", "exact"}, optional
        Limits, as for `exposure_adjusted_rate`: exact Poisson for first events. All of them would
        have too short limits so where some subjects have many; "robust" are Garwood's on the
        effective number of events, and exact where subjects do not differ more than by chance.
    per : float
        Person-years that rates are given for.
    gap : float
        Records of one site at most so many days apart are one episode.
    organisms : mapping of str to str, optional
        Organisms of the study's own, each with its class: ``"bacterial"``, ``"viral"``,
        ``"fungal"``, ``"parasitic"`` or ``"no organism"``.
    by : str or list of str, optional
        Columns of the subjects table.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum, ``organism`` (``"any"``, ``"bacterial"``, ``"viral"``, ``"fungal"``,
        ``"other"``, ``"not identified"``) and window: the columns of `exposure_adjusted_rate`. An
        episode with organisms of two groups counts in both, and once in ``"any"``.

    Raises
    ------
    CarstatsError
        If the term is not in the vocabulary, the study has no toxicities or no organisms, or an
        argument is not allowed.

    References
    ----------
    Garwood F. Biometrika 1936; 28: 437-442.
    Korn EL, Graubard BI. Survey Methodology 1998; 24: 193-201 (effective counts).

    Examples
    --------
    >>> cs.infections_by_organism(cohort, window=None)
    """
    check_conf_level(conf_level)
    check_number("per", per, low=1e-9)
    check_number("gap", gap, low=0)
    events = check_choice("events", events, ("all", "first"))
    method = method or ("exact" if events == "first" else "robust")
    method = check_choice("method", method, _METHODS)
    if not isinstance(serious, bool):
        raise CarstatsError(
            message("`serious` is {serious}; it takes True or False.", serious=repr(serious))
        )
    by, (name,) = checked_terms(cohort, [term], by)
    windows = [(0.0, np.inf)] if window is None else checked_windows(window)
    study = cohort.study
    table = cohort.table("toxicities")
    rows = table[table["term"] == name]
    if "organism" not in table:
        raise CarstatsError(
            message(
                "the study has no organisms. Give the toxicities a column `organism`, blank where "
                "none was found; exposure_adjusted_rate() answers without it."
            )
        )
    severe = _SERIOUS if serious else Severe()
    records, collected = _judged(episodes_of(cohort, [name]), serious)
    groups, strange, several = _groups(rows["organism"], organisms)
    elsewhere = table[(table["term"] != name) & table["organism"].notna()]
    records = records.assign(strange=strange, several=several)
    parts = {
        group: merged_episodes(records[mask], severe, gap=gap) for group, mask in groups.items()
    }
    subjects = cohort.subjects.assign(followed_to=followup_end(cohort.subjects))
    lacking = uncollected_note(cohort, name)

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        who, found = stratum["subject_id"], []
        about = _about(stratum, records, elsewhere, collected)
        for group, all_ in parts.items():
            mine = all_[all_["subject_id"].isin(who)]
            counts = mine[mine["counts"]]
            maybe = mine[mine["counts"] | mine["unknown"]]
            maybe = maybe.assign(onset_day=maybe["onset_day"].fillna(0.0))
            for days in windows:
                how = (days, events, method, per, None, conf_level)
                doubtful = _doubtful(mine, days, events)
                most = rate_row(stratum, maybe, *how)["conf_high"] if doubtful else 0.0
                answer = rate_row(stratum, counts, *how, at_most=most)
                answer["n_missing"] += doubtful
                answer["note"] = joined_notes(
                    answer["note"],
                    _perhaps_serious(doubtful) if serious else bounded_note(doubtful),
                    lacking,
                    about if group == ANY else "",
                )
                edges = {"window_start": days[0], "window_end": days[1]} if window else {}
                found.append({"organism": group, **edges, **answer})
        return pd.DataFrame(found)

    toxicity, years = term_words(study, [name]), f"{per:g}"
    if serious:
        toxicity = message("{toxicity}, serious or grade 3 or worse", toxicity=toxicity)
    endpoint = message("{toxicity}: events per {n} person-years", toxicity=toxicity, n=years)
    if events == "first":
        endpoint = message(
            "{toxicity}: first events per {n} person-years", toxicity=toxicity, n=years
        )
    spec = cohort.spec(
        "infections_by_organism",
        endpoint=endpoint,
        method=limits_words(method, conf_level),
        by=by, conf_level=conf_level, term=name, serious=serious, events=events, limits=method,
        window=[[a, None if np.isinf(b) else b] for a, b in windows],
        per=float(per), gap=float(gap), organisms=None if organisms is None else dict(organisms),
    )  # fmt: skip
    labels = level_labels(study.vocabulary, by)
    labels["organism"] = {group: message(words) for group, words in _LABELS.items()}
    frame = estimate_by(study.vocabulary, cohort.eligible, subjects, by, estimate)
    return Result(frame, spec, labels)


def _judged(records: pd.DataFrame, serious: bool) -> tuple[pd.DataFrame, bool]:
    """Return episodes with their verdict, and whether seriousness was recorded of any.

    Of serious ones the verdict stands as a grade: 3 counts, 1 does not, none is not known.
    """
    flag = records["serious"]
    collected = bool(flag.notna().any())
    if not serious:
        return records, collected
    yes = flag.fillna(False).astype(bool) | (records["least"] >= 3)
    no = flag.eq(False).fillna(False).astype(bool)
    if not collected:
        # Then the grade alone says it.
        no = records["level"] < 3
    level = np.where(yes, 3.0, np.where(no, 1.0, np.nan))
    # Not known whether there was an episode: neither whether a serious one.
    level = np.where((records["least"] == 0) & ~yes, np.nan, level)
    known = records.assign(level=level, least=np.where(yes, 3.0, records["least"].clip(upper=1)))
    counts = (known["least"] >= 3) & ~known["before"]
    return known.assign(counts=counts, unknown=np.isnan(level) & ~known["before"]), collected


def _doubtful(episodes: pd.DataFrame, days: tuple[float, float], events: str) -> int:
    """Return how many subjects have an episode that may count in a window, or end their time."""
    onset = np.floor(episodes["onset_day"].astype(float))
    first = -np.inf if events == "first" else days[0]
    may = episodes["unknown"] & (onset.isna() | onset.between(first, days[1]))
    return int(episodes.loc[may, "subject_id"].nunique())


def _perhaps_serious(n: int) -> str:
    if not n:
        return ""
    return message_n(
        "{n} with an episode that may be serious: in the upper limit alone",
        "{n} with episodes that may be serious: in the upper limit alone",
        n,
    )


def _groups(organism: pd.Series, own: Mapping[str, str] | None):
    """Return which records belong to each group; which name an organism that is not known here."""
    known = {} if own is None else {folded(word) for word in own}
    # Records have few distinct organisms: each is looked up once.
    codes, texts = pd.factorize(organism.astype(object), use_na_sentinel=True)
    classes = [_classes(text, known, own) for text in [*texts, None]]
    named: list[set[str]] = []
    for one in classes:
        found = {"not identified" if k is None else _GROUP_OF.get(k, k) for k in one}
        # Beside an organism that was found a culture without one says nothing.
        named.append(found - {"not identified"} or found)
    masks = {ANY: np.ones(len(codes), bool)}
    masks |= {group: np.array([group in one for one in named], bool)[codes] for group in GROUPS}
    strange = np.array(["unclassified" in one for one in classes], bool)[codes]
    return masks, strange, np.array([len(one) > 1 for one in named], bool)[codes]


def _classes(text: object, known: Collection[str], own: Mapping[str, str] | None) -> list:
    """Return the class of each organism that a record names."""
    whole = text is None or folded(str(text)) in known
    parts = [text] if whole else [p.strip() for p in _BETWEEN.split(str(text)) if p.strip()]
    return list(infection_class(np.array(parts or [None], object), organisms=own))


def _about(
    stratum: pd.DataFrame, records: pd.DataFrame, elsewhere: pd.DataFrame, collected: bool
) -> str:
    """Return what a reader has to know of a stratum's records."""
    who = stratum["subject_id"]
    mine = records[records["subject_id"].isin(who) & (records["counts"] | records["unknown"])]
    strange, several = int(mine["strange"].sum()), int(mine["several"].sum())
    other = int(elsewhere["subject_id"].isin(who).sum())
    return joined_notes(
        message("no subjects") if stratum.empty else "",
        "" if collected else message("seriousness was not recorded: the grade alone says it"),
        message_n(
            "{n} record names an organism that is not known here, counted as other: give its class "
            "in `organisms`",
            "{n} records name organisms that are not known here, counted as other: give their "
            "classes in `organisms`",
            strange,
        )
        if strange
        else "",
        message_n("{n} record with organisms of several groups, counted in each",
                  "{n} records with organisms of several groups, counted in each", several)
        if several
        else "",
        message_n(
            "{n} record of another toxicity names an organism, not counted",
            "{n} records of other toxicities name an organism, not counted",
            other,
        )
        if other
        else "",
        before_note(records, stratum),
    )  # fmt: skip
