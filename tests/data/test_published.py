"""The published trials."""

import shutil

import pytest
from numpy.testing import assert_allclose

import carstats as cs
from carstats.data.packaged import packaged_folder


def test_all_reports_and_counts_are_there():
    table = cs.published_trials()
    assert table.attrs["n_reports"] == 63
    assert len(table) == 208
    assert table["basis"].notna().all()
    assert len(cs.oncology_benchmarks()) == 62


def test_no_target_is_a_value_and_not_missing():
    table = cs.published_trials()
    assert set(table.loc[table["study_id"] == "D08_2B_PBO", "target"]) == {"none"}


def test_every_subject_once():
    result = cs.trial_rate(cs.published_trials(), "response", endpoint_class="remission")
    frame = result.frame.set_index("study_id")
    # The Erlangen series enters through its disease-specific report, not three times.
    assert "MULL2024_SLE" in frame.index
    assert not {"MACK2022", "MOUG2021", "TAUB2024", "MULL2024_ALL"} & set(frame.index)
    assert frame.index.is_unique
    # Treated before per protocol; week 24 before weeks 36 and 48.
    assert frame.loc["WANGW2024", ["n_event", "n"]].tolist() == [12, 13]
    assert frame.loc["GC012F_2025", ["n_event", "n", "timepoint_weeks"]].tolist() == [5, 10, 24]
    # binom.test(5, 10)
    assert_allclose(
        frame.loc["GC012F_2025", ["conf_low", "conf_high"]].astype(float),
        [0.187086028, 0.812913972],
        atol=1e-9,
    )


def test_endpoint_classes_are_not_mixed():
    table = cs.published_trials()
    remission = cs.trial_rate(table, "response", endpoint_class="remission").frame
    response = cs.trial_rate(table, "response", endpoint_class="response").frame
    gc012f = response[response["study_id"] == "GC012F_2025"].iloc[0]
    assert (gc012f["n_event"], gc012f["n"], gc012f["endpoint"]) == (10, 10, "SRI-4")
    assert "MULL2024_SLE" not in set(response["study_id"])
    assert "MULL2024_IIM" not in set(remission["study_id"])


def test_toxicity_uses_the_whole_series():
    frame = cs.trial_rate(cs.published_trials(), "CRS any").frame
    row = frame[frame["study_id"] == "MULL2024_ALL"].iloc[0]
    assert (row["n_event"], row["n"]) == (11, 15)
    assert "MULL2024_SLE" not in set(frame["study_id"])


def test_counts_of_company_releases_can_be_left_out():
    table = cs.published_trials(company_releases=False)
    assert "company release" not in set(table["basis"])
    kept = cs.published_trials().query("basis != 'company release'")
    assert len(table) == len(kept)
    frame = cs.trial_rate(table, "response", endpoint_class="remission").frame
    assert not {"RESET_SLE_2025", "FT819_REGB_2026"} & set(frame["study_id"])


def test_reports_of_one_author_and_year_are_told_apart_by_their_trial():
    frame = cs.trial_rate(cs.published_trials(), "response", endpoint_class="remission").frame
    names = frame.set_index("study_id")["trial"]
    assert names["RESET_SLE_2025"] == "Sheikh 2025, RESET-SLE"
    assert names["RESET_LN_2025"] == "Sheikh 2025, RESET-SLE nephritis"
    assert names["FENG2025"] == "Feng 2025"
    assert names["GC012F_2025"] == "GC012F 2025"
    assert names.is_unique


def test_parts_of_one_publication_share_no_subject():
    # An earlier release names both parts of RESET-SLE; they stay two groups of subjects.
    pairs = cs.report_overlap(cs.published_trials()).frame
    found = set(zip(pairs["study_id"], pairs["other_id"], strict=True))
    assert ("RESET_LN_2025", "RESET_SLE_2025") not in found
    assert ("RESET_FEB2025", "RESET_SLE_2025") in found
    assert ("MULL2024_IIM", "RELAPSE2025") in found


def test_corrected_counts():
    table = cs.published_trials().set_index(["study_id", "outcome"]).sort_index()
    off = table.loc[[("KYSA8_2025", "drug-free")]].iloc[0]
    assert (off["n_event"], off["n_evaluable"], off["timepoint_weeks"]) == (26, 26, 16)
    # Free of immunosuppressants; glucocorticoids are not stated.
    assert ("GC012F_2025", "drug-free") not in table.index
    assert ("GC012F_2025", "immunosuppressant-free") in table.index
    oncology = cs.oncology_benchmarks().set_index(["trial", "outcome"]).sort_index()
    severe = oncology.loc[[("CARTITUDE-1 (Berdeja Lancet 2021)", "CRS grade >=3")]].iloc[0]
    assert (severe["n_event"], severe["n_evaluable"]) == (5, 97)
    assert (oncology["counts"] == "not determined").sum() == 8


def test_engagers_are_no_cells():
    table = cs.published_trials()
    engagers = table[table["platform"] == "T-cell engager"]
    assert set(engagers["synthesis"]) == {"none"}
    assert not set(engagers["study_id"]) & set(cs.trial_rate(table, "CRS any").frame["study_id"])


def test_placebo_is_no_trial_of_cells():
    frame = cs.trial_rate(cs.published_trials(), "response", endpoint_class="response").frame
    assert "D08_2B_PBO" not in set(frame["study_id"])


def test_misuse_is_refused():
    table = cs.published_trials()
    with pytest.raises(cs.CarstatsError, match="`outcome` is 'cure'"):
        cs.trial_rate(table, "cure")
    with pytest.raises(cs.CarstatsError, match="`endpoint_class` is 'cure'"):
        cs.trial_rate(table, "response", endpoint_class="cure")


BROKEN = {
    "more events than subjects": (
        "published_outcomes.csv",
        "GC012F_2025,response,DORIS,remission,36,treated,,6,10,",
        "GC012F_2025,response,DORIS,remission,36,treated,,16,10,",
        r"published_outcomes.csv, row \d+, `n_event`: 16 events among 10",
    ),
    "an unknown study": (
        "published_outcomes.csv",
        "TAUB2024,response,",
        "TAUB2042,response,",
        "'TAUB2042' is not in published_studies.csv",
    ),
    "half a subject": (
        "published_outcomes.csv",
        "MACK2022,relapse,,,,treated,,0,5,",
        "MACK2022,relapse,,,,treated,,0.5,5,",
        "is not a count",
    ),
    "a missing column": (
        "published_outcomes.csv",
        "n_evaluable",
        "n_evaluabel",
        "column is missing",
    ),
    "an overlap misspelt": (
        "published_studies.csv",
        "MACK2022 MOUG2021",
        "Mack2022 MOUG2021",
        "`overlaps_with`: 'Mack2022' is no study of the table",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_tables_are_refused(case, tmp_path):
    name, old, new, message = BROKEN[case]
    folder = tmp_path / "published"
    shutil.copytree(packaged_folder("data/published"), folder)
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(cs.CarstatsError, match=message):
        cs.published_trials(folder)


def test_a_missing_count_is_not_zero(tmp_path):
    folder = tmp_path / "published"
    shutil.copytree(packaged_folder("data/published"), folder)
    path = folder / "published_outcomes.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace(
            "AIHA2025,response,complete response,remission,,treated,,11,11,",
            "AIHA2025,response,complete response,remission,,treated,,,11,",
        ),
        encoding="utf-8",
    )
    result = cs.trial_rate(cs.published_trials(folder), "response", endpoint_class="remission")
    assert "AIHA2025" not in set(result.frame["study_id"])
    assert "18 other trials give no such count" in result.caption()
