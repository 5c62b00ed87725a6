"""The catalogue of endpoints: what the rules declare of themselves, as a table."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd

from carstats.endpoints.derive import (
    intercurrent,
    responses,
    time_to_event,
    toxicity_episodes,
    variants,
)
from carstats.endpoints.record.declaring import declared_in
from carstats.endpoints.record.naming import plain_words
from carstats.endpoints.rules import drug_free, other_diseases, score_changes
from carstats.endpoints.rules.blood import bcells, immune_cytopenias, immunoglobulin, serology
from carstats.endpoints.rules.lupus import egfr, nephritis, sle, sle_flare, sledai, states
from carstats.endpoints.rules.muscle_skin import criss, enzyme_return, iim, iim_course, joints, ssc
from carstats.endpoints.rules.nerve import mg, neurology
from carstats.endpoints.rules.toxicity import (
    crs,
    ctcae,
    icaht,
    icans,
    iechs,
    infections,
    licats,
    t_icaht,
)
from carstats.messages import Joined, Message, Named, message

# In the order in which the catalogue lists what they declare.
_LUPUS = (sledai, sle, states, sle_flare, nephritis, egfr)
_OTHERS = (iim, iim_course, ssc, criss, joints, other_diseases, mg, neurology, immune_cytopenias)
_COURSE = (drug_free, responses, time_to_event, bcells, serology, intercurrent, variants)
_CHANGES = (enzyme_return, score_changes)
_TOXICITY = (crs, icans, iechs, icaht, t_icaht, licats, infections, immunoglobulin, ctcae)
_MODULES = (*_LUPUS, *_OTHERS, *_COURSE, *_CHANGES, *_TOXICITY, toxicity_episodes)


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
    >>> catalogue = cs.endpoint_catalogue()
    >>> catalogue.loc[catalogue["name"] == "DORIS", "status"].item()
    'verified'
    """
    entries = declared_in(module.__name__ for module in _MODULES)
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
