"""Subjects at random, divided at random, and all that is asked of each function of counts."""

from dataclasses import replace

import numpy as np
import pandas as pd

import carstats as cs
from tests.conftest import subjects_table
from tests.survival.survival_data import RFS, TARGETS

RESPONSE = "response"
BY = ["target", "disease", "site_id", "sex"]
LANDMARKS = [2, 5, 50]
_LIMITS = ("Clopper-Pearson", "Wilson", "Jeffreys", "mid-P", "Blaker", "Agresti-Coull")
_BANDS = ("beta product", "beta product mid-P", "log-log", "log", "plain", "arcsine")
_WEIGHTS = ("log-rank", "Gehan-Wilcoxon", "Tarone-Ware", "Peto-Peto", "Fleming-Harrington")
_DIFFERENCES = (
    "auto", "Miettinen-Nurminen", "SCAS", "Newcombe", "Agresti-Min", "melded", "Koopman", "Mee",
    "Mantel-Haenszel",
)  # fmt: skip
_TESTS = (
    "Fisher", "Fisher central", "Boschloo", "Barnard", "Miettinen-Nurminen", "Chan-Zhang", "trend",
)  # fmt: skip


def subjects(rng):
    """Return up to 120 subjects: ties, half days, few sites or one subject alone at one."""
    n = int(rng.choice([1, 2, 5, 15, 40, 120], p=[0.05, 0.05, 0.1, 0.3, 0.4, 0.1]))
    site = rng.choice(list("ABCDEF"), n, p=rng.dirichlet(np.ones(6) * rng.choice([0.3, 1, 5])))
    if n > 3 and rng.random() < 0.5:
        site[int(rng.integers(n))] = "G"
    return subjects_table(
        n,
        target=list(TARGETS[rng.integers(0, rng.integers(1, 5), n)]),
        disease=list(rng.choice(["SLE", "SSc", "MG"], n)),
        site_id=list(site),
        sex=list(rng.choice(["female", "male"], n)),
        last_contact_day=10_000,
        cutoff_day=list(rng.choice([5, 100, 500], n)),
        infused=list(rng.random(n) < rng.choice([1, 0.9])),
    )


def events(rng, who):
    """Return their times, some without a record, maybe competing, maybe with delayed entry."""
    n, kinds = len(who), int(rng.choice([2, 2, 3, 4]))
    time = rng.integers(int(rng.integers(2)), rng.choice([3, 5, 9, 41, 1001]), n)
    time = time / rng.choice([1, 4])
    code = rng.integers(0, kinds, n)
    table = pd.DataFrame(
        {
            "subject_id": who,
            "endpoint": RFS,
            "status": np.select([code == 0, code == 1], ["censored", "event"], "competing"),
            "time": time,
        }
    )
    if kinds > 2:
        table["cause"] = [None if c < 2 else ["death", "re-infusion"][c - 2] for c in code]
    if rng.random() < 0.3:
        entry = np.maximum(time - rng.integers(1, 4, n), 0.0)
        table["entry_day"] = np.where((rng.random(n) < 0.5) | (entry >= time), np.nan, entry)
    kept = table[rng.random(n) < rng.choice([1, 0.9])]
    last = {"subject_id": [who.iloc[-1]], "endpoint": RFS, "status": "censored", "time": 2.0}
    others = kept[kept["subject_id"] != who.iloc[-1]]
    return pd.concat([others, pd.DataFrame(last)], ignore_index=True)


def cohort_of(rng):
    """Return a cohort with times, responses and toxicities."""
    table = subjects(rng)
    who, n = table["subject_id"], len(table)
    blank = rng.random(n) < rng.choice([0, 0.2])
    responses = pd.DataFrame(
        {
            "subject_id": who,
            "endpoint": RESPONSE,
            "day": 168.0,
            "response": np.where(blank, np.nan, rng.choice([0.0, 1.0], n)),
            "evaluable": ~blank,
        }
    )
    many = int(rng.integers(1, 2 * n + 2))
    toxicities = pd.DataFrame(
        {
            "subject_id": rng.choice(who, many),
            "term": rng.choice(["CRS", "infection"], many),
            "onset_day": rng.choice([2.0, 9.0, 40.0], many),
            "grade": rng.choice([1.0, 2.0, 3.0, 4.0, 5.0], many),
        }
    )
    seen = np.append(True, rng.random(n - 1) < rng.choice([1, 0.9]))
    return cs.define_cohort(
        cs.Study(
            subjects=table,
            events=events(rng, who),
            responses=responses[seen],
            toxicities=toxicities,
        )
    )


def divided(cohort, rng):
    """Count sites, or any eight parts, some of them of nobody, and add them up in any order."""
    of_sites = cohort.subjects["site_id"].map(dict(zip("ABCDEFGH", range(8), strict=True)))
    place = of_sites if rng.random() < 0.5 else rng.integers(0, 5, len(cohort.subjects))
    parts = [
        cs.count_outcomes(
            replace(cohort, subjects=cohort.subjects[place == i].reset_index(drop=True)),
            [RFS, RESPONSE, "CRS", "infection"],
            by=BY,
            landmarks=LANDMARKS,
        )
        for i in range(8)
    ]
    rng.shuffle(parts)
    return sum(parts)


def given(**arguments):
    """Return arguments by their names."""
    return arguments


def asked(rng):
    """Return what is asked: by function its arguments, with options at random."""

    def one(*values):
        return values[int(rng.integers(len(values)))]

    def by():
        return one(None, "target", "disease", ["target", "sex"], "site_id")

    level = {"conf_level": one(0.95, 0.9, 0.99)}
    rival = {"competing": one(None, "censor", "censor", "censor")}
    curve = {"conf_type": one(*_BANDS), **level, **rival}
    start = one(None, None, 2, 1.5)
    strata = one(None, "site_id", ["site_id", "sex"])
    whom = {"population": one("treated", "evaluable", "intention to treat")}
    gone = {"missing": one("failure", "excluded")}
    adjust = one("Holm", "Bonferroni", "Benjamini-Hochberg", "none")
    return {
        "survival_curve": [given(by=by(), band=one(None, "equal precision", "Hall-Wellner"),
                                start=start, **curve)],
        "survival_at": [given(at=[0, 1, 2.5, 7, 2000], by=by(), **curve)],
        "survival_quantile": [given(p=[0.1, 0.5, 0.75], by=by(), start=start, **curve)],
        "restricted_mean": [
            given(at=one(1, 2, 3), by="target", contrast=one(None, "difference", "ratio"),
                 method=one("beta product", "beta product mid-P", "Greenwood"), **level, **rival),
            given(at=one(1, 2, 3), start=one(None, 0.5), **level, **rival),
        ],
        "followup_time": [given(by=by(), **level)],
        "landmark_rate": [given(at=one(*LANDMARKS), by=by(), method=one(*_LIMITS), **level,
                                **rival)],
        "logrank_test": [
            given(by=groups, strata=strata if groups != "site_id" else None, weight=one(*_WEIGHTS),
                 trend=one(False, False, True), n_resamples=49, pairwise=one(False, True),
                 method=one("auto", "permutation", "asymptotic", "studentised", "exact"),
                 adjustment=adjust, **rival)
            for groups in ("target", "disease", "site_id")
        ],
        "cumulative_incidence": [given(by=by(), conf_type=one(*_BANDS), start=start,
                                      variance=one("Greenwood", "Aalen"), **level)],
        "gray_test": [given(by=groups, strata=strata, cause=one(None, "death"), rho=one(0.0, 1.0))
                      for groups in ("target", "disease")],
        "incidence_rate": [given(by=by(), method=one("exact", "Byar"), benchmark=one(None, 1.5),
                                **level)],
        "cox_regression": [
            given(covariates=columns, strata=one(None, "site_id"), cause=one(None, None, "death"),
                 method=one("auto", "Firth", "partial likelihood"), robust=one(False, True),
                 **level)
            for columns in ("target", ["target", "sex"], ["target", "disease", "sex"])
        ],
        "response_rate": [given(by=by(), missing=missing, method=one(*_LIMITS), **whom, **level)
                          for missing in ("failure", "excluded", "bounds")],
        "response_difference": [
            given(by=one("target", "sex"), strata=columns, contrast=one("difference", "ratio"),
                 method=one("auto", one(*_DIFFERENCES)), adjust=adjust, **whom, **gone, **level)
            for columns in (None, "site_id")
        ],
        "response_test": [
            given(by=groups, strata=columns, method=method, adjust=adjust, **whom, **gone)
            for groups in ("target", "sex")
            for columns in (None, "site_id")
            for method in ("auto", one(*_TESTS), "Cochran-Mantel-Haenszel",
                           "exact Cochran-Mantel-Haenszel")
        ],
        "toxicity_rate": [given(term=one("CRS", ["CRS", "infection"]), min_grade=least, by=by(),
                               method=one(*_LIMITS), **level) for least in (1, 3)],
        "basket_response": [given(by=one("disease", "target"), reference=0.4,
                                 model=one("hierarchical", "EXNEX"), **level)],
    }  # fmt: skip


def asking(name, arguments):
    """Return a question that is asked of a cohort and of counts."""
    first = {"toxicity_rate": (), "basket_response": (RESPONSE,)}.get(
        name, (RESPONSE,) if name.startswith("response") else (RFS,)
    )
    return lambda source: getattr(cs, name)(source, *first, **arguments)
