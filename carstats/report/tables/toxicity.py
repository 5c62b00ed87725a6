"""Tables of toxicity: by system and term, and by worst grade."""

from __future__ import annotations

import pandas as pd

from carstats.messages import mark, message
from carstats.report.format import counted
from carstats.report.tables.abbreviations import spelled_out
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row, Spanner
from carstats.report.tables.parts import (
    WIDEST,
    check_columns,
    footnoted,
    level_label,
    sentence_table,
    share,
    stratum_heads,
)
from carstats.result import Result
from carstats.words import tr

_CRITERIA = {
    "any": mark("Any grade"),
    "grade >=2": mark("Grade ≥\u200a2"),
    "grade >=3": mark("Grade ≥\u200a3"),
    "moderate or worse": mark("Moderate or worse"),
    "severe or worse": mark("Severe or worse"),
    "serious": mark("Serious"),
}
# Where the synthetic study's episodes were; the vocabulary's systems are marked there.
_SYSTEMS = (
    mark("bloodstream"), mark("gastrointestinal tract"), mark("joints"), mark("kidney"),
    mark("lung"), mark("muscle"), mark("respiratory tract"), mark("skin"), mark("urinary tract"),
)  # fmt: skip


def tabulate_toxicities(result: Result, *, title: str | None = None) -> Table:
    """Return the table of adverse events: systems, their terms, and a total above them.

    Parameters
    ----------
    result : Result
        What `toxicity_table` returns.
    title : str, optional
        The heading; by default the endpoint.

    Returns
    -------
    Table
        In each cell subjects with the event and their share; strata as heads over any grade,
        grade 3 or worse and serious, or below each other where they are more than three.

    Raises
    ------
    CarstatsError
        If the result is not a table of toxicities.
    """
    check_columns(
        result, "tabulate_toxicities", message("what {names} returns", names="toxicity_table"),
        {"row", "system", "term", "criterion", "n_event"},
    )  # fmt: skip
    frame = result.frame
    title = title or result.spec.endpoint
    if not (frame["row"] == "term").any():
        return sentence_table(title, tr("No toxicity was recorded."), [result])
    criteria = list(dict.fromkeys(frame["criterion"]))
    # Grade 2 or worse is in the numbers; a page has room for three columns a stratum.
    asked = [criteria[0], *criteria[2:]]
    shown = [asked[0], *(name for name in asked[1:] if _recorded(frame, name))]
    names = [_criterion(name, result) for name in shown]
    heads, strata = stratum_heads(result), result.strata()
    first = tr("Subjects with, n (%)")
    beside = len(strata) * len(shown) <= WIDEST
    if beside:
        parts = [_cells(part, shown) for _, part in strata]
        kinds = strata[0][1][strata[0][1]["criterion"] == criteria[0]]
        rows = [
            Row((_name(result, kind), *(cell for part in parts for cell in part[i])),
                indent=int(kind.row == "term"))
            for i, kind in enumerate(kinds.itertuples())
        ]  # fmt: skip
        spanners = tuple(
            Spanner(head, 1 + i * len(shown), (i + 1) * len(shown))
            for i, head in enumerate(heads.values())
        )
        columns = (first, *names * len(strata))
    else:
        rows, spanners, columns = [], (), (first, *names)
        for key, part in strata:
            kinds = part[part["criterion"] == criteria[0]].itertuples()
            rows += [
                Row((_name(result, kind), *cells), heads[key], 1 + int(kind.row == "term"))
                for kind, cells in zip(kinds, _cells(part, shown), strict=True)
            ]
    table = Table(
        title,
        columns,
        tuple(rows),
        notes=footnoted(
            [result], rows,
            tr("n: subjects with at least one episode; each counts once in a row."),
            tr("%: of all subjects of the stratum."),
            *_unknown(frame, result, asked),
            method=False,
        ),
        spanners=spanners,
        synthetic=result.spec.synthetic,
    )  # fmt: skip
    return spelled_out(table)


def tabulate_grades(result: Result, *, title: str | None = None) -> Table:
    """Return the subjects by the worst grade of each toxicity: a row per term.

    Parameters
    ----------
    result : Result
        What `toxicity_grades` returns.
    title : str, optional
        The heading; by default the endpoint.

    Returns
    -------
    Table
        A column per grade; strata as headings.

    Raises
    ------
    CarstatsError
        If the result has no worst grades.
    """
    check_columns(
        result, "tabulate_grades", message("what {names} returns", names="toxicity_grades"),
        {"term", "grade", "level", "n", "n_event", "estimate"},
    )  # fmt: skip
    frame = result.frame
    title = title or result.spec.endpoint
    if frame.empty:
        return sentence_table(title, tr("No toxicity was recorded."), [result])
    graded = frame["level"] != "not graded"
    # A column of nothing but noughts would stand for what does not occur.
    levels = [
        level for level in dict.fromkeys(frame["level"])
        if level != "not graded" or frame.loc[~graded, "n_event"].any()
    ]  # fmt: skip
    heads, rows = stratum_heads(result), []
    for key, part in result.strata():
        for term, lines in part.groupby("term", sort=False):
            found = lines.set_index("level")
            cells = [share(*found.loc[level, ["n_event", "estimate"]]) for level in levels]
            group = heads[key]
            rows.append(Row((level_label(result, "term", term), *cells), group, 1))
    texts = [_capital(level_label(result, "level", level)) for level in levels]
    severity = result.spec.options.get("scale") == "severity"
    spanner = tr("Worst severity, n (%)") if severity else tr("Worst grade, n (%)")
    table = Table(
        title,
        (tr("Toxicity"), *texts),
        tuple(rows),
        notes=footnoted(
            [result], rows,
            tr("Each subject counts once in a row; the row adds up to the stratum's subjects."),
            tr("None: no episode was recorded.") if "none" in levels else "",
            tr("Not graded: no episode has a grade.") if "not graded" in levels else "",
            _at_least(frame),
        ),
        spanners=(Spanner(spanner, 1, len(levels)),),
        synthetic=result.spec.synthetic,
    )  # fmt: skip
    return spelled_out(table)


def _at_least(frame: pd.DataFrame) -> str:
    """Return of how many the worst grade may be higher than the one they count under."""
    n = int(frame["n_missing"].sum()) if "n_missing" in frame else 0
    if not n:
        return ""
    return tr(
        "The worst grade of {subjects} is known to be at least the one given here: another of "
        "their episodes, or this one, has no grade.",
        subjects=counted(n, "subject"),
    )


def _criterion(name: str, result: Result) -> str:
    if name == "any" and result.spec.options.get("scale") == "severity":
        return tr("Any severity")
    return tr(_CRITERIA[name]) if name in _CRITERIA else _capital(name)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _name(result: Result, row: object) -> str:
    if row.row == "total":
        return tr("Any toxicity")
    if row.row == "system":
        # Coding dictionaries give systems in capitals; a study's own "GI tract" stays as it is.
        system = tr(row.system)
        return _capital(system.lower() if system.isupper() else system)
    return level_label(result, "term", row.term)


def _cells(part: pd.DataFrame, shown: list[str]) -> list[tuple[str, ...]]:
    """Return the texts of a stratum, a tuple of its columns for each row."""
    columns = []
    for criterion in shown:
        lines = part[part["criterion"] == criterion]
        names = [
            name
            for name in ("n_event", "estimate", "n_possible", "estimate_possible")
            if name in lines
        ]
        columns.append([share(*row) for row in lines[names].itertuples(index=False)])
    return list(zip(*columns, strict=True))


def _recorded(frame: pd.DataFrame, criterion: str) -> bool:
    """Return whether anything is known about a criterion: a column of noughts would claim it."""
    rows = frame[frame["criterion"] == criterion]
    return not (rows["n_missing"].any() and not rows["n_event"].any())


def _unknown(frame: pd.DataFrame, result: Result, criteria: list[str]) -> list[str]:
    """Return how subjects were counted of whom a criterion is not known."""
    notes = []
    for criterion in criteria[1:]:
        name = _criterion(criterion, result)
        most = int(frame.loc[frame["criterion"] == criterion, "n_missing"].max())
        if not _recorded(frame, criterion):
            notes.append(tr("{criterion}: not recorded.", criterion=name))
        elif most:
            notes.append(
                tr(
                    "{criterion}: of {subjects} at most in a row it is not known; n and % reach "
                    "from what is proven to what is possible.",
                    criterion=name, subjects=counted(most, "subject"),
                )
            )  # fmt: skip
    return notes
