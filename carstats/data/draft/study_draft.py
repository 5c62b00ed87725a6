"""The draft of a `study.toml`: files are looked at, and what they seem to hold is written down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from carstats.data.check import cell_text
from carstats.data.draft.adam_lines import is_adam, write_adam
from carstats.data.draft.finding import Column, Found, box, found_in, part
from carstats.data.draft.long_lines import (
    ask_twice,
    kind_of,
    write_long,
    write_other_wide,
    write_visits,
)
from carstats.data.draft.sections import Paper
from carstats.data.draft.settling import settle
from carstats.data.draft.subject_lines import totals_of, write_subjects
from carstats.data.draft.wide_lines import ask_zero_one, write_wide
from carstats.data.formats.files import SUFFIXES, WORKBOOKS, Files, unread_kind
from carstats.data.matching import find_name
from carstats.data.readers.finder import list_files
from carstats.data.schema import TABLES
from carstats.data.settings.study_file import FILE_NAME
from carstats.data.template.layout import template_language
from carstats.errors import CarstatsError, Problem
from carstats.messages import message

# REDCap's columns in an export with its own names, and in one with labels.
_INSTRUMENT = ("redcap_repeat_instrument", "repeat instrument")
_EVENT = ("redcap_event_name", "event name")
_UNREAD = {
    "identifier": message("Not read, because they say who somebody is:"),
    "free text": message("Not read, because they are free text:"),
    "ignore": message("Not read, because carstats has no use for them:"),
    "where": message("Not read by themselves; they pick rows (`where`):"),
    "": message("Not read, because it was not recognised what they are (map them if they matter):"),
}
_MOST_NAMED = 200


@dataclass
class Draft:
    """A draft: its text to be, what was found, and how much is open.

    Attributes
    ----------
    paper : Paper
        The lines.
    open : int
        How many decisions are open.
    sheets : list of (str, int, int)
        What was read: the sheet, its columns, and how many of them are taken for something.
    """

    paper: Paper
    open: int
    sheets: list[tuple[str, int, int]]


def draft_study(path: str | Path) -> Draft:
    """Return the draft of a `study.toml` for a folder or a file.

    Parameters
    ----------
    path : str or Path
        A folder of tables, or one file of them.

    Returns
    -------
    Draft
        The draft. No cell stands in it but the values of columns of controlled terms.

    Raises
    ------
    CarstatsError
        If there is nothing to draft from: no file of data, or none that can be read.
    """
    path = Path(path)
    if path.is_dir():
        paths = [p for p in list_files(path) if p.suffix.lower() in SUFFIXES]
        unread = [p for p in list_files(path) if p.suffix.lower() not in SUFFIXES]
        files = Files(path)
    elif path.is_file() and path.suffix.lower() in SUFFIXES:
        paths, unread, files = [path], [], Files(path.parent)
    elif path.is_file():
        what, remedy = unread_kind(path)
        raise CarstatsError(Problem(what, path.name, remedy=remedy))
    else:
        remedy = message("Check the path; it is a folder of tables, or a file.")
        raise CarstatsError(Problem(message("does not exist."), str(path), remedy=remedy))
    if any(template_language(p, files) for p in paths):
        paper = Paper()
        paper.told.append(message("This is carstats' own template: it is read without a mapping."))
        return Draft(paper, 0, [])
    if path.is_dir() and is_adam(paths):
        paper = write_adam(path, files)
        paper.add_vocabulary()
        return Draft(paper, len(paper.undecided()), [])
    found = [one for p in paths for one in found_in(p, files)]
    found = [one for one in found if one.columns and len(one.sheet.frame)]
    if not found:
        _nothing(path, paths, files, unread)
    return _drafted(path, found, files, unread)


def _nothing(path: Path, paths: list[Path], files: Files, unread: list[Path]) -> None:
    """Say why there is nothing to draft from."""
    if files.problems:
        raise CarstatsError(files.problems)
    if unread and not paths:
        kinds = [(p.name, *unread_kind(p)) for p in unread]
        raise CarstatsError([Problem(what, name, remedy=fix) for name, what, fix in kinds])
    what = message("has no sheet with headings and rows under them.")
    if not paths:
        what = message("has no file of data.")
    remedy = message("Put a table there, as .csv or .xlsx: headings, and a row for each subject.")
    raise CarstatsError(Problem(what, path.name or str(path), remedy=remedy))


def _drafted(path: Path, found: list[Found], files: Files, unread: list[Path]) -> Draft:
    paper = Paper()
    standard = [f for f in found if _is_standard(f)]
    if any(_named(f) == "subjects" for f in standard):
        paper.told.append(
            message("The tables have carstats' own names: they are read without a mapping.")
        )
        return Draft(paper, 0, _said(found))
    parts = [piece for one in found for piece in _parts(one)]
    for one in parts:
        settle(one)
    main = max(parts, key=_fitness)
    others = [one for one in parts if one is not main]
    subjects = _without_totals(main)
    _tell(paper, found, files, unread)
    rest = [one for one in others if kind_of(one)]
    _link(subjects, rest)
    book = main.path.suffix.lower() in WORKBOOKS and len(files.sheet_names(main.path)) > 1
    write_subjects(paper, subjects, book, rest, totals_of(main))
    write_wide(paper, subjects)
    ask_zero_one(paper, subjects)
    _write_others(paper, rest, main)
    _checkboxes(paper, parts)
    _name_unread(paper, parts, rest, main)
    paper.add_vocabulary()
    return Draft(paper, len(paper.undecided()), _said(found))


def _link(subjects: Found, rest: list[Found]) -> None:
    """Take a number for the subjects' that other sheets have too."""
    column = subjects.first("subjects.subject_id")
    if column is not None and any(
        c.heading == column.heading for one in rest for c in one.of("subjects.subject_id")
    ):
        column.proposal = replace(column.proposal, sure=True, others=())


def _without_totals(main: Found) -> Found:
    """Return the sheet of the subjects without its rows of totals."""
    column, words = totals_of(main)
    totals = set(words)
    if not totals or column is None:
        return main
    cells = main.sheet.frame.iloc[:, column.place]
    kept = part(main, [_blank(c) or cell_text(c).strip() not in totals for c in cells], main.where)
    settle(kept)
    return kept


def _write_others(paper: Paper, rest: list[Found], main: Found) -> None:
    taken: set[str] = set()
    for one in rest:
        kind = kind_of(one)
        name = message("{file}, sheet {title}", file=one.path.name, title=one.title)
        if kind == "infusions":
            continue
        if kind == "wide":
            write_other_wide(paper, one, main)
        elif kind == "visits":
            write_visits(paper, one, main)
        elif kind in taken:
            told = message("{sheet} looks like another table of {kind}: put them together, or map"
                           " one by hand.", sheet=name, kind=kind)  # fmt: skip
            paper.told.append(told)
        else:
            taken.add(kind)
            write_long(paper, one, main, kind)
            if kind == "toxicities":
                ask_twice(paper, one)


def _is_standard(found: Found) -> bool:
    name = _named(found)
    headings = [c.heading for c in found.columns]
    required = [c.name for c in TABLES[name].columns if c.required] if name else []
    return bool(name) and all(find_name(r, headings) for r in required)


def _named(found: Found) -> str:
    title = found.title or found.path.stem
    return next(iter(find_name(title.strip(), TABLES)), "")


def _said(found: list[Found]) -> list[tuple[str, int, int]]:
    return [
        (
            " · ".join(filter(None, (one.path.name, one.title))),
            len(one.columns),
            sum(bool(c.proposal.target) for c in one.columns),
        )
        for one in found
    ]


def _parts(found: Found) -> Iterator[Found]:
    """Yield the tables that a sheet holds: one, but for an export of REDCap."""
    names = {c.heading.casefold(): c for c in found.columns}
    frame = found.sheet.frame

    def cells(name: str | None) -> list[str] | None:
        if name is None:
            return None
        column = frame.iloc[:, names[name].place]
        return ["" if _blank(c) else cell_text(c).strip() for c in column]

    instrument, event_name = (next((n for n in known if n in names), None)
                              for known in (_INSTRUMENT, _EVENT))  # fmt: skip
    if instrument is None and event_name == "event name":
        event_name = None  # a column of anybody's
    instruments, events = cells(instrument), cells(event_name)
    if instruments is None and events is None:
        yield found
        return
    n = len(frame)
    keys = list(zip(instruments or [""] * n, events or [""] * n, strict=True))
    groups: dict[tuple[str, str], list[int]] = {}
    for i, pair in enumerate(keys):
        groups.setdefault(pair, []).append(i)
    merged: dict[tuple, list[tuple[str, str]]] = {}
    for pair in groups:
        piece = part(found, [keys[i] == pair for i in range(n)], {})
        filled = frozenset(c.heading for c in piece.columns if c.cells.filled)
        merged.setdefault((pair[0], _outline(filled)), []).append(pair)
    empty = {c.heading for c in found.columns if not c.cells.filled}
    for (_, outline), pairs in merged.items():
        wanted = set(pairs)
        where: dict = {}
        if events is not None:
            named = sorted({event for _, event in pairs})
            where[names[str(event_name)].heading] = named[0] if len(named) == 1 else named
        if instruments is not None:
            where[names[str(instrument)].heading] = pairs[0][0]
        piece = part(found, [key in wanted for key in keys], where)
        # What is empty throughout, such as a date of death, is of the subjects: nobody died.
        kept = empty if outline == "subjects" else set()
        piece.columns = [c for c in piece.columns if c.cells.filled or c.heading in kept]
        yield piece


def _outline(filled: frozenset[str]) -> str:
    """Return what tells the rows of one form: whether they hold who a subject is."""
    from carstats.data.draft.headings import proposal

    targets = {proposal(h).target for h in filled}
    subject = targets & {"subjects.disease", "study.infusion_date", "subjects.target",
                         "subjects.sex", "subjects.age"}  # fmt: skip
    return "subjects" if subject else "visits"


def _blank(value: object) -> bool:
    return value is None or value != value or not str(value).strip()


def _fitness(found: Found) -> float:
    """Return how much a sheet is that of the subjects: a row each, with who they are."""
    targets = {c.proposal.target for c in found.columns if c.cells.filled}
    score = 3.0 * sum(t.startswith("subjects.") or t.startswith("study.") for t in targets)
    score += 0.5 * sum(":" in t for t in targets)
    column: Column | None = found.first("subjects.subject_id")
    if column is not None:
        cells = found.sheet.frame.iloc[:, column.place].dropna()
        unique = cells.nunique() / max(len(cells), 1)
        score *= 0.3 if unique < 0.9 else 1.0
    return score


def _tell(paper: Paper, found: list[Found], files: Files, unread: list[Path]) -> None:
    paper.told.append(
        message(
            "A draft of {file}: what each heading was taken for. Look through it, then run"
            " `carstats check`.",
            file=FILE_NAME,
        )
    )
    for name, n, known in _said(found):
        paper.told.append(
            message("{sheet}: {known} of {n} columns recognised.", sheet=name, known=known, n=n)
        )
    for one in found:
        if one.grouped:
            told = message("{sheet}: headings in two lines: the upper one was read with the lower.",
                           sheet=one.path.name)  # fmt: skip
            paper.told.append(told)
    paper.told += [note for note in files.notes if note not in paper.told]
    for problem in files.problems:
        paper.told.append(str(problem))
    for path in unread:
        paper.told.append(message("{file}: {what}", file=path.name, what=unread_kind(path)[0]))


def _checkboxes(paper: Paper, parts: list[Found]) -> None:
    """Ask what the boxes of a question of REDCap say together."""
    from carstats.data.draft.redcap import box_lines

    for one in parts:
        box_lines(paper, one)


def _name_unread(paper: Paper, parts: list[Found], rest: list[Found], main: Found) -> None:
    for target, why in _UNREAD.items():
        headings = [
            c.heading
            for one in ([main, *rest])
            for c in one.columns
            if c.proposal.target == target and box(c.heading) is None
        ]
        headings = list(dict.fromkeys(headings))
        if headings:
            more = [f"… (+{len(headings) - _MOST_NAMED})"] if len(headings) > _MOST_NAMED else []
            paper.unread.append((why, [*headings[:_MOST_NAMED], *more]))
    left = [c.heading for one in [main, *rest] for c in one.columns if not paper.names(c.heading)]
    if left:
        why = message("Recognised, and without a place beside what is written above: not read")
        paper.unread.append((why, list(dict.fromkeys(left))))
    told = [one for one in parts if one is not main and one not in rest]
    if told:
        names = list(dict.fromkeys(one.title or one.path.name for one in told))
        why = message("Sheets that were not taken for a table of subjects, visits or events:")
        paper.unread.append((why, names))
