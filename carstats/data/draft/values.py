"""What the values of a column mean: the nearest term of the vocabulary, and how sure that is."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import permutations
from pathlib import Path

from carstats.data.draft.lexicon import Sense, pieces
from carstats.data.draft.spelling import compact, plain, tokens_of
from carstats.data.draft.visits import may_be_calendar, visit_day
from carstats.data.matching import code_key, nearest, read_grade
from carstats.data.measures import MEASURE_TABLE
from carstats.data.schema import TABLES
from carstats.data.units import folded_unit
from carstats.data.vocabulary import Vocabulary

_UNKNOWN_IS_A_TERM = ("subjects.death_cause", "toxicities.attribution")
# Of codes and flags every sign counts; of names only the words do.
_STRICT = ("flag", "missing")
_CODED = re.compile(r"\s*(\d{1,2})\s*[,.、=:：-]\s*(\D.*)$")
_CODE_BEHIND = re.compile(r"(.*?\D)\s*[(（=:：-]?\s*(\d)\s*[)）]?$")
_ICD = re.compile(r"[A-Z]\d\d(?:\.\d{1,3})?[A-Z0-9]*$", re.I)
_ICD_TERMS = {
    "M32": "SLE", "M33": "IIM", "G72.41": "IIM", "M60.8": "IIM", "M34": "SSc", "G70.0": "MG",
    "G36.0": "NMOSD", "G35": "MS", "G25.82": "SPS", "G61.81": "CIDP", "G37.81": "MOGAD",
    "M05": "RA", "M06": "RA", "M31.3": "AAV", "M31.7": "AAV", "M30.1": "AAV", "M35.0": "SjD",
    "D69.3": "ITP", "D59.1": "AIHA", "L10": "PV", "M35.1": "+MCTD",
}  # fmt: skip
# What says how ill, how old or when, and not with what.
_FILLERS = {
    "subjects.disease": "难治性;难治;复发难治;复发难治性;复发性;复发;活动期;活动性;活动;"
    "稳定期;重度;"
    "重症;"
    "中度;轻度;原发性;继发性;儿童;青少年;幼年;成人;成年;确诊;诊断;合并;伴;伴有;并;"
    "及;和;与;患者;病;症;"
    "型;类;级;iv;iii;ii;v;i;class;refractory;relapsed;relapsing;severe;active;moderate;juvenile;"
    "adult;pediatric;paediatric;childhood;onset;with;and;of;disease;syndrome;r;rr;间质性肺病;ild;"
    "肺间质病变;间质性肺炎;therapy;resistant;treatment;chronic;primary;typical;vs;伴间质性肺病;"
    "抗体阳性;阳性;抗;抗体;高血压;a;c;iv型",
    "subjects.target": "抗;靶点;靶向;单靶;单靶点;双靶;双靶点;car;t;cart;cells;cell;细胞;"
    "anti;directed;"
    "targeted;target;single;dual;tandem;co;infusion;and;与;和;联合;及;nk;the;compound;bispecific;"
    "双特异性;ccar;治疗;x;&;+;autologous;自体;alone;only;cartcells;串联",
    "subjects.platform": "细胞;治疗;疗法;自体;异体;通用型;cells;cell;therapy;autologous;allogeneic;"
    "cd19;bcma;抗;anti;靶向;第二代;universal;mrna;ipsc;体内;product",
    "subjects.cell_source": "来源;细胞;t;cells;cell;derived;t细胞;的;source;donor;car;cart",
    "toxicities.term": "grade;级;度;1;2;3;4;5;i;ii;iii;iv;轻度;中度;重度;严重;急性;慢性;早期;晚期;"
    "mild;"
    "moderate;severe;acute;chronic;early;late;ctcae;other;specify;伴;症;prolonged;持续;反复;"
    "recurrent;可能;suspected;疑似;g;g1;g2;g3;g4;综合征;car;t;cart;相关;related;"
    "localized;左侧;右侧",
    "medications.drug_class": "片;胶囊;注射液;缓释片;缓释;分散片;肠溶片;钠;醋酸;盐酸;硫酸;磷酸;"
    "静滴;"
    "口服;冲击;注射用;iv;po;mg;g;qd;bid;治疗;therapy;pulse;intravenous;oral;tablets;sc;"
    "人;low;dose;high;小剂量;大剂量;重组;单抗注射液;d;天;日",
    "subjects.death_cause": "死于;所致;due;to;of;重度;严重;重症;severe;急性;acute;相关;related;"
    "fatal;死亡",
    "toxicities.system": "感染;infection;disorders;系统;疾病;类;部;部位;site;tract;及;和;各种",
    "visit": "访视;随访;visit;arm;arm 1;arm_1;回输后;输注后;post;infusion;第;后;follow;up;±;"
    "window;治疗后",
}
_GRADE_WORDS = re.compile(
    r"ctcae|astct|nci|cytokine release syndrome|细胞因子释放综合征|crs|neurotoxicity|神经毒性|"
    r"icans|icaht|grade|grad|gr|g|グレード|级别|级|度|骨髓抑制|标准|等级|"
    r"v?\d\.0|最高|max|[():：.\s]"
)
_NO_EPISODE = re.compile(
    r"(?:no|none|without|never|无|未发生|未出现|没有|kein|keine)\s*"
    r"(?:any\s*)?(?:crs|icans|icaht|cytokine release syndrome|neurotox(?:icity)?|神经毒性|"
    r"细胞因子释放综合征)"
)
_HAN_GRADE = {"零": 0, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5}
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5}
_UNITS = {"ng/ml": "ug/L", "mg/mg": "g/g", "/mm3": "/uL", "个/ul": "/uL",
          "cells/ul": "/uL", "gpt/l": "10^9/L", "g/l(zellen)": "10^9/L", "°f": "degF",
          "ummol/l": "umol/L", "gm/dl": "g/dL", "gms/dl": "g/dL",
          "10^9": "10^9/L", "%": "% predicted", "片/日": "tablets/d",
          "万/ul": "10^4/uL"}  # fmt: skip
_NAMED_UNITS = ("g/L", "g/dL", "mg/dL", "mg/L", "ug/L", "umol/L", "mmol/L", "nmol/L", "IU/mL",
                "RU/mL", "U/mL", "10^9/L", "10^4/uL", "10^3/uL", "/uL", "mg/g", "g/g", "mg/mmol",
                "mL/min/1.73m2", "mL/min", "U/L", "IU/L", "degC", "degF", "mm/h", "% predicted",
                "copies/ug DNA", "copies/mL", "pg/mL", "mg/d", "ng/mL", "g/24h", "g/d")  # fmt: skip


@dataclass(frozen=True)
class Meaning:
    """What a value is taken for.

    Attributes
    ----------
    term : str
        The term; ``missing``; with a ``+`` before it where the vocabulary lacks it; empty if
        nothing is known.
    sure : bool
        Whether it may stand without being looked at.
    known : bool
        Whether carstats reads the value so already.
    """

    term: str = ""
    sure: bool = False
    known: bool = False


@cache
def _tables() -> dict[str, dict[str, tuple[str, bool]]]:
    tables: dict[str, dict[str, tuple[str, bool]]] = {}
    path = Path(__file__).with_name("values.csv")
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            table = tables.setdefault(row["column"], {})
            for spelling in row["spellings"].split("|"):
                table.setdefault(_key(row["column"], spelling), (row["term"], not row["mark"]))
    return tables


def _key(column: str, text: str) -> str:
    if column in _STRICT:
        return code_key(text)
    # "LN-" is not LN.
    return compact(text) + ("-" if plain(text).rstrip().endswith(("-", "−", "－")) else "")


def _category(column: str) -> str:
    table, _, name = column.partition(".")
    described = TABLES[table].column(name) if table in TABLES else None
    return described.category if described else ""


@cache
def _phrases(column: str) -> dict[str, tuple[Sense, ...]]:
    """Return the phrases of one column's values: its terms, and what changes none."""
    known = {
        key: (Sense("term", term, "" if sure else "?"),)
        for key, (term, sure) in _tables().get(column, {}).items()
    }
    category = _category(column)
    for term in getattr(Vocabulary(), category, ()) if category else ():
        for spelling in (term.name, term.label, *term.aliases):
            known.setdefault(compact(spelling), (Sense("term", term.name),))
    for word in _FILLERS.get(column, "").split(";"):
        known.setdefault(compact(word), (Sense("word", ""),))
    known.pop("", None)
    return known


@lru_cache(maxsize=65_536)
def meaning(column: str, value: str) -> Meaning:
    """Return what a value of a column means.

    `column` is ``table.column``, or ``flag``, ``missing``, ``visit``, ``organism`` or
    ``assessments:MEASURE``.
    """
    text = plain(value).strip()
    category = _category(column)
    if category and (term := Vocabulary().canonical(category, value)):
        doubtful = _tables().get(column, {}).get(_key(column, text), ("", True))
        return Meaning(term, doubtful[1] or doubtful[0] != term, known=True)
    if column == "toxicities.grade":
        return _grade(text)
    if column == "assessments.unit":
        return _unit(text)
    exact = _tables().get(column, {}).get(_key(column, text))
    if exact:
        return Meaning(*exact)
    if text.endswith("-") and column not in _STRICT:
        return Meaning()
    if column != "missing" and (missing := is_missing(text)):
        # Where "unknown" is a term, it may be that.
        return replace(missing, sure=missing.sure and column not in _UNKNOWN_IS_A_TERM)
    if column == "visit" and (found := _visit(text)).term:
        return found
    if column == "subjects.disease" and _ICD.match(text):
        terms = [t for code, t in _ICD_TERMS.items() if text.upper().startswith(code)]
        return Meaning(terms[0], True) if terms else Meaning()
    if column in _STRICT:
        return _without_code(column, text) or _limit(column, text) or _first_word(column, text)
    return _by_phrases(column, text)


def is_missing(text: str) -> Meaning | None:
    """Return that a value says that there is none; None if it may say something."""
    found = _tables()["missing"].get(code_key(text))
    if found and found[0] == "missing" and not re.search(r"\d", text):
        return Meaning("missing", found[1])
    return None


def _without_code(column: str, text: str) -> Meaning | None:
    """Return what a value means beside the code that stands in it, such as ``1, Yes``."""
    for pattern, group in ((_CODED, 2), (_CODE_BEHIND, 1)):
        if (found := pattern.match(text)) and found[group].strip() != text:
            inner = meaning(column, found[group].strip(" (（)）=-"))
            if inner.term:
                return Meaning(inner.term, inner.sure)
    return None


def _limit(column: str, text: str) -> Meaning | None:
    if column == "missing" and re.match(r"[<>≤≥]\s*\d", text):
        return Meaning("censored value", True)
    return None


def _first_word(column: str, text: str) -> Meaning:
    """Return what the word before a remark says: ``Yes - confirmed``; marked."""
    found = re.match(r"\s*(\w+)\s*[-–—:：,，;；(（]", text) if column == "flag" else None
    inner = _tables()["flag"].get(_key("flag", found[1])) if found else None
    return Meaning(inner[0]) if inner and inner[0] in ("true", "false") else Meaning()


def _by_phrases(column: str, text: str) -> Meaning:
    if coded := _without_code(column, text):
        return coded
    known = _phrases(column)
    found = pieces(tokens_of(text), known)
    terms = [(p.senses[0].name, p.senses[0].other) for p in found
             if p.senses and p.senses[0].kind == "term"]  # fmt: skip
    unknown = [p for p in found if not p.senses and p.text.isalnum() and not p.text.isdigit()]
    names = list(dict.fromkeys(name for name, _ in terms))
    if column == "subjects.target" and len(names) > 1:
        return _several_targets(names, not unknown)
    if not names:
        return _near(column, text)
    sure = len(names) == 1 and not unknown and not any(mark for _, mark in terms)
    return Meaning(names[0], sure)


def _several_targets(names: list[str], sure: bool) -> Meaning:
    antigens = list(dict.fromkeys(p for name in names for p in name.lstrip("+").split("+")))
    orders = ("+".join(order) for order in permutations(antigens[:3]))
    known = next(filter(None, (Vocabulary().canonical("target", o) for o in orders)), None)
    return Meaning(known or "+" + "+".join(antigens), sure)


def _near(column: str, text: str) -> Meaning:
    """Return the term that a value is a slip of the pen of: marked."""
    spellings = {key: term for key, (term, _) in _tables().get(column, {}).items()}
    near = nearest(compact(text), [key for key in spellings if len(key) >= 5], 0.84)
    return Meaning(spellings[near]) if near else Meaning()


def _visit(text: str) -> Meaning:
    low = compact(text)
    day = visit_day(low)
    if day is None:
        return Meaning()
    # CDISC counts from day 1, and study visits of day 29 are four weeks.
    day = 28 if low in ("d29", "day29") else day
    return Meaning(str(day), not may_be_calendar(low) and low not in ("三月", "6月", "三月份"))


def _grade(text: str) -> Meaning:
    exact = _tables()["toxicities.grade"].get(compact(text))
    if (grade := read_grade(text)) is not None:
        return Meaning(str(grade), True, known=True)
    if exact and not re.search(r"[-~～→+≥]", text):
        return Meaning(*exact)
    # What stands in brackets beside a grade explains it, unless it may be one itself.
    low = re.sub(r"[(（][^\d()（）ⅠⅡⅢⅣⅤⅰ-ⅴ一二三四五]{4,}[)）]", " ", text.casefold())
    if _NO_EPISODE.fullmatch(low):
        return Meaning("0", True)
    sign = re.search(r"[≥>+]|at least|以上", low)
    parts = [p for p in re.split(r"[-~～→/]|to|至", _GRADE_WORDS.sub(" ", low)) if p.strip()]
    numbers = [_one_grade(part) for part in parts]
    if not numbers or None in numbers:
        return Meaning(*exact) if exact else Meaning()
    worst = max(n for n in numbers if n is not None)
    return Meaning(str(worst), (len(numbers) == 1 and not sign) or ("→" in low and not sign))


def _one_grade(part: str) -> int | None:
    bare = re.sub(r"[≥>+=\s]", "", part)
    bare = bare.rstrip("以上").strip()
    if re.fullmatch(r"[0-5]", bare):
        return int(bare)
    return _ROMAN.get(bare, _HAN_GRADE.get(bare))


def _unit(text: str) -> Meaning:
    folded = folded_unit(re.sub(r"^\^", "", text))
    for spelling, unit in _UNITS.items():
        if folded == folded_unit(spelling):
            return Meaning(unit, spelling not in ("%", "片/日"))
    for unit in _NAMED_UNITS:
        if folded == folded_unit(unit):
            return Meaning(unit, unit != "mL/min", known=True)
    known = {folded_unit(u): u for m in MEASURE_TABLE.values() for u in m.units}
    return Meaning(known[folded], True, known=True) if folded in known else Meaning()
