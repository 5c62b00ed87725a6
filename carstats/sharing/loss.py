"""What the visit grid, and what hiding small numbers, costs against exact times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.messages import mark, message
from carstats.result import Result, Spec
from carstats.sharing.curves import site_survival
from carstats.sharing.network import Network
from carstats.sharing.outcomes import TIMES
from carstats.survival.curves import survival_at
from carstats.wording import level_text

EXACT = "exact"
_HOW = {
    EXACT: mark("exact times, subjects together"),
    "all": mark("visit grid, every number shown"),
    "hidden": mark("visit grid, small numbers hidden"),
}


def shared_and_exact(
    cohort: Cohort,
    name: str,
    networks: Mapping[str, Network],
    *,
    at: Sequence[float],
    conf_level: float = 0.95,
) -> Result:
    """Estimate a curve at visits from the subjects themselves, and from what sites share of them.

    Parameters
    ----------
    cohort : Cohort
        All subjects; there are such only where the sites are simulated.
    name : str
        A time-to-event endpoint without competing events.
    networks : dict of str to Network
        What the sites share of the same subjects: ``"all"`` and ``"hidden"``.
    at : list of float
        Days of visits.
    conf_level : float
        Level of the limits.

    Returns
    -------
    Result
        Rows by ``time`` and ``assumption`` (how): ``n``, ``n_event``, ``estimate``, ``conf_low``,
        ``conf_high``, ``possible_low``, ``possible_high``, ``note``.
    """
    exact = survival_at(cohort, name, at=list(at), conf_type="log-log", conf_level=conf_level)
    rows: list[dict[str, Any]] = []
    keys = ("n", "n_event", "estimate", "conf_low", "conf_high")
    for day in at:
        known = exact.frame[exact.frame["time"] == day].iloc[0]
        row = {"time": day, "assumption": EXACT, **{key: known[key] for key in keys}}
        rows.append(row | dict.fromkeys(("possible_low", "possible_high"), known["estimate"]))
        for how, network in networks.items():
            if name not in network.outcomes(TIMES):
                continue
            found = site_survival(network, name, at=day, conf_level=conf_level)
            row = found.frame[found.frame["part"] == "together"].iloc[-1]
            more = (*keys, "possible_low", "possible_high")
            rows.append({"time": day, "assumption": how, **{key: row[key] for key in more}})
    frame = pd.DataFrame(rows).assign(note="")
    spec = Spec(
        "shared_and_exact",
        endpoint=exact.spec.endpoint,
        endpoints=(name,),
        population=exact.spec.population,
        method=message(
            "Kaplan–Meier of the subjects; life table of the sites' counts on the visit grid, "
            "where what a visit found counts at its planned day, hidden days spread evenly, "
            "subjects of hidden cells not counted; log–log {level} % limits; possible: what the "
            "hidden numbers allow",
            level=level_text(conf_level),
        ),
        conf_level=conf_level,
        by=(),
        cohort=exact.spec.cohort,
        criteria=exact.spec.criteria,
        options={"at": list(at), "hidden": sorted(networks)},
        synthetic=exact.spec.synthetic,
        fingerprint=exact.spec.fingerprint,
    )
    labels = {"assumption": {key: message(words) for key, words in _HOW.items()}}
    return Result(frame.replace({np.inf: np.nan}), spec, labels)
