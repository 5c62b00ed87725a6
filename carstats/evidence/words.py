"""The words of the table of published trials, as figures and method lines print them."""

from __future__ import annotations

from carstats.messages import mark, message, message_n

# What the columns of the table hold; code compares these, so they are translated when printed.
WORDS = (
    # outcome and endpoint_class
    mark("response"), mark("remission"), mark("improvement"), mark("relapse-free"), mark("mixed"),
    mark("drug-free"), mark("relapse"), mark("death"), mark("CRS any"), mark("CRS grade >=3"),
    mark("ICANS any"), mark("ICANS grade >=3"), mark("neurotoxicity any"),
    mark("neurotoxicity grade >=3"), mark("infection any"), mark("infection grade >=3"),
    mark("neutropenia grade >=3"), mark("ICAHT any"),
    # population
    mark("treated"), mark("modified intention to treat"), mark("evaluable"), mark("per protocol"),
    mark("subset"), mark("treated, missing = failure"),
    # basis
    mark("unverified"), mark("secondary report"), mark("abstract"), mark("derived"),
    mark("full text"), mark("registry"), mark("label"), mark("label or abstract"),
    mark("congress abstract"), mark("review table"), mark("two secondary reports"),
    mark("company release"), mark("immunosuppressant-free"),
    # valency, and what was not given or not said
    mark("single"), mark("dual"), mark("co-infusion"), mark("none"), mark("not stated"),
    # what a comparison is of
    mark("difference"), mark("ratio"), mark("odds ratio"), mark("reference"),
)  # fmt: skip
# The authors' endpoints, for readers of Chinese; one that is not here prints as it is given.
ENDPOINTS = (
    mark("clinical remission (SLEDAI 0)"),
    mark("DORIS remission at 3 months"),
    mark("disease-specific (DORIS / ACR-EULAR major / EUSTAR decrease)"),
    mark("DORIS remission at 6 months"),
    mark("ACR-EULAR major clinical response"),
    mark("decrease in EUSTAR activity index"),
    mark("symptom- and medication-free remission (MFR)"),
    mark("LLDAS and DORIS by week 12"),
    mark("SRI-4 at last visit"),
    mark("significant improvement of disease response index at 6 mo"),
    mark("SRI-4 at 3 months"),
    mark("DORIS remission at week 24"),
    mark("disease remission (>=3 mo follow-up)"),
    mark("complete renal response"),
    mark("TIS moderate or major at 16 wk"),
    mark("remission after first infusion"),
    mark("MSE (MG-ADL 0-1)"),
    mark("relapse-free at data cut-off"),
    mark("clinically meaningful improvement at month 3"),
    mark("MGC >=5-point decrease at month 3 (mITT)"),
    mark("complete response"),
    mark(">=50 % reduction swollen or tender joints, wk 4"),
    mark("clinically meaningful improvement"),
    mark("clinically meaningful response kept"),
    mark("clinical SLEDAI-2K 0"),
    mark("reduced disease activity"),
    mark("complete renal response, LN (first patient)"),
    mark("SSc event (ILD, heart, renal, hypertension, new immunosuppressive or antifibrotic)"),
    mark("remission, non-renal SLE"),
    mark("SELENA-SLEDAI 0 and PGA <1 within 3-6 months"),
    mark("flare"),
    mark("clear or almost clear (PDAI 0-1)"),
    mark("MFR at last follow-up (longest 46 months)"),
    mark("DORIS at any time (median onset 5.1 months)"),
    mark("complete renal response at last follow-up"),
    mark("DORIS remission at last follow-up"),
    mark("DAS28-CRP remission and ACR70"),
    mark("fall in disease activity"),
    mark("EDSS improved"),
    mark("no RA medicines"),
    mark("rapid decline in clinical disease activity"),
    mark("off immunotherapy at week 16 (topline)"),
    mark("infection with hospitalisation (grade not stated)"),
    mark("serious infection (grade not stated)"),
    mark("severe infection (grade not stated)"),
    mark("treatment-related"),
)
# Characteristics of trials within a sentence.
MODERATORS = {
    "target": mark("target"),
    "valency": mark("valency"),
    "platform": mark("platform"),
    "costimulation": mark("co-stimulatory domain"),
    "cell_source": mark("cell source"),
    "disease": mark("disease"),
}
LIMITS = {
    "profile": mark("profile limits"),
    "Wald": mark("Wald limits"),
    "credible": mark("credible limits"),
}


def n_trials(n: int) -> str:
    """Write a number of trials: ``"3 trials"``."""
    return message_n("{n} trial", "{n} trials", n)


def n_subjects(n: float) -> str:
    """Write a number of subjects: ``"12 subjects"``."""
    return message_n("{n} subject", "{n} subjects", int(n))


def in_trials(what: str) -> str:
    """Return an outcome or a class of endpoints as the endpoint of a result of trials."""
    return message("Published trials: {outcome}", outcome=message(what))
