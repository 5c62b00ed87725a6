"""The Sphinx extension of the site: what blocks show, the gallery, formulas, and no network."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import matplotlib
from docutils import nodes
from latex2mathml.converter import convert
from matplotlib.figure import Figure
from running import ROOT, reading_once, run_block
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform

import carstats as cs

HERE = Path(__file__).parent
GALLERY = HERE / "gallery"
DRAWN = GALLERY / "drawn"
_NAME = re.compile(r"(?:cs\.)?(\w+)(?:\(.*\))?$", flags=re.DOTALL)
# What asks a network for something when a page is opened; a link that one may follow does not.
_ASKS = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\bsrc\s*=\s*["']?(?:https?:)?//"""
    r"""|<link\b(?![^>]*rel="?(?:canonical|author|license))[^>]*?\bhref\s*=\s*["']?(?:https?:)?//"""
    r"""|@import[^;]*//|url\(\s*["']?(?:https?:)?//""",
    flags=re.IGNORECASE,
)


class LinkNames(SphinxTransform):
    """Links a public name in code type, also where it is called, to its place in the API."""

    default_priority = 410

    def apply(self, **kwargs: Any) -> None:
        for node in list(self.document.findall(nodes.literal)):
            found = _NAME.match(node.astext())
            inside = isinstance(node.parent, nodes.reference | nodes.title | addnodes.pending_xref)
            if not found or inside or found.group(1) not in cs.__all__:
                continue
            link = addnodes.pending_xref(
                "", refdomain="py", reftype="obj", reftarget=f"carstats.{found.group(1)}",
                refexplicit=True, refwarn=True, refdoc=self.env.docname,
            )  # fmt: skip
            node.replace_self(link)
            link += node


class ShowOutputs(SphinxTransform):
    """Runs the Python blocks of a page, and puts below each what it gives."""

    default_priority = 400

    def apply(self, **kwargs: Any) -> None:
        page = self.env.docname
        if not str(self.document["source"]).endswith(".md") or page.startswith("gallery/"):
            return
        names: dict[str, Any] = {"__name__": page}
        for number, block in enumerate(list(self.document.findall(nodes.literal_block)), start=1):
            if block.get("language") != "python":
                continue
            with reading_once():
                said, value = run_block(block.astext(), names, page, block.line or 1)
            shown = list(self._shown(said, value, f"{page.replace('/', '-')}-{number}"))
            place = block.parent.index(block) + 1
            block.parent.insert(place, shown)

    def _shown(self, said: str, value: Any, stem: str) -> Any:
        if said:
            yield nodes.literal_block(said, said, language="text", classes=["output"])
        if isinstance(value, Figure):
            DRAWN.mkdir(parents=True, exist_ok=True)
            with matplotlib.rc_context({"svg.hashsalt": "carstats"}):
                value.savefig(DRAWN / f"{stem}.svg", metadata={"Date": None})
            alt = value.get_label() or "figure"
            yield nodes.image(uri=f"/gallery/drawn/{stem}.svg", alt=alt, classes=["drawn"])
        elif hasattr(value, "_repr_html_"):
            table = re.sub(r"\s+(?:style|border)=\"[^\"]*\"", "", value._repr_html_())
            # A note needs room where there is one: the last column of a result.
            noted = " noted" if "<th>note</th>" in table else ""
            text = f'<div class="output{noted}" tabindex="0">{table}</div>'
            yield nodes.raw("", text, format="html")
        elif value is not None:
            yield nodes.literal_block(repr(value), repr(value), language="text", classes=["output"])


def write_gallery(app: Sphinx) -> None:
    """Write a page of every figure of `analyses`, each with the lines that draw it."""
    GALLERY.mkdir(exist_ok=True)
    lines = [
        "# Gallery",
        "",
        "Every figure that `carstats reproduce` draws, with the script that draws it. What",
        "`cs.plot` makes of each result, in one line, is in [](../figures.md).",
        "",
        "::::{grid} 1 2 2 3",
        ":gutter: 2",
        "",
    ]
    stems: dict[str, str] = {}
    for script in sorted((ROOT / "analyses").glob("*.py")):
        picture = ROOT / "figures" / f"{script.stem}.png"
        origin = picture.with_suffix(".json")
        if not picture.exists():
            continue
        said = json.loads(origin.read_text(encoding="utf-8"))
        title = script.read_text(encoding="utf-8").split('"""')[1].strip().rstrip(".")
        short = title.split(":")[0]
        stems[script.stem] = short
        lines += [
            f":::{{grid-item-card}} {short}",
            f":link: {script.stem}",
            ":link-type: doc",
            f":img-top: ../../figures/{script.stem}.png",
            f":img-alt: {said['alt']}",
            ":::",
            "",
        ]
        page = [
            f"# {title}",
            "",
            f"```{{image}} ../../figures/{script.stem}.png",
            f":alt: {said['alt']}",
            "```",
            "",
            *(f"*{line}*" for line in said["caption"].splitlines() if line.strip()),
            "",
            f"`python analyses/{script.name}` draws it:",
            "",
            f"```{{literalinclude}} ../../analyses/{script.name}",
            ":language: py",
            "```",
            "",
        ]
        _write(GALLERY / f"{script.stem}.md", page)
    hidden = ["```{toctree}", ":hidden:", "", "../figures"]
    hidden += [*(f"{short} <{stem}>" for stem, short in stems.items()), "```", ""]
    _write(GALLERY / "index.md", [*lines, "::::", "", *hidden])
    for page in GALLERY.glob("*.md"):
        if page.stem not in {*stems, "index"}:
            page.unlink()


def _write(path: Path, lines: list[str]) -> None:
    text = "\n".join(lines)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def inline_formula(translator: Any, node: nodes.math) -> None:
    """Write a formula in a line as MathML, which browsers draw without a script."""
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def shown_formula(translator: Any, node: nodes.math_block) -> None:
    """Write a formula of its own as MathML."""
    translator.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def refuse_network(app: Sphinx, failed: Exception | None) -> None:
    """Fail where a page would ask a network for something."""
    if failed or app.builder.name != "html":
        return
    asking = []
    for path in sorted(app.outdir.rglob("*")):
        if path.suffix in (".html", ".css"):
            text = path.read_text(encoding="utf-8")
            found = _ASKS.search(text)
            if found:
                name = path.relative_to(app.outdir)
                asking.append(f"{name}: {html.escape(found.group()[:120])}")
    if asking:
        raise ExtensionError("these pages ask a network: " + "; ".join(asking[:10]))


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect all of it."""
    matplotlib.use("Agg")
    app.add_transform(ShowOutputs)
    app.add_transform(LinkNames)
    app.add_html_math_renderer("mathml", (inline_formula, None), (shown_formula, None))
    app.connect("builder-inited", write_gallery)
    app.connect("build-finished", refuse_network)
    return {"parallel_read_safe": False}
