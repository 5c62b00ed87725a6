"""What the commands `draft` and `template` do: they write a file and say what is open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from carstats.data.draft.study_draft import draft_study
from carstats.data.settings.study_file import FILE_NAME
from carstats.errors import CarstatsError, Problem
from carstats.messages import message
from carstats.words import in_words, tr, tr_n


def write_draft(path: Path, out: Path | None = None, *, force: bool = False) -> Iterator[str]:
    """Write the draft of a `study.toml`, and yield what is said of it.

    Parameters
    ----------
    path : Path
        A folder of tables, or one file.
    out : Path, optional
        Where it goes; by default `study.toml` beside the data.
    force : bool, optional
        Whether a file that is there is overwritten.
    """
    place = out or (path if path.is_dir() else path.parent) / FILE_NAME
    if place.exists() and not force:
        remedy = message("Delete it, give another place by --out, or overwrite it by --force.")
        raise CarstatsError(Problem(message("is there already."), str(place), remedy=remedy))
    draft = draft_study(path)
    _write(place, draft.paper.text(in_words))
    for name, n, known in draft.sheets:
        yield tr("  {sheet}: {known} of {n} columns recognised", sheet=name, known=known, n=n)
    yield tr("{file} is written.", file=place)
    if draft.open:
        yield tr_n(
            "{n} line is to be decided: it begins with `# ?`. Then: carstats check {folder}",
            "{n} lines are to be decided: they begin with `# ?`. Then: carstats check {folder}",
            draft.open,
            folder=path,
        )
    else:
        yield tr("Nothing is open. Next: carstats check {folder}", folder=path)


def _write(place: Path, text: str) -> None:
    try:
        place.write_text(text, encoding="utf-8")
    except OSError as error:
        what = message("cannot be written: {reason}.", reason=error.strerror or "")
        raise CarstatsError(Problem(what, str(place))) from None


def write_template(out: Path, lang: str) -> Iterator[str]:
    """Write a workbook to type a study into, and yield what is said of it."""
    from carstats.data.template.workbook import template_workbook

    if out.suffix.lower() != ".xlsx":
        remedy = message("Call it registry.xlsx, for example.")
        raise CarstatsError(Problem(message("is no name of a workbook."), str(out), remedy=remedy))
    if out.exists():
        remedy = message("Delete it, or give another name.")
        raise CarstatsError(Problem(message("is there already."), str(out), remedy=remedy))
    try:
        template_workbook("zh" if lang.startswith("zh") else "en").save(out)
    except OSError as error:
        what = message("cannot be written: {reason}.", reason=error.strerror or "")
        raise CarstatsError(Problem(what, str(out))) from None
    yield tr("{file} is written.", file=out)
    yield tr("Type over the example row. Then: carstats check {folder}", folder=out)
