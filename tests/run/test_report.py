"""`carstats report`: a page, a Word file and slides, or a message and nothing changed."""

import base64
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

import carstats as cs
from carstats.errors import CarstatsError
from carstats.report import style
from carstats.report.chapters import contents
from carstats.run import report as run_report
from carstats.run.report import study_report
from tests.data import odd_studies
from tests.report.page_checks import page_problems

ROOT = Path(__file__).parents[2]


@pytest.fixture
def short(monkeypatch):
    """Two chapters in place of all."""
    entries = tuple(entry for entry in contents.CONTENTS if entry.name in ("answers", "data"))
    monkeypatch.setattr(contents, "CONTENTS", entries)
    return entries


@pytest.fixture
def study(tmp_path):
    return odd_studies.minimal(tmp_path / "study")


def files_in(folder):
    return {file.name: file.read_bytes() for file in folder.rglob("*")}


def test_a_report_is_a_page_a_document_and_slides(short, study, tmp_path):
    told = []
    out = tmp_path / "out"
    files = study_report(study, out, report=lambda outcome, n: told.append((outcome.name, n)))
    assert [file.name for file in files] == ["report.html", "report.docx", "slides.pptx"]
    assert sorted(told) == [("answers", 2), ("data", 2)]
    page = files[0].read_text("utf-8")
    assert page_problems(page, "en") == []
    read = BeautifulSoup(page, "html.parser")
    assert read.h1.text == read.title.text == "One subject"
    assert (
        "The study has 1 subject. Whether a subject was infused is not recorded" in read.main.text
    )
    before = files_in(out)
    study_report(study, out)
    assert files_in(out) == before
    study_report(study, out, lang="zh")
    chinese = files[0].read_text("utf-8")
    assert page_problems(chinese, "zh") == []
    assert "受试者" in chinese


def test_a_mapping_from_elsewhere_is_used(short, study, tmp_path):
    mapping = tmp_path / "other.toml"
    mapping.write_text('[study]\nname = "Named elsewhere"\n')
    page, *_ = study_report(study, tmp_path / "out", mapping=mapping)
    assert "<h1>Named elsewhere</h1>" in page.read_text("utf-8")
    assert "do not exist" not in page.read_text("utf-8")


def test_a_chapter_that_fails_is_named_and_the_report_before_stays(
    short, study, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    study_report(study, out)
    before = files_in(out)
    # A worker has the contents as they are; a name that it does not know fails there.
    broken = contents.Entry("no-such", "Broken", ("summary.summary",))
    monkeypatch.setattr(contents, "CONTENTS", (*short, broken))
    with pytest.raises(CarstatsError, match=r"not written.*\n  no-such: "):
        study_report(study, out, lang="zh")
    assert files_in(out) == before


def test_what_can_be_wrong_is_said_before_the_work(short, study, tmp_path, monkeypatch):
    def worked(jobs, folder, report, **how):
        raise AssertionError("the work began")

    monkeypatch.setattr(run_report, "run_jobs", worked)
    out = tmp_path / "out"
    with pytest.raises(CarstatsError, match="does not exist"):
        study_report(tmp_path / "absent", out)
    with pytest.raises(CarstatsError, match="`lang`"):
        study_report(study, out, lang="fr")
    (tmp_path / "file").write_text("")
    with pytest.raises(CarstatsError, match="cannot write to"):
        study_report(study, tmp_path / "file")
    # A folder, or a file that the report would replace, that cannot be replaced.
    (out / "report.docx").mkdir(parents=True)
    with pytest.raises(CarstatsError, match="cannot write"):
        study_report(study, out)
    (out / "report.docx").rmdir()
    out.rmdir()

    def no_font(text):
        if any(character > "\u4e00" for character in text):
            raise CarstatsError("no installed font can write it.")

    monkeypatch.setattr(style, "font_families", no_font)
    with pytest.raises(CarstatsError, match="no installed font"):
        study_report(study, out, lang="zh")
    with pytest.raises(AssertionError, match="the work began"):
        study_report(study, out)
    assert not out.exists()


def test_a_large_study_has_one_worker(short, study, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        run_report, "run_jobs", lambda *_, workers, **__: asked.append(workers) or 1 / 0
    )
    # Parquet is compressed: its bytes count ten times those of text.
    file = study / "notes.parquet"
    for size in (0, run_report._LARGE // 10 + 1):
        with file.open("wb") as whole:
            whole.truncate(size)
        with pytest.raises(ZeroDivisionError):
            study_report(study, tmp_path / "out")
    file.rename(study / "notes.csv")
    with pytest.raises(ZeroDivisionError):
        study_report(study, tmp_path / "out")
    assert asked == [2, 1, 2]


def carstats_command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "carstats.run.cli", *map(str, arguments)],
        capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_a_study_that_cannot_be_read_is_told_as_check_tells_it(tmp_path):
    folder = tmp_path / "wrong"
    folder.mkdir()
    (folder / "subjects.csv").write_text("subject_id,disease\na,SLEE\n")
    report = carstats_command("report", folder, "--out", tmp_path / "out")
    check = carstats_command("check", folder)
    assert report.returncode == check.returncode == 2
    assert report.stderr == check.stderr
    assert b"SLEE" in report.stderr
    assert b"Traceback" not in report.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for a process group")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_an_interrupt_leaves_nothing_behind(name, study, tmp_path):
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    out.mkdir()
    scratch.mkdir()
    (out / "report.html").write_text("the report before")
    run = subprocess.Popen(
        [sys.executable, "-m", "carstats.run.cli", "report", study, "--out", out],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    # Within a chapter: one is made, and others are not.
    end = time.monotonic() + 300
    while not any(scratch.rglob("*.chapter")) and time.monotonic() < end and run.poll() is None:
        time.sleep(0.1)
    assert run.poll() is None
    # Ctrl-C reaches the whole group; a scheduler ends the one process that it knows.
    (os.killpg if name == "SIGINT" else os.kill)(run.pid, getattr(signal, name))
    try:
        message = run.communicate(timeout=30)[1]
    finally:
        run.kill()
    assert run.returncode != 0
    assert b"Traceback" not in message
    assert files_in(out) == {"report.html": b"the report before"}
    end = time.monotonic() + 10
    while living(scratch) and time.monotonic() < end:
        time.sleep(0.1)
    assert not living(scratch)
    if name == "SIGKILL":
        return
    assert not [path for path in scratch.iterdir() if path.name.startswith("carstats-")]


def living(folder):
    """Return the processes whose command line names a folder, where the system lists them."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in file.read_bytes():
                found.append(file.parent.name)
        except OSError:
            continue
    return found


def office_text(file):
    """Return every XML part of a Word file or of slides as text."""
    with zipfile.ZipFile(file) as parts:
        names = [name for name in parts.namelist() if name.endswith(".xml")]
        return "\n".join(parts.read(name).decode() for name in names)


def check_report(make, tmp_path, lang, browser):
    """Make the report of an odd study and return its text, which must be whole and tell no one."""
    folder = make(tmp_path / "study")
    page, word, deck = study_report(folder, tmp_path / "out", lang=lang)
    html = page.read_text("utf-8")
    # 25 targets, each with its curve and its limits, take more room than a study has.
    assert page_problems(html, lang, 6_000_000) == []
    said = [re.sub(r"src=\"[^\"]*|base64,[^\"]*", "", html), office_text(word), office_text(deck)]
    found = re.findall(r"base64,([^\"]*)", html)
    said += [base64.b64decode(data).decode() for data in found if data]
    text = "\n".join(said)
    for subject in cs.read_study(folder).subjects["subject_id"]:
        assert not re.search(rf"\b{subject}\b", text), subject
    assert str(tmp_path) not in text
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b", text)
    for file in (word, deck):
        assert file.stat().st_size > 10_000
    if not isinstance(browser, str):
        from tests.report.browser import drawn_problems

        assert drawn_problems(browser, page) == []
    return BeautifulSoup(html, "html.parser")


def test_report_of_odd_names_many_strata_and_no_event(tmp_path, browser_or_reason):
    read = check_report(odd_studies.hostile, tmp_path, "en", browser_or_reason)
    assert read.h1.text == "Odd <i>study</i> & 研究 🧬 = 5"
    core = [entry.name for entry in contents.CONTENTS if not entry.appendix]
    assert [section.h2["id"] for section in read.select("main > section")] == [*core, "appendix"]
    for name in (odd_studies.LONG, *odd_studies.ODD, "disease 19", "=1+<b>1</b>"):
        assert name in read.main.text, name
    assert not read.main.find_all(["b", "i"])


def test_report_of_one_subject_and_one_table(tmp_path, browser_or_reason):
    read = check_report(odd_studies.minimal, tmp_path, "zh", browser_or_reason)
    core = [entry.name for entry in contents.CONTENTS if not entry.appendix]
    assert [section.h2["id"] for section in read.select("main > section")] == [*core, "appendix"]
    assert not read.find(string=re.compile("nan"))


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("make", odd_studies.OTHERS, ids=lambda make: make.__name__)
def test_reports_of_studies_that_lack_something(make, lang, tmp_path, browser_or_reason):
    check_report(make, tmp_path, lang, browser_or_reason)
