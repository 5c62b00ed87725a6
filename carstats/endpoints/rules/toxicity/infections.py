"""Infections: class by organism, serious or not, and windows by day of onset."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.arrays import BooleanArray

from carstats.data.vocabulary import folded
from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.grades import check_grades
from carstats.endpoints.record.logic import any_of, compare, flags, numbers
from carstats.endpoints.record.worksheets import check_table
from carstats.errors import CarstatsError, check_choice
from carstats.messages import mark, message

CLASSES = (
    mark("bacterial"),
    mark("viral"),
    mark("fungal"),
    mark("parasitic"),
    mark("no organism"),
    mark("unclassified"),
)
WINDOWS = ("0-30", "31-100", "101-365", ">365")
_STARTS = (0, 31, 101, 366)

_ORGANISMS = {
    "viral": (
        "virus", "viral", "CMV", "EBV", "HSV", "VZV", "HHV", "RSV", "HBV", "HCV", "HEV", "JCV",
        "BKV", "HMPV", "PIV", "SARS-CoV-2", "COVID", "influenza", "zoster", "herpes", "varicella",
        "病毒", "流感", "疱疹", "新冠", "巨细胞",
    ),
    "fungal": (
        "candida", "aspergill", "pneumocystis", "PJP", "PCP", "cryptococc", "mucor", "fusarium",
        "histoplasm", "rhizopus", "trichosporon", "scedosporium", "talaromyces", "fung", "mould",
        "yeast", "真菌", "念珠菌", "曲霉", "肺孢子菌", "毛霉", "隐球菌", "镰刀菌",
        "马尔尼菲", "酵母",
    ),
    "parasitic": (
        "toxoplasm", "strongyloid", "giardia", "cryptosporid", "plasmodium", "leishmania",
        "parasit", "寄生虫", "弓形虫", "隐孢子虫", "疟",
    ),
    "bacterial": (
        "staphylococc", "streptococc", "enterococc", "pneumococc", "meningococc", "escherichia",
        "E. coli", "E coli", "klebsiella", "pseudomonas", "enterobacter", "acinetobacter",
        "proteus", "serratia", "citrobacter", "salmonella", "campylobacter", "clostridi",
        "C. diff", "C diff", "haemophilus influenzae", "haemophilus", "hemophilus", "moraxella",
        "legionella", "listeria", "nocardia", "mycobacteri", "tubercul", "mycoplasma", "chlamydia",
        "stenotrophomonas", "bacteroides", "burkholderia", "bordetella", "corynebacter",
        "morganella", "bacillus", "neisseria", "MRSA", "MSSA", "VRE", "CRKP", "CRAB",
        "ESBL", "NTM", "bacteri", "细菌", "结核", "杆菌", "球菌", "埃希菌", "克雷伯", "单胞菌",
        "沙门菌", "诺卡菌", "分枝杆菌", "支原体", "衣原体", "军团菌", "李斯特", "弯曲菌",
        "流感杆菌", "流感嗜血杆菌",
    ),
    "no organism": (
        "none", "no organism", "culture negative", "culture-negative", "negative",
        "not identified", "unknown", "not known", "无", "阴性", "培养阴性", "未检出", "病原未明",
        "病原不明", "不明", "未知",
    ),
}  # fmt: skip


def infection_class(
    organism: ArrayLike, *, organisms: Mapping[str, str] | None = None
) -> NDArray[np.object_]:
    """Class infections by their organism.

    Parameters
    ----------
    organism : The organism as recorded, such as ``"Escherichia coli"`` or ``"CMV"``.
    organisms : Organisms of the study's own, each with its class; they win over those known here.

    Returns
    -------
    One of `CLASSES`; ``"unclassified"`` where the organism is not known here, None where it is
    missing.

    Notes
    -----
    Mycobacteria are bacterial. An organism is known by a part of its name, the longest that is
    known here: Haemophilus influenzae is no influenza. Status: design.
    """
    own = {} if organisms is None else {folded(name): kind for name, kind in organisms.items()}
    for kind in own.values():
        check_choice("organisms", kind, CLASSES)
    names = np.atleast_1d(np.asarray(organism, dtype=object))
    codes, spellings = pd.factorize(names)
    kinds = np.array([*(_class_of(name, own) for name in spellings), None], dtype=object)
    return kinds[codes]


def serious_infection(
    grade: ArrayLike, iv_antimicrobials: ArrayLike, hospitalised: ArrayLike, *, from_grade: int = 3
) -> BooleanArray:
    """Judge whether infections are serious.

    Parameters
    ----------
    grade : CTCAE grade, 0 to 5.
    iv_antimicrobials, hospitalised : Whether it was treated intravenously, and whether it led to or
        prolonged a hospital stay.
    from_grade : The grade from which an infection is serious.

    Returns
    -------
    True where any holds; NA where none is known to and one is missing.
    """
    high = compare(check_grades("grade", grade), ">=", float(from_grade))
    return any_of(high, *flags(iv_antimicrobials=iv_antimicrobials, hospitalised=hospitalised))


def onset_window(onset_day: ArrayLike) -> NDArray[np.object_]:
    """Give the window after infusion that an onset lies in; the windows do not overlap.

    Parameters
    ----------
    onset_day : Days since the infusion.

    Returns
    -------
    ``"0-30"``, ``"31-100"``, ``"101-365"``, ``">365"``; None before the infusion or where missing.

    Examples
    --------
    >>> onset_window([30, 31, 100, 101, 365, 366])
    array(['0-30', '31-100', '31-100', '101-365', '101-365', '>365'],
          dtype=object)
    """
    (day,) = numbers(onset_day=(onset_day, -100_000, 100_000))
    which = np.searchsorted(_STARTS, day, side="right") - 1
    labels = np.array([*WINDOWS, None], dtype=object)
    return labels[np.where(np.isnan(day) | (which < 0), len(WINDOWS), which)]


def window_exposure(
    subject_id: ArrayLike, followed_to_day: ArrayLike, *, followed_from_day: ArrayLike = 0
) -> pd.DataFrame:
    """Give each subject's days at risk in each window after infusion.

    Parameters
    ----------
    subject_id : The subjects.
    followed_to_day : Last day of follow-up, counted whole.
    followed_from_day : First day of follow-up.

    Returns
    -------
    One row per subject and window: `subject_id`, `window`, `at_risk` (whether still followed at the
    window's start), `days` (days followed in it).
    """
    subjects = np.asarray(subject_id, dtype=object)
    last, first = numbers(
        followed_to_day=(followed_to_day, -100_000, 100_000),
        followed_from_day=(followed_from_day, -100_000, 100_000),
    )
    if np.isnan(last).any() or np.isnan(first).any():
        raise CarstatsError(
            message(
                "`{argument}` is missing for a subject; every subject needs one.",
                argument="followed_to_day",
            )
        )
    if len(last) not in (1, len(subjects)):
        raise CarstatsError(
            message(
                "`{argument}` has {k} values for {n} subjects.",
                argument="followed_to_day",
                k=len(last),
                n=len(subjects),
            )
        )
    starts = np.array(_STARTS, dtype=float)
    ends = np.array([*starts[1:] - 1, np.inf])
    last, first = (np.broadcast_to(day, (len(subjects),))[:, None] for day in (last, first))
    days = np.minimum(last, ends) - np.maximum(first, starts) + 1
    return pd.DataFrame({
        "subject_id": np.repeat(subjects, len(WINDOWS)),
        "window": pd.Categorical(np.tile(WINDOWS, len(subjects)), WINDOWS, ordered=True),
        "at_risk": ((last >= starts) & (first <= starts)).ravel(),
        "days": np.maximum(days, 0.0).ravel(),
    })  # fmt: skip


@rule(
    "infection",
    "any",
    "toxicity",
    definition=(
        "CTCAE grade 3 or more, or serious (intravenous antimicrobials or admission), by "
        "organism and window."
    ),
    thresholds="grade 3",
    source="CTCAE, version in the row",
)
def describe_infections(
    infections: pd.DataFrame, *, organisms: Mapping[str, str] | None = None, from_grade: int = 3
) -> pd.DataFrame:
    """Describe infections: class, serious, window; one row each, in the toxicities' columns.

    Status: verify (what is serious); design (classes).

    Parameters
    ----------
    infections : One row per infection: `subject_id`, `onset_day`; optionally `organism`, `grade`,
        `resolution_day`, `iv_antimicrobials`, `hospitalised`, `system`.
    organisms : As in `infection_class`.
    from_grade : As in `serious_infection`.

    Returns
    -------
    The rows with `term`, `grading_scale`, `infection_class`, `serious`, `window`. A column that is
    absent makes its part of `serious` missing.
    """
    optional = [
        "organism",
        "grade",
        "resolution_day",
        "iv_antimicrobials",
        "hospitalised",
        "system",
    ]
    blank = ["onset_day", "resolution_day"]
    table = check_table("infections", infections, ["subject_id", "onset_day"], optional, blank)
    parts = {
        name: table[name] if name in table else np.full(len(table), np.nan)
        for name in ("grade", "iv_antimicrobials", "hospitalised")
    }
    organism = table["organism"] if "organism" in table else np.full(len(table), None)
    if not len(table):
        parts = dict.fromkeys(parts, np.nan)
    serious = serious_infection(*parts.values(), from_grade=from_grade)
    texts = {
        "infection_class": infection_class(organism, organisms=organisms)[: len(table)],
        "window": onset_window(table["onset_day"])[: len(table)],
    }
    # As objects, what is missing stays None, however pandas stores texts.
    kinds = {name: pd.Series(text, table.index, dtype=object) for name, text in texts.items()}
    return table.assign(
        term="infection",
        grading_scale="CTCAE v5",
        infection_class=kinds["infection_class"],
        serious=serious[: len(table)],
        window=kinds["window"],
    )


def _class_of(name, own):
    text = folded(name)
    if text in own:
        return own[text]
    exact, words = _spellings()
    if text in exact:
        return "no organism"
    # Of two words the longer is the name: 隐球菌 is a fungus, though 球菌 are bacteria.
    found = [(len(word), -place, kind) for place, kind, word in words if word in text]
    return max(found)[2] if found else "unclassified"


@cache
def _spellings():
    """Return what says that no organism was found, and the words of the others."""
    kinds = enumerate(("viral", "fungal", "parasitic", "bacterial"))
    words = [(place, kind, folded(word)) for place, kind in kinds for word in _ORGANISMS[kind]]
    return {folded(word) for word in _ORGANISMS["no organism"]}, words
