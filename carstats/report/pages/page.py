"""Pages: one HTML file with its style and figures, that asks for nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from html import escape, unescape
from pathlib import Path
from typing import TYPE_CHECKING

from carstats.language import in_language
from carstats.report.tables.files import Table
from carstats.report.tables.html import table_html
from carstats.report.tables.model import MIMETYPE
from carstats.translation import LANGUAGE_TAGS, LANGUAGES, current_language
from carstats.words import tr

if TYPE_CHECKING:
    from nbformat import NotebookNode

# Even a label that got past every escape could load nothing and run nothing.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_HEADING = re.compile(r"<h([1-6])[^>]*>(.*?)</h\1>", re.DOTALL)
# What Markdown takes for a sign, but for the stars of strong words and of a list.
_SIGNS = re.compile(r"[\\`\[\]_~$]|(?<![*\n])\*(?!\*)")
_ID = re.compile(r"(?<=\sid=\")[^\"]+(?=\")")


def notebook_page(notebook: NotebookNode) -> str:
    """Return a run notebook as a page of its own, its code folded away."""
    seen = {"text", "contents"}
    parts = [part for cell in notebook.cells for part in _cell(cell, seen)]
    title, headings, body = "", [], []
    inner = 0
    for level, words in _filled(piece for part in parts for piece in _pieces(*part)):
        if level == 0:
            body.append(words)
            continue
        if level == 1 and not title:
            title = words
            continue
        if level == 2:
            headings.append((f"section-{len(headings) + 1}", words))
            inner, place = 0, headings[-1][0]
        else:
            inner += 1
            place = f"section-{len(headings)}-{inner}"
        body.append(f'<h{level} id="{place}">{words}</h{level}>')
    contents = link_list(link(place, words) for place, words in headings)
    return page_of(title or escape(tr("Report")), "", contents, "\n".join(body))


def _pieces(html: str, is_text: bool) -> Iterator[tuple[int, str]]:
    """Yield a part's headings with their level, and what is between them with level 0."""
    at = 0
    for match in _HEADING.finditer(html) if is_text else ():
        yield 0, html[at : match.start()].strip()
        yield int(match.group(1)), match.group(2)
        at = match.end()
    yield 0, html[at:].strip()


def _filled(pieces: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """Leave out what is empty, and a heading that stands over nothing: the study lacks the data."""
    kept: list[tuple[int, str]] = []
    for level, words in reversed([piece for piece in pieces if piece[1]]):
        after = kept[-1][0] if kept else 1
        if level > 1 and after and after <= level:
            continue
        kept.append((level, words))
    return kept[::-1]


def _cell(cell: NotebookNode, seen: set[str]) -> list[tuple[str, bool]]:
    """Return the parts of a cell as HTML, each with whether it is text with headings."""
    if cell["cell_type"] == "markdown":
        return [(_markdown(cell["source"]), True)]
    if cell["cell_type"] != "code":
        return []
    parts = []
    if cell["source"].strip():
        word = tr("Code")
        parts.append(
            f'<details class="code"><summary>{escape(word)}</summary>'
            f'<pre tabindex="0"><code>{escape(cell["source"], quote=False)}</code></pre></details>'
        )
    return [
        *((part, False) for part in parts),
        *(_output(output, seen) for output in cell["outputs"]),
    ]


def _output(output: NotebookNode, seen: set[str]) -> tuple[str, bool]:
    if output["output_type"] == "stream":
        # What goes to stderr is for who runs the notebook, and names files of this machine.
        return (_plain(output["text"]) if output["name"] == "stdout" else ""), False
    data = output.get("data", {})
    if MIMETYPE in data:
        return table_html(Table.from_json(data[MIMETYPE]), free_id("table", seen)), False
    if "text/html" in data:
        html = _own_ids(_text(data["text/html"]), seen)
        return (_scrolling(html) if "<table" in html else html), False
    if "text/markdown" in data:
        return _markdown(_text(data["text/markdown"]), labels=True), True
    return (_plain(_text(data["text/plain"])) if "text/plain" in data else ""), False


def _text(content: str | Sequence[str]) -> str:
    return content if isinstance(content, str) else "".join(content)


def _plain(text: str) -> str:
    return f'<pre tabindex="0">{escape(text, quote=False)}</pre>'


def _markdown(text: str, *, labels: bool = False) -> str:
    """Return a text as HTML; in one that holds a study's labels, only strong words are marked."""
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    class Renderer(IPythonRenderer):
        def image(self, text: str, url: str, title: str | None = None) -> str:
            # Figures come as outputs; a picture named in a text would be asked for elsewhere.
            return escape(text)

    renderer = Renderer(escape=False, allow_harmful_protocols=False, exclude_anchor_links=True)
    text = _SIGNS.sub(r"\\\g<0>", text) if labels else text
    html = MarkdownWithMath(renderer).render(text).strip()
    # Strong words that end in a Chinese full stop need a space after them to be seen as strong.
    return re.sub(r"(?<=[，。；：！？）]</strong>) ", "", html)


def _scrolling(html: str) -> str:
    """Return a table that scrolls by itself where it is wider than the page, by keyboard too."""
    name = escape(tr("Table"))
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{name}">{html}</div>'


def free_id(name: str, seen: set[str]) -> str:
    """Return an id that nothing on the page has: the name, or the name with a number."""
    new, number = name, 1
    while new in seen:
        number += 1
        new = f"{name}-{number}"
    seen.add(new)
    return new


def _own_ids(html: str, seen: set[str]) -> str:
    """Give new names to the ids that another output of the page has already."""
    for old in dict.fromkeys(_ID.findall(html)):
        new = free_id(old, seen)
        if new != old:
            # As an id, a link or a style of it, and within a list of the cells' headings.
            html = re.sub(
                rf'((?:\sid|\sfor|\saria-labelledby|\saria-describedby)="|#){re.escape(old)}(?![\w-])'
                rf'|(?<=\sheaders=")([^"]*)',
                lambda match, old=old, new=new: (
                    f"{match.group(1)}{new}"
                    if match.group(1)
                    else " ".join(
                        new if name == old else name for name in match.group(2).split(" ")
                    )
                ),
                html,
            )
    return html


def link(place: str, words: str) -> str:
    """Return a link within the page; links in its words fall away."""
    return f'<a href="#{place}">{re.sub("<a [^>]*>|</a>", "", words)}</a>'


def link_list(items: Iterable[str], *, inner: bool = False) -> str:
    """Return a numbered list; an inner one without items is nothing."""
    text = "".join(f"<li>{item}</li>" for item in items)
    return f"<ol>{text}</ol>" if text or not inner else ""


@lru_cache(maxsize=1)
def _style() -> str:
    return Path(__file__).with_name("page.css").read_text(encoding="utf-8")


def page_of(
    title: str,
    head: str,
    contents: str,
    body: str,
    foot: str = "",
    kind: str = "notebook",
    *,
    script: str = "",
    script_policy: str = "",
) -> str:
    """Return a page: its heading, its contents, its text; a script only with what allows it."""
    name = escape(unescape(re.sub("<[^>]+>", "", title)), quote=False)
    heading, skip = tr("Contents"), tr("Skip to the text")
    listed = (
        '<nav aria-labelledby="contents">\n'
        f'<h2 id="contents">{escape(heading)}</h2>\n{contents}\n</nav>\n'
        if "<li>" in contents
        else ""
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{LANGUAGE_TAGS[current_language()]}">\n<head>\n'
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}{script_policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{name}</title>\n<style>\n{_style()}</style>\n'
        f'</head>\n<body>\n<a class="skip" href="#text">{escape(skip)}</a>\n'
        f'<div class="page {kind}">\n<header>\n<h1>{title}</h1>\n{head}\n</header>\n{listed}'
        f'<main id="text" tabindex="-1">\n{body}\n</main>\n'
        + (f"<footer>{foot}</footer>\n" if foot else "")
        + f"</div>\n{script}</body>\n</html>\n"
    )


def tables_page(
    title: str,
    paragraphs: Sequence[str],
    sections: Mapping[str, Sequence[str | Table]],
    *,
    synthetic: bool,
    made_with: str,
) -> str:
    """Return sections of sentences and tables as a page of its own."""
    body, links = _sections(sections, {"text", "contents"})
    head = _lines([*map(escape, paragraphs), *_unreal(synthetic)])
    return page_of(escape(title), head, link_list(links), body, _made(made_with), "report")


def languages_page(
    parts: Mapping[str, tuple[str, Sequence[str], Mapping[str, Sequence[str | Table]]]],
    *,
    synthetic: bool,
    made_with: str,
) -> str:
    """Return title, sentences and sections in several languages, the one beneath the other.

    parts : By language what it says; the first is the page's own.
    """
    seen = {"text", "contents", *parts}
    titles, links, bodies = [], [], []
    for language, (title, paragraphs, sections) in parts.items():
        with in_language(language):
            body, inner = _sections(sections, seen, language)
            head = _lines([*map(escape, paragraphs), *_unreal(synthetic)])
        tag, name = LANGUAGE_TAGS[language], LANGUAGES[language][0]
        titles.append(f'<span lang="{tag}">{escape(title)}</span>')
        listed = f"{link(language, name)}{link_list(inner, inner=True)}"
        links.append(f'<div lang="{tag}">{listed}</div>')
        bodies.append(
            f'<section class="language" lang="{tag}">\n<h2 id="{language}">{name}</h2>\n'
            f"{head}\n{body}\n</section>"
        )
    head = '<p class="sub">' + " / ".join(
        f'<a href="#{language}" lang="{LANGUAGE_TAGS[language]}">{LANGUAGES[language][0]}</a>'
        for language in parts
    ) + "</p>"  # fmt: skip
    return page_of(
        " / ".join(titles), head, link_list(links), "\n".join(bodies), _made(made_with), "report"
    )


def _sections(
    sections: Mapping[str, Sequence[str | Table]], seen: set[str], language: str = ""
) -> tuple[str, list[str]]:
    """Return sections and the links to them; those of a language stand below its heading."""
    level, start = (3, f"{language}-part") if language else (2, "part")
    body, links = [], []
    for number, (heading, parts) in enumerate(sections.items(), start=1):
        place = f"{start}-{number}"
        links.append(link(place, escape(heading)))
        body.append(f'<h{level} id="{place}">{escape(heading)}</h{level}>')
        body += [
            f"<p>{escape(part)}</p>"
            if isinstance(part, str)
            else table_html(part, free_id("table", seen))
            for part in parts
        ]
    return "\n".join(body), links


def _unreal(synthetic: bool) -> list[str]:
    note = tr("Synthetic data: the subjects of this report do not exist.")
    return [f"<strong>{escape(note)}</strong>"] if synthetic else []


def _lines(paragraphs: Sequence[str]) -> str:
    return "".join(f'<p class="sub">{text}</p>' for text in paragraphs)


def _made(made_with: str) -> str:
    return _lines([escape(tr("Made with {program}.", program=made_with))])
