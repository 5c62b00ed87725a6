"""Small studies that several tests use, and a browser."""

import os
import pickle
import sys
import time

import hypothesis
import pandas as pd
import pytest

import carstats as cs

# How long an example takes says what else the machine does, and nothing about the code.
hypothesis.settings.register_profile("carstats", deadline=None)
hypothesis.settings.load_profile("carstats")

# Set by `make test-newest`: the newest releases, beside which lifelines cannot be installed.
NEWEST = os.environ.get("CARSTATS_NEWEST") == "1"


def pytest_collection_modifyitems(items):
    """Skip what needs the second program where, and only where, it is left out on purpose."""
    for item in items:
        if NEWEST and item.get_closest_marker("crosscheck"):
            why = "lifelines, which holds pandas below 3, is left out of the newest releases"
            item.add_marker(pytest.mark.skip(reason=why))


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


def made_once(tmp_path_factory, name, make):
    """Return a folder that `make` filled, once for all processes of a run of the tests."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    place, done = base / name, base / f"{name}.done"
    try:
        (base / f"{name}.begun").mkdir()
    except FileExistsError:
        end = time.monotonic() + 600
        while not done.exists() and time.monotonic() < end:
            time.sleep(0.05)
        assert done.exists(), f"{name} was not made in another process"
        assert not done.read_text(), done.read_text()
        return place
    place.mkdir()
    reason = "it failed in another process"
    try:
        make(place)
        reason = ""
    finally:
        done.with_suffix(".part").write_text(reason)
        done.with_suffix(".part").rename(done)
    return place


@pytest.fixture(scope="session")
def small_study(tmp_path_factory):
    """A folder with a study of twelve infused subjects and their relapse-free survival only."""

    def make(folder):
        targets = ["CD19"] * 10 + ["BCMA"] * 2
        table = subjects_table(12, disease=["SLE", "SSc"] * 6, target=targets, cutoff_day=1000)
        table.to_csv(folder / "subjects.csv", index=False)
        times = [f"{day}+" for day in range(100, 109)] + ["109", "110", "111"]
        events_table(" ".join(times)).to_csv(folder / "events.csv", index=False)

    return made_once(tmp_path_factory, "small_study", make)


@pytest.fixture
def in_this_process(monkeypatch):
    """Analyses one after another where the tests run; workers have tests of their own."""
    from carstats.run import reproduce as run
    from carstats.run.workers import Outcome

    def run_jobs(jobs, target, report=None):
        outcomes = {}
        for name, job in jobs.items():
            try:
                outcomes[name] = Outcome(name, tuple(job()))
            except cs.CarstatsError as error:
                outcomes[name] = Outcome(name, reason=error.said)
        return outcomes

    run._study.cache_clear()
    monkeypatch.setattr(run, "run_jobs", run_jobs)
    yield
    run._study.cache_clear()


@pytest.fixture(scope="session")
def small_outputs(small_study, tmp_path_factory):
    """All that `reproduce` makes of the small study and of the published trials, made once."""
    from carstats.run.reproduce import reproduce

    def make(folder):
        outcomes = reproduce(small_study, folder, notebooks=False, published=True)
        (folder / "outcomes.pickle").write_bytes(pickle.dumps(outcomes))

    return made_once(tmp_path_factory, "small_outputs", make)


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
