"""Which reports describe the same subjects."""

from __future__ import annotations

import pandas as pd

from carstats.evidence.links import overlapping_pairs
from carstats.evidence.table import check_trials, reports_of
from carstats.messages import message
from carstats.result import Result, Spec


def report_overlap(table: pd.DataFrame) -> Result:
    """List which published reports share subjects, and which of them a synthesis uses.

    Two reports share subjects if one names the other in ``overlaps_with``. They are taken to share
    subjects also if a chain of such reports links them and their diseases are the same or one of
    them is a mixed series: whoever is in neither the chain's first nor last report cannot be told
    from outside, so the cautious reading is the default.

    Parameters
    ----------
    table : pandas.DataFrame
        Made by `published_trials`, or of the same shape.

    Returns
    -------
    Result
        One row per pair: ``study_id``, ``other_id``, ``cohort``, ``link`` (``"named"`` or
        ``"by chain"``), ``use`` and ``other_use`` (what ``synthesis`` says; ``"not in the table"``
        for a report that is only named), ``n`` and ``other_n`` treated, ``note``.

    Raises
    ------
    CarstatsError
        If the table does not have the shape of `published_trials`.

    Examples
    --------
    >>> cs.report_overlap(trials)
    """
    table = check_trials(table)
    reports = reports_of(table)
    names, uses = (reports.set_index("study_id")[c] for c in ("trial", "synthesis"))
    treated, cohorts = (reports.set_index("study_id")[c] for c in ("n_treated", "cohort"))
    uncounted = table.attrs.get("trial_names", {})
    rows = []
    for (first, second), link in sorted(overlapping_pairs(reports).items()):
        known = second in uses.index
        rows.append(
            {
                "study_id": first,
                "other_id": second,
                "trial": names.get(first, first),
                "other_trial": names.get(second, uncounted.get(second, second)),
                "cohort": cohorts[first],
                "link": link,
                "use": uses[first],
                "other_use": uses[second] if known else "not in the table",
                "n": treated[first],
                "other_n": treated[second] if known else float("nan"),
                "note": "" if known else message("{report} is named but has no row", report=second),
            }
        )
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    apart = len(set(reports["study_id"]) - set(frame["study_id"]) - set(frame["other_id"]))
    spec = Spec(
        "report_overlap",
        endpoint=message("Published reports that share subjects"),
        population=message(
            "{n} reports, of which {apart} share subjects with no other",
            n=len(reports), apart=apart,
        ),
        method=message("as the table names them, and by chains of reports on the same disease"),
    )  # fmt: skip
    return Result(frame, spec)


_COLUMNS = [
    "study_id", "other_id", "trial", "other_trial", "cohort", "link", "use", "other_use", "n",
    "other_n", "note",
]  # fmt: skip
