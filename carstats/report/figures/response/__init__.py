"""Figures of response."""
