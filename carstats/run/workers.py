"""Jobs side by side in processes of their own; an interrupt ends them and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path
from typing import TYPE_CHECKING

from carstats.errors import CarstatsError
from carstats.messages import message

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

WORKERS = 2


@dataclass(frozen=True)
class Outcome:
    """What became of one analysis.

    Attributes
    ----------
    name : str
        The script's or notebook's name without its ending.
    files : tuple of Path
        What it wrote.
    reason : str
        Why it wrote nothing, a message; empty where it did.
    defect : bool
        Whether carstats itself is at fault.
    seconds : float
        How long it took.
    """

    name: str
    files: tuple[Path, ...] = ()
    reason: str = ""
    defect: bool = False
    seconds: float = 0.0


def run_jobs(
    jobs: Mapping[str, Callable[[], list[Path]]],
    target: Path,
    report: Callable[[Outcome, int], None] | None = None,
    *,
    needed: str | None = None,
    workers: int = WORKERS,
) -> dict[str, Outcome]:
    """Run jobs, two at a time, and return what became of each.

    If the job `needed` makes nothing the others are stopped.
    """
    outcomes: dict[str, Outcome] = {}
    before = set(active_children())
    with (
        # A worker that is stopped cannot remove its scratch files: they go with this folder.
        tempfile.TemporaryDirectory(prefix="carstats-", ignore_cleanup_errors=True) as scratch,
        # A fresh interpreter for each worker: what a script imports or leaves behind stays there.
        ProcessPoolExecutor(
            max(1, min(workers, len(jobs))),
            mp_context=get_context("spawn"),
            initializer=_begin,
            initargs=(scratch,),
        ) as pool,
    ):
        try:
            with _without_main():
                tasks = {pool.submit(_run, job): name for name, job in jobs.items()}
            waiting = set(tasks)
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for task in done:
                    outcome = _outcome(task, tasks[task])
                    outcomes[outcome.name] = outcome
                    # Without the job that is needed another fails for the same reason.
                    if report and (not outcome.reason or needed is None or needed in outcomes):
                        report(outcome, len(jobs))
                if needed in outcomes and outcomes[needed].reason:
                    _stop(set(active_children()) - before, target)
                    break
        except BaseException:
            # An interrupt, or `report` has no reader any more: the pool would work to the end.
            _stop(set(active_children()) - before, target)
            raise
    return outcomes


@contextmanager
def _without_main() -> Iterator[None]:
    """Begin workers that do not run the user's own script again, guarded by `__main__` or not.

    A job is a function of carstats and needs nothing of that script.
    """
    main = sys.modules["__main__"].__dict__
    kept = {name: main[name] for name in ("__file__", "__spec__") if name in main}
    main.pop("__file__", None)
    main["__spec__"] = None
    try:
        yield
    finally:
        main.pop("__spec__")
        main.update(kept)


def _begin(scratch: str) -> None:
    """Leave an interrupt to the parent: within a queue's lock it would leave both waiting."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tempfile.tempdir = scratch
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this worker when its parent was killed and could not stop it: it would wait forever."""
    parent_process().join()
    os._exit(1)


def _stop(workers: set[BaseProcess], target: Path) -> None:
    """End the workers and remove what they had begun to write."""
    for worker in workers:
        # Asked to end, one that runs a notebook would close its kernel and go on; a kernel without
        # its worker ends by itself.
        worker.kill()
        worker.join()
        for part in target.rglob(f".*.{worker.pid}.*"):
            part.unlink(missing_ok=True)


def _run(job: Callable[[], list[Path]]) -> tuple[tuple[Path, ...], str, float]:
    """Run one job in a worker and return its files, the reason for none, and the seconds."""
    start = time.perf_counter()
    files: list[Path] = []
    reason = ""
    try:
        files = job()
    except CarstatsError as error:
        reason = error.said
    return tuple(files), reason, time.perf_counter() - start


def _outcome(task: Future, name: str) -> Outcome:
    error = task.exception()
    if error is None:
        return Outcome(name, task.result()[0], task.result()[1], False, task.result()[2])
    reason = traceback.format_exception_only(error)[-1].strip()
    words = message("a defect of carstats, please report it: {reason}", reason=reason)
    return Outcome(name, reason=words, defect=True)
