"""A crosscheck as a page and as a CSV."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from carstats import __version__
from carstats.crosschecking.run import crosscheck
from carstats.crosschecking.verdicts import (
    AGREES,
    DIFFERS,
    KNOWN,
    NONE,
    NOT_COMPARED,
    RAISED,
    VERDICTS,
)
from carstats.report.format import count
from carstats.report.pages.page import tables_page
from carstats.report.pages.save import inert, write_files
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.report.tables.second_program import coverage_table, known_table
from carstats.words import in_words, tr

if TYPE_CHECKING:
    from carstats.crosschecking.outcome import Crosscheck
    from carstats.data.study import Study

PAGE, NUMBERS = "crosscheck.html", "crosscheck.csv"
# Of what differs so many rows are shown; the CSV has all.
_MOST = 200


def crosscheck_files(found: Crosscheck, *, made_with: str) -> dict[str, bytes]:
    """Return a crosscheck as its page, in the language that is set, and all its rows as CSV."""
    rows = inert(found.frame).to_csv(index=False, lineterminator="\n")
    return {
        PAGE: crosscheck_page(found, made_with=made_with).encode(),
        NUMBERS: rows.encode(),
    }


def crosscheck_pages(
    study: Study, out: Path, *, progress: Callable[[int, int], None] | None = None
) -> list[Path]:
    """Write the page of a study's crosscheck and a CSV of its statistics, alike on every machine.

    R is not asked, so that the page does not hang on what is installed; differences stand as the
    power of ten above them, for the last digits are those of a machine.
    """
    found = crosscheck(study, with_r=False, progress=progress)
    made_with = f"carstats {__version__}"
    rows = inert(_statistics(found)).to_csv(index=False, lineterminator="\n")
    page = crosscheck_page(found, made_with=made_with)
    return write_files(out, {PAGE: page.encode(), NUMBERS: rows.encode()})


def _statistics(found: Crosscheck) -> pd.DataFrame:
    """Return a row for each statistic, witness and verdict of each output."""
    frame = found.frame.assign(reason=found.frame["reason"].map(str))
    names = ["name", "family", "analysis", "beside", "statistic", "kind", "witness", "verdict",
             "reason", "reference"]  # fmt: skip
    made = frame.groupby(names, sort=False, dropna=False).agg(
        n=("row", "size"), largest=("difference", "max"), tolerance=("tolerance", "max")
    ).reset_index()  # fmt: skip
    return made.assign(
        largest=made["largest"].map(_within), tolerance=made["tolerance"].map(_small)
    )


def crosscheck_page(found: Crosscheck, *, made_with: str) -> str:
    """Return a crosscheck as a page, in the language that is set."""
    title = tr("The numbers recomputed by a second program")
    label = tr(found.label)
    paragraphs = [*([label] if label else []), in_words(found.summary())]
    frame = found.frame
    sections: dict[str, list[str | Table]] = {}
    sections[tr("What was compared")] = [
        tr(
            "Subjects, denominators, visit windows and times were counted anew from the study's "
            "tables in pandas; the estimates are those of other libraries. What clinical rules "
            "derive was taken as it is. Where a default has no second program in Python, the "
            "analysis was run once more with an option that has one (a sibling)."
        ),
        coverage_table(found),
        _by_analysis(frame),
    ]
    differing = frame[frame["verdict"].eq(DIFFERS)]
    sections[tr("What differs")] = [
        _numbers(differing) if len(differing) else tr("No number differs.")
    ]
    known = frame[frame["verdict"].eq(KNOWN)]
    if len(known):
        sections[tr("What differs for a known reason")] = [known_table(known)]
    none = found.numbers()
    none = none[none["verdict"].eq(NONE)]
    if len(none):
        sections[tr("What has no second program in Python")] = [_without(none)]
    rest = frame[frame["verdict"].isin([RAISED, NOT_COMPARED])]
    if len(rest):
        sections[tr("What was not compared")] = [_rest(rest)]
    return tables_page(title, paragraphs, sections, synthetic=found.synthetic, made_with=made_with)


def _by_analysis(frame: pd.DataFrame) -> Table:
    """Return how closely each witness agrees, by analysis."""
    compared = frame[frame["verdict"].isin([AGREES, KNOWN, DIFFERS])]
    rows = []
    for (analysis, beside, witness), part in compared.groupby(
        ["analysis", "beside", "witness"], sort=False
    ):
        agree = part[part["verdict"].eq(AGREES)]
        name = f"{analysis} ({in_words(beside)})" if beside else analysis
        rows.append(
            Row(
                (
                    name,
                    witness,
                    count(len(part)),
                    count(len(agree)),
                    _within(agree["difference"].max()),
                    _small(part["tolerance"].max()),
                )
            )
        )
    heads = (
        tr("Analysis"),
        tr("Second program"),
        tr("Compared"),
        tr("Agree"),
        tr("Their differences"),
        tr("Tolerance"),
    )
    align = ("left", "left", "right", "right", "right", "right")
    return Table(title=tr("By analysis"), heads=heads, rows=tuple(rows), align=align)


def _numbers(frame: pd.DataFrame) -> Table:
    rows = [
        Row(
            (
                r.name,
                r.analysis,
                in_words(r.of),
                r.statistic,
                _value(r.value),
                _value(r.witness_value),
                r.witness,
            )
        )
        for r in frame.head(_MOST).itertuples(index=False)
    ]
    heads = (
        tr("Output"),
        tr("Analysis"),
        tr("Row"),
        tr("Statistic"),
        "carstats",
        tr("Second program"),
        tr("Witness"),
    )
    more = len(frame) - _MOST
    notes = (tr("{n} more rows are in the CSV.", n=more),) if more > 0 else ()
    align = ("left", "left", "left", "left", "right", "right", "left")
    return Table(
        title=tr("Numbers that differ"), heads=heads, rows=tuple(rows), notes=notes, align=align
    )


def _without(numbers: pd.DataFrame) -> Table:
    rows = []
    for (analysis, reference), part in numbers.groupby(["analysis", "reference"], sort=False):
        names = ", ".join(dict.fromkeys(part["statistic"]))
        rows.append(
            Row((analysis, names, count(len(part)), count(part["sibling"].sum()), reference))
        )
    heads = (
        tr("Analysis"),
        tr("Statistic"),
        tr("Numbers"),
        tr("Of these, sibling agrees"),
        tr("Covered by the R reference"),
    )
    align = ("left", "left", "right", "right", "left")
    title = tr("Numbers without a second program in Python")
    return Table(title=title, heads=heads, rows=tuple(rows), align=align)


def _rest(frame: pd.DataFrame) -> Table:
    frame = frame.assign(what=frame["analysis"].where(frame["analysis"] != "", frame["name"]))
    rows = [
        Row(
            (what, statistic, count(len(part)), in_words(reason)),
            group=tr(VERDICTS[verdict]),
        )
        for (verdict, what, statistic, reason), part in frame.groupby(
            ["verdict", "what", "statistic", "reason"], sort=False
        )
    ]
    rows.sort(key=lambda row: row.group)
    heads = (tr("Analysis"), tr("Statistic"), tr("Numbers"), tr("Reason"))
    align = ("left", "left", "right", "left")
    return Table(title=tr("Not compared"), heads=heads, rows=tuple(rows), align=align)


def _value(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.8g}"


def _within(value: float) -> str:
    """Return the power of ten above a difference: its last digits are those of a machine."""
    if pd.isna(value):
        return "–"
    return "0" if value == 0 else f"<1e{math.floor(math.log10(value)) + 1:+03d}"


def _small(value: float) -> str:
    return "0" if value == 0 else "–" if pd.isna(value) else f"{value:.0e}"
