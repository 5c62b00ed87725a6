"""Cohorts: which subjects an analysis counts, and how many each criterion leaves out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from carstats.cohort.criteria import Criterion
from carstats.cohort.enrolment import WAY, first_step, reasons, steps_to_infusion
from carstats.cohort.strata import check_by, counted, level_labels, stratum_keys, stratum_mask
from carstats.data.study import Study
from carstats.errors import CarstatsError, listed, names_given
from carstats.messages import Joined, found, mark, message, message_n
from carstats.result import Result, Spec
from carstats.translation import in_words

_NO_RESPONSE = mark("`endpoint` is not given, and the study has no response endpoint.")
_NO_EVENT = mark("`endpoint` is not given, and the study has no time-to-event endpoint.")


class _Whole(pd.DataFrame):
    """A table that prints all of its columns, however narrow the terminal is."""

    def __repr__(self) -> str:
        return self.to_string()


@dataclass(frozen=True, eq=False, repr=False)
class Cohort:
    """The subjects of a study that meet the criteria; made by `define_cohort`.

    Attributes
    ----------
    study : Study
        The study the subjects come from.
    subjects : pandas.DataFrame
        The rows of its subjects table that are in the cohort.
    criteria : tuple of Criterion
        The criteria in the order in which they were applied.
    label : str
        What the cohort is called in tables.
    eligible : pandas.DataFrame
        The study's subjects with the wanted diseases, targets and so on, whatever the other
        criteria say; the strata of the cohort are theirs.
    by : tuple of str
        The columns that analyses report by where nothing else is said; `cohort_from_frame` takes
        them.

    Examples
    --------
    >>> cohort.attrition
    >>> cohort.subjects["target"].value_counts()
    """

    study: Study
    subjects: pd.DataFrame
    eligible: pd.DataFrame
    criteria: tuple[Criterion, ...] = ()
    label: str = ""
    _steps: tuple[tuple[str, pd.Series, pd.Series], ...] = ()
    by: tuple[str, ...] = ()

    def __len__(self) -> int:
        return counted(self.subjects)

    def table(self, name: str, **only: object) -> pd.DataFrame:
        """Return the rows of a study table that belong to the cohort's subjects.

        Parameters
        ----------
        name : str
            A study table, such as ``"toxicities"``.
        **only : object
            Columns with the value that a row must have, such as ``endpoint="response"``.

        Returns
        -------
        pandas.DataFrame
            Its rows for the subjects of this cohort.

        Raises
        ------
        CarstatsError
            If the study does not have the table, or the table a column.
        """
        frame = self.study.table(name)
        # What is asked for first: it may be a small part of a large table.
        for column, value in only.items():
            if column not in frame:
                raise CarstatsError(
                    message(
                        "the table `{table}` has no column `{column}`. It has: {columns}.",
                        table=name, column=column, columns=listed(frame.columns, 30),
                    )
                )  # fmt: skip
            frame = frame[frame[column] == value]
        return frame[frame["subject_id"].isin(self.subjects["subject_id"])]

    @property
    def attrition(self) -> pd.DataFrame:
        """One row per criterion: subjects before, after, left out, and of these with no value."""
        return _Whole(self.flow().frame)

    def flow(
        self, *, by: str | Iterable[str] | None = None, from_enrolment: bool = False
    ) -> Result:
        """Count the subjects that each criterion leaves out.

        Parameters
        ----------
        by : str or list of str, optional
            Columns of the subjects table to count by, such as ``"disease"``.
        from_enrolment : bool
            Count leukapheresis and lymphodepletion as steps before the infusion, where the study
            has their days and the cohort is of the infused.

        Returns
        -------
        Result
            For each stratum and criterion ``n_before``, ``n_after``, ``n_left_out`` and, of those
            left out, ``n_missing`` whose value was missing. With `from_enrolment` also ``n_died``
            and ``n_waiting``: left out before the infusion because they died, or still under
            observation at the data cut-off.

        Raises
        ------
        CarstatsError
            If a column of `by` does not exist or has missing values.
        """
        everyone = self.study.subjects
        by = check_by(everyone, by)
        first: str = message("all subjects")
        steps = list(self._steps)
        why: dict[str, pd.Series] = {}
        if from_enrolment:
            first, steps = first_step(everyone), self._with_enrolment()
            why = reasons(everyone)
        rows = []
        for key in stratum_keys(self.study.vocabulary, everyone, by):
            here = stratum_mask(everyone, by, key)
            none = pd.Series(False, everyone.index)
            before = here
            for name, kept, unknown in [(first, ~none, none), *steps]:
                after = here & kept
                left = before & ~after
                # A step on the way to the infusion says why; a criterion of the analysis says so.
                told = why if name in WAY else {}
                rows.append(
                    {
                        **dict(zip(by, key, strict=True)),
                        "criterion": name,
                        "n_before": int(before.sum()),
                        "n_after": int(after.sum()),
                        "n_left_out": int(left.sum()),
                        "n_missing": int((here & unknown).sum()),
                        **{n: int((left & told[n]).sum()) if told else 0 for n in why},
                    }
                )
                before = after
        more: dict[str, Any] = {"from_enrolment": True} if from_enrolment else {}
        spec = self.spec(
            "attrition",
            endpoint=message("Subjects"),
            method=message("criteria applied in the order shown"),
            by=by,
            **more,
        )
        return Result(pd.DataFrame(rows), spec, level_labels(self.study.vocabulary, by))

    def _with_enrolment(self) -> list[tuple[str, pd.Series, pd.Series]]:
        """Return the criteria with the steps on the way to the infusion before that of it."""
        everyone, found = self.study.subjects, []
        kept = pd.Series(True, everyone.index)
        for name, after, unknown in self._steps:
            if name == "infused":
                for step, reached in steps_to_infusion(everyone):
                    kept = kept & (reached | unknown)
                    found.append((step, kept, kept & False))
            found.append((name, after, unknown))
            kept = after
        return found

    def spec(
        self,
        analysis: str,
        *,
        endpoint: str,
        method: str,
        endpoints: Iterable[str] = (),
        estimands: Iterable[str] | None = None,
        by: Iterable[str] = (),
        population: str = "",
        conf_level: float | None = None,
        **options: Any,
    ) -> Spec:
        """Return the words that say how a result of this cohort was made.

        Parameters
        ----------
        analysis, endpoint, method, endpoints, by, conf_level
            As in `Spec`.
        estimands : iterable of str, optional
            The derived endpoints whose estimands are the result's; by default `endpoints`.
        population : str, optional
            What to add to the number of subjects and the cohort's label, with the sign that parts
            it from them.
        **options
            Every other option of the analysis.

        Returns
        -------
        Spec
            With the cohort's label, criteria and the origin of its data, and with the estimands of
            the endpoints that were derived and not given.
        """
        endpoints = tuple(endpoints)
        asked = endpoints if estimands is None else tuple(estimands)
        known = [self.study.estimands[name] for name in asked if name in self.study.estimands]
        n = len(self)
        subjects = (
            message_n("{n} subject ({label})", "{n} subjects ({label})", n, label=self.label)
            if self.label
            else message_n("{n} subject", "{n} subjects", n)
        )
        return Spec(
            analysis,
            endpoint=endpoint,
            population=subjects + population if population else subjects,
            method=method,
            conf_level=conf_level,
            by=tuple(by),
            cohort=self.label,
            criteria=tuple(criterion.name for criterion in self.criteria),
            options=options,
            synthetic=self.study.synthetic,
            fingerprint=self.study.fingerprint,
            estimand=known[0] if len(known) == 1 else Joined(known, "\n\n"),
            endpoints=endpoints,
            origin="" if self.study.infusions is None else "infusion",
        )

    def __repr__(self) -> str:
        title = (
            message("Cohort {label}", label=repr(self.label)) if self.label else message("Cohort")
        )
        n, of = len(self), len(self.study.subjects)
        lines = [message("{cohort}: {n} of {of} subjects", cohort=title, n=n, of=of)]
        for row in self.attrition.iloc[1:].itertuples():
            values = {
                "criterion": found(row.criterion), "kept": row.n_after, "left_out": row.n_left_out,
                "missing": row.n_missing,
            }  # fmt: skip
            lines.append(
                message(
                    "  {criterion}: {kept} kept, {left_out} left out ({missing} missing)", **values
                )
                if row.n_missing
                else message("  {criterion}: {kept} kept, {left_out} left out", **values)
            )
        return "\n".join(map(in_words, lines))


def check_cohort(cohort: object) -> None:
    """Raise unless the argument is a cohort."""
    if getattr(cohort, "has_no_subjects", False) and not isinstance(cohort, type):
        raise CarstatsError(
            message(
                "`cohort` is Counts, which do not hold what this asks for: days, visits, doses, "
                "values or records of each subject. Make a Cohort with define_cohort(study, …)."
            )
        )
    if not isinstance(cohort, Cohort):
        raise CarstatsError(
            message(
                "`cohort` is {name}; make one with define_cohort(study, …).",
                name=type(cohort).__name__,
            )
        )


def chosen_columns(
    cohort: Cohort, given: str | Iterable[str] | None, argument: str = "by"
) -> list[str]:
    """Return the columns that an argument names; where it names none, the cohort's own."""
    return list(cohort.by) if given is None else names_given(argument, given)


def chosen_endpoint(study: Study, given: str | None, kind: str) -> str:
    """Return the endpoint that an argument names; where it names none, the only one there is."""
    if given is not None:
        return given
    has = study.endpoints(kind)
    if len(has) == 1:
        return has[0]
    if not has:
        what = _NO_RESPONSE if kind == "response" else _NO_EVENT
        raise CarstatsError(message(what))
    raise CarstatsError(
        message(
            "`endpoint` is not given, and the study has {n}: {names}. Name one.",
            n=len(has),
            names=listed(has),
        )
    )


def define_cohort(study: Study, *criteria: Criterion, label: str = "") -> Cohort:
    """Choose the subjects of a study that meet every criterion.

    Parameters
    ----------
    study : Study
        The study.
    *criteria : Criterion
        Made by `infused`, `with_disease`, `with_target`, `with_platform`, `with_cell_source`,
        `potential_followup`, `aged`, `has_baseline` or `where`; applied in this order.
    label : str, optional
        What the cohort is called in tables.

    Returns
    -------
    Cohort
        The subjects, with `attrition`: how many each criterion left out. It may be empty.

    Raises
    ------
    CarstatsError
        If a criterion needs a column or table that the study does not have.

    Examples
    --------
    >>> cohort = cs.define_cohort(study, cs.infused(), cs.with_disease("SLE"))
    >>> cohort.attrition
    """
    if not isinstance(study, Study):
        raise CarstatsError(
            message(
                "`study` is {name}; it takes a Study (see read_study).", name=type(study).__name__
            )
        )
    for criterion in criteria:
        if not isinstance(criterion, Criterion):
            name = getattr(criterion, "__name__", repr(criterion))
            raise CarstatsError(
                message("{name} is not a criterion; call it, such as infused().", name=name)
            )
    subjects = study.subjects
    kept = pd.Series(True, subjects.index)
    eligible = kept.copy()
    steps = []
    for criterion in criteria:
        verdict = criterion.keeps(study, subjects).astype("boolean")
        unknown = kept & verdict.isna()
        kept = kept & verdict.fillna(False).astype(bool)
        if criterion.selects_strata:
            eligible &= verdict.fillna(False).astype(bool)
        steps.append((criterion.name, kept, unknown))
    return Cohort(
        study,
        subjects[kept].reset_index(drop=True),
        subjects[eligible],
        criteria,
        label,
        tuple(steps),
    )
