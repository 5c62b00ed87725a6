"""The template as a workbook: sheets to type into, lists to pick from, limits that are checked."""

from __future__ import annotations

import datetime as dt

from carstats.data.template.layout import (
    GUIDE,
    TITLES,
    Field,
    fields,
    limits_of,
)
from carstats.data.vocabulary import Vocabulary

_ROWS = 2000
_LISTS = {"en": "lists", "zh": "列表"}
_SCALES = ("ASTCT", "CTCAE v5", "CTCAE v6", "EHA/EBMT")
# Lists that a study may go beyond: another disease is a warning and no error.
_OPEN = ("disease", "target", "toxicity", "scale")
_GUIDE = {
    "en": (
        "This workbook is read by carstats as it is: carstats check FILE, then carstats report.",
        "Type over the example rows; they are never read.",
        "Keep the names of the sheets and the headings. Columns that you do not need may be blank.",
        "Dates are dates of the spreadsheet, or 2024-03-05. A blank cell says that nothing is known"
        " but where this page says otherwise.",
        "Names, telephone numbers and other identifiers do not belong in this workbook.",
        "Sheet · Column · What it holds",
    ),
    "zh": (
        "carstats 可直接读取本工作簿：先运行 carstats check 文件名，再运行 carstats report。",
        "请覆盖示例行；示例行不会被读取。",
        "请保留工作表名称和表头。不需要的列可留空。",
        "日期请用电子表格的日期格式，或写作 2024-03-05。除本页另有说明外，空白表示未知。",
        "请勿在本工作簿中填写姓名、电话等身份信息。",
        "工作表 · 列 · 内容",
    ),
}
_WRONG = {
    "en": ("Not on the list", "Pick a value from the list.", "A date between 1950 and 2100.",
           "A number from {low} to {high}."),
    "zh": ("不在列表中", "请从列表中选择。", "请填写 1950 至 2100 年之间的日期。",
           "请填写 {low} 至 {high} 之间的数值。"),
}  # fmt: skip


def template_workbook(lang: str):
    """Return the template as a workbook of openpyxl, in English or Chinese."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    lists = _lists(lang)
    for table, titles in TITLES.items():
        sheet = book.create_sheet(titles[lang])
        for i, field in enumerate((f for f in fields() if f.sheet == table), start=1):
            _column(sheet, i, field, lang, lists)
        sheet.freeze_panes = "B2"
    _guide(book.create_sheet(GUIDE[lang]), lang)
    sheet = book.create_sheet(_LISTS[lang])
    for i, (name, terms) in enumerate(lists.items(), start=1):
        sheet.cell(1, i, name)
        for row, term in enumerate(terms, start=2):
            sheet.cell(row, i, term)
    sheet.sheet_state = "hidden"
    # The same bytes on a second run.
    book.properties.created = book.properties.modified = dt.datetime(2024, 1, 1)
    return book


def _lists(lang: str) -> dict[str, list[str]]:
    known = Vocabulary()
    lists = {
        name: [_spelling(term, lang) for term in getattr(known, name)]
        for name in ("sex", "disease", "target", "platform", "cell_source", "toxicity",
                     "drug_class", "reason")
    }  # fmt: skip
    lists["yes_no"] = ["yes", "no"] if lang == "en" else ["是", "否"]
    lists["scale"] = list(_SCALES)
    return lists


def _spelling(term, lang: str) -> str:
    """Return a term as the list has it: in Chinese by its first Chinese spelling."""
    if lang == "en":
        return term.name
    return next((a for a in term.aliases if any("\u4e00" <= c <= "\u9fff" for c in a)), term.name)


def _column(sheet, i: int, field: Field, lang: str, lists: dict[str, list[str]]) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter

    letter = get_column_letter(i)
    head = sheet.cell(1, i, field.heading[lang])
    head.font, head.fill = Font(bold=True), PatternFill("solid", fgColor="DCE6F1")
    if field.help[lang]:
        head.comment = Comment(field.help[lang], "carstats")
    sheet.column_dimensions[letter].width = max(12, 1.8 * len(field.heading[lang]))
    text = field.example[lang]
    cell = sheet.cell(2, i)
    cell.font = Font(italic=True, color="808080")
    if field.kind == "date":
        for row in range(2, _ROWS // 4):
            sheet.cell(row, i).number_format = "yyyy-mm-dd"
        cell.value = dt.date.fromisoformat(text) if text else None
    elif field.kind in ("number", "whole", "dose") or field.kind.startswith("measure"):
        cell.value = float(text) if text else None
    else:
        cell.value = text or None
    rule = _rule(field, lang, lists)
    if rule is not None:
        rule.add(f"{letter}2:{letter}{_ROWS}")
        sheet.add_data_validation(rule)


def _rule(field: Field, lang: str, lists: dict[str, list[str]]):
    """Return what the spreadsheet checks in a column; None if it takes anything."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    title, pick, dated, number = _WRONG[lang]
    if field.allowed in lists:
        place = get_column_letter(list(lists).index(field.allowed) + 1)
        span = f"'{_LISTS[lang]}'!${place}$2:${place}${len(lists[field.allowed]) + 1}"
        rule = DataValidation(type="list", formula1=span, allow_blank=True, showErrorMessage=True)
        rule.errorStyle = "warning" if field.allowed in _OPEN else "stop"
        rule.error = pick
    elif field.kind == "date":
        # 1 January 1950 to 31 December 2100, as the spreadsheet counts days.
        rule = _between("date", "18264", "73415", dated)
    elif (limits := limits_of(field)) is not None:
        low, high = limits
        kind = "whole" if field.kind == "whole" else "decimal"
        error = number.format(low=f"{low:g}", high=f"{high:.10g}")
        rule = _between(kind, f"{low:g}", f"{high:.10g}", error)
    else:
        return None
    rule.errorTitle = title
    return rule


def _between(kind: str, low: str, high: str, error: str):
    from openpyxl.worksheet.datavalidation import DataValidation

    return DataValidation(type=kind, operator="between", formula1=low, formula2=high,
                          allow_blank=True, showErrorMessage=True, errorStyle="stop",
                          error=error)  # fmt: skip


def _guide(sheet, lang: str) -> None:
    for row, line in enumerate(_GUIDE[lang], start=1):
        sheet.cell(row, 1, line)
    row = len(_GUIDE[lang]) + 1
    for field in fields():
        words = field.help[lang] or ("" if not field.allowed else field.allowed.replace(":", "–"))
        cells = (TITLES[field.sheet][lang], field.heading[lang], words)
        for i, text in enumerate(cells, start=1):
            sheet.cell(row, i, text)
        row += 1
    for letter, width in (("A", 18), ("B", 34), ("C", 70)):
        sheet.column_dimensions[letter].width = width
