"""The cells that stand printed in the committed tables, against R's of the same data."""

import html
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from carstats import Vocabulary
from carstats.report.tables.latex import escaped
from tests.report.test_table_files import word_cells

ROOT = Path(__file__).parents[2]
REFERENCE = json.loads((ROOT / "tests/reference/tables.json").read_text(encoding="utf-8"))
TOXICITIES = {term.label: term.name for term in Vocabulary().toxicity}


def body(stem):
    """Return the rows of a table as their heading, their first cell, and the other cells."""
    text = (ROOT / f"figures/{stem}.html").read_text(encoding="utf-8")
    found, group = [], ""
    for row in re.findall(r"<tr.*?</tr>", text.split("<tbody", 1)[1], re.DOTALL):
        row = re.sub(r"<sup.*?</sup>", "", row)
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        cells = [html.unescape(re.sub("<[^>]+>", "", cell)).strip() for cell in cells]
        if len(cells) == 1:
            group = cells[0]
        else:
            found.append((group, cells[0], cells[1:]))
    return found


@pytest.mark.parametrize("stem", sorted(path.stem for path in (ROOT / "figures").glob("*.docx")))
def test_html_word_and_latex_hold_the_same_cells(stem):
    cells = [[name, *cells] for _, name, cells in body(stem)]
    assert len(cells) >= 5
    text = (ROOT / f"figures/{stem}.tex").read_text(encoding="utf-8")
    lines = re.sub(r"\\textsuperscript\{[a-z,]+\}", "", text.split(r"\endlastfoot")[1]).splitlines()
    lines = [re.sub(r"\\leftskip=\d+em ", "", x) for x in lines if " & " in x]
    assert lines == [" & ".join(map(escaped, row)) + r" \\" for row in cells]
    # A row's letters stand in its first cell, raised; headings have one cell, heads come first.
    word = [r for r in word_cells((ROOT / f"figures/{stem}.docx").read_bytes()) if len(r) > 1]
    word = word[-len(cells) :]
    plain = [[cell.replace("\u00a0", " ") for cell in row] for row in cells]
    assert [row[1:] for row in word] == [row[1:] for row in plain]
    assert all(a[0].startswith(b[0]) for a, b in zip(word, plain, strict=True))


@pytest.mark.parametrize("stem", ["attrition_table", "baseline", "response_table"])
def test_rows_in_the_order_of_the_reference(stem):
    assert [cells for *_, cells in body(stem)] == REFERENCE[stem]


def test_times():
    printed, told = body("time_to_event_table"), REFERENCE["time_to_event_table"]
    assert len(printed) == len(told)
    for (_, name, cells), expected in zip(printed, told, strict=True):
        # R has no beta-product limits; they have witnesses of their own (bpcp, published).
        limited = "(" in cells[0] and "(" not in expected[0] and name != "Hazard ratio"
        assert [c.split(" (")[0] for c in cells] == expected if limited else cells == expected
    note = (ROOT / "figures/time_to_event_table.html").read_text(encoding="utf-8")
    assert f"Log-rank test, asymptotic: p = {REFERENCE['logrank']}." in html.unescape(note)


def test_limits_of_times_are_those_of_the_csv():
    saved = pd.read_csv(ROOT / "figures/time_to_event_table.csv").set_index("panel")
    rows = [(name, cells) for _, name, cells in body("time_to_event_table")]
    lows = [row["conf_low"] for _, row in saved.loc["at"].iterrows()]
    highs = [row["conf_high"] for _, row in saved.loc["at"].iterrows()]
    printed = [rows[5 + i % 2][1][i // 2] for i in range(6)]
    limits = [f"({100 * a:.0f}–{100 * b:.0f})" for a, b in zip(lows, highs, strict=True)]
    assert [cell.split("% ")[1] for cell in printed] == limits
    months = [f"({low / 30.4375:.1f} to not reached)" for low in saved.loc["quantiles", "conf_low"]]
    assert [cell.split(" ", 1)[1] for cell in rows[4][1]] == months


def test_worst_grades():
    printed = [
        (group.split(" (n")[0], TOXICITIES[name], *cells)
        for group, name, cells in body("toxicity_by_grade_table")
    ]
    assert sorted(printed) == sorted(map(tuple, REFERENCE["toxicity_by_grade_table"]))


def test_systems_and_terms():
    printed, system = [], ""
    for _, name, cells in body("toxicity_by_system"):
        term = TOXICITIES.get(name, "")
        if not term:
            system = "total" if name == "Any toxicity" else name.lower()
        printed.append((system, term, *cells))
    assert sorted(printed) == sorted(map(tuple, REFERENCE["toxicity_by_system"]))


def test_published_trials():
    saved = pd.read_csv(ROOT / "figures/evidence_table.csv")
    names = saved.loc[saved["panel"] == "trials", "study_id"]
    known = set(map(tuple, REFERENCE["evidence_table"]))
    printed = [cells for group, _, cells in body("evidence_table") if group != "Pooled"]
    assert {(name, *cells[3:5]) for name, cells in zip(names, printed, strict=True)} <= known
