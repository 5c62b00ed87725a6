"""The abbreviations of a table in full, as journals ask below it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeVar

from carstats.messages import mark
from carstats.report.tables.model import Content
from carstats.words import sentence, tr

T = TypeVar("T", bound=Content)

_IN_FULL = {
    "AAV": mark("ANCA-associated vasculitis"),
    "AChR": mark("acetylcholine receptor"),
    "AIHA": mark("autoimmune haemolytic anaemia"),
    "AQP4-IgG": mark("immunoglobulin G against aquaporin-4"),
    "BCMA": mark("B-cell maturation antigen"),
    "BILAG": mark("British Isles Lupus Assessment Group index"),
    "CAR-NK": mark("natural killer cells with a chimeric antigen receptor"),
    "CAR-T": mark("T cells with a chimeric antigen receptor"),
    "CAR-Treg": mark("regulatory T cells with a chimeric antigen receptor"),
    "CI": mark("confidence interval"),
    "CRISS": mark("composite response index in systemic sclerosis"),
    "CRS": mark("cytokine release syndrome"),
    "DORIS": mark("definition of remission in SLE"),
    "ICAHT": mark("immune effector cell-associated haematotoxicity"),
    "ICANS": mark("immune effector cell-associated neurotoxicity syndrome"),
    "IEC-HS": mark(
        "immune effector cell-associated haemophagocytic lymphohistiocytosis-like syndrome"
    ),
    "IIM": mark("idiopathic inflammatory myopathy"),
    "ITP": mark("immune thrombocytopenia"),
    "LICATS": mark("local immune effector cell-associated toxicity syndrome"),
    "LLDAS": mark("lupus low disease activity state"),
    "LN": mark("lupus nephritis"),
    "MFR": mark("symptom- and medication-free remission"),
    "MG": mark("myasthenia gravis"),
    "MG-ADL": mark("myasthenia gravis activities of daily living"),
    "MSE": mark("minimal symptom expression"),
    "MuSK": mark("muscle-specific kinase"),
    "NMOSD": mark("neuromyelitis optica spectrum disorder"),
    "PGA": mark("physician's global assessment"),
    "SD": mark("standard deviation"),
    "SLE": mark("systemic lupus erythematosus"),
    "SLEDAI": mark("SLE disease activity index"),
    "SSc": mark("systemic sclerosis"),
    "TIS": mark("total improvement score"),
}
# "CAR-T" is one abbreviation, "CD19+BCMA" two; "AQP4-IgG-positive" has one before a word.
_WORD = re.compile(
    r"(?<![A-Za-z0-9-])[A-Z][A-Za-z]*\d*(?:-[A-Z][A-Za-z]*)*(?![A-Za-z0-9]|-[A-Z0-9])"
)


def in_full(short: str) -> str:
    """Return what an abbreviation stands for; the same where it is not known."""
    return tr(_IN_FULL[short]) if short in _IN_FULL else short


def spelled_out(table: T) -> T:
    """Return a table with a footnote that gives its abbreviations in full."""
    texts = [table.title, *table.heads, *(spanner.text for spanner in table.spanners)]
    texts += [text for row in table.rows for text in (row.group, *row.cells)]
    texts += [*table.notes, *table.marked]
    used = {word for text in texts for word in _WORD.findall(text)}
    # What stands in full may itself be abbreviated.
    used |= {word for known in used & set(_IN_FULL) for word in _WORD.findall(_IN_FULL[known])}
    found = [
        tr("{short}: {full}", short=short, full=tr(full))
        for short, full in _IN_FULL.items()
        if short in used
    ]
    if not found:
        return table
    return replace(table, notes=(*table.notes, sentence(tr("; ").join(found))))
