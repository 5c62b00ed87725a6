"""Write the worked examples of docs/own-data.md: invented subjects in four hospitals' ways.

Run it in this folder: ``python make_examples.py``. Every name, number and date is made up.
"""

import csv
from datetime import date, datetime, timedelta
from pathlib import Path

from openpyxl import Workbook

HERE = Path(__file__).parent


def wide_sheet(folder: Path) -> None:
    """Write a Chinese sheet in GB18030: a title, dates in many forms, a row of totals."""
    folder.mkdir(exist_ok=True)
    title = ["××医院风湿免疫科 CAR-T 治疗登记表（示例，虚构数据）"]
    headings = [
        "序号",
        "姓名",
        "住院号",
        "病历号",
        "性别（男1女2）",
        "年龄（岁）",
        "诊断",
        "CAR-T靶点",
        "细胞来源",
        "知情同意签署日期",
        "清淋开始日期",
        "CAR-T回输日期",
        "回输剂量（×10^6/kg）",
        "末次随访日期",
        "是否死亡",
        "死亡日期",
        "复发日期",
        "末次疾病评估日期",
        "CRS最高分级",
        "CRS发生日期",
        "CRS恢复日期",
        "ICANS分级",
        "感染（有/无）",
        "低丙种球蛋白血症",
        "基线SLEDAI",
        "3月SLEDAI",
        "6月SLEDAI",
        "12月SLEDAI",
        "基线血红蛋白(g/L)",
        "6月血红蛋白(g/L)",
        "基线C3",
        "6月C3",
        "是否停激素",
        "备注",
    ]
    rows = [
        [
            "1",
            "示例甲",
            "Z1001",
            "A001",
            "2",
            "31岁",
            "系统性红斑狼疮",
            "CD19",
            "自体",
            "2023/1/3",
            "2023-01-15",
            "2023年1月20日",
            "1.0",
            "2024/12/20",
            "否",
            "",
            "",
            "2024/12/20",
            "1级",
            "2023/1/23",
            "2023/1/26",
            "0",
            "有",
            "有",
            "14",
            "4",
            "2",
            "2",
            "98",
            "121",
            "0.42",
            "0.88",
            "是",
            "无特殊",
        ],
        [
            "2",
            "示例乙",
            "Z1002",
            "A002",
            "2",
            "27",
            "狼疮性肾炎",
            "CD19 & BCMA",
            "自体",
            "2023/2/1",
            "2023.2.12",
            "2023.2.17",
            "1.2",
            "2024-12-11",
            "否",
            "/",
            "2024/3/5",
            "2024/12/1",
            "2级",
            "20230219",
            "20230224",
            "无",
            "无",
            "有",
            "18",
            "6",
            "4",
            "9",
            "102",
            "118",
            "0.38",
            "0.79",
            "否",
            "复发后加用激素",
        ],
        [
            "3",
            "示例丙",
            "Z1003",
            "A003",
            "1",
            "45",
            "皮肌炎",
            "CD19",
            "自体",
            "2023年2月20日",
            "2023/3/5",
            "2023/3/10",
            "0.9",
            "2024年12月2日",
            "否",
            "/",
            "",
            "2024/11/30",
            "无",
            "",
            "",
            "0",
            "无",
            "无",
            "",
            "",
            "",
            "",
            "132",
            "135",
            "1.02",
            "1.10",
            "是",
            "",
        ],
        [
            "4",
            "示例丁",
            "Z1004",
            "A004",
            "2",
            "52",
            "系统性硬化症",
            "BCMA",
            "异体",
            "2023-04-01",
            "2023-04-20",
            "45042",
            "1.1",
            "2024-11-20",
            "否",
            "",
            "",
            "45616",
            "1级",
            "45045",
            "45047",
            "0",
            "有",
            "无",
            "",
            "",
            "",
            "",
            "121",
            "126",
            "0.95",
            "0.99",
            "是",
            "外院复查",
        ],
        [
            "5",
            "示例戊",
            "Z1005",
            "A005",
            "2",
            "38",
            "SLE",
            "CD19",
            "自体",
            "2023/5/4",
            "2023/5/17",
            "2023/5/22",
            "1.0",
            "2024/5/30",
            "是",
            "2024/5/30",
            "",
            "2024/4/9",
            "3级",
            "2023/5/24",
            "2023/6/2",
            "2级",
            "有",
            "有",
            "22",
            "10",
            "6",
            "",
            "88",
            "104",
            "0.31",
            "0.66",
            "否",
            "死于感染",
        ],
        [
            "6",
            "示例己",
            "Z1006",
            "A006",
            "1",
            "24",
            "重症肌无力",
            "BCMA",
            "自体",
            "2023/6/1",
            "2023/6/10",
            "2023/6/15",
            "1.3",
            "2024/12/10",
            "否",
            "",
            "2024/9/2",
            "2024/12/10",
            "1级",
            "2023/6/17",
            "2023/6/18",
            "0",
            "无",
            "无",
            "",
            "",
            "",
            "",
            "140",
            "138",
            "1.10",
            "1.05",
            "是",
            "",
        ],
        [
            "7",
            "示例庚",
            "Z1007",
            "A007",
            "2",
            "61",
            "系统性红斑狼疮（SLE）",
            "CD19/BCMA",
            "自体",
            "2023.7.3",
            "2023.7.15",
            "2023.7.20",
            "1.0",
            "2024.12.18",
            "否",
            "",
            "",
            "2024.12.18",
            "2级",
            "2023.7.22",
            "2023.7.27",
            "1级",
            "无",
            "有",
            "16",
            "4",
            "2",
            "0",
            "109",
            "124",
            "0.45",
            "0.91",
            "是",
            "CK 正常",
        ],
        [
            "8",
            "示例辛",
            "Z1008",
            "A008",
            "1",
            "33",
            "系统性红斑狼疮",
            "CD19",
            "自体",
            "20230801",
            "20230813",
            "20230818",
            "0.8",
            "20241205",
            "否",
            "",
            "无",
            "20241128",
            "无",
            "",
            "",
            "无",
            "无",
            "无",
            "12",
            "2",
            "0",
            "0",
            "126",
            "133",
            "0.60",
            "0.97",
            "是",
            "",
        ],
    ]
    totals = ["", "合计", "", "合计", "", "", "8例"] + [""] * (len(headings) - 7)
    with (folder / "登记表.csv").open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(title + [""] * (len(headings) - 1))
        writer.writerow([""] * len(headings))
        writer.writerows([headings, *rows, totals])


def visits_workbook(folder: Path) -> None:
    """Write a workbook with the subjects, a row per visit, and a log of adverse events."""
    folder.mkdir(exist_ok=True)
    book = Workbook()
    people = book.active
    people.title = "Patients"
    people.append(["Patient ID", "Name", "Sex", "Age at infusion", "Diagnosis", "CAR target",
                   "CAR-T product", "Date of informed consent", "CAR-T infusion date",
                   "Date of last follow-up", "Date of death", "Comments"])  # fmt: skip
    visits = book.create_sheet("Visits")
    visits.append(["Patient ID", "Visit", "Visit date", "SLEDAI-2K", "PGA (0-3)", "C3 (mg/dL)",
                   "Anti-dsDNA (IU/mL)", "UPCR (mg/g)", "Prednisone dose (mg/day)", "HCQ (Y/N)",
                   "Relapse (Y/N)", "DORIS remission"])  # fmt: skip
    log = book.create_sheet("AE log")
    log.append(["Patient ID", "AE term", "CTCAE grade", "Start date", "Stop date", "SAE",
                "Related to CAR-T"])  # fmt: skip
    book.create_sheet("Pictures")
    for i in range(1, 9):
        person = f"P-{i:02d}"
        start = datetime(2022, 6, 1) + timedelta(days=37 * i)
        last = start + timedelta(days=[400, 380, 720, 365, 210, 500, 410, 390][i - 1])
        died = last if i == 5 else None
        people.append([person, f"Example {i}", "F" if i % 3 else "M", 24 + 4 * i,
                       "SLE" if i != 6 else "Lupus nephritis", "CD19" if i % 4 else "CD19 and BCMA",
                       "Product A", start - timedelta(days=40), start, last, died,
                       "see letter"])  # fmt: skip
        score, dose = 10 + i, 20
        for j, (visit, day) in enumerate(
            [
                ("Baseline", -7),
                ("Month 1", 30),
                ("Month 3", 91),
                ("Month 6", 182),
                ("Month 12", 364),
            ]
        ):
            when = start + timedelta(days=day)
            if when > last:
                continue
            back = i == 2 and day == 364
            score = score if day < 0 else (8 if back else max(score - 4, 0))
            visits.append([person, visit, when, score, round(max(2.0 - 0.5 * j, 0.2), 1),
                           55 + 9 * j, 180 - 40 * j if j < 4 else 12, 900 - 200 * j, dose,
                           "Y" if j < 2 else "N", "Y" if back else "N",
                           "Yes" if score <= 2 else "No"])  # fmt: skip
            dose = max(dose - 10, 0)
        log.append([person, "Cytokine release syndrome", 1 + i % 3, start + timedelta(days=2),
                    start + timedelta(days=6), "Y" if i % 3 == 2 else "N", "related"])  # fmt: skip
        log.append([person, "Neutrophil count decreased", 3 + i % 2, start + timedelta(days=8),
                    start + timedelta(days=25), "N", "lymphodepletion"])  # fmt: skip
        if i % 2:
            log.append([person, "Upper respiratory tract infection", 2, start + timedelta(days=60),
                        start + timedelta(days=70), "N", "unlikely"])  # fmt: skip
    book.save(folder / "cohort.xlsx")


def redcap_export(folder: Path) -> None:
    """Write a raw REDCap export: check boxes, codes, repeating instruments."""
    folder.mkdir(exist_ok=True)
    headings = ["record_id", "redcap_repeat_instrument", "redcap_repeat_instance",
                "id_lname", "id_dob",
                "gender", "age_enroll", "primary_dx", "car_target___1", "car_target___2",
                "cell_source",
                "icf_date", "infusion_dt", "last_fu_date", "death_date", "relapse_dt",
                "last_assessment",
                "crs_grade", "icans_grade", "baseline_complete", "ae_term", "ae_ctcae_grade",
                "ae_start",
                "ae_end", "ae_sae", "adverse_events_complete", "visit_date", "sledai_total", "pga",
                "c3", "prednisone_mg", "visits_complete"]  # fmt: skip
    rows = []

    def row(**cells: object) -> None:
        rows.append([cells.get(h, "") for h in headings])

    for i in range(1, 8):
        start = date(2023, 2, 1) + timedelta(days=29 * i)
        last = start + timedelta(days=430 - 20 * i)
        row(record_id=i, id_lname=f"Example{i}", id_dob="1990-01-01", gender=1 + i % 2,
            age_enroll=25 + 3 * i, primary_dx=1 if i < 6 else 2, car_target___1=1,
            car_target___2=int(i % 3 == 0), cell_source="autologous",
            icf_date=start - timedelta(days=35), infusion_dt=start, last_fu_date=last,
            death_date=last if i == 7 else "",
            relapse_dt=start + timedelta(days=300) if i in (2, 4) else "", last_assessment=last,
            crs_grade=i % 3, icans_grade=0, baseline_complete=2)  # fmt: skip
        for j, (term, grade) in enumerate([("Cytokine release syndrome", i % 3), ("Neutropenia", 3),
                                           ("Pneumonia", 2)]):  # fmt: skip
            if grade:
                row(record_id=i, redcap_repeat_instrument="adverse_events",
                    redcap_repeat_instance=j + 1, ae_term=term, ae_ctcae_grade=grade,
                    ae_start=start + timedelta(days=2 + 9 * j),
                    ae_end=start + timedelta(days=7 + 9 * j),
                    ae_sae=int(grade > 2), adverse_events_complete=2)  # fmt: skip
        for j, day in enumerate((-5, 30, 90, 180)):
            row(record_id=i, redcap_repeat_instrument="visits", redcap_repeat_instance=j + 1,
                visit_date=start + timedelta(days=day), sledai_total=max(12 + i - 5 * j, 0),
                pga=round(2 - 0.5 * j, 1), c3=round(0.5 + 0.15 * j, 2),
                prednisone_mg=max(20 - 10 * j, 0), visits_complete=2)  # fmt: skip
    with (folder / "export.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([headings, *rows])


def cdisc(folder: Path) -> None:
    """Write CDISC analysis data sets as CSV."""
    folder.mkdir(exist_ok=True)
    adsl, adtte, adae, adrs = [], [], [], []
    for i in range(1, 9):
        subject = f"XYZ-01-{i:03d}"
        start = date(2023, 1, 9) + timedelta(days=21 * i)
        last = start + timedelta(days=420 - 10 * i)
        died = i == 8
        adsl.append(["XYZ", subject, "01", 22 + 5 * i, "F" if i % 2 else "M", "CAR-T 1x10^6/kg",
                     start, last, last if died else "", "Y" if died else "N", "Y"])  # fmt: skip
        event = i in (3, 5)
        when = start + timedelta(days=240) if event else last
        code, said = (0, "Relapse") if event else (2, "Death") if died else (1, "Last assessment")
        adtte.append(["XYZ", subject, "RELAPSE", "Time to relapse (days)", start, when,
                      (when - start).days + 1, code, said])  # fmt: skip
        adae.append(["XYZ", subject, "Cytokine release syndrome", start + timedelta(days=2),
                     start + timedelta(days=5), 1 + i % 2, "N", "Y"])  # fmt: skip
        adae.append(["XYZ", subject, "Platelet count decreased", start + timedelta(days=9),
                     start + timedelta(days=20), 3, "N", "Y"])  # fmt: skip
        adrs.append(["XYZ", subject, "DORIS", start + timedelta(days=182), "Y" if i < 7 else "N",
                     "Week 26"])  # fmt: skip
    tables = {
        "adsl": (["STUDYID", "USUBJID", "SITEID", "AGE", "SEX", "TRT01A", "TRTSDT", "LSTALVDT",
                  "DTHDT", "DTHFL", "SAFFL"], adsl),
        "adtte": (["STUDYID", "USUBJID", "PARAMCD", "PARAM", "STARTDT", "ADT", "AVAL", "CNSR",
                   "EVNTDESC"], adtte),
        "adae": (["STUDYID", "USUBJID", "AEDECOD", "ASTDT", "AENDT", "ATOXGR", "AESER", "TRTEMFL"],
                 adae),
        "adrs": (["STUDYID", "USUBJID", "PARAMCD", "ADT", "AVALC", "AVISIT"], adrs),
    }  # fmt: skip
    for name, (headings, rows) in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([headings, *rows])


def main() -> None:
    """Write all of them."""
    wide_sheet(HERE / "wide-sheet")
    visits_workbook(HERE / "visits")
    redcap_export(HERE / "redcap")
    cdisc(HERE / "cdisc")


if __name__ == "__main__":
    main()
