"""What the chapters of a report ask of a study: who is counted, which endpoints, which visit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from carstats.cohort.cohort import Cohort, define_cohort
from carstats.cohort.criteria import infused, potential_followup
from carstats.data.study import Study, with_tables
from carstats.endpoints.derive.derivation import derive
from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.chapters.blocks import Block, paragraphs
from carstats.response.outcomes import visit_window, within
from carstats.result import Result
from carstats.words import in_words, tr

BEST_FIRST = ("drug_free_remission", "remission", "response")
YEAR, TWO_YEARS = 365, 730
# More strata than these have no room beside each other.
MOST_COLUMNS = 8
# A visit's window closes so many days after it where the study gives no schedule.
_CLOSING = 28


@dataclass(frozen=True)
class Context:
    """A study and what is asked of it; made by `context_of`.

    Attributes
    ----------
    study : Study
        The study, with what the report derived.
    derived : tuple of str
        The endpoints that the report derived because the study has what they are made of.
    smd : bool
        Whether Table 1 has the standardised differences between targets.
    """

    study: Study
    derived: tuple[str, ...] = ()
    smd: bool = False

    def label(self, category: str, name: object) -> str:
        """Return a term's printed label."""
        return in_words(self.study.vocabulary.label(category, name))

    @cached_property
    def cohort(self) -> Cohort:
        """Everybody infused; everybody where infusions are not recorded."""
        return self._cohort(None)

    def followed(self, day: float) -> Cohort:
        """Return those of the cohort who could have been followed to the end of a visit."""
        return self._cohort(day + _CLOSING)

    def _cohort(self, followup: float | None) -> Cohort:
        criteria, words = [], []
        if "infused" in self.study.subjects:
            criteria.append(infused())
            words.append(message("infused"))
        else:
            words.append(message("infusions not recorded"))
        if followup is not None and "cutoff_day" in self.study.subjects:
            criteria.append(potential_followup(days=followup))
            words.append(
                message("potential follow-up of at least {days} days", days=f"{followup:g}")
            )
        elif followup is not None:
            words.append(message("data cut-off not recorded"))
        return define_cohort(self.study, *criteria, label=message(", ").join(words))

    @cached_property
    def event_endpoints(self) -> list[str]:
        """The times to events that the study has."""
        return self.study.endpoints("time-to-event")

    @cached_property
    def responses(self) -> list[str]:
        """The responses to show: drug-free remission, remission, response, or the first of all."""
        known = self.study.endpoints("response")
        return [name for name in BEST_FIRST if name in known] or known[:1]

    def visit(self, endpoint: str, preferred: float = 168) -> float:
        """Return the visit to show: week 24 if it was assessed, else the one assessed most."""
        days = self.study.responses.loc[self.study.responses["endpoint"] == endpoint, "day"]
        inside = within(days, *visit_window(preferred, self.study)).any()
        return preferred if inside else float(days.round().mode().iloc[0])

    @cached_property
    def curve_endpoint(self) -> str | None:
        """The time to relapse to draw a curve of: relapse-free survival, else the first that can.

        A curve of an endpoint with competing events would count them as free.
        """
        events = self.study.events
        if events is None:
            return None
        competing = set(events.loc[events["status"] == "competing", "endpoint"])
        own = [
            name
            for name in self.event_endpoints
            if name not in competing and name != "overall_survival"
        ]
        preferred = "relapse_free_survival"
        return preferred if preferred in own else own[0] if own else None

    @cached_property
    def borrowed(self) -> Result:
        """The first response by disease, with borrowing: no other analysis takes as long."""
        from carstats.response.basket import basket_response

        name = self.responses[0]
        at = self.visit(name)
        return basket_response(self.followed(at), name, at=at, by="disease")

    @cached_property
    def toxicities(self) -> pd.DataFrame | None:
        """The cohort's toxicities; None where they were not collected."""
        return None if self.study.toxicities is None else self.cohort.table("toxicities")

    @cached_property
    def frequent(self) -> list[str]:
        """The toxicities that were recorded, those of most subjects first."""
        if self.toxicities is None or self.toxicities.empty:
            return []
        subjects = self.toxicities.groupby("term")["subject_id"].nunique()
        order = self.study.vocabulary.names("toxicity")
        return sorted(subjects.index, key=lambda term: (-subjects[term], order.index(term)))

    def present(self, column: str) -> list[str]:
        """Return the levels of a column that the cohort has, in the vocabulary's order."""
        found = set(self.cohort.subjects[column])
        return [level for level in self.study.vocabulary.names(column) if level in found]

    @cached_property
    def by(self) -> str | None:
        """What the chapters report by: the target, where there are few enough and two or more."""
        return "target" if 1 < len(self.present("target")) <= MOST_COLUMNS else None


def context_of(study: Study, *, smd: bool = False) -> Context:
    """Return the context of a study; overall survival is derived from the day of death.

    What the study brings itself stays as it is.
    """
    known = study.endpoints("time-to-event")
    if "death_day" not in study.subjects or "overall_survival" in known:
        return Context(study, smd=smd)
    # It needs no measure, but the rules ask for the table of them.
    none = pd.DataFrame(columns=["subject_id", "day", "measure", "value"])
    asked = with_tables(study, {"assessments": none}) if study.assessments is None else study
    try:
        found = derive(asked, endpoints=["overall_survival"])
    except CarstatsError:
        # What the study's tables do not allow is not in the report.
        return Context(study, smd=smd)
    return Context(with_tables(study, {"events": found.events}), ("overall_survival",), smd)


def part(make: Callable[[], list[Block]]) -> list[Block]:
    """Return a part of a chapter, or in one sentence why the study's data do not allow it."""
    try:
        return make()
    except CarstatsError as error:
        words = tr("This part cannot be made from the study's data: {reason}", reason=error)
        return paragraphs(words)
