# %% [markdown]
# # The study and who is counted

# %%
import os

import carstats as cs
from carstats.data.packaged import packaged_folder
from carstats.report import figures
from carstats.report.chapters.notebooks import Picture
from carstats.report.chapters.texts import part, points, prose
from carstats.report.format import count, counted, months, percent, sentence_list
from carstats.report.tables import Row, Table, tabulate_attrition, tabulate_baseline
from carstats.report.tables.abbreviations import spelled_out
from carstats.run.reproduce import main_cohort
from carstats.words import labels_of, sentences, tr, tr_n

cs.set_language(os.environ.get("CARSTATS_LANGUAGE", "en"))
study = cs.read_study(
    os.environ.get("CARSTATS_DATA") or packaged_folder("data/synthetic"),
    os.environ.get("CARSTATS_MAPPING"),
)
cohort = main_cohort(study)
label = labels_of(study.vocabulary)
subjects = cohort.subjects

# %%
flow = cohort.flow()
by_disease = cohort.flow(by="disease")
last = by_disease.frame.groupby("disease", sort=False).tail(1)
counts = [f"{label('disease', d)} {n}" for d, n in last[["disease", "n_after"]].to_numpy() if n]
left = int(flow.frame["n_before"].iloc[0] - flow.frame["n_after"].iloc[-1])
prose(
    tr(
        "> **The subjects of this report do not exist.** They were simulated, so that every step "
        "from the tables to the figures can be seen and checked. No conclusion about a treatment "
        "follows."
    )
    if study.synthetic
    else "",
    sentences(
        tr(
            "The study has {all}. Counted here: {counted}; left out: {left}.",
            all=counted(len(study.subjects), "subject"),
            counted=counted(len(cohort), "subject"),
            left=left,
        ),
        tr("By disease: {counts}.", counts=tr(", ").join(counts)) if counts else "",
        tr(
            "Everybody who was infused is counted, including those who did not respond or were "
            "lost to follow-up: leaving them out would make any treatment look better than it is."
        )
        if "infused" in study.subjects
        else tr("Whether a subject was infused is not recorded; all subjects are counted."),
    ),
)

# %% [markdown]
# ## What the study holds

# %%
NAMES = {
    "subjects": tr("Subjects"),
    "infusions": tr("Infusions"),
    "assessments": tr("Assessments"),
    "medications": tr("Medications"),
    "toxicities": tr("Toxicities"),
    "events": tr("Times to events"),
    "responses": tr("Responses"),
}
held = study.tables()
rows = [
    Row((NAMES[name], count(len(held[name])), count(held[name]["subject_id"].nunique())))
    if name in held
    else Row((NAMES[name], tr("not collected"), ""))
    for name in NAMES
]
Table(
    title=tr("Tables of the study"),
    heads=(tr("Table"), tr("Records"), tr("Subjects with a record")),
    rows=tuple(rows),
    notes=(
        tr(
            "What a table that was not collected would hold is unknown; an empty table says that "
            "nothing happened."
        ),
    ),
    synthetic=study.synthetic,
)

# %%
contact = subjects["last_contact_day"]
followed = (
    tr(
        "Half of the subjects counted were followed for {median} or longer from the first infusion "
        "to the last contact; the shortest such time is {low}, the longest {high}.",
        median=months(contact.median()),
        low=months(contact.min()),
        high=months(contact.max()),
    )
    if len(subjects)
    else ""
)
year = int((contact >= 365).sum())
prose(
    sentences(
        followed,
        tr(
            "{n} of {all} ({share}) were followed for a year or longer. What is said about later "
            "times rests on these alone.",
            n=year,
            all=len(subjects),
            share=percent(year / len(subjects)),
        )
        if len(subjects)
        else "",
    )
)

# %% [markdown]
# ## Who is counted

# %%
part(lambda: Picture(figures.attrition_figure(flow, by_disease, width=140)))

# %%
tabulate_attrition(flow)

# %% [markdown]
# ## Diseases and targets

# %%
levels = {c: study.vocabulary.names(c) for c in ("disease", "target")}
present = {c: [v for v in levels[c] if (subjects[c] == v).any()] for c in levels}
cross = subjects.groupby(["disease", "target"]).size()
spelled_out(
    Table(
        title=tr("Subjects counted, by disease and target"),
        heads=(tr("Disease"), *(label("target", t) for t in present["target"]), tr("All")),
        rows=tuple(
            Row(
                (
                    label("disease", d),
                    *(count(cross.get((d, t), 0)) for t in present["target"]),
                    count((subjects["disease"] == d).sum()),
                )
            )
            for d in present["disease"]
        ),
        notes=(
            tr(
                "Where a target was treated in few diseases only, a difference between targets may "
                "be one between diseases."
            ),
        ),
        synthetic=study.synthetic,
    )
)

# %% [markdown]
# ## Characteristics

# %%
MOST = 8
by = "target" if len(present["target"]) <= MOST else None
prose(
    tr("The study has {n} targets, too many for a column each.", n=len(present["target"]))
) if by is None else None

# %%
part(lambda: tabulate_baseline(cs.baseline_table(cohort, by=by)))

# %% [markdown]
# ## What this means, and what it does not

# %%
single = [label("target", t) for t in present["target"] if (subjects["target"] == t).sum() < 10]
prose(
    points(
        tr(
            "The groups were formed by who was offered which product, not by chance. Differences "
            "in outcome between them cannot be ascribed to the product."
        ),
        tr(
            "The table of characteristics gives no p-values: they would ask whether chance formed "
            "the groups, and it is known that it did not."
        ),
        tr_n(
            "{groups} has fewer than ten subjects: its rates can hardly be told from any other.",
            "{groups} have fewer than ten subjects each: their rates can hardly be told from any "
            "other.",
            len(single),
            groups=sentence_list(single),
        )
        if single
        else "",
        tr(
            "Subjects lost before a visit are not left out; each chapter says how they were "
            "counted."
        ),
    )
)
