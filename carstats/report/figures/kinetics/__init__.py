"""The engineered cells over time, and what goes with their exposure."""
