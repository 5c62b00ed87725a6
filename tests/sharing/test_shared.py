"""What a shared file holds, what it says of what it hides, and that it holds nothing else."""

import json
import re

import pytest

import carstats as cs
from carstats.sharing.shared import NOTHING, WHOLE, shared_content
from tests.sharing.sites import content_of, plain_study


@pytest.fixture(scope="module")
def cohort():
    return cs.define_cohort(cs.read_study("data/synthetic"), cs.infused(), label="infused")


def test_the_numbers_of_a_site_that_was_counted_by_hand():
    kinds = [(168, "event", 84), (500, "event", 448), (360, "censored", 0)]
    content = content_of((1,) * 9 + (0,) * 6 + (None,) * 5, [kinds[i % 3] for i in range(20)])
    (table,) = content["tables"]
    assert content["layout"] == WHOLE
    (row,) = table["responses"]
    assert {k: row[k] for k in ("asked", "responders", "evaluable", "missing", "not_asked")} == {
        "asked": 20, "responders": 9, "evaluable": 15, "missing": 5, "not_asked": 0,
    }  # fmt: skip
    (curve,) = table["curves"]
    told = {i["to_week"]: (i["at_risk"], i["events"], i["censored"]) for i in curve["intervals"]}
    # Day 500 is nearer to week 76 (532) than to week 64 (448).
    assert told[24.0] == (20, 7, 0)
    assert told[52.0] == (13, 0, 6)
    assert told[76.0] == (7, 7, 0)


def test_a_few_missing_are_joined_with_those_who_did_not_respond():
    content = content_of((1,) * 9 + (0,) * 6 + (None,) * 2)
    (row,) = content["tables"][0]["responses"]
    assert (row["responders"], row["evaluable"], row["missing"]) == (9, None, None)
    said = [h for h in content["hidden"] if h["outcome"] == "response"]
    assert said == [{"by": "", "outcome": "response",
                     "what": "those who did not respond are not told from those who were not "
                             "evaluable"}]  # fmt: skip
    (row,) = content_of((1,) * 9 + (0,) * 6 + (None,) * 2, min_cell=1)["tables"][0]["responses"]
    assert (row["responders"], row["evaluable"], row["missing"]) == (9, 15, 2)


def test_four_responders_are_not_shown():
    content = content_of((1,) * 4 + (0,) * 16)
    assert content["tables"][0]["responses"] == []
    assert {"by": "", "outcome": "response", "what": "nothing is shown"} in content["hidden"]
    assert "response" not in content["definitions"]


def test_a_site_of_four_shows_no_number():
    content = content_of((1, 0, 1, 0), [(168, "event", 84)] * 4)
    assert (content["layout"], content["subjects"], content["tables"]) == (NOTHING, None, [])


def test_margins_where_cells_are_small(cohort):
    content = shared_content(cohort, site="x")
    assert content["layout"] == "margins"
    assert [table["by"] for table in content["tables"]] == [[], ["disease"], ["target"]]
    assert shared_content(cohort, site="x", by="target")["layout"] == "cells"
    assert shared_content(cohort, site="x", by=None)["layout"] == WHOLE


def test_no_identifier_no_date_no_exact_day(cohort):
    content = shared_content(cohort, site="x", min_cell=1)
    text = json.dumps(content)
    study = cohort.study
    ids = set(study.subjects["subject_id"]) | set(study.subjects["study_id"])
    assert [i for i in ids if re.search(rf"\b{re.escape(i)}\b", text)] == []
    assert re.search(r"\d{4}-\d\d-\d\d|\d\d/\d\d/\d{4}", text) is None
    assert study.fingerprint not in text
    weeks = {0.0, *content["schedule"]["weeks"]}
    told = {i[k] for table in content["tables"] for row in table["curves"]
            for i in row["intervals"] for k in ("after_week", "to_week")}  # fmt: skip
    assert told <= weeks


def test_person_time_is_computed_from_what_is_shown():
    times = [(168, "event", 84)] * 7 + [(360, "censored", 0)] * 6 + [(500, "event", 448)] * 7
    moved = [(171, "event", 90)] * 7 + [(371, "censored", 0)] * 6 + [(520, "event", 440)] * 7
    made = [content_of((1,) * 9 + (0,) * 11, t)["tables"][0]["curves"] for t in (times, moved)]
    assert made[0] == made[1]


def test_lower_minimum_is_said():
    assert content_of(min_cell=3)["minimum_cell_lowered_by_agreement"]
    assert not content_of()["minimum_cell_lowered_by_agreement"]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"min_cell": 0}, "`min_cell`"),
        ({"min_cell": 2.5}, "whole number"),
        ({"site": " "}, "`site` is ' '; name the site"),
        ({"site": "A\u202e"}, "`site` is"),
        ({"site": "A" * 81}, "in 1 to 80 letters"),
        ({"at": -5}, "`at` is -5"),
        ({"endpoints": ["remision"]}, "names 'remision'"),
        ({"by": "ward"}, "`by` names"),
        ({"by": "last_contact_day", "min_cell": 1}, "may not leave"),
        ({"by": ["disease", "cutoff_day"]}, "'cutoff_day', which tells subjects"),
    ],
)
def test_arguments_that_cannot_be_used(options, match):
    cohort = cs.define_cohort(plain_study([1] * 6, [(168, "event", 84)] * 6))
    with pytest.raises(cs.CarstatsError, match=match):
        shared_content(cohort, **{"site": "x", **options})


def test_a_name_has_single_spaces():
    assert content_of(site="  Hospital\u3000 1 ")["site"] == "Hospital 1"


def test_the_file_says_in_words_what_its_layout_is():
    assert content_of(by=None)["layout_is"] == "the whole alone"
    few = content_of((1, 0, 1, 0), [(168, "event", 84)] * 4)
    assert few["layout_is"] == "no number, for there are fewer subjects than the smallest number"
