"""The items of SLEDAI-2K in the synthetic study, in step with its totals.

Drawn from a stream of their own, so that the other values are the same with and without them.
"""

from __future__ import annotations

import numpy as np

from carstats.synthetic.assessments import Sampling
from carstats.synthetic.course import Course, stream
from carstats.synthetic.units import ITEMS

# Items and points from which a clinical SLEDAI is made up; the other items are absent. Pleurisy
# and pericarditis come last, vasculitis only where the others do not suffice.
_FOURS = ("arthritis", "myositis")
_RENAL_FOURS = ("haematuria", "urinary_casts")
_TWOS = ("rash", "alopecia", "mucosal_ulcers", "pleurisy", "pericarditis")
_OFTEN = {
    "arthritis": 0.7, "myositis": 0.1, "haematuria": 0.5, "urinary_casts": 0.2,
    "rash": 0.6, "alopecia": 0.3, "mucosal_ulcers": 0.3,
}  # fmt: skip


def simulate_lupus_items(
    course: Course, sampling: Sampling, measured: dict, seed: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the items of SLEDAI-2K and haemolytic or gastrointestinal lupus."""
    rng, n = stream(seed, "lupus items"), len(course)
    clinical, seen = measured["cSLEDAI"]
    shape = clinical.shape
    often = {name: rng.random(n)[:, None] < share for name, share in _OFTEN.items()}
    # Two of the frequent small signs at most, so that what is left can always be made up.
    often["mucosal_ulcers"] = often["mucosal_ulcers"] & ~(often["rash"] & often["alopecia"])
    renal = np.broadcast_to(course.nephritis[:, None], shape)
    items = {name: np.zeros(shape, bool) for name in ITEMS}
    left = np.where(np.isnan(clinical), 0.0, clinical)

    def take(name: str, points: float, where: np.ndarray) -> None:
        nonlocal left
        here = np.broadcast_to(where, shape) & (left >= points) & ~items[name]
        items[name] |= here
        left = left - points * here

    take("proteinuria", 4, renal & (np.round(measured["UPCR"][0], 2) > 0.5))
    take("vasculitis", 8, left > 18)
    for wanted in (True, False):
        for name in (*_RENAL_FOURS, *_FOURS):
            allowed = renal if name in _RENAL_FOURS else np.ones(shape, bool)
            take(name, 4, allowed & (often[name] == wanted))
        for name in _TWOS:
            take(name, 2, often.get(name, np.zeros((n, 1), bool)) == wanted)
    items["increased_dna_binding"] = measured["anti-dsDNA"][0] > 15
    items["low_complement"] = np.round(measured["C3"][0], 2) < 0.9
    out = {f"SLEDAI_{name}": (present.astype(float), seen) for name, present in items.items()}
    return out | {"haemolytic_or_gastrointestinal": (np.zeros(shape), seen)}
