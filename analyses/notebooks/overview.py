# %% [markdown]
# # Engineered-cell therapy in autoimmune disease: an overview

# %%
import os

import pandas as pd
from IPython.display import HTML, Markdown

import carstats as cs
from carstats.data.packaged import packaged_folder
from carstats.report import figures, tables
from carstats.report.format import counted, of, percent, rate, sentence_list
from carstats.report.notebooks import Picture
from carstats.reproduce import event_endpoint, main_cohort, response_endpoint, response_visit

study = cs.read_study(os.environ.get("CARSTATS_DATA") or packaged_folder("data/synthetic"))
cohort = main_cohort(study)
label = study.vocabulary.label

# %%
first = (
    "> **The subjects of this report do not exist.** They were simulated, so that every step from "
    "the tables to the figures can be seen and checked. No conclusion about a treatment follows."
    if study.synthetic
    else ""
)
Markdown(
    f"{first}\n\nThis report describes what happened to subjects treated with engineered cells: "
    "who they were, how long they stayed free of relapse, how many were in remission, and what "
    "harm was seen. Every number below is computed from the study's tables when the report is "
    "made; the code stands folded above each result."
)

# %% [markdown]
# ## Who is counted

# %%
flow = cohort.flow()
by_disease = cohort.flow(by="disease")
last = by_disease.frame.groupby("disease", sort=False).tail(1)
counts = [f"{label('disease', d)} ({n})" for d, n in last[["disease", "n_after"]].to_numpy() if n]
left = int(flow.frame["n_before"].iloc[0] - flow.frame["n_after"].iloc[-1])
Markdown(
    f"The study has {counted(len(study.subjects), 'subject')}; {counted(len(cohort), 'subject')} "
    f"are counted here and {left} left out. By disease: {', '.join(counts)}. "
    "Everybody who was infused is counted, also those who did not respond or were lost: leaving "
    "them out would make any treatment look better."
)

# %%
Picture(figures.attrition_figure(flow, by_disease, width=120))

# %% [markdown]
# ## Their characteristics

# %%
HTML(f'<div class="table">{tables.baseline_html(cs.baseline_table(cohort, by="target"))}</div>')

# %% [markdown]
# ## Relapse

# %%
followed = bool(study.endpoints("time-to-event"))
if followed:
    endpoint = event_endpoint(study, "relapse_free_survival")
    curves = cs.survival_curve(cohort, endpoint, by="target")
    year = cs.survival_at(cohort, endpoint, at=[365], by="target").frame
else:
    year = pd.DataFrame(columns=["target", "estimate"])
sentences = [
    f"{label('target', row.target)} {rate(row.estimate, row.conf_low, row.conf_high)}"
    for row in year.itertuples()
    if row.estimate == row.estimate
]
beyond = [label("target", row.target) for row in year.itertuples() if row.estimate != row.estimate]
Markdown(
    "The study recorded no time to an event."
    if not followed
    else f"The curves show the estimated share of subjects who are still free of the event "
    f"({label('endpoint', endpoint).lower()}) at each time. "
    + (f"At one year it was, by target: {sentence_list(sentences)}. " if sentences else "")
    + (f"Follow-up does not reach one year for {sentence_list(beyond)}. " if beyond else "")
    + "The numbers in brackets are 95 % limits: how far chance alone could have moved the "
    "estimate. With few subjects they are wide. Whether two groups differ is a question for a "
    "test, not for a look at their limits; and as the groups were not formed by chance, a "
    "difference between them need not be due to the target."
)

# %%
Picture(figures.survival_figure(curves, width=160)) if followed else None

# %%
others = cs.survival_curve(cohort, endpoint, by="disease") if followed else None
Picture(figures.survival_figure(others, width=160)) if followed else None

# %% [markdown]
# ## Response

# %%
responses = study.endpoints("response")
if responses:
    name = response_endpoint(study, "drug_free_remission")
    at = response_visit(study, name, 168)
    eligible = main_cohort(study, followup=at + 28)
    overall = cs.response_rate(eligible, name, at=at).frame.iloc[0]
Markdown(
    "The study recorded no responses."
    if not responses
    else f"Of the {counted(int(overall['n']), 'subject')} who could have been followed to day "
    f"{at + 28:g}, {int(overall['n_event'])} had {label('endpoint', name).lower()} at the visit "
    f"of day {at:g}: "
    f"{rate(overall['estimate'], overall['conf_low'], overall['conf_high'])}. "
    f"For {int(overall['n_missing'])} it is not known; they are counted as failures, which is the "
    "cautious reading. Among those seen the share was "
    f"{percent(overall['estimate_evaluable'])} of {int(overall['n_evaluable'])}."
)

# %%
by = ["disease", "target"]
rates = cs.response_rate(eligible, name, at=at, by=by) if responses else None
Picture(figures.response_figure(rates)) if responses else None

# %% [markdown]
# ## Harm

# %%
recorded = study.toxicities is not None and len(cohort.table("toxicities")) > 0
if recorded:
    subjects = cohort.table("toxicities").groupby("term")["subject_id"].nunique()
    grades = cs.toxicity_grades(cohort, subjects.nlargest(10).index)
    frame = grades.frame
    severe = frame[frame["grade"] >= 3].groupby("term", sort=False)["n_event"].sum()
    term = severe.idxmax()
Markdown(
    "The study recorded no toxicity."
    if not recorded
    else f"Each subject is counted once for each toxicity, by the worst grade. The most frequent "
    f"of grade 3 or more was {label('toxicity', term).lower()}, in "
    f"{of(severe[term], frame['n'].iloc[0])}. A bar that ends early means that the others were "
    "reported without it, which is not proof that they had none."
)

# %%
Picture(figures.toxicity_figure(grades)) if recorded else None

# %% [markdown]
# ## What real trials report

# %%
trials = cs.published_trials()
panels = {
    "Remission": cs.trial_rate(trials, "response", endpoint_class="remission"),
    "Response": cs.trial_rate(trials, "response", endpoint_class="response"),
}
shown = panels["Remission"].frame
Markdown(
    "These numbers are real: counts that published trials and their reports give. "
    f"{counted(len(shown), 'trial')} with {counted(int(shown['n'].sum()), 'subject')} report "
    f"remission; the smallest had {counted(int(shown['n'].min()), 'subject')}, the largest "
    f"{int(shown['n'].max())}. The trials differ in disease, definition and time of the visit, and "
    "nearly all have no control group. Reports of few subjects are also more readily published "
    "when all of them did well. The trials are therefore shown beside each other and not pooled."
)

# %%
Picture(figures.trials_figure(panels))

# %% [markdown]
# ## How to read the numbers
#
# - **A rate of 100 % is not certainty.** The limits beside it say which true rates the data allow.
# - **Faded parts of a curve** rest on fewer than five subjects; one event moves them far.
# - **Censored** subjects were still free of the event when last assessed.
# - The line under each figure says who was counted and by which method; the unrounded numbers
#   are in the CSV file of the same name in `figures/`.
