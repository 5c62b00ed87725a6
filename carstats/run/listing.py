"""What the commands `check` and `endpoints` print, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from carstats.data.schema import TABLES
from carstats.data.study import Study
from carstats.data.vocabulary import column_name
from carstats.endpoints.catalogue import disease_words
from carstats.endpoints.derive.derivability import derivability
from carstats.endpoints.derive.intercurrent import strategies_of
from carstats.endpoints.options import changed, rules_of
from carstats.endpoints.readings import codes_of, readings
from carstats.endpoints.record.reasons import items_counted
from carstats.errors import check_choice
from carstats.run.summary import summary_lines
from carstats.translation import current_language
from carstats.words import in_words, labels_of, tr

# Of more assessments it takes long to say what can be derived: where it is asked for.
_LARGE = 300_000
# So many headings that were not read are named.
_MOST = 40


def study_lines(study: Study, name: str) -> Iterator[str]:
    """Yield what a study holds."""
    english = current_language() == "en"
    yield tr("{study}: read without problems.", study=in_words(study.label or name))
    width = max(map(len, study.tables()))
    for table, frame in study.tables().items():
        yield tr(
            "  {table}  {rows} rows  {subjects} subjects",
            table=f"{table:{width}}",
            rows=f"{len(frame):>7}",
            subjects=f"{frame['subject_id'].nunique():>6}",
        )
        yield from _column_lines(study, table)
    label = labels_of(study.vocabulary)
    for column in ("disease", "target", "platform", "cell_source"):
        counts = study.subjects[column].value_counts()
        parts = [
            f"{term if english else label(column, term)} {counts[term]}"
            for term in study.vocabulary.names(column)
            if term in counts
        ]
        words = column if english else column_name(column)
        yield tr("  {column}: {counts}", column=words, counts=tr(", ").join(parts))
    for kind in ("time-to-event", "response"):
        names = study.endpoints(kind)
        if not names:
            continue
        shown = tr(", ").join(names if english else [label("endpoint", n) for n in names])
        yield (
            tr("  endpoints of events: {names}", names=shown)
            if kind == "time-to-event"
            else tr("  endpoints of responses: {names}", names=shown)
        )
    for note in study.notes:
        yield tr("  note: {note}", note=in_words(note))
    yield from _settings_lines(study)
    yield from _derivable_lines(study)
    # Last, so that it is what a terminal shows.
    yield from summary_lines(study)


def _settings_lines(study: Study) -> Iterator[str]:
    """Yield the settings of the rules that are not carstats' own, each checked."""
    rules, strategies = rules_of(study), strategies_of(study)
    parts = {"rules": rules, "strategies": strategies, "schedule": rules.schedule}
    for section, values in parts.items():
        for name, value in changed(values).items():
            yield tr("  [{section}] {name} = {value}", section=section, name=name, value=value)


def _derivable_lines(study: Study) -> Iterator[str]:
    """Yield a line for each endpoint: for how many subjects it can be derived."""
    if study.assessments is None:
        return
    if len(study.assessments) > _LARGE:
        yield tr("  which endpoints can be derived: {command}", command="carstats check --derive")
        return
    english, labels = current_language() == "en", labels_of(study.vocabulary)
    found = derivability(study)
    yield tr("  endpoints that can be derived (subjects of those to whom they apply):")
    width = max((len(row.endpoint) for row in found), default=0)
    for row in found:
        name = f"{row.endpoint:{width}}" if english else labels("endpoint", row.endpoint)
        if row.n_derivable and not row.missing:
            yield tr("    {endpoint}  {n} of {of}", endpoint=name, n=row.n_derivable, of=row.n)
        elif row.missing:
            lacking = items_counted(row.missing)
            shown = [in_words(m) if english or m == "medications" or m not in row.missing
                     else labels("measure", m) for m in lacking[:6]]  # fmt: skip
            more = tr("{names}, … ({n} in all)", names=tr(", ").join(shown), n=len(lacking))
            names = more if len(lacking) > 6 else tr(", ").join(shown)
            if row.n_derivable:
                yield tr(
                    "    {endpoint}  {n} of {of}; never measured: {names}",
                    endpoint=name, n=row.n_derivable, of=row.n, names=names,
                )  # fmt: skip
                continue
            yield tr(
                "    {endpoint}  none of {of}; missing: {names}",
                endpoint=name, of=row.n, names=names,
            )  # fmt: skip
        else:
            yield tr("    {endpoint}  none of {of}", endpoint=name, of=row.n)


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
    """Yield the catalogue of endpoints, three lines an endpoint."""
    for row in table.itertuples():
        yield tr(
            "{endpoint} ({disease}, {kind}, {status})",
            endpoint=row.name,
            disease=disease_words(row.disease),
            kind=tr(row.kind),
            status=tr(row.status),
        )
        yield f"  {in_words(row.definition)}"
        source = (
            tr("{source}, doi:{doi}", source=row.source, doi=row.doi) if row.doi else row.source
        )
        yield tr(
            "  thresholds: {thresholds}. Source: {source}",
            thresholds=in_words(row.thresholds),
            source=source,
        )


def endpoint_lines(table: pd.DataFrame, name: str) -> Iterator[str]:
    """Yield one endpoint of the catalogue with the measures that it reads and their codes."""
    spelt = {known.casefold(): known for known in table["name"]}
    name = spelt.get(name.casefold(), name)
    name = check_choice("name", name, tuple(table["name"]))
    yield from catalogue_lines(table[table["name"] == name])
    for reading in readings(name):
        now, before = (tr(", ").join(part) for part in (reading.now, reading.before))
        places = {"disease": disease_words(reading.disease)}
        if now:
            yield tr("  reads ({disease}): {measures}", measures=now, **places)
        if before:
            yield tr("  before the infusion ({disease}): {measures}", measures=before, **places)
        if reading.besides:
            yield tr("  besides: {what}", what=tr(reading.besides))
    for measure, words in codes_of(name).items():
        codes = tr(", ").join(f"{code} {tr(word)}" for code, word in enumerate(words))
        yield tr("  codes of {measure}: {codes}", measure=measure, codes=codes)
