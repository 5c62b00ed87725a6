"""CRS, ICANS, their episodes, IEC-HS, LICATS, infections: one small subject for every rule."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from carstats import CarstatsError
from carstats.endpoints.record.episodes import merge_episodes
from carstats.endpoints.rules.toxicity.crs import (
    crs_daily_grades,
    crs_episodes,
    crs_grade,
    hypoxia_grade,
)
from carstats.endpoints.rules.toxicity.icans import (
    delirium_grade,
    encephalopathy_grade,
    icans_daily_grades,
    icans_episodes,
    icans_grade,
    ice_score,
)
from carstats.endpoints.rules.toxicity.iechs import (
    cytopenia_criterion,
    ferritin_criterion,
    fibrinogen_criterion,
    iechs_grade,
    iechs_status,
    transaminase_criterion,
)
from carstats.endpoints.rules.toxicity.infections import (
    describe_infections,
    infection_class,
    onset_window,
    serious_infection,
    window_exposure,
)
from carstats.endpoints.rules.toxicity.licats import licats_candidates, licats_grade

NAN = np.nan


def verdicts(array):
    """Return a nullable boolean array as a list of True, False and None."""
    return [None if value is pd.NA else bool(value) for value in array]


def crs_sheet(days, name="S", **columns):
    """Return a worksheet on which nothing is wrong but for `columns`."""
    usual = {"temperature": 37.0, "hypotension": False, "vasopressors": 0, "oxygen": "none"}
    return pd.DataFrame({"subject_id": name, "day": days} | usual | columns)


def fever_on(*days, last=30, name="S", **columns):
    """Return a worksheet of days 0 to `last` with a fever on `days`."""
    every = np.arange(last + 1)
    return crs_sheet(every, name, temperature=np.where(np.isin(every, days), 38.5, 36.8), **columns)


# --- CRS: one day -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("temperature", "hypotension", "vasopressors", "vasopressin", "oxygen", "grade"),
    [
        (37.9, False, 0, False, "none", 0),
        (38.0, False, 0, False, "none", 1),  # 38.0 is fever
        (38.0, True, 0, False, "none", 2),  # fluids only
        (39.0, True, 1, False, "none", 3),
        (39.0, True, 1, True, "none", 3),  # one vasopressor with vasopressin
        (39.0, True, 0, True, "none", 3),  # vasopressin alone is one vasopressor
        (39.0, True, 2, False, "none", 4),
        (39.0, True, 2, True, "none", 4),
        (39.0, False, 0, False, "low-flow nasal cannula", 2),
        (39.0, False, 0, False, "blow-by", 2),
        (39.0, False, 0, False, "high-flow nasal cannula", 3),
        (39.0, False, 0, False, "facemask", 3),
        (39.0, False, 0, False, "non-rebreather", 3),
        (39.0, False, 0, False, "Venturi", 3),
        (39.0, False, 0, False, "CPAP", 4),
        (39.0, False, 0, False, "BiPAP", 4),
        (39.0, False, 0, False, "intubation", 4),
        (39.0, True, 0, False, "facemask", 3),  # max(2, 3)
        (37.0, True, 2, False, "CPAP", 0),  # never a fever: not CRS
    ],
)
def test_crs_grade_of_a_day(temperature, hypotension, vasopressors, vasopressin, oxygen, grade):
    found = crs_grade(temperature, hypotension, vasopressors, oxygen, vasopressin=vasopressin)
    assert_array_equal(found, [grade])


def test_crs_flow_of_6_litres_is_low_and_more_is_high():
    device = ["low-flow nasal cannula"] * 3 + ["high-flow nasal cannula"]
    assert_array_equal(hypoxia_grade(device, [6.0, 6.1, NAN, NAN]), [2, 3, 2, 3])


def test_crs_after_treatment_is_graded_without_fever_by_hypotension_and_hypoxia_only():
    found = crs_grade(36.5, [True, False], 0, "none", fever_masked=True)
    assert_array_equal(found, [2, 0])


def test_crs_another_cause_is_grade_0_and_death_is_grade_5():
    assert_array_equal(crs_grade(39.0, True, 2, "none", attributable=[False, True]), [0, 4])
    assert_array_equal(crs_grade(39.0, True, 2, "CPAP", death=True), [5])


def test_crs_what_is_missing_is_not_evaluable_unless_it_cannot_matter():
    found = crs_grade(
        #  temperature, then: fever blank | no count | device blank | G4 anyway | afebrile
        [NAN, 39.0, 39.0, 39.0, 37.0],
        [False, True, False, True, None],
        [0, None, 0, 2, None],
        ["none", "none", None, None, None],
    )
    assert_array_equal(found, [NAN, NAN, NAN, 4, 0])
    # no hypotension: a blank count of vasopressors is none
    assert_array_equal(crs_grade(39.0, False, None, "none"), [1])


def test_crs_values_out_of_range_are_refused_by_name():
    with pytest.raises(CarstatsError, match=r"`temperature` is 98.6; allowed: 30 to 45"):
        crs_grade(98.6, False, 0, "none")
    with pytest.raises(CarstatsError, match=r"`vasopressors` is -1; allowed: 0 to 10"):
        crs_grade(39.0, False, -1, "none")
    with pytest.raises(CarstatsError, match=r"`oxygen` is 'mask'; allowed"):
        crs_grade(39.0, False, 0, "mask")


# --- CRS: worksheets --------------------------------------------------------------------------


def test_crs_needs_a_fever_to_be_diagnosed_and_none_after_tocilizumab():
    sheet = crs_sheet(
        [1, 2, 3, 4, 5],
        temperature=[37.0, 38.4, 37.0, 37.0, 37.0],
        hypotension=[True, False, True, True, False],
        treated=[False, False, False, True, False],
    )
    # day 1 hypotension before any fever; day 3 no fever and no treatment yet; day 4 tocilizumab
    assert_array_equal(crs_daily_grades(sheet)["grade"], [0, 1, 0, 2, 0])


def test_crs_a_drug_before_the_fever_does_not_stand_for_it():
    sheet = crs_sheet(
        [1, 2, 3], temperature=[37, 38, 37], hypotension=[False, False, True], treated=[1, 0, 0]
    )
    assert_array_equal(crs_daily_grades(sheet)["grade"], [0, 1, 0])


def test_crs_diagnosis_lapses_after_7_free_days():
    sheet = crs_sheet(
        [2, 9, 10],
        temperature=[39.0, 37.0, 37.0],
        hypotension=[False, True, True],
        treated=[True, False, False],
    )
    # day 9: 6 free days (3 to 8) since the fever, so linked; day 10 is linked to day 9
    assert_array_equal(crs_daily_grades(sheet)["grade"], [1, 2, 2])
    # without day 9: 7 free days (3 to 9), a new fever is needed
    assert_array_equal(crs_daily_grades(sheet.iloc[[0, 2]])["grade"], [1, 0])


def test_crs_fever_of_conditioning_is_not_crs():
    sheet = crs_sheet([-6, -5, -1, 0, 1], temperature=39.0)
    # day 0 after the infusion counts, days -5 to -1 do not
    assert_array_equal(crs_daily_grades(sheet)["grade"], [0, 0, 0, 1, 1])
    marked = sheet.assign(attributable=[True, True, True, False, None])
    assert_array_equal(crs_daily_grades(marked)["grade"], [0, 0, 0, 0, 1])


# --- episodes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("second", "free_days", "episodes"),
    [(10, 6, 1), (11, 7, 2)],  # fever on day 3, free days 4 to second - 1
)
def test_episodes_6_free_days_are_bridged_and_7_are_not(second, free_days, episodes):
    assert second - 3 - 1 == free_days
    found = crs_episodes(fever_on(3, second))
    assert len(found) == episodes
    assert found["onset_day"].iloc[0] == 3
    assert found["resolution_day"].iloc[-1] == second


def test_episode_has_its_worst_grade_days_and_labels():
    sheet = fever_on(2, 3, 4, vasopressors=np.where(np.arange(31) == 3, 1, 0))
    (row,) = crs_episodes(sheet).to_dict("records")
    assert (row["onset_day"], row["resolution_day"], row["grade"], row["n_days"]) == (2, 4, 3, 3)
    assert (row["term"], row["grading_scale"], row["system"]) == ("CRS", "ASTCT", "immune")
    assert row["infusion_number"] == 1


def test_episode_without_a_later_assessed_day_is_not_resolved():
    found = crs_episodes(fever_on(4, 5, last=5))
    assert np.isnan(found["resolution_day"].iloc[0])
    assert found["last_day"].iloc[0] == 5


@pytest.mark.parametrize(
    ("day", "in_window", "late"),
    [(14, True, False), (15, True, True), (30, True, True), (31, False, True)],
)
def test_episode_window_ends_on_day_30_and_a_first_onset_after_day_14_is_flagged(
    day, in_window, late
):
    (row,) = crs_episodes(fever_on(day, last=35)).to_dict("records")
    assert row["in_window"] == in_window
    assert row["late_first_onset"] == late
    # A later fever is no CRS and has no grade of one.
    assert row["term"] == ("CRS" if in_window else "fever outside the CRS window")
    assert np.isnan(row["grade"]) != in_window


def test_episode_second_onset_after_day_14_is_no_flag():
    found = crs_episodes(fever_on(2, 20))
    assert_array_equal(found["late_first_onset"], [False, False])


def test_episode_window_restarts_at_each_infusion():
    doses = pd.DataFrame({"subject_id": "S", "day": [0, 28]})
    found = crs_episodes(fever_on(1, 33, last=40), doses)
    # day 33 is day 5 after the second infusion
    assert_array_equal(found["infusion_number"], [1, 2])
    assert_array_equal(found["days_since_infusion"], [1, 5])
    assert_array_equal(found["in_window"], [True, True])


def test_episode_before_any_infusion_is_out_of_the_window():
    for doses in ({"subject_id": ["S"], "day": [9]}, {"subject_id": [], "day": []}):
        (row,) = crs_episodes(fever_on(3), pd.DataFrame(doses)).to_dict("records")
        assert not row["in_window"]
        assert np.isnan(row["infusion_number"])


def test_episode_across_an_infusion_is_one_unless_split():
    doses = pd.DataFrame({"subject_id": "S", "day": [0, 3], "infusion_number": [1, 2]})
    assert len(crs_episodes(fever_on(2, 3, 4), doses)) == 1
    split = crs_episodes(fever_on(2, 3, 4), doses, split_at_infusion=True)
    assert_array_equal(split["onset_day"], [2, 3])
    assert_array_equal(split["infusion_number"], [1, 2])


def test_episode_day_that_is_not_evaluable_neither_starts_nor_ends_one():
    daily = pd.DataFrame({"subject_id": "S", "day": range(1, 6), "grade": [0, NAN, 1, NAN, 2]})
    (row,) = merge_episodes(daily, term="CRS", grading_scale="x", system="y").to_dict("records")
    assert (row["onset_day"], row["last_day"], row["n_days"], row["grade"]) == (3, 5, 2, 2)


def test_episodes_of_subjects_are_kept_apart_and_none_is_an_empty_table():
    sheet = pd.concat([fever_on(3, name="A", last=3), fever_on(0, 1, name="B"), fever_on(name="C")])
    found = crs_episodes(sheet)
    assert found[["subject_id", "onset_day"]].to_numpy().tolist() == [["A", 3.0], ["B", 0.0]]
    assert len(crs_episodes(fever_on())) == 0
    assert list(crs_episodes(fever_on())) == list(found)


def test_episodes_of_categorical_subjects_and_nullable_columns():
    sheet = pd.concat([fever_on(3, name="A"), fever_on(5, name="B")]).convert_dtypes()
    sheet["subject_id"] = sheet["subject_id"].astype("category")
    assert crs_episodes(sheet[sheet["subject_id"] == "B"])["onset_day"].tolist() == [5]


def test_episodes_refuse_a_grade_of_6():
    daily = pd.DataFrame({"subject_id": ["S"], "day": [1], "grade": [6]})
    with pytest.raises(CarstatsError, match=r"`daily.grade` is 6; allowed: 0 to 5"):
        merge_episodes(daily, term="CRS", grading_scale="x", system="y")


# --- ICANS ------------------------------------------------------------------------------------


def test_ice_score_adds_up_and_needs_every_item():
    assert_array_equal(
        ice_score([4, 3, 4], [3, 1, 3], [1, 0, 1], [1, 0, None], [1, 0, 1]), [10, 4, NAN]
    )
    with pytest.raises(CarstatsError, match=r"`naming` is 4; allowed: 0 to 3"):
        ice_score(4, 4, 1, 1, 1)


def test_icans_grade_by_ice():
    ice = [10, 9, 7, 6, 3, 2, 0]
    assert_array_equal(icans_grade(ice), [0, 1, 1, 2, 2, 3, 3])  # 0 but awake is 3
    assert_array_equal(icans_grade(0, "unarousable"), [4])
    with pytest.raises(CarstatsError, match=r"`ice` is 11; allowed: 0 to 10"):
        icans_grade(11)


@pytest.mark.parametrize(
    ("domain", "word", "grade"),
    [
        ("consciousness", "alert", 0),
        ("consciousness", "awakens spontaneously", 1),
        ("consciousness", "awakens to voice", 2),
        ("consciousness", "awakens to touch", 3),
        ("consciousness", "vigorous stimuli", 4),
        ("consciousness", "unarousable", 4),
        ("seizure", "brief", 3),
        ("seizure", "prolonged", 4),
        ("motor_weakness", True, 4),
        ("oedema", "focal", 3),
        ("oedema", "diffuse", 4),
        ("oedema", "posturing", 4),
        ("oedema", "VI palsy", 4),
        ("oedema", "Cushing triad", 4),
    ],
)
def test_icans_grade_is_the_worst_domain(domain, word, grade):
    assert_array_equal(icans_grade(10, **{domain: word}), [grade])
    assert_array_equal(icans_grade(8, **{domain: word}), [max(1, grade)])


def test_icans_is_relative_to_the_ice_score_before():
    # neuropsychiatric lupus, 7 before: 7 is no loss; 6 is 10 - 1 = 9; 3 is 10 - 4 = 6
    assert_array_equal(encephalopathy_grade([7, 6, 3], 7), [0, 1, 2])
    assert_array_equal(encephalopathy_grade([8, 10], 7), [0, 0])  # better than before
    assert_array_equal(encephalopathy_grade(0, [5, 0]), [3, 0])  # global aphasia, or as before
    assert_array_equal(encephalopathy_grade([9, 10], None), [NAN, 0])


def test_icans_weakness_of_before_does_not_count():
    assert_array_equal(icans_grade(10, motor_weakness=True, motor_before=[True, False]), [0, 4])


def test_icans_child_is_scored_by_capd():
    assert_array_equal(delirium_grade([0, 1, 8, 9, None]), [0, 1, 1, 3, NAN])
    # 11.9 years: CAPD 8, awakens to voice: 2; 12 years: ICE 5: 2; age missing
    found = icans_grade(
        [NAN, 5, 5], ["awakens to voice", "alert", "alert"], capd=[8, 20, 20], age=[11.9, 12, NAN]
    )
    assert_array_equal(found, [2, 2, NAN])
    assert_array_equal(icans_grade(capd=NAN, capd_impossible=True, age=5), [4])


def test_icans_missing_domain_matters_unless_grade_4_is_reached():
    assert_array_equal(icans_grade([NAN, 10, NAN], ["alert", None, "unarousable"]), [NAN, NAN, 4])
    sheet = pd.DataFrame({"subject_id": "S", "day": [3, 4, 5], "ice": [NAN, 10, NAN],
                          "consciousness": ["awakens to voice", None, "unarousable"]})  # fmt: skip
    daily = icans_daily_grades(sheet)
    assert_array_equal(daily["grade_at_least"], [2, 0, 4])
    assert_array_equal(daily["grade_at_most"], [4, 4, 4])


def test_icans_another_cause_and_death():
    assert_array_equal(icans_grade(2, attributable=[False, None]), [0, NAN])
    assert_array_equal(icans_grade(2, death=True), [5])


def test_icans_episodes_merge_as_crs_does():
    ice = np.full(31, 10)
    ice[[5, 12]] = 8, 4  # 6 free days between
    sheet = pd.DataFrame({"subject_id": "S", "day": range(31), "ice": ice})
    (row,) = icans_episodes(sheet).to_dict("records")
    assert (row["onset_day"], row["resolution_day"], row["grade"]) == (5, 12, 2)
    assert row["term"] == "ICANS"
    with pytest.raises(CarstatsError, match="no column `ice`"):
        icans_episodes(sheet.drop(columns="ice"))


# --- IEC-HS -----------------------------------------------------------------------------------


def test_iechs_ferritin_exceeds_twice_the_limit_or_the_baseline():
    # limit 300: 600 is not above 600, 601 is
    assert verdicts(ferritin_criterion([600, 601, NAN], 300)) == [False, True, None]
    # baseline 200: 401 is above 400 though below 600
    assert verdicts(ferritin_criterion([400, 401], 300, baseline=200)) == [False, True]
    assert verdicts(ferritin_criterion(500, 300, baseline=[NAN, 300])) == [None, False]
    assert verdicts(ferritin_criterion(500, 300, rapidly_rising=True)) == [True]


def test_iechs_supporting_signs_at_their_edges():
    assert verdicts(transaminase_criterion([200, 201], 40)) == [False, True]  # 5 x 40
    assert verdicts(transaminase_criterion([500, 501], 40, baseline=100)) == [False, True]
    assert verdicts(fibrinogen_criterion([149, 150, NAN])) == [True, False, None]
    assert verdicts(fibrinogen_criterion([180, 200], lln=200)) == [True, False]
    assert verdicts(cytopenia_criterion([3, 4, 4], [True, True, False])) == [False, True, False]


def test_iechs_status():
    def status(ferritin, timing, *supporting):
        return iechs_status(ferritin, timing, *supporting).tolist()

    assert status(True, True, True) == ["meets"]
    assert status(True, True) == ["possible"]
    assert status(True, False, False, False, True) == ["possible"]
    assert status(True, False) == ["no"]
    assert status(False, True, True) == ["no"]
    assert status(None, True, True) == [None]
    assert status(True, None, True) == ["possible"]  # what is missing does not make it "meets"
    assert status(True, None) == [None]
    assert iechs_status(True, True, True, min_supporting=2).tolist() == ["possible"]


def test_iechs_grade_steps():
    assert_array_equal(iechs_grade([False, True, True], [False, False, True]), [0, 1, 2])
    assert_array_equal(iechs_grade(True, True, severe=True), [3])
    assert_array_equal(iechs_grade(True, True, life_threatening=True), [4])
    assert_array_equal(iechs_grade(True, None, death=True), [5])
    assert_array_equal(iechs_grade([True, None], None), [NAN, NAN])


# --- LICATS -----------------------------------------------------------------------------------


def worsening(**columns):
    """Return the nephritis of day 12 that resolves on day 23: LICATS mistaken for a flare."""
    usual = {"subject_id": "S", "onset_day": 12, "resolution_day": 23, "organ": "kidney",
             "in_aplasia": True, "response_day": NAN}  # fmt: skip
    return pd.DataFrame([usual | columns])


def steroids(start, stop, **columns):
    usual = {"subject_id": "S", "drug_class": "glucocorticoid", "reason": "toxicity"}
    return pd.DataFrame([usual | {"start_day": start, "stop_day": stop} | columns])


KIDNEY = pd.DataFrame({"subject_id": ["S"], "organ": ["kidney"]})


def licats(medications=None, organs=KIDNEY, options=None, **columns):
    found = licats_candidates(worsening(**columns), organs, medications, **(options or {}))
    (row,) = found.to_dict("records")
    return row


def test_licats_on_day_12_is_no_flare():
    row = licats()
    assert row["licats_candidate"]
    assert row["counts_as"] == "LICATS"
    assert (row["term"], row["system"], row["failed"]) == ("LICATS", "kidney", "")


@pytest.mark.parametrize(
    ("columns", "failed"),
    [
        ({"onset_day": 0, "resolution_day": 5}, ""),
        ({"onset_day": 42, "resolution_day": 50}, ""),
        ({"onset_day": 43, "resolution_day": 50}, "in_window"),
        ({"onset_day": -1}, "in_window"),
        ({"other_cause": True}, "no_other_cause"),
        ({"other_cause": None}, ""),
        # the end lies in (last day with it, first day without]
        ({"last_day_with": 12 + 27, "resolution_day": 60}, ""),
        ({"last_day_with": 12 + 28, "resolution_day": 60}, "resolves"),
        ({"last_day_with": 12 + 28, "resolution_day": NAN}, "resolves"),
        ({"in_aplasia": False}, "in_aplasia"),
        ({"organ": "lung"}, "organ_before"),
        ({"resolution_day": 12 + 27}, ""),  # ends 27 days after onset
        ({"resolution_day": 12 + 28}, "resolves"),
        ({"resolution_day": NAN, "observed_to_day": 40}, "resolves"),
    ],
)
def test_licats_every_condition_at_its_edge(columns, failed):
    row = licats(**columns)
    assert row["failed"] == failed
    assert row["counts_as"] == ("non-response" if failed else "LICATS")


def test_licats_window_is_honoured_as_given():
    for last, day, expected in ((28, 28, "LICATS"), (28, 29, "non-response"), (60, 60, "LICATS")):
        row = licats(onset_day=day, resolution_day=day + 9, options={"last_day": last})
        assert row["counts_as"] == expected


def test_licats_steroids_for_14_days_are_allowed_and_for_15_are_not():
    fortnight = licats(steroids(13, 26), resolution_day=30)  # 26 - 13 + 1 = 14
    assert fortnight["steroid_course_days"] == 14
    assert fortnight["counts_as"] == "LICATS"
    assert fortnight["grade"] == 2
    longer = licats(steroids(13, 27), resolution_day=30)
    assert longer["failed"] == "no_new_drug"
    ongoing = licats(steroids(13, NAN), resolution_day=30)
    assert ongoing["failed"] == "no_new_drug"
    # two rows of one taper, days 13 to 20 and 21 to 27, are 15 days
    taper = pd.concat([steroids(13, 20), steroids(21, 27)])
    assert licats(taper, resolution_day=30)["steroid_course_days"] == 15


def test_licats_new_immunosuppression_makes_it_disease():
    new = steroids(15, NAN, drug_class="immunosuppressant", reason="disease")
    assert licats(new)["counts_as"] == "non-response"
    assert licats(new, response_day=10)["counts_as"] == "relapse"
    assert licats(new, response_day=12)["counts_as"] == "relapse"  # response on the day
    assert licats(new, response_day=13)["counts_as"] == "non-response"
    before = steroids(11, NAN, drug_class="immunosuppressant", reason="disease")
    assert licats(before)["counts_as"] == "LICATS"  # not started during the event
    after = steroids(24, NAN, drug_class="immunosuppressant", reason="disease")
    assert licats(after)["counts_as"] == "LICATS"
    support = steroids(15, NAN, drug_class="immunoglobulin", reason="replacement")
    assert licats(support)["counts_as"] == "LICATS"


def test_licats_what_is_missing_is_not_evaluable():
    assert licats(in_aplasia=None)["counts_as"] == "not evaluable"
    assert licats(resolution_day=NAN)["counts_as"] == "not evaluable"
    assert licats(in_aplasia=None, organ="lung")["counts_as"] == "non-response"


def test_licats_grades():
    # steroids for more than a week, or an inner organ: 2; hospital 3; intensive care 4
    assert_array_equal(licats_grade([0, 7, 8, None]), [1, 1, 2, NAN])
    assert_array_equal(licats_grade(0, inner_organ=[False, True, None]), [1, 2, NAN])
    assert_array_equal(licats_grade(None, hospitalised=True), [3])
    assert_array_equal(licats_grade(8, True, True, intensive_care=True), [4])
    assert_array_equal(licats_grade(0, death=True), [5])
    assert licats(organ="kidney")["grade"] == 2
    skin = pd.DataFrame({"subject_id": ["S"], "organ": ["skin"]})
    assert licats(organs=skin, organ="skin")["grade"] == 1
    assert licats(steroids(13, 19), organs=skin, organ="skin")["grade"] == 1  # 7 days
    assert licats(steroids(13, 20), organs=skin, organ="skin")["grade"] == 2  # 8 days


def test_licats_events_of_a_subject_have_a_row_each():
    two = pd.concat([worsening(), worsening(organ="skin", onset_day=5, resolution_day=9)])
    organs = pd.DataFrame({"subject_id": "S", "organ": ["kidney", "skin"]})
    found = licats_candidates(two, organs)
    assert found["organ"].tolist() == ["skin", "kidney"]
    assert found["licats_candidate"].all()


def test_licats_refuses_an_event_that_ends_before_it_begins():
    with pytest.raises(CarstatsError, match="before its `onset_day`"):
        licats(resolution_day=3)


# --- infections -------------------------------------------------------------------------------


def test_windows_do_not_overlap():
    days = [-1, 0, 30, 31, 100, 101, 365, 366, NAN]
    words = [None, "0-30", "0-30", "31-100", "31-100", "101-365", "101-365", ">365", None]
    assert onset_window(days).tolist() == words


def test_exposure_counts_those_still_followed_at_the_start_of_a_window():
    found = window_exposure(["A", "B"], [30, 120])
    assert found["at_risk"].tolist() == [True, False, False, False, True, True, True, False]
    # A: days 0 to 30 are 31; B: 31, then 31 to 100 are 70, then 101 to 120 are 20
    assert found["days"].tolist() == [31, 0, 0, 0, 31, 70, 20, 0]


def test_infections_are_classed_by_organism():
    names = ["Escherichia coli", "CMV", "SARS-CoV-2", "Pneumocystis jirovecii", "Toxoplasma gondii",
             "culture negative", "something else", None]  # fmt: skip
    kinds = ["bacterial", "viral", "viral", "fungal", "parasitic", "no organism", "unclassified"]
    assert infection_class(names).tolist() == [*kinds, None]
    assert infection_class("X", organisms={"x": "viral"}).tolist() == ["viral"]
    with pytest.raises(CarstatsError, match="`organisms`"):
        infection_class("X", organisms={"x": "prion"})


def test_infection_is_serious_by_grade_or_drip_or_stay():
    grade, drip, stay = [3, 2, 2, 2, 2], [0, 0, 1, 0, None], [0, 0, 0, 1, 0]
    assert verdicts(serious_infection(grade, drip, stay)) == [True, False, True, True, None]


def test_infections_in_the_columns_of_the_toxicities():
    table = pd.DataFrame({"subject_id": "S", "onset_day": [101, 7], "organism": ["CMV", None],
                          "grade": [2, 3]})  # fmt: skip
    found = describe_infections(table)
    assert found["onset_day"].tolist() == [7, 101]
    assert found["window"].tolist() == ["0-30", "101-365"]
    assert found["infection_class"].tolist() == [None, "viral"]
    assert verdicts(found["serious"].array) == [True, None]  # grade 2: drip and stay not recorded
