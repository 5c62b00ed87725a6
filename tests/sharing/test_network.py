"""Which files are one network, and what is said where they are not."""

import copy

import pytest

import carstats as cs
from carstats.sharing.definitions import definition_fingerprint
from carstats.sharing.network import network_of, read_network
from tests.sharing.sites import content_of, written
from tests.sharing.test_reading import sealed

KINDS = [(168, "event", 84), (500, "event", 448), (360, "censored", 0)]


def site(name, yes, no):
    times = [KINDS[i % 3] for i in range(yes + no)]
    return content_of((1,) * yes + (0,) * no, times, site=name)


@pytest.fixture(scope="module")
def first():
    return site("A", 9, 6)


@pytest.fixture(scope="module")
def second():
    return site("B", 7, 9)


def edited(content, edit):
    other = copy.deepcopy(content)
    edit(other)
    for definition in other["definitions"].values():
        definition["fingerprint"] = definition_fingerprint(definition)
    return sealed(other)


def refused(match, *contents):
    with pytest.raises(cs.CarstatsError, match=match) as raised:
        network_of([(f"{i}.json", content) for i, content in enumerate(contents)])
    return raised.value


def test_sites_are_in_the_order_of_their_names(tmp_path, first, second):
    files = [written(tmp_path, second), written(tmp_path, first)]
    assert read_network(files).sites == ["A", "B"]
    assert read_network([tmp_path]).sites == ["A", "B"]
    with pytest.raises(cs.CarstatsError, match="no file is given"):
        read_network([])


def test_a_site_twice(first):
    error = refused("the site 'A' is that of 0.json", first, first)
    assert len(error.problems) == 1
    refused("the site ' a' is that of", first, edited(first, lambda c: c.update(site=" a")))


def test_the_same_numbers_under_two_names(first):
    refused("it holds the same numbers as 0.json", first,
            edited(first, lambda c: c.update(site="B")))  # fmt: skip


def test_two_sites_that_show_nothing_are_two_sites():
    few = [content_of((1, 0), [(168, "event", 84)] * 2, site=name) for name in "AB"]
    assert network_of([(c["site"], c) for c in few]).sites == ["A", "B"]


def test_simulated_beside_real(first, second):
    refused("is of simulated subjects", first,
            edited(second, lambda c: c.update(synthetic=False)))  # fmt: skip


def test_other_visits(first, second):
    def later(content):
        content["schedule"]["weeks"][-1] = 160.0

    refused("its visits are not those of 0.json", first, edited(second, later))


def test_another_definition_is_named_with_its_site_and_what_to_do(first, second):
    def other(content):
        content["definitions"]["response"]["visit"]["to_day"] = 200.0
        content["definitions"]["response"]["made"] = "derived by carstats"

    error = refused("response is defined otherwise at B than at A: 'made', 'visit' differ", first,
                    edited(second, other))  # fmt: skip
    assert "--endpoint" in str(error)
    files = [("a", first), ("b", edited(second, other))]
    # Without the endpoint they are a network.
    assert network_of(files, ["relapse_free_survival"]).names == ("relapse_free_survival",)
    with pytest.raises(cs.CarstatsError, match="names 'DORIS', which no site shows"):
        network_of(files, ["DORIS"])


def test_an_option_of_a_rule_is_named():
    contents = [content_of((1,) * (9 - i) + (0,) * 6, site="AB"[i]) for i in range(2)]
    for content, mg in zip(contents, (20.0, 10.0), strict=True):
        definition = content["definitions"]["response"]
        definition["options"] = {"steroid_mg": mg, "gap": "interval"}
        definition["fingerprint"] = definition_fingerprint(definition)
    refused("at A: 'steroid_mg' differ", *map(sealed, contents))


def test_two_grading_scales():
    contents = [content_of((1,) * (9 - i) + (0,) * 6, site="AB"[i]) for i in range(2)]
    for content, scale in zip(contents, ("ASTCT", "Lee 2014"), strict=True):
        content["definitions"]["response"]["grading_scales"] = [scale]
    refused("is graded by 'ASTCT', 'Lee 2014' at 'A', 'B'", *map(sealed, contents))
