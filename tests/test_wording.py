"""The estimators' codes have their words, with a place for each of their numbers."""

import ast
import re
from pathlib import Path

import pytest

import carstats
from carstats.estimators import reasons
from carstats.estimators.reasons import Reason
from carstats.messages import Message
from carstats.wording import because

CODES = {value for name, value in vars(reasons).items() if name.isupper()}
# A value for each name that a reason carries.
VALUES = {
    "n": 3, "total": 4, "needed": 10, "day": 90.5, "last": 12.0, "end": 20.0, "plateau": 8.0,
    "alpha": 0.0504, "groups": (("a", 1.0), ("b", 2.0)),
}  # fmt: skip


def carried():
    """Return the names of the values that the estimators and analyses give with each code."""
    found = {}
    for path in sorted(Path(carstats.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Reason":
                code = getattr(reasons, getattr(node.args[0], "id", ""), None)
                given = node.args[1].keys if len(node.args) > 1 else []
                found.setdefault(code, set()).add(tuple(sorted(key.value for key in given)))
    return found


# Two codes stand in a table of the groups' own.
CARRIED = {"first_followed_to": {("day",)}, "second_followed_to": {("day",)}, **carried()}


def test_codes_differ():
    assert len(CODES) == sum(name.isupper() for name in vars(reasons))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in CODES)


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_words_with_a_place_for_each_value(code):
    names = CARRIED.get(code, {()})
    assert len(names) == 1
    values = {name: VALUES[name] for name in next(iter(names))}
    words = because(Reason(code, values))
    assert isinstance(words, Message)
    key = words.key if isinstance(words.key, str) else words.key[0]
    assert set(re.findall(r"\{(\w+)\}", key)) == set(values)
    assert not words[0].isupper()
    assert not words.endswith(".")


def test_numbers_are_printed_as_before():
    def words(code, **values):
        return because(Reason(code, values))

    assert words("too_few_events", n=1, needed=10).startswith("1 event: at least 10 are needed")
    assert words("too_few_events", n=2, needed=10).startswith("2 events: at least 10")
    assert words("followup_not_shown", alpha=0.0504).endswith("alpha_n = 0.050)")
    assert words("first_followed_to", day=90.0) == "first group followed to 90 only"
    lost = (("a", 1.0), ("b", 2.5))
    wanted = "no longer represented: group a from 1, b from 2.5"
    assert words("not_represented", groups=lost) == wanted


def test_several_reasons_are_joined_and_none_says_nothing():
    assert because() == because(None) == ""
    both = because(Reason("first_empty"), None, Reason("second_empty"), Reason("first_empty"))
    assert both == "first group has no subjects; second group has no subjects"
    assert isinstance(both, Message)


def test_a_code_without_words_is_no_reason():
    with pytest.raises(KeyError, match="nonsense"):
        because(Reason("nonsense"))
