"""The catalogue of endpoints: what each is called, what it means, and where the rule comes from."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pandas as pd

STATUSES = ("verified", "verify", "design")
KINDS = ("score", "response", "flare", "event", "state", "biomarker", "time-to-event", "toxicity")


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
        ``"verified"`` against its source, ``"verify"``: not checked yet, or ``"design"``: a rule of
        carstats' own where the field has no consensus.
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

    Returns
    -------
    pandas.DataFrame
        One row an endpoint: ``name``, ``disease``, ``kind``, ``definition``, ``thresholds``,
        ``source``, ``doi``, ``status`` (``"verified"``, ``"verify"``, ``"design"``) and
        ``function``.

    Notes
    -----
    A rule whose status is ``"verify"`` follows the field's papers as they were remembered or
    quoted, not as they were read: check it before a result that rests on it is published.

    Examples
    --------
    >>> catalogue = endpoint_catalogue()
    >>> catalogue.loc[catalogue["name"] == "DORIS", "status"].item()
    'verified'
    """
    from carstats.endpoints.catalogue_course import COURSE
    from carstats.endpoints.catalogue_lupus import LUPUS
    from carstats.endpoints.catalogue_neurology import NEUROLOGY
    from carstats.endpoints.catalogue_rheumatology import RHEUMATOLOGY
    from carstats.endpoints.catalogue_toxicity import TOXICITY

    entries = (*LUPUS, *RHEUMATOLOGY, *NEUROLOGY, *COURSE, *TOXICITY)
    return pd.DataFrame([asdict(entry) for entry in entries])
