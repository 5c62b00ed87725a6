"""What Cox's regression adds up over the subjects at risk."""

import numpy as np
import pytest

from carstats.estimators.regression.risk_sets import risk_sums, strata_at_risk


@pytest.mark.parametrize("second", [[1, 2], [2, 2]])
def test_a_risk_that_sums_cannot_tell_from_none_is_none(second):
    # A subject of e^60 times the risk is gone before the others have their events.
    time, entry = np.array([1.0, *(1.0 + np.array(second))]), np.array([0.0, 0.0, 0.0])
    x = np.array([[1.0], [0.0], [0.0]])
    (part,) = strata_at_risk(time, np.ones(3, bool), x, None, entry, np.ones(3))
    assert np.isfinite(risk_sums(part, np.array([1.0])).log_total)
    assert np.isnan(risk_sums(part, np.array([60.0])).log_total)
    # Without delayed entry the sums begin at the end, and lose nothing.
    (part,) = strata_at_risk(time, np.ones(3, bool), x, None, None, np.ones(3))
    found = risk_sums(part, np.array([60.0]))
    risk = np.exp([0.0, -60.0, -60.0])
    wanted = np.log(risk.sum()) + (np.log(risk[1:].sum()) + np.log(risk[2]))
    assert found.log_total == pytest.approx(wanted)
