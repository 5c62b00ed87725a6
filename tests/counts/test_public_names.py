"""Every public function given counts, and given what is no cohort: an answer or one message."""

import inspect
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from tests.counts.analyses import answer, equal
from tests.survival.survival_data import RFS, cohort_of

RESPONSE = "drug_free_remission"
BY = ["target", "disease", "site_id", "costimulation"]
# What an argument that must be given is given; by the function where it differs.
WANTED = {
    "above": {"anti-dsDNA": 30},
    "at": 2,
    "at_least": {"IgG": 6.0},
    "benchmark": {84: 0.5},
    "by": "target",
    "censoring": "target",
    "covariate": "target",
    "covariates": "target",
    "criteria": cs.infused(),
    "endpoint": RFS,
    "endpoints": [RFS],
    "folder": "somewhere",
    "landmark": 84,
    "measure": "SLEDAI-2K",
    "measures": "IgG",
    "name": "response",
    "on": "target",
    "out": "somewhere",
    "outcome": "response",
    "scenarios": {"null": [0.5, 0.5]},
    "site": "A",
    "subject": "S001",
    "term": "CRS",
    "terms": "CRS",
}
# Random arrangements and samples are few.
FEW = {"n_resamples": 19}
OTHERS = {
    "nothing": None,
    "a frame": pd.DataFrame({"target": ["CD19"]}),
    "a study": cs.Study(cohort_of([3], [1]).subjects),
    "a text": "counts",
    "a number": 3,
    "a list": [1, 2],
    "a class": cs.Counts,
}
# They keep what they are given for later, or take anything that says what it is.
NOT_ASKED = {
    "has_baseline",
    "important_differences",
    "in_language",
    "oncology_benchmarks",
    "published_trials",
    "set_language",
    "where",
    "with_cell_source",
    "with_disease",
    "with_platform",
    "with_target",
}
# It writes the counts of a cohort and has no numbers to compare.
WRITES = "share_counts"
# What a refusal says that is of counts alone.
OF_COUNTS = re.compile(
    "which do not hold|what counts do not hold|was not counted|were counted by|are of nobody"
    "|Count again|none was counted"
)


def functions():
    """Return the public functions that take something, by the name of what they take first."""
    found = {}
    for name in cs.__all__:
        if inspect.isclass(getattr(cs, name)) or name in NOT_ASKED:
            continue
        parameters = inspect.signature(getattr(cs, name)).parameters.values()
        first = next(iter(parameters), None)
        if first is not None and first.kind is not first.KEYWORD_ONLY:
            found[name] = first.name
    return found


FUNCTIONS = functions()
OF_COHORTS = [
    name
    for name, first in FUNCTIONS.items()
    if (first == "cohort" or name == "toxicity_benchmark") and name != WRITES
]


def asked(name):
    """Return the arguments of a function beside the first; a new one needs a line above."""
    parameters = list(inspect.signature(getattr(cs, name)).parameters.values())[1:]
    arguments = {
        p.name: WANTED[p.name]
        for p in parameters
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        and (p.default is p.empty or p.name in ("above", "covariates", "endpoint", "terms"))
    }
    if name == "seroconversion_rate":
        arguments["above"] = 30
    if "endpoint" in arguments and ("response" in name or "basket" in name):
        arguments["endpoint"] = RESPONSE
    if "competing" in inspect.signature(getattr(cs, name)).parameters and "toxicity" not in name:
        arguments["competing"] = "censor"
    return arguments | {p.name: FEW[p.name] for p in parameters if p.name in FEW}


@cache
def cohort():
    study = cs.simulate_study(seed=3, n=36)
    known = study.subjects.fillna({"costimulation": "4-1BB"})
    return cs.define_cohort(replace(study, subjects=known), cs.infused())


def counted(cohort, names, by=BY):
    by = [column for column in ([by] if isinstance(by, str) else by) if column in cohort.subjects]
    return cs.count_outcomes(cohort, names, by=by, landmarks=[2])


def some(cohort, places):
    return replace(cohort, subjects=cohort.subjects.iloc[places].reset_index(drop=True))


def of_times(time, status):
    """Return a cohort of two targets and sites by turns that has nothing but times."""
    n = len(time)
    return cohort_of(
        time, status, group=np.arange(n) % 2, site_id=list("AABB" * n)[:n], cutoff_day=[90] * n
    )


@cache
def pairs():
    """Return cohorts and their counts, which must answer alike."""
    whole, names = cohort(), [RFS, RESPONSE, "CRS"]
    cohorts = {
        "whole": whole,
        "one subject": some(whole, [4]),
        "one target": some(whole, np.flatnonzero(whole.subjects["target"] == "CD19")[:9]),
        "no event": of_times([1, 2, 3, 5, 8, 9], [0] * 6),
        "censored at 0": of_times([0] * 6, [0] * 6),
        "censored on one day": of_times([1] * 6, [0] * 6),
        "events on one day": of_times([1] * 6, [1] * 6),
        "one event": of_times([5], [1]),
    }
    return {
        name: (each, counted(each, names if each.study.responses is not None else [RFS]))
        for name, each in cohorts.items()
    }


@cache
def lacking():
    """Return counts that do not have what most ask for."""
    whole = pairs()["whole"][1]
    return {
        "no times": replace(whole, times=None),
        "no responses": replace(whole, responses=None),
        "no toxicities": replace(whole, toxicities=None),
        "nothing": replace(whole, times=None, responses=None, toxicities=None),
        "other strata": counted(cohort(), [RFS, RESPONSE, "CRS"], by="platform"),
        "no strata": counted(cohort(), [RFS, RESPONSE, "CRS"], by=[]),
        "nobody": counted(some(cohort(), []), [RFS, RESPONSE, "CRS"]),
    }


def told(call, first, arguments):
    """Return the answer, or the text of the refusal, which is no list of what was given."""
    found = answer(lambda it: call(it, **arguments), first)
    assert not isinstance(found, str) or len(found) < 1500
    return found


@pytest.mark.parametrize("name", OF_COHORTS)
def test_counts_answer_as_their_cohort_or_say_what_they_do_not_hold(name):
    call, arguments = getattr(cs, name), asked(name)
    for what, (each, counts) in pairs().items():
        if name.startswith("basket") and what not in ("whole", "one subject"):
            continue
        second = told(call, counts, arguments)
        if isinstance(second, str) and OF_COUNTS.search(second):
            continue
        first = told(call, each, arguments)
        if isinstance(first, str) or isinstance(second, str):
            assert first == second, what
        else:
            equal(first, second)


@pytest.mark.parametrize("name", OF_COHORTS)
def test_counts_that_lack_something_answer_or_say_so(name):
    call, arguments = getattr(cs, name), asked(name)
    for what, counts in lacking().items():
        if name.startswith("basket") and what == "other strata":
            arguments = arguments | {"by": "platform"}
        told(call, counts, arguments)
    if "by" in inspect.signature(call).parameters:
        counts = pairs()["whole"][1]
        # What rows of counts hold beside the strata is nobody's to name.
        for column in ("elsewhere", "cutoff_day", "infused", "last_contact_day", "__subjects__", 3):
            refusal = told(call, counts, arguments | {"by": column})
            assert isinstance(refusal, str), column
            assert "__" not in refusal.replace("'__subjects__'", "")
            assert "cutoff_day" not in refusal.replace("`by` names 'cutoff_day'", "")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_no_cohort_is_refused_in_one_message(name):
    call, arguments = getattr(cs, name), asked(name)
    for first in OTHERS.values():
        found = told(call, first, arguments)
        if name in OF_COHORTS:
            kind = type(first).__name__
            assert re.match(rf"`(cohort|source)` is {kind}; |the published trials lack", str(found))


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {*OF_COHORTS, "pooled_rate"}))
def test_counts_in_place_of_something_else_are_refused(name):
    found = told(getattr(cs, name), pairs()["whole"][1], asked(name))
    assert isinstance(found, str)
    # What it is, and none of its numbers.
    assert "Counts" in found
    assert "n_event" not in found
