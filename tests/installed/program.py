"""A user's program: `make dist` has mypy judge it against the installed wheel (py.typed)."""

from pathlib import Path

import carstats as cs

study: cs.Study = cs.read_study(Path("study"))
cohort: cs.Cohort = cs.define_cohort(study, cs.infused(), cs.with_disease("SLE", "SSc"))
curves: cs.Result = cs.survival_curve(cohort, "relapse_free_survival", by="target")
rates = cs.response_rate(cohort, "drug_free_remission", at=168, by=["disease", "target"])
strata: tuple[str, ...] = rates.spec.by
cs.tabulate(rates).save("rates.docx")

# What the types refuse: an ignored line with nothing to ignore is an error here.
cs.read_study(3)  # type: ignore[arg-type]
cs.survival_curve(cohort, conf_level="high")  # type: ignore[arg-type]
cs.survival_kurve(cohort)  # type: ignore[attr-defined]
