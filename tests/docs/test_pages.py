"""The site: every block of its pages runs, and every public name stands where its question is."""

import inspect
import re
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import carstats as cs
from carstats.report import verbs
from carstats.report.views import VIEWS
from carstats.validation.grid.all import GRID

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))

from running import blocks_of, reading_once, run_block  # noqa: E402

PAGES = [
    page
    for page in sorted(DOCS.rglob("*.md"))
    if not {"_build", "gallery", "examples"} & set(page.relative_to(DOCS).parts)
]
FIGURES = DOCS / "figures.md"
RUNNING = [
    page
    for page in [*PAGES, ROOT / "README.md"]
    if page != FIGURES and any(blocks_of(page.read_text("utf-8")))
]
# What a block may be marked with; only `python` runs.
SHOWN = {"python", "py", "console", "text", "toml", "r", "sh", "bat"}
FENCE = re.compile(r"^(?:```|~~~)(\S*)", flags=re.MULTILINE)


@pytest.mark.parametrize("page", RUNNING, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_blocks_run_in_their_order(page):
    _run(page)


def _run(page):
    names = {"__name__": page.stem}
    with reading_once():
        for line, code in blocks_of(page.read_text("utf-8")):
            run_block(code, names, str(page), line)
            plt.close("all")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_every_block_says_what_it_is(page):
    opened = FENCE.findall(page.read_text("utf-8"))[::2]
    wrong = [kind for kind in opened if kind not in SHOWN and not kind.startswith("{")]
    assert wrong == []


def test_every_public_name_is_in_the_api_once():
    named = [
        name
        for page in DOCS.joinpath("api").glob("*.md")
        for name in re.findall(r"auto\w+:: carstats\.(\w+)", page.read_text("utf-8"))
    ]
    public = sorted(name for name in cs.__all__ if name != "__version__")
    assert sorted(named) == public
    by_question = re.findall(r"~carstats\.(\w+)", (DOCS / "api" / "index.md").read_text("utf-8"))
    assert sorted(by_question) == public


def test_every_kind_of_figure_is_drawn_on_the_page_of_figures(monkeypatch):
    """The page runs, and misses no figure that `cs.plot` knows."""
    chosen, seen = verbs._kind, set()

    def kind_of(views, kind, shown):
        made = chosen(views, kind, shown)
        seen.add(views.figures[made])
        return made

    monkeypatch.setattr(verbs, "_kind", kind_of)
    _run(FIGURES)
    assert {name for views in VIEWS.values() for name in views.figures.values()} - seen == set()


@pytest.mark.parametrize(
    "page", ["r.md", "sas.md", *(f"api/{p.name}" for p in DOCS.glob("api/*.md"))]
)
def test_names_that_pages_call_exist(page):
    text = (DOCS / page).read_text("utf-8")
    called = set(re.findall(r"\bcs\.(\w+)", text))
    assert called - set(cs.__all__) - {"__version__"} == set()


def test_options_named_for_r_and_sas_exist():
    """`cs.f(…, option=…)` of the tables: the function has the option."""
    wrong = []
    for page in ("r.md", "sas.md"):
        for name, given in re.findall(r"\bcs\.(\w+)\(([^`]*)\)", (DOCS / page).read_text("utf-8")):
            known = inspect.signature(getattr(cs, name)).parameters
            options = re.findall(r"(\w+)=", given)
            wrong += [
                f"{page}: {name}({o}=)"
                for o in options
                if o not in known and "options" not in known
            ]
    assert wrong == []


LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")
READ = [*PAGES, *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))]
# Written when the site is built.
MADE = {DOCS / "gallery" / "index.md"}


@pytest.mark.parametrize("page", READ, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files(page):
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    targets = {link for link in LINK.findall(text) if ":" not in link}
    wrong = [
        t for t in targets if not (at := (page.parent / t).resolve()).exists() and at not in MADE
    ]
    assert wrong == []


@pytest.mark.parametrize("page", ["README.md", "docs/trust.md"])
def test_the_comparisons_that_a_page_counts_are_those_of_the_grid(page):
    words = " ".join((ROOT / page).read_text("utf-8").split())
    assert f"makes {sum(GRID.values()):,} comparisons" in words
    # What the second program agrees with changes with every analysis: its page counts it.
    assert not re.search(r"[0-9],[0-9]{3} (of [0-9,]+ )?numbers", words)
