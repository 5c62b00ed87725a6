"""The house: layers, docstrings of the public names, length of files, the lock, the wheel."""

import ast
import dataclasses
import importlib
import importlib.metadata
import inspect
import re
import subprocess
import sys
import textwrap
import tomllib
import zipfile
from pathlib import Path

import numpydoc.validate
import pytest
from numpydoc.docscrape import NumpyDocString

import carstats

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "carstats"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

# From low to high. A part is a module or a folder; the longest name that fits is meant.
ORDER = [
    ["messages"],
    ["translation"],
    ["errors", "words"],
    ["language"],
    ["data.measures"],
    ["data.terms"],
    ["data.vocabulary"],
    ["data", "estimators", "result"],
    ["estimators.curves", "estimators.kinetics", "estimators.pooling"],
    ["estimators.proportions", "estimators.rates", "estimators.regression"],
    ["estimators.tests"],
    ["wording"],
    ["cohort"],
    ["endpoints.options"],
    ["endpoints.record"],
    ["endpoints.rules"],
    ["endpoints.derive"],
    ["endpoints.catalogue"],
    ["endpoints.readings"],
    ["endpoints.explanation"],
    ["endpoints", "synthetic"],
    ["counts"],
    ["survival", "response", "toxicity", "evidence", "kinetics", "baseline"],
    ["counts.making"],
    ["sharing"],
    ["crosschecking", "validation"],
    ["report"],
    ["run"],
    ["analyses"],
]
LAYERS = {part: depth for depth, parts in enumerate(ORDER) for part in parts}
# Files of one part that have names of their own.
SPLIT = {"ard": "result"}

HEAVY = ("lifelines", "matplotlib", "openpyxl", "pyreadstat", "rich", "scipy", "seaborn")
HEAVY += ("duckdb", "ibis", "statsmodels", "typer")

LONGEST = 400
MOST_FILES = 20


def part_of(module):
    """Return the part of the house that a module's dotted name, without `carstats.`, is in."""
    pieces = module.split(".")
    for length in range(len(pieces), 0, -1):
        part = ".".join(pieces[:length])
        part = SPLIT.get(part, part)
        if part in LAYERS:
            return part
    return None


def sources(folder):
    return sorted(p for p in folder.rglob("*.py") if "_bundled" not in p.parts)


def module_name(path):
    """Return the dotted name of a file below the root: `carstats.data.study`, `analyses.flow`."""
    pieces = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(pieces[:-1] if pieces[-1] == "__init__" else pieces)


def is_module(name):
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def imported(tree, name, is_package):
    """Yield the line and the dotted name of everything that a file imports from this repository."""
    package = name.split(".") if is_package else name.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            up = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*up, *([node.module] if node.module else [])])
            names = [alias.name for alias in node.names if alias.name != "__version__"]
            found = {f"{base}.{name}" if is_module(f"{base}.{name}") else base for name in names}
        else:
            continue
        for module in found:
            if module.split(".")[0] in ("carstats", "analyses"):
                yield node.lineno, module


def none(wrong):
    """Fail with every line of `wrong`, not only the first."""
    wrong = list(wrong)
    assert not wrong, "\n".join(map(str, wrong))


def breaches(path, text):
    """Return what a file imports from its own layer or above, as `file:line imports module`."""
    name = module_name(path)
    own = "analyses" if name.startswith("analyses") else part_of(name.removeprefix("carstats."))
    if own is None:
        return [f"{path.relative_to(ROOT)} is in no layer of LAYERS"]
    wrong = []
    for line, module in imported(ast.parse(text), name, path.name == "__init__.py"):
        if module == "carstats":
            allowed = LAYERS[own] > LAYERS["report"]
        else:
            part = part_of(module.removeprefix("carstats."))
            allowed = part == own or (part is not None and LAYERS[part] < LAYERS[own])
        if not allowed:
            wrong.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
    return wrong


@pytest.mark.parametrize(
    ("file", "line", "fine"),
    [
        ("carstats/survival.py", "from carstats.cohort.strata import check_by", True),
        ("carstats/survival.py", "from carstats.response import response_rate", False),
        ("carstats/survival.py", "from carstats import response", False),
        ("carstats/survival.py", "from . import response", False),
        ("carstats/survival.py", "import carstats as cs", False),
        ("carstats/cohort/strata.py", "from carstats.result import Result", True),
        ("carstats/result.py", "from carstats.cohort.strata import check_by", False),
        ("carstats/data/study.py", "from carstats.data.schema import TABLES", True),
        ("carstats/data/study.py", "from .schema import TABLES", True),
        (
            "carstats/data/__init__.py",
            "from carstats.synthetic.simulation import simulate_study",
            False,
        ),
        ("carstats/synthetic/simulation.py", "from carstats.data.study import Study", True),
        ("carstats/report/tables.py", "from carstats.survival import survival_curve", True),
        ("carstats/report/tables.py", "import carstats", False),
        ("carstats/run/cli.py", "from carstats.run.reproduce import reproduce", True),
        ("analyses/baseline.py", "import carstats as cs", True),
        ("carstats/helpers.py", "import math", False),
    ],
)
def test_the_rule_of_layers_is_told_apart(file, line, fine):
    assert (breaches(ROOT / file, line) == []) is fine


def test_modules_import_their_own_part_or_a_lower_layer():
    files = [p for p in sources(PACKAGE) if p != PACKAGE / "__init__.py"]
    files += sources(ROOT / "analyses")
    assert len(files) > 10
    none([line for path in files for line in breaches(path, path.read_text(encoding="utf-8"))])


def circles(imports):
    """Return the modules that import one another in a circle, given what each imports."""
    left = {name: others & set(imports) for name, others in imports.items()}
    while True:
        imported_ones = set().union(*left.values())
        # What imports nothing more, or is imported by nothing more, is in no circle.
        kept = {name for name, others in left.items() if others and name in imported_ones}
        if len(kept) == len(left):
            return sorted(kept)
        left = {name: left[name] & kept for name in kept}


def test_no_module_imports_itself_by_a_detour():
    """Also an import within a function counts: it would only hide a circle."""
    imports = {}
    for path in sources(PACKAGE):
        name = module_name(path)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found = {module for _, module in imported(tree, name, path.name == "__init__.py")}
        imports[name] = found - {"carstats"}
    none(circles(imports))


@pytest.mark.parametrize(
    ("imports", "inside"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}, ["b", "c"]),
        ({"a": {"a"}}, ["a"]),
    ],
)
def test_a_circle_is_told_from_a_chain(imports, inside):
    assert circles(imports) == inside


def test_folders_hold_few_files():
    folders = {path.parent for path in sources(PACKAGE)}
    counts = {folder: len(list(folder.glob("*.py"))) for folder in folders}
    none([f"{p.relative_to(ROOT)} has {n} files" for p, n in counts.items() if n > MOST_FILES])


# What puts a message into a language, or asks which one is set.
INTO_WORDS = {"current_language", "in_words", "tr", "tr_n"}
# Below the reports only the display of an object does so: these functions, in these files.
DISPLAYS = {
    "carstats/cohort/cohort.py": {"__repr__"},
    "carstats/endpoints/derive/estimand.py": {"__str__"},
    "carstats/endpoints/explanation/document.py": {"__repr__", "_repr_html_"},
    "carstats/errors.py": {"_shown"},
    "carstats/result.py": {"__repr__", "_repr_html_", "_printed", "caption", "label"},
}
# Files that are the language itself, and the words of the reports.
SPEAKERS = {"carstats/__init__.py", "carstats/language.py", "carstats/translation.py"}
SPEAKERS |= {"carstats/words.py"}
# What makes a text that is printed: it is never compared with another.
MAKERS = {"in_words", "message", "message_n", "tr", "tr_n"}
_COMPARING = {"count", "endswith", "find", "index", "removeprefix", "removesuffix", "startswith"}


def called(node):
    """Return what is called within a piece of code, by name or as a method."""
    calls = [inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    return {getattr(func, "id", getattr(func, "attr", "")) for func in calls}


def spoken(name, text):
    """Return where a file below the reports puts a message into a language."""
    tree = ast.parse(text)
    shown = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name in DISPLAYS.get(name, ())
        for inner in ast.walk(node)
    }
    imports = ast.Import | ast.ImportFrom
    wrong = []
    for node in ast.walk(tree):
        if id(node) in shown or (isinstance(node, imports) and name in DISPLAYS):
            continue
        names = {alias.name for alias in node.names} if isinstance(node, imports) else set()
        names |= {getattr(node, "id", getattr(node, "attr", ""))}
        wrong += [f"{name}:{node.lineno} {word}" for word in names & INTO_WORDS]
    return wrong


def compared(name, text):
    """Return where a file compares a text that is printed."""
    wrong = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Compare):
            sides = [side for side in (node.left, *node.comparators) if "len" not in called(side)]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _COMPARING:
            sides = [node.func.value, *node.args]
        else:
            continue
        if any(called(side) & MAKERS for side in sides):
            wrong.append(f"{name}:{node.lineno} {ast.unparse(node)}")
    return wrong


@pytest.mark.parametrize(
    ("file", "line", "fine"),
    [
        ("carstats/survival/curves.py", "note = message('no event')", True),
        ("carstats/survival/curves.py", "note = tr('no event')", False),
        ("carstats/data/check.py", "from carstats.language import in_words", False),
        ("carstats/data/check.py", "import carstats.language as l; l.current_language()", False),
        ("carstats/errors.py", "def _shown(said):\n    return in_words(said)", True),
        ("carstats/errors.py", "def listed(values):\n    return in_words(values)", False),
    ],
)
def test_what_speaks_is_told_apart(file, line, fine):
    assert (spoken(file, line) == []) is fine


@pytest.mark.parametrize(
    ("line", "fine"),
    [
        ("row['note'] == 'x'", True),
        ("row['note'] == tr('x')", False),
        ("message('; ') in note", False),
        ("method.startswith(tr('x'))", False),
        ("len(in_words(text)) > 40", True),
    ],
)
def test_a_comparison_of_what_is_printed_is_told_apart(line, fine):
    assert (compared("a.py", line) == []) is fine


def test_nothing_below_the_reports_puts_a_message_into_a_language():
    wrong = []
    for path in sources(PACKAGE):
        name = path.relative_to(ROOT).as_posix()
        part = part_of(module_name(path).removeprefix("carstats."))
        if name not in SPEAKERS and LAYERS.get(part, 0) < LAYERS["report"]:
            wrong += spoken(name, path.read_text(encoding="utf-8"))
    none(wrong)


def test_nothing_compares_what_is_printed():
    files = [*sources(PACKAGE), *sources(ROOT / "analyses")]
    none(
        line
        for path in files
        for line in compared(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    )


def test_the_package_file_imports_nothing_of_its_own_on_import():
    text = (PACKAGE / "__init__.py").read_text(encoding="utf-8")
    top = [node for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom)]
    tree = ast.Module(body=top, type_ignores=[])
    none([module for _, module in imported(tree, "carstats", True)])


def test_there_is_no_file_of_odds_and_ends():
    odd = {"utils", "util", "helpers", "misc", "common", "tools"}
    none([p for p in sources(PACKAGE) if p.stem in odd])


def test_files_are_short():
    files = [*sources(PACKAGE), *sources(ROOT / "analyses")]
    lengths = {
        str(p.relative_to(ROOT)): len(p.read_text(encoding="utf-8").splitlines()) for p in files
    }
    none([f"{name} has {n} lines" for name, n in lengths.items() if n > LONGEST])


def test_no_function_shares_its_modules_name():
    public = {module_name(p).split(".")[-1] for p in sources(PACKAGE) if p.stem != "__init__"}
    none(public & set(carstats.__all__))


PUBLIC_NAMES = sorted(name for name in carstats.__all__ if not name.startswith("__"))


def returns_and_raises(function):
    """Say whether a function gives a value back, and whether it raises or checks an argument."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    inner = {
        id(node)
        for child in ast.walk(tree)
        if child is not tree and isinstance(child, ast.FunctionDef | ast.Lambda)
        for node in ast.walk(child)
    }
    own = [node for node in ast.walk(tree) if id(node) not in inner]
    returns = any(isinstance(node, ast.Return) and node.value is not None for node in own)
    called = [getattr(node.func, "id", "") for node in own if isinstance(node, ast.Call)]
    raises = any(isinstance(node, ast.Raise) for node in own)
    return returns, raises or any(name.startswith("check_") for name in called)


@pytest.mark.parametrize("name", PUBLIC_NAMES)
def test_docstring_of_public_name(name):
    checks = set(PYPROJECT["tool"]["numpydoc_validation"]["checks"])
    found = numpydoc.validate.validate(f"carstats.{name}")["errors"]
    wrong = [f"{code}: {message}" for code, message in found if code in checks]

    public = getattr(carstats, name)
    if inspect.isfunction(public):
        sections = NumpyDocString(inspect.getdoc(public) or "")
        returns, raises = returns_and_raises(public)
        if returns and not (sections["Returns"] or sections["Yields"]):
            wrong.append("it returns a value and has no section Returns")
        if raises and not sections["Raises"]:
            wrong.append("it raises and has no section Raises")
    elif inspect.isclass(public):
        if dataclasses.is_dataclass(public) and NumpyDocString(public.__doc__)["Attributes"]:
            wrong = [line for line in wrong if not line.startswith("PR01")]  # fields are parameters
        wrong += [
            f"`{method}` has no docstring"
            for method, value in vars(public).items()
            if not method.startswith("_") and callable(value) and not inspect.getdoc(value)
        ]
    none(wrong)


def test_names_are_listed_once_and_exist():
    assert len(set(carstats.__all__)) == len(carstats.__all__)
    none([name for name in carstats.__all__ if not hasattr(carstats, name)])
    assert set(carstats.__all__) <= set(dir(carstats))


def loaded_by(statement):
    code = f"import sys; {statement}; print(*(name.split('.')[0] for name in sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_import_loads_nothing_heavy():
    more = loaded_by("import carstats") - loaded_by("import pandas")
    none(more & set(HEAVY))


LOCKS = ["requirements.lock", "requirements-spark.lock"]


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_hashes_and_names_no_place(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    pins = re.findall(r"^[a-z0-9][^\n]*(?:\n    [^\n]*)*", text, flags=re.MULTILINE)
    assert len(pins) > 50
    none([pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin])
    places = re.compile(r"https?:|file:|--(extra-)?index|--find-links|--trusted-host|(^|\s)/\w+/")
    none([line for line in text.splitlines() if places.search(line)])


def locked(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", text, flags=re.MULTILINE))


def test_lock_has_every_dependency():
    project, extras = PYPROJECT["project"], PYPROJECT["project"]["optional-dependencies"]
    wanted = [*project["dependencies"], *PYPROJECT["build-system"]["requires"]]
    wanted += [line for extra in extras.values() for line in extra]
    names = {re.match(r"[A-Za-z0-9-]+", line).group().lower() for line in wanted}
    none(names - set(locked("requirements.lock")) - {"carstats"})
    wanted = [*project["dependencies"], *extras["counts"], *PYPROJECT["dependency-groups"]["spark"]]
    names = {re.match(r"[A-Za-z0-9-]+", line).group().lower() for line in wanted}
    none(names - set(locked("requirements-spark.lock")))


def test_locks_have_the_same_versions():
    first, second = map(locked, LOCKS)
    none(name for name in set(first) & set(second) if first[name] != second[name])


@pytest.mark.crosscheck
def test_libraries_that_are_imported_are_declared():
    project = PYPROJECT["project"]
    declared = list(project["dependencies"])
    for extra in ("counts", "crosscheck", "notebooks", "parquet", "rtf"):
        declared += project["optional-dependencies"][extra]
    names = {re.match(r"[A-Za-z0-9-]+", line).group().lower() for line in declared}
    homes = importlib.metadata.packages_distributions()
    wrong = set()
    for path in [*sources(PACKAGE), *sources(ROOT / "analyses")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                found = [node.module]
            for top in {module.split(".")[0] for module in found}:
                if top in sys.stdlib_module_names or top in ("carstats", "analyses"):
                    continue
                if not names & {home.lower().replace("_", "-") for home in homes.get(top, [])}:
                    wrong.add(f"{path.relative_to(ROOT)} imports {top}")
    none(sorted(wrong))


def test_version_is_the_same_everywhere():
    assert PYPROJECT["tool"]["hatch"]["version"]["path"] == "carstats/__init__.py"
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    cited = re.search(r"^version: (.*)$", citation, flags=re.MULTILINE).group(1)
    assert cited == carstats.__version__


def test_wheel_carries_the_analyses_and_the_data(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        carried = set(archive.namelist())
    wanted = {
        f"carstats/_bundled/{p.relative_to(ROOT).as_posix()}"
        for folder in ("analyses", "data/synthetic", "data/published")
        for p in (ROOT / folder).rglob("*")
        if p.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(p.parts)
    }
    assert {name.split("/")[2] for name in wanted} == {"analyses", "data"}
    none(wanted - carried)
    none([name for name in carried if "__pycache__" in name])


def test_lines_of_the_readme_run(monkeypatch):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    monkeypatch.chdir(ROOT)
    made = {}
    exec(compile(lines, "README.md", "exec"), made)
    assert "Kaplan–Meier" in made["cs"].plot(made["curves"]).caption


def test_console_script_exists():
    module, _, name = PYPROJECT["project"]["scripts"]["carstats"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


def test_no_file_holds_both_sides_of_a_merge():
    files = [p for end in ("py", "md", "toml", "css", "js") for p in ROOT.rglob(f"*.{end}")]
    not_own = {".venv", ".venv-newest", ".venv-spark", ".git", "_build", "node_modules"}
    own = [p for p in files if not not_own & set(p.parts)]
    assert len(own) > 500
    marks = re.compile(r"^(<{7} |>{7} )", re.MULTILINE)
    none([p.relative_to(ROOT) for p in own if marks.search(p.read_text(encoding="utf-8"))])
