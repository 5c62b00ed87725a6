"""Toxicities of tiny studies worked by hand: every boundary of a rule, blank cells, windows.

The folders in `cases/rules` were filed with what each must give; the other subjects are made here.
A worksheet is one subject's days with nothing wrong but for what a test puts in; None is a blank.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from carstats.endpoints.derive.toxicity_episodes import derive_toxicities
from carstats.endpoints.derive.visits import find_visits
from carstats.endpoints.rules.toxicity.crs import OXYGEN
from carstats.endpoints.rules.toxicity.icaht import early_icaht
from carstats.endpoints.rules.toxicity.icans import CONSCIOUSNESS, OEDEMA, SEIZURE
from tests.endpoints.tiny_study import one

CASES = Path(__file__).parents[2] / "cases" / "rules"
OUTSIDE = "fever outside the CRS window"
DEVICES = list(OXYGEN)
CRS_DAY = {
    "temperature": 37.0, "hypotension": 0.0, "vasopressors": 0.0, "vasopressin": 0.0,
    "oxygen_device": "none", "oxygen_flow": 0.0, "CRS_treated": 0.0,
}  # fmt: skip
ICANS_DAY = {
    "ICE": 10.0, "consciousness": "alert", "seizure": "none", "motor_weakness": 0.0,
    "cerebral_oedema": "none",
}  # fmt: skip
CODES = {
    "oxygen_device": DEVICES, "consciousness": list(CONSCIOUSNESS), "seizure": list(SEIZURE),
    "cerebral_oedema": list(OEDEMA),
}  # fmt: skip


def sheet(usual, days, first=0, last=40):
    """Return the rows of a worksheet: what is usual on every day, but for `days`."""
    rows = []
    for day in range(first, last + 1):
        for name, value in (usual | days.get(day, {})).items():
            code = CODES[name].index(value) if isinstance(value, str) else value
            rows.append((day, name, np.nan if code is None else float(code)))
    return rows


def derived(extra, term, rules=None, **study):
    """Return the derived episodes of a term."""
    visits = find_visits(one({28: 4.0}, extra=extra, **study), rules or cs.Rules())
    table = derive_toxicities(visits)
    return table[table["term"] == term].reset_index(drop=True)


def grades(found):
    """Return each episode as its grade, or ``">=3"`` for one that is only proven."""
    out = []
    for row in found.itertuples():
        known = row.grade == row.grade
        out.append(int(row.grade) if known else f">={row.grade_at_least:g}")
    return out


def crs(days, term="CRS", first=0, last=40, **study):
    return derived(sheet(CRS_DAY, days, first, last), term, **study)


def spans(found):
    return found[["onset_day", "resolution_day"]].to_numpy(float).tolist()


FEVER = {"temperature": 39.0}


# --- the folders ----------------------------------------------------------------------------------


def folder(name, **rules):
    return cs.derive(cs.read_study(CASES / name), rules=cs.Rules(**rules))


def by_subject(study, term):
    table = study.toxicities
    return dict(zip(table["subject_id"], grades(table), strict=True)) if len(table) else {}


def test_case_of_crs_with_blank_cells():
    assert by_subject(folder("crs_missing"), "CRS") == {
        "X1": ">=3", "X2": 4, "X3": ">=1", "X4": ">=2", "X5": 3, "X6": 3, "X7": 3,
    }  # fmt: skip


def test_case_of_icans_with_blank_cells():
    assert by_subject(folder("icans_missing"), "ICANS") == {
        "Y1": ">=3", "Y2": 4, "Y3": ">=3", "Y4": ">=3", "Y5": ">=3", "Y6": ">=2",
    }  # fmt: skip


def test_case_of_a_late_fever():
    table = folder("late").toxicities
    assert table["term"].tolist() == [OUTSIDE, "CRS"]
    assert table["subject_id"].tolist() == ["L1", "L2"]
    assert table["grade"].fillna(-1).tolist() == [-1, 1]


def test_case_of_licats():
    def found(**rules):
        table = folder("licats", **rules).toxicities
        return table[table["term"] == "LICATS"]

    table = found()
    assert sorted(set(table["subject_id"])) == ["LI1", "LI2", "LI3", "LI6"]
    assert table.loc[table["subject_id"] == "LI3", "grade"].tolist() == [2]
    # events and subjects are two counts: LI6 has two organs, each an event
    assert table.loc[table["subject_id"] == "LI6", "system"].tolist() == ["joints", "skin"]
    assert sorted(set(found(licats_days=28)["subject_id"])) == ["LI1", "LI3", "LI6"]


# --- CRS: grades ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signs", "grade"),
    [
        ({"temperature": 37.9}, []),
        ({"temperature": 38.0}, [1]),
        (FEVER | {"hypotension": 1}, [2]),
        (FEVER | {"hypotension": 1, "vasopressors": 1}, [3]),
        (FEVER | {"hypotension": 1, "vasopressors": 1, "vasopressin": 1}, [3]),
        (FEVER | {"hypotension": 1, "vasopressors": 2}, [4]),
        (FEVER | {"oxygen_device": "low-flow nasal cannula", "oxygen_flow": 6}, [2]),
        (FEVER | {"oxygen_device": "low-flow nasal cannula", "oxygen_flow": 6.5}, [3]),
        (FEVER | {"oxygen_device": "blow-by", "oxygen_flow": 10}, [2]),
        (FEVER | {"oxygen_device": "high-flow nasal cannula", "oxygen_flow": None}, [3]),
        (FEVER | {"oxygen_device": "Venturi"}, [3]),
        (FEVER | {"oxygen_device": "BiPAP"}, [4]),
        # blank cells, one column at a time
        ({"temperature": None}, []),
        (FEVER | {"hypotension": None}, [">=1"]),
        (FEVER | {"vasopressors": None}, [1]),  # no hypotension needs none
        (FEVER | {"vasopressin": None}, [1]),
        (FEVER | {"oxygen_device": None, "oxygen_flow": None}, [">=1"]),
        (FEVER | {"oxygen_device": None, "oxygen_flow": 3}, [">=2"]),  # oxygen was given
        (FEVER | {"oxygen_flow": None}, [1]),
        (FEVER | {"CRS_treated": None}, [1]),
        (FEVER | {"hypotension": 1, "vasopressors": None}, [">=2"]),
        (FEVER | {"hypotension": 1, "vasopressors": None, "vasopressin": 1}, [">=3"]),
        (FEVER | {"hypotension": None, "vasopressors": None, "oxygen_device": None}, [">=1"]),
        (FEVER | {"hypotension": None, "vasopressors": 2}, [4]),
        (FEVER | {"hypotension": 1, "vasopressors": None, "oxygen_device": "CPAP"}, [4]),
        (FEVER | {"hypotension": 1, "vasopressors": 1, "oxygen_device": None}, [">=3"]),
    ],
)
def test_crs_of_one_day(signs, grade):
    assert grades(crs({5: signs})) == grade


def test_crs_a_blank_temperature_counts_as_fever_within_an_episode_only():
    shock = {"temperature": None, "hypotension": 1.0, "vasopressors": 1.0}
    assert grades(crs({4: FEVER, 5: shock})) == [3]
    # begun by no recorded fever: nothing is proven
    assert grades(crs({5: shock})) == []
    # a blank day after the fever goes on with it, and a recorded normal one ends it
    assert spans(crs({4: FEVER, 5: {"temperature": None}})) == [[4, 5]]
    assert spans(crs({4: FEVER, 6: {"temperature": None}})) == [[4, 4]]
    # six free days still link a blank temperature with shock, seven do not
    assert grades(crs({4: FEVER, 11: shock})) == [3]
    assert grades(crs({4: FEVER, 12: shock})) == [1]


def test_crs_after_treatment_needs_no_fever():
    shock = {"hypotension": 1.0, "vasopressors": 1.0}
    assert grades(crs({4: FEVER | {"CRS_treated": 1}, 6: shock})) == [3]
    assert grades(crs({4: FEVER, 6: shock})) == [1]
    # whether it was treated is not known: the worst grade is open
    assert grades(crs({4: FEVER, 5: {"CRS_treated": None}, 6: shock})) == [">=1"]


def test_crs_gap_of_6_days_is_one_episode_and_of_7_two():
    assert spans(crs({4: FEVER, 11: FEVER})) == [[4, 11]]
    assert spans(crs({4: FEVER, 12: FEVER})) == [[4, 4], [12, 12]]


# --- CRS: windows ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "crs_onset", "outside"),
    [(-5, [], []), (-1, [], []), (0, [0], []), (30, [30], []), (31, [], [31])],
)
def test_crs_onset_window(day, crs_onset, outside):
    for term, expected in (("CRS", crs_onset), (OUTSIDE, outside)):
        found = crs({day: FEVER}, term, first=-6)
        assert (found["onset_day"].tolist() if len(found) else []) == expected


def test_crs_begun_in_the_window_goes_on_after_it():
    assert spans(crs({30: FEVER, 33: FEVER})) == [[30, 33]]
    assert len(crs({30: FEVER, 33: FEVER}, OUTSIDE)) == 0


def test_crs_window_begins_again_with_every_infusion():
    study = {"again": [(60, True)]}
    # day 70 is day 10 after the second; day 91 is day 31
    found = crs({70: FEVER, 91: FEVER}, last=100, **study)
    assert (found["onset_day"].tolist(), found["infusion_number"].tolist()) == ([70], [2])
    assert crs({91: FEVER}, OUTSIDE, last=100, **study)["onset_day"].tolist() == [91]
    # day 55 is day 55 after the first
    assert crs({55: FEVER}, OUTSIDE, last=100, **study)["onset_day"].tolist() == [55]


def test_crs_first_onset_after_day_14_is_flagged():
    assert crs({14: FEVER})["flag"].isna().all()
    assert crs({15: FEVER})["flag"].tolist() == ["first onset after day 14"]


def test_crs_fever_of_another_cause_is_none():
    other = FEVER | {"fever_other_cause": 1.0}
    assert len(crs({5: other})) == 0
    assert len(crs({5: other | {"hypotension": 1.0, "vasopressors": 1.0}})) == 0
    # before and after it the fever is that of the cells; a blank cause excludes nothing
    found = crs({5: FEVER | {"fever_other_cause": 0.0}, 6: other, 7: FEVER})
    assert spans(found) == [[5, 7]]


def test_crs_with_an_infection_of_those_days_is_kept_and_flagged():
    infection = [("infection", 6.0, 12.0)]
    (row,) = crs({5: FEVER, 6: FEVER}, toxicities=infection).to_dict("records")
    assert (row["grade"], row["flag"]) == (1, "infection on these days")
    (row,) = crs({5: FEVER}, toxicities=infection).to_dict("records")
    assert row["flag"] is None or row["flag"] != row["flag"]


def test_crs_that_the_source_graded_later_is_kept_and_flagged():
    given = pd.DataFrame({"subject_id": ["a", "a"], "term": "CRS", "onset_day": [3.0, 40.0],
                          "grade": [1.0, 2.0], "resolution_day": [4.0, 41.0]})  # fmt: skip
    study = one({28: 4.0}, last=100)
    study = cs.derive(type(study)(**(study.tables() | {"toxicities": given})))
    assert study.toxicities["grade"].tolist() == [1, 2]
    assert study.toxicities["flag"].fillna("").tolist() == [
        "", "onset more than 30 days after an infusion",
    ]  # fmt: skip


def test_crs_death_is_grade_5():
    study = one({28: 4.0}, extra=sheet(CRS_DAY, {27: FEVER, 28: FEVER}, last=29), death=30.0)
    subjects = study.subjects.assign(death_cause="CRS")
    found = cs.derive(type(study)(**(study.tables() | {"subjects": subjects}))).toxicities
    assert grades(found[found["term"] == "CRS"]) == [5]


# --- ICANS ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signs", "grade"),
    [
        ({"ICE": 10}, []),
        ({"ICE": 9}, [1]),
        ({"ICE": 7}, [1]),
        ({"ICE": 6}, [2]),
        ({"ICE": 3}, [2]),
        ({"ICE": 2}, [3]),
        ({"ICE": 0}, [3]),
        ({"ICE": 0, "consciousness": "unarousable"}, [4]),
        ({"consciousness": "awakens spontaneously"}, [1]),
        ({"consciousness": "awakens to voice"}, [2]),
        ({"consciousness": "awakens to touch"}, [3]),
        ({"consciousness": "vigorous stimuli"}, [4]),
        ({"seizure": "brief"}, [3]),
        ({"seizure": "prolonged"}, [4]),
        ({"motor_weakness": 1}, [4]),
        ({"cerebral_oedema": "focal"}, [3]),
        ({"cerebral_oedema": "VI palsy"}, [4]),
        # blank cells, one column at a time
        ({"ICE": None}, []),
        ({"ICE": None, "consciousness": "awakens to voice"}, [">=2"]),
        ({"ICE": 8, "consciousness": None}, [">=1"]),
        ({"ICE": 8, "seizure": None}, [">=1"]),
        ({"ICE": 8, "motor_weakness": None}, [">=1"]),
        ({"ICE": 8, "cerebral_oedema": None}, [">=1"]),
        ({"ICE": None, "motor_weakness": 1}, [4]),
        (dict.fromkeys(ICANS_DAY), []),
    ],
)
def test_icans_of_one_day(signs, grade):
    assert grades(derived(sheet(ICANS_DAY, {5: signs}), "ICANS")) == grade


def test_icans_is_graded_against_the_score_before():
    before = [(-10, "ICE", 8.0)]
    # 8 before: 7 is a loss of 1 and grade 1, 4 a loss of 4 and grade 2
    for score, grade in ((8, []), (7, [1]), (4, [2]), (0, [3])):
        rows = before + sheet(ICANS_DAY | {"ICE": 8.0}, {5: {"ICE": score}})
        assert grades(derived(rows, "ICANS")) == grade


# --- LICATS ---------------------------------------------------------------------------------------


def lupus(item, days, *, before=1.0, cells=((7, 0.0), (21, 0.0), (35, 0.0), (45, 0.0)), **more):
    """Return the LICATS of an item that is 1 on the visits of `days` that say so."""
    name = f"SLEDAI_{item}"
    rows = [(-10, name, before), *((day, name, value) for day, value in days.items())]
    rows += [(day, "B_cells", value) for day, value in cells]
    options = {"disease": "SLE", "measure": "SLEDAI-2K", "baseline": 12.0, "last": 200}
    return derived(rows, "LICATS", more.pop("rules", None), **(options | more))


def course(onset, gone, last_with=None):
    """Return visits: well on day 3, with it at the onset (and last), without it when gone."""
    days = {3: 0.0, onset: 1.0, gone: 0.0}
    return days | ({last_with: 1.0} if last_with else {})


@pytest.mark.parametrize(
    ("onset", "rules", "found"),
    [(28, None, 1), (33, None, 1), (42, None, 1), (43, None, 0), (28, 28, 1), (29, 28, 0)],
)
def test_licats_onset_window(onset, rules, found):
    rules = None if rules is None else cs.Rules(licats_days=rules)
    assert len(lupus("rash", course(onset, onset + 10), rules=rules)) == found


@pytest.mark.parametrize(
    ("last_with", "gone", "found"),
    [
        (None, 12 + 27, 1),
        (None, 12 + 90, 1),  # it may have ended the day after
        (12 + 26, 12 + 27, 1),
        (12 + 27, 12 + 28, 1),  # some end in (27, 28] is under 28 days
        (12 + 28, 12 + 29, 0),
        (12 + 28, 12 + 60, 0),
    ],
)
def test_licats_is_over_if_some_possible_end_is_under_28_days(last_with, gone, found):
    assert len(lupus("rash", course(12, gone, last_with))) == found


def test_licats_that_was_never_seen_to_end_is_none():
    assert len(lupus("rash", {3: 0.0, 12: 1.0})) == 0


def test_licats_every_item_is_an_organ_of_its_own():
    assert lupus("pleurisy", course(12, 20))["system"].tolist() == ["pleurisy"]
    # not involved before
    assert len(lupus("pleurisy", course(12, 20), before=0.0)) == 0
    # never gone: no worsening
    assert len(lupus("rash", {12: 1.0, 20: 0.0})) == 0
    # no local sign of an organ
    for item in ("leucopenia", "fever", "low_complement"):
        assert len(lupus(item, course(12, 20))) == 0


def test_licats_only_in_aplasia_by_the_nearest_count_within_14_days():
    rash = course(30, 38)
    assert len(lupus("rash", rash, cells=[(16, 0.0)])) == 1
    assert len(lupus("rash", rash, cells=[(15, 0.0)])) == 0  # undocumented
    assert len(lupus("rash", rash, cells=[(16, 0.0), (43, 50.0)])) == 0  # the later is nearer
    assert len(lupus("rash", rash, cells=[(30, 9.9)])) == 1
    assert len(lupus("rash", rash, cells=[(30, 10.0)])) == 0
    strict = cs.Rules(b_cell_preset="<1/uL")
    assert len(lupus("rash", rash, cells=[(30, 9.9)], rules=strict)) == 0


@pytest.mark.parametrize(
    ("item", "steroid", "grade"),
    [
        ("rash", None, [1]),
        ("rash", 7, [1]),
        ("rash", 8, [2]),
        ("rash", 14, [2]),
        ("rash", 15, []),  # that is new treatment of the disease
        ("pericarditis", None, [2]),  # an inner organ
        ("proteinuria", None, [2]),
    ],
)
def test_licats_grade_by_steroids_and_organ(item, steroid, grade):
    drugs = [] if steroid is None else [
        ("prednisone", "glucocorticoid", 13.0, 12.0 + steroid, 20.0, "toxicity")
    ]  # fmt: skip
    assert grades(lupus(item, course(12, 30), drugs=drugs)) == grade


def test_licats_a_taper_that_goes_on_is_no_new_treatment():
    steps = [("prednisone", "glucocorticoid", -30.0, 10.0, 20.0, "disease"),
             ("prednisone", "glucocorticoid", 11.0, 13.0, 15.0, "disease"),
             ("prednisone", "glucocorticoid", 14.0, 60.0, 10.0, "disease")]  # fmt: skip
    assert grades(lupus("rash", course(12, 30), drugs=steps)) == [1]
    raised = [*steps[:2], ("prednisone", "glucocorticoid", 14.0, 60.0, 30.0, "disease")]
    assert grades(lupus("rash", course(12, 30), drugs=raised)) == []
    # a course begun in the event is one course, however many rows it has: 8 and 7 days are 15
    rows = [("prednisone", "glucocorticoid", 13.0, 20.0, 20.0, "toxicity"),
            ("prednisone", "glucocorticoid", 21.0, 27.0, 10.0, "toxicity")]  # fmt: skip
    assert grades(lupus("rash", course(12, 40), drugs=rows)) == []
    assert grades(lupus("rash", course(12, 40), drugs=rows[:1])) == [2]
    same = [("mycophenolate", "immunosuppressant", -90.0, 13.0, None, "disease"),
            ("mycophenolate", "immunosuppressant", 14.0, 90.0, None, "disease")]  # fmt: skip
    assert grades(lupus("rash", course(12, 30), drugs=same)) == [1]


def test_licats_with_hospital_is_grade_3_and_with_a_new_drug_is_none():
    rows = [(14, "hospitalised", 1.0)]
    base = [(-10, "SLEDAI_rash", 1.0), (3, "SLEDAI_rash", 0.0), (12, "SLEDAI_rash", 1.0),
            (20, "SLEDAI_rash", 0.0), (7, "B_cells", 0.0)]  # fmt: skip
    found = derived(base + rows, "LICATS", disease="SLE", measure="SLEDAI-2K", baseline=12.0)
    assert grades(found) == [3]
    drug = [("mycophenolate", "immunosuppressant", 13.0, 60.0, None, "disease")]
    found = derived(base, "LICATS", disease="SLE", measure="SLEDAI-2K", baseline=12.0, drugs=drug)
    assert len(found) == 0


def test_licats_of_one_organ_seen_by_two_measures_is_one_event():
    rows = [(-10, "UPCR", 2.0), (3, "UPCR", 1.0), (12, "UPCR", 1.5), (20, "UPCR", 1.2)]
    rows = [(*row, "g/g") for row in rows] + [(7, "B_cells", 0.0, "/uL")]
    extra = [(d, "SLEDAI_proteinuria", v) for d, v in ((-10, 1.0), (3, 0.0), (12, 1.0), (20, 0.0))]
    found = derived(rows + extra, "LICATS", disease="SLE", measure="SLEDAI-2K", baseline=12.0)
    assert found["system"].tolist() == ["kidney"]
    # 1.49 is not half as much again
    rows[2] = (12, "UPCR", 1.49, "g/g")
    found = derived(rows, "LICATS", disease="SLE", measure="SLEDAI-2K", baseline=12.0)
    assert len(found) == 0


# --- ICAHT, T-ICAHT -------------------------------------------------------------------------------


def counts(name, low_days, low, high, first=0, last=30, every=1):
    return [
        (day, name, low if day in low_days else high) for day in range(first, last + 1, every)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("low", "n", "grade"),
    [
        (0.5, 1, 1), (0.501, 20, None), (0.5, 6, 1), (0.5, 7, 2), (0.5, 13, 2), (0.5, 14, 3),
        (0.1, 6, 1), (0.1, 7, 3), (0.101, 7, 2), (0.1, 13, 3), (0.1, 14, 4), (0.5, 31, 4),
    ],
)  # fmt: skip
def test_icaht_early(low, n, grade):
    found = derived(counts("ANC", range(n), low, 3.0), "ICAHT")
    assert found["grade"].tolist() == ([] if grade is None else [grade])
    assert set(found["grading_scale"]) <= {"EHA/EBMT early"}


@pytest.mark.parametrize(
    ("low_days", "days"),
    [((3, 4, 5, 8), 6), ((3, 4, 5, 9), 4), ((3, 4, 5, 7), 5)],
)
def test_icaht_three_days_above_are_a_recovery_and_fewer_count(low_days, days):
    # 3-5, 8 with two days above between: 3 to 8 are 6 days; with three above: 3 + 1
    grade = 1 if days < 7 else 2
    rows = pd.DataFrame(counts("ANC", low_days, 0.3, 3.0), columns=["day", "measure", "value"])
    (row,) = early_icaht(rows.assign(subject_id="a")).to_dict("records")
    assert (row["days_severe_low"], row["grade"]) == (days, grade)


def test_icaht_thrice_weekly_counts_are_carried_and_longer_gaps_leave_a_lower_bound():
    days = (0, 2, 4, 7, 9, 11, 14, 16, 18, 21, 23, 25, 28, 30)
    rows = [(day, "ANC", 0.3 if day in (7, 9, 11) else 1.8) for day in days]
    assert grades(derived(rows, "ICAHT")) == [2]  # days 7 to 13
    sparse = [(day, "ANC", v) for day, v in ((0, 2.0), (6, 0.3), (13, 0.3), (20, 2.0), (27, 2.0))]
    assert grades(derived(sparse, "ICAHT")) == [">=2"]  # 8 known days, up to 16


def test_icaht_late_needs_two_values_after_day_30():
    for values, expected in (
        ({31: 0.9, 45: 0.9}, [2]),
        ({30: 0.9, 31: 0.9, 45: 2.0}, []),
        ({31: 0.9}, []),
        ({31: 0.1, 45: 0.5, 60: 2.0}, [3]),
    ):
        rows = [(day, "ANC", value) for day, value in values.items()]
        found = derived(rows, "ICAHT")
        late = found[found["grading_scale"] == "EHA/EBMT late"] if len(found) else found
        assert grades(late) == expected


def test_icaht_days_from_treatment_of_a_relapse_or_death_on_do_not_count():
    rows = counts("ANC", range(5, 15), 0.3, 3.0)  # ten days
    assert grades(derived(rows, "ICAHT")) == [2]
    drug = [("mycophenolate", "immunosuppressant", 11.0, 60.0, None, "disease")]
    assert grades(derived(rows, "ICAHT", drugs=drug)) == [1]  # days 5 to 10
    assert grades(derived(rows, "ICAHT", again=[(11, False)], last=60)) == [1]


@pytest.mark.parametrize(
    ("low", "n", "grade"),
    [(50, 10, []), (49, 1, [1]), (49, 6, [1]), (49, 7, [2]), (20, 7, [2]), (19, 1, [3]),
     (19, 13, [3]), (19, 14, [4])],
)  # fmt: skip
def test_t_icaht_early(low, n, grade):
    found = derived(counts("platelets", range(5, 5 + n), float(low), 200.0), "ICAHT")
    assert grades(found) == grade
    assert set(found["grading_scale"]) <= {"T-ICAHT early"}


@pytest.mark.parametrize(
    ("low", "n", "grade"),
    [(100, 9, []), (99, 1, []), (99, 2, [1]), (50, 2, [1]), (49, 2, [2]), (20, 5, [2]),
     (19, 13, [3]), (19, 14, [4])],
)  # fmt: skip
def test_t_icaht_late(low, n, grade):
    rows = counts("platelets", range(40, 40 + n), float(low), 200.0, first=0, last=100)
    assert grades(derived(rows, "ICAHT", last=120)) == grade


def test_icaht_of_neutrophils_and_of_platelets_are_two_scales():
    rows = counts("ANC", range(7), 0.3, 3.0) + counts("platelets", range(5), 10.0, 200.0)
    study = cs.derive(one({28: 4.0}, extra=rows))
    cohort = cs.define_cohort(study, cs.infused())
    with pytest.raises(cs.CarstatsError, match="graded on 2 scales"):
        cs.toxicity_rate(cohort, "ICAHT", min_grade=3)
    rate = cs.toxicity_rate(cohort, "ICAHT", min_grade=3, grading_scale="T-ICAHT")
    assert rate.frame["n_event"].tolist() == [1]


# --- CTCAE ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "grade"), [("v5", 3), ("v6", 2)])
def test_ctcae_version_is_a_parameter_and_in_the_row(version, grade):
    rows = [(5, "ANC", 0.7), (9, "ANC", 3.0)]
    found = derived(rows, "neutropenia", rules=cs.Rules(ctcae_version=version))
    assert found["grade"].tolist() == [grade]
    assert found["grading_scale"].tolist() == [f"CTCAE {version}"]


def test_ctcae_versions_are_not_pooled():
    rows = pd.DataFrame({"subject_id": ["a", "a"], "term": "neutropenia", "onset_day": [3.0, 9.0],
                         "resolution_day": [5.0, 12.0], "grade": [3.0, 2.0],
                         "grading_scale": ["CTCAE v5", "CTCAE v6"]})  # fmt: skip
    study = one({28: 4.0})
    study = type(study)(**(study.tables() | {"toxicities": rows}))
    cohort = cs.define_cohort(study, cs.infused())
    with pytest.raises(cs.CarstatsError, match=r"graded on 2 scales.*CTCAE v6"):
        cs.toxicity_rate(cohort, "neutropenia", min_grade=3)
    for scale, events in (("CTCAE v5", 1), ("CTCAE v6", 0)):
        rate = cs.toxicity_rate(cohort, "neutropenia", min_grade=3, grading_scale=scale)
        assert rate.frame["n_event"].tolist() == [events]


# --- IEC-HS ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ferritin", "more", "status"),
    [
        (601.0, [(12, "fibrinogen", 149.0)], "meets"),
        (600.0, [(12, "fibrinogen", 149.0)], None),  # not above twice 300
        (601.0, [(12, "fibrinogen", 150.0)], "possible"),
        (601.0, [(12, "ALT", 201.0)], "meets"),
        (601.0, [(12, "ALT", 200.0)], "possible"),
        (601.0, [(12, "platelets", 24.0)], "meets"),
        (601.0, [(12, "platelets", 25.0)], "possible"),
        (601.0, [(-8, "platelets", 20.0), (12, "platelets", 20.0)], "possible"),  # no new one
        (450.0, [(0, "ferritin", 200.0), (12, "fibrinogen", 149.0)], "meets"),  # twice day 0
        (400.0, [(0, "ferritin", 200.0), (12, "fibrinogen", 149.0)], None),
    ],
)
def test_iechs_after_crs(ferritin, more, status):
    rows = [*sheet(CRS_DAY, {4: FEVER, 5: FEVER}, last=10), (12, "ferritin", ferritin), *more]
    found = derived(rows, "IEC-HS", rules=cs.Rules(iechs="possible"))
    if status is None:
        assert len(found) == 0
    else:
        (row,) = found.to_dict("records")
        assert (row["onset_day"], status in row["attribution"]) == (12, True)


def test_iechs_without_crs_does_not_meet_its_criteria():
    rows = [(12, "ferritin", 5000.0), (12, "fibrinogen", 100.0)]
    assert len(derived(rows, "IEC-HS")) == 0


# --- what a reader is told ------------------------------------------------------------------------


def test_notes_count_what_should_be_checked():
    study = cs.derive(one({28: 4.0}, extra=sheet(CRS_DAY, {15: FEVER})))
    assert "CRS: check 1 (first onset after day 14)." in study.notes
    rows = [(-10, "SLEDAI_rash", 1.0), (3, "SLEDAI_rash", 0.0), (20, "SLEDAI_rash", 1.0),
            (30, "SLEDAI_rash", 0.0)]  # fmt: skip
    study = cs.derive(one({28: 4.0}, disease="SLE", measure="SLEDAI-2K", baseline=8.0, extra=rows))
    words = "LICATS: 1 worsening is not judged, for aplasia is undocumented"
    assert any(note.startswith(words) for note in study.notes)


def test_what_is_proven_reaches_rates_tables_and_listings():
    cohort = cs.define_cohort(folder("crs_missing"), cs.infused())
    for grade, events, possible in ((1, 7, 7), (2, 6, 7), (3, 5, 7), (4, 1, 4)):
        (row,) = cs.toxicity_rate(cohort, "CRS", min_grade=grade).frame.to_dict("records")
        assert (row["n"], row["n_event"], row["n_possible"]) == (7, events, possible)
    table = cs.toxicity_table(cohort).frame
    severe = table[(table["row"] == "term") & (table["criterion"] == "grade >=3")]
    assert severe["n_event"].tolist() == [5]
    listing = cs.toxicity_listing(cohort, "CRS").frame
    assert sorted(listing["note"]) == ["", "", "", "", "", "at least grade 2", "at least grade 3"]
    cohort = cs.define_cohort(folder("icans_missing"), cs.infused())
    assert cs.toxicity_rate(cohort, "ICANS", min_grade=3).frame["n_event"].tolist() == [5]


def test_of_several_values_on_one_day_the_worst_counts():
    rows = sheet({"temperature": 37.0, "oxygen_device": "none", "hypotension": 0.0,
                  "vasopressors": 0.0}, {})  # fmt: skip
    twice = [(5.25, "temperature", 39.0), (5.75, "temperature", 36.9), (5.5, "vasopressors", 1.0)]
    assert grades(derived([*rows, *twice], "CRS")) == [3]
    assert derived([(5.25, "ANC", 0.4), (5.75, "ANC", 3.0)], "neutropenia")["grade"].tolist() == [4]
    ice = [*sheet(ICANS_DAY, {}), (5.25, "ICE", 4.0), (5.75, "ICE", 10.0)]
    assert grades(derived(ice, "ICANS")) == [2]


def test_b_cells_below_the_limit_of_quantification_are_absent():
    rash = [(-10, "SLEDAI_rash", 1.0), (3, "SLEDAI_rash", 0.0), (20, "SLEDAI_rash", 1.0),
            (30, "SLEDAI_rash", 0.0), (21, "B_cells", np.nan, "/uL"),
            (60, "B_cells", 20.0, "/uL"), (90, "B_cells", 30.0, "/uL")]  # fmt: skip
    study = one({28: 4.0}, disease="SLE", measure="SLEDAI-2K", baseline=8.0, extra=rash)
    for limit, found, status in ((1.0, 1, "event"), (20.0, 0, None)):
        rows = study.assessments.assign(lloq=np.nan)
        rows.loc[rows["measure"] == "B_cells", "lloq"] = limit
        again = cs.derive(type(study)(**(study.tables() | {"assessments": rows})))
        terms = [] if again.toxicities is None else again.toxicities["term"].tolist()
        assert terms.count("LICATS") == found
        events = again.events[again.events["endpoint"] == "b_cell_reconstitution"]
        assert events["status"].tolist() == ([status] if status else [])


def test_icans_of_children_is_graded_by_capd_and_without_a_score_by_the_other_signs():
    def found(rows, age=None):
        study = one({28: 4.0}, extra=rows)
        if age is not None:
            subjects = study.subjects.assign(age=age)
            study = type(study)(**(study.tables() | {"subjects": subjects}))
        table = cs.derive(study).toxicities
        return grades(table[table["term"] == "ICANS"]) if table is not None else []

    day = {"CAPD": 0.0, "consciousness": "alert", "seizure": "none", "motor_weakness": 0.0,
           "cerebral_oedema": "none"}  # fmt: skip
    for capd, grade in ((0.0, []), (8.0, [1]), (9.0, [3])):
        assert found(sheet(day, {5: {"CAPD": capd}}), age=6.0) == grade
        assert found(sheet(day, {5: {"CAPD": capd}})) == grade  # of unknown age
    # at 12 years it is the ICE score, which is blank
    assert found(sheet(day, {5: {"CAPD": 20.0, "seizure": "brief"}}), age=12.0) == [">=3"]
    signs = {name: value for name, value in day.items() if name != "CAPD"}
    assert found(sheet(signs, {5: {"consciousness": "awakens to touch"}})) == [">=3"]


def test_crs_of_who_has_no_row_of_infusions_counts_from_day_0():
    study = one({28: 4.0}, extra=sheet(CRS_DAY, {5: FEVER}))
    other = study.infusions.assign(subject_id="b")
    subjects = pd.concat([study.subjects, study.subjects.assign(subject_id="b")])
    tables = study.tables() | {"infusions": other, "subjects": subjects.reset_index(drop=True)}
    found = cs.derive(type(study)(**tables)).toxicities
    assert found.loc[found["subject_id"] == "a", "term"].tolist() == ["CRS"]
