"""The command line: it parses, calls and prints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import carstats
from carstats.errors import check_installed
from carstats.report.printing import say
from carstats.run.console import (
    MORE,
    START,
    TOGETHER,
    TRUST,
    Folder,
    Group,
    Language,
    Mapping,
    speaking,
)
from carstats.translation import in_words

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Outcomes of engineered-cell therapy in autoimmune disease.\n\n"
    "A hospital's own sheet: carstats draft, then carstats check, then carstats report.",
)


def _analyses(incomplete: str) -> list[str]:
    """Return what a shell offers after --only."""
    from carstats.data.packaged import packaged_folder

    files = [p for kind in ("*.py", "*.ipynb") for p in packaged_folder("analyses").rglob(kind)]
    return sorted(p.stem for p in files if p.stem.startswith(incomplete))


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"carstats {carstats.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


@app.command(rich_help_panel=START)
def draft(
    folder: Annotated[Path, typer.Argument(help="Folder of your sheets, or one file.")],
    out: Annotated[
        Path | None, typer.Option(help="The file to write; default: study.toml beside the data.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over a file that is there.")
    ] = False,
    lang: Language = "en",
) -> None:
    """Write a study.toml to look through: what each heading of your sheets seems to be."""
    from carstats.run.drafting import write_draft

    with speaking(lang):
        for line in write_draft(folder, out, force=force):
            say(line)


@app.command(rich_help_panel=START)
def check(
    folder: Folder,
    mapping: Mapping = None,
    derive: Annotated[
        bool, typer.Option("--derive", help="Derive endpoints and toxicities, and say of which.")
    ] = False,
    lang: Language = "en",
) -> None:
    """Read a study and print what was read, or every problem in one list."""
    from carstats.run.listing import study_lines

    with speaking(lang):
        study = carstats.read_study(folder, mapping)
        if derive:
            study = carstats.derive(study)
        for line in study_lines(study, Path(folder).name):
            say(line)


@app.command(rich_help_panel=START)
def report(
    folder: Folder,
    out: Annotated[Path, typer.Option(help="Folder for report.html, report.docx and slides.pptx.")],
    lang: Language = "en",
    mapping: Mapping = None,
    smd: Annotated[bool, typer.Option("--smd", help="Table 1 with its SMDs.")] = False,
) -> None:
    """Write a report of a study: a page to read, print and send, a Word file, and slides."""
    from carstats.run.progress import progress
    from carstats.run.report import study_report

    with speaking(lang), progress() as told:
        files = study_report(folder, out, lang=lang, mapping=mapping, smd=smd, report=told)
    for file in files:
        say(file)


@app.command(rich_help_panel=START)
def template(
    out: Annotated[Path, typer.Argument(help="The workbook to write, such as registry.xlsx.")],
    lang: Language = "en",
) -> None:
    """Write a workbook to type a study into: it is read without a mapping."""
    from carstats.run.drafting import write_template

    with speaking(lang):
        for line in write_template(out, lang):
            say(line)


@app.command(rich_help_panel=TRUST)
def crosscheck(
    folder: Folder,
    out: Annotated[
        Path | None, typer.Option(help="Folder for crosscheck.html and crosscheck.csv.")
    ] = None,
    lang: Language = "en",
    mapping: Mapping = None,
) -> None:
    """Recompute a study's numbers by other libraries, and say where they differ."""
    with speaking(lang):
        check_installed("crosscheck", "lifelines", "statsmodels")
    from carstats.report.pages.save import write_files
    from carstats.report.pages.second_program import crosscheck_files
    from carstats.run.counting import counting
    from carstats.run.reproduce import check_writable
    from carstats.words import tr

    with speaking(lang):
        if out is not None:
            check_writable(out.resolve())
        study = carstats.read_study(folder, mapping)
        with counting(tr("Second program")) as told:
            found = carstats.crosscheck(study, progress=told)
        for line in found.lines():
            say(in_words(line))
        if out is not None:
            made_with = f"carstats {carstats.__version__}"
            for file in write_files(out, crosscheck_files(found, made_with=made_with)):
                say(file)
    if found.differs:
        raise typer.Exit(1)


@app.command(rich_help_panel=TRUST)
def validate(
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for validation.html, validation.csv and validation.json."),
    ] = None,
    date: Annotated[bool, typer.Option("--date", help="Write today's date on the page.")] = False,
    lang: Language = "en",
) -> None:
    """Run every estimator against the stored references on this machine (IQ and OQ)."""
    from carstats.report.pages.save import write_files
    from carstats.report.pages.validation import validation_files
    from carstats.run.counting import counting
    from carstats.run.reproduce import check_writable
    from carstats.validation.run import validate as run_all
    from carstats.words import tr

    with speaking(lang):
        if out is not None:
            check_writable(out.resolve())
        with counting(tr("References")) as told:
            found = run_all(progress=told, date=date)
        for line in found.lines():
            say(in_words(line))
        if out is not None:
            for file in write_files(out, validation_files(found)):
                say(file)
    if not found.passed:
        raise typer.Exit(1)


@app.command(rich_help_panel=TRUST)
def verify(
    data: Annotated[
        Path | None, typer.Option(help="Folder or workbook of study tables; default: synthetic.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the earlier outputs; default: where reproduce put them.",
            show_default=False,
        ),
    ] = None,
    lang: Language = "en",
) -> None:
    """Make a study's outputs again, compare them with earlier ones, and explain what differs."""
    from carstats.run.progress import progress
    from carstats.run.verify import summary
    from carstats.run.verify import verify as compare

    with speaking(lang):
        with progress() as report:
            found = compare(data, out, report=report)
        width = max((len(line.name) for line in found.lines), default=0)
        for line in found.lines:
            say(f"{line.name:{width}}  {in_words(line.verdict)}")
        for words in [*found.causes, *summary(found)]:
            say(in_words(words))
    if not found.same:
        raise typer.Exit(1)


@app.command(rich_help_panel=TOGETHER)
def share(
    folder: Folder,
    out: Annotated[Path, typer.Option(help="Folder for the counts and disclosure.html.")],
    site: Annotated[
        str | None,
        typer.Option(help="What the network calls the site; default: the study."),
    ] = None,
    by: Annotated[
        str, typer.Option(help="Columns to count by, with commas; '' for the whole alone.")
    ] = "disease,target",
    min_cell: Annotated[
        int, typer.Option("--min-cell", help="The smallest number shown; under 5 by agreement.")
    ] = 5,
    at: Annotated[float, typer.Option(help="Day of the visit that responses are of.")] = 168,
    endpoint: Annotated[
        list[str] | None,
        typer.Option(help="An endpoint or toxicity; may be repeated. Default: all."),
    ] = None,
    mapping: Mapping = None,
    lang: Language = "en",
) -> None:
    """Write counts that may leave the hospital, and a page to sign before they do."""
    from carstats.run.network import share_study

    with speaking(lang):
        files = share_study(
            folder, out, site=site, by=by, min_cell=min_cell, at=at, endpoints=endpoint,
            mapping=mapping,
        )  # fmt: skip
        for line in files:
            say(line)


@app.command(rich_help_panel=TOGETHER)
def combine(
    files: Annotated[list[Path], typer.Argument(help="The sites' files, or their folder.")],
    out: Annotated[Path, typer.Option(help="Folder for network.html, its tables and figures.")],
    endpoint: Annotated[
        list[str] | None,
        typer.Option(help="An endpoint or toxicity; may be repeated. Default: all."),
    ] = None,
    lang: Language = "en",
) -> None:
    """Check the counts of several hospitals, and report them each and together."""
    from carstats.run.network import combine_files

    with speaking(lang):
        for line in combine_files(files, out, endpoints=endpoint):
            say(line)


@app.command(rich_help_panel=MORE)
def endpoints(
    name: Annotated[
        str | None, typer.Argument(help="One endpoint, with its measures and their codes.")
    ] = None,
    disease: Annotated[
        str | None, typer.Option(help="One disease, such as SLE, and the endpoints of all.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print every column as CSV.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the table of docs/endpoints.md.")
    ] = False,
    measures: Annotated[
        bool, typer.Option("--measures", help="Print what is derived from which measures.")
    ] = False,
    lang: Language = "en",
) -> None:
    """List the endpoints and clinical rules with their thresholds, source and standing."""
    from carstats.endpoints.catalogue import catalogue_in_markdown
    from carstats.endpoints.readings import measures_in_markdown
    from carstats.run.listing import catalogue_lines, endpoint_lines
    from carstats.words import in_words

    with speaking(lang):
        table = carstats.endpoint_catalogue()
        if name is not None:
            for line in endpoint_lines(table, name):
                say(line)
            return
        if measures:
            say(in_words(measures_in_markdown()), end="")
            return
        if disease is not None:
            known = carstats.Vocabulary().require("--disease", "disease", disease)
            table = table[table["disease"].isin([known, "any"])]
        if csv:
            told = {c: table[c].map(in_words) for c in ("definition", "thresholds")}
            say(table.assign(**told).to_csv(index=False), end="")
        elif markdown:
            say(in_words(catalogue_in_markdown(table)), end="")
        else:
            for line in catalogue_lines(table):
                say(line)


@app.command(rich_help_panel=MORE)
def reproduce(
    data: Annotated[
        Path | None, typer.Option(help="Folder or workbook of study tables; default: synthetic.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where figures/ and reports/ go.", show_default=False)
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Name of an analysis; may be repeated.", autocompletion=_analyses),
    ] = None,
    published: Annotated[
        bool,
        typer.Option("--published", help="With --data: the figures of the published trials too."),
    ] = False,
    lang: Language = "en",
) -> None:
    """Run the analyses and write figures, tables and reports."""
    from carstats.run.progress import left_out, progress
    from carstats.run.reproduce import reproduce as run_all
    from carstats.words import tr

    with speaking(lang):
        with progress() as report:
            outcomes = run_all(
                data, out, only or None, published=published or None, lang=lang, report=report
            )
        files = [file for outcome in outcomes for file in outcome.files]
        if files:
            folders = ", ".join(sorted({str(file.parent) for file in files}))
            say(tr("{n} files in {folders}", n=len(files), folders=folders))
        left = list(left_out(outcomes))
        for words in left:
            say(words, err=True)
        if left:
            # Nothing at all is an error of the input or the folder; a part may be its nature.
            raise typer.Exit(1 if files else 2)


@app.command(rich_help_panel=MORE)
def simulate(
    out: Annotated[Path, typer.Option(help="Folder to write the study's tables to.")],
    seed: Annotated[
        int | None, typer.Option(help="Seed of the random numbers; default: of data/synthetic.")
    ] = None,
    n: Annotated[
        int | None, typer.Option(min=1, help="Number of subjects; default: of data/synthetic.")
    ] = None,
    lang: Language = "en",
) -> None:
    """Simulate a study and write its tables."""
    from carstats.synthetic.simulation import SEED, SUBJECTS, write_synthetic
    from carstats.words import tr_n

    n = SUBJECTS if n is None else n
    with speaking(lang):
        write_synthetic(out, seed=SEED if seed is None else seed, n=n)
        say(tr_n("{n} subject in {folder}", "{n} subjects in {folder}", n, folder=out))


if __name__ == "__main__":
    app()
