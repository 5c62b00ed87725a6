"""How many subjects of which disease had which target, and whom a row describes alone."""

from __future__ import annotations

from collections.abc import Iterable

from carstats.report.chapters.blocks import Block, Caution, FigureBlock, TableBlock
from carstats.report.chapters.context import MOST_COLUMNS, Context
from carstats.report.figures.crowd import MOST
from carstats.report.format import count, of, sentence_list
from carstats.report.tables.abbreviations import spelled_out
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.result import Result
from carstats.words import in_words, sentences, tr, tr_n

# More names than these are counted and not listed.
_MOST_NAMES = 6
# In these each line, bar or row is one subject, whatever the stratum.
_BY_SUBJECT = {
    "antibody_map", "exposure_listing", "glucocorticoid_profiles", "kinetic_profiles",
    "score_course", "subject_timelines", "toxicity_listing",
}  # fmt: skip


def cross_table(context: Context) -> list[Block]:
    """Return the subjects counted by disease and target; nothing where targets are too many."""
    subjects = context.cohort.subjects
    diseases, targets = context.present("disease"), context.present("target")
    if not diseases or len(targets) > MOST_COLUMNS:
        return []
    cross = subjects.groupby(["disease", "target"]).size()
    rows = [
        Row(
            (
                context.label("disease", disease),
                *(count(cross.get((disease, target), 0)) for target in targets),
                count((subjects["disease"] == disease).sum()),
            )
        )
        for disease in diseases
    ]
    if len(rows) > 1:
        sums = [count((subjects["target"] == target).sum()) for target in targets]
        rows.append(Row((tr("All"), *sums, count(len(subjects)))))
    table = Table(
        title=tr("Subjects counted, by disease and target"),
        heads=(tr("Disease"), *(context.label("target", t) for t in targets), tr("All")),
        rows=tuple(rows),
        notes=(
            tr(
                "Where a target was treated in few diseases only, a difference between targets may "
                "be one between diseases."
            )
            if len(targets) > 1
            else "",
        ),
        synthetic=context.study.synthetic,
    )
    sizes = subjects["disease"].value_counts()
    message = tr(
        "Most frequent disease: {disease}, {count}",
        disease=context.label("disease", sizes.index[0]),
        count=of(sizes.iloc[0], len(subjects)),
    )
    return [TableBlock(spelled_out(table), message=message)]


def single_strata(results: Iterable[Result]) -> list[str]:
    """Return the printed names of the strata that are one subject."""
    found: dict[str, None] = {}
    for result in results:
        if not result.by or "n" not in result.frame:
            continue
        for key, rows in result.strata():
            # A listing has a row for each record of a subject; 0 stands for all of them.
            listed = "subject" in rows
            n = rows.loc[rows["subject"] > 0, "subject"].nunique() if listed else 0
            if len(rows) and (n if listed else rows["n"].iloc[0]) == 1:
                found[in_words(result.label(key))] = None
    return list(found)


def with_cautions(blocks: list[Block]) -> list[Block]:
    """Put a warning before the first row, column or line of a chapter that is one subject."""
    shown = [block for block in blocks if isinstance(block, FigureBlock | TableBlock)]
    results = {id(block): list(block.results.values()) for block in shown}
    everybody = [result for found in results.values() for result in found]
    groups, lines = _told(single_strata(everybody)), any(map(_by_subject, everybody))
    out: list[Block] = []
    for block in blocks:
        own = results.get(id(block), [])
        if groups and single_strata(own):
            out.append(Caution(groups))
            groups = ""
        if lines and any(map(_by_subject, own)):
            out.append(
                Caution(
                    tr(
                        "Privacy: each line or bar of the figure below is one subject, without "
                        "name or number, but with a course that those who know the subject may "
                        "recognise."
                    )
                )
            )
            lines = False
        out.append(block)
    return out


def single_groups(context: Context) -> str:
    """Say on the first page which groups of disease and target are one subject; empty if none."""
    sizes = context.cohort.subjects.groupby(["disease", "target"]).size()
    names = [
        f"{context.label('disease', disease)} · {context.label('target', target)}"
        for (disease, target), n in sizes.items()
        if n == 1
    ]
    return _told(names)


def _by_subject(result: Result) -> bool:
    """Say whether each line or bar of a figure is one subject: of many, figures draw none."""
    if result.spec.analysis not in _BY_SUBJECT:
        return False
    column = "number" if "number" in result.frame else "subject"
    return column not in result.frame or result.frame[column].nunique() <= MOST


def _told(names: list[str]) -> str:
    """Return the warning about groups of one."""
    if not names:
        return ""
    shown = sentence_list(names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return sentences(
        tr_n(
            "Privacy: one group here is a single subject ({names}), and what is said of it is said "
            "of that subject.",
            "Privacy: {n} groups here are a single subject each ({names}), and what is said of "
            "them is said of those subjects.",
            len(names),
            names=tr("{names} and {n} more", names=shown, n=more) if more > 0 else shown,
        ),
        tr("Join groups, or leave them out, before the report is passed on."),
    )
