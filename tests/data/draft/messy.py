# ruff: noqa: E501  (rows as wide as sheets are)
"""Sheets as different people keep them; every subject in them is invented."""

import csv
from pathlib import Path

import openpyxl
import pandas as pd


def _text(path: Path, rows, encoding="utf-8", delimiter=",") -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)


def _book(path: Path, sheets: dict[str, list], merged=()) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
        for title_of, area in merged:
            if title_of == title:
                sheet.merge_cells(area)
    book.save(path)


def chinese_ledger(folder: Path) -> None:
    """A department's ledger in GB18030: title, sub-title, mixed dates, a line of averages."""
    _text(folder / "台账.csv", [
        ["XX医院风湿免疫科 CAR-T 治疗病人台账（2024年版）"],
        ["填表人：某某   填表日期：2024.12.31"],
        ["NO.", "登记编号", "患者姓名", "性 别", "年龄(岁)", "临床诊断", "CAR-T靶点", "输注日期",
         "末次随访", "复发情况", "复发时间", "CRS（级）", "ICANS（级）", "基线SLEDAI-2K评分",
         "M1 SLEDAI-2K评分", "M3 SLEDAI-2K评分", "基线补体C3(g/L)", "M3补体C3(g/L)",
         "泼尼松(mg/日)-基线", "是否死亡", "死亡日期", "备注"],
        ["1", "RA-01", "赵一", "女", "34岁", "狼疮肾炎", "CD19/BCMA双靶", "2023年5月6日", "2024/12/1",
         "无", "", "1级", "0级", "14", "6", "2", "0.41", "0.88", "20", "否", "", "好转"],
        ["2", "RA-02", "钱二", "男", "41岁", "系统性硬皮病", "CD19", "2023.06.17", "2024-11-20",
         "有", "2024.3.5", "2级", "1级", "", "", "", "0.92", "1.01", "10", "否", "", ""],
        ["3", "RA-03", "孙三", "女", "２９岁", "SLE", "BCMA", "20230801", "2024年12月3日",
         "无", "/", "0级", "0级", "10", "4", "0", "0.52", "0.95", "15", "否", "", "失访一次"],
        ["4", "RA-04", "李四", "女", "52岁", "抗合成酶综合征", "CD19", "2023-09-12", "2024-06-30",
         "无", "", "3级", "0级", "", "", "", "1.1", "1.2", "30", "是", "2024-06-30", ""],
        ["5", "RA-05", "周五", "男", "47岁", "重症肌无力", "CD19", "2023/11/2", "2024/12/20",
         "无", "", "1级", "0级", "", "", "", "0.97", "1.05", "25", "否", "", ""],
        ["平均", "", "", "", "40.6", "", "", "", "", "", "", "", "", "12", "5", "1", "", "", "20", "", "", ""],
    ], encoding="gb18030")  # fmt: skip


def visits_and_ae(folder: Path) -> None:
    """A workbook: demographics, follow-up by visit, and an AE log in CTCAE terms."""
    _book(folder / "lupus_cart_master.xlsx", {
        "Demographics": [
            ["Pt ID", "Sex", "Age", "Dx", "Construct target", "CAR-T infusion", "Last seen"],
            ["P01", "F", 31, "SLE w/ LN class IV", "CD19", pd.Timestamp("2023-02-01"), pd.Timestamp("2024-06-01")],
            ["P02", "F", 27, "SLE", "CD19", pd.Timestamp("2023-03-10"), pd.Timestamp("2024-05-20")],
            ["P03", "M", 45, "dcSSc", "CD19", pd.Timestamp("2023-05-22"), pd.Timestamp("2024-06-11")],
        ],
        "Follow-up": [
            ["Pt ID", "Visit", "Visit Dt", "SLEDAI", "PGA (0-3)", "C3 mg/dL", "anti-dsDNA (IU/mL)", "UPCR (mg/g)",
             "Flare? (Y/N)", "Pred mg/d", "HCQ (Y/N)"],
            ["P01", "Screening", pd.Timestamp("2023-01-25"), 14, 2.1, 52, 320, 2100, None, 20, "Y"],
            ["P01", "M1", pd.Timestamp("2023-03-02"), 6, 1.0, 80, 90, 900, "N", 5, "Y"],
            ["P01", "M6", pd.Timestamp("2023-08-01"), 0, 0.2, 105, 12, 210, "N", 0, "N"],
            ["P01", "M12", pd.Timestamp("2024-02-03"), 8, 1.4, 78, 60, 700, "Y", 10, "N"],
            ["P02", "Screening", pd.Timestamp("2023-03-01"), 10, 1.8, 60, 210, 300, None, 15, "Y"],
            ["P02", "M1", pd.Timestamp("2023-04-09"), 4, 0.8, 88, 70, 150, "N", 5, "Y"],
            ["P02", "M6", pd.Timestamp("2023-09-12"), 0, 0.0, 110, 8, 120, "N", 0, "Y"],
            ["P03", "Screening", pd.Timestamp("2023-05-15"), None, None, 95, None, None, None, 10, "N"],
            ["P03", "M6", pd.Timestamp("2023-11-20"), None, None, 99, None, None, "N", 5, "N"],
        ],
        "AEs": [
            ["Pt ID", "AE (CTCAE v5 preferred term)", "CTCAE Gr", "Start", "Stop", "SAE"],
            ["P01", "Cytokine release syndrome", 1, pd.Timestamp("2023-02-03"), pd.Timestamp("2023-02-06"), "N"],
            ["P01", "Lymphocyte count decreased", 4, pd.Timestamp("2023-01-30"), pd.Timestamp("2023-02-20"), "N"],
            ["P01", "White blood cell decreased", 3, pd.Timestamp("2023-02-02"), pd.Timestamp("2023-02-20"), "N"],
            ["P02", "Febrile neutropenia", 3, pd.Timestamp("2023-03-15"), pd.Timestamp("2023-03-20"), "Y"],
            ["P02", "Platelet count decreased", 2, pd.Timestamp("2023-03-14"), pd.Timestamp("2023-03-22"), "N"],
            ["P03", "Urinary tract infection", 2, pd.Timestamp("2023-08-01"), pd.Timestamp("2023-08-09"), "N"],
            ["P03", "Alanine aminotransferase increased", 1, pd.Timestamp("2023-06-10"), None, "N"],
        ],
    })  # fmt: skip


def redcap(folder: Path, labels: bool) -> None:
    """An export of REDCap with check boxes and a repeating instrument, raw or with labels."""
    raw = [
        ["record_id", "redcap_repeat_instrument", "redcap_repeat_instance", "gender", "age_at_infusion",
         "primary_dx", "car_antigen___1", "car_antigen___2", "dt_infusion", "dt_last_fu", "crs_max_grade",
         "icans_max_grade", "demographics_complete", "fu_date", "sledai_2k", "c3_mgdl", "pred_mg",
         "relapse_yn", "followup_complete"],
        ["101", "", "", "2", "33", "1", "1", "0", "2023-01-10", "2024-03-01", "1", "0", "2"] + [""] * 6,
        ["101", "followup", "1"] + [""] * 10 + ["2023-01-03", "12", "55", "20", "0", "2"],
        ["101", "followup", "2"] + [""] * 10 + ["2023-04-11", "4", "90", "5", "0", "2"],
        ["101", "followup", "3"] + [""] * 10 + ["2023-10-12", "8", "70", "10", "1", "2"],
        ["102", "", "", "1", "29", "2", "1", "1", "2023-02-14", "2024-03-04", "2", "1", "2"] + [""] * 6,
        ["102", "followup", "1"] + [""] * 10 + ["2023-02-07", "10", "61", "15", "0", "2"],
        ["102", "followup", "2"] + [""] * 10 + ["2023-05-16", "2", "97", "0", "0", "0"],
    ]  # fmt: skip
    if labels:
        raw[0] = ["Record ID", "Repeat Instrument", "Repeat Instance", "Gender", "Age at infusion (years)",
                  "Primary diagnosis", "CAR antigen(s) (choice=CD19)", "CAR antigen(s) (choice=BCMA)",
                  "Date of infusion", "Date of last follow-up", "Maximum CRS grade", "Maximum ICANS grade",
                  "Complete?", "Follow-up visit date", "SLEDAI-2K score", "C3 (mg/dL)",
                  "Prednisone dose (mg/day)", "Relapse since last visit?", "Complete?"]  # fmt: skip
        words = {3: {"1": "Male", "2": "Female"}, 5: {"1": "Systemic lupus erythematosus", "2": "Lupus nephritis"},
                 6: {"0": "Unchecked", "1": "Checked"}, 7: {"0": "Unchecked", "1": "Checked"},
                 10: {"1": "Grade 1", "2": "Grade 2"}, 11: {"0": "None", "1": "Grade 1"}, 12: {"2": "Complete", "0": "Incomplete"},
                 17: {"0": "No", "1": "Yes"}, 18: {"2": "Complete", "0": "Incomplete"}, 1: {"followup": "Follow-up"}}  # fmt: skip
        raw[1:] = [[words.get(i, {}).get(c, c) for i, c in enumerate(row)] for row in raw[1:]]
    _text(folder / "CART_DATA_2024-12-01.csv", raw)


def us_site(folder: Path) -> None:
    """A site of the United States: MM/DD/YYYY, pounds, mg/dL, toxicities in words."""
    _text(folder / "site 14.csv", [
        ["MRN (deid)", "Study ID", "Pt Age (yrs)", "Gender (M/F)", "Wt (lbs)", "Indication", "Product target",
         "DOI (date of infusion)", "Date last known alive", "Worst CRS", "Neurotox", "IgG BL (mg/dL)",
         "IgG 3 mo (mg/dL)", "Cr BL (mg/dL)", "Hgb BL (g/dL)", "Flare date", "Flared?", "Comments"],
        ["xx1", "14-001", "44", "F", "154", "Lupus (SLE)", "CD19", "01/14/2023", "03/30/2024",
         "Cytokine Release Syndrome Gr 2", "None", "1180", "640", "0.8", "11.2", "", "No", "ok"],
        ["xx2", "14-002", "38", "M", "201", "Systemic sclerosis", "CD19", "02/03/2023", "02/28/2024",
         "Cytokine Release Syndrome Gr 1", "ICANS Gr 1", "990", "510", "1.1", "13.0", "11/08/2023", "Yes", ""],
        ["xx3", "14-003", "61", "F", "132", "Myositis - antisynthetase", "CD19", "04/21/2023", "05/01/2024",
         "No CRS", "None", "1320", "700", "0.7", "12.4", "", "No", "call Mr Smith"],
    ])  # fmt: skip


def german(folder: Path) -> None:
    """A German clinic: semicolon, decimal comma, DD.MM.YYYY."""
    _text(folder / "register.csv", [
        ["Pat.-Nr.", "Geschlecht", "Alter bei Infusion", "Diagnose", "Zielantigen", "Infusionsdatum",
         "Letzte Vorstellung", "CRS Grad", "ICANS Grad", "SLEDAI vor CAR-T", "SLEDAI Monat 3", "Hb (g/dl) vor CAR-T",
         "Rezidiv", "Datum Rezidiv", "Verstorben", "Sterbedatum", "Bemerkungen"],
        ["UK-1", "w", "31", "Systemischer Lupus erythematodes", "CD19", "03.02.2023", "14.05.2024", "1", "0", "14", "2", "10,4", "nein", "", "nein", "", ""],
        ["UK-2", "m", "55", "Systemische Sklerose", "CD19", "17.03.2023", "02.04.2024", "0", "0", "", "", "12,1", "nein", "", "nein", "", "Herr Meier"],
        ["UK-3", "w", "40", "Myositis", "CD19", "28.04.2023", "30.05.2024", "2", "1", "", "", "11,8", "ja", "05.01.2024", "nein", "", ""],
    ], encoding="cp1252", delimiter=";")  # fmt: skip


def japanese(folder: Path) -> None:
    """Japanese headings in Shift-free UTF-8 with a mark."""
    _text(folder / "症例一覧.csv", [
        ["症例ID", "性別", "年齢（歳）", "疾患名", "標的抗原", "CAR-T投与日", "最終観察日", "CRS最大グレード",
         "ICANSグレード", "SLEDAI（投与前）", "SLEDAI（3か月）", "再燃の有無", "再燃日", "備考"],
        ["J-1", "女性", "35", "全身性エリテマトーデス", "CD19", "2023/04/05", "2024/06/07", "1", "0", "12", "2", "無", "", "特記なし"],
        ["J-2", "男性", "48", "全身性強皮症", "CD19", "2023/05/09", "2024/06/21", "2", "0", "", "", "有", "2024/02/03", ""],
        ["J-3", "女性", "27", "ループス腎炎", "CD19", "2023/06/13", "2024/07/05", "0", "0", "16", "4", "無", "", ""],
    ], encoding="utf-8-sig")  # fmt: skip


def three_infusions(folder: Path) -> None:
    """Several infusions in columns, with doses."""
    _text(folder / "infusions_wide.csv", [
        ["Subject", "Sex", "Age", "Diagnosis", "Target", "1st infusion date", "1st infusion dose (x10^6/kg)",
         "2nd infusion date", "2nd infusion dose (x10^6/kg)", "3rd infusion date", "Last follow-up date",
         "CRS grade after 1st infusion", "Relapse", "Relapse date"],
        ["S1", "F", "30", "SLE", "CD19", "2023-01-05", "1.0", "", "", "", "2024-01-10", "1", "No", ""],
        ["S2", "M", "36", "SLE", "CD19", "2023-02-10", "1.0", "2023-09-12", "2.0", "", "2024-02-12", "2", "Yes", "2023-08-20"],
        ["S3", "F", "52", "MG", "BCMA", "2023-03-15", "0.5", "2023-03-29", "1.0", "2023-04-12", "2024-03-20", "0", "No", ""],
    ])  # fmt: skip


def two_lines(folder: Path) -> None:
    """A workbook with a title, and headings in two lines whose upper one is merged."""
    _book(folder / "随访表.xlsx", {"Sheet1": [
        ["自身免疫病CAR-T随访汇总"] + [None] * 13,
        ["基本信息", None, None, None, None, "基线", None, None, "3个月", None, None, "安全性", None, "末次随访"],
        ["编号", "性别", "年龄", "诊断", "回输日期", "SLEDAI", "C3(g/L)", "IgG(g/L)", "SLEDAI", "C3(g/L)", "IgG(g/L)", "CRS分级", "ICANS分级", "日期"],
        ["A1", "女", 28, "SLE", "2023-03-01", 12, 0.5, 14.2, 2, 0.9, 6.1, 1, 0, "2024-03-05"],
        ["A2", "女", 33, "SLE", "2023-04-01", 16, 0.4, 18.9, 4, 0.8, 5.5, 2, 0, "2024-04-05"],
        ["A3", "男", 45, "狼疮性肾炎", "2023-05-01", 10, 0.6, 11.0, 0, 1.0, 7.3, 0, 0, "2024-05-05"],
    ]}, merged=[("Sheet1", "A1:N1"), ("Sheet1", "A2:E2"), ("Sheet1", "F2:H2"), ("Sheet1", "I2:K2"), ("Sheet1", "L2:M2")])  # fmt: skip


def column1(folder: Path) -> None:
    """Every heading says Column1, as a table of Excel that nobody named."""
    _text(
        folder / "t.csv",
        [["Column1"] * 8]
        + [[str(i), "SLE", f"2023-01-0{i}", "F", "3", "x", "y", "2024-01-01"] for i in range(1, 5)],
    )


def many_columns(folder: Path) -> None:
    """300 columns, most of a laboratory's panel at many visits."""
    panel = [
        "WBC(10^9/L)",
        "HGB(g/L)",
        "PLT(10^9/L)",
        "CRP(mg/L)",
        "IgG(g/L)",
        "IgM(g/L)",
        "IgA(g/L)",
        "C3(g/L)",
        "C4(g/L)",
        "Ferritin(ug/L)",
    ]
    visits = ["BL", "D7", "D14", "D28", "M2", "M3", "M6", "M9", "M12", "M18", "M24"]
    heads = [f"{p}_{v}" for v in visits for p in panel]
    extra = [f"flow_{i}" for i in range(1, 182)]
    top = [
        "subject",
        "sex",
        "age",
        "diagnosis",
        "target",
        "infusion date",
        "last contact",
        "CRS grade",
        "relapse date",
    ]
    rows = [top + heads + extra]
    for i in range(1, 7):
        lab = [
            ["6.1", "110", "200", "5", "11", "1.0", "2.1", "0.9", "0.2", "150"][j]
            for _ in visits
            for j in range(10)
        ]
        rows.append(
            [
                f"M{i}",
                "FM"[i % 2],
                str(30 + i),
                "SLE",
                "CD19",
                f"2023-0{i}-10",
                f"2025-0{i}-12",
                str(i % 3),
                "",
            ]
            + lab
            + [str(i)] * len(extra)
        )
    _text(folder / "wide.csv", rows)


def empty_sheet(folder: Path) -> None:
    """A workbook with an empty sheet and nothing else."""
    _book(folder / "empty.xlsx", {"Sheet1": []})


def two_languages(folder: Path) -> None:
    """Chinese and English mixed, in headings and in cells."""
    _text(folder / "MG_cohort.csv", [
        ["受试者 ID", "Gender/性别", "Age 年龄", "诊断 (Dx)", "Target靶点", "回输日 D0", "Last FU 末次随访", "CRS 分级(ASTCT)",
         "ICANS grade", "QMG 基线", "QMG W12", "MG-ADL baseline", "MG-ADL 12周", "Relapse 复发 (Y/N)", "复发 date"],
        ["MG1", "F 女", "44", "gMG (AChR+)", "BCMA", "2023-01-04", "2024-02-02", "G1", "0", "18", "6", "11", "2", "N", ""],
        ["MG2", "M 男", "39", "重症肌无力", "BCMA", "2023-02-08", "2024-03-03", "0", "0", "22", "9", "13", "4", "Y 是", "2023-12-12"],
        ["MG3", "F 女", "57", "MuSK MG", "CD19", "2023-03-11", "2024-03-30", "G2", "G1", "15", "4", "9", "1", "N", ""],
    ])  # fmt: skip


def adam(folder: Path) -> None:
    """ADaM data sets as CSV: ADSL, ADTTE, ADAE."""
    _text(folder / "adsl.csv", [
        ["STUDYID", "USUBJID", "SUBJID", "AGE", "AGEU", "SEX", "ARM", "TRT01A", "TRTSDT", "SAFFL", "EOSDT", "DTHDT", "WEIGHTBL"],
        ["X1", "X1-001", "001", "34", "YEARS", "F", "CAR-T 1M", "CAR-T 1M", "2023-01-10", "Y", "2024-01-15", "", "61"],
        ["X1", "X1-002", "002", "51", "YEARS", "M", "CAR-T 1M", "CAR-T 1M", "2023-02-20", "Y", "2024-02-25", "", "80"],
        ["X1", "X1-003", "003", "27", "YEARS", "F", "CAR-T 2M", "CAR-T 2M", "2023-03-05", "Y", "2023-12-01", "2023-12-01", "55"],
    ])  # fmt: skip
    _text(folder / "adtte.csv", [
        ["STUDYID", "USUBJID", "PARAMCD", "PARAM", "AVAL", "AVALU", "CNSR", "EVNTDESC", "STARTDT", "ADT"],
        ["X1", "X1-001", "TTFLARE", "Time to first flare (days)", "371", "DAYS", "1", "Completed follow-up", "2023-01-10", "2024-01-15"],
        ["X1", "X1-002", "TTFLARE", "Time to first flare (days)", "201", "DAYS", "0", "Flare", "2023-02-20", "2023-09-08"],
        ["X1", "X1-003", "TTFLARE", "Time to first flare (days)", "272", "DAYS", "2", "Death", "2023-03-05", "2023-12-01"],
    ])  # fmt: skip
    _text(folder / "adae.csv", [
        ["STUDYID", "USUBJID", "AETERM", "AEDECOD", "AEBODSYS", "ASTDT", "AENDT", "AETOXGR", "AESER", "TRTEMFL"],
        ["X1", "X1-001", "crs", "Cytokine release syndrome", "Immune system disorders", "2023-01-12", "2023-01-14", "1", "N", "Y"],
        ["X1", "X1-002", "low neuts", "Neutrophil count decreased", "Investigations", "2023-02-24", "2023-03-09", "4", "N", "Y"],
        ["X1", "X1-003", "chest infection", "Pneumonia", "Infections and infestations", "2023-11-20", "2023-12-01", "5", "Y", "Y"],
    ])  # fmt: skip


def spss(folder: Path) -> None:
    """An SPSS file with value labels."""
    import pyreadstat

    frame = pd.DataFrame({
        "patnr": ["S01", "S02", "S03"], "sex": [1.0, 2.0, 2.0], "age": [34.0, 51.0, 29.0],
        "diagn": [1.0, 2.0, 1.0], "infdat": pd.to_datetime(["2023-01-05", "2023-02-07", "2023-04-01"]).date,
        "lastdat": pd.to_datetime(["2024-01-09", "2024-02-11", "2024-05-01"]).date,
        "crsgr": [1.0, 0.0, 2.0], "relaps": [0.0, 1.0, 0.0],
        "relapsdat": [None, pd.Timestamp("2023-11-11").date(), None],
    })  # fmt: skip
    pyreadstat.write_sav(
        frame, str(folder / "data.sav"),
        column_labels=["Patient number", "Sex", "Age at infusion", "Diagnosis", "Date of infusion", "Date of last visit", "CRS grade", "Relapse", "Date of relapse"],
        variable_value_labels={"sex": {1.0: "male", 2.0: "female"}, "diagn": {1.0: "SLE", 2.0: "systemic sclerosis"}, "relaps": {0.0: "no", 1.0: "yes"}},
    )  # fmt: skip
