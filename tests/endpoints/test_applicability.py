"""To whom an endpoint applies: in no numerator and no denominator, and counted apart."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import carstats as cs
from carstats.endpoints.derive.applicability import applicable, diseases_of
from carstats.endpoints.derive.derivation import derive
from carstats.errors import CarstatsError

U, G = "UPCR", "eGFR"


def study_of(subjects, rows, **tables):
    """Return a study; `subjects` are (id, disease, subtype), `rows` (id, day, measure, value)."""
    frame = pd.DataFrame(subjects, columns=["subject_id", "disease", "disease_subtype"]).assign(
        target="CD19", platform="CAR-T", cell_source="autologous", last_contact_day=400.0,
        infused=True,
    )  # fmt: skip
    assessments = pd.DataFrame(rows, columns=["subject_id", "day", "measure", "value"])
    assessments["unit"] = assessments["measure"].map({U: "g/g"})
    return cs.Study(subjects=frame, assessments=assessments, **tables)


def kidney(who, upcr=0.3, baseline=2.0):
    return [(who, -10, U, baseline), (who, -10, G, 90.0), (who, 168, U, upcr), (who, 168, G, 90.0)]


@pytest.mark.parametrize(("disease", "subtype", "baseline", "applies"), [
    ("SLE", "lupus nephritis", None, True),
    ("SLE", "class IV LN", None, True),
    ("SLE", "狼疮性肾炎", None, True),
    ("SLE", "non-renal", 2.0, False),
    ("SLE", "no lupus nephritis", 2.0, False),
    ("SLE", "without nephritis", 2.0, False),
    ("SLE", "arthritis", 2.0, False),
    # A blank subtype: by the baseline proteinuria.
    ("SLE", None, 0.5, True),
    ("SLE", None, 0.49, False),
    ("SLE", None, None, False),
    ("IIM", None, 2.0, False),
    ("IIM", "lupus nephritis", 2.0, False),
])  # fmt: skip
def test_renal_endpoints(disease, subtype, baseline, applies):
    rows = [("a", -10.0, G, 90.0)] + ([("a", -10.0, U, baseline)] if baseline else [])
    study = study_of([("a", disease, subtype)], rows)
    for name in ("CRR", "PERR", "KDIGO_CR", "KDIGO_PR", "CRR_confirmed"):
        assert applicable(study, name).tolist() == [applies]


@pytest.mark.parametrize(("endpoint", "diseases"), [
    ("DORIS", ("SLE",)), ("DORIS_sustained", ("SLE",)), ("LLDAS", ("SLE",)), ("SRI-4", ("SLE",)),
    ("TIS_major", ("IIM",)), ("MSE", ("MG",)), ("CRISS", ("SSc",)), ("mRSS_response", ("SSc",)),
    ("ck_normalisation", ("IIM",)), ("complement_normalisation", ("SLE",)),
    ("steroid_free", None), ("relapse", None), ("igg_recovery", None),
])  # fmt: skip
def test_diseases_of_an_endpoint(endpoint, diseases):
    assert diseases_of(endpoint) == diseases


def test_what_a_study_gives_for_a_blank_subtype_applies():
    given = pd.DataFrame({"subject_id": ["a"], "endpoint": "CRR", "day": 168.0, "response": True})
    study = study_of([("a", "SLE", None), ("b", "SLE", None)], [("a", -10.0, G, 90.0)],
                     responses=given)  # fmt: skip
    assert applicable(study, "CRR").tolist() == [True, False]


@pytest.fixture(scope="module")
def mixed():
    """Three with lupus nephritis (one at 0.3 g/g from the start), one without, two of myositis."""
    subjects = [("a", "SLE", "lupus nephritis"), ("b", "SLE", "lupus nephritis"),
                ("c", "SLE", "lupus nephritis"), ("d", "SLE", "non-renal"),
                ("e", "IIM", None), ("f", "IIM", None)]  # fmt: skip
    rows = kidney("a") + kidney("b", 1.0) + kidney("c", 0.3, 0.3) + kidney("d", 0.1, 0.1)
    rows += [("e", 168, "MMT8", 80.0)]
    return cs.define_cohort(derive(study_of(subjects, rows)))


def test_rate_counts_those_to_whom_it_applies(mixed):
    (row,) = cs.response_rate(mixed, "CRR").frame.to_dict("records")
    assert (row["n"], row["n_event"], row["n_not_applicable"]) == (3, 2, 3)
    assert "3 to whom it does not apply" in row["note"]
    assert "1 meets it at baseline already" in row["note"]


def test_stratum_without_anybody_is_nan_and_says_so(mixed):
    lupus, muscle = cs.response_rate(mixed, "CRR", by="disease").frame.to_dict("records")
    assert (lupus["n"], lupus["n_event"], lupus["n_not_applicable"]) == (3, 2, 1)
    assert (muscle["n"], muscle["n_event"], muscle["n_not_applicable"]) == (0, 0, 2)
    assert np.isnan(muscle["estimate"])
    assert np.isnan(muscle["conf_low"])
    assert muscle["note"] == "does not apply"


def test_several_endpoints_have_each_its_own_denominator(mixed):
    frame = cs.response_rate(mixed, ["CRR", "steroid_free"]).frame
    assert frame["endpoint"].tolist() == ["CRR", "steroid_free"]
    assert frame["n"].tolist() == [3, 6]


def test_best_and_sustained_rates_follow(mixed):
    assert cs.best_response_rate(mixed, "CRR", until=365).frame["n"].tolist() == [3]


def test_comparisons_do_not_compare_with_a_structural_zero(mixed):
    (row,) = cs.response_difference(mixed, "CRR", by="disease").frame.to_dict("records")
    assert np.isnan(row["estimate"])
    assert np.isnan(row["p_value"])
    assert row["note"] == "does not apply to Idiopathic inflammatory myopathy"
    (row,) = cs.response_test(mixed, "CRR", by="disease").frame.to_dict("records")
    assert np.isnan(row["p_value"])
    assert row["note"].startswith("does not apply")
    with pytest.raises(CarstatsError, match="no subjects to count"):
        cs.response_tipping_point(mixed, "CRR", by="disease")


def test_nothing_is_borrowed_from_a_basket_to_which_it_does_not_apply(mixed):
    both = cs.basket_response(mixed, "CRR").frame
    alone = cs.define_cohort(mixed.study, cs.with_disease("SLE"))
    lupus = cs.basket_response(alone, "CRR").frame
    assert both["estimate"][0] == lupus["estimate"][0]
    assert np.isnan(both["estimate"][1])
    assert both["note"][1] == "does not apply"
    assert both["n"].tolist() == [3, 0]


def test_basket_without_any_stratum_to_which_it_applies_is_refused(mixed):
    muscle = cs.define_cohort(mixed.study, cs.with_disease("IIM"))
    with pytest.raises(CarstatsError, match="does not apply to any"):
        cs.basket_response(muscle, "CRR")


def test_time_to_response_and_categories_follow(mixed):
    frame = cs.time_to_response(mixed, "CRR", by="disease").frame
    first = frame.drop_duplicates("disease").set_index("disease")
    assert first["n"].to_dict() == {"SLE": 3, "IIM": 0}
    assert first.loc["IIM", "note"] == "does not apply"
    counted = cs.response_categories(mixed, ["CRR"], at=168, by="disease").frame
    counted = counted.drop_duplicates("disease").set_index("disease")
    assert counted["n"].to_dict() == {"SLE": 3, "IIM": 0}
    assert counted.loc["IIM", "note"] == "does not apply"


def test_time_to_event_endpoints_of_one_disease_follow():
    cohort = cs.define_cohort(cs.derive(_bare()), cs.infused())
    frame = cs.cumulative_incidence(cohort, "ck_normalisation", by="disease").frame
    n = frame.drop_duplicates("disease").set_index("disease")
    others = [disease for disease in n.index if disease != "IIM"]
    assert (n.loc[others, "n"] == 0).all()
    assert n.loc["IIM", "n"] > 0
    assert (n.loc[others, "note"] == "does not apply").all()
    spec = cs.cumulative_incidence(cohort, "ck_normalisation").spec
    assert "to whom the endpoint does not apply left out" in spec.population


def test_remission_is_named_in_every_row():
    cohort = cs.define_cohort(cs.derive(_bare()), cs.infused())
    notes = cs.response_rate(cohort, "remission", by="disease").frame.set_index("disease")["note"]
    assert "SLE: clinical SLEDAI 0 and PGA below 0.5" in notes["SLE"]
    assert "MG: minimal symptom expression" in notes["MG"]
    (pooled,) = cs.response_rate(cohort, "remission").frame["note"]
    assert "SLE: clinical SLEDAI 0" in pooled
    assert "MG: minimal symptom" in pooled
    given = cs.define_cohort(cs.simulate_study(seed=8, n=60), cs.infused())
    (pooled,) = cs.response_rate(given, "remission").frame["note"]
    assert "as the study defines it in each of" in pooled


def test_graft_versus_host_disease_is_asked_of_allogeneic_cells():
    study = cs.simulate_study(seed=8, n=80)
    cohort = cs.define_cohort(study, cs.infused())
    given = cohort.subjects["cell_source"].eq("allogeneic").sum()
    (row,) = cs.toxicity_rate(cohort, "GvHD").frame.to_dict("records")
    assert row["n"] == given
    assert f"{len(cohort) - given} to whom it does not apply" in row["note"]
    by = cs.toxicity_rate(cohort, "GvHD", by="cell_source").frame.set_index("cell_source")
    assert by.loc["autologous", "note"] == "does not apply"
    assert np.isnan(by.loc["autologous", "estimate"])
    for analysis in (cs.toxicity_grades, cs.toxicity_incidence, cs.exposure_adjusted_rate):
        frame = analysis(cohort, "GvHD", by="cell_source").frame
        assert frame.loc[frame["cell_source"] == "autologous", "n"].eq(0).all()
    table = cs.toxicity_table(cohort).frame
    assert table.loc[table["term"] == "GvHD", "n"].eq(given).all()
    assert table.loc[table["term"] == "CRS", "n"].eq(len(cohort)).all()


def _bare():
    study = cs.simulate_study(seed=8, n=80)
    return dataclasses.replace(study, events=None, responses=None)


def test_overall_tests_leave_out_strata_to_which_it_does_not_apply(mixed):
    for method in ("Cochran-Mantel-Haenszel", "trend"):
        (row,) = cs.response_test(mixed, "CRR", by="disease", method=method).frame.to_dict(
            "records"
        )
        assert (row["n"], row["n_event"]) == (3, 2)
        assert np.isnan(row["p_value"])
        assert row["note"] == "does not apply to 1 of the strata"


def test_figures_say_that_it_does_not_apply(mixed):
    from carstats.report.figures.response.rates import response_figure
    from carstats.report.tables.subjects import tabulate_rates

    rates = cs.response_rate(mixed, "CRR", by="disease")
    texts = " ".join(text.get_text() for text in response_figure(rates).findobj(match=_is_text))
    assert "0/0: the endpoint does not apply." in " ".join(texts.split())
    table = tabulate_rates(rates)
    assert any("does not apply" in str(note) for note in (*table.marked, *table.notes))


def _is_text(artist):
    return hasattr(artist, "get_text")
