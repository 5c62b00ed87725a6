"""The lines of CDISC analysis data sets: what ADaM does not say is asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from carstats.data.draft.finding import Column, Found, found_in
from carstats.data.draft.recodes import distinct, recode_terms
from carstats.data.draft.sections import Paper, quoted
from carstats.data.draft.values import meaning
from carstats.data.formats.files import Files
from carstats.data.vocabulary import Vocabulary
from carstats.messages import message

_OFFERED = {"disease": "SLE", "target": "CD19", "platform": "CAR-T", "cell_source": "autologous"}


def is_adam(paths: Sequence[Path]) -> bool:
    """Return whether files are analysis data sets: an ADSL, and no table of carstats'."""
    names = {path.stem.casefold() for path in paths}
    return "adsl" in names and "subjects" not in names


def write_adam(folder: Path, files: Files) -> Paper:
    """Return the draft of a folder of CDISC analysis data sets."""
    paper = Paper()
    paper.told.append(
        message("CDISC analysis data sets: carstats knows their variables. What they do not say"
                " is asked here.")
    )  # fmt: skip
    found = {p.stem.casefold(): one for p in sorted(folder.iterdir()) if p.suffix.lower() in
             (".csv", ".xpt", ".sas7bdat", ".parquet", ".tsv") and p.stem.casefold() in
             ("adsl", "adtte", "adrs", "adae") for one in found_in(p, files)[:1]}  # fmt: skip
    paper.told += [str(problem) for problem in files.problems]
    paper.off(("study",), "name", quoted(folder.name), message("what figures call the study"))
    if "adsl" in found:
        _subjects(paper, found["adsl"])
    if "adtte" in found:
        _events(paper, found["adtte"])
    if "adrs" in found:
        _terms(paper, found["adrs"], "PARAMCD", ("responses", "values", "endpoint"), "endpoint")
    if "adae" in found:
        _terms(paper, found["adae"], "AEDECOD", ("toxicities", "values", "term"), "toxicity")
    return paper


def _subjects(paper: Paper, adsl: Found) -> None:
    headings = {c.heading.upper(): c for c in adsl.columns}
    named = {c.proposal.target.partition(".")[2]: c for c in adsl.columns
             if c.proposal.target.startswith("subjects.")}  # fmt: skip
    for name, offered in _OFFERED.items():
        if name in named and _says(adsl, named[name], name):
            paper.ask(("subjects", "columns"), name, quoted(named[name].heading),
                      message("ADaM has no variable for it: is it this?"))  # fmt: skip
            recode_terms(paper, adsl, named[name], "subjects", name)
        else:
            why = message("ADaM has no variable for it: the same for every subject?")
            paper.ask(("subjects", "constants"), name, quoted(offered), why)
    for name in ("TRT01A", "TRT01P", "ARM", "COHORT"):
        if name in headings and not paper.sections.get(("subjects", "columns")):
            why = message("or from the treatment, with recodes under [subjects.values.target]")
            paper.off(("subjects", "columns"), "target", quoted(name), why)
            break


def _says(adsl: Found, column: Column, name: str) -> bool:
    """Return whether the values of a column are terms, or nearly."""
    values = distinct(adsl, column)
    return bool(values) and all(meaning(f"subjects.{name}", value).term for value in values)


def _events(paper: Paper, adtte: Found) -> None:
    _terms(paper, adtte, "PARAMCD", ("events", "values", "endpoint"), "endpoint")
    column = next((c for c in adtte.columns if c.heading.upper() == "CNSR"), None)
    if column is None:
        return
    codes = sorted(v for v in distinct(adtte, column) if v.isdigit() and int(v) > 0)
    shown = ", ".join(codes)
    why = message(
        'CNSR = 0 is an event; of {codes} which is a competing event, such as 2 = "death"?'
        " None: delete the line",
        codes=shown,
    )
    if codes:
        pairs = "{ " + ", ".join(f'{code} = "death"' for code in codes[-1:]) + " }"
        paper.ask(("adam",), "competing", pairs, why)


def _terms(paper: Paper, found: Found, heading: str, section, category: str) -> None:
    """Recode the parameters and terms that mean one of carstats'; others are the study's own."""
    column = next((c for c in found.columns if c.heading.upper() == heading), None)
    if column is None:
        return
    known = Vocabulary()
    kind = "toxicities.term" if category == "toxicity" else ""
    for value in list(distinct(found, column))[:200]:
        if known.canonical(category, value) is not None or len(value) > 60:
            continue
        found_ = meaning(kind, value) if kind else None
        if found_ and found_.term and not found_.term.startswith("+") and found_.term != "missing":
            state = "on" if found_.sure else "ask"
            paper.add(section, value, quoted(found_.term), state,
                      "" if found_.sure else message("the nearest term; is it?"))  # fmt: skip
        elif category == "endpoint":
            paper.off(
                section, value, '""', message("which endpoint? Left so it is the study's own")
            )
