"""Every number behind the synthetic study; with `synthetic_diseases`, nothing is computed here.

The levels are calibrated to the published evidence (autoimmune trials, 2021 to 2026), less the
optimism of small series: where every one of five responded, the model does not say 100 %.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from carstats.synthetic.diseases import DISEASES, Disease, targets


@dataclass(frozen=True)
class Kind:
    """How one kind of product differs from the reference, an autologous 4-1BB CAR-T.

    Attributes
    ----------
    response_odds, cure_factor, scale_factor : float
        Multiply the odds of response, the cured fraction and the Weibull scale of relapse.
    crs_factor, crs_severe, icans : float
        Multiplies the probability of CRS of the target; probability that a CRS is of grade 3 or
        more; probability of ICANS of any grade.
    licats_factor, infection_factor, hypogamma_factor, gvhd : float
        Multiply the disease's LICATS, the infection rates and the target's
        hypogammaglobulinaemia; probability of GvHD.
    b_cell_factor : float
        Multiplies the median time to B-cell return; 0 where the product does not deplete.
    background_stopped : float
        Probability that background immunosuppression is stopped.
    manufacturing_failure : float
        Probability that an enrolled subject is never infused.
    """

    response_odds: float = 1.0
    cure_factor: float = 1.0
    scale_factor: float = 1.0
    crs_factor: float = 1.0
    crs_severe: float = 0.02
    icans: float = 0.03
    licats_factor: float = 1.0
    infection_factor: float = 1.0
    hypogamma_factor: float = 1.0
    gvhd: float = 0.0
    b_cell_factor: float = 1.0
    background_stopped: float = 1.0
    manufacturing_failure: float = 0.04


@dataclass(frozen=True)
class Programme:
    """One product in one disease; `size` is its number of subjects in a study of 240."""

    study_id: str
    disease: str
    target: str
    kind: str
    construct: str
    size: int
    platform: str = "CAR-T"
    cell_source: str = "autologous"
    costimulation: str | None = "4-1BB"
    valency: str | None = None
    infusion_days: tuple[int, ...] = (0,)
    lymphodepletion: bool = True
    dose: float = 1.0
    dose_unit: str = "10^6/kg"


_KINDS = {
    "autologous CAR-T": Kind(),
    # CD28 products: the two autoimmune series with CRS of grade 3 or more are CD28 constructs.
    "CD28 CAR-T": Kind(crs_factor=1.15, crs_severe=0.12, icans=0.08),
    "allogeneic CAR-T": Kind(
        response_odds=0.80,
        cure_factor=0.85,
        scale_factor=0.85,
        crs_factor=0.55,
        icans=0.01,
        licats_factor=0.6,
        gvhd=0.06,
        b_cell_factor=0.70,
        manufacturing_failure=0.0,
    ),
    "mRNA CAR-T": Kind(
        response_odds=0.55,
        cure_factor=0.55,
        scale_factor=0.70,
        crs_factor=0.05,
        crs_severe=0.0,
        icans=0.0,
        licats_factor=0.0,
        infection_factor=0.6,
        hypogamma_factor=0.10,
        b_cell_factor=0.0,
        background_stopped=0.30,
        manufacturing_failure=0.05,
    ),
    "CAR-NK": Kind(
        response_odds=0.45,
        cure_factor=0.65,
        scale_factor=0.70,
        crs_factor=0.12,
        crs_severe=0.0,
        icans=0.002,
        licats_factor=0.3,
        infection_factor=0.8,
        hypogamma_factor=0.4,
        gvhd=0.02,
        b_cell_factor=0.60,
        background_stopped=0.90,
        manufacturing_failure=0.0,
    ),
    "CAR-Treg": Kind(
        response_odds=0.25,
        cure_factor=0.60,
        scale_factor=0.75,
        crs_factor=0.04,
        crs_severe=0.0,
        icans=0.0,
        licats_factor=0.0,
        infection_factor=0.6,
        hypogamma_factor=0.05,
        b_cell_factor=0.0,
        background_stopped=0.25,
        manufacturing_failure=0.08,
    ),
}

_AUTO, _CD28, _ALLO = "autologous CAR-T", "CD28 CAR-T", "allogeneic CAR-T"
_NK = {
    "platform": "CAR-NK",
    "cell_source": "allogeneic",
    "costimulation": None,
    "infusion_days": (0, 7, 14),
    "dose": 900.0,
    "dose_unit": "10^6",
}
_TREG = {
    "platform": "CAR-Treg",
    "costimulation": "CD28",
    "lymphodepletion": False,
    "dose": 30.0,
    "dose_unit": "10^6",
}
_DONOR = {"cell_source": "allogeneic"}

# The strata of disease and target range from 1 (NMOSD, both targets) to 40 (SLE, CD19).
_PROGRAMMES = (
    Programme("SYN-01", "SLE", "CD19", _AUTO, "syn19-BB", 22),
    Programme("SYN-02", "SLE", "CD19", _ALLO, "syn19-allo", 7, **_DONOR),
    Programme("SYN-03", "SLE", "CD19", "CAR-NK", "syn19-NK", 7, **_NK),
    Programme("SYN-04", "SLE", "CD19", "CAR-Treg", "syn19-Treg", 4, **_TREG),
    Programme("SYN-05", "SLE", "BCMA", _AUTO, "synB-BB", 9),
    Programme("SYN-06", "SLE", "CD19+BCMA", _AUTO, "syn19B-dual", 23, costimulation=None, dose=0.2),
    Programme(
        "SYN-07", "SLE", "CD19+BCMA", _AUTO, "syn19 + synB", 9, valency="co-infusion", dose=2.0
    ),
    Programme("SYN-08", "IIM", "CD19", _AUTO, "syn19-BB", 23),
    Programme("SYN-09", "IIM", "CD19", _CD28, "syn19-28", 4, costimulation="CD28"),
    Programme("SYN-10", "IIM", "BCMA", _AUTO, "synB-BB", 5),
    Programme("SYN-06", "IIM", "CD19+BCMA", _AUTO, "syn19B-dual", 7, costimulation=None, dose=0.2),
    Programme("SYN-08", "SSc", "CD19", _AUTO, "syn19-BB", 16),
    Programme("SYN-02", "SSc", "CD19", _ALLO, "syn19-allo", 4, **_DONOR),
    Programme("SYN-09", "SSc", "CD19", _CD28, "syn19-28", 3, costimulation="CD28"),
    Programme("SYN-04", "SSc", "CD19", "CAR-Treg", "syn19-Treg", 3, **_TREG),
    Programme("SYN-10", "SSc", "BCMA", _AUTO, "synB-BB", 3),
    Programme("SYN-06", "SSc", "CD19+BCMA", _AUTO, "syn19B-dual", 12, costimulation=None, dose=0.2),
    Programme(
        "SYN-11",
        "MG",
        "BCMA",
        "mRNA CAR-T",
        "synB-mRNA",
        16,
        costimulation="4-1BB",
        infusion_days=(0, 7, 14, 21, 28, 35),
        lymphodepletion=False,
        dose=50.0,
    ),
    Programme("SYN-12", "MG", "BCMA", _AUTO, "synB-BB", 8),
    Programme("SYN-12", "MG", "CD19", _AUTO, "syn19-BB", 12),
    Programme("SYN-12", "MG", "CD19+BCMA", _AUTO, "syn19B-dual", 8, costimulation=None, dose=0.2),
    Programme("SYN-13", "NMOSD", "BCMA", _AUTO, "synB-BB", 14),
    Programme("SYN-13", "NMOSD", "CD19", _AUTO, "syn19-BB", 7),
    Programme(
        "SYN-13", "NMOSD", "CD19+BCMA", _AUTO, "syn19B-dual", 1, costimulation=None, dose=0.2
    ),
    Programme("SYN-14", "AIHA", "CD19", _AUTO, "syn19-BB", 9),
    Programme(
        "SYN-15", "AIHA", "CD19", "CAR-NK", "syn19-NK", 2, **(_NK | {"lymphodepletion": False})
    ),
    Programme("SYN-14", "AIHA", "BCMA", _AUTO, "synB-BB", 2),
)


@dataclass(frozen=True)
class Model:
    """All parameters of the synthetic study. Times are in days unless the name says otherwise."""

    programmes: tuple[Programme, ...] = _PROGRAMMES
    diseases: dict[str, Disease] = field(default_factory=lambda: dict(DISEASES))
    kinds: dict[str, Kind] = field(default_factory=lambda: dict(_KINDS))

    sites: dict[str, float] = field(
        default_factory=lambda: {"A": 0.28, "B": 0.22, "C": 0.18, "D": 0.14, "E": 0.11, "F": 0.07}
    )
    # Potential follow-up is low + (high - low) U**power months, U uniform: staggered accrual.
    followup_months: tuple[float, float, float] = (1.0, 40.0, 1.1)
    withdrawal_rate_per_year: float = 0.05
    missing: dict[str, float] = field(
        default_factory=lambda: {
            "age": 0.012,
            "sex": 0.008,
            "weight_kg": 0.06,
            "disease_duration_years": 0.05,
            "n_prior_therapies": 0.04,
            "disease_subtype": 0.02,
            "leukapheresis_day": 0.05,
            "enrolment_day": 0.02,
            "dose": 0.04,
        }
    )

    visit_weeks: tuple[int, ...] = (4, 8, 12, 24, 36, 52, 64, 76, 88, 104, 130, 156)
    # Normal jitter, cut at the visit windows.
    visit_jitter_sd: tuple[float, ...] = (2, 4, 4, 8, 8, 8, 12, 12, 12, 12, 14, 14)
    visit_jitter_limit: tuple[int, ...] = (7, 13, 13, 28, 28, 28, 41, 41, 41, 42, 42, 42)
    visit_missed: float = 0.08
    visit_inadequate: float = 0.03

    # Log-normal time to response, cut at its largest value (so all responses are by week 24).
    response_median: dict[str, float] = field(
        default_factory=lambda: {
            "SLE": 50.0,
            "IIM": 60.0,
            "SSc": 80.0,
            "MG": 45.0,
            "NMOSD": 60.0,
            "AIHA": 35.0,
        }
    )
    response_sigma: float = 0.45
    response_latest: float = 150.0
    # Remission is reached this many times later than the response.
    remission_delay: float = 1.5
    # Of those not cured: relapse comes this long after the response, plus a Weibull time.
    relapse_gap: float = 60.0
    relapse_shape: float = 1.4
    # Correlation (normal copula) of B-cell return and relapse, for products that deplete.
    relapse_b_cell_correlation: float = 0.5

    # Rescue of subjects who never respond: share, delay, Weibull shape and scale.
    rescue_share: float = 0.85
    rescue_delay: float = 90.0
    rescue_shape: float = 1.3
    rescue_scale: float = 120.0
    rescue_after_relapse: float = 0.92
    reinfusion_nonresponse: float = 0.12
    reinfusion_nonresponse_days: tuple[float, float] = (110.0, 190.0)
    reinfusion_relapse: float = 0.15
    reinfusion_relapse_days: tuple[float, float] = (35.0, 90.0)
    nonresponse_day: int = 196

    death_causes: dict[str, float] = field(
        default_factory=lambda: {
            "infection": 0.40,
            "disease": 0.30,
            "cardiovascular": 0.20,
            "unknown": 0.10,
        }
    )

    b_cell_median: dict[str, float] = field(
        default_factory=lambda: {"CD19": 120.0, "BCMA": 0.0, "CD19+BCMA": 150.0}
    )
    b_cell_sigma: float = 0.40
    b_cell_threshold: float = 10.0

    background_share: float = 0.92
    background_stop_days: tuple[float, float] = (84.0, 138.0)
    antimalarial_share: float = 0.75
    antimalarial_kept: float = 0.55
    glucocorticoid_off: float = 0.92
    glucocorticoid_off_days: tuple[float, float] = (28.0, 112.0)

    crs: dict[str, float] = field(default_factory=lambda: targets(0.68, 0.60, 0.70))
    # Shares of grade 1 among grades 1 and 2, and of grade 3 among grades 3 and 4.
    crs_grade1: float = 0.75
    crs_grade3: float = 0.85
    icans_grades: tuple[float, ...] = (0.60, 0.25, 0.13, 0.02)
    licats_target: dict[str, float] = field(default_factory=lambda: targets(1.0, 0.4, 1.0))
    licats_second: float = 0.15
    licats_grades: tuple[float, ...] = (0.65, 0.30, 0.05)
    gvhd_grades: tuple[float, ...] = (0.6, 0.3, 0.1)
    # Infections: a Poisson process, rates per person-year in the windows that end on these days.
    infection_windows: tuple[float, ...] = (30.0, 100.0, 365.0, 5000.0)
    infection_rates: tuple[float, ...] = (1.3, 1.0, 0.6, 0.30)
    infection_grades: tuple[float, ...] = (0.38, 0.57, 0.045, 0.005)
    # Probabilities of no episode, then of grades 1 to 4, with and without lymphodepletion.
    cytopenia: dict[str, tuple[float, ...]] = field(
        default_factory=lambda: {
            "neutropenia": (0.10, 0.08, 0.17, 0.35, 0.30),
            "thrombocytopenia": (0.58, 0.14, 0.12, 0.11, 0.05),
            "anaemia": (0.45, 0.27, 0.20, 0.08, 0.0),
            "lymphopenia": (0.08, 0.02, 0.08, 0.32, 0.50),
        }
    )
    cytopenia_without_conditioning: float = 0.06
    hypogamma: dict[str, float] = field(default_factory=lambda: targets(0.22, 0.55, 0.62))
    hypogamma_grades: tuple[float, ...] = (0.45, 0.42, 0.13)


MODEL = Model()

MODEL_IN_WORDS = (
    "Programmes (a product in a disease) share out the n subjects in proportion to their size, by "
    "largest remainder; strata are therefore fixed and not random.",
    "An enrolled subject is never infused with probability `manufacturing_failure` of the kind; "
    "everything below concerns the infused.",
    "Potential follow-up is low + (high - low) U**power months; withdrawal and death are "
    "exponential and independent of everything else, so censoring is not informative.",
    "A subject responds with the probability of the disease and target, its odds multiplied by "
    "`response_odds` of the kind. The time to response is log-normal, cut at `response_latest`.",
    "A responder reaches remission with the probability `remission` of the disease, "
    "`remission_delay` times later than the response.",
    "A responder is cured with probability min(0.95, cured x cure_factor); otherwise relapse comes "
    "`relapse_gap` days after the response plus a Weibull time with `relapse_shape` and "
    "relapse_scale x scale_factor.",
    "A relapse is found at the next adequate visit (in NMOSD it is an attack with a known day). A "
    "response that comes and goes between two adequate visits is never seen: such a subject is "
    "recorded as a primary non-responder.",
    "What a relapse shows satisfies the rule of its disease: SLEDAI-2K up by 3 points or more (a "
    "severe flare where no rescue follows), physician global up by 2 cm with CK doubled, FVC down "
    "by 10 %, MG-ADL up by 2 points at two visits or an admission, an attack, a lost response of "
    "haemoglobin. While a response lasts nothing satisfies it.",
    "Immunoglobulin treats MG and IIM, so that in these it is not given to replace IgG.",
    "A subject who never responds is rescued with probability `rescue_share`, at `rescue_delay` "
    "plus a Weibull time; and re-infused with probability `reinfusion_nonresponse`, independently.",
    "B cells of subjects given a depleting product against CD19 cross the threshold at a "
    "log-normal time; its normal score has the stated correlation with that of the relapse time.",
    "CRS has probability crs[target] x crs_factor (at most 0.95); it is of grade 3 or more with "
    "`crs_severe`. ICANS occurs only with CRS; `icans` is its marginal probability. LICATS has "
    "probability licats[disease] x licats_target x licats_factor. Infections are a Poisson "
    "process. A fatal infection is added to the infections when it is the cause of death.",
    "In systemic sclerosis the revised CRISS is met exactly in response, in lupus nephritis CRR "
    "exactly in remission. The items of SLEDAI-2K add up to its total; of an organ with a measure, "
    "LICATS shows in it.",
    "Grades of cytopenia are those of CTCAE v5; neutropenia of grade 3 or more by v6 is that of "
    "grade 4 by v5 (`neutropenia_grade_3_v6`).",
    "Relapses are recorded at visits, and the censored leave at their last adequate visit while "
    "deaths and rescue have their own day: a Kaplan-Meier curve of the recorded `time` is up to "
    "0.03 off the true curve however large the study; the latent times are not.",
    "Transgene of CAR-T cells peaks at a lognormal height on days 9 to 14, falls with a half-life "
    "of 2.4 to 3.6 days to day 28 and more slowly after it; in `weak_share` cells hardly expand. "
    "A worse CRS goes with a higher peak. CAR-NK cells do not expand. Everything else about the "
    "transgene is independent of the other tables.",
    "An infection has an organism by its site; second malignancies come at a constant rate from "
    "`malignancy_from` on. Everybody infused is in hospital for it, longer with CRS or ICANS, and "
    "again for an infection of grade 3 or more; CRS or ICANS of grade 3 and infections of grade 4 "
    "bring intensive care. Nothing else depends on these.",
    "Antibodies: what short-lived plasma cells make falls most, what long-lived ones make and what "
    "vaccines left falls little with CD19 and more with BCMA; without a response less falls. A "
    "titre comes back in part after a relapse, and replacement of immunoglobulin lifts vaccine "
    "titres. These numbers are made up in the order that trials report; `anti-dsDNA` and "
    "`autoantibody` follow the disease instead. No other table depends on them.",
    "B cells that come back are naive and transitional, with few switched memory cells; these "
    "refill over years. The subsets are independent of relapse and response, given when B cells "
    "return.",
)
