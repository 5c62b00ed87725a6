"""Notebooks as reports: run, then rendered to one HTML file that needs nothing from elsewhere."""

from __future__ import annotations

import base64
import os
import re
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from carstats.errors import CarstatsError
from carstats.language import tr
from carstats.report.save import figure_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from nbformat import NotebookNode

DATA_VARIABLE = "CARSTATS_DATA"
_CELL_SECONDS = 600
_TEMPLATE = """\
{%- extends 'basic/index.html.j2' -%}
{%- block codecell -%}<div class="cell">{{ super() }}</div>{%- endblock -%}
{%- block input_group -%}
<details class="code"><summary>Code</summary>{{ super() }}</details>
{%- endblock -%}
"""
_STYLE = """\
:root{color-scheme:light}
body{margin:0 auto;padding:1.5rem 1.2rem 4rem;max-width:46rem;color:#1a1a1a;background:#fff;
font:17px/1.55 Georgia,"Times New Roman","Noto Serif CJK SC",serif;overflow-wrap:break-word}
h1,h2,h3,nav,summary,table,figcaption{font-family:
"Helvetica Neue",Arial,"Noto Sans CJK SC",sans-serif}
h1{font-size:1.75rem;line-height:1.2;margin:.5rem 0 1rem}
h2{font-size:1.25rem;margin:2.2rem 0 .6rem}
nav{margin:1.2rem 0 2rem;padding:.8rem 1rem;background:#f5f5f3;font-size:.92rem}
nav ol{margin:.3rem 0 0;padding-left:1.3rem}nav a{color:#004b87;text-decoration:none}
nav a:hover,nav a:focus{text-decoration:underline}.anchor-link{display:none}
figure{margin:1.2rem 0}figure img{display:block;max-width:100%;height:auto}
details.code{margin:.4rem 0;font-size:.8rem;color:#5f5f5f}details.code summary{cursor:pointer}
pre{overflow-x:auto;padding:.7rem;background:#f7f7f7;font-size:.8rem;line-height:1.4}
.jp-OutputArea,.output_area,.table{overflow-x:auto}table{border-collapse:collapse;font-size:.88rem}
blockquote{margin:1rem 0;padding:.1rem 1rem;border-left:3px solid #d55e00;background:#fdf6f1}
@media(max-width:30rem){body{font-size:16px;padding:1rem .9rem 3rem}}
@media print{body{max-width:none;font-size:10.5pt;padding:0}nav,details.code{display:none}
figure,table{break-inside:avoid}h2{break-after:avoid}a{color:inherit;text-decoration:none}}
"""

_BLOCK = re.compile(r"(#+ |- |> |\d+\. )?(.*)", re.DOTALL)


class Picture:
    """A figure as a notebook shows it: drawn as vectors, with the text for who cannot see it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure; its label is the text.
    """

    def __init__(self, figure: Figure) -> None:
        self._content = base64.b64encode(figure_bytes(figure, "svg")).decode()
        self._alt = escape(figure.get_label(), quote=True)
        self._width = round(figure.get_figwidth() * 96)

    def _repr_html_(self) -> str:
        return (
            f'<figure><img alt="{self._alt}" width="{self._width}" '
            f'src="data:image/svg+xml;base64,{self._content}"></figure>'
        )


def run_notebook(source: str | Path, data: str | Path | None = None) -> NotebookNode:
    """Run a notebook kept as a Python script in the percent format.

    Parameters
    ----------
    source : str or Path
        The script.
    data : str or Path, optional
        The study's folder, which the notebook finds in the variable ``CARSTATS_DATA``.

    Returns
    -------
    nbformat.NotebookNode
        The notebook with its outputs.

    Raises
    ------
    CarstatsError
        If the script cannot be read, or one of its cells fails.
    """
    import jupytext
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    source = Path(source)
    try:
        notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    except OSError as error:
        raise CarstatsError(f"cannot read the notebook {source}: {error.strerror}.") from error
    for i, cell in enumerate(notebook.cells):
        # The names that jupytext gives are drawn at random and end up in the report.
        cell["id"] = f"cell-{i}"
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=_CELL_SECONDS,
            resources={"metadata": {"path": folder}},
            record_timing=False,
        )
        # Not given to the client above: it shuts down only a kernel that it counts as its own.
        client.km = _kernel_manager(folder)
        try:
            client.execute(env=_environment(folder, data))
        except CellExecutionError as error:
            reason = (
                f"{error.ename}: {error.evalue}" if error.ename != "CarstatsError" else error.evalue
            )
            raise CarstatsError(f"the notebook {source.name} stopped: {reason}") from error
        except (CellTimeoutError, DeadKernelError) as error:
            raise CarstatsError(f"the notebook {source.name} stopped: {error}") from error
    return notebook


def markdown_paragraphs(source: str | Path) -> list[str]:
    """Return the headings, paragraphs and list items of a notebook's text, for the catalogue."""
    import jupytext

    notebook = jupytext.read(source, fmt="py:percent")
    cells = [cell["source"] for cell in notebook.cells if cell["cell_type"] == "markdown"]
    return [words for cell in cells for _, words in _blocks(cell) if words]


def translated_markdown(text: str) -> str:
    """Return a notebook's text in the language that is set, heading by heading, item by item."""
    return "\n".join(f"{sign}{tr(words)}" if words else "" for sign, words in _blocks(text))


def _blocks(text: str) -> list[tuple[str, str]]:
    """Split a text into blocks, each the sign that it begins with and its words on one line."""
    found: list[str] = [""]
    for line in text.splitlines():
        # A list's item may go on in a line that is set in; a paragraph ends at an empty one.
        if not line.strip() or not found[-1] or _BLOCK.match(line).group(1):
            found.append(line.strip())
        else:
            found[-1] += f" {line.strip()}"
    return [tuple(part or "" for part in _BLOCK.match(block).groups()) for block in found[1:]]


def notebook_html(notebook: NotebookNode) -> str:
    """Render a run notebook as one HTML page without scripts and without requests elsewhere.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        The notebook with its outputs.

    Returns
    -------
    str
        The page: a list of contents, code folded away, readable on a phone and in print.
    """
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        template_name="basic",
        extra_loaders=[DictLoader({"report.html.j2": _TEMPLATE})],
        template_file="report.html.j2",
        exclude_anchor_links=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    body, _ = exporter.from_notebook_node(notebook)
    body = re.sub(r"<script\b.*?</script>|<link\b[^>]*>", "", body, flags=re.DOTALL)
    title = re.search(r"<h1[^>]*>(.*?)</h1>", body, re.DOTALL)
    heads = re.findall(r"<h2[^>]*>(.*?)</h2>", body, re.DOTALL)
    for i in range(1, len(heads) + 1):
        body = re.sub(r"<h2(?! id)[^>]*>", f'<h2 id="section-{i}">', body, count=1)
    items = "".join(
        f'<li><a href="#section-{i}">{text}</a></li>' for i, text in enumerate(heads, start=1)
    )
    contents = f'<nav aria-label="Contents"><b>Contents</b><ol>{items}</ol></nav>' if heads else ""
    name = re.sub("<[^>]+>", "", title.group(1)) if title else "Report"
    if title:
        body = f"{body[: title.end()]}{contents}{body[title.end() :]}"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n<main>{body}</main>\n"
        "</body>\n</html>\n"
    )


def _kernel_manager(folder: str):
    """Return a manager whose kernel is this interpreter, whatever kernels are registered."""
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpec

    manager = AsyncKernelManager(kernel_name="python3")
    manager.connection_file = os.path.join(folder, "kernel.json")
    if os.name == "posix":
        # Sockets in a folder of our own, which other users of the computer cannot listen to.
        manager.transport, manager.ip = "ipc", os.path.join(folder, "kernel")
    manager._kernel_spec = KernelSpec(
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        display_name="Python 3",
        language="python",
    )
    return manager


def _environment(folder: str, data: str | Path | None) -> dict[str, str]:
    package = Path(__file__).parents[2]
    paths = [str(package), os.environ.get("PYTHONPATH", "")]
    found = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        # The user's own settings of IPython must not decide what a report says.
        "IPYTHONDIR": folder,
        "PYTHONHASHSEED": "0",
    }
    if data is not None:
        found[DATA_VARIABLE] = str(Path(data).resolve())
    return found
