"""The estimand of a derived endpoint: population, treatment, variable, strategies, summary."""

from __future__ import annotations

from dataclasses import dataclass

from carstats.endpoints.derive.applicability import RENAL, diseases_of
from carstats.endpoints.derive.immune_events import IMMUNE_EVENTS
from carstats.endpoints.derive.intercurrent import Strategies
from carstats.endpoints.derive.responses import RESPONSE_ENDPOINTS
from carstats.endpoints.derive.time_to_event import EVENTS
from carstats.endpoints.options import Rules, changed
from carstats.endpoints.record.naming import plain_words
from carstats.endpoints.rules.disease_states import REMISSION, RESPONSE
from carstats.errors import CarstatsError, listed
from carstats.messages import Joined, Message, mark, message
from carstats.translation import in_words

EVENT_ENDPOINTS = (*EVENTS, *IMMUNE_EVENTS)
"""Every time-to-event endpoint that can be derived."""

# What each endpoint is, under its name in the study tables.
_VARIABLES = {
    "relapse": mark("relapse: from the infusion; non-response, re-infusion and death compete."),
    "relapse_free_survival": mark("relapse_free_survival: relapse, rescue, or death of any cause."),
    "event_free_survival": mark(
        "event_free_survival: no response by the close of week 24, relapse, rescue, death."
    ),
    "overall_survival": mark("overall_survival: death of any cause, censored at the last contact."),
    "time_to_response": mark(
        "time_to_response: first visit in a confirmed response, in (visit before, visit]."
    ),
    "duration_of_response": mark(
        "duration_of_response: of the responders: from the first visit in response."
    ),
    "drug_free_duration": mark(
        "drug_free_duration: from the later of first remission and last drug, to the end."
    ),
    "b_cell_reconstitution": mark(
        "b_cell_reconstitution: of those whose product aims at B cells and depleted them."
    ),
    "igg_recovery": mark(
        "igg_recovery: of those whose IgG fell below 7 g/L: unassisted, two samples."
    ),
    "seroconversion": mark("seroconversion: of the positive at baseline: two negatives in a row."),
    "complement_normalisation": mark(
        "complement_normalisation: of SLE with low C3 or C4 before: both normal, first sample."
    ),
    "ck_normalisation": mark(
        "ck_normalisation: of IIM with raised creatine kinase before: two normal samples."
    ),
}
_EVENT_NAMES = {
    "rescue": mark("rescue"),
    "reinfusion": mark("reinfusion"),
    "death": mark("death"),
    "toxicity": mark("toxicity"),
    "supportive": mark("supportive"),
    "background": mark("background"),
    "withdrawal": mark("withdrawal"),
}
_RELAPSE_NAMES = {
    "flare": mark("the rule of the disease"),
    "loss of response": mark("loss of response"),
}

_IGNORED, _EVENT, _RIVAL = "treatment policy", "composite", "competing"
# What an endpoint's own definition does about an event, where it is not the strategy for relapse.
_BY_DEFINITION = {
    "relapse_free_survival": {"reinfusion": _IGNORED, "death": _EVENT},
    "event_free_survival": {"reinfusion": _IGNORED, "death": _EVENT},
    "overall_survival": {"rescue": _IGNORED, "reinfusion": _IGNORED, "death": _EVENT},
    "time_to_response": {"rescue": _RIVAL, "reinfusion": _RIVAL, "death": _RIVAL},
    "duration_of_response": {"reinfusion": _EVENT, "death": _RIVAL},
    "drug_free_duration": {"rescue": _EVENT, "reinfusion": _IGNORED, "death": _RIVAL},
    **{name: {"rescue": _IGNORED, "reinfusion": _RIVAL, "death": _RIVAL} for name in IMMUNE_EVENTS},
}
# Endpoints that a relapse ends; of these a hypothetical strategy censors some, whatever their
# definition does otherwise.
_ON_RELAPSE = (
    "relapse",
    "relapse_free_survival",
    "event_free_survival",
    "duration_of_response",
    "drug_free_duration",
)
_CENSORED_BEFORE = ("relapse_free_survival", "event_free_survival", "duration_of_response")


@dataclass(frozen=True)
class Estimand:
    """The five attributes of ICH E9(R1) for one endpoint.

    Attributes
    ----------
    population : str
        Who is counted.
    treatment : str
        The treatment, with its conditioning.
    variable : str
        The endpoint in words.
    strategies : tuple of (str, str)
        Each intercurrent event and what is done about it, as `Strategies` names them.
    summary : str
        The population-level summary.
    settings : tuple of (str, str)
        Parameters of the rules that are not carstats' own, with their values.

    Notes
    -----
    The texts are messages, in English; ``str()`` shows them in the language that is set.
    """

    population: str
    treatment: str
    variable: str
    strategies: tuple[tuple[str, str], ...]
    summary: str
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def said(self) -> Message:
        """The five attributes, one a line."""
        events = message("; ").join(
            message(
                "{name}: {text}",
                name=message(_EVENT_NAMES.get(event, event)),
                text=message(strategy),
            )
            for event, strategy in self.strategies
        )
        lines = [
            message("Population: {population}", population=self.population),
            message("Treatment: {treatment}", treatment=self.treatment),
            message("Variable: {variable}", variable=self.variable),
            message("Intercurrent events: {events}", events=events),
            message("Summary: {summary}", summary=self.summary),
        ]
        if self.settings:
            given = ", ".join(f"{name} = {value}" for name, value in self.settings)
            lines.append(message("Settings: {settings}", settings=given))
        return Joined(lines, "\n")

    def __str__(self) -> str:
        return in_words(self.said)


def estimand_of(
    endpoint: str, *, strategies: Strategies | None = None, rules: Rules | None = None
) -> Estimand:
    """Return the estimand of a derived endpoint, to print beside its analysis.

    Parameters
    ----------
    endpoint : str
        A time-to-event or response endpoint that `derive` knows.
    strategies : Strategies, optional
        What is done about intercurrent events.
    rules : Rules, optional
        The other parameters; what counts as response and as relapse is named.

    Returns
    -------
    Estimand
        Population, treatment, variable, strategies and summary; ``str()`` prints it.

    Raises
    ------
    CarstatsError
        If the endpoint is not one that carstats derives.

    Examples
    --------
    >>> print(cs.estimand_of("relapse").summary)
    cumulative incidence, with its competing events
    """
    derived = (*EVENT_ENDPOINTS, *RESPONSE_ENDPOINTS)
    if not isinstance(endpoint, str) or endpoint not in derived:
        raise CarstatsError(
            message(
                "`endpoint` is {endpoint!r}; carstats derives {known}.",
                endpoint=endpoint,
                known=listed(derived, 60),
            )
        )
    rules, strategies = rules or Rules(), strategies or Strategies()
    treatment = message("engineered cells with their conditioning, as infused")
    settings = _settings(rules, strategies)
    if endpoint in EVENT_ENDPOINTS:
        chosen = dict(strategies.named("relapse_"))
        for event, strategy in _BY_DEFINITION.get(endpoint, {}).items():
            if chosen[event] != "hypothetical" or endpoint not in _CENSORED_BEFORE:
                chosen[event] = strategy
        survives = endpoint.endswith("survival")
        return Estimand(
            message("all infused subjects (mITT)"),
            treatment,
            _event_variable(endpoint, rules),
            tuple(chosen.items()),
            message("survival function")
            if survives
            else message("cumulative incidence, with its competing events"),
            settings,
        )
    return Estimand(
        _response_population(endpoint),
        treatment,
        _response_variable(endpoint),
        strategies.named(),
        message("proportion of subjects in response at the visit"),
        settings,
    )


def _settings(rules: Rules, strategies: Strategies) -> tuple[tuple[str, str], ...]:
    """Return the parameters that are not carstats' own."""
    found = changed(rules) | changed(rules.schedule)
    found |= {f"strategies.{name}": value for name, value in changed(strategies).items()}
    return tuple((name, str(value)) for name, value in found.items())


def _response_population(endpoint: str) -> str:
    diseases = diseases_of(endpoint)
    if endpoint in RENAL:
        return message(
            "all infused subjects with lupus nephritis (mITT); a missing response counts as a "
            "failure"
        )
    if diseases is not None and len(diseases) == 1:
        return message(
            "all infused subjects with {disease} (mITT); a missing response counts as a failure",
            disease=plain_words("disease", diseases[0]),
        )
    return message("all infused subjects (mITT); a missing response counts as a failure")


def _event_variable(endpoint: str, rules: Rules) -> str:
    words = message(_VARIABLES[endpoint])
    if endpoint not in _ON_RELAPSE:
        return words
    after = message(
        "Relapse is {rule}, after a first `{response}`.",
        rule=message(_RELAPSE_NAMES[rules.relapse]),
        response=plain_words("endpoint", rules.response),
    )
    return message("{first} {second}", first=words, second=after)


def _response_variable(endpoint: str) -> str:
    states = {"response": RESPONSE, "remission": REMISSION}.get(endpoint, {})
    words = message("; ").join(
        message("{name}: {text}", name=disease, text=message(state.words))
        for disease, state in states.items()
    )
    name = plain_words("endpoint", endpoint)
    return message("{name} ({words})", name=name, words=words) if words else name
