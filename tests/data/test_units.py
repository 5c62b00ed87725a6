"""Units, ranges and codes for missing: what a value is kept as, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import carstats as cs
from carstats.data.measures import MEASURE_TABLE
from carstats.data.terms import MEASURES, Term
from carstats.data.units import conversion, convert, folded_unit
from carstats.data.vocabulary import Vocabulary, folded
from tests.conftest import subjects_table


def study_of(measure, values, unit=None, vocabulary=None, **columns):
    """Return a study of one value a subject; `unit` is one or a list."""
    table = pd.DataFrame(
        {
            "subject_id": [f"S{i + 1:02d}" for i in range(len(values))],
            "day": -1.0,
            "measure": measure,
            "value": values,
            "unit": unit,
            **columns,
        }
    )
    more = {} if vocabulary is None else {"vocabulary": vocabulary}
    return cs.Study(subjects=subjects_table(len(values)), assessments=table, **more)


class TestTable:
    def test_no_two_measures_share_a_spelling(self):
        seen = {}
        for term in MEASURES:
            for spelling in (term.name, term.label, *term.aliases):
                assert seen.setdefault(folded(spelling), term.name) == term.name, spelling

    def test_plausible_lies_in_possible_and_units_are_distinct(self):
        assert len(MEASURE_TABLE) > 200
        for measure in MEASURE_TABLE.values():
            low, high = measure.plausible_low, measure.plausible_high
            assert measure.low <= low <= high <= measure.high, measure.name
            factors = {}
            for unit, how in measure.units.items():
                assert factors.setdefault(folded_unit(unit), how) == how, (measure.name, unit)
            refused = {folded_unit(unit) for unit in measure.not_from}
            assert not refused & set(factors), measure.name

    def test_a_refused_unit_names_a_measure_that_there_is(self):
        for measure in MEASURE_TABLE.values():
            for code in measure.not_from.values():
                kind, _, other = code.partition(":")
                assert kind in ("kit", "surface", "anchors", "other")
                assert kind != "other" or other in MEASURE_TABLE


@pytest.mark.parametrize(
    ("measure", "given", "unit", "kept"),
    [
        ("IgG", 620, "mg/dL", 6.2),
        ("C3", 90, "mg/dl", 0.9),
        ("UPCR", 56.55, "mg/mmol", 0.5),  # 113.1 mg/mmol is 1 g/g
        ("UPCR", 500, "mg/gCr", 0.5),
        ("UPCR", 1.1, "g/g creatinine", 1.1),
        ("creatinine", 88.4, "µmol/L", 1.0),
        ("platelets", 150, "G/L", 150),
        ("platelets", 150_000, "/µL", 150),
        ("platelets", 150_000, "cells/mm³", 150),
        ("platelets", 150, "×10⁹/L", 150),
        ("platelets", 150, "10*9/L", 150),
        ("platelets", 150, "10E9/L", 150),
        ("platelets", 15, "万/µL", 150),
        ("ANC", 500, "cells/uL", 0.5),
        ("B_cells", 5, "个/μL", 5),
        ("haemoglobin", 120, "g/L", 12),
        ("haemoglobin", 10, "mmol/L", 16.114),
        ("temperature", 98.6, "degF", 37),
        ("temperature", 310.15, "K", 37),
        ("CK", 100, "IU/L", 100),
        ("CK", 2, "µkat/L", 120),
        ("CRP", 3, "mg/dL", 30),
        ("fibrinogen", 3, "g/L", 300),
        ("FVC", 85, "%pred", 85),
        ("FVC", 85, "% of predicted", 85),
        ("eGFR", 90, "mL/min/1.73 m²", 90),
        ("eGFR", 90, "mL/min per 1,73 m2", 90),
        ("physician_global", 45, "mm", 4.5),
        ("oxygen_flow", 4, "L/min", 4),
        ("anti-dsDNA", 50, "kIU/L", 50),
        ("autoantibody", 3, "xULN", 3),
        ("MG-ADL", 5, "score", 5),
        ("SLEDAI_seizure", 1, "yes/no", 1),
        ("IL-6", 20, "ng/L", 20),
    ],
)
def test_a_value_is_kept_in_the_canonical_unit(measure, given, unit, kept):
    table = study_of(measure, [given], unit).assessments
    assert_allclose(table["value"], [kept], rtol=1e-12)
    assert table["unit"].tolist() == [MEASURE_TABLE[measure].unit]


def test_units_are_converted_row_by_row_and_said():
    study = study_of("IgG", [11, 620, 5.5], ["g/L", "mg/dL", None])
    assert study.assessments["value"].tolist() == [11, 6.2, 5.5]
    assert set(study.assessments["unit"]) == {"g/L"}
    assert "1 value of IgG was converted from mg/dL to g/L" in study.notes[0]
    # What is a study already is read once more without a change and without a second note.
    again = cs.Study(subjects=study.subjects, assessments=study.assessments, notes=study.notes)
    pd.testing.assert_frame_equal(again.assessments, study.assessments)
    assert again.notes == study.notes


def test_a_hundredth_is_exact():
    assert study_of("IgG", [57.0], "mg/dL").assessments["value"][0] == 0.57


@pytest.mark.parametrize(
    ("measure", "values", "unit", "message"),
    [
        ("anti-dsDNA", [50], "U/mL", "units of one kit are not those of another"),
        ("autoantibody", [50], "RU/mL", "units of one kit"),
        ("eGFR", [90], "mL/min", "not indexed to the body surface"),
        ("FVC", [2.9], "L", "another measure, FVC_L"),
        ("PGA", [45], "mm", "its scale has other anchors"),
        ("MMT8", [120], "0-150", "another measure, MMT8_bilateral"),
        ("UPCR", [1.2], "g/24h", "another measure, proteinuria_24h"),
        ("IgG", [9, 8], "mmol/L", r"'mmol/L' is not a unit of IgG.* 2 rows \(0, 1\)"),
        ("SLEDAI-2K", [500, 4], None, "row 0, `value`: SLEDAI-2K is 500 points, outside"),
        ("MG-ADL", [99, 4, -9], "0-24", r"MG-ADL is 99, -9, outside .* 2 rows \(0, 2\)"),
        ("UPCR", [120], "g/g", r"UPCR is 120 g/g, outside .*Is it in mg/g or mg/mmol\?"),
        ("DAS28-CRP", [0], "points", "outside its range of 0.96 to 10"),
        ("EDSS", [4.3], None, "only the steps 0, 1, 1.5, 2 and so on"),
        ("EDSS", [0.5], "0-10", "only the steps 0, 1, 1.5, 2"),
        ("mRSS", [12.5], "0-51", "it is a whole number"),
        ("temperature", [120], "degF", "outside its range of 86 to 113"),
        ("IgG", [np.inf], "g/L", "is infinite"),
    ],
)
def test_what_cannot_be_is_refused_with_its_rows(measure, values, unit, message):
    with pytest.raises(cs.CarstatsError, match=message):
        study_of(measure, values, unit)


@pytest.mark.parametrize(
    ("measure", "values", "message"),
    [
        ("FVC", [85, 2.9], r"2.9 is not plausible in % predicted.*in L it is another measure"),
        ("C4", [2], "2 is not plausible in g/L.*is it mg/dL"),
        ("IgG", [80], "80 is not plausible in g/L.*is it mg/dL"),
        ("creatinine", [25], "25 is not plausible in mg/dL.*is it umol/L"),
        ("fibrinogen", [3], "3 is not plausible in mg/dL.*is it g/L"),
        ("temperature", [98.6], "98.6 is not plausible in degC.*is it degF"),
        ("platelets", [150_000], "150000 is not plausible"),
        ("physician_global", [45], "45 is not plausible in 0-10 cm.*is it mm"),
        ("CRP", [3, 8], r"3, 8 may be in mg/L as well as in mg/dL.* 2 rows \(0, 1\)"),
        ("haemoglobin", [8], "may be in g/dL as well as in mmol/L"),
        ("B_cells", [1], "may be in /uL as well as in 10\\^9/L"),
        ("UPCR", [2], "may be in g/g as well as in mg/mmol"),
    ],
)
def test_a_blank_unit_is_refused_where_another_would_fit(measure, values, message):
    with pytest.raises(cs.CarstatsError, match=message):
        study_of(measure, values)


@pytest.mark.parametrize(
    ("measure", "values"),
    [
        ("FVC", [85, 62]), ("C4", [0.2, 0.05]), ("IgG", [8, 5.5, 0]), ("creatinine", [0.9, 3]),
        ("EDSS", [4.5, 0]), ("temperature", [37.0, 39.2]), ("CRP", [3, 120]), ("UPCR", [3, 0.2]),
        ("platelets", [150, 20]), ("ANC", [2.5, 0]), ("B_cells", [250, 0]), ("MG-ADL", [24, 0]),
        ("physician_global", [4.5, 0]), ("CK", [100, 3000]), ("B_cells", [0, 0]),
    ],
)  # fmt: skip
def test_a_blank_unit_is_the_canonical_one_where_no_other_fits(measure, values):
    table = study_of(measure, values).assessments
    assert table["value"].tolist() == values
    assert set(table["unit"]) == {MEASURE_TABLE[measure].unit}


def test_a_rare_value_with_its_unit_is_kept_and_counted():
    study = study_of("IgG", [80, 8], "g/L")
    assert study.assessments["value"].tolist() == [80, 8]
    assert "1 value of IgG lies outside 0.3 to 60 g/L, which is rare" in study.notes[0]


class TestDeclared:
    def test_codes_for_missing_and_a_wider_range(self):
        vocabulary = Vocabulary().with_measure("MGADL", missing=(99, -9))
        study = study_of("MG-ADL", [99, -9, 5], vocabulary=vocabulary)
        assert study.assessments["value"].isna().tolist() == [True, True, False]
        assert [note for note in study.notes if "MG-ADL is 99, a code for missing" in note]
        wide = Vocabulary().with_measure("SLEDAI", limits=(0, 200))
        assert study_of("SLEDAI-2K", [120], vocabulary=wide).assessments["value"][0] == 120

    @pytest.mark.parametrize(
        ("options", "message"),
        [({"limits": (3, 2)}, "first is below the second"), ({"missing": (9,)}, None)],
    )
    def test_the_vocabulary_is_checked(self, options, message):
        if message:
            with pytest.raises(cs.CarstatsError, match=message):
                Vocabulary().with_measure("MG-ADL", **options)
        else:
            with pytest.raises(cs.CarstatsError, match="`name` is 'MG-AD'"):
                Vocabulary().with_measure("MG-AD", **options)

    def folder(self, path, toml, values="99\na,9,MG-ADL,4"):
        head = "subject_id,disease,target,platform,cell_source,last_contact_day\n"
        (path / "subjects.csv").write_text(head + "a,MG,CD19,CAR-T,autologous,400\n")
        (path / "assessments.csv").write_text(
            f"subject_id,day,measure,value\na,3,MG-ADL,{values}\n"
        )
        (path / "study.toml").write_text(toml)
        return path

    @pytest.mark.parametrize(
        "toml",
        [
            '[assessments]\nmissing = { "MG-ADL" = [99] }\n',
            "[assessments]\nmissing = [99, -9]\n",
            "[assessments.MG-ADL]\nmissing = [99]\n",
        ],
    )
    def test_in_a_mapping(self, tmp_path, toml):
        study = cs.read_study(self.folder(tmp_path, toml))
        assert study.assessments["value"].isna().tolist() == [True, False]
        assert any("assessments.csv: 1 value of MG-ADL is 99" in note for note in study.notes)

    def test_a_range_is_written_and_read_back(self, tmp_path):
        (tmp_path / "a").mkdir()
        toml = '[assessments]\nrange = { "MG-ADL" = [0, 120] }\n'
        study = cs.read_study(self.folder(tmp_path / "a", toml))
        assert study.assessments["value"].tolist() == [99, 4]
        again = cs.read_study(cs.write_study(study, tmp_path / "b"))
        pd.testing.assert_frame_equal(again.assessments, study.assessments)

    @pytest.mark.parametrize(
        ("toml", "message"),
        [
            ('[assessments]\nmissing = { "MG-ADX" = [99] }\n', "'MG-ADX' is no measure"),
            ('[assessments]\nmissing = { "MG-ADL" = 99 }\n', "takes a list of numbers"),
            ('[assessments]\nrange = { "MG-ADL" = [5] }\n', "the smallest and the largest"),
            ("[assessments.MG-ADL]\nrange = [5, 2]\n", "the smallest and the largest"),
        ],
    )
    def test_a_wrong_declaration_is_named(self, tmp_path, toml, message):
        with pytest.raises(cs.CarstatsError, match=message):
            cs.read_study(self.folder(tmp_path, toml))


class TestOwnMeasure:
    VOCABULARY = Vocabulary().extended(measure=[Term("my_score", group="points"), Term("free")])

    def test_is_taken_as_it_is(self):
        table = study_of("free", [3.3, 2], "a", vocabulary=self.VOCABULARY).assessments
        assert table["value"].tolist() == [3.3, 2]
        assert set(table["unit"]) == {"a"}

    def test_is_in_one_unit(self):
        with pytest.raises(cs.CarstatsError, match="free is in 'b' here and in 'a' elsewhere"):
            study_of("free", [3.3, 2], ["a", "b"], vocabulary=self.VOCABULARY)
        with pytest.raises(cs.CarstatsError, match="my_score is in 'cm' here and in 'points'"):
            study_of("my_score", [3.3], "cm", vocabulary=self.VOCABULARY)

    def test_has_limits_and_codes_of_its_own(self):
        vocabulary = self.VOCABULARY.with_measure("free", limits=(0, 10), missing=[88])
        assert study_of("free", [88, 2], vocabulary=vocabulary).assessments["value"].isna()[0]
        with pytest.raises(cs.CarstatsError, match="free is 11, outside its range of 0 to 10"):
            study_of("free", [11, 2], vocabulary=vocabulary)


class TestLimitOfQuantification:
    def test_is_converted_with_the_value(self):
        table = study_of("IgG", [np.nan], "mg/dL", lloq=[30.0]).assessments
        assert table["lloq"].tolist() == [0.3]

    def test_a_value_below_it_is_refused(self):
        with pytest.raises(cs.CarstatsError, match="below the limit of quantification"):
            study_of("IgG", [5.0], "g/L", lloq=[30.0])


def test_conversion_by_hand():
    how = conversion(MEASURE_TABLE["temperature"], "°F")
    assert (how.factor, how.offset) == (5 / 9, -32)
    assert conversion(MEASURE_TABLE["IgG"], "IU/mL") is None
    assert convert("UPCR", 113.1, "mg/mmol").value == 1
    assert convert("UPCR", 100, "mg/mmol", upcr_converter="KDIGO").value == 1


def test_analyses_and_derivation_see_the_same_values():
    subjects = subjects_table(2)
    rows = [("S01", -1, 1100, "mg/dL"), ("S01", 84, 6.2, "g/L"), ("S02", -1, 12, "g/L"),
            ("S02", 84, 550, "mg/dL")]  # fmt: skip
    table = pd.DataFrame(rows, columns=["subject_id", "day", "value", "unit"])
    cohort = cs.define_cohort(cs.Study(subjects=subjects, assessments=table.assign(measure="IgG")))
    change = cs.score_change(cohort, "IgG", at=[84]).frame["estimate"]
    assert_allclose(change, [(6.2 - 11 + 5.5 - 12) / 2])
    level = cs.measure_trajectory(cohort, "IgG", at=[84], below=7.0).frame.iloc[0]
    assert_allclose(level["estimate"], (6.2 + 5.5) / 2)
    assert level["n_below"] == 2
