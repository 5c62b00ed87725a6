"""The page that says what would leave a hospital, for a person to sign before it does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from carstats.data.vocabulary import Vocabulary, column_name
from carstats.language import in_language
from carstats.messages import mark
from carstats.report.format import count
from carstats.report.network.tables import definitions_table
from carstats.report.pages.page import languages_page
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.sharing.numbers import ALL as EVERY
from carstats.sharing.numbers import NONE
from carstats.sharing.outcomes import DAYS, RESPONSE, TIMES, TOXICITY
from carstats.sharing.shared import ALL, CELLS, LEAST, MARGINS, NOTHING, OTHERS, SECTIONS, WHOLE
from carstats.translation import LANGUAGES, current_language
from carstats.words import sentences, tr

PAGE = "disclosure.html"
_LAYOUTS = {
    CELLS: mark("The whole site, and every combination of {columns} that is large enough."),
    MARGINS: mark(
        "The whole site, and the site by {columns}, by each of them alone: of their combinations "
        "most numbers would be too small to be shown."
    ),
    WHOLE: mark("The whole site alone: by {columns} every number would be too small to be shown."),
    NOTHING: mark(
        "Nothing but that the site has fewer than {least} subjects: no number may be shown."
    ),
}
_ALONE = mark("The whole site alone.")
_LINE = "_" * 40


def shared_text(content: dict[str, Any]) -> str:
    """Return a shared file as text: sorted keys, indented, for a person to read."""
    return json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def disclosure_page(content: dict[str, Any], file: str, *, made_with: str) -> str:
    """Return the page of a shared file in both languages, the one that is set first."""
    parts = {}
    for language in sorted(LANGUAGES, key=lambda each: each != current_language()):
        with in_language(language):
            parts[language] = _said(content, file)
    return languages_page(parts, synthetic=content["synthetic"], made_with=made_with)


def _said(
    content: dict[str, Any], file: str
) -> tuple[str, list[str], dict[str, list[str | Table]]]:
    """Return title, first lines and sections in the language that is set."""
    least = content["minimum_cell"]
    told = [
        tr("Site: {site}", site=content["site"]),
        tr("Read this before {file} is sent. It shows every number that is in the file.",
           file=file),
    ]  # fmt: skip
    nothing = content["layout"] == NOTHING
    leaves = [_columns(content)]
    if not nothing:
        leaves = [
            tr(
                "Counts of subjects by outcome, and the definitions of the endpoints. No row of a "
                "subject, no identifier, no date and no day of an event: times are the "
                "visits of the schedule."
            ),
            *leaves,
            tr(
                "A number from 1 to {most} is not shown, nor can it be computed from those that "
                "are: numbers are joined until each is 0 or at least {least}.",
                most=least - 1, least=least,
            ) if least > 1 else tr("Every number is shown, also that of a single subject."),
        ]  # fmt: skip
    sections: dict[str, list[str | Table]] = {tr("What would leave"): [*leaves]}
    if least < LEAST:
        sections[tr("What would leave")].append(
            tr(
                "Attention: a smallest number of {least}, below the usual {usual}, needs the "
                "agreement of the sites.",
                least=least,
                usual=LEAST,
            )
        )
    for table in content["tables"]:
        sections[_title(table)] = list(_tables(content, table))
    sections[tr("What is hidden, and why")] = [*_hidden(content)]
    defined = content["definitions"]
    sections[tr("What the numbers mean")] = (
        [definitions_table(defined), _made(defined)] if defined else [tr("No endpoint is shown.")]
    )
    sections[tr("What else is in the file")] = [_rest(content)]
    sections[tr("What this does not protect")] = [
        tr(
            "That all subjects of a group had an outcome, or none, is told of groups of {least} or "
            "more. Who knows some of the subjects knows more of the others. Whether the numbers "
            "may be sent is for the hospital to decide, under its own rules and law: this page "
            "is no claim of compliance.",
            least=least,
        ),
        tr(
            "Two files of one site can be subtracted from each other, if they are of two dates, by "
            "other columns or with another smallest number: send one."
        ),
        *([tr(
            "What is hidden tells something too: of numbers that are joined one was small. Who "
            "works through every way in which the program joins learns more than the numbers say."
        )] if least > 1 else []),
    ]  # fmt: skip
    sections[tr("Release")] = [
        tr("The file {file} has the fingerprint (SHA-256) {fingerprint}.",
           file=file, fingerprint=content["fingerprint"]),
        tr("This page says the same in English and in Chinese; a signature under one is enough."),
        _signature(),
    ]  # fmt: skip
    return tr("What would leave the hospital"), told, sections


def _columns(content: dict[str, Any]) -> str:
    names = column_words(content["asked_by"])
    words = _LAYOUTS[content["layout"]] if names or content["layout"] == NOTHING else _ALONE
    return tr(words, columns=names, least=content["minimum_cell"])


def column_words(columns: Iterable[str]) -> str:
    """Return columns as they print: "disease and target"."""
    return tr(" and ").join(tr(column_name(column)) for column in columns)


def _title(table: dict[str, Any]) -> str:
    if not table["by"]:
        return tr("The whole site")
    return tr("By {columns}", columns=column_words(table["by"]))


def stratum_words(name: str) -> str:
    """Return a stratum's name as it prints."""
    return tr("all") if name == ALL else tr("all others") if name == OTHERS else tr(name)


def label_of(content: dict[str, Any], name: str) -> str:
    """Return an outcome's printed label; of one that is hidden the file has the name alone."""
    if name in content["definitions"]:
        return tr(content["definitions"][name]["label"])
    known = Vocabulary()
    kinds = [kind for kind in ("endpoint", "toxicity") if name in known.names(kind)]
    return tr(known.label(kinds[0], name)) if kinds else name


def _number(value: int | None) -> str:
    return tr("hidden") if value is None else count(value)


def _tables(content: dict[str, Any], table: dict[str, Any]) -> Iterator[str | Table]:
    rows = [Row((stratum_words(s["name"]), count(s["subjects"]))) for s in table["strata"]]
    yield Table(tr("Subjects"), (tr("Stratum"), tr("Subjects")), tuple(rows))
    if table[SECTIONS[RESPONSE]]:
        yield _responses(content, table)
    if table[SECTIONS[TOXICITY]]:
        yield _toxicities(content, table)
    if table[SECTIONS[TIMES]]:
        yield _curves(content, table)
    if not any(table[section] for section in SECTIONS.values()):
        yield tr("Of the outcomes nothing is shown here.")


def _who(row: dict[str, Any]) -> str:
    return tr(", ").join(map(stratum_words, row["strata"]))


def _responses(content: dict[str, Any], table: dict[str, Any]) -> Table:
    rows = [
        Row(
            (_who(row), *(_number(row[key]) for key in
             ("asked", "responders", "evaluable", "missing", "not_asked"))),
            group=label_of(content, row["outcome"]), indent=1,
        )
        for row in table[SECTIONS[RESPONSE]]
    ]  # fmt: skip
    heads = (tr("Stratum"), tr("Asked"), tr("Responders"), tr("Evaluable"), tr("Not evaluable"),
             tr("Not asked, or not followed so far"))  # fmt: skip
    note = tr(
        "Asked: to whom the outcome applies and who could be followed to the visit. Evaluable: who "
        "has a result there. A responder is evaluable."
    )
    return Table(tr("Responses"), heads, tuple(rows), notes=(note,))


def _toxicities(content: dict[str, Any], table: dict[str, Any]) -> Table:
    rows = [
        Row(
            (_who(row), count(row["asked"]), tr("; ").join(map(_grade, row["worst_grade"])),
             count(row["not_asked"])),
            group=label_of(content, row["outcome"]), indent=1,
        )
        for row in table[SECTIONS[TOXICITY]]
    ]  # fmt: skip
    heads = (tr("Stratum"), tr("Asked"), tr("Subjects by worst grade"), tr("Not asked"))
    note = tr(
        "Before each colon the grade, from 1 (mild) to 5 (death), or several grades together; "
        "after it the subjects of whom that was the worst."
    )
    align = ("left", "right", "left", "right")
    return Table(tr("Toxicities"), heads, tuple(rows), notes=(note,), align=align)


def _grade(grade: dict[str, Any]) -> str:
    low, high = grade["from"], grade["to"]
    name = tr("none") if high == 0 else f"{low}" if low == high else f"{low}–{high}"
    if grade["may_be_worse"] == EVERY:
        name = tr("{grade} or worse", grade=name)
    elif grade["may_be_worse"] != NONE:
        name = tr("{grade}, or not graded", grade=name)
    # A number stays on the line of its grade.
    return tr("{name}: {text}", name=name, text=count(grade["subjects"])).replace(": ", ":\u00a0")


def _curves(content: dict[str, Any], table: dict[str, Any]) -> Table:
    rows = []
    for row in table[SECTIONS[TIMES]]:
        name = label_of(content, row["outcome"])
        who = name if not table["by"] else tr("{name}: {text}", name=name, text=_who(row))
        for words, key in ((tr("not asked"), "not_asked"), (tr("no record"), "no_record")):
            if row[key] is not None:
                cells = (words, "", "", "", "", count(row[key]), "")
                rows.append(Row(cells, group=who, indent=1))
        for each in row["intervals"]:
            numbers = [each[k] for k in ("at_risk", "events", "competing", "censored",
                                         "without_event")]  # fmt: skip
            rows.append(Row((_interval(each), *map(_number, numbers), ""), group=who, indent=1))
        years = f"{row['person_years_on_the_grid']:g}"
        rows.append(Row((tr("in all"), count(row["asked"]), "", "", "", "", years),
                        group=who, indent=1))  # fmt: skip
    heads = (tr("Weeks"), tr("At risk"), tr("Events"), tr("Competing"), tr("Censored"),
             tr("Out without the event"), tr("Person-years by these rows"))  # fmt: skip
    days = [r for r in table[SECTIONS[TIMES]] if r["clock"] == DAYS]
    notes = (
        sentences(
            tr(
                "An interval holds what was found after its first visit up to its last. At risk: "
                "still followed, and without the event. Competing: something else came first. "
                "Censored: no longer followed."
            ),
            tr("Of {names} the day is known: it lies in the interval itself.",
               names=tr(", ").join(dict.fromkeys(label_of(content, r["outcome"]) for r in days)))
            if days else "",
        ),
    )  # fmt: skip
    return Table(tr("Times to events"), heads, tuple(rows), notes=notes)


def _interval(each: dict[str, Any]) -> str:
    low, high = f"{each['after_week']:g}", f"{each['to_week']:g}"
    if each["with_no_record"]:
        return tr("start to {high}, and who has no record", high=high)
    if each["from_the_start"]:
        return tr("start") if high == "0" else tr("start to {high}", high=high)
    return tr("after {low}, to {high}", low=low, high=high)


def _hidden(content: dict[str, Any]) -> Iterator[str | Table]:
    least = content["minimum_cell"]
    if content["layout"] == NOTHING:
        yield tr("Every number, for the site has fewer than {least} subjects.", least=least)
        return
    if not content["hidden"]:
        yield tr("Nothing is hidden.")
        return
    yield tr(
        "Each of these would show, or let compute by adding and subtracting, a number from 1 to "
        "{most}; also where one endpoint's subjects are among those of another and few remain.",
        most=least - 1,
    )
    told: dict[tuple[str, str], list[str]] = {}
    for each in content["hidden"]:
        by = column_words(c for c in each["by"].split(", ") if c)
        where = tr("By {columns}", columns=by) if by else tr("The whole site")
        told.setdefault((where, label_of(content, each["outcome"])), []).append(tr(each["what"]))
    rows = [Row((name, tr("; ").join(what)), where, indent=1)
            for (where, name), what in told.items()]  # fmt: skip
    yield Table(
        tr("Hidden"), (tr("Outcome"), tr("What is not told")), tuple(rows), align=("left", "left")
    )


def _made(definitions: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return what else a file holds of each definition: key and value, as they stand in it."""
    rows: dict[Row, None] = {}
    for name, definition in definitions.items():
        shown = ("label", "rules", "options", "fingerprint")
        told = {key: value for key, value in definition.items() if key not in shown}
        # The words and the standing of the first rule stand in the table before.
        rules = [{key: value for key, value in rule.items()
                  if place or key not in ("definition", "status")}
                 for place, rule in enumerate(definition["rules"])]  # fmt: skip
        words = "; ".join(map(_plain, [told, *rules]))
        rows[Row((tr(definition["label"]), name, words))] = None
    options = list(dict.fromkeys(_plain(d["options"]) for d in definitions.values()
                                 if "options" in d))  # fmt: skip
    rows |= dict.fromkeys(Row((tr("Options of the derivation"), "", words)) for words in options)
    heads = (tr("Outcome"), tr("Name"), tr("As it stands in the file"))
    return Table(tr("How they were made"), heads, tuple(rows), align=("left",) * 3)


def _plain(value: object) -> str:
    """Return plain values on a line, letter by letter as the file has them."""
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_plain(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return value if isinstance(value, str) else json.dumps(value)


def _rest(content: dict[str, Any]) -> Table:
    """Return every other key of a file with its value."""
    shown = ("tables", "hidden", "definitions", "site", "fingerprint")
    rows = [Row((key, _plain(value))) for key, value in content.items() if key not in shown]
    heads = (tr("Key"), tr("As it stands in the file"))
    return Table(tr("What else is in the file"), heads, tuple(rows), align=("left", "left"))


def _signature() -> Table:
    named = (tr("Name"), tr("Role"), tr("Date"), tr("Signature"))
    heads = (tr("I have read this page and release the file."), "")
    return Table(tr("Release"), heads, tuple(Row((name, _LINE)) for name in named),
                 align=("left", "left"))  # fmt: skip
