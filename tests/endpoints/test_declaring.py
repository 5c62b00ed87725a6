"""How a rule declares itself, and in which order the catalogue lists what is declared."""

import importlib
import inspect
import pkgutil

import pytest

import carstats.endpoints
from carstats.endpoints.catalogue import endpoint_catalogue
from carstats.endpoints.record import declaring
from carstats.endpoints.record.declaring import Endpoint, declare, declared_in, rule

WORDS = {"definition": "A fall.", "thresholds": "points=2", "source": "Trial 2020"}
HERE = __name__


@pytest.fixture(autouse=True)
def nothing_declared(monkeypatch):
    monkeypatch.setattr(declaring, "_DECLARED", {})


def judge():
    """Judge a fall."""


def names(*modules):
    return [endpoint.name for endpoint in declared_in(modules)]


def entry(name, **other):
    return Endpoint(name, "any", "response", **WORDS, **other)


def test_declarations_of_a_function_stand_in_the_order_in_which_they_are_written():
    @rule("first", "any", "response", **WORDS)
    @rule("second", "SLE", "flare", **WORDS, doi="10.1/x", status="verified")
    def judge_both():
        """Judge both."""

    first, second = declared_in([HERE])
    assert (first.name, first.disease, first.kind, first.status) == (
        "first", "any", "response", "verify",
    )  # fmt: skip
    assert (second.name, second.doi, second.status) == ("second", "10.1/x", "verified")
    assert first.function == second.function == f"{HERE}.judge_both"
    said = inspect.getdoc(judge_both)
    assert said.startswith(
        "Judge both.\n\nDeclared\n--------\nfirst : any, response, status verify"
    )
    assert said.index("first :") < said.index("second :")
    assert said.count("Declared") == 1
    assert said.endswith("Thresholds: points=2. Source: Trial 2020, doi:10.1/x.")


def test_another_function_may_judge_what_is_declared():
    rule("late", "any", "response", **WORDS, function="rules.other.judge")(judge)
    assert [endpoint.function for endpoint in declared_in([HERE])] == ["rules.other.judge"]


def test_an_endpoint_follows_the_one_that_it_names_also_across_modules():
    declare("a", entry("a1"), entry("a2"))
    declare("b", entry("b1"), entry("b2"), after="a1")
    declare("c", entry("c1"))
    declare("c", entry("c2"), after="b1")
    # b2 and c2 both follow b1, in the order of their modules.
    assert names("a", "b", "c") == ["a1", "b1", "b2", "c2", "a2", "c1"]
    assert names("c", "a") == ["c1", "a1", "a2"]


def test_every_declaration_is_in_the_catalogue(monkeypatch):
    monkeypatch.undo()
    modules = [
        module.name
        for module in pkgutil.walk_packages(carstats.endpoints.__path__, "carstats.endpoints.")
    ]
    for module in modules:
        importlib.import_module(module)
    declared = [
        endpoint.name
        for module, entries in declaring._DECLARED.items()
        if module.startswith("carstats.")
        for endpoint, *_ in entries
    ]
    assert sorted(declared) == sorted(endpoint_catalogue()["name"])
