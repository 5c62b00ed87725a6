"""One page that shows all figures and tables of a folder, with links to their files."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from html import escape
from pathlib import Path
from urllib.parse import quote

from carstats.data.vocabulary import column_name
from carstats.errors import CarstatsError
from carstats.messages import mark, message
from carstats.report.format import sentence_list
from carstats.translation import LANGUAGE_TAGS, current_language
from carstats.words import in_words, tr

PAGE = "index.html"
# In the order of the page; the part of carstats that made a result says its topic.
_TOPICS = {
    "cohort": mark("Cohort"),
    "survival": mark("Relapse"),
    "response": mark("Response"),
    "toxicity": mark("Toxicity"),
    "evidence": mark("Published evidence"),
}
# Results of several sites are made by no function of the package's own list.
_NETWORK = {"network_rate": "response", "shared_and_exact": "survival"}
_KINDS = {
    "svg": "SVG",
    "pdf": "PDF",
    "png": "PNG",
    "html": "HTML",
    "docx": "Word",
    "rtf": "RTF",
    "tex": "LaTeX",
    "csv": "CSV",
    "json": "JSON",
}
_DRAWING = re.compile(r'<svg\b[^>]*?\bwidth="([\d.]+)pt" height="([\d.]+)pt"')
_POLICY = "default-src 'none'; img-src 'self'; frame-src 'self'; style-src 'unsafe-inline'"
_STYLE = """\
:root{color-scheme:light;--ink:#1a1a1a;--soft:#595959;--rule:#d4d4d0;--pale:#f6f6f3;--link:#004b87}
*{box-sizing:border-box}html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0 auto;padding:2rem 1.5rem 4rem;max-width:84rem;color:var(--ink);background:#fff;
font:15px/1.5 "Helvetica Neue",Helvetica,Arial,"PingFang SC","Microsoft YaHei","Noto Sans SC",
"Noto Sans CJK SC","Source Han Sans SC","WenQuanYi Micro Hei",sans-serif;overflow-wrap:break-word}
a{color:var(--link)}:focus-visible{outline:2px solid var(--link);outline-offset:2px}
h1{font-size:1.7rem;line-height:1.25;margin:0 0 .4rem}
h2{font-size:1.3rem;margin:2.5rem 0 1rem;padding-top:.6rem;border-top:1px solid var(--ink)}
h3{font-size:1rem;line-height:1.35;margin:0 0 .25rem;text-wrap:balance}
header p{margin:0 0 .4rem;max-width:46rem;color:var(--soft)}
nav{columns:17rem;column-gap:2rem;margin:1.5rem 0 0;font-size:.85rem;line-height:1.4}
nav div{break-inside:avoid;margin:0 0 1rem}nav b a{color:inherit}
nav ul{list-style:none;margin:.2rem 0 0;padding:0}nav li{margin:.2rem 0}
nav a{text-decoration:none}nav a:hover,nav a:focus{text-decoration:underline}
.sheet{display:grid;gap:1.5rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,23rem),1fr))}
article{border:1px solid var(--rule);border-radius:4px;padding:.9rem;display:flex;
flex-direction:column;min-width:0;scroll-margin-top:1rem}
article:target{border-color:var(--link);box-shadow:0 0 0 1px var(--link)}
.stem{margin:0 0 .7rem;color:var(--soft);font:.75rem/1.4 ui-monospace,Menlo,Consolas,
"DejaVu Sans Mono",monospace}
.picture{display:flex;align-items:center;justify-content:center;height:18rem;margin:0 0 .8rem}
.picture img{max-width:100%;max-height:100%;width:auto;height:auto;object-fit:contain}
.table{position:relative;overflow:hidden;display:block;background:var(--pale)}
.table iframe{position:absolute;left:0;top:0;width:calc(200% + 2rem);height:200%;border:0;
pointer-events:none;transform:scale(.5);transform-origin:0 0}
.table a{position:absolute;inset:0;display:flex;align-items:flex-end;justify-content:flex-end}
.table span{background:#fff;padding:.3rem .6rem;border:1px solid var(--rule);font-size:.85rem}
.caption{margin:0 0 .8rem;font-size:.8rem;line-height:1.45}
.files{margin:auto 0 0;padding:0;list-style:none;display:flex;flex-wrap:wrap;gap:.2rem .9rem;
font-size:.85rem}.files a{display:inline-block;padding:.35rem 0}
@media(max-width:32rem){body{padding:1.25rem 1rem 3rem}h1{font-size:1.4rem}
.picture{height:auto;max-height:26rem}.picture img{max-height:26rem}
.table{height:16rem}nav li{margin:.45rem 0}}
@media print{@page{margin:14mm}body{max-width:none;padding:0;font-size:9pt}
.sheet{grid-template-columns:1fr 1fr;gap:5mm}article{break-inside:avoid}h2{break-after:avoid}
.picture{height:60mm}.files,nav,.table span{display:none}a{color:inherit}}
"""


def contact_sheet(folder: str | Path) -> str:
    """Return a page of all figures and tables in a folder, in the language that is set."""
    folder = Path(folder)
    topics: dict[str, list[tuple[str, str, str]]] = {topic: [] for topic in _TOPICS}
    files: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()):
        files.setdefault(path.stem, {})[path.suffix[1:]] = path
    synthetic = False
    outputs = saved_outputs(folder)
    titles = _unique_titles(outputs, files)
    for stem, made in outputs.items():
        try:
            results = made["results"]
            synthetic |= any(result["synthetic"] for result in results)
            title = titles[stem]
            item = (stem, title, _article(stem, title, made, files[stem]))
            topics[_topic(results[0])].append(item)
        except (KeyError, IndexError, TypeError) as error:
            raise CarstatsError(
                message(
                    "{file}.json is not as carstats writes it ({error!r}). Run carstats reproduce "
                    "--only {stem}.",
                    file=folder / stem,
                    error=error,
                    stem=stem,
                )
            ) from error
    shown = {topic: items for topic, items in topics.items() if items}
    head = [tr("Each figure links to its files; the numbers drawn are in its CSV file.")]
    if synthetic:
        head.insert(0, tr("Drawn from synthetic data: no such subjects exist."))
    lines = "".join(f"<p>{escape(line)}</p>\n" for line in head)
    title = escape(tr("Figures and tables"))
    return (
        f'<!DOCTYPE html>\n<html lang="{LANGUAGE_TAGS[current_language()]}">\n<head>\n'
        f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n"
        f"<header>\n<h1>{title}</h1>\n{lines}{_numbers(folder)}</header>\n"
        f'<nav aria-label="{escape(tr("Contents"))}">\n{"".join(map(_contents, shown.items()))}'
        f"</nav>\n<main>\n{''.join(map(_section, shown.items()))}</main>\n</body>\n</html>\n"
    )


def saved_outputs(folder: Path) -> dict[str, dict]:
    """Return how each figure and table of a folder was made, by its stem; other files are left."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            made = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CarstatsError(
                message(
                    "cannot read {path}: {error}. Remove it, and run again.", path=path, error=error
                )
            ) from error
        if isinstance(made, dict) and {"carstats", "results"} <= set(made):
            found[path.stem] = made
    return found


def _topic(result: Mapping) -> str:
    """Return the topic of a result: that of the published trials has no cohort."""
    analysis = getattr(sys.modules["carstats"], result["analysis"], None)
    home = analysis.__module__.split(".")[1] if analysis else _NETWORK.get(result["analysis"], "")
    if home in ("survival", "response", "toxicity") and not result["fingerprint"]:
        return "evidence" if not result["cohort"] and not result["synthetic"] else home
    return home if home in _TOPICS else "cohort"


def _title(result: Mapping) -> str:
    if not result["by"]:
        return in_words(result["endpoint"])
    strata = sentence_list([column_name(column) for column in result["by"]])
    return tr("{what} by {strata}", what=in_words(result["endpoint"]), strata=strata)


def _unique_titles(outputs: Mapping, files: Mapping) -> dict[str, str]:
    """Return a title for each figure and table that no other has."""
    titles = {}
    for stem, made in outputs.items():
        with suppress(KeyError, IndexError, TypeError):
            titles[stem] = made.get("title") or _title(made["results"][0])
    for stem, title in list(titles.items()):
        if list(titles.values()).count(title) > 1 and "svg" not in files[stem]:
            titles[stem] = tr("{title} (table)", title=title)
    alike = {title for title in titles.values() if list(titles.values()).count(title) > 1}
    return {stem: f"{t} ({stem})" if t in alike else t for stem, t in titles.items()}


def _article(stem: str, title: str, made: Mapping, files: Mapping[str, Path]) -> str:
    links = "".join(
        f'<li><a href="{quote(files[kind].name)}">{name}</a></li>'
        for kind, name in _KINDS.items()
        if kind in files
    )
    picture = _picture(made["alt"] or title, files)
    return (
        f'<article id="{escape(stem)}">\n<h3>{escape(title)}</h3>\n<p class="stem">{escape(stem)}'
        f'</p>\n{picture}<p class="caption">{escape(made["caption"])}</p>\n'
        f'<ul class="files">{links}</ul>\n</article>\n'
    )


def _picture(alt: str, files: Mapping[str, Path]) -> str:
    if "svg" in files:
        size = _DRAWING.search(files["svg"].read_text(encoding="utf-8")[:2000])
        # A point is 4/3 of a browser's pixel.
        sides = [f"{float(side) * 4 / 3:.0f}" for side in size.groups()] if size else []
        extent = ' width="{}" height="{}"'.format(*sides) if sides else ""
        name = quote(files["svg"].name)
        return (
            f'<a class="picture" href="{name}"><img src="{name}" alt="{escape(alt)}"{extent} '
            'loading="lazy"></a>\n'
        )
    if "html" in files:
        name, words = quote(files["html"].name), escape(tr("Open the table"))
        return (
            f'<div class="picture table"><iframe src="{name}" title="{escape(alt)}" loading="lazy" '
            f'tabindex="-1" sandbox></iframe><a href="{name}"><span>{words}</span></a></div>\n'
        )
    return ""


def _numbers(folder: Path) -> str:
    names = {
        "results.csv": tr("all numbers (CSV)"),
        "methods.csv": tr("how they were made (CSV)"),
    }
    links = "".join(
        f'<li><a href="{name}">{escape(words)}</a></li>'
        for name, words in names.items()
        if (folder / name).is_file()
    )
    return f'<ul class="files">{links}</ul>\n' if links else ""


def _contents(topic: tuple[str, list[tuple[str, str, str]]]) -> str:
    name, items = topic
    links = "".join(
        f'<li><a href="#{escape(stem)}">{escape(title)}</a></li>\n' for stem, title, _ in items
    )
    heading = escape(tr(_TOPICS[name]))
    return f'<div><b><a href="#topic-{name}">{heading}</a></b>\n<ul>\n{links}</ul></div>\n'


def _section(topic: tuple[str, list[tuple[str, str, str]]]) -> str:
    name, items = topic
    articles = "".join(article for _, _, article in items)
    return (
        f'<section aria-labelledby="topic-{name}">\n<h2 id="topic-{name}">'
        f'{escape(tr(_TOPICS[name]))}</h2>\n<div class="sheet">\n{articles}</div>\n</section>\n'
    )
