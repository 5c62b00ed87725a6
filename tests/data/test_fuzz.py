"""Damaged inputs end in a right load or in words, within five seconds and 500 MB each."""

import sys

import pytest

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has neither an alarm nor a limit of memory"
)


@pytest.mark.parametrize(
    ("count", "seed"), [(300, 1), pytest.param(5000, 2, marks=pytest.mark.slow)]
)
def test_damaged_inputs_are_read_or_refused(count, seed):
    from tests.data import fuzz

    ends, wrong = fuzz.run(count, seed)
    assert not wrong, "\n".join(wrong)
    assert sum(ends.values()) == count
    # Damage that nothing refuses, or nothing survives, would test nothing.
    for kind in fuzz.KINDS:
        assert ends[kind, "read"] > count / 100
        assert ends[kind, "refused"] > count / 100
