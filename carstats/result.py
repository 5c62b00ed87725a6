"""`Result`: the numbers of an analysis with the words that say how they were made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from carstats.ard import result_ard
from carstats.messages import key_of
from carstats.words import caption, estimand, in_words, tr

# The columns that say something; every other one holds names and numbers that code compares.
_SAID = ("basis", "contrast", "criterion", "left_out", "measure", "note", "test", "trial")


@dataclass(frozen=True)
class Spec:
    """How a result was made.

    Its texts are English; they are messages, which the result puts into a language when it prints.

    Attributes
    ----------
    analysis : str
        The function that made it.
    endpoint : str
        The endpoint, term or measure as it prints; empty where there is none.
    population : str
        Who is counted, in words.
    method : str
        The method line that stands under a figure or a table.
    conf_level : float or None
        Confidence level of the limits.
    by, strata : tuple of str
        Columns that results are reported by and adjusted for.
    cohort : str
        Label of the cohort.
    criteria : tuple of str
        The cohort's criteria in order.
    options : dict
        Every other option of the call.
    synthetic : bool
        Whether the data are simulated.
    fingerprint : str or None
        SHA-256 of the files that the study was read from.
    estimand : str
        Population, treatment, variable, strategy for each intercurrent event and summary of every
        endpoint that carstats derived, one a line; empty for those that the study gave.
    endpoints : tuple of str
        The endpoints by their names in the study tables; empty where the result is of none.
    origin : str
        What time is counted from, such as "infusion"; empty where it differs or is not known.
    """

    analysis: str
    endpoint: str = ""
    population: str = ""
    method: str = ""
    conf_level: float | None = None
    by: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    cohort: str = ""
    criteria: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    synthetic: bool = False
    fingerprint: str | None = None
    estimand: str = ""
    endpoints: tuple[str, ...] = ()
    origin: str = ""

    @property
    def method_key(self) -> str:
        """The method line as the catalogue of messages has it, with places for its values."""
        return key_of(self.method)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, ready for JSON, and the key of the method line."""
        fields = {name: _plain(value) for name, value in vars(self).items()}
        for name in ("estimand", "endpoints", "origin"):
            if not fields[name]:
                del fields[name]
        return {**fields, "method_key": self.method_key}


@dataclass(frozen=True, eq=False)
class Result:
    """Numbers, one row per stratum (and time, grade or contrast), with their origin.

    Attributes
    ----------
    frame : pandas.DataFrame
        The `by` columns first, then counts, estimate, limits and note; every number unrounded.
    spec : Spec
        How the numbers were made.
    labels : dict
        Printed labels of the strata, in English: ``labels["disease"]["SLE"]``.

    Notes
    -----
    Labels, notes and the texts of `spec` are messages: ``print(result)``, figures and tables put
    them into the language that is set then, not when the result was made.

    Examples
    --------
    >>> curve = cs.survival_curve(cohort, "relapse_free_survival", by="target")
    >>> curve.frame[["target", "time", "estimate"]]
    >>> curve.spec.method
    >>> curve.to_ard()
    """

    frame: pd.DataFrame
    spec: Spec
    labels: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def by(self) -> list[str]:
        """The columns that identify a stratum."""
        return list(self.spec.by)

    def strata(self) -> list[tuple[tuple[Any, ...], pd.DataFrame]]:
        """Return the strata in order, each as its key and its rows.

        Returns
        -------
        list of (tuple, pandas.DataFrame)
            Without `by`, one stratum whose key is empty.
        """
        if not self.by:
            return [((), self.frame)]
        groups = self.frame.groupby(self.by, sort=False, dropna=False)
        return [(key if isinstance(key, tuple) else (key,), rows) for key, rows in groups]

    def label(self, key: tuple[Any, ...]) -> str:
        """Return a stratum's printed name: its levels joined by a middle dot; "All" without any."""
        names = [self.labels.get(c, {}).get(v, str(v)) for c, v in zip(self.by, key, strict=True)]
        return " · ".join(map(in_words, names)) or tr("All")

    def to_ard(self) -> pd.DataFrame:
        """Return the numbers as Analysis Results Data, one row for each statistic.

        The shape is that of CDISC's Analysis Results Data as R's package cards writes it.

        Returns
        -------
        pandas.DataFrame
            ``group1``, ``group1_level``, ``group2``, …: the `by` columns, then whatever else tells
            the rows apart (contrast, term, cause, …). ``variable``, ``variable_level``: the last
            of these, such as ``"time"`` and the day; Table 1's own variable and its level; where
            the strata alone tell the rows apart, the endpoint or term by its name. ``context``:
            the analysis. ``stat_name``: ``N`` subjects, ``n`` of them with the event, ``N_miss``,
            ``mean``, ``sd``, ``median``, ``p25``, ``p75``, ``min``, ``max``, ``p``, and otherwise
            the column of `frame` with dots: ``estimate``, ``conf.low``, ``std.error``,
            ``p.value``; ``parameter`` is the degrees of freedom. ``stat_label``: its name in
            words. ``stat``: the value, unrounded; a word where the column is one of words, NaN
            where it is undefined. ``fmt_fun``: how it prints: ``"xx"`` a count, ``"xx%"`` a
            proportion, ``"xx.x"`` with one decimal, ``"p"`` a p-value, blank words. ``warning``:
            the row's note. ``error``: blank; what fails raises. ``endpoint``, ``population``,
            ``method``, ``conf_level``: as in `spec`. ``row``: the row of `frame`, from 1.
            ``warning_key``, ``method_key``: the note and the method as the catalogue of messages
            has them, with places for their values. Every text is English.

        Notes
        -----
        Each column of each row is a group, the variable, the warning, or one statistic. Records of
        single subjects (timelines, score courses, listings) are no statistics: these results have
        no rows. The printed text of each statistic, ``stat_fmt``, is made by the report:
        ``carstats.report.pages.results_file.printed``.
        """
        return result_ard(self)

    def caption(self) -> str:
        """Return the method line: what was estimated, in whom, how, in the language that is set."""
        return caption(self.spec)

    def __repr__(self) -> str:
        with pd.option_context(
            "display.max_rows", 60, "display.width", 120, "display.max_columns", 30
        ):
            table = self._printed().to_string(index=False, max_rows=60)
        parts = (table, self.caption(), estimand(self.spec))
        return "\n".join(part for part in parts if part)

    def _repr_html_(self) -> str:
        from html import escape

        table = self._printed().to_html(index=False, border=0, max_rows=60)
        lines = "<br>".join(escape(line) for line in estimand(self.spec).splitlines())
        return f"{table}<p>{escape(self.caption())}</p>" + (f"<p>{lines}</p>" if lines else "")

    def _printed(self) -> pd.DataFrame:
        frame = self.frame.copy()
        for column in frame.select_dtypes("float"):
            frame[column] = frame[column].map(lambda v: "" if pd.isna(v) else f"{v:.4g}")
        for column in frame.columns.intersection(_SAID):
            frame[column] = frame[column].map(in_words, na_action="ignore")
        # An object may be blank; a whole number or a yes may not.
        return frame.astype(object).where(frame.notna(), "")


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it: lists for tuples, the text of a message."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, str) else value
