"""Relapse-free survival by target with lifelines' own plotting: what carstats is timed against."""

import sys
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pandas as pd
from lifelines import KaplanMeierFitter
from lifelines.plotting import add_at_risk_counts

matplotlib.use("Agg")
# What a journal asks for, and carstats writes: 300 dpi, and fonts that can be edited.
matplotlib.rcParams.update({"savefig.dpi": 300, "pdf.fonttype": 42})

DATA = Path(__file__).parents[1] / "data" / "synthetic"
DAYS_A_MONTH = 30.4375

out = Path(sys.argv[sys.argv.index("--out") + 1])
out.mkdir(parents=True, exist_ok=True)

subjects = pd.read_csv(DATA / "subjects.csv")
events = pd.read_csv(DATA / "events.csv")
events = events[events["endpoint"] == "relapse_free_survival"]
rows = events.merge(subjects[["subject_id", "target"]], on="subject_id")

fig, ax = plt.subplots(figsize=(7.1, 4.5))
fitters = []
for target, group in rows.groupby("target"):
    fitter = KaplanMeierFitter(label=target)
    fitter.fit(group["time"] / DAYS_A_MONTH, group["status"] == "event")
    fitter.plot_survival_function(ax=ax, show_censors=True)
    fitters.append(fitter)
ax.set_xlabel("Months since infusion")
ax.set_ylabel("Relapse-free survival")
add_at_risk_counts(*fitters, ax=ax, rows_to_show=["At risk"])
fig.tight_layout()
for suffix in ("svg", "pdf", "png"):
    fig.savefig(out / f"relapse_free_by_target.{suffix}")
