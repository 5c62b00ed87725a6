"""Sites of counts as trials to pool: what the rates of each site say, pooled as a table is."""

import numpy as np
import pytest

import carstats as cs

STUDY = cs.read_study("data/synthetic")
COHORT = cs.define_cohort(STUDY)
COUNTS = cs.count_outcomes(COHORT, ["response", "CRS", "relapse"], by=["target", "site_id"])
NUMBERS = ["n", "n_event", "estimate", "conf_low", "conf_high", "tau2", "p_heterogeneity"]


def table(rates):
    return rates.frame.rename(columns={"site_id": "study"})[["study", "n_event", "n"]]


@pytest.mark.parametrize(
    ("outcome", "rates"),
    [
        ("response", lambda: cs.response_rate(COHORT, "response", by="site_id")),
        ("CRS", lambda: cs.toxicity_rate(COHORT, "CRS", by="site_id")),
    ],
)
def test_sites_are_pooled_as_a_table_of_their_rates(outcome, rates):
    first = cs.pooled_rate(table(rates()), "as given").frame
    second = cs.pooled_rate(COUNTS, outcome).frame
    np.testing.assert_allclose(
        first[NUMBERS].to_numpy(float), second[NUMBERS].to_numpy(float), rtol=1e-12
    )
    assert first["n_trials"].tolist() == second["n_trials"].tolist()


def test_strata_and_words_of_sites():
    result = cs.pooled_rate(COUNTS, "CRS", by="target", model="Bayesian")
    assert list(result.frame["target"]) == ["CD19", "BCMA", "CD19+BCMA"]
    assert result.frame["n"].sum() == len(COUNTS)
    assert result.spec.endpoint == "Cytokine release syndrome, any grade"
    levels = COUNTS.subjects["site_id"].nunique()
    assert f"the {levels} levels of site_id are the trials" in result.spec.population
    assert result.spec.synthetic
    assert "day 168" in cs.pooled_rate(COUNTS, "response", trials="target").spec.endpoint


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"outcome": "relapse"}, "it is a response or a toxicity: 'response', 'CRS'"),
        ({"outcome": "CRS", "trials": "centre"}, "`trials` is 'centre'; it names the column"),
        ({"outcome": "CRS", "by": "site_id"}, "`by` and `trials` both name 'site_id'"),
        ({"outcome": "CRS", "by": "age"}, "`by` names 'age'; the counts were counted by"),
    ],
)
def test_what_cannot_be_pooled_is_said(arguments, match):
    with pytest.raises(cs.CarstatsError, match=match):
        cs.pooled_rate(COUNTS, **arguments)
    with pytest.raises(cs.CarstatsError, match="`trials` names a column of Counts"):
        cs.pooled_rate(
            table(cs.toxicity_rate(COHORT, "CRS", by="site_id")), "CRS", trials="site_id"
        )
