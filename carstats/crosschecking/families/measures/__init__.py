"""Measures that pass a threshold, again: antibodies, and scores that change by what matters."""
