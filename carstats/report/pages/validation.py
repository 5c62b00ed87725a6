"""A validation as a page for the files of a regulated group, as a CSV and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd

from carstats.report.format import count
from carstats.report.pages.page import tables_page
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.words import in_words, tr

if TYPE_CHECKING:
    from carstats.validation.run import Validation

PAGE, NUMBERS, RECORD = "validation.html", "validation.csv", "validation.json"
# Of what fails so many rows are shown; the CSV has all.
_MOST = 200


def validation_files(found: Validation) -> dict[str, bytes]:
    """Return a validation as its page, in the language that is set, all its rows, and a record."""
    record = {
        "passed": found.passed, "machine": found.machine, "references": found.references,
        "date": found.date, "parts": found.parts.to_dict("records"),
        "by_estimator": found.by_estimator().to_dict("records") if len(found.frame) else [],
    }  # fmt: skip
    text = json.dumps(record, indent=1, ensure_ascii=False, default=float) + "\n"
    return {
        PAGE: validation_page(found).encode(),
        NUMBERS: found.frame.to_csv(index=False, lineterminator="\n").encode(),
        RECORD: text.encode(),
    }


def validation_page(found: Validation) -> str:
    """Return a validation as a page, in the language that is set."""
    version = found.machine["carstats"]
    title = tr("Validation of carstats {version} on this machine", version=version)
    paragraphs = [in_words(found.summary())]
    if found.date:
        paragraphs.append(tr("Date: {date}", date=found.date))
    sections: dict[str, list[str | Table]] = {
        tr("Installation qualification"): [
            tr(
                "What is installed, and the fingerprints of the reference files that travel with "
                "it. The grid is whole where each part has come to the number of comparisons that "
                "it must come to."
            ),
            _installed(found),
            _parts(found),
            _files(found),
        ],
        tr("Operational qualification"): [
            tr(
                "Every estimator was run on the data sets and options of the references and "
                "compared with what R, or a second route where R has no such method, gave. A "
                "comparison passes if each of its numbers is within the tolerance, and missing "
                "where the reference's is."
            ),
            _by_estimator(found),
        ],
    }
    failed = found.frame[~found.frame["passed"]] if len(found.frame) else found.frame
    sections[tr("What failed")] = [
        _rows(failed.head(_MOST), tr("Comparisons that failed"))
        if len(failed)
        else tr("No comparison failed.")
    ]
    if len(found.frame):
        closest = _closest(found.frame)
        sections[tr("Nearest to their tolerance")] = [
            tr(
                "Of each estimator the comparison that used up most of its tolerance. All others "
                "are in {file}.",
                file=NUMBERS,
            ),
            _rows(closest, tr("Nearest to their tolerance")),
        ]
    sections[tr("Reviewed")] = [
        tr("Performed by: ______________________   Date: ______________"),
        tr("Reviewed by: ______________________   Date: ______________"),
    ]
    made_with = f"carstats {version}"
    return tables_page(title, paragraphs, sections, synthetic=False, made_with=made_with)


def _installed(found: Validation) -> Table:
    rows = tuple(Row((name, version)) for name, version in found.machine.items())
    heads = (tr("Program or machine"), tr("Version"))
    return Table(title=tr("Installed"), heads=heads, rows=rows, align=("left", "left"))


def _parts(found: Validation) -> Table:
    rows = tuple(
        Row(
            (
                row.part.replace("_", " "),
                count(row.expected),
                count(row.found),
                row.error or (tr("whole") if row.found == row.expected else tr("not whole")),
            )
        )
        for row in found.parts.itertuples()
    )
    heads = (tr("Part of the grid"), tr("Expected"), tr("Found"), tr("Verdict"))
    align = ("left", "right", "right", "left")
    return Table(title=tr("The grid"), heads=heads, rows=rows, align=align)


def _files(found: Validation) -> Table:
    rows = tuple(Row((name, digest)) for name, digest in found.references.items())
    heads = (tr("Reference file"), "SHA-256")
    return Table(title=tr("Reference files"), heads=heads, rows=rows, align=("left", "left"))


def _by_estimator(found: Validation) -> Table:
    told = found.by_estimator() if len(found.frame) else pd.DataFrame()
    rows = tuple(
        Row(
            (
                row.estimator,
                row.source,
                count(row.n_comparisons),
                count(row.n_numbers),
                count(row.n_passed),
                _small(row.largest),
                _small(row.tolerance),
            )
        )
        for row in told.itertuples()
    )
    heads = (
        tr("Estimator"),
        tr("Reference"),
        tr("Comparisons"),
        tr("Numbers"),
        tr("Passed"),
        tr("Largest difference"),
        tr("Largest tolerance"),
    )
    align = ("left", "left", "right", "right", "right", "right", "right")
    return Table(title=tr("By estimator"), heads=heads, rows=rows, align=align)


def _closest(frame: pd.DataFrame) -> pd.DataFrame:
    """Return of each estimator the comparison that used up most of its tolerance."""
    used = (frame["difference"] / frame["tolerance"]).where(frame["tolerance"] > 0, 0.0)
    order = used.sort_values(ascending=False, kind="stable").index
    return frame.loc[order].drop_duplicates("estimator").sort_index()


def _rows(frame: pd.DataFrame, title: str) -> Table:
    rows = tuple(
        Row(
            (
                row.estimator,
                row.data_set,
                row.option or "–",
                row.statistic,
                f"{row.reference:.8g}",
                f"{row.obtained:.8g}",
                _small(row.difference),
                _small(row.tolerance),
                tr("pass") if row.passed else tr("FAIL"),
            )
        )
        for row in frame.itertuples()
    )
    heads = (
        tr("Estimator"),
        tr("Data set"),
        tr("Option"),
        tr("Statistic"),
        tr("Reference"),
        tr("Obtained"),
        tr("Difference"),
        tr("Tolerance"),
        tr("Verdict"),
    )
    align = ("left", "left", "left", "left", "right", "right", "right", "right", "left")
    return Table(title=title, heads=heads, rows=rows, align=align)


def _small(value: float) -> str:
    return "0" if value == 0 else "–" if pd.isna(value) else f"{value:.0e}"
