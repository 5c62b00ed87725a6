# %% [markdown]
# # Toxicity

# %%
import os

import carstats as cs
from carstats.data.packaged import packaged_folder
from carstats.estimators.proportions.proportion import proportion_limits
from carstats.report import figures
from carstats.report.chapters.notebooks import Picture
from carstats.report.chapters.texts import part, points, prose
from carstats.report.format import counted, number, of, percent, rate
from carstats.report.tables import tabulate_grades, tabulate_toxicities
from carstats.run.reproduce import main_cohort
from carstats.words import labels_of, sentences, tr

cs.set_language(os.environ.get("CARSTATS_LANGUAGE", "en"))
study = cs.read_study(
    os.environ.get("CARSTATS_DATA") or packaged_folder("data/synthetic"),
    os.environ.get("CARSTATS_MAPPING"),
)
cohort = main_cohort(study)
label = labels_of(study.vocabulary)

# %%
records = None if study.toxicities is None else cohort.table("toxicities")
n = len(cohort)
recorded = records is not None and len(records) > 0
if recorded:
    subjects = records.groupby("term")["subject_id"].nunique()
    order = study.vocabulary.names("toxicity")
    frequent = sorted(subjects.index, key=lambda t: (-subjects[t], order.index(t)))
    any_event = records["subject_id"].nunique()
known = [t for t in ("CRS", "ICANS", "infection") if recorded and t in subjects.index]
lines = []
for term in known:
    every = cs.toxicity_rate(cohort, term).frame.iloc[0]
    graded = part(lambda term=term: cs.toxicity_rate(cohort, term, min_grade=3))
    severe = graded.frame.iloc[0] if isinstance(graded, cs.Result) else None
    lines.append(
        sentences(
            tr(
                "**{term}**: {count} had it, {rate}.",
                term=label("toxicity", term),
                count=of(every["n_event"], every["n"]),
                rate=rate(every["estimate"], every["conf_low"], every["conf_high"]),
            ),
            tr(
                "Of grade 3 or worse: {count}; a true rate of up to {high} is compatible with it.",
                count=of(severe["n_event"], severe["n"]),
                high=percent(severe["conf_high"]),
            )
            if severe is not None and severe["conf_high"] == severe["conf_high"]
            else "",
        )
    )
if study.toxicities is None:
    first = tr("The study did not collect toxicities. That is not the same as none.")
elif not recorded:
    first = tr(
        "No toxicity was recorded in {n}. A true rate of up to {high} of subjects with a toxicity "
        "is compatible with it.",
        n=counted(n, "subject"),
        high=percent(float(proportion_limits(0, n, method="Clopper-Pearson")[1])),
    )
else:
    first = tr(
        "Each subject is counted once for each toxicity, by the worst grade. {count} had at least "
        "one recorded toxicity of any kind. The numbers in brackets are 95\u00a0% limits.",
        count=of(any_event, n),
    )
prose(first, points(*lines))

# %% [markdown]
# ## By worst grade

# %%
grades = part(lambda: cs.toxicity_grades(cohort, frequent[:10])) if recorded else None
part(lambda: Picture(figures.toxicity_figure(grades))) if isinstance(grades, cs.Result) else grades

# %%
part(lambda: tabulate_grades(grades)) if isinstance(grades, cs.Result) else None

# %%
prose(
    tr(
        "The most frequent toxicities stand first. A toxicity without a grade is shown as not "
        "graded; it is not taken for a mild one."
    )
    if recorded
    else tr("There is nothing to show.")
)

# %% [markdown]
# ## By target

# %%
targets = cohort.subjects["target"].nunique()
several = recorded and targets > 1
# More have no room beside each other; the figure above shows them below each other.
by = "target" if targets <= 8 else None
part(
    lambda: Picture(
        figures.differences_figure(cs.toxicity_difference(cohort, frequent[:8], by="target"))
    )
) if several else None

# %%
part(lambda: tabulate_toxicities(cs.toxicity_table(cohort, by=by))) if recorded else None

# %% [markdown]
# ## When it comes, and how long it lasts

# %%
acute = [t for t in ("CRS", "ICANS") if t in known]
timing = part(lambda: cs.toxicity_timing(cohort, acute)) if acute else None
words = []
if isinstance(timing, cs.Result):
    for term, rows in timing.frame.groupby("term", sort=False):
        found = rows.set_index("measure")
        onset, lasting = found.loc["onset"], found.loc["duration"]
        if onset["estimate"] == onset["estimate"]:
            words.append(
                tr(
                    "**{term}**, {n}: median onset on day {day} (range {first} to {last}), median "
                    "duration {duration} days.",
                    term=label("toxicity", term),
                    day=number(onset["estimate"], 0),
                    first=number(onset["minimum"], 0),
                    last=number(onset["maximum"], 0),
                    duration=number(lasting["estimate"], 0),
                    n=counted(onset["n"], "subject"),
                )
            )
prose(
    points(*words)
    if words
    else tr("The study records no cytokine release or neurotoxicity with a day of onset.")
)

# %% [markdown]
# ## Infections

# %%
infections = "infection" in known
dated = infections and records.loc[records["term"] == "infection", "onset_day"].notna().any()
windows = None
if dated:
    windows = part(lambda: cs.toxicity_rate(cohort, "infection", window="standard", by="target"))
part(lambda: Picture(figures.windows_figure(windows))) if isinstance(
    windows, cs.Result
) else windows

# %%
prose(
    tr(
        "Early infections are commonly ascribed to the cytopenias after lymphodepletion, later "
        "ones to the lack of B cells and antibodies; these data do not show the cause. The share "
        "in each window is of those still followed when it began. The windows differ in length, "
        "so the shares do not show when infections came fastest."
    )
    if dated
    else tr("The study records infections without the day on which they began.")
    if infections
    else tr("The study did not collect toxicities. That is not the same as none.")
    if study.toxicities is None
    else tr(
        "No toxicity is recorded under the name {term}. Infections under other names stand in the "
        "table above.",
        term=label("toxicity", "infection"),
    )
    if recorded
    else tr("No infection is recorded.")
)

# %% [markdown]
# ## Severe cytokine release, compared with oncology

# %%
benchmark = None
if "CRS" in known:
    benchmark = part(lambda: cs.toxicity_benchmark(cohort, "CRS", min_grade=3))
compared = isinstance(benchmark, cs.Result)
if compared:
    own = benchmark.frame[benchmark.frame["row"] == "observed"].iloc[0]
    trials = benchmark.frame[benchmark.frame["row"] == "reference"].iloc[0]
prose(
    tr(
        "Cytokine release syndrome of grade 3 or worse was seen in {own} here, {own_rate}; the "
        "average over {n} oncology trials graded on the same scale is {mean_rate}. Those trials "
        "differ in disease, in dose and in how ill the subjects were: the comparison shows how far "
        "apart the rates are, not why.",
        own=of(own["n_event"], own["n"]),
        own_rate=rate(own["estimate"], own["conf_low"], own["conf_high"]),
        mean_rate=rate(trials["estimate"], trials["conf_low"], trials["conf_high"]),
        n=int(trials["n_trials"]),
    )
    if compared and trials["estimate"] == trials["estimate"]
    else tr("There is no rate to compare with oncology.")
)

# %%
part(lambda: Picture(figures.benchmark_figure(benchmark))) if compared else benchmark

# %% [markdown]
# ## What this means, and what it does not

# %%
prose(
    points(
        tr(
            "An event that happens to one subject in fifty would be missed altogether by {share} "
            "of studies with {n} subjects. What was not seen is not thereby absent.",
            n=n,
            share=percent(0.98**n),
        )
        if n
        else "",
        tr(
            "To say “rarer and milder than in oncology” takes the same scale, the same window and "
            "the same care in looking. Where the scale is not stated, the comparison is not made."
        ),
        tr(
            "Toxicities are counted as reported. Mild ones are missed more easily than severe "
            "ones, late ones more easily than early ones."
        ),
        tr("Differences between targets are differences between groups that chance did not form."),
    )
    if recorded
    else tr("No conclusion about safety can be drawn from this study.")
)
