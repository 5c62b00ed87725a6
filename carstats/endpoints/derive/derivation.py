"""`derive`: from a study's assessments and medications to its events, responses and toxicities."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.data.study import Study, with_tables
from carstats.endpoints.derive.course import Course
from carstats.endpoints.derive.estimand import EVENT_ENDPOINTS, estimand_of
from carstats.endpoints.derive.immune_events import IMMUNE_EVENTS
from carstats.endpoints.derive.intercurrent import Strategies, find_intercurrent, strategies_of
from carstats.endpoints.derive.judge import Judge
from carstats.endpoints.derive.responses import (
    RESPONSE_ENDPOINTS,
    derivable,
    derive_responses,
    not_derived,
)
from carstats.endpoints.derive.time_to_event import EVENTS
from carstats.endpoints.derive.toxicity_episodes import derive_toxicities, flag_notes, flag_recorded
from carstats.endpoints.derive.visits import DISEASE_SCORES, find_visits
from carstats.endpoints.derive.worsenings import undocumented_aplasia
from carstats.endpoints.options import Rules, changed, rules_of
from carstats.endpoints.record.naming import term_words, terms_in_words
from carstats.endpoints.record.searches import runs_between
from carstats.endpoints.record.visits import Visits
from carstats.endpoints.rules.disease_states import RESPONSE
from carstats.endpoints.rules.toxicity.infections import describe_infections
from carstats.errors import CarstatsError, listed, names_given
from carstats.messages import message, message_n

NEEDS: dict[str, tuple[str, ...]] = {
    "b_cell_reconstitution": ("B_cells",),
    "igg_recovery": ("IgG",),
    "ck_normalisation": ("CK",),
    "complement_normalisation": ("C3",),
}
"""Time-to-event endpoints of one measure, and the measure."""


@dataclass(frozen=True)
class Derivation:
    """Everything that the rules give for a study, whatever the study brings itself.

    Attributes
    ----------
    events, responses, toxicities : pandas.DataFrame
        The derived rows, in the columns of the study's tables; `events` has `component` and
        `severity` beside them: what a composite's event was, and how severe a relapse was.
    notes : tuple of str
        What was not derived, and why.
    """

    events: pd.DataFrame
    responses: pd.DataFrame
    toxicities: pd.DataFrame
    notes: tuple[str, ...]


def derive(
    study: Study,
    *,
    endpoints: Iterable[str] | None = None,
    strategies: Strategies | None = None,
    rules: Rules | None = None,
) -> Study:
    """Derive the events, responses and toxicities that a study does not bring itself.

    What the study brings is adjudicated and wins: a response row of a subject, endpoint and visit,
    an event row of a subject and endpoint, and every toxicity of a term that the study records.

    Parameters
    ----------
    study : Study
        The study, with assessments; medications and infusions are read where it has them.
    endpoints : iterable of str, optional
        Time-to-event and response endpoints of the vocabulary. By default every one whose
        components the study measured; one asked for by name is derived in any case, and not
        evaluable where a component is missing.
    strategies : Strategies, optional
        What is done about each intercurrent event; by default as the study's settings say
        (`study.toml`, section ``[strategies]``).
    rules : Rules, optional
        The other parameters: schedule, thresholds, look-backs; by default those of the study's
        settings (``[rules]``, ``[schedule]``).

    Returns
    -------
    Study
        The study with its tables filled. Derived events have a `component` (what a composite's
        event was) and a `severity` (of a relapse, where its rule knows it); `notes` says what was
        not derived, `estimands` holds the estimand of every endpoint that was.

    Raises
    ------
    CarstatsError
        If `study` is no study or has no assessments, an endpoint is unknown, or a unit or value of
        the assessments is not allowed.

    See Also
    --------
    disagreements : Where the derived and the adjudicated differ.

    Examples
    --------
    >>> cs.derive(study, endpoints=["DORIS"])
    """
    if not isinstance(study, Study):
        raise CarstatsError(_no_study(study))
    strategies, rules = strategies_of(study, strategies), rules_of(study, rules)
    found = derive_all(study, endpoints=endpoints, strategies=strategies, rules=rules, again=False)
    tables = {
        "events": _filled(study.events, found.events, ["subject_id", "endpoint"]),
        "responses": _filled(study.responses, found.responses, ["subject_id", "endpoint", "day"]),
        "toxicities": flag_recorded(
            study, _classified(_new_terms(study.toxicities, found.toxicities))
        ),
    }
    notes = [*study.notes, *found.notes, *flag_notes(study, tables["toxicities"])]
    if study.toxicities is None and tables["toxicities"] is not None:
        terms = sorted(set(found.toxicities["term"]))
        notes.append(
            message(
                "the toxicities are derived and hold {terms} only: of other terms nothing is "
                "known, and a rate of 0 says nothing of them.",
                terms=terms_in_words(study.vocabulary, "toxicity", terms, 20),
            )
        )
    # What a study gives of an endpoint was adjudicated by its own definition, which wins.
    given = {
        name
        for frame in (study.events, study.responses)
        if frame is not None
        for name in frame["endpoint"].unique()
    }
    names = dict.fromkeys([*found.events["endpoint"], *found.responses["endpoint"]])
    estimands = {
        name: estimand_of(name, strategies=strategies, rules=rules).said
        for name in names
        if name not in given
    }
    settings = {
        "rules": changed(rules),
        "strategies": changed(strategies),
        "schedule": changed(rules.schedule),
    }
    settings = {section: values for section, values in settings.items() if values}
    new = {name: frame for name, frame in tables.items() if frame is not getattr(study, name)}
    # The largest tables are held once: `with_tables` lets go of what it was given.
    del found, tables
    return with_tables(
        study,
        {name: new.pop(name) for name in list(new)},
        notes=tuple(notes),
        estimands=estimands,
        settings=settings,
    )


def derive_all(
    study: Study,
    *,
    endpoints: Iterable[str] | None = None,
    strategies: Strategies | None = None,
    rules: Rules | None = None,
    again: bool = True,
) -> Derivation:
    """Derive everything anew, also what the study brings itself."""
    if not isinstance(study, Study):
        raise CarstatsError(_no_study(study))
    study.table("assessments")
    strategies, rules = strategies_of(study, strategies), rules_of(study, rules)
    events, responses = _asked(study, endpoints)
    judge, toxicities = judge_of(study, strategies, rules, again=again)
    visits = judge.base
    names, notes = derivable(visits, responses)
    notes += _late_baselines(visits)
    if again or study.toxicities is None or "LICATS" not in set(study.toxicities["term"]):
        notes += undocumented_aplasia(visits)
    for disease in dict.fromkeys(study.subjects["disease"]):
        if rules.response == "response" and disease not in RESPONSE:
            notes.append(
                message(
                    "{disease}: carstats has no rule for a response, so relapse is not found.",
                    disease=term_words(study.vocabulary, "disease", disease),
                )
            )
    course = Course(judge, strategies)
    measured = set(visits.table["measure"])
    parts = []
    for name in EVENT_ENDPOINTS if events is None else events:
        absent = [m for m in NEEDS.get(name, ()) if m not in measured]
        if absent and events is None:
            notes.append(not_derived(study, name, absent))
            continue
        parts.append((EVENTS | IMMUNE_EVENTS)[name](course))
    parts = [part for part in parts if len(part)]
    columns = [
        "subject_id", "endpoint", "status", "time", "time_low", "time_high", "origin_day",
        "cause", "component", "severity",
    ]  # fmt: skip
    table = (
        pd.concat([part.reindex(columns=columns).astype(object) for part in parts])
        if parts
        else pd.DataFrame({name: [] for name in columns})
    )
    for name in ("time", "time_low", "time_high", "origin_day"):
        table[name] = table[name].astype(float)
    position = pd.Index(study.subjects["subject_id"]).get_indexer(table["subject_id"])
    table = table.iloc[np.argsort(position, kind="stable")].reset_index(drop=True)
    # Nobody asks the judge after the responses; what is held here would be held with them.
    del course, visits, parts
    return Derivation(table, derive_responses(judge, names), toxicities, tuple(notes))


def judge_of(
    study: Study,
    strategies: Strategies | None = None,
    rules: Rules | None = None,
    *,
    again: bool = False,
) -> tuple[Judge, pd.DataFrame]:
    """Return who judges the responses of a study, and the toxicities that were derived for it."""
    strategies, rules = strategies_of(study, strategies), rules_of(study, rules)
    if rules.response not in RESPONSE_ENDPOINTS:
        raise CarstatsError(
            message(
                "`{argument}` is {value}; it is a response endpoint that carstats derives: "
                "{known}.",
                argument="response", value=repr(rules.response),
                known=listed(RESPONSE_ENDPOINTS, 60),
            )
        )  # fmt: skip
    known = study.toxicities
    visits = find_visits(study, rules)
    toxicities = derive_toxicities(visits, () if again or known is None else set(known["term"]))
    episodes = _new_terms(known, toxicities)
    ice = find_intercurrent(study, rules, strategies, episodes)
    return Judge(study, rules, ice, _local_toxicity(study, rules, episodes)), toxicities


def _late_baselines(visits: Visits) -> list[str]:
    """Note for how many subjects a score's baseline is not from before lymphodepletion."""
    counts = {
        name: int(visits.subject_baseline(name)[1].sum())
        for name in dict.fromkeys(name for scores in DISEASE_SCORES.values() for name in scores)
    }
    return [
        message_n(
            "{measure}: the baseline of {n} subject is from after the start of lymphodepletion.",
            "{measure}: the baseline of {n} subjects is from after the start of lymphodepletion.",
            count,
            measure=term_words(visits.study.vocabulary, "measure", name),
        )
        for name, count in counts.items()
        if count
    ]


def _no_study(study: object) -> str:
    return message("`study` is {kind}; it takes a Study.", kind=type(study).__name__)


def _asked(study: Study, endpoints: Iterable[str] | None):
    """Return the endpoints asked for: time-to-event, response."""
    if endpoints is None:
        return None, None
    names = names_given("endpoints", endpoints)
    names = [study.vocabulary.require("endpoints", "endpoint", name) for name in names]
    odd = [name for name in names if name not in (*EVENT_ENDPOINTS, *RESPONSE_ENDPOINTS)]
    if odd:
        raise CarstatsError(
            message(
                "`{argument}` names {names}, for which carstats has no rule. It derives: {known}.",
                argument="endpoints", names=listed(odd),
                known=listed((*EVENT_ENDPOINTS, *RESPONSE_ENDPOINTS), 70),
            )
        )  # fmt: skip
    return (
        [name for name in EVENT_ENDPOINTS if name in names],
        [name for name in RESPONSE_ENDPOINTS if name in names],
    )


def _local_toxicity(
    study: Study, rules: Rules, episodes: pd.DataFrame | None
) -> Callable[[Visits], NDArray[np.bool_]]:
    """Return what says which visits fall into an episode of LICATS."""
    columns = ["subject_id", "term", "onset_day", "resolution_day"]
    table = pd.DataFrame({name: [] for name in columns}) if episodes is None else episodes
    rows = table[(table["term"] == "LICATS") & table["onset_day"].notna()].reindex(columns=columns)
    who = pd.Index(study.subjects["subject_id"]).get_indexer(rows["subject_id"])
    start = rows["onset_day"].astype(float).to_numpy()
    # What has no last day is taken to end where a local toxicity must have resolved.
    stop = rows["resolution_day"].astype(float).to_numpy()
    stop = np.where(np.isnan(stop), start + rules.licats_resolution_days, stop)
    return lambda v: runs_between(v.subject, v.day, v.day, who, start, stop)


def _filled(given: pd.DataFrame | None, derived: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Return the rows given and, for keys that they do not have, the derived ones."""
    if given is None:
        return derived
    known = pd.MultiIndex.from_frame(given[key])
    new = derived[~pd.MultiIndex.from_frame(derived[key]).isin(known)]
    return _stacked(given, new)


def _new_terms(given: pd.DataFrame | None, derived: pd.DataFrame) -> pd.DataFrame | None:
    """Return the toxicities given and the derived ones of terms that the study does not record."""
    if given is None:
        return derived if len(derived) else None
    return _stacked(given, derived[~derived["term"].isin(given["term"])])


def _classified(toxicities: pd.DataFrame | None) -> pd.DataFrame | None:
    """Add the class of the organism, and whether they were serious, to recorded infections.

    Where a study has a column ``organism``; what it says of `serious` itself stays.
    """
    if toxicities is None or "organism" not in toxicities:
        return toxicities
    rows = (toxicities["term"] == "infection").to_numpy(bool)
    known = ["subject_id", "onset_day", "organism", "grade", "iv_antimicrobials", "hospitalised"]
    given = toxicities.loc[rows, [name for name in known if name in toxicities]]
    found = describe_infections(given.reset_index(drop=True))
    out = toxicities.assign(infection_class=None)
    out.loc[rows, "infection_class"] = found["infection_class"].to_numpy(object)
    serious = pd.array(np.full(len(out), np.nan), dtype="boolean")
    serious[rows] = found["serious"].array
    recorded = out["serious"].astype("boolean").array if "serious" in out else None
    if recorded is not None:
        serious = pd.array(np.where(recorded.isna(), serious, recorded), dtype="boolean")
    return out.assign(serious=serious)


def _stacked(given: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    if not len(new):
        return given
    columns = [*given.columns, *(c for c in new.columns if c not in given)]
    parts = [frame.reindex(columns=columns).astype(object) for frame in (given, new)]
    return pd.concat(parts, ignore_index=True)
