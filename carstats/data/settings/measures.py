"""What a study declares: its measures' codes for missing and ranges, and what is not said."""

from __future__ import annotations

from carstats.data.vocabulary import Vocabulary
from carstats.errors import listed
from carstats.messages import message

_OTHERS = ("censored at last contact",)
_LATER = ("planned", "unplanned")
_BLANKS = ("none", "unknown")


def declared_measures(
    section: dict, vocabulary: Vocabulary
) -> tuple[Vocabulary, list[tuple[str, str | None]]]:
    """Return the vocabulary with what ``[assessments]`` declares of its measures."""
    codes, ranges = section.get("missing", {}), section.get("range", {})
    if isinstance(codes, list):
        codes = {term.name: codes for term in vocabulary.measure}
    codes = dict(codes) if isinstance(codes, dict) else {}
    ranges = dict(ranges) if isinstance(ranges, dict) else {}
    for measure, spec in section.items():
        if isinstance(spec, dict) and measure not in ("missing", "range"):
            codes |= {measure: spec["missing"]} if "missing" in spec else {}
            ranges |= {measure: spec["range"]} if "range" in spec else {}
    faults: list[tuple[str, str | None]] = []
    for measure in dict.fromkeys([*codes, *ranges]):
        missing, limits = codes.get(measure), ranges.get(measure)
        if vocabulary.canonical("measure", measure) is None:
            what = message("[assessments] {measure} is no measure.", measure=repr(measure))
            remedy = message("One of the study's own is added under [vocabulary] measure.")
            faults.append((what, remedy))
        elif missing is not None and not _numbers(missing):
            what = message(
                "[assessments] missing of {measure} is {given}; it takes a list of numbers.",
                measure=measure,
                given=repr(missing),
            )
            faults.append((what, None))
        elif limits is not None and not (
            _numbers(limits) and len(limits) == 2 and limits[0] < limits[1]
        ):
            what = message(
                "[assessments] range of {measure} is {given}; it takes the smallest and the "
                "largest value.",
                measure=measure,
                given=repr(limits),
            )
            faults.append((what, None))
        else:
            vocabulary = vocabulary.with_measure(measure, missing=missing, limits=limits)
    return vocabulary, faults


def wrong_words(data: dict) -> list[tuple[str, str | None]]:
    """Return the words of a mapping that are not among those allowed, each with no remedy."""
    given = [
        ("events", "others", data.get("events", {}).get("others"), _OTHERS),
        ("infusions", "later", data.get("infusions", {}).get("later"), _LATER),
    ]
    for term, spec in data.get("toxicities", {}).items():
        if isinstance(spec, dict):
            given.append((f"toxicities.{term}", "blank", spec.get("blank"), _BLANKS))
    return [
        (
            message(
                "[{place}] {key} is {given}; allowed: {allowed}.",
                place=place, key=key, given=repr(word), allowed=listed(allowed),
            ),
            None,
        )
        for place, key, word, allowed in given
        if isinstance(word, str) and word not in allowed
    ]  # fmt: skip


def _numbers(values: object) -> bool:
    return isinstance(values, list) and all(
        isinstance(v, int | float) and not isinstance(v, bool) for v in values
    )
