"""Above which an antibody is called positive, and from which a vaccine titre protects, by custom.

A laboratory's own limits come first: give them to `antibody_panel`, `protection_kept` and
`antibody_map`. These serve a report that is made without being asked.
"""

from __future__ import annotations

from collections.abc import Iterable

from carstats.data.measures import MEASURE_TABLE
from carstats.data.study import Study
from carstats.endpoints.options import rules_of

# Upper limits of normal of assays in common use, in the unit of `measures.csv`.
_ABOVE = {
    "ANA": 80.0, "anti-dsDNA_CLIFT": 10.0, "anti-AChR": 0.5, "anti-MuSK": 0.05, "AQP4-IgG": 10.0,
    "MOG-IgG": 20.0, "anti-GAD65": 10.0, "anti-CCP": 20.0,
}  # fmt: skip
# Least titres that protect: tetanus 0.1 IU/mL and hepatitis B 10 mIU/mL (WHO position papers),
# measles 200 and varicella 100 mIU/mL (usual with enzyme immunoassays).
PROTECTIVE = {
    "vaccine_tetanus": 0.1, "vaccine_HBs": 10.0, "vaccine_measles": 200.0, "vaccine_VZV": 100.0,
}  # fmt: skip


def conventional_limits(study: Study, measures: Iterable[str]) -> dict[str, float]:
    """Return the upper limit of normal of each autoantibody among measures.

    Those of the study's rules come first. A multiple of the upper limit of normal is positive
    above 1.
    """
    told = _ABOVE | dict(rules_of(study).antibody_positive)
    found = {}
    for name in MEASURE_TABLE:
        if name not in set(measures):
            continue
        if name in told:
            found[name] = float(told[name])
        elif name.startswith(("anti-", "ANCA")) and MEASURE_TABLE[name].unit == "multiple of ULN":
            found[name] = 1.0
    return found
