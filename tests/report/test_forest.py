"""Forests: limits beyond an axis, long names, a width too small."""

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from carstats.errors import CarstatsError
from carstats.report.figures.forest import BEYOND, check_room
from carstats.report.figures.frame import Page
from tests.report.test_verbs import texts

LONG = "A very long label of an arm that goes on and on with lymphodepletion "


def medians(names, events):
    """Medians of arms of four, followed 1 to 4 months, with so many events first."""
    frame = pd.DataFrame(
        [
            {"months": month, "relapsed": int(month <= n), "arm": name}
            for name, n in zip(names, events, strict=True)
            for month in range(1, 5)
        ]
    )
    cohort = cs.cohort_from_frame(frame, time="months", event="relapsed", unit="months", by=["arm"])
    return cs.survival_quantile(cohort, "relapsed", by="arm")


def artists(figure, gid):
    return figure.findobj(lambda a: a.get_gid() == gid)


def test_a_limit_that_is_not_reached_is_an_arrow():
    result = medians(["A", "B"], [3, 2])
    assert np.isnan(result.frame["conf_high"]).any()
    figure = cs.plot(result)
    assert len(artists(figure, "beyond")) == result.frame["conf_high"].isna().sum()
    assert BEYOND in figure.caption


def test_long_names_stand_above_their_rows():
    figure = cs.plot(medians([LONG + "x", LONG + "y"], [3, 2]), width=85)
    lines = texts(figure, "name")
    assert min(len(line) for line in lines if line) > 8
    assert figure.get_size_inches()[1] < 3


def test_a_width_too_small_for_the_texts_is_refused():
    page = Page("some_figure", [], 60, 1, None)
    with pytest.raises(CarstatsError, match="`width` is 60; the texts beside the data leave too"):
        check_room(page, 20, 24)
    check_room(page, 30, 24)
