"""Small studies that several tests use, and a browser."""

import os
import sys

import hypothesis
import pandas as pd
import pytest

import carstats as cs

# How long an example takes says what else the machine does, and nothing about the code.
hypothesis.settings.register_profile("carstats", deadline=None)
hypothesis.settings.load_profile("carstats")

SIX_MP = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"


def subjects_table(n, **columns):
    """Return a subjects table of n subjects, all alike but for `columns`."""
    table = {
        "subject_id": [f"S{i + 1:02d}" for i in range(n)],
        "disease": "SLE",
        "target": "CD19",
        "platform": "CAR-T",
        "cell_source": "autologous",
        "last_contact_day": 1000,
        "infused": True,
    }
    return pd.DataFrame(table | columns, index=range(n))


def events_table(times, endpoint="relapse_free_survival"):
    """Return an events table from times such as "6 6+ 7", where + means censored."""
    times = times.split()
    return pd.DataFrame(
        {
            "subject_id": [f"S{i + 1:02d}" for i in range(len(times))],
            "endpoint": endpoint,
            "status": ["censored" if "+" in t else "event" for t in times],
            "time": [float(t.strip("+")) for t in times],
        }
    )


def study_of_times(times, **columns):
    """Return a study whose only endpoint has these times."""
    return cs.Study(
        subjects=subjects_table(len(times.split()), **columns), events=events_table(times)
    )


@pytest.fixture
def freireich():
    """Freireich 1963: 21 subjects on 6-MP as CD19, 21 on placebo as BCMA; weeks as days."""
    return study_of_times(f"{SIX_MP} {PLACEBO}", target=["CD19"] * 21 + ["BCMA"] * 21)


@pytest.fixture(scope="session")
def browser_or_reason():
    """A browser that is open, or the reason why there is none."""
    if sys.platform == "win32":
        yield "the browser is driven over a pipe, which Windows does not have"
        return
    from tests.report.browser import VARIABLE, Browser, NoBrowserError, find_browser

    try:
        with Browser(find_browser()) as opened:
            yield opened
    except NoBrowserError as error:
        if os.environ.get(VARIABLE):
            pytest.fail(f"{VARIABLE} names a browser that does not work: {error}")
        yield f"no Chromium or Chrome to look at the pages with: {error}"


@pytest.fixture
def browser(browser_or_reason):
    """A browser that is open; the test is skipped where there is none."""
    if isinstance(browser_or_reason, str):
        pytest.skip(browser_or_reason)
    return browser_or_reason
