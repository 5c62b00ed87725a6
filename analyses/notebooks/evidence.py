# %% [markdown]
# # What the published evidence supports, and what it does not

# %%
import re

import pandas as pd
from IPython.display import HTML, Markdown

import carstats as cs
from carstats.evidence.person_time import FLARE_RATES
from carstats.report import figures
from carstats.report.format import counted, number, of, p_value, percent, rate, sentence_list
from carstats.report.notebooks import Picture

trials = cs.published_trials()


def table(rows):
    """Return rows of texts as an HTML table."""
    html = pd.DataFrame(rows).to_html(index=False, border=0, escape=True)
    style = "text-align:left;vertical-align:top;padding:.15rem .9rem .15rem 0"
    # Short texts, such as a rate with its limits, stay on one line.
    html = re.sub(r"<(t[hd])>(?=[^<]{1,22}</)", rf'<\1 style="{style};white-space:nowrap">', html)
    html = re.sub(r"<(t[hd])>", rf'<\1 style="{style}">', html)
    return HTML(f'<div class="table">{html}</div>')


def span(row, low="conf_low", high="conf_high"):
    """Return two limits in per cent."""
    return f"{percent(row[low])} to {percent(row[high])}"


def of_class(name, analysis=cs.pooled_rate, **options):
    """Return an analysis of the responses of one class of endpoints."""
    return analysis(trials, "response", endpoint_class=name, **options)


# %%
pooled = {name: of_class(name) for name in ("remission", "response")}
overall = {name: result.frame.iloc[0] for name, result in pooled.items()}
bayes = of_class("remission", model="Bayesian").frame.iloc[0]
evidence = cs.evidence_map(trials)
drug_free = cs.pooled_rate(trials, "drug-free").frame.iloc[0]
severe = cs.pooled_rate(trials, "CRS grade >=3").frame.iloc[0]
by_trial = cs.trial_rate(trials, "CRS grade >=3").frame
with_severe = by_trial[by_trial["n_event"] > 0]
where = sentence_list(
    [f"{r.trial} ({of(r.n_event, r.n)}, {r.disease})" for r in with_severe.itertuples()]
)
relapse = cs.pooled_incidence(trials, "relapse", by="disease").frame.set_index("disease")
lupus = relapse.loc["SLE"]
subjects = int(evidence.frame["n"].sum())
share = evidence.frame.loc[evidence.frame["disease"] == "SLE", "n"].sum() / subjects
row = overall["remission"]
Markdown(
    f"""Real trials, as reported. In short:

- {counted(subjects, "subject")} in {counted(int(evidence.frame["n_trials"].sum()), "trial")} were
  treated, {percent(share)} of them for lupus. A series of several diseases counts as one trial for
  each. {
        counted(
            int(trials["synthesis"].eq("control").groupby(trials["study_id"]).any().sum()), "trial"
        )
    } had a randomised control group.
- **Of those with a count, {
        of(row["n_event"], row["n"])
    } were in remission.** The pooled estimate is
  {rate(row["estimate"], row["conf_low"], row["conf_high"])}.
- **How often a new trial will see remission is not known:** its true rate may lie anywhere from
  {span(row, "predict_low", "predict_high")}.
- **Severe cytokine release was rare, not absent:** {of(severe["n_event"], severe["n"])}, in
  {where or "no trial"}.
- **How long it lasts is not known:** the lupus trials that report relapse and follow-up add up to
  about {number(lupus["subject_years"], 0)} subject-years.
- **Better than other treatment?** Only the randomised comparison below speaks to it, in one
  disease."""
)

# %% [markdown]
# ## What there is

# %%
basis = trials.loc[trials["n_event"].notna(), "basis"].value_counts()
small = evidence.frame
reports = trials.drop_duplicates("study_id").set_index("study_id")
used = reports[reports["synthesis"].isin(["all", "efficacy"])]
Markdown(
    f"The table holds {counted(int(trials.attrs['n_reports']), 'report')} and "
    f"{counted(len(trials), 'count')}. Half of the trials used for efficacy have "
    f"{counted(int(used['n_treated'].median()), 'subject')} or fewer. Each count carries its "
    "basis: "
    + sentence_list([f"{name} {n}" for name, n in basis.items()])
    + ". A secondary report is a review or a press text that quotes the trial; a derived count was "
    "worked out from others; what is unverified has not been seen in the trial's own text."
)

# %%
Picture(figures.evidence_map_figure(evidence))

# %% [markdown]
# ## Who is counted once

# %%
overlap = cs.report_overlap(trials)
nested = reports[reports["synthesis"] == "none"]
sizes = nested.loc[nested["overlaps_with"].notna(), "n_treated"]
Markdown(
    "The same subjects appear in several reports: a first case, then a series, then a longer "
    f"follow-up. {counted(len(nested), 'report')} of the table "
    f"{'is' if len(nested) == 1 else 'are'} therefore set aside; "
    "adding up those of them that are nested in others would count up to "
    f"{int(sizes.sum())} subjects again. A series of several diseases enters by its parts for "
    "efficacy and as a whole for "
    "toxicity. Reports that share subjects are refused unless asked for."
)

# %%
Picture(figures.overlap_figure(overlap))

# %% [markdown]
# ## Remission and response

# %%
panels = {
    name.capitalize(): (of_class(name, cs.trial_rate), pooled[name])
    for name in ("remission", "response")
}
response = overall["response"]
endpoints = len(row["endpoint"].split("; "))
Markdown(
    f"Remission and response are unlike and never joined. Remission was reported for "
    f"{of(row['n_event'], row['n'])} subjects of {counted(int(row['n_trials']), 'trial')}, by "
    f"{endpoints} different definitions; response for {of(response['n_event'], response['n'])} of "
    f"{counted(int(response['n_trials']), 'trial')}. "
    + (
        "The trials differ by more than chance explains "
        f"(τ² = {number(row['tau2'])} on the log odds of remission), so two ranges matter. "
        if row["tau2"] > 0
        else ""
    )
    + "The pooled rate of remission is "
    f"{rate(row['estimate'], row['conf_low'], row['conf_high'])}: "
    "where the rate of a typical trial lies. The prediction interval, "
    f"{span(row, 'predict_low', 'predict_high')}, says where the next trial's true rate may lie"
    + (" and leaves most of it open" if row["predict_high"] - row["predict_low"] > 0.5 else "")
    + ". A cautious Bayesian reading gives "
    f"{rate(bayes['estimate'], bayes['conf_low'], bayes['conf_high'])}, and "
    f"{span(bayes, 'predict_low', 'predict_high')} for a new trial. No correction was added to "
    "trials in which every subject remitted. All "
    f"{of(drug_free['n_event'], drug_free['n'])} subjects of the trials that report it were off "
    f"glucocorticoids and immunosuppressants; trials that do not report it "
    f"({int(drug_free['n_missing'])}) may be those in which some were not."
)

# %%
Picture(figures.pooled_figure(panels, heading="Remission and response, pooled"))

# %% [markdown]
# ## What the number rests on

# %%
left = of_class("remission", cs.leave_one_out)
rest = left.frame[left.frame["left_out"] != "none"]
lowest, highest = (rest.loc[rest["estimate"].agg(which)] for which in ("idxmin", "idxmax"))
choices = of_class("remission", cs.pooled_sensitivity).frame


def changed(choice):
    """Return what a choice changes, a long list of trials as their number."""
    gone = choice["trials"].count("to not counted")
    text = f"{counted(gone, 'trial')} not counted" if gone > 2 else choice["trials"]
    return "; ".join(part for part in (text, choice["note"]) if part) or "–"


swapped = choices[choices["choice"].str.contains("both at one visit")]
Markdown(
    f"Without any one cohort the pooled remission lies between {percent(lowest['estimate'])} "
    f"(without {lowest['left_out']}) and {percent(highest['estimate'])} (without "
    f"{highest['left_out']}). "
    + (
        "What counts as success matters as much: with response in place of remission, for the same "
        f"subjects at the same visit, it is {percent(swapped['estimate'].iloc[0])}. "
        if len(swapped)
        else ""
    )
    + "The table shows what each choice does."
)

# %%
Picture(figures.leave_one_out_figure(left))

# %%
table(
    {
        "Choice": c["choice"][0].upper() + c["choice"][1:],
        "n/N": of(c["n_event"], c["n"]),
        "Pooled (95 % CI)": rate(c["estimate"], c["conf_low"], c["conf_high"]),
        "What changes": changed(c),
    }
    for _, c in choices.iterrows()
)

# %% [markdown]
# ## Does it matter what was given?

# %%
kinds = ("target", "valency", "platform", "costimulation")
compared = {kind: of_class("remission", cs.pooled_regression, on=kind) for kind in kinds}
answered = [k for k in kinds if compared[k].frame["p_value"].notna().any()]
silent = [k for k in kinds if k not in answered]
lines = []
for kind in answered:
    frame = compared[kind].frame
    lines.append(f"{kind} ({p_value(frame['p_value'].iloc[0])})")
target = compared["target"].frame
single = target[target["n_trials"] == 1]
Markdown(
    f"Comparing trials with trials, remission could be examined by {sentence_list(lines)}. "
    + (
        f"By {sentence_list(silent)} it could not: the trials that report both are alike or too "
        "few. "
        if silent
        else ""
    )
    + "None of this is a comparison of treatments. Targets went with diseases and definitions: "
    + sentence_list(
        [f"{r.target} rests on {counted(int(r.n_trials), 'trial')}" for r in target.itertuples()]
    )
    + ". With this few trials p-values of this kind come out too small."
)

# %%
table(
    {
        "Kind": kind.capitalize(),
        "Level": r[kind],
        "Trials": int(r["n_trials"]),
        "n/N": of(r["n_event"], r["n"]),
        "Odds ratio (95 % CI)": "reference"
        if r["contrast"] == "reference"
        else f"{number(r['estimate'])} ({number(r['conf_low'], 2)} to {number(r['conf_high'])})"
        if r["estimate"] == r["estimate"]
        else "–",
        "Note": r["note"] or "–",
    }
    for kind in kinds
    for _, r in compared[kind].frame.iterrows()
)

# %% [markdown]
# ## The one randomised comparison

# %%
random = cs.randomised_comparison(trials, "response", endpoint_class="response").frame
first = random[random["population"] == random["population"].iloc[0]]
other = random[random["population"] != random["population"].iloc[0]]
test = first[first["method"] == "Fisher"].iloc[0]
gap = first[(first["contrast"] == "difference") & (first["method"] == "Chan-Zhang")].iloc[0]
twin = other[other["method"] == "Fisher"].iloc[0]
Markdown(
    f"In {cs.Vocabulary().label('disease', test['disease']).lower()} a product against "
    f"{test['target']} was compared with placebo: response in {of(test['n_event'], test['n'])} "
    f"against {of(test['n_event_control'], test['n_control'])} ({test['population']}). The "
    f"difference is {percent(gap['estimate'])}, with exact limits from "
    f"{span(gap)}; Fisher's test gives {p_value(test['p_value'])}. "
    f"In the population called {twin['population']} it was {of(twin['n_event'], twin['n'])} "
    f"against {of(twin['n_event_control'], twin['n_control'])}, {p_value(twin['p_value'])}. "
    + (
        "Which subjects are counted decides on which side of 5 % the test falls. "
        if (test["p_value"] < 0.05) != (twin["p_value"] < 0.05)
        else ""
    )
    + "The table gives every contrast with an exact and a score interval."
)

# %%
table(
    {
        "Population": r["population"],
        "Contrast": r["contrast"],
        "Limits": r["method"].replace("-", "–"),
        "Estimate": number(r["estimate"], 2 + (r["contrast"] == "difference")),
        "95 % CI": " to ".join(
            number(r[end], 2 + (r["contrast"] == "difference")) for end in ("conf_low", "conf_high")
        ),
        "p": p_value(r["p_value"]),
    }
    for _, r in random.iterrows()
)

# %% [markdown]
# ## Relapse

# %%
rates = cs.trial_incidence(trials, "relapse")
unknown = rates.frame[rates.frame["subject_years"].isna()]
calm = FLARE_RATES[0]
longest = reports["followup_median_months"].max()
Markdown(
    f"In the lupus trials {of(lupus['n_event'], lupus['n'])} subjects relapsed in about "
    f"{number(lupus['subject_years'], 0)} subject-years: {number(lupus['estimate'], 2)} per "
    f"subject-year, and anything from {number(lupus['conf_low'], 2)} to "
    f"{number(lupus['conf_high'], 2)} is compatible with it. In treated lupus in remission flares "
    f"come at {number(calm.low, 2)} to {number(calm.high, 2)} a year ({calm.source}), in lupus "
    f"that never remits at {number(FLARE_RATES[-1].low, 2)}. "
    + (
        "The data fit a rate like that of remission on treatment; they do not show that relapse is "
        "rarer than that. "
        if lupus["conf_low"] <= calm.high and lupus["conf_high"] >= calm.low
        else ""
    )
    + "The time at risk is approximate (subjects times median follow-up). "
    + (
        f"{sentence_list(list(unknown['trial']))} reported "
        f"{of(unknown['n_event'].sum(), unknown['n'].sum())} relapsed without saying how long the "
        "subjects were followed, and has no rate here. "
        if len(unknown)
        else ""
    )
    + f"The longest median follow-up of any trial is {number(longest)} months, too short to speak "
    "of cure."
)

# %%
pooled_by = cs.pooled_incidence(trials, "relapse", by="disease")
Picture(figures.trial_incidence_figure(rates, pooled_by, FLARE_RATES))

# %% [markdown]
# ## Harm, beside oncology

# %%
graded = trials[trials["outcome"].str.contains("CRS|ICANS") & trials["synthesis"].ne("none")]
unstated = graded["grading_scale"].eq("not stated").mean()
named = {"not stated": "most reports name no scale"}
regraded = cs.oncology_benchmarks().query("trial == 'JULIET neurotoxicity re-graded'")
scales = regraded.groupby("grading_scale")[["n_event", "n_evaluable"]].first()
lines = []
for term, words in (("CRS", "Cytokine release"), ("ICANS", "Neurotoxicity")):
    strict = cs.toxicity_benchmark(trials, term, min_grade=3).frame
    loose = cs.toxicity_benchmark(trials, term, min_grade=3, accept_scales=named).frame
    own, all_, mean = (
        frame[frame["row"] == kind].iloc[0]
        for frame, kind in ((strict, "observed"), (loose, "observed"), (strict, "reference"))
    )
    lines.append(
        f"{words} of grade 3 or worse was seen in {of(own['n_event'], own['n'])} "
        f"({span(own)}) where the same scale (ASTCT) was used, "
        f"{of(all_['n_event'], all_['n'])} over all trials, and "
        f"{rate(mean['estimate'], mean['conf_low'], mean['conf_high'])} in oncology."
    )
Markdown(
    f"{' '.join(lines)} {percent(unstated)} of these counts come without the scale they were "
    "graded by, and scales differ: the same subjects of one oncology trial had neurotoxicity in "
    + sentence_list([f"{of(r.n_event, r.n_evaluable)} by {r.Index}" for r in scales.itertuples()])
    + ". What follows: the counts on the same scale are too few to show a difference, and the "
    "others can only suggest one. That fewer B cells to kill mean less toxicity is plausible and "
    f"not shown here. Of {of(severe['n_event'], severe['n'])} with severe cytokine release all "
    f"were in {where}; the pooled "
    f"{rate(severe['estimate'], severe['conf_low'], severe['conf_high'])} "
    "takes all trials as alike, which they are not."
)

# %% [markdown]
# ## What the evidence does not support

# %%
median = int(used["n_treated"].median())
Markdown(
    f"""- **A rate for one's own hospital.** What a new centre should expect is the prediction
  interval, {span(row, "predict_low", "predict_high")}, and not the pooled rate.
- **A ranking of targets, products or diseases.** No trial of the table compares two of them.
- **A durable effect, or cure.** {counted(len(rates.frame), "trial")} of
  {int(evidence.frame["n_trials"].sum())} report relapse, {len(rates.frame) - len(unknown)} with
  follow-up.
- **Safety beyond the common.** A trial of {counted(median, "subject")} misses an event of one in
  fifty in {percent(0.98**median)} of cases.
- **Freedom from selection.** Small series are published when they go well; unpublished ones are not
  in the table, and no statistic brings them back."""
)

# %% [markdown]
# ## How it was done

# %%
Markdown(
    f"{pooled['remission'].caption()} Of several counts of a trial the widest denominator was "
    "taken (treated before per protocol), then the visit nearest to week 24. Where every trial has "
    "no event or nothing but events, or fewer than three trials of two or more subjects report, "
    "the pooled count stands with its exact interval and the note “homogeneity assumed”. Missing "
    "counts are missing and not zero. The figures' CSV files hold the unrounded numbers."
)
