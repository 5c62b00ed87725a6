"""Toxicity analyses of a cohort, one module for each kind of estimand."""
