"""Several shared files as one network: whether they agree, and what they say together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from carstats.data.vocabulary import Vocabulary, folded
from carstats.errors import CarstatsError, Problem, check_choice, listed
from carstats.messages import message
from carstats.sharing.definitions import fingerprint
from carstats.sharing.outcomes import TOXICITY
from carstats.sharing.reading import read_shared
from carstats.sharing.shared import ALL, SECTIONS


@dataclass(frozen=True, eq=False)
class Network:
    """The shared files of several sites, which were found to agree: made by `combine_counts`.

    Attributes
    ----------
    contents : tuple of dict
        What each file holds, in the order of the sites' names.
    names : tuple of str
        The outcomes that are asked for.

    See Also
    --------
    site_rate, site_survival : What the sites say, each and together.

    Examples
    --------
    >>> network.sites
    ['BCMA', 'CD19']
    >>> network.outcomes("response")
    """

    contents: tuple[dict[str, Any], ...]
    names: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Network of {len(self.sites)} sites, {len(self.names)} outcomes: {self.sites}>"

    @property
    def sites(self) -> list[str]:
        """The sites' names."""
        return [content["site"] for content in self.contents]

    @property
    def synthetic(self) -> bool:
        """Whether the subjects are simulated."""
        return bool(self.contents[0]["synthetic"])

    @property
    def visits(self) -> list[float]:
        """Days of the schedule, from the start."""
        return [0.0, *(7.0 * week for week in self.contents[0]["schedule"]["weeks"])]

    def outcomes(self, kind: str) -> list[str]:
        """Return the outcomes of a kind that any site shows, in the order of the files.

        Parameters
        ----------
        kind : {"response", "time-to-event", "toxicity"}
            What is asked for.

        Returns
        -------
        list of str
            Names of endpoints and toxicities.
        """
        kind = check_choice("kind", kind, tuple(SECTIONS))
        found: dict[str, None] = {}
        for content in self.contents:
            for row in (r for table in content["tables"] for r in table[SECTIONS[kind]]):
                found[row["outcome"]] = None
        return [name for name in found if name in self.names]

    def known(self, name: str) -> str | None:
        """Return an outcome's own spelling; None where no site shows it."""
        asked = folded(name)
        return next((each for each in self.names if folded(each) == asked), None)

    def definition(self, name: str) -> dict[str, Any]:
        """Return how an outcome was made, which is the same at each site that shows it."""
        return next(c["definitions"][name] for c in self.contents if name in c["definitions"])

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The terms, those that the sites brought themselves among them."""
        known, more = Vocabulary(), {"endpoint": [], "toxicity": []}
        for content in self.contents:
            for name, definition in content["definitions"].items():
                category = "toxicity" if definition["kind"] == TOXICITY else "endpoint"
                if known.canonical(category, name) is None and name not in more[category]:
                    more[category].append(name)
        return (
            known.extended(**{k: v for k, v in more.items() if v}) if any(more.values()) else known
        )

    def rows(
        self, kind: str, name: str, by: Sequence[str]
    ) -> tuple[list[tuple[str, dict[str, str], dict[str, Any]]], dict[str, int]]:
        """Return the rows of an outcome by strata, and how many subjects stand in no such row.

        Returns
        -------
        list of (str, dict, dict)
            Site, levels of `by`, and the row of the file.
        dict of str to int
            Of each site the subjects that cannot be told by `by`; all of a site that shows nothing.
        """
        found, without = [], {}
        for content in self.contents:
            mine = []
            for table in content["tables"]:
                right = set(by) <= set(table["by"]) if by else not table["by"]
                if right and not mine:
                    mine = _of_table(table, kind, name, by)
            found += [(content["site"], levels, row) for levels, row in mine]
            told = sum(row["asked"] + row["not_asked"] for _, row in mine)
            without[content["site"]] = (content["subjects"] or 0) - told
        return found, without


def _of_table(
    table: dict[str, Any], kind: str, name: str, by: Sequence[str]
) -> list[tuple[dict[str, str], dict[str, Any]]]:
    """Return the rows whose strata have one level of each column."""
    levels = {stratum["name"]: stratum["levels"] for stratum in table["strata"]}
    found = []
    for row in table[SECTIONS[kind]]:
        if row["outcome"] != name:
            continue
        if not by:
            found += [({}, row)] if row["strata"] == [ALL] else []
            continue
        keys = [tuple(levels[stratum].get(column) for column in by) for stratum in row["strata"]]
        if len(set(keys)) == 1 and None not in keys[0]:
            found.append((dict(zip(by, keys[0], strict=True)), row))
    return found


def read_network(files: Iterable[str | Path], endpoints: Iterable[str] | None = None) -> Network:
    """Read the files of a network and check that they can be taken together.

    Parameters
    ----------
    files : list of str or Path
        What the sites sent, each written by `carstats share`; a folder stands for its JSON files.
    endpoints : list of str, optional
        The endpoints and toxicities to take; by default all.

    Returns
    -------
    Network
        The sites by name.

    Raises
    ------
    CarstatsError
        With every difference: a site or a content that comes twice, simulated beside real subjects,
        another schedule, another definition of an endpoint; and as for `read_shared`.
    """
    paths = [path for given in files for path in _paths(Path(given))]
    if not paths:
        raise CarstatsError(message("no file is given; name the files that the sites sent."))
    return network_of([(path.name, read_shared(path)) for path in paths], endpoints)


def network_of(
    read: Sequence[tuple[str, dict[str, Any]]], endpoints: Iterable[str] | None = None
) -> Network:
    """Return contents of files, each with its name, as a network; raise as `read_network`."""
    problems = [*_duplicates(read), *_unlike(read)]
    has = list(dict.fromkeys(name for _, c in read for name in c["definitions"]))
    names = has
    if endpoints is not None:
        asked = [endpoints] if isinstance(endpoints, str) else list(endpoints)
        odd = [name for name in asked if name not in has]
        if odd:
            raise CarstatsError(
                message(
                    "`endpoints` names {names}, which no site shows. They have: {known}.",
                    names=listed(odd), known=listed(has, 60),
                )
            )  # fmt: skip
        names = [name for name in has if name in asked]
    for name in names:
        problems += _definitions(read, name)
    if problems:
        raise CarstatsError(problems)
    contents = sorted((content for _, content in read), key=lambda c: folded(c["site"]))
    return Network(tuple(contents), tuple(names))


def _paths(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(path.glob("*.json"))
    return [path]


def _duplicates(read: list[tuple[str, dict[str, Any]]]) -> list[Problem]:
    """Name sites, and contents, that come twice."""
    found: list[Problem] = []
    sites: dict[str, str] = {}
    contents: dict[str, str] = {}
    twice = message("Take one file of each site; carstats share --site names a site.")
    for file, content in read:
        site = folded(content["site"])
        if site in sites:
            words = message("the site {site} is that of {other}.", site=repr(content["site"]),
                            other=sites[site])  # fmt: skip
            found.append(Problem(words, file, remedy=twice))
            continue
        sites[site] = file
        same = fingerprint({k: v for k, v in content.items() if k not in ("site", "fingerprint")})
        if content["tables"] and same in contents:
            words = message("it holds the same numbers as {other}.", other=contents[same])
            remedy = message("One hospital under two names would count twice; take one of them.")
            found.append(Problem(words, file, remedy=remedy))
        contents[same] = file
    return found


def _unlike(read: list[tuple[str, dict[str, Any]]]) -> list[Problem]:
    """Name files whose subjects or schedule are of another kind than the first one's."""
    first_file, first = read[0]
    found = []
    for file, content in read[1:]:
        if content["synthetic"] != first["synthetic"]:
            words = message("one of this file and {other} is of simulated subjects.",
                            other=first_file)  # fmt: skip
            found.append(Problem(words, file, remedy=message("Take either alone.")))
        if content["schedule"] != first["schedule"]:
            words = message("its visits are not those of {other}.", other=first_file)
            remedy = message("Give both sites the same [schedule] in study.toml, and share again.")
            found.append(Problem(words, file, remedy=remedy))
    return found


def _definitions(read: list[tuple[str, dict[str, Any]]], name: str) -> list[Problem]:
    """Name the sites where an outcome is defined otherwise than at the first that shows it."""
    having = [(file, c["site"], c["definitions"][name]) for file, c in read
              if name in c["definitions"]]  # fmt: skip
    found = []
    scales: dict[str, str] = {}
    for file, site, definition in having:
        _, other, first = having[0]
        if definition["fingerprint"] != first["fingerprint"]:
            keys = [k for k in sorted({*definition, *first}) if definition.get(k) != first.get(k)]
            told = [key for key in keys if key not in ("fingerprint", "estimand")]
            words = message(
                "{endpoint} is defined otherwise at {site} than at {other}: {what} differ.",
                endpoint=name, site=site, other=other, what=listed(_inner(definition, first, told)),
            )  # fmt: skip
            remedy = message(
                "Derive it with the same version and the same [rules] of study.toml at both, or "
                "name the other endpoints with --endpoint."
            )
            found.append(Problem(words, file, remedy=remedy))
        for scale in definition.get("grading_scales", ()):
            scales.setdefault(scale, site)
        if len(scales) > 1:
            words = message(
                "{endpoint} is graded by {scales} at {sites}.", endpoint=name,
                scales=listed(scales), sites=listed(sorted(set(scales.values()) | {site})),
            )  # fmt: skip
            remedy = message(
                "Grades of two scales are never added; name the others with --endpoint."
            )
            found.append(Problem(words, file, remedy=remedy))
            break
    return found


def _inner(mine: dict[str, Any], other: dict[str, Any], keys: list[str]) -> list[str]:
    """Return what differs, an option by its own name."""
    found = []
    for key in keys:
        a, b = mine.get(key), other.get(key)
        if key == "options" and isinstance(a, dict) and isinstance(b, dict):
            found += [name for name in sorted({*a, *b}) if a.get(name) != b.get(name)]
        else:
            found.append(key)
    return found
