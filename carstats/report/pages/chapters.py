"""The chapters of a report as one page that needs nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from pathlib import Path
from urllib.parse import quote

from carstats.report.chapters.blocks import (
    Block,
    Caution,
    Chapter,
    Heading,
    Paragraph,
    Picture,
    Points,
    TableBlock,
    strong_parts,
)
from carstats.report.pages.page import free_id, link, link_list, page_of
from carstats.report.tables.html import table_html
from carstats.words import tr


def report_page(chapters: Sequence[Chapter], title: str, *, synthetic: bool, made_with: str) -> str:
    """Return the chapters, whose figures are drawn, as one page."""
    seen = {"text", "contents", "appendix"}
    seen |= {chapter.name for chapter in chapters}
    core = [chapter for chapter in chapters if not chapter.appendix]
    more = [chapter for chapter in chapters if chapter.appendix]
    body = [_section(chapter, seen) for chapter in core]
    items = [_item(chapter) for chapter in core]
    if more:
        words = escape(tr("Appendix"))
        body.append(
            f'<section class="appendix" aria-labelledby="appendix">\n<h2 id="appendix">{words}'
            "</h2>\n" + "\n".join(_section(chapter, seen, 3) for chapter in more) + "\n</section>"
        )
        inner = link_list((_item(chapter) for chapter in more), inner=True)
        items.append(link("appendix", words) + inner)
    kind = tr("Report on the outcomes of engineered-cell therapy")
    head = f'<p class="sub">{escape(kind)}</p>'
    if synthetic:
        note = tr("Synthetic data: the subjects of this report do not exist.")
        head += f'<p class="sub"><strong>{escape(note)}</strong></p>'
    made = tr("Made with {program}.", program=made_with)
    foot = f'<p class="sub">{escape(made)}</p>'
    script, policy = _script()
    return page_of(
        escape(title), head, link_list(items), "\n".join(body), foot, "report",
        script=script, script_policy=policy,
    )  # fmt: skip


def _item(chapter: Chapter) -> str:
    return link(chapter.name, escape(chapter.title))


def _section(chapter: Chapter, seen: set[str], level: int = 2) -> str:
    body = "\n".join(_block(block, chapter.name, seen, level) for block in chapter.blocks)
    back = tr("Back to the contents")
    return (
        f'<section class="chapter" aria-labelledby="{chapter.name}">\n'
        f'<h{level} id="{chapter.name}">{escape(chapter.title)}</h{level}>\n{body}\n'
        f'<p class="up"><a href="#contents">{escape(back)}</a></p>\n</section>'
    )


def _block(block: Block, chapter: str, seen: set[str], level: int) -> str:
    match block:
        case Heading():
            deep = min(6, level + block.level - 1)
            place = free_id(f"{chapter}-part", seen)
            return f'<h{deep} id="{place}">{escape(block.text)}</h{deep}>'
        case Paragraph():
            return f"<p>{_strong(block.text)}</p>"
        case Points():
            return f"<ul>{''.join(f'<li>{_strong(item)}</li>' for item in block.items)}</ul>"
        case Caution():
            return f'<p class="caution">{_strong(block.text)}</p>'
        case TableBlock():
            return table_html(block.table, free_id("table", seen))
        case Picture():
            return _figure(block, seen)
    raise TypeError(block)


def _strong(text: str) -> str:
    return "".join(
        f"<strong>{escape(part)}</strong>" if strong else escape(part)
        for part, strong in strong_parts(text)
    )


def _figure(picture: Picture, seen: set[str]) -> str:
    # An id is one word; a name may hold a study's own disease or measure.
    place = free_id("figure-" + re.sub(r"[^\w-]+", "-", picture.name), seen)
    width, height = (round(side / 25.4 * 96) for side in (picture.width, picture.height))
    alt = escape(picture.alt, quote=True)
    image = f'<img alt="{alt}" width="{width}" height="{height}" src="{_data(picture.svg)}">'
    marks = escape(
        json.dumps([[m.x, m.y, m.text, int(m.row)] for m in picture.marks], ensure_ascii=False,
                   separators=(",", ":"))
    )  # fmt: skip
    title = f'<p class="title">{escape(picture.title)}</p>\n' if picture.title else ""
    enlarge, smaller = escape(tr("Enlarge")), escape(tr("Smaller"))
    csv, back = base64.b64encode(picture.csv.encode()).decode(), f"{place}-end"
    numbers, about = escape(tr("Numbers (CSV)")), escape(picture.title or picture.name)
    seen.add(back)
    return (
        f'<figure id="{place}" data-name="{escape(picture.name)}" data-marks="{marks}">\n{title}'
        f'<div class="canvas" role="region" tabindex="0" aria-label="{about}">{image}</div>\n'
        f'<figcaption>{escape(picture.caption)}</figcaption>\n<p class="files" id="{back}">'
        f'<a class="enlarge" href="#{place}">{enlarge}<span class="of">: {about}</span></a> '
        f'<a class="smaller" href="#{back}">{smaller}<span class="of">: {about}</span></a> '
        f'<a class="numbers" download="{escape(picture.name)}.csv" '
        f'href="data:text/csv;charset=utf-8;base64,{csv}">{numbers}'
        f'<span class="of">: {about}</span></a></p>\n</figure>'
    )


def _data(svg: str) -> str:
    """Return a drawing as an address that holds it; a third shorter than in base64."""
    svg = svg.replace("'", "&#39;").replace('"', "'")
    return "data:image/svg+xml," + quote(svg, safe=" !$'()*+,-./:;=?@[]^_`{|}~")


@lru_cache(maxsize=1)
def _code() -> str:
    return Path(__file__).with_name("report.js").read_text(encoding="utf-8").strip()


def _script() -> tuple[str, str]:
    """Return the page's one script with its words, and what alone lets it run."""
    words = json.dumps(
        {"save": tr("Save the figure"), "close": tr("Close")}, ensure_ascii=False
    ).replace("<", "\\u003c")
    code = f"(() => {{\nconst words = {words};\n{_code()}\n}})();"
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    return f"<script>{code}</script>", f"; script-src 'sha256-{digest}'"
