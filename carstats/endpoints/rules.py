"""The parameters of derived endpoints: schedule of visits, limits of doses and days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carstats.errors import CarstatsError, check_choice, check_number

# Half-widths of the visit windows: (up to this week, days either side).
_HALF_WIDTHS = ((4, 7), (12, 14), (52, 28), (np.inf, 42))


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
    Status: design. Windows: week 4 ±7 days; weeks 8 and 12 ±14; to week 52 ±28; later ±42.

    Raises
    ------
    CarstatsError
        If the weeks do not rise or do not hold `primary_week`.
    """

    weeks: tuple[float, ...] = (4, 8, 12, 24, 36, 52, 64, 76, 88, 104, 130, 156)
    primary_week: float = 24

    def __post_init__(self) -> None:
        weeks = list(self.weeks)
        if len(weeks) < 2 or weeks[0] <= 0 or weeks != sorted(set(weeks)):
            raise CarstatsError(f"`weeks` is {self.weeks!r}; it takes two or more rising weeks.")
        if self.primary_week not in weeks:
            raise CarstatsError(
                f"`primary_week` is {self.primary_week!r}; it is one of `weeks`: {weeks}."
            )

    @property
    def days(self) -> NDArray[np.float64]:
        """Days of the scheduled visits."""
        return 7.0 * np.array(self.weeks, float)

    @property
    def half_widths(self) -> NDArray[np.float64]:
        """Days either side of each visit that belong to its window."""
        return np.array([next(h for w, h in _HALF_WIDTHS if week <= w) for week in self.weeks])

    def window(self, week: float) -> tuple[float, float]:
        """Return the first and last day of a visit's window.

        Raises
        ------
        CarstatsError
            If the week is not in the schedule.
        """
        if week not in self.weeks:
            raise CarstatsError(f"`week` is {week!r}; the schedule has {list(self.weeks)}.")
        half = self.half_widths[self.weeks.index(week)]
        return 7.0 * week - half, 7.0 * week + half

    @property
    def opens(self) -> float:
        """First day of the window that decides primary non-response: 140 for week 24."""
        return self.window(self.primary_week)[0]

    @property
    def closes(self) -> float:
        """Last day of that window: 196 for week 24."""
        return self.window(self.primary_week)[1]

    def labels(self, day: NDArray[np.float64]) -> NDArray[np.object_]:
        """Return the visit in whose window each day lies, of two the nearer, then the later.

        None where a day lies in no window: an unscheduled visit.
        """
        distance = np.abs(day[:, None] - self.days)
        inside = np.where(distance <= self.half_widths, distance, np.inf)
        # The last of equal ones: the array is read from behind.
        place = len(self.weeks) - 1 - np.argmin(inside[:, ::-1], axis=1)
        names = np.array([f"week {week:g}" for week in self.weeks], dtype=object)
        return np.where(np.isfinite(inside.min(axis=1, initial=np.inf)), names[place], None)

    def interval(self, day: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the days that the schedule sets from the visit nearest to each day to the next."""
        planned = np.r_[0.0, self.days]
        steps = np.diff(planned)
        nearest = np.abs(np.asarray(day, float)[:, None] - planned).argmin(axis=1)
        return np.append(steps, steps[-1])[nearest]


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
    rescue_mg : float
        A glucocorticoid given for the disease counts as rescue above this daily dose, mg of
        prednisone: the threshold of DORIS (design).
    taper_days : float
        Last day on which a taper of glucocorticoids given for the disease is exempt (design).
    drug_free_days : float
        Look-back of the drug-free rules, days (design).
    replacement_immunoglobulin_counts : bool
        Whether immunoglobulin given as replacement counts as treatment in MG, IIM, ITP and CIDP,
        for drug-free rules and as rescue: it treats these diseases whatever it is given for
        (design).
    confirm_visits, confirm_days : int, float
        Consecutive visits, and days, over which a response must hold to count as confirmed.
    sustained_weeks : float
        Weeks of a sustained response (design: 24).
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
    """

    schedule: Schedule = Schedule()
    steroid_mg: float = 20.0
    steroid_shadow_days: float = 14.0
    rescue_mg: float = 5.0
    taper_days: float = 56.0
    drug_free_days: float = 28.0
    replacement_immunoglobulin_counts: bool = True
    confirm_visits: int = 2
    confirm_days: float = 28.0
    sustained_weeks: float = 24.0
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
        check_choice("gap", self.gap, ("interval", "censor"))
        check_choice("iechs", self.iechs, ("meets", "possible"))
        check_choice("ctcae_version", self.ctcae_version, ("v5", "v6"))
        check_choice("time_to_response", self.time_to_response, ("confirmed", "first"))
        check_choice("late_death", self.late_death, ("censor", "event"))
        check_choice("relapse", self.relapse, ("flare", "loss of response"))
        for name, value in vars(self).items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                check_number(name, value, low=0)
