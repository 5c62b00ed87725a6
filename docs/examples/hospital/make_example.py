"""Write the example of a hospital's own sheet: twelve invented subjects, a row each.

Run it in this folder: ``python make_example.py``. Every name, number and date is made up.
"""

from datetime import datetime

from openpyxl import Workbook

HEADINGS = [
    "病历号", "姓名", "性别", "年龄", "诊断", "靶点", "产品", "入组日期", "回输日期",
    "末次随访日期", "末次疾病评估日期", "复发日期", "前次评估日期", "二次回输日期",
    "死亡日期", "CRS分级", "CRS开始日期", "CRS结束日期", "ICANS分级", "感染", "3月缓解",
    "6月缓解", "12月缓解", "用激素", "停激素日期", "基线SLEDAI", "6月SLEDAI", "ECOG",
    "备注",
]  # fmt: skip


def day(year: int, month: int, number: int) -> datetime:
    """Return a cell that the spreadsheet program shows as a date."""
    return datetime(year, month, number)


ROWS = [
    ["EX0001", "示例甲", "女", 31, "系统性红斑狼疮", "CD19", "甲产品", day(2023, 1, 3),
     day(2023, 1, 20), day(2024, 12, 20), day(2024, 12, 20), None, None, None, None, "1级",
     day(2023, 1, 23), day(2023, 1, 26), 0, "有", "达到", "达到", "达到", "是", day(2023, 4, 1),
     14, 2, 1, "无特殊"],
    ["EX0002", "示例乙", "女", "27", "SLE合并LN", "BCMA/CD19", "乙产品", "2023/2/1",
     "2023/2/17", "2024/12/11", "2024/12/1", "2024/3/5", "2023/12/6", "-", "-", "2级",
     "2023/2/19", "2023/2/24", "无", "无", "是", "是", "否", "是", "2023/6/1", 18, 4, 1,
     "复发后加用激素"],
    ["EX0003", "示例丙", "男", 45, "系统性硬化症", "CD19", "甲产品", "2023年2月20日",
     "2023年3月10日", "2024年12月2日", "2024年11月30日", None, None, None, None, "无", None,
     None, None, "无", "否", "是", "是", "否", None, None, None, 0, None],
    ["EX0004", "示例丁", "女", 52, "硬皮病", "抗CD19", "甲产品", "2023-04-01", 45042,
     "2024-11-20", "45616", None, None, None, None, 1, "45045", "45047", 0, "有", "否", "否",
     "是", "否", "无", None, None, 1, "外院复查"],
    ["EX0005", "示例戊", "女", 38, "SLE", "CD19", "甲产品", day(2023, 5, 4), day(2023, 5, 22),
     day(2024, 5, 30), day(2024, 4, 9), None, None, None, day(2024, 5, 30), "3级",
     day(2023, 5, 24), day(2023, 6, 2), "2级", "有", "是", "是", "NA", "是", "-", 22, 6, 2,
     "死于感染"],
    ["EX0006", "示例己", "男", 24, "重症肌无力", "BCMA", "丙产品", day(2023, 6, 1),
     day(2023, 6, 15), day(2024, 12, 10), day(2024, 12, 10), day(2024, 9, 2), day(2024, 6, 12),
     day(2024, 10, 8), None, "1级", day(2023, 6, 17), day(2023, 6, 18), 0, "无", "是", "是",
     "是", "是", day(2023, 9, 20), None, None, 1, None],
    ["EX0007", "示例庚", "女", 61, "肌炎", "CD19", "甲产品", "2023.7.3", "2023.7.20",
     "2024.12.18", "2024.12.18", None, None, None, None, "G2", "2023.7.22", "2023.7.27", 1,
     "无", "是", "是", "是", "是", "2023.10.9", None, None, 1, "CK 正常"],
    ["EX0008", "示例辛", "男", 33, "系统性红斑狼疮", "CD19", "甲产品", "20230801", "20230818",
     "20241205", "20241128", "无", None, "无", "无", "无", "无", "无", "无", "无", "是", "是",
     "是", "是", "20231115", 12, 0, 0, "无"],
    ["EX0009", "示例壬", "女", 29, "系统性红斑狼疮", "BCMA/CD19", "乙产品", day(2023, 9, 11),
     day(2023, 9, 28), day(2024, 3, 26), day(2024, 3, 26), None, None, None, None, "Grade 1",
     day(2023, 10, 1), day(2023, 10, 3), 0, "有", "是", "是", None, "是", None, 16, 3, 1,
     "失访"],
    ["EX0010", "示例癸", "女", 47, "炎性肌病", "CD19", "甲产品", day(2024, 1, 8),
     day(2024, 1, 25), day(2024, 12, 19), day(2024, 12, 19), None, None, None, None, 0, None,
     None, 0, "无", "否", "是", None, "是", day(2024, 5, 6), None, None, 1, None],
    ["EX0011", "示例子", "男", 56, "系统性硬化症", "CD19", "甲产品", day(2024, 3, 4), None,
     day(2024, 4, 2), None, None, None, None, None, None, None, None, None, None, None, None,
     None, "是", None, None, None, 2, "未回输：感染"],
    ["EX0012", "示例丑", "女", 35, "系统性红斑狼疮", "CD19", "甲产品", day(2024, 6, 3),
     day(2024, 6, 21), day(2024, 12, 17), day(2024, 12, 17), None, None, None, None, "II",
     day(2024, 6, 23), day(2024, 6, 28), "不详", "无", "是", "是", None, "是", day(2024, 10, 1),
     15, 4, 1, None],
]  # fmt: skip


def main() -> None:
    """Write the workbook."""
    book = Workbook()
    sheet = book.active
    sheet.title = "登记表"
    for row in (HEADINGS, *ROWS):
        sheet.append(list(row))
    for cells in sheet.iter_rows(min_row=2):
        for cell in cells:
            if isinstance(cell.value, datetime):
                cell.number_format = "yyyy/m/d"
    book.save("登记表.xlsx")


if __name__ == "__main__":
    main()
