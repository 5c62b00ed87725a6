"""Who takes which drug of a class at the visits: any, none, each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.cohort.strata import check_by, estimate_by, level_labels
from carstats.errors import check_choice, check_conf_level
from carstats.estimators.proportions.proportion import METHODS, proportion_limits
from carstats.messages import mark, message
from carstats.result import Result
from carstats.toxicity.episodes import followup_end
from carstats.toxicity.timing.doses import checked_classes, courses_of
from carstats.toxicity.timing.trajectories import VISITS, checked_days
from carstats.wording import limits_words

ANY, NONE = "any", "none"
_ROWS = {ANY: mark("Any"), NONE: mark("None")}


def drug_use(
    cohort: Cohort,
    drug_class: str | Iterable[str] = "immunosuppressant",
    *,
    at: Iterable[float] = VISITS,
    by: str | Iterable[str] | None = None,
    method: str = "Clopper-Pearson",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the proportion of subjects on drugs of a class on days: any, none, and by drug.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    drug_class : str or list of str
        Classes of the medications, such as ``"immunosuppressant"``.
    at : list of float
        Days since the infusion, increasing.
    by : str or list of str, optional
        Columns of the subjects table.
    method : {"Clopper-Pearson", "Wilson", "Jeffreys", "mid-P", "Blaker", "Agresti-Coull"}
        Confidence limits.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum, ``drug`` (``"any"``, ``"none"``, then each by its name, that of most
        subjects first; letters of either case are one) and day: ``time``, ``n`` subjects followed
        to it, ``n_missing`` (0: who has no record of a drug does not take it), ``n_event`` who
        take it, ``estimate``, ``conf_low``, ``conf_high``, ``note``. A blank last day of a course
        is ongoing.

    Raises
    ------
    CarstatsError
        If the study has no medications, a class is not known, or an argument is not allowed.

    Examples
    --------
    >>> result = cs.drug_use(lupus, "immunosuppressant", at=[0, 168, 364])
    """
    method = check_choice("method", method, METHODS)
    check_conf_level(conf_level)
    check_cohort(cohort)
    by = check_by(cohort.subjects, by)
    days = [float(day) for day in checked_days(at)]
    classes, labels = checked_classes(cohort, drug_class)
    courses = courses_of(cohort, classes)
    # One drug has one name: the spelling that is most frequent.
    same = courses["drug"].str.casefold()
    spelt = courses.groupby(same)["drug"].agg(lambda names: names.mode().iloc[0])
    courses = courses.assign(drug=same.map(spelt))
    users = courses[courses["stop"] >= 0].groupby("drug")["subject_id"].nunique()
    drugs = sorted(users.index, key=lambda name: (-users[name], name))
    subjects = cohort.subjects.assign(followed_to=followup_end(cohort.subjects))
    taking = {
        day: courses[(courses["start"] <= day) & (courses["stop"] >= day)] for day in days
    }  # fmt: skip

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        found = []
        nobody = message("no subjects") if stratum.empty else message("nobody followed so far")
        for drug in (ANY, NONE, *drugs):
            for day in days:
                here = stratum.loc[stratum["followed_to"] >= day, "subject_id"]
                runs = taking[day]
                runs = runs if drug in (ANY, NONE) else runs[runs["drug"] == drug]
                k = int(here.isin(runs["subject_id"]).sum())
                n = len(here)
                k = n - k if drug == NONE else k
                low, high = proportion_limits(k, n, method=method, conf_level=conf_level)
                found.append(
                    {"drug": drug, "time": day, "n": n, "n_missing": 0, "n_event": k,
                     "estimate": k / n if n else np.nan, "conf_low": float(low),
                     "conf_high": float(high), "note": "" if n else nobody}
                )  # fmt: skip
        return pd.DataFrame(found)

    vocabulary = cohort.study.vocabulary
    spec = cohort.spec(
        "drug_use",
        endpoint=message("Taken: {drugs}", drugs=message(", ").join(labels)),
        method=limits_words(method, conf_level), by=by, conf_level=conf_level,
    )  # fmt: skip
    frame = estimate_by(vocabulary, cohort.eligible, subjects, by, estimate)
    words: dict[str, str] = {row: message(text) for row, text in _ROWS.items()}
    options = {"drug_class": classes, "at": days, "method": method}
    return Result(
        frame, replace(spec, options=options), level_labels(vocabulary, by) | {"drug": words}
    )
