"""The catalogue of messages: complete, compiled, and not loaded for English."""

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

import carstats as cs
from carstats.translation import tr

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tool():
    path = ROOT / "docs" / "translation" / "make_catalogue.py"
    spec = importlib.util.spec_from_file_location("make_catalogue", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_message_is_translated_and_compiled(tool):
    catalogue = tool.updated(tool.read(), tool.messages(), {})
    assert tool.lacking(catalogue) == []
    # What `make catalogue` would write is what is there: the text, and what is compiled from it.
    for name, content in tool.contents(catalogue).items():
        assert (tool.FOLDER / name).read_bytes() == content, f"{name}: run make catalogue"


def test_what_is_refused_and_noted_is_a_message():
    """A text of an error, a problem or a note that is no message would stay English."""
    wrong = []
    for path in sorted((ROOT / "carstats").rglob("*.py")):
        if "_bundled" in path.parts:
            continue
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            name = getattr(call.func, "id", "")
            said = [k.value for k in call.keywords if k.arg in ("note", "remedy", "what")]
            if name in ("CarstatsError", "Problem"):
                said += call.args[:1]
            wrong += [
                f"{path.relative_to(ROOT)}:{text.lineno} {ast.unparse(text)}"
                for text in said
                if isinstance(text, ast.JoinedStr)
                or (isinstance(text, ast.Constant) and isinstance(text.value, str) and text.value)
            ]
    assert wrong == []


def test_a_message_that_is_no_literal_is_refused(tool):
    assert list(tool.literals('tr("a {n}", n=1); tr_n("b", "c", 2); tr(table[0])')) == [
        "a {n}",
        ("b", "c"),
    ]
    for code in ('tr(f"a {n}")', 'mark("a" + "b")', 'tr("a %s" % n)'):
        with pytest.raises(SystemExit, match="not a literal"):
            list(tool.literals(code))


def test_translations_of_nothing_and_other_places_are_told(tool, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tool, "FOLDER", tmp_path)
    monkeypatch.setattr(tool, "messages", lambda: {"a {n}": "here", "b": "here"})
    (tmp_path / "new.json").write_text(json.dumps({"a {n}": "{m}", "c": "d"}), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["make_catalogue", "--fill", str(tmp_path / "new.json")])
    with pytest.raises(SystemExit, match="True"):
        tool.main()
    said = capsys.readouterr().out
    for part in ("no message of the code: 'c'", "other places in '{m}'", "not translated: 'b'"):
        assert part in said


def test_english_does_not_load_the_catalogue():
    code = (
        "import sys, carstats as cs; s = cs.simulate_study(seed=1, n=20); "
        "print(cs.baseline_table(cs.define_cohort(s))); print('gettext' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "False"


def test_braces_of_the_data_stay_as_they_are():
    for language in ("en", "zh"):
        with cs.in_language(language):
            assert tr("{a} {b}") == "{a} {b}"
            assert tr("{limits}", limits="{n} {0} {}") == "{n} {0} {}"
