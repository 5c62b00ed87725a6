"""The drawing of a page is the figure's, in fewer bytes."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from carstats.report.pages.save import figure_bytes
from carstats.report.pages.svg_compact import compact_svg


def corners(data, relative):
    """Return the points of a path of M, L and z, or of their relative forms."""
    at, start, found = np.zeros(2), np.zeros(2), []
    for sign, text in re.findall(r"([A-Za-z])([^A-Za-z]*)", data):
        numbers = [float(word) for word in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", text)]
        if sign in "zZ":
            at = start
            continue
        point = np.array(numbers[-2:])
        at = at + point if relative and sign.islower() else point
        start = at if sign in "Mm" else start
        found.append(at)
    return np.array(found)


@pytest.fixture(scope="module")
def drawn():
    figure = Figure(figsize=(4, 3))
    axes = figure.subplots()
    axes.bar([1, 2], [3, 4], hatch="..", facecolor="#ffeedd", edgecolor="#0072b2")
    axes.plot(np.linspace(0, 3, 400), np.sin(np.linspace(0, 30, 400)), clip_on=True)
    axes.set_title("Words & <signs> -- here")
    text = figure_bytes(figure, "svg").decode()
    return text, compact_svg(text)


def test_it_is_smaller_and_still_a_drawing(drawn):
    before, after = drawn
    assert len(after) < 0.7 * len(before)
    one, other = ElementTree.fromstring(before), ElementTree.fromstring(after)
    assert other.attrib == one.attrib
    kinds = [e.tag for e in one.iter() if "w3.org/2000/svg" in e.tag and "metadata" not in e.tag]
    assert [e.tag for e in other.iter()] == kinds
    for name in ("fill", "style"):
        looks = [
            [re.sub("#[^)]*[)]", ")", e.get(name)) for e in tree.iter() if e.get(name)]
            for tree in (one, other)
        ]
        assert [look.replace(": ", ":").replace("; ", ";") for look in looks[0]] == looks[1] != []


def test_paths_go_through_the_same_points(drawn):
    paths = [re.findall(r' d="([^"]+)"', text) for text in drawn]
    assert len(paths[0]) == len(paths[1]) > 5
    dots = 0
    for one, other in zip(*paths, strict=True):
        if "a" in other:
            # The dots of the hatch: circles of eight curves each, from one to the other.
            starts = np.array([m.split() for m in re.findall(r"M (\S+ \S+)", one)], float)
            steps = re.findall(r"[Mm](-?[\d.]+) ?(-?[\d.]+)a", other)
            found = np.cumsum(np.array(steps, float), axis=0)
            assert np.abs(starts - found).max() < 0.0051 * len(starts)
            assert len(re.findall("a", other)) == 2 * one.count("M")
            dots += 1
            continue
        a, b = corners(one, relative=False), corners(other, relative=True)
        # Letters have units of a thousandth of a point, everything else hundredths.
        assert np.abs(a - b).max() < (0.51 if np.abs(a).max() > 400 else 0.0051)
    assert dots


def test_every_reference_leads_to_one_element(drawn):
    ids = re.findall(r' id="([^"]+)"', drawn[1])
    assert len(ids) == len(set(ids))
    used = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', drawn[1])
    assert {name for pair in used for name in pair if name} == set(ids)
