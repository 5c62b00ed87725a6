"""Times across the tables: what cannot be, what should be known, months and weeks."""

import pandas as pd
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from carstats.data.formats.day_units import printed_slack, whole_days
from tests.conftest import subjects_table


def events_of(*rows):
    return pd.DataFrame(list(rows), columns=["subject_id", "endpoint", "status", "time"])


def toxicities_of(*rows):
    return pd.DataFrame(list(rows), columns=["subject_id", "term", "onset_day", "grade"])


def notes_of(n=2, tables=None, **subjects):
    return " | ".join(cs.Study(subjects=subjects_table(n, **subjects), **(tables or {})).notes)


EVENTS_ALONE = events_of(("S01", "relapse", "event", 100))


class TestEventsAlone:
    def test_whoever_had_none_would_be_left_out(self):
        message = (
            "row 0, `status`: relapse has no censored row, and 2 of 3 subjects have none at all"
        )
        with pytest.raises(cs.CarstatsError, match=message):
            cs.Study(subjects=subjects_table(3), events=EVENTS_ALONE)

    def test_the_others_are_censored_where_a_study_says_so(self):
        subjects = subjects_table(3, infused=[True, True, False], last_contact_day=[300, 200, 50])
        study = cs.Study(subjects=subjects, events=EVENTS_ALONE, censor_others=True)
        assert study.events.to_numpy().tolist() == [
            ["S01", "relapse", "event", 100],
            ["S02", "relapse", "censored", 200],
        ]
        assert "relapse: 1 subject without a row was censored at the last contact." in study.notes
        assert study.censor_others is False
        # Of three subjects one relapsed: two in three are free of it at day 150, not none.
        curve = cs.survival_at(
            cs.define_cohort(
                cs.Study(subjects=subjects_table(3), events=EVENTS_ALONE, censor_others=True)
            ),
            "relapse", at=150,
        ).frame  # fmt: skip
        assert_allclose(curve["estimate"], 2 / 3)

    def test_complete_or_not_asked(self):
        assert cs.Study(subjects=subjects_table(1), events=EVENTS_ALONE)
        both = subjects_table(2, infused=[True, False])
        assert cs.Study(subjects=both, events=EVENTS_ALONE)
        # Another of two pooled studies did not collect relapses.
        assert cs.Study(subjects=subjects_table(2, study_id=["A", "B"]), events=EVENTS_ALONE)

    def test_duration_of_response_is_asked_of_responders(self):
        events = events_of(("S01", "duration_of_response", "event", 100))
        responses = pd.DataFrame(
            {"subject_id": ["S01", "S02"], "endpoint": "response", "day": 90.0,
             "response": [True, False]}
        )  # fmt: skip
        study = cs.Study(subjects=subjects_table(2), events=events, responses=responses)
        assert len(study.events) == 1
        responses["response"] = True
        with pytest.raises(cs.CarstatsError, match="duration_of_response has no censored row"):
            cs.Study(subjects=subjects_table(2), events=events, responses=responses)

    @pytest.mark.parametrize("name", ["seroconversion", "b_cell_reconstitution"])
    def test_what_is_asked_of_some_is_noted(self, name):
        events = events_of(("S01", name, "event", 100))
        assert f"{name}: nobody is censored" in notes_of(tables={"events": events})

    def test_a_small_simulated_study_is_a_study(self):
        # All whose B cells were depleted have them back or died; of one they never were.
        study = cs.simulate_study(seed=106, n=12)
        rows = study.events[study.events["endpoint"] == "b_cell_reconstitution"]
        assert "censored" not in set(rows["status"])


REFUSED = {
    "months as days": ({"last_contact_day": [11.3, 24.0, 6.7]}, {}, "as months are and days are"),
    "a cut-off before every infusion": (
        {"cutoff_day": [-20, -30, -9]}, {}, "row 0, `cutoff_day`: the cut-off is before every"
    ),
    "consent 30 years before": (
        {"enrolment_day": [-10957, -20, -3]}, {}, "row 0, `enrolment_day`: is more than 10 years"
    ),
    "a relapse on day 0": (
        {},
        {"events": events_of(("S01", "relapse", "event", 0), ("S02", "relapse", "censored", 9))},
        "a relapse on the day from which the time is counted",
    ),
    "a death of the living": (
        {"death_day": [None, 1000, None]},
        {"toxicities": toxicities_of(("S01", "CRS", 3, 5), ("S02", "CRS", 3, 5))},
        "row 0, `grade`: is fatal, and the subject has no day of death",
    ),
    "a sample 30 years before": (
        {},
        {"assessments": pd.DataFrame({"subject_id": ["S01"], "day": [-10957], "measure": "mRSS",
                                      "value": 4})},
        "row 0, `day`: is more than 20 years before",
    ),
    "event times in months beside follow-up in days": (
        {"last_contact_day": [365, 400, 500]},
        {"events": events_of(
            ("S01", "relapse", "censored", 11.99), ("S02", "relapse", "event", 4.2),
            ("S03", "relapse", "censored", 16.4),
        )},
        "row 0, `time`: the times are all under 60 and not whole",
    ),
    "a lower bound above the grade": (
        {},
        {"toxicities": toxicities_of(("S01", "CRS", 3, 2)).assign(grade_at_least=3)},
        r"3 is above the grade \(2\)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused(case):
    subjects, tables, message = REFUSED[case]
    with pytest.raises(cs.CarstatsError, match=message):
        cs.Study(subjects=subjects_table(3, **subjects), **tables)


NOTED = {
    "a contact after the cut-off": (
        {"cutoff_day": [900, 1200]}, {}, "1 subject has a last contact after the cut-off"
    ),
    "an infusion after the cut-off": (
        {"cutoff_day": [-20, 1200]}, {}, "1 subject was infused after the cut-off"
    ),
    "an early enrolment": ({"enrolment_day": [-800, -20]}, {}, "more than 366 days before"),
    "an early lymphodepletion": ({"lymphodepletion_day": [-368, -5]}, {}, "more than 60 days"),
    "30 years of follow-up": ({"last_contact_day": [11000, 20]}, {}, "more than 20 years after"),
    "a death not recorded": (
        {}, {"toxicities": toxicities_of(("S01", "CRS", 3, 5))}, "1 toxicity is fatal"
    ),
    "a toxicity before": (
        {}, {"toxicities": toxicities_of(("S01", "CRS", -3, 2))},
        "1 episode of toxicity began before the infusion",
    ),
    "a study without any": (
        {"study_id": ["A", "B"]}, {"toxicities": toxicities_of(("S01", "CRS", 3, 2))},
        "no subject of study 'B' has a toxicity",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NOTED)
def test_what_may_be_is_noted(case):
    subjects, tables, note = NOTED[case]
    subjects = {"last_contact_day": 1000} | subjects
    assert note in notes_of(2, tables, **subjects)


def test_whole_days_of_a_short_study_are_days():
    assert notes_of(3, last_contact_day=[11, 24, 6]) == ""


class TestUnits:
    MAPPING = (
        '[study]\nname = "x"\nfile = "a.csv"\n[subjects.columns]\nsubject_id = "id"\n'
        'disease = "dx"\ntarget = "target"\nlast_contact_day = { column = "fu", unit = "months" }\n'
        '[subjects.constants]\nplatform = "CAR-T"\ncell_source = "autologous"\ninfused = true\n'
    )

    def read(self, path, rows, mapping="", **files):
        (path / "a.csv").write_text("id,dx,target,fu,rel\n" + "\n".join(rows) + "\n")
        (path / "study.toml").write_text(self.MAPPING + mapping)
        for name, text in files.items():
            (path / f"{name}.csv").write_text(text)
        return cs.read_study(path)

    WIDE = '[events.relapse]\ntime = { column = "rel", unit = "months" }\n'

    def test_months_of_a_wide_sheet(self, tmp_path):
        study = self.read(tmp_path, ["a,SLE,CD19,11.9,5.1", "b,SLE,CD19,24.0,"], self.WIDE)
        assert_allclose(study.events["time"], [5.1 * 30.4375, 24 * 30.4375])
        assert study.events["status"].tolist() == ["event", "censored"]

    LONG = (
        '[events]\nfile = "e.csv"\n[events.columns]\nsubject_id = "id"\nendpoint = "ep"\n'
        'status = "st"\ntime = { column = "t", unit = "months" }\n'
    )

    def test_the_print_of_both_is_allowed_for(self, tmp_path):
        # Both are the same day in truth: 11.9 to one decimal and 11.95 to two.
        table = "id,ep,st,t\na,relapse,event,11.95\nb,relapse,censored,24.04\n"
        study = self.read(tmp_path, ["a,SLE,CD19,11.9,", "b,SLE,CD19,24.0,"], self.LONG, e=table)
        end = study.subjects["last_contact_day"]
        assert_allclose(study.events["time"], end)
        assert_allclose(end, [11.95 * 30.4375, 24.04 * 30.4375])

    def test_more_than_the_print_is_refused(self, tmp_path):
        with pytest.raises(cs.CarstatsError, match=r"day 398\.731 is after the subject's last"):
            self.read(tmp_path, ["a,SLE,CD19,11.9,13.1", "b,SLE,CD19,24.0,"], self.WIDE)

    def test_the_others_in_a_mapping(self, tmp_path):
        table = "id,ep,st,t\na,relapse,event,20\n"
        mapping = self.LONG.replace('"e.csv"\n', '"e.csv"\nothers = "censored at last contact"\n')
        mapping = mapping.replace("months", "weeks")
        study = self.read(tmp_path, ["a,SLE,CD19,11.9,", "b,SLE,CD19,24.0,"], mapping, e=table)
        assert study.events["time"].tolist() == [140, 730.5]

    @pytest.mark.parametrize(
        ("mapping", "message"),
        [
            ('[events.relapse]\ntime = { column = "rel", unit = "moons" }\n', "unit 'moons'"),
            ('[events]\nothers = "yes"\n', "others is 'yes'"),
        ],
    )
    def test_a_wrong_word_is_named(self, tmp_path, mapping, message):
        with pytest.raises(cs.CarstatsError, match=message):
            self.read(tmp_path, ["a,SLE,CD19,11.9,"], mapping)

    def test_standard_tables_too(self, tmp_path):
        head = "subject_id,disease,target,platform,cell_source,last_contact_day\n"
        rows = "a,MG,CD19,CAR-T,autologous,400\nb,MG,CD19,CAR-T,autologous,300\n"
        (tmp_path / "subjects.csv").write_text(head + rows)
        (tmp_path / "events.csv").write_text("subject_id,endpoint,status,time\na,relapse,event,9\n")
        with pytest.raises(cs.CarstatsError, match="relapse has no censored row"):
            cs.read_study(tmp_path)
        (tmp_path / "study.toml").write_text('[events]\nothers = "censored at last contact"\n')
        assert cs.read_study(tmp_path).events["time"].tolist() == [9, 300]


def test_half_the_last_digit():
    assert printed_slack(["11.9", "24.0", None], 30.4375) == pytest.approx(1.521875)
    assert printed_slack([3.0, 12.0], 7) == 3.5
    assert whole_days(pd.Series([99.9999, 100.4]).to_numpy(), 0.01).tolist() == [100, 100.4]
    assert whole_days(pd.Series([99.9999]).to_numpy(), None).tolist() == [99.9999]


def test_days_rounded_from_months_by_hand_are_the_last_contact():
    events = events_of(("S01", "relapse", "censored", 1000.00002))
    study = cs.Study(subjects=subjects_table(1, last_contact_day=1000), events=events)
    assert study.events["time"].tolist() == [1000]
