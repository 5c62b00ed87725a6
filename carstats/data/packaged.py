"""Where the files that travel with the package are: the analyses and the two data folders."""

from __future__ import annotations

from pathlib import Path

from carstats.errors import CarstatsError
from carstats.messages import message


def packaged_folder(name: str) -> Path:
    """Return a folder that carstats brings: of the repository if this is one, else of the wheel."""
    package = Path(__file__).parents[1]
    for root in (package.parent, package / "_bundled"):
        # The repository is told from a folder that happens to be called data by its pyproject.toml.
        if (root / name).is_dir() and (
            root.name == "_bundled" or (root / "pyproject.toml").is_file()
        ):
            return root / name
    raise CarstatsError(
        message("carstats' own folder {name!r} is not there. Install carstats again.", name=name)
    )
