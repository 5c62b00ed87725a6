"""What the commands `check` and `endpoints` print, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from carstats.data.schema import TABLES
from carstats.data.study import Study
from carstats.endpoints.catalogue import disease_words
from carstats.language import current_language, tr
from carstats.vocabulary import column_name

# So many headings that were not read are named.
_MOST = 40


def study_lines(study: Study, name: str) -> Iterator[str]:
    """Yield what a study holds.

    Parameters
    ----------
    study : Study
        The study.
    name : str
        What it is called where it has no label.

    Yields
    ------
    str
        A line in the language that is set; English has the names of the tables and columns, other
        languages what they mean.
    """
    english = current_language() == "en"
    yield tr("{study}: read without problems.", study=tr(study.label or name))
    width = max(map(len, study.tables()))
    for table, frame in study.tables().items():
        yield tr(
            "  {table}  {rows} rows  {subjects} subjects",
            table=f"{table:{width}}",
            rows=f"{len(frame):>7}",
            subjects=f"{frame['subject_id'].nunique():>6}",
        )
        yield from _column_lines(study, table)
    labels = study.vocabulary.label
    for column in ("disease", "target", "platform", "cell_source"):
        counts = study.subjects[column].value_counts()
        parts = [
            f"{term if english else labels(column, term)} {counts[term]}"
            for term in study.vocabulary.names(column)
            if term in counts
        ]
        words = column if english else column_name(column)
        yield tr("  {column}: {counts}", column=words, counts=tr(", ").join(parts))
    for kind in ("time-to-event", "response"):
        names = study.endpoints(kind)
        if not names:
            continue
        shown = tr(", ").join(names if english else [labels("endpoint", n) for n in names])
        yield (
            tr("  endpoints of events: {names}", names=shown)
            if kind == "time-to-event"
            else tr("  endpoints of responses: {names}", names=shown)
        )
    for note in study.notes:
        yield tr("  note: {note}", note=note)


def _column_lines(study: Study, table: str) -> Iterator[str]:
    """Yield which columns of a table's files were read, are the study's own, and were not read."""
    source = study.source(table)
    names = TABLES[table].names()

    def headed(columns: Iterable[str]) -> str:
        parts = []
        for name in columns:
            heading = source.headings.get(name, name)
            parts.append(name if heading == name else f"{name} ({heading})")
        return tr(", ").join(parts)

    if source.columns:
        read = [name for name in source.columns if name in names]
        own = [name for name in source.columns if name not in names]
        yield tr("    read: {columns}", columns=headed(read))
        if own:
            yield tr("    kept as the study's own: {columns}", columns=headed(own))
    if source.ignored:
        shown = tr(", ").join(source.ignored[:_MOST])
        rest = len(source.ignored) - _MOST
        if rest > 0:
            shown = tr("{names} and {n} more", names=shown, n=rest)
        yield tr("    not read: {columns}", columns=shown)


def catalogue_lines(table: pd.DataFrame) -> Iterator[str]:
    """Yield the catalogue of endpoints, three lines an endpoint.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of `endpoint_catalogue`.

    Yields
    ------
    str
        A line in the language that is set.
    """
    for row in table.itertuples():
        yield tr(
            "{endpoint} ({disease}, {kind}, {status})",
            endpoint=row.name,
            disease=disease_words(row.disease),
            kind=tr(row.kind),
            status=tr(row.status),
        )
        yield f"  {row.definition}"
        source = (
            tr("{source}, doi:{doi}", source=row.source, doi=row.doi) if row.doi else row.source
        )
        yield tr(
            "  thresholds: {thresholds}. Source: {source}",
            thresholds=row.thresholds,
            source=source,
        )
