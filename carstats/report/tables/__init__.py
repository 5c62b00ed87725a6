"""The tables: each takes results and returns a `Table`, which prints numbers and computes none.

A notebook shows a table as it is; `carstats.report.tables.files` writes it for HTML, LaTeX, Word
and RTF, and `carstats.report.pages.save.save_table` all of them with the numbers.
"""

from __future__ import annotations

from carstats.report.tables.course.antibodies import tabulate_antibodies, tabulate_shifts
from carstats.report.tables.course.drugs import tabulate_doses, tabulate_taper
from carstats.report.tables.evidence import tabulate_evidence
from carstats.report.tables.files import Table
from carstats.report.tables.general import tabulate_result
from carstats.report.tables.harm import (
    tabulate_deaths,
    tabulate_organisms,
    tabulate_quantities,
)
from carstats.report.tables.kinetics import (
    tabulate_depletion,
    tabulate_exposure,
    tabulate_exposures,
    tabulate_kinetics,
)
from carstats.report.tables.model import MIMETYPE, Row, Spanner
from carstats.report.tables.sites import tabulate_sites
from carstats.report.tables.subjects import tabulate_attrition, tabulate_baseline, tabulate_rates
from carstats.report.tables.times import tabulate_times
from carstats.report.tables.toxicity import tabulate_grades, tabulate_toxicities

__all__ = [
    "MIMETYPE",
    "Row",
    "Spanner",
    "Table",
    "tabulate_antibodies",
    "tabulate_attrition",
    "tabulate_baseline",
    "tabulate_deaths",
    "tabulate_depletion",
    "tabulate_doses",
    "tabulate_evidence",
    "tabulate_exposure",
    "tabulate_exposures",
    "tabulate_grades",
    "tabulate_kinetics",
    "tabulate_organisms",
    "tabulate_quantities",
    "tabulate_rates",
    "tabulate_result",
    "tabulate_shifts",
    "tabulate_sites",
    "tabulate_taper",
    "tabulate_times",
    "tabulate_toxicities",
]
