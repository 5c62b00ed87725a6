"""Cells and other concentrations over time, without a model of compartments."""
