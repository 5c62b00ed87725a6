"""Recodes of values that carstats does not read, each with its nearest term."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd

from carstats.data.check import MISSING, cell_text, read_flag
from carstats.data.draft.finding import Column, Found
from carstats.data.draft.sections import Paper, quoted
from carstats.data.draft.values import meaning
from carstats.data.matching import code_key, is_grade_range, read_grade
from carstats.data.schema import TABLES
from carstats.messages import message

# So many values of a column are listed; of more, the rest is only counted.
_LISTED = 200
# A longer cell is a sentence and no term: it may say who it is about. Of words that are not
# known so many bytes; of codes so many digits.
_LONGEST, _WORD, _CODE = 60, 36, 3
_PERSONAL = re.compile(
    r"(?:19|20)\d\d\s*[-/.年]\s*\d|\d[-/.]\d{1,2}[-/.]\d|\d{5,}|@|\b(?:mr|mrs|ms|dr|prof|herr|frau|mme)\b\.?"
    r"|先生|女士|小姐|医生|医师|主任|教授|护士",
    re.I,
)
# What the codes of sex usually are; asked, since some sheets have it the other way round.
_SEXES = {"1": "M", "2": "F", "0": "F"}
_KNOWN_WORDS = frozenset({"unknown", "unk", "不详", "未知", "不明", "未分级", "ungraded", "?"})


def distinct(found: Found, column: Column) -> dict[str, int]:
    """Return the different values of a column with their counts, the most frequent first."""
    cells = found.sheet.frame.iloc[:, column.place]
    counts = pd.Series([cell_text(c).strip() for c in cells.dropna()], dtype=object).value_counts()
    return {str(value): int(n) for value, n in counts.items() if str(value)}


def may_be_listed(value: str, n: int, known: bool, of_terms: bool) -> bool:
    """Return whether a value may stand in a draft, which is a file that gets mailed.

    What is a term or a code may. Any other word only if it is short, holds no date, number or
    title of a person, and stands in a column of terms or in several rows, as a term does and a
    remark or a name does not.
    """
    if len(value) > _LONGEST or _PERSONAL.search(value):
        return False
    if known or value.isdigit():
        return len(value) <= _CODE or known
    return len(value.encode("gb18030", "replace")) <= _WORD and (of_terms or n > 1)


def are_terms(values: dict[str, int], known: Callable[[str], bool]) -> bool:
    """Return whether at least half of the values of a column are known."""
    return sum(map(known, values)) * 2 >= len(values)


def recode_terms(paper: Paper, found: Found, column: Column, table: str, name: str) -> None:
    """List the values of a column of terms that the vocabulary lacks."""
    described = TABLES[table].column(name)
    if described is None or (described.kind not in ("term", "flag") and name != "grade"):
        return
    values = distinct(found, column)
    section = (table, "values", name)
    codes = dict(column.proposal.codes)
    if described.kind == "flag":
        recode_flags(paper, values, section)
        return
    if name == "grade":
        recode_grades(paper, values, section)
        return
    left = 0
    place = f"{table}.{name}"

    def known(value: str) -> bool:
        return bool(meaning(place, value).term) or code_key(value) in {*MISSING, *codes}

    of_terms = are_terms(values, known)
    for i, (value, n) in enumerate(values.items()):
        if i >= _LISTED or not may_be_listed(value, n, known(value), of_terms):
            left += 1
            continue
        _one(paper, section, f"{table}.{name}", described.category, value, codes)
    _say_left(paper, section, left)


def _say_left(paper: Paper, section: tuple[str, ...], left: int) -> None:
    if left:
        why = message(
            "{n} more values are not listed here: they are long, many, or may be no terms", n=left
        )
        paper.off(section, "…", '"…"', why)


def _one(paper: Paper, section, column: str, category: str, value: str, codes: dict) -> None:
    if code_key(value) in codes:
        value_meant = meaning(column, codes[code_key(value)])
        if value_meant.term and value_meant.sure:
            paper.on(section, value, quoted(value_meant.term), message("the heading says so"))
            return
    found = meaning(column, value)
    if (found.known and found.sure) or code_key(value) in MISSING:
        return
    if value.replace(".", "", 1).isdigit():
        offered = _SEXES.get(code_key(value), "") if category == "sex" else ""
        paper.ask(section, value, quoted(offered), message("what does this code mean?"))
    elif found.term == "missing":
        paper.on(section, value, '""', message("says that it is not known"))
    elif found.term.startswith("+"):
        why = message(
            "no term of carstats': keep it as the study's own under [vocabulary] {category} ="
            " [{term}], or recode it",
            category=category,
            term=quoted(found.term[1:]),
        )
        paper.ask(section, value, quoted(found.term[1:]), why)
        paper.new_terms.setdefault(category, {})[found.term[1:]] = None
    elif found.term:
        paper.add(section, value, quoted(found.term), "on" if found.sure else "ask",
                  "" if found.sure else message("the nearest term; is it?"))  # fmt: skip
    else:
        why = message(
            "not in the vocabulary: recode it, or add it under [vocabulary] {category}",
            category=category,
        )
        paper.ask(section, value, '""', why)


def recode_flags(paper: Paper, values: dict[str, int], section: tuple[str, ...]) -> None:
    """List the values of a yes or no column that say neither as they stand."""
    left = 0
    of_terms = are_terms(values, _is_flag)
    for value, n in list(values.items())[:_LISTED]:
        if read_flag(value) is not None or code_key(value) in MISSING:
            continue
        if not may_be_listed(value, n, _is_flag(value), of_terms):
            left += 1
            continue
        response = section[0] == "responses"
        found = meaning("responses.response", value) if response else meaning("flag", value)
        if not found.term and response:
            found = meaning("flag", value)
        if found.term == "missing":
            continue
        if found.term in ("true", "false"):
            # Whether a partial response is one is the endpoint's to say.
            sure = found.sure and not response
            word = "" if sure else message("yes or no?")
            paper.add(section, value, found.term, "on" if sure else "ask", word)
        else:
            paper.ask(section, value, "true", message('yes (true), no (false) or missing ("")?'))
    _say_left(paper, section, left)


def _is_flag(value: str) -> bool:
    if read_flag(value) is not None or code_key(value) in MISSING:
        return True
    return bool(meaning("flag", value).term or meaning("responses.response", value).term)


def recode_grades(paper: Paper, values: dict[str, int], section: tuple[str, ...]) -> None:
    """List the values of a column of grades that are no single grade as they stand."""
    left = 0

    def known(value: str) -> bool:
        return bool(meaning("toxicities.grade", value).term) or code_key(value) in MISSING

    of_terms = are_terms(values, known)
    for value, n in list(values.items())[:_LISTED]:
        text = code_key(value)
        if read_grade(value) is not None or text in MISSING or text in _KNOWN_WORDS:
            continue
        if not may_be_listed(value, n, known(value), of_terms):
            left += 1
            continue
        found = meaning("toxicities.grade", value)
        if found.term == "missing" or meaning("missing", value).term == "missing":
            continue
        sure = found.sure and found.term.isdigit() and not is_grade_range(value)
        why = "" if sure else message("which grade is this?")
        paper.add(section, value, found.term if found.term.isdigit() else '""',
                  "on" if sure else "ask", why)  # fmt: skip
    _say_left(paper, section, left)
