"""Published trials, and simulated ones: the second program of each analysis."""

from __future__ import annotations

from carstats.crosschecking.answers.shared import (
    LIMITS,
    PANDAS,
    RATE,
    SCIPY,
    STATSMODELS,
    zero_or_all,
)
from carstats.crosschecking.asking import (
    EXACT,
    FITTED,
    NOTHING,
    ROUNDING,
    TRIALS,
    Analysis,
    Check,
)
from carstats.crosschecking.families import (
    trials,
)

EVIDENCE: dict[str, Analysis] = {
    "trial_rate": Analysis(
        "", (Check(STATSMODELS, trials.rates, RATE, (), ROUNDING, zero_or_all),),
        "published", reference="evidence.R", of=TRIALS,
    ),
    "trial_incidence": Analysis(
        "",
        (
            Check(STATSMODELS, trials.incidences,
                  ("n", "n_event", "followup_median_months", "subject_years", "estimate",
                   *LIMITS)),
        ),
        "published", reference="rates.R", of=TRIALS,
    ),
    "pooled_incidence": Analysis(
        "", (Check(STATSMODELS, trials.added_up, ("estimate", *LIMITS)),),
        "published", reference="rates.R", of=TRIALS,
    ),
    "randomised_comparison": Analysis(
        "",
        (
            Check(SCIPY, trials.randomised,
                  ("n", "n_event", "n_control", "n_event_control", "estimate", "p_value",
                   *LIMITS), (), FITTED),
        ),
        "published", reference="proportion_differences.R", of=TRIALS,
    ),
    "report_overlap": Analysis(
        "", (Check(PANDAS, trials.shared, ("n", "other_n"), (), EXACT),), "published", of=TRIALS,
    ),
    "evidence_map": Analysis(
        "", (Check(PANDAS, trials.mapped, ("n_trials", "n", "n_missing"), (), EXACT),),
        "published", of=TRIALS,
    ),
    "pooled_rate": Analysis("", (), "published", reference="evidence.R", of=TRIALS),
    "pooled_regression": Analysis("", (), "published", reference="evidence.R", of=TRIALS),
    "pooled_sensitivity": Analysis("", (), "published", reference="evidence.R", of=TRIALS),
    "leave_one_out": Analysis("", (), "published", reference="evidence.R", of=TRIALS),
    "basket_operating_characteristics": Analysis(
        "", (Check(STATSMODELS, trials.simulated, ("estimate", *LIMITS)),),
        "response", reference="basket.R", of=NOTHING,
    ),
}  # fmt: skip
