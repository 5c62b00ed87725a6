"""A sheet with a row per visit: measures, yes and no, and doses, to the study tables."""

import copy

import openpyxl
import pytest

from carstats.data.readers.reading import read_study
from carstats.errors import CarstatsError

SUBJECTS = [
    ["id", "dx", "infused", "last", "died"],
    ["P1", "SLE", "2024-01-01", "2024-12-31", None],
    ["P2", "SSc", "2024-02-01", "2024-12-31", None],
]
MAPPING = {
    "study": {"file": "book.xlsx", "infusion_date": "infused"},
    "subjects": {
        "columns": {
            "subject_id": "id", "disease": "dx", "last_contact_day": "last", "death_day": "died",
        },
        "constants": {"target": "CD19", "platform": "CAR-T", "cell_source": "autologous"},
    },
}  # fmt: skip
DAYS = {"P1": ["2023-12-25", "2024-01-31", "2024-03-31", "2024-06-29"]}
# From the infusion of P1: -7, 30, 90, 180.


def read(tmp_path, columns, visits, subjects=SUBJECTS, **sections):
    """Read a workbook with the subjects and visits of P1 on days -7, 30, 90 and 180.

    `columns` are the cells of further columns of the visits, by heading.
    """
    book = openpyxl.Workbook()
    book.active.title = "subjects sheet"
    for row in subjects:
        book.active.append(row)
    sheet = book.create_sheet("visits sheet")
    sheet.append(["id", "date", *columns])
    for i, day in enumerate(DAYS["P1"]):
        sheet.append(["P1", day, *(cells[i] for cells in columns.values())])
    book.save(tmp_path / "book.xlsx")
    mapping = copy.deepcopy(MAPPING)
    for name, section in sections.items():
        mapping.setdefault(name, {}).update(section)
    given = {"sheet": "visits sheet", "columns": {"day": "date"}}
    mapping["visits"] = {**given, **visits}
    return read_study(tmp_path, mapping)


def problems(*given, **options):
    with pytest.raises(CarstatsError) as caught:
        read(*given, **options)
    return [str(problem) for problem in caught.value.problems]


def rows(study, table, *columns):
    return study.table(table)[list(columns)].to_numpy().tolist()


class TestMeasures:
    def test_a_row_per_visit_and_a_column_per_measure(self, tmp_path):
        cells = {"SLEDAI": [12, 6, None, 0], "C3 (mg/dL)": [50, 60, None, 90]}
        study = read(tmp_path, cells, {"measures": {"SLEDAI": "SLEDAI-2K", "C3 (mg/dL)": "C3"}})
        assert rows(study, "assessments", "day", "measure", "value", "unit") == [
            [-7, "SLEDAI-2K", 12, "points"], [-7, "C3", 0.5, "g/L"],
            [30, "SLEDAI-2K", 6, "points"], [30, "C3", 0.6, "g/L"],
            [180, "SLEDAI-2K", 0, "points"], [180, "C3", 0.9, "g/L"],
        ]  # fmt: skip

    def test_a_unit_beside_the_measure(self, tmp_path):
        given = {"measures": {"C3": {"measure": "C3", "unit": "mg/dL"}}}
        study = read(tmp_path, {"C3": [50, 60, 70, 90]}, given)
        assert study.assessments["value"].tolist() == [0.5, 0.6, 0.7, 0.9]

    def test_a_unit_against_the_heading_is_refused(self, tmp_path):
        given = {"measures": {"C3 (mg/dL)": {"measure": "C3", "unit": "g/L"}}}
        found = problems(tmp_path, {"C3 (mg/dL)": [50, 60, 70, 90]}, given)
        assert "the heading says mg/dL, and the mapping g/L" in found[0]

    def test_a_value_that_is_none_is_named(self, tmp_path):
        (found,) = problems(
            tmp_path, {"SLEDAI": [12, "high", 1, 0]}, {"measures": {"SLEDAI": "SLEDAI-2K"}}
        )
        assert found.startswith("book.xlsx, sheet visits sheet, row 3, `SLEDAI`: 'high' is not a")

    def test_a_visit_without_its_day_is_named_once(self, tmp_path, monkeypatch):
        monkeypatch.setitem(DAYS, "P1", ["2023-12-25", None, None, "2024-06-29"])
        found = problems(
            tmp_path,
            {"a": [12, 3, None, 0], "b": [12, 3, None, 0]},
            {"measures": {"a": "SLEDAI-2K", "b": "PGA"}, "responses": {}},
            assessments={"range": {"PGA": [0, 20]}},
        )
        assert found == [
            "book.xlsx, sheet visits sheet, row 3, `date`: the visit has no day, and its row has"
            " values. Give the date of the visit."
        ]

    def test_by_a_schedule(self, tmp_path):
        label = {"visit": ["基线", "M1", "M3", "M6"], "SLEDAI": [12, 6, 2, 0]}
        day = {"column": "visit", "schedule": {"基线": -7, "m1": 28, "M3": 91, "M6": 380}}
        study = read(
            tmp_path, label, {"columns": {"day": day}, "measures": {"SLEDAI": "SLEDAI-2K"}}
        )
        # The last contact is on day 365: a visit planned for 380 was held by then.
        assert study.assessments["day"].tolist() == [-7, 28, 91, 365]
        assert any("1 visit planned up to 28 days after" in note for note in study.notes)

    def test_a_label_that_the_schedule_has_not(self, tmp_path):
        day = {"column": "visit", "schedule": {"M1": 28, "M3": 91, "M6": 182}}
        (found,) = problems(
            tmp_path,
            {"visit": ["M0", "M1", "M3", "M6"], "SLEDAI": [12, 6, 2, 0]},
            {"columns": {"day": day}, "measures": {"SLEDAI": "SLEDAI-2K"}},
        )
        assert "row 2, `visit`: 'M0' is no visit of the schedule" in found

    def test_numbers_of_visits_are_no_days(self, tmp_path):
        columns = {"visit": [1, 2, 3, 4], "SLEDAI": [12, 6, 2, 0]}
        given = {"columns": {"day": "visit"}, "measures": {"SLEDAI": "SLEDAI-2K"}}
        (found,) = problems(tmp_path, columns, given)
        assert "`visit`: holds whole numbers up to 4, and its heading does not say" in found
        given["columns"] = {"day": {"column": "visit", "unit": "months"}}
        assert read(tmp_path, columns, given).assessments["day"][0] == 30.4375

    def test_two_sheets(self, tmp_path):
        read(tmp_path, {"SLEDAI": [12, 6, 2, 0]}, {"measures": {"SLEDAI": "SLEDAI-2K"}})
        book = openpyxl.load_workbook(tmp_path / "book.xlsx")
        labs = book.create_sheet("labs")
        for row in (["id", "day", "C3"], ["P2", 10, 0.9], ["P1", 20, 1.1]):
            labs.append(row)
        book.save(tmp_path / "book.xlsx")
        first = {"sheet": "visits sheet", "columns": {"day": "date"}}
        first["measures"] = {"SLEDAI": "SLEDAI-2K"}
        second = {"sheet": "labs", "columns": {"day": "day"}, "measures": {"C3": "C3"}}
        study = read_study(tmp_path, {**MAPPING, "visits": [first, second]})
        assert study.assessments["measure"].value_counts().to_dict() == {"SLEDAI-2K": 4, "C3": 2}


class TestEvents:
    def test_the_first_yes_is_the_event_after_the_last_no(self, tmp_path):
        study = read(
            tmp_path, {"relapse": ["否", "否", "是", "否"]}, {"events": {"relapse": "relapse"}}
        )
        found = study.events[study.events["endpoint"] == "relapse"]
        assert found[["status", "time", "time_low", "time_high"]].values.tolist()[0] == [
            "event", 90, 30, 90]  # fmt: skip
        # P2 has no visit at all: censored where nothing is known, and said.
        assert found[["status", "time"]].values.tolist()[1] == ["censored", 0]
        assert any("1 subjects without an event have no date of censoring" in n
                   for n in study.notes)  # fmt: skip

    def test_a_blank_visit_says_nothing(self, tmp_path):
        study = read(
            tmp_path, {"relapse": ["N", "N", None, "Y"]}, {"events": {"relapse": "relapse"}}
        )
        found = study.events.set_index(["subject_id", "endpoint"]).loc[("S001", "relapse")]
        assert (found["time_low"], found["time_high"]) == (30, 180)

    def test_no_yes_is_censored_at_the_last_no(self, tmp_path):
        study = read(
            tmp_path, {"relapse": ["N", "N", "N", None]}, {"events": {"relapse": "relapse"}}
        )
        assert study.events[["status", "time"]].values.tolist()[0] == ["censored", 90]

    def test_only_yes_and_blank_is_asked(self, tmp_path):
        columns = {"relapse": [None, None, "Y", None]}
        (found,) = problems(tmp_path, columns, {"events": {"relapse": "relapse"}})
        assert "has yes and blank cells and no cell that says no." in found
        given = {"endpoint": "relapse", "blank": "no"}
        study = read(tmp_path, columns, {"events": {"relapse": given}})
        found = study.events[["status", "time", "time_low"]].values.tolist()[0]
        assert found == ["event", 90, 30]

    def test_before_the_infusion_is_refused(self, tmp_path):
        (found,) = problems(
            tmp_path, {"relapse": ["Y", "N", "N", "N"]}, {"events": {"relapse": "relapse"}}
        )
        assert "row 2, `relapse`: is yes on day -7, and an event comes after the infusion" in found

    def test_a_word_among_states(self, tmp_path):
        given = {"endpoint": "relapse", "when": "复发"}
        columns = {"state": ["活动", "缓解", "缓解", "复发"]}
        study = read(tmp_path, columns, {"events": {"state": given}})
        assert study.events[["status", "time", "time_low"]].values.tolist()[0] == ["event", 180, 90]
        (found,) = problems(tmp_path, columns, {"events": {"state": {**given, "when": "复发了"}}})
        assert "no cell is '复发了'. The column has: " in found

    def test_death_competes(self, tmp_path):
        subjects = [*SUBJECTS[:2], ["P2", "SSc", "2024-02-01", "2024-12-31", "2024-12-31"]]
        study = read(
            tmp_path,
            {"relapse": ["N", "N", "N", "N"]},
            {"events": {"relapse": "relapse"}},
            subjects=subjects,
        )
        found = study.events[study.events["endpoint"] == "relapse"]
        assert found[["status", "cause"]].values.tolist()[1] == ["competing", "death"]

    def test_given_twice_is_refused(self, tmp_path):
        found = problems(
            tmp_path,
            {"relapse": ["N", "N", "N", "N"]},
            {"events": {"relapse": "relapse"}},
            events={"relapse": {"date": "last"}},
        )
        assert found == [
            "the mapping: [visits] events and [events.relapse] both give it. Keep one of them."
        ]


class TestResponses:
    def test_each_visit_that_says_so(self, tmp_path):
        study = read(
            tmp_path,
            {"CR": ["否", None, "是", "是"], "SLEDAI": [9, 4, 5, 0]},
            {
                "responses": {
                    "CR": "drug_free_remission",
                    "SLEDAI": {"endpoint": "LLDAS", "when": {"<=": 4}},
                }
            },
        )
        found = study.responses
        assert found[found["endpoint"] == "LLDAS"][["day", "response"]].values.tolist() == [
            [-7, False], [30, True], [90, False], [180, True]]  # fmt: skip
        rest = found[found["endpoint"] == "drug_free_remission"]
        assert rest[["day", "response"]].values.tolist() == [[-7, False], [90, True], [180, True]]


class TestMedications:
    def prednisone(self, tmp_path, doses):
        given = {
            "drug": "prednisone",
            "drug_class": "glucocorticoid",
            "amount": "prednisone_equivalent_mg",
        }
        study = read(tmp_path, {"pred": doses}, {"medications": {"pred": given}})
        return rows(study, "medications", "start_day", "stop_day", "prednisone_equivalent_mg")

    def test_a_dose_holds_until_the_next_that_is_stated(self, tmp_path):
        assert self.prednisone(tmp_path, ["20mg", 10, None, 0]) == [[-7, 29, 20], [30, 179, 10]]

    def test_the_same_dose_is_one_course_and_the_last_goes_on(self, tmp_path):
        (course,) = self.prednisone(tmp_path, [5, 5, "５", 5])
        assert course[0] == -7
        assert course[1] != course[1]

    def test_yes_and_no(self, tmp_path):
        given = {"drug": "HCQ", "drug_class": "antimalarial"}
        study = read(tmp_path, {"HCQ": ["Y", "N", "Y", "Y"]}, {"medications": {"HCQ": given}})
        assert rows(study, "medications", "drug", "start_day")[1] == ["HCQ", 90]
        assert study.medications["stop_day"].tolist()[0] == 29

    def test_a_negative_dose(self, tmp_path):
        with pytest.raises(CarstatsError, match="row 3, `pred`: is below 0"):
            self.prednisone(tmp_path, [5, -1, 5, 5])

    def test_two_doses_on_a_day(self, tmp_path, monkeypatch):
        monkeypatch.setitem(DAYS, "P1", [DAYS["P1"][0]] * 2 + DAYS["P1"][2:])
        with pytest.raises(CarstatsError, match="row 3, `pred`: states something else"):
            self.prednisone(tmp_path, [5, 10, 5, 5])


class TestSettings:
    @pytest.mark.parametrize(
        ("visits", "message"),
        [
            ({"columns": {}}, "names no day"),
            ({"columns": {"day": "date", "grade": "x"}}, r"\[visits.columns\] has no key 'grade'"),
            ({}, r"\[visits\] reads nothing"),
            ({"measures": {"x": "SLEDAY-2K"}}, "'SLEDAY-2K' is not in the vocabulary"),
            ({"measures": {"x": {"unit": "g"}}}, r"\[visits.measures.x\] names no measure"),
            ({"events": {"x": {"endpoint": "relapse", "blank": "maybe"}}}, "blank is 'maybe'"),
            ({"events": {"x": {"endpoint": "relapse", "when": {"=>": 3}}}}, "is no condition"),
            ({"medications": {"x": {"drug": "y"}}}, "needs drug_class"),
            ({"medications": {"x": {"drug": "y", "drug_class": "other", "amount": "mg"}}},
             "amount is 'mg'"),
            ({"measure": {}}, "has no key 'measure'"),
        ],
    )  # fmt: skip
    def test_refused(self, tmp_path, visits, message):
        with pytest.raises(CarstatsError, match=message):
            read(tmp_path, {}, visits)
