"""What a crosscheck found: a row for each number and witness, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.verdicts import (
    AGREES,
    DIFFERS,
    FAMILY_NAMES,
    KINDS,
    KNOWN,
    NONE,
    NOT_COMPARED,
    RAISED,
)
from carstats.messages import Joined, Message, mark, message

# Of several witnesses of one number the first of these verdicts counts.
_FIRST = (DIFFERS, AGREES, KNOWN, RAISED, NOT_COMPARED, NONE)
_ANSWERED = (AGREES, KNOWN, DIFFERS)
_NUMBER = ["result", "row", "statistic"]


@dataclass(frozen=True, eq=False)
class Crosscheck:
    """Numbers of carstats beside those of a second program; made by `crosscheck`.

    Attributes
    ----------
    frame : pandas.DataFrame
        A row for each number and witness: ``name`` (the figure, table or chapter), ``family``,
        ``analysis``, ``result`` (its number), ``row`` of its frame, ``of`` (what tells the row
        from the others), ``statistic``, ``kind`` ("count", "estimate", "limit", "p-value"),
        ``beside`` (blank, or the option with which a sibling was run), ``value``, ``witness`` with
        its version, ``witness_value``, ``difference``, ``tolerance`` (relative to the value where
        that is above 1), ``verdict`` ("agrees", "known", "none", "differs", "raised",
        "not compared"), ``reason``, ``reference`` (the R script that covers what has no second
        program).
    label : str
        What the study is called.
    synthetic : bool
        Whether its subjects are simulated.
    """

    frame: pd.DataFrame
    label: str = ""
    synthetic: bool = False

    @property
    def differs(self) -> bool:
        """Whether any number differs without a known reason."""
        return bool(self.frame["verdict"].eq(DIFFERS).any())

    def numbers(self) -> pd.DataFrame:
        """Return a row for each number, with its verdict and whether a sibling of it agrees."""
        frame = self.frame[self.frame["statistic"] != ""]
        own = frame[frame["beside"] == ""]
        place = own["verdict"].map({verdict: i for i, verdict in enumerate(_FIRST)})
        first = own.loc[place.sort_values(kind="stable").index].drop_duplicates(_NUMBER)
        agree = frame[(frame["beside"] != "") & frame["verdict"].eq(AGREES)]
        keys = pd.MultiIndex.from_frame(first[_NUMBER])
        there = keys.isin(pd.MultiIndex.from_frame(agree[_NUMBER]))
        return first.assign(sibling=there).sort_values(_NUMBER, kind="stable")

    def coverage(self) -> pd.DataFrame:
        """Count the numbers by family and kind: how many a second program gave too."""
        numbers = self.numbers()
        rows = []
        for family in FAMILY_NAMES:
            for kind in ("estimate", "limit", "p-value", "count"):
                part = numbers[numbers["family"].eq(family) & numbers["kind"].eq(kind)]
                if part.empty:
                    continue
                verdict = part["verdict"]
                rows.append(
                    {
                        "family": family,
                        "kind": kind,
                        "n": len(part),
                        "n_recomputed": int(verdict.isin(_ANSWERED).sum()),
                        "n_agree": int(verdict.eq(AGREES).sum()),
                        "n_known": int(verdict.eq(KNOWN).sum()),
                        "n_differ": int(verdict.eq(DIFFERS).sum()),
                        "n_none": int(verdict.eq(NONE).sum()),
                        "n_sibling": int((verdict.eq(NONE) & part["sibling"]).sum()),
                        "n_raised": int(verdict.eq(RAISED).sum()),
                        "n_not_compared": int(verdict.eq(NOT_COMPARED).sum()),
                    }
                )
        columns = ["family", "kind", "n", "n_recomputed", "n_agree", "n_known", "n_differ",
                   "n_none", "n_sibling", "n_raised", "n_not_compared"]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    def witnesses(self) -> list[str]:
        """Return the libraries that gave a number, each with its version."""
        frame = self.frame[self.frame["verdict"].isin(_ANSWERED)]
        return sorted({name for text in frame["witness"].unique() for name in text.split(", ")})

    def summary(self) -> Message:
        """Return in one sentence how many numbers a second program gave, and how closely."""
        numbers = self.numbers()
        verdict = numbers["verdict"]
        again = numbers[verdict.isin(_ANSWERED)]
        if again.empty:
            return message("No number was recomputed.")
        agree = self.frame[self.frame["verdict"].eq(AGREES)]
        size = np.maximum(1.0, agree["witness_value"].abs())
        largest = float((agree["difference"] / size).max()) if len(agree) else 0.0
        return message(
            "{n} of {total} numbers recomputed by {witnesses}; {agree} agree (largest difference "
            "{largest}), {known} differ for a known reason, {differ} differ; {none} have no second "
            "program in Python.",
            n=f"{len(again):,}",
            total=f"{len(numbers):,}",
            witnesses=", ".join(self.witnesses()),
            agree=f"{int(verdict.eq(AGREES).sum()):,}",
            largest=f"{largest:.0e}",
            known=f"{int(verdict.eq(KNOWN).sum()):,}",
            differ=f"{int(verdict.eq(DIFFERS).sum()):,}",
            none=f"{int(verdict.eq(NONE).sum()):,}",
        )

    def lines(self) -> list[Message]:
        """Return the summary, the coverage of each family and what was not compared."""
        lines = [self.summary()]
        for family, rows in self.coverage().groupby("family", sort=False):
            counts = message("; ").join(map(_counted, rows.itertuples()))
            lines.append(
                message("{family}: {counts}", family=message(FAMILY_NAMES[family]), counts=counts)
            )
        for verdict, words in _LISTED.items():
            told = self.frame[self.frame["verdict"].eq(verdict)]
            for key, rows in told.groupby(["analysis", "statistic", "reason"], sort=False):
                analysis, statistic, reason = key
                lines.append(
                    message(
                        words,
                        analysis=analysis,
                        statistic=statistic or message("all numbers"),
                        n=len(rows),
                        reason=reason or message("no reason is known"),
                    )
                )
        return lines

    def __repr__(self) -> str:
        return Joined(self.lines(), "\n")


def _counted(row: Any) -> Message:
    """Return how many numbers of a kind were recomputed."""
    places = {"kind": message(KINDS[row.kind]), "n": f"{row.n_recomputed:,}"}
    if not row.n_sibling:
        return message("{kind} {n} of {total}", **places, total=f"{row.n:,}")
    return message(
        "{kind} {n} of {total}, of {sibling} more a sibling",
        **places, total=f"{row.n:,}", sibling=f"{row.n_sibling:,}",
    )  # fmt: skip


_LISTED = {
    DIFFERS: mark("{analysis}, {statistic}: {n} differ ({reason})"),
    RAISED: mark(
        "{analysis}, {statistic}: {n} where the second program raised an error ({reason})"
    ),
    NOT_COMPARED: mark("{analysis}, {statistic}: {n} not compared ({reason})"),
}
