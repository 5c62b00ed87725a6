"""Cells as hospitals write them: joined columns, partial dates, repeated headings, ages, months."""

import datetime as dt

import pytest

from carstats.data.formats.dates import partial_ordinal
from carstats.errors import CarstatsError
from tests.data.test_mapping import problems, read


def refused(*given, **options):
    with pytest.raises(CarstatsError) as caught:
        read(*given, **options)
    return problems(caught)


def days(study, name):
    return study.subjects[name].tolist()


class TestPartialDates:
    @pytest.mark.parametrize(
        ("value", "first", "middle", "last"),
        [
            ("2024-02", "2024-02-01", "2024-02-15", "2024-02-29"),
            ("2024/2", "2024-02-01", "2024-02-15", "2024-02-29"),
            ("2024年2月", "2024-02-01", "2024-02-15", "2024-02-29"),
            ("2024-02-UN", "2024-02-01", "2024-02-15", "2024-02-29"),
            ("２０２４．２", "2024-02-01", "2024-02-15", "2024-02-29"),
            ("02/2024", "2024-02-01", "2024-02-15", "2024-02-29"),
            ("UN-FEB-2024", "2024-02-01", "2024-02-15", "2024-02-29"),
            ("Feb 2024", "2024-02-01", "2024-02-15", "2024-02-29"),
            ("February 2024", "2024-02-01", "2024-02-15", "2024-02-29"),
            ("2024", "2024-01-01", "2024-07-01", "2024-12-31"),
            (2024, "2024-01-01", "2024-07-01", "2024-12-31"),
            (2024.0, "2024-01-01", "2024-07-01", "2024-12-31"),
            ("2024年", "2024-01-01", "2024-07-01", "2024-12-31"),
            ("2024-UN-UN", "2024-01-01", "2024-07-01", "2024-12-31"),
            ("2024-不详", "2024-01-01", "2024-07-01", "2024-12-31"),
        ],
    )
    def test_read_by_its_rule(self, value, first, middle, last):
        for rule, expected in (("first", first), ("middle", middle), ("last", last)):
            assert partial_ordinal(value, rule) == dt.date.fromisoformat(expected).toordinal()

    @pytest.mark.parametrize(
        "value", ["2024-13", "24-02", "soon", "12", 12, "Foo 2024", "1890", "2024-02-30", "-2024"]
    )
    def test_no_partial_date(self, value):
        assert partial_ordinal(value, "middle") is None

    def test_refused_where_no_rule_is_said(self, tmp_path):
        (found,) = refused(tmp_path, [{"last": "2024-06"}])
        assert "row 2, `last`: '2024-06' is a partial date, without its day. Give the" in found
        assert 'partial_dates = "middle" (or "first", "last"' in found

    def test_counted_by_column(self, tmp_path):
        study = read(
            tmp_path,
            [{"last": "2024-06"}, {"last": "2024年"}, {"last": "2024-03-05"}],
            study={"partial_dates": "last"},
        )
        assert days(study, "last_contact_day") == [181, 365, 64]
        assert any(
            n == "wide.xlsx, `last`: 2 dates without their day were read as the last"
            " of the month, or of the year." for n in study.notes
        )  # fmt: skip

    def test_years_alone_are_dates_where_a_rule_is_said(self, tmp_path):
        rows = [{"last": 2024}, {"last": 2025}]
        study = read(tmp_path, rows, study={"partial_dates": "last"})
        assert days(study, "last_contact_day") == [365, 730]

    def test_the_infusion_only_by_its_name(self, tmp_path):
        row = [{"infused": "2024-01"}]
        (found,) = refused(tmp_path, row, study={"partial_dates": "first"})
        assert "`infused`: '2024-01' is a partial date" in found
        study = read(tmp_path, row, study={"partial_dates": {"infused": "first"}})
        assert days(study, "last_contact_day") == [365]

    def test_a_rule_that_is_none(self, tmp_path):
        (found,) = refused(tmp_path, [{}], study={"partial_dates": "mid"})
        assert "[study] partial_dates is 'mid'; allowed: 'first', 'middle', 'last'" in found


class TestJoined:
    def test_identifier(self, tmp_path):
        study = read(
            tmp_path,
            [{"centre": "BJ", "no": "001"}, {"centre": "SH", "no": "001"}],
            study={"pseudonymise": False},
            subjects={"columns": {"subject_id": {"join": ["centre", "no"], "with": "-"}}},
        )
        assert days(study, "subject_id") == ["BJ-001", "SH-001"]

    def test_a_blank_part_of_an_identifier_is_refused(self, tmp_path):
        found = refused(
            tmp_path,
            [{"centre": "BJ", "no": "1"}, {"centre": None, "no": "1"}, {"centre": "SH"}],
            subjects={"columns": {"subject_id": {"join": ["centre", "no"]}}},
        )
        assert any("row 3, `centre`: is blank, and `no`, to which it is joined, is not" in f
                   for f in found)  # fmt: skip
        assert any("row 4, `no`: is blank, and `centre`, to which" in f for f in found)

    def test_a_date_in_three_columns_and_a_date_with_its_time(self, tmp_path):
        study = read(
            tmp_path,
            [
                {"y": 2024, "m": 3, "d": 5, "date": dt.datetime(2024, 3, 5), "time": dt.time(9)},
                {"y": 2024, "m": 4, "d": None, "date": "2024/3/6", "time": "14:30"},
                {"date": "2024-3-7"},
            ],
            study={"partial_dates": "first"},
            subjects={
                "columns": {
                    "a_day": {"join": ["y", "m", "d"], "with": "-"},
                    "b_day": {"join": ["date", "time"]},
                }
            },
        )
        assert days(study, "a_day")[:2] == [64, 91]
        assert days(study, "b_day") == [64, 65, 66]

    def test_a_month_without_its_year(self, tmp_path):
        (found,) = refused(
            tmp_path,
            [{"y": None, "m": 3}],
            subjects={"columns": {"a_day": {"join": ["y", "m"], "with": "-"}}},
        )
        assert "`y`: is blank, and `m`, to which it is joined, is not" in found

    def test_a_heading_that_is_not_there(self, tmp_path):
        found = refused(
            tmp_path, [{}], subjects={"columns": {"x": {"join": ["record", "nowhere"]}}}
        )
        assert len(found) == 1
        assert "has no heading 'nowhere'" in found[0]


class TestRepeatedHeadings:
    def csv(self, tmp_path, spec, cells="2024-05-01,2024-06-01"):
        (tmp_path / "sheet.csv").write_text(
            f"record,dx,infused,date,date\nR1,SLE,2024-01-01,{cells}\n"
        )
        from carstats.data.readers.reading import read_study

        return read_study(
            tmp_path,
            {
                "study": {"infusion_date": "infused"},
                "subjects": {
                    "columns": {"subject_id": "record", "disease": "dx", "last_contact_day": spec},
                    "constants": {
                        "target": "CD19", "platform": "CAR-T", "cell_source": "autologous",
                    },
                },
            },
        )  # fmt: skip

    def test_named_by_its_place(self, tmp_path):
        assert days(self.csv(tmp_path, "date#2"), "last_contact_day") == [152]
        assert days(self.csv(tmp_path, "date#1"), "last_contact_day") == [121]

    def test_the_name_alone_is_refused(self, tmp_path):
        with pytest.raises(CarstatsError, match=r"'date' stands 2 times.*\"date#1\" or \"date#2\""):
            self.csv(tmp_path, "date")

    def test_a_place_that_is_not_there(self, tmp_path):
        with pytest.raises(CarstatsError, match="has no heading 'date#3'"):
            self.csv(tmp_path, "date#3")

    def test_a_formula_in_the_other_one_is_no_matter(self, tmp_path):
        study = self.csv(tmp_path, "date#2", "=A1,2024-06-01")
        assert days(study, "last_contact_day") == [152]
        with pytest.raises(CarstatsError, match="`date#1`: '=A1' is a formula"):
            self.csv(tmp_path, "date#1", "=A1,2024-06-01")


class TestNumbers:
    @pytest.mark.parametrize(
        "age", ["34岁", "34 岁", "３４", "３４岁", "34周岁", "34 years", "34 yrs", "34y", "34 y/o"]
    )
    def test_ages(self, tmp_path, age):
        study = read(tmp_path, [{"age": age}], subjects={"columns": {"age": "age"}})
        assert days(study, "age") == [34]

    @pytest.mark.parametrize("age", ["34岁5月", "8月", "34 months", "about 34", "34-35", "三十四"])
    def test_no_ages(self, tmp_path, age):
        (found,) = refused(tmp_path, [{"age": age}], subjects={"columns": {"age": "age"}})
        assert f"row 2, `age`: '{age}' is not a number" in found

    @pytest.mark.parametrize("weight", ["60kg", "60 KG", "60公斤", "６０"])
    def test_weights(self, tmp_path, weight):
        study = read(tmp_path, [{"w": weight}], subjects={"columns": {"weight_kg": "w"}})
        assert days(study, "weight_kg") == [60]

    def test_pounds_are_no_kilograms(self, tmp_path):
        (found,) = refused(tmp_path, [{"w": "130 lb"}], subjects={"columns": {"weight_kg": "w"}})
        assert "'130 lb' is not a number" in found


class TestMonths:
    def test_whole_numbers_under_a_heading_without_a_unit_are_asked(self, tmp_path):
        rows = [{"fu": 3}, {"fu": 12}, {"fu": 24}]
        (found,) = refused(tmp_path, rows, subjects={"columns": {"last_contact_day": "fu"}})
        assert found == (
            "wide.xlsx, `fu`: holds whole numbers up to 24, and its heading does not"
            ' say of which unit. Say it in study.toml: last_contact_day = { column = "fu", unit ='
            ' "months" }, or unit = "days".'
        )

    @pytest.mark.parametrize(("unit", "expected"), [("months", 91.3125), ("days", 3)])
    def test_read_as_said(self, tmp_path, unit, expected):
        spec = {"last_contact_day": {"column": "fu", "unit": unit}}
        rows = [{"fu": 3}, {"fu": 12}, {"fu": 24}]
        study = read(tmp_path, rows, subjects={"columns": spec})
        assert days(study, "last_contact_day")[0] == pytest.approx(expected)

    @pytest.mark.parametrize("heading", ["随访天数", "fu (days)", "last_contact_day"])
    def test_a_heading_that_says_days(self, tmp_path, heading):
        rows = [{heading: 3}, {heading: 12}, {heading: 24}]
        study = read(tmp_path, rows, subjects={"columns": {"last_contact_day": heading}})
        assert days(study, "last_contact_day") == [3, 12, 24]


class TestKinds:
    @pytest.mark.parametrize(
        ("columns", "words"),
        [
            ({"age": {"column": "age", "unit": "months"}}, "age has unit, which columns of days"),
            ({"sex": {"column": "s", "when": "F"}}, "sex has when, which columns of yes and no"),
            ({"site_id": {"column": "s", "schedule": {"a": 1}}}, "site_id has schedule, which"),
            ({"seen_day": {"column": "s", "schedule": {"a": "b"}}}, "takes a schedule as"),
            ({"x": {"join": ["a"]}}, "takes a heading, a list of headings or"),
        ],
    )
    def test_refused_where_it_means_nothing(self, tmp_path, columns, words):
        assert words in refused(tmp_path, [{}], subjects={"columns": columns})[0]

    def test_yes_by_a_condition(self, tmp_path):
        study = read(
            tmp_path,
            [{"n": 3}, {"n": 5}, {"n": None}],
            subjects={"columns": {"many": {"column": "n", "when": {">": 4}}}},
        )
        assert days(study, "many")[:2] == [False, True]
        assert study.subjects["many"].isna().tolist() == [False, False, True]
