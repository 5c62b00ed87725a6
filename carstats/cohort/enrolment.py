"""The way from enrolment to the infusion: who reached which step, and what is known of the rest."""

from __future__ import annotations

from typing import Any

import pandas as pd

from carstats.messages import mark, message

# Each step with the column of its day, in order.
_STEPS = (
    ("leukapheresis_day", mark("leukapheresis")),
    ("lymphodepletion_day", mark("lymphodepletion begun")),
)

# What the steps are called, the infusion last.
WAY = (*(name for _, name in _STEPS), "infused")


def steps_to_infusion(subjects: pd.DataFrame) -> list[tuple[str, pd.Series]]:
    """Return the steps before the infusion that the data hold, each with who reached it.

    Who reached a later step is taken to have reached the earlier ones; cells of another's are not
    collected from the subject.
    """
    reached = subjects["infused"].fillna(False).astype(bool)
    steps: list[tuple[str, Any]] = []
    for column, name in reversed(_STEPS):
        if column in subjects and subjects[column].notna().any():
            reached = reached | subjects[column].notna()
            here = reached
            if column == "leukapheresis_day":
                here = reached | ~subjects["cell_source"].eq("autologous")
            steps.append((message(name), here))
    return steps[::-1]


def first_step(subjects: pd.DataFrame) -> str:
    """Return what all subjects of a study are called before any criterion."""
    known = "enrolment_day" in subjects and subjects["enrolment_day"].notna().any()
    return message("enrolled") if known else message("all subjects")


def reasons(subjects: pd.DataFrame) -> dict[str, pd.Series]:
    """Return who of those never infused died, and who waited at the data cut-off."""
    dead, waiting = (pd.Series(False, subjects.index) for _ in range(2))
    if "death_day" in subjects:
        dead = subjects["death_day"].notna()
    if "cutoff_day" in subjects:
        waiting = ~dead & (subjects["last_contact_day"] >= subjects["cutoff_day"])
    return {"n_died": dead, "n_waiting": waiting.fillna(False).astype(bool)}
