"""What every page must hold, read from its text; the browser's tests see it drawn."""

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser

LARGEST = 3_000_000
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
LOADED = {"src", "srcset", "poster", "background", "action", "formaction", "data"}
REFERENCES = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "headers")
# A paragraph ends where one of these begins, and its own end is then left over.
BLOCKS = {"div", "figure", "h1", "h2", "h3", "h4", "ol", "p", "pre", "section", "table", "ul"}


class _Page(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.wrong, self.ids, self.links, self.levels = [], [], [], []
        self.stack, self.root, self.titles, self.style = [], {}, 0, ""
        self.policy, self.scripts = "", []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        line = f"line {self.getpos()[0]}, <{tag}>"
        self.wrong += [f"{line} has {name}" for name in given if name.startswith("on")]
        if len(given) < len(attrs):
            self.wrong.append(f"{line} has an attribute twice")
        if tag == "html":
            self.root = given
        if tag in ("object", "embed", "form", "base") or (tag == "script" and given):
            self.wrong.append(f"{line} does not belong here")
        if tag == "meta" and given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given.get("content") or ""
        if tag == "img" and not (given.get("alt") or "").strip():
            self.wrong.append(f"{line} has no alt")
        if tag == "iframe" and not (given.get("title") or "").strip():
            self.wrong.append(f"{line} has no title")
        if tag == "link" and not (given.get("href") or "").startswith("data:"):
            self.wrong.append(f"{line} asks for {given.get('href')}")
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if "id" in given:
            self.ids.append(given["id"] or "")
        if tag in BLOCKS and "p" in self.stack:
            self.wrong.append(f"{line} within <p>")
        for name, value in given.items():
            if name in LOADED and re.match(r"\s*(https?:)?//", value or ""):
                self.wrong.append(f"{line} asks for {value}")
            if name == "style":
                self.style += f"{value};"
            if name in REFERENCES:
                self.links += [f"#{word}" for word in (value or "").split()]
        href = (given.get("href") or "").strip()
        if href.lower().startswith(("javascript:", "vbscript:")):
            self.wrong.append(f"{line} runs {href}")
        if href.startswith("#"):
            self.links.append(href)
        self.titles += tag == "title"
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.stack or self.stack[-1] != tag:
            self.wrong.append(f"line {self.getpos()[0]}: </{tag}> within {self.stack[-3:]}")
        while self.stack and self.stack.pop() != tag:
            pass

    def handle_data(self, data):
        if self.stack and self.stack[-1] == "style":
            self.style += data
        if self.stack and self.stack[-1] == "script":
            self.scripts.append(data)


def page_problems(html, lang=None, largest=LARGEST):
    """Return what is wrong with a page, as sentences."""
    page = _Page()
    page.feed(html)
    page.close()
    wrong = page.wrong
    for code in page.scripts:
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        if f"script-src 'sha256-{digest}'" not in page.policy:
            wrong.append("a <script> that the page's policy does not name")
        if re.search(r"\bfetch\(|XMLHttpRequest|import\(|https?:|\beval\(", code):
            wrong.append("a <script> that asks for something from elsewhere")
    if len(page.scripts) > 1:
        wrong.append(f"{len(page.scripts)} scripts")
    if not html.startswith("<!DOCTYPE html>"):
        wrong.append("no doctype")
    if len(html.encode()) > largest:
        wrong.append(f"{len(html.encode())} bytes")
    if not page.root.get("lang") or (lang and not page.root["lang"].startswith(lang)):
        wrong.append(f"language {page.root.get('lang')}")
    if page.titles != 1 or 'name="viewport"' not in html or "<main" not in html:
        wrong.append("no title, viewport or main")
    if page.stack:
        wrong.append(f"not closed: {page.stack}")
    wrong += [f"id {name!r} {n} times" for name, n in Counter(page.ids).items() if n > 1]
    wrong += [f"id {name!r} is no word" for name in page.ids if not name or re.search(r"\s", name)]
    wrong += [f"{link} leads nowhere" for link in page.links if link[1:] not in page.ids]
    if page.levels[:1] != [1] or page.levels.count(1) != 1:
        wrong.append(f"headings {page.levels[:5]} …")
    steps = zip(page.levels, page.levels[1:], strict=False)
    wrong += [f"h{b} after h{a}" for a, b in steps if b > a + 1]
    if re.search(r"@import|url\((?!\s*[\"']?(data:|#))", page.style):
        wrong.append("the style asks for a file")
    return wrong
