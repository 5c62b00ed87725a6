"""The published trials side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from carstats.errors import check_choice, check_conf_level
from carstats.estimators.proportions.proportion import METHODS, proportion_limits
from carstats.evidence.table import select_counts, trial_labels
from carstats.evidence.words import in_trials
from carstats.messages import message
from carstats.result import Result, Spec
from carstats.wording import level_text, method_word

KEPT = [
    "disease", "disease_detail", "target", "platform", "cell_source", "endpoint",
    "timepoint_weeks", "population", "basis", "source",
]  # fmt: skip


def trial_rate(
    table: pd.DataFrame,
    outcome: str,
    *,
    endpoint_class: str | None = None,
    near_weeks: float = 24,
    denominator: str = "reported",
    basis: str | Iterable[str] | None = None,
    reports: Iterable[str] | None = None,
    overlapping: str = "refuse",
    method: str = "Clopper-Pearson",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the rate of an outcome in each published trial, every subject counted once.

    Reports of one cohort are nested; a trial enters if its ``synthesis`` says that it is the report
    to use (``all``, and ``efficacy`` for response, drug-free and relapse or ``toxicity`` for the
    rest), so that no subject is counted in two rows. Of several counts of a trial the widest
    denominator is taken (treated before per protocol), then the visit nearest to `near_weeks`.

    Parameters
    ----------
    table : pandas.DataFrame
        Made by `published_trials`, or of the same shape.
    outcome : str
        An outcome of the table, such as ``"response"`` or ``"CRS grade >=3"``.
    endpoint_class : str, optional
        Which class of endpoint counts: ``"remission"`` or ``"response"``. They are not alike and
        do not belong in one comparison.
    near_weeks : float
        The visit preferred where a trial reports several, weeks from the infusion.
    denominator : {"reported", "treated", "narrowest"}
        The widest that the authors report; every treated subject, who was not counted being taken
        as without the event; or the narrowest that the authors report.
    basis : str or list of str, optional
        Which bases of a count are enough, such as ``"abstract"``; by default all.
    reports : list of str, optional
        The reports to use, instead of those that ``synthesis`` marks.
    overlapping : {"refuse", "allow"}
        What to do if the reports share subjects.
    method : {"Clopper-Pearson", "Wilson", "Jeffreys", "mid-P", "Blaker", "Agresti-Coull"}
        Confidence limits.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        One row per trial, by disease and target: ``study_id``, ``trial``, the trial's columns,
        ``endpoint``, ``timepoint_weeks``, ``population``, ``basis``, ``source``, ``n``,
        ``n_event``, ``estimate``, ``conf_low``, ``conf_high``, ``note``. The spec's population says
        how many trials of the table give no such count.

    Raises
    ------
    CarstatsError
        If the table does not have the shape of `published_trials`, it has no such outcome or
        endpoint class, an argument is not allowed, or the reports share subjects.

    References
    ----------
    Clopper CJ, Pearson ES. Biometrika 1934; 26: 404-413.

    Examples
    --------
    >>> figure = cs.plot(cs.trial_rate(trials, "CRS any"))
    """
    method = check_choice("method", method, METHODS)
    check_conf_level(conf_level)
    options: dict[str, Any] = {
        "endpoint_class": endpoint_class,
        "near_weeks": near_weeks,
        "denominator": denominator,
        "basis": basis,
        "reports": reports,
        "overlapping": overlapping,
    }
    counts = select_counts(table, outcome, **options)
    rows = counts.rows
    low, high = proportion_limits(rows["n_event"], rows["n"], method=method, conf_level=conf_level)
    frame = rows[["study_id", "trial", *KEPT, "n", "n_event"]].assign(
        estimate=rows["n_event"] / rows["n"], conf_low=low, conf_high=high, note=""
    )
    shared = {report for pair in counts.shared for report in pair}
    frame.loc[frame["study_id"].isin(shared), "note"] = message("shares subjects with another row")
    spec = Spec(
        "trial_rate",
        endpoint=in_trials(counts.what),
        population=counts.population(),
        method=message(
            "counts as reported, {method} {level} % limits",
            method=method_word(method), level=level_text(conf_level),
        ),
        conf_level=conf_level,
        options={"outcome": outcome, **options, "method": method},
    )  # fmt: skip
    return Result(frame, spec, trial_labels(frame))
