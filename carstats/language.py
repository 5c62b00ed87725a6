"""The choice of the language that is printed: English, or simplified Chinese."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from carstats.errors import check_choice
from carstats.translation import LANGUAGES, activate, current_language


def set_language(name: str) -> None:
    """Set the language of all that is printed from here on.

    Parameters
    ----------
    name : {"en", "zh"}
        English, or simplified Chinese.

    Raises
    ------
    CarstatsError
        If carstats does not speak the language.

    Notes
    -----
    A result is in no language: the same one prints in either, whenever it was made. What has been
    printed, drawn or made a `Table` keeps its words.

    Examples
    --------
    >>> cs.set_language("en")
    """
    name = check_choice("language", name, tuple(LANGUAGES))
    activate(name)


@contextmanager
def in_language(name: str) -> Iterator[None]:
    """Print in a language within a `with` block.

    Parameters
    ----------
    name : {"en", "zh"}
        English, or simplified Chinese.

    Yields
    ------
    None
        The language that was set before is set again at the end.

    Raises
    ------
    CarstatsError
        If carstats does not speak the language.

    Examples
    --------
    >>> with cs.in_language("zh"):
    ...     print(cs.survival_at(cohort, "relapse_free_survival", at=365))
    """
    before = current_language()
    set_language(name)
    try:
        yield
    finally:
        set_language(before)
