"""Worksheets of one mixed hospital, read from its files: expected values worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from carstats.data.measures import MEASURE_TABLE
from carstats.endpoints.derive.derivability import derivability
from carstats.endpoints.derive.derivation import derive_all
from carstats.endpoints.derive.intercurrent import find_intercurrent
from carstats.report.figures import response_figure

UNITS = {name: measure.unit for name, measure in MEASURE_TABLE.items()}
ITEMS = [name for name in MEASURE_TABLE if name.startswith("SLEDAI_") and UNITS[name] == "0-1"]
NEVER = np.inf
DRUG = (
    "subject_id", "drug", "drug_class", "start_day", "stop_day", "prednisone_equivalent_mg",
    "reason", "dose", "dose_unit",
)  # fmt: skip


def read(folder, subjects, rows, drugs=()):
    """Write a study folder and read it; `subjects` are {id: columns}, `rows` of the assessments."""
    usual = {
        "disease": "SLE", "disease_subtype": None, "target": "CD19", "platform": "CAR-T",
        "cell_source": "autologous", "last_contact_day": 400, "lymphodepletion_day": -5,
        "infused": True, "death_day": None,
    }  # fmt: skip
    people = [{"subject_id": who} | usual | given for who, given in subjects.items()]
    pd.DataFrame(people).to_csv(folder / "subjects.csv", index=False)
    table = pd.DataFrame(rows, columns=["subject_id", "day", "measure", "value"])
    table = table.assign(unit=table["measure"].map(UNITS), adequate=True)
    table.to_csv(folder / "assessments.csv", index=False)
    infusions = pd.DataFrame({"subject_id": list(subjects)})
    infusions = infusions.assign(infusion_number=1, day=0, planned=True)
    infusions.to_csv(folder / "infusions.csv", index=False)
    given = [(*drug, *[None] * (len(DRUG) - len(drug))) for drug in drugs]
    pd.DataFrame(given, columns=DRUG).to_csv(folder / "medications.csv", index=False)
    (folder / "study.toml").write_text('[study]\nname = "worksheet"\nsynthetic = true\n')
    return cs.read_study(folder)


def answers(found, who, endpoint):
    """Return {day: True, False or None} of a subject's derived responses."""
    rows = found.responses
    rows = rows[(rows["subject_id"] == who) & (rows["endpoint"] == endpoint)]
    return {r.day: None if pd.isna(r.response) else bool(r.response) for r in rows.itertuples()}


# --- to whom an endpoint applies ------------------------------------------------------------------


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    """Six of lupus (three with nephritis, two by subtype blank), IIM, SSc and MG."""
    renal = {"disease_subtype": "lupus nephritis"}
    subjects = {
        "L1": renal, "L2": renal, "L3": {}, "L4": {}, "L5": {"disease_subtype": "cutaneous"},
        "L6": renal, "I1": {"disease": "IIM"}, "S1": {"disease": "SSc"}, "M1": {"disease": "MG"},
    }  # fmt: skip
    upcr = {"L1": (2, 0.3), "L2": (2, 1.0), "L3": (0.5, 0.2), "L4": (0.49, 0.1), "L5": (0.9, 0.1),
            "L6": (0.3, 0.3), "I1": (2, 0.1)}  # fmt: skip
    rows = []
    for who, values in upcr.items():
        for day, value in zip((-10, 168), values, strict=True):
            rows += [(who, day, "UPCR", value), (who, day, "eGFR", 95)]
    for who in ("L1", "L2", "L3", "L4", "L5", "L6"):
        rows += [(who, -10, "SLEDAI-2K", 12), (who, -10, "PGA", 2), (who, 168, "PGA", 0.2)]
        rows.append((who, 168, "SLEDAI-2K", 8 if who == "L2" else 0))
    core = {"physician_global": (6, 1), "patient_global": (6, 1), "MMT8": (50, 78),
            "HAQ-DI": (2, 0.5), "CK": (2000, 150), "extramuscular_global": (4, 0)}  # fmt: skip
    for name, (before, after) in core.items():
        rows += [("I1", -10, name, before), ("I1", 168, name, after)]
    for who, name, before, after in (
        ("S1", "mRSS", 20, 10), ("S1", "FVC", 80, 82), ("M1", "MG-ADL", 8, 1),
    ):  # fmt: skip
        rows += [(who, -10, name, before), (who, 168, name, after)]
    return read(tmp_path_factory.mktemp("hospital"), subjects, rows)


@pytest.fixture(scope="module")
def cohort(hospital):
    return cs.define_cohort(cs.derive(hospital), cs.infused())


@pytest.mark.parametrize(("endpoint", "k", "n", "others"), [
    # L1, L3 (0.5 g/g before) and L6 of four; L4 (0.49) and L5 (another subtype) are not asked.
    ("CRR", 3, 4, 5),
    ("DORIS", 5, 6, 3),
    ("TIS_moderate", 1, 1, 8),
    ("MSE", 1, 1, 8),
    ("remission", 8, 9, 0),
])  # fmt: skip
def test_rates_of_a_mixed_cohort(cohort, endpoint, k, n, others):
    (row,) = cs.response_rate(cohort, endpoint).frame.to_dict("records")
    assert (row["n_event"], row["n"], row["n_not_applicable"]) == (k, n, others)


def test_a_comparison_of_a_class_says_what_it_is_in_each_disease(cohort):
    every = [
        cs.response_difference(cohort, "remission", by="disease", reference="SLE"),
        cs.response_test(cohort, "remission", by="disease", reference="SLE"),
    ]
    for found in every:
        notes = found.frame["note"]
        assert notes.str.contains("SLE: clinical SLEDAI 0 and PGA below 0.5").all()
        assert "MG: minimal symptom expression" in notes.iloc[-1]
        assert "IIM: " not in notes.iloc[-1]
    (first, *_) = cs.time_to_response(cohort, "remission").frame["note"]
    assert "SSc: mRSS at most half of baseline" in first
    # DORIS is the same in everybody whom it is asked of.
    notes = cs.response_difference(cohort, "DORIS", by="disease", reference="SLE").frame["note"]
    assert notes.str.startswith("does not apply to ").all()


def test_the_figure_of_a_class_names_its_endpoints(cohort):
    figure = response_figure(cs.response_rate(cohort, "remission", by="disease"))
    said = " ".join(text.get_text().replace("\n", " ") for text in figure.texts)
    for words in ("SLE: clinical SLEDAI 0 and PGA below 0.5", "MG: minimal symptom expression"):
        assert words in said


def test_check_names_what_was_never_measured_of_an_endpoint_that_one_value_decides(hospital):
    found = {row.endpoint: row for row in derivability(hospital)}
    # L2 has an index of 8; of the others nothing says that no organ is active.
    assert (found["LLDAS"].n_derivable, found["LLDAS"].n) == (1, 6)
    assert found["LLDAS"].missing[0] == "haemolytic_or_gastrointestinal"
    assert found["DORIS"].missing == ()


# --- rescue ---------------------------------------------------------------------------------------


def steroid(start, stop, dose, reason="disease"):
    return ("prednisone", "glucocorticoid", start, stop, dose, reason)


def mycophenolate(start, stop, dose=None, unit=None):
    return ("mycophenolate", "immunosuppressant", start, stop, None, "disease", dose, unit)


RESCUE = [
    ("SLE", [steroid(-28, 59, 10), steroid(60, 70, 15), steroid(71, None, 10)], NEVER),
    ("SLE", [steroid(-28, 59, 10), steroid(60, 62, 15.1), steroid(63, None, 10)], 60),
    ("SLE", [steroid(-28, 59, 10), steroid(60, 61, 16), steroid(62, None, 10)], NEVER),
    ("SLE", [steroid(40, 40, 100, None)], 40),
    ("SLE", [steroid(0, 0, 500, "conditioning")], NEVER),
    ("SLE", [steroid(3, 8, 60, None)], 3),
    ("SLE", [steroid(5, 9, 200, "toxicity")], NEVER),
    # Off 20 mg since day 31: the reference is 5 mg on day 100, and 20 mg on day 40 still.
    ("SLE", [steroid(-60, 30, 20), steroid(31, 99, 5), steroid(100, 104, 15)], 100),
    ("SLE", [steroid(-60, 30, 20), steroid(31, 39, 5), steroid(40, 50, 20)], NEVER),
    ("SLE", [steroid(-300, -1, 5), steroid(0, 20, 0), steroid(45, None, 7.5)], 45),
    ("SLE", [mycophenolate(-100, -40), mycophenolate(40, None)], NEVER),
    ("SLE", [mycophenolate(-100, -40), mycophenolate(60, None)], 60),
    # 2 g are more than 1000 mg, and no more than 2000 mg.
    ("SLE", [mycophenolate(-100, 49, 1000, "mg"), mycophenolate(50, None, 2, "g")], 50),
    ("SLE", [mycophenolate(-100, 49, 2000, "mg/d"), mycophenolate(50, None, 2, "g/day")], NEVER),
    ("SLE", [mycophenolate(-100, 49, 1000, "mg"), mycophenolate(50, None, 1000, "MG/d")], NEVER),
    # Other units are compared with themselves only.
    ("SLE", [mycophenolate(-100, 49, 2, "tablets"), mycophenolate(50, None, 4, "tablets")], 50),
    ("SLE", [mycophenolate(-100, 49, 2, "tablets"), mycophenolate(50, None, 2000, "mg")], NEVER),
    ("SLE", [("IVIG", "immunoglobulin", 60, 60, None, "replacement")], NEVER),
    ("MG", [("IVIG", "immunoglobulin", 60, 60, None, "replacement")], 60),
    ("SLE", [("hydroxychloroquine", "antimalarial", 30, None, None, "disease")], NEVER),
]


@pytest.mark.parametrize(("disease", "drugs", "day"), RESCUE)
def test_rescue(tmp_path, disease, drugs, day):
    rows = [("a", -10, "PGA", 2.0), ("a", 300, "PGA", 0.2)]
    study = read(tmp_path, {"a": {"disease": disease}}, rows, [("a", *drug) for drug in drugs])
    assert find_intercurrent(study).rescue[0] == day


# --- LLDAS ----------------------------------------------------------------------------------------

BEFORE = ("rash", "arthritis", "low_complement")


def sheet(who, day, items, pga=0.5, severe=0.0):
    """Return the rows of a day with all 24 items; `severe` is None where it is blank."""
    rows = [(who, day, name, float(name.removeprefix("SLEDAI_") in items)) for name in ITEMS]
    rows.append((who, day, "PGA", pga))
    if severe is not None:
        rows.append((who, day, "haemolytic_or_gastrointestinal", severe))
    return rows


NEW = "activity on day {day} that the visit before did not have"
LLDAS = {
    "old rash": ([(28, ("rash",), 1.0)], {28: True}, None),
    "new hair loss": ([(28, ("alopecia",), 1.0)], {28: False}, NEW.format(day=28)),
    "PGA": ([(28, ("rash",), 1.1)], {28: False}, "Physician global assessment 1.1 on day 28"),
    "fever": ([(28, ("fever",))], {28: False}, "activity in a major organ on day 28"),
    "kidney": ([(28, ("haematuria",))], {28: False}, "activity in a major organ on day 28"),
    "new serology": ([(28, ("increased_dna_binding",))], {28: False}, NEW.format(day=28)),
    "blank": ([(28, ("rash",), 0.5, None)], {28: None}, "missing: haemolytic_or_gastrointestinal"),
    "old, new, old": (
        [(28, ("rash",)), (84, ("rash", "alopecia")), (168, ("rash", "alopecia"))],
        {28: True, 84: False, 168: True},
        NEW.format(day=84),
    ),
    "gone and back": ([(28, ()), (84, ("rash",))], {28: True, 84: False}, NEW.format(day=84)),
}


@pytest.mark.parametrize("name", LLDAS)
def test_lldas(tmp_path, name):
    days, expected, text = LLDAS[name]
    rows = sheet("a", -10, BEFORE, 2.0)
    for day in days:
        rows += sheet("a", *day)
    study = read(tmp_path, {"a": {}}, rows)
    found = derive_all(study, endpoints=["LLDAS"])
    assert answers(found, "a", "LLDAS") == expected
    if text:
        assert found.responses["reason"].dropna().str.contains(text, regex=False).any()


def test_lldas_of_the_first_visit_without_one_before_it(tmp_path):
    rows = sheet("a", 28, ("rash",)) + sheet("b", 28, ())
    # Totals without the items: 0 has no activity, 3 may be a fever, 5 is too much.
    rows += sheet("e", -10, BEFORE, 2.0)
    for who, total in (("c", 0), ("d", 3), ("e", 5)):
        rows += [(who, 28, "SLEDAI-2K", total), (who, 28, "PGA", 0.5)]
        rows.append((who, 28, "haemolytic_or_gastrointestinal", 0))
    study = read(tmp_path, {who: {} for who in "abcde"}, rows)
    found = derive_all(study, endpoints=["LLDAS"])
    got = [answers(found, who, "LLDAS")[28] for who in "abcde"]
    assert got == [None, True, True, None, False]
    reason = found.responses.set_index("subject_id")["reason"]
    assert reason["a"] == "not known: " + NEW.format(day=28)
    assert reason["d"] == "missing: 24 items of SLEDAI-2K"
    assert NEW.format(day=28) + ": not known" in str(cs.explain(study, "LLDAS", "a"))


def test_sri_4_of_a_low_baseline_has_no_meaning_and_says_why(tmp_path):
    rows = []
    for who, before in (("a", 5), ("b", 6)):
        rows += [(who, -10, "SLEDAI-2K", before), (who, -10, "PGA", 1.0)]
        rows += [(who, 168, name, 0) for name in ("SLEDAI-2K", "PGA", "new_BILAG_A", "new_BILAG_B")]
    study = read(tmp_path, {"a": {}, "b": {}}, rows)
    found = derive_all(study, endpoints=["SRI-4"])
    assert [answers(found, who, "SRI-4")[168] for who in "ab"] == [None, True]
    too_low = "SLEDAI-2K before the infusion too low for this endpoint"
    assert found.responses["reason"].iloc[0] == too_low
    assert too_low + ": yes" in str(cs.explain(study, "SRI-4", "a"))
    assert too_low not in str(cs.explain(study, "SRI-4", "b"))


# --- deaths and primary non-response --------------------------------------------------------------

WELL, ILL = (0, 0.2), (12, 2)
COURSES = {
    # Deaths within 1.5 intervals of the last visit (126 days after week 12), later, and before
    # any response.
    "D1": ({28: WELL, 84: WELL}, {"death_day": 100, "last_contact_day": 100}),
    "D2": ({28: WELL, 56: WELL, 84: WELL}, {"death_day": 300, "last_contact_day": 300}),
    "D7": ({28: ILL, 84: ILL}, {"death_day": 120, "last_contact_day": 120}),
    # No response: the window of week 24 closes on day 196.
    "D3": ({28: ILL, 84: ILL, 168: ILL}, {"last_contact_day": 200}),
    "D4": ({28: ILL, 84: ILL, 168: ILL}, {"last_contact_day": 190}),
    "D5": ({28: ILL, 84: ILL, 168: ILL, 210: WELL}, {"last_contact_day": 260}),
    "D8": ({28: WELL, 84: WELL, 168: ILL, 252: ILL}, {"last_contact_day": 260}),
}
EVENTS = {
    "relapse": {
        "D1": ("competing", 100, "death"), "D2": ("censored", 84, None),
        "D7": ("competing", 120, "death"), "D3": ("competing", 196, "primary non-response"),
        "D4": ("censored", 168, None), "D5": ("competing", 196, "primary non-response"),
        "D8": ("event", 168, "relapse"),
    },
    "relapse_free_survival": {
        "D1": ("event", 100, "death"), "D2": ("censored", 84, None),
        "D7": ("event", 120, "death"), "D3": ("censored", 168, None),
        "D4": ("censored", 168, None), "D5": ("censored", 210, None),
        "D8": ("event", 168, "relapse"),
    },
    "event_free_survival": {
        "D1": ("event", 100, "death"), "D2": ("censored", 84, None),
        "D7": ("event", 120, "death"), "D3": ("event", 196, "no response"),
        "D4": ("censored", 168, None), "D5": ("event", 196, "no response"),
        "D8": ("event", 168, "relapse"),
    },
}  # fmt: skip


@pytest.mark.parametrize("endpoint", EVENTS)
def test_deaths_and_non_response(tmp_path, endpoint):
    rows = []
    for who, (visits, _) in COURSES.items():
        for day, (index, pga) in {-10: ILL, **visits}.items():
            rows += [(who, day, "SLEDAI-2K", index), (who, day, "PGA", pga)]
            rows += [(who, day, name, 0) for name in ("new_BILAG_A", "new_BILAG_B")]
    study = read(tmp_path, {who: given for who, (_, given) in COURSES.items()}, rows)
    found = derive_all(study, endpoints=[endpoint]).events.set_index("subject_id")
    for who, (status, day, what) in EVENTS[endpoint].items():
        row = found.loc[who]
        said = row["cause"] if status == "competing" else row["component"]
        assert (row["status"], row["time"]) == (status, day), who
        assert (None if pd.isna(said) else said) == what, who
