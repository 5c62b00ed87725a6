"""Figures of published trials."""
