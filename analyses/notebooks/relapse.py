# %% [markdown]
# # Time to relapse

# %%
import os

import carstats as cs
from carstats.data.packaged import packaged_folder
from carstats.errors import CarstatsError
from carstats.report import figures
from carstats.report.chapters.notebooks import Picture
from carstats.report.chapters.texts import part, points, prose
from carstats.report.format import (
    counted,
    month_count,
    months,
    p_value,
    rate,
    sentence_list,
)
from carstats.report.tables import tabulate_times
from carstats.run.reproduce import event_endpoint, main_cohort
from carstats.words import labels_of, sentences, tr

cs.set_language(os.environ.get("CARSTATS_LANGUAGE", "en"))
study = cs.read_study(
    os.environ.get("CARSTATS_DATA") or packaged_folder("data/synthetic"),
    os.environ.get("CARSTATS_MAPPING"),
)
cohort = main_cohort(study)
label = labels_of(study.vocabulary)
YEAR, TWO_YEARS = 365, 730

# %%
try:
    endpoint = event_endpoint(study, "relapse_free_survival")
    name = label("endpoint", endpoint)
    curve = cs.survival_curve(cohort, endpoint)
except CarstatsError as error:
    endpoint, reason = None, str(error)
followed = endpoint is not None and curve.frame["n_risk"].gt(0).any()
if followed:
    whole = curve.frame
    median = cs.survival_quantile(cohort, endpoint).frame.iloc[0]
    at = cs.survival_at(cohort, endpoint, at=[YEAR, TWO_YEARS]).frame.set_index("time")
    seen = cs.followup_time(cohort, endpoint).frame.iloc[0]
    n, events = int(whole["n"].iloc[0]), int(whole["n_event"].sum())
# What leads: the probability of relapse, for free of relapse counts who never responded as free.
relapsed = []
if "relapse" in study.endpoints("time-to-event"):
    rows = cs.cumulative_incidence(cohort, "relapse").frame
    rows = rows[rows["cause"] == "relapse"]
    for day in (YEAR, TWO_YEARS):
        then = rows[rows["time"] <= day].iloc[-1:]
        if len(then) and rows["time"].max() >= day and then["estimate"].notna().all():
            relapsed.append((day, then.iloc[0]))
if not study.endpoints("time-to-event"):
    first = tr("The study recorded no time to an event.")
elif endpoint is None:
    first = tr("No time to relapse can be shown: {reason}", reason=reason)
elif not followed:
    first = tr("Nobody was followed for {endpoint}.", endpoint=name.lower())
else:
    first = sentences(
        *(
            tr(
                "By {time} an estimated {rate} had relapsed, where death, re-infusion and no "
                "response may come first (cumulative incidence).",
                time=tr("one year") if day == YEAR else tr("two years"),
                rate=rate(row["estimate"], row["conf_low"], row["conf_high"]),
            )
            for day, row in relapsed
        ),
        tr(
            "{endpoint}: the question is how long a subject stays free of the event, which the "
            "chapter on methods defines. Of {n}, {events} had the event while followed.",
            endpoint=name,
            n=counted(n, "subject"),
            events=events,
        ),
        tr(
            "The median follow-up, estimated by the reverse Kaplan–Meier method, is {time}.",
            time=months(seen["estimate"]),
        )
        if seen["estimate"] == seen["estimate"]
        else "",
        *(
            tr(
                "At {time} an estimated {rate} were still free of it.",
                time=tr("one year") if day == YEAR else tr("two years"),
                rate=rate(row["estimate"], row["conf_low"], row["conf_high"]),
            )
            for day, row in at.iterrows()
            if row["estimate"] == row["estimate"]
        ),
        tr(
            "The median time to the event is {time} months.",
            time=month_count(median["estimate"], median["conf_low"], median["conf_high"]),
        )
        if median["estimate"] == median["estimate"]
        else tr(
            "The median time was not reached: at the end of follow-up more than half were "
            "estimated to be free of the event."
        ),
        tr(
            "Free of relapse from the infusion on also counts those who never responded: it is not "
            "the chance of staying in remission."
        )
        if relapsed and endpoint == "relapse_free_survival"
        else "",
        tr(
            "The numbers in brackets are 95\u00a0% confidence limits: values between them are "
            "compatible with the data."
        ),
    )
prose(first)

# %% [markdown]
# ## By target

# %%
if followed:
    curves = cs.survival_curve(cohort, endpoint, by="target")
    medians = cs.survival_quantile(cohort, endpoint, by="target")
    times = cs.survival_at(cohort, endpoint, at=[YEAR, TWO_YEARS], by="target")
    spans = cs.followup_time(cohort, endpoint, by="target")
    several = len(curves.strata()) > 1 and events > 0
    test = cs.logrank_test(cohort, endpoint, by="target") if several else None
    beyond = [
        label("target", row.target)
        for row in times.frame.itertuples()
        if row.time == TWO_YEARS and row.n > 0 and not row.n_risk
    ]
prose(
    sentences(
        tr(
            "The curves show the estimated share still free of the event at each time. A step down "
            "is an event, a tick a subject whose follow-up ended without one. Faded parts rest on "
            "fewer than five subjects."
        ),
        tr("Nobody was followed to two years among: {groups}.", groups=sentence_list(beyond))
        if beyond
        else "",
        tr(
            "The log-rank test asks whether the curves differ by more than chance: {p}. A large "
            "p-value does not show that they are alike.",
            p=p_value(test.frame["p_value"].iloc[0]),
        )
        if test is not None and test.frame["p_value"].notna().all()
        else "",
        tr(
            "As the groups were not formed by chance, a difference between them need not be due to "
            "the target."
        )
        if several
        else "",
    )
    if followed
    else tr("There is nothing to compare.")
)

# %%
part(
    lambda: Picture(figures.survival_figure(curves, medians=medians, test=test, width=160))
) if followed else None

# %%
part(
    lambda: tabulate_times(curves, quantiles=medians, at=times, followup=spans, test=test)
) if followed else None

# %% [markdown]
# ## By disease

# %%
part(
    lambda: Picture(
        figures.survival_figure(cs.survival_curve(cohort, endpoint, by="disease"), width=160)
    )
) if followed else None

# %%
part(
    lambda: tabulate_times(
        cs.survival_curve(cohort, endpoint, by="disease"),
        quantiles=cs.survival_quantile(cohort, endpoint, by="disease"),
        at=cs.survival_at(cohort, endpoint, at=[YEAR, TWO_YEARS], by="disease"),
        followup=cs.followup_time(cohort, endpoint, by="disease"),
    )
) if followed else None

# %% [markdown]
# ## Relapse and competing events

# %%
events_table = study.events
rival = None
if events_table is not None:
    mixed = events_table.loc[events_table["status"] == "competing", "endpoint"].unique()
    rival = next((e for e in study.endpoints("time-to-event") if e in mixed), None)
prose(
    tr(
        "Some outcomes, such as death, another treatment or primary non-response, rule out a later "
        "relapse under the first treatment. Taking these subjects as merely lost to follow-up "
        "(censored) would make relapse look more frequent than it is; here each outcome has its "
        "own share, and the shares add up to the share with any of them."
    )
    if rival
    else tr("The study records no event that competes with relapse, or no time to relapse.")
)

# %%
part(
    lambda: Picture(
        figures.competing_figure(
            cs.cumulative_incidence(cohort, rival, by="target"),
            width=160,
        )
    )
) if rival else None

# %% [markdown]
# ## Free of the event at one and two years

# %%
landmarks = {}
if followed:
    for day in (YEAR, TWO_YEARS):
        try:
            landmarks[day] = cs.landmark_rate(cohort, endpoint, at=day)
        except CarstatsError:
            # Without a data cut-off nobody is known to have been followed for long enough.
            landmarks = {}
            break
words = []
for day, result in landmarks.items():
    row = result.frame.iloc[0]
    if not row["n"]:
        continue
    words.append(
        tr(
            "Of {n} whose data cut-off came {time} or more after the infusion, {known} are known "
            "to have been free of the event then: {rate}; {missing} were lost before then and are "
            "counted as not free.",
            n=counted(row["n"], "subject"),
            time=tr("one year") if day == YEAR else tr("two years"),
            known=int(row["n_event"]),
            rate=rate(row["estimate"], row["conf_low"], row["conf_high"]),
            missing=int(row["n_missing"]),
        )
    )
prose(
    sentences(
        *words,
        tr(
            "The curve and this count answer different questions: the curve uses everybody for as "
            "long as they were seen; the count uses only those who could have been seen for so "
            "long, and takes those lost as not free, which tends to make it the lower of the two."
        ),
    )
    if words
    else tr("The study cannot say who could have been followed for one or two years.")
)

# %%
part(
    lambda: Picture(
        figures.landmark_figure(
            [cs.landmark_rate(cohort, endpoint, at=day, by="target") for day in landmarks]
        )
    )
) if words else None

# %% [markdown]
# ## What this means, and what it does not

# %%
late = whole[whole["time"] >= TWO_YEARS] if followed else None
at_two = int(late["n_risk"].iloc[0]) if followed and len(late) else 0
prose(
    points(
        tr(
            "{n} of {all} were still followed and free of the event at two years. What is known "
            "of later times rests on these alone.",
            n=at_two,
            all=n,
        ),
        tr(
            "“No relapse beyond two years” cannot be read off a curve that is level because few "
            "are left to relapse. “Cure” would need many subjects followed for many years."
        ),
        tr(
            "With {events} events, the limits matter more than the curve between them, which is "
            "only one of many that fit the data.",
            events=events,
        ),
        tr(
            "A relapse found at a visit is dated by that visit. It happened at some time since the "
            "visit before, so the curve may lag by up to that interval."
        ),
        tr(
            "There is no untreated comparison group. Whether cell therapy does better than other "
            "treatment is not a question that this study can answer."
        ),
    )
    if followed
    else tr("No conclusion about relapse can be drawn from this study.")
)
