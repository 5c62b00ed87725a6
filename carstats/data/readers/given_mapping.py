"""The mapping as it is given: a TOML file beside the data, or a dictionary."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from carstats.data.matching import nearest
from carstats.data.readers.finder import list_entries
from carstats.data.settings.study_file import FILE_NAME
from carstats.errors import CarstatsError, Problem
from carstats.messages import message


def refuse_near_mapping(folder: Path) -> None:
    """Refuse a folder whose mapping is nearly called as it should be: it would not be read."""
    for path in list_entries(folder):
        name = path.name.casefold()
        slip = path.suffix.casefold() == ".toml" and nearest(name, [FILE_NAME], 0.8) is not None
        if slip or name.startswith(f"{FILE_NAME}."):
            what = message("is not read.")
            remedy = message("Is it the mapping? Then name it {name}.", name=FILE_NAME)
            raise CarstatsError(Problem(what, path.name, remedy=remedy))


def plain_mapping(mapping: Mapping) -> dict:
    """Return a mapping as TOML would give it: keys and values that are plain."""
    try:
        return json.loads(json.dumps(mapping, default=str))
    except (RecursionError, ValueError, TypeError):
        what = message("is no mapping that a TOML file could hold.")
        raise CarstatsError(Problem(what, "the mapping")) from None
