"""How far missing responses would have to lean before a comparison changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.errors import CarstatsError, check_choice, check_conf_level, listed
from carstats.estimators.curves.melding import melded_p_value
from carstats.estimators.proportions.proportion_difference import proportion_contrast
from carstats.estimators.proportions.two_by_two import fisher_test
from carstats.estimators.proportions.unconditional import unconditional_p_value
from carstats.messages import mark, message
from carstats.response.pairs import against, compared
from carstats.result import Result

_TESTS: dict[str, Callable[[int, int, int, int], float]] = {
    "Fisher": lambda *counts: fisher_test(*counts).p_value,
    "Fisher central": melded_p_value,
    "Barnard": unconditional_p_value,
}
_WORDS = {
    "Fisher": mark("Fisher's exact test"),
    "Fisher central": mark("Fisher's exact test, doubled tail"),
    "Barnard": mark("Barnard exact test"),
}


def response_tipping_point(
    cohort: Cohort,
    endpoint: str,
    *,
    by: str,
    first: object = None,
    second: object = None,
    method: str = "Fisher central",
    at: float = 168,
    window: tuple[float, float] | None = None,
    population: str = "treated",
    conf_level: float = 0.95,
) -> Result:
    """Test two strata under every way in which their missing responses may have come out.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    endpoint : str
        A response endpoint of the study.
    by : str
        The column of the two strata.
    first, second : object, optional
        Its two levels; needed where it has more.
    method : {"Fisher", "Fisher central", "Barnard"}
        The test.
    at : float
        Day of the visit.
    window : (float, float), optional
        First and last day that count, as for `response_rate`.
    population : {"treated", "intention to treat"}
        Who is counted, as for `response_rate`.
    conf_level : float
        Confidence level; the conclusion changes where the p-value crosses 1 - `conf_level`.

    Returns
    -------
    Result
        A row for every pair of numbers of responders among the missing of the first
        (``assumed``) and of the second (``assumed_reference``): ``contrast``, the counts with
        them, ``estimate`` (difference) with melded ``conf_low`` and ``conf_high``, ``p_value``,
        ``tips`` (whether the conclusion is another than with missing = failure), ``note``.

    Raises
    ------
    CarstatsError
        As for `response_difference`; also if the two strata are not named where there are more.

    References
    ----------
    Yan X, Lee S, Li N. J Biopharm Stat 2009; 19: 1085-1098.

    Examples
    --------
    >>> cs.response_tipping_point(lupus, "response", by="target", first="CD19", second="BCMA")
    """
    method = check_choice("method", method, tuple(_TESTS))
    population = check_choice("population", population, ("treated", "intention to treat"))
    check_conf_level(conf_level)
    table = compared(
        cohort, endpoint, by, None, at, window, population, "failure", "response_tipping_point",
        message("missing set in turn"), test=method,
    )  # fmt: skip
    places = _two(table.keys, first, second)
    (n_1, missing_1, k_1), (n_2, missing_2, k_2) = (table.counts(place) for place in places)
    names = [table.names[place] for place in places]
    if not n_1 or not n_2:
        both = message("{first} and {second}", first=names[0], second=names[1])
        raise CarstatsError(message("{names}: one of them has no subjects to count.", names=both))
    level = 1 - conf_level
    begin = _TESTS[method](k_1, k_2, n_1, n_2) < level
    rows = []
    for extra_1 in range(missing_1 + 1):
        for extra_2 in range(missing_2 + 1):
            counts = (k_1 + extra_1, k_2 + extra_2, n_1, n_2)
            found = proportion_contrast(
                counts[:2], counts[2:], method="melded", conf_level=conf_level
            )
            p_value = _TESTS[method](*counts)
            rows.append(
                {
                    "contrast": against(*names),
                    "assumed": extra_1,
                    "assumed_reference": extra_2,
                    "n": n_1,
                    "n_missing": missing_1,
                    "n_event": counts[0],
                    "n_reference": n_2,
                    "n_missing_reference": missing_2,
                    "n_event_reference": counts[1],
                    "estimate": float(found.estimate),
                    "conf_low": float(found.low),
                    "conf_high": float(found.high),
                    "statistic": np.nan,
                    "df": np.nan,
                    "p_value": p_value,
                    "tips": (p_value < level) != begin,
                    "note": "",
                }
            )
    frame = pd.DataFrame(rows)
    frame.loc[0, "note"] = table.definitions(places)
    tipped = int(frame["tips"].sum())
    if tipped:
        said = message(
            "{n} of {total} assumptions change the conclusion", n=tipped, total=len(frame)
        )
    else:
        said = message("no assumption changes the conclusion")
    words = message(
        "{test} at {level} under every assumption on the missing, melded limits of the "
        "difference; {conclusion}",
        test=message(_WORDS[method]),
        level=f"{level:.3g}",
        conclusion=said,
    )
    return Result(frame, replace(table.spec, method=words, conf_level=conf_level))


def _two(keys: list[tuple], first: object, second: object) -> tuple[int, int]:
    if first is None and second is None and len(keys) == 2:
        return 0, 1
    levels = [key[0] for key in keys]
    for argument, level in (("first", first), ("second", second)):
        if level not in levels:
            raise CarstatsError(
                message(
                    "`{argument}` is {level}; name two of the strata {levels}.",
                    argument=argument,
                    level=repr(level),
                    levels=listed(levels, 20),
                )
            )
    if first == second:
        raise CarstatsError(message("`first` and `second` are both {first}.", first=repr(first)))
    return levels.index(first), levels.index(second)
