"""What the tables are made of: heads, shares, footnotes with letters, and what they refuse."""

from __future__ import annotations

from collections.abc import Sequence

from carstats.errors import CarstatsError
from carstats.messages import mark, message
from carstats.report.format import (
    NONE,
    count,
    counts,
    of,
    percent,
    percent_limits,
    with_limits,
)
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row, letter
from carstats.result import Result
from carstats.words import in_words, sentence, tr

# More columns of numbers than this do not fit on a page turned on its side.
WIDEST = 9
_TITLES = {
    "age": mark("Age, years"),
    "case": mark("Missing responses"),
    "cell_source": mark("Cell source"),
    "costimulation": mark("Co-stimulatory domain"),
    "disease": mark("Disease"),
    "disease_duration_years": mark("Disease duration, years"),
    "disease_subtype": mark("Disease subtype"),
    "endpoint": mark("Endpoint"),
    "n_prior_therapies": mark("Earlier therapies, number"),
    "platform": mark("Platform"),
    "sex": mark("Sex"),
    "site_id": mark("Site"),
    "study_id": mark("Study"),
    "target": mark("Target"),
    "term": mark("Term"),
    "weight_kg": mark("Weight, kg"),
}


class Marks:
    """Footnotes with letters, each text once, in the order in which they are met."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def add(self, *texts: str) -> str:
        """Return the letters of footnotes, which are kept if they are new."""
        found = []
        for text in texts:
            note = sentence(text)
            if not note:
                continue
            if note not in self.notes:
                self.notes.append(note)
            found.append(self.notes.index(note))
        return ",".join(letter(place) for place in sorted(set(found)))


def column_title(column: str) -> str:
    """Return what a column of the data is called in a table."""
    return tr(_TITLES[column]) if column in _TITLES else column.replace("_", " ").capitalize()


def level_label(result: Result, column: str, value: object) -> str:
    """Return the printed name of a level of a column."""
    return in_words(result.labels.get(column, {}).get(value, str(value)))


def stratum_heads(result: Result) -> dict[tuple, str]:
    """Return each stratum's head with its number of subjects: ``"CD19 (n = 63)"``."""
    heads = {}
    for key, rows in result.strata():
        name = result.label(key) if key else tr("All subjects")
        heads[key] = with_n(name, rows["n"].iloc[0])
    return heads


def with_n(name: str, n: float) -> str:
    """Write a name with its number of subjects: ``"CD19 (n = 63)"``."""
    return tr("{name} (n = {n})", name=name, n=count(n))


def share(
    k: float | None, part: float | None, most: float | None = None, possible: float | None = None
) -> str:
    """Write a count with its percentage: ``"12 (39 %)"``; nought, and a count of nobody, alone.

    Where up to `most` may have had it, both reach from what is proven to what is possible.
    """
    if most is not None and most == most and k == k and most > (k or 0):
        return with_limits(counts(k, most), percent_limits(part, possible))
    alone = not k or k != k or part is None or part != part
    return count(k) if alone else with_limits(count(k), percent(part))


def fraction(k: float | None, n: float | None, most: float | None = None) -> str:
    """Write how many of how many; an en dash of nobody."""
    return NONE if not n else of(k, n, most)


def check_columns(result: Result, builder: str, maker: str, columns: set[str]) -> None:
    """Raise unless a result has the columns that a builder prints."""
    if not isinstance(result, Result):
        raise CarstatsError(
            message(
                "{builder} prints {maker}, not {given}.",
                builder=builder,
                maker=maker,
                given=type(result).__name__,
            )
        )
    if not columns <= set(result.frame):
        raise CarstatsError(
            message(
                "{builder} prints {maker}, not {analysis!r}.",
                builder=builder,
                maker=maker,
                analysis=result.spec.analysis,
            )
        )


def footnoted(
    results: Sequence[Result], rows: Sequence[Row], *extra: str, method: bool = True
) -> tuple[str, ...]:
    """Return the footnotes of a table: who, how, what else, and what an en dash is."""
    specs = [result.spec for result in results]
    notes = [sentence(spec.population) for spec in specs]
    methods = [spec.method for spec in specs] if method else []
    # A method that another one continues, as that of a median the curve's, is told with it.
    notes += [sentence(m) for m in methods if not any(o != m and o.startswith(m) for o in methods)]
    notes += extra
    if any(cell == NONE for row in rows for cell in row.cells[1:]):
        notes.append(tr("–: not applicable or not estimable."))
    return tuple(dict.fromkeys(note for note in notes if note))


def sentence_table(title: str, text: str, results: Sequence[Result]) -> Table:
    """Return a table that is one sentence, for a result without rows."""
    return Table(
        title,
        (),
        (Row((text,)),),
        notes=footnoted(results, (), method=False),
        synthetic=any(result.spec.synthetic for result in results),
    )


def is_synthetic(*results: Result | None) -> bool:
    """Return whether any of the results is of a simulated study."""
    return any(result.spec.synthetic for result in results if result is not None)
