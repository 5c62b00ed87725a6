"""The catalogue of endpoints, its page in the documentation, and the command that prints it."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import carstats as cs
from carstats.data.vocabulary import Vocabulary
from carstats.endpoints.catalogue import catalogue_in_markdown, endpoint_catalogue
from carstats.endpoints.derive.derivation import EVENT_ENDPOINTS, RESPONSE_ENDPOINTS
from carstats.endpoints.derive.flares import RELAPSE_RULES
from carstats.endpoints.options import Rules, Schedule
from carstats.endpoints.readings import codes_of, measures_in_markdown, readings
from carstats.endpoints.record.declaring import KINDS, STATUSES
from carstats.endpoints.record.episodes import merge_episodes
from carstats.endpoints.rules.toxicity.crs import OXYGEN
from carstats.endpoints.rules.toxicity.icans import CONSCIOUSNESS
from carstats.endpoints.rules.toxicity.low_counts import LowCounts
from carstats.run.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "endpoints.md"


def test_catalogue_holds_every_endpoint_once():
    names = endpoint_catalogue()["name"]
    assert names.is_unique
    assert {*EVENT_ENDPOINTS, *RESPONSE_ENDPOINTS} <= set(names)
    assert set(Vocabulary().names("toxicity")) <= set(names)


def test_rows_are_complete_and_of_known_kinds():
    table = endpoint_catalogue()
    assert set(table["kind"]) <= set(KINDS)
    assert set(table["status"]) <= set(STATUSES)
    assert set(table["disease"]) <= {*Vocabulary().names("disease"), "any"}
    for column in ("definition", "thresholds", "source"):
        assert (table[column] != "").all()
    assert table["doi"].str.fullmatch(r"(10\.\S+)?").all()


def test_functions_of_the_catalogue_exist():
    table = endpoint_catalogue()
    for path in table.loc[table["function"] != "", "function"].unique():
        module, _, name = path.rpartition(".")
        assert callable(getattr(importlib.import_module(f"carstats.endpoints.{module}"), name)), (
            path
        )
    # What has no function is recorded by a study, or asks for data that no study table holds.
    assert set(table.loc[table["function"] == "", "name"]) == {
        "functional_cure_2y", "leukopenia", "cytopenia", "febrile neutropenia", "hepatotoxicity",
        "coagulopathy", "GvHD", "infusion reaction", "second malignancy",
    }  # fmt: skip


def test_thresholds_name_parameters_of_the_function():
    """A threshold written as ``name=value`` is the default of a parameter of that name."""
    table = endpoint_catalogue()
    known = set(Rules.__dataclass_fields__)
    # What these rules pass on.
    passed_on = {
        name: inspect.signature(takes).parameters
        for takes, names in (
            (merge_episodes, ("CRS", "fever outside the CRS window", "ICANS")),
            (LowCounts, ("T-ICAHT", "ICAHT_late")),
        )
        for name in names
    }
    wrong = []
    for row in table[table["function"] != ""].itertuples():
        module, _, name = row.function.rpartition(".")
        function = getattr(importlib.import_module(f"carstats.endpoints.{module}"), name)
        parameters = {**inspect.signature(function).parameters, **passed_on.get(row.name, {})}
        for key, value in re.findall(r"(\w+)=([\d.]+)(?=;|$)", row.thresholds):
            if key in parameters and parameters[key].default is not inspect.Parameter.empty:
                default = parameters[key].default
                # A row of a family sets the parameter: SRI-6, ACR50, the confirmed ones.
                family = row.name in ("SRI-6", "SRI-8", "ACR50", "ACR70", "LLDAS")
                spans = key in ("span", "visits", "times")
                if not family and not spans and float(value) != default:
                    wrong.append((row.name, key, value, default))
            elif key in known and getattr(Rules(), key) != float(value):
                wrong.append((row.name, key, value, getattr(Rules(), key)))
    assert wrong == []


# --- the page -------------------------------------------------------------------------------------


def test_page_holds_the_catalogue():
    marker = "<!-- catalogue: written by `carstats endpoints --markdown` -->\n\n"
    table = PAGE.read_text(encoding="utf-8").partition(marker)[2]
    assert table == catalogue_in_markdown(), (
        "docs/endpoints.md is out of date: put the output of `carstats endpoints --markdown` below "
        "its marker"
    )


def test_page_says_what_is_derived_from_which_measures():
    marker = "<!-- measures: written by `carstats endpoints --measures` -->\n\n"
    text = PAGE.read_text(encoding="utf-8").partition(marker)[2]
    table, _, _ = text.partition("\n<!-- end of measures -->")
    assert table == measures_in_markdown()


def test_every_measure_that_a_rule_reads_is_in_the_vocabulary():
    known = set(Vocabulary().names("measure"))
    for reading in readings():
        assert set(reading.now) <= known, reading
        assert set(reading.before) <= known, reading
    assert {reading.endpoint for reading in readings()} >= {"CRS", "LICATS", "CRR", "LLDAS"}


def test_codes_of_the_worksheets_are_documented():
    assert codes_of("ICANS")["consciousness"] == tuple(CONSCIOUSNESS)
    page = PAGE.read_text(encoding="utf-8")
    result = CliRunner().invoke(app, ["endpoints", "crs"])
    assert result.exit_code == 0
    for code, device in enumerate(OXYGEN):
        assert f"{code} {device}" in result.output
        assert f"{code} {device}" in page
    result = CliRunner().invoke(app, ["endpoints", "flu"])
    assert result.exit_code == 2
    assert "`name` is 'flu'" in result.output


@pytest.mark.parametrize(
    ("name", "doi"),
    [
        ("SFI", "10.1056/NEJMoa051135"),
        ("T-ICAHT", "10.1182/blood.2025028833"),
        ("TIS_moderate", "10.1136/annrheumdis-2017-211400"),
        ("TIS_moderate_juvenile", "10.1136/annrheumdis-2017-211401"),
        ("LICATS", "10.1016/S2665-9913(25)00091-8"),
        ("renal_flare", ""),
        ("ICAHT", "10.1182/blood.2023020578"),
        ("IEC-HS", "10.1016/j.jtct.2023.03.006"),
        ("DORIS", "10.1136/lupus-2021-000538"),
    ],
)
def test_doi_is_that_of_the_definition(name, doi):
    table = endpoint_catalogue().set_index("name")
    assert table.loc[name, "doi"] == doi


def test_verified_only_where_the_definition_was_read_at_the_source_named():
    table = endpoint_catalogue()
    verified = table[table["status"] == "verified"]
    assert set(verified["name"]) == {
        "DORIS", "KDIGO_CR", "KDIGO_PR", "revised_CRISS", "MGC_response", "MSE", "MSE_sustained",
        "T-ICAHT",
    }  # fmt: skip
    # Each names a paper, a guideline or a register entry that can be looked up.
    named = verified["doi"].ne("") | verified["source"].str.contains(r"NCT\d{8}|\d+(?:\(|:)")
    assert named.all()


def test_page_says_what_the_rules_say():
    text = PAGE.read_text(encoding="utf-8")
    for disease, words in RELAPSE_RULES.items():
        assert f"| {disease} | {words} |" in text
    assert str(cs.estimand_of("event_free_survival")) in text
    windows = dict(zip(Schedule().weeks, Schedule().half_widths, strict=True))
    for line, weeks in (
        ("| week 4 | ±7 |", (4,)),
        ("| weeks 8 and 12 | ±14 |", (8, 12)),
        ("| weeks 24, 36, 52 | ±28 |", (24, 36, 52)),
        ("| later | ±42 |", (64, 156)),
    ):
        assert line in text
        assert all(f"±{windows[week]:g}" in line for week in weeks)


# --- the command ----------------------------------------------------------------------------------


def test_command_lists_a_disease_and_what_is_of_all():
    result = CliRunner().invoke(app, ["endpoints", "--disease", "lupus"])
    assert result.exit_code == 0
    assert "DORIS (SLE, response, verified)" in result.output
    assert "relapse (any, time-to-event, design)" in result.output
    assert "MG_relapse (MG" not in result.output


def test_command_prints_csv_and_markdown():
    result = CliRunner().invoke(app, ["endpoints", "--csv"])
    table = pd.read_csv(io.StringIO(result.output), keep_default_na=False)
    pd.testing.assert_frame_equal(table, endpoint_catalogue())
    result = CliRunner().invoke(app, ["endpoints", "--markdown"])
    assert result.output == catalogue_in_markdown()


def test_command_names_an_unknown_disease():
    result = CliRunner().invoke(app, ["endpoints", "--disease", "flu"])
    assert result.exit_code == 2
    assert "`--disease` is 'flu'" in result.output


def test_check_derives_where_asked(tmp_path):
    study = dataclasses.replace(cs.simulate_study(21, 30), events=None, responses=None)
    cs.write_study(study, tmp_path)
    plain = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert "endpoints of events" not in plain.output
    derived = CliRunner().invoke(app, ["check", str(tmp_path), "--derive"])
    assert derived.exit_code == 0
    assert "endpoints of events: relapse, relapse_free_survival" in derived.output


def test_page_names_every_module():
    text = PAGE.read_text(encoding="utf-8").partition("## Where the rules live")[2]
    modules = {path.rpartition(".")[0] for path in endpoint_catalogue()["function"] if path}
    # These say how the rules are applied, or hold the catalogue.
    modules -= {"derive.responses", "derive.toxicity_episodes"}
    assert [name for name in sorted(modules) if f"`{name}`" not in text] == []


# --- the estimand beside a result -----------------------------------------------------------------


def test_results_of_derived_endpoints_carry_their_estimand():
    given = cs.simulate_study(21, 30)
    derived = cs.derive(dataclasses.replace(given, events=None, responses=None))
    curve = cs.survival_curve(cs.define_cohort(derived, cs.infused()), "relapse_free_survival")
    assert curve.spec.estimand == str(cs.estimand_of("relapse_free_survival"))
    assert curve.spec.to_dict()["estimand"] == curve.spec.estimand
    assert "Intercurrent events: rescue: composite" in repr(curve)
    assert "Intercurrent events" in curve._repr_html_()
    # The longest name wins, and an adjudicated endpoint has none.
    cohort = cs.define_cohort(derived, cs.infused())
    strict = cs.response_rate(cohort, "drug_free_remission_strict", at=168)
    assert "Variable: drug_free_remission_strict" in strict.spec.estimand
    plain = cs.survival_curve(cs.define_cohort(given, cs.infused()), "relapse_free_survival")
    assert plain.spec.estimand == ""
    assert "estimand" not in plain.spec.to_dict()
    assert cs.derive(given).estimands.keys().isdisjoint(given.events["endpoint"])


def test_estimand_names_the_strategies_and_rules_that_were_used():
    bare = dataclasses.replace(cs.simulate_study(21, 20), events=None, responses=None)
    chosen = cs.derive(
        bare,
        strategies=cs.Strategies(relapse_rescue="hypothetical"),
        rules=cs.Rules(relapse="loss of response"),
    )
    assert "rescue: hypothetical" in chosen.estimands["relapse"]
    assert "Relapse is loss of response" in chosen.estimands["relapse"]
