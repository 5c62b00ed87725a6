"""What the commands `share` and `combine` do: the files of a site, the report of a network."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import carstats
from carstats.report.chapters.context import context_of
from carstats.report.network.disclosure import PAGE, disclosure_page, shared_text
from carstats.report.network.files import network_files
from carstats.report.pages.save import write_files
from carstats.run.reproduce import check_writable
from carstats.sharing.network import read_network
from carstats.sharing.shared import NOTHING, share_counts
from carstats.words import in_words, tr, tr_n


def share_study(
    folder: Path,
    out: Path,
    *,
    site: str | None = None,
    by: str = "disease,target",
    min_cell: int = 5,
    at: float = 168,
    endpoints: Iterable[str] | None = None,
    mapping: Path | None = None,
) -> list[str]:
    """Write the counts of a study that may leave, and the page to sign, and return what to say."""
    check_writable(out.resolve())
    study = carstats.read_study(folder, mapping)
    cohort = context_of(study).cohort
    # A folder's name may be a person's, a ward's or a date: it stays.
    named = site if site is not None else in_words(study.label) or "site"
    columns = [column.strip() for column in by.split(",") if column.strip()]
    content = share_counts(
        cohort, site=named, by=columns, endpoints=endpoints, at=at, min_cell=min_cell
    )
    stem = re.sub(r"[^\w-]+", "_", content["site"]).strip("_") or "site"
    name = f"{stem}.counts.json"
    page = disclosure_page(content, name, made_with=f"carstats {carstats.__version__}")
    made = write_files(out, {name: shared_text(content).encode(), PAGE: page.encode()})
    if content["layout"] == NOTHING:
        told = tr("Fewer than {least} subjects: the file holds no number.", least=min_cell)
    else:
        told = tr("Read and sign {page} before you send {file}.", page=PAGE, file=name)
    if site is None:
        named_so = tr(
            "In the file the site is called {site}; --site names it otherwise.", site=named
        )
        return [*map(str, made), named_so, told]
    return [*map(str, made), told]


def combine_files(
    files: Iterable[Path], out: Path, *, endpoints: Iterable[str] | None = None
) -> list[str]:
    """Write the report of a network, its tables and figures, and return what to say."""
    check_writable(out.resolve())
    network = read_network(files, endpoints)
    made_with = f"carstats {carstats.__version__}"
    contents = network_files(network, made_with=made_with)
    made = write_files(out, contents)
    people = sum(content["subjects"] or 0 for content in network.contents)
    told = tr_n(
        "{n} site, {people} subjects counted", "{n} sites, {people} subjects counted",
        len(network.sites), people=people,
    )  # fmt: skip
    pages = [str(file) for file in made if file.suffix in (".html", ".docx")]
    return [told, *[p for p in pages if Path(p).stem == "network"],
            tr("{n} files in {folders}", n=len(made), folders=out)]  # fmt: skip
