"""`Result`: the numbers of an analysis with the words that say how they were made."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from carstats.language import in_words, sentence, sentences, tr


@dataclass(frozen=True)
class Spec:
    """How a result was made.

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
        Population, treatment, variable, strategy for each intercurrent event and summary of an
        endpoint that carstats derived, one a line; empty for one that the study gave.
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

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, ready for JSON."""
        fields = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
        if not self.estimand:
            del fields["estimand"]
        return fields


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
        Printed labels of the strata: ``labels["disease"]["SLE"]``.
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

        Notes
        -----
        Each column of each row is a group, the variable, the warning, or one statistic. Records of
        single subjects (timelines, score courses, listings) are no statistics: these results have
        no rows. The printed text of each statistic, ``stat_fmt``, is made by the report:
        ``carstats.report.results_file.printed``.
        """
        from carstats.ard import result_ard

        return result_ard(self)

    def caption(self) -> str:
        """Return the method line: what was estimated, in whom, how."""
        parts = (self.spec.endpoint, self.spec.population, self.spec.method)
        return sentences(*(sentence(in_words(part)) for part in parts))

    def __repr__(self) -> str:
        with pd.option_context(
            "display.max_rows", 60, "display.width", 120, "display.max_columns", 30
        ):
            table = self._printed().to_string(index=False, max_rows=60)
        return "\n".join(part for part in (table, self.caption(), self.spec.estimand) if part)

    def _repr_html_(self) -> str:
        from html import escape

        table = self._printed().to_html(index=False, border=0, max_rows=60)
        lines = "<br>".join(escape(line) for line in self.spec.estimand.splitlines())
        return f"{table}<p>{escape(self.caption())}</p>" + (f"<p>{lines}</p>" if lines else "")

    def _printed(self) -> pd.DataFrame:
        frame = self.frame.copy()
        for column in frame.select_dtypes("float"):
            frame[column] = frame[column].map(lambda v: "" if pd.isna(v) else f"{v:.4g}")
        return frame.fillna("")
