"""Sheets as different people keep them are read right after one round of answers."""

from pathlib import Path

import pytest

import carstats as cs
from carstats.data.draft.study_draft import draft_study
from carstats.errors import CarstatsError
from tests.data.draft import messy
from tests.data.draft.deciding import decide

# What the codebook of a raw export of REDCap says.
CODES = {
    "target =": 'target = { checkboxes = { car_antigen___1 = "CD19", car_antigen___2 = "BCMA" },'
    ' both = "CD19+BCMA" }',
    '1 = ""': '1 = "SLE"',
    '2 = ""': '2 = "SSc"',
}


def read(folder: Path, answers=None):
    (folder / "study.toml").write_text(draft_study(folder).paper.text(str), encoding="utf-8")
    decide(folder / "study.toml", answers)
    return cs.read_study(folder)


def relapses(study):
    rows = study.events[study.events["endpoint"] == "relapse"]
    return list(zip(rows["status"], rows["time"], strict=True))


def grades(study, term):
    rows = study.toxicities[study.toxicities["term"] == term]
    return list(zip(rows["subject_id"], rows["grade"], strict=True))


# Days by hand: 2023-06-17 to 2024-03-05 is 262, 2023-02-03 to 2023-11-08 is 278.
@pytest.mark.parametrize(
    ("make", "diseases", "last", "events"),
    [
        (messy.chinese_ledger, ["SLE", "SSc", "SLE", "IIM", "MG"], [575, 522, 490, 292, 414],
         [("censored", 575), ("event", 262), ("censored", 490), ("competing", 292),
          ("censored", 414)]),
        (messy.visits_and_ae, ["SLE", "SLE", "SSc"], [486, 437, 386],
         [("event", 367), ("censored", 186), ("censored", 182)]),
        (messy.us_site, ["SLE", "SSc", "IIM"], [441, 390, 376],
         [("censored", 441), ("event", 278), ("censored", 376)]),
        (messy.german, ["SLE", "SSc", "IIM"], [466, 382, 398],
         [("censored", 466), ("censored", 382), ("event", 252)]),
        (messy.japanese, ["SLE", "SSc", "SLE"], [429, 409, 388],
         [("censored", 429), ("event", 270), ("censored", 388)]),
        (messy.two_languages, ["MG", "MG", "MG"], [394, 389, 385],
         [("censored", 394), ("event", 307), ("censored", 385)]),
        (messy.spss, ["SLE", "SSc", "SLE"], [369, 369, 396],
         [("censored", 369), ("event", 277), ("censored", 396)]),
    ],
)  # fmt: skip
def test_a_sheet_is_read_right_after_one_round(make, diseases, last, events, tmp_path):
    make(tmp_path)
    study = read(tmp_path)
    assert list(study.subjects["disease"]) == diseases
    assert list(study.subjects["last_contact_day"]) == last
    assert relapses(study) == events


def test_grades_in_words_and_unconverted_pounds(tmp_path):
    messy.us_site(tmp_path)
    study = read(tmp_path)
    assert grades(study, "CRS") == [("S001", 2), ("S002", 1)]
    assert grades(study, "ICANS") == [("S002", 1)]
    assert "weight_kg" not in study.subjects or study.subjects["weight_kg"].isna().all()
    igg = study.assessments[study.assessments["measure"] == "IgG"]
    assert list(igg["value"]) == [11.8, 6.4, 9.9, 5.1, 13.2, 7.0]


@pytest.mark.parametrize("labels", [False, True])
def test_an_export_of_redcap_with_repeats(labels, tmp_path):
    messy.redcap(tmp_path, labels)
    study = read(tmp_path, None if labels else CODES)
    assert list(study.subjects["target"]) == ["CD19", "CD19+BCMA"]
    assert relapses(study) == [("event", 275), ("censored", 91)]
    assert len(study.assessments) == 10
    assert grades(study, "CRS") == [("S001", 1), ("S002", 2)]


def test_a_third_infusion_in_its_own_column_is_read(tmp_path):
    messy.three_infusions(tmp_path)
    infusions = read(tmp_path).infusions
    assert list(infusions["day"]) == [0, 0, 214, 0, 14, 28]
    assert list(infusions["dose"].dropna()) == [1, 1, 2, 0.5, 1]


def test_a_merged_upper_line_names_the_visit(tmp_path):
    messy.two_lines(tmp_path)
    rows = read(tmp_path).assessments.query("subject_id == 'S001'")
    assert list(rows["value"]) == [12, 2, 0.5, 0.9, 14.2, 6.1]
    assert set(rows["day"]) == {-7, 91}


def test_three_hundred_columns(tmp_path):
    messy.many_columns(tmp_path)
    assert len(read(tmp_path).assessments) == 6 * 110


def test_adam(tmp_path):
    messy.adam(tmp_path)
    study = read(tmp_path)
    assert list(study.events["status"]) == ["censored", "event", "competing"]
    assert list(study.toxicities["term"]) == ["CRS", "neutropenia", "infection"]


def test_headings_that_say_nothing_are_all_named(tmp_path):
    messy.column1(tmp_path)
    draft = draft_study(tmp_path)
    assert draft.open == 7
    assert "Column1#8" in draft.paper.text(str)


def test_an_empty_sheet_and_a_picture_are_told(tmp_path):
    messy.empty_sheet(tmp_path)
    with pytest.raises(CarstatsError, match="holds pictures alone"):
        draft_study(tmp_path)


def test_every_column_has_a_line_or_is_named(tmp_path):
    messy.us_site(tmp_path)
    paper = draft_study(tmp_path).paper
    heads = (tmp_path / "site 14.csv").read_text(encoding="utf-8").split("\n")[0].strip().split(",")
    assert [head for head in heads if not paper.names(head)] == []


def test_a_yes_without_a_date_is_asked(tmp_path):
    (tmp_path / "a.csv").write_text(
        "ID,Diagnosis,Infusion date,Last contact,Relapsed (Y/N),Relapse date\n"
        "P1,SLE,2023-01-01,2024-01-01,Y,\nP2,SLE,2023-01-01,2024-01-01,Y,2023-05-01\n"
        "P3,SLE,2023-01-01,2024-01-01,N,\n",
        encoding="utf-8",
    )
    text = draft_study(tmp_path).paper.text(str)
    assert "# ? date" in text
    assert "1 rows say yes" in text
