"""How a rule declares itself: its endpoint, what it judges, its thresholds, source and standing.

A rule is declared where it is written, and `carstats.endpoints.catalogue` lists what is declared:

    @rule("CRR", "SLE", "response", definition=…, thresholds=…, source=…, doi=…)
    def crr(…): …

An endpoint that is put together from several rules, or that studies record, is declared with
`declare` in the file that puts it together.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from carstats.messages import mark

_Function = TypeVar("_Function", bound=Callable)

STATUSES = (mark("verified"), mark("verify"), mark("design"))
KINDS = (
    mark("score"),
    mark("response"),
    mark("flare"),
    mark("event"),
    mark("state"),
    mark("biomarker"),
    mark("time-to-event"),
    mark("toxicity"),
)


@dataclass(frozen=True)
class Endpoint:
    """One endpoint or clinical rule.

    Attributes
    ----------
    name : str
        Its name; that of the vocabulary where a study table uses it.
    disease : str
        Disease by the vocabulary, ``"any"`` where it is not bound to one.
    kind : str
        ``"score"``, ``"response"``, ``"flare"``, ``"event"``, ``"state"``, ``"biomarker"``,
        ``"time-to-event"`` or ``"toxicity"``.
    definition : str
        The rule in words.
    thresholds : str
        Its thresholds by the names of their parameters.
    source : str
        Paper, guideline or trial.
    doi : str
        DOI of the source, where it is known.
    status : str
        ``"verified"``: the definition was read at the source that the entry names; ``"verify"``:
        not checked yet, or ``"design"``: a rule of carstats' own where the field has no consensus.
    function : str
        Module and function that judge it, below ``carstats.endpoints``; empty where it is recorded
        by a study.
    """

    name: str
    disease: str
    kind: str
    definition: str
    thresholds: str
    source: str
    doi: str = ""
    status: str = "verify"
    function: str = ""

    def lines(self) -> str:
        """Return the declaration as it stands in the docstring of its function."""
        source = f"{self.source}, doi:{self.doi}" if self.doi else self.source
        return (
            f"{self.name} : {self.disease}, {self.kind}, status {self.status}\n"
            f"    {self.definition}\n    Thresholds: {self.thresholds}. Source: {source}."
        )


# By module: what it declares, the endpoint that it follows, and the function that is declared.
_DECLARED: dict[str, list[tuple[Endpoint, str, str]]] = {}
_HEADING = "\n\nDeclared\n--------\n"


def declare(module: str, *endpoints: Endpoint, after: str = "") -> None:
    """Declare endpoints in a module; in the catalogue the first follows `after`, where given."""
    mine = _DECLARED.setdefault(module, [])
    for endpoint in endpoints:
        mine.append((endpoint, after, ""))
        after = after and endpoint.name


def rule(
    name: str,
    disease: str,
    kind: str,
    *,
    definition: str,
    thresholds: str,
    source: str,
    doi: str = "",
    status: str = "verify",
    function: str = "",
    after: str = "",
) -> Callable[[_Function], _Function]:
    """Declare what the function below judges, by the attributes of `Endpoint`.

    A function that judges several endpoints has a declaration for each, in their order. `function`
    is another than the one below where that only applies it. `after` names the endpoint that the
    catalogue lists before it where that is not the one declared before.
    """

    def declared(below: _Function) -> _Function:
        place = f"{below.__module__.removeprefix('carstats.endpoints.')}.{below.__name__}"
        endpoint = Endpoint(
            name, disease, kind, definition, thresholds, source, doi, status, function or place
        )
        # Decorators of one function run from the lowest up.
        mine = _DECLARED.setdefault(below.__module__, [])
        above = next((i for i, (*_, owner) in enumerate(mine) if owner == place), len(mine))
        mine.insert(above, (endpoint, after, place))
        head, _, others = (inspect.getdoc(below) or "").partition(_HEADING)
        below.__doc__ = f"{head}{_HEADING}{endpoint.lines()}\n{others}".rstrip()
        return below

    return declared


def declared_in(modules: Iterable[str]) -> Iterator[Endpoint]:
    """Yield what modules declare, in their order; what names the one before it follows that one."""
    first: list[Endpoint] = []
    followers: dict[str, list[Endpoint]] = {}
    for module in modules:
        for endpoint, after, _ in _DECLARED.get(module, ()):
            (followers.setdefault(after, []) if after else first).append(endpoint)

    def with_followers(endpoint: Endpoint) -> Iterator[Endpoint]:
        yield endpoint
        for follower in followers.get(endpoint.name, ()):
            yield from with_followers(follower)

    for endpoint in first:
        yield from with_followers(endpoint)
