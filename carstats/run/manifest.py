"""What a run read and wrote, `figures/manifest.json`, by which `verify` explains a difference."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import carstats
from carstats.data.packaged import packaged_folder
from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.pages.contact_sheet import saved_outputs
from carstats.report.pages.save import write_files
from carstats.translation import current_language

MANIFEST = "manifest.json"
_LIBRARIES = ("lifelines", "matplotlib", "numpy", "pandas", "scipy", "seaborn", "statsmodels")
# What a study may be beside its tables; a folder of data often holds letters and pictures too.
_READ = {".csv", ".tsv", ".txt", ".xlsx", ".xls", ".xpt", ".sas7bdat", ".sav", ".parquet", ".toml"}


def write_manifest(target: Path, study: Path, analyses: Iterable[Path], *, given: bool) -> None:
    """Write what made the files that are now in `target`: no dates and no places of this machine.

    Parameters
    ----------
    target : Path
        The folder of `figures/` and `reports/`.
    study : Path
        Folder or workbook of the study.
    analyses : iterable of Path
        All scripts and notebooks; those without a file in `target` are left out.
    given : bool
        Whether the study is the user's own; its files are then called `study/NAME`.
    """
    outputs = {
        f"{folder}/{file.name}": file
        for folder in ("figures", "reports")
        for file in sorted((target / folder).glob("*"))
        if file.is_file() and file.name[0] != "." and file.name not in (MANIFEST, "UNFINISHED.txt")
    }
    stems = {file.stem for file in outputs.values()}
    made = [script for script in analyses if script.stem in stems]
    outputs = {
        name: file
        for name, file in outputs.items()
        if name.startswith("figures/") or file.stem in {"crosscheck", *(s.stem for s in made)}
    }
    if not outputs:
        return
    root = packaged_folder("analyses")
    inputs = {f"analyses/{script.relative_to(root).as_posix()}": script for script in made
              if script.suffix == ".py"}  # fmt: skip
    inputs |= {f"data/published/{p.name}": p for p in _tables(packaged_folder("data/published"))}
    inputs |= {f"{'study' if given else 'data/synthetic'}/{p.name}": p for p in _tables(study)}
    content = {
        "command": f"carstats reproduce{' --data ' + study.name if given else ''}",
        "inputs": _hashed(inputs),
        "language": current_language(),
        "outputs": _hashed(outputs),
        "seed": _seeds(target / "figures", given),
        "versions": versions(),
    }
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
    write_files(target / "figures", {MANIFEST: f"{text}\n".encode()})


def read_manifest(figures: Path) -> dict | None:
    """Return the manifest of a folder of figures, or None where there is none."""
    path = figures / MANIFEST
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if all(isinstance(found[part], dict) for part in ("inputs", "outputs", "versions")):
            return found
        error: object = message("it lacks inputs, outputs or versions")
    except (OSError, ValueError, KeyError, TypeError) as reason:
        error = reason
    raise CarstatsError(
        message("cannot read {path}: {error}. Remove it, and run again.", path=path, error=error)
    )


def versions() -> dict[str, str]:
    """Return the versions of what makes the numbers and draws them."""
    # A patch of Python changes no number, and the lock does not name it.
    python = ".".join(platform.python_version_tuple()[:2])
    found = {"carstats": carstats.__version__, "python": python}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _hashed(files: dict[str, Path]) -> dict[str, str]:
    return {name: sha256(file) for name, file in sorted(files.items())}


def _tables(study: Path) -> list[Path]:
    """Return the files that a study may have been read from: a workbook, or those of a folder."""
    if study.is_file():
        beside = study.with_name("study.toml")
        return [study, beside] if beside.is_file() else [study]
    return [p for p in sorted(study.glob("*")) if p.is_file() and p.suffix.lower() in _READ]


def _seeds(figures: Path, given: bool) -> dict[str, object]:
    """Return the seeds of what was resampled, and of the synthetic study."""
    from carstats.synthetic.simulation import SEED

    used = {
        result["options"]["seed"]
        for made in saved_outputs(figures).values()
        for result in made["results"]
        if result.get("options", {}).get("seed") is not None
    }
    return {"resampling": sorted(used)} | ({} if given else {"simulation": SEED})
