"""Studies that a hospital may really have, and that a report must survive: hostile and minimal."""

from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[2]
TABLES = ("subjects", "infusions", "assessments", "medications", "toxicities", "events",
          "responses")  # fmt: skip
LONG = "Overlap syndrome of <scleroderma> & myositis, anti-PM/Scl-75"
ODD = ["A&B <b>bold</b>", "名称 with spaces", "[x](javascript:alert(1))", "*stars* and `ticks`"]


def synthetic():
    """Return the tables of the synthetic study by name."""
    folder = ROOT / "data" / "synthetic"
    return {name: pd.read_csv(folder / f"{name}.csv", dtype=str) for name in TABLES}


def write_odd(folder, tables, vocabulary="", name="Odd <i>study</i> & 研究 🧬 = 5"):
    """Write tables and a mapping as the files of a study, and return the folder."""
    folder.mkdir(parents=True)
    for table, frame in tables.items():
        frame.to_csv(folder / f"{table}.csv", index=False)
    quoted = name.replace('"', '\\"')
    text = f'[study]\nname = "{quoted}"\nsynthetic = true\n\n[vocabulary]\n{vocabulary}'
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder


def only(tables, subjects):
    """Return the tables of these subjects alone."""
    return {
        name: frame[frame["subject_id"].isin(subjects)].reset_index(drop=True)
        for name, frame in tables.items()
    }


def hostile(folder):
    """Odd names, a long one among them, 25 diseases, and everybody censored on one day."""
    tables = synthetic()
    infused = tables["subjects"].loc[tables["subjects"]["infused"].eq("true"), "subject_id"]
    tables = only(tables, set(infused.head(75)))
    names = [LONG, *ODD, *(f"disease {i:02d}" for i in range(20))]
    subjects = tables["subjects"]
    subjects["disease"] = [names[i % 25] for i in range(len(subjects))]
    subjects.loc[:3, "target"] = "EQ"
    tables["subjects"] = subjects.drop(columns=["disease_subtype", "death_day", "death_cause"])
    events = tables["events"].query("endpoint == 'relapse_free_survival'")
    last = dict(zip(subjects["subject_id"], subjects["last_contact_day"], strict=True))
    day = str(min(int(value) for value in last.values()))
    tables["events"] = events.assign(
        status="censored", time=day, time_low=day, time_high=None, cause=None
    )
    listed = ", ".join(f'"{name}"' for name in names)
    label = "=1+<b>1</b>"
    target = f'[{{ name = "EQ", label = "{label}" }}]'
    return write_odd(folder, tables, f"disease = [{listed}]\ntarget = {target}\n")


def minimal(folder):
    """One subject, and a table of nothing else."""
    subjects = synthetic()["subjects"].query("infused == 'true'").head(1)
    columns = ["subject_id", "disease", "target", "platform", "cell_source", "last_contact_day"]
    return write_odd(folder, {"subjects": subjects[columns]}, name="One subject")


def no_relapses(folder):
    """Nobody had an event of any kind."""
    tables = synthetic()
    events = tables["events"]
    hit = events["status"].ne("censored")
    events.loc[hit, ["status", "cause", "time_high"]] = ["censored", None, None]
    return write_odd(folder, tables)


def no_events(folder):
    """Times to events were not collected."""
    return write_odd(folder, {k: v for k, v in synthetic().items() if k != "events"})


def no_responses(folder):
    """Responses were not collected."""
    return write_odd(folder, {k: v for k, v in synthetic().items() if k != "responses"})


def no_toxicities(folder):
    """Toxicities were not collected."""
    return write_odd(folder, {k: v for k, v in synthetic().items() if k != "toxicities"})


def empty_tables(folder):
    """All tables are there, and three of them are empty."""
    tables = synthetic()
    empty = {name: tables[name].head(0) for name in ("events", "responses", "toxicities")}
    return write_odd(folder, {**tables, **empty})


def one_subject(folder):
    """One subject with all tables."""
    return write_odd(folder, only(synthetic(), {"S003"}))


def many_targets(folder):
    """25 targets, one with a name of 60 characters."""
    tables = synthetic()
    names = [LONG, *ODD, *(f"antigen {i:02d}" for i in range(20))]
    tables["subjects"] = tables["subjects"].drop(columns="valency")
    tables["subjects"]["target"] = [names[i % 25] for i in range(len(tables["subjects"]))]
    listed = ", ".join(f'"{name}"' for name in names)
    return write_odd(folder, tables, f"target = [{listed}]\n")


OTHERS = (
    no_relapses, no_events, no_responses, no_toxicities, empty_tables, one_subject, many_targets,
)  # fmt: skip
