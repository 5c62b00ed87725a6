"""What a rate's row says beside its numbers: to whom the endpoint applies, and what it is."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.endpoints.derive.applicability import (
    BY_DISEASE,
    WITHOUT_CAP,
    base_of,
    met_at_baseline,
)
from carstats.endpoints.rules.disease_states import REMISSION, RESPONSE
from carstats.endpoints.rules.drug_free import judge_treatment
from carstats.messages import (
    Message,
    found,
    joined_notes,
    key_of,
    mark,
    message,
    message_n,
    notes_in,
)
from carstats.response.outcomes import Outcome, not_applicable_words

# Above so many mg of prednisone a day a response without a cap is told apart: the cap of LLDAS.
HIGH_DOSE = 7.5
# How a note names what an endpoint is in a disease: derived, and recorded.
_RULE = mark("{name}: {text}")
_SEVERAL = mark("as the study defines it in each of {n} diseases")


class Told:
    """What the rows of one endpoint say beside their numbers.

    Parameters
    ----------
    cohort : Cohort
        The cohort.
    outcome : Outcome
        Who met the endpoint.
    """

    def __init__(self, cohort: Cohort, outcome: Outcome) -> None:
        self.cohort, self.outcome = cohort, outcome

    def note(self, note: str, asked: pd.DataFrame, response: pd.Series, others: int) -> str:
        """Return the note of a stratum."""
        if others and not len(asked):
            return message("does not apply")
        return joined_notes(
            note,
            not_applicable_words(others) if others else "",
            self._at_baseline(asked),
            self._high_dose(asked, response),
            self._definition(asked),
        )

    def _at_baseline(self, asked: pd.DataFrame) -> str:
        if self._met_before is None or not len(asked):
            return ""
        n = int(asked["subject_id"].map(self._met_before).sum())
        return (
            message_n("{n} meets it at baseline already", "{n} meet it at baseline already", n)
            if n
            else ""
        )

    @cached_property
    def _met_before(self) -> pd.Series | None:
        study = self.cohort.study
        found = met_at_baseline(study, self.outcome.name)
        return None if found is None else pd.Series(found, study.subjects["subject_id"])

    def _high_dose(self, asked: pd.DataFrame, response: pd.Series) -> str:
        responders = asked.loc[(response == 1).to_numpy(), "subject_id"]
        if self._doses is None or not len(responders):
            return ""
        dose = responders.map(self._doses)
        return message(
            "{n} of {of} responders take more than {dose} mg of prednisone a day",
            n=int((dose > HIGH_DOSE + 1e-9).sum()),
            of=len(responders),
            dose=f"{HIGH_DOSE:g}",
        )

    @cached_property
    def _doses(self) -> pd.Series | None:
        """The dose at the assessment that counts, of an endpoint that allows any dose."""
        study, day = self.cohort.study, self.outcome.day
        drugs = study.medications
        if self.outcome.name not in WITHOUT_CAP or drugs is None or not len(day):
            return None
        if "prednisone_equivalent_mg" not in drugs:
            return None
        found = judge_treatment(day.index.to_numpy(object), day.to_numpy(float), "SLE", drugs)
        return pd.Series(found.prednisone_mg, day.index)

    def _definition(self, asked: pd.DataFrame) -> str:
        return definition_words(self.cohort, self.outcome.name, asked)


def definition_words(cohort: Cohort, name: str, asked: pd.DataFrame, *, single: bool = True) -> str:
    """Name the rule of each disease, of an endpoint that is another one in each."""
    base, study = base_of(name), cohort.study
    if base not in BY_DISEASE or study.strata_only or "disease" not in asked:
        return ""
    rules = RESPONSE if base == "response" else REMISSION
    known = set(asked["disease"])
    present = [disease for disease in study.vocabulary.names("disease") if disease in known]
    if len(present) < 2 and not single:
        return ""
    if name not in study.estimands:
        several = message(_SEVERAL, n=len(present))
        return several if len(present) > 1 else ""
    parts = [
        message(_RULE, name=disease, text=message(rules[disease].words))
        for disease in present
        if disease in rules
    ]
    return message("; ").join(parts) if parts else ""


def definitions_in(notes: Iterable[str]) -> list[str]:
    """Return of the notes of rows those that name what an endpoint is in a disease, each once."""
    parts = dict.fromkeys(part for note in notes for part in notes_in(note))
    several = [part for part in parts if key_of(part) == _SEVERAL]
    # Strata have some of the diseases each: the most that one has is said, and once.
    widest = max(several, key=_diseases, default="")
    return [part for part in parts if key_of(part) == _RULE or part == widest]


def _diseases(several: str) -> int:
    said = found(several)
    return int(str(said.values["n"])) if isinstance(said, Message) else 0  # noqa: PD011 - a message


def no_subjects(n: int, others: int) -> str:
    """Return the note of a stratum without subjects, or to which an endpoint does not apply."""
    if n:
        return ""
    return message("does not apply") if others else message("no subjects")
