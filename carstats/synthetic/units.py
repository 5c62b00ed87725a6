"""The measures of the synthetic study and their units."""

from __future__ import annotations

ITEMS = (
    "seizure", "psychosis", "organic_brain_syndrome", "visual_disturbance",
    "cranial_nerve_disorder", "lupus_headache", "cerebrovascular_accident", "vasculitis",
    "arthritis", "myositis", "urinary_casts", "haematuria", "proteinuria", "pyuria", "rash",
    "alopecia", "mucosal_ulcers", "pleurisy", "pericarditis", "low_complement",
    "increased_dna_binding", "fever", "thrombocytopenia", "leucopenia",
)  # fmt: skip
"""The 24 items of SLEDAI-2K, without the prefix of their measures."""

UNITS = {
    "SLEDAI-2K": "points",
    "cSLEDAI": "points",
    "PGA": "0-3",
    "UPCR": "g/g",
    "eGFR": "mL/min/1.73m2",
    "anti-dsDNA": "IU/mL",
    "C3": "g/L",
    "MMT8": "0-80",
    "CK": "U/L",
    "physician_global": "0-10 cm",
    "mRSS": "0-51",
    "FVC": "% predicted",
    "MG-ADL": "0-24",
    "QMG": "0-39",
    "EDSS": "0-10",
    "autoantibody": "multiple of ULN",
    "B_cells": "/uL",
    "IgG": "g/L",
    "ANC": "10^9/L",
    "platelets": "10^9/L",
    "haemoglobin": "g/dL",
    "new_BILAG_A": "0-9",
    "new_BILAG_B": "0-9",
    "patient_global": "0-10 cm",
    "extramuscular_global": "0-10 cm",
    "HAQ-DI": "0-3",
    "attack": "0-1",
    "hospitalised": "0-1",
    "haemolytic_or_gastrointestinal": "0-1",
    **{f"SLEDAI_{name}": "0-1" for name in ITEMS},
}
"""The measures of the synthetic study, in the order of its files, and their units."""
SCORES = (
    "SLEDAI-2K",
    "cSLEDAI",
    "PGA",
    "UPCR",
    "MMT8",
    "CK",
    "physician_global",
    "mRSS",
    "FVC",
    "MG-ADL",
    "QMG",
    "EDSS",
    "new_BILAG_A",
    "new_BILAG_B",
    "patient_global",
    "extramuscular_global",
    "HAQ-DI",
    "attack",
    "hospitalised",
    "haemolytic_or_gastrointestinal",
    *(f"SLEDAI_{name}" for name in ITEMS),
)
"""The scores that decide remission: a visit is adequate or not for these."""
