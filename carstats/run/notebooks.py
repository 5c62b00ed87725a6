"""The notebooks: run from top to bottom, kept with what they show, and as a page to read."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from carstats.data.packaged import packaged_folder
from carstats.errors import CarstatsError, check_installed
from carstats.messages import message
from carstats.translation import LANGUAGE_VARIABLE, current_language
from carstats.words import tr

if TYPE_CHECKING:
    from nbformat import NotebookNode

DATA_VARIABLE = "CARSTATS_DATA"
_CELL_SECONDS = 600
# A socket's name has at most 104 bytes on macOS; the kernel adds a number to it.
_LONGEST_SOCKET = 100
_SIGN = re.compile(r"( *(?:#+|[-*+]|>|\d+[.)]) )?(.*)", re.DOTALL)
NEEDED = ("ipykernel", "lifelines", "nbclient", "nbconvert", "nbformat", "seaborn", "statsmodels")


def write_notebook(source: Path, data: Path | None, target: Path) -> list[Path]:
    """Run a notebook on a study; write it with its outputs, and the page that is made of it.

    The notebooks of the repository are kept where they are, those of another run in `notebooks`.
    """
    from carstats.report.pages.save import write_files

    notebook = run_notebook(source, data)
    own = packaged_folder("analyses").parent == target
    place = source.parent if own else target / "notebooks"
    return [
        *write_files(place, {source.name: notebook_bytes(notebook)}),
        *write_files(target / "reports", {f"{source.stem}.html": page_of(notebook).encode()}),
    ]


def run_notebook(source: Path, data: Path | None = None) -> NotebookNode:
    """Run a notebook in a fresh kernel; its text is put into the language that is set."""
    check_installed("notebooks,crosscheck", *NEEDED)
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    try:
        notebook = nbformat.read(source, 4)
    except (OSError, ValueError, nbformat.reader.NotJSONError) as error:
        raise CarstatsError(
            message("cannot read the notebook {source}: {reason}.", source=source, reason=error)
        ) from error
    _clean(notebook)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=_CELL_SECONDS,
            resources={"metadata": {"path": str(source.parent)}},
            record_timing=False,
        )
        # Not given to the client above: it shuts down only a kernel that it counts as its own.
        client.km = _kernel_manager(folder)
        # What the kernel itself says, such as that it was interrupted, is not for the terminal.
        said = Path(folder, "kernel.log")
        try:
            with said.open("wb") as log:
                client.execute(env=_environment(folder, data), stderr=log)
        except CellExecutionError as error:
            plain = error.ename == "CarstatsError"
            reason = error.evalue if plain else f"{error.ename}: {error.evalue}"
            raise CarstatsError(
                message("the notebook {name} stopped: {reason}", name=source.name, reason=reason)
            ) from error
        except (CellTimeoutError, DeadKernelError, RuntimeError) as error:
            last = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            raise CarstatsError(
                message(
                    "the notebook {name} stopped: {reason}",
                    name=source.name,
                    reason=" ".join([str(error), *last]),
                )
            ) from error
    notebook.metadata = _metadata()
    return notebook


def notebook_bytes(notebook: NotebookNode) -> bytes:
    """Return a notebook as a file."""
    import nbformat

    return f"{nbformat.writes(notebook).rstrip()}\n".encode()


def page_of(notebook: NotebookNode) -> str:
    """Return a notebook that was run as a page, its code folded away, its pictures with texts.

    A picture's text for who does not see it is the comment that its cell begins with.
    """
    import nbformat

    from carstats.report.pages.page import notebook_page

    shown = nbformat.from_dict(notebook)
    for cell in shown.cells:
        first = cell["source"].partition("\n")[0]
        alt = first.removeprefix("#").strip() if first.startswith("#") else ""
        for output in cell.get("outputs", ()):
            picture = output.get("data", {}).get("image/png")
            if picture:
                output["data"] = {"text/html": _picture("".join(picture), alt)}
    return notebook_page(shown)


def markdown_paragraphs(source: Path) -> list[str]:
    """Return the headings, paragraphs and list items of a notebook's text, for the catalogue."""
    import nbformat

    cells = [c["source"] for c in nbformat.read(source, 4).cells if c["cell_type"] == "markdown"]
    return [words for cell in cells for _, words in _blocks(cell) if words]


def translated_markdown(text: str) -> str:
    """Return a notebook's text in the language that is set, heading by heading, item by item."""
    return "\n".join(
        f"{sign}{tr(words)}" if words else sign.rstrip() for sign, words in _blocks(text)
    )


def _blocks(text: str) -> list[tuple[str, str]]:
    """Split a text into blocks, each the sign that it begins with and its words on one line."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        sign, words = (part or "" for part in _SIGN.match(line.rstrip()).groups())
        before, last = found[-1] if found else ("", "")
        # An item or a paragraph goes on in the next line; a quotation does so with its sign again.
        goes_on = not sign or (sign == before and ">" in sign)
        if words and last and goes_on and "#" not in before:
            found[-1] = (before, f"{last} {words.strip()}")
        else:
            found.append((sign, words.strip()))
    return found


def _clean(notebook: NotebookNode) -> None:
    """Take off what an earlier run or an editor left: outputs, names of cells, counts."""
    for i, cell in enumerate(notebook.cells):
        cell["id"], cell["metadata"] = f"cell-{i}", {}
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        elif current_language() != "en":
            cell["source"] = translated_markdown(cell["source"])
    notebook.nbformat_minor = 5


def _metadata() -> NotebookNode:
    """Return what an editor needs to open a notebook; no versions, which change by machine."""
    import nbformat

    return nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )


def _picture(content: str, alt: str) -> str:
    from html import escape

    source = f"data:image/png;base64,{''.join(content.split())}"
    return f'<figure><img alt="{escape(alt, quote=True)}" src="{source}"></figure>'


def _kernel_manager(folder: str):
    """Return a manager whose kernel is this interpreter, whatever kernels are registered."""
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpec

    manager = AsyncKernelManager(kernel_name="python3")
    manager.connection_file = os.path.join(folder, "kernel.json")
    socket = os.path.join(folder, "kernel")
    if os.name == "posix" and len(os.fsencode(socket)) < _LONGEST_SOCKET:
        # Sockets in a folder of our own, which other users of the computer cannot listen to.
        manager.transport, manager.ip = "ipc", socket
    manager._kernel_spec = KernelSpec(
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        display_name="Python 3",
        language="python",
    )
    return manager


def _environment(folder: str, data: Path | None) -> dict[str, str]:
    package = Path(__file__).parents[2]
    paths = [str(package), os.environ.get("PYTHONPATH", "")]
    found = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        # The user's own settings must not decide what a notebook shows.
        "IPYTHONDIR": folder,
        "PYTHONHASHSEED": "0",
        LANGUAGE_VARIABLE: current_language(),
    }
    if data is not None:
        found[DATA_VARIABLE] = str(data.resolve())
    return found
