"""The diseases of the synthetic study: who has them, how they are treated, how they answer.

The levels are calibrated to the published evidence; see `synthetic_model`.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Disease:
    """Who has the disease, how it is treated and how it answers.

    Attributes
    ----------
    subtypes : dict of str to float
        Subtype and its share.
    age : tuple of float
        Mean, standard deviation, smallest and largest age in years.
    female, duration_years, prior_therapies : float
        Share of women, median disease duration, mean number of earlier therapies.
    response : dict of str to float
        Target to the probability of a response to the reference kind of product.
    remission : float
        Probability of remission given a response.
    cured, relapse_scale : dict of str to float
        Target to the fraction of responders who never relapse and to the Weibull scale in days.
    death_rate : float
        Deaths per person-year, constant.
    glucocorticoid : tuple of float
        Share treated at baseline, smallest and largest daily dose, mg of prednisone.
    background, rescue : tuple of tuple of str
        (drug, class) of the immunosuppressants before the infusion and of the rescue therapy.
    licats : float
        Probability of LICATS after a CD19-directed reference product.
    organs : dict of str to float
        Organs of LICATS and their shares.
    attack_dated : bool
        Whether a relapse is an attack that brings the subject to hospital on a known day.
    """

    subtypes: dict[str, float]
    age: tuple[float, float, float, float]
    female: float
    duration_years: float
    prior_therapies: float
    response: dict[str, float]
    remission: float
    cured: dict[str, float]
    relapse_scale: dict[str, float]
    death_rate: float
    glucocorticoid: tuple[float, float, float]
    background: tuple[tuple[str, str], ...]
    rescue: tuple[tuple[str, str], ...]
    licats: float = 0.0
    organs: dict[str, float] = field(default_factory=lambda: {"other": 1.0})
    attack_dated: bool = False


def targets(cd19: float, bcma: float, both: float) -> dict[str, float]:
    """Return one number for each target."""
    return {"CD19": cd19, "BCMA": bcma, "CD19+BCMA": both}


_MMF = ("mycophenolate mofetil", "immunosuppressant")
_AZA = ("azathioprine", "immunosuppressant")
_MTX = ("methotrexate", "immunosuppressant")
_TAC = ("tacrolimus", "immunosuppressant")
_RTX = ("rituximab", "biologic")

DISEASES = {
    "SLE": Disease(
        {"lupus nephritis": 0.45, "non-renal": 0.55},
        age=(33, 9, 18, 65),
        female=0.90,
        duration_years=8,
        prior_therapies=5,
        response=targets(0.88, 0.80, 0.92),
        remission=0.75,
        cured=targets(0.60, 0.40, 0.70),
        relapse_scale=targets(450, 380, 500),
        death_rate=0.025,
        glucocorticoid=(0.90, 7.5, 25),
        background=(_MMF, _AZA, _TAC, ("belimumab", "biologic")),
        rescue=(_MMF, _RTX, ("belimumab", "biologic"), ("anifrolumab", "biologic")),
        licats=0.50,
        organs={"skin": 0.40, "kidney": 0.25, "joints": 0.25, "blood": 0.10},
    ),
    "IIM": Disease(
        {"antisynthetase syndrome": 0.40, "dermatomyositis": 0.35, "necrotising myopathy": 0.25},
        age=(46, 12, 18, 75),
        female=0.68,
        duration_years=5,
        prior_therapies=4,
        response=targets(0.85, 0.75, 0.88),
        remission=0.70,
        cured=targets(0.55, 0.45, 0.65),
        relapse_scale=targets(420, 380, 480),
        death_rate=0.050,
        glucocorticoid=(0.88, 7.5, 30),
        background=(_MTX, _MMF, _TAC, _AZA),
        rescue=(_MMF, _RTX, ("tofacitinib", "targeted synthetic")),
        licats=0.40,
        organs={"muscle": 0.55, "skin": 0.25, "lung": 0.20},
    ),
    "SSc": Disease(
        {"diffuse cutaneous": 0.80, "limited cutaneous": 0.20},
        age=(46, 12, 20, 72),
        female=0.74,
        duration_years=4,
        prior_therapies=3,
        response=targets(0.75, 0.65, 0.80),
        remission=0.45,
        cured=targets(0.65, 0.50, 0.70),
        relapse_scale=targets(520, 450, 560),
        death_rate=0.075,
        glucocorticoid=(0.45, 5, 10),
        background=(_MMF, _MTX),
        rescue=(_MMF, _RTX),
        licats=0.45,
        organs={"skin": 0.70, "lung": 0.30},
    ),
    "MG": Disease(
        {"AChR-positive": 0.80, "MuSK-positive": 0.20},
        age=(49, 14, 18, 80),
        female=0.62,
        duration_years=8,
        prior_therapies=4,
        response=targets(0.80, 0.82, 0.88),
        remission=0.45,
        cured=targets(0.50, 0.50, 0.65),
        relapse_scale=targets(400, 420, 480),
        death_rate=0.020,
        glucocorticoid=(0.75, 5, 25),
        background=(_AZA, _MMF, _TAC),
        rescue=(("efgartigimod", "biologic"), _RTX, ("plasma exchange", "plasma exchange")),
    ),
    "NMOSD": Disease(
        {"AQP4-IgG-positive": 1.0},
        age=(44, 12, 18, 72),
        female=0.85,
        duration_years=6,
        prior_therapies=3,
        response=targets(0.85, 0.90, 0.90),
        remission=0.75,
        cured=targets(0.60, 0.60, 0.70),
        relapse_scale=targets(420, 450, 500),
        death_rate=0.015,
        glucocorticoid=(0.70, 5, 20),
        background=(_MMF, _AZA),
        rescue=(("plasma exchange", "plasma exchange"), _RTX, ("satralizumab", "biologic")),
        attack_dated=True,
    ),
    "AIHA": Disease(
        {"warm antibody": 1.0},
        age=(52, 15, 18, 80),
        female=0.60,
        duration_years=4,
        prior_therapies=4,
        response=targets(0.88, 0.80, 0.88),
        remission=0.85,
        cured=targets(0.50, 0.40, 0.60),
        relapse_scale=targets(330, 300, 380),
        death_rate=0.0375,
        glucocorticoid=(0.90, 10, 40),
        background=(_AZA, _MMF, ("ciclosporin", "immunosuppressant")),
        rescue=(_RTX, _MMF),
    ),
}
