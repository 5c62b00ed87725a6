"""The synthetic study: made-up subjects whose truth is known, for examples and for tests."""

from __future__ import annotations

import json
import numbers
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from carstats.data.schema import TABLES
from carstats.data.study import Study
from carstats.data.writer import write_study
from carstats.errors import CarstatsError, Problem
from carstats.messages import mark, message
from carstats.synthetic.antibodies import simulate_antibodies
from carstats.synthetic.assessments import (
    Sampling,
    assessments_table,
    simulate_scores,
)
from carstats.synthetic.cells import simulate_cells, simulate_subsets, with_samples
from carstats.synthetic.course import Course, simulate_course
from carstats.synthetic.harm import with_harm
from carstats.synthetic.items import simulate_items, simulate_sclerosis
from carstats.synthetic.laboratory import simulate_laboratory
from carstats.synthetic.local import local_toxicity_rows
from carstats.synthetic.lupus import simulate_lupus_items
from carstats.synthetic.medications import drugs_at_visits, simulate_medications
from carstats.synthetic.model import MODEL, MODEL_IN_WORDS
from carstats.synthetic.responses import responses_table
from carstats.synthetic.subjects import infusions_table, subjects_table
from carstats.synthetic.toxicity import simulate_toxicities, steroids_for_toxicity
from carstats.synthetic.truth import truth
from carstats.synthetic.visits import Visits, derive_events, simulate_visits

SEED, SUBJECTS = 21, 240
LABEL = mark("Synthetic study of engineered-cell therapy")
_MOST = 1_000_000


def simulate_study(seed: int = SEED, n: int = SUBJECTS) -> Study:
    """Simulate a study of engineered-cell therapy in autoimmune disease.

    Parameters
    ----------
    seed : int, optional
        Seed of the random numbers, 0 or more; the same seed and `n` give the same study.
    n : int, optional
        Number of enrolled subjects, 1 to 1,000,000.

    Returns
    -------
    Study
        All seven tables, with ``synthetic=True``.

    Raises
    ------
    CarstatsError
        If `seed` or `n` is not a whole number in its range.

    See Also
    --------
    write_synthetic : Write such a study with its truth and its data dictionary.

    Notes
    -----
    The model is described in ``truth.json`` of the folder that `write_synthetic` writes, together
    with every parameter and the probabilities that follow from them.

    Examples
    --------
    >>> import carstats as cs
    >>> cs.simulate_study(seed=1, n=12).subjects["disease"].nunique() > 1
    True
    """
    return simulate_hidden(seed, n).study


@dataclass(frozen=True)
class Hidden:
    """A synthetic study together with what its subjects' tables do not show."""

    study: Study
    course: Course
    visits: Visits


def simulate_hidden(seed: int = SEED, n: int = SUBJECTS) -> Hidden:
    """Simulate a study and keep the latent times, which tests compare with what was recorded."""
    seed, n = _whole("seed", seed, 0, 2**63 - 1), _whole("n", n, 1, _MOST)
    course = simulate_course(MODEL, seed, n)
    toxicities = simulate_toxicities(course, seed)
    steroids = steroids_for_toxicity(toxicities)
    visits = simulate_visits(course, steroids, seed)
    medications = simulate_medications(course, visits, toxicities, steroids, seed)
    sampling = Sampling(course, visits, seed)
    measured = simulate_scores(course, sampling)
    measured |= simulate_laboratory(course, sampling, visits, toxicities, medications)
    measured |= simulate_items(course, sampling, seed)
    measured |= simulate_sclerosis(course, sampling, measured, seed)
    measured |= simulate_lupus_items(course, sampling, measured, seed)
    b_cells = measured["B_cells"][0][:, 1:] >= MODEL.b_cell_threshold
    samples = _in_order(sampling.day[:, 1:], b_cells)
    infusions = infusions_table(course, visits, seed)
    harmed, treated = with_harm(course, toxicities, medications, seed)
    tables = {
        "infusions": infusions,
        "assessments": with_samples(
            assessments_table(
                course, sampling, measured, local_toxicity_rows(sampling, measured, toxicities)
            ),
            simulate_cells(course, visits, toxicities, seed),
            simulate_antibodies(course, visits, sampling.day[:, 0], medications, seed),
            simulate_subsets(course, sampling, measured["B_cells"][0], seed),
        ),
        "medications": treated,
        "toxicities": _numbered(harmed, infusions),
        "events": derive_events(course, visits, samples),
        "responses": responses_table(course, visits, drugs_at_visits(medications, visits)),
    }
    ids = course.ids()
    study = Study(
        subjects=subjects_table(course, seed),
        label=LABEL,
        synthetic=True,
        **{name: _identified(frame, ids) for name, frame in tables.items()},
    )
    return Hidden(study, course, visits)


def _whole(argument: str, value: object, low: int, high: int) -> int:
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or not low <= value <= high:
        raise CarstatsError(
            message(
                "`{argument}` is {value!r}; it takes a whole number from {low} to {high}.",
                argument=argument,
                value=value,
                low=low,
                high=high,
            )
        )
    return int(value)


def _in_order(day: np.ndarray, above: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return samples sorted by day within each subject, missing ones last."""
    order = np.argsort(day, axis=1, kind="stable")
    return np.take_along_axis(day, order, axis=1), np.take_along_axis(above, order, axis=1)


def _numbered(toxicities: pd.DataFrame, infusions: pd.DataFrame) -> pd.DataFrame:
    """Add the number of the infusion that each episode followed."""
    numbered = pd.merge_asof(
        toxicities.assign(row=np.arange(len(toxicities))).sort_values("onset_day", kind="stable"),
        infusions[["subject", "day", "infusion_number"]].sort_values("day", kind="stable"),
        left_on="onset_day",
        right_on="day",
        by="subject",
    )
    return numbered.sort_values("row").drop(columns=["row", "day"]).reset_index(drop=True)


def _identified(frame: pd.DataFrame, ids: np.ndarray) -> pd.DataFrame:
    frame = frame.rename(columns={"subject": "subject_id"})
    return frame.assign(subject_id=ids[frame["subject_id"].to_numpy()])


def write_synthetic(folder: str | Path, seed: int = SEED, n: int = SUBJECTS) -> Study:
    """Write a synthetic study: its tables, mapping file, truth and data dictionary."""
    study = simulate_study(seed, n)
    folder = Path(folder)
    texts = {
        "truth.json": json.dumps(truth(MODEL, int(seed), int(n)), indent=1) + "\n",
        "README.md": data_dictionary(study, int(seed), int(n)),
    }
    # The tables come first: what cannot be written is refused there, with nothing left behind.
    write_study(study, folder, format="csv")
    try:
        for name, text in texts.items():
            (folder / name).write_bytes(text.encode())
    except OSError as error:
        for name in texts:
            (folder / name).unlink(missing_ok=True)
        what, remedy = f"cannot be written: {error.strerror}.", "Choose another folder."
        raise CarstatsError(Problem(what, str(folder), remedy=remedy)) from None
    return study


_CONVENTIONS = """\
Made-up data of {n} subjects; no person stands behind any row. It is written by

    carstats simulate --seed {seed} --n {n}

and the same seed and number give the same bytes. `truth.json` holds the model: every parameter,
the model in words, and the true probabilities that follow from it.

- Days count from the first infusion (day 0); for a subject never infused from the enrolment.
- A blank cell is missing; a blank last day is an episode that was ongoing at the last contact.
- Flags are `true` and `false`.
"""

_RULES = """\
## What the endpoints mean here

The rules are simplified from the field's definitions: they serve examples and tests.

In response (`response`) is

- SLE: SRI-4, that is SLEDAI-2K at least 4 below baseline, no new BILAG A, at most one new B, and
  PGA not worse
- IIM: Total Improvement Score of at least 40
- SSc: mRSS at least 5 points and 25 % below baseline
- MG: MG-ADL at least 2 below baseline
- NMOSD: EDSS at least 0.5 below baseline
- AIHA: haemoglobin at least 10 g/dL and 2 g/dL above baseline

and in remission (`remission`)

- SLE: clinical SLEDAI 0 and PGA below 0.5
- IIM: physician global at most 1, MMT8 at least 76, CK at most 200 U/L
- SSc: mRSS at most half of baseline, FVC not 5 points below baseline
- MG: minimal symptom expression, MG-ADL 0 or 1
- NMOSD: in response, and anti-AQP4 below the upper limit of normal
- AIHA: haemoglobin at least 12 g/dL

`revised_CRISS` (SSc) is a response by the revised CRISS: 20 % better in three of mRSS, FVC (5 %),
both global assessments and HAQ-DI. `CRR` is asked of lupus nephritis: UPCR below 0.5 g/g with eGFR
of at least 90, or no more than 10 % below baseline. From the measures `derive` also finds LLDAS
(the 24 items of SLEDAI-2K add up to the total), PERR and KDIGO, and LICATS of kidney and muscle,
whose UPCR and creatine kinase rise and fall back. Cytopenias were graded by CTCAE v5; with
`Rules(ctcae_version="v6")` the same counts are graded by version 6, in which neutrophils of 0.7 are
grade 2 and not 3.

From the day of rescue treatment or of an unplanned re-infusion a subject counts as not in response,
also where the visit is not adequate. `DORIS` is
remission of SLE with at most 5 mg of prednisone. `drug_free_remission` is remission with no
glucocorticoid, immunosuppressant, biologic, targeted drug or plasma exchange in the 28 days before
the visit; antimalarials, antifibrotics, pyridostigmine and (but in MG and IIM, which it treats)
immunoglobulin replacement are allowed, and what was given for toxicity does not count. A visit that
was missed has no row.

- `relapse`: found at the first adequate visit that satisfies the rule of the disease, so it lies in
  (`time_low`, `time_high`]. SLE: severe flare of the SELENA-SLEDAI flare index; mild or moderate
  one, confirmed at the next visit or treated; renal flare. IIM: Total Improvement Score below 40
  with two of physician global up 2 cm, MMT8 down 20 %, CK doubled since the response. SSc: FVC down
  by 10 % since the response. MG: MG-ADL 2 above its best sustained value at two visits two weeks
  apart, or admission. NMOSD: an attack with a known day. AIHA: loss of response. Competing: primary
  non-response (followed to day 196, assessed on day 140 or later, no response seen by day 196;
  dated day 196), re-infusion, death.
- `relapse_free_survival`: relapse, rescue or death.
- `event_free_survival`: no response by day 196, relapse, rescue or death.
- `overall_survival`: death; censored at the last contact.
- `b_cell_reconstitution`: the first of two consecutive samples of at least 10 per microlitre, for
  subjects whose product against CD19 depleted them; re-infusion and death compete; censored at the
  last sample below.

The first three are censored at the last adequate disease assessment, at 0 if there is none. A death
counts if it comes within 1.5 scheduled intervals of it; a later one is censored there.
"""


def data_dictionary(study: Study, seed: int, n: int) -> str:
    """Return the README of the synthetic study: conventions, columns, endpoints, model."""
    lines = [f"# {LABEL}", "", _CONVENTIONS.format(seed=seed, n=n)]
    for name, frame in study.tables().items():
        table = TABLES[name]
        lines += [
            f"## `{name}.csv`",
            "",
            f"{len(frame)} rows; one row per {table.row}.",
            "",
            "| column | what it holds | values |",
            "|---|---|---|",
        ]
        for column in frame.columns:
            definition = table.column(column)
            lines.append(f"| `{column}` | {definition.meaning} | {_values(frame[column])} |")
        lines.append("")
    lines += [_RULES, "## The model in words", ""]
    lines += [f"{i}. {sentence}" for i, sentence in enumerate(MODEL_IN_WORDS, start=1)]
    return "\n".join(lines) + "\n"


def _values(values: pd.Series) -> str:
    """Return the range or the levels of a column, and how many cells are blank."""
    present = values.dropna()
    blank = f"; {len(values) - len(present)} blank" if len(present) < len(values) else ""
    if not len(present):
        return "all blank"
    if values.dtype == "boolean":
        return "true, false" + blank
    if values.dtype != object:
        return f"{present.min():g} to {present.max():g}{blank}"
    levels = sorted(present.unique())
    if len(levels) > 25:
        return f"{len(levels)} different, such as {levels[0]}{blank}"
    return ", ".join(levels) + blank
