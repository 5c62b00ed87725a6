"""How far titres fall or rise, on the log2 scale, values below quantification censored there."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.cohort.strata import check_by, estimate_by, level_labels
from carstats.errors import CarstatsError, check_conf_level, names_given
from carstats.estimators.kinetics.lognormal import geometric_mean
from carstats.messages import Joined, joined_notes, message, message_n
from carstats.response.outcomes import analysis_set, checked_window, visit_words, within
from carstats.result import Result
from carstats.wording import because, level_text


def titre_change(
    cohort: Cohort,
    measures: str | Iterable[str],
    *,
    at: float = 168,
    window: tuple[float, float] | None = None,
    by: str | Iterable[str] | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate how far titres change on the log2 scale, allowing for values below quantification.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; its infused subjects are counted.
    measures : str or list of str
        Antibodies of the assessments, also those against vaccines.
    at : float
        Day of the visit.
    window : (float, float), optional
        First and last day that count, as for `response_rate`; the nearest value counts.
    by : str or list of str, optional
        Columns of the subjects table.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum and ``measure``: ``n`` subjects with a quantified baseline, ``n_missing``
        of them without a value at the visit, ``n_below`` below quantification then, ``n_event``
        quantified, ``estimate`` (mean change of log2: minus 1 is a halving), ``conf_low``,
        ``conf_high``, ``n_no_baseline`` (none, or below quantification), ``note``. A value below
        quantification is a change of at most that to its limit: a left-censored lognormal ratio. A
        titre of 0 without a limit of quantification has no logarithm and is left out.

    Raises
    ------
    CarstatsError
        If a measure is unknown or without data, or an argument is not allowed.

    References
    ----------
    Helsel DR. Statistics for Censored Environmental Data, 2nd ed. Wiley 2012, chapter 6.

    Examples
    --------
    >>> result = cs.titre_change(lupus, "anti-dsDNA", by="target")
    """
    check_conf_level(conf_level)
    check_cohort(cohort)
    names = names_given("measures", measures)
    vocabulary = cohort.study.vocabulary
    names = [vocabulary.require("measures", "measure", name) for name in names]
    names = list(dict.fromkeys(names))
    if not names:
        raise CarstatsError(message("`measures` names no measure."))
    low, high = checked_window(cohort, window, at)
    subjects, words = analysis_set(cohort, "treated")
    by = check_by(subjects, by)
    pairs = {name: _pairs(cohort, name, at, low, high) for name in names}

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame(
            [_change(name, pairs[name], stratum, conf_level) for name in names]
        )  # fmt: skip

    spec = cohort.spec(
        "titre_change",
        endpoint=message(
            "Change of log2 titre {when}", when=visit_words(at, low, high)
        ),
        population=words,
        method=message(
            "mean change of log2 titres, {level} % limits: t, profile likelihood where values are "
            "below quantification",
            level=level_text(conf_level),
        ),
        by=by, conf_level=conf_level, measures=names, at=float(at), window=[low, high],
    )  # fmt: skip
    labels = {"measure": {name: vocabulary.label("measure", name) for name in names}}
    frame = estimate_by(vocabulary, cohort.eligible, subjects, by, estimate)
    return Result(frame, spec, level_labels(vocabulary, by) | labels)


def _pairs(cohort: Cohort, measure: str, at: float, low: float, high: float) -> pd.DataFrame:
    """Return by subject the baseline, the value at the visit and its limit."""
    table = cohort.table("assessments")
    rows = table[table["measure"] == measure]
    if rows.empty:
        raise CarstatsError(
            message(
                "nobody of the cohort has a value of {name}. It has: {known}.",
                name=repr(measure), known=Joined(dict.fromkeys(table["measure"].astype(str)), ", "),
            )
        )  # fmt: skip
    limit = rows["lloq"].astype(float) if "lloq" in rows else np.nan
    rows = rows.assign(value=rows["value"].astype(float), lloq=limit)
    if "adequate" in rows:
        rows = rows[rows["adequate"].fillna(True).astype(bool)]
    # A titre of 0 is one below quantification; without its limit nothing says how low.
    zero = rows["value"].eq(0)
    rows = rows.assign(value=rows["value"].mask(zero), zero=zero & rows["lloq"].isna())
    rows = rows[rows["value"].notna() | rows["lloq"].notna() | rows["zero"]]
    base = rows[rows["day"] <= 0].sort_values("day", kind="stable")
    base = base.drop_duplicates("subject_id", keep="last").set_index("subject_id")["value"]
    inside = rows[within(rows["day"], low, high) & (rows["day"] > 0)]
    near = inside.assign(off=(inside["day"] - at).abs())
    near = near.sort_values(["off", "day"], ascending=[True, False], kind="stable")
    near = near.drop_duplicates("subject_id").set_index("subject_id")
    return pd.DataFrame({"base": base}).join(
        near[["value", "lloq", "zero"]].assign(seen=~near["zero"]), how="left"
    )  # fmt: skip


def _change(name: str, pairs: pd.DataFrame, stratum: pd.DataFrame, conf_level: float) -> dict:
    mine = pairs.reindex(stratum["subject_id"])
    known = mine[mine["base"] > 0]
    seen = known[known["seen"].eq(True)]
    ratio = (seen["value"] / seen["base"]).to_numpy(float)
    mean = geometric_mean(
        ratio, (seen["lloq"] / seen["base"]).to_numpy(float), conf_level=conf_level
    )
    below = int(np.isnan(ratio).sum())
    told = message_n("{n} below quantification at the visit, censored there",
                     "{n} below quantification at the visit, censored there", below)  # fmt: skip
    zeros = int(known["zero"].eq(True).sum())
    bare = message_n("{n} of 0 without a limit of quantification, left out",
                     "{n} of 0 without a limit of quantification, left out", zeros)  # fmt: skip
    nobody = "" if len(stratum) else message("no subjects")
    return {
        "measure": name, "n": len(known), "n_missing": len(known) - len(seen), "n_below": below,
        "n_event": len(seen) - below, "n_no_baseline": len(mine) - len(known),
        **{key: float(np.log2(value)) if value > 0 else np.nan
           for key, value in (("estimate", mean.estimate), ("conf_low", mean.low),
                              ("conf_high", mean.high))},
        "note": joined_notes(nobody, told if below else "", bare if zeros else "",
                             because(mean.reason) if len(seen) else ""),
    }  # fmt: skip
