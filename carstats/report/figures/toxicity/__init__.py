"""Figures of toxicity."""
