"""Simultaneous bands: critical values by other ways, bands by the textbook's formulas, edges."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from carstats.errors import CarstatsError
from carstats.estimators.curves.bands import (
    BAND_KINDS,
    BAND_SCALES,
    equal_precision_value,
    hall_wellner_value,
    simultaneous_band,
)
from carstats.estimators.curves.kaplan_meier import kaplan_meier
from carstats.estimators.curves.risk_table import risk_table
from carstats.wording import because
from tests.reference import array, reference

REFERENCE = reference("bands")
VALUES = [array(row) for row in REFERENCE["values"]]


def table_of(name):
    d = REFERENCE["data_sets"][name]
    status = np.broadcast_to(d["status"], len(d["time"]))
    return risk_table(d["time"], status, entry=d.get("entry"))


def test_reference_grid_is_whole():
    assert len(VALUES) == 7 * 3 + 3 * 2
    assert len(REFERENCE["data_sets"]) == 6
    assert len(REFERENCE["bands"]) == 7 * len(BAND_KINDS) * 2
    assert all(set(BAND_SCALES) <= set(band) for band in REFERENCE["bands"].values())


@pytest.mark.parametrize("row", VALUES, ids=str)
def test_critical_values(row):
    low, high, level, hall_wellner, equal_precision, printed = row
    # The reference sums over reflections on a grid: to about 1e-9.
    assert_allclose(hall_wellner_value(low, high, conf_level=level), hall_wellner, rtol=1e-8)
    if low > 0:
        found = equal_precision_value(low, high, conf_level=level)
        # The reference steps through time and space: to about 1e-7.
        assert_allclose(found, equal_precision, rtol=1e-6)
        # The printed tables are an approximation, within 0.02 of it.
        assert np.isnan(printed) or abs(found - printed) < 0.02


def test_critical_values_of_the_printed_tables():
    # Klein and Moeschberger, tables C.3 and C.4, and Kolmogorov's.
    assert round(hall_wellner_value(0.1, 0.6), 4) == 1.3211
    for level, value in ((0.9, 1.2238), (0.95, 1.3581), (0.99, 1.6276)):
        assert round(hall_wellner_value(0, 1, conf_level=level), 4) == value


def test_critical_values_at_the_edges():
    for value in (hall_wellner_value, equal_precision_value):
        wide, narrow = value(0.001, 0.999), value(0.4, 0.400001)
        point = value(0.4, 0.4)
        assert point <= narrow <= point * 1.01
        assert wide > narrow
    assert_allclose(hall_wellner_value(0.5, 0.5), 1.959963984540054 / 2)
    assert hall_wellner_value(1e-7, 2e-7) < 0.0012
    assert equal_precision_value(1e-9, 1 - 1e-9, conf_level=0.99) > 3.9


@pytest.mark.parametrize("scale", BAND_SCALES)
def test_equal_precision_is_pointwise_limits_with_a_larger_value(scale):
    from scipy.stats import norm

    table = table_of("veteran")
    band = simultaneous_band(table, scale=scale)
    curve = kaplan_meier(table, conf_type=scale, conf_level=1 - 2 * norm.sf(band.critical))
    kept = (curve.survival > 0) & (curve.survival < 1)
    assert_allclose(band.low, curve.low[kept], rtol=1e-9)
    assert_allclose(band.high, curve.high[kept], rtol=1e-9)


@pytest.mark.parametrize("kind", BAND_KINDS)
@pytest.mark.parametrize("scale", BAND_SCALES)
@pytest.mark.parametrize(
    ("time", "status", "note"),
    [
        ([], [], "no subjects"),
        ([5], [0], "no events"),
        ([3, 4], [0, 0], "no events"),
        ([5], [1], "no event leaves the curve above 0"),
        ([7, 7], [1, 1], "no event leaves the curve above 0"),
        ([0, 3, 9], [1, 1, 0], ""),
        ([2, 5], [1, 0], ""),
    ],
)
def test_edges(kind, scale, time, status, note):
    band = simultaneous_band(risk_table(time, status), kind=kind, scale=scale)
    assert because(*band.note) == note
    assert (band.time.size == 0) == np.isnan(band.critical) == bool(note)
    assert (band.low <= band.survival).all()
    assert (band.survival <= band.high).all()


def test_the_range_is_narrowed_and_said():
    table = risk_table([2, 3, 5, 8], [1, 1, 1, 1])
    band = simultaneous_band(table, start=0, end=20)
    assert (band.start, band.end) == (2, 5)
    assert "from the first event, 2" in because(*band.note)
    assert "to 5, the last event" in because(*band.note)
    wide = simultaneous_band(table, kind="Hall-Wellner", scale="plain", start=0, end=7)
    assert (wide.start, wide.end, wide.a_low, wide.note) == (0, 7, 0, ())
    assert wide.high[0] == 1
    assert np.isnan(simultaneous_band(table, kind="Hall-Wellner", start=0).low[0])
    between = simultaneous_band(table, start=2.5, end=4)
    assert_allclose(between.time, [2.5, 3])
    assert_allclose(between.survival, [0.75, 0.5])
    assert simultaneous_band(table, start=9, end=12).time.size == 0
    with pytest.raises(CarstatsError, match="`start` is 5, after `end`, 3"):
        simultaneous_band(table, start=5, end=3)
    with pytest.raises(CarstatsError, match="`kind` is 'Nair'"):
        simultaneous_band(table, kind="Nair")
    with pytest.raises(CarstatsError, match="`scale` is 'log'"):
        simultaneous_band(table, scale="log")


@pytest.mark.slow
@pytest.mark.parametrize("kind", BAND_KINDS)
def test_bands_cover_the_whole_curve(kind):
    # The range is fixed: where the truth is 0.9 to 0.3.
    rng, level, n, runs = np.random.default_rng(11), 0.95, 100, 2000
    covered = 0
    start, end = -np.log(0.9), -np.log(0.3)
    for _ in range(runs):
        event, censor = rng.exponential(size=n), rng.uniform(1, 4, n)
        table = risk_table(np.minimum(event, censor), event <= censor)
        band = simultaneous_band(table, kind=kind, start=start, end=end)
        # The truth falls between the steps: below the upper band at their start, and above the
        # lower one at their end.
        left, right = band.time, np.append(band.time[1:], band.end)
        inside = (np.exp(-left) <= band.high) & (np.exp(-right) >= band.low)
        covered += bool(inside.all())
    error = np.sqrt(level * (1 - level) / runs)
    assert abs(covered / runs - level) < 4 * error + 0.01
