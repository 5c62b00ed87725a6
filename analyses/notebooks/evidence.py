# %% [markdown]
# # What the published evidence supports, and what it does not

# %%
import os

import carstats as cs
from carstats.report import figures
from carstats.report.chapters.notebooks import Picture
from carstats.report.chapters.texts import part, points, prose
from carstats.report.format import (
    counted,
    number,
    of,
    percent,
    rate,
    sentence_list,
)
from carstats.report.tables import Row, Table, tabulate_evidence
from carstats.report.tables.abbreviations import spelled_out
from carstats.words import in_words, labels_of, sentences, tr, tr_n

cs.set_language(os.environ.get("CARSTATS_LANGUAGE", "en"))
trials = cs.published_trials()
label = labels_of(cs.Vocabulary())
CLASSES = {"remission": tr("Remission"), "response": tr("Response")}


def span(row, low="conf_low", high="conf_high"):
    """Return two limits in per cent."""
    return tr("{low} to {high}", low=percent(row[low]), high=percent(row[high]))


def limits(row):
    """Return an estimate and its limits in per cent."""
    return rate(row["estimate"], row["conf_low"], row["conf_high"])


def of_class(name, analysis=cs.pooled_rate, **options):
    """Return an analysis of the responses of one class of endpoints."""
    return analysis(trials, "response", endpoint_class=name, **options)


# %%
pooled = {name: of_class(name) for name in CLASSES}
overall = {name: result.frame.iloc[0] for name, result in pooled.items()}
bayes = of_class("remission", model="Bayesian").frame.iloc[0]
evidence = cs.evidence_map(trials)
drug_free = cs.pooled_rate(trials, "drug-free").frame.iloc[0]
severe = cs.pooled_rate(trials, "CRS grade >=3").frame.iloc[0]
by_trial = cs.trial_rate(trials, "CRS grade >=3").frame
with_severe = by_trial[by_trial["n_event"] > 0]
where = sentence_list(
    [
        tr(
            "{trial} ({disease}, {count})",
            trial=r.trial,
            count=of(r.n_event, r.n),
            disease=label("disease", r.disease),
        )
        for r in with_severe.itertuples()
    ]
)
relapse = cs.pooled_incidence(trials, "relapse", by="disease").frame.set_index("disease")
lupus = relapse.loc["SLE"]
subjects = int(evidence.frame["n"].sum())
n_trials = int(evidence.frame["n_trials"].sum())
share = evidence.frame.loc[evidence.frame["disease"] == "SLE", "n"].sum() / subjects
controlled = int(trials["synthesis"].eq("control").groupby(trials["study_id"]).any().sum())
row = overall["remission"]
prose(
    tr("Real trials, as reported. In short:"),
    points(
        tr(
            "{subjects} in {trials} were treated, {share} of them for lupus. A series of several "
            "diseases counts as one trial for each. {controlled} had a randomised control group.",
            subjects=counted(subjects, "subject"),
            trials=counted(n_trials, "trial"),
            share=percent(share),
            controlled=counted(controlled, "trial"),
        ),
        tr(
            "**Of the subjects of trials that report it, {count} were in remission.** The pooled "
            "estimate is {rate}.",
            count=of(row["n_event"], row["n"]),
            rate=limits(row),
        ),
        tr(
            "**How often a new trial will see remission is not known:** its true rate may lie "
            "anywhere from {span}.",
            span=span(row, "predict_low", "predict_high"),
        ),
        tr(
            "**Severe cytokine release was rare, not absent:** {count}, all of them in {where}.",
            count=of(severe["n_event"], severe["n"]),
            where=where,
        )
        if where
        else tr(
            "**Severe cytokine release was reported in no trial:** {count}.",
            count=of(severe["n_event"], severe["n"]),
        ),
        tr(
            "**How long remission lasts is not known:** the lupus trials that report relapse and "
            "follow-up add up to about {years} subject-years.",
            years=number(lupus["subject_years"], 0),
        ),
        tr(
            "**Better than other treatment?** Only one randomised comparison speaks to it, in one "
            "disease; it stands in the chapter on treatments, relapse and harm."
        ),
    ),
)

# %% [markdown]
# ## What there is

# %%
basis = trials.loc[trials["n_event"].notna(), "basis"].value_counts()
reports = trials.drop_duplicates("study_id").set_index("study_id")
used = reports[reports["synthesis"].isin(["all", "efficacy"])]
prose(
    sentences(
        tr(
            "The table of published trials holds {reports} and {counts}. Half of the trials used "
            "for efficacy have {subjects} or fewer.",
            reports=counted(int(trials.attrs["n_reports"]), "report"),
            counts=counted(len(trials), "count"),
            subjects=counted(int(used["n_treated"].median()), "subject"),
        ),
        tr(
            "Each count carries its basis: {basis}. A secondary report is a review or a press text "
            "that quotes the trial; a company release is the sponsor's own word; a derived count "
            "was worked out from others; what is unverified was not found again when the table was "
            "checked.",
            basis=sentence_list([f"{tr(name)} {n}" for name, n in basis.items()]),
        ),
    )
)

# %%
Picture(figures.evidence_map_figure(evidence))

# %% [markdown]
# ## Who is counted once

# %%
overlap = cs.report_overlap(trials)
nested = reports[reports["synthesis"] == "none"]
sizes = nested.loc[nested["overlaps_with"].notna(), "n_treated"]
prose(
    sentences(
        tr(
            "The same subjects appear in several reports: a first case, then a series, then a "
            "longer follow-up."
        ),
        tr_n(
            "For that reason {reports} is set aside altogether; adding up those that are nested in "
            "others would count up to {subjects} again.",
            "For that reason {reports} are set aside altogether; adding up those that are nested "
            "in others would count up to {subjects} again.",
            len(nested),
            reports=counted(len(nested), "report"),
            subjects=counted(int(sizes.sum()), "subject"),
        ),
        tr(
            "A series of several diseases enters by its parts for efficacy and as a whole for "
            "toxicity. Reports that share subjects are not pooled together."
        ),
        tr(
            "One relapse of antisynthetase syndrome, published by itself, may be that of a subject "
            "of the first myositis series, for which no relapse is shown."
        ),
    )
)

# %%
Picture(figures.overlap_figure(overlap))

# %% [markdown]
# ## Remission and response

# %%
by_class = {name: of_class(name, cs.trial_rate) for name in CLASSES}
panels = {CLASSES[name]: (by_class[name], pooled[name]) for name in CLASSES}
response = overall["response"]
prose(
    sentences(
        tr(
            "Remission and response are different outcomes and are pooled apart. Remission was "
            "reported for {remission} subjects of {remission_trials}, by {definitions} different "
            "definitions; response for {response} of {response_trials}.",
            remission=of(row["n_event"], row["n"]),
            remission_trials=counted(int(row["n_trials"]), "trial"),
            definitions=len(row["endpoint"].split("; ")),
            response=of(response["n_event"], response["n"]),
            response_trials=counted(int(response["n_trials"]), "trial"),
        ),
        tr(
            "Not all of these definitions are strict: low disease activity (LLDAS) is among them, "
            "as the trials report it."
        )
        if "LLDAS" in row["endpoint"].split("; ")
        else "",
        tr(
            "The trials differ by more than chance explains (τ² = {tau2} on the log odds of "
            "remission), so two ranges matter.",
            tau2=number(row["tau2"]),
        )
        if row["tau2"] > 0
        else "",
        tr(
            "The pooled rate of remission is {rate}: where the rate of a typical trial lies. The "
            "prediction interval, {span}, says where the next trial's true rate may lie.",
            rate=limits(row),
            span=span(row, "predict_low", "predict_high"),
        ),
        tr("It leaves most of what is possible open.")
        if row["predict_high"] - row["predict_low"] > 0.5
        else "",
        tr(
            "A Bayesian model gives {rate}, and {span} for a new trial. No continuity correction "
            "was made for trials in which every subject was in remission.",
            rate=limits(bayes),
            span=span(bayes, "predict_low", "predict_high"),
        ),
        tr(
            "Of the subjects of the trials that report it, {count} were off glucocorticoids and "
            "immunosuppressants; trials that do not report it ({silent}) may be those in which "
            "some were not.",
            count=of(drug_free["n_event"], drug_free["n"]),
            silent=int(drug_free["n_missing"]),
        ),
    )
)

# %%
Picture(figures.pooled_figure(panels, heading=tr("Remission and response, pooled")))

# %%
part(lambda: tabulate_evidence(by_class["remission"]))

# %% [markdown]
# ## What the number rests on

# %%
left = of_class("remission", cs.leave_one_out)
rest = left.frame[left.frame["left_out"] != "none"]
lowest, highest = (rest.loc[rest["estimate"].agg(which)] for which in ("idxmin", "idxmax"))
choices = of_class("remission", cs.pooled_sensitivity).frame


def changed(choice):
    """Return what a choice changes, a long list of trials as their number."""
    n = choice["trials"].count("; ") + 1
    text = in_words(choice["trials"])
    if n > 3:
        text = tr("{trials} counted in another way or not at all", trials=counted(n, "trial"))
    return tr("; ").join(words for words in (text, in_words(choice["note"])) if words) or "–"


swapped = choices[choices["choice"].str.contains("both at one visit")]
prose(
    sentences(
        tr(
            "With one cohort left out at a time, the pooled rate of remission lies between {low} "
            "(without {first}) and {high} (without {last}).",
            low=percent(lowest["estimate"]),
            first=in_words(lowest["left_out"]),
            high=percent(highest["estimate"]),
            last=in_words(highest["left_out"]),
        ),
        tr(
            "What counts as success matters as much: with response in place of remission where a "
            "trial reports both at one visit, it is {rate}.",
            rate=percent(swapped["estimate"].iloc[0]),
        )
        if len(swapped)
        else "",
        tr("The table shows what each choice does."),
    )
)

# %%
Picture(figures.leave_one_out_figure(left))

# %%
spelled_out(
    Table(
        title=tr("Pooled remission by the choices made"),
        heads=(tr("Choice"), tr("n/N"), tr("Pooled (95\u00a0% CI)"), tr("What changes")),
        rows=tuple(
            Row((tr(c.choice), of(c["n_event"], c["n"]), limits(c), changed(c)))
            for _, c in choices.iterrows()
        ),
        notes=(tr("n/N: subjects in remission of subjects with a count."),),
    )
)

# %% [markdown]
# ## What the evidence does not support

# %%
rates = cs.trial_incidence(trials, "relapse")
unknown = rates.frame[rates.frame["subject_years"].isna()]
median = int(used["n_treated"].median())
prose(
    points(
        tr(
            "**A rate for one's own hospital.** What a new centre should expect is the prediction "
            "interval, {span}, and not the pooled rate.",
            span=span(row, "predict_low", "predict_high"),
        ),
        tr(
            "**A ranking of targets, products or diseases.** No trial of the table compares two of "
            "them."
        ),
        tr(
            "**A durable effect, or cure.** {relapse} of {all} report relapse, {followed} with "
            "follow-up.",
            relapse=counted(len(rates.frame), "trial"),
            all=n_trials,
            followed=len(rates.frame) - len(unknown),
        ),
        tr(
            "**Safety beyond the common.** A trial of {subjects} has a chance of {share} to miss "
            "an event that happens to one subject in fifty.",
            subjects=counted(median, "subject"),
            share=percent(0.98**median),
        ),
        tr(
            "**Freedom from selection.** Small series are more likely to be published when they go "
            "well; unpublished ones are not in the table, and no statistic brings them back."
        ),
    )
)

# %% [markdown]
# ## How it was done

# %%
prose(
    sentences(
        pooled["remission"].caption(),
        tr(
            "Of several counts of a trial the widest denominator was taken (treated before per "
            "protocol), then the visit nearest to week 24. Where every trial has no event or "
            "nothing but events, or fewer than three trials of two or more subjects report, the "
            "pooled count stands with its exact interval and the note “homogeneity assumed”, "
            "unless the trials differ by more than chance: then they are not pooled. Missing "
            "counts are missing and not zero. The figures' CSV files hold the unrounded "
            "numbers."
        ),
    )
)
