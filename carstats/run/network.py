"""What hospitals send each other, and the report of it: as functions, and as commands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import carstats
from carstats.cohort.cohort import Cohort
from carstats.errors import CarstatsError, check_path, listed
from carstats.messages import mark, message
from carstats.report.chapters.context import context_of
from carstats.report.network.disclosure import PAGE, column_words, disclosure_page, shared_text
from carstats.report.network.files import DOCUMENT, network_files
from carstats.report.network.files import PAGE as NETWORK
from carstats.report.pages.save import write_files
from carstats.run.reproduce import check_writable
from carstats.sharing.network import Network, read_network
from carstats.sharing.outcomes import shareable
from carstats.sharing.reading import read_shared
from carstats.sharing.shared import BY, LEAST, MARGINS, NOTHING, WHOLE, shared_content
from carstats.words import in_words, tr, tr_n

# Week 24, at which responses are read.
DAY = 168.0
_LAYOUTS = {
    MARGINS: mark(
        "By combinations of {columns} little would be left; the file has each of them alone."
    ),
    WHOLE: mark("By {columns} nothing would be left; the file has the whole site alone."),
    NOTHING: mark("Fewer than {least} subjects: the file holds no number."),
}


def share_counts(
    cohort: Cohort,
    out: str | Path,
    *,
    site: str,
    by: str | Iterable[str] | None = BY,
    endpoints: Iterable[str] | None = None,
    at: float = DAY,
    min_cell: int = LEAST,
) -> list[Path]:
    """Write counts of a cohort that may leave the hospital, and the page to sign before they do.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    out : str or Path
        The folder; made if it does not exist. Files of these names that are there are replaced.
    site : str
        What the network calls the site; it stands in the file.
    by : str or list of str, optional
        Columns of the subjects table to count by, besides the whole; None for the whole alone.
    endpoints : list of str, optional
        Endpoints and toxicities; by default all that the study has.
    at : float
        Day of the visit that responses are of.
    min_cell : int
        The smallest number of subjects that is shown, but for 0; less than 5 by agreement of the
        sites, 1 shows all.

    Returns
    -------
    list of Path
        ``<site>.counts.json``, which alone is sent, and ``disclosure.html``, which says in English
        and Chinese everything that is in it and has lines for a signature. Both are written, or
        none.

    Raises
    ------
    CarstatsError
        If an endpoint or column does not exist, a stratum is missing for a subject, `site` or
        `min_cell` is not usable, or a file cannot be written.

    See Also
    --------
    combine_counts : What the files of several sites say together.
    count_outcomes : Counts at exact times, which are not for sending.

    Notes
    -----
    Nothing is blanked; numbers are joined until each is 0 or at least `min_cell`, and none in
    between can be computed from them by adding and subtracting. What that protects, and what not,
    is said in the chapter "Counts" of the documentation.

    Examples
    --------
    >>> file, page = cs.share_counts(cohort, "to-the-network", site="Hospital A")
    >>> file.name
    'Hospital_A.counts.json'
    """
    if not isinstance(cohort, Cohort):
        raise CarstatsError(
            message("`cohort` is {given}; it takes a Cohort (see define_cohort).",
                    given=type(cohort).__name__)
        )  # fmt: skip
    out = check_path("out", out)
    check_writable(out.resolve())
    content = shared_content(
        cohort, site=site, by=by, endpoints=endpoints, at=at, min_cell=min_cell
    )
    stem = re.sub(r"[^\w-]+", "_", content["site"]).strip("_") or "site"
    name = f"{stem}.counts.json"
    page = disclosure_page(content, name, made_with=f"carstats {carstats.__version__}")
    return write_files(out, {name: shared_text(content).encode(), PAGE: page.encode()})


def combine_counts(
    files: str | Path | Iterable[str | Path],
    out: str | Path | None = None,
    *,
    endpoints: Iterable[str] | None = None,
) -> Network:
    """Read what several sites sent, check that it can be taken together, and report it.

    Parameters
    ----------
    files : str, Path or list of these
        The files that `share_counts` or ``carstats share`` wrote; a folder stands for its JSON
        files.
    out : str or Path, optional
        The folder for ``network.html``, ``network.docx``, every table and figure, and
        ``numbers.csv``; made if it does not exist. By default nothing is written.
    endpoints : list of str, optional
        The endpoints and toxicities to take; by default all.

    Returns
    -------
    Network
        The sites by name, of which `site_rate` and `site_survival` are asked.

    Raises
    ------
    CarstatsError
        If a file is none that carstats wrote, was cut short or edited, or its numbers do not add
        up; with every difference between the files: a site or a content that comes twice,
        simulated beside real subjects, another schedule, definition or grading scale; or if
        `out` cannot be written.

    See Also
    --------
    share_counts : Writes the file of a site.

    Examples
    --------
    >>> paths = [
    ...     cs.share_counts(cs.define_cohort(study, cs.with_target(target)), target, site=target)[0]
    ...     for target in ("CD19", "BCMA")
    ... ]
    >>> network = cs.combine_counts(paths)
    >>> network.sites
    ['BCMA', 'CD19']
    """
    files = files if isinstance(files, Iterable) and not isinstance(files, str) else [files]
    paths = [check_path("files", file) for file in files]
    if out is not None:
        check_writable(check_path("out", out).resolve())
    network = read_network(paths, endpoints)
    if out is not None:
        made_with = f"carstats {carstats.__version__}"
        write_files(out, network_files(network, made_with=made_with))
    return network


def share_study(
    folder: Path,
    out: Path,
    *,
    site: str | None = None,
    by: str = ",".join(BY),
    mapping: Path | None = None,
    **options: Any,
) -> list[str]:
    """Write the counts of a study that may leave, and the page to sign, and return what to say."""
    check_writable(out.resolve())
    study = carstats.read_study(folder, mapping)
    # A folder's name may be a person's, a ward's or a date: it stays.
    named = site if site is not None else in_words(study.label) or "site"
    columns = [column.strip() for column in by.split(",") if column.strip()]
    cohort = context_of(study).cohort
    made = share_counts(cohort, out, site=named, by=columns, **options)
    # As the others will read it.
    content = read_shared(made[0])
    told = [*map(str, made)]
    whole = {each["outcome"] for each in content["hidden"] if not each["by"]}
    known = whole | set(content["definitions"])
    lacking = [name for _, name in shareable(cohort, options.get("endpoints")) if name not in known]
    if lacking and content["layout"] != NOTHING:
        told.append(
            tr(
                "Not counted, for no visit is near day {day}, or subjects joined later: {names}.",
                day=f"{options.get('at', DAY):g}", names=listed(lacking),
            )
        )  # fmt: skip
    if site is None:
        told.append(
            tr("In the file the site is called {site}; --site names it otherwise.", site=named)
        )
    layout = content["layout"]
    if layout in _LAYOUTS and (columns or layout != WHOLE):
        told.append(
            tr(_LAYOUTS[layout], columns=column_words(columns), least=content["minimum_cell"])
        )
    if layout != NOTHING:
        hidden = len(whole - set(content["definitions"]))
        if hidden:
            told.append(
                tr_n("Of {n} outcome nothing can be shown.",
                     "Of {n} outcomes nothing can be shown.", hidden)
            )  # fmt: skip
        told.append(
            tr("Read and sign {page} before you send {file}.", page=PAGE, file=made[0].name)
        )
    return told


def combine_files(
    files: Iterable[Path], out: Path, *, endpoints: Iterable[str] | None = None
) -> list[str]:
    """Write the report of a network, its tables and figures, and return what to say."""
    network = combine_counts(files, out, endpoints=endpoints)
    people = sum(content["subjects"] or 0 for content in network.contents)
    told = tr_n(
        "{n} site, {people} subjects counted", "{n} sites, {people} subjects counted",
        len(network.sites), people=people,
    )  # fmt: skip
    return [told, *(str(out / name) for name in (NETWORK, DOCUMENT)),
            tr("every table, figure and number in {folders}", folders=out)]  # fmt: skip
