"""What every command has in common: the map, the options, how it says what is wrong."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from typer.core import TyperGroup

import carstats
from carstats.errors import CarstatsError
from carstats.report.printing import say
from carstats.translation import LANGUAGE_VARIABLE

# The map that `carstats --help` prints: a new user reads it from the top.
START = "From a sheet to the report"
TRUST = "To believe the numbers"
TOGETHER = "Several hospitals, without their patients"
MORE = "To look up and to make again"


class Group(TyperGroup):
    """Commands whose errors are messages and not tracebacks, listed by what they are for."""

    def format_commands(self, ctx, formatter):
        commands = [c for c in self.commands.values() if not c.hidden]
        width = max(len(command.name) for command in commands)
        for panel in (START, TRUST, TOGETHER, MORE):
            here = [c for c in commands if (getattr(c, "rich_help_panel", None) or MORE) == panel]
            rows = [(f"{c.name:{width}}", c.get_short_help_str(200)) for c in here]
            if rows:
                with formatter.section(panel):
                    formatter.write_dl(rows)

    def main(self, *args, **options):
        for stream in (sys.stdout, sys.stderr):
            # A terminal or a pipe without UTF-8 gets a question mark for what it cannot show.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        if threading.current_thread() is threading.main_thread():
            # Ended by a scheduler or a container as by Ctrl-C: with nothing left behind.
            signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        try:
            return super().main(*args, **options)
        except CarstatsError as error:
            fail(error)


def fail(error: CarstatsError) -> NoReturn:
    """Print what is wrong in the language that is set, and end."""
    from carstats.words import in_words, tr

    say(tr("Error: {error}", error=error), err=True)
    for note in error.notes:
        say(tr("  note: {note}", note=in_words(note)), err=True)
    sys.exit(2)


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Print in a language, what is wrong too."""
    with carstats.in_language(lang):
        try:
            yield
        except CarstatsError as error:
            fail(error)


Folder = Annotated[Path, typer.Argument(help="Folder or workbook of study tables.")]
Mapping = Annotated[
    Path | None, typer.Option("--mapping", help="The study.toml, if it is not beside the data.")
]
Language = Annotated[
    str,
    typer.Option(
        "--lang",
        autocompletion=lambda: ["en", "zh"],
        envvar=LANGUAGE_VARIABLE,
        show_envvar=False,
        help="Language of what is printed: en, or zh (simplified Chinese).",
    ),
]
