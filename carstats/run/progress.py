"""What a terminal shows while the analyses run: a bar there, plain lines in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from carstats.data.packaged import packaged_folder
from carstats.report.printing import inert, say
from carstats.words import in_words, tr

if TYPE_CHECKING:
    from carstats.run.reproduce import Outcome


@contextmanager
def progress() -> Iterator[Callable[[Outcome, int], None]]:
    """Show the outcomes of analyses as they come."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    if not sys.stdout.isatty() or encoding != "utf8":
        yield lambda outcome, _: say(_line(outcome))
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns) as bar:
        task = bar.add_task(tr("Analyses"), total=None)

        def report(outcome: Outcome, total: int) -> None:
            bar.console.print(inert(_line(outcome)), markup=False, highlight=False, soft_wrap=True)
            bar.update(task, advance=1, total=total)

        yield report


def left_out(outcomes: list[Outcome]) -> Iterator[str]:
    """Yield how many analyses could not be made, and what to do about it."""
    left = [outcome for outcome in outcomes if outcome.reason]
    if not left:
        return
    yield tr("{n} of {all} analyses could not be made.", n=len(left), all=len(outcomes))
    if len(left) < len(outcomes):
        yield tr(
            "Cohort, endpoint and visit stand in each script: change them in a copy of "
            "{folder}/NAME.py, and run it by python NAME.py --data FOLDER --out FOLDER.",
            folder=packaged_folder("analyses"),
        )


def _line(outcome: Outcome) -> str:
    if not outcome.reason:
        return tr("{name}: made in {seconds:.1f} s", name=outcome.name, seconds=outcome.seconds)
    # One line for each analysis, however long its list of problems is.
    reason = " ".join(in_words(outcome.reason).split())
    return tr("{name}: not made. {reason}", name=outcome.name, reason=reason)
