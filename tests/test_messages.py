"""Messages: they read as English, and find their key and values again whatever is done to them."""

import pickle
import subprocess
import sys
import time

import pandas as pd
import pytest

import carstats as cs
from carstats.data.vocabulary import Vocabulary, within_sentence
from carstats.errors import CarstatsError, Problem, check_choice, check_number, listed
from carstats.messages import (
    Joined,
    Message,
    Named,
    found,
    joined_notes,
    key_of,
    message,
    message_n,
    notes_in,
)
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.result import Result, Spec
from carstats.translation import in_words
from carstats.words import full_stop, sentence, sentences


def lost(n):
    return message("no subjects") if not n else message("{n} not yet eligible", n=n)


def zh(text):
    with cs.in_language("zh"):
        return in_words(text)


def test_a_message_reads_as_english_and_knows_its_key():
    text = lost(3)
    assert (text, text.key) == ("3 not yet eligible", "{n} not yet eligible")
    assert vars(text)["values"] == {"n": 3}
    assert isinstance(text, str)
    assert key_of("3 not yet eligible") == "{n} not yet eligible"
    assert key_of("what nobody has said") == ""


def test_pandas_makes_plain_text_of_a_message_which_is_found_again():
    frame = pd.DataFrame({"note": [lost(3), joined_notes(lost(0), lost(4)), ""]})
    plain = [str(note) for note in frame["note"]]
    assert not any(isinstance(note, Message) for note in plain)
    assert [key_of(note) for note in plain] == [
        "{n} not yet eligible", "no subjects; {n} not yet eligible", "",
    ]  # fmt: skip
    assert zh(plain[0]) == zh(lost(3)) != plain[0]
    assert zh(plain[1]) == f"{zh(lost(0))}；{zh(lost(4))}"
    # Joined by somebody else, too.
    assert zh("; ".join([lost(5), lost(0)])) == f"{zh(lost(5))}；{zh(lost(0))}"
    assert notes_in(plain[1]) == (lost(0), lost(4))


def test_a_text_that_reads_as_a_message_does_not_take_its_place():
    text = str(lost(6))
    assert message(text).key == "{n} not yet eligible"
    assert vars(found(text))["values"] == {"n": 6}


def test_messages_survive_another_process():
    text = joined_notes(lost(7), message_n("{n} subject", "{n} subjects", 2))
    code = (
        "import pickle, sys, carstats as cs; from carstats.translation import in_words;"
        f"text = pickle.loads({pickle.dumps(text)!r}); cs.set_language('zh');"
        "sys.stdout.buffer.write((in_words(str(text)) + '|' + str(text)).encode())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert run.stdout.decode() == f"{zh(text)}|{text}"


def test_a_name_is_english_and_elsewhere_its_meaning():
    label = Vocabulary().label("toxicity", "CRS")
    assert Named("CRS", label) == "CRS"
    assert zh(Named("CRS", label)) == "细胞因子释放综合征"
    assert zh(Named("CRS", label, "CRS")) == "细胞因子释放综合征（CRS）"
    # It does not find it again: code compares the name.
    assert zh("CRS") == "CRS"
    assert zh(Named("ours", "Ours")) == "ours"
    assert pickle.loads(pickle.dumps(Named("CRS", label, "x"))).behind == "x"


def test_a_label_within_a_sentence_is_still_a_message():
    small = within_sentence(Vocabulary().label("endpoint", "relapse_free_survival"))
    assert small == "relapse-free survival"
    assert "至复发或死亡时间" in zh(message("Curves of {endpoint}", endpoint=small))


def test_other_values_in_the_places_of_a_message():
    text = lost(3).with_values(n=9, more=1)
    assert (text, vars(text)["values"]) == ("9 not yet eligible", {"n": 9})


def test_sentences_are_made_of_messages_and_of_what_is_words_already():
    assert sentences(sentence(lost(3)), "", full_stop("x.")) == "3 not yet eligible. x."
    with cs.in_language("zh"):
        assert sentences(sentence(lost(0)), sentence("已有")) == f"{in_words(lost(0))}。已有。"


def test_one_result_prints_in_both_languages():
    frame = pd.DataFrame({"n": [0], "estimate": [0.5], "note": [joined_notes(lost(0), lost(2))]})
    spec = Spec("x", endpoint=message("Relapse"), method=message("no subjects"))
    result = Result(frame, spec)
    assert "no subjects; 2 not yet eligible" in repr(result)
    with cs.in_language("zh"):
        shown = (repr(result), result._repr_html_())
    for text in shown:
        assert zh(joined_notes(lost(0), lost(2))) in text
        assert "复发" in text
        assert "subjects" not in text
    assert "no subjects; 2 not yet eligible" in repr(result)


def test_analysis_results_data_are_english_with_the_keys():
    spec = Spec("x", endpoint=message("Relapse"), method=lost(8))
    result = Result(pd.DataFrame({"n": [1, 1], "note": [lost(2), ""]}), spec)
    with cs.in_language("zh"):
        ard, made = result.to_ard(), spec.to_dict()
    assert list(ard["warning"]) == ["2 not yet eligible", ""]
    assert list(ard["warning_key"]) == ["{n} not yet eligible", ""]
    assert set(ard["method"]) == {"8 not yet eligible"}
    assert set(ard["method_key"]) == {"{n} not yet eligible"}
    assert (made["endpoint"], made["method_key"]) == ("Relapse", "{n} not yet eligible")


def test_a_table_puts_its_texts_into_its_language():
    row = Row((lost(0), "5"), group=message("Relapse"))
    with cs.in_language("zh"):
        table = Table(message("Relapse"), ("", "n"), (row,), notes=(lost(3),))
    assert "subjects" not in str(table)
    assert table.title == "复发"
    # Printed later, it keeps its words.
    assert Table.from_json(table.to_json()) == table


# --- errors ---------------------------------------------------------------------------------------


def test_an_error_is_shown_in_the_language_that_is_set():
    error = CarstatsError(
        Problem(message("no subjects"), "a.csv", 3, "sex", remedy=message("not reached"))
    )
    assert str(error) == "a.csv, row 3, `sex`: no subjects not reached"
    assert zh(error.said) == f"a.csv，第 3 行，`sex`：{zh(lost(0))}{zh('not reached')}"
    with cs.in_language("zh"):
        assert str(error) == zh(error.said)
        assert str(error.problems[0]) == str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_an_error_within_a_message_is_a_message_too():
    inner = CarstatsError(message("no subjects"))
    with cs.in_language("zh"):
        outer = CarstatsError(
            message("the notebook {name} stopped: {reason}", name="a", reason=inner)
        )
        assert "no subjects" not in str(outer)
    assert str(outer) == "the notebook a stopped: no subjects"


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (lambda: check_choice("method", "x", ("a", "b")), "`method` 为 'x'；可取：'a'、'b'。"),
        (lambda: check_number("at", "x"), "`at` 为 'x'；应为有限数。"),
        (lambda: check_number("at", -1, low=0), "`at` 为 -1；应为不小于 0 的有限数。"),
    ],
)
def test_checks_of_arguments_in_chinese(check, said):
    with cs.in_language("zh"), pytest.raises(CarstatsError) as caught:
        check()
    with cs.in_language("zh"):
        assert str(caught.value) == said


def test_listed_names_lose_nothing():
    names = listed([Vocabulary().label("disease", "SLE"), "b"])
    assert names == "'Systemic lupus erythematosus', 'b'"
    assert zh(names) == "'系统性红斑狼疮'、'b'"
    assert listed("abc", most=2) == "'a', 'b', … (3 in all)"


def test_many_problems_are_quick():
    start = time.perf_counter()
    error = CarstatsError(
        [Problem(message("{n} not yet eligible", n=i), "a.csv", i, f"c{i}") for i in range(100_000)]
    )
    assert len(error.problems) == 100_000
    assert time.perf_counter() - start < 60
    assert isinstance(error.said, Joined)
