"""The `Examples` of every public docstring run as they stand.

In them `cs` is carstats, `study` the synthetic study, `cohort` its infused subjects, `lupus` those
with SLE, `trials` the published trials, and `network` two sites, one of CD19 and one of BCMA: what
`docs/api/index.md` tells the reader. Output is compared where an example shows some.
"""

import contextlib
import doctest
import inspect
import io
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import carstats as cs

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    study = cs.read_study(ROOT / "data" / "synthetic")
    cohort = cs.define_cohort(study, cs.infused())
    lupus = cs.define_cohort(study, cs.infused(), cs.with_disease("SLE"))
    trials = cs.published_trials()
    network = cs.combine_counts(
        cs.share_counts(
            cs.define_cohort(study, cs.infused(), cs.with_target(target)),
            tmp_path_factory.mktemp(target),
            site=target,
        )[0]
        for target in ("CD19", "BCMA")
    )
    return {
        "cs": cs, "study": study, "cohort": cohort, "lupus": lupus, "trials": trials,
        "network": network,
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Stand in a folder that has the data and examples of the repository beside it."""
    for part in ("data", "docs"):
        (tmp_path / part).symlink_to(ROOT / part, target_is_directory=True)
    monkeypatch.chdir(tmp_path)


# A whole report takes seconds; tests/report makes one in every run.
NAMES = [
    pytest.param(name, marks=pytest.mark.slow) if name == "study_report" else name
    for name in sorted(cs.__all__)
    if name != "__version__"
]


@pytest.mark.parametrize("name", NAMES)
def test_examples_of(name, names, folder):
    text = inspect.getdoc(getattr(cs, name)) or ""
    assert "Examples\n--------\n" in text, f"{name} has no section Examples"
    examples = doctest.DocTestParser().get_examples(text.split("Examples\n--------\n")[1])
    assert examples, f"the Examples of {name} have no line to run"
    room = dict(names)
    for example in examples:
        assert not example.options, "an example runs, or it is none"
        _runs(example, room)
    plt.close("all")


def _runs(example, room):
    """Run one line; where it shows what it gives, that must be so."""
    mode = "single" if example.want else "exec"
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(example.source, "<example>", mode), room)
    if example.want:
        same = doctest.OutputChecker().check_output
        assert same(example.want, said.getvalue(), doctest.NORMALIZE_WHITESPACE), said.getvalue()
