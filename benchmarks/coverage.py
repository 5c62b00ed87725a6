"""Write docs/coverage.md: what default intervals cover, default tests reject, estimators find.

python -m benchmarks.coverage [--scale PART] [--jobs N] [--write]
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.evidence import areas, curves, proportions, rates, sizes, truth
from benchmarks.evidence.cells import (
    LEVEL,
    PAIRS,
    SIZES,
    Cell,
    coverage_table,
    error,
    holds,
    markdown,
    verdicts,
)

PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"


@dataclass(frozen=True)
class Amount:
    """How many studies are simulated, and of which sizes.

    Attributes
    ----------
    scale : float
        Part of the studies of the page.
    sizes, pairs : tuple
        Subjects of a study, and of two groups.
    """

    scale: float = 1.0
    sizes: tuple[int, ...] = SIZES
    pairs: tuple[tuple[int, int], ...] = PAIRS

    def of(self, studies: int) -> int:
        """Return the number of studies, at least 20."""
        return max(20, round(self.scale * studies))


@dataclass(frozen=True)
class Part:
    """One kind of interval with its table.

    Attributes
    ----------
    title, words : str
        What it is, and which functions use it.
    constructions : tuple of str
        The default first.
    cells : list of Cell
        What was found.
    """

    title: str
    words: str
    constructions: tuple[str, ...]
    cells: list[Cell] = field(repr=False)

    def text(self) -> str:
        """Return the section."""
        table = coverage_table(self.cells, self.constructions)
        return f"## {self.title}\n\n{self.words}\n\n{table}\n"

    def default_holds(self) -> bool:
        """Say whether the default holds in every setting."""
        return holds(c for c in self.cells if c.construction == self.constructions[0])


def simulated_words(studies: int, others: int | None = None) -> str:
    """Say how many studies a cell has, and the error."""
    words = f"{studies:,} studies a setting, simulation error {100 * error(studies):.1f} points"
    if others is not None and others != studies:
        words += f" ({others:,} for the others, {100 * error(others):.1f})"
    return words


def tasks(amount: Amount) -> dict[object, tuple]:
    """Return what is computed, each a function with its arguments: they do not need each other."""
    many, some, few = amount.of(2000), amount.of(1000), amount.of(500)
    n, pairs, tested = amount.sizes, amount.pairs, amount.of(400)
    return {
        **{("tables", pair): (proportions.tables, *pair) for pair in pairs[::-1]},
        **{("log-rank", pair): (sizes.logrank_rows, tested, 999, (pair,)) for pair in pairs},
        "one": (proportions.proportion_cells, n),
        "curve": (curves.curve_cells, many, n),
        "median": (curves.quantile_cells, many, n),
        "curves": (curves.difference_cells, few, 1000, pairs),
        "incidence": (curves.incidence_cells, many, n),
        "mean": (areas.mean_cells, some, 1000, n),
        "difference": (areas.contrast_cells, few, 1000, pairs),
        "ratio": (areas.contrast_cells, few, 1000, pairs, "ratio"),
        "lost": (areas.lost_cells, few, n),
        "exact": (rates.exact_cells,),
        "first": (rates.first_cells, many, n),
        "recurrent": (rates.recurrent_cells, some, amount.of(100), n),
        "gray": (sizes.gray_rows, tested, pairs),
        "rates": (sizes.ratio_rows, tested, pairs),
        "truth": (truth.all_truths,),
    }


def computed(amount: Amount, jobs: int = 1) -> dict[object, object]:
    """Compute all; the same numbers with any number of processes."""
    asked = tasks(amount)
    if jobs == 1:
        return {name: function(*given) for name, (function, *given) in asked.items()}
    with ProcessPoolExecutor(jobs) as pool:
        running = {name: pool.submit(*task) for name, task in asked.items()}
        done = {}
        for name, future in running.items():
            done[name] = future.result()
            print(name, file=sys.stderr, flush=True)
    return done


def intervals(amount: Amount, done: dict) -> list[Part]:
    """Return every kind of interval."""
    many, some, few = amount.of(2000), amount.of(1000), amount.of(500)
    found = {pair: done["tables", pair] for pair in amount.pairs}
    return [
        Part(
            "One proportion",
            "Every outcome listed, over all true proportions. `response_rate`, `toxicity_rate`, "
            "`landmark_rate`, `seroconversion_rate`, `trial_rate`; `score_change` responders.\n\n"
            "Blaker's limits hold too and are shorter; Clopper–Pearson's stay the default because "
            "they alone miss on each side at most 2.5 % of the time, so that one limit may be read "
            'alone ("0 of 15: at most 21.8 %").',
            proportions.ONE,
            done["one"],
        ),
        Part(
            "Difference of two proportions",
            "Every outcome listed, over the pairs of 0.05, 0.10, … 0.95. `response_difference`, "
            "`toxicity_difference`. The column in the place of the censoring names the default at "
            "this size. It inverts one two-sided test: on one side it may miss up to 5 %.",
            proportions.TWO,
            proportions.difference_cells(found),
        ),
        Part(
            "A curve at a time",
            "Kaplan–Meier read where the truth is 0.95, 0.9, 0.7, 0.5 and 0.3: `survival_curve`, "
            "`survival_at`, `landmark_curve`, `toxicity_duration`. Every outcome listed without "
            f"censoring, else {simulated_words(many, many // 4)}.",
            curves.CURVES,
            done["curve"],
        ),
        Part(
            "The median of a curve",
            "`survival_quantile`, `toxicity_timing`; width in medians, of limits that are both "
            f"reached. {simulated_words(many)}. `followup_time` has log-log limits.",
            ("beta product", "log-log"),
            done["median"],
        ),
        Part(
            "Difference of two curves at a time",
            '`survival_difference`; true pairs 0.9/0.9, 0.7/0.7, 0.9/0.5, 0.95/0.7. "unequal": '
            "the first group followed to the end, the second heavily censored. "
            f"{simulated_words(few)}.",
            ("melded beta product", "Greenwood"),
            done["curves"],
        ),
        Part(
            "A cumulative incidence at a time",
            "Aalen–Johansen read where the truth is 0.05, 0.1, 0.3 and 0.5, the competing event as "
            "probable (at most 0.4): `cumulative_incidence`, `toxicity_incidence`, "
            "`time_to_response`, `time_to_recovery`. Every outcome listed without censoring, else "
            f"{simulated_words(many, many // 4)}.",
            ("beta product", "beta product mid-P", "log-log", "plain"),
            done["incidence"],
        ),
        Part(
            "Restricted mean",
            "`restricted_mean` to time 1, constant and early hazards, 0.95 to 0.5 free at 1; width "
            f"in horizons. {simulated_words(some, some // 4)}. The laws of the joint beta product "
            "are drawn here (1,000 draws a study), by the definition that the package integrates. "
            '"all at once": every event at one early time, which makes the mean a proportion, '
            "listed.",
            areas.MEANS,
            done["mean"],
        ),
        Part(
            "Difference of two restricted means",
            '`restricted_mean(contrast="difference")`, early hazards, pairs as for the curves. '
            f"{simulated_words(few, few // 4)}.",
            areas.CONTRASTS,
            done["difference"],
        ),
        Part(
            "Ratio of two restricted means",
            f'`restricted_mean(contrast="ratio")`. {simulated_words(few, few // 4)}.',
            areas.CONTRASTS,
            done["ratio"],
        ),
        Part(
            "Restricted mean time lost to a cause",
            "`restricted_time_lost`, 0.1, 0.3 and 0.5 with the cause by time 1. "
            f"{simulated_words(few)}.",
            ("beta product",),
            done["lost"],
        ),
        Part(
            "Rate of first events",
            "`incidence_rate`, `exposure_adjusted_rate` of first events, a constant hazard, each "
            f"subject's time ending with the event; width in rates. {simulated_words(many)}. "
            "Over a fixed person-time every count is listed.",
            ("exact",),
            done["exact"] + done["first"],
        ),
        Part(
            "Rate of events that recur",
            "`exposure_adjusted_rate` of all events: subjects' rates vary about their mean by a "
            "gamma distribution of this variance, 0.5 or 3 events a subject, equal and unequal "
            f"time; width in rates. {simulated_words(some, some // 20)} for the model.",
            rates.RECURRENT,
            done["recurrent"],
        ),
    ]


INTRODUCTION = """# Coverage, size and power in small groups

How often nominal 95 % limits hold the truth, how often nominal 5 % tests reject, and whether the
estimators find what was simulated. `python -m benchmarks.coverage --write` makes this page; `make
test-slow` runs it, `make test` a small part. Seeds are fixed.

**How to read the tables.** "99.3 / 99.8" is the least coverage over the settings of a row and the
mean, in per cent; "misses" are the largest shares of limits that lie wholly below and wholly above
the truth; "width" is the mean width of the limits that exist. Limits that do not exist do not
cover. The default is in bold; behind the coverage of the others stands their width in brackets.
Censoring "none": all are followed past the horizon, 1; "uniform": from 0 to 2; "heavy": from 0 to
1.1, so that few are followed to the horizon. A construction **holds** where no setting lies further
below 95 % than three errors of its simulation (none where outcomes were listed).

**How defaults are chosen.** Among the constructions that hold, the shortest is the default; where
none holds, the best, and a row's note says what the limits take for granted. Two defaults are
exceptions, for reasons given with them: Clopper–Pearson's limits of one proportion (Blaker's are
shorter), and the melded mid-P limits of contrasts of restricted means (the full melding holds
where they fall a little short).
"""

LIMITS = """## What is not promised

- **Events that recur.** With much variation between subjects (variance 1 and more) no construction
  holds below about 20 subjects: when nobody of the frequent kind was seen the data cannot know. A
  row with fewer than five subjects with an event says so.
- **Contrasts of restricted means.** Where all events fall on one early day ("all at once") the
  means are proportions, and the melded mid-P limits fall a little short at 20 and more in a group
  (94.4 % at least); with events spread over time they hold. The full melding always holds and is
  wider by an eighth.
- **The log-rank test** is exact where follow-up is alike in the groups, and up to about 6 %
  otherwise; the row says where follow-up differs much.
- **Regressions** (`cox_regression`, `fine_gray_regression`, `response_regression`,
  `interval_censored_regression`, `cure_fraction`, `pooled_regression`, the mixed model) and the
  limits of `mean_cumulative_count`, `withdrawal_weighted_curve`, `followup_time` and
  `interval_censored_curve` (bootstrap) are asymptotic: they find the truth in large studies, below,
  and their coverage in small ones is not shown here.
- **Gray's test** and the **interval-censored test** take the chi-squared distribution: their size
  is below.
- **Delayed entry.** The same formulas with the true risk sets; not simulated, no level claimed.
- **`landmark_rate`** covers the share known to be free; where nobody is lost, the share free.
"""


def truth_table(found) -> str:
    """Return the table of truths."""
    rows = [
        [name, f"{true:.4f}", f"{estimate:.4f}", f"{wide:.4f}", f"{(estimate - true) / wide:+.1f}"]
        for name, true, estimate, wide in found
    ]
    return markdown(["estimator", "truth", "estimate", "standard error", "errors off"], rows)


def page(amount: Amount, jobs: int = 1) -> tuple[str, list[Part], list[truth.Found]]:
    """Compute all, and return the page with what stands in it."""
    done = computed(amount, jobs)
    parts = intervals(amount, done)
    summary = [row for p in parts for row in verdicts(p.title, p.cells, p.constructions[0])]
    studies = amount.of(400)
    tested = sizes.tables_of_tests(
        {pair: done["tables", pair] for pair in amount.pairs},
        [row for pair in amount.pairs for row in done["log-rank", pair]],
        done["gray"],
        done["rates"],
    )
    size_error = 100 * (0.05 * 0.95 / studies) ** 0.5
    truths = done["truth"]
    heads = ["interval", "construction", "least", "where", "mean", "width", "holds"]
    texts = [
        INTRODUCTION,
        f"## Summary\n\n{markdown(heads, summary)}\n",
        LIMITS,
        *(p.text() for p in parts),
        "# Size and power of the default tests\n\n"
        f"In per cent at a nominal 5 %. Proportions: every outcome listed; size is the largest "
        "over equal proportions, power that of 0.2 against 0.8. Others: "
        f"{studies:,} studies, simulation error {size_error:.1f} points at 5 %, power at "
        "a hazard or rate ratio of 4. The log-rank test draws 999 arrangements here where it does "
        "not list all (9,999 in the package). The p-values of `survival_difference` and "
        "`restricted_mean` are inversions of their limits, above.\n",
        *(f"## {name}\n\n{table}\n" for name, table in tested.items()),
        f"# Truth found in {truth.SUBJECTS:,} subjects\n\n"
        f"One simulated study each; further off than {truth.FAR:g} standard errors is a failure. "
        "Ratios and odds on the log scale. Neighbours share their data.\n\n"
        f"{truth_table(truths)}\n",
    ]
    return "\n".join(texts), parts, truths


def main() -> None:
    """Print the page; keep it on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="part of the studies to simulate")
    parser.add_argument("--jobs", type=int, default=1, help="processes at once")
    parser.add_argument("--write", action="store_true", help=f"keep the page in {PAGE.name}")
    options = parser.parse_args()
    text, parts, truths = page(Amount(options.scale), options.jobs)
    print(text)
    for part in parts:
        if not part.default_holds():
            print(f"does not hold at {100 * LEVEL:g} %: {part.title}")
    for name, true, estimate, wide in truths:
        if not abs(estimate - true) <= truth.FAR * wide:
            print(f"truth not found: {name}")
    if options.write:
        PAGE.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
