"""Who responded, who did not, who cannot be judged: what all response analyses start from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort, chosen_endpoint
from carstats.cohort.strata import counted
from carstats.data.study import Study
from carstats.endpoints.derive.applicability import applicable
from carstats.endpoints.options import Schedule, schedule_of
from carstats.errors import CarstatsError, check_choice, check_number, listed
from carstats.messages import mark, message, message_n

# The day of the visit that a rate is of by default.
VISIT = 168
POPULATIONS = ("treated", "evaluable", "intention to treat")
MISSING = ("failure", "excluded", "bounds")
# What a missing response is, in words.
_MISSING_WORDS = {
    "failure": mark("missing = failure"),
    "excluded": mark("missing left out"),
    "bounds": mark("missing = failure (worst case) and = response (best case)"),
}
_CASES = {"worst": mark("Worst case"), "best": mark("Best case")}


@dataclass(frozen=True, eq=False)
class Outcome:
    """Whether each subject met an endpoint.

    Attributes
    ----------
    name : str
        The endpoint.
    label : str
        The endpoint as it prints.
    when : str
        When it was asked, in words.
    response : pandas.Series
        1 or 0 by ``subject_id``; a subject who cannot be judged is not in it.
    due : float
        Day before whose data cut-off a subject could not yet be judged.
    applies : pandas.Series of bool
        Whether the endpoint applies to each subject of the study, by ``subject_id``.
    day : pandas.Series
        Day of the assessment that counts, by ``subject_id``; empty where several count.
    """

    name: str
    label: str
    when: str
    response: pd.Series
    due: float
    applies: pd.Series
    day: pd.Series

    @property
    def title(self) -> str:
        """The endpoint with when it was asked."""
        return asked(self.label, self.when)

    def asked_of(self, subjects: pd.DataFrame) -> pd.Series:
        """Return of which subjects the endpoint is asked."""
        return subjects["subject_id"].map(self.applies).astype(bool)


def asked(endpoint: str, when: str) -> str:
    """Return an endpoint with when it was asked: ``"Remission at week 24 (days 140 to 196)"``."""
    return message("{endpoint} {when}", endpoint=endpoint, when=when) if when else endpoint


def visit_words(at: float, low: float, high: float) -> str:
    """Return the name of a visit with its window: in weeks where it lies on a whole one."""
    window = {"low": f"{low:g}", "high": f"{high:g}"}
    if at > 0 and at % 7 == 0:
        return message("at week {week} (days {low} to {high})", week=f"{at / 7:g}", **window)
    return message("at day {at} (days {low} to {high})", at=f"{at:g}", **window)


def visit_window(at: float, study: Study | None = None) -> tuple[float, float]:
    """Return the default window of a visit, from the study's schedule."""
    schedule = Schedule() if study is None else schedule_of(study)
    return schedule.window_at(float(at))


def checked_window(
    cohort: Cohort, window: tuple[float, float] | None, at: float
) -> tuple[float, float]:
    """Return a window as two floats, that of the study's schedule for None."""
    check_cohort(cohort)
    check_number("at", at)
    if window is None:
        return visit_window(at, cohort.study)
    if not isinstance(window, tuple | list) or len(window) != 2:
        raise CarstatsError(
            message("`window` is {window}; it takes its first and last day.", window=repr(window))
        )
    for day in window:
        check_number("window", day)
    low, high = map(float, window)
    if not low <= at <= high:
        raise CarstatsError(
            message(
                "`window` is {window}, which does not contain `at` ({at}).",
                window=repr(window),
                at=f"{at:g}",
            )
        )
    return low, high


def visit_options(
    cohort: Cohort, at: float, window: tuple[float, float] | None
) -> dict[str, object]:
    """Return when responses were asked, as options of a result; none where they have no day."""
    low, high = checked_window(cohort, window, at)
    return {} if cohort.study.strata_only else {"at": at, "window": [low, high]}


def applies_by_subject(cohort: Cohort, name: str) -> pd.Series:
    """Return whether an endpoint applies to each subject of the study, by ``subject_id``."""
    study = cohort.study
    return pd.Series(applicable(study, name), study.subjects["subject_id"])


def asked_of(cohort: Cohort, names: Iterable[str], subjects: pd.DataFrame, words: str):
    """Return the subjects to whom one of the endpoints applies, and the words for the others."""
    applies = pd.concat([applies_by_subject(cohort, name) for name in names], axis=1).any(axis=1)
    mask = subjects["subject_id"].map(applies).astype(bool)
    others = subjects[~mask]
    if len(others):
        words = joined_words(words, not_applicable_words(counted(others)))
    return subjects[mask], others, words


def not_applicable_words(n: int) -> str:
    """Return the words for those to whom an endpoint does not apply."""
    return message_n("{n} to whom it does not apply", "{n} to whom it does not apply", n)


def case_labels() -> dict[str, str]:
    """Return the printed names of the two bounds of a rate."""
    return {case: message(label) for case, label in _CASES.items()}


def missing_words(missing: str) -> str:
    """Return what is done with a missing response, in words."""
    return message(_MISSING_WORDS[missing])


def joined_words(population: str, clause: str) -> str:
    """Return the words of a population with one clause more."""
    return message("{population}, {clause}", population=population, clause=clause)


def endpoint_rows(cohort: Cohort, endpoint: str | None) -> tuple[str, pd.DataFrame]:
    """Return an endpoint's name and its rows of the responses table, of the whole study."""
    check_cohort(cohort)
    study = cohort.study
    endpoint = chosen_endpoint(study, endpoint, "response")
    name = study.vocabulary.require("endpoint", "endpoint", endpoint, "response")
    rows = study.table("responses")
    rows = rows[rows["endpoint"] == name]
    if rows.empty:
        raise CarstatsError(
            message(
                "no subject of the study has the endpoint {name} in the responses table. It has: "
                "{known}.",
                name=repr(name),
                known=listed(study.endpoints("response")) or message("none"),
            )
        )
    return name, rows


def evaluable_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the assessments that can be judged."""
    rows = rows[rows["response"].notna()]
    if "evaluable" in rows:
        rows = rows[rows["evaluable"].fillna(True).astype(bool)]
    return rows


def visit_outcome(
    cohort: Cohort, endpoint: str | None, at: float, window: tuple[float, float] | None
) -> Outcome:
    """Return who met an endpoint at a visit.

    Of several evaluable assessments in the window the one nearest to `at` counts, of two equally
    near the later.
    """
    low, high = checked_window(cohort, window, at)
    name, rows = endpoint_rows(cohort, endpoint)
    if cohort.study.strata_only:
        if window is not None or at != VISIT:
            _refuse_days("window" if window is not None else "at")
        response = evaluable_rows(rows).set_index("subject_id")["response"].astype(float)
        label = cohort.study.vocabulary.label("endpoint", name)
        applies, day = applies_by_subject(cohort, name), pd.Series(dtype=float)
        return Outcome(name, label, "", response, -np.inf, applies, day)
    if not within(rows["day"], low, high).any():
        days = rows["day"].round().astype(int).value_counts().sort_index().index
        raise CarstatsError(
            message(
                "`at`={at}: no assessment of {name} from day {low} to {high}. Assessments lie on "
                "days {first} to {last}; give `at` or `window` accordingly.",
                at=f"{at:g}",
                name=repr(name),
                low=f"{low:g}",
                high=f"{high:g}",
                first=days[0],
                last=days[-1],
            )
        )
    label = cohort.study.vocabulary.label("endpoint", name)
    when = visit_words(at, low, high)
    first = nearest_rows(rows, at, low, high)
    return Outcome(
        name, label, when, first["response"].astype(float), low, applies_by_subject(cohort, name),
        first["day"],
    )  # fmt: skip


def _refuse_days(argument: str) -> None:
    raise CarstatsError(
        message(
            "`{argument}` names a day, and the responses of a data frame have none: use"
            " response_rate(cohort), or make a Study with its table of responses.",
            argument=argument,
        )
    )


def nearest(rows: pd.DataFrame, at: float, low: float, high: float) -> pd.Series:
    """Return each subject's response at the evaluable assessment nearest to `at`, as 0 or 1."""
    return nearest_rows(rows, at, low, high)["response"].astype(float)


def nearest_rows(rows: pd.DataFrame, at: float, low: float, high: float) -> pd.DataFrame:
    """Return each subject's evaluable assessment nearest to `at`, by ``subject_id``."""
    rows = evaluable_rows(rows[within(rows["day"], low, high)])
    rows = rows.assign(distance=(rows["day"] - at).abs())
    # Nearest first; of two equally near, the later.
    rows = rows.sort_values(["distance", "day"], ascending=[True, False], kind="stable")
    return rows.drop_duplicates("subject_id").set_index("subject_id")


def within(day: pd.Series, low: float, high: float) -> pd.Series:
    """Return which days belong to a window: a whole last day counts to its end."""
    return (day >= low) & (np.floor(day) <= high)


def sustained_outcome(cohort: Cohort, endpoint: str, at: float, until: float) -> Outcome:
    """Return who met an endpoint at a visit and at every evaluable one up to a later visit.

    A failure at any of them is a failure; without one, a subject who cannot be judged at the first
    or at the last visit is not in the answer.
    """
    check_number("at", at)
    check_number("until", until)
    if until <= at:
        raise CarstatsError(
            message(
                "`until` is {until}; it takes a day after `at` ({at}).",
                until=f"{until:g}",
                at=f"{at:g}",
            )
        )
    if cohort.study.strata_only:
        _refuse_days("until")
    first, last = (visit_outcome(cohort, endpoint, day, None) for day in (at, until))
    _, rows = endpoint_rows(cohort, endpoint)
    # The first visit is the assessment that counts for it: an earlier one in its window does not.
    study = cohort.study
    between = rows[rows["day"].between(visit_window(at, study)[1], visit_window(until, study)[0])]
    between = evaluable_rows(between).groupby("subject_id")["response"].min().astype(float)
    parts = pd.concat([first.response, between, last.response], axis=1, keys=["a", "b", "c"])
    failed = (parts == 0).any(axis=1)
    held = (parts["a"] == 1) & (parts["c"] == 1) & ~failed
    response = held.astype(float)[failed | held]
    weeks = at > 0 and at % 7 == 0 and until % 7 == 0
    ends = [f"{day / 7:g}" if weeks else f"{day:g}" for day in (at, until)]
    when = message("sustained from day {at} to day {until}", at=ends[0], until=ends[1])
    if weeks:
        when = message("sustained from week {at} to week {until}", at=ends[0], until=ends[1])
    return Outcome(first.name, first.label, when, response, last.due, first.applies, last.day)


def best_outcome(cohort: Cohort, endpoint: str, until: float) -> Outcome:
    """Return who met an endpoint at any visit after the infusion, up to a day."""
    check_number("until", until)
    name, rows = endpoint_rows(cohort, endpoint)
    if cohort.study.strata_only:
        _refuse_days("until")
    within = rows[(rows["day"] > 0) & (rows["day"] <= until)]
    if within.empty:
        raise CarstatsError(
            message(
                "`until`={until}: no assessment of {name} from day 1 to {until}. Assessments lie "
                "on days {first} to {last}.",
                until=f"{until:g}",
                name=repr(name),
                first=f"{rows['day'].min():g}",
                last=f"{rows['day'].max():g}",
            )
        )
    response = evaluable_rows(within).groupby("subject_id")["response"].max().astype(float)
    label = cohort.study.vocabulary.label("endpoint", name)
    when = message("at any visit up to day {until}", until=f"{until:g}")
    applies, day = applies_by_subject(cohort, name), pd.Series(dtype=float)
    return Outcome(name, label, when, response, float(until), applies, day)


def analysis_set(cohort: Cohort, population: str) -> tuple[pd.DataFrame, str]:
    """Return the subjects that a population counts, and the words for those that it leaves out."""
    population = check_choice("population", population, POPULATIONS)
    subjects = cohort.subjects
    if population == "intention to treat":
        if any(criterion.name == "infused" for criterion in cohort.criteria):
            raise CarstatsError(
                message(
                    "`population` is 'intention to treat', and the cohort leaves out those never "
                    "infused. Make it without infused()."
                )
            )
        return subjects, joined_words("", message("intention to treat"))
    if cohort.study.strata_only:
        return subjects, ""
    if "infused" not in subjects:
        return subjects, joined_words("", message("infusions not recorded"))
    infused = subjects["infused"].fillna(False).astype(bool)
    unknown = counted(subjects[subjects["infused"].isna()])
    never = counted(subjects[~infused]) - unknown
    words: str
    if never and unknown:
        words = message(
            "{never} never infused and {unknown} with no record of infusion left out",
            never=never, unknown=unknown,
        )  # fmt: skip
    elif unknown:
        words = message("{unknown} with no record of infusion left out", unknown=unknown)
    else:
        words = message("{never} never infused left out", never=never) if never else ""
    return subjects[infused], joined_words("", words) if words else ""
