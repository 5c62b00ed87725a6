"""The course of each subject, numbered and never identified: what a swimmer plot draws."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.cohort.strata import check_by, level_labels, stratum_keys, stratum_mask
from carstats.data.vocabulary import within_sentence
from carstats.messages import message
from carstats.result import Result

# In the order in which they are drawn: bars first, then what happens on a day.
ITEMS = (
    "follow-up",
    "response",
    "response, not assessed since",
    "drug-free",
    "drug-free, not assessed since",
    "relapse",
    "re-infusion",
    "death",
    "ongoing",
)
_ENDS = ("relapse", "re-infusion", "death")


def subject_timelines(
    cohort: Cohort,
    *,
    by: str | Iterable[str] | None = None,
    response: str = "response",
    drug_free: str = "drug_free_remission",
    relapse: str = "relapse",
) -> Result:
    """List for each subject when it was in response, drug-free, relapsed, re-infused or died.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    by : str or list of str, optional
        Columns of the subjects table to arrange the subjects by.
    response, drug_free : str
        Response endpoints. A subject is in the state from a visit at which it was found to the
        first evaluable one at which it was not. A state that the last evaluable visit still found
        goes on, as "not assessed since", to what ends it (relapse, re-infusion, death) or to the
        end of follow-up.
    relapse : str
        Time-to-event endpoint of the relapse.

    Returns
    -------
    Result
        ``number`` of the subject (1, 2, … by stratum and descending follow-up: no identifier),
        ``item`` (of `ITEMS`), ``start`` and ``stop`` in days since infusion (equal for what
        happens on a day); a state that lasts and its part "not assessed since" are two rows.
        "ongoing" is a subject followed to the end, without death, relapse or re-infusion. What the
        study does not record has no rows.

    Raises
    ------
    CarstatsError
        If a column does not exist or has missing values, or an endpoint is not in the vocabulary.

    Examples
    --------
    >>> figure = cs.plot(cs.subject_timelines(lupus, by="target"))
    """
    check_cohort(cohort)
    cohort.study.require_described()
    vocabulary = cohort.study.vocabulary
    states = {
        "response": vocabulary.require("response", "endpoint", response, "response"),
        "drug-free": vocabulary.require("drug_free", "endpoint", drug_free, "response"),
    }
    relapse = vocabulary.require("relapse", "endpoint", relapse, "time-to-event")
    chosen = check_by(cohort.subjects, by)
    subjects = cohort.subjects
    ordered = []
    for key in stratum_keys(vocabulary, cohort.eligible, chosen):
        stratum = subjects[stratum_mask(subjects, chosen, key)]
        ordered.append(stratum.sort_values("last_contact_day", ascending=False, kind="stable"))
    subjects = pd.concat(ordered, ignore_index=True)
    number = pd.Series(range(1, len(subjects) + 1), subjects["subject_id"])
    end = subjects.set_index("subject_id")["last_contact_day"].astype(float).clip(lower=0.0)
    parts = [_rows("follow-up", end.index, 0.0, end.to_numpy())]
    found = [_states(cohort, item, endpoint) for item, endpoint in states.items()]
    parts += [spans.drop(columns="lasts") for spans in found]
    parts.append(_relapses(cohort, relapse))
    if cohort.study.infusions is not None:
        again = cohort.table("infusions")
        planned = again["planned"].fillna(True).astype(bool)
        again = again[(again["infusion_number"] > 1) & ~planned & (again["day"] > 0)]
        parts.append(_rows("re-infusion", again["subject_id"], again["day"], again["day"]))
    if "death_day" in subjects:
        dead = subjects[subjects["death_day"].notna()]
        parts.append(_rows("death", dead["subject_id"], dead["death_day"], dead["death_day"]))
    frame = _joined(parts)
    endings = frame[frame["item"].isin(_ENDS)]
    going = end[~end.index.isin(endings["subject_id"])]
    carried = [_carried(spans, endings, end) for spans in found]
    frame = _joined([frame, *carried, _rows("ongoing", going.index, going, going)])
    frame.insert(0, "number", frame["subject_id"].map(number))
    place = frame["item"].map({item: i for i, item in enumerate(ITEMS)})
    frame = frame.assign(place=place).sort_values(["number", "place", "start"], kind="stable")
    levels = subjects.set_index("subject_id")[chosen]
    for i, column in enumerate(chosen):
        frame.insert(i, column, frame["subject_id"].map(levels[column]))
    frame = frame.drop(columns=["subject_id", "place"]).reset_index(drop=True)
    diseases = subjects["disease"].dropna().unique()
    course = message("Course of each subject")
    if len(diseases) == 1 and "disease" not in chosen:
        label = within_sentence(vocabulary.label("disease", diseases[0]))
        course = message("Course of each subject with {disease}", disease=label)
    spec = cohort.spec(
        "subject_timelines",
        endpoint=course,
        endpoints=(*states.values(), *([relapse] if relapse else [])),
        estimands=(),
        method=message("time since the first infusion")
        if not any(map(len, found))
        else message(
            "time since the first infusion; a state lasts from the visit that finds it to the "
            "first that does not; one that the last visit found goes on, as not assessed since, to "
            "relapse, re-infusion, death or the end of follow-up"
        ),
        by=chosen,
        response=states["response"],
        drug_free=states["drug-free"],
        relapse=relapse,
    )
    labels = {
        "response": vocabulary.label("endpoint", states["response"]),
        "drug-free": vocabulary.label("endpoint", states["drug-free"]),
    }
    return Result(frame, spec, level_labels(vocabulary, chosen) | {"item": labels})


def _rows(item: str, subjects, start, stop) -> pd.DataFrame:
    frame = pd.DataFrame({"subject_id": list(subjects), "item": item})
    frame["start"] = start if isinstance(start, float) else list(start)
    frame["stop"] = list(stop)
    return frame


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def _states(cohort: Cohort, item: str, endpoint: str) -> pd.DataFrame:
    """Return when subjects were seen in a state, and whether their last visit still found it."""
    spans = []
    if cohort.study.responses is not None:
        seen = cohort.table("responses", endpoint=endpoint)
        seen = seen[seen["response"].notna() & (seen["day"] >= 0)]
        if "evaluable" in seen:
            seen = seen[seen["evaluable"].fillna(True).astype(bool)]
        for subject, visits in seen.sort_values("day", kind="stable").groupby("subject_id"):
            since = last = None
            for day, met in zip(visits["day"], visits["response"].astype(bool), strict=True):
                last = day
                if met and since is None:
                    since = day
                elif not met and since is not None:
                    spans.append((subject, item, since, day, False))
                    since = None
            if since is not None:
                spans.append((subject, item, since, last, True))
    return pd.DataFrame(spans, columns=["subject_id", "item", "start", "stop", "lasts"])


def _carried(spans: pd.DataFrame, endings: pd.DataFrame, end: pd.Series) -> pd.DataFrame:
    """Return the parts of lasting states that nobody has assessed since."""
    rows = []
    for span in spans[spans["lasts"].astype(bool)].itertuples():
        later = endings.loc[endings["subject_id"] == span.subject_id, "start"]
        # A relapse on the day of the last visit has ended the state there.
        stop = min([end[span.subject_id], *later[later >= span.stop]])
        if stop > span.stop:
            item = f"{span.item}, not assessed since"
            rows.append((span.subject_id, item, span.stop, stop))
    return pd.DataFrame(rows, columns=["subject_id", "item", "start", "stop"])


def _relapses(cohort: Cohort, endpoint: str) -> pd.DataFrame:
    if cohort.study.events is None:
        return _rows("relapse", [], [], [])
    found = cohort.table("events", endpoint=endpoint, status="event")
    day = found["time"]
    if "origin_day" in found:
        day = day + found["origin_day"].fillna(0.0)
    return _rows("relapse", found["subject_id"], day, day)
