"""The estimand of a derived endpoint: population, treatment, variable, strategies, summary."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimand:
    """The five attributes of ICH E9(R1) for one endpoint.

    Attributes
    ----------
    population : str
        Who is counted.
    treatment : str
        The treatment, with its conditioning.
    variable : str
        The endpoint in words.
    strategies : tuple of (str, str)
        Each intercurrent event and what is done about it.
    summary : str
        The population-level summary.
    """

    population: str
    treatment: str
    variable: str
    strategies: tuple[tuple[str, str], ...]
    summary: str

    def __str__(self) -> str:
        events = "; ".join(f"{event}: {strategy}" for event, strategy in self.strategies)
        return "\n".join(
            (
                f"Population: {self.population}",
                f"Treatment: {self.treatment}",
                f"Variable: {self.variable}",
                f"Intercurrent events: {events}",
                f"Summary: {self.summary}",
            )
        )
