"""The toxicity analyses on a real adverse-event file, against counts that R made of it."""

import os
from pathlib import Path

import numpy as np
import pytest

import carstats as cs
from tests.reference import reference

SHARED = Path(__file__).parents[3] / "shared"
PILOT = SHARED / "data" / "cdiscpilot"
R = reference("adverse_events")


@pytest.fixture(scope="module")
def cohort():
    if not (PILOT / "adae.xpt").is_file():
        assert not os.environ.get("CI"), "CI is set, and ../shared/data/cdiscpilot is not there"
        pytest.skip("../shared/data/cdiscpilot/adae.xpt is not there")
    mapping = {
        "study": {"name": "CDISC pilot"},
        "subjects": {
            "columns": {
                "target": "TRT01A",
                "death_day": {"column": "RFENDT", "where": {"DTHFL": "Y"}},
            },
            "constants": {
                "disease": "Alzheimer disease",
                "platform": "transdermal patch",
                "cell_source": "none",
            },
        },
        "events": {"values": {"endpoint": {"TTDE": "dermatologic_event"}}},
        "adam": {"treatment_emergent": False},
        "vocabulary": {
            "disease": ["Alzheimer disease"],
            "target": "from data",
            "platform": ["transdermal patch"],
            "endpoint": {"dermatologic_event": "time-to-event"},
        },
    }
    return cs.define_cohort(cs.read_adam(PILOT, mapping))


@pytest.fixture(scope="module")
def table(cohort):
    return cs.toxicity_table(cohort, by="target").frame


def by_arm(rows):
    return rows.set_index("target")["n_event"].reindex(R["arms"]).tolist()


def test_every_record_is_read(cohort):
    rows = cohort.table("toxicities")
    assert len(rows) == R["records"] == 1191
    assert int(rows["onset_day"].isna().sum()) == R["missing_onset"]
    # An end that lies before the onset, as one partial date here does, is the reader's to judge.
    assert abs(int(rows["resolution_day"].isna().sum()) - R["missing_end"]) <= 1


def test_totals_equal_the_counts(table):
    total = table[table["row"] == "total"]
    for criterion, name in (
        ("any", "any"),
        ("moderate or worse", "moderate"),
        ("severe or worse", "severe"),
        ("serious", "serious"),
    ):
        assert by_arm(total[total["criterion"] == criterion]) == R[name], criterion
    assert (
        total[total["criterion"] == "any"].set_index("target")["n"].reindex(R["arms"]).tolist()
        == R["n"]
    )


def test_systems_equal_the_counts(table):
    systems = table[table["row"] == "system"]
    assert set(systems["system"]) == set(R["systems"])
    for place, name in enumerate(R["systems"]):
        rows = systems[systems["system"] == name]
        anything = rows[rows["criterion"] == "any"]
        assert by_arm(anything) == R["by_system"][place], name
        severe = rows[rows["criterion"] == "severe or worse"]
        assert by_arm(severe) == R["by_system_severe"][place], name
        assert anything["n_episodes"].sum() == R["records_by_system"][place], name


def test_terms_equal_the_counts(cohort, table):
    # The vocabulary has a spelling of its own for some terms.
    name_of = {t: cohort.study.vocabulary.canonical("toxicity", t) for t in R["terms"]}
    terms = table[(table["row"] == "term") & (table["criterion"] == "any")]
    counts = terms.groupby(["term", "target"])["n_event"].sum()
    single = [t for t in R["terms"] if list(name_of.values()).count(name_of[t]) == 1]
    assert len(single) > 200
    for term in single:
        found = [int(counts[name_of[term], arm]) for arm in R["arms"]]
        assert found == R["by_term"][R["terms"].index(term)], term


def test_rates_and_worst_severities_equal_the_counts(cohort):
    everything = list(dict.fromkeys(cohort.table("toxicities")["term"]))
    rows = cs.toxicity_listing(cohort, everything, by="target").frame
    assert "Episodes of" in repr(cs.toxicity_listing(cohort, everything[:3]))
    had = rows.groupby("target")["subject"].nunique().reindex(R["arms"])
    assert had.tolist() == R["any"]
    grades = cs.toxicity_grades(cohort, everything[:3], by="target")
    assert grades.spec.options["scale"] == "severity"
    worst = (
        rows.assign(
            level=rows["severity"].map({"mild": 1, "moderate": 2, "severe": 3}).astype(float)
        )
        .groupby(["target", "subject"])["level"]
        .max()
    )
    for arm, counts in zip(R["arms"], R["worst"], strict=True):
        assert [int((worst[arm] == level).sum()) for level in (1, 2, 3)] == counts[1:]


def test_numbers_have_no_gaps(table):
    assert not table["n_event"].isna().any()
    assert (table["n_event"] <= table["n"]).all()
    assert np.isfinite(table[["conf_low", "conf_high"]]).all().all()
