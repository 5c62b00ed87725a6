"""Relapse-free survival by target from two CSV files: what lifelines_km.py draws, by carstats."""

import sys
from pathlib import Path

import pandas as pd

import carstats as cs

DATA = Path(__file__).parents[1] / "data" / "synthetic"

subjects = pd.read_csv(DATA / "subjects.csv")
events = pd.read_csv(DATA / "events.csv")
events = events[events["endpoint"] == "relapse_free_survival"]
rows = events.merge(subjects[["subject_id", "target"]], on="subject_id")
rows["relapse_or_death"] = rows["status"] == "event"

cohort = cs.cohort_from_frame(
    rows[["subject_id", "target", "time", "relapse_or_death"]],
    time="time", event="relapse_or_death", unit="days", by="target",
)  # fmt: skip
curves = cs.survival_curve(cohort)
figure = cs.plot(curves, width="page")
out = Path(sys.argv[sys.argv.index("--out") + 1])
out.mkdir(parents=True, exist_ok=True)
for suffix in ("svg", "pdf", "png"):
    figure.savefig(out / f"relapse_free_by_target.{suffix}")
