# %% [markdown]
# # Estimands and methods

# %%
import os

import carstats as cs
from carstats.data.packaged import packaged_folder
from carstats.report.chapters.texts import points, prose
from carstats.report.tables import Row, Table
from carstats.report.tables.abbreviations import spelled_out
from carstats.run.reproduce import event_endpoint, main_cohort, response_visit
from carstats.words import in_words, labels_of, sentence, sentences, tr

cs.set_language(os.environ.get("CARSTATS_LANGUAGE", "en"))
study = cs.read_study(
    os.environ.get("CARSTATS_DATA") or packaged_folder("data/synthetic"),
    os.environ.get("CARSTATS_MAPPING"),
)
cohort = main_cohort(study)
label = labels_of(study.vocabulary)
endpoints = [*study.endpoints("time-to-event"), *study.endpoints("response")]

# %% [markdown]
# ## Endpoints

# %%
catalogue = cs.endpoint_catalogue().drop_duplicates("name").set_index("name")
given = [name for name in endpoints if name not in study.estimands]
rows = []
for name in endpoints:
    known = name in catalogue.index
    rows.append(
        Row(
            (
                label("endpoint", name),
                in_words(catalogue.loc[name, "definition"]).replace("_", " ")
                if known
                else tr("as the study defines it"),
                catalogue.loc[name, "source"] if known else "–",
            )
        )
    )
table = Table(
    title=tr("Endpoints of the study"),
    heads=(tr("Endpoint"), tr("Customary definition"), tr("Source")),
    rows=tuple(rows),
    notes=tuple(
        note
        for note in (
            tr(
                "The definition is that of the source beside it; “carstats” stands for this "
                "software's own. Where the study's own table gave the outcome of an endpoint, its "
                "definition is the study's, which may differ."
            ),
            tr(
                "Given by the study and not derived: {names}.",
                names=tr(", ").join(label("endpoint", name) for name in given),
            )
            if given
            else "",
        )
        if note
    ),
    align=("left", "left", "left"),
    synthetic=study.synthetic,
)
spelled_out(table) if rows else prose(tr("The study has no endpoint of efficacy."))

# %% [markdown]
# ## Estimands

# %%
derived = [name for name in endpoints if study.estimands.get(name)]


def estimand(name):
    """Return the lines of an endpoint's estimand as a list, its name above."""
    lines = [line for line in in_words(study.estimands[name]).splitlines() if line]
    return f"**{label('endpoint', name)}**\n\n{points(*lines)}"


general = points(
    tr("**Population**: all infused subjects, whether they responded, stayed or dropped out.")
    if "infused" in study.subjects
    else tr("**Population**: all subjects of the study; infusions are not recorded."),
    tr("**Treatment**: the first infusion of engineered cells with its lymphodepletion."),
    tr("**Variable**: the endpoint as the study's own table gives it (see above)."),
    tr(
        "**Intercurrent events**: for times to an event, death, another infusion or other "
        "treatment count as the endpoint's definition says: as the event, or as competing with it. "
        "For responses, they count as the study's own table gives the outcome."
    ),
    tr(
        "**Missing data**: for responses, a subject not assessed at the visit counts as a failure; "
        "for times to an event, a subject lost to follow-up is censored when last seen."
    ),
    tr(
        "**Summary**: the probability of being free of the event over time; the share with the "
        "response at a visit; the share with a toxicity. None of them is a comparison with "
        "subjects who were not treated."
    ),
)
prose(
    tr("What is estimated, before how it is estimated:")
    if endpoints
    else tr("Without an endpoint there is nothing to estimate but the share with a toxicity."),
    *(estimand(name) for name in derived),
    general if given else "",
)

# %% [markdown]
# ## Methods

# %%
results = []
try:
    timed = event_endpoint(study, "relapse_free_survival")
except cs.CarstatsError:
    timed = None
makers = []
if timed:
    makers += [
        lambda: cs.survival_curve(cohort, timed, by="target"),
        lambda: cs.survival_quantile(cohort, timed, by="target"),
        lambda: cs.followup_time(cohort, timed, by="target"),
        lambda: cs.logrank_test(cohort, timed, by="target"),
        lambda: cs.landmark_rate(cohort, timed, at=365),
    ]
if study.endpoints("response"):
    name = study.endpoints("response")[0]
    at = response_visit(study, name, 168)
    eligible = main_cohort(study, followup=at + 28)
    makers += [
        lambda: cs.response_rate(eligible, name, at=at, by="target"),
        lambda: cs.basket_response(eligible, name, at=at, by="disease"),
    ]
if study.toxicities is not None and len(study.toxicities):
    term = study.toxicities["term"].value_counts().index[0]
    makers += [
        lambda: cs.toxicity_rate(cohort, term, by="target"),
        lambda: cs.toxicity_difference(cohort, [term], by="target"),
    ]
lines = []
for make in makers:
    try:
        result = make()
    except cs.CarstatsError:
        # What this study does not allow is not in the report either.
        continue
    lines.append(sentences(sentence(result.spec.endpoint), sentence(result.spec.method)))
prose(
    points(*dict.fromkeys(lines))
    if lines
    else tr("The study's data allow none of the analyses of this report.")
)

# %%
prose(
    points(
        tr(
            "Limits are two-sided and at the level of 95\u00a0% unless stated. Those of rates, "
            "their differences, curves, quantiles, means and incidences are exact or built for few "
            "subjects. Regressions have none that are, which their method says (asymptotic): in "
            "small cohorts their limits may be too short."
        ),
        tr(
            "Strata come from the table of subjects: a group in which nothing happened has its "
            "line, as none of its subjects."
        ),
        tr("Missing outcomes are counted, never dropped; each number says how they are counted."),
        tr(
            "Groups of fewer than 50 are compared by permutation, and a group of one or two has no "
            "p-value. P-values are not adjusted for the number of tests unless stated. In a study "
            "of this kind they describe, and prove nothing."
        ),
        tr("Days are counted from the first infusion; a month has 30.4375 days."),
        tr("Numbers are rounded for print only, halves upwards."),
    )
)

# %% [markdown]
# ## Software and data

# %%
prose(
    sentences(
        tr("Made with carstats {version}.", version=cs.__version__),
        tr(
            "Its estimators are compared with those of R (survival, cmprsk and others) over grids "
            "of small data sets; the comparison is part of the package."
        ),
        tr(
            "The data are identified by their SHA-256 fingerprint, {fingerprint}: the same data "
            "give the same report.",
            fingerprint=study.fingerprint[:16],
        )
        if study.fingerprint
        else "",
    )
)

# %% [markdown]
# ## How the data were read

# %%
(
    Table(
        title=tr("What was assumed, converted or left out in reading"),
        heads=(tr("Note"),),
        rows=tuple(Row((in_words(note),)) for note in study.notes),
        synthetic=study.synthetic,
    )
    if study.notes
    else prose(tr("Every cell was taken as it stands; nothing was assumed in reading."))
)
