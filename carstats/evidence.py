"""The published trials side by side."""

from __future__ import annotations

import pandas as pd

from carstats.errors import CarstatsError, check_choice, check_conf_level, listed
from carstats.estimators.proportion import METHODS, proportion_limits
from carstats.result import Result, Spec
from carstats.vocabulary import Vocabulary

# Widest denominator first: whoever was treated, then those whom the authors chose to count.
_POPULATIONS = ("treated", "modified intention to treat", "evaluable", "per protocol", "subset")
_EFFICACY = ("response", "drug-free", "relapse")


def trial_rate(
    table: pd.DataFrame,
    outcome: str,
    *,
    endpoint_class: str | None = None,
    near_weeks: float = 24,
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
    method : {"Clopper-Pearson", "Wilson"}
        Confidence limits.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        One row per trial, by disease and target: ``study_id``, ``trial``, the trial's columns,
        ``endpoint``, ``timepoint_weeks``, ``population``, ``basis``, ``n``, ``n_event``,
        ``estimate``, ``conf_low``, ``conf_high``, ``note``. The spec's population says how many
        trials of the table give no such count.

    Raises
    ------
    CarstatsError
        If the table has no such outcome or endpoint class, or an argument is not allowed.
    """
    check_choice("method", method, METHODS)
    check_conf_level(conf_level)
    check_choice("outcome", outcome, list(dict.fromkeys(table["outcome"])))
    if endpoint_class is not None:
        check_choice(
            "endpoint_class", endpoint_class, list(table["endpoint_class"].dropna().unique())
        )
    use = "efficacy" if outcome in _EFFICACY else "toxicity"
    once = table[table["synthesis"].isin(["all", use])]
    rows = once[
        (once["outcome"] == outcome) & once["n_event"].notna() & once["n_evaluable"].notna()
    ]
    if endpoint_class is not None:
        rows = rows[rows["endpoint_class"] == endpoint_class]
    unknown = set(rows["population"]) - set(_POPULATIONS)
    if unknown:
        raise CarstatsError(
            f"the table's `population` has {listed(unknown)}; allowed: {listed(_POPULATIONS)}."
        )
    rows = _one_each(rows, near_weeks)
    rows = _in_order(rows)
    low, high = proportion_limits(
        rows["n_event"], rows["n_evaluable"], method=method, conf_level=conf_level
    )
    frame = pd.DataFrame(
        {
            "study_id": rows["study_id"],
            "trial": _names(rows),
            **{column: rows[column] for column in _KEPT},
            "n": rows["n_evaluable"].astype(int),
            "n_event": rows["n_event"].astype(int),
            "estimate": rows["n_event"] / rows["n_evaluable"],
            "conf_low": low,
            "conf_high": high,
            "note": "",
        }
    ).reset_index(drop=True)
    reports = once["study_id"].nunique()
    what = outcome if endpoint_class is None else endpoint_class
    spec = Spec(
        "trial_rate",
        endpoint=f"Published trials: {what}",
        population=f"{len(frame)} trials, {int(frame['n'].sum())} subjects, each counted once; "
        f"{reports - len(frame)} other trials give no such count",
        method=f"counts as reported, {method.replace('-', '–')} {conf_level * 100:g} % limits",
        conf_level=conf_level,
        options={
            "outcome": outcome,
            "endpoint_class": endpoint_class,
            "near_weeks": near_weeks,
            "method": method,
        },
    )
    vocabulary = Vocabulary()
    labels = {
        column: {name: vocabulary.label(column, name) for name in frame[column].unique()}
        for column in ("disease", "target", "platform", "cell_source")
    }
    return Result(frame, spec, labels)


_KEPT = [
    "disease", "disease_detail", "target", "platform", "cell_source", "endpoint",
    "timepoint_weeks", "population", "basis",
]  # fmt: skip


def _one_each(rows: pd.DataFrame, near_weeks: float) -> pd.DataFrame:
    rank = rows["population"].map({name: place for place, name in enumerate(_POPULATIONS)})
    distance = (rows["timepoint_weeks"] - near_weeks).abs()
    ranked = rows.assign(rank=rank, distance=distance)
    ranked = ranked.sort_values(["rank", "distance"], na_position="last", kind="stable")
    return ranked.drop_duplicates("study_id")


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    vocabulary = Vocabulary()
    places = {
        column: {name: place for place, name in enumerate(vocabulary.names(column))}
        for column in ("disease", "target")
    }
    keys = {f"{c}_place": rows[c].map(p).fillna(len(p)) for c, p in places.items()}
    ordered = rows.assign(**keys).sort_values([*keys, "year", "study_id"], kind="stable")
    return ordered.drop(columns=list(keys))


def _names(rows: pd.DataFrame) -> pd.Series:
    """Name a trial by its first author and year, by its identifier where it has no author."""
    surname = rows["first_author"].str.split().str[0]
    named = surname.where(surname.isna(), surname + " " + rows["year"].astype(int).astype(str))
    fallback = rows["study_id"].str.replace("_", " ")
    return named.where(named.notna(), fallback)
