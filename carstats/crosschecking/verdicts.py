"""The verdicts of a crosscheck, and the known reasons for a difference."""

from __future__ import annotations

from carstats.messages import mark

AGREES, KNOWN, NONE = "agrees", "known", "none"
DIFFERS, RAISED, NOT_COMPARED = "differs", "raised", "not compared"

VERDICTS = {
    AGREES: mark("agrees"),
    KNOWN: mark("differs for a known reason"),
    NONE: mark("no second program in Python"),
    DIFFERS: mark("differs"),
    RAISED: mark("the second program raised an error"),
    NOT_COMPARED: mark("not compared"),
}
REASONS = {
    "limits at one": mark("lifelines gives the limits [1, 1] while nobody has had the event"),
    "error at zero": mark("where the curve is 0 its error is not defined"),
    "plateau": mark(
        "the curve is level at exactly this part: carstats gives the middle of the plateau, as R "
        "does, statsmodels one of its ends"
    ),
    "interval boundary": mark(
        "lifelines takes an interval as closed on the left; with intervals open there the curves "
        "agree"
    ),
    "score interval": mark("statsmodels' score interval is wrong for differences other than zero"),
    "barnard ties": mark("scipy's Barnard test loses ties of its statistic to rounding"),
    "jeffreys at the ends": mark(
        "carstats' Jeffreys limits are 0 at 0 of n and 1 at n of n, statsmodels' are not"
    ),
    "beta product at zero": mark("before the first event carstats gives the beta-product limits"),
    "augmented data": mark(
        "firthmodels' error is that of the data augmented by the penalty, carstats' and logistf's "
        "that of the data"
    ),
    "restricted variance": mark(
        "lifelines' variance of a restricted mean is that of the time until the horizon"
    ),
    "nobody left": mark(
        "statsmodels gives no error of an incidence once everybody has had one of the events"
    ),
    "negative correlation": mark(
        "statsmodels' mixed model has an intercept for each subject, which allows no negative "
        "correlation between visits"
    ),
}
KINDS = {
    "count": mark("Counts"),
    "estimate": mark("Estimates"),
    "limit": mark("Limits"),
    "p-value": mark("p-values"),
}
FAMILY_NAMES = {
    "subjects": mark("Subjects"),
    "survival": mark("Times to events"),
    "response": mark("Responses"),
    "toxicity": mark("Toxicity"),
    "kinetics": mark("Engineered cells over time"),
    "published": mark("Published trials"),
    "other": mark("Other analyses"),
}
