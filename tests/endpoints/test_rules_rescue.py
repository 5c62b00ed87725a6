"""Rescue is more treatment than before: tiny subjects worked out by hand, one a boundary."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from carstats.endpoints.derive.intercurrent import classify_medications, find_intercurrent
from carstats.endpoints.options import Rules
from tests.endpoints.tiny_study import one, responses

NEVER = np.inf


def mg(start, stop, dose, reason="disease"):
    return ("prednisone", "glucocorticoid", start, stop, dose, reason)


def drug(start, stop=None, name="mycophenolate", cls="immunosuppressant", reason="disease"):
    return (name, cls, start, stop, None, reason)


def rescued(drugs, rules=None, **options):
    study = one({28: 1.0, 400: 1.0}, drugs=drugs, **options)
    return find_intercurrent(study, rules).rescue[0]


BASE = mg(-300, None, 10.0)


@pytest.mark.parametrize(("drugs", "day"), [
    # 5 mg above the reference is not more than 5 mg; three days are needed.
    ([mg(-300, 29, 10.0), mg(30, None, 15.0)], NEVER),
    ([mg(-300, 29, 10.0), mg(30, None, 15.1)], 30),
    ([BASE, mg(30, 31, 10.0)], NEVER),
    ([BASE, mg(30, 32, 10.0)], 30),
    ([BASE, mg(30, 31, 10.0), mg(40, 42, 10.0)], 40),
    # One row more is not more treatment: the doses of a day are added up.
    ([mg(-300, 29, 10.0), mg(30, None, 5.0), mg(30, None, 5.0)], NEVER),
    ([BASE, mg(30, None, 5.0)], NEVER),
    ([BASE, mg(30, None, 5.5)], 30),
    # A single dose of 100 mg, and a smaller one.
    ([mg(40, 40, 100.0)], 40),
    ([mg(40, 40, 99.0)], NEVER),
    ([mg(0, 0, 100.0)], NEVER),
    # An unchanged high dose is none, nor is one raised before the infusion.
    ([mg(-3, None, 120.0)], NEVER),
    ([mg(-300, -4, 10.0), mg(-3, None, 60.0)], NEVER),
    ([mg(-300, -1, 10.0), mg(0, None, 60.0)], NEVER),
    ([mg(-300, 0, 10.0), mg(1, None, 60.0)], 1),
    # What was given before day -28 is no reference.
    ([mg(-300, -29, 20.0), mg(5, None, 10.0)], 5),
    ([mg(-300, -28, 20.0), mg(5, None, 10.0)], NEVER),
    # The reference falls from day 14 to the highest dose of 14 days: held to day 13, to day 14.
    ([mg(-300, 0, 20.0), mg(14, None, 20.0)], NEVER),
    ([mg(-300, 0, 20.0), mg(15, None, 20.0)], 15),
    # Tapered to 10 mg on day 50: 20 mg is the trailing maximum up to day 62.
    ([mg(-300, 49, 20.0), mg(50, 62, 10.0), mg(63, None, 20.0)], NEVER),
    ([mg(-300, 49, 20.0), mg(50, 63, 10.0), mg(64, None, 20.0)], 64),
    # A flare treated after a taper, at a dose below that of before.
    ([mg(-300, 20, 20.0), mg(21, 59, 5.0), mg(60, None, 15.0)], 60),
    ([mg(-300, 20, 20.0), mg(21, 59, 5.0), mg(60, None, 10.0)], NEVER),
    ([mg(-300, 20, 20.0), mg(100, 102, 6.0)], 100),
    ([mg(-300, 20, 20.0), mg(100, None, 5.0)], NEVER),
    # Reasons that never count, at any dose.
    *[([mg(30, None, 60.0, why)], NEVER)
      for why in ("replacement", "supportive", "background", "conditioning", "toxicity")],
    # What was background before is treatment from before.
    ([mg(-300, 40, 20.0, "background"), mg(41, None, 20.0)], NEVER),
    ([mg(-300, None, 10.0, "background"), mg(41, None, 6.0)], 41),
    # A blank reason is the disease.
    ([mg(30, None, 10.0, None)], 30),
    # Without a dose: new treatment where there was none, unknown where there was some.
    ([mg(30, None, None)], 30),
    ([mg(30, 31, None)], NEVER),
    ([BASE, mg(30, None, None)], NEVER),
])  # fmt: skip
def test_glucocorticoids(drugs, day):
    assert rescued(drugs) == day


@pytest.mark.parametrize(("drugs", "day"), [
    ([drug(0)], NEVER),
    ([drug(1)], 1),
    ([drug(-1)], NEVER),
    # Held for lymphodepletion and resumed: to day 56, and a day later.
    ([drug(-300, -5), drug(56)], NEVER),
    ([drug(-300, -5), drug(57)], 57),
    # Held before day -28 as well, but not given up long before.
    ([drug(-300, -29), drug(40)], NEVER),
    ([drug(-900, -300), drug(40)], 40),
    # However recorded: where one row ends and the next begins is no start.
    ([drug(-300, 100), drug(101)], NEVER),
    ([drug(-300, 100), drug(114)], NEVER),
    ([drug(-300, 100), drug(116)], 116),
    ([drug(-300, 20), drug(21, 60), drug(61)], NEVER),
    # Another drug is a start; the same one in other letters is not.
    ([drug(-300, 30, name="azathioprine"), drug(31)], 31),
    ([drug(-300, 30), drug(31, name=" Mycophenolate")], NEVER),
    # Doses some weeks apart are one course, in myasthenia of immunoglobulin too.
    ([drug(d, d, "rituximab", "biologic") for d in (-20, 20, 60, 100)], NEVER),
    ([drug(d, d, "rituximab", "biologic") for d in (-20, 20, 120)], 120),
    ([drug(d, d, "IVIG", "immunoglobulin") for d in (-20, 8, 36, 64, 92)], NEVER),
    ([drug(64, 64, "IVIG", "immunoglobulin", None)], 64),
    ([drug(30, 35, "PLEX", "plasma exchange")], 30),
    ([drug(30, None, "tofacitinib", "targeted synthetic")], 30),
    # What does not treat the disease, and reasons that never count.
    ([drug(30, None, "hydroxychloroquine", "antimalarial")], NEVER),
    ([drug(30, None, "vitamin D", "other", None)], NEVER),
    ([drug(30, None, "tocilizumab", "tocilizumab", None)], NEVER),
    *[([drug(30, reason=why)], NEVER)
      for why in ("toxicity", "conditioning", "background", "supportive", "replacement")],
])  # fmt: skip
def test_other_drugs(drugs, day):
    assert rescued(drugs) == day


def dosed(*rows):
    """Return a study of one drug: (start, stop, dose) rows, mg a day."""
    study = one({28: 1.0, 400: 1.0}, drugs=[drug(start, stop) for start, stop, _ in rows])
    drugs = study.medications.assign(dose=[dose for *_, dose in rows], dose_unit="mg/d")
    return type(study)(
        subjects=study.subjects, infusions=study.infusions, assessments=study.assessments,
        medications=drugs,
    )  # fmt: skip


@pytest.mark.parametrize(("rows", "day"), [
    ([(-300, 29, 1000.0), (30, None, 1500.0)], 30),
    ([(-300, 29, 1500.0), (30, None, 1000.0)], NEVER),
    # Back to the highest dose of before is not above it.
    ([(-300, 29, 1500.0), (30, 60, 1000.0), (61, None, 1500.0)], NEVER),
    # Resumed in time, at more than the former dose, and at no more.
    ([(-300, -5, 1000.0), (30, None, 2000.0)], 30),
    ([(-300, -5, 1000.0), (30, None, 1000.0)], NEVER),
    ([(-300, 29, None), (30, None, 1500.0)], NEVER),
])  # fmt: skip
def test_recorded_doses(rows, day):
    assert find_intercurrent(dosed(*rows)).rescue[0] == day


@pytest.mark.parametrize(("term", "steroid", "day"), [
    # CRS of days 2 to 6: what overlaps it without a reason is for it.
    ("CRS", mg(3, 12, 60.0, None), NEVER),
    ("CRS", mg(6, 20, 60.0, None), NEVER),
    ("CRS", mg(7, 20, 60.0, None), 7),
    ("CRS", mg(3, 12, 60.0, "disease"), 3),
    ("ICANS", mg(3, 12, 60.0, None), NEVER),
    ("IEC-HS", mg(3, 12, 60.0, None), NEVER),
    ("infection", mg(3, 12, 60.0, None), 3),
    # LICATS is decided first: its glucocorticoid of 14 days is none, of 15 is one.
    ("LICATS", mg(3, 16, 60.0, "disease"), NEVER),
    ("LICATS", mg(3, 17, 60.0, "disease"), 3),
    ("LICATS", mg(7, 20, 60.0, "disease"), 7),
])  # fmt: skip
def test_toxicity_is_decided_before_rescue(term, steroid, day):
    assert rescued([steroid], toxicities=[(term, 2.0, 6.0)]) == day


def test_each_limit_is_a_parameter():
    step = [mg(-300, 29, 10.0), mg(30, None, 17.0)]
    assert rescued(step) == 30
    assert rescued(step, Rules(rescue_step_mg=7.5)) == NEVER
    assert rescued([BASE, mg(30, 32, 10.0)], Rules(rescue_days=4)) == NEVER
    assert rescued([mg(40, 40, 60.0)], Rules(rescue_pulse_mg=60)) == 40
    assert rescued([mg(-300, 0, 20.0), mg(15, None, 20.0)], Rules(rescue_hold_days=21)) == NEVER
    assert rescued([drug(-300, -5), drug(80)], Rules(rescue_resume_days=84)) == NEVER
    assert rescued([drug(-900, -300), drug(40)], Rules(rescue_washout_days=365)) == NEVER
    assert rescued([mg(-40, -35, 20.0), mg(5, None, 10.0)], Rules(rescue_before_days=40)) == NEVER


def test_kind_says_which_row_is_the_rescue():
    study = one({28: 1.0}, drugs=[BASE, mg(30, 60, 20.0), drug(-300, 20), drug(21)], last=100)
    found = classify_medications(study)
    assert found["kind"].tolist() == ["background", "rescue", "background", "background"]
    assert found["day"].tolist() == [-300, 30, -300, 21]


def test_rescue_fails_the_response_and_says_so():
    study = one({28: 1.0, 84: 1.0}, drugs=[drug(60)])
    assert responses(study) == {28: True, 84: False}
    table = pd.DataFrame(classify_medications(study))
    assert table["kind"].tolist() == ["rescue"]
