"""How figures look: sizes, type, and the colour, line and marker that belong to each stratum.

Colours are Okabe and Ito's for targets and Tol's for diseases and platforms, told apart with any
colour vision; a line style and a marker say the same again, so that a grey copy still reads.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import matplotlib
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke
from matplotlib.text import Text

from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.setting import JOURNAL_SANS, SANS, STYLES, setting, setting_now
from carstats.result import Result
from carstats.words import in_words

COLUMN_MM, PAGE_MM = STYLES["report"].widths
SIZE, SMALL = 8.0, 7.0
INK, GREY, RULE, PALE = "#1a1a1a", "#5f5f5f", "#bdbdbd", "#ececec"
LINE_HEIGHT = 1.3
_FOLDER = Path(__file__).parent / "fonts"
FONT_FILES = {
    (family, weight): _FOLDER / f"{family.replace(' ', '')}{end}.ttf"
    for family in (SANS, JOURNAL_SANS)
    for weight, end in (("normal", ""), ("bold", "-Bold"))
}
for _path in FONT_FILES.values():
    font_manager.fontManager.addfont(_path)
# How much of the end of a name is kept that is too long.
_TAIL = 8
# The line around a letter that makes it bold where its font is not, a part of its size.
_BOLDER = 0.05
# Fonts that systems bring for the scripts that the bundled one lacks, simplified Chinese first.
_FALLBACK = (
    SANS, "DejaVu Sans", "Noto Sans SC", "Noto Sans CJK SC", "Source Han Sans SC",
    "Microsoft YaHei",
    "SimHei", "PingFang SC", "Heiti SC", "Hiragino Sans GB", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Noto Sans CJK JP", "Arial Unicode MS", "Noto Emoji", "Segoe UI Symbol", "Symbola",
)  # fmt: skip
_RC = {
    "font.size": SIZE,
    "axes.labelsize": SIZE,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": SIZE,
    "ytick.labelsize": SIZE,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    # A user's label may hold a dollar sign.
    "text.parse_math": False,
    "hatch.linewidth": 0.5,
    "svg.fonttype": "path",
    "svg.hashsalt": "carstats",
    "pdf.fonttype": 42,
}
_COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#3D9BD1", "#B07A00", "#5B2A86", "#6B6B6B",
)  # fmt: skip
_DISEASE_COLOURS = (
    "#332288", "#CC6677", "#117733", "#B8860B", "#33A0B5", "#882255", "#3A6FC4", "#7A7A2E",
)  # fmt: skip
# Terms stand beside targets in one figure, and have none of their colours.
_TERM_COLOURS = (
    "#4D4D4D", "#B0135C", "#8F6BC6", "#B8860B", "#8C510A", "#5AA5A0", "#D08CA7", "#999933",
)  # fmt: skip
_PLATFORM_COLOURS = ("#004488", "#BB5566", "#B8860B", "#777777")
_DASHES = (
    "solid",
    (0, (3.2, 1.4)),
    (0, (4.2, 1.2, 1.2, 1.2)),
    (0, (1.1, 1.1)),
    (0, (4.2, 1.1, 1.0, 1.1, 1.0, 1.1)),
)
_MARKERS = ("o", "s", "D", "^", "v", "P", "X", "<", ">")
# The places that the terms' colours have for good; a study's own terms follow.
_FIXED = {
    "disease": (
        [
            "SLE",
            "IIM",
            "SSc",
            "MG",
            "NMOSD",
            "MS",
            "SPS",
            "CIDP",
            "MOGAD",
            "RA",
            "AAV",
            "SjD",
            "IgG4-RD",
            "ITP",
            "AIHA",
            "PV",
            "mixed",
        ],
        _DISEASE_COLOURS,
    ),
    "target": (
        ["CD19", "BCMA", "CD19+BCMA", "CD20", "CD19+CD20", "citrullinated proteins", "", "none"],
        _COLOURS,
    ),
    "term": (["CRS", "ICANS", "LICATS", "infection"], _TERM_COLOURS),
    "platform": (["CAR-T", "CAR-NK", "CAR-Treg", "placebo"], _PLATFORM_COLOURS),
    "cell_source": (["autologous", "allogeneic", "in vivo", "none"], _COLOURS),
}


# What stays on one line: a word, or a Chinese character with the marks that must not begin a line
# after it and those that must not end one before it, a number with the unit behind it.
_OPENING, _CLOSING, _CHINESE = "（《“【", "，。；：、）》”】！？％", "⺀-⿿々-鿿豈-﫿＀-￯"
_WORDS = re.compile(
    f" *[{_OPENING}]*(?:(?:第 )?[≥≤]?[0-9.]+ [{_CHINESE}]|[{_CHINESE}]"
    f"|[^ {_CHINESE}{_OPENING}{_CLOSING}]+)[{_CLOSING}]*"
    f"| *[{_OPENING}{_CLOSING}]+"
)


_drawing_now: ContextVar[bool] = ContextVar("drawing_now", default=False)


@dataclass(frozen=True)
class Look:
    """The colour of a stratum, and the line style and marker that repeat its message."""

    colour: str
    dash: str | tuple
    marker: str


@contextmanager
def drawing(texts: Iterable[str] = (), **changes: object) -> Iterator[None]:
    """Draw in carstats' style, whatever the user's settings are, and restore those afterwards.

    `changes` are fields of `Setting`.
    """
    before = setting_now.set(replace(setting(), **changes))
    within = _drawing_now.set(True)
    try:
        families = list(font_families("".join(texts)))
        with matplotlib.rc_context():
            # Within another drawing the user's settings are put aside already.
            if within.old_value is not True:
                matplotlib.rcdefaults()
                matplotlib.rcParams.update(_RC)
            matplotlib.rcParams["font.family"] = families
            yield
    finally:
        _drawing_now.reset(within)
        setting_now.reset(before)


def font_families(text: str) -> tuple[str, ...]:
    """Return the fonts to write a text with: the style's, then one for what that lacks."""
    return _font_families(text, setting().style.font)


@lru_cache(maxsize=256)
def _font_families(text: str, font: str) -> tuple[str, ...]:
    families, lacking = _families_for(text, font)
    # Matplotlib keeps its list of fonts over years: one may have come since.
    if lacking and _add_new_fonts():
        _characters.cache_clear()
        families, lacking = _families_for(text, font)
    if lacking:
        shown = " ".join(f"{chr(c)!r} (U+{c:04X})" for c in sorted(lacking)[:5])
        raise CarstatsError(
            message(
                "no installed font can write {characters}. Install a font that has it (for "
                'Chinese: pip install "carstats[zh]", or Noto Sans SC from '
                "https://fonts.google.com/noto) or write the label in others.",
                characters=shown,
            )
        )
    return families


def _families_for(text: str, font: str) -> tuple[tuple[str, ...], set[int]]:
    """Return the fonts that a text needs of those known, and the characters that none has."""
    lacking = {ord(c) for c in text if not c.isspace()} - _characters(font)
    families = [font]
    if lacking:
        _add_extra_fonts()
        installed = {entry.name for entry in font_manager.fontManager.ttflist}
        others = sorted(installed - {*_FALLBACK, font})
        # The font of last resort has a box for every character, which is what must not be drawn.
        others = [name for name in others if not name.startswith(("Last Resort", "LastResort"))]
        for family in [name for name in _FALLBACK if name in installed] + others:
            found = lacking & _characters(family)
            if found:
                _stand_in_for_bold(family)
                families.append(family)
                lacking -= found
            if not lacking:
                break
    return tuple(families), lacking


@lru_cache(maxsize=1)
def _add_new_fonts() -> bool:
    """Make fonts known that were installed since matplotlib made its list; say whether any was."""
    known = {os.path.realpath(entry.fname) for entry in font_manager.fontManager.ttflist}
    new = {os.path.realpath(path) for path in font_manager.findSystemFonts()} - known
    for path in sorted(new):
        # A damaged file among a computer's fonts is not this figure's matter.
        with suppress(OSError, RuntimeError, ValueError):
            font_manager.fontManager.addfont(path)
    return bool(new)


@lru_cache(maxsize=1)
def _add_extra_fonts() -> None:
    """Make the font known that ``carstats[zh]`` brings; nothing else of its package is run."""
    package = find_spec("zhplot")
    for folder in (package.submodule_search_locations or ()) if package else ():
        for path in sorted(Path(folder, "fonts").glob("*.ttf")):
            font_manager.fontManager.addfont(path)


def _stand_in_for_bold(family: str) -> None:
    """Let a font of one weight be its own bold; matplotlib would complain at each bold heading."""
    fonts = font_manager.fontManager.ttflist
    weights = [entry.weight for entry in fonts if entry.name == family]
    if not {700, "bold"} & set(weights):
        regular = next(entry for entry in fonts if entry.name == family)
        fonts.append(replace(regular, weight=700))


@lru_cache(maxsize=512)
def _characters(family: str) -> frozenset[int]:
    fonts = font_manager.fontManager.ttflist
    named = (entry.fname for entry in fonts if entry.name == family)
    # Matplotlib's list may name a font that was removed since.
    path = next((path for path in named if os.path.exists(path)), "")
    # A font of coloured bitmaps cannot be drawn and has no outlines to scale.
    if not path or "ColorEmoji" in path:
        return frozenset()
    return frozenset(font_manager.get_font(path).get_charmap())


def one_weight(figure: Figure) -> None:
    """Write bold texts that have Chinese in them with a line around their letters.

    Their font has one weight: only the digits and Latin letters among them would be bold otherwise.
    """
    for text in figure.findobj(Text):
        if text.get_weight() == "bold" and re.search(f"[{_CHINESE}]", text.get_text()):
            text.set_weight("normal")
            line = Stroke(linewidth=_BOLDER * text.get_fontsize(), foreground=text.get_color())
            text.set_path_effects([line, Normal()])


def clean(text: object) -> str:
    """Return a label in words, on one line, without characters that have no shape of their own."""
    kept = (
        " " if c in "\t\r\n\f\v\u2028\u2029" else c
        for c in (in_words(text) if isinstance(text, str) else str(text))
        if c in "\t\r\n\f\v"
        or (unicodedata.category(c)[0] != "C" and not "\ufe00" <= c <= "\ufe0f")
    )
    return re.sub(" +", " ", "".join(kept)).strip()


@lru_cache(maxsize=8192)
def _width(text: str, size: float, weight: str, families: tuple[str, ...]) -> float:
    properties = font_manager.FontProperties(family=list(families), size=size, weight=weight)
    width = _renderer().get_text_width_height_descent(text, properties, False)[0] * 72 / 300
    # Hinting makes text a little narrower here than its outlines are in SVG and PDF.
    return 1.01 * width


@lru_cache(maxsize=1)
def _renderer():
    from matplotlib.backends.backend_agg import RendererAgg

    return RendererAgg(8, 8, 300)


def text_width(text: str, size: float = SIZE, weight: str = "normal") -> float:
    """Return how wide a text is in points."""
    return _width(text, size, weight, font_families(text)) if text else 0.0


def _held(text: str) -> str:
    """Hold together what a line must not part: "5 %", "p = 0.16", a last "…: 10"."""
    text = re.sub(" (?=%)|(?<=:) (?=[0-9,]+$)", "\u00a0", text)
    return re.sub(r"\b([pP]) ([=<>≤≥]) ", "\\1\u00a0\\2\u00a0", text)


def wrap(
    text: str, width: float, size: float = SIZE, weight: str = "normal", most: int = 0
) -> list[str]:
    """Break a text into lines of a width in points; a word too long for one is broken itself."""
    lines, line = [], ""
    for word in _WORDS.findall(_held(clean(text))):
        if text_width(line + word, size, weight) <= width:
            line += word
            continue
        if line:
            lines.append(line)
        line = word.lstrip(" ")
        while len(line) > 1 and text_width(line, size, weight) > width:
            cut = next(
                (
                    i
                    for i in range(len(line) - 1, 1, -1)
                    if text_width(line[:i], size, weight) <= width
                ),
                1,
            )
            lines.append(line[:cut])
            line = line[cut:]
    lines.append(line)
    if most and len(lines) > most:
        # Long names differ at their ends: the middle gives way where there is room for both.
        whole = clean(text)
        for length in range(len(whole) - _TAIL - 1, _TAIL, -1):
            shorter = wrap(f"{whole[:length].rstrip()}…{whole[-_TAIL:]}", width, size, weight)
            if len(shorter) <= most:
                return shorter
        lines = lines[:most]
        last = lines[-1]
        while last and text_width(last + "…", size, weight) > width:
            last = last[:-1]
        lines[-1] = last.rstrip() + "…"
    return lines


def min_width(text: str, size: float = SIZE) -> float:
    """Return the width in points that a text can be broken to without breaking a word."""
    return max((text_width(word.strip(), size) for word in _WORDS.findall(clean(text))), default=0)


def looks(result: Result) -> dict[tuple, Look]:
    """Return the look of each stratum; the same stratum looks the same in every figure."""
    keys = [key for key, _ in result.strata()]
    if not result.by:
        return {(): Look(INK, "solid", "o")}
    if len(result.by) == 1:
        levels = level_looks(result, result.by[0])
        return {key: levels[key[0]] for key in keys}
    main = "target" if "target" in result.by else result.by[-1]
    other = next(column for column in result.by if column != main)
    colours, lines = level_looks(result, main), level_looks(result, other)
    at, beside = result.by.index(main), result.by.index(other)
    found = {
        key: Look(colours[key[at]].colour, lines[key[beside]].dash, colours[key[at]].marker)
        for key in keys
    }
    if len({(look.colour, look.dash) for look in found.values()}) < len(found):
        found = {key: _numbered(i, _COLOURS) for i, key in enumerate(keys)}
    return found


def level_looks(result: Result, column: str) -> dict[object, Look]:
    """Return the look of each level of one column of a result."""
    names, colours = _FIXED.get(column, ([], _COLOURS))
    levels = list(dict.fromkeys(result.frame[column]))
    order = [name for name in result.labels.get(column, {}) if name not in names]
    new = list(dict.fromkeys([*order, *(level for level in levels if level not in names)]))
    place = {name: i for i, name in enumerate([*names, *new])}
    own = setting().colours
    found = {level: _numbered(place[level], colours) for level in levels}
    return {k: replace(v, colour=own[k]) if k in own else v for k, v in found.items()}


def _numbered(i: int, colours: tuple[str, ...]) -> Look:
    # The counts of colours, lines and markers share no factor, so their pairs repeat late.
    return Look(colours[i % len(colours)], _DASHES[i % 5], _MARKERS[i % 9])
