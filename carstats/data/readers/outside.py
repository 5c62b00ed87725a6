"""A file that a mapping names lies in the folder of the data, unless the mapping allows another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from carstats.data.matching import toml_text
from carstats.errors import Problem
from carstats.messages import message

if TYPE_CHECKING:
    from carstats.data.formats.files import Files
    from carstats.data.settings.study_file import Settings


def named_file(folder: Path, name: str, settings: Settings, files: Files) -> Path | None:
    """Return a file that a mapping names, or None after noting that it may not be read."""
    path = folder / name
    if "\0" in name:
        what = message("names {file}, which no file can be called.", file=repr(name))
        files.problems.append(Problem(what, settings.name, remedy=message("Correct the name.")))
        return None
    real = _real(path)
    if _within(real, _real(folder)):
        return path
    if any(_within(real, _real(folder / str(o))) for o in settings.study.get("outside", ())):
        note = message("{file} was read from outside the folder of the data.", file=path.name)
        files.notes += [note] if note not in files.notes else []
        return path
    what = message("names {file}, which is outside the folder of the data.", file=repr(name))
    remedy = message(
        "Put the file into the folder, or allow it: [study] outside = [{file}].",
        file=toml_text(name),
    )
    problem = Problem(what, settings.name, remedy=remedy)
    files.problems += [problem] if problem not in files.problems else []
    return None


def _real(path: Path) -> Path:
    # Links and ".." are followed as the system would; what does not exist stays as it is written.
    return Path(os.path.realpath(path))


def _within(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents
