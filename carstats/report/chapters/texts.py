"""What the notebooks' cells show: sentences, and parts that a study's data may not allow."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

from carstats.errors import CarstatsError
from carstats.translation import current_language
from carstats.words import tr

if TYPE_CHECKING:
    from IPython.display import HTML, Markdown

_CHINESE = "\u4e00-\u9fff"


def prose(*paragraphs: str) -> Markdown:
    """Return sentences for a cell to show."""
    from IPython.display import Markdown

    text = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    if current_language() == "zh":
        text = _spaced(text)
    return Markdown(text.replace("&", "&amp;").replace("<", "&lt;"))


def _spaced(text: str) -> str:
    """Put a space between Chinese and Latin letters or digits, and take it from between Chinese.

    A sentence's places take names that may be either.
    """
    text = re.sub(f"(?<=[{_CHINESE}])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9%])(?=[{_CHINESE}])", " ", text)
    return re.sub(f"(?<=[{_CHINESE}，。；：、（）]) +(?=[{_CHINESE}，。；：、（）])", "", text)


def points(*items: str) -> str:
    """Return a bulleted list as Markdown; empty items fall away."""
    return "\n".join(f"- {item}" for item in items if item)


def part(make: Callable[[], object]) -> HTML | object:
    """Return what a part of a report shows, or why the study's data do not allow it."""
    from IPython.display import HTML

    try:
        return make()
    except CarstatsError as error:
        words = tr("This part cannot be made from the study's data: {reason}", reason=error)
        return HTML(f'<p class="refused">{escape(words)}</p>')
