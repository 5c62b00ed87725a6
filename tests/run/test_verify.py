"""Outputs are made again and compared with earlier ones; every difference has its cause."""

import json
import re
import shutil

import pandas as pd
import pytest

from carstats.errors import CarstatsError
from carstats.run import reproduce as run
from carstats.run import verify as module
from carstats.run.manifest import MANIFEST, read_manifest, write_manifest
from carstats.run.verify import Comparison, Verification, compare_folders, summary, verify

TABLE = "target,estimate,note\nCD19,0.5,\nBCMA,0.25,few\n"
NAMES = ["attrition", "baseline", "relapse_free_by_target"]


@pytest.fixture
def fast(monkeypatch, in_this_process):
    """Two figures and a table in place of all; reproduce itself has its own tests."""

    def few(data, out, **options):
        run._study.cache_clear()  # the files of a study change within a test
        return run.reproduce(data, out, NAMES, **options)

    monkeypatch.setattr(module, "reproduce", few)


@pytest.fixture
def earlier(small_study, small_outputs, tmp_path):
    """A study with its outputs of before, to change."""
    study, out = tmp_path / "study", tmp_path / "out" / "figures"
    shutil.copytree(small_study, study)
    out.mkdir(parents=True)
    for name in NAMES:
        for file in (small_outputs / "figures").glob(f"{name}.*"):
            shutil.copy(file, out)
    run._gather(out)
    write_manifest(out.parent, study, run.find_analyses(), given=True)
    return study, out


def wrong(found):
    return {line.name: line.verdict for line in found.lines if not line.same}


def test_the_same_study_gives_the_same_and_a_change_is_explained(fast, earlier):
    study, out = earlier
    found = verify(study, out)
    assert found.same, wrong(found)
    assert found.causes == ()
    assert {line.name for line in found.lines} == {f.name for f in out.iterdir()} - {MANIFEST}
    # Two subjects relapse earlier now, and the run was by an older numpy.
    events = pd.read_csv(study / "events.csv")
    events.loc[11, "time"] = 50
    events.to_csv(study / "events.csv", index=False)
    manifest = json.loads((out / MANIFEST).read_text("utf-8"))
    now = manifest["versions"]["numpy"]
    manifest["versions"]["numpy"] = "1.0"
    (out / MANIFEST).write_text(json.dumps(manifest))
    found = verify(study, out.parent)
    assert not found.same
    assert found.causes == (
        "input changed: study/events.csv", f"version changed: numpy 1.0 → {now}",
    )  # fmt: skip
    assert "relapse_free_by_target.csv" in wrong(found)
    assert wrong(found)["relapse_free_by_target.svg"] == "drawn from other numbers"
    assert "baseline.csv" not in wrong(found)


def test_what_was_edited_after_the_run_is_found(fast, earlier):
    study, out = earlier
    table = (out / "baseline.csv").read_text("utf-8")
    (out / "baseline.csv").write_text(table.replace("12", "13", 1))
    (out / "attrition.svg").write_text("<svg/>")
    (out / "attrition.png").write_bytes(b"")
    (out / "attrition.pdf").unlink()
    (out / "invented.csv").write_text(TABLE)
    found = verify(study, out)
    assert wrong(found)["baseline.csv"].startswith("differs: row ")
    assert wrong(found)["baseline.csv"].endswith("; changed since it was written")
    assert wrong(found)["attrition.svg"] == "changed since it was written"
    assert wrong(found)["attrition.png"] == "empty"
    assert wrong(found)["attrition.pdf"] == "missing in the earlier outputs"
    assert wrong(found)["invented.csv"] == "not made by any script"
    assert list(summary(found))[1:] == [
        "5 outputs are not.",
        "Inputs and versions are as they were: the files or the rules of carstats differ.",
    ]


def test_a_reviewer_has_only_the_published_tables(fast, earlier, tmp_path):
    study, out = earlier
    place = tmp_path / "published"
    place.mkdir()
    for name in ("baseline.csv", "relapse_free_by_target.csv"):
        shutil.copy(out / name, place)
    found = verify(study, place)
    assert found.same
    assert [line.name for line in found.lines] == ["baseline.csv", "relapse_free_by_target.csv"]
    assert "no manifest.json" in found.causes[0]


def test_there_must_be_something_to_compare_with(earlier, tmp_path, monkeypatch):
    study, out = earlier
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CarstatsError, match=r"no outputs in .*carstats-results"):
        verify(study)
    with pytest.raises(CarstatsError, match=r"no outputs in .* with --out"):
        verify(study, tmp_path / "absent")
    with pytest.raises(CarstatsError, match=r"a study of one's own. Name its folder with --data"):
        verify(None, out)
    (out / MANIFEST).write_text("{}")
    with pytest.raises(CarstatsError, match=f"cannot read .*{MANIFEST}"):
        verify(study, out)


def test_folders_are_compared_output_by_output(tmp_path):
    new, old = tmp_path / "new", tmp_path / "old"
    for folder in (new, old):
        folder.mkdir()
        (folder / "baseline.csv").write_text(TABLE)
        (folder / "baseline.json").write_text("{}")
    (old / "baseline.csv").write_text(TABLE.replace("0.25", "0.2"))
    (old / "invented.csv").write_text(TABLE)
    (old / "attrition.csv").write_text(TABLE)
    (new / "baseline.html").write_text("")
    for folder, alt, side in ((new, "a", 10), (old, "a", 11)):
        (folder / "index.html").write_text(f'<img alt="{alt}" width="{side}" height="{side}">')
    manifest = {"inputs": {}, "versions": {}, "outputs": {}}
    lines = compare_folders(new, old, manifest)
    assert {line.name: line.verdict for line in lines} == {
        "attrition.csv": "no longer written by its script",
        "baseline.csv": "differs: row 3, column estimate: 0.2 → 0.25",
        "baseline.html": "missing in the earlier outputs",
        "baseline.json": "same",
        "index.html": "same",
        "invented.csv": "not made by any script",
    }
    assert [line.name for line in lines if line.same] == ["baseline.json", "index.html"]
    (old / "index.html").write_text('<img alt="b" width="10" height="10">')
    lines = compare_folders(new, old)
    verdicts = {line.name: line.verdict for line in lines if not line.same}
    assert verdicts["index.html"] == "differs: its words or its links"
    assert "baseline.html" not in verdicts


def test_a_drawing_passes_by_its_numbers(tmp_path):
    new, old = tmp_path / "new", tmp_path / "old"
    for folder in (new, old):
        folder.mkdir()
        (folder / "baseline.csv").write_text(TABLE)
        (folder / "baseline.tex").write_text(folder.name)
    (found,) = [line for line in compare_folders(new, old) if line.name == "baseline.tex"]
    assert found == Comparison("baseline.tex", "same numbers; drawn with other bytes", True)


def test_last_digits_that_differ_pass_and_it_is_said_why(tmp_path):
    new, old = tmp_path / "new", tmp_path / "old"
    for folder, value in ((new, "0.25"), (old, "0.25000000001")):
        folder.mkdir()
        (folder / "baseline.csv").write_text(TABLE.replace("0.25", value))
    (found,) = compare_folders(new, old)
    assert found.same
    assert found.verdict.startswith("same to 1e-09 of each number: the last digits depend on")


def test_pages_are_compared_with_what_was_written(fast, earlier):
    study, out = earlier
    pages = out.parent / "reports"
    pages.mkdir()
    for name in ("cohort", "relapse", "toxicity"):
        (pages / f"{name}.html").write_text(name)
    write_manifest(out.parent, study, run.find_analyses(), given=True)
    (pages / "relapse.html").write_text("edited")
    (pages / "toxicity.html").unlink()
    found = verify(study, out)
    verdicts = {line.name: line.verdict for line in found.lines if line.name.startswith("reports")}
    assert verdicts == {
        "reports/cohort.html": "as it was written; not made anew",
        "reports/relapse.html": "changed since it was written",
        "reports/toxicity.html": "missing in the earlier outputs",
    }
    assert set(wrong(found)) == {"reports/relapse.html", "reports/toxicity.html"}


def test_a_manifest_names_no_place_and_no_date(small_study, small_outputs, tmp_path):
    text = (small_outputs / "figures" / MANIFEST).read_text("utf-8")
    found = json.loads(text)
    assert str(small_study.parent) not in text
    assert not re.search(r"20\d\d-\d\d", text)
    assert found["command"] == "carstats reproduce --data small_study"
    assert {"study/subjects.csv", "analyses/baseline.py"} <= set(found["inputs"])
    assert "figures/baseline.csv" in found["outputs"]
    assert {"carstats", "python", "numpy", "pandas", "scipy", "matplotlib"} <= set(
        found["versions"]
    )
    assert found["seed"] == {"resampling": [1]}
    shutil.copytree(small_outputs / "figures", tmp_path / "figures")
    write_manifest(tmp_path, small_study, run.find_analyses(), given=True)
    assert (tmp_path / "figures" / MANIFEST).read_text("utf-8") == text
    assert read_manifest(tmp_path) is None


def test_what_it_comes_to():
    lines = (Comparison("a.csv", "same", True),)
    assert list(summary(Verification(lines, ()))) == ["1 output is the same."]
