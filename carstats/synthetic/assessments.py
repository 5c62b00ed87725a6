"""Disease scores of the synthetic study.

A score is drawn within the range that the subject's state allows, so that a rule applied to the
scores finds the state again: the responses table and the assessments cannot disagree.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.synthetic.course import Course, stream
from carstats.synthetic.units import SCORES, UNITS
from carstats.synthetic.visits import LAB_DAYS, Visits


class Sampling:
    """When each subject was assessed: baseline, two laboratory days, then the visits."""

    def __init__(self, course: Course, visits: Visits, seed: int) -> None:
        self.rng = stream(seed, "assessments")
        n = len(course)
        origin = np.where(np.isnan(course.lymphodepletion), 0.0, course.lymphodepletion)
        baseline = origin - 1 - np.floor(6 * self.rng.random(n))
        # Day 0 is the enrolment of those never infused: their screening is all there is.
        baseline = np.where(course.infused, baseline, 0.0)
        labs = np.broadcast_to(np.array(LAB_DAYS, float), (n, len(LAB_DAYS)))
        seen = course.infused[:, None] & (labs <= course.last_contact[:, None])
        self.day = np.column_stack([baseline, np.where(seen, labs, np.nan), visits.day])
        first = 1 + len(LAB_DAYS)
        self.visit = np.ones(self.day.shape[1], bool)
        self.visit[1:first] = False
        self.laboratory = ~self.visit
        states = np.zeros(self.day.shape, int)
        states[:, first:] = visits.states(course)
        self.state = states
        self.visits = visits
        self.relapsed = (states == 0) & (self.day >= course.relapse[:, None])
        # Antibodies come back later than the disease does.
        self.antibody_state = np.where(self.relapsed, 3, states)
        self.adequate = np.ones(self.day.shape, bool)
        self.adequate[:, first:] = visits.adequate
        self.rng_subject = self.rng.random((n, 12))

    def uniform(self, column: int) -> np.ndarray:
        """Return numbers that resemble each other within a subject."""
        own = self.rng_subject[:, column][:, None]
        return 0.6 * own + 0.4 * self.rng.random(self.day.shape)


def _between(low, high, uniform, step: float) -> np.ndarray:
    return np.round((low + (high - low) * uniform) / step) * step


def _by_state(state, uniform, step, base, at_baseline, *ranges):
    """Return values: `base` at baseline, later in the (low, high) of the state.

    `ranges` are those of active disease, response, remission and treated again.
    """
    low = np.select([state == k for k in range(4)], [_column(r[0], state) for r in ranges])
    high = np.select([state == k for k in range(4)], [_column(r[1], state) for r in ranges])
    value = _between(low, np.maximum(low, high), uniform, step)
    return np.where(at_baseline, _column(base, state), value)


def _column(value, like):
    value = np.asarray(value, float)
    return np.broadcast_to(value[:, None] if value.ndim else value, like.shape)


def simulate_scores(course: Course, sampling: Sampling) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return for each measure the matrix of values and the mask of where it was measured."""
    state, n = sampling.state, len(course)
    baseline = np.zeros(state.shape, bool)
    baseline[:, 0] = True
    disease = course.of("disease")
    out: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    first = sampling.rng.random((n, 8))

    def start(column, low, high, step):
        return _between(low, high, first[:, column], step)

    def add(name, who, column, step, base, *ranges, relapse=None, steady=False):
        seen = sampling.antibody_state if name == "autoantibody" else state
        uniform = sampling.uniform(column)
        if steady:
            # Nothing rises while a subject is well: a rise would be a flare by the rules.
            well = (state == 1) | (state == 2)
            uniform = np.where(well, sampling.rng_subject[:, column][:, None], uniform)
        values = _by_state(seen, uniform, step, base, baseline, *ranges)
        if relapse is not None:
            low, high = (_column(limit, state) for limit in relapse)
            values = np.where(sampling.relapsed, _between(low, high, uniform, step), values)
        out[name] = (values, np.asarray(who)[:, None] & sampling.visit)
        return values

    lupus, renal = disease == "SLE", (disease == "SLE") & course.nephritis
    c = start(0, 8, 20, 2)
    # A mild or moderate flare is a relapse where it is treated; one that is not is severe here.
    treated = np.isfinite(sampling.visits.rescue)
    mild = treated & (sampling.rng_subject[:, 3] < 0.5)
    clinical = add(
        "cSLEDAI",
        lupus,
        0,
        2,
        c,
        (c - 2, c),
        (np.where(renal, 4, 2), np.full(n, 4)),
        (0, 0),
        (4, 8),
        # At least 4 points above a response: a flare, whatever serology adds to both.
        relapse=(np.where(mild, 8, np.maximum(c - 2, 8)), np.where(mild, 8, c)),
        steady=True,
    )
    pga = start(1, 1.5, 2.7, 0.1)
    add(
        "PGA",
        lupus,
        1,
        0.1,
        pga,
        (pga - 0.2, pga + 0.2),
        (0.5, 1.0),
        (0, 0.4),
        (0.6, 1.4),
        relapse=(
            np.select([mild, treated], [1.2, pga - 0.2], 2.6),
            np.select([mild, treated], [2.0, pga + 0.2], 2.9),
        ),
    )
    protein = start(2, 1.0, 5.0, 0.01)
    add(
        "UPCR",
        renal,
        2,
        0.01,
        protein,
        (0.8 * protein, 1.15 * protein),
        (0.55, 0.95),
        (0.08, 0.45),
        (0.5, 1.1),
    )
    filtration = start(3, 45, 120, 1)
    add(
        "eGFR",
        renal,
        3,
        1,
        filtration,
        (0.92 * filtration, filtration),
        (0.96 * filtration, 1.04 * filtration),
        (0.97 * filtration, 1.08 * filtration),
        (0.88 * filtration, filtration),
    )
    positive = first[:, 4] < 0.8
    dna = np.where(positive, start(5, 30, 400, 1), start(5, 3, 12, 1))
    antibody = add(
        "anti-dsDNA",
        lupus,
        4,
        1,
        dna,
        *(
            (np.where(positive, low * dna, 3), np.where(positive, high * dna, 12))
            for low, high in ((0.8, 1.2), (0.25, 0.6), (0.04, 0.3), (0.4, 0.8))
        ),
    )
    low_c3 = first[:, 6] < 0.65
    complement = np.where(low_c3, start(7, 0.45, 0.85, 0.01), start(7, 0.95, 1.4, 0.01))
    c3 = add(
        "C3",
        lupus,
        5,
        0.01,
        complement,
        *(
            (np.where(low_c3, low, 0.95), np.where(low_c3, high, 1.4))
            for low, high in ((0.45, 0.85), (0.7, 1.1), (0.85, 1.25), (0.7, 1.0))
        ),
        steady=True,
    )
    serology = 2 * (antibody > 15) + 2 * (np.round(c3, 2) < 0.9)
    out["SLEDAI-2K"] = (clinical + serology, out["cSLEDAI"][1])

    _other_scores(disease, start, add, first)
    level = np.round(2 * 10 ** first[:, 7], 1)
    neuro = disease == "NMOSD"
    add(
        "autoantibody",
        np.ones(n, bool),
        6,
        0.1,
        level,
        (0.85 * level, 1.15 * level),
        (np.where(neuro, 1.1, 0.4 * level), np.where(neuro, 1.3, 0.7 * level)),
        (np.where(neuro, 0.2, 0.1 * level), np.where(neuro, 0.9, 0.4 * level)),
        (0.5 * level, 0.9 * level),
    )
    return out


def _other_scores(disease, start, add, first) -> None:
    """Add the scores of the diseases other than lupus."""
    muscle = disease == "IIM"
    mmt, enzyme = start(0, 40, 66, 1), np.round(250 * 24 ** first[:, 1])
    gap, glob = 80 - mmt, start(2, 5, 9, 0.1)
    add(
        "MMT8",
        muscle,
        0,
        1,
        mmt,
        (mmt - 3, mmt + 0.2 * gap),
        (np.ceil(mmt + 0.5 * gap), 75),
        (76, 80),
        (mmt + 0.3 * gap, mmt + 0.7 * gap),
    )
    add(
        "CK",
        muscle,
        1,
        1,
        enzyme,
        (0.7 * enzyme, 1.2 * enzyme),
        (0.2 * enzyme, 0.4 * enzyme),
        (45, 190),
        (0.4 * enzyme, 0.8 * enzyme),
        # Twice what it was in response or remission.
        relapse=(np.maximum(0.85 * enzyme, 400), np.maximum(1.2 * enzyme, 420)),
    )
    add(
        "physician_global",
        muscle,
        2,
        0.1,
        glob,
        (0.75 * glob, np.minimum(glob + 0.8, 10)),
        (1.2, 0.45 * glob),
        (0, 0.9),
        (0.3 * glob, 0.6 * glob),
        # 2 cm and more above the response.
        relapse=(np.maximum(0.75 * glob, 0.45 * glob + 2.2), np.minimum(glob + 0.8, 10)),
    )

    skin, lung = start(0, 14, 36, 1), start(1, 52, 96, 1)
    sclerosis = disease == "SSc"
    target = np.minimum(skin - 5, np.floor(0.75 * skin))
    add(
        "mRSS",
        sclerosis,
        0,
        1,
        skin,
        (target + 1, skin + 2),
        (np.floor(skin / 2) + 1, target),
        (np.floor(0.2 * skin), np.floor(skin / 2)),
        (np.floor(0.6 * skin), 0.9 * skin),
    )
    add(
        "FVC",
        sclerosis,
        1,
        1,
        lung,
        (lung - 6, lung + 2),
        (lung - 1, lung + 3),
        (lung - 1, lung + 4),
        (lung - 6, lung + 2),
        # Down by 10 % and more of any value in response.
        relapse=(np.floor(0.8 * lung), np.floor(0.9 * (lung - 1))),
    )

    weak, adl, qmg = disease == "MG", start(0, 7, 15, 1), start(1, 12, 25, 1)
    add(
        "MG-ADL",
        weak,
        0,
        1,
        adl,
        (adl - 1, adl + 1),
        (2, np.minimum(adl - 3, 5)),
        (0, 1),
        # Two points above any sustained value in response, so that a relapse is confirmed.
        (np.minimum(adl - 1, 7), 0.8 * adl),
        steady=True,
    )
    add(
        "QMG",
        weak,
        1,
        1,
        qmg,
        (qmg - 2, qmg + 2),
        (0.4 * qmg, 0.7 * qmg),
        (2, 0.4 * qmg),
        (0.5 * qmg, 0.9 * qmg),
    )

    edss = start(0, 3, 6.5, 0.5)
    add(
        "EDSS",
        disease == "NMOSD",
        0,
        0.5,
        edss,
        (edss, edss + 1),
        (edss - 1, edss - 0.5),
        (edss - 2, edss - 1),
        (edss - 0.5, edss + 0.5),
    )


def assessments_table(
    course: Course, sampling: Sampling, measured: dict, more: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the assessments in long form with ``subject`` (position) for the identifier.

    `more` holds rows of visits beside those of `sampling`, with the name of their ``measure``.
    """
    names = [name for name in UNITS if name in measured]
    anaemia_of_disease = (course.of("disease") == "AIHA")[:, None]
    parts = []
    for code, name in enumerate(names):
        values, mask = measured[name]
        subject, column = np.nonzero(mask & ~np.isnan(sampling.day))
        of_disease = anaemia_of_disease[subject, 0] & (name == "haemoglobin")
        judged = name in SCORES or of_disease
        parts.append(
            pd.DataFrame(
                {
                    "subject": subject,
                    "day": sampling.day[subject, column],
                    "code": code,
                    # Rounded once more: a multiple of 0.1 is not the nearest decimal.
                    "value": np.round(values[subject, column], 3),
                    # Haemoglobin in the first two weeks is that of lymphodepletion.
                    "adequate": np.where(judged, sampling.adequate[subject, column], True)
                    & ~(of_disease & sampling.laboratory[column]),
                }
            )
        )
    if more is not None and len(more):
        places = {name: code for code, name in enumerate(names)}
        parts.append(more.assign(code=more["measure"].map(places)).drop(columns="measure"))
    table = pd.concat(parts, ignore_index=True)
    order = np.lexsort((table["code"], table["day"], table["subject"]))
    table = table.iloc[order].reset_index(drop=True)
    code = table.pop("code").to_numpy()
    table.insert(2, "measure", np.array(names, dtype=object)[code])
    table.insert(4, "unit", np.array([UNITS[name] for name in names], dtype=object)[code])
    return table
