"""The tables: each takes results and returns a `Table`, which prints numbers and computes none.

A notebook shows a table as it is; `carstats.report.tables.files` writes it for HTML, LaTeX, Word
and RTF, and `carstats.report.pages.save.save_table` all of them with the numbers.
"""

from __future__ import annotations

from carstats.report.tables.evidence import tabulate_evidence
from carstats.report.tables.files import Table
from carstats.report.tables.general import tabulate_result
from carstats.report.tables.kinetics import (
    tabulate_depletion,
    tabulate_exposure,
    tabulate_exposures,
    tabulate_kinetics,
)
from carstats.report.tables.model import MIMETYPE, Row, Spanner
from carstats.report.tables.subjects import tabulate_attrition, tabulate_baseline, tabulate_rates
from carstats.report.tables.times import tabulate_times
from carstats.report.tables.toxicity import tabulate_grades, tabulate_toxicities

__all__ = [
    "MIMETYPE",
    "Row",
    "Spanner",
    "Table",
    "tabulate_attrition",
    "tabulate_baseline",
    "tabulate_depletion",
    "tabulate_evidence",
    "tabulate_exposure",
    "tabulate_exposures",
    "tabulate_grades",
    "tabulate_kinetics",
    "tabulate_rates",
    "tabulate_result",
    "tabulate_times",
    "tabulate_toxicities",
]
