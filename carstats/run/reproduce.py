"""Run the analyses: a script writes a figure or table, a notebook a page to read."""

from __future__ import annotations

import inspect
import os
import runpy
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from carstats.data.packaged import packaged_folder
from carstats.errors import CarstatsError, check_installed, listed
from carstats.language import in_language
from carstats.messages import message
from carstats.report.printing import say
from carstats.run.manifest import MANIFEST, write_manifest
from carstats.run.notebooks import NEEDED, write_notebook
from carstats.run.workers import Outcome, run_jobs
from carstats.translation import LANGUAGES, current_language

if TYPE_CHECKING:
    from carstats.data.study import Study

DEFAULT_OUT = "carstats-results"
# Stands in the folder of figures while a run goes on, and after one that was stopped.
UNFINISHED = "UNFINISHED.txt"
_UNFINISHED_WORDS = (
    "A run of carstats is making these files anew, or was stopped before its end. Some of the\n"
    "figures and tables may be newer than results.csv, methods.csv and index.html: run it again.\n"
)


def reproduce(
    data: str | Path | None = None,
    out: str | Path | None = None,
    only: str | Iterable[str] | None = None,
    *,
    notebooks: bool = True,
    published: bool | None = None,
    lang: str | None = None,
    report: Callable[[Outcome, int], None] | None = None,
) -> list[Outcome]:
    """Run the analyses on a study and write their figures, tables and reports.

    Analyses of the published trials take no study: with `data` they run only where `published` or
    `only` asks for them.

    Notes
    -----
    At the end ``figures/results.csv``, ``figures/methods.csv``, the page ``figures/index.html``
    and ``figures/manifest.json`` are made anew from all that is then there.
    """
    published = data is None if published is None else published
    with in_language(lang or current_language()):
        return _reproduce(data, out, only, notebooks, published, report)


def _reproduce(
    data: str | Path | None,
    out: str | Path | None,
    only: str | Iterable[str] | None,
    notebooks: bool,
    published: bool,
    report: Callable[[Outcome, int], None] | None,
) -> list[Outcome]:
    from carstats.report.pages.save import write_files

    lang = current_language()
    scripts = find_analyses(only, notebooks=notebooks)
    if only is None and not published:
        scripts = [script for script in scripts if takes_study(script)]
    if any(script.suffix == ".ipynb" for script in scripts):
        check_installed("notebooks,crosscheck", *NEEDED)
    folder = Path(data).resolve() if data is not None else packaged_folder("data/synthetic")
    target = Path(out).resolve() if out is not None else default_out(data, lang)
    # Read here first: a study that cannot be read is one error and not one for each analysis.
    if any(map(takes_study, scripts)):
        _study(str(folder))
    check_writable(target)
    if lang != "en":
        from carstats.report.style import font_families

        font_families(LANGUAGES[lang][0])
    jobs = {}
    if notebooks and only is None:
        # The longest of all: begun last, one process would wait for it.
        jobs["crosscheck"] = partial(_second_program, folder, target, lang)
    jobs |= {script.stem: partial(_make, script, folder, target, lang) for script in scripts}
    unfinished = target / "figures" / UNFINISHED
    new = [place for place in (unfinished.parent, target) if not place.exists()]
    write_files(unfinished.parent, {UNFINISHED: _UNFINISHED_WORDS.encode()})
    outcomes = run_jobs(jobs, target, report)
    _gather(unfinished.parent)
    write_manifest(target, folder, find_analyses(), given=data is not None)
    unfinished.unlink(missing_ok=True)
    for place in new:
        # Where nothing could be made, nothing is left.
        with suppress(OSError):
            place.rmdir()
    return [outcomes[name] for name in sorted(outcomes)]


def find_analyses(only: str | Iterable[str] | None = None, *, notebooks: bool = True) -> list[Path]:
    """Return the scripts of the analyses, the notebooks first because they take longest."""
    folder = packaged_folder("analyses")
    found = sorted(folder.glob("notebooks/*.ipynb")) if notebooks else []
    found += sorted(folder.glob("*.py"))
    if only is None:
        return found
    names = {Path(name).stem for name in ([only] if isinstance(only, str) else only)}
    unknown = names - {script.stem for script in found}
    if unknown:
        has = listed(sorted(script.stem for script in found), 40)
        raise CarstatsError(
            message(
                "`only` names {unknown}, which is no analysis. There are: {known}.",
                unknown=sorted(unknown),
                known=has,
            )
        )
    return [script for script in found if script.stem in names]


def run(main: Callable) -> None:
    """Run one analysis from the command line: ``python analyses/NAME.py [--data …] [--out …]``."""
    import argparse

    parser = argparse.ArgumentParser(description=inspect.getmodule(main).__doc__)
    parser.add_argument(
        "--data", help="folder or workbook of study tables; default: the synthetic study"
    )
    parser.add_argument("--out", help="where the files go; default: figures/ of the repository")
    given = parser.parse_args()
    out = Path(given.out) if given.out else default_out(given.data, current_language()) / "figures"
    try:
        data = Path(given.data) if given.data else packaged_folder("data/synthetic")
        _call(main, data, out)
    except CarstatsError as error:
        say(error, err=True)
        sys.exit(2)


def check_writable(target: Path) -> None:
    """Fail before the work and not after it."""
    place = next(folder for folder in (target, *target.parents) if folder.exists())
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise CarstatsError(
            message("cannot write to {folder}. Choose another folder with --out.", folder=target)
        )


def default_out(data: str | Path | None, lang: str) -> Path:
    """Return where outputs go: those of the repository into it, others into the current folder."""
    home = packaged_folder("analyses").parent
    own = data is None and lang == "en" and home.name != "_bundled"
    return home if own else Path.cwd() / DEFAULT_OUT


@lru_cache(maxsize=1)
def _study(data: str) -> Study:
    import carstats as cs

    return cs.read_study(data)


def takes_study(script: Path) -> bool:
    """Return whether an analysis is of a study, and not of the published trials."""
    text = script.read_text(encoding="utf-8")
    return ("read_study(" if script.suffix == ".ipynb" else "def main(study") in text


def _make(script: Path, data: Path, target: Path, lang: str) -> list[Path]:
    """Run one analysis in a language and return its files."""
    with in_language(lang):
        if script.suffix == ".ipynb":
            return write_notebook(script, data, target)
        main = runpy.run_path(str(script), run_name="carstats_analysis")["main"]
        _call(main, data, target / "figures")
    return sorted((target / "figures").glob(f"{script.stem}.*"))


def _second_program(data: Path, target: Path, lang: str) -> list[Path]:
    """Write the page that compares the numbers of the study with those of other libraries."""
    from carstats.report.pages.second_program import crosscheck_pages

    with in_language(lang):
        return crosscheck_pages(_study(str(data)), target / "reports")


def _gather(folder: Path) -> None:
    """Write what is made of all figures and tables of a folder: the numbers, and the page."""
    if not any(file.name != MANIFEST for file in folder.glob("*.json")):
        return
    from carstats.report.pages.contact_sheet import PAGE, contact_sheet
    from carstats.report.pages.results_file import results_files
    from carstats.report.pages.save import write_files

    write_files(folder, results_files(folder))
    write_files(folder, {PAGE: contact_sheet(folder).encode()})


def _call(main: Callable, data: Path, out: Path) -> None:
    if "study" in inspect.signature(main).parameters:
        main(_study(str(data)), out)
    else:
        main(out)
