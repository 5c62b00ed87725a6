"""The analyses run on any study, and what cannot be made is said."""

import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from carstats.errors import CarstatsError
from carstats.run import reproduce as run
from carstats.run.manifest import MANIFEST
from carstats.run.reproduce import UNFINISHED, default_out, find_analyses, reproduce, takes_study
from carstats.run.verify import verify

ROOT = Path(__file__).parents[2]
GATHERED = ("index.html", MANIFEST, "methods.csv", "results.csv")


@pytest.fixture(scope="module")
def small(small_study):
    """A study that has subjects and relapse-free survival only, as a folder."""
    return small_study


@pytest.fixture(scope="module")
def made(small_outputs):
    outcomes = pickle.loads((small_outputs / "outcomes.pickle").read_bytes())
    return {o.name: o for o in outcomes}, small_outputs


def test_every_analysis_is_short_and_reads_top_to_bottom():
    for script in find_analyses(notebooks=False):
        text = script.read_text(encoding="utf-8")
        assert len(text.splitlines()) < 40, script.name
        assert f'"{script.stem}"' in text, f"{script.name} writes files of another name"


def test_a_script_says_its_cohort_and_endpoint():
    for script in find_analyses(notebooks=False):
        text = script.read_text(encoding="utf-8")
        if takes_study(script):
            assert "cs.define_cohort(" in text, script.name
        imported = re.findall(r"from carstats\.run\.\w+ import (.+)", text)
        assert imported == ["run"], script.name


def test_what_the_data_allow_is_made_and_the_rest_is_explained(made):
    outcomes, out = made
    done = {name for name, outcome in outcomes.items() if not outcome.reason}
    assert {"attrition", "baseline", "published_response", "relapse_free_by_target"} <= done
    assert "`responses`" in outcomes["response_by_disease_target"].reason
    assert "toxicities" in outcomes["toxicity_by_grade"].reason
    assert not any(outcome.defect for outcome in outcomes.values())
    written = {file.name for file in (out / "figures").iterdir()}
    kinds = ("svg", "pdf", "png", "csv", "json")
    assert {f"attrition.{kind}" for kind in kinds} <= written
    assert {"baseline.html", "baseline.csv", "baseline.json"} <= written
    assert set(GATHERED) <= written
    assert not any(name.startswith(".") or "response_by" in name for name in written)
    drawn = json.loads((out / "figures" / "relapse_free_by_target.json").read_text("utf-8"))
    assert drawn["results"][0]["endpoint"] == "Relapse-free survival"


def test_relapse_is_not_replaced_by_another_endpoint(small, tmp_path, in_this_process):
    events = pd.read_csv(small / "events.csv").assign(endpoint="overall_survival")
    shutil.copy(small / "subjects.csv", tmp_path)
    events.to_csv(tmp_path / "events.csv", index=False)
    names = ["relapse_free_by_target", "time_to_event_table", "landmark_forest"]
    for outcome in reproduce(tmp_path, tmp_path / "out", names, notebooks=False):
        assert "'relapse_free_survival'" in outcome.reason, outcome
        assert "overall_survival" in outcome.reason
        assert not outcome.files
        assert not outcome.defect


def test_a_study_that_does_not_say_who_was_infused_is_told_how_to(small, tmp_path, in_this_process):
    subjects = pd.read_csv(small / "subjects.csv").drop(columns="infused")
    subjects.to_csv(tmp_path / "subjects.csv", index=False)
    (outcome,) = reproduce(tmp_path, tmp_path / "out", "baseline", notebooks=False)
    assert "infused = true under [subjects.constants]" in outcome.reason
    assert not outcome.defect


@pytest.mark.crosscheck
def test_a_hospitals_folder_has_no_published_trials_unless_asked(small, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(run, "run_jobs", lambda jobs, *_: asked.append(set(jobs)) or {})
    reproduce(small, tmp_path)
    reproduce(small, tmp_path, published=True)
    reproduce(small, tmp_path, only="published_map")
    reproduce(None, tmp_path)
    own, both, named, synthetic = asked
    assert {"evidence", "published_map", "evidence_table"} == both - own - {
        name for name in both if name.startswith("published_") and name != "published_map"
    }
    assert named == {"published_map"}
    assert synthetic == both == {"crosscheck", *(script.stem for script in find_analyses())}


def test_a_script_without_a_guard_runs_the_analyses(small, tmp_path):
    # Each worker begins by running the user's script, which must not begin the work again.
    script = tmp_path / "mine.py"
    script.write_text(
        "import carstats as cs\nfrom carstats.run.reproduce import reproduce\n"
        f"print([o.reason for o in reproduce({str(small)!r}, {str(tmp_path / 'out')!r}, "
        "['attrition', 'baseline'], notebooks=False)])\n",
        encoding="utf-8",
    )
    run = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == ["['', '']"]


def test_a_stopped_run_is_told_from_a_whole_one(small, tmp_path, monkeypatch):
    marker = tmp_path / "figures" / UNFINISHED
    reproduce(small, tmp_path, "attrition", notebooks=False)
    assert not marker.exists()

    def stop(*_):
        assert marker.exists()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reproduce(small, tmp_path, ["attrition", "baseline"], notebooks=False, report=stop)
    assert "run it again" in marker.read_text(encoding="utf-8")
    reproduce(small, tmp_path, "baseline", notebooks=False)
    assert not marker.exists()


def test_no_subject_is_named_in_an_output(made):
    _, out = made
    for file in (out / "figures").glob("*.[cjsh]*"):
        assert "S01" not in file.read_text(encoding="utf-8"), file.name


def test_a_second_run_writes_the_same_bytes(made, small, tmp_path):
    _, out = made
    reproduce(small, tmp_path, only=["attrition", "baseline"], notebooks=False)
    for file in (tmp_path / "figures").iterdir():
        if file.name not in GATHERED:
            assert file.read_bytes() == (out / "figures" / file.name).read_bytes(), file.name


def test_same_bytes_in_another_zone_locale_and_folder_without_a_home(made, small, tmp_path):
    _, out = made
    code = (
        "import sys; from carstats.run.reproduce import reproduce\n"
        "if __name__ == '__main__':\n"
        "    reproduce(sys.argv[1], sys.argv[2], only='baseline', notebooks=False)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "HOME"}
    environment |= {"TZ": "Pacific/Apia", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    environment |= {"PYTHONPATH": str(ROOT), "MPLCONFIGDIR": str(tmp_path / "mpl")}
    (tmp_path / "run.py").write_text(code)
    place = tmp_path / "名 a"
    place.mkdir()
    command = [sys.executable, str(tmp_path / "run.py"), str(small), str(tmp_path / "out")]
    subprocess.run(command, cwd=place, env=environment, check=True, capture_output=True)
    files = sorted((tmp_path / "out" / "figures").glob("baseline.*"))
    assert len(files) > 3
    for file in files:
        assert file.read_bytes() == (out / "figures" / file.name).read_bytes(), file.name


def test_a_partial_run_keeps_the_numbers_of_the_others(made, small, tmp_path, in_this_process):
    outcomes, out = made
    shutil.copytree(out / "figures", tmp_path / "figures")
    for name in GATHERED:
        (tmp_path / "figures" / name).unlink()
    reproduce(small, tmp_path, only="attrition", notebooks=False)
    for name in set(GATHERED) - {MANIFEST}:
        new, old = ((place / "figures" / name).read_bytes() for place in (tmp_path, out))
        assert new == old, name
    new, old = (json.loads((place / "figures" / MANIFEST).read_text()) for place in (tmp_path, out))
    assert new == old
    results = pd.read_csv(tmp_path / "figures" / "results.csv", dtype=str, keep_default_na=False)
    done = {name for name, outcome in outcomes.items() if not outcome.reason}
    assert set(results["output"]) == done - {"swimmer"}
    assert list(results["output"]) == sorted(results["output"])


def test_analyses_speak_the_language_that_is_asked_for(small, tmp_path, in_this_process):
    with pytest.raises(CarstatsError, match="language"):
        reproduce(small, tmp_path, only="attrition", lang="xx")
    (outcome,) = reproduce(small, tmp_path, only="baseline", lang="zh", notebooks=False)
    assert not outcome.reason
    drawn = json.loads((tmp_path / "figures" / "baseline.json").read_text("utf-8"))
    assert "受试者" in drawn["caption"]
    assert 'lang="zh' in (tmp_path / "figures" / "index.html").read_text("utf-8")


def test_another_language_and_another_study_do_not_land_in_the_repository(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert default_out(None, "zh") == tmp_path / "carstats-results"
    assert default_out("study", "en") == tmp_path / "carstats-results"
    assert default_out(None, "en") == ROOT


def test_what_a_wheel_makes_does_not_land_in_the_environment(monkeypatch, tmp_path):
    """`carstats verify` looks where `carstats reproduce` wrote."""
    bundle = tmp_path / "_bundled" / "analyses"
    monkeypatch.setattr("carstats.run.reproduce.packaged_folder", lambda name: bundle)
    monkeypatch.chdir(tmp_path)
    assert default_out(None, "en") == tmp_path / "carstats-results"
    with pytest.raises(CarstatsError, match=r"no outputs in .*carstats-results to compare with"):
        verify()


def test_unknown_names_and_places_are_refused(small, tmp_path):
    with pytest.raises(CarstatsError, match=r"`only` names \['nothing'\]"):
        reproduce(small, tmp_path, only="nothing")
    with pytest.raises(CarstatsError, match="does not exist"):
        reproduce(tmp_path / "absent", tmp_path, only="attrition")
    (tmp_path / "file").write_text("")
    with pytest.raises(CarstatsError, match="cannot write to"):
        reproduce(small, tmp_path / "file", only="attrition")


def test_a_script_runs_by_itself(small, tmp_path):
    script = ROOT / "analyses" / "relapse_free_by_target.py"
    command = [sys.executable, script, "--data", small, "--out", tmp_path]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert run.returncode == 0, run.stderr
    assert len(list(tmp_path.iterdir())) == 5
    command[3] = tmp_path / "absent"
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr


@pytest.mark.crosscheck
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for a process group")
def test_an_interrupt_ends_all_and_leaves_whole_files(small, tmp_path):
    code = "from carstats.run.reproduce import reproduce; "
    names = ["cohort", "attrition", "baseline", *(p.stem for p in find_analyses(notebooks=False))]
    code += f"reproduce({str(small)!r}, {str(tmp_path)!r}, {names})"
    run = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    for _ in range(600):
        # The workers are at work once the first file is there.
        if any(file.name != UNFINISHED for file in tmp_path.rglob("*.*")):
            break
        time.sleep(0.1)
    os.killpg(run.pid, signal.SIGINT)
    try:
        message = run.communicate(timeout=20)[1]
    finally:
        run.kill()
    assert run.returncode != 0
    assert b"KeyboardInterrupt" in message
    assert not list(tmp_path.rglob("*.part"))
