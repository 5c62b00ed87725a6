"""Toxicity compared with the oncology trials of the same kind of product."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache, reduce
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import level_labels
from carstats.counts.counted import Counts
from carstats.counts.standing import counted_cohort
from carstats.data.published import oncology_benchmarks
from carstats.data.vocabulary import Vocabulary
from carstats.errors import CarstatsError, check_choice, check_conf_level, names_given
from carstats.estimators.pooling.beta_binomial import (
    BetaBinomialFit,
    BetaBinomialPosterior,
    beta_binomial_posterior,
    fit_beta_binomial,
    mean_quantile,
    new_trial_quantile,
    probability_lower,
    spread_quantile,
)
from carstats.estimators.proportions.proportion import proportion_limits
from carstats.estimators.proportions.proportion_difference import DIFFERENCE_METHODS
from carstats.messages import joined_notes, message, message_n
from carstats.result import Result, Spec
from carstats.toxicity.contrasts import bounded_comparison
from carstats.toxicity.episodes import GRADES, Severe, term_labels, zero_note
from carstats.toxicity.references import (
    Side,
    accepted_scales,
    cohort_sides,
    published_sides,
    reference_trials,
)
from carstats.toxicity.unknown import bounded_limits
from carstats.wording import level_text, method_word

LEAST_TRIALS = 3


def toxicity_benchmark(
    source: Cohort | Counts | pd.DataFrame,
    term: str,
    *,
    min_grade: int = 1,
    reference: pd.DataFrame | None = None,
    by: str | Iterable[str] | None = None,
    grading_scale: str | None = None,
    accept_scales: Mapping[str, str] | None = None,
    method: str = "melded",
    conf_level: float = 0.95,
) -> Result:
    """Compare a toxicity rate with those of the oncology trials, graded on the same scale.

    Parameters
    ----------
    source : Cohort, Counts or pandas.DataFrame
        A cohort, its counts (trials are then matched by ``target`` and ``costimulation`` where it
        was counted by them), or published trials as `published_trials` returns them; of these
        every subject counts once.
    term : str
        A toxicity that the references report: ``"CRS"``, ``"ICANS"``, ``"infection"``; of a table
        of one's own any term, such as ``"neurotoxicity"``.
    min_grade : {1, 2, 3, 4, 5}
        Smallest grade that counts; the references report any grade and grade 3 or worse.
    reference : pandas.DataFrame, optional
        Trials to compare with, as `oncology_benchmarks` returns them, the default.
    by : str or list of str, optional
        Columns of the subjects (or published trials); one comparison for each stratum.
    grading_scale : str, optional
        The scale of `source`; by default the one its episodes state, and ASTCT for published
        trials. A version does not matter (CTCAE 4.03 and 5.0 are CTCAE), the scale does.
    accept_scales : mapping of str to str, optional
        Other scales to compare with all the same, each with the reason, which the result repeats:
        ``{"Lee 2014": "grade 3 needs the same support as by ASTCT"}``; ``"not stated"`` is one.
    method : str
        Limits of the differences; "melded" and "Chan-Zhang" are exact.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum rows of several kinds (``row``): "observed" (the rate, with
        Clopper-Pearson limits); "trial", one report of each trial family that was used; with three
        trials or more "reference" (their mean rate by a beta-binomial, posterior median and
        interval, with the standard deviation between trials as ``spread``) and "new trial" (the
        rate that one more such trial would have); and "difference" from each trial and, exactly,
        from their sum. Columns: ``trial``, ``disease``, ``target``, ``costimulation``,
        ``grading_scale``, ``n_trials``, ``n``, ``n_missing``, ``n_event``, ``estimate``,
        ``conf_low``, ``conf_high``, ``spread``, ``probability_lower`` (that the observed rate is
        lower: than the mean, than a new trial's), ``contrast``, ``statistic``, ``df``,
        ``p_value``, ``note``. Trials are matched by target and co-stimulation, or by target alone,
        where at least three match; the note says how many do. Who may have had it (``n_missing``)
        is no event of the observed rate, and one in its upper limit, in those of the differences
        and in ``probability_lower``.

    Raises
    ------
    CarstatsError
        If the scales do not match or the source's is not known, nobody reports the outcome, or an
        argument is not allowed.

    References
    ----------
    Lee DW, Santomasso BD, Locke FL, et al. Biol Blood Marrow Transplant 2019; 25: 625-638.
    Skellam JG. J R Stat Soc B 1948; 10: 257-261 (beta-binomial).
    Fay MP, Proschan MA, Brittain E. Biometrics 2015; 71: 146-156 (melded).

    Examples
    --------
    >>> cs.toxicity_benchmark(cohort, "CRS", by="target")
    """
    method = check_choice("method", method, DIFFERENCE_METHODS)
    min_grade = check_choice("min_grade", min_grade, GRADES)
    check_conf_level(conf_level)
    accepted = accepted_scales(accept_scales)
    table = oncology_benchmarks() if reference is None else reference
    if not isinstance(table, pd.DataFrame):
        raise CarstatsError(
            message("`reference` is {name}; it takes a DataFrame.", name=type(table).__name__)
        )
    by = names_given("by", by)
    left_out, spec, vocabulary = 0, None, Vocabulary()
    source = counted_cohort(source, term, "toxicity")
    if isinstance(source, Cohort):
        vocabulary = source.study.vocabulary
        term = vocabulary.require("term", "toxicity", term)
        outcome = outcome_of(term, min_grade)
        sides = cohort_sides(source, term, min_grade, by, grading_scale)
        spec = source.spec("", endpoint="", method="", by=by)
    elif isinstance(source, pd.DataFrame):
        outcome = outcome_of(term, min_grade)
        sides, left_out = published_sides(source, outcome, by, grading_scale, accepted)
    else:
        raise CarstatsError(
            message(
                "`source` is {name}; it takes a Cohort or published_trials().",
                name=type(source).__name__,
            )
        )
    trials = reference_trials(table, outcome, sides[0].scale, accepted)
    frame = pd.concat(
        [_rows(side, trials, by, method, conf_level) for side in sides], ignore_index=True
    )
    population = message_n(
        "{n} subject of published trials", "{n} subjects of published trials",
        sum(n for side in sides for _, n in side.counts),
    )  # fmt: skip
    if left_out:
        population = message_n(
            "{population}; {n} trial graded otherwise or not saying how left out",
            "{population}; {n} trials graded otherwise or not saying how left out",
            left_out, population=population,
        )  # fmt: skip
    spec = spec or Spec("", population=population, by=tuple(by))
    toxicity = Severe("grade", min_grade).of(vocabulary.label("toxicity", term))
    spec = replace(
        spec,
        analysis="toxicity_benchmark",
        endpoint=message("{toxicity}, against oncology trials", toxicity=toxicity),
        method=message(
            "graded by {scale}, one report of each trial; rates Clopper–Pearson, differences "
            "{method}, {level} % limits; from three trials on beta-binomial, posterior medians",
            scale=message(sides[0].scale), method=method_word(method), level=level_text(conf_level),
        ),
        conf_level=conf_level,
        options={
            "term": term, "outcome": outcome, "min_grade": min_grade,
            "grading_scale": sides[0].scale, "accept_scales": dict(accept_scales or {}),
            "method": method,
        },
    )  # fmt: skip
    labels = level_labels(vocabulary, [*by, "target"])
    if isinstance(source, Cohort):
        labels |= term_labels(source.study, [term])
    return Result(frame, spec, labels)


def outcome_of(term: str, min_grade: int) -> str:
    """Return what the tables of published counts call a toxicity of a grade."""
    return f"{term} any" if min_grade == 1 else f"{term} grade >={min_grade}"


def _rows(side: Side, trials: pd.DataFrame, by, method: str, conf_level: float) -> pd.DataFrame:
    used, matched = _matched(side, trials)
    k, n = (int(sum(pair[i] for pair in side.counts)) for i in (0, 1))
    posterior = reference = None
    if len(used) >= LEAST_TRIALS:
        posterior, reference = _model(tuple(used["n_event"]), tuple(used["n_evaluable"]))
    low, high = map(
        float,
        bounded_limits(k, side.n_missing, n, method="Clopper-Pearson", conf_level=conf_level),
    )
    several = ""
    if len(side.counts) > 1:
        several = message("{n} trials added up", n=len(side.counts))
    few = ""
    if posterior is None:
        few = message("fewer than {n} trials: no mean rate is estimated", n=LEAST_TRIALS)
    rows = [
        {
            "row": "observed", "trial": "", "target": _either(side.targets),
            "costimulation": _either(side.costimulation), "grading_scale": side.scale,
            "n_trials": len(side.counts), "n": n, "n_missing": side.n_missing, "n_event": k,
            "estimate": k / n if n else np.nan, "conf_low": low, "conf_high": high,
            "note": joined_notes(message("no subjects") if not n else "", side.note, several,
                                 matched, few, zero_note(n, k, high)),
        }
    ]  # fmt: skip
    for row in used.itertuples():
        lower, upper = proportion_limits(row.n_event, row.n_evaluable, conf_level=conf_level)
        rows.append(
            {
                "row": "trial", "trial": row.trial_family, "disease": row.disease,
                "target": row.target, "costimulation": row.costimulation,
                "grading_scale": row.grading_scale, "n_trials": 1, "n": int(row.n_evaluable),
                "n_missing": 0, "n_event": int(row.n_event),
                "estimate": row.n_event / row.n_evaluable, "conf_low": float(lower),
                "conf_high": float(upper), "note": row.note,
            }
        )  # fmt: skip
    if posterior is not None:
        rows += _pooled(side, posterior, reference, used, conf_level)
    rows += _differences((k, n), side.n_missing, used, method, conf_level)
    frame = pd.DataFrame(rows).reindex(columns=_COLUMNS)
    for place, (column, value) in enumerate(zip(by, side.key, strict=True)):
        if column in frame:
            frame = frame.rename(columns={column: f"reference_{column}"})
        frame.insert(place, column, value)
    frame["n_missing"] = frame["n_missing"].fillna(0).astype(int)
    for column in ("trial", "disease", "target", "costimulation", "grading_scale", "contrast",
                   "note", "reference_target"):  # fmt: skip
        if column in frame:
            frame[column] = frame[column].astype(object).fillna("")
    return frame


@lru_cache(maxsize=8)
def _model(n_event: tuple, n: tuple) -> tuple[BetaBinomialPosterior, BetaBinomialFit]:
    """Fit the reference trials once for all strata that are compared with them."""
    return beta_binomial_posterior(n_event, n), fit_beta_binomial(n_event, n)


_COLUMNS = [
    "row", "trial", "disease", "target", "costimulation", "grading_scale", "n_trials", "n",
    "n_missing", "n_event", "estimate", "conf_low", "conf_high", "spread", "probability_lower",
    "contrast", "statistic", "df", "p_value", "note",
]  # fmt: skip


def _matched(side: Side, trials: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the trials to compare with, and how they were matched in words."""
    counts: dict[str, Any] = {"n": len(trials)}
    if not side.targets:
        return trials, message("compared with all {n} trials", **counts)
    if len(side.targets) > 1:
        return trials, message("several targets: compared with all {n} trials", **counts)
    counts["target"] = message(side.targets[0])
    same = trials["target"] == side.targets[0]
    both = same
    if len(side.costimulation) == 1:
        both = same & (trials["costimulation"].astype(object).fillna("") == side.costimulation[0])
        if both.sum() >= LEAST_TRIALS:
            return trials[both], message(
                "{k} of {n} trials are of {target} with {costimulation}: used",
                k=int(both.sum()), costimulation=message(side.costimulation[0]), **counts,
            )  # fmt: skip
    if same.sum() >= LEAST_TRIALS:
        return trials[same], message(
            "{k} of {n} trials are of {target}: used, of either co-stimulation",
            k=int(same.sum()), **counts,
        )  # fmt: skip
    return trials, message(
        "{k} of {n} trials are of {target}, too few to match: all are used",
        k=int(same.sum()), **counts,
    )  # fmt: skip


def _either(names: Iterable[str]) -> str:
    """Join names as alternatives: ``"BCMA or CD19"``."""
    names = [message(name) for name in names] or [""]
    return reduce(lambda words, last: message("{words} or {last}", words=words, last=last), names)


def _pooled(
    side: Side, posterior: BetaBinomialPosterior, fit, used: pd.DataFrame, conf_level: float
) -> list[dict]:
    tail = (1 - conf_level) / 2
    probabilities = [0.5, tail, 1 - tail]
    mean, new = (
        mean_quantile(posterior, probabilities),
        new_trial_quantile(posterior, probabilities),
    )
    spread = float(spread_quantile(posterior, [0.5])[0])
    lower = _lower(side, posterior)
    shared = {
        "n_trials": len(used), "n": int(used["n_evaluable"].sum()),
        "n_event": int(used["n_event"].sum()), "spread": spread,
    }  # fmt: skip
    mean_text, spread_text = f"{100 * fit.mean:.1f}", f"{100 * fit.spread:.1f}"
    likelihood = message("maximum likelihood {mean} %", mean=mean_text)
    if fit.spread == fit.spread:
        likelihood = message(
            "maximum likelihood {mean} %, spread {spread} %", mean=mean_text, spread=spread_text
        )
    return [
        {
            **shared, "row": "reference", "trial": message("mean of {n} trials", n=len(used)),
            "estimate": float(mean[0]), "conf_low": float(mean[1]), "conf_high": float(mean[2]),
            "probability_lower": lower[0], "note": likelihood,
        },
        {
            **shared, "row": "new trial", "trial": message("one more such trial"),
            "estimate": float(new[0]),
            "conf_low": float(new[1]), "conf_high": float(new[2]), "probability_lower": lower[1],
            "note": message("where the rate of one more trial would lie"),
        },
    ]  # fmt: skip


def _lower(side: Side, posterior: BetaBinomialPosterior) -> tuple[float, float]:
    """Return the probability that the observed rate is lower: than the mean, than a new trial's.

    Of three published trials or more the observed rate is their mean, which they spread around
    too; of a cohort or of fewer trials it is one rate.
    """
    k, n = (int(sum(pair[i] for pair in side.counts)) for i in (0, 1))
    # The unknown are taken for events: what is not known makes no product safer.
    k += side.n_missing
    if not n:
        return np.nan, np.nan
    if len(side.counts) < LEAST_TRIALS:
        found = probability_lower(k, n, posterior)
        return found.than_mean, found.than_new_trial
    mine = beta_binomial_posterior(*zip(*side.counts, strict=True))
    levels = (np.arange(400) + 0.5) / 400
    own, mean = mean_quantile(mine, levels), mean_quantile(posterior, levels)
    new = new_trial_quantile(posterior, levels)
    return float((own[:, None] < mean).mean()), float((own[:, None] < new).mean())


def _differences(
    mine: tuple[int, int], unknown: int, used: pd.DataFrame, method: str, conf_level: float
):
    pairs = [(r.trial_family, int(r.n_event), int(r.n_evaluable), 1) for r in used.itertuples()]
    if len(used) > 1:
        total = int(used["n_event"].sum()), int(used["n_evaluable"].sum())
        pairs.append((message("{n} trials added up", n=len(used)), *total, len(used)))
    rows = []
    for name, k, n, trials in pairs:
        found = bounded_comparison(
            (mine[0], k), (unknown, 0), (mine[1], n), "difference", method, conf_level
        )
        rows.append(
            {
                "row": "difference", "trial": name, "n_trials": trials, "n": n, "n_event": k,
                "estimate": found.estimate, "conf_low": found.low, "conf_high": found.high,
                "contrast": message("observed − {trial}", trial=name),
                "statistic": found.z, "df": np.nan, "p_value": found.p_value,
                "note": message("takes the trials as one") if trials > 1 else "",
            }
        )  # fmt: skip
    return rows
