# %% [markdown]
# # Response and remission

# %%
import os

import carstats as cs
from carstats.data.packaged import packaged_folder
from carstats.report import figures
from carstats.report.chapters.notebooks import Picture
from carstats.report.chapters.texts import part, points, prose
from carstats.report.format import counted, number, percent, percent_interval, rate
from carstats.report.tables import tabulate_rates
from carstats.run.reproduce import main_cohort, response_visit
from carstats.words import labels_of, tr

cs.set_language(os.environ.get("CARSTATS_LANGUAGE", "en"))
study = cs.read_study(
    os.environ.get("CARSTATS_DATA") or packaged_folder("data/synthetic"),
    os.environ.get("CARSTATS_MAPPING"),
)
label = labels_of(study.vocabulary)
BEST_FIRST = ("drug_free_remission", "remission", "response")
PAIR = ["disease", "target"]

# %%
endpoints = study.endpoints("response")
shown = [name for name in BEST_FIRST if name in endpoints] or endpoints[:1]
lines, at, n = [], 168, 0
for name in shown:
    at = response_visit(study, name, 168)
    row = cs.response_rate(main_cohort(study, followup=at + 28), name, at=at).frame.iloc[0]
    n = int(row["n"])
    if n:
        # Where everybody was seen there is nothing to be cautious about.
        lines.append(
            tr(
                "**{endpoint}**, day {day}: {known} of {n}, {rate}. It is known for everybody.",
                endpoint=label("endpoint", name),
                day=number(at, 0),
                known=int(row["n_event"]),
                n=counted(n, "subject"),
                rate=rate(row["estimate"], row["conf_low"], row["conf_high"]),
            )
            if not row["n_missing"]
            else tr(
                "**{endpoint}**, day {day}: {known} of {n}, {rate}. For {missing} the outcome is "
                "not known; they are counted as failures, which is the cautious reading. Among the "
                "{seen} whose outcome is known it was {share}.",
                endpoint=label("endpoint", name),
                day=number(at, 0),
                known=int(row["n_event"]),
                n=counted(n, "subject"),
                rate=rate(row["estimate"], row["conf_low"], row["conf_high"]),
                missing=int(row["n_missing"]),
                seen=int(row["n_evaluable"]),
                share=percent(row["estimate_evaluable"]),
            )
        )
prose(
    tr(
        "The question is how many subjects did well at a visit. All those whose data cut-off came "
        "no earlier than the end of the visit's window are counted, including the ones who dropped "
        "out."
    )
    if lines
    else "",
    points(*lines)
    if lines
    else tr("The study recorded no responses, or nobody could be followed to a visit."),
)

# %% [markdown]
# ## By disease and target

# %%
main = shown[0] if lines else None
if main:
    at = response_visit(study, main, 168)
    eligible = main_cohort(study, followup=at + 28)
    rates = cs.response_rate(eligible, main, at=at, by=PAIR)
prose(
    tr(
        "Each line is a group of subjects with the same disease and target. The marker is the "
        "share with the outcome, the line its 95\u00a0% confidence limits. A long line means a "
        "small group; groups whose lines overlap widely cannot be told apart, which does not show "
        "that they are alike."
    )
    if main
    else tr("There is nothing to show.")
)

# %%
part(lambda: Picture(figures.response_figure(rates))) if main else None

# %%
part(lambda: tabulate_rates(rates)) if main else None

# %% [markdown]
# ## Over the visits

# %%
VISITS = [84, 168, 252, 364]
part(
    lambda: Picture(
        figures.categories_figure(
            cs.response_categories(main_cohort(study), shown, at=VISITS, by="target")
        )
    )
) if main else None

# %%
prose(
    tr(
        "Each subject appears once at each visit, with the best outcome met then. Hatched and "
        "dotted parts are unknown: not assessed, or the visit not yet due. They are shown because "
        "without them the subjects assessed would look like everybody."
    )
    if main
    else tr("There is nothing to show.")
)

# %% [markdown]
# ## Small groups, and what they borrow from each other

# %%
basket = None
if main and rates.frame.loc[rates.frame["n"] > 0, "disease"].nunique() > 1:
    basket = part(lambda: cs.basket_response(eligible, main, at=at, by="disease"))
borrowed = isinstance(basket, cs.Result)
if borrowed:
    frame = basket.frame[basket.frame["n"] > 0]
    small = frame.loc[frame["n"].idxmin()]
prose(
    tr(
        "A rate of few subjects says little by itself. If the diseases are believed to be alike, "
        "each can borrow from the others; how much is decided by how alike the data look. "
        "{disease} is the smallest group ({n}): the raw rate is {raw} with limits {raw_limits}; "
        "with borrowing it is {shrunk} with limits {limits}. Whether borrowing is right is a "
        "clinical question, and both are shown.",
        disease=label("disease", small["disease"]),
        n=counted(small["n"], "subject"),
        raw=percent(small["raw_estimate"]),
        raw_limits=percent_interval(small["raw_low"], small["raw_high"]),
        shrunk=percent(small["estimate"]),
        limits=percent_interval(small["conf_low"], small["conf_high"]),
    )
    if borrowed and len(frame)
    else tr("With fewer than two diseases there is nothing to borrow from.")
)

# %%
(part(lambda: Picture(figures.basket_figure(basket))) if borrowed else basket)

# %% [markdown]
# ## Disease activity

# %%
scores = study.assessments
measures = [] if scores is None else list(scores["measure"].value_counts().index)
measure = "SLEDAI-2K" if "SLEDAI-2K" in measures else None
course = (
    part(lambda: cs.score_course(main_cohort(study), measure, by="target")) if measure else None
)
drawn = isinstance(course, cs.Result) and (course.frame["visit"] > 0).any()
prose(
    tr(
        "The bars show how far the score of each subject ({measure}) changed from baseline: "
        "downward is better. A score that falls is not remission; what counts as remission is "
        "defined in the chapter on methods.",
        measure=label("measure", measure),
    )
    if drawn
    else tr("The study has no score of disease activity that this report draws.")
)

# %%
if drawn:
    visits = course.frame.loc[course.frame["visit"] > 0, "visit"]
    day = 168 if (visits == 168).any() else visits.mode().iloc[0]
part(lambda: Picture(figures.waterfall_figure(course, at=day))) if drawn else None

# %% [markdown]
# ## What this means, and what it does not

# %%
prose(
    points(
        tr(
            "A rate of 100\u00a0% is not certainty: with three of three, the limits reach down to "
            "29\u00a0%."
        ),
        tr(
            "“Drug-free” means without glucocorticoids and immunosuppressants at the visit, as "
            "far as the records of medication go."
        ),
        tr(
            "Response at a visit says nothing about how long it lasts; for that, see the chapter "
            "on relapse."
        ),
        tr(
            "A comparison of relapse between responders and non-responders would favour responders "
            "even without any effect, because they must first stay well for long enough to be "
            "found to respond. It is not made here."
        ),
        tr(
            "Subjects selected for early trials differ from those seen in the clinic, and there is "
            "no untreated comparison group."
        ),
    )
    if main
    else tr("No conclusion about response can be drawn from this study.")
)
