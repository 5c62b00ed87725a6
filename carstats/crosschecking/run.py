"""Run a second program over a study, or over results of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.crosschecking.compare import COLUMNS, Source, compared_rows
from carstats.crosschecking.outcome import Crosscheck
from carstats.crosschecking.plan import planned_results, result_or_error
from carstats.crosschecking.verdicts import NOT_COMPARED
from carstats.data.study import Study
from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.result import Result


def crosscheck(
    what: Study | Result | Iterable[Result],
    data: Study | Cohort | pd.DataFrame | None = None,
    *,
    with_r: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Crosscheck:
    """Recompute the numbers of a study or of results by a second program, and compare.

    The second program counts anew, in pandas, from the rows that the analyses used (events,
    responses, toxicities, subjects), and estimates with lifelines, statsmodels and scipy; it shares
    no estimator, grouping or denominator with carstats. What the clinical rules derive is taken as
    it is: the worksheets cover that. Where the default of an analysis has no second program, its
    log-log, Wilson or asymptotic sibling is compared beside it.

    Parameters
    ----------
    what : Study, Result or list of Result
        A study: everything that its report, figures and tables print. Or results, each with the
        study in `data`.
    data : Study, Cohort or pandas.DataFrame, optional
        What results were made from. A cohort is needed where a criterion is not one of carstats',
        the table of trials for the analyses of published reports.
    with_r : bool
        Whether R's survival and cmprsk are asked too where Rscript is found; never needed.
    progress : callable, optional
        Called with the number of analyses done and their number while a study is compared.

    Returns
    -------
    Crosscheck
        ``frame``: a row for each number and witness with both values, the difference, the tolerance
        and a verdict; ``coverage()`` by family and kind; ``summary()``; ``differs``. What cannot
        be compared (a result without its study, an analysis that is not known, a library that is
        not installed, a second program that raises) has a row that says so.

    Raises
    ------
    CarstatsError
        If `what` or `data` is something else.

    References
    ----------
    Davidson-Pilon C. J Open Source Softw 2019; 4: 1317 (lifelines).
    Seabold S, Perktold J. Proc 9th Python in Science Conf 2010; 92-96 (statsmodels).

    Examples
    --------
    >>> result = cs.survival_at(cohort, "relapse_free_survival", at=365)
    >>> check = cs.crosscheck(result, study, with_r=False)
    """
    if isinstance(what, Study):
        what.require_described()
        if data is not None:
            raise CarstatsError(message("`data` is given with a study; it goes with results."))
        return _of_study(what, with_r, progress)
    results = [what] if isinstance(what, Result) else what
    if isinstance(results, str) or not isinstance(results, Iterable):
        raise CarstatsError(
            message(
                "`what` is {kind}; it takes a Study, a Result or several.", kind=type(what).__name__
            )
        )
    results = list(results)
    for result in results:
        if not isinstance(result, Result):
            raise CarstatsError(
                message(
                    "`what` is {kind}; it takes a Study, a Result or several.",
                    kind=type(result).__name__,
                )
            )
    if data is not None and not isinstance(data, Study | Cohort | pd.DataFrame):
        raise CarstatsError(
            message(
                "`data` is {kind}; it takes a Study, a Cohort or a table of trials.",
                kind=type(data).__name__,
            )
        )
    if isinstance(data, Cohort):
        source = Source(data.study, data, with_r=with_r)
    elif isinstance(data, pd.DataFrame):
        source = Source(trials=data)
    else:
        source = Source(data, with_r=with_r)
    rows = []
    for number, result in enumerate(results, start=1):
        rows += _numbered(compared_rows(result, source, result.spec.analysis), number)
    return _outcome(rows, source.study)


def _of_study(
    study: Study, with_r: bool, progress: Callable[[int, int], None] | None
) -> Crosscheck:
    rows = []
    # What is worked out of a cohort's subjects is used for every analysis of them.
    sources: dict[tuple[str, ...], Source] = {}
    planned = planned_results(study)
    for number, (name, cohort, make) in enumerate(planned, start=1):
        made = result_or_error(make)
        if isinstance(made, CarstatsError):
            refused = message("the study's data do not allow it: {reason}", reason=made.said)
            row = dict.fromkeys(COLUMNS, "") | {"row": 0, "name": name, "family": "other"}
            found = [{**row, "verdict": NOT_COMPARED, "reason": refused}]
        else:
            criteria = tuple(str(criterion.name) for criterion in cohort.criteria)
            source = sources.setdefault(criteria, Source(study, cohort, True, with_r=with_r))
            found = compared_rows(made, source, name)
        rows += _numbered(found, number)
        if progress is not None:
            progress(number, len(planned))
    return _outcome(rows, study)


def _numbered(rows: list[dict], number: int) -> list[dict]:
    return [{**row, "result": number} for row in rows]


def _outcome(rows: list[dict], study: Study | None) -> Crosscheck:
    frame = pd.DataFrame(rows, columns=[*COLUMNS[:4], "result", *COLUMNS[4:]])
    for column in ("value", "witness_value", "difference", "tolerance"):
        frame[column] = pd.to_numeric(frame[column], errors="coerce")
    if study is None:
        return Crosscheck(frame)
    return Crosscheck(frame, study.label, study.synthetic)
