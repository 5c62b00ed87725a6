"""A hospital's own sheet through its mapping: dates, terms, events, privacy and refusals."""

import copy
import datetime as dt
import re
import tomllib
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from carstats.data.formats.dates import NotADate, date_ordinal
from carstats.data.readers.reading import read_study
from carstats.data.settings.study_file import check_settings
from carstats.errors import CarstatsError

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "hospital"

BASE = {
    "study": {"infusion_date": "infused", "missing": ["-", "无", "不详"]},
    "subjects": {
        "columns": {"subject_id": "record", "disease": "dx", "last_contact_day": "last"},
        "constants": {"target": "CD19", "platform": "CAR-T", "cell_source": "auto"},
    },
}
ROW = {"record": "R1", "dx": "SLE", "infused": "2024-01-01", "last": "2024-12-31"}


def read(tmp_path, rows, **sections):
    """Read rows (dicts, filled up from ROW) with BASE and the sections laid over it."""
    rows = [{**ROW, "record": f"R{i}", **row} for i, row in enumerate(rows, start=1)]
    headings = list(dict.fromkeys(h for row in rows for h in row))
    book = openpyxl.Workbook()
    book.active.append(headings)
    for row in rows:
        book.active.append([row.get(h) for h in headings])
    book.save(tmp_path / "wide.xlsx")
    mapping = copy.deepcopy(BASE)
    for name, section in sections.items():
        mapping.setdefault(name, {})
        for key, value in section.items():
            old = mapping[name].get(key)
            merged = isinstance(value, dict) and isinstance(old, dict)
            mapping[name][key] = {**old, **value} if merged else value
    return read_study(tmp_path / "wide.xlsx", mapping)


def problems(caught):
    return [str(problem) for problem in caught.value.problems]


class TestDates:
    @pytest.mark.parametrize(
        "value",
        [
            dt.datetime(2024, 3, 5, 14, 30), dt.date(2024, 3, 5), pd.Timestamp("2024-03-05"),
            "2024/3/5", "2024-03-05", "2024.3.5", "2024年3月5日", "20240305", 20240305, 45356,
            45356.75, "45356", "45356.0", "2024-03-05 14:30", "2024-03-05T14:30:59.000Z",
            "2024/3/5 2:30:00 PM", "２０２４／３／５", "05MAR2024", "5-Mar-2024",
        ],
    )  # fmt: skip
    def test_accepted(self, value):
        assert date_ordinal(value) == dt.date(2024, 3, 5).toordinal()

    @pytest.mark.parametrize(
        ("value", "order", "expected"),
        [
            ("25/12/2024", "dmy", (2024, 12, 25)),
            ("12/25/2024", "mdy", (2024, 12, 25)),
            ("3.4.2024", "dmy", (2024, 4, 3)),
            ("2024-04-03", "dmy", (2024, 4, 3)),
        ],
    )
    def test_order(self, value, order, expected):
        assert date_ordinal(value, order) == dt.date(*expected).toordinal()

    @pytest.mark.parametrize(
        ("value", "order", "message"),
        [
            ("3/4/2024", None, "may have the day or the month first"),
            ("25/12/2024", None, "may have the day or the month first"),
            ("25/12/2024", "mdy", "no day of the calendar"),
            ("2024-03", None, "partial date"),
            ("2024年3月", None, "partial date"),
            ("2024-02-30", None, "no day of the calendar"),
            ("20241301", None, "no day of the calendar"),
            ("1900-01-01", None, "outside 1950 to 2100"),
            ("2204-01-01", None, "outside 1950 to 2100"),
            ("24/3/5", None, "two digits"),
            (120, None, "is a number among dates"),
            (float("inf"), None, "is a number among dates"),
            ("soon", None, "is not a date"),
            (dt.time(3, 4), None, "is not a date"),
        ],
    )
    def test_refused(self, value, order, message):
        with pytest.raises(NotADate, match=message):
            date_ordinal(value, order)

    def test_mixed_column_and_latest_of_several(self, tmp_path):
        study = read(
            tmp_path,
            [
                {"last": "2024/2/1", "seen": 45300},
                {"last": 45323, "seen": "2024年3月1日"},
                {"last": 45330},
            ],
            subjects={"columns": {"last_contact_day": ["last", "seen"]}},
        )
        assert list(study.subjects["last_contact_day"]) == [31, 60, 38]

    def test_days_stay_days(self, tmp_path):
        study = read(tmp_path, [{"last": 40}, {"last": "50.0"}])
        assert list(study.subjects["last_contact_day"]) == [40, 50]

    def test_bad_cells_are_named(self, tmp_path):
        rows = [
            {"last": "2024/5/1"},
            {"last": "2024-03"},
            {"last": 12},
            {"last": "3/4/2024"},
            {"last": "x"},
        ]
        with pytest.raises(CarstatsError) as caught:
            read(tmp_path, rows)
        text = problems(caught)
        assert "wide.xlsx, row 3, `last`: '2024-03' is a partial date" in text[0]
        assert "row 4, `last`: '12' is a number among dates" in text[1]
        assert 'date_order = "dmy"' in text[2]
        assert "row 6, `last`: 'x' is not a date" in text[3]

    def test_infusion_date_is_a_date(self, tmp_path):
        with pytest.raises(CarstatsError, match="row 2, `infused`: '10' is a number among dates"):
            read(tmp_path, [{"infused": 10}])
        with pytest.raises(CarstatsError, match=r"row 3, `infused`: is missing.* enrolment_date"):
            read(tmp_path, [{}, {"infused": None}])

    def test_dates_need_an_infusion_date(self, tmp_path):
        (tmp_path / "wide.csv").write_text("record,dx,last\nR1,SLE,2024-01-01\n")
        mapping = {k: v for k, v in BASE.items() if k != "study"}
        with pytest.raises(CarstatsError, match=r"holds calendar dates.*\[study\] infusion_date"):
            read_study(tmp_path, mapping)

    def test_never_infused(self, tmp_path):
        rows = [{"enrolled": "2023-12-20"}, {"infused": "-", "enrolled": "2024-11-01"}]
        study = read(
            tmp_path, rows, study={"enrolment_date": "enrolled", "cutoff_date": "2024-12-31"}
        )
        assert list(study.subjects["infused"]) == [True, False]
        assert list(study.subjects["enrolment_day"]) == [-12, 0]
        assert list(study.subjects["last_contact_day"]) == [365, 60]
        assert list(study.subjects["cutoff_day"]) == [365, 60]
        assert list(study.infusions["subject_id"]) == ["S001"]

    def test_cutoff_by_heading_and_toml_date(self, tmp_path):
        for cutoff in ("cut", dt.date(2024, 1, 31)):
            study = read(tmp_path, [{"cut": "2024/1/31"}], study={"cutoff_date": cutoff})
            assert study.subjects["cutoff_day"][0] == 30
        with pytest.raises(CarstatsError, match="cutoff_date 'ctu' is no heading"):
            read(tmp_path, [{}], study={"cutoff_date": "ctu"})

    def test_nothing_untrue_is_added(self, tmp_path):
        rows = [{"infused": "Jan 1 2024", "rel": "2024-02-01", "g": 1}, {}]
        with pytest.raises(CarstatsError) as caught:
            read(
                tmp_path,
                rows,
                events={"relapse": {"date": "rel"}},
                toxicities={"CRS": {"grade": "g", "onset": "rel"}},
            )
        assert problems(caught) == [
            "wide.xlsx, row 2, `infused`: 'Jan 1 2024' is not a date. Write it as 2024-03-05; a"
            " sign for missing belongs under [study] missing."
        ]
        with pytest.raises(CarstatsError, match="row 2, `seen`: 'soon' is neither") as caught:
            read(
                tmp_path,
                [{"last": None, "seen": "soon"}, {}],
                subjects={"columns": {"last_contact_day": ["last", "seen"]}},
            )
        assert len(caught.value.problems) == 1

    def test_day_and_month_are_one_cause_and_the_order_is_told(self, tmp_path):
        rows = [{"last": "5/6/2024"}, {"last": "25/12/2024"}, {"last": "6/7/2024"}]
        with pytest.raises(CarstatsError) as caught:
            read(tmp_path, rows)
        assert problems(caught) == [
            "wide.xlsx, 3 rows (2, 3, 4), `last`: '5/6/2024' may have the day or the month first."
            ' Say so under [study]: date_order = "dmy"; the other order does not fit.'
        ]

    def test_years_are_no_days(self, tmp_path):
        with pytest.raises(CarstatsError, match="`last`: holds years"):
            read(tmp_path, [{"last": 2024}, {"last": 2023}])

    def test_numbers_that_were_taken_for_dates_are_noted(self, tmp_path):
        notes = read(tmp_path, [{"last": 45657}, {}]).notes
        assert any("1 date is a plain number, counted from 1900" in note for note in notes)


class TestSubjects:
    def test_recodes_before_aliases_and_missing(self, tmp_path):
        study = read(
            tmp_path,
            [{"dx": "sle 合并LN", "s": "男"}, {"dx": "硬皮病", "s": "0"}, {"dx": "SLE", "s": "-"}],
            subjects={
                "columns": {"sex": "s"},
                "values": {"disease": {"SLE合并LN": "SLE"}, "sex": {"0": "F"}},
            },
        )
        assert list(study.subjects["disease"]) == ["SLE", "SSc", "SLE"]
        assert study.subjects["sex"].tolist() == ["M", "F", None]

    def test_column_with_a_condition(self, tmp_path):
        study = read(
            tmp_path,
            [{"dead": "Y"}, {"dead": "N"}],
            subjects={"columns": {"death_day": {"column": "last", "where": {"dead": "Y"}}}},
        )
        assert study.subjects["death_day"].tolist()[0] == 365
        assert study.subjects["death_day"].isna().tolist() == [False, True]

    def test_death_stands_for_a_blank_last_contact(self, tmp_path):
        study = read(
            tmp_path,
            [{"last": None, "died": "2024-01-11"}],
            subjects={"columns": {"death_day": "died"}},
        )
        assert study.subjects["last_contact_day"][0] == 10
        assert any("have that of their death" in note for note in study.notes)

    def test_own_columns(self, tmp_path):
        columns = {"ecog": "E", "biopsy_day": "B"}
        study = read(tmp_path, [{"E": 1, "B": "2023-12-31"}], subjects={"columns": columns})
        assert study.subjects["ecog"][0] == 1
        assert study.subjects["biopsy_day"][0] == -1
        with pytest.raises(CarstatsError, match=r"`B`: holds calendar dates.*biopsy_day"):
            read(tmp_path, [{"B": "2023/12/31"}], subjects={"columns": {"biopsy": "B"}})

    def test_own_terms_and_terms_from_the_data(self, tmp_path):
        rows = [{"dx": "Odd", "t": "CD7"}]
        sections = {
            "subjects": {"columns": {"target": "t"}, "constants": {}},
            "vocabulary": {"disease": ["Odd"], "target": "from data"},
        }
        study = read(tmp_path, rows, **sections)
        assert study.subjects["target"][0] == "CD7"
        assert "CD7" in study.vocabulary.names("target")
        del sections["vocabulary"]
        with pytest.raises(CarstatsError, match=r"row 2, `dx`: 'Odd' is not one of"):
            read(tmp_path, rows, **sections)


class TestPrivacy:
    def test_only_mapped_columns_and_pseudonyms(self, tmp_path):
        study = read(tmp_path, [{"name": "Zhang"}, {"name": "Li"}])
        assert list(study.subjects["subject_id"]) == ["S001", "S002"]
        text = " ".join(str(study.tables())) + " ".join(study.notes)
        assert "Zhang" not in text
        assert "R1" not in text
        assert any("1 of 5 columns are not mapped" in note for note in study.notes)

    def test_identifiers_kept_on_request(self, tmp_path):
        study = read(tmp_path, [{}], study={"pseudonymise": False})
        assert study.subjects["subject_id"][0] == "R1"

    def test_problems_do_not_print_identifiers(self, tmp_path):
        rows = [
            {"record": "SECRET", "name": "Zhang"},
            {"record": "SECRET", "last": "x", "name": "Li"},
        ]
        with pytest.raises(CarstatsError) as caught:
            read(tmp_path, rows)
        text = str(caught.value)
        assert "row 3, `record`: has the same subject as row 2" in text
        assert "SECRET" not in text
        assert "Zhang" not in text

    def test_missing_identifier(self, tmp_path):
        with pytest.raises(CarstatsError, match="row 3, `record`: is missing"):
            read(tmp_path, [{}, {"record": None}])


RELAPSE = {"events": {"relapse": {"date": "relapse", "censor": "visit"}}}
DEATH = {"subjects": {"columns": {"death_day": "died"}}}


def events(study, endpoint="relapse"):
    frame = study.events[study.events["endpoint"] == endpoint]
    return [
        (s, t, c) for s, t, c in zip(frame["status"], frame["time"], frame["cause"], strict=True)
    ]


class TestEvents:
    def test_event_censored_and_competing_death(self, tmp_path):
        rows = [
            {"relapse": "2024-03-01", "visit": "2024-06-01"},
            {"relapse": "无", "visit": "2024-06-01"},
            {"visit": "2024-06-01", "died": "2024-12-31"},
            {"relapse": "2024-03-01", "visit": "2024-03-01", "died": "2024-12-31"},
        ]
        study = read(tmp_path, rows, **RELAPSE, **DEATH)
        expected = [("event", 60, None), ("censored", 152, None)]
        assert events(study) == [*expected, ("competing", 365, "death"), ("event", 60, None)]
        free = events(study, "relapse_free_survival")
        assert free == [*expected, ("event", 365, None), ("event", 60, None)]
        assert any("death without a relapse competes" in note for note in study.notes)
        assert any("relapse_free_survival was made" in note for note in study.notes)

    def test_without_death_no_relapse_free_survival(self, tmp_path):
        study = read(tmp_path, [{"relapse": "2024-03-01", "visit": "2024-06-01"}], **RELAPSE)
        assert study.endpoints("time-to-event") == ["relapse"]
        assert any("relapse_free_survival was not made" in note for note in study.notes)

    def test_relapse_free_survival_as_mapped(self, tmp_path):
        sections = {
            "events": {"relapse_free_survival": {"date": ["relapse", "died"], "censor": "visit"}}
        }
        rows = [
            {"relapse": "2024-03-01", "died": "2024-12-31", "visit": None},
            {"visit": "2024-02-01"},
        ]
        study = read(tmp_path, rows, **sections, **DEATH)
        assert events(study, "relapse_free_survival") == [
            ("event", 60, None),
            ("censored", 31, None),
        ]

    def test_earliest_competing_event(self, tmp_path):
        spec = {"date": "relapse", "competing": {"death": "died", "re-infusion": "second"}}
        rows = [
            {"second": "2024-02-01", "died": "2024-12-31"},
            {"second": "2024-02-01", "relapse": "2024-01-31"},
            {"second": "2024-02-01", "relapse": "2024-02-01"},
        ]
        study = read(tmp_path, rows, events={"relapse": spec}, **DEATH)
        assert events(study) == [
            ("competing", 31, "re-infusion"),
            ("event", 30, None),
            ("event", 31, None),
        ]

    def test_last_visit_without_the_event(self, tmp_path):
        spec = {"date": "relapse", "low": "low", "censor": "visit"}
        rows = [
            {"relapse": "2024-03-01", "low": "2024-02-01"},
            {"relapse": "2024-03-01", "low": "2023-12-01"},
            {"visit": "2024-06-01"},
        ]
        study = read(tmp_path, rows, events={"relapse": spec})
        assert study.events["time_low"].tolist() == [31, 0, 152]
        assert study.events["time_high"].fillna(-1).tolist() == [60, 60, -1]
        rows[0]["low"] = "2024-03-01"
        with pytest.raises(CarstatsError, match="row 2, `low`: day 60 is not before the event"):
            read(tmp_path, rows, events={"relapse": spec})

    def test_no_assessment_is_censored_at_0_and_counted(self, tmp_path):
        study = read(
            tmp_path, [{"visit": None, "relapse": None}, {"visit": "2023-12-30"}], **RELAPSE
        )
        assert events(study) == [("censored", 0, None)] * 2
        assert any("2 subjects without an event" in note for note in study.notes)

    def test_contradictions(self, tmp_path):
        rows = [
            {"relapse": "2023-12-01", "visit": "2024-06-01"},
            {"visit": "2025-06-01"},
            {"relapse": "2025-06-01", "visit": "2024-06-01"},
        ]
        with pytest.raises(CarstatsError) as caught:
            read(tmp_path, rows, **RELAPSE)
        text = "\n".join(problems(caught))
        assert "row 2, `relapse`: is 31 days before the first infusion" in text
        assert "row 3, `visit`: day 517 is after the subject's last contact on day 365" in text
        assert "row 4, `relapse`: day 517 is after" in text
        assert "a list of headings for last_contact_day takes the latest" in text

    def test_time_and_status(self, tmp_path):
        spec = {
            "time": {"column": "t", "unit": "days"},
            "status": "s",
            "values": {"1": "event", "0": "censored", "2": "competing"},
        }
        study = read(
            tmp_path,
            [{"t": 5, "s": 1}, {"t": 9, "s": 0}, {"t": 8, "s": 2}],
            events={"relapse": spec},
        )
        assert [e[:2] for e in events(study)] == [("event", 5), ("censored", 9), ("competing", 8)]
        with pytest.raises(
            CarstatsError, match=r"row 2, `s`: '7' is not a status|row 2, `s`: 7 is not a status"
        ):
            read(tmp_path, [{"t": 5, "s": 7}], events={"relapse": spec})
        with pytest.raises(CarstatsError, match="row 2, `s`: is missing"):
            read(tmp_path, [{"t": 5, "s": None}], events={"relapse": spec})

    def test_never_infused_have_no_row(self, tmp_path):
        rows = [
            {"visit": "2024-02-01", "enrolled": "2023-12-01", "relapse": None},
            {"infused": None, "enrolled": "2024-12-01"},
        ]
        study = read(tmp_path, rows, study={"enrolment_date": "enrolled"}, **RELAPSE)
        assert len(study.events) == 1


class TestWide:
    @pytest.mark.parametrize(
        ("cell", "grade"),
        [(2, 2), ("2", 2), ("2级", 2), ("G2", 2), ("Grade 2", 2), ("II", 2), ("Ⅱ级", 2), (2.0, 2),
         ("CTCAE 3级", 3), ("0", None), ("无", None), ("否", None), ("0级", None), (None, None)],
    )  # fmt: skip
    def test_grades(self, tmp_path, cell, grade):
        study = read(tmp_path, [{"g": cell}, {"g": 1}], toxicities={"CRS": {"grade": "g"}})
        assert study.toxicities["grade"].tolist() == ([] if grade is None else [grade]) + [1]

    @pytest.mark.parametrize(
        "cell", ["7", "1-2级", "有", "≥3", "severe", "-3", "−1", "I-II", "Ⅰ~Ⅱ级", "1/2", -2, 2.5]
    )
    def test_bad_grades(self, tmp_path, cell):
        with pytest.raises(CarstatsError, match=r"row 2, `g`: .* is not a grade from 0 to 5"):
            read(tmp_path, [{"g": cell}], toxicities={"CRS": {"grade": "g"}})

    def test_episodes(self, tmp_path):
        spec = {"grade": "g", "onset": "on", "resolution": "off", "grading_scale": "ASTCT"}
        rows = [
            {"g": 1, "on": "2024-01-03", "off": "2024-01-05"},
            {"g": None},
            {"g": "不详"},
            {"g": "无"},
        ]
        study = read(tmp_path, rows, toxicities={"CRS": spec})
        table = study.toxicities
        assert table[["onset_day", "resolution_day", "grade"]].to_numpy()[0].tolist() == [2, 4, 1]
        assert table["grading_scale"][0] == "ASTCT"
        # "not known" is neither an episode nor none; an empty cell is none, and so is "none".
        assert table["subject_id"].tolist() == ["S001", "S003"]
        assert table["grade_at_least"].tolist()[1] == 0
        assert any("1 of 4 cells of `g` are blank" in n for n in study.notes)
        assert any("1 of 4 subjects are not known" in n for n in study.notes)

    def test_blank_may_be_not_known(self, tmp_path):
        spec = {"grade": "g", "blank": "unknown"}
        study = read(tmp_path, [{"g": 1}, {"g": None}, {"g": 0}], toxicities={"CRS": spec})
        assert study.toxicities["grade_at_least"].isin([0]).tolist() == [False, True]
        with pytest.raises(CarstatsError, match="blank is 'no'"):
            read(tmp_path, [{"g": 1}], toxicities={"CRS": spec | {"blank": "no"}})

    def test_nobody_had_it_is_an_empty_table(self, tmp_path):
        study = read(tmp_path, [{"g": 0}], toxicities={"CRS": {"grade": "g"}})
        assert len(study.toxicities) == 0

    def test_episode_contradictions(self, tmp_path):
        spec = {"grade": "g", "onset": "on", "resolution": "off"}
        rows = [
            {"g": 0, "on": "2024-01-03"},
            {"g": 1, "on": "2024-01-03", "off": "2024-01-02"},
            {"g": 1, "on": "2025-01-03"},
        ]
        with pytest.raises(CarstatsError) as caught:
            read(tmp_path, rows, toxicities={"CRS": spec})
        text = "\n".join(problems(caught))
        assert "row 2, `g`: says there was no episode, and another column describes one" in text
        assert "row 3, `off`: day 1 is before the onset on day 2" in text
        assert "row 4, `on`: day 368 is after the subject's last contact" in text

    def test_present(self, tmp_path):
        rows = [{"p": "有"}, {"p": "无"}, {"p": None}]
        study = read(tmp_path, rows, toxicities={"infection": {"present": "p"}})
        assert study.toxicities["subject_id"].tolist() == ["S001"]
        with pytest.raises(CarstatsError, match="row 2, `p`: 'maybe' is neither yes nor no"):
            read(tmp_path, [{"p": "maybe"}], toxicities={"infection": {"present": "p"}})

    def test_responses(self, tmp_path):
        spec = {"remission": {"columns": {"m3": 91, "m6": 182, "m12": 365}}}
        rows = [
            {"m3": "达到", "m6": "未达到", "m12": "Y"},
            {"m3": 1, "m6": "否", "m12": None, "last": "2024-06-25"},
            {"m3": True, "m6": "无"},
        ]
        study = read(tmp_path, rows, responses=spec)
        frame = study.responses
        assert frame["response"].tolist() == [True, False, True, True, False, True]
        # The visit planned for day 182 was held before; the last contact is day 176.
        assert frame["day"].tolist() == [91, 182, 365, 91, 176, 91]
        assert any("1 values of a visit planned" in note for note in study.notes)
        rows[1]["last"] = "2024-03-25"
        with pytest.raises(CarstatsError, match="row 3, `m6`: day 182 is after"):
            read(tmp_path, rows, responses=spec)

    def test_none_means_no_beside_yes(self, tmp_path):
        spec = {"remission": {"columns": {"m3": 91}}}
        frame = read(tmp_path, [{"m3": "有"}, {"m3": "无"}], responses=spec).responses
        assert frame["response"].tolist() == [True, False]

    def test_responses_recoded_and_dated(self, tmp_path):
        spec = {
            "remission": {"columns": {"eff": "effdate"}},
            "values": {"response": {"CR": True, "PR": False}},
        }
        study = read(
            tmp_path,
            [{"eff": "CR", "effdate": "2024-04-01"}, {"eff": "PR", "effdate": 45383}],
            responses=spec,
        )
        assert study.responses["response"].tolist() == [True, False]
        assert study.responses["day"].tolist() == [91, 91]
        with pytest.raises(
            CarstatsError, match="row 2, `effdate`: is blank, but `eff` has a value"
        ):
            read(tmp_path, [{"eff": "CR", "effdate": None}], responses=spec)

    def test_assessments(self, tmp_path):
        spec = {"SLEDAI-2K": {"columns": {"b": -7, "m6": 182}, "unit": "points"}}
        frame = read(
            tmp_path, [{"b": 12, "m6": "3"}, {"b": "-", "m6": 0}], assessments=spec
        ).assessments
        assert frame[["day", "value"]].to_numpy().tolist() == [[-7, 12], [182, 3], [182, 0]]
        with pytest.raises(CarstatsError, match="row 2, `b`: '<5' is not a number"):
            read(tmp_path, [{"b": "<5", "m6": 1}], assessments=spec)

    def test_medications(self, tmp_path):
        base = {"drug_class": "glucocorticoid", "stop": "off"}
        rows = [
            {"off": "2024-03-01", "on": "是"},
            {"off": "-", "on": "是"},
            {"off": None, "on": "否"},
        ]
        frame = read(
            tmp_path, rows, medications={"prednisone": {**base, "present": "on"}}
        ).medications
        assert frame["stop_day"].fillna(-1).tolist() == [60, -1]
        study = read(tmp_path, rows, medications={"prednisone": base})
        assert len(study.medications) == 3
        assert any("2 subjects without a stop date" in note for note in study.notes)
        rows[2]["off"] = "2024-03-01"
        with pytest.raises(CarstatsError, match="row 4, `on`: says no, but"):
            read(tmp_path, rows, medications={"prednisone": {**base, "present": "on"}})

    def test_infusions(self, tmp_path):
        spec = {"1": {"dose": "d"}, "2": {"date": "second", "planned": False}}
        frame = read(
            tmp_path, [{"second": "2024-06-01", "d": 1.5}, {"d": 2}], infusions=spec
        ).infusions
        assert frame["day"].tolist() == [0, 152, 0]
        assert frame["planned"].tolist() == [True, False, True]
        assert frame["dose"].fillna(-1).tolist() == [1.5, -1, 2]


class TestLong:
    REDCAP = (
        "record_id,redcap_repeat_instrument,infusion_date,dx,target,last_seen,ae_term,ae_grade,ae_start\n"
        "1,,2024-01-01,SLE,CD19,2024-12-31,,,\n"
        "1,ae,,,,,CRS,2,2024-01-03\n"
        "1,ae,,,,,infection,0,2024-02-01\n"
        "2,,2024-02-01,SSc,BCMA,2024-12-31,,,\n"
        "2,ae,,,,,cytokine release syndrome,Grade 1,2024-02-02\n"
    )
    MAPPING = """
        [study]
        infusion_date = "infusion_date"
        [subjects]
        where = { redcap_repeat_instrument = "" }
        [subjects.columns]
        subject_id = "record_id"
        disease = "dx"
        last_contact_day = "last_seen"
        [subjects.constants]
        platform = "CAR-T"
        cell_source = "autologous"
        [toxicities]
        where = { redcap_repeat_instrument = "ae" }
        [toxicities.columns]
        term = "ae_term"
        grade = "ae_grade"
        onset_day = "ae_start"
        [toxicities.constants]
        grading_scale = "ASTCT"
    """

    def test_redcap(self, tmp_path):
        (tmp_path / "export.csv").write_text(self.REDCAP)
        (tmp_path / "study.toml").write_text(self.MAPPING)
        study = read_study(tmp_path)
        assert study.subjects["target"].tolist() == ["CD19", "BCMA"]
        frame = study.toxicities[["subject_id", "term", "grade", "onset_day"]]
        assert frame.to_numpy().tolist() == [["S001", "CRS", 2, 2], ["S002", "CRS", 1, 1]]
        assert any("1 rows of grade 0" in note for note in study.notes)
        assert read_study(tmp_path / "export.csv").fingerprint == study.fingerprint

    def test_unknown_subject(self, tmp_path):
        (tmp_path / "export.csv").write_text(self.REDCAP)
        (tmp_path / "ae.csv").write_text(
            "record_id,ae_term,ae_grade,ae_start\n77,CRS,1,2024-01-02\n"
        )
        text = self.MAPPING.replace(
            'where = { redcap_repeat_instrument = "ae" }', 'file = "ae.csv"'
        )
        text = text.replace("[study]", '[study]\nfile = "export.csv"')
        (tmp_path / "study.toml").write_text(text)
        with pytest.raises(
            CarstatsError, match=r"ae.csv, row 2, `record_id`: names a subject that"
        ) as c:
            read_study(tmp_path)
        assert "77" not in str(c.value)

    def test_rows_of_subjects_left_out_go_too(self, tmp_path):
        (tmp_path / "export.csv").write_text(self.REDCAP)
        where = 'where = { redcap_repeat_instrument = "", dx = "SLE" }'
        text = self.MAPPING.replace('where = { redcap_repeat_instrument = "" }', where, 1)
        (tmp_path / "study.toml").write_text(text)
        study = read_study(tmp_path)
        assert len(study.subjects) == len(study.toxicities) == 1
        assert any("1 rows of 1 subjects that [subjects] where" in note for note in study.notes)

    def test_other_files_long_and_wide_together(self, tmp_path):
        (tmp_path / "main.csv").write_text(
            "id,dx,t0,last,crs\n1,SLE,2024-01-01,2024-12-31,2\n2,SLE,2024-01-01,2024-12-31,0\n"
        )
        (tmp_path / "ae.csv").write_text("patient,what,when,severity\n2,感染,2024-02-01,mild\n")
        (tmp_path / "visits.csv").write_text("id,m3\n2,yes\n1,no\n")
        mapping = tomllib.loads("""
            [study]
            file = "main.csv"
            infusion_date = "t0"
            [subjects.columns]
            subject_id = "id"
            disease = "dx"
            last_contact_day = "last"
            [subjects.constants]
            target = "CD19"
            platform = "CAR-T"
            cell_source = "autologous"
            [toxicities]
            file = "ae.csv"
            [toxicities.columns]
            subject_id = "patient"
            term = "what"
            onset_day = "when"
            [toxicities.CRS]
            grade = "crs"
            [responses]
            file = "visits.csv"
            [responses.remission]
            columns = { m3 = 91 }
        """)
        study = read_study(tmp_path, mapping)
        assert set(zip(study.toxicities["subject_id"], study.toxicities["term"], strict=True)) == {
            ("S001", "CRS"),
            ("S002", "infection"),
        }
        assert study.responses.set_index("subject_id")["response"].to_dict() == {
            "S001": False,
            "S002": True,
        }

    def test_events_by_date_from_an_origin(self, tmp_path):
        (tmp_path / "main.csv").write_text(
            "subject_id,disease,t0,last\n1,SLE,2024-01-01,2024-12-31\n"
        )
        (tmp_path / "events.csv").write_text(
            "id,what,when,from,code\n1,DoR,2024-06-01,2024-02-01,0\n"
        )
        mapping = tomllib.loads("""
            [study]
            file = "main.csv"
            infusion_date = "t0"
            [subjects.columns]
            last_contact_day = "last"
            [subjects.constants]
            target = "CD19"
            platform = "CAR-T"
            cell_source = "autologous"
            [events.columns]
            subject_id = "id"
            endpoint = "what"
            status = "code"
            date = "when"
            origin_day = "from"
            [events.values.status]
            0 = "event"
        """)
        study = read_study(tmp_path, mapping)
        row = study.events.iloc[0]
        assert (row["endpoint"], row["status"]) == ("duration_of_response", "event")
        assert (row["time"], row["origin_day"]) == (121, 31)
        assert row["subject_id"] == "1"


class TestRefusedMappings:
    @pytest.mark.parametrize(
        ("sections", "message"),
        [
            ({"study": {"infusion_dat": "x"}}, "Did you mean 'infusion_date'"),
            ({"study": {"date_order": "ydm"}}, "date_order is 'ydm'"),
            ({"study": {"header_row": "2"}}, "header_row is '2'; it takes a whole number"),
            ({"study": {"header_row": 0}}, "header_row is 0; the first row is 1"),
            ({"toxicites": {}}, "Did you mean 'toxicities'"),
            (
                {"toxicities": {"CSR": {"grade": "dx"}}},
                "'CSR' is not in the vocabulary. Did you mean",
            ),
            ({"toxicities": {"CRS": {"grad": "dx"}}}, "Did you mean 'grade'"),
            ({"toxicities": {"CRS": {"onset": "dx"}}}, "needs grade or present or severity"),
            ({"toxicities": {"fiel": "x"}}, "Did you mean 'file'"),
            ({"events": {"relapse": {"censor": "last"}}}, "needs date or time"),
            ({"events": {"relapse": {"date": "last", "status": "dx"}}}, "a status but no time"),
            ({"events": {"relapse": {"date": []}}}, "takes a heading"),
            ({"medications": {"x": {"stop": "last"}}}, "needs drug_class"),
            ({"infusions": {"second": {"date": "last"}}}, "an infusion has a number"),
            (
                {"subjects": {"columns": {"last_contact_dya": "last"}}},
                "Did you mean 'last_contact_day'",
            ),
            ({"subjects": {"columns": {"age": 3}}}, r"\[subjects.columns\] age takes a heading"),
            ({"subjects": {"values": {"sex": "x"}}}, "takes pairs"),
            ({"vocabulary": {"diseases": ["x"]}}, "Did you mean 'disease'"),
            ({"vocabulary": {"endpoint": ["x"]}}, "does not say of what kind"),
            ({"vocabulary": {"disease": "x"}}, "takes a list of terms"),
            ({"vocabulary": {"disease": [{"nam": "x"}]}}, "is no term"),
            (
                {"subjects": {"columns": {"age": "Age"}}},
                "has no heading 'Age', .* It has: 'record'",
            ),
            ({"subjects": {"columns": {"age": "twice"}}}, "'twice' stands 2 times"),
            ({"study": {"sheet": "Nope"}}, "has no sheet 'Nope'. It has: 'Sheet'"),
            ({"study": {"file": "nope.xlsx"}}, r"nope\.xlsx: does not exist"),
        ],
    )
    def test_refused(self, tmp_path, sections, message):
        with pytest.raises(CarstatsError, match=message):
            read(tmp_path, [{"twice": 1, "twice ": 2}], **sections)

    def test_formulas_matter_in_mapped_columns_only(self, tmp_path):
        book = openpyxl.Workbook()
        book.active.append([*ROW, "remark"])
        book.active.append([*ROW.values(), "=1+1"])
        book.save(tmp_path / "wide.xlsx")
        assert len(read_study(tmp_path, BASE).subjects) == 1
        book.active["D2"] = "=TODAY()"
        book.save(tmp_path / "wide.xlsx")
        with pytest.raises(
            CarstatsError, match="row 2, `last`: '=TODAY\\(\\)' is a formula without"
        ):
            read_study(tmp_path, BASE)

    def test_a_heading_is_found_whatever_its_spelling(self, tmp_path):
        study = read(
            tmp_path, [{"Weight (kg)\u200b": 70}], subjects={"columns": {"weight_kg": "weight(KG)"}}
        )
        assert study.subjects["weight_kg"].tolist() == [70]
        with pytest.raises(CarstatsError, match=r"no heading 'Wieght'.* The nearest is 'Weight'"):
            read(tmp_path, [{"Weight": 70}], subjects={"columns": {"weight_kg": "Wieght"}})

    def test_mappings_that_are_none(self, tmp_path):
        for sections, said in [
            ({"toxicities": {"values": "x"}}, "values is 'x'; it takes a table"),
            ({"subjects": {"constants": {"platform": ["x"]}}}, "platform is .* takes one value"),
            ({"subjects": {"values": {"sex": {"1": ["M"]}}}}, "sex. 1 is .* takes one value"),
            ({"study": {"name": "\ud800"}}, "holds half of a character"),
            ({"study": {"delimiter": ";;"}}, "it is one character"),
            ({"subjects": {"constants": {"age": 10**400}}}, "no number that a study holds"),
            ({"responses": {"remission": {"columns": {"m3": float("nan")}}}}, "nan is no number"),
            ({"study": {"epoch": 1901}}, "epoch is 1901; allowed: '1900', '1904'"),
        ]:
            with pytest.raises(CarstatsError, match=said):
                read(tmp_path, [{}], **sections)

    def test_a_mapping_that_is_nearly_called_so(self, tmp_path):
        (tmp_path / "Study.toml").write_text("[study]\n")
        (tmp_path / "subjects.csv").write_text("x\n1\n")
        with pytest.raises(CarstatsError, match=r"Study.toml: is not read. Is it the mapping\?"):
            read_study(tmp_path)

    def test_which_file(self, tmp_path):
        (tmp_path / "a.csv").write_text("x\n1\n")
        (tmp_path / "b.csv").write_text("x\n1\n")
        with pytest.raises(
            CarstatsError, match=r"Name it under \[study\] file. The folder has: 'a.csv'"
        ):
            read_study(tmp_path, BASE)

    def test_chinese_toml_without_quotation_marks(self, tmp_path):
        (tmp_path / "study.toml").write_text(
            "[subjects.values.sex]\n男 = 'M'\n", encoding="gb18030"
        )
        with pytest.raises(
            CarstatsError, match=r"is not TOML: .*line 2.* stands in quotation marks"
        ):
            read_study(tmp_path)


class TestExample:
    def test_hospital_sheet(self):
        study = read_study(EXAMPLE)
        subjects = study.subjects
        assert len(subjects) == 12
        assert subjects["infused"].sum() == 11
        assert subjects["disease"].value_counts().to_dict() == {
            "SLE": 6,
            "SSc": 3,
            "IIM": 2,
            "MG": 1,
        }
        relapse = study.events[study.events["endpoint"] == "relapse"]
        assert relapse["status"].value_counts().to_dict() == {
            "censored": 8,
            "event": 2,
            "competing": 1,
        }
        crs = study.toxicities[study.toxicities["term"] == "CRS"]
        assert sorted(crs["grade"]) == [1, 1, 1, 1, 2, 2, 2, 3]
        assert "EX0001" not in str(study.tables())
        assert "示例" not in str(study.tables())

    def test_a_day_worked_out_by_hand(self):
        study = read_study(EXAMPLE)
        # S004: infusion as the serial number 45042 (26 April 2023), last assessment 45616.
        row = study.events[
            (study.events["subject_id"] == "S004") & (study.events["endpoint"] == "relapse")
        ]
        assert row["time"].tolist() == [45616 - 45042]
        crs = study.toxicities[study.toxicities["subject_id"] == "S004"].iloc[0]
        assert (crs["onset_day"], crs["resolution_day"]) == (3, 5)


class TestGuide:
    """The guide's mappings are ones that carstats takes."""

    def blocks(self):
        text = (EXAMPLE.parents[1] / "own-data.md").read_text(encoding="utf-8")
        return [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", text, re.S)]

    def test_every_block_is_a_mapping(self):
        blocks = self.blocks()
        text = (EXAMPLE.parents[1] / "own-data.md").read_text(encoding="utf-8")
        assert len(blocks) == text.count("```toml") > 4
        for block in blocks:
            assert check_settings(block, adam=True).data == block

    def test_the_wide_example_is_the_committed_one(self):
        committed = tomllib.loads((EXAMPLE / "study.toml").read_text(encoding="utf-8"))
        assert committed in self.blocks()


@pytest.mark.parametrize("sign", ["\u202e", "\u2067", "\n", "\x07"])
def test_names_hold_no_sign_that_turns_or_breaks_the_words_after_them(sign):
    given = {
        "study": {"name": f"a{sign}b"},
        "vocabulary": {"disease": [{"name": "X", "label": f"c{sign}d"}, f"e{sign}f"]},
    }
    with pytest.raises(CarstatsError) as caught:
        check_settings(given)
    assert str(caught.value).count("characters that cannot be seen") == 3
    assert ascii(f"a{sign}b") in str(caught.value)
    check_settings({"study": {"name": "研究\u3000甲 👩\u200d⚕️ é"}})
