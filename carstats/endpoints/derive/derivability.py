"""For how many subjects each endpoint can be derived, and which measure is missing otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carstats.data.study import Study
from carstats.endpoints.derive.applicability import applicable, diseases_of
from carstats.endpoints.derive.derivation import NEEDS, judge_of
from carstats.endpoints.derive.estimand import EVENT_ENDPOINTS
from carstats.endpoints.derive.responses import RESPONSE_ENDPOINTS
from carstats.endpoints.derive.variants import HELD, VARIANTS
from carstats.endpoints.record.visits import infused


@dataclass(frozen=True)
class Derivability:
    """For how many subjects of a study an endpoint can be derived.

    Attributes
    ----------
    endpoint : str
        The endpoint.
    n : int
        Infused subjects to whom it applies.
    n_derivable : int
        Of these, how many have a visit at which it can be judged (of a time-to-event endpoint: for
        whom its first response, or its measure, can be).
    missing : tuple of str
        Measures that no subject of them has; ``"medications"`` where the study has no such table.
    """

    endpoint: str
    n: int
    n_derivable: int
    missing: tuple[str, ...]


def derivability(study: Study) -> list[Derivability]:
    """Return for how many subjects of a study each endpoint can be derived."""
    judge, _ = judge_of(study)
    judge.told = False
    treated = infused(study)
    found = []
    for name in RESPONSE_ENDPOINTS:
        verdict = judge.verdict(name)
        asked = treated & applicable(study, name, judge.base)
        known = np.zeros(len(treated), bool)
        known[verdict.visits.subject[verdict.applies & ~verdict.met._mask]] = True
        if asked.any():
            missing = _missing(judge, name, asked)
            found.append(Derivability(name, int(asked.sum()), int(known[asked].sum()), missing))
    response = judge.verdict(judge.rules.response)
    known = np.zeros(len(treated), bool)
    known[response.visits.subject[response.applies & ~response.raw._mask]] = True
    diseases = study.subjects["disease"].to_numpy(object)
    for name in EVENT_ENDPOINTS:
        only = diseases_of(name)
        asked = treated & (np.isin(diseases, only) if only else True)
        if name in NEEDS:
            who = judge.values.loc[judge.values["measure"].isin(NEEDS[name]), "subject"]
            able, missing = np.isin(np.arange(len(treated)), who), NEEDS[name]
        elif name == "overall_survival":
            able, missing = np.ones(len(treated), bool), ()
        elif name == "seroconversion":
            names = tuple(measure for measure, _ in judge.rules.antibody_positive)
            who = judge.values.loc[judge.values["measure"].isin(names), "subject"]
            able, missing = np.isin(np.arange(len(treated)), who), names
        else:
            asked = asked & applicable(study, judge.rules.response, judge.base)
            able, missing = known, _missing(judge, judge.rules.response, asked)
        if asked.any():
            n = int(able[asked].sum())
            if n and name in NEEDS:
                missing = ()
            found.append(Derivability(name, int(asked.sum()), n, tuple(missing)))
    return found


def _missing(judge, name: str, asked) -> tuple[str, ...]:
    """Return the measures of an endpoint that none of the subjects has."""
    base = HELD[name][0] if name in HELD else name
    base = "remission" if base in VARIANTS else base
    rules = judge.rules_of(base)
    diseases = set(judge.study.subjects["disease"].to_numpy(object)[asked])
    values = judge.values[asked[judge.values["subject"].to_numpy()]]
    present = set(values["measure"].astype(object)[values["value"].notna()])
    names: dict[str, None] = {}
    for disease, rule in rules.items():
        if disease in diseases:
            names |= dict.fromkeys((*rule.needs, *rule.baseline))
    names = [m for m in names if m not in present and m not in judge.rules.waived]
    treated = name in VARIANTS or any(rule.treatment for rule in rules.values())
    if (treated or not rules) and judge.study.medications is None:
        names.append("medications")
    return tuple(names)
