"""Make the outputs of a study anew, compare them with earlier ones, and explain what differs."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from carstats.errors import CarstatsError
from carstats.messages import message, message_n
from carstats.report.pages.contact_sheet import PAGE
from carstats.run.differences import RELATIVE_TOLERANCE, csv_difference, json_difference
from carstats.run.manifest import MANIFEST, read_manifest, sha256
from carstats.run.reproduce import (
    UNFINISHED,
    Outcome,
    default_out,
    find_analyses,
    reproduce,
    takes_study,
)

_SIZE = re.compile(r' width="\d+" height="\d+"')
_COMPARED = {".csv": csv_difference, ".json": json_difference}
_DRAWN = (".svg", ".pdf", ".png", ".html", ".docx", ".rtf", ".tex")


@dataclass(frozen=True)
class Comparison:
    """One output: what it is called, and whether it is the same.

    Attributes
    ----------
    name : str
        The file's name.
    verdict : str
        What was found, a message.
    same : bool
        Whether it passes.
    """

    name: str
    verdict: str
    same: bool


@dataclass(frozen=True)
class Verification:
    """What a comparison with earlier outputs found.

    Attributes
    ----------
    lines : tuple of Comparison
        One for each output.
    causes : tuple of str
        What else changed since the earlier run, as messages: inputs, versions, language.
    """

    lines: tuple[Comparison, ...]
    causes: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether every output passes."""
        return all(line.same for line in self.lines)


def verify(
    data: str | Path | None = None,
    earlier: str | Path | None = None,
    *,
    report: Callable[[Outcome, int], None] | None = None,
) -> Verification:
    """Make all figures and tables anew and compare them with earlier outputs of the same study.

    Numbers in CSV and JSON files are compared one by one, to a named tolerance, and words exactly.
    A drawing or a printed table passes when its numbers are the same: its bytes, and its size on
    the page, depend on the fonts and on the version of matplotlib. The pages of ``reports`` beside
    the figures are compared with the SHA-256 that the manifest has of them, and not made anew.

    Parameters
    ----------
    data : str or Path, optional
        Folder or workbook of the study; by default the synthetic one.
    earlier : str or Path, optional
        Folder of the earlier outputs, or the folder with ``figures`` in it; by default what is
        committed, and with `data` where `reproduce` puts its outputs. Where it has no manifest,
        such as a folder of published CSV files alone, only the files that are there are compared.
    report : callable, optional
        Called with the outcome of each analysis and their number.

    Returns
    -------
    Verification
        What differs, and what else changed.

    Raises
    ------
    CarstatsError
        If there is nothing to compare with, or the earlier outputs are of another study's own data
        and `data` is not given.
    """
    earlier = _earlier(earlier, data)
    manifest = read_manifest(earlier)
    own = manifest is not None and any(name.startswith("study/") for name in manifest["inputs"])
    if own and data is None:
        raise CarstatsError(
            message(
                "the outputs in {folder} were made from a study of one's own. Name its folder "
                "with --data.",
                folder=earlier,
            )
        )
    lang = manifest.get("language", "en") if manifest else "en"
    with tempfile.TemporaryDirectory() as folder:
        outcomes = reproduce(
            data,
            folder,
            notebooks=False,
            published=_has_published(earlier),
            lang=lang,
            report=report,
        )
        made = Path(folder) / "figures"
        lines = [*compare_folders(made, earlier, manifest), *_reports(earlier, manifest)]
        causes = tuple(_causes(manifest, read_manifest(made)))
    there = {line.name.partition(".")[0] for line in lines}
    for outcome in outcomes:
        # Not made now, and not made then either: the study does not fit.
        if outcome.reason and (outcome.name in there or outcome.defect):
            words = message("not made: {reason}", reason=outcome.reason)
            lines.append(Comparison(outcome.name, words, False))
    return Verification(tuple(sorted(lines, key=lambda line: line.name)), causes)


def compare_folders(new: Path, earlier: Path, manifest: dict | None = None) -> list[Comparison]:
    """Compare two folders of outputs; without a manifest only what the earlier one holds."""
    stems = {script.stem for script in find_analyses(notebooks=False)}
    names = {file.name for file in earlier.iterdir()}
    if manifest is not None and new.is_dir():
        names |= {file.name for file in new.iterdir()}
    return [
        _compare(new / name, earlier / name, stems, manifest)
        for name in sorted(names - {MANIFEST})
        if name[0] != "."
    ]


def _earlier(folder: str | Path | None, data: str | Path | None) -> Path:
    """Return the folder of earlier figures; by default where `reproduce` puts them."""
    if folder is None:
        folder = default_out(data, "en")
    place = Path(folder).resolve()
    place = place / "figures" if (place / "figures").is_dir() else place
    if not place.is_dir() or not any(file.suffix in _COMPARED for file in place.iterdir()):
        raise CarstatsError(
            message(
                "there are no outputs in {folder} to compare with. Name their folder with --out; "
                "carstats reproduce writes them.",
                folder=place,
            )
        )
    return place


def _has_published(figures: Path) -> bool:
    """Return whether a folder has figures of the published trials."""
    alone = {s.stem for s in find_analyses(notebooks=False) if not takes_study(s)}
    return any(file.stem in alone for file in figures.iterdir())


def _compare(new: Path, earlier: Path, stems: set[str], manifest: dict | None) -> Comparison:
    name = new.name
    if name == UNFINISHED:
        return Comparison(name, message("the earlier run was stopped before its end"), False)
    if not new.is_file():
        words = (
            message("no longer written by its script")
            if earlier.stem in stems
            else message("not made by any script")
        )
        return Comparison(name, words, False)
    if not earlier.is_file():
        return Comparison(name, message("missing in the earlier outputs"), False)
    edited = manifest is not None and manifest["outputs"].get(f"figures/{name}", "") not in (
        "",
        sha256(earlier),
    )
    if earlier.suffix in _COMPARED:
        texts = [file.read_text("utf-8", errors="replace") for file in (earlier, new)]
        difference = _COMPARED[earlier.suffix](*texts)
        if not difference:
            same = earlier.suffix != ".csv" or texts[0].splitlines() == texts[1].splitlines()
            return Comparison(name, message("same") if same else _rounded(), True)
        words = message("differs: {difference}", difference=difference)
        if edited:
            words = message("{words}; changed since it was written", words=words)
        return Comparison(name, words, False)
    if name == PAGE:
        pages = (_SIZE.sub("", file.read_text("utf-8")) for file in (new, earlier))
        same = len(set(pages)) == 1
        words = message("same") if same else message("differs: its words or its links")
        return Comparison(name, words, same)
    if earlier.suffix in _DRAWN:
        return _drawing(new, earlier, edited)
    return Comparison(name, message("not made by any script"), False)


def _rounded() -> str:
    return message(
        "same to {tolerance} of each number: the last digits depend on the processor and on the "
        "versions of numpy and scipy",
        tolerance=f"{RELATIVE_TOLERANCE:g}",
    )


def _reports(earlier: Path, manifest: dict | None) -> Iterator[Comparison]:
    """Yield whether each page beside the figures is as the run that wrote it left it."""
    folder = earlier.parent / "reports"
    written = manifest["outputs"] if manifest is not None and folder.is_dir() else {}
    for name, digest in written.items():
        if not name.startswith("reports/"):
            continue
        file = folder / name.removeprefix("reports/")
        if not file.is_file():
            yield Comparison(name, message("missing in the earlier outputs"), False)
        elif sha256(file) != digest:
            yield Comparison(name, message("changed since it was written"), False)
        else:
            # A page holds drawings, whose bytes differ from one version of matplotlib to another;
            # its numbers are those of the figures, which are made anew.
            yield Comparison(name, message("as it was written; not made anew"), True)


def _drawing(new: Path, earlier: Path, edited: bool) -> Comparison:
    if not earlier.stat().st_size:
        return Comparison(new.name, message("empty"), False)
    if new.read_bytes() == earlier.read_bytes():
        return Comparison(new.name, message("same"), True)
    if edited:
        return Comparison(new.name, message("changed since it was written"), False)
    numbers = [folder.parent / f"{new.stem}.csv" for folder in (earlier, new)]
    if not all(file.is_file() for file in numbers):
        return Comparison(new.name, message("bytes differ; it has no numbers beside it"), True)
    if csv_difference(*(file.read_text("utf-8", errors="replace") for file in numbers)):
        return Comparison(new.name, message("drawn from other numbers"), False)
    return Comparison(new.name, message("same numbers; drawn with other bytes"), True)


def _causes(before: dict | None, now: dict | None) -> Iterator[str]:
    """Yield what else changed between two runs: a difference has one of these causes, or none."""
    if before is None:
        yield message(
            "The earlier outputs have no manifest.json: whether inputs and versions are the same "
            "is not known."
        )
        return
    now = now or {"inputs": {}, "versions": {}}
    inputs = [_by_table(content["inputs"]) for content in (before, now)]
    for name in sorted({*inputs[0], *inputs[1]}):
        old, new = (tables.get(name) for tables in inputs)
        if old and new and old != new:
            yield message("input changed: {name}", name=name)
        elif old and not new:
            yield message("input no longer there: {name}", name=name)
        elif new and not old:
            yield message("input that was not there: {name}", name=name)
    for name in sorted({*before["versions"], *now["versions"]}):
        old, new = (content["versions"].get(name) for content in (before, now))
        if old != new:
            yield message(
                "version changed: {name} {old} → {new}",
                name=name,
                old=old or message("not installed"),
                new=new or message("not installed"),
            )


def _by_table(inputs: Mapping[str, str]) -> dict[str, str]:
    """Return the inputs, the study's by the same names whether --data named its folder or not."""
    return {name.replace("data/synthetic/", "study/", 1): sha for name, sha in inputs.items()}


def summary(found: Verification) -> Iterator[str]:
    """Yield what a verification comes to, in two or three sentences."""
    wrong = sum(not line.same for line in found.lines)
    right = len(found.lines) - wrong
    yield message_n("{n} output is the same.", "{n} outputs are the same.", right)
    if wrong:
        yield message_n("{n} output is not.", "{n} outputs are not.", wrong)
        if not found.causes:
            yield message(
                "Inputs and versions are as they were: the files or the rules of carstats differ."
            )
