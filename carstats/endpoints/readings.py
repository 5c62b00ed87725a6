"""What is derived from which measures, read from the rules that read them."""

from __future__ import annotations

from dataclasses import dataclass

from carstats.data.vocabulary import Vocabulary
from carstats.endpoints.catalogue import disease_words
from carstats.endpoints.derive.daily_sheets import CODES, CRS_SHEET, ICANS_SHEET
from carstats.endpoints.derive.iechs_episodes import MEASURES as IECHS_MEASURES
from carstats.endpoints.derive.toxicity_episodes import CYTOPENIAS
from carstats.endpoints.derive.worsenings import ORGANS
from carstats.endpoints.rules.disease_states import REMISSION, RESPONSE, SPECIFIC, StateRule
from carstats.endpoints.rules.lupus.states import LUPUS_STATES
from carstats.messages import Joined, Message, mark, message

_DRUGS = mark("medications")
_INFUSIONS = mark("infusions")
_RESPONSES = mark("the measures of response; deaths, medications, infusions")
_FLARES = mark("the measures of response and of the disease's relapse; deaths, medications")


@dataclass(frozen=True)
class Reading:
    """What an endpoint reads, in one disease.

    Attributes
    ----------
    endpoint, disease : str
        Its name; the disease by the vocabulary, or ``"any"``.
    now : tuple of str
        Measures of the day that is judged.
    before : tuple of str
        Measures of which it reads the value before the infusion.
    besides : str
        What else it reads, in words.
    """

    endpoint: str
    disease: str
    now: tuple[str, ...]
    before: tuple[str, ...] = ()
    besides: str = ""


_TOXICITIES = (
    Reading("CRS", "any", tuple(CRS_SHEET), besides=_INFUSIONS),
    Reading("fever outside the CRS window", "any", tuple(CRS_SHEET), besides=_INFUSIONS),
    Reading("ICANS", "any", tuple(ICANS_SHEET), ("ICE",), _INFUSIONS),
    Reading("ICAHT", "any", ("ANC",), besides=_DRUGS),
    Reading("T-ICAHT", "any", ("platelets",), besides=_DRUGS),
    Reading("LICATS", "any", (*ORGANS, "B_cells", "hospitalised"), tuple(ORGANS), _DRUGS),
    Reading("IEC-HS", "any", IECHS_MEASURES, IECHS_MEASURES, mark("episodes of CRS")),
    Reading("hypogammaglobulinaemia", "any", ("IgG",), besides=_DRUGS),
    *(Reading(term, "any", (name,)) for name, (term, _) in CYTOPENIAS.items()),
)
_EVENTS = (
    Reading("relapse", "any", (), besides=_FLARES),
    Reading("relapse_free_survival", "any", (), besides=_FLARES),
    Reading("event_free_survival", "any", (), besides=_FLARES),
    Reading("time_to_response", "any", (), besides=_RESPONSES),
    Reading("duration_of_response", "any", (), besides=_FLARES),
    Reading("drug_free_duration", "any", (), besides=_FLARES),
    Reading("b_cell_reconstitution", "any", ("B_cells",), besides=_INFUSIONS),
    Reading("igg_recovery", "any", ("IgG",), besides=_DRUGS),
    Reading("seroconversion", "any", ("anti-dsDNA", "autoantibody"), besides=_DRUGS),
    Reading("complement_normalisation", "SLE", ("C3", "C4"), ("C3", "C4")),
    Reading("ck_normalisation", "IIM", ("CK",), ("CK",)),
)


def _state(endpoint: str, disease: str, rule: StateRule) -> Reading:
    return Reading(endpoint, disease, rule.needs, rule.baseline, _DRUGS if rule.treatment else "")


def readings(endpoint: str | None = None) -> list[Reading]:
    """Return what the endpoints that can be derived read, one entry for each disease."""
    found = [
        _state(name, disease, rule)
        for name, rules in (("response", RESPONSE), ("remission", REMISSION))
        for disease, rule in rules.items()
    ]
    found += [
        _state(name, disease, rule) for name, (disease, rule) in (LUPUS_STATES | SPECIFIC).items()
    ]
    found += [*_EVENTS, *_TOXICITIES]
    return [reading for reading in found if endpoint in (None, reading.endpoint)]


def shortened(names: tuple[str, ...]) -> str:
    """Return measures as a list, the items of SLEDAI-2K as one entry."""
    items = [name for name in names if name.startswith("SLEDAI_")]
    shown = [f"`{name}`" for name in names if name not in items]
    if items:
        shown.append(message("the {n} items `{first}` to `{last}`",
                             n=len(items), first=items[0], last=items[-1]))  # fmt: skip
    return message(", ").join(shown)


def measures_in_markdown() -> Message:
    """Return what is derived from which measures, and the codes of the worksheets, in Markdown."""
    lines = [
        message("| endpoint | disease | on the day | before the infusion | besides |"),
        "|---|---|---|---|---|",
    ]
    for row in readings():
        disease = message("any disease") if row.disease == "any" else disease_words(row.disease)
        besides = message(row.besides) if row.besides else ""
        lines.append(
            _row(f"`{row.endpoint}`", disease, shortened(row.now), shortened(row.before), besides)
        )
    lines += ["", message("| measure | what it holds | codes |"), "|---|---|---|"]
    label = Vocabulary().label
    for measure, words in CODES.items():
        codes = message(", ").join(
            Joined((f"{code} ", message(word)), "") for code, word in enumerate(words)
        )
        lines.append(_row(f"`{measure}`", label("measure", measure), codes))
    return Joined((Joined(lines, "\n"), "\n"), "")


def _row(*cells: str) -> Message:
    return Joined(("| ", Joined(cells, " | "), " |"), "")


def codes_of(endpoint: str) -> dict[str, tuple[str, ...]]:
    """Return the words that the codes of an endpoint's measures stand for, by measure."""
    read = {name for reading in readings(endpoint) for name in reading.now}
    return {measure: words for measure, words in CODES.items() if measure in read}
