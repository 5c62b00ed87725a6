"""What the published evidence is made of."""

from __future__ import annotations

import pandas as pd

from carstats.evidence.table import check_trials, in_order, reports_of, trial_labels
from carstats.evidence.words import n_subjects, n_trials
from carstats.messages import message, message_n
from carstats.result import Result, Spec

# The report of a cohort that holds most of its subjects, then those that split it by disease.
_USED = ("all", "efficacy", "toxicity")


def evidence_map(table: pd.DataFrame) -> Result:
    """Count the treated subjects of the published trials by disease and target, each once.

    A mixed series enters by its disease-specific reports where it has them, as a mixed one else.

    Parameters
    ----------
    table : pandas.DataFrame
        Made by `published_trials`, or of the same shape.

    Returns
    -------
    Result
        One row per disease and target: ``n_trials``, ``n`` subjects treated, ``n_missing`` trials
        whose number of subjects is not reported, ``trials`` (their names), ``note``. The spec's
        population counts the reports that are left out because their subjects are in another one,
        and the control groups.

    Raises
    ------
    CarstatsError
        If the table does not have the shape of `published_trials`.

    Examples
    --------
    >>> figure = cs.plot(cs.evidence_map(trials))
    """
    reports = reports_of(check_trials(table))
    used = reports[reports["synthesis"].isin(_USED)]
    split = set(used.loc[used["synthesis"] == "efficacy", "cohort"])
    # A whole series is the sum of its disease-specific reports: one of the two.
    twice = (used["synthesis"] == "toxicity") & used["cohort"].isin(split)
    used = in_order(used[~twice])
    rows = [
        {
            "disease": disease,
            "target": target,
            "n_trials": len(group),
            "n": int(group["n_treated"].sum()),
            "n_missing": int(group["n_treated"].isna().sum()),
            "trials": "; ".join(group["study_id"]),
            "note": "",
        }
        for (disease, target), group in used.groupby(["disease", "target"], sort=False)
    ]
    columns = ["disease", "target", "n_trials", "n", "n_missing", "trials", "note"]
    frame = pd.DataFrame(rows, columns=columns)
    controls = int((reports["synthesis"] == "control").sum())
    spec = Spec(
        "evidence_map",
        endpoint=message("Subjects treated in published trials"),
        population=message_n(
            "{trials}, {subjects}, each counted once; of {all} reports {nested} are nested in "
            "others or not for synthesis, {n} is a control group",
            "{trials}, {subjects}, each counted once; of {all} reports {nested} are nested in "
            "others or not for synthesis, {n} are control groups",
            controls, trials=n_trials(len(used)), subjects=n_subjects(frame["n"].sum()),
            all=len(reports), nested=len(reports) - len(used) - controls,
        ),
        by=("disease", "target"),
    )  # fmt: skip
    return Result(frame, spec, trial_labels(frame))
