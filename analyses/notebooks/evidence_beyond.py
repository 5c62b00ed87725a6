# %% [markdown]
# # The published evidence on treatments, relapse and harm

# %%
import os

import carstats as cs
from carstats.evidence.person_time import FLARE_RATES
from carstats.messages import message
from carstats.report import figures
from carstats.report.chapters.notebooks import Picture
from carstats.report.chapters.texts import points, prose
from carstats.report.format import (
    counted,
    interval,
    number,
    of,
    p_value,
    percent,
    rate,
    ratio,
    sentence_list,
)
from carstats.report.tables import Row, Table
from carstats.report.tables.abbreviations import spelled_out
from carstats.words import labels_of, sentences, tr

cs.set_language(os.environ.get("CARSTATS_LANGUAGE", "en"))
trials = cs.published_trials()
label = labels_of(cs.Vocabulary())
KINDS = {
    "target": tr("Target"),
    "valency": tr("Valency"),
    "platform": tr("Cell platform"),
    "costimulation": tr("Co-stimulatory domain"),
}


def span(row, low="conf_low", high="conf_high"):
    """Return two limits in per cent."""
    return tr("{low} to {high}", low=percent(row[low]), high=percent(row[high]))


def limits(row):
    """Return an estimate and its limits in per cent."""
    return rate(row["estimate"], row["conf_low"], row["conf_high"])


# %%
prose(
    tr(
        "What the real trials say beyond remission: whether the kind of product mattered, what the "
        "one randomised comparison found, how often disease came back, and what harm was seen."
    )
)

# %% [markdown]
# ## Does it matter what was given?

# %%
compared = {
    kind: cs.pooled_regression(trials, "response", endpoint_class="remission", on=kind)
    for kind in KINDS
}
answered = [k for k in KINDS if compared[k].frame["p_value"].notna().any()]
silent = [k for k in KINDS if k not in answered]
tested = [
    tr("{kind} ({p})", kind=KINDS[k], p=p_value(compared[k].frame["p_value"].iloc[0]))
    for k in answered
]
target = compared["target"].frame
prose(
    sentences(
        tr(
            "Between trials, remission could be compared by: {kinds}.",
            kinds=sentence_list(tested),
        )
        if tested
        else "",
        tr(
            "It could not be compared by: {kinds}; the trials that report it are too few, or all "
            "of one kind.",
            kinds=sentence_list([KINDS[k] for k in silent]),
        )
        if silent
        else "",
        tr(
            "None of this is a comparison of treatments. Targets went with diseases and "
            "definitions: {rests}. With so few trials, p-values of this kind come out too small.",
            rests=sentence_list(
                [
                    tr(
                        "{target} rests on {trials}",
                        target=r.target,
                        trials=counted(int(r.n_trials), "trial"),
                    )
                    for r in target.itertuples()
                ]
            ),
        ),
    )
)

# %%


def odds(row):
    """Return an odds ratio with its limits."""
    if row["contrast"] == "reference":
        return tr("reference")
    return ratio(row["estimate"], row["conf_low"], row["conf_high"])


spelled_out(
    Table(
        title=tr("Remission by what was given, trials compared with trials"),
        heads=(
            tr("Level"),
            tr("Trials"),
            tr("n/N"),
            tr("Odds ratio (95\u00a0% CI)"),
            tr("Note"),
        ),
        rows=tuple(
            Row(
                (
                    tr(str(r[kind])),
                    number(r["n_trials"], 0),
                    of(r["n_event"], r["n"]),
                    odds(r),
                    r["note"] or "–",
                ),
                group=KINDS[kind],
            )
            for kind in KINDS
            for _, r in compared[kind].frame.iterrows()
        ),
        notes=(
            tr("n/N: subjects in remission of subjects with a count."),
            tr("Odds ratios between trials, each against the level marked as the reference."),
        ),
    )
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
prose(
    sentences(
        tr(
            "A product against {target} was compared with placebo ({disease}): response in "
            "{treated} against {control} ({population}). The difference is {gap} percentage "
            "points, with exact limits of {low} to {high}; Fisher's test gives {p}.",
            target=test["target"],
            disease=label("disease", test["disease"]),
            treated=of(test["n_event"], test["n"]),
            control=of(test["n_event_control"], test["n_control"]),
            population=tr(test.population),
            gap=number(100 * gap["estimate"], 0),
            low=number(100 * gap["conf_low"], 0),
            high=number(100 * gap["conf_high"], 0),
            p=p_value(test["p_value"]),
        ),
        tr(
            "In the population called {population} it was {treated} against {control}, {p}.",
            population=tr(twin.population),
            treated=of(twin["n_event"], twin["n"]),
            control=of(twin["n_event_control"], twin["n_control"]),
            p=p_value(twin["p_value"]),
        ),
        tr("Which subjects are counted decides on which side of 5\u00a0% the test falls.")
        if (test["p_value"] < 0.05) != (twin["p_value"] < 0.05)
        else "",
        tr("The table gives every contrast with an exact and a score interval."),
    )
)

# %%
spelled_out(
    Table(
        title=tr("The randomised comparison: every contrast"),
        heads=(
            tr("Contrast"),
            tr("Limits"),
            tr("Estimate"),
            tr("95\u00a0% CI"),
            tr("p-value"),
        ),
        rows=tuple(
            Row(
                (
                    tr(r.contrast),
                    r["method"].replace("-", "–"),
                    number(r["estimate"], 2 + (r["contrast"] == "difference")),
                    interval(r["conf_low"], r["conf_high"], 2 + (r["contrast"] == "difference")),
                    p_value(r["p_value"]),
                ),
                group=tr(r.population),
            )
            for _, r in random.iterrows()
        ),
        notes=(
            tr("Contrasts of the rate of response, product against control."),
            tr("Fisher: the conditional odds ratio, with exact limits."),
        ),
        align=("left", "left", "right", "right", "right"),
    )
)

# %% [markdown]
# ## Relapse

# %%
rates = cs.trial_incidence(trials, "relapse")
pooled_by = cs.pooled_incidence(trials, "relapse", by="disease")
lupus = pooled_by.frame.set_index("disease").loc["SLE"]
reports = trials.drop_duplicates("study_id")
unknown = rates.frame[rates.frame["subject_years"].isna()]
calm = FLARE_RATES[0]
longest = reports["followup_median_months"].max()
prose(
    sentences(
        tr(
            "In the lupus trials {count} subjects relapsed in about {years} subject-years: {rate} "
            "per subject-year, and anything from {low} to {high} is compatible with it.",
            count=of(lupus["n_event"], lupus["n"]),
            years=number(lupus["subject_years"], 0),
            rate=number(lupus["estimate"], 2),
            low=number(lupus["conf_low"], 2),
            high=number(lupus["conf_high"], 2),
        ),
        tr(
            "Under conventional treatment, lupus in remission flares {low} to {high} times a year "
            "({source}), lupus never in remission {never} times.",
            low=number(calm.low, 2),
            high=number(calm.high, 2),
            source=calm.source,
            never=number(FLARE_RATES[-1].low, 2),
        ),
        tr(
            "The data fit a rate like that of remission on treatment; they do not show that "
            "relapse is rarer than that."
        )
        if lupus["conf_low"] <= calm.high and lupus["conf_high"] >= calm.low
        else "",
        tr("The time at risk is approximate (subjects times median follow-up)."),
        tr(
            "{trials} reported that {count} relapsed, but not how long the subjects were followed; "
            "no rate can be given.",
            trials=sentence_list(list(unknown["trial"])),
            count=of(unknown["n_event"].sum(), unknown["n"].sum()),
        )
        if len(unknown)
        else "",
        tr(
            "The longest median follow-up of any trial is {months} months, too short to speak of "
            "cure.",
            months=number(longest),
        ),
    )
)

# %%
Picture(figures.trial_incidence_figure(rates, pooled_by, FLARE_RATES))

# %% [markdown]
# ## Harm, compared with oncology

# %%
severe = cs.pooled_rate(trials, "CRS grade >=3").frame.iloc[0]
told = trials[trials["synthesis"].isin(["all", "toxicity"])].drop_duplicates("study_id")
stated = trials["outcome"].eq("death") & trials["basis"].ne("unverified")
dead = trials[stated & trials["study_id"].isin(told["study_id"])]
graded = trials[trials["outcome"].str.contains("CRS|ICANS") & trials["synthesis"].ne("none")]
unstated = graded["grading_scale"].eq("not stated").mean()
named = {"not stated": message("most reports name no scale")}
regraded = cs.oncology_benchmarks().query("trial == 'JULIET neurotoxicity re-graded'")
scales = regraded.groupby("grading_scale")[["n_event", "n_evaluable"]].first()
lines = []
for term in ("CRS", "ICANS"):
    strict = cs.toxicity_benchmark(trials, term, min_grade=3).frame
    loose = cs.toxicity_benchmark(trials, term, min_grade=3, accept_scales=named).frame
    own, every, mean = (
        frame[frame["row"] == kind].iloc[0]
        for frame, kind in ((strict, "observed"), (loose, "observed"), (strict, "reference"))
    )
    lines.append(
        tr(
            "{term} of grade 3 or worse was seen in {own} ({span}) where the same scale (ASTCT) "
            "was used, in {every} over all trials, and in {mean} on average in oncology trials.",
            term=label("toxicity", term),
            own=of(own["n_event"], own["n"]),
            span=span(own),
            every=of(every["n_event"], every["n"]),
            mean=limits(mean),
        )
    )
prose(
    points(*lines),
    sentences(
        tr(
            "{share} of these counts come without the scale they were graded by, and scales "
            "differ: the same subjects of one oncology trial had neurotoxicity in {counts}.",
            share=percent(unstated),
            counts=sentence_list(
                [
                    tr("{count} by {scale}", count=of(r.n_event, r.n_evaluable), scale=r.Index)
                    for r in scales.itertuples()
                ]
            ),
        ),
        tr(
            "It follows that the counts on the same scale are too few to show a difference, and "
            "that the others can only suggest one. That having fewer B cells to kill means less "
            "toxicity is plausible, but not shown here."
        ),
        tr(
            "Deaths are not stated in {silent} of {all} reports; those that state them count "
            "{dead}. That a report names no death does not say that there was none.",
            silent=len(told) - len(dead),
            all=len(told),
            dead=of(dead["n_event"].sum(), dead["n_evaluable"].sum()),
        ),
        tr(
            "The pooled rate of severe cytokine release, {rate}, assumes that all trials are "
            "alike, which they are not.",
            rate=limits(severe),
        ),
    ),
)

# %% [markdown]
# ## Without cells: T-cell engagers

# %%
engagers = trials[trials["platform"].eq("T-cell engager") & trials["outcome"].eq("response")]
prose(
    sentences(
        tr(
            "T-cell engagers are antibodies that lead the subject's own T cells to the B cells. "
            "They are no cell therapy and enter no number above."
        ),
        *[
            tr(
                "{target}, {disease}: {endpoint} in {count} ({trial}).",
                target=r.target,
                disease=label("disease", r.disease),
                endpoint=tr(r.endpoint),
                count=of(r.n_event, r.n_evaluable),
                trial=trials.attrs["trial_names"][r.study_id],
            )
            for r in engagers.itertuples()
        ],
    )
)
