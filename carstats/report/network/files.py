"""A network's report as files: the page, the Word file, every table and figure, all numbers."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pandas as pd

from carstats.report.chapters.blocks import Chapter, FigureBlock, TableBlock
from carstats.report.network.chapters import network_chapters
from carstats.report.pages.chapters import report_page
from carstats.report.pages.document import report_document
from carstats.report.pages.picture import drawn
from carstats.report.pages.results_file import printed
from carstats.report.pages.save import inert, save_figure, save_table
from carstats.result import Result
from carstats.sharing.network import Network
from carstats.words import tr_n

PAGE, DOCUMENT, NUMBERS = "network.html", "network.docx", "numbers.csv"
_SCRIPT = "carstats combine"


def network_files(network: Network, *, made_with: str) -> dict[str, bytes]:
    """Return the files of a network's report by name, in the language that is set."""
    title = tr_n("The network of {n} site", "The network of {n} sites", len(network.sites))
    chapters = network_chapters(network)
    pictures = [drawn(chapter, slides=False) for chapter in chapters]
    synthetic = network.synthetic
    page = report_page(pictures, title, synthetic=synthetic, made_with=made_with)
    files = {
        PAGE: page.encode(),
        DOCUMENT: report_document(pictures, title, synthetic=synthetic),
        NUMBERS: _numbers(chapters).encode(),
    }
    with tempfile.TemporaryDirectory(prefix="carstats-", ignore_cleanup_errors=True) as folder:
        for block in (block for chapter in chapters for block in chapter.blocks):
            if isinstance(block, FigureBlock):
                stem = _stem(f"figure_{block.name}")
                figure = block.figure if block.draw is None else block.draw(style="report")
                save_figure(figure, dict(block.results), folder, stem, script=_SCRIPT)
            elif isinstance(block, TableBlock) and block.results:
                stem = _stem(f"table_{next(iter(block.results))}")
                results = list(block.results.values())
                # As tables of Word all are in the document.
                save_table(block.table, results, folder, stem, script=_SCRIPT, formats=())
        files |= {file.name: file.read_bytes() for file in sorted(Path(folder).iterdir())}
    return files


def _stem(name: str) -> str:
    return re.sub(r"[^\w-]+", "_", name)


def _numbers(chapters: list[Chapter]) -> str:
    """Return every number of the tables as Analysis Results Data."""
    parts = []
    for block in (block for chapter in chapters for block in chapter.blocks):
        if isinstance(block, TableBlock):
            for name, result in block.results.items():
                parts.append(_ard(name, result))
    whole = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return inert(whole).to_csv(index=False, lineterminator="\n")


def _ard(name: str, result: Result) -> pd.DataFrame:
    found = printed(result.to_ard()).astype(object)
    found.insert(0, "output", name)
    return found
