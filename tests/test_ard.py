"""Analysis Results Data: each number of each result once, to be found and put together again."""

import io
import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import carstats as cs
from carstats.ard import KEYS, LABELS, NAMES, key_columns
from carstats.report.pages import save
from carstats.report.pages.results_file import METHODS, RESULTS, printed, results_files
from carstats.result import Result, Spec
from carstats.sharing.hospitals import six_hospitals
from carstats.sharing.network import network_of
from carstats.sharing.shared import shared_content

ROOT = Path(__file__).parents[1]
RFS, DFR = "relapse_free_survival", "drug_free_remission"
TERMS = ["CRS", "infection"]
# As cards::check_ard_structure wants them, and in the order of cards::tidy_ard_column_order.
CARDS = ["variable", "variable_level", "context", "stat_name", "stat_label", "stat", "fmt_fun"]
CARDS += ["warning", "error"]

ANALYSES = {
    "antibody_panel": lambda c: cs.antibody_panel(c, {"anti-dsDNA": 30}, by="target"),
    "attrition": lambda c: c.flow(by="disease"),
    "b_cell_depletion": lambda c: cs.b_cell_depletion(c, by="target"),
    "baseline_table": lambda c: cs.baseline_table(c, by="target"),
    "basket_operating_characteristics": lambda c: cs.basket_operating_characteristics(
        [5, 5], {"none": [0.2, 0.2]}, n_trials=50
    ),
    "basket_response": lambda c: cs.basket_response(c, DFR),
    "basket_sensitivity": lambda c: cs.basket_sensitivity(c, DFR, tau=(0.1, 1)),
    "best_response_rate": lambda c: cs.best_response_rate(c, DFR, by="target"),
    "bootstrap_interval": lambda c: cs.bootstrap_interval(c, RFS, n_resamples=50),
    "causes_of_death": lambda c: cs.causes_of_death(c, by="target"),
    "infections_by_organism": lambda c: cs.infections_by_organism(c, by="target"),
    "immunoglobulin_replacement": lambda c: cs.immunoglobulin_replacement(c, by="target"),
    "hospital_days": lambda c: cs.hospital_days(c, at=30, by="target"),
    "crs_treatment": lambda c: cs.crs_treatment(c, by="target"),
    "cellular_kinetics": lambda c: cs.cellular_kinetics(c, by="target"),
    "cox_regression": lambda c: cs.cox_regression(c, RFS, "target"),
    "cumulative_incidence": lambda c: cs.cumulative_incidence(c, "relapse", by="target"),
    "cumulative_dose": lambda c: cs.cumulative_dose(c, by="target"),
    "cure_fraction": lambda c: cs.cure_fraction(c, RFS),
    "drug_use": lambda c: cs.drug_use(c, at=[0, 168], by="target"),
    "evidence_map": lambda c: cs.evidence_map(cs.published_trials()),
    "exposure_adjusted_rate": lambda c: cs.exposure_adjusted_rate(c, TERMS, by="target"),
    "exposure_adjusted_ratio": lambda c: cs.exposure_adjusted_ratio(
        c, TERMS, by="target", events="all"
    ),
    "exposure_response": lambda c: cs.exposure_response(c, "Cmax", "CRS", by="target"),
    "fine_gray_regression": lambda c: cs.fine_gray_regression(c, "relapse", "target"),
    "followup_time": lambda c: cs.followup_time(c, RFS, by="target"),
    "glucocorticoid_course": lambda c: cs.glucocorticoid_course(c, by="target"),
    "gray_test": lambda c: cs.gray_test(c, "relapse", by="target"),
    "incidence_rate": lambda c: cs.incidence_rate(c, RFS, by="target"),
    "incidence_rate benchmark": lambda c: cs.incidence_rate(c, RFS, benchmark=0.4),
    "incidence_rate_ratio": lambda c: cs.incidence_rate_ratio(c, RFS, by="target"),
    "interval_censored_curve": lambda c: cs.interval_censored_curve(c, RFS, by="target"),
    "interval_censored_regression": lambda c: cs.interval_censored_regression(c, RFS, "target"),
    "interval_censored_test": lambda c: cs.interval_censored_test(
        c, RFS, by="target", n_resamples=50
    ),
    "interval_sensitivity": lambda c: cs.interval_sensitivity(c, RFS, at=[180, 360], by="target"),
    "landmark_comparison": lambda c: cs.landmark_comparison(c, RFS, landmark=168),
    "landmark_curve": lambda c: cs.landmark_curve(c, RFS, at=168, by="target"),
    "landmark_rate": lambda c: cs.landmark_rate(c, RFS, at=168, by=["disease", "target"]),
    "logrank_test": lambda c: cs.logrank_test(c, RFS, by="target"),
    "marginal_response_difference": lambda c: cs.marginal_response_difference(c, DFR, "target"),
    "mean_cumulative_count": lambda c: cs.mean_cumulative_count(c, "infection", by="target"),
    "measure_trajectory": lambda c: cs.measure_trajectory(c, "IgG", below=4, by="target"),
    "persistence_curve": lambda c: cs.persistence_curve(c, by="target"),
    "persistence_rate": lambda c: cs.persistence_rate(c, at=[28, 90], by="target"),
    "pooled_incidence": lambda c: cs.pooled_incidence(cs.published_trials()),
    "pooled_rate": lambda c: cs.pooled_rate(
        cs.published_trials(), "response", endpoint_class="remission"
    ),
    "pooled_sensitivity": lambda c: cs.pooled_sensitivity(
        cs.published_trials(), "response", endpoint_class="remission"
    ),
    "protection_kept": lambda c: cs.protection_kept(c, {"anti-dsDNA": 30}, by="target"),
    "randomised_comparison": lambda c: cs.randomised_comparison(cs.published_trials()),
    "report_overlap": lambda c: cs.report_overlap(cs.published_trials()),
    "response_categories": lambda c: cs.response_categories(c, by="target"),
    "response_difference": lambda c: cs.response_difference(c, DFR, by="target"),
    "response_exposure": lambda c: cs.response_exposure(c, RFS),
    "response_rate": lambda c: cs.response_rate(c, [DFR, "remission"], by="target"),
    "response_regression": lambda c: cs.response_regression(c, DFR, ["target", "age"]),
    "response_test": lambda c: cs.response_test(c, DFR, by="target"),
    "response_tipping_point": lambda c: cs.response_tipping_point(c, DFR, by="target"),
    "restricted_mean": lambda c: cs.restricted_mean(c, RFS, at=365, by="target"),
    "restricted_mean ratio": lambda c: cs.restricted_mean(
        c, RFS, at=365, by="target", contrast="ratio"
    ),
    "restricted_time_lost": lambda c: cs.restricted_time_lost(c, "relapse", at=365, by="target"),
    "score_change": lambda c: cs.score_change(c, "SLEDAI-2K", by="target"),
    "score_difference": lambda c: cs.score_difference(c, "SLEDAI-2K", by="target", at=[84, 168]),
    "score_responder_rate": lambda c: cs.score_responder_rate(
        c, "SLEDAI-2K", at=168, missing="bounds"
    ),
    "seroconversion_rate": lambda c: cs.seroconversion_rate(c, "anti-dsDNA", above=30),
    "survival_at": lambda c: cs.survival_at(c, RFS, at=[180, 360], by=["disease", "target"]),
    "survival_benchmark": lambda c: cs.survival_benchmark(c, RFS, {182: 0.8, 365: 0.6}),
    "survival_curve": lambda c: cs.survival_curve(c, RFS, by="target", band="equal precision"),
    "survival_difference": lambda c: cs.survival_difference(c, RFS, at=[180, 360], by="target"),
    "survival_quantile": lambda c: cs.survival_quantile(c, RFS, p=[0.25, 0.5], by="target"),
    "sustained_response_rate": lambda c: cs.sustained_response_rate(c, DFR, by="target"),
    "time_to_below_quantification": lambda c: cs.time_to_below_quantification(
        c, by="target", p=[0.25, 0.5]
    ),
    "time_to_recovery": lambda c: cs.time_to_recovery(c, "b_cell_reconstitution", by="target"),
    "time_to_response": lambda c: cs.time_to_response(c, by="target"),
    "time_to_taper": lambda c: cs.time_to_taper(c, by="target"),
    "titre_change": lambda c: cs.titre_change(c, "anti-dsDNA", by="target"),
    "toxicity_benchmark": lambda c: cs.toxicity_benchmark(c, "CRS", min_grade=3, by="target"),
    "site_rate": lambda c: cs.site_rate(network(c), DFR),
    "site_survival": lambda c: cs.site_survival(network(c), RFS, at=364),
    "toxicity_difference": lambda c: cs.toxicity_difference(c, TERMS, by="target"),
    "toxicity_duration": lambda c: cs.toxicity_duration(c, "CRS", by="target"),
    "toxicity_estimators": lambda c: cs.toxicity_estimators(c, "infection", at=[90, 180]),
    "toxicity_grades": lambda c: cs.toxicity_grades(c, by="target"),
    "toxicity_incidence": lambda c: cs.toxicity_incidence(c, "infection", by="target"),
    "toxicity_rate": lambda c: cs.toxicity_rate(c, TERMS, window=[(0, 28), (29, 90)]),
    "toxicity_signals": lambda c: cs.toxicity_signals(c, by="target"),
    "toxicity_table": lambda c: cs.toxicity_table(c, by="target"),
    "toxicity_timing": lambda c: cs.toxicity_timing(c, "CRS", by="target"),
    "trial_incidence": lambda c: cs.trial_incidence(cs.published_trials()),
    "trial_rate": lambda c: cs.trial_rate(
        cs.published_trials(), "response", endpoint_class="remission"
    ),
    "withdrawal_weighted_curve": lambda c: cs.withdrawal_weighted_curve(
        c, RFS, censoring="disease"
    ),
}
# Their refits take seconds; the figure published_leave_one_out and a basket have the same columns.
SLOW = {"leave_one_out", "basket_leave_one_out", "pooled_regression"}
RECORDS = {
    "antibody_map": lambda c: cs.antibody_map(c, {"anti-dsDNA": 30}, by="target"),
    "b_cell_aplasia": lambda c: cs.b_cell_aplasia(c, by="target"),
    "exposure_listing": lambda c: cs.exposure_listing(c, "Cmax", "CRS", by="target"),
    "glucocorticoid_profiles": lambda c: cs.glucocorticoid_profiles(c, by="target"),
    "kinetic_profiles": lambda c: cs.kinetic_profiles(c, by="target"),
    "score_course": lambda c: cs.score_course(c, "SLEDAI-2K", by="target"),
    "subject_timelines": lambda c: cs.subject_timelines(c, by="target"),
    "toxicity_listing": lambda c: cs.toxicity_listing(c, "CRS", by="target"),
    "toxicity_listing named": lambda c: cs.toxicity_listing(c, "CRS", identifiers=True),
}


@cache
def cohort():
    study = cs.read_study(ROOT / "data" / "synthetic")
    chosen = cs.with_disease("SLE", "SSc"), cs.with_target("CD19", "BCMA")
    return cs.define_cohort(study, cs.infused(), *chosen)


# Two of six hospitals hide what is small.
LEAST = {"A": 1, "B": 1, "C": 1, "D": 1, "E": 5, "F": 5}


@cache
def network(whole):
    shared = [
        (name, shared_content(part, site=name, endpoints=[DFR, RFS], min_cell=LEAST[name]))
        for name, part in six_hospitals(whole).items()
    ]
    return network_of(shared)


@cache
def made(name):
    return (ANALYSES | RECORDS)[name](cohort())


def save_drawn(results, folder, stem):
    return save.save_figure(Figure(figsize=(1, 1)), results, folder, stem)


def rebuilt(ard, result):
    """Return the frame that Analysis Results Data came from, but for the type of its columns."""
    frame = result.frame
    groups, variable = key_columns(result)
    table = pd.DataFrame(index=sorted(set(ard["row"])))
    first = ard.groupby("row").first()
    for i, column in enumerate(groups, start=1):
        assert set(ard[f"group{i}"]) == {column}
        table[column] = first[f"group{i}_level"]
    if "variable" in frame:
        table["variable"], table["level"] = first["variable"], first["variable_level"]
    elif variable:
        table[variable[0]] = first["variable_level"]
    for name, rows in ard.groupby("stat_name"):
        found = [c for c in frame if NAMES.get(c, c.replace("_", ".")) == name]
        column = "estimate" if name in ("mean", "p") and not found else found[0]
        values = rows.set_index("row")["stat"]
        assert values.index.is_unique
        if column in table:
            values = pd.concat([table[column].dropna(), values.dropna()])
        table[column] = values
    if "note" in frame:
        table["note"] = first["warning"]
    return table.reindex(columns=frame.columns).reset_index(drop=True)


def test_every_analysis_is_asked():
    makes_results = {
        name
        for name in cs.__all__
        if "-> 'Result'" in str(getattr(cs, name).__doc__)
        or "Result" in str(getattr(getattr(cs, name), "__annotations__", {}).get("return", ""))
    }
    asked = {name.split()[0] for name in (*ANALYSES, *RECORDS)}
    assert makes_results <= asked | SLOW


@pytest.mark.parametrize("name", ANALYSES)
def test_the_frame_comes_back_exactly(name):
    result = made(name)
    frame, ard = result.frame, result.to_ard()
    back = rebuilt(ard, result)
    assert list(back) == list(frame)
    for column in frame:
        one, other = frame[column].astype(object), back[column].astype(object)
        blank = one.isna().to_numpy()
        assert (other.isna().to_numpy() == blank).all(), column
        assert (one.to_numpy()[~blank] == other.to_numpy()[~blank]).all(), column
    groups, variable = key_columns(result)
    statistics = len(frame.columns) - len(groups) - len(variable) - ("note" in frame)
    assert len(ard) == len(frame) * statistics
    assert not ard.duplicated(["row", "stat_name"]).any()


@pytest.mark.parametrize("name", ANALYSES)
def test_the_shape_is_that_of_cards(name):
    result = made(name)
    ard = result.to_ard()
    groups = [c for c in ard if c.startswith("group")]
    expected = [f"group{i}{end}" for i in range(1, len(groups) // 2 + 1) for end in ("", "_level")]
    assert groups == expected
    assert [c for c in ard if c not in groups][: len(CARDS)] == CARDS
    assert set(ard["context"]) == {result.spec.analysis}
    assert set(ard["stat_name"]) <= set(LABELS)
    assert (ard["variable"] != "").all()
    numbers = ard["fmt_fun"] != ""
    assert not ard.loc[numbers, "stat"].map(lambda v: isinstance(v, str)).any()
    assert printed(ard)["stat_fmt"].map(lambda v: isinstance(v, str)).all()


@pytest.mark.parametrize("name", ANALYSES)
def test_keys_tell_the_rows_apart(name):
    result = made(name)
    frame, keys = result.frame, [column for part in key_columns(result) for column in part]
    if "time" in frame and "n_risk" in frame:
        # The start of a curve, and whoever leaves on that day.
        frame = frame[frame["time"] > 0]
    assert len(frame) < 2 or not frame.duplicated(keys).any()


@pytest.mark.parametrize("name", RECORDS)
def test_records_of_single_subjects_are_no_statistics(name):
    result = made(name)
    assert len(result.frame) > 0
    assert result.to_ard().empty


def test_a_rate_by_hand():
    frame = pd.DataFrame(
        {
            "target": ["CD19", "BCMA"],
            "n": [8, 0],
            "n_missing": [1, 0],
            "n_event": [3, 0],
            "estimate": [0.375, np.nan],
            "conf_low": [0.085, np.nan],
            "conf_high": [0.755, np.nan],
            "note": ["", "no subjects"],
        }
    )
    spec = Spec(
        "response_rate", "Remission", "8 subjects", "exact", 0.95, ("target",),
        options={"endpoint": "remission"},
    )  # fmt: skip
    ard = printed(Result(frame, spec).to_ard())
    assert len(ard) == 2 * 6
    assert set(ard["group1"]) == {"target"}
    assert set(ard["variable"]) == {"remission"}
    assert set(ard["conf_level"]) == {0.95}
    first = ard[ard["group1_level"] == "CD19"].set_index("stat_name")
    assert first["stat"].to_dict() == {
        "N": 8, "N_miss": 1, "n": 3, "estimate": 0.375, "conf.low": 0.085, "conf.high": 0.755
    }  # fmt: skip
    assert first["stat_fmt"].to_dict() == {
        "N": "8", "N_miss": "1", "n": "3", "estimate": "38\u00a0%", "conf.low": "9\u00a0%",
        "conf.high": "76\u00a0%",
    }  # fmt: skip
    assert first.loc["N", "stat_label"] == "Subjects"
    second = ard[ard["group1_level"] == "BCMA"].set_index("stat_name")
    assert set(second["warning"]) == {"no subjects"}
    assert second.loc["estimate", "stat_fmt"] == "–"
    with cs.in_language("zh"):
        assert "N" not in set(Result(frame, spec).to_ard()["stat_label"])


def test_the_last_key_is_the_variable():
    curve = made("cumulative_incidence").to_ard()
    assert (curve["group1"] + curve["group2"] + curve["variable"]).unique() == ["targetcausetime"]
    table = made("baseline_table").to_ard()
    age = table[(table["variable"] == "age") & (table["group1_level"] == "CD19")]
    assert {"N", "mean", "sd", "median", "p25", "p75", "min", "max"} <= set(age["stat_name"])
    female = table[(table["variable"] == "sex") & (table["variable_level"] == "F")]
    assert {"n", "N", "p"} <= set(female["stat_name"])
    assert len(KEYS) == len(set(KEYS))


def test_ratios_and_differences_print_as_what_they_are():
    def rule(result, name="estimate"):
        ard = result.to_ard()
        return set(ard.loc[ard["stat_name"] == name, "fmt_fun"])

    assert rule(made("response_difference")) == {"xx%"}
    assert rule(cs.response_difference(cohort(), DFR, by="target", contrast="ratio")) == {"xx.xx"}
    assert rule(made("randomised_comparison")) == {"xx%", "xx.xx"}
    assert rule(made("restricted_mean")) == {"xx.x"}
    assert rule(made("restricted_mean ratio")) == {"xx.xx"}
    assert rule(made("restricted_time_lost")) == {"xx.x"}
    assert rule(made("logrank_test"), "p.value") == {"p"}


def test_a_folder_becomes_one_file(tmp_path):
    rate, curve = made("response_rate"), made("survival_curve")
    save_drawn({"curve": curve, "test": made("logrank_test")}, tmp_path, "two")
    save_drawn(rate, tmp_path, "one")
    save_drawn(made("score_course"), tmp_path, "records")
    (tmp_path / "other.json").write_text("[1]")
    files = results_files(tmp_path)
    assert files == results_files(tmp_path)
    found = pd.read_csv(io.BytesIO(files[RESULTS]), dtype=str, keep_default_na=False)
    assert list(dict.fromkeys(found["output"])) == ["one", "two"]
    assert set(found.loc[found["output"] == "two", "panel"]) == {"curve", "test"}
    for output, panel, result in (("one", "", rate), ("two", "curve", curve)):
        rows = found[(found["output"] == output) & (found["panel"] == panel)]
        ard = printed(result.to_ard())
        assert list(rows["stat_name"]) == list(ard["stat_name"])
        assert list(rows["stat_fmt"]) == list(ard["stat_fmt"])
        values = np.array([float(text or "nan") for text in rows["stat"]])
        assert np.array_equal(values, ard["stat"].astype(float).to_numpy(), equal_nan=True)
    methods = pd.read_csv(io.BytesIO(files[METHODS]), keep_default_na=False)
    assert list(methods["output"]) == ["one", "records", "two", "two"]
    assert methods.loc[0, "method"] == rate.spec.method


def test_a_file_that_is_not_whole_is_named(tmp_path):
    save_drawn(made("response_rate"), tmp_path, "one")
    origin = json.loads((tmp_path / "one.json").read_text("utf-8"))
    origin["results"][0].pop("analysis")
    (tmp_path / "one.json").write_text(json.dumps(origin))
    with pytest.raises(cs.CarstatsError, match=r"one\.csv and one\.json .* --only one"):
        results_files(tmp_path)


def test_lines_of_the_documentation_run(monkeypatch, capsys):
    text = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    monkeypatch.chdir(ROOT)
    exec(compile(lines, "docs/results.md", "exec"), {})
    said = capsys.readouterr().out
    assert "conf.low" in said
    assert "CD19" in said
    assert (ROOT / "figures" / "results.csv").stat().st_size < 7e6
