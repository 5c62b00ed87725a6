"""Figures of time to an event."""
