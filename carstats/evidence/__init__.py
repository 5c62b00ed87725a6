"""Synthesis of published trials, one module for each kind of question."""
