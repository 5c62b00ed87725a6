"""One report of one study: its chapters on a page, in Word and on slides."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from carstats.errors import CarstatsError, check_choice, check_path
from carstats.language import in_language
from carstats.messages import Joined, message
from carstats.run.reproduce import check_writable
from carstats.run.workers import WORKERS, Outcome, run_jobs
from carstats.translation import LANGUAGES, current_language
from carstats.words import in_words

if TYPE_CHECKING:
    from carstats.report.chapters.context import Context

PAGE, DOCUMENT, SLIDES = "report.html", "report.docx", "slides.pptx"
# The first job: what stands over the chapters. A name that no chapter has.
_COVER = "cover"
# Bytes of tables, as text: those of some ten thousand subjects.
_LARGE = 50_000_000
# What takes longest begins first, so that no worker is left waiting for another at the end.
_LONG = (
    "second",
    "more-toxicity",
    "relapse",
    "response",
    "course",
    "more-relapse",
    "toxicity",
)


def study_report(
    data: str | Path,
    out: str | Path,
    *,
    lang: str | None = None,
    mapping: str | Path | None = None,
    smd: bool = False,
    report: Callable[[Outcome, int], None] | None = None,
) -> list[Path]:
    """Write a report of a study: a page to read, print and send, a Word file, and slides.

    Parameters
    ----------
    data : str or Path
        A folder or workbook of study tables.
    out : str or Path
        The folder for ``report.html``, ``report.docx`` and ``slides.pptx``. Reports that are there
        are replaced at the end, or stay as they are if anything fails.
    lang : {"en", "zh"}, optional
        The language of the report; by default the one that is set.
    mapping : str or Path, optional
        The study's mapping (``study.toml``) if it is not beside the data.
    smd : bool
        Whether Table 1 has the standardised differences between the targets.
    report : callable, optional
        Called with the outcome of each chapter and their number, as soon as it is there.

    Returns
    -------
    list of Path
        The three files.

    Raises
    ------
    CarstatsError
        If the study cannot be read, a chapter fails, the library for slides or a font for Chinese
        is not installed, or the folder cannot be written.

    Examples
    --------
    >>> cs.study_report("docs/examples/hospital", "report")
    """
    data, out = check_path("data", data), check_path("out", out)
    lang = lang or current_language()
    lang = check_choice("lang", lang, tuple(LANGUAGES))
    with in_language(lang):
        return _study_report(data, out.resolve(), lang, mapping, smd, report)


def _study_report(
    data: Path,
    out: Path,
    lang: str,
    mapping: str | Path | None,
    smd: bool,
    report: Callable[[Outcome, int], None] | None,
) -> list[Path]:
    import carstats as cs
    from carstats.report.chapters.contents import CONTENTS
    from carstats.report.pages.chapters import report_page
    from carstats.report.pages.document import report_document
    from carstats.report.pages.save import write_files
    from carstats.report.pages.slides import report_slides

    # What can be wrong is found before the work begins.
    if lang != "en":
        from carstats.report.style import font_families

        font_families(LANGUAGES[lang][0])
    if not data.exists():
        cs.read_study(data, mapping)
    check_writable(out)
    for name in (PAGE, DOCUMENT, SLIDES):
        if (out / name).is_dir():
            raise CarstatsError(
                message(
                    "cannot write {file}: a folder stands there. Choose another folder with --out.",
                    file=out / name,
                )
            )
    names = sorted((entry.name for entry in CONTENTS), key=_turn)
    with tempfile.TemporaryDirectory(prefix="carstats-", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder)
        jobs = {
            name: partial(_make, name, str(data.resolve()), _absolute(mapping), smd, lang, scratch)
            for name in names
        }
        # What is wrong with the study is found at once, and said once; not by each chapter.
        cover = partial(_cover, str(data.resolve()), _absolute(mapping), smd, lang, scratch)
        outcomes = run_jobs(
            {_COVER: cover, **jobs},
            scratch,
            _of_chapters(report),
            needed=_COVER,
            workers=1 if _is_large(data) else WORKERS,
        )
        if outcomes[_COVER].reason and not outcomes[_COVER].defect:
            cs.read_study(data, mapping)
        _check(outcomes)
        title, synthetic = _read(outcomes[_COVER].files[0])
        made = [_read(outcomes[entry.name].files[0]) for entry in CONTENTS]
    chapters = [chapter for chapter in made if chapter is not None]
    page = report_page(chapters, title, synthetic=synthetic, made_with=f"carstats {cs.__version__}")
    return write_files(
        out,
        {
            PAGE: page.encode(),
            DOCUMENT: report_document(chapters, title, synthetic=synthetic),
            SLIDES: report_slides(chapters, title, synthetic=synthetic),
        },
    )


def _turn(name: str) -> int:
    return _LONG.index(name) if name in _LONG else len(_LONG)


def _of_chapters(
    report: Callable[[Outcome, int], None] | None,
) -> Callable[[Outcome, int], None] | None:
    """Return what tells of the chapters, and not of the cover."""

    def told(outcome: Outcome, total: int) -> None:
        if report and outcome.name != _COVER:
            report(outcome, total - 1)

    return told if report else None


def _is_large(data: Path) -> bool:
    """Return whether two workers, each with the study, would take too much memory."""
    from carstats.data.formats.files import TEXT
    from carstats.data.readers.finder import list_files

    # A mapping stands beside its data.
    alone = data.is_file() and data.suffix.lower() != ".toml"
    files = [data] if alone else list_files(data.parent if data.is_file() else data)
    # What is no text is compressed.
    sizes = [file.stat().st_size * (1 if file.suffix.lower() in TEXT else 10) for file in files]
    return sum(sizes) > _LARGE


def _check(outcomes: dict[str, Outcome]) -> None:
    """Fail, naming every chapter that could not be made."""
    failed = [outcome for outcome in outcomes.values() if outcome.reason]
    if not failed:
        return
    reasons = Joined(
        (
            message("  {name}: {reason}", name=outcome.name, reason=outcome.reason)
            for outcome in failed
        ),
        "\n",
    )
    raise CarstatsError(
        message("the report was not written; these chapters failed:\n{reasons}", reasons=reasons)
    )


def _absolute(path: str | Path | None) -> str | None:
    return None if path is None else str(Path(path).resolve())


@lru_cache(maxsize=1)
def _context(data: str, mapping: str | None, smd: bool) -> Context:
    import carstats as cs
    from carstats.report.chapters.context import context_of

    return context_of(cs.read_study(data, mapping), smd=smd)


def _cover(data: str, mapping: str | None, smd: bool, lang: str, scratch: Path) -> list[Path]:
    """Read the study in a worker and leave its title, and whether it is synthetic."""
    with in_language(lang):
        study = _context(data, mapping, smd).study
        title = in_words(study.label) or Path(data).stem
    file = scratch / f"{_COVER}.chapter"
    file.write_bytes(pickle.dumps((title, study.synthetic)))
    return [file]


def _make(
    name: str, data: str, mapping: str | None, smd: bool, lang: str, scratch: Path
) -> list[Path]:
    """Make a chapter in a worker and leave it, its figures drawn, in the scratch folder."""
    from carstats.report.chapters.contents import CONTENTS, make_chapter
    from carstats.report.pages.picture import drawn

    entry = next(entry for entry in CONTENTS if entry.name == name)
    with in_language(lang):
        chapter = make_chapter(entry, _context(data, mapping, smd))
        chapter = None if chapter is None else drawn(chapter)
    file = scratch / f"{name}.chapter"
    file.write_bytes(pickle.dumps(chapter))
    return [file]


def _read(file: Path):
    # Written a moment ago by a worker of this run, in a folder that is its own.
    return pickle.loads(file.read_bytes())
