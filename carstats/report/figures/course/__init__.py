"""Figures of measures over time."""
