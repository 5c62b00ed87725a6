"""The columns of the study tables.

`TABLES` is read by four others: the check, the writer, the mapping of foreign files and the data
dictionary. It is plain data rather than a validation library's model, because every failure has to
name the row, the heading and the spelling of the user's own file, and because a figure script must
not pay for importing one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Column:
    """One column of a study table.

    Attributes
    ----------
    name : str
        The column's name.
    kind : str
        ``"text"``, ``"number"``, ``"day"`` (from the first infusion), ``"flag"`` or ``"term"``.
    meaning : str
        What it holds, with its unit.
    required : bool
        Whether the table must have the column.
    filled : bool
        Whether every row must have a value.
    category : str
        For a term, the category of the vocabulary.
    low, high : float
        The smallest and largest allowed number.
    whole : bool
        Whether the number is a whole one.
    """

    name: str
    kind: str
    meaning: str
    required: bool = False
    filled: bool = False
    category: str = ""
    low: float = -np.inf
    high: float = np.inf
    whole: bool = False


@dataclass(frozen=True)
class Table:
    """One table of a study: its columns in order and the columns that identify a row."""

    name: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    def names(self) -> list[str]:
        """Return the column names in order."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column | None:
        """Return the column of this name, or None if the table defines no such column."""
        return next((column for column in self.columns if column.name == name), None)


def _id() -> Column:
    return Column("subject_id", "text", "Subject identifier, the same in every table", True, True)


def _term(name: str, category: str, meaning: str, required: bool = False) -> Column:
    return Column(name, "term", meaning, required, required, category)


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "subjects",
            "subject",
            (
                _id(),
                _term("disease", "disease", "Disease under treatment", True),
                _term("target", "target", "Antigen that the product is directed at", True),
                _term("platform", "platform", "Kind of engineered cell", True),
                _term("cell_source", "cell_source", "Where the cells come from", True),
                Column(
                    "last_contact_day", "day", "Day the subject was last known alive", True, True
                ),
                Column("study_id", "text", "Study that the subject belongs to"),
                Column("site_id", "text", "Treating site"),
                Column(
                    "cutoff_day", "day", "Data cut-off on the subject's clock: potential follow-up"
                ),
                Column("disease_subtype", "text", "Subtype, such as lupus nephritis"),
                Column("construct", "text", "Name of the product"),
                Column("costimulation", "text", "Co-stimulatory domain"),
                Column("age", "number", "Age at enrolment, years", low=0, high=120),
                _term("sex", "sex", "Sex"),
                Column("weight_kg", "number", "Body weight, kg", low=1, high=400),
                Column(
                    "disease_duration_years", "number", "Years since diagnosis", low=0, high=100
                ),
                Column(
                    "n_prior_therapies",
                    "number",
                    "Earlier immunosuppressive therapies",
                    low=0,
                    high=60,
                    whole=True,
                ),
                Column("enrolment_day", "day", "Day of enrolment (negative before the infusion)"),
                Column("leukapheresis_day", "day", "Day of leukapheresis"),
                Column("lymphodepletion_day", "day", "First day of lymphodepletion"),
                Column("infused", "flag", "Whether the subject was infused"),
                _term("valency", "valency", "One target, two in one product, or two products"),
                Column("death_day", "day", "Day of death"),
                Column("death_cause", "text", "Cause of death"),
            ),
            ("subject_id",),
        ),
        Table(
            "infusions",
            "infusion",
            (
                _id(),
                Column(
                    "infusion_number",
                    "number",
                    "1 for the first",
                    True,
                    True,
                    low=1,
                    high=100,
                    whole=True,
                ),
                Column("day", "day", "Day of infusion; 0 for the first", True, True),
                Column("planned", "flag", "Whether the protocol planned it", True),
                Column("product", "text", "Product infused"),
                Column(
                    "dose",
                    "number",
                    "Cells infused, 10^6 (or 10^6/kg: say which in `product`)",
                    low=0,
                    # Ten times what has ever been given: a larger number counts single cells.
                    high=100_000,
                ),
            ),
            ("subject_id", "infusion_number"),
        ),
        Table(
            "assessments",
            "subject, day and measure",
            (
                _id(),
                Column("day", "day", "Day of assessment", True, True),
                _term("measure", "measure", "What was measured", True),
                Column("value", "number", "Its value", True),
                Column("unit", "text", "Unit of the value"),
                Column("adequate", "flag", "Whether the assessment counts"),
                Column(
                    "lloq",
                    "number",
                    "Limit of quantification of the sample, in `unit`; a value below it is blank",
                    low=0,
                ),
            ),
            ("subject_id", "day", "measure"),
        ),
        Table(
            "medications",
            "treatment episode, or stay in hospital",
            (
                _id(),
                Column("drug", "text", "Drug, or ward", True, True),
                _term("drug_class", "drug_class", "Its class", True),
                Column("start_day", "day", "First day; blank if before the records begin", True),
                Column("stop_day", "day", "Last day; blank if ongoing", True),
                Column(
                    "prednisone_equivalent_mg",
                    "number",
                    "Daily dose, mg of prednisone",
                    low=0,
                    high=5000,
                ),
                Column("dose", "number", "Daily dose, in `dose_unit`", low=0),
                Column("dose_unit", "text", "Unit of the daily dose, such as mg/d"),
                _term("reason", "reason", "Why it was given"),
            ),
        ),
        Table(
            "toxicities",
            "episode",
            (
                _id(),
                _term("term", "toxicity", "Toxicity", True),
                Column("onset_day", "day", "First day; blank if unknown", True),
                Column("grade", "number", "Worst grade, 1 to 5", low=1, high=5, whole=True),
                Column(
                    "grade_at_least",
                    "number",
                    "Least that the worst grade is where it is not known; 0: perhaps no episode",
                    low=0,
                    high=5,
                    whole=True,
                ),
                _term("severity", "severity", "Severity where no grade was given"),
                Column("resolution_day", "day", "Last day; blank if ongoing or unknown"),
                Column("grading_scale", "text", "Grading scale, such as ASTCT"),
                Column("system", "text", "Organ system"),
                Column(
                    "infusion_number", "number", "Infusion it followed", low=1, high=100, whole=True
                ),
                Column("serious", "flag", "Whether it was serious"),
                Column("attribution", "text", "Attribution"),
                Column("organism", "text", "Organism of an infection"),
            ),
        ),
        Table(
            "events",
            "subject and time-to-event endpoint",
            (
                _id(),
                _term("endpoint", "endpoint", "Endpoint", True),
                _term("status", "status", "Event, competing event or censored", True),
                Column(
                    "time",
                    "number",
                    "Days from the origin to the visit that found it",
                    True,
                    True,
                    low=0,
                ),
                Column("time_low", "number", "Days: the event was after this", low=0),
                Column("time_high", "number", "Days: the event was at or before this", low=0),
                Column("origin_day", "day", "Day the clock starts; 0 for the infusion"),
                Column("entry_day", "day", "Day observation began, if after the origin"),
                Column("cause", "text", "Which competing event"),
            ),
            ("subject_id", "endpoint"),
        ),
        Table(
            "responses",
            "subject, endpoint and visit",
            (
                _id(),
                _term("endpoint", "endpoint", "Endpoint", True),
                Column("day", "day", "Day of the assessment", True, True),
                Column(
                    "response", "flag", "Whether the endpoint was met; blank if not evaluable", True
                ),
                Column("visit", "text", "Scheduled visit"),
                Column("evaluable", "flag", "Whether the visit can be judged"),
                Column("reason", "text", "Why it cannot"),
            ),
            ("subject_id", "endpoint", "day"),
        ),
    )
}

STRATA_TABLES: dict[str, Table] = {
    "subjects": Table("subjects", "subject", (_id(),), ("subject_id",)),
    "responses": Table(
        "responses",
        "subject and endpoint",
        (
            _id(),
            _term("endpoint", "endpoint", "Endpoint", True),
            Column("response", "flag", "Whether the endpoint was met", True),
        ),
        ("subject_id", "endpoint"),
    ),
}
"""The tables of a study that has no more than strata: one made from a data frame."""
