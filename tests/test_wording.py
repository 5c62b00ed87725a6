"""The estimators' codes have their words, with a place for each of their numbers."""

import ast
import re
from pathlib import Path

import pytest

import carstats
from carstats import messages
from carstats.data.vocabulary import within_sentence
from carstats.estimators import reasons
from carstats.estimators.reasons import Reason
from carstats.messages import Joined, Message, message
from carstats.wording import because, limits_words, method_word, pointwise_words

PACKAGE = Path(carstats.__file__).parent
PARTS = ("survival", "response", "toxicity", "evidence", "estimators", "cohort")
FILES = ("baseline", "data/terms", "data/vocabulary", "wording")
SOURCES = sorted(
    [
        *(path for part in PARTS for path in (PACKAGE / part).rglob("*.py")),
        *(PACKAGE / f"{name}.py" for name in FILES),
    ]
)
# What takes a text for the user, what makes one, and what cuts one.
CALLED = ("CarstatsError", "Problem")
MADE = ("message", "message_n", "because", "joined_notes")
CUTTING = ("startswith", "endswith", "removesuffix", "removeprefix", "split", "replace")
CODES = {value for name, value in vars(reasons).items() if name.isupper()}
# A value for each name that a reason carries.
VALUES = {
    "percent": 34,
    "n": 3, "total": 4, "needed": 10, "day": 90.5, "last": 12.0, "end": 20.0, "plateau": 8.0,
    "alpha": 0.0504, "p": 0.1, "low": 90.0, "high": 300.0, "least": 3,
    "groups": (("a", 1.0), ("b", 2.0)),
}  # fmt: skip


def carried():
    """Return the names of the values that the estimators and analyses give with each code."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Reason":
                code = getattr(reasons, getattr(node.args[0], "id", ""), None)
                if code is None:  # told by a variable, and elsewhere by its name
                    continue
                given = node.args[1].keys if len(node.args) > 1 else []
                found.setdefault(code, set()).add(tuple(sorted(key.value for key in given)))
    return found


# Two codes stand in a table of the groups' own.
CARRIED = {
    "first_followed_to": {("day",)}, "second_followed_to": {("day",)},
    "followup_differs": {("high", "low")}, "followup_differs_linear": {("high", "low")},
    **carried(),
}  # fmt: skip


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


def test_methods_and_limits_have_one_word_everywhere():
    assert method_word("Clopper-Pearson") == "Clopper–Pearson"
    assert method_word("mid-P") == "mid-P"
    assert method_word("exact") == "exact Poisson"
    assert limits_words("Clopper-Pearson", 0.95) == "Clopper–Pearson 95 % limits"
    assert pointwise_words("log-log", 0.9) == "90 % pointwise log-log limits"


def untold(code):
    """Yield the lines on which an error or a problem is given as text and not as a message."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in CALLED:
            given = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "remedy")]
            if any(isinstance(arg, ast.Constant | ast.JoinedStr | ast.BinOp) for arg in given):
                yield node.lineno


def compared(code):
    """Yield the lines on which a file chooses or cuts by what a note says."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(isinstance(s, ast.Call) and getattr(s.func, "id", "") in MADE for s in sides):
                yield node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            words = any(
                isinstance(arg, ast.Call) and getattr(arg.func, "id", "") in MADE
                for arg in node.args
            )
            if words and node.func.attr in ("eq", "ne", "isin", "removesuffix", "removeprefix"):
                yield node.lineno
            of_note = "note" in ast.unparse(node.func.value).split(".")
            if of_note and node.func.attr in CUTTING:
                yield node.lineno


@pytest.mark.parametrize(
    "line",
    [
        "raise CarstatsError('`x` is empty.')",
        "raise CarstatsError(f'`x` is {x}.')",
        "Problem(message('no'), remedy='Mend it.')",
    ],
)
def test_errors_that_are_no_messages_are_found(line):
    assert list(untold(line)) == [1]
    assert not list(untold("raise CarstatsError(message('`x` is {x}.', x=x))"))


@pytest.mark.parametrize(
    "line",
    [
        "frame['note'].eq(message('no event'))",
        "fit.note == message('no event')",
        "row.note.removesuffix(zero)",
    ],
)
def test_comparisons_of_texts_are_found(line):
    assert list(compared(line)) == [1]
    assert not list(compared("fit.reason.code == SEPARATION"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_errors_are_messages_and_nothing_is_chosen_by_a_text(path):
    code = path.read_text(encoding="utf-8")
    assert not list(untold(code))
    assert not list(compared(code))


def test_a_label_keeps_its_key_within_a_sentence():
    label = message("Zebra-free day {day}", day=3)
    small = within_sentence(label)
    assert small == "zebra-free day 3"
    assert (small.key, small.values) == (label.key, label.values)
    assert messages.found(str(small)) is not small
    both = within_sentence(Joined((label, "CD19"), ", "))
    assert both == "zebra-free day 3, CD19"
    assert both.parts[0].key == label.key
    assert within_sentence("DORIS remission") == "DORIS remission"


def test_a_text_that_is_made_a_message_again_keeps_its_key():
    made = message("{n} zebras on day {day}", n=2, day=3)
    assert message(str(made)).key == made.key
    assert message(str(message("; ").join([made, made]))).parts == (made, made)


def test_results_find_their_words_again():
    study = carstats.simulate_study(seed=3)
    cohort = carstats.define_cohort(study, carstats.infused())
    days = {"at": [28.0, 9999.0], "by": "disease"}
    found = carstats.survival_difference(cohort, "relapse_free_survival", **days).frame
    assert all(isinstance(messages.found(text), Message) for text in found["contrast"])
    assert all(isinstance(messages.found(text), Message) for text in found["note"] if text)
    assert found["note"].str.contains("followed to .* only; .* followed to .* only").any()
    rate = carstats.response_rate(cohort, "response", at=168, missing="excluded")
    assert isinstance(rate.spec.population, Message)
