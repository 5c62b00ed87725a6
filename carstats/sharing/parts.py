"""What all estimates of a network have in common: the parts of a result, and what sites hide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from carstats.errors import CarstatsError, listed
from carstats.messages import mark, message
from carstats.sharing.network import Network
from carstats.sharing.together import SITE

# The parts of a result: each site, all together, and all but one.
PARTS = {
    "sites": mark("Each site"),
    "together": mark("All sites"),
    "without": mark("All sites but one"),
}
ADDED = mark("counts added")
DIFFERING = mark("sites that may differ")
WHATEVER = mark("whatever is hidden")
EVEN = mark("hidden days spread evenly")


def kind_of(network: Network, name: str, kinds: Sequence[str]) -> str:
    """Return the kind of an outcome that the network has, one of those wanted."""
    if not isinstance(network, Network):
        raise CarstatsError(
            message("`network` is {given}; it takes what combine_counts() returns.",
                    given=type(network).__name__)
        )  # fmt: skip
    known = network.known(name)
    found = "" if known is None else str(network.definition(known)["kind"])
    if found in kinds:
        return found
    has = [each for kind in kinds for each in network.outcomes(kind)]
    raise CarstatsError(
        message(
            "the network has no {name} that this can be asked of. It has: {known}.",
            name=repr(name), known=listed(has, 40) if has else message("none"),
        )
    )  # fmt: skip


def labels() -> dict[str, dict[str, str]]:
    """Return the words of the parts, and of what is no site."""
    return {
        "part": {key: message(words) for key, words in PARTS.items()},
        SITE: {name: message(name) for name in (ADDED, DIFFERING, WHATEVER, EVEN)},
    }


def hides(content: dict[str, Any], name: str) -> bool:
    """Say whether a site counted an outcome and shows nothing of it."""
    hidden = any(each["outcome"] == name and not each["by"] for each in content["hidden"])
    return hidden or not content["tables"]


def inconsistency(statistic: float, df: float) -> float:
    """Return I²: the share of the statistic that is more than its degrees of freedom.

    References: Higgins JPT, Thompson SG. Stat Med 2002; 21: 1539-1558.
    """
    if not df or np.isnan(statistic):
        return np.nan
    return max(0.0, (statistic - df) / statistic) if statistic > 0 else 0.0
