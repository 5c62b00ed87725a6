"""One report of one study: the chapters of the notebooks on a page, their tables in Word."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from carstats.data.packaged import packaged_folder
from carstats.errors import CarstatsError, check_choice
from carstats.language import in_language
from carstats.messages import Joined, message
from carstats.run.reproduce import check_writable
from carstats.run.workers import Outcome, run_jobs
from carstats.translation import LANGUAGES, current_language
from carstats.words import in_words

# The order of the page. The notebook of the published trials is not about the user's study.
CHAPTERS = ("cohort", "relapse", "response", "toxicity", "methods")
PAGE, TABLES = "report.html", "tables.docx"


def study_report(
    data: str | Path,
    out: str | Path,
    *,
    lang: str | None = None,
    mapping: str | Path | None = None,
    report: Callable[[Outcome, int], None] | None = None,
) -> list[Path]:
    """Write a report of a study: one page that can be read, printed and sent, and its tables.

    Parameters
    ----------
    data : str or Path
        A folder or workbook of study tables.
    out : str or Path
        The folder for ``report.html`` and ``tables.docx``. Reports that are there are replaced at
        the end, or stay as they are if anything fails.
    lang : {"en", "zh"}, optional
        The language of the report; by default the one that is set.
    mapping : str or Path, optional
        The study's mapping (``study.toml``) if it is not beside the data.
    report : callable, optional
        Called with the outcome of each chapter and their number, as soon as it is there.

    Returns
    -------
    list of Path
        The two files.

    Raises
    ------
    CarstatsError
        If the study cannot be read, a chapter fails, the libraries for notebooks or a font for
        Chinese are not installed, or the folder cannot be written.
    """
    lang = lang or current_language()
    lang = check_choice("lang", lang, tuple(LANGUAGES))
    with in_language(lang):
        return _study_report(Path(data), Path(out).resolve(), lang, mapping, report)


def _study_report(
    data: Path,
    out: Path,
    lang: str,
    mapping: str | Path | None,
    report: Callable[[Outcome, int], None] | None,
) -> list[Path]:
    import carstats as cs
    from carstats.report.chapters.notebooks import require_notebooks
    from carstats.report.pages.page import notebook_tables, study_page
    from carstats.report.pages.save import write_files
    from carstats.report.style import font_families

    # What can be wrong is found before the work begins, which takes a minute.
    require_notebooks()
    import nbformat

    font_families("" if lang == "en" else LANGUAGES[lang][0])
    study = cs.read_study(data, mapping)
    check_writable(out)
    with tempfile.TemporaryDirectory(prefix="carstats-", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder)
        jobs = {
            name: partial(
                _run_chapter, _source(name), data.resolve(), lang, _absolute(mapping), scratch
            )
            for name in CHAPTERS
        }
        outcomes = run_jobs(jobs, scratch, report)
        failed = [o for o in (outcomes[name] for name in CHAPTERS) if o.reason]
        if failed:
            reasons = Joined(
                (
                    message("  {name}: {reason}", name=outcome.name, reason=outcome.reason)
                    for outcome in failed
                ),
                "\n",
            )
            raise CarstatsError(
                message(
                    "the report was not written; these chapters failed:\n{reasons}", reasons=reasons
                )
            )
        chapters = {name: nbformat.read(outcomes[name].files[0], 4) for name in CHAPTERS}
    page = study_page(
        chapters,
        in_words(study.label) or data.resolve().stem,
        synthetic=study.synthetic,
        made_with=f"carstats {cs.__version__}",
    )
    tables = [table for notebook in chapters.values() for table in notebook_tables(notebook)]
    return write_files(out, {PAGE: page.encode(), TABLES: _word(tables)})


def _source(name: str) -> Path:
    return packaged_folder("analyses") / "notebooks" / f"{name}.py"


def _absolute(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path).resolve()


def _run_chapter(
    source: Path, data: Path, lang: str, mapping: Path | None, scratch: Path
) -> list[Path]:
    """Run a chapter in a worker and leave it with its outputs in the scratch folder."""
    import nbformat

    from carstats.report.chapters.notebooks import run_notebook

    file = scratch / f"{source.stem}.ipynb"
    nbformat.write(run_notebook(source, data, lang, mapping=mapping), file)
    return [file]


def _word(tables: list[dict]) -> bytes:
    from carstats.report.tables.files import table_word
    from carstats.report.tables.model import Table

    return table_word(*(Table.from_json(table) for table in tables))
