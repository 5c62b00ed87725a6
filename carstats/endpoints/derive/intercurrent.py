"""Intercurrent events: what kind a medication is, when rescue and re-infusion came, what counts."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.data.study import Study
from carstats.endpoints.options import Rules, rules_of, settings_of
from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.rescue import drug_rescue, glucocorticoid_rescue, toxicity_steroids
from carstats.endpoints.record.searches import first_per_subject
from carstats.endpoints.rules.drug_free import (
    IMMUNOGLOBULIN_DISEASES,
    THROMBOPOIETIN_DISEASES,
    THROMBOPOIETIN_DRUGS,
    named_like,
)
from carstats.errors import check_choice
from carstats.messages import mark

KINDS = (
    mark("rescue"),
    mark("toxicity"),
    mark("supportive"),
    mark("background"),
    mark("conditioning"),
)
"""What `classify_medications` calls a treatment episode."""

_TREATS = (
    "immunosuppressant",
    "biologic",
    "targeted synthetic",
    "plasma exchange",
    "tocilizumab",
    "other",
)

_RESPONSE = (
    mark("composite"),
    mark("treatment policy"),
    mark("hypothetical"),
    mark("while on study"),
)
_RELAPSE = (_RESPONSE[0], mark("competing"), _RESPONSE[1], _RESPONSE[2])
_ALLOWED = {
    "rescue": _RESPONSE,
    "reinfusion": _RESPONSE,
    "relapse_rescue": _RELAPSE,
    "relapse_reinfusion": _RELAPSE,
    "relapse_death": ("competing", "hypothetical"),
    "toxicity": ("treatment policy", "composite"),
    "supportive": ("treatment policy", "composite"),
    "background": ("treatment policy", "composite"),
    "withdrawal": ("while on study",),
}


@dataclass(frozen=True)
class Strategies:
    """What is done about each intercurrent event (ICH E9(R1)); the defaults are section 0.4's.

    Attributes
    ----------
    rescue, reinfusion : str
        For responses: ``"composite"`` (not in response from that day), ``"treatment policy"``
        (ignored), ``"hypothetical"`` or ``"while on study"`` (not evaluable from that day).
    relapse_rescue, relapse_reinfusion : str
        For relapse: ``"composite"`` (an event of that day), ``"competing"``, ``"treatment policy"``
        or ``"hypothetical"`` (censored before it).
    relapse_death : str
        For relapse: ``"competing"`` or ``"hypothetical"``; in the survival endpoints a death is
        always an event.
    toxicity : str
        Drugs for toxicity: ``"treatment policy"``, the visits close to strong glucocorticoids being
        not adequate; or ``"composite"``, as rescue.
    supportive, background : str
        ``"treatment policy"``, or ``"composite"``, as rescue, from day 1.
    withdrawal : str
        ``"while on study"``: what was seen before counts, and no more.

    Raises
    ------
    CarstatsError
        If a strategy is another word.

    Notes
    -----
    Status: design. Death needs no strategy for responses: no visit follows it, and a subject
    without a visit counts as not in response.

    Examples
    --------
    >>> cs.Strategies(rescue="treatment policy")
    """

    rescue: str = "composite"
    reinfusion: str = "composite"
    relapse_rescue: str = "composite"
    relapse_reinfusion: str = "competing"
    relapse_death: str = "competing"
    toxicity: str = "treatment policy"
    supportive: str = "treatment policy"
    background: str = "treatment policy"
    withdrawal: str = "while on study"

    def __post_init__(self) -> None:
        for name, allowed in _ALLOWED.items():
            object.__setattr__(self, name, check_choice(name, getattr(self, name), allowed))

    def named(self, prefix: str = "") -> tuple[tuple[str, str], ...]:
        """Return (event, strategy) pairs for responses, or for relapse with ``"relapse_"``."""
        chosen = {}
        for field in fields(self):
            specific = field.name.startswith("relapse_")
            event = field.name.removeprefix("relapse_")
            if prefix or not specific:
                chosen[event] = getattr(self, field.name)
        chosen.setdefault("death", "composite")
        return tuple(chosen.items())


def strategies_of(study: Study, strategies: Strategies | None = None) -> Strategies:
    """Return the strategies that are given, else those of a study's settings."""
    if strategies is not None:
        return strategies
    return Strategies(**settings_of(study, "strategies", Strategies))


@rule(
    "rescue",
    "any",
    "event",
    definition=(
        "More treatment of the disease than before, after day 0: a daily dose of "
        "glucocorticoids more than 5 mg of prednisone above the reference on 3 days, or a dose "
        "of 100 mg; an immunosuppressant, biologic, targeted drug, plasma exchange or "
        "immunoglobulin that was not given before, or more of it. The reference follows a "
        "taper; what was held and is resumed by day 56 is none; reasons conditioning and "
        "toxicity never count."
    ),
    thresholds=(
        "rescue_before_days=28; rescue_step_mg=5; rescue_days=3; rescue_pulse_mg=100; "
        "rescue_hold_days=14; rescue_resume_days=56; rescue_washout_days=90; "
        "rescue_course_days=56; licats_steroid_days=14; replacement_immunoglobulin_counts=True "
        "(MG, IIM, ITP, CIDP)"
    ),
    source="carstats",
    status="design",
)
def classify_medications(
    study: Study, rules: Rules | None = None, toxicities: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Say of every treatment episode what kind of intercurrent event it is, if any.

    Rescue is judged by `rescue.glucocorticoid_rescue` and `rescue.drug_rescue`.

    Notes
    -----
    An episode without a reason is taken for treatment of the disease, unless its class says
    otherwise (tocilizumab is then for toxicity, another drug is supportive, immunoglobulin in other
    diseases than MG, IIM, ITP and CIDP is replacement); with the reason ``"background"`` it is no
    rescue. In those four diseases immunoglobulin is rescue also where it is called replacement,
    unless `replacement_immunoglobulin_counts` is False: one rule, the same as that of
    `judge_treatment`.
    """
    rules = rules_of(study, rules)
    drugs = study.table("medications")
    toxicities = study.toxicities if toxicities is None else toxicities
    n = len(drugs)
    who = pd.Index(study.subjects["subject_id"]).get_indexer(drugs["subject_id"])
    disease = study.subjects["disease"].to_numpy(object)[who]
    cls = drugs["drug_class"].to_numpy(object)
    reason = drugs["reason"].to_numpy(object) if "reason" in drugs else np.full(n, None, object)
    blank = pd.isna(reason)
    start = drugs["start_day"].to_numpy(float)

    stimulant = named_like(drugs["drug"], THROMBOPOIETIN_DRUGS)
    stimulant |= cls == "thrombopoietin agonist"
    immunoglobulin = cls == "immunoglobulin"
    treats = np.isin(cls, _TREATS) | (stimulant & np.isin(disease, THROMBOPOIETIN_DISEASES))
    treats |= immunoglobulin & (np.isin(disease, IMMUNOGLOBULIN_DISEASES) | (reason == "disease"))
    treats &= ~(blank & np.isin(cls, ("tocilizumab", "other")))
    steroid = cls == "glucocorticoid"
    for_toxicity, local = toxicity_steroids(study, rules, toxicities)

    for_disease = (reason == "disease") | blank
    never = np.isin(reason, ("replacement", "supportive"))
    counts = for_disease & treats
    if rules.replacement_immunoglobulin_counts:
        # It treats these diseases whatever the reason given, as in `judge_treatment`.
        treating = immunoglobulin & np.isin(disease, IMMUNOGLOBULIN_DISEASES)
        counts |= treating & never
        never &= ~treating
    ignored = np.isin(reason, ("conditioning", "toxicity"))
    day = drug_rescue(study, who, counts, ~ignored & ~never, rules)
    first = np.nan_to_num(start, nan=-np.inf)
    last = np.nan_to_num(drugs["stop_day"].to_numpy(float), nan=np.inf)
    dose = (
        drugs["prednisone_equivalent_mg"].astype(float).to_numpy()
        if "prednisone_equivalent_mg" in drugs
        else np.full(n, np.nan)
    )
    mine = np.flatnonzero(steroid)
    counted = for_disease & ~for_toxicity & ~local
    day[mine] = glucocorticoid_rescue(
        who[mine], first[mine], last[mine], dose[mine], counted[mine],
        (reason == "background")[mine], rules,
    )  # fmt: skip
    rescue = np.isfinite(day)
    kind = np.select(
        [
            (reason == "conditioning") | (cls == "lymphodepletion"),
            (reason == "toxicity") | (blank & (cls == "tocilizumab")) | for_toxicity,
            rescue,
            never | (cls == "supportive") | immunoglobulin | stimulant | (blank & (cls == "other")),
        ],
        ["conditioning", "toxicity", "rescue", "supportive"],
        "background",
    ).astype(object)
    return pd.DataFrame({"subject": who, "kind": kind, "day": np.where(rescue, day, start)})


@dataclass(frozen=True)
class Intercurrent:
    """The first day of each intercurrent event of each subject; `inf` where there is none.

    Attributes
    ----------
    rescue, reinfusion, death : ndarray, shape (subjects,)
        Rescue, unplanned re-infusion or other product, death.
    fails : ndarray, shape (subjects,)
        First day from which the composite strategy makes a response a failure.
    blank : ndarray, shape (subjects,)
        First day from which a response is not evaluable, by strategy.
    """

    rescue: NDArray[np.float64]
    reinfusion: NDArray[np.float64]
    death: NDArray[np.float64]
    fails: NDArray[np.float64]
    blank: NDArray[np.float64]


def find_intercurrent(
    study: Study,
    rules: Rules | None = None,
    strategies: Strategies | None = None,
    toxicities: pd.DataFrame | None = None,
) -> Intercurrent:
    """Find the first rescue, unplanned re-infusion and death of each subject."""
    rules, strategies = rules_of(study, rules), strategies_of(study, strategies)
    n = len(study.subjects)
    never = np.full(n, np.inf)
    rescue = never
    if study.medications is not None:
        kinds = classify_medications(study, rules, toxicities)
        wanted = ["rescue"] + [
            kind
            for kind in ("toxicity", "supportive", "background")
            if getattr(strategies, kind) == "composite"
        ]
        mask = kinds["kind"].isin(wanted) & (kinds["day"] >= 1)
        rescue = first_per_subject(n, kinds["subject"], kinds["day"], mask.to_numpy())
    reinfusion = never
    if study.infusions is not None:
        again = (~study.infusions["planned"].fillna(True).astype(bool)).to_numpy()
        day = study.infusions["day"].to_numpy(float)
        who = pd.Index(study.subjects["subject_id"]).get_indexer(study.infusions["subject_id"])
        reinfusion = first_per_subject(n, who, day, again & (day > 0))
    death = never
    if "death_day" in study.subjects:
        death = study.subjects["death_day"].fillna(np.inf).to_numpy(float)
    days = {"rescue": rescue, "reinfusion": reinfusion}
    chosen = {name: getattr(strategies, name) for name in days}
    fails = np.minimum.reduce([never, *(days[k] for k, s in chosen.items() if s == "composite")])
    empty = ("hypothetical", "while on study")
    blank = np.minimum.reduce([never, *(days[k] for k, s in chosen.items() if s in empty)])
    return Intercurrent(rescue, reinfusion, death, fails, blank)
