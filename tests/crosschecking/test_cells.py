"""The second program of the cells: areas, declines, exposures and the depletion of B cells."""

import itertools

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from carstats.crosschecking.families.cells.exposures import _area, _decline
from carstats.crosschecking.families.cells.kinetics import _return
from tests.reference import reference


@pytest.fixture(scope="module")
def cohort():
    return cs.define_cohort(cs.simulate_study(seed=5, n=90), cs.infused())


def checked(results, cohort):
    frame = cs.crosscheck(results, cohort, with_r=False).frame
    wrong = frame[frame["verdict"].isin(["differs", "raised"])]
    assert wrong.empty, wrong[["of", "statistic", "value", "witness_value", "reason"]].to_string()
    return frame[frame["verdict"] == "agrees"]


@pytest.mark.parametrize(
    "options",
    [{}, {"tail": "triangle"}, {"below": "zero"}, {"below": "half the limit", "peak_from": 1},
     {"expands": False, "horizons": (10, 200)}],
    ids=str,
)  # fmt: skip
def test_areas_and_declines_are_made_again(cohort, options):
    agree = checked([cs.cellular_kinetics(cohort, by="platform", **options)], cohort)
    told = agree[agree["statistic"] == "estimate"]
    assert told["of"].str.contains("AUC0").sum() >= 4
    assert told["of"].str.contains("half-life").sum() >= 2
    assert (agree["statistic"] == "median").sum() >= 10


@pytest.mark.parametrize("subject", [str(i) for i in range(1, 13)])
def test_the_second_program_too_equals_r(subject):
    # Theoph, whose numbers PKNCA and WinNonlin have as well.
    told = reference("kinetics")["sets"]["Theoph"]
    one = told["subjects"][subject]
    t, c = np.array(one["time"], float), np.array(one["value"], float)
    c = np.where(c > 0, c, np.nan)
    rate, none = _decline(t, c, int(np.nanargmax(c)), True), np.full(len(t), np.nan)
    assert np.isclose(np.log(2) / rate, one["half_life"], rtol=1e-9)
    areas = [_area(t, c, none, end, rate, "nothing") for end in (t.max(), *told["ends"][:2])]
    assert np.allclose(areas, [one["area_to_last"], *one["areas"][:2]], rtol=1e-9)


EXPOSURES = ("Cmax", "Tmax", "AUC0-28", "B-cell nadir", "dose", "dose per kg")


@pytest.mark.parametrize("outcome", ["response", "relapse", "CRS"])
def test_every_exposure_by_every_outcome_is_made_again(cohort, outcome):
    results = [
        cs.exposure_response(cohort, exposure, outcome, by=by)
        for exposure, by in itertools.product(EXPOSURES, (None, "target"))
    ]
    results.append(cs.exposure_response(cohort, "Cmax", outcome, landmark=30, at=300))
    agree = checked(results, cohort)
    # Each result has its counts and its correlation from the second program.
    assert agree[agree["statistic"] == "n"]["result"].nunique() == len(results)
    assert agree[agree["statistic"] == "estimate"]["result"].nunique() >= len(results) - 1


def test_the_return_of_b_cells_is_made_again(cohort):
    agree = checked([cs.b_cell_depletion(cohort, by=by) for by in (None, "disease")], cohort)
    told = agree[agree["of"].str.contains("days until return")]
    assert {"estimate", "estimate_low", "conf_low", "conf_high"} <= set(told["statistic"])
    assert agree["of"].str.contains("memory at return").any()


def test_the_share_of_responders_is_made_again(cohort):
    lupus = cs.define_cohort(cohort.study, cs.infused(), cs.with_disease("SLE"))
    results = [
        cs.score_responder_rate(lupus, "SLEDAI-2K", by="target", change=change, missing=missing)
        for change, missing in itertools.product(
            ("improvement", "worsening"), ("failure", "excluded", "bounds")
        )
    ]
    results.append(cs.score_responder_rate(lupus, "SLEDAI-2K", threshold=50, of="percent"))
    assert len(checked(results, lupus)) > 50


def test_a_median_where_the_curve_is_level_at_one_half_has_no_second_value():
    """The curve is 0.5 from day 163 to 253; lifelines stops at 0.4989 and would say 174."""
    low = pd.Series([29.0, 78, 86, 86, 87, 155, 167, 174])
    high = pd.Series([375.0, np.inf, 174, 259, 163, 253, 368, 375])
    found = _return(low, high, 0.95)
    assert "estimate" not in found
    assert found["n_event"] == 7
