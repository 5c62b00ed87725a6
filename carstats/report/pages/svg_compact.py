"""A figure's SVG made small for a page: what no eye can tell apart is not written out."""

from __future__ import annotations

import math
import re

_DROPPED = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>", re.DOTALL)
_PATH = re.compile(r'(<path(?: id="[^"]*")?) d="([^"]*)"([^>]*)>')
_STEP = re.compile(r"([MLCQZz])([^MLCQZz]*)")
# A dot of matplotlib's is eight curves.
_DOT = re.compile(r"M\s+(\S+ \S+)\s+((?:C[^MLCQZz]+){8})[Zz]")
_STYLE = re.compile(r' style="([^"]*)"')
# A letter beside the one before it, in hundredths of its size.
_LETTER = re.compile(r'(<use [^>]*?) transform="translate\((-?[\d.]+) 0\)"')
_PLACE = re.compile(r' ((?:x|y)="|transform="translate\()([^")]*)')
_LONG = re.compile(r"-?\d+\.\d{3,}")


def compact_svg(text: str) -> str:
    """Return a drawing of matplotlib's in fewer bytes, the same to the eye."""
    text = _PATH.sub(_path, _DROPPED.sub("", text))
    text = _PLACE.sub(lambda m: f" {m[1]}{_LONG.sub(lambda n: _short(float(n[0]), 2), m[2])}", text)
    used = dict.fromkeys(re.findall(r'(?<=href="#)[^"]+|(?<=url\(#)[^)]+', text))
    names = {name: f"_{number:x}" for number, name in enumerate(used)}
    text = re.sub(r' id="([^"]+)"', lambda m: f' id="{names[m[1]]}"' if m[1] in names else "", text)
    text = re.sub(r'(?<=href="#)[^"]+|(?<=url\(#)[^)]+', lambda m: names[m[0]], text)
    text = _LETTER.sub(lambda m: f'{m[1]} x="{_short(float(m[2]), 1)}"', text)
    text = _STYLE.sub(lambda m: m[0].replace(": ", ":").replace("; ", ";"), text)
    return re.sub(r">\s+<", "><", text).strip()


def _path(match: re.Match) -> str:
    """Write a path's points as steps from one to the next, which have fewer digits."""
    head, data, tail = match.groups()
    # Letters are drawn in units of about a thousandth of a point.
    places = 0 if "scale(0.015625)" in tail else 2
    scale = 10**places
    at = start = (0, 0)
    steps = []
    dots = {} if places == 0 else {m.start(): m for m in _DOT.finditer(data)}
    end = 0
    for step in _STEP.finditer(data):
        sign, numbers = step.groups()
        if step.start() < end:
            continue
        if (dot := dots.get(step.start())) and (arcs := _arcs(dot)):
            place = [round(float(word) * scale) for word in dot[1].split()]
            words = [_short((v - o) / scale, places) for v, o in zip(place, at, strict=True)]
            steps.append(("m" if steps else "M") + " ".join(words).replace(" -", "-") + arcs)
            at = start = tuple(place)
            end = dot.end()
            continue
        if sign in "Zz":
            at = start
            steps.append("z")
            continue
        given = [round(float(number) * scale) for number in numbers.split()]
        points = list(zip(given[::2], given[1::2], strict=True))
        steps.append(sign.lower() if steps else sign)
        before = at if steps[-1] != "M" else (0, 0)
        words = [
            _short((v - o) / scale, places) for p in points for v, o in zip(p, before, strict=True)
        ]
        # A sign parts two numbers as well as a space does.
        steps.append(" ".join(words).replace(" -", "-"))
        at = points[-1]
        start = at if sign == "M" else start
    return f'{head} d="{"".join(steps)}"{tail}>'


def _arcs(dot: re.Match) -> str:
    """Return a dot as two half circles; empty where its curves are not a circle."""
    x, y = map(float, dot[1].split())
    ends = [tuple(map(float, part.split()[-2:])) for part in dot[2].split("C")[1:]]
    across = ends[3][0] - x, ends[3][1] - y
    middle = x + across[0] / 2, y + across[1] / 2
    radius = math.hypot(*across) / 2
    if any(abs(math.dist(end, middle) - radius) > 0.01 + 0.01 * radius for end in ends):
        return ""
    r = _short(radius, 2)
    there = " ".join(_short(side, 2) for side in across)
    back = " ".join(_short(-side, 2) for side in across)
    return f"a{r} {r} 0 0 0 {there}a{r} {r} 0 0 0 {back}z"


def _short(value: float, places: int) -> str:
    text = f"{value:.{places}f}"
    text = text.rstrip("0").rstrip(".") if places else text
    return re.sub(r"^(-?)0\.", r"\1.", text) if text not in ("-0", "") else "0"
