"""The analyses run on any study; what they write is compared with what is committed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import carstats as cs
from carstats.errors import CarstatsError
from carstats.language import in_language
from carstats.run import verify as reproduce_verify
from carstats.run.reproduce import (
    UNFINISHED,
    _default_out,
    event_endpoint,
    find_analyses,
    main_cohort,
    reproduce,
    response_endpoint,
)

ROOT = Path(__file__).parents[2]
GATHERED = ("index.html", "methods.csv", "results.csv")


def subjects(n=12, **columns):
    base = {
        "subject_id": [f"S{i:02d}" for i in range(n)],
        "disease": ["SLE", "SSc"] * (n // 2),
        "target": ["CD19"] * (n - 2) + ["BCMA"] * 2,
        "platform": "CAR-T",
        "cell_source": "autologous",
        "last_contact_day": 400,
    }
    return pd.DataFrame({**base, **columns})


def study(**tables):
    return cs.Study(subjects=subjects(), **tables)


def events(endpoint, status="event"):
    frame = pd.DataFrame({"subject_id": subjects()["subject_id"], "endpoint": endpoint})
    return frame.assign(status=["censored"] * 9 + [status] * 3, time=range(100, 112))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A study that has subjects and relapse-free survival only, as a folder."""
    folder = tmp_path_factory.mktemp("small")
    subjects().to_csv(folder / "subjects.csv", index=False)
    events("relapse_free_survival").to_csv(folder / "events.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def made(small, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return {o.name: o for o in reproduce(small, out, notebooks=False)}, out


def test_every_analysis_is_short_and_reads_top_to_bottom():
    for script in find_analyses(notebooks=False):
        text = script.read_text(encoding="utf-8")
        assert len(text.splitlines()) < 40, script.name
        assert f'"{script.stem}"' in text, f"{script.name} writes files of another name"


def test_endpoints_fall_back_on_what_the_study_has():
    one = study(events=events("overall_survival"))
    assert event_endpoint(one, "relapse_free_survival") == "overall_survival"
    both = pd.concat([events("overall_survival"), events("relapse_free_survival")])
    assert event_endpoint(study(events=both), "relapse_free_survival") == "relapse_free_survival"
    competing = study(events=events("relapse", "competing"))
    with pytest.raises(CarstatsError, match="without competing events"):
        event_endpoint(competing, "relapse_free_survival")
    with pytest.raises(CarstatsError, match="no responses"):
        response_endpoint(one, "drug_free_remission")


def test_cohort_leaves_off_a_criterion_that_the_study_cannot_answer():
    plain = main_cohort(study(), followup=196)
    assert len(plain) == 12
    assert "infusions not recorded" in plain.label
    assert "cut-off not recorded" in plain.label
    columns = {"infused": [True] * 10 + [False] * 2, "cutoff_day": [100] * 3 + [300] * 9}
    told = main_cohort(cs.Study(subjects=subjects(**columns)), followup=196)
    assert len(told) == 7


def test_what_the_data_allow_is_made_and_the_rest_is_explained(made):
    outcomes, out = made
    done = {name for name, outcome in outcomes.items() if not outcome.reason}
    assert {"attrition", "baseline", "published_response", "relapse_free_by_target"} <= done
    assert "no responses" in outcomes["response_by_disease_target"].reason
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


def test_relapse_is_not_replaced_by_another_endpoint(tmp_path):
    subjects().to_csv(tmp_path / "subjects.csv", index=False)
    events("overall_survival").to_csv(tmp_path / "events.csv", index=False)
    names = ["relapse_free_by_target", "time_to_event_table", "landmark_forest"]
    for outcome in reproduce(tmp_path, tmp_path / "out", names, notebooks=False):
        assert "'relapse_free_survival'" in outcome.reason, outcome
        assert "overall_survival" in outcome.reason
        assert not outcome.files
        assert not outcome.defect


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


def test_a_partial_run_keeps_the_numbers_of_the_others(made, small, tmp_path):
    outcomes, out = made
    shutil.copytree(out / "figures", tmp_path / "figures")
    for name in GATHERED:
        (tmp_path / "figures" / name).unlink()
    reproduce(small, tmp_path, only="attrition", notebooks=False)
    for name in GATHERED:
        new, old = ((place / "figures" / name).read_bytes() for place in (tmp_path, out))
        assert new == old, name
    results = pd.read_csv(tmp_path / "figures" / "results.csv", dtype=str, keep_default_na=False)
    done = {name for name, outcome in outcomes.items() if not outcome.reason}
    assert set(results["output"]) == done - {"swimmer"}
    assert list(results["output"]) == sorted(results["output"])


def test_analyses_speak_the_language_that_is_asked_for(small, tmp_path):
    with pytest.raises(CarstatsError, match="language"):
        reproduce(small, tmp_path, only="attrition", lang="xx")
    (outcome,) = reproduce(small, tmp_path, only="baseline", lang="zh", notebooks=False)
    assert not outcome.reason
    drawn = json.loads((tmp_path / "figures" / "baseline.json").read_text("utf-8"))
    assert "受试者" in drawn["caption"]
    assert 'lang="zh' in (tmp_path / "figures" / "index.html").read_text("utf-8")


def test_another_language_does_not_land_in_the_repository(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with in_language("zh"):
        assert _default_out(None) == tmp_path / "carstats-results"
    assert _default_out(None) == ROOT


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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for a process group")
def test_an_interrupt_ends_all_and_leaves_whole_files(small, tmp_path):
    code = "from carstats.run.reproduce import reproduce; "
    code += f"reproduce({str(small)!r}, {str(tmp_path)!r})"
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


TABLE = "target,estimate,note\nCD19,0.5,\nBCMA,0.25,few\n"


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (TABLE, ""),
        (TABLE.replace("0.5", "0.5000000001"), ""),
        (TABLE.replace("0.25", "0.6"), "column estimate, row 3: 0.25 → 0.6"),
        (TABLE.replace("0.25", ""), "column estimate, row 3: 0.25 → blank"),
        (TABLE.replace("few", "many"), "column note, row 3: few → many"),
        (
            TABLE.replace("note", "notes"),
            "columns target, estimate, note → target, estimate, notes",
        ),
        (TABLE.rsplit("BCMA")[0], "2 rows → 1 rows"),
        ("", "one of them is empty"),
    ],
)
def test_tables_are_compared_number_by_number(new, words):
    assert reproduce_verify._csv_difference(TABLE, new) == words


def test_origins_are_compared_exactly():
    before = json.dumps({"results": [{"method": "a", "at": 168}], "alt": ""})
    assert reproduce_verify._json_difference(before, before) == ""
    after = before.replace("168", "169")
    assert reproduce_verify._json_difference(before, after) == "results: at: 168 → 169"
    gone = reproduce_verify._json_difference(before, "{}")
    assert gone == "alt gone"


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
    lines = reproduce_verify.compare_folders(new, old)
    assert {line.name: line.verdict for line in lines} == {
        "attrition.csv": "no longer written by its script",
        "baseline.csv": "differs: column estimate, row 3: 0.2 → 0.25",
        "baseline.html": "missing",
        "baseline.json": "same",
        "index.html": "same",
        "invented.csv": "not made by any script",
    }
    assert [line.name for line in lines if line.same] == ["baseline.json", "index.html"]
    (old / "index.html").write_text('<img alt="b" width="10" height="10">')
    lines = reproduce_verify.compare_folders(new, old)
    verdicts = {line.name: line.verdict for line in lines if not line.same}
    assert verdicts["index.html"] == "differs: its words or its links"


def test_notebook_is_one_page_that_needs_nothing_else(tmp_path):
    from carstats.report.chapters.notebooks import notebook_html, run_notebook

    source = tmp_path / "short.py"
    source.write_text(
        "# %% [markdown]\n# # A title\n\n# %% [markdown]\n# ## First & part\n\n# %%\n"
        "import os\nfrom matplotlib.figure import Figure\n"
        "from carstats.report.chapters.notebooks import Picture\n"
        "figure = Figure(figsize=(1, 1))\nfigure.set_label('What it \"shows\"')\n"
        "print(os.environ['CARSTATS_DATA'])\nPicture(figure)\n",
        encoding="utf-8",
    )
    pages = [notebook_html(run_notebook(source, tmp_path)) for _ in range(2)]
    assert pages[0] == pages[1]
    page = pages[0]
    assert "<title>A title</title>" in page
    assert '<a href="#section-1">First &amp; part</a>' in page
    assert '<h2 id="section-1">' in page
    assert BeautifulSoup(page, "html.parser").find("img")["alt"] == 'What it "shows"'
    assert "<script" not in page
    assert "://" not in page.replace("http://www.w3.org", "")
    assert str(tmp_path) in page
    assert "Out[" not in page


def test_a_notebook_that_fails_says_why(tmp_path):
    from carstats.report.chapters.notebooks import run_notebook

    source = tmp_path / "wrong.py"
    source.write_text(
        "# %%\nfrom carstats.errors import CarstatsError\nraise CarstatsError('no data')\n"
    )
    with pytest.raises(CarstatsError, match=r"the notebook wrong.py stopped: no data"):
        run_notebook(source)
