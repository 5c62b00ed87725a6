"""The catalogue of endpoints: what each is called, what it means, and where the rule comes from."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pandas as pd

from carstats.endpoints.record.naming import plain_words
from carstats.messages import Joined, Message, Named, mark, message

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
        Module and function that judge it, below ``carstats.endpoints``; empty where it is derived
        from other endpoints.
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


def endpoint_catalogue() -> pd.DataFrame:
    """List every endpoint and clinical rule of carstats with its source and its standing.

    The definitions and the thresholds are messages; ``carstats endpoints --lang zh`` prints them in
    Chinese. Every other column is what code compares.

    Returns
    -------
    pandas.DataFrame
        One row an endpoint: ``name``, ``disease``, ``kind``, ``definition``, ``thresholds``,
        ``source``, ``doi``, ``status`` (``"verified"``, ``"verify"``, ``"design"``) and
        ``function``.

    Notes
    -----
    A rule whose status is ``"verified"`` was read where its source says. One that is ``"verify"``
    follows the field's papers as they were remembered or quoted: check it before a result that
    rests on it is published.

    Examples
    --------
    >>> catalogue = endpoint_catalogue()
    >>> catalogue.loc[catalogue["name"] == "DORIS", "status"].item()
    'verified'
    """
    from carstats.endpoints.catalogue_course import COURSE
    from carstats.endpoints.catalogue_derived import DERIVED
    from carstats.endpoints.catalogue_lupus import LUPUS
    from carstats.endpoints.catalogue_neurology import NEUROLOGY
    from carstats.endpoints.catalogue_rheumatology import RHEUMATOLOGY
    from carstats.endpoints.catalogue_toxicity import TOXICITY

    entries = (*LUPUS, *RHEUMATOLOGY, *NEUROLOGY, *COURSE, *DERIVED, *TOXICITY)
    table = pd.DataFrame([asdict(entry) for entry in entries])
    return table.assign(
        definition=table["definition"].map(message), thresholds=table["thresholds"].map(message)
    )


def disease_words(name: str) -> str:
    """Return the disease of an endpoint as the catalogue names it."""
    return Named(name, message("any disease")) if name == "any" else plain_words("disease", name)


def catalogue_in_markdown(catalogue: pd.DataFrame | None = None) -> Message:
    """Return the catalogue as a table in Markdown, as it stands in ``docs/endpoints.md``."""
    rows = endpoint_catalogue() if catalogue is None else catalogue
    lines = [
        message("| name | disease | kind | definition | thresholds | source | status | function |"),
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows.itertuples():
        source = f"[{row.source}](https://doi.org/{row.doi})" if row.doi else row.source
        function = f"`{row.function}`" if row.function else message("as recorded")
        cells = [f"`{row.name}`", disease_words(row.disease), message(row.kind)]
        cells += [message(row.definition), message(row.thresholds), source.replace("|", "\\|")]
        cells += [message(row.status), function]
        lines.append(Joined(("| ", Joined(cells, " | "), " |"), ""))
    return Joined((Joined(lines, "\n"), "\n"), "")
