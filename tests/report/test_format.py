"""Numbers as text."""

import math

import pytest

from carstats.report import format as fmt

NAN = math.nan
S = "\u00a0"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.6, f"60{S}%"),
        (0.0, f"0{S}%"),
        (1.0, f"100{S}%"),
        (0.004, f"<1{S}%"),
        (0.9999, f">99{S}%"),
        (1 - 1e-11, f">99{S}%"),
        (1 - 2.0**-53, f"100{S}%"),  # the last digit hangs on the library that added
        (0.125, f"13{S}%"),  # a half goes up, as by hand, and not to the even number
        (0.175, f"18{S}%"),  # 0.175 lies a little under the half in binary
        (0.005, f"1{S}%"),
        (NAN, "–"),
        (None, "–"),
    ],
)
def test_percent(value, text):
    assert fmt.percent(value) == text


def test_percent_with_decimals():
    assert fmt.percent(1 / 3, 1) == f"33.3{S}%"
    assert fmt.percent(0.0004, 1) == f"<0.1{S}%"


def test_rate_and_interval():
    assert fmt.rate(0.6, 0.36, 0.81) == f"60{S}% (36–81)"
    assert fmt.rate(NAN, NAN, NAN) == "–"
    assert fmt.rate(0.5, NAN, NAN) == f"50{S}%"
    assert fmt.percent_interval(-0.1, 0.25) == "\u221210 to 25"
    assert fmt.interval(1.25, 3.4) == "1.3–3.4"
    assert fmt.interval(1.2, NAN) == "1.2 to not reached"
    assert fmt.interval(-1.2, 3.4) == "\u22121.2 to 3.4"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0004, "p < 0.001"),
        (0.0042, "p = 0.004"),
        (0.03, "p = 0.03"),
        (0.0496, "p = 0.050"),
        (0.047, "p = 0.047"),
        (0.5, "p = 0.50"),
        (0.999, "p > 0.99"),
        (NAN, "–"),
    ],
)
def test_p_value(value, text):
    assert fmt.p_value(value) == text


def test_counts_and_times():
    assert fmt.of(9, 15) == "9/15"
    assert fmt.of(0, 0) == "0/0"
    assert fmt.count(9999) == "9999"
    assert fmt.count(12345) == "12\u202f345"
    assert fmt.counted(1, "subject") == "1 subject"
    assert fmt.counted(2, "trial") == "2 trials"
    assert fmt.months(30.4375 * 6) == "6.0 months"
    assert fmt.months(NAN) == "not reached"
    assert fmt.months(math.inf) == "not reached"


def test_no_negative_nought():
    assert fmt.number(-0.04, 1) == "0.0"
    assert fmt.number(-1.25, 1) == "\u22121.3"


def test_summaries():
    assert fmt.mean_sd(34.24, NAN) == "34.2 (–)"
    assert fmt.confidence(0.95) == f"95{S}% CI"
    assert fmt.confidence(0.975) == f"97.5{S}% CI"
    assert fmt.sentence_list(["a", "b", "c"]) == "a, b and c"
    assert fmt.sentence_list(["a"]) == "a"
    assert fmt.sentence_list([]) == ""


def test_numbers_of_tables():
    assert fmt.p_number(0.0004) == "<0.001"
    assert fmt.p_number(0.999) == ">0.99"
    assert fmt.p_number(0.03) == "0.03"
    assert fmt.p_number(NAN) == "–"
    assert fmt.ratio(0.596, 0.323, 1.0995) == "0.60 (0.32–1.10)"
    assert fmt.ratio(12.34, 0.001, 152.2) == "12.3 (<0.01–152)"
    assert fmt.ratio(NAN, NAN, NAN) == "–"
    assert fmt.ratio(1.5, NAN, NAN) == "1.50"
    assert fmt.incidence(0.08, 0.002, 0.45) == "0.08 (0.00–0.45)"
    assert fmt.incidence(NAN, NAN, NAN) == "–"
    assert fmt.median_quartiles(39, 29.75, 47) == "39.0 [29.8–47.0]"
    assert fmt.median_quartiles(NAN, NAN, NAN) == "–"
    month = 30.4375
    assert fmt.month_count(20 * month, 12.1 * month, NAN) == "20.0 (12.1 to not reached)"
    assert fmt.month_count(NAN, NAN, NAN) == "not reached"


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (30, "1 month"),
        (182, "6 months"),
        (365, "12 months"),
        (730, "24 months"),
        (168, "week 24"),
        (7, "day 7"),
    ],
)
def test_landmarks(days, text):
    assert fmt.landmark(days) == text


@pytest.mark.parametrize(
    ("spread", "digits"), [(13.4, 1), (1.2, 1), (0.5, 2), (0.013, 3), (0.0, 1), (NAN, 1)]
)
def test_decimals_follow_the_spread(spread, digits):
    assert fmt.decimals(spread) == digits
