"""The parameters of derived endpoints: schedule of visits, limits of doses and days."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carstats.data.study import Study
from carstats.errors import CarstatsError, check_choice, check_number, listed
from carstats.messages import message

# Half-widths of the visit windows: (up to this day, days either side). Weeks 4; 8 and 12; 24 to 52;
# later. A visit between two of them has the width of the nearer.
_HALF_WIDTHS = ((42.0, 7.0), (126.0, 14.0), (378.0, 28.0), (np.inf, 42.0))


def half_width(day: float) -> float:
    """Return the days either side of a visit that belong to its window."""
    return next(half for last, half in _HALF_WIDTHS if day <= last)


@dataclass(frozen=True)
class Schedule:
    """The scheduled visits and the windows in which a visit counts for them.

    Attributes
    ----------
    weeks : tuple of float
        Weeks after the first infusion, rising.
    primary_week : float
        The visit whose window decides primary non-response.

    Notes
    -----
    Status: design. Windows: week 4 ±7 days; weeks 8 and 12 ±14; to week 52 ±28; later ±42. None
    passes the midpoint to its neighbour; the day that is equally near to two belongs to the later.

    Raises
    ------
    CarstatsError
        If the weeks do not rise or do not hold `primary_week`.
    """

    weeks: tuple[float, ...] = (4, 8, 12, 24, 36, 52, 64, 76, 88, 104, 130, 156)
    primary_week: float = 24

    def __post_init__(self) -> None:
        weeks = list(self.weeks) if isinstance(self.weeks, tuple | list) else []
        for week in weeks:
            check_number("weeks", week)
        if len(weeks) < 2 or weeks[0] <= 0 or weeks != sorted(set(weeks)):
            raise CarstatsError(
                message(
                    "`{argument}` is {value}; it takes two or more rising weeks.",
                    argument="weeks", value=repr(self.weeks),
                )
            )  # fmt: skip
        object.__setattr__(self, "weeks", tuple(weeks))
        if self.primary_week not in weeks:
            raise CarstatsError(
                message(
                    "`{argument}` is {value}; it is one of `{of}`: {weeks}.",
                    argument="primary_week", value=repr(self.primary_week), of="weeks",
                    weeks=str(weeks),
                )
            )  # fmt: skip

    @property
    def days(self) -> NDArray[np.float64]:
        """Days of the scheduled visits."""
        return 7.0 * np.array(self.weeks, float)

    @property
    def half_widths(self) -> NDArray[np.float64]:
        """Days either side of each visit that may belong to its window."""
        return np.array([half_width(day) for day in self.days])

    def window(self, week: float) -> tuple[float, float]:
        """Return the first and last day of a visit's window."""
        if week not in self.weeks:
            raise CarstatsError(
                message(
                    "`{argument}` is {value}; the schedule has {weeks}.",
                    argument="week", value=repr(week), weeks=str(list(self.weeks)),
                )
            )  # fmt: skip
        return self.window_at(7.0 * week)

    def window_at(self, day: float) -> tuple[float, float]:
        """Return the first and last day of the window of a visit on a day.

        A scheduled one ends at the midpoint to its neighbours, which belongs to the later visit; a
        day that is not in the schedule has the width of the scheduled visits near it.
        """
        half = half_width(day)
        low, high = day - half, day + half
        place = np.flatnonzero(np.abs(self.days - day) < 1e-6)
        if len(place):
            here = int(place[0])
            if here > 0:
                low = max(low, (self.days[here - 1] + day) / 2)
            if here + 1 < len(self.days):
                middle = (self.days[here + 1] + day) / 2
                high = min(high, np.ceil(middle) - 1.0)
        return float(low), float(high)

    @property
    def opens(self) -> float:
        """First day of the window that decides primary non-response: 140 for week 24."""
        return self.window(self.primary_week)[0]

    @property
    def closes(self) -> float:
        """Last day of that window: 196 for week 24."""
        return self.window(self.primary_week)[1]

    def places(self, day: NDArray[np.float64]) -> NDArray[np.int_]:
        """Return the place in `weeks` of the visit in whose window each day lies.

        Of two the nearer, then the later; -1 where a day lies in no window.
        """
        day = np.asarray(day, float)
        distance = np.abs(day[:, None] - self.days)
        inside = np.where(distance <= self.half_widths, distance, np.inf)
        # The last of equal ones: the array is read from behind.
        place = len(self.weeks) - 1 - np.argmin(inside[:, ::-1], axis=1)
        return np.where(np.isfinite(inside.min(axis=1, initial=np.inf)), place, -1)

    def labels(self, day: NDArray[np.float64]) -> NDArray[np.object_]:
        """Return the visit in whose window each day lies, None for an unscheduled one."""
        names = np.array([*(f"week {week:g}" for week in self.weeks), None], dtype=object)
        return names[self.places(day)]

    def interval(self, day: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the days that the schedule sets from the visit nearest to each day to the next."""
        planned = np.r_[0.0, self.days]
        steps = np.diff(planned)
        nearest = np.abs(np.asarray(day, float)[:, None] - planned).argmin(axis=1)
        return np.append(steps, steps[-1])[nearest]


_CHOICES = {
    "gap": ("interval", "censor"),
    "iechs": ("meets", "possible"),
    "ctcae_version": ("v5", "v6"),
    "time_to_response": ("confirmed", "first"),
    "late_death": ("censor", "event"),
    "relapse": ("flare", "loss of response"),
}


@dataclass(frozen=True)
class Rules:
    """What the derivation of endpoints takes for granted; every limit can be set.

    Attributes
    ----------
    schedule : Schedule
        The visits and their windows.
    steroid_mg, steroid_shadow_days : float
        A visit up to so many days after more than so many mg of prednisone a day for toxicity is
        not adequate (design).
    rescue_before_days : float
        Days before the infusion whose treatment is the reference for rescue (design).
    rescue_step_mg, rescue_days : float
        Rescue is a daily dose of glucocorticoids for the disease of more than so many mg of
        prednisone above the reference, on so many days in a row or more (design).
    rescue_pulse_mg : float
        A single dose of so many mg of prednisone or more is rescue by itself (design).
    rescue_hold_days : float
        From this day on the reference falls to the lowest value that the highest dose of so many
        days has had since; a drug's course goes on over a gap of so many days (design).
    rescue_resume_days : float
        A drug that was held and is resumed up to this day at no more than its former dose is no
        rescue (design).
    rescue_washout_days : float
        One that had stopped more than so many days before the infusion was not held (design).
    rescue_course_days : float
        Days between two doses of a biologic, immunoglobulin or plasma exchange of one course
        (design).
    licats_steroid_days : float
        A glucocorticoid begun within an episode of LICATS is no rescue for so many days (design).
    component_days : float
        Components of one visit may lie so many days apart, within the visit's window (design).
    drug_free_days : float
        Look-back of the drug-free rules, days (design).
    replacement_immunoglobulin_counts : bool
        Whether immunoglobulin given as replacement counts as treatment in MG, IIM, ITP and CIDP,
        for drug-free rules and as rescue: it treats these diseases whatever it is given for
        (design).
    confirm_visits, confirm_days : int, float
        Consecutive adequate visits, and days, over which a response must hold to count as
        confirmed: a look forward.
    sustained_weeks, sustained_tolerance_days : float
        Weeks that a sustained response reaches back, less so many days (design: 24; 14).
    gap : str
        What a gap of more than `gap_intervals` scheduled intervals before a relapse does:
        ``"interval"`` keeps it, in (last clean visit, relapse visit]; ``"censor"`` censors at the
        last visit before the gap (design).
    gap_intervals : float
        See `gap`; also the longest gap of a sustained response.
    late_death : str
        A death more than `death_intervals` scheduled intervals after the last adequate assessment:
        ``"censor"``, or ``"event"`` as a sensitivity analysis.
    death_intervals : float
        See `late_death`.
    licats_days : float
        Last day on which a worsening that resolves may be a LICATS candidate (design: 42; a fifth
        of the published events began after one month).
    licats_resolution_days : float
        Days within which it has resolved (design).
    ctcae_version : str
        Version of CTCAE by which derived cytopenias are graded: ``"v5"`` or ``"v6"``. A rate never
        pools them.
    b_cell_preset : str
        Below which B cells count as absent: ``"<10/uL"``, ``"<1/uL"``; no consensus (design).
    iechs : str
        Which verdicts on IEC-HS become toxicities: ``"meets"`` its criteria, or ``"possible"`` as
        well; neither is a diagnosis (design).
    complement_lln : tuple of (str, float)
        Lower limits of normal of C3 and C4, g/L, where a study gives none (design).
    igg_threshold, igg_mask_days : float
        IgG in g/L that is recovered, and days after immunoglobulin in which a sample does not
        count (design).
    antibody_positive : tuple of (str, float)
        For each antibody the smallest positive value, in the unit of the vocabulary.
    antibody_mask_days : float
        Days after immunoglobulin in which antibodies are not judged: it carries them (design).
    waived : tuple of str
        Measures that a study did not collect and that rules shall do without: a component made of
        them counts as met. Nothing is waived by default: the endpoint is then not evaluable.
    response : str
        The response endpoint whose first success makes relapse possible: ``"response"``, or one of
        a disease, such as ``"DORIS"``.
    time_to_response : str
        ``"confirmed"``: the first visit in response that a later one confirms (`confirm_visits`,
        `confirm_days`); ``"first"``: the first visit in response.
    relapse : str
        ``"flare"``: the disease's own rule where it has one (`flares.RELAPSE_RULES`), else the loss
        of its response; ``"loss of response"``: in every disease the first adequate visit after a
        response that no longer meets it (design).

    Raises
    ------
    CarstatsError
        If a choice is another word or a number is negative.

    Examples
    --------
    >>> cs.derive(study, endpoints=["DORIS"], rules=cs.Rules(steroid_mg=10))
    """

    schedule: Schedule = Schedule()
    steroid_mg: float = 20.0
    steroid_shadow_days: float = 14.0
    rescue_before_days: float = 28.0
    rescue_step_mg: float = 5.0
    rescue_days: float = 3.0
    rescue_pulse_mg: float = 100.0
    rescue_hold_days: float = 14.0
    rescue_resume_days: float = 56.0
    rescue_washout_days: float = 90.0
    rescue_course_days: float = 56.0
    licats_steroid_days: float = 14.0
    component_days: float = 14.0
    drug_free_days: float = 28.0
    replacement_immunoglobulin_counts: bool = True
    confirm_visits: int = 2
    confirm_days: float = 0.0
    sustained_weeks: float = 24.0
    sustained_tolerance_days: float = 14.0
    gap: str = "interval"
    gap_intervals: float = 1.5
    late_death: str = "censor"
    death_intervals: float = 1.5
    licats_days: float = 42.0
    licats_resolution_days: float = 28.0
    ctcae_version: str = "v5"
    b_cell_preset: str = "<10/uL"
    iechs: str = "meets"
    complement_lln: tuple[tuple[str, float], ...] = (("C3", 0.9), ("C4", 0.1))
    igg_threshold: float = 7.0
    igg_mask_days: float = 28.0
    antibody_positive: tuple[tuple[str, float], ...] = (("anti-dsDNA", 15.0), ("autoantibody", 1.0))
    antibody_mask_days: float = 84.0
    waived: tuple[str, ...] = ()
    response: str = "response"
    time_to_response: str = "confirmed"
    relapse: str = "flare"

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            object.__setattr__(self, name, check_choice(name, getattr(self, name), allowed))
        for name, value in vars(self).items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                check_number(name, value, low=0)


def settings_of(study: Study, section: str, known: type) -> dict[str, Any]:
    """Return a section of a study's settings as arguments of the class that it fills."""
    given = dict(study.settings.get(section, {}))
    names = [field.name for field in fields(known) if field.name != "schedule"]
    odd = [name for name in given if name not in names]
    if odd:
        raise CarstatsError(
            message(
                "[{section}] has no key {names}. It has: {known}.",
                section=section, names=listed(odd), known=listed(names, 60),
            )
        )  # fmt: skip
    return {name: _plain(value) for name, value in given.items()}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return tuple((str(name), float(number)) for name, number in value.items())
    return tuple(value) if isinstance(value, list) else value


def schedule_of(study: Study) -> Schedule:
    """Return a study's schedule: that of its settings, else carstats' own."""
    return Schedule(**settings_of(study, "schedule", Schedule))


def rules_of(study: Study, rules: Rules | None = None) -> Rules:
    """Return the rules that are given, else those of a study's settings."""
    if rules is not None:
        return rules
    return Rules(schedule=schedule_of(study), **settings_of(study, "rules", Rules))


def changed(settings: object) -> dict[str, Any]:
    """Return the parameters that differ from their defaults, as a study keeps its settings."""
    found = {}
    for field in fields(settings):
        value = getattr(settings, field.name)
        if value != field.default and field.name != "schedule":
            pairs = isinstance(value, tuple) and value and isinstance(value[0], tuple)
            found[field.name] = dict(value) if pairs else value
    return found
