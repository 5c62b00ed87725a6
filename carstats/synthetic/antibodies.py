"""Panels of antibodies of the synthetic study, by random numbers of their own."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from carstats.synthetic.course import Course, normal_cdf, stream
from carstats.synthetic.visits import Visits

WEEK_24 = 168.0
_POINTS = 2001


@dataclass(frozen=True)
class Antibody:
    """An antibody: in whom it is, how high, how it is measured.

    Attributes
    ----------
    unit : str
        Unit of the values.
    limit : float
        Upper limit of normal; of a vaccine titre the least that protects.
    lloq : float
        Limit of quantification; a value below it is blank.
    kind : str
        What it comes from: "short" or "long" for short- and long-lived plasma cells, "vaccine".
    share : dict of str to float
        Disease or subtype to the share who are positive; a disease that is not named is not
        measured. Empty for vaccine titres, which are measured in every disease.
    center, spread : float
        Mean and standard deviation of log2 of the titre over the limit, of the positive; they are
        drawn above `least`. Of vaccine titres of all.
    steps : bool
        Whether it is a titre of doubled dilutions.
    """

    unit: str
    limit: float
    lloq: float
    kind: str
    share: dict[str, float] = field(default_factory=dict)
    center: float = 2.5
    spread: float = 1.2
    steps: bool = False


_ULN = "multiple of ULN"
ANTIBODIES = {
    "ANA": Antibody("1:titre", 80, 80, "long",
                    {"SLE": 0.97, "IIM": 0.6, "SSc": 0.95}, 3.0, 1.5, steps=True),
    "anti-Sm": Antibody(_ULN, 1, 0.3, "short", {"SLE": 0.35}),
    "anti-RNP": Antibody(_ULN, 1, 0.3, "short", {"SLE": 0.4}),
    "anti-SSA": Antibody(_ULN, 1, 0.3, "long", {"SLE": 0.55, "IIM": 0.35}, 3.5),
    "anti-SSB": Antibody(_ULN, 1, 0.3, "long", {"SLE": 0.25}, 3.0),
    "anti-Jo-1": Antibody(_ULN, 1, 0.3, "long", {"IIM": 0.0, "antisynthetase syndrome": 0.75}),
    "anti-MDA5": Antibody(_ULN, 1, 0.3, "short", {"IIM": 0.0, "dermatomyositis": 0.5}),
    "anti-SRP/HMGCR": Antibody(_ULN, 1, 0.3, "long", {"IIM": 0.0, "necrotising myopathy": 0.9}),
    "anti-Scl-70": Antibody(_ULN, 1, 0.3, "long",
                            {"SSc": 0.05, "diffuse cutaneous": 0.6}),
    "anti-RNA-polymerase-III": Antibody(_ULN, 1, 0.3, "long",
                                        {"SSc": 0.05, "diffuse cutaneous": 0.2}),
    "anti-AChR": Antibody("nmol/L", 0.5, 0.2, "short", {"MG": 0.0, "AChR-positive": 1.0}, 4.0, 1.8),
    "anti-MuSK": Antibody("nmol/L", 0.05, 0.02, "short", {"MG": 0.0, "MuSK-positive": 1.0}, 4.0,
                          1.5),
    "AQP4-IgG": Antibody("1:titre", 10, 10, "long", {"NMOSD": 1.0}, 5.0, 1.5, steps=True),
    "vaccine_tetanus": Antibody("IU/mL", 0.1, 0.05, "vaccine", {}, 3.2, 1.6),
    "vaccine_measles": Antibody("mIU/mL", 200, 50, "vaccine", {}, 2.4, 1.4),
    "vaccine_HBs": Antibody("mIU/mL", 10, 2, "vaccine", {}, 2.5, 2.5),
}  # fmt: skip


@dataclass(frozen=True)
class Serology:
    """How antibodies fall; made-up numbers in the order that trials report.

    Attributes
    ----------
    fall : dict of str to dict of str to float
        Kind of antibody and target to the fall of log2 in the end, of a responder: most of what
        short-lived plasma cells make, little of what long-lived ones and vaccines left where the
        target is CD19, and more of both with BCMA.
    no_response, treg : float
        By what the fall is multiplied without a response, and with CAR-Treg, which deplete nobody.
    spread : float
        Standard deviation of the fall between antibodies of one subject and between subjects, each
        as a part of the fall.
    days : float
        The fall goes by 1 - exp(-day / days).
    regain : float
        The part of the fall that has come back some time after a relapse or a second infusion.
    noise : float
        Standard deviation of log2 of a later sample.
    least : float
        Least log2 of the baseline over the limit, of the positive.
    negative, negative_spread : float
        Mean and standard deviation of log2 over the limit, of the negative, drawn below 0.
    planned, jitter : tuple of float
        Days of the samples after the baseline, and by how many days they are missed at most.
    missed : float
        The share of samples that is missed; half of it at baseline.
    donor : float
        Log2 over the limit to which replacement with immunoglobulin lifts a vaccine titre at least.
    """

    fall: dict[str, dict[str, float]] = field(
        default_factory=lambda: {
            "short": {"CD19": 4.0, "BCMA": 5.5, "CD19+BCMA": 6.0},
            "long": {"CD19": 1.5, "BCMA": 4.0, "CD19+BCMA": 4.5},
            "vaccine": {"CD19": 0.4, "BCMA": 2.2, "CD19+BCMA": 2.4},
        }
    )
    no_response: float = 0.35
    treg: float = 0.1
    spread: float = 0.25
    days: float = 45.0
    regain: float = 0.6
    noise: float = 0.2
    least: float = 0.3
    negative: float = -2.0
    negative_spread: float = 0.7
    planned: tuple[float, ...] = (84.0, 168.0, 364.0)
    jitter: tuple[float, ...] = (7.0, 14.0, 21.0)
    missed: float = 0.06
    donor: float = 1.5


SEROLOGY = Serology()


def simulate_antibodies(
    course: Course, visits: Visits, baseline: np.ndarray, medications: pd.DataFrame, seed: int,
    model: Serology = SEROLOGY,
) -> pd.DataFrame:  # fmt: skip
    """Return the samples of every antibody with ``subject`` (position) and their limits.

    `baseline` is the day of each subject's assessments before the infusion.
    """
    rng, n = stream(seed, "antibodies"), len(course)
    later = np.array(model.planned) + np.round(
        np.array(model.jitter) * (2 * rng.random((n, len(model.planned))) - 1)
    )
    day = np.column_stack([baseline, later])
    common = rng.standard_normal(n)
    diseases, target = course.of("disease"), course.of("target")
    strength = np.where(course.responds, 1.0, model.no_response)
    strength = np.where(course.of("platform") == "CAR-Treg", model.treg, strength)
    again = np.fmin(course.relapse, visits.reinfusion)
    end = np.minimum(course.last_contact, np.nan_to_num(visits.reinfusion, nan=np.inf))
    gone = 1 - np.exp(-np.maximum(day, 0.0) / model.days)
    gone = np.where(day > again[:, None] + 14, gone * (1 - model.regain), gone)
    seen = course.infused[:, None] & (day <= end[:, None])
    seen[:, 0] = course.infused
    donors = _replaced(day, medications)
    parts = []
    for name, antibody in ANTIBODIES.items():
        u, z = rng.random((n, 2)), rng.standard_normal((n, 3))
        noise, lost = rng.standard_normal(day.shape), rng.random(day.shape)
        share = _share(antibody, diseases, course.subtype)
        start = _start(antibody, u, z[:, 0], share, model)
        fall = np.array([model.fall[antibody.kind].get(t, 0.0) for t in target])
        fall = np.maximum(fall * strength * (1 + model.spread * (common + z[:, 1])), 0.0)
        level = start[:, None] - fall[:, None] * gone + model.noise * noise * (day > 0)
        if antibody.kind == "vaccine":
            level = np.where(donors, np.maximum(level, model.donor), level)
        missed = lost < model.missed * np.where(day > 0, 1.0, 0.5)
        kept = seen & ~missed & ~np.isnan(share)[:, None]
        subject = np.nonzero(kept)[0]
        value = _reading(antibody, level[kept])
        parts.append(
            pd.DataFrame(
                {"subject": subject, "day": day[kept], "measure": name, "value": value,
                 "unit": antibody.unit, "adequate": True, "lloq": antibody.lloq}
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def antibodies_truth(model: Serology = SEROLOGY) -> dict:
    """Return what is true at week 24 of responders without relapse to a product not CAR-Treg."""
    gone = 1 - np.exp(-WEEK_24 / model.days)
    found: dict[str, object] = {
        "meaning": "Made-up numbers. Of responders without a relapse whose product is no CAR-Treg, "
        "on day 168, by target: the mean change of log2 of a titre of each kind, before any value "
        "falls below quantification; the probability that an antibody positive before is negative, "
        "and that a vaccine titre that protected still does, without replacement of "
        "immunoglobulin.",
    }
    for target in ("CD19", "BCMA", "CD19+BCMA"):
        falls = {kind: fall[target] for kind, fall in model.fall.items()}
        told: dict[str, dict[str, float]] = {
            "log2_change": {k: round(float(-fall * gone), 6) for k, fall in falls.items()}
        }
        for name, antibody in ANTIBODIES.items():
            kind = "still_protective" if antibody.kind == "vaccine" else "negative"
            share = _crossing(antibody, falls[antibody.kind] * gone, model)
            told.setdefault(kind, {})[name] = round(
                1 - share if kind == "still_protective" else share, 6
            )
        found[target] = told
    return found


def _share(antibody: Antibody, diseases: np.ndarray, subtypes: np.ndarray) -> np.ndarray:
    """Return the share of the positive for each subject; NaN where it is not measured."""
    if antibody.kind == "vaccine":
        return np.ones(len(diseases))
    share = np.array([antibody.share.get(name, np.nan) for name in diseases])
    own = np.array([antibody.share.get(name, np.nan) for name in subtypes])
    return np.where(np.isnan(share) | np.isnan(own), share, own)


def _start(antibody: Antibody, u: np.ndarray, z: np.ndarray, share, model: Serology) -> np.ndarray:
    """Return log2 of the baseline over the limit."""
    if antibody.kind == "vaccine":
        return antibody.center + antibody.spread * z
    positive = u[:, 0] < np.nan_to_num(share)
    low = normal_cdf(np.array((model.least - antibody.center) / antibody.spread))
    high = normal_cdf(np.array(-model.negative / model.negative_spread))
    grid = np.linspace(-8, 8, 4001)
    heights = normal_cdf(grid)
    drawn = antibody.center + antibody.spread * np.interp(low + (1 - low) * u[:, 1], heights, grid)
    under = model.negative + model.negative_spread * np.interp(high * u[:, 1], heights, grid)
    return np.where(positive, drawn, np.minimum(under, -0.05))


def _reading(antibody: Antibody, level: np.ndarray) -> np.ndarray:
    """Return what the laboratory reports: NaN below quantification."""
    if antibody.steps:
        # The last dilution that still shows it: a level just above the limit is twice the limit.
        value = antibody.limit * 2.0 ** np.ceil(np.round(level, 6))
    else:
        value = antibody.limit * 2.0**level
        # Three leading digits: the last bit of a processor's exp does not change them.
        size = 10.0 ** np.floor(np.log10(value) - 2)
        up = value > antibody.limit
        value = np.round(np.round(value / size) * size, 6)
        # Rounding puts nobody on the other side of the limit.
        value = np.where(up & (value <= antibody.limit), antibody.limit * 1.01, value)
    return np.where(value < antibody.lloq, np.nan, value)


def _replaced(day: np.ndarray, medications: pd.DataFrame) -> np.ndarray:
    """Return where a sample was drawn under replacement with immunoglobulin."""
    given = medications[medications["reason"] == "replacement"]
    subject = given["subject"].to_numpy()
    stop = given["stop_day"].fillna(np.inf).to_numpy()[:, None]
    under = (day[subject] >= given["start_day"].to_numpy()[:, None]) & (day[subject] <= stop + 21)
    found = np.zeros(day.shape, bool)
    np.logical_or.at(found, subject, under)
    return found


def _crossing(antibody: Antibody, fall: float, model: Serology) -> float:
    """Return the probability that a level above the limit before is below it after a mean fall."""
    least = 0.0 if antibody.kind == "vaccine" else model.least
    grid = np.linspace(least, antibody.center + 9 * antibody.spread, _POINTS)
    middle = (grid[1:] + grid[:-1]) / 2
    weight = np.diff(normal_cdf((grid - antibody.center) / antibody.spread))
    spread = np.sqrt(2 * (model.spread * fall) ** 2 + model.noise**2)
    return float(weight @ normal_cdf((fall - middle) / spread) / weight.sum())
