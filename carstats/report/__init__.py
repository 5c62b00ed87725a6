"""Figures, tables and notebooks: they draw results and compute no statistics."""
