"""Visits by what was measured, sustained and confirmed: tiny subjects worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

import carstats as cs
from carstats.endpoints.derive.derivation import derive, derive_all
from carstats.endpoints.options import Rules, Schedule
from carstats.response.outcomes import visit_window
from tests.endpoints.tiny_study import one, reason, responses


def lupus(*rows, drugs=(), **options):
    """Return a study of lupus; rows are (day, measure, value)."""
    options = {"disease": "SLE", "measure": "SLEDAI-2K", "baseline": 12.0, **options}
    return one({}, extra=rows, drugs=drugs, **options)


S, C, P, U, G = "SLEDAI-2K", "cSLEDAI", "PGA", "UPCR", "eGFR"


@pytest.mark.parametrize(("rows", "expected"), [
    # Components of one window, at most 14 days apart; the visit is dated at the latest.
    ([(168, C, 0), (168, P, 0.2)], {168: True}),
    ([(168, C, 0), (182, P, 0.2)], {182: True}),
    ([(168, C, 0), (183, P, 0.2)], {168: None, 183: None}),
    ([(154, P, 0.2), (168, C, 0)], {168: True}),
    # Another window is another visit: day 70 is the midpoint of weeks 8 and 12, and the later's.
    ([(69, C, 0), (70, P, 0.2)], {69: None, 70: None}),
    ([(70, C, 0), (71, P, 0.2)], {71: True}),
    ([(66, C, 0), (69, P, 0.2)], {69: True}),
    # Outside every window days stand alone.
    ([(120, C, 0), (122, P, 0.2)], {120: None, 122: None}),
    # Each component is the one nearest to the target; of two equally near the later.
    ([(160, C, 4), (169, C, 0), (170, P, 0.2)], {160: False, 170: True}),
    ([(166, C, 0), (170, C, 4), (171, P, 0.2)], {166: None, 171: False}),
    ([(160, P, 2.0), (165, C, 0), (170, P, 0.2)], {160: False, 170: True}),
    # A day with every component is a visit by itself; what is left of the window is joined.
    ([(150, C, 0), (150, P, 0.2), (168, C, 0), (170, P, 0.9)], {150: True, 170: False}),
    ([(168, C, 0), (168, P, 0.2), (175, P, 2.0)], {168: True, 175: False}),
    ([(168, C, 0), (168, P, 0.2), (175, P, 0.1)], {168: True, 175: None}),
    # Two visits in one wide window.
    ([(500, C, 0), (503, P, 0.2), (540, C, 3), (545, P, 0.2)], {503: True, 545: False}),
    # Not on the day of the infusion, nor before it.
    ([(0, C, 0), (0, P, 0.2)], {}),
    ([(1, C, 0), (1, P, 0.2)], {1: True}),
])  # fmt: skip
def test_components_of_a_visit(rows, expected):
    assert responses(lupus(*rows), "remission") == expected


@pytest.mark.parametrize(("rows", "expected"), [
    # Every known component may refute, whatever is missing.
    ([(168, C, 4)], False),
    ([(168, P, 0.5)], False),
    ([(168, C, 0)], None),
    # SLEDAI-2K 0 implies a clinical SLEDAI of 0; above 4 there is clinical activity.
    ([(168, S, 0), (168, P, 0.2)], True),
    ([(168, S, 4), (168, P, 0.2)], None),
    ([(168, S, 5), (168, P, 0.2)], False),
    ([(168, S, 5), (168, C, 0), (168, P, 0.2)], True),
])  # fmt: skip
def test_what_is_known_decides(rows, expected):
    assert responses(lupus(*rows), "remission") == {168: expected}


def test_a_component_that_is_not_adequate_is_missing_and_the_others_still_refute():
    rows = [(168, P, 0.2), (168, C, 0)]
    study = lupus(*rows)
    table = study.assessments
    bad = table["measure"].eq(P) & table["day"].eq(168)
    half = cs.Study(**study.tables() | {"assessments": table.assign(adequate=~bad)})
    assert responses(half, "remission") == {168: None}
    assert reason(half, 168, "remission") == "missing: PGA"
    none = cs.Study(**study.tables() | {"assessments": table.assign(adequate=table["day"] < 0)})
    assert reason(none, 168, "remission") == "assessment not adequate"


def test_what_is_asked_of_drugs_is_judged_on_the_latest_day():
    steroid = [("prednisone", "glucocorticoid", -50.0, 169.0, 10.0, "disease")]
    rows = [(168, C, 0), (170, P, 0.2)]
    assert responses(lupus(*rows, drugs=steroid), "DORIS") == {170: True}
    assert responses(lupus(*rows[:1], (169, P, 0.2), drugs=steroid), "DORIS") == {169: False}


@pytest.mark.parametrize(("mg", "met"), [(5.0, True), (5.1, False)])
def test_doris_allows_5_0_mg_tapered_or_not(mg, met):
    rows = [(168, C, 0), (168, P, 0.2)]
    steady = [("prednisone", "glucocorticoid", -300.0, None, mg, "disease")]
    tapered = [("prednisone", "glucocorticoid", -300.0, 40.0, 20.0, "disease"),
               ("prednisone", "glucocorticoid", 41.0, None, mg, "disease")]  # fmt: skip
    assert responses(lupus(*rows, drugs=steady), "DORIS") == {168: met}
    assert responses(lupus(*rows, drugs=tapered), "DORIS") == {168: met}


def test_baseline_falls_back_to_day_0():
    drop = [(28, S, 4), (28, P, 0.2), (28, "new_BILAG_A", 0), (28, "new_BILAG_B", 0)]
    study = lupus((0, S, 12), (0, P, 1.0), *drop, baseline=None, depletion=-5.0)
    assert responses(study, "SRI-4") == {28: True}


def test_renal_response_needs_no_disease_score():
    rows = [(-10, U, 2.0), (-10, G, 90.0), (84, U, 0.3), (86, G, 95.0)]
    study = one({}, disease="SLE", measure=U, baseline=None, extra=rows)
    assert responses(study, "CRR") == {86: True}


# --- one table of windows ------------------------------------------------------------------------


@pytest.mark.parametrize(("schedule", "day", "window"), [
    (Schedule(), 28, (21, 35)),
    (Schedule(), 56, (42, 69)),
    (Schedule(), 84, (70, 98)),
    (Schedule(), 168, (140, 196)),
    (Schedule(), 448, (406, 489)),
    (Schedule(), 532, (490, 573)),
    (Schedule(), 112, (98, 126)),
    (Schedule(weeks=(4, 8, 12, 16, 20, 24)), 112, (98, 125)),
    (Schedule(weeks=(4, 8, 12, 16, 24)), 112, (98, 126)),
    (Schedule(weeks=(22, 24, 26)), 168, (161, 174)),
])  # fmt: skip
def test_windows_end_at_the_midpoint(schedule, day, window):
    assert schedule.window_at(day) == window


def test_no_day_belongs_to_two_windows_of_a_schedule():
    for weeks in (Schedule().weeks, (2, 4, 8, 12, 16, 20, 24), (10, 24, 25)):
        schedule = Schedule(weeks=weeks, primary_week=24)
        days = np.arange(0.0, 1300.0)
        inside = np.zeros(len(days), int)
        for week, target in zip(schedule.weeks, schedule.days, strict=True):
            low, high = schedule.window(week)
            here = (days >= low) & (days <= high)
            inside += here
            assert set(schedule.labels(days[here])) == {f"week {week:g}"}, (week, target)
        assert inside.max() == 1


def test_derive_and_at_read_the_schedule_of_the_study():
    rows = [(-10, U, 2.0), (-10, G, 90.0), (100, U, 0.3), (100, G, 95.0)]
    study = one({}, disease="SLE", measure=U, baseline=None, extra=rows)
    rules = Rules(schedule=Schedule(weeks=(4, 8, 12, 16, 20, 24)))
    derived = derive(study, rules=rules)
    labels = derived.responses.loc[derived.responses["endpoint"] == "CRR", "visit"]
    assert labels.tolist() == ["week 16"]
    assert visit_window(112, derived) == (98, 125)
    (row,) = cs.response_rate(cs.define_cohort(derived), "CRR", at=112).frame.to_dict("records")
    assert (row["n"], row["n_event"]) == (1, 1)
    # By carstats' own schedule day 100 lies between the windows of weeks 12 and 24.
    plain = derive(study)
    labels = plain.responses.loc[plain.responses["endpoint"] == "CRR", "visit"]
    assert labels.tolist() == [None]


# --- sustained looks back, confirmed looks forward ------------------------------------------------


def state(**days):
    """Return remission (or not) of lupus by day: d84=True, d168=False, d200=None (no PGA)."""
    rows = []
    for name, well in days.items():
        day = float(name[1:])
        rows.append((day, C, 0.0 if well is not False else 6.0))
        if well is not None:
            rows.append((day, P, 0.2))
    return lupus(*rows)


@pytest.mark.parametrize(("days", "last", "expected"), [
    # 168 days less 14 of tolerance, over visits without too long a gap.
    ({"d168": True, "d252": True, "d322": True}, 322, True),
    ({"d168": True, "d252": True, "d321": True}, 321, False),
    ({"d84": True, "d168": True, "d252": True}, 252, True),
    # One visit is not sustained, and two with a gap above 1.5 intervals (126 days) are not.
    ({"d336": True}, 336, False),
    ({"d168": True, "d294": True, "d350": True}, 350, True),
    ({"d168": True, "d295": True, "d350": True}, 350, False),
    # A visit without it breaks the run; one that cannot be judged does not.
    ({"d84": True, "d168": False, "d252": True, "d336": True}, 336, False),
    ({"d84": True, "d168": True, "d210": None, "d252": True}, 252, True),
    ({"d84": True, "d168": True, "d252": False}, 252, False),
    ({"d84": False, "d168": True, "d252": True, "d336": True}, 336, True),
])  # fmt: skip
def test_sustained(days, last, expected):
    assert responses(state(**days), "remission_sustained")[last] is expected


@pytest.mark.parametrize(("days", "expected"), [
    ({"d84": True, "d168": True}, {84: True, 168: None}),
    ({"d84": True, "d168": False}, {84: False, 168: False}),
    ({"d84": True, "d100": None, "d168": True}, {84: True, 100: None, 168: None}),
    ({"d84": False, "d168": True, "d252": True}, {84: False, 168: True, 252: None}),
])  # fmt: skip
def test_confirmed(days, expected):
    assert responses(state(**days), "remission_confirmed") == expected


@pytest.mark.parametrize(("values", "expected"), [
    # Met at the visit before or after it too: the last visit need not fail.
    ({84: 0.3, 168: 0.3}, {84: True, 168: True}),
    ({84: 2.0, 168: 0.3}, {84: False, 168: None}),
    ({84: 0.3, 168: 2.0, 252: 0.3}, {84: False, 168: False, 252: None}),
    ({84: 0.3, 168: 0.3, 252: 2.0}, {84: True, 168: True, 252: False}),
    ({84: 2.0, 168: 0.3, 252: 2.0}, {84: False, 168: False, 252: False}),
])  # fmt: skip
def test_renal_confirmation_looks_both_ways(values, expected):
    rows = [(-10, U, 2.0), (-10, G, 90.0)]
    rows += [row for day, upcr in values.items() for row in ((day, U, upcr), (day, G, 90.0))]
    study = one({}, disease="SLE", measure=U, baseline=None, extra=rows)
    assert responses(study, "CRR_confirmed") == expected


def test_both_exist_by_name():
    names = cs.Vocabulary().names("endpoint", "response")
    for name in ("response", "remission", "drug_free_remission", "DORIS"):
        assert {f"{name}_sustained", f"{name}_confirmed"} <= set(names)


# --- why ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "endpoint", "text"), [
    ([(168, C, 4), (168, P, 0.2)], "remission", "Clinical SLEDAI 4 on day 168; needed: at most 0"),
    ([(168, C, 0), (170, P, 0.5)], "DORIS",
     "Physician global assessment 0.5 on day 170; needed: below 0.5"),
    ([(168, S, 6), (168, P, 0.2)], "DORIS",
     "Clinical SLEDAI at least 2 on day 168; needed: at most 0"),
    ([(168, S, 9)], "SRI-4", "SLEDAI-2K 9 on day 168, from 12; needed: a fall of at least 4"),
    ([(168, C, 0)], "remission", "missing: PGA"),
])  # fmt: skip
def test_reason_names_component_value_day_and_threshold(rows, endpoint, text):
    day = max(row[0] for row in rows)
    assert reason(lupus(*rows), day, endpoint) == text


def test_reason_names_every_component_that_refutes_and_the_dose():
    steroid = [("prednisone", "glucocorticoid", -300.0, None, 20.0, "disease")]
    study = lupus((168, C, 2), (168, P, 0.2), drugs=steroid)
    assert reason(study, 168, "DORIS") == (
        "Clinical SLEDAI 2 on day 168; needed: at most 0; "
        "prednisone (mg a day) 20 on day 168; needed: at most 5"
    )
    assert "a glucocorticoid in the 28 days up to day 168" in reason(
        study, 168, "drug_free_remission"
    )


def test_every_non_response_of_the_synthetic_study_says_why():
    found = derive_all(cs.simulate_study(seed=4, n=80)).responses
    failed = found[found["response"].eq(False).fillna(False).astype(bool)]
    assert len(failed) > 500
    assert failed["reason"].notna().all()
    assert not failed["reason"].eq("not met").any()
    assert found[found["response"].isna()]["reason"].notna().all()
    assert found[found["response"].eq(True).fillna(False).astype(bool)]["reason"].isna().all()


def test_glucocorticoid_of_a_toxicity_shadows_the_visit_with_its_reason_or_without():
    rows = [(28, C, 0), (28, P, 0.2)]
    for why, mg, expected in (("toxicity", 60.0, None), (None, 60.0, None), (None, 20.0, True)):
        steroid = [("prednisone", "glucocorticoid", 12.0, 14.0, mg, why)]
        study = lupus(*rows, drugs=steroid, toxicities=[("CRS", 10.0, 15.0)])
        assert responses(study, "remission") == {28: expected}
