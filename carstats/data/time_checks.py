"""Times that cannot be, and times that may be and should be known.

What is a problem and what a note is decided here and listed in docs/own-data.md.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from carstats.data.source import Source
from carstats.errors import Problem
from carstats.messages import message, message_n

DAYS_PER_YEAR = 365.25
# Follow-up in days is whole, and a study has somebody followed for two months.
_MONTHS_BELOW = 60
_LONGEST_YEARS = 20
_EARLIEST_YEARS = 10
_EARLY_ENROLMENT, _EARLY_DEPLETION = 366, 60
# Endpoints that are asked of some subjects only, and who they are is not in the tables.
CONDITIONAL = frozenset(
    {"drug_free_duration", "igg_recovery", "seroconversion", "complement_normalisation",
     "ck_normalisation"}
)  # fmt: skip
# Asked of those whose B cells were depleted, mostly all: the others may be said to be censored.
_MOSTLY = frozenset({"b_cell_reconstitution"})


class _Times:
    def __init__(self, tables: dict[str, pd.DataFrame], source: Callable[[str], Source]) -> None:
        self.tables, self.source = tables, source
        self.subjects = tables["subjects"]
        self.infused = infused(tables)
        self.problems: list[Problem] = []
        self.notes: list[str] = []

    def fault(self, table: str, rows, column: str, what: str, remedy: str) -> None:
        for row in rows:
            self.problems.append(self.source(table).problem(what, row, column, remedy))

    def days(self, column: str) -> pd.Series:
        """Return a column of the subjects, NaN where it is not."""
        if column not in self.subjects:
            return pd.Series(np.nan, self.subjects.index)
        return self.subjects[column].astype(float)

    def cutoff(self) -> None:
        """A cut-off before every infusion is wrong; a contact after it is told."""
        cutoff = self.days("cutoff_day")
        early = self.infused & (cutoff < 0)
        known = self.infused & cutoff.notna()
        if early.any() and early.sum() == known.sum():
            what = message("the cut-off is before every infusion.")
            remedy = message("Correct the date of the cut-off.")
            self.fault("subjects", self.subjects.index[early][:1], "cutoff_day", what, remedy)
        elif early.any():
            self.notes.append(
                message_n(
                    "{n} subject was infused after the cut-off.",
                    "{n} subjects were infused after the cut-off.", int(early.sum()),
                )
            )  # fmt: skip
        slack = self.source("subjects").slack.get("last_contact_day", 0.0)
        late = int((self.days("last_contact_day") > cutoff + slack + 1e-9).sum())
        if late:
            self.notes.append(
                message_n(
                    "{n} subject has a last contact after the cut-off; both stand as given.",
                    "{n} subjects have a last contact after the cut-off; both stand as given.",
                    late,
                )
            )

    def months(self) -> None:
        """Times that look like months are no days."""
        last = self.days("last_contact_day")[self.infused]
        if self._like_months("subjects", "last_contact_day", last):
            self._not_days("subjects", last.index[:1], "last_contact_day")
        events = self.tables.get("events")
        if events is None:
            return
        if self._equal_months(events):
            self._not_days("events", events.index[:1], "time")
            return
        if not self._like_months("events", "time", events["time"]):
            return
        contact = self.subjects.set_index("subject_id")["last_contact_day"]
        censored = events[events["status"] == "censored"]
        apart = (censored["time"] * 30.4375 - censored["subject_id"].map(contact)).abs()
        if len(apart) and (apart <= 31).mean() >= 0.5:
            self._not_days("events", events.index[:1], "time")
            return
        self.notes.append(
            message(
                "the times of the events are all under {days} and not whole; they were read as "
                "days.",
                days=_MONTHS_BELOW,
            )
        )

    def _equal_months(self, events: pd.DataFrame) -> bool:
        """Whether times, whole or not, are those to the last contact in months."""
        if "time" in self.source("events").slack or not events["time"].max() < _MONTHS_BELOW:
            return False
        censored = events[(events["status"] == "censored") & (events["time"] >= 1)]
        contact = self.subjects.set_index("subject_id")["last_contact_day"]
        apart = (censored["time"] * 30.4375 - censored["subject_id"].map(contact)).abs()
        # By chance one may be so; two of two, or half of many, are not.
        return int((apart <= 16).sum()) >= 2 and bool((apart <= 16).mean() >= 0.5)

    def _like_months(self, table: str, column: str, days: pd.Series) -> bool:
        days = days[days > 0]
        if column in self.source(table).slack or not len(days):
            return False
        parts = (days - days.round()).abs() > 1e-3
        return bool(days.max() < _MONTHS_BELOW and parts.mean() >= 0.5)

    def _not_days(self, table: str, rows, column: str) -> None:
        what = message(
            "the times are all under {days} and not whole, as months are and days are not.",
            days=_MONTHS_BELOW,
        )
        if table == "events" and not self._like_months(table, column, self.tables[table][column]):
            what = message(
                "the times are all under {days}, and those censored are the days to the last"
                " contact in months.",
                days=_MONTHS_BELOW,
            )
        remedy = message(
            'Say their unit in study.toml: {column} = {{ column = "…", unit = "months" }}; of '
            "a data frame, multiply months by 30.4375. Round days to whole ones.",
            column=column,
        )
        self.fault(table, rows, column, what, remedy)

    def far_away(self) -> None:
        """Days years from the infusion come of a wrong date."""
        for column in ("enrolment_day", "leukapheresis_day", "lymphodepletion_day"):
            day = self.days(column)
            early = day < -_EARLIEST_YEARS * DAYS_PER_YEAR
            what = message("is more than {years} years before the infusion.", years=_EARLIEST_YEARS)
            rows = self.subjects.index[early]
            self.fault("subjects", rows, column, what, message("Correct the date."))
            least = {"enrolment_day": _EARLY_ENROLMENT, "lymphodepletion_day": _EARLY_DEPLETION}
            if column in least and (n := int(((day < -least[column]) & ~early).sum())):
                self.notes.append(
                    message_n(
                        "`{column}` is more than {days} days before the infusion in {n} subject.",
                        "`{column}` is more than {days} days before the infusion in {n} subjects.",
                        n, column=column, days=least[column],
                    )
                )  # fmt: skip
        # A code such as -9, or a wrong date: who was infused was alive on day 0.
        gone = self.infused & (self.days("last_contact_day") < 0)
        what = message("is before the infusion, and the subject was infused.")
        remedy = message("Correct the day, or `infused`; leave no code for missing in it.")
        self.fault("subjects", self.subjects.index[gone], "last_contact_day", what, remedy)
        late = int((self.days("last_contact_day") > _LONGEST_YEARS * DAYS_PER_YEAR).sum())
        if late:
            self.notes.append(
                message_n(
                    "{n} subject has a last contact more than {years} years after the infusion.",
                    "{n} subjects have a last contact more than {years} years after the infusion.",
                    late, years=_LONGEST_YEARS,
                )
            )  # fmt: skip
        for table, column in (("assessments", "day"), ("responses", "day"),
                              ("toxicities", "onset_day")):  # fmt: skip
            frame = self.tables.get(table)
            if frame is not None:
                early = frame[column] < -_LONGEST_YEARS * DAYS_PER_YEAR
                what = message(
                    "is more than {years} years before the infusion.", years=_LONGEST_YEARS
                )
                self.fault(table, frame.index[early], column, what, message("Correct the date."))

    def relapses(self) -> None:
        """Nobody relapses on the day of the infusion, before any response."""
        events = self.tables.get("events")
        if events is None:
            return
        at_once = (events["endpoint"] == "relapse") & (events["status"] == "event")
        at_once &= events["time"] <= 0
        what = message("a relapse on the day from which the time is counted.")
        remedy = message(
            "A relapse comes after a response; correct the date, or make it `competing` with the "
            "cause."
        )
        self.fault("events", events.index[at_once], "time", what, remedy)

    def deaths(self) -> None:
        """A toxicity of grade 5 is a death."""
        frame = self.tables.get("toxicities")
        if frame is None:
            return
        fatal = pd.Series(False, frame.index)
        for column, value in (("grade", 5), ("grade_at_least", 5), ("severity", "fatal")):
            if column in frame:
                fatal |= (frame[column] == value).fillna(False).astype(bool)
        if not fatal.any():
            return
        if "death_day" not in self.subjects:
            self.notes.append(
                message_n(
                    "{n} toxicity is fatal (grade 5), and the subjects have no `death_day`.",
                    "{n} toxicities are fatal (grade 5), and the subjects have no `death_day`.",
                    int(fatal.sum()),
                )
            )
            return
        dead = self.subjects.loc[self.subjects["death_day"].notna(), "subject_id"]
        alive = fatal & ~frame["subject_id"].isin(set(dead))
        graded = "grade" in frame and frame["grade"].notna().any()
        what = message("is fatal, and the subject has no day of death.")
        remedy = message("Correct the grade, or give the subject's `death_day`.")
        column = "grade" if graded else "severity"
        self.fault("toxicities", frame.index[alive.to_numpy()], column, what, remedy)

    def before_infusion(self) -> None:
        """Episodes that began before the infusion are counted, and of no study without any."""
        frame = self.tables.get("toxicities")
        if frame is None:
            return
        early = int((frame["onset_day"] < 0).sum())
        if early:
            self.notes.append(
                message_n(
                    "{n} episode of toxicity began before the infusion, and is not counted as "
                    "treatment-emergent.",
                    "{n} episodes of toxicity began before the infusion, and are not counted as "
                    "treatment-emergent.",
                    early,
                )
            )
        if "study_id" in self.subjects and len(frame):
            known = set(frame["subject_id"])
            groups = self.subjects[self.infused].groupby("study_id")["subject_id"]
            for study, ids in groups:
                if not known & set(ids):
                    self.notes.append(
                        message(
                            "no subject of study {study} has a toxicity; its {n} subjects count "
                            "as without any, which is right only if they were collected.",
                            study=repr(study), n=len(ids),
                        )
                    )  # fmt: skip

    def events_alone(self) -> None:
        """An endpoint without a censored row leaves out whoever had no event."""
        events = self.tables.get("events")
        if events is None:
            return
        for endpoint, rows in events.groupby("endpoint", sort=False):
            if (rows["status"] == "censored").any():
                continue
            asked = self._asked(endpoint, rows)
            lacking = len(asked - set(rows["subject_id"]))
            if not lacking:
                continue
            if endpoint in CONDITIONAL | _MOSTLY:
                self.notes.append(
                    message(
                        "{endpoint}: nobody is censored, and {n} subjects have no row; right only "
                        "if it was not asked of them.",
                        endpoint=endpoint, n=lacking,
                    )
                )  # fmt: skip
                continue
            what = message(
                "{endpoint} has no censored row, and {lacking} of {n} subjects have none at all: "
                "whoever had no event would not be counted as free of it.",
                endpoint=endpoint, lacking=lacking, n=len(asked),
            )  # fmt: skip
            remedy = message(
                "Give the others a row with status censored, or say [events] "
                'others = "censored at last contact" in study.toml (of data frames, '
                "Study(censor_others=True))."
            )
            self.fault("events", rows.index[:1], "status", what, remedy)

    def _asked(self, endpoint: str, rows: pd.DataFrame) -> set:
        """Return the subjects of whom an endpoint is asked."""
        who = self.subjects[self.infused]
        if "study_id" in who:
            # A study that did not collect the endpoint has no row of it at all.
            named = who["subject_id"].isin(set(rows["subject_id"]))
            who = who[who["study_id"].isin(set(who.loc[named, "study_id"])) | named]
        everyone = set(who["subject_id"])
        if endpoint != "duration_of_response":
            return everyone
        events, responses = self.tables["events"], self.tables.get("responses")
        first = events[events["endpoint"] == "time_to_response"]
        if len(first):
            return everyone & set(first.loc[first["status"] == "event", "subject_id"])
        if responses is None:
            return set()
        for name in ("response", "remission"):
            mine = responses[responses["endpoint"] == name]
            if len(mine):
                met = mine["response"].fillna(False).astype(bool)
                return everyone & set(mine.loc[met, "subject_id"])
        return set()


def infused(tables: dict[str, pd.DataFrame]) -> pd.Series:
    """Return which subjects were infused: as said, else as the infusions say, else all."""
    subjects = tables["subjects"]
    if "infused" in subjects:
        return subjects["infused"].fillna(True).astype(bool)
    if "infusions" in tables:
        return subjects["subject_id"].isin(set(tables["infusions"]["subject_id"]))
    return pd.Series(True, subjects.index)


def check_times(
    tables: dict[str, pd.DataFrame], source: Callable[[str], Source]
) -> tuple[list[Problem], list[str]]:
    """Return which times cannot be, and which should be known."""
    times = _Times(tables, source)
    times.cutoff()
    times.months()
    times.far_away()
    times.relapses()
    times.deaths()
    times.before_infusion()
    times.events_alone()
    return times.problems, times.notes
