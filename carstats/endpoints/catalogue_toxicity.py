"""The catalogue: toxicities."""

from __future__ import annotations

from carstats.endpoints.catalogue import Endpoint

_ASTCT = "Lee 2019 (ASTCT), Biol Blood Marrow Transplant 25:625"
_ASTCT_DOI = "10.1016/j.bbmt.2018.12.758"
_CTCAE = "CTCAE v5 and v6, never pooled"

TOXICITY = (
    Endpoint(
        "CRS",
        "any",
        "toxicity",
        "ASTCT grade 1 to 5: fever to diagnose, then the worse of hypotension and hypoxia; "
        "episodes less than 7 days apart are one; onset up to day 30 after an infusion. A blank "
        "cell leaves the grade that the known ones prove.",
        "gap_days=7; onset_window_days=30; late_onset_days=14; fever_threshold=38; "
        "low_flow_limit=6",
        _ASTCT,
        doi=_ASTCT_DOI,
        function="rules.toxicity.crs.crs_episodes",
    ),
    Endpoint(
        "fever outside the CRS window",
        "any",
        "toxicity",
        "A fever that began before an infusion or more than 30 days after one: no CRS, no grade.",
        "onset_window_days=30",
        "carstats",
        status="design",
        function="rules.toxicity.crs.crs_episodes",
    ),
    Endpoint(
        "ICANS",
        "any",
        "toxicity",
        "ASTCT grade 1 to 5: the worst of ICE score, consciousness, seizure, motor and oedema, "
        "against the baseline ICE. A blank cell leaves the grade that the known ones prove.",
        "ICE 7, 3, 0; gap_days=7; onset_window_days=30",
        _ASTCT,
        doi=_ASTCT_DOI,
        function="rules.toxicity.icans.icans_episodes",
    ),
    Endpoint(
        "ICANS_paediatric",
        "any",
        "toxicity",
        "CAPD in place of ICE below 12 years: 1 to 8 grade 1 to 2, 9 or more grade 3.",
        "CAPD 9",
        _ASTCT,
        doi=_ASTCT_DOI,
        function="rules.toxicity.icans.delirium_grade",
    ),
    Endpoint(
        "IEC-HS",
        "any",
        "toxicity",
        "Ferritin above twice the limit or the value at infusion, or rising fast, with resolving "
        "CRS or after it improved, and a supporting sign: meets; ferritin with one of the two: "
        "possible. Never diagnosed.",
        "ferritin 2x; ALT/AST 5x; fibrinogen 150 mg/dL",
        "Hines 2023 (ASTCT), Transplant Cell Ther 29:438.e1",
        doi="10.1016/j.jtct.2023.03.006",
        function="rules.toxicity.iechs.iechs_status",
    ),
    Endpoint(
        "ICAHT",
        "any",
        "toxicity",
        "Early and late neutropenia by cumulative days at or below 500 and 100/uL, and after day "
        "30 by depth.",
        "early 7, 14 days; late 1500, 1000, 500, 100/uL",
        "Rejeski 2023 (EHA/EBMT), Blood 142:865",
        doi="10.1182/blood.2023020578",
        function="derive.toxicity_episodes.derive_toxicities",
    ),
    Endpoint(
        "ICAHT_early",
        "any",
        "toxicity",
        "ANC at or below 500/uL for 1 to 6 days grade 1, 7 to 13 grade 2, 14 or more grade 3, "
        "never above grade 4; at or below 100/uL for 7 days grade 3, 14 grade 4.",
        "500/uL; 100/uL; 7, 14 days",
        "Rejeski 2023 (EHA/EBMT), Blood 142:865",
        doi="10.1182/blood.2023020578",
        function="rules.toxicity.icaht.early_icaht_grade",
    ),
    Endpoint(
        "ICAHT_late",
        "any",
        "toxicity",
        "ANC after day 30 at or below 1500, 1000, 500, 100/uL: grade 1 to 4; two values needed.",
        "thresholds 1500, 1000, 500, 100/uL; min_values=2",
        "Rejeski 2023 (EHA/EBMT), Blood 142:865",
        doi="10.1182/blood.2023020578",
        function="rules.toxicity.icaht.late_icaht",
    ),
    Endpoint(
        "T-ICAHT",
        "any",
        "toxicity",
        "The same for platelets (term ICAHT, scale T-ICAHT): early below 50 for 1 to 6 days grade "
        "1, 7 or more grade 2, below 20 for 1 to 13 grade 3, 14 or more grade 4; late (days 31 to "
        "100, two values) below 100, 50, 20, and 20 for 14 days or more grade 4.",
        "low=50; very_low=20; recovery_days=3; late 100, 50, 20 x 10^9/L",
        "Rejeski 2025, Blood, Table 1",
        doi="10.1182/blood.2025028833",
        status="verified",
        function="rules.toxicity.t_icaht.early_t_icaht",
    ),
    Endpoint(
        "LICATS",
        "any",
        "toxicity",
        "Local, self-limited toxicity in an organ affected before, in B-cell aplasia, begun on day "
        "0 to 42, gone within 28 days without new immunosuppression: candidate, never relapse. "
        "Grade 2: glucocorticoids for more than a week or an inner organ; 3 hospital; 4 intensive "
        "care.",
        "licats_days=42; licats_resolution_days=28; steroid_days=14; steroid_week=7",
        "Hagen 2025, Lancet Rheumatol (PMID 40318690)",
        doi="10.1016/S2665-9913(25)00091-8",
        function="rules.toxicity.licats.licats_candidates",
    ),
    Endpoint(
        "infection",
        "any",
        "toxicity",
        "CTCAE grade 3 or more, or serious (intravenous antimicrobials or admission), by organism"
        " and window.",
        "grade 3",
        "CTCAE, version in the row",
        function="rules.toxicity.infections.describe_infections",
    ),
    Endpoint(
        "hypogammaglobulinaemia",
        "any",
        "toxicity",
        "IgG below 7 g/L; below 4 g/L severe; masked for 28 days after immunoglobulin.",
        "7, 4 g/L; mask 28 days",
        "EBMT",
        function="rules.blood.immunoglobulin.hypogammaglobulinaemia",
    ),
    Endpoint(
        "neutropenia",
        "any",
        "toxicity",
        "ANC below 1.5 grade 2, 1.0 grade 3, 0.5 grade 4 (10^9/L); by version 6 below 1.0, 0.5,"
        " 0.1.",
        "v5 1.5, 1.0, 0.5; v6 1.0, 0.5, 0.1; ctcae_version='v5'",
        _CTCAE,
        function="rules.toxicity.ctcae.ctcae_grade",
    ),
    Endpoint(
        "thrombocytopenia",
        "any",
        "toxicity",
        "Platelets below the limit grade 1, 75 grade 2, 50 grade 3, 25 grade 4 (10^9/L); by version"
        " 6 grade 4 below 10.",
        "LLN, 75, 50, 25; v6 LLN, 75, 50, 10; ctcae_version='v5'",
        _CTCAE,
        function="rules.toxicity.ctcae.ctcae_grade",
    ),
    Endpoint(
        "anaemia",
        "any",
        "toxicity",
        "Haemoglobin below the limit grade 1, 10 grade 2, 8 grade 3 (g/dL).",
        "LLN, 10, 8",
        _CTCAE,
        function="rules.toxicity.ctcae.ctcae_grade",
    ),
    Endpoint(
        "lymphopenia",
        "any",
        "toxicity",
        "Lymphocytes below 0.5 grade 3, 0.2 grade 4 (10^9/L).",
        "0.5, 0.2",
        _CTCAE,
        function="rules.toxicity.ctcae.ctcae_grade",
    ),
    Endpoint(
        "leukopenia",
        "any",
        "toxicity",
        "White cells by CTCAE grade.",
        "CTCAE grades",
        "CTCAE, version in the row",
    ),
    Endpoint(
        "cytopenia",
        "any",
        "toxicity",
        "Any of neutropenia, thrombocytopenia, anaemia, lymphopenia.",
        "those of its components",
        "CTCAE, version in the row",
    ),
    Endpoint(
        "febrile neutropenia",
        "any",
        "toxicity",
        "Fever with neutropenia as recorded, CTCAE grade.",
        "as recorded",
        "CTCAE, version in the row",
    ),
    Endpoint(
        "hepatotoxicity",
        "any",
        "toxicity",
        "Raised liver enzymes as recorded, CTCAE grade.",
        "as recorded",
        "CTCAE, version in the row",
    ),
    Endpoint(
        "coagulopathy",
        "any",
        "toxicity",
        "Coagulopathy as recorded, CTCAE grade.",
        "as recorded",
        "CTCAE, version in the row",
    ),
    Endpoint(
        "GvHD",
        "any",
        "toxicity",
        "Graft-versus-host disease as recorded.",
        "as recorded",
        "as recorded",
    ),
    Endpoint(
        "infusion reaction",
        "any",
        "toxicity",
        "Infusion reaction as recorded, CTCAE grade.",
        "as recorded",
        "CTCAE, version in the row",
    ),
    Endpoint(
        "second malignancy",
        "any",
        "toxicity",
        "New malignancy, T-cell lymphoma included, for as long as followed (15 years).",
        "as recorded",
        "FDA class warning 2024",
    ),
)
