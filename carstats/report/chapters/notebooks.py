"""Notebooks as reports: run, then rendered to one HTML file that needs nothing from elsewhere."""

from __future__ import annotations

import base64
import os
import re
import sys
import tempfile
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from carstats.errors import CarstatsError
from carstats.language import in_language
from carstats.messages import message
from carstats.report.pages.save import figure_bytes
from carstats.report.pages.svg_compact import compact_svg
from carstats.translation import LANGUAGE_VARIABLE, current_language
from carstats.words import tr

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from nbformat import NotebookNode

DATA_VARIABLE = "CARSTATS_DATA"
MAPPING_VARIABLE = "CARSTATS_MAPPING"
_CELL_SECONDS = 600
# A socket's name has at most 104 bytes on macOS; the kernel adds a number to it.
_LONGEST_SOCKET = 100
_SIGN = re.compile(r"( *(?:#+|[-*+]|>|\d+[.)]) )?(.*)", re.DOTALL)
_EXTRA = ("ipykernel", "jupytext", "nbclient", "nbconvert", "nbformat")


class Picture:
    """A figure as a notebook shows it: drawn as vectors, with the text for who cannot see it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure; its label is the text.
    """

    def __init__(self, figure: Figure) -> None:
        drawing = compact_svg(figure_bytes(figure, "svg").decode())
        self._content = base64.b64encode(drawing.encode()).decode()
        self._alt = escape(figure.get_label(), quote=True)
        self._width = round(figure.get_figwidth() * 96)

    def _repr_html_(self) -> str:
        return (
            f'<figure><img alt="{self._alt}" width="{self._width}" '
            f'src="data:image/svg+xml;base64,{self._content}"></figure>'
        )


def require_notebooks() -> None:
    """Fail, naming the remedy, where the libraries that run a notebook are not installed."""
    lacking = [name for name in _EXTRA if find_spec(name) is None]
    if lacking:
        raise CarstatsError(
            message(
                "a report needs {names}, which is not installed. Install it: pip install "
                '"carstats[notebooks]"',
                names=", ".join(lacking),
            )
        )


def run_notebook(
    source: str | Path,
    data: str | Path | None = None,
    lang: str | None = None,
    *,
    mapping: str | Path | None = None,
) -> NotebookNode:
    """Run a notebook kept as a Python script in the percent format."""
    require_notebooks()
    import jupytext
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    source = Path(source)
    lang = lang or current_language()
    try:
        notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    except OSError as error:
        raise CarstatsError(
            message(
                "cannot read the notebook {source}: {reason}.", source=source, reason=error.strerror
            )
        ) from error
    with in_language(lang):
        for i, cell in enumerate(notebook.cells):
            # The names that jupytext gives are drawn at random and end up in the report.
            cell["id"] = f"cell-{i}"
            if cell["cell_type"] == "markdown":
                cell["source"] = translated_markdown(cell["source"])
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=_CELL_SECONDS,
            resources={"metadata": {"path": folder}},
            record_timing=False,
        )
        # Not given to the client above: it shuts down only a kernel that it counts as its own.
        client.km = _kernel_manager(folder)
        # What the kernel itself says, such as that it was interrupted, is not for the terminal.
        said = Path(folder, "kernel.log")
        try:
            with said.open("wb") as log:
                client.execute(env=_environment(folder, data, lang, mapping), stderr=log)
        except CellExecutionError as error:
            reason = (
                f"{error.ename}: {error.evalue}" if error.ename != "CarstatsError" else error.evalue
            )
            raise CarstatsError(
                message("the notebook {name} stopped: {reason}", name=source.name, reason=reason)
            ) from error
        except (CellTimeoutError, DeadKernelError, RuntimeError) as error:
            last = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            reason = " ".join([str(error), *last])
            raise CarstatsError(
                message("the notebook {name} stopped: {reason}", name=source.name, reason=reason)
            ) from error
    return notebook


def markdown_paragraphs(source: str | Path) -> list[str]:
    """Return the headings, paragraphs and list items of a notebook's text, for the catalogue."""
    import jupytext

    notebook = jupytext.read(source, fmt="py:percent")
    cells = [cell["source"] for cell in notebook.cells if cell["cell_type"] == "markdown"]
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


def notebook_html(notebook: NotebookNode, lang: str | None = None) -> str:
    """Render a run notebook as one HTML page without scripts and without requests elsewhere."""
    from carstats.report.pages.page import notebook_page

    with in_language(lang or current_language()):
        return notebook_page(notebook)


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


def _environment(
    folder: str, data: str | Path | None, lang: str, mapping: str | Path | None
) -> dict[str, str]:
    package = Path(__file__).parents[3]
    paths = [str(package), os.environ.get("PYTHONPATH", "")]
    found = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        # The user's own settings of IPython must not decide what a report says.
        "IPYTHONDIR": folder,
        "PYTHONHASHSEED": "0",
        LANGUAGE_VARIABLE: lang,
    }
    # A mapping that a variable happens to name belongs to no other data than its own.
    if data is not None:
        found.pop(MAPPING_VARIABLE, None)
        found[DATA_VARIABLE] = str(Path(data).resolve())
    if mapping is not None:
        found[MAPPING_VARIABLE] = str(Path(mapping).resolve())
    return found
