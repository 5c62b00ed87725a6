"""One subject's course through a rule, in words."""

from __future__ import annotations

from dataclasses import dataclass

from carstats.data.study import Study
from carstats.endpoints.derive.estimand import EVENT_ENDPOINTS
from carstats.endpoints.derive.intercurrent import Strategies, strategies_of
from carstats.endpoints.derive.responses import RESPONSE_ENDPOINTS
from carstats.endpoints.derive.visits import find_visits
from carstats.endpoints.explanation.responses import event_course, response_course
from carstats.endpoints.explanation.toxicity import toxicity_course
from carstats.endpoints.options import Rules, rules_of
from carstats.endpoints.record.visits import infused
from carstats.errors import CarstatsError, listed
from carstats.messages import message
from carstats.translation import in_words


@dataclass(frozen=True)
class Explanation:
    """One subject's course through the rule of an endpoint or a toxicity.

    Attributes
    ----------
    subject_id : object
        The subject, asked for by name.
    endpoint : str
        The endpoint or toxicity, as the vocabulary names it.
    title : str
        What is explained, with the rule's source.
    lines : tuple of str
        A line a step, in order of days.
    """

    subject_id: object
    endpoint: str
    title: str
    lines: tuple[str, ...]

    def __repr__(self) -> str:
        return "\n".join([in_words(self.title), *(f"  {in_words(line)}" for line in self.lines)])

    def _repr_html_(self) -> str:
        from html import escape

        items = "".join(f"<li>{escape(in_words(line))}</li>" for line in self.lines)
        return f"<p>{escape(in_words(self.title))}</p><ul>{items}</ul>"


def explain(
    study: Study,
    endpoint: str,
    subject: object,
    *,
    strategies: Strategies | None = None,
    rules: Rules | None = None,
) -> Explanation:
    """Show one subject's course through a rule, in words.

    Parameters
    ----------
    study : Study
        The study, with assessments; what it adjudicated itself is shown beside.
    endpoint : str
        A response, a time-to-event endpoint or a toxicity of the study's vocabulary.
    subject : object
        The subject's identifier, as the study has it.
    strategies : Strategies, optional
        As in `derive`.
    rules : Rules, optional
        As in `derive`.

    Returns
    -------
    Explanation
        Its lines say of every visit, or day of a worksheet, what was found, what the rule asks for,
        and the verdict; with the window of the visit, the intercurrent events and the drugs.

    Raises
    ------
    CarstatsError
        If the study has no such subject or no assessments, or the endpoint is unknown.

    Notes
    -----
    It shows the data of one subject, whom the caller named: keep it with the study.

    Examples
    --------
    >>> import carstats as cs
    >>> study = cs.simulate_study(seed=1, n=12)
    >>> words = cs.explain(study, "neutropenia", study.subjects["subject_id"].iloc[2])
    >>> words.endpoint
    'neutropenia'
    """
    if not isinstance(study, Study):
        raise CarstatsError(
            message(
                "`{argument}` is {type}; it takes a Study.",
                argument="study",
                type=type(study).__name__,
            )
        )
    study.table("assessments")
    rules, strategies = rules_of(study, rules), strategies_of(study, strategies)
    known = set(study.subjects["subject_id"])
    if subject not in known:
        raise CarstatsError(
            message(
                "`{argument}` is {value}; the study has no such subject among its {n}.",
                argument="subject",
                value=repr(subject),
                n=len(known),
            )
        )
    words = study.vocabulary
    toxicity, name = (words.canonical(kind, endpoint) for kind in ("toxicity", "endpoint"))
    if name in EVENT_ENDPOINTS:
        lines = event_course(study, name, subject, strategies, rules)
    elif name in RESPONSE_ENDPOINTS:
        lines = response_course(study, name, subject, strategies, rules)
    elif toxicity is not None:
        lines = toxicity_course(study, find_visits(study, rules), toxicity, subject)
    else:
        names = [*RESPONSE_ENDPOINTS, *EVENT_ENDPOINTS, *words.names("toxicity")]
        raise CarstatsError(
            message(
                "`{argument}` is {value}; carstats explains: {names}.",
                argument="endpoint",
                value=repr(endpoint),
                names=listed(names, 120),
            )
        )
    if subject not in set(study.subjects.loc[infused(study), "subject_id"]):
        lines = [message("never infused"), *lines]
    shown = name if toxicity is None else toxicity
    label = words.label("endpoint" if toxicity is None else "toxicity", shown)
    title = message("{endpoint}, {subject}", endpoint=label, subject=str(subject))
    return Explanation(subject, shown, title, tuple(lines))
