"""The controlled terms that carstats brings, each list in its printed order."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path

from carstats.data.measures import MEASURE_TABLE
from carstats.messages import mark


@dataclass(frozen=True)
class Term:
    """One controlled term.

    Attributes
    ----------
    name : str
        The term as it stands in the study tables.
    label : str
        The term as a figure or table prints it; by default the name, without its underscores.
    aliases : tuple of str
        Other spellings that a file may use for it.
    group : str
        What kind it is: an endpoint's ``"time-to-event"`` or ``"response"``, a toxicity's system,
        a measure's unit.
    limits : (float, float), optional
        For a measure, the smallest and largest value that this study allows, in its unit.
    missing : tuple of float
        For a measure, the numbers that say that there is no value, such as 99 or -9.
    """

    name: str
    label: str = ""
    aliases: tuple[str, ...] = ()
    group: str = ""
    limits: tuple[float, float] | None = None
    missing: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.label:
            # A name such as dermatologic_event prints as words; CRS and PRURITUS stay as they are.
            words = self.name.replace("_", " ")
            spelt = words[0].upper() + words[1:] if "_" in self.name else words
            object.__setattr__(self, "label", spelt)


def _read_spellings() -> dict[tuple[str, str], tuple[str, ...]]:
    """Return further spellings of terms, each of which means nothing else: `spellings.csv`."""
    path = Path(__file__).with_name("spellings.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (row["category"], row["term"]): tuple(row["spellings"].split("|"))
            for row in csv.DictReader(file)
        }


_SPELLINGS = _read_spellings()


def _spelt(category: str, terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """Return terms with their further spellings behind those that they have."""
    return tuple(
        replace(term, aliases=(*term.aliases, *_SPELLINGS.get((category, term.name), ())))
        for term in terms
    )


DISEASES = (
    Term("SLE", "Systemic lupus erythematosus", ("lupus", "系统性红斑狼疮", "狼疮", "红斑狼疮")),
    Term(
        "IIM",
        "Idiopathic inflammatory myopathy",
        ("myositis", "inflammatory myopathy", "特发性炎性肌病", "炎性肌病", "肌炎"),
    ),
    Term("SSc", "Systemic sclerosis", ("scleroderma", "系统性硬化症", "系统性硬化", "硬皮病")),
    Term("MG", "Myasthenia gravis", ("gMG", "generalised myasthenia gravis", "重症肌无力")),
    Term("NMOSD", "Neuromyelitis optica spectrum disorder", ("NMO", "视神经脊髓炎谱系疾病")),
    Term("MS", "Multiple sclerosis", ("多发性硬化", "多发性硬化症")),
    Term("SPS", "Stiff-person syndrome", ("stiff person", "僵人综合征")),
    Term(
        "CIDP",
        "Chronic inflammatory demyelinating polyneuropathy",
        ("慢性炎性脱髓鞘性多发性神经病",),
    ),
    Term("MOGAD", "MOG antibody-associated disease", ("抗MOG抗体病",)),
    Term("RA", "Rheumatoid arthritis", ("类风湿关节炎", "类风湿性关节炎")),
    Term("AAV", "ANCA-associated vasculitis", ("ANCA vasculitis", "ANCA相关性血管炎")),
    Term("SjD", "Sjögren disease", ("Sjögren", "Sjogren", "Sjögren syndrome", "干燥综合征")),
    Term("IgG4-RD", "IgG4-related disease", ("IgG4相关性疾病",)),
    Term("ITP", "Immune thrombocytopenia", ("免疫性血小板减少症", "原发免疫性血小板减少症")),
    Term("AIHA", "Autoimmune haemolytic anaemia", ("自身免疫性溶血性贫血",)),
    Term("PV", "Pemphigus", ("pemphigus vulgaris", "天疱疮", "寻常型天疱疮")),
    Term("mixed", "Several diseases"),
)

TARGETS = (
    Term("CD19", aliases=("anti-CD19", "anti-CD19 CAR-T", "CD19 CAR-T", "CD19 CAR-NK", "抗CD19")),
    Term("BCMA", aliases=("anti-BCMA", "anti-BCMA CAR-T", "BCMA CAR-T", "抗BCMA")),
    Term(
        "CD19+BCMA",
        aliases=(
            "BCMA+CD19",
            "CD19/BCMA",
            "BCMA/CD19",
            "CD19-BCMA",
            "BCMA-CD19",
            "CD19 and BCMA",
            "双靶点CD19/BCMA",
        ),
    ),
    Term("CD20", aliases=("anti-CD20", "抗CD20")),
    Term("CD19+CD20", aliases=("CD19/CD20", "CD20/CD19", "CD20+CD19")),
    Term("citrullinated proteins", "Citrullinated proteins"),
    Term("DSG3", "Desmoglein 3", ("Dsg3", "desmoglein-3", "桥粒芯糖蛋白3")),
    Term("none", "None"),
)

PLATFORMS = (
    Term("CAR-T", aliases=("CART", "CAR T", "CAR-T cell", "CAR-T细胞")),
    Term("CAR-NK", aliases=("CARNK", "CAR NK", "CAR-NK细胞")),
    Term("CAR-Treg", aliases=("CARTreg", "CAR Treg")),
    Term("CAAR-T", aliases=("CAART", "CAAR T", "CAAR-T细胞")),
    # An antibody and no cells: never counted among them.
    Term("T-cell engager", "T-cell engager", ("bispecific antibody", "TCE", "双特异性抗体")),
    Term("placebo", "Placebo", ("安慰剂",)),
)

CELL_SOURCES = (
    Term("autologous", "Autologous", ("auto", "自体")),
    Term("allogeneic", "Allogeneic", ("allo", "off-the-shelf", "异体", "同种异体", "通用型")),
    Term("in vivo", "In vivo", ("体内",)),
    Term("none", "None"),
)

_EVENT, _RESPONSE = "time-to-event", "response"
ENDPOINTS = (
    Term("relapse", "Relapse", ("复发", "flare"), _EVENT),
    Term("relapse_free_survival", "Relapse-free survival", ("RFS", "无复发生存"), _EVENT),
    Term("event_free_survival", "Event-free survival", ("EFS", "无事件生存"), _EVENT),
    Term("overall_survival", "Overall survival", ("OS", "death", "死亡", "总生存"), _EVENT),
    Term("time_to_response", "Time to response", ("TTR",), _EVENT),
    Term("duration_of_response", "Duration of response", ("DoR",), _EVENT),
    Term("drug_free_duration", "Drug-free duration", (), _EVENT),
    Term("b_cell_reconstitution", "B-cell reconstitution", ("B细胞重建", "B细胞恢复"), _EVENT),
    Term("igg_recovery", "IgG recovery", (), _EVENT),
    Term("seroconversion", "Seroconversion", ("血清学转阴",), _EVENT),
    Term("complement_normalisation", "Complement normalisation", ("补体恢复正常",), _EVENT),
    Term("ck_normalisation", "Creatine kinase normalisation", (), _EVENT),
    Term("remission", "Remission", ("缓解", "clinical remission"), _RESPONSE),
    Term("response", "Response", ("应答", "clinical response"), _RESPONSE),
    Term("drug_free_remission", "Drug-free remission", ("DFR", "无药缓解"), _RESPONSE),
    Term("steroid_free", "Off glucocorticoids", ("停用激素",), _RESPONSE),
    Term("immunosuppressant_free", "Off immunosuppressants", ("停用免疫抑制剂",), _RESPONSE),
    Term("DORIS", "DORIS remission", (), _RESPONSE),
    Term("LLDAS", "Lupus low disease activity state", (), _RESPONSE),
    Term("SRI-4", "SRI-4 response", ("SRI4",), _RESPONSE),
    Term("CRR", "Complete renal response", ("完全肾脏缓解",), _RESPONSE),
    Term("PERR", "Primary efficacy renal response", (), _RESPONSE),
    Term("TIS_major", "Major response (Total Improvement Score)", (), _RESPONSE),
    Term("TIS_moderate", "At least moderate response (Total Improvement Score)", (), _RESPONSE),
    Term("CRISS", "ACR-CRISS response", (), _RESPONSE),
    Term("MG-ADL_response", "MG-ADL response", (), _RESPONSE),
    Term("MSE", "Minimal symptom expression", (), _RESPONSE),
    Term("QMG_response", "QMG response", (), _RESPONSE),
    Term("MGC_response", "MG composite response", (), _RESPONSE),
    Term("mRSS_response", "Skin response (mRSS)", (), _RESPONSE),
    Term("revised_CRISS", "Revised ACR-CRISS-20 response", (), _RESPONSE),
    Term("TIS_minimal", "At least minimal response (Total Improvement Score)", (), _RESPONSE),
    Term("KDIGO_CR", "Complete renal response (KDIGO 2024)", (), _RESPONSE),
    Term("KDIGO_PR", "Partial renal response (KDIGO 2024)", (), _RESPONSE),
    Term("DORIS_drug_free", "Drug-free DORIS remission", (), _RESPONSE),
    Term("DORIS_sustained", "Sustained DORIS remission", (), _RESPONSE),
    Term("response_confirmed", "Confirmed response", (), _RESPONSE),
    Term("CRR_confirmed", "Confirmed complete renal response", (), _RESPONSE),
    Term("PERR_confirmed", "Confirmed primary efficacy renal response", (), _RESPONSE),
    Term("remission_sustained", "Sustained remission", (), _RESPONSE),
    Term("drug_free_remission_strict", "Drug-free remission, strict", (), _RESPONSE),
    Term("drug_free_remission_lenient", "Drug-free remission, lenient", (), _RESPONSE),
    Term("drug_free_remission_sustained", "Sustained drug-free remission", (), _RESPONSE),
    Term("response_sustained", "Sustained response", (), _RESPONSE),
    Term("remission_confirmed", "Confirmed remission", (), _RESPONSE),
    Term("drug_free_remission_confirmed", "Confirmed drug-free remission", (), _RESPONSE),
    Term("DORIS_confirmed", "Confirmed DORIS remission", (), _RESPONSE),
)

TOXICITIES = (
    Term(
        "CRS",
        "Cytokine release syndrome",
        ("cytokine release syndrome", "细胞因子释放综合征"),
        "immune",
    ),
    Term(
        "fever outside the CRS window",
        "Fever outside the CRS window",
        ("CRS窗口期外发热",),
        "immune",
    ),
    Term(
        "ICANS",
        "Neurotoxicity (ICANS)",
        (
            "immune effector cell-associated neurotoxicity syndrome",
            "免疫效应细胞相关神经毒性综合征",
        ),
        "nervous system",
    ),
    Term(
        "LICATS",
        "Local immune effector toxicity (LICATS)",
        ("局部免疫效应细胞相关毒性综合征",),
        "immune",
    ),
    Term(
        "IEC-HS", "Haemophagocytic syndrome (IEC-HS)", ("IEC-HS/HLH", "HLH", "噬血综合征"), "immune"
    ),
    Term("GvHD", "Graft-versus-host disease", ("GVHD", "移植物抗宿主病"), "immune"),
    Term("infusion reaction", "Infusion reaction", ("输注反应",), "immune"),
    Term("infection", "Infection", ("感染", "infections"), "infection"),
    Term(
        "hypogammaglobulinaemia",
        "Hypogammaglobulinaemia",
        ("hypogammaglobulinemia", "低丙种球蛋白血症"),
        "immune",
    ),
    Term("neutropenia", "Neutropenia", ("中性粒细胞减少", "中性粒细胞减少症"), "blood"),
    Term("thrombocytopenia", "Thrombocytopenia", ("血小板减少", "血小板减少症"), "blood"),
    Term("anaemia", "Anaemia", ("anemia", "贫血"), "blood"),
    Term("lymphopenia", "Lymphopenia", ("淋巴细胞减少", "淋巴细胞减少症"), "blood"),
    Term("leukopenia", "Leukopenia", ("leucopenia", "白细胞减少", "白细胞减少症"), "blood"),
    Term("cytopenia", "Cytopenia", ("血细胞减少",), "blood"),
    Term("ICAHT", "Haematotoxicity (ICAHT)", (), "blood"),
    Term("febrile neutropenia", "Febrile neutropenia", ("粒细胞缺乏伴发热",), "blood"),
    Term("hepatotoxicity", "Raised liver enzymes", ("肝功能异常", "转氨酶升高"), "liver"),
    Term("coagulopathy", "Coagulopathy", ("凝血功能异常",), "blood"),
    Term(
        "second malignancy",
        "Second malignancy",
        ("继发恶性肿瘤", "second primary malignancy", "subsequent malignancy"),
        "neoplasm",
    ),
)

# What a measure is stands in measures.csv. The codes of a device or a state there are its place in
# the list of `carstats.endpoints.rules.toxicity.crs` or `icans`, from 0.
MEASURES = tuple(Term(m.name, m.label, m.aliases, m.unit) for m in MEASURE_TABLE.values())

DRUG_CLASSES = (
    Term("glucocorticoid", "Glucocorticoid", ("steroid", "激素", "糖皮质激素")),
    Term("immunosuppressant", "Immunosuppressant", ("csIS", "免疫抑制剂")),
    Term("antimalarial", "Antimalarial", ("羟氯喹", "抗疟药")),
    Term("biologic", "Biologic", ("生物制剂",)),
    Term("targeted synthetic", "Targeted synthetic drug", ("tsDMARD",)),
    Term("immunoglobulin", "Immunoglobulin", ("IVIG", "丙种球蛋白", "免疫球蛋白")),
    Term("plasma exchange", "Plasma exchange", ("PLEX", "血浆置换")),
    Term("antifibrotic", "Antifibrotic", ("抗纤维化药",)),
    Term("cholinesterase inhibitor", "Cholinesterase inhibitor", ("pyridostigmine", "溴吡斯的明")),
    Term("tocilizumab", "Tocilizumab", ("托珠单抗",)),
    Term(
        "thrombopoietin agonist", "Thrombopoietin agonist", ("TPO-RA", "促血小板生成素受体激动剂")
    ),
    Term("lymphodepletion", "Lymphodepletion", ("清淋",)),
    Term("supportive", "Supportive", ("支持治疗",)),
    # Care and no drug: an admission has a first day, a last day and a reason as a drug has.
    Term(
        "hospital stay",
        "Hospital stay",
        ("inpatient stay", "hospitalisation", "hospitalization", "hospital admission", "住院"),
    ),
    Term(
        "intensive care",
        "Intensive care",
        ("ICU", "ICU stay", "intensive care unit", "重症监护", "重症监护室", "入住ICU"),
    ),
    Term("other", "Other", ("其他",)),
)

# Classes that are care and no drug.
HOSPITAL, INTENSIVE = "hospital stay", "intensive care"
CARE = (HOSPITAL, INTENSIVE)

SEXES = (
    Term("F", "Female", ("female", "woman", "女", "女性")),
    Term("M", "Male", ("male", "man", "男", "男性")),
)

STATUSES = (
    Term("censored", "Censored", ("删失",)),
    Term("event", "Event", ("事件",)),
    Term("competing", "Competing event", ("竞争事件",)),
)

SEVERITIES = (
    Term("mild", "Mild", ("轻度", "轻")),
    Term("moderate", "Moderate", ("中度", "中")),
    Term("severe", "Severe", ("重度", "重")),
    Term("life-threatening", "Life-threatening", ("危及生命",)),
    Term("fatal", "Fatal", ("致死", "死亡")),
)

VALENCIES = (
    Term("single", "Single"),
    Term("dual", "Dual", ("双靶点",)),
    Term("co-infusion", "Co-infusion"),
)

REASONS = (
    Term("disease", "Disease", ("病情",)),
    Term("toxicity", "Toxicity", ("毒性",)),
    Term("conditioning", "Conditioning", ("预处理",)),
    Term("background", "Background", ("基础用药",)),
    Term("supportive", "Supportive care", ("支持治疗",)),
    Term("replacement", "Replacement", ("替代治疗",)),
)

# Other spellings of the same, in other languages too; what only belongs to a term is none.
DISEASES = _spelt("disease", DISEASES)
TARGETS = _spelt("target", TARGETS)
PLATFORMS = _spelt("platform", PLATFORMS)
CELL_SOURCES = _spelt("cell_source", CELL_SOURCES)
DRUG_CLASSES = _spelt("drug_class", DRUG_CLASSES)
SEXES = _spelt("sex", SEXES)
STATUSES = _spelt("status", STATUSES)
SEVERITIES = _spelt("severity", SEVERITIES)
VALENCIES = _spelt("valency", VALENCIES)
REASONS = _spelt("reason", REASONS)

# What columns without a vocabulary say in carstats' own data, and the units that are words.
SYSTEMS = (
    mark("blood"),
    mark("bloodstream"),
    mark("gastrointestinal tract"),
    mark("immune"),
    mark("infection"),
    mark("joints"),
    mark("kidney"),
    mark("liver"),
    mark("lung"),
    mark("muscle"),
    mark("neoplasm"),
    mark("nervous system"),
    mark("respiratory tract"),
    mark("skin"),
    mark("urinary tract"),
    mark("seizure"),
    mark("psychosis"),
    mark("organic brain syndrome"),
    mark("visual disturbance"),
    mark("cranial nerve disorder"),
    mark("lupus headache"),
    mark("cerebrovascular accident"),
    mark("vasculitis"),
    mark("urinary casts"),
    mark("haematuria"),
    mark("pyuria"),
    mark("alopecia"),
    mark("mucosal ulcers"),
    mark("pleurisy"),
    mark("pericarditis"),
)
SUBTYPES = (
    mark("lupus nephritis"),
    mark("non-renal"),
    mark("antisynthetase syndrome"),
    mark("dermatomyositis"),
    mark("necrotising myopathy"),
    mark("diffuse cutaneous"),
    mark("limited cutaneous"),
    mark("AChR-positive"),
    mark("MuSK-positive"),
    mark("AQP4-IgG-positive"),
    mark("warm antibody"),
)
DEATH_CAUSES = (
    mark("cardiovascular"),
    mark("disease"),
    mark("infection"),
    mark("second malignancy"),
    mark("toxicity"),
    mark("unknown"),
)
FREE_WORDS = {"system": SYSTEMS, "disease_subtype": SUBTYPES, "death_cause": DEATH_CAUSES}
UNITS = (
    mark("% predicted"), mark("multiple of ULN"), mark("points"), mark("count"), mark("ratio"),
    mark("% of lymphocytes"), mark("% of B cells"), mark("% of lung"), mark("copies/ug DNA"),
    mark("copies/mL"), mark("T score"), mark("1:titre"), mark("index"), mark("mmol/min/kPa"),
    mark("nmol/L"), mark("umol/L"), mark("mmol/L"),
)  # fmt: skip
