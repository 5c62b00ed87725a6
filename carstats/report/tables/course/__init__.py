"""The tables of what becomes of antibodies and drugs over time."""
