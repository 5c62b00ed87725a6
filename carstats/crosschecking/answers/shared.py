"""What the tables of analyses share: names of libraries, columns, siblings and known reasons."""

from __future__ import annotations

from carstats.crosschecking.asking import Asked, Sibling
from carstats.crosschecking.families import toxicities

PANDAS, STATSMODELS, LIFELINES, SCIPY = "pandas", "statsmodels", "lifelines", "scipy"
LIMITS = ("conf_low", "conf_high")
RATE = ("n", "n_missing", "n_event", "estimate", *LIMITS)
POSSIBLE = ("n_possible", "estimate_possible")
SURVIVAL_COUNTS = ("n", "n_missing", "n_risk", "n_event", "n_censor")
PAIR = ("n", "n_event", "n_missing", "n_reference", "n_event_reference", "n_missing_reference")
WILSON = Sibling({"method": "Wilson"}, LIMITS)
LOG_LOG = Sibling({"conf_type": "log-log"}, LIMITS)


def wrong_score(asked: Asked, column: str, ours: float, theirs: float, place: int) -> str:
    """Return why score limits differ; statsmodels' are off by less than a fiftieth."""
    close = abs(ours - theirs) < 0.02
    return "score interval" if close and toxicities.method_used(asked) != "Newcombe" else ""


def lost_ties(asked: Asked, column: str, ours: float, theirs: float, place: int) -> str:
    """Return why Barnard's p-values differ: ties that scipy loses make its own too small."""
    return "barnard ties" if theirs < ours else ""


def zero_or_all(asked: Asked, column: str, ours: float, theirs: float, place: int) -> str:
    """Return why Jeffreys' limits differ: at 0 of n and n of n carstats gives 0 and 1."""
    method = asked.option("method", asked.option("limits"))
    end = {"conf_low": 0.0, "conf_high": 1.0}.get(column)
    return "jeffreys at the ends" if method == "Jeffreys" and ours == end else ""


def closed_on_the_left(asked: Asked, column: str, ours: float, theirs: float, place: int) -> str:
    """Return why interval-censored curves differ: lifelines closes the intervals on the left."""
    return "interval boundary"
